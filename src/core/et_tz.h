/*
 * Time zones by name, from the system's zone files (TZif, RFC 9636).
 *
 * Own code and not the C library's: it knows one zone a process, by the
 * environment, and a worker's log has its times in that one.
 *
 * A zone's file is read once and kept; at most ET_TZ_ZONES are kept.  Not for
 * more than one thread.
 */

#ifndef ET_TZ_H
#define ET_TZ_H

#include "et_slice.h"


#define ET_TZ_ZONES   32
#define ET_TZ_NAME    64           /* bytes of a name */
#define ET_TZ_FILE    (64 * 1024)  /* bytes of a file; real ones have 4 KB */


/*
 * Seconds that the zone is ahead of UTC at a time, seconds since 1970.  1; or
 * 0 where there is no such zone, or no memory, and *offset is 0.  "" is UTC.
 */
int et_tz_offset(et_slice_t name, int64_t time, int32_t *offset);

/* The same for a file's bytes; 0 where they are no TZif. */
int et_tz_file_offset(const unsigned char *data, size_t len, int64_t time,
    int32_t *offset);

/* Frees what is kept. */
void et_tz_forget(void);


#endif /* ET_TZ_H */
