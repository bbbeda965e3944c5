/*
 * Browsers' reports, check-ins by URL, the error page's form: what each
 * becomes.
 */

#define _GNU_SOURCE            /* memmem() */

#include <string.h>

#include "et_endpoint.h"
#include "et_test.h"


static et_ingest_t   ingest;
static et_request_t  request;
static char          body[64 * 1024];


static et_reason_t
et_test_open(const char *text)
{
    et_slice_t  key;

    memset(&request, 0, sizeof(request));
    strcpy(body, text);

    request.endpoint = ET_ENDPOINT_SECURITY;
    request.auth.key = et_slice_str("k");
    request.content_type = et_slice_str("application/csp-report");
    request.args = et_slice_str("sentry_key=k&sentry_environment=prod%201"
                                "&sentry_release=app%401");
    request.body = body;
    request.len = strlen(text);
    request.received = 1700000000 * ET_SECOND;
    request.limits.max_inflated = sizeof(body);
    request.limits.max_event = sizeof(body);

    return et_ingest_open(&ingest, &request, &key);
}


static et_slice_t
et_test_tag(const et_tag_t *tags, size_t n, const char *name)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (et_slice_eq(tags[i].key, et_slice_str(name))) {
            return tags[i].value;
        }
    }

    return et_slice_str("(none)");
}


#define et_test_attribute(name)                                               \
    et_test_tag(ingest.records[0].attributes,                                 \
                ingest.records[0].nattributes, name)


static uint64_t
et_test_csp(const char *text)
{
    et_check_int(et_test_open(text), ET_OK);
    et_check_int(et_security_read(&ingest, &request), ET_OK);
    et_check_int(ingest.nrecords, 1);

    return ingest.nrecords == 1 ? ingest.records[0].grouping_hash : 0;
}


int
main(void)
{
    uint64_t     hash;
    et_event_t  *event;

    et_check(et_ingest_init(&ingest));

    ET_TEST("a violation of a policy is an event by directive and host") {
        hash = et_test_csp("{\"csp-report\":{\"document-uri\":"
                           "\"https://shop.example/cart\",\"referrer\":"
                           "\"https://r.example/\",\"violated-directive\":"
                           "\"script-src-elem 'self'\","
                           "\"effective-directive\":\"script-src-elem\","
                           "\"blocked-uri\":\"https://evil.example:81/a.js\","
                           "\"status-code\":200}}");
        event = &ingest.records[0];
        et_check_str(event->logger, "csp");
        et_check_str(event->message, "Blocked 'script' from 'evil.example'");
        et_check_str(event->culprit, "script-src-elem 'self'");
        et_check_str(event->environment, "prod 1");
        et_check_str(event->release, "app@1");
        et_check_str(et_test_tag(event->tags, event->ntags,
                                 "effective-directive"), "script-src-elem");
        et_check(memmem(event->payload.data, event->payload.len,
                        "\"status-code\":200", 17) != NULL);

        et_check(hash == et_test_csp("{\"csp-report\":{\"document-uri\":"
                           "\"https://shop.example/other\","
                           "\"effective-directive\":\"script-src-elem\","
                           "\"blocked-uri\":\"https://evil.example/b.js\"}}"));
        et_check(hash != et_test_csp("{\"csp-report\":{\"document-uri\":"
                           "\"https://shop.example/other\","
                           "\"effective-directive\":\"script-src-elem\","
                           "\"blocked-uri\":\"inline\"}}"));
        et_check_str(ingest.records[0].message,
                     "Blocked 'script' from 'inline'");
    }

    ET_TEST("what a page's own host serves is 'self', in old browsers too") {
        (void) et_test_csp("{\"csp-report\":{\"document-uri\":"
                           "\"https://shop.example/\",\"violated-directive\":"
                           "\"img-src https://cdn.example\","
                           "\"blocked-uri\":\"https://shop.example/x.png\"}}");
        et_check_str(ingest.records[0].message, "Blocked 'img' from 'self'");
    }

    ET_TEST("the Reporting API's list is an event each") {
        et_check_int(et_test_open("[{\"type\":\"csp-violation\",\"age\":1,"
            "\"body\":{\"documentURL\":\"https://a.example/\","
            "\"effectiveDirective\":\"style-src\",\"blockedURL\":\"eval\"}},"
            "{\"type\":\"deprecation\",\"body\":{}},"
            "{\"type\":\"csp-violation\",\"body\":{\"documentURL\":"
            "\"https://a.example/\",\"effectiveDirective\":\"img-src\","
            "\"blockedURL\":\"https://b.example/\"}}]"), ET_OK);
        et_check_int(et_security_read(&ingest, &request), ET_OK);
        et_check_int(ingest.nevents, 2);
        et_check_str(ingest.records[0].message, "Blocked 'style' from 'eval'");
        et_check(memcmp(ingest.records[0].id, ingest.records[1].id, 16) != 0);
    }

    ET_TEST("Expect-CT, Expect-Staple and HPKP name their host") {
        et_check_int(et_test_open("{\"expect-ct-report\":{\"hostname\":"
                                  "\"a.example\",\"port\":443}}"), ET_OK);
        et_check_int(et_security_read(&ingest, &request), ET_OK);
        et_check_str(ingest.records[0].message,
                     "Expect-CT failed for 'a.example'");
        et_check_int(et_test_open("{\"expect-staple-report\":{\"hostname\":"
                                  "\"a.example\"}}"), ET_OK);
        et_check_int(et_security_read(&ingest, &request), ET_OK);
        et_check_str(ingest.records[0].logger, "expect_staple");
        et_check_int(et_test_open("{\"hostname\":\"a.example\","
                                  "\"known-pins\":[]}"), ET_OK);
        et_check_int(et_security_read(&ingest, &request), ET_OK);
        et_check_str(ingest.records[0].logger, "hpkp");
    }

    ET_TEST("another media type, and what is no report, are refused") {
        et_check_int(et_test_open("{\"csp-report\":{}}"), ET_OK);
        et_check_int(et_security_read(&ingest, &request), ET_BAD_REPORT);
        request.content_type = et_slice_str("text/html");
        et_check_int(et_security_read(&ingest, &request), ET_BAD_MEDIA_TYPE);
        request.content_type = et_slice_str("Application/JSON; charset=a");
        et_check_int(et_security_read(&ingest, &request), ET_BAD_REPORT);
        et_check_int(et_test_open("[1]"), ET_OK);
        et_check_int(et_security_read(&ingest, &request), ET_BAD_REPORT);
        et_check_int(et_test_open("{"), ET_OK);
        et_check_int(et_security_read(&ingest, &request), ET_BAD_JSON);
    }

    ET_TEST("an item of a report is one, or the event of one") {
        et_item_t  item;

        et_check_int(et_test_open("{\"csp-report\":{\"effective-directive\":"
            "\"img-src\",\"blocked-uri\":\"data\"}}"), ET_OK);
        memset(&item, 0, sizeof(item));
        item.payload = ingest.text;
        item.len = ingest.len;
        et_check_int(et_item_security(&ingest, &request, &item), ET_OK);
        et_check_str(ingest.records[0].message, "Blocked 'img' from 'data'");

        et_check_int(et_test_open("{\"message\":\"as it is\",\"csp\":{}}"),
                     ET_OK);
        item.payload = ingest.text;
        item.len = ingest.len;
        et_check_int(et_item_security(&ingest, &request, &item), ET_OK);
        et_check_str(ingest.records[0].message, "as it is");

        /* one that is damaged does not become an event without anything */

        et_check_int(et_test_open("{\"csp-report\":{}}"), ET_OK);
        item.payload = ingest.text;
        item.len = ingest.len;
        et_check_int(et_item_security(&ingest, &request, &item),
                     ET_BAD_REPORT);

        et_check_int(et_test_open("7"), ET_OK);
        item.payload = ingest.text;
        item.len = ingest.len;
        et_check_int(et_item_security(&ingest, &request, &item), ET_BAD_JSON);
        request.limits.max_event = 0;
        et_check_int(et_item_security(&ingest, &request, &item),
                     ET_EVENT_TOO_LARGE);
    }

    ET_TEST("network errors are events by type and host") {
        et_check_int(et_test_open("[{\"age\":5,\"type\":\"network-error\","
            "\"url\":\"https://api.example/x\",\"body\":{\"type\":"
            "\"tcp.timed_out\",\"phase\":\"connection\",\"referrer\":\"\"}}]"),
            ET_OK);
        et_check_int(et_nel_read(&ingest, &request), ET_OK);
        et_check_int(ingest.nevents, 1);
        et_check_str(ingest.records[0].logger, "nel");
        et_check_str(ingest.records[0].message,
                     "Network error tcp.timed_out at 'api.example'");
        et_check_int(et_test_open("[]"), ET_OK);
        et_check_int(et_nel_read(&ingest, &request), ET_BAD_REPORT);
        et_check_int(et_test_open("[{\"body\":{}}]"), ET_OK);
        et_check_int(et_nel_read(&ingest, &request), ET_BAD_REPORT);
    }

    ET_TEST("a check-in by URL says what its query says") {
        et_check_int(et_test_open(" "), ET_OK);
        ingest.len = 0;
        request.slug = et_slice_str("nightly");
        request.args = et_slice_str("status=error&duration=2.5&check_in_id="
                                    "83a7c03ed0a04e1b97e2e3b18d38f244"
                                    "&environment=dev");
        et_check_int(et_cron_read(&ingest, &request), ET_OK);
        et_check_int(ingest.nrecords, 1);
        et_check_int(ingest.records[0].kind, ET_RECORD_CHECK_IN);
        et_check_str(ingest.records[0].transaction, "nightly");
        et_check_str(ingest.records[0].level, "error");
        et_check_str(ingest.records[0].environment, "dev");
        et_check_int(ingest.records[0].id[0], 0x83);
        et_check_str(et_test_attribute("duration"), "2.5");
    }

    ET_TEST("one without anything is ok, one with a body says when next") {
        et_check_int(et_test_open("x"), ET_OK);
        ingest.len = 0;
        request.slug = et_slice_str("nightly");
        et_check_int(et_cron_read(&ingest, &request), ET_OK);
        et_check_str(ingest.records[0].level, "ok");

        et_check_int(et_test_open("{\"monitor_slug\":\"evil\","
            "\"status\":\"in_progress\",\"monitor_config\":{\"schedule\":"
            "{\"type\":\"interval\",\"value\":1,\"unit\":\"hour\"}}}"),
            ET_OK);
        request.slug = et_slice_str("nightly");
        et_check_int(et_cron_read(&ingest, &request), ET_OK);
        et_check_str(ingest.records[0].transaction, "nightly");
        et_check_str(ingest.records[0].level, "in_progress");
        et_check_str(et_test_attribute("expected"), "1700003600");
    }

    ET_TEST("the error page's form is feedback about its event") {
        et_check_int(et_test_open("name=Ann+B&email=a%40b.example"
                                  "&comments=It%0Abroke"), ET_OK);
        request.args = et_slice_str("dsn=x&eventId="
                                    "9ec79c33ec9942ab8353589fcb2e04dc");
        et_check_int(et_error_page_read(&ingest, &request), ET_OK);
        et_check_int(ingest.records[0].kind, ET_RECORD_FEEDBACK);
        et_check_str(ingest.records[0].user_name, "Ann B");
        et_check_str(ingest.records[0].user_email, "a@b.example");
        et_check_str(ingest.records[0].message, "It\nbroke");
        et_check_str(et_test_attribute("associated_event_id"),
                     "9ec79c33ec9942ab8353589fcb2e04dc");

        et_check_int(et_test_open("name=Ann"), ET_OK);
        et_check_int(et_error_page_read(&ingest, &request),
                     ET_BAD_ITEM_PAYLOAD);
    }

    et_ingest_destroy(&ingest);

    return et_test_done();
}
