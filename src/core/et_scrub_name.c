/*
 * Names that say that their value is secret.
 *
 * Relay looks for its words anywhere in a name, in any case, and so does
 * this: the_secret, X-Api-Key and accessToken are found.  A '_' inside of a
 * word may be a dash, a space, or missing.  Where Relay takes an ordinary
 * word for a secret, this does not:
 *
 *     author, authority      but authorization and authorize are
 *     tokenizer
 *     footprint, rootPath    "otp" has to begin or end a word
 */

#include "et_scrub_internal.h"


static int et_scrub_word(const char *p, const char *end, const char *word);
static int et_scrub_otp(const char *name, const char *p, const char *end);
static int et_scrub_field(const et_slice_t *field, const char *p,
    const char *end);
static int et_scrub_holds(const char *name, size_t len, const char *word);


int
et_scrub_name_secret(const et_scrub_t *scrub, const char *name, size_t len)
{
    size_t       i;
    const char  *p, *end;

    end = name + len;

    for (p = name; p < end; p++) {

        switch (et_lower(*p)) {

        case 'a':
            if (et_scrub_word(p, end, "api_key")) {
                return 1;
            }

            if (et_scrub_word(p, end, "auth")
                && (!et_scrub_word(p, end, "author")
                    || et_scrub_word(p, end, "authoriz")
                    || et_scrub_word(p, end, "authoris")))
            {
                return 1;
            }

            break;

        case 'c':
            if (et_scrub_word(p, end, "credential")) {
                return 1;
            }

            /* http.request.header.cookie.sessionid */

            if (end - p > 7 && p[6] == '.' && et_scrub_word(p, end, "cookie")
                && et_scrub_name_cookie(scrub, p + 7, end - p - 7))
            {
                return 1;
            }

            break;

        case 'm':
            if (et_scrub_word(p, end, "mysql_pwd")) {
                return 1;
            }

            break;

        case 'o':
            if (et_scrub_otp(name, p, end)) {
                return 1;
            }

            break;

        case 'p':

            /* password, in other languages, too */

            if (et_scrub_word(p, end, "passwo")
                || et_scrub_word(p, end, "passwd")
                || et_scrub_word(p, end, "private_key"))
            {
                return 1;
            }

            break;

        case 's':
            if (et_scrub_word(p, end, "secret")) {
                return 1;
            }

            break;

        case 't':
            if (et_scrub_word(p, end, "two_factor")
                || (et_scrub_word(p, end, "token")
                    && !et_scrub_word(p, end, "tokeniz")))
            {
                return 1;
            }

            break;
        }

        for (i = 0; i < scrub->nfields; i++) {
            if (et_scrub_field(&scrub->fields[i], p, end)) {
                return 1;
            }
        }
    }

    return 0;
}


/* Whether the word, in lower case, stands at p; its '_' may be missing. */

static int
et_scrub_word(const char *p, const char *end, const char *word)
{
    for ( /* void */ ; *word != '\0'; word++) {

        if (*word == '_') {
            if (p < end
                && (*p == '_' || *p == '-' || *p == ' ' || *p == '.'))
            {
                p++;
            }

            continue;
        }

        if (p == end || et_lower(*p) != *word) {
            return 0;
        }

        p++;
    }

    return 1;
}


static int
et_scrub_otp(const char *name, const char *p, const char *end)
{
    char  before, after;

    if (!et_scrub_word(p, end, "otp")) {
        return 0;
    }

    before = p == name ? '_' : p[-1];
    after = end - p == 3 ? '_' : p[3];

    if (et_lower(before) < 'a' || et_lower(before) > 'z'
        || et_lower(after) < 'a' || et_lower(after) > 'z')
    {
        return 1;
    }

    /* userOtpCode */

    return (before >= 'a' && *p == 'O') || (after <= 'Z' && p[2] == 'p');
}


static int
et_scrub_field(const et_slice_t *field, const char *p, const char *end)
{
    char    c;
    size_t  i;

    if ((size_t) (end - p) < field->len) {
        return 0;
    }

    for (i = 0; i < field->len; i++) {
        c = p[i] == '-' ? '_' : et_lower(p[i]);

        if (c != field->data[i]) {
            return 0;
        }
    }

    return field->len != 0;
}


/*
 * The names of session and CSRF cookies of common frameworks, and those that
 * say secret themselves (csrftoken).
 */

int
et_scrub_name_cookie(const et_scrub_t *scrub, const char *name, size_t len)
{
    et_slice_t  s;

    s = et_slice(name, len);

    return et_scrub_holds(name, len, "sess")     /* PHPSESSID, _app_session */
           || et_scrub_holds(name, len, "csrf")
           || et_scrub_holds(name, len, "xsrf")
           || et_scrub_holds(name, len, "jwt")
           || et_scrub_holds(name, len, "remember")
           || et_slice_eq_nocase(s, et_slice_str("symfony"))
           || et_slice_eq_nocase(s, et_slice_str("sudo"))
           || et_slice_eq_nocase(s, et_slice_str("su"))
           || (len >= 3                          /* sid, connect.sid */
               && et_slice_eq_nocase(et_slice(name + len - 3, 3),
                                     et_slice_str("sid")))
           || et_scrub_name_secret(scrub, name, len);
}


int
et_scrub_name_cookies(const char *name, size_t len)
{
    if (len > 0 && et_lower(name[len - 1]) == 's') {
        len--;
    }

    return len >= 6 && et_lower(name[len - 2]) == 'i'
           && et_slice_eq_nocase(et_slice(name + len - 6, 6),
                                          et_slice_str("cookie"));
}


static int
et_scrub_holds(const char *name, size_t len, const char *word)
{
    const char  *p, *end;

    end = name + len;

    for (p = name; p < end; p++) {
        if (et_scrub_word(p, end, word)) {
            return 1;
        }
    }

    return 0;
}
