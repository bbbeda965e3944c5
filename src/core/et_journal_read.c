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

/* an entry of the open directory dir; -1 and errno is an error */
typedef int (*et_journal_entry_pt)(void *data, int dir, const char *name);


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
static et_spool_status_t et_journal_each(const et_spool_t *spool,
    et_journal_entry_pt handler, void *data);
static int et_journal_add(void *data, int dir, const char *name);
static int et_journal_count(void *data, int dir, const char *name);
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


/* Stops where the handler returns -1. */

static et_spool_status_t
et_journal_each(const et_spool_t *spool, et_journal_entry_pt handler,
    void *data)
{
    int                fd, err;
    DIR               *dir;
    struct dirent     *entry;
    et_spool_status_t  rc;

    fd = et_journal_open_dir(spool);
    if (fd == -1) {
        return et_spool_errno();
    }

    dir = fdopendir(fd);
    if (dir == NULL) {
        et_spool_close_fd(fd);
        return ET_SPOOL_ERROR;
    }

    do {
        errno = 0;
        entry = readdir(dir);

    } while (entry != NULL && handler(data, fd, entry->d_name) == 0);

    err = errno;
    rc = (err == 0) ? ET_SPOOL_OK : ET_SPOOL_ERROR;

    (void) closedir(dir);
    errno = err;

    return rc;
}


et_spool_status_t
et_journal_list(const et_spool_t *spool, et_journal_list_t *list)
{
    et_spool_status_t  rc;

    memset(list, 0, sizeof(et_journal_list_t));

    rc = et_journal_each(spool, et_journal_add, list);

    if (rc != ET_SPOOL_OK) {
        et_journal_list_free(list);
        return rc;
    }

    if (list->n > 1) {
        qsort(list->names, list->n, sizeof(*list->names), et_journal_by_age);
    }

    return ET_SPOOL_OK;
}


void
et_journal_list_free(et_journal_list_t *list)
{
    int  err;

    err = errno;
    free(list->names);
    memset(list, 0, sizeof(et_journal_list_t));
    errno = err;
}


static int
et_journal_add(void *data, int dir, const char *name)
{
    char              (*names)[ET_JOURNAL_NAME];
    size_t              len, room;
    et_journal_list_t  *list = data;

    (void) dir;

    if (!et_journal_is_name(name, &len) && !et_journal_is_lock(name)) {
        return 0;
    }

    if (list->n == list->room) {
        room = 2 * list->room + 64;
        names = realloc(list->names, room * sizeof(*names));

        if (names == NULL) {
            errno = ENOMEM;
            return -1;
        }

        list->names = names;
        list->room = room;
    }

    strcpy(list->names[list->n++], name);

    return 0;
}


et_spool_status_t
et_journal_usage(const et_spool_t *spool, uint64_t *files, uint64_t *bytes)
{
    uint64_t           sums[2];
    et_spool_status_t  rc;

    memset(sums, 0, sizeof(sums));

    rc = et_journal_each(spool, et_journal_count, sums);

    *files = sums[0];
    *bytes = sums[1];

    return rc;
}


/* What it takes of the disk: between two copies there may be a hole. */

static int
et_journal_count(void *data, int dir, const char *name)
{
    size_t       len;
    uint64_t    *sums = data;
    struct stat  st;

    if (!et_journal_is_name(name, &len)) {
        return 0;
    }

    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == -1) {
        return (errno == ENOENT) ? 0 : -1;
    }

    sums[0]++;
    sums[1] += (uint64_t) st.st_blocks * 512;

    return 0;
}


/* By zone, then by number: of two numbers the shorter is the smaller; the lock,
 * which is shorter than all, first. */

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
