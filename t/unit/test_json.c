/*
 * JSON on the arena: what is refused and why, what is repaired, and memory
 * failing.
 */

#include <math.h>

#include "et_json.h"
#include "et_test.h"


#define MIB  ((size_t) 1024 * 1024)


static et_arena_t  arena;


/* Parses a copy of its own size, so that a sanitizer sees what is read
 * beyond it.  The arena is reset before; the copy is freed, as the tree must
 * not point into it. */

static et_reason_t
parse_bytes(const char *text, size_t len, cJSON **root)
{
    char         *copy;
    et_reason_t   rc;

    et_arena_reset(&arena);

    copy = malloc(len + (len == 0));
    memcpy(copy, text, len);

    rc = et_json_parse(&arena, copy, len, root);

    et_check((rc == ET_OK) == (*root != NULL));

    memset(copy, 'x', len);
    free(copy);

    return rc;
}


static et_reason_t
parse(const char *text, cJSON **root)
{
    return parse_bytes(text, strlen(text), root);
}


/* The tree of a text that must be fine, as cJSON prints it. */

static et_slice_t
printed(const char *text)
{
    cJSON        *root;

    static char   buf[1024];

    if (parse(text, &root) != ET_OK
        || !cJSON_PrintPreallocated(root, buf, sizeof(buf), 0))
    {
        return et_slice(NULL, 0);
    }

    return et_slice_str(buf);
}


/* open, repeated, then what closes it, repeated */

static et_reason_t
nested(const char *open, const char *close, size_t opened, size_t closed)
{
    char         *text, *p;
    cJSON        *root;
    size_t        i;
    et_reason_t   rc;

    text = malloc(opened * strlen(open) + closed * strlen(close) + 1);
    p = text;

    for (i = 0; i < opened; i++) {
        p = stpcpy(p, open);
    }

    for (i = 0; i < closed; i++) {
        p = stpcpy(p, close);
    }

    *p = '\0';

    rc = parse(text, &root);

    free(text);

    return rc;
}


static void
test_json(void)
{
    cJSON   *root;
    size_t   i;

    static const char *const  bad[] = {
        " ", "\n", "{", "}", "[", "{\"a\"", "{\"a\":", "{\"a\":1",
        "{\"a\":1,", "{\"a\":1, ", "[1,", "[1 2]", "\"a", "\"\\", "\"\\u",
        "\"\\u12\"", "\"\\u12g4\"", "\"\\ud83d\\u12g4\"", "\"\\u-123\"",
        "\"\\ud8", "\"\\x\"", "nul", "nan",
        "{} {}", "{}x", "1,", "{} ,", "{a:1}", "{'a':1}", "-", "\\",
        "[\"a\\\"]", "\xef\xbb\xbf", ",", "\"a\"\\"
    };

    ET_TEST("an object is parsed onto the arena") {
        et_check_str(printed(" {\"a\":[1,-2.5,\"x\",true,null],\"b\":{}} \r\n"),
                     "{\"a\":[1,-2.5,\"x\",true,null],\"b\":{}}");
    }

    ET_TEST("a scalar is a JSON text too") {
        et_check_str(printed("7"), "7");
        et_check_str(printed("\"x\"\t"), "\"x\"");
        et_check_str(printed(" null"), "null");
    }

    ET_TEST("a byte order mark is skipped") {
        et_check_str(printed("\xef\xbb\xbf{\"a\":1}"), "{\"a\":1}");
    }

    ET_TEST("what is no JSON, or JSON and more, is refused") {
        et_check_int(parse("", &root), ET_BAD_JSON);

        for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
            if (parse(bad[i], &root) != ET_BAD_JSON) {
                et_test_check(0, bad[i], __FILE__, __LINE__);
            }
        }
    }

    ET_TEST("an event cut anywhere is refused, and nothing is read beyond it")
    {
        static const char  text[] =
            "{\"a\":1,\"b\":[1,2.5e3,{\"c\":\"x\\u00e9\\ud83d\\ude00\\n\"}],"
            "\"d\":{\"e\":null,\"f\":true},\"g\":\"\xc3\xa9\"} ";

        for (i = 0; i < sizeof(text) - 2; i++) {
            et_check(parse_bytes(text, i, &root) != ET_OK);
        }

        et_check_int(parse_bytes(text, i, &root), ET_OK);
    }

    ET_TEST("a NUL in the text is refused wherever it is") {
        et_check_int(parse_bytes("{\"a\":\"x\0y\"}", 11, &root), ET_BAD_JSON);
        et_check_int(parse_bytes("{}\0", 3, &root), ET_BAD_JSON);
        et_check_int(parse_bytes("\0", 1, &root), ET_BAD_JSON);
        et_check_int(parse_bytes("{\"a\0\":1}", 8, &root), ET_BAD_JSON);
    }
}


static void
test_repairs(void)
{
    char    text[64];
    cJSON  *root;

    ET_TEST("an escaped NUL becomes U+FFFD, in names too") {
        et_check_str(printed("{\"a\\u0000b\":\"c\\u0000\\u0000d\"}"),
                     "{\"a\xef\xbf\xbd" "b\":"
                     "\"c\xef\xbf\xbd\xef\xbf\xbd" "d\"}");
    }

    ET_TEST("a backslash before u0000 that is escaped itself stays") {
        et_check_str(printed("\"\\\\u0000\""), "\"\\\\u0000\"");
        et_check_str(printed("\"\\\\\\\\u0000\""), "\"\\\\\\\\u0000\"");
        et_check_str(printed("\"\\\\\\u0000\""), "\"\\\\\xef\xbf\xbd\"");
        et_check_str(printed("\"\\\\ud800\""), "\"\\\\ud800\"");
    }

    ET_TEST("half a surrogate pair becomes U+FFFD, a whole one stays") {
        et_check_str(printed("\"\\ud83d\\ude00\""), "\"\xf0\x9f\x98\x80\"");
        et_check_str(printed("\"\\uD83D\\uDE00\""), "\"\xf0\x9f\x98\x80\"");
        et_check_str(printed("\"a\\ud83d\""), "\"a\xef\xbf\xbd\"");
        et_check_str(printed("\"a\\ud83d \""), "\"a\xef\xbf\xbd \"");
        et_check_str(printed("\"\\ude00\""), "\"\xef\xbf\xbd\"");
        et_check_str(printed("\"\\ude00\\ud83d\""),
                     "\"\xef\xbf\xbd\xef\xbf\xbd\"");
        et_check_str(printed("\"\\ud83d\\ud83d\\ude00\""),
                     "\"\xef\xbf\xbd\xf0\x9f\x98\x80\"");
        et_check_str(printed("\"\\ud83d\\u0000\""),
                     "\"\xef\xbf\xbd\xef\xbf\xbd\"");
        et_check_str(printed("\"\\ud83d\\u0041\""), "\"\xef\xbf\xbd" "A\"");
        et_check_str(printed("\"\\ud83d\\n\""), "\"\xef\xbf\xbd\\n\"");
        et_check_str(printed("\"\\ud7ff\\ue000\""),
                     "\"\xed\x9f\xbf\xee\x80\x80\"");
    }

    ET_TEST("a repair leaves the text that is kept as JSON of equal length") {
        strcpy(text, "{\"a\":\"\\u0000\\uDC00\",\"b\":-Infinity} ");
        et_check_int(et_json_parse(&arena, text, strlen(text), &root), ET_OK);
        et_check_str(et_slice_str(text),
                     "{\"a\":\"\\ufffd\\ufffd\",\"b\":null     } ");
    }

    ET_TEST("Python's NaN and Infinity do not lose the event") {
        et_check_str(printed("{\"a\":NaN,\"b\":[Infinity,-Infinity,-1],"
                             "\"c\":\"NaN \\\"Infinity\"}"),
                     "{\"a\":\"\",\"b\":[null,null,-1],"
                     "\"c\":\"NaN \\\"Infinity\"}");
        et_check_int(parse("{\"a\":Na}", &root), ET_BAD_JSON);
        et_check_int(parse("{\"a\":Infinit", &root), ET_BAD_JSON);
        et_check_int(parse("{\"a\":xNaN}", &root), ET_BAD_JSON);
    }

    ET_TEST("a number beyond a double's range breaks nothing") {
        et_check_int(parse("{\"a\":1e999,\"b\":-1e999,\"c\":1e-999}", &root),
                     ET_OK);
        et_check(et_json_text(&arena, et_json_get(root, "a")).data == NULL);
        et_check(et_json_text(&arena, et_json_get(root, "b")).data == NULL);
        et_check_str(et_json_text(&arena, et_json_get(root, "c")), "0");
    }
}


static void
test_utf8(void)
{
    char    text[100];
    cJSON  *root;
    size_t  i, at;

    static const char *const  good[] = {
        "", "a", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
        "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80",
        "\xf4\x8f\xbf\xbf", "\xe4\xbd\xa0\xe5\xa5\xbd", "\x7f",
    };

    static const char *const  bad[] = {
        "\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80",
        "\xe0\x9f\xbf", "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf",
        "\xed\xa0\x80", "\xed\xbf\xbf", "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80", "\xfe", "\xff",
        "\xc2", "\xe4\xbd", "\xe4", "\xf0\x9f\x98", "\xf0\x9f", "\xf0",
        "\xc2\x41", "\xe4\x41\xa0", "\xe4\xbd\x41", "\xf0\x9f\x41\x80",
        "\xf0\x9f\x98\x41", "\xc2\x80\x80", "\xc2\xc2\x80", "\xe4\xbd\xc0",
    };

    ET_TEST("well-formed characters are valid at every offset") {
        for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
            for (at = 0; at <= 70; at++) {
                memset(text, 'a', sizeof(text));
                memcpy(text + at, good[i], strlen(good[i]));
                et_check(et_utf8_valid(text, at + strlen(good[i])));
                et_check(et_utf8_valid(text, sizeof(text)));
            }
        }

        et_check(et_utf8_valid(NULL, 0));
        et_check(et_utf8_valid("\0", 1));
    }

    ET_TEST("overlong forms, surrogates, what is too high and what is cut "
            "is not, at any offset")
    {
        for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
            for (at = 0; at <= 70; at++) {
                memset(text, 'a', sizeof(text));
                memcpy(text + at, bad[i], strlen(bad[i]));
                et_check(!et_utf8_valid(text, at + strlen(bad[i])));
                et_check(!et_utf8_valid(text, sizeof(text)));
            }
        }
    }

    ET_TEST("text that is not UTF-8 is refused as that, JSON or not") {
        et_check_int(parse("{\"a\":\"\xff\"}", &root), ET_BAD_UTF8);
        et_check_int(parse("{\"a\":\"\xe4\xbd\"}", &root), ET_BAD_UTF8);
        et_check_int(parse("{{{\xc0\x80", &root), ET_BAD_UTF8);
        et_check_int(parse("{\"a\":\"\xed\xa0\x80\"}", &root), ET_BAD_UTF8);
    }

    ET_TEST("a prefix never cuts a character") {
        static const char  s[] = "a\xc3\xa9\xe4\xbd\xa0\xf0\x9f\x98\x80z";
        static const size_t  whole[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10,
                                         11, 11 };

        for (i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
            et_check_int(et_utf8_prefix(s, 11, i), whole[i]);
        }

        et_check_int(et_utf8_prefix(NULL, 0, 5), 0);
        et_check_int(et_utf8_prefix("\x80\x80\x80\x80\x80\x80", 6, 5), 5);
        et_check_int(et_utf8_prefix("\x80\x80\x80", 3, 2), 0);
    }
}


static void
test_depth(void)
{
    cJSON   *root;
    char     text[2048];
    size_t   i;

    ET_TEST("arrays 200 deep are taken, 201 and 10,000 deep are not") {
        et_check_int(nested("[", "]", 200, 200), ET_OK);
        et_check_int(nested("[", "]", 201, 201), ET_JSON_TOO_DEEP);
        et_check_int(nested("[", "]", 1000, 1000), ET_JSON_TOO_DEEP);
        et_check_int(nested("[", "]", 1001, 1001), ET_JSON_TOO_DEEP);
        et_check_int(nested("[", "]", 10000, 10000), ET_JSON_TOO_DEEP);
        et_check_int(nested("[", "]", 1000000, 1000000), ET_JSON_TOO_DEEP);
    }

    ET_TEST("objects 200 deep are taken, 201 and 10,000 deep are not") {
        for (i = 199; i <= 10000; i = (i == 200) ? 10000 : i + 1) {
            char    *deep, *p;
            size_t   n;

            deep = malloc(i * 6 + 3);
            p = deep;

            for (n = 0; n < i; n++) {
                p = stpcpy(p, "{\"a\":");
            }

            p = stpcpy(p, "{}");
            memset(p, '}', i);

            et_check_int(parse_bytes(deep, i * 6 + 2, &root),
                         i < 200 ? ET_OK : ET_JSON_TOO_DEEP);
            free(deep);
        }
    }

    ET_TEST("siblings do not count as levels, before or behind") {
        et_check_int(nested("[[1],{},", "0]", 1, 1), ET_OK);
        et_check_int(nested("[{},[],[", "],{},[]]", 100, 100), ET_OK);
        et_check_int(nested("[{},[],[", "],{},[]]", 101, 101),
                     ET_JSON_TOO_DEEP);
        et_check_int(nested("[[", "]],[],[[0]]]", 1, 0), ET_BAD_JSON);
    }

    ET_TEST("a tree with more brackets than the limit, none deep, is taken") {
        char  *p;

        p = text;
        *p++ = '[';

        for (i = 0; i < 400; i++) {
            p = stpcpy(p, "[],");
        }

        strcpy(p, "{}]");
        et_check_int(parse(text, &root), ET_OK);
    }

    ET_TEST("brackets in strings do not count, escaped quotes end no string")
    {
        memset(text, '[', sizeof(text));
        memcpy(text, "[\"\\\"", 4);
        memcpy(text + 1000, "\"]", 3);
        et_check_int(parse(text, &root), ET_OK);

        /* and where it is no JSON */

        memcpy(text + 1000, "\"x", 3);
        et_check_int(parse(text, &root), ET_BAD_JSON);
    }

    ET_TEST("what is too deep is that also where it is cut or no JSON") {
        et_check_int(nested("[", "]", 200, 0), ET_BAD_JSON);
        et_check_int(nested("[", "]", 201, 0), ET_JSON_TOO_DEEP);
        et_check_int(nested("{", "}", 200, 0), ET_BAD_JSON);
        et_check_int(nested("{", "}", 10000, 10000), ET_JSON_TOO_DEEP);
        et_check_int(nested("[,", "]", 201, 0), ET_JSON_TOO_DEEP);
        et_check_int(nested("{\"a\":", "}", 10000, 0), ET_JSON_TOO_DEEP);
    }
}


static void
test_members(void)
{
    cJSON       *root;
    size_t       i;
    et_slice_t   s;

    static const struct {
        const char  *json;
        const char  *text;
    } texts[] = {
        { "0", "0" },
        { "-0", "0" },
        { "-7", "-7" },
        { "7.0", "7" },
        { "1e3", "1000" },
        { "9007199254740991", "9007199254740991" },
        { "-9007199254740991", "-9007199254740991" },
        { "9007199254740993", "9007199254740992" },
        { "1753000000.123456", "1753000000.123456" },
        { "0.1", "0.1" },
        { "-2.5", "-2.5" },
        { "0.30000000000000004", "0.30000000000000004" },
        { "1e300", "1e+300" },
        { "5e-324", "5e-324" },
        { "true", "true" },
        { "false", "false" },
        { "\"\"", "" },
        { "\"a b\"", "a b" },
    };

    ET_TEST("a scalar's text is what JSON prints, numbers the shortest way") {
        for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
            et_check_int(parse(texts[i].json, &root), ET_OK);
            s = et_json_text(&arena, root);
            et_check(s.data != NULL);

            if (strncmp(texts[i].json, "9007199254740993", 16) == 0
                || strncmp(texts[i].json, "5e", 2) == 0)
            {
                /* any text that reads back as the same number */

                et_check(s.data != NULL
                         && strtod(s.data, NULL) == root->valuedouble);
                continue;
            }

            et_check_str(s, texts[i].text);
        }
    }

    ET_TEST("null, objects, arrays and nothing have no text") {
        et_check_int(parse("[null,{},[]]", &root), ET_OK);
        et_check(et_json_text(&arena, root).data == NULL);
        et_check(et_json_text(&arena, NULL).data == NULL);

        for (i = 0; i < 3; i++) {
            et_check(et_json_text(&arena, cJSON_GetArrayItem(root, i)).data
                     == NULL);
        }
    }

    ET_TEST("a member is found by its whole name and case") {
        et_check_int(parse("{\"A\":1,\"ab\":2,\"a\":3,\"a\":4,\"\":5}", &root),
                     ET_OK);
        et_check_int(et_json_get(root, "a")->valueint, 3);
        et_check_int(et_json_get(root, "A")->valueint, 1);
        et_check_int(et_json_get(root, "")->valueint, 5);
        et_check(et_json_get(root, "b") == NULL);
        et_check(et_json_get(NULL, "a") == NULL);
        et_check(et_json_get(et_json_get(root, "a"), "a") == NULL);

        et_check_int(parse("[1]", &root), ET_OK);
        et_check(et_json_get(root, "a") == NULL);
    }

    ET_TEST("only a string has a string's bytes") {
        et_check_int(parse("{\"s\":\"x\",\"e\":\"\",\"n\":1,\"z\":null}",
                           &root), ET_OK);
        et_check_str(et_json_str(et_json_get(root, "s")), "x");
        et_check(et_json_str(et_json_get(root, "e")).data != NULL);
        et_check(et_json_str(et_json_get(root, "n")).data == NULL);
        et_check(et_json_str(et_json_get(root, "z")).data == NULL);
        et_check(et_json_str(NULL).data == NULL);
    }
}


static void
test_memory(void)
{
    char          *text, *p;
    cJSON         *root;
    size_t         i, n, limit;
    et_arena_t     small;
    et_reason_t    rc;
    unsigned long  nth, failed;

    n = 20000;
    text = malloc(n * 6 + 3);

    ET_TEST("cJSON's own allocation is back after a parse, good or bad") {
        for (i = 0; i < 2; i++) {
            et_check_int(parse(i ? "{\"a\":" : "{\"a\":1}", &root),
                         i ? ET_BAD_JSON : ET_OK);

            limit = arena.size;
            p = arena.pos;

            root = cJSON_Parse("{\"b\":[1,2,3]}");
            et_check(root != NULL);
            et_check(arena.pos == p && arena.size == limit);

            /* free() and the sanitizer see where these come from */

            free(cJSON_PrintUnformatted(root));
            cJSON_Delete(root);
        }
    }

    ET_TEST("a text that needs more than the arena's limit is too complex") {
        p = text;
        *p++ = '[';

        for (i = 0; i < n; i++) {
            p = stpcpy(p, "[{}],");
        }

        strcpy(p, "1]");

        et_arena_init(&small, MIB, 0);
        et_check_int(et_json_parse(&small, text, strlen(text), &root),
                     ET_JSON_TOO_COMPLEX);
        et_check(root == NULL);
        et_check(small.size <= MIB);
        et_arena_destroy(&small);

        et_check_int(parse(text, &root), ET_OK);
    }

    ET_TEST("a bad text is bad JSON though the arena was full before") {
        et_arena_init(&small, 64 * 1024, 0);
        et_check(et_arena_alloc(&small, MIB) == NULL);
        strcpy(text, "{x}");
        et_check_int(et_json_parse(&small, text, 3, &root), ET_BAD_JSON);
        et_check_int(small.state, ET_ARENA_LIMIT);
        et_arena_destroy(&small);
    }

    ET_TEST("each malloc() that fails while parsing is out of memory") {
        failed = 0;

        for (nth = 1; nth < 100; nth++) {
            p = text;
            *p++ = '[';

            for (i = 0; i < n; i++) {
                p = stpcpy(p, "\"x\",");
            }

            strcpy(p, "NaN]");

            et_arena_init(&small, 64 * MIB, 0);
            et_fail_nth(nth);

            rc = et_json_parse(&small, text, strlen(text), &root);

            if (!et_fail_reached()) {
                et_fail_nth(0);
                et_check_int(rc, ET_OK);
                et_arena_destroy(&small);
                break;
            }

            failed++;
            et_check_int(rc, ET_NO_MEMORY);
            et_check(root == NULL);
            et_arena_destroy(&small);
        }

        et_check(failed > 3 && nth < 100);
    }

    ET_TEST("at every limit of the arena a text is parsed whole or refused") {
        failed = 0;

        for (limit = 16; limit < 4096; limit += 16) {
            strcpy(text, "{\"a\":[1,\"x\",{\"b\":\"\\u0000\"}],\"c\":NaN}");
            et_arena_init(&small, limit, 0);

            rc = et_json_parse(&small, text, strlen(text), &root);

            failed += (rc == ET_JSON_TOO_COMPLEX);
            et_check(rc == ET_OK || rc == ET_JSON_TOO_COMPLEX);
            et_check((root != NULL) == (rc == ET_OK));
            et_arena_destroy(&small);
        }

        et_check(failed > 10 && rc == ET_OK);
    }

    ET_TEST("a number's text is missing where the arena is exhausted") {
        et_check_int(parse("1234", &root), ET_OK);
        et_arena_init(&small, 16, 0);
        et_check(et_json_text(&small, root).data == NULL);
        et_arena_destroy(&small);
    }

    free(text);
}


int
main(void)
{
    et_arena_init(&arena, 64 * MIB, MIB);

    test_json();
    test_repairs();
    test_utf8();
    test_depth();
    test_members();
    test_memory();

    et_arena_destroy(&arena);

    return et_test_done();
}
