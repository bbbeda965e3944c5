/*
 * Content-Encoding undone: identity, gzip, deflate, with a cap on what comes
 * out.
 *
 * Promise: output never exceeds the limit that the caller gives, a damaged or
 * cut stream is an error and never a crash, and neither zlib's state nor the
 * output buffer is allocated anew for each request.
 */

#ifndef ET_ENCODING_H
#define ET_ENCODING_H

#include <zlib.h>

#include "et_buffer.h"
#include "et_reason.h"
#include "et_slice.h"


typedef enum {
    ET_ENCODING_IDENTITY = 0,
    ET_ENCODING_GZIP,
    ET_ENCODING_DEFLATE,       /* zlib (RFC 1950) or raw (RFC 1951) */
    ET_ENCODING_UNKNOWN
} et_encoding_t;

typedef struct {
    z_stream     stream;
    int          ready;           /* inflateInit2() was done */
    et_buffer_t  out;          /* kept between requests */
    size_t       keep;         /* a larger one is freed by the next call */
} et_inflate_t;


/* The header's value, any case, surrounding blanks; empty is identity. */
et_encoding_t et_encoding_parse(et_slice_t value);

/* fd is -1, or a file for the output to lie in: see et_buffer.h. */
void et_inflate_init(et_inflate_t *inflate, size_t keep, int fd);
void et_inflate_destroy(et_inflate_t *inflate);

/*
 * Inflates a gzip (any number of members, RFC 1952) or deflate body into
 * inflate->out.  On ET_OK *out names it; it is mutable, and good until the
 * next call.  ET_BAD_COMPRESSION; ET_INFLATED_TOO_LARGE where the output
 * would pass limit bytes; ET_NO_MEMORY.
 */
et_reason_t et_inflate(et_inflate_t *inflate, et_encoding_t encoding,
    et_slice_t body, size_t limit, et_slice_t *out);


#endif /* ET_ENCODING_H */
