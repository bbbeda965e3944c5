/*
 * Attachments.  A file is kept in chunks, which are read several at a time
 * and put together in the arena, so the arena's size bounds it.
 */

#include "et_events.h"
#include "et_sentry.h"
#include "et_sentry_attachments.h"


#define ET_ATTACHMENTS_LIST    1000

/* of one query: 4 MiB, with 512 KiB a chunk */
#define ET_ATTACHMENT_CHUNKS   8
#define ET_ATTACHMENT_QUERIES  12

#define ET_SQL_ATTACHMENTS                                                    \
    "SELECT attachment_id, any(a.filename), any(toString(a.content_type)), "  \
    "any(toString(a.attachment_type)), any(a.size), min(a.timestamp) AS at, " \
    "toUInt64(any(a.chunks)) AS parts, toUInt8(uniqExact(a.chunk) = parts) "  \
    "FROM attachments AS a WHERE project_id = {project:UInt64} "              \
    "AND event_id = {event:UUID}"
#define ET_SQL_ATTACHMENTS_ONE  " AND attachment_id = {id:UInt64}"
#define ET_SQL_ATTACHMENTS_END                                                \
    " GROUP BY attachment_id ORDER BY at, attachment_id LIMIT {limit:UInt64}"

#define ET_SQL_ATTACHMENTS_COLUMNS  "QsssQtQC"

#define ET_SQL_ATTACHMENT_DATA                                                \
    "SELECT data FROM attachments WHERE project_id = {project:UInt64} "       \
    "AND event_id = {event:UUID} AND attachment_id = {id:UInt64} "            \
    "AND chunk >= {from:UInt64} AND chunk < {to:UInt64} "                     \
    "ORDER BY chunk LIMIT 1 BY chunk"

#define ET_SQL_ATTACHMENT_DATA_COLUMNS  "s"


typedef struct {
    et_sentry_t   sentry;
    et_slice_t    event;
    uint64_t      id;              /* of one */
    int           download;
    et_slice_t    filename;
    uint64_t      size;            /* bytes */
    uint64_t      chunks;
} et_attachments_t;


static int et_attachments_begin(et_call_t *call,
    et_attachments_t *attachments);
static void et_attachments_ask(et_call_t *call,
    const et_attachments_t *attachments);
static cJSON *et_attachment_json(const et_attachments_t *attachments,
    const et_value_t *row);
static et_call_rc_t et_attachment_found(et_call_t *call,
    et_attachments_t *attachments);
static void et_attachment_ask(et_call_t *call,
    const et_attachments_t *attachments);
static et_call_rc_t et_attachment_answer(et_call_t *call,
    const et_attachments_t *attachments);
static et_slice_t et_attachment_disposition(et_call_t *call,
    et_slice_t filename);


et_call_rc_t
et_sentry_attachments(et_call_t *call)
{
    cJSON             *list;
    et_result_t        result;
    et_attachments_t  *attachments;

    attachments = et_call_state(call, sizeof(et_attachments_t));
    if (attachments == NULL) {
        return et_call_no_memory(call);
    }

    switch (call->step) {

    case 0:
        et_sentry_ask(call);

        return ET_CALL_ASK;

    case 1:
        if (!et_attachments_begin(call, attachments)) {
            return ET_CALL_ANSWERED;
        }

        et_attachments_ask(call, attachments);

        return ET_CALL_ASK;
    }

    list = cJSON_CreateArray();

    et_result_open(&result, ET_SQL_ATTACHMENTS_COLUMNS, call->answers[0]);

    while (et_result_next(&result)) {
        cJSON_AddItemToArray(list, et_attachment_json(attachments,
                                                      result.row));
    }

    return result.bad ? et_call_unreadable(call)
                      : et_call_json(call, 200, list);
}


et_call_rc_t
et_sentry_attachment(et_call_t *call)
{
    et_attachments_t  *attachments;

    attachments = et_call_state(call, sizeof(et_attachments_t));
    if (attachments == NULL) {
        return et_call_no_memory(call);
    }

    switch (call->step) {

    case 0:
        if (!et_call_segment(call, 3, UINT64_MAX, &attachments->id)) {
            return ET_CALL_ANSWERED;
        }

        attachments->download =
            et_params_get(&call->params, "download").data != NULL;

        et_sentry_ask(call);

        return ET_CALL_ASK;

    case 1:
        if (!et_attachments_begin(call, attachments)) {
            return ET_CALL_ANSWERED;
        }

        et_attachments_ask(call, attachments);

        return ET_CALL_ASK;

    case 2:
        return et_attachment_found(call, attachments);
    }

    return et_attachment_answer(call, attachments);
}


static int
et_attachments_begin(et_call_t *call, et_attachments_t *attachments)
{
    if (!et_sentry_read(call, call->answers[0], ET_SENTRY_PROJECT,
                        &attachments->sentry))
    {
        return 0;
    }

    attachments->event = call->segments[2];

    if (!et_event_id_known(attachments->event)) {
        et_call_fail(call, 404, "no such event: an id has 32 hexadecimal "
                     "digits");
        return 0;
    }

    return 1;
}


static void
et_attachments_ask(et_call_t *call, const et_attachments_t *attachments)
{
    et_sql_t  *query;

    query = et_call_query(call, ET_SQL_ATTACHMENTS_COLUMNS);

    et_sql_add(query, ET_SQL_ATTACHMENTS);
    et_sql_u64(query, "project", attachments->sentry.project->id);
    et_sql_str(query, "event", attachments->event);
    et_sql_u64(query, "limit", ET_ATTACHMENTS_LIST);

    if (call->nsegments == 4) {
        et_sql_add(query, ET_SQL_ATTACHMENTS_ONE);
        et_sql_u64(query, "id", attachments->id);
    }

    et_sql_add(query, ET_SQL_ATTACHMENTS_END);
}


static cJSON *
et_attachment_json(const et_attachments_t *attachments, const et_value_t *row)
{
    cJSON       *item, *headers;
    et_slice_t   type;

    type = row[2].s.len != 0 ? row[2].s
                             : et_slice("application/octet-stream", 24);

    item = cJSON_CreateObject();

    et_out_digits(item, "id", row[0].u);
    et_out_str(item, "event_id", attachments->event);
    et_out_str(item, "name", row[1].s);
    et_out_str(item, "mimetype", type);
    et_out_str(item, "type", row[3].s.len != 0 ? row[3].s
                                     : et_slice("event.attachment", 16));
    headers = et_out_object(item, "headers");
    et_out_str(headers, "Content-Type", type);
    et_out_u64(item, "size", row[4].u);
    et_out_null(item, "sha1");
    et_out_time(item, "dateCreated", row[5].i);

    return item;
}


static et_call_rc_t
et_attachment_found(et_call_t *call, et_attachments_t *attachments)
{
    cJSON        *item;
    et_result_t   result;

    et_result_open(&result, ET_SQL_ATTACHMENTS_COLUMNS, call->answers[0]);

    if (!et_result_next(&result)) {
        return result.bad ? et_call_unreadable(call)
                          : et_call_fail(call, 404, "no such attachment");
    }

    if (!attachments->download) {
        item = et_attachment_json(attachments, result.row);

        return et_call_json(call, 200, item);
    }

    attachments->filename = result.row[1].s;
    attachments->size = result.row[4].u;
    attachments->chunks = result.row[6].u;

    if (!result.row[7].u) {
        return et_call_fail(call, 404, "parts of the attachment are not "
                            "there");
    }

    if (attachments->chunks > ET_ATTACHMENT_CHUNKS * ET_ATTACHMENT_QUERIES) {
        return et_call_fail(call, 413, "the attachment is larger than this "
                            "API sends: read it from ClickHouse");
    }

    et_attachment_ask(call, attachments);

    return ET_CALL_ASK;
}


static void
et_attachment_ask(et_call_t *call, const et_attachments_t *attachments)
{
    uint64_t   chunk;
    et_sql_t  *query;

    for (chunk = 0; chunk < attachments->chunks;
         chunk += ET_ATTACHMENT_CHUNKS)
    {
        query = et_call_query(call, ET_SQL_ATTACHMENT_DATA_COLUMNS);

        et_sql_add(query, ET_SQL_ATTACHMENT_DATA);
        et_sql_u64(query, "project", attachments->sentry.project->id);
        et_sql_str(query, "event", attachments->event);
        et_sql_u64(query, "id", attachments->id);
        et_sql_u64(query, "from", chunk);
        et_sql_u64(query, "to", chunk + ET_ATTACHMENT_CHUNKS);
    }
}


/* The bytes as they came, of no type that a browser would show. */

static et_call_rc_t
et_attachment_answer(et_call_t *call, const et_attachments_t *attachments)
{
    char         *data;
    size_t        i, n, len;
    et_slice_t    part;
    et_result_t   result;

    data = et_arena_alloc(call->arena, attachments->size + 1);
    if (data == NULL) {
        return et_call_no_memory(call);
    }

    len = 0;
    n = (attachments->chunks + ET_ATTACHMENT_CHUNKS - 1)
        / ET_ATTACHMENT_CHUNKS;

    for (i = 0; i < n; i++) {
        et_result_open(&result, ET_SQL_ATTACHMENT_DATA_COLUMNS,
                       call->answers[i]);

        while (et_result_next(&result)) {
            part = result.row[0].s;

            if (part.len > attachments->size - len) {
                return et_call_unreadable(call);
            }

            if (part.len != 0) {
                memcpy(data + len, part.data, part.len);
            }

            len += part.len;
        }

        if (result.bad) {
            return et_call_unreadable(call);
        }
    }

    if (len != attachments->size) {
        return et_call_fail(call, 404, "parts of the attachment are not "
                            "there");
    }

    call->filename = et_attachment_disposition(call, attachments->filename);

    if (call->filename.data == NULL) {
        return et_call_no_memory(call);
    }

    call->status = 200;
    call->type = "application/octet-stream";
    call->answer = et_slice(data, len);

    return ET_CALL_ANSWERED;
}


/*
 * RFC 6266: a name of ASCII, for those who read no other, and the name as it
 * is.  What could end the header, the quotes or the folder is none of either.
 */

static et_slice_t
et_attachment_disposition(et_call_t *call, et_slice_t filename)
{
    char        c;
    size_t      i, start;
    et_text_t   text;

    for (start = 0, i = 0; i < filename.len; i++) {
        if (filename.data[i] == '/' || filename.data[i] == '\\') {
            start = i + 1;
        }
    }

    filename = et_slice(filename.data + start, filename.len - start);

    if (filename.len == 0) {
        filename = et_slice("attachment", 10);
    }

    et_text_init(&text, call->arena);
    et_text_str(&text, "attachment; filename=\"");

    for (i = 0; i < filename.len; i++) {
        c = filename.data[i];
        et_text_char(&text, c < ' ' || c > '~' || c == '"' || c == '%'
                            ? '_' : c);
    }

    et_text_str(&text, "\"; filename*=UTF-8''");
    et_text_url(&text, filename);

    return et_text_slice(&text);
}
