/*
 * The end: no event loop is left, and what the zone still holds is posted
 * with libcurl within a deadline, else written to the spool.
 *
 * The master does this, as the last of all processes (NGINX kills workers
 * that take more than a second to stop); a single process does it itself.
 */

#ifndef NGX_HTTP_ERRORTRACKING_EXIT_H
#define NGX_HTTP_ERRORTRACKING_EXIT_H

#include "ngx_http_errortracking.h"


/*
 * Posts until the deadline (ngx_current_msec).  last: nobody comes after this
 * process, so what can't be delivered is lost; else it is handed over.
 */
void ngx_http_errortracking_exit_zone(ngx_cycle_t *cycle,
    ngx_http_errortracking_zone_t *zone, ngx_msec_t deadline, ngx_uint_t last);

/*
 * A worker that quits writes to the spool what it can't wait for any longer.
 * Where a reload has changed the zone's size the memory is known to its
 * workers alone, so the last of them does what else is the master's.
 */
void ngx_http_errortracking_exit_worker(ngx_cycle_t *cycle,
    ngx_http_errortracking_zone_t *zone);


#endif /* NGX_HTTP_ERRORTRACKING_EXIT_H */
