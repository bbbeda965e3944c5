/*
 * What is scrubbed in a location: the directives errortracking_scrub_fields
 * and errortracking_scrub_exclude, and the merging of all four.
 */

#include "ngx_http_errortracking.h"


static char *ngx_http_errortracking_scrub_list(ngx_conf_t *cf,
    ngx_array_t **list, ngx_uint_t fields);


char *
ngx_http_errortracking_scrub_fields(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_errortracking_loc_conf_t  *elcf = conf;

    return ngx_http_errortracking_scrub_list(cf, &elcf->scrub_fields, 1);
}


char *
ngx_http_errortracking_scrub_exclude(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_errortracking_loc_conf_t  *elcf = conf;

    return ngx_http_errortracking_scrub_list(cf, &elcf->scrub_exclude, 0);
}


/* The core compares parts of names with fields in lower case, and '_' for
 * '-'. */

static char *
ngx_http_errortracking_scrub_list(ngx_conf_t *cf, ngx_array_t **list,
    ngx_uint_t fields)
{
    u_char      *p;
    size_t       i;
    ngx_str_t   *value;
    ngx_uint_t   n;
    et_slice_t  *name;

    if (*list == NULL) {
        *list = ngx_array_create(cf->pool, 4, sizeof(et_slice_t));
        if (*list == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    value = cf->args->elts;

    for (n = 1; n < cf->args->nelts; n++) {

        if (value[n].len < (fields ? 2 : 1)) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid %s \"%V\", it has to be %s",
                               fields ? "field" : "exception", &value[n],
                               fields ? "a part of a name, of two characters "
                                        "or more, such as \"tax_number\""
                                      : "a name such as \"csrf_token\" or a "
                                        "path such as \"extra.debug\"");
            return NGX_CONF_ERROR;
        }

        name = ngx_array_push(*list);
        if (name == NULL) {
            return NGX_CONF_ERROR;
        }

        p = ngx_pstrdup(cf->pool, &value[n]);
        if (p == NULL) {
            return NGX_CONF_ERROR;
        }

        for (i = 0; fields && i < value[n].len; i++) {
            p[i] = p[i] == '-' ? '_' : ngx_tolower(p[i]);
        }

        *name = et_slice((char *) p, value[n].len);
    }

    return NGX_CONF_OK;
}


void
ngx_http_errortracking_scrub_merge(ngx_http_errortracking_loc_conf_t *prev,
    ngx_http_errortracking_loc_conf_t *conf)
{
    ngx_conf_merge_value(conf->scrub, prev->scrub, 1);
    ngx_conf_merge_value(conf->scrub_ip, prev->scrub_ip, 0);

    if (conf->scrub_fields == NULL) {
        conf->scrub_fields = prev->scrub_fields;
    }

    if (conf->scrub_exclude == NULL) {
        conf->scrub_exclude = prev->scrub_exclude;
    }

    conf->scrubber.on = conf->scrub;
    conf->scrubber.ip = conf->scrub && conf->scrub_ip;

    if (conf->scrub_fields != NULL) {
        conf->scrubber.fields = conf->scrub_fields->elts;
        conf->scrubber.nfields = conf->scrub_fields->nelts;
    }

    if (conf->scrub_exclude != NULL) {
        conf->scrubber.excludes = conf->scrub_exclude->elts;
        conf->scrubber.nexcludes = conf->scrub_exclude->nelts;
    }
}
