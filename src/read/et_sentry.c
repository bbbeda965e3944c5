/*
 * Sentry's web API: its operations, and what they have in common.
 */

#include <stdio.h>

#include "et_hash.h"
#include "et_route.h"
#include "et_sentry.h"
#include "et_sentry_attachments.h"
#include "et_sentry_discover.h"
#include "et_sentry_events.h"
#include "et_sentry_feedback.h"
#include "et_sentry_issues.h"
#include "et_sentry_monitors.h"
#include "et_sentry_org.h"
#include "et_sentry_releases.h"
#include "et_sentry_sessions.h"
#include "et_sentry_tags.h"


/* odd, so that every project's issues have ids of their own */
#define ET_ISSUE_MIX   UINT64_C(0x9e3779b97f4a7c15)
#define ET_ISSUE_BASE  36

/* of each project it is another error; few of these are one that there is */

#define ET_SQL_ISSUE                                                          \
    "SELECT project_id, fingerprint, min(errors.first_seen), "                \
    "max(errors.last_seen), sum(errors.n) FROM errors "                       \
    "WHERE (project_id, fingerprint) IN (SELECT project_id, "                 \
    "bitAnd(reinterpretAsUInt64({issue:UInt64} "                              \
    "- project_id * 11400714819323198485), 9007199254740991) "                \
    "FROM projects_seen WHERE 1"
#define ET_SQL_ISSUE_PROJECTS                                                 \
    " AND project_id IN {projects:Array(UInt64)}"
#define ET_SQL_ISSUE_END                                                      \
    ") GROUP BY project_id, fingerprint HAVING sum(errors.n) > 0 "            \
    "ORDER BY project_id LIMIT 100"

#define ET_SQL_ISSUE_COLUMNS  "QQttQ"

#define ET_READS(scope)  ET_SCOPE_ ## scope ## _READ

/* of releases */
#define ET_RELEASES_READ   (ET_SCOPE_PROJECT_READ|ET_SCOPE_PROJECT_RELEASES   \
                            |ET_SCOPE_ORG_READ|ET_SCOPE_ORG_CI)
#define ET_RELEASES_WRITE  (ET_SCOPE_PROJECT_RELEASES|ET_SCOPE_ORG_CI)


static int et_sentry_ids(et_call_t *call, et_sentry_t *sentry);
static int et_sentry_place(et_call_t *call, et_sentry_place_t place,
    et_sentry_t *sentry);


/* Of two that match a path, the first is taken. */

const et_operation_t  et_sentry_operations[] = {
    { "info", ET_VERB_GET, "api/0", et_sentry_info, ET_SCOPE_ANY },
    { "me", ET_VERB_GET, "api/0/users/me", et_sentry_me, ET_SCOPE_ANY },

    { "list_organizations", ET_VERB_GET, "api/0/organizations",
      et_sentry_organizations, ET_SCOPE_ANY },
    { "get_organization", ET_VERB_GET, "api/0/organizations/*",
      et_sentry_organization_details, ET_READS(ORG) },
    { "list_organization_projects", ET_VERB_GET,
      "api/0/organizations/*/projects", et_sentry_organization_projects,
      ET_READS(ORG)|ET_READS(PROJECT) },
    { "list_repositories", ET_VERB_GET, "api/0/organizations/*/repos",
      et_sentry_repositories, ET_SCOPE_ANY },
    { "list_teams", ET_VERB_GET, "api/0/organizations/*/teams",
      et_sentry_teams, ET_SCOPE_ANY },

    { "list_projects", ET_VERB_GET, "api/0/projects", et_sentry_projects,
      ET_READS(PROJECT) },
    { "get_project", ET_VERB_GET, "api/0/projects/*/*",
      et_sentry_project_details, ET_READS(PROJECT) },
    { "list_keys", ET_VERB_GET, "api/0/projects/*/*/keys", et_sentry_keys,
      ET_READS(PROJECT) },

    { "list_project_issues", ET_VERB_GET, "api/0/projects/*/*/issues",
      et_sentry_project_issues, ET_READS(EVENT) },
    { "update_project_issues", ET_VERB_PUT, "api/0/projects/*/*/issues",
      et_sentry_update_project_issues, ET_SCOPE_EVENT_WRITE },
    { "delete_project_issues", ET_VERB_DELETE, "api/0/projects/*/*/issues",
      et_sentry_delete_project_issues, ET_SCOPE_EVENT_ADMIN },
    { "list_issues", ET_VERB_GET, "api/0/organizations/*/issues",
      et_sentry_organization_issues, ET_READS(EVENT) },
    { "update_issues", ET_VERB_PUT, "api/0/organizations/*/issues",
      et_sentry_update_organization_issues, ET_SCOPE_EVENT_WRITE },
    { "delete_issues", ET_VERB_DELETE, "api/0/organizations/*/issues",
      et_sentry_delete_organization_issues, ET_SCOPE_EVENT_ADMIN },
    { "get_issue", ET_VERB_GET, "api/0/issues/*", et_sentry_issue,
      ET_READS(EVENT) },
    { "update_issue", ET_VERB_PUT, "api/0/issues/*", et_sentry_update_issue,
      ET_SCOPE_EVENT_WRITE },
    { "delete_issue", ET_VERB_DELETE, "api/0/issues/*",
      et_sentry_delete_issue, ET_SCOPE_EVENT_ADMIN },
    { "get_organization_issue", ET_VERB_GET,
      "api/0/organizations/*/issues/*", et_sentry_organization_issue,
      ET_READS(EVENT) },
    { "update_organization_issue", ET_VERB_PUT,
      "api/0/organizations/*/issues/*", et_sentry_update_organization_issue,
      ET_SCOPE_EVENT_WRITE },
    { "delete_organization_issue", ET_VERB_DELETE,
      "api/0/organizations/*/issues/*", et_sentry_delete_organization_issue,
      ET_SCOPE_EVENT_ADMIN },

    { "list_issue_events", ET_VERB_GET, "api/0/issues/*/events",
      et_sentry_issue_events, ET_READS(EVENT) },
    { "list_organization_issue_events", ET_VERB_GET,
      "api/0/organizations/*/issues/*/events",
      et_sentry_organization_issue_events, ET_READS(EVENT) },
    { "get_issue_event", ET_VERB_GET, "api/0/issues/*/events/*",
      et_sentry_issue_event, ET_READS(EVENT) },
    { "get_organization_issue_event", ET_VERB_GET,
      "api/0/organizations/*/issues/*/events/*",
      et_sentry_organization_issue_event, ET_READS(EVENT) },
    { "list_project_events", ET_VERB_GET, "api/0/projects/*/*/events",
      et_sentry_project_events, ET_READS(EVENT)|ET_READS(PROJECT) },
    { "get_project_event", ET_VERB_GET, "api/0/projects/*/*/events/*",
      et_sentry_project_event, ET_READS(EVENT)|ET_READS(PROJECT) },
    { "resolve_event_id", ET_VERB_GET, "api/0/organizations/*/eventids/*",
      et_sentry_event_id, ET_READS(EVENT)|ET_READS(ORG) },
    { "resolve_short_id", ET_VERB_GET, "api/0/organizations/*/shortids/*",
      et_sentry_short_id, ET_READS(EVENT)|ET_READS(ORG) },
    { "discover_events", ET_VERB_GET, "api/0/organizations/*/events",
      et_sentry_discover_events, ET_READS(ORG)|ET_READS(EVENT) },
    { "discover_stats", ET_VERB_GET, "api/0/organizations/*/events-stats",
      et_sentry_discover_stats, ET_READS(ORG)|ET_READS(EVENT) },
    { "discover_timeseries", ET_VERB_GET,
      "api/0/organizations/*/events-timeseries",
      et_sentry_discover_timeseries, ET_READS(ORG)|ET_READS(EVENT) },
    { "stats", ET_VERB_GET, "api/0/organizations/*/stats_v2",
      et_sentry_stats, ET_READS(ORG) },

    { "list_organization_releases", ET_VERB_GET,
      "api/0/organizations/*/releases",
      et_sentry_releases, ET_RELEASES_READ },
    { "create_organization_release", ET_VERB_POST,
      "api/0/organizations/*/releases",
      et_sentry_release_create, ET_RELEASES_WRITE },
    { "get_organization_release", ET_VERB_GET,
      "api/0/organizations/*/releases/*",
      et_sentry_release, ET_RELEASES_READ },
    { "update_organization_release", ET_VERB_PUT,
      "api/0/organizations/*/releases/*",
      et_sentry_release_update, ET_RELEASES_WRITE },
    { "delete_organization_release", ET_VERB_DELETE,
      "api/0/organizations/*/releases/*",
      et_sentry_release_delete, ET_RELEASES_WRITE },
    { "list_organization_commits", ET_VERB_GET,
      "api/0/organizations/*/releases/*/commits",
      et_sentry_release_commits, ET_RELEASES_READ },
    { "get_organization_previous_release", ET_VERB_GET,
      "api/0/organizations/*/releases/*/previous-with-commits",
      et_sentry_release_previous, ET_RELEASES_READ },
    { "list_organization_deploys", ET_VERB_GET,
      "api/0/organizations/*/releases/*/deploys",
      et_sentry_deploys, ET_RELEASES_READ },
    { "create_organization_deploy", ET_VERB_POST,
      "api/0/organizations/*/releases/*/deploys",
      et_sentry_deploy_create, ET_RELEASES_WRITE },
    { "list_project_releases", ET_VERB_GET, "api/0/projects/*/*/releases",
      et_sentry_releases, ET_RELEASES_READ },
    { "create_project_release", ET_VERB_POST, "api/0/projects/*/*/releases",
      et_sentry_release_create, ET_RELEASES_WRITE },
    { "get_project_release", ET_VERB_GET, "api/0/projects/*/*/releases/*",
      et_sentry_release, ET_RELEASES_READ },
    { "update_project_release", ET_VERB_PUT, "api/0/projects/*/*/releases/*",
      et_sentry_release_update, ET_RELEASES_WRITE },
    { "delete_project_release", ET_VERB_DELETE,
      "api/0/projects/*/*/releases/*",
      et_sentry_release_delete, ET_RELEASES_WRITE },
    { "list_project_commits", ET_VERB_GET,
      "api/0/projects/*/*/releases/*/commits",
      et_sentry_release_commits, ET_RELEASES_READ },
    { "get_project_previous_release", ET_VERB_GET,
      "api/0/projects/*/*/releases/*/previous-with-commits",
      et_sentry_release_previous, ET_RELEASES_READ },
    { "list_project_deploys", ET_VERB_GET,
      "api/0/projects/*/*/releases/*/deploys",
      et_sentry_deploys, ET_RELEASES_READ },
    { "create_project_deploy", ET_VERB_POST,
      "api/0/projects/*/*/releases/*/deploys",
      et_sentry_deploy_create, ET_RELEASES_WRITE },
    { "upload_options", ET_VERB_GET, "api/0/organizations/*/chunk-upload",
      et_sentry_no_uploads, ET_SCOPE_ANY },
    { "upload", ET_VERB_POST, "api/0/organizations/*/chunk-upload",
      et_sentry_no_uploads, ET_SCOPE_ANY },
    { "list_issue_tags", ET_VERB_GET, "api/0/issues/*/tags",
      et_sentry_issue_tags, ET_READS(EVENT) },
    { "list_organization_issue_tags", ET_VERB_GET,
      "api/0/organizations/*/issues/*/tags",
      et_sentry_issue_tags, ET_READS(EVENT) },
    { "get_issue_tag", ET_VERB_GET, "api/0/issues/*/tags/*",
      et_sentry_issue_tag, ET_READS(EVENT) },
    { "get_organization_issue_tag", ET_VERB_GET,
      "api/0/organizations/*/issues/*/tags/*",
      et_sentry_issue_tag, ET_READS(EVENT) },
    { "list_issue_tag_values", ET_VERB_GET, "api/0/issues/*/tags/*/values",
      et_sentry_issue_tag_values, ET_READS(EVENT) },
    { "list_organization_issue_tag_values", ET_VERB_GET,
      "api/0/organizations/*/issues/*/tags/*/values",
      et_sentry_issue_tag_values, ET_READS(EVENT) },
    { "list_project_tags", ET_VERB_GET, "api/0/projects/*/*/tags",
      et_sentry_project_tags, ET_READS(PROJECT)|ET_READS(EVENT) },
    { "list_project_tag_values", ET_VERB_GET,
      "api/0/projects/*/*/tags/*/values",
      et_sentry_project_tag_values, ET_READS(PROJECT)|ET_READS(EVENT) },
    { "list_organization_tags", ET_VERB_GET, "api/0/organizations/*/tags",
      et_sentry_organization_tags, ET_READS(ORG)|ET_READS(EVENT) },
    { "list_organization_tag_values", ET_VERB_GET,
      "api/0/organizations/*/tags/*/values",
      et_sentry_organization_tag_values, ET_READS(ORG)|ET_READS(EVENT) },
    { "sessions", ET_VERB_GET, "api/0/organizations/*/sessions",
      et_sentry_sessions, ET_READS(ORG)|ET_READS(PROJECT) },
    { "list_attachments", ET_VERB_GET,
      "api/0/projects/*/*/events/*/attachments",
      et_sentry_attachments, ET_READS(PROJECT)|ET_READS(EVENT) },
    { "get_attachment", ET_VERB_GET,
      "api/0/projects/*/*/events/*/attachments/*",
      et_sentry_attachment, ET_READS(PROJECT)|ET_READS(EVENT) },
    { "list_monitors", ET_VERB_GET, "api/0/organizations/*/monitors",
      et_sentry_monitors, ET_READS(ORG)|ET_READS(PROJECT) },
    { "get_monitor", ET_VERB_GET, "api/0/organizations/*/monitors/*",
      et_sentry_monitor, ET_READS(ORG)|ET_READS(PROJECT) },
    { "list_check_ins", ET_VERB_GET,
      "api/0/organizations/*/monitors/*/checkins",
      et_sentry_check_ins, ET_READS(ORG)|ET_READS(PROJECT) },
    { "get_project_monitor", ET_VERB_GET, "api/0/projects/*/*/monitors/*",
      et_sentry_project_monitor, ET_READS(ORG)|ET_READS(PROJECT) },
    { "list_project_check_ins", ET_VERB_GET,
      "api/0/projects/*/*/monitors/*/checkins",
      et_sentry_project_check_ins, ET_READS(ORG)|ET_READS(PROJECT) },
    { "list_feedback", ET_VERB_GET, "api/0/projects/*/*/user-feedback",
      et_sentry_feedback, ET_READS(PROJECT)|ET_READS(EVENT) },

    { NULL, ET_VERB_GET, NULL, NULL, 0 }
};


void
et_sentry_ask(et_call_t *call)
{
    size_t           n;
    const uint64_t  *projects;

    projects = et_sentry_allowed(call, &n);

    et_projects_ask(call, projects, n);
}


const uint64_t *
et_sentry_allowed(et_call_t *call, size_t *n)
{
    const et_access_t  *access;

    access = call->access;

    if (access == NULL || access->all) {
        *n = 0;
        return NULL;
    }

    *n = access->nprojects;

    return access->projects;
}


int
et_sentry_read(et_call_t *call, et_slice_t answer, et_sentry_place_t place,
    et_sentry_t *sentry)
{
    size_t  i, n, known;

    memset(sentry, 0, sizeof(et_sentry_t));

    if (!et_projects_read(call, answer, &sentry->projects)) {
        return 0;
    }

    known = sentry->projects.n;

    /* as it was asked; what the token opens is looked at here, too */

    for (n = 0, i = 0; i < sentry->projects.n; i++) {
        if (et_access_project(call->access, sentry->projects.items[i].id)) {
            sentry->projects.items[n++] = sentry->projects.items[i];
        }
    }

    sentry->projects.n = n;

    if (place != ET_SENTRY_ALL && !et_sentry_place(call, place, sentry)) {
        return 0;
    }

    sentry->ids = et_arena_alloc(call->arena, (sentry->projects.n + 1)
                                              * sizeof(uint64_t));
    if (sentry->ids == NULL) {
        et_call_no_memory(call);
        return 0;
    }

    if (sentry->project != NULL) {
        sentry->ids[0] = sentry->project->id;
        sentry->nids = 1;
        return 1;
    }

    for (i = 0; i < sentry->projects.n; i++) {
        sentry->ids[i] = sentry->projects.items[i].id;
    }

    sentry->nids = sentry->projects.n;
    sentry->all = et_sentry_allowed(call, &n) == NULL && sentry->nids == known;

    return 1;
}


/* Leaves the projects of the path's organization, and finds its project. */

static int
et_sentry_place(et_call_t *call, et_sentry_place_t place,
    et_sentry_t *sentry)
{
    size_t          i, n, named;
    et_project_t    project;
    et_projects_t  *projects;

    projects = &sentry->projects;
    sentry->organization = call->segments[0];

    for (n = 0, named = 0, i = 0; i < projects->n; i++) {
        project = projects->items[i];
        named += project.organization.len != 0;

        if (et_slice_eq(et_sentry_organization(NULL, &project),
                        call->segments[0]))
        {
            projects->items[i] = projects->items[n];
            projects->items[n++] = project;
        }
    }

    if (named != 0) {
        if (n == 0) {
            et_call_fail(call, 404, "no such organization");
            return 0;
        }

        projects->n = n;
    }

    if (place == ET_SENTRY_PROJECT) {
        sentry->project = et_sentry_find(projects, call->segments[1]);

        if (sentry->project == NULL) {
            et_call_fail(call, 404, "no such project");
            return 0;
        }
    }

    return 1;
}


/* A slug before a number, which may be another's slug. */

et_project_t *
et_sentry_find(const et_projects_t *projects, et_slice_t name)
{
    size_t    i;
    uint64_t  id;

    for (i = 0; i < projects->n; i++) {
        if (et_slice_eq(projects->items[i].slug, name)) {
            return &projects->items[i];
        }
    }

    if (!et_parse_u64(name, &id)) {
        return NULL;
    }

    for (i = 0; i < projects->n; i++) {
        if (projects->items[i].id == id) {
            return &projects->items[i];
        }
    }

    return NULL;
}


int
et_sentry_read_projects(et_call_t *call, et_slice_t answer,
    et_sentry_place_t place, et_sentry_t *sentry)
{
    return et_sentry_read(call, answer, place, sentry)
           && (place == ET_SENTRY_PROJECT || et_sentry_ids(call, sentry));
}


static int
et_sentry_ids(et_call_t *call, et_sentry_t *sentry)
{
    size_t         i, k, n;
    uint64_t      *ids;
    et_slice_t     name;
    et_project_t  *project;

    ids = et_arena_alloc(call->arena, ET_PARAMS_MAX * sizeof(uint64_t));
    if (ids == NULL) {
        et_call_no_memory(call);
        return 0;
    }

    i = 0;
    n = 0;

    while (et_params_next(&call->params, "project", &i, &name)) {

        if (name.len == 0) {
            continue;
        }

        if (et_slice_eq(name, et_slice("-1", 2))) {
            n = 0;
            break;
        }

        project = et_sentry_find(&sentry->projects, name);

        if (project == NULL) {
            et_call_fail(call, 403, "the token opens no such project");
            return 0;
        }

        for (k = 0; k < n && ids[k] != project->id; k++) { /* void */ }

        ids[k] = project->id;
        n += k == n;
    }

    if (n != 0) {
        sentry->ids = ids;
        sentry->nids = n;
        sentry->all = 0;
    }

    if (sentry->nids > ET_CALL_PROJECTS) {
        et_call_fail(call, 400, "there are more than 1000 projects: name "
                     "some with project=");
        return 0;
    }

    return 1;
}


uint64_t
et_issue_id(uint64_t project, uint64_t fingerprint)
{
    return (fingerprint + project * ET_ISSUE_MIX) & ET_MAX_ID;
}


void
et_sentry_ask_issue(et_call_t *call, size_t i)
{
    size_t           n;
    uint64_t         id;
    et_sql_t        *query;
    const uint64_t  *projects;

    et_sentry_ask(call);

    /* what is no id is that of no issue */

    if (!et_issue_parse(call->segments[i], &id)) {
        id = UINT64_MAX;
    }

    projects = et_sentry_allowed(call, &n);
    query = et_call_query(call, ET_SQL_ISSUE_COLUMNS);

    et_sql_add(query, ET_SQL_ISSUE);
    et_sql_u64(query, "issue", id);

    if (id > ET_MAX_ID) {
        et_sql_add(query, " AND 0");
    }

    if (projects != NULL) {
        et_sql_add(query, ET_SQL_ISSUE_PROJECTS);
        et_sql_u64s(query, "projects", projects, n);
    }

    et_sql_add(query, ET_SQL_ISSUE_END);
}


int
et_sentry_read_issue(et_call_t *call, const et_slice_t *answers,
    et_sentry_place_t place, et_sentry_t *sentry)
{
    size_t       i;
    et_result_t  result;

    if (!et_sentry_read(call, answers[0], place, sentry)) {
        return 0;
    }

    et_result_open(&result, ET_SQL_ISSUE_COLUMNS, answers[1]);

    while (et_result_next(&result)) {

        for (i = 0; i < sentry->projects.n; i++) {
            if (sentry->projects.items[i].id == result.row[0].u) {
                sentry->project = &sentry->projects.items[i];
                sentry->ids[0] = sentry->project->id;
                sentry->nids = 1;
                sentry->fingerprint = result.row[1].u;
                sentry->span.first_seen = result.row[2].i;
                sentry->span.last_seen = result.row[3].i;
                sentry->span.n = result.row[4].u;
                return 1;
            }
        }
    }

    if (result.bad) {
        et_call_unreadable(call);

    } else {
        et_call_fail(call, 404, "no such issue");
    }

    return 0;
}


int
et_issue_parse(et_slice_t text, uint64_t *id)
{
    char      c;
    size_t    i, start;
    unsigned  digit;

    if (et_parse_u64(text, id)) {
        return 1;
    }

    for (start = 0, i = 0; i < text.len; i++) {
        if (text.data[i] == '-') {
            start = i + 1;
        }
    }

    if (start == 0 || start == text.len) {
        return 0;
    }

    *id = 0;

    for (i = start; i < text.len; i++) {
        c = et_lower(text.data[i]);

        if (c >= '0' && c <= '9') {
            digit = (unsigned) (c - '0');

        } else if (c >= 'a' && c <= 'z') {
            digit = (unsigned) (c - 'a') + 10;

        } else {
            return 0;
        }

        *id = *id * ET_ISSUE_BASE + digit;

        if (*id > ET_MAX_ID) {
            return 0;
        }
    }

    return 1;
}


void
et_out_short_id(et_call_t *call, cJSON *object, const char *name,
    const et_project_t *project, uint64_t id)
{
    char       c, digits[16];
    size_t     i;
    et_text_t  text;

    et_text_init(&text, call->arena);

    for (i = 0; i < project->slug.len; i++) {
        c = project->slug.data[i];
        et_text_char(&text, c >= 'a' && c <= 'z' ? (char) (c - 'a' + 'A') : c);
    }

    et_text_char(&text, '-');

    i = sizeof(digits);

    do {
        digits[--i] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                      [id % ET_ISSUE_BASE];
        id /= ET_ISSUE_BASE;
    } while (id != 0 && i != 0);

    et_text_add(&text, et_slice(digits + i, sizeof(digits) - i));

    et_out_str(object, name, et_text_slice(&text));
}


et_slice_t
et_sentry_organization(const et_sentry_t *sentry, const et_project_t *project)
{
    if (project != NULL && project->organization.len != 0) {
        return project->organization;
    }

    /* any name is the one without one */

    if (sentry != NULL && sentry->organization.len != 0) {
        return sentry->organization;
    }

    return et_slice("default", 7);
}


void
et_out_project(cJSON *object, const et_project_t *project)
{
    et_out_digits(object, "id", project->id);
    et_out_str(object, "name", project->name);
    et_out_str(object, "slug", project->slug);

    if (project->platform.len == 0) {
        et_out_null(object, "platform");

    } else {
        et_out_str(object, "platform", project->platform);
    }
}


void
et_out_organization(cJSON *object, et_slice_t slug)
{
    cJSON  *status;

    et_out_digits(object, "id", et_mix64(et_fnv1a(ET_FNV_BASIS, slug))
                                & ET_MAX_ID);
    et_out_str(object, "name", slug);
    et_out_str(object, "slug", slug);

    status = et_out_object(object, "status");
    et_out_text(status, "id", "active");
    et_out_text(status, "name", "active");
}


et_slice_t
et_sentry_base(const et_call_t *call)
{
    size_t  i;

    for (i = call->url.len; i >= 6; i--) {
        if (memcmp(call->url.data + i - 6, "/api/0", 6) == 0
            && (i == call->url.len || call->url.data[i] == '/'))
        {
            return et_slice(call->url.data, i - 6);
        }
    }

    return call->url;
}
