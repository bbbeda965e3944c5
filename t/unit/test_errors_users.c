/*
 * Pages of lists by users, put together from bounds: whatever users the errors
 * have, a page is the one that counting all of them gives, or it is said that
 * it can't be told.
 */

#include "et_errors_internal.h"
#include "et_test.h"


#define ERRORS  60
#define LISTS   20000

typedef struct {
    et_errors_filter_t  filter;
    et_error_t          errors[ERRORS];   /* all that there are */
    size_t              n;
    et_errors_t         list;
} fixture_t;


static et_arena_t  arena;
static et_call_t   call;
static uint64_t    seed = 1;


static uint64_t
any(uint64_t below)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);

    return (seed >> 33) % below;
}


/* whether a's place in the list's order is before b's */

static int
order(const et_errors_filter_t *filter, const et_error_t *a, int64_t a_key,
    const et_error_t *b, int64_t b_key)
{
    int  before;

    before = a_key != b_key ? a_key > b_key
             : a->project != b->project ? a->project > b->project
                                        : a->fingerprint > b->fingerprint;

    return filter->cursor.back ? !before : before;
}


static int64_t
true_key(const et_error_t *error)
{
    return (int64_t) error->users + 1;
}


static int
behind(const et_errors_filter_t *filter, const et_error_t *error, int64_t key)
{
    et_error_t  cursor;

    if (!filter->cursor.given) {
        return 1;
    }

    cursor.project = filter->cursor.id[0];
    cursor.fingerprint = filter->cursor.id[1];

    if (key == filter->cursor.key && error->project == cursor.project
        && error->fingerprint == cursor.fingerprint)
    {
        return 0;
    }

    return order(filter, &cursor, filter->cursor.key, error, key);
}


static void
sort(const et_errors_filter_t *filter, et_error_t *items, size_t n,
    int64_t (*key)(const et_error_t *))
{
    size_t      i, k;
    et_error_t  swap;

    for (i = 1; i < n; i++) {
        for (k = i; k > 0 && order(filter, &items[k], key(&items[k]),
                                   &items[k - 1], key(&items[k - 1])); k--)
        {
            swap = items[k];
            items[k] = items[k - 1];
            items[k - 1] = swap;
        }
    }
}


static int64_t
high(const et_error_t *error)
{
    return error->high;
}


static int64_t
low(const et_error_t *error)
{
    return error->low;
}


/* Errors, a cursor and a limit; some keys are known, and most are alike. */

static void
begin(fixture_t *f)
{
    size_t       i;
    uint64_t     spread, share;
    et_error_t  *error;

    memset(f, 0, sizeof(fixture_t));
    memset(&call, 0, sizeof(call));
    et_arena_reset(&arena);
    call.arena = &arena;

    f->n = any(ERRORS + 1);
    f->filter.limit = 1 + any(6);
    spread = 1 + any(40);
    share = any(5);

    for (i = 0; i < f->n; i++) {
        error = &f->errors[i];
        error->project = 1 + any(3);
        error->fingerprint = i + 1;
        error->users = any(spread);
        error->low = true_key(error);
        error->high = error->low;
        error->candidate = any(4) == 0;
        error->status = any(2) ? ET_STATUS_UNRESOLVED : ET_STATUS_RESOLVED;

        if (any(5) < share) {
            error->low -= (int64_t) any((uint64_t) error->low);
            error->high += (int64_t) any(1 + any(spread));
        }
    }

    if (any(3) != 0) {
        f->filter.cursor.given = 1;
        f->filter.cursor.back = any(2);
        f->filter.cursor.key = 1 + (int64_t) any(spread);
        f->filter.cursor.id[0] = 1 + any(3);
        f->filter.cursor.id[1] = 1 + any(ERRORS);
    }
}


/* What the page's query answers: ET_SQL_PAGE_MAY_BE_BEHIND and _BEFORE. */

static void
ask(fixture_t *f)
{
    size_t        i, rows;
    et_error_t   *error;
    et_cursor_t  *cursor;

    cursor = &f->filter.cursor;
    rows = 3 * (f->filter.limit + 1);
    f->list.items = et_arena_alloc(&arena, (ERRORS + 1) * sizeof(et_error_t));

    for (i = 0; i < f->n; i++) {
        error = &f->errors[i];

        if (cursor->given
            && ((cursor->back ? error->high < cursor->key
                              : error->low > cursor->key)
                || (error->low == error->high
                    && !behind(&f->filter, error, error->high))))
        {
            continue;
        }

        f->list.items[f->list.n++] = *error;
    }

    sort(&f->filter, f->list.items, f->list.n, cursor->back ? low : high);

    if (f->list.n >= rows) {
        f->list.n = rows;
        f->list.full = 1;
    }
}


/* et_errors_settle() */

static void
settle_states(et_errors_t *list)
{
    size_t  i, n;

    for (i = 0, n = 0; i < list->n; i++) {
        if (!list->items[i].candidate
            || list->items[i].status == ET_STATUS_UNRESOLVED)
        {
            list->items[n++] = list->items[i];
        }
    }

    list->n = n;
}


/* How the page differs from that of all users counted: NULL, it does not. */

static const char *
differs(fixture_t *f)
{
    size_t      i, n;
    et_error_t  all[ERRORS];

    for (i = 0, n = 0; i < f->n; i++) {
        if (behind(&f->filter, &f->errors[i], true_key(&f->errors[i]))
            && (!f->errors[i].candidate
                || f->errors[i].status == ET_STATUS_UNRESOLVED))
        {
            all[n++] = f->errors[i];
        }
    }

    sort(&f->filter, all, n, true_key);

    n = n > f->filter.limit ? f->filter.limit + 1 : n;

    if (f->list.n < n) {
        return "errors are missing";
    }

    if (f->list.n > n && n <= f->filter.limit) {
        return "there are too many";
    }

    for (i = 0; i < n; i++) {
        if (f->list.items[i].fingerprint != all[i].fingerprint
            || f->list.items[i].key != true_key(&all[i]))
        {
            return "they are others, or in another order";
        }
    }

    return NULL;
}


/* What is asked for as a whole then has all that can be on the page. */

static int
nearest_misses(const fixture_t *f)
{
    size_t  i, n;

    if (f->filter.nearest == 0) {
        return 0;
    }

    for (i = 0, n = 0; i < f->n; i++) {
        if ((f->filter.cursor.back
             ? f->errors[i].low <= f->filter.nearest
             : f->errors[i].high >= f->filter.nearest)
            && behind(&f->filter, &f->errors[i], true_key(&f->errors[i]))
            && (!f->errors[i].candidate
                || f->errors[i].status == ET_STATUS_UNRESOLVED))
        {
            n++;
        }
    }

    return n <= f->filter.limit;
}


static void
test_pages(void)
{
    size_t             i, told, untold, asked, rows;
    const char        *difference;
    static fixture_t   f;

    told = untold = asked = rows = 0;

    ET_TEST("a page of bounds is that of all users counted, or is not told") {
        for (i = 0; i < LISTS; i++) {
            begin(&f);
            ask(&f);
            rows += f.list.n;

            et_check(et_errors_choose_near(&call, &f.filter, &f.list) == 1);
            asked += f.list.n;
            settle_states(&f.list);

            if (!et_errors_settle_near(&f.filter, &f.list)) {
                untold++;
                et_check(!nearest_misses(&f));
                continue;
            }

            told++;
            difference = differs(&f);

            if (difference != NULL) {
                printf("# list %zu: %s\n", i, difference);
                et_check(difference == NULL);
                break;
            }
        }
    }

    ET_TEST("most can be told, and users of some errors alone are counted") {
        et_check(told > untold);
        et_check(untold > 0);
        et_check(asked < rows);
    }
}


static void
test_race(void)
{
    et_error_t          items[2];
    et_errors_filter_t  filter;
    et_errors_t         list;

    ET_TEST("who was seen since the page was read moves no error off it") {
        memset(&filter, 0, sizeof(filter));
        memset(&list, 0, sizeof(list));
        memset(items, 0, sizeof(items));

        filter.limit = 5;
        filter.cursor.given = 1;
        filter.cursor.key = 7;
        filter.cursor.id[0] = 1;
        filter.cursor.id[1] = 1;
        items[0].users = 9;
        items[0].low = items[0].high = 6;
        list.items = items;
        list.n = 1;
        list.rest = INT64_MIN;

        et_check(et_errors_settle_near(&filter, &list));
        et_check(list.n == 1 && items[0].key == 6);
    }

    ET_TEST("without memory the call is answered") {
        et_arena_t  small;

        et_arena_init(&small, 64, 0);
        call.arena = &small;
        memset(&list, 0, sizeof(list));
        list.n = 1000;

        et_check(et_errors_choose_near(&call, &filter, &list) == 0);

        call.arena = &arena;
        et_arena_destroy(&small);
    }
}


int
main(void)
{
    et_arena_init(&arena, 16 << 20, 0);

    test_pages();
    test_race();

    et_arena_destroy(&arena);

    return et_test_done();
}
