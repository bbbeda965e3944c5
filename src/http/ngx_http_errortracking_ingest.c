/*
 * The content handler: reads the body, has the core make events of it, has
 * the zone keep them, and answers.
 */

#include "ngx_http_errortracking.h"
#include "ngx_http_errortracking_journal.h"
#include "et_query.h"


static void ngx_http_errortracking_ingest_body(ngx_http_request_t *r);
static void ngx_http_errortracking_ingest_asked(ngx_http_request_t *r);
static void ngx_http_errortracking_ingest_end(ngx_http_request_t *r,
    et_reason_t reason);
static et_reason_t ngx_http_errortracking_ingest(ngx_http_request_t *r,
    ngx_http_errortracking_ctx_t *ctx);
static et_reason_t ngx_http_errortracking_prepare(ngx_http_request_t *r,
    ngx_http_errortracking_ctx_t *ctx);
static et_reason_t ngx_http_errortracking_keep(ngx_http_request_t *r,
    ngx_http_errortracking_ctx_t *ctx);
static size_t ngx_http_errortracking_storm(
    ngx_http_errortracking_loc_conf_t *elcf, et_ingest_t *core,
    uint64_t project);
static et_reason_t ngx_http_errortracking_query_body(ngx_http_request_t *r,
    et_request_t *request);
static ngx_uint_t ngx_http_errortracking_is_ready(
    ngx_http_errortracking_zone_t *zone);


et_ingest_t  *ngx_http_errortracking_core;


const unsigned  ngx_http_errortracking_codes[] = {
    200, 202, 400, 401, 403, 404, 405, 408, 411, 413, 415, 429, 499, 500, 502,
    503
};


ngx_int_t
ngx_http_errortracking_ingest_handler(ngx_http_request_t *r)
{
    ngx_int_t                           rc;
    ngx_http_errortracking_ctx_t       *ctx;
    ngx_http_errortracking_loc_conf_t  *elcf;

    ctx = ngx_http_errortracking_get_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (r->method == NGX_HTTP_OPTIONS) {
        return ngx_http_errortracking_preflight(r);
    }

    elcf = ngx_http_get_module_loc_conf(r, ngx_http_errortracking_module);

    switch (ctx->request.endpoint) {

    case ET_ENDPOINT_LIVE:
        return ngx_http_errortracking_reply_health(r, 1);

    case ET_ENDPOINT_READY:
        return ngx_http_errortracking_reply_health(r,
                              ngx_http_errortracking_is_ready(elcf->zone));

    case ET_ENDPOINT_ERROR_PAGE:

        if (r->method == NGX_HTTP_GET) {
            return ngx_http_errortracking_dialog(r);
        }

        break;

    default:
        break;
    }

    ctx->reading = 1;

    r->request_body_in_single_buf = 1;

    rc = ngx_http_read_client_request_body(r,
                                          ngx_http_errortracking_ingest_body);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return NGX_DONE;
}


/* Whether an event that came now would be kept. */

static ngx_uint_t
ngx_http_errortracking_is_ready(ngx_http_errortracking_zone_t *zone)
{
    if (zone->ack_disk && ngx_http_errortracking_journal_failing(zone)) {
        return 0;
    }

    return ngx_http_errortracking_zone_has_room(zone);
}


static void
ngx_http_errortracking_ingest_body(ngx_http_request_t *r)
{
    ngx_http_errortracking_ctx_t       *ctx;
    ngx_http_errortracking_loc_conf_t  *elcf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_errortracking_module);
    elcf = ngx_http_get_module_loc_conf(r, ngx_http_errortracking_module);

    ngx_http_errortracking_add(elcf->zone->worker->counters.bytes_received,
                               ctx->received);

    ngx_http_errortracking_ingest_run(r);
}


void
ngx_http_errortracking_ingest_run(ngx_http_request_t *r)
{
    et_reason_t                    reason;
    ngx_http_errortracking_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_errortracking_module);

    ctx->waiting = 0;

    reason = ngx_http_errortracking_ingest(r, ctx);

    if (!ctx->waiting) {
        ngx_http_errortracking_ingest_end(r, reason);
    }
}


/* GitLab has answered; or the connection can be written to, which is nothing
 * to it. */

static void
ngx_http_errortracking_ingest_asked(ngx_http_request_t *r)
{
    ngx_http_errortracking_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_errortracking_module);

    if (ctx->asking) {
        return;
    }

    r->write_event_handler = ngx_http_request_empty_handler;

    ngx_http_errortracking_ingest_run(r);
}


void
ngx_http_errortracking_ingest_spooled(ngx_http_request_t *r)
{
    et_reason_t                    reason;
    ngx_http_errortracking_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_errortracking_module);

    ctx->waiting = 0;

    reason = ngx_http_errortracking_large_spooled(r);

    if (reason == ET_OK) {
        reason = ngx_http_errortracking_keep(r, ctx);
    }

    ngx_http_errortracking_ingest_end(r, reason);
}


static void
ngx_http_errortracking_ingest_end(ngx_http_request_t *r, et_reason_t reason)
{
    u_char                             *id;
    ngx_int_t                           rc;
    ngx_http_errortracking_ctx_t       *ctx;
    ngx_http_errortracking_loc_conf_t  *elcf;

    if (reason != ET_OK) {
        ngx_http_finalize_request(r, ngx_http_errortracking_refuse(r, reason));
        return;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_errortracking_module);
    elcf = ngx_http_get_module_loc_conf(r, ngx_http_errortracking_module);

    id = ctx->core->has_id ? ctx->core->id : NULL;

    if (elcf->zone->ack_disk && ctx->core->nrecords != 0) {

        /* the core may be the next request's meanwhile */

        if (ngx_http_errortracking_journal_wait(r, id, ctx->core->nevents)
            == NGX_OK)
        {
            return;
        }

        rc = ngx_http_errortracking_refuse(r, ET_NO_MEMORY);

    } else {
        rc = ngx_http_errortracking_accept(r, id);
    }

    ngx_http_finalize_request(r, rc);
}


static et_reason_t
ngx_http_errortracking_ingest(ngx_http_request_t *r,
    ngx_http_errortracking_ctx_t *ctx)
{
    et_slice_t                          key;
    et_reason_t                         reason;
    et_ingest_t                        *core;
    ngx_http_errortracking_loc_conf_t  *elcf;

    elcf = ngx_http_get_module_loc_conf(r, ngx_http_errortracking_module);

    reason = ngx_http_errortracking_prepare(r, ctx);

    if (reason != ET_OK || ctx->waiting) {
        return reason;
    }

    core = ngx_http_errortracking_core;
    ctx->core = core;

    reason = et_ingest_open(core, &ctx->request, &key);
    if (reason != ET_OK) {
        return reason;
    }

    if (core->inflated && !ctx->opened) {
        ngx_http_errortracking_add(
                            elcf->zone->worker->counters.bytes_inflated,
                            core->len);
    }

    ctx->opened = 1;

    /* once more, too, where `satisfy any` has let an unknown key pass */

    switch (ngx_http_errortracking_check_key(r, key, &reason)) {

    case NGX_OK:
        break;

    case NGX_AGAIN:

        /* the core is the next request's meanwhile, and all of this is done
         * again when the answer is there */

        ctx->waiting = 1;
        r->read_event_handler = ngx_http_block_reading;
        r->write_event_handler = ngx_http_errortracking_ingest_asked;
        return ET_OK;

    default: /* NGX_DECLINED */
        return reason;
    }

    reason = et_ingest_read(core, &ctx->request);
    ctx->not_taken = core->admission.not_taken;

    if (reason == ET_RATE_LIMITED) {

        /* the records are outcomes, one for each category; where there is no
         * room for them, that is not the client's affair */

        ctx->limited = 1;
        ctx->outcomes = 1;
        (void) ngx_http_errortracking_keep(r, ctx);
    }

    if (reason != ET_OK) {
        return reason;
    }

    if (elcf->storm_limit != 0) {
        ctx->folded = ngx_http_errortracking_storm(elcf, core,
                                                   ctx->request.project);

        if (ctx->folded != 0 && ctx->folded == core->nevents) {
            reason = et_ingest_drop_attachments(core, ET_OUTCOME_FILTERED,
                                                "storm",
                                                ctx->request.received);
            if (reason != ET_OK) {
                return reason;
            }
        }
    }

    switch (ngx_http_errortracking_large_attachments(r)) {

    case NGX_AGAIN:
        ctx->waiting = 1;
        return ET_OK;

    case NGX_ERROR:
        return ET_SPOOL_REFUSED;

    case NGX_OK:
        reason = ngx_http_errortracking_large_spooled(r);
        if (reason != ET_OK) {
            return reason;
        }

        break;

    default: /* NGX_DECLINED */
        break;
    }

    return ngx_http_errortracking_keep(r, ctx);
}


/* Fills the request in, once; a large body waits to be inflated. */

static et_reason_t
ngx_http_errortracking_prepare(ngx_http_request_t *r,
    ngx_http_errortracking_ctx_t *ctx)
{
    et_reason_t                         reason;
    et_request_t                       *request;
    ngx_table_elt_t                    *h;
    ngx_http_errortracking_loc_conf_t  *elcf;

    if (ctx->prepared) {
        return ctx->large == NULL ? ET_OK
                                  : ngx_http_errortracking_large_inflated(r);
    }

    elcf = ngx_http_get_module_loc_conf(r, ngx_http_errortracking_module);
    request = &ctx->request;

    if (ctx->over) {
        return ET_BODY_TOO_LARGE;
    }

    if (ngx_http_errortracking_body(r, &request->body, &request->len)
        != NGX_OK)
    {
        return ET_NO_MEMORY;
    }

    if (r->method == NGX_HTTP_GET) {
        reason = ngx_http_errortracking_query_body(r, request);
        if (reason != ET_OK) {
            return reason;
        }
    }

    /* read in another location, before an error_page or the like came here */

    if (request->len > elcf->max_body_size) {
        return ET_BODY_TOO_LARGE;
    }

    h = ngx_http_errortracking_header(&r->headers_in.headers,
                                      "Content-Encoding");

    if (h != NULL) {
        et_encodings_parse(et_slice((char *) h->value.data, h->value.len),
                           &request->encodings);
    }

    request->client_ip = et_slice((char *) r->connection->addr_text.data,
                                  r->connection->addr_text.len);
    request->received = ngx_http_errortracking_now();
    request->scrub = &elcf->scrubber;
    request->filter = &elcf->filter;
    request->limits = elcf->limits;

    ctx->prepared = 1;

    switch (ngx_http_errortracking_large_body(r)) {

    case NGX_AGAIN:
        ctx->waiting = 1;
        return ET_OK;

    case NGX_ERROR:
        return ET_NO_MEMORY;

    case NGX_OK:
        return ngx_http_errortracking_large_inflated(r);

    default: /* NGX_DECLINED */
        return ET_OK;
    }
}


/*
 * What a GET of /store/ has in place of a body: ?sentry_data=, an event as it
 * would be in one.  A '+' is a blank in JSON, and itself in base64.
 */

static et_reason_t
ngx_http_errortracking_query_body(ngx_http_request_t *r,
    et_request_t *request)
{
    char        *p;
    ngx_uint_t   json;
    et_slice_t   value;

    request->body = NULL;
    request->len = 0;

    if (!et_query_find(request->args, "sentry_data", &value)) {
        return ET_OK;
    }

    p = ngx_pnalloc(r->pool, value.len + 1);
    if (p == NULL) {
        return ET_NO_MEMORY;
    }

    json = value.len > 2
           && (value.data[0] == '{'
               || ngx_strncasecmp((u_char *) value.data, (u_char *) "%7b", 3)
                  == 0);

    value = et_query_unescape(value, json ? ' ' : '+', p);

    request->body = p;
    request->len = value.len;

    return ET_OK;
}


static et_reason_t
ngx_http_errortracking_keep(ngx_http_request_t *r,
    ngx_http_errortracking_ctx_t *ctx)
{
    size_t                              i, folded;
    et_ingest_t                        *core;
    ngx_http_errortracking_zone_t      *zone;
    ngx_http_errortracking_loc_conf_t  *elcf;
    ngx_http_errortracking_counters_t  *counters;

    elcf = ngx_http_get_module_loc_conf(r, ngx_http_errortracking_module);
    core = ctx->core;
    zone = elcf->zone;
    counters = &zone->worker->counters;

    folded = ctx->folded;

    if (core->nrecords != 0) {

        if (zone->ack_disk && ngx_http_errortracking_journal_failing(zone)) {
            return ET_SYNC_FAILED;
        }

        if (ngx_http_errortracking_zone_append(zone, core->records,
                                               core->nrecords,
                                               ctx->request.project)
            != NGX_OK)
        {
            ngx_http_errortracking_flush_soon(zone, 1);
            return ET_ZONE_FULL;
        }

        ngx_http_errortracking_flush_soon(zone, 100);
    }

    if (!zone->ack_disk) {
        ngx_http_errortracking_add(counters->accepted, core->nevents);
    }

    if (folded != 0) {
        ngx_http_errortracking_add(counters->folded, folded);
    }

    for (i = 0; i < ET_FILTER_COUNT; i++) {
        if (core->filtered[i] != 0) {
            ngx_http_errortracking_add(counters->filtered[i],
                                       core->filtered[i]);
        }
    }

    for (i = 0; i < ET_ITEM_TYPE_COUNT; i++) {
        if (core->taken[i] != 0) {
            ngx_http_errortracking_add(counters->taken[i], core->taken[i]);
        }

        if (core->admission.limits[i] != 0) {
            ngx_http_errortracking_add(counters->limited[i],
                                       core->admission.limits[i]);
        }

        if (core->skipped[i] != 0) {
            ngx_http_errortracking_add(counters->skipped[i],
                                       core->skipped[i]);
        }
    }

    return ET_OK;
}


/*
 * A refusal is an outcome of the project, where the request has its key.  Not
 * of what could not be kept for want of room: that row would want it, too.
 */

void
ngx_http_errortracking_refused(ngx_http_request_t *r, et_reason_t reason)
{
    et_event_t                          record;
    et_outcome_t                        outcome;
    const et_reason_info_t             *info;
    ngx_http_errortracking_ctx_t       *ctx;
    ngx_http_errortracking_zone_t      *zone;
    ngx_http_errortracking_loc_conf_t  *elcf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_errortracking_module);
    info = &et_reasons[reason];

    if (ctx == NULL || !ctx->known || ctx->outcomes
        || info->status == NGX_HTTP_SERVICE_UNAVAILABLE)
    {
        return;
    }

    elcf = ngx_http_get_module_loc_conf(r, ngx_http_errortracking_module);
    zone = elcf->zone;

    outcome = info->status == NGX_HTTP_TOO_MANY_REQUESTS
              ? ET_OUTCOME_RATE_LIMITED : ET_OUTCOME_INVALID;

    et_outcome_record(&record, outcome, et_slice_str(info->name),
                      ET_CATEGORY_ERROR, 1, ngx_http_errortracking_now());

    if (ngx_http_errortracking_zone_append(zone, &record, 1,
                                           ctx->request.project)
        == NGX_OK)
    {
        ngx_http_errortracking_flush_soon(zone, 100);
    }
}


/*
 * Which events' bodies are not kept, in a storm of their error; the number of
 * these.
 */

static size_t
ngx_http_errortracking_storm(ngx_http_errortracking_loc_conf_t *elcf,
    et_ingest_t *core, uint64_t project)
{
    size_t       i, folded;
    uint32_t     interval;
    et_event_t  *record;

    interval = (uint32_t) (ngx_time() / elcf->storm_interval);

    /* locations with another interval count for themselves */

    project ^= (uint64_t) elcf->storm_interval << 48;

    for (i = 0, folded = 0; i < core->nrecords; i++) {
        record = &core->records[i];

        if (record->kind != ET_RECORD_EVENT) {
            continue;
        }

        record->folded = !et_storm_keep(elcf->zone->sh->storm,
                                        NGX_HTTP_ERRORTRACKING_STORM_SLOTS,
                                        project, record->grouping_hash,
                                        interval, elcf->storm_limit);
        folded += record->folded;
    }

    return folded;
}


int64_t
ngx_http_errortracking_now(void)
{
    ngx_time_t  *tp;

    tp = ngx_timeofday();

    return (int64_t) tp->sec * ET_SECOND + (int64_t) tp->msec * 1000;
}


/*
 * The LOG phase counts requests by the status that the client saw, NGINX's
 * own answers included.
 */

ngx_int_t
ngx_http_errortracking_log_handler(ngx_http_request_t *r)
{
    ngx_uint_t                          i, status;
    et_endpoint_t                       endpoint;
    ngx_http_errortracking_ctx_t       *ctx;
    ngx_http_errortracking_loc_conf_t  *elcf;

    elcf = ngx_http_get_module_loc_conf(r, ngx_http_errortracking_module);

    if (elcf->zone == NULL || elcf->zone->worker == NULL) {
        return NGX_OK;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_errortracking_module);
    endpoint = ctx != NULL ? ctx->request.endpoint : ET_ENDPOINT_NONE;

    status = r->err_status != 0 ? r->err_status : r->headers_out.status;

    for (i = 0; i < NGX_HTTP_ERRORTRACKING_CODES - 1; i++) {
        if (status == ngx_http_errortracking_codes[i]) {
            break;
        }
    }

    ngx_http_errortracking_inc(
                       elcf->zone->worker->counters.requests[endpoint][i]);

    return NGX_OK;
}
