/*
 * The way of an event inside the core, from a request's body to records that
 * are ready to be rows: content encoding, envelope, JSON, normalisation,
 * grouping.
 *
 * Two calls, since the key may stand in the envelope: et_ingest_open() reads
 * as far as the envelope's header and says which key the request has; the
 * caller checks that key; et_ingest_read() reads the items.
 *
 * Promise: a request is taken whole or refused whole, with one reason.  What
 * an et_ingest_t hands out lives until its next et_ingest_open().
 */

#ifndef ET_INGEST_H
#define ET_INGEST_H

#include "et_auth.h"
#include "et_encoding.h"
#include "et_envelope.h"
#include "et_filter.h"
#include "et_grouping.h"
#include "et_limits.h"
#include "et_outcome.h"
#include "et_quota.h"
#include "et_route.h"
#include "et_scrub.h"
#include "et_row.h"


/* a request's arena: a cJSON node is 64 bytes, an event of 1 MiB is seldom
 * more than 200,000 of them */
#define ET_ARENA_LIMIT_SIZE  (48 * 1024 * 1024)

/* what the arena and the output buffer keep between requests, bytes */
#define ET_ARENA_KEEP        (1024 * 1024)
#define ET_INFLATE_KEEP      (1024 * 1024)

/* events in one envelope; SDKs send one */
#define ET_MAX_EVENTS        100

/* records of one request, and the outcomes among them */
#define ET_MAX_RECORDS       1000
#define ET_MAX_OUTCOMES      200

/* bytes that the folded rows of one request may take */
#define ET_MAX_FOLD_SIZE     (ET_MAX_EVENTS * ET_ROW_FOLD_MAX                 \
                              + ET_MAX_OUTCOMES * ET_ROW_OUTCOME_MAX)


typedef struct {
    et_endpoint_t   endpoint;
    uint64_t        project;
    et_slice_t      slug;              /* of the path: cron */
    et_slice_t      args;              /* the query, escaped */
    et_auth_t       auth;              /* from headers, query and path */
    et_encodings_t  encodings;
    char           *body;              /* mutable */
    size_t          len;
    et_slice_t      content_type;
    et_slice_t      event_id;          /* of the path: attachments */
    et_slice_t      client_ip;         /* text */
    int64_t         received;          /* microseconds */
    et_limits_t     limits;
    const et_scrub_t   *scrub;         /* NULL: nothing is scrubbed */
    const et_filter_t  *filter;        /* NULL: nothing is filtered */
    uint32_t        not_taken;         /* bits of categories */
    et_quota_t     *quota;             /* NULL: nothing is limited */
} et_request_t;

/* What has passed et_ingest_admit(), and what has not. */
typedef struct {
    size_t          nitems;            /* of any type */
    unsigned        seen[ET_ITEM_TYPE_COUNT];
    unsigned        limited;           /* items over a quota */
    unsigned        limits[ET_ITEM_TYPE_COUNT];  /* the same by type */
    unsigned        event_limited;     /* unsigned  event_limited:1; */
    uint32_t        not_taken;         /* bits of types */
} et_admission_t;

/* One a thread; about 1 MiB is kept between requests. */
typedef struct {
    et_arena_t      arena;
    et_inflate_t    inflate;
    et_inflate_t    inflate_report;    /* of what is compressed in a body */
    et_hasher_t     hasher;

    /* of the current request */

    et_envelope_t   envelope;
    et_slice_t      minidump;          /* of an envelope: its file, */
    et_slice_t      form;              /* and the fields beside it */
    int64_t         drift;             /* added to times: the clock's error */
    char           *text;              /* decompressed */
    size_t          len;
    et_event_t     *records;
    size_t          nrecords;
    size_t          room;              /* of records, in elements */
    size_t          nevents;           /* records that are events */
    size_t          noutcomes;         /* records that are outcomes */
    size_t          nattachments;      /* files */
    size_t          attachment_bytes;
    et_admission_t  admission;
    unsigned        taken[ET_ITEM_TYPE_COUNT];   /* items by type */
    unsigned        skipped[ET_ITEM_TYPE_COUNT];
    unsigned        filtered[ET_FILTER_COUNT];   /* events */
    et_filter_kind_t  filter;          /* of the last one; ET_FILTER_COUNT */
    unsigned        inflated:1;        /* text was compressed */
    unsigned        has_id:1;
    unsigned char   id[ET_EVENT_ID_LEN];         /* what the client is told */
} et_ingest_t;


/* 1, or 0 where there is no memory. */
int et_ingest_init(et_ingest_t *ingest);
void et_ingest_destroy(et_ingest_t *ingest);

/*
 * On ET_OK *key is the request's key.  ET_NO_KEY, ET_DSN_MISMATCH, and the
 * reasons of et_decode() and et_envelope_open().
 */
et_reason_t et_ingest_open(et_ingest_t *ingest, const et_request_t *request,
    et_slice_t *key);

/*
 * Whether an item of the type and length is to be read: *admitted.  It is not
 * where its category is not taken, or is over a quota; that is an outcome
 * then.  ET_ITEM_TOO_LARGE, ET_TOO_MANY_ITEMS, et_ingest_no_room().
 *
 * A log container is admitted where there is room for an entry; its reader
 * takes all of them with et_ingest_admit_many().
 */
et_reason_t et_ingest_admit(et_ingest_t *ingest, const et_request_t *request,
    et_item_type_t type, size_t len, int *admitted);
et_reason_t et_ingest_admit_many(et_ingest_t *ingest,
    const et_request_t *request, et_item_type_t type, uint64_t n,
    int *admitted);

/* Whether quotas have left nothing of the request. */
int et_ingest_all_limited(const et_ingest_t *ingest);

/*
 * On ET_OK ingest->records, skipped, id are set; on ET_RATE_LIMITED the
 * records are outcomes.  The reasons of
 * et_envelope_next(), et_event_parse() and et_group(); ET_EVENT_TOO_LARGE,
 * ET_ITEM_TOO_LARGE, ET_TOO_MANY_EVENTS, ET_TOO_MANY_ITEMS; those of
 * et_endpoint.h and et_crash.h.
 */
et_reason_t et_ingest_read(et_ingest_t *ingest, const et_request_t *request);

/*
 * Room for one more record, zeroed and not counted yet: the caller counts it
 * in nrecords when it is complete.  NULL where the arena has none (its state
 * says why) or where there are ET_MAX_RECORDS, but for outcomes.
 */
et_event_t *et_ingest_push(et_ingest_t *ingest);

/*
 * Replaces what is secret in the JSON of an item of the type, before anything
 * of it is read.  The reasons of et_scrub_json(), ET_EVENT_TOO_LARGE.
 */
et_reason_t et_ingest_scrub(et_ingest_t *ingest, const et_request_t *request,
    et_item_type_t type, char **payload, size_t *len);

/* Reads an event's JSON, mutable, into a record. */
et_reason_t et_ingest_event(et_ingest_t *ingest, const et_request_t *request,
    char *payload, size_t len);

/* What the items of a request take from around them. */
void et_ingest_source(const et_ingest_t *ingest, const et_request_t *request,
    et_event_source_t *source);

/* Leaves the records of files out: they are, or are to be, elsewhere. */
void et_ingest_remove_attachments(et_ingest_t *ingest);

/*
 * Leaves out the files of events that are not kept, or without their bodies
 * ("storm"): what remains of them is an outcome.  ET_OK, or the reason of
 * et_ingest_no_room().
 */
et_reason_t et_ingest_drop_attachments(et_ingest_t *ingest,
    et_outcome_t outcome, const char *why, int64_t time);

/* ET_OK, or why the arena has failed. */
et_reason_t et_ingest_state(const et_ingest_t *ingest);

/* The reason why et_ingest_push() or the arena failed. */
et_reason_t et_ingest_no_room(const et_ingest_t *ingest);

/*
 * Adds an outcome to the records; the reason has to live as long as they.
 * One that is there already is counted up.  ET_OK, or the reason of
 * et_ingest_no_room().  Beyond ET_MAX_OUTCOMES that differ, the reason is
 * "other".
 */
et_reason_t et_ingest_outcome(et_ingest_t *ingest, et_outcome_t outcome,
    et_slice_t reason, et_category_t category, uint64_t quantity,
    int64_t time);


#endif /* ET_INGEST_H */
