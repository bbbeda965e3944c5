"""
What else than events SDKs send, and what is to be in ClickHouse of it.

A program says in "items" what it sent of each type:

    attachment      {"event_id"}
    session         {}: one session, in which errors were captured and which
                    ended; "open": its end was not sent; "anonymous": no user
    check_in        {"id"}: in_progress, then ok; "configured": the monitor's
                    configuration was sent with it; "no_release": no release
    feedback        {"event_id"}: the event it is about, or null; "report":
                    the old form, which has no more
    log             {}: a warning, and an error with an attribute
    client_report   {}: an error that was dropped by the program, "reason"
                    where it is not before_send
    transaction     {}

with the texts and numbers of sdk.py's SCOPE.
"""

import base64
import re

import et
import table

# a type, and the item types that it is sent as
KINDS = {
    "attachment": ["attachment"],
    "session": ["session", "sessions"],
    "check_in": ["check_in"],
    "feedback": ["feedback", "user_report"],
    "log": ["log"],
    "client_report": ["client_report"],
    "transaction": ["transaction", "span"],
}


def counted(nginx):
    """How many items of each type were taken and not kept, so far."""
    found = {}
    for name, n in nginx.metrics().items():
        match = re.match('errortracking_items_skipped_total{.*'
                         'type="([a-z_]+)"}', name)
        if match:
            found[match.group(1)] = found.get(match.group(1), 0) + n
    return found


# The checks of what is kept: a type's is called with says (which makes a
# test's name), the project, what the program said of it, and SCOPE.

NO_ID = "0" * 32


def found(query, wanted, project):
    """The rows of a query, once there are as many as wanted."""
    return et.until(lambda: (lambda rows: len(rows) >= wanted and rows)(
        et.rows(query, project=project))) or et.rows(query, project=project)


def ids(column):
    return "lower(replaceAll(toString(%s), '-', '')) AS %s" % (column, column)


def attachment(says, project, what, scope):
    wanted = scope["attachment"]
    got = found(
        "SELECT %s, filename, base64Encode(data) AS base64, size, chunk,"
        " chunks FROM errortracking.attachments FINAL"
        " WHERE project_id = {project:UInt64}" % ids("event_id"), 1, project)
    if not et.same(len(got), 1, says("there is one, in one piece")):
        return
    row = got[0]
    et.same(row["event_id"], what["event_id"],
            says("it names the event that it came with"))
    et.same(row["filename"], wanted["filename"],
            says("its name is what was set"))
    et.ok(row["base64"] == wanted["base64"]
          and row["size"] == len(base64.b64decode(wanted["base64"])),
          says("its bytes are what was sent"), row)
    et.same(et.rows("SELECT %s, filename, complete "
                    "FROM errortracking.attachments_list "
                    "WHERE project_id = {project:UInt64}" % ids("event_id"),
                    project=project),
            [{"event_id": what["event_id"], "filename": wanted["filename"],
              "complete": 1}], says("it is listed with its event, complete"))


def session(says, project, what, scope):
    got = found(
        "SELECT sum(n) AS n, sum(errored) AS errored, sum(crashed) AS crashed,"
        " sum(abnormal) AS abnormal, min(ended) AS ended, max(user) AS user,"
        " max(started <= last) AS ordered,"
        " abs(dateDiff('second', now(), max(started))) < 600 AS recent"
        " FROM errortracking.sessions_list"
        " WHERE project_id = {project:UInt64} AND release = '%s'"
        " AND environment = '%s' HAVING n > 0"
        % (scope["release"], scope["environment"]), 1, project)
    if not et.same(len(got), 1, says("it is stored with release and "
                                     "environment")):
        return
    row = got[0]
    et.same(row["n"], 1, says("a session is counted once, however often it "
                              "was updated"))
    et.same((row["errored"], row["crashed"], row["abnormal"]), (1, 0, 0),
            says("it had an error, and did not crash"))
    et.same((row["ended"], row["ordered"], row["recent"]),
            (0 if what.get("open") else 1, 1, 1),
            says("it began just now, and ended after that"))
    et.ok((row["user"] == 0) == bool(what.get("anonymous")),
          says("it has the user's hash where a user was sent"), row)
    et.same(et.rows("SELECT sessions, errored, crashed, crash_free_sessions "
                    "FROM errortracking.release_health "
                    "WHERE project_id = {project:UInt64}", project=project),
            [{"sessions": 1, "errored": 1, "crashed": 0,
              "crash_free_sessions": 1}],
            says("the release's health says so"))


def check_in(says, project, what, scope):
    monitor = scope["monitor"]
    got = found(
        "SELECT %s, monitor_slug, environment, release, status, duration,"
        " schedule_type, schedule, timezone, margin, max_runtime,"
        " expected > now() AS expected FROM errortracking.check_ins_list"
        " WHERE project_id = {project:UInt64} AND status = 'ok'"
        % ids("check_in_id"), 1, project)
    if not et.same([row["check_in_id"] for row in got], [what["id"]],
                   says("the two of a run are one check-in, which is ok")):
        return
    row = got[0]
    et.same((row["monitor_slug"], row["duration"]),
            (monitor["slug"], monitor["duration"]),
            says("monitor and duration are what was sent"))
    et.same((row["environment"], row["release"]),
            (scope["environment"], "" if what.get("no_release")
             else scope["release"]),
            says("environment and release are what was set"))
    if what.get("configured"):
        et.same((row["schedule_type"], row["schedule"], row["timezone"],
                 row["margin"], row["max_runtime"], row["expected"]),
                ("crontab", monitor["crontab"], monitor["timezone"],
                 monitor["margin"], monitor["max_runtime"], 1),
                says("the monitor's schedule is what was set, and the next "
                     "one is expected"))


def feedback(says, project, what, scope):
    wanted = scope["feedback"]
    got = found(
        "SELECT message, email, name, %s, environment, release"
        " FROM errortracking.feedback WHERE project_id = {project:UInt64}"
        % ids("associated_event_id"), 1, project)
    if not et.same(len(got), 1, says("there is one")):
        return
    row = got[0]
    et.same({k: row[k] for k in wanted}, wanted,
            says("message, email and name are what was sent"))
    et.same(row["associated_event_id"], what["event_id"] or NO_ID,
            says("it names the event that it is about"))
    if not what.get("report"):
        et.same((row["environment"], row["release"]),
                (scope["environment"], scope["release"]),
                says("environment and release are what was set"))


def log(says, project, what, scope):
    wanted = scope["log"]
    name, text = wanted["attribute"]
    got = found(
        "SELECT level, body, environment, release, sdk_name, attributes,"
        " trace_id, abs(dateDiff('second', now(), timestamp)) < 600 AS recent"
        " FROM errortracking.logs WHERE project_id = {project:UInt64}"
        " AND body IN ('%s', '%s') ORDER BY level DESC"
        % (wanted["warn"], wanted["error"]), 2, project)
    et.same([(row["level"], row["body"]) for row in got],
            [("warn", wanted["warn"]), ("error", wanted["error"])],
            says("levels and texts are what was sent"))
    et.same([row["attributes"].get(name) for row in got], [None, text],
            says("an attribute is that of its entry"))
    et.same({(row["environment"], row["release"], row["recent"])
             for row in got}, {(scope["environment"], scope["release"], 1)},
            says("environment, release and time are the program's"))
    et.ok(got and all(re.match("^[0-9a-f]{32}$", row["trace_id"])
                      for row in got), says("it has a trace's id"), got)


def client_report(says, project, what, scope):
    got = found(
        "SELECT reason, category, sum(n) AS n FROM errortracking.outcomes"
        " WHERE project_id = {project:UInt64} AND outcome = 'client_discard'"
        " AND category = 'error' GROUP BY reason, category", 1, project)
    et.same(got, [{"reason": what.get("reason", "before_send"),
                   "category": "error", "n": 1}],
            says("the dropped error is counted as an outcome"))


STORED = {
    "attachment": attachment,
    "session": session,
    "check_in": check_in,
    "feedback": feedback,
    "log": log,
    "client_report": client_report,
}


def check(sdk, project, sent, counted, scope):
    """What became of each type: STORED or COUNTED of the table."""
    seen = {}
    et.same(sorted(sent["items"]), sorted(sdk.items),
            "%s: it sends what the SDK has" % sdk.name)
    for kind, what in sent["items"].items():
        def says(text):
            return "%s: %s: %s" % (sdk.name, kind, text)

        if kind in STORED:
            STORED[kind](says, project, what, scope)
            seen[kind] = table.STORED
        else:
            et.ok(any(k in counted for k in KINDS[kind]),
                  says("what is not kept is counted"), counted)
            seen[kind] = table.COUNTED
    return seen
