/*
 * errortracking_api, errortracking_query, errortracking_token: which API a
 * location is, how it reaches ClickHouse, and who may call it.
 */

#include "ngx_http_errortracking_api.h"
#include "et_gitlab.h"
#include "et_sentry.h"

#include <openssl/crypto.h>


/* bytes; a token is some 40, and its file may have a comment behind it */
#define NGX_HTTP_ERRORTRACKING_TOKEN_MIN   16
#define NGX_HTTP_ERRORTRACKING_TOKEN_MAX   1024
#define NGX_HTTP_ERRORTRACKING_TOKEN_FILE  (64 * 1024)


static ngx_int_t ngx_http_errortracking_gitlab_access(ngx_http_request_t *r,
    et_call_t *call);
static char *ngx_http_errortracking_query_param(ngx_conf_t *cf,
    ngx_http_errortracking_loc_conf_t *elcf, ngx_str_t *value);
static char *ngx_http_errortracking_token_add(ngx_conf_t *cf,
    ngx_http_errortracking_loc_conf_t *elcf, et_slice_t token);


static const ngx_http_errortracking_api_t  ngx_http_errortracking_apis[] = {
    { ngx_string("gitlab"), et_gitlab_operations,
      ngx_http_errortracking_gitlab_access, 0 },
    { ngx_string("sentry"), et_sentry_operations,
      ngx_http_errortracking_bearer_access, 1 },
    { ngx_null_string, NULL, NULL, 0 }
};


char *
ngx_http_errortracking_api(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_errortracking_loc_conf_t  *elcf = conf;

    ngx_str_t                           *value;
    ngx_http_core_loc_conf_t            *clcf;
    const ngx_http_errortracking_api_t  *api;

    if (elcf->api != NULL) {
        return "is duplicate";
    }

    value = cf->args->elts;

    for (api = ngx_http_errortracking_apis; api->name.len != 0; api++) {
        if (api->name.len == value[1].len
            && ngx_strncmp(api->name.data, value[1].data, value[1].len) == 0)
        {
            break;
        }
    }

    if (api->name.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid API \"%V\", it has to be \"gitlab\" or "
                           "\"sentry\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    elcf->api = api;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_errortracking_api_handler;

    return NGX_CONF_OK;
}


char *
ngx_http_errortracking_query_directive(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_errortracking_loc_conf_t  *elcf = conf;

    char        *rv;
    ngx_str_t   *value;
    ngx_uint_t   i;

    if (elcf->query_uri.len != 0) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (value[1].len == 0 || value[1].data[0] != '/') {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid \"errortracking_query\" \"%V\", it has to "
                           "be the path of an internal location, such as "
                           "\"/clickhouse/query\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    elcf->query_uri = value[1];
    elcf->query_buffer = NGX_HTTP_ERRORTRACKING_API_BUFFER;
    ngx_str_set(&elcf->query_database, "errortracking");

    for (i = 2; i < cf->args->nelts; i++) {
        rv = ngx_http_errortracking_query_param(cf, elcf, &value[i]);
        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_errortracking_query_param(ngx_conf_t *cf,
    ngx_http_errortracking_loc_conf_t *elcf, ngx_str_t *value)
{
    ssize_t    size;
    ngx_str_t  s;

    if (ngx_strncmp(value->data, "buffer=", 7) == 0) {
        s.data = value->data + 7;
        s.len = value->len - 7;

        size = ngx_parse_size(&s);

        if (size >= 64 * 1024 && size <= 1024 * 1024 * 1024) {
            elcf->query_buffer = size;
            return NGX_CONF_OK;
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value in \"%V\", it has to be a size from "
                           "64k to 1024m", value);
        return NGX_CONF_ERROR;
    }

    if (ngx_strncmp(value->data, "database=", 9) == 0) {
        s.data = value->data + 9;
        s.len = value->len - 9;

        if (s.len != 0) {
            elcf->query_database = s;
            return NGX_CONF_OK;
        }
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid parameter \"%V\", it is one of buffer=size, "
                       "database=name", value);

    return NGX_CONF_ERROR;
}


char *
ngx_http_errortracking_token(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_errortracking_loc_conf_t  *elcf = conf;

    char        *rv;
    ngx_str_t   *value, file;
    et_slice_t   text;

    value = cf->args->elts;

    if (ngx_strncmp(value[1].data, "file:", 5) != 0) {
        return ngx_http_errortracking_token_add(cf, elcf,
                                  et_slice((char *) value[1].data,
                                           value[1].len));
    }

    file.data = value[1].data + 5;
    file.len = value[1].len - 5;

    if (ngx_conf_full_name(cf->cycle, &file, 1) != NGX_OK
        || ngx_http_errortracking_read_file(cf, &file, "token",
                                            NGX_HTTP_ERRORTRACKING_TOKEN_FILE,
                                            &text)
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    rv = ngx_http_errortracking_token_add(cf, elcf,
                                    ngx_http_errortracking_first_line(text));

    ngx_explicit_memzero((char *) text.data, text.len);
    ngx_free((char *) text.data);

    return rv;
}


/* No message has the token. */

static char *
ngx_http_errortracking_token_add(ngx_conf_t *cf,
    ngx_http_errortracking_loc_conf_t *elcf, et_slice_t token)
{
    ngx_str_t  *s;

    if (token.len < NGX_HTTP_ERRORTRACKING_TOKEN_MIN
        || token.len > NGX_HTTP_ERRORTRACKING_TOKEN_MAX)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "a token of %uz bytes for \"errortracking_token\", "
                           "it has to have %d to %d", token.len,
                           NGX_HTTP_ERRORTRACKING_TOKEN_MIN,
                           NGX_HTTP_ERRORTRACKING_TOKEN_MAX);
        return NGX_CONF_ERROR;
    }

    if (elcf->tokens == NULL) {
        elcf->tokens = ngx_array_create(cf->pool, 2, sizeof(ngx_str_t));
        if (elcf->tokens == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    s = ngx_array_push(elcf->tokens);
    if (s == NULL) {
        return NGX_CONF_ERROR;
    }

    s->len = token.len;
    s->data = ngx_pnalloc(cf->pool, token.len);
    if (s->data == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memcpy(s->data, token.data, token.len);

    return NGX_CONF_OK;
}


char *
ngx_http_errortracking_api_merge(ngx_conf_t *cf,
    ngx_http_errortracking_loc_conf_t *prev,
    ngx_http_errortracking_loc_conf_t *conf)
{
    ngx_http_core_loc_conf_t            *clcf;
    const ngx_http_errortracking_api_t  *api;

    ngx_conf_merge_msec_value(conf->api_timeout, prev->api_timeout,
                              NGX_HTTP_ERRORTRACKING_API_TIMEOUT);

    if (conf->tokens == NULL) {
        conf->tokens = prev->tokens;
    }

    if (conf->bearers == NULL) {
        conf->bearers = prev->bearers;
    }

    if (conf->query_uri.len == 0) {
        conf->query_uri = prev->query_uri;
        conf->query_database = prev->query_database;
        conf->query_buffer = prev->query_buffer;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    /* an "if" or "limit_except" inside the location is the location still */

    if ((clcf->noname || clcf->lmt_excpt) && clcf->handler == NULL
        && prev->api != NULL)
    {
        conf->api = prev->api;
        clcf->handler = ngx_http_errortracking_api_handler;
    }

    if (conf->api == NULL) {
        return NGX_CONF_OK;
    }

    if (conf->query_uri.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"errortracking_api\" in location \"%V\" needs "
                           "\"errortracking_query\", the path of an internal "
                           "location with \"proxy_pass\" to ClickHouse",
                           &clcf->name);
        return NGX_CONF_ERROR;
    }

    api = conf->api;

    if (api->bearer ? conf->bearers == NULL : conf->tokens == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"errortracking_api %V\" in location \"%V\" "
                           "needs \"%s\"", &api->name, &clcf->name,
                           api->bearer ? "errortracking_tokens"
                                       : "errortracking_token");
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* GitLab's client sends one token that opens every project. */

static ngx_int_t
ngx_http_errortracking_gitlab_access(ngx_http_request_t *r, et_call_t *call)
{
    ngx_str_t                          *token;
    ngx_uint_t                          i, same;
    ngx_table_elt_t                    *h;
    ngx_http_errortracking_loc_conf_t  *elcf;

    elcf = ngx_http_get_module_loc_conf(r, ngx_http_errortracking_module);

    h = ngx_http_errortracking_header(&r->headers_in.headers,
                                      "Gitlab-Error-Tracking-Token");
    same = 0;

    if (h != NULL) {
        token = elcf->tokens->elts;

        for (i = 0; i < elcf->tokens->nelts; i++) {
            if (token[i].len == h->value.len) {
                same |= CRYPTO_memcmp(token[i].data, h->value.data,
                                      token[i].len)
                        == 0;
            }
        }
    }

    if (same) {
        return NGX_OK;
    }

    et_call_fail(call, 401, "missing or wrong Gitlab-Error-Tracking-Token");

    return NGX_DECLINED;
}
