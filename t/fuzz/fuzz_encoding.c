/*
 * Content encodings, from both sides.  Input: a byte of choices, then what a
 * client sends as compressed, or what a client compresses: that comes back
 * whole, and cut short by a byte it does not.  Of several upon each other,
 * two bytes more say which, and what ratio is allowed.
 */

#include <stdlib.h>

#include "et_fuzz.h"


#define ET_FUZZ_LIMIT  (64 * 1024)


static et_inflate_t  inflater;


static void et_fuzz_damaged(et_encoding_t encoding, const uint8_t *data,
    size_t size);
static void et_fuzz_whole(et_encoding_t encoding, int bits, int level,
    const uint8_t *data, size_t size);
static void et_fuzz_several(const uint8_t *data, size_t size);
static void et_fuzz_name(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int  ready;

    if (size < 1) {
        return 0;
    }

    if (!ready) {
        et_inflate_init(&inflater, ET_INFLATE_KEEP, -1);
        ready = 1;
    }

    size--;

    switch (*data % 12) {
    case 0:
        et_fuzz_name(data + 1, size);
        break;

    case 1:
    case 2:
        et_fuzz_damaged(ET_ENCODING_GZIP, data + 1, size);
        break;

    case 3:
    case 4:
        et_fuzz_damaged(ET_ENCODING_DEFLATE, data + 1, size);
        break;

    case 5:
        et_fuzz_whole(ET_ENCODING_GZIP, 15 + 16, *data >> 5, data + 1, size);
        break;

    case 6:
        et_fuzz_whole(ET_ENCODING_DEFLATE, 15, *data >> 5, data + 1, size);
        break;

    case 7:
        et_fuzz_whole(ET_ENCODING_DEFLATE, -15, *data >> 5, data + 1, size);
        break;

    case 8:
        et_fuzz_damaged(ET_ENCODING_BR, data + 1, size);
        break;

    case 9:
        et_fuzz_damaged(ET_ENCODING_ZSTD, data + 1, size);
        break;

    default:
        et_fuzz_several(data + 1, size);
    }

    return 0;
}


static void
et_fuzz_name(const uint8_t *data, size_t size)
{
    char            *text;
    unsigned         i;
    et_encodings_t   encodings;

    text = et_fuzz_copy(data, size);
    et_encodings_parse(et_slice(text, size), &encodings);

    et_fuzz_check(encodings.n <= ET_ENCODINGS_MAX);

    for (i = 0; i < encodings.n; i++) {
        et_fuzz_check(encodings.list[i] != ET_ENCODING_IDENTITY);
        et_fuzz_check(encodings.list[i] <= ET_ENCODING_UNKNOWN);
    }

    free(text);
}


static void
et_fuzz_several(const uint8_t *data, size_t size)
{
    char            *body;
    unsigned         i, choice;
    et_slice_t       out;
    et_reason_t      reason;
    et_encodings_t   encodings;

    if (size < 2) {
        return;
    }

    encodings.n = data[0] % (ET_ENCODINGS_MAX + 1);
    choice = data[1];

    for (i = 0; i < encodings.n; i++) {
        encodings.list[i] = 1 + choice % ET_ENCODING_UNKNOWN;
        choice /= 3;
    }

    body = et_fuzz_copy(data + 2, size - 2);
    reason = et_decode(&inflater, &encodings, et_slice(body, size - 2),
                       ET_FUZZ_LIMIT, (data[0] & 0x10) ? 8 : 0, &out);

    if (reason == ET_OK) {
        reason = et_decode_more(&inflater, ET_FUZZ_LIMIT, &out);
    }

    et_fuzz_check(reason == ET_OK || reason == ET_BAD_COMPRESSION
                  || reason == ET_BAD_ENCODING
                  || reason == ET_INFLATE_RATIO
                  || reason == ET_INFLATED_TOO_LARGE);

    if (reason == ET_OK) {
        et_fuzz_check(out.len <= ET_FUZZ_LIMIT || out.len <= size - 2);
        memset((char *) out.data, 0, out.len);
    }

    free(body);
}


static void
et_fuzz_damaged(et_encoding_t encoding, const uint8_t *data, size_t size)
{
    char         *body;
    et_slice_t    out;
    et_reason_t   reason;

    body = et_fuzz_copy(data, size);
    reason = et_inflate(&inflater, encoding, et_slice(body, size),
                        ET_FUZZ_LIMIT, &out);

    et_fuzz_check(reason == ET_OK || reason == ET_BAD_COMPRESSION
                  || reason == ET_BAD_ENCODING
                  || reason == ET_INFLATED_TOO_LARGE);

    if (reason == ET_OK) {
        et_fuzz_check(out.len <= ET_FUZZ_LIMIT);
        memset((char *) out.data, 0, out.len);
    }

    free(body);
}


static void
et_fuzz_whole(et_encoding_t encoding, int bits, int level,
    const uint8_t *data, size_t size)
{
    char         *body;
    size_t        room;
    z_stream      z;
    et_slice_t    out;
    et_reason_t   reason;

    memset(&z, 0, sizeof(z));
    et_fuzz_check(deflateInit2(&z, level, Z_DEFLATED, bits, 8, 0) == Z_OK);

    room = deflateBound(&z, size);
    body = malloc(room);

    z.next_in = (Bytef *) data;
    z.avail_in = size;
    z.next_out = (Bytef *) body;
    z.avail_out = room;
    et_fuzz_check(deflate(&z, Z_FINISH) == Z_STREAM_END);
    (void) deflateEnd(&z);

    reason = et_inflate(&inflater, encoding, et_slice(body, z.total_out),
                        ET_FUZZ_LIMIT, &out);

    if (size > ET_FUZZ_LIMIT) {
        et_fuzz_check(reason == ET_INFLATED_TOO_LARGE);

    } else {
        et_fuzz_check(reason == ET_OK);
        et_fuzz_check(et_slice_eq(out, et_slice((const char *) data, size)));

        reason = et_inflate(&inflater, encoding,
                            et_slice(body, z.total_out - 1), ET_FUZZ_LIMIT,
                            &out);
        et_fuzz_check(reason == ET_BAD_COMPRESSION);
    }

    free(body);
}
