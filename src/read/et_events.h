/*
 * Events as they were kept: those of an error or of a project, one page after
 * the other, and one by its id.
 */

#ifndef ET_EVENTS_H
#define ET_EVENTS_H

#include "et_cursor.h"
#include "et_discover.h"
#include "et_result.h"
#include "et_time.h"


/* bytes of payloads on a page: it ends before its limit rather than to be too
 * large, but has an event at least */
#define ET_EVENTS_PAGE_BYTES  (4 * 1024 * 1024)

/* microseconds: 2300, which no event's time reaches */
#define ET_EVENTS_END  (INT64_C(10413792000) * ET_SECOND)


/* When an error was seen, and how often. */
typedef struct {
    int64_t       first_seen;
    int64_t       last_seen;
    uint64_t      n;           /* 0: it is not known */
} et_span_t;

typedef enum {
    ET_EVENTS_BEGIN = 0,
    ET_EVENTS_SPAN,
    ET_EVENTS_GUESS,
    ET_EVENTS_TIMES,
    ET_EVENTS_PAGE
} et_events_phase_t;

typedef struct {
    uint64_t      project;
    uint64_t      fingerprint;
    et_span_t     span;        /* where it is known; it is asked for else */
    unsigned      whole_project:1;  /* whatever their fingerprint */
    unsigned      wide:1;      /* with what rows have beyond the payload */
    unsigned      no_payload:1;
    unsigned      one_payload:1;    /* that of the first alone */
    int           oldest_first;
    et_cursor_t   cursor;
    uint64_t      limit;

    /* those that a search finds, in a period, which reads them all; or NULL */
    const et_discover_t  *found;

    /* of et_events_step() */
    et_events_phase_t  phase;
    uint64_t      window;      /* rows that are looked at */
    uint64_t      seen;        /* of them there are */
    int64_t       from;        /* their times */
    int64_t       to;
    unsigned      all:1;       /* the guess is all there is */
} et_events_filter_t;

typedef struct {
    uint64_t      project;
    uint64_t      fingerprint;
    et_slice_t    id;          /* 32 hexadecimal digits */
    uint64_t      id_high;     /* the same, for cursors */
    uint64_t      id_low;
    int64_t       timestamp;
    int64_t       received;
    et_slice_t    level;
    et_slice_t    platform;
    et_slice_t    type;        /* "": a message */
    et_slice_t    value;
    et_slice_t    message;
    et_slice_t    culprit;
    et_slice_t    environment;
    et_slice_t    release;
    et_slice_t    payload;     /* JSON */

    /* where it is asked for */
    et_slice_t    logger;
    et_slice_t    dist;
    et_slice_t    transaction;
    et_slice_t    server_name;
    et_slice_t    trace_id;
    et_slice_t    user_id;
    et_slice_t    user_email;
    et_slice_t    user_name;
    et_slice_t    user_ip;
    et_slice_t    sdk_name;
    et_slice_t    sdk_version;
    et_value_t    tags;        /* M */
    et_value_t    notes;       /* S */
} et_event_row_t;

typedef struct {
    et_event_row_t  *items;
    size_t           n;
    unsigned         more:1;   /* behind the last one, and before the first, */
    unsigned         before:1; /* in the order of the list */
} et_events_t;


/*
 * A page of an error's events: to be called at each step with the answer of
 * the one before, until it is ET_CALL_READ.  Rows without a body, which a storm
 * leaves, are none of the list.
 */
et_call_rc_t et_events_step(et_call_t *call, et_events_filter_t *filter,
    et_events_t *list);

void et_events_link(et_call_t *call, const et_events_filter_t *filter,
    const et_events_t *list);
void et_events_link_sentry(et_call_t *call, const et_events_t *list);

/*
 * The event of an id (32 hexadecimal digits, or with dashes), wide; of any of
 * these projects, and of a fingerprint where it is not 0.
 */
void et_event_ask(et_call_t *call, et_slice_t id, const uint64_t *projects,
    size_t nprojects, uint64_t fingerprint);

/* 1; 0 where there is none, or the call is answered (502, 503): status says. */
int et_event_read(et_call_t *call, et_slice_t answer, et_event_row_t *event);

/* 1 where the text is an event's id, in either form. */
int et_event_id_known(et_slice_t id);

/* The ids of the events after and before that one, of the same error. */
void et_event_ask_beside(et_call_t *call, const et_event_row_t *event);
int et_event_read_beside(et_call_t *call, const et_slice_t *answers,
    et_slice_t *next, et_slice_t *previous);

/* A project's newest messages, events without an exception: no pages. */
void et_messages_ask(et_call_t *call, uint64_t project, uint64_t limit);
int et_messages_read(et_call_t *call, et_slice_t answer, uint64_t limit,
    et_events_t *list);


#endif /* ET_EVENTS_H */
