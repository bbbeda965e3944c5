/*
 * Times, read by hand.
 *
 * Promise: the answer depends on the text alone, never on the process's
 * locale or time zone; no digit of a text goes through floating point, so
 * that a microsecond written is the microsecond read (digits past it are cut
 * off); the cost is linear in the text's length, and nothing is allocated.
 */

#include "et_time.h"


#define ET_MINUTE         60
#define ET_HOUR           3600
#define ET_DAY            86400

/* 2262-01-01T00:00:00Z, the first second that is out of range */
#define ET_TIME_END       INT64_C(9214646400)

/* digits of a number that are looked at: more than any time in range has,
 * fewer than would overflow */
#define ET_TIME_DIGITS    18

/* places that turn seconds into microseconds */
#define ET_TIME_PLACES    6


typedef struct {
    const char  *pos;
    const char  *end;
} et_time_text_t;

typedef struct {
    int64_t      digits;       /* the first significant ones, as a number */
    int          count;        /* how many those are */
    int64_t      point;        /* the point stands after this many of them */
} et_time_number_t;


static int et_time_blank(char c);
static int et_time_take(et_time_text_t *t, char c);
static int et_time_digit(const et_time_text_t *t);
static int et_time_number(et_time_text_t *t, int places, int *value);
static int et_time_date(et_time_text_t *t, int64_t *seconds);
static int et_time_of_day(et_time_text_t *t, int64_t *seconds, int *us);
static int et_time_fraction(et_time_text_t *t, int *us);
static int et_time_zone(et_time_text_t *t, int *offset);
static int et_time_rfc3339(et_time_text_t *t, int64_t *us);
static int et_time_epoch(et_time_text_t *t, int64_t *us);
static size_t et_time_mantissa(et_time_text_t *t, et_time_number_t *number,
    int whole);
static int et_time_exponent(et_time_text_t *t, et_time_number_t *number);
static int et_time_scale(const et_time_number_t *number, int64_t *us);


int
et_time_parse(et_slice_t text, int64_t *us)
{
    et_time_text_t  t;

    if (text.len == 0) {
        return 0;
    }

    t.pos = text.data;
    t.end = text.data + text.len;

    while (t.pos < t.end && et_time_blank(*t.pos)) {
        t.pos++;
    }

    while (t.pos < t.end && et_time_blank(t.end[-1])) {
        t.end--;
    }

    /* a number may have a dash there too, but behind its exponent's 'e' */

    if (t.end - t.pos > 4 && t.pos[4] == '-' && t.pos[3] != 'e'
        && t.pos[3] != 'E')
    {
        return et_time_rfc3339(&t, us);
    }

    return et_time_epoch(&t, us);
}


int
et_time_from_seconds(double seconds, int64_t *us)
{
    double   fraction;
    int64_t  whole;

    /* written so that NaN, too, is refused */

    if (!(seconds >= 0.0 && seconds < (double) ET_TIME_END)) {
        return 0;
    }

    /*
     * The whole seconds are taken off first: both parts are exact then, and
     * the only rounding is the one to the nearest microsecond.  It never
     * reaches the end of the range, where doubles are 2 microseconds apart.
     */

    whole = (int64_t) seconds;
    fraction = seconds - (double) whole;

    *us = whole * ET_SECOND + (int64_t) (fraction * 1e6 + 0.5);

    return 1;
}


static int
et_time_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}


static int
et_time_take(et_time_text_t *t, char c)
{
    if (t->pos == t->end || *t->pos != c) {
        return 0;
    }

    t->pos++;

    return 1;
}


static int
et_time_digit(const et_time_text_t *t)
{
    return t->pos < t->end && *t->pos >= '0' && *t->pos <= '9';
}


/* Exactly so many digits */

static int
et_time_number(et_time_text_t *t, int places, int *value)
{
    int  n;

    for (n = 0; places > 0; places--) {
        if (!et_time_digit(t)) {
            return 0;
        }

        n = n * 10 + (*t->pos++ - '0');
    }

    *value = n;

    return 1;
}


static int
et_time_rfc3339(et_time_text_t *t, int64_t *us)
{
    int      fraction, offset;
    int64_t  date, time, seconds;

    if (!et_time_date(t, &date)) {
        return 0;
    }

    if (!et_time_take(t, 'T') && !et_time_take(t, 't')
        && !et_time_take(t, ' '))
    {
        return 0;
    }

    if (!et_time_of_day(t, &time, &fraction) || !et_time_zone(t, &offset)) {
        return 0;
    }

    seconds = date + time - offset;

    if (seconds < 0 || seconds >= ET_TIME_END) {
        return 0;
    }

    *us = seconds * ET_SECOND + fraction;

    return 1;
}


/* Years before 1969 come out negative, and so out of range in every zone. */

static int
et_time_date(et_time_text_t *t, int64_t *seconds)
{
    int  year, month, day, leap;

    static const int  last[] = { 31, 28, 31, 30, 31, 30,
                                 31, 31, 30, 31, 30, 31 };

    if (!et_time_number(t, 4, &year) || !et_time_take(t, '-')
        || !et_time_number(t, 2, &month) || !et_time_take(t, '-')
        || !et_time_number(t, 2, &day))
    {
        return 0;
    }

    if (month < 1 || month > 12) {
        return 0;
    }

    leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    if (day < 1 || day > last[month - 1] + (month == 2 && leap)) {
        return 0;
    }

    *seconds = et_days_from_civil(year, month, day) * ET_DAY;

    return 1;
}


/*
 * The Gregorian calendar with the year begun in March: the leap day is its
 * last then, and the days before a month are linear in the month's number.
 */

int64_t
et_days_from_civil(int64_t year, int month, int day)
{
    int      shifted;
    int64_t  days;

    shifted = (month + 9) % 12;

    if (month <= 2) {
        year--;
    }

    days = 365 * year + year / 4 - year / 100 + year / 400
           + (153 * shifted + 2) / 5 + day - 1;

    /* 719468 days lie between 0000-03-01 and 1970-01-01 */

    return days - 719468;
}


/* hh:mm, hh:mm:ss or hh:mm:ss.fraction; a leap second is the next minute's
 * first */

static int
et_time_of_day(et_time_text_t *t, int64_t *seconds, int *us)
{
    int  hour, minute, second;

    second = 0;
    *us = 0;

    if (!et_time_number(t, 2, &hour) || !et_time_take(t, ':')
        || !et_time_number(t, 2, &minute))
    {
        return 0;
    }

    if (et_time_take(t, ':')) {
        if (!et_time_number(t, 2, &second)) {
            return 0;
        }

        if (et_time_take(t, '.') && !et_time_fraction(t, us)) {
            return 0;
        }
    }

    if (hour > 23 || minute > 59 || second > 60) {
        return 0;
    }

    *seconds = hour * ET_HOUR + minute * ET_MINUTE + second;

    return 1;
}


static int
et_time_fraction(et_time_text_t *t, int *us)
{
    int  n, unit;

    if (!et_time_digit(t)) {
        return 0;
    }

    n = 0;

    for (unit = (int) ET_SECOND / 10; et_time_digit(t); unit /= 10) {
        n += (*t->pos++ - '0') * unit;
    }

    *us = n;

    return 1;
}


/* The rest of the text: nothing, Z, or an offset of hh, hhmm or hh:mm */

static int
et_time_zone(et_time_text_t *t, int *offset)
{
    int  hour, minute, sign;

    *offset = 0;

    if (t->pos == t->end) {
        return 1;
    }

    (void) et_time_take(t, ' ');

    if (et_time_take(t, 'Z') || et_time_take(t, 'z')) {
        return t->pos == t->end;
    }

    sign = 1;

    if (!et_time_take(t, '+')) {
        sign = -1;

        if (!et_time_take(t, '-')) {
            return 0;
        }
    }

    minute = 0;

    if (!et_time_number(t, 2, &hour)) {
        return 0;
    }

    if (t->pos < t->end) {
        (void) et_time_take(t, ':');

        if (!et_time_number(t, 2, &minute)) {
            return 0;
        }
    }

    if (hour > 23 || minute > 59) {
        return 0;
    }

    *offset = sign * (hour * ET_HOUR + minute * ET_MINUTE);

    return t->pos == t->end;
}


/* Epoch seconds: a sign, digits with a point among them, an exponent */

static int
et_time_epoch(et_time_text_t *t, int64_t *us)
{
    int               negative;
    size_t            digits;
    et_time_number_t  number;

    memset(&number, 0, sizeof(et_time_number_t));

    negative = et_time_take(t, '-');

    if (!negative) {
        (void) et_time_take(t, '+');
    }

    digits = et_time_mantissa(t, &number, 1);

    if (et_time_take(t, '.')) {
        digits += et_time_mantissa(t, &number, 0);
    }

    if (digits == 0 || !et_time_exponent(t, &number) || t->pos != t->end) {
        return 0;
    }

    /* number.count is zero where all digits are: minus zero is the epoch */

    if (negative && number.count != 0) {
        return 0;
    }

    return et_time_scale(&number, us);
}


/*
 * Reads digits before (whole) or after the point; returns how many there
 * were.  Zeros before the first significant digit only move the point.
 */

static size_t
et_time_mantissa(et_time_text_t *t, et_time_number_t *number, int whole)
{
    int          digit;
    const char  *start;

    start = t->pos;

    for ( /* void */ ; et_time_digit(t); t->pos++) {
        digit = *t->pos - '0';

        if (digit == 0 && number->count == 0) {
            if (!whole) {
                number->point--;
            }

            continue;
        }

        if (whole) {
            number->point++;
        }

        if (number->count < ET_TIME_DIGITS) {
            number->digits = number->digits * 10 + digit;
            number->count++;
        }
    }

    return (size_t) (t->pos - start);
}


static int
et_time_exponent(et_time_text_t *t, et_time_number_t *number)
{
    int      negative;
    int64_t  n;

    if (!et_time_take(t, 'e') && !et_time_take(t, 'E')) {
        return 1;
    }

    negative = et_time_take(t, '-');

    if (!negative) {
        (void) et_time_take(t, '+');
    }

    if (!et_time_digit(t)) {
        return 0;
    }

    /* it is held where it is past any text's length, short of overflowing */

    for (n = 0; et_time_digit(t); t->pos++) {
        if (n < INT64_MAX / 100) {
            n = n * 10 + (*t->pos - '0');
        }
    }

    number->point += negative ? -n : n;

    return 1;
}


/* The first (point + 6) digits are the microseconds */

static int
et_time_scale(const et_time_number_t *number, int64_t *us)
{
    int      count;
    int64_t  value, places;

    value = number->digits;
    count = number->count;

    if (count == 0) {
        *us = 0;
        return 1;
    }

    places = number->point + ET_TIME_PLACES;

    if (places > ET_TIME_DIGITS) {
        return 0;
    }

    for ( /* void */ ; count > places && value != 0; count--) {
        value /= 10;
    }

    for ( /* void */ ; count < places; count++) {
        value *= 10;
    }

    if (value >= ET_TIME_END * ET_SECOND) {
        return 0;
    }

    *us = value;

    return 1;
}
