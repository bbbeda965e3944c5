/*
 * Splices: what comes out, what is refused, and memory that fails.
 */

#include "et_splice.h"
#include "et_test.h"


#define ET_TEST_MEMORY  (1024 * 1024)
#define ET_TEST_MANY    1000


static et_arena_t    arena;
static et_splices_t  splices;


static et_slice_t
et_test_apply(void)
{
    char    *out;
    size_t   len;

    out = et_splices_apply(&splices, &len);

    return et_slice(out, out == NULL ? 0 : len);
}


static void
et_test_init(char *text)
{
    et_arena_reset(&arena);
    et_splices_init(&splices, &arena, text, strlen(text));
}


static int
et_test_splice(size_t from, size_t to, const char *with)
{
    return et_splice(&splices, from, to, et_slice_str(with));
}


/* Every second byte of a text goes, which makes the list grow. */

static int
et_test_many(char *text)
{
    size_t  i;

    memset(text, 'a', 2 * ET_TEST_MANY);

    et_splices_init(&splices, &arena, text, 2 * ET_TEST_MANY);

    for (i = 0; i < ET_TEST_MANY; i++) {
        if (!et_test_splice(2 * i, 2 * i + 1, "bc")) {
            return 0;
        }
    }

    return 1;
}


int
main(void)
{
    int         i;
    char        text[] = "0123456789", many[2 * ET_TEST_MANY];
    et_slice_t  out;

    et_arena_init(&arena, ET_TEST_MEMORY, 0);

    ET_TEST("a text without a splice comes out as it is, not as a copy") {
        et_test_init(text);
        out = et_test_apply();
        et_check(out.data == text);
        et_check_int(out.len, 10);
    }

    ET_TEST("ranges are replaced by shorter and longer texts, and by none, "
            "at both ends, too")
    {
        et_test_init(text);
        et_check(et_test_splice(0, 2, "a"));
        et_check(et_test_splice(2, 3, "bcde"));
        et_check(et_test_splice(5, 7, ""));
        et_check(et_test_splice(9, 10, "!"));
        et_check_str(et_test_apply(), "abcde3478!");
        et_check(memcmp(text, "0123456789", 10) == 0);
    }

    ET_TEST("an empty range is an insertion, before, between and behind") {
        et_test_init(text);
        et_check(et_test_splice(0, 0, "<"));
        et_check(et_test_splice(5, 5, "|"));
        et_check(et_test_splice(5, 5, "|"));
        et_check(et_test_splice(10, 10, ">"));
        et_check_str(et_test_apply(), "<01234||56789>");
    }

    ET_TEST("all of a text may go") {
        et_test_init(text);
        et_check(et_test_splice(0, 10, ""));
        out = et_test_apply();
        et_check_int(out.len, 0);
    }

    ET_TEST("a range that begins before the last one ended, ends before it "
            "begins or behind the text changes nothing")
    {
        et_test_init(text);
        et_check(et_test_splice(2, 4, "x"));
        et_check(!et_test_splice(3, 5, "y"));
        et_check(!et_test_splice(0, 1, "y"));
        et_check(!et_test_splice(6, 5, "y"));
        et_check(!et_test_splice(9, 11, "y"));
        et_check(et_test_splice(4, 5, "z"));
        et_check_str(et_test_apply(), "01xz56789");
    }

    ET_TEST("there may be many") {
        et_arena_reset(&arena);
        et_check(et_test_many(many));
        out = et_test_apply();
        et_check_int(out.len, 3 * ET_TEST_MANY);

        for (i = 0; i < 3 * ET_TEST_MANY; i += 3) {
            et_check(memcmp(out.data + i, "bca", 3) == 0);
        }
    }

    ET_TEST("an allocation that fails is told, and no text comes out") {
        for (i = 1; ; i++) {
            et_arena_destroy(&arena);
            et_arena_init(&arena, ET_TEST_MEMORY, 0);
            et_fail_nth(i);

            if (et_test_many(many)) {
                out = et_test_apply();
                if (!et_fail_reached()) {
                    break;
                }

                et_check(out.data == NULL);
            }

            et_check_int(arena.state, ET_ARENA_NO_MEMORY);
        }

        et_fail_nth(0);
        et_check(i > 2);
        et_check_int(out.len, 3 * ET_TEST_MANY);
    }

    ET_TEST("the arena's limit is told, and no text comes out") {
        et_arena_destroy(&arena);
        et_arena_init(&arena, 65536, 0);
        et_test_init(text);
        et_check(et_test_splice(0, 1, ""));
        et_check(et_arena_alloc(&arena, 60000) != NULL);

        et_splices_init(&splices, &arena, many, sizeof(many));
        memset(many, 'a', sizeof(many));
        et_check(et_test_splice(0, 0, "1") && et_test_splice(1, 1, "2"));

        while (et_arena_alloc(&arena, 512) != NULL) { /* void */ }

        et_check(et_test_apply().data == NULL);
        et_check_int(arena.state, ET_ARENA_LIMIT);
    }

    et_arena_destroy(&arena);

    return et_test_done();
}
