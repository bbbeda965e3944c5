/*
 * The message of an event: a string, or a template with parameters.
 *
 * A template without its formatted text is formatted here as the SDK would
 * have done: %s, %d and their kin take the next parameter of a list, %(name)s
 * the one of that name in an object.  Flags, width and precision are read
 * over: the text is for people.
 *
 * Promise: the text never exceeds ET_MAX_MESSAGE; a conversion without a
 * parameter stays as it is; the time taken is bounded by that and by
 * ET_MAX_PARAMS, whatever the template and the parameters hold.
 */

#include "et_event_internal.h"


#define ET_MAX_PARAMS      64  /* count; further ones are not looked at */
#define ET_MAX_PARAM_NAME  64  /* bytes of the name in %(name)s */
#define ET_MAX_PARAM_FLAGS 16  /* characters between % and the letter */


enum {
    ET_LOGENTRY_MESSAGE = 0,
    ET_LOGENTRY_FORMATTED,
    ET_LOGENTRY_PARAMS,
    ET_LOGENTRY_MAX
};

typedef struct {
    et_slice_t  name;          /* "" in a list */
    et_slice_t  value;         /* data NULL where it can't be printed */
} et_event_param_t;

typedef struct {
    size_t            n;
    size_t            next;    /* the one that the next %s takes */
    et_event_param_t  params[ET_MAX_PARAMS];
} et_event_params_t;


static int et_event_read_logentry(et_arena_t *arena, et_event_t *event,
    const cJSON *item, const char *name);
static et_slice_t et_event_format(et_arena_t *arena, et_slice_t template,
    const cJSON *items);
static size_t et_event_piece(et_slice_t template, size_t pos,
    et_event_params_t *params, et_slice_t *piece);
static void et_event_params_init(et_event_params_t *params,
    et_arena_t *arena, const cJSON *items);
static size_t et_event_conversion(et_slice_t template, size_t pos,
    et_slice_t *name);
static et_slice_t et_event_param(et_event_params_t *params, et_slice_t name);


static const et_event_name_t  et_logentry_fields[] = {
    ET_EVENT_NAME("params", ET_LOGENTRY_PARAMS),
    ET_EVENT_NAME("message", ET_LOGENTRY_MESSAGE),
    ET_EVENT_NAME("formatted", ET_LOGENTRY_FORMATTED),
};

_Static_assert(ET_EVENT_NAMES(et_logentry_fields) == ET_LOGENTRY_MAX,
               "a name for each slot, a slot for each name");


void
et_event_read_message(et_arena_t *arena, et_event_t *event,
    const cJSON *logentry, const cJSON *message)
{
    if (!et_event_read_logentry(arena, event, logentry, "logentry")) {
        (void) et_event_read_logentry(arena, event, message, "message");
    }
}


/* 1, or 0 where there is no message in it. */

static int
et_event_read_logentry(et_arena_t *arena, et_event_t *event,
    const cJSON *item, const char *name)
{
    et_slice_t    template, formatted;
    const cJSON  *field[ET_LOGENTRY_MAX];

    if (!cJSON_IsObject(item)) {
        event->message_template = et_event_read_text(arena, event, item, name,
                                                     ET_MAX_MESSAGE);
        event->message = event->message_template;

        return event->message.len != 0;
    }

    et_event_pick(item, et_logentry_fields,
                  ET_EVENT_NAMES(et_logentry_fields), field);

    template = et_event_read_text(arena, event, field[ET_LOGENTRY_MESSAGE],
                                  name, ET_MAX_MESSAGE);
    formatted = et_event_read_text(arena, event, field[ET_LOGENTRY_FORMATTED],
                                   name, ET_MAX_MESSAGE);

    event->message_template = template.len != 0 ? template : formatted;

    if (formatted.len == 0) {
        formatted = et_event_format(arena, event->message_template,
                                    field[ET_LOGENTRY_PARAMS]);
    }

    event->message = formatted;

    return event->message_template.len != 0;
}


static et_slice_t
et_event_format(et_arena_t *arena, et_slice_t template, const cJSON *items)
{
    char               *out;
    size_t              pos, len;
    et_slice_t          piece;
    et_event_params_t   params;

    /* without parameters nothing was formatted, and %% is no escape */

    if ((!cJSON_IsArray(items) && !cJSON_IsObject(items))
        || items->child == NULL
        || memchr(template.data, '%', template.len) == NULL)
    {
        return template;
    }

    /* one byte more than is kept tells whether the end cuts a character */

    out = et_arena_alloc(arena, ET_MAX_MESSAGE + 1);
    if (out == NULL) {
        return template;
    }

    et_event_params_init(&params, arena, items);

    pos = 0;
    len = 0;

    while (pos < template.len && len <= ET_MAX_MESSAGE) {

        pos += et_event_piece(template, pos, &params, &piece);

        if (piece.len > ET_MAX_MESSAGE + 1 - len) {
            piece.len = ET_MAX_MESSAGE + 1 - len;
        }

        memcpy(out + len, piece.data, piece.len);
        len += piece.len;
    }

    return et_slice(out, et_utf8_prefix(out, len, ET_MAX_MESSAGE));
}


/* What the template's bytes at pos come to; returns how many they are. */

static size_t
et_event_piece(et_slice_t template, size_t pos, et_event_params_t *params,
    et_slice_t *piece)
{
    size_t       n;
    const char  *start, *p;
    et_slice_t   name;

    start = template.data + pos;

    if (*start != '%') {
        p = memchr(start, '%', template.len - pos);
        n = (p != NULL) ? (size_t) (p - start) : template.len - pos;

        *piece = et_slice(start, n);

        return n;
    }

    n = et_event_conversion(template, pos, &name);

    if (n == 0) {
        *piece = et_slice(start, 1);
        return 1;
    }

    if (start[1] == '%') {
        *piece = et_slice(start, 1);
        return n;
    }

    *piece = et_event_param(params, name);

    if (piece->data == NULL) {
        *piece = et_slice(start, n);
    }

    return n;
}


static void
et_event_params_init(et_event_params_t *params, et_arena_t *arena,
    const cJSON *items)
{
    const cJSON       *item;
    et_event_param_t  *param;

    params->n = 0;
    params->next = 0;

    for (item = items->child;
         item != NULL && params->n < ET_MAX_PARAMS;
         item = item->next)
    {
        param = &params->params[params->n++];

        param->name = et_slice_str(item->string);
        param->value = cJSON_IsNull(item) ? et_slice_str("null")
                                          : et_json_text(arena, item);
    }
}


/* The length of the conversion (or %%) at pos, 0 where it is none. */

static size_t
et_event_conversion(et_slice_t template, size_t pos, et_slice_t *name)
{
    size_t             i, end;
    const char        *p;
    static const char  flags[] = "-+#0123456789.";
    static const char  letters[] = "sdirfFeEgGxXoucav";

    i = pos + 1;
    *name = et_slice("", 0);

    if (i < template.len && template.data[i] == '%') {
        return 2;
    }

    if (i < template.len && template.data[i] == '(') {
        i++;

        end = template.len - i;
        if (end > ET_MAX_PARAM_NAME + 1) {
            end = ET_MAX_PARAM_NAME + 1;
        }

        p = memchr(template.data + i, ')', end);
        if (p == NULL) {
            return 0;
        }

        *name = et_slice(template.data + i, p - (template.data + i));
        i += name->len + 1;
    }

    for (end = i + ET_MAX_PARAM_FLAGS; i < template.len && i < end; i++) {
        if (memchr(flags, template.data[i], sizeof(flags) - 1) == NULL) {
            break;
        }
    }

    if (i < template.len
        && memchr(letters, template.data[i], sizeof(letters) - 1) != NULL)
    {
        return i + 1 - pos;
    }

    return 0;
}


static et_slice_t
et_event_param(et_event_params_t *params, et_slice_t name)
{
    size_t  i;

    if (name.len == 0) {
        if (params->next == params->n) {
            return et_slice(NULL, 0);
        }

        return params->params[params->next++].value;
    }

    for (i = 0; i < params->n; i++) {
        if (et_slice_eq(params->params[i].name, name)) {
            return params->params[i].value;
        }
    }

    return et_slice(NULL, 0);
}
