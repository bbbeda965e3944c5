/*
 * The user whom an error happened to, and the number that counts them.
 *
 * Promise: user_ip is empty or made of the characters of an IP address; the
 * hash depends on the first of id, e-mail, name and address that is known,
 * and on which of them it is, so that the name "7" is not the user with id 7.
 */

#include "et_event_internal.h"
#include "et_hash.h"


#define ET_IP_LEN  45          /* ::ffff:255.255.255.255, all groups written */


enum {
    ET_USER_ID = 0,
    ET_USER_EMAIL,
    ET_USER_USERNAME,
    ET_USER_NAME,
    ET_USER_IP,
    ET_USER_MAX
};


static et_slice_t et_event_ip(et_slice_t text);
static int et_event_ip_inferred(et_slice_t platform);
static uint64_t et_event_user_hash(char kind, et_slice_t value);


static const et_event_name_t  et_user_fields[] = {
    ET_EVENT_NAME("id", ET_USER_ID),
    ET_EVENT_NAME("name", ET_USER_NAME),
    ET_EVENT_NAME("email", ET_USER_EMAIL),
    ET_EVENT_NAME("username", ET_USER_USERNAME),
    ET_EVENT_NAME("ip_address", ET_USER_IP),
};

_Static_assert(ET_EVENT_NAMES(et_user_fields) == ET_USER_MAX,
               "a name for each slot, a slot for each name");


static const et_slice_t  et_event_ip_auto = ET_SLICE("{{auto}}");


void
et_event_read_user(et_arena_t *arena, et_event_t *event, const cJSON *user,
    et_slice_t client_ip)
{
    et_slice_t    ip;
    const cJSON  *field[ET_USER_MAX];

    et_event_pick(user, et_user_fields, ET_EVENT_NAMES(et_user_fields),
                  field);

    event->user_id = et_event_text(arena, field[ET_USER_ID], ET_MAX_USER);
    event->user_email = et_event_text(arena, field[ET_USER_EMAIL],
                                      ET_MAX_USER);
    event->user_name = et_event_text(arena, field[ET_USER_USERNAME],
                                     ET_MAX_USER);

    if (event->user_name.len == 0) {
        event->user_name = et_event_text(arena, field[ET_USER_NAME],
                                         ET_MAX_USER);
    }

    ip = et_json_str(field[ET_USER_IP]);

    event->user_ip = et_event_ip(ip);

    if (event->user_ip.len == 0
        && (et_slice_eq(ip, et_event_ip_auto)
            || et_event_ip_inferred(event->platform)))
    {
        event->user_ip = et_event_ip(client_ip);
    }

    if (event->user_id.len != 0) {
        event->user_hash = et_event_user_hash('i', event->user_id);

    } else if (event->user_email.len != 0) {
        event->user_hash = et_event_user_hash('e', event->user_email);

    } else if (event->user_name.len != 0) {
        event->user_hash = et_event_user_hash('n', event->user_name);

    } else if (event->user_ip.len != 0) {
        event->user_hash = et_event_user_hash('a', event->user_ip);
    }
}


/* The text, where it can be an address; else "". */

static et_slice_t
et_event_ip(et_slice_t text)
{
    char    c;
    size_t  i;

    if (text.len == 0 || text.len > ET_IP_LEN) {
        return et_slice("", 0);
    }

    for (i = 0; i < text.len; i++) {
        c = et_lower(text.data[i]);

        if ((c < '0' || c > '9') && (c < 'a' || c > 'f')
            && c != '.' && c != ':')
        {
            return et_slice("", 0);
        }
    }

    return text;
}


/* SDKs of these platforms run with the user, and can't know their address. */

static int
et_event_ip_inferred(et_slice_t platform)
{
    return et_slice_eq(platform, et_slice_str("javascript"))
           || et_slice_eq(platform, et_slice_str("cocoa"))
           || et_slice_eq(platform, et_slice_str("objc"));
}


/* 0 means "no user" and is never returned. */

static uint64_t
et_event_user_hash(char kind, et_slice_t value)
{
    uint64_t  hash;

    hash = et_fnv1a(ET_FNV_BASIS, et_slice(&kind, 1));
    hash = et_fnv1a(hash, value);

    return hash != 0 ? hash : 1;
}
