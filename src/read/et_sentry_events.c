/*
 * Sentry's web API: the events of an issue and of a project, and one event.
 */

#include "et_sentry.h"
#include "et_sentry_event.h"
#include "et_sentry_events.h"
#include "et_sentry_issues.h"
#include "et_time.h"


#define ET_SENTRY_EVENTS  100  /* of a page, at the most and by default */


/* which of an issue's events is asked for */
typedef enum {
    ET_EVENT_BY_ID = 0,
    ET_EVENT_LATEST,
    ET_EVENT_OLDEST
} et_sentry_which_t;

typedef struct {
    et_sentry_t           sentry;
    et_events_filter_t    filter;
    et_discover_t         search;
    et_sentry_which_t     which;
    et_slice_t            id;
    et_event_row_t        event;
    unsigned              full:1;
    unsigned              placed:1;    /* projects, or the issue, are read */
    unsigned              found:1;     /* the event */
    unsigned              placed_beside:1;  /* and the ones beside it */
    et_sentry_beside_t    beside;
} et_sentry_events_t;

typedef struct {
    et_sentry_t           sentry;
    et_errors_t           list;
    et_buckets_t          buckets;
} et_sentry_short_t;


static et_call_rc_t et_sentry_list(et_call_t *call, et_sentry_place_t place,
    size_t segment);
static int et_sentry_list_parse(et_call_t *call, et_sentry_events_t *state);
static int et_sentry_list_search(et_call_t *call, et_sentry_events_t *state);
static et_call_rc_t et_sentry_list_answer(et_call_t *call,
    et_sentry_events_t *state, const et_events_t *list);
static et_call_rc_t et_sentry_of_issue(et_call_t *call,
    et_sentry_place_t place, size_t segment);
static int et_sentry_which(et_call_t *call, et_sentry_events_t *state,
    et_slice_t name);
static int et_sentry_event_found(et_call_t *call, et_sentry_events_t *state);
static et_call_rc_t et_sentry_of_project(et_call_t *call,
    et_sentry_place_t place, size_t segment);
static int et_sentry_known_id(et_call_t *call, et_slice_t id);
static cJSON *et_sentry_details(et_call_t *call, et_sentry_events_t *state);


et_call_rc_t
et_sentry_issue_events(et_call_t *call)
{
    return et_sentry_list(call, ET_SENTRY_ALL, 0);
}


et_call_rc_t
et_sentry_organization_issue_events(et_call_t *call)
{
    return et_sentry_list(call, ET_SENTRY_ORGANIZATION, 1);
}


et_call_rc_t
et_sentry_project_events(et_call_t *call)
{
    return et_sentry_list(call, ET_SENTRY_PROJECT, 0);
}


/* The segment is that of the issue, where the place is no project. */

static et_call_rc_t
et_sentry_list(et_call_t *call, et_sentry_place_t place, size_t segment)
{
    et_call_rc_t         rc;
    et_events_t          list;
    et_sentry_events_t  *state;

    state = et_call_state(call, sizeof(et_sentry_events_t));
    if (state == NULL) {
        return et_call_no_memory(call);
    }

    if (call->step == 0) {
        if (!et_sentry_list_parse(call, state)) {
            return ET_CALL_ANSWERED;
        }

        if (place == ET_SENTRY_PROJECT) {
            et_sentry_ask(call);

        } else {
            et_sentry_ask_issue(call, segment);
        }

        return ET_CALL_ASK;
    }

    if (!state->placed) {
        state->placed = 1;

        if (place == ET_SENTRY_PROJECT) {
            if (!et_sentry_read(call, call->answers[0], place,
                                &state->sentry))
            {
                return ET_CALL_ANSWERED;
            }

            state->filter.whole_project = 1;

        } else {
            if (!et_sentry_read_issue(call, call->answers, place,
                                      &state->sentry))
            {
                return ET_CALL_ANSWERED;
            }

            state->filter.fingerprint = state->sentry.fingerprint;
            state->filter.span = state->sentry.span;
        }

        state->filter.project = state->sentry.project->id;
        state->search.projects = &state->filter.project;
        state->search.nprojects = 1;
    }

    rc = et_events_step(call, &state->filter, &list);

    return rc == ET_CALL_READ ? et_sentry_list_answer(call, state, &list) : rc;
}


static int
et_sentry_list_parse(et_call_t *call, et_sentry_events_t *state)
{
    unsigned  full;

    static const char *const  yes[] = {
        "0", "false", "1", "true", NULL
    };

    full = 0;

    state->filter.limit = ET_SENTRY_EVENTS;

    if (!et_call_choice(call, "full", yes, &full)
        || !et_call_number(call, "limit", 1, ET_SENTRY_EVENTS,
                           &state->filter.limit)
        || !et_call_number(call, "per_page", 1, ET_SENTRY_EVENTS,
                           &state->filter.limit)
        || !et_call_cursor_sentry(call, &state->filter.cursor))
    {
        return 0;
    }

    state->full = full >= 2;
    state->filter.wide = 1;
    state->filter.no_payload = !state->full;

    return et_sentry_list_search(call, state);
}


/* query, environment, and a period, where one of them is given; without a
 * period it is all of time. */

static int
et_sentry_list_search(et_call_t *call, et_sentry_events_t *state)
{
    size_t  i, given;

    static const char *const  names[] = {
        "start", "end", "statsPeriod", "query", "environment"
    };

    given = 0;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (et_params_get(&call->params, names[i]).len != 0) {
            given |= i < 3 ? 3 : 1;
        }
    }

    if (given == 0) {
        return 1;
    }

    if (!et_discover_parse(call, &state->search)) {
        return 0;
    }

    if (given == 1) {
        state->search.from = 0;
        state->search.to = ET_EVENTS_END;
    }

    state->filter.found = &state->search;

    return 1;
}


static et_call_rc_t
et_sentry_list_answer(et_call_t *call, et_sentry_events_t *state,
    const et_events_t *list)
{
    size_t                 i;
    cJSON                 *root;
    const et_event_row_t  *event;

    root = cJSON_CreateArray();

    for (i = 0; i < list->n; i++) {
        event = &list->items[i];

        cJSON_AddItemToArray(root, state->full
                             ? et_sentry_event(call->arena, event, NULL)
                             : et_sentry_event_item(call->arena, event));
    }

    et_events_link_sentry(call, list);

    return et_call_json(call, 200, root);
}


et_call_rc_t
et_sentry_issue_event(et_call_t *call)
{
    return et_sentry_of_issue(call, ET_SENTRY_ALL, 0);
}


et_call_rc_t
et_sentry_organization_issue_event(et_call_t *call)
{
    return et_sentry_of_issue(call, ET_SENTRY_ORGANIZATION, 1);
}


static et_call_rc_t
et_sentry_of_issue(et_call_t *call, et_sentry_place_t place, size_t segment)
{
    et_sentry_events_t  *state;

    state = et_call_state(call, sizeof(et_sentry_events_t));
    if (state == NULL) {
        return et_call_no_memory(call);
    }

    if (call->step == 0) {
        if (!et_sentry_which(call, state, call->segments[segment + 1])) {
            return ET_CALL_ANSWERED;
        }

        et_sentry_ask_issue(call, segment);

        return ET_CALL_ASK;
    }

    if (!state->placed) {
        if (!et_sentry_read_issue(call, call->answers, place,
                                  &state->sentry))
        {
            return ET_CALL_ANSWERED;
        }

        state->filter.project = state->sentry.project->id;
        state->filter.fingerprint = state->sentry.fingerprint;
        state->filter.span = state->sentry.span;
    }

    if (!state->found) {
        switch (et_sentry_event_found(call, state)) {

        case -1:
            return ET_CALL_ASK;

        case 0:
            return ET_CALL_ANSWERED;
        }

        state->found = 1;

        if (!state->placed_beside) {
            et_event_ask_beside(call, &state->event);

            return ET_CALL_ASK;
        }
    }

    return et_call_json(call, 200, et_sentry_details(call, state));
}


/* An event's id, or one of the names that stand for one. */

static int
et_sentry_which(et_call_t *call, et_sentry_events_t *state, et_slice_t name)
{
    size_t  i;

    static const struct {
        et_slice_t         name;
        et_sentry_which_t  which;
    } names[] = {
        { ET_SLICE("latest"), ET_EVENT_LATEST },
        { ET_SLICE("recommended"), ET_EVENT_LATEST },
        { ET_SLICE("oldest"), ET_EVENT_OLDEST }
    };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (et_slice_eq(name, names[i].name)) {
            state->which = names[i].which;
            state->filter.limit = 2;    /* it, and the one beside it */
            state->filter.wide = 1;
            state->filter.one_payload = 1;
            state->filter.oldest_first = state->which == ET_EVENT_OLDEST;
            return 1;
        }
    }

    state->id = name;

    return et_sentry_known_id(call, name);
}


/* The event: 1; 0 where the call is answered; -1 where something is asked. */

static int
et_sentry_event_found(et_call_t *call, et_sentry_events_t *state)
{
    et_slice_t   beside;
    et_events_t  list;

    if (state->which == ET_EVENT_BY_ID) {

        if (!state->placed) {
            state->placed = 1;

            et_event_ask(call, state->id, &state->filter.project, 1,
                         state->filter.fingerprint);
            return -1;
        }

        return et_event_read(call, call->answers[0], &state->event);
    }

    state->placed = 1;

    switch (et_events_step(call, &state->filter, &list)) {

    case ET_CALL_ASK:
        return -1;

    case ET_CALL_READ:
        break;

    default:
        return 0;
    }

    if (list.n == 0) {
        et_call_fail(call, 404, "none of the issue's events was kept with "
                     "its body");
        return 0;
    }

    state->event = list.items[0];

    /* the first or the last of all has one beside it, which is on the page */

    beside = list.n > 1 ? list.items[1].id : et_slice(NULL, 0);

    if (state->which == ET_EVENT_LATEST) {
        state->beside.previous = beside;

    } else {
        state->beside.next = beside;
    }

    state->placed_beside = 1;

    return 1;
}


et_call_rc_t
et_sentry_project_event(et_call_t *call)
{
    et_sentry_events_t  *state;
    et_call_rc_t         rc;

    rc = et_sentry_of_project(call, ET_SENTRY_PROJECT, 2);
    state = call->state;

    if (rc == ET_CALL_ASK || state == NULL || !state->found
        || call->status != 0)
    {
        return rc;
    }

    return et_call_json(call, 200, et_sentry_details(call, state));
}


et_call_rc_t
et_sentry_event_id(et_call_t *call)
{
    cJSON               *root;
    et_project_t        *project;
    et_call_rc_t         rc;
    et_sentry_events_t  *state;

    rc = et_sentry_of_project(call, ET_SENTRY_ORGANIZATION, 1);
    state = call->state;

    if (rc == ET_CALL_ASK || state == NULL || !state->found
        || call->status != 0)
    {
        return rc;
    }

    project = et_project_find(&state->sentry.projects, state->event.project);

    root = cJSON_CreateObject();

    et_out_str(root, "organizationSlug",
               et_sentry_organization(&state->sentry, project));
    et_out_str(root, "projectSlug",
               project == NULL ? et_slice("", 0) : project->slug);
    et_out_digits(root, "groupId", et_issue_id(state->event.project,
                                               state->event.fingerprint));
    et_out_str(root, "eventId", state->event.id);
    et_out_item(root, "event", et_sentry_details(call, state));

    return et_call_json(call, 200, root);
}


/* An event by its id: the projects, the event, those beside it. */

static et_call_rc_t
et_sentry_of_project(et_call_t *call, et_sentry_place_t place, size_t segment)
{
    et_sentry_events_t  *state;

    state = et_call_state(call, sizeof(et_sentry_events_t));
    if (state == NULL) {
        return et_call_no_memory(call);
    }

    switch (call->step) {

    case 0:
        if (!et_sentry_known_id(call, call->segments[segment])) {
            return ET_CALL_ANSWERED;
        }

        et_sentry_ask(call);

        return ET_CALL_ASK;

    case 1:
        if (!et_sentry_read(call, call->answers[0], place, &state->sentry)) {
            return ET_CALL_ANSWERED;
        }

        et_event_ask(call, call->segments[segment], state->sentry.ids,
                     state->sentry.nids, 0);

        return ET_CALL_ASK;

    case 2:
        if (!et_event_read(call, call->answers[0], &state->event)) {
            return ET_CALL_ANSWERED;
        }

        state->found = 1;

        et_event_ask_beside(call, &state->event);

        return ET_CALL_ASK;
    }

    return ET_CALL_ANSWERED;
}


static int
et_sentry_known_id(et_call_t *call, et_slice_t id)
{
    if (!et_event_id_known(id)) {
        et_call_fail(call, 404, "no such event: an id has 32 hexadecimal "
                     "digits");
        return 0;
    }

    return 1;
}


static cJSON *
et_sentry_details(et_call_t *call, et_sentry_events_t *state)
{
    if (!state->placed_beside
        && !et_event_read_beside(call, call->answers, &state->beside.next,
                                 &state->beside.previous))
    {
        /* it is of less worth than the event */

        memset(&state->beside, 0, sizeof(et_sentry_beside_t));
    }

    return et_sentry_event(call->arena, &state->event, &state->beside);
}


/* The issue of a short id, or of an id. */

et_call_rc_t
et_sentry_short_id(et_call_t *call)
{
    cJSON              *root;
    uint64_t            id;
    et_sentry_t        *sentry;
    et_sentry_short_t  *state;

    state = et_call_state(call, sizeof(et_sentry_short_t));
    if (state == NULL) {
        return et_call_no_memory(call);
    }

    sentry = &state->sentry;

    switch (call->step) {

    case 0:
        et_buckets_of(&state->buckets, INT64_C(86400) * ET_SECOND, call->now);
        et_sentry_ask_issue(call, 1);

        return ET_CALL_ASK;

    case 1:
        if (!et_sentry_read_issue(call, call->answers, ET_SENTRY_ORGANIZATION,
                                  sentry))
        {
            return ET_CALL_ANSWERED;
        }

        et_errors_ask_one(call, sentry->ids, &sentry->fingerprint,
                          &state->buckets);
        return ET_CALL_ASK;
    }

    switch (et_errors_read_one(call, call->answers, sentry->ids[0],
                               sentry->fingerprint, &state->buckets,
                               &state->list))
    {
    case -1:
        return ET_CALL_ASK;

    case 0:
        return ET_CALL_ANSWERED;
    }

    id = et_issue_id(sentry->project->id, sentry->fingerprint);

    root = cJSON_CreateObject();

    et_out_str(root, "organizationSlug",
               et_sentry_organization(sentry, sentry->project));
    et_out_str(root, "projectSlug", sentry->project->slug);
    et_out_digits(root, "groupId", id);
    et_out_short_id(call, root, "shortId", sentry->project, id);

    et_out_issue(call, et_out_object(root, "group"), sentry, sentry->project,
                 state->list.items, &state->list.buckets, "24h");

    return et_call_json(call, 200, root);
}
