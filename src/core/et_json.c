/*
 * JSON on the arena.
 *
 * Passes over the text before the parser check what cJSON does not: UTF-8,
 * NUL, and the escapes it can't represent.  They run over ordinary text at
 * the speed of memory.  The depth is measured afterwards, on the tree, which
 * is cheaper to walk than the text; only text that cJSON refuses is scanned
 * again, to tell "too deep" from "no JSON".  cJSON's own limit of nesting
 * protects the stack meanwhile.
 *
 * Where cJSON is more lenient than RFC 8259 (control characters in strings
 * and as white space, numbers such as 01 and 1.), so is this, and where an
 * SDK is known to send what is no JSON, the text is repaired: an event is not
 * lost for a formality.
 */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "et_json.h"
#include "et_json_repair.h"


/* below it, a double holds every integer */
#define ET_JSON_INTEGER  9007199254740992.0


static et_arena_t  *et_json_arena;     /* of the parse that is under way */
static et_arena_t  *et_json_outer;     /* of what it is within */
static int          et_json_exhausted;


static et_reason_t et_json_cjson(et_arena_t *arena, const char *text,
    size_t len, cJSON **root);
static cJSON *et_json_tree(et_arena_t *arena, const char *text, size_t len);
static void *et_json_malloc(size_t size);
static void et_json_free(void *p);
static int et_json_text_too_deep(const char *text, size_t len);
static int et_json_tree_too_deep(const cJSON *root);
static size_t et_json_number(char *buf, size_t size, double value);


et_reason_t
et_json_parse(et_arena_t *arena, char *text, size_t len, cJSON **root)
{
    et_reason_t  rc;

    *root = NULL;

    if (len == 0) {
        return ET_BAD_JSON;
    }

    if (!et_utf8_valid(text, len)) {
        return ET_BAD_UTF8;
    }

    /* cJSON would take it for the end of the string that it is in */

    if (memchr(text, '\0', len) != NULL) {
        return ET_BAD_JSON;
    }

    et_json_repair_escapes(text, len);

    rc = et_json_cjson(arena, text, len, root);

    if (rc == ET_BAD_JSON && et_json_repair_words(text, len)) {
        rc = et_json_cjson(arena, text, len, root);
    }

    return rc;
}


static et_reason_t
et_json_cjson(et_arena_t *arena, const char *text, size_t len, cJSON **root)
{
    *root = et_json_tree(arena, text, len);

    if (*root == NULL) {
        if (et_json_text_too_deep(text, len)) {
            return ET_JSON_TOO_DEEP;
        }

        if (!et_json_exhausted) {
            return ET_BAD_JSON;
        }

        return et_json_no_room(arena);
    }

    if (et_json_tree_too_deep(*root)) {
        *root = NULL;
        return ET_JSON_TOO_DEEP;
    }

    return ET_OK;
}


static cJSON *
et_json_tree(et_arena_t *arena, const char *text, size_t len)
{
    cJSON       *root;
    const char  *end;

    et_json_exhausted = 0;

    while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL) {
        len--;
    }

    /* cJSON before 1.7.18 looks for a name behind a comma at the very end */

    if (len == 0 || text[len - 1] == ',') {
        return NULL;
    }

    et_json_begin(arena);

    end = NULL;
    root = cJSON_ParseWithLengthOpts(text, len, &end, 0);

    et_json_end();

    /* where anything follows the value, it is no JSON text */

    return end == text + len ? root : NULL;
}


void
et_json_begin(et_arena_t *arena)
{
    cJSON_Hooks  hooks;

    hooks.malloc_fn = et_json_malloc;
    hooks.free_fn = et_json_free;

    et_json_outer = et_json_arena;
    et_json_arena = arena;
    cJSON_InitHooks(&hooks);
}


void
et_json_end(void)
{
    et_json_arena = et_json_outer;
    et_json_outer = NULL;

    if (et_json_arena == NULL) {
        cJSON_InitHooks(NULL);
    }
}


void *
et_json_alloc(size_t size)
{
    return et_json_malloc(size);
}


static void *
et_json_malloc(size_t size)
{
    void  *p;

    p = et_arena_alloc(et_json_arena, size);
    if (p == NULL) {
        et_json_exhausted = 1;
    }

    return p;
}


static void
et_json_free(void *p)
{
    /* goes with the arena */

    (void) p;
}


/* Whether the brackets outside of strings nest too deep, JSON or not. */

static int
et_json_text_too_deep(const char *text, size_t len)
{
    int          depth, quoted;
    const char  *p, *end;

    depth = 0;
    quoted = 0;
    end = text + len;

    for (p = text; p < end; p++) {
        switch (*p) {

        case '"':
            quoted = !quoted;
            break;

        case '\\':
            if (quoted && end - p > 1) {
                p++;
            }
            break;

        case '[':
        case '{':
            if (!quoted && ++depth > ET_JSON_MAX_DEPTH) {
                return 1;
            }
            break;

        case ']':
        case '}':
            if (!quoted && depth > 0) {
                depth--;
            }
            break;
        }
    }

    return 0;
}


static int
et_json_tree_too_deep(const cJSON *root)
{
    size_t        depth;
    const cJSON  *item, *above[ET_JSON_MAX_DEPTH];

    /* depth counts the arrays and objects around the item, itself excluded */

    depth = 0;
    item = root;

    for ( ;; ) {
        if ((item->type & (cJSON_Array | cJSON_Object)) != 0) {
            if (depth == ET_JSON_MAX_DEPTH) {
                return 1;
            }

            if (item->child != NULL) {
                above[depth++] = item;
                item = item->child;
                continue;
            }
        }

        while (item->next == NULL) {
            if (depth == 0) {
                return 0;
            }

            item = above[--depth];
        }

        item = item->next;
    }
}


cJSON *
et_json_get(const cJSON *obj, const char *name)
{
    cJSON  *item;

    if (obj == NULL || !(obj->type & cJSON_Object)) {
        return NULL;
    }

    for (item = obj->child; item != NULL; item = item->next) {
        if (item->string != NULL && strcmp(item->string, name) == 0) {
            return item;
        }
    }

    return NULL;
}


et_slice_t
et_json_str(const cJSON *item)
{
    if (item == NULL || !(item->type & cJSON_String)) {
        return et_slice(NULL, 0);
    }

    return et_slice_str(item->valuestring);
}


et_slice_t
et_json_text(et_arena_t *arena, const cJSON *item)
{
    char    buf[32];
    size_t  len;

    if (item == NULL) {
        return et_slice(NULL, 0);
    }

    switch (item->type & 0xff) {

    case cJSON_String:
        return et_slice_str(item->valuestring);

    case cJSON_True:
        return et_slice("true", 4);

    case cJSON_False:
        return et_slice("false", 5);

    case cJSON_Number:
        len = et_json_number(buf, sizeof(buf), item->valuedouble);

        return len == 0 ? et_slice(NULL, 0)
                        : et_arena_copy(arena, et_slice(buf, len));

    default:
        return et_slice(NULL, 0);
    }
}


/* The shortest text that reads back as the same number; none, as in JSON,
 * where it is not finite (1e999 is read as that). */

static size_t
et_json_number(char *buf, size_t size, double value)
{
    int  n, digits;

    if (!isfinite(value)) {
        return 0;
    }

    if (value > -ET_JSON_INTEGER && value < ET_JSON_INTEGER
        && value == (double) (long long) value)
    {
        n = snprintf(buf, size, "%lld", (long long) value);
        return n > 0 ? (size_t) n : 0;
    }

    n = 0;

    for (digits = 15; digits <= 17; digits++) {
        n = snprintf(buf, size, "%.*g", digits, value);

        if (digits == 17 || strtod(buf, NULL) == value) {
            break;
        }
    }

    return n > 0 ? (size_t) n : 0;
}
