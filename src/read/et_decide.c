/*
 * Decisions about errors: a row of error_status each, made of the decision
 * and, where the decision leaves something as it is, of the row before.
 */

#include "et_decide.h"


/* by the primary key, and these pairs alone */

#define ET_SQL_DECIDE_THESE                                                   \
    "WHERE project_id IN {projects:Array(UInt64)} "                           \
    "AND fingerprint IN {fingerprints:Array(UInt64)} "                        \
    "AND (project_id, fingerprint) IN (SELECT t.1, t.2 FROM (SELECT "         \
    "arrayJoin(arrayZip({projects:Array(UInt64)}, "                           \
    "{fingerprints:Array(UInt64)})) AS t)) "

#define ET_SQL_DECIDE                                                         \
    "INSERT INTO error_status (project_id, fingerprint, version, changed, "   \
    "status, changed_by, release, after_release, until, until_n, "            \
    "until_users, assigned_to) "                                              \
    "WITH {decided:UInt8} = 1 AS decided SELECT "                             \
    "e.project_id, e.fingerprint, now64(6), "                                 \
    "if(decided, now64(6), s.changed), "                                      \
    "multiIf(decided, {status:String}, s.status = '', 'unresolved', "         \
    "s.status), "                                                             \
    "if(decided, {by:String}, s.changed_by), "                                \
    "if(decided, if({latest:UInt8} = 1, latest.release, {release:String}), "    \
    "s.release), "                                                            \
    "if(decided, {next:UInt8}, s.after_release), "                            \
    "if(decided, fromUnixTimestamp64Micro({until:Int64}, 'UTC'), s.until), "  \
    "if(decided, if({count:UInt64} = 0, 0, e.n + {count:UInt64}), "           \
    "s.until_n), "                                                            \
    "if(decided, if({users:UInt64} = 0, 0, e.users + {users:UInt64}), "       \
    "s.until_users), "                                                        \
    "if({assign:UInt8} = 1, {assigned_to:String}, s.assigned_to) "            \
    "FROM (SELECT project_id, fingerprint, sum(errors.n) AS n, "              \
    "uniqMerge(errors.users) AS users FROM errors " ET_SQL_DECIDE_THESE       \
    "GROUP BY project_id, fingerprint HAVING n > 0) AS e "                    \
    "LEFT JOIN (SELECT * FROM error_status FINAL " ET_SQL_DECIDE_THESE        \
    ") AS s "                                                                 \
    "ON s.project_id = e.project_id AND s.fingerprint = e.fingerprint "       \
    "LEFT JOIN (SELECT project_id, argMax(version, since) AS release FROM ("  \
    "SELECT project_id, version, if(released > toDateTime64(0, 6, 'UTC'), "   \
    "released, created) AS since FROM releases FINAL "                        \
    "WHERE {latest:UInt8} = 1 AND project_id IN {projects:Array(UInt64)} "    \
    "UNION ALL SELECT project_id, version, "                                  \
    "min(releases_seen.first_seen) AS since FROM releases_seen "              \
    "WHERE {latest:UInt8} = 1 AND project_id IN {projects:Array(UInt64)} "    \
    "GROUP BY project_id, version) GROUP BY project_id) AS latest "           \
    "ON latest.project_id = e.project_id"


static et_slice_t et_decide_text(et_slice_t s);


void
et_decide(et_call_t *call, const et_decision_t *decision,
    const uint64_t *projects, const uint64_t *fingerprints, size_t n)
{
    et_sql_t  *query;

    query = et_call_query(call, NULL);

    query->write = 1;

    et_sql_add(query, ET_SQL_DECIDE);

    et_sql_u64s(query, "projects", projects, n);
    et_sql_u64s(query, "fingerprints", fingerprints, n);
    et_sql_u64(query, "decided", decision->status != ET_STATUS_ANY);
    et_sql_str(query, "status", et_status_name(decision->status));
    et_sql_str(query, "by", et_decide_text(decision->by));
    et_sql_u64(query, "next", decision->next_release);
    et_sql_u64(query, "latest", decision->next_release
                                || decision->latest_release);
    et_sql_str(query, "release", et_decide_text(decision->release));
    et_sql_i64(query, "until", decision->until);
    et_sql_u64(query, "count", decision->count);
    et_sql_u64(query, "users", decision->users);
    et_sql_u64(query, "assign", decision->assigned_to.data != NULL);
    et_sql_str(query, "assigned_to",
                 et_decide_text(decision->assigned_to));
}


static et_slice_t
et_decide_text(et_slice_t s)
{
    return s.data == NULL ? et_slice("", 0) : s;
}
