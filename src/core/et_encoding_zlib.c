/*
 * gzip and deflate, by zlib.  A body's format is told by its first bytes and
 * not by the label alone, as SDKs do send one under the name of the other.
 */

#include <limits.h>
#include <stdlib.h>

#include "et_encoding_internal.h"


/* zlib's windowBits: the largest window, and which framing is around it */
#define ET_INFLATE_ZLIB      15
#define ET_INFLATE_GZIP      (15 + 16)
#define ET_INFLATE_RAW       (-15)


static void *et_zlib_alloc(void *opaque, uInt items, uInt size);
static void et_zlib_free(void *opaque, void *p);
static int et_zlib_format(et_encoding_t encoding, et_slice_t body,
    int *bits);
static et_reason_t et_zlib_reset(et_inflate_t *inflate, int bits);
static et_reason_t et_zlib_run(et_inflate_t *inflate, et_inflate_ctx_t *ctx);
static int et_zlib_step(z_stream *stream, char *base, et_inflate_ctx_t *ctx);
static int et_zlib_is_padding(const char *p, size_t len);


et_reason_t
et_inflate_zlib(et_inflate_t *inflate, et_encoding_t encoding,
    et_inflate_ctx_t *ctx)
{
    int          bits;
    et_reason_t  reason;

    if (!et_zlib_format(encoding,
                        et_slice(ctx->pos, (size_t) (ctx->end - ctx->pos)),
                        &bits))
    {
        return ET_BAD_COMPRESSION;
    }

    reason = et_zlib_reset(inflate, bits);

    if (reason == ET_OK) {
        reason = et_inflate_reserve(inflate, ctx);
    }

    return reason == ET_OK ? et_zlib_run(inflate, ctx) : reason;
}


void
et_inflate_zlib_destroy(et_inflate_t *inflate)
{
    if (inflate->ready) {
        (void) inflateEnd(&inflate->stream);
    }

    inflate->ready = 0;
}


/* malloc() by name, so that whatever replaces it in the program, a test's
 * failing one too, replaces it for zlib */

static void *
et_zlib_alloc(void *opaque, uInt items, uInt size)
{
    (void) opaque;

    return malloc((size_t) items * size);
}


static void
et_zlib_free(void *opaque, void *p)
{
    (void) opaque;

    free(p);
}


/*
 * What the body is.  The three formats can't be mistaken for each other:
 * gzip's first byte would be a block of the reserved type in raw deflate, and
 * zlib's a stored block whose padding bits are not zero, which no compressor
 * writes.  So nothing has to be tried twice.
 */

static int
et_zlib_format(et_encoding_t encoding, et_slice_t body, int *bits)
{
    if (encoding != ET_ENCODING_GZIP && encoding != ET_ENCODING_DEFLATE) {
        return 0;
    }

    if (et_is_gzip(body)) {
        *bits = ET_INFLATE_GZIP;
        return 1;
    }

    if (et_is_zlib(body)) {
        *bits = ET_INFLATE_ZLIB;
        return 1;
    }

    *bits = ET_INFLATE_RAW;

    return encoding == ET_ENCODING_DEFLATE && body.len > 0;
}


/* Tapes and block devices pad with zeros (gzip's manual, "trailing zeros") */

static int
et_zlib_is_padding(const char *p, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        if (p[i] != '\0') {
            return 0;
        }
    }

    return 1;
}


static et_reason_t
et_zlib_reset(et_inflate_t *inflate, int bits)
{
    z_stream  *stream;

    stream = &inflate->stream;

    if (inflate->ready) {

        /* the window's size is always the same, so zlib keeps it */

        return inflateReset2(stream, bits) == Z_OK ? ET_OK : ET_NO_MEMORY;
    }

    memset(stream, 0, sizeof(z_stream));

    stream->zalloc = et_zlib_alloc;
    stream->zfree = et_zlib_free;

    if (inflateInit2(stream, bits) != Z_OK) {
        return ET_NO_MEMORY;
    }

    inflate->ready = 1;

    return ET_OK;
}


static et_reason_t
et_zlib_run(et_inflate_t *inflate, et_inflate_ctx_t *ctx)
{
    et_slice_t   rest;
    et_reason_t  reason;

    for ( ;; ) {

        switch (et_zlib_step(&inflate->stream, inflate->out.data, ctx)) {

        case Z_STREAM_END:

            if (ctx->used > ctx->limit) {
                return ET_INFLATED_TOO_LARGE;
            }

            rest = et_slice(ctx->pos, (size_t) (ctx->end - ctx->pos));

            if (et_zlib_is_padding(rest.data, rest.len)) {
                return ET_OK;
            }

            /* of the formats only gzip has members, and these its magic */

            if (!et_is_gzip(rest)
                || inflateReset(&inflate->stream) != Z_OK)
            {
                return ET_BAD_COMPRESSION;
            }

            break;

        case Z_OK:
        case Z_BUF_ERROR:

            if (ctx->used > ctx->limit) {
                return ET_INFLATED_TOO_LARGE;
            }

            if (ctx->used == ctx->room && ctx->room < ctx->max) {
                reason = et_inflate_grow(inflate, ctx);

                if (reason != ET_OK) {
                    return reason;
                }

            } else if (ctx->pos == ctx->end) {
                return ET_BAD_COMPRESSION;
            }

            break;

        case Z_MEM_ERROR:
            return ET_NO_MEMORY;

        default:
            return ET_BAD_COMPRESSION;
        }
    }
}


/*
 * One call of inflate().  Z_FINISH tells zlib that the output is all there,
 * so that it keeps no copy of it where one call is enough.  zlib counts in
 * 32 bits: what is longer takes several calls.
 */

static int
et_zlib_step(z_stream *stream, char *base, et_inflate_ctx_t *ctx)
{
    int     rc;
    size_t  in, out;

    in = (size_t) (ctx->end - ctx->pos);
    out = ctx->room - ctx->used;

    stream->next_in = (Bytef *) ctx->pos;
    stream->avail_in = (in < UINT_MAX) ? (uInt) in : UINT_MAX;

    stream->next_out = (Bytef *) base + ctx->used;
    stream->avail_out = (out < UINT_MAX) ? (uInt) out : UINT_MAX;

    rc = inflate(stream, Z_FINISH);

    ctx->pos = (const char *) stream->next_in;
    ctx->used = (size_t) ((char *) stream->next_out - base);

    return rc;
}
