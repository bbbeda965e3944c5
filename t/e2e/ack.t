#!/usr/bin/env python3
"""
With errortracking_ack disk, what was answered 200 is on the disk: every
process of NGINX is killed at once, under load, and started again, and all of
it is in ClickHouse, once.  Where the journal can't be written, nothing is
answered 200.
"""

import http.client
import json
import os
import re
import signal
import sys
import threading
import time
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import et  # noqa: E402

CONNECTIONS = 8
KILLS = 10


class Load(threading.Thread):
    """One connection that sends events until it is told to stop."""

    def __init__(self, port, project, key, same=False):
        super().__init__(daemon=True)
        self.port, self.project, self.key = port, project, key
        self.same = same
        self.stopping = False
        self.acknowledged = []
        self.sent = []
        self.statuses = {}

    def run(self):
        connection = None
        path = "/api/%d/store/?sentry_key=%s" % (self.project, self.key)
        while not self.stopping:
            id = uuid.uuid4().hex
            body = json.dumps({
                "event_id": id, "platform": "python",
                "exception": {"values": [{
                    "type": "Same" if self.same else "Error%s" % id[0],
                    "value": "same" if self.same else id * 30}]}})
            self.sent.append(id)
            try:
                if connection is None:
                    connection = http.client.HTTPConnection(
                        "127.0.0.1", self.port, timeout=et.TIMEOUT)
                connection.request("POST", path, body)
                answer = connection.getresponse()
                text = answer.read()
                status = answer.status
                if status == 200 and json.loads(text)["id"] != id:
                    status = -1
            except (OSError, http.client.HTTPException):
                connection.close()
                connection = None
                status = 0
                time.sleep(0.01)
            self.statuses[status] = self.statuses.get(status, 0) + 1
            if status == 200:
                self.acknowledged.append(id)


def begin(nginx, project, key, **options):
    loads = [Load(nginx.port, project, key, **options)
             for _ in range(CONNECTIONS)]
    for load in loads:
        load.start()
    return loads


def end(loads):
    for load in loads:
        load.stopping = True
    for load in loads:
        load.join()
    statuses = {}
    for load in loads:
        for status, n in load.statuses.items():
            statuses[status] = statuses.get(status, 0) + n
    return set(id for load in loads for id in load.acknowledged), statuses


def stored(project):
    return {row["id"]: row["n"] for row in et.rows(
        "SELECT lower(hex(event_id)) AS id, sum(n) AS n "
        "FROM errortracking.events WHERE project_id = {project:UInt64} "
        "GROUP BY id", project=project)}


def total(project):
    return et.value("SELECT sum(n) FROM errortracking.errors "
                    "WHERE project_id = {project:UInt64}", project=project)


def audit(what, project, acknowledged, statuses):
    et.until(lambda: not acknowledged - set(stored(project)))
    time.sleep(1)
    there = stored(project)
    lost = acknowledged - set(there)
    twice = [id for id, n in there.items() if n != 1]
    et.note("%s: acknowledged %d, answers %s, lost %d, stored twice %d"
            % (what, len(acknowledged), statuses, len(lost), len(twice)))
    et.ok(len(acknowledged) > 100, what + ": events were acknowledged")
    et.ok(-1 not in statuses, what + ": each answer has its request's id")
    et.same(len(lost), 0, what + ": no acknowledged event is lost")
    et.same(len(twice), 0, what + ": no event is counted twice")


def kill_all(nginx):
    """Every process at once, and a start; what is in the log stays."""
    nginx.kill()
    nginx.__enter__()


def journal(nginx):
    directory = os.path.join(nginx.dir, "spool", "errors", "journal")
    return [name for name in os.listdir(directory) if name.endswith(".wal")]


def storm(nginx, old, new):
    with open(os.path.join(nginx.dir, "nginx.conf")) as file:
        text = file.read().replace(old, new)
    with open(os.path.join(nginx.dir, "nginx.conf"), "w") as file:
        file.write(text)
    nginx.process.send_signal(signal.SIGHUP)
    time.sleep(1)


def main():
    keys = [(et.project(), uuid.uuid4().hex) for _ in range(5)]
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
        loads = begin(nginx, project, key)
        for _ in range(KILLS):
            time.sleep(0.4)
            kill_all(nginx)
        time.sleep(0.2)
        audit("every process is killed", project, *end(loads))
        et.ok("rows of the journal are in the spool"
              in nginx.read("error.log"), "the journal is replayed")
        et.until(lambda: not journal(nginx))
        et.same(journal(nginx), [], "what ClickHouse has is in no journal")
        metrics = nginx.metrics()
        et.ok(metrics['errortracking_syncs_total{zone="errors"}'] > 0
              and metrics['errortracking_sync_failures_total{zone="errors"}']
              == 0, "syncs are counted, and none has failed")

        # a reload changes nothing about it

        project, key = keys[1]
        loads = begin(nginx, project, key)
        for _ in range(5):
            time.sleep(0.3)
            nginx.process.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        acknowledged, statuses = end(loads)
        audit("reloads", project, acknowledged, statuses)
        et.same(set(statuses) - {0, 200}, set(), "a reload refuses nothing")

        # a journal that can't be written: a file is where it was

        et.until(lambda: not journal(nginx))
        path = os.path.join(nginx.dir, "spool", "errors", "journal")
        project, key = keys[2]
        loads = begin(nginx, project, key)
        time.sleep(0.5)
        os.rename(path, path + ".away")
        with open(path, "w"):
            pass
        time.sleep(2)
        os.unlink(path)
        os.rename(path + ".away", path)
        time.sleep(2)
        acknowledged, statuses = end(loads)
        et.ok(statuses.get(503, 0) > 0,
              "a journal that can't be written is answered 503")
        audit("a journal that can't be written", project, acknowledged,
              statuses)
        et.ok("can't be written and synced" in nginx.read("error.log")
              and "the journal is written again" in nginx.read("error.log"),
              "the log says when that begins and when it ends")

        # folded rows, which are counted in place

        storm(nginx, "storm 1000000 60s", "storm 10 3600s")

        project, key = keys[3]
        loads = begin(nginx, project, key, same=True)
        for _ in range(5):
            time.sleep(0.4)
            kill_all(nginx)
        acknowledged, statuses = end(loads)
        sent = sum(len(load.sent) for load in loads)
        et.until(lambda: total(project) >= len(acknowledged)
                 and not journal(nginx))
        n = total(project)
        et.note("storm: sent %d, acknowledged %d, counted %d"
                % (sent, len(acknowledged), n))
        et.ok(len(acknowledged) <= n <= sent,
              "of a storm each acknowledged event is counted, and none twice")
        et.same(et.value("SELECT sum(n) FROM errortracking.events WHERE "
                         "project_id = {project:UInt64}", project=project),
                n, "the errors' counts agree with the events")

        storm(nginx, "storm 10 3600s", "storm 1000000 60s")

        project, key = keys[4]
        loads = begin(nginx, project, key)
        time.sleep(1)

    audit("quit under load", project, *end(loads))
    et.same(journal(nginx), [], "quit leaves no journal behind")
    et.finish()


main()
