/*
 * Writing into the spool: aside, synced, then renamed.
 *
 * The size holds over all processes without a lock.  A file gets its length
 * in tmp/ before the directories are counted, so of several that are written
 * at once the last to count sees all the others; and the count begins with
 * tmp/, so that it sees a file that is renamed meanwhile where it came from
 * or where it went, or twice, but never nowhere.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>

#include "et_spool_internal.h"


/* a name in tmp/: the process, and the name to be, which may be a text's */
#define ET_SPOOL_TMP_NAME  (20 + 1 + ET_SPOOL_NAME + sizeof(".txt"))


typedef struct {
    const et_spool_t    *spool;
    int                  root;
    int                  tmp;
    int                  to;           /* where the file is to be */
} et_spool_writer_t;

typedef struct {
    const char          *name;
    const void          *head;
    size_t               head_size;
    const struct iovec  *body;
    size_t               n;
    uint64_t             size;         /* of all */
} et_spool_content_t;


static et_spool_status_t et_spool_writer_open(et_spool_writer_t *writer,
    const et_spool_t *spool, const char *sub);
static void et_spool_writer_close(et_spool_writer_t *writer);
static et_spool_status_t et_spool_name(const et_spool_batch_t *batch,
    char *name);
static et_spool_status_t et_spool_put_batch(et_spool_writer_t *writer,
    const et_spool_batch_t *batch, const char *name);
static int et_spool_put_text(et_spool_writer_t *writer, const char *name,
    et_slice_t text);
static void et_spool_unlink_text(et_spool_writer_t *writer, const char *name);
static void et_spool_unlink_lone_text(et_spool_writer_t *writer,
    const char *name);
static et_spool_status_t et_spool_put(et_spool_writer_t *writer,
    const et_spool_content_t *content);
static et_spool_status_t et_spool_put_name(et_spool_writer_t *writer,
    const char *tmp, const char *name);
static int et_spool_tmp_create(et_spool_writer_t *writer, const char *tmp);
static et_spool_status_t et_spool_fill(et_spool_writer_t *writer, int fd,
    const et_spool_content_t *content);
static int et_spool_write_all(int fd, const void *data, size_t size);
static void et_spool_unlink(int dir, const char *name);


et_spool_status_t
et_spool_write(const et_spool_t *spool, const et_spool_batch_t *batch,
    char *name)
{
    et_spool_status_t  rc;
    et_spool_writer_t  writer;

    rc = et_spool_name(batch, name);
    if (rc != ET_SPOOL_OK) {
        return rc;
    }

    rc = et_spool_writer_open(&writer, spool, ".");

    if (rc == ET_SPOOL_OK) {
        rc = et_spool_put_batch(&writer, batch, name);
    }

    et_spool_writer_close(&writer);

    return rc;
}


et_spool_status_t
et_spool_fail(const et_spool_t *spool, const et_spool_batch_t *batch,
    et_slice_t text, char *name)
{
    int                has_text;
    et_spool_status_t  rc;
    et_spool_writer_t  writer;

    rc = et_spool_name(batch, name);
    if (rc != ET_SPOOL_OK) {
        return rc;
    }

    rc = et_spool_writer_open(&writer, spool, ET_SPOOL_FAILED);

    if (rc == ET_SPOOL_OK) {
        has_text = et_spool_put_text(&writer, name, text);
        rc = et_spool_put_batch(&writer, batch, name);

        if (rc != ET_SPOOL_OK && has_text) {
            et_spool_unlink_text(&writer, name);
        }
    }

    et_spool_writer_close(&writer);

    return rc;
}


et_spool_status_t
et_spool_fail_file(const et_spool_t *spool, const char *name, et_slice_t text)
{
    int                has_text;
    int64_t            time;
    et_spool_status_t  rc;
    et_spool_writer_t  writer;

    if (!et_spool_is_name(name, &time)) {
        errno = EINVAL;
        return ET_SPOOL_ERROR;
    }

    rc = et_spool_writer_open(&writer, spool, ET_SPOOL_FAILED);

    if (rc == ET_SPOOL_OK) {
        has_text = et_spool_put_text(&writer, name, text);
        rc = et_spool_move(writer.root, writer.to, name);

        if (rc != ET_SPOOL_OK && has_text) {
            et_spool_unlink_lone_text(&writer, name);
        }
    }

    et_spool_writer_close(&writer);

    return rc;
}


static et_spool_status_t
et_spool_writer_open(et_spool_writer_t *writer, const et_spool_t *spool,
    const char *sub)
{
    writer->spool = spool;
    writer->tmp = -1;
    writer->to = -1;

    writer->root = et_spool_open_root(spool);
    if (writer->root == -1) {
        return et_spool_errno();
    }

    writer->tmp = et_spool_open_sub(spool, writer->root, ET_SPOOL_TMP);
    if (writer->tmp == -1) {
        return et_spool_errno();
    }

    writer->to = et_spool_open_sub(spool, writer->root, sub);
    if (writer->to == -1) {
        return et_spool_errno();
    }

    return ET_SPOOL_OK;
}


static void
et_spool_writer_close(et_spool_writer_t *writer)
{
    et_spool_close_fd(writer->to);
    et_spool_close_fd(writer->tmp);
    et_spool_close_fd(writer->root);
}


static et_spool_status_t
et_spool_name(const et_spool_batch_t *batch, char *name)
{
    if (!et_spool_is_token(batch->token) || batch->columns.len == 0
        || batch->columns.len >= ET_SPOOL_COLUMNS || batch->time < 0)
    {
        errno = EINVAL;
        return ET_SPOOL_ERROR;
    }

    snprintf(name, ET_SPOOL_NAME, "%020" PRId64 "-%.*s.batch", batch->time,
             (int) batch->token.len, batch->token.data);

    return ET_SPOOL_OK;
}


static et_spool_status_t
et_spool_put_batch(et_spool_writer_t *writer, const et_spool_batch_t *batch,
    const char *name)
{
    uLong               crc;
    size_t              i, size;
    uint64_t            bytes;
    unsigned char       head[ET_SPOOL_H_MIN + ET_SPOOL_COLUMNS];
    et_spool_content_t  content;

    crc = crc32_z(0, NULL, 0);
    bytes = 0;

    for (i = 0; i < batch->n; i++) {

        /* zlib takes a pointer that is NULL for "begin" */

        if (batch->body[i].iov_len != 0) {
            crc = crc32_z(crc, batch->body[i].iov_base,
                          batch->body[i].iov_len);
            bytes += batch->body[i].iov_len;
        }
    }

    size = ET_SPOOL_H_MIN + batch->columns.len;

    memset(head, 0, ET_SPOOL_H_COLUMNS);
    memcpy(head + ET_SPOOL_H_MAGIC, ET_SPOOL_MAGIC, 8);
    et_spool_put_number(head + ET_SPOOL_H_VERSION, ET_SPOOL_VERSION, 4);
    et_spool_put_number(head + ET_SPOOL_H_SIZE, size, 4);
    et_spool_put_number(head + ET_SPOOL_H_ROWS, batch->rows, 8);
    et_spool_put_number(head + ET_SPOOL_H_BYTES, bytes, 8);
    et_spool_put_number(head + ET_SPOOL_H_CRC, crc, 4);
    et_spool_put_number(head + ET_SPOOL_H_COLUMNS_SIZE, batch->columns.len, 4);
    memcpy(head + ET_SPOOL_H_TOKEN, batch->token.data, batch->token.len);
    memcpy(head + ET_SPOOL_H_COLUMNS, batch->columns.data, batch->columns.len);
    et_spool_put_number(head + size - 4, crc32_z(0, head, size - 4), 4);

    content.name = name;
    content.head = head;
    content.head_size = size;
    content.body = batch->body;
    content.n = batch->n;
    content.size = size + bytes;

    return et_spool_put(writer, &content);
}


/* Returns 1 where the text is there.  It is not worth refusing a batch for. */

static int
et_spool_put_text(et_spool_writer_t *writer, const char *name, et_slice_t text)
{
    char                text_name[ET_SPOOL_NAME + sizeof(".txt")];
    et_spool_content_t  content;

    snprintf(text_name, sizeof(text_name), "%s.txt", name);

    content.name = text_name;
    content.head = text.data;
    content.head_size = text.len < ET_SPOOL_TEXT ? text.len : ET_SPOOL_TEXT;
    content.body = NULL;
    content.n = 0;
    content.size = content.head_size;

    return et_spool_put(writer, &content) == ET_SPOOL_OK;
}


static void
et_spool_unlink_text(et_spool_writer_t *writer, const char *name)
{
    char  text_name[ET_SPOOL_NAME + sizeof(".txt")];

    snprintf(text_name, sizeof(text_name), "%s.txt", name);

    et_spool_unlink(writer->to, text_name);
}


/* The text stays with a file that was moved, where only a sync failed. */

static void
et_spool_unlink_lone_text(et_spool_writer_t *writer, const char *name)
{
    int          err;
    struct stat  st;

    err = errno;

    if (fstatat(writer->to, name, &st, AT_SYMLINK_NOFOLLOW) == -1
        && errno == ENOENT)
    {
        et_spool_unlink_text(writer, name);
    }

    errno = err;
}


static et_spool_status_t
et_spool_put(et_spool_writer_t *writer, const et_spool_content_t *content)
{
    int                fd;
    char               tmp[ET_SPOOL_TMP_NAME];
    et_spool_status_t  rc;

    snprintf(tmp, sizeof(tmp), "%ld-%s", (long) getpid(), content->name);

    fd = et_spool_tmp_create(writer, tmp);
    if (fd == -1) {
        return et_spool_errno();
    }

    rc = et_spool_fill(writer, fd, content);

    et_spool_close_fd(fd);

    if (rc == ET_SPOOL_OK) {
        return et_spool_put_name(writer, tmp, content->name);
    }

    et_spool_unlink(writer->tmp, tmp);

    return rc;
}


static et_spool_status_t
et_spool_put_name(et_spool_writer_t *writer, const char *tmp, const char *name)
{
    if (renameat(writer->tmp, tmp, writer->to, name) == -1) {
        et_spool_unlink(writer->tmp, tmp);
        return et_spool_errno();
    }

    if (et_spool_sync(writer->to) == -1) {

        /*
         * The caller keeps the batch then.  Where the one that drains has
         * sent the file already, it is sent again under the same token.
         */

        et_spool_unlink(writer->to, name);
        return et_spool_errno();
    }

    return ET_SPOOL_OK;
}


static int
et_spool_tmp_create(et_spool_writer_t *writer, const char *tmp)
{
    int  fd, tries;

    fd = -1;

    for (tries = 0; tries < 2; tries++) {

        fd = openat(writer->tmp, tmp,
                    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                    0600);

        if (fd != -1 || errno != EEXIST) {
            break;
        }

        /* what could not be removed when this batch was written before */

        et_spool_unlink(writer->tmp, tmp);
    }

    if (fd != -1 && et_spool_give(writer->spool, fd) == -1) {
        et_spool_close_fd(fd);
        et_spool_unlink(writer->tmp, tmp);
        return -1;
    }

    return fd;
}


static et_spool_status_t
et_spool_fill(et_spool_writer_t *writer, int fd,
    const et_spool_content_t *content)
{
    size_t             i, n;
    et_spool_usage_t   usage;
    et_spool_status_t  rc;

    /* off_t has a sign; what is larger than the size is full, not an error */

    if (content->size > writer->spool->size) {
        return ET_SPOOL_FULL;
    }

    if (ftruncate(fd, (off_t) content->size) == -1) {
        return et_spool_errno();
    }

    rc = et_spool_scan_root(writer->root, "", &usage, NULL, 0, &n);
    if (rc != ET_SPOOL_OK) {
        return rc;
    }

    if (usage.used > writer->spool->size) {
        return ET_SPOOL_FULL;
    }

    if (et_spool_write_all(fd, content->head, content->head_size) == -1) {
        return et_spool_errno();
    }

    for (i = 0; i < content->n; i++) {
        if (et_spool_write_all(fd, content->body[i].iov_base,
                               content->body[i].iov_len)
            == -1)
        {
            return et_spool_errno();
        }
    }

    return (et_spool_sync(fd) == -1) ? et_spool_errno() : ET_SPOOL_OK;
}


static int
et_spool_write_all(int fd, const void *data, size_t size)
{
    ssize_t      n;
    const char  *p;

    p = data;

    while (size != 0) {
        n = write(fd, p, size);

        if (n == -1 && errno == EINTR) {
            continue;
        }

        if (n == 0) {
            errno = EIO;
            return -1;
        }

        if (n == -1) {
            return -1;
        }

        p += n;
        size -= (size_t) n;
    }

    return 0;
}


/* After a failure, whose errno is what the caller is told. */

static void
et_spool_unlink(int dir, const char *name)
{
    int  err;

    err = errno;
    (void) unlinkat(dir, name, 0);
    errno = err;
}
