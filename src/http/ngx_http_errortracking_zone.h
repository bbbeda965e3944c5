/*
 * The zone: shared memory that holds what was accepted until ClickHouse has
 * it.  Its design:
 *
 * The zone is a header, a block for each worker (its pid and counters), the
 * storm table, the quotas' buckets, GitLab's answers, and equal segments.  A segment's life:
 *
 *     free -> filling -> sealed -> sending -> free
 *
 * A worker fills two segments at a time, one with whole rows and one with
 * folded rows (the aggregate), and is the only writer of both.  Rows are
 * published by one release store of `published`; so a writer killed at any
 * instant leaves nothing half visible.
 *
 * With errortracking_ack disk a segment has its batch's number, and so its
 * token, from the moment it is taken, and is a batch alone.
 *
 * A batch is a set of sealed segments of any workers.  Its number and order
 * are in the segments' headers before its first byte is sent, so that whoever
 * sends it again sends the same bytes under the same token.
 *
 * The mutex is the zone's own slab mutex (NGINX unlocks it when its holder
 * dies) and is held for taking a free segment, forming a batch and taking
 * over a dead worker's segments; never for appending.  Every step under it
 * leaves the headers valid, should it be the last.
 *
 * A pid names a worker.  A dead worker's segments are found by their owner's
 * pid; where it has been given to another process meanwhile, they wait until
 * that one has ended, too.
 */

#ifndef NGX_HTTP_ERRORTRACKING_ZONE_H
#define NGX_HTTP_ERRORTRACKING_ZONE_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "et_aggregate.h"
#include "et_limit.h"
#include "et_storm.h"
#include "ngx_http_errortracking_again.h"
#include "ngx_http_errortracking_counters.h"
#include "ngx_http_errortracking_way.h"


/* changes with every change of what lies in the shared memory */
#define NGX_HTTP_ERRORTRACKING_LAYOUT        11

/* bytes */
#define NGX_HTTP_ERRORTRACKING_SEGMENT       (1280 * 1024)
#define NGX_HTTP_ERRORTRACKING_MIN_SEGMENT   (64 * 1024)
#define NGX_HTTP_ERRORTRACKING_MAX_SEGMENT   (64 * 1024 * 1024)

/* twice the workers during a reload, and some that were killed */
#define NGX_HTTP_ERRORTRACKING_WORKERS(n)    (2 * (n) + 4)

#define NGX_HTTP_ERRORTRACKING_STORM_SLOTS   8192

#define NGX_HTTP_ERRORTRACKING_LIMIT_SLOTS   8192

#define NGX_HTTP_ERRORTRACKING_ANSWER_SLOTS  4096

#define NGX_HTTP_ERRORTRACKING_ASKED_SLOTS   512

/* a worker fills two segments, and two batches are on their way */
#define NGX_HTTP_ERRORTRACKING_MIN_SEGMENTS(workers)  (2 * (workers) + 4)


typedef enum {
    NGX_HTTP_ERRORTRACKING_FREE = 0,
    NGX_HTTP_ERRORTRACKING_FILLING,
    NGX_HTTP_ERRORTRACKING_SEALED,
    NGX_HTTP_ERRORTRACKING_SENDING,
    NGX_HTTP_ERRORTRACKING_STATES
} ngx_http_errortracking_state_e;

extern const char *const  ngx_http_errortracking_state_names[
    NGX_HTTP_ERRORTRACKING_STATES];


typedef struct {
    uint32_t    state;
    int32_t     owner;             /* pid of who fills or sends it, or 0 */
    uint64_t    published;         /* rows << 32 | bytes, in one store */
    uint64_t    sequence;          /* the order of sealing */
    uint64_t    opened;            /* ngx_current_msec of its first row */
    uint64_t    batch;             /* while sending; or always: own_token */
    uint32_t    order;             /* in the batch */
    uint32_t    folded;            /* unsigned  folded:1; */
    char       *data;              /* the same address in every worker */
    uint32_t    own_token;         /* it is a batch alone, in the journal */
    uint32_t    journaled;         /* it may be sent: its worker's journal is
                                    * done with it, or it has none */
} ngx_http_errortracking_segment_t;

typedef struct {
    int32_t     pid;               /* 0: the block is nobody's */
    uint32_t    generation;        /* of the configuration it runs */

    ngx_http_errortracking_counters_t  counters;
} ngx_http_errortracking_worker_t;

typedef struct {
    uint32_t    layout;
    uint32_t    generation;        /* counts configurations */
    u_char      id[33];            /* random, hex: the first part of tokens */

    uint64_t    batch;             /* the last batch's number */
    uint64_t    sequence;

    int32_t     flusher;           /* pid of the worker with the flush role */
    uint64_t    flusher_seen;      /* ngx_current_msec of its last tick */

    ngx_http_errortracking_again_t  breaker;   /* no failures: ClickHouse takes
                                                * batches */
    uint64_t    retry_at;          /* ngx_current_msec of the next probe */
    uint32_t    busy;              /* as many batches as may be are sent */
    uint32_t    orphaned;          /* the master has no such memory any more */
    uint32_t    tls;               /* how batches are posted, as last seen */

    ngx_http_errortracking_way_t  way;

    uint32_t    schema_version;    /* of ClickHouse's; 0: not known */
    uint32_t    schema_generation; /* of the configuration that asked */
    uint64_t    schema_at;         /* ngx_current_msec of the next question */
    uint32_t    schema_said;       /* the log has it */

    uint64_t    spool_files;       /* as the flusher last saw them */
    uint64_t    spool_bytes;
    uint64_t    spool_oldest;      /* microseconds since 1970; 0: none */
    uint64_t    spool_failed;      /* files in failed/ */
    uint64_t    spool_damaged;
    uint64_t    journal_files;     /* the same of the journal */
    uint64_t    journal_bytes;

    ngx_uint_t  nworkers;
    ngx_uint_t  nsegments;
    size_t      segment_size;
    ngx_uint_t  hint;              /* where a free segment may be */

    ngx_http_errortracking_worker_t   *workers;
    et_storm_slot_t                   *storm;
    et_limit_slot_t                   *limits;
    et_answer_slot_t                  *answers;
    et_answer_slot_t                  *asked;   /* YES: a worker asks now, NO:
                                                 * it got no answer */
    u_char                             seed[ET_ANSWERS_SEED];
    ngx_http_errortracking_segment_t  *segments;
} ngx_http_errortracking_shm_t;


/* A segment that this worker fills. */
typedef struct {
    ngx_http_errortracking_segment_t  *segment;
    size_t                             used;     /* bytes written */
    uint32_t                           rows;
} ngx_http_errortracking_open_t;

typedef struct ngx_http_errortracking_flusher_s
    ngx_http_errortracking_flusher_t;
typedef struct ngx_http_errortracking_spool_s
    ngx_http_errortracking_spool_t;
typedef struct ngx_http_errortracking_replay_s
    ngx_http_errortracking_replay_t;
typedef struct ngx_http_errortracking_journal_s
    ngx_http_errortracking_journal_t;

typedef struct {
    ngx_str_t                          name;
    ngx_str_t                          conf_file;       /* of its directive */
    ngx_uint_t                         conf_line;
    ngx_shm_zone_t                    *shm_zone;
    ngx_http_errortracking_shm_t      *sh;
    ngx_slab_pool_t                   *shpool;

    size_t                             segment_size;
    size_t                             max_event_size;  /* of its locations */
    ngx_uint_t                         nworkers;
    uint32_t                           generation;

    ngx_http_errortracking_flusher_t  *flusher;
    ngx_http_errortracking_spool_t    *spool;           /* NULL: none */
    ngx_http_errortracking_replay_t   *replay;          /* with the spool */
    ngx_http_errortracking_journal_t  *journal;         /* with the spool */
    ngx_uint_t                         ack_disk;
    int                                lock;            /* the journal's; -1 */
    ngx_thread_pool_t                 *thread_pool;
    ngx_msec_t                         exit_timeout;
    ngx_str_t                          exit_url;

    /* this worker's */

    ngx_http_errortracking_worker_t   *worker;
    ngx_http_errortracking_open_t      rows;
    ngx_http_errortracking_open_t      folded;
    et_aggregate_t                    *aggregate;
} ngx_http_errortracking_zone_t;

typedef struct {
    uint64_t                           segments[NGX_HTTP_ERRORTRACKING_STATES];
    uint64_t                           rows;            /* not sent yet */
    uint64_t                           bytes;
    uint64_t                           oldest;          /* milliseconds */
} ngx_http_errortracking_usage_t;


static inline size_t
ngx_http_errortracking_segment_bytes(
    const ngx_http_errortracking_segment_t *segment)
{
    return (size_t) (__atomic_load_n(&segment->published, __ATOMIC_ACQUIRE)
                     & 0xffffffff);
}


static inline uint64_t
ngx_http_errortracking_segment_rows(
    const ngx_http_errortracking_segment_t *segment)
{
    return __atomic_load_n(&segment->published, __ATOMIC_ACQUIRE) >> 32;
}


static inline ngx_uint_t
ngx_http_errortracking_segment_state(
    const ngx_http_errortracking_segment_t *segment)
{
    return __atomic_load_n(&segment->state, __ATOMIC_ACQUIRE);
}


static inline void
ngx_http_errortracking_set_state(ngx_http_errortracking_segment_t *segment,
    ngx_uint_t state)
{
    __atomic_store_n(&segment->state, (uint32_t) state, __ATOMIC_RELEASE);
}


static inline int32_t
ngx_http_errortracking_owner(ngx_http_errortracking_segment_t *segment)
{
    return __atomic_load_n(&segment->owner, __ATOMIC_ACQUIRE);
}


/* The handler of ngx_shm_zone_t.init; data is the zone. */
ngx_int_t ngx_http_errortracking_zone_init(ngx_shm_zone_t *shm_zone,
    void *data);

/* Bytes of shared memory that a zone for the workers needs at the least. */
size_t ngx_http_errortracking_zone_min_size(size_t segment_size,
    ngx_uint_t workers);

/* In a worker, on its start and its end. */
ngx_int_t ngx_http_errortracking_zone_join(
    ngx_http_errortracking_zone_t *zone, ngx_log_t *log);
void ngx_http_errortracking_zone_leave(ngx_http_errortracking_zone_t *zone);

/*
 * Appends all records of a request, at most ET_MAX_RECORDS, or none:
 * NGX_DECLINED where the zone is full.  What is folded is counted in the
 * aggregate.
 */
ngx_int_t ngx_http_errortracking_zone_append(
    ngx_http_errortracking_zone_t *zone, const et_event_t *records,
    size_t nrecords, uint64_t project);

/* Whether an event of any size would be appended now. */
ngx_uint_t ngx_http_errortracking_zone_has_room(
    ngx_http_errortracking_zone_t *zone);

/* Whether the worker of this pid has ended; 0 is nobody's, and is dead. */
ngx_uint_t ngx_http_errortracking_is_dead(int32_t pid);

/* Seals a segment: of this worker, or of a dead one. */
void ngx_http_errortracking_zone_seal_segment(
    ngx_http_errortracking_zone_t *zone,
    ngx_http_errortracking_segment_t *segment);

/* Seals what this worker fills and has rows for longer than age ms. */
void ngx_http_errortracking_zone_seal(ngx_http_errortracking_zone_t *zone,
    ngx_msec_t age);

/*
 * Takes sealed segments, oldest first, up to max_bytes and max_rows (at least
 * one), as this worker's next batch.  Returns how many, in their order; 0
 * where none is sealed, or where it is worth waiting for more: they make no
 * full batch, the oldest row is younger than age ms, and a quarter of the
 * zone that workers do not fill is free.  (ClickHouse's price of a row falls
 * with a batch's size.)
 */
ngx_uint_t ngx_http_errortracking_zone_form(
    ngx_http_errortracking_zone_t *zone, size_t max_bytes, uint64_t max_rows,
    ngx_msec_t age, ngx_http_errortracking_segment_t **batch,
    ngx_uint_t max);

/* The first of so many numbers of batches, which are nobody else's. */
uint64_t ngx_http_errortracking_zone_number(
    ngx_http_errortracking_zone_t *zone, ngx_uint_t n);

/* Leaves a batch, unsent, to whoever takes it over. */
void ngx_http_errortracking_zone_hand_over(
    ngx_http_errortracking_zone_t *zone,
    ngx_http_errortracking_segment_t **batch, ngx_uint_t n);

/* Frees a batch's segments: ClickHouse has them. */
void ngx_http_errortracking_zone_free(ngx_http_errortracking_zone_t *zone,
    ngx_http_errortracking_segment_t **batch, ngx_uint_t n);

/*
 * Seals what a dead worker filled, and takes over one batch that a dead
 * worker was sending: its segments in their order, or 0.
 */
ngx_uint_t ngx_http_errortracking_zone_take_over(
    ngx_http_errortracking_zone_t *zone,
    ngx_http_errortracking_segment_t **batch, ngx_uint_t max);

/* Whether a worker of a newer configuration lives, which goes on with what
 * this one leaves. */
ngx_uint_t ngx_http_errortracking_zone_has_heir(
    ngx_http_errortracking_zone_t *zone);

/* Whether this worker is the last that has the memory, and what is in it. */
ngx_uint_t ngx_http_errortracking_zone_is_last(
    ngx_http_errortracking_zone_t *zone);

void ngx_http_errortracking_zone_usage(ngx_http_errortracking_zone_t *zone,
    ngx_http_errortracking_usage_t *usage);

/* The sums of all workers' counters. */
void ngx_http_errortracking_zone_counters(
    ngx_http_errortracking_zone_t *zone,
    ngx_http_errortracking_counters_t *sums);


#endif /* NGX_HTTP_ERRORTRACKING_ZONE_H */
