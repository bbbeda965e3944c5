/*
 * What the spool's tests share: a spool in a directory of its own, batches
 * to put into it, and a look at what is there.
 */

#ifndef ET_SPOOL_HELP_H
#define ET_SPOOL_HELP_H

#include "et_spool.h"


#define TEST_ZONE     "0123456789abcdef0123456789abcdef"
#define TEST_COLUMNS  "kind,n,timestamp"
#define TEST_BODY     "the first segment's rows, and the second's"


/* the directory of the spool of this test, and the spool: without a limit */
extern char        test_dir[256];
extern et_spool_t  test_spool;


/* Makes test_spool, empty; test_end() removes it. */
void test_begin(void);
void test_end(void);

/* rm -rf of what is in a directory, and of the directory itself. */
void test_clear(const char *path);
void test_remove_all(const char *path);

/* A batch of TEST_BODY in two segments, valid until the next call; number is
 * the token's and the time's. */
et_spool_batch_t *test_batch(uint64_t number);

/* Its token and, of the file that it is written to, the name. */
const char *test_token(uint64_t number);
const char *test_name(uint64_t number);

/* 1 where PATH/sub has the file of that name; "" is PATH. */
int test_exists(const char *sub, const char *name);

/* How many entries there are in PATH/sub without "." and "..". */
size_t test_entries(const char *sub);

/* 1 where PATH has the batch, whole. */
int test_whole(uint64_t number);

/* What a batch's file has of bytes. */
uint64_t test_file_size(void);

void test_path(char *path, size_t size, const char *sub, const char *name);
size_t test_read(const char *path, char *data, size_t size);
int test_write(const char *path, const void *data, size_t size);


#endif /* ET_SPOOL_HELP_H */
