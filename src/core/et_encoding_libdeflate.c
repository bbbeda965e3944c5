/*
 * gzip and zlib at once, by libdeflate: several times as fast as zlib's
 * stream, as it needs the whole body and room for all that comes out of it,
 * which most bodies allow.  It says yes or nothing: whatever is unusual about
 * a body (it is damaged, has members, padding, or more output than there is
 * room for) is zlib's to find out, from the beginning.
 */

#include "et_encoding_internal.h"

#if (ET_HAVE_LIBDEFLATE)

#include <stdlib.h>

#include <libdeflate.h>


static int et_libdeflate_room(et_inflate_t *inflate, et_inflate_ctx_t *ctx);


int
et_inflate_at_once(et_inflate_t *inflate, et_inflate_ctx_t *ctx)
{
    size_t                  len, in, out;
    et_slice_t              body;
    enum libdeflate_result  rc;

    len = (size_t) (ctx->end - ctx->pos);
    body = et_slice(ctx->pos, len);

    if ((!et_is_gzip(body) && !et_is_zlib(body))
        || !et_libdeflate_room(inflate, ctx))
    {
        return 0;
    }

    if (inflate->libdeflate == NULL) {

        /* by name, so that a test's failing malloc() is in its place */

        libdeflate_set_memory_allocator(malloc, free);

        inflate->libdeflate = libdeflate_alloc_decompressor();
        if (inflate->libdeflate == NULL) {
            return 0;
        }
    }

    if (et_is_gzip(body)) {
        rc = libdeflate_gzip_decompress_ex(inflate->libdeflate, body.data, len,
                                           inflate->out.data, ctx->room,
                                           &in, &out);
    } else {
        rc = libdeflate_zlib_decompress_ex(inflate->libdeflate, body.data, len,
                                           inflate->out.data, ctx->room,
                                           &in, &out);
    }

    if (rc != LIBDEFLATE_SUCCESS || in != len || out > ctx->limit) {
        return 0;
    }

    ctx->pos = ctx->end;
    ctx->used = out;

    return 1;
}


/*
 * RFC 1952, section 2.3.1: gzip's last four bytes are the output's size.  They
 * are the client's word, which is no reason to allocate more than a little.
 */

static int
et_libdeflate_room(et_inflate_t *inflate, et_inflate_ctx_t *ctx)
{
    size_t               len, size;
    const unsigned char *p;

    len = (size_t) (ctx->end - ctx->pos);

    if (len < 4 || et_inflate_reserve(inflate, ctx) != ET_OK) {
        return 0;
    }

    if (!et_is_gzip(et_slice(ctx->pos, len))) {
        return len <= ET_INFLATE_SMALL;
    }

    p = (const unsigned char *) ctx->end - 4;
    size = p[0] | (size_t) p[1] << 8 | (size_t) p[2] << 16
           | (size_t) p[3] << 24;

    if (size > ET_INFLATE_SMALL || size > ctx->limit) {
        return 0;
    }

    while (ctx->room < size) {
        if (et_inflate_grow(inflate, ctx) != ET_OK) {
            return 0;
        }
    }

    return 1;
}


void
et_inflate_at_once_destroy(et_inflate_t *inflate)
{
    libdeflate_free_decompressor(inflate->libdeflate);
    inflate->libdeflate = NULL;
}


#else


int
et_inflate_at_once(et_inflate_t *inflate, et_inflate_ctx_t *ctx)
{
    (void) inflate;
    (void) ctx;

    return 0;
}


void
et_inflate_at_once_destroy(et_inflate_t *inflate)
{
    (void) inflate;
}


#endif
