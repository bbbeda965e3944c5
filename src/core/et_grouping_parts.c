/*
 * The default parts of grouping: the exceptions, else a stack trace, else the
 * message, else what little there is.
 *
 * Promise: each frame is read a constant number of times.  A stack that
 * overflowed is one error, however deep it was: the reader has left its first
 * frames and its last.
 */

#include "et_grouping_internal.h"
#include "et_message.h"


/* which frames of a stack trace count */
typedef enum {
    ET_FRAMES_NONE = 0,
    ET_FRAMES_ALL,
    ET_FRAMES_IN_APP
} et_frames_t;

/* one rendered frame, and the one before, to tell recursion */
typedef struct {
    char    text[2][ET_FRAME_TEXT];
    size_t  len[2];
    int     current;
} et_frame_lines_t;


static int et_group_exceptions(et_group_t *g);
static int et_group_message(et_group_t *g);
static int et_template_is_bare(et_slice_t template);
static void et_group_frames(et_group_t *g, const cJSON *frames,
    et_frames_t use, const char *name);
static int et_frames_counts(et_group_t *g, const cJSON *json, et_frames_t use,
    et_frame_lines_t *lines);
static const cJSON *et_frames_crash(et_group_t *g, const cJSON *frames,
    et_frames_t *use);


void
et_group_default(et_group_t *g)
{
    et_frames_t        use;
    const et_event_t  *event;

    event = g->event;

    if (et_group_exceptions(g)) {
        return;
    }

    (void) et_frames_crash(g, event->frames, &use);

    if (use != ET_FRAMES_NONE) {
        et_group_frames(g, event->frames, use, "frame ");
        return;
    }

    if (et_group_message(g)) {
        return;
    }

    et_put_line(g, "event ", event->type);
    et_put_str(g, "/");
    et_put_text(g, event->level);
    et_put_str(g, "/");
    et_put_text(g, event->platform);
}


/* 0 where no exception says anything. */

static int
et_group_exceptions(et_group_t *g)
{
    int                    found;
    char                   type[ET_FRAME_NAME];
    size_t                 i, len;
    et_frames_t            use;
    const cJSON           *frames;
    const et_exception_t  *e;

    found = 0;

    for (i = 0; i < g->event->nexceptions; i++) {
        e = &g->event->exceptions[i];
        frames = e->frames;

        /* a stack trace beside the exceptions is the last one's */

        if (frames == NULL && i + 1 == g->event->nexceptions) {
            frames = g->event->frames;
        }

        (void) et_frames_crash(g, frames, &use);
        len = e->synthetic ? 0 : et_frame_class(e->type, g->lang, type);

        if (len == 0 && use == ET_FRAMES_NONE && e->value.len == 0) {
            continue;
        }

        found = 1;
        et_put_name(g, "exception");

        if (len != 0) {
            et_put(g, " ", 1);
            et_put(g, type, len);
        }

        if (use != ET_FRAMES_NONE) {
            et_group_frames(g, frames, use, "  frame ");

        } else if (e->value.len != 0) {
            et_put_line(g, "  value ",
                        et_message_parameterise(g->arena, e->value));
        }
    }

    return found;
}


static int
et_group_message(et_group_t *g)
{
    et_slice_t  text;

    text = g->event->message_template;

    if (et_template_is_bare(text)) {
        text = g->event->message;
    }

    text = et_message_parameterise(g->arena, text);

    if (text.len == 0) {
        return 0;
    }

    et_put_line(g, "message ", text);

    return 1;
}


/*
 * 1 where a template has no word of its own ("%s", "{}: {}"): then the
 * parameters are what was said.
 */

static int
et_template_is_bare(et_slice_t template)
{
    size_t         i;
    const char    *p;
    unsigned char  c;

    for (i = 0; i < template.len; i++) {
        c = (unsigned char) template.data[i];

        if (c == '{') {
            p = memchr(template.data + i, '}', template.len - i);
            if (p == NULL) {
                return 0;
            }

            i = p - template.data;

        } else if (c == '%') {
            i++;

            while (i < template.len
                   && memchr("-+ #.0123456789", template.data[i], 15) != NULL)
            {
                i++;
            }

        } else if (c >= 0x80 || (c >= '0' && c <= '9')
                   || (et_lower((char) c) >= 'a' && et_lower((char) c) <= 'z'))
        {
            return 0;
        }
    }

    return 1;
}


static void
et_group_frames(et_group_t *g, const cJSON *frames, et_frames_t use,
    const char *name)
{
    const cJSON       *item;
    et_frame_lines_t   lines;

    lines.len[0] = 0;
    lines.len[1] = 0;
    lines.current = 0;

    for (item = frames->child; item != NULL; item = item->next) {
        if (et_frames_counts(g, item, use, &lines)) {
            et_put_name(g, name);
            et_put(g, lines.text[lines.current], lines.len[lines.current]);
        }
    }
}


/* 1 where the frame counts: it is of those in use, says something, and says
 * something else than the one before. */

static int
et_frames_counts(et_group_t *g, const cJSON *json, et_frames_t use,
    et_frame_lines_t *lines)
{
    int          next;
    et_frame_t   frame;

    next = !lines->current;

    if (!et_frame_read(json, g->lang, &frame)
        || (use == ET_FRAMES_IN_APP && !frame.in_app))
    {
        return 0;
    }

    lines->len[next] = et_frame_text(&frame, lines->text[next]);

    if (lines->len[next] == 0
        || (lines->len[next] == lines->len[!next]
            && memcmp(lines->text[0], lines->text[1], lines->len[0]) == 0))
    {
        return 0;
    }

    lines->current = next;

    return 1;
}


/*
 * The frame to blame: the last in-app one that says something, else the last
 * one.  From the end, as it is the program's own code that mostly throws, or
 * calls what does.  NULL where no frame says anything.
 */

static const cJSON *
et_frames_crash(et_group_t *g, const cJSON *frames, et_frames_t *use)
{
    char          text[ET_FRAME_TEXT];
    et_frame_t    frame;
    const cJSON  *item, *crash;

    *use = ET_FRAMES_NONE;

    if (frames == NULL || frames->child == NULL) {
        return NULL;
    }

    crash = NULL;
    item = frames->child;

    do {
        item = item->prev;

        if ((crash != NULL && !et_frame_in_app(item))
            || !et_frame_read(item, g->lang, &frame)
            || et_frame_text(&frame, text) == 0)
        {
            continue;
        }

        if (frame.in_app) {
            *use = ET_FRAMES_IN_APP;
            return item;
        }

        *use = ET_FRAMES_ALL;
        crash = item;

    } while (item != frames->child);

    return crash;
}


const cJSON *
et_group_crash(et_group_t *g)
{
    size_t       i;
    et_frames_t  use;

    if (g->looked) {
        return g->crash;
    }

    g->looked = 1;

    for (i = g->event->nexceptions; i > 0 && g->crash == NULL; i--) {
        g->crash = et_frames_crash(g, g->event->exceptions[i - 1].frames,
                                   &use);
    }

    if (g->crash == NULL) {
        g->crash = et_frames_crash(g, g->event->frames, &use);
    }

    return g->crash;
}
