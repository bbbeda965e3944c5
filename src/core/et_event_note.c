/*
 * Notes: what normalising an event dropped, cut or replaced, for the person
 * who looks for a value that is not there.
 */

#include <stdarg.h>
#include <stdio.h>

#include "et_event.h"


void
et_event_note(et_arena_t *arena, et_event_t *event, const char *format, ...)
{
    int         n;
    char        text[ET_MAX_NOTE * 4];
    size_t      i;
    va_list     args;
    et_slice_t  note;

    if (event->nnotes == ET_MAX_NOTES) {
        return;
    }

    if (event->notes == NULL) {
        event->notes = et_arena_alloc(arena,
                                      ET_MAX_NOTES * sizeof(et_slice_t));
        if (event->notes == NULL) {
            return;
        }
    }

    va_start(args, format);
    n = vsnprintf(text, sizeof(text), format, args);
    va_end(args);

    if (n < 0) {
        return;
    }

    if ((size_t) n >= sizeof(text)) {
        n = sizeof(text) - 1;
    }

    note = et_slice(text, et_utf8_prefix(text, n, ET_MAX_NOTE));

    for (i = 0; i < event->nnotes; i++) {
        if (et_slice_eq(event->notes[i], note)) {
            return;
        }
    }

    note = et_arena_copy(arena, note);
    if (note.data == NULL) {
        return;
    }

    event->notes[event->nnotes++] = note;
}
