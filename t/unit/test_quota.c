/*
 * Quotas and limits of items: what is admitted, what the client is told, what
 * becomes an outcome.
 */

#include "et_ingest.h"
#include "et_test.h"


#define SLOTS   64
#define SECOND  ET_LIMIT_SECOND
#define EVENT   "{\"type\":\"event\"}\n{\"message\":\"m\"}\n"
#define ID      "{\"event_id\":\"0123456789abcdef0123456789abcdef\"}\n"
#define REPORT  "{\"type\":\"client_report\"}\n{\"discarded_events\":"          \
                "[{\"reason\":\"r\",\"category\":\"error\",\"quantity\":1}]}\n"
#define FILE_   "{\"type\":\"attachment\",\"filename\":\"f\"}\ntext\n"
#define SESSION "{\"type\":\"session\"}\n{\"sid\":"                             \
                "\"0123456789abcdef0123456789abcdef\",\"status\":\"ok\","       \
                "\"started\":\"2023-11-14T22:13:20Z\","                         \
                "\"attrs\":{\"release\":\"1\"}}\n"
#define LOGS    "{\"type\":\"log\"}\n{\"items\":[{\"body\":\"1\"},"             \
                "{\"body\":\"2\"},{\"body\":\"3\"}]}\n"
#define SPAN    "{\"type\":\"transaction\"}\n{}\n"


static et_limit_slot_t   table[SLOTS];
static et_quota_rules_t  rules;
static et_quota_t        quota;
static et_ingest_t       ingest;
static et_request_t      request;
static char              body[1024 * 1024];
static char              header[ET_QUOTA_HEADER];


/* A rule more; categories as in the directive, NULL: all. */

static void
rule(et_quota_scope_t scope, const char *rate, uint64_t burst,
    const char *categories)
{
    et_quota_rule_t  *r;

    r = &rules.rules[rules.n++];
    memset(r, 0, sizeof(et_quota_rule_t));

    r->scope = scope;
    et_check(et_limit_parse(et_slice_str(rate), &r->limit));
    r->limit.burst = burst;

    if (categories != NULL) {
        et_check(et_quota_parse_categories(et_slice_str(categories),
                                           &r->categories));
    }
}


static void
reset(void)
{
    memset(table, 0, sizeof(table));
    memset(&rules, 0, sizeof(rules));
    memset(&quota, 0, sizeof(quota));
    memset(&request, 0, sizeof(request));

    quota.rules = &rules;
    quota.table = table;
    quota.slots = SLOTS;
    quota.now = 5 * SECOND;

    request.endpoint = ET_ENDPOINT_ENVELOPE;
    request.project = 1;
    request.auth.key = et_slice_str("k");
    request.received = 1700000000 * ET_SECOND;
    request.quota = &quota;
    et_limits_default(&request.limits);
}


static et_reason_t
take_body(size_t len)
{
    et_slice_t   key;
    et_reason_t  reason;

    request.body = body;
    request.len = len;
    et_quota_open(&quota, request.project, request.auth.key);

    reason = et_ingest_open(&ingest, &request, &key);

    return reason == ET_OK ? et_ingest_read(&ingest, &request) : reason;
}


static et_reason_t
take(const char *text)
{
    memcpy(body, text, strlen(text));

    return take_body(strlen(text));
}


static et_slice_t
told(void)
{
    return et_slice(header, et_quota_header(&quota, ingest.admission.not_taken,
                                            header));
}


/* How many of the outcome there are. */

static uint64_t
outcome(const char *name, const char *reason, const char *category)
{
    size_t       i;
    uint64_t     n;
    et_event_t  *record;

    for (i = 0, n = 0; i < ingest.nrecords; i++) {
        record = &ingest.records[i];

        if (record->kind == ET_RECORD_OUTCOME
            && et_slice_eq(record->type, et_slice_str(name))
            && et_slice_eq(record->value, et_slice_str(reason))
            && et_slice_eq(record->message, et_slice_str(category)))
        {
            n += record->n;
        }
    }

    return n;
}


static void
test_quota(void)
{
    ET_TEST("a project's events beyond its quota are refused, another's not") {
        reset();
        rule(ET_QUOTA_PROJECT, "60r/m", 2, NULL);

        et_check_int(take(ID EVENT), ET_OK);
        et_check_int(take(ID EVENT), ET_OK);
        et_check_int(told().len, 0);
        et_check_int(take(ID EVENT), ET_RATE_LIMITED);
        et_check_str(told(), "1::project:project_quota");
        et_check_int(et_quota_retry_after(&quota), 1);
        et_check_int(outcome("rate_limited", "project_quota", "error"), 1);
        et_check_int(ingest.nrecords, 1);

        request.auth.key = et_slice_str("other");
        et_check_int(take(ID EVENT), ET_RATE_LIMITED);

        request.project = 2;
        et_check_int(take(ID EVENT), ET_OK);

        request.project = 1;
        quota.now += SECOND;
        et_check_int(take(ID EVENT), ET_OK);
        et_check_int(take(ID EVENT), ET_RATE_LIMITED);
    }

    ET_TEST("a key has a quota of its own, in all its projects together") {
        reset();
        rule(ET_QUOTA_KEY, "1r/m", 1, NULL);

        et_check_int(take(ID EVENT), ET_OK);
        request.project = 2;
        et_check_int(take(ID EVENT), ET_RATE_LIMITED);
        et_check_str(told(), "60::key:key_quota");

        request.auth.key = et_slice_str("other");
        et_check_int(take(ID EVENT), ET_OK);
    }

    ET_TEST("what one rule refuses takes nothing from another") {
        reset();
        rule(ET_QUOTA_PROJECT, "1r/m", 2, NULL);
        rule(ET_QUOTA_KEY, "1r/h", 1, NULL);

        et_check_int(take(ID EVENT), ET_OK);
        et_check_int(take(ID EVENT), ET_RATE_LIMITED);
        et_check_int(take(ID EVENT), ET_RATE_LIMITED);
        et_check_str(told(), "3600::key:key_quota");

        request.auth.key = et_slice_str("other");
        et_check_int(take(ID EVENT), ET_OK);
    }

    ET_TEST("items over the quota of their category leave the others") {
        reset();
        rule(ET_QUOTA_PROJECT, "1r/m", 1, "error");
        rule(ET_QUOTA_PROJECT, "2r/m", 1, "session|monitor");

        et_check_int(take(ID EVENT SESSION), ET_OK);
        et_check_int(ingest.nevents, 1);
        et_check_int(ingest.taken[ET_ITEM_SESSION], 1);
        et_check_int(told().len, 0);

        quota.now += 30 * SECOND;
        et_check_int(take(ID EVENT SESSION), ET_OK);
        et_check_int(ingest.nevents, 0);
        et_check_int(ingest.taken[ET_ITEM_SESSION], 1);
        et_check_str(told(), "30:error:project:project_quota");
        et_check_int(outcome("rate_limited", "project_quota", "error"), 1);

        et_check_int(take(ID EVENT SESSION), ET_RATE_LIMITED);
        et_check_str(told(), "30:error:project:project_quota, "
                             "30:monitor;session:project:project_quota");
        et_check_int(et_quota_retry_after(&quota), 30);
    }

    ET_TEST("client reports are never limited, and keep an envelope") {
        reset();
        rule(ET_QUOTA_PROJECT, "1r/m", 1, NULL);
        rule(ET_QUOTA_PROJECT, "1r/m", 1, "default");

        et_check_int(take(ID EVENT), ET_OK);
        et_check_int(take("{}\n" REPORT REPORT), ET_OK);
        et_check_int(ingest.taken[ET_ITEM_CLIENT_REPORT], 2);
        et_check_int(told().len, 0);
        et_check_int(take(ID EVENT REPORT), ET_OK);
        et_check_str(told(), "60::project:project_quota");
        et_check_int(outcome("client_discard", "r", "error"), 1);
    }

    ET_TEST("an attachment goes with its event, and counts where it is named")
    {
        reset();
        rule(ET_QUOTA_PROJECT, "1r/m", 1, NULL);

        et_check_int(take(ID EVENT FILE_ FILE_), ET_OK);
        et_check_int(ingest.taken[ET_ITEM_ATTACHMENT], 2);
        et_check_int(take(ID EVENT FILE_), ET_RATE_LIMITED);
        et_check_int(outcome("rate_limited", "event_limited", "attachment"),
                     1);

        reset();
        rule(ET_QUOTA_PROJECT, "1r/m", 1, "attachment");

        et_check_int(take(ID EVENT FILE_ FILE_), ET_OK);
        et_check_int(ingest.nevents, 1);
        et_check_int(ingest.taken[ET_ITEM_ATTACHMENT], 1);
        et_check_str(told(), "60:attachment:project:project_quota");
    }

    ET_TEST("log entries count each, and are kept together or not at all") {
        reset();
        rule(ET_QUOTA_PROJECT, "60r/m", 5, "log_item");

        et_check_int(take("{}\n" LOGS), ET_OK);
        et_check_int(ingest.nrecords, 3);
        et_check_int(take("{}\n" LOGS), ET_RATE_LIMITED);
        et_check_int(outcome("rate_limited", "project_quota", "log_item"), 3);
        et_check_int(ingest.taken[ET_ITEM_LOG], 0);
        et_check_str(told(), "1:log_item:project:project_quota");
        quota.now += SECOND;
        et_check_int(take("{}\n" LOGS), ET_OK);
    }

    ET_TEST("the store endpoint is limited, too") {
        reset();
        rule(ET_QUOTA_PROJECT, "1r/m", 1, NULL);
        request.endpoint = ET_ENDPOINT_STORE;

        et_check_int(take("{}"), ET_OK);
        et_check_int(take("{}"), ET_RATE_LIMITED);
    }

    ET_TEST("the keys file's limit stands in place of those without category")
    {
        et_limit_t  own;

        reset();
        rule(ET_QUOTA_PROJECT, "1r/m", 1, NULL);
        rule(ET_QUOTA_PROJECT, "1r/h", 3, "error");
        et_check(et_limit_parse(et_slice_str("2r/m"), &own));
        quota.own[ET_QUOTA_PROJECT] = &own;

        et_check_int(take(ID EVENT), ET_OK);
        et_check_int(take(ID EVENT), ET_OK);
        et_check_int(take(ID EVENT), ET_RATE_LIMITED);
        et_check_str(told(), "30::project:project_quota");

        et_check(et_limit_parse(et_slice_str("off"), &own));
        et_check_int(take(ID EVENT), ET_OK);
        et_check_int(take(ID EVENT), ET_RATE_LIMITED);
        et_check_str(told(), "3600:error:project:project_quota");
    }

    ET_TEST("that all is over is known before the body is read") {
        reset();
        rule(ET_QUOTA_PROJECT, "1r/m", 1, NULL);
        rule(ET_QUOTA_PROJECT, "1r/m", 1, "session");

        et_quota_open(&quota, 1, et_slice_str("k"));
        et_check(!et_quota_exceeded(&quota));
        et_check_int(take(ID EVENT SESSION), ET_OK);
        et_quota_open(&quota, 1, et_slice_str("k"));
        et_check(et_quota_exceeded(&quota));
        et_check_int(et_quota_retry_after(&quota), 60);
    }

    ET_TEST("a category is one of those that clients know") {
        uint32_t  categories;

        et_check(!et_quota_parse_categories(et_slice_str(""), &categories));
        et_check(!et_quota_parse_categories(et_slice_str("error|"),
                                            &categories));
        et_check(!et_quota_parse_categories(et_slice_str("unknown"),
                                            &categories));
        et_check(et_quota_parse_categories(et_slice_str("error|error"),
                                           &categories));
        et_check_int(categories, 1u << ET_CATEGORY_ERROR);
    }
}


static void
test_not_taken(void)
{
    unsigned  i;

    ET_TEST("items that are not taken are skipped, and the client is told") {
        reset();
        request.not_taken = 1u << ET_CATEGORY_TRANSACTION
                            | 1u << ET_CATEGORY_PROFILE
                            | 1u << ET_CATEGORY_REPLAY;

        et_check_int(take(ID SPAN EVENT SPAN), ET_OK);
        et_check_int(ingest.nevents, 1);
        et_check_int(ingest.skipped[ET_ITEM_TRANSACTION], 2);
        et_check_int(outcome("filtered", "not_taken", "transaction"), 2);
        et_check_str(told(), "3600:transaction:organization:not_taken");

        et_check_int(take("{}\n{\"type\":\"replay_event\"}\n{}\n"
                          "{\"type\":\"replay_recording\"}\n{}\n"
                          "{\"type\":\"profile\"}\n{}\n"
                          "{\"type\":\"profile_chunk\"}\n{}\n"), ET_OK);
        et_check_str(told(), "3600:profile;profile_chunk;profile_chunk_ui;"
                             "replay:organization:not_taken");
    }

    ET_TEST("a header of everything there can be fits") {
        reset();

        while (rules.n < ET_QUOTA_RULES) {
            rule(ET_QUOTA_PROJECT, "1r/h", 1, "error");
            rules.rules[rules.n - 1].categories = UINT32_MAX;
        }

        quota.own[ET_QUOTA_PROJECT] = &rules.rules[0].limit;
        quota.own[ET_QUOTA_KEY] = &rules.rules[0].limit;

        for (i = 0; i < ET_QUOTA_RULES + ET_QUOTA_SCOPES; i++) {
            quota.wait[i] = UINT32_MAX;
        }

        ingest.admission.not_taken = (1u << ET_ITEM_TYPE_COUNT) - 1;
        et_check(told().len > 1000 && told().len < ET_QUOTA_HEADER);
    }
}


/* An item of the type, of so many bytes, so many times. */

static et_reason_t
items(const char *type, size_t len, size_t n)
{
    size_t  i, size;

    size = sprintf(body, "{}\n");

    for (i = 0; i < n; i++) {
        size += sprintf(body + size, "{\"type\":\"%s\",\"length\":%zu}\n",
                        type, len);
        memset(body + size, ' ', len);
        size += len;
        body[size++] = '\n';
    }

    return take_body(size);
}


static void
test_limits(void)
{
    size_t  i;

    static const struct {
        const char  *type;
        size_t       offset;
    } sizes[] = {
        { "check_in", offsetof(et_limits_t, max_check_in) },
        { "client_report", offsetof(et_limits_t, max_client_report) },
        { "session", offsetof(et_limits_t, max_session) },
        { "sessions", offsetof(et_limits_t, max_session) },
        { "log", offsetof(et_limits_t, max_log_container) },
    }, counts[] = {
        { "transaction", offsetof(et_limits_t, max_items) },
        { "attachment", offsetof(et_limits_t, max_files) },
        { "client_report", offsetof(et_limits_t, max_client_reports) },
        { "session", offsetof(et_limits_t, max_sessions) },
        { "sessions", offsetof(et_limits_t, max_sessions) },
    };

    ET_TEST("an item of its type's limit is read, one of a byte more is 413") {
        for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            reset();
            *(size_t *) ((char *) &request.limits + sizes[i].offset) = 100;
            et_check_int(items(sizes[i].type, 100, 1), ET_OK);
            et_check_int(items(sizes[i].type, 101, 1), ET_ITEM_TOO_LARGE);
        }
    }

    ET_TEST("as many items as the limit are read, one more is 413") {
        for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
            reset();
            *(size_t *) ((char *) &request.limits + counts[i].offset) = 5;
            et_check_int(items(counts[i].type, 3, 5), ET_OK);
            et_check_int(items(counts[i].type, 3, 6), ET_TOO_MANY_ITEMS);
        }
    }
}


int
main(void)
{
    et_check(et_ingest_init(&ingest));

    test_quota();
    test_not_taken();
    test_limits();

    et_ingest_destroy(&ingest);

    return et_test_done();
}
