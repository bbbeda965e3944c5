"""
How much a zone and a spool hold, and a drain of a full spool beside live load.

zone:  ClickHouse is away and there is no spool: what was accepted when the
first event was refused.

spool: a live load of LIVE events a second runs three times: before a drain,
beside it and after it.  Before the drain ClickHouse is stopped and events are
sent until SPOOL bytes are in the spool; they are put out of the kernel's
cache, since after an outage of hours they would not be there, and ClickHouse
is started.  The load beside the drain begins when ClickHouse has taken the
first file, and ends when it has taken the last.

At the end every event that was answered 200 has to be in ClickHouse once.
By id there are as many rows as the client's ledger has answers of 200; no two
of them have the id and the time of arrival in common.
"""

import gzip
import json
import os
import shutil
import struct
import time

from bench import (CPUS, DIR, FULL, ClickHouse, Load, Nginx, alarms, fail,
                   goal, ports, row, run_load, say)

KIND = "small"
ZONE = 64                      # MiB
SPOOL = 1 << 30                # bytes
FILL = 6000                    # events a second
LIVE = 2000                    # events a second
BASE = 10                      # seconds of the load without a drain

GOAL_DRAIN = 2 * LIVE          # events a second
GOAL_MEMORY = 16               # MiB, of the worker after the drain

ALONE = FULL.replace("    errortracking_zone", """
    errortracking_exit_timeout 1s;
    errortracking_zone""", 1)

SPOOLED = FULL.replace("    errortracking_zone", """
    errortracking_spool "%(dir)s/spool" 4g;
    errortracking_zone""", 1)


def until(what, condition, nginx, seconds=120, pause=0.05):
    end = time.time() + seconds
    while not condition():
        if time.time() > end:
            fail("%s does not happen; see %s/error.log" % (what, nginx.dir))
        time.sleep(pause)


def zone(stack):
    """(f)"""
    for kind in "small", "large":
        say("measuring how many %s events a zone holds" % kind)
        away, port = ports(2)
        with Nginx("zone", ALONE, port, zone="%dm" % ZONE, clickhouse=away,
                   flush="") as nginx:
            load = Load(nginx, kind, 10 ** 6)
            until("a refusal",
                  lambda: nginx.metric("errortracking_rejected_total") > 0,
                  nginx)
            load.end(stop=True)
            used = nginx.metric("errortracking_zone_used_bytes")
            row(kind, "(f) a zone of %d MB, ClickHouse away" % ZONE,
                more="%d events of %.2f KB" % (load.kept,
                                               used / load.kept / 1e3))


def spool(stack):
    """(g)"""
    say("measuring a drain of the spool")
    os.sched_setaffinity(0, CPUS)
    server = stack.enter_context(ClickHouse())
    nginx = Nginx("spool", SPOOLED, ports(1)[0], zone="%dm" % ZONE,
                  clickhouse=server.port, flush="")
    stack.callback(shutil.rmtree, nginx.dir + "/spool", ignore_errors=True)
    stack.enter_context(nginx)
    ids = event_ids()
    ledger = [0] * len(ids)

    before = without_drain(nginx, server, ledger)

    say("filling the spool")
    server.stop()
    rows, full, refused = fill(nginx, ledger)
    uncache(nginx)

    say("draining the spool")
    server.start()
    start = time.time()
    until("a replay", lambda: replayed(nginx) > 0, nginx, pause=0.01)
    wait = time.time() - start

    load = Load(nginx, KIND, 10 ** 6, LIVE, ledger=ledger, clickhouse=server)
    start, drained = time.time(), replayed(nginx)
    until("the end of the drain", lambda: waiting(nginx) == 0, nginx,
          600, pause=0.25)
    seconds = time.time() - start
    drained = replayed(nginx) - drained
    load.end(stop=True)

    until_all_are_there(nginx, server, ledger)
    after = without_drain(nginx, server, ledger)
    until_all_are_there(nginx, server, ledger)
    compare(server, ids, ledger)
    alarms(nginx)

    report(nginx, before, load, after, rows, full, refused, drained, seconds,
           wait)


def without_drain(nginx, server, ledger):
    """What is merged in ClickHouse meanwhile is not the live load's."""
    end = time.time() + 10
    while time.time() < end and server.ask(
            "SELECT count() FROM system.merges") != "0\n":
        time.sleep(0.1)
    return run_load(nginx, KIND, BASE * LIVE, LIVE, ledger=ledger,
                    clickhouse=server)


def fill(nginx, ledger):
    """Rows and bytes of the full spool, and how many events were refused: a
    disk may be slower than FILL."""
    load = Load(nginx, KIND, 10 ** 6, FILL, ledger=ledger)
    until("a full spool", lambda: size(nginx) >= SPOOL, nginx)
    load.end(stop=True)
    until("the end of writing", lambda: not os.listdir(
        nginx.dir + "/spool/errors/tmp"), nginx)
    return waiting(nginx), size(nginx), load.count - load.kept


def files(nginx):
    path = nginx.dir + "/spool/errors/"
    return [path + f for f in os.listdir(path) if f.endswith(".batch")]


def size(nginx):
    """Of the spool: its gauge is up to a second behind."""
    return sum(map(os.path.getsize, files(nginx)))


def uncache(nginx):
    for name in files(nginx):
        fd = os.open(name, os.O_RDONLY)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(fd)


def replayed(nginx):
    return nginx.metric("errortracking_rows_replayed_total")


def waiting(nginx):
    return nginx.metric("errortracking_rows_spooled_total") - replayed(nginx)


def until_all_are_there(nginx, server, ledger):
    total = "%d\n" % sum(ledger)
    until("the arrival of all events", lambda: all(
        server.ask("SELECT sum(n) FROM errortracking." + table) == total
        for table in ("events", "errors", "error_counts")), nginx)


def event_ids():
    """Of each event of the file."""
    ids = []
    with open("%s/%s.bin" % (DIR, KIND), "rb") as f:
        while True:
            length = f.read(4)
            if not length:
                return ids
            text = gzip.decompress(f.read(struct.unpack("<I", length)[0]))
            ids.append(json.loads(text.split(b"\n", 1)[0])["event_id"])


def compare(server, ids, ledger):
    answer = server.ask(
        "SELECT lower(hex(event_id)), count(), uniqExact(received)"
        " FROM errortracking.events GROUP BY event_id FORMAT TSV")
    found = {}
    for line in answer.splitlines():
        event, n, different = line.split("\t")
        found[event] = int(n)
        if n != different:
            fail("event %s is there twice" % event)
    sent = {event: n for event, n in zip(ids, ledger) if n != 0}
    if found != sent:
        wrong = [e for e in sent if found.get(e) != sent[e]]
        fail("%d ids have not as many rows as answers of 200, %s for one"
             % (len(wrong), wrong[0]))


def report(nginx, before, load, after, rows, full, refused, drained, seconds,
           wait):
    def live(what, result, more=""):
        row(KIND, what, result.rate, result.cpu, result.p50 / 1e3,
            result.p99 / 1e3, more="%d refused, longest %.0f ms%s; others "
            "took %.0f %% of the processors" % (
                result.count - result.kept, result.longest / 1e3, more,
                100 * result.others))

    mb = drained * full / rows / 1e6
    row(KIND, "(g) drain of a spool of %.2f GB" % (full / 1e9),
        drained / seconds, memory=nginx.memory() / 1024,
        more="%.0f s, %.0f MB/s; began %.0f s after ClickHouse; %d events "
        "of %.2f KB, %d refused while it filled" % (
            seconds * rows / drained, mb / seconds, wait, rows,
            full / rows / 1e3, refused))
    live("    live load beside it", load, ", p99 %.1f times that without"
         % (2 * load.p99 / (before.p99 + after.p99)))
    live("    the same load before", before)
    live("    the same load after", after)

    goal("drain beside live load, at least %d events/s" % GOAL_DRAIN,
         drained / seconds, "%.0f/s", drained / seconds >= GOAL_DRAIN)
    goal("memory after the drain, at most %d MiB" % GOAL_MEMORY,
         nginx.memory() / 1024, "%.1f MiB",
         nginx.memory() / 1024 <= GOAL_MEMORY)
