/*
 * Items that are no events: what becomes of each, and that a damaged one
 * costs nothing but itself.
 */

#include "et_item.h"
#include "et_test.h"


#define ET_TEST_NOW  (1700000000 * ET_SECOND)


static et_ingest_t  ingest;
static char         body[256 * 1024];
static size_t       et_test_max_event = sizeof(body);


/* An envelope of one or two items, read; the reason. */

static const char  *et_test_sent_at = "null";


static et_reason_t
et_test_items(const char *type, const char *payload, const char *type2,
    const char *payload2)
{
    char          *p;
    et_slice_t     key;
    et_reason_t    reason;
    et_request_t   request;

    p = body;
    p += sprintf(p, "{\"event_id\":\"9ec79c33ec9942ab8353589fcb2e04dc\","
                 "\"sent_at\":%s,\"sdk\":{\"name\":\"sentry.test\",\"version\":\"1.0\"}}",
                 et_test_sent_at);
    p += sprintf(p, "\n{\"type\":\"%s\",\"length\":%zu}\n%s", type,
                 strlen(payload), payload);

    if (type2 != NULL) {
        p += sprintf(p, "\n{\"type\":\"%s\",\"length\":%zu}\n%s", type2,
                     strlen(payload2), payload2);
    }

    memset(&request, 0, sizeof(request));

    request.endpoint = ET_ENDPOINT_ENVELOPE;
    request.auth.key = et_slice_str("k");
    request.body = body;
    request.len = p - body;
    request.received = ET_TEST_NOW;
    et_limits_default(&request.limits);
    request.limits.max_inflated = sizeof(body);
    request.limits.max_event = et_test_max_event;
    request.limits.max_attachment = 190 * 1024;
    request.limits.max_attachments = 190 * 1024;

    reason = et_ingest_open(&ingest, &request, &key);
    et_check_int(reason, ET_OK);

    return et_ingest_read(&ingest, &request);
}


static et_event_t *
et_test_one(const char *type, const char *payload, et_record_kind_t kind)
{
    static et_event_t  none;

    et_check_int(et_test_items(type, payload, NULL, NULL), ET_OK);
    et_check_int(ingest.nrecords, 1);

    if (ingest.nrecords == 0) {
        return &none;
    }

    et_check_int(ingest.records[0].kind, kind);

    if (kind != ET_RECORD_OUTCOME) {
        et_check_str(ingest.records[0].sdk_name, "sentry.test");
    }

    return &ingest.records[0];
}


static et_slice_t
et_test_attribute(const et_event_t *record, const char *name)
{
    size_t  i;

    for (i = 0; i < record->nattributes; i++) {
        if (et_slice_eq(record->attributes[i].key, et_slice_str(name))) {
            return record->attributes[i].value;
        }
    }

    return et_slice_str("(none)");
}


static void
et_test_invalid(const char *type, const char *payload, const char *reason,
    const char *category)
{
    et_event_t  *record;

    record = et_test_one(type, payload, ET_RECORD_OUTCOME);
    et_check_str(record->type, "invalid");
    et_check_str(record->value, reason);
    et_check_str(record->message, category);
    et_check_int(record->n, 1);
}


int
main(void)
{
    char        *p;
    size_t       i, n;
    et_event_t  *record;
    static char  text[200 * 1024];

    et_check(et_ingest_init(&ingest));

    ET_TEST("a session's update has its id, its begin and what went wrong") {
        record = et_test_one("session",
            "{\"sid\":\"7c7b6585-f901-4351-bf8d-02711b721929\","
            "\"did\":\"user-1\",\"init\":true,"
            "\"started\":\"2023-11-14T22:00:00Z\","
            "\"timestamp\":\"2023-11-14T22:10:00.5Z\",\"duration\":600.5,"
            "\"status\":\"crashed\",\"errors\":2,\"seq\":3,"
            "\"attrs\":{\"release\":\"app@1\",\"environment\":\"prod\"}}",
            ET_RECORD_SESSION);
        et_check_int(record->n, 1);
        et_check_int(record->id[0], 0x7c);
        et_check(record->first_timestamp == 1699999200 * ET_SECOND);
        et_check(record->timestamp == 1699999800 * ET_SECOND + 500000);
        et_check_str(record->level, "crashed");
        et_check_str(record->release, "app@1");
        et_check_str(record->environment, "prod");
        et_check(record->user_hash != 0);
        et_check_str(et_test_attribute(record, "errored"), "1");
        et_check_str(et_test_attribute(record, "crashed"), "1");
        et_check_str(et_test_attribute(record, "abnormal"), "(none)");
        et_check_str(et_test_attribute(record, "duration"), "600.5");
        et_check_str(et_test_attribute(record, "aggregate"), "(none)");
    }

    ET_TEST("a later update counts no new session") {
        record = et_test_one("session",
            "{\"sid\":\"7c7b6585-f901-4351-bf8d-02711b721929\","
            "\"status\":\"exited\",\"attrs\":{\"release\":\"app@1\"}}",
            ET_RECORD_SESSION);
        et_check_int(record->n, 0);
        et_check_int(record->user_hash, 0);
        et_check_str(et_test_attribute(record, "errored"), "(none)");
        et_check(record->first_timestamp == ET_TEST_NOW);
    }

    ET_TEST("counts of sessions are records with ids of their own") {
        et_check_int(et_test_items("sessions",
            "{\"aggregates\":[{\"started\":\"2023-11-14T22:00:00Z\","
            "\"exited\":10,\"errored\":3,\"crashed\":2,\"abnormal\":1},"
            "{\"started\":\"2023-11-14T22:01:00Z\",\"did\":\"u\","
            "\"exited\":1},{\"started\":\"2023-11-14T22:02:00Z\"},null,7],"
            "\"attrs\":{\"release\":\"app@1\"}}", NULL, NULL), ET_OK);
        et_check_int(ingest.nrecords, 2);
        record = &ingest.records[0];
        et_check_int(record->n, 16);
        et_check_str(et_test_attribute(record, "aggregate"), "1");
        et_check_str(et_test_attribute(record, "errored"), "6");
        et_check_str(et_test_attribute(record, "crashed"), "2");
        et_check_str(et_test_attribute(record, "abnormal"), "1");
        et_check(memcmp(record->id, ingest.records[1].id, 16) != 0);
        et_check_int(ingest.records[1].n, 1);
        et_check(ingest.records[1].user_hash != 0);
    }

    ET_TEST("sessions without a release, id or known status are invalid") {
        et_test_invalid("session", "{\"sid\":\"7c7b6585f9014351bf8d02711b72"
                        "1929\",\"attrs\":{}}", "bad_item_payload",
                        "session");
        et_test_invalid("session", "{\"attrs\":{\"release\":\"1\"}}",
                        "bad_item_payload", "session");
        et_test_invalid("session", "{\"sid\":\"7c7b6585f9014351bf8d02711b72"
                        "1929\",\"status\":\"what\",\"attrs\":"
                        "{\"release\":\"1\"}}", "bad_item_payload",
                        "session");
        et_test_invalid("sessions", "{\"attrs\":{\"release\":\"1\"}}",
                        "bad_item_payload", "session");
        et_test_invalid("session", "{", "bad_json", "session");
        et_test_invalid("session", "[]", "bad_json", "session");
    }

    ET_TEST("a client report's entries are outcomes") {
        et_check_int(et_test_items("client_report",
            "{\"timestamp\":1699999990,\"discarded_events\":["
            "{\"reason\":\"queue_overflow\",\"category\":\"error\","
            "\"quantity\":23},"
            "{\"reason\":\"queue_overflow\",\"category\":\"error\","
            "\"quantity\":2},"
            "{\"reason\":\"before_send\",\"category\":\"log_item\","
            "\"quantity\":1},"
            "{\"reason\":\"x\",\"category\":\"session\",\"quantity\":-1},"
            "{\"reason\":\"x\",\"category\":\"session\"},null]}",
            NULL, NULL), ET_OK);
        et_check_int(ingest.nrecords, 2);
        record = &ingest.records[0];
        et_check_int(record->kind, ET_RECORD_OUTCOME);
        et_check_int(record->folded, 1);
        et_check_int(record->n, 25);
        et_check_str(record->type, "client_discard");
        et_check_str(record->value, "queue_overflow");
        et_check_str(record->message, "error");
        et_check(record->timestamp == 1699999990 * ET_SECOND);
        et_check_str(ingest.records[1].message, "log_item");
    }

    ET_TEST("feedback is an event with what the user says") {
        record = et_test_one("feedback",
            "{\"event_id\":\"9ec79c33ec9942ab8353589fcb2e04dc\","
            "\"platform\":\"javascript\",\"environment\":\"prod\","
            "\"tags\":{\"a\":\"b\"},\"contexts\":{\"feedback\":{"
            "\"message\":\"It broke\",\"contact_email\":\"a@b.example\","
            "\"name\":\"Ann\",\"url\":\"https://x.example/\","
            "\"associated_event_id\":\"AAAAAAAA-BBBB-cccc-dddd-eeeeeeeeeeee\""
            "}}}", ET_RECORD_FEEDBACK);
        et_check_int(record->id[0], 0x9e);
        et_check_str(record->message, "It broke");
        et_check_str(record->user_email, "a@b.example");
        et_check_str(record->user_name, "Ann");
        et_check_str(et_test_attribute(record, "associated_event_id"),
                     "aaaaaaaabbbbccccddddeeeeeeeeeeee");
        et_check_str(et_test_attribute(record, "url"), "https://x.example/");
        et_check_int(record->ntags, 1);
        et_check_int(ingest.has_id, 1);
    }

    ET_TEST("a user report is feedback about an event") {
        record = et_test_one("user_report",
            "{\"event_id\":\"9ec79c33ec9942ab8353589fcb2e04dc\","
            "\"name\":\"Ann\",\"email\":\"a@b.example\","
            "\"comments\":\"It broke\"}", ET_RECORD_FEEDBACK);
        et_check_str(record->message, "It broke");
        et_check_str(et_test_attribute(record, "associated_event_id"),
                     "9ec79c33ec9942ab8353589fcb2e04dc");
        et_check_str(et_test_attribute(record, "source"), "user_report");

        et_test_invalid("user_report", "{\"name\":\"Ann\"}",
                        "bad_item_payload", "feedback");
        et_test_invalid("feedback", "{\"contexts\":{}}", "bad_item_payload",
                        "feedback");
    }

    ET_TEST("a check-in has its monitor's slug and when the next is due") {
        record = et_test_one("check_in",
            "{\"check_in_id\":\"83a7c03ed0a04e1b97e2e3b18d38f244\","
            "\"monitor_slug\":\"Nightly Report!\","
            "\"status\":\"in_progress\",\"environment\":\"prod\","
            "\"monitor_config\":{\"schedule\":{\"type\":\"crontab\","
            "\"value\":\"0 3 * * *\"},\"checkin_margin\":5,"
            "\"max_runtime\":30,\"timezone\":\"UTC\"}}",
            ET_RECORD_CHECK_IN);
        et_check_int(record->id[0], 0x83);
        et_check_str(record->transaction, "nightly-report");
        et_check_str(record->level, "in_progress");
        et_check_str(et_test_attribute(record, "schedule"), "0 3 * * *");
        et_check_str(et_test_attribute(record, "margin"), "5");
        et_check_str(et_test_attribute(record, "max_runtime"), "30");

        /* 2023-11-15T03:00:00Z */
        et_check_str(et_test_attribute(record, "expected"), "1700017200");
    }

    ET_TEST("a check-in by interval, without id or environment") {
        record = et_test_one("check_in",
            "{\"check_in_id\":\"00000000000000000000000000000000\","
            "\"monitor_slug\":\"job\",\"status\":\"ok\",\"duration\":1.5,"
            "\"monitor_config\":{\"schedule\":{\"type\":\"interval\","
            "\"value\":2,\"unit\":\"hour\"}}}", ET_RECORD_CHECK_IN);
        et_check(memcmp(record->id, "\0\0\0\0\0\0\0\0", 8) != 0);
        et_check_str(record->environment, "production");
        et_check_str(et_test_attribute(record, "duration"), "1.5");
        et_check_str(et_test_attribute(record, "expected"), "1700007200");

        et_test_invalid("check_in", "{\"status\":\"ok\"}", "bad_item_payload",
                        "monitor");
        et_test_invalid("check_in", "{\"monitor_slug\":\"a\","
                        "\"status\":\"what\"}", "bad_item_payload",
                        "monitor");
    }

    ET_TEST("a log's entries are records with their attributes as text") {
        et_check_int(et_test_items("log",
            "{\"items\":[{\"timestamp\":1699999999.25,"
            "\"trace_id\":\"5B8EFFF798038103D269B633813FC60C\","
            "\"level\":\"warn\",\"body\":\"hello\",\"severity_number\":13,"
            "\"attributes\":{\"sentry.environment\":"
            "{\"value\":\"prod\",\"type\":\"string\"},"
            "\"sentry.release\":{\"value\":\"app@1\",\"type\":\"string\"},"
            "\"n\":{\"value\":7,\"type\":\"integer\"},"
            "\"f\":{\"value\":1.5,\"type\":\"double\"},"
            "\"b\":{\"value\":true,\"type\":\"boolean\"},"
            "\"nothing\":{\"value\":null}}},"
            "{\"body\":\"x\",\"severity_number\":17},"
            "{\"level\":\"info\"}]}", NULL, NULL), ET_OK);
        et_check_int(ingest.nrecords, 3);
        record = &ingest.records[0];
        et_check_int(record->kind, ET_RECORD_LOG);
        et_check(record->timestamp == 1699999999 * ET_SECOND + 250000);
        et_check_str(record->level, "warn");
        et_check_str(record->message, "hello");
        et_check_str(record->trace_id, "5b8efff798038103d269b633813fc60c");
        et_check_str(record->environment, "prod");
        et_check_str(record->release, "app@1");
        et_check_int(record->nattributes, 3);
        et_check_str(et_test_attribute(record, "n"), "7");
        et_check_str(et_test_attribute(record, "f"), "1.5");
        et_check_str(et_test_attribute(record, "b"), "true");
        et_check_str(ingest.records[1].level, "error");
        et_check_int(ingest.records[2].kind, ET_RECORD_OUTCOME);
        et_check_str(ingest.records[2].message, "log_item");
    }

    ET_TEST("where the sender's clock is wrong, times of sessions and logs are "
            "shifted as events' are")
    {
        et_test_sent_at = "\"2023-11-14T20:13:20Z\"";

        record = et_test_one("session",
            "{\"sid\":\"9ec79c33ec9942ab8353589fcb2e04dc\",\"status\":"
            "\"ok\",\"started\":\"2023-11-14T20:12:20Z\",\"timestamp\":"
            "\"2023-11-14T20:13:19Z\",\"attrs\":{\"release\":\"a\"}}",
            ET_RECORD_SESSION);
        et_check_int(record->timestamp, ET_TEST_NOW - ET_SECOND);
        et_check_int(record->first_timestamp, ET_TEST_NOW - 60 * ET_SECOND);

        record = et_test_one("sessions",
            "{\"aggregates\":[{\"exited\":1,\"started\":"
            "\"2023-11-14T20:12:20Z\"}],\"attrs\":{\"release\":\"a\"}}",
            ET_RECORD_SESSION);
        et_check_int(record->first_timestamp, ET_TEST_NOW - 60 * ET_SECOND);

        record = et_test_one("log", "{\"items\":[{\"body\":\"x\","
                             "\"timestamp\":1699992799.5}]}", ET_RECORD_LOG);
        et_check_int(record->timestamp, ET_TEST_NOW - ET_SECOND / 2);

        /* and the next envelope is of another */

        et_test_sent_at = "null";

        record = et_test_one("log", "{\"items\":[{\"body\":\"x\","
                             "\"timestamp\":1699992799.5}]}", ET_RECORD_LOG);
        et_check_int(record->timestamp, ET_TEST_NOW - 7200 * ET_SECOND
                                        - ET_SECOND / 2);
    }

    ET_TEST("a log's attributes are bounded") {
        p = text;
        p += sprintf(p, "{\"items\":[{\"body\":\"b\",\"attributes\":{");

        for (i = 0; i < 400; i++) {
            p += sprintf(p, "%s\"k%zu\":\"", i == 0 ? "" : ",", i);
            memset(p, 'v', 300);
            p += 300;
            p += sprintf(p, "\"");
        }

        sprintf(p, "}}]}");

        record = et_test_one("log", text, ET_RECORD_LOG);
        et_check(record->nattributes <= 128);

        for (i = 0, n = 0; i < record->nattributes; i++) {
            n += record->attributes[i].value.len;
        }

        et_check(n <= 64 * 1024);
    }

    ET_TEST("an attachment is a record with its name and bytes") {
        record = et_test_one("attachment\",\"filename\":\"a.txt\","
                             "\"content_type\":\"text/plain\","
                             "\"x\":\"y", "\x01\x02\xff",
                             ET_RECORD_ATTACHMENT);
        et_check_int(record->id[0], 0x9e);
        et_check_int(record->n, 1);
        et_check_str(record->payload, "\x01\x02\xff");
        et_check_str(et_test_attribute(record, "filename"), "a.txt");
        et_check_str(et_test_attribute(record, "content_type"), "text/plain");
        et_check_str(et_test_attribute(record, "attachment_type"),
                     "event.attachment");
        et_check_str(et_test_attribute(record, "size"), "3");
        et_check_str(et_test_attribute(record, "chunks"), "1");
    }

    ET_TEST("a large attachment is cut into chunks, which are all of it") {
        memset(text, 'a', sizeof(text));
        text[180 * 1024] = '\0';
        text[64 * 1024] = 'b';

        et_test_max_event = 64 * 1024;
        et_check_int(et_test_items("attachment", text, NULL, NULL), ET_OK);
        et_test_max_event = sizeof(body);

        et_check_int(ingest.nrecords, 3);
        et_check_int(ingest.records[0].n, 1);
        et_check_int(ingest.records[1].n, 0);
        et_check_int(ingest.records[0].payload.len, 64 * 1024);
        et_check_int(ingest.records[1].payload.data[0], 'b');
        et_check_int(ingest.records[2].payload.len, 52 * 1024);
        et_check_str(et_test_attribute(&ingest.records[2], "chunk"), "2");
        et_check(et_slice_eq(et_test_attribute(&ingest.records[0],
                                               "attachment_id"),
                             et_test_attribute(&ingest.records[2],
                                               "attachment_id")));
    }

    ET_TEST("two files of one name are two, and too large ones an outcome") {
        et_check_int(et_test_items("attachment", "abc", "attachment", "abc"),
                     ET_OK);
        et_check_int(ingest.nrecords, 2);
        et_check(!et_slice_eq(et_test_attribute(&ingest.records[0],
                                                "attachment_id"),
                              et_test_attribute(&ingest.records[1],
                                                "attachment_id")));

        text[0] = 'a';
        memset(text, 'a', 191 * 1024);
        text[191 * 1024] = '\0';
        et_test_invalid("attachment", text, "attachment_too_large",
                        "attachment");
    }

    ET_TEST("a damaged item leaves the envelope's event as it is") {
        et_check_int(et_test_items("session", "{\"sid\":", "event",
                                   "{\"message\":\"m\"}"), ET_OK);
        et_check_int(ingest.nevents, 1);
        et_check_int(ingest.noutcomes, 1);
        et_check_int(ingest.nrecords, 2);
        et_check_str(ingest.records[1].message, "m");
    }

    ET_TEST("more records than a request may have are outcomes") {
        p = text;
        p += sprintf(p, "{\"items\":[");

        for (i = 0; i < 2000; i++) {
            p += sprintf(p, "%s{\"body\":\"b\"}", i == 0 ? "" : ",");
        }

        sprintf(p, "]}");

        et_check_int(et_test_items("log", text, NULL, NULL), ET_OK);
        et_check_int(ingest.nrecords, ET_MAX_RECORDS - ET_MAX_OUTCOMES + 1);
        record = &ingest.records[ingest.nrecords - 1];
        et_check_int(record->kind, ET_RECORD_OUTCOME);
        et_check_str(record->value, "too_many_records");
    }

    et_ingest_destroy(&ingest);

    return et_test_done();
}
