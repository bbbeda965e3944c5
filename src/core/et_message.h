/*
 * Parameterising a message: what varies from one occurrence to the next is
 * replaced by its kind, so that numbers, ids and addresses in a message do
 * not split one error into many.
 */

#ifndef ET_MESSAGE_H
#define ET_MESSAGE_H

#include "et_arena.h"


/* what a message is grouped by at the most, bytes, before replacement */
#define ET_MESSAGE_GROUPED  1024


/*
 * The first two non-empty lines of text (at most ET_MESSAGE_GROUPED bytes),
 * with <email>, <url>, <ip>, <uuid>, <hash>, <date>, <duration>, <hex>,
 * <float>, <int>, <quoted_str> in place of such values (contract, section 8,
 * in that order of precedence), <id> in place of other words that nobody
 * chose (x7k9q, 12abc; worker3 is worker<int>), and one blank for several.
 * On the arena; data NULL where it is exhausted.  Linear in the length of the
 * text, whatever it holds.
 */
et_slice_t et_message_parameterise(et_arena_t *arena, et_slice_t text);


#endif /* ET_MESSAGE_H */
