/*
 * What the spool's files share: its directories, its files' names, and the
 * format of a file.
 *
 * A file is a header and the body.  The header, numbers little-endian:
 *
 *       0  magic          8 bytes
 *       8  version        4
 *      12  header's size  4, which is the body's offset
 *      16  rows           8
 *      24  body's size    8
 *      32  body's CRC-32  4
 *      36  size of the list of columns  4
 *      40  token         56, padded with zeros
 *      96  list of columns
 *          header's CRC-32  4, over all before it
 *
 * In every version to come magic, version and header's size stay where they
 * are, and the header's CRC-32 is its last 4 bytes: so a file of a later
 * version is told from a damaged one.
 */

#ifndef ET_SPOOL_INTERNAL_H
#define ET_SPOOL_INTERNAL_H

#include "et_spool.h"


#define ET_SPOOL_VERSION         1
#define ET_SPOOL_MAGIC           "ETBATCH\n"

#define ET_SPOOL_H_MAGIC         0
#define ET_SPOOL_H_VERSION       8
#define ET_SPOOL_H_SIZE          12
#define ET_SPOOL_H_ROWS          16
#define ET_SPOOL_H_BYTES         24
#define ET_SPOOL_H_CRC           32
#define ET_SPOOL_H_COLUMNS_SIZE  36
#define ET_SPOOL_H_TOKEN         40
#define ET_SPOOL_H_COLUMNS       96

#define ET_SPOOL_H_MIN           (ET_SPOOL_H_COLUMNS + 4)

/* a later version may have more; what is larger is damaged */
#define ET_SPOOL_H_MAX           (64 * 1024)

#define ET_SPOOL_TMP             "tmp"
#define ET_SPOOL_FAILED          "failed"
#define ET_SPOOL_DAMAGED_DIR     "damaged"
#define ET_SPOOL_LOCK            "lock"


/* ET_SPOOL_NO_SPACE or ET_SPOOL_ERROR, by errno. */
et_spool_status_t et_spool_errno(void);

/* PATH, and a directory in it, which is made where it is missing; -1 and
 * errno. */
int et_spool_open_root(const et_spool_t *spool);
int et_spool_open_sub(const et_spool_t *spool, int root, const char *sub);

/* As root, gives a file to whom the spool belongs; -1 and errno. */
int et_spool_give(const et_spool_t *spool, int fd);

/* fsync(), which a signal may interrupt; -1 and errno. */
int et_spool_sync(int fd);

/* close(), after which errno is what it was; -1 is not closed. */
void et_spool_close_fd(int fd);

/* 1 where it is a token or a batch's name; *time is the name's. */
int et_spool_is_token(et_slice_t s);
int et_spool_is_name(const char *name, int64_t *time);

/* Moves a batch from root to the directory to, and syncs both. */
et_spool_status_t et_spool_move(int root, int to, const char *name);

/* et_spool_scan_after() of the open directory PATH. */
et_spool_status_t et_spool_scan_root(int root, const char *after,
    et_spool_usage_t *usage, et_spool_file_t *files, size_t max, size_t *n);


static inline void
et_spool_put_number(unsigned char *p, uint64_t value, size_t bytes)
{
    size_t  i;

    for (i = 0; i < bytes; i++) {
        p[i] = (unsigned char) (value >> (8 * i));
    }
}


static inline uint64_t
et_spool_get_number(const unsigned char *p, size_t bytes)
{
    size_t    i;
    uint64_t  value;

    value = 0;

    for (i = 0; i < bytes; i++) {
        value |= (uint64_t) p[i] << (8 * i);
    }

    return value;
}


#endif /* ET_SPOOL_INTERNAL_H */
