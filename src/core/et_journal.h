/*
 * The journal: rows on the disk before they are acknowledged.
 *
 *     PATH/journal/<token>.wal     one file a segment of the zone
 *     PATH/journal/<zone id>.lock  held while processes of the zone live
 *
 * PATH is the zone's spool (et_spool.h), the token that of the segment's
 * batch.
 *
 * Promises:
 *
 * - When et_journal_append() or et_journal_replace() has said ET_SPOOL_OK, a
 *   read of the file gives those rows and all before them, also after a loss
 *   of power.
 * - Where one fails, what was written before is there as it was, and the same
 *   call may be made again.
 * - Rows that are written in place, counts for example, are kept as whole
 *   copies, in two places of the file in turn: a file is never larger than
 *   its header and two segments.
 *
 * Not promised: that rows whose call failed are not in the file.  They were
 * not acknowledged, and have the token of those that were.
 */

#ifndef ET_JOURNAL_H
#define ET_JOURNAL_H

#include "et_spool.h"


/* a zone's id, 32 hexadecimal digits, and NUL */
#define ET_JOURNAL_ID    (32 + 1)

/* a file's name and NUL */
#define ET_JOURNAL_NAME  (ET_SPOOL_TOKEN + sizeof(".wal") - 1)


/* A file that is being written; zeroed but for fd, which is -1. */
typedef struct {
    int        fd;             /* -1: there is no file yet */
    uint64_t   offset;         /* where appending goes on */
    uint64_t   slot;           /* bytes between the two copies; 0: appended */
    uint64_t   sequence;
} et_journal_file_t;

typedef struct {
    char       token[ET_SPOOL_TOKEN];
    char       columns[ET_SPOOL_COLUMNS];
    uint64_t   rows;
    char      *body;           /* malloc()ed; NULL where there are no rows */
    size_t     bytes;
    uint64_t   rest;           /* bytes behind the last whole record */
} et_journal_reader_t;

typedef struct {
    char     (*names)[ET_JOURNAL_NAME];
    size_t     n;
    size_t     room;           /* names that the array has room for */
} et_journal_list_t;


/* Makes the directory, for whom the spool is; and the spool has to be there. */
et_spool_status_t et_journal_create(const et_spool_t *spool);

/*
 * Appends rows to a token's file, or replaces its rows, of at most max bytes
 * ever; the first call makes the file.  On ET_SPOOL_OK it is on the disk.
 * ET_SPOOL_NO_SPACE, ET_SPOOL_ERROR.
 */
et_spool_status_t et_journal_append(const et_spool_t *spool,
    et_journal_file_t *file, et_slice_t token, et_slice_t columns,
    et_slice_t data, uint64_t rows);
et_spool_status_t et_journal_replace(const et_spool_t *spool,
    et_journal_file_t *file, et_slice_t token, et_slice_t columns,
    et_slice_t data, uint64_t rows, size_t max);

/* Closes the file, which stays. */
void et_journal_close(et_journal_file_t *file);

/* Removes a token's file; one that is gone is ET_SPOOL_OK. */
et_spool_status_t et_journal_remove(const et_spool_t *spool,
    et_slice_t token);

/*
 * The names of all files and locks, by zone; a zone's lock, if any, and then
 * its files, oldest first.  The caller frees the list.  ET_SPOOL_ERROR.
 */
et_spool_status_t et_journal_list(const et_spool_t *spool,
    et_journal_list_t *list);
void et_journal_list_free(et_journal_list_t *list);

/* 1 where a name of the list is a zone's lock. */
int et_journal_is_lock(const char *name);

/* Counts the files, and the bytes of the disk that they take. */
et_spool_status_t et_journal_usage(const et_spool_t *spool, uint64_t *files,
    uint64_t *bytes);

/*
 * Reads a file's rows up to the first record that is not whole.  The caller
 * frees the body.  ET_SPOOL_GONE, ET_SPOOL_DAMAGED, ET_SPOOL_NEWER,
 * ET_SPOOL_ERROR.
 */
et_spool_status_t et_journal_read(const et_spool_t *spool, const char *name,
    et_journal_reader_t *reader);

/* Renames a damaged file to <name>.damaged, which is none of the journal. */
et_spool_status_t et_journal_set_aside(const et_spool_t *spool,
    const char *name);

/*
 * Says that the zone of this id lives, until this process and all children
 * that it forks after this have ended.  ET_SPOOL_BUSY: it lives already.
 */
et_spool_status_t et_journal_lock(const et_spool_t *spool, const char *id,
    int *fd);

/* Unlocks a zone that has ended and has no file any more; its lock goes. */
void et_journal_forget(const et_spool_t *spool, const char *id, int fd);


#endif /* ET_JOURNAL_H */
