/*
 * What the decompressors share: the way from the input to a buffer that is as
 * large as the limit plus one byte at most, the byte that proves that the
 * limit was passed.
 */

#ifndef ET_ENCODING_INTERNAL_H
#define ET_ENCODING_INTERNAL_H

#include "et_encoding.h"


typedef struct {
    const char    *pos;
    const char    *end;
    size_t         used;       /* bytes of output */
    size_t         room;       /* that the buffer takes of it */
    size_t         max;        /* that the buffer may grow to */
    size_t         limit;
} et_inflate_ctx_t;


/* A buffer that most bodies of this size fit in at once. */
et_reason_t et_inflate_reserve(et_inflate_t *inflate, et_inflate_ctx_t *ctx);

/* A larger one, before ctx->max. */
et_reason_t et_inflate_grow(et_inflate_t *inflate, et_inflate_ctx_t *ctx);

/* Whether a body begins as the formats do. */
int et_is_gzip(et_slice_t body);
int et_is_zlib(et_slice_t body);
int et_is_zstd(et_slice_t body);


/* From ctx->pos into inflate->out, ctx->used bytes; reasons as et_inflate() */

et_reason_t et_inflate_zlib(et_inflate_t *inflate, et_encoding_t encoding,
    et_inflate_ctx_t *ctx);
void et_inflate_zlib_destroy(et_inflate_t *inflate);

/*
 * The same for gzip and zlib, if libdeflate can do it at once.  1; 0 where it
 * can't, and et_inflate_zlib() has to: then ctx may have more room, and is as
 * it was otherwise.
 */
int et_inflate_at_once(et_inflate_t *inflate, et_inflate_ctx_t *ctx);
void et_inflate_at_once_destroy(et_inflate_t *inflate);

et_reason_t et_inflate_brotli(et_inflate_t *inflate, et_inflate_ctx_t *ctx);

et_reason_t et_inflate_zstd(et_inflate_t *inflate, et_inflate_ctx_t *ctx);
void et_inflate_zstd_destroy(et_inflate_t *inflate);


#endif /* ET_ENCODING_INTERNAL_H */
