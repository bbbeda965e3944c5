/*
 * The filters one after the other, the cheap ones first; those that go by the
 * user agent are in et_filter_agent.c.
 *
 * The lists are Relay's (relay-filter): texts of browser extensions' errors,
 * addresses of their scripts, and what is local.
 */

#include <arpa/inet.h>

#include "et_filter_internal.h"


#define ET_FILTER_NAME(symbol, name, reason)    name,
#define ET_FILTER_REASON(symbol, name, reason)  reason,

const char *const  et_filter_names[ET_FILTER_COUNT] = {
    ET_FILTERS(ET_FILTER_NAME)
};

const char *const  et_filter_reasons[ET_FILTER_COUNT] = {
    ET_FILTERS(ET_FILTER_REASON)
};


#define ET_CIDR_TEXT  49       /* bytes of the longest: an address and "/128" */

#define et_filter_on(filter, kind)  (((filter)->named & 1u << (kind)) != 0)


static int et_filter_ip(const et_filter_t *filter, et_slice_t client_ip);
static int et_filter_message(const et_filter_t *filter,
    const et_event_t *event);
static int et_filter_globs(const et_slice_t *globs, size_t n,
    et_slice_t text);
static int et_filter_extension(const et_event_t *event);
static et_slice_t et_filter_source(const et_event_t *event);
static int et_filter_localhost(const et_event_t *event);
static int et_filter_local_url(et_slice_t url);
static int et_filter_local_host(et_slice_t host, int below);
static int et_filter_local_ip(et_slice_t ip);


/* in the first exception's value, in any case */

static const et_slice_t  et_filter_values[] = {
    ET_SLICE("top.GLOBALS"), ET_SLICE("originalCreateNotification"),
    ET_SLICE("canvas.contentDocument"),
    ET_SLICE("MyApp_RemoveAllHighlights"),
    ET_SLICE("http://tt.epicplay.com"),
    ET_SLICE("Can't find variable: ZiteReader"),
    ET_SLICE("jigsaw is not defined"), ET_SLICE("ComboSearch is not defined"),
    ET_SLICE("http://loading.retry.widdit.com/"), ET_SLICE("atomicFindClose"),
    ET_SLICE("fb_xd_fragment"), ET_SLICE("bmi_SafeAddOnload"),
    ET_SLICE("EBCallBackMessageReceived"), ET_SLICE("_gCrWeb"),
    ET_SLICE("conduitPage"),
    ET_SLICE("null is not an object (evaluating 'elt.parentNode')"),
    ET_SLICE("plugin.setSuspendState is not a function"),
    ET_SLICE("Extension context invalidated"),
    ET_SLICE("webkit-masked-url:"), ET_SLICE("can't access dead object")
};

/* in the address of the script that threw it */

static const et_slice_t  et_filter_sources[] = {
    ET_SLICE("graph.facebook.com"), ET_SLICE("connect.facebook.net"),
    ET_SLICE("eatdifferent.com.woopra-ns.com"),
    ET_SLICE("static.woopra.com/js/woopra.js"),
    ET_SLICE("webkit-masked-url"), ET_SLICE("127.0.0.1:4001/isrunning"),
    ET_SLICE("webappstoolbarba.texthelp.com/"),
    ET_SLICE("metrics.itunes.apple.com.edgesuite.net/"),
    ET_SLICE("kaspersky-labs.com")
};

/* at its beginning */

static const et_slice_t  et_filter_schemes[] = {
    ET_SLICE("chrome://"), ET_SLICE("chrome-extension://"),
    ET_SLICE("moz-extension://"), ET_SLICE("safari-extension://"),
    ET_SLICE("safari-web-extension://")
};


et_filter_kind_t
et_filter(const et_filter_t *filter, const et_event_t *event,
    et_slice_t client_ip)
{
    et_slice_t  agent;

    if (filter->ncidrs != 0 && et_filter_ip(filter, client_ip)) {
        return ET_FILTER_IP;
    }

    if (filter->nreleases != 0 && event->release.len != 0
        && et_filter_globs(filter->releases, filter->nreleases,
                           event->release))
    {
        return ET_FILTER_RELEASE;
    }

    if (filter->nmessages != 0 && et_filter_message(filter, event)) {
        return ET_FILTER_MESSAGE;
    }

    if (filter->named == 0) {
        return ET_FILTER_COUNT;
    }

    if (et_filter_on(filter, ET_FILTER_LOCALHOST)
        && et_filter_localhost(event))
    {
        return ET_FILTER_LOCALHOST;
    }

    if (et_filter_on(filter, ET_FILTER_BROWSER_EXTENSIONS)
        && et_filter_extension(event))
    {
        return ET_FILTER_BROWSER_EXTENSIONS;
    }

    if (!et_filter_on(filter, ET_FILTER_CRAWLERS)
        && !et_filter_on(filter, ET_FILTER_LEGACY_BROWSERS))
    {
        return ET_FILTER_COUNT;
    }

    agent = et_filter_header(event->request, "user-agent");

    if (et_filter_on(filter, ET_FILTER_CRAWLERS) && et_filter_crawler(agent)) {
        return ET_FILTER_CRAWLERS;
    }

    if (et_filter_on(filter, ET_FILTER_LEGACY_BROWSERS)
        && et_filter_legacy(agent))
    {
        return ET_FILTER_LEGACY_BROWSERS;
    }

    return ET_FILTER_COUNT;
}


static int
et_filter_ip(const et_filter_t *filter, et_slice_t client_ip)
{
    size_t            i;
    unsigned          n, mask;
    et_cidr_t         client;
    const et_cidr_t  *cidr;

    if (!et_cidr_parse(client_ip, &client)) {
        return 0;
    }

    for (i = 0; i < filter->ncidrs; i++) {
        cidr = &filter->cidrs[i];
        n = cidr->bits / 8;
        mask = (0xff00 >> cidr->bits % 8) & 0xff;

        if (memcmp(client.address, cidr->address, n) == 0
            && (mask == 0
                || ((client.address[n] ^ cidr->address[n]) & mask) == 0))
        {
            return 1;
        }
    }

    return 0;
}


int
et_cidr_parse(et_slice_t text, et_cidr_t *cidr)
{
    char       *slash, *p, copy[ET_CIDR_TEXT + 1];
    unsigned    max;

    static const unsigned char  mapped[12] = { [10] = 0xff, [11] = 0xff };

    if (text.len == 0 || text.len > ET_CIDR_TEXT
        || memchr(text.data, '\0', text.len) != NULL)
    {
        return 0;
    }

    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';

    slash = strchr(copy, '/');
    if (slash != NULL) {
        *slash = '\0';
    }

    if (inet_pton(AF_INET, copy, cidr->address + 12) == 1) {
        memcpy(cidr->address, mapped, 12);
        max = 32;

    } else if (inet_pton(AF_INET6, copy, cidr->address) == 1) {
        max = 128;

    } else {
        return 0;
    }

    cidr->bits = max;

    if (slash != NULL) {
        cidr->bits = 0;

        for (p = slash + 1; *p >= '0' && *p <= '9'; p++) {
            cidr->bits = cidr->bits * 10 + (unsigned) (*p - '0');

            if (cidr->bits > max) {
                return 0;
            }
        }

        if (p == slash + 1 || *p != '\0') {
            return 0;
        }
    }

    cidr->bits += 128 - max;

    return 1;
}


/* The message, and each exception as "type: value". */

static int
et_filter_message(const et_filter_t *filter, const et_event_t *event)
{
    size_t                 i, len;
    et_slice_t             text;
    const et_exception_t  *e;
    char                   copy[ET_MAX_TYPE + 2 + ET_MAX_VALUE];

    if (event->message.len != 0
        && et_filter_globs(filter->messages, filter->nmessages,
                           event->message))
    {
        return 1;
    }

    for (i = 0; i < event->nexceptions; i++) {
        e = &event->exceptions[i];
        text = e->type.len == 0 ? e->value : e->type;

        if (e->type.len != 0 && e->value.len != 0) {
            len = e->type.len < ET_MAX_TYPE ? e->type.len : ET_MAX_TYPE;
            memcpy(copy, e->type.data, len);
            memcpy(copy + len, ": ", 2);
            len += 2;

            text.data = copy;
            text.len = len + (e->value.len < ET_MAX_VALUE ? e->value.len
                                                          : ET_MAX_VALUE);
            memcpy(copy + len, e->value.data, text.len - len);
        }

        if (text.len != 0
            && et_filter_globs(filter->messages, filter->nmessages, text))
        {
            return 1;
        }
    }

    return 0;
}


static int
et_filter_globs(const et_slice_t *globs, size_t n, et_slice_t text)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (et_glob_match(globs[i], text)) {
            return 1;
        }
    }

    return 0;
}


/* What does not match is tried again one character later, from the last '*'
 * on alone: a '*' before it need not be given more. */

int
et_glob_match(et_slice_t glob, et_slice_t text)
{
    size_t  g, t, star, again;

    g = 0;
    t = 0;
    star = (size_t) -1;
    again = 0;

    while (t < text.len) {

        if (g < glob.len && glob.data[g] == '*') {
            star = g++;
            again = t;

        } else if (g < glob.len
                   && (glob.data[g] == '?'
                       || et_lower(glob.data[g]) == et_lower(text.data[t])))
        {
            /* one character, be it of several bytes */

            if (glob.data[g] == '?') {
                while (t + 1 < text.len && (text.data[t + 1] & 0xc0) == 0x80) {
                    t++;
                }
            }

            g++;
            t++;

        } else if (star != (size_t) -1) {
            g = star + 1;
            t = ++again;

        } else {
            return 0;
        }
    }

    while (g < glob.len && glob.data[g] == '*') {
        g++;
    }

    return g == glob.len;
}


static int
et_filter_extension(const et_event_t *event)
{
    size_t      i;
    et_slice_t  source;

    if (event->nexceptions == 0) {
        return 0;
    }

    for (i = 0; i < sizeof(et_filter_values) / sizeof(et_slice_t); i++) {
        if (et_filter_holds(event->exceptions[0].value, et_filter_values[i])) {
            return 1;
        }
    }

    source = et_filter_source(event);

    for (i = 0; i < sizeof(et_filter_schemes) / sizeof(et_slice_t); i++) {
        if (source.len >= et_filter_schemes[i].len
            && et_slice_eq_nocase(et_slice(source.data,
                                           et_filter_schemes[i].len),
                                  et_filter_schemes[i]))
        {
            return 1;
        }
    }

    for (i = 0; i < sizeof(et_filter_sources) / sizeof(et_slice_t); i++) {
        if (et_filter_holds(source, et_filter_sources[i])) {
            return 1;
        }
    }

    return 0;
}


/* The script of the innermost frame that says one. */

static et_slice_t
et_filter_source(const et_event_t *event)
{
    et_slice_t    path;
    const cJSON  *frames, *frame;

    frames = event->exceptions[0].frames;

    if (frames == NULL || frames->child == NULL) {
        return et_slice("", 0);
    }

    /* cJSON's first child has the last one before it */

    for (frame = frames->child->prev; frame != NULL; frame = frame->prev) {
        path = et_json_str(et_json_get(frame, "abs_path"));

        if (path.data == NULL) {
            break;
        }

        if (!et_slice_eq(path, et_slice_str("<anonymous>"))
            && !et_slice_eq(path, et_slice_str("[native code]")))
        {
            return path;
        }

        if (frame == frames->child) {
            break;
        }
    }

    return et_slice("", 0);
}


static int
et_filter_localhost(const et_event_t *event)
{
    size_t      i;
    et_slice_t  url, host;

    static const char *const  headers[] = { "host", "x-forwarded-host" };

    if (et_filter_local_ip(event->user_ip)
        || et_filter_local_ip(et_filter_header(event->request,
                                               "x-forwarded-for")))
    {
        return 1;
    }

    url = et_json_str(et_json_get(event->request, "url"));

    if (url.len != 0) {
        return et_filter_local_url(url);
    }

    for (i = 0; i < 2; i++) {
        host = et_filter_header(event->request, headers[i]);

        if (et_filter_local_host(host, 0)) {
            return 1;
        }
    }

    return 0;
}


static int
et_filter_local_url(et_slice_t url)
{
    size_t       i;
    const char  *p, *end;

    end = url.data + url.len;

    if (url.len >= 5
        && et_slice_eq_nocase(et_slice(url.data, 5), et_slice_str("file:")))
    {
        return 1;
    }

    for (i = 0; i + 3 <= url.len; i++) {
        if (memcmp(url.data + i, "://", 3) == 0) {
            break;
        }
    }

    if (i + 3 > url.len) {
        return 0;
    }

    url = et_slice(url.data + i + 3, url.len - i - 3);

    for (p = url.data; p < end; p++) {
        if (*p == '/' || *p == '?' || *p == '#') {
            url.len = p - url.data;
            break;
        }

        if (*p == '@') {
            url = et_slice(p + 1, end - p - 1);
        }
    }

    return et_filter_local_host(url, 1);
}


/* The host, without its port; below: or one below it. */

static int
et_filter_local_host(et_slice_t host, int below)
{
    size_t       i;
    const char  *colon;
    et_slice_t   tail;

    static const et_slice_t  hosts[] = {
        ET_SLICE("localhost"), ET_SLICE("127.0.0.1")
    };

    if (host.len == 0) {
        return 0;
    }

    if (host.data[0] == '[') {
        return host.len >= 5 && memcmp(host.data, "[::1]", 5) == 0;
    }

    colon = memchr(host.data, ':', host.len);
    if (colon != NULL) {
        host.len = colon - host.data;
    }

    for (i = 0; i < 2; i++) {
        if (host.len < hosts[i].len) {
            continue;
        }

        tail = et_slice(host.data + host.len - hosts[i].len, hosts[i].len);

        if (et_slice_eq_nocase(tail, hosts[i])
            && (tail.data == host.data || (below && tail.data[-1] == '.')))
        {
            return 1;
        }
    }

    return 0;
}


static int
et_filter_local_ip(et_slice_t ip)
{
    return et_slice_eq(ip, et_slice_str("127.0.0.1"))
           || et_slice_eq(ip, et_slice_str("::1"));
}


et_slice_t
et_filter_header(const cJSON *request, const char *name)
{
    et_slice_t    key;
    const cJSON  *headers, *item, *value;

    headers = et_json_get(request, "headers");

    if (!cJSON_IsObject(headers) && !cJSON_IsArray(headers)) {
        return et_slice("", 0);
    }

    for (item = headers->child; item != NULL; item = item->next) {
        key = et_slice_str(item->string);
        value = item;

        if (cJSON_IsArray(headers)) {
            if (!cJSON_IsArray(item) || item->child == NULL) {
                continue;
            }

            key = et_json_str(item->child);
            value = item->child->next;
        }

        if (key.data == NULL || !et_slice_eq_nocase(key, et_slice_str(name))) {
            continue;
        }

        if (cJSON_IsArray(value)) {
            value = value->child;
        }

        key = et_json_str(value);

        return key.data == NULL ? et_slice("", 0) : key;
    }

    return et_slice("", 0);
}


int
et_filter_holds(et_slice_t text, et_slice_t part)
{
    size_t  i;
    char    first;

    first = et_lower(part.data[0]);

    for (i = 0; i + part.len <= text.len; i++) {
        if (et_lower(text.data[i]) == first
            && et_slice_eq_nocase(et_slice(text.data + i, part.len), part))
        {
            return 1;
        }
    }

    return 0;
}
