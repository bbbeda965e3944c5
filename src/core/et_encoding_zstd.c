/*
 * zstd (RFC 8878), by libzstd.  A frame says how large a window it needs:
 * 8 MiB is the largest that a content coding may use (RFC 9659), and what
 * needs a larger one is refused as damaged.
 */

#include "et_encoding_internal.h"


#if (ET_HAVE_ZSTD)

#include <zstd.h>
#include <zstd_errors.h>


#define ET_ZSTD_WINDOW_LOG  23


static et_reason_t et_zstd_reset(et_inflate_t *inflate);
static et_reason_t et_zstd_run(et_inflate_t *inflate, et_inflate_ctx_t *ctx);


et_reason_t
et_inflate_zstd(et_inflate_t *inflate, et_inflate_ctx_t *ctx)
{
    et_reason_t  reason;

    if (ctx->pos == ctx->end) {
        return ET_BAD_COMPRESSION;
    }

    reason = et_zstd_reset(inflate);

    if (reason == ET_OK) {
        reason = et_inflate_reserve(inflate, ctx);
    }

    if (reason == ET_OK) {
        reason = et_zstd_run(inflate, ctx);
    }

    /* the state holds a window as large as the last body's was */

    if (inflate->zstd != NULL
        && ZSTD_sizeof_DCtx(inflate->zstd) > inflate->keep)
    {
        et_inflate_zstd_destroy(inflate);
    }

    return reason;
}


static et_reason_t
et_zstd_reset(et_inflate_t *inflate)
{
    if (inflate->zstd != NULL) {
        (void) ZSTD_DCtx_reset(inflate->zstd, ZSTD_reset_session_only);
        return ET_OK;
    }

    inflate->zstd = ZSTD_createDCtx();
    if (inflate->zstd == NULL) {
        return ET_NO_MEMORY;
    }

    (void) ZSTD_DCtx_setParameter(inflate->zstd, ZSTD_d_windowLogMax,
                                  ET_ZSTD_WINDOW_LOG);

    return ET_OK;
}


/* Any number of frames, as zstd's own tool takes them. */

static et_reason_t
et_zstd_run(et_inflate_t *inflate, et_inflate_ctx_t *ctx)
{
    size_t          rc;
    et_reason_t     reason;
    ZSTD_inBuffer   in;
    ZSTD_outBuffer  out;

    in.src = ctx->pos;
    in.size = (size_t) (ctx->end - ctx->pos);
    in.pos = 0;

    for ( ;; ) {
        out.dst = inflate->out.data;
        out.size = ctx->room;
        out.pos = ctx->used;

        rc = ZSTD_decompressStream(inflate->zstd, &out, &in);

        ctx->used = out.pos;

        if (ctx->used > ctx->limit) {
            return ET_INFLATED_TOO_LARGE;
        }

        if (ZSTD_isError(rc)) {
            return ZSTD_getErrorCode(rc) == ZSTD_error_memory_allocation
                   ? ET_NO_MEMORY : ET_BAD_COMPRESSION;
        }

        if (rc == 0 && in.pos == in.size) {
            return ET_OK;
        }

        if (ctx->used == ctx->room) {
            reason = et_inflate_grow(inflate, ctx);
            if (reason != ET_OK) {
                return reason;
            }

        } else if (in.pos == in.size) {
            return ET_BAD_COMPRESSION;
        }
    }
}


void
et_inflate_zstd_destroy(et_inflate_t *inflate)
{
    (void) ZSTD_freeDCtx(inflate->zstd);

    inflate->zstd = NULL;
}


#else


et_reason_t
et_inflate_zstd(et_inflate_t *inflate, et_inflate_ctx_t *ctx)
{
    (void) inflate;
    (void) ctx;

    return ET_BAD_ENCODING;
}


void
et_inflate_zstd_destroy(et_inflate_t *inflate)
{
    (void) inflate;
}


#endif
