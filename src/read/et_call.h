/*
 * One call of a read API: what was asked, the queries it takes, the answer.
 *
 * An operation is a function that is called again and again until it answers:
 *
 *     et_call_rc_t op(et_call_t *call)
 *     {
 *         switch (call->step) {
 *         case 0:
 *             ... et_call_query(call, "Qs") and its SQL and parameters ...
 *             return ET_CALL_ASK;
 *         default:
 *             ... et_result_open(&result, "Qs", call->answers[0]) ...
 *             return et_call_json(call, 200, root);
 *         }
 *     }
 *
 * Whoever runs the call sends the queries of a step at once, waits for all of
 * them, and calls again with the step counted up; a query that fails ends the
 * call, with an answer that the operation has no part in.  So an operation is
 * plain code without a callback, and a test runs it without a server.
 *
 * Promise: what an operation allocates is the call's arena's; cJSON allocates
 * there too while an operation runs, and nothing is freed one by one.
 */

#ifndef ET_CALL_H
#define ET_CALL_H

#include <cjson/cJSON.h>

#include "et_access.h"
#include "et_key_secret.h"
#include "et_keys.h"
#include "et_params.h"
#include "et_sql.h"
#include "et_result.h"


#define ET_CALL_SEGMENTS  8    /* of a path, that a pattern leaves open */
#define ET_CALL_QUERIES   32   /* of one step, sent at once */
#define ET_CALL_STEPS     16   /* more is a loop */
#define ET_CALL_PROJECTS  1000 /* that one call reads */

#define ET_MAX_ID  ((UINT64_C(1) << 53) - 1)


typedef enum {
    ET_CALL_ASK = 0,           /* the queries are to be run */
    ET_CALL_ANSWERED,          /* status and answer are set */
    ET_CALL_READ               /* of a part of an operation, which goes on */
} et_call_rc_t;

typedef enum {
    ET_VERB_GET = 0,         /* and HEAD */
    ET_VERB_PUT,
    ET_VERB_POST,
    ET_VERB_DELETE,
    ET_VERB_OTHER
} et_verb_t;

typedef struct et_call_s  et_call_t;

typedef et_call_rc_t (*et_operation_pt)(et_call_t *call);

/*
 * A path's pattern is read from the end, so that any prefix may stand before
 * it; "*" is a segment of any text.
 */
typedef struct {
    const char       *name;    /* in logs, metrics and the OpenAPI document */
    et_verb_t       method;
    const char       *path;    /* "projects/" "*" "/errors" */
    et_operation_pt   run;
    unsigned          scopes;  /* of which the token needs one */
} et_operation_t;

/* Which keys the server knows, for those who ask for a project's DSN. */
typedef struct {
    const et_keys_t         *keys;     /* NULL: no file */
    et_key_secret_t *const  *secrets;
    size_t                   nsecrets;
} et_known_keys_t;

struct et_call_s {
    et_arena_t           *arena;

    /* what was asked */
    et_verb_t           method;
    et_slice_t            url;         /* scheme://host/path, no query */
    et_slice_t            segments[ET_CALL_SEGMENTS];  /* decoded */
    size_t                nsegments;
    et_params_t           params;
    et_slice_t            body;
    int64_t               now;         /* microseconds */
    const et_access_t    *access;      /* NULL: the token opens everything */
    et_known_keys_t       known_keys;

    /* what is under way */
    const et_operation_t *operation;
    unsigned              step;
    void                 *state;       /* the operation's own */
    et_sql_t            queries[ET_CALL_QUERIES];    /* of this step */
    size_t                nqueries;
    et_slice_t            answers[ET_CALL_QUERIES];    /* of the step before */

    /* the answer */
    unsigned              status;
    const char           *type;        /* Content-Type */
    et_slice_t            answer;      /* lives as long as the call */
    et_slice_t            link;        /* Link; len 0: none */
    et_slice_t            filename;    /* Content-Disposition; len 0: none */
    et_slice_t            challenge;   /* WWW-Authenticate; len 0: none */
    int                   failed;      /* of JSON: no memory */
};


/*
 * Finds the operation of a table (its last name is NULL) for method and path,
 * and sets operation and segments.  1; 0 where the call is answered: 404, or
 * 405 where the path has other methods, or 403 where the token has none of
 * the operation's scopes.  The path is not decoded.
 */
int et_call_route(et_call_t *call, const et_operation_t *table,
    et_slice_t path);

/* Runs the next step. */
et_call_rc_t et_call_run(et_call_t *call);

/* A query of this step; never NULL: one too many fails the call. */
et_sql_t *et_call_query(et_call_t *call, const char *columns);

/* The operation's own memory, zeroed at the first step; NULL: no memory. */
void *et_call_state(et_call_t *call, size_t size);

/* Answers {"detail": text}; the text is a constant, and needs no escaping. */
et_call_rc_t et_call_fail(et_call_t *call, unsigned status,
    const char *detail);

/* 503, and 502: memory, and an answer of ClickHouse's that can't be read. */
et_call_rc_t et_call_no_memory(et_call_t *call);
et_call_rc_t et_call_unreadable(et_call_t *call);

/* Answers with JSON; root NULL is no memory. */
et_call_rc_t et_call_json(et_call_t *call, unsigned status, cJSON *root);

/* Answers without a body. */
et_call_rc_t et_call_empty(et_call_t *call, unsigned status);

/*
 * Parameters.  1, or 0 where the call has been answered 400 with what is
 * wrong.  A parameter that is missing or empty leaves the value as it is.
 */
int et_call_number(et_call_t *call, const char *name, uint64_t min,
    uint64_t max, uint64_t *value);

/* choices ends with a NULL; the value is the index of the one given. */
int et_call_choice(et_call_t *call, const char *name,
    const char *const *choices, unsigned *value);

/* "15m", "24h", "14d", "2w", in microseconds. */
int et_call_period(et_call_t *call, const char *name, int64_t *us);
int et_period_parse(et_slice_t text, int64_t *us);

/* The body's JSON; *root NULL: it is none.  1, or 0 where there is no memory and
 * the call is answered 503. */
int et_call_body(et_call_t *call, cJSON **root);

/* A decimal segment of the path of at most max: 1, or 0 and 404. */
int et_call_segment(et_call_t *call, size_t i, uint64_t max, uint64_t *value);


#endif /* ET_CALL_H */
