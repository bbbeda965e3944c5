/*
 * Releases: what a client says of one, and what it is shown.
 */

#include "et_json.h"
#include "et_release_json.h"
#include "et_test.h"


static et_arena_t  arena;
static et_call_t   call;


static cJSON *
body(const char *text)
{
    cJSON       *root;
    et_slice_t   copy;

    et_json_end();
    et_arena_reset(&arena);
    memset(&call, 0, sizeof(call));
    call.arena = &arena;
    call.now = INT64_C(1700000000000000);

    copy = et_arena_copy(&arena, et_slice_str(text));

    if (copy.data == NULL
        || et_json_parse(&arena, (char *) copy.data, copy.len, &root) != ET_OK)
    {
        root = NULL;
    }

    et_json_begin(&arena);

    return root;
}


static int
shows(cJSON *json, const char *part)
{
    char  *text;

    text = json == NULL ? NULL : cJSON_PrintUnformatted(json);

    if (text != NULL && strstr(text, part) != NULL) {
        return 1;
    }

    printf("# %s\n# has no %s\n", text == NULL ? "" : text, part);

    return 0;
}


static void
test_parse(void)
{
    size_t            i, n;
    char             *long_text;
    et_release_put_t  put;

    ET_TEST("what is not said stays as it is") {
        et_check(et_release_parse(&call, body("{\"url\":null}"), &put));
        et_check(put.released == -1 && put.url.data == NULL
                 && put.ref.data == NULL && put.commits.data == NULL);
    }

    ET_TEST("a date has nanoseconds and a zone") {
        et_check(et_release_parse(&call, body("{\"dateReleased\":"
                 "\"2023-11-14T23:13:20.123456789+01:00\"}"), &put));
        et_check_int(put.released, INT64_C(1700000000123456));
    }

    ET_TEST("commits are kept with what is shown of them, in their order") {
        et_check(et_release_parse(&call, body("{\"commits\":[{\"id\":\"b\","
                 "\"message\":\"m\",\"patch_set\":[1],\"repository\":\"r\"},"
                 "{\"id\":\"a\",\"author_name\":\"x\"}]}"), &put));
        et_check_int(put.ncommits, 2);
        et_check_str(put.commits, "[{\"id\":\"b\",\"message\":\"m\","
                     "\"repository\":\"r\"},{\"id\":\"a\","
                     "\"author_name\":\"x\"}]");
        et_check_str(put.last_commit, "{\"id\":\"b\",\"message\":\"m\","
                     "\"repository\":\"r\"}");
    }

    ET_TEST("no commits are said with an empty list") {
        et_check(et_release_parse(&call, body("{\"commits\":[]}"), &put));
        et_check_str(put.commits, "[]");
        et_check(put.last_commit.data == NULL);
    }

    ET_TEST("of too many commits the newest are kept, and all counted") {
        n = 2000;
        long_text = et_alloc(n * 200 + 32);
        i = (size_t) sprintf(long_text, "{\"commits\":[");

        while (n-- > 0) {
            i += (size_t) sprintf(long_text + i, "%s{\"id\":\"%04zu\","
                                  "\"message\":\"%0150d\"}",
                                  n == 1999 ? "" : ",", n, 0);
        }

        strcpy(long_text + i, "]}");
        et_check(et_release_parse(&call, body(long_text), &put));
        et_check_int(put.ncommits, 2000);
        et_check(put.commits.len > 150 * 1024 && put.commits.len < 256 * 1024);
        et_check(strncmp(put.commits.data, "[{\"id\":\"1999\"", 13) == 0);
        free(long_text);
    }

    ET_TEST("what is of another type is refused") {
        et_check(!et_release_parse(&call, body("{\"url\":7}"), &put)
                 && call.status == 400);
        et_check(!et_release_parse(&call, body("{\"status\":\"x\"}"), &put));
        et_check(!et_release_parse(&call, body("{\"dateReleased\":\"x\"}"),
                                   &put));
        et_check(!et_release_parse(&call, body("{\"refs\":{}}"), &put));
        et_check(!et_release_parse(&call, body("{\"commits\":[7]}"), &put));
    }
}


static void
test_version(void)
{
    cJSON  *object;

    ET_TEST("a version is what Sentry takes as one") {
        et_check(et_release_version_valid(et_slice_str("shop@1.0+b")));
        et_check(et_release_version_valid(et_slice_str("a b")));
        et_check(!et_release_version_valid(et_slice_str("")));
        et_check(!et_release_version_valid(et_slice_str(".")));
        et_check(!et_release_version_valid(et_slice_str("..")));
        et_check(!et_release_version_valid(et_slice_str("Latest")));
        et_check(!et_release_version_valid(et_slice_str(" a")));
        et_check(!et_release_version_valid(et_slice_str("a/b")));
        et_check(!et_release_version_valid(et_slice_str("a\nb")));
        et_check(!et_release_version_valid(et_slice_str("a\\b")));
    }

    ET_TEST("a version's package is before its @") {
        (void) body("{}");
        object = cJSON_CreateObject();
        et_out_version(object, et_slice_str("a@b@1.2"));
        et_check(shows(object, "\"shortVersion\":\"1.2\",\"versionInfo\":"
                       "{\"package\":\"a@b\",\"description\":\"1.2\""));
        object = cJSON_CreateObject();
        et_out_version(object, et_slice_str("deadbeef"));
        et_check(shows(object, "\"shortVersion\":\"deadbeef\","
                       "\"versionInfo\":{\"package\":null"));
    }
}


static void
test_deploy(void)
{
    et_deploy_t  deploy;

    ET_TEST("a deploy has an environment, and has ended now") {
        et_check(et_deploy_parse(&call, body("{\"environment\":\"p\"}"),
                                 &deploy));
        et_check_int(deploy.finished, call.now);
        et_check(shows(et_deploy_json(&deploy), "\"environment\":\"p\","
                       "\"name\":null,\"url\":null,\"dateStarted\":null,"
                       "\"dateFinished\":\"2023-11-14T22:13:20.000000Z\""));
        et_check(!et_deploy_parse(&call, body("{\"name\":\"p\"}"), &deploy));
    }

    ET_TEST("commits that are none are an empty list") {
        (void) body("{}");
        et_check(shows(et_commits_json(&call, et_slice_str("")), "[]"));
        et_check(shows(et_commits_json(&call, et_slice_str("{")), "[]"));
        et_check(shows(et_commits_json(&call, et_slice_str("[7]")),
                       "\"id\":\"\""));
    }
}


int
main(void)
{
    et_arena_init(&arena, 16 << 20, 0);
    et_json_begin(&arena);

    test_parse();
    test_version();
    test_deploy();

    et_json_end();
    et_arena_destroy(&arena);

    return et_test_done();
}
