/*
 * A value's end is found by its quotes and brackets alone.
 */

#include "et_json_skip.h"


static size_t et_json_scalar_end(et_slice_t text, size_t pos);


size_t
et_json_value_end(et_slice_t text, size_t pos)
{
    char    c;
    size_t  depth;

    depth = 0;

    while (pos < text.len) {
        c = text.data[pos];

        if ((unsigned char) c <= ' ' || c == ',' || c == ':') {
            pos++;
            continue;
        }

        if (c == '{' || c == '[') {
            depth++;
            pos++;
            continue;
        }

        if (c == '"') {
            pos = et_json_string_end(text, pos);

        } else if (c == '}' || c == ']') {
            pos++;

            if (depth-- <= 1) {
                return pos;
            }

        } else {
            pos = et_json_scalar_end(text, pos);
        }

        if (depth == 0) {
            return pos;
        }
    }

    return text.len;
}


static size_t
et_json_scalar_end(et_slice_t text, size_t pos)
{
    char  c;

    while (pos < text.len) {
        c = text.data[pos];

        if ((unsigned char) c <= ' ' || c == ',' || c == '}' || c == ']') {
            break;
        }

        pos++;
    }

    return pos;
}


size_t
et_json_string_end(et_slice_t text, size_t pos)
{
    for (pos++; pos < text.len; pos++) {
        if (text.data[pos] == '"') {
            return pos + 1;
        }

        if (text.data[pos] == '\\') {
            pos++;
        }
    }

    return text.len;
}


size_t
et_json_blank_end(et_slice_t text, size_t pos)
{
    while (pos < text.len && (unsigned char) text.data[pos] <= ' ') {
        pos++;
    }

    return pos < text.len ? pos : text.len;
}
