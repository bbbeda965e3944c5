/*
 * Paths, and what they ask for.
 */

#include "et_route.h"
#include "et_test.h"


static const struct {
    const char     *path;
    et_reason_t     rc;
    et_endpoint_t   endpoint;
    uint64_t        project;
} paths[] = {
    { "/api/1/envelope/", ET_OK, ET_ENDPOINT_ENVELOPE, 1 },
    { "/api/1/envelope", ET_OK, ET_ENDPOINT_ENVELOPE, 1 },
    { "/api/42/store/", ET_OK, ET_ENDPOINT_STORE, 42 },
    { "/api/42/store", ET_OK, ET_ENDPOINT_STORE, 42 },
    { "/errortracking/api/v1/projects/api/5/envelope/",
      ET_OK, ET_ENDPOINT_ENVELOPE, 5 },
    { "/a/b/c/api/5/store/", ET_OK, ET_ENDPOINT_STORE, 5 },
    { "/api/api/7/store", ET_OK, ET_ENDPOINT_STORE, 7 },
    { "//api///1//envelope///", ET_OK, ET_ENDPOINT_ENVELOPE, 1 },
    { "/api/18446744073709551615/store/",
      ET_OK, ET_ENDPOINT_STORE, UINT64_MAX },
    { "/api/0/envelope/", ET_OK, ET_ENDPOINT_ENVELOPE, 0 },
    { "/api/1/security/", ET_OK, ET_ENDPOINT_SECURITY, 1 },
    { "/api/1/csp-report", ET_OK, ET_ENDPOINT_SECURITY, 1 },
    { "/x/api/1/nel/", ET_OK, ET_ENDPOINT_NEL, 1 },
    { "/api/1/minidump/", ET_OK, ET_ENDPOINT_MINIDUMP, 1 },
    { "/api/store/", ET_OK, ET_ENDPOINT_STORE, 0 },
    { "/a/b//api///store", ET_OK, ET_ENDPOINT_STORE, 0 },
    { "/api/api/store/", ET_OK, ET_ENDPOINT_STORE, 0 },
    { "/api/cron/api/2/store/", ET_OK, ET_ENDPOINT_STORE, 2 },
    { "/api/embed/error-page/", ET_OK, ET_ENDPOINT_ERROR_PAGE, 0 },
    { "/p//api//embed//error-page", ET_OK, ET_ENDPOINT_ERROR_PAGE, 0 },
    { "/api/relay/healthcheck/live/", ET_OK, ET_ENDPOINT_LIVE, 0 },
    { "/q/api/relay/healthcheck/ready", ET_OK, ET_ENDPOINT_READY, 0 },
    { "/api/3/unreal/k/", ET_OK, ET_ENDPOINT_UNREAL, 3 },
    { "/api/3/events/e/attachments/", ET_OK, ET_ENDPOINT_ATTACHMENTS, 3 },
    { "/api/3/cron/s", ET_OK, ET_ENDPOINT_CRON, 3 },
    { "/api/3/cron/store/", ET_OK, ET_ENDPOINT_CRON, 3 },
    { "/api/3/cron/s/k/", ET_OK, ET_ENDPOINT_CRON, 3 },
    { "/api/007/envelope/", ET_OK, ET_ENDPOINT_ENVELOPE, 7 },

    { "/api/18446744073709551616/store/",
      ET_BAD_PROJECT, ET_ENDPOINT_STORE, 0 },
    { "/api/99999999999999999999999/store/",
      ET_BAD_PROJECT, ET_ENDPOINT_STORE, 0 },
    { "/api/abc/envelope/", ET_BAD_PROJECT, ET_ENDPOINT_ENVELOPE, 0 },
    { "/api/1a/envelope/", ET_BAD_PROJECT, ET_ENDPOINT_ENVELOPE, 0 },
    { "/api/-1/envelope/", ET_BAD_PROJECT, ET_ENDPOINT_ENVELOPE, 0 },
    { "/api/+1/envelope/", ET_BAD_PROJECT, ET_ENDPOINT_ENVELOPE, 0 },
    { "/api/ 1/envelope/", ET_BAD_PROJECT, ET_ENDPOINT_ENVELOPE, 0 },
    { "/api/1.0/envelope/", ET_BAD_PROJECT, ET_ENDPOINT_ENVELOPE, 0 },

    { "/api/x/cron/s/", ET_BAD_PROJECT, ET_ENDPOINT_CRON, 0 },
    { "/api/x/unreal/k", ET_BAD_PROJECT, ET_ENDPOINT_UNREAL, 0 },
    { "/api/x/nel", ET_BAD_PROJECT, ET_ENDPOINT_NEL, 0 },

    { "", ET_NOT_FOUND, ET_ENDPOINT_NONE, 0 },
    { "/", ET_NOT_FOUND, ET_ENDPOINT_NONE, 0 },
    { "////", ET_NOT_FOUND, ET_ENDPOINT_NONE, 0 },
    { "/envelope/", ET_NOT_FOUND, ET_ENDPOINT_NONE, 0 },
    { "/1/envelope/", ET_NOT_FOUND, ET_ENDPOINT_NONE, 0 },
    { "api/store/", ET_NOT_FOUND, ET_ENDPOINT_NONE, 0 },
    { "/store/", ET_NOT_FOUND, ET_ENDPOINT_NONE, 0 },
    { "/api//envelope/", ET_NOT_FOUND, ET_ENDPOINT_NONE, 0 },
    { "api/1/envelope/", ET_NOT_FOUND, ET_ENDPOINT_NONE, 0 },
    { "/xapi/1/envelope/", ET_NOT_FOUND, ET_ENDPOINT_NONE, 0 },
    { "/API/1/envelope/", ET_NOT_FOUND, ET_ENDPOINT_NONE, 0 },
    { "/api/1/", ET_NOT_FOUND, ET_ENDPOINT_NONE, 0 },
    { "/api/1/none/", ET_NOT_FOUND, ET_ENDPOINT_NONE, 0 },
    { "/api/1/envelopes/", ET_NOT_FOUND, ET_ENDPOINT_NONE, 0 },
    { "/api/1/Envelope/", ET_NOT_FOUND, ET_ENDPOINT_NONE, 0 },
    { "/api/1/envelope/x", ET_NOT_FOUND, ET_ENDPOINT_NONE, 0 },
    { "/api/1/unreal/", ET_NOT_FOUND, ET_ENDPOINT_NONE, 0 },
    { "/api/1/unreal/k/l/", ET_NOT_FOUND, ET_ENDPOINT_NONE, 0 },
    { "/api/1/cron/", ET_NOT_FOUND, ET_ENDPOINT_NONE, 0 },
    { "/api/1/cron/a/b/c/", ET_NOT_FOUND, ET_ENDPOINT_NONE, 0 },
    { "/api/1/events/attachments/", ET_NOT_FOUND, ET_ENDPOINT_NONE, 0 },
    { "/api/1/attachments/", ET_NOT_FOUND, ET_ENDPOINT_NONE, 0 },
    { "/api/1/csp_report/", ET_NOT_FOUND, ET_ENDPOINT_NONE, 0 },
    { "/api/embed/", ET_NOT_FOUND, ET_ENDPOINT_NONE, 0 },
    { "/api/healthcheck/live/", ET_NOT_FOUND, ET_ENDPOINT_NONE, 0 },
    { "/api/relay/healthcheck/", ET_NOT_FOUND, ET_ENDPOINT_NONE, 0 },
    { "/api/relay/healthcheck/dead/", ET_NOT_FOUND, ET_ENDPOINT_NONE, 0 },
};


static void
test_paths(et_reason_t rc)
{
    char        *copy;
    size_t       i, len;
    et_route_t   route;

    for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        if (paths[i].rc != rc) {
            continue;
        }

        /* not terminated, so that a sanitizer sees what is read beyond */

        len = strlen(paths[i].path);
        copy = malloc(len + (len == 0));
        memcpy(copy, paths[i].path, len);

        memset(&route, 0xa5, sizeof(route));

        if (et_route_parse(et_slice(copy, len), &route) != rc
            || route.endpoint != paths[i].endpoint
            || route.project != paths[i].project)
        {
            et_test_check(0, paths[i].path, __FILE__, __LINE__);
        }

        free(copy);
    }
}


int
main(void)
{
    uint64_t    value;
    et_route_t  route;

    ET_TEST("an endpoint is found behind any prefix, slashes and all") {
        test_paths(ET_OK);
    }

    ET_TEST("a project that is no number of 64 bits is told from no endpoint")
    {
        test_paths(ET_BAD_PROJECT);
    }

    ET_TEST("what else a path has is told, and whether it has a project") {
        et_check_int(et_route_parse(et_slice_str("/api/3//cron/my-job/key/"),
                                    &route), ET_OK);
        et_check_str(route.slug, "my-job");
        et_check_str(route.key, "key");
        et_check_int(route.has_project, 1);

        et_check_int(et_route_parse(et_slice_str("/api/3/cron/my-job"),
                                    &route), ET_OK);
        et_check_str(route.slug, "my-job");
        et_check_str(route.key, "");

        et_check_int(et_route_parse(et_slice_str("/api/3/unreal/k2"),
                                    &route), ET_OK);
        et_check_str(route.key, "k2");
        et_check_str(route.slug, "");

        et_check_int(et_route_parse(et_slice_str("/api/3/events/ab/"
                                                 "attachments"), &route),
                     ET_OK);
        et_check_str(route.event_id, "ab");
        et_check_str(route.key, "");
        et_check_int(route.has_project, 1);

        et_check_int(et_route_parse(et_slice_str("/api/store"), &route),
                     ET_OK);
        et_check_int(route.has_project, 0);
        et_check_str(route.event_id, "");
    }

    ET_TEST("an endpoint has at least one method") {
        int  e;

        for (e = 0; e < ET_ENDPOINT_COUNT; e++) {
            et_check(et_endpoint_methods[e] != 0
                     && et_endpoint_methods[e] <= ET_METHOD_BOTH);
        }

        et_check_int(et_endpoint_methods[ET_ENDPOINT_ENVELOPE],
                     ET_METHOD_POST);
        et_check_int(et_endpoint_methods[ET_ENDPOINT_READY], ET_METHOD_GET);
    }

    ET_TEST("every other path is not found") {
        test_paths(ET_NOT_FOUND);
        et_check_int(et_route_parse(et_slice(NULL, 0), &route), ET_NOT_FOUND);
    }

    ET_TEST("a number is digits only and fits 64 bits") {
        value = 1;
        et_check(et_parse_u64(et_slice_str("0"), &value) && value == 0);
        et_check(et_parse_u64(et_slice_str("18446744073709551615"), &value)
                 && value == UINT64_MAX);

        value = 5;
        et_check(!et_parse_u64(et_slice_str(""), &value));
        et_check(!et_parse_u64(et_slice(NULL, 0), &value));
        et_check(!et_parse_u64(et_slice_str("18446744073709551616"), &value));
        et_check(!et_parse_u64(et_slice_str("18446744073709551620"), &value));
        et_check(!et_parse_u64(et_slice_str("28446744073709551615"), &value));
        et_check(!et_parse_u64(et_slice("1\0", 2), &value));
        et_check(!et_parse_u64(et_slice_str(" 1"), &value));
        et_check_int(value, 5);
    }

    ET_TEST("each endpoint has the name that it is counted under") {
        et_check_str(et_slice_str(et_endpoint_names[ET_ENDPOINT_NONE]), "none");
        et_check_str(et_slice_str(et_endpoint_names[ET_ENDPOINT_ENVELOPE]),
                     "envelope");
        et_check_str(et_slice_str(et_endpoint_names[ET_ENDPOINT_STORE]),
                     "store");
    }

    ET_TEST("each reason has a name, a status and a text to stand in JSON") {
        int          i;
        const char  *p;

        for (i = 0; i < ET_REASON_COUNT; i++) {
            et_check(et_reasons[i].name[0] != '\0');
            et_check(et_reasons[i].status >= 200
                     && et_reasons[i].status < 600);
            et_check((et_reasons[i].status == 200) == (i == ET_OK));

            for (p = et_reasons[i].detail; *p != '\0'; p++) {
                et_check(*p >= ' ' && *p < 0x7f && *p != '"' && *p != '\\');
            }
        }
    }

    return et_test_done();
}
