/*
 * Sentry's Discover: organizations/{o}/events/, events-stats/ and
 * events-timeseries/; and stats_v2/.
 */

#ifndef ET_SENTRY_DISCOVER_H
#define ET_SENTRY_DISCOVER_H

#include "et_call.h"


et_call_rc_t et_sentry_discover_events(et_call_t *call);
et_call_rc_t et_sentry_discover_stats(et_call_t *call);
et_call_rc_t et_sentry_discover_timeseries(et_call_t *call);

/* organizations/{o}/stats_v2/ */
et_call_rc_t et_sentry_stats(et_call_t *call);


#endif /* ET_SENTRY_DISCOVER_H */
