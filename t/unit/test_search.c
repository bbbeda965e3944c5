/*
 * What a request's query says: parameters, cursors, periods, search words.
 */

#include "et_cursor.h"
#include "et_json.h"
#include "et_out.h"
#include "et_search.h"
#include "et_test.h"


static et_arena_t   arena;
static et_params_t  params;
static et_search_t  search;


static const char *
parse(const char *text)
{
    et_arena_reset(&arena);

    return et_search_parse(&arena, et_slice_str(text), &search);
}


static const char *
combined(const char *text)
{
    et_arena_reset(&arena);

    return et_search_parse_combined(&arena, et_slice_str(text), &search);
}


static const char *
query(const char *text)
{
    et_arena_reset(&arena);

    return et_params_parse(&arena, et_slice_str(text), &params);
}


static void
test_params(void)
{
    size_t      i;
    char        many[2 * ET_PARAMS_MAX + 3];
    et_slice_t  value;

    ET_TEST("a query's parameters are decoded, and found by name") {
        et_check(query("a=1&b=x%20y+z&&c&d[]=1&d%5B%5D=2&a=9&=5") == NULL);
        et_check_str(et_params_get(&params, "a"), "1");
        et_check_str(et_params_get(&params, "b"), "x y z");
        et_check_str(et_params_get(&params, "c"), "");
        et_check(et_params_get(&params, "no").data == NULL);

        i = 0;
        et_check(et_params_next(&params, "d", &i, &value));
        et_check_str(value, "1");
        et_check(et_params_next(&params, "d", &i, &value));
        et_check_str(value, "2");
        et_check(!et_params_next(&params, "d", &i, &value));
    }

    ET_TEST("an escape that is none stays, and an empty query is none") {
        et_check(query("a=%&b=%4&c=%zz&d=100%") == NULL);
        et_check_str(et_params_get(&params, "a"), "%");
        et_check_str(et_params_get(&params, "b"), "%4");
        et_check_str(et_params_get(&params, "c"), "%zz");
        et_check_str(et_params_get(&params, "d"), "100%");
        et_check(query("") == NULL && params.n == 0);
    }

    ET_TEST("a NUL and what is not UTF-8 are refused, as value and as name") {
        et_check(query("a=x%00") != NULL);
        et_check(query("a=%ff") != NULL);
        et_check(query("%c3=1") != NULL);
        et_check(query("a=%c3%a4") == NULL);
    }

    ET_TEST("more parameters than anybody sends are refused") {
        for (i = 0; i < sizeof(many) - 1; i++) {
            many[i] = i % 2 ? '&' : 'a';
        }

        many[i] = '\0';
        et_check(query(many) != NULL);
        many[2 * ET_PARAMS_MAX - 1] = '\0';
        et_check(query(many) == NULL);
    }
}


static void
test_words(void)
{
    size_t      i;
    char        many[4096];
    et_term_t  *t;

    t = search.terms;

    ET_TEST("words with a key are terms, others are the text") {
        et_check(parse("  is:unresolved could not level:error  find ") == NULL);
        et_check_int(search.status, ET_STATUS_UNRESOLVED);
        et_check_str(search.text, "could not find");
        et_check_int(search.nterms, 1);
        et_check_str(t[0].key, "level");
        et_check_str(t[0].values[0], "error");
    }

    ET_TEST("! negates, quotes keep blanks, a backslash keeps a quote") {
        et_check(parse("!environment:\"a b\" x:\"c\\\"d\" \"e f\" !is:ignored")
                 == NULL);
        et_check(t[0].negated);
        et_check_str(t[0].values[0], "a b");
        et_check_str(t[1].values[0], "c\"d");
        et_check_str(search.text, "e f");
        et_check_int(search.status, ET_STATUS_IGNORED);
        et_check(search.not_status);
    }

    ET_TEST("a list is several values, and a star a pattern") {
        et_check(parse("release:[1.0, \"2, 0\",3*] url:*.js y:a\\*b") == NULL);
        et_check_int(t[0].nvalues, 3);
        et_check_str(t[0].values[0], "1.0");
        et_check_str(t[0].values[1], "2, 0");
        et_check_str(t[0].values[2], "3*");
        et_check(t[0].wildcard && t[1].wildcard && !t[2].wildcard);
        et_check_str(t[2].values[0], "a*b");
        et_check_str(et_search_like(&arena, et_slice_str("a_b%*\\")),
                     "a\\_b\\%%\\\\");
    }

    ET_TEST("a comparison stands before the value") {
        et_check(parse("timesSeen:>10 a:<=5 b:>=1 c:<2 d:\"\"") == NULL);
        et_check_int(t[0].op, ET_TERM_GT);
        et_check_str(t[0].values[0], "10");
        et_check_int(t[1].op, ET_TERM_LE);
        et_check_int(t[2].op, ET_TERM_GE);
        et_check_int(t[3].op, ET_TERM_LT);
        et_check_int(t[4].values[0].len, 0);
    }

    ET_TEST("OR, AND and parentheses combine words with a key") {
        et_check(combined("a:1 OR b:2 AND c:3 d:4") == NULL);
        et_check(search.combined);
        et_check_int(search.nterms, 4);
        et_check(!t[0].or && t[1].or && !t[2].or && !t[3].or);

        et_check(combined("(a:1 OR !b:\"x) y\") AND ((c:[1, 2] OR d:4) e:5)")
                 == NULL);
        et_check_int(search.nterms, 5);
        et_check_int(t[0].opens, 1);
        et_check_str(t[0].values[0], "1");
        et_check(t[1].or && t[1].negated);
        et_check_str(t[1].values[0], "x) y");
        et_check_int(t[1].closes, 1);
        et_check_int(t[2].opens, 2);
        et_check_int(t[3].closes, 1);
        et_check_str(t[3].values[0], "4");
        et_check_int(t[4].closes, 1);

        et_check(combined("(a:1 b:2) c:3") == NULL);
        et_check_int(t[0].opens + t[1].closes, 2);
        et_check_str(t[1].values[0], "2");
        et_check(combined("a:1 or b:2 and c:3") == NULL);
        et_check(t[1].or && !t[2].or && search.text.len == 0);
        et_check(combined("a:1 AND b:2") == NULL);
        et_check(!search.combined);
        et_check(parse("text AND b:2") == NULL);
        et_check_str(search.text, "text");
        et_check(parse("a:1 OR b:2") != NULL);
        et_check(parse("a:1 AND b:2") == NULL);
    }

    ET_TEST("what is combined has to be whole, and no text") {
        static const char *const  wrong[] = {
            "a:1 OR", "OR a:1", "a:1 OR OR b:2", "(a:1 OR b:2", "a:1 AND",
            "a:1 OR (b:2 OR )", "a:1 AND (b:2 OR c:3))", "a:1 OR \"\"",
            "text a:1 OR b:2", "a:1 OR b:2 text", "is:resolved OR a:1",
            "a:1 OR ((((((((((((((((((((((b:1))))))))))))))))))))))"
        };

        for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
            et_check(combined(wrong[i]) != NULL);
        }
    }

    ET_TEST("in a message they are text, as is a key with a blank behind it") {
        et_check(combined("CHECK OR DROP (code: 5) (x)") == NULL);
        et_check_int(search.nterms, 0);
        et_check_str(search.text, "CHECK OR DROP (code: 5) (x)");
        et_check(parse("is:unresolved TypeError: x AND y (a:b)") == NULL);
        et_check_int(search.nterms, 0);
        et_check_str(search.text, "TypeError: x AND y (a:b)");
        et_check(parse("level:") == NULL);
        et_check_str(search.text, "level:");
        et_check(parse("a:1 this or that and more") == NULL);
        et_check_str(search.text, "this or that and more");

        memset(many, '(', sizeof(many) - 1);
        many[sizeof(many) - 1] = '\0';
        et_check(combined(many) == NULL);
        et_check_int(search.text.len, sizeof(many) - 1);
    }

    ET_TEST("a user is named as tags name them, and a tag like any field") {
        et_check(parse("user:\"id:7\" user:[email:a, email:b] user:x:1 "
                       "user:[id:1, ip:2] tags[user]:id:1 tags[is]:x")
                 == NULL);
        et_check_str(t[0].key, "user.id");
        et_check_str(t[0].values[0], "7");
        et_check_str(t[1].key, "user.email");
        et_check_str(t[1].values[1], "b");
        et_check_str(t[2].key, "user");
        et_check_str(t[3].key, "user");
        et_check_str(t[4].key, "user");
        et_check(t[4].tag && !t[3].tag);
        et_check_str(t[4].values[0], "id:1");
        et_check_str(t[5].key, "is");
    }

    ET_TEST("a text has patterns, too") {
        et_check(parse("a*b \"c d\"") == NULL);
        et_check(search.text_wildcard);
        et_check_str(search.text, "a*b c d");
        et_check(parse("a\\*b") == NULL);
        et_check(!search.text_wildcard);
        et_check_str(search.text, "a*b");
    }

    ET_TEST("a value that is missing, or has no end, is an error") {
        et_check(parse("a:>") != NULL);
        et_check(parse("a:>= b:1") != NULL);
        et_check(parse("level:\"") != NULL);
        et_check(parse("a:[x, \"y]") != NULL);
        et_check(parse("a:\"\"") == NULL);
    }

    ET_TEST("an address and a colon alone are text") {
        et_check(parse("http://a.b:8080/x : a::b \"q:r s\"") == NULL);
        et_check_int(search.nterms, 1);
        et_check_str(t[0].key, "a");
        et_check_str(t[0].values[0], ":b");
        et_check_str(search.text, "http://a.b:8080/x : q:r s");
    }

    ET_TEST("a key may be in quotes, and have dots") {
        et_check(parse("\"my tag\":x user.id:5") == NULL);
        et_check_str(t[0].key, "my tag");
        et_check_str(t[1].key, "user.id");
    }

    ET_TEST("tags[name] is the tag of that name") {
        et_check(parse("tags[a b]:x tags[]y") == NULL);
        et_check_int(search.nterms, 1);
        et_check_str(t[0].key, "a b");
        et_check_str(search.text, "tags[]y");
    }

    ET_TEST("is:assigned and is:unassigned are words about the assignee") {
        et_check(parse("is:unassigned is:resolved !is:unassigned "
                       "is:assigned") == NULL);
        et_check_int(search.status, ET_STATUS_RESOLVED);
        et_check_int(search.nterms, 3);
        et_check_str(search.terms[0].key, "assigned");
        et_check_str(search.terms[0].values[0], "");
        et_check(!search.terms[0].negated);
        et_check(search.terms[1].negated);
        et_check(search.terms[2].negated);
    }

    ET_TEST("what can't be asked is an error with a text") {
        et_check(parse("is:purple") != NULL);
        et_check(parse("a:[1,2") != NULL);
        et_check(parse("a:1 a:1 a:1 a:1 a:1 a:1 a:1 a:1 a:1 a:1 a:1 a:1 a:1 "
                       "a:1 a:1 a:1 a:1 a:1 a:1 a:1 a:1") != NULL);
    }

    ET_TEST("any text is read to its end, or refused") {
        int     i, k;
        char    text[40];
        size_t  len;

        static const char  set[] = "a:\"![]<>=*\\ ,is.";

        for (i = 0; i < 100000; i++) {
            len = et_random() % sizeof(text);

            for (k = 0; k < (int) len; k++) {
                text[k] = et_random() % 30 == 0 ? (char) et_random()
                          : set[et_random() % (sizeof(set) - 1)];
            }

            et_arena_reset(&arena);
            (void) et_search_parse(&arena, et_slice(text, len), &search);
            et_check(search.text.len <= len);
        }
    }
}


static void
test_cursors(void)
{
    et_text_t    text;
    et_cursor_t  a, b;

    ET_TEST("a cursor that was written is read back") {
        a.back = 1;
        a.asof = INT64_MAX;
        a.key = 0;
        a.id[0] = UINT64_MAX;
        a.id[1] = 7;

        et_arena_reset(&arena);
        et_text_init(&text, &arena);
        et_cursor_print(&text, &a);

        et_check(et_cursor_parse(et_text_slice(&text), &b));
        et_check(b.given && b.back && b.asof == a.asof && b.key == 0
                 && b.id[0] == UINT64_MAX && b.id[1] == 7);
    }

    ET_TEST("what is no cursor is refused") {
        static const char *const  bad[] = {
            "", "n", "n-", "n-1-2-3", "n-1-2-3-", "n-1-2-3-4-5", "x-1-2-3-4",
            "n-1-2-3-99999999999999999999", "n-9223372036854775808-1-1-1",
            "n--1-2-3-4", "n-1-2-3-4 ", "n1-2-3-4", "0:0:1"
        };

        size_t  i;

        for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
            et_check(!et_cursor_parse(et_slice_str(bad[i]), &b));
        }
    }
}


static void
test_periods(void)
{
    int64_t  us;
    char     text[ET_OUT_TIME];

    ET_TEST("a period is a number and a unit") {
        et_check(et_period_parse(et_slice_str("15m"), &us));
        et_check_int(us, 15 * 60 * INT64_C(1000000));
        et_check(et_period_parse(et_slice_str("2w"), &us));
        et_check_int(us, 14 * 86400 * INT64_C(1000000));
        et_check(!et_period_parse(et_slice_str("m"), &us));
        et_check(!et_period_parse(et_slice_str("0h"), &us));
        et_check(!et_period_parse(et_slice_str("-1h"), &us));
        et_check(!et_period_parse(et_slice_str("5"), &us));
        et_check(!et_period_parse(et_slice_str("99999999999999999d"), &us));
    }

    ET_TEST("a time is written as RFC 3339 has it, to the microsecond") {
        et_check_int(et_time_print(1700000000000001, text), 27);
        et_check_str(et_slice_str(text), "2023-11-14T22:13:20.000001Z");
        et_check_int(et_time_print(-1, text), 0);
    }
}


static void
test_out(void)
{
    char   *text;
    cJSON  *root;

    ET_TEST("an answer is JSON whatever the bytes are") {
        et_arena_reset(&arena);
        et_json_begin(&arena);

        root = cJSON_CreateObject();
        et_out_str(root, "a", et_slice("x\0y\xff\xc3\xa4\xc3", 7));
        et_out_u64(root, "b", UINT64_MAX);
        et_out_digits(root, "c", 5);
        et_out_time(root, "d", 0);
        text = cJSON_PrintUnformatted(root);

        et_check_str(et_slice_str(text),
                     "{\"a\":\"x\xef\xbf\xbdy\xef\xbf\xbd\xc3\xa4\xef\xbf\xbd"
                     "\",\"b\":18446744073709551615,\"c\":\"5\",\"d\":null}");

        et_check(arena.state == ET_ARENA_FINE);
        et_json_end();
    }

    ET_TEST("an event may be parsed while an answer is built") {
        char  json[] = "[1,2]";

        et_arena_reset(&arena);
        et_json_begin(&arena);

        root = cJSON_CreateObject();
        et_check(et_json_parse(&arena, json, 5, &root) == ET_OK);
        cJSON_AddItemToArray(root, cJSON_CreateNumber(3));
        text = cJSON_PrintUnformatted(root);
        et_check_str(et_slice_str(text), "[1,2,3]");

        et_json_end();
    }

    ET_TEST("an allocation that fails shows at the end") {
        et_arena_t  small;

        et_arena_init(&small, 16, 0);
        et_json_begin(&small);
        root = cJSON_CreateObject();
        et_out_str(root, "a", et_slice_str("b"));
        et_check(small.state != ET_ARENA_FINE);
        et_json_end();
        et_arena_destroy(&small);
    }
}


int
main(void)
{
    et_arena_init(&arena, 1 << 20, 1 << 20);

    test_params();
    test_words();
    test_cursors();
    test_periods();
    test_out();

    et_arena_destroy(&arena);

    return et_test_done();
}
