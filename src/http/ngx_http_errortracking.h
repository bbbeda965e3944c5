/*
 * What the files of the NGINX layer share: the configuration, a request's
 * context, and the entry points of each file.
 *
 *     access   who sends, to which endpoint        (ACCESS phase)
 *     keys     which keys may write
 *     gitlab   GitLab's word on keys, asked and kept
 *     limit    how much they may write, and of what
 *     body     the body in one piece               (request body filter)
 *     ingest   the core's steps, the row, 200      (content handler)
 *     scrub    which secrets and personal data are replaced
 *     filter   which events nobody wants
 *     reply    every answer, errors included
 *     cors     headers for browsers on each of them, and preflights
 *     zone     shared memory: segments, batches, the storm table
 *     flush    when what is sent, again, by whom   (timer)
 *     post     one batch as a subrequest to ClickHouse
 *     journal  rows synced before they are acknowledged (errortracking_ack)
 *     status   counters as text and for Prometheus
 *     api      a call of a read API                (content handler)
 *     query    one query to ClickHouse as a subrequest of the call
 */

#ifndef NGX_HTTP_ERRORTRACKING_H
#define NGX_HTTP_ERRORTRACKING_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "et_access.h"
#include "et_gitlab_key.h"
#include "et_ingest.h"
#include "et_key_secret.h"
#include "et_keys.h"
#include "ngx_http_errortracking_counters.h"
#include "ngx_http_errortracking_zone.h"


/* bytes; what a location accepts by default; other limits: et_limits.h */
#define NGX_HTTP_ERRORTRACKING_MAX_BODY      (20 * 1024 * 1024)

/* bytes; real events compressed are seldom larger, so that a body seldom goes
 * through a temporary file */
#define NGX_HTTP_ERRORTRACKING_BODY_BUFFER   (64 * 1024)

/* bytes; a longer answer of ClickHouse's can't be read */
#define NGX_HTTP_ERRORTRACKING_ANSWER_BUFFER  (64 * 1024)

/* milliseconds; how long the end of NGINX may be put off */
#define NGX_HTTP_ERRORTRACKING_EXIT_TIMEOUT  5000

/* bytes */
#define NGX_HTTP_ERRORTRACKING_MAX_EXIT_URL  1000

/* bytes; a batch has to fit, and should not be alone */
#define NGX_HTTP_ERRORTRACKING_MIN_SPOOL     (64 * 1024 * 1024)

/* errortracking_ack */
#define NGX_HTTP_ERRORTRACKING_ACK_MEMORY    0
#define NGX_HTTP_ERRORTRACKING_ACK_DISK      1

/* errortracking_key_secret: the new one and, while keys change, the old */
#define NGX_HTTP_ERRORTRACKING_KEY_SECRETS   2

/* seconds; what a refused client is told to wait */
#define NGX_HTTP_ERRORTRACKING_RETRY_AFTER   "5"


typedef struct {
    ngx_array_t                     zones;   /* of zone_t pointers */
    ngx_str_t                       spool_path;
    off_t                           spool_size;
    ngx_msec_t                      exit_timeout;
    ngx_str_t                       exit_url;
    ngx_uint_t                      ack;     /* errortracking_ack */
} ngx_http_errortracking_main_conf_t;

typedef struct ngx_http_errortracking_gitlab_s
    ngx_http_errortracking_gitlab_t;

typedef struct {
    ngx_http_errortracking_zone_t  *zone;    /* errortracking_ingest */

    et_keys_t                      *keys;
    ngx_str_t                       keys_file;
    et_key_secret_t                *secrets[
                                      NGX_HTTP_ERRORTRACKING_KEY_SECRETS];
    ngx_uint_t                      nsecrets;
    ngx_http_errortracking_gitlab_t  *gitlab;
    et_origins_t                    origins; /* n = 0: all */
    et_quota_rules_t               *quotas;  /* NULL: as around it, or none */
    uint32_t                        items;   /* categories; 0: the default */

    size_t                          max_body_size;
    et_limits_t                     limits;  /* errortracking_max_... */

    ngx_uint_t                      storm_limit;     /* 0: off */
    time_t                          storm_interval;  /* seconds */

    ngx_flag_t                      scrub;
    ngx_flag_t                      scrub_ip;
    ngx_array_t                    *scrub_fields;    /* of et_slice_t */
    ngx_array_t                    *scrub_exclude;   /* of et_slice_t */
    et_scrub_t                      scrubber;        /* made of these */

    ngx_uint_t                      filters;         /* bits */
    ngx_array_t                    *filter_messages; /* of et_slice_t */
    ngx_array_t                    *filter_releases; /* of et_slice_t */
    ngx_array_t                    *filter_cidrs;    /* of et_cidr_t */
    et_filter_t                     filter;          /* made of these */

    ngx_uint_t                      flush;   /* unsigned  flush:1; */

    /* errortracking_api; its types are in ngx_http_errortracking_api.h */
    const void                     *api;
    ngx_array_t                    *tokens;  /* of ngx_str_t */
    et_tokens_t                    *bearers; /* errortracking_tokens */
    ngx_str_t                       query_uri;
    ngx_str_t                       query_database;
    size_t                          query_buffer;
    ngx_msec_t                      api_timeout;
} ngx_http_errortracking_loc_conf_t;

typedef struct ngx_http_errortracking_large_s
    ngx_http_errortracking_large_t;

typedef struct {
    et_request_t                    request;
    et_ingest_t                    *core;      /* what was read lies in it */
    ngx_http_errortracking_large_t *large;     /* what a thread does of it */

    et_quota_t                      quota;     /* once its key is known */
    uint32_t                        not_taken; /* types of items, bits */
    size_t                          folded;    /* events without their bodies */

    off_t                           received;  /* bytes of the body */
    unsigned                        over:1;    /* of max_body_size */
    unsigned                        refused:1;
    unsigned                        known:1;   /* its key is the project's */
    unsigned                        limited:1; /* nothing of it was taken */
    unsigned                        outcomes:1; /* has those of its items */
    unsigned                        asking:1;  /* waits for GitLab */
    unsigned                        answered:1;
    unsigned                        answer:2;  /* et_answer_t: GitLab's */
    unsigned                        reading:1;
    unsigned                        prepared:1; /* request is filled in */
    unsigned                        opened:1;   /* its envelope was read */
    unsigned                        waiting:1;  /* for a thread */

    void                           *api;       /* a call of a read API */
} ngx_http_errortracking_ctx_t;


extern ngx_module_t  ngx_http_errortracking_module;

/* The worker's core, shared by all its requests: parsing never waits. */
extern et_ingest_t  *ngx_http_errortracking_core;


/* access */
ngx_int_t ngx_http_errortracking_access_handler(ngx_http_request_t *r);
ngx_http_errortracking_ctx_t *ngx_http_errortracking_get_ctx(
    ngx_http_request_t *r);

/* body */
ngx_int_t ngx_http_errortracking_body_filter_init(ngx_conf_t *cf);
ngx_int_t ngx_http_errortracking_body(ngx_http_request_t *r, char **data,
    size_t *len);

/* ingest */
ngx_int_t ngx_http_errortracking_ingest_handler(ngx_http_request_t *r);
void ngx_http_errortracking_refused(ngx_http_request_t *r,
    et_reason_t reason);
int64_t ngx_http_errortracking_now(void);

/* The request again, after a thread has inflated its body, or has written
 * its attachments. */
void ngx_http_errortracking_ingest_run(ngx_http_request_t *r);
void ngx_http_errortracking_ingest_spooled(ngx_http_request_t *r);

/*
 * large: what takes a thread.  NGX_DECLINED: nothing does; NGX_OK: it is done;
 * NGX_AGAIN: the request goes on later; NGX_ERROR.
 */
ngx_int_t ngx_http_errortracking_large_body(ngx_http_request_t *r);
ngx_int_t ngx_http_errortracking_large_attachments(ngx_http_request_t *r);

/* What has come of it, once it is done. */
et_reason_t ngx_http_errortracking_large_inflated(ngx_http_request_t *r);
et_reason_t ngx_http_errortracking_large_spooled(ngx_http_request_t *r);

/* The cores of a worker: one, and those of requests that wait. */
ngx_int_t ngx_http_errortracking_cores_init(void);
void ngx_http_errortracking_cores_exit(void);
ngx_int_t ngx_http_errortracking_log_handler(ngx_http_request_t *r);

/*
 * reply: what they return goes to ngx_http_finalize_request()
 *
 * accept: what was sent is kept; id is NULL where no event has one.
 * reply: type is "" for none, the body stays where it is.
 */
ngx_int_t ngx_http_errortracking_accept(ngx_http_request_t *r,
    const u_char *id);
ngx_int_t ngx_http_errortracking_refuse(ngx_http_request_t *r,
    et_reason_t reason);
ngx_int_t ngx_http_errortracking_reply_health(ngx_http_request_t *r,
    ngx_uint_t healthy);
ngx_int_t ngx_http_errortracking_reply(ngx_http_request_t *r,
    ngx_uint_t status, const char *type, u_char *body, size_t len);

/* cors: preflight as reply */
ngx_int_t ngx_http_errortracking_cors_filter_init(ngx_conf_t *cf);
ngx_int_t ngx_http_errortracking_preflight(ngx_http_request_t *r);

/* dialog: the script of GET .../embed/error-page/ */
ngx_int_t ngx_http_errortracking_dialog(ngx_http_request_t *r);

/* keys: directive parsers; whether the key may write to the request's project
 * from its origin: NGX_OK, NGX_DECLINED with the reason, or NGX_AGAIN, as
 * ngx_http_errortracking_gitlab_check() */
char *ngx_http_errortracking_keys(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_errortracking_key_secret(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_errortracking_allowed_origins(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
char *ngx_http_errortracking_keys_merge(ngx_conf_t *cf,
    ngx_http_errortracking_loc_conf_t *prev,
    ngx_http_errortracking_loc_conf_t *conf);
ngx_int_t ngx_http_errortracking_check_key(ngx_http_request_t *r,
    et_slice_t key, et_reason_t *reason);
et_reason_t ngx_http_errortracking_key_project(ngx_http_request_t *r,
    et_request_t *request);

/*
 * gitlab: directive parser; whether GitLab lets the key write to the
 * request's project: NGX_OK; NGX_DECLINED; NGX_ERROR where that is not known
 * now; NGX_AGAIN where the request's write handler will be called when it is.
 */
char *ngx_http_errortracking_gitlab(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
ngx_int_t ngx_http_errortracking_gitlab_check(ngx_http_request_t *r,
    et_slice_t key);

/*
 * limit: directive parsers; the quotas of a request whose key is known;
 * whether they are exceeded whatever it sends; X-Sentry-Rate-Limits, and
 * Retry-After, where there is something to say.
 */
char *ngx_http_errortracking_limit(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_errortracking_items(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
void ngx_http_errortracking_limit_merge(
    ngx_http_errortracking_loc_conf_t *prev,
    ngx_http_errortracking_loc_conf_t *conf);
void ngx_http_errortracking_quota_open(ngx_http_request_t *r, et_slice_t key,
    const et_keys_rules_t *rules);
ngx_int_t ngx_http_errortracking_quota_exceeded(ngx_http_request_t *r);
ngx_int_t ngx_http_errortracking_add_rate_limits(ngx_http_request_t *r);

/*
 * file: a file's whole text, ngx_alloc()ed; what the file is called in
 * messages, and how many bytes it may have.  The first line is without its
 * end.
 */
ngx_int_t ngx_http_errortracking_read_file(ngx_conf_t *cf, ngx_str_t *name,
    const char *what, size_t max, et_slice_t *text);
et_slice_t ngx_http_errortracking_first_line(et_slice_t text);

/* An arena that lives as long as the configuration; NULL: no memory. */
et_arena_t *ngx_http_errortracking_conf_arena(ngx_conf_t *cf, size_t limit);

/* scrub: directive parsers, merging */
char *ngx_http_errortracking_scrub_fields(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_errortracking_scrub_exclude(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
void ngx_http_errortracking_scrub_merge(
    ngx_http_errortracking_loc_conf_t *prev,
    ngx_http_errortracking_loc_conf_t *conf);

/* filter: directive parsers, merging */
char *ngx_http_errortracking_filter(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_errortracking_filter_message(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
char *ngx_http_errortracking_filter_release(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
char *ngx_http_errortracking_filter_ip(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
void ngx_http_errortracking_filter_merge(
    ngx_http_errortracking_loc_conf_t *prev,
    ngx_http_errortracking_loc_conf_t *conf);

/* api: directive parsers */
char *ngx_http_errortracking_api(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_errortracking_query_directive(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
char *ngx_http_errortracking_token(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_errortracking_tokens(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_errortracking_api_merge(ngx_conf_t *cf,
    ngx_http_errortracking_loc_conf_t *prev,
    ngx_http_errortracking_loc_conf_t *conf);

/* status: directive parser */
char *ngx_http_errortracking_status(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* flush: process hooks, directive parser */
char *ngx_http_errortracking_flush(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
ngx_int_t ngx_http_errortracking_flush_init(ngx_cycle_t *cycle,
    ngx_http_errortracking_zone_t *zone);
void ngx_http_errortracking_flush_exit(ngx_cycle_t *cycle,
    ngx_http_errortracking_zone_t *zone);
void ngx_http_errortracking_flush_soon(ngx_http_errortracking_zone_t *zone,
    ngx_msec_t delay);

/* The first header of the name, in any case; NULL where there is none. */
ngx_table_elt_t *ngx_http_errortracking_header(ngx_list_t *headers,
    const char *name);

/* Name and value stay where they are. */
ngx_int_t ngx_http_errortracking_add_header(ngx_http_request_t *r,
    const char *name, const char *value);

/* the module: finds a zone by the text after "zone=" */
ngx_http_errortracking_zone_t *ngx_http_errortracking_find_zone(
    ngx_conf_t *cf, ngx_str_t *name);


#endif /* NGX_HTTP_ERRORTRACKING_H */
