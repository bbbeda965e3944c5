/*
 * Outcomes: what became of what a client sent, or said it did not send, by
 * reason and category (Sentry's names).
 *
 * An outcome is a record that is always folded: it has no body, and all of a
 * minute with the same project, outcome, reason and category are one row.  So
 * a storm of refusals costs a row a minute, not a row each.  Outcomes of what
 * was accepted are none of these: ClickHouse counts them from the rows.
 */

#ifndef ET_OUTCOME_H
#define ET_OUTCOME_H

#include "et_envelope.h"
#include "et_event.h"


/* bytes; a longer reason is cut */
#define ET_MAX_REASON       100

/* bytes; how long an outcome's row gets; a test holds the encoder to it */
#define ET_ROW_OUTCOME_MAX  512


/*     symbol                        name */
#define ET_OUTCOMES(X)                                                        \
    X(ET_OUTCOME_ACCEPTED,           "accepted")                              \
    X(ET_OUTCOME_FILTERED,           "filtered")                              \
    X(ET_OUTCOME_RATE_LIMITED,       "rate_limited")                          \
    X(ET_OUTCOME_INVALID,            "invalid")                               \
    X(ET_OUTCOME_CLIENT_DISCARD,     "client_discard")

/* data categories, as in X-Sentry-Rate-Limits and in client reports */
#define ET_CATEGORIES(X)                                                      \
    X(ET_CATEGORY_DEFAULT,           "default")                               \
    X(ET_CATEGORY_ERROR,             "error")                                 \
    X(ET_CATEGORY_TRANSACTION,       "transaction")                           \
    X(ET_CATEGORY_MONITOR,           "monitor")                               \
    X(ET_CATEGORY_SECURITY,          "security")                              \
    X(ET_CATEGORY_ATTACHMENT,        "attachment")                            \
    X(ET_CATEGORY_SESSION,           "session")                               \
    X(ET_CATEGORY_PROFILE,           "profile")                               \
    X(ET_CATEGORY_REPLAY,            "replay")                                \
    X(ET_CATEGORY_FEEDBACK,          "feedback")                              \
    X(ET_CATEGORY_LOG_ITEM,          "log_item")                              \
    X(ET_CATEGORY_SPAN,              "span")                                  \
    X(ET_CATEGORY_TRACE_METRIC,      "trace_metric")                          \
    X(ET_CATEGORY_METRIC_BUCKET,     "metric_bucket")                         \
    X(ET_CATEGORY_LOG_BYTE,          "log_byte")                              \
    X(ET_CATEGORY_UNKNOWN,           "unknown")

#define ET_OUTCOME_SYMBOL(symbol, name)  symbol,

typedef enum {
    ET_OUTCOMES(ET_OUTCOME_SYMBOL)
    ET_OUTCOME_COUNT
} et_outcome_t;

typedef enum {
    ET_CATEGORIES(ET_OUTCOME_SYMBOL)
    ET_CATEGORY_COUNT
} et_category_t;

#undef ET_OUTCOME_SYMBOL

extern const char *const  et_outcome_names[ET_OUTCOME_COUNT];
extern const char *const  et_category_names[ET_CATEGORY_COUNT];


/* The category that an item of the type counts under. */
et_category_t et_item_category(et_item_type_t type);

/* The category of the name; ET_CATEGORY_UNKNOWN where there is none such. */
et_category_t et_category_parse(et_slice_t name);

/*
 * Makes *record an outcome of quantity at the time, microseconds.  The reason
 * is not copied.
 */
void et_outcome_record(et_event_t *record, et_outcome_t outcome,
    et_slice_t reason, et_category_t category, uint64_t quantity,
    int64_t time);


#endif /* ET_OUTCOME_H */
