/*
 * Which key may write to which project: the keys file in memory.
 *
 * A line is "project key [field=value ...]", separated by blanks; '#' starts
 * a comment, empty lines are skipped.  A key may stand for several projects,
 * a project may have several keys.  A line with "*" as its key lets nobody
 * in: its fields are for the project's keys, wherever they come from, that
 * have no such field themselves.
 *
 *     origins=https://a.example,*.b.example    see et_origin.h
 *     limit=100r/m, limit=off, burst=20        of the key; of the project on
 *                                              a line with "*"
 *
 * Promise: a lookup is one hash of the key and a comparison in constant
 * time of each key in its bucket; it allocates nothing.
 */

#ifndef ET_KEYS_H
#define ET_KEYS_H

#include "et_origin.h"
#include "et_quota.h"
#include "et_reason.h"


typedef struct et_keys_s  et_keys_t;

/* What the fields say; NULL where they say nothing. */
typedef struct {
    const et_origins_t  *origins;
    const et_limit_t    *limits[ET_QUOTA_SCOPES];
} et_keys_rules_t;

/* Told of each bad line: its number, counted from 1, and what is wrong. */
typedef void (*et_keys_report_pt)(void *data, unsigned line,
    const char *message);


/*
 * Reads a whole file's text; the table and copies of its keys lie on the
 * arena and live as long as it does.  Every bad line is reported (malformed
 * project or key, unknown or malformed field, the same pair twice), and then NULL is returned; NULL without a report is memory.  An empty table is
 * no error.
 */
et_keys_t *et_keys_parse(et_arena_t *arena, et_slice_t text,
    et_keys_report_pt report, void *data);

/*
 * ET_OK, ET_UNKNOWN_KEY, ET_WRONG_PROJECT.  The rules are set whatever it
 * returns: another source may know the key.
 */
et_reason_t et_keys_check(const et_keys_t *keys, et_slice_t key,
    uint64_t project, et_keys_rules_t *rules);

/* The key's only project, for a path that names none: ET_OK, ET_UNKNOWN_KEY,
 * ET_AMBIGUOUS_KEY. */
et_reason_t et_keys_project(const et_keys_t *keys, et_slice_t key,
    uint64_t *project);

/* A project's next key: 1, or 0 behind its last one.  *place is NULL at first.
 * It looks at the whole file: not for each event. */
int et_keys_of(const et_keys_t *keys, uint64_t project, const void **place,
    et_slice_t *key);

/* Pairs of a project and a key; lines with "*" are none. */
size_t et_keys_count(const et_keys_t *keys);


#endif /* ET_KEYS_H */
