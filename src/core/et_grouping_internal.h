/*
 * What the files of grouping share: et_grouping.c decides, writes the text
 * and hashes it, et_grouping_parts.c finds the default parts,
 * et_grouping_fingerprint.c reads the client's own.
 */

#ifndef ET_GROUPING_INTERNAL_H
#define ET_GROUPING_INTERNAL_H

#include "et_frame.h"
#include "et_grouping.h"


#define ET_GROUPING_SPILL  1024        /* bytes hashed at a time beyond what
                                          is kept */


typedef struct {
    et_arena_t    *arena;
    et_event_t    *event;
    EVP_MD_CTX    *md;

    char          *start;      /* of what was not hashed yet */
    char          *pos;
    char          *end;
    char          *kept;
    size_t         kept_len;   /* known when the buffer was hashed */
    size_t         lines;
    unsigned       failed:1;   /* OpenSSL */

    et_lang_t      lang;
    const cJSON   *crash;      /* the frame to blame, once looked for */
    unsigned       looked:1;

    char           spill[ET_GROUPING_SPILL];
} et_group_t;


/* Begins a line. */
void et_put_name(et_group_t *g, const char *name);

/* Appends to the line; what the text has of control characters (line feeds
 * above all) becomes blanks. */
void et_put_text(et_group_t *g, et_slice_t text);

/* The same of bytes that are known to have none. */
void et_put(et_group_t *g, const char *data, size_t len);

static inline void
et_put_str(et_group_t *g, const char *text)
{
    et_put(g, text, strlen(text));
}

/* A whole line. */
void et_put_line(et_group_t *g, const char *name, et_slice_t text);


/* Writes what the event says of itself: always at least one line. */
void et_group_default(et_group_t *g);

/* Writes the client's fingerprint; 0 where it is none but {{ default }}. */
int et_group_fingerprint(et_group_t *g);

/* The frame to blame: of the last exception that has frames, else of the
 * event; NULL where there is none.  Looked for once. */
const cJSON *et_group_crash(et_group_t *g);


#endif /* ET_GROUPING_INTERNAL_H */
