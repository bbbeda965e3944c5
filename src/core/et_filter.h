/*
 * Inbound filters: events that nobody wants, recognised by the facts that
 * Sentry's Relay goes by.  A filtered event is answered as if it were kept.
 *
 * Promise: a filter reads what the event says and changes nothing; none is on
 * unless the configuration says so; the time is bounded by the length of the
 * texts times that of the patterns.
 */

#ifndef ET_FILTER_H
#define ET_FILTER_H

#include "et_event.h"


/*     symbol                         name: the configuration's, and the label
 *                                    of the metric
 *                                    reason of the outcome: Sentry's */
#define ET_FILTERS(X)                                                         \
    X(ET_FILTER_BROWSER_EXTENSIONS,   "browser_extensions",                   \
      "browser-extensions")                                                   \
    X(ET_FILTER_CRAWLERS,             "crawlers", "web-crawlers")             \
    X(ET_FILTER_LOCALHOST,            "localhost", "localhost")               \
    X(ET_FILTER_LEGACY_BROWSERS,      "legacy_browsers", "legacy-browsers")   \
    X(ET_FILTER_MESSAGE,              "message", "error-message")             \
    X(ET_FILTER_RELEASE,              "release", "release-version")           \
    X(ET_FILTER_IP,                   "ip", "ip-address")

#define ET_FILTER_SYMBOL(symbol, name, reason)  symbol,

typedef enum {
    ET_FILTERS(ET_FILTER_SYMBOL)
    ET_FILTER_COUNT                    /* none */
} et_filter_kind_t;

#undef ET_FILTER_SYMBOL

/* those that are on or off by their name: the first ones */
#define ET_FILTER_NAMED  (ET_FILTER_LEGACY_BROWSERS + 1)

extern const char *const  et_filter_names[ET_FILTER_COUNT];
extern const char *const  et_filter_reasons[ET_FILTER_COUNT];


typedef struct {
    unsigned char      address[16];    /* IPv4: mapped to IPv6 */
    unsigned           bits;
} et_cidr_t;

/* Read only, and so shared by all requests. */
typedef struct {
    unsigned           named;          /* a bit for each kind that is on */
    const et_slice_t  *messages;       /* globs, in any case */
    size_t             nmessages;
    const et_slice_t  *releases;
    size_t             nreleases;
    const et_cidr_t   *cidrs;
    size_t             ncidrs;
} et_filter_t;


/* The filter that the event is caught by, ET_FILTER_COUNT where there is
 * none.  client_ip is the sender's address, as text. */
et_filter_kind_t et_filter(const et_filter_t *filter, const et_event_t *event,
    et_slice_t client_ip);

/* An address, or a network such as 10.0.0.0/8.  1, or 0 where it is none. */
int et_cidr_parse(et_slice_t text, et_cidr_t *cidr);

/* Whether the glob matches all of the text: * is any text, ? any character;
 * letters in any case. */
int et_glob_match(et_slice_t glob, et_slice_t text);


#endif /* ET_FILTER_H */
