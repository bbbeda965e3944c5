/*
 * Envelope framing, read strictly.
 *
 * Promise: the cost is linear in the body's length; a header longer than
 * ET_ENVELOPE_MAX_HEADER is refused unread; a payload is not looked into where
 * its item states the length.  An error leaves the envelope where it was, so
 * that the same item fails again.
 */

#include "et_envelope.h"


/* bytes of one header line: real ones have a few hundred, of which the
 * trace's baggage is the most */
#define ET_ENVELOPE_MAX_HEADER  65536

/* every whole number up to this one is a double */
#define ET_ENVELOPE_MAX_EXACT   9007199254740992.0


#define ET_ITEM_NAME(symbol, name)  name,

const char *const  et_item_type_names[ET_ITEM_TYPE_COUNT] = {
    ET_ITEM_TYPES(ET_ITEM_NAME)
};

#undef ET_ITEM_NAME


static et_reason_t et_envelope_header(et_arena_t *arena, char *pos, char *end,
    char **next, cJSON **header);
static void et_envelope_sdk(et_envelope_t *envelope, const cJSON *sdk);
static et_slice_t et_envelope_str(const cJSON *value);
static int et_envelope_item_header(const cJSON *header, et_item_t *item,
    const cJSON **length);
static et_item_type_t et_envelope_item_type(et_slice_t name);
static et_reason_t et_envelope_sized(const cJSON *length, et_item_t *item,
    char *end);
static void et_envelope_line(et_item_t *item, char *end);


et_reason_t
et_envelope_open(et_arena_t *arena, char *body, size_t len,
    et_envelope_t *envelope)
{
    cJSON        *header, *member;
    et_reason_t   reason;

    memset(envelope, 0, sizeof(et_envelope_t));

    envelope->event_id = et_slice("", 0);
    envelope->dsn = et_slice("", 0);
    envelope->sent_at = et_slice("", 0);
    envelope->sdk_name = et_slice("", 0);
    envelope->sdk_version = et_slice("", 0);

    if (len == 0) {
        return ET_BAD_ENVELOPE;
    }

    envelope->end = body + len;

    reason = et_envelope_header(arena, body, envelope->end, &envelope->pos,
                                &header);
    if (reason != ET_OK) {
        return reason == ET_BAD_JSON ? ET_BAD_ENVELOPE : reason;
    }

    for (member = header->child; member != NULL; member = member->next) {

        if (strcmp(member->string, "event_id") == 0) {
            envelope->event_id = et_envelope_str(member);

        } else if (strcmp(member->string, "dsn") == 0) {
            envelope->dsn = et_envelope_str(member);

        } else if (strcmp(member->string, "sent_at") == 0) {
            envelope->sent_at = et_envelope_str(member);

        } else if (strcmp(member->string, "sdk") == 0) {
            et_envelope_sdk(envelope, member);
        }
    }

    return ET_OK;
}


et_reason_t
et_envelope_next(et_arena_t *arena, et_envelope_t *envelope, et_item_t *item,
    int *more)
{
    char         *pos, *end;
    cJSON        *header;
    const cJSON  *length;
    et_reason_t   reason;

    *more = 0;

    pos = envelope->pos;
    end = envelope->end;

    while (pos < end && (*pos == '\n' || *pos == '\r' || *pos == ' '
                         || *pos == '\t'))
    {
        pos++;
    }

    if (pos == end) {
        envelope->pos = end;
        return ET_OK;
    }

    reason = et_envelope_header(arena, pos, end, &item->payload, &header);

    if (reason != ET_OK) {
        return (reason == ET_BAD_JSON || reason == ET_BAD_UTF8) ? ET_BAD_ITEM
                                                                : reason;
    }

    if (!et_envelope_item_header(header, item, &length)) {
        return ET_BAD_ITEM;
    }

    if (length != NULL) {
        reason = et_envelope_sized(length, item, end);

        if (reason != ET_OK) {
            return reason;
        }

    } else {
        et_envelope_line(item, end);
    }

    /* past the newline that ends the payload, unless the end did */

    pos = item->payload + item->len;

    envelope->pos = (pos < end) ? pos + 1 : end;
    *more = 1;

    return ET_OK;
}


/*
 * Parses the line at pos; *next is where the one after it starts.
 * ET_BAD_JSON stands for all that is wrong with the line but its UTF-8.
 */

static et_reason_t
et_envelope_header(et_arena_t *arena, char *pos, char *end, char **next,
    cJSON **header)
{
    char         *newline;
    size_t        len, max;
    et_reason_t   reason;

    len = (size_t) (end - pos);
    max = (len > ET_ENVELOPE_MAX_HEADER) ? ET_ENVELOPE_MAX_HEADER + 1 : len;

    newline = memchr(pos, '\n', max);

    if (newline != NULL) {
        len = (size_t) (newline - pos);
        *next = newline + 1;

    } else {
        *next = end;
    }

    if (len > ET_ENVELOPE_MAX_HEADER) {
        return ET_BAD_JSON;
    }

    reason = et_json_parse(arena, pos, len, header);

    if (reason == ET_JSON_TOO_DEEP) {
        return ET_BAD_JSON;
    }

    if (reason == ET_OK && !cJSON_IsObject(*header)) {
        return ET_BAD_JSON;
    }

    return reason;
}


static void
et_envelope_sdk(et_envelope_t *envelope, const cJSON *sdk)
{
    const cJSON  *member;

    envelope->sdk_name = et_slice("", 0);
    envelope->sdk_version = et_slice("", 0);

    if (!cJSON_IsObject(sdk)) {
        return;
    }

    for (member = sdk->child; member != NULL; member = member->next) {

        if (strcmp(member->string, "name") == 0) {
            envelope->sdk_name = et_envelope_str(member);

        } else if (strcmp(member->string, "version") == 0) {
            envelope->sdk_version = et_envelope_str(member);
        }
    }
}


/* What is no string is as good as absent: the events are worth more than a
 * header's form */

static et_slice_t
et_envelope_str(const cJSON *value)
{
    et_slice_t  s;

    s = et_json_str(value);

    return s.data == NULL ? et_slice("", 0) : s;
}


/* Reads the values; *length is NULL where the header has none */

static int
et_envelope_item_header(const cJSON *header, et_item_t *item,
    const cJSON **length)
{
    et_slice_t    type;
    const cJSON  *member;

    type = et_slice(NULL, 0);
    *length = NULL;

    item->filename = et_slice("", 0);
    item->content_type = et_slice("", 0);
    item->attachment_type = et_slice("", 0);

    for (member = header->child; member != NULL; member = member->next) {

        if (strcmp(member->string, "type") == 0) {
            type = et_json_str(member);

        } else if (strcmp(member->string, "length") == 0) {
            *length = cJSON_IsNull(member) ? NULL : member;

        } else if (strcmp(member->string, "filename") == 0) {
            item->filename = et_envelope_str(member);

        } else if (strcmp(member->string, "content_type") == 0) {
            item->content_type = et_envelope_str(member);

        } else if (strcmp(member->string, "attachment_type") == 0) {
            item->attachment_type = et_envelope_str(member);
        }
    }

    if (type.data == NULL) {
        return 0;
    }

    item->type = et_envelope_item_type(type);

    return 1;
}


static et_item_type_t
et_envelope_item_type(et_slice_t name)
{
    int  i;

#define ET_ITEM_SLICE(symbol, name)  ET_SLICE(name),

    static const et_slice_t  names[ET_ITEM_TYPE_COUNT] = {
        ET_ITEM_TYPES(ET_ITEM_SLICE)
    };

#undef ET_ITEM_SLICE

    for (i = 0; i < ET_ITEM_UNKNOWN; i++) {
        if (et_slice_eq(name, names[i])) {
            break;
        }
    }

    return (et_item_type_t) i;
}


/* A payload of exactly so many bytes, and a newline or the end after it */

static et_reason_t
et_envelope_sized(const cJSON *length, et_item_t *item, char *end)
{
    double  n;
    size_t  left;

    /* NaN is refused, too */

    if (!cJSON_IsNumber(length) || !(length->valuedouble >= 0)) {
        return ET_BAD_ITEM;
    }

    n = length->valuedouble;

    if (n < ET_ENVELOPE_MAX_EXACT && n != (double) (uint64_t) n) {
        return ET_BAD_ITEM;
    }

    left = (size_t) (end - item->payload);

    if (n > (double) left) {
        return ET_ITEM_TRUNCATED;
    }

    item->len = (size_t) n;

    if (item->len < left && item->payload[item->len] != '\n') {
        return ET_ITEM_NO_NEWLINE;
    }

    return ET_OK;
}


static void
et_envelope_line(et_item_t *item, char *end)
{
    char    *newline;
    size_t   left;

    left = (size_t) (end - item->payload);

    newline = (left == 0) ? NULL : memchr(item->payload, '\n', left);

    item->len = (newline == NULL) ? left : (size_t) (newline - item->payload);
}
