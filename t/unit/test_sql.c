/*
 * A query to ClickHouse: parameters as it reads them, and its answers.
 */

#include "et_errors_internal.h"
#include "et_errors_search.h"
#include "et_result.h"
#include "et_search_sql.h"
#include "et_sql.h"
#include "et_test.h"


static et_arena_t  arena;


static et_sql_t *
query(void)
{
    static et_sql_t  q;

    et_arena_reset(&arena);
    et_sql_init(&q, &arena, "Q");

    return &q;
}


static const et_term_t *
word(const char *text)
{
    static et_search_t  search;

    et_check(et_search_parse(&arena, et_slice_str(text), &search) == NULL);
    et_check_int(search.nterms, 1);

    return &search.terms[0];
}


/* The conditions of a search, of all projects or of some. */

static et_sql_t *
where(const char *text, int all)
{
    et_sql_t                   *q;
    et_call_t                   call;
    static et_errors_filter_t   filter;

    q = query();
    memset(&call, 0, sizeof(et_call_t));
    memset(&filter, 0, sizeof(et_errors_filter_t));
    filter.all = all;

    et_check(et_search_parse(&arena, et_slice_str(text), &filter.search)
             == NULL);
    et_errors_search_where(&call, q, &filter);

    return q;
}


static et_slice_t
args(et_sql_t *q)
{
    et_sql_limits_t  limits;

    memset(&limits, 0, sizeof(limits));
    limits.database = "d b";

    return et_sql_args(q, &limits);
}


static int
holds(et_slice_t text, const char *part)
{
    return text.data != NULL && strstr(text.data, part) != NULL;
}


static void
test_params(void)
{
    size_t       i;
    et_sql_t  *q;
    et_slice_t   values[2], none;

    static const uint64_t  numbers[] = { 1, UINT64_MAX };
    static const uint64_t  pairs[][2] = { { 1, 2 }, { 3, UINT64_MAX } };

    ET_TEST("a number is written with every digit") {
        q = query();
        et_sql_u64(q, "a", UINT64_MAX);
        et_sql_i64(q, "b", INT64_MIN);
        et_check(holds(args(q), "&param_a=18446744073709551615"
                                "&param_b=-9223372036854775808"));
    }

    ET_TEST("a text's tabs, line feeds and backslashes are escaped as in TSV") {
        q = query();
        et_sql_str(q, "a", et_slice_str("x\ty\nz\\N"));
        et_check(holds(args(q), "&param_a=x%5Cty%5Cnz%5C%5CN"));
    }

    ET_TEST("what SQL or a URL would read is encoded, a NUL too") {
        q = query();
        et_sql_str(q, "a", et_slice("'; DROP {a:b}&c=\0\xff", 18));
        et_check(holds(args(q), "&param_a=%27%3B%20DROP%20%7Ba%3Ab%7D%26c%3D"
                                "%00%FF"));
    }

    ET_TEST("a list's texts are in quotes, which are escaped in them") {
        q = query();
        values[0] = et_slice_str("a'b\\");
        values[1] = et_slice_str("");
        et_sql_strs(q, "a", values, 2);
        et_check(holds(args(q), "&param_a=%5B%27a%5C%27b%5C%5C%27,%27%27%5D"));
    }

    ET_TEST("a list of numbers, and one of nothing") {
        q = query();
        et_sql_u64s(q, "a", numbers, 2);
        et_sql_u64s(q, "b", numbers, 0);
        et_sql_strs(q, "c", values, 0);
        et_check(holds(args(q), "&param_a=%5B1,18446744073709551615%5D"
                                "&param_b=%5B%5D&param_c=%5B%5D"));
    }

    ET_TEST("a list of pairs of numbers") {
        q = query();
        et_sql_pairs(q, "a", pairs, 2);
        et_sql_pairs(q, "b", pairs, 0);
        et_check(holds(args(q), "&param_a=%5B%281,2%29,"
                                "%283,18446744073709551615%29%5D"
                                "&param_b=%5B%5D"));
    }

    ET_TEST("what numbers repeated parts is put into SQL and names") {
        q = query();
        et_sql_add_n(q, "a {k%u:String} {v%u:String}", 7);
        et_sql_str(q, et_sql_name(q, "k%u", 7), et_slice_str("x"));
        et_check_str(et_sql_body(q), "a {k7:String} {v7:String}");
        et_check(holds(args(q), "&param_k7=x"));
    }

    ET_TEST("a search's word is a field in a list, or like any of patterns") {
        q = query();
        et_search_sql(q, "value", word("a:[x, y]"), 3);
        et_search_sql_values(q, word("a:[x, y]"), 3);
        et_check_str(et_sql_body(q), "value IN {v3:Array(String)}");
        et_check(holds(args(q), "&param_v3=%5B%27x%27,%27y%27%5D"));

        q = query();
        et_search_sql(q, "tags[{k%u:String}]", word("a:[x*, 5%]"), 3);
        et_search_sql_values(q, word("a:[x*, 5%]"), 3);
        et_check_str(et_sql_body(q),
                     "(tags[{k3:String}] ILIKE {v3:Array(String)}[1]"
                     " OR tags[{k3:String}] ILIKE {v3:Array(String)}[2])");
        et_check(holds(args(q), "&param_v3=%5B%27x%25%27,%275%5C%5C%25%27%5D"));
    }

    ET_TEST("a tag is searched for by its value, and in some projects only") {
        et_check(holds(et_sql_body(where("color:red", 1)),
                       "FROM errors_by_tag WHERE 1 AND key = "));
        et_check(holds(et_sql_body(where("color:red", 0)),
                       "FROM errors_by_tag WHERE 1 AND " ET_SQL_OF_PROJECTS
                       " AND key = "));
        et_check(holds(et_sql_body(where("color:r*", 1)),
                       "FROM errors_by_tag WHERE 1 AND key = "));
        et_check(holds(et_sql_body(where("color:r*", 0)),
                       "FROM error_tags WHERE 1 AND " ET_SQL_OF_PROJECTS));
        et_check(holds(et_sql_body(where("has:color", 0)),
                       "FROM error_tags WHERE 1 AND " ET_SQL_OF_PROJECTS));
        et_check(holds(et_sql_body(where("user.id:7", 1)),
                       "FROM events_by_time WHERE " ET_SQL_OF_PROJECTS));
        et_check(holds(et_sql_body(where("assigned:ann", 1)),
                       "FROM error_status FINAL WHERE " ET_SQL_OF_PROJECTS));
    }

    ET_TEST("a query that reads can't write, and one that writes may") {
        q = query();
        et_check(holds(args(q), "&readonly=2"));
        et_check(holds(args(q), "database=d%20b"));
        q->write = 1;
        et_check(!holds(args(q), "readonly"));
    }

    ET_TEST("any allocation may fail, and the query is none then") {
        for (i = 1; i < 10; i++) {
            et_arena_destroy(&arena);
            et_arena_init(&arena, 1 << 20, 0);
            q = query();
            et_fail_nth(i);
            et_sql_add(q, "SELECT 1");
            et_sql_str(q, "a", et_slice_str("\t"));
            none = args(q);

            if (!et_fail_reached()) {
                et_fail_nth(0);
                break;
            }

            et_check(none.data == NULL || et_sql_body(q).data == NULL);
        }

        et_check(i > 1);
    }

    ET_TEST("a query larger than the arena may get is none") {
        et_arena_t  small;

        et_arena_init(&small, 128 * 1024, 0);
        q = query();
        et_sql_init(q, &small, "Q");

        for (i = 0; i < 20000; i++) {
            et_sql_str(q, "a", et_slice_str("0123456789"));
        }

        et_check(args(q).data == NULL);
        et_arena_destroy(&small);
    }
}


/* A column each of Q, s, t, S, M, A, C. */

#define HEAD  "\7" "\1a\1b\1c\1d\1e\1f\1g"                                    \
              "\6UInt64" "\26LowCardinality(String)"                          \
              "\24DateTime64(6, 'UTC')" "\15Array(String)"                    \
              "\23Map(String, String)" "\15Array(UInt64)" "\5UInt8"
#define ROW   "\1\0\0\0\0\0\0\x80" "\2hi" "\2\0\0\0\0\0\0\0"                  \
              "\2\1x\0" "\1\1k\1v" "\1\5\0\0\0\0\0\0\0" "\1"


static void
test_results(void)
{
    char         *copy;
    size_t        len, i, k;
    et_result_t   r;

    static const char  answer[] = HEAD ROW ROW;

    ET_TEST("each type is read, and rows come in turn") {
        et_check(et_result_open(&r, "QstSMAC",
                                et_slice(answer, sizeof(answer) - 1)));
        et_check(et_result_next(&r));
        et_check(r.row[0].u == UINT64_C(0x8000000000000001));
        et_check_str(r.row[1].s, "hi");
        et_check_int(r.row[2].i, 2);
        et_check_int(r.row[3].n, 2);
        et_check_str(et_value_str(&r.row[3]), "x");
        et_check_str(et_value_str(&r.row[3]), "");
        et_check_int(r.row[4].n, 1);
        et_check_str(et_value_str(&r.row[4]), "k");
        et_check_str(et_value_str(&r.row[4]), "v");
        et_check_int(et_value_u64(&r.row[5]), 5);
        et_check_int(r.row[6].u, 1);
        et_check(et_result_next(&r));
        et_check(!et_result_next(&r));
        et_check(!r.bad);
    }

    ET_TEST("an answer of other types or another number of columns is told") {
        et_check(!et_result_open(&r, "QstSMA",
                                 et_slice(answer, sizeof(answer) - 1)));
        et_check(!et_result_open(&r, "qstSMAC",
                                 et_slice(answer, sizeof(answer) - 1)));
        et_check(r.bad && !et_result_next(&r));
        et_check(!et_result_open(&r, "Q", et_slice(NULL, 0)));
    }

    ET_TEST("an answer cut anywhere is damaged, unless between rows") {
        for (len = 0; len < sizeof(answer) - 1; len++) {
            copy = et_copy(answer, len);
            k = 0;

            if (et_result_open(&r, "QstSMAC", et_slice(copy, len))) {
                while (et_result_next(&r)) {
                    k++;
                }

                et_check(r.bad || len == sizeof(HEAD) - 1
                         || len == sizeof(HEAD ROW) - 1);
            }

            et_check(k <= 1);
            free(copy);
        }
    }

    ET_TEST("any byte may be any other, and nothing outside is read") {
        for (i = 0; i < 20000; i++) {
            copy = et_copy(answer, sizeof(answer) - 1);
            copy[et_random() % (sizeof(answer) - 1)] = (char) et_random();

            if (et_result_open(&r, "QstSMAC",
                               et_slice(copy, sizeof(answer) - 1)))
            {
                while (et_result_next(&r)) {
                    for (k = 0; k < r.row[3].n; k++) {
                        (void) et_value_str(&r.row[3]);
                    }

                    for (k = 0; k < 3 && k < r.row[4].n; k++) {
                        (void) et_value_str(&r.row[4]);
                    }

                    (void) et_value_u64(&r.row[5]);
                }
            }

            free(copy);
        }

        et_check(1);
    }
}


int
main(void)
{
    et_arena_init(&arena, 1 << 20, 0);

    test_params();
    test_results();

    et_arena_destroy(&arena);

    return et_test_done();
}
