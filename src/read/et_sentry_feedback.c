/*
 * User feedback: the newest first, each with the issue of its event.
 */

#include "et_offset.h"
#include "et_sentry.h"
#include "et_sentry_feedback.h"


#define ET_FEEDBACK_PAGE  100

#define ET_SQL_FEEDBACK                                                       \
    "SELECT replaceAll(toString(event_id), '-', ''), "                        \
    "if(associated_event_id = toUUID('00000000-0000-0000-0000-000000000000')" \
    ", '', replaceAll(toString(associated_event_id), '-', '')), timestamp, "  \
    "name, email, message, user_id, url, toString(source), "                  \
    "toString(environment), toString(release), fingerprint FROM feedback "    \
    "LEFT JOIN (SELECT event_id AS seen, any(events.fingerprint) AS "         \
    "fingerprint FROM events WHERE project_id = {project:UInt64} "            \
    "AND event_id IN (SELECT associated_event_id FROM feedback "              \
    "WHERE project_id = {project:UInt64} ORDER BY timestamp DESC, event_id "  \
    "LIMIT {reach:UInt64}) GROUP BY event_id) AS e "                          \
    "ON e.seen = associated_event_id WHERE project_id = {project:UInt64} "    \
    "ORDER BY timestamp DESC, feedback.event_id "                             \
    "LIMIT {limit:UInt64} OFFSET {offset:UInt64}"

#define ET_SQL_FEEDBACK_COLUMNS  "sstssssssssQ"


typedef struct {
    et_sentry_t   sentry;
    uint64_t      limit;
    uint64_t      offset;
} et_feedback_list_t;


static cJSON *et_feedback_json(et_call_t *call,
    const et_feedback_list_t *feedback, const et_value_t *row);
static void et_feedback_text(cJSON *object, const char *name,
    et_slice_t value);


et_call_rc_t
et_sentry_feedback(et_call_t *call)
{
    cJSON               *list;
    uint64_t             n;
    et_sql_t            *query;
    et_result_t          result;
    et_feedback_list_t  *feedback;

    feedback = et_call_state(call, sizeof(et_feedback_list_t));
    if (feedback == NULL) {
        return et_call_no_memory(call);
    }

    switch (call->step) {

    case 0:
        feedback->limit = ET_FEEDBACK_PAGE;

        if (!et_call_offset(call, ET_FEEDBACK_PAGE, &feedback->limit,
                            &feedback->offset))
        {
            return ET_CALL_ANSWERED;
        }

        et_sentry_ask(call);

        return ET_CALL_ASK;

    case 1:
        if (!et_sentry_read(call, call->answers[0], ET_SENTRY_PROJECT,
                            &feedback->sentry))
        {
            return ET_CALL_ANSWERED;
        }

        query = et_call_query(call, ET_SQL_FEEDBACK_COLUMNS);

        et_sql_add(query, ET_SQL_FEEDBACK);
        et_sql_u64(query, "project", feedback->sentry.project->id);
        et_sql_u64(query, "limit", feedback->limit + 1);
        et_sql_u64(query, "offset", feedback->offset);
        et_sql_u64(query, "reach", feedback->limit + feedback->offset + 1);

        return ET_CALL_ASK;
    }

    list = cJSON_CreateArray();
    n = 0;

    et_result_open(&result, ET_SQL_FEEDBACK_COLUMNS, call->answers[0]);

    while (et_result_next(&result) && ++n <= feedback->limit) {
        cJSON_AddItemToArray(list, et_feedback_json(call, feedback,
                                                    result.row));
    }

    if (result.bad) {
        return et_call_unreadable(call);
    }

    et_call_link_offset(call, feedback->limit, feedback->offset,
                        n > feedback->limit);

    return et_call_json(call, 200, list);
}


static cJSON *
et_feedback_json(et_call_t *call, const et_feedback_list_t *feedback,
    const et_value_t *row)
{
    cJSON     *item, *part;
    uint64_t   id;

    item = cJSON_CreateObject();

    et_out_str(item, "id", row[0].s);
    et_out_str(item, "eventID", row[1].s.len != 0 ? row[1].s : row[0].s);
    et_out_time(item, "dateCreated", row[2].i);
    et_feedback_text(item, "name", row[3].s);
    et_feedback_text(item, "email", row[4].s);
    et_out_str(item, "comments", row[5].s);
    et_feedback_text(item, "url", row[7].s);
    et_feedback_text(item, "source", row[8].s);
    et_feedback_text(item, "environment", row[9].s);
    et_feedback_text(item, "release", row[10].s);

    if (row[6].s.len == 0) {
        et_out_null(item, "user");

    } else {
        part = et_out_object(item, "user");
        et_out_str(part, "id", row[6].s);
        et_feedback_text(part, "email", row[4].s);
        et_feedback_text(part, "name", row[3].s);
    }

    if (row[1].s.len == 0) {
        et_out_null(item, "event");

    } else {
        part = et_out_object(item, "event");
        et_out_str(part, "id", row[1].s);
        et_out_str(part, "eventID", row[1].s);
    }

    if (row[11].u == 0) {
        et_out_null(item, "issue");

    } else {
        id = et_issue_id(feedback->sentry.project->id, row[11].u);
        part = et_out_object(item, "issue");
        et_out_digits(part, "id", id);
        et_out_short_id(call, part, "shortId", feedback->sentry.project, id);
    }

    return item;
}


static void
et_feedback_text(cJSON *object, const char *name, et_slice_t value)
{
    if (value.len == 0) {
        et_out_null(object, name);

    } else {
        et_out_str(object, name, value);
    }
}
