/*
 * The unit tests' runner: TAP on standard output, one test a sentence.
 *
 *     int
 *     main(void)
 *     {
 *         ET_TEST("an empty body is refused") {
 *             et_check(f() == ET_EMPTY_BODY);
 *         }
 *
 *         return et_test_done();
 *     }
 *
 * A test passes when none of its checks failed; each failed check prints its
 * file, line and text.  et_fail_nth() makes the Nth following malloc(),
 * calloc() or realloc() return NULL (the linker's --wrap, see the Makefile),
 * so that the core is compiled the same as in the module.
 */

#ifndef ET_TEST_H
#define ET_TEST_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "et_slice.h"


#define ET_TEST(name)                                                         \
    for (et_test_begin(name); et_test_running(); et_test_end())

#define et_check(condition)                                                   \
    et_test_check((condition) != 0, #condition, __FILE__, __LINE__)

/* compares a slice with a string, and prints both where they differ */
#define et_check_str(slice, text)                                             \
    et_test_check_str((slice), (text), #slice, __FILE__, __LINE__)

#define et_check_int(a, b)                                                    \
    et_test_check_int((long long) (a), (long long) (b), #a, __FILE__, __LINE__)


void et_test_begin(const char *name);
int et_test_running(void);
void et_test_end(void);
int et_test_done(void);

void et_test_check(int ok, const char *text, const char *file, int line);
void et_test_check_str(et_slice_t got, const char *expected, const char *text,
    const char *file, int line);
void et_test_check_int(long long got, long long expected, const char *text,
    const char *file, int line);

/* The same numbers in each run. */
uint64_t et_random(void);

/* Memory of the exact size, so that a sanitizer sees a byte too many; where
 * there is none the program bails out.  To be freed. */
void *et_alloc(size_t len);
char *et_copy(const void *data, size_t len);

/* The Nth allocation from now (1 = the next) fails, once; 0: none does. */
void et_fail_nth(unsigned long nth);

/* 1 where the allocation that was to fail was reached. */
int et_fail_reached(void);


#endif /* ET_TEST_H */
