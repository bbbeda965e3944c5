/*
 * Inbound filters in a location: the directives errortracking_filter,
 * errortracking_filter_message, errortracking_filter_release and
 * errortracking_filter_ip, and their merging.
 */

#include "ngx_http_errortracking.h"


static char *ngx_http_errortracking_filter_globs(ngx_conf_t *cf,
    ngx_array_t **globs);


char *
ngx_http_errortracking_filter(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_errortracking_loc_conf_t  *elcf = conf;

    ngx_str_t   *value;
    ngx_uint_t   i, n;

    if (elcf->filters == NGX_CONF_UNSET_UINT) {
        elcf->filters = 0;
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        return NGX_CONF_OK;
    }

    for (n = 1; n < cf->args->nelts; n++) {

        for (i = 0; i < ET_FILTER_NAMED; i++) {
            if (ngx_strcmp(value[n].data, et_filter_names[i]) == 0) {
                break;
            }
        }

        if (i == ET_FILTER_NAMED) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid filter \"%V\", it has to be "
                               "\"browser_extensions\", \"crawlers\", "
                               "\"localhost\" or \"legacy_browsers\", or "
                               "\"off\" alone", &value[n]);
            return NGX_CONF_ERROR;
        }

        elcf->filters |= (ngx_uint_t) 1 << i;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_errortracking_filter_message(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_errortracking_loc_conf_t  *elcf = conf;

    return ngx_http_errortracking_filter_globs(cf, &elcf->filter_messages);
}


char *
ngx_http_errortracking_filter_release(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_errortracking_loc_conf_t  *elcf = conf;

    return ngx_http_errortracking_filter_globs(cf, &elcf->filter_releases);
}


static char *
ngx_http_errortracking_filter_globs(ngx_conf_t *cf, ngx_array_t **globs)
{
    ngx_str_t   *value;
    ngx_uint_t   n;
    et_slice_t  *glob;

    if (*globs == NULL) {
        *globs = ngx_array_create(cf->pool, 4, sizeof(et_slice_t));
        if (*globs == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    value = cf->args->elts;

    for (n = 1; n < cf->args->nelts; n++) {

        if (value[n].len == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid pattern \"\", it has to be a text "
                               "such as \"*Loading chunk*\"");
            return NGX_CONF_ERROR;
        }

        glob = ngx_array_push(*globs);
        if (glob == NULL) {
            return NGX_CONF_ERROR;
        }

        *glob = et_slice((char *) value[n].data, value[n].len);
    }

    return NGX_CONF_OK;
}


char *
ngx_http_errortracking_filter_ip(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_errortracking_loc_conf_t  *elcf = conf;

    et_cidr_t   *cidr;
    ngx_str_t   *value;
    ngx_uint_t   n;

    if (elcf->filter_cidrs == NULL) {
        elcf->filter_cidrs = ngx_array_create(cf->pool, 4, sizeof(et_cidr_t));
        if (elcf->filter_cidrs == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    value = cf->args->elts;

    for (n = 1; n < cf->args->nelts; n++) {

        cidr = ngx_array_push(elcf->filter_cidrs);
        if (cidr == NULL) {
            return NGX_CONF_ERROR;
        }

        if (!et_cidr_parse(et_slice((char *) value[n].data, value[n].len),
                           cidr))
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid address \"%V\", it has to be one such "
                               "as \"192.0.2.1\", or a network such as "
                               "\"10.0.0.0/8\"", &value[n]);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


void
ngx_http_errortracking_filter_merge(ngx_http_errortracking_loc_conf_t *prev,
    ngx_http_errortracking_loc_conf_t *conf)
{
    et_filter_t  *filter;

    ngx_conf_merge_uint_value(conf->filters, prev->filters, 0);

    if (conf->filter_messages == NULL) {
        conf->filter_messages = prev->filter_messages;
    }

    if (conf->filter_releases == NULL) {
        conf->filter_releases = prev->filter_releases;
    }

    if (conf->filter_cidrs == NULL) {
        conf->filter_cidrs = prev->filter_cidrs;
    }

    filter = &conf->filter;
    filter->named = (unsigned) conf->filters;

    if (conf->filter_messages != NULL) {
        filter->messages = conf->filter_messages->elts;
        filter->nmessages = conf->filter_messages->nelts;
    }

    if (conf->filter_releases != NULL) {
        filter->releases = conf->filter_releases->elts;
        filter->nreleases = conf->filter_releases->nelts;
    }

    if (conf->filter_cidrs != NULL) {
        filter->cidrs = conf->filter_cidrs->elts;
        filter->ncidrs = conf->filter_cidrs->nelts;
    }
}
