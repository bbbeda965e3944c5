/*
 * The load of the chaos tests, and its ledger.
 *
 * Sends events to NGINX over connections that are kept, no id twice, and
 * notes of each id how it was answered.  What happens to the server is no
 * error here: a connection that is refused or closed is opened again, and an
 * event that was on its way is noted as unanswered.
 *
 *     load -p PORT -P PROJECT -k KEY -x RUN -l LEDGER
 *          [-c CONNECTIONS] [-r RATE] [-n COUNT] [-t SECONDS] [-e ERRORS]
 *          [-b BYTES] [-z]
 *
 * RUN is 16 hex digits, the first half of every id; the second half is the
 * event's number.  RATE 0 is as fast as the answers come; COUNT 0 and
 * SECONDS 0 are no end but SIGTERM.  -z compresses the bodies.
 *
 * The ledger is RowBinary of (event_id UUID, error UInt16, status UInt16), a
 * row for each event that was begun to be sent; status 0 is no answer.  A
 * line of JSON at the end counts the same by status, and says for how many
 * seconds a connection was open ("up").
 */

#define _GNU_SOURCE

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>


#define LOAD_MAX_CONNECTIONS  1024
#define LOAD_REQUEST          32768    /* bytes of a request at most */
#define LOAD_ANSWER           8192
#define LOAD_MAX_STATUS       600

/* nanoseconds */
#define LOAD_SECOND           1000000000ULL
#define LOAD_PAUSE            (LOAD_SECOND / 100)  /* before a new connect */
#define LOAD_PATIENCE         (60 * LOAD_SECOND)   /* for an answer */
#define LOAD_DRAIN            (15 * LOAD_SECOND)   /* for the last answers */
#define LOAD_LATE             (LOAD_SECOND / 4)    /* made up for at most */


typedef enum {
    LOAD_CLOSED = 0,
    LOAD_CONNECTING,
    LOAD_IDLE,
    LOAD_SENDING,
    LOAD_READING
} load_state_e;

typedef struct {
    int                 fd;
    load_state_e        state;
    uint64_t            since;         /* the state's begin */
    uint64_t            pause;         /* not opened before */
    uint32_t            events;        /* waited for */

    uint64_t            number;        /* of the event on its way */
    size_t              len;
    size_t              sent;
    size_t              got;
    int                 answered;      /* the status is in the ledger */
    size_t              left;          /* bytes of the answer's body */
    int                 close;

    char                request[LOAD_REQUEST];
    char                answer[LOAD_ANSWER + 1];
} load_connection_t;

typedef struct {
    struct sockaddr_in  address;
    const char         *project;
    const char         *key;
    uint64_t            run;
    const char         *ledger;
    size_t              nconnections;
    uint64_t            rate;
    uint64_t            count;
    uint64_t            seconds;
    uint64_t            errors;
    size_t              padding;
    int                 gzip;

    int                 epoll;
    uint64_t            begin;
    uint64_t            due;           /* the next event's moment */
    uint64_t            started;       /* events */
    uint16_t           *statuses;      /* by number */
    size_t              nstatuses;
    size_t              open;          /* connections */
    uint64_t            up;            /* nanoseconds with one open */
    uint64_t            refused;       /* connections */
    uint64_t            closed;        /* with an event on its way */
    z_stream            stream;

    load_connection_t   connections[LOAD_MAX_CONNECTIONS];
} load_t;


static volatile sig_atomic_t  load_stop;


static void
load_fail(const char *why)
{
    fprintf(stderr, "load: %s (%s)\n", why, strerror(errno));
    exit(1);
}


static void
load_on_signal(int number)
{
    (void) number;

    load_stop = 1;
}


static uint64_t
load_now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * LOAD_SECOND + ts.tv_nsec;
}


/* An error is told from the others by its exception's type. */

static uint64_t
load_error(load_t *load, uint64_t number)
{
    return (number * 2654435761ULL >> 7) % load->errors;
}


static size_t
load_body(load_t *load, uint64_t number, char *body, size_t size)
{
    int   n;
    char  padding[LOAD_REQUEST / 2];

    memset(padding, 'x', load->padding);
    padding[load->padding] = '\0';

    n = snprintf(body, size,
                 "{\"event_id\":\"%016llx%016llx\",\"platform\":\"python\","
                 "\"level\":\"error\",\"environment\":\"production\","
                 "\"release\":\"chaos@1.0\",\"server_name\":\"chaos\","
                 "\"user\":{\"id\":\"%llu\"},\"tags\":{\"run\":\"chaos\"},"
                 "\"exception\":{\"values\":[{\"type\":\"Error%05llu\","
                 "\"value\":\"event %llu %s\",\"stacktrace\":{\"frames\":["
                 "{\"filename\":\"app/main.py\",\"function\":\"main\","
                 "\"lineno\":10,\"in_app\":true},"
                 "{\"filename\":\"app/work.py\",\"function\":\"work\","
                 "\"lineno\":20,\"in_app\":true}]}}]}}",
                 (unsigned long long) load->run, (unsigned long long) number,
                 (unsigned long long) number % 1000,
                 (unsigned long long) load_error(load, number),
                 (unsigned long long) number, padding);

    if (n < 0 || (size_t) n >= size) {
        load_fail("a body is too long");
    }

    return n;
}


static size_t
load_deflate(load_t *load, char *body, size_t len, char *out, size_t size)
{
    load->stream.next_in = (Bytef *) body;
    load->stream.avail_in = len;
    load->stream.next_out = (Bytef *) out;
    load->stream.avail_out = size;

    if (deflateReset(&load->stream) != Z_OK
        || deflate(&load->stream, Z_FINISH) != Z_STREAM_END)
    {
        load_fail("deflate() failed");
    }

    return size - load->stream.avail_out;
}


static void
load_request(load_t *load, load_connection_t *c, uint64_t number)
{
    int     n;
    char    body[LOAD_REQUEST - 1024], packed[LOAD_REQUEST - 1024], *p;
    size_t  len;

    len = load_body(load, number, body, sizeof(body));
    p = body;

    if (load->gzip) {
        len = load_deflate(load, body, len, packed, sizeof(packed));
        p = packed;
    }

    n = snprintf(c->request, LOAD_REQUEST,
                 "POST /api/%s/store/ HTTP/1.1\r\n"
                 "Host: 127.0.0.1\r\n"
                 "Content-Type: application/json\r\n"
                 "X-Sentry-Auth: Sentry sentry_key=%s, sentry_version=7, "
                 "sentry_client=chaos/1.0\r\n"
                 "%s"
                 "Content-Length: %zu\r\n"
                 "\r\n",
                 load->project, load->key,
                 load->gzip ? "Content-Encoding: gzip\r\n" : "", len);

    memcpy(c->request + n, p, len);
    c->len = n + len;
}


static void
load_watch(load_t *load, load_connection_t *c, uint32_t events)
{
    struct epoll_event  event;

    if (c->events == events) {
        return;
    }

    c->events = events;

    event.events = events | EPOLLRDHUP;
    event.data.ptr = c;

    if (epoll_ctl(load->epoll, EPOLL_CTL_MOD, c->fd, &event) == -1) {
        load_fail("epoll_ctl() failed");
    }
}


static void
load_close(load_t *load, load_connection_t *c, uint64_t pause)
{
    if (c->state == LOAD_CONNECTING) {
        load->refused++;

    } else if (c->state >= LOAD_SENDING && !c->answered) {
        load->closed++;
    }

    load->open -= c->state >= LOAD_IDLE;

    close(c->fd);

    c->fd = -1;
    c->state = LOAD_CLOSED;
    c->pause = pause;
}


static void
load_open(load_t *load, load_connection_t *c, uint64_t now)
{
    int                 one;
    struct epoll_event  event;

    c->fd = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK|SOCK_CLOEXEC, 0);
    if (c->fd == -1) {
        load_fail("socket() failed");
    }

    one = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));

    c->state = LOAD_CONNECTING;
    c->since = now;

    c->events = EPOLLOUT;

    event.events = EPOLLOUT;
    event.data.ptr = c;

    if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, c->fd, &event) == -1) {
        load_fail("epoll_ctl() failed");
    }

    if (connect(c->fd, (struct sockaddr *) &load->address,
                sizeof(load->address))
        == -1 && errno != EINPROGRESS)
    {
        load_close(load, c, now + LOAD_PAUSE);
    }
}


static void
load_write(load_t *load, load_connection_t *c, uint64_t now)
{
    ssize_t  n;

    while (c->sent < c->len) {
        n = send(c->fd, c->request + c->sent, c->len - c->sent, MSG_NOSIGNAL);

        if (n == -1) {
            if (errno == EAGAIN) {
                load_watch(load, c, EPOLLIN|EPOLLOUT);
                return;
            }

            if (errno == EINTR) {
                continue;
            }

            /* an answer may be there all the same */

            c->sent = c->len;
            c->close = 1;
            break;
        }

        c->sent += n;
    }

    c->state = LOAD_READING;
    c->since = now;
    load_watch(load, c, EPOLLIN);
}


static void
load_start(load_t *load, load_connection_t *c, uint64_t now)
{
    if (load->started == load->nstatuses) {
        load->nstatuses = load->nstatuses * 2 + 65536;
        load->statuses = realloc(load->statuses,
                                 load->nstatuses * sizeof(uint16_t));
        if (load->statuses == NULL) {
            load_fail("no memory");
        }
    }

    c->number = load->started++;
    load->statuses[c->number] = 0;

    c->state = LOAD_SENDING;
    c->since = now;
    c->sent = 0;
    c->got = 0;
    c->answered = 0;
    c->left = 0;
    c->close = 0;

    load_request(load, c, c->number);
    load_write(load, c, now);
}


/*
 * The answer's head: what its status is counts from here, whether its body
 * comes or not.  Returns 0 where the head has not come yet.
 */

static int
load_head(load_t *load, load_connection_t *c)
{
    int    status;
    char  *end, *p;

    c->answer[c->got] = '\0';

    end = strstr(c->answer, "\r\n\r\n");
    if (end == NULL) {
        return 0;
    }

    status = 0;

    if (sscanf(c->answer, "HTTP/1.%*d %d", &status) != 1 || status < 100
        || status >= LOAD_MAX_STATUS)
    {
        load_fail("an answer is no HTTP");
    }

    load->statuses[c->number] = status;
    c->answered = 1;

    *end = '\0';

    p = strcasestr(c->answer, "\r\nContent-Length:");

    if (p == NULL) {
        c->close = 1;

    } else {
        c->left = strtoul(p + sizeof("\r\nContent-Length:") - 1, NULL, 10);
    }

    if (strcasestr(c->answer, "\r\nConnection: close") != NULL) {
        c->close = 1;
    }

    p = end + 4;
    c->got -= p - c->answer;
    c->left -= c->got < c->left ? c->got : c->left;
    c->got = 0;

    return 1;
}


static void
load_read(load_t *load, load_connection_t *c, uint64_t now)
{
    ssize_t  n;

    for ( ;; ) {
        n = recv(c->fd, c->answer + c->got, LOAD_ANSWER - c->got, 0);

        if (n == -1 && errno == EINTR) {
            continue;
        }

        if (n == -1 && errno == EAGAIN) {
            return;
        }

        if (n <= 0) {

            /* one that was answered and closed is opened again at once */

            load_close(load, c, c->answered ? now : now + LOAD_PAUSE);
            return;
        }

        if (c->state == LOAD_IDLE) {
            load_fail("an answer that nobody asked for");
        }

        if (c->answered) {
            c->left -= (size_t) n < c->left ? (size_t) n : c->left;

        } else {
            c->got += n;

            if (!load_head(load, c)) {
                if (c->got == LOAD_ANSWER) {
                    load_fail("an answer's head is too long");
                }

                continue;
            }
        }

        if (c->left == 0) {
            break;
        }
    }

    if (c->close || c->sent < c->len) {
        load_close(load, c, now);
        return;
    }

    c->state = LOAD_IDLE;
    c->since = now;
}


static void
load_event(load_t *load, load_connection_t *c, uint32_t events, uint64_t now)
{
    int        error;
    socklen_t  len;

    if (c->state == LOAD_CLOSED) {
        return;
    }

    if (c->state == LOAD_CONNECTING) {
        error = 0;
        len = sizeof(error);

        getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len);

        if (error != 0) {
            load_close(load, c, now + LOAD_PAUSE);
            return;
        }

        load->open++;

        c->state = LOAD_IDLE;
        c->since = now;
        c->answered = 1;
        load_watch(load, c, EPOLLIN);
        return;
    }

    if (c->state == LOAD_SENDING && (events & EPOLLOUT)) {
        load_write(load, c, now);
    }

    if (events & (EPOLLIN|EPOLLHUP|EPOLLERR|EPOLLRDHUP)) {
        load_read(load, c, now);
    }
}


static int
load_is_over(load_t *load, uint64_t now)
{
    return load_stop || (load->count != 0 && load->started >= load->count)
           || (load->seconds != 0
               && now - load->begin >= load->seconds * LOAD_SECOND);
}


/*
 * Opens what is closed and begins what is due.  Returns the milliseconds
 * until there is more to do.
 */

static int
load_tick(load_t *load, uint64_t now)
{
    int                 wait;
    size_t              i;
    load_connection_t  *c;

    wait = 100;

    if (load->rate != 0 && load->due + LOAD_LATE < now) {
        load->due = now - LOAD_LATE;
    }

    for (i = 0; i < load->nconnections; i++) {
        c = &load->connections[i];

        if (c->state == LOAD_CLOSED) {
            if (now >= c->pause) {
                load_open(load, c, now);

            } else {
                wait = 5;
            }

            continue;
        }

        if (c->state >= LOAD_SENDING && now - c->since > LOAD_PATIENCE) {
            load_close(load, c, now);
            continue;
        }

        if (c->state != LOAD_IDLE || load_is_over(load, now)) {
            continue;
        }

        if (load->rate != 0) {
            if (load->due > now) {
                wait = 1;
                continue;
            }

            load->due += LOAD_SECOND / load->rate;
        }

        load_start(load, c, now);
    }

    return wait;
}


static void
load_run(load_t *load)
{
    int                  i, n, wait;
    size_t               k, busy;
    uint64_t             now, last, over;
    struct epoll_event   events[256];

    load->begin = load_now();
    load->due = load->begin;
    last = load->begin;
    over = 0;
    wait = 0;

    for ( ;; ) {
        n = epoll_wait(load->epoll, events, 256, wait);

        if (n == -1 && errno != EINTR) {
            load_fail("epoll_wait() failed");
        }

        now = load_now();

        load->up += load->open != 0 ? now - last : 0;
        last = now;

        for (i = 0; i < n; i++) {
            load_event(load, events[i].data.ptr, events[i].events, now);
        }

        if (!load_is_over(load, now)) {
            wait = load_tick(load, now);
            continue;
        }

        if (over == 0) {
            over = now;
        }

        for (k = 0, busy = 0; k < load->nconnections; k++) {
            busy += load->connections[k].state >= LOAD_SENDING;
        }

        if (busy == 0 || now - over > LOAD_DRAIN) {
            break;
        }

        wait = 20;
    }
}


static void
load_finish(load_t *load)
{
    FILE           *f;
    char            row[20];
    double          seconds;
    size_t          i;
    uint16_t        error;
    uint64_t        by_status[LOAD_MAX_STATUS];
    const char     *comma;

    f = fopen(load->ledger, "w");
    if (f == NULL) {
        load_fail("the ledger can't be written");
    }

    memset(by_status, 0, sizeof(by_status));

    for (i = 0; i < load->started; i++) {
        error = load_error(load, i);

        memcpy(row, &load->run, 8);
        memcpy(row + 8, &i, 8);
        memcpy(row + 16, &error, 2);
        memcpy(row + 18, &load->statuses[i], 2);

        if (fwrite(row, sizeof(row), 1, f) != 1) {
            load_fail("the ledger can't be written");
        }

        by_status[load->statuses[i]]++;
    }

    if (fclose(f) != 0) {
        load_fail("the ledger can't be written");
    }

    seconds = (double) (load_now() - load->begin) / LOAD_SECOND;

    printf("{\"sent\": %llu, \"seconds\": %.3f, \"up\": %.3f, "
           "\"refused_connections\": %llu, "
           "\"closed_connections\": %llu, \"statuses\": {",
           (unsigned long long) load->started, seconds,
           (double) load->up / LOAD_SECOND,
           (unsigned long long) load->refused,
           (unsigned long long) load->closed);

    comma = "";

    for (i = 0; i < LOAD_MAX_STATUS; i++) {
        if (by_status[i] != 0) {
            printf("%s\"%zu\": %llu", comma, i,
                   (unsigned long long) by_status[i]);
            comma = ", ";
        }
    }

    printf("}}\n");
}


static void
load_options(load_t *load, int argc, char **argv)
{
    int  option;

    load->address.sin_family = AF_INET;
    load->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    load->nconnections = 8;
    load->errors = 20;
    load->padding = 200;

    while ((option = getopt(argc, argv, "p:P:k:x:l:c:r:n:t:e:b:z")) != -1) {

        switch (option) {

        case 'p':
            load->address.sin_port = htons((uint16_t) atoi(optarg));
            break;

        case 'P':
            load->project = optarg;
            break;

        case 'k':
            load->key = optarg;
            break;

        case 'x':
            load->run = strtoull(optarg, NULL, 16);
            break;

        case 'l':
            load->ledger = optarg;
            break;

        case 'c':
            load->nconnections = strtoul(optarg, NULL, 10);
            break;

        case 'r':
            load->rate = strtoull(optarg, NULL, 10);
            break;

        case 'n':
            load->count = strtoull(optarg, NULL, 10);
            break;

        case 't':
            load->seconds = strtoull(optarg, NULL, 10);
            break;

        case 'e':
            load->errors = strtoull(optarg, NULL, 10);
            break;

        case 'b':
            load->padding = strtoul(optarg, NULL, 10);
            break;

        case 'z':
            load->gzip = 1;
            break;

        default:
            exit(2);
        }
    }

    if (load->address.sin_port == 0 || load->project == NULL
        || load->key == NULL || load->ledger == NULL
        || load->nconnections == 0
        || load->nconnections > LOAD_MAX_CONNECTIONS
        || load->errors == 0 || load->errors > 60000
        || load->padding >= LOAD_REQUEST / 2)
    {
        fprintf(stderr, "load: see the first lines of load.c\n");
        exit(2);
    }
}


int
main(int argc, char **argv)
{
    size_t            i;
    load_t           *load;
    struct sigaction  action;

    load = calloc(1, sizeof(load_t));
    if (load == NULL) {
        load_fail("no memory");
    }

    load_options(load, argc, argv);

    memset(&action, 0, sizeof(action));
    action.sa_handler = load_on_signal;
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);

    load->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (load->epoll == -1) {
        load_fail("epoll_create1() failed");
    }

    if (deflateInit2(&load->stream, 1, Z_DEFLATED, MAX_WBITS + 16, 8,
                     Z_DEFAULT_STRATEGY)
        != Z_OK)
    {
        load_fail("deflateInit2() failed");
    }

    for (i = 0; i < load->nconnections; i++) {
        load->connections[i].fd = -1;
    }

    load_run(load);
    load_finish(load);

    return 0;
}
