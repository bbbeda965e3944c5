/*
 * The arena: a list of chunks, and a pointer that moves through them.
 *
 * The chunks before and including "current" are in use and count against
 * the limit.  The ones after it were kept by a reset and wait for their turn;
 * they never come to more than "keep" bytes, so the memory held is at most
 * limit + keep.
 *
 * Chunks double in size, up to a bound, so that their number stays small and
 * a reset, which visits each of them, stays cheap.  A request that exceeds
 * the next size gets a chunk of its own size.
 */

#include <stdlib.h>

#include "et_arena.h"


#define ET_ARENA_CHUNK       (64 * 1024)

/* beyond it, doubling saves nothing worth the memory left unused */
#define ET_ARENA_CHUNK_MAX   (1024 * 1024)


struct et_arena_chunk_s {
    et_arena_chunk_t  *next;
    size_t             size;   /* with this header */
};

#define ET_ARENA_HEADER                                                       \
    ((sizeof(et_arena_chunk_t) + ET_ARENA_ALIGN - 1)                          \
     & ~(size_t) (ET_ARENA_ALIGN - 1))


static et_arena_chunk_t *et_arena_chunk(et_arena_t *arena, size_t need);
static void et_arena_use(et_arena_t *arena, et_arena_chunk_t *chunk);


void
et_arena_init(et_arena_t *arena, size_t limit, size_t keep)
{
    memset(arena, 0, sizeof(et_arena_t));

    arena->limit = limit;
    arena->keep = keep;
}


void *
et_arena_alloc_slow(et_arena_t *arena, size_t size)
{
    size_t             need;
    et_arena_chunk_t  *chunk;

    if (size == 0) {
        return et_arena_alloc(arena, 1);
    }

    /* the first comparison keeps the sum below from wrapping */

    if (size > PTRDIFF_MAX || size > arena->limit - arena->size) {
        arena->state = ET_ARENA_LIMIT;
        return NULL;
    }

    need = ET_ARENA_HEADER
           + ((size + ET_ARENA_ALIGN - 1) & ~(size_t) (ET_ARENA_ALIGN - 1));

    chunk = et_arena_chunk(arena, need);
    if (chunk == NULL) {
        return NULL;
    }

    et_arena_use(arena, chunk);

    return et_arena_alloc(arena, size);
}


/* The chunk after the current one, kept or new, with at least need bytes. */

static et_arena_chunk_t *
et_arena_chunk(et_arena_t *arena, size_t need)
{
    size_t             size, left;
    et_arena_chunk_t  *chunk, **link;

    left = arena->limit - arena->size;

    link = (arena->current == NULL) ? &arena->first : &arena->current->next;
    chunk = *link;

    if (chunk != NULL && chunk->size >= need && chunk->size <= left) {
        return chunk;
    }

    if (need > left) {
        arena->state = ET_ARENA_LIMIT;
        return NULL;
    }

    size = (arena->current == NULL) ? ET_ARENA_CHUNK : arena->current->size * 2;

    if (size > ET_ARENA_CHUNK_MAX) {
        size = ET_ARENA_CHUNK_MAX;
    }

    if (size > left) {
        size = left & ~(size_t) (ET_ARENA_ALIGN - 1);
    }

    if (size < need) {
        size = need;
    }

    chunk = malloc(size);
    if (chunk == NULL) {
        arena->state = ET_ARENA_NO_MEMORY;
        return NULL;
    }

    chunk->next = *link;
    chunk->size = size;
    *link = chunk;

    return chunk;
}


static void
et_arena_use(et_arena_t *arena, et_arena_chunk_t *chunk)
{
    arena->current = chunk;
    arena->size += chunk->size;
    arena->pos = (char *) chunk + ET_ARENA_HEADER;
    arena->end = (char *) chunk + chunk->size;

    et_arena_hide(arena->pos, chunk->size - ET_ARENA_HEADER);
}


void *
et_arena_zalloc(et_arena_t *arena, size_t size)
{
    void  *p;

    p = et_arena_alloc(arena, size);
    if (p != NULL) {
        memset(p, 0, size);
    }

    return p;
}


et_slice_t
et_arena_copy(et_arena_t *arena, et_slice_t s)
{
    char  *p;

    /* no slice is that long, but no sum may wrap either */

    p = (s.len == SIZE_MAX) ? NULL : et_arena_alloc(arena, s.len + 1);
    if (p == NULL) {
        return et_slice(NULL, 0);
    }

    if (s.len != 0) {
        memcpy(p, s.data, s.len);
    }

    p[s.len] = '\0';

    return et_slice(p, s.len);
}


void
et_arena_reset(et_arena_t *arena)
{
    size_t             kept;
    et_arena_chunk_t  *chunk, **link;

    kept = 0;
    link = &arena->first;

    while (*link != NULL) {
        chunk = *link;

        if (chunk->size <= arena->keep - kept) {
            et_arena_hide((char *) chunk + ET_ARENA_HEADER,
                          chunk->size - ET_ARENA_HEADER);
            kept += chunk->size;
            link = &chunk->next;
            continue;
        }

        *link = chunk->next;
        et_arena_show(chunk, chunk->size);
        free(chunk);
    }

    arena->pos = NULL;
    arena->end = NULL;
    arena->current = NULL;
    arena->size = 0;
    arena->state = ET_ARENA_FINE;
}


void
et_arena_destroy(et_arena_t *arena)
{
    size_t  keep;

    keep = arena->keep;

    arena->keep = 0;
    et_arena_reset(arena);
    arena->keep = keep;
}
