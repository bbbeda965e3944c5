/*
 * Allowed origins: what each form lets in and keeps out.
 */

#include "et_origin.h"
#include "et_test.h"


#define MIB  ((size_t) 1024 * 1024)


static int
match(et_arena_t *arena, const char *list, const char *value)
{
    char          *copy;
    int            rc;
    et_slice_t     bad;
    et_origins_t   origins;

    memset(&origins, 0, sizeof(et_origins_t));

    copy = et_copy(list, strlen(list));

    if (!et_origins_add(arena, &origins, et_slice(copy, strlen(list)), &bad)) {
        free(copy);
        return -1;
    }

    /* the list must not point into the text */

    memset(copy, 'x', strlen(list));
    free(copy);

    copy = et_copy(value, strlen(value));
    rc = et_origins_match(&origins, et_slice(copy, strlen(value)));
    free(copy);

    return rc;
}


static void
test_match(et_arena_t *arena)
{
    size_t  i;

    static const struct {
        const char  *list;
        const char  *value;
        int          rc;
    } cases[] = {
        { "*", "https://a.example", 1 },
        { "*", "null", 1 },
        { "*", "what is this?", 1 },
        { "*", "http://h:port", 1 },

        { "https://a.example", "https://a.example", 1 },
        { "https://a.example", "HTTPS://A.Example", 1 },
        { "HTTPS://A.EXAMPLE", "https://a.example", 1 },
        { "https://a.example", "https://a.example:8443", 1 },
        { "https://a.example", "https://a.example/page?x=1#y", 1 },
        { "https://a.example", "http://a.example", 0 },
        { "https://a.example", "https://b.example", 0 },
        { "https://a.example", "https://a.example.evil", 0 },
        { "https://a.example", "https://evila.example", 0 },
        { "https://a.example", "https://x.a.example", 0 },
        { "https://a.example", "a.example", 0 },
        { "https://a.example", "null", 0 },
        { "https://a.example", "", 0 },

        { "a.example", "https://a.example", 1 },
        { "a.example", "http://a.example:3000/", 1 },
        { "a.example", "capacitor://a.example", 1 },
        { "a.example", "https://b.example/a.example", 0 },
        { "a.example", "https://b.example?https://a.example", 0 },

        /* what looks like the host and is the user, or the path */

        { "a.example", "https://a.example@evil.example/", 0 },
        { "a.example", "https://a.example:443@evil.example/", 0 },
        { "a.example", "https://evil.example\\@a.example/", 0 },
        { "a.example", "https://evil.example/@a.example", 0 },
        { "a.example", "https://user:x@y@a.example/", 1 },

        { "a.example:8443", "https://a.example:8443", 1 },
        { "a.example:8443", "https://a.example", 0 },
        { "a.example:443", "https://a.example", 1 },
        { "a.example:80", "http://a.example", 1 },
        { "a.example:80", "https://a.example", 0 },
        { "https://a.example:443", "https://a.example:443", 1 },
        { "https://a.example:443", "https://a.example", 1 },
        { "a.example", "https://a.example:0", 0 },
        { "a.example", "https://a.example:65536", 0 },
        { "a.example", "https://a.example:", 0 },

        { "*.a.example", "https://x.a.example", 1 },
        { "*.a.example", "https://x.y.a.example:81", 1 },
        { "*.a.example", "https://a.example", 1 },
        { "*.a.example", "https://xa.example", 0 },
        { "*.a.example", "https://a.example.x", 0 },
        { "https://*.a.example:81", "https://X.A.example:81", 1 },
        { "https://*.a.example:81", "http://x.a.example:81", 0 },
        { "https://*.a.example:81", "https://x.a.example", 0 },

        { "https://*", "https://anything:1", 1 },
        { "https://*", "http://anything", 0 },
        { "*:3000", "http://anything:3000", 1 },
        { "*:3000", "http://anything", 0 },

        { "localhost", "http://localhost:3000", 1 },
        { "localhost", "http://localhost.evil", 0 },
        { "[::1]:3000", "http://[::1]:3000", 1 },
        { "[::1]", "http://[::1]:3000", 1 },
        { "[::1]:3000", "http://[::1]:3001", 0 },
        { "127.0.0.1", "http://127.0.0.1", 1 },
        { "null", "null", 1 },
        { "null", "file://", 0 },
        { "chrome-extension://abc", "chrome-extension://abc", 1 },

        { "a.example,b.example", "https://b.example", 1 },
        { "a.example,b.example", "https://c.example", 0 },
    };

    ET_TEST("each form of an allowed origin lets in its own and nothing else")
    {
        for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            if (match(arena, cases[i].list, cases[i].value) != cases[i].rc) {
                printf("# %s %s\n", cases[i].list, cases[i].value);
                et_check(0);
            }
        }
    }
}


static void
test_bad(et_arena_t *arena)
{
    size_t        i;
    et_slice_t    bad;
    et_origins_t  origins;

    static const struct {
        const char  *list;
        const char  *bad;
    } cases[] = {
        { "a.example,https://b.example/", "https://b.example/" },
        { "https://b.example/path", "https://b.example/path" },
        { "a b", "a b" },
        { "a.example:port", "a.example:port" },
        { "a.example:0", "a.example:0" },
        { "a.example:65536", "a.example:65536" },
        { "://a.example", "://a.example" },
        { "https://", "https://" },
        { "a.*.example", "a.*.example" },
        { "*a.example", "*a.example" },
        { "b\xc3\xbc" "cher.example", "b\xc3\xbc" "cher.example" },
        { "a.example,", "" },
        { "", "" },
        { "[::1", "[::1" },
        { "[]", "[]" },
        { "h*://a.example", "h*://a.example" },
    };

    ET_TEST("a word that is no origin is named") {
        for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            memset(&origins, 0, sizeof(et_origins_t));

            et_check(!et_origins_add(arena, &origins,
                                     et_slice_str(cases[i].list), &bad));
            et_check(bad.data != NULL);
            et_check_str(bad, cases[i].bad);
            et_check_int(origins.n, 0);
        }
    }

    ET_TEST("lists are added to one another") {
        memset(&origins, 0, sizeof(et_origins_t));

        et_check(et_origins_add(arena, &origins, et_slice_str("a,b"), &bad));
        et_check(et_origins_add(arena, &origins, et_slice_str("c"), &bad));
        et_check_int(origins.n, 3);
        et_check(et_origins_match(&origins, et_slice_str("http://a")));
        et_check(et_origins_match(&origins, et_slice_str("http://c")));
        et_check(!et_origins_match(&origins, et_slice_str("http://d")));
    }
}


static void
test_failures(void)
{
    et_slice_t     bad;
    et_arena_t     arena;
    et_origins_t   origins;
    unsigned long  n;

    ET_TEST("without memory no list is added, and no word is blamed") {
        for (n = 1; n < 10; n++) {
            memset(&origins, 0, sizeof(et_origins_t));
            et_arena_init(&arena, MIB, 0);
            et_fail_nth(n);

            if (et_origins_add(&arena, &origins, et_slice_str("a,b"), &bad)) {
                et_fail_nth(0);
                et_check_int(origins.n, 2);
                et_arena_destroy(&arena);
                break;
            }

            et_check(bad.data == NULL && origins.n == 0);
            et_arena_destroy(&arena);
        }

        et_check(n > 1 && n < 10);
    }
}


int
main(void)
{
    et_arena_t  arena;

    et_arena_init(&arena, MIB, MIB);

    test_match(&arena);
    test_bad(&arena);

    et_arena_destroy(&arena);

    test_failures();

    return et_test_done();
}
