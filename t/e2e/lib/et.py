"""
What the end-to-end tests share: TAP, waiting for a condition, HTTP, SQL, and
an NGINX with the module, two workers and a zone and keys of its own.

A test needs CLICKHOUSE_URL (CLICKHOUSE_USER, CLICKHOUSE_PASSWORD) of a
ClickHouse with the schema, and finds nginx and the module by ET_NGINX and
ET_MODULE (empty: built in).  It works in projects of its own, with random
numbers, so that tests run side by side on one ClickHouse.
"""

import contextlib
import fcntl
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

LIB = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(os.path.dirname(LIB)))
BUILD = os.environ.get("ET_BUILD") or os.path.join(TOP, "build")
CLICKHOUSE = os.environ.get("CLICKHOUSE_URL", "http://127.0.0.1:8123")
MODULE = os.environ.get(
    "ET_MODULE", os.path.join(BUILD, "ngx_http_errortracking_module.so"))
DIR = os.environ.get("ET_DIR") or tempfile.mkdtemp(prefix="et-")

# seconds; nothing takes nearly as long on an idle machine
TIMEOUT = 60

# what no error log of a test may have
ALARMING = re.compile(r"\[(alert|crit|emerg)\]|Sanitizer|runtime error")

# everything is on this machine, whatever proxy it has
urllib.request.install_opener(urllib.request.build_opener(
    urllib.request.ProxyHandler({})))


# TAP

count = 0
failed = 0


def ok(condition, name, why=""):
    """
    One test; the name is the sentence that it proves.  Why it failed goes to
    stderr, as prove shows nothing else of a test.
    """
    global count, failed
    count += 1
    print("%sok %d - %s" % ("" if condition else "not ", count, name))
    sys.stdout.flush()
    if not condition:
        failed += 1
        for line in ["failed: %s" % name] + str(why).splitlines():
            print("# " + line, file=sys.stderr)
    return bool(condition)


def same(got, expected, name):
    return ok(got == expected, name,
              "got:      %r\nexpected: %r" % (got, expected))


def note(text):
    for line in str(text).splitlines():
        print("# " + line)
    sys.stdout.flush()


def skip_all(why):
    print("1..0 # skip " + why)
    sys.exit(0)


def bail_out(why):
    """
    Ends this test, as failed, for what it needs and does not find; the others
    go on (TAP's own "Bail out!" would end them all).
    """
    lines = str(why).splitlines() or [""]
    ok(False, "what the test needs is there", "\n".join(lines))
    finish()


def finish():
    print("1..%d" % count)
    sys.exit(1 if failed else 0)


# Waiting

def until(condition, seconds=TIMEOUT):
    """The condition's first true value, or its last."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > deadline:
            return value
        time.sleep(0.05)


@contextlib.contextmanager
def locked(path):
    """One process at a time; the lock goes with whoever holds it."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def free_port():
    """Below those that the kernel gives to outgoing connections, one of
    which could take it while the server that has it is started again."""
    while True:
        port = random.randrange(12000, 32000)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass


# HTTP and SQL

def http(url, data=None, headers=()):
    """(status, body); status 0 where nothing answers."""
    try:
        with urllib.request.urlopen(urllib.request.Request(
                url, data, dict(headers)), timeout=TIMEOUT) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")
    except OSError as error:
        return 0, str(error)


def rows(query, **parameters):
    """ClickHouse's answer, a dictionary a row."""
    headers = {"X-ClickHouse-" + header: os.environ[name]
               for header, name in (("User", "CLICKHOUSE_USER"),
                                    ("Key", "CLICKHOUSE_PASSWORD"))
               if os.environ.get(name)}
    values = {"param_" + name: value for name, value in parameters.items()}
    values["output_format_json_quote_64bit_integers"] = 0
    status, body = http(
        CLICKHOUSE + "/?" + urllib.parse.urlencode(values),
        (query + " FORMAT JSONEachRow").encode(), headers)
    if status != 200:
        bail_out("ClickHouse: %d %s\n%s" % (status, body, query))
    return [json.loads(line) for line in body.splitlines()]


def value(query, **parameters):
    """The first column of the first row."""
    return next(iter(rows(query, **parameters)[0].values()))


# NGINX

class Nginx:
    """
    Runs as a context: it answers when the block begins; when the block ends
    it is told to quit, and what it leaves behind is tested.
    """

    def __init__(self, keys, clickhouse=None, zone="64m", http="",
                 flush="interval=100ms", proxy_pass="http://clickhouse/",
                 server=""):
        """
        keys: (project, key) pairs; clickhouse: host:port in place of the
        ClickHouse's own; http, server: further directives; flush: parameters
        of errortracking_flush.
        """
        self.values = {"ZONE": zone, "HTTP": http, "FLUSH": flush,
                       "PROXY_PASS": proxy_pass, "SERVER": server}
        if clickhouse:
            self.values["CLICKHOUSE"] = clickhouse
        self.dir = os.path.join(DIR, "nginx")
        self.port = int(os.environ.get("ET_PORT") or free_port())
        self.url = "http://127.0.0.1:%d" % self.port
        self.binary = os.environ.get("ET_NGINX") or shutil.which(
            "nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        self.process = None
        self.expected = None  # a pattern of alarming lines that a test causes
        os.makedirs(self.dir, exist_ok=True)
        self.configure(keys)

    def configure(self, keys):
        url = urllib.parse.urlsplit(CLICKHOUSE)
        user = "".join('proxy_set_header X-ClickHouse-%s "%s";'
                       % (header, os.environ[name])
                       for header, name in (("User", "CLICKHOUSE_USER"),
                                            ("Key", "CLICKHOUSE_PASSWORD"))
                       if os.environ.get(name))
        values = {
            "LOAD_MODULE": 'load_module "%s";' % MODULE if MODULE else "",
            # workers keep this process's user, whose the folder is
            "USER": "user root;" if os.getuid() == 0 else "",
            "DIR": self.dir,
            "TOP": TOP,
            "PORT": str(self.port),
            "CLICKHOUSE": "%s:%d" % (url.hostname, url.port or 8123),
            "CLICKHOUSE_USER": user,
        }
        values.update(self.values)
        for name in ("HTTP", "SERVER"):
            values[name] = values[name].replace("@DIR@", self.dir) \
                .replace("@CLICKHOUSE_USER@", user)
        with open(os.path.join(LIB, "nginx.conf")) as file:
            text = re.sub("@([A-Z_]+)@", lambda m: values[m.group(1)],
                          file.read())
        with open(os.path.join(self.dir, "nginx.conf"), "w") as file:
            file.write(text)
        with open(os.path.join(self.dir, "errortracking.keys"), "w") as file:
            file.writelines("%d %s\n" % pair for pair in keys)

    def dsn(self, project, key, prefix=""):
        return "http://%s@127.0.0.1:%d%s/%d" % (key, self.port, prefix,
                                               project)

    def read(self, name):
        try:
            with open(os.path.join(self.dir, name), errors="replace") as f:
                return f.read()
        except OSError as error:
            return str(error)

    def requests(self):
        """A (status, line) pair for each request but those for status."""
        return [(line.split(" ", 1)[0], line)
                for line in self.read("access.log").splitlines()]

    def metrics(self):
        """What /metrics says now: {'name{labels}': number}."""
        status, body = http(self.url + "/metrics")
        if status != 200:
            return {}
        return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
                for line in body.splitlines() if not line.startswith("#")}

    def __enter__(self):
        try:
            # a process group of its own, by which all of it is found again
            self.process = subprocess.Popen(
                [self.binary, "-p", self.dir,
                 "-c", os.path.join(self.dir, "nginx.conf"),
                 "-e", os.path.join(self.dir, "error.log")],
                start_new_session=True)
        except (OSError, TypeError) as error:
            bail_out("nginx cannot be run: %s" % error)

        until(lambda: http(self.url + "/status")[0] == 200
              or self.process.poll() is not None)
        if self.process.poll() is not None \
           or http(self.url + "/status")[0] != 200:
            self.kill()
            bail_out("nginx does not start\n" + self.read("error.log"))
        return self

    def running(self):
        try:
            os.killpg(self.process.pid, 0)
            return True
        except ProcessLookupError:
            return False

    def kill(self):
        if self.running():
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def __exit__(self, kind, error, trace):
        self.process.send_signal(signal.SIGQUIT)
        until(lambda: self.process.poll() is not None)
        gone = until(lambda: not self.running())
        self.kill()

        if kind is not None:
            return

        ok(self.process.returncode == 0 and gone,
           "QUIT ends nginx in good order, and no process of it is left",
           "status %s\n%s" % (self.process.returncode,
                              self.read("error.log")[-2000:]))
        alarming = [line for line in self.read("error.log").splitlines()
                    if ALARMING.search(line)
                    and not (self.expected and self.expected.search(line))]
        ok(not alarming, "no alerts in the error log", "\n".join(alarming))


def project():
    """A project's number that no other test has."""
    return random.randrange(10 ** 9, 2 ** 53)


def run(command, **options):
    """A command's output, errors included, and its status."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT,
                              universal_newlines=True, **options)
        return done.stdout, done.returncode
    except OSError as error:
        return str(error), 127
