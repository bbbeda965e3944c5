/*
 * A minidump is a header, a directory of streams (type, size, offset), and
 * the streams: of them the system's, the exception's and the modules' are
 * read.  Numbers are little-endian.
 */

#include "et_minidump.h"


/* stream types */
#define ET_MINIDUMP_MODULES     4
#define ET_MINIDUMP_EXCEPTION   6
#define ET_MINIDUMP_SYSTEM      7

#define ET_MINIDUMP_STREAMS     256    /* real ones have about 20 */
#define ET_MINIDUMP_MODULES_MAX 4096
#define ET_MINIDUMP_MODULE_SIZE 108


typedef struct {
    uint32_t     os;                   /* platform id */
    const char  *name;
} et_minidump_os_t;

typedef struct {
    const char  *os;
    uint32_t     code;
    const char  *name;
} et_minidump_code_t;


static et_slice_t et_minidump_stream(et_slice_t data, uint32_t type);
static void et_minidump_system(et_slice_t stream, et_minidump_t *dump);
static void et_minidump_exception(et_slice_t stream, et_minidump_t *dump);
static void et_minidump_module(et_slice_t data, et_slice_t stream,
    et_minidump_t *dump);
static void et_minidump_name(et_slice_t data, uint64_t at,
    et_minidump_t *dump);


static const et_minidump_os_t  et_minidump_systems[] = {
    { 2, "Windows" }, { 3, "Windows" }, { 0x8101, "macOS" },
    { 0x8102, "iOS" }, { 0x8201, "Linux" }, { 0x8203, "Android" },
    { 0x8205, "Fuchsia" }
};

static const et_minidump_code_t  et_minidump_codes[] = {
    { "Windows", 0x80000003, "EXCEPTION_BREAKPOINT" },
    { "Windows", 0xc0000005, "EXCEPTION_ACCESS_VIOLATION" },
    { "Windows", 0xc0000006, "EXCEPTION_IN_PAGE_ERROR" },
    { "Windows", 0xc000001d, "EXCEPTION_ILLEGAL_INSTRUCTION" },
    { "Windows", 0xc0000094, "EXCEPTION_INT_DIVIDE_BY_ZERO" },
    { "Windows", 0xc00000fd, "EXCEPTION_STACK_OVERFLOW" },
    { "Windows", 0xc0000374, "STATUS_HEAP_CORRUPTION" },
    { "Windows", 0xc0000409, "STATUS_STACK_BUFFER_OVERRUN" },
    { "Windows", 0xe06d7363, "Unhandled C++ Exception" },
    { "macOS", 1, "EXC_BAD_ACCESS" },
    { "macOS", 2, "EXC_BAD_INSTRUCTION" },
    { "macOS", 3, "EXC_ARITHMETIC" },
    { "macOS", 5, "EXC_SOFTWARE" },
    { "macOS", 6, "EXC_BREAKPOINT" },
    { "macOS", 10, "EXC_CRASH" },
    { "macOS", 11, "EXC_RESOURCE" },
    { "macOS", 12, "EXC_GUARD" },
    { "Linux", 4, "SIGILL" },
    { "Linux", 5, "SIGTRAP" },
    { "Linux", 6, "SIGABRT" },
    { "Linux", 7, "SIGBUS" },
    { "Linux", 8, "SIGFPE" },
    { "Linux", 11, "SIGSEGV" },
    { "Linux", 31, "SIGSYS" },
};


static inline uint64_t
et_minidump_number(et_slice_t data, uint64_t at, size_t n)
{
    size_t    i;
    uint64_t  value;

    if (at > data.len || n > data.len - at) {
        return 0;
    }

    for (value = 0, i = n; i > 0; i--) {
        value = value << 8 | (unsigned char) data.data[at + i - 1];
    }

    return value;
}


static inline et_slice_t
et_minidump_range(et_slice_t data, uint64_t at, uint64_t size)
{
    if (at > data.len || size > data.len - at) {
        return et_slice("", 0);
    }

    return et_slice(data.data + at, (size_t) size);
}


int
et_minidump_read(et_slice_t data, et_minidump_t *dump)
{
    memset(dump, 0, sizeof(et_minidump_t));

    dump->os = "";
    dump->type = "";
    dump->module = et_slice("", 0);

    if (data.len < 32 || memcmp(data.data, "MDMP", 4) != 0) {
        return 0;
    }

    dump->time = (int64_t) et_minidump_number(data, 20, 4);

    et_minidump_system(et_minidump_stream(data, ET_MINIDUMP_SYSTEM), dump);
    et_minidump_exception(et_minidump_stream(data, ET_MINIDUMP_EXCEPTION),
                          dump);

    if (dump->raised) {
        et_minidump_module(data,
                           et_minidump_stream(data, ET_MINIDUMP_MODULES),
                           dump);
    }

    return 1;
}


static et_slice_t
et_minidump_stream(et_slice_t data, uint32_t type)
{
    uint64_t  i, n, at;

    n = et_minidump_number(data, 8, 4);
    at = et_minidump_number(data, 12, 4);

    for (i = 0; i < n && i < ET_MINIDUMP_STREAMS; i++, at += 12) {
        if (et_minidump_number(data, at, 4) == type) {
            return et_minidump_range(data,
                                     et_minidump_number(data, at + 8, 4),
                                     et_minidump_number(data, at + 4, 4));
        }
    }

    return et_slice("", 0);
}


static void
et_minidump_system(et_slice_t stream, et_minidump_t *dump)
{
    size_t    i;
    uint64_t  os;

    os = et_minidump_number(stream, 20, 4);

    for (i = 0;
         i < sizeof(et_minidump_systems) / sizeof(et_minidump_systems[0]);
         i++)
    {
        if (et_minidump_systems[i].os == os) {
            dump->os = et_minidump_systems[i].name;
        }
    }
}


static void
et_minidump_exception(et_slice_t stream, et_minidump_t *dump)
{
    size_t       i;
    const char  *os;

    if (stream.len < 40) {
        return;
    }

    /* thread id, padding; then code, flags, record, address */

    dump->raised = 1;
    dump->code = (uint32_t) et_minidump_number(stream, 8, 4);
    dump->address = et_minidump_number(stream, 24, 8);

    os = strcmp(dump->os, "iOS") == 0 ? "macOS"
         : strcmp(dump->os, "Android") == 0 ? "Linux" : dump->os;

    for (i = 0;
         i < sizeof(et_minidump_codes) / sizeof(et_minidump_codes[0]); i++)
    {
        if (et_minidump_codes[i].code == dump->code
            && strcmp(et_minidump_codes[i].os, os) == 0)
        {
            dump->type = et_minidump_codes[i].name;
        }
    }
}


/* The module that the address lies in. */

static void
et_minidump_module(et_slice_t data, et_slice_t stream, et_minidump_t *dump)
{
    uint64_t  i, n, at, base, size;

    n = et_minidump_number(stream, 0, 4);

    for (i = 0; i < n && i < ET_MINIDUMP_MODULES_MAX; i++) {

        /* base, size, checksum, time, name's offset */

        at = 4 + i * ET_MINIDUMP_MODULE_SIZE;
        base = et_minidump_number(stream, at, 8);
        size = et_minidump_number(stream, at + 8, 4);

        if (dump->address >= base && dump->address - base < size) {
            dump->offset = dump->address - base;
            et_minidump_name(data, et_minidump_number(stream, at + 20, 4),
                             dump);
            return;
        }
    }
}


/*
 * Bytes, then UTF-16: the base name is what follows the last slash.  Other
 * than printable ASCII becomes "?": it is a label.
 */

static void
et_minidump_name(et_slice_t data, uint64_t at, et_minidump_t *dump)
{
    size_t      i, n;
    uint64_t    c;
    et_slice_t  text;

    text = et_minidump_range(data, at + 4, et_minidump_number(data, at, 4));

    for (i = 0, n = 0; i + 1 < text.len; i += 2) {
        c = et_minidump_number(text, i, 2);

        if (c == '/' || c == '\\') {
            n = 0;
            continue;
        }

        if (n < ET_MINIDUMP_MODULE) {
            dump->name[n++] = (c > 0x20 && c < 0x7f && c != '"')
                              ? (char) c : '?';
        }
    }

    dump->module = et_slice(dump->name, n);
}
