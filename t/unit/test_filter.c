/*
 * Inbound filters: what each catches and what it lets pass, globs and
 * networks, and what becomes of a filtered event.
 */

#include "et_ingest.h"
#include "et_test.h"


#define ET_TEST_NAMED(kind)  (1u << (kind))


static et_ingest_t   ingest;
static et_filter_t   filter;
static et_request_t  request;
static char          et_test_body[65536];


static et_filter_kind_t
et_test_event(const char *json)
{
    et_slice_t  key;

    memset(&request, 0, sizeof(request));

    request.len = snprintf(et_test_body, sizeof(et_test_body), "%s", json);
    request.endpoint = ET_ENDPOINT_STORE;
    request.project = 1;
    request.auth.key = et_slice_str("a");
    request.body = et_test_body;
    request.client_ip = et_slice_str("192.0.2.17");
    request.received = 1700000000 * ET_SECOND;
    et_limits_default(&request.limits);
    request.limits.max_inflated = sizeof(et_test_body);
    request.limits.max_event = sizeof(et_test_body);
    request.filter = &filter;

    et_check_int(et_ingest_open(&ingest, &request, &key), ET_OK);
    et_check_int(et_ingest_read(&ingest, &request), ET_OK);
    et_check_int(ingest.has_id, 1);

    return ingest.filter;
}


static et_filter_kind_t
et_test_agent(const char *agent)
{
    char  json[1024];

    (void) snprintf(json, sizeof(json), "{\"request\":{\"headers\":"
                    "{\"User-Agent\":\"%s\"}}}", agent);

    return et_test_event(json);
}


static int
et_test_cidr(const char *network, const char *address)
{
    et_cidr_t  cidr;

    et_check(et_cidr_parse(et_slice_str(network), &cidr));

    memset(&filter, 0, sizeof(filter));
    filter.cidrs = &cidr;
    filter.ncidrs = 1;

    {
        et_event_t  event;

        memset(&event, 0, sizeof(event));

        return et_filter(&filter, &event, et_slice_str(address))
               == ET_FILTER_IP;
    }
}


static int
et_test_glob(const char *glob, const char *text)
{
    return et_glob_match(et_slice_str(glob), et_slice_str(text));
}


int
main(void)
{
    size_t      i;
    char       *p;
    et_cidr_t   cidr;
    et_slice_t  glob;

    static const char *const  extensions[] = {
        "{\"exception\":[{\"value\":\"what does conduitPage even do\"}]}",
        "{\"exception\":[{\"value\":\"Can't find variable: ZiteReader!\"}]}",
        "{\"exception\":[{\"value\":\"EXTENSION context invalidated\"},"
        "{\"value\":\"x\"}]}",
        "{\"exception\":{\"values\":[{\"stacktrace\":{\"frames\":["
        "{\"abs_path\":\"chrome-extension://a/b.js\"},"
        "{\"abs_path\":\"<anonymous>\"},{\"abs_path\":\"[native code]\"}]"
        "}}]}}",
        "{\"exception\":{\"values\":[{\"stacktrace\":{\"frames\":["
        "{\"abs_path\":\"https://a.kaspersky-labs.com/x.js\"}]}}]}}",
    };

    static const char *const  not_extensions[] = {
        "{\"message\":\"conduitPage\"}",
        "{\"exception\":[{\"value\":\"x\"},{\"value\":\"conduitPage\"}]}",
        "{\"exception\":{\"values\":[{\"stacktrace\":{\"frames\":["
        "{\"abs_path\":\"chrome-extension://a/b.js\"},"
        "{\"abs_path\":\"https://a/chrome://\"}]}}]}}",
        "{\"exception\":{\"values\":[{\"stacktrace\":{\"frames\":[]}}]}}",
        ("{\"exception\":{\"values\":[{\"stacktrace\":{\"frames\":["
         "{\"abs_path\":\"chrome://a\"},{\"filename\":\"x\"}]}}]}}"),
    };

    static const char *const  locals[] = {
        "{\"user\":{\"ip_address\":\"127.0.0.1\"}}",
        "{\"user\":{\"ip_address\":\"::1\"}}",
        "{\"request\":{\"url\":\"http://localhost:8080/a\"}}",
        "{\"request\":{\"url\":\"https://u@a.b.localhost/\"}}",
        "{\"request\":{\"url\":\"http://127.0.0.1\"}}",
        "{\"request\":{\"url\":\"http://[::1]:3000/\"}}",
        "{\"request\":{\"url\":\"file:///home/a.html\"}}",
        "{\"request\":{\"headers\":[[\"Host\",\"localhost:3000\"]]}}",
        "{\"request\":{\"headers\":{\"X-Forwarded-For\":[\"127.0.0.1\"]}}}",
    };

    static const char *const  not_locals[] = {
        "{}",
        "{\"user\":{\"ip_address\":\"10.0.0.1\"}}",
        "{\"request\":{\"url\":\"http://localhost.com/\"}}",
        "{\"request\":{\"url\":\"http://foolocalhost/localhost\"}}",
        ("{\"request\":{\"url\":\"http://a/\",\"headers\":"
         "{\"Host\":\"localhost\"}}}"),
        "{\"request\":{\"headers\":{\"Host\":\"localhost.example\"}}}",
        "{\"request\":{\"headers\":\"Host\",\"url\":7}}",
        "{\"request\":{\"headers\":[[],[\"Host\"],7]}}",
    };

    static const char *const  crawlers[] = {
        "Googlebot", "Mozilla/5.0 (compatible; bingbot/2.1)",
        "Twitterbot/1.0", "a bots;", "spider)", "Slack-ImgProxy 0.19",
        "Mozilla/5.0 (compatible; HubSpot Crawler; x)",
    };

    static const char *const  not_crawlers[] = {
        "", "safari", "Slackbot 1.0(+https://api.slack.com/robots)",
        "robotics", "botany bot",
        ("Mozilla/5.0 (Windows NT 6.1) AppleWebKit/537.36 (KHTML, like Gecko) "
         "Chrome/41.0.2228.0 Safari/537.36"),
    };

    static const char *const  legacies[] = {
        "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.0; Trident/4.0)",
        "Mozilla/5.0 (Windows NT 6.3; Trident/7.0; rv:11.0) like Gecko",
        "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/64.0.2311.135 Safari/537.36 Edge/18.10136",
        "Opera/9.80 (J2ME/MIDP; Opera Mini/7.0.32796/59.323; U; fr) "
        "Presto/2.12.423 Version/12.16",
        "Opera/9.80 (X11; Linux i686) Presto/2.12.388 Version/12.16",
        "Mozilla/5.0 (Windows NT 6.1) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/28.0 Safari/537.36 OPR/15.0.1147.61",
        "Mozilla/5.0 (Linux; U; Android 3.2; nl-nl; GT-P6800 Build/HTJ85B) "
        "AppleWebKit/534.13 (KHTML, like Gecko) Version/4.0 Safari/534.13",
        "Mozilla/5.0 (Macintosh; U; Intel Mac OS X 1063; tr-DE) "
        "AppleWebKit/533.16 (KHTML like Gecko) Version/5.0 Safari/533.16",
        "Mozilla/5.0 (X11; Linux) Gecko/20100101 Firefox/52.0",
    };

    static const char *const  not_legacies[] = {
        "", "curl/7.88", "Version/5.0", "Mozilla/5.0 Firefox/",
        "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/120.0.0.0 Safari/537.36 Edg/120.0",
        "Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Version/17.0 Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 CriOS/56.0 Safari/602.1",
        "Mozilla/5.0 (X11; Linux) Gecko/20100101 Firefox/128.0",
        "Mozilla/5.0 (Linux; Android 13) AppleWebKit/537.36 Chrome/119.0 "
        "Mobile Safari/537.36",
        "Mozilla/5.0 (Windows NT 10.0) Chrome/115.0 Safari/537.36 OPR/100.0",
    };

    et_check(et_ingest_init(&ingest));

    ET_TEST("nothing is filtered that was not asked for") {
        memset(&filter, 0, sizeof(filter));
        et_check_int(et_test_event(extensions[0]), ET_FILTER_COUNT);
        et_check_int(et_test_event(locals[0]), ET_FILTER_COUNT);
        et_check_int(et_test_agent(crawlers[0]), ET_FILTER_COUNT);
        et_check_int(et_test_agent(legacies[0]), ET_FILTER_COUNT);
        et_check_int(ingest.nevents, 1);
    }

    ET_TEST("browser extensions, by their errors and their scripts") {
        filter.named = ET_TEST_NAMED(ET_FILTER_BROWSER_EXTENSIONS);

        for (i = 0; i < sizeof(extensions) / sizeof(char *); i++) {
            et_check_int(et_test_event(extensions[i]),
                         ET_FILTER_BROWSER_EXTENSIONS);
        }

        for (i = 0; i < sizeof(not_extensions) / sizeof(char *); i++) {
            et_check_int(et_test_event(not_extensions[i]), ET_FILTER_COUNT);
        }
    }

    ET_TEST("what is local, by address, page and host") {
        filter.named = ET_TEST_NAMED(ET_FILTER_LOCALHOST);

        for (i = 0; i < sizeof(locals) / sizeof(char *); i++) {
            et_check_int(et_test_event(locals[i]), ET_FILTER_LOCALHOST);
        }

        for (i = 0; i < sizeof(not_locals) / sizeof(char *); i++) {
            et_check_int(et_test_event(not_locals[i]), ET_FILTER_COUNT);
        }
    }

    ET_TEST("crawlers, by their names") {
        filter.named = ET_TEST_NAMED(ET_FILTER_CRAWLERS);

        for (i = 0; i < sizeof(crawlers) / sizeof(char *); i++) {
            et_check_int(et_test_agent(crawlers[i]), ET_FILTER_CRAWLERS);
        }

        for (i = 0; i < sizeof(not_crawlers) / sizeof(char *); i++) {
            et_check_int(et_test_agent(not_crawlers[i]), ET_FILTER_COUNT);
        }
    }

    ET_TEST("legacy browsers, by their versions") {
        filter.named = ET_TEST_NAMED(ET_FILTER_LEGACY_BROWSERS);

        for (i = 0; i < sizeof(legacies) / sizeof(char *); i++) {
            et_check_int(et_test_agent(legacies[i]),
                         ET_FILTER_LEGACY_BROWSERS);
        }

        for (i = 0; i < sizeof(not_legacies) / sizeof(char *); i++) {
            et_check_int(et_test_agent(not_legacies[i]), ET_FILTER_COUNT);
        }
    }

    ET_TEST("messages and exceptions by glob") {
        memset(&filter, 0, sizeof(filter));
        glob = et_slice_str("typeerror: *of undefined");
        filter.messages = &glob;
        filter.nmessages = 1;

        et_check_int(et_test_event("{\"exception\":[{\"type\":\"E\"},"
                     "{\"type\":\"TypeError\",\"value\":\"x of undefined\"}]}"),
                     ET_FILTER_MESSAGE);
        et_check_int(et_test_event("{\"message\":"
                                   "\"TypeError: a of undefined\"}"),
                     ET_FILTER_MESSAGE);
        et_check_int(et_test_event("{\"message\":"
                                   "\"TypeError: a of undefined!\"}"),
                     ET_FILTER_COUNT);
        et_check_int(et_test_event("{}"), ET_FILTER_COUNT);

        glob = et_slice_str("E*");
        et_check_int(et_test_event("{\"exception\":[{\"type\":\"Err\"}]}"),
                     ET_FILTER_MESSAGE);
        et_check_int(et_test_event("{\"exception\":[{\"value\":\"err\"}]}"),
                     ET_FILTER_MESSAGE);
    }

    ET_TEST("releases by glob") {
        memset(&filter, 0, sizeof(filter));
        glob = et_slice_str("app@1.*");
        filter.releases = &glob;
        filter.nreleases = 1;

        et_check_int(et_test_event("{\"release\":\"App@1.2\"}"),
                     ET_FILTER_RELEASE);
        et_check_int(et_test_event("{\"release\":\"app@2.1.\"}"),
                     ET_FILTER_COUNT);
        et_check_int(et_test_event("{}"), ET_FILTER_COUNT);
    }

    ET_TEST("globs are matched as a whole, in any case") {
        et_check(et_test_glob("", ""));
        et_check(!et_test_glob("", "a"));
        et_check(et_test_glob("*", ""));
        et_check(et_test_glob("a*b*C", "AxxByyc"));
        et_check(!et_test_glob("a*b*c", "axxbyy"));
        et_check(et_test_glob("*ab", "aaab"));
        et_check(et_test_glob("a?c", "a\xc3\xa4""c"));
        et_check(!et_test_glob("a?c", "ac"));
        et_check(et_test_glob("**a**", "bab"));
        et_check(!et_test_glob("a.c", "abc"));
    }

    ET_TEST("addresses and networks") {
        et_check(et_test_cidr("192.0.2.17", "192.0.2.17"));
        et_check(!et_test_cidr("192.0.2.17", "192.0.2.18"));
        et_check(et_test_cidr("192.0.2.16/30", "192.0.2.19"));
        et_check(!et_test_cidr("192.0.2.16/30", "192.0.2.20"));
        et_check(et_test_cidr("0.0.0.0/0", "255.0.0.1"));
        et_check(!et_test_cidr("0.0.0.0/0", "::1"));
        et_check(et_test_cidr("2001:db8::/33", "2001:db8:7fff::1"));
        et_check(!et_test_cidr("2001:db8::/33", "2001:db8:8000::1"));
        et_check(et_test_cidr("::/0", "::1"));
        et_check(!et_test_cidr("::/0", "unix:"));

        et_check(!et_cidr_parse(et_slice_str(""), &cidr));
        et_check(!et_cidr_parse(et_slice_str("a"), &cidr));
        et_check(!et_cidr_parse(et_slice_str("10.0.0.0/33"), &cidr));
        et_check(!et_cidr_parse(et_slice_str("::/129"), &cidr));
        et_check(!et_cidr_parse(et_slice_str("10.0.0.0/"), &cidr));
        et_check(!et_cidr_parse(et_slice_str("10.0.0.0/8x"), &cidr));
        et_check(!et_cidr_parse(et_slice_str("10.0.0/8"), &cidr));
    }

    ET_TEST("a filtered event is an outcome, under the id that was sent") {
        memset(&filter, 0, sizeof(filter));
        et_check(et_cidr_parse(et_slice_str("192.0.2.0/24"), &cidr));
        filter.cidrs = &cidr;
        filter.ncidrs = 1;

        et_check_int(et_test_event("{\"event_id\":"
                     "\"0123456789abcdef0123456789abcdef\"}"), ET_FILTER_IP);
        et_check_int(ingest.nevents, 0);
        et_check_int(ingest.nrecords, 1);
        et_check_int(ingest.records[0].kind, ET_RECORD_OUTCOME);
        et_check_int(ingest.filtered[ET_FILTER_IP], 1);
        et_check(memcmp(ingest.id, "\x01\x23\x45\x67\x89\xab\xcd\xef", 8)
                 == 0);
    }

    ET_TEST("its attachments go with it") {
        p = et_test_body + sprintf(et_test_body, "{}\n{\"type\":\"event\"}\n{}"
                     "\n{\"type\":\"attachment\",\"length\":1,"
                     "\"filename\":\"a\"}\nx\n");
        request.len = p - et_test_body;
        request.endpoint = ET_ENDPOINT_ENVELOPE;
        request.limits.max_attachment = 1000;
        request.limits.max_attachments = 1000;

        {
            et_slice_t  key;

            et_check_int(et_ingest_open(&ingest, &request, &key), ET_OK);
            et_check_int(et_ingest_read(&ingest, &request), ET_OK);
        }

        et_check_int(ingest.nevents, 0);
        et_check_int(ingest.nrecords, 2);
        et_check_int(ingest.records[1].kind, ET_RECORD_OUTCOME);
        et_check_int(ingest.nattachments, 0);
    }

    et_ingest_destroy(&ingest);

    return et_test_done();
}
