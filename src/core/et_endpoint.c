/*
 * Check-ins and feedback by a URL or a form: they are written as the items
 * that they are the short form of, and read as these.
 */

#include "et_endpoint.h"
#include "et_event_internal.h"
#include "et_query.h"


/* bytes of a field of a form */
#define ET_MAX_FIELD  8192


static et_reason_t et_endpoint_item(et_ingest_t *ingest,
    const et_request_t *request, et_item_type_t type, et_slice_t text,
    et_item_read_pt read);
static cJSON *et_endpoint_object(et_ingest_t *ingest);


et_reason_t
et_cron_read(et_ingest_t *ingest, const et_request_t *request)
{
    cJSON       *root, *duration;
    size_t       i;
    et_slice_t   value, text;
    et_arena_t  *arena;

    static const char *const  names[] = {
        "status", "check_in_id", "environment"
    };

    arena = &ingest->arena;
    root = et_endpoint_object(ingest);

    value = et_endpoint_arg(ingest, request->args, "duration",
                            ET_MAX_TAG_VALUE);

    if (et_json_parse(arena, (char *) value.data, value.len, &duration)
        != ET_OK)
    {
        duration = NULL;
    }

    et_json_begin(arena);

    if (root == NULL) {
        root = cJSON_CreateObject();
    }

    cJSON_DeleteItemFromObjectCaseSensitive(root, "monitor_slug");
    et_endpoint_add(arena, root, "monitor_slug",
                    et_event_cut(request->slug, ET_MAX_TAG_VALUE));

    for (i = 0; i < ET_EVENT_NAMES(names); i++) {
        value = et_endpoint_arg(ingest, request->args, names[i],
                                ET_MAX_TAG_VALUE);

        if (et_json_get(root, names[i]) == NULL) {
            et_endpoint_add(arena, root, names[i], value);
        }
    }

    /* a job that says nothing else says that it has run */

    if (et_json_get(root, "status") == NULL) {
        et_endpoint_add(arena, root, "status", et_slice_str("ok"));
    }

    if (cJSON_IsNumber(duration) && et_json_get(root, "duration") == NULL) {
        (void) cJSON_AddNumberToObject(root, "duration",
                                       duration->valuedouble);
    }

    text = et_endpoint_print(root);

    et_json_end();

    if (text.data == NULL) {
        return et_ingest_no_room(ingest);
    }

    return et_endpoint_item(ingest, request, ET_ITEM_CHECK_IN, text,
                            et_item_check_in);
}


et_reason_t
et_error_page_read(et_ingest_t *ingest, const et_request_t *request)
{
    cJSON       *root;
    size_t       i;
    et_slice_t   form, text;
    et_arena_t  *arena;

    static const char *const  names[] = { "name", "email", "comments" };

    arena = &ingest->arena;
    form = et_slice(ingest->text, ingest->len);

    et_json_begin(arena);

    root = cJSON_CreateObject();

    et_endpoint_add(arena, root, "event_id",
                    et_endpoint_arg(ingest, request->args, "eventId",
                                    ET_MAX_TAG_VALUE));

    for (i = 0; i < ET_EVENT_NAMES(names); i++) {
        et_endpoint_add(arena, root, names[i],
                        et_endpoint_arg(ingest, form, names[i],
                                        ET_MAX_FIELD));
    }

    text = et_endpoint_print(root);

    et_json_end();

    if (text.data == NULL) {
        return et_ingest_no_room(ingest);
    }

    return et_endpoint_item(ingest, request, ET_ITEM_USER_REPORT, text,
                            et_item_user_report);
}


/* Reads what was written as an item of that type. */

static et_reason_t
et_endpoint_item(et_ingest_t *ingest, const et_request_t *request,
    et_item_type_t type, et_slice_t text, et_item_read_pt read)
{
    et_item_t    item;
    et_reason_t  reason;

    memset(&item, 0, sizeof(et_item_t));

    item.type = type;
    item.payload = (char *) text.data;
    item.len = text.len;

    reason = et_ingest_scrub(ingest, request, type, &item.payload, &item.len);

    if (reason == ET_OK) {
        reason = read(ingest, request, &item);
    }

    if (reason == ET_OK) {
        ingest->taken[type]++;
    }

    return reason;
}


/* The body, where it is a JSON object; else NULL, also where it is none. */

static cJSON *
et_endpoint_object(et_ingest_t *ingest)
{
    cJSON  *root;

    if (ingest->len == 0
        || et_json_parse(&ingest->arena, ingest->text, ingest->len, &root)
           != ET_OK
        || !cJSON_IsObject(root))
    {
        return NULL;
    }

    return root;
}


et_slice_t
et_endpoint_arg(et_ingest_t *ingest, et_slice_t args, const char *name,
    size_t max)
{
    char        *out;
    et_slice_t   value;

    if (!et_query_find(args, name, &value) || value.len == 0) {
        return et_slice("", 0);
    }

    out = et_arena_alloc(&ingest->arena, value.len);
    if (out == NULL) {
        return et_slice("", 0);
    }

    value = et_query_unescape(value, ' ', out);

    if (!et_utf8_valid(value.data, value.len)
        || memchr(value.data, '\0', value.len) != NULL)
    {
        return et_slice("", 0);
    }

    return et_event_cut(value, max);
}


void
et_endpoint_add(et_arena_t *arena, cJSON *object, const char *name,
    et_slice_t value)
{
    if (value.len == 0) {
        return;
    }

    value = et_arena_copy(arena, value);

    if (value.data != NULL) {
        (void) cJSON_AddStringToObject(object, name, value.data);
    }
}


et_slice_t
et_endpoint_print(const cJSON *root)
{
    return et_slice_str(cJSON_PrintUnformatted(root));
}
