/*
 * Delivering without an event loop: libcurl's easy interface, which waits,
 * and may here; else a file.
 *
 * The address is that of proxy_pass in the location of errortracking_flush
 * (its first server), or errortracking_exit_url where ClickHouse wants a user
 * or is to be reached in another way.
 */

#include "ngx_http_errortracking_exit.h"
#include "ngx_http_errortracking_journal.h"

#include <curl/curl.h>


#define NGX_HTTP_ERRORTRACKING_EXIT_URL                                       \
    (NGX_HTTP_ERRORTRACKING_MAX_EXIT_URL + 1)

/* milliseconds; NGINX kills a worker a second after it was told to stop */
#define NGX_HTTP_ERRORTRACKING_EXIT_STOP  500


/* A batch, as libcurl reads it. */
typedef struct {
    ngx_http_errortracking_segment_t  **segments;
    ngx_uint_t                          n;
    ngx_uint_t                          i;         /* the next byte's segment */
    size_t                              offset;    /* and its place there */
    unsigned                            summary:1; /* ClickHouse's own answer */
    unsigned                            exception:1;
} ngx_http_errortracking_exit_body_t;

typedef struct {
    ngx_cycle_t                        *cycle;
    ngx_http_errortracking_zone_t      *zone;
    CURL                               *curl;
    struct curl_slist                  *headers;
    ngx_msec_t                          deadline;
    ngx_uint_t                          last;      /* unsigned  last:1; */
    char                                url[NGX_HTTP_ERRORTRACKING_EXIT_URL];

    uint64_t                            posted;    /* rows */
    uint64_t                            spooled;
    uint64_t                            journaled; /* the next start's */
    uint64_t                            lost;
} ngx_http_errortracking_exit_t;


static ngx_int_t ngx_http_errortracking_exit_deliver(
    ngx_http_errortracking_exit_t *ex,
    ngx_http_errortracking_segment_t **segments, ngx_uint_t n);
static ngx_int_t ngx_http_errortracking_exit_post(
    ngx_http_errortracking_exit_t *ex,
    ngx_http_errortracking_segment_t **segments, ngx_uint_t n);
static ngx_int_t ngx_http_errortracking_exit_url(
    ngx_http_errortracking_exit_t *ex);
static ngx_uint_t ngx_http_errortracking_exit_tls(
    ngx_http_errortracking_exit_t *ex, ngx_http_upstream_conf_t *u);
static CURL *ngx_http_errortracking_exit_curl(
    ngx_http_errortracking_exit_t *ex);
static size_t ngx_http_errortracking_exit_read(char *buf, size_t size,
    size_t n, void *data);
static int ngx_http_errortracking_exit_seek(void *data, curl_off_t offset,
    int origin);
static size_t ngx_http_errortracking_exit_header(char *buf, size_t size,
    size_t n, void *data);
static size_t ngx_http_errortracking_exit_ignore(char *buf, size_t size,
    size_t n, void *data);
static ngx_uint_t ngx_http_errortracking_exit_is(const char *buf, size_t len,
    const char *name);


void
ngx_http_errortracking_exit_worker(ngx_cycle_t *cycle,
    ngx_http_errortracking_zone_t *zone)
{
    ngx_uint_t  last;
    ngx_msec_t  wait;

    if (!ngx_exiting || ngx_http_errortracking_zone_has_heir(zone)) {
        return;
    }

    last = ngx_http_errortracking_zone_is_last(zone);

    if (zone->spool == NULL && !last) {
        return;
    }

    ngx_time_update();

    wait = 0;

    if (last) {
        wait = ngx_terminate ? NGX_HTTP_ERRORTRACKING_EXIT_STOP
                             : zone->exit_timeout;
    }

    ngx_http_errortracking_exit_zone(cycle, zone, ngx_current_msec + wait,
                                     last);
}


void
ngx_http_errortracking_exit_zone(ngx_cycle_t *cycle,
    ngx_http_errortracking_zone_t *zone, ngx_msec_t deadline, ngx_uint_t last)
{
    ngx_uint_t                         n, level;
    ngx_http_errortracking_exit_t      ex;
    ngx_http_errortracking_segment_t  *segments[
                                        NGX_HTTP_ERRORTRACKING_BATCH_SEGMENTS];

    ngx_memzero(&ex, sizeof(ngx_http_errortracking_exit_t));
    ex.cycle = cycle;
    ex.zone = zone;
    ex.deadline = deadline;
    ex.last = last;

    /* the workers are gone, but their counters go on */

    if (zone->worker == NULL) {
        zone->worker = &zone->sh->workers[0];
    }

    /* first what was formed: it goes out as it is, under its own number */

    for ( ;; ) {
        n = ngx_http_errortracking_zone_take_over(zone, segments,
                                        NGX_HTTP_ERRORTRACKING_BATCH_SEGMENTS);
        if (n == 0) {
            break;
        }

        if (ngx_http_errortracking_exit_deliver(&ex, segments, n) != NGX_OK) {
            goto done;
        }
    }

    for ( ;; ) {
        n = ngx_http_errortracking_zone_form(zone,
                                        zone->flusher->batch_size,
                                        zone->flusher->batch_rows, 0, segments,
                                        NGX_HTTP_ERRORTRACKING_BATCH_SEGMENTS);
        if (n == 0) {
            break;
        }

        if (ngx_http_errortracking_exit_deliver(&ex, segments, n) != NGX_OK) {
            goto done;
        }
    }

done:

    if (ex.curl != NULL) {
        curl_slist_free_all(ex.headers);
        curl_easy_cleanup(ex.curl);
        curl_global_cleanup();
    }

    if (ex.posted + ex.spooled + ex.journaled + ex.lost == 0) {
        return;
    }

    level = ex.lost != 0 ? NGX_LOG_ERR : NGX_LOG_NOTICE;

    ngx_log_error(level, cycle->log, 0,
                  "errortracking_zone \"%V\" at exit: %uL rows posted, %uL "
                  "spooled, %uL lost, %uL in the journal", &zone->name,
                  ex.posted, ex.spooled, ex.lost, ex.journaled);
}


/* NGX_OK: nothing more can be done for it, so its segments are free. */

static ngx_int_t
ngx_http_errortracking_exit_deliver(ngx_http_errortracking_exit_t *ex,
    ngx_http_errortracking_segment_t **segments, ngx_uint_t n)
{
    uint64_t    rows;
    ngx_uint_t  i;

    for (i = 0, rows = 0; i < n; i++) {
        rows += ngx_http_errortracking_segment_rows(segments[i]);
    }

    if (ngx_http_errortracking_exit_post(ex, segments, n) == NGX_OK) {
        ex->posted += rows;
        ngx_http_errortracking_journal_remove_now(ex->zone, segments,
                                                  ex->cycle->log);

    } else if (ngx_http_errortracking_spool_now(ex->zone, segments, n, rows,
                                                ex->cycle->log)
               == NGX_OK)
    {
        ex->spooled += rows;
        ngx_http_errortracking_journal_remove_now(ex->zone, segments,
                                                  ex->cycle->log);

    } else if (!ex->last) {

        /* the master, or the last worker, has more time */

        ngx_http_errortracking_zone_hand_over(ex->zone, segments, n);
        return NGX_DECLINED;

    } else if (segments[0]->own_token) {

        /* its file stays; what is not in it was acknowledged to nobody */

        ex->journaled += rows;

    } else {
        ex->lost += rows;
    }

    ngx_http_errortracking_zone_free(ex->zone, segments, n);

    return NGX_OK;
}


static ngx_int_t
ngx_http_errortracking_exit_post(ngx_http_errortracking_exit_t *ex,
    ngx_http_errortracking_segment_t **segments, ngx_uint_t n)
{
    char                                 token[ET_SPOOL_TOKEN];
    long                                 left, status;
    size_t                               len;
    u_char                              *p;
    CURLcode                             rc;
    ngx_uint_t                           i;
    curl_off_t                           size;
    ngx_http_errortracking_exit_body_t   body;

    ngx_time_update();

    left = (long) (ex->deadline - ngx_current_msec);

    if (left <= 0 || ngx_http_errortracking_exit_url(ex) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (ex->curl == NULL) {
        ex->curl = ngx_http_errortracking_exit_curl(ex);
        if (ex->curl == NULL) {
            return NGX_ERROR;
        }
    }

    ngx_memzero(&body, sizeof(ngx_http_errortracking_exit_body_t));
    body.segments = segments;
    body.n = n;

    for (i = 0, size = 0; i < n; i++) {
        size += ngx_http_errortracking_segment_bytes(segments[i]);
    }

    len = ngx_strlen(ex->url);

    p = ngx_alloc(len + 2 + NGX_HTTP_ERRORTRACKING_ARGS, ex->cycle->log);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, ex->url, len);
    p[len] = ngx_strchr(ex->url, '?') == NULL ? '?' : '&';

    ngx_http_errortracking_batch_token(ex->zone, segments[0]->batch, token);

    *ngx_http_errortracking_insert_args(ex->zone->flusher, ET_ROW_COLUMNS,
                                        token, p + len + 1) = '\0';

    curl_easy_setopt(ex->curl, CURLOPT_URL, (char *) p);
    curl_easy_setopt(ex->curl, CURLOPT_POSTFIELDSIZE_LARGE, size);
    curl_easy_setopt(ex->curl, CURLOPT_READDATA, &body);
    curl_easy_setopt(ex->curl, CURLOPT_SEEKDATA, &body);
    curl_easy_setopt(ex->curl, CURLOPT_HEADERDATA, &body);
    curl_easy_setopt(ex->curl, CURLOPT_TIMEOUT_MS, left);

    status = 0;

    rc = curl_easy_perform(ex->curl);

    if (rc == CURLE_OK) {
        (void) curl_easy_getinfo(ex->curl, CURLINFO_RESPONSE_CODE, &status);
    }

    ngx_free(p);

    if (rc != CURLE_OK || status != 200 || !body.summary || body.exception) {
        ngx_log_error(NGX_LOG_ERR, ex->cycle->log, 0,
                      "errortracking batch %uL was not taken by ClickHouse "
                      "at exit: %s, status %l",
                      segments[0]->batch,
                      rc != CURLE_OK ? curl_easy_strerror(rc) : "refused",
                      status);

        /* one that does not answer will not answer the next */

        if (rc != CURLE_OK) {
            ex->deadline = ngx_current_msec;
        }

        return NGX_ERROR;
    }

    ngx_http_errortracking_inc(ex->zone->worker->counters.batches_sent);

    return NGX_OK;
}


static CURL *
ngx_http_errortracking_exit_curl(ngx_http_errortracking_exit_t *ex)
{
    CURL                       *curl;
    ngx_http_upstream_conf_t   *u;

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return NULL;
    }

    curl = curl_easy_init();
    if (curl == NULL) {
        curl_global_cleanup();
        return NULL;
    }

    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION,
                     ngx_http_errortracking_exit_read);
    curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION,
                     ngx_http_errortracking_exit_seek);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION,
                     ngx_http_errortracking_exit_header);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION,
                     ngx_http_errortracking_exit_ignore);

    /* without a pause for "100 Continue" */

    ex->headers = curl_slist_append(NULL, "Expect:");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, ex->headers);

    u = ngx_http_errortracking_flush_upstream(ex->zone);

#if (NGX_HTTP_SSL)

    /* as strict as proxy_ssl_verify */

    if (ex->zone->exit_url.len == 0 && u != NULL && !u->ssl_verify) {
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    }

#else
    (void) u;
#endif

    return curl;
}


static ngx_int_t
ngx_http_errortracking_exit_url(ngx_http_errortracking_exit_t *ex)
{
    u_char                         *p, *last;
    ngx_str_t                      *name;
    ngx_http_upstream_conf_t       *u;
    ngx_http_upstream_server_t     *server;

    if (ex->url[0] != '\0') {
        return NGX_OK;
    }

    p = (u_char *) ex->url;
    last = p + sizeof(ex->url) - 1;

    if (ex->zone->exit_url.len != 0) {
        *ngx_slprintf(p, last, "%V", &ex->zone->exit_url) = '\0';
        return NGX_OK;
    }

    u = ngx_http_errortracking_flush_upstream(ex->zone);

    if (u == NULL || u->upstream == NULL || u->upstream->servers == NULL
        || u->upstream->servers->nelts == 0)
    {
        return NGX_DECLINED;
    }

    server = u->upstream->servers->elts;

    if (server->naddrs == 0) {
        return NGX_DECLINED;
    }

    name = &server->addrs[0].name;

    if (name->len > 5 && ngx_strncmp(name->data, "unix:", 5) == 0) {
        return NGX_DECLINED;
    }

    *ngx_slprintf(p, last, "%s://%V/",
                  ngx_http_errortracking_exit_tls(ex, u) ? "https" : "http",
                  name)
        = '\0';

    return NGX_OK;
}


/*
 * Whether proxy_pass is to https.  The proxy module keeps that to itself, but
 * the workers have seen it when they last posted.  Without that: where no
 * proxy_pass is to https, no context for it was made; else TLS is the choice
 * that shows nothing to others.
 */

static ngx_uint_t
ngx_http_errortracking_exit_tls(ngx_http_errortracking_exit_t *ex,
    ngx_http_upstream_conf_t *u)
{
    if (ex->zone->sh->tls != 0) {
        return ex->zone->sh->tls == NGX_HTTP_ERRORTRACKING_POST_TLS;
    }

#if (NGX_HTTP_SSL)
    return u->ssl != NULL && u->ssl->ctx != NULL;
#else
    return 0;
#endif
}


static size_t
ngx_http_errortracking_exit_read(char *buf, size_t size, size_t n, void *data)
{
    size_t                               left, total;
    ngx_http_errortracking_segment_t    *segment;
    ngx_http_errortracking_exit_body_t  *body = data;

    size *= n;

    for (total = 0; total < size && body->i < body->n; total += left) {

        segment = body->segments[body->i];
        left = ngx_http_errortracking_segment_bytes(segment) - body->offset;

        if (left > size - total) {
            left = size - total;
            ngx_memcpy(buf + total, segment->data + body->offset, left);
            body->offset += left;
            continue;
        }

        ngx_memcpy(buf + total, segment->data + body->offset, left);
        body->offset = 0;
        body->i++;
    }

    return total;
}


/* libcurl begins anew where a connection that it kept was closed meanwhile. */

static int
ngx_http_errortracking_exit_seek(void *data, curl_off_t offset, int origin)
{
    ngx_http_errortracking_exit_body_t  *body = data;

    if (offset != 0 || origin != SEEK_SET) {
        return CURL_SEEKFUNC_CANTSEEK;
    }

    body->i = 0;
    body->offset = 0;

    return CURL_SEEKFUNC_OK;
}


static size_t
ngx_http_errortracking_exit_header(char *buf, size_t size, size_t n,
    void *data)
{
    ngx_http_errortracking_exit_body_t  *body = data;

    size *= n;

    if (ngx_http_errortracking_exit_is(buf, size, "X-ClickHouse-Summary:")) {
        body->summary = 1;
    }

    if (ngx_http_errortracking_exit_is(buf, size,
                                       "X-ClickHouse-Exception-Code:"))
    {
        body->exception = 1;
    }

    return size;
}


static ngx_uint_t
ngx_http_errortracking_exit_is(const char *buf, size_t len, const char *name)
{
    return len >= ngx_strlen(name)
           && ngx_strncasecmp((u_char *) buf, (u_char *) name,
                              ngx_strlen(name))
              == 0;
}


static size_t
ngx_http_errortracking_exit_ignore(char *buf, size_t size, size_t n,
    void *data)
{
    return size * n;
}
