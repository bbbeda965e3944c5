/*
 * Reading a file of the spool: nothing of it is believed before its checksum
 * is right.
 *
 * Read, not mapped: a file that gets shorter meanwhile, or a bad sector,
 * would be a SIGBUS.
 */

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>

#include "et_spool_internal.h"


#define ET_SPOOL_BUFFER  ET_SPOOL_H_MAX


static et_spool_status_t et_spool_check(et_spool_reader_t *reader);
static et_spool_status_t et_spool_check_header(et_spool_reader_t *reader,
    const unsigned char *head, size_t size, uint64_t file_size);
static et_spool_status_t et_spool_check_body(et_spool_reader_t *reader,
    unsigned char *buffer, uint32_t expected);
static et_spool_status_t et_spool_read(int fd, unsigned char *p, size_t size,
    uint64_t offset);


et_spool_status_t
et_spool_open(const et_spool_t *spool, const char *name,
    et_spool_reader_t *reader)
{
    int                root;
    int64_t            time;
    et_spool_status_t  rc;

    reader->fd = -1;

    if (!et_spool_is_name(name, &time)) {
        errno = EINVAL;
        return ET_SPOOL_ERROR;
    }

    root = et_spool_open_root(spool);
    if (root == -1) {
        return et_spool_errno();
    }

    /* nothing that is no file may make this wait, or lead elsewhere */

    reader->fd = openat(root, name,
                        O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    et_spool_close_fd(root);

    if (reader->fd == -1) {
        return (errno == ENOENT) ? ET_SPOOL_GONE : et_spool_errno();
    }

    rc = et_spool_check(reader);

    if (rc != ET_SPOOL_OK) {
        et_spool_close(reader);
    }

    return rc;
}


void
et_spool_close(et_spool_reader_t *reader)
{
    et_spool_close_fd(reader->fd);
    reader->fd = -1;
}


static et_spool_status_t
et_spool_check(et_spool_reader_t *reader)
{
    size_t             size;
    struct stat        st;
    unsigned char      buffer[ET_SPOOL_BUFFER];
    et_spool_status_t  rc;

    if (fstat(reader->fd, &st) == -1) {
        return et_spool_errno();
    }

    if (!S_ISREG(st.st_mode) || st.st_size < ET_SPOOL_H_MIN) {
        return ET_SPOOL_DAMAGED;
    }

    rc = et_spool_read(reader->fd, buffer, ET_SPOOL_H_MIN, 0);
    if (rc != ET_SPOOL_OK) {
        return rc;
    }

    size = et_spool_get_number(buffer + ET_SPOOL_H_SIZE, 4);

    if (memcmp(buffer + ET_SPOOL_H_MAGIC, ET_SPOOL_MAGIC, 8) != 0
        || size < ET_SPOOL_H_MIN || size > ET_SPOOL_H_MAX)
    {
        return ET_SPOOL_DAMAGED;
    }

    rc = et_spool_read(reader->fd, buffer, size, 0);
    if (rc != ET_SPOOL_OK) {
        return rc;
    }

    rc = et_spool_check_header(reader, buffer, size, (uint64_t) st.st_size);
    if (rc != ET_SPOOL_OK) {
        return rc;
    }

    return et_spool_check_body(reader, buffer,
                    (uint32_t) et_spool_get_number(buffer + ET_SPOOL_H_CRC, 4));
}


static et_spool_status_t
et_spool_check_header(et_spool_reader_t *reader, const unsigned char *head,
    size_t size, uint64_t file_size)
{
    size_t      len;
    et_slice_t  token;

    if (crc32_z(0, head, size - 4) != et_spool_get_number(head + size - 4, 4)) {
        return ET_SPOOL_DAMAGED;
    }

    if (et_spool_get_number(head + ET_SPOOL_H_VERSION, 4) > ET_SPOOL_VERSION) {
        return ET_SPOOL_NEWER;
    }

    len = et_spool_get_number(head + ET_SPOOL_H_COLUMNS_SIZE, 4);
    token = et_slice((const char *) head + ET_SPOOL_H_TOKEN,
                     strnlen((const char *) head + ET_SPOOL_H_TOKEN,
                             ET_SPOOL_H_COLUMNS - ET_SPOOL_H_TOKEN));

    reader->offset = size;
    reader->rows = et_spool_get_number(head + ET_SPOOL_H_ROWS, 8);
    reader->bytes = et_spool_get_number(head + ET_SPOOL_H_BYTES, 8);

    if (len >= ET_SPOOL_COLUMNS || size != ET_SPOOL_H_MIN + len
        || file_size < size || reader->bytes != file_size - size
        || !et_spool_is_token(token))
    {
        return ET_SPOOL_DAMAGED;
    }

    memcpy(reader->token, token.data, token.len);
    reader->token[token.len] = '\0';

    memcpy(reader->columns, head + ET_SPOOL_H_COLUMNS, len);
    reader->columns[len] = '\0';

    return ET_SPOOL_OK;
}


static et_spool_status_t
et_spool_check_body(et_spool_reader_t *reader, unsigned char *buffer,
    uint32_t expected)
{
    uLong              crc;
    size_t             size;
    uint64_t           done;
    et_spool_status_t  rc;

    crc = crc32_z(0, NULL, 0);

    for (done = 0; done < reader->bytes; done += size) {

        size = ET_SPOOL_BUFFER;

        if (size > reader->bytes - done) {
            size = (size_t) (reader->bytes - done);
        }

        rc = et_spool_read(reader->fd, buffer, size, reader->offset + done);
        if (rc != ET_SPOOL_OK) {
            return rc;
        }

        crc = crc32_z(crc, buffer, size);
    }

    return (crc == expected) ? ET_SPOOL_OK : ET_SPOOL_DAMAGED;
}


static et_spool_status_t
et_spool_read(int fd, unsigned char *p, size_t size, uint64_t offset)
{
    ssize_t  n;

    while (size != 0) {
        n = pread(fd, p, size, (off_t) offset);

        if (n == -1 && errno == EINTR) {
            continue;
        }

        if (n == -1) {
            return et_spool_errno();
        }

        if (n == 0) {
            return ET_SPOOL_DAMAGED;
        }

        p += n;
        offset += (uint64_t) n;
        size -= (size_t) n;
    }

    return ET_SPOOL_OK;
}
