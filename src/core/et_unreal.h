/*
 * A crash report of the Unreal Engine: a zlib stream, in which files stand
 * one after the other.
 *
 * An iterator over the inflated bytes; nothing is copied.
 */

#ifndef ET_UNREAL_H
#define ET_UNREAL_H

#include "et_slice.h"


/* files of a report; real ones have under 10 */
#define ET_UNREAL_FILES  30


typedef struct {
    et_slice_t  data;
    size_t      pos;
    uint64_t    left;              /* files */
} et_unreal_t;

typedef struct {
    et_slice_t  name;              /* without its padding */
    et_slice_t  data;
} et_unreal_file_t;


/* 1, or 0 where the bytes are no report, or have too many files. */
int et_unreal_open(et_unreal_t *unreal, et_slice_t data);

/* 1 and the next file; 0 behind the last; -1 where the report is cut. */
int et_unreal_next(et_unreal_t *unreal, et_unreal_file_t *file);


#endif /* ET_UNREAL_H */
