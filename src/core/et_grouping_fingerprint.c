/*
 * The client's fingerprint: a list of texts, numbers, booleans, and variables
 * that stand for values of the event.  A variable is a whole element: text
 * around it makes it text, as Sentry has it.
 *
 * Promise: at most ET_MAX_FINGERPRINT elements count, and {{ default }} is
 * expanded once, so that no fingerprint makes the text grow without bound.
 */

#include "et_grouping_internal.h"


#define ET_MAX_FINGERPRINT  64         /* elements; further ones don't count */


typedef et_slice_t (*et_variable_pt)(et_group_t *g);

typedef struct {
    et_slice_t      name;
    et_variable_pt  value;
} et_variable_t;


static int et_fingerprint_custom(et_group_t *g);
static const cJSON *et_fingerprint_first(const et_group_t *g);
static const cJSON *et_fingerprint_next(const et_group_t *g,
    const cJSON *item);
static et_slice_t et_fingerprint_text(et_group_t *g, const cJSON *item);
static et_slice_t et_variable_name(et_slice_t text);
static int et_variable_is_default(et_slice_t name);
static et_slice_t et_trim(et_slice_t s);

static et_slice_t et_variable(et_group_t *g, et_slice_t name);
static et_slice_t et_variable_tag(et_group_t *g, et_slice_t key);
static et_slice_t et_variable_transaction(et_group_t *g);
static et_slice_t et_variable_message(et_group_t *g);
static et_slice_t et_variable_type(et_group_t *g);
static et_slice_t et_variable_value(et_group_t *g);
static et_slice_t et_variable_function(et_group_t *g);
static et_slice_t et_variable_module(et_group_t *g);
static et_slice_t et_variable_package(et_group_t *g);
static et_slice_t et_variable_level(et_group_t *g);
static et_slice_t et_variable_logger(et_group_t *g);


static const et_variable_t  et_variables[] = {
    { ET_SLICE("transaction"),    et_variable_transaction },
    { ET_SLICE("message"),        et_variable_message },
    { ET_SLICE("type"),           et_variable_type },
    { ET_SLICE("error.type"),     et_variable_type },
    { ET_SLICE("value"),          et_variable_value },
    { ET_SLICE("error.value"),    et_variable_value },
    { ET_SLICE("function"),       et_variable_function },
    { ET_SLICE("stack.function"), et_variable_function },
    { ET_SLICE("module"),         et_variable_module },
    { ET_SLICE("stack.module"),   et_variable_module },
    { ET_SLICE("package"),        et_variable_package },
    { ET_SLICE("stack.package"),  et_variable_package },
    { ET_SLICE("level"),          et_variable_level },
    { ET_SLICE("logger"),         et_variable_logger }
};


int
et_group_fingerprint(et_group_t *g)
{
    int           n, expanded;
    et_slice_t    text, name, value;
    const cJSON  *item;

    if (!et_fingerprint_custom(g)) {
        return 0;
    }

    n = 0;
    expanded = 0;

    for (item = et_fingerprint_first(g);
         item != NULL && n < ET_MAX_FINGERPRINT;
         item = et_fingerprint_next(g, item), n++)
    {
        text = et_fingerprint_text(g, item);
        if (text.len == 0) {
            continue;
        }

        name = et_variable_name(text);

        if (et_variable_is_default(name)) {
            if (!expanded) {
                et_group_default(g);
                expanded = 1;
            }

            continue;
        }

        value = et_variable(g, name);

        if (value.data == NULL) {
            et_put_line(g, "fingerprint ", text);

        } else if (value.len == 0) {
            et_put_line(g, "fingerprint <no ", name);
            et_put_str(g, ">");

        } else {
            et_put_line(g, "fingerprint ", value);
        }
    }

    return 1;
}


/* 1 where the client's fingerprint says more than {{ default }}. */

static int
et_fingerprint_custom(et_group_t *g)
{
    int           n;
    et_slice_t    text;
    const cJSON  *item;

    n = 0;

    for (item = et_fingerprint_first(g);
         item != NULL && n < ET_MAX_FINGERPRINT;
         item = et_fingerprint_next(g, item), n++)
    {
        text = et_fingerprint_text(g, item);

        if (text.len != 0 && !et_variable_is_default(et_variable_name(text))) {
            return 1;
        }
    }

    return 0;
}


/* A fingerprint that is no list is taken for its only element. */

static const cJSON *
et_fingerprint_first(const et_group_t *g)
{
    return cJSON_IsArray(g->event->fingerprint) ? g->event->fingerprint->child
                                                : g->event->fingerprint;
}


static const cJSON *
et_fingerprint_next(const et_group_t *g, const cJSON *item)
{
    return item != g->event->fingerprint ? item->next : NULL;
}


/* An element as text, "" where it is none: null, a list, blanks. */

static et_slice_t
et_fingerprint_text(et_group_t *g, const cJSON *item)
{
    return et_trim(et_json_text(g->arena, item));
}


/* The name in "{{ name }}"; data is NULL where the text is no variable. */

static et_slice_t
et_variable_name(et_slice_t text)
{
    text = et_trim(text);

    if (text.len < 4 || memcmp(text.data, "{{", 2) != 0
        || memcmp(text.data + text.len - 2, "}}", 2) != 0)
    {
        return et_slice(NULL, 0);
    }

    return et_trim(et_slice(text.data + 2, text.len - 4));
}


static int
et_variable_is_default(et_slice_t name)
{
    static const et_slice_t  keyword = ET_SLICE("default");

    return name.data != NULL && et_slice_eq(name, keyword);
}


static et_slice_t
et_trim(et_slice_t s)
{
    while (s.len > 0 && (unsigned char) s.data[0] <= ' ') {
        s.data++;
        s.len--;
    }

    while (s.len > 0 && (unsigned char) s.data[s.len - 1] <= ' ') {
        s.len--;
    }

    return s;
}


/* A variable's value, "" where the event has none; data is NULL where there
 * is no such variable. */

static et_slice_t
et_variable(et_group_t *g, et_slice_t name)
{
    size_t                   i;
    et_slice_t               value;
    static const et_slice_t  tags = ET_SLICE("tags.");

    value = et_slice(NULL, 0);

    if (name.data == NULL) {
        return value;
    }

    if (name.len > tags.len && memcmp(name.data, tags.data, tags.len) == 0) {
        return et_variable_tag(g, et_slice(name.data + tags.len,
                                           name.len - tags.len));
    }

    for (i = 0; i < sizeof(et_variables) / sizeof(et_variables[0]); i++) {
        if (et_slice_eq(name, et_variables[i].name)) {
            value = et_variables[i].value(g);

            return value.len != 0 ? value : et_slice("", 0);
        }
    }

    return value;
}


static et_slice_t
et_variable_tag(et_group_t *g, et_slice_t key)
{
    size_t  i;

    for (i = 0; i < g->event->ntags; i++) {
        if (et_slice_eq(g->event->tags[i].key, key)) {
            return et_slice(g->event->tags[i].value.data == NULL
                            ? "" : g->event->tags[i].value.data,
                            g->event->tags[i].value.len);
        }
    }

    return et_slice("", 0);
}


static et_slice_t
et_variable_transaction(et_group_t *g)
{
    return g->event->transaction;
}


static et_slice_t
et_variable_message(et_group_t *g)
{
    return g->event->message.len != 0 ? g->event->message : g->event->value;
}


static et_slice_t
et_variable_type(et_group_t *g)
{
    return g->event->type;
}


static et_slice_t
et_variable_value(et_group_t *g)
{
    return g->event->value;
}


static et_slice_t
et_variable_function(et_group_t *g)
{
    char         text[ET_FRAME_NAME];
    et_frame_t   frame;

    if (!et_frame_read(et_group_crash(g), g->lang, &frame)) {
        return et_slice("", 0);
    }

    return et_arena_copy(g->arena,
                         et_slice(text, et_frame_function(&frame, text)));
}


static et_slice_t
et_variable_module(et_group_t *g)
{
    char         text[ET_FRAME_NAME];
    et_frame_t   frame;

    if (!et_frame_read(et_group_crash(g), g->lang, &frame)) {
        return et_slice("", 0);
    }

    return et_arena_copy(g->arena,
                         et_slice(text, et_frame_module(&frame, text)));
}


static et_slice_t
et_variable_package(et_group_t *g)
{
    et_frame_t  frame;

    if (!et_frame_read(et_group_crash(g), g->lang, &frame)) {
        return et_slice("", 0);
    }

    return et_frame_base_name(frame.package);
}


static et_slice_t
et_variable_level(et_group_t *g)
{
    return g->event->level;
}


static et_slice_t
et_variable_logger(et_group_t *g)
{
    return g->event->logger;
}
