/*
 * multipart/form-data (RFC 7578): the parts of a body, in their order.
 *
 * An iterator over the bytes: nothing is copied, and every name is a slice of
 * the body.  The cost is linear in the body's length.
 */

#ifndef ET_MULTIPART_H
#define ET_MULTIPART_H

#include "et_reason.h"
#include "et_slice.h"


/* RFC 2046, section 5.1.1 */
#define ET_MAX_BOUNDARY    70

/* bytes of a part's headers, and how many parts a body may have */
#define ET_MAX_PART_HEAD   8192
#define ET_MAX_PARTS       200


typedef struct {
    const char  *pos;          /* behind a boundary */
    const char  *end;
    unsigned     parts;
    unsigned     done:1;
    size_t       len;          /* of the delimiter, "\r\n--" included */
    char         delimiter[4 + ET_MAX_BOUNDARY];
} et_multipart_t;

typedef struct {
    et_slice_t   name;         /* "" where absent; escapes are left */
    et_slice_t   filename;
    et_slice_t   content_type;
    et_slice_t   data;
    unsigned     file:1;       /* it has a filename, if an empty one */
} et_part_t;


/*
 * The boundary from a Content-Type, and the first one in the body.  1, or 0
 * where the type is another, or the body has no such boundary.
 */
int et_multipart_open(et_multipart_t *multipart, et_slice_t content_type,
    et_slice_t body);

/*
 * The next part: ET_OK with *more = 1, or 0 behind the last.  ET_BAD_MULTIPART
 * where a part has no end, its headers are damaged or too long, or there are
 * too many.
 */
et_reason_t et_multipart_next(et_multipart_t *multipart, et_part_t *part,
    int *more);


#endif /* ET_MULTIPART_H */
