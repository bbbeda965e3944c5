/*
 * A frame of a stack trace, as grouping and the culprit see it: where, in
 * what function, and for some languages the line of source.
 *
 * Promise: what a compiler, a framework or a deploy makes up anew (numbers
 * of lambdas and proxies, hashes in file names, line numbers) is not in the
 * text; the text has no control character and at most ET_FRAME_TEXT bytes.
 */

#ifndef ET_FRAME_H
#define ET_FRAME_H

#include "et_json.h"


/* A module's or a function's name is looked at up to here, bytes.  C++
 * spells out templates; what differs further on is one. */
#define ET_FRAME_NAME     512

/* A line of source longer than this, in characters, is generated or
 * minified: a deploy changes it, and it says nothing. */
#define ET_FRAME_CONTEXT  120

/* "<name> in <name> | <context, 4 bytes a character>" */
#define ET_FRAME_TEXT     (2 * ET_FRAME_NAME + 4 * ET_FRAME_CONTEXT + 16)


/* languages whose names need to be normalised, or whose source counts */
typedef enum {
    ET_LANG_OTHER = 0,
    ET_LANG_COCOA,
    ET_LANG_DOTNET,
    ET_LANG_GO,
    ET_LANG_JAVASCRIPT,        /* node, too */
    ET_LANG_JVM,
    ET_LANG_PHP,
    ET_LANG_PYTHON,
    ET_LANG_RUBY
} et_lang_t;

typedef struct {
    et_slice_t  module;
    et_slice_t  filename;
    et_slice_t  abs_path;
    et_slice_t  function;
    et_slice_t  context_line;
    et_slice_t  package;
    et_lang_t   lang;
    unsigned    in_app:1;
} et_frame_t;


et_lang_t et_frame_lang(et_slice_t platform);

/*
 * One pass over the object's members; a field of the wrong type is "".  lang
 * is the event's; the frame's own platform wins.  1, or 0 where json is no
 * object or names neither a place nor a function.
 */
int et_frame_read(const cJSON *json, et_lang_t lang, et_frame_t *frame);

/* The same's in_app alone. */
int et_frame_in_app(const cJSON *json);

/* "module in function | context" or as much of it as there is; the length,
 * 0 where neither the place nor the function has a name that means anything. */
size_t et_frame_text(const et_frame_t *frame, char out[ET_FRAME_TEXT]);

/* The same for people to read: the file as it was sent, no context. */
size_t et_frame_culprit(const et_frame_t *frame, char out[ET_FRAME_TEXT]);

/* The parts of it: the length, 0 where there is none. */
size_t et_frame_module(const et_frame_t *frame, char out[ET_FRAME_NAME]);
size_t et_frame_function(const et_frame_t *frame, char out[ET_FRAME_NAME]);

/* What is behind a path's last slash or backslash. */
et_slice_t et_frame_base_name(et_slice_t path);

/* A class's name (an exception's type) normalised as a module's. */
size_t et_frame_class(et_slice_t name, et_lang_t lang,
    char out[ET_FRAME_NAME]);


#endif /* ET_FRAME_H */
