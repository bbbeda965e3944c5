/*
 * Parameters that lists and charts have in common.
 */

#include "et_lists.h"
#include "et_time.h"


int
et_call_between(et_call_t *call, int64_t *start, int64_t *end)
{
    et_slice_t  first, last;

    first = et_params_get(&call->params, "start");
    last = et_params_get(&call->params, "end");

    if ((first.len != 0 && !et_time_parse(first, start))
        || (last.len != 0 && !et_time_parse(last, end)))
    {
        et_call_fail(call, 400, "start and end have to be times such as "
                     "2024-02-29T12:00:00");
        return 0;
    }

    return 1;
}


int
et_call_times(et_call_t *call, int64_t *from, int64_t *to)
{
    int64_t  period;

    period = 86400 * ET_SECOND;
    *from = 0;
    *to = call->now;

    if (!et_call_between(call, from, to)
        || !et_call_period(call, "statsPeriod", &period))
    {
        return 0;
    }

    if (et_params_get(&call->params, "start").len == 0) {
        *from = period < *to ? *to - period : 0;
    }

    if (*from >= *to) {
        et_call_fail(call, 400, "start has to be before end");
        return 0;
    }

    return 1;
}


int
et_call_texts(et_call_t *call, const char *name, const et_slice_t **values,
    size_t *n)
{
    size_t       i;
    et_slice_t   value, *items;

    items = et_arena_alloc(call->arena, ET_PARAMS_MAX * sizeof(et_slice_t));
    if (items == NULL) {
        et_call_no_memory(call);
        return 0;
    }

    i = 0;
    *n = 0;

    while (et_params_next(&call->params, name, &i, &value)) {
        if (value.len != 0) {
            items[(*n)++] = value;
        }
    }

    *values = items;

    return 1;
}


int
et_call_searched(et_call_t *call, const char *error)
{
    if (error == NULL) {
        return 1;
    }

    if (error[0] == '\0') {
        et_call_no_memory(call);

    } else {
        et_call_fail(call, 400, error);
    }

    return 0;
}
