/*
 * Which codings a body has, by its label and by its first bytes, and undoing
 * them in turn: each step's output is the next one's input, so two buffers
 * change places.
 */

#include "et_encoding_internal.h"


/* an output buffer's first size: JSON shrinks to a quarter or so */
#define ET_INFLATE_MIN_SIZE  16384
#define ET_INFLATE_GUESS     4


static et_encoding_t et_encoding_name(et_slice_t name);
static et_reason_t et_decode_step(et_inflate_t *inflate,
    et_encoding_t encoding, size_t limit, et_slice_t *text);
static void et_inflate_trim(et_inflate_t *inflate);


/*
 * RFC 9110, section 8.4: a list of codings in the order in which they were
 * applied.  Members that are empty or "identity" change nothing.
 */

void
et_encodings_parse(et_slice_t value, et_encodings_t *encodings)
{
    const char     *p, *end, *start, *last;
    et_encoding_t   encoding;

    encodings->n = 0;

    if (value.len == 0) {
        return;
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

        if (encoding == ET_ENCODING_UNKNOWN
            || encodings->n == ET_ENCODINGS_MAX)
        {
            encodings->n = 1;
            encodings->list[0] = ET_ENCODING_UNKNOWN;
            return;
        }

        encodings->list[encodings->n++] = encoding;
    }
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
        { ET_SLICE("br"),       ET_ENCODING_BR },
        { ET_SLICE("zstd"),     ET_ENCODING_ZSTD },
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
    et_buffer_init(&inflate->before, -1);

    inflate->keep = keep;
}


void
et_inflate_second_file(et_inflate_t *inflate, int fd)
{
    et_buffer_init(&inflate->before, fd);
}


/* Each buffer keeps its file, though the two may have changed places. */

void
et_inflate_destroy(et_inflate_t *inflate)
{
    et_inflate_zlib_destroy(inflate);
    et_inflate_at_once_destroy(inflate);
    et_inflate_zstd_destroy(inflate);

    et_buffer_free(&inflate->out);
    et_buffer_free(&inflate->before);

    inflate->steps = 0;
}


et_reason_t
et_decode(et_inflate_t *inflate, const et_encodings_t *encodings,
    et_slice_t body, size_t limit, unsigned ratio, et_slice_t *out)
{
    size_t        i;
    et_reason_t   reason;

    inflate->steps = 0;
    inflate->limit = limit;
    inflate->over = ET_INFLATED_TOO_LARGE;

    if (ratio != 0 && limit > ET_INFLATE_SMALL && body.len < limit / ratio) {
        inflate->limit = body.len * ratio > ET_INFLATE_SMALL
                         ? body.len * ratio : ET_INFLATE_SMALL;
        inflate->over = ET_INFLATE_RATIO;
    }

    *out = body;

    if (!et_is_encoded(encodings, body)) {
        return ET_OK;
    }

    if (encodings->n == 0) {
        return et_decode_step(inflate, ET_ENCODING_GZIP, limit, out);
    }

    for (i = encodings->n; i > 0; i--) {
        if (out->len != 0 && out->data[0] == '{') {
            return ET_OK;
        }

        if (encodings->list[i - 1] == ET_ENCODING_IDENTITY) {
            continue;
        }

        reason = et_decode_step(inflate, encodings->list[i - 1], limit, out);
        if (reason != ET_OK) {
            return reason;
        }
    }

    return ET_OK;
}


int
et_is_encoded(const et_encodings_t *encodings, et_slice_t body)
{
    if (encodings->n == 0) {
        return et_is_gzip(body) || et_is_zstd(body);
    }

    return body.len == 0 || body.data[0] != '{';
}


et_reason_t
et_decode_more(et_inflate_t *inflate, size_t limit, et_slice_t *text)
{
    if (!et_is_gzip(*text) && !et_is_zlib(*text) && !et_is_zstd(*text)) {
        return ET_OK;
    }

    return et_decode_step(inflate, ET_ENCODING_GZIP, limit, text);
}


static et_reason_t
et_decode_step(et_inflate_t *inflate, et_encoding_t encoding, size_t limit,
    et_slice_t *text)
{
    et_buffer_t  out;
    et_reason_t  over, reason;

    if (inflate->steps++ != 0) {
        out = inflate->out;
        inflate->out = inflate->before;
        inflate->before = out;
    }

    over = ET_INFLATED_TOO_LARGE;

    if (inflate->limit < limit) {
        limit = inflate->limit;
        over = inflate->over;
    }

    reason = et_inflate(inflate, encoding, *text, limit, text);

    return reason == ET_INFLATED_TOO_LARGE ? over : reason;
}


et_reason_t
et_inflate(et_inflate_t *inflate, et_encoding_t encoding, et_slice_t body,
    size_t limit, et_slice_t *out)
{
    et_reason_t       reason;
    et_inflate_ctx_t  ctx;

    et_inflate_trim(inflate);

    ctx.pos = body.data;
    ctx.end = body.len == 0 ? body.data : body.data + body.len;
    ctx.used = 0;
    ctx.limit = limit;
    ctx.max = (limit < SIZE_MAX) ? limit + 1 : limit;

    if (encoding != ET_ENCODING_BR && et_is_zstd(body)) {
        encoding = ET_ENCODING_ZSTD;

    } else if (encoding == ET_ENCODING_ZSTD && et_is_gzip(body)) {
        encoding = ET_ENCODING_GZIP;
    }

    switch (encoding) {

    case ET_ENCODING_GZIP:
    case ET_ENCODING_DEFLATE:
        reason = et_inflate_at_once(inflate, &ctx)
                 ? ET_OK : et_inflate_zlib(inflate, encoding, &ctx);
        break;

    case ET_ENCODING_BR:
        reason = et_inflate_brotli(inflate, &ctx);
        break;

    case ET_ENCODING_ZSTD:
        reason = et_inflate_zstd(inflate, &ctx);
        break;

    default:
        return ET_BAD_ENCODING;
    }

    if (reason == ET_OK) {
        *out = et_slice(inflate->out.data, ctx.used);
    }

    return reason;
}


/* Of the two buffers, one may hold what is to be read now. */

static void
et_inflate_trim(et_inflate_t *inflate)
{
    if (inflate->out.size > inflate->keep) {
        et_buffer_free(&inflate->out);
    }

    if (inflate->steps < 2 && inflate->before.size > inflate->keep) {
        et_buffer_free(&inflate->before);
    }
}


et_reason_t
et_inflate_reserve(et_inflate_t *inflate, et_inflate_ctx_t *ctx)
{
    size_t  len, size;

    len = (size_t) (ctx->end - ctx->pos);

    size = (len < ctx->max / ET_INFLATE_GUESS) ? len * ET_INFLATE_GUESS
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


et_reason_t
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


/* RFC 1952, section 2.3.1: ID1, ID2 */

int
et_is_gzip(et_slice_t body)
{
    return body.len >= 2 && memcmp(body.data, "\x1f\x8b", 2) == 0;
}


/* RFC 1950, section 2.2: CM is 8, CINFO at most 7, FCHECK makes the two bytes
 * a multiple of 31, and there is no preset dictionary (FDICT) */

int
et_is_zlib(et_slice_t body)
{
    unsigned  cmf, flg;

    if (body.len < 2) {
        return 0;
    }

    cmf = (unsigned char) body.data[0];
    flg = (unsigned char) body.data[1];

    return (cmf & 0x0f) == 8 && (cmf >> 4) <= 7 && (flg & 0x20) == 0
           && (cmf * 256 + flg) % 31 == 0;
}


/* RFC 8878, section 3.1.1: Magic_Number.  As raw deflate it would be a stored
 * block whose length is not the complement of itself. */

int
et_is_zstd(et_slice_t body)
{
    return body.len >= 4 && memcmp(body.data, "\x28\xb5\x2f\xfd", 4) == 0;
}
