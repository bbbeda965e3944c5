/*
 * The arena: its limit, what a reset keeps, and malloc() failing.
 */

#include "et_arena.h"
#include "et_test.h"


#define KIB  ((size_t) 1024)
#define MIB  (1024 * KIB)


static unsigned
chunks(const et_arena_t *arena)
{
    unsigned  n;
    void     *p;

    /* a chunk begins with the pointer to the next one */

    n = 0;

    for (p = arena->first; p != NULL; p = *(void **) p) {
        n++;
    }

    return n;
}


/* Fills the arena until it refuses; how many bytes it gave. */

static size_t
fill(et_arena_t *arena, size_t size)
{
    void    *p;
    size_t   n;

    for (n = 0; /* void */ ; n += size) {
        p = et_arena_alloc(arena, size);
        if (p == NULL) {
            return n;
        }

        memset(p, 0xa5, size);
    }
}


static void
test_memory(void)
{
    char        *p, *q;
    size_t       i;
    et_slice_t   s;
    et_arena_t   arena;

    et_arena_init(&arena, MIB, 64 * KIB);

    ET_TEST("an arena allocates nothing before it is asked to") {
        et_check(arena.first == NULL);
        et_check_int(arena.size, 0);
    }

    ET_TEST("what is handed out is aligned for any object") {
        for (i = 0; i < 200; i++) {
            p = et_arena_alloc(&arena, i);
            et_check(p != NULL);
            et_check_int((uintptr_t) p % 16, 0);
        }
    }

    ET_TEST("two allocations never overlap") {
        p = et_arena_alloc(&arena, 17);
        q = et_arena_alloc(&arena, 17);
        et_check(p != NULL && q != NULL && (p + 17 <= q || q + 17 <= p));
    }

    ET_TEST("memory from et_arena_zalloc() is zeroed after a reset too") {
        et_arena_reset(&arena);
        memset(et_arena_alloc(&arena, 8192), 0xff, 8192);
        et_arena_reset(&arena);

        p = et_arena_zalloc(&arena, 8192);
        et_check(p != NULL);

        for (i = 0; i < 8192; i++) {
            if (p[i] != 0) {
                break;
            }
        }

        et_check_int(i, 8192);
    }

    ET_TEST("a copy has its own bytes and ends with a NUL") {
        char  text[] = "abc";

        s = et_arena_copy(&arena, et_slice(text, 3));
        text[0] = 'x';

        et_check_str(s, "abc");
        et_check_int(s.data[3], 0);
    }

    ET_TEST("a copy of nothing is empty, not missing") {
        s = et_arena_copy(&arena, et_slice(NULL, 0));
        et_check(s.data != NULL);
        et_check_int(s.len, 0);
    }

    et_arena_destroy(&arena);
}


static void
test_limit(void)
{
    size_t      n, limit;
    et_arena_t  arena;

    ET_TEST("an arena never holds more than its limit, and uses most of it") {
        for (limit = 100; limit < 8 * MIB; limit = limit * 3 + 1) {
            et_arena_init(&arena, limit, 0);

            n = fill(&arena, 64);

            et_check(arena.size <= limit);
            et_check(n + 64 * 16 > limit - limit / 16 || limit < 2048);
            et_check_int(arena.state, ET_ARENA_LIMIT);

            et_arena_destroy(&arena);
        }
    }

    ET_TEST("an allocation as large as the limit is refused, not wrapped") {
        et_arena_init(&arena, MIB, 0);

        et_check(et_arena_alloc(&arena, MIB) == NULL);
        et_check(et_arena_alloc(&arena, MIB + 1) == NULL);
        et_check(et_arena_alloc(&arena, SIZE_MAX) == NULL);
        et_check(et_arena_alloc(&arena, SIZE_MAX - 15) == NULL);
        et_check(et_arena_copy(&arena, et_slice("", SIZE_MAX)).data == NULL);
        et_check(arena.first == NULL);

        et_arena_init(&arena, SIZE_MAX, 0);

        for (n = 0; n < 64; n++) {
            et_check(et_arena_alloc(&arena, SIZE_MAX - n) == NULL);
        }

        et_check_int(arena.state, ET_ARENA_LIMIT);
        et_check(arena.first == NULL);
        et_arena_destroy(&arena);
    }

    ET_TEST("a small allocation still succeeds after a large one did not") {
        et_arena_init(&arena, 64 * KIB, 0);

        et_check(et_arena_alloc(&arena, 65 * KIB) == NULL);
        et_check(et_arena_alloc(&arena, 100) != NULL);
        et_check_int(arena.state, ET_ARENA_LIMIT);

        et_arena_reset(&arena);
        et_check_int(arena.state, ET_ARENA_FINE);
        et_arena_destroy(&arena);
    }

    ET_TEST("a small limit is no reason for a large chunk") {
        et_arena_init(&arena, 1000, 0);
        et_check(et_arena_alloc(&arena, 900) != NULL);
        et_check(arena.size <= 1000);
        et_check(et_arena_alloc(&arena, 200) == NULL);
        et_arena_destroy(&arena);
    }

    ET_TEST("64 MiB of small objects lie in fewer than 100 chunks") {
        et_arena_init(&arena, 64 * MIB, 0);
        fill(&arena, 4096);
        et_check(chunks(&arena) < 100);
        et_arena_destroy(&arena);
    }
}


static void
test_reset(void)
{
    int         i;
    void       *p;
    et_arena_t  arena;

    ET_TEST("a reset keeps at most the bytes it may keep") {
        et_arena_init(&arena, 16 * MIB, 200 * KIB);
        fill(&arena, 1000);
        et_check(chunks(&arena) > 5);

        et_arena_reset(&arena);

        et_check_int(arena.size, 0);
        et_check_int(chunks(&arena), 2);     /* of 64 and 128 KiB */
        et_arena_destroy(&arena);
        et_check(arena.first == NULL);
    }

    ET_TEST("requests that fit what is kept never call malloc()") {
        et_arena_init(&arena, 16 * MIB, 256 * KIB);

        et_check(et_arena_alloc(&arena, 50 * KIB) != NULL);
        et_check(et_arena_alloc(&arena, 100 * KIB) != NULL);

        p = arena.first;
        et_fail_nth(1);

        for (i = 0; i < 1000; i++) {
            et_arena_reset(&arena);
            et_check(et_arena_alloc(&arena, 50 * KIB) != NULL);
            et_check(et_arena_alloc(&arena, 100 * KIB) != NULL);
        }

        et_check(!et_fail_reached());
        et_check(arena.first == p);
        et_arena_destroy(&arena);
    }

    ET_TEST("chunks kept and not in use leave the limit to those in use") {
        et_arena_init(&arena, MIB, MIB);
        fill(&arena, 1000);
        et_arena_reset(&arena);

        /* fits none of the chunks kept */

        et_check(et_arena_alloc(&arena, 900 * KIB) != NULL);
        et_check(arena.size <= MIB);
        et_check(fill(&arena, 1000) < 124 * KIB);
        et_check(arena.size <= MIB);

        et_arena_reset(&arena);
        et_arena_destroy(&arena);
    }

    ET_TEST("a destroyed arena may be destroyed and used again") {
        et_arena_init(&arena, MIB, MIB);
        et_check(et_arena_alloc(&arena, 10) != NULL);
        et_arena_destroy(&arena);
        et_arena_destroy(&arena);
        et_check(et_arena_alloc(&arena, 10) != NULL);
        et_arena_destroy(&arena);
    }
}


static void
test_failures(void)
{
    size_t         given;
    unsigned long  n, failed;
    et_arena_t     arena;

    ET_TEST("each malloc() that fails is told, and the arena goes on") {
        failed = 0;

        for (n = 1; n < 100; n++) {
            et_arena_init(&arena, 4 * MIB, 100 * KIB);
            et_fail_nth(n);

            given = fill(&arena, 500);

            if (!et_fail_reached()) {
                et_check_int(arena.state, ET_ARENA_LIMIT);
                et_fail_nth(0);
                et_arena_destroy(&arena);
                break;
            }

            failed++;
            et_check_int(arena.state, ET_ARENA_NO_MEMORY);

            /* the system has memory again */

            et_check(given + fill(&arena, 500) > 3 * MIB);
            et_check_int(arena.state, ET_ARENA_LIMIT);
            et_check(arena.size <= 4 * MIB);

            et_arena_destroy(&arena);
        }

        et_check(failed > 3 && n < 100);
    }
}


int
main(void)
{
    test_memory();
    test_limit();
    test_reset();
    test_failures();

    return et_test_done();
}
