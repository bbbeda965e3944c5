/*
 * errortracking_limit and errortracking_items: how much is taken, and of what.
 *
 * The buckets are in the zone's memory and outlive reloads.  Where a project
 * or a key is over its limit whatever it sends, a request is refused before
 * its body is read.
 */

#include "ngx_http_errortracking.h"


/* bytes; a smaller envelope may be a client report, which is never limited,
 * and costs little to look into */
#define NGX_HTTP_ERRORTRACKING_REPORT_SIZE  2048

/* what can be stored, and is unless errortracking_items says otherwise */
#define NGX_HTTP_ERRORTRACKING_ITEMS                                          \
    (1u << ET_CATEGORY_ERROR | 1u << ET_CATEGORY_SECURITY                     \
     | 1u << ET_CATEGORY_ATTACHMENT | 1u << ET_CATEGORY_SESSION               \
     | 1u << ET_CATEGORY_MONITOR | 1u << ET_CATEGORY_FEEDBACK                 \
     | 1u << ET_CATEGORY_LOG_ITEM)

/* what has no category that a client would know: client reports, forms */
#define NGX_HTTP_ERRORTRACKING_ITEMS_ALWAYS  (1u << ET_CATEGORY_DEFAULT)


static char *ngx_http_errortracking_limit_parse(ngx_conf_t *cf,
    et_quota_rule_t *rule);
static ngx_int_t ngx_http_errortracking_limit_param(ngx_str_t *param,
    const char *name, et_slice_t *value);


static const et_quota_rules_t  ngx_http_errortracking_no_quotas;


char *
ngx_http_errortracking_limit(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_errortracking_loc_conf_t  *elcf = conf;

    char       *rv;
    ngx_str_t  *value;

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        if (elcf->quotas != NULL) {
            return "is \"off\" beside another";
        }

        elcf->quotas = (et_quota_rules_t *) &ngx_http_errortracking_no_quotas;
        return NGX_CONF_OK;
    }

    if (elcf->quotas == &ngx_http_errortracking_no_quotas) {
        return "is \"off\" beside another";
    }

    if (elcf->quotas == NULL) {
        elcf->quotas = ngx_pcalloc(cf->pool, sizeof(et_quota_rules_t));
        if (elcf->quotas == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    if (elcf->quotas->n == ET_QUOTA_RULES) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "too many \"errortracking_limit\", there may be "
                           "%d together", ET_QUOTA_RULES);
        return NGX_CONF_ERROR;
    }

    rv = ngx_http_errortracking_limit_parse(cf,
                                     &elcf->quotas->rules[elcf->quotas->n]);

    if (rv == NGX_CONF_OK) {
        elcf->quotas->n++;
    }

    return rv;
}


static char *
ngx_http_errortracking_limit_parse(ngx_conf_t *cf, et_quota_rule_t *rule)
{
    uint64_t     burst;
    ngx_str_t   *value;
    ngx_uint_t   i, ok, limited;
    et_slice_t   text;

    value = cf->args->elts;
    burst = 0;
    limited = 0;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_http_errortracking_limit_param(&value[i], "burst=", &text)
            == NGX_OK)
        {
            ok = et_limit_parse_burst(text, &burst);

        } else if (ngx_http_errortracking_limit_param(&value[i], "category=",
                                                      &text)
                   == NGX_OK)
        {
            ok = et_quota_parse_categories(text, &rule->categories);

        } else {
            rule->scope = ET_QUOTA_KEY;
            ok = (ngx_http_errortracking_limit_param(&value[i], "key=", &text)
                  == NGX_OK);

            if (!ok) {
                rule->scope = ET_QUOTA_PROJECT;
                ok = (ngx_http_errortracking_limit_param(&value[i],
                                                         "project=", &text)
                      == NGX_OK);
            }

            ok = ok && !limited && et_limit_parse(text, &rule->limit)
                 && rule->limit.interval != 0;
            limited = 1;
        }

        if (!ok) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\", "
                               "\"errortracking_limit\" is such as "
                               "\"project=1000r/m burst=200\" or "
                               "\"key=10r/s category=error|session\"",
                               &value[i]);
            return NGX_CONF_ERROR;
        }
    }

    if (!limited) {
        return "needs \"project=\" or \"key=\" and a rate, such as "
               "\"project=1000r/m\"";
    }

    if (burst != 0) {
        rule->limit.burst = burst;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_errortracking_limit_param(ngx_str_t *param, const char *name,
    et_slice_t *value)
{
    size_t  len;

    len = ngx_strlen(name);

    if (param->len < len || ngx_strncmp(param->data, name, len) != 0) {
        return NGX_DECLINED;
    }

    *value = et_slice((char *) param->data + len, param->len - len);

    return NGX_OK;
}


char *
ngx_http_errortracking_items(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_errortracking_loc_conf_t  *elcf = conf;

    ngx_str_t      *value;
    ngx_uint_t      i;
    et_category_t   category;

    if (elcf->items != 0) {
        return "is duplicate";
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {
        category = et_category_parse(et_slice((char *) value[i].data,
                                              value[i].len));

        if (!(NGX_HTTP_ERRORTRACKING_ITEMS >> category & 1)) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid category \"%V\", what can be stored "
                               "is \"error\", \"security\", \"attachment\", "
                               "\"session\", \"monitor\", \"feedback\" and "
                               "\"log_item\"", &value[i]);
            return NGX_CONF_ERROR;
        }

        elcf->items |= 1u << category;
    }

    return NGX_CONF_OK;
}


void
ngx_http_errortracking_limit_merge(ngx_http_errortracking_loc_conf_t *prev,
    ngx_http_errortracking_loc_conf_t *conf)
{
    if (conf->quotas == NULL) {
        conf->quotas = prev->quotas;
    }

    if (conf->items == 0) {
        conf->items = prev->items;
    }
}


void
ngx_http_errortracking_quota_open(ngx_http_request_t *r, et_slice_t key,
    const et_keys_rules_t *rules)
{
    et_quota_t                         *quota;
    ngx_http_errortracking_ctx_t       *ctx;
    ngx_http_errortracking_loc_conf_t  *elcf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_errortracking_module);
    elcf = ngx_http_get_module_loc_conf(r, ngx_http_errortracking_module);

    quota = &ctx->quota;

    quota->rules = elcf->quotas != NULL ? elcf->quotas
                                        : &ngx_http_errortracking_no_quotas;
    ngx_memcpy(quota->own, rules->limits, sizeof(quota->own));

    quota->table = elcf->zone->sh->limits;
    quota->slots = NGX_HTTP_ERRORTRACKING_LIMIT_SLOTS;

    /* the clock that all workers share, and that is not set */

    quota->now = (uint64_t) ngx_current_msec * 1000000;

    et_quota_open(quota, ctx->request.project, key);

    ctx->request.quota = et_quota_any(quota) ? quota : NULL;

    ctx->request.not_taken = ~(NGX_HTTP_ERRORTRACKING_ITEMS_ALWAYS
                               | (elcf->items != 0
                                  ? elcf->items
                                  : NGX_HTTP_ERRORTRACKING_ITEMS));
}


ngx_int_t
ngx_http_errortracking_quota_exceeded(ngx_http_request_t *r)
{
    ngx_http_errortracking_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_errortracking_module);

    if (ctx->request.quota == NULL
        || (ctx->request.endpoint == ET_ENDPOINT_ENVELOPE
            && r->headers_in.content_length_n
               <= NGX_HTTP_ERRORTRACKING_REPORT_SIZE))
    {
        return 0;
    }

    return et_quota_exceeded(ctx->request.quota);
}


ngx_int_t
ngx_http_errortracking_add_rate_limits(ngx_http_request_t *r)
{
    char                          *value;
    size_t                         len;
    u_char                        *p;
    unsigned                       seconds;
    ngx_http_errortracking_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_errortracking_module);

    if (ctx == NULL || ctx->quota.rules == NULL) {
        return NGX_OK;
    }

    seconds = et_quota_retry_after(&ctx->quota);

    if (seconds == 0 && ctx->not_taken == 0) {
        return NGX_OK;
    }

    value = ngx_pnalloc(r->pool, ET_QUOTA_HEADER);
    p = ngx_pnalloc(r->pool, NGX_INT32_LEN + 1);

    if (value == NULL || p == NULL) {
        return NGX_ERROR;
    }

    len = et_quota_header(&ctx->quota, ctx->not_taken, value);
    value[len] = '\0';

    if (ngx_http_errortracking_add_header(r, "X-Sentry-Rate-Limits", value)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (!ctx->limited) {
        return NGX_OK;
    }

    ngx_sprintf(p, "%ud%Z", (uint32_t) ngx_max(seconds, 1));

    return ngx_http_errortracking_add_header(r, "Retry-After", (char *) p);
}
