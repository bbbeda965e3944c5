/*
 * A batch's life: formed, sent, and sent again until ClickHouse has it.
 *
 * A batch that was formed stays as it is.  When ClickHouse does not answer,
 * or answers with 5xx, the zone's workers wait (longer each time, and never
 * exactly as long as others), and one batch at a time probes.  When it
 * refuses a batch for its rows, that batch alone waits, and after some tries
 * is set aside in the spool, where there is one.
 */

#include "ngx_http_errortracking_journal.h"


/* milliseconds; the last is for a worker that exits */
#define NGX_HTTP_ERRORTRACKING_BACKOFF        250
#define NGX_HTTP_ERRORTRACKING_MAX_BACKOFF    10000
#define NGX_HTTP_ERRORTRACKING_EXIT_BACKOFF   500

/* refusals after which a batch is set aside */
#define NGX_HTTP_ERRORTRACKING_POISON         3


static void ngx_http_errortracking_batch_done(
    ngx_http_errortracking_post_t *post);
static void ngx_http_errortracking_batch_note_way(
    ngx_http_errortracking_zone_t *zone, ngx_http_errortracking_post_t *post);
static void ngx_http_errortracking_batch_sent(
    ngx_http_errortracking_batch_t *batch);
static void ngx_http_errortracking_batch_failed(
    ngx_http_errortracking_batch_t *batch);
static void ngx_http_errortracking_batch_refused(
    ngx_http_errortracking_batch_t *batch);
static ngx_msec_t ngx_http_errortracking_backoff(ngx_uint_t failures);


const char *const  ngx_http_errortracking_failure_names[] = {
    "connect", "timeout", "exception", "status", "incomplete", "local"
};

const unsigned  ngx_http_errortracking_buckets[] = {
    5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000
};


ngx_http_errortracking_batch_t *
ngx_http_errortracking_batch_slot(ngx_http_errortracking_flusher_t *flusher)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_HTTP_ERRORTRACKING_BATCHES; i++) {
        if (flusher->batches[i].n == 0) {
            return &flusher->batches[i];
        }
    }

    return NULL;
}


void
ngx_http_errortracking_batch_begin(ngx_http_errortracking_batch_t *batch,
    ngx_uint_t n)
{
    ngx_uint_t  i;

    batch->n = n;
    batch->bytes = 0;
    batch->rows = 0;
    batch->attempts = 0;
    batch->posting = 0;
    batch->spooling = 0;
    batch->removing = 0;
    batch->poison = 0;
    batch->retry_at = ngx_current_msec;

    for (i = 0; i < n; i++) {
        batch->bytes += ngx_http_errortracking_segment_bytes(
                                                          batch->segments[i]);
        batch->rows += ngx_http_errortracking_segment_rows(batch->segments[i]);
    }
}


void
ngx_http_errortracking_batch_send(ngx_http_errortracking_batch_t *batch)
{
    char                               token[ET_SPOOL_TOKEN];
    u_char                            *p;
    ngx_buf_t                         *b;
    ngx_uint_t                         i;
    ngx_http_errortracking_post_t     *post;
    ngx_http_errortracking_flusher_t  *flusher;
    ngx_http_errortracking_segment_t  *segment;

    post = &batch->post;
    flusher = batch->flusher;
    b = NULL;

    ngx_memzero(batch->bufs, batch->n * sizeof(ngx_buf_t));

    for (i = 0; i < batch->n; i++) {
        segment = batch->segments[i];
        b = &batch->bufs[i];

        b->start = (u_char *) segment->data;
        b->pos = b->start;
        b->last = b->start + ngx_http_errortracking_segment_bytes(segment);
        b->end = b->last;
        b->memory = 1;

        batch->chain[i].buf = b;
        batch->chain[i].next = &batch->chain[i + 1];
    }

    b->last_buf = 1;
    batch->chain[i - 1].next = NULL;

    ngx_http_errortracking_batch_token(flusher->zone,
                                       batch->segments[0]->batch, token);

    p = ngx_http_errortracking_insert_args(flusher, ET_ROW_COLUMNS, token,
                                           batch->args);

    post->conf_ctx = flusher->conf_ctx;
    post->uri = flusher->uri;
    post->args.data = batch->args;
    post->args.len = p - batch->args;
    post->body = batch->chain;
    post->length = batch->bytes;
    post->handler = ngx_http_errortracking_batch_done;
    post->data = batch;

    batch->attempts++;
    batch->started = ngx_current_msec;
    batch->posting = 1;
    flusher->posting++;

    if (batch->attempts > 1) {
        ngx_http_errortracking_inc(
                             flusher->zone->worker->counters.batches_retried);
    }

    if (ngx_http_errortracking_post(post) != NGX_OK) {
        ngx_http_errortracking_batch_done(post);
    }
}


static void
ngx_http_errortracking_batch_done(ngx_http_errortracking_post_t *post)
{
    ngx_http_errortracking_batch_t    *batch;
    ngx_http_errortracking_flusher_t  *flusher;

    batch = post->data;
    flusher = batch->flusher;

    batch->posting = 0;
    flusher->posting--;

    if (post->rc == NGX_OK) {
        ngx_http_errortracking_batch_note_way(flusher->zone, post);
        ngx_http_errortracking_batch_sent(batch);

    } else {
        ngx_http_errortracking_batch_failed(batch);
    }

    /* the next batch is not sent from here: the request is being closed */

    ngx_http_errortracking_flush_soon(flusher->zone, 1);
}


/* Not by an old worker, whose location may be another. */

static void
ngx_http_errortracking_batch_note_way(ngx_http_errortracking_zone_t *zone,
    ngx_http_errortracking_post_t *post)
{
    if (zone->generation != zone->sh->generation) {
        return;
    }

    zone->sh->tls = post->tls;

    ngx_http_errortracking_way_note(&zone->sh->way, &zone->shpool->mutex,
                                    &post->request, &post->args);
}


static void
ngx_http_errortracking_batch_sent(ngx_http_errortracking_batch_t *batch)
{
    ngx_msec_t                          took;
    ngx_uint_t                          i;
    ngx_http_errortracking_zone_t      *zone;
    ngx_http_errortracking_counters_t  *counters;

    zone = batch->flusher->zone;
    counters = &zone->worker->counters;
    took = ngx_current_msec - batch->started;

    for (i = 0; i < NGX_HTTP_ERRORTRACKING_BUCKETS - 1; i++) {
        if (took <= ngx_http_errortracking_buckets[i]) {
            break;
        }
    }

    ngx_http_errortracking_inc(counters->flush_buckets[i]);
    ngx_http_errortracking_add(counters->flush_msec, took);
    ngx_http_errortracking_inc(counters->batches_sent);
    ngx_http_errortracking_add(counters->rows_sent, batch->rows);
    ngx_http_errortracking_add(counters->bytes_sent, batch->bytes);

    ngx_http_errortracking_breaker_close(zone);

    /* in the way of a file being written: nobody touches it meanwhile */

    batch->spooling = 1;

    ngx_http_errortracking_journal_remove(batch);
}


static void
ngx_http_errortracking_batch_failed(ngx_http_errortracking_batch_t *batch)
{
    ngx_msec_t                      wait;
    ngx_http_errortracking_post_t  *post;
    ngx_http_errortracking_zone_t  *zone;

    zone = batch->flusher->zone;
    post = &batch->post;

    ngx_http_errortracking_inc(
                       zone->worker->counters.batches_failed[post->failure]);

    if (ngx_http_errortracking_is_poison(post)) {
        ngx_http_errortracking_batch_refused(batch);
        return;
    }

    wait = ngx_http_errortracking_breaker_open(zone, post);

    if (post->failure != NGX_HTTP_ERRORTRACKING_FAILED_CONNECT) {

        /* it may be this batch alone that fails so: let others probe */

        batch->retry_at = ngx_current_msec + wait
                          + ngx_http_errortracking_backoff(batch->attempts);
    }
}


/* ClickHouse is there, and does not take this batch.  Where it is set aside,
 * that is what the log says of it; else each time that it has failed twice as
 * often. */

static void
ngx_http_errortracking_batch_refused(ngx_http_errortracking_batch_t *batch)
{
    ngx_msec_t                      wait;
    ngx_uint_t                      level;
    ngx_http_errortracking_post_t  *post;

    post = &batch->post;
    level = NGX_LOG_INFO;

    wait = ngx_http_errortracking_backoff(batch->attempts);
    batch->retry_at = ngx_current_msec + wait;

    if (batch->flusher->zone->spool == NULL) {

        if ((batch->attempts & (batch->attempts - 1)) == 0) {
            level = NGX_LOG_ERR;
        }

    } else if (batch->attempts >= NGX_HTTP_ERRORTRACKING_POISON) {
        batch->poison = 1;
        batch->why.data = post->error;
        batch->why.len = post->error_len;
    }

    ngx_log_error(level, ngx_cycle->log, 0,
                  "errortracking batch %uL of %uL rows is refused by "
                  "ClickHouse: status %ui, \"%*s\", attempt %ui, next in "
                  "%M ms", batch->segments[0]->batch, batch->rows,
                  post->status, post->error_len, post->error,
                  batch->attempts, wait);
}


void
ngx_http_errortracking_batch_spooled(ngx_http_errortracking_batch_t *batch,
    ngx_int_t rc)
{
    if (rc == NGX_OK) {
        ngx_http_errortracking_journal_remove(batch);
        return;
    }

    batch->spooling = 0;

    if (batch->poison) {

        /* there is no place for it: better to ask ClickHouse, which may have
         * been mended, than to hold up those that wait for the spool */

        batch->poison = 0;
        batch->retry_at = ngx_current_msec
                          + NGX_HTTP_ERRORTRACKING_MAX_BACKOFF;
    }

    ngx_http_errortracking_flush_soon(batch->flusher->zone, 1);
}


void
ngx_http_errortracking_batch_removed(ngx_http_errortracking_batch_t *batch)
{
    ngx_http_errortracking_zone_free(batch->flusher->zone, batch->segments,
                                     batch->n);

    batch->n = 0;
    batch->spooling = 0;
    batch->removing = 0;

    ngx_http_errortracking_flush_soon(batch->flusher->zone, 1);
}


/* Once: from now on it may be another worker's. */

void
ngx_http_errortracking_batch_hand_over(ngx_http_errortracking_batch_t *batch)
{
    ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                  "errortracking batch %uL of %ui segments is handed over",
                  batch->segments[0]->batch, batch->n);

    ngx_http_errortracking_zone_hand_over(batch->flusher->zone,
                                          batch->segments, batch->n);
    batch->n = 0;
}


/*
 * A refusal that is for good.  ClickHouse answers 500 to much of what is wrong
 * with rows, and 404 to what is wrong with itself, so its exception's code
 * says more than the status: codes that are about the rows and their columns
 * are final; other 4xx are, but for those that can be mended at the server
 * (no such table yet, no right to write, too busy).
 */

ngx_uint_t
ngx_http_errortracking_is_poison(ngx_http_errortracking_post_t *post)
{
    if (post->failure != NGX_HTTP_ERRORTRACKING_FAILED_EXCEPTION) {
        return 0;
    }

    switch (post->exception) {

    case 6:    /* CANNOT_PARSE_TEXT */
    case 16:   /* NO_SUCH_COLUMN_IN_TABLE */
    case 26:   /* CANNOT_PARSE_QUOTED_STRING */
    case 27:   /* CANNOT_PARSE_INPUT_ASSERTION_FAILED */
    case 33:   /* CANNOT_READ_ALL_DATA */
    case 41:   /* CANNOT_PARSE_DATETIME */
    case 47:   /* UNKNOWN_IDENTIFIER */
    case 53:   /* TYPE_MISMATCH */
    case 62:   /* SYNTAX_ERROR */
    case 72:   /* CANNOT_PARSE_NUMBER */
    case 117:  /* INCORRECT_DATA */
    case 131:  /* TOO_LARGE_STRING_SIZE */
    case 376:  /* CANNOT_PARSE_UUID */
    case 469:  /* VIOLATED_CONSTRAINT */
        return 1;

    case 60:   /* UNKNOWN_TABLE */
    case 81:   /* UNKNOWN_DATABASE */
    case 164:  /* READONLY */
    case 192:  /* UNKNOWN_USER */
    case 193:  /* WRONG_PASSWORD */
    case 194:  /* REQUIRED_PASSWORD */
    case 202:  /* TOO_MANY_SIMULTANEOUS_QUERIES */
    case 242:  /* TABLE_IS_READ_ONLY */
    case 497:  /* ACCESS_DENIED */
    case 516:  /* AUTHENTICATION_FAILED */
        return 0;
    }

    return post->status < NGX_HTTP_INTERNAL_SERVER_ERROR;
}


ngx_msec_t
ngx_http_errortracking_breaker_open(ngx_http_errortracking_zone_t *zone,
    ngx_http_errortracking_post_t *post)
{
    ngx_msec_t                     wait;
    ngx_uint_t                     level;
    ngx_http_errortracking_shm_t  *sh;

    sh = zone->sh;
    wait = ngx_http_errortracking_backoff(sh->breaker.failures + 1);
    sh->retry_at = ngx_current_msec + wait;

    level = ngx_http_errortracking_again(&sh->breaker,
                                         post->failure << 16 | post->status);

    ngx_log_error(level, ngx_cycle->log, 0,
                  "errortracking_zone \"%V\": ClickHouse does not take "
                  "batches: %s, status %ui, \"%*s\", failure %uL in %uL s, "
                  "next try in %M ms", &zone->name,
                  ngx_http_errortracking_failure_names[post->failure],
                  post->status, post->error_len, post->error,
                  sh->breaker.failures,
                  ngx_http_errortracking_again_seconds(&sh->breaker), wait);

    return wait;
}


void
ngx_http_errortracking_breaker_close(ngx_http_errortracking_zone_t *zone)
{
    ngx_http_errortracking_again_t  *breaker;

    breaker = &zone->sh->breaker;

    if (breaker->failures == 0) {
        return;
    }

    ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                  "errortracking_zone \"%V\": ClickHouse takes batches again "
                  "after %uL s and %uL failures", &zone->name,
                  ngx_http_errortracking_again_seconds(breaker),
                  breaker->failures);

    breaker->failures = 0;
}


/* Doubles up to the limit; the half of it is by chance. */

static ngx_msec_t
ngx_http_errortracking_backoff(ngx_uint_t failures)
{
    ngx_msec_t  wait;

    wait = NGX_HTTP_ERRORTRACKING_MAX_BACKOFF;

    if (failures < 8) {
        wait = ngx_min(wait,
                       (ngx_msec_t) NGX_HTTP_ERRORTRACKING_BACKOFF
                       << (failures - 1));
    }

    if (ngx_exiting) {
        wait = ngx_min(wait, NGX_HTTP_ERRORTRACKING_EXIT_BACKOFF);
    }

    return wait / 2 + (ngx_msec_t) ngx_random() % (wait / 2);
}
