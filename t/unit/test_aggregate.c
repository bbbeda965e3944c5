/*
 * The aggregate: every count exact, whatever is folded, held against a model
 * that adds up in the plainest way.
 */

#include "et_aggregate.h"
#include "et_hash.h"
#include "et_test.h"


#define ET_TEST_BUFFER   (8 * 1024 * 1024)
#define ET_TEST_TIME     (1700000040 * ET_SECOND)      /* a full minute */
#define ET_TEST_FOLDS    60000
#define ET_TEST_ERRORS   2000


/* what a folded row says */
typedef struct {
    size_t       offset;
    uint64_t     n;
    int64_t      first;
    int64_t      last;
    uint64_t     project;
    uint64_t     fingerprint;
    uint64_t     users[ET_ROW_FOLD_USERS];
    unsigned     nusers;
    et_slice_t   level;
    et_slice_t   environment;
    et_slice_t   release;
    size_t       size;
} et_test_folded_t;

/* what the model says of the same */
typedef struct {
    uint64_t     n;
    int64_t      first;
    int64_t      last;
    uint64_t     project;
    uint64_t     fingerprint;
    unsigned     level;
    unsigned     release;
    unsigned     environment;
    int64_t      minute;
    uint64_t     users;                /* a bit each */
} et_test_model_t;


static et_aggregate_t    aggregate;
static char              buffer[ET_TEST_BUFFER];
static size_t            used;
static unsigned          rows;

static et_test_model_t   et_test_models[ET_TEST_ERRORS];
static unsigned          et_test_nmodels;
static uint64_t          et_test_seed;

static const char *const  et_test_levels[] = { "error", "info" };
static const char *const  et_test_releases[] = { "", "1.0", "1.1" };
static const char *const  et_test_environments[] = { "", "prod" };


static void
et_test_empty(void)
{
    et_aggregate_clear(&aggregate);
    memset(buffer, '#', sizeof(buffer));
    used = 0;
    rows = 0;
}


static et_event_t
et_test_event(uint64_t fingerprint, uint64_t user, int64_t time)
{
    et_event_t  event;

    memset(&event, 0, sizeof(event));

    event.kind = ET_RECORD_EVENT;
    event.n = 1;
    event.grouping_hash = fingerprint;
    event.user_hash = user;
    event.timestamp = time;
    event.received = time;
    event.level = et_slice_str("error");
    event.platform = et_slice_str("python");
    event.type = et_slice_str("ValueError");
    event.release = et_slice_str("1.0");
    event.environment = et_slice_str("prod");

    return event;
}


static int
et_test_fold(const et_event_t *event, uint64_t project)
{
    int     begun;
    size_t  before;

    before = used;
    begun = et_aggregate_fold(&aggregate, buffer, &used, event, project);

    et_check_int(used - before, begun ? et_row_fold_size(event) : 0);
    rows += begun;

    return begun;
}


static uint64_t
et_test_u64(size_t offset)
{
    int       i;
    uint64_t  n;

    for (n = 0, i = 7; i >= 0; i--) {
        n = n << 8 | (unsigned char) buffer[offset + i];
    }

    return n;
}


static size_t
et_test_varint(size_t *offset)
{
    size_t    n;
    unsigned  shift;

    for (n = 0, shift = 0; ; shift += 7) {
        n |= (size_t) (buffer[*offset] & 0x7f) << shift;

        if ((buffer[(*offset)++] & 0x80) == 0) {
            return n;
        }
    }
}


static et_slice_t
et_test_string(size_t *offset)
{
    size_t  len;

    len = et_test_varint(offset);
    *offset += len;

    return et_slice(buffer + *offset - len, len);
}


static et_test_folded_t
et_test_read(size_t offset)
{
    unsigned          i;
    uint64_t          user;
    et_slice_t        s;
    et_test_folded_t  row;

    memset(&row, 0, sizeof(row));

    row.offset = offset;
    row.n = et_test_u64(offset + ET_ROW_N);
    row.last = (int64_t) et_test_u64(offset + ET_ROW_LAST);
    row.first = (int64_t) et_test_u64(offset + ET_ROW_FIRST);
    row.project = et_test_u64(offset + 33);
    row.fingerprint = et_test_u64(offset + 41);

    for (i = 0; i < ET_ROW_FOLD_USERS; i++) {
        user = et_test_u64(offset + ET_ROW_USERS + 8 * i);

        if (user != 0) {
            row.users[row.nusers++] = user;
        }
    }

    offset += ET_ROW_USERS + 8 * ET_ROW_FOLD_USERS;

    for (i = 0; i < 17; i++) {
        s = et_test_string(&offset);

        if (i == 0) {
            row.level = s;

        } else if (i == 7) {
            row.environment = s;

        } else if (i == 8) {
            row.release = s;
        }
    }

    et_check_int(et_test_varint(&offset), 0);          /* tags */
    et_check_int(et_test_varint(&offset), 0);          /* attributes */
    et_check_int(et_test_varint(&offset), 0);          /* notes */

    for (i = 0; i < 4; i++) {
        (void) et_test_string(&offset);
    }

    row.size = offset - row.offset;

    return row;
}


static uint64_t
et_test_random(uint64_t n)
{
    et_test_seed = et_mix64(et_test_seed + 0x9e3779b97f4a7c15ULL);

    return et_test_seed % n;
}


static et_test_model_t *
et_test_model(uint64_t project, uint64_t fingerprint, unsigned level,
    unsigned release, unsigned environment, int64_t minute)
{
    unsigned          i;
    et_test_model_t  *m;

    for (i = 0; i < et_test_nmodels; i++) {
        m = &et_test_models[i];

        if (m->project == project && m->fingerprint == fingerprint
            && m->level == level && m->release == release
            && m->environment == environment && m->minute == minute)
        {
            return m;
        }
    }

    m = &et_test_models[et_test_nmodels++];
    memset(m, 0, sizeof(*m));

    m->project = project;
    m->fingerprint = fingerprint;
    m->level = level;
    m->release = release;
    m->environment = environment;
    m->minute = minute;

    return m;
}


/* One occurrence by chance, into the aggregate and into the model. */

static void
et_test_occur(void)
{
    unsigned          level, release, environment, user;
    int64_t           time;
    uint64_t          project, fingerprint;
    et_event_t        event;
    et_test_model_t  *m;

    project = 1 + et_test_random(2);
    fingerprint = et_test_random(15);
    level = et_test_random(2);
    release = et_test_random(3);
    environment = et_test_random(2);
    user = et_test_random(41);
    time = ET_TEST_TIME + (int64_t) et_test_random(3 * 60 * ET_SECOND);

    event = et_test_event(fingerprint, user == 0 ? 0 : 1000 + user, time);
    event.level = et_slice_str(et_test_levels[level]);
    event.release = et_slice_str(et_test_releases[release]);
    event.environment = et_slice_str(et_test_environments[environment]);

    (void) et_test_fold(&event, project);

    m = et_test_model(project, fingerprint, level, release, environment,
                      time / (60 * ET_SECOND));

    if (m->n == 0 || time < m->first) {
        m->first = time;
    }

    if (m->n == 0 || time > m->last) {
        m->last = time;
    }

    m->n++;

    if (user != 0) {
        m->users |= (uint64_t) 1 << user;
    }
}


static unsigned
et_test_find(const char *const *names, unsigned n, et_slice_t text)
{
    unsigned  i;

    for (i = 0; i < n; i++) {
        if (et_slice_eq(text, et_slice_str(names[i]))) {
            return i;
        }
    }

    et_check(0 && "a text that was never folded");

    return 0;
}


/* Sums the rows up as a reader does, and takes that from the model. */

static void
et_test_subtract(void)
{
    size_t             offset;
    unsigned           i;
    et_test_model_t   *m;
    et_test_folded_t   row;

    for (offset = 0; offset < used; offset += row.size) {
        row = et_test_read(offset);
        rows--;

        m = et_test_model(row.project, row.fingerprint,
                          et_test_find(et_test_levels, 2, row.level),
                          et_test_find(et_test_releases, 3, row.release),
                          et_test_find(et_test_environments, 2,
                                       row.environment),
                          row.first / (60 * ET_SECOND));

        et_check(row.n != 0 && row.n <= m->n);
        et_check(row.first >= m->first && row.last <= m->last);
        et_check(row.first <= row.last);
        et_check(row.last / (60 * ET_SECOND) == m->minute);

        m->n -= row.n;

        for (i = 0; i < row.nusers; i++) {
            et_check(row.users[i] > 1000 && row.users[i] <= 1040);
            m->users &= ~((uint64_t) 1 << (row.users[i] - 1000));
        }
    }

    et_check(offset == used);
    et_check_int(rows, 0);
    et_check_int(buffer[used], '#');

    for (i = 0; i < et_test_nmodels; i++) {
        et_check_int(et_test_models[i].n, 0);
        et_check_int(et_test_models[i].users, 0);
    }
}


int
main(void)
{
    unsigned           i, round;
    uint64_t           n;
    et_event_t         event, other;
    et_test_folded_t   row;

    ET_TEST("zeroed memory is an empty aggregate") {
        et_check(et_aggregate_has_room(&aggregate, ET_AGGREGATE_ROWS));
        et_check(!et_aggregate_has_room(&aggregate, ET_AGGREGATE_ROWS + 1));

        event = et_test_event(0, 0, 0);
        event.level = et_slice("", 0);
        event.release = event.level;
        event.environment = event.level;

        et_check_int(et_test_fold(&event, 0), 1);
        et_check_int(et_test_fold(&event, 0), 0);
        et_check_int(et_test_read(0).n, 2);
    }

    ET_TEST("the first occurrence begins a row, further ones count in it") {
        et_test_empty();

        event = et_test_event(7, 0, ET_TEST_TIME);

        et_check_int(et_test_fold(&event, 1), 1);
        et_check_int(et_test_read(0).n, 1);

        for (i = 0; i < 99999; i++) {
            (void) et_test_fold(&event, 1);
        }

        row = et_test_read(0);
        et_check_int(rows, 1);
        et_check_int(row.n, 100000);
        et_check_int(row.project, 1);
        et_check_int(row.fingerprint, 7);
        et_check_int(row.nusers, 0);
        et_check_int(row.size, used);
    }

    ET_TEST("first and last are the earliest and latest, in any order") {
        et_test_empty();

        event = et_test_event(7, 0, ET_TEST_TIME + 30 * ET_SECOND);
        (void) et_test_fold(&event, 1);
        event.timestamp = ET_TEST_TIME + 59 * ET_SECOND;
        (void) et_test_fold(&event, 1);
        event.timestamp = ET_TEST_TIME;
        (void) et_test_fold(&event, 1);
        event.timestamp = ET_TEST_TIME + 40 * ET_SECOND;
        (void) et_test_fold(&event, 1);

        row = et_test_read(0);
        et_check_int(rows, 1);
        et_check_int(row.n, 4);
        et_check_int(row.first, ET_TEST_TIME);
        et_check_int(row.last, ET_TEST_TIME + 59 * ET_SECOND);
    }

    ET_TEST("what counts are asked by does not share a row") {
        et_test_empty();

        event = et_test_event(7, 0, ET_TEST_TIME);
        et_check_int(et_test_fold(&event, 1), 1);
        et_check_int(et_test_fold(&event, 2), 1);

        other = event;
        other.grouping_hash = 8;
        et_check_int(et_test_fold(&other, 1), 1);

        other = event;
        other.level = et_slice_str("fatal");
        et_check_int(et_test_fold(&other, 1), 1);

        other = event;
        other.release = et_slice_str("1.1");
        et_check_int(et_test_fold(&other, 1), 1);

        other = event;
        other.environment = et_slice_str("staging");
        et_check_int(et_test_fold(&other, 1), 1);

        other = event;
        other.timestamp += 60 * ET_SECOND;
        et_check_int(et_test_fold(&other, 1), 1);

        /* the same letters, parted in another place */

        other = event;
        other.release = et_slice_str("1.0prod");
        other.environment = et_slice("", 0);
        et_check_int(et_test_fold(&other, 1), 1);

        /* and what they are not asked by does */

        other = event;
        other.user_hash = 5;
        other.server_name = et_slice_str("elsewhere");
        other.message = et_slice_str("another");
        other.timestamp += 59 * ET_SECOND;
        et_check_int(et_test_fold(&other, 1), 0);
    }

    ET_TEST("each user is in the row once, and none is no user") {
        et_test_empty();

        for (i = 0; i < 100; i++) {
            event = et_test_event(7, i % 5, ET_TEST_TIME);
            (void) et_test_fold(&event, 1);
        }

        row = et_test_read(0);
        et_check_int(row.n, 100);
        et_check_int(row.nusers, 4);

        for (i = 0; i < 4; i++) {
            et_check_int(row.users[i], i + 1);
        }
    }

    ET_TEST("the seventeenth user begins a second row, which counts on") {
        et_test_empty();

        for (i = 1; i <= 16; i++) {
            event = et_test_event(7, i, ET_TEST_TIME);
            et_check_int(et_test_fold(&event, 1), i == 1);
        }

        et_check_int(et_test_fold(&event, 1), 0);

        event = et_test_event(7, 17, ET_TEST_TIME);
        et_check_int(et_test_fold(&event, 1), 1);
        et_check_int(et_test_fold(&event, 1), 0);

        event = et_test_event(7, 0, ET_TEST_TIME);
        et_check_int(et_test_fold(&event, 1), 0);

        row = et_test_read(0);
        et_check_int(row.n, 17);
        et_check_int(row.nusers, 16);

        row = et_test_read(row.size);
        et_check_int(row.n, 3);
        et_check_int(row.nusers, 1);
        et_check_int(row.users[0], 17);
    }

    ET_TEST("many users of one error take rows, and no place in the index") {
        et_test_empty();

        for (i = 1; i <= 16 * 1000; i++) {
            event = et_test_event(7, i, ET_TEST_TIME);
            (void) et_test_fold(&event, 1);
        }

        et_check_int(rows, 1000);
        et_check(et_aggregate_has_room(&aggregate, ET_AGGREGATE_ROWS - 1));
    }

    ET_TEST("a full index has no room, and still counts what is in it") {
        et_test_empty();

        for (n = 0; n < ET_AGGREGATE_ROWS; n++) {
            et_check(et_aggregate_has_room(&aggregate, ET_AGGREGATE_ROWS - n));
            et_check(!et_aggregate_has_room(&aggregate,
                                            ET_AGGREGATE_ROWS - n + 1));

            event = et_test_event(n, 0, ET_TEST_TIME);
            et_check_int(et_test_fold(&event, 1), 1);
        }

        et_check(!et_aggregate_has_room(&aggregate, 1));
        et_check(et_aggregate_has_room(&aggregate, 0));

        for (n = 0; n < ET_AGGREGATE_ROWS; n++) {
            event = et_test_event(n, 0, ET_TEST_TIME);
            et_check_int(et_test_fold(&event, 1), 0);
        }

        for (n = 0; n < ET_AGGREGATE_ROWS; n++) {
            row = et_test_read(n * (used / ET_AGGREGATE_ROWS));
            et_check_int(row.n, 2);
            et_check_int(row.fingerprint, n);
        }
    }

    ET_TEST("a cleared aggregate knows nothing of the buffer before") {
        et_test_empty();

        et_check(et_aggregate_has_room(&aggregate, ET_AGGREGATE_ROWS));

        event = et_test_event(7, 3, ET_TEST_TIME);
        et_check_int(et_test_fold(&event, 1), 1);
        et_check_int(et_test_read(0).n, 1);
    }

    ET_TEST("clearing works when the count of rounds has wrapped round") {
        et_test_empty();
        event = et_test_event(7, 0, ET_TEST_TIME);

        aggregate.round = UINT32_MAX - 1;
        et_check_int(et_test_fold(&event, 1), 1);

        for (i = 0; i < 4; i++) {
            et_aggregate_clear(&aggregate);
            et_check(aggregate.round != 0);
            et_check_int(et_test_fold(&event, 1), 1);
            et_check_int(et_test_fold(&event, 1), 0);
        }
    }

    ET_TEST("rows sum up to what a plain model has counted") {
        et_test_seed = 20231114;

        for (round = 0; round < 3; round++) {
            et_test_empty();
            et_test_nmodels = 0;

            for (i = 0; i < ET_TEST_FOLDS; i++) {
                et_test_occur();
            }

            et_check(et_test_nmodels > 500);
            et_check(rows > et_test_nmodels);
            et_test_subtract();
        }
    }

    return et_test_done();
}
