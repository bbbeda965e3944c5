/*
 * The message of an event: a string, or a template with parameters.
 *
 * A template without its formatted text is formatted here as the SDK would
 * have done: %s, %d and their kin take the next parameter of a list, %(name)s
 * the one of that name in an object.  Where none of them takes one, {} takes
 * the next, {0} the one of that number, {name} the one of that name, or the
 * next of a list, as .NET's loggers mean it.  Flags, width, precision and
 * format are read over: the text is for people.
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
    int               taken;   /* any of them */
    et_event_param_t  params[ET_MAX_PARAMS];
} et_event_params_t;

/* The length of the conversion at pos of the template, 0 where it is none, and
 * the name in it. */
typedef size_t (*et_event_conversion_pt)(et_slice_t template, size_t pos,
    et_slice_t *name);

/* A way to write conversions, and what each begins with. */
typedef struct {
    char                    mark;
    unsigned                places:1;  /* names say places in a list, too */
    et_event_conversion_pt  conversion;
} et_event_style_t;


static int et_event_read_logentry(et_arena_t *arena, et_event_t *event,
    const cJSON *item, const char *name);
static et_slice_t et_event_format(et_arena_t *arena, et_slice_t template,
    const cJSON *items);
static et_slice_t et_event_fill(et_arena_t *arena, et_slice_t template,
    et_event_params_t *params, const et_event_style_t *style);
static size_t et_event_piece(et_slice_t template, size_t pos,
    et_event_params_t *params, const et_event_style_t *style,
    et_slice_t *piece);
static void et_event_params_init(et_event_params_t *params,
    et_arena_t *arena, const cJSON *items);
static size_t et_event_percent(et_slice_t template, size_t pos,
    et_slice_t *name);
static size_t et_event_brace(et_slice_t template, size_t pos,
    et_slice_t *name);
static int et_event_brace_letter(char c);
static et_slice_t et_event_param(et_event_params_t *params, et_slice_t name);
static et_slice_t et_event_param_place(et_event_params_t *params,
    et_slice_t name);


static const et_event_name_t  et_logentry_fields[] = {
    ET_EVENT_NAME("params", ET_LOGENTRY_PARAMS),
    ET_EVENT_NAME("message", ET_LOGENTRY_MESSAGE),
    ET_EVENT_NAME("formatted", ET_LOGENTRY_FORMATTED),
};

_Static_assert(ET_EVENT_NAMES(et_logentry_fields) == ET_LOGENTRY_MAX,
               "a name for each slot, a slot for each name");


static const et_event_style_t  et_event_styles[] = {
    { '%', 0, et_event_percent },
    { '{', 1, et_event_brace },
};


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
    size_t              i;
    et_slice_t          text;
    et_event_params_t   params;

    /* without parameters nothing was formatted, and %% is no escape */

    if ((!cJSON_IsArray(items) && !cJSON_IsObject(items))
        || items->child == NULL)
    {
        return template;
    }

    params.n = 0;
    params.taken = 0;
    text = template;

    for (i = 0; i < ET_EVENT_NAMES(et_event_styles) && !params.taken; i++) {
        if (memchr(template.data, et_event_styles[i].mark, template.len)
            == NULL)
        {
            continue;
        }

        if (params.n == 0) {
            et_event_params_init(&params, arena, items);
        }

        text = et_event_fill(arena, template, &params, &et_event_styles[i]);
    }

    return text;
}


static et_slice_t
et_event_fill(et_arena_t *arena, et_slice_t template,
    et_event_params_t *params, const et_event_style_t *style)
{
    char        *out;
    size_t       pos, len;
    et_slice_t   piece;

    /* one byte more than is kept tells whether the end cuts a character */

    out = et_arena_alloc(arena, ET_MAX_MESSAGE + 1);
    if (out == NULL) {
        return template;
    }

    params->next = 0;

    pos = 0;
    len = 0;

    while (pos < template.len && len <= ET_MAX_MESSAGE) {

        pos += et_event_piece(template, pos, params, style, &piece);

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
    const et_event_style_t *style, et_slice_t *piece)
{
    size_t       n;
    const char  *start, *p;
    et_slice_t   name;

    start = template.data + pos;

    if (*start != style->mark) {
        p = memchr(start, style->mark, template.len - pos);
        n = (p != NULL) ? (size_t) (p - start) : template.len - pos;

        *piece = et_slice(start, n);

        return n;
    }

    n = style->conversion(template, pos, &name);

    if (n == 0) {
        *piece = et_slice(start, 1);
        return 1;
    }

    if (start[1] == style->mark) {

        /* %% is an escape; {{ is one as well, but what ends it is not */

        *piece = et_slice(start, style->mark == '%' ? 1 : n);
        return n;
    }

    *piece = et_event_param(params, name);

    if (piece->data == NULL && style->places) {
        *piece = et_event_param_place(params, name);
    }

    if (piece->data == NULL) {
        *piece = et_slice(start, n);

    } else {
        params->taken = 1;
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
    params->taken = 0;

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


/* %s, %(name)s and their kin, and %%. */

static size_t
et_event_percent(et_slice_t template, size_t pos, et_slice_t *name)
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


/* {}, {0}, {name}, with a format behind ":", "," or "!", and {{. */

static size_t
et_event_brace(et_slice_t template, size_t pos, et_slice_t *name)
{
    size_t  i, from, end;

    from = pos + 1;
    *name = et_slice("", 0);

    if (from < template.len && template.data[from] == '{') {
        return 2;
    }

    /* Serilog's, of values that it takes apart or prints */

    if (from < template.len
        && (template.data[from] == '@' || template.data[from] == '$'))
    {
        from++;
    }

    end = from + ET_MAX_PARAM_NAME;

    for (i = from; i < template.len && i < end; i++) {
        if (!et_event_brace_letter(template.data[i])) {
            break;
        }
    }

    *name = et_slice(template.data + from, i - from);

    if (i < template.len && (template.data[i] == ':' || template.data[i] == ','
                             || template.data[i] == '!'))
    {
        for (end = i + ET_MAX_PARAM_FLAGS; i < template.len && i < end; i++) {
            if (template.data[i] == '}' || template.data[i] == '{') {
                break;
            }
        }
    }

    return i < template.len && template.data[i] == '}' ? i + 1 - pos : 0;
}


static int
et_event_brace_letter(char c)
{
    return (et_lower(c) >= 'a' && et_lower(c) <= 'z') || (c >= '0' && c <= '9')
           || c == '_' || c == '.' || c == '-';
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


/* Of a list, by a number; another name only says what the next one is. */

static et_slice_t
et_event_param_place(et_event_params_t *params, et_slice_t name)
{
    size_t  i, n;

    if (name.len == 0 || params->n == 0 || params->params[0].name.len != 0) {
        return et_slice(NULL, 0);
    }

    for (i = 0, n = 0; i < name.len && n < params->n; i++) {
        if (name.data[i] < '0' || name.data[i] > '9') {
            return et_event_param(params, et_slice("", 0));
        }

        n = n * 10 + (size_t) (name.data[i] - '0');
    }

    return n < params->n ? params->params[n].value : et_slice(NULL, 0);
}
