/*
 * When a monitored job is expected next: a crontab's five fields, or an
 * interval, in a time zone.
 */

#ifndef ET_SCHEDULE_H
#define ET_SCHEDULE_H

#include "et_slice.h"


/* a crontab, as sets of what matches: bit n is the value n */
typedef struct {
    uint64_t  minutes;         /* 0 to 59 */
    uint32_t  hours;           /* 0 to 23 */
    uint32_t  days;            /* 1 to 31 */
    uint32_t  months;          /* 1 to 12 */
    uint32_t  weekdays;        /* 0, Sunday, to 6 */
    unsigned  any_day:1;       /* the field of days is "*" */
    unsigned  any_weekday:1;
} et_crontab_t;


/*
 * Five fields as crontab(5) has them: "*", numbers, names of months and
 * weekdays, ranges, steps, lists; or @yearly, @annually, @monthly, @weekly,
 * @daily, @midnight, @hourly.  1, or 0 where it is none of these.
 */
int et_crontab_parse(et_slice_t text, et_crontab_t *crontab);

/*
 * The first matching minute after a time, both seconds since 1970 in UTC; a
 * zone that is not known counts as UTC.  0 where none comes within 8 years
 * (30 February).  An hour that daylight saving skips is taken as the hour
 * after it.
 */
int64_t et_crontab_next(const et_crontab_t *crontab, et_slice_t zone,
    int64_t after);

/* Seconds of an interval in minutes, hours, days, weeks, months (of 30 days)
 * or years (of 365), singular or not; 0 where the unit is none of these. */
int64_t et_interval_seconds(uint64_t value, et_slice_t unit);


#endif /* ET_SCHEDULE_H */
