/*
 * Deleting a project's data.
 *
 * DELETE marks rows, and they are gone for every reader once it has returned;
 * merges remove them from the disk.  APPLY DELETED MASK asks for that now, and
 * is not waited for: it rewrites all that the project's rows lie in.
 */

#include "et_delete.h"


#define ET_SQL_DELETE_TABLES                                                  \
    "SELECT name FROM system.tables WHERE database = currentDatabase() "      \
    "AND engine LIKE '%MergeTree%' AND name IN (SELECT table "                \
    "FROM system.columns WHERE database = currentDatabase() "                 \
    "AND name = 'project_id') ORDER BY name"

#define ET_SQL_DELETE_SYNC                                                    \
    " SETTINGS lightweight_deletes_sync = 2, mutations_sync = 2"

#define ET_SQL_DELETE                                                         \
    "DELETE FROM {table:Identifier} WHERE project_id = {project:UInt64}"      \
    ET_SQL_DELETE_SYNC

/* errors: what their events have first, and their events last, as these say
 * which errors they are of */

#define ET_SQL_DELETE_PAIRS                                                   \
    "project_id IN {projects:Array(UInt64)} "                                 \
    "AND fingerprint IN {fingerprints:Array(UInt64)} "                        \
    "AND (project_id, fingerprint) IN (SELECT t.1, t.2 FROM (SELECT "         \
    "arrayJoin(arrayZip({projects:Array(UInt64)}, "                           \
    "{fingerprints:Array(UInt64)})) AS t))"

#define ET_SQL_DELETE_EVENTS_OWN(table, column)                               \
    "DELETE FROM " table " WHERE project_id IN {projects:Array(UInt64)} "     \
    "AND (project_id, " column ") IN (SELECT project_id, event_id "           \
    "FROM events WHERE " ET_SQL_DELETE_PAIRS ")" ET_SQL_DELETE_SYNC

#define ET_SQL_DELETE_ERRORS_TABLES                                           \
    "SELECT name FROM system.tables WHERE database = currentDatabase() "      \
    "AND engine LIKE '%MergeTree%' AND name IN (SELECT table "                \
    "FROM system.columns WHERE database = currentDatabase() "                 \
    "AND name IN ('project_id', 'fingerprint') GROUP BY table "               \
    "HAVING count() = 2) ORDER BY name"

#define ET_SQL_DELETE_ERRORS                                                  \
    "DELETE FROM {table:Identifier} WHERE " ET_SQL_DELETE_PAIRS               \
    ET_SQL_DELETE_SYNC

#define ET_SQL_DELETE_MASK                                                    \
    "ALTER TABLE {table:Identifier} APPLY DELETED MASK"                       \
    " SETTINGS mutations_sync = 0"


static et_call_rc_t et_delete_each(et_call_t *call, const char *sql,
    const uint64_t *project);
static et_sql_t *et_delete_query(et_call_t *call, const uint64_t *projects,
    const uint64_t *fingerprints, size_t n);


et_call_rc_t
et_delete_project(et_call_t *call, uint64_t project)
{
    et_sql_t    *query;
    et_slice_t  *tables;

    switch (call->step) {

    case 0:
        query = et_call_query(call, "s");
        et_sql_add(query, ET_SQL_DELETE_TABLES);
        return ET_CALL_ASK;

    case 1:
        tables = et_call_state(call, sizeof(et_slice_t));
        if (tables == NULL) {
            return et_call_no_memory(call);
        }

        *tables = call->answers[0];

        return et_delete_each(call, ET_SQL_DELETE, &project);

    case 2:
        return et_delete_each(call, ET_SQL_DELETE_MASK, NULL);

    default:
        return et_call_empty(call, 204);
    }
}


static et_call_rc_t
et_delete_each(et_call_t *call, const char *sql, const uint64_t *project)
{
    et_sql_t   *query;
    et_slice_t   *tables;
    et_result_t   result;

    tables = call->state;

    et_result_open(&result, "s", *tables);

    while (et_result_next(&result)) {
        query = et_call_query(call, NULL);
        query->write = 1;
        query->slow = 1;

        et_sql_add(query, sql);
        et_sql_str(query, "table", result.row[0].s);

        if (project != NULL) {
            et_sql_u64(query, "project", *project);
        }
    }

    if (result.bad) {
        return et_call_unreadable(call);
    }

    return ET_CALL_ASK;
}


int
et_delete_errors(et_call_t *call, unsigned *phase,
    const uint64_t *projects, const uint64_t *fingerprints, size_t n)
{
    et_sql_t     *query;
    et_result_t   result;

    switch ((*phase)++) {

    case 0:
        query = et_call_query(call, "s");
        et_sql_add(query, ET_SQL_DELETE_ERRORS_TABLES);

        query = et_delete_query(call, projects, fingerprints, n);
        et_sql_add(query, ET_SQL_DELETE_EVENTS_OWN("attachments", "event_id"));

        query = et_delete_query(call, projects, fingerprints, n);
        et_sql_add(query, ET_SQL_DELETE_EVENTS_OWN("feedback",
                                                   "associated_event_id"));
        return -1;

    case 1:
        et_result_open(&result, "s", call->answers[0]);

        while (et_result_next(&result)) {
            query = et_delete_query(call, projects, fingerprints, n);
            et_sql_add(query, ET_SQL_DELETE_ERRORS);
            et_sql_str(query, "table", result.row[0].s);
        }

        if (result.bad) {
            et_call_unreadable(call);
            return 0;
        }

        return -1;

    default:
        return 1;
    }
}


static et_sql_t *
et_delete_query(et_call_t *call, const uint64_t *projects,
    const uint64_t *fingerprints, size_t n)
{
    et_sql_t  *query;

    query = et_call_query(call, NULL);
    query->write = 1;
    query->slow = 1;

    et_sql_u64s(query, "projects", projects, n);
    et_sql_u64s(query, "fingerprints", fingerprints, n);

    return query;
}
