/*
 * The arena: all memory that one request's parsing needs, freed at once.
 *
 * Promise: memory handed out never exceeds the limit, whatever a client
 * sends; what was allocated stays where it is until the reset; a reset
 * keeps the first chunks for the next request, so that a steady stream of
 * ordinary events calls malloc() never.
 *
 * An arena belongs to one thread.
 */

#ifndef ET_ARENA_H
#define ET_ARENA_H

#include "et_slice.h"


/* what is not handed out, or was before a reset, must not be touched */

#if defined(__SANITIZE_ADDRESS__)
#define ET_ARENA_ASAN  1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ET_ARENA_ASAN  1
#endif
#endif

#ifdef ET_ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define et_arena_hide(p, n)  ASAN_POISON_MEMORY_REGION(p, n)
#define et_arena_show(p, n)  ASAN_UNPOISON_MEMORY_REGION(p, n)
#else
#define et_arena_hide(p, n)
#define et_arena_show(p, n)
#endif


#define ET_ARENA_ALIGN  16


typedef struct et_arena_chunk_s  et_arena_chunk_t;

typedef enum {
    ET_ARENA_FINE = 0,
    ET_ARENA_LIMIT,            /* an allocation would have passed the limit */
    ET_ARENA_NO_MEMORY         /* malloc() returned NULL */
} et_arena_state_t;

typedef struct {
    char              *pos;    /* the next free byte of the current chunk */
    char              *end;
    et_arena_chunk_t  *first;
    et_arena_chunk_t  *current;
    size_t             size;   /* bytes of all chunks in use */
    size_t             limit;  /* bytes that the chunks in use may reach */
    size_t             keep;   /* bytes of chunks that a reset keeps */
    et_arena_state_t   state;  /* why the last allocation failed */
} et_arena_t;


/* No memory is allocated before the first et_arena_alloc(). */
void et_arena_init(et_arena_t *arena, size_t limit, size_t keep);

/* et_arena_alloc() from a further chunk, for et_arena_alloc() alone. */
void *et_arena_alloc_slow(et_arena_t *arena, size_t size);

/*
 * Memory aligned for any object, not zeroed; NULL when the limit or the
 * system's memory is reached, and then arena->state says which until the
 * next reset.
 *
 * Inline, as cJSON calls it for each value and each name of an event.
 */
static inline void *
et_arena_alloc(et_arena_t *arena, size_t size)
{
    char    *p;
    size_t   need;

    need = (size + ET_ARENA_ALIGN - 1) & ~(size_t) (ET_ARENA_ALIGN - 1);

    /* need is 0 for no bytes, and where the sum overflowed */

    if (need == 0 || need > (size_t) (arena->end - arena->pos)) {
        return et_arena_alloc_slow(arena, size);
    }

    p = arena->pos;
    arena->pos += need;

    et_arena_show(p, size);

    return p;
}


/* As et_arena_alloc(), zeroed. */
void *et_arena_zalloc(et_arena_t *arena, size_t size);

/* A copy of the slice, followed by a NUL that does not count; data is NULL
 * on failure. */
et_slice_t et_arena_copy(et_arena_t *arena, et_slice_t s);

/* Frees everything handed out; keeps at most arena->keep bytes of chunks. */
void et_arena_reset(et_arena_t *arena);

void et_arena_destroy(et_arena_t *arena);


#endif /* ET_ARENA_H */
