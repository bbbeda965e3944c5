/*
 * What the files of the scrubber share.
 *
 *     index   where strings end, and where something may begin: a bitmap
 *     json    the walk over the JSON: names, places, values to be dropped
 *     path    which rules hold at which place
 *     name    names that say "secret"
 *     escape  strings without their escapes
 *     text    what is found inside of a string
 *     pair    name=value inside of a string
 *     number  card numbers and IBANs, by their check digits
 */

#ifndef ET_SCRUB_INTERNAL_H
#define ET_SCRUB_INTERNAL_H

#include "et_json.h"
#include "et_scrub.h"
#include "et_splice.h"

#ifdef __SSE2__
#include <immintrin.h>
#define ET_SCRUB_AVX2    __attribute__((target("avx2,bmi,bmi2")))
#define ET_SCRUB_AVX512  __attribute__((target("avx512f,avx512bw,bmi,bmi2")))
#endif

#define ET_SCRUB_INLINE  static inline __attribute__((always_inline))


/* rules: what is looked for in a string */
#define ET_SCRUB_CARD    0x0001
#define ET_SCRUB_IBAN    0x0002
#define ET_SCRUB_SSN     0x0004
#define ET_SCRUB_PEM     0x0008
#define ET_SCRUB_URL     0x0010        /* the password of scheme://user:x@ */
#define ET_SCRUB_BEARER  0x0020
#define ET_SCRUB_PAIRS   0x0040        /* name=value */
#define ET_SCRUB_EMAIL   0x0080
#define ET_SCRUB_IP      0x0100
#define ET_SCRUB_COOKIE  0x0200        /* PAIRS: names are cookies', too */
#define ET_SCRUB_QUERY   0x0400        /* PAIRS: only '&' ends a value */

#define ET_SCRUB_FORMS   (ET_SCRUB_CARD|ET_SCRUB_IBAN|ET_SCRUB_SSN            \
                          |ET_SCRUB_PEM|ET_SCRUB_URL|ET_SCRUB_BEARER)
#define ET_SCRUB_ANY     (ET_SCRUB_FORMS|ET_SCRUB_PAIRS)


/* places; what is said of each is in the tables of et_scrub_path.c */
typedef enum {
    ET_PLACE_ANY = 0,
    ET_PLACE_NONE,             /* nothing is touched here and below */
    ET_PLACE_DROP,             /* the value goes, whatever it is */
    ET_PLACE_REMOVE,           /* becomes null */
    ET_PLACE_SOURCE,           /* no names here: code, or a list of packages */
    ET_PLACE_EVENT,
    ET_PLACE_MESSAGE,
    ET_PLACE_LOGENTRY,
    ET_PLACE_PARAMS,
    ET_PLACE_EXCEPTION,
    ET_PLACE_VALUE,            /* of an exception */
    ET_PLACE_THREADS,
    ET_PLACE_STACKTRACE,
    ET_PLACE_FRAME,
    ET_PLACE_REQUEST,
    ET_PLACE_HEADERS,
    ET_PLACE_COOKIES,
    ET_PLACE_QUERY,
    ET_PLACE_USER,
    ET_PLACE_ENV,
    ET_PLACE_SDK,
    ET_PLACE_LOGS,
    ET_PLACE_BODY,             /* of a log */
    ET_PLACE_ATTRIBUTES,       /* name: {"value": ..., "type": ...} */
    ET_PLACE_ATTRIBUTE,
    ET_PLACE_COUNT
} et_scrub_place_t;


/* 64 bytes of a text, a bit for each */
typedef struct {
    uint64_t  stops;           /* quotes and backslashes */
    uint64_t  forms;           /* there may be what has a secret's form, */
    uint64_t  any;             /* or a name and its value */
} et_scrub_bits_t;

/* A string, decoded or as it stands, in which is looked for something. */
typedef struct {
    const et_scrub_t       *scrub;
    et_splices_t           *splices;
    const char             *text;      /* base of all offsets and of bits */
    const et_scrub_bits_t  *bits;
    size_t                  start;
    size_t                  end;
    unsigned                rules;

    /* of a decoded string: where it comes from; NULL: the same */
    et_arena_t             *arena;
    const char             *raw;
    const et_scrub_bits_t  *raw_bits;
    size_t                  raw_start;
    size_t                  raw_end;
    const uint32_t         *map;       /* offset -> offset in raw; NULL: not
                                          made yet */

    size_t                  first;     /* splices before this string */
    size_t                  done;      /* nothing begins before */

    /* the last '@', and where its authority begins; 0: there is none */
    size_t                  at;
    size_t                  authority;

    unsigned                failed:1;  /* the arena is exhausted */
} et_scrub_string_t;


extern const et_slice_t  et_scrub_filtered;


/* index: the bits of the text's blocks and of an empty one behind; the bit of
 * stops behind the last byte is set.  dots is 1 where addresses are looked
 * for.  NULL where the arena is exhausted. */
et_scrub_bits_t *et_scrub_index(et_arena_t *arena, const char *text,
    size_t len, int dots);

/* The stops from pos on, one after the other: block, base and stops are the
 * caller's. */

#define et_scrub_seek(bits, pos)                                              \
    block = &(bits)[(pos) >> 6];                                              \
    base = (pos) & ~(size_t) 63;                                              \
    stops = block->stops & (~0ull << ((pos) & 63))

#define et_scrub_next(pos)                                                    \
    while (stops == 0) {                                                      \
        stops = (++block)->stops;                                             \
        base += 64;                                                           \
    }                                                                         \
                                                                              \
    pos = base + (unsigned) __builtin_ctzll(stops);                           \
    stops &= stops - 1

/* text: finds and replaces in s. */
void et_scrub_string(et_scrub_string_t *s);

/* The bytes from (included) to to (excluded) go; what was to go inside of
 * them goes with them. */
void et_scrub_emit(et_scrub_string_t *s, size_t from, size_t to,
    et_slice_t with);

/*
 * escape: the string of text from from (included) to to (excluded), on the
 * arena; each byte's offset in the text goes to the map, where there is one,
 * and that of the end: room for to - from + 1.  data NULL where the arena is
 * exhausted.
 */
et_slice_t et_scrub_decode(et_arena_t *arena, const char *text,
    const et_scrub_bits_t *bits, size_t from, size_t to, uint32_t *map);

/* Makes the map; 1, or 0 where the arena is exhausted. */
int et_scrub_map(et_scrub_string_t *s);

/* pair: the name is behind, the value before the delimiter at pos. */
void et_scrub_pair(et_scrub_string_t *s, size_t pos);

/* number: the length of the number that begins at p, 0 where there is none;
 * start is where the text begins. */
size_t et_scrub_card(const char *start, const char *p, const char *end);
size_t et_scrub_iban(const char *start, const char *p, const char *end);

/* name */
int et_scrub_name_secret(const et_scrub_t *scrub, const char *name,
    size_t len);
int et_scrub_name_cookie(const et_scrub_t *scrub, const char *name,
    size_t len);

/* Whether the name, such as Set-Cookie, is one of cookies. */
int et_scrub_name_cookies(const char *name, size_t len);

/* path: the place of a member of that name. */
et_scrub_place_t et_scrub_member(const et_scrub_t *scrub,
    et_scrub_place_t place, et_slice_t name);

unsigned et_scrub_rules(const et_scrub_t *scrub, et_scrub_place_t place,
    et_slice_t name);


static inline int
et_scrub_is_name(char c)
{
    c = et_lower(c);

    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}


static inline int
et_scrub_is_digit(char c)
{
    return c >= '0' && c <= '9';
}


static inline int
et_scrub_is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}


static inline int
et_scrub_is_quote(char c)
{
    return c == '"' || c == '\'' || c == '`';
}


#endif /* ET_SCRUB_INTERNAL_H */
