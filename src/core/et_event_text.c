/*
 * A field as text: cut at its limit, and "" where it is none, with a note or
 * without.
 */

#include "et_event_internal.h"


et_slice_t
et_event_text(et_arena_t *arena, const cJSON *item, size_t max)
{
    if (!cJSON_IsString(item) && !cJSON_IsNumber(item)) {
        return et_slice("", 0);
    }

    return et_event_scalar(arena, item, max);
}


et_slice_t
et_event_scalar(et_arena_t *arena, const cJSON *item, size_t max)
{
    return et_event_cut(et_json_text(arena, item), max);
}


et_slice_t
et_event_cut(et_slice_t text, size_t max)
{
    if (text.len == 0) {
        return et_slice("", 0);
    }

    if (text.len > max) {
        text.len = et_utf8_prefix(text.data, text.len, max);
    }

    return text;
}


et_slice_t
et_event_read_text(et_arena_t *arena, et_event_t *event, const cJSON *item,
    const char *name, size_t max)
{
    if (item == NULL) {
        return et_slice("", 0);
    }

    if (!cJSON_IsString(item) && !cJSON_IsNumber(item)) {
        et_event_expect(arena, event, item, name, cJSON_NULL);

        return et_slice("", 0);
    }

    return et_event_read_scalar(arena, event, item, name, max);
}


et_slice_t
et_event_read_scalar(et_arena_t *arena, et_event_t *event, const cJSON *item,
    const char *name, size_t max)
{
    et_slice_t  text;

    text = et_json_text(arena, item);

    if (text.data == NULL) {
        et_event_expect(arena, event, item, name, cJSON_NULL);
    }

    return et_event_read_cut(arena, event, text, name, max);
}


et_slice_t
et_event_read_cut(et_arena_t *arena, et_event_t *event, et_slice_t text,
    const char *name, size_t max)
{
    et_slice_t  cut;

    cut = et_event_cut(text, max);

    if (cut.len != text.len) {
        et_event_note(arena, event, "%s: cut to %zu bytes", name, cut.len);
    }

    return cut;
}


void
et_event_expect(et_arena_t *arena, et_event_t *event, const cJSON *item,
    const char *name, int types)
{
    const char  *what;

    if (item == NULL || (item->type & types) != 0) {
        return;
    }

    if (cJSON_IsArray(item)) {
        what = "a list";

    } else if (cJSON_IsObject(item)) {
        what = "an object";

    } else if (cJSON_IsBool(item)) {
        what = "a boolean";

    } else if (cJSON_IsNumber(item)) {
        what = "a number";

    } else {
        what = "a text";
    }

    et_event_note(arena, event, "%s: %s, dropped", name, what);
}
