/*
 * The runner of et_test.h, and the failing allocator.
 */

#include "et_test.h"


static const char    *et_test_name;
static int            et_test_phase;
static int            et_test_failed;
static int            et_test_count;
static int            et_test_failures;

static unsigned long  et_fail_countdown;
static int            et_fail_done;


void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);


void
et_test_begin(const char *name)
{
    et_test_name = name;
    et_test_phase = 1;
    et_test_failed = 0;
}


int
et_test_running(void)
{
    return et_test_phase == 1;
}


void
et_test_end(void)
{
    et_test_phase = 0;
    et_test_count++;
    et_test_failures += et_test_failed;

    et_fail_nth(0);

    printf("%s %d - %s\n", et_test_failed ? "not ok" : "ok", et_test_count,
           et_test_name);
    fflush(stdout);
}


int
et_test_done(void)
{
    printf("1..%d\n", et_test_count);

    return et_test_failures != 0;
}


void
et_test_check(int ok, const char *text, const char *file, int line)
{
    if (ok) {
        return;
    }

    et_test_failed = 1;
    printf("# %s:%d: failed: %s\n", file, line, text);
}


void
et_test_check_str(et_slice_t got, const char *expected, const char *text,
    const char *file, int line)
{
    if (got.len == strlen(expected)
        && (got.len == 0 || memcmp(got.data, expected, got.len) == 0))
    {
        return;
    }

    et_test_failed = 1;
    printf("# %s:%d: %s is \"%.*s\", expected \"%s\"\n", file, line, text,
           (int) got.len, got.data == NULL ? "" : got.data, expected);
}


void
et_test_check_int(long long got, long long expected, const char *text,
    const char *file, int line)
{
    if (got == expected) {
        return;
    }

    et_test_failed = 1;
    printf("# %s:%d: %s is %lld, expected %lld\n", file, line, text, got,
           expected);
}


/* xorshift64 */

uint64_t
et_random(void)
{
    static uint64_t  x = 0x9e3779b97f4a7c15ull;

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;

    return x;
}


void *
et_alloc(size_t len)
{
    void  *p;

    p = malloc(len == 0 ? 1 : len);

    if (p == NULL) {
        printf("Bail out! out of memory\n");
        exit(2);
    }

    return p;
}


char *
et_copy(const void *data, size_t len)
{
    char  *copy;

    copy = et_alloc(len);

    if (len != 0) {
        memcpy(copy, data, len);
    }

    return copy;
}


void
et_fail_nth(unsigned long nth)
{
    et_fail_countdown = nth;
    et_fail_done = 0;
}


int
et_fail_reached(void)
{
    return et_fail_done;
}


static int
et_fail_now(void)
{
    if (et_fail_countdown == 0 || --et_fail_countdown != 0) {
        return 0;
    }

    et_fail_done = 1;

    return 1;
}


void *
__wrap_malloc(size_t size)
{
    return et_fail_now() ? NULL : __real_malloc(size);
}


void *
__wrap_calloc(size_t n, size_t size)
{
    return et_fail_now() ? NULL : __real_calloc(n, size);
}


void *
__wrap_realloc(void *p, size_t size)
{
    return et_fail_now() ? NULL : __real_realloc(p, size);
}
