/*
 * Base64 undone (RFC 4648), as clients write it: both alphabets (section 5 is
 * that of URLs), with or without the padding, with blanks and newlines in it.
 */

#ifndef ET_BASE64_H
#define ET_BASE64_H

#include "et_slice.h"


/*
 * Decodes into out, which takes 3 bytes for each 4 of text, and may be the
 * text's own memory; with NULL for out it only looks.  1 with *len set, or 0
 * where the text is no base64 (what is in out then is nothing).
 */
int et_base64_decode(char *out, et_slice_t text, size_t *len);


#endif /* ET_BASE64_H */
