/*
 * Which schema ClickHouse has: asked at the start of each configuration by
 * the worker with the flush role, and again while it is too old or there is
 * no answer.
 */

#include "ngx_http_errortracking_flush.h"


/* milliseconds */
#define NGX_HTTP_ERRORTRACKING_SCHEMA_AGAIN  60000


struct ngx_http_errortracking_schema_s {
    ngx_http_errortracking_flusher_t  *flusher;
    ngx_http_errortracking_post_t      post;
    ngx_uint_t                         busy;
    u_char                             args[NGX_HTTP_ERRORTRACKING_ARGS];
};


static void ngx_http_errortracking_schema_ask(
    ngx_http_errortracking_schema_t *schema);
static void ngx_http_errortracking_schema_done(
    ngx_http_errortracking_post_t *post);


ngx_int_t
ngx_http_errortracking_schema_init(ngx_cycle_t *cycle,
    ngx_http_errortracking_flusher_t *flusher)
{
    flusher->schema = ngx_pcalloc(cycle->pool,
                                  sizeof(ngx_http_errortracking_schema_t));

    if (flusher->schema == NULL) {
        return NGX_ERROR;
    }

    flusher->schema->flusher = flusher;

    return NGX_OK;
}


void
ngx_http_errortracking_schema_tick(ngx_http_errortracking_flusher_t *flusher)
{
    ngx_http_errortracking_shm_t   *sh;
    ngx_http_errortracking_zone_t  *zone;

    zone = flusher->zone;
    sh = zone->sh;

    if (ngx_exiting || flusher->schema->busy || sh->breaker.failures != 0
        || zone->generation != sh->generation)
    {
        return;
    }

    if (sh->schema_generation != zone->generation) {
        sh->schema_generation = zone->generation;
        sh->schema_said = 0;
        sh->schema_at = 0;
    }

    if (ngx_current_msec < sh->schema_at) {
        return;
    }

    /* should this worker end meanwhile, the next one asks then */

    sh->schema_at = ngx_current_msec + NGX_HTTP_ERRORTRACKING_SCHEMA_AGAIN;

    ngx_http_errortracking_schema_ask(flusher->schema);
}


static void
ngx_http_errortracking_schema_ask(ngx_http_errortracking_schema_t *schema)
{
    size_t                          len;
    u_char                         *p;
    ngx_str_t                      *table;
    ngx_http_errortracking_post_t  *post;

    post = &schema->post;

    /* in the database of the table that rows go to */

    table = &schema->flusher->table;

    for (len = table->len; len > 0 && table->data[len - 1] != '.'; len--) {
        /* void */
    }

    p = ngx_sprintf(schema->args, "query=SELECT%%20max(version)%%20FROM%%20"
                    "%*sschema_version", len, table->data);

    post->conf_ctx = schema->flusher->conf_ctx;
    post->uri = schema->flusher->uri;
    post->args.data = schema->args;
    post->args.len = p - schema->args;
    post->body = NULL;
    post->length = 0;
    post->handler = ngx_http_errortracking_schema_done;
    post->data = schema;

    schema->busy = 1;

    if (ngx_http_errortracking_post(post) != NGX_OK) {
        schema->busy = 0;
    }
}


/* Said once a configuration: nothing, or what is wrong with the schema. */

static void
ngx_http_errortracking_schema_done(ngx_http_errortracking_post_t *post)
{
    ngx_int_t                         version;
    ngx_http_errortracking_shm_t     *sh;
    ngx_http_errortracking_zone_t    *zone;
    ngx_http_errortracking_schema_t  *schema;

    schema = post->data;
    schema->busy = 0;

    zone = schema->flusher->zone;
    sh = zone->sh;

    if (post->rc == NGX_OK) {
        version = ngx_atoi(post->error, post->error_len);

        sh->schema_version = version == NGX_ERROR ? 0 : version;

        if (version >= ET_ROW_SCHEMA) {
            sh->schema_at = (uint64_t) -1;
            return;
        }

        if (!sh->schema_said) {
            sh->schema_said = 1;

            ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                          "errortracking_zone \"%V\": ClickHouse's schema is "
                          "of version %L and this module needs %d, apply it "
                          "with \"make schema\"", &zone->name,
                          (int64_t) sh->schema_version, ET_ROW_SCHEMA);
        }

        return;
    }

    /* a user who may insert and nothing else does well all the same */

    if (post->failure == NGX_HTTP_ERRORTRACKING_FAILED_EXCEPTION
        && !sh->schema_said)
    {
        sh->schema_said = 1;

        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "errortracking_zone \"%V\": the version of ClickHouse's "
                      "schema can't be read: \"%*s\"", &zone->name,
                      post->error_len, post->error);
    }
}
