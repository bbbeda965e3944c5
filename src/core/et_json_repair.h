/*
 * Repairs that SDKs' JSON needs before cJSON can read it.  Each is done in
 * place and leaves the text as long as it was, so what is kept of it as the
 * event's payload is read by others, too.
 */

#ifndef ET_JSON_REPAIR_H
#define ET_JSON_REPAIR_H

#include <stddef.h>


/*
 * Replaces by \ufffd the escapes that have no place in a C string of UTF-8:
 * \u0000, and the half of a surrogate pair without its other half, which
 * JavaScript cuts from strings now and then.
 */
void et_json_repair_escapes(char *text, size_t len);

/*
 * Python's NaN becomes "" and its Infinity and -Infinity null.  1 where
 * anything was changed.
 */
int et_json_repair_words(char *text, size_t len);


/* Four hexadecimal digits as a number, -1 where they are none. */
int et_json_hex4(const char *p, const char *end);


#endif /* ET_JSON_REPAIR_H */
