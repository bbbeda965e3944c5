/*
 * Frames: which of a frame's members count, and the text they make.  What a
 * name is normalised to stands in et_frame_name.c.
 */

#include "et_frame.h"
#include "et_frame_name.h"


typedef struct {
    et_slice_t  name;
    et_lang_t   lang;
} et_lang_name_t;


static et_slice_t *et_frame_slot(et_frame_t *frame, const char *name,
    et_slice_t *platform);
static size_t et_frame_join(char *out, size_t len, const char *function,
    size_t n);
static size_t et_frame_context(et_slice_t line, char *out);
static size_t et_frame_file(const et_frame_t *frame, char *out);
static et_slice_t et_frame_path(et_slice_t path, et_lang_t lang);
static size_t et_frame_copy(et_slice_t s, char *out);


static const et_lang_name_t  et_langs[] = {
    { ET_SLICE("javascript"), ET_LANG_JAVASCRIPT },
    { ET_SLICE("node"),       ET_LANG_JAVASCRIPT },
    { ET_SLICE("python"),     ET_LANG_PYTHON },
    { ET_SLICE("java"),       ET_LANG_JVM },
    { ET_SLICE("php"),        ET_LANG_PHP },
    { ET_SLICE("ruby"),       ET_LANG_RUBY },
    { ET_SLICE("go"),         ET_LANG_GO },
    { ET_SLICE("csharp"),     ET_LANG_DOTNET },
    { ET_SLICE("cocoa"),      ET_LANG_COCOA },
    { ET_SLICE("swift"),      ET_LANG_COCOA }
};


et_lang_t
et_frame_lang(et_slice_t platform)
{
    size_t  i;

    for (i = 0; i < sizeof(et_langs) / sizeof(et_langs[0]); i++) {
        if (et_slice_eq(platform, et_langs[i].name)) {
            return et_langs[i].lang;
        }
    }

    return ET_LANG_OTHER;
}


int
et_frame_read(const cJSON *json, et_lang_t lang, et_frame_t *frame)
{
    et_slice_t    platform, *slot;
    const cJSON  *item;

    memset(frame, 0, sizeof(et_frame_t));
    platform = et_slice(NULL, 0);

    if (!cJSON_IsObject(json)) {
        return 0;
    }

    for (item = json->child; item != NULL; item = item->next) {

        if (item->type & cJSON_String) {
            slot = et_frame_slot(frame, item->string, &platform);

            if (slot != NULL) {
                *slot = et_slice_str(item->valuestring);
            }

        } else if ((item->type & cJSON_True)
                   && strcmp(item->string, "in_app") == 0)
        {
            frame->in_app = 1;
        }
    }

    frame->lang = platform.len != 0 ? et_frame_lang(platform) : lang;

    return frame->module.len != 0 || frame->filename.len != 0
           || frame->abs_path.len != 0 || frame->function.len != 0;
}


/*
 * The slot of a frame's member, NULL where it is none of ours.  Two letters
 * tell all members that SDKs send apart, and keep most of them from being
 * compared.
 */

static et_slice_t *
et_frame_slot(et_frame_t *frame, const char *name, et_slice_t *platform)
{
    et_slice_t  *slot;
    const char  *known;

    switch (name[0]) {

    case 'a':
        known = "abs_path";
        slot = &frame->abs_path;
        break;

    case 'c':
        known = "context_line";
        slot = &frame->context_line;
        break;

    case 'f':
        known = (name[1] == 'i') ? "filename" : "function";
        slot = (name[1] == 'i') ? &frame->filename : &frame->function;
        break;

    case 'm':
        known = "module";
        slot = &frame->module;
        break;

    case 'p':
        known = (name[1] == 'l') ? "platform" : "package";
        slot = (name[1] == 'l') ? platform : &frame->package;
        break;

    default:
        return NULL;
    }

    if (name[1] != known[1] || strcmp(name, known) != 0) {
        return NULL;
    }

    return slot;
}


int
et_frame_in_app(const cJSON *json)
{
    const cJSON  *item;

    if (!cJSON_IsObject(json)) {
        return 0;
    }

    for (item = json->child; item != NULL; item = item->next) {

        if ((item->type & cJSON_True) && strcmp(item->string, "in_app") == 0) {
            return 1;
        }
    }

    return 0;
}


size_t
et_frame_text(const et_frame_t *frame, char out[ET_FRAME_TEXT])
{
    size_t  len, function;
    char    name[ET_FRAME_NAME];

    len = et_frame_module(frame, out);
    function = et_frame_function(frame, name);
    len = et_frame_join(out, len, name, function);

    switch (frame->lang) {

    case ET_LANG_JAVASCRIPT:
    case ET_LANG_PHP:
    case ET_LANG_PYTHON:
    case ET_LANG_RUBY:
        if (len != 0) {
            len += et_frame_context(frame->context_line, out + len);
        }

        break;

    default:
        break;
    }

    return len;
}


size_t
et_frame_culprit(const et_frame_t *frame, char out[ET_FRAME_TEXT])
{
    size_t  len, function;
    char    name[ET_FRAME_NAME];

    len = et_frame_class(frame->module, frame->lang, out);

    if (len == 0) {
        len = et_frame_copy(frame->filename.len != 0 ? frame->filename
                                                     : frame->abs_path, out);
        len = et_name_any(out, len);
    }

    function = et_frame_function(frame, name);

    return et_frame_join(out, len, name, function);
}


/* Appends " in " and the function's name, as far as there is one. */

static size_t
et_frame_join(char *out, size_t len, const char *function, size_t n)
{
    if (n == 0) {
        return len;
    }

    if (len != 0) {
        memcpy(out + len, " in ", 4);
        len += 4;
    }

    memcpy(out + len, function, n);

    return len + n;
}


size_t
et_frame_module(const et_frame_t *frame, char out[ET_FRAME_NAME])
{
    size_t  len;

    len = et_frame_class(frame->module, frame->lang, out);

    if (frame->lang == ET_LANG_JAVASCRIPT) {
        len = et_name_asset(out, len);
    }

    return len != 0 ? len : et_frame_file(frame, out);
}


size_t
et_frame_class(et_slice_t name, et_lang_t lang, char out[ET_FRAME_NAME])
{
    size_t  len;

    len = et_frame_copy(name, out);

    switch (lang) {

    case ET_LANG_PHP:
        len = et_name_php(out, len);
        break;

    case ET_LANG_DOTNET:
        len = et_name_dotnet(out, len);
        break;

    default:
        len = et_name_jvm(out, len);
        break;
    }

    return et_name_any(out, len);
}


size_t
et_frame_function(const et_frame_t *frame, char out[ET_FRAME_NAME])
{
    size_t  len;

    len = et_frame_copy(frame->function, out);

    switch (frame->lang) {

    case ET_LANG_PHP:
        len = et_name_php(out, len);
        break;

    case ET_LANG_RUBY:
        len = et_name_ruby(out, len);
        break;

    case ET_LANG_GO:
        len = et_name_go(out, len);
        break;

    case ET_LANG_DOTNET:
        len = et_name_dotnet(out, len);
        break;

    case ET_LANG_COCOA:
        len = et_name_swift(out, len);
        len = et_name_jvm(out, len);
        break;

    case ET_LANG_JAVASCRIPT:
        len = et_name_javascript(out, len);
        len = et_name_jvm(out, len);    /* bundlers number by foo$1, too */
        break;

    case ET_LANG_PYTHON:
        break;

    default:
        len = et_name_jvm(out, len);
        break;
    }

    return et_name_any(out, len);
}


/* " | " and the line with its blanks folded; 0 where there is none or it is
 * too long. */

static size_t
et_frame_context(et_slice_t line, char *out)
{
    int            blank;
    char          *p;
    size_t         i, n;
    unsigned char  c;

    memcpy(out, " | ", 3);
    p = out + 3;
    blank = 0;
    n = 0;

    for (i = 0; i < line.len; i++) {
        c = (unsigned char) line.data[i];

        if (c <= 0x20 || c == 0x7f) {
            blank = (n != 0);
            continue;
        }

        n += blank + ((c & 0xc0) != 0x80);

        /* the bytes are counted, too: the text may be no UTF-8 */

        if (n > ET_FRAME_CONTEXT || p - out > 4 * ET_FRAME_CONTEXT) {
            return 0;
        }

        if (blank) {
            *p++ = ' ';
            blank = 0;
        }

        *p++ = (char) c;
    }

    return n == 0 ? 0 : p - out;
}


static size_t
et_frame_file(const et_frame_t *frame, char *out)
{
    size_t                   i, len;
    et_slice_t               path;
    static const et_slice_t  blob = ET_SLICE("blob:"), data = ET_SLICE("data:");

    path = frame->filename.len != 0 ? frame->filename : frame->abs_path;

    if (path.len == 0) {
        return 0;
    }

    if (et_starts_with(path.data, path.len, blob)
        || et_starts_with(path.data, path.len, data))
    {
        memcpy(out, path.data, 4);
        return 4;
    }

    path = et_frame_base_name(et_frame_path(path, frame->lang));
    len = et_frame_copy(path, out);

    if (frame->lang == ET_LANG_JAVASCRIPT) {
        len = et_name_asset(out, len);
    }

    for (i = 0; i < len; i++) {
        out[i] = et_lower(out[i]);
    }

    return et_name_any(out, len);
}


/* The part of a path that has no query, no fragment and no line number. */

static et_slice_t
et_frame_path(et_slice_t path, et_lang_t lang)
{
    size_t      i;
    const char  *p;

    if (lang == ET_LANG_JAVASCRIPT) {
        for (i = 0; i < path.len; i++) {
            if (path.data[i] == '?' || path.data[i] == '#') {
                path.len = i;
            }
        }
    }

    /* PHP: "a.php(12) : eval()'d code" */

    if (lang == ET_LANG_PHP) {
        p = memchr(path.data, '(', path.len);

        if (p != NULL && p + 1 < path.data + path.len && et_is_digit(p[1])) {
            path.len = p - path.data;
        }
    }

    return path;
}


et_slice_t
et_frame_base_name(et_slice_t path)
{
    size_t  i;

    for (i = path.len; i > 0; i--) {
        if (path.data[i - 1] == '/' || path.data[i - 1] == '\\') {
            return et_slice(path.data + i, path.len - i);
        }
    }

    return path;
}


/* Copies a name of at most ET_FRAME_NAME bytes without control characters. */

static size_t
et_frame_copy(et_slice_t s, char *out)
{
    size_t  i, len;

    len = et_utf8_prefix(s.data, s.len, ET_FRAME_NAME);

    for (i = 0; i < len; i++) {
        out[i] = ((unsigned char) s.data[i] < 0x20 || s.data[i] == 0x7f)
                 ? ' ' : s.data[i];
    }

    return len;
}
