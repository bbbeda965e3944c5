/*
 * The request that is nobody's: a connection slot with a descriptor that
 * nothing ever happens on, and a main request whose only work is to be the
 * parent of the subrequest.
 *
 * How it ends: the subrequest's handler notes the outcome and wakes the
 * parent, the parent's write handler closes everything, and the cleanup of
 * the parent is the one place that is passed on every way out.
 */

#include "ngx_http_errortracking_post.h"

#include <sys/eventfd.h>


/* what a line of the log about a post ends with */
#define NGX_HTTP_ERRORTRACKING_POST_TAIL  ", errortracking flush"


static ngx_connection_t *ngx_http_errortracking_post_connection(
    ngx_http_errortracking_post_t *post);
static ngx_http_request_t *ngx_http_errortracking_post_request(
    ngx_http_errortracking_post_t *post);
static ngx_int_t ngx_http_errortracking_post_subrequest(
    ngx_http_errortracking_post_t *post, ngx_http_request_t *r);
static ngx_int_t ngx_http_errortracking_post_type(
    ngx_http_errortracking_post_t *post, ngx_http_request_t *sr);
static ngx_int_t ngx_http_errortracking_post_done(ngx_http_request_t *sr,
    void *data, ngx_int_t rc);
static void ngx_http_errortracking_post_judge(
    ngx_http_errortracking_post_t *post, ngx_http_request_t *sr,
    ngx_int_t rc);
static void ngx_http_errortracking_post_note(
    ngx_http_errortracking_post_t *post, ngx_http_upstream_t *u);
static void ngx_http_errortracking_post_fail(
    ngx_http_errortracking_post_t *post, ngx_uint_t failure,
    const char *text);
static void ngx_http_errortracking_post_quote(
    ngx_http_errortracking_post_t *post, u_char *p, u_char *last);
static void ngx_http_errortracking_post_close(ngx_http_request_t *r);
static void ngx_http_errortracking_post_cleanup(void *data);
static void ngx_http_errortracking_post_event(ngx_event_t *ev);
static void ngx_http_errortracking_post_write(ngx_log_t *log,
    ngx_uint_t level, u_char *buf, size_t len);
static void ngx_http_errortracking_post_keep(
    ngx_http_errortracking_post_t *post, u_char *buf, size_t len);
static u_char *ngx_http_errortracking_post_log(ngx_log_t *log, u_char *buf,
    size_t len);


/* a NULL address would be a crash in balancers that look at the client's */

static struct sockaddr_in  ngx_http_errortracking_post_sockaddr = {
    .sin_family = AF_INET,
    .sin_addr = { .s_addr = 0x0100007f }
};

static ngx_str_t  ngx_http_errortracking_post_addr = ngx_string("127.0.0.1");
static ngx_str_t  ngx_http_errortracking_post_method = ngx_string("POST");


ngx_int_t
ngx_http_errortracking_post(ngx_http_errortracking_post_t *post)
{
    ngx_connection_t    *c;
    ngx_http_cleanup_t  *cln;
    ngx_http_request_t  *r;

    post->rc = NGX_ERROR;
    post->failure = NGX_HTTP_ERRORTRACKING_FAILED_LOCAL;
    post->status = 0;
    post->tls = 0;
    ngx_str_null(&post->request);
    post->exception = 0;
    post->error_len = 0;
    post->said_len = 0;
    post->sr = NULL;

    c = ngx_http_errortracking_post_connection(post);
    if (c == NULL) {
        return NGX_ERROR;
    }

    r = ngx_http_errortracking_post_request(post);
    if (r == NULL) {
        ngx_http_close_connection(c);
        return NGX_ERROR;
    }

    if (ngx_http_errortracking_post_subrequest(post, r) != NGX_OK) {
        ngx_http_free_request(r, 0);
        ngx_http_close_connection(c);
        return NGX_ERROR;
    }

    cln = ngx_http_cleanup_add(r, 0);

    if (cln == NULL) {

        /* the subrequest is posted, but has not run yet */

        ngx_http_free_request(r, 0);
        ngx_http_close_connection(c);
        return NGX_ERROR;
    }

    cln->handler = ngx_http_errortracking_post_cleanup;
    cln->data = post;

    /* runs the subrequest; both requests may be gone when this returns */

    ngx_http_run_posted_requests(c);

    return NGX_OK;
}


static ngx_connection_t *
ngx_http_errortracking_post_connection(ngx_http_errortracking_post_t *post)
{
    ngx_fd_t                   fd;
    ngx_connection_t          *c;
    ngx_http_core_loc_conf_t  *clcf;

    fd = eventfd(0, EFD_NONBLOCK|EFD_CLOEXEC);

    if (fd == -1) {
        ngx_log_error(NGX_LOG_CRIT, ngx_cycle->log, ngx_errno,
                      "eventfd() failed");
        return NULL;
    }

    c = ngx_get_connection(fd, ngx_cycle->log);

    if (c == NULL) {
        if (close(fd) == -1) {
            ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, ngx_errno,
                          "close() eventfd failed");
        }

        return NULL;
    }

    (void) ngx_atomic_fetch_add(ngx_stat_active, 1);

    c->pool = ngx_create_pool(NGX_DEFAULT_POOL_SIZE, ngx_cycle->log);

    if (c->pool == NULL) {
        goto failed;
    }

    clcf = post->conf_ctx->loc_conf[ngx_http_core_module.ctx_index];

    post->log = *clcf->error_log;
    post->log.connection = c->number;
    post->log.handler = ngx_http_errortracking_post_log;
    post->log.data = &post->log_ctx;
    post->log.action = NULL;

    ngx_memzero(&post->log_ctx, sizeof(ngx_http_log_ctx_t));
    post->log_ctx.connection = c;

    c->log = &post->log;
    c->pool->log = &post->log;
    c->log_error = NGX_ERROR_INFO;

    c->read->log = &post->log;
    c->write->log = &post->log;
    c->read->handler = ngx_http_errortracking_post_event;
    c->write->handler = ngx_http_errortracking_post_event;

    /* so the core never adds the descriptor to its event queue */

    c->read->active = 1;
    c->write->active = 1;

    c->sockaddr = (struct sockaddr *) &ngx_http_errortracking_post_sockaddr;
    c->socklen = sizeof(ngx_http_errortracking_post_sockaddr);
    c->local_sockaddr = c->sockaddr;
    c->local_socklen = c->socklen;
    c->addr_text = ngx_http_errortracking_post_addr;
    c->tcp_nodelay = NGX_TCP_NODELAY_DISABLED;
    c->start_time = ngx_current_msec;

    c->buffer = ngx_create_temp_buf(c->pool, 1);
    if (c->buffer == NULL) {
        goto failed;
    }

    ngx_memzero(&post->http_connection, sizeof(ngx_http_connection_t));
    post->http_connection.conf_ctx = post->conf_ctx;

    c->data = &post->http_connection;
    post->connection = c;

    return c;

failed:

    /* ngx_http_close_connection() destroys the pool, which may be none */

    if (c->pool != NULL) {
        ngx_http_close_connection(c);

    } else {
        (void) ngx_atomic_fetch_add(ngx_stat_active, -1);
        ngx_close_connection(c);
    }

    return NULL;
}


static ngx_http_request_t *
ngx_http_errortracking_post_request(ngx_http_errortracking_post_t *post)
{
    ngx_connection_t          *c;
    ngx_http_request_t        *r;
    ngx_http_core_loc_conf_t  *clcf;

    c = post->connection;

    r = ngx_http_create_request(c);
    if (r == NULL) {
        return NULL;
    }

    c->data = r;

    /* what the upstream module calls an error becomes a part of the line that
     * is written about the post; the request had set the log anew */

    clcf = post->conf_ctx->loc_conf[ngx_http_core_module.ctx_index];

    post->error_log = clcf->error_log;
    post->log.log_level = ngx_max(post->log.log_level, NGX_LOG_ERR);
    post->log.writer = ngx_http_errortracking_post_write;
    post->log.wdata = post;
    post->log.next = NULL;

    /* the main request is no client's: the log phase has nothing to do */

    r->logged = 1;
    r->method = NGX_HTTP_POST;
    r->method_name = ngx_http_errortracking_post_method;
    r->http_version = NGX_HTTP_VERSION_11;
    r->headers_in.content_length_n = -1;
    r->headers_in.keep_alive_n = -1;
    r->uri = post->uri;
    r->unparsed_uri = post->uri;
    r->read_event_handler = ngx_http_block_reading;
    r->write_event_handler = ngx_http_errortracking_post_close;

    return r;
}


static ngx_int_t
ngx_http_errortracking_post_subrequest(ngx_http_errortracking_post_t *post,
    ngx_http_request_t *r)
{
    ngx_http_request_t          *sr;
    ngx_http_post_subrequest_t  *ps;

    ps = ngx_palloc(r->pool, sizeof(ngx_http_post_subrequest_t));
    if (ps == NULL) {
        return NGX_ERROR;
    }

    ps->handler = ngx_http_errortracking_post_done;
    ps->data = post;

    if (ngx_http_subrequest(r, &post->uri, &post->args, &sr, ps,
                            NGX_HTTP_SUBREQUEST_BACKGROUND
                            |NGX_HTTP_SUBREQUEST_IN_MEMORY)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    sr->method = NGX_HTTP_POST;
    sr->method_name = ngx_http_errortracking_post_method;
    sr->headers_in.content_length_n = post->length;

    sr->request_body = ngx_pcalloc(r->pool, sizeof(ngx_http_request_body_t));
    if (sr->request_body == NULL) {
        return NGX_ERROR;
    }

    sr->request_body->bufs = post->body;

    if (post->type.len != 0
        && ngx_http_errortracking_post_type(post, sr) != NGX_OK)
    {
        return NGX_ERROR;
    }

    post->sr = sr;

    return NGX_OK;
}


/* The subrequest has a list of headers of its own, with the body's type. */

static ngx_int_t
ngx_http_errortracking_post_type(ngx_http_errortracking_post_t *post,
    ngx_http_request_t *sr)
{
    ngx_table_elt_t  *h;

    static u_char  lowcase[] = "content-type";

    if (ngx_list_init(&sr->headers_in.headers, sr->pool, 1,
                      sizeof(ngx_table_elt_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    h = ngx_list_push(&sr->headers_in.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = ngx_hash_key(lowcase, sizeof(lowcase) - 1);
    ngx_str_set(&h->key, "Content-Type");
    h->lowcase_key = lowcase;
    h->value = post->type;

    sr->headers_in.content_type = h;

    return NGX_OK;
}


static ngx_int_t
ngx_http_errortracking_post_done(ngx_http_request_t *sr, void *data,
    ngx_int_t rc)
{
    ngx_http_errortracking_post_t  *post = data;

    ngx_http_errortracking_post_judge(post, sr, rc);

    post->sr = NULL;

    if (ngx_http_post_request(sr->parent, NULL) != NGX_OK) {
        return NGX_ERROR;
    }

    /* with anything but NGX_OK the core would make an error page and call
     * this once more */

    return post->connection->error ? rc : NGX_OK;
}


/*
 * A status of 200 alone says little: the upstream's body may have been cut
 * short, and whatever stands at the address may say 200.  ClickHouse's own
 * answer has a header of its own, and is complete where the upstream module
 * has nothing left to read.
 */

static void
ngx_http_errortracking_post_judge(ngx_http_errortracking_post_t *post,
    ngx_http_request_t *sr, ngx_int_t rc)
{
    off_t                 length;
    ngx_buf_t            *b;
    ngx_list_t           *headers;
    ngx_table_elt_t      *exception;
    ngx_http_upstream_t  *u;

    u = sr->upstream;
    post->status = sr->headers_out.status;

    if (u != NULL) {
        ngx_http_errortracking_post_note(post, u);
    }

    if (rc == NGX_HTTP_GATEWAY_TIME_OUT || rc == NGX_HTTP_REQUEST_TIME_OUT) {
        ngx_http_errortracking_post_fail(post,
                                     NGX_HTTP_ERRORTRACKING_FAILED_TIMEOUT,
                                     "timed out");
        return;
    }

    if (rc == NGX_HTTP_BAD_GATEWAY) {
        ngx_http_errortracking_post_fail(post,
                                     NGX_HTTP_ERRORTRACKING_FAILED_CONNECT,
                                     "no answer");
        return;
    }

    if (post->connection->error || rc == NGX_ERROR || u == NULL
        || (rc >= NGX_HTTP_SPECIAL_RESPONSE && post->status == 0))
    {
        post->status = rc > 0 ? (ngx_uint_t) rc : post->status;
        ngx_http_errortracking_post_fail(post,
                                     NGX_HTTP_ERRORTRACKING_FAILED_LOCAL,
                                     "the subrequest failed");
        return;
    }

    headers = &u->headers_in.headers;
    exception = ngx_http_errortracking_header(headers,
                                              "X-ClickHouse-Exception-Code");

    if (post->status != NGX_HTTP_OK || exception != NULL) {
        ngx_http_errortracking_post_fail(post,
                               exception != NULL
                               ? NGX_HTTP_ERRORTRACKING_FAILED_EXCEPTION
                               : NGX_HTTP_ERRORTRACKING_FAILED_STATUS, "");

        if (exception != NULL) {
            post->exception = ngx_atoi(exception->value.data,
                                       exception->value.len);
        }

        b = sr->out != NULL ? sr->out->buf : NULL;

        if (b != NULL) {
            ngx_http_errortracking_post_quote(post, b->pos, b->last);
        }

        return;
    }

    length = u->buffering && u->pipe != NULL ? u->pipe->length : u->length;

    if (length != 0) {
        ngx_http_errortracking_post_fail(post,
                                     NGX_HTTP_ERRORTRACKING_FAILED_INCOMPLETE,
                                     "the answer was cut short");
        return;
    }

    if (!post->anyone
        && ngx_http_errortracking_header(headers, "X-ClickHouse-Summary")
           == NULL)
    {
        ngx_http_errortracking_post_fail(post,
                                     NGX_HTTP_ERRORTRACKING_FAILED_STATUS,
                                     "the answer is not ClickHouse's");
        return;
    }

    post->rc = NGX_OK;

    b = sr->out != NULL ? sr->out->buf : NULL;

    if (b != NULL) {
        ngx_http_errortracking_post_quote(post, b->pos, b->last);
    }
}


/* How it was sent, and what is known of the server. */

static void
ngx_http_errortracking_post_note(ngx_http_errortracking_post_t *post,
    ngx_http_upstream_t *u)
{
    u_char     *p;
    ngx_buf_t  *b;

    post->tls = NGX_HTTP_ERRORTRACKING_POST_PLAIN;

#if (NGX_HTTP_SSL)
    if (u->ssl) {
        post->tls = NGX_HTTP_ERRORTRACKING_POST_TLS;
    }
#endif

    b = u->request_bufs != NULL ? u->request_bufs->buf : NULL;

    if (b != NULL && ngx_buf_in_memory(b)) {
        post->request.data = b->start;
        post->request.len = b->last - b->start;
    }

    if (post->said_len != 0 && u->state != NULL && u->state->peer != NULL) {
        p = ngx_slprintf(post->said + post->said_len,
                         post->said + sizeof(post->said), ", server %V",
                         u->state->peer);
        post->said_len = p - post->said;
    }
}


/* Why: as NGINX has said it, or the text. */

static void
ngx_http_errortracking_post_fail(ngx_http_errortracking_post_t *post,
    ngx_uint_t failure, const char *text)
{
    post->rc = NGX_ERROR;
    post->failure = failure;

    if (post->said_len != 0) {
        post->error_len = post->said_len;
        ngx_memcpy(post->error, post->said, post->said_len);
        return;
    }

    post->error_len = ngx_strlen(text);
    ngx_memcpy(post->error, text, post->error_len);
}


/* The beginning of an answer, as a line of the log can have it. */

static void
ngx_http_errortracking_post_quote(ngx_http_errortracking_post_t *post,
    u_char *p, u_char *last)
{
    size_t  i, n;

    n = ngx_min((size_t) (last - p), sizeof(post->error));

    for (i = 0; i < n; i++) {
        post->error[i] = (p[i] < ' ' || p[i] == 0x7f) ? ' ' : p[i];
    }

    while (n != 0 && post->error[n - 1] == ' ') {
        n--;
    }

    post->error_len = n;
}


/* The parent's write handler: the subrequest is over. */

static void
ngx_http_errortracking_post_close(ngx_http_request_t *r)
{
    ngx_connection_t  *c;

    if (r->count != 1) {
        return;
    }

    c = r->connection;

    ngx_http_free_request(r, 0);
    ngx_http_close_connection(c);
}


static void
ngx_http_errortracking_post_cleanup(void *data)
{
    ngx_http_errortracking_post_t  *post = data;

    post->handler(post);
}


/* The worker closes its connections: on worker_shutdown_timeout. */

static void
ngx_http_errortracking_post_event(ngx_event_t *ev)
{
    ngx_connection_t               *c;
    ngx_http_request_t             *r;
    ngx_http_errortracking_post_t  *post;

    c = ev->data;
    r = c->data;

    if (!c->close && !ev->timedout) {
        return;
    }

    post = (ngx_http_errortracking_post_t *)
               ((u_char *) c->log - offsetof(ngx_http_errortracking_post_t,
                                             log));
    c->error = 1;

    if (post->sr != NULL) {
        ngx_http_finalize_request(post->sr, NGX_HTTP_CLIENT_CLOSED_REQUEST);

    } else {
        ngx_http_errortracking_post_close(r);
        return;
    }

    ngx_http_run_posted_requests(c);
}


/* All but errors goes where it would go anyway. */

static void
ngx_http_errortracking_post_write(ngx_log_t *log, ngx_uint_t level,
    u_char *buf, size_t len)
{
    ngx_log_t                      *l;
    ngx_http_errortracking_post_t  *post = log->wdata;

    if (level == NGX_LOG_ERR) {
        ngx_http_errortracking_post_keep(post, buf, len);
        return;
    }

    for (l = post->error_log; l != NULL; l = l->next) {

        if (l->log_level < level) {
            break;
        }

        if (l->writer != NULL) {
            l->writer(l, level, buf, len);

        } else {
            (void) ngx_write_fd(l->file->fd, buf, len);
        }
    }
}


/* "time [error] pid#tid: *number text, errortracking flush", and a newline. */

static void
ngx_http_errortracking_post_keep(ngx_http_errortracking_post_t *post,
    u_char *buf, size_t len)
{
    u_char  *p;

    p = memmem(buf, len, ": ", 2);

    if (p != NULL) {
        len -= p + 2 - buf;
        buf = p + 2;
    }

    p = (len != 0 && *buf == '*') ? memchr(buf, ' ', len) : NULL;

    if (p != NULL) {
        len -= p + 1 - buf;
        buf = p + 1;
    }

    p = memmem(buf, len, NGX_HTTP_ERRORTRACKING_POST_TAIL,
               sizeof(NGX_HTTP_ERRORTRACKING_POST_TAIL) - 1);

    if (p != NULL) {
        len = p - buf;
    }

    while (len != 0 && buf[len - 1] <= ' ') {
        len--;
    }

    post->said_len = ngx_min(len, sizeof(post->said));
    ngx_memcpy(post->said, buf, post->said_len);
}


static u_char *
ngx_http_errortracking_post_log(ngx_log_t *log, u_char *buf, size_t len)
{
    u_char  *p;

    p = buf;

    if (log->action != NULL) {
        p = ngx_snprintf(buf, len, " while %s", log->action);
        len -= p - buf;
    }

    return ngx_snprintf(p, len, NGX_HTTP_ERRORTRACKING_POST_TAIL);
}
