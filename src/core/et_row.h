/*
 * One row of ClickHouse's table errortracking.ingest, in RowBinary.
 *
 * The order of ET_ROW_COLUMNS is the encoder's; a test reads what the encoder
 * writes back by it.  An INSERT names its columns, so that the table may have
 * others.
 *
 * A row stands for n occurrences.  A whole row has its record's body;
 * a folded row has no body and is counted further in place by the aggregate,
 * so what it counts lies at fixed places of its head.
 */

#ifndef ET_ROW_H
#define ET_ROW_H

#include "et_event.h"


#define ET_ROW_COLUMNS                                                        \
    "kind,n,timestamp,first_timestamp,received,project_id,fingerprint,"       \
    "grouping_version,event_id,users,level,platform,type,value,message,"      \
    "culprit,logger,environment,release,dist,server_name,transaction,"        \
    "trace_id,user_id,user_email,user_name,user_ip,tags,attributes,notes,"     \
    "sdk_name,sdk_version,grouping,payload"

/* offsets in a row, bytes */
#define ET_ROW_N            1  /* UInt64 */
#define ET_ROW_LAST         9  /* timestamp: Int64, microseconds */
#define ET_ROW_FIRST       17  /* first_timestamp */
/* the version of conf/clickhouse/ that has these columns, and those that the
 * read APIs ask for */
#define ET_ROW_SCHEMA      8

#define ET_ROW_HEAD        66  /* the fixed columns, up to "users" */
#define ET_ROW_USERS       67  /* a folded row's users: UInt64 each, after
                                  their count; 0 is an empty place */

#define ET_ROW_FOLD_USERS  16  /* places for users in a folded row */

/* a folded row's type, value and message, each cut to, bytes */
#define ET_ROW_FOLD_TEXT   512

/* how much longer than its event's JSON a whole row can get, and how long a
 * folded row, bytes; tests hold the encoder to both */
#define ET_ROW_OVERHEAD    (128 * 1024)
#define ET_ROW_FOLD_MAX    (4 * 1024)


/* Bytes that et_row_encode() will write. */
size_t et_row_size(const et_event_t *event);

/* Writes exactly et_row_size() bytes. */
void et_row_encode(char *out, const et_event_t *event, uint64_t project);

/* The same without the payload's own bytes, which come last in a row: what
 * has to follow the end that is returned. */
char *et_row_encode_open(char *out, const et_event_t *event,
    uint64_t project);

/* The same for a folded row: n = 0, and its places for users are empty. */
size_t et_row_fold_size(const et_event_t *event);
void et_row_fold_encode(char *out, const et_event_t *event, uint64_t project);


#endif /* ET_ROW_H */
