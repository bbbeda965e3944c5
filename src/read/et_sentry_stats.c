/*
 * organizations/{o}/stats_v2/: what became of what was sent.
 */

#include "et_sentry.h"
#include "et_sentry_discover.h"
#include "et_stats.h"


et_call_rc_t
et_sentry_stats(et_call_t *call)
{
    et_sentry_t         sentry;
    et_stats_filter_t  *filter;

    filter = et_call_state(call, sizeof(et_stats_filter_t));
    if (filter == NULL) {
        return et_call_no_memory(call);
    }

    switch (call->step) {

    case 0:
        if (!et_stats_parse(call, filter)) {
            return ET_CALL_ANSWERED;
        }

        et_sentry_ask(call);

        return ET_CALL_ASK;

    case 1:
        if (!et_sentry_read_projects(call, call->answers[0],
                                     ET_SENTRY_ORGANIZATION, &sentry))
        {
            return ET_CALL_ANSWERED;
        }

        filter->projects = sentry.ids;
        filter->nprojects = sentry.nids;

        et_stats_ask(call, filter);

        return ET_CALL_ASK;
    }

    return et_stats_answer(call, call->answers[0], filter, "intervals",
                           "groups");
}
