/*
 * The way in: what a request's path asks for.
 *
 * The URL is {prefix}/api/{project}/{endpoint}[/], with any prefix (GitLab's
 * DSN has one: /errortracking/api/v1/projects/api/{project}/envelope/), so
 * the path is read from its end.  Repeated slashes count as one.  Some
 * endpoints have more in their path, and a few have no project in it.
 */

#ifndef ET_ROUTE_H
#define ET_ROUTE_H

#include "et_reason.h"
#include "et_slice.h"


/* methods, a bit each; OPTIONS is allowed everywhere (CORS) */
#define ET_METHOD_GET   1
#define ET_METHOD_POST  2
#define ET_METHOD_BOTH  (ET_METHOD_GET | ET_METHOD_POST)

/*     symbol                 name (the label "endpoint")  methods */
#define ET_ENDPOINTS(X)                                                       \
    X(ET_ENDPOINT_NONE,        "none",        ET_METHOD_BOTH)                 \
    X(ET_ENDPOINT_ENVELOPE,    "envelope",    ET_METHOD_POST)                 \
    X(ET_ENDPOINT_STORE,       "store",       ET_METHOD_BOTH)                 \
    X(ET_ENDPOINT_SECURITY,    "security",    ET_METHOD_POST)                 \
    X(ET_ENDPOINT_NEL,         "nel",         ET_METHOD_POST)                 \
    X(ET_ENDPOINT_MINIDUMP,    "minidump",    ET_METHOD_POST)                 \
    X(ET_ENDPOINT_UNREAL,      "unreal",      ET_METHOD_POST)                 \
    X(ET_ENDPOINT_ATTACHMENTS, "attachments", ET_METHOD_POST)                 \
    X(ET_ENDPOINT_CRON,        "cron",        ET_METHOD_BOTH)                 \
    X(ET_ENDPOINT_ERROR_PAGE,  "error_page",  ET_METHOD_BOTH)                 \
    X(ET_ENDPOINT_LIVE,        "live",        ET_METHOD_GET)                  \
    X(ET_ENDPOINT_READY,       "ready",       ET_METHOD_GET)

#define ET_ENDPOINT_SYMBOL(symbol, name, methods)  symbol,

typedef enum {
    ET_ENDPOINTS(ET_ENDPOINT_SYMBOL)
    ET_ENDPOINT_COUNT
} et_endpoint_t;

#undef ET_ENDPOINT_SYMBOL

extern const char *const  et_endpoint_names[ET_ENDPOINT_COUNT];
extern const unsigned     et_endpoint_methods[ET_ENDPOINT_COUNT];


/* The slices point into the path, and are "" where the endpoint has none. */
typedef struct {
    et_endpoint_t  endpoint;
    unsigned       has_project;        /* 0: it follows from the key */
    uint64_t       project;
    et_slice_t     key;                /* unreal, cron: not checked yet */
    et_slice_t     event_id;           /* attachments: not checked yet */
    et_slice_t     slug;               /* cron: the monitor's */
} et_route_t;


/*
 * ET_OK; ET_NOT_FOUND where the path is none of ours; ET_BAD_PROJECT where
 * it is, but the project is no unsigned decimal of 64 bits (endpoint is set
 * then).
 */
et_reason_t et_route_parse(et_slice_t path, et_route_t *route);

/* Cuts a path's last segment off, without the slashes behind it; the slash
 * before it stays in the path. */
et_slice_t et_path_last_segment(et_slice_t *path);

/* An unsigned decimal of 64 bits and nothing else: 1, or 0 where it is not. */
int et_parse_u64(et_slice_t text, uint64_t *value);


#endif /* ET_ROUTE_H */
