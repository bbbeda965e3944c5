/*
 * A client that costs little: one thread, requests that were built before the
 * clock starts, connections that are kept.
 *
 *     load PORT FILE COUNT RATE CONNECTIONS [spin] [ledger=LEDGER]
 *
 * sends COUNT events of FILE (made by gen.py; from its start again where
 * they are fewer) to 127.0.0.1:PORT.  RATE 0: each connection sends as soon
 * as it is answered.  RATE n: n a second, each at its own moment, whether
 * those before it were answered or not; its latency counts from that moment,
 * so a server that stalls is charged for all that waited meanwhile.
 *
 * With "spin" it never sleeps.  A client that sleeps has to be woken up by
 * the server's write(), and on a virtual machine that costs the server more
 * than all else NGINX does for a request; so a slow server would be charged
 * for it, and a fast one, which leaves its client no time to sleep, would not.
 *
 * On SIGTERM it starts no more, and ends as if what it has started were COUNT.
 *
 * LEDGER gets a line for each event of FILE: how often it was answered 200.
 *
 * Prints one line: seconds, requests a second, p50, p99 and the longest
 * latency in microseconds, microseconds of this program's own CPU a request,
 * and how many answers there were of each status.  Ends with 1 where a
 * connection was closed or broken.
 */

#define _GNU_SOURCE

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>


#define LOAD_MAX_CONNECTIONS  256
#define LOAD_ANSWER           4096     /* bytes of an answer at most */
#define LOAD_MAX_STATUS       600
#define LOAD_PATIENCE         10000000000      /* nanoseconds */

#define LOAD_HEADER                                                           \
    "POST /api/1/envelope/ HTTP/1.1\r\n"                                      \
    "Host: 127.0.0.1\r\n"                                                     \
    "Content-Encoding: gzip\r\n"                                              \
    "Content-Type: application/x-sentry-envelope\r\n"                         \
    "X-Sentry-Auth: Sentry sentry_key=00000000000000000000000000000000, "     \
    "sentry_version=7, sentry_client=sentry.python/2.20.0\r\n"                \
    "User-Agent: sentry.python/2.20.0\r\n"                                    \
    "Content-Length: %u\r\n"                                                  \
    "\r\n"

typedef struct {
    char         *data;
    size_t        len;
    size_t        kept;                /* times it was answered 200 */
} load_request_t;

typedef struct {
    int           fd;
    size_t        request;             /* its number, of all that are sent */
    size_t        sent;                /* bytes of it */
    uint64_t      start;
    size_t        got;
    char          answer[LOAD_ANSWER];
} load_connection_t;

typedef struct {
    load_request_t     *requests;
    size_t              nrequests;

    int                 epoll;
    load_connection_t   connections[LOAD_MAX_CONNECTIONS];
    load_connection_t  *idle[LOAD_MAX_CONNECTIONS];
    size_t              nidle;

    uint64_t            begin;
    uint64_t            gap;           /* nanoseconds between requests */
    int                 spin;
    size_t              count;
    size_t              started;
    size_t              answered;
    uint64_t           *latency;
    size_t              statuses[LOAD_MAX_STATUS];
} load_t;


static void load_send(load_t *load, load_connection_t *c);


static volatile sig_atomic_t  load_stop;


static void
load_fail(const char *why)
{
    fprintf(stderr, "load: %s (%s)\n", why, strerror(errno));
    exit(1);
}


static void
load_signal(int number)
{
    (void) number;
    load_stop = 1;
}


static uint64_t
load_clock(clockid_t clock)
{
    struct timespec  ts;

    clock_gettime(clock, &ts);

    return (uint64_t) ts.tv_sec * 1000000000 + ts.tv_nsec;
}


static void
load_read_file(load_t *load, const char *path)
{
    FILE            *f;
    char             header[sizeof(LOAD_HEADER) + 16];
    size_t           n;
    uint32_t         len;
    load_request_t  *r;

    f = fopen(path, "rb");
    if (f == NULL) {
        load_fail(path);
    }

    while (fread(&len, sizeof(len), 1, f) == 1) {
        load->requests = realloc(load->requests,
                           (load->nrequests + 1) * sizeof(load_request_t));
        if (load->requests == NULL) {
            load_fail("no memory");
        }

        n = (size_t) snprintf(header, sizeof(header), LOAD_HEADER, len);

        r = &load->requests[load->nrequests++];
        r->len = n + len;
        r->kept = 0;
        r->data = malloc(r->len);

        if (r->data == NULL) {
            load_fail("no memory");
        }

        memcpy(r->data, header, n);

        if (fread(r->data + n, len, 1, f) != 1) {
            load_fail("the file of events is cut");
        }
    }

    fclose(f);

    if (load->nrequests == 0) {
        load_fail("the file has no events");
    }
}


static void
load_connect(load_t *load, size_t n, unsigned port)
{
    int                  on;
    size_t               i;
    load_connection_t   *c;
    struct sockaddr_in   sin;
    struct epoll_event   event;

    memset(&sin, 0, sizeof(sin));
    sin.sin_family = AF_INET;
    sin.sin_port = htons((uint16_t) port);
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    load->epoll = epoll_create1(0);

    for (i = 0; i < n; i++) {
        c = &load->connections[i];
        c->fd = socket(AF_INET, SOCK_STREAM, 0);

        if (c->fd == -1
            || connect(c->fd, (struct sockaddr *) &sin, sizeof(sin)) == -1)
        {
            load_fail("no connection");
        }

        on = 1;
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));

        memset(&event, 0, sizeof(event));
        event.events = EPOLLIN | EPOLLOUT | EPOLLET;
        event.data.ptr = c;

        if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, c->fd, &event) == -1) {
            load_fail("epoll");
        }

        load->idle[load->nidle++] = c;
    }
}


/* Starts what is due, as far as connections are idle.  Returns nanoseconds
 * until the next is due, UINT64_MAX where only an answer can help. */

static uint64_t
load_start(load_t *load)
{
    uint64_t            now, due;
    load_connection_t  *c;

    while (load->nidle != 0 && load->started < load->count) {
        now = load_clock(CLOCK_MONOTONIC);
        due = load->gap != 0 ? load->begin + load->started * load->gap : now;

        if (due > now) {
            return due - now;
        }

        c = load->idle[--load->nidle];
        c->request = load->started++;
        c->start = due;
        c->sent = 0;
        c->got = 0;

        load_send(load, c);
    }

    return UINT64_MAX;
}


static void
load_send(load_t *load, load_connection_t *c)
{
    ssize_t          n;
    load_request_t  *r;

    r = &load->requests[c->request % load->nrequests];

    while (c->sent < r->len) {
        n = send(c->fd, r->data + c->sent, r->len - c->sent,
                 MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n == -1) {
            if (errno == EAGAIN) {
                return;
            }

            load_fail("a connection broke");
        }

        c->sent += (size_t) n;
    }
}


/* The length of the whole answer, 0 where its header is not all there. */

static size_t
load_answer_len(const load_connection_t *c)
{
    const char  *end, *length;

    end = memmem(c->answer, c->got, "\r\n\r\n", 4);
    if (end == NULL) {
        return 0;
    }

    length = memmem(c->answer, (size_t) (end - c->answer),
                    "Content-Length: ", 16);
    if (length == NULL) {
        errno = 0;
        load_fail("an answer without a length");
    }

    return (size_t) (end + 4 - c->answer) + strtoul(length + 16, NULL, 10);
}


static void
load_read(load_t *load, load_connection_t *c)
{
    size_t    len;
    ssize_t   n;
    unsigned  status;

    n = recv(c->fd, c->answer + c->got, LOAD_ANSWER - c->got, MSG_DONTWAIT);

    if (n == -1 && errno == EAGAIN) {
        return;
    }

    if (n <= 0) {
        load_fail("a connection was closed");
    }

    c->got += (size_t) n;
    len = load_answer_len(c);

    if (len == 0 || c->got < len) {
        return;
    }

    status = (unsigned) strtoul(c->answer + 9, NULL, 10);
    load->statuses[status < LOAD_MAX_STATUS ? status : 0]++;

    if (status == 200) {
        load->requests[c->request % load->nrequests].kept++;
    }

    load->latency[load->answered++] = load_clock(CLOCK_MONOTONIC) - c->start;
    load->idle[load->nidle++] = c;
}


/* How many events there are to be. */

static size_t
load_count(load_t *load)
{
    if (load_stop) {
        load->count = load->started;
    }

    return load->count;
}


static void
load_run(load_t *load)
{
    int                  i, n;
    uint64_t             wait, heard;
    struct timespec      ts;
    load_connection_t   *c;
    struct epoll_event   events[LOAD_MAX_CONNECTIONS];

    heard = load->begin;

    while (load->answered < load_count(load)) {

        wait = load_start(load);

        if (wait > LOAD_PATIENCE) {
            wait = LOAD_PATIENCE;
        }

        ts.tv_sec = load->spin ? 0 : (time_t) (wait / 1000000000);
        ts.tv_nsec = load->spin ? 0 : (long) (wait % 1000000000);

        n = epoll_pwait2(load->epoll, events, LOAD_MAX_CONNECTIONS, &ts,
                         NULL);

        if (n > 0) {
            heard = load_clock(CLOCK_MONOTONIC);

        } else if (load_clock(CLOCK_MONOTONIC) - heard > LOAD_PATIENCE) {
            errno = 0;
            load_fail("no answer for 10 seconds");
        }

        for (i = 0; i < n; i++) {
            c = events[i].data.ptr;

            if (c->sent == 0) {
                continue;        /* connected, and nothing asked yet */
            }

            if (events[i].events & EPOLLOUT) {
                load_send(load, c);
            }

            if (events[i].events & EPOLLIN) {
                load_read(load, c);
            }
        }
    }
}


static void
load_write_ledger(const load_t *load, const char *path)
{
    FILE    *f;
    size_t   i;

    f = fopen(path, "w");
    if (f == NULL) {
        load_fail(path);
    }

    for (i = 0; i < load->nrequests; i++) {
        fprintf(f, "%zu\n", load->requests[i].kept);
    }

    if (fclose(f) != 0) {
        load_fail(path);
    }
}


static int
load_by_size(const void *one, const void *two)
{
    uint64_t  a, b;

    a = *(const uint64_t *) one;
    b = *(const uint64_t *) two;

    return a < b ? -1 : a > b;
}


int
main(int argc, char **argv)
{
    size_t         i, connections;
    double         seconds;
    uint64_t       end, cpu;
    const char    *ledger;
    static load_t  load;

    if (argc < 6) {
        fprintf(stderr,
                "usage: load PORT FILE COUNT RATE CONNECTIONS [spin] "
                "[ledger=LEDGER]\n");
        return 2;
    }

    load.count = strtoul(argv[3], NULL, 10);
    load.gap = atof(argv[4]) > 0 ? (uint64_t) (1e9 / atof(argv[4])) : 0;
    load.latency = calloc(load.count, sizeof(uint64_t));
    connections = strtoul(argv[5], NULL, 10);
    ledger = NULL;

    for (i = 6; i < (size_t) argc; i++) {
        if (strcmp(argv[i], "spin") == 0) {
            load.spin = 1;

        } else if (strncmp(argv[i], "ledger=", 7) == 0) {
            ledger = argv[i] + 7;
        }
    }

    if (load.count == 0 || load.latency == NULL || connections == 0
        || connections > LOAD_MAX_CONNECTIONS)
    {
        fprintf(stderr, "load: wrong numbers\n");
        return 2;
    }

    load_read_file(&load, argv[2]);
    load_connect(&load, connections, (unsigned) atoi(argv[1]));

    signal(SIGTERM, load_signal);

    cpu = load_clock(CLOCK_PROCESS_CPUTIME_ID);
    load.begin = load_clock(CLOCK_MONOTONIC);

    load_run(&load);

    end = load_clock(CLOCK_MONOTONIC);
    cpu = load_clock(CLOCK_PROCESS_CPUTIME_ID) - cpu;

    if (ledger != NULL) {
        load_write_ledger(&load, ledger);
    }

    qsort(load.latency, load.count, sizeof(uint64_t), load_by_size);

    seconds = (double) (end - load.begin) / 1e9;

    printf("%.6f %.1f %.1f %.1f %.1f %.2f", seconds,
           (double) load.count / seconds,
           (double) load.latency[load.count / 2] / 1e3,
           (double) load.latency[load.count * 99 / 100] / 1e3,
           (double) load.latency[load.count - 1] / 1e3,
           (double) cpu / 1e3 / (double) load.count);

    for (i = 0; i < LOAD_MAX_STATUS; i++) {
        if (load.statuses[i] != 0) {
            printf(" %zu:%zu", i, load.statuses[i]);
        }
    }

    printf("\n");

    return 0;
}
