/*
 * Content-Encoding undone: gzip, deflate, br and zstd, one or several upon
 * each other, with caps on what comes out.
 *
 * Promise: output never exceeds the limits that the caller gives, a damaged
 * or cut stream is an error and never a crash, and neither zlib's and zstd's
 * state nor the output buffer is allocated anew for each request.
 *
 * br needs libbrotlidec (ET_HAVE_BROTLI), zstd libzstd (ET_HAVE_ZSTD); a
 * build without them takes neither.  Where there is libdeflate
 * (ET_HAVE_LIBDEFLATE), it inflates gzip and zlib faster than zlib does.
 */

#ifndef ET_ENCODING_H
#define ET_ENCODING_H

#include <zlib.h>

#include "et_buffer.h"
#include "et_reason.h"
#include "et_slice.h"


/* codings upon each other; real clients use one */
#define ET_ENCODINGS_MAX  4

/* bytes; output up to this is no bomb, whatever its ratio */
#define ET_INFLATE_SMALL  (1024 * 1024)


/* the codings of this build, as Accept-Encoding names them */

#if (ET_HAVE_BROTLI)
#define ET_ENCODINGS_BR    ", br"
#else
#define ET_ENCODINGS_BR
#endif

#if (ET_HAVE_ZSTD)
#define ET_ENCODINGS_ZSTD  ", zstd"
#else
#define ET_ENCODINGS_ZSTD
#endif

#define ET_ENCODINGS_ACCEPTED                                                 \
    "gzip, deflate" ET_ENCODINGS_BR ET_ENCODINGS_ZSTD


typedef enum {
    ET_ENCODING_IDENTITY = 0,
    ET_ENCODING_GZIP,
    ET_ENCODING_DEFLATE,       /* zlib (RFC 1950) or raw (RFC 1951) */
    ET_ENCODING_BR,
    ET_ENCODING_ZSTD,
    ET_ENCODING_UNKNOWN
} et_encoding_t;

/* In the order in which they were applied; et_encodings_parse() leaves identity
 * out. */
typedef struct {
    unsigned       n;
    et_encoding_t  list[ET_ENCODINGS_MAX];
} et_encodings_t;

typedef struct {
    z_stream       stream;
    int            ready;      /* inflateInit2() was done */
    void          *zstd;       /* ZSTD_DCtx; NULL: not used yet */
    void          *libdeflate; /* its decompressor; NULL: not used yet */
    et_buffer_t    out;        /* kept between requests */
    et_buffer_t    before;     /* the output before it, of several codings */
    size_t         keep;       /* a larger one is freed by the next call */

    /* of the current body */

    unsigned       steps;      /* codings undone */
    size_t         limit;
    et_reason_t    over;       /* what passing the limit is */
} et_inflate_t;


/* The header's value: names in any case, blanks around them.  More codings
 * than ET_ENCODINGS_MAX are one that is unknown, and so is one among others
 * that is. */
void et_encodings_parse(et_slice_t value, et_encodings_t *encodings);

/* fd is -1, or a file for the output to lie in: see et_buffer.h.  Codings upon
 * each other need a second one for it to grow no memory. */
void et_inflate_init(et_inflate_t *inflate, size_t keep, int fd);
void et_inflate_second_file(et_inflate_t *inflate, int fd);
void et_inflate_destroy(et_inflate_t *inflate);

/*
 * Undoes one coding; gzip (any number of members, RFC 1952), zlib, raw deflate
 * and zstd are told by their first bytes, under each other's names.  On ET_OK
 * *out names the output; it is mutable, and good until the next call.
 * ET_BAD_COMPRESSION; ET_INFLATED_TOO_LARGE where the output would pass limit
 * bytes; ET_BAD_ENCODING where the build lacks it; ET_NO_MEMORY.
 */
et_reason_t et_inflate(et_inflate_t *inflate, et_encoding_t encoding,
    et_slice_t body, size_t limit, et_slice_t *out);

/*
 * Undoes all codings of a body, the last one first.  No step's output may
 * pass limit bytes, nor ratio times the body (0: any ratio) where it has more
 * than ET_INFLATE_SMALL.  Clients mislabel what they send, so
 *
 *   a body that begins with '{' is taken as it is, whatever its label;
 *   a body without a label that begins as gzip or zstd does is inflated: one
 *   that is known to be none has the one coding identity.
 *
 * On ET_OK *out is the body itself, or as et_inflate() has it.  The reasons of
 * et_inflate(); ET_INFLATE_RATIO; ET_BAD_ENCODING where one is unknown.
 */
et_reason_t et_decode(et_inflate_t *inflate, const et_encodings_t *encodings,
    et_slice_t body, size_t limit, unsigned ratio, et_slice_t *out);

/* Whether et_decode() would have anything to inflate. */
int et_is_encoded(const et_encodings_t *encodings, et_slice_t body);

/*
 * After et_decode(): undoes one more coding, where the text begins as gzip,
 * zlib or zstd does, under the same limits and this one; else *text stays.
 */
et_reason_t et_decode_more(et_inflate_t *inflate, size_t limit,
    et_slice_t *text);


#endif /* ET_ENCODING_H */
