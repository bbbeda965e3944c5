/*
 * Sentry's web API: lists of issues, and what is done to several at once.
 */

#include "et_delete.h"
#include "et_errors_search.h"
#include "et_lists.h"
#include "et_route.h"
#include "et_sentry_issues.h"


#define ET_ISSUES_PAGE     25
#define ET_ISSUES_MAX      1000

/* issues that one call decides about, or deletes */
#define ET_ISSUES_BULK     6000

/* behind the statuses that a call may name */
#define ET_BULK_ANY        4


/*
 * The issues that "id" names, of the projects: ET_ISSUE_MIX of et_sentry.c
 * the other way.
 */
#define ET_SQL_ISSUES                                                         \
    "SELECT project_id, fingerprint FROM errors "                             \
    "WHERE project_id IN {projects:Array(UInt64)} "                           \
    "AND bitAnd(fingerprint + project_id * 11400714819323198485, "            \
    "9007199254740991) IN {issues:Array(UInt64)} "                            \
    "GROUP BY project_id, fingerprint LIMIT 6000"

#define ET_SQL_ISSUES_COLUMNS  "QQ"


typedef struct {
    et_sentry_t          sentry;
    et_errors_filter_t   filter;
    et_errors_t          list;
    const char          *period;   /* its name */
} et_issues_t;

typedef enum {
    ET_BULK_BEGIN = 0,
    ET_BULK_IDS,
    ET_BULK_LIST,
    ET_BULK_DELETE,
    ET_BULK_DONE
} et_bulk_state_t;

typedef struct {
    et_bulk_state_t      state;
    et_sentry_t          sentry;
    et_errors_filter_t   filter;
    et_errors_t          list;
    uint64_t            *projects; /* of the issues, and */
    uint64_t            *fingerprints;
    size_t               n;
    unsigned             phase;    /* of a deletion */
} et_bulk_t;


static et_call_rc_t et_issues_list(et_call_t *call, et_sentry_place_t place);
static et_call_rc_t et_issues_answer(et_call_t *call, et_issues_t *issues);
static int et_issues_parse(et_call_t *call, et_sentry_place_t place,
    et_issues_t *issues);
static int et_issues_stats(et_call_t *call, et_sentry_place_t place,
    et_issues_t *issues);
static int et_issues_limit(et_call_t *call, uint64_t *limit);
static int et_issues_search(et_call_t *call, et_errors_filter_t *filter);
static int et_issues_times(et_call_t *call, et_errors_filter_t *filter,
    et_sentry_place_t place);
static et_call_rc_t et_issues_bulk(et_call_t *call, et_sentry_place_t place,
    int deleting);
static et_call_rc_t et_issues_bulk_begin(et_call_t *call, et_bulk_t *bulk,
    int deleting);
static int et_issues_bulk_ids(et_call_t *call, et_bulk_t *bulk);
static int et_issues_bulk_read_ids(et_call_t *call, et_bulk_t *bulk);
static int et_issues_bulk_read_list(et_call_t *call, et_bulk_t *bulk);
static et_call_rc_t et_issues_bulk_apply(et_call_t *call, et_bulk_t *bulk,
    int deleting);
static et_call_rc_t et_issues_bulk_answer(et_call_t *call);


/* GET /projects/{o}/{p}/issues/ */

et_call_rc_t
et_sentry_project_issues(et_call_t *call)
{
    return et_issues_list(call, ET_SENTRY_PROJECT);
}


/* GET /organizations/{o}/issues/ */

et_call_rc_t
et_sentry_organization_issues(et_call_t *call)
{
    return et_issues_list(call, ET_SENTRY_ORGANIZATION);
}


static et_call_rc_t
et_issues_list(et_call_t *call, et_sentry_place_t place)
{
    et_call_rc_t  rc;
    et_issues_t  *issues;

    issues = et_call_state(call, sizeof(et_issues_t));
    if (issues == NULL) {
        return et_call_no_memory(call);
    }

    switch (call->step) {

    case 0:
        if (!et_issues_parse(call, place, issues)) {
            return ET_CALL_ANSWERED;
        }

        et_sentry_ask(call);

        return ET_CALL_ASK;

    case 1:
        if (!et_sentry_read_projects(call, call->answers[0], place,
                                     &issues->sentry))
        {
            return ET_CALL_ANSWERED;
        }

        issues->filter.projects = issues->sentry.ids;
        issues->filter.nprojects = issues->sentry.nids;
        issues->filter.all = issues->sentry.all;
        break;
    }

    rc = et_errors_step(call, call->answers, &issues->filter, &issues->list);

    if (rc != ET_CALL_READ) {
        return rc;
    }

    return et_issues_answer(call, issues);
}


static et_call_rc_t
et_issues_answer(et_call_t *call, et_issues_t *issues)
{
    size_t        i;
    cJSON        *root, *item;
    et_error_t   *error;

    root = cJSON_CreateArray();

    for (i = 0; i < issues->list.n; i++) {
        error = &issues->list.items[i];

        item = cJSON_CreateObject();
        cJSON_AddItemToArray(root, item);

        et_out_issue(call, item, &issues->sentry,
                     et_project_find(&issues->sentry.projects,
                                     error->project),
                     error, &issues->list.buckets, issues->period);
    }

    et_errors_link_sentry(call, &issues->list);

    return et_call_json(call, 200, root);
}


static int
et_issues_parse(et_call_t *call, et_sentry_place_t place, et_issues_t *issues)
{
    unsigned             sort;
    et_errors_filter_t  *filter;

    /* orders that nobody can compute here are those that are nearest */

    static const char *const  sorts[] = {
        "date", "new", "freq", "user", "priority", "trends", "inbox",
        "recommended", NULL
    };
    static const et_error_sort_t  orders[] = {
        ET_SORT_LAST_SEEN, ET_SORT_FIRST_SEEN, ET_SORT_FREQUENCY,
        ET_SORT_USERS, ET_SORT_FREQUENCY, ET_SORT_FREQUENCY,
        ET_SORT_LAST_SEEN, ET_SORT_LAST_SEEN
    };

    filter = &issues->filter;
    filter->limit = ET_ISSUES_PAGE;
    sort = 0;

    if (!et_call_choice(call, "sort", sorts, &sort)
        || !et_issues_limit(call, &filter->limit)
        || !et_call_cursor_sentry(call, &filter->cursor)
        || !et_issues_search(call, filter)
        || !et_issues_times(call, filter, place)
        || !et_call_texts(call, "environment", &filter->environments,
                          &filter->nenvironments)
        || !et_issues_stats(call, place, issues))
    {
        return 0;
    }

    filter->sort = orders[sort];

    return 1;
}


/*
 * The counts of each issue: "statsPeriod" of a project's list, which is a
 * period to look at in an organization's, that has "groupStatsPeriod" instead.
 */

static int
et_issues_stats(et_call_t *call, et_sentry_place_t place, et_issues_t *issues)
{
    int          days;
    const char  *name;
    et_slice_t   period;

    name = place == ET_SENTRY_PROJECT ? "statsPeriod" : "groupStatsPeriod";
    period = et_params_get(&call->params, name);

    /* there, and empty: none */

    if (period.data != NULL && period.len == 0) {
        return 1;
    }

    days = et_slice_eq(period, et_slice("14d", 3));

    issues->period = days ? "14d" : "24h";
    et_buckets_of(&issues->filter.buckets,
                  INT64_C(86400) * ET_SECOND * (days ? 14 : 1), call->now);

    return 1;
}


/* More than there is for one page is cut to it: Grafana asks for 10,000. */

static int
et_issues_limit(et_call_t *call, uint64_t *limit)
{
    uint64_t  n;

    if (et_parse_u64(et_params_get(&call->params, "limit"), &n)
        && n > ET_ISSUES_MAX)
    {
        *limit = ET_ISSUES_MAX;
        return 1;
    }

    return et_call_number(call, "limit", 1, ET_ISSUES_MAX, limit);
}


/* Without a query it is "is:unresolved", as Sentry has it. */

static int
et_issues_search(et_call_t *call, et_errors_filter_t *filter)
{
    et_slice_t   query;
    const char  *error;

    query = et_params_get(&call->params, "query");

    if (query.data == NULL) {
        query = et_slice("is:unresolved", 13);
    }

    error = et_search_parse(call->arena, query, &filter->search);

    if (error == NULL) {
        error = et_errors_search_check(call, &filter->search);
    }

    return et_call_searched(call, error);
}


/* The time that issues were seen in. */

static int
et_issues_times(et_call_t *call, et_errors_filter_t *filter,
    et_sentry_place_t place)
{
    int64_t  now, period;

    if (!et_call_between(call, &filter->since, &filter->until)) {
        return 0;
    }

    period = 0;

    if (place == ET_SENTRY_PROJECT) {
        return 1;
    }

    if (!et_call_period(call, "statsPeriod", &period)) {
        return 0;
    }

    if (period != 0 && et_params_get(&call->params, "start").len == 0) {
        now = filter->cursor.given ? filter->cursor.asof : call->now;
        filter->since = now > period ? now - period : 1;
    }

    return 1;
}


/* PUT /projects/{o}/{p}/issues/ */

et_call_rc_t
et_sentry_update_project_issues(et_call_t *call)
{
    return et_issues_bulk(call, ET_SENTRY_PROJECT, 0);
}


/* PUT /organizations/{o}/issues/ */

et_call_rc_t
et_sentry_update_organization_issues(et_call_t *call)
{
    return et_issues_bulk(call, ET_SENTRY_ORGANIZATION, 0);
}


/* DELETE /projects/{o}/{p}/issues/ */

et_call_rc_t
et_sentry_delete_project_issues(et_call_t *call)
{
    return et_issues_bulk(call, ET_SENTRY_PROJECT, 1);
}


/* DELETE /organizations/{o}/issues/ */

et_call_rc_t
et_sentry_delete_organization_issues(et_call_t *call)
{
    return et_issues_bulk(call, ET_SENTRY_ORGANIZATION, 1);
}


static et_call_rc_t
et_issues_bulk(et_call_t *call, et_sentry_place_t place, int deleting)
{
    et_bulk_t      *bulk;
    et_call_rc_t    rc;
    et_decision_t   decision;

    bulk = et_call_state(call, sizeof(et_bulk_t));
    if (bulk == NULL) {
        return et_call_no_memory(call);
    }

    if (call->step == 0) {
        if (!deleting && !et_sentry_decision(call, &decision)) {
            return ET_CALL_ANSWERED;
        }

        et_sentry_ask(call);

        return ET_CALL_ASK;
    }

    switch (bulk->state) {

    case ET_BULK_BEGIN:
        if (!et_sentry_read_projects(call, call->answers[0], place,
                                     &bulk->sentry))
        {
            return ET_CALL_ANSWERED;
        }

        return et_issues_bulk_begin(call, bulk, deleting);

    case ET_BULK_IDS:
        if (!et_issues_bulk_read_ids(call, bulk)) {
            return ET_CALL_ANSWERED;
        }

        return et_issues_bulk_apply(call, bulk, deleting);

    case ET_BULK_LIST:
        rc = et_errors_step(call, call->answers, &bulk->filter, &bulk->list);

        if (rc != ET_CALL_READ) {
            return rc;
        }

        if (!et_issues_bulk_read_list(call, bulk)) {
            return ET_CALL_ANSWERED;
        }

        return et_issues_bulk_apply(call, bulk, deleting);

    case ET_BULK_DELETE:
        return et_issues_bulk_apply(call, bulk, deleting);

    default:
        return et_issues_bulk_answer(call);
    }
}


/* "id", which may be repeated, or "query", or "status", as sentry-cli has it.
 * Without any, a project's are all meant, as sentry-cli does; but nobody deletes
 * them, or decides about all of an organization's, by mistake. */

static et_call_rc_t
et_issues_bulk_begin(et_call_t *call, et_bulk_t *bulk, int deleting)
{
    unsigned             status;
    et_slice_t           query;
    et_errors_filter_t  *filter;

    static const char *const  statuses[] = {
        "unresolved", "resolved", "ignored", "muted", NULL
    };

    if (et_params_get(&call->params, "id").data != NULL) {
        return et_issues_bulk_ids(call, bulk) ? ET_CALL_ASK
                                              : ET_CALL_ANSWERED;
    }

    filter = &bulk->filter;
    filter->projects = bulk->sentry.ids;
    filter->nprojects = bulk->sentry.nids;
    filter->limit = ET_ISSUES_BULK;
    filter->bare = 1;

    status = ET_BULK_ANY;
    query = et_params_get(&call->params, "query");

    if (!et_call_choice(call, "status", statuses, &status)
        || (query.data != NULL && !et_issues_search(call, filter))
        || !et_call_texts(call, "environment", &filter->environments,
                          &filter->nenvironments))
    {
        return ET_CALL_ANSWERED;
    }

    if (status != ET_BULK_ANY) {
        filter->search.status = status == 3 ? ET_STATUS_IGNORED
                                            : (et_status_t)
                                              (ET_STATUS_UNRESOLVED + status);
        filter->search.not_status = 0;

    } else if (query.len == 0 && (deleting || bulk->sentry.project == NULL)) {
        return et_call_fail(call, 400, "id or query is missing");
    }

    bulk->state = ET_BULK_LIST;

    (void) et_errors_step(call, NULL, filter, &bulk->list);

    return ET_CALL_ASK;
}


static int
et_issues_bulk_ids(et_call_t *call, et_bulk_t *bulk)
{
    size_t       i, n;
    uint64_t    *ids;
    et_sql_t    *query;
    et_slice_t   value;

    ids = et_arena_alloc(call->arena, ET_PARAMS_MAX * sizeof(uint64_t));
    if (ids == NULL) {
        et_call_no_memory(call);
        return 0;
    }

    i = 0;
    n = 0;

    while (et_params_next(&call->params, "id", &i, &value)) {

        if (!et_issue_parse(value, &ids[n++])) {
            et_call_fail(call, 400, "id has to be an issue's");
            return 0;
        }
    }

    query = et_call_query(call, ET_SQL_ISSUES_COLUMNS);

    et_sql_add(query, ET_SQL_ISSUES);
    et_sql_u64s(query, "projects", bulk->sentry.ids, bulk->sentry.nids);
    et_sql_u64s(query, "issues", ids, n);

    bulk->state = ET_BULK_IDS;

    return 1;
}


static int
et_issues_bulk_read_ids(et_call_t *call, et_bulk_t *bulk)
{
    size_t       max;
    et_result_t  result;

    max = ET_ISSUES_BULK;

    bulk->projects = et_arena_alloc(call->arena, max * sizeof(uint64_t));
    bulk->fingerprints = et_arena_alloc(call->arena, max * sizeof(uint64_t));

    if (bulk->projects == NULL || bulk->fingerprints == NULL) {
        et_call_no_memory(call);
        return 0;
    }

    et_result_open(&result, ET_SQL_ISSUES_COLUMNS, call->answers[0]);

    while (bulk->n < max && et_result_next(&result)) {
        bulk->projects[bulk->n] = result.row[0].u;
        bulk->fingerprints[bulk->n++] = result.row[1].u;
    }

    if (result.bad) {
        et_call_unreadable(call);
        return 0;
    }

    return 1;
}


static int
et_issues_bulk_read_list(et_call_t *call, et_bulk_t *bulk)
{
    size_t  i;

    bulk->n = bulk->list.n;
    bulk->projects = et_arena_alloc(call->arena,
                                    (bulk->n + 1) * sizeof(uint64_t));
    bulk->fingerprints = et_arena_alloc(call->arena,
                                        (bulk->n + 1) * sizeof(uint64_t));

    if (bulk->projects == NULL || bulk->fingerprints == NULL) {
        et_call_no_memory(call);
        return 0;
    }

    for (i = 0; i < bulk->n; i++) {
        bulk->projects[i] = bulk->list.items[i].project;
        bulk->fingerprints[i] = bulk->list.items[i].fingerprint;
    }

    return 1;
}


static et_call_rc_t
et_issues_bulk_apply(et_call_t *call, et_bulk_t *bulk, int deleting)
{
    et_decision_t  decision;

    if (bulk->n == 0) {
        return et_call_empty(call, 204);
    }

    if (deleting) {
        bulk->state = ET_BULK_DELETE;

        switch (et_delete_errors(call, &bulk->phase, bulk->projects,
                                 bulk->fingerprints, bulk->n))
        {
        case -1:
            return ET_CALL_ASK;

        case 0:
            return ET_CALL_ANSWERED;

        default:
            return et_call_empty(call, 204);
        }
    }

    if (!et_sentry_decision(call, &decision)) {
        return ET_CALL_ANSWERED;
    }

    bulk->state = ET_BULK_DONE;

    if (decision.status == ET_STATUS_ANY && decision.assigned_to.data == NULL)
    {
        return et_issues_bulk_answer(call);
    }

    et_decide(call, &decision, bulk->projects, bulk->fingerprints, bulk->n);

    return ET_CALL_ASK;
}


/* What was decided, as it is of each. */

static et_call_rc_t
et_issues_bulk_answer(et_call_t *call)
{
    cJSON          *root, *details;
    et_decision_t   decision;

    if (!et_sentry_decision(call, &decision)) {
        return ET_CALL_ANSWERED;
    }

    root = cJSON_CreateObject();

    if (decision.status != ET_STATUS_ANY) {
        et_out_str(root, "status", et_status_name(decision.status));
        details = et_out_object(root, "statusDetails");

        if (decision.next_release) {
            et_out_bool(details, "inNextRelease", 1);

        } else if (decision.release.len != 0) {
            et_out_str(details, "inRelease", decision.release);
        }

        if (decision.until != 0) {
            et_out_time(details, "ignoreUntil", decision.until);
        }

        if (decision.count != 0) {
            et_out_u64(details, "ignoreCount", decision.count);
        }

        if (decision.users != 0) {
            et_out_u64(details, "ignoreUserCount", decision.users);
        }
    }

    return et_call_json(call, 200, root);
}
