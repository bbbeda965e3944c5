/*
 * errortracking_tokens: who may call an API whose clients send "Authorization:
 * Bearer", and what they may do there (src/read/et_access.h).
 *
 * The file is read when the configuration is, so that a reload reads it anew,
 * and each bad line of it is an error of `nginx -t`.
 */

#include "ngx_http_errortracking_api.h"


/* bytes; some thousands of tokens */
#define NGX_HTTP_ERRORTRACKING_TOKENS_MAX    (4 * 1024 * 1024)
#define NGX_HTTP_ERRORTRACKING_TOKENS_ARENA  (64 * 1024 * 1024)


typedef struct {
    ngx_conf_t  *cf;
    ngx_str_t   *file;
    ngx_uint_t   errors;
} ngx_http_errortracking_tokens_ctx_t;


static char *ngx_http_errortracking_tokens_parse(ngx_conf_t *cf,
    ngx_http_errortracking_loc_conf_t *elcf, ngx_str_t *file,
    et_slice_t text);
static void ngx_http_errortracking_tokens_report(void *data, unsigned line,
    const char *message);


char *
ngx_http_errortracking_tokens(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_errortracking_loc_conf_t  *elcf = conf;

    char        *rv;
    ngx_str_t   *value, file;
    et_slice_t   text;

    if (elcf->bearers != NULL) {
        return "is duplicate";
    }

    value = cf->args->elts;
    file = value[1];

    if (ngx_conf_full_name(cf->cycle, &file, 1) != NGX_OK
        || ngx_http_errortracking_read_file(cf, &file, "tokens",
                                            NGX_HTTP_ERRORTRACKING_TOKENS_MAX,
                                            &text)
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    rv = ngx_http_errortracking_tokens_parse(cf, elcf, &file, text);

    /* the text has tokens in it, and what was read of it has none */

    ngx_explicit_memzero((char *) text.data, text.len);
    ngx_free((char *) text.data);

    return rv;
}


static char *
ngx_http_errortracking_tokens_parse(ngx_conf_t *cf,
    ngx_http_errortracking_loc_conf_t *elcf, ngx_str_t *file, et_slice_t text)
{
    et_arena_t                           *arena;
    ngx_http_errortracking_tokens_ctx_t   ctx;

    arena = ngx_http_errortracking_conf_arena(cf,
                                        NGX_HTTP_ERRORTRACKING_TOKENS_ARENA);
    if (arena == NULL) {
        return NGX_CONF_ERROR;
    }

    ctx.cf = cf;
    ctx.file = file;
    ctx.errors = 0;

    elcf->bearers = et_tokens_parse(arena, text,
                                    ngx_http_errortracking_tokens_report,
                                    &ctx);

    if (elcf->bearers == NULL) {
        if (ctx.errors == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "no memory for the tokens of \"%V\"", file);
        }

        return NGX_CONF_ERROR;
    }

    if (et_tokens_count(elcf->bearers) == 0) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "the tokens file \"%V\" has no token: every call "
                           "will be refused", file);
    }

    return NGX_CONF_OK;
}


static void
ngx_http_errortracking_tokens_report(void *data, unsigned line,
    const char *message)
{
    ngx_http_errortracking_tokens_ctx_t  *ctx = data;

    ctx->errors++;

    ngx_log_error(NGX_LOG_EMERG, ctx->cf->log, 0, "%s in %V:%ui", message,
                  ctx->file, (ngx_uint_t) line);
}


ngx_int_t
ngx_http_errortracking_bearer_access(ngx_http_request_t *r, et_call_t *call)
{
    et_slice_t                          token;
    ngx_table_elt_t                    *h;
    ngx_http_errortracking_loc_conf_t  *elcf;

    elcf = ngx_http_get_module_loc_conf(r, ngx_http_errortracking_module);

    h = r->headers_in.authorization;
    token = et_slice(NULL, 0);

    if (h != NULL) {
        token = et_bearer(et_slice((char *) h->value.data, h->value.len));
    }

    if (token.len != 0) {
        call->access = et_tokens_find(elcf->bearers, token);
    }

    if (call->access != NULL) {
        return NGX_OK;
    }

    et_call_fail(call, 401, token.len == 0
                            ? "Authentication credentials were not provided."
                            : "Invalid token");

    call->challenge = et_slice("Bearer realm=\"api\"", 18);

    return NGX_DECLINED;
}
