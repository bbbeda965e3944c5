#!/usr/bin/env python3
"""
What was accepted outlives a ClickHouse that is away, `nginx -s stop`, and
both: it waits in the spool, or is posted as NGINX ends, and is stored once.
What ClickHouse refuses for good is set aside and can be sent again.

Between NGINX and the real ClickHouse stands a gate of this test's own that
passes bytes on, or refuses connections.
"""

import http.client
import json
import os
import re
import signal
import socket
import sys
import tempfile
import threading
import time
import urllib.parse
import uuid
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import et  # noqa: E402

# where a file's header has its format's version and its own size
VERSION, SIZE = 8, 12


class Gate:
    """A TCP port before ClickHouse that can be shut."""

    def __init__(self):
        url = urllib.parse.urlsplit(et.CLICKHOUSE)
        self.target = (url.hostname, url.port or 8123)
        self.port = et.free_port()
        self.address = "127.0.0.1:%d" % self.port
        self.listener = None
        self.connections = []

    def open(self):
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self.accept, args=(self.listener,),
                         daemon=True).start()

    def shut(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.connections = []

    def accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            server = socket.create_connection(self.target)
            self.connections += [client, server]
            for one, other in ((client, server), (server, client)):
                threading.Thread(target=self.copy, args=(one, other),
                                 daemon=True).start()

    @staticmethod
    def copy(one, other):
        try:
            while True:
                data = one.recv(65536)
                if not data:
                    break
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def send(nginx, project, key, count, size, message="spooled"):
    """Events of size bytes each; the ids that were answered 200."""
    acknowledged, statuses = set(), set()
    connection = http.client.HTTPConnection("127.0.0.1", nginx.port,
                                            timeout=et.TIMEOUT)
    for _ in range(count):
        id = uuid.uuid4().hex
        connection.request(
            "POST", "/api/%d/store/?sentry_key=%s" % (project, key),
            json.dumps({"event_id": id, "message": message,
                        "modules": {"x": os.urandom(size // 2).hex()}}))
        answer = connection.getresponse()
        answer.read()
        statuses.add(answer.status)
        if answer.status == 200:
            acknowledged.add(id)
    connection.close()
    return acknowledged, statuses


def audit(project, acknowledged, what):
    def stored():
        return {row["id"]: row["n"] for row in et.rows(
            "SELECT lower(hex(event_id)) AS id, sum(n) AS n "
            "FROM errortracking.events WHERE project_id = {project:UInt64} "
            "GROUP BY id", project=project)}

    et.until(lambda: not acknowledged - set(stored()))
    found = stored()
    et.same(len(acknowledged - set(found)), 0, what + ": nothing is lost")
    et.same([id for id, n in found.items() if n != 1], [],
            what + ": nothing is stored twice")


def metric(nginx, name):
    return nginx.metrics().get('errortracking_%s{zone="errors"}' % name, 0)


def files(nginx, folder=""):
    return [name for name in os.listdir(os.path.join(nginx.dir, "spool",
                                                     "errors", folder))
            if name.endswith(".batch")]


def spool(size="1g"):
    return 'errortracking_spool "@DIR@/spool" %s;' % size


def start(gate, key, **options):
    nginx = et.Nginx([key], clickhouse=gate.address, **options)
    return nginx


def spooled(gate, nginx, key, count=10):
    """Runs nginx until it leaves a file in the spool; ClickHouse is back."""
    gate.shut()
    nginx.__enter__()
    acknowledged, _ = send(nginx, *key, count, 1000)
    stop(nginx)
    gate.open()
    return acknowledged


def emptied(nginx, name):
    et.until(lambda: not files(nginx), 30)
    et.same(files(nginx), [], name)


def away(gate):
    key = (et.project(), uuid.uuid4().hex)
    with start(gate, key, zone="16m", http=spool()) as nginx:
        gate.shut()
        acknowledged, statuses = set(), set()
        for _ in range(8):
            ids, answers = send(nginx, *key, 500, 8000)
            acknowledged |= ids
            statuses |= answers
            # however long the disk takes
            et.until(lambda: metric(nginx, "zone_used_bytes") < 9 << 20)
        et.same(statuses, {200}, "twice what the zone holds is accepted "
                "while ClickHouse is away")
        et.ok(metric(nginx, "rows_spooled_total") > 0,
              "batches go to the spool before the zone is full")
        et.until(lambda: metric(nginx, "spool_files") > 0)
        et.ok(metric(nginx, "spool_files") > 0
              and metric(nginx, "spool_bytes") > 0,
              "the spool's files and bytes are counted")
        et.same(metric(nginx, "breaker_open"), 1, "the breaker is open")
        gate.open()
        audit(key[0], acknowledged, "ClickHouse away")
        et.until(lambda: not files(nginx))
        et.same(files(nginx), [], "the spool is empty at last")
        et.until(lambda: metric(nginx, "rows_replayed_total")
                 == metric(nginx, "rows_spooled_total"))
        et.same(metric(nginx, "rows_replayed_total"),
                metric(nginx, "rows_spooled_total"),
                "what was spooled is replayed, to the row")


def stop(nginx):
    nginx.process.send_signal(signal.SIGTERM)
    et.until(lambda: nginx.process.poll() is not None)
    et.same(nginx.process.returncode, 0, "stop ends nginx in good order")


def stopped(gate):
    key = (et.project(), uuid.uuid4().hex)
    nginx = start(gate, key, flush="interval=1h")
    nginx.__enter__()
    acknowledged, _ = send(nginx, *key, 500, 2000)
    et.same(metric(nginx, "rows_sent_total"), 0, "nothing was sent yet")
    stop(nginx)
    audit(key[0], acknowledged, "stop")
    et.ok("500 rows posted, 0 spooled, 0 lost" in nginx.read("error.log"),
          "stop posts what the zone holds", nginx.read("error.log")[-1000:])


def stopped_tls(gate):
    """proxy_pass to https elsewhere says nothing of ClickHouse's."""
    key = (et.project(), uuid.uuid4().hex)
    nginx = start(gate, key, flush="interval=2s",
                  http='server { listen "unix:@DIR@/tls"; '
                       'location / { proxy_pass https://127.0.0.1:1; } }')
    nginx.__enter__()
    acknowledged, _ = send(nginx, *key, 10, 1000)
    et.until(lambda: metric(nginx, "rows_sent_total") == 10)
    more, _ = send(nginx, *key, 10, 1000)
    stop(nginx)
    audit(key[0], acknowledged | more, "stop, beside a proxy_pass to https")


def stopped_away(gate):
    key = (et.project(), uuid.uuid4().hex)
    gate.shut()
    nginx = start(gate, key, http=spool())
    nginx.__enter__()
    acknowledged, _ = send(nginx, *key, 300, 2000)
    stop(nginx)
    et.ok("0 rows posted, 300 spooled, 0 lost" in nginx.read("error.log"),
          "stop writes to the spool what ClickHouse does not take",
          nginx.read("error.log")[-1000:])
    gate.open()
    with nginx:
        audit(key[0], acknowledged, "stop and start, ClickHouse away between")
        et.until(lambda: not files(nginx))
        et.same(files(nginx), [], "the spool is replayed on start")


def refused(gate):
    key = (et.project(), uuid.uuid4().hex)
    nginx = start(gate, key, http=spool(),
                  flush="interval=100ms table=errortracking.schema_version")
    with nginx:
        acknowledged, _ = send(nginx, *key, 50, 1000)
        et.until(lambda: files(nginx, "failed"))
        et.ok(files(nginx, "failed"),
              "a batch that ClickHouse refuses for good is set aside")
        folder = os.path.join(nginx.dir, "spool", "errors")
        reasons = ""
        for name in os.listdir(os.path.join(folder, "failed")):
            if name.endswith(".txt"):
                with open(os.path.join(folder, "failed", name)) as file:
                    reasons += file.read()
        et.ok("Exception" in reasons, "with ClickHouse's reason beside it",
              reasons)
        et.until(lambda: metric(nginx, "zone_rows") == 0)
        et.same(metric(nginx, "zone_rows"), 0,
                "and it does not hold up the others")
        et.ok(metric(nginx, "batches_set_aside_total") > 0,
              "and is counted")

        nginx.values["FLUSH"] = "interval=100ms"
        nginx.configure([key])
        nginx.process.send_signal(signal.SIGHUP)
        for name in files(nginx, "failed"):
            os.rename(os.path.join(folder, "failed", name),
                      os.path.join(folder, name))
        audit(key[0], acknowledged, "moved back into the spool")


def damaged(gate):
    key = (et.project(), uuid.uuid4().hex)
    gate.shut()
    nginx = start(gate, key, http=spool())
    nginx.__enter__()
    send(nginx, *key, 10, 1000)
    stop(nginx)
    folder = os.path.join(nginx.dir, "spool", "errors")
    name = files(nginx)[0]
    with open(os.path.join(folder, name), "r+b") as file:
        file.seek(-100, os.SEEK_END)
        file.write(b"damage")
    gate.open()
    with nginx:
        et.until(lambda: files(nginx, "damaged"))
        et.same(files(nginx, "damaged"), [name],
                "a damaged file is set aside")
        et.until(lambda: metric(nginx, "spool_damaged_total") == 1)
        et.same(metric(nginx, "spool_damaged_total"), 1, "and counted")
        acknowledged, _ = send(nginx, *key, 10, 1000)
        audit(key[0], acknowledged, "beside a damaged file")


def full(gate):
    key = (et.project(), uuid.uuid4().hex)
    with start(gate, key, zone="16m", http=spool("64m")) as nginx:
        gate.shut()
        acknowledged, statuses = send(nginx, *key, 12000, 8000)
        et.same(statuses, {200, 503},
                "with zone and spool full, events are refused with 503")
        gate.open()
        audit(key[0], acknowledged, "zone and spool full")


def poisoned_and_full(gate):
    """A table that refuses one kind of row, and no room in the spool."""
    key = (et.project(), uuid.uuid4().hex)
    database = "et_test_%d" % key[0]
    for query in (
            "CREATE DATABASE " + database,
            "CREATE TABLE %s.rows AS errortracking.ingest "
            "ENGINE = MergeTree ORDER BY project_id" % database,
            "ALTER TABLE %s.rows ADD CONSTRAINT c CHECK message != 'poison'"
            % database):
        et.http(et.CLICKHOUSE + "/", query.encode())

    def stored():
        return et.value("SELECT count() FROM %s.rows" % database)

    nginx = start(gate, key, http=spool("64m"),
                  flush="interval=50ms table=%s.rows" % database)
    before = len(nginx.read("error.log"))

    def log():
        return nginx.read("error.log")[before:]

    with nginx:
        filler = os.path.join(nginx.dir, "spool", "errors", "failed", "filler")
        with open(filler, "wb") as file:
            file.truncate(65 << 20)

        send(nginx, *key, 1, 1000, "poison")
        full = "does not take a batch of"
        et.until(lambda: full in log())
        et.ok(full in log(),
              "a refused batch finds the spool full")

        send(nginx, *key, 50, 1000)
        et.until(lambda: stored() == 50)
        et.same(stored(), 50, "and holds up no other")
        et.same((metric(nginx, "zone_rows"), files(nginx, "failed")), (1, []),
                "it waits in the zone")

        os.unlink(filler)
        et.until(lambda: files(nginx, "failed"))
        et.same(len(files(nginx, "failed")), 1,
                "it is set aside when there is room")
        et.until(lambda: metric(nginx, "spool_failed_files") == 1)
        et.same(metric(nginx, "spool_failed_files"), 1, "and is counted there")
        et.until(lambda: metric(nginx, "zone_rows") == 0)
        et.same(metric(nginx, "zone_rows"), 0, "the zone is free of it")
        lines = [line for line in log().splitlines() if "[error]" in line]
        et.ok([("is set aside" in line, full in line) for line in lines]
              == [(False, True), (True, False)],
              "the log has one line of each", "\n".join(lines))
    et.http(et.CLICKHOUSE + "/", ("DROP DATABASE " + database).encode())


def newer(gate):
    key = (et.project(), uuid.uuid4().hex)
    nginx = start(gate, key, http=spool())
    acknowledged = spooled(gate, nginx, key)
    folder = os.path.join(nginx.dir, "spool", "errors")
    name = files(nginx)[0]
    with open(os.path.join(folder, name), "rb") as file:
        data = bytearray(file.read())
    # an older file of a format that is not known yet, its header whole
    data[VERSION] += 1
    size = int.from_bytes(data[SIZE:SIZE + 4], "little")
    data[size - 4:size] = zlib.crc32(data[:size - 4]).to_bytes(4, "little")
    unknown = "0" * 20 + name[20:]
    with open(os.path.join(folder, unknown), "wb") as file:
        file.write(data)
    with nginx:
        audit(key[0], acknowledged, "behind a file of a later format")
        et.until(lambda: files(nginx) == [unknown])
        et.same(files(nginx), [unknown], "which stays where it is")
    os.unlink(os.path.join(folder, unknown))


def draining(gate):
    """An old worker that a client keeps does not keep the spool, too."""
    key = (et.project(), uuid.uuid4().hex)
    nginx = start(gate, key, http=spool())
    spooled(gate, nginx, key)
    folder = os.path.join(nginx.dir, "spool", "errors")
    name = files(nginx)[0]
    with open(os.path.join(folder, name), "rb") as file:
        data = file.read()
    with nginx:
        emptied(nginx, "an old worker has drained the spool")
        clients = []
        for _ in range(16):
            client = socket.create_connection(("127.0.0.1", nginx.port))
            client.sendall(b"POST /api/%d/store/?sentry_key=%s HTTP/1.1\r\n"
                           b"Host: x\r\nContent-Length: 1000\r\n\r\n{"
                           % (key[0], key[1].encode()))
            clients.append(client)
        nginx.process.send_signal(signal.SIGHUP)
        et.until(lambda: "gracefully shutting down" in nginx.read("error.log"))
        with open(os.path.join(folder, "tmp", "again"), "wb") as file:
            file.write(data)
        os.rename(os.path.join(folder, "tmp", "again"),
                  os.path.join(folder, name))
        emptied(nginx, "a new worker drains the spool while an old one lives")
        et.same(nginx.read("error.log").count("] exited with code 0"), 0,
                "the old ones were alive")
        for client in clients:
            client.close()


def unusable(gate):
    key = (et.project(), uuid.uuid4().hex)
    nginx = start(gate, key)
    with nginx:
        nginx.values["HTTP"] = 'errortracking_spool "@DIR@/none/spool" 1g;'
        nginx.expected = re.compile(r"\[emerg\].*none/spool")
        nginx.configure([key])
        nginx.process.send_signal(signal.SIGHUP)
        et.until(lambda: "none/spool" in nginx.read("error.log"))
        et.ok("none/spool" in nginx.read("error.log"),
              "a reload whose spool can't be made is refused")
        acknowledged, statuses = send(nginx, *key, 10, 1000)
        et.same((statuses, nginx.process.poll()), ({200}, None),
                "and nginx goes on as it was")
        audit(key[0], acknowledged, "a refused reload")


def resized(gate, http="", size="32m"):
    """A reload makes new memory; the old one is that of its workers alone."""
    key = (et.project(), uuid.uuid4().hex)
    gate.shut()
    with start(gate, key, zone="16m",
               http="errortracking_exit_timeout 500ms;" + http) as nginx:
        acknowledged, _ = send(nginx, *key, 300, 1000)
        nginx.values["ZONE"] = size
        nginx.configure([key])
        nginx.process.send_signal(signal.SIGHUP)
        et.until(lambda: "gracefully shutting down" in nginx.read("error.log"))
        time.sleep(2)
        gate.open()
        audit(key[0], acknowledged, "a zone of another size, ClickHouse away")


def resized_spool(gate):
    resized(gate, spool())


def other_user(gate):
    """Needs root, and a spool in a folder that other users may enter."""
    if os.getuid() != 0:
        return
    key = (et.project(), uuid.uuid4().hex)
    with tempfile.TemporaryDirectory(prefix="et-") as folder:
        os.chmod(folder, 0o755)
        nginx = start(gate, key, http='errortracking_spool "%s/spool" 1g;'
                      % folder)
        nginx.values["USER"] = "user daemon;"
        nginx.configure([key])
        acknowledged = spooled(gate, nginx, key)
        nginx.values["USER"] = "user bin;"
        nginx.configure([key])
        with nginx:
            audit(key[0], acknowledged, "with another user than before")
            name = os.path.join(folder, "spool", "errors")
            et.until(lambda: not [name for name in os.listdir(name)
                                  if name.endswith(".batch")], 30)


def main():
    gate = Gate()
    gate.open()
    for scenario in (away, stopped, stopped_tls, stopped_away, refused,
                     damaged, full, poisoned_and_full, newer, draining, resized, resized_spool,
                     other_user, unusable):
        if sys.argv[1:] in ([], [scenario.__name__]):
            scenario(gate)
    et.finish()


main()
