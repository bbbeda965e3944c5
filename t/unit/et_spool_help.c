/*
 * The helpers of et_spool_help.h.
 */

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "et_spool_help.h"


char        test_dir[256];
et_spool_t  test_spool;


void
test_begin(void)
{
    const char  *tmp;

    /* in memory where that is possible: there are thousands of syncs */

    tmp = getenv("TMPDIR");

    if (tmp == NULL) {
        tmp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    }

    snprintf(test_dir, sizeof(test_dir), "%s/et_spool.XXXXXX", tmp);

    if (mkdtemp(test_dir) == NULL) {
        printf("Bail out! no directory %s: %s\n", test_dir, strerror(errno));
        exit(1);
    }

    test_spool.path = test_dir;
    test_spool.size = (uint64_t) 1 << 40;
    test_spool.uid = (uid_t) -1;
    test_spool.gid = (gid_t) -1;

    if (et_spool_create(&test_spool) != ET_SPOOL_OK) {
        printf("Bail out! no spool in %s: %s\n", test_dir, strerror(errno));
        exit(1);
    }
}


void
test_end(void)
{
    test_remove_all(test_dir);
}


void
test_clear(const char *path)
{
    DIR            *dir;
    char            child[1024];
    struct dirent  *entry;

    dir = opendir(path);
    if (dir == NULL) {
        return;
    }

    while ((entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0
            || strcmp(entry->d_name, "..") == 0)
        {
            continue;
        }

        snprintf(child, sizeof(child), "%s/%s", path, entry->d_name);

        if (unlink(child) == -1) {
            test_remove_all(child);
        }
    }

    closedir(dir);
}


void
test_remove_all(const char *path)
{
    test_clear(path);
    (void) rmdir(path);
}


et_spool_batch_t *
test_batch(uint64_t number)
{
    static char              body[] = TEST_BODY;
    static struct iovec      segments[3];
    static et_spool_batch_t  batch;

    segments[0].iov_base = body;
    segments[0].iov_len = 20;
    segments[1].iov_base = NULL;
    segments[1].iov_len = 0;
    segments[2].iov_base = body + 20;
    segments[2].iov_len = sizeof(body) - 1 - 20;

    batch.token = et_slice_str(test_token(number));
    batch.columns = et_slice_str(TEST_COLUMNS);
    batch.rows = number + 1;
    batch.time = (int64_t) number;
    batch.body = segments;
    batch.n = 3;

    return &batch;
}


const char *
test_token(uint64_t number)
{
    static char  token[ET_SPOOL_TOKEN];

    snprintf(token, sizeof(token), TEST_ZONE "-%" PRIu64, number);

    return token;
}


const char *
test_name(uint64_t number)
{
    static char  name[ET_SPOOL_NAME];

    snprintf(name, sizeof(name), "%020" PRIu64 "-" TEST_ZONE "-%" PRIu64
             ".batch", number, number);

    return name;
}


int
test_exists(const char *sub, const char *name)
{
    char         path[1024];
    struct stat  st;

    test_path(path, sizeof(path), sub, name);

    return lstat(path, &st) == 0;
}


size_t
test_entries(const char *sub)
{
    DIR     *dir;
    char     path[1024];
    size_t   n;

    test_path(path, sizeof(path), sub, "");

    dir = opendir(path);
    if (dir == NULL) {
        return 0;
    }

    for (n = 0; readdir(dir) != NULL; n++) {
        /* void */
    }

    closedir(dir);

    return n - 2;
}


int
test_whole(uint64_t number)
{
    int                ok;
    char               body[sizeof(TEST_BODY)];
    et_spool_reader_t  reader;

    if (et_spool_open(&test_spool, test_name(number), &reader)
        != ET_SPOOL_OK)
    {
        return 0;
    }

    ok = reader.rows == number + 1
         && reader.bytes == sizeof(TEST_BODY) - 1
         && strcmp(reader.token, test_token(number)) == 0
         && strcmp(reader.columns, TEST_COLUMNS) == 0
         && pread(reader.fd, body, sizeof(body), (off_t) reader.offset)
            == (ssize_t) reader.bytes
         && memcmp(body, TEST_BODY, reader.bytes) == 0;

    et_spool_close(&reader);

    return ok;
}


uint64_t
test_file_size(void)
{
    return 96 + sizeof(TEST_COLUMNS) - 1 + 4 + sizeof(TEST_BODY) - 1;
}


void
test_path(char *path, size_t size, const char *sub, const char *name)
{
    snprintf(path, size, "%s/%s/%s", test_spool.path, sub, name);
}


size_t
test_read(const char *path, char *data, size_t size)
{
    FILE    *file;
    size_t   n;

    file = fopen(path, "r");
    if (file == NULL) {
        return 0;
    }

    n = fread(data, 1, size, file);
    fclose(file);

    return n;
}


int
test_write(const char *path, const void *data, size_t size)
{
    FILE    *file;
    size_t   n;

    file = fopen(path, "w");
    if (file == NULL) {
        return 0;
    }

    n = (size == 0) ? 0 : fwrite(data, 1, size, file);

    return fclose(file) == 0 && n == size;
}
