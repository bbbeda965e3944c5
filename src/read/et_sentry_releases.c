/*
 * Sentry's web API: releases, their commits and deploys.
 *
 * An operation on one release reads it first, in three steps that all of them
 * have in common: the projects, the release, and what it is for.
 */

#include "et_json.h"
#include "et_release_json.h"
#include "et_sentry_releases.h"


#define ET_RELEASES_PAGE  100  /* at the most and by default */

/* the first step of an operation's own */
#define ET_RELEASE_STEP   2


typedef struct {
    et_sentry_t            sentry;
    et_releases_filter_t   filter;
    et_releases_t          list;
    et_release_put_t       put;
    et_deploy_t            deploy;
    cJSON                 *body;
    uint64_t              *projects;   /* that are written */
    size_t                 nprojects;
    unsigned               status;
} et_sentry_releases_t;


static et_sentry_place_t et_release_place(const et_call_t *call);
static et_sentry_releases_t *et_release_state(et_call_t *call);
static int et_release_body(et_call_t *call, et_sentry_releases_t *state);
static int et_release_read(et_call_t *call, et_sentry_releases_t *state,
    int must, et_call_rc_t *rc);
static int et_release_projects(et_call_t *call, et_sentry_releases_t *state);
static et_call_rc_t et_release_written(et_call_t *call,
    et_sentry_releases_t *state);
static et_call_rc_t et_release_shown(et_call_t *call,
    et_sentry_releases_t *state, unsigned step);


/* GET organizations/{o}/releases/, projects/{o}/{p}/releases/ */

et_call_rc_t
et_sentry_releases(et_call_t *call)
{
    size_t                 i;
    cJSON                 *root;
    et_releases_filter_t  *filter;
    et_sentry_releases_t  *state;

    state = et_release_state(call);
    if (state == NULL) {
        return ET_CALL_ANSWERED;
    }

    filter = &state->filter;

    switch (call->step) {

    case 0:
        filter->limit = ET_RELEASES_PAGE;
        filter->text = et_params_get(&call->params, "query");
        filter->status = et_params_get(&call->params, "status");

        if (!et_call_number(call, "per_page", 1, ET_RELEASES_PAGE,
                            &filter->limit)
            || !et_call_number(call, "limit", 1, ET_RELEASES_PAGE,
                               &filter->limit)
            || !et_call_cursor_sentry(call, &filter->cursor))
        {
            return ET_CALL_ANSWERED;
        }

        et_sentry_ask(call);

        return ET_CALL_ASK;

    case 1:
        if (!et_sentry_read_projects(call, call->answers[0],
                                     et_release_place(call), &state->sentry))
        {
            return ET_CALL_ANSWERED;
        }

        filter->projects = state->sentry.ids;
        filter->nprojects = state->sentry.nids;
        filter->all = state->sentry.all;

        et_releases_ask_page(call, filter);

        return ET_CALL_ASK;

    case 2:
        if (!et_releases_read_page(call, call->answers[0], filter,
                                   &state->list))
        {
            return ET_CALL_ANSWERED;
        }

        if (state->list.n != 0) {
            et_releases_ask_shown(call, filter, &state->list);
            return ET_CALL_ASK;
        }

        break;

    default:
        if (!et_releases_read_shown(call, call->answers, &state->list)) {
            return ET_CALL_ANSWERED;
        }
    }

    root = cJSON_CreateArray();

    for (i = 0; i < state->list.n; i++) {
        cJSON_AddItemToArray(root, et_release_json(call, &state->sentry,
                                                   &state->list.items[i]));
    }

    et_releases_link(call, &state->list);

    return et_call_json(call, 200, root);
}


/*
 * POST: one that is there already is changed, and answered 208 as Sentry does.
 * Without projects they are those that it has.
 */

et_call_rc_t
et_sentry_release_create(et_call_t *call)
{
    et_call_rc_t           rc;
    et_slice_t             version;
    et_sentry_releases_t  *state;

    state = et_release_state(call);
    if (state == NULL) {
        return ET_CALL_ANSWERED;
    }

    if (call->step == 0) {
        if (!et_release_body(call, state)
            || !et_release_text(call, state->body, "version", SIZE_MAX,
                                &version)
            || !et_release_parse(call, state->body, &state->put))
        {
            return ET_CALL_ANSWERED;
        }

        if (!et_release_version_valid(version)) {
            return et_call_fail(call, 400, "version has to be a text of at "
                                "most 200 bytes without slashes");
        }

        state->put.version = version;
        state->filter.version = version;
    }

    if (!et_release_read(call, state, 0, &rc)) {
        return rc;
    }

    if (call->step == ET_RELEASE_STEP) {
        if (!et_release_projects(call, state)) {
            return ET_CALL_ANSWERED;
        }

        state->status = state->list.n != 0 && state->list.items[0].made
                        ? 208 : 201;
    }

    return et_release_written(call, state);
}


/* GET releases/{version}/ */

et_call_rc_t
et_sentry_release(et_call_t *call)
{
    et_call_rc_t           rc;
    et_sentry_releases_t  *state;

    state = et_release_state(call);
    if (state == NULL) {
        return ET_CALL_ANSWERED;
    }

    if (!et_release_read(call, state, 1, &rc)) {
        return rc;
    }

    return et_release_shown(call, state, ET_RELEASE_STEP);
}


/* PUT releases/{version}/ */

et_call_rc_t
et_sentry_release_update(et_call_t *call)
{
    et_call_rc_t           rc;
    et_sentry_releases_t  *state;

    state = et_release_state(call);
    if (state == NULL) {
        return ET_CALL_ANSWERED;
    }

    if (call->step == 0
        && (!et_release_body(call, state)
            || !et_release_parse(call, state->body, &state->put)))
    {
        return ET_CALL_ANSWERED;
    }

    if (!et_release_read(call, state, 1, &rc)) {
        return rc;
    }

    if (call->step == ET_RELEASE_STEP) {
        if (!et_release_projects(call, state)) {
            return ET_CALL_ANSWERED;
        }

        state->put.version = state->filter.version;
        state->status = 200;
    }

    return et_release_written(call, state);
}


/* DELETE releases/{version}/: of what has events nothing can be deleted. */

et_call_rc_t
et_sentry_release_delete(et_call_t *call)
{
    et_call_rc_t           rc;
    et_release_t          *release;
    et_sentry_releases_t  *state;

    state = et_release_state(call);
    if (state == NULL) {
        return ET_CALL_ANSWERED;
    }

    if (!et_release_read(call, state, 1, &rc)) {
        return rc;
    }

    if (call->step != ET_RELEASE_STEP) {
        return et_call_empty(call, 204);
    }

    release = state->list.items;

    if (release->seen) {
        return et_call_fail(call, 400, "the release has events or sessions, "
                            "and can not be removed");
    }

    et_release_delete(call, release->version, release->projects,
                      release->nprojects);

    return ET_CALL_ASK;
}


/* GET releases/{version}/commits/ */

et_call_rc_t
et_sentry_release_commits(et_call_t *call)
{
    et_call_rc_t           rc;
    et_slice_t             commits;
    et_sentry_releases_t  *state;

    state = et_release_state(call);
    if (state == NULL) {
        return ET_CALL_ANSWERED;
    }

    if (!et_release_read(call, state, 1, &rc)) {
        return rc;
    }

    if (call->step == ET_RELEASE_STEP) {
        et_release_ask_commits(call, state->filter.version,
                               state->filter.projects,
                               state->filter.nprojects);
        return ET_CALL_ASK;
    }

    if (!et_release_read_commits(call, call->answers[0], &commits)) {
        return ET_CALL_ANSWERED;
    }

    et_call_link_sentry(call, NULL, NULL);

    return et_call_json(call, 200, et_commits_json(call, commits));
}


/* GET releases/{version}/previous-with-commits/: the latest release before it
 * whose commits are known, from which sentry-cli goes on. */

et_call_rc_t
et_sentry_release_previous(et_call_t *call)
{
    et_call_rc_t           rc;
    et_sentry_releases_t  *state;

    state = et_release_state(call);
    if (state == NULL) {
        return ET_CALL_ANSWERED;
    }

    if (!et_release_read(call, state, 1, &rc)) {
        return rc;
    }

    switch (call->step) {

    case ET_RELEASE_STEP:
        state->filter.before = state->list.items[0].key;

        et_releases_ask_page(call, &state->filter);

        return ET_CALL_ASK;

    case ET_RELEASE_STEP + 1:
        if (!et_releases_read_page(call, call->answers[0], &state->filter,
                                   &state->list))
        {
            return ET_CALL_ANSWERED;
        }

        if (state->list.n == 0) {
            return et_call_json(call, 200, cJSON_CreateObject());
        }
    }

    return et_release_shown(call, state, ET_RELEASE_STEP + 1);
}


/* GET releases/{version}/deploys/ */

et_call_rc_t
et_sentry_deploys(et_call_t *call)
{
    et_call_rc_t           rc;
    size_t                 i, n;
    cJSON                 *root;
    et_deploy_t           *deploys;
    et_sentry_releases_t  *state;

    state = et_release_state(call);
    if (state == NULL) {
        return ET_CALL_ANSWERED;
    }

    if (!et_release_read(call, state, 1, &rc)) {
        return rc;
    }

    if (call->step == ET_RELEASE_STEP) {
        et_deploys_ask(call, state->filter.version, state->filter.projects,
                       state->filter.nprojects);
        return ET_CALL_ASK;
    }

    if (!et_deploys_read(call, call->answers[0], &deploys, &n)) {
        return ET_CALL_ANSWERED;
    }

    root = cJSON_CreateArray();

    for (i = 0; i < n; i++) {
        cJSON_AddItemToArray(root, et_deploy_json(&deploys[i]));
    }

    et_call_link_sentry(call, NULL, NULL);

    return et_call_json(call, 200, root);
}


/* POST releases/{version}/deploys/ */

et_call_rc_t
et_sentry_deploy_create(et_call_t *call)
{
    et_call_rc_t           rc;
    et_sentry_releases_t  *state;

    state = et_release_state(call);
    if (state == NULL) {
        return ET_CALL_ANSWERED;
    }

    if (call->step == 0
        && (!et_release_body(call, state)
            || !et_deploy_parse(call, state->body, &state->deploy)))
    {
        return ET_CALL_ANSWERED;
    }

    if (!et_release_read(call, state, 1, &rc)) {
        return rc;
    }

    if (call->step == ET_RELEASE_STEP) {
        if (!et_release_projects(call, state)) {
            return ET_CALL_ANSWERED;
        }

        et_deploy_write(call, state->filter.version, &state->deploy,
                        state->projects, state->nprojects);
        return ET_CALL_ASK;
    }

    return et_call_json(call, 201, et_deploy_json(&state->deploy));
}


et_call_rc_t
et_sentry_no_uploads(et_call_t *call)
{
    return et_call_fail(call, 501, "source maps and debug files are not "
                        "kept here: stack traces are shown as they were "
                        "sent");
}


static et_sentry_place_t
et_release_place(const et_call_t *call)
{
    static const char  projects[] = "api/0/projects/";

    return strncmp(call->operation->path, projects, sizeof(projects) - 1) == 0
           ? ET_SENTRY_PROJECT : ET_SENTRY_ORGANIZATION;
}


/* NULL where the call is answered. */

static et_sentry_releases_t *
et_release_state(et_call_t *call)
{
    et_sentry_releases_t  *state;

    state = et_call_state(call, sizeof(et_sentry_releases_t));
    if (state == NULL) {
        et_call_no_memory(call);
    }

    return state;
}


static int
et_release_body(et_call_t *call, et_sentry_releases_t *state)
{
    if (!et_call_body(call, &state->body)) {
        return 0;
    }

    if (!cJSON_IsObject(state->body)) {
        et_call_fail(call, 400, "the body has to be a JSON object");
        return 0;
    }

    return 1;
}


/*
 * The steps that all operations on a release begin with: 1 from the step on
 * that is their own; 0 before, and *rc is what they return then: the call is
 * answered 404 where the release must be there and is not.
 */

static int
et_release_read(et_call_t *call, et_sentry_releases_t *state, int must,
    et_call_rc_t *rc)
{
    et_releases_filter_t  *filter;

    filter = &state->filter;
    *rc = ET_CALL_ANSWERED;

    switch (call->step) {

    case 0:
        if (filter->version.data == NULL) {
            filter->version = call->segments[call->nsegments - 1];
        }

        et_sentry_ask(call);
        *rc = ET_CALL_ASK;

        return 0;

    case 1:
        if (!et_sentry_read(call, call->answers[0], et_release_place(call),
                            &state->sentry))
        {
            return 0;
        }

        filter->projects = state->sentry.ids;
        filter->nprojects = state->sentry.nids;
        filter->limit = 1;

        et_releases_ask_page(call, filter);
        *rc = ET_CALL_ASK;

        return 0;

    case ET_RELEASE_STEP:
        if (!et_releases_read_page(call, call->answers[0], filter,
                                   &state->list))
        {
            return 0;
        }

        if (must && state->list.n == 0) {
            et_call_fail(call, 404, "no such release");
            return 0;
        }
    }

    return 1;
}


/* Which projects are written: those that the body names, or the path, or
 * those that have the release. */

static int
et_release_projects(et_call_t *call, et_sentry_releases_t *state)
{
    size_t               n;
    et_slice_t           name;
    const cJSON         *list, *item;
    const et_project_t  *project;

    if (state->sentry.project != NULL) {
        state->projects = state->sentry.ids;
        state->nprojects = state->sentry.nids;
        return 1;
    }

    list = et_json_get(state->body, "projects");

    if (!cJSON_IsArray(list) || list->child == NULL) {

        if (state->list.n == 0) {
            et_call_fail(call, 400, "projects has to be a list of slugs, and "
                         "not empty for a new release");
            return 0;
        }

        state->projects = state->list.items[0].projects;
        state->nprojects = state->list.items[0].nprojects;
        return 1;
    }

    n = (size_t) cJSON_GetArraySize(list);

    if (n > ET_CALL_PROJECTS) {
        et_call_fail(call, 400, "projects are more than 1000");
        return 0;
    }

    state->projects = et_arena_alloc(call->arena, n * sizeof(uint64_t));
    if (state->projects == NULL) {
        et_call_no_memory(call);
        return 0;
    }

    for (item = list->child; item != NULL; item = item->next) {
        name = et_json_text(call->arena, item);
        project = name.data == NULL ? NULL
                  : et_sentry_find(&state->sentry.projects, name);

        if (project == NULL) {
            et_call_fail(call, 400, "projects has one that is not there, or "
                         "that the token does not open");
            return 0;
        }

        state->projects[state->nprojects++] = project->id;
    }

    return 1;
}


/* The steps that write, read again and show. */

static et_call_rc_t
et_release_written(et_call_t *call, et_sentry_releases_t *state)
{
    switch (call->step) {

    case ET_RELEASE_STEP:
        et_release_write(call, &state->put, state->projects,
                         state->nprojects);
        return ET_CALL_ASK;

    case ET_RELEASE_STEP + 1:
        et_releases_ask_page(call, &state->filter);
        return ET_CALL_ASK;

    case ET_RELEASE_STEP + 2:
        if (!et_releases_read_page(call, call->answers[0], &state->filter,
                                   &state->list))
        {
            return ET_CALL_ANSWERED;
        }

        if (state->list.n == 0) {
            return et_call_fail(call, 404, "no such release");
        }
    }

    return et_release_shown(call, state, ET_RELEASE_STEP + 2);
}


/* At that step asks for what is shown of it, and answers at the next. */

static et_call_rc_t
et_release_shown(et_call_t *call, et_sentry_releases_t *state, unsigned step)
{
    if (call->step == step) {
        et_releases_ask_shown(call, &state->filter, &state->list);
        return ET_CALL_ASK;
    }

    if (!et_releases_read_shown(call, call->answers, &state->list)) {
        return ET_CALL_ANSWERED;
    }

    return et_call_json(call, state->status != 0 ? state->status : 200,
                        et_release_json(call, &state->sentry,
                                        state->list.items));
}
