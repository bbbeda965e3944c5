/*
 * Whole requests: a body of any endpoint in any encoding, opened, read, and
 * made into rows.  Input: endpoint and encoding, a byte each, then the body.
 */

#include <stdlib.h>

#include "et_fuzz.h"


static const et_endpoint_t  et_fuzz_endpoints[] = {
    ET_ENDPOINT_ENVELOPE,
    ET_ENDPOINT_STORE
};


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t        i;
    et_slice_t    key;
    et_reason_t   reason;
    et_request_t  request;

    static et_ingest_t  ingest;
    static int          ready;

    if (size < 2) {
        return 0;
    }

    if (!ready) {
        et_fuzz_check(et_ingest_init(&ingest));
        ready = 1;
    }

    et_fuzz_request(&request);

    request.endpoint = et_fuzz_endpoints[data[0]
                                         % (sizeof(et_fuzz_endpoints)
                                            / sizeof(et_fuzz_endpoints[0]))];
    request.encodings.n = data[1] % 3;
    request.encodings.list[0] = data[1] / 3 % (ET_ENCODING_UNKNOWN + 1);
    request.encodings.list[1] = data[1] / 24 % (ET_ENCODING_UNKNOWN + 1);

    /* without a key in its headers it has to be the envelope's */

    if (data[0] & 0x80) {
        request.auth.key.len = 0;
    }

    request.body = et_fuzz_copy(data + 2, size - 2);
    request.len = size - 2;

    reason = et_ingest_open(&ingest, &request, &key);

    if (reason == ET_OK) {
        et_fuzz_check(key.len != 0);
        et_fuzz_check(et_key_valid(key));

        reason = et_ingest_read(&ingest, &request);
    }

    if (reason == ET_OK) {
        et_fuzz_check(ingest.nevents <= ET_MAX_EVENTS);
        et_fuzz_check(ingest.noutcomes <= ET_MAX_OUTCOMES);
        et_fuzz_check(ingest.nevents + ingest.noutcomes <= ingest.nrecords);
        et_fuzz_check(ingest.nrecords <= ET_MAX_RECORDS);

        for (i = 0; i < ingest.nrecords; i++) {
            et_fuzz_record(&ingest.records[i]);
        }
    }

    et_fuzz_check(reason < ET_REASON_COUNT);
    et_fuzz_check(ingest.arena.size <= ET_ARENA_LIMIT_SIZE);

    free(request.body);

    return 0;
}
