/*
 * The kinds of records: what a row of ClickHouse's table ingest is.  Each
 * kind has a view there, which takes its rows to a table of its own.
 */

#ifndef ET_RECORD_H
#define ET_RECORD_H


typedef enum {
    ET_RECORD_EVENT = 1,
    ET_RECORD_ATTACHMENT = 2,
    ET_RECORD_FEEDBACK = 3,
    ET_RECORD_SESSION = 4,
    ET_RECORD_CHECK_IN = 5,
    ET_RECORD_OUTCOME = 6,
    ET_RECORD_LOG = 7
} et_record_kind_t;


#endif /* ET_RECORD_H */
