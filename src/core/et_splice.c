/*
 * A list of ranges, in the order of the text, that doubles when it is full.
 */

#include "et_splice.h"


#define ET_SPLICES_FIRST  16   /* room at first, in splices */


static int et_splices_grow(et_splices_t *splices);


void
et_splices_init(et_splices_t *splices, et_arena_t *arena, char *text,
    size_t len)
{
    memset(splices, 0, sizeof(et_splices_t));

    splices->arena = arena;
    splices->text = text;
    splices->len = len;
}


int
et_splice(et_splices_t *splices, size_t from, size_t to, et_slice_t with)
{
    et_splice_t  *splice;

    if (from < splices->end || from > to || to > splices->len) {
        return 0;
    }

    if (splices->n == splices->room && !et_splices_grow(splices)) {
        return 0;
    }

    splice = &splices->splices[splices->n++];

    splice->from = from;
    splice->to = to;
    splice->with = with;

    splices->end = to;
    splices->grown += with.len;
    splices->gone += to - from;

    return 1;
}


static int
et_splices_grow(et_splices_t *splices)
{
    size_t        room;
    et_splice_t  *list;

    room = splices->room == 0 ? ET_SPLICES_FIRST : splices->room * 2;

    list = et_arena_alloc(splices->arena, room * sizeof(et_splice_t));
    if (list == NULL) {
        return 0;
    }

    if (splices->n != 0) {
        memcpy(list, splices->splices, splices->n * sizeof(et_splice_t));
    }

    splices->splices = list;
    splices->room = room;

    return 1;
}


void
et_splices_keep(et_splices_t *splices, size_t n)
{
    const et_splice_t  *splice;

    while (splices->n > n) {
        splice = &splices->splices[--splices->n];

        splices->grown -= splice->with.len;
        splices->gone -= splice->to - splice->from;
    }

    splices->end = splices->n == 0 ? 0 : splices->splices[splices->n - 1].to;
}


char *
et_splices_apply(const et_splices_t *splices, size_t *len)
{
    char               *out, *p;
    size_t              i, pos;
    const et_splice_t  *splice;

    if (splices->n == 0) {
        *len = splices->len;
        return splices->text;
    }

    *len = splices->len - splices->gone + splices->grown;

    out = et_arena_alloc(splices->arena, *len);
    if (out == NULL) {
        return NULL;
    }

    p = out;
    pos = 0;

    for (i = 0; i < splices->n; i++) {
        splice = &splices->splices[i];

        memcpy(p, splices->text + pos, splice->from - pos);
        p += splice->from - pos;

        if (splice->with.len != 0) {
            memcpy(p, splice->with.data, splice->with.len);
            p += splice->with.len;
        }

        pos = splice->to;
    }

    memcpy(p, splices->text + pos, splices->len - pos);

    return out;
}
