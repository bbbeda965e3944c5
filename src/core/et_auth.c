/*
 * Who sends: the key of a request.
 *
 * Header and query have the same fields and differ in what separates them,
 * and in that a query's values may be escaped.  The other sources are a key
 * alone.
 */

#include "et_auth.h"
#include "et_base64.h"
#include "et_query.h"
#include "et_route.h"


/* the protocol's version that this is written for */
#define ET_AUTH_VERSION  7


static int et_auth_scheme(et_slice_t *value, et_slice_t word);
static et_reason_t et_auth_field(et_slice_t name, et_slice_t value,
    et_auth_t *auth);
static et_reason_t et_auth_key(et_slice_t key, et_auth_t *auth);
static int et_auth_version_known(et_slice_t version);
static int et_auth_find(et_slice_t text, char c, size_t *pos);


et_reason_t
et_auth_header(et_slice_t value, et_auth_t *auth)
{
    size_t       i, start, eq;
    et_slice_t   field;
    et_reason_t  rc;

    static const et_slice_t  word = ET_SLICE("sentry");

    if (!et_auth_scheme(&value, word)) {
        return ET_OK;
    }

    start = 0;

    for (i = 0; i <= value.len; i++) {
        if (i < value.len && memchr(", \t", value.data[i], 3) == NULL) {
            continue;
        }

        field = et_slice(value.data + start, i - start);
        start = i + 1;

        if (!et_auth_find(field, '=', &eq)) {
            continue;
        }

        rc = et_auth_field(et_slice(field.data, eq),
                           et_slice(field.data + eq + 1, field.len - eq - 1),
                           auth);
        if (rc != ET_OK) {
            return rc;
        }
    }

    return ET_OK;
}


int
et_auth_is_basic(et_slice_t value)
{
    static const et_slice_t  word = ET_SLICE("basic");

    return et_auth_scheme(&value, word);
}


/*
 * RFC 7617.  A user whose name can't be a key is somebody that the server in
 * front knows: no source of ours, like another scheme.
 */

et_reason_t
et_auth_basic(et_slice_t value, char *scratch, et_auth_t *auth)
{
    size_t      len, colon;
    et_slice_t  user;

    static const et_slice_t  word = ET_SLICE("basic");

    if (!et_auth_scheme(&value, word)
        || !et_base64_decode(scratch, value, &len))
    {
        return ET_OK;
    }

    user = et_slice(scratch, len);

    if (et_auth_find(user, ':', &colon)) {
        user.len = colon;
    }

    return et_key_valid(user) ? et_auth_key(user, auth) : ET_OK;
}


et_reason_t
et_auth_query(et_slice_t args, char *scratch, et_auth_t *auth)
{
    et_slice_t   name, value;
    et_reason_t  rc;

    while (et_query_next(&args, &name, &value)) {

        if (name.len < 7 || memcmp(name.data, "sentry_", 7) != 0) {
            continue;
        }

        /* an event, which a store request has in its query: not ours */

        if (et_slice_eq(name, et_slice_str("sentry_data"))) {
            continue;
        }

        if (et_query_is_escaped(value)) {
            value = et_query_unescape(value, ' ', scratch);
            scratch += value.len;
        }

        rc = et_auth_field(name, value, auth);
        if (rc != ET_OK) {
            return rc;
        }
    }

    return ET_OK;
}


et_reason_t
et_auth_path(et_slice_t key, et_auth_t *auth)
{
    return key.len == 0 ? ET_OK : et_auth_key(key, auth);
}


/* Cuts the scheme's word off, in any case, with the blanks around it: 1, or
 * 0 where the value is of another scheme. */

static int
et_auth_scheme(et_slice_t *value, et_slice_t word)
{
    const char  *p, *end;

    if (value->len == 0) {
        return 0;
    }

    p = value->data;
    end = p + value->len;

    while (p < end && (*p == ' ' || *p == '\t')) {
        p++;
    }

    /* or another word that begins the same */

    if ((size_t) (end - p) <= word.len
        || !et_slice_eq_nocase(et_slice(p, word.len), word)
        || (p[word.len] != ' ' && p[word.len] != '\t'))
    {
        return 0;
    }

    p += word.len;

    *value = et_slice(p, (size_t) (end - p));

    return 1;
}


static et_reason_t
et_auth_field(et_slice_t name, et_slice_t value, et_auth_t *auth)
{
    if (et_slice_eq(name, et_slice_str("sentry_key"))) {
        return et_auth_key(value, auth);
    }

    if (et_slice_eq(name, et_slice_str("sentry_version"))) {
        return et_auth_version_known(value) ? ET_OK : ET_BAD_VERSION;
    }

    if (auth->client.len == 0
        && et_slice_eq(name, et_slice_str("sentry_client")))
    {
        auth->client = value;
    }

    /* sentry_secret, sentry_timestamp and whatever else there is */

    return ET_OK;
}


static et_reason_t
et_auth_key(et_slice_t key, et_auth_t *auth)
{
    if (!et_key_valid(key)) {
        return ET_BAD_KEY;
    }

    if (auth->key.len != 0) {
        return et_slice_eq(auth->key, key) ? ET_OK : ET_KEY_CONFLICT;
    }

    auth->key = key;

    return ET_OK;
}


/* "7", "7.0", "2.1": a decimal number up to ET_AUTH_VERSION. */

static int
et_auth_version_known(et_slice_t version)
{
    size_t    dot, i;
    uint64_t  whole;

    if (!et_auth_find(version, '.', &dot)) {
        dot = version.len;
    }

    if (!et_parse_u64(et_slice(version.data, dot), &whole)
        || whole > ET_AUTH_VERSION)
    {
        return 0;
    }

    for (i = dot + 1; i < version.len; i++) {
        if (version.data[i] < '0' || version.data[i] > '9') {
            return 0;
        }

        if (whole == ET_AUTH_VERSION && version.data[i] != '0') {
            return 0;
        }
    }

    /* "7." */

    return dot + 1 != version.len;
}


int
et_dsn_parse(et_slice_t text, et_dsn_t *dsn)
{
    size_t      i, n;
    et_slice_t  authority, key;

    dsn->key = et_slice(NULL, 0);
    dsn->project = 0;

    /* what a URL may have after its path is none of ours */

    for (n = 0; n < text.len; n++) {
        if (text.data[n] == '?' || text.data[n] == '#') {
            text.len = n;
            break;
        }
    }

    if (!et_auth_find(text, ':', &i) || i == 0
        || text.len - i < 3 || memcmp(text.data + i, "://", 3) != 0)
    {
        return 0;
    }

    text = et_slice(text.data + i + 3, text.len - i - 3);

    if (!et_auth_find(text, '/', &i)) {
        return 0;
    }

    authority = et_slice(text.data, i);
    text = et_slice(text.data + i, text.len - i);

    /* the key, and a host of at least a character */

    if (!et_auth_find(authority, '@', &n) || n + 1 == authority.len) {
        return 0;
    }

    key = et_slice(authority.data, n);

    if (et_auth_find(key, ':', &n)) {
        key.len = n;
    }

    /* the path's last segment */

    while (text.len > 0 && text.data[text.len - 1] == '/') {
        text.len--;
    }

    for (i = text.len; i > 0 && text.data[i - 1] != '/'; i--) {
        /* void */
    }

    if (!et_key_valid(key)
        || !et_parse_u64(et_slice(text.data + i, text.len - i), &dsn->project))
    {
        return 0;
    }

    dsn->key = key;

    return 1;
}


int
et_key_valid(et_slice_t key)
{
    char    c;
    size_t  i;

    if (key.len == 0 || key.len > ET_KEY_MAX) {
        return 0;
    }

    for (i = 0; i < key.len; i++) {
        c = et_lower(key.data[i]);

        if ((c < 'a' || c > 'z') && (c < '0' || c > '9')
            && c != '_' && c != '-')
        {
            return 0;
        }
    }

    return 1;
}


static int
et_auth_find(et_slice_t text, char c, size_t *pos)
{
    const char  *p;

    p = (text.len == 0) ? NULL : memchr(text.data, c, text.len);
    if (p == NULL) {
        return 0;
    }

    *pos = p - text.data;

    return 1;
}
