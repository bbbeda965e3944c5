/*
 * Quotas: how many events, sessions, log entries a minute a project and a key
 * may send, and what a client that sends more is told.
 *
 * A rule is for each project or for each key, for some categories or for all
 * of them together, and has its own buckets (et_limit.h).  What an item counts
 * in is taken from all its rules or from none.  The keys file may have another
 * limit for a project or a key; it stands in place of the rules without a
 * category.
 *
 * Client reports are never limited.  An attachment counts where a rule names
 * its category, and not as one more beside its event.
 */

#ifndef ET_QUOTA_H
#define ET_QUOTA_H

#include "et_limit.h"
#include "et_outcome.h"


#define ET_QUOTA_RULES  16

/* bytes that et_quota_header() needs */
#define ET_QUOTA_HEADER  ((ET_QUOTA_RULES + 3) * 320)

/* seconds; how long a client is told not to send what is not taken */
#define ET_NOT_TAKEN     3600


typedef enum {
    ET_QUOTA_PROJECT = 0,
    ET_QUOTA_KEY,
    ET_QUOTA_SCOPES
} et_quota_scope_t;

typedef struct {
    et_quota_scope_t  scope;
    uint32_t          categories;      /* bits; 0: all */
    et_limit_t        limit;
} et_quota_rule_t;

typedef struct {
    et_quota_rule_t   rules[ET_QUOTA_RULES];
    size_t            n;
} et_quota_rules_t;

/* The quotas of one request. */
typedef struct {
    const et_quota_rules_t  *rules;
    const et_limit_t        *own[ET_QUOTA_SCOPES];  /* of the keys file, NULL */
    et_limit_slot_t         *table;
    size_t                   slots;
    uint64_t                 now;      /* nanoseconds, as et_limit_take() */
    uint64_t                 hash[ET_QUOTA_SCOPES]; /* et_quota_open() */
    uint32_t                 wait[ET_QUOTA_RULES + ET_QUOTA_SCOPES];
                                       /* seconds; what was refused, by rule */
} et_quota_t;


/* "error", "log_item" or several with "|": 1, or 0 where one is none. */
int et_quota_parse_categories(et_slice_t text, uint32_t *categories);

/* Begins a request: whose it is.  The members above hash are set before. */
void et_quota_open(et_quota_t *quota, uint64_t project, et_slice_t key);

/* Whether anything is limited at all. */
int et_quota_any(const et_quota_t *quota);

/*
 * 1 where n of the category are taken; 0 where a rule says no, which is noted.
 * *reason is then "project_quota" or "key_quota".
 */
int et_quota_take(et_quota_t *quota, et_category_t category, uint64_t n,
    const char **reason);

/* The same for one, without taking it. */
int et_quota_ask(et_quota_t *quota, et_category_t category,
    const char **reason);

/* 1 where everything is over its limit, whatever its category; noted. */
int et_quota_exceeded(et_quota_t *quota);

/* Seconds until what was refused may be sent again; 0: nothing was. */
unsigned et_quota_retry_after(const et_quota_t *quota);

/*
 * The value of X-Sentry-Rate-Limits for what was refused, and for the types
 * of items (bits) that are not taken: its length, at most ET_QUOTA_HEADER; 0
 * where there is nothing to say.
 */
size_t et_quota_header(const et_quota_t *quota, uint32_t not_taken,
    char *text);


#endif /* ET_QUOTA_H */
