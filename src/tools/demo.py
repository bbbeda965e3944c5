#!/usr/bin/env python3
"""
make demo: sends a handful of different errors with the real Sentry SDK to the
NGINX of "make run", waits until ClickHouse holds them, and prints what it
holds now.

The addresses are those that "make run" left in DATA_DIR (data); DSN and
CLICKHOUSE_URL go before them, CLICKHOUSE_USER and CLICKHOUSE_PASSWORD are
used where they are set.  The SDK is installed into a venv of its own, under
build/.
"""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BUILD = os.environ.get("BUILD", os.path.join(TOP, "build"))
VENV = os.path.join(BUILD, "demo")
SDK = "sentry-sdk>=2,<3"

# seconds
ARRIVAL_TIMEOUT = 30


def fail(message):
    sys.exit("demo: " + message)


def in_venv_with_sdk():
    """Runs this again in the venv, made first where there is none."""
    python = os.path.join(VENV, "bin", "python")
    done = os.path.join(VENV, "sdk-installed")

    if not os.path.exists(done):
        print("the SDK is installed into", os.path.relpath(VENV, TOP),
              flush=True)
        try:
            subprocess.run([sys.executable, "-m", "venv", "--clear", VENV],
                           check=True, stdout=subprocess.DEVNULL)
            subprocess.run([python, "-m", "pip", "install", "--quiet",
                            "--disable-pip-version-check", SDK], check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            fail("no venv with %s: %s; make install-deps installs what it "
                 "needs" % (SDK, error))
        open(done, "w").close()

    os.execv(python, [python, os.path.abspath(__file__), "--in-venv"])


def addresses():
    """The DSN and ClickHouse's URL."""
    found = {}
    path = os.path.join(TOP, os.environ.get("DATA_DIR", "data"), "addresses")

    try:
        with open(path) as lines:
            found = dict(line.split(None, 1) for line in lines)
    except FileNotFoundError:
        pass
    except OSError as error:
        fail("%s cannot be read: %s" % (path, error))

    dsn = os.environ.get("DSN") or found.get("dsn")
    url = os.environ.get("CLICKHOUSE_URL") or found.get("clickhouse")

    if not dsn or not url:
        fail("there is no %s: is \"make run\" running, in another terminal? "
             "Else set DSN and CLICKHOUSE_URL." % path)

    return dsn.strip(), url.strip().rstrip("/")


def select(url, query, **parameters):
    """The rows that ClickHouse answers, as lists."""
    query += " FORMAT JSONCompactEachRow"
    request = urllib.request.Request(
        url + "/?" + urllib.parse.urlencode(
            {"param_" + name: value for name, value in parameters.items()}),
        data=query.encode())

    for header, variable in (("X-ClickHouse-User", "CLICKHOUSE_USER"),
                             ("X-ClickHouse-Key", "CLICKHOUSE_PASSWORD")):
        if os.environ.get(variable):
            request.add_header(header, os.environ[variable])

    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return [json.loads(line) for line in answer]
    except urllib.error.HTTPError as error:
        fail("ClickHouse: " + error.read().decode(errors="replace"))
    except OSError as error:
        fail("ClickHouse does not answer at %s: %s" % (url, error))


# What goes wrong in the demo

class PaymentDeclined(Exception):
    pass


def connect(host):
    raise ConnectionRefusedError(111, "connection refused by " + host)


def charge(order, amount):
    try:
        connect("payments.example.com")
    except OSError as error:
        raise PaymentDeclined("order %d not charged" % order) from error


def parse_quantity(text):
    return int(text)


def send(dsn, run):
    """Sends the demo's errors; how many they are."""
    import sentry_sdk

    sent = []

    def count(event, hint):
        sent.append(event["event_id"])
        return event

    sentry_sdk.init(dsn=dsn, release="demo@1.0.0", environment="demo",
                    server_name="demo-host", before_send=count,
                    default_integrations=False)
    sentry_sdk.set_tag("demo_run", run)
    sentry_sdk.set_user({"id": "42", "email": "jane@example.com",
                         "username": "jane"})

    # one caused by another
    try:
        charge(1207, 19.90)
    except PaymentDeclined as error:
        sentry_sdk.capture_exception(error)

    # one that comes again and again, with another value each time
    for text in ("twelve", "1.5", "", "ten", "7 pieces"):
        try:
            parse_quantity(text)
        except ValueError as error:
            sentry_sdk.capture_exception(error)

    # one of each built-in kind, with breadcrumbs and tags
    sentry_sdk.add_breadcrumb(category="cart", message="item removed")
    with sentry_sdk.new_scope() as scope:
        scope.set_tag("cart", "empty")
        try:
            {}["total"]
        except KeyError as error:
            sentry_sdk.capture_exception(error)

    try:
        [][3]
    except IndexError as error:
        sentry_sdk.capture_exception(error)

    # messages, of which the numbers do not make different errors
    for seconds in (31, 47, 60):
        sentry_sdk.capture_message(
            "the nightly import took %d seconds" % seconds, level="warning")

    sentry_sdk.flush(timeout=10)

    return len(sent)


def wait_for(url, run, expected):
    """Until ClickHouse holds them: rows, each with its share of n."""
    deadline = time.monotonic() + ARRIVAL_TIMEOUT

    while True:
        held = int(select(url, "SELECT sum(n) FROM errortracking.events "
                          "WHERE tags['demo_run'] = {run:String}",
                          run=run)[0][0])
        if held >= expected:
            return
        if time.monotonic() > deadline:
            fail("%d of %d events are in ClickHouse after %d s; see the "
                 "status page and nginx's error.log"
                 % (held, expected, ARRIVAL_TIMEOUT))
        time.sleep(0.05)


def shorten(text, width):
    text = " ".join(str(text).split())
    return text if len(text) <= width else text[:width - 3] + "..."


def print_table(title, heads, rows, widths):
    print("\n" + title + "\n")
    cells = [heads] + [[shorten(cell, width)
                        for cell, width in zip(row, widths)] for row in rows]
    used = [max(len(row[i]) for row in cells) for i in range(len(heads))]
    cells.insert(1, ["-" * width for width in used])
    for row in cells:
        print("  " + "  ".join(cell.ljust(width)
                               for cell, width in zip(row, used)).rstrip())


def show(url, project):
    rows = select(url, """
        SELECT fingerprint, anyLast(level), anyLast(type),
               anyLast(if(value != '', value, message)), anyLast(culprit),
               sum(n) AS times, toDateTime(max(timestamp)) AS last
        FROM errortracking.events
        WHERE project_id = {project:UInt64}
        GROUP BY fingerprint
        ORDER BY times DESC, last DESC
        LIMIT 20""", project=project)

    print_table("The errors of project %s in ClickHouse, most frequent first"
                % project,
                ["times", "level", "type", "what", "where", "last seen (UTC)"],
                [[times, level, kind or "message", what, where, last]
                 for _, level, kind, what, where, times, last in rows],
                [8, 8, 24, 44, 30, 19])

    total = select(url, "SELECT sum(n), uniqExact(fingerprint) "
                   "FROM errortracking.events "
                   "WHERE project_id = {project:UInt64}", project=project)[0]
    print("\n%s events, %s errors\n" % (total[0], total[1]))


def main():
    dsn, url = addresses()

    if "--in-venv" not in sys.argv:
        in_venv_with_sdk()

    run = uuid.uuid4().hex
    project = urllib.parse.urlsplit(dsn).path.rsplit("/", 1)[1]

    started = time.monotonic()
    expected = send(dsn, run)
    wait_for(url, run, expected)
    print("%d events sent to %s and in ClickHouse after %.1f s"
          % (expected, dsn.split("@")[-1], time.monotonic() - started))
    show(url, project)


main()
