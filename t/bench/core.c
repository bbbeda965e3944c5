/*
 * The parts of an event that are others' work, measured alone: inflate with
 * zlib into a buffer that is there already, and cJSON's parsing of what came
 * out, on an arena.  (A module with libdeflate inflates in less.)
 *
 *     core FILE MILLISECONDS
 *
 * FILE is what gen.py has made.  Prints, in microseconds of CPU for an event:
 * inflate, cJSON on the arena, cJSON with malloc() and free(), all that the
 * core does (et_ingest and the row), which contains the first two, and what
 * of that scrubbing takes.
 *
 * The parts are measured in turns, so that a change of the processor's speed
 * hits all of them alike.
 */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "et_ingest.h"
#include "et_row.h"


#define BENCH_TURN     200             /* events of one part before the next */
#define BENCH_TEXT     (1024 * 1024)   /* bytes of an envelope at most */
#define BENCH_PROJECT  1

/* 2026-01-29, when none of gen.py's events is too old */
#define BENCH_RECEIVED (1769644800 * ET_SECOND)

enum {
    BENCH_INFLATE = 0,
    BENCH_CJSON_ARENA,
    BENCH_CJSON_MALLOC,
    BENCH_SCRUB,
    BENCH_CORE,
    BENCH_PARTS
};

typedef struct {
    char    *data;
    size_t   len;
} bench_body_t;

typedef struct {
    bench_body_t  *bodies;
    size_t         n;
    char          *text[BENCH_TURN];   /* the turn's, decompressed */
    size_t         len[BENCH_TURN];
    z_stream       stream;
    et_arena_t     arena;
    et_ingest_t    ingest;
    char          *row;
} bench_t;


static et_arena_t        *bench_arena;
static const et_scrub_t   bench_scrubbed = { .on = 1 };


static void
bench_fail(const char *why)
{
    fprintf(stderr, "core: %s\n", why);
    exit(1);
}


static void *
bench_malloc(size_t size)
{
    return et_arena_alloc(bench_arena, size);
}


static void
bench_free(void *p)
{
    (void) p;
}


static double
bench_cpu(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);

    return ts.tv_sec * 1e6 + ts.tv_nsec / 1e3;
}


static void
bench_load(bench_t *bench, const char *path)
{
    FILE      *f;
    uint32_t   len;

    f = fopen(path, "rb");
    if (f == NULL) {
        bench_fail("the file of events can't be read: run gen.py");
    }

    while (fread(&len, sizeof(len), 1, f) == 1) {
        bench->bodies = realloc(bench->bodies,
                                (bench->n + 1) * sizeof(bench_body_t));
        if (bench->bodies == NULL) {
            bench_fail("no memory");
        }

        bench->bodies[bench->n].len = len;
        bench->bodies[bench->n].data = malloc(len);

        if (bench->bodies[bench->n].data == NULL
            || fread(bench->bodies[bench->n].data, len, 1, f) != 1)
        {
            bench_fail("the file of events is cut");
        }

        bench->n++;
    }

    fclose(f);

    if (bench->n == 0) {
        bench_fail("the file has no events");
    }
}


static void
bench_inflate(bench_t *bench, size_t i, size_t k)
{
    z_stream      *stream;
    bench_body_t  *body;

    body = &bench->bodies[i];
    stream = &bench->stream;

    if (inflateReset(stream) != Z_OK) {
        bench_fail("zlib");
    }

    stream->next_in = (Bytef *) body->data;
    stream->avail_in = body->len;
    stream->next_out = (Bytef *) bench->text[k];
    stream->avail_out = BENCH_TEXT;

    if (inflate(stream, Z_FINISH) != Z_STREAM_END) {
        bench_fail("a body does not inflate");
    }

    bench->len[k] = BENCH_TEXT - stream->avail_out;
}


/* The envelope's three lines: its header, its item's header, its event. */

static void
bench_cjson(bench_t *bench, size_t k, int arena)
{
    char    *p, *end, *newline;
    cJSON   *root;

    et_arena_reset(&bench->arena);

    p = bench->text[k];
    end = p + bench->len[k];

    while (p < end) {
        newline = memchr(p, '\n', end - p);
        if (newline == NULL) {
            newline = end;
        }

        root = cJSON_ParseWithLength(p, newline - p);
        if (root == NULL) {
            bench_fail("a line is no JSON");
        }

        if (!arena) {
            cJSON_Delete(root);
        }

        p = newline + 1;
    }
}


/* The third line of the envelope, its event. */

static void
bench_scrub(bench_t *bench, size_t k)
{
    char    *p;
    size_t   len;

    et_arena_reset(&bench->arena);

    p = memchr(bench->text[k], '\n', bench->len[k]);
    p = memchr(p + 1, '\n', bench->text[k] + bench->len[k] - p - 1);
    len = bench->text[k] + bench->len[k] - ++p;

    if (et_scrub_json(&bench_scrubbed, &bench->arena, ET_SCRUB_EVENT, &p,
                      &len)
        != ET_OK)
    {
        bench_fail("an event can't be scrubbed");
    }
}


static void
bench_core(bench_t *bench, size_t i)
{
    et_slice_t    key;
    et_ingest_t  *ingest;
    et_request_t  request;

    ingest = &bench->ingest;

    memset(&request, 0, sizeof(et_request_t));

    request.endpoint = ET_ENDPOINT_ENVELOPE;
    request.project = BENCH_PROJECT;
    request.auth.key = et_slice_str("00000000000000000000000000000000");
    request.encodings.n = 1;
    request.encodings.list[0] = ET_ENCODING_GZIP;
    request.body = bench->bodies[i].data;
    request.len = bench->bodies[i].len;
    request.client_ip = et_slice_str("127.0.0.1");
    request.received = BENCH_RECEIVED;
    et_limits_default(&request.limits);
    request.limits.max_inflated = BENCH_TEXT;
    request.limits.max_event = BENCH_TEXT;
    request.scrub = &bench_scrubbed;

    if (et_ingest_open(ingest, &request, &key) != ET_OK
        || et_ingest_read(ingest, &request) != ET_OK
        || ingest->nevents != 1
        || et_row_size(ingest->records) > BENCH_TEXT)
    {
        bench_fail("the core refuses an event");
    }

    et_row_encode(bench->row, ingest->records, BENCH_PROJECT);
}


/* One turn of one part; the events come from place start on. */

static void
bench_turn(bench_t *bench, int part, size_t start)
{
    size_t       i, k;
    cJSON_Hooks  hooks;

    hooks.malloc_fn = bench_malloc;
    hooks.free_fn = bench_free;

    bench_arena = &bench->arena;
    cJSON_InitHooks(part == BENCH_CJSON_ARENA ? &hooks : NULL);

    for (k = 0; k < BENCH_TURN; k++) {
        i = (start + k) % bench->n;

        switch (part) {

        case BENCH_INFLATE:
            bench_inflate(bench, i, k);
            break;

        case BENCH_CJSON_ARENA:
        case BENCH_CJSON_MALLOC:
            bench_cjson(bench, k, part == BENCH_CJSON_ARENA);
            break;

        case BENCH_SCRUB:
            bench_scrub(bench, k);
            break;

        default: /* BENCH_CORE */
            bench_core(bench, i);
            break;
        }
    }

    cJSON_InitHooks(NULL);
}


int
main(int argc, char **argv)
{
    int      part, last;
    double   start, end, spent[BENCH_PARTS];
    size_t   k, events, turns;
    bench_t  bench;

    if (argc < 3) {
        fprintf(stderr, "usage: core FILE MILLISECONDS [core]\n");
        return 2;
    }

    memset(&bench, 0, sizeof(bench_t));
    memset(spent, 0, sizeof(spent));

    bench_load(&bench, argv[1]);

    et_arena_init(&bench.arena, ET_ARENA_LIMIT_SIZE, ET_ARENA_KEEP);

    bench.row = malloc(BENCH_TEXT);

    for (k = 0; k < BENCH_TURN; k++) {
        bench.text[k] = malloc(BENCH_TEXT);
        if (bench.text[k] == NULL) {
            bench_fail("no memory");
        }
    }

    if (bench.row == NULL || inflateInit2(&bench.stream, 15 + 16) != Z_OK
        || !et_ingest_init(&bench.ingest))
    {
        bench_fail("no memory");
    }

    /* for a profiler: nothing but the core's own way */

    last = argc > 3 ? BENCH_CORE : BENCH_INFLATE;
    events = 0;
    end = bench_cpu() + atof(argv[2]) * 1000;

    for (turns = 0; turns < 2 || bench_cpu() < end; turns++) {

        for (part = last; part < BENCH_PARTS; part++) {
            start = bench_cpu();
            bench_turn(&bench, part, turns * BENCH_TURN);

            /* the first turn finds everything cold */

            if (turns != 0) {
                spent[part] += bench_cpu() - start;
            }
        }

        events += (turns != 0) ? BENCH_TURN : 0;
    }

    printf("%.2f %.2f %.2f %.2f %.2f\n", spent[BENCH_INFLATE] / events,
           spent[BENCH_CJSON_ARENA] / events,
           spent[BENCH_CJSON_MALLOC] / events, spent[BENCH_CORE] / events,
           spent[BENCH_SCRUB] / events);

    return 0;
}
