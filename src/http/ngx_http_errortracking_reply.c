/*
 * Answers: the id of what was taken, or why nothing was.
 */

#include "ngx_http_errortracking.h"


static ngx_int_t ngx_http_errortracking_reply(ngx_http_request_t *r,
    ngx_uint_t status, u_char *body, size_t len);
static ngx_int_t ngx_http_errortracking_add_header(ngx_http_request_t *r,
    const char *name, const char *value);


ngx_int_t
ngx_http_errortracking_reply_id(ngx_http_request_t *r, const u_char *id)
{
    size_t   len;
    u_char  *p;

    if (id == NULL) {
        return ngx_http_errortracking_reply(r, NGX_HTTP_OK,
                                            (u_char *) "{}", 2);
    }

    len = sizeof("{\"id\":\"\"}") - 1 + 2 * ET_EVENT_ID_LEN;

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memcpy(p, "{\"id\":\"", 7);
    et_event_id_print(id, (char *) p + 7);
    ngx_memcpy(p + len - 2, "\"}", 2);

    return ngx_http_errortracking_reply(r, NGX_HTTP_OK, p, len);
}


ngx_int_t
ngx_http_errortracking_refuse(ngx_http_request_t *r, et_reason_t reason)
{
    size_t                              len;
    u_char                             *p, *last;
    const et_reason_info_t             *info;
    ngx_http_errortracking_loc_conf_t  *elcf;

    elcf = ngx_http_get_module_loc_conf(r, ngx_http_errortracking_module);
    info = &et_reasons[reason];

    ngx_http_errortracking_inc(elcf->zone->worker->counters.rejected[reason]);
    ngx_http_errortracking_refused(r, reason);

    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "errortracking refused the request: %s (%s)",
                  info->detail, info->name);

    /* what is left of the body is thrown away, so that the connection can be
     * kept */

    if (ngx_http_discard_request_body(r) != NGX_OK) {
        r->keepalive = 0;
    }

    if (ngx_http_errortracking_add_header(r, "X-Sentry-Error", info->detail)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (info->status == NGX_HTTP_SERVICE_UNAVAILABLE
        && ngx_http_errortracking_add_header(r, "Retry-After",
                                          NGX_HTTP_ERRORTRACKING_RETRY_AFTER)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (info->status == NGX_HTTP_NOT_ALLOWED
        && ngx_http_errortracking_add_header(r, "Allow", "POST") != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    len = sizeof("{\"detail\":\"\",\"causes\":[\"\"]}") - 1
          + ngx_strlen(info->detail) + ngx_strlen(info->name);

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    last = ngx_sprintf(p, "{\"detail\":\"%s\",\"causes\":[\"%s\"]}",
                       info->detail, info->name);

    return ngx_http_errortracking_reply(r, info->status, p, last - p);
}


static ngx_int_t
ngx_http_errortracking_reply(ngx_http_request_t *r, ngx_uint_t status,
    u_char *body, size_t len)
{
    ngx_int_t     rc;
    ngx_buf_t    *b;
    ngx_chain_t   out;

    r->headers_out.status = status;
    r->headers_out.content_length_n = len;

    ngx_str_set(&r->headers_out.content_type, "application/json");
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->pos = body;
    b->last = body + len;
    b->memory = 1;
    b->last_buf = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


static ngx_int_t
ngx_http_errortracking_add_header(ngx_http_request_t *r, const char *name,
    const char *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->hash = 1;
#if (nginx_version >= 1023000)
    h->next = NULL;
#endif
    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->value.data = (u_char *) value;
    h->value.len = ngx_strlen(value);

    return NGX_OK;
}
