/*
 * The counters of one worker, in shared memory.  Each is added to by its
 * worker alone, at most times; by two where a draining worker shares the
 * place with its successor, so every addition is atomic.  Readers sum over
 * the workers.  Counters live as long as the zone, over reloads and crashes.
 */

#ifndef NGX_HTTP_ERRORTRACKING_COUNTERS_H
#define NGX_HTTP_ERRORTRACKING_COUNTERS_H

#include "et_envelope.h"
#include "et_filter.h"
#include "et_gitlab_key.h"
#include "et_reason.h"
#include "et_route.h"


/* the statuses that requests are counted under; the last is any other */
#define NGX_HTTP_ERRORTRACKING_CODES  17

extern const unsigned  ngx_http_errortracking_codes[
    NGX_HTTP_ERRORTRACKING_CODES - 1];

/* upper bounds of a flush's duration, milliseconds; the last is infinity */
#define NGX_HTTP_ERRORTRACKING_BUCKETS  13

extern const unsigned  ngx_http_errortracking_buckets[
    NGX_HTTP_ERRORTRACKING_BUCKETS - 1];


/* why a batch was not taken */
typedef enum {
    NGX_HTTP_ERRORTRACKING_FAILED_CONNECT = 0,  /* refused, closed, 502 */
    NGX_HTTP_ERRORTRACKING_FAILED_TIMEOUT,
    NGX_HTTP_ERRORTRACKING_FAILED_EXCEPTION,    /* ClickHouse said why */
    NGX_HTTP_ERRORTRACKING_FAILED_STATUS,       /* any other status */
    NGX_HTTP_ERRORTRACKING_FAILED_INCOMPLETE,   /* an answer cut short */
    NGX_HTTP_ERRORTRACKING_FAILED_LOCAL,        /* no slot, no memory */
    NGX_HTTP_ERRORTRACKING_FAILURES
} ngx_http_errortracking_failure_e;

extern const char *const  ngx_http_errortracking_failure_names[
    NGX_HTTP_ERRORTRACKING_FAILURES];


/* whether an answer about a key was there */
typedef enum {
    NGX_HTTP_ERRORTRACKING_CACHE_HIT = 0,
    NGX_HTTP_ERRORTRACKING_CACHE_STALE,         /* a yes whose time is over */
    NGX_HTTP_ERRORTRACKING_CACHE_MISS,
    NGX_HTTP_ERRORTRACKING_CACHES
} ngx_http_errortracking_cache_e;


typedef struct {
    uint64_t  requests[ET_ENDPOINT_COUNT][NGX_HTTP_ERRORTRACKING_CODES];
    uint64_t  rejected[ET_REASON_COUNT];
    uint64_t  taken[ET_ITEM_TYPE_COUNT];
    uint64_t  skipped[ET_ITEM_TYPE_COUNT];
    uint64_t  filtered[ET_FILTER_COUNT];   /* events, by filter */
    uint64_t  limited[ET_ITEM_TYPE_COUNT];       /* over a quota */
    uint64_t  gitlab[ET_GITLAB_COUNT];           /* what it has answered */
    uint64_t  cache[NGX_HTTP_ERRORTRACKING_CACHES];

    uint64_t  accepted;            /* events, folded ones included */
    uint64_t  folded;              /* events without a body of their own */
    uint64_t  bytes_received;      /* bodies as they came */
    uint64_t  bytes_inflated;      /* the same, decompressed */

    uint64_t  rows_sent;           /* acknowledged by ClickHouse */
    uint64_t  bytes_sent;
    uint64_t  batches_sent;
    uint64_t  batches_retried;     /* sendings after the first */
    uint64_t  batches_failed[NGX_HTTP_ERRORTRACKING_FAILURES];
    uint64_t  taken_over;          /* segments of workers that died */

    uint64_t  batches_spooled;     /* written to the spool */
    uint64_t  rows_spooled;
    uint64_t  batches_replayed;    /* from the spool, acknowledged */
    uint64_t  rows_replayed;
    uint64_t  batches_set_aside;   /* that ClickHouse refused for good */
    uint64_t  files_damaged;
    uint64_t  spool_errors;

    uint64_t  flush_buckets[NGX_HTTP_ERRORTRACKING_BUCKETS];
    uint64_t  flush_msec;          /* sum of the durations */

    uint64_t  syncs;               /* of the journal, failures included */
    uint64_t  sync_failures;
    uint64_t  sync_buckets[NGX_HTTP_ERRORTRACKING_BUCKETS];
    uint64_t  sync_usec;
} ngx_http_errortracking_counters_t;


#define ngx_http_errortracking_add(counter, n)                                \
    (void) __atomic_fetch_add(&(counter), (uint64_t) (n), __ATOMIC_RELAXED)

#define ngx_http_errortracking_inc(counter)                                   \
    ngx_http_errortracking_add(counter, 1)


#endif /* NGX_HTTP_ERRORTRACKING_COUNTERS_H */
