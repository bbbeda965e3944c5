/*
 * Crontabs are searched day by day, then within the first day that matches:
 * some thousand cheap steps at the most.
 */

#include "et_schedule.h"
#include "et_time.h"
#include "et_tz.h"


#define ET_DAY_SECONDS     86400
#define ET_CRONTAB_DAYS    (8 * 366)   /* between two leap days, 1896 to 1904 */


typedef struct {
    unsigned           min;
    unsigned           max;
    const et_slice_t  *names;          /* of the values from min on, or NULL */
    unsigned           nnames;
} et_crontab_field_t;


static int et_crontab_field(et_slice_t text, const et_crontab_field_t *field,
    uint64_t *set);
static int et_crontab_range(et_slice_t text, const et_crontab_field_t *field,
    uint64_t *set);
static int et_crontab_value(et_slice_t *text,
    const et_crontab_field_t *field, unsigned *value);
static int et_crontab_number(et_slice_t *text, unsigned *value);
static int et_crontab_day(const et_crontab_t *crontab, int64_t day);


static const et_slice_t  et_crontab_months[] = {
    ET_SLICE("jan"), ET_SLICE("feb"), ET_SLICE("mar"), ET_SLICE("apr"),
    ET_SLICE("may"), ET_SLICE("jun"), ET_SLICE("jul"), ET_SLICE("aug"),
    ET_SLICE("sep"), ET_SLICE("oct"), ET_SLICE("nov"), ET_SLICE("dec")
};

static const et_slice_t  et_crontab_weekdays[] = {
    ET_SLICE("sun"), ET_SLICE("mon"), ET_SLICE("tue"), ET_SLICE("wed"),
    ET_SLICE("thu"), ET_SLICE("fri"), ET_SLICE("sat")
};

static const et_crontab_field_t  et_crontab_fields[] = {
    { 0, 59, NULL, 0 },
    { 0, 23, NULL, 0 },
    { 1, 31, NULL, 0 },
    { 1, 12, et_crontab_months, 12 },
    { 0, 7, et_crontab_weekdays, 7 },      /* 7 is Sunday, too */
};

static const struct {
    et_slice_t  name;
    et_slice_t  crontab;
} et_crontab_macros[] = {
    { ET_SLICE("@yearly"), ET_SLICE("0 0 1 1 *") },
    { ET_SLICE("@annually"), ET_SLICE("0 0 1 1 *") },
    { ET_SLICE("@monthly"), ET_SLICE("0 0 1 * *") },
    { ET_SLICE("@weekly"), ET_SLICE("0 0 * * 0") },
    { ET_SLICE("@daily"), ET_SLICE("0 0 * * *") },
    { ET_SLICE("@midnight"), ET_SLICE("0 0 * * *") },
    { ET_SLICE("@hourly"), ET_SLICE("0 * * * *") },
};


int
et_crontab_parse(et_slice_t text, et_crontab_t *crontab)
{
    size_t       i, k;
    uint64_t     sets[5];
    et_slice_t   field, fields[5];

    for (i = 0;
         i < sizeof(et_crontab_macros) / sizeof(et_crontab_macros[0]); i++)
    {
        if (et_slice_eq_nocase(text, et_crontab_macros[i].name)) {
            text = et_crontab_macros[i].crontab;
            break;
        }
    }

    for (i = 0, k = 0; i < text.len; k++) {

        while (i < text.len && (text.data[i] == ' ' || text.data[i] == '\t'))
        {
            i++;
        }

        field = et_slice(text.data + i, 0);

        while (i < text.len && text.data[i] != ' ' && text.data[i] != '\t') {
            i++;
            field.len++;
        }

        if (field.len == 0) {
            break;
        }

        if (k == 5 || !et_crontab_field(field, &et_crontab_fields[k],
                                        &sets[k]))
        {
            return 0;
        }

        fields[k] = field;
    }

    if (k != 5) {
        return 0;
    }

    crontab->minutes = sets[0];
    crontab->hours = (uint32_t) sets[1];
    crontab->days = (uint32_t) sets[2];
    crontab->months = (uint32_t) sets[3];
    crontab->weekdays = (uint32_t) ((sets[4] | sets[4] >> 7) & 0x7f);
    crontab->any_day = fields[2].data[0] == '*';
    crontab->any_weekday = fields[4].data[0] == '*';

    return 1;
}


/* A list of ranges. */

static int
et_crontab_field(et_slice_t text, const et_crontab_field_t *field,
    uint64_t *set)
{
    const char  *comma;
    et_slice_t   range;

    *set = 0;

    for ( ;; ) {
        comma = memchr(text.data, ',', text.len);
        range = et_slice(text.data,
                         comma == NULL ? text.len
                                       : (size_t) (comma - text.data));

        if (!et_crontab_range(range, field, set)) {
            return 0;
        }

        if (comma == NULL) {
            return 1;
        }

        text = et_slice(comma + 1, text.len - range.len - 1);
    }
}


/* "*", a value, or two and a "-" between; and a "/" and a step. */

static int
et_crontab_range(et_slice_t text, const et_crontab_field_t *field,
    uint64_t *set)
{
    unsigned  from, to, step;

    step = 1;

    if (text.len != 0 && text.data[0] == '*') {
        from = field->min;
        to = field->max;
        text = et_slice(text.data + 1, text.len - 1);

    } else {
        if (!et_crontab_value(&text, field, &from)) {
            return 0;
        }

        to = from;

        if (text.len != 0 && text.data[0] == '-') {
            text = et_slice(text.data + 1, text.len - 1);

            if (!et_crontab_value(&text, field, &to) || to < from) {
                return 0;
            }

        } else if (text.len != 0) {

            /* 5/15: from 5 on */

            to = field->max;
        }
    }

    if (text.len != 0) {
        if (text.data[0] != '/') {
            return 0;
        }

        text = et_slice(text.data + 1, text.len - 1);

        if (!et_crontab_number(&text, &step) || step == 0 || text.len != 0) {
            return 0;
        }
    }

    for ( /* void */ ; from <= to; from += step) {
        *set |= (uint64_t) 1 << from;
    }

    return 1;
}


static int
et_crontab_value(et_slice_t *text, const et_crontab_field_t *field,
    unsigned *value)
{
    unsigned  i;

    for (i = 0; i < field->nnames && text->len >= 3; i++) {
        if (et_slice_eq_nocase(et_slice(text->data, 3), field->names[i])) {
            *value = field->min + i;
            *text = et_slice(text->data + 3, text->len - 3);
            return 1;
        }
    }

    return et_crontab_number(text, value) && *value >= field->min
           && *value <= field->max;
}


static int
et_crontab_number(et_slice_t *text, unsigned *value)
{
    size_t  i;

    for (i = 0, *value = 0;
         i < text->len && text->data[i] >= '0' && text->data[i] <= '9'
         && *value < 100;
         i++)
    {
        *value = *value * 10 + (unsigned) (text->data[i] - '0');
    }

    *text = et_slice(text->data + i, text->len - i);

    return i != 0;
}


int64_t
et_crontab_next(const et_crontab_t *crontab, et_slice_t zone, int64_t after)
{
    int      hour, minute;
    int32_t  offset;
    int64_t  wall, day, first, i;

    (void) et_tz_offset(zone, after, &offset);

    /* the next full minute of the wall's clock */

    wall = (after + offset) / 60 * 60 + 60;
    first = wall / ET_DAY_SECONDS;

    for (i = 0; i < ET_CRONTAB_DAYS; i++) {

        day = first + i;

        if (!et_crontab_day(crontab, day)) {
            continue;
        }

        for (hour = 0; hour < 24; hour++) {

            if (!(crontab->hours & (uint32_t) 1 << hour)) {
                continue;
            }

            for (minute = 0; minute < 60; minute++) {
                if ((crontab->minutes & (uint64_t) 1 << minute)
                    && day * ET_DAY_SECONDS + hour * 3600 + minute * 60
                       >= wall)
                {
                    wall = day * ET_DAY_SECONDS + hour * 3600 + minute * 60;

                    /* by the offset of then, which is known only from then */

                    (void) et_tz_offset(zone, wall - offset, &offset);

                    return wall - offset;
                }
            }
        }
    }

    return 0;
}


/* Where days and weekdays are both named, either will do: crontab(5). */

static int
et_crontab_day(const et_crontab_t *crontab, int64_t day)
{
    int      month;
    int64_t  year;
    int      in_days, in_weekdays;

    /* the year and month by their mean lengths, then put right */

    year = 1970 + day * 400 / 146097;

    while (et_days_from_civil(year, 1, 1) > day) {
        year--;
    }

    while (et_days_from_civil(year + 1, 1, 1) <= day) {
        year++;
    }

    month = 1;

    while (month < 12 && et_days_from_civil(year, month + 1, 1) <= day) {
        month++;
    }

    if (!(crontab->months & (uint32_t) 1 << month)) {
        return 0;
    }

    in_days = (crontab->days >> (day - et_days_from_civil(year, month, 1)
                                 + 1)) & 1;
    in_weekdays = (crontab->weekdays >> ((day + 4) % 7)) & 1;

    if (crontab->any_day || crontab->any_weekday) {
        return in_days && in_weekdays;
    }

    return in_days || in_weekdays;
}


int64_t
et_interval_seconds(uint64_t value, et_slice_t unit)
{
    size_t  i;

    static const struct {
        et_slice_t  name;
        int64_t     seconds;
    } units[] = {
        { ET_SLICE("minute"), 60 },
        { ET_SLICE("hour"), 3600 },
        { ET_SLICE("day"), ET_DAY_SECONDS },
        { ET_SLICE("week"), 7 * ET_DAY_SECONDS },
        { ET_SLICE("month"), 30 * ET_DAY_SECONDS },
        { ET_SLICE("year"), 365 * ET_DAY_SECONDS },
    };

    if (unit.len != 0 && et_lower(unit.data[unit.len - 1]) == 's') {
        unit.len--;
    }

    for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (et_slice_eq_nocase(unit, units[i].name)) {
            return (int64_t) value * units[i].seconds;
        }
    }

    return 0;
}
