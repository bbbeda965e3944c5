/*
 * A buffer that grows: malloc()ed, or, for what may be very large, the memory
 * of a file's pages, which the system can write out instead of running short.
 */

#ifndef ET_BUFFER_H
#define ET_BUFFER_H

#include <stddef.h>


typedef struct {
    char    *data;
    size_t   size;
    int      fd;               /* of the file, the caller's; -1: none */
} et_buffer_t;


/* Empty; fd is -1, or a file open for reading and writing that nobody else
 * uses and that outlives the buffer. */
void et_buffer_init(et_buffer_t *buffer, int fd);

/*
 * Makes it size bytes or more.  1, or 0 where there is no memory or no room on
 * the disk, and it is as it was.  What was in it stays; data may move.
 */
int et_buffer_grow(et_buffer_t *buffer, size_t size);

/* Empty again, and without memory. */
void et_buffer_free(et_buffer_t *buffer);


#endif /* ET_BUFFER_H */
