/*
 * errortracking_flush: a zone's way to ClickHouse, and how its batches are
 * cut.
 */

#include "ngx_http_errortracking_spool.h"


#define NGX_HTTP_ERRORTRACKING_TABLE          "errortracking.ingest"

/*
 * async_insert would answer before the rows are stored; wait_end_of_query
 * makes the status that of the whole insert
 */
#define NGX_HTTP_ERRORTRACKING_SETTINGS                                       \
    "&deduplicate_blocks_in_dependent_materialized_views=1"                   \
    "&insert_deduplicate=1&async_insert=0&wait_end_of_query=1"                \
    "&insert_deduplication_token="


extern ngx_module_t  ngx_http_proxy_module;


static char *ngx_http_errortracking_flush_param(ngx_conf_t *cf,
    ngx_http_errortracking_flusher_t *flusher, ngx_str_t *value);


char *
ngx_http_errortracking_flush(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_errortracking_loc_conf_t  *elcf = conf;

    char                              *rv;
    ngx_str_t                         *value, name;
    ngx_uint_t                         i, path;
    ngx_http_core_loc_conf_t          *clcf;
    ngx_http_core_srv_conf_t          *cscf;
    ngx_http_errortracking_zone_t     *zone;
    ngx_http_errortracking_flusher_t  *flusher;

    value = cf->args->elts;
    zone = NULL;

    flusher = ngx_pcalloc(cf->pool, sizeof(ngx_http_errortracking_flusher_t));
    if (flusher == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_str_set(&flusher->table, NGX_HTTP_ERRORTRACKING_TABLE);
    flusher->interval = 1000;
    flusher->batch_size = 32 * 1024 * 1024;
    flusher->batch_rows = 20000;
    flusher->in_flight = 2;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_strncmp(value[i].data, "zone=", 5) == 0) {
            name.data = value[i].data + 5;
            name.len = value[i].len - 5;

            zone = ngx_http_errortracking_find_zone(cf, &name);
            if (zone == NULL) {
                return NGX_CONF_ERROR;
            }

            continue;
        }

        rv = ngx_http_errortracking_flush_param(cf, flusher, &value[i]);
        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    if (zone == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"errortracking_flush\" must have a parameter "
                           "\"zone=name\"");
        return NGX_CONF_ERROR;
    }

    if (zone->flusher != NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "errortracking_zone \"%V\" has an "
                           "\"errortracking_flush\" already, in location "
                           "\"%V\"", &zone->name, &zone->flusher->uri);
        return NGX_CONF_ERROR;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    cscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);

    path = (clcf->name.len != 0 && clcf->name.data[0] == '/');

#if (NGX_PCRE)
    path = (path && clcf->regex == NULL);
#endif

    if (!path) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"errortracking_flush\" must be in a location "
                           "that is a path, such as \"= /clickhouse\"");
        return NGX_CONF_ERROR;
    }

    flusher->conf_ctx = cscf->ctx;
    flusher->loc_conf = ((ngx_http_conf_ctx_t *) cf->ctx)->loc_conf;
    flusher->uri = clcf->name;
    flusher->zone = zone;

    zone->flusher = flusher;
    elcf->flush = 1;

    return NGX_CONF_OK;
}


static char *
ngx_http_errortracking_flush_param(ngx_conf_t *cf,
    ngx_http_errortracking_flusher_t *flusher, ngx_str_t *value)
{
    ngx_int_t   n;
    ngx_str_t   s;
    ngx_uint_t  i;

    static struct {
        ngx_str_t   name;
        const char *range;
    } params[] = {
        { ngx_string("interval="), "a time from 10ms to 1h" },
        { ngx_string("batch="), "a size from 64k to 1024m" },
        { ngx_string("rows="), "a number from 1 to 1000000" },
        { ngx_string("in_flight="), "a number from 1 to 16" },
        { ngx_string("table="), "a name, of letters, digits, \"_\" and \".\"" }
    };

    for (i = 0; i < sizeof(params) / sizeof(params[0]); i++) {
        if (value->len > params[i].name.len
            && ngx_strncmp(value->data, params[i].name.data,
                           params[i].name.len)
               == 0)
        {
            break;
        }
    }

    if (i == sizeof(params) / sizeof(params[0])) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\", it is one of zone=, "
                           "interval=, batch=, rows=, in_flight=, table=",
                           value);
        return NGX_CONF_ERROR;
    }

    s.data = value->data + params[i].name.len;
    s.len = value->len - params[i].name.len;

    switch (i) {

    case 0:
        n = ngx_parse_time(&s, 0);
        if (n < 10 || n > 3600 * 1000) {
            break;
        }

        flusher->interval = n;
        return NGX_CONF_OK;

    case 1:
        n = ngx_parse_size(&s);
        if (n < 64 * 1024 || n > 1024 * 1024 * 1024) {
            break;
        }

        flusher->batch_size = n;
        return NGX_CONF_OK;

    case 2:
        n = ngx_atoi(s.data, s.len);
        if (n < 1 || n > 1000000) {
            break;
        }

        flusher->batch_rows = n;
        return NGX_CONF_OK;

    case 3:
        n = ngx_atoi(s.data, s.len);
        if (n < 1 || n > NGX_HTTP_ERRORTRACKING_BATCHES) {
            break;
        }

        flusher->in_flight = n;
        return NGX_CONF_OK;

    default: /* table= */

        if (strspn((char *) s.data, "abcdefghijklmnopqrstuvwxyz"
                                    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                    "0123456789_.")
            < s.len || s.len > 128)
        {
            break;
        }

        flusher->table = s;
        return NGX_CONF_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid value in \"%V\", it has to be %s",
                       value, params[i].range);

    return NGX_CONF_ERROR;
}


u_char *
ngx_http_errortracking_insert_args(ngx_http_errortracking_flusher_t *flusher,
    const char *columns, const char *token, u_char *p)
{
    return ngx_sprintf(p, "query=INSERT%%20INTO%%20%V%%20(%s)%%20FORMAT%%20"
                       "RowBinary%s%s", &flusher->table, columns,
                       NGX_HTTP_ERRORTRACKING_SETTINGS, token);
}


void
ngx_http_errortracking_batch_token(ngx_http_errortracking_zone_t *zone,
    uint64_t batch, char *token)
{
    *ngx_snprintf((u_char *) token, ET_SPOOL_TOKEN - 1, "%s-%uL",
                  zone->sh->id, batch) = '\0';
}


/*
 * The proxy module's configuration is private, but for the upstream module's,
 * which it begins with.
 */

ngx_http_upstream_conf_t *
ngx_http_errortracking_flush_upstream(ngx_http_errortracking_zone_t *zone)
{
    return zone->flusher->loc_conf[ngx_http_proxy_module.ctx_index];
}
