/*
 * RowBinary: fixed numbers little-endian, a string is its length as LEB128
 * and its bytes, an array or map is a count as LEB128 and its elements, a
 * UUID is its two halves, each little-endian.
 */

#include "et_row.h"
#include "et_grouping.h"


#define ET_ROW_STRINGS  20

/*
 * A row's variable part is a list of strings, the maps between them: what is
 * measured first and written then is one and the same list.
 */

typedef struct {
    et_slice_t        before[ET_ROW_STRINGS];    /* level to user_ip */
    size_t            nbefore;
    const et_tag_t   *tags;
    size_t            ntags;
    const et_tag_t   *attributes;
    size_t            nattributes;
    const et_slice_t *notes;
    size_t            nnotes;
    et_slice_t        after[4];                  /* sdk_name to payload */
} et_row_strings_t;


static void et_row_list(et_row_strings_t *list, const et_event_t *event,
    int folded);
static size_t et_row_list_size(const et_row_strings_t *list);
static char *et_row_list_put(char *p, const et_row_strings_t *list);
static char *et_row_head(char *p, const et_event_t *event, uint64_t project,
    uint64_t n);
static et_slice_t et_row_cut(et_slice_t s, size_t max);


static inline size_t
et_row_varint_size(size_t n)
{
    size_t  size;

    for (size = 1; n >= 0x80; size++) {
        n >>= 7;
    }

    return size;
}


static inline char *
et_row_varint(char *p, size_t n)
{
    while (n >= 0x80) {
        *p++ = (char) (n | 0x80);
        n >>= 7;
    }

    *p++ = (char) n;

    return p;
}


static inline size_t
et_row_string_size(et_slice_t s)
{
    return et_row_varint_size(s.len) + s.len;
}


static inline char *
et_row_string(char *p, et_slice_t s)
{
    p = et_row_varint(p, s.len);

    if (s.len != 0) {
        memcpy(p, s.data, s.len);
    }

    return p + s.len;
}


static size_t
et_row_map_size(const et_tag_t *pairs, size_t n)
{
    size_t  i, size;

    size = et_row_varint_size(n);

    for (i = 0; i < n; i++) {
        size += et_row_string_size(pairs[i].key)
                + et_row_string_size(pairs[i].value);
    }

    return size;
}


static char *
et_row_map(char *p, const et_tag_t *pairs, size_t n)
{
    size_t  i;

    p = et_row_varint(p, n);

    for (i = 0; i < n; i++) {
        p = et_row_string(p, pairs[i].key);
        p = et_row_string(p, pairs[i].value);
    }

    return p;
}


static inline char *
et_row_u64(char *p, uint64_t n)
{
#if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
    n = __builtin_bswap64(n);
#endif

    memcpy(p, &n, 8);

    return p + 8;
}


size_t
et_row_size(const et_event_t *event)
{
    et_row_strings_t  list;

    et_row_list(&list, event, 0);

    return ET_ROW_HEAD + 1 + (event->user_hash != 0 ? 8 : 0)
           + et_row_list_size(&list);
}


void
et_row_encode(char *out, const et_event_t *event, uint64_t project)
{
    out = et_row_encode_open(out, event, project);

    if (event->payload.len != 0) {
        memcpy(out, event->payload.data, event->payload.len);
    }
}


char *
et_row_encode_open(char *out, const et_event_t *event, uint64_t project)
{
    et_row_strings_t  list;

    et_row_list(&list, event, 0);

    out = et_row_head(out, event, project, event->n);
    out = et_row_varint(out, event->user_hash != 0);

    if (event->user_hash != 0) {
        out = et_row_u64(out, event->user_hash);
    }

    return et_row_list_put(out, &list);
}


size_t
et_row_fold_size(const et_event_t *event)
{
    et_row_strings_t  list;

    et_row_list(&list, event, 1);

    return ET_ROW_USERS + ET_ROW_FOLD_USERS * 8 + et_row_list_size(&list);
}


void
et_row_fold_encode(char *out, const et_event_t *event, uint64_t project)
{
    et_row_strings_t  list;

    et_row_list(&list, event, 1);

    out = et_row_head(out, event, project, 0);
    out = et_row_varint(out, ET_ROW_FOLD_USERS);

    memset(out, 0, ET_ROW_FOLD_USERS * 8);

    /* its payload is empty: nothing has to follow */

    (void) et_row_list_put(out + ET_ROW_FOLD_USERS * 8, &list);
}


static char *
et_row_head(char *p, const et_event_t *event, uint64_t project, uint64_t n)
{
    uint64_t  high, low;
    unsigned  i;

    *p++ = (char) event->kind;
    p = et_row_u64(p, n);
    p = et_row_u64(p, (uint64_t) event->timestamp);
    p = et_row_u64(p, (uint64_t) (event->first_timestamp != 0
                                  ? event->first_timestamp
                                  : event->timestamp));
    p = et_row_u64(p, (uint64_t) event->received);
    p = et_row_u64(p, project);
    p = et_row_u64(p, event->grouping_hash);
    *p++ = ET_GROUPING_VERSION;

    for (high = 0, low = 0, i = 0; i < 8; i++) {
        high = high << 8 | event->id[i];
        low = low << 8 | event->id[i + 8];
    }

    p = et_row_u64(p, high);

    return et_row_u64(p, low);
}


/*
 * A folded row stands for occurrences of many users, hosts and traces: it has
 * what they share, and is kept small.
 */

static void
et_row_list(et_row_strings_t *list, const et_event_t *event, int folded)
{
    size_t            n, max;
    et_slice_t       *s;
    const et_slice_t  none = { NULL, 0 };

    max = folded ? ET_ROW_FOLD_TEXT : (size_t) -1;
    s = list->before;
    n = 0;

    s[n++] = event->level;
    s[n++] = event->platform;
    s[n++] = et_row_cut(event->type, max);
    s[n++] = et_row_cut(event->value, max);
    s[n++] = et_row_cut(event->message, max);
    s[n++] = event->culprit;
    s[n++] = event->logger;
    s[n++] = event->environment;
    s[n++] = event->release;
    s[n++] = folded ? none : event->dist;
    s[n++] = folded ? none : event->server_name;
    s[n++] = folded ? none : event->transaction;
    s[n++] = folded ? none : event->trace_id;
    s[n++] = folded ? none : event->user_id;
    s[n++] = folded ? none : event->user_email;
    s[n++] = folded ? none : event->user_name;
    s[n++] = folded ? none : event->user_ip;

    list->nbefore = n;
    list->tags = event->tags;
    list->ntags = folded ? 0 : event->ntags;
    list->attributes = event->attributes;
    list->nattributes = folded ? 0 : event->nattributes;
    list->notes = event->notes;
    list->nnotes = folded ? 0 : event->nnotes;

    list->after[0] = event->sdk_name;
    list->after[1] = event->sdk_version;
    list->after[2] = folded ? none : event->grouping;
    list->after[3] = folded ? none : event->payload;
}


static size_t
et_row_list_size(const et_row_strings_t *list)
{
    size_t  i, size;

    size = et_row_map_size(list->tags, list->ntags)
           + et_row_map_size(list->attributes, list->nattributes)
           + et_row_varint_size(list->nnotes);

    for (i = 0; i < list->nbefore; i++) {
        size += et_row_string_size(list->before[i]);
    }

    for (i = 0; i < list->nnotes; i++) {
        size += et_row_string_size(list->notes[i]);
    }

    for (i = 0; i < 4; i++) {
        size += et_row_string_size(list->after[i]);
    }

    return size;
}


static char *
et_row_list_put(char *p, const et_row_strings_t *list)
{
    size_t  i;

    for (i = 0; i < list->nbefore; i++) {
        p = et_row_string(p, list->before[i]);
    }

    p = et_row_map(p, list->tags, list->ntags);
    p = et_row_map(p, list->attributes, list->nattributes);
    p = et_row_varint(p, list->nnotes);

    for (i = 0; i < list->nnotes; i++) {
        p = et_row_string(p, list->notes[i]);
    }

    for (i = 0; i < 3; i++) {
        p = et_row_string(p, list->after[i]);
    }

    return et_row_varint(p, list->after[3].len);
}


static et_slice_t
et_row_cut(et_slice_t s, size_t max)
{
    if (s.len > max) {
        s.len = et_utf8_prefix(s.data, s.len, max);
    }

    return s;
}
