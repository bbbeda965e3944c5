/*
 * The keys file: lookups, what its lines may be, and memory failing.
 */

#include "et_keys.h"
#include "et_test.h"


#define MIB  ((size_t) 1024 * 1024)


typedef struct {
    unsigned  count;
    unsigned  line;            /* of the last report */
    char      message[512];
} report_t;


static void
report(void *data, unsigned line, const char *message)
{
    report_t  *r = data;

    r->count++;
    r->line = line;
    snprintf(r->message, sizeof(r->message), "%s", message);
}


static et_keys_t *
parse(et_arena_t *arena, const char *text, report_t *r)
{
    char       *copy;
    size_t      len;
    et_keys_t  *keys;

    memset(r, 0, sizeof(report_t));

    len = strlen(text);
    copy = malloc(len + (len == 0));
    memcpy(copy, text, len);

    keys = et_keys_parse(arena, et_slice(copy, len), report, r);

    /* the table must not point into the text */

    memset(copy, 'x', len);
    free(copy);

    return keys;
}


static et_reason_t
check(const et_keys_t *keys, const char *key, uint64_t project)
{
    et_keys_rules_t  rules;

    return et_keys_check(keys, et_slice_str(key), project, &rules);
}


static void
test_lookup(et_arena_t *arena)
{
    report_t         r;
    et_keys_t       *keys;
    et_keys_rules_t  rules;

    static const char  text[] =
        "# keys of the shop\n"
        "\n"
        "1 abc\n"
        "  2\tabc   # the same key for another project\r\n"
        "1 abd#second key\n"
        "\t \r\n"
        "18446744073709551615 glet_0123456789abcdef0123456789abcdef\n"
        "3 ABC";

    keys = parse(arena, text, &r);

    ET_TEST("a keys file with comments, blanks and either line end is read") {
        et_check_int(r.count, 0);
        et_check(keys != NULL);
        et_check_int(et_keys_count(keys), 5);
    }

    ET_TEST("a key may write to each of its projects, and to no other") {
        et_check_int(check(keys, "abc", 1), ET_OK);
        et_check_int(check(keys, "abc", 2), ET_OK);
        et_check_int(check(keys, "abd", 1), ET_OK);
        et_check_int(check(keys, "ABC", 3), ET_OK);
        et_check_int(check(keys, "glet_0123456789abcdef0123456789abcdef",
                           UINT64_MAX), ET_OK);

        et_check_int(check(keys, "abc", 3), ET_WRONG_PROJECT);
        et_check_int(check(keys, "abd", 2), ET_WRONG_PROJECT);
        et_check_int(check(keys, "ABC", 1), ET_WRONG_PROJECT);
    }

    ET_TEST("a key of one project tells it, and one of several does not") {
        uint64_t  project;

        project = 9;
        et_check_int(et_keys_project(keys, et_slice_str("abc"), &project),
                     ET_AMBIGUOUS_KEY);
        et_check_int(et_keys_project(keys, et_slice_str("ab"), &project),
                     ET_UNKNOWN_KEY);
        et_check_int(project, 9);
        et_check_int(et_keys_project(keys, et_slice_str("abd"), &project),
                     ET_OK);
        et_check_int(project, 1);
        et_check_int(et_keys_project(keys, et_slice_str("ABC"), &project),
                     ET_OK);
        et_check_int(project, 3);
    }

    ET_TEST("a key that is not in the file is unknown") {
        et_check_int(check(keys, "ab", 1), ET_UNKNOWN_KEY);
        et_check_int(check(keys, "abcd", 1), ET_UNKNOWN_KEY);
        et_check_int(check(keys, "Abc", 1), ET_UNKNOWN_KEY);
        et_check_int(check(keys, "", 1), ET_UNKNOWN_KEY);
        et_check_int(et_keys_check(keys, et_slice(NULL, 0), 1, &rules),
                     ET_UNKNOWN_KEY);
        et_check_int(et_keys_check(keys, et_slice("abc\0", 4), 1, &rules),
                     ET_UNKNOWN_KEY);
    }

    ET_TEST("an empty file is a table without keys") {
        keys = parse(arena, "", &r);
        et_check(keys != NULL && et_keys_count(keys) == 0);
        et_check_int(check(keys, "abc", 1), ET_UNKNOWN_KEY);

        keys = parse(arena, "\n# nothing\n\n", &r);
        et_check(keys != NULL && et_keys_count(keys) == 0);
    }

    ET_TEST("a byte order mark before the first line is skipped") {
        keys = parse(arena, "\xef\xbb\xbf" "1 abc\n", &r);
        et_check(keys != NULL && check(keys, "abc", 1) == ET_OK);
    }
}


/* Whether a page of the host may send with the key; -1: nothing is said. */

static int
origin(const et_keys_t *keys, const char *key, uint64_t project,
    const char *page)
{
    et_keys_rules_t  rules;

    (void) et_keys_check(keys, et_slice_str(key), project, &rules);

    if (rules.origins == NULL) {
        return -1;
    }

    return et_origins_match(rules.origins, et_slice_str(page));
}


static void
test_fields(et_arena_t *arena)
{
    report_t         r;
    et_keys_t       *keys;
    et_keys_rules_t  rules;

    static const char  text[] =
        "1 web origins=https://a.example,*.b.example  # a comment\n"
        "1 server\n"
        "1 app origins=c.example\torigins=d.example\n"
        "2 * origins=e.example\n"
        "2 web\n"
        "2 app origins=*\n";

    keys = parse(arena, text, &r);

    ET_TEST("a line's origins are those of its key in its project") {
        et_check_int(r.count, 0);
        et_check(keys != NULL);

        et_check_int(origin(keys, "web", 1, "https://a.example"), 1);
        et_check_int(origin(keys, "web", 1, "https://x.b.example"), 1);
        et_check_int(origin(keys, "web", 1, "https://c.example"), 0);
        et_check_int(origin(keys, "server", 1, "https://c.example"), -1);
        et_check_int(origin(keys, "app", 1, "https://c.example"), 1);
        et_check_int(origin(keys, "app", 1, "https://d.example"), 1);
        et_check_int(origin(keys, "app", 1, "https://e.example"), 0);
    }

    ET_TEST("a line of the key \"*\" is for keys without origins") {
        et_check_int(origin(keys, "web", 2, "https://e.example"), 1);
        et_check_int(origin(keys, "web", 2, "https://a.example"), 0);
        et_check_int(origin(keys, "app", 2, "https://a.example"), 1);
        et_check_int(origin(keys, "unlisted", 2, "https://a.example"), 0);
        et_check_int(origin(keys, "unlisted", 1, "https://a.example"), -1);
    }

    ET_TEST("a key's limit is its own, a project's is on its line of \"*\"") {
        keys = parse(arena, "1 a limit=100r/m\n1 b limit=off\n1 c\n"
                            "1 * limit=5r/s burst=7\n2 a burst=9 limit=1r/h\n",
                     &r);

        et_check_int(et_keys_check(keys, et_slice_str("a"), 1, &rules), ET_OK);
        et_check_int(rules.limits[ET_QUOTA_KEY]->interval, 600000000);
        et_check_int(rules.limits[ET_QUOTA_KEY]->burst, 100);
        et_check_int(rules.limits[ET_QUOTA_PROJECT]->interval, 200000000);
        et_check_int(rules.limits[ET_QUOTA_PROJECT]->burst, 7);

        et_check_int(et_keys_check(keys, et_slice_str("b"), 1, &rules), ET_OK);
        et_check_int(rules.limits[ET_QUOTA_KEY]->interval, 0);

        et_check_int(et_keys_check(keys, et_slice_str("c"), 1, &rules), ET_OK);
        et_check(rules.limits[ET_QUOTA_KEY] == NULL);
        et_check(rules.limits[ET_QUOTA_PROJECT] != NULL);

        et_check_int(et_keys_check(keys, et_slice_str("a"), 2, &rules), ET_OK);
        et_check_int(rules.limits[ET_QUOTA_KEY]->burst, 9);
        et_check(rules.limits[ET_QUOTA_PROJECT] == NULL);

        keys = parse(arena, text, &r);
    }

    ET_TEST("but it lets nobody in, and is no key") {
        et_check_int(check(keys, "*", 2), ET_UNKNOWN_KEY);
        et_check_int(check(keys, "unlisted", 2), ET_UNKNOWN_KEY);
        et_check_int(et_keys_count(keys), 5);
    }
}


static void
test_reports(et_arena_t *arena)
{
    char        text[1024];
    size_t      i;
    report_t    r;

    static const struct {
        const char  *text;
        unsigned     line;
        const char  *message;
    } bad[] = {
        { "1 a\nabc 1\n", 2,
          "project \"abc\" is not a decimal number of 64 bits,"
          " a line is \"project key\"" },
        { "18446744073709551616 a", 1,
          "project \"18446744073709551616\" is not a decimal number of 64"
          " bits, a line is \"project key\"" },
        { "-1 a", 1,
          "project \"-1\" is not a decimal number of 64 bits,"
          " a line is \"project key\"" },
        { "\n\n5\n", 3,
          "no key after project \"5\", a line is \"project key\"" },
        { "5 # key\n", 1,
          "no key after project \"5\", a line is \"project key\"" },
        { "5 a.b\n", 1,
          "key \"a.b\" is not 1 to 255 letters, digits, \"_\" and \"-\"" },
        { "5 a\rb\n", 1,
          "key \"a?b\" is not 1 to 255 letters, digits, \"_\" and \"-\"" },
        { "5 \x1b[1m\n", 1,
          "key \"?[1m\" is not 1 to 255 letters, digits, \"_\" and \"-\"" },
        { "5 a b\n", 1,
          "unexpected \"b\" after the key, a line is \"project key\" and may"
          " go on with \"origins=\", \"limit=\" and \"burst=\"" },
        { "5 a limit=1\n", 1,
          "limit \"1\" is not \"off\" or a rate such as \"1000r/m\"" },
        { "5 a limit=1r/s burst=0\n", 1,
          "burst \"0\" is not a number from 1 to 1000000000" },
        { "5 a burst=5\n", 1, "key \"a\" has a burst and no limit" },
        { "5 a origins=b,c/d\n", 1,
          "origin \"c/d\" is not \"*\", \"host\" or \"scheme://host:port\"" },
        { "5 a origins=\n", 1,
          "origin \"\" is not \"*\", \"host\" or \"scheme://host:port\"" },
        { "5 * origins=a\n5 *\n", 2,
          "key \"*\" has the same project on line 1 already" },
        { "5 a\n6 a\n05 a\n", 3,
          "key \"a\" has the same project on line 1 already" },
    };

    ET_TEST("each bad line is reported with what would be right") {
        for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
            et_check(parse(arena, bad[i].text, &r) == NULL);
            et_check_int(r.count, 1);
            et_check_int(r.line, bad[i].line);
            et_check_str(et_slice_str(r.message), bad[i].message);
        }
    }

    ET_TEST("all bad lines are reported, not the first only") {
        et_check(parse(arena, "x a\n1 b\n2 c d\n3\n1 b", &r) == NULL);
        et_check_int(r.count, 4);
        et_check_int(r.line, 5);
    }

    ET_TEST("a key of 255 characters is taken, one of 256 is cut in a report")
    {
        memset(text, 'k', sizeof(text));
        memcpy(text, "1 ", 2);
        text[2 + 255] = '\0';
        et_check(parse(arena, text, &r) != NULL);

        text[2 + 255] = 'k';
        text[2 + 256] = '\0';
        et_check(parse(arena, text, &r) == NULL);
        et_check_int(r.count, 1);
        et_check(strstr(r.message, "kkk...\" is not 1 to 255") != NULL);
    }
}


/* A file of n lines: n keys of a project each, or a key of n projects. */

static char *
large(unsigned n, int keys)
{
    char      *text;
    size_t     len;
    unsigned   i;

    text = malloc((size_t) n * 32 + 1);
    text[0] = '\0';
    len = 0;

    for (i = 0; i < n; i++) {
        len += sprintf(text + len, "%u key_%u\n", i, keys ? i : 0);
    }

    return text;
}


static void
test_large(et_arena_t *arena)
{
    int          many;
    char        *text, key[32];
    report_t     r;
    unsigned     i, n, wrong;
    et_keys_t   *keys;

    n = 100000;

    for (many = 0; many <= 1; many++) {
        text = large(n, many);

        ET_TEST(many ? "a hundred thousand keys are found"
                     : "a key of a hundred thousand projects is found")
        {
            keys = parse(arena, text, &r);
            et_check(keys != NULL && et_keys_count(keys) == n);

            wrong = 0;

            for (i = 0; keys != NULL && i < n; i++) {
                snprintf(key, sizeof(key), "key_%u", many ? i : 0);

                wrong += check(keys, key, i) != ET_OK;
                wrong += check(keys, key, i + n) != ET_WRONG_PROJECT;

                snprintf(key, sizeof(key), "key_%u", i + n);
                wrong += check(keys, key, i) != ET_UNKNOWN_KEY;
            }

            et_check_int(wrong, 0);
        }

        free(text);
        et_arena_reset(arena);
    }
}


static void
test_failures(void)
{
    char           *text;
    size_t          limit;
    report_t        r;
    et_keys_t      *keys;
    et_arena_t      arena;
    unsigned long   n, failed;

    text = large(2000, 1);

    ET_TEST("each malloc() that fails gives no table and no report") {
        failed = 0;
        memset(&r, 0, sizeof(r));

        for (n = 1; n < 100; n++) {
            et_arena_init(&arena, 64 * MIB, 0);
            et_fail_nth(n);

            keys = et_keys_parse(&arena, et_slice_str(text), report, &r);

            if (!et_fail_reached()) {
                et_fail_nth(0);
                et_check(keys != NULL);
                et_arena_destroy(&arena);
                break;
            }

            /* the library that gives the seed may do with what it has */

            failed += keys == NULL;
            et_check(keys == NULL || et_keys_count(keys) == 2000);
            et_check_int(r.count, 0);
            et_arena_destroy(&arena);
        }

        et_check(failed >= 2 && n < 100);
    }

    ET_TEST("at every limit of the arena there is a whole table or none") {
        failed = 0;

        for (limit = 16; limit < MIB; limit += 1 + limit / 8) {
            et_arena_init(&arena, limit, 0);

            keys = et_keys_parse(&arena, et_slice_str(text), report, &r);

            failed += keys == NULL;
            et_check(keys == NULL || et_keys_count(keys) == 2000);
            et_check(arena.size <= limit);
            et_arena_destroy(&arena);
        }

        et_check_int(r.count, 0);
        et_check(failed > 10 && keys != NULL);
    }

    free(text);
}


static void
test_of(void)
{
    char         text[64 * 40], *p;
    size_t       i, n;
    report_t     r;
    et_keys_t   *keys;
    et_arena_t   arena;
    et_slice_t   key;
    const void  *place;
    unsigned     seen[64];

    et_arena_init(&arena, MIB, 0);

    p = text;

    for (i = 0; i < 64; i++) {
        p += sprintf(p, "%zu key%zu\n", i % 3, i);
    }

    sprintf(p, "1 *\n");

    keys = parse(&arena, text, &r);

    ET_TEST("a project's keys are listed once each, and no other's") {
        memset(seen, 0, sizeof(seen));
        n = 0;
        place = NULL;

        while (et_keys_of(keys, 1, &place, &key)) {
            i = (size_t) atoi(et_arena_copy(&arena, key).data + 3);
            et_check_int(i % 3, 1);
            et_check_int(seen[i]++, 0);
            n++;
        }

        et_check_int(n, 21);

        place = NULL;
        et_check(!et_keys_of(keys, 3, &place, &key));
    }

    et_arena_destroy(&arena);
}


int
main(void)
{
    et_arena_t  arena;

    et_arena_init(&arena, 256 * MIB, MIB);

    test_lookup(&arena);
    test_fields(&arena);
    test_reports(&arena);
    test_large(&arena);

    et_arena_destroy(&arena);

    test_failures();

    test_of();

    return et_test_done();
}
