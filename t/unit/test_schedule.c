/*
 * Schedules and time zones: when a job is due next.
 */

#include "et_schedule.h"
#include "et_test.h"
#include "et_time.h"
#include "et_tz.h"


static int64_t
et_test_at(const char *text)
{
    int64_t  us;

    et_check(et_time_parse(et_slice_str(text), &us));

    return us / ET_SECOND;
}


static int
et_test_next(const char *crontab, const char *zone, const char *after,
    const char *expected)
{
    int64_t       next, want;
    et_crontab_t  set;

    if (!et_crontab_parse(et_slice_str(crontab), &set)) {
        return 0;
    }

    next = et_crontab_next(&set, et_slice_str(zone), et_test_at(after));
    want = expected == NULL ? 0 : et_test_at(expected);

    if (next != want) {
        printf("# %s after %s: %lld, expected %lld\n", crontab, after,
               (long long) next, (long long) want);
    }

    return next == want;
}


/* A version 2 file with one type, two changes and a rule. */

static size_t
et_test_file(unsigned char *p, const char *rule)
{
    int             part;
    size_t          i;
    unsigned char  *start;

    static const unsigned char  counts[] = {
        0,0,0,0, 0,0,0,0, 0,0,0,0, 0,0,0,2, 0,0,0,2, 0,0,0,4
    };

    start = p;

    for (part = 0; part < 2; part++) {
        memset(p, 0, 44);
        memcpy(p, "TZif2", 5);
        memcpy(p + 20, counts, 24);
        p += 44;

        for (i = 0; i < 2; i++) {              /* at 1000 and at 2000 */
            memset(p, 0, 8);
            p += part == 0 ? 4 : 8;
            p[-2] = (unsigned char) (1000 * (i + 1) >> 8);
            p[-1] = (unsigned char) (1000 * (i + 1));
        }

        *p++ = 1;
        *p++ = 0;

        memcpy(p, "\0\0\0\144\0\0" "\377\377\377\234\1\0" "ABC", 16);
        p += 16;
    }

    return p - start + sprintf((char *) p, "\n%s\n", rule);
}


int
main(void)
{
    size_t          i, len;
    int32_t         offset;
    et_crontab_t    set;
    unsigned char   file[512], *copy;

    static const char *const  bad[] = {
        "", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *",
        "* * 0 * *", "* * 32 * *", "* * * 13 *", "* * * * 8", "a * * * *",
        "*/0 * * * *", "5-1 * * * *", "1, * * * *", ",1 * * * *",
        "1-2-3 * * * *", "* * * foo *", "@never", "1/ * * * *",
        "99999999999 * * * *", "-1 * * * *", "*5 * * * *"
    };

    ET_TEST("the next minute of a crontab") {
        et_check(et_test_next("* * * * *", "", "2026-01-01T10:00:30Z",
                              "2026-01-01T10:01:00Z"));
        et_check(et_test_next("*/15 * * * *", "", "2026-01-01T10:45:00Z",
                              "2026-01-01T11:00:00Z"));
        et_check(et_test_next("5/20 * * * *", "", "2026-01-01T10:26:00Z",
                              "2026-01-01T10:45:00Z"));
        et_check(et_test_next("0 3 * * *", "", "2026-01-01T03:00:00Z",
                              "2026-01-02T03:00:00Z"));
        et_check(et_test_next("30 4 1,15 * *", "", "2026-01-02T00:00:00Z",
                              "2026-01-15T04:30:00Z"));
        et_check(et_test_next("0 0 29 2 *", "", "2026-01-01T00:00:00Z",
                              "2028-02-29T00:00:00Z"));
        et_check(et_test_next("0 0 1 jan *", "", "2026-01-01T00:00:00Z",
                              "2027-01-01T00:00:00Z"));
        et_check(et_test_next("0 9-17/4 * * MON-fri", "",
                              "2026-01-02T17:30:00Z",
                              "2026-01-05T09:00:00Z"));
        et_check(et_test_next("@hourly", "", "2026-12-31T23:59:59Z",
                              "2027-01-01T00:00:00Z"));
        et_check(et_test_next("0 0 * * 7", "", "2026-01-01T00:00:00Z",
                              "2026-01-04T00:00:00Z"));
    }

    ET_TEST("days and weekdays, where both are named, are alternatives") {
        et_check(et_test_next("0 0 13 * 5", "", "2026-01-01T00:00:00Z",
                              "2026-01-02T00:00:00Z"));
        et_check(et_test_next("0 0 13 * 5", "", "2026-01-09T00:00:00Z",
                              "2026-01-13T00:00:00Z"));
    }

    ET_TEST("a date that never comes has no next") {
        et_check(et_test_next("0 0 30 2 *", "", "2026-01-01T00:00:00Z",
                              NULL));
    }

    ET_TEST("what is no crontab is refused") {
        for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
            if (et_crontab_parse(et_slice_str(bad[i]), &set)) {
                printf("# taken: \"%s\"\n", bad[i]);
                et_check(0);
            }
        }
    }

    ET_TEST("an interval in each unit, singular or not") {
        et_check_int(et_interval_seconds(5, et_slice_str("minute")), 300);
        et_check_int(et_interval_seconds(2, et_slice_str("hours")), 7200);
        et_check_int(et_interval_seconds(1, et_slice_str("DAY")), 86400);
        et_check_int(et_interval_seconds(1, et_slice_str("weeks")), 604800);
        et_check_int(et_interval_seconds(1, et_slice_str("month")), 2592000);
        et_check_int(et_interval_seconds(1, et_slice_str("year")), 31536000);
        et_check_int(et_interval_seconds(1, et_slice_str("s")), 0);
        et_check_int(et_interval_seconds(1, et_slice_str("")), 0);
    }

    ET_TEST("a zone's file: before, between and after its changes") {
        len = et_test_file(file, "STD-1DST,M3.5.0,M10.5.0/3");

        et_check(et_tz_file_offset(file, len, 500, &offset));
        et_check_int(offset, 100);
        et_check(et_tz_file_offset(file, len, 1500, &offset));
        et_check_int(offset, -100);

        /* after the last change by the rule: Berlin's */

        et_check(et_tz_file_offset(file, len,
                                   et_test_at("2026-03-29T00:59:59Z"),
                                   &offset));
        et_check_int(offset, 3600);
        et_check(et_tz_file_offset(file, len,
                                   et_test_at("2026-03-29T01:00:00Z"),
                                   &offset));
        et_check_int(offset, 7200);
        et_check(et_tz_file_offset(file, len,
                                   et_test_at("2026-10-25T00:59:59Z"),
                                   &offset));
        et_check_int(offset, 7200);
        et_check(et_tz_file_offset(file, len,
                                   et_test_at("2026-10-25T01:00:00Z"),
                                   &offset));
        et_check_int(offset, 3600);
    }

    ET_TEST("rules: the southern half, names in brackets, none at all") {
        len = et_test_file(file, "AEST-10AEDT,M10.1.0,M4.1.0/3");
        et_check(et_tz_file_offset(file, len,
                                   et_test_at("2026-01-15T00:00:00Z"),
                                   &offset));
        et_check_int(offset, 11 * 3600);
        et_check(et_tz_file_offset(file, len,
                                   et_test_at("2026-07-15T00:00:00Z"),
                                   &offset));
        et_check_int(offset, 10 * 3600);

        len = et_test_file(file, "<+0545>-5:45");
        et_check(et_tz_file_offset(file, len, 1000000, &offset));
        et_check_int(offset, 5 * 3600 + 45 * 60);

        len = et_test_file(file, "");
        et_check(et_tz_file_offset(file, len, 1000000, &offset));
        et_check_int(offset, 100);
    }

    ET_TEST("a file cut anywhere is refused or read within its bytes") {
        len = et_test_file(file, "STD-1DST,M3.5.0,M10.5.0/3");

        for (i = 0; i <= len; i++) {
            copy = malloc(i + 1);
            memcpy(copy, file, i);
            (void) et_tz_file_offset(copy, i, 1000000, &offset);
            free(copy);
        }

        for (i = 0; i < 44 * 2 + 60; i++) {
            et_test_file(file, "STD-1DST,M3.5.0,M10.5.0/3");
            file[i] ^= 0xff;
            copy = malloc(len);
            memcpy(copy, file, len);
            (void) et_tz_file_offset(copy, len, 1000000, &offset);
            free(copy);
        }
    }

    ET_TEST("a file with a cut rule is used whole or not at all") {
        len = et_test_file(file, "STD-1DST,M3.5");

        for (i = 0; i < len; i++) {
            et_test_file(file, "STD-1DST,M3.5");
            file[i] ^= 0xff;

            if (!et_tz_file_offset(file, len, 1000000, &offset)) {
                et_check_int(offset, 0);
            }
        }
    }

    ET_TEST("names that are no zone's, or leave the directory, are none") {
        et_check(!et_tz_offset(et_slice_str("../../etc/passwd"), 0, &offset));
        et_check(!et_tz_offset(et_slice_str("/etc/localtime"), 0, &offset));
        et_check(!et_tz_offset(et_slice_str("Europe"), 0, &offset));
        et_check(!et_tz_offset(et_slice_str("No/Such"), 0, &offset));
        et_check(!et_tz_offset(et_slice_str("No/Such"), 0, &offset));
        et_check(et_tz_offset(et_slice_str(""), 0, &offset));
        et_check(et_tz_offset(et_slice_str("utc"), 0, &offset));
        et_check_int(offset, 0);
    }

    if (et_tz_offset(et_slice_str("America/New_York"), 0, &offset)) {

        ET_TEST("a job at three in New York is due at seven or eight in UTC")
        {
            et_check(et_test_next("0 3 * * *", "America/New_York",
                                  "2026-07-01T12:00:00Z",
                                  "2026-07-02T07:00:00Z"));
            et_check(et_test_next("0 3 * * *", "America/New_York",
                                  "2026-12-01T12:00:00Z",
                                  "2026-12-02T08:00:00Z"));
            et_check(et_test_next("0 3 * * *", "America/New_York",
                                  "2060-07-01T12:00:00Z",
                                  "2060-07-02T07:00:00Z"));
        }

    } else {
        printf("# no zone files here: the test of a real one is left out\n");
    }

    et_tz_forget();

    return et_test_done();
}
