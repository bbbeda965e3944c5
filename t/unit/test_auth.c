/*
 * Keys in headers, queries and DSNs.
 */

#include "et_auth.h"
#include "et_test.h"


#define HEX     "0123456789abcdef0123456789abcdef"
#define GITLAB  "glet_" HEX


typedef et_reason_t (*source_pt)(et_slice_t text, et_auth_t *auth);
typedef et_reason_t (*scratch_source_pt)(et_slice_t text, char *scratch,
    et_auth_t *auth);


/* The text lies in memory of its own size, so that a sanitizer sees what is
 * read beyond it; it stays until the next call. */

static et_slice_t
exact(const char *text)
{
    size_t        len;

    static char  *copy;

    len = strlen(text);

    free(copy);
    copy = malloc(len + (len == 0));
    memcpy(copy, text, len);

    return et_slice(copy, len);
}


static et_reason_t
from(source_pt source, const char *text, et_auth_t *auth)
{
    memset(auth, 0, sizeof(et_auth_t));

    return source(exact(text), auth);
}


/* The same of sources that may be escaped: the scratch stays, too. */

static et_reason_t
unescaped(scratch_source_pt source, const char *text, et_auth_t *auth)
{
    static char  *scratch;

    memset(auth, 0, sizeof(et_auth_t));

    free(scratch);
    scratch = et_alloc(strlen(text) + 1);

    return source(exact(text), scratch, auth);
}


static et_reason_t
query(et_slice_t text, et_auth_t *auth)
{
    return et_auth_query(text, NULL, auth);
}


static void
test_header(void)
{
    size_t     i;
    et_auth_t  auth;

    static const char *const  same[] = {
        "Sentry sentry_key=" HEX ", sentry_version=7, sentry_client=x/1",
        "Sentry sentry_key=" HEX ",sentry_version=7,sentry_client=x/1",
        "Sentry sentry_version=7,sentry_client=x/1 sentry_key=" HEX,
        "sentry   sentry_client=x/1 sentry_version=7 sentry_key=" HEX "  ",
        "SENTRY sentry_secret=s, sentry_key=" HEX
            ", sentry_timestamp=1, sentry_client=x/1",
        "\tSentry\tsentry_key=" HEX ",,\t,sentry_client=x/1,",
        "Sentry foo, bar=, =, sentry_key=" HEX ", sentry_client=x/1",
        "Sentry sentry_key=" HEX ", sentry_key=" HEX ", sentry_client=x/1",
    };

    static const char *const  none[] = {
        "", " ", "Sentry", "Sentry ", "Sentry,sentry_key=" HEX,
        "Bearer " HEX, "Bearer sentry_key=" HEX,
        "Basic c2VudHJ5X2tleT0x", "Sentry2 sentry_key=" HEX,
        "sentry_key=" HEX, "Sentr sentry_key=" HEX,
        "Sentry xsentry_key=" HEX, "Sentry sentry_keys=" HEX,
        "Sentry sentry_key",
    };

    static const char *const  bad[] = {
        "Sentry sentry_key=", "Sentry sentry_key=, sentry_version=7",
        "Sentry sentry_key=a.b", "Sentry sentry_key=\"abc\"",
        "Sentry sentry_key=a%62", "Sentry sentry_key=a=b",
        "Sentry sentry_key=\xc3\xa4", "Sentry sentry_key=a;sentry_version=7",
    };

    ET_TEST("a header gives its key and client in every spelling") {
        for (i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
            et_check_int(from(et_auth_header, same[i], &auth), ET_OK);
            et_check_str(auth.key, HEX);
            et_check_str(auth.client, "x/1");
        }
    }

    ET_TEST("a header of another scheme, or without a key, is ignored") {
        for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
            et_check_int(from(et_auth_header, none[i], &auth), ET_OK);
            et_check_int(auth.key.len, 0);
        }

        memset(&auth, 0, sizeof(auth));
        et_check_int(et_auth_header(et_slice(NULL, 0), &auth), ET_OK);
    }

    ET_TEST("a key of other characters than a key's is refused") {
        for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
            et_check_int(from(et_auth_header, bad[i], &auth), ET_BAD_KEY);
            et_check_int(auth.key.len, 0);
        }
    }

    ET_TEST("GitLab's keys are keys") {
        et_check_int(from(et_auth_header, "Sentry sentry_key=" GITLAB, &auth),
                     ET_OK);
        et_check_str(auth.key, GITLAB);
    }
}


static void
test_version(void)
{
    size_t     i;
    char       text[128];
    et_auth_t  auth;

    static const char *const  good[] = {
        "7", "7.0", "7.00", "2.0", "6.9", "0", "007", "5"
    };

    static const char *const  bad[] = {
        "8", "7.1", "7.01", "10", "70", "", ".", "7.", ".7", "seven", "7a",
        "7.x", "-7", "+7", "0x7", "7.0.0", "18446744073709551623",
        "99999999999999999999999999999"
    };

    ET_TEST("protocol versions up to 7 are taken") {
        for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
            snprintf(text, sizeof(text), "Sentry sentry_version=%s,"
                     "sentry_key=abc", good[i]);
            et_check_int(from(et_auth_header, text, &auth), ET_OK);
            et_check_str(auth.key, "abc");
        }
    }

    ET_TEST("a higher version, or none that is a number, is refused") {
        for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
            snprintf(text, sizeof(text), "sentry_key=abc&sentry_version=%s",
                     bad[i]);
            et_check_int(unescaped(et_auth_query, text, &auth),
                         ET_BAD_VERSION);
        }
    }
}


static void
test_query(void)
{
    et_auth_t  auth;

    ET_TEST("a query gives its key and client") {
        et_check_int(from(query, "a=b&sentry_key=" HEX
                          "&sentry_version=7&sentry_client=x/1&c=", &auth),
                     ET_OK);
        et_check_str(auth.key, HEX);
        et_check_str(auth.client, "x/1");
    }

    ET_TEST("a query without a key is fine and gives none") {
        et_check_int(from(query, "", &auth), ET_OK);
        et_check_int(from(query, "&&=&a&b==&", &auth), ET_OK);
        et_check_int(from(query, "xsentry_key=1&sentry_keys=1&sentry_=2",
                          &auth), ET_OK);
        et_check_int(from(query, "sentry_data=sentry_key=x", &auth), ET_OK);
        et_check_int(auth.key.len, 0);
    }

    ET_TEST("an escaped value is what it stands for") {
        et_check_int(unescaped(et_auth_query, "sentry_version=%37&sentry_key="
                               "a%62c%5Fd&sentry_client=sentry%2ejs%2F1+x",
                               &auth), ET_OK);
        et_check_str(auth.key, "abc_d");
        et_check_str(auth.client, "sentry.js/1 x");

        et_check_int(unescaped(et_auth_query, "sentry_version=%38", &auth),
                     ET_BAD_VERSION);
    }

    ET_TEST("a malformed, blank or empty key in a query is refused") {
        et_check_int(unescaped(et_auth_query, "sentry_key=a%2", &auth),
                     ET_BAD_KEY);
        et_check_int(unescaped(et_auth_query, "sentry_key=a%zzb", &auth),
                     ET_BAD_KEY);
        et_check_int(unescaped(et_auth_query, "sentry_key=a%00b", &auth),
                     ET_BAD_KEY);
        et_check_int(unescaped(et_auth_query, "sentry_key=a+c", &auth),
                     ET_BAD_KEY);
        et_check_int(from(query, "sentry_key=&a=b", &auth), ET_BAD_KEY);
        et_check_int(from(query, "sentry_key&a=b", &auth), ET_BAD_KEY);
        et_check_int(from(query, "sentry_key=a,sentry_version=7", &auth),
                     ET_BAD_KEY);
    }
}


static void
test_basic(void)
{
    size_t     i;
    et_auth_t  auth;

    static const char *const  none[] = {
        "", "Basic", "Basic ", "Basic !", "Basic YQ=a", "Basic Y",
        "Bearer YTpi", "Basic2 YTpi", "BasicYTpi",
        "Basic Og==",                       /* ":" */
        "Basic OnNlY3JldA==",               /* ":secret" */
        "Basic YWxpY2VAaG9zdDpw",           /* "alice@host:p" */
    };

    ET_TEST("the user of Basic is a key, whatever its password") {
        et_check_int(unescaped(et_auth_basic, "Basic YWJjOnNlY3JldA==",
                               &auth), ET_OK);
        et_check_str(auth.key, "abc");

        et_check_int(unescaped(et_auth_basic, "basic   YWJjOg", &auth),
                     ET_OK);
        et_check_str(auth.key, "abc");

        et_check_int(unescaped(et_auth_basic, " BASIC YWJj", &auth), ET_OK);
        et_check_str(auth.key, "abc");
    }

    ET_TEST("Basic of another's user, or broken, is no source of ours") {
        for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
            et_check_int(unescaped(et_auth_basic, none[i], &auth), ET_OK);
            et_check_int(auth.key.len, 0);
        }

        et_check(et_auth_is_basic(et_slice_str("bAsIc YTpi")));
        et_check(!et_auth_is_basic(et_slice_str("Sentry sentry_key=a")));
        et_check(!et_auth_is_basic(et_slice(NULL, 0)));
    }

    ET_TEST("a key in the path is a key like any other") {
        memset(&auth, 0, sizeof(auth));

        et_check_int(et_auth_path(et_slice(NULL, 0), &auth), ET_OK);
        et_check_int(auth.key.len, 0);
        et_check_int(et_auth_path(et_slice_str("a.b"), &auth), ET_BAD_KEY);
        et_check_int(et_auth_path(et_slice_str("abc"), &auth), ET_OK);
        et_check_str(auth.key, "abc");
        et_check_int(et_auth_path(et_slice_str("abd"), &auth),
                     ET_KEY_CONFLICT);
    }
}


static void
test_sources(void)
{
    char       basic[8];
    et_auth_t  auth;

    ET_TEST("sources that agree are one, and the first client counts") {
        memset(&auth, 0, sizeof(auth));

        et_check_int(et_auth_header(et_slice_str("Sentry sentry_key=abc"),
                                    &auth), ET_OK);
        et_check_int(et_auth_header(et_slice_str("Bearer x"), &auth), ET_OK);
        et_check_int(query(et_slice_str("sentry_key=abc"
                                        "&sentry_client=q"), &auth),
                     ET_OK);
        et_check_int(query(et_slice_str("sentry_client=r"), &auth),
                     ET_OK);

        et_check_str(auth.key, "abc");
        et_check_str(auth.client, "q");
    }

    ET_TEST("sources that name different keys are refused") {
        memset(&auth, 0, sizeof(auth));

        et_check_int(et_auth_header(et_slice_str("Sentry sentry_key=abc"),
                                    &auth), ET_OK);
        et_check_int(query(et_slice_str("sentry_key=abd"), &auth),
                     ET_KEY_CONFLICT);
        et_check_int(query(et_slice_str("sentry_key=ab"), &auth),
                     ET_KEY_CONFLICT);
        et_check_int(query(et_slice_str("sentry_key=ABC"), &auth),
                     ET_KEY_CONFLICT);
        et_check_str(auth.key, "abc");

        et_check_int(from(et_auth_header,
                          "Sentry sentry_key=a, sentry_key=b", &auth),
                     ET_KEY_CONFLICT);

        et_check_int(from(et_auth_header, "Sentry sentry_key=abd", &auth),
                     ET_OK);
        et_check_int(et_auth_basic(et_slice_str("Basic YWJj"), basic, &auth),
                     ET_KEY_CONFLICT);
        et_check_str(auth.key, "abd");
    }
}


static void
test_dsn(void)
{
    size_t    i;
    et_dsn_t  dsn;

    static const struct {
        const char  *text;
        const char  *key;
        uint64_t     project;
    } good[] = {
        { "https://" HEX "@o1.ingest.example.com/42", HEX, 42 },
        { "http://" GITLAB "@host:443/errortracking/api/v1/projects/5",
          GITLAB, 5 },
        { "http://key:secret@127.0.0.1:8080/1", "key", 1 },
        { "http://key:@[::1]:8080/1/", "key", 1 },
        { "https://k@h//1//", "k", 1 },
        { "https://k@h/18446744073709551615?a=b/2#c", "k", UINT64_MAX },
        { "https://k@h/a@b/3", "k", 3 },
    };

    static const char *const  bad[] = {
        "", ":", "://", "https", "https:", "https:/", "https://",
        "://k@h/1", "https//k@h/1", "https:k@h/1", "https:/k@h/1",
        "https://k@h", "https://k@h/", "https://k@/1", "https://@h/1",
        "https://h/1", "https://:secret@h/1", "https://k.x@h/1",
        "https://k@h/x", "https://k@h/1x", "https://k@h/1/x",
        "https://k@h/18446744073709551616", "https://k@h/-1",
        "https://h/k@h/1", "https://k@h?/1", "https://k@h#/1", "null",
    };

    ET_TEST("a DSN gives its key and project, whatever host and prefix") {
        for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
            if (!et_dsn_parse(exact(good[i].text), &dsn)) {
                et_test_check(0, good[i].text, __FILE__, __LINE__);
                continue;
            }

            et_check_str(dsn.key, good[i].key);
            et_check(dsn.project == good[i].project);
        }
    }

    ET_TEST("what is no DSN is none, and gives no key") {
        for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
            if (et_dsn_parse(exact(bad[i]), &dsn) || dsn.key.len != 0) {
                et_test_check(0, bad[i], __FILE__, __LINE__);
            }
        }

        et_check(!et_dsn_parse(et_slice(NULL, 0), &dsn));
    }
}


int
main(void)
{
    char       key[ET_KEY_MAX + 1];
    et_auth_t  auth;

    test_header();
    test_version();
    test_query();
    test_basic();
    test_sources();
    test_dsn();

    ET_TEST("a key has 1 to 255 characters") {
        memset(key, 'k', sizeof(key));

        et_check(et_key_valid(et_slice(key, 1)));
        et_check(et_key_valid(et_slice(key, 255)));
        et_check(!et_key_valid(et_slice(key, 256)));
        et_check(!et_key_valid(et_slice(key, 0)));
        et_check(!et_key_valid(et_slice(NULL, 0)));
        et_check(et_key_valid(et_slice_str("azAZ09_-")));
        et_check(!et_key_valid(et_slice("a\0b", 3)));
        et_check(!et_key_valid(et_slice_str("@")));
        et_check(!et_key_valid(et_slice_str("[")));
        et_check(!et_key_valid(et_slice_str("`")));
        et_check(!et_key_valid(et_slice_str("{")));
    }

    exact("");
    (void) unescaped(et_auth_query, "", &auth);

    return et_test_done();
}
