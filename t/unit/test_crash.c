/*
 * Minidumps and Unreal's reports: what is said is read, and nothing outside
 * of the bytes.
 */

#include "et_minidump.h"
#include "et_test.h"
#include "et_unreal.h"


static unsigned char  bytes[4096];
static size_t         len;


static void
et_test_put(size_t at, uint64_t value, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        bytes[at + i] = (unsigned char) (value >> (8 * i));
    }
}


/* A header, three streams, a module of the name. */

static void
et_test_dump(uint32_t os, uint32_t code)
{
    size_t       i;
    const char  *name = "/usr/lib/libgame.so";

    memset(bytes, 0, sizeof(bytes));
    memcpy(bytes, "MDMP", 4);

    et_test_put(4, 0xa793, 4);
    et_test_put(8, 3, 4);              /* streams */
    et_test_put(12, 32, 4);            /* their directory */
    et_test_put(20, 1700000000, 4);    /* time */

    et_test_put(32, 7, 4);             /* system: at 100 */
    et_test_put(36, 56, 4);
    et_test_put(40, 100, 4);
    et_test_put(44, 6, 4);             /* exception: at 200 */
    et_test_put(48, 168, 4);
    et_test_put(52, 200, 4);
    et_test_put(56, 4, 4);             /* modules: at 400 */
    et_test_put(60, 4 + 2 * 108, 4);
    et_test_put(64, 400, 4);

    et_test_put(120, os, 4);
    et_test_put(208, code, 4);
    et_test_put(224, 0x7f0000001234, 8);

    et_test_put(400, 2, 4);
    et_test_put(404, 0x400000, 8);
    et_test_put(412, 0x1000, 4);
    et_test_put(512, 0x7f0000000000, 8);
    et_test_put(520, 0x10000, 4);
    et_test_put(532, 700, 4);

    et_test_put(700, 2 * strlen(name), 4);

    for (i = 0; i < strlen(name); i++) {
        et_test_put(704 + 2 * i, (unsigned char) name[i], 2);
    }

    len = 704 + 2 * strlen(name);
}


static void
et_test_string(const char *text, size_t n)
{
    et_test_put(len, n, 4);
    memset(bytes + len + 4, 0, n);
    memcpy(bytes + len + 4, text, strlen(text));
    len += 4 + n;
}


static void
et_test_header(uint64_t files)
{
    et_test_string("dir", 10);
    et_test_string("name", 8);
    et_test_put(len, 100, 4);
    et_test_put(len + 4, files, 4);
    len += 8;
}


static void
et_test_report(int newer)
{
    len = 0;

    if (newer) {
        memcpy(bytes, "CR1", 3);
        len = 3;
    }

    et_test_header(newer ? 2 : 0);

    et_test_put(len, 0, 4);
    len += 4;
    et_test_string("CrashContext.runtime-xml", 30);
    et_test_string("<xml/>", 6);
    et_test_put(len, 1, 4);
    len += 4;
    et_test_string("UE4Minidump.dmp", 16);
    et_test_string("MDMP", 4);

    if (!newer) {
        et_test_header(2);
    }
}


int
main(void)
{
    int                n;
    char              *copy;
    size_t             i, k;
    et_unreal_t        unreal;
    et_minidump_t      dump;
    et_unreal_file_t   file;

    ET_TEST("a dump says what was raised, where, and on which system") {
        et_test_dump(0x8201, 11);
        et_check(et_minidump_read(et_slice((char *) bytes, len), &dump));
        et_check_int(dump.time, 1700000000);
        et_check_int(dump.raised, 1);
        et_check_str(et_slice_str(dump.os), "Linux");
        et_check_str(et_slice_str(dump.type), "SIGSEGV");
        et_check_str(dump.module, "libgame.so");
        et_check_int(dump.offset, 0x1234);
    }

    ET_TEST("codes have the names of their systems") {
        et_test_dump(2, 0xc0000005);
        et_check(et_minidump_read(et_slice((char *) bytes, len), &dump));
        et_check_str(et_slice_str(dump.type), "EXCEPTION_ACCESS_VIOLATION");

        et_test_dump(0x8102, 1);
        et_check(et_minidump_read(et_slice((char *) bytes, len), &dump));
        et_check_str(et_slice_str(dump.type), "EXC_BAD_ACCESS");

        et_test_dump(0x8203, 6);
        et_check(et_minidump_read(et_slice((char *) bytes, len), &dump));
        et_check_str(et_slice_str(dump.type), "SIGABRT");

        et_test_dump(77, 11);
        et_check(et_minidump_read(et_slice((char *) bytes, len), &dump));
        et_check_str(et_slice_str(dump.type), "");
        et_check_int(dump.code, 11);
    }

    ET_TEST("what is no dump is none, and a header alone is one") {
        et_check(!et_minidump_read(et_slice("MDMP", 4), &dump));
        et_test_dump(2, 11);
        et_check(!et_minidump_read(et_slice((char *) bytes + 1, len - 1),
                                   &dump));
        et_check(et_minidump_read(et_slice((char *) bytes, 32), &dump));
        et_check_int(dump.raised, 0);
        et_check_str(dump.module, "");
    }

    ET_TEST("a dump cut or changed anywhere is read within its bytes") {
        et_test_dump(0x8201, 11);

        for (i = 0; i <= len; i++) {
            copy = malloc(i + 1);
            memcpy(copy, bytes, i);
            (void) et_minidump_read(et_slice(copy, i), &dump);
            free(copy);
        }

        for (i = 0; i < len; i++) {
            for (k = 0; k < 2; k++) {
                copy = malloc(len);
                memcpy(copy, bytes, len);
                copy[i] = k == 0 ? (char) 0xff : 0x7f;
                (void) et_minidump_read(et_slice(copy, len), &dump);
                free(copy);
            }
        }
    }

    ET_TEST("a report's files, of both forms") {
        for (n = 0; n < 2; n++) {
            et_test_report(n);
            et_check(et_unreal_open(&unreal, et_slice((char *) bytes, len)));
            et_check_int(et_unreal_next(&unreal, &file), 1);
            et_check_str(file.name, "CrashContext.runtime-xml");
            et_check_str(file.data, "<xml/>");
            et_check_int(et_unreal_next(&unreal, &file), 1);
            et_check_str(file.name, "UE4Minidump.dmp");
            et_check_str(file.data, "MDMP");
            et_check_int(et_unreal_next(&unreal, &file), 0);
        }
    }

    ET_TEST("a report cut or changed anywhere is read within its bytes") {
        for (n = 0; n < 2; n++) {
            et_test_report(n);

            for (i = 0; i <= 2 * len; i++) {
                k = i <= len ? i : len;
                copy = malloc(k + 1);
                memcpy(copy, bytes, k);

                if (i > len) {
                    copy[i - len - 1] = (char) 0xff;
                }

                if (et_unreal_open(&unreal, et_slice(copy, k))) {
                    while (et_unreal_next(&unreal, &file) == 1) {
                        et_check(file.data.data + file.data.len <= copy + k);
                    }
                }

                free(copy);
            }
        }
    }

    return et_test_done();
}
