/*
 * Releases as JSON.
 */

#include "et_json.h"
#include "et_release_json.h"
#include "et_sentry_issues.h"
#include "et_time.h"


/* bytes of commits that are kept, and of each one's message */
#define ET_MAX_COMMITS         (200 * 1024)
#define ET_MAX_COMMIT_MESSAGE  1000

#define ET_MAX_REF             250
#define ET_MAX_URL             2000
#define ET_MAX_NAME            200


static int et_release_commits(et_call_t *call, const cJSON *body,
    et_release_put_t *put);
static cJSON *et_release_commit(const cJSON *item, size_t *size);
static void et_release_keep(cJSON *commit, const char *name,
    const cJSON *item, const char *member, size_t *size);
static int et_release_time(et_call_t *call, const cJSON *body,
    const char *name, int64_t *us);
static cJSON *et_commit_json(const cJSON *kept);
static void et_out_or_null(cJSON *object, const char *name,
    et_slice_t value);


int
et_release_parse(et_call_t *call, const cJSON *body, et_release_put_t *put)
{
    memset(put, 0, sizeof(et_release_put_t));

    put->released = -1;

    if (!et_release_time(call, body, "dateReleased", &put->released)
        || !et_release_text(call, body, "ref", ET_MAX_REF, &put->ref)
        || !et_release_text(call, body, "url", ET_MAX_URL, &put->url)
        || !et_release_text(call, body, "status", ET_MAX_NAME, &put->status))
    {
        return 0;
    }

    if (put->status.data != NULL
        && !et_slice_eq(put->status, et_slice("open", 4))
        && !et_slice_eq(put->status, et_slice("archived", 8)))
    {
        et_call_fail(call, 400, "status has to be one of open, archived");
        return 0;
    }

    return et_release_commits(call, body, put);
}


/* "commits", or "refs": those name the newest commit of a repository alone. */

static int
et_release_commits(et_call_t *call, const cJSON *body, et_release_put_t *put)
{
    size_t        size;
    char         *text;
    cJSON        *commits, *commit;
    const cJSON  *list, *item;

    list = et_json_get(body, "commits");

    if (list == NULL || cJSON_IsNull(list)) {
        list = et_json_get(body, "refs");
    }

    if (list == NULL || cJSON_IsNull(list)) {
        return 1;
    }

    if (!cJSON_IsArray(list)) {
        et_call_fail(call, 400, "commits and refs have to be lists");
        return 0;
    }

    commits = cJSON_CreateArray();
    size = 0;

    for (item = list->child; item != NULL; item = item->next) {

        if (et_json_str(et_json_get(item, "id")).len == 0
            && et_json_str(et_json_get(item, "commit")).len == 0)
        {
            et_call_fail(call, 400, "a commit has to have an id");
            return 0;
        }

        put->ncommits++;

        commit = et_release_commit(item, &size);

        if (size > ET_MAX_COMMITS) {
            continue;
        }

        cJSON_AddItemToArray(commits, commit);
    }

    text = cJSON_PrintUnformatted(commits);
    put->commits = et_slice_str(text);

    if (text != NULL && commits != NULL && commits->child != NULL) {
        text = cJSON_PrintUnformatted(commits->child);
        put->last_commit = et_slice_str(text);
    }

    if (text == NULL) {
        et_call_no_memory(call);
        return 0;
    }

    return 1;
}


static cJSON *
et_release_commit(const cJSON *item, size_t *size)
{
    cJSON  *commit;

    commit = cJSON_CreateObject();

    et_release_keep(commit, "id", item, "id", size);
    et_release_keep(commit, "id", item, "commit", size);
    et_release_keep(commit, "message", item, "message", size);
    et_release_keep(commit, "author_name", item, "author_name", size);
    et_release_keep(commit, "author_email", item, "author_email", size);
    et_release_keep(commit, "timestamp", item, "timestamp", size);
    et_release_keep(commit, "repository", item, "repository", size);

    return commit;
}


static void
et_release_keep(cJSON *commit, const char *name, const cJSON *item,
    const char *member, size_t *size)
{
    et_slice_t  value;

    value = et_json_str(et_json_get(item, member));

    if (value.data == NULL) {
        return;
    }

    value.len = et_utf8_prefix(value.data, value.len, ET_MAX_COMMIT_MESSAGE);
    *size += value.len + 32;

    et_out_str(commit, name, value);
}


int
et_deploy_parse(et_call_t *call, const cJSON *body, et_deploy_t *deploy)
{
    memset(deploy, 0, sizeof(et_deploy_t));

    deploy->id = (uint64_t) call->now & ET_MAX_ID;
    deploy->finished = call->now;

    if (!et_release_text(call, body, "environment", 64, &deploy->environment)
        || !et_release_text(call, body, "name", 64, &deploy->name)
        || !et_release_text(call, body, "url", ET_MAX_URL, &deploy->url)
        || !et_release_time(call, body, "dateStarted", &deploy->started)
        || !et_release_time(call, body, "dateFinished", &deploy->finished))
    {
        return 0;
    }

    if (deploy->environment.len == 0) {
        et_call_fail(call, 400, "a deploy has to have an environment");
        return 0;
    }

    return 1;
}


int
et_release_text(et_call_t *call, const cJSON *body, const char *name,
    size_t max, et_slice_t *value)
{
    et_text_t     text;
    const char   *detail;
    const cJSON  *item;

    *value = et_slice(NULL, 0);
    item = et_json_get(body, name);

    if (item == NULL || cJSON_IsNull(item)) {
        return 1;
    }

    *value = et_json_str(item);

    if (value->data != NULL && value->len <= max) {
        return 1;
    }

    et_text_init(&text, call->arena);
    et_text_str(&text, name);
    et_text_str(&text, " has to be a text of at most ");
    et_text_u64(&text, max);
    et_text_str(&text, " bytes");

    detail = et_text_slice(&text).data;

    if (detail == NULL) {
        et_call_no_memory(call);

    } else {
        et_call_fail(call, 400, detail);
    }

    return 0;
}


static int
et_release_time(et_call_t *call, const cJSON *body, const char *name,
    int64_t *us)
{
    et_slice_t  text;

    if (!et_release_text(call, body, name, ET_MAX_NAME, &text)) {
        return 0;
    }

    if (text.data != NULL && !et_time_parse(text, us)) {
        et_call_fail(call, 400, "a date has to be as in RFC 3339, "
                     "2006-01-02T15:04:05Z");
        return 0;
    }

    return 1;
}


int
et_release_version_valid(et_slice_t version)
{
    size_t  i;

    if (version.len == 0 || version.len > ET_MAX_VERSION
        || version.data[0] == ' ' || version.data[version.len - 1] == ' '
        || et_slice_eq(version, et_slice(".", 1))
        || et_slice_eq(version, et_slice("..", 2))
        || et_slice_eq_nocase(version, et_slice("latest", 6)))
    {
        return 0;
    }

    for (i = 0; i < version.len; i++) {
        if ((unsigned char) version.data[i] < ' ' || version.data[i] == '/'
            || version.data[i] == '\\')
        {
            return 0;
        }
    }

    return 1;
}


cJSON *
et_release_json(et_call_t *call, const et_sentry_t *sentry,
    const et_release_t *release)
{
    size_t               i;
    cJSON               *object, *projects, *project, *commit;
    const et_project_t  *known;

    object = cJSON_CreateObject();

    et_out_u64(object, "id", release->hash & ET_MAX_ID);
    et_out_version(object, release->version);
    et_out_str(object, "status", release->status.len == 0
                                 ? et_slice("open", 4) : release->status);
    et_out_or_null(object, "ref", release->ref);
    et_out_or_null(object, "url", release->url);
    et_out_time(object, "dateCreated", release->created);
    et_out_time(object, "dateReleased", release->released);
    et_out_time(object, "firstEvent", release->first_event);
    et_out_time(object, "lastEvent", release->last_event);
    et_out_u64(object, "newGroups", release->new_errors);
    et_out_u64(object, "eventCount", release->n);
    et_out_u64(object, "commitCount", release->commits);
    et_out_u64(object, "deployCount", release->deploys);

    commit = et_commits_json(call, release->last_commit);
    et_out_item(object, "lastCommit",
                commit == NULL || commit->child == NULL
                ? cJSON_CreateNull() : cJSON_DetachItemFromArray(commit, 0));

    if (release->deploys != 0) {
        et_out_item(object, "lastDeploy",
                    et_deploy_json(&release->last_deploy));

    } else {
        et_out_null(object, "lastDeploy");
    }

    projects = et_out_array(object, "projects");

    for (i = 0; i < release->nprojects; i++) {
        known = et_project_find(&sentry->projects, release->projects[i]);

        if (known != NULL) {
            project = cJSON_CreateObject();

            et_out_project(project, known);
            et_out_u64(project, "newGroups", release->new_of[i]);

            cJSON_AddItemToArray(projects, project);
        }
    }

    et_out_object(object, "data");
    et_out_array(object, "authors");
    et_out_null(object, "owner");

    return object;
}


/* "shop@1.2" is version 1.2 of the package "shop". */

void
et_out_version(cJSON *object, et_slice_t version)
{
    size_t       len;
    cJSON       *info;
    et_slice_t   package, rest;

    package = et_slice("", 0);
    rest = version;

    for (len = version.len; len > 0; len--) {
        if (version.data[len - 1] == '@') {
            package = et_slice(version.data, len - 1);
            rest = et_slice(version.data + len, version.len - len);
            break;
        }
    }

    et_out_str(object, "version", version);
    et_out_str(object, "shortVersion", et_release_short(version));

    info = et_out_object(object, "versionInfo");

    et_out_or_null(info, "package", package);
    et_out_str(info, "description", rest);
    et_out_str(et_out_object(info, "version"), "raw", rest);
    et_out_null(info, "buildHash");
}


cJSON *
et_deploy_json(const et_deploy_t *deploy)
{
    cJSON  *object;

    object = cJSON_CreateObject();

    et_out_digits(object, "id", deploy->id);
    et_out_str(object, "environment", deploy->environment);
    et_out_or_null(object, "name", deploy->name);
    et_out_or_null(object, "url", deploy->url);
    et_out_time(object, "dateStarted", deploy->started);
    et_out_time(object, "dateFinished", deploy->finished);

    return object;
}


cJSON *
et_commits_json(et_call_t *call, et_slice_t commits)
{
    cJSON       *array, *kept, *item;
    et_slice_t   text;

    array = cJSON_CreateArray();

    if (commits.len == 0) {
        return array;
    }

    text = et_arena_copy(call->arena, commits);

    if (text.data == NULL
        || et_json_parse(call->arena, (char *) text.data, text.len, &kept)
           != ET_OK)
    {
        return array;
    }

    /* a list of them, or one */

    if (cJSON_IsObject(kept)) {
        cJSON_AddItemToArray(array, et_commit_json(kept));
        return array;
    }

    for (item = kept->child; item != NULL; item = item->next) {
        cJSON_AddItemToArray(array, et_commit_json(item));
    }

    return array;
}


static cJSON *
et_commit_json(const cJSON *kept)
{
    cJSON       *object, *author;
    int64_t      us;
    et_slice_t   text, name;

    object = cJSON_CreateObject();

    et_out_str(object, "id", et_json_str(et_json_get(kept, "id")));
    et_out_or_null(object, "message",
                   et_json_str(et_json_get(kept, "message")));

    us = 0;
    text = et_json_str(et_json_get(kept, "timestamp"));

    if (text.data != NULL) {
        (void) et_time_parse(text, &us);
    }

    et_out_time(object, "dateCreated", us);

    text = et_json_str(et_json_get(kept, "repository"));

    if (text.len != 0) {
        et_out_str(et_out_object(object, "repository"), "name", text);

    } else {
        et_out_null(object, "repository");
    }

    name = et_json_str(et_json_get(kept, "author_name"));
    text = et_json_str(et_json_get(kept, "author_email"));

    if (name.len == 0 && text.len == 0) {
        et_out_null(object, "author");
        return object;
    }

    author = et_out_object(object, "author");

    et_out_or_null(author, "name", name);
    et_out_or_null(author, "email", text);

    return object;
}


static void
et_out_or_null(cJSON *object, const char *name, et_slice_t value)
{
    if (value.len == 0) {
        et_out_null(object, name);

    } else {
        et_out_str(object, name, value);
    }
}
