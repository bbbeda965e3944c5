#!/usr/bin/env python3
"""
With errortracking_ack disk, what was answered 200 is on the disk: every
process of NGINX is killed at once, under load, and started again, and all of
it is in ClickHouse, once.  Where the journal can't be written, nothing is
answered 200.
"""

import ctypes
import os
import re
import signal
import sys
import time
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import et  # noqa: E402
import ledger  # noqa: E402

KILLS = 10


def begin(nginx, project, key, **options):
    return ledger.Load(nginx.port, project, key, connections=8, **options)


def answered(load, n):
    """Waits for some more, however long the disk takes, and a little."""
    before = load.acknowledged()
    et.until(lambda: load.acknowledged() >= before + n)
    time.sleep(0.2)


def kill_all(nginx):
    """Every process at once, and a start; what is in the log stays."""
    nginx.kill()
    nginx.__enter__()


def directory(nginx):
    return os.path.join(nginx.dir, "spool", "errors", "journal")


def journal(nginx, suffix=".wal"):
    return [name for name in os.listdir(directory(nginx))
            if name.endswith(suffix)]


def metric(nginx, name):
    return nginx.metrics().get('errortracking_%s{zone="errors"}' % name)


def exchange(one, other):
    """Each is where the other was, and no worker sees a moment between."""
    AT_FDCWD, RENAME_EXCHANGE = -100, 2
    if ctypes.CDLL(None, use_errno=True).renameat2(
            AT_FDCWD, one.encode(), AT_FDCWD, other.encode(),
            RENAME_EXCHANGE) != 0:
        et.bail_out("%s and %s: %s" % (one, other,
                                       os.strerror(ctypes.get_errno())))


def storm(nginx, old, new):
    with open(os.path.join(nginx.dir, "nginx.conf")) as file:
        text = file.read().replace(old, new)
    with open(os.path.join(nginx.dir, "nginx.conf"), "w") as file:
        file.write(text)
    nginx.process.send_signal(signal.SIGHUP)
    time.sleep(1)


def main():
    keys = [(et.project(), uuid.uuid4().hex) for _ in range(6)]
    nginx = et.Nginx(keys, http="errortracking_ack disk;")
    output, status = et.run([nginx.binary, "-t", "-p", nginx.dir, "-c",
                             os.path.join(nginx.dir, "nginx.conf")])
    et.ok(status != 0 and '"errortracking_ack disk" needs' in output,
          "errortracking_ack disk without a spool is refused by nginx -t")

    nginx = et.Nginx(keys, http='errortracking_spool "@DIR@/spool" 1g; '
                                'errortracking_ack disk; '
                                'errortracking_storm 1000000 60s;',
                     flush="interval=500ms")

    # the port of processes that were killed a moment ago

    nginx.expected = re.compile(r"bind\(\) to")

    with nginx:
        project, key = keys[0]
        load = begin(nginx, project, key)
        for _ in range(KILLS):
            answered(load, 50)
            kill_all(nginx)
        et.until(lambda: metric(nginx, "journal_files"))
        et.ok(metric(nginx, "journal_files") > 0
              and metric(nginx, "journal_bytes") > 0,
              "the journal's files and bytes are counted")
        load.audit("every process is killed")
        et.ok("rows of the journal are in the spool"
              in nginx.read("error.log"), "the journal is replayed")
        et.until(lambda: not journal(nginx))
        et.same(journal(nginx), [], "what ClickHouse has is in no journal")
        et.until(lambda: metric(nginx, "journal_files") == 0)
        et.same(metric(nginx, "journal_files"), 0, "and is not counted")
        et.same(len(journal(nginx, ".lock")), 1,
                "of the zones that have ended nothing is left")
        metrics = nginx.metrics()
        et.ok(metrics['errortracking_syncs_total{zone="errors"}'] > 0
              and metrics['errortracking_sync_failures_total{zone="errors"}']
              == 0, "syncs are counted, and none has failed")

        # a reload changes nothing about it

        project, key = keys[1]
        load = begin(nginx, project, key)
        for _ in range(5):
            answered(load, 100)
            nginx.process.send_signal(signal.SIGHUP)
        answered(load, 100)
        load.audit("reloads")
        et.same(set(load.statuses()) - {0, 200}, set(),
                "a reload refuses nothing")

        # a journal that can't be written: a file is where it was

        et.until(lambda: not journal(nginx))
        path = directory(nginx)
        project, key = keys[2]
        load = begin(nginx, project, key)
        time.sleep(0.5)
        with open(path + ".away", "w"):
            pass
        exchange(path, path + ".away")
        time.sleep(2)
        exchange(path, path + ".away")
        os.unlink(path + ".away")
        time.sleep(2)
        load.audit("a journal that can't be written")
        et.ok(load.statuses().get(503, 0) > 0,
              "a journal that can't be written is answered 503")
        et.ok("can't be written and synced" in nginx.read("error.log")
              and "the journal is written again" in nginx.read("error.log"),
              "the log says when that begins and when it ends")

        # folded rows, which are counted in place

        storm(nginx, "storm 1000000 60s", "storm 10 3600s")

        project, key = keys[3]
        load = begin(nginx, project, key, same=True)
        for _ in range(5):
            answered(load, 50)
            kill_all(nginx)
        load.stop()
        et.until(lambda: load.total() >= load.acknowledged()
                 and not journal(nginx))
        et.until(lambda: load.total() == load.total("events"))
        n = load.total()
        et.note("storm: sent %d, acknowledged %d, counted %d"
                % (load.sent(), load.acknowledged(), n))
        et.ok(load.acknowledged() <= n <= load.sent(),
              "of a storm each acknowledged event is counted, and none twice")
        et.same(load.total("events"), n,
                "the errors' counts agree with the events")

        storm(nginx, "storm 10 3600s", "storm 1000000 60s")

        # a file whose beginning is not what was written

        load = begin(nginx, *keys[5])
        et.until(lambda: load.acknowledged() > 100)
        nginx.kill()
        load.stop()
        name = journal(nginx)[0]
        with open(os.path.join(directory(nginx), name), "r+b") as file:
            file.seek(20)
            file.write(b"damage")
        nginx.__enter__()
        et.same(journal(nginx, ".damaged"), [name + ".damaged"],
                "a damaged file of the journal is set aside")
        et.same(metric(nginx, "spool_damaged_total"), 1, "and is counted")

        project, key = keys[4]
        load = begin(nginx, project, key)
        answered(load, 200)

    load.audit("quit under load")
    et.same(journal(nginx), [], "quit leaves no journal behind")
    et.finish()


main()
