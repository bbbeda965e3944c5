/*
 * The way in: what a request's path asks for.
 *
 * The URL is {prefix}/api/{project}/{endpoint}[/], with any prefix (GitLab's
 * DSN has one: /errortracking/api/v1/projects/api/{project}/envelope/), so
 * the path is read from its end.  Repeated slashes count as one.
 */

#ifndef ET_ROUTE_H
#define ET_ROUTE_H

#include "et_reason.h"
#include "et_slice.h"


/*     symbol             name (also the label "endpoint") */
#define ET_ENDPOINTS(X)                                                       \
    X(ET_ENDPOINT_NONE,     "none")                                           \
    X(ET_ENDPOINT_ENVELOPE, "envelope")                                       \
    X(ET_ENDPOINT_STORE,    "store")

#define ET_ENDPOINT_SYMBOL(symbol, name)  symbol,

typedef enum {
    ET_ENDPOINTS(ET_ENDPOINT_SYMBOL)
    ET_ENDPOINT_COUNT
} et_endpoint_t;

#undef ET_ENDPOINT_SYMBOL

extern const char *const  et_endpoint_names[ET_ENDPOINT_COUNT];


typedef struct {
    et_endpoint_t  endpoint;
    uint64_t       project;
} et_route_t;


/*
 * ET_OK; ET_NOT_FOUND where the path is none of ours; ET_BAD_PROJECT where
 * it is, but the project is no unsigned decimal of 64 bits (endpoint is set
 * then).
 */
et_reason_t et_route_parse(et_slice_t path, et_route_t *route);

/* An unsigned decimal of 64 bits and nothing else: 1, or 0 where it is not. */
int et_parse_u64(et_slice_t text, uint64_t *value);


#endif /* ET_ROUTE_H */
