/*
 * A page of a list by users.
 *
 * Users are costly to count, so only how many there were when these were last
 * counted is read of every error: see counted_users in 004_errors.sql.  That,
 * and what has been seen since, bounds each one's key.  Users are counted of
 * those alone that can be on the page; and where these are more than were asked
 * for, it is asked for as a whole.
 *
 * Backwards all is mirrored: the nearer the cursor the less.
 */

#include <stdlib.h>

#include "et_errors_internal.h"


static int et_errors_is_sure(const et_errors_filter_t *filter,
    const et_error_t *error);
static int64_t et_errors_nearest(const et_errors_filter_t *filter,
    const et_error_t *error);
static int64_t et_errors_farthest(const et_errors_filter_t *filter,
    const et_error_t *error);
static int64_t et_errors_near(const et_errors_filter_t *filter, int64_t key);
static int et_errors_is_behind(const et_errors_filter_t *filter,
    const et_error_t *error);
static int et_errors_order_keys(const void *a, const void *b);
static int et_errors_order_desc(const void *a, const void *b);
static int et_errors_order_asc(const void *a, const void *b);


int
et_errors_choose_near(et_call_t *call, const et_errors_filter_t *filter,
    et_errors_t *list)
{
    size_t    i, n;
    int64_t  *keys, last;

    keys = et_arena_alloc(call->arena, (list->n + 1) * sizeof(int64_t));
    if (keys == NULL) {
        et_call_no_memory(call);
        return 0;
    }

    for (n = 0, i = 0; i < list->n; i++) {
        if (et_errors_is_sure(filter, &list->items[i])) {
            keys[n++] = et_errors_farthest(filter, &list->items[i]);
        }
    }

    last = INT64_MIN;

    if (n > filter->limit) {
        qsort(keys, n, sizeof(int64_t), et_errors_order_keys);
        last = keys[filter->limit];
    }

    for (i = 0; i < list->n; i++) {
        if (et_errors_nearest(filter, &list->items[i]) < last) {
            break;
        }
    }

    list->bounded = 1;
    list->rest = INT64_MIN;

    if (i < list->n) {
        list->rest = et_errors_nearest(filter, &list->items[i]);

    } else if (list->full) {
        list->rest = et_errors_nearest(filter, &list->items[i - 1]);
    }

    list->n = i;

    return 1;
}


int
et_errors_settle_near(et_errors_filter_t *filter, et_errors_t *list)
{
    size_t       i, n;
    et_error_t  *error;

    for (i = 0, n = 0; i < list->n; i++) {
        error = &list->items[i];

        /* within the bounds, so that it stays on the page where the query has
         * found it though another user has seen it since */

        error->key = (int64_t) error->users + 1;
        error->key = error->key < error->low ? error->low : error->key;
        error->key = error->key > error->high ? error->high : error->key;

        if (et_errors_is_behind(filter, error)) {
            list->items[n++] = *error;
        }
    }

    list->n = n;

    qsort(list->items, n, sizeof(et_error_t),
          filter->cursor.back ? et_errors_order_asc : et_errors_order_desc);

    filter->nearest = n > filter->limit ? list->items[filter->limit].key : 0;

    return list->rest == INT64_MIN
           || (n > filter->limit
               && et_errors_near(filter, filter->nearest) > list->rest);
}


/* Whether it is certainly on the page, or behind it. */

static int
et_errors_is_sure(const et_errors_filter_t *filter, const et_error_t *error)
{
    if (error->candidate) {
        return 0;
    }

    return error->low == error->high || !filter->cursor.given
           || et_errors_nearest(filter, error)
              < et_errors_near(filter, filter->cursor.key);
}


/* The greatest key is the nearest; backwards the least. */

static int64_t
et_errors_nearest(const et_errors_filter_t *filter, const et_error_t *error)
{
    return et_errors_near(filter, filter->cursor.back ? error->low
                                                      : error->high);
}


static int64_t
et_errors_farthest(const et_errors_filter_t *filter, const et_error_t *error)
{
    return et_errors_near(filter, filter->cursor.back ? error->high
                                                      : error->low);
}


static int64_t
et_errors_near(const et_errors_filter_t *filter, int64_t key)
{
    return filter->cursor.back ? -key : key;
}


static int
et_errors_is_behind(const et_errors_filter_t *filter, const et_error_t *error)
{
    et_error_t  cursor;

    if (!filter->cursor.given) {
        return 1;
    }

    cursor.key = filter->cursor.key;
    cursor.project = filter->cursor.id[0];
    cursor.fingerprint = filter->cursor.id[1];

    return filter->cursor.back ? et_errors_order_asc(error, &cursor) > 0
                               : et_errors_order_desc(error, &cursor) > 0;
}


static int
et_errors_order_keys(const void *a, const void *b)
{
    int64_t  left, right;

    left = *(const int64_t *) a;
    right = *(const int64_t *) b;

    return (left < right) - (left > right);
}


static int
et_errors_order_desc(const void *a, const void *b)
{
    return et_errors_order_asc(b, a);
}


static int
et_errors_order_asc(const void *a, const void *b)
{
    const et_error_t  *left, *right;

    left = a;
    right = b;

    if (left->key != right->key) {
        return left->key < right->key ? -1 : 1;
    }

    if (left->project != right->project) {
        return left->project < right->project ? -1 : 1;
    }

    return (left->fingerprint > right->fingerprint)
           - (left->fingerprint < right->fingerprint);
}
