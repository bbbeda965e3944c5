"""
What the tests of all SDKs have in common: a program of the language sends
errors through NGINX with the SDK's own transport, and every field that is in
ClickHouse then is compared with what the program set.

The programs (send.py, send.js, go/send.go, ...) are called with a mode and a
DSN:

    report   an error with a cause, a message, one error twice with other
             numbers, another error, a large event
    hello    one error
    traffic  an item of every other type that the SDK has: see items.py

What was seen is a row of docs/sdks.md, which is compared with it.
"""

import base64
import contextlib
import json
import os
import re
import time
import uuid

import et
import items
import table

SCOPE = {
    "release": "shop@1.2.3+build.7",
    "dist": "45",
    "environment": "staging",
    "server_name": "web-7.example.com",
    "transaction": "checkout /cart",
    "user": {"id": "42", "email": "ann@example.com", "username": "änn",
             "ip_address": "203.0.113.9"},
    "tags": {"color": "grün", "order.kind": "express"},
    "extra": [17, 4],
    "context": {"number": 17, "paid": False},
    "breadcrumb": "item \"A\\7\" removed",
    "order": 1207,
    "many": ["%d of many: " % i + "0123456789abcdef" * 60 for i in range(90)],
    "message": "disk /dev/sda1 is 91% full",
    "again": [[1001, "7f6a2c1e-3b58-4c7e-9d6f-0a1b2c3d4e5f"],
              [98765, "c0ffee00-1234-4abc-8def-9876543210ab"]],
    # what items.py asks for
    "attachment": {"filename": "dump.bin",
                   "base64": base64.b64encode(b"\0\n{}\n\xff" * 99).decode()},
    "monitor": {"slug": "nightly", "crontab": "0 3 * * *", "margin": 5,
                "max_runtime": 30, "timezone": "Europe/Berlin",
                "duration": 1.5},
    "feedback": {"message": "it does not wörk", "email": "bob@example.com",
                 "name": "Bob"},
    "log": {"warn": "stock of bolts is low", "error": "order 17 is late",
            "attribute": ["shelf", "b-7"]},
}

COLUMNS = """
    project_id, lower(replaceAll(toString(event_id), '-', '')) AS event_id,
    fingerprint, toUnixTimestamp64Micro(timestamp) / 1e6 AS timestamp,
    toUnixTimestamp64Micro(first_timestamp) / 1e6 AS first_timestamp,
    toUnixTimestamp64Micro(received) / 1e6 AS received,
    toTypeName(events.timestamp) AS timestamp_type,
    grouping_version, level, platform, type, value, message, culprit, logger,
    environment, release, dist, server_name, transaction, trace_id, user_id,
    user_email, user_name, user_ip, length(users) AS users, tags, sdk_name,
    sdk_version, n, grouping, payload
"""

# what an SDK's log says of an answer that it did not like, or of none
# not "rate-limited": it is what an SDK says when it is told, with a 200, not to
# send its transactions
REFUSED = re.compile(r"status code:? [345]\d\d|failed with .*error|"
                     r"could not send|transport request|"
                     r"error while sending|issue with sending|"
                     r"responded with status [345]\d\d|"
                     r"response code [345]\d\d", re.I)


def sender(command, mode, dsn, env):
    """What the program says it sent, and its log; bails out if it fails."""
    environment = dict(os.environ, ET_SCOPE=json.dumps(SCOPE),
                       # not the time that ClickHouse is to hold
                       TZ="Asia/Tokyo", **env)
    for name in ("SENTRY_DSN", "SENTRY_RELEASE", "SENTRY_ENVIRONMENT",
                 "http_proxy", "HTTP_PROXY"):
        environment.pop(name, None)
    output, status = et.run(command + [mode, dsn], env=environment,
                            timeout=180)
    sent = [line for line in output.splitlines() if line.startswith("SENT ")]
    if status != 0 or not sent:
        et.ok(False, "the program that sends ends in good order (%s)" % mode,
              "status %d\n%s" % (status, output[-4000:]))
        return None, output
    return json.loads(sent[-1][len("SENT "):]), output


def stored(project, wanted):
    """The events of a project by id, once all that are wanted are there: in
    the list of errors, too, since an INSERT fills one table after the other"""
    def count():
        return all(et.value("SELECT sum(n) FROM errortracking.%s "
                            "WHERE project_id = {project:UInt64}" % table,
                            project=project) >= wanted
                   for table in ("events", "errors"))
    et.until(count)
    return {row["event_id"]: row for row in et.rows(
        "SELECT %s FROM errortracking.events AS events "
        "WHERE project_id = {project:UInt64}" % COLUMNS, project=project)}


class Language:
    """
    One version of one SDK, and what is its own in the events it sends:

    name       "python 2.70.0"
    command    what runs the program
    env        further environment of the program
    platform, sdk_name
    chain      (type, value) of the chained error's last exception, its cause
    again      the type of the error that is raised twice
    other      the type of the other error
    frame      what the chained error's grouping names
    culprit    a pattern for the other error's culprit
    traced     whether an event without tracing has a trace's id
    encodings  the Content-Encodings that the transport uses
    items      the types of items that it sends in "traffic"
    without    the columns that it has no setting for; "context"
    message_is_exception   whether a message's stack comes as an exception
    logs_refusal           whether its log says that it was refused
    """

    def __init__(self, **fields):
        self.env = {}
        self.message_is_exception = False
        self.logs_refusal = True
        self.without = []
        self.__dict__.update(fields)


class Suite:
    """One language's tests on one NGINX, whatever versions there are."""

    def __init__(self):
        self.projects = {}
        self.nginx = None

    def new_project(self):
        """A project and its key."""
        number = next(iter(self.projects))
        return number, self.projects.pop(number)

    @contextlib.contextmanager
    def running(self, versions, more={}, **options):
        """
        more: projects besides, with their keys; options: of et.Nginx.
        """
        # per version: report, hello by GitLab's DSN, traffic
        self.projects = {et.project(): "glet_" + uuid.uuid4().hex
                         if i % 3 == 1 else uuid.uuid4().hex
                         for i in range(3 * versions)}
        with et.Nginx(list(self.projects.items()) + list(more.items()),
                      **options) as self.nginx:
            yield

    # one SDK

    def check(self, sdk):
        et.note(sdk.name)
        self.seen = {}
        wrong = et.project()
        before = len(self.nginx.requests())
        self.wrong_key(sdk, wrong)
        self.report(sdk, *self.new_project())
        self.gitlab(sdk, *self.new_project())
        self.traffic(sdk, *self.new_project())

        answered = [(status, line) for status, line
                    in self.nginx.requests()[before:]
                    if "/api/%d/" % wrong not in line]
        refused = [line for status, line in answered if status != "200"]
        et.ok(answered and not refused,
              "%s: every request is answered 200" % sdk.name,
              "\n".join(refused) or "there were none")
        encodings = sorted({re.search(r"encoding=(\S*)", line).group(1)
                            or "empty" for status, line in answered})
        et.note("%s: %d requests, encoded %s"
                % (sdk.name, len(answered), ", ".join(encodings)))
        et.same(encodings, sdk.encodings,
                "%s: bodies come encoded as the SDK does it by default"
                % sdk.name)

        table.check(sdk.name, self.seen, sorted(
            {re.search(r"/(\w+)/? length", line).group(1)
             for status, line in answered if " POST " in line}
            | (set(encodings) - {"-", "empty"})))

    def send(self, sdk, mode, dsn):
        sent, log = sender(sdk.command, mode, dsn, sdk.env)
        unhappy = [line for line in log.splitlines() if REFUSED.search(line)]
        et.ok(not unhappy, "%s: %s: the SDK logs no refusal"
              % (sdk.name, mode), "\n".join(unhappy))
        return sent

    def wrong_key(self, sdk, project):
        """Also shows that a refusal would be noticed in what follows."""
        sent, log = sender(sdk.command, "hello",
                           self.nginx.dsn(project, uuid.uuid4().hex),
                           sdk.env)
        # nginx writes its log after its answer: the program may end before
        statuses = et.until(lambda: [
            status for status, line in self.nginx.requests()
            if "/api/%d/" % project in line])
        et.ok(sent is not None and set(statuses) == {"403"}
              and (REFUSED.search(log) or not sdk.logs_refusal),
              "%s: a wrong key is refused, and the SDK lives with it"
              % sdk.name, "%s\n%s" % (statuses, log[-1000:]))

    def report(self, sdk, project, key):
        began = time.time()
        sent = self.send(sdk, "report", self.nginx.dsn(project, key))
        if sent is None:
            return
        ended = time.time()

        ids = [sent["chain"], sent["message"], *sent["again"], sent["other"],
               sent["large"]]
        events = stored(project, len(ids))
        et.same(sorted(events), sorted(ids),
                "%s: what is stored are the events whose ids the SDK returned"
                % sdk.name)
        if sorted(events) != sorted(ids):
            et.note(self.nginx.read("error.log")[-2000:])
            return

        chain, message = events[sent["chain"]], events[sent["message"]]
        other = events[sent["other"]]

        for title, event in (("error", chain), ("message", message)):
            self.fields(sdk, title, event, project, sent["version"],
                        (began, ended))
        self.chain(sdk, chain)
        self.message(sdk, message)
        self.seen.update(error=table.STORED, message=table.STORED)

        def says(text):
            return "%s: %s" % (sdk.name, text)

        again = [events[i] for i in sent["again"]]
        et.same([e["type"] for e in again], [sdk.again] * 2,
                says("an error raised twice is twice of its type"))
        et.same([e["value"] for e in again],
                ["order %d of %s not found" % tuple(o)
                 for o in SCOPE["again"]],
                says("with its own numbers each time"))
        et.ok(again[0]["fingerprint"] == again[1]["fingerprint"],
              says("other numbers in its message do not split an error"),
              again[0]["grouping"] + "\n\n" + again[1]["grouping"])
        fingerprints = {e["fingerprint"]
                        for e in (chain, message, again[0], other)}
        et.same(len(fingerprints), 4,
                says("different errors have different fingerprints"))
        et.same(other["type"], sdk.other, says("another error has its type"))
        et.ok(re.search(sdk.culprit, other["culprit"]),
              says("the culprit of an error without a transaction is where "
                   "it was raised"), other["culprit"])

        large = json.loads(events[sent["large"]]["payload"])
        et.same([text for text in self.crumbs(large) if " of many: " in text],
                SCOPE["many"], says("a large event arrives whole"))

        self.errors(sdk, project, chain, again[0])

    def crumbs(self, payload):
        """The texts of an event's breadcrumbs."""
        crumbs = payload.get("breadcrumbs", [])
        crumbs = crumbs["values"] if isinstance(crumbs, dict) else crumbs
        return [crumb.get("message") or "" for crumb in crumbs]

    def fields(self, sdk, title, event, project, version, window):
        """The columns of one event, each of them a test."""
        def says(text):
            return "%s: %s: %s" % (sdk.name, title, text)

        def is_same(column, expected, what=None):
            et.same(event[column], expected,
                    says("%s is %s" % (column, what or "what was set")))

        began, ended = window
        trace = event["trace_id"]
        payload = json.loads(event["payload"])

        is_same("project_id", project, "the DSN's")
        et.ok(0 < event["fingerprint"] < 2 ** 53,
              says("fingerprint is a JavaScript number"),
              event["fingerprint"])
        et.ok(began - 1 <= event["timestamp"] <= ended + 1,
              says("timestamp is when it was captured, in UTC"),
              "%r of %r" % (event["timestamp"], window))
        is_same("timestamp_type", "DateTime64(6, 'UTC')", "UTC for readers")
        is_same("first_timestamp", event["timestamp"], "the same")
        et.ok(began <= event["received"] <= ended + 1,
              says("received is when NGINX had it"),
              "%r of %r" % (event["received"], window))
        is_same("n", 1, "one occurrence")
        is_same("grouping_version", 1, "the grouping's")
        is_same("platform", sdk.platform, "the SDK's")
        for column in ("release", "dist", "environment", "server_name",
                       "transaction"):
            if column not in sdk.without:
                is_same(column, SCOPE[column])
        if "transaction" not in sdk.without:
            is_same("culprit", SCOPE["transaction"], "the transaction")
        is_same("logger", payload.get("logger") or "", "the SDK's")
        is_same("user_id", SCOPE["user"]["id"])
        is_same("user_email", SCOPE["user"]["email"])
        is_same("user_name", SCOPE["user"]["username"])
        is_same("user_ip", SCOPE["user"]["ip_address"])
        is_same("users", 1, "one user")
        et.same({k: event["tags"].get(k) for k in SCOPE["tags"]},
                SCOPE["tags"], says("tags are what was set"))
        is_same("sdk_name", sdk.sdk_name, "the SDK's")
        is_same("sdk_version", version, "the SDK's")
        et.ok(trace == payload.get("contexts", {}).get("trace", {}).get(
            "trace_id", "") and (re.match("^[0-9a-f]{32}$", trace)
                                 or not sdk.traced),
              says("trace_id is that of the SDK's trace"), trace)

        # the event itself
        crumbs = self.crumbs(payload)
        contexts = payload.get("contexts", {})
        et.same(payload["event_id"], event["event_id"],
                says("payload is JSON with the event's id"))
        et.ok(SCOPE["breadcrumb"] in crumbs,
              says("payload has the breadcrumb"), crumbs)
        if "context" not in sdk.without:
            # Rust's adds a type
            order = contexts.get("order", {})
            et.same({k: order.get(k) for k in SCOPE["context"]},
                    SCOPE["context"], says("payload has the context"))
        et.same(payload["extra"]["cart"] if "cart" in payload.get("extra", ())
                else contexts["cart"]["items"], SCOPE["extra"],
                says("payload has the extra data"))
        et.same(payload["user"]["username"], SCOPE["user"]["username"],
                says("payload is UTF-8"))

    def chain(self, sdk, event):
        def says(text):
            return "%s: error: %s" % (sdk.name, text)

        (kind, value), cause = sdk.chain
        exceptions = json.loads(event["payload"])["exception"]
        if isinstance(exceptions, dict):
            exceptions = exceptions["values"]
        kinds = [e["type"] for e in exceptions]

        et.same(event["level"], "fatal", says("level is what was set"))
        et.same(event["type"], kind,
                says("type is the type of what was thrown"))
        et.same(event["value"], value, says("value is its message"))
        et.same(event["message"], "", says("message is empty"))
        et.ok(kind in kinds and cause in kinds,
              says("payload has the error and its cause"), kinds)
        et.ok(kind in event["grouping"] and cause in event["grouping"]
              and sdk.frame in event["grouping"],
              says("grouping names the types and where it was raised"),
              event["grouping"])
        et.ok(str(SCOPE["order"]) not in event["grouping"],
              says("grouping has nothing of the occurrence's own"),
              event["grouping"])

    def message(self, sdk, event):
        def says(text):
            return "%s: message: %s" % (sdk.name, text)

        et.same(event["level"], "warning", says("level is what was set"))
        et.same(event["type"], "", says("type is empty"))
        et.same(event["value"], SCOPE["message"] if sdk.message_is_exception
                else "", says("value is the message where the SDK sends its "
                              "stack as an exception's, else empty"))
        et.same(event["message"], SCOPE["message"],
                says("message is what was sent"))
        et.ok(event["grouping"].strip(), says("grouping says by what"),
              event["grouping"])

    def errors(self, sdk, project, chain, again):
        def says(text):
            return "%s: errors: %s" % (sdk.name, text)

        found = {row["fingerprint"]: row for row in et.rows(
            "SELECT fingerprint, n, users, type, value, level, "
            "toUnixTimestamp64Micro(first_seen) / 1e6 AS first_seen, "
            "toUnixTimestamp64Micro(last_seen) / 1e6 AS last_seen, "
            "lower(replaceAll(toString(last_event_id), '-', '')) AS last_id "
            "FROM errortracking.errors_list "
            "WHERE project_id = {project:UInt64}", project=project)}
        et.same(len(found), 5, says("there is one for each fingerprint"))
        one, two = found[chain["fingerprint"]], found[again["fingerprint"]]
        et.same((one["n"], one["users"]), (1, 1),
                says("the error that came once has n = 1 and one user"))
        et.same((two["n"], two["users"]), (2, 2),
                says("the error that came twice has n = 2 and two users"))
        et.same((one["type"], one["value"], one["level"], one["last_id"]),
                (chain["type"], chain["value"], "fatal", chain["event_id"]),
                says("an error is described by its last event"))
        et.ok(one["first_seen"] == one["last_seen"] == chain["timestamp"],
              says("first and last seen is when it came"), one)
        et.ok(two["first_seen"] <= two["last_seen"],
              says("first seen is not after last seen"), two)

    def gitlab(self, sdk, project, key):
        dsn = self.nginx.dsn(project, key, "/errortracking/api/v1/projects")
        sent = self.send(sdk, "hello", dsn)
        if sent is None:
            return
        et.same(list(stored(project, 1)), [sent["hello"]],
                "%s: GitLab's form of the DSN works" % sdk.name)

    # items of every type

    def traffic(self, sdk, project, key):
        def says(text):
            return "%s: %s" % (sdk.name, text)

        before = items.counted(self.nginx)
        sent = self.send(sdk, "traffic", self.nginx.dsn(project, key))
        if sent is None:
            return

        ids = [sent[name] for name in ("traced", "attached") if sent.get(name)]
        events = stored(project, len(ids))
        et.same(sorted(events), sorted(ids),
                says("of all that an SDK sends, the events are stored"))
        if sent.get("traced"):
            et.same(events.get(sent["traced"], {}).get("trace_id"),
                    sent["trace_id"],
                    says("an error within a transaction has its trace's id"))

        now = items.counted(self.nginx)
        counted = {kind: now[kind] - before.get(kind, 0) for kind in now
                   if now[kind] > before.get(kind, 0)}
        et.note("%s: counted: %s" % (sdk.name, counted))
        et.ok("unknown" not in counted, says("no item's type is unknown"),
              counted)

        self.seen.update(items.check(sdk, project, sent, counted, SCOPE))
