/*
 * Lists of errors, and one error: what every read API shows of them.
 *
 * A list is read in steps: which errors are on its page, from the narrow
 * columns of the projects' errors; then what is shown of these few: names,
 * users, state, counts of a period.  So the cost of a page is that of the
 * number of errors of its projects, and never that of their events.
 */

#ifndef ET_ERRORS_H
#define ET_ERRORS_H

#include "et_cursor.h"
#include "et_search.h"


#define ET_ERRORS_BUCKETS  400 /* of a period, at the most */


typedef enum {
    ET_SORT_LAST_SEEN = 0,
    ET_SORT_FIRST_SEEN,
    ET_SORT_FREQUENCY,
    ET_SORT_USERS,
    ET_SORT_COUNT
} et_error_sort_t;

/* A period that is counted in buckets: "from" is a multiple of "step". */
typedef struct {
    int64_t           from;           /* seconds */
    int64_t           step;           /* seconds */
    size_t            n;              /* buckets; 0: none is asked */
} et_buckets_t;

typedef enum {
    ET_ERRORS_BEGIN = 0,
    ET_ERRORS_NEEDS,
    ET_ERRORS_PAGE,
    ET_ERRORS_SHOWN
} et_errors_phase_t;

typedef struct {
    const uint64_t   *projects;
    size_t            nprojects;
    et_error_sort_t   sort;
    et_search_t       search;
    const et_slice_t *environments;   /* seen in one of these; n 0: all */
    size_t            nenvironments;
    int64_t           since;          /* last seen then or later; 0: ever */
    int64_t           until;          /* first seen before; 0: ever */

    et_cursor_t       cursor;
    uint64_t          limit;
    et_buckets_t      buckets;        /* counted of each */
    unsigned          all:1;          /* projects: all that there are */
    unsigned          brief:1;        /* of a decision, the state is enough */
    unsigned          bare:1;         /* which they are is enough */

    /* of et_errors_step() */
    et_errors_phase_t phase;
    unsigned          whole:1;        /* candidates, or bounds, did not do */
    int64_t           nearest;        /* by users: the last one's key, as far as
                                         they went; 0: not known */
    unsigned          asking_decided:1;
    unsigned          asking_changed:1;
    unsigned          know_decided:1;
    unsigned          know_changed:1;

    /* how many errors of the projects */
    uint64_t          decided;        /* are resolved or ignored */
    uint64_t          released;       /* in a release */
    uint64_t          by_users;       /* until they have so many users */
    uint64_t          changed;        /* have been seen since the first page */
} et_errors_filter_t;

typedef struct {
    uint64_t          project;
    uint64_t          fingerprint;
    int64_t           key;            /* of the sort */
    int64_t           low;            /* the least and the greatest that it */
    int64_t           high;           /* can be, by users */
    et_status_t       status;         /* as it is now */
    et_status_t       decided;        /* as somebody has decided; ANY: nobody */
    int64_t           changed;        /* when */
    et_slice_t        changed_by;
    et_slice_t        resolved_in;    /* a release */
    unsigned          after_release:1;
    unsigned          regressed:1;    /* resolved, and seen again */
    unsigned          reached:1;      /* seen in a release that counts */
    unsigned          candidate:1;    /* its state is to be seen yet */
    unsigned          known:1;        /* its users, from the page */
    int64_t           until;          /* ignored: see 007_error_status.sql */
    uint64_t          until_n;
    uint64_t          until_users;
    et_slice_t        assigned_to;

    int64_t           first_seen;
    int64_t           last_seen;
    uint64_t          n;
    uint64_t          users;
    et_slice_t        level;
    et_slice_t        platform;
    et_slice_t        type;           /* "": a message */
    et_slice_t        value;
    et_slice_t        message;
    et_slice_t        culprit;
    et_slice_t        logger;
    et_slice_t        environment;
    et_slice_t        first_event;    /* ids: 32 hexadecimal digits */
    et_slice_t        last_event;
    et_slice_t        first_release;
    et_slice_t        last_release;
    uint64_t         *counts;         /* of the buckets */

    /* set by et_errors_read_regression() */
    int64_t           came_back;
    et_slice_t        came_back_in;   /* a release; "": none */
} et_error_t;

typedef struct {
    et_error_t       *items;
    size_t            n;
    int64_t           asof;           /* when the first page was read */
    unsigned          more:1;         /* behind the last one, in the */
    unsigned          before:1;       /* order of the list, and before */
    et_status_t       status;         /* that was asked for; ANY: see each */
    unsigned          candidates:1;   /* some are, yet */
    unsigned          full:1;         /* there may be more than were read */
    unsigned          bounded:1;      /* users are known within bounds, and */
    int64_t           rest;           /* this is the nearest key of what was
                                         left out; INT64_MIN: nothing was */
    unsigned          decided:1;      /* decisions are asked, too */
    unsigned          released:1;     /* releases have been asked */
    et_buckets_t      buckets;

    uint32_t         *index;          /* a hash table: places + 1; 0: none */
    size_t            mask;
} et_errors_t;


/*
 * A list: to be called at each step with the answers to what it asked at the
 * one before, until it is ET_CALL_READ; it asks for up to 3 queries.  A bare
 * one has what a page knows of each: ids, key, first_seen, last_seen, n.
 */
et_call_rc_t et_errors_step(et_call_t *call, const et_slice_t *answers,
    et_errors_filter_t *filter, et_errors_t *list);

/* The cursors of the pages behind and before the one that was read, as GitLab
 * and as Sentry's clients read them. */
void et_errors_link_sentry(et_call_t *call, const et_errors_t *list);
void et_errors_link(et_call_t *call, const et_errors_filter_t *filter,
    const et_errors_t *list);

/* One error: adds up to three queries to the step. */
void et_errors_ask_one(et_call_t *call, const uint64_t *project,
    const uint64_t *fingerprint, const et_buckets_t *buckets);

/* 1; 0 where the call is answered, 404 where there is no such error; -1 where
 * something more is asked, and this is to be called again at the next step.
 * The list is zeroed before the first time. */
int et_errors_read_one(et_call_t *call, const et_slice_t *answers,
    uint64_t project, uint64_t fingerprint, const et_buckets_t *buckets,
    et_errors_t *list);

/*
 * When and in which release a regressed error was seen again first: adds a
 * query to the step, and reads it; came_back stays 0 where the event is gone.
 */
void et_errors_ask_regression(et_call_t *call, const et_error_t *error);
int et_errors_read_regression(et_call_t *call, et_slice_t answer,
    et_error_t *error);

/* What an error's state is, from what was decided and seen. */
et_status_t et_error_state(const et_error_t *error, int64_t now);

/* Whether a release comes after another by their versions: 1, 0, or -1 where
 * they have none that can be compared. */
int et_release_after(et_slice_t release, et_slice_t other);

/* The buckets of a period that ends now, of some fixed width: 24 hours of an
 * hour each, 30 days of a day each. */
void et_buckets_of(et_buckets_t *buckets, int64_t period, int64_t now);


#endif /* ET_ERRORS_H */
