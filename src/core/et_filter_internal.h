/*
 * What the files of the filters share.
 */

#ifndef ET_FILTER_INTERNAL_H
#define ET_FILTER_INTERNAL_H

#include "et_filter.h"


/* The first value of the request's header, "" where there is none; the name
 * is in lower case. */
et_slice_t et_filter_header(const cJSON *request, const char *name);

/* Whether the text has the part, which is not empty, in any case. */
int et_filter_holds(et_slice_t text, et_slice_t part);

/* agent: by the User-Agent header; not of an empty one. */
int et_filter_crawler(et_slice_t agent);
int et_filter_legacy(et_slice_t agent);


#endif /* ET_FILTER_INTERNAL_H */
