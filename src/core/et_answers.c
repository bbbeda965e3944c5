/*
 * Places are in sets of eight; the id's low bits choose the set.
 */

#include <openssl/evp.h>

#include "et_answers.h"
#include "et_auth.h"
#include "et_hash.h"


#define ET_ANSWERS_WAYS  8


static size_t et_answers_set(size_t slots, uint64_t id);
static uint64_t et_answers_worth(uint64_t answer);


uint64_t
et_answers_id(const unsigned char seed[ET_ANSWERS_SEED], uint64_t where,
    uint64_t project, et_slice_t key)
{
    size_t         len;
    uint64_t       id;
    unsigned char  text[ET_ANSWERS_SEED + 2 * sizeof(uint64_t) + ET_KEY_MAX];
    unsigned char  hash[EVP_MAX_MD_SIZE];

    len = key.len < ET_KEY_MAX ? key.len : ET_KEY_MAX;

    memcpy(text, seed, ET_ANSWERS_SEED);
    memcpy(text + ET_ANSWERS_SEED, &where, sizeof(where));
    memcpy(text + ET_ANSWERS_SEED + sizeof(where), &project, sizeof(project));
    memcpy(text + ET_ANSWERS_SEED + 2 * sizeof(uint64_t), key.data, len);

    len += ET_ANSWERS_SEED + 2 * sizeof(uint64_t);

    if (EVP_Digest(text, len, hash, NULL, EVP_sha256(), NULL) != 1) {

        /* no answer has this id, so each time is the first */

        return 0;
    }

    memcpy(&id, hash, sizeof(id));

    return id != 0 ? id : 1;
}


et_answer_t
et_answers_find(const et_answer_slot_t *table, size_t slots, uint64_t id,
    uint64_t *until)
{
    size_t    i, set;
    uint64_t  answer, check;

    set = et_answers_set(slots, id);

    for (i = set; id != 0 && i < set + ET_ANSWERS_WAYS; i++) {
        check = __atomic_load_n(&table[i].check, __ATOMIC_ACQUIRE);
        answer = __atomic_load_n(&table[i].answer, __ATOMIC_ACQUIRE);

        if (answer != 0 && (check ^ answer) == id) {
            *until = answer >> 2;
            return (et_answer_t) (answer & 3);
        }
    }

    *until = 0;

    return ET_ANSWER_NONE;
}


void
et_answers_put(et_answer_slot_t *table, size_t slots, uint64_t id,
    et_answer_t answer, uint64_t until)
{
    size_t    i, set, place;
    uint64_t  worth, least, word;

    if (id == 0) {
        return;
    }

    set = et_answers_set(slots, id);
    place = set;
    least = UINT64_MAX;

    for (i = set; i < set + ET_ANSWERS_WAYS; i++) {
        word = __atomic_load_n(&table[i].answer, __ATOMIC_ACQUIRE);

        if ((__atomic_load_n(&table[i].check, __ATOMIC_ACQUIRE) ^ word) == id
            && word != 0)
        {
            place = i;
            break;
        }

        worth = et_answers_worth(word);

        if (worth < least) {
            least = worth;
            place = i;
        }
    }

    word = until << 2 | (uint64_t) answer;

    __atomic_store_n(&table[place].answer, word, __ATOMIC_RELEASE);
    __atomic_store_n(&table[place].check, id ^ word, __ATOMIC_RELEASE);
}


static size_t
et_answers_set(size_t slots, uint64_t id)
{
    return (size_t) id & (slots - 1) & ~(size_t) (ET_ANSWERS_WAYS - 1);
}


/* A free place is worth nothing, a no less than any yes; then the one that
 * holds longer. */

static uint64_t
et_answers_worth(uint64_t answer)
{
    return (answer & 3) == ET_ANSWER_YES ? 1ull << 63 | answer >> 2
                                         : answer >> 2;
}
