/*
 * Noting a request's head, without what is one batch's own.
 */

#include "ngx_http_errortracking_way.h"


static ngx_int_t ngx_http_errortracking_way_parse(
    ngx_http_errortracking_way_t *way, ngx_str_t *head, ngx_str_t *args);
static ngx_int_t ngx_http_errortracking_way_add(
    ngx_http_errortracking_way_t *way, u_char *p, u_char *last);
static ngx_uint_t ngx_http_errortracking_way_is_own(u_char *p, u_char *last);


void
ngx_http_errortracking_way_note(ngx_http_errortracking_way_t *way,
    ngx_shmtx_t *mutex, ngx_str_t *head, ngx_str_t *args)
{
    ngx_http_errortracking_way_t  now;

    if (ngx_http_errortracking_way_parse(&now, head, args) != NGX_OK) {
        return;
    }

    if (way->len == now.len && way->before == now.before
        && way->after == now.after
        && ngx_memcmp(way->text, now.text, now.len) == 0)
    {
        return;
    }

    ngx_shmtx_lock(mutex);

    /* not half of it, should this worker be killed */

    __atomic_store_n(&way->len, 0, __ATOMIC_RELEASE);

    way->before = now.before;
    way->after = now.after;
    ngx_memcpy(way->text, now.text, now.len);

    __atomic_store_n(&way->len, now.len, __ATOMIC_RELEASE);

    ngx_shmtx_unlock(mutex);
}


static ngx_int_t
ngx_http_errortracking_way_parse(ngx_http_errortracking_way_t *way,
    ngx_str_t *head, ngx_str_t *args)
{
    u_char  *p, *line, *last, *mine;

    way->len = 0;

    p = head->data;
    last = p + head->len;

    line = memmem(p, last - p, CRLF, 2);

    if (line == NULL || line - p < 5 || ngx_strncmp(p, "POST ", 5) != 0) {
        return NGX_DECLINED;
    }

    p += 5;

    mine = memmem(p, line - p, args->data, args->len);

    if (mine == NULL
        || ngx_http_errortracking_way_add(way, p, mine) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    way->before = way->len;

    p = mine + args->len;
    mine = memmem(p, line - p, " HTTP/1.", 8);

    if (mine == NULL
        || ngx_http_errortracking_way_add(way, p, mine) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    way->after = way->len - way->before;

    for (p = line + 2; p < last; p = line + 2) {

        line = memmem(p, last - p, CRLF, 2);

        if (line == NULL) {
            return NGX_DECLINED;
        }

        if (line == p) {
            break;
        }

        if (!ngx_http_errortracking_way_is_own(p, line)
            && ngx_http_errortracking_way_add(way, p, line + 2) != NGX_OK)
        {
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_errortracking_way_add(ngx_http_errortracking_way_t *way, u_char *p,
    u_char *last)
{
    if ((size_t) (last - p) > NGX_HTTP_ERRORTRACKING_WAY - way->len) {
        return NGX_DECLINED;
    }

    ngx_memcpy(way->text + way->len, p, last - p);
    way->len += last - p;

    return NGX_OK;
}


/* Whether a header is of one connection or one batch. */

static ngx_uint_t
ngx_http_errortracking_way_is_own(u_char *p, u_char *last)
{
    ngx_uint_t                 i;
    static const ngx_str_t     names[] = {
        ngx_string("Content-Length:"),
        ngx_string("Transfer-Encoding:"),
        ngx_string("Connection:"),
        ngx_string("Expect:")
    };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if ((size_t) (last - p) >= names[i].len
            && ngx_strncasecmp(p, names[i].data, names[i].len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


void
ngx_http_errortracking_way_parts(ngx_http_errortracking_way_t *way,
    ngx_str_t *before, ngx_str_t *after, ngx_str_t *headers)
{
    before->data = way->text;
    before->len = way->before;

    after->data = before->data + before->len;
    after->len = way->after;

    headers->data = after->data + after->len;
    headers->len = way->len - way->before - way->after;
}
