"""
A load on kept connections that notes how each event was answered, and the
comparison of these notes with ClickHouse.  It sends no event twice, so an id
that ClickHouse has twice was stored twice.
"""

import http.client
import json
import random
import threading
import time
import uuid

import et


class Sender(threading.Thread):
    """One connection that sends events until it is told to stop."""

    def __init__(self, port, project, key, same):
        super().__init__(daemon=True)
        self.port, self.same = port, same
        self.path = "/api/%d/store/?sentry_key=%s" % (project, key)
        self.stopping = False
        self.acknowledged = []
        self.sent = 0
        self.statuses = {}

    def run(self):
        connection = None
        while not self.stopping:
            id = uuid.uuid4().hex
            body = self.event(id)
            self.sent += 1
            try:
                if connection is None:
                    connection = http.client.HTTPConnection(
                        "127.0.0.1", self.port, timeout=et.TIMEOUT)
                connection.request("POST", self.path, body)
                answer = connection.getresponse()
                text = answer.read()
                status = answer.status
                if status == 200 and json.loads(text)["id"] != id:
                    status = -1
            except (OSError, http.client.HTTPException):
                # the worker is gone, and with it whether it had answered
                connection.close()
                connection = None
                status = 0
                time.sleep(0.01)
            self.statuses[status] = self.statuses.get(status, 0) + 1
            if status == 200:
                self.acknowledged.append(id)

    def event(self, id):
        if self.same:
            error = {"type": "Same", "value": "same"}
        else:
            error = {"type": "Error%d" % random.randrange(20),
                     "value": id * random.randrange(1, 60)}
        return json.dumps({"event_id": id, "platform": "python",
                           "exception": {"values": [error]}})


class Load:
    """Several of them, on a project of their own."""

    def __init__(self, port, project, key, connections=4, same=False):
        """same: all events are of one error."""
        self.project = project
        self.senders = [Sender(port, project, key, same)
                        for _ in range(connections)]
        for sender in self.senders:
            sender.start()

    def stop(self):
        for sender in self.senders:
            sender.stopping = True
        for sender in self.senders:
            sender.join()

    def sent(self):
        return sum(sender.sent for sender in self.senders)

    def acknowledged(self):
        return sum(len(sender.acknowledged) for sender in self.senders)

    def ids(self):
        return set(id for sender in self.senders
                   for id in sender.acknowledged)

    def statuses(self):
        sums = {}
        for sender in self.senders:
            for status, n in sender.statuses.items():
                sums[status] = sums.get(status, 0) + n
        return sums

    def stored(self):
        """How often ClickHouse has each id."""
        return {row["id"]: row["n"] for row in et.rows(
            "SELECT lower(hex(event_id)) AS id, sum(n) AS n "
            "FROM errortracking.events WHERE project_id = {project:UInt64} "
            "GROUP BY id", project=self.project)}

    def total(self, table="errors"):
        return et.value("SELECT sum(n) FROM errortracking.%s "
                        "WHERE project_id = {project:UInt64}" % table,
                        project=self.project)

    def audit(self, what):
        """
        Ends the load.  Once all that was acknowledged is in ClickHouse: each
        id is there once, and the errors' counts agree with the events.
        """
        self.stop()
        acknowledged, statuses = self.ids(), self.statuses()
        et.until(lambda: not acknowledged - set(self.stored()))

        # of one INSERT each table is filled after the other
        et.until(lambda: self.total() == self.total("events"))

        stored = self.stored()
        lost = acknowledged - set(stored)
        twice = [id for id, n in stored.items() if n != 1]
        et.note("%s: sent %d, acknowledged %d, answers %s, lost %d, stored "
                "twice %d" % (what, self.sent(), len(acknowledged), statuses,
                              len(lost), len(twice)))
        et.ok(len(acknowledged) > 100, what + ": events were acknowledged")
        et.ok(-1 not in statuses, what + ": each answer has its request's id")
        et.same(len(lost), 0, what + ": no acknowledged event is lost")
        et.same(len(twice), 0, what + ": no event is counted twice")
        et.same(self.total(), sum(stored.values()),
                what + ": the errors' counts agree with the events")
