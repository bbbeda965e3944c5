/*
 * The journal: what was synced is read again, whatever call fails, wherever
 * the file ends and whatever byte of it changes.
 */

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "et_fail_call.h"
#include "et_journal.h"
#include "et_spool_help.h"
#include "et_test.h"


#define COLUMNS    "kind,n"
#define RECORDS    4
#define MAX        64

/* more than any call makes, so that a test that never ends does */
#define MAX_CALLS  100


/* the rows of the Nth record, and all of them */
static const char *const  parts[RECORDS] = { "one", "two+", "third", "4" };
static const char         all[] = "onetwo+third4";


static et_journal_file_t
new_file(void)
{
    et_journal_file_t  file;

    memset(&file, 0, sizeof(file));
    file.fd = -1;

    return file;
}


/* Writes the Nth record; a replacing one has all rows until then. */

static et_spool_status_t
put(et_journal_file_t *file, size_t i, int replace)
{
    size_t      k, len;
    et_slice_t  token;

    token = et_slice_str(test_token(7));

    if (!replace) {
        return et_journal_append(&test_spool, file, token,
                                 et_slice_str(COLUMNS),
                                 et_slice_str(parts[i]), 1);
    }

    for (k = 0, len = 0; k <= i; k++) {
        len += strlen(parts[k]);
    }

    return et_journal_replace(&test_spool, file, token, et_slice_str(COLUMNS),
                              et_slice(all, len), i + 1, MAX);
}


/* How many records a read gives; -1: it fails, -2: other bytes. */

static int
whole(void)
{
    int                  n;
    char                 name[ET_JOURNAL_NAME];
    size_t               len, i;
    et_spool_status_t    rc;
    et_journal_reader_t  reader;

    snprintf(name, sizeof(name), "%s.wal", test_token(7));

    rc = et_journal_read(&test_spool, name, &reader);

    if (rc != ET_SPOOL_OK) {
        return -1;
    }

    for (i = 0, len = 0; i < reader.rows && i < RECORDS; i++) {
        len += strlen(parts[i]);
    }

    n = (int) reader.rows;

    if (reader.rows > RECORDS || reader.bytes != len
        || (len != 0 && memcmp(reader.body, all, len) != 0)
        || (len != 0 && strcmp(reader.columns, COLUMNS) != 0)
        || (len != 0 && strcmp(reader.token, test_token(7)) != 0))
    {
        n = -2;
    }

    free(reader.body);

    return n;
}


static void
wal_path(char *path, size_t size)
{
    char  name[ET_JOURNAL_NAME];

    snprintf(name, sizeof(name), "%s.wal", test_token(7));
    test_path(path, size, "journal", name);
}


static void
write_all(int replace)
{
    size_t             i;
    et_journal_file_t  file;

    file = new_file();

    for (i = 0; i < RECORDS; i++) {
        et_check_int(put(&file, i, replace), ET_SPOOL_OK);
    }

    et_journal_close(&file);
}


static void
round_trip(int replace)
{
    size_t             i;
    et_journal_file_t  file;

    test_begin();
    et_check_int(et_journal_create(&test_spool), ET_SPOOL_OK);

    file = new_file();

    for (i = 0; i < RECORDS; i++) {
        et_check_int(put(&file, i, replace), ET_SPOOL_OK);
        et_check_int(whole(), (long long) i + 1);
    }

    et_journal_close(&file);

    et_check_int(et_journal_remove(&test_spool, et_slice_str(test_token(7))),
                 ET_SPOOL_OK);
    et_check_int(et_journal_remove(&test_spool, et_slice_str(test_token(7))),
                 ET_SPOOL_OK);
    et_check_int(test_entries("journal"), 0);

    test_end();
}


/* A file that ends anywhere gives a prefix, and no other bytes. */

static void
torn(int replace)
{
    int     n, last;
    char    path[1024], data[4096];
    size_t  size, i;

    test_begin();
    et_journal_create(&test_spool);
    write_all(replace);

    wal_path(path, sizeof(path));
    size = test_read(path, data, sizeof(data));

    et_check(size > 0 && size < sizeof(data));

    for (i = 0, last = 0; i <= size; i++) {
        et_check(test_write(path, data, i));

        n = whole();

        et_check(n >= -1 && n <= RECORDS);

        if (!replace) {
            et_check(n < 0 ? last == 0 : n >= last);
        }

        last = n < 0 ? 0 : n;
    }

    et_check_int(last, RECORDS);

    test_end();
}


static void
flipped(int replace)
{
    int     n;
    char    path[1024], data[4096];
    size_t  size, i;

    test_begin();
    et_journal_create(&test_spool);
    write_all(replace);

    wal_path(path, sizeof(path));
    size = test_read(path, data, sizeof(data));

    for (i = 0; i < size; i++) {
        data[i] ^= 0x20;
        et_check(test_write(path, data, size));

        n = whole();

        et_check(n >= -1 && n <= RECORDS);

        data[i] ^= 0x20;
    }

    test_end();
}


/* Every Nth call fails once: what was synced is there, and the next try
 * brings the rest. */

static void
failing(int replace, int err)
{
    int                n;
    size_t             i;
    unsigned long      nth;
    et_journal_file_t  file;

    for (nth = 1; nth < MAX_CALLS; nth++) {

        test_begin();
        et_journal_create(&test_spool);

        file = new_file();
        et_fail_call(NULL, nth, err);

        for (i = 0; i < RECORDS; i++) {
            if (put(&file, i, replace) != ET_SPOOL_OK) {
                et_check(whole() >= (int) i
                         || (i == 0 && whole() == -1));
                et_check_int(put(&file, i, replace), ET_SPOOL_OK);
            }

            /* it may be the read that fails */

            n = whole();
            n = (n == -1) ? whole() : n;

            et_check_int(n, (long long) i + 1);
        }

        i = et_fail_calls_failed();
        et_fail_call(NULL, 0, 0);

        et_journal_close(&file);
        test_end();

        if (i == 0) {
            break;
        }
    }

    et_check(nth > 10 && nth < MAX_CALLS);
}


static void
first_fails(void)
{
    int                status;
    pid_t              pid;
    size_t             i;
    unsigned long      nth, k;
    et_journal_file_t  file;
    static const int   kills[] = { ET_FAIL_BEFORE, ET_FAIL_AFTER };

    ET_TEST("a file whose first record fails is not there, nor its descriptor")
    {
        for (nth = 1; nth < MAX_CALLS; nth++) {
            test_begin();
            et_journal_create(&test_spool);

            file = new_file();
            et_fail_call(NULL, nth, EIO);
            i = put(&file, 0, 0) != ET_SPOOL_OK;
            et_fail_call(NULL, 0, 0);

            if (i) {
                et_check_int(file.fd, -1);
                et_check_int(test_entries("journal"), 0);
            }

            et_journal_close(&file);
            test_end();

            if (!i) {
                break;
            }
        }

        et_check(nth > 4 && nth < MAX_CALLS);
    }

    ET_TEST("a process killed at any call leaves what it has said is synced") {
        for (k = 0; k < 2; k++) {
            for (nth = 1; nth < MAX_CALLS; nth++) {

                test_begin();
                et_journal_create(&test_spool);

                pid = fork();

                if (pid == 0) {
                    file = new_file();
                    (void) put(&file, 0, 0);
                    et_fail_call(NULL, nth, kills[k]);
                    (void) put(&file, 1, 0);
                    (void) put(&file, 2, 0);
                    _exit(0);
                }

                waitpid(pid, &status, 0);
                et_check(whole() >= 1);
                test_end();

                if (!WIFSIGNALED(status)) {
                    et_check_int(status, 0);
                    break;
                }
            }

            et_check(nth > 4 && nth < MAX_CALLS);
        }
    }
}


static void
listing(void)
{
    int                fd, other;
    char               path[1024];
    size_t             i;
    uint64_t           number, files, bytes;
    unsigned long      nth;
    et_spool_status_t  rc;
    et_journal_list_t  list;
    et_journal_file_t  file;

    ET_TEST("files are listed by age, and nothing else is") {
        test_begin();
        et_journal_create(&test_spool);

        et_check_int(et_journal_list(&test_spool, &list), ET_SPOOL_OK);
        et_check(list.n == 0 && list.names == NULL);

        for (i = 0; i < 100; i++) {
            number = (i * 37) % 100 + 1;
            file = new_file();
            et_check_int(et_journal_append(&test_spool, &file,
                                           et_slice_str(test_token(number)),
                                           et_slice_str(COLUMNS),
                                           et_slice_str("x"), 1),
                         ET_SPOOL_OK);
            et_journal_close(&file);
        }

        test_path(path, sizeof(path), "journal", "else.wal");
        et_check(test_write(path, "", 0));

        test_path(path, sizeof(path), "journal", "0123.lock");
        et_check(test_write(path, "", 0));

        et_check_int(et_journal_list(&test_spool, &list), ET_SPOOL_OK);
        et_check_int(list.n, 100);

        for (i = 0; i < list.n; i++) {
            et_check(strncmp(list.names[i], test_token(i + 1),
                             strlen(test_token(i + 1))) == 0);
        }

        et_journal_list_free(&list);

        et_check_int(et_journal_lock(&test_spool, TEST_ZONE, &fd),
                     ET_SPOOL_OK);
        et_check_int(et_journal_list(&test_spool, &list), ET_SPOOL_OK);
        et_check_int(list.n, 101);
        et_check(et_journal_is_lock(list.names[0]));
        et_check(!et_journal_is_lock(list.names[1]));
        et_journal_list_free(&list);
        et_journal_forget(&test_spool, TEST_ZONE, fd);

        for (nth = 1; nth < 10; nth++) {
            et_fail_nth(nth);
            rc = et_journal_list(&test_spool, &list);
            et_check_int(rc, et_fail_reached() ? ET_SPOOL_ERROR
                                               : ET_SPOOL_OK);
            et_journal_list_free(&list);

            if (!et_fail_reached()) {
                break;
            }
        }

        et_fail_nth(0);
        et_check(nth > 1 && nth < 10);

        test_end();
    }

    ET_TEST("files are counted, with what they take of the disk") {
        test_begin();
        et_journal_create(&test_spool);

        et_check_int(et_journal_usage(&test_spool, &files, &bytes),
                     ET_SPOOL_OK);
        et_check(files == 0 && bytes == 0);

        write_all(0);

        et_check_int(et_journal_lock(&test_spool, TEST_ZONE, &fd),
                     ET_SPOOL_OK);
        et_check_int(et_journal_usage(&test_spool, &files, &bytes),
                     ET_SPOOL_OK);
        et_check_int(files, 1);
        et_check(bytes >= sizeof(all) - 1 && bytes % 512 == 0);
        et_journal_forget(&test_spool, TEST_ZONE, fd);

        for (nth = 1; nth < MAX_CALLS; nth++) {
            et_fail_call(NULL, nth, EIO);
            rc = et_journal_usage(&test_spool, &files, &bytes);

            if (et_fail_calls_failed() == 0) {
                break;
            }

            et_check_int(rc, ET_SPOOL_ERROR);
        }

        et_fail_call(NULL, 0, 0);
        et_check(nth > 4 && nth < MAX_CALLS);

        test_end();
    }

    ET_TEST("a zone that is locked lives, and is forgotten afterwards") {
        test_begin();
        et_journal_create(&test_spool);

        et_check_int(et_journal_lock(&test_spool, TEST_ZONE, &fd),
                     ET_SPOOL_OK);
        et_check_int(et_journal_lock(&test_spool, TEST_ZONE, &other),
                     ET_SPOOL_BUSY);
        et_check_int(other, -1);

        et_journal_forget(&test_spool, TEST_ZONE, fd);
        et_check_int(test_entries("journal"), 0);
        et_check_int(et_journal_lock(&test_spool, TEST_ZONE, &fd),
                     ET_SPOOL_OK);
        et_journal_forget(&test_spool, TEST_ZONE, fd);

        for (nth = 1; nth < MAX_CALLS; nth++) {
            et_fail_call(NULL, nth, EIO);
            rc = et_journal_lock(&test_spool, TEST_ZONE, &fd);

            if (et_fail_calls_failed() == 0) {
                break;
            }

            et_check(rc == ET_SPOOL_ERROR && fd == -1);
        }

        et_fail_call(NULL, 0, 0);
        et_check(nth > 4 && nth < MAX_CALLS);
        et_journal_forget(&test_spool, TEST_ZONE, fd);

        test_end();
    }

    ET_TEST("a lock that was removed while it was taken is taken anew") {
        test_begin();
        et_journal_create(&test_spool);

        /* as if another had removed it between */

        et_fail_call("fstatat", 1, ENOENT);
        et_check_int(et_journal_lock(&test_spool, TEST_ZONE, &fd),
                     ET_SPOOL_OK);
        et_check_int(et_fail_calls_failed(), 1);
        et_fail_call(NULL, 0, 0);

        et_check_int(et_journal_lock(&test_spool, TEST_ZONE, &other),
                     ET_SPOOL_BUSY);
        et_journal_forget(&test_spool, TEST_ZONE, fd);

        test_end();
    }

    ET_TEST("a damaged file is set aside") {
        test_begin();
        et_journal_create(&test_spool);
        write_all(0);

        wal_path(path, sizeof(path));
        snprintf(path + strlen(path), 10, ".damaged");

        et_check_int(et_journal_set_aside(&test_spool,
                                          strrchr(path, '/') + 1),
                     ET_SPOOL_ERROR);
        et_check_int(errno, EINVAL);

        *strrchr(path, '.') = '\0';
        et_check_int(et_journal_set_aside(&test_spool,
                                          strrchr(path, '/') + 1),
                     ET_SPOOL_OK);

        et_check_int(et_journal_list(&test_spool, &list), ET_SPOOL_OK);
        et_check_int(list.n, 0);
        et_journal_list_free(&list);

        test_end();
    }
}


static void
arguments(void)
{
    et_journal_file_t  file;

    ET_TEST("what is no token, or larger than its place, is refused") {
        test_begin();
        et_journal_create(&test_spool);
        file = new_file();

        et_check_int(et_journal_append(&test_spool, &file,
                                       et_slice_str("../../etc"),
                                       et_slice_str(COLUMNS),
                                       et_slice_str("x"), 1), ET_SPOOL_ERROR);
        et_check_int(errno, EINVAL);
        et_check_int(file.fd, -1);

        et_check_int(et_journal_replace(&test_spool, &file,
                                        et_slice_str(test_token(7)),
                                        et_slice_str(COLUMNS),
                                        et_slice_str("four"), 1, 3),
                     ET_SPOOL_ERROR);
        et_check_int(errno, EINVAL);
        et_check_int(file.fd, -1);
        et_check_int(test_entries("journal"), 0);

        test_end();
    }
}


int
main(void)
{
    ET_TEST("what is appended is read, all of it") {
        round_trip(0);
    }

    ET_TEST("what replaces is read, and nothing before it") {
        round_trip(1);
    }

    ET_TEST("a file that ends anywhere gives the whole records before") {
        torn(0);
        torn(1);
    }

    ET_TEST("a byte that has changed gives a prefix or an error") {
        flipped(0);
        flipped(1);
    }

    ET_TEST("where any call fails, what was synced stays, and can go on") {
        failing(0, EIO);
        failing(1, EIO);
        failing(0, ENOSPC);
    }

    ET_TEST("a write of the half is gone on with") {
        failing(0, ET_FAIL_SHORT);
        failing(1, ET_FAIL_SHORT);
    }

    first_fails();
    listing();
    arguments();

    return et_test_done();
}
