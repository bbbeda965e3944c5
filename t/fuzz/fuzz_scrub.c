/*
 * Scrubbing: what was JSON is JSON after it, no value has stayed under a name
 * that says password, what was replaced once is not replaced again, and a
 * text in which nothing was found is that text.  Input: a byte of choices,
 * then the JSON.
 */

#include <stdlib.h>
#include <strings.h>

#include "et_fuzz.h"


static void et_fuzz_json(et_scrub_root_t root, const et_scrub_t *scrub,
    const uint8_t *data, size_t size);
static void et_fuzz_plain(const et_scrub_t *scrub, const uint8_t *data,
    size_t size);
static int et_fuzz_is_json(const char *text, size_t len);
static void et_fuzz_no_password(const cJSON *node);


static et_arena_t  arena;              /* of what is scrubbed */
static et_arena_t  parsed;             /* of trees */


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    et_scrub_t  scrub;

    static int               ready;
    static const et_slice_t  fields[] = { ET_SLICE("shoe_size") };
    static const et_slice_t  excludes[] = {
        ET_SLICE("extra.*.note"), ET_SLICE("tokens")
    };

    if (size < 1) {
        return 0;
    }

    if (!ready) {
        et_arena_init(&arena, ET_ARENA_LIMIT_SIZE, ET_ARENA_KEEP);
        et_arena_init(&parsed, ET_ARENA_LIMIT_SIZE, ET_ARENA_KEEP);
        ready = 1;
    }

    memset(&scrub, 0, sizeof(scrub));

    scrub.on = 1;
    scrub.ip = (*data & 0x20) != 0;

    if (*data & 0x40) {
        scrub.fields = fields;
        scrub.nfields = 1;
    }

    if (*data & 0x80) {
        scrub.excludes = excludes;
        scrub.nexcludes = 2;
    }

    et_arena_reset(&arena);

    switch (*data % 4) {
    case 0:
        et_fuzz_json(ET_SCRUB_EVENT, &scrub, data + 1, size - 1);
        break;

    case 1:
        et_fuzz_json(ET_SCRUB_LOGS, &scrub, data + 1, size - 1);
        break;

    case 2:
        et_fuzz_json(ET_SCRUB_OTHER, &scrub, data + 1, size - 1);
        break;

    default:
        et_fuzz_plain(&scrub, data + 1, size - 1);
    }

    return 0;
}


static void
et_fuzz_json(et_scrub_root_t root, const et_scrub_t *scrub,
    const uint8_t *data, size_t size)
{
    int          was_json;
    char        *body, *text, *copy, *again;
    size_t       len, len_again;
    cJSON       *tree;
    et_reason_t  reason;

    was_json = et_fuzz_is_json((const char *) data, size);

    body = et_fuzz_copy(data, size);
    text = body;
    len = size;

    reason = et_scrub_json(scrub, &arena, root, &text, &len);

    et_fuzz_check(arena.size <= ET_ARENA_LIMIT_SIZE);

    if (reason != ET_OK) {
        et_fuzz_check(!was_json || reason == ET_JSON_TOO_COMPLEX);
        free(body);
        return;
    }

    if (text == body) {
        et_fuzz_check(len == size && memcmp(body, data, size) == 0);
    }

    copy = et_fuzz_copy(text, len);

    if (was_json) {
        et_fuzz_check(et_fuzz_is_json(text, len));

        /* what is done is done */

        again = copy;
        len_again = len;

        et_fuzz_check(et_scrub_json(scrub, &arena, root, &again, &len_again)
                      == ET_OK);
        et_fuzz_check(len_again == len && memcmp(again, text, len) == 0);

        /* places without a meaning have no exceptions */

        if (root == ET_SCRUB_OTHER && scrub->nexcludes == 0) {
            et_arena_reset(&parsed);
            et_fuzz_check(et_json_parse(&parsed, text, len, &tree) == ET_OK);
            et_fuzz_no_password(tree);
        }
    }

    free(copy);
    free(body);
}


static void
et_fuzz_plain(const et_scrub_t *scrub, const uint8_t *data, size_t size)
{
    int          valid;
    char        *body, *text;
    size_t       len;
    et_reason_t  reason;

    valid = et_utf8_valid((const char *) data, size);

    body = et_fuzz_copy(data, size);
    text = body;
    len = size;

    reason = et_scrub_plain(scrub, &arena, &text, &len);

    et_fuzz_check(reason == ET_OK || reason == ET_JSON_TOO_COMPLEX);

    if (reason == ET_OK && valid) {
        et_fuzz_check(et_utf8_valid(text, len));
    }

    free(body);
}


/* A copy is read, since reading repairs in place. */

static int
et_fuzz_is_json(const char *text, size_t len)
{
    char        *copy;
    cJSON       *tree;
    et_reason_t  reason;

    copy = et_fuzz_copy(text, len);

    et_arena_reset(&parsed);
    reason = et_json_parse(&parsed, copy, len, &tree);

    free(copy);

    return reason == ET_OK;
}


static void
et_fuzz_no_password(const cJSON *node)
{
    const cJSON  *child;

    for (child = node->child; child != NULL; child = child->next) {

        if (child->string != NULL
            && strcasecmp(child->string, "password") == 0)
        {
            et_fuzz_check(child->child == NULL);
            et_fuzz_check(!cJSON_IsNumber(child));
            et_fuzz_check(!cJSON_IsString(child)
                          || child->valuestring[0] == '\0'
                          || strcmp(child->valuestring, "[Filtered]") == 0);
        }

        et_fuzz_no_password(child);
    }
}
