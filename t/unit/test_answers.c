/*
 * Answers about keys: what is found, what gives way, several workers at once;
 * and what GitLab's answers mean.
 */

#include <pthread.h>

#include "et_auth.h"
#include "et_gitlab_key.h"
#include "et_hash.h"
#include "et_test.h"


#define SLOTS    64
#define THREADS  4


static et_answer_slot_t      table[SLOTS];
static const unsigned char   seed[ET_ANSWERS_SEED] = "sixteen letters!";
static const unsigned char   other[ET_ANSWERS_SEED] = "SIXTEEN LETTERS!";


static et_answer_t
find(uint64_t id)
{
    uint64_t  until;

    return et_answers_find(table, SLOTS, id, &until);
}


static void
test_ids(void)
{
    uint64_t  id;

    ET_TEST("a question's id is of who is asked, project, key and seed") {
        id = et_answers_id(seed, 1, 2, et_slice_str("key"));

        et_check(id != 0);
        et_check(id == et_answers_id(seed, 1, 2, et_slice_str("key")));
        et_check(id != et_answers_id(seed, 2, 2, et_slice_str("key")));
        et_check(id != et_answers_id(seed, 1, 3, et_slice_str("key")));
        et_check(id != et_answers_id(seed, 1, 2, et_slice_str("kez")));
        et_check(id != et_answers_id(other, 1, 2, et_slice_str("key")));
    }
}


static void
test_table(void)
{
    uint64_t  i, id, until;

    ET_TEST("an answer is found until another takes its place") {
        memset(table, 0, sizeof(table));

        et_check_int(find(5), ET_ANSWER_NONE);
        et_answers_put(table, SLOTS, 5, ET_ANSWER_YES, 1000);
        et_check_int(et_answers_find(table, SLOTS, 5, &until), ET_ANSWER_YES);
        et_check_int(until, 1000);

        et_answers_put(table, SLOTS, 5, ET_ANSWER_NO, 2000);
        et_check_int(et_answers_find(table, SLOTS, 5, &until), ET_ANSWER_NO);
        et_check_int(until, 2000);

        et_check_int(find(5 + SLOTS), ET_ANSWER_NONE);
        et_check_int(find(0), ET_ANSWER_NONE);
        et_answers_put(table, SLOTS, 0, ET_ANSWER_YES, 1000);
        et_check_int(find(0), ET_ANSWER_NONE);
    }

    ET_TEST("in a full set a no gives way, then the yes that ends first") {
        memset(table, 0, sizeof(table));

        for (i = 1; i <= 8; i++) {
            et_answers_put(table, SLOTS, i * SLOTS,
                           i < 3 ? ET_ANSWER_NO : ET_ANSWER_YES, 1000 - i);
        }

        for (i = 1; i <= 8; i++) {
            et_check(find(i * SLOTS) != ET_ANSWER_NONE);
        }

        for (id = 9; id <= 11; id++) {
            et_answers_put(table, SLOTS, id * SLOTS, ET_ANSWER_YES, 5000);
        }

        et_check_int(find(2 * SLOTS), ET_ANSWER_NONE);
        et_check_int(find(1 * SLOTS), ET_ANSWER_NONE);
        et_check_int(find(8 * SLOTS), ET_ANSWER_NONE);
        et_check_int(find(7 * SLOTS), ET_ANSWER_YES);
        et_check_int(find(11 * SLOTS), ET_ANSWER_YES);
    }

    ET_TEST("a thousand that guess take no yes away") {
        memset(table, 0, sizeof(table));
        et_answers_put(table, SLOTS, 3, ET_ANSWER_YES, 1000);

        for (i = 1; i < 1000; i++) {
            et_answers_put(table, SLOTS, i * SLOTS + 3, ET_ANSWER_NO, 9000);
        }

        et_check_int(find(3), ET_ANSWER_YES);
    }
}


/* Ids of one set; whoever finds one has to find its own answer. */

static void *
worker(void *data)
{
    size_t    *wrong = data;
    uint64_t   i, id, until;

    for (i = 0; i < 200000; i++) {
        id = et_mix64(i * 7919 % 16 + 1) & ~(uint64_t) (SLOTS - 1);

        if (et_answers_find(table, SLOTS, id, &until) != ET_ANSWER_NONE) {
            *wrong += until != id >> 20;
        }

        et_answers_put(table, SLOTS, id, i & 1 ? ET_ANSWER_YES : ET_ANSWER_NO,
                       id >> 20);
    }

    return NULL;
}


static void
test_threads(void)
{
    int        i;
    size_t     wrong[THREADS];
    pthread_t  threads[THREADS];

    ET_TEST("workers that write the same places never find another's answer") {
        memset(table, 0, sizeof(table));
        memset(wrong, 0, sizeof(wrong));

        for (i = 0; i < THREADS; i++) {
            et_check(pthread_create(&threads[i], NULL, worker, &wrong[i])
                     == 0);
        }

        for (i = 0; i < THREADS; i++) {
            et_check(pthread_join(threads[i], NULL) == 0);
            et_check_int(wrong[i], 0);
        }
    }
}


static void
test_gitlab(void)
{
    char        form[ET_GITLAB_FORM], *body, key[ET_KEY_MAX + 1];
    size_t      i, len;
    et_arena_t  arena;

    static const struct {
        unsigned      status;
        const char   *body;
        et_gitlab_t   said;
        et_answer_t   answer;
    } cases[] = {
        { 200, "{\"enabled\":true}", ET_GITLAB_ENABLED, ET_ANSWER_YES },
        { 200, "{\"enabled\":false}", ET_GITLAB_DISABLED, ET_ANSWER_NO },
        { 200, "{\"enabled\":\"true\"}", ET_GITLAB_UNEXPECTED,
          ET_ANSWER_NONE },
        { 200, "{\"enabled\":1}", ET_GITLAB_UNEXPECTED, ET_ANSWER_NONE },
        { 200, "{\"enabled\":tru", ET_GITLAB_UNEXPECTED, ET_ANSWER_NONE },
        { 200, "{}", ET_GITLAB_UNEXPECTED, ET_ANSWER_NONE },
        { 200, "", ET_GITLAB_UNEXPECTED, ET_ANSWER_NONE },
        { 200, "<html>", ET_GITLAB_UNEXPECTED, ET_ANSWER_NONE },
        { 401, "{\"message\":\"401\"}", ET_GITLAB_UNAUTHORIZED,
          ET_ANSWER_NONE },
        { 404, "{}", ET_GITLAB_NOT_FOUND, ET_ANSWER_NO },
        { 422, "{}", ET_GITLAB_INVALID, ET_ANSWER_NO },
        { 302, "", ET_GITLAB_UNEXPECTED, ET_ANSWER_NONE },
        { 403, "{\"enabled\":true}", ET_GITLAB_UNEXPECTED, ET_ANSWER_NONE },
        { 429, "", ET_GITLAB_UNEXPECTED, ET_ANSWER_NONE },
        { 500, "", ET_GITLAB_FAILED, ET_ANSWER_NONE },
        { 503, "{\"enabled\":true}", ET_GITLAB_FAILED, ET_ANSWER_NONE },
    };

    ET_TEST("only what says so plainly is a yes or a no") {
        et_arena_init(&arena, 1024 * 1024, 0);

        for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            len = strlen(cases[i].body);
            body = et_copy(cases[i].body, len);

            et_check_int(et_gitlab_judge(&arena, cases[i].status, body, len),
                         cases[i].said);
            et_check_int(et_gitlab_answer(cases[i].said), cases[i].answer);
            free(body);
        }

        et_arena_destroy(&arena);
    }

    ET_TEST("it is asked by key and project") {
        len = et_gitlab_form(form, et_slice_str("glet_01"), 5);
        et_check_str(et_slice(form, len), "public_key=glet_01&project_id=5");

        memset(key, 'k', sizeof(key));
        len = et_gitlab_form(form, et_slice(key, ET_KEY_MAX), UINT64_MAX);
        et_check(len < ET_GITLAB_FORM);
        et_check_str(et_slice(form + len - 32, 32),
                     "&project_id=18446744073709551615");
    }
}


int
main(void)
{
    test_ids();
    test_table();
    test_threads();
    test_gitlab();

    return et_test_done();
}
