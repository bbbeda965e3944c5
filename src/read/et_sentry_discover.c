/*
 * Sentry's Discover: events as rows, or in groups.
 */

#include "et_discover.h"
#include "et_offset.h"
#include "et_sentry.h"
#include "et_sentry_discover.h"
#include "et_sentry_logs.h"


#define ET_DISCOVER_PAGE      50
#define ET_DISCOVER_MAX_PAGE  100


typedef struct {
    et_sentry_t    sentry;
    et_discover_t  discover;
} et_discover_events_t;


static int et_discover_events_parse(et_call_t *call,
    et_discover_events_t *events);
static et_call_rc_t et_discover_events_answer(et_call_t *call,
    const et_discover_events_t *events);
static void et_discover_events_meta(cJSON *root,
    const et_discover_t *discover);


et_call_rc_t
et_sentry_discover_events(et_call_t *call)
{
    et_discover_t         *discover;
    et_discover_events_t  *events;

    if (et_slice_eq(et_params_get(&call->params, "dataset"),
                    et_slice("logs", 4)))
    {
        return et_sentry_logs(call);
    }

    events = et_call_state(call, sizeof(et_discover_events_t));
    if (events == NULL) {
        return et_call_no_memory(call);
    }

    discover = &events->discover;

    switch (call->step) {

    case 0:
        if (!et_discover_events_parse(call, events)) {
            return ET_CALL_ANSWERED;
        }

        et_sentry_ask(call);

        return ET_CALL_ASK;

    case 1:
        if (!et_sentry_read_projects(call, call->answers[0],
                                     ET_SENTRY_ORGANIZATION, &events->sentry))
        {
            return ET_CALL_ANSWERED;
        }

        discover->projects = events->sentry.ids;
        discover->nprojects = events->sentry.nids;

        et_discover_ask(call, discover, ET_DISCOVER_ALL, 0);

        return ET_CALL_ASK;
    }

    return et_discover_events_answer(call, events);
}


static int
et_discover_events_parse(et_call_t *call, et_discover_events_t *events)
{
    size_t          i;
    unsigned        dataset;
    et_slice_t      name;
    et_discover_t  *discover;

    static const char *const  datasets[] = { "discover", "errors", NULL };

    discover = &events->discover;
    discover->limit = ET_DISCOVER_PAGE;
    dataset = 0;

    if (!et_call_choice(call, "dataset", datasets, &dataset)
        || !et_discover_parse(call, discover)
        || !et_call_offset(call, ET_DISCOVER_MAX_PAGE, &discover->limit,
                           &discover->offset))
    {
        return 0;
    }

    i = 0;

    while (et_params_next(&call->params, "field", &i, &name)) {
        if (name.len != 0 && et_discover_field(call, discover, name) == -1) {
            return 0;
        }
    }

    if (discover->nfields == 0) {
        et_call_fail(call, 400, "field is missing");
        return 0;
    }

    for (i = 0; i < discover->nfields; i++) {
        if (discover->fields[i].function != NULL) {
            break;
        }
    }

    /* rows say which event they are */

    if (i == discover->nfields
        && (et_discover_field(call, discover, et_slice("id", 2)) == -1
            || et_discover_field(call, discover,
                                 et_slice("project.name", 12)) == -1))
    {
        return 0;
    }

    /* one more row says whether there is another page */

    if (!et_discover_sort(call, discover,
                          et_params_get(&call->params, "sort"))
        || !et_discover_ready(call, discover))
    {
        return 0;
    }

    discover->limit++;

    return 1;
}


static et_call_rc_t
et_discover_events_answer(et_call_t *call, const et_discover_events_t *events)
{
    size_t                      i;
    cJSON                      *root, *list, *item;
    uint64_t                    n, limit;
    et_result_t                 result;
    const et_discover_t        *discover;
    const et_discover_field_t  *field;

    discover = &events->discover;
    limit = discover->limit - 1;
    n = 0;

    root = cJSON_CreateObject();
    list = et_out_array(root, "data");

    et_result_open(&result, et_discover_columns(call, discover,
                                                ET_DISCOVER_ALL, 0),
                   call->answers[0]);

    while (et_result_next(&result) && ++n <= limit) {
        item = cJSON_CreateObject();

        for (i = 0; i < discover->nfields; i++) {
            field = &discover->fields[i];

            if (!field->hidden) {
                et_out_named(item, field->name,
                             et_discover_value(call, field, &result.row[i],
                                               &events->sentry.projects));
            }
        }

        cJSON_AddItemToArray(list, item);
    }

    if (result.bad) {
        return et_call_unreadable(call);
    }

    et_discover_events_meta(root, discover);
    et_call_link_offset(call, limit, discover->offset, n > limit);

    return et_call_json(call, 200, root);
}


static void
et_discover_events_meta(cJSON *root, const et_discover_t *discover)
{
    size_t                      i;
    cJSON                      *meta, *fields;
    const et_discover_field_t  *field;

    meta = et_out_object(root, "meta");
    fields = et_out_object(meta, "fields");

    for (i = 0; i < discover->nfields; i++) {
        field = &discover->fields[i];

        if (!field->hidden) {
            et_out_named(fields, field->name,
                         cJSON_CreateStringReference(
                                                et_discover_type(field)));
        }
    }

    et_out_object(meta, "units");
    et_out_bool(meta, "isMetricsData", 0);
    et_out_text(meta, "dataset", "errors");
}
