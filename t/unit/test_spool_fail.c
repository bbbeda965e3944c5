/*
 * The spool when system calls fail, processes are killed, disks are full,
 * and several processes work at once.
 */

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "et_fail_call.h"
#include "et_spool_help.h"
#include "et_test.h"


#define REASON     "Code: 60. DB::Exception: there is no such table"

/* more than any call makes, so that a test that never ends does */
#define MAX_CALLS  200

#define PROCESSES  2
#define BATCHES    150


typedef et_spool_status_t (*operation_pt)(void);


static const char *const  calls[] = {
    "open", "openat", "mkdir", "mkdirat", "fchown", "ftruncate", "write",
    "pread", "fsync", "renameat", "unlinkat", "fstat", "fstatat", "flock",
    "fdopendir", "readdir"
};

#define CALLS  (sizeof(calls) / sizeof(calls[0]))


static et_spool_status_t
op_write(void)
{
    char  name[ET_SPOOL_NAME];

    return et_spool_write(&test_spool, test_batch(1), name);
}


static et_spool_status_t
op_fail(void)
{
    char  name[ET_SPOOL_NAME];

    return et_spool_fail(&test_spool, test_batch(1), et_slice_str(REASON),
                         name);
}


static et_spool_status_t
op_fail_file(void)
{
    return et_spool_fail_file(&test_spool, test_name(1), et_slice_str(REASON));
}


static et_spool_status_t
op_set_aside(void)
{
    return et_spool_set_aside(&test_spool, test_name(1));
}


static et_spool_status_t
op_remove(void)
{
    return et_spool_remove(&test_spool, test_name(1));
}


static et_spool_status_t
op_create(void)
{
    return et_spool_create(&test_spool);
}


static et_spool_status_t
op_scan(void)
{
    size_t             n;
    et_spool_file_t    file;
    et_spool_usage_t   usage;
    et_spool_status_t  rc;

    rc = et_spool_scan(&test_spool, &usage, &file, 1, &n);

    /* a count is whole or it is none */

    et_check(rc == ET_SPOOL_OK ? n == 1 && usage.files == 1 : n == 0);

    return rc;
}


static et_spool_status_t
op_open(void)
{
    et_spool_reader_t  reader;
    et_spool_status_t  rc;

    rc = et_spool_open(&test_spool, test_name(1), &reader);

    if (rc == ET_SPOOL_OK) {
        et_spool_close(&reader);
    }

    et_check_int(reader.fd, -1);

    return rc;
}


static et_spool_status_t
op_lock(void)
{
    int                fd;
    et_spool_status_t  rc;

    rc = et_spool_lock(&test_spool, &fd);

    et_check(rc == ET_SPOOL_OK ? fd != -1 : fd == -1);
    et_spool_unlock(fd);

    return rc;
}


/* the lowest descriptor that is free: it shows what was not closed */

static int
free_fd(void)
{
    int  fd;

    fd = dup(0);
    close(fd);

    return fd;
}


/* an empty spool, or one that has the batch 1 */

static void
prepare(int has_batch)
{
    test_clear(test_dir);
    et_check_int(et_spool_create(&test_spool), ET_SPOOL_OK);

    if (has_batch) {
        et_check_int(op_write(), ET_SPOOL_OK);
    }
}


/* 1 where sub has the batch, 0 where not; whole, if it is there */

static int
has(const char *sub)
{
    int   whole;
    char  there[1024], here[1024];

    if (!test_exists(sub, test_name(1))) {
        return 0;
    }

    if (sub[0] == '\0') {
        et_check(test_whole(1));
        return 1;
    }

    /* it is read where it is sent from */

    test_path(there, sizeof(there), sub, test_name(1));
    test_path(here, sizeof(here), "", test_name(1));

    et_check_int(rename(there, here), 0);
    whole = test_whole(1);
    et_check_int(rename(here, there), 0);

    et_check(whole);

    return 1;
}


static int
has_text(void)
{
    char  path[1024];
    char  text[256];

    test_path(path, sizeof(path), "failed", test_name(1));
    strcat(path, ".txt");

    if (access(path, F_OK) == -1) {
        return 0;
    }

    et_check_str(et_slice(text, test_read(path, text, sizeof(text))), REASON);

    return 1;
}


/*
 * Runs an operation with the Nth call of each kind failing, until there is no
 * Nth, and has the outcome checked after each.
 */

static void
each_failure(operation_pt operation, int has_batch, int err,
    void (*check)(et_spool_status_t rc))
{
    int                before;
    size_t             i;
    unsigned long      nth, reached;
    et_spool_status_t  rc;

    reached = 0;
    before = free_fd();

    for (i = 0; i < CALLS; i++) {
        for (nth = 1; nth < MAX_CALLS; nth++) {
            prepare(has_batch);

            et_fail_call(calls[i], nth, err);
            rc = operation();

            if (et_fail_calls_failed() == 0) {
                et_fail_call(NULL, 0, 0);
                et_check_int(rc, ET_SPOOL_OK);
                break;
            }

            et_fail_call(NULL, 0, 0);
            reached++;

            check(rc);
        }

        et_check(nth < MAX_CALLS);
    }

    et_check(reached > 0);
    et_check_int(free_fd(), before);
}


static void
check_write(et_spool_status_t rc)
{
    et_check_int(test_entries("tmp"), 0);
    et_check_int(has(""), rc == ET_SPOOL_OK);

    et_check_int(op_write(), ET_SPOOL_OK);
    et_check_int(has(""), 1);
}


static void
check_rewrite(et_spool_status_t rc)
{
    int  there;

    there = has("");

    et_check_int(test_entries("tmp"), 0);
    et_check(rc != ET_SPOOL_OK || there);

    et_check_int(op_write(), ET_SPOOL_OK);
    et_check_int(has(""), 1);
}


static void
check_write_error(et_spool_status_t rc)
{
    /* a file that is gone in the middle of a count is not counted, and a
     * directory that is not there is made or empty */

    if (errno != ENOENT) {
        et_check(rc != ET_SPOOL_OK);
    }

    check_write(rc);
}


static void
check_write_no_space(et_spool_status_t rc)
{
    et_check_int(rc, ET_SPOOL_NO_SPACE);
    check_write(rc);
}


static void
check_fail(et_spool_status_t rc)
{
    et_check_int(test_entries("tmp"), 0);
    et_check_int(has("failed"), rc == ET_SPOOL_OK);

    if (rc != ET_SPOOL_OK) {
        et_check_int(test_entries("failed"), 0);
    }

    et_check_int(op_fail(), ET_SPOOL_OK);
    et_check_int(has("failed"), 1);
    et_check_int(has_text(), 1);
}


static void
check_fail_file(et_spool_status_t rc)
{
    int  moved;

    moved = has("failed");

    et_check_int(test_entries("tmp"), 0);
    et_check_int(has(""), !moved);

    if (rc == ET_SPOOL_OK) {
        et_check_int(moved, 1);
    }

    if (!moved) {
        et_check_int(test_entries("failed"), 0);
    }

    et_check_int(op_fail_file(), ET_SPOOL_OK);
    et_check_int(has("failed"), 1);
    et_check_int(has(""), 0);
    et_check_int(has_text(), 1);
}


static void
check_set_aside(et_spool_status_t rc)
{
    int  moved;

    moved = has("damaged");

    et_check_int(has(""), !moved);

    if (rc == ET_SPOOL_OK) {
        et_check_int(moved, 1);
    }

    et_check_int(op_set_aside(), ET_SPOOL_OK);
    et_check_int(has("damaged"), 1);
    et_check_int(has(""), 0);
}


static void
check_remove(et_spool_status_t rc)
{
    et_check_int(has(""), rc != ET_SPOOL_OK);
    et_check_int(op_remove(), ET_SPOOL_OK);
    et_check_int(has(""), 0);
}


static void
check_kept(et_spool_status_t rc)
{
    et_check(rc == ET_SPOOL_ERROR);
    et_check_int(has(""), 1);
}


static void
check_created(et_spool_status_t rc)
{
    (void) rc;

    et_check_int(op_create(), ET_SPOOL_OK);
    et_check_int(op_write(), ET_SPOOL_OK);
}


static void
failing_calls(void)
{
    char           path[1024];
    unsigned long  nth;

    test_begin();

    ET_TEST("where any call of a write fails, nothing is there") {
        each_failure(op_write, 0, EIO, check_write_error);
        each_failure(op_write, 0, EROFS, check_write_error);
    }

    ET_TEST("a full disk or quota is told from other errors at any call") {
        each_failure(op_write, 0, ENOSPC, check_write_no_space);
        each_failure(op_write, 0, EDQUOT, check_write_no_space);
    }

    ET_TEST("where a call of a write finds a file gone, the rest is whole") {
        each_failure(op_write, 0, ENOENT, check_write);
    }

    ET_TEST("a batch that replaces itself is whole or gone") {
        each_failure(op_write, 1, EIO, check_rewrite);
    }

    ET_TEST("a write goes on after half of what it was to do") {
        et_fail_calls("write", 1, ET_FAIL_SHORT);
        prepare(1);
        et_check(et_fail_calls_failed() > 3);
        et_fail_call(NULL, 0, 0);
        et_check(test_whole(1));

        et_fail_calls("pread", 1, ET_FAIL_SHORT);
        et_check_int(op_open(), ET_SPOOL_OK);
        et_check(et_fail_calls_failed() > 3);
        et_fail_call(NULL, 0, 0);
    }

    ET_TEST("a write, a sync and a read go on after a signal") {
        prepare(0);
        et_fail_call("write", 2, EINTR);
        et_check_int(op_write(), ET_SPOOL_OK);
        et_check_int(et_fail_calls_failed(), 1);
        et_fail_call("fsync", 1, EINTR);
        et_check_int(op_write(), ET_SPOOL_OK);
        et_check_int(et_fail_calls_failed(), 1);
        et_fail_call("fsync", 2, EINTR);
        et_check_int(op_write(), ET_SPOOL_OK);
        et_check_int(et_fail_calls_failed(), 1);
        et_fail_call("pread", 2, EINTR);
        et_check_int(op_open(), ET_SPOOL_OK);
        et_check_int(et_fail_calls_failed(), 1);
        et_fail_call(NULL, 0, 0);
        et_check(test_whole(1));
    }

    ET_TEST("where any call fails, a refused batch is kept whole or not at "
            "all")
    {
        each_failure(op_fail, 0, EIO, check_fail);
        each_failure(op_fail, 0, ENOSPC, check_fail);
    }

    ET_TEST("where any call fails, a file is moved to failed or stays") {
        each_failure(op_fail_file, 1, EIO, check_fail_file);
        each_failure(op_fail_file, 1, ENOSPC, check_fail_file);
    }

    ET_TEST("where any call fails, a file is set aside or stays") {
        each_failure(op_set_aside, 1, EIO, check_set_aside);
    }

    ET_TEST("a move whose sync failed is told, and is finished by trying "
            "again")
    {
        for (nth = 1; nth <= 2; nth++) {
            prepare(1);
            et_fail_call("fsync", nth, EIO);
            et_check_int(op_set_aside(), ET_SPOOL_ERROR);
            et_fail_call(NULL, 0, 0);
            et_check_int(has("damaged"), 1);
            et_check_int(op_set_aside(), ET_SPOOL_OK);
        }
    }

    ET_TEST("a directory that is made anew is synced into its parent") {
        prepare(1);
        test_path(path, sizeof(path), "damaged", "");
        test_remove_all(path);
        et_fail_call("fsync", 1, EIO);
        et_check_int(op_set_aside(), ET_SPOOL_ERROR);
        et_fail_call(NULL, 0, 0);
        et_check_int(has(""), 1);
    }

    ET_TEST("where any call fails, a file is removed or stays") {
        each_failure(op_remove, 1, EIO, check_remove);
    }

    ET_TEST("where any call of reading, counting or locking fails, that is "
            "told")
    {
        each_failure(op_open, 1, EIO, check_kept);
        each_failure(op_scan, 1, EIO, check_kept);
        each_failure(op_lock, 1, EIO, check_kept);
    }

    ET_TEST("where any call of making the directories fails, it can be tried "
            "again")
    {
        each_failure(op_create, 0, EIO, check_created);
    }

    test_end();
}


/* a disk that fails for good at some moment, and is mended afterwards */

static void
failing_disk(void)
{
    int                before;
    unsigned long      nth, failed;
    et_spool_status_t  rc;

    test_begin();
    before = free_fd();

    ET_TEST("where every call from some moment on fails, no half batch is "
            "there")
    {
        for (nth = 1; nth < MAX_CALLS; nth++) {
            prepare(0);

            et_fail_calls(NULL, nth, EIO);
            rc = op_write();
            failed = et_fail_calls_failed();
            et_fail_call(NULL, 0, 0);

            if (failed == 0) {
                break;
            }

            et_check(rc == ET_SPOOL_ERROR);
            (void) has("");
            et_check_int(op_write(), ET_SPOOL_OK);
            et_check_int(has(""), 1);
            et_check_int(test_entries("tmp"), 0);
        }

        et_check(nth > 10 && nth < MAX_CALLS);
        et_check_int(free_fd(), before);
    }

    ET_TEST("where every call from some moment on fails, a refused batch is "
            "somewhere")
    {
        for (nth = 1; nth < MAX_CALLS; nth++) {
            prepare(1);

            et_fail_calls(NULL, nth, EIO);
            (void) op_fail_file();
            failed = et_fail_calls_failed();
            et_fail_call(NULL, 0, 0);

            et_check_int(has("") + has("failed"), 1);

            if (failed == 0) {
                break;
            }
        }

        et_check(nth > 10 && nth < MAX_CALLS);
        et_check_int(free_fd(), before);
    }

    test_end();
}


/* Returns 1 where the child was killed on its way. */

static int
killed(operation_pt operation, const char *call, unsigned long nth, int when)
{
    int    status;
    pid_t  child;

    child = fork();

    if (child == 0) {
        et_fail_call(call, nth, when);
        _exit(operation() != ET_SPOOL_OK);
    }

    et_check(waitpid(child, &status, 0) == child);

    if (WIFSIGNALED(status)) {
        return 1;
    }

    et_check_int(status, 0);

    return 0;
}


/* what the dead left in tmp/ gets old, so that a count removes it */

static void
age_tmp(void)
{
    char              command[1024];
    size_t            n;
    et_spool_usage_t  usage;

    snprintf(command, sizeof(command), "touch -d '-6 minutes' %s/tmp/*",
             test_dir);

    if (test_entries("tmp") != 0) {
        et_check_int(system(command), 0);
    }

    et_check_int(et_spool_scan(&test_spool, &usage, NULL, 0, &n), ET_SPOOL_OK);
    et_check_int(test_entries("tmp"), 0);
}


static void
killed_anywhere(void)
{
    int            when;
    unsigned long  nth;

    test_begin();

    ET_TEST("a process killed at any call of a write leaves it whole or "
            "nothing")
    {
        for (when = ET_FAIL_AFTER; when <= ET_FAIL_BEFORE; when++) {
            for (nth = 1; nth < MAX_CALLS; nth++) {
                prepare(0);

                if (!killed(op_write, NULL, nth, when)) {
                    break;
                }

                (void) has("");
                age_tmp();
                et_check_int(op_write(), ET_SPOOL_OK);
                et_check_int(has(""), 1);
            }

            et_check(nth > 10 && nth < MAX_CALLS);
        }
    }

    ET_TEST("a file is synced before it has its name, its directory after") {
        prepare(0);
        et_check(killed(op_write, "fsync", 1, ET_FAIL_BEFORE));
        et_check_int(has(""), 0);
        et_check_int(test_entries("tmp"), 1);

        prepare(0);
        et_check(killed(op_write, "fsync", 2, ET_FAIL_BEFORE));
        et_check_int(has(""), 1);

        prepare(0);
        et_check(!killed(op_write, "fsync", 3, ET_FAIL_BEFORE));
    }

    ET_TEST("a process killed at any call of a move leaves the batch in one "
            "place")
    {
        for (nth = 1; nth < MAX_CALLS; nth++) {
            prepare(1);

            if (!killed(op_fail_file, NULL, nth, ET_FAIL_BEFORE)) {
                break;
            }

            et_check_int(has("") + has("failed"), 1);
            age_tmp();
            et_check_int(op_fail_file(), ET_SPOOL_OK);
            et_check_int(has_text(), 1);
        }

        et_check(nth > 10 && nth < MAX_CALLS);
    }

    test_end();
}


static void
locking(void)
{
    int    fd, other, status, pipes[2];
    char   byte;
    pid_t  child;

    test_begin();

    ET_TEST("one process drains at a time, until it says so") {
        et_check_int(et_spool_lock(&test_spool, &fd), ET_SPOOL_OK);
        et_check_int(et_spool_lock(&test_spool, &other), ET_SPOOL_BUSY);
        et_check_int(other, -1);
        et_spool_unlock(fd);
        et_check_int(et_spool_lock(&test_spool, &other), ET_SPOOL_OK);
        et_spool_unlock(other);
    }

    ET_TEST("a process that is killed gives the lock away") {
        et_check_int(pipe(pipes), 0);

        child = fork();

        if (child == 0) {
            if (et_spool_lock(&test_spool, &fd) == ET_SPOOL_OK
                && write(pipes[1], "x", 1) == 1)
            {
                pause();
            }

            _exit(1);
        }

        et_check_int(read(pipes[0], &byte, 1), 1);
        et_check_int(et_spool_lock(&test_spool, &fd), ET_SPOOL_BUSY);

        kill(child, SIGKILL);
        et_check(waitpid(child, &status, 0) == child);

        et_check_int(et_spool_lock(&test_spool, &fd), ET_SPOOL_OK);
        et_spool_unlock(fd);

        close(pipes[0]);
        close(pipes[1]);
    }

    ET_TEST("a lock file that a program inherited by exec is not held") {
        et_check_int(et_spool_lock(&test_spool, &fd), ET_SPOOL_OK);

        child = fork();

        if (child == 0) {
            execlp("sleep", "sleep", "30", (char *) NULL);
            _exit(1);
        }

        et_spool_unlock(fd);

        /* until it has left this program behind */

        for (status = 0; status < 500; status++) {
            if (et_spool_lock(&test_spool, &fd) == ET_SPOOL_OK) {
                et_spool_unlock(fd);
                break;
            }

            usleep(10000);
        }

        et_check(status < 500);
        kill(child, SIGKILL);
        et_check(waitpid(child, &status, 0) == child);
    }

    test_end();
}


/* Writes BATCHES batches, or as many as there is room for. */

static int
writer(uint64_t first, int until_full)
{
    char               name[ET_SPOOL_NAME];
    uint64_t           i;
    et_spool_status_t  rc;

    for (i = 0; i < BATCHES; i++) {
        rc = et_spool_write(&test_spool, test_batch(first + i), name);

        if (rc != ET_SPOOL_OK && !(until_full && rc == ET_SPOOL_FULL)) {
            return 1;
        }
    }

    return 0;
}


/* Drains until all have been sent by somebody: sent has a place a batch. */

static int
drainer(unsigned char *sent, unsigned *total)
{
    int                 fd;
    size_t              i, n;
    time_t              give_up;
    et_spool_file_t     files[8];
    et_spool_usage_t    usage;
    et_spool_reader_t   reader;

    give_up = time(NULL) + 60;

    while (__atomic_load_n(total, __ATOMIC_SEQ_CST) < PROCESSES * BATCHES) {

        if (time(NULL) > give_up) {
            return 1;
        }

        if (et_spool_lock(&test_spool, &fd) != ET_SPOOL_OK) {
            usleep(500);
            continue;
        }

        if (et_spool_scan(&test_spool, &usage, files, 8, &n) != ET_SPOOL_OK) {
            return 2;
        }

        for (i = 0; i < n; i++) {
            if (et_spool_open(&test_spool, files[i].name, &reader)
                != ET_SPOOL_OK)
            {
                return 3;
            }

            __atomic_add_fetch(&sent[reader.rows - 1], 1, __ATOMIC_SEQ_CST);
            __atomic_add_fetch(total, 1, __ATOMIC_SEQ_CST);

            et_spool_close(&reader);

            if (et_spool_remove(&test_spool, files[i].name) != ET_SPOOL_OK) {
                return 4;
            }
        }

        et_spool_unlock(fd);
    }

    return 0;
}


static void
wait_for(pid_t *children, size_t n)
{
    int     status;
    size_t  i;

    for (i = 0; i < n; i++) {
        et_check(waitpid(children[i], &status, 0) == children[i]);
        et_check_int(status, 0);
    }
}


static void
together(void)
{
    int                i;
    size_t             n;
    pid_t              children[2 * PROCESSES];
    unsigned          *total;
    unsigned char     *sent;
    et_spool_usage_t   usage;

    test_begin();

    ET_TEST("processes that write and drain at once lose and double nothing") {
        sent = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        total = (unsigned *) (void *) (sent + 4096 - sizeof(unsigned));

        fflush(stdout);

        for (i = 0; i < PROCESSES; i++) {
            children[i] = fork();

            if (children[i] == 0) {
                _exit(writer((uint64_t) i * BATCHES, 0));
            }

            children[PROCESSES + i] = fork();

            if (children[PROCESSES + i] == 0) {
                _exit(drainer(sent, total));
            }
        }

        wait_for(children, 2 * PROCESSES);

        for (i = 0; i < PROCESSES * BATCHES; i++) {
            et_check_int(sent[i], 1);
        }

        et_check_int(et_spool_scan(&test_spool, &usage, NULL, 0, &n),
                     ET_SPOOL_OK);
        et_check_int(usage.used, 0);

        munmap(sent, 4096);
    }

    ET_TEST("processes that write at once keep to the size together") {
        test_spool.size = (BATCHES + BATCHES / 2) * test_file_size() + 1;

        for (i = 0; i < PROCESSES; i++) {
            children[i] = fork();

            if (children[i] == 0) {
                _exit(writer((uint64_t) i * BATCHES, 1));
            }
        }

        wait_for(children, PROCESSES);

        et_check_int(et_spool_scan(&test_spool, &usage, NULL, 0, &n),
                     ET_SPOOL_OK);
        et_check(usage.used <= test_spool.size);

        /* two that stand in each other's way leave some room at most */

        et_check(usage.files >= BATCHES);
        (void) writer(PROCESSES * BATCHES, 1);
        et_check_int(et_spool_scan(&test_spool, &usage, NULL, 0, &n),
                     ET_SPOOL_OK);
        et_check_int(usage.files, BATCHES + BATCHES / 2);
    }

    test_end();
}


static void
full_disk(void)
{
    char               name[ET_SPOOL_NAME];
    char              *data;
    unsigned           n;
    struct iovec       body;
    et_spool_batch_t   batch;
    et_spool_status_t  rc;

    test_begin();

    if (mount("tmpfs", test_dir, "tmpfs", 0, "size=1m,mode=0700") == -1) {
        printf("# skipped: a full and a read-only disk, as nothing can be "
               "mounted here: %s\n", strerror(errno));
        test_end();
        return;
    }

    data = malloc(100 * 1024);
    memset(data, 'x', 100 * 1024);

    body.iov_base = data;
    body.iov_len = 100 * 1024;

    ET_TEST("a full disk is told, leaves nothing half, and heals") {
        et_check_int(et_spool_create(&test_spool), ET_SPOOL_OK);

        rc = ET_SPOOL_OK;

        for (n = 0; n < 20; n++) {
            batch = *test_batch(n);
            batch.body = &body;
            batch.n = 1;

            rc = et_spool_write(&test_spool, &batch, name);
            if (rc != ET_SPOOL_OK) {
                break;
            }
        }

        et_check_int(rc, ET_SPOOL_NO_SPACE);
        et_check_int(errno, ENOSPC);
        et_check(n >= 8 && n < 11);
        et_check_int(test_entries("tmp"), 0);
        et_check(!test_exists("", name));

        et_check_int(et_spool_fail_file(&test_spool, test_name(0),
                                        et_slice_str(REASON)),
                     ET_SPOOL_OK);
        et_check_int(et_spool_remove(&test_spool, test_name(1)), ET_SPOOL_OK);

        et_check_int(et_spool_write(&test_spool, &batch, name), ET_SPOOL_OK);
    }

    ET_TEST("a disk that is read-only is told, and what it has is read") {
        et_check_int(op_remove(), ET_SPOOL_OK);
        et_check_int(et_spool_remove(&test_spool, test_name(2)), ET_SPOOL_OK);
        et_check_int(op_write(), ET_SPOOL_OK);

        et_check_int(mount("tmpfs", test_dir, "tmpfs", MS_REMOUNT | MS_RDONLY,
                           NULL), 0);

        et_check_int(op_write(), ET_SPOOL_ERROR);
        et_check_int(errno, EROFS);
        et_check_int(op_remove(), ET_SPOOL_ERROR);
        et_check_int(op_set_aside(), ET_SPOOL_ERROR);
        et_check_int(op_fail_file(), ET_SPOOL_ERROR);
        et_check_int(op_create(), ET_SPOOL_OK);
        et_check(test_whole(1));
    }

    free(data);

    et_check_int(umount(test_dir), 0);
    test_end();
}


int
main(void)
{
    failing_calls();
    failing_disk();
    killed_anywhere();
    locking();
    together();
    full_disk();

    return et_test_done();
}
