/*
 * The spool: a directory of sealed batches that could not be sent yet.
 *
 *     PATH/<20 digits: microseconds of writing>-<token>.batch
 *     PATH/failed/    batches that were refused for good, each with the
 *                     reason beside it: <name>.txt
 *     PATH/damaged/   files that are not what was written
 *     PATH/tmp/       files being written
 *     PATH/lock       held by the one process that drains
 *
 * The order of names is the order of age.  A batch in failed/ is sent again
 * by moving its file back up into PATH.
 *
 * Promises:
 *
 * - A file in PATH or failed/ is whole, and on the disk, since it is written
 *   and synced in tmp/ before it is renamed.  Where a write fails, at whatever
 *   step, nothing of it is there.  A process killed in the middle leaves at
 *   most a file in tmp/, which a later scan removes.
 * - What is read is what was written: header and body have checksums.
 * - All files of all four directories, those being written by other processes
 *   too, are never larger than the size together.  (The price: of two that
 *   write at once, where one has room, both may be told that it is full.)
 * - Nothing is kept in memory between calls, so any number of processes and
 *   threads may use one spool; each call but the unlock can wait for the disk.
 *
 * Not promised: the order of batches when the clock is set back, and that a
 * removed file stays removed through a loss of power: its batch is sent again
 * under its token.
 */

#ifndef ET_SPOOL_H
#define ET_SPOOL_H

#include <sys/types.h>
#include <sys/uio.h>

#include "et_slice.h"


/* <32 hexadecimal digits>-<decimal number>, and NUL */
#define ET_SPOOL_TOKEN    (32 + 1 + 20 + 1)

/* a file's name and NUL */
#define ET_SPOOL_NAME     (20 + 1 + ET_SPOOL_TOKEN + sizeof(".batch") - 1)

/* bytes of a batch's list of columns, and NUL */
#define ET_SPOOL_COLUMNS  4096

/* what is kept of the reason why a batch was refused, bytes */
#define ET_SPOOL_TEXT     (16 * 1024)

/* seconds after which a file in tmp/ is removed: whose process is gone, and
 * of any process (its id may be another's by now); a process whose file is
 * removed under its hands fails to write it */
#define ET_SPOOL_TMP_DEAD   (5 * 60)
#define ET_SPOOL_TMP_STALE  (60 * 60)


typedef enum {
    ET_SPOOL_OK = 0,
    ET_SPOOL_FULL,           /* it would be larger than its size */
    ET_SPOOL_NO_SPACE,       /* the disk or a quota is full: see errno */
    ET_SPOOL_BUSY,           /* another process drains */
    ET_SPOOL_GONE,           /* there is no such file */
    ET_SPOOL_DAMAGED,        /* the file is not what was written */
    ET_SPOOL_NEWER,          /* of a later format: leave it where it is */
    ET_SPOOL_ERROR           /* see errno */
} et_spool_status_t;

typedef struct {
    const char          *path;
    uint64_t             size;       /* bytes that all files may have */
    uid_t                uid;        /* what root gives its files to; -1: */
    gid_t                gid;        /* it keeps them */
} et_spool_t;

typedef struct {
    et_slice_t           token;
    et_slice_t           columns;    /* as the INSERT names them */
    uint64_t             rows;
    int64_t              time;       /* now, microseconds */
    const struct iovec  *body;
    size_t               n;          /* elements of body */
} et_spool_batch_t;

typedef struct {
    char                 name[ET_SPOOL_NAME];
    int64_t              time;       /* of writing, microseconds */
    uint64_t             size;       /* bytes of the file */
} et_spool_file_t;

typedef struct {
    uint64_t             files;      /* to be sent */
    uint64_t             bytes;
    int64_t              oldest;     /* time of the oldest; 0: no file */
    uint64_t             failed;
    uint64_t             damaged;
    uint64_t             used;       /* bytes, of what counts to the size */
    uint64_t             removed;    /* files in tmp/ that nobody writes */
} et_spool_usage_t;

typedef struct {
    int                  fd;
    uint64_t             offset;     /* of the body in the file */
    uint64_t             bytes;      /* of the body */
    uint64_t             rows;
    char                 token[ET_SPOOL_TOKEN];
    char                 columns[ET_SPOOL_COLUMNS];
} et_spool_reader_t;


/*
 * Makes the directories that are missing, of mode 0700 (PATH's parent has to
 * be there), and as root gives them to uid and gid, with the files in them
 * that were the directory's owner's.  ET_SPOOL_ERROR, ET_SPOOL_NO_SPACE.
 */
et_spool_status_t et_spool_create(const et_spool_t *spool);

/*
 * Writes a batch, to be sent later; its file's name is put in name, which
 * has room for ET_SPOOL_NAME bytes.  ET_SPOOL_FULL, ET_SPOOL_NO_SPACE,
 * ET_SPOOL_ERROR; EINVAL is a token or a list of columns that is none.
 */
et_spool_status_t et_spool_write(const et_spool_t *spool,
    const et_spool_batch_t *batch, char *name);

/*
 * The same, but into failed/ with the reason beside it, of which at most
 * ET_SPOOL_TEXT bytes are kept.  Where the reason alone cannot be written,
 * the batch is kept without it.
 */
et_spool_status_t et_spool_fail(const et_spool_t *spool,
    const et_spool_batch_t *batch, et_slice_t text, char *name);

/*
 * Moves a file into failed/, with the reason beside it, or into damaged/.
 * ET_SPOOL_GONE, ET_SPOOL_NO_SPACE, ET_SPOOL_ERROR; may be called again after
 * an error, when the file was moved too.
 */
et_spool_status_t et_spool_fail_file(const et_spool_t *spool,
    const char *name, et_slice_t text);
et_spool_status_t et_spool_set_aside(const et_spool_t *spool,
    const char *name);

/* Removes a file whose batch is stored; one that is gone is ET_SPOOL_OK. */
et_spool_status_t et_spool_remove(const et_spool_t *spool, const char *name);

/*
 * Counts what is there, and puts the oldest files to be sent, oldest first,
 * at most max, in files; *n says how many.  files may be NULL with max 0.
 * Other files than the spool's are not looked at.  Each of the oldest costs
 * a place in a sorted array for each file there is, so max is for tens.
 * ET_SPOOL_ERROR.
 */
et_spool_status_t et_spool_scan(const et_spool_t *spool,
    et_spool_usage_t *usage, et_spool_file_t *files, size_t max, size_t *n);

/* The same; in files is only what comes after a file of the name, which need
 * not be there: "" is before all. */
et_spool_status_t et_spool_scan_after(const et_spool_t *spool,
    const char *after, et_spool_usage_t *usage, et_spool_file_t *files,
    size_t max, size_t *n);

/*
 * Opens a file and checks all of it, which reads the body once.  On
 * ET_SPOOL_OK the reader's fields are set, and it is closed with
 * et_spool_close(); its fd is the reader's own, positioned anywhere.
 * ET_SPOOL_GONE, ET_SPOOL_DAMAGED, ET_SPOOL_NEWER; ET_SPOOL_ERROR of one file
 * says nothing about the next.
 */
et_spool_status_t et_spool_open(const et_spool_t *spool, const char *name,
    et_spool_reader_t *reader);
void et_spool_close(et_spool_reader_t *reader);

/*
 * Makes this process the one that drains, until et_spool_unlock(*fd) or its
 * death; the children that it forks after this hold the lock as well.
 * ET_SPOOL_BUSY, ET_SPOOL_NO_SPACE, ET_SPOOL_ERROR.
 */
et_spool_status_t et_spool_lock(const et_spool_t *spool, int *fd);
void et_spool_unlock(int fd);


#endif /* ET_SPOOL_H */
