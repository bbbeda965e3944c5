/*
 * An event: Sentry's JSON read once, into a typed structure whose every
 * field is normalised.
 *
 * Promise: an event is not lost for one bad field.  A field of the wrong
 * form is left empty, a long one is cut (never inside a character), and a
 * note says so; only what is no JSON object at all is refused.  Every form
 * of every field that SDKs are known to send is read (contract, section 5;
 * legacy sentry.interfaces.* keys included).
 *
 * Slices point into the JSON tree, the arena or constants, and live as long
 * as the arena.
 */

#ifndef ET_EVENT_H
#define ET_EVENT_H

#include "et_json.h"
#include "et_record.h"
#include "et_time.h"


#define ET_EVENT_ID_LEN        16

/* limits in bytes, Relay's; longer values are cut */
#define ET_MAX_RELEASE         200
#define ET_MAX_ENVIRONMENT     64
#define ET_MAX_DIST            64
#define ET_MAX_TRANSACTION     200
#define ET_MAX_CULPRIT         200
#define ET_MAX_MESSAGE         8192
#define ET_MAX_TYPE            256
#define ET_MAX_VALUE           8192
#define ET_MAX_TAG_KEY         200
#define ET_MAX_TAG_VALUE       200
#define ET_MAX_SERVER_NAME     256
#define ET_MAX_LOGGER          64
#define ET_MAX_PLATFORM        64
#define ET_MAX_USER            128     /* id, email, name, each */
#define ET_MAX_SDK             128
#define ET_MAX_TAGS            200     /* count; further tags are dropped */
#define ET_MAX_EXCEPTIONS      50      /* count; the first go, the last is
                                          the one thrown */

#define ET_MAX_NOTES           32      /* count; further notes are dropped */
#define ET_MAX_NOTE            100     /* bytes */

/* a timestamp further in the future, or older, becomes the time received */
#define ET_MAX_FUTURE          (60 * ET_SECOND)
#define ET_MAX_AGE             (30 * 86400 * ET_SECOND)

/* a sender's clock that is wrong by less is not corrected: the difference may
 * be a request that was long under way */
#define ET_MIN_DRIFT           (55 * 60 * ET_SECOND)


typedef struct {
    et_slice_t  key;
    et_slice_t  value;
} et_tag_t;

typedef struct {
    et_slice_t    type;
    et_slice_t    value;
    et_slice_t    module;
    unsigned      synthetic:1; /* mechanism.synthetic: the type means nothing */
    const cJSON  *frames;      /* an array, oldest first, or NULL */
} et_exception_t;

/*
 * What becomes a row.  Most are events; a record of another kind (see
 * et_record.h) has its own fields in the members that fit and the others in
 * attributes.
 */

typedef struct {
    unsigned char    id[ET_EVENT_ID_LEN];
    uint8_t          kind;             /* ET_RECORD_... */
    uint8_t          folded;           /* counted in the aggregate, no body */
    uint64_t         n;                /* occurrences it stands for */
    int64_t          timestamp;        /* microseconds, UTC */
    int64_t          received;
    int64_t          first_timestamp;  /* of what has a beginning: a session;
                                          0: the same as timestamp */

    et_slice_t       level;            /* fatal error warning info debug */
    et_slice_t       platform;         /* "other" where absent */
    et_slice_t       type;             /* of the exception thrown, or "" */
    et_slice_t       value;
    et_slice_t       message;          /* formatted, else the template */
    et_slice_t       message_template; /* logentry.message, else message: what
                                          a message is grouped by */
    et_slice_t       culprit;
    et_slice_t       logger;
    et_slice_t       environment;
    et_slice_t       release;
    et_slice_t       dist;
    et_slice_t       server_name;
    et_slice_t       transaction;
    et_slice_t       trace_id;         /* 32 lower-case hex, or "" */
    et_slice_t       user_id;
    et_slice_t       user_email;
    et_slice_t       user_name;
    et_slice_t       user_ip;
    et_slice_t       sdk_name;
    et_slice_t       sdk_version;
    uint64_t         user_hash;        /* of the first of id, email, name, ip;
                                          0: no user */

    et_tag_t        *tags;
    size_t           ntags;
    et_tag_t        *attributes;       /* what has no column of its own */
    size_t           nattributes;
    et_slice_t      *notes;            /* what was dropped, cut or replaced */
    size_t           nnotes;

    et_exception_t  *exceptions;       /* in the order sent, cause first */
    size_t           nexceptions;
    const cJSON     *frames;           /* of stacktrace, or of the single or
                                          crashed thread, where no exception
                                          has frames; or NULL */
    const cJSON     *contexts;         /* or NULL */
    const cJSON     *request;          /* or NULL */
    const cJSON     *fingerprint;      /* the client's: a list, or what is
                                          taken for its only element; or NULL */
    et_slice_t       checksum;         /* legacy, replaces the fingerprint */

    uint64_t         grouping_hash;    /* the fingerprint, below 2^53 */
    et_slice_t       grouping;         /* the parts that made it, as text */

    et_slice_t       payload;          /* the event's own JSON, with what is
                                          too large in it cut */
} et_event_t;

/* What an event takes from around it. */
typedef struct {
    et_slice_t  event_id;      /* the envelope's, or ""; wins over the
                                  payload's */
    et_slice_t  sdk_name;      /* the envelope's sdk, where the event has none */
    et_slice_t  sdk_version;
    et_slice_t  client_ip;     /* text */
    int64_t     received;      /* microseconds */
    int64_t     drift;         /* microseconds, added to the event's time */
    unsigned    strict_id:1;   /* a malformed payload id is ET_BAD_EVENT_ID
                                  (store); else a new one is made */
} et_event_source_t;


/*
 * Reads the payload (mutable, see et_json_parse) into *event; grouping is
 * left to et_group().  ET_OK, et_json_parse()'s reasons, ET_BAD_JSON where it
 * is no object, ET_BAD_EVENT_ID.
 */
et_reason_t et_event_parse(et_arena_t *arena, char *payload, size_t len,
    const et_event_source_t *source, et_event_t *event);

/*
 * Adds "field: what was done" to the event's notes, of at most ET_MAX_NOTE
 * bytes, unless it is there already.  An exhausted arena is told by its state.
 */
void et_event_note(et_arena_t *arena, et_event_t *event, const char *format,
    ...) __attribute__((format(printf, 3, 4)));

/*
 * By how much the sender's clock is behind, microseconds: the difference
 * between when a request says it was sent and when it was received, where
 * that is ET_MIN_DRIFT or more; else 0, also where sent_at is no time.
 */
int64_t et_event_drift(et_slice_t sent_at, int64_t received);

/* 32 hex digits of any case, or 36 characters with dashes.  1, or 0. */
int et_event_id_parse(et_slice_t text, unsigned char id[ET_EVENT_ID_LEN]);

/* A random id, version 4 (RFC 9562); 1, or 0 where there is no entropy. */
int et_event_id_make(unsigned char id[ET_EVENT_ID_LEN]);

/* 32 lower-case hex digits, no NUL. */
void et_event_id_print(const unsigned char id[ET_EVENT_ID_LEN], char out[32]);


#endif /* ET_EVENT_H */
