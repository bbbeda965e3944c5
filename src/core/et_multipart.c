/*
 * Parts lie between delimiters, CRLF "--" boundary; the first may lack its
 * CRLF, the last has "--" behind it (RFC 2046, section 5.1).  A bare LF is
 * taken for CRLF in headers, as curl's and browsers' bodies are not the only
 * ones.
 */

#define _GNU_SOURCE            /* memmem() */

#include <string.h>

#include "et_multipart.h"


static int et_multipart_boundary(et_multipart_t *multipart,
    et_slice_t content_type);
static const char *et_multipart_line(const char *pos, const char *end,
    et_slice_t *line);
static void et_multipart_header(et_part_t *part, et_slice_t line);
static int et_multipart_param(et_slice_t text, const char *name,
    et_slice_t *value);
static et_slice_t et_multipart_trim(et_slice_t text);


int
et_multipart_open(et_multipart_t *multipart, et_slice_t content_type,
    et_slice_t body)
{
    const char  *p;

    memset(multipart, 0, sizeof(et_multipart_t));

    if (!et_multipart_boundary(multipart, content_type)) {
        return 0;
    }

    multipart->end = body.data + body.len;

    /* the first may stand at the very beginning, without its CRLF */

    if (body.len >= multipart->len - 2
        && memcmp(body.data, multipart->delimiter + 2, multipart->len - 2)
           == 0)
    {
        multipart->pos = body.data + multipart->len - 2;
        return 1;
    }

    p = body.len == 0 ? NULL : memmem(body.data, body.len,
                                      multipart->delimiter, multipart->len);
    if (p == NULL) {
        return 0;
    }

    multipart->pos = p + multipart->len;

    return 1;
}


et_reason_t
et_multipart_next(et_multipart_t *multipart, et_part_t *part, int *more)
{
    const char  *pos, *next;
    et_slice_t   line;

    *more = 0;

    memset(part, 0, sizeof(et_part_t));

    part->name = et_slice("", 0);
    part->filename = et_slice("", 0);
    part->content_type = et_slice("", 0);

    pos = multipart->pos;

    if (multipart->done
        || (multipart->end - pos >= 2 && pos[0] == '-' && pos[1] == '-'))
    {
        multipart->done = 1;
        return ET_OK;
    }

    /* what stands behind the boundary on its line is blank */

    pos = et_multipart_line(pos, multipart->end, &line);

    if (pos == NULL || et_multipart_trim(line).len != 0
        || ++multipart->parts > ET_MAX_PARTS)
    {
        return ET_BAD_MULTIPART;
    }

    for ( ;; ) {
        next = et_multipart_line(pos, multipart->end, &line);

        if (next == NULL || next - multipart->pos > ET_MAX_PART_HEAD) {
            return ET_BAD_MULTIPART;
        }

        if (line.len == 0) {
            break;
        }

        et_multipart_header(part, line);
        pos = next;
    }

    /* the delimiter of an empty part is the CRLF that ended its headers */

    pos = next;
    next = memmem(pos - 2, (size_t) (multipart->end - pos) + 2,
                  multipart->delimiter, multipart->len);
    if (next == NULL) {
        return ET_BAD_MULTIPART;
    }

    part->data = et_slice(pos, next > pos ? (size_t) (next - pos) : 0);
    multipart->pos = next + multipart->len;
    *more = 1;

    return ET_OK;
}


static int
et_multipart_boundary(et_multipart_t *multipart, et_slice_t content_type)
{
    et_slice_t         boundary;
    static const char  type[] = "multipart/form-data";

    if (content_type.len < sizeof(type)
        || !et_slice_eq_nocase(et_slice(content_type.data, sizeof(type) - 1),
                               et_slice(type, sizeof(type) - 1))
        || !et_multipart_param(content_type, "boundary", &boundary)
        || boundary.len == 0 || boundary.len > ET_MAX_BOUNDARY)
    {
        return 0;
    }

    memcpy(multipart->delimiter, "\r\n--", 4);
    memcpy(multipart->delimiter + 4, boundary.data, boundary.len);

    multipart->len = 4 + boundary.len;

    return 1;
}


/* A line without its CRLF or LF; the line after it, NULL where it has no
 * end. */

static const char *
et_multipart_line(const char *pos, const char *end, et_slice_t *line)
{
    size_t       len, max;
    const char  *newline;

    max = (size_t) (end - pos);

    if (max > ET_MAX_PART_HEAD) {
        max = ET_MAX_PART_HEAD;
    }

    newline = max == 0 ? NULL : memchr(pos, '\n', max);
    if (newline == NULL) {
        return NULL;
    }

    len = (size_t) (newline - pos);

    if (len != 0 && pos[len - 1] == '\r') {
        len--;
    }

    *line = et_slice(pos, len);

    return newline + 1;
}


static void
et_multipart_header(et_part_t *part, et_slice_t line)
{
    const char  *colon;
    et_slice_t   name, value;

    colon = memchr(line.data, ':', line.len);
    if (colon == NULL) {
        return;
    }

    name = et_slice(line.data, (size_t) (colon - line.data));
    value = et_multipart_trim(et_slice(colon + 1, line.len - name.len - 1));

    if (et_slice_eq_nocase(name, et_slice_str("content-type"))) {
        part->content_type = value;

    } else if (et_slice_eq_nocase(name, et_slice_str("content-disposition"))) {
        (void) et_multipart_param(value, "name", &part->name);
        part->file = et_multipart_param(value, "filename", &part->filename);
    }
}


/* ; name=value or ; name="value" (RFC 2045); 1, or 0 where it is absent. */

static int
et_multipart_param(et_slice_t text, const char *name, et_slice_t *value)
{
    size_t  i, from, len;

    len = strlen(name);

    for (i = 0; i < text.len; i++) {

        if (text.data[i] == '"') {

            /* a quoted value of another parameter */

            for (i++; i < text.len && text.data[i] != '"'; i++) {
                i += (text.data[i] == '\\');
            }

            continue;
        }

        if (text.data[i] != ';') {
            continue;
        }

        while (i + 1 < text.len && (text.data[i + 1] == ' '
                                    || text.data[i + 1] == '\t'))
        {
            i++;
        }

        if (text.len - i - 1 <= len || text.data[i + 1 + len] != '='
            || !et_slice_eq_nocase(et_slice(text.data + i + 1, len),
                                   et_slice(name, len)))
        {
            continue;
        }

        i += len + 2;
        from = i;

        if (i < text.len && text.data[i] == '"') {

            for (from = ++i; i < text.len && text.data[i] != '"'; i++) {
                i += (text.data[i] == '\\');
            }

            /* a backslash may be the last */

            i = i < text.len ? i : text.len;

            *value = et_slice(text.data + from, i - from);

            return 1;
        }

        while (i < text.len && text.data[i] != ';' && text.data[i] != ' ') {
            i++;
        }

        *value = et_slice(text.data + from, i - from);

        return 1;
    }

    return 0;
}


static et_slice_t
et_multipart_trim(et_slice_t text)
{
    while (text.len != 0 && (*text.data == ' ' || *text.data == '\t')) {
        text = et_slice(text.data + 1, text.len - 1);
    }

    while (text.len != 0 && (text.data[text.len - 1] == ' '
                             || text.data[text.len - 1] == '\t'))
    {
        text.len--;
    }

    return text;
}
