/*
 * Sentry's web API: one issue, and what is decided about it.
 */

#include "et_delete.h"
#include "et_json.h"
#include "et_route.h"
#include "et_sentry_issues.h"
#include "et_time.h"


#define ET_MINUTE  (INT64_C(60) * ET_SECOND)

/* a hundred years, as whoever ignores for longer means for ever */
#define ET_IGNORE_MINUTES  (UINT64_C(100) * 366 * 24 * 60)

/* bytes of a name that an answer repeats */
#define ET_DETAIL_NAME  64


typedef struct {
    et_sentry_t    sentry;
    et_errors_t    list;
    et_buckets_t   buckets;
    unsigned       asked:1;        /* the issue */
    unsigned       shown:1;        /* it is read */
    unsigned       phase;          /* of a deletion */
} et_issue_t;


static et_call_rc_t et_issue_get(et_call_t *call, et_sentry_place_t place,
    size_t segment);
static et_call_rc_t et_issue_put(et_call_t *call, et_sentry_place_t place,
    size_t segment);
static et_call_rc_t et_issue_delete(et_call_t *call, et_sentry_place_t place,
    size_t segment);
static et_issue_t *et_issue_open(et_call_t *call, et_sentry_place_t place,
    size_t segment);
static et_call_rc_t et_issue_show(et_call_t *call, et_issue_t *issue);
static int et_decision_details(et_call_t *call, const cJSON *root);
static int et_decision_known(const char *name);
static int et_decision_unknown(et_call_t *call, const char *name);
static int et_decision_status(et_call_t *call, const cJSON *root,
    et_decision_t *decision);
static int et_decision_resolved(et_call_t *call, const cJSON *root,
    et_decision_t *decision);
static int et_decision_ignored(et_call_t *call, const cJSON *root,
    et_decision_t *decision);
static int et_decision_number(et_call_t *call, const cJSON *root,
    const char *name, const char *old, uint64_t *value);
static int et_decision_assignee(et_call_t *call, const cJSON *root,
    et_decision_t *decision);
static const cJSON *et_decision_detail(const cJSON *root, const char *name);


/* GET /issues/{id}/ */

et_call_rc_t
et_sentry_issue(et_call_t *call)
{
    return et_issue_get(call, ET_SENTRY_ALL, 0);
}


/* GET /organizations/{o}/issues/{id}/ */

et_call_rc_t
et_sentry_organization_issue(et_call_t *call)
{
    return et_issue_get(call, ET_SENTRY_ORGANIZATION, 1);
}


static et_call_rc_t
et_issue_get(et_call_t *call, et_sentry_place_t place, size_t segment)
{
    et_issue_t  *issue;

    issue = et_issue_open(call, place, segment);

    if (issue == NULL) {
        return call->status != 0 ? ET_CALL_ANSWERED : ET_CALL_ASK;
    }

    return et_issue_show(call, issue);
}


/* PUT /issues/{id}/ */

et_call_rc_t
et_sentry_update_issue(et_call_t *call)
{
    return et_issue_put(call, ET_SENTRY_ALL, 0);
}


/* PUT /organizations/{o}/issues/{id}/ */

et_call_rc_t
et_sentry_update_organization_issue(et_call_t *call)
{
    return et_issue_put(call, ET_SENTRY_ORGANIZATION, 1);
}


static et_call_rc_t
et_issue_put(et_call_t *call, et_sentry_place_t place, size_t segment)
{
    et_issue_t     *issue;
    et_decision_t   decision;

    /* a bad body is refused before anything is asked */

    if (call->step <= 1 && !et_sentry_decision(call, &decision)) {
        return ET_CALL_ANSWERED;
    }

    issue = et_issue_open(call, place, segment);

    if (issue == NULL) {
        return call->status != 0 ? ET_CALL_ANSWERED : ET_CALL_ASK;
    }

    if (call->step == 1 && (decision.status != ET_STATUS_ANY
                            || decision.assigned_to.data != NULL))
    {
        et_decide(call, &decision, issue->sentry.ids,
                  &issue->sentry.fingerprint, 1);
        return ET_CALL_ASK;
    }

    return et_issue_show(call, issue);
}


/* DELETE /issues/{id}/ */

et_call_rc_t
et_sentry_delete_issue(et_call_t *call)
{
    return et_issue_delete(call, ET_SENTRY_ALL, 0);
}


/* DELETE /organizations/{o}/issues/{id}/ */

et_call_rc_t
et_sentry_delete_organization_issue(et_call_t *call)
{
    return et_issue_delete(call, ET_SENTRY_ORGANIZATION, 1);
}


static et_call_rc_t
et_issue_delete(et_call_t *call, et_sentry_place_t place, size_t segment)
{
    et_issue_t  *issue;

    issue = et_issue_open(call, place, segment);

    if (issue == NULL) {
        return call->status != 0 ? ET_CALL_ANSWERED : ET_CALL_ASK;
    }

    switch (et_delete_errors(call, &issue->phase, issue->sentry.ids,
                             &issue->sentry.fingerprint, 1))
    {
    case -1:
        return ET_CALL_ASK;

    case 0:
        return ET_CALL_ANSWERED;

    default:
        return et_call_empty(call, 202);
    }
}


/* What calls about one issue begin with: NULL, where the call is answered or
 * asks; the issue from the second step on. */

static et_issue_t *
et_issue_open(et_call_t *call, et_sentry_place_t place, size_t segment)
{
    et_issue_t  *issue;

    issue = et_call_state(call, sizeof(et_issue_t));
    if (issue == NULL) {
        et_call_no_memory(call);
        return NULL;
    }

    switch (call->step) {

    case 0:
        et_buckets_of(&issue->buckets, INT64_C(86400) * ET_SECOND, call->now);
        et_sentry_ask_issue(call, segment);
        return NULL;

    case 1:
        return et_sentry_read_issue(call, call->answers, place,
                                    &issue->sentry)
               ? issue : NULL;

    default:
        return issue;
    }
}


/* The issue with its details, and, where it has come back, when. */

static et_call_rc_t
et_issue_show(et_call_t *call, et_issue_t *issue)
{
    int          rc;
    cJSON       *root;
    et_error_t  *error;

    if (!issue->asked) {
        issue->asked = 1;
        et_errors_ask_one(call, issue->sentry.ids, &issue->sentry.fingerprint,
                          &issue->buckets);
        return ET_CALL_ASK;
    }

    if (!issue->shown) {
        rc = et_errors_read_one(call, call->answers, issue->sentry.ids[0],
                                issue->sentry.fingerprint, &issue->buckets,
                                &issue->list);
        if (rc != 1) {
            return rc == 0 ? ET_CALL_ANSWERED : ET_CALL_ASK;
        }

        issue->shown = 1;

        if (issue->list.items->regressed) {
            et_errors_ask_regression(call, issue->list.items);
            return ET_CALL_ASK;
        }

    } else if (!et_errors_read_regression(call, call->answers[0],
                                          issue->list.items))
    {
        return ET_CALL_ANSWERED;
    }

    error = issue->list.items;
    root = cJSON_CreateObject();

    et_out_issue(call, root, &issue->sentry, issue->sentry.project, error,
                 &issue->list.buckets, "24h");
    et_out_issue_details(root, error);

    return et_call_json(call, 200, root);
}


int
et_sentry_decision(et_call_t *call, et_decision_t *decision)
{
    cJSON  *root;

    memset(decision, 0, sizeof(et_decision_t));

    if (!et_call_body(call, &root)) {
        return 0;
    }

    if (!cJSON_IsObject(root)) {
        et_call_fail(call, 400, "the body has to be JSON such as "
                     "{\\\"status\\\": \\\"resolved\\\"}");
        return 0;
    }

    if (!et_decision_details(call, root)
        || !et_decision_status(call, root, decision)
        || !et_decision_assignee(call, root, decision))
    {
        return 0;
    }

    if (call->access != NULL) {
        decision->by = call->access->name;
    }

    return 1;
}


/*
 * What is not known, or belongs to no status, would be dropped by an answer
 * that says it was done.  Details that say nothing are fine, also as an array,
 * which is PHP's empty object.
 */

static int
et_decision_details(et_call_t *call, const cJSON *root)
{
    int           said;
    const cJSON  *item, *details, *status;

    details = et_json_get(root, "statusDetails");

    if (details == NULL || cJSON_IsNull(details)
        || (cJSON_IsArray(details) && details->child == NULL))
    {
        return 1;
    }

    if (!cJSON_IsObject(details)) {
        et_call_fail(call, 400, "statusDetails have to be an object");
        return 0;
    }

    said = 0;

    cJSON_ArrayForEach(item, details) {

        if (cJSON_IsNull(item)) {
            continue;
        }

        if (!et_decision_known(item->string)) {
            return et_decision_unknown(call, item->string);
        }

        said = 1;
    }

    status = et_json_get(root, "status");

    if (said && (status == NULL || cJSON_IsNull(status))) {
        et_call_fail(call, 400, "statusDetails need a status");
        return 0;
    }

    return 1;
}


static int
et_decision_known(const char *name)
{
    size_t  i;

    static const char *const  names[] = {
        "inRelease", "inNextRelease", "ignoreDuration", "snoozeDuration",
        "ignoreCount", "ignoreUserCount", "ignoreWindow", "ignoreUserWindow"
    };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(name, names[i]) == 0) {
            return 1;
        }
    }

    return 0;
}


/* The name is the client's: as JSON, and not all of a long one. */

static int
et_decision_unknown(et_call_t *call, const char *name)
{
    cJSON       *root;
    et_text_t    text;
    et_slice_t   s;

    s = et_slice_str(name);
    s.len = et_utf8_prefix(s.data, s.len, ET_DETAIL_NAME);

    et_text_init(&text, call->arena);
    et_text_add(&text, s);
    et_text_str(&text, " is not known here: statusDetails are inRelease, "
                "inNextRelease, ignoreDuration, ignoreCount and "
                "ignoreUserCount");

    root = cJSON_CreateObject();
    et_out_str(root, "detail", et_text_slice(&text));

    (void) et_call_json(call, 400, root);

    return 0;
}


static int
et_decision_status(et_call_t *call, const cJSON *root,
    et_decision_t *decision)
{
    size_t        i;
    et_slice_t    status;
    const cJSON  *item;

    static const struct {
        const char   *name;
        et_status_t   status;
        unsigned      next;
    } statuses[] = {
        { "unresolved", ET_STATUS_UNRESOLVED, 0 },
        { "reprocessing", ET_STATUS_UNRESOLVED, 0 },
        { "resolved", ET_STATUS_RESOLVED, 0 },
        { "resolvedInNextRelease", ET_STATUS_RESOLVED, 1 },
        { "ignored", ET_STATUS_IGNORED, 0 },
        { "muted", ET_STATUS_IGNORED, 0 },
        { "archived", ET_STATUS_IGNORED, 0 },
    };

    item = et_json_get(root, "status");

    if (item == NULL || cJSON_IsNull(item)) {
        return 1;
    }

    status = et_json_str(item);

    for (i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        if (et_slice_eq(status, et_slice_str(statuses[i].name))) {
            break;
        }
    }

    if (i == sizeof(statuses) / sizeof(statuses[0])) {
        et_call_fail(call, 400, "status has to be one of unresolved, "
                     "resolved, resolvedInNextRelease, ignored");
        return 0;
    }

    decision->status = statuses[i].status;
    decision->next_release = statuses[i].next;

    switch (decision->status) {

    case ET_STATUS_RESOLVED:
        return et_decision_resolved(call, root, decision);

    case ET_STATUS_IGNORED:
        return et_decision_ignored(call, root, decision);

    default:
        return 1;
    }
}


static int
et_decision_resolved(et_call_t *call, const cJSON *root,
    et_decision_t *decision)
{
    const cJSON  *item;

    if (cJSON_IsTrue(et_decision_detail(root, "inNextRelease"))) {
        decision->next_release = 1;
    }

    item = et_decision_detail(root, "inRelease");

    if (item == NULL || cJSON_IsNull(item)) {
        return 1;
    }

    decision->release = et_json_str(item);

    if (decision->release.len == 0
        || decision->release.len > 250)
    {
        et_call_fail(call, 400, "inRelease has to be a release, or "
                     "\\\"latest\\\"");
        return 0;
    }

    decision->next_release = 0;

    if (et_slice_eq(decision->release, et_slice("latest", 6))) {
        decision->latest_release = 1;
    }

    return 1;
}


static int
et_decision_ignored(et_call_t *call, const cJSON *root,
    et_decision_t *decision)
{
    uint64_t  minutes, window, users;

    minutes = 0;
    window = 0;
    users = 0;

    if (!et_decision_number(call, root, "ignoreDuration", "snoozeDuration",
                            &minutes)
        || !et_decision_number(call, root, "ignoreCount", NULL,
                               &decision->count)
        || !et_decision_number(call, root, "ignoreUserCount", NULL,
                               &decision->users)
        || !et_decision_number(call, root, "ignoreWindow", NULL, &window)
        || !et_decision_number(call, root, "ignoreUserWindow", NULL, &users))
    {
        return 0;
    }

    if (window != 0 || users != 0) {
        et_call_fail(call, 400, "ignoreWindow and ignoreUserWindow are not "
                     "known here: a count has no window");
        return 0;
    }

    if (minutes != 0) {
        decision->until = call->now + (int64_t) minutes * ET_MINUTE;
    }

    return 1;
}


/* A number of "statusDetails", or beside it, as clients of old have it. */

static int
et_decision_number(et_call_t *call, const cJSON *root, const char *name,
    const char *old, uint64_t *value)
{
    et_slice_t    text;
    const cJSON  *item;

    item = et_decision_detail(root, name);

    if (item == NULL && old != NULL) {
        item = et_decision_detail(root, old);
    }

    if (item == NULL || cJSON_IsNull(item)) {
        return 1;
    }

    text = et_json_text(call->arena, item);

    if (text.data == NULL || !et_parse_u64(text, value)
        || *value > ET_IGNORE_MINUTES)
    {
        et_call_fail(call, 400, "ignoreDuration, ignoreCount and "
                     "ignoreUserCount have to be numbers");
        return 0;
    }

    return 1;
}


static int
et_decision_assignee(et_call_t *call, const cJSON *root,
    et_decision_t *decision)
{
    const cJSON  *item;

    item = et_json_get(root, "assignedTo");

    if (item == NULL) {
        return 1;
    }

    if (cJSON_IsNull(item)) {
        decision->assigned_to = et_slice("", 0);
        return 1;
    }

    decision->assigned_to = et_json_str(item);

    if (decision->assigned_to.data == NULL
        || decision->assigned_to.len > 250)
    {
        et_call_fail(call, 400, "assignedTo has to be a user's name or "
                     "address, team:name, or null");
        return 0;
    }

    return 1;
}


static const cJSON *
et_decision_detail(const cJSON *root, const char *name)
{
    const cJSON  *item;

    item = et_json_get(et_json_get(root, "statusDetails"), name);

    return item != NULL ? item : et_json_get(root, name);
}
