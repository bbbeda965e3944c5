/*
 * Releases and their deploys.
 */

#include "et_releases.h"
#include "et_releases_sql.h"


#define ET_DEPLOYS_MAX  100

/* 2299, which stands for no event at all */
#define ET_RELEASE_NO_EVENT  INT64_C(10413705600000000)


static void et_releases_read_row(et_call_t *call, et_value_t *row,
    et_release_t *release);
static void et_releases_ask_of(et_sql_t *query,
    const et_releases_filter_t *filter, const et_slice_t *versions, size_t n);
static et_release_t *et_releases_find(const et_releases_t *list,
    et_slice_t version);
static void et_releases_cursor(et_cursor_t *cursor,
    const et_release_t *release, int back);
static et_sql_t *et_release_query(et_call_t *call, const char *columns,
    const char *sql, et_slice_t version, const uint64_t *projects,
    size_t nprojects);
static void et_release_text(et_sql_t *query, const char *has,
    const char *name, et_slice_t value);
static void et_deploy_read(et_value_t *row, et_deploy_t *deploy);
static int et_releases_unreadable(et_call_t *call);


void
et_releases_ask_page(et_call_t *call, const et_releases_filter_t *filter)
{
    et_sql_t           *query;
    const et_cursor_t  *cursor;

    cursor = &filter->cursor;
    query = et_call_query(call, ET_SQL_RELEASES_COLUMNS);

    et_sql_add(query, ET_SQL_RELEASES);

    if (filter->version.data != NULL) {
        et_sql_add(query, filter->before != 0 ? ET_SQL_RELEASES_OTHER
                                              : ET_SQL_RELEASES_VERSION);
        et_sql_str(query, "version", filter->version);
    }

    if (filter->text.len != 0) {
        et_sql_add(query, ET_SQL_RELEASES_TEXT);
        et_sql_str(query, "text", filter->text);
    }

    et_sql_add(query, ET_SQL_RELEASES_GROUP);

    if (filter->status.len != 0) {
        et_sql_add(query, ET_SQL_RELEASES_STATUS);
        et_sql_str(query, "status", filter->status);
    }

    if (filter->before != 0) {
        et_sql_add(query, ET_SQL_RELEASES_COMMITS);
        et_sql_i64(query, "before", filter->before);
    }

    if (cursor->given) {
        et_sql_add(query, cursor->back ? ET_SQL_RELEASES_BEFORE
                                       : ET_SQL_RELEASES_BEHIND);
        et_sql_i64(query, "key", cursor->key);
        et_sql_u64(query, "hash", cursor->id[0]);
    }

    et_sql_add(query, cursor->back ? ET_SQL_RELEASES_ASC
                                   : ET_SQL_RELEASES_DESC);
    et_sql_u64(query, "limit", filter->limit + 1);
    et_sql_u64s(query, "projects", filter->projects, filter->nprojects);
}


int
et_releases_read_page(et_call_t *call, et_slice_t answer,
    const et_releases_filter_t *filter, et_releases_t *list)
{
    size_t         i;
    et_result_t    result;
    et_release_t   swap;

    memset(list, 0, sizeof(et_releases_t));

    list->items = et_arena_zalloc(call->arena, (filter->limit + 1)
                                               * sizeof(et_release_t));
    if (list->items == NULL) {
        et_call_no_memory(call);
        return 0;
    }

    et_result_open(&result, ET_SQL_RELEASES_COLUMNS, answer);

    while (et_result_next(&result)) {

        if (list->n == filter->limit) {
            list->more = 1;
            break;
        }

        et_releases_read_row(call, result.row, &list->items[list->n++]);
    }

    if (result.bad) {
        return et_releases_unreadable(call);
    }

    if (!filter->cursor.back) {
        list->before = filter->cursor.given;
        return 1;
    }

    list->before = list->more;
    list->more = 1;

    for (i = 0; i < list->n / 2; i++) {
        swap = list->items[i];
        list->items[i] = list->items[list->n - 1 - i];
        list->items[list->n - 1 - i] = swap;
    }

    return 1;
}


static void
et_releases_read_row(et_call_t *call, et_value_t *row, et_release_t *release)
{
    size_t  i;

    release->version = row[0].s;
    release->key = row[1].i;
    release->hash = row[2].u;
    release->made = row[3].u != 0;
    release->seen = row[4].u != 0;
    release->created = row[5].i;
    release->released = row[6].i;
    release->first_event = row[7].i == ET_RELEASE_NO_EVENT ? 0 : row[7].i;
    release->last_event = row[8].i;
    release->n = row[9].u;
    release->ref = row[10].s;
    release->url = row[11].s;
    release->status = row[12].s;
    release->commits = row[13].u;
    release->last_commit = row[14].s;

    release->projects = et_arena_zalloc(call->arena, (2 * row[15].n + 1)
                                                     * sizeof(uint64_t));
    if (release->projects == NULL) {
        call->failed = 1;
        return;
    }

    release->nprojects = row[15].n;
    release->new_of = release->projects + row[15].n;

    for (i = 0; i < release->nprojects; i++) {
        release->projects[i] = et_value_u64(&row[15]);
    }
}


void
et_releases_link(et_call_t *call, const et_releases_t *list)
{
    et_cursor_t  next, previous;

    if (list->n == 0) {
        et_call_link_sentry(call, NULL, NULL);
        return;
    }

    et_releases_cursor(&next, &list->items[list->n - 1], 0);
    et_releases_cursor(&previous, &list->items[0], 1);

    et_call_link_sentry(call, list->more ? &next : NULL,
                        list->before ? &previous : NULL);
}


static void
et_releases_cursor(et_cursor_t *cursor, const et_release_t *release, int back)
{
    memset(cursor, 0, sizeof(et_cursor_t));

    cursor->back = back;
    cursor->key = release->key;
    cursor->id[0] = release->hash;
}


void
et_releases_ask_shown(et_call_t *call, const et_releases_filter_t *filter,
    const et_releases_t *list)
{
    size_t       i;
    et_sql_t    *query;
    et_slice_t  *versions;

    versions = et_arena_alloc(call->arena,
                              (list->n + 1) * sizeof(et_slice_t));
    if (versions == NULL) {
        call->failed = 1;
        return;
    }

    for (i = 0; i < list->n; i++) {
        versions[i] = list->items[i].version;
    }

    query = et_call_query(call, ET_SQL_NEW_ERRORS_COLUMNS);
    et_sql_add(query, ET_SQL_NEW_ERRORS);
    et_sql_of_projects(query, filter->all);
    et_sql_add(query, ET_SQL_NEW_ERRORS_END);
    et_releases_ask_of(query, filter, versions, list->n);

    query = et_call_query(call, ET_SQL_DEPLOYS_OF_COLUMNS);
    et_sql_add(query, ET_SQL_DEPLOYS_OF);
    et_releases_ask_of(query, filter, versions, list->n);
}


static void
et_releases_ask_of(et_sql_t *query,
    const et_releases_filter_t *filter, const et_slice_t *versions, size_t n)
{
    et_sql_u64s(query, "projects", filter->projects, filter->nprojects);
    et_sql_strs(query, "versions", versions, n);
}


int
et_releases_read_shown(et_call_t *call, const et_slice_t *answers,
    et_releases_t *list)
{
    size_t         i;
    et_value_t    *row;
    et_result_t    result;
    et_release_t  *release;

    row = result.row;

    et_result_open(&result, ET_SQL_NEW_ERRORS_COLUMNS, answers[0]);

    while (et_result_next(&result)) {
        release = et_releases_find(list, row[1].s);

        if (release == NULL) {
            continue;
        }

        release->new_errors += row[2].u;

        for (i = 0; i < release->nprojects; i++) {
            if (release->projects[i] == row[0].u) {
                release->new_of[i] += row[2].u;
            }
        }
    }

    if (result.bad) {
        return et_releases_unreadable(call);
    }

    et_result_open(&result, ET_SQL_DEPLOYS_OF_COLUMNS, answers[1]);

    while (et_result_next(&result)) {
        release = et_releases_find(list, row[0].s);

        if (release != NULL) {
            release->deploys = row[1].u;
            et_deploy_read(row + 2, &release->last_deploy);
        }
    }

    return result.bad ? et_releases_unreadable(call) : 1;
}


static et_release_t *
et_releases_find(const et_releases_t *list, et_slice_t version)
{
    size_t  i;

    for (i = 0; i < list->n; i++) {
        if (et_slice_eq(list->items[i].version, version)) {
            return &list->items[i];
        }
    }

    return NULL;
}


void
et_release_write(et_call_t *call, const et_release_put_t *put,
    const uint64_t *projects, size_t nprojects)
{
    et_sql_t  *query;

    query = et_release_query(call, NULL, ET_SQL_RELEASE_WRITE, put->version,
                             projects, nprojects);
    query->write = 1;

    et_sql_i64(query, "released", put->released);
    et_release_text(query, "has_ref", "ref", put->ref);
    et_release_text(query, "has_url", "url", put->url);
    et_release_text(query, "has_status", "status", put->status);
    et_release_text(query, "has_commits", "commits", put->commits);
    et_release_text(query, NULL, "last_commit", put->last_commit);
    et_sql_u64(query, "ncommits", put->ncommits);
}


static void
et_release_text(et_sql_t *query, const char *has, const char *name,
    et_slice_t value)
{
    if (has != NULL) {
        et_sql_u64(query, has, value.data != NULL);
    }

    et_sql_str(query, name, value.data != NULL ? value : et_slice("", 0));
}


void
et_release_delete(et_call_t *call, et_slice_t version,
    const uint64_t *projects, size_t nprojects)
{
    et_release_query(call, NULL, ET_SQL_RELEASE_DELETE, version, projects,
                     nprojects)->write = 1;
    et_release_query(call, NULL, ET_SQL_DEPLOYS_DELETE, version, projects,
                     nprojects)->write = 1;
}


void
et_release_ask_commits(et_call_t *call, et_slice_t version,
    const uint64_t *projects, size_t nprojects)
{
    (void) et_release_query(call, ET_SQL_COMMITS_COLUMNS, ET_SQL_COMMITS,
                            version, projects, nprojects);
}


int
et_release_read_commits(et_call_t *call, et_slice_t answer,
    et_slice_t *commits)
{
    et_result_t  result;

    et_result_open(&result, ET_SQL_COMMITS_COLUMNS, answer);

    *commits = et_result_next(&result) ? result.row[0].s : et_slice("", 0);

    return result.bad ? et_releases_unreadable(call) : 1;
}


void
et_deploys_ask(et_call_t *call, et_slice_t version, const uint64_t *projects,
    size_t nprojects)
{
    (void) et_release_query(call, ET_SQL_DEPLOYS_COLUMNS, ET_SQL_DEPLOYS,
                            version, projects, nprojects);
}


int
et_deploys_read(et_call_t *call, et_slice_t answer, et_deploy_t **items,
    size_t *n)
{
    et_result_t  result;

    *n = 0;
    *items = et_arena_zalloc(call->arena,
                             ET_DEPLOYS_MAX * sizeof(et_deploy_t));
    if (*items == NULL) {
        et_call_no_memory(call);
        return 0;
    }

    et_result_open(&result, ET_SQL_DEPLOYS_COLUMNS, answer);

    while (*n < ET_DEPLOYS_MAX && et_result_next(&result)) {
        et_deploy_read(result.row, &(*items)[(*n)++]);
    }

    return result.bad ? et_releases_unreadable(call) : 1;
}


static void
et_deploy_read(et_value_t *row, et_deploy_t *deploy)
{
    deploy->id = row[0].u;
    deploy->environment = row[1].s;
    deploy->name = row[2].s;
    deploy->url = row[3].s;
    deploy->started = row[4].i;
    deploy->finished = row[5].i;
}


void
et_deploy_write(et_call_t *call, et_slice_t version,
    const et_deploy_t *deploy, const uint64_t *projects, size_t nprojects)
{
    et_sql_t  *query;

    query = et_release_query(call, NULL, ET_SQL_DEPLOY_WRITE, version,
                             projects, nprojects);
    query->write = 1;

    et_sql_u64(query, "deploy", deploy->id);
    et_release_text(query, NULL, "environment", deploy->environment);
    et_release_text(query, NULL, "name", deploy->name);
    et_release_text(query, NULL, "url", deploy->url);
    et_sql_i64(query, "started", deploy->started);
    et_sql_i64(query, "finished", deploy->finished);
}


static et_sql_t *
et_release_query(et_call_t *call, const char *columns, const char *sql,
    et_slice_t version, const uint64_t *projects, size_t nprojects)
{
    et_sql_t  *query;

    query = et_call_query(call, columns);

    et_sql_add(query, sql);
    et_sql_str(query, "version", version);
    et_sql_u64s(query, "projects", projects, nprojects);

    return query;
}


static int
et_releases_unreadable(et_call_t *call)
{
    et_call_unreadable(call);

    return 0;
}
