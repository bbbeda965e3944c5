/*
 * An issue as Sentry's clients read it.  The names are theirs; what has no
 * meaning here has the value that says so.
 */

#include <stdio.h>

#include "et_route.h"
#include "et_sentry_event.h"
#include "et_sentry_issues.h"
#include "et_time.h"


/* an issue is new for a week */
#define ET_ISSUE_NEW  (INT64_C(7) * 86400 * ET_SECOND)

/* characters of a commit's hash, and of its short form */
#define ET_COMMIT       40
#define ET_COMMIT_SHORT 12


static void et_out_issue_state(et_call_t *call, cJSON *object,
    const et_error_t *error);
static void et_out_issue_stats(cJSON *object, const et_error_t *error,
    const et_buckets_t *buckets, const char *period);
static void et_out_assignee(cJSON *object, et_slice_t assignee);
static cJSON *et_out_activity(cJSON *list, const char *type, int64_t at,
    et_slice_t by);


void
et_out_issue(et_call_t *call, cJSON *object, const et_sentry_t *sentry,
    const et_project_t *project, const et_error_t *error,
    const et_buckets_t *buckets, const char *period)
{
    cJSON       *metadata;
    uint64_t     id;
    et_text_t    link;
    et_slice_t   value;

    id = et_issue_id(error->project, error->fingerprint);
    value = error->value.len != 0 ? error->value : error->message;

    et_text_init(&link, call->arena);
    et_text_add(&link, et_sentry_base(call));
    et_text_str(&link, "/organizations/");
    et_text_url(&link, et_sentry_organization(sentry, project));
    et_text_str(&link, "/issues/");
    et_text_u64(&link, id);
    et_text_char(&link, '/');

    et_out_digits(object, "id", id);
    et_out_null(object, "shareId");
    et_out_short_id(call, object, "shortId", project, id);
    et_out_str(object, "title", et_sentry_title(call->arena, error->type,
                                                error->value,
                                                error->message));
    et_out_str(object, "culprit", error->culprit);
    et_out_str(object, "permalink", et_text_slice(&link));
    et_out_str(object, "level", error->level);

    if (error->logger.len == 0) {
        et_out_null(object, "logger");

    } else {
        et_out_str(object, "logger", error->logger);
    }

    et_out_issue_state(call, object, error);

    et_out_bool(object, "isPublic", 0);
    et_out_str(object, "platform", error->platform);
    et_out_project(et_out_object(object, "project"), project);
    et_out_text(object, "type", error->type.len != 0 ? "error" : "default");

    metadata = et_out_object(object, "metadata");
    et_out_str(metadata, "value", value);

    if (error->type.len != 0) {
        et_out_str(metadata, "type", error->type);

    } else {
        et_out_str(metadata, "title", value);
    }

    et_out_u64(object, "numComments", 0);
    et_out_assignee(object, error->assigned_to);
    et_out_bool(object, "isBookmarked", 0);
    et_out_bool(object, "isSubscribed", 0);
    et_out_null(object, "subscriptionDetails");
    et_out_bool(object, "hasSeen", 1);
    et_out_array(object, "annotations");
    et_out_array(object, "pluginIssues");
    et_out_array(object, "pluginActions");
    et_out_array(object, "pluginContexts");
    et_out_text(object, "issueType", "error");
    et_out_text(object, "issueCategory", "error");

    et_out_digits(object, "count", error->n);
    et_out_u64(object, "userCount", error->users);
    et_out_time(object, "firstSeen", error->first_seen);
    et_out_time(object, "lastSeen", error->last_seen);
    et_out_release(object, "firstRelease", error->first_release);
    et_out_release(object, "lastRelease", error->last_release);

    et_out_issue_stats(object, error, buckets, period);
}


/* Counts and times of an ignored issue's condition are those that are left. */

static void
et_out_issue_state(et_call_t *call, cJSON *object, const et_error_t *error)
{
    cJSON       *details;
    const char  *substatus;

    et_out_str(object, "status", et_status_name(error->status));
    details = et_out_object(object, "statusDetails");
    substatus = NULL;

    switch (error->status) {

    case ET_STATUS_RESOLVED:
        if (error->after_release) {
            et_out_bool(details, "inNextRelease", 1);

        } else if (error->resolved_in.len != 0) {
            et_out_str(details, "inRelease", error->resolved_in);
        }

        break;

    case ET_STATUS_IGNORED:
        substatus = "archived_forever";

        if (error->until > 0 || error->until_n != 0 || error->until_users != 0)
        {
            substatus = "archived_until_condition_met";
            et_out_time(details, "ignoreUntil", error->until);
        }

        if (error->until_n > error->n) {
            et_out_u64(details, "ignoreCount", error->until_n - error->n);
        }

        if (error->until_users > error->users) {
            et_out_u64(details, "ignoreUserCount",
                       error->until_users - error->users);
        }

        break;

    default:
        substatus = "ongoing";

        if (error->regressed) {
            substatus = "regressed";

        } else if (error->first_seen > call->now - ET_ISSUE_NEW) {
            substatus = "new";
        }
    }

    if (substatus == NULL) {
        et_out_null(object, "substatus");

    } else {
        et_out_text(object, "substatus", substatus);
    }
}


static void
et_out_issue_stats(cJSON *object, const et_error_t *error,
    const et_buckets_t *buckets, const char *period)
{
    size_t   i;
    cJSON   *counts, *pair, *stats;

    stats = et_out_object(object, "stats");

    if (buckets->n == 0 || error->counts == NULL) {
        return;
    }

    counts = et_out_array(stats, period);

    for (i = 0; i < buckets->n; i++) {
        pair = cJSON_CreateArray();

        cJSON_AddItemToArray(pair, et_new_u64((uint64_t) (buckets->from
                                    + (int64_t) i * buckets->step)));
        cJSON_AddItemToArray(pair, et_new_u64(error->counts[i]));
        cJSON_AddItemToArray(counts, pair);
    }
}


/* "team:name", or whoever else. */

static void
et_out_assignee(cJSON *object, et_slice_t assignee)
{
    int     team;
    cJSON  *item;

    if (assignee.len == 0) {
        et_out_null(object, "assignedTo");
        return;
    }

    team = assignee.len > 5 && memcmp(assignee.data, "team:", 5) == 0;

    if (team) {
        assignee = et_slice(assignee.data + 5, assignee.len - 5);
    }

    item = et_out_object(object, "assignedTo");

    et_out_text(item, "type", team ? "team" : "user");
    et_out_str(item, "id", assignee);
    et_out_str(item, "name", assignee);

    if (!team) {
        et_out_str(item, "email", assignee);
    }
}


/* What is known of what happened: when it was seen first, what was decided
 * last, and when it came back; the latest first. */

void
et_out_issue_details(cJSON *object, const et_error_t *error)
{
    cJSON       *list, *data;
    const char  *type;

    list = et_out_array(object, "activity");

    if (error->regressed && error->came_back != 0) {
        data = et_out_activity(list, "set_regression", error->came_back,
                               et_slice(NULL, 0));
        et_out_str(data, "version", error->came_back_in);
    }

    switch (error->decided) {

    case ET_STATUS_RESOLVED:
        type = error->resolved_in.len != 0 ? "set_resolved_in_release"
                                           : "set_resolved";
        data = et_out_activity(list, type, error->changed, error->changed_by);

        if (error->after_release) {
            et_out_text(data, "version", "");
            et_out_str(data, "current_release_version", error->resolved_in);

        } else if (error->resolved_in.len != 0) {
            et_out_str(data, "version", error->resolved_in);
        }

        break;

    case ET_STATUS_IGNORED:
        data = et_out_activity(list, "set_ignored", error->changed,
                               error->changed_by);
        et_out_time(data, "ignoreUntil", error->until);
        break;

    case ET_STATUS_UNRESOLVED:
        (void) et_out_activity(list, "set_unresolved", error->changed,
                               error->changed_by);
        break;

    default:
        break;
    }

    (void) et_out_activity(list, "first_seen", error->first_seen,
                           et_slice(NULL, 0));

    et_out_array(object, "participants");
    et_out_array(object, "seenBy");
    et_out_u64(object, "userReportCount", 0);
}


static cJSON *
et_out_activity(cJSON *list, const char *type, int64_t at, et_slice_t by)
{
    cJSON  *item, *user, *data;

    item = cJSON_CreateObject();

    et_out_digits(item, "id", at > 0 ? (uint64_t) at : 0);
    et_out_text(item, "type", type);
    et_out_time(item, "dateCreated", at);

    if (by.len == 0) {
        et_out_null(item, "user");

    } else {
        user = et_out_object(item, "user");
        et_out_str(user, "id", by);
        et_out_str(user, "name", by);
        et_out_str(user, "username", by);
    }

    data = et_out_object(item, "data");
    cJSON_AddItemToArray(list, item);

    return data;
}


void
et_out_release(cJSON *object, const char *name, et_slice_t version)
{
    cJSON  *item;

    if (version.len == 0) {
        et_out_null(object, name);
        return;
    }

    item = et_out_object(object, name);

    et_out_str(item, "version", version);
    et_out_str(item, "shortVersion", et_release_short(version));
    et_out_null(item, "lastCommit");
}


/* "package@1.2.3" is 1.2.3, and a commit is known by its first digits. */

et_slice_t
et_release_short(et_slice_t version)
{
    size_t      i;
    et_slice_t  shortened;

    shortened = version;

    for (i = 0; i < version.len; i++) {
        if (version.data[i] == '@' && i + 1 < version.len) {
            shortened = et_slice(version.data + i + 1, version.len - i - 1);
        }
    }

    if (shortened.len != ET_COMMIT) {
        return shortened;
    }

    for (i = 0; i < ET_COMMIT; i++) {
        if (strchr("0123456789abcdef", shortened.data[i]) == NULL) {
            return shortened;
        }
    }

    return et_slice(shortened.data, ET_COMMIT_SHORT);
}
