/*
 * br (RFC 7932), by libbrotlidec.  Its state can't be used again, so each body
 * has its own; its window is 16 MiB at most.
 */

#include "et_encoding_internal.h"


#if (ET_HAVE_BROTLI)

#include <stdlib.h>

#include <brotli/decode.h>


static void *et_brotli_alloc(void *opaque, size_t size);
static void et_brotli_free(void *opaque, void *p);
static et_reason_t et_brotli_run(et_inflate_t *inflate,
    BrotliDecoderState *state, et_inflate_ctx_t *ctx);
static et_reason_t et_brotli_error(const BrotliDecoderState *state);


et_reason_t
et_inflate_brotli(et_inflate_t *inflate, et_inflate_ctx_t *ctx)
{
    et_reason_t          reason;
    BrotliDecoderState  *state;

    reason = et_inflate_reserve(inflate, ctx);
    if (reason != ET_OK) {
        return reason;
    }

    state = BrotliDecoderCreateInstance(et_brotli_alloc, et_brotli_free,
                                        NULL);
    if (state == NULL) {
        return ET_NO_MEMORY;
    }

    reason = et_brotli_run(inflate, state, ctx);

    BrotliDecoderDestroyInstance(state);

    return reason;
}


/* malloc() by name, as for zlib */

static void *
et_brotli_alloc(void *opaque, size_t size)
{
    (void) opaque;

    return malloc(size);
}


static void
et_brotli_free(void *opaque, void *p)
{
    (void) opaque;

    free(p);
}


static et_reason_t
et_brotli_run(et_inflate_t *inflate, BrotliDecoderState *state,
    et_inflate_ctx_t *ctx)
{
    size_t                in, out;
    uint8_t              *next_out;
    et_reason_t           reason;
    const uint8_t        *next_in;
    BrotliDecoderResult   rc;

    for ( ;; ) {
        next_in = (const uint8_t *) ctx->pos;
        in = (size_t) (ctx->end - ctx->pos);
        next_out = (uint8_t *) inflate->out.data + ctx->used;
        out = ctx->room - ctx->used;

        rc = BrotliDecoderDecompressStream(state, &in, &next_in, &out,
                                           &next_out, NULL);

        ctx->pos = (const char *) next_in;
        ctx->used = ctx->room - out;

        if (ctx->used > ctx->limit) {
            return ET_INFLATED_TOO_LARGE;
        }

        switch (rc) {

        case BROTLI_DECODER_RESULT_SUCCESS:
            return ctx->pos == ctx->end ? ET_OK : ET_BAD_COMPRESSION;

        case BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT:
            reason = et_inflate_grow(inflate, ctx);
            if (reason != ET_OK) {
                return reason;
            }

            break;

        case BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT:

            /* there is none: it was cut */

            return ET_BAD_COMPRESSION;

        default: /* BROTLI_DECODER_RESULT_ERROR */
            return et_brotli_error(state);
        }
    }
}


static et_reason_t
et_brotli_error(const BrotliDecoderState *state)
{
    BrotliDecoderErrorCode  code;

    code = BrotliDecoderGetErrorCode(state);

    return code <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES
           && code >= BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES
           ? ET_NO_MEMORY : ET_BAD_COMPRESSION;
}


#else


et_reason_t
et_inflate_brotli(et_inflate_t *inflate, et_inflate_ctx_t *ctx)
{
    (void) inflate;
    (void) ctx;

    return ET_BAD_ENCODING;
}


#endif
