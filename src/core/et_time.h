/*
 * Times: microseconds since 1970-01-01T00:00:00Z, UTC, as int64_t.
 */

#ifndef ET_TIME_H
#define ET_TIME_H

#include "et_slice.h"


#define ET_SECOND  ((int64_t) 1000000)


/*
 * RFC 3339 with or without zone (without: UTC), fraction of any length, 'T',
 * 't' or a blank between date and time, seconds optional; or a decimal number
 * of epoch seconds, integer or float, as text.  1, or 0 where it is neither,
 * or lies outside the years 1970 to 2261 (DateTime64's range and int64_t's).
 */
int et_time_parse(et_slice_t text, int64_t *us);

/* Epoch seconds; 0 where not finite or out of that range. */
int et_time_from_seconds(double seconds, int64_t *us);

/* Days since 1970-01-01 of a date of the Gregorian calendar; month is 1 to
 * 12, day is from 1 on and may go beyond the month's end. */
int64_t et_days_from_civil(int64_t year, int month, int day);


#endif /* ET_TIME_H */
