/*
 * Reading the journal, when nobody writes it any more.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>

#include "et_journal_internal.h"


/* two segments of the largest size, their records' heads, and the header */
#define ET_JOURNAL_MAX  ((off_t) 1 << 30)


/* A record that is whole; data is NULL where there is none. */
typedef struct {
    char      *data;
    size_t     bytes;
    uint64_t   rows;
    uint64_t   sequence;
} et_journal_record_t;


static et_spool_status_t et_journal_load(const et_spool_t *spool,
    const char *name, unsigned char **data, size_t *size);
static et_spool_status_t et_journal_load_file(int fd, unsigned char **data,
    size_t *size);
static et_spool_status_t et_journal_head(const unsigned char *data,
    size_t size, et_slice_t token, et_journal_reader_t *reader);
static void et_journal_appended(unsigned char *data, size_t size,
    size_t offset, et_journal_reader_t *reader);
static void et_journal_replaced(unsigned char *data, size_t size,
    size_t offset, uint64_t slot, et_journal_reader_t *reader);
static et_journal_record_t et_journal_record(unsigned char *data, size_t size,
    uint64_t offset, et_slice_t token);
static int et_journal_by_age(const void *one, const void *two);


et_spool_status_t
et_journal_read(const et_spool_t *spool, const char *name,
    et_journal_reader_t *reader)
{
    size_t              len, size, offset;
    uint64_t            slot;
    unsigned char      *data;
    et_spool_status_t   rc;

    memset(reader, 0, sizeof(et_journal_reader_t));

    if (!et_journal_is_name(name, &len)) {
        errno = EINVAL;
        return ET_SPOOL_ERROR;
    }

    data = NULL;
    size = 0;

    rc = et_journal_load(spool, name, &data, &size);
    if (rc != ET_SPOOL_OK) {
        return rc;
    }

    rc = et_journal_head(data, size, et_slice(name, len), reader);

    if (rc == ET_SPOOL_OK && size >= ET_JOURNAL_H_MIN) {
        offset = et_spool_get_number(data + ET_JOURNAL_H_SIZE, 4);
        slot = et_spool_get_number(data + ET_JOURNAL_H_SLOT, 8);

        if (slot == 0) {
            et_journal_appended(data, size, offset, reader);
        } else {
            et_journal_replaced(data, size, offset, slot, reader);
        }
    }

    if (reader->bytes != 0) {
        reader->body = (char *) data;
    } else {
        free(data);
    }

    return rc;
}


static et_spool_status_t
et_journal_load(const et_spool_t *spool, const char *name,
    unsigned char **data, size_t *size)
{
    int                dir, fd;
    et_spool_status_t  rc;

    dir = et_journal_open_dir(spool);
    if (dir == -1) {
        return et_spool_errno();
    }

    fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    et_spool_close_fd(dir);

    if (fd == -1) {
        return errno == ENOENT ? ET_SPOOL_GONE : et_spool_errno();
    }

    rc = et_journal_load_file(fd, data, size);

    et_spool_close_fd(fd);

    return rc;
}


static et_spool_status_t
et_journal_load_file(int fd, unsigned char **data, size_t *size)
{
    size_t       done;
    ssize_t      n;
    struct stat  st;

    if (fstat(fd, &st) == -1) {
        return et_spool_errno();
    }

    if (!S_ISREG(st.st_mode) || st.st_size > ET_JOURNAL_MAX) {
        return ET_SPOOL_DAMAGED;
    }

    *size = (size_t) st.st_size;
    *data = malloc(*size + 1);

    if (*data == NULL) {
        return ET_SPOOL_ERROR;
    }

    for (done = 0; done < *size; done += (size_t) n) {
        n = pread(fd, *data + done, *size - done, (off_t) done);

        if (n == -1 && errno == EINTR) {
            n = 0;
            continue;
        }

        if (n <= 0) {
            errno = n == 0 ? EIO : errno;
            free(*data);
            return ET_SPOOL_ERROR;
        }
    }

    return ET_SPOOL_OK;
}


/* A header that is cut short was never synced, so nothing was acknowledged. */

static et_spool_status_t
et_journal_head(const unsigned char *data, size_t size, et_slice_t token,
    et_journal_reader_t *reader)
{
    size_t  head, columns;

    if (size < ET_JOURNAL_H_MIN) {
        reader->rest = size;
        return ET_SPOOL_OK;
    }

    head = et_spool_get_number(data + ET_JOURNAL_H_SIZE, 4);

    if (memcmp(data + ET_JOURNAL_H_MAGIC, ET_JOURNAL_MAGIC, 8) != 0
        || head < ET_JOURNAL_H_MIN || head > size
        || crc32_z(0, data, head - 4)
           != et_spool_get_number(data + head - 4, 4))
    {
        return ET_SPOOL_DAMAGED;
    }

    if (et_spool_get_number(data + ET_JOURNAL_H_VERSION, 4)
        > ET_JOURNAL_VERSION)
    {
        return ET_SPOOL_NEWER;
    }

    columns = et_spool_get_number(data + ET_JOURNAL_H_COLUMNS_SIZE, 4);

    if (columns >= ET_SPOOL_COLUMNS || head != ET_JOURNAL_H_MIN + columns
        || memcmp(data + ET_JOURNAL_H_TOKEN, token.data, token.len) != 0
        || data[ET_JOURNAL_H_TOKEN + token.len] != '\0')
    {
        return ET_SPOOL_DAMAGED;
    }

    memcpy(reader->columns, data + ET_JOURNAL_H_COLUMNS, columns);
    memcpy(reader->token, token.data, token.len);

    return ET_SPOOL_OK;
}


/* The records' data moves together at the beginning. */

static void
et_journal_appended(unsigned char *data, size_t size, size_t offset,
    et_journal_reader_t *reader)
{
    et_slice_t           token;
    et_journal_record_t  record;

    token = et_slice_str(reader->token);

    for ( ;; ) {
        record = et_journal_record(data, size, offset, token);

        if (record.data == NULL) {
            break;
        }

        offset += ET_JOURNAL_R_SIZE + record.bytes;

        memmove(data + reader->bytes, record.data, record.bytes);

        reader->bytes += record.bytes;
        reader->rows += record.rows;
    }

    reader->rest = size - offset;
}


static void
et_journal_replaced(unsigned char *data, size_t size, size_t offset,
    uint64_t slot, et_journal_reader_t *reader)
{
    et_slice_t           token;
    et_journal_record_t  one, two;

    token = et_slice_str(reader->token);
    one = et_journal_record(data, size, offset, token);
    two = et_journal_record(data, size, (uint64_t) offset + slot, token);

    if (one.data == NULL || (two.data != NULL && two.sequence > one.sequence))
    {
        one = two;
    }

    if (one.data == NULL) {
        reader->rest = size - offset;
        return;
    }

    memmove(data, one.data, one.bytes);

    reader->bytes = one.bytes;
    reader->rows = one.rows;
}


static et_journal_record_t
et_journal_record(unsigned char *data, size_t size, uint64_t offset,
    et_slice_t token)
{
    size_t                bytes;
    unsigned char        *p;
    et_journal_record_t   record;

    memset(&record, 0, sizeof(et_journal_record_t));

    if (offset > size || size - offset < ET_JOURNAL_R_SIZE) {
        return record;
    }

    p = data + offset;
    bytes = et_spool_get_number(p + ET_JOURNAL_R_BYTES, 4);

    if (memcmp(p + ET_JOURNAL_R_MAGIC, ET_JOURNAL_RECORD, 4) != 0
        || et_spool_get_number(p + ET_JOURNAL_R_CRC, 4)
           != et_journal_record_crc(p, token)
        || bytes > size - offset - ET_JOURNAL_R_SIZE
        || et_spool_get_number(p + ET_JOURNAL_R_DATA_CRC, 4)
           != crc32_z(0, p + ET_JOURNAL_R_SIZE, bytes))
    {
        return record;
    }

    record.data = (char *) p + ET_JOURNAL_R_SIZE;
    record.bytes = bytes;
    record.rows = et_spool_get_number(p + ET_JOURNAL_R_ROWS, 8);
    record.sequence = et_spool_get_number(p + ET_JOURNAL_R_SEQUENCE, 8);

    return record;
}


et_spool_status_t
et_journal_list(const et_spool_t *spool, char (**names)[ET_JOURNAL_NAME],
    size_t *n)
{
    int              fd, err;
    DIR             *dir;
    char           (*grown)[ET_JOURNAL_NAME];
    size_t           len, room;
    struct dirent   *entry;

    *names = NULL;
    *n = 0;
    room = 0;

    fd = et_journal_open_dir(spool);
    if (fd == -1) {
        return et_spool_errno();
    }

    dir = fdopendir(fd);
    if (dir == NULL) {
        et_spool_close_fd(fd);
        return ET_SPOOL_ERROR;
    }

    for ( ;; ) {
        errno = 0;
        entry = readdir(dir);

        if (entry == NULL) {
            break;
        }

        if (!et_journal_is_name(entry->d_name, &len)) {
            continue;
        }

        if (*n == room) {
            room = 2 * room + 64;
            grown = realloc(*names, room * sizeof(**names));

            if (grown == NULL) {
                errno = ENOMEM;
                break;
            }

            *names = grown;
        }

        strcpy((*names)[(*n)++], entry->d_name);
    }

    err = errno;
    closedir(dir);

    if (err != 0) {
        free(*names);
        *names = NULL;
        *n = 0;
        errno = err;
        return ET_SPOOL_ERROR;
    }

    if (*n > 1) {
        qsort(*names, *n, sizeof(**names), et_journal_by_age);
    }

    return ET_SPOOL_OK;
}


/* By zone, then by number: of two numbers the shorter is the smaller. */

static int
et_journal_by_age(const void *one, const void *two)
{
    int     rc;
    size_t  a, b;

    rc = memcmp(one, two, 32);

    if (rc != 0) {
        return rc;
    }

    a = strlen(one);
    b = strlen(two);

    return a != b ? (a < b ? -1 : 1) : strcmp(one, two);
}
