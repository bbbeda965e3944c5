/*
 * The report: a header (directory, name, size, number of files), the files
 * (index, name, size, bytes), and, in the older form, the header again, since
 * the first one was written before the numbers were known.  The newer form
 * begins with "CR1", and its first header is right.  Numbers are 32 bits,
 * little-endian; strings have their length before them.
 */

#include "et_unreal.h"


static inline int
et_unreal_number(et_unreal_t *unreal, uint64_t *value)
{
    size_t  i;

    if (unreal->data.len - unreal->pos < 4) {
        return 0;
    }

    for (*value = 0, i = 4; i > 0; i--) {
        *value = *value << 8
                 | (unsigned char) unreal->data.data[unreal->pos + i - 1];
    }

    unreal->pos += 4;

    return 1;
}


static int
et_unreal_bytes(et_unreal_t *unreal, et_slice_t *bytes)
{
    uint64_t  size;

    if (!et_unreal_number(unreal, &size)
        || size > unreal->data.len - unreal->pos)
    {
        return 0;
    }

    *bytes = et_slice(unreal->data.data + unreal->pos, (size_t) size);
    unreal->pos += bytes->len;

    return 1;
}


int
et_unreal_open(et_unreal_t *unreal, et_slice_t data)
{
    int          newer;
    uint64_t     size;
    et_slice_t   text;
    et_unreal_t  tail;

    newer = data.len >= 3 && memcmp(data.data, "CR1", 3) == 0;

    unreal->data = data;
    unreal->pos = newer ? 3 : 0;

    if (!et_unreal_bytes(unreal, &text) || !et_unreal_bytes(unreal, &text)
        || !et_unreal_number(unreal, &size)
        || !et_unreal_number(unreal, &unreal->left))
    {
        return 0;
    }

    if (!newer) {
        tail.data = data;
        tail.pos = data.len - 4;

        (void) et_unreal_number(&tail, &unreal->left);
    }

    return unreal->left <= ET_UNREAL_FILES;
}


int
et_unreal_next(et_unreal_t *unreal, et_unreal_file_t *file)
{
    uint64_t  index;

    if (unreal->left == 0) {
        return 0;
    }

    if (!et_unreal_number(unreal, &index)
        || !et_unreal_bytes(unreal, &file->name)
        || !et_unreal_bytes(unreal, &file->data))
    {
        return -1;
    }

    while (file->name.len != 0 && file->name.data[file->name.len - 1] == '\0')
    {
        file->name.len--;
    }

    unreal->left--;

    return 1;
}
