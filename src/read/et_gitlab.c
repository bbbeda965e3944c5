/*
 * GitLab's errortracking-api: errors, their events, messages, deletion.
 *
 * Keys and their casing are the client's (it has both project_id and
 * projectId), sorts and periods too.
 */

#include "et_decide.h"
#include "et_delete.h"
#include "et_errors.h"
#include "et_events.h"
#include "et_gitlab.h"
#include "et_gitlab_v2.h"
#include "et_json.h"
#include "et_out.h"


#define ET_GITLAB_PAGE      20
#define ET_GITLAB_MAX_PAGE  100


typedef struct {
    uint64_t             project;
    uint64_t             fingerprint;
    et_errors_filter_t   filter;
    et_errors_t          list;
    et_buckets_t         buckets;
    et_slice_t           period;       /* the key of the frequency */
} et_gitlab_t;

typedef struct {
    const char  *name;
    int64_t      minutes;
} et_gitlab_period_t;


static et_call_rc_t et_gitlab_errors(et_call_t *call);
static int et_gitlab_errors_parse(et_call_t *call, et_gitlab_t *gitlab);
static int et_gitlab_period(et_call_t *call, const char *name,
    const et_gitlab_period_t *periods, const et_gitlab_period_t **period);
static et_call_rc_t et_gitlab_error(et_call_t *call);
static et_call_rc_t et_gitlab_update(et_call_t *call);
static int et_gitlab_update_parse(et_call_t *call, et_decision_t *decision);
static et_gitlab_t *et_gitlab_one(et_call_t *call);
static et_call_rc_t et_gitlab_one_answer(et_call_t *call,
    et_gitlab_t *gitlab);
static et_call_rc_t et_gitlab_events(et_call_t *call);
static et_call_rc_t et_gitlab_events_answer(et_call_t *call,
    const et_events_t *list);
static et_call_rc_t et_gitlab_messages(et_call_t *call);
static et_call_rc_t et_gitlab_delete(et_call_t *call);
static cJSON *et_gitlab_error_json(const et_gitlab_t *gitlab,
    const et_error_t *error);
static void et_gitlab_names(cJSON *object, et_slice_t type, et_slice_t value,
    et_slice_t message);


const et_operation_t  et_gitlab_operations[] = {
    { "list_errors", ET_VERB_GET, "projects/*/errors", et_gitlab_errors,
      ET_SCOPE_ANY },
    { "get_error", ET_VERB_GET, "projects/*/errors/*", et_gitlab_error,
      ET_SCOPE_ANY },
    { "update_error", ET_VERB_PUT, "projects/*/errors/*",
      et_gitlab_update, ET_SCOPE_ANY },
    { "list_events", ET_VERB_GET, "projects/*/errors/*/events",
      et_gitlab_events, ET_SCOPE_ANY },
    { "list_messages", ET_VERB_GET, "projects/*/messages",
      et_gitlab_messages, ET_SCOPE_ANY },
    { "delete_project", ET_VERB_DELETE, "projects/*", et_gitlab_delete,
      ET_SCOPE_ANY },
    { "list_errors_v2", ET_VERB_GET, "api/0/organizations/*/issues",
      et_gitlab_issues, ET_SCOPE_ANY },
    { "list_projects", ET_VERB_GET, "api/0/organizations/*/projects",
      et_gitlab_projects, ET_SCOPE_ANY },
    { "get_stats_v2", ET_VERB_GET, "api/0/organizations/*/stats_v2",
      et_gitlab_stats, ET_SCOPE_ANY },
    { NULL, ET_VERB_GET, NULL, NULL, 0 }
};


static const et_gitlab_period_t  et_gitlab_stats_periods[] = {
    { "24h", 24 * 60 },
    { "15m", 15 },
    { "30m", 30 },
    { "1h", 60 },
    { "7d", 7 * 24 * 60 },
    { "14d", 14 * 24 * 60 },
    { "30d", 30 * 24 * 60 },
    { NULL, 0 }
};

static const et_gitlab_period_t  et_gitlab_query_periods[] = {
    { "30d", 30 * 24 * 60 },
    { "15m", 15 },
    { "30m", 30 },
    { "1h", 60 },
    { "1d", 24 * 60 },
    { "7d", 7 * 24 * 60 },
    { "14d", 14 * 24 * 60 },
    { NULL, 0 }
};


/* GET projects/{id}/errors */

static et_call_rc_t
et_gitlab_errors(et_call_t *call)
{
    size_t        i;
    cJSON        *root;
    et_call_rc_t  rc;
    et_gitlab_t  *gitlab;

    gitlab = et_call_state(call, sizeof(et_gitlab_t));
    if (gitlab == NULL) {
        return et_call_no_memory(call);
    }

    if (call->step == 0 && !et_gitlab_errors_parse(call, gitlab)) {
        return ET_CALL_ANSWERED;
    }

    rc = et_errors_step(call, call->answers, &gitlab->filter, &gitlab->list);

    if (rc != ET_CALL_READ) {
        return rc;
    }

    root = cJSON_CreateArray();

    for (i = 0; i < gitlab->list.n; i++) {
        cJSON_AddItemToArray(root, et_gitlab_error_json(gitlab,
                                                   &gitlab->list.items[i]));
    }

    et_errors_link(call, &gitlab->filter, &gitlab->list);

    return et_call_json(call, 200, root);
}


static int
et_gitlab_errors_parse(et_call_t *call, et_gitlab_t *gitlab)
{
    int64_t                    now;
    unsigned                   sort, status;
    et_errors_filter_t        *filter;
    const et_gitlab_period_t  *stats, *query;

    static const char *const  sorts[] = {
        "last_seen_desc", "first_seen_desc", "frequency_desc", NULL
    };
    static const char *const  statuses[] = {
        "unresolved", "resolved", "ignored", NULL
    };

    filter = &gitlab->filter;
    filter->limit = ET_GITLAB_PAGE;
    sort = 0;
    status = 0;

    if (!et_call_segment(call, 0, UINT64_MAX, &gitlab->project)
        || !et_call_choice(call, "sort", sorts, &sort)
        || !et_call_choice(call, "status", statuses, &status)
        || !et_call_number(call, "limit", 1, ET_GITLAB_MAX_PAGE,
                           &filter->limit)
        || !et_call_cursor(call, &filter->cursor)
        || !et_gitlab_period(call, "statsPeriod", et_gitlab_stats_periods,
                             &stats)
        || !et_gitlab_period(call, "queryPeriod", et_gitlab_query_periods,
                             &query))
    {
        return 0;
    }

    filter->projects = &gitlab->project;
    filter->nprojects = 1;
    filter->brief = 1;
    filter->sort = ET_SORT_LAST_SEEN + sort;
    filter->search.status = ET_STATUS_UNRESOLVED + status;
    filter->search.text = et_params_get(&call->params, "query");

    now = filter->cursor.given ? filter->cursor.asof : call->now;
    filter->since = now - query->minutes * 60 * 1000000;

    if (filter->since < 1) {
        filter->since = 1;
    }

    gitlab->period = et_slice_str(stats->name);
    et_buckets_of(&filter->buckets, stats->minutes * 60 * 1000000, call->now);

    return 1;
}


static int
et_gitlab_period(et_call_t *call, const char *name,
    const et_gitlab_period_t *periods, const et_gitlab_period_t **period)
{
    unsigned     i, choice;
    const char  *names[16];

    for (i = 0; periods[i].name != NULL; i++) {
        names[i] = periods[i].name;
    }

    names[i] = NULL;
    choice = 0;

    if (!et_call_choice(call, name, names, &choice)) {
        return 0;
    }

    *period = &periods[choice];

    return 1;
}


/* GET projects/{id}/errors/{fingerprint} */

static et_call_rc_t
et_gitlab_error(et_call_t *call)
{
    et_gitlab_t  *gitlab;

    gitlab = et_gitlab_one(call);
    if (gitlab == NULL) {
        return ET_CALL_ANSWERED;
    }

    if (call->step == 0) {
        et_errors_ask_one(call, &gitlab->project, &gitlab->fingerprint,
                          &gitlab->buckets);
        return ET_CALL_ASK;
    }

    return et_gitlab_one_answer(call, gitlab);
}


/* PUT projects/{id}/errors/{fingerprint} */

static et_call_rc_t
et_gitlab_update(et_call_t *call)
{
    et_gitlab_t    *gitlab;
    et_decision_t   decision;

    gitlab = et_gitlab_one(call);
    if (gitlab == NULL) {
        return ET_CALL_ANSWERED;
    }

    switch (call->step) {

    case 0:
        if (!et_gitlab_update_parse(call, &decision)) {
            return ET_CALL_ANSWERED;
        }

        et_decide(call, &decision, &gitlab->project, &gitlab->fingerprint, 1);
        return ET_CALL_ASK;

    case 1:
        et_errors_ask_one(call, &gitlab->project, &gitlab->fingerprint,
                          &gitlab->buckets);
        return ET_CALL_ASK;

    default:
        return et_gitlab_one_answer(call, gitlab);
    }
}


static int
et_gitlab_update_parse(et_call_t *call, et_decision_t *decision)
{
    cJSON       *root;
    et_slice_t   status;

    memset(decision, 0, sizeof(et_decision_t));

    if (!et_call_body(call, &root)) {
        return 0;
    }

    if (root == NULL) {
        et_call_fail(call, 400, "the body has to be JSON such as "
                     "{\\\"status\\\": \\\"resolved\\\"}");
        return 0;
    }

    status = et_json_str(et_json_get(root, "status"));

    for (decision->status = ET_STATUS_UNRESOLVED;
         decision->status <= ET_STATUS_IGNORED;
         decision->status++)
    {
        if (et_slice_eq(status, et_status_name(decision->status))) {
            break;
        }
    }

    if (decision->status > ET_STATUS_IGNORED) {
        et_call_fail(call, 400, "status has to be one of unresolved, "
                     "resolved, ignored");
        return 0;
    }

    decision->by = et_json_text(call->arena,
                                et_json_get(root, "updated_by_id"));

    return 1;
}


/* What operations on one error begin with; NULL where the call is answered. */

static et_gitlab_t *
et_gitlab_one(et_call_t *call)
{
    et_gitlab_t  *gitlab;

    gitlab = et_call_state(call, sizeof(et_gitlab_t));
    if (gitlab == NULL) {
        et_call_no_memory(call);
        return NULL;
    }

    if (!et_call_segment(call, 0, UINT64_MAX, &gitlab->project)
        || !et_call_segment(call, 1, UINT64_MAX, &gitlab->fingerprint))
    {
        return NULL;
    }

    gitlab->period = et_slice("24h", 3);

    if (gitlab->buckets.n == 0) {
        et_buckets_of(&gitlab->buckets, INT64_C(86400) * 1000000, call->now);
    }

    return gitlab;
}


static et_call_rc_t
et_gitlab_one_answer(et_call_t *call, et_gitlab_t *gitlab)
{
    switch (et_errors_read_one(call, call->answers, gitlab->project,
                               gitlab->fingerprint, &gitlab->buckets,
                               &gitlab->list))
    {
    case -1:
        return ET_CALL_ASK;

    case 0:
        return ET_CALL_ANSWERED;
    }

    return et_call_json(call, 200,
                        et_gitlab_error_json(gitlab, gitlab->list.items));
}


/* GET projects/{id}/errors/{fingerprint}/events */

static et_call_rc_t
et_gitlab_events(et_call_t *call)
{
    unsigned             sort;
    et_call_rc_t         rc;
    et_events_t          list;
    et_events_filter_t  *filter;

    static const char *const  sorts[] = {
        "occurred_at_asc", "occurred_at_desc", NULL
    };

    filter = et_call_state(call, sizeof(et_events_filter_t));
    if (filter == NULL) {
        return et_call_no_memory(call);
    }

    if (call->step == 0) {
        sort = 0;
        filter->limit = ET_GITLAB_PAGE;

        if (!et_call_segment(call, 0, UINT64_MAX, &filter->project)
            || !et_call_segment(call, 1, UINT64_MAX, &filter->fingerprint)
            || !et_call_choice(call, "sort", sorts, &sort)
            || !et_call_number(call, "limit", 1, ET_GITLAB_MAX_PAGE,
                               &filter->limit)
            || !et_call_cursor(call, &filter->cursor))
        {
            return ET_CALL_ANSWERED;
        }

        filter->oldest_first = sort == 0;
        filter->one_payload = filter->limit == 1;
    }

    rc = et_events_step(call, filter, &list);

    if (rc != ET_CALL_READ) {
        return rc;
    }

    et_events_link(call, filter, &list);

    return et_gitlab_events_answer(call, &list);
}


static et_call_rc_t
et_gitlab_events_answer(et_call_t *call, const et_events_t *list)
{
    size_t           i;
    cJSON           *root, *item;
    et_event_row_t  *event;

    root = cJSON_CreateArray();

    for (i = 0; i < list->n; i++) {
        event = &list->items[i];
        item = cJSON_CreateObject();

        et_out_u64(item, "fingerprint", event->fingerprint);
        et_out_u64(item, "projectId", event->project);
        et_out_str(item, "payload", event->payload);
        et_gitlab_names(item, event->type, event->value, event->message);
        et_out_str(item, "actor", event->culprit);
        et_out_str(item, "environment", event->environment);
        et_out_str(item, "platform", event->platform);

        cJSON_AddItemToArray(root, item);
    }

    return et_call_json(call, 200, root);
}


/* GET projects/{id}/messages */

static et_call_rc_t
et_gitlab_messages(et_call_t *call)
{
    size_t           i;
    cJSON           *root, *item;
    uint64_t         project, limit;
    et_events_t      list;
    et_event_row_t  *event;

    limit = ET_GITLAB_PAGE;

    if (!et_call_segment(call, 0, UINT64_MAX, &project)
        || !et_call_number(call, "limit", 1, ET_GITLAB_MAX_PAGE, &limit))
    {
        return ET_CALL_ANSWERED;
    }

    if (call->step == 0) {
        et_messages_ask(call, project, limit);
        return ET_CALL_ASK;
    }

    if (!et_messages_read(call, call->answers[0], limit, &list)) {
        return ET_CALL_ANSWERED;
    }

    root = cJSON_CreateArray();

    for (i = 0; i < list.n; i++) {
        event = &list.items[i];
        item = cJSON_CreateObject();

        et_out_u64(item, "projectId", event->project);
        et_out_str(item, "eventId", event->id);
        et_out_time(item, "timestamp", event->timestamp);
        et_out_str(item, "level", event->level);
        et_out_str(item, "message", event->message.len != 0 ? event->message
                                                            : event->value);
        et_out_str(item, "release", event->release);
        et_out_str(item, "environment", event->environment);
        et_out_str(item, "platform", event->platform);

        cJSON_AddItemToArray(root, item);
    }

    return et_call_json(call, 200, root);
}


/* DELETE projects/{id} */

static et_call_rc_t
et_gitlab_delete(et_call_t *call)
{
    uint64_t  project;

    if (!et_call_segment(call, 0, UINT64_MAX, &project)) {
        return ET_CALL_ANSWERED;
    }

    return et_delete_project(call, project);
}


static cJSON *
et_gitlab_error_json(const et_gitlab_t *gitlab, const et_error_t *error)
{
    size_t               i;
    cJSON               *item, *stats, *frequency, *pair;
    const et_buckets_t  *buckets;

    item = cJSON_CreateObject();

    et_out_u64(item, "fingerprint", error->fingerprint);
    et_out_u64(item, "project_id", error->project);
    et_gitlab_names(item, error->type, error->value, error->message);
    et_out_str(item, "actor", error->culprit);
    et_out_u64(item, "event_count", error->n);
    et_out_u64(item, "approximated_user_count", error->users);
    et_out_time(item, "last_seen_at", error->last_seen);
    et_out_time(item, "first_seen_at", error->first_seen);
    et_out_str(item, "status", et_status_name(error->status));

    stats = et_out_object(item, "stats");
    stats = et_out_object(stats, "frequency");
    frequency = et_out_array(stats, gitlab->period.data);

    buckets = &gitlab->list.buckets;

    for (i = 0; i < buckets->n; i++) {
        pair = cJSON_CreateArray();

        cJSON_AddItemToArray(pair, et_new_u64((uint64_t) (buckets->from
                                    + (int64_t) i * buckets->step)));
        cJSON_AddItemToArray(pair, et_new_u64(error->counts[i]));
        cJSON_AddItemToArray(frequency, pair);
    }

    return item;
}


/* The client shows "name: description". */

static void
et_gitlab_names(cJSON *object, et_slice_t type, et_slice_t value,
    et_slice_t message)
{
    et_out_str(object, "name", type.len != 0 ? type : et_slice("Message", 7));
    et_out_str(object, "description", value.len != 0 ? value : message);
}
