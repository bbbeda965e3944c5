#!/usr/bin/env python3
"""
What was answered 200 is in ClickHouse once, whatever happens to the workers:
some are killed, the configuration is reloaded, also with other numbers of
workers, and NGINX quits, all of it under load.

The load keeps a ledger of the ids that were answered 200.  It sends no event
twice, so an id that ClickHouse has twice was stored twice.
"""

import http.client
import json
import os
import random
import re
import signal
import sys
import threading
import time
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import et  # noqa: E402

CONNECTIONS = 4


class Load(threading.Thread):
    """One connection that sends events until it is told to stop."""

    def __init__(self, port, project, key):
        super().__init__(daemon=True)
        self.port, self.project, self.key = port, project, key
        self.stopping = False
        self.acknowledged = []
        self.sent = 0
        self.statuses = {}

    def run(self):
        connection = None
        path = "/api/%d/store/?sentry_key=%s" % (self.project, self.key)
        while not self.stopping:
            id = uuid.uuid4().hex
            body = json.dumps({
                "event_id": id, "platform": "python",
                "exception": {"values": [{
                    "type": "Error%d" % random.randrange(20),
                    "value": "x" * random.randrange(2000)}]}})
            self.sent += 1
            try:
                if connection is None:
                    connection = http.client.HTTPConnection(
                        "127.0.0.1", self.port, timeout=et.TIMEOUT)
                connection.request("POST", path, body)
                answer = connection.getresponse()
                answer.read()
                status = answer.status
            except (OSError, http.client.HTTPException):
                # the worker is gone, and with it whether it had answered
                connection.close()
                connection = None
                status = 0
                time.sleep(0.01)
            self.statuses[status] = self.statuses.get(status, 0) + 1
            if status == 200:
                self.acknowledged.append(id)


def workers(nginx):
    """The pids of the workers that are not on their way out."""
    pids = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open("/proc/%s/cmdline" % name) as file:
                title = file.read()
            with open("/proc/%s/stat" % name) as file:
                parent = int(file.read().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        if parent == nginx.process.pid and "shutting" not in title \
           and title.startswith("nginx: worker"):
            pids.append(int(name))
    return pids


def reload(nginx, processes):
    path = os.path.join(nginx.dir, "nginx.conf")
    with open(path) as file:
        text = re.sub(r"worker_processes \d+", "worker_processes %d"
                      % processes, file.read())
    with open(path, "w") as file:
        file.write(text)
    old = set(workers(nginx))
    nginx.process.send_signal(signal.SIGHUP)
    et.until(lambda: len(set(workers(nginx)) - old) == processes)


def audit(loads, project, what):
    for load in loads:
        load.stopping = True
    for load in loads:
        load.join()
    acknowledged = set(id for load in loads for id in load.acknowledged)
    statuses = {}
    for load in loads:
        for status, n in load.statuses.items():
            statuses[status] = statuses.get(status, 0) + n

    def stored():
        return et.rows("SELECT lower(hex(event_id)) AS id, sum(n) AS n "
                       "FROM errortracking.events "
                       "WHERE project_id = {project:UInt64} GROUP BY id",
                       project=project)

    def missing():
        return acknowledged - set(row["id"] for row in stored())

    et.until(lambda: not missing())
    lost = missing()
    twice = [row["id"] for row in stored() if row["n"] != 1]
    et.note("%s: sent %d, acknowledged %d, answers %s, lost %d, stored twice "
            "%d" % (what, sum(load.sent for load in loads),
                    len(acknowledged), statuses, len(lost), len(twice)))
    et.ok(len(acknowledged) > 200, what + ": events were acknowledged")
    et.same(len(lost), 0, what + ": no acknowledged event is lost")
    et.same(len(twice), 0, what + ": no event is counted twice")
    total = et.value("SELECT sum(n) FROM errortracking.errors "
                     "WHERE project_id = {project:UInt64}", project=project)
    et.same(total, sum(row["n"] for row in stored()),
            what + ": the errors' counts agree with the events")
    return statuses


def begin(nginx, project, key):
    loads = [Load(nginx.port, project, key) for _ in range(CONNECTIONS)]
    for load in loads:
        load.start()
    return loads


def main():
    keys = [(et.project(), uuid.uuid4().hex) for _ in range(3)]

    with et.Nginx(keys) as nginx:

        project, key = keys[0]
        loads = begin(nginx, project, key)
        for processes in (3, 1, 4, 2, 2, 1, 2):
            time.sleep(0.2)
            reload(nginx, processes)
        statuses = audit(loads, project, "reloads with other workers")
        et.same(set(statuses) - {0, 200}, set(),
                "a reload refuses no request")

        nginx.expected = re.compile(r"exited on signal 9")
        project, key = keys[1]
        loads = begin(nginx, project, key)
        for _ in range(10):
            time.sleep(0.2)
            pids = workers(nginx)
            if pids:
                os.kill(random.choice(pids), signal.SIGKILL)
        audit(loads, project, "killed workers")
        et.ok(any(n > 0 for name, n in nginx.metrics().items()
                  if name.startswith("errortracking_segments_taken_over")),
              "what a killed worker had is taken over")

        # a load that goes on until nobody answers; QUIT comes at the block's
        # end, and the ledger is compared when all processes have ended

        project, key = keys[2]
        loads = begin(nginx, project, key)
        et.until(lambda: sum(len(load.acknowledged)
                             for load in loads) > 1000)

    audit(loads, project, "quit under load")
    et.finish()


main()
