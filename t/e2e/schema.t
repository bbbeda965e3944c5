#!/usr/bin/env python3
"""
The schema in a real ClickHouse: what is applied, what an insert becomes, and
that a batch sent twice is stored once.

Needs CLICKHOUSE_URL (CLICKHOUSE_USER, CLICKHOUSE_PASSWORD).  Works in a
project of its own, whose rows it deletes; the rest is left as it is.
"""

import os
import random
import re
import shutil
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import et  # noqa: E402
from et import CLICKHOUSE as URL, TOP, ok, same  # noqa: E402

PROJECT = et.project()
COUNTED = ("events", "events_by_time", "errors", "error_counts",
           "error_changes")
TABLES = COUNTED + ("error_tags", "errors_by_tag", "releases_seen",
                    "projects_seen", "outcomes", "outcomes_by_hour",
                    "sessions", "check_ins", "feedback", "logs", "attachments")
SUMMED = COUNTED + ("error_tags", "releases_seen", "outcomes",
                    "outcomes_by_hour")
SECOND = 1000000
NOW = SECOND * int(time.time())


def post(sql, body=b"", **settings):
    """One statement; the answer's text.  A refusal ends the test."""
    settings["query"] = sql
    request = urllib.request.Request(
        URL + "/?" + urllib.parse.urlencode(settings), data=body)
    for header, name in (("X-ClickHouse-User", "CLICKHOUSE_USER"),
                         ("X-ClickHouse-Key", "CLICKHOUSE_PASSWORD")):
        if os.environ.get(name):
            request.add_header(header, os.environ[name])
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        et.bail_out("%s\n%s" % (error.read().decode().strip(), sql))


def rows(sql):
    return [line.split("\t") for line in post(sql).splitlines()]


def one(sql):
    return post(sql).rstrip("\n")


def count(table):
    """Physical rows: that of a repeated batch would show before any merge."""
    return int(one("SELECT count() FROM errortracking.%s "
                   "WHERE project_id = %d" % (table, PROJECT)))


def hours(database):
    """Outcomes of which the minutes have more or less than the hours."""
    return rows("SELECT hour, outcome, category, sum(d) FROM ("
                "SELECT toStartOfHour(minute) AS hour, outcome, reason, "
                "category, toInt64(n) AS d FROM %s.outcomes "
                "WHERE project_id = %d UNION ALL "
                "SELECT hour, outcome, reason, category, -toInt64(n) AS d "
                "FROM %s.outcomes_by_hour WHERE project_id = %d) "
                "GROUP BY hour, outcome, reason, category HAVING sum(d) != 0"
                % (database, PROJECT, database, PROJECT))


def values(database):
    """Values of tags that not both error_tags and errors_by_tag have."""
    pairs = ("SELECT DISTINCT toString(key), toString(value), project_id, "
             "fingerprint FROM %s.%s WHERE project_id = %d")
    return rows("SELECT *, count() FROM (%s UNION ALL %s) GROUP BY ALL "
                "HAVING count() != 2"
                % (pairs % (database, "error_tags", PROJECT),
                   pairs % (database, "errors_by_tag", PROJECT)))


def counts():
    return {table: count(table) for table in TABLES}


def sums():
    """What a repeated batch would add to, whether parts were merged or not."""
    return {table: one("SELECT %s FROM errortracking.%s WHERE project_id = %d"
                       % ("sum(n)" if table in SUMMED else "count()", table,
                          PROJECT)) for table in TABLES
            if table != "projects_seen"}


# RowBinary, as the module writes it

def varint(n):
    out = b""
    while n >= 0x80:
        out += bytes((n & 0x7f | 0x80,))
        n >>= 7
    return out + bytes((n,))


def text(s):
    s = s.encode()
    return varint(len(s)) + s


FORMATS = dict(kind="<B", grouping_version="<B", n="<Q", project_id="<Q",
               fingerprint="<Q", timestamp="<q", first_timestamp="<q",
               received="<q")


def encode(row):
    out = b""
    for name in COLUMNS.split(","):
        value = row[name]
        if name in FORMATS:
            out += struct.pack(FORMATS[name], value)
        elif name == "event_id":
            id = uuid.UUID(value).bytes
            out += id[7::-1] + id[:7:-1]
        elif name == "users":
            out += varint(len(value)) + struct.pack("<%dQ" % len(value),
                                                    *value)
        elif name == "notes":
            out += varint(len(value)) + b"".join(text(v) for v in value)
        elif name in ("tags", "attributes"):
            out += varint(len(value))
            for key in value:
                out += text(key) + text(value[key])
        else:
            out += text(value)
    return out


def event(fingerprint, at, **fields):
    """A whole row; with payload="" and n a folded one."""
    row = dict(kind=1, n=1, timestamp=at, first_timestamp=at, received=NOW,
               project_id=PROJECT, fingerprint=fingerprint,
               grouping_version=1, event_id=str(uuid.uuid4()), level="error",
               platform="python", type="ValueError", value="no such thing",
               message="", culprit="app.views in index", logger="app",
               environment="production", release="app@1.0", dist="17",
               server_name="web-1", transaction="/index",
               trace_id="0" * 31 + "1", user_id="7", user_email="a@b.c",
               user_name="ann", user_ip="192.0.2.1", users=[77],
               tags={"k": "v", "browser": "Firefox"}, attributes={},
               notes=["release: cut"],
               sdk_name="sentry.python", sdk_version="2.0",
               grouping="type: ValueError", payload='{"a":1}')
    row.update(fields)
    row["first_timestamp"] = fields.get("first_timestamp", row["timestamp"])
    return row


def insert(batch, token):
    post("INSERT INTO errortracking.ingest (%s) FORMAT RowBinary" % COLUMNS,
         b"".join(encode(row) for row in batch),
         insert_deduplication_token=token,
         deduplicate_blocks_in_dependent_materialized_views=1)


def apply(**environment):
    return subprocess.run(
        [TOP + "/src/tools/schema.sh"], stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, universal_newlines=True,
        env={**os.environ, "CLICKHOUSE_URL": URL, **environment})


def everything():
    """SHOW CREATE of all there is, and what our project has in it."""
    state = {}
    for (name,) in rows("SELECT name FROM system.tables "
                        "WHERE database = 'errortracking' ORDER BY name"):
        state[name] = one("SHOW CREATE errortracking.`%s` "
                          "FORMAT TSVRaw" % name)
    state["the database"] = one("SHOW CREATE DATABASE errortracking")
    state["sums"] = sums()
    state["version"] = one("SELECT * FROM errortracking.schema_version")
    return state


def row_columns():
    """ET_ROW_COLUMNS: string literals over lines that end in a backslash."""
    with open(TOP + "/src/core/et_row.h") as header:
        macro = re.search(r"#define ET_ROW_COLUMNS((?:.*\\\n)*.*)",
                          header.read()).group(1)
    return "".join(re.findall(r'"([^"]*)"', macro))


try:
    version = one("SELECT version()")
except (OSError, urllib.error.URLError) as error:
    et.bail_out("no ClickHouse at %s: %s" % (URL, error))

et.note("ClickHouse %s" % version)
COLUMNS = row_columns()


# what is applied

first = apply()
ok(first.returncode == 0, "the schema is applied by one command",
   first.stdout)
if first.returncode != 0:
    print("Bail out! no schema")
    sys.exit(1)

A, B = 2 ** 53 - 1, 42
insert([event(A, NOW), event(B, NOW)], "%d-0" % PROJECT)
before = everything()
second = apply()
ok(second.returncode == 0, "it is applied again without an error",
   second.stdout)
same(everything(), before, "and that changes no definition and no row")

same(one("SELECT max(version) FROM errortracking.schema_version"), "8",
     "the schema's version is 8")

same(one("SELECT arrayStringConcat(groupArray(name), ',') FROM "
         "(SELECT name FROM system.columns WHERE database = 'errortracking' "
         "AND table = 'ingest' ORDER BY position)"), COLUMNS,
     "ingest has the columns of the row encoder, in its order")

for table in TABLES:
    create = before[table]
    ok(re.search(r"\bTTL .*toIntervalDay\(\d+\)", create),
       "%s has a TTL" % table, create)
    ok("non_replicated_deduplication_window = 10000" in create,
       "%s has a deduplication window" % table, create)

for table in "events", "events_by_time", "error_counts":
    ok("min_age_to_force_merge_seconds = 86400, "
       "min_age_to_force_merge_on_partition_only = 1" in before[table],
       "a month of %s to which nothing is added gets one part" % table,
       before[table])

ok("TTL toDateTime(timestamp) + toIntervalDay(90)" in before["events"],
   "events are kept for 90 days", before["events"])
ok(re.search(r"`payload` String CODEC\(ZSTD\(1\)\)", before["events"]),
   "payloads are compressed with ZSTD", before["events"])

bad = apply(CLICKHOUSE_USER="nobody of this name", CLICKHOUSE_PASSWORD="x\"y")
ok(bad.returncode != 0 and "AUTHENTICATION_FAILED" in bad.stdout
   and bad.stdout.count("failed at") == 1,
   "a refusal ends it at the first statement with ClickHouse's message",
   bad.stdout)

empty = subprocess.run([TOP + "/src/tools/schema.sh", et.DIR],
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       universal_newlines=True)
ok(empty.returncode == 1 and "no *.sql in" in empty.stdout,
   "a folder without a schema is an error that says so", empty.stdout)

nowhere = apply(CLICKHOUSE_URL="http://127.0.0.1:1")
ok(nowhere.returncode != 0 and "127.0.0.1:1" in nowhere.stdout,
   "no ClickHouse is an error that names the address", nowhere.stdout)


# what a row becomes

event_id = str(uuid.uuid4())
insert([event(1, NOW + 123456, event_id=event_id, users=[5, 0])],
       "%d-1" % PROJECT)
fields = event(1, NOW + 123456, event_id=event_id)
names = [c for c in COLUMNS.split(",")
         if c not in ("kind", "users", "timestamp", "first_timestamp",
                      "received", "tags", "attributes", "notes")]
got = rows("SELECT %s FROM errortracking.events WHERE project_id = %d "
           "AND event_id = '%s' FORMAT TSVRaw"
           % (", ".join(names), PROJECT, event_id))
same(got, [[str(fields[name]) for name in names]],
     "an event has every field of its row")
same(rows("SELECT toUnixTimestamp64Micro(timestamp), "
          "toUnixTimestamp64Micro(first_timestamp), "
          "toUnixTimestamp64Micro(received), toTimeZone(timestamp, 'UTC') = "
          "timestamp, tags['k'], tags['browser'], length(tags), notes, users "
          "FROM errortracking.events WHERE project_id = %d "
          "AND event_id = '%s'" % (PROJECT, event_id)),
     [[str(NOW + 123456), str(NOW + 123456), str(NOW), "1", "v", "Firefox",
       "2", "['release: cut']", "[5]"]],
     "to the microsecond in UTC, with its tags, and without empty slots of "
     "users")
same(one("SELECT count() FROM errortracking.events WHERE project_id = %d "
         "AND trace_id = '%s1' AND user_id = '7' AND tags['k'] = 'v'"
         % (PROJECT, "0" * 31)), "3",
     "events are found by trace, user and tag")

insert([event(1, NOW, kind=2, n=0),
        event(7, NOW, kind=6, n=5, payload="", type="filtered",
              value="crawlers", message="session"),
        event(7, NOW, kind=6, n=2, payload="", type="filtered",
              value="crawlers", message="session")], "%d-2" % PROJECT)
same(count("events"), 3, "a row of another kind is no event")
same(rows("SELECT outcome, reason, category, sum(n) FROM "
          "errortracking.outcomes WHERE project_id = %d AND minute = "
          "toStartOfMinute(toDateTime(%d)) GROUP BY ALL HAVING sum(n) > 0 "
          "ORDER BY outcome" % (PROJECT, NOW // SECOND)),
     [["accepted", "", "error", "3"],
      ["filtered", "crawlers", "session", "7"]],
     "outcomes has what was accepted, by the rows, and what was not")
same(hours("errortracking"), [], "outcomes_by_hour has the same")
same(rows("SELECT key, value FROM errortracking.errors_by_tag WHERE "
          "project_id = %d AND fingerprint = 1 GROUP BY ALL ORDER BY key"
          % PROJECT),
     [["browser", "Firefox"], ["environment", "production"], ["k", "v"],
      ["level", "error"], ["logger", "app"], ["release", "app@1.0"],
      ["server_name", "web-1"], ["transaction", "/index"]],
     "errors_by_tag has an event's tags and what is searched like one")
same(values("errortracking"), [], "as error_tags has")


def differences(database):
    """Rows that only one of events and events_by_time has, or has twice."""
    columns = one("SELECT arrayStringConcat(groupArray(name), ', ') "
                  "FROM system.columns WHERE database = '%s' AND table = "
                  "'events_by_time' AND name != 'body'" % database)
    return int(one("SELECT count() FROM (SELECT sum(sign) AS s FROM ("
                   "SELECT %s, payload != '' AS body, 1 AS sign "
                   "FROM %s.events WHERE project_id = %d UNION ALL "
                   "SELECT %s, body, -1 AS sign "
                   "FROM %s.events_by_time WHERE project_id = %d) "
                   "GROUP BY %s, body HAVING s != 0)"
                   % (columns, database, PROJECT, columns, database, PROJECT,
                      columns)))


# counts

ERROR = 1000
start = counts()
batch = [
    event(ERROR, NOW + 1 * SECOND, users=[1], release="app@1.0"),
    event(ERROR, NOW + 3 * SECOND, users=[2], release="app@3.0",
          value="the latest", level="fatal"),
    event(ERROR, NOW + 2 * SECOND, users=[1], release="app@2.0"),
    event(ERROR, NOW, users=[0], release="app@0.9"),
    event(ERROR, NOW + 4 * SECOND, n=1000000, payload="",
          first_timestamp=NOW - 5 * SECOND, users=[1, 2, 3, 0, 0, 4],
          value="folded"),
    event(ERROR + 1, NOW - 7200 * SECOND, users=[1], environment="staging"),
]
insert(batch, "%d-3" % PROJECT)
after = counts()
same({t: after[t] - start[t] for t in ("events", "errors")},
     {"events": 6, "errors": 2}, "a batch is a row per event and per error")

before = sums()
insert(batch, "%d-3" % PROJECT)
same(sums(), before,
     "a batch sent twice with one token adds nothing to any table")


def summary(source, fingerprint):
    return rows(
        "SELECT toUnixTimestamp64Micro(first), toUnixTimestamp64Micro(last),"
        " n, users FROM (SELECT %s FROM errortracking.%s "
        "WHERE project_id = %d AND fingerprint = %d %s)"
        % (("first_seen AS first, last_seen AS last, n, users", source,
            PROJECT, fingerprint, "") if source == "errors_list" else
           ("min(first_seen) AS first, max(last_seen) AS last, "
            "sum(n) AS n, uniqMerge(users) AS users", source, PROJECT,
            fingerprint, "GROUP BY fingerprint")))


expected = [[str(NOW - 5 * SECOND), str(NOW + 4 * SECOND), "1000004", "4"]]
same(summary("errors", ERROR), expected,
     "errors gives first and last seen, the sum of n and distinct users")
same(summary("errors_list", ERROR), expected,
     "and so does errors_list, one row an error")

same(rows("SELECT level, type, value, culprit, platform, environment, "
          "first_release, last_release, first_event_id, last_event_id "
          "FROM errortracking.errors_list WHERE project_id = %d "
          "AND fingerprint = %d" % (PROJECT, ERROR)),
     [["fatal", "ValueError", "the latest", "app.views in index", "python",
       "production", "app@0.9", "app@3.0", batch[3]["event_id"],
       batch[1]["event_id"]]],
     "an error is described by its first and last event that has a body")

insert(batch, "%d-4" % PROJECT)
again = counts()
same(again["events"] - after["events"], 6,
     "the same rows with another token are stored")
same(summary("errors", ERROR),
     [[str(NOW - 5 * SECOND), str(NOW + 4 * SECOND), "2000008", "4"]],
     "and counted, while users are the same users")

same(rows("SELECT environment, sum(n) FROM errortracking.error_counts "
          "WHERE project_id = %d AND fingerprint IN (%d, %d) "
          "GROUP BY environment ORDER BY environment"
          % (PROJECT, ERROR, ERROR + 1)),
     [["production", "2000008"], ["staging", "2"]],
     "error_counts sums n by environment")
same(differences("errortracking"), 0,
     "events_by_time has all events, folded ones too, with all but payload "
     "and grouping")
same(one("SELECT count() FROM errortracking.error_counts WHERE "
         "project_id = %d AND minute != toStartOfMinute(minute)" % PROJECT),
     "0", "in minutes")

sums = [one("SELECT sum(n) FROM errortracking.%s WHERE project_id = %d"
            % (table, PROJECT)) for table in COUNTED]
same(len(set(sums)), 1,
     "sum(n) is the same over events, errors and error_counts")


def logical():
    return [post("SELECT project_id, fingerprint, first_seen, last_seen, n, "
                 "users, value FROM errortracking.errors_list WHERE "
                 "project_id = %d ORDER BY fingerprint" % PROJECT),
            post("SELECT fingerprint, minute, sum(n) FROM "
                 "errortracking.error_counts WHERE project_id = %d "
                 "GROUP BY 1, 2 ORDER BY 1, 2" % PROJECT)]


unmerged = logical()
for table in ("errors", "error_counts"):
    post("OPTIMIZE TABLE errortracking.%s FINAL" % table)
same(logical(), unmerged, "merging changes no answer")
same(count("errors"), 5, "after a merge an error is one row")

insert(batch, "%d-3" % PROJECT)
same(logical(), unmerged, "a batch is known again after merges, too")


# with many users, of many workers' rows
USERS = 3000
for part in range(3):
    insert([event(ERROR + 2, NOW, n=len(chunk), users=chunk) for chunk in
            [[random.Random(u).getrandbits(64) | 1
              for u in range(part * 500 + i, part * 500 + i + 100)]
             for i in range(0, 2000, 100)]], "%d-u%d" % (PROJECT, part))
same(one("SELECT users FROM errortracking.errors_list WHERE project_id = %d "
         "AND fingerprint = %d" % (PROJECT, ERROR + 2)), str(USERS),
     "users that several rows and batches have are counted once")

explain = post("EXPLAIN indexes = 1 SELECT payload FROM errortracking.events "
               "WHERE project_id = %d AND event_id = '%s'"
               % (PROJECT, event_id))
ok("by_event_id" in explain, "a look-up by event id uses its index", explain)


# from a schema of version 2, in a database of its own

OLD = "errortracking_%d" % PROJECT


def files(keep):
    """The schema's files for that database; those that keep says."""
    path = os.path.join(et.DIR, "sql")
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    source = os.path.join(TOP, "conf", "clickhouse")
    for name in os.listdir(source):
        if keep(name):
            with open(os.path.join(source, name)) as file:
                text = re.sub(r"\berrortracking\b", OLD, file.read())
            with open(os.path.join(path, name), "w") as file:
                file.write(text)
    return path


def upgrade(keep=lambda name: True):
    done = subprocess.run(
        [TOP + "/src/tools/schema.sh", files(keep)], stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, universal_newlines=True,
        env={**os.environ, "CLICKHOUSE_URL": URL})
    ok(done.returncode == 0, "the schema is applied there", done.stdout)


def seen():
    return rows("SELECT version, sum(n), toUnixTimestamp64Micro("
                "min(first_event)), toUnixTimestamp64Micro(max(last_seen)) "
                "FROM %s.releases_seen GROUP BY version ORDER BY version"
                % OLD)


try:
    upgrade(lambda name: name < "020" and name[:3] not in ("006", "016",
                                                         "017", "018"))
    into = "INSERT INTO %s.ingest (%s) FORMAT RowBinary" % (OLD, COLUMNS)
    post(into, encode(event(1, NOW, release="a@1"))
         + encode(event(2, NOW - SECOND, n=5, release="a@1"))
         + encode(event(2, NOW, release="")))
    post("INSERT INTO %s.schema_version (version) VALUES (2)" % OLD)
    upgrade()
    before = [["a@1", "6", str(NOW - SECOND), str(NOW)]]
    same(seen(), before, "releases are known that were seen before")
    post(into, encode(event(3, NOW + SECOND, release="a@1"))
         + encode(event(3, NOW, release="a@2"))
         + encode(event(0, NOW, kind=4, release="a@3")))
    upgrade()
    same(seen()[:2], [["a@1", "7", str(NOW - SECOND), str(NOW + SECOND)],
                      ["a@2", "1", str(NOW), str(NOW)]],
         "those that come are counted once, whatever is applied again")
    same([row[:2] for row in seen()[2:]], [["a@3", "0"]],
         "a session's is one without events")

    # what came before the tables of version 5, and since
    same(one("SELECT count() FROM %s.events" % OLD), "5",
         "there are events of before and of since")
    same(differences(OLD), 0,
         "events_by_time has both, each of them once")
    same(rows("SELECT project_id, toUnixTimestamp64Micro(min(first_seen)), "
              "toUnixTimestamp64Micro(max(last_seen)) "
              "FROM %s.projects_seen GROUP BY 1" % OLD),
         [[str(PROJECT), str(NOW - SECOND), str(NOW + SECOND)]],
         "and projects_seen has their project")

    same(one("SELECT sum(n) FROM %s.outcomes_by_hour" % OLD), "10",
         "hours of outcomes have what came before, and since")
    same(hours(OLD), [], "each of it once")
    same(values(OLD), [], "searches by tag find what came before, and since")
    same(one("SELECT uniqExact(fingerprint) FROM %s.errors_by_tag WHERE "
             "key = 'release' AND value = 'a@1'" % OLD), "3",
         "of which there is some")

    # an error as a schema of version 3 has it: without a state of its text
    post("INSERT INTO %s.errors (project_id, fingerprint, first_seen, "
         "last_seen, n, first, last) SELECT project_id, 77, first_seen, "
         "last_seen, n, first, last FROM %s.errors WHERE fingerprint = 3"
         % (OLD, OLD))

    def texts(fingerprint):
        return one("SELECT argMaxMerge(text), argMinMerge(first_release) "
                   "FROM %s.errors WHERE fingerprint = %d"
                   % (OLD, fingerprint))

    same(texts(77), "\t", "an error of before has no text that is searched")
    post("TRUNCATE TABLE %s.schema_version" % OLD)
    post("INSERT INTO %s.schema_version (version) VALUES (3)" % OLD)
    upgrade()
    et.until(lambda: texts(77) != "\t")
    same(texts(77).split("\\0")[0], texts(3).split("\\0")[0],
         "it has it once the schema is applied")
    ok(texts(3).strip() not in ("", ": "), "which is not empty", texts(3))
    same([differences(OLD), hours(OLD), values(OLD), seen()[0][1]],
         [0, [], [], "7"], "all else is there once, as before")

    # what somebody has altered since
    def altered():
        return "min_age_to_force_merge_seconds = 5," in one(
            "SHOW CREATE %s.events FORMAT TSVRaw" % OLD)

    post("ALTER TABLE %s.events MODIFY SETTING "
         "min_age_to_force_merge_seconds = 5" % OLD)
    ok(altered(), "a setting is altered")
    upgrade()
    ok(altered(), "and stays so when the schema is applied again")

    # users are counted of what is seen often, and again when it was seen more
    def counted():
        for do in "REFRESH", "WAIT":
            post("SYSTEM %s VIEW %s.errors_counted_mv" % (do, OLD))
        return rows("SELECT fingerprint, counted_users, counted_n, n, "
                    "finalizeAggregation(users) FROM %s.errors FINAL "
                    "WHERE fingerprint IN (2, 40) ORDER BY 1" % OLD)

    post(into, encode(event(40, NOW, n=33, users=[1, 2, 3])))
    same(counted(), [["2", "0", "0", "6", "1"], ["40", "3", "33", "33", "3"]],
         "users are counted of an error that is seen often")
    post(into, encode(event(40, NOW, n=1, users=[3, 4])))
    same(counted()[1], ["40", "4", "34", "34", "4"], "and again")
finally:
    post("DROP DATABASE IF EXISTS %s" % OLD)


for table in TABLES:
    post("DELETE FROM errortracking.%s WHERE project_id = %d"
         % (table, PROJECT))

et.finish()
