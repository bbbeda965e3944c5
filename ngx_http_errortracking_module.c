/*
 * ngx_http_errortracking_module: an error tracking backend inside NGINX.
 *
 * Sentry SDKs post events to the locations of errortracking_ingest; workers
 * keep them in the shared memory of errortracking_zone, and post them in
 * batches to ClickHouse through the location of errortracking_flush.
 *
 * This file holds the directives, the configuration's merging and the hooks
 * into NGINX's phases and processes; src/http/ngx_http_errortracking.h tells
 * where the rest is.
 */

#include "ngx_http_errortracking_exit.h"
#include "ngx_http_errortracking_journal.h"
#include "ngx_http_errortracking_query.h"


static void *ngx_http_errortracking_create_main_conf(ngx_conf_t *cf);
static void *ngx_http_errortracking_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_errortracking_merge_loc_conf(ngx_conf_t *cf,
    void *parent, void *child);
static ngx_int_t ngx_http_errortracking_init(ngx_conf_t *cf);
static ngx_int_t ngx_http_errortracking_init_zone(ngx_conf_t *cf,
    ngx_http_errortracking_zone_t *zone);
static ngx_int_t ngx_http_errortracking_init_spool(ngx_conf_t *cf,
    ngx_http_errortracking_main_conf_t *emcf,
    ngx_http_errortracking_zone_t *zone);
static ngx_int_t ngx_http_errortracking_init_module(ngx_cycle_t *cycle);
static ngx_int_t ngx_http_errortracking_init_process(ngx_cycle_t *cycle);
static void ngx_http_errortracking_exit_process(ngx_cycle_t *cycle);
static void ngx_http_errortracking_exit_master(ngx_cycle_t *cycle);
static ngx_http_errortracking_zone_t **ngx_http_errortracking_zones(
    ngx_cycle_t *cycle, ngx_uint_t *n);
static ngx_http_errortracking_zone_t **ngx_http_errortracking_worker_zones(
    ngx_cycle_t *cycle, ngx_uint_t *n);

static char *ngx_http_errortracking_zone(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_errortracking_ingest(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
static char *ngx_http_errortracking_storm(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_errortracking_spool_directive(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
static char *ngx_http_errortracking_exit_url_directive(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);


#define ngx_http_errortracking_limit_offset(field)                            \
    offsetof(ngx_http_errortracking_loc_conf_t, limits.field)

#define ngx_http_errortracking_merge_limit(field, value)                      \
    ngx_conf_merge_size_value(conf->limits.field, prev->limits.field, value);


static ngx_conf_enum_t  ngx_http_errortracking_acks[] = {
    { ngx_string("memory"), NGX_HTTP_ERRORTRACKING_ACK_MEMORY },
    { ngx_string("disk"), NGX_HTTP_ERRORTRACKING_ACK_DISK },
    { ngx_null_string, 0 }
};


static ngx_command_t  ngx_http_errortracking_commands[] = {

    { ngx_string("errortracking_zone"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE23,
      ngx_http_errortracking_zone,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("errortracking_ingest"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_errortracking_ingest,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("errortracking_keys"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_errortracking_keys,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("errortracking_key_secret"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_errortracking_key_secret,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("errortracking_gitlab"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE123,
      ngx_http_errortracking_gitlab,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("errortracking_allowed_origins"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_errortracking_allowed_origins,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("errortracking_limit"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE123,
      ngx_http_errortracking_limit,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("errortracking_items"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_errortracking_items,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("errortracking_storm"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE12,
      ngx_http_errortracking_storm,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("errortracking_scrub"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_errortracking_loc_conf_t, scrub),
      NULL },

    { ngx_string("errortracking_scrub_ip"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_errortracking_loc_conf_t, scrub_ip),
      NULL },

    { ngx_string("errortracking_scrub_fields"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_errortracking_scrub_fields,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("errortracking_scrub_exclude"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_errortracking_scrub_exclude,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("errortracking_filter"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_errortracking_filter,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("errortracking_filter_message"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_errortracking_filter_message,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("errortracking_filter_release"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_errortracking_filter_release,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("errortracking_filter_ip"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_errortracking_filter_ip,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("errortracking_max_body_size"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_errortracking_loc_conf_t, max_body_size),
      NULL },

    { ngx_string("errortracking_max_inflated_size"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_http_errortracking_limit_offset(max_inflated),
      NULL },

    { ngx_string("errortracking_max_event_size"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_http_errortracking_limit_offset(max_event),
      NULL },

    { ngx_string("errortracking_max_attachment_size"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_http_errortracking_limit_offset(max_attachment),
      NULL },

    { ngx_string("errortracking_max_attachments_size"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_http_errortracking_limit_offset(max_attachments),
      NULL },

    { ngx_string("errortracking_max_inflate_ratio"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_http_errortracking_limit_offset(max_ratio),
      NULL },

    { ngx_string("errortracking_max_check_in_size"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_http_errortracking_limit_offset(max_check_in),
      NULL },

    { ngx_string("errortracking_max_client_report_size"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_http_errortracking_limit_offset(max_client_report),
      NULL },

    { ngx_string("errortracking_max_session_size"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_http_errortracking_limit_offset(max_session),
      NULL },

    { ngx_string("errortracking_max_log_container_size"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_http_errortracking_limit_offset(max_log_container),
      NULL },

    { ngx_string("errortracking_max_items"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_http_errortracking_limit_offset(max_items),
      NULL },

    { ngx_string("errortracking_max_attachments"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_http_errortracking_limit_offset(max_files),
      NULL },

    { ngx_string("errortracking_max_client_reports"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_http_errortracking_limit_offset(max_client_reports),
      NULL },

    { ngx_string("errortracking_max_sessions"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      ngx_http_errortracking_limit_offset(max_sessions),
      NULL },

    { ngx_string("errortracking_flush"),
      NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_errortracking_flush,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("errortracking_spool"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE2,
      ngx_http_errortracking_spool_directive,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("errortracking_ack"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_errortracking_main_conf_t, ack),
      &ngx_http_errortracking_acks },

    { ngx_string("errortracking_exit_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_errortracking_main_conf_t, exit_timeout),
      NULL },

    { ngx_string("errortracking_exit_url"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_errortracking_exit_url_directive,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("errortracking_status"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE1,
      ngx_http_errortracking_status,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("errortracking_api"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_errortracking_api,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("errortracking_query"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE123,
      ngx_http_errortracking_query_directive,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("errortracking_token"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_errortracking_token,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("errortracking_tokens"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_errortracking_tokens,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("errortracking_api_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_errortracking_loc_conf_t, api_timeout),
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_errortracking_module_ctx = {
    NULL,                                    /* preconfiguration */
    ngx_http_errortracking_init,             /* postconfiguration */

    ngx_http_errortracking_create_main_conf, /* create main configuration */
    NULL,                                    /* init main configuration */

    NULL,                                    /* create server configuration */
    NULL,                                    /* merge server configuration */

    ngx_http_errortracking_create_loc_conf,  /* create location configuration */
    ngx_http_errortracking_merge_loc_conf    /* merge location configuration */
};


ngx_module_t  ngx_http_errortracking_module = {
    NGX_MODULE_V1,
    &ngx_http_errortracking_module_ctx,      /* module context */
    ngx_http_errortracking_commands,         /* module directives */
    NGX_HTTP_MODULE,                         /* module type */
    NULL,                                    /* init master */
    ngx_http_errortracking_init_module,      /* init module */
    ngx_http_errortracking_init_process,     /* init process */
    NULL,                                    /* init thread */
    NULL,                                    /* exit thread */
    ngx_http_errortracking_exit_process,     /* exit process */
    ngx_http_errortracking_exit_master,      /* exit master */
    NGX_MODULE_V1_PADDING
};


static void *
ngx_http_errortracking_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_errortracking_main_conf_t  *emcf;

    emcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_errortracking_main_conf_t));
    if (emcf == NULL) {
        return NULL;
    }

    emcf->exit_timeout = NGX_CONF_UNSET_MSEC;
    emcf->ack = NGX_CONF_UNSET_UINT;

    if (ngx_array_init(&emcf->zones, cf->pool, 2,
                       sizeof(ngx_http_errortracking_zone_t *))
        != NGX_OK)
    {
        return NULL;
    }

    return emcf;
}


static void *
ngx_http_errortracking_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_errortracking_loc_conf_t  *elcf;

    elcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_errortracking_loc_conf_t));
    if (elcf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     elcf->zone = NULL;
     *     elcf->keys = NULL;
     *     elcf->flush = 0;
     */

    elcf->max_body_size = NGX_CONF_UNSET_SIZE;

    /* NGX_CONF_UNSET_SIZE each */

    ngx_memset(&elcf->limits, 0xff, sizeof(et_limits_t));

    elcf->filters = NGX_CONF_UNSET_UINT;
    elcf->scrub = NGX_CONF_UNSET;
    elcf->scrub_ip = NGX_CONF_UNSET;
    elcf->storm_limit = NGX_CONF_UNSET_UINT;
    elcf->storm_interval = NGX_CONF_UNSET;
    elcf->api_timeout = NGX_CONF_UNSET_MSEC;

    return elcf;
}


static char *
ngx_http_errortracking_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child)
{
    ngx_http_errortracking_loc_conf_t *prev = parent;
    ngx_http_errortracking_loc_conf_t *conf = child;

    ngx_http_core_loc_conf_t  *clcf;

    ngx_conf_merge_size_value(conf->max_body_size, prev->max_body_size,
                              NGX_HTTP_ERRORTRACKING_MAX_BODY);
    ET_LIMITS(ngx_http_errortracking_merge_limit)

    ngx_conf_merge_uint_value(conf->storm_limit, prev->storm_limit, 0);
    ngx_conf_merge_sec_value(conf->storm_interval, prev->storm_interval, 60);

    ngx_http_errortracking_scrub_merge(prev, conf);
    ngx_http_errortracking_filter_merge(prev, conf);

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (conf->flush) {

        if (clcf->handler == NULL) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"errortracking_flush\" in location \"%V\" "
                               "needs \"proxy_pass\" to ClickHouse",
                               &clcf->name);
            return NGX_CONF_ERROR;
        }

        /* a batch has the module's own limit */

        clcf->client_max_body_size = 0;

        /* ClickHouse's words about a batch may quote it, and are to be read */

        if (clcf->subrequest_output_buffer_size
            < NGX_HTTP_ERRORTRACKING_ANSWER_BUFFER)
        {
            clcf->subrequest_output_buffer_size =
                                         NGX_HTTP_ERRORTRACKING_ANSWER_BUFFER;
        }
    }

    /* an "if" or "limit_except" inside the location is the location still */

    if ((clcf->noname || clcf->lmt_excpt) && clcf->handler == NULL
        && prev->zone != NULL)
    {
        conf->zone = prev->zone;
        clcf->handler = ngx_http_errortracking_ingest_handler;
    }

    ngx_http_errortracking_limit_merge(prev, conf);

    if (ngx_http_errortracking_keys_merge(cf, prev, conf) != NGX_CONF_OK
        || ngx_http_errortracking_api_merge(cf, prev, conf) != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (conf->zone == NULL) {
        return NGX_CONF_OK;
    }

    if (conf->zone->max_event_size < conf->limits.max_event) {
        conf->zone->max_event_size = conf->limits.max_event;
    }

    /* errortracking_max_body_size is the limit here, with the contract's
     * answer; and NGINX's default buffer is too small for an ordinary event */

    clcf->client_max_body_size = 0;

    if (clcf->client_body_buffer_size < NGX_HTTP_ERRORTRACKING_BODY_BUFFER) {
        clcf->client_body_buffer_size = NGX_HTTP_ERRORTRACKING_BODY_BUFFER;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_errortracking_init(ngx_conf_t *cf)
{
    ngx_uint_t                            i;
    ngx_http_handler_pt                  *h;
    ngx_http_core_main_conf_t            *cmcf;
    ngx_http_errortracking_zone_t       **zones;
    ngx_http_errortracking_main_conf_t   *emcf;

    emcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_errortracking_module);
    zones = emcf->zones.elts;

    for (i = 0; i < emcf->zones.nelts; i++) {
        if (ngx_http_errortracking_init_zone(cf, zones[i]) != NGX_OK
            || ngx_http_errortracking_init_spool(cf, emcf, zones[i]) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_ACCESS_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_errortracking_access_handler;

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_LOG_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_errortracking_log_handler;

    if (ngx_http_errortracking_body_filter_init(cf) != NGX_OK
        || ngx_http_errortracking_query_filter_init(cf) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_errortracking_cors_filter_init(cf);
}


/* What is known of a zone only when the whole configuration has been read. */

static ngx_int_t
ngx_http_errortracking_init_zone(ngx_conf_t *cf,
    ngx_http_errortracking_zone_t *zone)
{
    size_t            size;
    ngx_core_conf_t  *ccf;

    if (zone->flusher == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "errortracking_zone \"%V\" has no location with "
                      "\"errortracking_flush zone=%V\" and \"proxy_pass\" to "
                      "ClickHouse in %V:%ui", &zone->name, &zone->name,
                      &zone->conf_file, zone->conf_line);
        return NGX_ERROR;
    }

    size = ngx_max(zone->max_event_size + ET_ROW_OVERHEAD,
                   ET_MAX_FOLD_SIZE);

    if (size > NGX_HTTP_ERRORTRACKING_MAX_SEGMENT) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"errortracking_max_event_size\" of %uz bytes is too "
                      "large, no segment of errortracking_zone \"%V\" can "
                      "hold more than %uz in %V:%ui",
                      zone->max_event_size, &zone->name,
                      (size_t) NGX_HTTP_ERRORTRACKING_MAX_SEGMENT
                      - ET_ROW_OVERHEAD, &zone->conf_file,
                      zone->conf_line);
        return NGX_ERROR;
    }

    if (zone->segment_size < size) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "errortracking_zone \"%V\" has segments of %uz bytes, "
                      "too small for events of %uz bytes, use "
                      "\"segment=%uzk\" or more in %V:%ui", &zone->name,
                      zone->segment_size, zone->max_event_size,
                      (size + 1023) / 1024, &zone->conf_file,
                      zone->conf_line);
        return NGX_ERROR;
    }

    ccf = (ngx_core_conf_t *) ngx_get_conf(cf->cycle->conf_ctx,
                                           ngx_core_module);

    zone->nworkers = ccf->worker_processes > 0
                     ? (ngx_uint_t) ccf->worker_processes : 1;

    size = ngx_http_errortracking_zone_min_size(zone->segment_size,
                                                zone->nworkers);

    if (zone->shm_zone->shm.size < size) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "errortracking_zone \"%V\" of %uz bytes is too small "
                      "for %ui workers and segments of %uz bytes, it has to "
                      "have %uzk or more in %V:%ui", &zone->name,
                      zone->shm_zone->shm.size, zone->nworkers,
                      zone->segment_size, (size + 1023) / 1024,
                      &zone->conf_file, zone->conf_line);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* Where and how a zone's batches go when ClickHouse, or NGINX, is away. */

static ngx_int_t
ngx_http_errortracking_init_spool(ngx_conf_t *cf,
    ngx_http_errortracking_main_conf_t *emcf,
    ngx_http_errortracking_zone_t *zone)
{
    zone->exit_timeout = emcf->exit_timeout == NGX_CONF_UNSET_MSEC
                         ? NGX_HTTP_ERRORTRACKING_EXIT_TIMEOUT
                         : emcf->exit_timeout;
    zone->exit_url = emcf->exit_url;

    zone->ack_disk = (emcf->ack == NGX_HTTP_ERRORTRACKING_ACK_DISK);

    if (zone->ack_disk && emcf->spool_path.len == 0) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"errortracking_ack disk\" needs "
                      "\"errortracking_spool\" for the journal of "
                      "errortracking_zone \"%V\" in %V:%ui",
                      &zone->name, &zone->conf_file, zone->conf_line);
        return NGX_ERROR;
    }

    if (emcf->spool_path.len == 0) {
        return NGX_OK;
    }

    if (zone->name.data[0] == '.'
        || ngx_strlchr(zone->name.data, zone->name.data + zone->name.len, '/')
           != NULL)
    {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "errortracking_zone \"%V\" has a folder of its name in "
                      "\"errortracking_spool\", so it can't begin with \".\" "
                      "or have a \"/\" in %V:%ui", &zone->name,
                      &zone->conf_file, zone->conf_line);
        return NGX_ERROR;
    }

    zone->spool = ngx_http_errortracking_spool_conf(cf, &emcf->spool_path,
                                                    emcf->spool_size,
                                                    &zone->name);
    zone->replay = ngx_http_errortracking_replay_conf(cf);

    if (zone->spool == NULL || zone->replay == NULL) {
        return NGX_ERROR;
    }

#if (NGX_THREADS)

    zone->thread_pool = ngx_thread_pool_add(cf, NULL);
    zone->journal = ngx_http_errortracking_journal_conf(cf);

    if (zone->thread_pool == NULL || zone->journal == NULL) {
        return NGX_ERROR;
    }

#else

    if (zone->ack_disk) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"errortracking_ack disk\" needs an nginx that was "
                      "configured with \"--with-threads\"");
        return NGX_ERROR;
    }

#endif

    return NGX_OK;
}


/*
 * In the master, with each new configuration: memory that it does not have any
 * more, for another size or no such zone, is its workers' alone.
 */

static ngx_int_t
ngx_http_errortracking_init_module(ngx_cycle_t *cycle)
{
    ngx_uint_t                       i, k, n, nold;
    ngx_http_errortracking_zone_t  **zones, **old;

    if (ngx_test_config) {
        return NGX_OK;
    }

    zones = ngx_http_errortracking_zones(cycle, &n);
    old = ngx_http_errortracking_zones((ngx_cycle_t *) ngx_cycle, &nold);

    for (i = 0; i < nold; i++) {

        for (k = 0; k < n && zones[k]->sh != old[i]->sh; k++) {
            /* void */
        }

        if (k == n) {
            __atomic_store_n(&old[i]->sh->orphaned, 1, __ATOMIC_RELEASE);
            ngx_http_errortracking_journal_orphan(old[i]);
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_errortracking_init_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                       i, n;
    ngx_http_errortracking_zone_t  **zones;

    zones = ngx_http_errortracking_worker_zones(cycle, &n);

    if (zones == NULL) {
        return NGX_OK;
    }

    if (ngx_http_errortracking_cores_init() != NGX_OK) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      "errortracking has no memory for SHA-256");
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {

        if (ngx_http_errortracking_zone_join(zones[i], cycle->log) != NGX_OK
            || ngx_http_errortracking_spool_init(cycle, zones[i]) != NGX_OK
            || ngx_http_errortracking_journal_init(cycle, zones[i]) != NGX_OK
            || ngx_http_errortracking_flush_init(cycle, zones[i]) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static void
ngx_http_errortracking_exit_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                       i, n;
    ngx_http_errortracking_zone_t  **zones;

    zones = ngx_http_errortracking_worker_zones(cycle, &n);

    if (zones == NULL) {
        return;
    }

    for (i = 0; i < n; i++) {
        if (zones[i]->worker != NULL) {
            ngx_http_errortracking_zone_leave(zones[i]);
            ngx_http_errortracking_flush_exit(cycle, zones[i]);
            ngx_http_errortracking_exit_worker(cycle, zones[i]);
        }
    }

    ngx_http_errortracking_cores_exit();
}


/* All workers have ended; in a single process it has none. */

static void
ngx_http_errortracking_exit_master(ngx_cycle_t *cycle)
{
    ngx_uint_t                       i, n;
    ngx_msec_t                       deadline;
    ngx_http_errortracking_zone_t  **zones;

    zones = ngx_http_errortracking_zones(cycle, &n);

    ngx_time_update();

    /* one for all, whose time-out is the same */

    for (i = 0, deadline = 0; i < n; i++) {
        if (i == 0) {
            deadline = ngx_current_msec + zones[i]->exit_timeout;
        }

        ngx_http_errortracking_exit_zone(cycle, zones[i], deadline, 1);
    }
}


/* The zones of a configuration, which may be one without this module. */

static ngx_http_errortracking_zone_t **
ngx_http_errortracking_zones(ngx_cycle_t *cycle, ngx_uint_t *n)
{
    ngx_uint_t                           i;
    ngx_http_errortracking_main_conf_t  *emcf;

    *n = 0;

    if (ngx_is_init_cycle(cycle)) {
        return NULL;
    }

    for (i = 0; cycle->modules[i] != &ngx_http_errortracking_module; i++) {
        if (cycle->modules[i] == NULL) {
            return NULL;
        }
    }

    emcf = ngx_http_cycle_get_module_main_conf(cycle,
                                               ngx_http_errortracking_module);
    if (emcf == NULL) {
        return NULL;
    }

    *n = emcf->zones.nelts;

    return emcf->zones.elts;
}


/* The same in a worker; NULL in other processes, the cache manager's say. */

static ngx_http_errortracking_zone_t **
ngx_http_errortracking_worker_zones(ngx_cycle_t *cycle, ngx_uint_t *n)
{
    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NULL;
    }

    return ngx_http_errortracking_zones(cycle, n);
}


ngx_http_errortracking_zone_t *
ngx_http_errortracking_find_zone(ngx_conf_t *cf, ngx_str_t *name)
{
    ngx_uint_t                            i;
    ngx_http_errortracking_zone_t       **zones;
    ngx_http_errortracking_main_conf_t   *emcf;

    emcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_errortracking_module);
    zones = emcf->zones.elts;

    for (i = 0; i < emcf->zones.nelts; i++) {
        if (zones[i]->name.len == name->len
            && ngx_strncmp(zones[i]->name.data, name->data, name->len) == 0)
        {
            return zones[i];
        }
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "zone \"%V\" is unknown, declare it before with "
                       "\"errortracking_zone %V 64m\"", name, name);

    return NULL;
}


static char *
ngx_http_errortracking_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_errortracking_main_conf_t  *emcf = conf;

    ssize_t                          size, segment;
    ngx_str_t                       *value, s;
    ngx_http_errortracking_zone_t   *zone, **zp;

    value = cf->args->elts;
    size = ngx_parse_size(&value[2]);
    segment = NGX_HTTP_ERRORTRACKING_SEGMENT;

    if (value[1].len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid zone name \"%V\", it has to be a name "
                           "such as \"errors\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    if (size == NGX_ERROR || size < 8 * (ssize_t) ngx_pagesize) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid zone size \"%V\", it has to be a size "
                           "such as \"64m\"", &value[2]);
        return NGX_CONF_ERROR;
    }

    if (cf->args->nelts == 4) {

        s.data = value[3].data + 8;
        s.len = value[3].len - 8;

        if (ngx_strncmp(value[3].data, "segment=", 8) != 0
            || (segment = ngx_parse_size(&s)) == NGX_ERROR
            || segment < NGX_HTTP_ERRORTRACKING_MIN_SEGMENT
            || segment > NGX_HTTP_ERRORTRACKING_MAX_SEGMENT)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\", it has to be "
                               "\"segment=\" and a size from 64k to 64m",
                               &value[3]);
            return NGX_CONF_ERROR;
        }
    }

    zone = ngx_pcalloc(cf->pool, sizeof(ngx_http_errortracking_zone_t));
    if (zone == NULL) {
        return NGX_CONF_ERROR;
    }

    zone->shm_zone = ngx_shared_memory_add(cf, &value[1], size,
                                           &ngx_http_errortracking_module);
    if (zone->shm_zone == NULL) {
        return NGX_CONF_ERROR;
    }

    if (zone->shm_zone->data != NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "duplicate zone \"%V\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    zone->name = value[1];
    zone->conf_file = cf->conf_file->file.name;
    zone->conf_line = cf->conf_file->line;
    zone->segment_size = ngx_align((size_t) segment, ngx_pagesize);
    zone->lock = -1;
    zone->shm_zone->init = ngx_http_errortracking_zone_init;
    zone->shm_zone->data = zone;

    zp = ngx_array_push(&emcf->zones);
    if (zp == NULL) {
        return NGX_CONF_ERROR;
    }

    *zp = zone;

    return NGX_CONF_OK;
}


static char *
ngx_http_errortracking_ingest(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_errortracking_loc_conf_t  *elcf = conf;

    ngx_str_t                 *value, name;
    ngx_http_core_loc_conf_t  *clcf;

    if (elcf->zone != NULL) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strncmp(value[1].data, "zone=", 5) != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\", it has to be "
                           "\"zone=name\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    name.data = value[1].data + 5;
    name.len = value[1].len - 5;

    elcf->zone = ngx_http_errortracking_find_zone(cf, &name);
    if (elcf->zone == NULL) {
        return NGX_CONF_ERROR;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_errortracking_ingest_handler;

    return NGX_CONF_OK;
}


static char *
ngx_http_errortracking_storm(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_errortracking_loc_conf_t  *elcf = conf;

    ngx_int_t   limit;
    ngx_str_t  *value;

    if (elcf->storm_limit != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        elcf->storm_limit = 0;
        return NGX_CONF_OK;
    }

    limit = ngx_atoi(value[1].data, value[1].len);

    if (cf->args->nelts != 3 || limit < 1 || limit > 1000000000) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid \"errortracking_storm\", it has to be "
                           "\"off\", or a number of bodies from 1 and an "
                           "interval, such as \"100 60s\"");
        return NGX_CONF_ERROR;
    }

    elcf->storm_limit = limit;
    elcf->storm_interval = ngx_parse_time(&value[2], 1);

    if (elcf->storm_interval < 1 || elcf->storm_interval > 86400) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid interval \"%V\", it has to be from 1s to "
                           "1d", &value[2]);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_errortracking_spool_directive(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_errortracking_main_conf_t  *emcf = conf;

    off_t       size;
    ngx_str_t  *value;

    if (emcf->spool_path.len != 0) {
        return "is duplicate";
    }

    value = cf->args->elts;
    size = ngx_parse_offset(&value[2]);

    if (size < NGX_HTTP_ERRORTRACKING_MIN_SPOOL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid spool size \"%V\", it has to be a size "
                           "from 64m", &value[2]);
        return NGX_CONF_ERROR;
    }

    emcf->spool_size = size;
    emcf->spool_path = value[1];

    if (ngx_conf_full_name(cf->cycle, &emcf->spool_path, 0) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* No message has the address, which may have a password. */

static char *
ngx_http_errortracking_exit_url_directive(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_errortracking_main_conf_t  *emcf = conf;

    ngx_str_t  *value, *url;

    if (emcf->exit_url.len != 0) {
        return "is duplicate";
    }

    value = cf->args->elts;
    url = &value[1];

    if (url->len > NGX_HTTP_ERRORTRACKING_MAX_EXIT_URL
        || ngx_strlchr(url->data, url->data + url->len, '#') != NULL
        || (ngx_strncmp(url->data, "http://", 7) != 0
            && ngx_strncmp(url->data, "https://", 8) != 0))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid \"errortracking_exit_url\", it has to be "
                           "an address such as "
                           "\"http://user:password@127.0.0.1:8123/\", of at "
                           "most %d bytes",
                           NGX_HTTP_ERRORTRACKING_MAX_EXIT_URL);
        return NGX_CONF_ERROR;
    }

    emcf->exit_url = *url;

    return NGX_CONF_OK;
}
