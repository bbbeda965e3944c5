/*
 * The event's own JSON as it is kept: what was sent, but for what would be
 * too large to keep, for times where the sender's clock is wrong, and for
 * legacy names of fields, which are replaced by today's.
 *
 * Frames that go from the text go from the tree as well: an event is grouped
 * by what is kept of it, and can be again.
 *
 * Two walks over the event, led by one table of the places that matter.  The
 * first looks at cJSON's tree alone and finds out whether anything has to
 * change; mostly nothing has, and the text is passed on untouched.  The second
 * goes through the tree and the text side by side, as both have the same
 * values in the same order, and notes what is replaced.
 *
 * Promise: what is kept is JSON again.  Both walks are linear in the text, and
 * the text never gets longer but by ET_MAX_TIMES numbers.
 */

#include <stdio.h>

#include "et_event_internal.h"
#include "et_json_skip.h"
#include "et_splice.h"


#define ET_MAX_BODY       (8 * 1024)   /* bytes of request.data */
#define ET_MAX_EXTRA      (16 * 1024)  /* bytes of each item of extra */
#define ET_MAX_FRAMES     50           /* of a stack trace */

#define ET_MAX_TIMES      200          /* timestamps that are shifted */
#define ET_TIME_TEXT      32           /* bytes of one, printed */

#define ET_EXTRA_NOTE     48           /* bytes of a name that a note has */

/* what a number, a boolean and null weigh, bytes */
#define ET_SCALAR_WEIGHT  8


/* Where in an event the walk is, or what is to be done with the value. */

typedef enum {
    ET_AT_NOTHING = 0,
    ET_AT_EVENT,
    ET_AT_EXCEPTION,           /* its list, too; so with the next ones */
    ET_AT_THREAD,
    ET_AT_BREADCRUMB,
    ET_AT_STACKTRACE,
    ET_AT_LOGENTRY,
    ET_AT_REQUEST,
    ET_AT_EXTRA,
    ET_CUT_FRAMES,
    ET_CUT_MESSAGE,
    ET_CUT_BODY,
    ET_CUT_EXTRA,
    ET_SHIFT_TIME,
    ET_AT_COUNT
} et_payload_at_t;

typedef struct {
    const char      *name;     /* of a member; NULL ends a list */
    et_payload_at_t  then;
    const char      *field;    /* what the event's field is called today */
    const char      *today;    /* of a legacy name: the same, quoted */
} et_payload_place_t;

/* whether a legacy name is replaced */
typedef enum {
    ET_NAME_UNKNOWN = 0,
    ET_NAME_KEPT,
    ET_NAME_REPLACED
} et_payload_rename_t;

#define ET_PLACES  32          /* names that an event may have */

typedef struct {
    et_arena_t           *arena;
    et_event_t           *event;
    const cJSON          *root;
    int64_t               drift;
    unsigned              times;
    const char           *field;   /* of the event, that the walk is in */
    et_slice_t            text;
    et_splices_t          splices;
    et_payload_rename_t   renames[ET_PLACES];
} et_payload_t;

/* kinds of frames, in the order in which they are kept */
typedef enum {
    ET_FRAME_END = 0,          /* the first and the last */
    ET_FRAME_OWN,              /* in-app */
    ET_FRAME_OTHER,
    ET_FRAME_AGAIN,            /* the function of the frame before, or none */
    ET_FRAME_KINDS
} et_payload_frame_t;

/* which frames of one kind go: those from first to last */
typedef struct {
    size_t         n;
    size_t         first;
    size_t         last;       /* excluded */
    size_t         passed;
} et_payload_gap_t;


static int et_payload_concerned(et_payload_t *p, const cJSON *item,
    et_payload_at_t at);
static const et_payload_place_t *et_payload_place(et_payload_at_t at,
    const char *name);
static et_payload_at_t et_payload_then(et_payload_at_t at, const cJSON *child,
    const et_payload_place_t *place);
static et_payload_rename_t *et_payload_rename(et_payload_t *p,
    const et_payload_place_t *place);
static size_t et_payload_limit(const cJSON *item, et_payload_at_t at);
static size_t et_payload_weight(const cJSON *item, size_t limit);

static size_t et_payload_walk(et_payload_t *p, const cJSON *item,
    et_payload_at_t at, size_t pos);
static size_t et_payload_name(et_payload_t *p,
    const et_payload_place_t *place, size_t pos);
static size_t et_payload_frames(et_payload_t *p, const cJSON *frames,
    size_t pos);
static et_payload_frame_t et_payload_frame(const cJSON *frame,
    const cJSON *before);
static void et_payload_link(const cJSON *frames, const cJSON *last,
    const cJSON *frame);
static size_t et_payload_gap(et_payload_gap_t *gap, size_t keep);
static int et_payload_in_gap(et_payload_gap_t *gap);
static size_t et_payload_cut(et_payload_t *p, const cJSON *item,
    et_payload_at_t at, size_t pos);
static size_t et_payload_cut_value(et_payload_t *p, const cJSON *item,
    size_t *left, size_t pos);
static size_t et_payload_cut_text(et_payload_t *p, size_t left, size_t pos);
static size_t et_payload_time(et_payload_t *p, const cJSON *item, size_t pos);


static const et_payload_place_t  et_payload_event[] = {
    { "timestamp", ET_SHIFT_TIME, "timestamp", NULL },
    { "exception", ET_AT_EXCEPTION, "exception", NULL },
    { "threads", ET_AT_THREAD, "threads", NULL },
    { "stacktrace", ET_AT_STACKTRACE, "stacktrace", NULL },
    { "breadcrumbs", ET_AT_BREADCRUMB, "breadcrumbs", NULL },
    { "logentry", ET_AT_LOGENTRY, "logentry", NULL },
    { "message", ET_AT_LOGENTRY, "message", NULL },
    { "request", ET_AT_REQUEST, "request", NULL },
    { "extra", ET_AT_EXTRA, "extra", NULL },

    { "sentry.interfaces.Exception", ET_AT_EXCEPTION, "exception",
      "\"exception\"" },
    { "sentry.interfaces.Threads", ET_AT_THREAD, "threads",
      "\"threads\"" },
    { "sentry.interfaces.Stacktrace", ET_AT_STACKTRACE, "stacktrace",
      "\"stacktrace\"" },
    { "sentry.interfaces.Breadcrumbs", ET_AT_BREADCRUMB, "breadcrumbs",
      "\"breadcrumbs\"" },
    { "sentry.interfaces.Message", ET_AT_LOGENTRY, "logentry",
      "\"logentry\"" },
    { "sentry.interfaces.Http", ET_AT_REQUEST, "request",
      "\"request\"" },
    { "sentry.interfaces.User", ET_AT_NOTHING, "user",
      "\"user\"" },
    { "sentry.interfaces.Contexts", ET_AT_NOTHING, "contexts",
      "\"contexts\"" },
    { "sentry.interfaces.Template", ET_AT_NOTHING, "template",
      "\"template\"" },
    { "sentry.interfaces.Csp", ET_AT_NOTHING, "csp",
      "\"csp\"" },
    { NULL, ET_AT_NOTHING, NULL, NULL }
};

static const et_payload_place_t  et_payload_exception[] = {
    { "values", ET_AT_EXCEPTION, NULL, NULL },
    { "value", ET_CUT_MESSAGE, NULL, NULL },
    { "stacktrace", ET_AT_STACKTRACE, NULL, NULL },
    { "raw_stacktrace", ET_AT_STACKTRACE, NULL, NULL },
    { NULL, ET_AT_NOTHING, NULL, NULL }
};

static const et_payload_place_t  et_payload_thread[] = {
    { "values", ET_AT_THREAD, NULL, NULL },
    { "stacktrace", ET_AT_STACKTRACE, NULL, NULL },
    { "raw_stacktrace", ET_AT_STACKTRACE, NULL, NULL },
    { NULL, ET_AT_NOTHING, NULL, NULL }
};

static const et_payload_place_t  et_payload_breadcrumb[] = {
    { "values", ET_AT_BREADCRUMB, NULL, NULL },
    { "timestamp", ET_SHIFT_TIME, NULL, NULL },
    { NULL, ET_AT_NOTHING, NULL, NULL }
};

static const et_payload_place_t  et_payload_stacktrace[] = {
    { "frames", ET_CUT_FRAMES, NULL, NULL },
    { NULL, ET_AT_NOTHING, NULL, NULL }
};

static const et_payload_place_t  et_payload_logentry[] = {
    { "message", ET_CUT_MESSAGE, NULL, NULL },
    { "formatted", ET_CUT_MESSAGE, NULL, NULL },
    { NULL, ET_AT_NOTHING, NULL, NULL }
};

static const et_payload_place_t  et_payload_request[] = {
    { "data", ET_CUT_BODY, NULL, NULL },
    { NULL, ET_AT_NOTHING, NULL, NULL }
};

static const et_payload_place_t *const  et_payload_places[ET_AT_COUNT] = {
    [ET_AT_EVENT] = et_payload_event,
    [ET_AT_EXCEPTION] = et_payload_exception,
    [ET_AT_THREAD] = et_payload_thread,
    [ET_AT_BREADCRUMB] = et_payload_breadcrumb,
    [ET_AT_STACKTRACE] = et_payload_stacktrace,
    [ET_AT_LOGENTRY] = et_payload_logentry,
    [ET_AT_REQUEST] = et_payload_request
};

_Static_assert(ET_EVENT_NAMES(et_payload_event) <= ET_PLACES,
               "each name has room");


void
et_event_keep_payload(et_arena_t *arena, et_event_t *event, const cJSON *root,
    char *text, size_t len, int64_t drift)
{
    char          *out;
    size_t         size;
    et_payload_t   p;

    p.arena = arena;
    p.event = event;
    p.root = root;
    p.drift = drift;
    p.times = 0;
    p.field = "";
    p.text = et_slice(text, len);

    memset(p.renames, 0, sizeof(p.renames));

    event->payload = et_slice(text, len);

    if (!et_payload_concerned(&p, root, ET_AT_EVENT)) {
        return;
    }

    et_splices_init(&p.splices, arena, text, len);

    (void) et_payload_walk(&p, root, ET_AT_EVENT,
                           et_json_blank_end(p.text, 0));

    out = et_splices_apply(&p.splices, &size);

    if (out != NULL) {
        event->payload = et_slice(out, size);
    }
}


/* 1 where something in the item has to change. */

static int
et_payload_concerned(et_payload_t *p, const cJSON *item, et_payload_at_t at)
{
    size_t                     n;
    const cJSON               *child;
    const et_payload_place_t  *place;

    switch (at) {

    case ET_AT_NOTHING:
        return 0;

    case ET_SHIFT_TIME:
        return p->drift != 0;

    case ET_CUT_FRAMES:
        n = 0;

        for (child = item->child; child != NULL && n <= ET_MAX_FRAMES;
             child = child->next)
        {
            n++;
        }

        return n > ET_MAX_FRAMES && cJSON_IsArray(item);

    case ET_CUT_MESSAGE:
    case ET_CUT_BODY:
    case ET_CUT_EXTRA:
        return et_payload_limit(item, at) != 0;

    case ET_AT_LOGENTRY:
        if (cJSON_IsString(item)) {
            return et_payload_limit(item, ET_CUT_MESSAGE) != 0;
        }

        break;

    case ET_AT_BREADCRUMB:
        if (p->drift == 0) {
            return 0;
        }

        break;

    case ET_AT_REQUEST:
        if (p->text.len <= ET_MAX_BODY) {
            return 0;
        }

        break;

    case ET_AT_EXTRA:
        if (p->text.len <= ET_MAX_EXTRA) {
            return 0;
        }

        break;

    default:
        break;
    }

    for (child = item->child; child != NULL; child = child->next) {

        place = et_payload_place(at, child->string);

        if ((place != NULL && place->today != NULL
             && *et_payload_rename(p, place) == ET_NAME_REPLACED)
            || et_payload_concerned(p, child,
                                    et_payload_then(at, child, place)))
        {
            return 1;
        }
    }

    return 0;
}


/* NULL where nothing is known of the name, or there is none. */

static const et_payload_place_t *
et_payload_place(et_payload_at_t at, const char *name)
{
    const et_payload_place_t  *place;

    place = et_payload_places[at];

    if (name == NULL || place == NULL) {
        return NULL;
    }

    for ( /* void */ ; place->name != NULL; place++) {
        if (place->name[0] == name[0] && strcmp(place->name, name) == 0) {
            return place;
        }
    }

    return NULL;
}


/* Where a child leads to: an element of a list is where the list is. */

static et_payload_at_t
et_payload_then(et_payload_at_t at, const cJSON *child,
    const et_payload_place_t *place)
{
    if (at == ET_AT_EXTRA) {
        return ET_CUT_EXTRA;
    }

    if (child->string == NULL) {
        return at;
    }

    return (place != NULL) ? place->then : ET_AT_NOTHING;
}


/* A legacy name is replaced where today's is not there as well, once.  The
 * place is one that has a name of today. */

static et_payload_rename_t *
et_payload_rename(et_payload_t *p, const et_payload_place_t *place)
{
    size_t                len;
    const cJSON          *item;
    et_payload_rename_t  *rename;

    rename = &p->renames[place - et_payload_event];

    if (*rename != ET_NAME_UNKNOWN) {
        return rename;
    }

    *rename = ET_NAME_KEPT;

    len = strlen(place->today) - 2;

    for (item = p->root->child; item != NULL; item = item->next) {
        if (strncmp(item->string, place->today + 1, len) == 0
            && item->string[len] == '\0')
        {
            return rename;
        }
    }

    *rename = ET_NAME_REPLACED;

    return rename;
}


/* What the value may weigh, where it weighs more; else 0. */

static size_t
et_payload_limit(const cJSON *item, et_payload_at_t at)
{
    size_t  limit;

    switch (at) {

    case ET_CUT_MESSAGE:
        limit = ET_MAX_MESSAGE;
        break;

    case ET_CUT_BODY:
        limit = ET_MAX_BODY;
        break;

    default: /* ET_CUT_EXTRA */
        limit = ET_MAX_EXTRA;
        break;
    }

    return et_payload_weight(item, limit) > limit ? limit : 0;
}


/* The bytes of a value's texts and names, and some for each other value.
 * What is above the limit is not counted to its end. */

static size_t
et_payload_weight(const cJSON *item, size_t limit)
{
    size_t        weight;
    const cJSON  *child;

    if (cJSON_IsString(item)) {
        return strnlen(item->valuestring, limit + 1);
    }

    weight = ET_SCALAR_WEIGHT;

    for (child = item->child; child != NULL && weight <= limit;
         child = child->next)
    {
        if (child->string != NULL) {
            weight += strnlen(child->string, limit + 1);
        }

        weight += et_payload_weight(child, limit);
    }

    return weight;
}


/* Goes through the item, whose text begins at pos, and returns its end. */

static size_t
et_payload_walk(et_payload_t *p, const cJSON *item, et_payload_at_t at,
    size_t pos)
{
    const cJSON               *child;
    const et_payload_place_t  *place;

    switch (at) {

    case ET_CUT_FRAMES:
        return et_payload_frames(p, item, pos);

    case ET_CUT_MESSAGE:
    case ET_CUT_BODY:
    case ET_CUT_EXTRA:
        return et_payload_cut(p, item, at, pos);

    case ET_SHIFT_TIME:
        return et_payload_time(p, item, pos);

    case ET_AT_LOGENTRY:
        if (cJSON_IsString(item)) {
            return et_payload_cut(p, item, ET_CUT_MESSAGE, pos);
        }

        break;

    default:
        break;
    }

    if (at == ET_AT_NOTHING || item->child == NULL) {
        return et_json_value_end(p->text, pos);
    }

    pos++;

    for (child = item->child; child != NULL; child = child->next) {
        place = et_payload_place(at, child->string);
        pos = et_json_blank_end(p->text, pos);

        if (child->string != NULL) {
            pos = et_payload_name(p, place, pos);
        }

        if (at == ET_AT_EVENT && place != NULL) {
            p->field = place->field;
        }

        pos = et_payload_walk(p, child, et_payload_then(at, child, place),
                              pos);

        /* a comma, or the bracket's end */

        pos = et_json_blank_end(p->text, pos) + 1;
    }

    return pos;
}


/* A member's name and the colon behind it; returns where its value begins. */

static size_t
et_payload_name(et_payload_t *p, const et_payload_place_t *place, size_t pos)
{
    size_t                end;
    et_payload_rename_t  *rename;

    end = et_json_string_end(p->text, pos);

    if (place != NULL && place->today != NULL) {
        rename = et_payload_rename(p, place);

        if (*rename == ET_NAME_REPLACED) {
            (void) et_splice(&p->splices, pos, end,
                             et_slice_str(place->today));
            *rename = ET_NAME_KEPT;
        }
    }

    return et_json_blank_end(p->text, et_json_blank_end(p->text, end) + 1);
}


/*
 * Of more frames than are kept the first and the last stay, and of those
 * between the program's own rather than others, and others rather than those
 * of a recursion; of each kind, the middle goes.
 */

static size_t
et_payload_frames(et_payload_t *p, const cJSON *frames, size_t pos)
{
    int                    kept;
    size_t                 n, keep, start, value, end, next;
    const cJSON           *item, *before, *last;
    et_payload_gap_t       gaps[ET_FRAME_KINDS];
    et_payload_frame_t     kind;

    memset(gaps, 0, sizeof(gaps));
    n = 0;

    for (item = frames->child; item != NULL; item = item->next) {
        before = (n != 0) ? item->prev : NULL;
        gaps[et_payload_frame(item, before)].n++;
        n++;
    }

    if (n <= ET_MAX_FRAMES || !cJSON_IsArray(frames)) {
        return et_json_value_end(p->text, pos);
    }

    keep = ET_MAX_FRAMES;

    for (kind = 0; kind < ET_FRAME_KINDS; kind++) {
        keep -= et_payload_gap(&gaps[kind], keep);
    }

    end = pos + 1;
    last = NULL;
    before = NULL;

    for (item = frames->child; item != NULL; item = item->next) {
        start = end;

        if (before != NULL) {
            end = et_json_blank_end(p->text, end) + 1;    /* the comma */
        }

        value = et_json_blank_end(p->text, end);
        end = et_json_value_end(p->text, value);

        kept = !et_payload_in_gap(&gaps[et_payload_frame(item, before)]);

        if (kept) {
            et_payload_link(frames, last, item);
            last = item;

        } else if (last != NULL) {
            (void) et_splice(&p->splices, start, end, et_slice("", 0));

        } else {

            /* with the comma behind it */

            next = et_json_blank_end(p->text, end) + 1;
            (void) et_splice(&p->splices, value, next, et_slice("", 0));
        }

        before = item;
    }

    et_payload_link(frames, last, NULL);

    et_event_note(p->arena, p->event, "stacktrace.frames: %d of %zu kept",
                  ET_MAX_FRAMES, n);

    return et_json_blank_end(p->text, end) + 1;
}


/*
 * Makes the frame the next behind the last that is kept; NULL is the end.  A
 * frame behind it has not been come to yet, so that the list is still whole
 * there.
 */

static void
et_payload_link(const cJSON *frames, const cJSON *last, const cJSON *frame)
{
    if (last == NULL) {
        ((cJSON *) frames)->child = (cJSON *) frame;

    } else {
        ((cJSON *) last)->next = (cJSON *) frame;
    }

    if (frame != NULL) {
        ((cJSON *) frame)->prev = (cJSON *) last;

    } else {
        frames->child->prev = (cJSON *) last;
    }
}


/* The kind of a frame, by the one before it, if any. */

static et_payload_frame_t
et_payload_frame(const cJSON *frame, const cJSON *before)
{
    size_t                     i;
    et_slice_t                 name;
    static const char  *const  names[] = { "function", "module", "filename" };

    if (!cJSON_IsObject(frame)) {
        return ET_FRAME_AGAIN;
    }

    if (before == NULL) {
        return ET_FRAME_END;
    }

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        name = et_json_str(et_json_get(frame, names[i]));

        if ((i == 0 && name.len == 0)
            || !et_slice_eq(name, et_json_str(et_json_get(before, names[i]))))
        {
            break;
        }
    }

    if (i == sizeof(names) / sizeof(names[0])) {
        return ET_FRAME_AGAIN;
    }

    if (frame->next == NULL) {
        return ET_FRAME_END;
    }

    return cJSON_IsTrue(et_json_get(frame, "in_app")) ? ET_FRAME_OWN
                                                      : ET_FRAME_OTHER;
}


/* Of the frames of a kind at most so many are kept, around the gap: how many
 * that are. */

static size_t
et_payload_gap(et_payload_gap_t *gap, size_t keep)
{
    if (gap->n <= keep) {
        return gap->n;
    }

    gap->first = keep / 2;
    gap->last = gap->n - (keep - keep / 2);

    return keep;
}


/* 1 where the next frame of the kind goes. */

static int
et_payload_in_gap(et_payload_gap_t *gap)
{
    size_t  i;

    i = gap->passed++;

    return i >= gap->first && i < gap->last;
}


static size_t
et_payload_cut(et_payload_t *p, const cJSON *item, et_payload_at_t at,
    size_t pos)
{
    int          n;
    size_t       limit, left;
    const char  *name;

    limit = et_payload_limit(item, at);

    if (limit == 0) {
        return et_json_value_end(p->text, pos);
    }

    /* a message's note is that of the column, which is cut as well */

    if (at == ET_CUT_MESSAGE) {
        et_event_note(p->arena, p->event, "%s%s: cut to %zu bytes", p->field,
                      strcmp(p->field, "exception") == 0 ? ".value" : "",
                      limit);

    } else {
        name = (item->string != NULL) ? item->string : "";
        n = (int) et_utf8_prefix(name, strlen(name), ET_EXTRA_NOTE);

        et_event_note(p->arena, p->event, "%s%s%.*s: cut to %zu bytes",
                      p->field, n != 0 ? "." : "", n, name, limit);
    }

    left = limit;

    return et_payload_cut_value(p, item, &left, pos);
}


/* Keeps as much of the item as *left is, which it takes off. */

static size_t
et_payload_cut_value(et_payload_t *p, const cJSON *item, size_t *left,
    size_t pos)
{
    int           dropped;
    size_t        n, kept;
    const cJSON  *child;

    if (cJSON_IsString(item)) {
        n = strnlen(item->valuestring, *left + 1);

        if (n > *left) {
            n = *left;
            *left = 0;

            return et_payload_cut_text(p, n, pos);
        }

        *left -= n;

        return et_json_string_end(p->text, pos);
    }

    *left -= (*left < ET_SCALAR_WEIGHT) ? *left : ET_SCALAR_WEIGHT;

    if (item->child == NULL) {
        return et_json_value_end(p->text, pos);
    }

    pos++;
    kept = pos;
    dropped = 0;

    for (child = item->child; child != NULL; child = child->next) {

        if (child->string != NULL) {
            n = strnlen(child->string, *left + 1);
            *left -= (n > *left) ? *left : n;
        }

        pos = et_json_blank_end(p->text, pos);

        if (child->string != NULL) {
            pos = et_payload_name(p, NULL, pos);
        }

        if (*left == 0) {
            dropped = 1;
            pos = et_json_value_end(p->text, pos);
            pos = et_json_blank_end(p->text, pos) + 1;
            continue;
        }

        pos = et_payload_cut_value(p, child, left, pos);
        kept = pos;
        pos = et_json_blank_end(p->text, pos) + 1;
    }

    /* the bracket stays */

    if (dropped) {
        (void) et_splice(&p->splices, kept, pos - 1, et_slice("", 0));
    }

    return pos;
}


/* Cuts a string behind so many bytes of its value, between characters. */

static size_t
et_payload_cut_text(et_payload_t *p, size_t left, size_t pos)
{
    size_t       n, weight, cut, end;
    const char  *text;

    text = p->text.data;
    end = et_json_string_end(p->text, pos);

    for (cut = pos + 1; cut + 1 < end; cut += n) {

        if (text[cut] != '\\') {
            for (n = 1; (text[cut + n] & 0xc0) == 0x80; n++) { /* void */ }
            weight = n;

        } else if (text[cut + 1] != 'u') {
            n = 2;
            weight = 1;

        } else if (et_lower(text[cut + 2]) == 'd'
                   && memchr("89abAB", text[cut + 3], 6) != NULL)
        {
            n = 12;            /* half of a pair has its other half */
            weight = 4;

        } else {
            n = 6;
            weight = 3;
        }

        if (weight > left) {
            break;
        }

        left -= weight;
    }

    (void) et_splice(&p->splices, cut, end - 1, et_slice("...", 3));

    return end;
}


static size_t
et_payload_time(et_payload_t *p, const cJSON *item, size_t pos)
{
    int         n;
    char        text[ET_TIME_TEXT];
    size_t      end;
    int64_t     us;
    et_slice_t  copy;

    end = et_json_value_end(p->text, pos);

    if (p->drift == 0 || p->times == ET_MAX_TIMES
        || !et_event_time(item, &us) || us + p->drift < 0)
    {
        return end;
    }

    us += p->drift;

    n = snprintf(text, sizeof(text), "%lld.%06d",
                 (long long) (us / ET_SECOND), (int) (us % ET_SECOND));

    copy = et_arena_copy(p->arena, et_slice(text, n));

    if (copy.data != NULL) {
        p->times++;
        (void) et_splice(&p->splices, pos, end, copy);
    }

    return end;
}
