/*
 * Writing the journal, its directory and its locks.
 *
 * A record is written behind what is known to be on the disk, and counts only
 * when it has been synced: what a failed write or sync has left is written
 * over.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <zlib.h>

#include "et_journal_internal.h"


static et_spool_status_t et_journal_put(const et_spool_t *spool,
    et_journal_file_t *file, et_slice_t token, et_slice_t columns,
    et_slice_t data, uint64_t rows, uint64_t slot);
static et_spool_status_t et_journal_begin(int dir, et_journal_file_t *file,
    et_slice_t token, et_slice_t columns, uint64_t slot);
static int et_journal_open_new(int dir, const char *name);
static int et_journal_put_record(et_journal_file_t *file, et_slice_t token,
    et_slice_t data, uint64_t rows);
static et_spool_status_t et_journal_try_lock(int dir, const char *name,
    int *fd);
static int et_journal_write(int fd, const void *data, size_t size,
    uint64_t offset);
static int et_journal_datasync(int fd);
static int et_journal_name(char *name, et_slice_t token);


et_spool_status_t
et_journal_create(const et_spool_t *spool)
{
    int                fd;
    et_spool_status_t  rc;

    fd = et_journal_open_dir(spool);
    if (fd == -1) {
        return et_spool_errno();
    }

    /* the configured user may have changed */

    rc = et_spool_give(spool, fd) == -1 ? et_spool_errno() : ET_SPOOL_OK;

    et_spool_close_fd(fd);

    return rc;
}


et_spool_status_t
et_journal_append(const et_spool_t *spool, et_journal_file_t *file,
    et_slice_t token, et_slice_t columns, et_slice_t data, uint64_t rows)
{
    return et_journal_put(spool, file, token, columns, data, rows, 0);
}


et_spool_status_t
et_journal_replace(const et_spool_t *spool, et_journal_file_t *file,
    et_slice_t token, et_slice_t columns, et_slice_t data, uint64_t rows,
    size_t max)
{
    return et_journal_put(spool, file, token, columns, data, rows,
                          (uint64_t) max + ET_JOURNAL_R_SIZE);
}


/* A file that is new is not there at all where its first record fails. */

static et_spool_status_t
et_journal_put(const et_spool_t *spool, et_journal_file_t *file,
    et_slice_t token, et_slice_t columns, et_slice_t data, uint64_t rows,
    uint64_t slot)
{
    int                dir;
    char               name[ET_JOURNAL_NAME];
    et_spool_status_t  rc;

    if (file->fd != -1) {
        return et_journal_put_record(file, token, data, rows) == -1
               ? et_spool_errno() : ET_SPOOL_OK;
    }

    if (et_journal_name(name, token) == -1 || columns.len == 0
        || columns.len >= ET_SPOOL_COLUMNS)
    {
        errno = EINVAL;
        return ET_SPOOL_ERROR;
    }

    dir = et_journal_open_dir(spool);
    if (dir == -1) {
        return et_spool_errno();
    }

    rc = et_journal_begin(dir, file, token, columns, slot);

    if (rc == ET_SPOOL_OK
        && (et_journal_put_record(file, token, data, rows) == -1
            || et_spool_sync(dir) == -1))
    {
        rc = et_spool_errno();
    }

    if (rc != ET_SPOOL_OK && file->fd != -1) {
        et_journal_close(file);
        (void) unlinkat(dir, name, 0);
    }

    et_spool_close_fd(dir);

    return rc;
}


static et_spool_status_t
et_journal_begin(int dir, et_journal_file_t *file, et_slice_t token,
    et_slice_t columns, uint64_t slot)
{
    char           name[ET_JOURNAL_NAME];
    size_t         size;
    unsigned char  head[ET_JOURNAL_H_MAX];

    (void) et_journal_name(name, token);

    file->fd = et_journal_open_new(dir, name);
    if (file->fd == -1) {
        return et_spool_errno();
    }

    size = ET_JOURNAL_H_MIN + columns.len;

    memset(head, 0, ET_JOURNAL_H_COLUMNS);
    memcpy(head + ET_JOURNAL_H_MAGIC, ET_JOURNAL_MAGIC, 8);
    et_spool_put_number(head + ET_JOURNAL_H_VERSION, ET_JOURNAL_VERSION, 4);
    et_spool_put_number(head + ET_JOURNAL_H_SIZE, size, 4);
    et_spool_put_number(head + ET_JOURNAL_H_SLOT, slot, 8);
    et_spool_put_number(head + ET_JOURNAL_H_COLUMNS_SIZE, columns.len, 4);
    memcpy(head + ET_JOURNAL_H_TOKEN, token.data, token.len);
    memcpy(head + ET_JOURNAL_H_COLUMNS, columns.data, columns.len);
    et_spool_put_number(head + size - 4, crc32_z(0, head, size - 4), 4);

    file->offset = size;
    file->slot = slot;
    file->sequence = 0;

    return et_journal_write(file->fd, head, size, 0) == -1
           ? et_spool_errno() : ET_SPOOL_OK;
}


static int
et_journal_open_new(int dir, const char *name)
{
    int  fd, tries;

    fd = -1;

    for (tries = 0; tries < 2; tries++) {

        fd = openat(dir, name,
                    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                    0600);

        if (fd != -1 || errno != EEXIST) {
            break;
        }

        /* what could not be removed when this was tried before */

        (void) unlinkat(dir, name, 0);
    }

    return fd;
}


static int
et_journal_put_record(et_journal_file_t *file, et_slice_t token,
    et_slice_t data, uint64_t rows)
{
    uint64_t       offset, sequence;
    unsigned char  record[ET_JOURNAL_R_SIZE];

    sequence = file->sequence + 1;
    offset = file->offset;

    if (data.len > UINT32_MAX
        || (file->slot != 0 && data.len + ET_JOURNAL_R_SIZE > file->slot))
    {
        errno = EINVAL;
        return -1;
    }

    if (file->slot != 0 && sequence % 2 == 0) {
        offset += file->slot;
    }

    memcpy(record + ET_JOURNAL_R_MAGIC, ET_JOURNAL_RECORD, 4);
    et_spool_put_number(record + ET_JOURNAL_R_BYTES, data.len, 4);
    et_spool_put_number(record + ET_JOURNAL_R_ROWS, rows, 8);
    et_spool_put_number(record + ET_JOURNAL_R_SEQUENCE, sequence, 8);
    et_spool_put_number(record + ET_JOURNAL_R_DATA_CRC,
                        crc32_z(0, (const unsigned char *) data.data,
                                data.len), 4);
    et_spool_put_number(record + ET_JOURNAL_R_CRC,
                        et_journal_record_crc(record, token), 4);

    if (et_journal_write(file->fd, record, sizeof(record), offset) == -1
        || et_journal_write(file->fd, data.data, data.len,
                            offset + sizeof(record))
           == -1
        || et_journal_datasync(file->fd) == -1)
    {
        return -1;
    }

    file->sequence = sequence;

    if (file->slot == 0) {
        file->offset += sizeof(record) + data.len;
    }

    return 0;
}


void
et_journal_close(et_journal_file_t *file)
{
    et_spool_close_fd(file->fd);
    file->fd = -1;
}


et_spool_status_t
et_journal_remove(const et_spool_t *spool, et_slice_t token)
{
    int                dir;
    char               name[ET_JOURNAL_NAME];
    et_spool_status_t  rc;

    if (et_journal_name(name, token) == -1) {
        errno = EINVAL;
        return ET_SPOOL_ERROR;
    }

    dir = et_journal_open_dir(spool);
    if (dir == -1) {
        return et_spool_errno();
    }

    rc = ET_SPOOL_OK;

    if (unlinkat(dir, name, 0) == -1 && errno != ENOENT) {
        rc = et_spool_errno();
    }

    et_spool_close_fd(dir);

    return rc;
}


et_spool_status_t
et_journal_set_aside(const et_spool_t *spool, const char *name)
{
    int                dir;
    char               aside[ET_JOURNAL_NAME + sizeof(".damaged")];
    size_t             len;
    et_spool_status_t  rc;

    if (!et_journal_is_name(name, &len)) {
        errno = EINVAL;
        return ET_SPOOL_ERROR;
    }

    dir = et_journal_open_dir(spool);
    if (dir == -1) {
        return et_spool_errno();
    }

    snprintf(aside, sizeof(aside), "%s.damaged", name);

    rc = ET_SPOOL_OK;

    if (renameat(dir, name, dir, aside) == -1 || et_spool_sync(dir) == -1) {
        rc = et_spool_errno();
    }

    et_spool_close_fd(dir);

    return rc;
}


/* A lock that was opened may be another's to remove before it is taken. */

et_spool_status_t
et_journal_lock(const et_spool_t *spool, const char *id, int *fd)
{
    int                dir;
    char               name[ET_JOURNAL_ID + sizeof(ET_JOURNAL_LOCK)];
    et_spool_status_t  rc;

    *fd = -1;

    dir = et_journal_open_dir(spool);
    if (dir == -1) {
        return et_spool_errno();
    }

    snprintf(name, sizeof(name), "%.32s" ET_JOURNAL_LOCK, id);

    do {
        rc = et_journal_try_lock(dir, name, fd);
    } while (rc == ET_SPOOL_GONE);

    et_spool_close_fd(dir);

    return rc;
}


static et_spool_status_t
et_journal_try_lock(int dir, const char *name, int *fd)
{
    struct stat        st, there;
    et_spool_status_t  rc;

    *fd = openat(dir, name,
                 O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);

    if (*fd == -1) {
        return et_spool_errno();
    }

    rc = ET_SPOOL_OK;

    if (flock(*fd, LOCK_EX | LOCK_NB) == -1) {
        rc = (errno == EWOULDBLOCK) ? ET_SPOOL_BUSY : et_spool_errno();

    } else if (fstat(*fd, &st) == -1) {
        rc = et_spool_errno();

    } else if (fstatat(dir, name, &there, AT_SYMLINK_NOFOLLOW) == -1) {
        rc = (errno == ENOENT) ? ET_SPOOL_GONE : et_spool_errno();

    } else if (st.st_ino != there.st_ino || st.st_dev != there.st_dev) {
        rc = ET_SPOOL_GONE;
    }

    if (rc != ET_SPOOL_OK) {
        et_spool_close_fd(*fd);
        *fd = -1;
    }

    return rc;
}


void
et_journal_forget(const et_spool_t *spool, const char *id, int fd)
{
    int   dir;
    char  name[ET_JOURNAL_ID + sizeof(ET_JOURNAL_LOCK)];

    dir = et_journal_open_dir(spool);

    if (dir != -1) {
        snprintf(name, sizeof(name), "%.32s" ET_JOURNAL_LOCK, id);
        (void) unlinkat(dir, name, 0);
        et_spool_close_fd(dir);
    }

    et_spool_close_fd(fd);
}


int
et_journal_open_dir(const et_spool_t *spool)
{
    int  root, fd;

    root = et_spool_open_root(spool);
    if (root == -1) {
        return -1;
    }

    fd = et_spool_open_sub(spool, root, ET_JOURNAL_DIR);

    et_spool_close_fd(root);

    return fd;
}


uint32_t
et_journal_record_crc(const unsigned char *record, et_slice_t token)
{
    uLong  crc;

    crc = crc32_z(0, (const unsigned char *) token.data, token.len);

    return (uint32_t) crc32_z(crc, record, ET_JOURNAL_R_CRC);
}


int
et_journal_is_name(const char *name, size_t *len)
{
    *len = strlen(name);

    if (*len < sizeof(ET_JOURNAL_SUFFIX) || *len >= ET_JOURNAL_NAME) {
        return 0;
    }

    *len -= sizeof(ET_JOURNAL_SUFFIX) - 1;

    return strcmp(name + *len, ET_JOURNAL_SUFFIX) == 0
           && et_spool_is_token(et_slice(name, *len));
}


int
et_journal_is_lock(const char *name)
{
    return strlen(name) == ET_JOURNAL_ID - 1 + sizeof(ET_JOURNAL_LOCK) - 1
           && strspn(name, "0123456789abcdef") == ET_JOURNAL_ID - 1
           && strcmp(name + ET_JOURNAL_ID - 1, ET_JOURNAL_LOCK) == 0;
}


static int
et_journal_name(char *name, et_slice_t token)
{
    if (!et_spool_is_token(token)) {
        return -1;
    }

    snprintf(name, ET_JOURNAL_NAME, "%.*s" ET_JOURNAL_SUFFIX,
             (int) token.len, token.data);

    return 0;
}


static int
et_journal_write(int fd, const void *data, size_t size, uint64_t offset)
{
    ssize_t      n;
    const char  *p;

    p = data;

    while (size != 0) {
        n = pwrite(fd, p, size, (off_t) offset);

        if (n == -1 && errno == EINTR) {
            continue;
        }

        if (n == 0) {
            errno = EIO;
        }

        if (n <= 0) {
            return -1;
        }

        p += n;
        size -= (size_t) n;
        offset += (uint64_t) n;
    }

    return 0;
}


static int
et_journal_datasync(int fd)
{
    int  rc;

    do {
        rc = fdatasync(fd);
    } while (rc == -1 && errno == EINTR);

    return rc;
}
