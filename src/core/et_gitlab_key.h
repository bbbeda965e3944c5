/*
 * What GitLab says of a key: POST /api/v4/internal/error_tracking/allowed.
 */

#ifndef ET_GITLAB_KEY_H
#define ET_GITLAB_KEY_H

#include "et_answers.h"
#include "et_json.h"


/*     symbol                 name (the label "answer") */
#define ET_GITLABS(X)                                                         \
    X(ET_GITLAB_ENABLED,      "enabled")                                      \
    X(ET_GITLAB_DISABLED,     "disabled")                                     \
    X(ET_GITLAB_NOT_FOUND,    "not_found")       /* no such project */        \
    X(ET_GITLAB_INVALID,      "invalid")         /* a field is blank */       \
    X(ET_GITLAB_UNAUTHORIZED, "unauthorized")    /* the token is not its */   \
    X(ET_GITLAB_UNEXPECTED,   "unexpected")      /* none of its answers */    \
    X(ET_GITLAB_FAILED,       "failed")          /* 5xx, or no answer */

#define ET_GITLAB_SYMBOL(symbol, name)  symbol,

typedef enum {
    ET_GITLABS(ET_GITLAB_SYMBOL)
    ET_GITLAB_COUNT
} et_gitlab_t;

#undef ET_GITLAB_SYMBOL

extern const char *const  et_gitlab_names[ET_GITLAB_COUNT];


/* The form that asks, at most so many bytes; its length. */
#define ET_GITLAB_FORM  320

size_t et_gitlab_form(char *form, et_slice_t key, uint64_t project);

/* What an answer is; its body is mutable. */
et_gitlab_t et_gitlab_judge(et_arena_t *arena, unsigned status, char *body,
    size_t len);

/* Yes, no, or none, where it says nothing of the key. */
et_answer_t et_gitlab_answer(et_gitlab_t said);


#endif /* ET_GITLAB_KEY_H */
