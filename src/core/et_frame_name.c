/*
 * The rules for names, a language after the other.
 */

#include "et_frame_name.h"


/* JavaScript's hashes in file names: webpack's are hex; Rollup's and Vite's
 * have eight characters of base64 before the extension */
#define ET_MIN_ASSET_HASH     6
#define ET_ASSET_BASE64_HASH  8

#define ET_MIN_CLASS_HASH     5        /* CGLIB's, without leading zeros */
#define ET_RUST_HASH          16
#define ET_MIN_ERB_NUMBER     4


/* what SDKs write where there is no name */
static const et_slice_t  et_no_names[] = {
    ET_SLICE("?"), ET_SLICE("<anonymous>"), ET_SLICE("anonymous"),
    ET_SLICE("(anonymous)"), ET_SLICE("<unknown>"), ET_SLICE("<redacted>")
};

/* names that the JVM numbers */
static const et_slice_t  et_jvm_numbered[] = {
    ET_SLICE("$Proxy"),
    ET_SLICE("GeneratedMethodAccessor"),
    ET_SLICE("GeneratedConstructorAccessor"),
    ET_SLICE("GeneratedSerializationConstructorAccessor"),
    ET_SLICE("_javassist_"),
    ET_SLICE("lambda-"),
    ET_SLICE("__")             /* Clojure's fn__1234 */
};

/* names behind which all is made up */
static const et_slice_t  et_jvm_made_up[] = {
    ET_SLICE("$HibernateProxy$"),
    ET_SLICE("$ByteBuddy$")
};


static inline int
et_is_hex(char c)
{
    return et_is_digit(c) || (et_lower(c) >= 'a' && et_lower(c) <= 'f');
}


static int
et_ends_with(const char *name, size_t len, et_slice_t end)
{
    return len >= end.len
           && memcmp(name + len - end.len, end.data, end.len) == 0;
}


/* The first place of what in the text, or NULL; what is a short literal. */

static const char *
et_find(const char *text, size_t len, et_slice_t what)
{
    const char  *p, *end;

    end = text + len;

    while ((size_t) (end - text) >= what.len) {
        p = memchr(text, what.data[0], end - text - what.len + 1);

        if (p == NULL || memcmp(p, what.data, what.len) == 0) {
            return p;
        }

        text = p + 1;
    }

    return NULL;
}


static size_t
et_trim_digits(const char *name, size_t len)
{
    while (len > 0 && et_is_digit(name[len - 1])) {
        len--;
    }

    return len;
}


/* 14, 0x00000008001 and 3f2a9c1b are made up, Inner and Handler2 are not. */

static int
et_made_up(const char *part, size_t len, size_t min_hash)
{
    size_t  i, digits;

    if (len > 2 && part[0] == '0' && part[1] == 'x') {
        return 1;
    }

    digits = 0;

    for (i = 0; i < len; i++) {
        if (!et_is_hex(part[i])) {
            return 0;
        }

        digits += et_is_digit(part[i]);
    }

    return len > 0 && (digits == len || (digits > 0 && len >= min_hash));
}


size_t
et_name_any(char *name, size_t len)
{
    size_t       i, hash;
    et_slice_t   s;

    if (len > ET_RUST_HASH + 3 && name[len - ET_RUST_HASH - 1] == 'h') {
        hash = len - ET_RUST_HASH;

        for (i = hash; i < len && et_is_hex(name[i]); i++) { /* void */ }

        if (i == len && name[hash - 2] == ':' && name[hash - 3] == ':') {
            len = hash - 3;
        }
    }

    /* an address, where there was no symbol */

    if (len > 2 && name[0] == '0' && name[1] == 'x') {
        for (i = 2; i < len && et_is_hex(name[i]); i++) { /* void */ }

        if (i == len) {
            return 0;
        }
    }

    s = et_slice(name, len);

    for (i = 0; i < sizeof(et_no_names) / sizeof(et_slice_t); i++) {
        if (et_slice_eq(s, et_no_names[i])) {
            return 0;
        }
    }

    return len;
}


/*
 * Foo$$Lambda$14/0x0000000800c2 and Foo$$EnhancerBySpringCGLIB$$3f2a9c1b lose
 * the made-up parts behind a '$' or a '/'; a name of nothing else keeps them.
 */

static size_t
et_name_jvm_parts(char *name, size_t len)
{
    size_t  i, j, out;

    out = 0;

    for (i = 0; i < len; i = j) {
        j = i + 1;

        while (j < len && name[j] != '$' && name[j] != '/' && name[j] != '.') {
            j++;
        }

        if ((name[i] == '$' && et_made_up(name + i + 1, j - i - 1,
                                          ET_MIN_CLASS_HASH))
            || (name[i] == '/' && j - i > 3 && name[i + 1] == '0'
                && name[i + 2] == 'x'))
        {
            continue;
        }

        memmove(name + out, name + i, j - i);
        out += j - i;
    }

    if (out == len || out == 0) {
        return len;
    }

    /* what stood between '$$' and the end */

    while (out > 1 && name[out - 1] == '$') {
        out--;
    }

    return out;
}


size_t
et_name_jvm(char *name, size_t len)
{
    size_t             i, end;
    const char        *p;
    const et_slice_t  *known;

    if (memchr(name, '$', len) != NULL) {
        known = et_jvm_made_up;

        for (i = 0; i < sizeof(et_jvm_made_up) / sizeof(et_slice_t); i++) {
            p = et_find(name, len, known[i]);

            if (p != NULL) {
                len = p - name + known[i].len - 1;
            }
        }

        len = et_name_jvm_parts(name, len);
    }

    end = et_trim_digits(name, len);

    if (end != len) {
        known = et_jvm_numbered;

        for (i = 0; i < sizeof(et_jvm_numbered) / sizeof(et_slice_t); i++) {
            if (et_ends_with(name, end, known[i])) {
                return end;
            }
        }
    }

    return len;
}


size_t
et_name_php(char *name, size_t len)
{
    int                      depth;
    size_t                   i, out;
    const char              *p;
    static const et_slice_t  anonymous = ET_SLICE("@anonymous"),
                             closure = ET_SLICE("{closure:"),
                             scope = ET_SLICE("::");

    p = et_find(name, len, anonymous);

    if (p != NULL) {
        out = p - name + anonymous.len;
        p = et_find(name + out, len - out, scope);

        if (p == NULL) {
            return out;
        }

        i = p - name;
        memmove(name + out, name + i, len - i);
        len = out + len - i;
    }

    p = et_find(name, len, closure);

    if (p == NULL) {
        return len;
    }

    out = p - name + closure.len - 1;
    depth = 1;

    for (i = out; i < len && depth > 0; i++) {
        depth += (name[i] == '{') - (name[i] == '}');
    }

    name[out++] = '}';
    memmove(name + out, name + i, len - i);

    return out + len - i;
}


/* The length of "block (2 levels) in " at the start of a name, or 0. */

static size_t
et_ruby_prefix(const char *name, size_t len)
{
    size_t                   i;
    const char              *p;
    static const et_slice_t  levels = ET_SLICE("block (");
    static const et_slice_t  prefixes[] = {
        ET_SLICE("block in "), ET_SLICE("rescue in "), ET_SLICE("ensure in ")
    };

    for (i = 0; i < sizeof(prefixes) / sizeof(et_slice_t); i++) {
        if (et_starts_with(name, len, prefixes[i])) {
            return prefixes[i].len;
        }
    }

    if (et_starts_with(name, len, levels)) {
        p = memchr(name, ')', len);

        if (p != NULL && name + len - p > 5 && memcmp(p, ") in ", 5) == 0) {
            return p + 5 - name;
        }
    }

    return 0;
}


size_t
et_name_ruby(char *name, size_t len)
{
    size_t  n, skip, first, second;

    skip = 0;

    for ( ;; ) {
        n = et_ruby_prefix(name + skip, len - skip);
        if (n == 0) {
            break;
        }

        skip += n;
    }

    len -= skip;
    memmove(name, name + skip, len);

    /* a compiled template: _app_views_users_show_html_erb___4096_70123 */

    second = et_trim_digits(name, len);

    if (len - second >= ET_MIN_ERB_NUMBER && second > 0
        && name[second - 1] == '_')
    {
        first = et_trim_digits(name, second - 1);

        if (second - 1 - first >= ET_MIN_ERB_NUMBER && first > 1
            && name[first - 1] == '_')
        {
            len = first;

            while (len > 1 && name[len - 1] == '_') {
                len--;
            }
        }
    }

    return len;
}


size_t
et_name_dotnet(char *name, size_t len)
{
    size_t  i, out;

    out = 0;

    for (i = 0; i < len; i++) {

        if (et_is_digit(name[i])
            && ((i > 2 && name[i - 1] == '_' && name[i - 2] == '_')
                || (i > 1 && name[i - 1] == '|')
                || (out > 12 && memcmp(name + out - 12, "DisplayClass", 12)
                                == 0)))
        {
            while (i < len && (et_is_digit(name[i])
                               || (name[i] == '_' && i + 1 < len
                                   && et_is_digit(name[i + 1]))))
            {
                i++;
            }

            i--;
            continue;
        }

        name[out++] = name[i];
    }

    return out;
}


size_t
et_name_swift(char *name, size_t len)
{
    size_t                   i, end;
    const char              *p;
    static const et_slice_t  closure = ET_SLICE("closure #");

    i = 0;

    for ( ;; ) {
        p = et_find(name + i, len - i, closure);
        if (p == NULL) {
            return len;
        }

        /* from the number sign to the blank behind the number */

        i = p - name + closure.len - 1;

        for (end = i + 1; end < len && et_is_digit(name[end]); end++) {
            /* void */
        }

        if (end == i + 1 || end == len || name[end] != ' ') {
            i++;
            continue;
        }

        memmove(name + i, name + end + 1, len - end - 1);
        len -= end + 1 - i;
    }
}


/* What the compiler calls closures, before their number. */

static int
et_go_numbered(const char *part, size_t len)
{
    size_t                   i;
    et_slice_t               s;
    static const et_slice_t  names[] = {
        ET_SLICE("func"), ET_SLICE("gowrap"), ET_SLICE("deferwrap")
    };

    s = (part[0] == '.') ? et_slice(part + 1, len - 1) : et_slice(part, len);

    for (i = 0; i < sizeof(names) / sizeof(et_slice_t); i++) {
        if (et_slice_eq(s, names[i])) {
            return 1;
        }
    }

    return 0;
}


size_t
et_name_go(char *name, size_t len)
{
    size_t  i, j, out, end;

    out = 0;

    for (i = 0; i < len; i = j) {

        /* a part with the dot before it */

        j = i + 1;
        while (j < len && name[j] != '.') {
            j++;
        }

        end = i + et_trim_digits(name + i, j - i);

        if (out > 0 && end == i + 1 && j > end && name[i] == '.') {
            continue;
        }

        if (end == i || end == j || !et_go_numbered(name + i, end - i)) {
            end = j;
        }

        memmove(name + out, name + i, end - i);
        out += end - i;
    }

    return out;
}


size_t
et_name_javascript(char *name, size_t len)
{
    size_t                   i, start;
    const char              *p;
    static const et_slice_t  as = ET_SLICE(" [as "), path = ET_SLICE("./"),
                             async = ET_SLICE("async ");

    p = et_find(name, len, as);
    if (p != NULL) {
        len = p - name;
    }

    p = memchr(name, '(', len);
    if (p != NULL && p != name) {
        len = p - name;
    }

    while (len > 1 && (name[len - 1] == ' ' || name[len - 1] == '<'
                       || name[len - 1] == '/'))
    {
        len--;
    }

    start = et_starts_with(name, len, async) ? async.len : 0;
    p = et_find(name, len, path);

    if (p != NULL) {
        start = p - name;

    } else {
        for (i = start; i + 1 < len; i++) {
            if (name[i] == '.' || name[i] == '/') {
                start = i + 1;
            }
        }
    }

    len -= start;
    memmove(name, name + start, len);

    return et_trim_digits(name, len) == 0 ? 0 : len;
}


/* A part of a file's name that a build makes up; p[-1] is the separator. */

static int
et_asset_hash(const char *part, size_t len, const char *end)
{
    size_t  i;

    if (et_made_up(part, len, ET_MIN_ASSET_HASH)) {
        return 1;
    }

    if (len != ET_ASSET_BASE64_HASH || part[-1] != '-' || part + len == end
        || part[len] != '.')
    {
        return 0;
    }

    /* "settings" and "Settings" are words */

    for (i = 1; i < len; i++) {
        if (et_is_digit(part[i]) || (part[i] >= 'A' && part[i] <= 'Z')) {
            return 1;
        }
    }

    return 0;
}


size_t
et_name_asset(char *name, size_t len)
{
    size_t  i, j, out;

    out = 0;

    for (i = 0; i <= len; i = j + 1) {
        j = i;

        while (j < len && memchr(".-~:/", name[j], 5) == NULL) {
            j++;
        }

        if (i == 0) {
            if (et_made_up(name, j, ET_MIN_ASSET_HASH)) {
                name[out++] = '*';

            } else {
                out = j;
            }

        } else if (!et_asset_hash(name + i, j - i, name + len)) {
            memmove(name + out, name + i - 1, j - i + 1);
            out += j - i + 1;
        }
    }

    return out;
}
