/*
 * A ClickHouse to try the module with: ClickHouse's own engine, the library
 * libchdb.so, serving its HTTP and native interfaces until it is killed.
 *
 *     clickhouse --path=DIR --http_port=8123 --tcp_port=9000 ...
 *
 * The arguments are the engine's own settings and replace the defaults here
 * (--listen_host=127.0.0.1).  It is not a way to run ClickHouse in
 * production: there, the module is pointed at a real server.
 *
 * It is a server as far as a client sees.  SIGTERM and SIGINT end it; what
 * was acknowledged is on the disk by then, as it is after SIGKILL.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>


#define MAX_ARGS  64


/* the library comes without a header; these are the functions used here */

typedef struct chdb_result_s  chdb_result;

chdb_result *chdb_query_cmdline(int argc, char **argv);
const char *chdb_result_error(chdb_result *result);


/*
 * The interfaces live as long as the query after them: one that never ends
 * and that sleeps, a second a row, rather than computes.
 */

static char  query[] =
    "--query="
    "SYSTEM START LISTEN HTTP; "
    "SYSTEM START LISTEN TCP; "
    "SELECT sum(sleepEachRow(1)) FROM system.numbers "
    "SETTINGS function_sleep_max_microseconds_per_block = 0, "
    "max_block_size = 1, max_execution_time = 0 FORMAT Null";

static char  listen_host[] = "--listen_host=127.0.0.1";


int
main(int argc, char **argv)
{
    int           i, n, given;
    char         *args[MAX_ARGS];
    const char   *error;
    chdb_result  *result;

    if (argc < 1 || argc > MAX_ARGS - 3) {
        fprintf(stderr, "clickhouse: more than %d arguments\n", MAX_ARGS - 4);
        return 1;
    }

    n = 0;
    given = 0;

    /* the engine passes over the first, as a program's name */

    args[n++] = argv[0];

    for (i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--listen_host=", 14) == 0) {
            given = 1;
        }

        args[n++] = argv[i];
    }

    if (!given) {
        args[n++] = listen_host;
    }

    args[n++] = query;
    args[n] = NULL;

    result = chdb_query_cmdline(n, args);

    error = (result == NULL) ? NULL : chdb_result_error(result);

    fprintf(stderr, "clickhouse: the engine ended: %s\n",
            (error == NULL || *error == '\0') ? "no reason given" : error);

    return 1;
}
