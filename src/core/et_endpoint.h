/*
 * The endpoints that are neither an envelope nor an event: each makes records
 * of what et_ingest_open() has left in ingest->text.  (Minidumps and the like
 * are in et_crash.h.)
 */

#ifndef ET_ENDPOINT_H
#define ET_ENDPOINT_H

#include "et_item.h"


/*
 * Reports of browsers: violations of a Content-Security-Policy, in the form
 * of CSP 2 and of the Reporting API, Expect-CT, Expect-Staple, HPKP.  Each
 * becomes an event, grouped by what was violated and by whom.
 * sentry_environment and sentry_release of the query are the event's.
 * ET_BAD_MEDIA_TYPE, ET_BAD_JSON, ET_BAD_REPORT; those of et_ingest_event().
 */
et_reason_t et_security_read(et_ingest_t *ingest,
    const et_request_t *request);
et_reason_t et_item_raw_security(et_ingest_t *ingest,
    const et_request_t *request, et_item_t *item);

/*
 * The same as an event: what a Relay makes of a report that it passes on.  A
 * report in the form of a browser's is taken, too.
 */
et_reason_t et_item_security(et_ingest_t *ingest, const et_request_t *request,
    et_item_t *item);

/* Network Error Logging (W3C): an array of reports, each an event. */
et_reason_t et_nel_read(et_ingest_t *ingest, const et_request_t *request);
et_reason_t et_item_nel(et_ingest_t *ingest, const et_request_t *request,
    et_item_t *item);

/*
 * A check-in by curl: the slug is the path's, what else it says is in the
 * query (status, check_in_id, environment, duration) or in a JSON body, which
 * may have a monitor_config, too.
 */
et_reason_t et_cron_read(et_ingest_t *ingest, const et_request_t *request);

/*
 * The form of the page that a user sees after an error: name, email and
 * comments, urlencoded; the event is the query's eventId.
 */
et_reason_t et_error_page_read(et_ingest_t *ingest,
    const et_request_t *request);


/* What they share, et_endpoint.c */

/* A parameter of the query, unescaped, on the arena, cut to max bytes; ""
 * where it is absent or no UTF-8. */
et_slice_t et_endpoint_arg(et_ingest_t *ingest, et_slice_t args,
    const char *name, size_t max);

/* Adds a string to an object of cJSON's, where it is not empty; between
 * et_json_begin() and et_json_end(). */
void et_endpoint_add(et_arena_t *arena, cJSON *object, const char *name,
    et_slice_t value);

/* The tree as text, after which et_json_end() is due; data NULL. */
et_slice_t et_endpoint_print(const cJSON *root);


#endif /* ET_ENDPOINT_H */
