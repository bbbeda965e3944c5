/*
 * Reports of browsers as events.  The event is written as JSON and read like
 * any other; the report stays in it as it came, under "csp", "expect_ct",
 * "expect_staple", "hpkp" or "nel".
 */

#include <stdio.h>

#include "et_endpoint.h"
#include "et_event_internal.h"


/* bytes of a message and of a value in it */
#define ET_REPORT_MESSAGE  512
#define ET_REPORT_VALUE    200

/* reports of one body */
#define ET_MAX_REPORTS     100


/* What is said of a report, whatever its kind. */
typedef struct {
    const char   *kind;        /* the logger, and where the report stays */
    const cJSON  *report;
    et_slice_t    url;         /* of the page */
    et_slice_t    referrer;
    et_slice_t    what;        /* that was violated: directive, error type */
    et_slice_t    who;         /* by whom: 'self', inline, or a host */
    et_slice_t    culprit;
    char          message[ET_REPORT_MESSAGE];
} et_report_t;


static et_reason_t et_security_json(et_ingest_t *ingest,
    const et_request_t *request, char *text, size_t len);
static int et_security_is_report(const cJSON *root);
static et_reason_t et_security_report(et_ingest_t *ingest,
    const et_request_t *request, const cJSON *root);
static et_reason_t et_security_list(et_ingest_t *ingest,
    const et_request_t *request, const cJSON *list);
static et_reason_t et_security_csp(et_ingest_t *ingest,
    const et_request_t *request, const cJSON *report);
static et_reason_t et_security_host(et_ingest_t *ingest,
    const et_request_t *request, const cJSON *report, const char *kind,
    const char *problem);
static et_reason_t et_nel_json(et_ingest_t *ingest,
    const et_request_t *request, char *text, size_t len);
static et_reason_t et_nel_report(et_ingest_t *ingest,
    const et_request_t *request, const cJSON *report);
static et_reason_t et_report_json(et_ingest_t *ingest,
    const et_request_t *request, char *text, size_t len, cJSON **root);
static et_reason_t et_report_keep(et_ingest_t *ingest,
    const et_request_t *request, et_report_t *report);
static et_slice_t et_report_text(const cJSON *report, const char *name,
    const char *other);
static et_slice_t et_report_directive(const cJSON *report);
static et_slice_t et_report_blocked(et_slice_t uri, et_slice_t page);
static et_slice_t et_report_host(et_slice_t url);
static int et_security_media_type(et_slice_t type);


et_reason_t
et_security_read(et_ingest_t *ingest, const et_request_t *request)
{
    if (!et_security_media_type(request->content_type)) {
        return ET_BAD_MEDIA_TYPE;
    }

    return et_security_json(ingest, request, ingest->text, ingest->len);
}


et_reason_t
et_item_raw_security(et_ingest_t *ingest, const et_request_t *request,
    et_item_t *item)
{
    return et_security_json(ingest, request, item->payload, item->len);
}


et_reason_t
et_item_security(et_ingest_t *ingest, const et_request_t *request,
    et_item_t *item)
{
    cJSON        *root;
    et_reason_t   reason;

    reason = et_report_json(ingest, request, item->payload, item->len, &root);
    if (reason != ET_OK) {
        return reason;
    }

    return et_security_is_report(root)
           ? et_security_report(ingest, request, root)
           : et_ingest_event(ingest, request, item->payload, item->len);
}


et_reason_t
et_nel_read(et_ingest_t *ingest, const et_request_t *request)
{
    return et_nel_json(ingest, request, ingest->text, ingest->len);
}


et_reason_t
et_item_nel(et_ingest_t *ingest, const et_request_t *request,
    et_item_t *item)
{
    return et_nel_json(ingest, request, item->payload, item->len);
}


static et_reason_t
et_security_json(et_ingest_t *ingest, const et_request_t *request,
    char *text, size_t len)
{
    cJSON        *root;
    et_reason_t   reason;

    reason = et_report_json(ingest, request, text, len, &root);

    return reason == ET_OK ? et_security_report(ingest, request, root)
                           : reason;
}


/* Whether it has the form of a report, and not of the event of one. */

static int
et_security_is_report(const cJSON *root)
{
    size_t  i;

    static const char *const  names[] = {
        "csp-report", "expect-ct-report", "expect-staple-report", "known-pins"
    };

    for (i = 0; i < ET_EVENT_NAMES(names); i++) {
        if (et_json_get(root, names[i]) != NULL) {
            return 1;
        }
    }

    return cJSON_IsArray(root);
}


static et_reason_t
et_security_report(et_ingest_t *ingest, const et_request_t *request,
    const cJSON *root)
{
    const cJSON  *report;

    if (cJSON_IsArray(root)) {
        return et_security_list(ingest, request, root);
    }

    report = et_json_get(root, "csp-report");
    if (report != NULL) {
        return et_security_csp(ingest, request, report);
    }

    report = et_json_get(root, "expect-ct-report");
    if (report != NULL) {
        return et_security_host(ingest, request, report, "expect_ct",
                                "Expect-CT failed");
    }

    report = et_json_get(root, "expect-staple-report");
    if (report != NULL) {
        return et_security_host(ingest, request, report, "expect_staple",
                                "Expect-Staple failed");
    }

    if (et_json_get(root, "known-pins") != NULL) {
        return et_security_host(ingest, request, root, "hpkp",
                                "Public key pinning validation failed");
    }

    return ET_BAD_REPORT;
}


/* The Reporting API: of its types those of a policy are taken. */

static et_reason_t
et_security_list(et_ingest_t *ingest, const et_request_t *request,
    const cJSON *list)
{
    size_t        n;
    et_reason_t   reason;
    const cJSON  *report;

    for (report = list->child, n = 0;
         report != NULL && n < ET_MAX_REPORTS;
         report = report->next)
    {
        if (!et_slice_eq(et_json_str(et_json_get(report, "type")),
                         et_slice_str("csp-violation"))
            || !cJSON_IsObject(et_json_get(report, "body")))
        {
            continue;
        }

        reason = et_security_csp(ingest, request,
                                 et_json_get(report, "body"));
        if (reason != ET_OK) {
            return reason;
        }

        n++;
    }

    return n != 0 ? ET_OK : ET_BAD_REPORT;
}


static et_reason_t
et_security_csp(et_ingest_t *ingest, const et_request_t *request,
    const cJSON *report)
{
    et_slice_t   blocked, kind;
    et_report_t  csp;

    memset(&csp, 0, sizeof(et_report_t));

    csp.kind = "csp";
    csp.report = report;
    csp.url = et_report_text(report, "document-uri", "documentURL");
    csp.referrer = et_report_text(report, "referrer", "referrer");
    csp.what = et_report_directive(report);

    if (csp.what.len == 0) {
        return ET_BAD_REPORT;
    }

    csp.culprit = et_report_text(report, "violated-directive",
                                 "originalPolicy");
    blocked = et_report_text(report, "blocked-uri", "blockedURL");
    csp.who = et_report_blocked(blocked, csp.url);

    /* script-src-elem: what is blocked is a script */

    kind = csp.what;

    if (memchr(kind.data, '-', kind.len) != NULL) {
        kind.len = (size_t) ((const char *) memchr(kind.data, '-', kind.len)
                             - kind.data);
    }

    snprintf(csp.message, sizeof(csp.message), "Blocked '%.*s' from '%.*s'",
             (int) et_event_cut(kind, ET_REPORT_VALUE).len, kind.data,
             (int) et_event_cut(csp.who, ET_REPORT_VALUE).len, csp.who.data);

    return et_report_keep(ingest, request, &csp);
}


static et_reason_t
et_security_host(et_ingest_t *ingest, const et_request_t *request,
    const cJSON *report, const char *kind, const char *problem)
{
    et_report_t  host;

    memset(&host, 0, sizeof(et_report_t));

    host.kind = kind;
    host.report = report;
    host.url = et_slice("", 0);
    host.referrer = et_slice("", 0);
    host.what = et_slice_str(kind);
    host.who = et_report_text(report, "hostname", "hostname");
    host.culprit = host.who;

    if (host.who.len == 0) {
        return ET_BAD_REPORT;
    }

    snprintf(host.message, sizeof(host.message), "%s for '%.*s'", problem,
             (int) et_event_cut(host.who, ET_REPORT_VALUE).len,
             host.who.data);

    return et_report_keep(ingest, request, &host);
}


static et_reason_t
et_nel_json(et_ingest_t *ingest, const et_request_t *request, char *text,
    size_t len)
{
    cJSON        *root;
    size_t        n;
    et_reason_t   reason;
    const cJSON  *report;

    reason = et_report_json(ingest, request, text, len, &root);
    if (reason != ET_OK) {
        return reason;
    }

    /* an item has one report, a body an array of them */

    if (cJSON_IsObject(root)) {
        return et_nel_report(ingest, request, root);
    }

    if (!cJSON_IsArray(root) || root->child == NULL) {
        return ET_BAD_REPORT;
    }

    for (report = root->child, n = 0;
         report != NULL && n < ET_MAX_REPORTS;
         report = report->next, n++)
    {
        reason = et_nel_report(ingest, request, report);
        if (reason != ET_OK) {
            return reason;
        }
    }

    return ET_OK;
}


static et_reason_t
et_nel_report(et_ingest_t *ingest, const et_request_t *request,
    const cJSON *report)
{
    et_report_t   nel;
    const cJSON  *body;

    memset(&nel, 0, sizeof(et_report_t));

    body = et_json_get(report, "body");

    nel.kind = "nel";
    nel.report = report;
    nel.url = et_report_text(report, "url", "url");
    nel.referrer = et_report_text(body, "referrer", "referrer");
    nel.what = et_report_text(body, "type", "type");
    nel.who = et_report_host(nel.url);
    nel.culprit = nel.who;

    if (nel.what.len == 0) {
        return ET_BAD_REPORT;
    }

    snprintf(nel.message, sizeof(nel.message), "Network error %.*s at '%.*s'",
             (int) et_event_cut(nel.what, ET_REPORT_VALUE).len,
             nel.what.data,
             (int) et_event_cut(nel.who, ET_REPORT_VALUE).len, nel.who.data);

    return et_report_keep(ingest, request, &nel);
}


/* A report becomes an event, and is no larger than one. */

static et_reason_t
et_report_json(et_ingest_t *ingest, const et_request_t *request, char *text,
    size_t len, cJSON **root)
{
    if (len > request->limits.max_event) {
        return ET_EVENT_TOO_LARGE;
    }

    return et_json_parse(&ingest->arena, text, len, root);
}


static et_reason_t
et_report_keep(et_ingest_t *ingest, const et_request_t *request,
    et_report_t *report)
{
    cJSON       *root, *object, *group;
    et_slice_t   text;
    et_arena_t  *arena;

    arena = &ingest->arena;

    et_json_begin(arena);

    root = cJSON_CreateObject();

    et_endpoint_add(arena, root, "platform", et_slice_str("other"));
    et_endpoint_add(arena, root, "logger", et_slice_str(report->kind));
    et_endpoint_add(arena, root, "message", et_slice_str(report->message));
    et_endpoint_add(arena, root, "culprit",
                    et_event_cut(report->culprit, ET_MAX_CULPRIT));
    et_endpoint_add(arena, root, "environment",
                    et_endpoint_arg(ingest, request->args,
                                    "sentry_environment",
                                    ET_MAX_ENVIRONMENT));
    et_endpoint_add(arena, root, "release",
                    et_endpoint_arg(ingest, request->args, "sentry_release",
                                    ET_MAX_RELEASE));

    group = cJSON_AddArrayToObject(root, "fingerprint");
    object = cJSON_AddObjectToObject(root, "tags");

    (void) cJSON_AddItemToArray(group, cJSON_CreateString(report->kind));

    if (report->what.len != 0) {
        text = et_arena_copy(arena, et_event_cut(report->what,
                                                 ET_MAX_TAG_VALUE));
        (void) cJSON_AddItemToArray(group, cJSON_CreateString(text.data));
        et_endpoint_add(arena, object, report->kind[0] == 'c'
                                       ? "effective-directive" : "type",
                        text);
    }

    if (report->who.len != 0) {
        text = et_arena_copy(arena, et_event_cut(report->who,
                                                 ET_MAX_TAG_VALUE));
        (void) cJSON_AddItemToArray(group, cJSON_CreateString(text.data));
        et_endpoint_add(arena, object, report->kind[0] == 'c'
                                       ? "blocked-uri" : "hostname", text);
    }

    if (report->url.len != 0) {
        object = cJSON_AddObjectToObject(root, "request");
        et_endpoint_add(arena, object, "url", report->url);
        object = cJSON_AddObjectToObject(object, "headers");
        et_endpoint_add(arena, object, "Referer", report->referrer);
    }

    /* the tree is printed and gone with the arena: a reference will do */

    (void) cJSON_AddItemReferenceToObject(root, report->kind,
                                          (cJSON *) report->report);

    text = et_endpoint_print(root);

    et_json_end();

    if (text.data == NULL) {
        return et_ingest_no_room(ingest);
    }

    return et_ingest_event(ingest, request, (char *) text.data, text.len);
}


static et_slice_t
et_report_text(const cJSON *report, const char *name, const char *other)
{
    et_slice_t  text;

    text = et_json_str(et_json_get(report, name));

    if (text.len == 0) {
        text = et_json_str(et_json_get(report, other));
    }

    return text.len == 0 ? et_slice("", 0) : text;
}


/* The effective directive; where an older browser does not say, the first
 * word of the violated one. */

static et_slice_t
et_report_directive(const cJSON *report)
{
    const char  *blank;
    et_slice_t   text;

    text = et_report_text(report, "effective-directive",
                          "effectiveDirective");

    if (text.len == 0) {
        text = et_report_text(report, "violated-directive",
                              "violatedDirective");
        blank = text.len == 0 ? NULL : memchr(text.data, ' ', text.len);

        if (blank != NULL) {
            text.len = (size_t) (blank - text.data);
        }
    }

    return text;
}


/* A host, 'self' for the page's own, or the word that is no URL: inline,
 * eval, data, blob. */

static et_slice_t
et_report_blocked(et_slice_t uri, et_slice_t page)
{
    et_slice_t  host;

    host = et_report_host(uri);

    if (uri.len == 0 || (host.len != 0
                         && et_slice_eq(host, et_report_host(page))))
    {
        return et_slice_str("self");
    }

    return host.len != 0 ? host : uri;
}


/* What stands between "//" and the next of "/?#:"; "" where that is not. */

static et_slice_t
et_report_host(et_slice_t url)
{
    size_t  i, from;

    for (i = 0; i + 1 < url.len; i++) {
        if (url.data[i] == '/' && url.data[i + 1] == '/') {

            for (from = i + 2, i = from;
                 i < url.len && url.data[i] != '/' && url.data[i] != '?'
                 && url.data[i] != '#' && url.data[i] != ':';
                 i++)
            {
                /* void */
            }

            return et_slice(url.data + from, i - from);
        }
    }

    return et_slice("", 0);
}


/* What browsers label reports with; none at all is not held against one. */

static int
et_security_media_type(et_slice_t type)
{
    size_t  i;

    static const et_slice_t  types[] = {
        ET_SLICE("application/csp-report"), ET_SLICE("application/json"),
        ET_SLICE("application/reports+json"),
        ET_SLICE("application/expect-ct-report"),
        ET_SLICE("application/expect-ct-report+json"),
        ET_SLICE("application/expect-staple-report"),
        ET_SLICE(""),
    };

    for (i = 0; i < type.len && type.data[i] != ';' && type.data[i] != ' ';
         i++)
    {
        /* void */
    }

    type = et_slice(type.data, i);

    for (i = 0; i < ET_EVENT_NAMES(types); i++) {
        if (et_slice_eq_nocase(type, types[i])) {
            return 1;
        }
    }

    return 0;
}
