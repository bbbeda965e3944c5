/*
 * Content-Encoding undone.
 *
 * The output is inflated into one buffer that is as large as the caller's
 * limit plus one byte at most: the byte that proves that the limit was
 * passed.  A body's format is told by its first bytes and not by the label
 * alone, as SDKs do send one under the name of the other.
 */

#include <limits.h>
#include <stdlib.h>

#include "et_encoding.h"


/* zlib's windowBits: the largest window, and which framing is around it */
#define ET_INFLATE_ZLIB      15
#define ET_INFLATE_GZIP      (15 + 16)
#define ET_INFLATE_RAW       (-15)

/* an output buffer's first size: JSON shrinks to a quarter or so */
#define ET_INFLATE_MIN_SIZE  16384
#define ET_INFLATE_RATIO     4


typedef struct {
    const char    *pos;
    const char    *end;
    size_t         used;       /* bytes of output */
    size_t         room;       /* that the buffer takes of it */
    size_t         max;        /* that the buffer may grow to */
    size_t         limit;
} et_inflate_ctx_t;


static et_encoding_t et_encoding_name(et_slice_t name);

static void *et_inflate_alloc(void *opaque, uInt items, uInt size);
static void et_inflate_free(void *opaque, void *p);
static int et_inflate_format(et_encoding_t encoding, et_slice_t body,
    int *bits);
static et_reason_t et_inflate_reset(et_inflate_t *inflate, int bits);
static et_reason_t et_inflate_reserve(et_inflate_t *inflate,
    et_inflate_ctx_t *ctx);
static et_reason_t et_inflate_grow(et_inflate_t *inflate,
    et_inflate_ctx_t *ctx);
static et_reason_t et_inflate_run(et_inflate_t *inflate,
    et_inflate_ctx_t *ctx);
static int et_inflate_step(z_stream *stream, char *base,
    et_inflate_ctx_t *ctx);
static int et_inflate_is_gzip(const char *p, size_t len);
static int et_inflate_is_zlib(const char *p, size_t len);
static int et_inflate_is_padding(const char *p, size_t len);


/*
 * RFC 9110, section 8.4: a list of codings.  Members that are empty or
 * "identity" change nothing; of the others there may be one.
 */

et_encoding_t
et_encoding_parse(et_slice_t value)
{
    const char     *p, *end, *start, *last;
    et_encoding_t   found, encoding;

    found = ET_ENCODING_IDENTITY;

    if (value.len == 0) {
        return found;
    }

    p = value.data;
    end = p + value.len;

    for ( /* void */ ; p < end; p++) {

        while (p < end && (*p == ' ' || *p == '\t')) {
            p++;
        }

        start = p;

        while (p < end && *p != ',') {
            p++;
        }

        last = p;

        while (last > start && (last[-1] == ' ' || last[-1] == '\t')) {
            last--;
        }

        encoding = et_encoding_name(et_slice(start, (size_t) (last - start)));

        if (encoding == ET_ENCODING_IDENTITY) {
            continue;
        }

        if (found != ET_ENCODING_IDENTITY) {
            return ET_ENCODING_UNKNOWN;
        }

        found = encoding;
    }

    return found;
}


static et_encoding_t
et_encoding_name(et_slice_t name)
{
    size_t  i;

    static const struct {
        et_slice_t     name;
        et_encoding_t  encoding;
    } names[] = {
        { ET_SLICE("gzip"),     ET_ENCODING_GZIP },
        { ET_SLICE("deflate"),  ET_ENCODING_DEFLATE },
        { ET_SLICE("identity"), ET_ENCODING_IDENTITY },
        { ET_SLICE("x-gzip"),   ET_ENCODING_GZIP },
        { ET_SLICE(""),         ET_ENCODING_IDENTITY }
    };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (et_slice_eq_nocase(name, names[i].name)) {
            return names[i].encoding;
        }
    }

    return ET_ENCODING_UNKNOWN;
}


void
et_inflate_init(et_inflate_t *inflate, size_t keep, int fd)
{
    memset(inflate, 0, sizeof(et_inflate_t));

    et_buffer_init(&inflate->out, fd);

    inflate->keep = keep;
}


void
et_inflate_destroy(et_inflate_t *inflate)
{
    if (inflate->ready) {
        (void) inflateEnd(&inflate->stream);
    }

    et_buffer_free(&inflate->out);

    et_inflate_init(inflate, inflate->keep, inflate->out.fd);
}


et_reason_t
et_inflate(et_inflate_t *inflate, et_encoding_t encoding, et_slice_t body,
    size_t limit, et_slice_t *out)
{
    int               bits;
    et_reason_t       reason;
    et_inflate_ctx_t  ctx;

    if (inflate->out.size > inflate->keep) {
        et_buffer_free(&inflate->out);
    }

    if (!et_inflate_format(encoding, body, &bits)) {
        return ET_BAD_COMPRESSION;
    }

    ctx.pos = body.data;
    ctx.end = body.data + body.len;
    ctx.used = 0;
    ctx.limit = limit;
    ctx.max = (limit < SIZE_MAX) ? limit + 1 : limit;

    reason = et_inflate_reset(inflate, bits);

    if (reason == ET_OK) {
        reason = et_inflate_reserve(inflate, &ctx);
    }

    if (reason == ET_OK) {
        reason = et_inflate_run(inflate, &ctx);
    }

    if (reason == ET_OK) {
        *out = et_slice(inflate->out.data, ctx.used);
    }

    return reason;
}


/* malloc() by name, so that whatever replaces it in the program, a test's
 * failing one too, replaces it for zlib */

static void *
et_inflate_alloc(void *opaque, uInt items, uInt size)
{
    (void) opaque;

    return malloc((size_t) items * size);
}


static void
et_inflate_free(void *opaque, void *p)
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
et_inflate_format(et_encoding_t encoding, et_slice_t body, int *bits)
{
    if (encoding != ET_ENCODING_GZIP && encoding != ET_ENCODING_DEFLATE) {
        return 0;
    }

    if (et_inflate_is_gzip(body.data, body.len)) {
        *bits = ET_INFLATE_GZIP;
        return 1;
    }

    if (et_inflate_is_zlib(body.data, body.len)) {
        *bits = ET_INFLATE_ZLIB;
        return 1;
    }

    *bits = ET_INFLATE_RAW;

    return encoding == ET_ENCODING_DEFLATE && body.len > 0;
}


/* RFC 1952, section 2.3.1: ID1, ID2 */

static int
et_inflate_is_gzip(const char *p, size_t len)
{
    return len >= 2
           && (unsigned char) p[0] == 0x1f && (unsigned char) p[1] == 0x8b;
}


/* RFC 1950, section 2.2: CM is 8, CINFO at most 7, FCHECK makes the two bytes
 * a multiple of 31, and there is no preset dictionary (FDICT) */

static int
et_inflate_is_zlib(const char *p, size_t len)
{
    unsigned  cmf, flg;

    if (len < 2) {
        return 0;
    }

    cmf = (unsigned char) p[0];
    flg = (unsigned char) p[1];

    return (cmf & 0x0f) == 8 && (cmf >> 4) <= 7 && (flg & 0x20) == 0
           && (cmf * 256 + flg) % 31 == 0;
}


/* Tapes and block devices pad with zeros (gzip's manual, "trailing zeros") */

static int
et_inflate_is_padding(const char *p, size_t len)
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
et_inflate_reset(et_inflate_t *inflate, int bits)
{
    z_stream  *stream;

    stream = &inflate->stream;

    if (inflate->ready) {

        /* the window's size is always the same, so zlib keeps it */

        return inflateReset2(stream, bits) == Z_OK ? ET_OK : ET_NO_MEMORY;
    }

    memset(stream, 0, sizeof(z_stream));

    stream->zalloc = et_inflate_alloc;
    stream->zfree = et_inflate_free;

    if (inflateInit2(stream, bits) != Z_OK) {
        return ET_NO_MEMORY;
    }

    inflate->ready = 1;

    return ET_OK;
}


/* A buffer that most bodies of this size fit in at once */

static et_reason_t
et_inflate_reserve(et_inflate_t *inflate, et_inflate_ctx_t *ctx)
{
    size_t  len, size;

    len = (size_t) (ctx->end - ctx->pos);

    size = (len < ctx->max / ET_INFLATE_RATIO) ? len * ET_INFLATE_RATIO
                                               : ctx->max;

    if (size < ET_INFLATE_MIN_SIZE) {
        size = ET_INFLATE_MIN_SIZE;
    }

    if (size > ctx->max) {
        size = ctx->max;
    }

    if (inflate->out.size < size) {

        /* nothing in it is wanted: growing would copy it */

        et_buffer_free(&inflate->out);

        if (!et_buffer_grow(&inflate->out, size)) {
            return ET_NO_MEMORY;
        }
    }

    /* what was kept may be larger than this body's limit */

    ctx->room = (inflate->out.size < ctx->max) ? inflate->out.size : ctx->max;

    return ET_OK;
}


static et_reason_t
et_inflate_grow(et_inflate_t *inflate, et_inflate_ctx_t *ctx)
{
    size_t  size;

    size = (ctx->room < ctx->max / 2) ? ctx->room * 2 : ctx->max;

    if (!et_buffer_grow(&inflate->out, size)) {
        return ET_NO_MEMORY;
    }

    ctx->room = size;

    return ET_OK;
}


static et_reason_t
et_inflate_run(et_inflate_t *inflate, et_inflate_ctx_t *ctx)
{
    et_reason_t  reason;

    for ( ;; ) {

        switch (et_inflate_step(&inflate->stream, inflate->out.data, ctx)) {

        case Z_STREAM_END:

            if (ctx->used > ctx->limit) {
                return ET_INFLATED_TOO_LARGE;
            }

            if (et_inflate_is_padding(ctx->pos,
                                      (size_t) (ctx->end - ctx->pos)))
            {
                return ET_OK;
            }

            /* of the formats only gzip has members, and these its magic */

            if (!et_inflate_is_gzip(ctx->pos, (size_t) (ctx->end - ctx->pos))
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
et_inflate_step(z_stream *stream, char *base, et_inflate_ctx_t *ctx)
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
