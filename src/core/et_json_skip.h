/*
 * Going through the text of JSON without reading it: where a value ends.
 *
 * For text that cJSON has read, so that it is well-formed.  Promise: whatever
 * the text, no byte behind its end is looked at, and the position returned is
 * at most the text's length.
 */

#ifndef ET_JSON_SKIP_H
#define ET_JSON_SKIP_H

#include "et_slice.h"


/* Behind the value that begins at pos. */
size_t et_json_value_end(et_slice_t text, size_t pos);

/* The same of a string, whose quote is at pos. */
size_t et_json_string_end(et_slice_t text, size_t pos);

/* The first byte from pos on that is no white space (all control characters
 * are, to cJSON). */
size_t et_json_blank_end(et_slice_t text, size_t pos);


#endif /* ET_JSON_SKIP_H */
