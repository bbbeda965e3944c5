/*
 * Answers about keys, in memory that all workers share, without a lock: what
 * somebody else has said about a key and a project, and how long that holds.
 *
 * A place is two words: the answer with its time, and the question's id
 * combined with it.  A reader combines them again, so that two words of which
 * another worker has just written one are nobody's answer; a process that
 * dies between the two leaves a place that is free.
 *
 * Promise: a look is eight pairs of loads.  The table has one size; an answer
 * that finds no place takes that of a no, or else of the yes that ends first.
 */

#ifndef ET_ANSWERS_H
#define ET_ANSWERS_H

#include "et_slice.h"


#define ET_ANSWERS_SEED  16            /* bytes */

typedef struct {
    uint64_t  check;                   /* id ^ answer */
    uint64_t  answer;                  /* until << 2 | et_answer_t; 0: free */
} et_answer_slot_t;

typedef enum {
    ET_ANSWER_NONE = 0,
    ET_ANSWER_YES,
    ET_ANSWER_NO
} et_answer_t;


/*
 * The id of a question.  Nobody who does not know the seed can find two that
 * are alike.  where: who is asked.
 */
uint64_t et_answers_id(const unsigned char seed[ET_ANSWERS_SEED],
    uint64_t where, uint64_t project, et_slice_t key);

/*
 * What was answered, and until when that holds, milliseconds of the callers'
 * clock; also where that has gone by.  slots is a power of two, at least 8,
 * of zeroed places.
 */
et_answer_t et_answers_find(const et_answer_slot_t *table, size_t slots,
    uint64_t id, uint64_t *until);

void et_answers_put(et_answer_slot_t *table, size_t slots, uint64_t id,
    et_answer_t answer, uint64_t until);


#endif /* ET_ANSWERS_H */
