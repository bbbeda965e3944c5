/*
 * The table of reasons, from the list in the header.
 */

#include "et_reason.h"


#define ET_REASON_INFO(symbol, name, status, detail)                          \
    { name, status, detail },

const et_reason_info_t  et_reasons[ET_REASON_COUNT] = {
    ET_REASONS(ET_REASON_INFO)
};
