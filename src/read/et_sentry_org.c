/*
 * Sentry's web API: who asks, organizations, projects and their keys.
 *
 * An organization is what the table "projects" says of a project, a team is
 * all of it, and a user is whoever has the token.
 */

#include "et_sentry.h"
#include "et_sentry_org.h"


/* when something was made that nobody wrote down when */
#define ET_SENTRY_EPOCH  "1970-01-01T00:00:00Z"


static int et_sentry_organization_next(const et_projects_t *projects,
    size_t *i, et_slice_t *slug);
static cJSON *et_sentry_organization_json(et_slice_t slug);
static cJSON *et_sentry_team_json(et_slice_t slug);
static cJSON *et_sentry_project_json(const et_sentry_t *sentry,
    const et_project_t *project);
static et_call_rc_t et_sentry_project_list(et_call_t *call,
    et_sentry_place_t place);
static void et_sentry_key(et_call_t *call, cJSON *root, uint64_t project,
    et_slice_t key);
static et_slice_t et_sentry_dsn(et_call_t *call, uint64_t project,
    et_slice_t key, const char *endpoint);
static void et_sentry_user(const et_access_t *access, cJSON *object);


/* GET / */

et_call_rc_t
et_sentry_info(et_call_t *call)
{
    size_t       i;
    cJSON       *root, *auth, *scopes;
    const char  *name;

    root = cJSON_CreateObject();

    et_out_text(root, "version", "0");

    auth = et_out_object(root, "auth");
    scopes = et_out_array(auth, "scopes");

    if (call->access != NULL) {
        for (i = 0; ; i++) {
            name = et_access_scope_name(call->access, i);

            if (name == NULL) {
                break;
            }

            cJSON_AddItemToArray(scopes, cJSON_CreateStringReference(name));
        }
    }

    if (call->access != NULL && call->access->name.len != 0) {
        et_sentry_user(call->access, et_out_object(root, "user"));

    } else {
        et_out_null(root, "user");
    }

    return et_call_json(call, 200, root);
}


/* GET /users/me/ */

et_call_rc_t
et_sentry_me(et_call_t *call)
{
    cJSON  *root;

    root = cJSON_CreateObject();
    et_sentry_user(call->access, root);

    return et_call_json(call, 200, root);
}


static void
et_sentry_user(const et_access_t *access, cJSON *object)
{
    et_slice_t  name;

    name = et_slice("token", 5);

    if (access != NULL && access->name.len != 0) {
        name = access->name;
    }

    et_out_str(object, "id", name);
    et_out_str(object, "name", name);
    et_out_str(object, "username", name);
    et_out_str(object, "email", name);
    et_out_bool(object, "isActive", 1);
}


/* GET /organizations/ */

et_call_rc_t
et_sentry_organizations(et_call_t *call)
{
    size_t       i;
    cJSON       *root;
    et_slice_t   slug;
    et_sentry_t  sentry;

    if (call->step == 0) {
        et_sentry_ask(call);
        return ET_CALL_ASK;
    }

    if (!et_sentry_read(call, call->answers[0], ET_SENTRY_ALL, &sentry)) {
        return ET_CALL_ANSWERED;
    }

    root = cJSON_CreateArray();

    for (i = 0; et_sentry_organization_next(&sentry.projects, &i, &slug); ) {
        cJSON_AddItemToArray(root, et_sentry_organization_json(slug));
    }

    et_call_link_sentry(call, NULL, NULL);

    return et_call_json(call, 200, root);
}


/* The next one that no project before has; one, where there is no project. */

static int
et_sentry_organization_next(const et_projects_t *projects, size_t *i,
    et_slice_t *slug)
{
    size_t  k;

    if (projects->n == 0) {
        *slug = et_sentry_organization(NULL, NULL);
        return (*i)++ == 0;
    }

    while (*i < projects->n) {
        *slug = et_sentry_organization(NULL, &projects->items[(*i)++]);

        for (k = 0; k < *i - 1; k++) {
            if (et_slice_eq(*slug, et_sentry_organization(NULL,
                                                      &projects->items[k])))
            {
                break;
            }
        }

        if (k == *i - 1) {
            return 1;
        }
    }

    return 0;
}


static cJSON *
et_sentry_organization_json(et_slice_t slug)
{
    cJSON  *item;

    item = cJSON_CreateObject();

    et_out_organization(item, slug);
    et_out_text(item, "dateCreated", ET_SENTRY_EPOCH);
    et_out_bool(item, "isEarlyAdopter", 0);
    et_out_bool(item, "require2FA", 0);
    et_out_bool(item, "requireEmailVerification", 0);
    et_out_array(item, "features");

    return item;
}


/* GET /organizations/{o}/ */

et_call_rc_t
et_sentry_organization_details(et_call_t *call)
{
    size_t       i;
    cJSON       *root, *projects, *teams;
    et_sentry_t  sentry;

    if (call->step == 0) {
        et_sentry_ask(call);
        return ET_CALL_ASK;
    }

    if (!et_sentry_read(call, call->answers[0], ET_SENTRY_ORGANIZATION,
                        &sentry))
    {
        return ET_CALL_ANSWERED;
    }

    root = et_sentry_organization_json(sentry.organization);
    projects = et_out_array(root, "projects");
    teams = et_out_array(root, "teams");

    for (i = 0; i < sentry.projects.n; i++) {
        cJSON_AddItemToArray(projects,
                             et_sentry_project_json(&sentry,
                                                &sentry.projects.items[i]));
    }

    cJSON_AddItemToArray(teams, et_sentry_team_json(sentry.organization));

    return et_call_json(call, 200, root);
}


/* GET /organizations/{o}/teams/ */

et_call_rc_t
et_sentry_teams(et_call_t *call)
{
    cJSON        *root;
    et_sentry_t   sentry;

    if (call->step == 0) {
        et_sentry_ask(call);
        return ET_CALL_ASK;
    }

    if (!et_sentry_read(call, call->answers[0], ET_SENTRY_ORGANIZATION,
                        &sentry))
    {
        return ET_CALL_ANSWERED;
    }

    root = cJSON_CreateArray();
    cJSON_AddItemToArray(root, et_sentry_team_json(sentry.organization));
    et_call_link_sentry(call, NULL, NULL);

    return et_call_json(call, 200, root);
}


static cJSON *
et_sentry_team_json(et_slice_t slug)
{
    cJSON  *item;

    item = cJSON_CreateObject();

    et_out_text(item, "id", "1");
    et_out_str(item, "name", slug);
    et_out_str(item, "slug", slug);
    et_out_bool(item, "isMember", 1);
    et_out_bool(item, "hasAccess", 1);

    return item;
}


/* GET /organizations/{o}/repos/: none is known, which GitLab asks before it
 * links commits */

et_call_rc_t
et_sentry_repositories(et_call_t *call)
{
    et_call_link_sentry(call, NULL, NULL);

    return et_call_json(call, 200, cJSON_CreateArray());
}


/* GET /projects/ */

et_call_rc_t
et_sentry_projects(et_call_t *call)
{
    return et_sentry_project_list(call, ET_SENTRY_ALL);
}


/* GET /organizations/{o}/projects/ */

et_call_rc_t
et_sentry_organization_projects(et_call_t *call)
{
    return et_sentry_project_list(call, ET_SENTRY_ORGANIZATION);
}


static et_call_rc_t
et_sentry_project_list(et_call_t *call, et_sentry_place_t place)
{
    size_t       i;
    cJSON       *root;
    et_sentry_t  sentry;

    if (call->step == 0) {
        et_sentry_ask(call);
        return ET_CALL_ASK;
    }

    if (!et_sentry_read(call, call->answers[0], place, &sentry)) {
        return ET_CALL_ANSWERED;
    }

    root = cJSON_CreateArray();

    for (i = 0; i < sentry.projects.n; i++) {
        cJSON_AddItemToArray(root, et_sentry_project_json(&sentry,
                                                &sentry.projects.items[i]));
    }

    et_call_link_sentry(call, NULL, NULL);

    return et_call_json(call, 200, root);
}


/* GET /projects/{o}/{p}/ */

et_call_rc_t
et_sentry_project_details(et_call_t *call)
{
    et_sentry_t  sentry;

    if (call->step == 0) {
        et_sentry_ask(call);
        return ET_CALL_ASK;
    }

    if (!et_sentry_read(call, call->answers[0], ET_SENTRY_PROJECT, &sentry)) {
        return ET_CALL_ANSWERED;
    }

    return et_call_json(call, 200,
                        et_sentry_project_json(&sentry, sentry.project));
}


static cJSON *
et_sentry_project_json(const et_sentry_t *sentry, const et_project_t *project)
{
    cJSON       *item, *platforms, *teams;
    et_slice_t   organization;

    organization = et_sentry_organization(sentry, project);

    item = cJSON_CreateObject();

    et_out_project(item, project);
    et_out_text(item, "dateCreated", ET_SENTRY_EPOCH);
    et_out_text(item, "status", "active");
    et_out_bool(item, "isBookmarked", 0);
    et_out_bool(item, "isMember", 1);
    et_out_bool(item, "isPublic", 0);
    et_out_bool(item, "hasAccess", 1);
    et_out_array(item, "features");

    platforms = et_out_array(item, "platforms");

    if (project->platform.len != 0) {
        cJSON_AddItemToArray(platforms, et_new_str(project->platform));
    }

    et_out_organization(et_out_object(item, "organization"), organization);
    et_out_item(item, "team", et_sentry_team_json(organization));

    teams = et_out_array(item, "teams");
    cJSON_AddItemToArray(teams, et_sentry_team_json(organization));

    return item;
}


/* GET /projects/{o}/{p}/keys/: those that this server knows */

et_call_rc_t
et_sentry_keys(et_call_t *call)
{
    char                    text[ET_KEY_SECRET_LEN];
    cJSON                  *root;
    size_t                  i;
    uint64_t                project;
    et_slice_t              key;
    const void             *place;
    et_sentry_t             sentry;
    const et_known_keys_t  *known;

    if (call->step == 0) {
        et_sentry_ask(call);
        return ET_CALL_ASK;
    }

    if (!et_sentry_read(call, call->answers[0], ET_SENTRY_PROJECT, &sentry)) {
        return ET_CALL_ANSWERED;
    }

    root = cJSON_CreateArray();
    known = &call->known_keys;
    project = sentry.project->id;
    place = NULL;

    while (known->keys != NULL
           && et_keys_of(known->keys, project, &place, &key))
    {
        et_sentry_key(call, root, project, key);
    }

    for (i = 0; i < known->nsecrets; i++) {
        if (et_key_secret_key(known->secrets[i], project, text)) {
            et_sentry_key(call, root, project, et_slice(text, sizeof(text)));
        }
    }

    et_call_link_sentry(call, NULL, NULL);

    return et_call_json(call, 200, root);
}


static void
et_sentry_key(et_call_t *call, cJSON *root, uint64_t project, et_slice_t key)
{
    cJSON       *item, *dsn;
    et_slice_t   public;

    item = cJSON_CreateObject();
    public = et_sentry_dsn(call, project, key, "");

    et_out_str(item, "id", key);
    et_out_str(item, "name", key);
    et_out_str(item, "label", key);
    et_out_str(item, "public", key);
    et_out_u64(item, "projectId", project);
    et_out_bool(item, "isActive", 1);
    et_out_null(item, "rateLimit");
    et_out_text(item, "dateCreated", ET_SENTRY_EPOCH);

    /* SDKs of old have a secret in their DSN, which nobody reads any more */

    dsn = et_out_object(item, "dsn");
    et_out_str(dsn, "public", public);
    et_out_str(dsn, "secret", public);
    et_out_str(dsn, "csp", et_sentry_dsn(call, project, key, "csp-report"));
    et_out_str(dsn, "security", et_sentry_dsn(call, project, key,
                                              "security"));
    et_out_str(dsn, "minidump", et_sentry_dsn(call, project, key,
                                              "minidump"));

    cJSON_AddItemToArray(root, item);
}


/* "http://key@host/project", or the address of an endpoint of it. */

static et_slice_t
et_sentry_dsn(et_call_t *call, uint64_t project, et_slice_t key,
    const char *endpoint)
{
    size_t      i;
    et_text_t   text;
    et_slice_t  base;

    base = et_sentry_base(call);

    for (i = 0; i + 3 <= base.len; i++) {
        if (memcmp(base.data + i, "://", 3) == 0) {
            break;
        }
    }

    i = i + 3 > base.len ? 0 : i + 3;

    et_text_init(&text, call->arena);

    if (endpoint[0] == '\0') {
        et_text_add(&text, et_slice(base.data, i));
        et_text_add(&text, key);
        et_text_char(&text, '@');
        et_text_add(&text, et_slice(base.data + i, base.len - i));
        et_text_char(&text, '/');
        et_text_u64(&text, project);

        return et_text_slice(&text);
    }

    et_text_add(&text, base);
    et_text_str(&text, "/api/");
    et_text_u64(&text, project);
    et_text_char(&text, '/');
    et_text_str(&text, endpoint);
    et_text_str(&text, "/?sentry_key=");
    et_text_add(&text, key);

    return et_text_slice(&text);
}
