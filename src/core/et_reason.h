/*
 * Why a request or an event was refused: one list of reasons, with the
 * name it is counted under, the HTTP status of the contract and the text
 * that the client reads.
 */

#ifndef ET_REASON_H
#define ET_REASON_H


/* what else this build can undo */

#if (ET_HAVE_BROTLI)
#define ET_REASON_BR  " or br"
#else
#define ET_REASON_BR
#endif

#if (ET_HAVE_ZSTD)
#define ET_REASON_ZSTD  " or zstd"
#else
#define ET_REASON_ZSTD
#endif


/*     symbol              name                  status  detail */
#define ET_REASONS(X)                                                         \
    X(ET_OK,               "ok",                    200, "ok")                \
    X(ET_NO_KEY,           "no_key",                401,                      \
      "missing authorization: no sentry_key in X-Sentry-Auth, "               \
      "Authorization, query, path or envelope dsn")                           \
    X(ET_KEY_CONFLICT,     "key_conflict",          401,                      \
      "the request names two different keys")                                 \
    X(ET_BAD_KEY,          "bad_key",               400,                      \
      "malformed sentry_key")                                                 \
    X(ET_BAD_VERSION,      "bad_version",           400,                      \
      "unsupported sentry_version, 7 is the highest")                         \
    X(ET_UNKNOWN_KEY,      "unknown_key",           403,                      \
      "unknown or disabled sentry_key")                                       \
    X(ET_WRONG_PROJECT,    "wrong_project",         403,                      \
      "the sentry_key does not belong to this project")                       \
    X(ET_ORIGIN_NOT_ALLOWED, "origin_not_allowed",  403,                      \
      "pages of this origin may not use the sentry_key")                      \
    X(ET_DSN_MISMATCH,     "dsn_mismatch",          400,                      \
      "the envelope's dsn names another project or key than the request")     \
    X(ET_BAD_PROJECT,      "bad_project",           400,                      \
      "the project id is not a decimal number of 64 bits")                    \
    X(ET_AMBIGUOUS_KEY,    "ambiguous_key",         400,                      \
      "the sentry_key does not tell one project, name it in the path")        \
    X(ET_BAD_DSN,          "bad_dsn",               400,                      \
      "missing or malformed dsn in the query")                                \
    X(ET_NOT_FOUND,        "not_found",             404,                      \
      "no such endpoint")                                                     \
    X(ET_BAD_METHOD,       "bad_method",            405,                      \
      "method not allowed, the header Allow has those that are")              \
    X(ET_EMPTY_BODY,       "empty_body",            400,                      \
      "empty request body")                                                   \
    X(ET_BODY_TOO_LARGE,   "body_too_large",        413,                      \
      "request body exceeds errortracking_max_body_size")                     \
    X(ET_BAD_ENCODING,     "bad_encoding",          415,                      \
      "unsupported content encoding, use gzip or deflate"                     \
      ET_REASON_BR ET_REASON_ZSTD)                                            \
    X(ET_BAD_COMPRESSION,  "bad_compression",       400,                      \
      "the compressed body is damaged or cut short")                          \
    X(ET_INFLATED_TOO_LARGE, "inflated_too_large",  413,                      \
      "decompressed body exceeds errortracking_max_inflated_size")            \
    X(ET_INFLATE_RATIO,    "inflate_ratio",         413,                      \
      "decompressed body exceeds errortracking_max_inflate_ratio")            \
    X(ET_BAD_ENVELOPE,     "bad_envelope",          400,                      \
      "invalid envelope header")                                              \
    X(ET_BAD_ITEM,         "bad_item",              400,                      \
      "invalid item header")                                                  \
    X(ET_ITEM_TRUNCATED,   "item_truncated",        400,                      \
      "the envelope ends before the item's length")                           \
    X(ET_ITEM_NO_NEWLINE,  "item_no_newline",       400,                      \
      "no newline after the item's payload")                                  \
    X(ET_BAD_UTF8,         "bad_utf8",              400,                      \
      "the event is not valid UTF-8")                                         \
    X(ET_BAD_JSON,         "bad_json",              400,                      \
      "the event is not valid JSON")                                          \
    X(ET_JSON_TOO_DEEP,    "json_too_deep",         400,                      \
      "the event's JSON is nested too deep")                                  \
    X(ET_JSON_TOO_COMPLEX, "json_too_complex",      413,                      \
      "the event's JSON needs more memory than a request may use")            \
    X(ET_BAD_EVENT_ID,     "bad_event_id",          400,                      \
      "malformed event_id")                                                   \
    X(ET_EVENT_TOO_LARGE,  "event_too_large",       413,                      \
      "event exceeds errortracking_max_event_size")                           \
    X(ET_ITEM_TOO_LARGE,   "item_too_large",        413,                      \
      "an item exceeds the errortracking_max_..._size of its type")           \
    X(ET_TOO_MANY_ITEMS,   "too_many_items",        413,                      \
      "the envelope holds more items than errortracking_max_... allows")      \
    X(ET_TOO_MANY_EVENTS,  "too_many_events",       413,                      \
      "the envelope holds too many events")                                   \
    X(ET_BAD_MEDIA_TYPE,   "bad_media_type",        415,                      \
      "no content type of a browser's report")                                \
    X(ET_BAD_REPORT,       "bad_report",            400,                      \
      "the body is no report of a kind that is known")                        \
    X(ET_BAD_CRASH,        "bad_crash",             400,                      \
      "no minidump or crash report in the body")                              \
    X(ET_BAD_MULTIPART,    "bad_multipart",         400,                      \
      "invalid multipart/form-data body")                                     \
    X(ET_ATTACHMENT_TOO_LARGE, "attachment_too_large", 413,                   \
      "attachment exceeds errortracking_max_attachment_size")                 \
    X(ET_TOO_MANY_RECORDS, "too_many_records",      413,                      \
      "the envelope holds too many items")                                    \
    X(ET_BAD_ITEM_PAYLOAD, "bad_item_payload",      400,                      \
      "the item lacks what it is about")                                      \
    X(ET_RATE_LIMITED,     "rate_limited",          429,                      \
      "over the quota of the project or the key, try again later")            \
    X(ET_KEY_NOT_CHECKED,  "key_not_checked",       503,                      \
      "whether the sentry_key is good can't be asked now, try again later")   \
    X(ET_ZONE_FULL,        "zone_full",             503,                      \
      "the buffer is full, try again later")                                  \
    X(ET_SPOOL_REFUSED,    "spool_refused",         503,                      \
      "the attachments could not be written to the disk, try again later")    \
    X(ET_SYNC_FAILED,      "sync_failed",           503,                      \
      "the event could not be written to the disk, try again later")          \
    X(ET_NO_MEMORY,        "no_memory",             503,                      \
      "out of memory, try again later")

#define ET_REASON_SYMBOL(symbol, name, status, detail)  symbol,

typedef enum {
    ET_REASONS(ET_REASON_SYMBOL)
    ET_REASON_COUNT
} et_reason_t;

#undef ET_REASON_SYMBOL


typedef struct {
    const char  *name;         /* the label "reason" of the metrics */
    unsigned     status;       /* the HTTP status */
    const char  *detail;       /* for people; no character needs escaping */
} et_reason_info_t;

extern const et_reason_info_t  et_reasons[ET_REASON_COUNT];


#endif /* ET_REASON_H */
