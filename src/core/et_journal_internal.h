/*
 * The format of the journal's files, numbers little-endian.
 *
 * A header:
 *
 *       0  magic          8 bytes
 *       8  version        4
 *      12  header's size  4
 *      16  slot           8, 0 where records are appended; else there are at
 *                         most two, the second as many bytes after the first
 *      24  size of the list of columns  4
 *      28  token         56, padded with zeros
 *      84  list of columns
 *          header's CRC-32  4
 *
 * and records:
 *
 *       0  magic          4
 *       4  bytes of data  4
 *       8  rows           8
 *      16  sequence       8, from 1; of two slots the higher one counts
 *      24  data's CRC-32  4
 *      28  CRC-32         4, of these fields and the token
 *      32  data
 *
 * A record is bound to its file by the token in its checksum.
 */

#ifndef ET_JOURNAL_INTERNAL_H
#define ET_JOURNAL_INTERNAL_H

#include "et_journal.h"
#include "et_spool_internal.h"


#define ET_JOURNAL_DIR             "journal"
#define ET_JOURNAL_SUFFIX          ".wal"
#define ET_JOURNAL_LOCK            ".lock"

#define ET_JOURNAL_VERSION         1
#define ET_JOURNAL_MAGIC           "ETJOURN\n"

#define ET_JOURNAL_H_MAGIC         0
#define ET_JOURNAL_H_VERSION       8
#define ET_JOURNAL_H_SIZE          12
#define ET_JOURNAL_H_SLOT          16
#define ET_JOURNAL_H_COLUMNS_SIZE  24
#define ET_JOURNAL_H_TOKEN         28
#define ET_JOURNAL_H_COLUMNS       84

#define ET_JOURNAL_H_MIN           (ET_JOURNAL_H_COLUMNS + 4)
#define ET_JOURNAL_H_MAX           (ET_JOURNAL_H_MIN + ET_SPOOL_COLUMNS)

#define ET_JOURNAL_RECORD          "ETRC"

#define ET_JOURNAL_R_MAGIC         0
#define ET_JOURNAL_R_BYTES         4
#define ET_JOURNAL_R_ROWS          8
#define ET_JOURNAL_R_SEQUENCE      16
#define ET_JOURNAL_R_DATA_CRC      24
#define ET_JOURNAL_R_CRC           28
#define ET_JOURNAL_R_SIZE          32


/* The open directory, or -1 and errno. */
int et_journal_open_dir(const et_spool_t *spool);

/* 1 where it is a file's name; the token is its first *len bytes. */
int et_journal_is_name(const char *name, size_t *len);

/* A record's own checksum. */
uint32_t et_journal_record_crc(const unsigned char *record, et_slice_t token);


#endif /* ET_JOURNAL_INTERNAL_H */
