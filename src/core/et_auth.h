/*
 * Who sends: the key of a request, from headers, query, path or DSN.
 *
 * The order is Relay's: X-Sentry-Auth, Authorization (Sentry, then Basic),
 * query, path, DSN.  The first that is there counts, and the request is
 * refused only where two name different keys.
 */

#ifndef ET_AUTH_H
#define ET_AUTH_H

#include "et_reason.h"
#include "et_slice.h"


#define ET_KEY_MAX  255        /* characters of a key */


typedef struct {
    et_slice_t  key;           /* len 0: no key yet */
    et_slice_t  client;        /* sentry_client, "" where absent */
} et_auth_t;


/*
 * Each reads one source and merges it into *auth, which starts zeroed.  ET_OK
 * also where the source holds no key; ET_BAD_KEY, ET_BAD_VERSION,
 * ET_KEY_CONFLICT.  Slices point into the source, or into the scratch, which
 * takes as many bytes as the source has and has to live as long.
 *
 * et_auth_header: the value of X-Sentry-Auth or Authorization, "Sentry k=v,
 * k=v", the word in any case; a value that starts with another word is no
 * key of ours.
 *
 * et_auth_basic: the value of Authorization, "Basic base64(key:anything)".
 *
 * et_auth_query: sentry_key=...&sentry_version=..., values escaped or not.
 *
 * et_auth_path: a segment of the path that is a key, "" where there is none.
 */
et_reason_t et_auth_header(et_slice_t value, et_auth_t *auth);
et_reason_t et_auth_basic(et_slice_t value, char *scratch, et_auth_t *auth);
et_reason_t et_auth_query(et_slice_t args, char *scratch, et_auth_t *auth);
et_reason_t et_auth_path(et_slice_t key, et_auth_t *auth);

/* Whether et_auth_basic() has anything to decode. */
int et_auth_is_basic(et_slice_t value);

/*
 * A DSN, {scheme}://{key}[:{secret}]@{host}[:{port}]{prefix}/{project}.  The
 * host is not looked at.  0 where it is no DSN.
 */
typedef struct {
    et_slice_t  key;
    uint64_t    project;
} et_dsn_t;

int et_dsn_parse(et_slice_t text, et_dsn_t *dsn);

/* A key's form: 1 to ET_KEY_MAX of letters, digits, '_', '-'. */
int et_key_valid(et_slice_t key);


#endif /* ET_AUTH_H */
