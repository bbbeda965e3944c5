/*
 * The text that an event is grouped by, written line by line into one buffer
 * and hashed:
 *
 *     exception ValueError
 *       frame app.views in checkout | total = price / qty
 *     exception Timeout
 *       value no answer after <duration>
 *
 * or "frame ...", "message ...", "checksum ...", "fingerprint ...".  A line
 * is never ambiguous, as no value has a line feed in it.
 *
 * Promise: the work is linear in the size of the event.  What is beyond
 * ET_MAX_GROUPING is hashed and not kept.
 *
 * The text is version ET_GROUPING_VERSION of the algorithm: whoever changes
 * a byte of it regroups everybody's errors, and raises that number.
 */

#include "et_grouping_internal.h"


/* with the byte that tells whether the last one kept cuts a character */
#define ET_GROUPING_BUFFER  (ET_MAX_GROUPING + 1)

#define ET_GROUPING_MASK    (((uint64_t) 1 << 53) - 1)


static et_reason_t et_group_culprit(et_group_t *g);
static void et_group_parts(et_group_t *g);
static et_reason_t et_group_finish(et_group_t *g);
static void et_group_flush(et_group_t *g);


int
et_hasher_init(et_hasher_t *hasher)
{
    hasher->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    hasher->ctx = EVP_MD_CTX_new();

    if (hasher->sha256 == NULL || hasher->ctx == NULL) {
        et_hasher_destroy(hasher);
        return 0;
    }

    return 1;
}


void
et_hasher_destroy(et_hasher_t *hasher)
{
    EVP_MD_CTX_free(hasher->ctx);
    EVP_MD_free(hasher->sha256);

    hasher->ctx = NULL;
    hasher->sha256 = NULL;
}


et_reason_t
et_group(et_arena_t *arena, et_hasher_t *hasher, et_event_t *event)
{
    et_group_t   g;
    et_reason_t  reason;

    g.arena = arena;
    g.event = event;
    g.md = hasher->ctx;
    g.kept_len = 0;
    g.lines = 0;
    g.failed = 0;
    g.lang = et_frame_lang(event->platform);
    g.crash = NULL;
    g.looked = 0;

    reason = et_group_culprit(&g);
    if (reason != ET_OK) {
        return reason;
    }

    g.kept = et_arena_alloc(arena, ET_GROUPING_BUFFER);
    if (g.kept == NULL) {
        return et_json_no_room(g.arena);
    }

    g.start = g.kept;
    g.pos = g.kept;
    g.end = g.kept + ET_GROUPING_BUFFER;

    if (EVP_DigestInit_ex2(g.md, hasher->sha256, NULL) != 1) {
        return ET_NO_MEMORY;
    }

    et_group_parts(&g);

    return et_group_finish(&g);
}


static et_reason_t
et_group_culprit(et_group_t *g)
{
    char          text[ET_FRAME_TEXT];
    size_t        len;
    et_slice_t    culprit;
    et_frame_t    frame;
    et_event_t   *event;

    event = g->event;

    if (event->culprit.len != 0) {
        return ET_OK;
    }

    if (event->transaction.len != 0) {
        culprit = event->transaction;
        len = et_utf8_prefix(culprit.data, culprit.len, ET_MAX_CULPRIT);

        event->culprit = et_slice(culprit.data, len);

        return ET_OK;
    }

    if (!et_frame_read(et_group_crash(g), g->lang, &frame)) {
        return ET_OK;
    }

    len = et_frame_culprit(&frame, text);
    len = et_utf8_prefix(text, len, ET_MAX_CULPRIT);

    culprit = et_arena_copy(g->arena, et_slice(text, len));
    if (culprit.data == NULL) {
        return et_json_no_room(g->arena);
    }

    event->culprit = culprit;

    return ET_OK;
}


static void
et_group_parts(et_group_t *g)
{
    if (g->event->checksum.len != 0) {
        et_put_line(g, "checksum ", g->event->checksum);
        return;
    }

    if (!et_group_fingerprint(g)) {
        et_group_default(g);
    }
}


static et_reason_t
et_group_finish(et_group_t *g)
{
    int            i;
    uint64_t       hash;
    unsigned char  digest[EVP_MAX_MD_SIZE];

    et_group_flush(g);

    if (EVP_DigestFinal_ex(g->md, digest, NULL) != 1 || g->failed) {
        return ET_NO_MEMORY;
    }

    if (g->arena->state != ET_ARENA_FINE) {
        return et_json_no_room(g->arena);
    }

    hash = 0;

    for (i = 0; i < 8; i++) {
        hash = hash << 8 | digest[i];
    }

    hash &= ET_GROUPING_MASK;

    /* 0 means that there is none */

    g->event->grouping_hash = (hash != 0) ? hash : 1;
    g->event->grouping = et_slice(g->kept,
                                  et_utf8_prefix(g->kept, g->kept_len,
                                                 ET_MAX_GROUPING));

    return ET_OK;
}


void
et_put_name(et_group_t *g, const char *name)
{
    if (g->lines++ != 0) {
        et_put(g, "\n", 1);
    }

    et_put_str(g, name);
}


void
et_put_line(et_group_t *g, const char *name, et_slice_t text)
{
    et_put_name(g, name);
    et_put_text(g, text);
}


void
et_put_text(et_group_t *g, et_slice_t text)
{
    size_t         i, start;
    unsigned char  c;

    if (text.len == 0) {
        return;
    }

    start = 0;

    for (i = 0; i < text.len; i++) {
        c = (unsigned char) text.data[i];

        if (c < 0x20 || c == 0x7f) {
            et_put(g, text.data + start, i - start);
            et_put(g, " ", 1);
            start = i + 1;
        }
    }

    et_put(g, text.data + start, i - start);
}


void
et_put(et_group_t *g, const char *data, size_t len)
{
    size_t  n;

    while (len > (size_t) (g->end - g->pos)) {
        n = g->end - g->pos;
        memcpy(g->pos, data, n);
        g->pos += n;
        data += n;
        len -= n;

        et_group_flush(g);
    }

    if (len != 0) {
        memcpy(g->pos, data, len);
        g->pos += len;
    }
}


/* Hashes what is in the buffer, and goes on in the spill buffer. */

static void
et_group_flush(et_group_t *g)
{
    if (EVP_DigestUpdate(g->md, g->start, g->pos - g->start) != 1) {
        g->failed = 1;
    }

    if (g->start == g->kept) {
        g->kept_len = g->pos - g->kept;
    }

    g->start = g->spill;
    g->pos = g->spill;
    g->end = g->spill + sizeof(g->spill);
}
