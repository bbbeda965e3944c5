#!/usr/bin/env python3
"""
The shipped configuration, whatever nginx it runs on: NGINX starts with it,
takes one event over HTTP, the event is in ClickHouse, NGINX ends, and its
error log has nothing to be alarmed at.

Needs ET_NGINX, ET_MODULE (empty: built in) and CLICKHOUSE_URL with the
schema; ET_DIR and ET_PORT where they are set.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.parse
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import et  # noqa: E402
from et import CLICKHOUSE, DIR, MODULE, TOP, http, ok, until  # noqa: E402

NGINX = os.environ.get("ET_NGINX") or shutil.which("nginx",
                                                   path="/usr/sbin:/usr/bin")
PORT = int(os.environ.get("ET_PORT") or et.free_port())
PROJECT = et.project()
KEY = uuid.uuid4().hex


def sql(query):
    status, body = http(CLICKHOUSE + "/", query.encode())
    if status != 200:
        et.bail_out("ClickHouse: %d %s" % (status, body))
    return body.rstrip("\n")


def change(text, pattern, replacement):
    """One place of the configuration; that it is there is part of the test."""
    text, n = re.subn(pattern, lambda match: replacement, text, flags=re.M)
    if n == 0:
        et.bail_out("conf/nginx.conf has no %r" % pattern)
    return text


def configure():
    with open(TOP + "/conf/nginx.conf") as f:
        conf = f.read()
    temp = "".join("\n    %s_temp_path \"%s/%s\";" % (name, DIR, name)
                   for name in ("client_body", "proxy", "fastcgi", "uwsgi",
                                "scgi"))
    conf = change(conf, r"^load_module .*;",
                  'load_module "%s";' % MODULE if MODULE else "")
    # workers keep this process's user, who owns DIR
    conf = change(conf, r"^user .*;", "user root;"
                  if os.getuid() == 0 else "")
    conf = change(conf, r"^pid .*;", 'pid "%s/nginx.pid";' % DIR)
    conf = change(conf, r"^error_log .*;",
                  'error_log "%s/error.log" info;' % DIR)
    conf = change(conf, r"^worker_processes .*;", "worker_processes 2;")
    conf = change(conf, r"\baccess_log .*;", "access_log off;")
    conf = change(conf, r"^http {", "http {" + temp)
    conf = change(conf, r"\blisten 8080;", "listen 127.0.0.1:%d;" % PORT)
    conf = change(conf, r"\bserver 127\.0\.0\.1:8123;", "server %s;"
                  % urllib.parse.urlsplit(CLICKHOUSE).netloc)
    with open(DIR + "/nginx.conf", "w") as f:
        f.write(conf)
    shutil.copy(TOP + "/conf/errortracking_clickhouse.conf", DIR)
    with open(DIR + "/errortracking.keys", "w") as f:
        f.write("%d %s\n" % (PROJECT, KEY))


def log():
    try:
        with open(DIR + "/error.log", errors="replace") as f:
            return f.read()
    except OSError as error:
        return str(error)


os.makedirs(DIR, exist_ok=True)
configure()

version = subprocess.run([NGINX, "-v"], stderr=subprocess.PIPE,
                         universal_newlines=True).stderr.strip()
et.note("%s, %s" % (version, MODULE or "with the module built in"))

command = [NGINX, "-p", DIR, "-c", DIR + "/nginx.conf",
           "-e", DIR + "/error.log", "-g", "daemon off;"]
check = subprocess.run(command + ["-t"], stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, universal_newlines=True)
if not ok(check.returncode == 0, "nginx takes the shipped configuration",
          check.stdout):
    et.finish()

nginx = subprocess.Popen(command)
base = "http://127.0.0.1:%d" % PORT

try:
    ok(until(lambda: http(base + "/status")[0] == 200
             or nginx.poll() is not None) and nginx.poll() is None,
       "nginx starts and answers", log())

    event_id = uuid.uuid4().hex
    event = {"event_id": event_id, "level": "error", "platform": "python",
             "environment": "matrix", "exception": {"values": [
                 {"type": "ValueError", "value": version}]}}
    status, body = http(
        "%s/api/%d/store/" % (base, PROJECT), json.dumps(event).encode(),
        {"X-Sentry-Auth": "Sentry sentry_version=7, sentry_key=" + KEY})
    ok(status == 200 and event_id in body,
       "an event is accepted and its id is the answer",
       "%d %s" % (status, body))

    where = ("FROM errortracking.%%s WHERE project_id = %d" % PROJECT)
    ok(until(lambda: sql("SELECT count() " + where % "events") != "0"),
       "the event is in ClickHouse", log())
    got = sql("SELECT replaceAll(toString(event_id), '-', ''), type, value, "
              "environment, n " + where % "events")
    ok(got == "%s\tValueError\t%s\tmatrix\t1" % (event_id, version),
       "once, with its fields", got)

    # an INSERT writes to one view's table after the other's

    ok(until(lambda: sql("SELECT count() " + where % "errors") != "0"),
       "and in the table of its next view", log())
    got = sql("SELECT n, type " + where % "errors_list")
    ok(got == "1\tValueError", "its error is in the list of errors", got)

finally:
    if nginx.poll() is None:
        nginx.send_signal(signal.SIGQUIT)
    try:
        nginx.wait(30)
    except subprocess.TimeoutExpired:
        nginx.kill()
        nginx.wait()

ok(nginx.returncode == 0, "QUIT ends nginx in good order",
   "%s\n%s" % (nginx.returncode, log()))

bad = [line for line in log().splitlines() if et.ALARMING.search(line)]
ok(not bad, "no alerts in the error log", "\n".join(bad))

et.finish()
