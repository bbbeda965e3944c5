/*
 * Parameterising messages: each kind, what must stay as it is, the bounds,
 * and that the work is linear (counted in steps, not in time).
 */

#include "et_arena.h"
#include "et_json.h"
#include "et_message.h"
#include "et_test.h"


#define ET_TEST_MEMORY    (16 * 1024 * 1024)

/* steps a byte that no text may need: two looks at most for each matcher of
 * open-ended runs, and the bounded look-aheads where a value could start */
#define ET_TEST_MAX_STEPS  48


/*
 * The scanner once more, counting its steps and without its bound on the
 * text, under another name.
 */

static size_t  et_test_steps;

#undef ET_MESSAGE_GROUPED
#define ET_MESSAGE_GROUPED        (1024 * 1024)
#define ET_MESSAGE_STEP()         et_test_steps++
#define et_message_parameterise   et_message_counted

et_slice_t et_message_counted(et_arena_t *arena, et_slice_t text);

#include "et_message.c"

#undef ET_MESSAGE_GROUPED
#define ET_MESSAGE_GROUPED        1024
#undef et_message_parameterise

et_slice_t et_message_parameterise(et_arena_t *arena, et_slice_t text);


typedef struct {
    const char  *text;
    const char  *expected;
} et_test_case_t;


static et_arena_t  arena;


static et_slice_t
et_test_message(const char *text)
{
    return et_message_parameterise(&arena, et_slice_str(text));
}


/* Each case's text gives what is expected; and a second time, as names of
 * kinds are not replaced again. */

static void
et_test_cases(const et_test_case_t *cases, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        et_check_str(et_test_message(cases[i].text), cases[i].expected);
        et_check_str(et_test_message(cases[i].expected), cases[i].expected);
        et_arena_reset(&arena);
    }
}

#define et_test_all(cases)                                                    \
    et_test_cases(cases, sizeof(cases) / sizeof(cases[0]))


static const et_test_case_t  et_test_emails[] = {
    { "mail to joe.doe+x@mail.example.com failed", "mail to <email> failed" },
    { "<joe@example.com>", "<<email>>" },
    { "from a@b.io, to c@d.org.", "from <email>, to <email>." },
    { "user:joe@example.com", "user:<email>" },
    { "mailto:x_1@example.co.uk;", "mailto:<email>;" },
    { "a@b@c.com", "a@<email>" },
    { "not@local", "not@local" },
    { "at @ sign, x@.com", "at @ sign, x@.com" },
    { "@joe", "@joe" }
};

static const et_test_case_t  et_test_urls[] = {
    { "GET https://example.com/a/1?x=2#y failed", "GET <url> failed" },
    { "see (http://a.b/c).", "see (<url>)." },
    { "\"ftp://host/file\": no", "<quoted_str>: no" },
    { "timeout: wss://a.b:80/c,", "timeout: <url>," },
    { "jdbc:postgresql://db/x is down", "jdbc:<url> is down" },
    { "http:// is no address", "http:// is no address" },
    { "a://b", "<url>" },
    { "std::cout // not a scheme", "std::cout // not a scheme" }
};

static const et_test_case_t  et_test_ips[] = {
    { "connect to 10.0.0.1:8080", "connect to <ip>:<int>" },
    { "host 192.168.255.255.", "host <ip>." },
    { "[::1]:80 and fe80::1: no route", "[<ip>]:<int> and <ip>: no route" },
    { "2001:0db8:85a3:0000:0000:8a2e:0370:7334", "<ip>" },
    { "via ::ffff:10.0.0.1", "via <ip>" },
    { "at:2001:db8::2 x", "at:<ip> x" },
    { "abc::def", "abc::def" },
    { "Foo::bar", "Foo::bar" },
    { "256.1.1.1", "<float>.<float>" },
    { "1.2.3.4.5", "<float>.<float>.<int>" }
};

static const et_test_case_t  et_test_uuids[] = {
    { "order 123e4567-E89B-12d3-a456-426614174000 lost", "order <uuid> lost" },
    { "{123e4567-e89b-12d3-a456-426614174000}", "{<uuid>}" },
    { "id_123e4567-e89b-12d3-a456-426614174000", "id_<uuid>" }
};

static const et_test_case_t  et_test_hashes[] = {
    { "md5 d41d8cd98f00b204e9800998ecf8427e", "md5 <hash>" },
    { "commit da39a3ee5e6b4b0d3255bfef95601890afd80709!", "commit <hash>!" },
    { "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      "<hash>" },
    { "sha256:e3b0c44298fc1c14", "sha256:<hex>" }
};

static const et_test_case_t  et_test_dates[] = {
    { "at 2024-02-03T04:05:06.789Z: x", "at <date>: x" },
    { "at 2024-02-03 04:05:06,789 +0100 x", "at <date> x" },
    { "at 2024-02-03T04:05:06+01:00", "at <date>" },
    { "on 2024-02-03", "on <date>" },
    { "2024/02/03 04:05 x", "<date> x" },
    { "12:34:56 x", "<date> x" },
    { "[03/Feb/2024:04:05:06 +0000]", "[<date>]" },
    { "03 Feb 2024 x", "<date> x" },
    { "Sat Feb  3 04:05:06 2024", "<date>" },
    { "Sat, 03 Feb 2024 04:05:06 GMT", "<date>" },
    { "Feb 3, 2024 x", "<date> x" },
    { "feb 13 04:05:06 host", "<date> host" },
    { "2024-13-45", "<int>-<int>-<int>" },
    { "you may 5 times", "you may <int> times" },
    { "Sat on it", "Sat on it" }
};

static const et_test_case_t  et_test_durations[] = {
    { "after 12ms", "after <duration>" },
    { "1.5s, 3m, 2h and 4d", "<duration>, <duration>, <duration> and "
                             "<duration>" },
    { "took 1h2m3.5s.", "took <duration>." },
    { "250\xc2\xb5s 250\xce\xbcs 9us 9ns", "<duration> <duration> "
                                           "<duration> <duration>" },
    { "30seconds 5min", "<duration> <duration>" },
    { "5 days", "<int> days" },
    { "5mode", "5mode" },
    { "-3ms", "<duration>" }
};

static const et_test_case_t  et_test_hexes[] = {
    { "at 0x7ffe12ab", "at <hex>" },
    { "handle 1a2b3c4d gone", "handle <hex> gone" },
    { "com.acme.Order@1b6d3586", "com.acme.Order@<hex>" },
    { "Order@12345678", "Order@<hex>" },
    { "Order@abcdef", "Order@<hex>" },
    { "mac 00:1b:44:11:3a:b7", "mac <hex>" },
    { "0xzz", "0xzz" },
    { "commit 1a2b3c, abc123 and 3f9c2ab", "commit <hex>, <hex> and <hex>" },
    { "id:f00ba4", "id:<hex>" },
    { "deadbeef cafe facade", "deadbeef cafe facade" }
};

static const et_test_case_t  et_test_ids[] = {
    { "request x7k9q failed", "request <id> failed" },
    { "order 12abc, 404page", "order <id>, <id>" },
    { "a1b2c x1y2z3", "<id> <id>" },
    { "cus_9s6XKzkNRiz8i3 has no card", "cus_<id> has no card" },
    { "req-7f3k9-ab12c3d4", "req-<id>-<hex>" },
    { "xyz1234uvw", "<id>" },
    { "12ab34 1920x1080", "<hex> <id>" },
    { "20240203T040506Z", "<id>" },
    { "token V1StGXR8_Z5jdHi6B-myT expired", "token <id> expired" },
    { "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.x",
      "<id>.<id>.x" },
    { "lower-case-words-2-and_snake_case_3", "lower-case-words-<int>-and_"
                                             "snake_case_<int>" },
    { "i18n k8s log4j b2b md5sum Float64Array Uint8Array",
      "i18n k8s log4j b2b md5sum Float64Array Uint8Array" }
};

static const et_test_case_t  et_test_numbered[] = {
    { "worker3 lost, node17 took over", "worker<int> lost, node<int> took "
                                        "over" },
    { "user12345", "user<int>" },
    { "Thread12-7", "Thread<int>-<int>" },
    { "u10017 is gone", "u<int> is gone" },
    { "TS2304: no name", "TS<int>: no name" },
    { "the 1st, 2nd, 3rd and 14th try", "the <int>, <int>, <int> and <int> "
                                        "try" },
    { "64bit, 10x of 60Hz", "<int>bit, <int>x of <int>Hz" }
};

static const et_test_case_t  et_test_scripts[] = {
    { "\xe8\xae\xa2\xe5\x8d\x95" "12345" "\xe6\x9c\xaa",
      "\xe8\xae\xa2\xe5\x8d\x95<int>\xe6\x9c\xaa" },
    { "\xd0\xb8\xd0\xb4" "7", "\xd0\xb8\xd0\xb4<int>" },
    { "\xe2\x82\xac" "5 \xe2\x84\x96" "12", "\xe2\x82\xac<int> "
                                          "\xe2\x84\x96<int>" },
    { "\xe8\xbf\x9e" "10.0.0.1:80\xe5\xa4\xb1",
      "\xe8\xbf\x9e<ip>:<int>\xe5\xa4\xb1" },
    { "\xe8\xbf\x9e" "12ms\xe5\xa4\xb1",
      "\xe8\xbf\x9e<duration>\xe5\xa4\xb1" },
    { "\xe6\x9c\xaa\"abc\"\xe6\x9c\xaa", "\xe6\x9c\xaa<quoted_str>"
                                       "\xe6\x9c\xaa" },
    { "l'\xc3\xa9t\xc3\xa9's and d'\xc3\xa9'tre",
      "l'\xc3\xa9t\xc3\xa9's and d'\xc3\xa9'tre" },
    { "caf\xc3\xa9's x 'y'", "caf\xc3\xa9's x <quoted_str>" },
    { "caf\xc3\xa9-5", "caf\xc3\xa9-<int>" },
    { "Gr\xc3\xb6\xc3\x9f" "e2", "Gr\xc3\xb6\xc3\x9f" "e2" }
};

static const et_test_case_t  et_test_numbers[] = {
    { "3.14 and -2.5e-10", "<float> and <float>" },
    { "1e10", "<float>" },
    { "user 42 not found", "user <int> not found" },
    { "user_12345 item-991 order#17", "user_<int> item-<int> order#<int>" },
    { "id=5, /api/users/17/posts:3", "id=<int>, /api/users/<int>/posts:<int>" },
    { "(1) [2] {3}", "(<int>) [<int>] {<int>}" },
    { "x = -5, y = +6, 7-8", "x = <int>, y = <int>, <int>-<int>" },
    { "1,234,567 rows", "<int> rows" },
    { "1,2345", "<int>,<int>" },
    { "HTTP/1.1 404", "HTTP/<float> <int>" },
    { "12MB of 1.5GB", "<int>MB of <float>GB" },
    { "end 5.", "end <int>." },
    { "99%", "<int>%" },
    { "took    5 of   15", "took <int> of <int>" }
};

static const et_test_case_t  et_test_quotes[] = {
    { "no key 'abc def'", "no key <quoted_str>" },
    { "no \"abc\" in `x`", "no <quoted_str> in <quoted_str>" },
    { "['a', \"b\"]", "[<quoted_str>, <quoted_str>]" },
    { "key='x'", "key=<quoted_str>" },
    { "'don't'", "<quoted_str>" },
    { "\"a \\\" b\" c", "<quoted_str> c" },
    { "don't and it's, the users' x", "don't and it's, the users' x" },
    { "an 'open one", "an 'open one" },
    { "empty ''", "empty ''" }
};

static const et_test_case_t  et_test_words[] = {
    { "utf8 SHA256 UTF16 Int64 IPv6 base64 x86 v2 h264 E1001 2FA 5xx 7zip",
      "utf8 SHA256 UTF16 Int64 IPv6 base64 x86 v2 h264 E1001 2FA 5xx 7zip" },
    { "plain words only", "plain words only" },
    { "%s is not %d", "%s is not %d" }
};


/* What makes scanners quadratic: the same start, again and again, with no
 * end in sight. */

static const char  *et_test_adversaries[] = {
    "'", "\"", "`", " '", "'a ", "' \"", "\\'", " '\\",
    "@", "a@", "a.@", "a@b.", "a.b@c", "a@b.c.d ", "a.", "a%+-", ".a@a",
    "http://", "a://", "a+", "a:", "a://)", "http://)))", "://", "a://. ",
    ":", "::", "1:", "a:1:", "::1 ", "1::", "f", "fe80::", "0:0.",
    "1", "1.", "1.1", "1,", "1,111", ",111", "1e", "1e1", "1e+", "1.1e1x",
    "0x", "0x0", "0xg", "00", "a1", "1a", "1-", "-1", "+-1",
    "1m", "1m1", "1.1m", "1s ", "1ms1", "11111111111111111111m",
    "12:34:56.", "12:34:56.0", "2024-01-01", "2024-01-01T", "01/Jan/",
    "Jan 1 ", "Mon ", "Mon, ", "Mon Jan  ", "01 Jan 2024 01:01:01 ",
    "12345678-1234-", "00:00:", "aa-", "00-11-22-33-44-55-",
    "a1_", "x1-", "A1b_", "aB3-xY", "x7k9q ", "worker3 ", "1st", "12abc-",
    "z9\xc3\xa9", "int32 ", "a1b2c3d4e5f6g7h8",
    " ", "\t ", "_", "_1", "-", "\xc3\xa9", "\xff", "\x80", "\x01",
    "\n", " \n", "a\n", "x y ", "{}"
};


static char *
et_test_repeat(const char *what, size_t len)
{
    char    *text;
    size_t   i, n;

    n = strlen(what);
    text = malloc(len);

    for (i = 0; text != NULL && i < len; i++) {
        text[i] = what[i % n];
    }

    return text;
}


/* The scanner's steps on len bytes of a text repeated. */

static size_t
et_test_count(const char *what, size_t len, const char *end)
{
    char        *text;
    size_t       n;
    et_slice_t   out;

    text = et_test_repeat(what, len);
    n = strlen(end);
    memcpy(text + len - n, end, n);

    et_test_steps = 0;
    out = et_message_counted(&arena, et_slice(text, len));
    et_check(out.data != NULL);

    et_arena_reset(&arena);
    free(text);

    return et_test_steps;
}


static void
et_test_linear(const char *what, const char *end)
{
    size_t  n, small, large;

    /* the end meets the same part of what is repeated */

    n = 32 * 1024 / strlen(what) * strlen(what);

    small = et_test_count(what, n, end);
    large = et_test_count(what, 2 * n, end);

    if (large > 2 * small + small / 8 + 1024
        || large > ET_TEST_MAX_STEPS * 2 * n)
    {
        printf("# \"%s\"...\"%s\": %zu, then %zu steps\n", what, end, small,
               large);
        et_check(0);
    }
}


/* xorshift: the same texts each time */

static uint32_t
et_test_random(void)
{
    static uint32_t  x = 2463534242u;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;

    return x;
}


static void
et_test_random_text(void)
{
    char               *text;
    size_t              i, len;
    et_slice_t          out;
    static const char   alphabet[] = "01239afz.:-@/'\"`+_ ,exXTZ\n\\%#\xc3\xa9";

    len = et_test_random() % 200;
    text = malloc(len + 1);

    for (i = 0; i < len; i++) {
        text[i] = alphabet[et_test_random() % (sizeof(alphabet) - 1)];
    }

    out = et_message_parameterise(&arena, et_slice(text, len));

    et_check(out.data != NULL);
    et_check(out.len <= len * 5 + 2);

    et_arena_reset(&arena);
    free(text);
}


static int
et_test_random_texts(int n)
{
    while (n-- > 0) {
        et_test_random_text();
    }

    return 1;
}


int
main(void)
{
    char        *text;
    size_t       i, n;
    et_slice_t   out;
    et_arena_t   small;

    et_arena_init(&arena, ET_TEST_MEMORY, ET_TEST_MEMORY);

    ET_TEST("an e-mail address becomes <email>") {
        et_test_all(et_test_emails);
    }

    ET_TEST("a URL becomes <url>, without the punctuation around it") {
        et_test_all(et_test_urls);
    }

    ET_TEST("an IPv4 or IPv6 address becomes <ip>") {
        et_test_all(et_test_ips);
    }

    ET_TEST("a UUID becomes <uuid>") {
        et_test_all(et_test_uuids);
    }

    ET_TEST("an MD5, SHA-1 or SHA-256 becomes <hash>") {
        et_test_all(et_test_hashes);
    }

    ET_TEST("a date, a time or both become <date>") {
        et_test_all(et_test_dates);
    }

    ET_TEST("a number with a unit of time becomes <duration>") {
        et_test_all(et_test_durations);
    }

    ET_TEST("a hexadecimal number or identity becomes <hex>") {
        et_test_all(et_test_hexes);
    }

    ET_TEST("numbers become <float> and <int>, in ids and paths, too") {
        et_test_all(et_test_numbers);
    }

    ET_TEST("a quoted text becomes <quoted_str>, an apostrophe stays") {
        et_test_all(et_test_quotes);
    }

    ET_TEST("a word of letters and digits that nobody chose becomes <id>") {
        et_test_all(et_test_ids);
    }

    ET_TEST("a number at a name's end becomes <int>, and so does an ordinal") {
        et_test_all(et_test_numbered);
    }

    ET_TEST("numbers need no blank around them in other scripts") {
        et_test_all(et_test_scripts);
    }

    ET_TEST("words, and numbers that are part of a name, stay as they are") {
        et_test_all(et_test_words);
    }

    ET_TEST("only the first two lines that are not empty count") {
        et_check_str(et_test_message("\n \r\n one 1 \r\n\n  two\nthree"),
                     "one <int>\ntwo");
        et_check_str(et_test_message("one\n\n"), "one");
        et_check_str(et_test_message(" \n\t"), "");
        et_check_str(et_test_message(""), "");
        et_check(et_message_parameterise(&arena, et_slice(NULL, 0)).data
                 != NULL);
    }

    ET_TEST("a quote does not reach into the next line") {
        et_check_str(et_test_message("it 'opens\nand' closes"),
                     "it 'opens\nand' closes");
    }

    ET_TEST("at most 1024 bytes count, and no character is cut") {
        text = et_test_repeat("a", 2000);

        out = et_message_parameterise(&arena, et_slice(text, 2000));
        et_check_int(out.len, 1024);

        memcpy(text + 1023, "\xc3\xa9", 2);
        out = et_message_parameterise(&arena, et_slice(text, 2000));
        et_check_int(out.len, 1023);

        /* of both lines; the line feed between them is not of either */

        text[1000] = '\n';
        out = et_message_parameterise(&arena, et_slice(text, 2000));
        et_check_int(out.len, 1025);

        free(text);
        et_arena_reset(&arena);
    }

    ET_TEST("the work is linear in the length, whatever is repeated") {
        n = sizeof(et_test_adversaries) / sizeof(et_test_adversaries[0]);

        for (i = 0; i < n; i++) {
            et_test_linear(et_test_adversaries[i], "");
            et_test_linear(et_test_adversaries[i], "x");
            et_test_linear(et_test_adversaries[i], "@");
            et_test_linear(et_test_adversaries[i], "://a");
        }
    }

    ET_TEST("random texts stay within the bound on growth") {
        et_check(et_test_random_texts(20000));
    }

    ET_TEST("an exhausted arena gives no text") {
        et_arena_init(&small, 64, 0);
        text = et_test_repeat("1 ", 512);

        out = et_message_parameterise(&small, et_slice(text, 512));
        et_check(out.data == NULL && out.len == 0);

        free(text);
        et_arena_destroy(&small);
    }

    ET_TEST("a failed allocation gives no text") {
        et_arena_init(&small, ET_TEST_MEMORY, 0);
        et_fail_nth(1);

        out = et_message_parameterise(&small, et_slice("1", 1));
        et_check(et_fail_reached());
        et_check(out.data == NULL && out.len == 0);

        et_arena_destroy(&small);
    }

    et_arena_destroy(&arena);

    return et_test_done();
}
