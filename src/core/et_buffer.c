/*
 * The file's blocks are allocated before its pages are mapped: a page without
 * a block behind it would be a SIGBUS when the disk is full, where this is a
 * failure that can be told.
 */

#define _GNU_SOURCE            /* mremap() */

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "et_buffer.h"


void
et_buffer_init(et_buffer_t *buffer, int fd)
{
    buffer->data = NULL;
    buffer->size = 0;
    buffer->fd = fd;
}


int
et_buffer_grow(et_buffer_t *buffer, size_t size)
{
    void  *data;

    if (size <= buffer->size) {
        return 1;
    }

    if (buffer->fd == -1) {
        data = realloc(buffer->data, size);

        if (data == NULL) {
            return 0;
        }

    } else {
        if (posix_fallocate(buffer->fd, 0, (off_t) size) != 0) {
            return 0;
        }

        data = buffer->data == NULL
               ? mmap(NULL, size, PROT_READ|PROT_WRITE, MAP_SHARED,
                      buffer->fd, 0)
               : mremap(buffer->data, buffer->size, size, MREMAP_MAYMOVE);

        if (data == MAP_FAILED) {
            return 0;
        }
    }

    buffer->data = data;
    buffer->size = size;

    return 1;
}


void
et_buffer_free(et_buffer_t *buffer)
{
    if (buffer->fd == -1) {
        free(buffer->data);

    } else if (buffer->data != NULL) {
        (void) munmap(buffer->data, buffer->size);
    }

    et_buffer_init(buffer, buffer->fd);
}
