/*
 * What the zones hold and what has passed through them: a text page in the
 * manner of stub_status, and Prometheus' text format 0.0.4.
 *
 * A page is written into a chain of buffers that grows as it is written, so
 * that nothing is cut and nothing is counted beforehand.
 */

#include "ngx_http_errortracking.h"


/* bytes of one buffer of a page; no line is nearly as long */
#define NGX_HTTP_ERRORTRACKING_PAGE  8192
#define NGX_HTTP_ERRORTRACKING_LINE  1024


typedef struct {
    ngx_pool_t    *pool;
    ngx_chain_t   *first;
    ngx_chain_t  **next;
    ngx_buf_t     *buf;
    size_t         len;
    ngx_uint_t     failed;
} ngx_http_errortracking_page_t;

/* One zone's figures, taken once for the whole page. */
typedef struct {
    ngx_http_errortracking_zone_t      *zone;
    ngx_str_t                           label;   /* the name, escaped */
    ngx_http_errortracking_counters_t   c;
    ngx_http_errortracking_usage_t      usage;
    uint64_t                            spool_files;
    uint64_t                            spool_bytes;
    uint64_t                            spool_oldest; /* milliseconds */
    uint64_t                            spool_failed;
    uint64_t                            spool_damaged;
    uint64_t                            journal_files;
    uint64_t                            journal_bytes;
    uint64_t                            breaker;
    uint64_t                            schema;
} ngx_http_errortracking_figures_t;

/* A metric that is one number a zone. */
typedef struct {
    const char    *name;
    const char    *type;
    const char    *help;
    size_t         offset;       /* of a uint64_t in the figures */
    ngx_uint_t     msec;         /* milliseconds, shown as seconds */
} ngx_http_errortracking_metric_t;

/* A metric that is a histogram, its buckets those of flushes. */
typedef struct {
    const char    *name;
    const char    *type;
    const char    *help;
    size_t         buckets;
    size_t         sum;
    ngx_uint_t     usec;         /* the sum is of microseconds */
} ngx_http_errortracking_histogram_t;

/* A metric that is a list of numbers with a label. */
typedef struct {
    const char         *name;
    const char         *type;
    const char         *help;
    const char         *label;
    size_t              offset;
    ngx_uint_t          first;
    ngx_uint_t          n;
    const char       *(*value)(ngx_uint_t i);
} ngx_http_errortracking_vector_t;


static ngx_int_t ngx_http_errortracking_text_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_errortracking_prometheus_handler(
    ngx_http_request_t *r);
static ngx_http_errortracking_figures_t *ngx_http_errortracking_figures(
    ngx_http_request_t *r, ngx_uint_t *n);
static void ngx_http_errortracking_text(ngx_http_errortracking_page_t *page,
    ngx_http_errortracking_figures_t *f);
static void ngx_http_errortracking_requests(
    ngx_http_errortracking_page_t *page, ngx_http_errortracking_figures_t *f,
    ngx_uint_t n);
static void ngx_http_errortracking_histogram(
    ngx_http_errortracking_page_t *page,
    const ngx_http_errortracking_histogram_t *histogram,
    ngx_http_errortracking_figures_t *f, ngx_uint_t n);
static void ngx_http_errortracking_head(ngx_http_errortracking_page_t *page,
    const char *name, const char *type, const char *help);
static void ngx_http_errortracking_line(ngx_http_errortracking_page_t *page,
    const char *fmt, ...);
static ngx_int_t ngx_http_errortracking_send_page(ngx_http_request_t *r,
    ngx_http_errortracking_page_t *page, const char *type);
static ngx_int_t ngx_http_errortracking_escape(ngx_pool_t *pool,
    ngx_str_t *name, ngx_str_t *label);


#define ngx_http_errortracking_counter(field)                                 \
    offsetof(ngx_http_errortracking_figures_t, c.field)

#define ngx_http_errortracking_gauge(field)                                   \
    offsetof(ngx_http_errortracking_figures_t, usage.field)

#define ngx_http_errortracking_figure(f, offset)                              \
    *(uint64_t *) ((u_char *) (f) + (offset))


static const ngx_http_errortracking_metric_t
    ngx_http_errortracking_metrics[] =
{
    { "errortracking_events_accepted_total", "counter",
      "Events that were answered 200, folded ones included.",
      ngx_http_errortracking_counter(accepted), 0 },

    { "errortracking_events_folded_total", "counter",
      "Events that errortracking_storm counted without keeping their bodies.",
      ngx_http_errortracking_counter(folded), 0 },

    { "errortracking_received_bytes_total", "counter",
      "Bytes of request bodies as they came.",
      ngx_http_errortracking_counter(bytes_received), 0 },

    { "errortracking_inflated_bytes_total", "counter",
      "Bytes of compressed request bodies once decompressed.",
      ngx_http_errortracking_counter(bytes_inflated), 0 },

    { "errortracking_rows_sent_total", "counter",
      "Rows that ClickHouse has acknowledged.",
      ngx_http_errortracking_counter(rows_sent), 0 },

    { "errortracking_sent_bytes_total", "counter",
      "Bytes of rows that ClickHouse has acknowledged.",
      ngx_http_errortracking_counter(bytes_sent), 0 },

    { "errortracking_batches_sent_total", "counter",
      "Batches that ClickHouse has acknowledged.",
      ngx_http_errortracking_counter(batches_sent), 0 },

    { "errortracking_batch_retries_total", "counter",
      "Sendings of a batch after its first.",
      ngx_http_errortracking_counter(batches_retried), 0 },

    { "errortracking_segments_taken_over_total", "counter",
      "Segments taken over from workers that had ended.",
      ngx_http_errortracking_counter(taken_over), 0 },

    { "errortracking_batches_spooled_total", "counter",
      "Batches written to the spool.",
      ngx_http_errortracking_counter(batches_spooled), 0 },

    { "errortracking_rows_spooled_total", "counter",
      "Rows written to the spool.",
      ngx_http_errortracking_counter(rows_spooled), 0 },

    { "errortracking_batches_replayed_total", "counter",
      "Batches of the spool that ClickHouse has acknowledged.",
      ngx_http_errortracking_counter(batches_replayed), 0 },

    { "errortracking_rows_replayed_total", "counter",
      "Rows of the spool that ClickHouse has acknowledged.",
      ngx_http_errortracking_counter(rows_replayed), 0 },

    { "errortracking_batches_set_aside_total", "counter",
      "Batches that ClickHouse refused for good, now in failed/.",
      ngx_http_errortracking_counter(batches_set_aside), 0 },

    { "errortracking_spool_damaged_total", "counter",
      "Files of the spool or the journal that were damaged and set aside.",
      ngx_http_errortracking_counter(files_damaged), 0 },

    { "errortracking_spool_errors_total", "counter",
      "Failures to write, read or remove a file of the spool.",
      ngx_http_errortracking_counter(spool_errors), 0 },

    { "errortracking_syncs_total", "counter",
      "Syncs of the journal (errortracking_ack disk), failures included.",
      ngx_http_errortracking_counter(syncs), 0 },

    { "errortracking_sync_failures_total", "counter",
      "Syncs of the journal that failed.",
      ngx_http_errortracking_counter(sync_failures), 0 },

    { "errortracking_spool_files", "gauge",
      "Batches that wait in the spool.",
      offsetof(ngx_http_errortracking_figures_t, spool_files), 0 },

    { "errortracking_spool_bytes", "gauge",
      "Bytes of the batches that wait in the spool.",
      offsetof(ngx_http_errortracking_figures_t, spool_bytes), 0 },

    { "errortracking_spool_oldest_seconds", "gauge",
      "Age of the oldest batch in the spool.",
      offsetof(ngx_http_errortracking_figures_t, spool_oldest), 1 },

    { "errortracking_spool_failed_files", "gauge",
      "Batches in failed/, which ClickHouse refused for good.",
      offsetof(ngx_http_errortracking_figures_t, spool_failed), 0 },

    { "errortracking_spool_damaged_files", "gauge",
      "Files in damaged/.",
      offsetof(ngx_http_errortracking_figures_t, spool_damaged), 0 },

    { "errortracking_journal_files", "gauge",
      "Files of the journal: segments that are not in ClickHouse yet.",
      offsetof(ngx_http_errortracking_figures_t, journal_files), 0 },

    { "errortracking_journal_bytes", "gauge",
      "Bytes of the disk that the journal takes.",
      offsetof(ngx_http_errortracking_figures_t, journal_bytes), 0 },

    { "errortracking_breaker_open", "gauge",
      "1 while ClickHouse takes no batches and one at a time probes.",
      offsetof(ngx_http_errortracking_figures_t, breaker), 0 },

    { "errortracking_schema_version", "gauge",
      "Version of ClickHouse's schema; 0 where it is not known.",
      offsetof(ngx_http_errortracking_figures_t, schema), 0 },

    { "errortracking_zone_rows", "gauge",
      "Rows in the zone that ClickHouse has not acknowledged.",
      ngx_http_errortracking_gauge(rows), 0 },

    { "errortracking_zone_used_bytes", "gauge",
      "Bytes of rows in the zone that ClickHouse has not acknowledged.",
      ngx_http_errortracking_gauge(bytes), 0 },

    { "errortracking_oldest_row_seconds", "gauge",
      "Age of the oldest row that ClickHouse has not acknowledged.",
      ngx_http_errortracking_gauge(oldest), 1 }
};


static const ngx_http_errortracking_histogram_t
    ngx_http_errortracking_histograms[] =
{
    { "errortracking_flush_duration_seconds", "histogram",
      "Time from sending a batch to ClickHouse's acknowledgement.",
      ngx_http_errortracking_counter(flush_buckets),
      ngx_http_errortracking_counter(flush_msec), 0 },

    { "errortracking_sync_duration_seconds", "histogram",
      "Time of a sync of the journal, which all requests of that time share.",
      ngx_http_errortracking_counter(sync_buckets),
      ngx_http_errortracking_counter(sync_usec), 1 }
};


static const char *
ngx_http_errortracking_reason_label(ngx_uint_t i)
{
    return et_reasons[i].name;
}


static const char *
ngx_http_errortracking_item_label(ngx_uint_t i)
{
    return et_item_type_names[i];
}


static const char *
ngx_http_errortracking_filter_label(ngx_uint_t i)
{
    return et_filter_names[i];
}


static const char *
ngx_http_errortracking_failure_label(ngx_uint_t i)
{
    return ngx_http_errortracking_failure_names[i];
}


static const char *
ngx_http_errortracking_state_label(ngx_uint_t i)
{
    return ngx_http_errortracking_state_names[i];
}


static const char *
ngx_http_errortracking_gitlab_label(ngx_uint_t i)
{
    return et_gitlab_names[i];
}


static const char *
ngx_http_errortracking_cache_label(ngx_uint_t i)
{
    static const char *const  names[] = { "hit", "stale", "miss" };

    return names[i];
}


static const ngx_http_errortracking_vector_t
    ngx_http_errortracking_vectors[] =
{
    { "errortracking_rejected_total", "counter",
      "Requests that were refused, by reason.", "reason",
      ngx_http_errortracking_counter(rejected), ET_OK + 1, ET_REASON_COUNT,
      ngx_http_errortracking_reason_label },

    { "errortracking_events_filtered_total", "counter",
      "Events answered 200 and not kept, by filter.", "filter",
      ngx_http_errortracking_counter(filtered), 0, ET_FILTER_COUNT,
      ngx_http_errortracking_filter_label },

    { "errortracking_items_accepted_total", "counter",
      "Envelope items other than events that were kept, by type.", "type",
      ngx_http_errortracking_counter(taken), ET_ITEM_EVENT + 1,
      ET_ITEM_TYPE_COUNT, ngx_http_errortracking_item_label },

    { "errortracking_items_limited_total", "counter",
      "Envelope items that were over a quota, by type.", "type",
      ngx_http_errortracking_counter(limited), 0, ET_ITEM_TYPE_COUNT,
      ngx_http_errortracking_item_label },

    { "errortracking_gitlab_requests_total", "counter",
      "Questions to GitLab about keys, by its answer.", "answer",
      ngx_http_errortracking_counter(gitlab), 0, ET_GITLAB_COUNT,
      ngx_http_errortracking_gitlab_label },

    { "errortracking_gitlab_lookups_total", "counter",
      "Keys looked up among GitLab's answers, by what was there.", "cache",
      ngx_http_errortracking_counter(cache), 0,
      NGX_HTTP_ERRORTRACKING_CACHES, ngx_http_errortracking_cache_label },

    { "errortracking_items_skipped_total", "counter",
      "Envelope items that were not kept, by type.", "type",
      ngx_http_errortracking_counter(skipped), ET_ITEM_EVENT + 1,
      ET_ITEM_TYPE_COUNT, ngx_http_errortracking_item_label },

    { "errortracking_batch_failures_total", "counter",
      "Sendings of a batch that failed, by cause.", "cause",
      ngx_http_errortracking_counter(batches_failed), 0,
      NGX_HTTP_ERRORTRACKING_FAILURES, ngx_http_errortracking_failure_label },

    { "errortracking_segments", "gauge",
      "Segments of the zone, by state.", "state",
      ngx_http_errortracking_gauge(segments), 0,
      NGX_HTTP_ERRORTRACKING_STATES, ngx_http_errortracking_state_label }
};


char *
ngx_http_errortracking_status(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                 *value;
    ngx_http_core_loc_conf_t  *clcf;

    value = cf->args->elts;
    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (cf->args->nelts == 1) {
        clcf->handler = ngx_http_errortracking_text_handler;
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(value[1].data, "prometheus") == 0) {
        clcf->handler = ngx_http_errortracking_prometheus_handler;
        return NGX_CONF_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid parameter \"%V\", \"errortracking_status\" "
                       "takes \"prometheus\" or nothing", &value[1]);

    return NGX_CONF_ERROR;
}


static ngx_int_t
ngx_http_errortracking_text_handler(ngx_http_request_t *r)
{
    ngx_uint_t                         i, n;
    ngx_http_errortracking_page_t      page;
    ngx_http_errortracking_figures_t  *f;

    f = ngx_http_errortracking_figures(r, &n);
    if (f == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memzero(&page, sizeof(ngx_http_errortracking_page_t));
    page.pool = r->pool;
    page.next = &page.first;

    for (i = 0; i < n; i++) {
        ngx_http_errortracking_text(&page, &f[i]);
    }

    return ngx_http_errortracking_send_page(r, &page, "text/plain");
}


static void
ngx_http_errortracking_text(ngx_http_errortracking_page_t *page,
    ngx_http_errortracking_figures_t *f)
{
    uint64_t    rejected, taken, skipped, failed;
    ngx_uint_t  i;

    rejected = 0;
    taken = 0;
    skipped = 0;
    failed = 0;

    for (i = ET_ITEM_EVENT + 1; i < ET_ITEM_TYPE_COUNT; i++) {
        taken += f->c.taken[i];
        skipped += f->c.skipped[i];
    }

    for (i = ET_OK + 1; i < ET_REASON_COUNT; i++) {
        rejected += f->c.rejected[i];
    }

    for (i = 0; i < NGX_HTTP_ERRORTRACKING_FAILURES; i++) {
        failed += f->c.batches_failed[i];
    }

    ngx_http_errortracking_line(page, "Zone %V: segments %ui of %uz bytes, "
                                "free %uL, filling %uL, sealed %uL, "
                                "sending %uL\n",
                                &f->zone->name, f->zone->sh->nsegments,
                                f->zone->sh->segment_size,
                                f->usage.segments[NGX_HTTP_ERRORTRACKING_FREE],
                                f->usage.segments[
                                             NGX_HTTP_ERRORTRACKING_FILLING],
                                f->usage.segments[
                                             NGX_HTTP_ERRORTRACKING_SEALED],
                                f->usage.segments[
                                             NGX_HTTP_ERRORTRACKING_SENDING]);

    ngx_http_errortracking_line(page, "Events: accepted %uL, folded %uL\n"
                                "Other items: accepted %uL, skipped %uL\n"
                                "Requests refused: %uL\n",
                                f->c.accepted, f->c.folded, taken, skipped,
                                rejected);

    for (i = ET_OK + 1; i < ET_REASON_COUNT; i++) {
        if (f->c.rejected[i] != 0) {
            ngx_http_errortracking_line(page, "  %s: %uL\n",
                                        et_reasons[i].name,
                                        f->c.rejected[i]);
        }
    }

    ngx_http_errortracking_line(page, "Unsent: rows %uL, bytes %uL, "
                                "oldest %uL.%03uL s\n",
                                f->usage.rows, f->usage.bytes,
                                f->usage.oldest / 1000,
                                f->usage.oldest % 1000);

    ngx_http_errortracking_line(page, "Sent: rows %uL, bytes %uL, "
                                "batches %uL, retried %uL, failed %uL\n",
                                f->c.rows_sent, f->c.bytes_sent,
                                f->c.batches_sent, f->c.batches_retried,
                                failed);

    if (f->zone->spool != NULL) {
        ngx_http_errortracking_line(page, "Spool: files %uL, bytes %uL, "
                                    "written %uL, replayed %uL, set aside "
                                    "%uL\n", f->spool_files, f->spool_bytes,
                                    f->c.batches_spooled,
                                    f->c.batches_replayed,
                                    f->c.batches_set_aside);
    }

    ngx_http_errortracking_line(page, "ClickHouse: %s, failures in a row "
                                "%uL, schema %uL\n",
                                f->zone->sh->breaker.failures == 0
                                ? "taking batches" : "waiting",
                                f->zone->sh->breaker.failures, f->schema);
}


static ngx_int_t
ngx_http_errortracking_prometheus_handler(ngx_http_request_t *r)
{
    uint64_t                                figure;
    ngx_uint_t                              i, k, m, n;
    ngx_http_errortracking_page_t           page;
    ngx_http_errortracking_figures_t       *f;
    const ngx_http_errortracking_metric_t  *metric;
    const ngx_http_errortracking_vector_t  *vector;

    f = ngx_http_errortracking_figures(r, &n);
    if (f == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memzero(&page, sizeof(ngx_http_errortracking_page_t));
    page.pool = r->pool;
    page.next = &page.first;

    ngx_http_errortracking_requests(&page, f, n);

    for (m = 0; m < sizeof(ngx_http_errortracking_metrics)
                    / sizeof(ngx_http_errortracking_metrics[0]); m++)
    {
        metric = &ngx_http_errortracking_metrics[m];

        ngx_http_errortracking_head(&page, metric->name, metric->type,
                                    metric->help);

        for (i = 0; i < n; i++) {
            figure = ngx_http_errortracking_figure(&f[i], metric->offset);

            if (metric->msec) {
                ngx_http_errortracking_line(&page, "%s{zone=\"%V\"} "
                                            "%uL.%03uL\n", metric->name,
                                            &f[i].label, figure / 1000,
                                            figure % 1000);
                continue;
            }

            ngx_http_errortracking_line(&page, "%s{zone=\"%V\"} %uL\n",
                                        metric->name, &f[i].label, figure);
        }
    }

    for (m = 0; m < sizeof(ngx_http_errortracking_vectors)
                    / sizeof(ngx_http_errortracking_vectors[0]); m++)
    {
        vector = &ngx_http_errortracking_vectors[m];

        ngx_http_errortracking_head(&page, vector->name, vector->type,
                                    vector->help);

        for (i = 0; i < n; i++) {
            for (k = vector->first; k < vector->n; k++) {
                ngx_http_errortracking_line(&page, "%s{zone=\"%V\",%s=\"%s\"} "
                                            "%uL\n", vector->name,
                                            &f[i].label, vector->label,
                                            vector->value(k),
                                            ngx_http_errortracking_figure(
                                                &f[i], vector->offset
                                                + k * sizeof(uint64_t)));
            }
        }
    }

    ngx_http_errortracking_head(&page, "errortracking_zone_size_bytes",
                                "gauge", "Bytes of rows that the zone's "
                                "segments can hold.");

    for (i = 0; i < n; i++) {
        ngx_http_errortracking_line(&page, "errortracking_zone_size_bytes"
                                    "{zone=\"%V\"} %uL\n", &f[i].label,
                                    (uint64_t) f[i].zone->sh->nsegments
                                    * f[i].zone->sh->segment_size);
    }

    for (m = 0; m < sizeof(ngx_http_errortracking_histograms)
                    / sizeof(ngx_http_errortracking_histograms[0]); m++)
    {
        ngx_http_errortracking_histogram(&page,
                                         &ngx_http_errortracking_histograms[m],
                                         f, n);
    }

    return ngx_http_errortracking_send_page(r, &page,
                                            "text/plain; version=0.0.4");
}


/* By endpoint and status for each zone; by status alone for all of them. */

static void
ngx_http_errortracking_requests(ngx_http_errortracking_page_t *page,
    ngx_http_errortracking_figures_t *f, ngx_uint_t n)
{
    u_char      code[NGX_INT_T_LEN + 1];
    uint64_t    sums[NGX_HTTP_ERRORTRACKING_CODES];
    ngx_uint_t  i, k, e;

    ngx_memzero(sums, sizeof(sums));

    ngx_http_errortracking_head(page, "errortracking_requests_total",
                                "counter", "Requests in ingest locations, by "
                                "endpoint and status.");

    for (i = 0; i < n; i++) {
        for (e = 0; e < ET_ENDPOINT_COUNT; e++) {
            for (k = 0; k < NGX_HTTP_ERRORTRACKING_CODES; k++) {

                sums[k] += f[i].c.requests[e][k];

                if (f[i].c.requests[e][k] == 0) {
                    continue;
                }

                if (k < NGX_HTTP_ERRORTRACKING_CODES - 1) {
                    ngx_sprintf(code, "%ui%Z",
                                (ngx_uint_t) ngx_http_errortracking_codes[k]);
                } else {
                    ngx_sprintf(code, "other%Z");
                }

                ngx_http_errortracking_line(page,
                                            "errortracking_requests_total"
                                            "{zone=\"%V\",endpoint=\"%s\","
                                            "code=\"%s\"} %uL\n",
                                            &f[i].label, et_endpoint_names[e],
                                            code, f[i].c.requests[e][k]);
            }
        }
    }

    ngx_http_errortracking_head(page, "http_requests_total", "counter",
                                "Requests in ingest locations, by status.");

    for (k = 0; k < NGX_HTTP_ERRORTRACKING_CODES - 1; k++) {
        ngx_http_errortracking_line(page, "http_requests_total{code=\"%ui\"} "
                                    "%uL\n",
                                    (ngx_uint_t)
                                        ngx_http_errortracking_codes[k],
                                    sums[k]);
    }

    ngx_http_errortracking_line(page, "http_requests_total{code=\"other\"} "
                                "%uL\n", sums[k]);
}


static void
ngx_http_errortracking_histogram(ngx_http_errortracking_page_t *page,
    const ngx_http_errortracking_histogram_t *histogram,
    ngx_http_errortracking_figures_t *f, ngx_uint_t n)
{
    uint64_t     count, sum, *buckets;
    ngx_uint_t   i, k, le;

    ngx_http_errortracking_head(page, histogram->name, histogram->type,
                                histogram->help);

    for (i = 0; i < n; i++) {
        count = 0;
        sum = ngx_http_errortracking_figure(&f[i], histogram->sum);
        buckets = &ngx_http_errortracking_figure(&f[i], histogram->buckets);

        for (k = 0; k < NGX_HTTP_ERRORTRACKING_BUCKETS - 1; k++) {
            count += buckets[k];
            le = ngx_http_errortracking_buckets[k];

            ngx_http_errortracking_line(page, "%s_bucket{zone=\"%V\","
                                        "le=\"%ui.%03ui\"} %uL\n",
                                        histogram->name, &f[i].label,
                                        le / 1000, le % 1000, count);
        }

        count += buckets[k];

        ngx_http_errortracking_line(page, "%s_bucket{zone=\"%V\","
                                    "le=\"+Inf\"} %uL\n",
                                    histogram->name, &f[i].label, count);

        sum *= histogram->usec ? 1 : 1000;

        ngx_http_errortracking_line(page, "%s_sum{zone=\"%V\"} %uL.%06uL\n",
                                    histogram->name, &f[i].label,
                                    sum / 1000000, sum % 1000000);

        ngx_http_errortracking_line(page, "%s_count{zone=\"%V\"} %uL\n",
                                    histogram->name, &f[i].label, count);
    }
}


static ngx_http_errortracking_figures_t *
ngx_http_errortracking_figures(ngx_http_request_t *r, ngx_uint_t *n)
{
    uint64_t                              now;
    ngx_uint_t                            i;
    ngx_http_errortracking_shm_t         *sh;
    ngx_http_errortracking_zone_t       **zones;
    ngx_http_errortracking_figures_t     *f;
    ngx_http_errortracking_main_conf_t   *emcf;

    emcf = ngx_http_get_module_main_conf(r, ngx_http_errortracking_module);
    zones = emcf->zones.elts;
    *n = emcf->zones.nelts;

    f = ngx_palloc(r->pool,
                   (*n + 1) * sizeof(ngx_http_errortracking_figures_t));
    if (f == NULL) {
        return NULL;
    }

    for (i = 0; i < *n; i++) {
        f[i].zone = zones[i];

        ngx_http_errortracking_zone_counters(zones[i], &f[i].c);
        ngx_http_errortracking_zone_usage(zones[i], &f[i].usage);

        sh = zones[i]->sh;
        now = (uint64_t) ngx_time() * 1000000;

        f[i].spool_files = sh->spool_files;
        f[i].spool_bytes = sh->spool_bytes;
        f[i].spool_oldest = sh->spool_oldest != 0 && now > sh->spool_oldest
                            ? (now - sh->spool_oldest) / 1000 : 0;
        f[i].spool_failed = sh->spool_failed;
        f[i].spool_damaged = sh->spool_damaged;
        f[i].journal_files = sh->journal_files;
        f[i].journal_bytes = sh->journal_bytes;
        f[i].schema = sh->schema_version;
        f[i].breaker = (sh->breaker.failures != 0);

        if (ngx_http_errortracking_escape(r->pool, &zones[i]->name,
                                          &f[i].label)
            != NGX_OK)
        {
            return NULL;
        }
    }

    return f;
}


/* A label's value: backslash, quote and line feed are escaped. */

static ngx_int_t
ngx_http_errortracking_escape(ngx_pool_t *pool, ngx_str_t *name,
    ngx_str_t *label)
{
    u_char      *p, c;
    ngx_uint_t   i;

    p = ngx_pnalloc(pool, 2 * name->len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    label->data = p;

    for (i = 0; i < name->len; i++) {
        c = name->data[i];

        if (c == '\\' || c == '"' || c == '\n') {
            *p++ = '\\';
        }

        *p++ = c == '\n' ? 'n' : c;
    }

    label->len = p - label->data;

    return NGX_OK;
}


static void
ngx_http_errortracking_head(ngx_http_errortracking_page_t *page,
    const char *name, const char *type, const char *help)
{
    ngx_http_errortracking_line(page, "# HELP %s %s\n# TYPE %s %s\n", name,
                                help, name, type);
}


static void
ngx_http_errortracking_line(ngx_http_errortracking_page_t *page,
    const char *fmt, ...)
{
    va_list       args;
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    if (page->failed) {
        return;
    }

    b = page->buf;

    if (b == NULL || b->end - b->last < NGX_HTTP_ERRORTRACKING_LINE) {

        cl = ngx_alloc_chain_link(page->pool);
        b = ngx_create_temp_buf(page->pool, NGX_HTTP_ERRORTRACKING_PAGE);

        if (cl == NULL || b == NULL) {
            page->failed = 1;
            return;
        }

        cl->buf = b;
        cl->next = NULL;
        *page->next = cl;
        page->next = &cl->next;
        page->buf = b;
    }

    page->len -= b->last - b->pos;

    va_start(args, fmt);
    b->last = ngx_vslprintf(b->last, b->end, fmt, args);
    va_end(args);

    page->len += b->last - b->pos;
}


static ngx_int_t
ngx_http_errortracking_send_page(ngx_http_request_t *r,
    ngx_http_errortracking_page_t *page, const char *type)
{
    ngx_int_t  rc;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    if (page->failed) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.content_type.data = (u_char *) type;
    r->headers_out.content_type.len = ngx_strlen(type);
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;
    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = page->len;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    if (page->buf == NULL) {
        return ngx_http_send_special(r, NGX_HTTP_LAST);
    }

    page->buf->last_buf = (r == r->main) ? 1 : 0;
    page->buf->last_in_chain = 1;

    return ngx_http_output_filter(r, page->first);
}
