/*
 * What a token allows: scopes, named as Sentry names them, and projects.
 *
 * The tokens file has a line per token, "token scopes projects [name=text]",
 * separated by blanks; '#' starts a comment, empty lines are skipped:
 *
 *     0123456789abcdef0123  org:read,project:read,event:read  1,2
 *     fedcba9876543210fedc  *                                 *  name=ci
 *
 * Promise: what is kept of a token is its SHA-256, and a token that is asked
 * for is compared, by that, with each of the file in constant time.  Nothing
 * is allocated for it.
 */

#ifndef ET_ACCESS_H
#define ET_ACCESS_H

#include "et_arena.h"


/* Each scope is a bit; a larger one includes the smaller, in the file. */
#define ET_SCOPE_ANY               0u        /* a token is enough */
#define ET_SCOPE_ORG_READ          (1u << 0)
#define ET_SCOPE_ORG_WRITE         (1u << 1)
#define ET_SCOPE_ORG_ADMIN         (1u << 2)
#define ET_SCOPE_ORG_CI            (1u << 3)
#define ET_SCOPE_PROJECT_READ      (1u << 4)
#define ET_SCOPE_PROJECT_WRITE     (1u << 5)
#define ET_SCOPE_PROJECT_ADMIN     (1u << 6)
#define ET_SCOPE_PROJECT_RELEASES  (1u << 7)
#define ET_SCOPE_EVENT_READ        (1u << 8)
#define ET_SCOPE_EVENT_WRITE       (1u << 9)
#define ET_SCOPE_EVENT_ADMIN       (1u << 10)
#define ET_SCOPE_MEMBER_READ       (1u << 11)
#define ET_SCOPE_TEAM_READ         (1u << 12)
#define ET_SCOPE_ALERTS_READ       (1u << 13)
#define ET_SCOPE_ALERTS_WRITE      (1u << 14)
#define ET_SCOPES_ALL              ((1u << 15) - 1)

/* Tokens of a file: each call is compared with all of them. */
#define ET_TOKENS_MAX     10000

/* bytes of a token; what is shorter can be guessed */
#define ET_TOKEN_MIN      16
#define ET_TOKEN_MAX      1024


typedef struct {
    unsigned         scopes;
    int              all;         /* projects are all there are */
    const uint64_t  *projects;    /* by number */
    size_t           nprojects;
    et_slice_t       name;        /* len 0: none */
} et_access_t;

typedef struct et_tokens_s  et_tokens_t;

/* Told of each bad line: its number, counted from 1, and what is wrong; never
 * with a token in it. */
typedef void (*et_tokens_report_pt)(void *data, unsigned line,
    const char *message);


/*
 * Reads a whole file's text; what is kept lies on the arena.  NULL where a
 * line was reported, or, without a report, for memory.
 */
et_tokens_t *et_tokens_parse(et_arena_t *arena, et_slice_t text,
    et_tokens_report_pt report, void *data);

size_t et_tokens_count(const et_tokens_t *tokens);

/* What the token allows; NULL where it is none of them, or OpenSSL fails. */
const et_access_t *et_tokens_find(const et_tokens_t *tokens,
    et_slice_t token);

/* The token of "Bearer token", the scheme in any case (RFC 6750, RFC 9110,
 * section 11.4); len 0: there is none. */
et_slice_t et_bearer(et_slice_t authorization);

/* 1 where access is NULL, which is one that knows of no scopes, or has one of
 * these; ET_SCOPE_ANY asks for none. */
int et_access_scope(const et_access_t *access, unsigned scopes);

int et_access_project(const et_access_t *access, uint64_t project);

/* The i-th scope's name, of those that the access has itself: i counts from
 * 0; NULL behind the last. */
const char *et_access_scope_name(const et_access_t *access, size_t i);


#endif /* ET_ACCESS_H */
