/*
 * The endpoints that take neither an envelope nor an event: browsers'
 * reports, check-ins by URL, the error page's form, crashes, files.  Input:
 * endpoint and encoding, a byte each, a line that is the Content-Type, a line
 * that is the query, then the body.
 */

#include <stdlib.h>

#include "et_crash.h"
#include "et_endpoint.h"
#include "et_fuzz.h"


typedef struct {
    et_endpoint_t  endpoint;
    et_reason_t  (*read)(et_ingest_t *ingest, const et_request_t *request);
} et_fuzz_endpoint_t;


static et_slice_t et_fuzz_line(et_slice_t *rest);


static const et_fuzz_endpoint_t  et_fuzz_endpoints[] = {
    { ET_ENDPOINT_SECURITY,    et_security_read },
    { ET_ENDPOINT_NEL,         et_nel_read },
    { ET_ENDPOINT_CRON,        et_cron_read },
    { ET_ENDPOINT_ERROR_PAGE,  et_error_page_read },
    { ET_ENDPOINT_MINIDUMP,    et_crash_minidump },
    { ET_ENDPOINT_UNREAL,      et_crash_unreal },
    { ET_ENDPOINT_ATTACHMENTS, et_crash_attachments }
};


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t                     i;
    et_slice_t                 rest, key;
    et_reason_t                reason;
    et_request_t               request;
    const et_fuzz_endpoint_t  *endpoint;

    static et_ingest_t  ingest;
    static int          ready;

    if (size < 2) {
        return 0;
    }

    if (!ready) {
        et_fuzz_check(et_ingest_init(&ingest));
        ready = 1;
    }

    endpoint = &et_fuzz_endpoints[data[0] % (sizeof(et_fuzz_endpoints)
                                             / sizeof(et_fuzz_endpoints[0]))];

    et_fuzz_request(&request);

    request.endpoint = endpoint->endpoint;
    request.encodings.n = data[1] % 3;
    request.encodings.list[0] = data[1] / 3 % (ET_ENCODING_UNKNOWN + 1);
    request.encodings.list[1] = data[1] / 24 % (ET_ENCODING_UNKNOWN + 1);
    request.slug = et_slice_str("nightly");
    request.event_id = et_slice_str("0123456789abcdef0123456789abcdef");

    rest = et_slice((const char *) data + 2, size - 2);
    request.content_type = et_fuzz_line(&rest);
    request.args = et_fuzz_line(&rest);
    request.len = rest.len;
    request.body = et_fuzz_copy(rest.data, rest.len);

    reason = et_ingest_open(&ingest, &request, &key);

    if (reason == ET_OK) {
        reason = endpoint->read(&ingest, &request);
    }

    et_fuzz_check(reason < ET_REASON_COUNT);
    et_fuzz_check(ingest.nrecords <= ET_MAX_RECORDS);
    et_fuzz_check(ingest.arena.size <= ET_ARENA_LIMIT_SIZE);

    for (i = 0; reason == ET_OK && i < ingest.nrecords; i++) {
        et_fuzz_record(&ingest.records[i]);
    }

    free((char *) request.content_type.data);
    free((char *) request.args.data);
    free(request.body);

    return 0;
}


/* A line of its own, to be freed. */

static et_slice_t
et_fuzz_line(et_slice_t *rest)
{
    et_slice_t   line;
    const char  *newline;

    newline = rest->len == 0 ? NULL : memchr(rest->data, '\n', rest->len);

    line = et_slice(rest->data, newline == NULL ? rest->len
                                : (size_t) (newline - rest->data));

    *rest = et_slice(rest->data + line.len + (newline != NULL),
                     rest->len - line.len - (newline != NULL));

    line.data = et_fuzz_copy(line.data, line.len);

    return line;
}
