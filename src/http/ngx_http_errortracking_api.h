/*
 * The read APIs: errortracking_api and what goes with it.
 */

#ifndef NGX_HTTP_ERRORTRACKING_API_H
#define NGX_HTTP_ERRORTRACKING_API_H

#include "ngx_http_errortracking.h"
#include "et_call.h"


#define NGX_HTTP_ERRORTRACKING_API_TIMEOUT  10000  /* milliseconds */
#define NGX_HTTP_ERRORTRACKING_API_BUFFER   (16 * 1024 * 1024)

/* bytes that one call may take besides its answers */
#define NGX_HTTP_ERRORTRACKING_API_ARENA    (64 * 1024 * 1024)

/* what a query may read, rows and bytes, and take */
#define NGX_HTTP_ERRORTRACKING_API_ROWS     UINT64_C(100000000)
#define NGX_HTTP_ERRORTRACKING_API_BYTES    (UINT64_C(8) << 30)
#define NGX_HTTP_ERRORTRACKING_API_MEMORY   (UINT64_C(2) << 30)
#define NGX_HTTP_ERRORTRACKING_API_THREADS  2

/* deleting has this many times errortracking_api_timeout */
#define NGX_HTTP_ERRORTRACKING_API_SLOW     30


/* An API: its operations, and who may call them. */
typedef struct {
    ngx_str_t              name;
    const et_operation_t  *operations;

    /* NGX_OK, or NGX_DECLINED and the call is answered */
    ngx_int_t            (*access)(ngx_http_request_t *r, et_call_t *call);
    ngx_uint_t             bearer;     /* unsigned  bearer:1; they have tokens
                                          of errortracking_tokens */
} ngx_http_errortracking_api_t;


ngx_int_t ngx_http_errortracking_api_handler(ngx_http_request_t *r);

/* tokens: the access of an API whose clients have them */
ngx_int_t ngx_http_errortracking_bearer_access(ngx_http_request_t *r,
    et_call_t *call);


#endif /* NGX_HTTP_ERRORTRACKING_API_H */
