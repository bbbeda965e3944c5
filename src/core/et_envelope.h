/*
 * Envelope framing (contract: Envelope = Headers { "\n" Item } [ "\n" ],
 * Item = Headers "\n" Payload).
 *
 * An iterator over the bytes: nothing is copied but the few header values,
 * and a payload is a slice of the body.
 */

#ifndef ET_ENVELOPE_H
#define ET_ENVELOPE_H

#include "et_json.h"


/*     symbol               name: the header "type", and the label */
#define ET_ITEM_TYPES(X)                                                      \
    X(ET_ITEM_EVENT,            "event")                                      \
    X(ET_ITEM_TRANSACTION,      "transaction")                                \
    X(ET_ITEM_SECURITY,         "security")                                   \
    X(ET_ITEM_RAW_SECURITY,     "raw_security")                               \
    X(ET_ITEM_NEL,              "nel")                                        \
    X(ET_ITEM_ATTACHMENT,       "attachment")                                 \
    X(ET_ITEM_FORM_DATA,        "form_data")                                  \
    X(ET_ITEM_UNREAL_REPORT,    "unreal_report")                              \
    X(ET_ITEM_USER_REPORT,      "user_report")                                \
    X(ET_ITEM_FEEDBACK,         "feedback")                                   \
    X(ET_ITEM_SESSION,          "session")                                    \
    X(ET_ITEM_SESSIONS,         "sessions")                                   \
    X(ET_ITEM_STATSD,           "statsd")                                     \
    X(ET_ITEM_METRIC_BUCKETS,   "metric_buckets")                             \
    X(ET_ITEM_CLIENT_REPORT,    "client_report")                              \
    X(ET_ITEM_PROFILE,          "profile")                                    \
    X(ET_ITEM_PROFILE_CHUNK,    "profile_chunk")                              \
    X(ET_ITEM_REPLAY_EVENT,     "replay_event")                               \
    X(ET_ITEM_REPLAY_RECORDING, "replay_recording")                           \
    X(ET_ITEM_REPLAY_VIDEO,     "replay_video")                               \
    X(ET_ITEM_CHECK_IN,         "check_in")                                   \
    X(ET_ITEM_LOG,              "log")                                        \
    X(ET_ITEM_TRACE_METRIC,     "trace_metric")                               \
    X(ET_ITEM_SPAN,             "span")                                       \
    X(ET_ITEM_OTEL_SPAN,        "otel_span")                                  \
    X(ET_ITEM_UNKNOWN,          "unknown")

#define ET_ITEM_SYMBOL(symbol, name)  symbol,

typedef enum {
    ET_ITEM_TYPES(ET_ITEM_SYMBOL)
    ET_ITEM_TYPE_COUNT
} et_item_type_t;

#undef ET_ITEM_SYMBOL

extern const char *const  et_item_type_names[ET_ITEM_TYPE_COUNT];


typedef struct {
    char        *pos;          /* where the next item header may start */
    char        *end;
    et_slice_t   event_id;     /* header values, "" where absent or null */
    et_slice_t   dsn;
    et_slice_t   sent_at;
    et_slice_t   sdk_name;
    et_slice_t   sdk_version;
} et_envelope_t;

typedef struct {
    et_item_type_t  type;
    char           *payload;   /* inside the body, mutable */
    size_t          len;
    et_slice_t      filename;  /* header values, "" where absent */
    et_slice_t      content_type;
    et_slice_t      attachment_type;
} et_item_t;


/*
 * Reads the envelope's header.  ET_BAD_ENVELOPE where the first line is no
 * JSON object; ET_BAD_UTF8 and the arena's reasons as et_json_parse().
 */
et_reason_t et_envelope_open(et_arena_t *arena, char *body, size_t len,
    et_envelope_t *envelope);

/*
 * Reads the next item.  ET_OK with *more = 1, or 0 at the end.  Blank lines
 * before an item header are skipped; an item header at the end with nothing
 * after it has an empty payload.  ET_BAD_ITEM (header no JSON object, type
 * missing or no string, length no unsigned integer), ET_ITEM_TRUNCATED,
 * ET_ITEM_NO_NEWLINE, and the arena's reasons.
 */
et_reason_t et_envelope_next(et_arena_t *arena, et_envelope_t *envelope,
    et_item_t *item, int *more);


#endif /* ET_ENVELOPE_H */
