/*
 * Files that the configuration names and that are read with it: keys,
 * secrets, tokens; and where what is read of them lies.
 */

#include "ngx_http_errortracking.h"


static void ngx_http_errortracking_conf_arena_cleanup(void *data);


ngx_int_t
ngx_http_errortracking_read_file(ngx_conf_t *cf, ngx_str_t *name,
    const char *what, size_t max, et_slice_t *text)
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
                           "the %s file \"%V\" is not a regular file", what,
                           name);
        goto done;
    }

    size = (size_t) ngx_file_size(&fi);

    if (size > max) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the %s file \"%V\" is larger than %uzk", what,
                           name, max / 1024);
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


et_slice_t
ngx_http_errortracking_first_line(et_slice_t text)
{
    const char  *p;

    p = text.len == 0 ? NULL : memchr(text.data, '\n', text.len);

    return et_slice(text.data, p == NULL ? text.len : (size_t) (p - text.data));
}


et_arena_t *
ngx_http_errortracking_conf_arena(ngx_conf_t *cf, size_t limit)
{
    et_arena_t          *arena;
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(cf->pool, sizeof(et_arena_t));
    if (cln == NULL) {
        return NULL;
    }

    arena = cln->data;
    et_arena_init(arena, limit, 0);
    cln->handler = ngx_http_errortracking_conf_arena_cleanup;

    return arena;
}


static void
ngx_http_errortracking_conf_arena_cleanup(void *data)
{
    et_arena_destroy(data);
}
