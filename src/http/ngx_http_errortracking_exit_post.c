/*
 * The request, the connection and its TLS, as libcurl's options.
 */

#include "ngx_http_errortracking_exit_post.h"


/* bytes of an address: of a server, a name, or both with a port */
#define NGX_HTTP_ERRORTRACKING_EXIT_NAME  512


/* A batch, as libcurl reads it. */
typedef struct {
    ngx_http_errortracking_segment_t  **segments;
    ngx_uint_t                          n;
    ngx_uint_t                          i;         /* the next byte's segment */
    size_t                              offset;    /* and its place there */
    unsigned                            summary:1; /* ClickHouse's own answer */
    unsigned                            exception:1;
} ngx_http_errortracking_exit_body_t;


static ngx_int_t ngx_http_errortracking_exit_begin(
    ngx_http_errortracking_exit_post_t *post);
static ngx_int_t ngx_http_errortracking_exit_servers(
    ngx_http_errortracking_exit_post_t *post);
static void ngx_http_errortracking_exit_options(
    ngx_http_errortracking_exit_post_t *post);
static ngx_int_t ngx_http_errortracking_exit_headers(
    ngx_http_errortracking_exit_post_t *post);
static ngx_int_t ngx_http_errortracking_exit_add_header(
    ngx_http_errortracking_exit_post_t *post, const char *header);
static ngx_uint_t ngx_http_errortracking_exit_is_tls(
    ngx_http_errortracking_exit_post_t *post);
static ngx_int_t ngx_http_errortracking_exit_tls(
    ngx_http_errortracking_exit_post_t *post);
#if (NGX_HTTP_SSL)
static CURLcode ngx_http_errortracking_exit_ssl_ctx(CURL *curl, void *ssl_ctx,
    void *data);
#endif
static CURLcode ngx_http_errortracking_exit_perform(
    ngx_http_errortracking_exit_post_t *post,
    ngx_http_errortracking_exit_body_t *body, const char *token, long *status);
static u_char *ngx_http_errortracking_exit_url(
    ngx_http_errortracking_exit_post_t *post, const char *token);
static void ngx_http_errortracking_exit_name(
    ngx_http_errortracking_exit_post_t *post, ngx_str_t *name);
static struct curl_slist *ngx_http_errortracking_exit_connect(
    ngx_http_errortracking_exit_post_t *post);
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


ngx_int_t
ngx_http_errortracking_exit_post(ngx_http_errortracking_exit_post_t *post,
    ngx_http_errortracking_segment_t **segments, ngx_uint_t n)
{
    char                                 token[ET_SPOOL_TOKEN];
    long                                 status;
    CURLcode                             rc;
    ngx_http_errortracking_exit_body_t   body;

    ngx_time_update();

    if ((ngx_msec_int_t) (post->deadline - ngx_current_msec) <= 0) {
        return NGX_DECLINED;
    }

    if (post->curl == NULL
        && ngx_http_errortracking_exit_begin(post) != NGX_OK)
    {
        post->deadline = ngx_current_msec;
        return NGX_DECLINED;
    }

    ngx_http_errortracking_batch_token(post->zone, segments[0]->batch, token);

    for ( ;; ) {
        ngx_memzero(&body, sizeof(ngx_http_errortracking_exit_body_t));
        body.segments = segments;
        body.n = n;
        status = 0;

        rc = ngx_http_errortracking_exit_perform(post, &body, token, &status);

        if (rc == CURLE_OK && status == NGX_HTTP_OK && body.summary
            && !body.exception)
        {
            ngx_http_errortracking_inc(
                                  post->zone->worker->counters.batches_sent);
            return NGX_OK;
        }

        /* another server, where this one can't have got the batch */

        if (rc != CURLE_COULDNT_CONNECT || post->server + 1 >= post->nservers)
        {
            break;
        }

        post->server++;
    }

    ngx_log_error(NGX_LOG_ERR, post->log, 0,
                  "errortracking batch %uL was not taken by ClickHouse "
                  "at exit: %s, status %l",
                  segments[0]->batch,
                  rc != CURLE_OK ? curl_easy_strerror(rc) : "refused",
                  status);

    /* one that does not answer will not answer the next */

    if (rc != CURLE_OK) {
        post->deadline = ngx_current_msec;
    }

    return NGX_ERROR;
}


void
ngx_http_errortracking_exit_post_done(
    ngx_http_errortracking_exit_post_t *post)
{
    if (post->curl != NULL) {
        curl_easy_cleanup(post->curl);
        curl_slist_free_all(post->headers);
        curl_global_cleanup();
        post->curl = NULL;
        post->headers = NULL;
    }

    if (post->servers != NULL) {
        ngx_free(post->servers);
        post->servers = NULL;
    }
}


static ngx_int_t
ngx_http_errortracking_exit_begin(ngx_http_errortracking_exit_post_t *post)
{
    post->upstream = ngx_http_errortracking_flush_upstream(post->zone);

    if (post->zone->exit_url.len == 0
        && ngx_http_errortracking_exit_servers(post) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return NGX_ERROR;
    }

    post->curl = curl_easy_init();
    if (post->curl == NULL) {
        curl_global_cleanup();
        return NGX_ERROR;
    }

    post->tls = ngx_http_errortracking_exit_is_tls(post);

    ngx_http_errortracking_exit_options(post);

    if (ngx_http_errortracking_exit_headers(post) != NGX_OK
        || (post->tls && ngx_http_errortracking_exit_tls(post) != NGX_OK))
    {
        ngx_http_errortracking_exit_post_done(post);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* The addresses of the upstream, as they were when the configuration was
 * read; backup servers last. */

static ngx_int_t
ngx_http_errortracking_exit_servers(ngx_http_errortracking_exit_post_t *post)
{
    ngx_uint_t                       i, k, n, backup;
    ngx_http_upstream_server_t      *server;
    ngx_http_upstream_srv_conf_t    *uscf;

    uscf = post->upstream == NULL ? NULL : post->upstream->upstream;

    if (uscf == NULL || uscf->servers == NULL) {
        return NGX_DECLINED;
    }

    server = uscf->servers->elts;

    for (i = 0, n = 0; i < uscf->servers->nelts; i++) {
        n += server[i].naddrs;
    }

    if (n == 0) {
        return NGX_DECLINED;
    }

    post->servers = ngx_alloc(n * sizeof(ngx_str_t), post->log);
    if (post->servers == NULL) {
        return NGX_ERROR;
    }

    for (backup = 0; backup < 2; backup++) {
        for (i = 0; i < uscf->servers->nelts; i++) {

            if (server[i].down || server[i].backup != backup) {
                continue;
            }

            for (k = 0; k < server[i].naddrs; k++) {
                post->servers[post->nservers++] = server[i].addrs[k].name;
            }
        }
    }

    return post->nservers == 0 ? NGX_DECLINED : NGX_OK;
}


static void
ngx_http_errortracking_exit_options(ngx_http_errortracking_exit_post_t *post)
{
    CURL  *curl;

    curl = post->curl;

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
}


/* An address of its own has what it needs in itself. */

static ngx_int_t
ngx_http_errortracking_exit_headers(ngx_http_errortracking_exit_post_t *post)
{
    u_char     *p, *line, *last, header[NGX_HTTP_ERRORTRACKING_WAY + 1];
    ngx_str_t   before, after, headers;

    /* without a pause for "100 Continue" */

    if (ngx_http_errortracking_exit_add_header(post, "Expect:") != NGX_OK) {
        return NGX_ERROR;
    }

    if (post->zone->exit_url.len == 0) {
        ngx_http_errortracking_way_parts(&post->zone->sh->way, &before, &after,
                                         &headers);

        last = headers.data + headers.len;

        for (p = headers.data; p < last; p = line + 2) {

            line = memmem(p, last - p, CRLF, 2);
            if (line == NULL) {
                break;
            }

            *ngx_cpymem(header, p, line - p) = '\0';

            if (ngx_http_errortracking_exit_add_header(post, (char *) header)
                != NGX_OK)
            {
                return NGX_ERROR;
            }
        }
    }

    curl_easy_setopt(post->curl, CURLOPT_HTTPHEADER, post->headers);

    return NGX_OK;
}


static ngx_int_t
ngx_http_errortracking_exit_add_header(
    ngx_http_errortracking_exit_post_t *post, const char *header)
{
    struct curl_slist  *headers;

    headers = curl_slist_append(post->headers, header);
    if (headers == NULL) {
        return NGX_ERROR;
    }

    post->headers = headers;

    return NGX_OK;
}


/*
 * Whether proxy_pass is to https.  The proxy module keeps that to itself, but
 * the workers have seen it when they last posted.  Without that: where no
 * proxy_pass is to https, no context for it was made; else TLS is the choice
 * that shows nothing to others.
 */

static ngx_uint_t
ngx_http_errortracking_exit_is_tls(ngx_http_errortracking_exit_post_t *post)
{
    ngx_http_errortracking_zone_t  *zone;

    zone = post->zone;

    if (zone->exit_url.len != 0) {
        return ngx_strncmp(zone->exit_url.data, "https:", 6) == 0;
    }

    if (zone->sh->tls != 0) {
        return zone->sh->tls == NGX_HTTP_ERRORTRACKING_POST_TLS;
    }

#if (NGX_HTTP_SSL)
    return post->upstream->ssl != NULL && post->upstream->ssl->ctx != NULL;
#else
    return 0;
#endif
}


/*
 * As strict as proxy_ssl_verify; an address of its own is always verified: by
 * the location's certificates where these are, else by the system's.
 */

static ngx_int_t
ngx_http_errortracking_exit_tls(ngx_http_errortracking_exit_post_t *post)
{
#if (NGX_HTTP_SSL)
    ngx_http_upstream_conf_t  *u;

    u = post->upstream;

    if (u == NULL) {
        return NGX_OK;
    }

    if (post->zone->exit_url.len == 0 && !u->ssl_verify) {
        curl_easy_setopt(post->curl, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(post->curl, CURLOPT_SSL_VERIFYHOST, 0L);
    }

    if (u->ssl == NULL || u->ssl->ctx == NULL) {
        return NGX_OK;
    }

    if (curl_easy_setopt(post->curl, CURLOPT_SSL_CTX_FUNCTION,
                         ngx_http_errortracking_exit_ssl_ctx) != CURLE_OK
        || curl_easy_setopt(post->curl, CURLOPT_SSL_CTX_DATA, u) != CURLE_OK)
    {
        ngx_log_error(NGX_LOG_ERR, post->log, 0,
                      "errortracking can't post at exit by TLS: libcurl has "
                      "\"%s\", not OpenSSL",
                      curl_version_info(CURLVERSION_NOW)->ssl_version);
        return NGX_ERROR;
    }
#endif

    return NGX_OK;
}


#if (NGX_HTTP_SSL)

/* proxy_ssl_trusted_certificate, _crl, _verify_depth, _certificate and _key
 * are in the location's SSL context: nothing is read from files again. */

static CURLcode
ngx_http_errortracking_exit_ssl_ctx(CURL *curl, void *ssl_ctx, void *data)
{
    X509                      *cert;
    SSL_CTX                   *from, *to = ssl_ctx;
    EVP_PKEY                  *key;
    X509_STORE                *store;
    STACK_OF(X509)            *chain;
    ngx_http_upstream_conf_t  *u = data;

    from = u->ssl->ctx;

    if (u->ssl_verify) {
        store = SSL_CTX_get_cert_store(from);

        if (store == NULL || X509_STORE_up_ref(store) != 1) {
            return CURLE_SSL_CACERT_BADFILE;
        }

        SSL_CTX_set_cert_store(to, store);
        SSL_CTX_set_verify_depth(to, SSL_CTX_get_verify_depth(from));
    }

    cert = SSL_CTX_get0_certificate(from);
    key = SSL_CTX_get0_privatekey(from);

    if (cert == NULL || key == NULL) {
        return CURLE_OK;
    }

    chain = NULL;
    (void) SSL_CTX_get0_chain_certs(from, &chain);

    if (SSL_CTX_use_certificate(to, cert) != 1
        || SSL_CTX_use_PrivateKey(to, key) != 1
        || (chain != NULL && SSL_CTX_set1_chain(to, chain) != 1))
    {
        return CURLE_SSL_CERTPROBLEM;
    }

    return CURLE_OK;
}

#endif


/* One request, to the server at hand. */

static CURLcode
ngx_http_errortracking_exit_perform(ngx_http_errortracking_exit_post_t *post,
    ngx_http_errortracking_exit_body_t *body, const char *token, long *status)
{
    long                left;
    u_char             *url;
    CURLcode            rc;
    ngx_uint_t          i;
    curl_off_t          size;
    struct curl_slist  *connect;

    ngx_time_update();

    left = (long) (ngx_msec_int_t) (post->deadline - ngx_current_msec);

    if (left <= 0) {
        return CURLE_OPERATION_TIMEDOUT;
    }

    for (i = 0, size = 0; i < body->n; i++) {
        size += ngx_http_errortracking_segment_bytes(body->segments[i]);
    }

    url = ngx_http_errortracking_exit_url(post, token);
    if (url == NULL) {
        return CURLE_OUT_OF_MEMORY;
    }

    connect = ngx_http_errortracking_exit_connect(post);

    curl_easy_setopt(post->curl, CURLOPT_CONNECT_TO, connect);
    curl_easy_setopt(post->curl, CURLOPT_URL, (char *) url);
    curl_easy_setopt(post->curl, CURLOPT_POSTFIELDSIZE_LARGE, size);
    curl_easy_setopt(post->curl, CURLOPT_READDATA, body);
    curl_easy_setopt(post->curl, CURLOPT_SEEKDATA, body);
    curl_easy_setopt(post->curl, CURLOPT_HEADERDATA, body);
    curl_easy_setopt(post->curl, CURLOPT_TIMEOUT_MS, left);

    rc = curl_easy_perform(post->curl);

    if (rc == CURLE_OK) {
        (void) curl_easy_getinfo(post->curl, CURLINFO_RESPONSE_CODE, status);
    }

    curl_easy_setopt(post->curl, CURLOPT_CONNECT_TO, NULL);
    curl_slist_free_all(connect);
    ngx_free(url);

    return rc;
}


/* The address, with the path of the workers' requests; to be freed. */

static u_char *
ngx_http_errortracking_exit_url(ngx_http_errortracking_exit_post_t *post,
    const char *token)
{
    u_char                           *url, *p;
    ngx_str_t                         before, after, headers, name;
    ngx_http_errortracking_zone_t    *zone;

    zone = post->zone;

    url = ngx_alloc(NGX_HTTP_ERRORTRACKING_MAX_EXIT_URL
                    + NGX_HTTP_ERRORTRACKING_EXIT_NAME
                    + NGX_HTTP_ERRORTRACKING_WAY
                    + NGX_HTTP_ERRORTRACKING_ARGS, post->log);
    if (url == NULL) {
        return NULL;
    }

    ngx_str_null(&after);

    if (zone->exit_url.len != 0) {
        p = ngx_cpymem(url, zone->exit_url.data, zone->exit_url.len);
        *p = ngx_strlchr(url, p, '?') == NULL ? '?' : '&';
        p++;

    } else {
        ngx_http_errortracking_exit_name(post, &name);
        ngx_http_errortracking_way_parts(&zone->sh->way, &before, &after,
                                         &headers);

        if (zone->sh->way.len == 0) {
            ngx_str_set(&before, "/?");
        }

        p = ngx_sprintf(url, "%s://%V%V", post->tls ? "https" : "http", &name,
                        &before);
    }

    p = ngx_http_errortracking_insert_args(zone->flusher, ET_ROW_COLUMNS,
                                           token, p);

    *ngx_cpymem(p, after.data, after.len) = '\0';

    return url;
}


/*
 * Whom the certificate is to name: proxy_ssl_name, by default the host of
 * proxy_pass.  Where that is no name for a URL, and without TLS, the server's
 * address, which does as well.
 */

static void
ngx_http_errortracking_exit_name(ngx_http_errortracking_exit_post_t *post,
    ngx_str_t *name)
{
    *name = post->servers[post->server];

    if (name->len > 5 && ngx_strncmp(name->data, "unix:", 5) == 0) {
        ngx_str_set(name, "localhost");
    }

#if (NGX_HTTP_SSL)

    if (post->tls) {
        size_t                      i;
        ngx_str_t                   host;
        ngx_http_complex_value_t   *cv;

        cv = post->upstream->ssl_name;
        host = cv != NULL && cv->lengths == NULL
               ? cv->value : post->upstream->upstream->host;

        for (i = 0; i < host.len; i++) {
            if (!(host.data[i] >= '0' && host.data[i] <= '9')
                && !((host.data[i] | 0x20) >= 'a'
                     && (host.data[i] | 0x20) <= 'z')
                && ngx_strchr("-._", host.data[i]) == NULL)
            {
                return;
            }
        }

        if (host.len != 0 && host.len < NGX_HTTP_ERRORTRACKING_EXIT_NAME) {
            *name = host;
        }
    }

#endif
}


/* Whatever the URL says, the connection is to the server at hand. */

static struct curl_slist *
ngx_http_errortracking_exit_connect(ngx_http_errortracking_exit_post_t *post)
{
    u_char      text[NGX_HTTP_ERRORTRACKING_EXIT_NAME];
    ngx_str_t  *server;

    if (post->nservers == 0) {
        return NULL;
    }

    server = &post->servers[post->server];

    if (server->len > 5 && ngx_strncmp(server->data, "unix:", 5) == 0) {
        *ngx_snprintf(text, sizeof(text) - 1, "%*s", server->len - 5,
                      server->data + 5) = '\0';
        curl_easy_setopt(post->curl, CURLOPT_UNIX_SOCKET_PATH, (char *) text);
        return NULL;
    }

    *ngx_snprintf(text, sizeof(text) - 1, "::%V", server) = '\0';
    curl_easy_setopt(post->curl, CURLOPT_UNIX_SOCKET_PATH, NULL);

    return curl_slist_append(NULL, (char *) text);
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
