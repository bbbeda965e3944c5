/*
 * Projects.
 */

#include <stdlib.h>

#include "et_projects.h"
#include "et_route.h"


#define ET_PROJECTS_MAX  10000

/* rows with names and rows without, which are put together here: planning a
 * join or an aggregation takes longer than all of the rest */

#define ET_SQL_PROJECTS_SEEN                                                  \
    "SELECT DISTINCT project_id, '' AS organization, '' AS slug, "            \
    "'' AS name, '' AS platform FROM projects_seen "                          \
    "ORDER BY project_id LIMIT 10001"

#define ET_SQL_PROJECTS_GIVEN                                                 \
    "SELECT arrayJoin({projects:Array(UInt64)}) AS project_id, "              \
    "'' AS organization, '' AS slug, '' AS name, '' AS platform"

#define ET_SQL_PROJECTS_NAMED                                                 \
    " UNION ALL SELECT project_id, organization, slug, name, "                \
    "toString(platform) FROM projects FINAL"
#define ET_SQL_PROJECTS_THESE                                                 \
    " WHERE project_id IN {projects:Array(UInt64)}"
#define ET_SQL_PROJECTS_END                                                   \
    " ORDER BY project_id LIMIT 10001"

#define ET_SQL_PROJECTS_COLUMNS  "Qssss"


static int et_projects_add(et_call_t *call, et_projects_t *projects,
    const et_value_t *row, size_t *size);
static int et_projects_order(const void *a, const void *b);
static void et_projects_merge(et_projects_t *projects);
static void et_project_take(et_slice_t *text, et_slice_t other);
static void et_project_name(et_call_t *call, et_project_t *project);


void
et_projects_ask(et_call_t *call, const uint64_t *ids, size_t n)
{
    et_sql_t  *query;

    query = et_call_query(call, ET_SQL_PROJECTS_COLUMNS);

    et_sql_add(query, ids == NULL ? ET_SQL_PROJECTS_SEEN
                                  : ET_SQL_PROJECTS_GIVEN);
    et_sql_add(query, ET_SQL_PROJECTS_NAMED);

    if (ids != NULL) {
        et_sql_add(query, ET_SQL_PROJECTS_THESE);
        et_sql_u64s(query, "projects", ids, n);
    }

    et_sql_add(query, ET_SQL_PROJECTS_END);
}


int
et_projects_read(et_call_t *call, et_slice_t answer, et_projects_t *projects)
{
    size_t       i, size;
    et_result_t  result;

    projects->items = NULL;
    projects->n = 0;
    size = 0;

    et_result_open(&result, ET_SQL_PROJECTS_COLUMNS, answer);

    while (et_result_next(&result)) {
        if (!et_projects_add(call, projects, result.row, &size)) {
            et_call_no_memory(call);
            return 0;
        }
    }

    if (result.bad) {
        et_call_unreadable(call);
        return 0;
    }

    et_projects_merge(projects);

    for (i = 0; i < projects->n; i++) {
        et_project_name(call, &projects->items[i]);
    }

    return 1;
}


static int
et_projects_add(et_call_t *call, et_projects_t *projects,
    const et_value_t *row, size_t *size)
{
    et_project_t  *project, *items;

    if (projects->n == *size) {
        *size = *size == 0 ? 64 : 2 * *size;

        items = et_arena_alloc(call->arena, *size * sizeof(et_project_t));
        if (items == NULL) {
            return 0;
        }

        if (projects->n != 0) {
            memcpy(items, projects->items,
                   projects->n * sizeof(et_project_t));
        }

        projects->items = items;
    }

    project = &projects->items[projects->n++];

    project->id = row[0].u;
    project->organization = row[1].s;
    project->slug = row[2].s;
    project->name = row[3].s;
    project->platform = row[4].s;

    return 1;
}


static int
et_projects_order(const void *a, const void *b)
{
    const et_project_t  *left, *right;

    left = a;
    right = b;

    return (left->id > right->id) - (left->id < right->id);
}


/* One of each, by id, with what any row says of it. */

static void
et_projects_merge(et_projects_t *projects)
{
    size_t         i, n;
    et_project_t  *last, *item;

    if (projects->n == 0) {
        return;
    }

    qsort(projects->items, projects->n, sizeof(et_project_t),
          et_projects_order);

    last = projects->items;

    for (n = 1, i = 1; i < projects->n; i++) {
        item = &projects->items[i];

        if (item->id != last->id) {
            last = &projects->items[n++];
            *last = *item;
            continue;
        }

        et_project_take(&last->organization, item->organization);
        et_project_take(&last->slug, item->slug);
        et_project_take(&last->name, item->name);
        et_project_take(&last->platform, item->platform);
    }

    projects->n = n < ET_PROJECTS_MAX ? n : ET_PROJECTS_MAX;
}


static void
et_project_take(et_slice_t *text, et_slice_t other)
{
    if (text->len == 0) {
        *text = other;
    }
}


static void
et_project_name(et_call_t *call, et_project_t *project)
{
    et_text_t  digits;

    if (project->slug.len == 0) {
        et_text_init(&digits, call->arena);
        et_text_u64(&digits, project->id);
        project->slug = et_text_slice(&digits);
    }

    if (project->name.len == 0) {
        project->name = project->slug;
    }
}


et_project_t *
et_project_find(const et_projects_t *projects, uint64_t id)
{
    size_t  low, high, middle;

    low = 0;
    high = projects->n;

    while (low < high) {
        middle = low + (high - low) / 2;

        if (projects->items[middle].id == id) {
            return &projects->items[middle];
        }

        if (projects->items[middle].id < id) {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    return NULL;
}


int
et_call_projects(et_call_t *call, uint64_t **ids, size_t *n)
{
    size_t      i;
    et_slice_t  value;

    *n = 0;

    *ids = et_arena_alloc(call->arena, ET_PARAMS_MAX * sizeof(uint64_t));
    if (*ids == NULL) {
        et_call_no_memory(call);
        return 0;
    }

    i = 0;

    while (et_params_next(&call->params, "project", &i, &value)) {

        if (!et_parse_u64(value, &(*ids)[*n])) {
            et_call_fail(call, 400, "project has to be a number");
            return 0;
        }

        (*n)++;
    }

    return 1;
}
