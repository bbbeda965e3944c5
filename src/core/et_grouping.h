/*
 * Grouping: which events are the same error.
 *
 * The fingerprint is made of text parts (contract, section 8): the checksum,
 * else the client's fingerprint, else the exception chain's types and
 * frames, else a stack trace, else the message.  Their text is kept with the
 * event, so that a person can read why it was grouped so; the fingerprint is
 * the first 64 bits of the text's SHA-256, big-endian, masked below 2^53
 * (readers keep it in a JavaScript number).
 */

#ifndef ET_GROUPING_H
#define ET_GROUPING_H

#include <openssl/evp.h>

#include "et_event.h"


/* Goes with every row: a better algorithm gets the next number. */
#define ET_GROUPING_VERSION  1

/* the parts as text, bytes at the most; what is longer is grouped by its
 * whole and kept cut */
#define ET_MAX_GROUPING      4096


typedef struct {
    EVP_MD_CTX    *ctx;
    EVP_MD        *sha256;
} et_hasher_t;


/* Fetches the algorithm once.  1, or 0 where OpenSSL has no memory. */
int et_hasher_init(et_hasher_t *hasher);
void et_hasher_destroy(et_hasher_t *hasher);

/*
 * Sets event->culprit (where the event has none: transaction, else module or
 * file and function of the last in-app frame), event->grouping_hash and
 * event->grouping.  ET_OK, ET_NO_MEMORY, ET_JSON_TOO_COMPLEX (the arena).
 */
et_reason_t et_group(et_arena_t *arena, et_hasher_t *hasher,
    et_event_t *event);


#endif /* ET_GROUPING_H */
