/*
 * Tokens: what a line of their file may be, what they allow, and memory
 * failing.
 */

#include "et_access.h"
#include "et_test.h"


#define MIB  ((size_t) 1024 * 1024)

#define TOKEN  "0123456789abcdef"
#define OTHER  "fedcba9876543210-._~+/="


typedef struct {
    unsigned  count;
    unsigned  line;            /* of the last report */
    char      message[1024];
} report_t;


static void
report(void *data, unsigned line, const char *message)
{
    report_t  *r = data;

    r->count++;
    r->line = line;
    snprintf(r->message, sizeof(r->message), "%s", message);
}


static et_tokens_t *
parse(et_arena_t *arena, const char *text, report_t *r)
{
    char         *copy;
    et_tokens_t  *tokens;

    memset(r, 0, sizeof(report_t));

    copy = et_copy(text, strlen(text));
    tokens = et_tokens_parse(arena, et_slice(copy, strlen(text)), report, r);
    free(copy);

    return tokens;
}


static const et_access_t *
find(const et_tokens_t *tokens, const char *token)
{
    return et_tokens_find(tokens, et_slice_str(token));
}


static void
test_tokens(void)
{
    report_t            r;
    et_arena_t          arena;
    et_tokens_t        *tokens;
    const et_access_t  *access;

    et_arena_init(&arena, MIB, 0);

    tokens = parse(&arena, "\xef\xbb\xbf# tokens\n\n"
                   TOKEN " \t event:write,project:read 7,3,7 # of two\r\n"
                   OTHER " * * name=ci\n"
                   "a.third.token.of.mine org:ci,alerts:write 1", &r);

    ET_TEST("a file of tokens is read") {
        et_check(tokens != NULL);
        et_check_int(r.count, 0);
        et_check_int(et_tokens_count(tokens), 3);
    }

    ET_TEST("a token has its scopes, the included ones too, and no other") {
        access = find(tokens, TOKEN);
        et_check(access != NULL);
        et_check(et_access_scope(access, ET_SCOPE_EVENT_WRITE));
        et_check(et_access_scope(access, ET_SCOPE_EVENT_READ));
        et_check(!et_access_scope(access, ET_SCOPE_EVENT_ADMIN));
        et_check(et_access_scope(access, ET_SCOPE_PROJECT_READ));
        et_check(!et_access_scope(access, ET_SCOPE_PROJECT_WRITE));
        et_check(!et_access_scope(access, ET_SCOPE_ORG_READ));
        et_check(et_access_scope(access, ET_SCOPE_ORG_READ
                                         |ET_SCOPE_PROJECT_READ));
        et_check(et_access_scope(access, ET_SCOPE_ANY));

        access = find(tokens, "a.third.token.of.mine");
        et_check(et_access_scope(access, ET_SCOPE_PROJECT_RELEASES));
        et_check(et_access_scope(access, ET_SCOPE_ALERTS_READ));
        et_check(!et_access_scope(access, ET_SCOPE_PROJECT_READ));
    }

    ET_TEST("a token has its projects, and no other") {
        access = find(tokens, TOKEN);
        et_check(et_access_project(access, 3));
        et_check(et_access_project(access, 7));
        et_check(!et_access_project(access, 0));
        et_check(!et_access_project(access, 5));
        et_check(!et_access_project(access, UINT64_MAX));
    }

    ET_TEST("an asterisk is every scope and every project") {
        access = find(tokens, OTHER);
        et_check_int(access->scopes, ET_SCOPES_ALL);
        et_check(et_access_project(access, UINT64_MAX));
        et_check_str(access->name, "ci");
        et_check_str(et_slice_str(et_access_scope_name(access, 0)),
                     "org:read");
        et_check_str(et_slice_str(et_access_scope_name(access, 14)),
                     "alerts:write");
        et_check(et_access_scope_name(access, 15) == NULL);
    }

    ET_TEST("without a token's access, everything is open") {
        et_check(et_access_scope(NULL, ET_SCOPE_ORG_ADMIN));
        et_check(et_access_project(NULL, 1));
    }

    ET_TEST("a token that differs in a character, in case or in length is none")
    {
        et_check(find(tokens, "0123456789abcdeF") == NULL);
        et_check(find(tokens, "0123456789abcde") == NULL);
        et_check(find(tokens, TOKEN "0") == NULL);
        et_check(find(tokens, "") == NULL);
        et_check(et_tokens_find(tokens, et_slice(TOKEN, 17)) == NULL);
    }

    ET_TEST("an empty file has no token, and is no error") {
        tokens = parse(&arena, "", &r);
        et_check(tokens != NULL);
        et_check_int(et_tokens_count(tokens), 0);
        et_check(find(tokens, TOKEN) == NULL);
    }

    et_arena_destroy(&arena);
}


static void
test_bad_lines(void)
{
    size_t      i;
    report_t    r;
    et_arena_t  arena;

    static const struct {
        const char  *line;
        const char  *says;
    } bad[] = {
        { TOKEN, "too few words" },
        { TOKEN " *", "too few words" },
        { TOKEN " * * 1", "unexpected \"1\"" },
        { TOKEN " * * name=", "unexpected \"name=\"" },
        { TOKEN " * * name=a b", "unexpected \"b\"" },
        { TOKEN " event:red 1", "unknown scope \"event:red\"" },
        { TOKEN " *,event:read 1", "unknown scope \"*\"" },
        { TOKEN " , 1", "no scope" },
        { TOKEN " * ,", "no project" },
        { TOKEN " * 1,x", "bad project \"x\"" },
        { TOKEN " * -1", "bad project \"-1\"" },
        { TOKEN " * 18446744073709551616", "bad project" },
        { TOKEN " * \xff", "bad project \"?\"" },
        { "short * *", "16 to 1024" },
        { "0123456789abcde\xe4 * *", "16 to 1024" },
        { "0123456789abcde\" * *", "16 to 1024" },
        { OTHER " " TOKEN " 1", "unknown scope (a long word)" },
    };

    et_arena_init(&arena, MIB, 0);

    ET_TEST("a bad line is reported by its number, without a token") {
        for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
            char  text[256];

            snprintf(text, sizeof(text), "# first\n%s\n", bad[i].line);

            et_check(parse(&arena, text, &r) == NULL);
            et_check(r.count != 0);
            et_check_int(r.line, 2);
            et_check(strstr(r.message, TOKEN) == NULL);

            if (strstr(r.message, bad[i].says) == NULL) {
                et_check_str(et_slice_str(r.message), bad[i].says);
            }
        }
    }

    ET_TEST("a token that is there twice is reported with both lines") {
        et_check(parse(&arena, TOKEN " * 1\n" TOKEN " * 2\n", &r) == NULL);
        et_check_int(r.line, 2);
        et_check_str(et_slice_str(r.message), "the token of line 1 already");
    }

    ET_TEST("every bad line is reported") {
        et_check(parse(&arena, "x\ny\n" TOKEN " * *\nz", &r) == NULL);
        et_check_int(r.count, 3);
    }

    et_arena_destroy(&arena);
}


static void
test_many(void)
{
    char        *text, *p;
    size_t       i;
    report_t     r;
    et_arena_t   arena;

    et_arena_init(&arena, 64 * MIB, 0);

    text = et_alloc((ET_TOKENS_MAX + 1) * 64);
    p = text;

    for (i = 0; i < ET_TOKENS_MAX + 1; i++) {
        p += sprintf(p, "a.token.of.mine.%05zu * 1\n", i);
    }

    ET_TEST("one token too many is reported") {
        et_check(parse(&arena, text, &r) == NULL);
        et_check_int(r.count, 1);
        et_check_int(r.line, ET_TOKENS_MAX + 1);
    }

    free(text);
    et_arena_destroy(&arena);
}


static void
test_bearer(void)
{
    size_t  i;

    static const struct {
        const char  *header;
        const char  *token;
    } headers[] = {
        { "Bearer abc", "abc" },
        { "bearer abc", "abc" },
        { "BEARER \t abc ", "abc" },
        { "Bearer", "" },
        { "Bearer ", "" },
        { "", "" },
        { "Basic abc", "" },
        { "Bearerabc", "" },
        { "Bearer a b", "" },
        { "Bearer\0 abc", "" },
    };

    ET_TEST("a header's token is that behind the scheme, in any case") {
        for (i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
            et_check_str(et_bearer(et_slice_str(headers[i].header)),
                         headers[i].token);
        }
    }
}


static void
test_memory(void)
{
    unsigned      n;
    report_t      r;
    et_arena_t    arena;
    et_tokens_t  *tokens;

    ET_TEST("without memory a file is not read, and no line is blamed") {

        for (n = 1; n < 100; n++) {
            et_arena_init(&arena, MIB, 0);
            et_fail_nth(n + 1);      /* the copy of the text is the first */

            tokens = parse(&arena, TOKEN " * 1,2 name=a\n", &r);

            if (!et_fail_reached()) {
                et_fail_nth(0);
                et_check(tokens != NULL);
                et_arena_destroy(&arena);
                break;
            }

            et_check(tokens == NULL);
            et_check_int(r.count, 0);

            et_arena_destroy(&arena);
        }

        et_check(n > 1 && n < 100);
    }

    ET_TEST("an arena that ends anywhere is no memory") {

        for (n = 1; n < 1000; n += 16) {
            et_arena_init(&arena, n, 0);

            tokens = parse(&arena, TOKEN " * 1,2 name=a\n", &r);

            et_check(tokens == NULL || et_tokens_count(tokens) == 1);
            et_check_int(r.count, 0);

            et_arena_destroy(&arena);
        }
    }
}


int
main(void)
{
    test_tokens();
    test_bad_lines();
    test_many();
    test_bearer();
    test_memory();

    return et_test_done();
}
