/*
 * Whose User-Agent it is: a crawler's, or that of a browser too old for
 * today's scripts.
 */

#include "et_filter_internal.h"


#define ET_AGENT_NONE  ((unsigned) -1)


static int et_agent_word(et_slice_t agent, et_slice_t word);
static unsigned et_agent_version(et_slice_t agent, const char *name);


/* Relay's list, in any case */

static const et_slice_t  et_agent_crawlers[] = {
    ET_SLICE("Mediapartners-Google"), ET_SLICE("AdsBot-Google"),
    ET_SLICE("Googlebot"), ET_SLICE("FeedFetcher-Google"),
    ET_SLICE("BingBot"), ET_SLICE("BingPreview"), ET_SLICE("Baiduspider"),
    ET_SLICE("Slurp"), ET_SLICE("Sogou"), ET_SLICE("facebook"),
    ET_SLICE("ia_archiver"), ET_SLICE("Slack"),
    ET_SLICE("Calypso AppCrawler"), ET_SLICE("pingdom"),
    ET_SLICE("lyticsbot"), ET_SLICE("AWS Security Scanner"),
    ET_SLICE("HubSpot Crawler"), ET_SLICE("Bytespider"),
    ET_SLICE("Better Uptime")
};

/* these are followed by '/', ')', ';' or a blank */

static const et_slice_t  et_agent_bots[] = {
    ET_SLICE("bot"), ET_SLICE("bots"), ET_SLICE("spider")
};


/*
 * Which browser it is, in this order: each also names those behind it, whose
 * engine it has or wants to be taken for.  min is the oldest version that is
 * kept: for those of today the first one with ES2018, which Sentry's own SDK
 * needs.
 */

static const struct {
    const char  *name;
    unsigned     min;
} et_agent_browsers[] = {
    { "Opera Mini/", 35 },
    { "OPR/", 50 },
    { "Opera/", 50 },                  /* until 12 */
    { "Opera ", 50 },
    { "Edge/", 79 },                   /* with its own engine, until 18 */
    { "Edg/", 79 },
    { "MSIE ", ET_AGENT_NONE },        /* Internet Explorer, all of them */
    { "Trident/", ET_AGENT_NONE },
    { "FxiOS/", 0 },                   /* Apple's engine, its own numbers */
    { "CriOS/", 0 },
    { "EdgiOS/", 0 },
    { "Firefox/", 67 },
    { "Chrome/", 63 },
    { "Android ", 4 },                 /* its own browser */
    { "Version/", 12 },                /* Safari */
};


int
et_filter_crawler(et_slice_t agent)
{
    size_t  i;

    /* Slack's own client, which asks on behalf of its users */

    if (et_filter_holds(agent, et_slice_str("Slackbot 1."))) {
        return 0;
    }

    for (i = 0; i < sizeof(et_agent_crawlers) / sizeof(et_slice_t); i++) {
        if (et_filter_holds(agent, et_agent_crawlers[i])) {
            return 1;
        }
    }

    for (i = 0; i < sizeof(et_agent_bots) / sizeof(et_slice_t); i++) {
        if (et_agent_word(agent, et_agent_bots[i])) {
            return 1;
        }
    }

    return 0;
}


static int
et_agent_word(et_slice_t agent, et_slice_t word)
{
    size_t  i;

    for (i = 0; i + word.len < agent.len; i++) {
        if (memchr("/) ;\t", agent.data[i + word.len], 5) != NULL
            && et_slice_eq_nocase(et_slice(agent.data + i, word.len), word))
        {
            return 1;
        }
    }

    return 0;
}


int
et_filter_legacy(et_slice_t agent)
{
    size_t    i;
    unsigned  version;

    for (i = 0;
         i < sizeof(et_agent_browsers) / sizeof(et_agent_browsers[0]);
         i++)
    {
        version = et_agent_version(agent, et_agent_browsers[i].name);

        if (version == ET_AGENT_NONE) {
            continue;
        }

        /* Safari is the last that has a "Version/" */

        if (strcmp(et_agent_browsers[i].name, "Version/") == 0
            && !et_filter_holds(agent, et_slice_str("Safari/")))
        {
            return 0;
        }

        return version < et_agent_browsers[i].min;
    }

    return 0;
}


/* The number behind the name, ET_AGENT_NONE where there is none. */

static unsigned
et_agent_version(et_slice_t agent, const char *name)
{
    size_t       len;
    unsigned     version;
    const char  *p, *end;

    len = strlen(name);
    end = agent.data + agent.len;

    for (p = agent.data; (size_t) (end - p) > len; p++) {

        p = memchr(p, *name, end - p);

        if (p == NULL || (size_t) (end - p) <= len) {
            return ET_AGENT_NONE;
        }

        if (memcmp(p, name, len) != 0 || p[len] < '0' || p[len] > '9') {
            continue;
        }

        version = 0;

        for (p += len; p < end && *p >= '0' && *p <= '9' && version < 100000;
             p++)
        {
            version = version * 10 + (unsigned) (*p - '0');
        }

        return version;
    }

    return ET_AGENT_NONE;
}
