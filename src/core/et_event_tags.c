/*
 * Tags: {"k": v}, [["k", v], ...] and [{"key": "k", "value": v}, ...].
 *
 * Promise: each key once, the first of its name; keys that are fields of the
 * event (contract, section 5) are no tags; at most ET_MAX_TAGS, so that the
 * search for a key used already is bounded.  What is no tag is noted, but for
 * null, which SDKs send for "no value".
 */

#include "et_event_internal.h"


#define ET_TAG_NOTE  48        /* bytes of a tag's key that a note has */


static void et_event_read_tag(et_arena_t *arena, et_event_t *event,
    et_slice_t key, const cJSON *value);
static const cJSON *et_event_tag(et_arena_t *arena, et_event_t *event,
    const cJSON *item, int named, et_slice_t *key);
static int et_event_tag_reserved(et_slice_t key);
static int et_event_tag_known(const et_event_t *event, et_slice_t key);
static void et_event_tag_note(et_arena_t *arena, et_event_t *event,
    et_slice_t key, const char *what);


static const et_slice_t  et_event_tag_environment = ET_SLICE("environment");

static const et_slice_t  et_event_tags_reserved[] = {
    ET_SLICE("release"), ET_SLICE("dist"), ET_SLICE("user"),
    ET_SLICE("filename"), ET_SLICE("function"), ET_SLICE("environment"),
};


void
et_event_read_tags(et_arena_t *arena, et_event_t *event, const cJSON *tags)
{
    int           named;
    size_t        n;
    et_slice_t    key;
    const cJSON  *item, *value;

    et_event_expect(arena, event, tags, "tags",
                    cJSON_Object | cJSON_Array | cJSON_NULL);

    named = cJSON_IsObject(tags);

    if ((!named && !cJSON_IsArray(tags)) || tags->child == NULL) {
        return;
    }

    n = cJSON_GetArraySize(tags);

    event->tags = et_arena_alloc(arena, (n < ET_MAX_TAGS ? n : ET_MAX_TAGS)
                                        * sizeof(et_tag_t));
    if (event->tags == NULL) {
        return;
    }

    for (item = tags->child; item != NULL; item = item->next) {
        value = et_event_tag(arena, event, item, named, &key);

        if (value != NULL && !cJSON_IsNull(value)) {
            et_event_read_tag(arena, event, key, value);
        }
    }
}


static void
et_event_read_tag(et_arena_t *arena, et_event_t *event, et_slice_t key,
    const cJSON *value)
{
    et_tag_t    *tag;
    et_slice_t   text;

    if (key.len == 0) {
        et_event_note(arena, event, "tags: one without a key, dropped");
        return;
    }

    if (cJSON_IsObject(value) || cJSON_IsArray(value)) {
        et_event_tag_note(arena, event, key, "no text, dropped");
        return;
    }

    if (et_event_tag_reserved(key)) {

        if (event->environment.len == 0
            && et_slice_eq(key, et_event_tag_environment))
        {
            event->environment = et_event_read_text(arena, event, value,
                                                    "environment",
                                                    ET_MAX_ENVIRONMENT);
            return;
        }

        et_event_tag_note(arena, event, key, "a field's name, dropped");
        return;
    }

    if (et_event_tag_known(event, key)) {
        et_event_tag_note(arena, event, key, "there already, dropped");
        return;
    }

    if (event->ntags == ET_MAX_TAGS) {
        et_event_tag_note(arena, event, key, "one tag too many, dropped");
        return;
    }

    text = et_event_scalar(arena, value, SIZE_MAX);

    tag = &event->tags[event->ntags++];

    tag->key = key;
    tag->value = et_event_cut(text, ET_MAX_TAG_VALUE);

    if (tag->value.len != text.len) {
        et_event_tag_note(arena, event, key, "cut to 200 bytes");
    }
}


/* A tag's key, cut or empty, and its value, which may be NULL. */

static const cJSON *
et_event_tag(et_arena_t *arena, et_event_t *event, const cJSON *item,
    int named, et_slice_t *key)
{
    const cJSON  *name, *value;

    if (named) {
        *key = et_event_read_cut(arena, event, et_slice_str(item->string),
                                 "a tag's key", ET_MAX_TAG_KEY);
        return item;
    }

    name = NULL;
    value = NULL;

    if (cJSON_IsArray(item)) {
        name = item->child;
        value = (name != NULL) ? name->next : NULL;

    } else if (cJSON_IsObject(item)) {
        name = et_json_get(item, "key");
        value = et_json_get(item, "value");

    } else {
        et_event_expect(arena, event, item, "tags", cJSON_NULL);
    }

    *key = et_event_read_text(arena, event, name, "a tag's key",
                              ET_MAX_TAG_KEY);

    return value;
}


static int
et_event_tag_reserved(et_slice_t key)
{
    size_t  i;

    for (i = 0; i < ET_EVENT_NAMES(et_event_tags_reserved); i++) {
        if (et_slice_eq(key, et_event_tags_reserved[i])) {
            return 1;
        }
    }

    return 0;
}


static int
et_event_tag_known(const et_event_t *event, et_slice_t key)
{
    size_t  i;

    for (i = 0; i < event->ntags; i++) {
        if (et_slice_eq(event->tags[i].key, key)) {
            return 1;
        }
    }

    return 0;
}


static void
et_event_tag_note(et_arena_t *arena, et_event_t *event, et_slice_t key,
    const char *what)
{
    size_t  len;

    len = et_utf8_prefix(key.data, key.len, ET_TAG_NOTE);

    et_event_note(arena, event, "tags.%.*s: %s", (int) len, key.data, what);
}
