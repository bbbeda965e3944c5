/*
 * The formats besides JSON: multipart bodies, minidumps, Unreal's reports,
 * files of time zones, crontabs, times, globs, networks.  Input: what to read it as, a byte,
 * then the bytes.
 */

#include <stdlib.h>

#include "et_filter.h"
#include "et_fuzz.h"
#include "et_minidump.h"
#include "et_multipart.h"
#include "et_schedule.h"
#include "et_tz.h"
#include "et_unreal.h"


#define ET_FUZZ_YEARS  ((int64_t) 8 * 366 * 86400)


static void et_fuzz_multipart(et_slice_t text);
static void et_fuzz_minidump(et_slice_t text);
static void et_fuzz_unreal(et_slice_t text);
static void et_fuzz_zone(et_slice_t text);
static void et_fuzz_crontab(et_slice_t text);
static void et_fuzz_time(et_slice_t text);
static void et_fuzz_glob(et_slice_t text);
static int et_fuzz_glob_slow(et_slice_t glob, et_slice_t text);
static void et_fuzz_cidr(et_slice_t text);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char  *copy;

    static void  (*const readers[])(et_slice_t) = {
        et_fuzz_multipart, et_fuzz_minidump, et_fuzz_unreal, et_fuzz_zone,
        et_fuzz_crontab, et_fuzz_time, et_fuzz_glob, et_fuzz_cidr
    };

    if (size < 1) {
        return 0;
    }

    copy = et_fuzz_copy(data + 1, size - 1);

    readers[*data % (sizeof(readers) / sizeof(readers[0]))](
        et_slice(copy, size - 1));

    free(copy);

    return 0;
}


/* The first line is the Content-Type, the others are the body. */

static void
et_fuzz_multipart(et_slice_t text)
{
    int              more;
    unsigned         n;
    et_part_t        part;
    et_slice_t       type, body;
    const char      *newline;
    et_reason_t      reason;
    et_multipart_t   multipart;

    newline = text.len == 0 ? NULL : memchr(text.data, '\n', text.len);
    if (newline == NULL) {
        return;
    }

    type = et_slice(text.data, (size_t) (newline - text.data));
    body = et_slice(newline + 1, text.len - type.len - 1);

    if (!et_multipart_open(&multipart, type, body)) {
        return;
    }

    for (n = 0; /* void */ ; n++) {
        reason = et_multipart_next(&multipart, &part, &more);

        et_fuzz_check(reason == ET_OK || reason == ET_BAD_MULTIPART);

        if (reason != ET_OK || !more) {
            return;
        }

        et_fuzz_check(n < ET_MAX_PARTS);
        et_fuzz_within(part.name, body);
        et_fuzz_within(part.filename, body);
        et_fuzz_within(part.content_type, body);
        et_fuzz_within(part.data, body);
    }
}


static void
et_fuzz_minidump(et_slice_t text)
{
    et_minidump_t  dump;

    if (!et_minidump_read(text, &dump)) {
        return;
    }

    et_fuzz_within(dump.module, et_slice(dump.name, ET_MINIDUMP_MODULE));
    et_fuzz_check(dump.module.len == 0
                  || et_utf8_valid(dump.module.data, dump.module.len));
    et_fuzz_check(dump.os != NULL && dump.type != NULL);
}


static void
et_fuzz_unreal(et_slice_t text)
{
    unsigned          n;
    et_unreal_t       unreal;
    et_unreal_file_t  file;

    if (!et_unreal_open(&unreal, text)) {
        return;
    }

    for (n = 0; et_unreal_next(&unreal, &file) == 1; n++) {
        et_fuzz_check(n < ET_UNREAL_FILES);
        et_fuzz_within(file.name, text);
        et_fuzz_within(file.data, text);
    }
}


static void
et_fuzz_zone(et_slice_t text)
{
    int32_t  offset;
    int64_t  time;

    for (time = 0; time < 4000000000; time += 400000000) {
        if (!et_tz_file_offset((const unsigned char *) text.data, text.len,
                               time, &offset))
        {
            et_fuzz_check(offset == 0);
        }
    }
}


/* In a zone with daylight saving, where the system has it. */

static void
et_fuzz_crontab(et_slice_t text)
{
    int64_t       next, after;
    et_crontab_t  crontab;

    if (!et_crontab_parse(text, &crontab)) {
        return;
    }

    et_fuzz_check(crontab.minutes != 0 && crontab.minutes >> 60 == 0);
    et_fuzz_check(crontab.hours != 0 && crontab.hours >> 24 == 0);
    et_fuzz_check((crontab.days & 1) == 0);
    et_fuzz_check((crontab.months & 1) == 0 && crontab.months >> 13 == 0);
    et_fuzz_check(crontab.weekdays >> 7 == 0);

    for (after = 1700000000; after < 1720000000; after += 6666661) {
        next = et_crontab_next(&crontab, et_slice_str("Europe/Berlin"),
                               after);
        if (next != 0) {
            et_fuzz_check(next > after && next <= after + ET_FUZZ_YEARS);
            et_fuzz_check(next % 60 == 0);
        }

        (void) et_crontab_next(&crontab, text, after);
    }
}


static void
et_fuzz_time(et_slice_t text)
{
    int64_t  us;

    if (et_time_parse(text, &us)) {
        et_fuzz_check(us >= 0 && us < (int64_t) 292 * 366 * 86400 * ET_SECOND);
    }
}


/* The first line is the glob; short ones are compared with plain recursion. */

static void
et_fuzz_glob(et_slice_t text)
{
    int          match;
    et_slice_t   glob;
    const char  *newline;

    newline = text.len == 0 ? NULL : memchr(text.data, '\n', text.len);
    if (newline == NULL) {
        return;
    }

    glob = et_slice(text.data, (size_t) (newline - text.data));
    text = et_slice(newline + 1, text.len - glob.len - 1);

    match = et_glob_match(glob, text);

    if (glob.len <= 12 && text.len <= 16
        && et_utf8_valid(text.data, text.len))
    {
        et_fuzz_check(match == et_fuzz_glob_slow(glob, text));
    }
}


static int
et_fuzz_glob_slow(et_slice_t glob, et_slice_t text)
{
    size_t      n;
    et_slice_t  rest;

    if (glob.len == 0) {
        return text.len == 0;
    }

    rest = et_slice(glob.data + 1, glob.len - 1);

    if (*glob.data == '*') {
        for (n = 0; n <= text.len; n++) {
            if (et_fuzz_glob_slow(rest, et_slice(text.data + n,
                                                 text.len - n)))
            {
                return 1;
            }
        }

        return 0;
    }

    if (text.len == 0) {
        return 0;
    }

    n = 1;

    if (*glob.data == '?') {
        while (n < text.len && (text.data[n] & 0xc0) == 0x80) {
            n++;
        }

    } else if (et_lower(*glob.data) != et_lower(*text.data)) {
        return 0;
    }

    return et_fuzz_glob_slow(rest, et_slice(text.data + n, text.len - n));
}


static void
et_fuzz_cidr(et_slice_t text)
{
    et_cidr_t  cidr;

    if (et_cidr_parse(text, &cidr)) {
        et_fuzz_check(cidr.bits <= 128);
    }
}
