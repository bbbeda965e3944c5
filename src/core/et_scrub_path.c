/*
 * Where what holds: the places of an event that are not just any place.
 *
 * Relay never touches debug_meta, a frame's filename and abs_path, and the
 * user-agent header.  The formatted message and an exception's value are what
 * an error is read and grouped by: there only cards, IBANs, "Bearer x" and,
 * in messages, e-mail addresses are replaced.  Lines of code and lists of
 * packages have names like "token = ..." that are no secrets: there only what
 * has a secret's form is.
 */

#include "et_scrub_internal.h"


typedef struct {
    et_slice_t         name;
    et_scrub_place_t   place;
} et_scrub_member_t;

typedef struct {
    unsigned                  rules;       /* of a string here */
    et_scrub_place_t          other;       /* of members that are not listed */
    const et_scrub_member_t  *members;     /* ends with an empty name */
} et_scrub_place_info_t;

#define ET_SCRUB_NO_MEMBER  { { NULL, 0 }, ET_PLACE_ANY }

#define ET_SCRUB_ERROR    (ET_SCRUB_CARD|ET_SCRUB_IBAN|ET_SCRUB_BEARER)
#define ET_SCRUB_WORDS    (ET_SCRUB_ERROR|ET_SCRUB_EMAIL)


static const et_scrub_member_t  et_scrub_any[] = {
    ET_SCRUB_NO_MEMBER
};

static const et_scrub_member_t  et_scrub_event[] = {
    { ET_SLICE("sdk"), ET_PLACE_SDK },
    { ET_SLICE("user"), ET_PLACE_USER },
    { ET_SLICE("message"), ET_PLACE_LOGENTRY },
    { ET_SLICE("modules"), ET_PLACE_SOURCE },
    { ET_SLICE("request"), ET_PLACE_REQUEST },
    { ET_SLICE("threads"), ET_PLACE_THREADS },
    { ET_SLICE("logentry"), ET_PLACE_LOGENTRY },
    { ET_SLICE("template"), ET_PLACE_FRAME },
    { ET_SLICE("exception"), ET_PLACE_EXCEPTION },
    { ET_SLICE("debug_meta"), ET_PLACE_NONE },
    { ET_SLICE("stacktrace"), ET_PLACE_STACKTRACE },
    { ET_SLICE("fingerprint"), ET_PLACE_SOURCE },
    { ET_SLICE("sentry.interfaces.Http"), ET_PLACE_REQUEST },
    { ET_SLICE("sentry.interfaces.User"), ET_PLACE_USER },
    { ET_SLICE("sentry.interfaces.Message"), ET_PLACE_LOGENTRY },
    { ET_SLICE("sentry.interfaces.Threads"), ET_PLACE_THREADS },
    { ET_SLICE("sentry.interfaces.Template"), ET_PLACE_FRAME },
    { ET_SLICE("sentry.interfaces.Exception"), ET_PLACE_EXCEPTION },
    { ET_SLICE("sentry.interfaces.DebugMeta"), ET_PLACE_NONE },
    { ET_SLICE("sentry.interfaces.Stacktrace"), ET_PLACE_STACKTRACE },
    ET_SCRUB_NO_MEMBER
};

static const et_scrub_member_t  et_scrub_logentry[] = {
    { ET_SLICE("params"), ET_PLACE_PARAMS },
    { ET_SLICE("message"), ET_PLACE_MESSAGE },
    { ET_SLICE("formatted"), ET_PLACE_MESSAGE },
    ET_SCRUB_NO_MEMBER
};

static const et_scrub_member_t  et_scrub_exception[] = {
    { ET_SLICE("value"), ET_PLACE_VALUE },
    { ET_SLICE("values"), ET_PLACE_EXCEPTION },
    { ET_SLICE("stacktrace"), ET_PLACE_STACKTRACE },
    { ET_SLICE("raw_stacktrace"), ET_PLACE_STACKTRACE },
    ET_SCRUB_NO_MEMBER
};

static const et_scrub_member_t  et_scrub_threads[] = {
    { ET_SLICE("values"), ET_PLACE_THREADS },
    { ET_SLICE("stacktrace"), ET_PLACE_STACKTRACE },
    { ET_SLICE("raw_stacktrace"), ET_PLACE_STACKTRACE },
    ET_SCRUB_NO_MEMBER
};

static const et_scrub_member_t  et_scrub_stacktrace[] = {
    { ET_SLICE("frames"), ET_PLACE_FRAME },
    ET_SCRUB_NO_MEMBER
};

static const et_scrub_member_t  et_scrub_frame[] = {
    { ET_SLICE("module"), ET_PLACE_SOURCE },
    { ET_SLICE("symbol"), ET_PLACE_SOURCE },
    { ET_SLICE("package"), ET_PLACE_SOURCE },
    { ET_SLICE("abs_path"), ET_PLACE_NONE },
    { ET_SLICE("filename"), ET_PLACE_NONE },
    { ET_SLICE("function"), ET_PLACE_SOURCE },
    { ET_SLICE("image_addr"), ET_PLACE_NONE },
    { ET_SLICE("pre_context"), ET_PLACE_SOURCE },
    { ET_SLICE("symbol_addr"), ET_PLACE_NONE },
    { ET_SLICE("context_line"), ET_PLACE_SOURCE },
    { ET_SLICE("post_context"), ET_PLACE_SOURCE },
    { ET_SLICE("raw_function"), ET_PLACE_SOURCE },
    { ET_SLICE("instruction_addr"), ET_PLACE_NONE },
    ET_SCRUB_NO_MEMBER
};

static const et_scrub_member_t  et_scrub_request[] = {
    { ET_SLICE("env"), ET_PLACE_ENV },
    { ET_SLICE("cookies"), ET_PLACE_COOKIES },
    { ET_SLICE("headers"), ET_PLACE_HEADERS },
    { ET_SLICE("query_string"), ET_PLACE_QUERY },
    ET_SCRUB_NO_MEMBER
};

static const et_scrub_member_t  et_scrub_headers[] = {
    { ET_SLICE("User-Agent"), ET_PLACE_NONE },
    ET_SCRUB_NO_MEMBER
};

static const et_scrub_member_t  et_scrub_user[] = {
    { ET_SLICE("ip_address"), ET_PLACE_REMOVE },
    ET_SCRUB_NO_MEMBER
};

static const et_scrub_member_t  et_scrub_env[] = {
    { ET_SLICE("REMOTE_ADDR"), ET_PLACE_REMOVE },
    ET_SCRUB_NO_MEMBER
};

static const et_scrub_member_t  et_scrub_sdk[] = {
    { ET_SLICE("client_ip"), ET_PLACE_REMOVE },
    ET_SCRUB_NO_MEMBER
};

static const et_scrub_member_t  et_scrub_logs[] = {
    { ET_SLICE("body"), ET_PLACE_BODY },
    { ET_SLICE("items"), ET_PLACE_LOGS },
    { ET_SLICE("attributes"), ET_PLACE_ATTRIBUTES },
    ET_SCRUB_NO_MEMBER
};


static const et_scrub_place_info_t  et_scrub_places[ET_PLACE_COUNT] = {
    [ET_PLACE_ANY] = { ET_SCRUB_ANY, ET_PLACE_ANY, et_scrub_any },
    [ET_PLACE_NONE] = { 0, ET_PLACE_NONE, et_scrub_any },
    [ET_PLACE_DROP] = { 0, ET_PLACE_NONE, et_scrub_any },
    [ET_PLACE_REMOVE] = { ET_SCRUB_ANY, ET_PLACE_ANY, et_scrub_any },
    [ET_PLACE_SOURCE] = { ET_SCRUB_FORMS, ET_PLACE_SOURCE, et_scrub_any },
    [ET_PLACE_EVENT] = { ET_SCRUB_ANY, ET_PLACE_ANY, et_scrub_event },
    [ET_PLACE_MESSAGE] = { ET_SCRUB_WORDS, ET_PLACE_ANY, et_scrub_any },
    [ET_PLACE_LOGENTRY] = { ET_SCRUB_WORDS, ET_PLACE_ANY,
                            et_scrub_logentry },
    [ET_PLACE_PARAMS] = { ET_SCRUB_ANY|ET_SCRUB_EMAIL, ET_PLACE_PARAMS,
                          et_scrub_any },
    [ET_PLACE_EXCEPTION] = { ET_SCRUB_ERROR, ET_PLACE_ANY,
                             et_scrub_exception },
    [ET_PLACE_VALUE] = { ET_SCRUB_ERROR, ET_PLACE_ANY, et_scrub_any },
    [ET_PLACE_THREADS] = { ET_SCRUB_ANY, ET_PLACE_ANY, et_scrub_threads },
    [ET_PLACE_STACKTRACE] = { ET_SCRUB_ANY, ET_PLACE_ANY,
                              et_scrub_stacktrace },
    [ET_PLACE_FRAME] = { ET_SCRUB_ANY, ET_PLACE_ANY, et_scrub_frame },
    [ET_PLACE_REQUEST] = { ET_SCRUB_ANY, ET_PLACE_ANY, et_scrub_request },
    [ET_PLACE_HEADERS] = { ET_SCRUB_ANY, ET_PLACE_ANY, et_scrub_headers },
    [ET_PLACE_COOKIES] = { ET_SCRUB_ANY|ET_SCRUB_COOKIE, ET_PLACE_ANY,
                           et_scrub_any },
    [ET_PLACE_QUERY] = { ET_SCRUB_ANY|ET_SCRUB_QUERY, ET_PLACE_ANY,
                         et_scrub_any },
    [ET_PLACE_USER] = { ET_SCRUB_ANY, ET_PLACE_ANY, et_scrub_user },
    [ET_PLACE_ENV] = { ET_SCRUB_ANY, ET_PLACE_ANY, et_scrub_env },
    [ET_PLACE_SDK] = { ET_SCRUB_FORMS, ET_PLACE_SOURCE, et_scrub_sdk },
    [ET_PLACE_LOGS] = { ET_SCRUB_ANY, ET_PLACE_ANY, et_scrub_logs },
    [ET_PLACE_BODY] = { ET_SCRUB_WORDS|ET_SCRUB_SSN, ET_PLACE_ANY,
                        et_scrub_any },
    [ET_PLACE_ATTRIBUTES] = { ET_SCRUB_ANY, ET_PLACE_ANY, et_scrub_any },
    [ET_PLACE_ATTRIBUTE] = { ET_SCRUB_ANY, ET_PLACE_ANY, et_scrub_any },
};


/* names of four numbers with dots between them that are no address */

static const et_slice_t  et_scrub_versions[] = {
    ET_SLICE("version"), ET_SLICE("release"), ET_SLICE("dist"),
    ET_SLICE("build"), ET_SLICE("browser")
};


et_scrub_place_t
et_scrub_member(const et_scrub_t *scrub, et_scrub_place_t place,
    et_slice_t name)
{
    et_scrub_place_t          found;
    const et_scrub_member_t  *member;

    found = et_scrub_places[place].other;

    for (member = et_scrub_places[place].members;
         member->name.len != 0;
         member++)
    {
        if (member->name.len != name.len) {
            continue;
        }

        /* header names have no case */

        if (place == ET_PLACE_HEADERS
            ? et_slice_eq_nocase(member->name, name)
            : et_slice_eq(member->name, name))
        {
            found = member->place;
            break;
        }
    }

    if (found == ET_PLACE_REMOVE && !scrub->ip) {
        return ET_PLACE_ANY;
    }

    if ((found == ET_PLACE_ANY || found == ET_PLACE_PARAMS)
        && et_scrub_name_cookies(name.data, name.len))
    {
        return ET_PLACE_COOKIES;
    }

    return found;
}


unsigned
et_scrub_rules(const et_scrub_t *scrub, et_scrub_place_t place,
    et_slice_t name)
{
    size_t      i, len;
    unsigned    rules;
    et_slice_t  tail;

    rules = et_scrub_places[place].rules;

    if (!scrub->ip || rules == 0) {
        return rules;
    }

    for (i = 0; i < sizeof(et_scrub_versions) / sizeof(et_slice_t); i++) {
        len = et_scrub_versions[i].len;

        if (name.len < len) {
            continue;
        }

        tail = et_slice(name.data + name.len - len, len);

        if (et_slice_eq_nocase(tail, et_scrub_versions[i])) {
            return rules;
        }
    }

    return rules | ET_SCRUB_IP;
}
