/*
 * multipart/form-data: every part as it was sent, and nothing read that is
 * not there.
 */

#include "et_multipart.h"
#include "et_test.h"


#define ET_TEST_TYPE  "multipart/form-data; boundary=xyz"


static et_multipart_t  multipart;
static et_part_t       part;


static int
et_test_open(const char *type, const char *body)
{
    return et_multipart_open(&multipart, et_slice_str(type),
                             et_slice_str(body));
}


static int
et_test_next(void)
{
    int  more;

    if (et_multipart_next(&multipart, &part, &more) != ET_OK) {
        return -1;
    }

    return more;
}


int
main(void)
{
    int         more;
    char       *copy;
    size_t      i, len;
    unsigned    n;
    et_slice_t  type;
    static char  many[40 * (ET_MAX_PARTS + 2)];

    static const char  body[] =
        "--xyz\r\n"
        "Content-Disposition: form-data; name=\"a\"\r\n\r\none\r\n"
        "--xyz\r\n"
        "content-disposition: form-data; filename=\"f \\\"1\\\".txt\"; "
        "name=\"file\"\r\nContent-Type: text/plain\r\n\r\n\r\n--xy\r\n\r\n"
        "--xyz\r\nContent-Disposition: form-data; name=empty\r\n\r\n\r\n"
        "--xyz--\r\nepilogue";

    ET_TEST("parts come in their order with their names and bytes") {
        et_check(et_test_open(ET_TEST_TYPE, body));
        et_check_int(et_test_next(), 1);
        et_check_str(part.name, "a");
        et_check_str(part.data, "one");
        et_check_int(part.file, 0);
        et_check_int(et_test_next(), 1);
        et_check_str(part.name, "file");
        et_check_str(part.filename, "f \\\"1\\\".txt");
        et_check_str(part.content_type, "text/plain");
        et_check_str(part.data, "\r\n--xy\r\n");
        et_check_int(part.file, 1);
        et_check_int(et_test_next(), 1);
        et_check_str(part.name, "empty");
        et_check_str(part.data, "");
        et_check_int(et_test_next(), 0);
        et_check_int(et_test_next(), 0);
    }

    ET_TEST("a preamble is skipped, a quoted boundary read, any case") {
        et_check(et_test_open("Multipart/Form-Data; charset=\"a;boundary=b\";"
                              " Boundary=\"x y\"",
                              "preamble\r\n--x y\r\n\r\nv\r\n--x y--"));
        et_check_int(et_test_next(), 1);
        et_check_str(part.data, "v");
        et_check_int(et_test_next(), 0);
    }

    ET_TEST("bare newlines in headers are taken") {
        et_check(et_test_open(ET_TEST_TYPE, "--xyz\nContent-Disposition: "
                              "form-data; name=\"a\"\n\nv\r\n--xyz--"));
        et_check_int(et_test_next(), 1);
        et_check_str(part.name, "a");
        et_check_str(part.data, "v");
    }

    ET_TEST("what is no multipart body is refused") {
        et_check(!et_test_open("text/plain; boundary=xyz", body));
        et_check(!et_test_open("multipart/form-data", body));
        et_check(!et_test_open("multipart/form-data; boundary=", body));
        et_check(!et_test_open("multipart/form-data; boundary=abc", body));
        et_check(!et_test_open(ET_TEST_TYPE, ""));
    }

    ET_TEST("a part without an end, or with too many before it, is refused") {
        et_check(et_test_open(ET_TEST_TYPE, "--xyz\r\n\r\nv"));
        et_check_int(et_test_next(), -1);
        et_check(et_test_open(ET_TEST_TYPE, "--xyz\r\nName: v"));
        et_check_int(et_test_next(), -1);
        et_check(et_test_open(ET_TEST_TYPE, "--xyzz\r\n\r\nv\r\n--xyz--"));
        et_check_int(et_test_next(), -1);

        for (i = 0, len = 0; i <= ET_MAX_PARTS; i++) {
            len += sprintf(many + len, "\r\n--xyz\r\n\r\nv");
        }

        sprintf(many + len, "\r\n--xyz--");

        et_check(et_test_open(ET_TEST_TYPE, many));

        for (n = 0; et_test_next() == 1; n++) { /* void */ }

        et_check_int(n, ET_MAX_PARTS);
    }

    ET_TEST("a body or a type cut anywhere is read within its bytes") {
        for (i = 0; i < sizeof(body); i++) {
            copy = malloc(i + 1);
            memcpy(copy, body, i);

            if (et_multipart_open(&multipart, et_slice_str(ET_TEST_TYPE),
                                  et_slice(copy, i)))
            {
                while (et_multipart_next(&multipart, &part, &more) == ET_OK
                       && more)
                {
                    et_check(part.data.data >= copy
                             && part.data.data + part.data.len <= copy + i);
                }
            }

            free(copy);
        }

        for (i = 0; i < sizeof(ET_TEST_TYPE); i++) {
            copy = malloc(i + 1);
            memcpy(copy, ET_TEST_TYPE, i);
            type = et_slice(copy, i);
            (void) et_multipart_open(&multipart, type, et_slice_str(body));
            free(copy);
        }
    }

    return et_test_done();
}
