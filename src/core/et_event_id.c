/*
 * Event ids: reading, making and printing them.
 */

#include <errno.h>
#include <sys/random.h>

#include "et_event.h"


static int et_event_id_digit(char c);


int
et_event_id_parse(et_slice_t text, unsigned char id[ET_EVENT_ID_LEN])
{
    int            digit;
    size_t         i, n;
    unsigned char  parsed[ET_EVENT_ID_LEN];

    if (text.len != 32 && text.len != 36) {
        return 0;
    }

    memset(parsed, 0, ET_EVENT_ID_LEN);

    for (i = 0, n = 0; i < text.len; i++) {

        if (text.len == 36 && (i == 8 || i == 13 || i == 18 || i == 23)) {
            if (text.data[i] != '-') {
                return 0;
            }

            continue;
        }

        digit = et_event_id_digit(text.data[i]);
        if (digit < 0) {
            return 0;
        }

        parsed[n / 2] = (unsigned char) (parsed[n / 2] << 4 | digit);
        n++;
    }

    memcpy(id, parsed, ET_EVENT_ID_LEN);

    return 1;
}


static int
et_event_id_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c = et_lower(c);

    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }

    return -1;
}


/*
 * The kernel is asked for each id: few events come without one, and a
 * buffer of random bytes kept here would be handed to two processes by a
 * fork.
 */

int
et_event_id_make(unsigned char id[ET_EVENT_ID_LEN])
{
    ssize_t  n;

    do {
        n = getrandom(id, ET_EVENT_ID_LEN, 0);
    } while (n == -1 && errno == EINTR);

    if (n != ET_EVENT_ID_LEN) {
        return 0;
    }

    id[6] = (id[6] & 0x0f) | 0x40;    /* version 4 */
    id[8] = (id[8] & 0x3f) | 0x80;    /* the variant of RFC 9562 */

    return 1;
}


void
et_event_id_print(const unsigned char id[ET_EVENT_ID_LEN], char out[32])
{
    size_t             i;
    static const char  hex[] = "0123456789abcdef";

    for (i = 0; i < ET_EVENT_ID_LEN; i++) {
        out[2 * i] = hex[id[i] >> 4];
        out[2 * i + 1] = hex[id[i] & 0xf];
    }
}
