/*
 * The lines of a file that people write, and their words: '#' starts a
 * comment, lines may end as Windows ends them.
 *
 * Promise: nothing is copied or allocated; what is cut off is a part of the
 * text that it was cut off.
 */

#ifndef ET_LINES_H
#define ET_LINES_H

#include "et_slice.h"


/* The text without the mark that some editors put before UTF-8. */
et_slice_t et_lines(et_slice_t text);

/* Cuts the next line off the text, without its end and its comment: 1; 0 where
 * there is none. */
int et_lines_next(et_slice_t *text, et_slice_t *line);

/* Cuts the next word off; before and after it are any of these characters, or
 * none.  len 0 where there is no word. */
et_slice_t et_lines_word(et_slice_t *text, const char *ends);


#endif /* ET_LINES_H */
