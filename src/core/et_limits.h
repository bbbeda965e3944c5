/*
 * How large what a client sends may be, and of how much: one list of limits,
 * with the default of each.  Beyond one the request is refused with 413; an
 * attachment is left out, and its envelope's other items are kept.
 *
 * The defaults are Relay's, but for whole bodies and attachments, which are
 * in memory while they are read.
 */

#ifndef ET_LIMITS_H
#define ET_LIMITS_H

#include <stddef.h>


/*     field                  default              of what */
#define ET_LIMITS(X)                                                          \
    X(max_inflated,           20 * 1024 * 1024)    /* bytes of a body */      \
    X(max_ratio,              200)                 /* output to input; 0 */   \
                                                   /* is any */               \
    X(max_event,              1024 * 1024)         /* bytes of its JSON */    \
    X(max_attachment,         20 * 1024 * 1024)    /* bytes of a file */      \
    X(max_attachments,        20 * 1024 * 1024)    /* bytes of all files */   \
    X(max_check_in,           100 * 1024)          /* bytes */                \
    X(max_client_report,      100 * 1024)          /* bytes */                \
    X(max_session,            10 * 1024 * 1024)    /* bytes of an item */     \
    X(max_log_container,      12 * 1024 * 1024)    /* bytes of an item */     \
    X(max_items,              1000)                /* of an envelope */       \
    X(max_files,              30)                  /* of an envelope */       \
    X(max_client_reports,     100)                 /* of an envelope */       \
    X(max_sessions,           100)                 /* items of an envelope */

#define ET_LIMIT_FIELD(field, value)  size_t  field;

typedef struct {
    ET_LIMITS(ET_LIMIT_FIELD)
} et_limits_t;

#undef ET_LIMIT_FIELD

#define ET_LIMIT_DEFAULT(field, value)  limits->field = value;

static inline void
et_limits_default(et_limits_t *limits)
{
    ET_LIMITS(ET_LIMIT_DEFAULT)
}

#undef ET_LIMIT_DEFAULT


#endif /* ET_LIMITS_H */
