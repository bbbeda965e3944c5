/*
 * What became of what was sent, over time: sums of the table outcomes, or of
 * outcomes_by_hour where the intervals are hours.
 */

#ifndef ET_STATS_H
#define ET_STATS_H

#include "et_call.h"


typedef struct {
    const uint64_t  *projects;    /* NULL: all */
    size_t           nprojects;
    int64_t          from;        /* seconds, a multiple of step */
    int64_t          step;
    size_t           n;           /* buckets */
    const et_slice_t *categories; /* n 0: any */
    size_t           ncategories;
    const et_slice_t *outcomes;
    size_t           noutcomes;
    const et_slice_t *reasons;
    size_t           nreasons;
    unsigned         by_project:1;
    unsigned         by_outcome:1;
    unsigned         by_category:1;
    unsigned         by_reason:1;
    unsigned         times_seen:1; /* the name of the sums, or */
    unsigned         quantity:1;   /* this one; both where both are asked */
} et_stats_filter_t;


/*
 * start and end, or statsPeriod (24h); interval (1h); category, outcome,
 * reason, groupBy and field, which may be repeated: of the call's parameters.
 * 1, or 0 where the call is answered 400.
 */
int et_stats_parse(et_call_t *call, et_stats_filter_t *filter);

void et_stats_ask(et_call_t *call, const et_stats_filter_t *filter);

/* Answers with start, end, the intervals and the groups, under these names. */
et_call_rc_t et_stats_answer(et_call_t *call, et_slice_t answer,
    const et_stats_filter_t *filter, const char *intervals,
    const char *groups);


#endif /* ET_STATS_H */
