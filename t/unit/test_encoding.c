/*
 * et_encoding: what SDKs compress comes out, and what is damaged, cut or a
 * bomb comes to nothing, at a bounded price.
 */

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zlib.h>

#if (ET_HAVE_BROTLI)
#include <brotli/encode.h>
#endif

#if (ET_HAVE_ZSTD)
#include <zstd.h>
#endif

#include "et_encoding.h"
#include "et_test.h"


#define GZIP  (15 + 16)
#define ZLIB  15
#define RAW   (-15)

#define MANY  100

#define KEEP  65536
#define MIB   ((size_t) 1048576)


typedef struct {
    char    *data;
    size_t   len;
} buffer_t;


/* Appends a compressed stream to what the buffer holds */

static void
compress_more(buffer_t *b, int bits, const char *text, size_t len)
{
    int       rc;
    size_t    bound;
    z_stream  stream;

    memset(&stream, 0, sizeof(z_stream));

    if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, bits, 8,
                     Z_DEFAULT_STRATEGY)
        != Z_OK)
    {
        printf("Bail out! deflateInit2() failed\n");
        exit(2);
    }

    bound = deflateBound(&stream, len);

    b->data = realloc(b->data, b->len + bound);

    if (b->data == NULL) {
        printf("Bail out! out of memory\n");
        exit(2);
    }

    stream.next_in = (Bytef *) text;
    stream.avail_in = (uInt) len;
    stream.next_out = (Bytef *) b->data + b->len;
    stream.avail_out = (uInt) bound;

    rc = deflate(&stream, Z_FINISH);

    if (rc != Z_STREAM_END) {
        printf("Bail out! deflate() failed\n");
        exit(2);
    }

    b->len += stream.total_out;

    (void) deflateEnd(&stream);
}


static buffer_t
compressed(int bits, const char *text, size_t len)
{
    buffer_t  b;

    b.data = NULL;
    b.len = 0;

    compress_more(&b, bits, text, len);

    return b;
}


static void
append(buffer_t *b, const char *bytes, size_t len)
{
    char  *data;

    data = et_alloc(b->len + len);

    memcpy(data, b->data, b->len);
    memcpy(data + b->len, bytes, len);

    free(b->data);

    b->data = data;
    b->len += len;
}


/* Like an event: words that repeat, numbers that do not */

static buffer_t
sample(size_t len)
{
    size_t    n;
    buffer_t  b;

    b.data = et_alloc(len + 64);
    b.len = len;

    for (n = 0; n < len; /* void */ ) {
        n += (size_t) snprintf(b.data + n, 64, "{\"function\":\"f%u\"},",
                               (unsigned) (et_random() % 100000));
    }

    return b;
}


/* Inflates from memory of the exact size, where a sanitizer sees overreads */

static et_reason_t
inflate_bytes(et_inflate_t *inflate, et_encoding_t encoding,
    const char *data, size_t len, size_t limit, et_slice_t *out)
{
    char         *copy;
    et_reason_t   reason;

    copy = et_copy(data, len);

    reason = et_inflate(inflate, encoding, et_slice(copy, len), limit, out);

    free(copy);

    return reason;
}


static int
same(et_slice_t out, const char *text, size_t len)
{
    return out.len == len && (len == 0 || memcmp(out.data, text, len) == 0);
}


/* The one coding of a label; MANY where it has several. */

static int
name(const char *value)
{
    et_encodings_t  encodings;

    et_encodings_parse(et_slice_str(value), &encodings);

    switch (encodings.n) {

    case 0:
        return ET_ENCODING_IDENTITY;

    case 1:
        return encodings.list[0];

    default:
        return MANY;
    }
}


/* A body under a label, from memory of the exact size, which is kept until
 * the next call: the output may be the body. */

static et_reason_t
decode(et_inflate_t *inflate, const char *label, const char *data,
    size_t len, size_t limit, unsigned ratio, et_slice_t *out)
{
    et_encodings_t  encodings;

    static char    *copy;

    free(copy);
    copy = et_copy(data, len);

    et_encodings_parse(et_slice_str(label), &encodings);

    return et_decode(inflate, &encodings, et_slice(copy, len), limit, ratio,
                     out);
}


static void
test_names(void)
{
    et_encodings_t  encodings;

    ET_TEST("a content coding is known in any case, with blanks around it") {
        et_check_int(name("gzip"), ET_ENCODING_GZIP);
        et_check_int(name("GZip"), ET_ENCODING_GZIP);
        et_check_int(name(" \tgzip\t "), ET_ENCODING_GZIP);
        et_check_int(name("x-gzip"), ET_ENCODING_GZIP);
        et_check_int(name("X-GZIP"), ET_ENCODING_GZIP);
        et_check_int(name("deflate"), ET_ENCODING_DEFLATE);
        et_check_int(name("Deflate"), ET_ENCODING_DEFLATE);
        et_check_int(name("identity"), ET_ENCODING_IDENTITY);
    }

    ET_TEST("no value, an empty one and an empty list are identity") {
        et_check_int(name(NULL), ET_ENCODING_IDENTITY);
        et_check_int(name(""), ET_ENCODING_IDENTITY);
        et_check_int(name("  "), ET_ENCODING_IDENTITY);
        et_check_int(name(" , ,"), ET_ENCODING_IDENTITY);
    }

    ET_TEST("identity in a list changes nothing") {
        et_check_int(name("gzip, identity"), ET_ENCODING_GZIP);
        et_check_int(name("identity,gzip"), ET_ENCODING_GZIP);
        et_check_int(name("Identity , identity"), ET_ENCODING_IDENTITY);
        et_check_int(name(",deflate,"), ET_ENCODING_DEFLATE);
    }

    ET_TEST("br and zstd are names, whether or not this build has them") {
        et_check_int(name("br"), ET_ENCODING_BR);
        et_check_int(name("ZSTD"), ET_ENCODING_ZSTD);
    }

    ET_TEST("codings nobody heard of are unknown, also among others") {
        et_check_int(name("gzip, foo"), ET_ENCODING_UNKNOWN);
        et_check_int(name("foo, gzip"), ET_ENCODING_UNKNOWN);
        et_check_int(name("gzi"), ET_ENCODING_UNKNOWN);
        et_check_int(name("gzipp"), ET_ENCODING_UNKNOWN);
        et_check_int(name("gzip gzip"), ET_ENCODING_UNKNOWN);
        et_check_int(name("gzip;q=1"), ET_ENCODING_UNKNOWN);
    }

    ET_TEST("a list is kept in its order, up to four codings") {
        et_encodings_parse(et_slice_str("gzip , identity,br,, deflate, zstd"),
                           &encodings);

        et_check_int(encodings.n, 4);
        et_check_int(encodings.list[0], ET_ENCODING_GZIP);
        et_check_int(encodings.list[1], ET_ENCODING_BR);
        et_check_int(encodings.list[2], ET_ENCODING_DEFLATE);
        et_check_int(encodings.list[3], ET_ENCODING_ZSTD);

        et_check_int(name("gzip,gzip,gzip,gzip"), MANY);
        et_check_int(name("gzip,gzip,gzip,gzip,gzip"), ET_ENCODING_UNKNOWN);
    }
}


static void
test_formats(void)
{
    int            bits[] = { GZIP, ZLIB, RAW };
    char           raw[512];
    size_t         i, n;
    buffer_t       text, body;
    et_slice_t     out;
    et_inflate_t   inflate;

    static const size_t  sizes[] = { 0, 1, 5500, 16384, 16385, 34000, 65536,
                                     262144, 1048576 };

    et_inflate_init(&inflate, KEEP, -1);

    ET_TEST("gzip, zlib and raw deflate of every size come out as they were")
    {
        for (n = 0; n < sizeof(sizes) / sizeof(sizes[0]); n++) {
            text = sample(sizes[n]);

            for (i = 0; i < 3; i++) {
                body = compressed(bits[i], text.data, text.len);

                et_check_int(inflate_bytes(&inflate,
                                 bits[i] == GZIP ? ET_ENCODING_GZIP
                                                 : ET_ENCODING_DEFLATE,
                                 body.data, body.len, 2 * MIB, &out), ET_OK);
                et_check(same(out, text.data, text.len));

                free(body.data);
            }

            free(text.data);
        }
    }

    text = sample(5500);

    ET_TEST("gzip under the name deflate is decoded, and zlib under gzip") {
        body = compressed(GZIP, text.data, text.len);
        et_check_int(inflate_bytes(&inflate, ET_ENCODING_DEFLATE, body.data,
                                   body.len, MIB, &out), ET_OK);
        et_check(same(out, text.data, text.len));
        free(body.data);

        body = compressed(ZLIB, text.data, text.len);
        et_check_int(inflate_bytes(&inflate, ET_ENCODING_GZIP, body.data,
                                   body.len, MIB, &out), ET_OK);
        et_check(same(out, text.data, text.len));
        free(body.data);
    }

    ET_TEST("raw deflate and plain text under the name gzip are refused") {
        body = compressed(RAW, text.data, text.len);
        et_check_int(inflate_bytes(&inflate, ET_ENCODING_GZIP, body.data,
                                   body.len, MIB, &out), ET_BAD_COMPRESSION);
        free(body.data);

        et_check_int(inflate_bytes(&inflate, ET_ENCODING_GZIP, text.data,
                                   text.len, MIB, &out), ET_BAD_COMPRESSION);
        et_check_int(inflate_bytes(&inflate, ET_ENCODING_DEFLATE, text.data,
                                   text.len, MIB, &out), ET_BAD_COMPRESSION);
    }

    ET_TEST("an empty body is no compressed body") {
        et_check_int(et_inflate(&inflate, ET_ENCODING_GZIP,
                                et_slice(NULL, 0), MIB, &out),
                     ET_BAD_COMPRESSION);
        et_check_int(inflate_bytes(&inflate, ET_ENCODING_DEFLATE, "", 0, MIB,
                                   &out), ET_BAD_COMPRESSION);
    }

    ET_TEST("raw deflate that all but begins like zlib is decoded") {
        static const struct {
            unsigned char  bytes[3];
            const char    *missing;
        } starts[] = {
            { { 0x88, 0x1c, 0x00 }, "a window size that there is" },
            { { 0x78, 0xbb, 0x00 }, "no preset dictionary" },
            { { 0x78, 0x9d, 0x00 }, "the right check bits" },
            { { 0x70, 0x9e, 0x00 }, "the method deflate" }
        };

        /* a stored block: a byte that zlib mostly ignores, LEN and NLEN */

        for (i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
            n = starts[i].bytes[1];

            memset(raw, 'x', sizeof(raw));
            memcpy(raw, starts[i].bytes, 3);
            raw[3] = (char) ~raw[1];
            raw[4] = (char) ~raw[2];
            memcpy(raw + 5 + n, "\x03\x00", 2);

            if (inflate_bytes(&inflate, ET_ENCODING_DEFLATE, raw, n + 7, MIB,
                              &out)
                != ET_OK || !same(out, raw + 5, n))
            {
                printf("# what lacks %s\n", starts[i].missing);
                et_check(0);
            }
        }
    }

    ET_TEST("a zlib stream that needs a preset dictionary is refused") {
        et_check_int(inflate_bytes(&inflate, ET_ENCODING_DEFLATE,
                                   "\x78\xbb\x00\x00\x00\x01rest of it", 17,
                                   MIB, &out), ET_BAD_COMPRESSION);
    }

    free(text.data);
    et_inflate_destroy(&inflate);
}


static void
test_members(void)
{
    size_t         i, len;
    buffer_t       body;
    et_slice_t     out;
    et_inflate_t   inflate;

    et_inflate_init(&inflate, KEEP, -1);

    ET_TEST("the members of a gzip body come out one after the other") {
        body = compressed(GZIP, "one ", 4);
        compress_more(&body, GZIP, "", 0);
        compress_more(&body, GZIP, "two ", 4);
        compress_more(&body, GZIP, "three", 5);

        et_check_int(inflate_bytes(&inflate, ET_ENCODING_GZIP, body.data,
                                   body.len, MIB, &out), ET_OK);
        et_check_str(out, "one two three");

        free(body.data);
    }

    ET_TEST("zeros that pad a gzip body are ignored") {
        body = compressed(GZIP, "padded", 6);
        append(&body, "\0\0\0\0\0\0\0", 7);

        et_check_int(inflate_bytes(&inflate, ET_ENCODING_GZIP, body.data,
                                   body.len, MIB, &out), ET_OK);
        et_check_str(out, "padded");

        free(body.data);
    }

    ET_TEST("anything else behind a complete stream is refused") {
        static const struct {
            const char  *bytes;
            size_t       len;
        } tails[] = {
            { "x", 1 }, { "\n", 1 }, { "\0\0x", 3 }, { "\x1f", 1 },
            { "\x1f\x8b", 2 }, { "\x1f\x8b\x08\x00", 4 }, { "\x78\x9c", 2 },
            { "\x03\x00", 2 },                          /* raw and empty */
            { "\x78\x9c\x03\x00\x00\x00\x00\x01", 8 }   /* zlib, the same */
        };

        for (i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
            for (len = 0; len < 3; len++) {
                body = compressed(len == 0 ? GZIP : len == 1 ? ZLIB : RAW,
                                  "whole", 5);
                append(&body, tails[i].bytes, tails[i].len);

                et_check_int(inflate_bytes(&inflate,
                                 len == 0 ? ET_ENCODING_GZIP
                                          : ET_ENCODING_DEFLATE,
                                 body.data, body.len, MIB, &out),
                             ET_BAD_COMPRESSION);
                free(body.data);
            }
        }
    }

    ET_TEST("the limit holds for all members together") {
        body = compressed(GZIP, "12345", 5);
        compress_more(&body, GZIP, "67890", 5);
        compress_more(&body, GZIP, "", 0);

        et_check_int(inflate_bytes(&inflate, ET_ENCODING_GZIP, body.data,
                                   body.len, 10, &out), ET_OK);
        et_check_str(out, "1234567890");
        et_check_int(inflate_bytes(&inflate, ET_ENCODING_GZIP, body.data,
                                   body.len, 9, &out), ET_INFLATED_TOO_LARGE);

        free(body.data);
    }

    ET_TEST("ten thousand empty members cost what their bytes do") {
        body = compressed(GZIP, "", 0);
        len = body.len;
        body.data = realloc(body.data, len * 10000);

        et_check(body.data != NULL);

        for (i = 1; body.data != NULL && i < 10000; i++) {
            memcpy(body.data + i * len, body.data, len);
        }

        et_check_int(inflate_bytes(&inflate, ET_ENCODING_GZIP, body.data,
                                   len * 10000, 0, &out), ET_OK);
        et_check_int(out.len, 0);

        free(body.data);
    }

    et_inflate_destroy(&inflate);
}


static void
test_damage(void)
{
    char           save;
    size_t         n;
    buffer_t       text, body;
    et_reason_t    reason;
    et_slice_t     out;
    et_inflate_t   inflate;

    et_inflate_init(&inflate, KEEP, -1);
    text = sample(5500);

    ET_TEST("gzip and zlib cut at any byte are refused") {
        body = compressed(GZIP, text.data, text.len);

        for (n = 0; n < body.len; n++) {
            et_check_int(inflate_bytes(&inflate, ET_ENCODING_GZIP, body.data,
                                       n, MIB, &out), ET_BAD_COMPRESSION);
        }

        free(body.data);

        body = compressed(ZLIB, text.data, text.len);

        for (n = 0; n < body.len; n++) {
            et_check_int(inflate_bytes(&inflate, ET_ENCODING_DEFLATE,
                                       body.data, n, MIB, &out),
                         ET_BAD_COMPRESSION);
        }

        free(body.data);
    }

    ET_TEST("raw deflate cut at any byte is refused") {
        body = compressed(RAW, text.data, text.len);

        for (n = 0; n < body.len; n++) {
            et_check_int(inflate_bytes(&inflate, ET_ENCODING_DEFLATE,
                                       body.data, n, MIB, &out),
                         ET_BAD_COMPRESSION);
        }

        free(body.data);
    }

    ET_TEST("a gzip body with any byte changed never gives another text") {
        body = compressed(GZIP, text.data, text.len);

        for (n = 0; n < body.len; n++) {
            save = body.data[n];
            body.data[n] ^= (char) (1 << (n % 8));

            reason = inflate_bytes(&inflate, ET_ENCODING_GZIP, body.data,
                                   body.len, MIB, &out);

            et_check(reason == ET_BAD_COMPRESSION
                     || reason == ET_INFLATED_TOO_LARGE
                     || (reason == ET_OK && same(out, text.data, text.len)));

            body.data[n] = save;
        }

        et_check_int(inflate_bytes(&inflate, ET_ENCODING_GZIP, body.data,
                                   body.len, MIB, &out), ET_OK);
        et_check(same(out, text.data, text.len));

        free(body.data);
    }

    ET_TEST("random bytes and random damage never pass the limit") {
        for (n = 0; n < 3000; n++) {
            body = compressed(n % 2 ? RAW : ZLIB, text.data, 200);

            body.data[et_random() % body.len] = (char) et_random();
            body.data[et_random() % body.len] = (char) et_random();

            reason = inflate_bytes(&inflate, ET_ENCODING_DEFLATE, body.data,
                                   body.len, 150 + n % 100, &out);

            et_check(reason == ET_BAD_COMPRESSION
                     || reason == ET_INFLATED_TOO_LARGE
                     || (reason == ET_OK && out.len <= 150 + n % 100));
            free(body.data);
        }
    }

    free(text.data);
    et_inflate_destroy(&inflate);
}


static void
test_limit(void)
{
    size_t         i;
    buffer_t       text, body;
    et_slice_t     out;
    et_inflate_t   inflate;

    static const size_t  sizes[] = { 1, 257, 258, 259, 4096, 16383, 16384,
                                     16385, 32768, 65535, 65536, 65537,
                                     100000 };

    et_inflate_init(&inflate, KEEP, -1);

    ET_TEST("output of exactly the limit is fine, and one byte more is not") {
        for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            text = sample(sizes[i]);
            body = compressed(GZIP, text.data, text.len);

            et_check_int(inflate_bytes(&inflate, ET_ENCODING_GZIP, body.data,
                                       body.len, text.len + 1, &out), ET_OK);
            et_check_int(inflate_bytes(&inflate, ET_ENCODING_GZIP, body.data,
                                       body.len, text.len, &out), ET_OK);
            et_check(same(out, text.data, text.len));
            et_check_int(inflate_bytes(&inflate, ET_ENCODING_GZIP, body.data,
                                       body.len, text.len - 1, &out),
                         ET_INFLATED_TOO_LARGE);

            free(body.data);
            free(text.data);
        }
    }

    ET_TEST("a limit of nothing and one of everything both hold") {
        body = compressed(ZLIB, "", 0);
        et_check_int(inflate_bytes(&inflate, ET_ENCODING_DEFLATE, body.data,
                                   body.len, 0, &out), ET_OK);
        et_check_int(out.len, 0);
        free(body.data);

        body = compressed(ZLIB, "x", 1);
        et_check_int(inflate_bytes(&inflate, ET_ENCODING_DEFLATE, body.data,
                                   body.len, 0, &out), ET_INFLATED_TOO_LARGE);
        et_check_int(inflate_bytes(&inflate, ET_ENCODING_DEFLATE, body.data,
                                   body.len, SIZE_MAX, &out), ET_OK);
        et_check_str(out, "x");
        free(body.data);
    }

    ET_TEST("a bomb of 64 MiB costs no more memory than the limit") {
        text.data = et_alloc(64 * MIB);
        memset(text.data, '\0', 64 * MIB);
        body = compressed(GZIP, text.data, 64 * MIB);
        free(text.data);

        et_check(body.len < MIB);

        et_check_int(inflate_bytes(&inflate, ET_ENCODING_GZIP, body.data,
                                   body.len, 2 * MIB, &out),
                     ET_INFLATED_TOO_LARGE);
        et_check(inflate.out.size <= 2 * MIB + 1);

        /* and whatever the buffer was before */

        et_check_int(inflate_bytes(&inflate, ET_ENCODING_GZIP, body.data,
                                   body.len, 1000, &out),
                     ET_INFLATED_TOO_LARGE);
        et_check(inflate.out.size <= KEEP);

        free(body.data);
    }

    et_inflate_destroy(&inflate);
}


static void
test_reuse(void)
{
    int            i;
    char          *kept;
    buffer_t       small, large, text, raw, zlib;
    et_slice_t     out;
    et_inflate_t   inflate;

    text = sample(200000);
    small = compressed(GZIP, text.data, 5500);
    large = compressed(GZIP, text.data, text.len);

    ET_TEST("a steady stream of ordinary bodies allocates nothing") {
        et_inflate_init(&inflate, KEEP, -1);

        et_check_int(et_inflate(&inflate, ET_ENCODING_GZIP,
                                et_slice(small.data, small.len), MIB, &out),
                     ET_OK);
        kept = inflate.out.data;

        et_fail_nth(1);

        for (i = 0; i < 100; i++) {
            et_check_int(et_inflate(&inflate, ET_ENCODING_GZIP,
                                    et_slice(small.data, small.len), MIB,
                                    &out), ET_OK);
        }

        et_check(!et_fail_reached());
        et_check(inflate.out.data == kept);
        et_check(same(out, text.data, 5500));

        et_inflate_destroy(&inflate);
    }

    ET_TEST("a buffer that grew past what is kept goes at the next call") {
        et_inflate_init(&inflate, KEEP, -1);

        et_check_int(et_inflate(&inflate, ET_ENCODING_GZIP,
                                et_slice(large.data, large.len), MIB, &out),
                     ET_OK);
        et_check(same(out, text.data, text.len));
        et_check(inflate.out.size > KEEP);

        et_check_int(et_inflate(&inflate, ET_ENCODING_GZIP,
                                et_slice(small.data, small.len), MIB, &out),
                     ET_OK);
        et_check(same(out, text.data, 5500));
        et_check(inflate.out.size <= KEEP);

        et_inflate_destroy(&inflate);
    }

    ET_TEST("bodies of different formats follow each other, errors between") {
        et_inflate_init(&inflate, 2 * MIB, -1);

        for (i = 0; i < 10; i++) {
            raw = compressed(RAW, text.data + i, 40000);
            zlib = compressed(ZLIB, text.data + i, 300);

            et_check_int(inflate_bytes(&inflate, ET_ENCODING_DEFLATE,
                                       raw.data, raw.len, MIB, &out), ET_OK);
            et_check(same(out, text.data + i, 40000));
            et_check_int(inflate_bytes(&inflate, ET_ENCODING_GZIP,
                                       large.data, large.len - 9, MIB, &out),
                         ET_BAD_COMPRESSION);
            et_check_int(inflate_bytes(&inflate, ET_ENCODING_DEFLATE,
                                       zlib.data, zlib.len, 300, &out),
                         ET_OK);
            et_check(same(out, text.data + i, 300));
            et_check_int(inflate_bytes(&inflate, ET_ENCODING_GZIP,
                                       large.data, large.len, 1000, &out),
                         ET_INFLATED_TOO_LARGE);

            free(raw.data);
            free(zlib.data);
        }

        et_inflate_destroy(&inflate);
    }

    ET_TEST("what is destroyed, twice or unused, may be used again") {
        et_inflate_init(&inflate, KEEP, -1);
        et_inflate_destroy(&inflate);
        et_inflate_destroy(&inflate);

        et_check_int(et_inflate(&inflate, ET_ENCODING_GZIP,
                                et_slice(small.data, small.len), MIB, &out),
                     ET_OK);
        et_inflate_destroy(&inflate);

        et_check_int(et_inflate(&inflate, ET_ENCODING_GZIP,
                                et_slice(small.data, small.len), MIB, &out),
                     ET_OK);
        et_inflate_destroy(&inflate);
    }

    free(small.data);
    free(large.data);
    free(text.data);
}


/*
 * A body inflated with each allocation failing in turn, and then once more.
 * Where libdeflate had no memory, zlib may have had.
 */

static void
check_no_memory(et_encoding_t encoding, et_slice_t body, buffer_t *text,
    int twice)
{
    int             reached;
    et_slice_t      out;
    et_reason_t     reason;
    et_inflate_t    inflate;
    unsigned long   n;

    for (n = 1; /* void */ ; n++) {
        et_inflate_init(&inflate, KEEP, -1);

        et_fail_nth(n);
        reason = et_inflate(&inflate, encoding, body, MIB, &out);

        reached = et_fail_reached();
        et_fail_nth(0);

        if (reached && !(twice && reason == ET_OK)) {
            et_check_int(reason, ET_NO_MEMORY);

        } else {
            et_check_int(reason, ET_OK);
            et_check(same(out, text->data, text->len));
        }

        et_check_int(et_inflate(&inflate, encoding, body, MIB, &out), ET_OK);
        et_check(same(out, text->data, text->len));

        et_inflate_destroy(&inflate);

        if (!reached) {
            break;
        }
    }

    /* zlib's state and window, the buffer and its growing; libdeflate's */

    et_check(n > 4);
}


static void
test_no_memory(void)
{
    buffer_t        text, body, raw, small;
    et_slice_t      out;
    et_inflate_t    inflate;

    /* zeros: the output outgrows the buffer several times */

    text.data = et_alloc(MIB);
    text.len = MIB;
    memset(text.data, '\0', MIB);

    body = compressed(GZIP, text.data, text.len);
    raw = compressed(RAW, text.data, text.len);

    ET_TEST("any allocation may fail, and the next body is inflated again") {
        check_no_memory(ET_ENCODING_DEFLATE, et_slice(raw.data, raw.len),
                        &text, 0);
        check_no_memory(ET_ENCODING_GZIP, et_slice(body.data, body.len),
                        &text, 1);
    }

    ET_TEST("a buffer that could not be made larger is made anew") {
        small = compressed(GZIP, "small", 5);
        et_inflate_init(&inflate, MIB, -1);

        et_check_int(et_inflate(&inflate, ET_ENCODING_GZIP,
                                et_slice(small.data, small.len), 1000, &out),
                     ET_OK);

        et_fail_nth(1);
        et_check_int(et_inflate(&inflate, ET_ENCODING_DEFLATE,
                                et_slice(raw.data, raw.len), MIB, &out),
                     ET_NO_MEMORY);
        et_check(et_fail_reached());
        et_fail_nth(0);

        et_check_int(et_inflate(&inflate, ET_ENCODING_GZIP,
                                et_slice(small.data, small.len), 1000, &out),
                     ET_OK);
        et_check_str(out, "small");

        et_inflate_destroy(&inflate);
        free(small.data);
    }

    free(raw.data);
    free(body.data);
    free(text.data);
}


/* What clients say, and what they send. */

static void
test_labels(void)
{
    buffer_t       text, body, twice;
    et_slice_t     out;
    et_inflate_t   inflate;

    et_inflate_init(&inflate, KEEP, -1);
    text = sample(5500);

    ET_TEST("a body that begins with a brace is plain, whatever its label") {
        static const char *const  labels[] = {
            "", "gzip", "deflate", "br", "zstd", "utf-8", "gzip, br",
            "gzip,gzip,gzip,gzip,gzip"
        };
        size_t                    i;

        for (i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
            et_check_int(decode(&inflate, labels[i], text.data, text.len,
                                MIB, 0, &out), ET_OK);
            et_check(same(out, text.data, text.len));
            et_check_int(inflate.steps, 0);
        }
    }

    ET_TEST("a gzip body without a label is inflated all the same") {
        body = compressed(GZIP, text.data, text.len);
        et_check_int(decode(&inflate, "identity", body.data, body.len, MIB, 0,
                            &out), ET_OK);
        et_check(same(out, text.data, text.len));
        et_check_int(inflate.steps, 1);
        free(body.data);
    }

    ET_TEST("a body that is known to be of no coding is not inflated") {
        et_encodings_t  identity = { 1, { ET_ENCODING_IDENTITY } };

        body = compressed(GZIP, text.data, text.len);
        et_check_int(et_decode(&inflate, &identity,
                               et_slice(body.data, body.len), MIB, 0, &out),
                     ET_OK);
        et_check(out.data == body.data && out.len == body.len);
        et_check_int(inflate.steps, 0);
        free(body.data);
    }

    ET_TEST("what would be inflated is told before it is") {
        et_encodings_t  none = { 0, { 0 } };
        et_encodings_t  gzip = { 1, { ET_ENCODING_GZIP } };

        et_check(et_is_encoded(&gzip, et_slice_str("\x1f\x8b")));
        et_check(et_is_encoded(&gzip, et_slice_str("anything")));
        et_check(!et_is_encoded(&gzip, et_slice_str("{}")));
        et_check(et_is_encoded(&none, et_slice_str("\x1f\x8b")));
        et_check(et_is_encoded(&none, et_slice_str("\x28\xb5\x2f\xfd")));
        et_check(!et_is_encoded(&none, et_slice_str("\x78\x9c")));
        et_check(!et_is_encoded(&none, et_slice_str("{}")));
        et_check(!et_is_encoded(&none, et_slice(NULL, 0)));
    }

    ET_TEST("one more coding has a limit of its own, and no more than all") {
        body = compressed(ZLIB, text.data, text.len);

        et_check_int(decode(&inflate, "", body.data, body.len, MIB, 0, &out),
                     ET_OK);
        et_check_int(et_decode_more(&inflate, text.len - 1, &out),
                     ET_INFLATED_TOO_LARGE);

        et_check_int(decode(&inflate, "", body.data, body.len, text.len - 1,
                            0, &out), ET_OK);
        et_check_int(et_decode_more(&inflate, MIB, &out),
                     ET_INFLATED_TOO_LARGE);
        free(body.data);
    }

    ET_TEST("a zlib body without a label is left, unless it is asked for") {
        body = compressed(ZLIB, text.data, text.len);
        et_check_int(decode(&inflate, "", body.data, body.len, MIB, 0, &out),
                     ET_OK);
        et_check(same(out, body.data, body.len));
        et_check_int(et_decode_more(&inflate, MIB, &out), ET_OK);
        et_check(same(out, text.data, text.len));
        et_check_int(et_decode_more(&inflate, MIB, &out), ET_OK);
        et_check(same(out, text.data, text.len));
        free(body.data);
    }

    ET_TEST("what is neither plain nor of a known coding is refused") {
        et_check_int(decode(&inflate, "utf-8", " {}", 3, MIB, 0, &out),
                     ET_BAD_ENCODING);
        et_check_int(decode(&inflate, "gzip", " {}", 3, MIB, 0, &out),
                     ET_BAD_COMPRESSION);
        et_check_int(decode(&inflate, "deflate", "[1]", 3, MIB, 0, &out),
                     ET_BAD_COMPRESSION);
        et_check_int(decode(&inflate, "gzip", "", 0, MIB, 0, &out),
                     ET_BAD_COMPRESSION);
        et_check_int(decode(&inflate, "", "", 0, MIB, 0, &out), ET_OK);
        et_check_int(out.len, 0);
    }

    ET_TEST("two codings are undone, the last one first, again and again") {
        body = compressed(GZIP, text.data, text.len);
        twice = compressed(ZLIB, body.data, body.len);

        for (body.len = 0; body.len < 3; body.len++) {
            et_check_int(decode(&inflate, "gzip, deflate", twice.data,
                                twice.len, MIB, 0, &out), ET_OK);
            et_check(same(out, text.data, text.len));
            et_check_int(inflate.steps, 2);
        }

        et_check_int(decode(&inflate, "deflate", twice.data, twice.len, MIB,
                            0, &out), ET_OK);
        et_check(!same(out, text.data, text.len));
        et_check_int(decode(&inflate, "gzip, deflate", twice.data,
                            twice.len - 1, MIB, 0, &out), ET_BAD_COMPRESSION);

        /* and a third coding, of which nobody said anything */

        et_check_int(decode(&inflate, "deflate", twice.data, twice.len, MIB,
                            0, &out), ET_OK);
        et_check_int(et_decode_more(&inflate, MIB, &out), ET_OK);
        et_check(same(out, text.data, text.len));

        free(body.data);
        free(twice.data);
    }

    free(text.data);
    et_inflate_destroy(&inflate);
}


static void
test_ratio(void)
{
    size_t         len;
    buffer_t       zeros, body, twice;
    et_slice_t     out;
    et_inflate_t   inflate;

    et_inflate_init(&inflate, KEEP, -1);
    memset(&body, 0, sizeof(body));

    zeros.data = et_alloc(8 * MIB);
    memset(zeros.data, '\0', 8 * MIB);

    ET_TEST("a small output is no bomb, whatever its ratio") {
        body = compressed(GZIP, zeros.data, MIB);
        et_check(body.len * 100 < MIB);
        et_check_int(decode(&inflate, "gzip", body.data, body.len, 20 * MIB,
                            10, &out), ET_OK);
        et_check_int(out.len, MIB);
        free(body.data);
    }

    ET_TEST("a larger one may be as many times its input, and no more") {
        body = compressed(GZIP, zeros.data, 8 * MIB);
        len = 8 * MIB / body.len;

        et_check_int(decode(&inflate, "gzip", body.data, body.len, 20 * MIB,
                            len - 1, &out), ET_INFLATE_RATIO);
        et_check_int(decode(&inflate, "gzip", body.data, body.len, 20 * MIB,
                            len + 1, &out), ET_OK);
        et_check_int(out.len, 8 * MIB);
        et_check_int(decode(&inflate, "gzip", body.data, body.len, 20 * MIB,
                            0, &out), ET_OK);

        /* the limit that is lower is the one that is named */

        et_check_int(decode(&inflate, "gzip", body.data, body.len, 2 * MIB,
                            len + 1, &out), ET_INFLATED_TOO_LARGE);
        et_check_int(decode(&inflate, "gzip", body.data, body.len,
                            4 * MIB, len / 4, &out), ET_INFLATE_RATIO);
    }

    ET_TEST("a bomb in a bomb may be as many times what came, too") {
        twice = compressed(GZIP, body.data, body.len);
        et_check(twice.len * 10 < body.len);

        et_check_int(decode(&inflate, "gzip, gzip", twice.data, twice.len,
                            20 * MIB, 200, &out), ET_INFLATE_RATIO);
        et_check(inflate.out.size <= MIB + 1);
        et_check(inflate.before.size <= MIB + 1);
        et_check_int(decode(&inflate, "gzip, gzip", twice.data, twice.len,
                            20 * MIB, 0, &out), ET_OK);
        et_check_int(out.len, 8 * MIB);

        /* what they grew to goes at the next call */

        free(twice.data);
        free(body.data);
        body = compressed(GZIP, "{}", 2);
        et_check_int(decode(&inflate, "gzip", body.data, body.len, MIB, 0,
                            &out), ET_OK);
        et_check(inflate.out.size <= KEEP && inflate.before.size <= KEEP);
        free(body.data);
    }

    free(zeros.data);
    et_inflate_destroy(&inflate);
}


#if (ET_HAVE_BROTLI)

static buffer_t
brotli(const char *text, size_t len)
{
    buffer_t  b;

    b.len = BrotliEncoderMaxCompressedSize(len) + 16;
    b.data = et_alloc(b.len);

    if (!BrotliEncoderCompress(5, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_TEXT,
                               len, (const uint8_t *) text, &b.len,
                               (uint8_t *) b.data))
    {
        printf("Bail out! BrotliEncoderCompress() failed\n");
        exit(2);
    }

    return b;
}

#endif


#if (ET_HAVE_ZSTD)

static buffer_t
zstd(const char *text, size_t len)
{
    buffer_t  b;

    b.len = ZSTD_compressBound(len);
    b.data = et_alloc(b.len);
    b.len = ZSTD_compress(b.data, b.len, text, len, 3);

    if (ZSTD_isError(b.len)) {
        printf("Bail out! ZSTD_compress() failed\n");
        exit(2);
    }

    return b;
}

#endif


#if (ET_HAVE_BROTLI || ET_HAVE_ZSTD)

typedef buffer_t (*compress_pt)(const char *text, size_t len);


/* What holds for any coding. */

static void
check_coding(et_encoding_t encoding, compress_pt compress)
{
    int             reached;
    char            save;
    size_t          i, n;
    buffer_t        text, body;
    et_slice_t      out;
    et_reason_t     reason;
    et_inflate_t    inflate;
    unsigned long   nth;

    static const size_t  sizes[] = { 0, 1, 5500, 16384, 16385, 65536, 262144,
                                     1048576 };

    et_inflate_init(&inflate, MIB, -1);

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        text = sample(sizes[i]);
        body = compress(text.data, text.len);

        et_check_int(inflate_bytes(&inflate, encoding, body.data, body.len,
                                   text.len, &out), ET_OK);
        et_check(same(out, text.data, text.len));

        if (text.len != 0) {
            et_check_int(inflate_bytes(&inflate, encoding, body.data,
                                       body.len, text.len - 1, &out),
                         ET_INFLATED_TOO_LARGE);
        }

        free(body.data);
        free(text.data);
    }

    /* damage: cut anywhere, more behind it, any byte changed */

    text = sample(5500);
    body = compress(text.data, text.len);

    for (n = 0; n < body.len; n++) {
        et_check_int(inflate_bytes(&inflate, encoding, body.data, n, MIB,
                                   &out), ET_BAD_COMPRESSION);
    }

    for (n = 0; n < body.len; n++) {
        save = body.data[n];
        body.data[n] ^= (char) (1 << (n % 8));
        reason = inflate_bytes(&inflate, encoding, body.data, body.len, 6000,
                               &out);
        et_check((reason == ET_OK && out.len <= 6000)
                 || reason == ET_BAD_COMPRESSION
                 || reason == ET_INFLATED_TOO_LARGE);
        body.data[n] = save;
    }

    append(&body, "x", 1);
    et_check_int(inflate_bytes(&inflate, encoding, body.data, body.len, MIB,
                               &out), ET_BAD_COMPRESSION);

    free(body.data);
    free(text.data);
    et_inflate_destroy(&inflate);

    /* a bomb costs what the limit does, and memory may end at any time */

    text.data = et_alloc(64 * MIB);
    memset(text.data, '\0', 64 * MIB);
    body = compress(text.data, 64 * MIB);
    et_check(body.len < MIB / 2);

    for (nth = 1; /* void */ ; nth++) {
        et_inflate_init(&inflate, MIB, -1);
        et_fail_nth(nth);
        reason = et_inflate(&inflate, encoding,
                            et_slice(body.data, body.len), 2 * MIB, &out);
        reached = et_fail_reached();
        et_fail_nth(0);

        et_check_int(reason, reached ? ET_NO_MEMORY : ET_INFLATED_TOO_LARGE);
        et_check(inflate.out.size <= 2 * MIB + 1);
        et_inflate_destroy(&inflate);

        if (!reached) {
            break;
        }
    }

    free(body.data);
    free(text.data);
}

#endif


static void
test_codings(void)
{
    buffer_t       body, text;
    et_slice_t     out;
    et_inflate_t   inflate;

    et_inflate_init(&inflate, KEEP, -1);

#if (ET_HAVE_BROTLI)

    ET_TEST("br comes out as it was, within limits, and damaged is refused") {
        check_coding(ET_ENCODING_BR, brotli);
    }

#else

    ET_TEST("br is refused where its library was not there") {
        et_check_int(inflate_bytes(&inflate, ET_ENCODING_BR, "\x06", 1, MIB,
                                   &out), ET_BAD_ENCODING);
    }

#endif

#if (ET_HAVE_ZSTD)

    ET_TEST("zstd comes out as it was, within limits, and damaged is refused")
    {
        check_coding(ET_ENCODING_ZSTD, zstd);
    }

    ET_TEST("zstd is told by its first bytes, and so is gzip under its name") {
        text = sample(5500);
        body = zstd(text.data, text.len);
        et_check_int(decode(&inflate, "gzip", body.data, body.len, MIB, 0,
                            &out), ET_OK);
        et_check(same(out, text.data, text.len));
        et_check_int(decode(&inflate, "", body.data, body.len, MIB, 0, &out),
                     ET_OK);
        et_check(same(out, text.data, text.len));
        free(body.data);

        body = compressed(GZIP, text.data, text.len);
        et_check_int(decode(&inflate, "zstd", body.data, body.len, MIB, 0,
                            &out), ET_OK);
        et_check(same(out, text.data, text.len));
        free(body.data);
        free(text.data);
    }

    ET_TEST("the frames of a zstd body come out one after the other") {
        body = zstd("one ", 4);
        text = zstd("two", 3);
        append(&body, text.data, text.len);
        et_check_int(decode(&inflate, "zstd", body.data, body.len, 7, 0,
                            &out), ET_OK);
        et_check_str(out, "one two");
        et_check_int(decode(&inflate, "zstd", body.data, body.len, 6, 0,
                            &out), ET_INFLATED_TOO_LARGE);
        free(text.data);
        free(body.data);
    }

    ET_TEST("a zstd frame that needs a window of 128 MiB is refused") {
        et_check_int(inflate_bytes(&inflate, ET_ENCODING_ZSTD,
                                   "\x28\xb5\x2f\xfd\x00\x88\x01\0\0", 9,
                                   MIB, &out), ET_BAD_COMPRESSION);
    }

#else

    ET_TEST("zstd is refused where its library was not there") {
        et_check_int(inflate_bytes(&inflate, ET_ENCODING_ZSTD,
                                   "\x28\xb5\x2f\xfd", 4, MIB, &out),
                     ET_BAD_ENCODING);
    }

    (void) text;

#endif

    (void) body;
    et_inflate_destroy(&inflate);
}


static void
test_file(void)
{
    int            fd;
    char           name[] = "/tmp/et_test_XXXXXX";
    buffer_t       text, body;
    et_slice_t     out;
    et_inflate_t   inflate;
    struct rlimit  old, none;

    ET_TEST("output in a file's pages is the same, and full is no crash") {
        text = sample(3 * MIB);
        body = compressed(GZIP, text.data, text.len);

        fd = mkstemp(name);
        et_check(fd != -1 && unlink(name) == 0);

        et_inflate_init(&inflate, KEEP, fd);

        et_check_int(et_inflate(&inflate, ET_ENCODING_GZIP,
                                et_slice(body.data, body.len), 4 * MIB, &out),
                     ET_OK);
        et_check_int(out.len, text.len);
        et_check(memcmp(out.data, text.data, text.len) == 0);

        et_inflate_destroy(&inflate);

        /* a file that may not grow: what a full disk is to
         * posix_fallocate() */

        et_check(getrlimit(RLIMIT_FSIZE, &old) == 0);
        none = old;
        none.rlim_cur = 4096;
        (void) signal(SIGXFSZ, SIG_IGN);
        et_check(ftruncate(fd, 0) == 0);
        et_check(setrlimit(RLIMIT_FSIZE, &none) == 0);

        et_check_int(et_inflate(&inflate, ET_ENCODING_GZIP,
                                et_slice(body.data, body.len), 4 * MIB, &out),
                     ET_NO_MEMORY);

        et_check(setrlimit(RLIMIT_FSIZE, &old) == 0);
        et_inflate_destroy(&inflate);
        (void) close(fd);
        free(body.data);
        free(text.data);
    }
}


static void
test_files(void)
{
    int            i, fd[2];
    buffer_t       text, body, twice;
    et_slice_t     out;
    et_inflate_t   inflate;

    ET_TEST("of two codings, each output lies in a file of its own") {
        text = sample(3 * MIB);
        body = compressed(GZIP, text.data, text.len);
        twice = compressed(GZIP, body.data, body.len);

        for (i = 0; i < 2; i++) {
            char  name[] = "/tmp/et_test_XXXXXX";

            fd[i] = mkstemp(name);
            et_check(fd[i] != -1 && unlink(name) == 0);
        }

        et_inflate_init(&inflate, 0, fd[0]);
        et_inflate_second_file(&inflate, fd[1]);

        /* also after the buffers were given back, with the files left */

        for (i = 0; i < 3; i++) {
            et_check_int(decode(&inflate, "gzip, gzip", twice.data,
                                twice.len, 4 * MIB, 0, &out), ET_OK);
            et_check(same(out, text.data, text.len));
            et_check(lseek(fd[0], 0, SEEK_END) > 0);
            et_check(lseek(fd[1], 0, SEEK_END) > 0);
            et_check(inflate.out.fd + inflate.before.fd == fd[0] + fd[1]);

            et_inflate_destroy(&inflate);
        }

        (void) close(fd[0]);
        (void) close(fd[1]);
        free(twice.data);
        free(body.data);
        free(text.data);
    }
}


int
main(void)
{
    test_names();
    test_formats();
    test_members();
    test_damage();
    test_limit();
    test_reuse();
    test_no_memory();

    test_labels();
    test_ratio();
    test_codings();
    test_file();
    test_files();

    return et_test_done();
}
