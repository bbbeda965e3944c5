/*
 * The body in one piece, however it came: in one buffer, in several, in a
 * temporary file, with a length, chunked, over HTTP/2.
 *
 * A body whose length is known is refused by its length.  One without a
 * length is counted as it comes: past the limit its bytes are thrown away
 * and it is refused at its end with the contract's answer; one that goes on
 * for four times the limit is cut off.
 */

#include "ngx_http_errortracking.h"

#include <sys/mman.h>


#define NGX_HTTP_ERRORTRACKING_OVERRUN  4

/* bytes; a file's pages rather than a copy of them */
#define NGX_HTTP_ERRORTRACKING_MAP      (256 * 1024)


typedef struct {
    void    *data;
    size_t   len;
} ngx_http_errortracking_map_t;


static ngx_int_t ngx_http_errortracking_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);
static ngx_int_t ngx_http_errortracking_body_map(ngx_http_request_t *r,
    ngx_buf_t *b, char **data);
static void ngx_http_errortracking_body_unmap(void *data);
static ngx_int_t ngx_http_errortracking_body_copy(ngx_http_request_t *r,
    ngx_buf_t *b, u_char *p);


static ngx_http_request_body_filter_pt  ngx_http_next_request_body_filter;


ngx_int_t
ngx_http_errortracking_body_filter_init(ngx_conf_t *cf)
{
    ngx_http_next_request_body_filter = ngx_http_top_request_body_filter;
    ngx_http_top_request_body_filter = ngx_http_errortracking_body_filter;

    return NGX_OK;
}


static ngx_int_t
ngx_http_errortracking_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_chain_t                        *cl;
    ngx_http_errortracking_ctx_t       *ctx;
    ngx_http_errortracking_loc_conf_t  *elcf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_errortracking_module);

    if (ctx == NULL || !ctx->reading) {
        return ngx_http_next_request_body_filter(r, in);
    }

    elcf = ngx_http_get_module_loc_conf(r, ngx_http_errortracking_module);

    for (cl = in; cl != NULL; cl = cl->next) {
        ctx->received += ngx_buf_size(cl->buf);
    }

    if (ctx->received > (off_t) elcf->max_body_size) {

        if (ctx->received > NGX_HTTP_ERRORTRACKING_OVERRUN
                            * (off_t) elcf->max_body_size)
        {
            return NGX_HTTP_REQUEST_ENTITY_TOO_LARGE;
        }

        ctx->over = 1;

        for (cl = in; cl != NULL; cl = cl->next) {
            cl->buf->pos = cl->buf->last;
        }
    }

    return ngx_http_next_request_body_filter(r, in);
}


ngx_int_t
ngx_http_errortracking_body(ngx_http_request_t *r, char **data, size_t *len)
{
    off_t         size;
    u_char       *p;
    ngx_buf_t    *b;
    ngx_uint_t    contiguous;
    ngx_chain_t  *cl;

    *data = NULL;
    *len = 0;

    if (r->request_body == NULL || r->request_body->bufs == NULL) {
        return NGX_OK;
    }

    size = 0;
    p = NULL;
    contiguous = 1;

    for (cl = r->request_body->bufs; cl != NULL; cl = cl->next) {
        b = cl->buf;

        if (ngx_buf_size(b) == 0) {
            continue;
        }

        if (b->in_file || (p != NULL && b->pos != p)) {
            contiguous = 0;
        }

        if (size == 0) {
            *data = (char *) b->pos;
        }

        p = b->last;
        size += ngx_buf_size(b);
    }

    *len = (size_t) size;

    if (contiguous) {
        return NGX_OK;
    }

    cl = r->request_body->bufs;

    if (cl->next == NULL && cl->buf->in_file
        && *len >= NGX_HTTP_ERRORTRACKING_MAP)
    {
        return ngx_http_errortracking_body_map(r, cl->buf, data);
    }

    p = ngx_pnalloc(r->pool, *len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    *data = (char *) p;

    for (cl = r->request_body->bufs; cl != NULL; cl = cl->next) {
        if (ngx_http_errortracking_body_copy(r, cl->buf, p) != NGX_OK) {
            return NGX_ERROR;
        }

        p += ngx_buf_size(cl->buf);
    }

    return NGX_OK;
}


/*
 * The file is the request's own and unlinked, so its pages stay, and what the
 * core changes in them is nobody else's; they are the system's to write out,
 * where a private copy would be the worker's memory.
 */

static ngx_int_t
ngx_http_errortracking_body_map(ngx_http_request_t *r, ngx_buf_t *b,
    char **data)
{
    off_t                          skip;
    ngx_pool_cleanup_t            *cln;
    ngx_http_errortracking_map_t  *map;

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_errortracking_map_t));
    if (cln == NULL) {
        return NGX_ERROR;
    }

    skip = b->file_pos % ngx_pagesize;
    map = cln->data;

    map->len = (size_t) (b->file_last - b->file_pos + skip);
    map->data = mmap(NULL, map->len, PROT_READ|PROT_WRITE, MAP_SHARED,
                     b->file->fd, b->file_pos - skip);

    if (map->data == MAP_FAILED) {
        ngx_log_error(NGX_LOG_CRIT, r->connection->log, ngx_errno,
                      "mmap() of the request body's file \"%V\" failed",
                      &b->file->name);
        return NGX_ERROR;
    }

    cln->handler = ngx_http_errortracking_body_unmap;

    *data = (char *) map->data + skip;

    return NGX_OK;
}


static void
ngx_http_errortracking_body_unmap(void *data)
{
    ngx_http_errortracking_map_t  *map = data;

    (void) munmap(map->data, map->len);
}


static ngx_int_t
ngx_http_errortracking_body_copy(ngx_http_request_t *r, ngx_buf_t *b,
    u_char *p)
{
    off_t    offset;
    size_t   size;
    ssize_t  n;

    size = (size_t) ngx_buf_size(b);

    if (!b->in_file) {
        ngx_memcpy(p, b->pos, size);
        return NGX_OK;
    }

    /* the file was written a moment ago: its pages are in memory */

    for (offset = b->file_pos; size > 0; offset += n, p += n, size -= n) {

        n = ngx_read_file(b->file, p, size, offset);

        if (n <= 0) {
            ngx_log_error(NGX_LOG_CRIT, r->connection->log, 0,
                          "the request body's file \"%V\" ends early",
                          &b->file->name);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}
