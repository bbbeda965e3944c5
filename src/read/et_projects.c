/*
 * Projects.
 */

#include "et_projects.h"
#include "et_route.h"


#define ET_PROJECTS_MAX  10000

/* without a join, whose planning takes longer than all of the rest */

#define ET_SQL_PROJECTS_ALL                                                   \
    "SELECT project_id, max(p.organization), max(p.slug), max(p.name), "      \
    "max(p.platform) FROM (SELECT DISTINCT project_id, '' AS organization, "  \
    "'' AS slug, '' AS name, '' AS platform FROM projects_seen UNION ALL "    \
    "SELECT project_id, organization, slug, name, toString(platform) "        \
    "FROM projects FINAL) AS p "                                              \
    "GROUP BY project_id ORDER BY project_id LIMIT 10001"

#define ET_SQL_PROJECTS_SOME                                                  \
    "SELECT p.project_id AS project_id, q.organization, q.slug, q.name, "     \
    "q.platform FROM (SELECT DISTINCT arrayJoin({projects:Array(UInt64)}) "   \
    "AS project_id) AS p LEFT JOIN (SELECT * FROM projects FINAL "            \
    "WHERE project_id IN {projects:Array(UInt64)}) AS q "                     \
    "ON q.project_id = p.project_id ORDER BY project_id LIMIT 10001"

#define ET_SQL_PROJECTS_COLUMNS  "Qssss"


void
et_projects_ask(et_call_t *call, const uint64_t *ids, size_t n)
{
    et_sql_t  *query;

    query = et_call_query(call, ET_SQL_PROJECTS_COLUMNS);

    if (ids == NULL) {
        et_sql_add(query, ET_SQL_PROJECTS_ALL);
        return;
    }

    et_sql_add(query, ET_SQL_PROJECTS_SOME);
    et_sql_u64s(query, "projects", ids, n);
}


int
et_projects_read(et_call_t *call, et_slice_t answer, et_projects_t *projects)
{
    size_t         size;
    et_text_t      digits;
    et_result_t    result;
    et_project_t  *project, *items;

    projects->items = NULL;
    projects->n = 0;
    size = 0;

    et_result_open(&result, ET_SQL_PROJECTS_COLUMNS, answer);

    while (projects->n < ET_PROJECTS_MAX && et_result_next(&result)) {

        if (projects->n == size) {
            size = size == 0 ? 64 : 2 * size;

            items = et_arena_alloc(call->arena, size * sizeof(et_project_t));
            if (items == NULL) {
                et_call_no_memory(call);
                return 0;
            }

            if (projects->n != 0) {
                memcpy(items, projects->items,
                       projects->n * sizeof(et_project_t));
            }

            projects->items = items;
        }

        project = &projects->items[projects->n++];

        project->id = result.row[0].u;
        project->organization = result.row[1].s;
        project->slug = result.row[2].s;
        project->name = result.row[3].s;
        project->platform = result.row[4].s;

        if (project->slug.len == 0) {
            et_text_init(&digits, call->arena);
            et_text_u64(&digits, project->id);
            project->slug = et_text_slice(&digits);
        }

        if (project->name.len == 0) {
            project->name = project->slug;
        }
    }

    if (result.bad) {
        et_call_unreadable(call);
        return 0;
    }

    return 1;
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
