/*
 * errortracking_keys: the file is read when the configuration is, so that a
 * reload reads it anew, and each bad line of it is an error of `nginx -t`.
 */

#include "ngx_http_errortracking.h"


/* bytes; a line is about 40 */
#define NGX_HTTP_ERRORTRACKING_KEYS_MAX  (64 * 1024 * 1024)


typedef struct {
    ngx_conf_t  *cf;
    ngx_str_t   *file;
    ngx_uint_t   errors;
} ngx_http_errortracking_keys_ctx_t;


static char *ngx_http_errortracking_keys_parse(ngx_conf_t *cf,
    ngx_http_errortracking_loc_conf_t *elcf, et_slice_t text);
static ngx_int_t ngx_http_errortracking_keys_read(ngx_conf_t *cf,
    ngx_str_t *name, et_slice_t *text);
static void ngx_http_errortracking_keys_report(void *data, unsigned line,
    const char *message);
static void ngx_http_errortracking_keys_cleanup(void *data);


char *
ngx_http_errortracking_keys(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_errortracking_loc_conf_t  *elcf = conf;

    char        *rv;
    ngx_str_t   *value;
    et_slice_t   text;

    if (elcf->keys != NULL) {
        return "is duplicate";
    }

    value = cf->args->elts;
    elcf->keys_file = value[1];

    if (ngx_conf_full_name(cf->cycle, &elcf->keys_file, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (ngx_http_errortracking_keys_read(cf, &elcf->keys_file, &text)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    rv = ngx_http_errortracking_keys_parse(cf, elcf, text);

    /* the text has keys in it, and the table has copies */

    ngx_explicit_memzero((char *) text.data, text.len);
    ngx_free((char *) text.data);

    return rv;
}


static char *
ngx_http_errortracking_keys_parse(ngx_conf_t *cf,
    ngx_http_errortracking_loc_conf_t *elcf, et_slice_t text)
{
    et_arena_t                         *arena;
    ngx_pool_cleanup_t                 *cln;
    ngx_http_errortracking_keys_ctx_t   ctx;

    cln = ngx_pool_cleanup_add(cf->pool, sizeof(et_arena_t));
    if (cln == NULL) {
        return NGX_CONF_ERROR;
    }

    arena = cln->data;
    et_arena_init(arena, (size_t) 16 * NGX_HTTP_ERRORTRACKING_KEYS_MAX, 0);
    cln->handler = ngx_http_errortracking_keys_cleanup;

    ctx.cf = cf;
    ctx.file = &elcf->keys_file;
    ctx.errors = 0;

    elcf->keys = et_keys_parse(arena, text,
                               ngx_http_errortracking_keys_report, &ctx);

    if (elcf->keys == NULL) {
        if (ctx.errors == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "no memory for the keys of \"%V\"",
                               &elcf->keys_file);
        }

        return NGX_CONF_ERROR;
    }

    if (et_keys_count(elcf->keys) == 0) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "the keys file \"%V\" has no key: every event "
                           "will be refused", &elcf->keys_file);
    }

    return NGX_CONF_OK;
}


/* On NGX_OK the text is ngx_alloc()ed. */

static ngx_int_t
ngx_http_errortracking_keys_read(ngx_conf_t *cf, ngx_str_t *name,
    et_slice_t *text)
{
    u_char           *p;
    size_t            size;
    ssize_t           n;
    ngx_int_t         rc;
    ngx_file_t        file;
    ngx_file_info_t   fi;

    ngx_memzero(&file, sizeof(ngx_file_t));
    file.name = *name;
    file.log = cf->log;

    file.fd = ngx_open_file(name->data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (file.fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_open_file_n " \"%V\" failed", name);
        return NGX_ERROR;
    }

    rc = NGX_ERROR;

    if (ngx_fd_info(file.fd, &fi) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_fd_info_n " \"%V\" failed", name);
        goto done;
    }

    if (!ngx_is_file(&fi)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the keys file \"%V\" is not a regular file", name);
        goto done;
    }

    size = (size_t) ngx_file_size(&fi);

    if (size > NGX_HTTP_ERRORTRACKING_KEYS_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the keys file \"%V\" is larger than 64m", name);
        goto done;
    }

    p = ngx_alloc(size + 1, cf->log);
    if (p == NULL) {
        goto done;
    }

    n = size == 0 ? 0 : ngx_read_file(&file, p, size, 0);

    if (n != (ssize_t) size) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, n < 0 ? ngx_errno : 0,
                           "reading \"%V\" returned %z bytes of %uz",
                           name, n, size);
        ngx_free(p);
        goto done;
    }

    *text = et_slice((char *) p, size);
    rc = NGX_OK;

done:

    if (ngx_close_file(file.fd) == NGX_FILE_ERROR) {
        ngx_log_error(NGX_LOG_ALERT, cf->log, ngx_errno,
                      ngx_close_file_n " \"%V\" failed", name);
    }

    return rc;
}


static void
ngx_http_errortracking_keys_report(void *data, unsigned line,
    const char *message)
{
    ngx_http_errortracking_keys_ctx_t  *ctx = data;

    ctx->errors++;

    ngx_log_error(NGX_LOG_EMERG, ctx->cf->log, 0, "%s in %V:%ui", message,
                  ctx->file, (ngx_uint_t) line);
}


static void
ngx_http_errortracking_keys_cleanup(void *data)
{
    et_arena_destroy(data);
}
