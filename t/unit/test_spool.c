/*
 * The spool: what is written is what is read, what is listed, what counts to
 * the size, and what a file may have become.
 */

#include <errno.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <zlib.h>

#include "et_spool_help.h"
#include "et_test.h"


#define FILES  20


static unsigned
mode(const char *sub, const char *name)
{
    char         path[1024];
    struct stat  st;

    test_path(path, sizeof(path), sub, name);

    return stat(path, &st) == -1 ? 0 : (unsigned) st.st_mode & 07777;
}


static et_spool_status_t
write_batch(uint64_t number)
{
    char  name[ET_SPOOL_NAME];

    return et_spool_write(&test_spool, test_batch(number), name);
}


static et_spool_status_t
open_batch(uint64_t number)
{
    et_spool_reader_t  reader;
    et_spool_status_t  rc;

    rc = et_spool_open(&test_spool, test_name(number), &reader);

    if (rc == ET_SPOOL_OK) {
        et_spool_close(&reader);
    }

    return rc;
}


static et_spool_usage_t
usage(void)
{
    size_t            n;
    et_spool_usage_t  u;

    et_check_int(et_spool_scan(&test_spool, &u, NULL, 0, &n), ET_SPOOL_OK);
    et_check_int(n, 0);

    return u;
}


/* puts a file of that many bytes there, last changed so long ago */

static void
place(const char *sub, const char *name, size_t size, time_t age)
{
    char            path[1024];
    char           *data;
    struct timeval  times[2];

    test_path(path, sizeof(path), sub, name);

    data = calloc(1, size + 1);
    et_check(test_write(path, data, size));
    free(data);

    times[0].tv_sec = time(NULL) - age;
    times[0].tv_usec = 0;
    times[1] = times[0];

    et_check(utimes(path, times) == 0);
}


static void
round_trip(void)
{
    char               name[ET_SPOOL_NAME];
    et_spool_usage_t   u;
    et_spool_reader_t  reader;

    ET_TEST("the directories that are missing are made, for their owner only") {
        test_begin();
        test_remove_all(test_dir);

        et_check_int(et_spool_create(&test_spool), ET_SPOOL_OK);
        et_check_int(mode("", ""), 0700);
        et_check_int(mode("failed", ""), 0700);
        et_check_int(mode("damaged", ""), 0700);
        et_check_int(mode("tmp", ""), 0700);
        et_check_int(et_spool_create(&test_spool), ET_SPOOL_OK);

        test_end();
        et_check_int(et_spool_create(&test_spool), ET_SPOOL_OK);
        test_end();
    }

    test_begin();

    ET_TEST("a batch is read as it was written, from several segments") {
        et_check_int(et_spool_write(&test_spool, test_batch(7), name),
                     ET_SPOOL_OK);
        et_check_str(et_slice_str(name), "00000000000000000007-" TEST_ZONE
                     "-7.batch");
        et_check(test_whole(7));
        et_check_int(mode("", name), 0600);
        et_check_int(test_entries("tmp"), 0);

        et_check_int(et_spool_open(&test_spool, name, &reader), ET_SPOOL_OK);
        et_check_int(reader.offset + reader.bytes, test_file_size());
        et_spool_close(&reader);
        et_check_int(reader.fd, -1);
    }

    ET_TEST("a removed batch is gone, and removing it again is no error") {
        et_check_int(et_spool_remove(&test_spool, name), ET_SPOOL_OK);
        et_check_int(et_spool_remove(&test_spool, name), ET_SPOOL_OK);
        et_check_int(et_spool_open(&test_spool, name, &reader),
                     ET_SPOOL_GONE);
        et_check_int(et_spool_set_aside(&test_spool, name), ET_SPOOL_GONE);
        et_check_int(et_spool_fail_file(&test_spool, name,
                                        et_slice_str("why")),
                     ET_SPOOL_GONE);
        et_check_int(test_entries("failed"), 0);
        u = usage();
        et_check_int(u.used, 0);
        et_check_int(u.oldest, 0);
    }

    ET_TEST("directories that went missing are made again") {
        test_remove_all(test_dir);
        et_check_int(mkdir(test_dir, 0700), 0);

        u = usage();
        et_check_int(u.used, 0);
        et_check_int(write_batch(1), ET_SPOOL_OK);
        et_check_int(et_spool_set_aside(&test_spool, test_name(1)),
                     ET_SPOOL_OK);
        et_check_int(write_batch(2), ET_SPOOL_OK);
        et_check_int(et_spool_fail_file(&test_spool, test_name(2),
                                        et_slice_str("why")),
                     ET_SPOOL_OK);
    }

    test_end();

    ET_TEST("without its directory a spool is an error") {
        et_check_int(write_batch(1), ET_SPOOL_ERROR);
        et_check_int(errno, ENOENT);
        et_check_int(open_batch(1), ET_SPOOL_ERROR);
    }
}


static void
large_batch(void)
{
    char               name[ET_SPOOL_NAME];
    char              *data;
    char              *copy;
    size_t             i, size;
    struct iovec       body;
    et_spool_batch_t   batch;
    et_spool_reader_t  reader;

    test_begin();

    ET_TEST("a batch of megabytes is read as it was written") {
        size = 3 * 1024 * 1024 + 17;
        data = malloc(size);
        copy = malloc(size);

        for (i = 0; i < size; i++) {
            data[i] = (char) ((i * 2654435761u) >> 13);
        }

        body.iov_base = data;
        body.iov_len = size;

        batch = *test_batch(1);
        batch.body = &body;
        batch.n = 1;

        et_check_int(et_spool_write(&test_spool, &batch, name), ET_SPOOL_OK);
        et_check_int(et_spool_open(&test_spool, name, &reader), ET_SPOOL_OK);
        et_check_int(reader.bytes, size);
        et_check_int(pread(reader.fd, copy, size, (off_t) reader.offset),
                     size);
        et_check(memcmp(data, copy, size) == 0);

        et_spool_close(&reader);
        free(data);
        free(copy);
    }

    test_end();
}


static void
arguments(void)
{
    char                      name[ET_SPOOL_NAME];
    char                     *columns;
    size_t                    i;
    et_spool_batch_t          batch;
    static const char *const  tokens[] = {
        "", TEST_ZONE, TEST_ZONE "-", TEST_ZONE "-1x", TEST_ZONE "1",
        TEST_ZONE "-123456789012345678901", "../../../../etc/passwd",
        "0123456789ABCDEF0123456789abcdef-1",
        "0123456789abcdef/../456789abcdef-1"
    };
    static const char *const  names[] = {
        "", ".", "..", "../etc/passwd", "lock", "tmp", "failed/x",
        "00000000000000000007-" TEST_ZONE "-7.batch.txt",
        "00000000000000000007-" TEST_ZONE "-7.bath",
        "0000000000000000007-" TEST_ZONE "-7.batch",
        "99999999999999999999-" TEST_ZONE "-7.batch",
        "09223372036854775808-" TEST_ZONE "-7.batch",
        "00000000000000000007-" TEST_ZONE "/7.batch"
    };

    test_begin();

    ET_TEST("a token or a list of columns that is none is refused") {
        for (i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
            batch = *test_batch(1);
            batch.token = et_slice_str(tokens[i]);
            et_check_int(et_spool_write(&test_spool, &batch, name),
                         ET_SPOOL_ERROR);
            et_check_int(errno, EINVAL);
        }

        columns = calloc(1, ET_SPOOL_COLUMNS);
        memset(columns, 'c', ET_SPOOL_COLUMNS);

        batch = *test_batch(1);
        batch.columns = et_slice(columns, ET_SPOOL_COLUMNS);
        et_check_int(et_spool_write(&test_spool, &batch, name),
                     ET_SPOOL_ERROR);
        batch.columns = et_slice(NULL, 0);
        et_check_int(et_spool_write(&test_spool, &batch, name),
                     ET_SPOOL_ERROR);
        et_check_int(errno, EINVAL);

        batch.columns = et_slice(columns, ET_SPOOL_COLUMNS - 1);
        et_check_int(et_spool_write(&test_spool, &batch, name), ET_SPOOL_OK);
        et_check_int(open_batch(1), ET_SPOOL_OK);

        free(columns);
    }

    ET_TEST("a name that is no batch's is refused") {
        for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
            et_spool_reader_t  reader;

            et_check_int(et_spool_open(&test_spool, names[i], &reader),
                         ET_SPOOL_ERROR);
            et_check_int(errno, EINVAL);
            et_check_int(et_spool_remove(&test_spool, names[i]),
                         ET_SPOOL_ERROR);
            et_check_int(et_spool_set_aside(&test_spool, names[i]),
                         ET_SPOOL_ERROR);
            et_check_int(et_spool_fail_file(&test_spool, names[i],
                                            et_slice_str("why")),
                         ET_SPOOL_ERROR);
        }
    }

    test_end();
}


static void
listing(void)
{
    size_t                 i, n;
    et_spool_file_t        files[FILES + 1];
    et_spool_usage_t       u;
    static const uint64_t  times[FILES] = {
        1000000000000000, 9, 10, 1795000000000000, 99, 100, 1, 8,
        INT64_MAX, 1795000000000001, 7, 20, 30, 999999999999999, 6, 40,
        50, 1794999999999999, 5, 60
    };
    static const uint64_t  oldest[] = { 1, 5, 6, 7, 8, 9, 10, 20 };

    test_begin();

    ET_TEST("names sort by age, and the oldest files are listed") {
        for (i = 0; i < FILES; i++) {
            et_check_int(write_batch(times[i]), ET_SPOOL_OK);
        }

        et_check_int(et_spool_scan(&test_spool, &u, files, 8, &n),
                     ET_SPOOL_OK);
        et_check_int(n, 8);
        et_check_int(u.files, FILES);
        et_check_int(u.bytes, FILES * test_file_size());
        et_check_int(u.used, FILES * test_file_size());
        et_check_int(u.oldest, 1);

        for (i = 0; i < n; i++) {
            et_check_int(files[i].time, oldest[i]);
            et_check_int(files[i].size, test_file_size());
            et_check_str(et_slice_str(files[i].name), test_name(oldest[i]));
        }
    }

    ET_TEST("a list with more room than files has all of them, in order") {
        et_check_int(et_spool_scan(&test_spool, &u, files, FILES + 1, &n),
                     ET_SPOOL_OK);
        et_check_int(n, FILES);
        et_check_int(files[FILES - 1].time, INT64_MAX);

        for (i = 1; i < n; i++) {
            et_check(strcmp(files[i - 1].name, files[i].name) < 0);
            et_check(files[i - 1].time < files[i].time);
        }
    }

    ET_TEST("a list after a file has what is younger; all are counted") {
        et_check_int(et_spool_scan_after(&test_spool, test_name(5), &u, files,
                                         3, &n),
                     ET_SPOOL_OK);
        et_check_int(n, 3);
        et_check_int(files[0].time, 6);
        et_check_int(files[1].time, 7);
        et_check_int(files[2].time, 8);
        et_check_int(u.files, FILES);
        et_check_int(u.oldest, 1);

        et_check_int(et_spool_scan_after(&test_spool, test_name(INT64_MAX), &u,
                                         files, 3, &n),
                     ET_SPOOL_OK);
        et_check_int(n, 0);
        et_check_int(u.files, FILES);
    }

    test_end();
}


static void
foreign(void)
{
    char              path[1024];
    size_t            n;
    et_spool_file_t   files[2];
    et_spool_usage_t  u;

    test_begin();

    ET_TEST("what is not the spool's is neither listed nor counted") {
        place("", "README", 10, 0);
        place("", ".hidden", 10, 0);
        place("", "x.batch", 10, 0);
        place("", "00000000000000000007-" TEST_ZONE "-7.batch.txt", 10, 0);
        place("", "00000000000000000007-" TEST_ZONE "-.batch", 10, 0);

        test_path(path, sizeof(path), "", test_name(1));
        et_check_int(mkdir(path, 0700), 0);
        test_path(path, sizeof(path), "", test_name(2));
        et_check_int(mkfifo(path, 0600), 0);
        test_path(path, sizeof(path), "", test_name(3));
        et_check_int(symlink("README", path), 0);

        et_check_int(write_batch(4), ET_SPOOL_OK);

        et_check_int(et_spool_scan(&test_spool, &u, files, 2, &n),
                     ET_SPOOL_OK);
        et_check_int(n, 1);
        et_check_int(u.files, 1);
        et_check_int(u.used, test_file_size());
        et_check_int(files[0].time, 4);
    }

    ET_TEST("a directory, a pipe or a link is not taken for a batch") {
        et_check_int(open_batch(1), ET_SPOOL_DAMAGED);
        et_check_int(open_batch(2), ET_SPOOL_DAMAGED);
        et_check_int(open_batch(3), ET_SPOOL_ERROR);
        et_check_int(errno, ELOOP);
    }

    test_end();
}


static void
size_limit(void)
{
    et_spool_usage_t  u;

    test_begin();
    test_spool.size = 3 * test_file_size();

    ET_TEST("what would make the spool larger than its size is refused") {
        et_check_int(write_batch(1), ET_SPOOL_OK);
        et_check_int(write_batch(2), ET_SPOOL_OK);
        et_check_int(write_batch(3), ET_SPOOL_OK);
        et_check_int(write_batch(4), ET_SPOOL_FULL);
        et_check_int(test_entries("tmp"), 0);

        u = usage();
        et_check_int(u.files, 3);
        et_check_int(u.used, test_spool.size);

        test_spool.size = 4 * test_file_size() - 1;
        et_check_int(write_batch(4), ET_SPOOL_FULL);
        test_spool.size = 4 * test_file_size();
        et_check_int(write_batch(4), ET_SPOOL_OK);
        et_check(test_whole(4));
    }

    ET_TEST("failed and damaged batches take room, and are moved when full") {
        et_check_int(et_spool_set_aside(&test_spool, test_name(1)),
                     ET_SPOOL_OK);
        et_check_int(write_batch(5), ET_SPOOL_FULL);

        /* without the reason, for which there is no room */

        et_check_int(et_spool_fail_file(&test_spool, test_name(2),
                                        et_slice_str("why")),
                     ET_SPOOL_OK);
        et_check_int(test_entries("failed"), 1);
        et_check_int(write_batch(5), ET_SPOOL_FULL);

        u = usage();
        et_check_int(u.files, 2);
        et_check_int(u.bytes, 2 * test_file_size());
        et_check_int(u.failed, 1);
        et_check_int(u.damaged, 1);
        et_check_int(u.used, test_spool.size);
    }

    ET_TEST("a file that another process writes takes room") {
        et_check_int(et_spool_remove(&test_spool, test_name(3)), ET_SPOOL_OK);
        place("tmp", "1-x", 1, 0);
        et_check_int(write_batch(5), ET_SPOOL_FULL);
        place("tmp", "1-x", 0, 0);
        et_check_int(write_batch(5), ET_SPOOL_OK);
    }

    ET_TEST("a size smaller than a batch refuses it") {
        test_clear(test_dir);
        test_spool.size = test_file_size() - 1;
        et_check_int(write_batch(1), ET_SPOOL_FULL);
        test_spool.size = 0;
        et_check_int(write_batch(1), ET_SPOOL_FULL);
    }

    test_end();
}


static void
leftovers(void)
{
    char              name[64];
    pid_t             child;
    et_spool_usage_t  u;

    test_begin();

    ET_TEST("a dead process's half file is removed, but not at once") {
        child = fork();

        if (child == 0) {
            _exit(0);
        }

        waitpid(child, NULL, 0);

        snprintf(name, sizeof(name), "%ld-x", (long) child);
        place("tmp", name, 10, ET_SPOOL_TMP_DEAD - 30);
        u = usage();
        et_check_int(u.removed, 0);
        et_check_int(u.used, 10);

        place("tmp", name, 10, ET_SPOOL_TMP_DEAD + 30);
        u = usage();
        et_check_int(u.removed, 1);
        et_check_int(u.used, 0);
        et_check_int(u.files, 0);
        et_check_int(test_entries("tmp"), 0);
    }

    ET_TEST("a living process's file is removed when it cannot be its any "
            "more")
    {
        snprintf(name, sizeof(name), "%ld-x", (long) getpid());
        place("tmp", name, 10, ET_SPOOL_TMP_STALE - 30);
        u = usage();
        et_check_int(u.removed, 0);

        place("tmp", name, 10, ET_SPOOL_TMP_STALE + 30);
        u = usage();
        et_check_int(u.removed, 1);
        et_check_int(test_entries("tmp"), 0);
    }

    ET_TEST("what a clock that was set back left is kept, as are other files") {
        place("tmp", name, 10, -2 * ET_SPOOL_TMP_STALE);
        place("tmp", "notes", 10, 2 * ET_SPOOL_TMP_STALE);
        place("tmp", "-1-x", 10, 2 * ET_SPOOL_TMP_STALE);
        u = usage();
        et_check_int(u.removed, 0);
        et_check_int(test_entries("tmp"), 3);
    }

    test_end();
}


static void
damage(void)
{
    char    path[1024];
    char    whole[1024], bad[1024];
    size_t  i, bit, size;

    test_begin();
    et_check_int(write_batch(1), ET_SPOOL_OK);

    test_path(path, sizeof(path), "", test_name(1));
    size = test_read(path, whole, sizeof(whole));

    ET_TEST("a file that is torn at any length is damaged") {
        et_check_int(size, test_file_size());

        for (i = 0; i < size; i++) {
            et_check(test_write(path, whole, i));
            et_check_int(open_batch(1), ET_SPOOL_DAMAGED);
        }

        et_check(test_write(path, whole, size));
        et_check_int(open_batch(1), ET_SPOOL_OK);
    }

    ET_TEST("a file that has something behind it is damaged") {
        memcpy(bad, whole, size);
        bad[size] = '\0';
        et_check(test_write(path, bad, size + 1));
        et_check_int(open_batch(1), ET_SPOOL_DAMAGED);
    }

    ET_TEST("a file with any bit flipped is damaged") {
        for (i = 0; i < size; i++) {
            for (bit = 0; bit < 8; bit++) {
                memcpy(bad, whole, size);
                bad[i] ^= (char) (1 << bit);
                et_check(test_write(path, bad, size));
                et_check_int(open_batch(1), ET_SPOOL_DAMAGED);
            }
        }
    }

    ET_TEST("a file of zeros is damaged") {
        memset(bad, 0, sizeof(bad));
        et_check(test_write(path, bad, size));
        et_check_int(open_batch(1), ET_SPOOL_DAMAGED);
    }

    ET_TEST("a damaged file is set aside") {
        et_check_int(et_spool_set_aside(&test_spool, test_name(1)),
                     ET_SPOOL_OK);
        et_check(test_exists("damaged", test_name(1)));
        et_check_int(open_batch(1), ET_SPOOL_GONE);
        et_check_int(usage().damaged, 1);

        /* a second time, as after an error */

        et_check_int(et_spool_set_aside(&test_spool, test_name(1)),
                     ET_SPOOL_OK);
        et_check_int(usage().damaged, 1);
    }

    test_end();
}


/* writes the header's checksum anew, so that only what it says is wrong */

static void
reseal(char *file, size_t header_size)
{
    size_t  i;
    uLong   crc;

    crc = crc32(0, (unsigned char *) file, (uInt) header_size - 4);

    for (i = 0; i < 4; i++) {
        file[header_size - 4 + i] = (char) (crc >> (8 * i));
    }
}


static void
versions(void)
{
    char    path[1024];
    char    whole[1024], other[1024];
    size_t  size, header;

    test_begin();
    et_check_int(write_batch(1), ET_SPOOL_OK);

    test_path(path, sizeof(path), "", test_name(1));
    size = test_read(path, whole, sizeof(whole));
    header = size - (sizeof(TEST_BODY) - 1);

    ET_TEST("a file of a later version is told from a damaged one") {
        memcpy(other, whole, size);
        other[8] = 2;
        et_check(test_write(path, other, size));
        et_check_int(open_batch(1), ET_SPOOL_DAMAGED);

        reseal(other, header);
        et_check(test_write(path, other, size));
        et_check_int(open_batch(1), ET_SPOOL_NEWER);
    }

    ET_TEST("a header that does not agree with itself is damaged") {
        memcpy(other, whole, size);
        other[36]++;                       /* size of the columns */
        reseal(other, header);
        et_check(test_write(path, other, size));
        et_check_int(open_batch(1), ET_SPOOL_DAMAGED);

        memcpy(other, whole, size);
        other[24]--;                       /* size of the body */
        reseal(other, header);
        et_check(test_write(path, other, size));
        et_check_int(open_batch(1), ET_SPOOL_DAMAGED);

        memcpy(other, whole, size);
        memset(other + 40, 'a', 56);       /* a token without an end */
        reseal(other, header);
        et_check(test_write(path, other, size));
        et_check_int(open_batch(1), ET_SPOOL_DAMAGED);

        memcpy(other, whole, size);
        reseal(other, header);
        et_check(test_write(path, other, size));
        et_check_int(open_batch(1), ET_SPOOL_OK);
    }

    test_end();
}


static void
failed(void)
{
    char              name[ET_SPOOL_NAME];
    char              from[1024], to[1024], text_path[1024 + 4];
    char             *text;
    et_slice_t        why;
    et_spool_usage_t  u;

    test_begin();
    why = et_slice_str("Code: 60. DB::Exception: there is no such table");
    text = malloc(2 * ET_SPOOL_TEXT);

    ET_TEST("a refused batch is kept with the reason beside it") {
        et_check_int(et_spool_fail(&test_spool, test_batch(1), why, name),
                     ET_SPOOL_OK);
        et_check_str(et_slice_str(name), test_name(1));
        et_check(!test_exists("", name));

        test_path(from, sizeof(from), "failed", name);
        snprintf(text_path, sizeof(text_path), "%s.txt", from);
        et_check_str(et_slice(text, test_read(text_path, text, ET_SPOOL_TEXT)),
                     why.data);

        u = usage();
        et_check_int(u.files, 0);
        et_check_int(u.failed, 1);
        et_check_int(u.used, test_file_size() + why.len);
    }

    ET_TEST("a refused batch is sent again when its file is moved back") {
        test_path(to, sizeof(to), "", name);
        et_check_int(rename(from, to), 0);
        et_check(test_whole(1));
        et_check_int(usage().files, 1);
    }

    ET_TEST("a refused file is moved, and its reason is put beside it") {
        why = et_slice_str("another reason");
        et_check_int(et_spool_fail_file(&test_spool, name, why), ET_SPOOL_OK);
        et_check(!test_exists("", name));
        et_check_str(et_slice(text, test_read(text_path, text, ET_SPOOL_TEXT)),
                     why.data);
        et_check_int(test_entries("failed"), 2);

        et_check_int(rename(from, to), 0);
        et_check(test_whole(1));
    }

    ET_TEST("of a reason without end the beginning is kept") {
        memset(text, 'x', 2 * ET_SPOOL_TEXT);
        et_check_int(et_spool_fail(&test_spool, test_batch(1),
                                   et_slice(text, 2 * ET_SPOOL_TEXT), name),
                     ET_SPOOL_OK);
        et_check_int(test_read(text_path, text, 2 * ET_SPOOL_TEXT),
                     ET_SPOOL_TEXT);
    }

    ET_TEST("where there is room for the batch alone, the reason is left out") {
        test_clear(test_dir);
        test_spool.size = test_file_size();
        et_check_int(et_spool_fail(&test_spool, test_batch(1),
                                   et_slice(text, test_file_size() + 1), name),
                     ET_SPOOL_OK);
        et_check_int(test_entries("failed"), 1);
        et_check_int(et_spool_fail(&test_spool, test_batch(2), why, name),
                     ET_SPOOL_FULL);
        et_check_int(test_entries("failed"), 1);
    }

    free(text);
    test_end();
}


static void
owner(void)
{
    int                i, status;
    char               path[1024];
    pid_t              child;
    struct stat        st;
    static const char  *const paths[] = { "", "tmp", "failed", "damaged",
                                          "lock" };

    ET_TEST("what root writes belongs to whom it is given, who can drain it") {
        if (geteuid() != 0) {
            printf("# skipped: this is not root\n");
            continue;
        }

        test_begin();
        test_spool.uid = 65534;
        test_spool.gid = 65534;

        et_check_int(et_spool_create(&test_spool), ET_SPOOL_OK);
        et_check_int(write_batch(1), ET_SPOOL_OK);
        et_check_int(write_batch(2), ET_SPOOL_OK);
        et_check_int(et_spool_lock(&test_spool, &i), ET_SPOOL_OK);
        et_spool_unlock(i);

        for (i = 0; i < 5; i++) {
            test_path(path, sizeof(path), "", paths[i]);
            et_check_int(stat(path, &st), 0);
            et_check_int(st.st_uid, 65534);
            et_check_int(st.st_gid, 65534);
        }

        child = fork();

        if (child == 0) {
            if (setgid(65534) == -1 || setuid(65534) == -1) {
                _exit(2);
            }

            _exit(!(test_whole(1)
                    && et_spool_lock(&test_spool, &i) == ET_SPOOL_OK
                    && write_batch(3) == ET_SPOOL_OK
                    && et_spool_remove(&test_spool, test_name(1))
                       == ET_SPOOL_OK
                    && et_spool_set_aside(&test_spool, test_name(2))
                       == ET_SPOOL_OK));
        }

        waitpid(child, &status, 0);
        et_check_int(status, 0);
        et_check(test_whole(3));

        test_end();
    }

    ET_TEST("another owner is given the files too, but no other user's") {
        if (geteuid() != 0) {
            printf("# skipped: this is not root\n");
            continue;
        }

        test_begin();
        test_spool.uid = 65534;
        test_spool.gid = 65534;

        et_check_int(et_spool_create(&test_spool), ET_SPOOL_OK);
        et_check_int(write_batch(1), ET_SPOOL_OK);
        et_check_int(write_batch(2), ET_SPOOL_OK);
        et_check_int(et_spool_fail_file(&test_spool, test_name(2),
                                        et_slice_str("why")),
                     ET_SPOOL_OK);
        place("", test_name(3), 10, 0);

        test_spool.uid = 65533;
        et_check_int(et_spool_create(&test_spool), ET_SPOOL_OK);

        test_path(path, sizeof(path), "", test_name(1));
        et_check_int(stat(path, &st), 0);
        et_check_int(st.st_uid, 65533);

        test_path(path, sizeof(path), "failed", test_name(2));
        et_check_int(stat(path, &st), 0);
        et_check_int(st.st_uid, 65533);

        test_path(path, sizeof(path), "", test_name(3));
        et_check_int(stat(path, &st), 0);
        et_check_int(st.st_uid, 0);

        test_end();
    }
}


int
main(void)
{
    round_trip();
    large_batch();
    arguments();
    listing();
    foreign();
    size_limit();
    leftovers();
    damage();
    versions();
    failed();
    owner();

    return et_test_done();
}
