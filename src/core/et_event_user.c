/*
 * The user whom an error happened to, and the number that counts them.
 *
 * Promise: user_ip is empty or an IP address, and the client's only where the
 * SDK lets it be; the hash depends on the first of id, e-mail, name and
 * address that is known, and on which of them it is, so that the name "7" is
 * not the user with id 7.
 */

#include <arpa/inet.h>

#include "et_event_internal.h"
#include "et_hash.h"


enum {
    ET_USER_ID = 0,
    ET_USER_EMAIL,
    ET_USER_USERNAME,
    ET_USER_NAME,
    ET_USER_IP,
    ET_USER_MAX
};

/* sdk.settings.infer_ip: whether the address may be the client's */
typedef enum {
    ET_INFER_LEGACY = 0,       /* it depends on the platform */
    ET_INFER_AUTO,
    ET_INFER_NEVER             /* and what is not known to us */
} et_infer_ip_t;


static void et_event_read_ip(et_arena_t *arena, et_event_t *event,
    const cJSON *item, const cJSON *request, et_infer_ip_t infer,
    et_slice_t client_ip);
static et_infer_ip_t et_event_infer_ip(const cJSON *sdk);
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
    const cJSON *request, const cJSON *sdk, et_slice_t client_ip)
{
    const cJSON  *field[ET_USER_MAX];

    et_event_expect(arena, event, user, "user", cJSON_Object);

    et_event_pick(user, et_user_fields, ET_EVENT_NAMES(et_user_fields),
                  field);

    event->user_id = et_event_read_text(arena, event, field[ET_USER_ID],
                                        "user.id", ET_MAX_USER);
    event->user_email = et_event_read_text(arena, event, field[ET_USER_EMAIL],
                                           "user.email", ET_MAX_USER);
    event->user_name = et_event_read_text(arena, event, field[ET_USER_USERNAME],
                                          "user.username", ET_MAX_USER);

    if (event->user_name.len == 0) {
        event->user_name = et_event_read_text(arena, event, field[ET_USER_NAME],
                                              "user.name", ET_MAX_USER);
    }

    et_event_read_ip(arena, event, field[ET_USER_IP], request,
                     et_event_infer_ip(sdk), client_ip);

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


static void
et_event_read_ip(et_arena_t *arena, et_event_t *event, const cJSON *item,
    const cJSON *request, et_infer_ip_t infer, et_slice_t client_ip)
{
    int         automatic;
    et_slice_t  ip;

    ip = et_json_str(item);
    automatic = et_slice_eq(ip, et_event_ip_auto);

    event->user_ip = et_event_ip(ip);

    if (event->user_ip.len != 0) {
        return;
    }

    if (item != NULL && ip.data == NULL) {
        et_event_expect(arena, event, item, "user.ip_address", cJSON_NULL);

    } else if (ip.len != 0 && !automatic) {
        et_event_note(arena, event, "user.ip_address: no address, dropped");
    }

    if (infer == ET_INFER_NEVER) {
        return;
    }

    /* a server's SDK knows whom it serves */

    if (!automatic) {
        ip = et_json_str(et_json_get(et_json_get(request, "env"),
                                     "REMOTE_ADDR"));

        automatic = et_slice_eq(ip, et_event_ip_auto);
        event->user_ip = et_event_ip(ip);

        if (event->user_ip.len != 0) {
            return;
        }
    }

    if (automatic || infer == ET_INFER_AUTO
        || et_event_ip_inferred(event->platform))
    {
        event->user_ip = et_event_ip(client_ip);
    }
}


static et_infer_ip_t
et_event_infer_ip(const cJSON *sdk)
{
    et_slice_t    text;
    const cJSON  *item;

    item = et_json_get(et_json_get(sdk, "settings"), "infer_ip");

    if (item == NULL || cJSON_IsNull(item)) {
        return ET_INFER_LEGACY;
    }

    text = et_json_str(item);

    if (et_slice_eq(text, et_slice_str("auto"))) {
        return ET_INFER_AUTO;
    }

    return et_slice_eq(text, et_slice_str("legacy")) ? ET_INFER_LEGACY
                                                     : ET_INFER_NEVER;
}


/* The text, where it is an address; else "". */

static et_slice_t
et_event_ip(et_slice_t text)
{
    char             copy[INET6_ADDRSTRLEN];
    unsigned char    address[16];

    if (text.len == 0 || text.len >= sizeof(copy)) {
        return et_slice("", 0);
    }

    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';

    if (inet_pton(AF_INET, copy, address) != 1
        && inet_pton(AF_INET6, copy, address) != 1)
    {
        return et_slice("", 0);
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
