/*
 * What is shown of errors, and one error.
 */

#include "et_errors_internal.h"
#include "et_errors_sql.h"
#include "et_hash.h"
#include "et_time.h"


/* parts of a version that are compared */
#define ET_RELEASE_NUMBERS  8

/* pairs of a parameter, 39 bytes each at the most: see ET_SQL_THESE */
#define ET_ERRORS_THESE     3000


static int et_errors_know_users(const et_errors_t *list);
static et_status_t et_errors_status(et_slice_t name);
static int et_errors_ask_releases(et_call_t *call, const et_errors_t *list);
static int et_errors_read_decisions(et_call_t *call, et_slice_t answer,
    et_errors_t *list);
static int et_errors_read_releases(et_call_t *call, et_slice_t answer,
    et_errors_t *list);
static int et_errors_release_counts(const et_error_t *error,
    et_slice_t release, int64_t first_seen, int64_t last_seen);
static size_t et_release_version(et_slice_t release, uint64_t *numbers);
static int et_errors_read_details(et_call_t *call, et_slice_t answer,
    et_errors_t *list);
static int et_errors_read_counts(et_call_t *call, et_slice_t answer,
    et_errors_t *list);
static et_error_t *et_errors_find(const et_errors_t *list, uint64_t project,
    uint64_t fingerprint);
static int et_errors_make_index(et_call_t *call, et_errors_t *list);
static int et_errors_unreadable(et_call_t *call);
static void et_errors_ask_these(et_call_t *call, et_sql_t *query,
    const et_errors_t *list);


void
et_errors_ask_shown(et_call_t *call, const et_errors_t *list)
{
    et_sql_t  *query;

    query = et_call_query(call, ET_SQL_SHOWN_COLUMNS);
    query->small = 1;

    et_sql_add(query, ET_SQL_SHOWN);
    et_sql_add(query, et_errors_know_users(list) ? ET_SQL_SHOWN_KNOWN
                                                 : ET_SQL_SHOWN_USERS);
    et_sql_add(query, ET_SQL_SHOWN_FROM);
    et_errors_ask_these(call, query, list);
    et_sql_add(query, ET_SQL_SHOWN_END);

    if (list->buckets.n != 0) {
        query = et_call_query(call, ET_SQL_COUNTS_COLUMNS);

        /* in all threads: it takes longest of the three */

        et_sql_add(query, ET_SQL_COUNTS);
        et_sql_i64(query, "from", list->buckets.from);
        et_sql_i64(query, "step", list->buckets.step);
        et_errors_ask_these(call, query, list);
        et_sql_add(query, ET_SQL_COUNTS_END);
    }

    if (list->decided) {
        query = et_call_query(call, ET_SQL_DECISIONS_COLUMNS);
        query->small = 1;

        et_sql_add(query, ET_SQL_DECISIONS);
        et_errors_ask_these(call, query, list);
        et_sql_add(query, ET_SQL_DECISIONS_END);
    }
}


/* Users take as long to read as all else that is shown. */

static int
et_errors_know_users(const et_errors_t *list)
{
    size_t  i;

    for (i = 0; i < list->n && list->items[i].known; i++) { /* void */ }

    return i == list->n;
}


static void
et_errors_ask_these(et_call_t *call, et_sql_t *query, const et_errors_t *list)
{
    size_t     i, n;
    unsigned   k;
    uint64_t  (*pairs)[2];

    pairs = et_arena_alloc(call->arena, (list->n + 1) * sizeof(*pairs));
    if (pairs == NULL) {
        call->failed = 1;
        return;
    }

    for (i = 0; i < list->n; i++) {
        pairs[i][0] = list->items[i].project;
        pairs[i][1] = list->items[i].fingerprint;
    }

    for (i = 0, k = 0; i < list->n; i += n, k++) {
        n = list->n - i < ET_ERRORS_THESE ? list->n - i : ET_ERRORS_THESE;

        et_sql_add_n(query, k == 0 ? ET_SQL_THESE : ET_SQL_OR_THESE, k);
        et_sql_pairs(query, et_sql_name(query, "errors%u", k),
                     (const uint64_t (*)[2]) &pairs[i], n);
    }
}


int
et_errors_read_shown(et_call_t *call, const et_slice_t *answers,
    et_errors_t *list)
{
    size_t       i;
    et_error_t  *error;

    if (list->released) {
        if (!et_errors_read_releases(call, answers[0], list)) {
            return 0;
        }

    } else {
        if (!et_errors_make_index(call, list)
            || !et_errors_read_details(call, *answers++, list)
            || (list->buckets.n != 0
                && !et_errors_read_counts(call, *answers++, list))
            || (list->decided
                && !et_errors_read_decisions(call, *answers++, list)))
        {
            return 0;
        }

        if (et_errors_ask_releases(call, list)) {
            list->released = 1;
            return -1;
        }
    }

    for (i = 0; i < list->n; i++) {
        error = &list->items[i];

        /* what the page was asked for, though it has changed since */

        error->status = list->status != ET_STATUS_ANY && !error->candidate
                        ? list->status : et_error_state(error, call->now);
        error->regressed = error->decided == ET_STATUS_RESOLVED
                           && error->status == ET_STATUS_UNRESOLVED;
    }

    return 1;
}


/* Where one of them was resolved in a release: 1, and a query is added. */

static int
et_errors_ask_releases(et_call_t *call, const et_errors_t *list)
{
    size_t     i;
    et_sql_t  *query;

    for (i = 0; i < list->n; i++) {
        if (list->items[i].decided == ET_STATUS_RESOLVED
            && list->items[i].resolved_in.len != 0)
        {
            break;
        }
    }

    if (i == list->n) {
        return 0;
    }

    query = et_call_query(call, ET_SQL_RELEASES_COLUMNS);

    et_sql_add(query, ET_SQL_RELEASES);
    et_errors_ask_these(call, query, list);
    et_sql_add(query, ET_SQL_RELEASES_END);

    return 1;
}


static int
et_errors_read_details(et_call_t *call, et_slice_t answer, et_errors_t *list)
{
    et_error_t   *error;
    et_value_t   *row;
    et_result_t   result;

    et_result_open(&result, ET_SQL_SHOWN_COLUMNS, answer);

    row = result.row;

    while (et_result_next(&result)) {
        error = et_errors_find(list, row[0].u, row[1].u);

        if (error == NULL) {
            continue;
        }

        error->first_seen = row[2].i;
        error->last_seen = row[3].i;
        error->n = row[4].u;
        error->level = row[5].s;
        error->platform = row[6].s;
        error->type = row[7].s;
        error->value = row[8].s;
        error->message = row[9].s;
        error->culprit = row[10].s;
        error->logger = row[11].s;
        error->environment = row[12].s;
        error->first_event = row[13].s;
        error->last_event = row[14].s;
        error->first_release = row[15].s;
        error->last_release = row[16].s;

        if (!error->known) {
            error->users = row[17].u;
        }
    }

    return result.bad ? et_errors_unreadable(call) : 1;
}


static int
et_errors_read_counts(et_call_t *call, et_slice_t answer, et_errors_t *list)
{
    size_t        i;
    uint64_t     *counts;
    et_error_t   *error;
    et_value_t   *row;
    et_result_t   result;

    counts = et_arena_zalloc(call->arena, (list->n * list->buckets.n + 1)
                                          * sizeof(uint64_t));
    if (counts == NULL) {
        et_call_no_memory(call);
        return 0;
    }

    for (i = 0; i < list->n; i++) {
        list->items[i].counts = counts + i * list->buckets.n;
    }

    et_result_open(&result, ET_SQL_COUNTS_COLUMNS, answer);

    row = result.row;

    while (et_result_next(&result)) {
        error = et_errors_find(list, row[0].u, row[1].u);

        /* a client's clock may be ahead of the last bucket */

        if (error != NULL && row[2].i >= 0
            && (uint64_t) row[2].i < list->buckets.n)
        {
            error->counts[row[2].i] += row[3].u;
        }
    }

    return result.bad ? et_errors_unreadable(call) : 1;
}


static int
et_errors_read_decisions(et_call_t *call, et_slice_t answer,
    et_errors_t *list)
{
    et_error_t   *error;
    et_value_t   *row;
    et_result_t   result;

    et_result_open(&result, ET_SQL_DECISIONS_COLUMNS, answer);

    row = result.row;

    while (et_result_next(&result)) {
        error = et_errors_find(list, row[0].u, row[1].u);

        if (error == NULL) {
            continue;
        }

        error->decided = et_errors_status(row[2].s);
        error->changed = row[3].i;
        error->changed_by = row[4].s;
        error->resolved_in = row[5].s;
        error->after_release = row[6].u != 0;
        error->until = row[7].i;
        error->until_n = row[8].u;
        error->until_users = row[9].u;
        error->assigned_to = row[10].s;
    }

    return result.bad ? et_errors_unreadable(call) : 1;
}


static et_status_t
et_errors_status(et_slice_t name)
{
    unsigned  i;

    for (i = ET_STATUS_UNRESOLVED; i <= ET_STATUS_IGNORED; i++) {
        if (et_slice_eq(name, et_status_name((et_status_t) i))) {
            return (et_status_t) i;
        }
    }

    return ET_STATUS_ANY;
}


static int
et_errors_read_releases(et_call_t *call, et_slice_t answer, et_errors_t *list)
{
    et_error_t   *error;
    et_value_t   *row;
    et_result_t   result;

    et_result_open(&result, ET_SQL_RELEASES_COLUMNS, answer);

    row = result.row;

    while (et_result_next(&result)) {
        error = et_errors_find(list, row[0].u, row[1].u);

        if (error != NULL
            && et_errors_release_counts(error, row[2].s, row[3].i, row[4].i))
        {
            error->reached = 1;
        }
    }

    return result.bad ? et_errors_unreadable(call) : 1;
}


/* ET_SQL_REACHED for one release of one error. */

static int
et_errors_release_counts(const et_error_t *error, et_slice_t release,
    int64_t first_seen, int64_t last_seen)
{
    int  after;

    if (error->decided != ET_STATUS_RESOLVED || error->resolved_in.len == 0
        || last_seen <= error->changed)
    {
        return 0;
    }

    if (et_slice_eq(release, error->resolved_in)) {
        return !error->after_release;
    }

    after = et_release_after(release, error->resolved_in);

    return after == -1 ? first_seen > error->changed : after;
}


void
et_errors_ask_regression(et_call_t *call, const et_error_t *error)
{
    et_sql_t  *query;

    query = et_call_query(call, ET_SQL_REGRESSION_COLUMNS);

    et_sql_add(query, ET_SQL_REGRESSION);
    et_sql_u64(query, "project", error->project);
    et_sql_u64(query, "fingerprint", error->fingerprint);
    et_sql_i64(query, "changed", error->changed);

    if (error->resolved_in.len != 0) {
        et_sql_add(query, ET_SQL_REGRESSION_RELEASE);
        et_sql_str(query, "release", error->resolved_in);
        et_sql_u64(query, "after", error->after_release);
    }

    et_sql_add(query, ET_SQL_REGRESSION_END);
}


int
et_errors_read_regression(et_call_t *call, et_slice_t answer,
    et_error_t *error)
{
    et_result_t  result;

    et_result_open(&result, ET_SQL_REGRESSION_COLUMNS, answer);

    if (et_result_next(&result)) {
        error->came_back = result.row[0].i;
        error->came_back_in = result.row[1].s;
    }

    return result.bad ? et_errors_unreadable(call) : 1;
}


et_status_t
et_error_state(const et_error_t *error, int64_t now)
{
    switch (error->decided) {

    case ET_STATUS_RESOLVED:
        if (error->last_seen <= error->changed
            || (error->resolved_in.len != 0 && !error->reached))
        {
            return ET_STATUS_RESOLVED;
        }

        break;

    case ET_STATUS_IGNORED:
        if ((error->until > 0 && error->until <= now)
            || (error->until_n != 0 && error->n >= error->until_n)
            || (error->until_users != 0 && error->users >= error->until_users))
        {
            break;
        }

        return ET_STATUS_IGNORED;

    default:
        break;
    }

    return ET_STATUS_UNRESOLVED;
}


int
et_release_after(et_slice_t release, et_slice_t other)
{
    size_t    i, na, nb;
    uint64_t  a[ET_RELEASE_NUMBERS], b[ET_RELEASE_NUMBERS];

    na = et_release_version(release, a);
    nb = et_release_version(other, b);

    if (na < 2 || nb < 2) {
        return -1;
    }

    for (i = 0; i < na && i < nb; i++) {
        if (a[i] != b[i]) {
            return a[i] > b[i];
        }
    }

    return na > nb;
}


/* The numbers of "name@1.2.3-rc1", "v1.2" or "1.2.3": 1, 2, 3.  How many. */

static size_t
et_release_version(et_slice_t release, uint64_t *numbers)
{
    char      c;
    size_t    i, n;
    uint64_t  number;

    i = 0;

    for (n = 0; n < release.len; n++) {
        if (release.data[n] == '@') {
            i = n + 1;
        }
    }

    if (i < release.len && release.data[i] == 'v') {
        i++;
    }

    for (n = 0; n < ET_RELEASE_NUMBERS; i++) {

        if (i >= release.len || release.data[i] < '0' || release.data[i] > '9')
        {
            break;
        }

        number = 0;

        for ( /* void */ ; i < release.len; i++) {
            c = release.data[i];

            if (c < '0' || c > '9') {
                break;
            }

            number = number > UINT64_MAX / 10 - 10 ? 0
                     : number * 10 + (uint64_t) (c - '0');
        }

        numbers[n++] = number;

        if (i == release.len || release.data[i] != '.') {
            break;
        }
    }

    return n;
}


static et_error_t *
et_errors_find(const et_errors_t *list, uint64_t project,
    uint64_t fingerprint)
{
    size_t       i;
    et_error_t  *error;

    for (i = et_mix64(project ^ fingerprint) & list->mask;
         list->index[i] != 0;
         i = (i + 1) & list->mask)
    {
        error = &list->items[list->index[i] - 1];

        if (error->fingerprint == fingerprint && error->project == project) {
            return error;
        }
    }

    return NULL;
}


/* What et_errors_find() looks in, at most half full. */

static int
et_errors_make_index(et_call_t *call, et_errors_t *list)
{
    size_t  i, k, size;

    for (size = 16; size < 2 * list->n; size *= 2) { /* void */ }

    list->index = et_arena_zalloc(call->arena, size * sizeof(uint32_t));

    if (list->index == NULL) {
        et_call_no_memory(call);
        return 0;
    }

    list->mask = size - 1;

    for (k = 0; k < list->n; k++) {
        i = et_mix64(list->items[k].project ^ list->items[k].fingerprint)
            & list->mask;

        while (list->index[i] != 0) {
            i = (i + 1) & list->mask;
        }

        list->index[i] = (uint32_t) k + 1;
    }

    return 1;
}


void
et_errors_ask_one(et_call_t *call, const uint64_t *project,
    const uint64_t *fingerprint, const et_buckets_t *buckets)
{
    et_error_t   error;
    et_errors_t  list;

    memset(&error, 0, sizeof(et_error_t));
    memset(&list, 0, sizeof(et_errors_t));

    error.project = *project;
    error.fingerprint = *fingerprint;

    list.items = &error;
    list.n = 1;
    list.decided = 1;
    list.buckets = *buckets;

    et_errors_ask_shown(call, &list);
}


int
et_errors_read_one(et_call_t *call, const et_slice_t *answers,
    uint64_t project, uint64_t fingerprint, const et_buckets_t *buckets,
    et_errors_t *list)
{
    int  rc;

    if (list->items == NULL) {
        list->items = et_arena_zalloc(call->arena, sizeof(et_error_t));
        if (list->items == NULL) {
            et_call_no_memory(call);
            return 0;
        }

        list->items->project = project;
        list->items->fingerprint = fingerprint;
        list->n = 1;
        list->decided = 1;
        list->buckets = *buckets;
    }

    rc = et_errors_read_shown(call, answers, list);

    if (rc != 1) {
        return rc;
    }

    if (list->items->n == 0) {
        et_call_fail(call, 404, "no such error");
        return 0;
    }

    return 1;
}


void
et_buckets_of(et_buckets_t *buckets, int64_t period, int64_t now)
{
    size_t   i;
    int64_t  last;

    static const struct {
        int64_t  period;       /* up to, seconds */
        int64_t  step;
    } steps[] = {
        { 1800, 60 },
        { 3600, 300 },
        { 2 * 86400, 3600 },
        { 90 * 86400, 86400 }
    };

    period /= ET_SECOND;
    last = now / ET_SECOND;

    for (i = 0; i < sizeof(steps) / sizeof(steps[0]) - 1; i++) {
        if (period <= steps[i].period) {
            break;
        }
    }

    buckets->step = steps[i].step;
    buckets->n = (size_t) (period / buckets->step);

    if (buckets->n > ET_ERRORS_BUCKETS) {
        buckets->n = ET_ERRORS_BUCKETS;
    }

    if (buckets->n == 0) {
        buckets->n = 1;
    }

    buckets->from = last - last % buckets->step
                    - (int64_t) (buckets->n - 1) * buckets->step;
}


static int
et_errors_unreadable(et_call_t *call)
{
    et_call_unreadable(call);

    return 0;
}
