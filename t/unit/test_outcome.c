/*
 * Outcomes: their rows, and that of one request's each is one record.
 */

#include "et_aggregate.h"
#include "et_ingest.h"
#include "et_test.h"


static et_ingest_t     ingest;
static et_aggregate_t  aggregate;
static char            buffer[64 * 1024];


static void
et_test_open(void)
{
    et_slice_t           key;
    et_request_t         request;
    static char          body[] = "{}";
    static const char    name[] = "k";

    memset(&request, 0, sizeof(request));
    request.endpoint = ET_ENDPOINT_ENVELOPE;
    request.body = body;
    request.len = 2;
    et_limits_default(&request.limits);
    request.limits.max_inflated = 100;
    request.auth.key = et_slice_str(name);

    et_check_int(et_ingest_open(&ingest, &request, &key), ET_OK);
}


int
main(void)
{
    size_t      used, size;
    unsigned    i, k;
    et_event_t  record;
    static char  reasons[300][16];
    static char  longest[300];

    et_check(et_ingest_init(&ingest));

    ET_TEST("an outcome's row is at most ET_ROW_OUTCOME_MAX bytes") {
        memset(longest, 'r', sizeof(longest));

        for (i = 0; i < ET_OUTCOME_COUNT; i++) {
            for (k = 0; k < ET_CATEGORY_COUNT; k++) {
                et_outcome_record(&record, (et_outcome_t) i,
                                  et_slice(longest, sizeof(longest)),
                                  (et_category_t) k, 1, 0);
                et_check_int(record.value.len, ET_MAX_REASON);

                size = et_row_fold_size(&record);
                et_check(size <= ET_ROW_OUTCOME_MAX);
            }
        }
    }

    ET_TEST("a reason is cut between characters") {
        memset(longest, 'r', sizeof(longest));
        memcpy(longest + ET_MAX_REASON - 1, "\xc3\xa9", 2);

        et_outcome_record(&record, ET_OUTCOME_INVALID, et_slice(longest, 200),
                          ET_CATEGORY_ERROR, 1, 0);
        et_check_int(record.value.len, ET_MAX_REASON - 1);
    }

    ET_TEST("equal outcomes of a request are one record, others are others") {
        et_test_open();

        for (i = 0; i < 10; i++) {
            et_check_int(et_ingest_outcome(&ingest, ET_OUTCOME_CLIENT_DISCARD,
                                           et_slice_str(i % 2 ? "a" : "b"),
                                           ET_CATEGORY_ERROR, 3, 0), ET_OK);
        }

        et_check_int(et_ingest_outcome(&ingest, ET_OUTCOME_FILTERED,
                                       et_slice_str("a"), ET_CATEGORY_ERROR,
                                       1, 0), ET_OK);
        et_check_int(et_ingest_outcome(&ingest, ET_OUTCOME_CLIENT_DISCARD,
                                       et_slice_str("a"),
                                       ET_CATEGORY_SESSION, 1, 0), ET_OK);

        et_check_int(ingest.nrecords, 4);
        et_check_int(ingest.noutcomes, 4);
        et_check_int(ingest.nevents, 0);
        et_check_int(ingest.records[0].n, 15);
        et_check_int(ingest.records[1].n, 15);
        et_check_int(ingest.records[2].n, 1);
    }

    ET_TEST("a request has at most ET_MAX_OUTCOMES, and loses none's count") {
        et_test_open();

        for (i = 0; i < 300; i++) {
            sprintf(reasons[i], "reason %u", i);

            for (k = 0; k < ET_CATEGORY_COUNT; k++) {
                et_check_int(et_ingest_outcome(&ingest,
                                       (et_outcome_t) (i % ET_OUTCOME_COUNT),
                                       et_slice_str(reasons[i]),
                                       (et_category_t) k, 1, 0), ET_OK);
            }
        }

        et_check(ingest.noutcomes <= ET_MAX_OUTCOMES);
        et_check_int(ingest.noutcomes, ingest.nrecords);

        for (i = 0, used = 0; i < ingest.nrecords; i++) {
            used += ingest.records[i].n;
        }

        et_check_int(used, 300 * ET_CATEGORY_COUNT);
    }

    ET_TEST("outcomes of a minute are one row, whose n is their sum") {
        et_aggregate_clear(&aggregate);
        used = 0;

        for (i = 0; i < 100; i++) {
            et_outcome_record(&record, ET_OUTCOME_RATE_LIMITED,
                              et_slice_str("project"), ET_CATEGORY_ERROR, 7,
                              i * ET_SECOND / 2);
            et_check_int(et_aggregate_fold(&aggregate, buffer, &used, &record,
                                           1), i == 0);
        }

        memcpy(&size, buffer + ET_ROW_N, 8);
        et_check_int(size, 700);
        et_check_int(buffer[0], ET_RECORD_OUTCOME);

        et_outcome_record(&record, ET_OUTCOME_RATE_LIMITED,
                          et_slice_str("project"), ET_CATEGORY_ERROR, 7,
                          60 * ET_SECOND);
        et_check_int(et_aggregate_fold(&aggregate, buffer, &used, &record, 1),
                     1);
    }

    ET_TEST("every item type has a category, every category its name") {
        for (i = 0; i < ET_ITEM_TYPE_COUNT; i++) {
            et_check(et_item_category((et_item_type_t) i)
                     < ET_CATEGORY_COUNT);
        }

        for (i = 0; i < ET_CATEGORY_COUNT; i++) {
            et_check_int(et_category_parse(et_slice_str(et_category_names[i])),
                         i);
        }

        et_check_int(et_category_parse(et_slice_str("what")),
                     ET_CATEGORY_UNKNOWN);
    }

    et_ingest_destroy(&ingest);

    return et_test_done();
}
