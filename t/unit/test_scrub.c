/*
 * Scrubbing: what goes and what stays, place by place and form by form; a
 * secret at every place under every form, which no byte that comes out has;
 * escapes; what the administrator adds and excepts; and memory.
 */

#include "et_endpoint.h"
#include "et_ingest.h"
#include "et_row.h"
#include "et_scrub.h"
#include "et_test.h"


#define ET_TEST_TEXT  (1024 * 1024)


typedef struct {
    const char  *in;
    const char  *out;          /* NULL: the same, and no copy */
} et_test_case_t;


static et_arena_t   arena;
static et_scrub_t   scrub;
static char         et_test_out[ET_TEST_TEXT];


static et_slice_t
et_test_json(const char *text, size_t size, et_scrub_root_t root)
{
    char    *copy, *out;
    size_t   len;

    et_arena_reset(&arena);

    /* of the exact size: a sanitizer sees a byte too many */

    copy = et_copy(text, size);
    out = copy;
    len = size;

    et_check_int(et_scrub_json(&scrub, &arena, root, &out, &len), ET_OK);
    et_check(memcmp(copy, text, size) == 0);
    et_check(len < ET_TEST_TEXT);

    memcpy(et_test_out, out, len);
    et_test_out[len] = '\0';

    if (out == copy) {
        out = NULL;
    }

    free(copy);

    return et_slice(out, len);
}


/* Each text also at every distance from a block's border. */

static void
et_test_cases(const et_test_case_t *cases, size_t n)
{
    size_t       i, pad, len;
    et_slice_t   out;
    static char  text[8192], expected[8192];

    for (i = 0; i < n; i++) {
        out = et_test_json(cases[i].in, strlen(cases[i].in), ET_SCRUB_EVENT);

        et_check_str(et_slice_str(et_test_out),
                     cases[i].out == NULL ? cases[i].in : cases[i].out);
        et_check((out.data == NULL) == (cases[i].out == NULL));

        for (pad = 1; pad < 64; pad++) {
            memset(text, ' ', pad);
            memset(expected, ' ', pad);
            len = strlen(cases[i].in);
            memcpy(text + pad, cases[i].in, len + 1);
            (void) strcpy(expected + pad, cases[i].out == NULL
                          ? cases[i].in : cases[i].out);

            (void) et_test_json(text, len + pad, ET_SCRUB_EVENT);
            et_check_str(et_slice_str(et_test_out), expected);
        }
    }
}

#define et_test_all(cases)                                                    \
    et_test_cases(cases, sizeof(cases) / sizeof((cases)[0]))


/* A string in extra. */

#define X(text)  "{\"extra\":{\"x\":\"" text "\"}}"

#define F  "[Filtered]"


static const et_test_case_t  et_test_names[] = {
    { "{\"extra\":{\"password\":\"x\",\"a\":\"b\"}}",
      "{\"extra\":{\"password\":\"" F "\",\"a\":\"b\"}}" },
    { "{\"extra\":{\"the_secret\":\"x\"}}",
      "{\"extra\":{\"the_secret\":\"" F "\"}}" },
    { "{\"extra\":{\"PASSWD\":\"x\"}}", "{\"extra\":{\"PASSWD\":\"" F "\"}}" },
    { "{\"extra\":{\"api_key\":\"x\"}}",
      "{\"extra\":{\"api_key\":\"" F "\"}}" },
    { "{\"extra\":{\"apiKey\":\"x\"}}", "{\"extra\":{\"apiKey\":\"" F "\"}}" },
    { "{\"extra\":{\"X-Api-Key\":\"x\"}}",
      "{\"extra\":{\"X-Api-Key\":\"" F "\"}}" },
    { "{\"extra\":{\"Authorization\":\"x\"}}",
      "{\"extra\":{\"Authorization\":\"" F "\"}}" },
    { "{\"extra\":{\"auth\":\"x\"}}", "{\"extra\":{\"auth\":\"" F "\"}}" },
    { "{\"extra\":{\"credentials\":\"x\"}}",
      "{\"extra\":{\"credentials\":\"" F "\"}}" },
    { "{\"extra\":{\"mysql_pwd\":\"x\"}}",
      "{\"extra\":{\"mysql_pwd\":\"" F "\"}}" },
    { "{\"extra\":{\"privatekey\":\"x\",\"private-key\":\"y\"}}",
      "{\"extra\":{\"privatekey\":\"" F "\",\"private-key\":\"" F "\"}}" },
    { "{\"extra\":{\"accessToken\":\"x\"}}",
      "{\"extra\":{\"accessToken\":\"" F "\"}}" },
    { "{\"extra\":{\"otp\":\"x\",\"totp\":\"y\",\"userOtpCode\":\"z\"}}",
      "{\"extra\":{\"otp\":\"" F "\",\"totp\":\"" F "\",\"userOtpCode\":\"" F
      "\"}}" },
    { "{\"extra\":{\"two_factor\":\"x\",\"two-factor\":\"y\"}}",
      "{\"extra\":{\"two_factor\":\"" F "\",\"two-factor\":\"" F "\"}}" },
    { "{\"extra\":{\"a_name_that_is_longer_than_a_block_of_16_token\":\"x\"}}",
      "{\"extra\":{\"a_name_that_is_longer_than_a_block_of_16_token\":\"" F
      "\"}}" },

    /* whole values of any type */

    { "{\"extra\":{\"password\":17,\"b\":1}}",
      "{\"extra\":{\"password\":\"" F "\",\"b\":1}}" },
    { "{\"extra\":{\"password\" : -1.5e3 }}",
      "{\"extra\":{\"password\" : \"" F "\" }}" },
    { "{\"extra\":{\"password\":NaN}}",
      "{\"extra\":{\"password\":\"" F "\"}}" },
    { "{\"extra\":{\"secret\":{\"a\":[1,\"}\\\"]\",{}]},\"b\":1}}",
      "{\"extra\":{\"secret\":\"" F "\",\"b\":1}}" },
    { "{\"extra\":{\"secrets\":[\"a\",{\"b\":2}],\"b\":1}}",
      "{\"extra\":{\"secrets\":\"" F "\",\"b\":1}}" },

    /* that say nothing */

    { "{\"extra\":{\"password\":\"\",\"auth\":null,\"token\":true,"
      "\"secret\":false,\"otp\":\"null\",\"api_key\":\"[Filtered]\"}}", NULL },
    { "{\"extra\":{\"total_tokens\":123,\"author\":\"Jane\","
      "\"authority\":\"x\",\"tokenizer\":\"y\",\"footprint\":\"z\","
      "\"key\":\"a\",\"keyboard\":\"b\"}}", NULL },

    /* anywhere */

    { "{\"user\":{\"id\":1,\"password\":\"x\"},\"tags\":{\"token\":\"y\"}}",
      "{\"user\":{\"id\":1,\"password\":\"" F "\"},\"tags\":{\"token\":\"" F
      "\"}}" },
    { "{\"exception\":{\"values\":[{\"stacktrace\":{\"frames\":[{\"vars\":"
      "{\"password\":\"'x'\"}}]}}]}}",
      "{\"exception\":{\"values\":[{\"stacktrace\":{\"frames\":[{\"vars\":"
      "{\"password\":\"" F "\"}}]}}]}}" },
    { "{\"breadcrumbs\":[{\"data\":{\"token\":\"x\"}}]}",
      "{\"breadcrumbs\":[{\"data\":{\"token\":\"" F "\"}}]}" },

    /* pairs */

    { "{\"request\":{\"headers\":[[\"Authorization\",\"x\"],[\"A\",\"b\"]]}}",
      "{\"request\":{\"headers\":[[\"Authorization\",\"" F
      "\"],[\"A\",\"b\"]]}}" },
    { "{\"tags\":[[\"token\",7],[\"a\",8]]}",
      "{\"tags\":[[\"token\",\"" F "\"],[\"a\",8]]}" },
    { "{\"tags\":[[\"token\",{\"a\":[\"password=x\"]}],[\"a\",8]]}",
      "{\"tags\":[[\"token\",\"" F "\"],[\"a\",8]]}" },
    { "{\"extra\":{\"x\":[\"token\",\"password\",\"a\"]}}", NULL },
    { "{\"extra\":{\"argv\":[\"a\",\"--password\",\"x\",\"b\"]}}",
      "{\"extra\":{\"argv\":[\"a\",\"--password\",\"" F "\",\"b\"]}}" },
};


static const et_test_case_t  et_test_forms[] = {
    { X("4111111111111111"), X(F) },
    { X("card 4111-1111-1111-1111."), X("card " F ".") },
    { X("4111 1111 1111 1111, 5555555555554444"), X(F ", " F) },
    { X("3782 822463 10005"), X(F) },
    { X("6011111111111117 30569309025904 3530111333300000"),
      X(F " " F " " F) },
    { X("2223003122003222"), X(F) },
    { X("4111\xc2\xa0""1111\xc2\xa0""1111\xc2\xa0""1111"), X(F) },
    { X("4111111111111112"), NULL },                    /* Luhn */
    { X("41111111111111111"), NULL },
    { X("a4111111111111111"), NULL },
    { X("4111111111111111a"), NULL },
    { X("0.4111111111111111"), NULL },
    { X("1700000000000000"), NULL },
    { "{\"extra\":{\"n\":4111111111111111,\"m\":1}}",
      "{\"extra\":{\"n\":\"" F "\",\"m\":1}}" },
    { "{\"extra\":{\"n\":4111111111111112,\"f\":0.4111111111111111}}", NULL },
    { "{\"extra\":{\"4111111111111111\":\"x\"}}",
      "{\"extra\":{\"" F "\":\"x\"}}" },

    { X("DE89370400440532013000"), X(F) },
    { X("to GB82 WEST 1234 5698 7654 32 today"), X("to " F " today") },
    { X("NL91ABNA0417164300"), X(F) },
    { X("DE89370400440532013001"), NULL },              /* modulo 97 */
    { X("DE8937040044053201300"), NULL },               /* length */
    { X("ZZ89370400440532013000"), NULL },
    { X("xDE89370400440532013000"), NULL },

    { X("ssn 078-05-1120!"), X("ssn " F "!") },
    { X("1078-05-1120"), NULL },
    { X("078-05-11201"), NULL },
    { X("2026-01-02"), NULL },

    { X("postgres://u:pw@db/x"), X("postgres://u:" F "@db/x") },
    { X("https://u:p@ss@host"), X("https://u:" F "@host") },
    { X("redis://:pw@h"), X("redis://:" F "@h") },
    { X("https://user@host a:b@c"), NULL },
    { X("//u:p@h"), X("//u:" F "@h") },

    { X("curl Bearer abc.def-x=="), X("curl " F) },
    { X("bearer\\tabc rest"), X(F " rest") },
    { X("no bearer token here"), NULL },
    { X("forbearer abc"), NULL },

    { X("-----BEGIN RSA PRIVATE KEY-----\\nMII\\nabc=\\n"
        "-----END RSA PRIVATE KEY-----"),
      X("-----BEGIN RSA PRIVATE KEY-----\\n" F "\\n"
        "-----END RSA PRIVATE KEY-----") },
    { X("-----BEGIN PUBLIC KEY-----MIIabc-----END PUBLIC KEY----- x"),
      X("-----BEGIN PUBLIC KEY-----" F "-----END PUBLIC KEY----- x") },
    { X("-----BEGIN PRIVATE KEY-----\\nMIIabc cut"),
      X("-----BEGIN PRIVATE KEY-----\\n" F) },
    { X("-----BEGIN CERTIFICATE-----\\nMII\\n-----END CERTIFICATE-----"),
      NULL },
    { X("----- -------------------"), NULL },
};


static const et_test_case_t  et_test_pairs[] = {
    { "{\"request\":{\"query_string\":\"a=1&token=x y&b=2\"}}",
      "{\"request\":{\"query_string\":\"a=1&token=" F "&b=2\"}}" },
    { "{\"request\":{\"query_string\":\"user%5Bpassword%5D=x&b=2\"}}",
      "{\"request\":{\"query_string\":\"user%5Bpassword%5D=" F "&b=2\"}}" },
    { "{\"request\":{\"query_string\":\"%70assword=x\"}}",
      "{\"request\":{\"query_string\":\"%70assword=" F "\"}}" },
    { "{\"request\":{\"query_string\":[[\"token\",\"x\"],[\"b\",\"y\"]]}}",
      "{\"request\":{\"query_string\":[[\"token\",\"" F
      "\"],[\"b\",\"y\"]]}}" },
    { "{\"request\":{\"query_string\":{\"token\":\"x\"}}}",
      "{\"request\":{\"query_string\":{\"token\":\"" F "\"}}}" },
    { "{\"request\":{\"url\":\"https://h/a?token=x&b=2#c\"}}",
      "{\"request\":{\"url\":\"https://h/a?token=" F "&b=2#c\"}}" },
    { "{\"request\":{\"data\":\"user=a&password=b%20c\"}}",
      "{\"request\":{\"data\":\"user=a&password=" F "\"}}" },
    { "{\"transaction\":\"/reset?token=x\"}",
      "{\"transaction\":\"/reset?token=" F "\"}" },

    { X("{\\\"password\\\": \\\"x\\\\\\\"y\\\", \\\"a\\\": 1}"),
      X("{\\\"password\\\": \\\"" F "\\\", \\\"a\\\": 1}") },
    { X("{\\\"d\\\":\\\"{\\\\\\\"password\\\\\\\":\\\\\\\"x\\\\\\\"}\\\"}"),
      X("{\\\"d\\\":\\\"{\\\\\\\"password\\\\\\\":\\\\\\\"" F
        "\\\\\\\"}\\\"}") },
    { X("{'password': 'x y', 'a': 1}"), X("{'password': '" F "', 'a': 1}") },
    { X("{'token': {'a': ['x']}, 'b': 1}"), X("{'token': " F ", 'b': 1}") },
    { X("{'token': b'x'}"), X("{'token': b'" F "'}") },
    { X("{:password=>\\\"x\\\", :a=>1}"), X("{:password=>\\\"" F
                                            "\\\", :a=>1}") },
    { X("p[\\\"password\\\"] = 'x'"), X("p[\\\"password\\\"] = '" F "'") },
    { X("run --token=x -v"), X("run --token=" F " -v") },
    { X("login(password=x, a=1)"), X("login(password=" F ", a=1)") },
    { X("Server=a;Password=b;Db=c"), X("Server=a;Password=" F ";Db=c") },
    { X("Authorization: Basic eDp5"), X("Authorization: " F) },
    { X("curl -H 'Authorization: Digest a=\\\"b c\\\"' u"),
      X("curl -H 'Authorization: " F) },
    { X("X-Auth-Token: x\\nAccept: y"), X("X-Auth-Token: " F
                                          "\\nAccept: y") },
    { X("token=4111 1111 1111 1111"), X("token=" F) },
    { X("auth=Bearer xyz, a"), X("auth=" F ", a") },

    { X("a == b, token == c, auth::x, token, password?"), NULL },
    { X("http://auth:8080/x auth.py:12: y"), NULL },
    { X("\\\"user\\\".\\\"password\\\" = %s AND token = $1 AND otp = ?"),
      NULL },
    { X("secret:/aB+c= token:7"), X("secret:" F " token:" F) },
    { X("token=null secret=[Filtered] password:"), NULL },

    /* code is no assignment that happened */

    { "{\"exception\":{\"values\":[{\"stacktrace\":{\"frames\":[{"
      "\"pre_context\":[\"a\",\"token = x\"],"
      "\"context_line\":\"password = f(x)\"}]}}]}}", NULL },
    { "{\"exception\":{\"values\":[{\"stacktrace\":{\"frames\":[{"
      "\"context_line\":\"db = 'pg://u:pw@h'\"}]}}]}}",
      "{\"exception\":{\"values\":[{\"stacktrace\":{\"frames\":[{"
      "\"context_line\":\"db = 'pg://u:" F "@h'\"}]}}]}}" },
};


static const et_test_case_t  et_test_cookies[] = {
    { "{\"request\":{\"cookies\":\"a=1; sessionid=x; b=2\"}}",
      "{\"request\":{\"cookies\":\"a=1; sessionid=" F "; b=2\"}}" },
    { "{\"request\":{\"cookies\":{\"a\":\"1\",\"PHPSESSID\":\"x\","
      "\"csrftoken\":\"y\",\"session\":\"z\"}}}",
      "{\"request\":{\"cookies\":{\"a\":\"1\",\"PHPSESSID\":\"" F "\","
      "\"csrftoken\":\"" F "\",\"session\":\"" F "\"}}}" },
    { "{\"request\":{\"cookies\":[[\"a\",\"1\"],[\"sessionid\",\"x\"]]}}",
      "{\"request\":{\"cookies\":[[\"a\",\"1\"],[\"sessionid\",\"" F
      "\"]]}}" },
    { "{\"request\":{\"headers\":{\"Cookie\":\"a=1;connect.sid=x&y\"}}}",
      "{\"request\":{\"headers\":{\"Cookie\":\"a=1;connect.sid=" F "\"}}}" },
    { "{\"request\":{\"headers\":[[\"cookie\",\"csrftoken=x; a=b\"]]}}",
      "{\"request\":{\"headers\":[[\"cookie\",\"csrftoken=" F
      "; a=b\"]]}}" },
    { "{\"request\":{\"headers\":{\"Set-Cookie\":[\"sid=x; Path=/\"]}}}",
      "{\"request\":{\"headers\":{\"Set-Cookie\":[\"sid=" F
      "; Path=/\"]}}}" },
    { "{\"request\":{\"env\":{\"HTTP_COOKIE\":\"_my_session=x\"}}}",
      "{\"request\":{\"env\":{\"HTTP_COOKIE\":\"_my_session=" F "\"}}}" },
    { X("Cookie: a=1; sessionid=x\\nA: b"),
      X("Cookie: a=1; sessionid=" F "\\nA: b") },
    { X("session=started"), NULL },
    { "{\"extra\":{\"session\":\"started\"}}", NULL },
};


static const et_test_case_t  et_test_places[] = {
    { "{\"debug_meta\":{\"images\":[{\"password\":\"x\","
      "\"code_file\":\"4111111111111111\"}]}}", NULL },
    { "{\"exception\":{\"values\":[{\"stacktrace\":{\"frames\":[{"
      "\"filename\":\"pg://u:pw@h/4111111111111111\","
      "\"abs_path\":\"https://h/a.js?token=x\"}]}}]}}", NULL },
    { "{\"threads\":{\"values\":[{\"stacktrace\":{\"frames\":[{"
      "\"filename\":\"a?token=x\"}]}}]}}", NULL },
    { "{\"extra\":{\"frames\":[{\"filename\":\"a?token=x\"}]}}",
      "{\"extra\":{\"frames\":[{\"filename\":\"a?token=" F "\"}]}}" },
    { "{\"request\":{\"headers\":{\"User-Agent\":\"a token=x\"}}}", NULL },
    { "{\"request\":{\"headers\":[[\"user-agent\",\"a token=x\"]]}}", NULL },
    { "{\"modules\":{\"oauthlib\":\"1.0\",\"tokenizers\":\"2\"}}", NULL },
    { "{\"fingerprint\":[\"auth\",\"login failed\"]}", NULL },
    { "{\"sdk\":{\"integrations\":[\"auth\",\"x\"]}}", NULL },

    { "{\"logentry\":{\"formatted\":\"password=x from a.b@example.com, "
      "4111111111111111 pg://u:pw@h 078-05-1120\"}}",
      "{\"logentry\":{\"formatted\":\"password=x from " F ", "
      F " pg://u:pw@h 078-05-1120\"}}" },
    { "{\"message\":\"jane@example.com. DE89370400440532013000 Bearer x\"}",
      "{\"message\":\"" F ". " F " " F "\"}" },
    { "{\"message\":\"pkg@1.2.3 Object@1b6d3586 @property a@b\"}", NULL },
    { "{\"logentry\":{\"message\":\"%s\",\"params\":[\"a@example.com\"]}}",
      "{\"logentry\":{\"message\":\"%s\",\"params\":[\"" F "\"]}}" },
    { "{\"exception\":{\"values\":[{\"value\":\"a@example.com password=x "
      "4111111111111111 Bearer x\"}]}}",
      "{\"exception\":{\"values\":[{\"value\":\"a@example.com password=x "
      F " " F "\"}]}}" },
    { "{\"exception\":[{\"value\":\"4111111111111111\"}]}",
      "{\"exception\":[{\"value\":\"" F "\"}]}" },
    { "{\"sentry.interfaces.Exception\":{\"value\":\"password=x\"}}", NULL },
    { "{\"user\":{\"email\":\"a@example.com\",\"ip_address\":\"10.0.0.1\"}}",
      NULL },
    { "{\"contexts\":{\"trace\":{\"span_id\":\"4111111111111111\"}}}", NULL },
    { "{\"event_id\":\"41111111111111114111111111111111\"}", NULL },
};


static const et_test_case_t  et_test_escapes[] = {
    { "{\"extra\":{\"\\u0070assword\":\"x\"}}",
      "{\"extra\":{\"\\u0070assword\":\"" F "\"}}" },
    { "{\"extra\":{\"\\u0070assword\":{\"a\":1}}}",
      "{\"extra\":{\"\\u0070assword\":\"" F "\"}}" },
    { X("4111\\u00201111\\u00201111\\u00201111"), X(F) },
    { X("\\u0034111111111111111 \\n4111111111111111"), X(F " \\n" F) },
    { X("\\u0070assword\\u003dx&b"), X("\\u0070assword\\u003d" F "&b") },
    { X("https:\\/\\/u:pw@h\\/x"), X("https:\\/\\/u:" F "@h\\/x") },
    { X("\\ud83d\\ude00 token=\\u00e4b c"),
      X("\\ud83d\\ude00 token=" F " c") },
    { X("\\u0042earer x"), X(F) },
    { X("\\u0000\\ud800 4111111111111111"), X("\\u0000\\ud800 " F) },
    { "{\"request\":{\"headers\":[[\"\\u0043ookie\",\"sid=x\"]]}}",
      "{\"request\":{\"headers\":[[\"\\u0043ookie\",\"sid=" F "\"]]}}" },
    { "{\"extra\":{\"a\\\\\":\"x\",\"password\":\"y\\\\\"}}",
      "{\"extra\":{\"a\\\\\":\"x\",\"password\":\"" F "\"}}" },
};


/* no JSON: what is there goes, nothing is read beyond the end */

static const et_test_case_t  et_test_broken[] = {
    { "{", NULL }, { "\"", NULL }, { "{\"a", NULL }, { "{\"a\\", NULL },
    { "]}]}", NULL }, { ":::,,,", NULL }, { "[[[[", NULL }, { "\\\"", NULL },
    { "{\"password\"", NULL }, { "{\"password\":", NULL },
    { "{\"password\":{", "{\"password\":\"" F "\"" },
    { "{\"password\":\"x", "{\"password\":\"" F },
    { "{\"password\":\"x\\", "{\"password\":\"" F },
    { "{\"a\":\"token=", NULL }, { "{\"a\":\"token=x", "{\"a\":\"token=" F },
    { "{\"a\":\"4111111111111111", "{\"a\":\"" F },
    { "{\"a\":\"\\u00", NULL }, { "[\"token\",", NULL },
    { "{\"a\":\"://u:p@", "{\"a\":\"://u:" F "@" },
    { "{\"a\":\"Bearer ", NULL }, { "{\"a\":\"-----BEGIN", NULL },
    { "{\"a\":\"123-45-", NULL }, { "{\"a\":\"DE89", NULL },
};


/*
 * A secret under every form, put where the event below has a @ of that kind:
 * V a value, N a name and value, P in a pair's second element.
 */

#define ET_TEST_CANARY  "cAnArY"

static const char *const  et_test_secrets[] = {
    "\"password\":\"%s\"", "\"a_ToKeN\":{\"x\":[\"%s\"]}",
    "\"api-key\":[\"%s\"]", "\"\\u0061uth\":\"%s\"",
    "\"x\":\"password=%s\"", "\"x\":\"{\\\"secret\\\":\\\"%s\\\"}\"",
    "\"x\":\"https://a:%s@h\"", "\"x\":\"Authorization: Basic %s\"",
    "\"x\":\"token=%s&a=b\"", "\"x\":\"{'passwd': '%s'}\"",
    "\"x\":\"Bearer %s\"", "\"cookies\":{\"sid\":\"%s\"}",
    "\"cookie\":\"sessionid=%s\"", "\"x\":[\"token\",\"%s\"]",
    "\"x\":[[\"secret\",{\"a\":\"%s\"}]]", "\"x\":[\"--otp\",\"%s\",1]",
    "\"x\":\"-----BEGIN PRIVATE KEY-----\\n%s\\n-----END PRIVATE KEY-----\"",
    "\"x\":\"\\u0074oken\\u003D\\u0022%s\\u0022\"",
    "\"x\":\"a\\nprivate_key: %s\\nb\"",
};

/* each @ is a place for a member */

static const char  et_test_event[] =
    "{@,\"event_id\":\"0123456789abcdef0123456789abcdef\","
    "\"user\":{\"id\":1,@},\"tags\":{@},\"extra\":{\"a\":[{@}],@},"
    "\"contexts\":{\"trace\":{@},\"b\":{@}},\"request\":{\"headers\":{@},"
    "\"data\":{@},\"env\":{@},\"query_string\":{@},@},"
    "\"logentry\":{\"message\":\"m\",\"params\":{@},@},"
    "\"sdk\":{\"name\":\"x\"},"
    "\"breadcrumbs\":{\"values\":[{\"data\":{@},@}],@},"
    "\"exception\":{\"values\":[{\"type\":\"E\",\"value\":\"v\","
    "\"mechanism\":{\"data\":{@}},@,"
    "\"stacktrace\":{\"frames\":[{\"function\":\"f\",\"vars\":{@},@}],@}}],@},"
    "\"threads\":{\"values\":[{@}]}}";


static void
et_test_canary(et_ingest_t *ingest, const char *secret, size_t place)
{
    char          *p;
    size_t         n, size;
    const char    *c;
    et_slice_t     key;
    et_request_t   request;
    static char    text[8192], row[65536], member[256];

    (void) snprintf(member, sizeof(member), secret, ET_TEST_CANARY);

    n = 0;
    p = text;

    for (c = et_test_event; *c != '\0'; c++) {
        if (*c == '@') {
            p += sprintf(p, "%s", n++ == place ? member : "\"_\":0");

        } else {
            *p++ = *c;
        }
    }

    memset(&request, 0, sizeof(request));

    request.endpoint = ET_ENDPOINT_STORE;
    request.project = 1;
    request.auth.key = et_slice_str("a");
    request.body = text;
    request.len = p - text;
    request.client_ip = et_slice_str("192.0.2.1");
    request.received = 1700000000 * ET_SECOND;
    et_limits_default(&request.limits);
    request.limits.max_inflated = sizeof(text);
    request.limits.max_event = sizeof(text);
    request.scrub = &scrub;

    et_check_int(et_ingest_open(ingest, &request, &key), ET_OK);
    et_check_int(et_ingest_read(ingest, &request), ET_OK);
    et_check_int(ingest->nrecords, 1);

    if (ingest->nrecords != 1) {
        return;
    }

    size = et_row_size(ingest->records);
    et_check(size < sizeof(row));

    et_row_encode(row, ingest->records, 1);

    for (n = 0; n + sizeof(ET_TEST_CANARY) - 1 <= size; n++) {
        if (memcmp(row + n, ET_TEST_CANARY, sizeof(ET_TEST_CANARY) - 1) == 0)
        {
            printf("# at place %u: %s\n", (unsigned) place, member);
            et_check(0);
            return;
        }
    }
}


int
main(void)
{
    char          *text;
    size_t         i, k, len, places;
    et_ingest_t    ingest;
    et_slice_t     out;
    unsigned long  nth;
    et_reason_t    reason;

    static const et_slice_t  fields[] = { ET_SLICE("tax_no"),
                                          ET_SLICE("birth") };
    static const et_slice_t  excludes[] = { ET_SLICE("csrf_token"),
                                            ET_SLICE("extra.ok"),
                                            ET_SLICE("request.*.X-Token") };

    static const et_test_case_t  added[] = {
        { "{\"extra\":{\"Tax-No\":\"x\",\"dateOfBirth\":\"y\"}}",
          "{\"extra\":{\"Tax-No\":\"" F "\",\"dateOfBirth\":\"" F "\"}}" },
        { X("?tax_no=x&a"), X("?tax_no=" F "&a") },
        { "{\"extra\":{\"csrf_token\":\"x\",\"ok\":{\"a\":{\"token\":\"y\","
          "\"b\":\"4111111111111111\"}}}}", NULL },
        { "{\"tags\":{\"ok\":{\"token\":\"y\"}}}",
          "{\"tags\":{\"ok\":{\"token\":\"" F "\"}}}" },
        { "{\"request\":{\"headers\":{\"x-token\":\"y\",\"X-Token2\":\"z\"}}}",
          "{\"request\":{\"headers\":{\"x-token\":\"y\",\"X-Token2\":\"" F
          "\"}}}" },
        { "{\"request\":{\"headers\":[[\"x-token\",\"y\"]]}}", NULL },
    };

    static const et_test_case_t  addresses[] = {
        { "{\"user\":{\"ip_address\":\"10.0.0.1\",\"id\":1}}",
          "{\"user\":{\"ip_address\":null,\"id\":1}}" },
        { "{\"user\":{\"ip_address\":\"{{auto}}\"}}",
          "{\"user\":{\"ip_address\":null}}" },
        { "{\"request\":{\"env\":{\"REMOTE_ADDR\":\"::1\"},\"headers\":"
          "{\"X-Forwarded-For\":\"10.0.0.1, 2001:db8::17\"}}}",
          "{\"request\":{\"env\":{\"REMOTE_ADDR\":null},\"headers\":"
          "{\"X-Forwarded-For\":\"[ip], [ip]\"}}}" },
        { "{\"message\":\"connect to 192.168.0.1:80 failed\"}",
          "{\"message\":\"connect to [ip]:80 failed\"}" },
        { "{\"contexts\":{\"browser\":{\"version\":\"120.0.0.0\"}},"
          "\"release\":\"1.2.3.4\",\"extra\":{\"a\":\"1.2.3 12:30:45 a::b "
          "256.1.1.1 1.2.3.4.5\"}}", NULL },
    };

    static const et_test_case_t  logs[] = {
        { "{\"items\":[{\"body\":\"a@example.com\",\"attributes\":{"
          "\"password\":{\"value\":\"x\",\"type\":\"string\"},"
          "\"a\":{\"value\":\"token=x\",\"type\":\"string\"},"
          "\"http.request.header.cookie.sid\":{\"value\":\"y\"},"
          "\"n\":{\"value\":5,\"type\":\"integer\"}}}]}",
          "{\"items\":[{\"body\":\"" F "\",\"attributes\":{"
          "\"password\":{\"value\":\"" F "\",\"type\":\"string\"},"
          "\"a\":{\"value\":\"token=" F "\",\"type\":\"string\"},"
          "\"http.request.header.cookie.sid\":{\"value\":\"" F "\"},"
          "\"n\":{\"value\":5,\"type\":\"integer\"}}}]}" },
    };

    et_arena_init(&arena, 64 * 1024 * 1024, 64 * 1024);
    scrub.on = 1;

    ET_TEST("values go whose name says that they are secret") {
        et_test_all(et_test_names);
    }

    ET_TEST("cards, IBANs, SSNs, PEM keys, URL passwords and Bearer go") {
        et_test_all(et_test_forms);
    }

    ET_TEST("in texts goes the value behind a name that says so") {
        et_test_all(et_test_pairs);
    }

    ET_TEST("of session cookies goes the value, and no other cookie's") {
        et_test_all(et_test_cookies);
    }

    ET_TEST("each place has its rules") {
        et_test_all(et_test_places);
    }

    ET_TEST("escapes hide nothing") {
        et_test_all(et_test_escapes);
    }

    ET_TEST("what is no JSON is read to its end and no further") {
        et_test_all(et_test_broken);
    }

    ET_TEST("an administrator's fields go, and exceptions stay") {
        scrub.fields = fields;
        scrub.nfields = 2;
        scrub.excludes = excludes;
        scrub.nexcludes = 3;
        et_test_all(added);
        scrub.nfields = 0;
        scrub.nexcludes = 0;
    }

    ET_TEST("addresses go where that is wanted, and versions stay") {
        scrub.ip = 1;
        et_test_all(addresses);
        scrub.ip = 0;
    }

    ET_TEST("logs have attributes, whose types stay") {
        for (i = 0; i < sizeof(logs) / sizeof(logs[0]); i++) {
            (void) et_test_json(logs[i].in, strlen(logs[i].in), ET_SCRUB_LOGS);
            et_check_str(et_slice_str(et_test_out), logs[i].out);
        }
    }

    ET_TEST("other items have no places") {
        static const char  report[] =
            "{\"email\":\"a@example.com\",\"comments\":\"password: x\"}";

        (void) et_test_json(report, sizeof(report) - 1, ET_SCRUB_OTHER);
        et_check_str(et_slice_str(et_test_out),
                     "{\"email\":\"a@example.com\",\"comments\":\"password: "
                     F "\"}");
    }

    ET_TEST("a text that is no JSON") {
        text = (char *) "a \"b\" 4111111111111111\\n token=x";
        len = strlen(text);
        et_check_int(et_scrub_plain(&scrub, &arena, &text, &len), ET_OK);
        et_check_str(et_slice(text, len), "a \"b\" " F "\\n token=" F);
    }

    ET_TEST("nothing is touched where it is off") {
        scrub.on = 0;
        out = et_test_json("{\"password\":\"x\"}", 16, ET_SCRUB_EVENT);
        et_check(out.data == NULL);
        scrub.on = 1;
    }

    ET_TEST("texts nested too deep are refused, as JSON's reader does") {
        for (k = 0; k < 2; k++) {
            len = ET_JSON_MAX_DEPTH + k;
            text = et_alloc(2 * len);
            memset(text, '[', len);
            memset(text + len, ']', len);
            len *= 2;

            et_arena_reset(&arena);
            et_check_int(et_scrub_json(&scrub, &arena, ET_SCRUB_EVENT, &text,
                                       &len),
                         k == 0 ? ET_OK : ET_JSON_TOO_DEEP);
            free(text);
        }
    }

    ET_TEST("a secret at every place, under every form, is in no row") {
        et_check(et_ingest_init(&ingest));

        for (places = 0, i = 0; et_test_event[i] != '\0'; i++) {
            places += (et_test_event[i] == '@');
        }

        for (i = 0; i < sizeof(et_test_secrets) / sizeof(char *); i++) {
            for (k = 0; k < places; k++) {
                et_test_canary(&ingest, et_test_secrets[i], k);
            }
        }

        et_ingest_destroy(&ingest);
    }

    ET_TEST("nor in what other endpoints make of a form") {
        static const char    form[] = "name=a&email=a%40example.com&comments="
                                      "my+password%3A+" ET_TEST_CANARY;
        static et_request_t  page;
        static char          body[sizeof(form)];
        et_slice_t           key;

        et_check(et_ingest_init(&ingest));

        memcpy(body, form, sizeof(form));
        memset(&page, 0, sizeof(page));

        page.endpoint = ET_ENDPOINT_ERROR_PAGE;
        page.project = 1;
        page.auth.key = et_slice_str("a");
        page.args = et_slice_str("eventId=0123456789abcdef0123456789abcdef");
        page.body = body;
        page.len = sizeof(form) - 1;
        page.received = 1700000000 * ET_SECOND;
        et_limits_default(&page.limits);
        page.limits.max_inflated = sizeof(form);
        page.limits.max_event = 1024;
        page.scrub = &scrub;

        et_check_int(et_ingest_open(&ingest, &page, &key), ET_OK);
        et_check_int(et_error_page_read(&ingest, &page), ET_OK);
        et_check_int(ingest.nrecords, 1);

        if (ingest.nrecords == 1) {
            et_check_str(ingest.records[0].message, "my password: " F);
        }

        et_ingest_destroy(&ingest);
    }

    ET_TEST("repetitions take time in proportion") {
        static const char *const  units[] = {
            "a@", ":", "=", "//a:b@", "token=", "-----BEGIN PRIVATE KEY-----",
            "4111 ", "DE89 ", "123-45-", "bearer ", "token=.....", "\\\\",
            "token:{", "'token':'", "4-", "\\u0041@", "password=\\\"",
            "password=)))))", "1.1.1.", "::1:"
        };

        scrub.ip = 1;

        for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
            text = et_alloc(ET_TEST_TEXT / 4);
            len = sprintf(text, "{\"extra\":\"");

            while (len < ET_TEST_TEXT / 4 - 64) {
                len += sprintf(text + len, "%s", units[i]);
            }

            len += sprintf(text + len, "\"}");
            (void) et_test_json(text, len, ET_SCRUB_EVENT);
            free(text);
        }

        scrub.ip = 0;
    }

    ET_TEST("whatever is mutilated is read within its bounds") {
        static char  mutant[sizeof(et_test_event) + 4096];

        for (i = 0; i < 20000; i++) {
            len = 0;

            for (k = 0; et_test_event[k] != '\0' && len < 2000; k++) {
                if (et_test_event[k] == '@') {
                    len += sprintf(mutant + len, et_test_secrets[
                                   et_random() % (sizeof(et_test_secrets)
                                                  / sizeof(char *))], "x");
                } else {
                    mutant[len++] = et_test_event[k];
                }
            }

            for (k = et_random() % 8; k > 0; k--) {
                mutant[et_random() % len] = "\"\\{}[]:,=@ 0-u"[et_random()
                                                                % 14];
            }

            len = et_random() % (len + 1);

            text = et_copy(mutant, len);
            k = len;
            et_arena_reset(&arena);
            scrub.ip = et_random() & 1;

            {
                char  *given = text;

                reason = et_scrub_json(&scrub, &arena, ET_SCRUB_EVENT, &given,
                                       &k);
                et_check(reason == ET_OK || reason == ET_JSON_TOO_DEEP);
            }

            free(text);
        }

        scrub.ip = 0;
    }

    ET_TEST("each allocation may fail: nothing is handed on then") {
        for (nth = 1; nth < 100; nth++) {
            et_arena_destroy(&arena);
            et_arena_init(&arena, 64 * 1024 * 1024, 0);

            text = et_alloc(300000);
            memset(text, 'a', 300000);
            len = 300000;
            memcpy(text, "[\"token=x\\n", 11);
            memcpy(text + 150000, "\",\"\\u0041 token=x,", 18);
            text[len - 1] = ']';
            text[len - 2] = '"';

            et_fail_nth(nth);

            {
                char    *given = text;
                size_t   n = len;

                reason = et_scrub_json(&scrub, &arena, ET_SCRUB_EVENT, &given,
                                       &n);

                if (!et_fail_reached()) {
                    et_check_int(reason, ET_OK);
                    et_check(given != text);

                } else {
                    et_check_int(reason, ET_NO_MEMORY);
                    et_check(given == text);
                }
            }

            free(text);

            if (!et_fail_reached()) {
                break;
            }
        }

        et_check(nth > 3 && nth < 100);
        et_fail_nth(0);
    }

    ET_TEST("the arena's limit is told") {
        et_arena_destroy(&arena);
        et_arena_init(&arena, 100000, 0);

        text = et_alloc(90000);
        memset(text, 'a', 90000);
        memcpy(text, "[\"token=x\\n", 11);
        len = 90000;

        {
            char  *given = text;

            et_check_int(et_scrub_json(&scrub, &arena, ET_SCRUB_EVENT, &given,
                                       &len), ET_JSON_TOO_COMPLEX);
        }

        free(text);
    }

    et_arena_destroy(&arena);

    return et_test_done();
}
