/*
 * What is in the spool: names and lengths, read anew each time.
 *
 * The directories are read in the order in which files move through them:
 * see et_spool_write.c.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "et_spool_internal.h"


typedef struct {
    const char        *after;
    et_spool_usage_t  *usage;
    et_spool_file_t   *files;
    size_t             max;
    size_t             n;
    time_t             now;
} et_spool_scan_t;

/* an entry that is a regular file, in the open directory dir */
typedef void (*et_spool_entry_pt)(et_spool_scan_t *scan, int dir,
    const char *name, const struct stat *st);


static et_spool_status_t et_spool_each(et_spool_scan_t *scan, int root,
    const char *sub, et_spool_entry_pt handler);
static void et_spool_each_tmp(et_spool_scan_t *scan, int dir,
    const char *name, const struct stat *st);
static void et_spool_each_batch(et_spool_scan_t *scan, int dir,
    const char *name, const struct stat *st);
static void et_spool_each_failed(et_spool_scan_t *scan, int dir,
    const char *name, const struct stat *st);
static void et_spool_each_damaged(et_spool_scan_t *scan, int dir,
    const char *name, const struct stat *st);
static void et_spool_keep_oldest(et_spool_scan_t *scan, const char *name,
    int64_t time, uint64_t size);
static int et_spool_is_stale(const char *name, time_t age);


et_spool_status_t
et_spool_scan(const et_spool_t *spool, et_spool_usage_t *usage,
    et_spool_file_t *files, size_t max, size_t *n)
{
    return et_spool_scan_after(spool, "", usage, files, max, n);
}


et_spool_status_t
et_spool_scan_after(const et_spool_t *spool, const char *after,
    et_spool_usage_t *usage, et_spool_file_t *files, size_t max, size_t *n)
{
    int                root;
    et_spool_status_t  rc;

    root = et_spool_open_root(spool);

    if (root == -1) {
        memset(usage, 0, sizeof(et_spool_usage_t));
        *n = 0;
        return et_spool_errno();
    }

    rc = et_spool_scan_root(root, after, usage, files, max, n);

    et_spool_close_fd(root);

    return rc;
}


et_spool_status_t
et_spool_scan_root(int root, const char *after, et_spool_usage_t *usage,
    et_spool_file_t *files, size_t max, size_t *n)
{
    et_spool_scan_t    scan;
    et_spool_status_t  rc;

    memset(usage, 0, sizeof(et_spool_usage_t));

    scan.after = after;
    scan.usage = usage;
    scan.files = files;
    scan.max = max;
    scan.n = 0;
    scan.now = time(NULL);

    rc = et_spool_each(&scan, root, ET_SPOOL_TMP, et_spool_each_tmp);

    if (rc == ET_SPOOL_OK) {
        rc = et_spool_each(&scan, root, ".", et_spool_each_batch);
    }

    if (rc == ET_SPOOL_OK) {
        rc = et_spool_each(&scan, root, ET_SPOOL_FAILED, et_spool_each_failed);
    }

    if (rc == ET_SPOOL_OK) {
        rc = et_spool_each(&scan, root, ET_SPOOL_DAMAGED_DIR,
                           et_spool_each_damaged);
    }

    *n = (rc == ET_SPOOL_OK) ? scan.n : 0;

    return rc;
}


static et_spool_status_t
et_spool_each(et_spool_scan_t *scan, int root, const char *sub,
    et_spool_entry_pt handler)
{
    int                fd, err;
    DIR               *dir;
    struct stat        st;
    struct dirent     *entry;
    et_spool_status_t  rc;

    fd = openat(root, sub, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd == -1) {
        return (errno == ENOENT) ? ET_SPOOL_OK : et_spool_errno();
    }

    dir = fdopendir(fd);
    if (dir == NULL) {
        et_spool_close_fd(fd);
        return et_spool_errno();
    }

    rc = ET_SPOOL_OK;

    for ( ;; ) {
        errno = 0;
        entry = readdir(dir);

        if (entry == NULL) {
            break;
        }

        /* what another process has just removed or moved is not there */

        if (fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
            if (S_ISREG(st.st_mode)) {
                handler(scan, fd, entry->d_name, &st);
            }

        } else if (errno != ENOENT) {
            break;
        }
    }

    err = errno;

    if (err != 0) {
        rc = et_spool_errno();
    }

    (void) closedir(dir);
    errno = err;

    return rc;
}


static void
et_spool_each_tmp(et_spool_scan_t *scan, int dir, const char *name,
    const struct stat *st)
{
    if (et_spool_is_stale(name, scan->now - st->st_mtime)
        && unlinkat(dir, name, 0) == 0)
    {
        scan->usage->removed++;
        return;
    }

    scan->usage->used += (uint64_t) st->st_size;
}


static void
et_spool_each_batch(et_spool_scan_t *scan, int dir, const char *name,
    const struct stat *st)
{
    int64_t            time;
    et_spool_usage_t  *usage;

    (void) dir;

    if (!et_spool_is_name(name, &time)) {
        return;
    }

    usage = scan->usage;

    if (usage->files == 0 || time < usage->oldest) {
        usage->oldest = time;
    }

    usage->files++;
    usage->bytes += (uint64_t) st->st_size;
    usage->used += (uint64_t) st->st_size;

    if (strcmp(name, scan->after) > 0) {
        et_spool_keep_oldest(scan, name, time, (uint64_t) st->st_size);
    }
}


static void
et_spool_each_failed(et_spool_scan_t *scan, int dir, const char *name,
    const struct stat *st)
{
    int64_t  time;

    (void) dir;

    /* the texts count to the size, but are no batches */

    if (et_spool_is_name(name, &time)) {
        scan->usage->failed++;
    }

    scan->usage->used += (uint64_t) st->st_size;
}


static void
et_spool_each_damaged(et_spool_scan_t *scan, int dir, const char *name,
    const struct stat *st)
{
    (void) dir;
    (void) name;

    scan->usage->damaged++;
    scan->usage->used += (uint64_t) st->st_size;
}


/* The array is sorted at any time, and what falls out is the youngest. */

static void
et_spool_keep_oldest(et_spool_scan_t *scan, const char *name, int64_t time,
    uint64_t size)
{
    size_t            low, high, middle, last;
    et_spool_file_t  *file;

    low = 0;
    high = scan->n;

    while (low < high) {
        middle = (low + high) / 2;

        if (strcmp(scan->files[middle].name, name) < 0) {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    if (low == scan->max) {
        return;
    }

    last = (scan->n < scan->max) ? scan->n : scan->max - 1;
    file = &scan->files[low];

    memmove(file + 1, file, (last - low) * sizeof(et_spool_file_t));

    memcpy(file->name, name, strlen(name) + 1);
    file->time = time;
    file->size = size;

    scan->n = last + 1;
}


static int
et_spool_is_stale(const char *name, time_t age)
{
    long   pid;
    char  *end;

    if (age < ET_SPOOL_TMP_DEAD) {
        return 0;
    }

    errno = 0;
    pid = strtol(name, &end, 10);

    if (end == name || *end != '-' || errno != 0 || pid <= 0) {
        return 0;
    }

    return age >= ET_SPOOL_TMP_STALE
           || (kill((pid_t) pid, 0) == -1 && errno == ESRCH);
}
