/*
 * The keys file in memory: a hash table of the keys, and one of the pairs of
 * a key and a project.
 *
 * The first tells an unknown key from a wrong project; the second makes a
 * lookup cost the same for a key of one project and of a hundred thousand.
 * Both have at least two buckets for each entry.
 *
 * Somebody who guesses keys learns nothing from the time an answer takes: a
 * seed that nobody outside knows decides which bucket a key falls into, and
 * each key in it is compared to the end.
 */

#include <stdio.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "et_auth.h"
#include "et_keys.h"
#include "et_lines.h"
#include "et_route.h"


#define ET_KEYS_BUCKETS_MIN  8

/* bytes of a bad word that a message quotes */
#define ET_KEYS_QUOTE        64
#define ET_KEYS_MESSAGE      256


typedef struct et_keys_key_s   et_keys_key_t;
typedef struct et_keys_pair_s  et_keys_pair_t;

struct et_keys_key_s {
    et_keys_key_t   *next;
    et_slice_t       text;
    uint64_t         hash;
    uint64_t         project;  /* the last of its projects */
    size_t           projects; /* how many it has */
};

struct et_keys_pair_s {
    et_keys_pair_t       *next;
    const et_keys_key_t  *key;
    uint64_t              project;
    unsigned              line;
    et_origins_t          origins;
    et_limit_t            limit;
    uint64_t              burst;     /* 0: the limit's own */
    unsigned              limited;   /* unsigned  limited:1; it has a limit */
};

struct et_keys_s {
    et_keys_key_t   **keys;
    et_keys_pair_t  **pairs;
    et_keys_key_t     any;     /* "*", which is in no bucket of keys */
    uint64_t          mask;    /* buckets of each table - 1 */
    uint64_t          seed;
    size_t            count;   /* pairs */
};

typedef struct {
    et_arena_t         *arena;
    et_keys_t          *keys;
    et_keys_report_pt   report;
    void               *data;
    unsigned            line;
    unsigned            bad;   /* lines reported */
} et_keys_reader_t;


static et_keys_t *et_keys_create(et_arena_t *arena, size_t lines);
static size_t et_keys_lines(et_slice_t text);
static int et_keys_read_line(et_keys_reader_t *reader, et_slice_t line);
static int et_keys_read_pair(et_keys_reader_t *reader, et_slice_t project,
    et_slice_t key, et_keys_pair_t *pair);
static int et_keys_read_field(et_keys_reader_t *reader, et_slice_t field,
    et_keys_pair_t *pair);
static int et_keys_read_origins(et_keys_reader_t *reader, et_slice_t value,
    et_keys_pair_t *pair);
static int et_keys_read_limit(et_keys_reader_t *reader, et_slice_t value,
    et_keys_pair_t *pair);
static int et_keys_read_burst(et_keys_reader_t *reader, et_slice_t value,
    et_keys_pair_t *pair);
static int et_keys_add(et_keys_reader_t *reader, et_slice_t text,
    const et_keys_pair_t *read);
static et_keys_key_t *et_keys_add_key(et_keys_reader_t *reader,
    et_slice_t text);
static void et_keys_bad(et_keys_reader_t *reader, const char *before,
    et_slice_t word, const char *after);
static uint64_t et_keys_hash(const et_keys_t *keys, et_slice_t text);
static et_keys_key_t *et_keys_find(const et_keys_t *keys, et_slice_t text,
    uint64_t hash);
static et_keys_pair_t *et_keys_find_pair(const et_keys_t *keys,
    const et_keys_key_t *key, uint64_t project);
static et_keys_pair_t **et_keys_pair_bucket(const et_keys_t *keys,
    const et_keys_key_t *key, uint64_t project);


et_keys_t *
et_keys_parse(et_arena_t *arena, et_slice_t text, et_keys_report_pt report,
    void *data)
{
    et_slice_t        line;
    et_keys_reader_t  reader;

    text = et_lines(text);

    reader.arena = arena;
    reader.report = report;
    reader.data = data;
    reader.line = 0;
    reader.bad = 0;

    reader.keys = et_keys_create(arena, et_keys_lines(text));
    if (reader.keys == NULL) {
        return NULL;
    }

    while (et_lines_next(&text, &line)) {
        reader.line++;

        if (!et_keys_read_line(&reader, line)) {
            return NULL;
        }
    }

    return reader.bad == 0 ? reader.keys : NULL;
}


/* How many pairs the text holds at most. */

static size_t
et_keys_lines(et_slice_t text)
{
    size_t      n;
    et_slice_t  line;

    n = 0;

    while (et_lines_next(&text, &line)) {
        if (et_lines_word(&line, " \t").len != 0) {
            n++;
        }
    }

    return n;
}


static et_keys_t *
et_keys_create(et_arena_t *arena, size_t lines)
{
    size_t      buckets;
    et_keys_t  *keys;

    buckets = ET_KEYS_BUCKETS_MIN;

    while (buckets / 2 < lines) {
        buckets *= 2;
    }

    keys = et_arena_zalloc(arena, sizeof(et_keys_t));
    if (keys == NULL) {
        return NULL;
    }

    keys->keys = et_arena_zalloc(arena, buckets * sizeof(et_keys_key_t *));
    keys->pairs = et_arena_zalloc(arena, buckets * sizeof(et_keys_pair_t *));

    if (keys->keys == NULL || keys->pairs == NULL) {
        return NULL;
    }

    keys->mask = buckets - 1;

    /* fails only where the library itself is out of memory */

    if (RAND_bytes((unsigned char *) &keys->seed, sizeof(keys->seed)) != 1) {
        return NULL;
    }

    return keys;
}


/* 0 where memory is short, a bad line is not. */

static int
et_keys_read_line(et_keys_reader_t *reader, et_slice_t line)
{
    unsigned        bad;
    et_slice_t      word, key;
    et_keys_pair_t  pair;

    word = et_lines_word(&line, " \t");
    key = et_lines_word(&line, " \t");

    if (word.len == 0) {
        return 1;
    }

    memset(&pair, 0, sizeof(et_keys_pair_t));
    bad = reader->bad;

    if (!et_keys_read_pair(reader, word, key, &pair)) {
        return 1;
    }

    while ((word = et_lines_word(&line, " \t")).len != 0) {

        if (!et_keys_read_field(reader, word, &pair)) {
            return 0;
        }

        if (reader->bad != bad) {
            return 1;
        }
    }

    if (pair.burst != 0) {
        if (pair.limit.interval == 0) {
            et_keys_bad(reader, "key ", key, " has a burst and no limit");
            return 1;
        }

        pair.limit.burst = pair.burst;
    }

    return et_keys_add(reader, key, &pair);
}


/* 0 where they are malformed. */

static int
et_keys_read_pair(et_keys_reader_t *reader, et_slice_t project,
    et_slice_t key, et_keys_pair_t *pair)
{
    if (!et_parse_u64(project, &pair->project)) {
        et_keys_bad(reader, "project ", project,
                    " is not a decimal number of 64 bits,"
                    " a line is \"project key\"");
        return 0;
    }

    if (key.len == 0) {
        et_keys_bad(reader, "no key after project ", project,
                    ", a line is \"project key\"");
        return 0;
    }

    if (!et_key_valid(key) && !et_slice_eq(key, et_slice_str("*"))) {
        et_keys_bad(reader, "key ", key,
                    " is not 1 to 255 letters, digits, \"_\" and \"-\"");
        return 0;
    }

    return 1;
}


static int
et_keys_read_field(et_keys_reader_t *reader, et_slice_t field,
    et_keys_pair_t *pair)
{
    size_t       i;
    et_slice_t   name, value;

    static const struct {
        const char  *name;
        int        (*read)(et_keys_reader_t *reader, et_slice_t value,
                           et_keys_pair_t *pair);
    } fields[] = {
        { "origins=", et_keys_read_origins },
        { "limit=", et_keys_read_limit },
        { "burst=", et_keys_read_burst },
    };

    for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        name = et_slice_str(fields[i].name);

        if (field.len >= name.len
            && et_slice_eq(et_slice(field.data, name.len), name))
        {
            value = et_slice(field.data + name.len, field.len - name.len);
            return fields[i].read(reader, value, pair);
        }
    }

    et_keys_bad(reader, "unexpected ", field,
                " after the key, a line is \"project key\" and may go on "
                "with \"origins=\", \"limit=\" and \"burst=\"");

    return 1;
}


static int
et_keys_read_origins(et_keys_reader_t *reader, et_slice_t value,
    et_keys_pair_t *pair)
{
    et_slice_t  bad;

    if (et_origins_add(reader->arena, &pair->origins, value, &bad)) {
        return 1;
    }

    if (bad.data == NULL) {
        return 0;
    }

    et_keys_bad(reader, "origin ", bad,
                " is not \"*\", \"host\" or \"scheme://host:port\"");
    return 1;
}


static int
et_keys_read_limit(et_keys_reader_t *reader, et_slice_t value,
    et_keys_pair_t *pair)
{
    pair->limited = 1;

    if (!et_limit_parse(value, &pair->limit)) {
        et_keys_bad(reader, "limit ", value,
                    " is not \"off\" or a rate such as \"1000r/m\"");
    }

    return 1;
}


static int
et_keys_read_burst(et_keys_reader_t *reader, et_slice_t value,
    et_keys_pair_t *pair)
{
    if (!et_limit_parse_burst(value, &pair->burst)) {
        et_keys_bad(reader, "burst ", value,
                    " is not a number from 1 to 1000000000");
    }

    return 1;
}


static int
et_keys_add(et_keys_reader_t *reader, et_slice_t text,
    const et_keys_pair_t *read)
{
    char             after[64];
    et_keys_t       *keys;
    et_keys_key_t   *key;
    et_keys_pair_t  *pair, **bucket;

    keys = reader->keys;

    key = et_keys_add_key(reader, text);
    if (key == NULL) {
        return 0;
    }

    pair = et_keys_find_pair(keys, key, read->project);

    if (pair != NULL) {
        snprintf(after, sizeof(after),
                 " has the same project on line %u already", pair->line);
        et_keys_bad(reader, "key ", text, after);
        return 1;
    }

    pair = et_arena_alloc(reader->arena, sizeof(et_keys_pair_t));
    if (pair == NULL) {
        return 0;
    }

    bucket = et_keys_pair_bucket(keys, key, read->project);

    *pair = *read;
    pair->key = key;
    pair->line = reader->line;
    pair->next = *bucket;
    *bucket = pair;

    key->project = read->project;
    key->projects++;

    keys->count += (key != &keys->any);

    return 1;
}


/* The key's place, a new one where there is none; NULL: no memory. */

static et_keys_key_t *
et_keys_add_key(et_keys_reader_t *reader, et_slice_t text)
{
    uint64_t        hash;
    et_keys_t      *keys;
    et_keys_key_t  *key;

    keys = reader->keys;

    if (et_slice_eq(text, et_slice_str("*"))) {
        return &keys->any;
    }

    hash = et_keys_hash(keys, text);

    key = et_keys_find(keys, text, hash);
    if (key != NULL) {
        return key;
    }

    key = et_arena_alloc(reader->arena, sizeof(et_keys_key_t));
    if (key == NULL) {
        return NULL;
    }

    key->text = et_arena_copy(reader->arena, text);
    if (key->text.data == NULL) {
        return NULL;
    }

    key->hash = hash;
    key->projects = 0;
    key->next = keys->keys[hash & keys->mask];
    keys->keys[hash & keys->mask] = key;

    return key;
}


/* The word is quoted with what a terminal can't show replaced, and cut. */

static void
et_keys_bad(et_keys_reader_t *reader, const char *before, et_slice_t word,
    const char *after)
{
    char    quote[ET_KEYS_QUOTE + 1], message[ET_KEYS_MESSAGE];
    size_t  i;

    for (i = 0; i < word.len && i < ET_KEYS_QUOTE; i++) {
        quote[i] = (word.data[i] > ' ' && word.data[i] < 0x7f) ? word.data[i]
                                                               : '?';
    }

    quote[i] = '\0';

    snprintf(message, sizeof(message), "%s\"%s%s\"%s", before, quote,
             word.len > i ? "..." : "", after);

    reader->bad++;
    reader->report(reader->data, reader->line, message);
}


et_reason_t
et_keys_check(const et_keys_t *keys, et_slice_t key, uint64_t project,
    et_keys_rules_t *rules)
{
    const et_keys_key_t   *known;
    const et_keys_pair_t  *pair, *any;

    any = et_keys_find_pair(keys, &keys->any, project);
    rules->origins = any != NULL && any->origins.n != 0 ? &any->origins : NULL;
    rules->limits[ET_QUOTA_PROJECT] = any != NULL && any->limited ? &any->limit
                                                                  : NULL;
    rules->limits[ET_QUOTA_KEY] = NULL;

    known = et_keys_find(keys, key, et_keys_hash(keys, key));
    if (known == NULL) {
        return ET_UNKNOWN_KEY;
    }

    pair = et_keys_find_pair(keys, known, project);
    if (pair == NULL) {
        return ET_WRONG_PROJECT;
    }

    if (pair->origins.n != 0) {
        rules->origins = &pair->origins;
    }

    if (pair->limited) {
        rules->limits[ET_QUOTA_KEY] = &pair->limit;
    }

    return ET_OK;
}


et_reason_t
et_keys_project(const et_keys_t *keys, et_slice_t key, uint64_t *project)
{
    const et_keys_key_t  *known;

    known = et_keys_find(keys, key, et_keys_hash(keys, key));

    if (known == NULL) {
        return ET_UNKNOWN_KEY;
    }

    if (known->projects != 1) {
        return ET_AMBIGUOUS_KEY;
    }

    *project = known->project;

    return ET_OK;
}


int
et_keys_of(const et_keys_t *keys, uint64_t project, const void **place,
    et_slice_t *key)
{
    uint64_t               i;
    const et_keys_pair_t  *pair;

    /* behind the last one in its bucket, then in the buckets that follow */

    pair = *place;
    i = 0;

    if (pair != NULL) {
        i = 1 + (uint64_t) (et_keys_pair_bucket(keys, pair->key, pair->project)
                            - keys->pairs);
        pair = pair->next;
    }

    for ( ;; ) {

        for ( /* void */ ; pair != NULL; pair = pair->next) {
            if (pair->project == project && pair->key != &keys->any) {
                *place = pair;
                *key = pair->key->text;
                return 1;
            }
        }

        if (i > keys->mask) {
            return 0;
        }

        pair = keys->pairs[i++];
    }
}


size_t
et_keys_count(const et_keys_t *keys)
{
    return keys->count;
}


static et_keys_key_t *
et_keys_find(const et_keys_t *keys, et_slice_t text, uint64_t hash)
{
    et_keys_key_t  *key, *found;

    found = NULL;

    for (key = keys->keys[hash & keys->mask]; key != NULL; key = key->next) {
        if (key->text.len == text.len
            && CRYPTO_memcmp(key->text.data, text.data, text.len) == 0)
        {
            found = key;
        }
    }

    return found;
}


static et_keys_pair_t *
et_keys_find_pair(const et_keys_t *keys, const et_keys_key_t *key,
    uint64_t project)
{
    et_keys_pair_t  *pair;

    pair = *et_keys_pair_bucket(keys, key, project);

    while (pair != NULL && (pair->key != key || pair->project != project)) {
        pair = pair->next;
    }

    return pair;
}


/* Mixes as MurmurHash3's finalizer does: every bit of both reaches the low
 * bits, which choose the bucket. */

static et_keys_pair_t **
et_keys_pair_bucket(const et_keys_t *keys, const et_keys_key_t *key,
    uint64_t project)
{
    uint64_t  h;

    h = project;
    h = (h ^ (h >> 33)) * 0xff51afd7ed558ccdull;
    h ^= key->hash;
    h = (h ^ (h >> 33)) * 0xc4ceb9fe1a85ec53ull;
    h ^= h >> 33;

    return &keys->pairs[h & keys->mask];
}


/* Nobody who sends keys can add one, so a seeded hash need not withstand
 * chosen collisions. */

static uint64_t
et_keys_hash(const et_keys_t *keys, et_slice_t text)
{
    size_t    i, n;
    uint64_t  h, w;

    h = keys->seed ^ text.len;

    for (i = 0; i < text.len; i += n) {
        n = text.len - i < sizeof(w) ? text.len - i : sizeof(w);

        w = 0;
        memcpy(&w, text.data + i, n);

        h = (h ^ w) * 0xff51afd7ed558ccdull;
        h ^= h >> 32;
    }

    h *= 0xc4ceb9fe1a85ec53ull;

    return h ^ (h >> 33);
}
