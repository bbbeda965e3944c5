/*
 * Scrubbing: what is personal or secret in a client's JSON is replaced by
 * [Filtered] before anything else reads it, so that no column, fingerprint,
 * note, spooled batch or log line has seen it.
 *
 * What is replaced follows Relay's default scrubbers (contract, section 7):
 *
 *   - the whole value whose name says that it is secret: et_scrub_name.c;
 *   - parts of any text that have the form of a card number, an IBAN, a US
 *     social security number, a PEM key, a URL's password or "Bearer x":
 *     et_scrub_text.c;
 *   - in texts, the value behind a name that says so ("password=x", a query
 *     string, a form, JSON or a header inside of a string), and the values
 *     of session cookies: et_scrub_pair.c.
 *
 * Where each of these holds is a table of an event's places, et_scrub_path.c.
 *
 * Promise: the work is linear in the length of the text, whatever it holds;
 * a text in which nothing is found is handed on as it is, without a copy;
 * the rest of a text comes out byte by byte as it went in.  Escapes hide
 * nothing.  What is not JSON is not repaired here: a text that cJSON refuses
 * before is refused after, or what was wrong with it has gone with a secret.
 */

#ifndef ET_SCRUB_H
#define ET_SCRUB_H

#include "et_arena.h"
#include "et_reason.h"


/* Read only, and so shared by all requests. */
typedef struct {
    unsigned           on:1;
    unsigned           ip:1;           /* addresses go, too */

    /* further parts of names that are secret; lower-case, with '_' for '-' */
    const et_slice_t  *fields;
    size_t             nfields;

    /* names, or paths from the top ("user.email", "extra.*.note"), below
     * which nothing is touched; in any case */
    const et_slice_t  *excludes;
    size_t             nexcludes;
} et_scrub_t;

/* what the top of the text is */
typedef enum {
    ET_SCRUB_EVENT = 0,        /* event, feedback */
    ET_SCRUB_LOGS,             /* a container of logs: {"items": [...]} */
    ET_SCRUB_OTHER             /* any other JSON: no place has a meaning */
} et_scrub_root_t;


/*
 * Replaces in the JSON text *text, of *len bytes; what comes out is on the
 * arena, or the text itself.  ET_OK, also where scrub is off;
 * ET_JSON_TOO_DEEP, ET_JSON_TOO_COMPLEX (the arena's limit), ET_NO_MEMORY:
 * then the text is not to be kept.
 */
et_reason_t et_scrub_json(const et_scrub_t *scrub, et_arena_t *arena,
    et_scrub_root_t root, char **text, size_t *len);

/* The same of a text that is no JSON, such as a field of a form. */
et_reason_t et_scrub_plain(const et_scrub_t *scrub, et_arena_t *arena,
    char **text, size_t *len);


#endif /* ET_SCRUB_H */
