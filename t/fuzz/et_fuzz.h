/*
 * What the fuzz targets share: input in memory of its exact size, so that
 * AddressSanitizer sees a byte too many, and the promises that hold for
 * every row.
 *
 * A target's first bytes choose among the ways to call what it tests; the
 * others are what a client sends.  seeds.py writes them the same way.
 */

#ifndef ET_FUZZ_H
#define ET_FUZZ_H

#include "et_ingest.h"
#include "et_record.h"
#include "et_row.h"


#define ET_FUZZ_KEY      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ET_FUZZ_PROJECT  1
#define ET_FUZZ_NOW      (1700000000 * ET_SECOND)

/* a promise that does not hold ends the program, as a crash does */
#define et_fuzz_check(condition)                                              \
    ((condition) ? (void) 0 : et_fuzz_failed(#condition, __FILE__, __LINE__))


void et_fuzz_failed(const char *text, const char *file, int line)
    __attribute__((noreturn));

/* A copy in memory of its exact size, to be freed. */
char *et_fuzz_copy(const void *data, size_t len);

/* A request with a key in its headers, and limits; without a body. */
void et_fuzz_request(et_request_t *request);

/* That inner lies within outer; "" lies anywhere. */
void et_fuzz_within(et_slice_t inner, et_slice_t outer);

/*
 * What a record promises to those who store it: each string is UTF-8 and
 * within its limit, its rows are as long as was said, every byte of them is
 * written, and none is longer than the zone has room for.
 */
void et_fuzz_record(const et_event_t *record);


#endif /* ET_FUZZ_H */
