/*
 * An event is written as JSON, of the client's fields and what the minidump
 * says, and then read like any other: so it is normalised and grouped, and
 * its payload is what readers know.
 */

#define _GNU_SOURCE            /* memmem() */

#include <stdio.h>
#include <string.h>

#include "et_crash.h"
#include "et_event_internal.h"
#include "et_minidump.h"
#include "et_multipart.h"
#include "et_unreal.h"


/* files of a crash, fields of "extra", bytes of a field's value */
#define ET_CRASH_FILES   30
#define ET_CRASH_FIELDS  50
#define ET_CRASH_VALUE   4096

/* bytes of "in  at 0x" and a number */
#define ET_CRASH_TYPE    64


typedef struct {
    et_slice_t  name;
    et_slice_t  value;
} et_crash_field_t;

typedef struct {
    et_attachment_t    files[ET_CRASH_FILES];
    size_t             nfiles;
    et_crash_field_t   fields[ET_CRASH_FIELDS];    /* of the event */
    size_t             nfields;
    et_crash_field_t   extra[ET_CRASH_FIELDS];
    size_t             nextra;
    et_slice_t         event;          /* the client's JSON, or "" */
    et_minidump_t      dump;
    unsigned           dumped:1;       /* there is a minidump */
    et_slice_t         message;        /* of Unreal's context */
    const char        *mechanism;
} et_crash_t;

static et_reason_t et_crash_form(et_ingest_t *ingest,
    const et_request_t *request, et_crash_t *crash);
static void et_crash_field(et_ingest_t *ingest, et_crash_t *crash,
    const et_part_t *part);
static int et_crash_sentry(et_ingest_t *ingest, et_crash_t *crash,
    const et_part_t *part);
static int et_crash_text(et_slice_t *form, et_slice_t *text);
static et_reason_t et_crash_report(et_ingest_t *ingest, et_slice_t data,
    et_crash_t *crash);
static void et_crash_context(et_ingest_t *ingest, et_crash_t *crash,
    et_slice_t xml);
static et_slice_t et_crash_element(et_ingest_t *ingest, et_slice_t xml,
    const char *open, const char *close);
static void et_crash_file(et_crash_t *crash, et_slice_t name,
    et_slice_t content_type, et_slice_t data);
static et_reason_t et_crash_keep(et_ingest_t *ingest,
    const et_request_t *request, et_crash_t *crash);
static et_slice_t et_crash_json(et_ingest_t *ingest, et_crash_t *crash);
static void et_crash_add(et_arena_t *arena, cJSON *object, et_slice_t name,
    et_slice_t value);
static void et_crash_exception(et_arena_t *arena, cJSON *root,
    et_crash_t *crash);


/* what sentry[...] may set: fields of the event that are plain */

static const et_slice_t  et_crash_names[] = {
    ET_SLICE("release"), ET_SLICE("environment"), ET_SLICE("event_id"),
    ET_SLICE("level"), ET_SLICE("dist"), ET_SLICE("server_name"),
    ET_SLICE("logger"), ET_SLICE("transaction"), ET_SLICE("platform"),
};


et_reason_t
et_crash_minidump(et_ingest_t *ingest, const et_request_t *request)
{
    et_crash_t   *crash;
    et_reason_t   reason;

    crash = et_arena_zalloc(&ingest->arena, sizeof(et_crash_t));
    if (crash == NULL) {
        return et_ingest_no_room(ingest);
    }

    crash->mechanism = "minidump";

    if (ingest->len >= 4 && memcmp(ingest->text, "MDMP", 4) == 0) {
        et_crash_file(crash, et_slice_str("minidump.dmp"),
                      et_slice("", 0), et_slice(ingest->text, ingest->len));

    } else {
        reason = et_crash_form(ingest, request, crash);
        if (reason != ET_OK) {
            return reason;
        }
    }

    if (!crash->dumped) {
        return ET_BAD_CRASH;
    }

    return et_crash_keep(ingest, request, crash);
}


static et_reason_t
et_crash_form(et_ingest_t *ingest, const et_request_t *request,
    et_crash_t *crash)
{
    int             more;
    et_part_t       part;
    et_reason_t     reason;
    et_multipart_t  multipart;

    if (!et_multipart_open(&multipart, request->content_type,
                           et_slice(ingest->text, ingest->len)))
    {
        return ET_BAD_MULTIPART;
    }

    for ( ;; ) {
        reason = et_multipart_next(&multipart, &part, &more);

        if (reason != ET_OK || !more) {
            return reason;
        }

        if (part.file) {
            et_crash_file(crash, part.filename, part.content_type, part.data);

        } else {
            et_crash_field(ingest, crash, &part);
        }
    }
}


static void
et_crash_field(et_ingest_t *ingest, et_crash_t *crash, const et_part_t *part)
{
    if (!et_crash_sentry(ingest, crash, part)
        && crash->nextra < ET_CRASH_FIELDS && part->name.len != 0
        && et_utf8_valid(part->name.data, part->name.len)
        && et_utf8_valid(part->data.data, part->data.len))
    {
        crash->extra[crash->nextra].name =
                                    et_event_cut(part->name, ET_MAX_TAG_KEY);
        crash->extra[crash->nextra++].value =
                                    et_event_cut(part->data, ET_CRASH_VALUE);
    }
}


/* sentry, sentry__1, ..., sentry[name]: 1, or 0 where it is none of these. */

static int
et_crash_sentry(et_ingest_t *ingest, et_crash_t *crash, const et_part_t *part)
{
    char         *joined;
    size_t        i;
    et_slice_t    name;
    static const char  sentry[] = "sentry";

    name = part->name;

    if (name.len < sizeof(sentry) - 1
        || memcmp(name.data, sentry, sizeof(sentry) - 1) != 0)
    {
        return 0;
    }

    name = et_slice(name.data + sizeof(sentry) - 1,
                    name.len - (sizeof(sentry) - 1));

    if (name.len == 0 || (name.len > 2 && memcmp(name.data, "__", 2) == 0)) {

        /* pieces come in their order */

        joined = et_arena_alloc(&ingest->arena,
                                crash->event.len + part->data.len + 1);
        if (joined == NULL) {
            return 1;
        }

        if (crash->event.len != 0) {
            memcpy(joined, crash->event.data, crash->event.len);
        }

        memcpy(joined + crash->event.len, part->data.data, part->data.len);
        crash->event = et_slice(joined, crash->event.len + part->data.len);

        return 1;
    }

    if (name.data[0] != '[' || name.data[name.len - 1] != ']') {
        return 0;
    }

    name = et_slice(name.data + 1, name.len - 2);

    for (i = 0; i < ET_EVENT_NAMES(et_crash_names); i++) {
        if (et_slice_eq(name, et_crash_names[i])
            && crash->nfields < ET_CRASH_FIELDS
            && et_utf8_valid(part->data.data, part->data.len))
        {
            crash->fields[crash->nfields].name = name;
            crash->fields[crash->nfields++].value =
                                    et_event_cut(part->data, ET_CRASH_VALUE);
            return 1;
        }
    }

    return 0;
}


et_reason_t
et_item_form_data(et_ingest_t *ingest, const et_request_t *request,
    et_item_t *item)
{
    if (item->len > request->limits.max_event) {
        return ET_EVENT_TOO_LARGE;
    }

    ingest->form = et_slice(item->payload, item->len);

    return ET_OK;
}


et_reason_t
et_crash_envelope(et_ingest_t *ingest, const et_request_t *request)
{
    int           admitted;
    et_part_t     part;
    et_slice_t    json;
    et_crash_t   *crash;
    et_reason_t   reason;

    if (ingest->minidump.len == 0 || ingest->nevents != 0
        || ingest->admission.seen[ET_ITEM_EVENT] != 0
        || (ingest->admission.not_taken >> ET_ITEM_EVENT & 1) != 0)
    {
        return ET_OK;
    }

    crash = et_arena_zalloc(&ingest->arena, sizeof(et_crash_t));
    if (crash == NULL) {
        return et_ingest_no_room(ingest);
    }

    crash->mechanism = "minidump";

    if (!et_minidump_read(ingest->minidump, &crash->dump)) {
        return ET_OK;
    }

    reason = et_ingest_admit(ingest, request, ET_ITEM_EVENT, 0, &admitted);
    if (reason != ET_OK) {
        return reason;
    }

    if (!admitted) {
        return (request->not_taken >> ET_CATEGORY_ERROR & 1) != 0
               ? et_ingest_drop_attachments(ingest, ET_OUTCOME_FILTERED,
                                            "not_taken", request->received)
               : et_ingest_drop_attachments(ingest, ET_OUTCOME_RATE_LIMITED,
                                            "event_limited",
                                            request->received);
    }

    memset(&part, 0, sizeof(et_part_t));

    while (et_crash_text(&ingest->form, &part.name)
           && et_crash_text(&ingest->form, &part.data))
    {
        et_crash_field(ingest, crash, &part);
    }

    json = et_crash_json(ingest, crash);
    if (json.data == NULL) {
        return et_ingest_no_room(ingest);
    }

    reason = et_ingest_event(ingest, request, (char *) json.data, json.len);

    if (reason == ET_OK && ingest->filter != ET_FILTER_COUNT) {
        return et_ingest_drop_attachments(ingest, ET_OUTCOME_FILTERED,
                                          et_filter_reasons[ingest->filter],
                                          request->received);
    }

    return reason;
}


/* The next text of a form that is an item: 1, or 0 at its end. */

static int
et_crash_text(et_slice_t *form, et_slice_t *text)
{
    size_t                len;
    const unsigned char  *p;

    if (form->len < 4) {
        return 0;
    }

    p = (const unsigned char *) form->data;
    len = p[0] | (size_t) p[1] << 8 | (size_t) p[2] << 16
          | (size_t) p[3] << 24;

    if (len > form->len - 4) {
        return 0;
    }

    *text = et_slice(form->data + 4, len);
    *form = et_slice(form->data + 4 + len, form->len - 4 - len);

    return 1;
}


et_reason_t
et_crash_unreal(et_ingest_t *ingest, const et_request_t *request)
{
    et_item_t  item;

    memset(&item, 0, sizeof(et_item_t));

    item.payload = ingest->text;
    item.len = ingest->len;

    return et_item_unreal(ingest, request, &item);
}


et_reason_t
et_item_unreal(et_ingest_t *ingest, const et_request_t *request,
    et_item_t *item)
{
    et_slice_t     data;
    et_crash_t    *crash;
    et_reason_t    reason;
    et_inflate_t  *inflate;

    /* the report is a zlib stream of its own; it is inflated into a buffer of
     * the request's, since the envelope may lie in that of the ingest */

    crash = et_arena_zalloc(&ingest->arena, sizeof(et_crash_t));
    if (crash == NULL) {
        return et_ingest_no_room(ingest);
    }

    inflate = &ingest->inflate_report;
    crash->mechanism = "unreal";

    reason = et_inflate(inflate, ET_ENCODING_DEFLATE,
                        et_slice(item->payload, item->len),
                        request->limits.max_inflated, &data);

    if (reason == ET_OK) {
        reason = et_crash_report(ingest, data, crash);
    }

    if (reason != ET_OK) {
        return reason;
    }

    return et_crash_keep(ingest, request, crash);
}


static et_reason_t
et_crash_report(et_ingest_t *ingest, et_slice_t data, et_crash_t *crash)
{
    int               rc;
    et_unreal_t       unreal;
    et_unreal_file_t  file;

    if (!et_unreal_open(&unreal, data)) {
        return ET_BAD_CRASH;
    }

    for ( ;; ) {
        rc = et_unreal_next(&unreal, &file);

        if (rc != 1) {
            return rc == 0 && crash->nfiles != 0 ? ET_OK : ET_BAD_CRASH;
        }

        et_crash_file(crash, file.name, et_slice("", 0), file.data);

        if (et_slice_eq(file.name,
                        et_slice_str("CrashContext.runtime-xml")))
        {
            et_crash_context(ingest, crash, file.data);
        }
    }
}


/* Of Unreal's XML, the elements that say something without the others. */

static void
et_crash_context(et_ingest_t *ingest, et_crash_t *crash, et_slice_t xml)
{
    size_t      i;
    et_slice_t  value;

    static const struct {
        const char  *open;
        const char  *close;
        const char  *name;
    } elements[] = {
        { "<CrashType>", "</CrashType>", "crash_type" },
        { "<EngineVersion>", "</EngineVersion>", "engine_version" },
        { "<GameName>", "</GameName>", "game_name" },
        { "<BuildConfiguration>", "</BuildConfiguration>",
          "build_configuration" },
        { "<PlatformName>", "</PlatformName>", "platform_name" },
        { "<UserDescription>", "</UserDescription>", "user_description" },
        { "<CallStack>", "</CallStack>", "legacy_call_stack" },
    };

    if (!et_utf8_valid(xml.data, xml.len)) {
        return;
    }

    crash->message = et_crash_element(ingest, xml, "<ErrorMessage>",
                                      "</ErrorMessage>");
    crash->event = et_crash_element(ingest, xml, "<__sentry>", "</__sentry>");

    for (i = 0; i < ET_EVENT_NAMES(elements); i++) {
        value = et_crash_element(ingest, xml, elements[i].open,
                                 elements[i].close);

        if (value.len != 0) {
            crash->extra[crash->nextra].name = et_slice_str(elements[i].name);
            crash->extra[crash->nextra++].value =
                                          et_event_cut(value, ET_CRASH_VALUE);
        }
    }
}


/* An element's text, its entities undone; "" where there is none. */

static et_slice_t
et_crash_element(et_ingest_t *ingest, et_slice_t xml, const char *open,
    const char *close)
{
    char        *out, *p;
    size_t       i, k, len;
    const char  *from, *to;

    static const struct {
        et_slice_t  name;
        char        c;
    } entities[] = {
        { ET_SLICE("&lt;"), '<' }, { ET_SLICE("&gt;"), '>' },
        { ET_SLICE("&amp;"), '&' }, { ET_SLICE("&quot;"), '"' },
        { ET_SLICE("&apos;"), '\'' },
    };

    from = memmem(xml.data, xml.len, open, strlen(open));
    if (from == NULL) {
        return et_slice("", 0);
    }

    from += strlen(open);
    len = (size_t) (xml.data + xml.len - from);

    to = memmem(from, len, close, strlen(close));
    if (to == NULL) {
        return et_slice("", 0);
    }

    len = (size_t) (to - from);

    out = et_arena_alloc(&ingest->arena, len + 1);
    if (out == NULL) {
        return et_slice("", 0);
    }

    for (p = out, i = 0; i < len; i++) {

        *p = from[i];

        if (from[i] == '&') {
            for (k = 0; k < ET_EVENT_NAMES(entities); k++) {
                if (len - i >= entities[k].name.len
                    && memcmp(from + i, entities[k].name.data,
                              entities[k].name.len) == 0)
                {
                    *p = entities[k].c;
                    i += entities[k].name.len - 1;
                    break;
                }
            }
        }

        p++;
    }

    return et_slice(out, (size_t) (p - out));
}


/* Of more than ET_CRASH_FILES the first are kept. */

static void
et_crash_file(et_crash_t *crash, et_slice_t name, et_slice_t content_type,
    et_slice_t data)
{
    et_attachment_t  *file;

    if (crash->nfiles == ET_CRASH_FILES) {
        return;
    }

    file = &crash->files[crash->nfiles++];

    file->filename = name;
    file->content_type = content_type;
    file->type = et_slice("", 0);
    file->data = data;

    if (!crash->dumped && et_minidump_read(data, &crash->dump)) {
        file->type = et_slice_str("event.minidump");
        crash->dumped = 1;
    }
}


static et_reason_t
et_crash_keep(et_ingest_t *ingest, const et_request_t *request,
    et_crash_t *crash)
{
    size_t           i;
    et_slice_t       json;
    et_reason_t      reason;
    et_attachment_t  *file;
    unsigned char    id[ET_EVENT_ID_LEN];

    json = et_crash_json(ingest, crash);
    if (json.data == NULL) {
        return et_ingest_no_room(ingest);
    }

    reason = et_ingest_event(ingest, request, (char *) json.data, json.len);
    if (reason != ET_OK) {
        return reason;
    }

    memcpy(id, ingest->records[ingest->nrecords - 1].id, ET_EVENT_ID_LEN);

    for (i = 0; i < crash->nfiles; i++) {
        file = &crash->files[i];

        memcpy(file->event_id, id, ET_EVENT_ID_LEN);

        reason = et_attachment(ingest, request, file);

        if (reason != ET_OK && et_ingest_state(ingest) == ET_OK) {
            reason = et_ingest_outcome(ingest, ET_OUTCOME_INVALID,
                                       et_slice_str(et_reasons[reason].name),
                                       ET_CATEGORY_ATTACHMENT, 1,
                                       request->received);
        }

        if (reason != ET_OK) {
            return reason;
        }
    }

    return ET_OK;
}


/* The client's object with what it has not, or one of our own; data NULL
 * where there is no memory. */

static et_slice_t
et_crash_json(et_ingest_t *ingest, et_crash_t *crash)
{
    char         *text;
    cJSON        *root, *extra;
    size_t        i;
    et_slice_t    copy;
    et_arena_t   *arena;

    arena = &ingest->arena;
    root = NULL;

    /* what can't be read of it is not worth the crash */

    if (crash->event.len != 0) {
        copy = et_arena_copy(arena, crash->event);

        if (copy.data != NULL
            && (et_json_parse(arena, (char *) copy.data, copy.len, &root)
                != ET_OK || !cJSON_IsObject(root)))
        {
            root = NULL;
        }
    }

    et_json_begin(arena);

    if (root == NULL) {
        root = cJSON_CreateObject();
    }

    for (i = 0; i < crash->nfields; i++) {
        et_crash_add(arena, root, crash->fields[i].name,
                     crash->fields[i].value);
    }

    et_crash_add(arena, root, et_slice_str("platform"),
                 et_slice_str("native"));
    et_crash_add(arena, root, et_slice_str("level"), et_slice_str("fatal"));

    if (crash->dump.time != 0 && et_json_get(root, "timestamp") == NULL) {
        (void) cJSON_AddNumberToObject(root, "timestamp",
                                       (double) crash->dump.time);
    }

    et_crash_exception(arena, root, crash);

    extra = et_json_get(root, "extra");

    if (extra == NULL && crash->nextra != 0) {
        extra = cJSON_AddObjectToObject(root, "extra");
    }

    for (i = 0; i < crash->nextra; i++) {
        et_crash_add(arena, extra, crash->extra[i].name,
                     crash->extra[i].value);
    }

    text = cJSON_PrintUnformatted(root);

    et_json_end();

    return et_ingest_state(ingest) == ET_OK ? et_slice_str(text)
                                            : et_slice(NULL, 0);
}


/* A member, where the object has none of its name. */

static void
et_crash_add(et_arena_t *arena, cJSON *object, et_slice_t name,
    et_slice_t value)
{
    /* cJSON's strings end with a NUL */

    name = et_arena_copy(arena, name);
    value = et_arena_copy(arena, value);

    if (name.data != NULL && value.data != NULL
        && et_json_get(object, name.data) == NULL)
    {
        (void) cJSON_AddStringToObject(object, name.data, value.data);
    }
}


/* What the dump says, where the client says nothing. */

static void
et_crash_exception(et_arena_t *arena, cJSON *root, et_crash_t *crash)
{
    char                 *value;
    cJSON                *exception, *mechanism;
    const et_minidump_t  *dump;

    if (et_json_get(root, "exception") != NULL) {
        return;
    }

    dump = &crash->dump;

    exception = cJSON_AddObjectToObject(root, "exception");
    exception = cJSON_AddArrayToObject(exception, "values");

    mechanism = cJSON_CreateObject();
    (void) cJSON_AddItemToArray(exception, mechanism);
    exception = mechanism;

    value = et_arena_alloc(arena, ET_CRASH_TYPE + ET_MINIDUMP_MODULE);

    if (value == NULL) {
        return;
    }

    if (dump->type != NULL && dump->type[0] != '\0') {
        (void) cJSON_AddStringToObject(exception, "type", dump->type);

    } else if (dump->raised) {
        snprintf(value, ET_CRASH_TYPE, "0x%08x", (unsigned) dump->code);
        (void) cJSON_AddStringToObject(exception, "type", value);

    } else {
        (void) cJSON_AddStringToObject(exception, "type",
                                       crash->mechanism[0] == 'u'
                                       ? "Unreal crash" : "Minidump");
    }

    if (crash->message.len != 0) {
        et_crash_add(arena, exception, et_slice_str("value"),
                     et_event_cut(crash->message, ET_MAX_VALUE));

    } else if (dump->module.len != 0) {
        snprintf(value, ET_CRASH_TYPE + ET_MINIDUMP_MODULE,
                 "in %.*s at 0x%llx", (int) dump->module.len,
                 dump->module.data, (unsigned long long) dump->offset);
        (void) cJSON_AddStringToObject(exception, "value", value);

    } else if (dump->raised) {
        snprintf(value, ET_CRASH_TYPE, "at 0x%llx",
                 (unsigned long long) dump->address);
        (void) cJSON_AddStringToObject(exception, "value", value);
    }

    mechanism = cJSON_AddObjectToObject(exception, "mechanism");
    (void) cJSON_AddStringToObject(mechanism, "type", crash->mechanism);
    (void) cJSON_AddFalseToObject(mechanism, "handled");

    if (dump->module.len != 0) {
        et_crash_add(arena, root, et_slice_str("culprit"), dump->module);
    }
}


et_reason_t
et_crash_attachments(et_ingest_t *ingest, const et_request_t *request)
{
    int               more;
    et_part_t         part;
    et_reason_t       reason;
    et_attachment_t   file;
    et_multipart_t    multipart;

    if (!et_event_id_parse(request->event_id, file.event_id)) {
        return ET_BAD_EVENT_ID;
    }

    if (!et_multipart_open(&multipart, request->content_type,
                           et_slice(ingest->text, ingest->len)))
    {
        return ET_BAD_MULTIPART;
    }

    for ( ;; ) {
        reason = et_multipart_next(&multipart, &part, &more);

        if (reason != ET_OK || !more) {
            return reason;
        }

        if (!part.file) {
            continue;
        }

        file.filename = part.filename;
        file.content_type = part.content_type;
        file.type = et_slice("", 0);
        file.data = part.data;

        reason = et_attachment(ingest, request, &file);
        if (reason != ET_OK) {
            return reason;
        }
    }
}
