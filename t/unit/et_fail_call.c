/*
 * The calls of et_fail_call.h.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "et_fail_call.h"


typedef struct {
    const char     *name;
    unsigned long   countdown;
    unsigned long   failed;
    int             err;
    unsigned        lasting:1;
    unsigned        die_after:1;   /* the call that runs now */
} et_fail_call_t;


static et_fail_call_t  et_failing;


void
et_fail_call(const char *name, unsigned long nth, int err)
{
    memset(&et_failing, 0, sizeof(et_failing));

    et_failing.name = name;
    et_failing.countdown = nth;
    et_failing.err = err;
}


void
et_fail_calls(const char *name, unsigned long nth, int err)
{
    et_fail_call(name, nth, err);

    et_failing.lasting = 1;
}


unsigned long
et_fail_calls_failed(void)
{
    return et_failing.failed;
}


static int
et_fail_call_now(const char *name)
{
    if (et_failing.countdown == 0
        || (et_failing.name != NULL && strcmp(et_failing.name, name) != 0))
    {
        return 0;
    }

    if (et_failing.countdown > 1 || !et_failing.lasting) {
        if (--et_failing.countdown != 0) {
            return 0;
        }
    }

    et_failing.failed++;

    if (et_failing.err == ET_FAIL_BEFORE) {
        raise(SIGKILL);
    }

    if (et_failing.err < 0) {
        et_failing.die_after = (et_failing.err == ET_FAIL_AFTER);
        return 0;
    }

    errno = et_failing.err;

    return 1;
}


/* whether the call that et_fail_call_now() has let go on does but half */

static size_t
et_fail_size(const char *name, size_t size)
{
    unsigned long  failed;

    failed = et_failing.failed;

    if (et_fail_call_now(name)) {
        return (size_t) -1;
    }

    return (failed != et_failing.failed && et_failing.err == ET_FAIL_SHORT
            && size > 1) ? size / 2 : size;
}


static int
et_fail_after(int rc)
{
    if (et_failing.die_after) {
        raise(SIGKILL);
    }

    return rc;
}


#define ET_FAIL_CALL(name, params, args)                                      \
    int __real_##name params;                                                 \
    int __wrap_##name params;                                                 \
                                                                              \
    int                                                                       \
    __wrap_##name params                                                      \
    {                                                                         \
        if (et_fail_call_now(#name)) {                                        \
            return -1;                                                        \
        }                                                                     \
                                                                              \
        return et_fail_after(__real_##name args);                             \
    }


ET_FAIL_CALL(mkdir, (const char *path, mode_t mode), (path, mode))
ET_FAIL_CALL(mkdirat, (int dir, const char *path, mode_t mode),
             (dir, path, mode))
ET_FAIL_CALL(fchown, (int fd, uid_t uid, gid_t gid), (fd, uid, gid))
ET_FAIL_CALL(ftruncate, (int fd, off_t size), (fd, size))
ET_FAIL_CALL(fsync, (int fd), (fd))
ET_FAIL_CALL(fdatasync, (int fd), (fd))
ET_FAIL_CALL(renameat, (int from_dir, const char *from, int to_dir,
             const char *to), (from_dir, from, to_dir, to))
ET_FAIL_CALL(unlinkat, (int dir, const char *path, int flags),
             (dir, path, flags))
ET_FAIL_CALL(fstat, (int fd, struct stat *st), (fd, st))
ET_FAIL_CALL(fstatat, (int dir, const char *path, struct stat *st, int flags),
             (dir, path, st, flags))
ET_FAIL_CALL(flock, (int fd, int operation), (fd, operation))


int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __real_openat(int dir, const char *path, int flags, ...);
int __wrap_openat(int dir, const char *path, int flags, ...);
ssize_t __real_write(int fd, const void *data, size_t size);
ssize_t __wrap_write(int fd, const void *data, size_t size);
ssize_t __real_pwrite(int fd, const void *data, size_t size, off_t offset);
ssize_t __wrap_pwrite(int fd, const void *data, size_t size, off_t offset);
ssize_t __real_pread(int fd, void *data, size_t size, off_t offset);
ssize_t __wrap_pread(int fd, void *data, size_t size, off_t offset);
DIR *__real_fdopendir(int fd);
DIR *__wrap_fdopendir(int fd);
struct dirent *__real_readdir(DIR *dir);
struct dirent *__wrap_readdir(DIR *dir);


int
__wrap_open(const char *path, int flags, ...)
{
    mode_t   mode;
    va_list  args;

    va_start(args, flags);
    mode = (flags & O_CREAT) ? va_arg(args, mode_t) : 0;
    va_end(args);

    return et_fail_call_now("open")
           ? -1 : et_fail_after(__real_open(path, flags, mode));
}


int
__wrap_openat(int dir, const char *path, int flags, ...)
{
    mode_t   mode;
    va_list  args;

    va_start(args, flags);
    mode = (flags & O_CREAT) ? va_arg(args, mode_t) : 0;
    va_end(args);

    return et_fail_call_now("openat")
           ? -1 : et_fail_after(__real_openat(dir, path, flags, mode));
}


ssize_t
__wrap_write(int fd, const void *data, size_t size)
{
    ssize_t  n;

    size = et_fail_size("write", size);

    if (size == (size_t) -1) {
        return -1;
    }

    n = __real_write(fd, data, size);

    (void) et_fail_after(0);

    return n;
}


ssize_t
__wrap_pwrite(int fd, const void *data, size_t size, off_t offset)
{
    ssize_t  n;

    size = et_fail_size("pwrite", size);

    if (size == (size_t) -1) {
        return -1;
    }

    n = __real_pwrite(fd, data, size, offset);

    (void) et_fail_after(0);

    return n;
}


ssize_t
__wrap_pread(int fd, void *data, size_t size, off_t offset)
{
    size = et_fail_size("pread", size);

    return size == (size_t) -1 ? -1 : __real_pread(fd, data, size, offset);
}


DIR *
__wrap_fdopendir(int fd)
{
    return et_fail_call_now("fdopendir") ? NULL : __real_fdopendir(fd);
}


struct dirent *
__wrap_readdir(DIR *dir)
{
    return et_fail_call_now("readdir") ? NULL : __real_readdir(dir);
}
