/*
 * Which keys may write: a keys file, secrets that keys follow from, GitLab.
 * What one of them says yes to is let in, from the origins that may use it.
 *
 * Files are read when the configuration is, so that a reload reads them anew,
 * and each bad line of one is an error of `nginx -t`.
 */

#include "ngx_http_errortracking.h"


/* bytes; a line is about 40 */
#define NGX_HTTP_ERRORTRACKING_KEYS_MAX     (64 * 1024 * 1024)

/* bytes; some thousands of origins */
#define NGX_HTTP_ERRORTRACKING_ORIGINS_MAX  (1024 * 1024)

/* bytes; a secret and the end of its line */
#define NGX_HTTP_ERRORTRACKING_SECRET_FILE  (64 * 1024)


typedef struct {
    ngx_conf_t  *cf;
    ngx_str_t   *file;
    ngx_uint_t   errors;
} ngx_http_errortracking_keys_ctx_t;


static char *ngx_http_errortracking_keys_parse(ngx_conf_t *cf,
    ngx_http_errortracking_loc_conf_t *elcf, et_slice_t text);
static void ngx_http_errortracking_keys_report(void *data, unsigned line,
    const char *message);
static et_reason_t ngx_http_errortracking_known_key(ngx_http_request_t *r,
    et_slice_t key, et_keys_rules_t *rules);
static et_reason_t ngx_http_errortracking_check_origin(ngx_http_request_t *r,
    const et_origins_t *origins);
static ngx_int_t ngx_http_errortracking_key_secret_add(ngx_conf_t *cf,
    ngx_http_errortracking_loc_conf_t *elcf, et_slice_t text);
static void ngx_http_errortracking_key_secret_cleanup(void *data);


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

    if (ngx_http_errortracking_read_file(cf, &elcf->keys_file, "keys",
                                         NGX_HTTP_ERRORTRACKING_KEYS_MAX,
                                         &text)
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
    ngx_http_errortracking_keys_ctx_t   ctx;

    arena = ngx_http_errortracking_conf_arena(cf,
                              (size_t) 32 * NGX_HTTP_ERRORTRACKING_KEYS_MAX);
    if (arena == NULL) {
        return NGX_CONF_ERROR;
    }

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

    return NGX_CONF_OK;
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


char *
ngx_http_errortracking_key_secret(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_errortracking_loc_conf_t  *elcf = conf;

    ngx_int_t    rc;
    ngx_str_t   *value, file;
    et_slice_t   text;

    if (elcf->nsecrets == NGX_HTTP_ERRORTRACKING_KEY_SECRETS) {
        return "is there three times, it may be there twice, for the new "
               "secret and the old one";
    }

    value = cf->args->elts;

    if (ngx_strncmp(value[1].data, "file:", 5) != 0) {
        rc = ngx_http_errortracking_key_secret_add(cf, elcf,
                          et_slice((char *) value[1].data, value[1].len));

        return rc == NGX_OK ? NGX_CONF_OK : NGX_CONF_ERROR;
    }

    file.data = value[1].data + 5;
    file.len = value[1].len - 5;

    if (ngx_conf_full_name(cf->cycle, &file, 1) != NGX_OK
        || ngx_http_errortracking_read_file(cf, &file, "secret",
                                            NGX_HTTP_ERRORTRACKING_SECRET_FILE,
                                            &text)
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    rc = ngx_http_errortracking_key_secret_add(cf, elcf,
                                     ngx_http_errortracking_first_line(text));

    ngx_explicit_memzero((char *) text.data, text.len);
    ngx_free((char *) text.data);

    return rc == NGX_OK ? NGX_CONF_OK : NGX_CONF_ERROR;
}


/* No message has the secret. */

static ngx_int_t
ngx_http_errortracking_key_secret_add(ngx_conf_t *cf,
    ngx_http_errortracking_loc_conf_t *elcf, et_slice_t text)
{
    et_key_secret_t     *secret;
    ngx_pool_cleanup_t  *cln;

    if (text.len < ET_KEY_SECRET_MIN || text.len > ET_KEY_SECRET_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "a secret of %uz bytes for "
                           "\"errortracking_key_secret\", it has to have "
                           "%d to %d, such as \"openssl rand -hex 32\" "
                           "prints", text.len, ET_KEY_SECRET_MIN,
                           ET_KEY_SECRET_MAX);
        return NGX_ERROR;
    }

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    secret = et_key_secret_create(text);

    if (secret == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "OpenSSL has no memory, or no HMAC-SHA256, for "
                           "\"errortracking_key_secret\"");
        return NGX_ERROR;
    }

    cln->handler = ngx_http_errortracking_key_secret_cleanup;
    cln->data = secret;

    elcf->secrets[elcf->nsecrets++] = secret;

    return NGX_OK;
}


static void
ngx_http_errortracking_key_secret_cleanup(void *data)
{
    et_key_secret_destroy(data);
}


char *
ngx_http_errortracking_allowed_origins(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_errortracking_loc_conf_t  *elcf = conf;

    ngx_str_t    bad, *value;
    ngx_uint_t   i;
    et_arena_t  *arena;
    et_slice_t   word;

    if (elcf->origins.n != 0) {
        return "is duplicate";
    }

    arena = ngx_http_errortracking_conf_arena(cf,
                                           NGX_HTTP_ERRORTRACKING_ORIGINS_MAX);
    if (arena == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        if (et_origins_add(arena, &elcf->origins,
                           et_slice((char *) value[i].data, value[i].len),
                           &word))
        {
            continue;
        }

        if (word.data == NULL) {
            return "is longer than memory allows";
        }

        bad.data = (u_char *) word.data;
        bad.len = word.len;

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid origin \"%V\", it has to be \"*\", "
                           "\"host\" or \"scheme://host:port\"", &bad);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* A location has its own, or those around it. */

char *
ngx_http_errortracking_keys_merge(ngx_conf_t *cf,
    ngx_http_errortracking_loc_conf_t *prev,
    ngx_http_errortracking_loc_conf_t *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    if (conf->keys == NULL) {
        conf->keys = prev->keys;
        conf->keys_file = prev->keys_file;
    }

    if (conf->nsecrets == 0) {
        ngx_memcpy(conf->secrets, prev->secrets, sizeof(conf->secrets));
        conf->nsecrets = prev->nsecrets;
    }

    if (conf->gitlab == NULL) {
        conf->gitlab = prev->gitlab;
    }

    if (conf->origins.n == 0) {
        conf->origins = prev->origins;
    }

    if (conf->zone == NULL || conf->nsecrets != 0 || conf->gitlab != NULL) {
        return NGX_CONF_OK;
    }

    if (conf->keys == NULL) {
        clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"errortracking_ingest\" in location \"%V\" "
                           "needs \"errortracking_keys\", "
                           "\"errortracking_key_secret\" or "
                           "\"errortracking_gitlab\"", &clcf->name);
        return NGX_CONF_ERROR;
    }

    if (et_keys_count(conf->keys) == 0) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "the keys file \"%V\" has no key: every event "
                           "will be refused", &conf->keys_file);
    }

    return NGX_CONF_OK;
}


ngx_int_t
ngx_http_errortracking_check_key(ngx_http_request_t *r, et_slice_t key,
    et_reason_t *reason)
{
    ngx_int_t                           rc;
    et_keys_rules_t                     rules;
    ngx_http_errortracking_ctx_t       *ctx;
    ngx_http_errortracking_loc_conf_t  *elcf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_errortracking_module);
    elcf = ngx_http_get_module_loc_conf(r, ngx_http_errortracking_module);

    *reason = ngx_http_errortracking_known_key(r, key, &rules);

    if (*reason != ET_OK && elcf->gitlab != NULL) {
        rc = ngx_http_errortracking_gitlab_check(r, key);

        if (rc == NGX_AGAIN) {
            *reason = ET_OK;
            return NGX_AGAIN;
        }

        if (rc == NGX_OK) {
            *reason = ET_OK;

        } else if (rc == NGX_ERROR) {
            *reason = ET_KEY_NOT_CHECKED;
        }
    }

    ctx->known = (*reason == ET_OK);

    if (*reason == ET_OK) {
        *reason = ngx_http_errortracking_check_origin(r,
                                                      rules.origins != NULL
                                                      ? rules.origins
                                                      : &elcf->origins);
    }

    if (*reason == ET_OK) {
        ngx_http_errortracking_quota_open(r, key, &rules);
    }

    return *reason == ET_OK ? NGX_OK : NGX_DECLINED;
}


/* A key that another source than the file may know has its project in the
 * path. */

et_reason_t
ngx_http_errortracking_key_project(ngx_http_request_t *r,
    et_request_t *request)
{
    et_reason_t                         reason;
    ngx_http_errortracking_loc_conf_t  *elcf;

    elcf = ngx_http_get_module_loc_conf(r, ngx_http_errortracking_module);

    reason = ET_UNKNOWN_KEY;

    if (elcf->keys != NULL) {
        reason = et_keys_project(elcf->keys, request->auth.key,
                                 &request->project);
    }

    return reason == ET_UNKNOWN_KEY
           && (elcf->nsecrets != 0 || elcf->gitlab != NULL)
           ? ET_AMBIGUOUS_KEY : reason;
}


static et_reason_t
ngx_http_errortracking_known_key(ngx_http_request_t *r, et_slice_t key,
    et_keys_rules_t *rules)
{
    uint64_t                            project;
    ngx_uint_t                          i;
    et_reason_t                         reason;
    ngx_http_errortracking_ctx_t       *ctx;
    ngx_http_errortracking_loc_conf_t  *elcf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_errortracking_module);
    elcf = ngx_http_get_module_loc_conf(r, ngx_http_errortracking_module);

    project = ctx->request.project;
    reason = ET_UNKNOWN_KEY;

    ngx_memzero(rules, sizeof(et_keys_rules_t));

    if (elcf->keys != NULL) {
        reason = et_keys_check(elcf->keys, key, project, rules);
    }

    for (i = 0; reason != ET_OK && i < elcf->nsecrets; i++) {
        if (et_key_secret_check(elcf->secrets[i], key, project)) {
            reason = ET_OK;
        }
    }

    return reason;
}


/* Only browsers say where a request comes from, and only they are asked. */

static et_reason_t
ngx_http_errortracking_check_origin(ngx_http_request_t *r,
    const et_origins_t *origins)
{
    ngx_table_elt_t  *h;

    if (origins->n == 0) {
        return ET_OK;
    }

    h = ngx_http_errortracking_header(&r->headers_in.headers, "Origin");

    if (h == NULL || h->value.len == 0) {
        h = ngx_http_errortracking_header(&r->headers_in.headers, "Referer");
    }

    if (h == NULL || h->value.len == 0
        || et_origins_match(origins, et_slice((char *) h->value.data,
                                              h->value.len)))
    {
        return ET_OK;
    }

    return ET_ORIGIN_NOT_ALLOWED;
}
