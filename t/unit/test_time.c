/*
 * et_time: every form of a time that SDKs send, and none that isn't one.
 */

#include <float.h>
#include <math.h>

#include "et_test.h"
#include "et_time.h"


#define REFUSED  (-1)


/* From memory of the exact size, so that a sanitizer sees a byte too many */

static int64_t
parse_bytes(const char *text, size_t len)
{
    char     *copy;
    int64_t   us;

    copy = et_copy(text, len);
    us = REFUSED;

    if (!et_time_parse(et_slice(len == 0 ? NULL : copy, len), &us)) {

        /* what is refused leaves the caller's value alone */

        et_check_int(us, REFUSED);
        us = REFUSED;
    }

    free(copy);

    return us;
}


static int64_t
parse(const char *text)
{
    return parse_bytes(text, strlen(text));
}


static int64_t
seconds(double value)
{
    int64_t  us;

    us = REFUSED;

    return et_time_from_seconds(value, &us) ? us : REFUSED;
}


static void
test_rfc3339(void)
{
    ET_TEST("an RFC 3339 time in UTC is read to the microsecond") {
        et_check_int(parse("1970-01-01T00:00:00Z"), 0);
        et_check_int(parse("2024-02-29T12:34:56.789012Z"),
                     1709210096789012);
        et_check_int(parse("2024-02-29t12:34:56.789012z"),
                     1709210096789012);
        et_check_int(parse("2261-12-31T23:59:59.999999Z"),
                     9214646399999999);
    }

    ET_TEST("a time without a zone is UTC") {
        et_check_int(parse("2024-02-29T12:34:56.789012"), 1709210096789012);
        et_check_int(parse("2024-02-29 12:34:56"), 1709210096000000);
    }

    ET_TEST("seconds are optional") {
        et_check_int(parse("2024-02-29T12:34"), 1709210040000000);
        et_check_int(parse("2024-02-29T12:34Z"), 1709210040000000);
        et_check_int(parse("2024-02-29T12:34+01:00"), 1709206440000000);
    }

    ET_TEST("each way to write an offset is subtracted from the time") {
        et_check_int(parse("2024-02-29T12:34:56+02:00"), 1709202896000000);
        et_check_int(parse("2024-02-29T12:34:56+0200"), 1709202896000000);
        et_check_int(parse("2024-02-29T12:34:56+02"), 1709202896000000);
        et_check_int(parse("2024-02-29T12:34:56-05:30"), 1709229896000000);
        et_check_int(parse("2024-02-29T12:34:56.5-0530"), 1709229896500000);
        et_check_int(parse("2024-02-29 12:34:56 +0200"), 1709202896000000);
        et_check_int(parse("2024-02-29 12:34:56 Z"), 1709210096000000);
        et_check_int(parse("2024-02-29T12:34:56+00:00"), 1709210096000000);
        et_check_int(parse("2024-02-29T12:34:56-00:00"), 1709210096000000);
    }

    ET_TEST("a fraction of any length is cut off behind the microsecond") {
        et_check_int(parse("2024-01-01T00:00:00.1Z"), 1704067200100000);
        et_check_int(parse("2024-01-01T00:00:00.000001Z"),
                     1704067200000001);
        et_check_int(parse("2024-01-01T00:00:00.9999999Z"),
                     1704067200999999);
        et_check_int(parse("2024-01-01T00:00:00.12345678901234567890123Z"),
                     1704067200123456);
        et_check_int(parse("2024-01-01T00:00:00.00000000000000000000009"),
                     1704067200000000);
    }

    ET_TEST("a leap second is the first second of the next minute") {
        et_check_int(parse("2016-12-31T23:59:60Z"), 1483228800000000);
        et_check_int(parse("2016-12-31T23:59:60.25Z"), 1483228800250000);
    }

    ET_TEST("blanks around a time do not count") {
        et_check_int(parse("  2024-02-29T12:34:56Z\r\n"), 1709210096000000);
        et_check_int(parse("\t1700000000 "), 1700000000000000);
    }
}


static void
test_not_rfc3339(void)
{
    size_t  i;

    static const char *const  bad[] = {
        "2024-13-01T00:00:00Z", "2024-00-01T00:00:00Z",
        "2024-01-32T00:00:00Z", "2024-01-00T00:00:00Z",
        "2024-02-30T00:00:00Z", "2023-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z", "2024-04-31T00:00:00Z",
        "2024-01-01T24:00:00Z", "2024-01-01T00:60:00Z",
        "2024-01-01T00:00:61Z", "2024-01-01T00:00:00+24:00",
        "2024-01-01T00:00:00+01:60", "2024-01-01T00:00:00+1",
        "2024-01-01T00:00:00+1:00", "2024-01-01T00:00:00+010",
        "2024-01-01T00:00:00+01:", "2024-01-01T00:00:00+01:000",
        "2024-01-01T00:00:00.Z", "2024-01-01T00:00:00.",
        "2024-01-01T00:00:00,5Z", "2024-01-01T00:00:00ZZ",
        "2024-01-01T00:00:00  Z", "2024-01-01T00:00:00 x",
        "2024-01-01T00:00:", "2024-01-01T00:0", "2024-01-01T",
        "2024-01-01", "2024-01", "2024-", "2024-1-1T00:00:00Z",
        "24-01-01T00:00:00Z", "02024-01-01T00:00:00Z",
        "2024/01/01T00:00:00Z", "2024-01-01X00:00:00Z",
        "2024-01-01T00:00:00Z trailing", "-2024-01-01T00:00:00Z",
        "2024-01-01T-1:00:00Z", "2024-01-01T 1:00:00Z"
    };

    ET_TEST("what is no time of the calendar is refused") {
        for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
            if (parse(bad[i]) != REFUSED) {
                printf("# accepted: %s\n", bad[i]);
                et_check(0);
            }
        }
    }

    ET_TEST("a time outside of 1970 to 2261, counted in UTC, is refused") {
        et_check_int(parse("1969-12-31T23:59:59.999999Z"), REFUSED);
        et_check_int(parse("1970-01-01T00:00:00+00:01"), REFUSED);
        et_check_int(parse("1969-12-31T23:30:00-01:00"), 1800000000);
        et_check_int(parse("2262-01-01T00:00:00Z"), REFUSED);
        et_check_int(parse("2261-12-31T23:59:60Z"), REFUSED);
        et_check_int(parse("2261-12-31T23:59:59-00:01"), REFUSED);
        et_check_int(parse("2262-01-01T00:00:00+01:00"), 9214642800000000);
        et_check_int(parse("0000-01-01T00:00:00Z"), REFUSED);
        et_check_int(parse("0000-02-29T00:00:00Z"), REFUSED);
        et_check_int(parse("9999-12-31T23:59:59Z"), REFUSED);
    }
}


static void
test_numbers(void)
{
    size_t  i;
    char    text[256];

    static const char *const  bad[] = {
        "", " ", "-", "+", ".", "e5", ".e5", "1e", "1e+", "1.5.5", "1x",
        "0x10", "1,5", "1 5", "--1", "+-1", "nan", "NaN", "inf", "Infinity",
        "-Infinity", "now", "1_000", "1e5.5", "-1", "-0.000000001",
        "9214646400", "9214646400.0", "1e10", "1700000000000",
        "99999999999999999999999999", "1e99999999999999999999",
        "18446744073709551616", "9223372036854775807"
    };

    ET_TEST("epoch seconds as text are read exactly") {
        et_check_int(parse("0"), 0);
        et_check_int(parse("1700000000"), 1700000000000000);
        et_check_int(parse("1700000000.123456"), 1700000000123456);
        et_check_int(parse("1700000000.1"), 1700000000100000);
        et_check_int(parse("1700000000."), 1700000000000000);
        et_check_int(parse(".5"), 500000);
        et_check_int(parse("+5"), 5000000);
        et_check_int(parse("-0.0"), 0);
        et_check_int(parse("9214646399.999999"), 9214646399999999);
        et_check_int(parse("00000000000000000000001700000000"),
                     1700000000000000);
    }

    ET_TEST("digits past the microsecond are cut off") {
        et_check_int(parse("1700000000.1234569999"), 1700000000123456);
        et_check_int(parse("9214646399.99999999999999999999999999999"),
                     9214646399999999);
        et_check_int(parse("0.00000099999"), 0);
        et_check_int(parse("0.000001"), 1);
    }

    ET_TEST("an exponent moves the point") {
        et_check_int(parse("1.7e9"), 1700000000000000);
        et_check_int(parse("1.700000000123456E+9"), 1700000000123456);
        et_check_int(parse("17000000001234.56e-4"), 1700000000123456);
        et_check_int(parse("1e-6"), 1);
        et_check_int(parse("123e-5"), 1230);
        et_check_int(parse("1.2e-3"), 1200);
        et_check_int(parse("1e-7"), 0);
        et_check_int(parse("0e999999999999999999999999"), 0);
        et_check_int(parse("1e-99999999999999999999999"), 0);
        et_check_int(parse("0.000000000000000017e26"), 1700000000000000);
    }

    ET_TEST("what is no number of seconds in range is refused") {
        for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
            if (parse(bad[i]) != REFUSED) {
                printf("# accepted: \"%s\"\n", bad[i]);
                et_check(0);
            }
        }
    }

    ET_TEST("a number of very many digits is judged by its value") {
        memset(text, '9', sizeof(text));
        et_check_int(parse_bytes(text, sizeof(text)), REFUSED);

        text[2] = '.';
        et_check_int(parse_bytes(text, sizeof(text)), 99999999);

        memset(text, '0', sizeof(text) - 1);
        text[sizeof(text) - 1] = '7';
        et_check_int(parse_bytes(text, sizeof(text)), 7000000);
    }
}


static void
test_doubles(void)
{
    ET_TEST("a double is rounded to the nearest microsecond") {
        et_check_int(seconds(0.0), 0);
        et_check_int(seconds(-0.0), 0);
        et_check_int(seconds(1700000000.0), 1700000000000000);
        et_check_int(seconds(1700000000.123456), 1700000000123456);
        et_check_int(seconds(1700000000.1), 1700000000100000);
        et_check_int(seconds(0.0000014), 1);
        et_check_int(seconds(0.0000016), 2);

        /* past 2^52 microseconds, a half added to the product would stray */

        et_check_int(seconds(4503599627.370497), 4503599627370497);
    }

    ET_TEST("a double that is not finite or out of range is refused") {
        et_check_int(seconds(NAN), REFUSED);
        et_check_int(seconds(INFINITY), REFUSED);
        et_check_int(seconds(-INFINITY), REFUSED);
        et_check_int(seconds(-1.0), REFUSED);
        et_check_int(seconds(-DBL_MIN), REFUSED);
        et_check_int(seconds(DBL_MAX), REFUSED);
        et_check_int(seconds(1700000000000.0), REFUSED);
        et_check_int(seconds(9214646400.0), REFUSED);
        et_check_int(seconds(9214646399.0), 9214646399000000);
        et_check_int(seconds(nextafter(9214646400.0, 0.0)),
                     9214646399999998);
    }
}


static void
test_properties(void)
{
    int        day, month, year, last;
    char       text[64];
    size_t     i, len;
    int64_t    us, expected;
    uint64_t   n;

    static const int   days[] = { 31, 28, 31, 30, 31, 30,
                                  31, 31, 30, 31, 30, 31 };
    static const char  set[] = "0123456789-:.TtZz+ eE";

    ET_TEST("each day of 1970 to 2261 follows the one before") {
        expected = 0;

        for (year = 1970; year <= 2261; year++) {
            for (month = 1; month <= 12; month++) {
                last = days[month - 1];

                if (month == 2 && year % 4 == 0
                    && (year % 100 != 0 || year % 400 == 0))
                {
                    last++;
                }

                for (day = 1; day <= last; day++) {
                    snprintf(text, sizeof(text), "%04d-%02d-%02dT00:00Z",
                             year, month, day);

                    if (!et_time_parse(et_slice_str(text), &us)
                        || us != expected)
                    {
                        printf("# %s\n", text);
                        et_check(0);
                    }

                    expected += 86400 * ET_SECOND;
                }
            }
        }

        et_check_int(expected, 9214646400 * ET_SECOND);
    }

    ET_TEST("every microsecond that is written as seconds is read back") {
        for (i = 0; i < 50000; i++) {
            n = et_random() % 9214646400000000ull;

            snprintf(text, sizeof(text), "%llu.%06llu",
                     (unsigned long long) n / 1000000,
                     (unsigned long long) n % 1000000);

            if (!et_time_parse(et_slice_str(text), &us)
                || us != (int64_t) n)
            {
                printf("# %s\n", text);
                et_check(0);
            }
        }
    }

    ET_TEST("every prefix of a time is read or refused, within its bytes") {
        static const char  whole[] = "2024-02-29 12:34:56.789012 +02:00";

        for (len = 0; len <= sizeof(whole); len++) {
            us = parse_bytes(whole, len);
            et_check(us == REFUSED || us > 0);
        }

        et_check_int(us, REFUSED);    /* the longest holds the NUL */
        et_check_int(parse(whole), 1709202896789012);
    }

    ET_TEST("random text gives nothing or a time in range") {
        for (i = 0; i < 100000; i++) {
            len = et_random() % 40;

            for (n = 0; n < len; n++) {
                text[n] = (et_random() % 16 == 0)
                          ? (char) et_random()
                          : set[et_random() % (sizeof(set) - 1)];
            }

            us = parse_bytes(text, len);

            if (us != REFUSED && (us < 0 || us >= 9214646400 * ET_SECOND)) {
                printf("# %.*s\n", (int) len, text);
                et_check(0);
            }
        }
    }
}


int
main(void)
{
    test_rfc3339();
    test_not_rfc3339();
    test_numbers();
    test_doubles();
    test_properties();

    return et_test_done();
}
