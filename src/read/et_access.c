/*
 * What a token allows, and the tokens file.
 */

#include <stdio.h>
#include <stdlib.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "et_access.h"
#include "et_lines.h"
#include "et_route.h"


#define ET_TOKEN_HASH     32

#define ET_TOKENS_MESSAGE  256

#define ET_TOKENS_LINE  "a line is \"token scopes projects\""


typedef struct {
    unsigned char   hash[ET_TOKEN_HASH];
    et_access_t     access;
    unsigned        line;
} et_token_t;

struct et_tokens_s {
    et_token_t     *items;
    size_t          n;
};

typedef struct {
    et_arena_t           *arena;
    et_tokens_t          *tokens;
    et_tokens_report_pt   report;
    void                 *data;
    unsigned              line;
    unsigned              bad;
} et_tokens_reader_t;

typedef struct {
    const char  *name;
    unsigned     bit;
    unsigned     included;
} et_scope_t;


static size_t et_tokens_lines(et_slice_t text);
static int et_tokens_read(et_tokens_reader_t *reader, et_slice_t line);
static int et_tokens_token(et_tokens_reader_t *reader, et_slice_t word,
    et_token_t *token);
static void et_tokens_scopes(et_tokens_reader_t *reader, et_slice_t words,
    et_access_t *access);
static int et_tokens_projects(et_tokens_reader_t *reader, et_slice_t words,
    et_access_t *access);
static int et_tokens_name(et_tokens_reader_t *reader, et_slice_t word,
    et_access_t *access);
static int et_tokens_by_number(const void *a, const void *b);
static int et_token_hash(et_slice_t token, unsigned char *hash);
static int et_token_valid(et_slice_t token);
static void et_tokens_bad(et_tokens_reader_t *reader, const char *message,
    et_slice_t word);


static const et_scope_t  et_scopes[] = {
    { "org:read", ET_SCOPE_ORG_READ, 0 },
    { "org:write", ET_SCOPE_ORG_WRITE, ET_SCOPE_ORG_READ },
    { "org:admin", ET_SCOPE_ORG_ADMIN,
      ET_SCOPE_ORG_READ|ET_SCOPE_ORG_WRITE },
    { "org:ci", ET_SCOPE_ORG_CI, ET_SCOPE_PROJECT_RELEASES },
    { "project:read", ET_SCOPE_PROJECT_READ, 0 },
    { "project:write", ET_SCOPE_PROJECT_WRITE,
      ET_SCOPE_PROJECT_READ|ET_SCOPE_PROJECT_RELEASES },
    { "project:admin", ET_SCOPE_PROJECT_ADMIN,
      ET_SCOPE_PROJECT_READ|ET_SCOPE_PROJECT_WRITE
      |ET_SCOPE_PROJECT_RELEASES },
    { "project:releases", ET_SCOPE_PROJECT_RELEASES, 0 },
    { "event:read", ET_SCOPE_EVENT_READ, 0 },
    { "event:write", ET_SCOPE_EVENT_WRITE, ET_SCOPE_EVENT_READ },
    { "event:admin", ET_SCOPE_EVENT_ADMIN,
      ET_SCOPE_EVENT_READ|ET_SCOPE_EVENT_WRITE },
    { "member:read", ET_SCOPE_MEMBER_READ, 0 },
    { "team:read", ET_SCOPE_TEAM_READ, 0 },
    { "alerts:read", ET_SCOPE_ALERTS_READ, 0 },
    { "alerts:write", ET_SCOPE_ALERTS_WRITE, ET_SCOPE_ALERTS_READ },
    { NULL, 0, 0 }
};


et_tokens_t *
et_tokens_parse(et_arena_t *arena, et_slice_t text,
    et_tokens_report_pt report, void *data)
{
    size_t              lines;
    et_slice_t          line;
    et_tokens_reader_t  reader;

    text = et_lines(text);

    reader.arena = arena;
    reader.report = report;
    reader.data = data;
    reader.line = 0;
    reader.bad = 0;

    lines = et_tokens_lines(text);

    reader.tokens = et_arena_zalloc(arena, sizeof(et_tokens_t));
    if (reader.tokens == NULL) {
        return NULL;
    }

    reader.tokens->items = et_arena_zalloc(arena, (lines + 1)
                                                  * sizeof(et_token_t));
    if (reader.tokens->items == NULL) {
        return NULL;
    }

    while (et_lines_next(&text, &line)) {
        reader.line++;

        if (!et_tokens_read(&reader, line)) {
            return NULL;
        }
    }

    return reader.bad == 0 ? reader.tokens : NULL;
}


/* How many tokens the text has at most, and one more than are allowed. */

static size_t
et_tokens_lines(et_slice_t text)
{
    size_t      n;
    et_slice_t  line;

    n = 0;

    while (n <= ET_TOKENS_MAX && et_lines_next(&text, &line)) {
        n += et_lines_word(&line, " \t").len != 0;
    }

    return n;
}


/* 0 where memory is short; a bad line is not. */

static int
et_tokens_read(et_tokens_reader_t *reader, et_slice_t line)
{
    unsigned     bad;
    et_token_t  *token;
    et_slice_t   word, scopes, projects, name, rest;

    word = et_lines_word(&line, " \t");
    scopes = et_lines_word(&line, " \t");
    projects = et_lines_word(&line, " \t");
    name = et_lines_word(&line, " \t");
    rest = et_lines_word(&line, " \t");

    if (word.len == 0) {
        return 1;
    }

    bad = reader->bad;

    if (reader->tokens->n == ET_TOKENS_MAX) {
        et_tokens_bad(reader, "more than 10000 tokens", et_slice(NULL, 0));
        return 1;
    }

    if (projects.len == 0) {
        et_tokens_bad(reader, "too few words, " ET_TOKENS_LINE,
                      et_slice(NULL, 0));
        return 1;
    }

    if (rest.len != 0) {
        et_tokens_bad(reader, ET_TOKENS_LINE " and may end with \"name=\": "
                      "unexpected", rest);
        return 1;
    }

    token = &reader->tokens->items[reader->tokens->n];
    memset(token, 0, sizeof(et_token_t));
    token->line = reader->line;

    et_tokens_scopes(reader, scopes, &token->access);

    if (!et_tokens_projects(reader, projects, &token->access)
        || !et_tokens_name(reader, name, &token->access)
        || !et_tokens_token(reader, word, token))
    {
        return 0;
    }

    reader->tokens->n += reader->bad == bad;

    return 1;
}


static int
et_tokens_token(et_tokens_reader_t *reader, et_slice_t word,
    et_token_t *token)
{
    char    message[ET_TOKENS_MESSAGE];
    size_t  i;

    if (!et_token_valid(word)) {
        et_tokens_bad(reader, "a token has to have 16 to 1024 letters, "
                      "digits and \"-._~+/=\"", et_slice(NULL, 0));
        return 1;
    }

    if (!et_token_hash(word, token->hash)) {
        return 0;
    }

    for (i = 0; i < reader->tokens->n; i++) {
        if (memcmp(reader->tokens->items[i].hash, token->hash, ET_TOKEN_HASH)
            == 0)
        {
            snprintf(message, sizeof(message),
                     "the token of line %u already",
                     reader->tokens->items[i].line);
            et_tokens_bad(reader, message, et_slice(NULL, 0));
            return 1;
        }
    }

    return 1;
}


static void
et_tokens_scopes(et_tokens_reader_t *reader, et_slice_t words,
    et_access_t *access)
{
    et_slice_t         word;
    const et_scope_t  *scope;

    if (et_slice_eq(words, et_slice("*", 1))) {
        access->scopes = ET_SCOPES_ALL;
        return;
    }

    while ((word = et_lines_word(&words, ",")).len != 0) {

        for (scope = et_scopes; scope->name != NULL; scope++) {
            if (et_slice_eq(word, et_slice_str(scope->name))) {
                break;
            }
        }

        if (scope->name == NULL) {
            et_tokens_bad(reader, "scopes are \"*\" or a list such as "
                          "\"project:read,event:read\", without blanks: "
                          "unknown scope", word);
            return;
        }

        access->scopes |= scope->bit | scope->included;
    }

    if (access->scopes == 0) {
        et_tokens_bad(reader, "no scope, " ET_TOKENS_LINE,
                      et_slice(NULL, 0));
    }
}


static int
et_tokens_projects(et_tokens_reader_t *reader, et_slice_t words,
    et_access_t *access)
{
    size_t      n;
    uint64_t   *projects;
    et_slice_t  word, rest;

    if (et_slice_eq(words, et_slice("*", 1))) {
        access->all = 1;
        return 1;
    }

    rest = words;

    for (n = 0; et_lines_word(&rest, ",").len != 0; n++) { /* void */ }

    if (n == 0) {
        et_tokens_bad(reader, "no project, " ET_TOKENS_LINE,
                      et_slice(NULL, 0));
        return 1;
    }

    projects = et_arena_alloc(reader->arena, n * sizeof(uint64_t));
    if (projects == NULL) {
        return 0;
    }

    access->projects = projects;

    while ((word = et_lines_word(&words, ",")).len != 0) {

        if (!et_parse_u64(word, &projects[access->nprojects++])) {
            et_tokens_bad(reader, "projects are \"*\" or numbers such as "
                          "\"1,2\", without blanks: bad project", word);
            return 1;
        }
    }

    qsort(projects, n, sizeof(uint64_t), et_tokens_by_number);

    return 1;
}


static int
et_tokens_name(et_tokens_reader_t *reader, et_slice_t word,
    et_access_t *access)
{
    if (word.len == 0) {
        return 1;
    }

    if (word.len < 6 || memcmp(word.data, "name=", 5) != 0) {
        et_tokens_bad(reader, ET_TOKENS_LINE " and may end with \"name=\": "
                      "unexpected", word);
        return 1;
    }

    access->name = et_arena_copy(reader->arena,
                                 et_slice(word.data + 5, word.len - 5));

    return access->name.data != NULL;
}


static int
et_tokens_by_number(const void *a, const void *b)
{
    uint64_t  x, y;

    x = *(const uint64_t *) a;
    y = *(const uint64_t *) b;

    return (x > y) - (x < y);
}


/* The word is quoted with what a terminal can't show replaced; not where it
 * could be a token, in the wrong place. */

static void
et_tokens_bad(et_tokens_reader_t *reader, const char *message,
    et_slice_t word)
{
    char    quote[ET_TOKEN_MIN], text[2 * ET_TOKENS_MESSAGE];
    size_t  i;

    for (i = 0; i < word.len && i < ET_TOKEN_MIN - 1; i++) {
        quote[i] = (word.data[i] > ' ' && word.data[i] < 0x7f) ? word.data[i]
                                                               : '?';
    }

    quote[i] = '\0';

    reader->bad++;

    if (word.len == 0) {
        reader->report(reader->data, reader->line, message);
        return;
    }

    snprintf(text, sizeof(text), word.len > i ? "%s (a long word)"
                                              : "%s \"%s\"",
             message, quote);

    reader->report(reader->data, reader->line, text);
}


size_t
et_tokens_count(const et_tokens_t *tokens)
{
    return tokens->n;
}


const et_access_t *
et_tokens_find(const et_tokens_t *tokens, et_slice_t token)
{
    size_t              i;
    unsigned char       hash[ET_TOKEN_HASH];
    const et_access_t  *access;

    if (!et_token_valid(token) || !et_token_hash(token, hash)) {
        return NULL;
    }

    access = NULL;

    for (i = 0; i < tokens->n; i++) {
        if (CRYPTO_memcmp(tokens->items[i].hash, hash, ET_TOKEN_HASH) == 0) {
            access = &tokens->items[i].access;
        }
    }

    return access;
}


static int
et_token_hash(et_slice_t token, unsigned char *hash)
{
    return EVP_Digest(token.data, token.len, hash, NULL, EVP_sha256(), NULL)
           == 1;
}


/* b64token of RFC 6750, section 2.1, and the underscore that tokens have. */

static int
et_token_valid(et_slice_t token)
{
    char    c;
    size_t  i;

    if (token.len < ET_TOKEN_MIN || token.len > ET_TOKEN_MAX) {
        return 0;
    }

    for (i = 0; i < token.len; i++) {
        c = token.data[i];

        if (!((c >= '0' && c <= '9') || (et_lower(c) >= 'a'
                                         && et_lower(c) <= 'z'))
            && (c == '\0' || strchr("-._~+/=", c) == NULL))
        {
            return 0;
        }
    }

    return 1;
}


et_slice_t
et_bearer(et_slice_t authorization)
{
    et_slice_t  scheme, token;

    scheme = et_lines_word(&authorization, " \t");
    token = et_lines_word(&authorization, " \t");

    if (!et_slice_eq_nocase(scheme, et_slice("bearer", 6))
        || et_lines_word(&authorization, " \t").len != 0)
    {
        return et_slice(NULL, 0);
    }

    return token;
}


int
et_access_scope(const et_access_t *access, unsigned scopes)
{
    return access == NULL || scopes == ET_SCOPE_ANY
           || (access->scopes & scopes) != 0;
}


int
et_access_project(const et_access_t *access, uint64_t project)
{
    if (access == NULL || access->all) {
        return 1;
    }

    return access->nprojects != 0
           && bsearch(&project, access->projects, access->nprojects,
                      sizeof(uint64_t), et_tokens_by_number)
              != NULL;
}


const char *
et_access_scope_name(const et_access_t *access, size_t i)
{
    const et_scope_t  *scope;

    for (scope = et_scopes; scope->name != NULL; scope++) {
        if (access->scopes & scope->bit && i-- == 0) {
            return scope->name;
        }
    }

    return NULL;
}
