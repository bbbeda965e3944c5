/*
 * A TZif file (RFC 9636) is a header, times at which the offset changes, the
 * offsets, and, from version 2 on, the same again with 64-bit times and a
 * rule (POSIX TZ) for the time after the last of them.
 */

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "et_time.h"
#include "et_tz.h"


#define ET_TZ_DIR     "/usr/share/zoneinfo/"
#define ET_TZ_HEADER  44
#define ET_TZ_DAY     86400


typedef struct {
    char            name[ET_TZ_NAME + 1];
    unsigned char  *data;              /* NULL: there is no such zone */
    size_t          len;
} et_tz_zone_t;

typedef struct {
    const unsigned char  *times;       /* 64-bit, big-endian */
    const unsigned char  *indexes;     /* into types */
    const unsigned char  *types;       /* 6 bytes: offset, is_dst, name */
    size_t                ntimes;
    size_t                ntypes;
    const char           *rule;        /* "\n", TZ, "\n" */
    const char           *end;
} et_tz_file_t;

/* Mm.w.d/time: a moment of each year, in wall time before it */
typedef struct {
    int  month;
    int  week;
    int  day;
    int  seconds;
} et_tz_change_t;


static et_tz_zone_t *et_tz_zone(et_slice_t name);
static int et_tz_name_valid(et_slice_t name);
static void et_tz_read(et_tz_zone_t *zone);
static int et_tz_open(const unsigned char *data, size_t len,
    et_tz_file_t *file);
static int et_tz_rule_offset(const char *p, const char *end, int64_t time,
    int32_t *offset);
static const char *et_tz_rule_name(const char *p, const char *end);
static const char *et_tz_rule_time(const char *p, const char *end,
    int *seconds);
static const char *et_tz_rule_change(const char *p, const char *end,
    et_tz_change_t *change);
static int64_t et_tz_change_at(int64_t year, const et_tz_change_t *change);


static et_tz_zone_t  et_tz_zones[ET_TZ_ZONES];
static unsigned      et_tz_next;


int
et_tz_offset(et_slice_t name, int64_t time, int32_t *offset)
{
    et_tz_zone_t  *zone;

    *offset = 0;

    if (name.len == 0 || et_slice_eq_nocase(name, et_slice_str("UTC"))) {
        return 1;
    }

    zone = et_tz_zone(name);

    return zone != NULL && zone->data != NULL
           && et_tz_file_offset(zone->data, zone->len, time, offset);
}


void
et_tz_forget(void)
{
    size_t  i;

    for (i = 0; i < ET_TZ_ZONES; i++) {
        free(et_tz_zones[i].data);
    }

    memset(et_tz_zones, 0, sizeof(et_tz_zones));
}


/* A zone that is no zone is kept, too: it is not looked for each time. */

static et_tz_zone_t *
et_tz_zone(et_slice_t name)
{
    size_t         i;
    et_tz_zone_t  *zone;

    if (!et_tz_name_valid(name)) {
        return NULL;
    }

    for (i = 0; i < ET_TZ_ZONES; i++) {
        if (et_slice_eq(name, et_slice_str(et_tz_zones[i].name))) {
            return &et_tz_zones[i];
        }
    }

    zone = &et_tz_zones[et_tz_next++ % ET_TZ_ZONES];

    free(zone->data);
    memset(zone, 0, sizeof(et_tz_zone_t));
    memcpy(zone->name, name.data, name.len);

    et_tz_read(zone);

    return zone;
}


/* Letters, digits and "_+-/", such as America/Argentina/Buenos_Aires and
 * Etc/GMT+1: nothing that leaves the directory. */

static int
et_tz_name_valid(et_slice_t name)
{
    char    c;
    size_t  i;

    if (name.len > ET_TZ_NAME || name.data[0] == '/') {
        return 0;
    }

    for (i = 0; i < name.len; i++) {
        c = et_lower(name.data[i]);

        if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_'
            && c != '+' && c != '-' && c != '/')
        {
            return 0;
        }
    }

    return 1;
}


static void
et_tz_read(et_tz_zone_t *zone)
{
    int             fd;
    char            path[sizeof(ET_TZ_DIR) + ET_TZ_NAME];
    ssize_t         n;
    unsigned char  *data;

    strcpy(path, ET_TZ_DIR);
    strcat(path, zone->name);

    /* a directory opens, too, and fails to be read */

    fd = open(path, O_RDONLY|O_CLOEXEC|O_NONBLOCK);
    if (fd == -1) {
        return;
    }

    data = malloc(ET_TZ_FILE);

    if (data != NULL) {
        n = read(fd, data, ET_TZ_FILE);

        if (n > 0 && n < ET_TZ_FILE) {
            zone->data = malloc((size_t) n);

            if (zone->data != NULL) {
                memcpy(zone->data, data, (size_t) n);
                zone->len = (size_t) n;
            }
        }

        free(data);
    }

    (void) close(fd);
}


static inline int64_t
et_tz_int(const unsigned char *p, size_t n)
{
    size_t    i;
    uint64_t  value;

    value = (p[0] & 0x80) ? (uint64_t) -1 : 0;

    for (i = 0; i < n; i++) {
        value = value << 8 | p[i];
    }

    return (int64_t) value;
}


int
et_tz_file_offset(const unsigned char *data, size_t len, int64_t time,
    int32_t *offset)
{
    size_t        low, high, middle, type;
    et_tz_file_t  file;

    *offset = 0;

    if (!et_tz_open(data, len, &file)) {
        return 0;
    }

    /* low: how many changes lie before or at the time */

    low = 0;
    high = file.ntimes;

    while (low < high) {
        middle = (low + high) / 2;

        if (et_tz_int(file.times + 8 * middle, 8) <= time) {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    if (low == file.ntimes
        && et_tz_rule_offset(file.rule, file.end, time, offset))
    {
        return 1;
    }

    /* a damaged rule may have left half of it */

    *offset = 0;
    type = low == 0 ? 0 : file.indexes[low - 1];

    if (type >= file.ntypes) {
        return 0;
    }

    *offset = (int32_t) et_tz_int(file.types + 6 * type, 4);

    return 1;
}


/* The part with 64-bit times, which is behind one with 32-bit times. */

static int
et_tz_open(const unsigned char *data, size_t len, et_tz_file_t *file)
{
    int       part;
    size_t    size, n[6], i;

    for (part = 0, size = 0; part < 2; part++) {

        data += size;
        len -= size;

        if (len < ET_TZ_HEADER || memcmp(data, "TZif", 4) != 0
            || data[4] < '2')
        {
            return 0;
        }

        /* isutcnt, isstdcnt, leapcnt, timecnt, typecnt, charcnt */

        for (i = 0; i < 6; i++) {
            n[i] = (size_t) et_tz_int(data + 20 + 4 * i, 4);

            if (n[i] > ET_TZ_FILE) {
                return 0;
            }
        }

        i = part == 0 ? 4 : 8;
        size = ET_TZ_HEADER + n[3] * (i + 1) + n[4] * 6 + n[5]
               + n[2] * (i + 4) + n[1] + n[0];

        if (size > len || n[4] == 0) {
            return 0;
        }
    }

    file->ntimes = n[3];
    file->ntypes = n[4];
    file->times = data + ET_TZ_HEADER;
    file->indexes = file->times + 8 * n[3];
    file->types = file->indexes + n[3];
    file->rule = (const char *) data + size;
    file->end = (const char *) data + len;

    return 1;
}


/*
 * std offset [dst [offset] , change , change], where offsets are west of
 * Greenwich (POSIX, 8.3).  Of changes, the form with M is the one that zone
 * files have.
 */

static int
et_tz_rule_offset(const char *p, const char *end, int64_t time,
    int32_t *offset)
{
    int              std, dst;
    int64_t          begin, finish, year;
    et_tz_change_t   to_dst, to_std;

    if (p == end || *p++ != '\n' || p == end || *p == '\n') {
        return 0;
    }

    p = et_tz_rule_name(p, end);
    p = et_tz_rule_time(p, end, &std);

    if (p == NULL) {
        return 0;
    }

    *offset = -std;

    if (p == end || *p == '\n') {
        return 1;
    }

    dst = std - 3600;
    p = et_tz_rule_name(p, end);

    if (p != NULL && p < end && *p != ',') {
        p = et_tz_rule_time(p, end, &dst);
    }

    p = et_tz_rule_change(p, end, &to_dst);
    p = et_tz_rule_change(p, end, &to_std);

    if (p == NULL) {
        return 0;
    }

    /* the year by its mean length: the two changes are far from its ends */

    year = 1970 + time / 31556952;
    begin = et_tz_change_at(year, &to_dst) + std;
    finish = et_tz_change_at(year, &to_std) + dst;

    if (begin < finish ? (time >= begin && time < finish)
                       : (time >= begin || time < finish))
    {
        *offset = -dst;
    }

    return 1;
}


/* Letters, or anything in angle brackets; NULL stays NULL in all of these. */

static const char *
et_tz_rule_name(const char *p, const char *end)
{
    if (p == NULL || p == end) {
        return NULL;
    }

    if (*p == '<') {
        p = memchr(p, '>', end - p);

        return p == NULL ? NULL : p + 1;
    }

    while (p < end && et_lower(*p) >= 'a' && et_lower(*p) <= 'z') {
        p++;
    }

    return p;
}


/* [+-]h[h][:mm[:ss]] */

static const char *
et_tz_rule_time(const char *p, const char *end, int *seconds)
{
    int  sign, unit, value;

    *seconds = 0;

    if (p == NULL || p == end) {
        return NULL;
    }

    sign = *p == '-' ? -1 : 1;

    if (*p == '-' || *p == '+') {
        p++;
    }

    for (unit = 3600; unit != 0; unit /= 60) {

        if (p == end || *p < '0' || *p > '9') {
            return NULL;
        }

        for (value = 0; p < end && *p >= '0' && *p <= '9'; p++) {
            value = value * 10 + (*p - '0');

            if (value > 200) {
                return NULL;
            }
        }

        *seconds += sign * value * unit;

        if (p == end || *p != ':') {
            break;
        }

        p++;
    }

    return p;
}


static const char *
et_tz_rule_change(const char *p, const char *end, et_tz_change_t *change)
{
    int  i, value, *field[3];

    if (p == NULL || end - p < 2 || p[0] != ',' || p[1] != 'M') {
        return NULL;
    }

    field[0] = &change->month;
    field[1] = &change->week;
    field[2] = &change->day;

    for (p += 2, i = 0; i < 3; i++) {

        for (value = 0; p < end && *p >= '0' && *p <= '9' && value < 100; p++)
        {
            value = value * 10 + (*p - '0');
        }

        *field[i] = value;

        if (i < 2 && (p == end || *p++ != '.')) {
            return NULL;
        }
    }

    if (change->month < 1 || change->month > 12 || change->week < 1
        || change->week > 5 || change->day > 6)
    {
        return NULL;
    }

    change->seconds = 2 * 3600;

    return p < end && *p == '/' ? et_tz_rule_time(p + 1, end,
                                                  &change->seconds)
                                : p;
}


/* Wall time, as seconds since 1970, of a change in a year. */

static int64_t
et_tz_change_at(int64_t year, const et_tz_change_t *change)
{
    int64_t  first, day;

    first = et_days_from_civil(year, change->month, 1);

    /* 1970-01-01 was a Thursday, 4 */

    day = first + ((change->day - (first + 4) % 7) + 7) % 7
          + 7 * (change->week - 1);

    while (day >= et_days_from_civil(year + change->month / 12,
                                     change->month % 12 + 1, 1))
    {
        day -= 7;
    }

    return day * ET_TZ_DAY + change->seconds;
}
