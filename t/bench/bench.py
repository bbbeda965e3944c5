"""
What the bench's rows are measured with: the events and the client that are
built, NGINX with one worker, a ClickHouse, one round of load, and the table.

Each NGINX is one worker on processor WORKER; the client (load.c) is on
processor LOAD; ClickHouse is on whatever is left of all.  CPU is the kernel's
count of the worker's time in nanoseconds (schedstat), or else its user and
system time, divided by the requests.  Memory is the worker's anonymous
memory, without what is shared.

Needs ET_NGINX, ET_MODULE, ET_BUILD.
"""

import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.request

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BUILD = os.environ.get("ET_BUILD", TOP + "/build")
DIR = BUILD + "/bench"
MODULE = os.environ.get("ET_MODULE",
                        BUILD + "/ngx_http_errortracking_module.so")
NGINX = shutil.which(os.environ.get("ET_NGINX", "nginx"),
                     path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")

# as the module is built: see Makefile
CORE_CFLAGS = os.environ.get("CORE_CFLAGS", "").split()
CORE_LIBS = (os.environ.get("CORE_LIBS")
             or "-lcjson -lssl -lcrypto -lz -lm").split()

CPUS = sorted(os.sched_getaffinity(0))
WORKER = CPUS[0]
LOAD = CPUS[-1]

KEY = "0" * 32
CONNECTIONS = 16

TICK = os.sysconf("SC_CLK_TCK")


def fail(why):
    sys.exit("bench: " + why)


def say(text):
    print(text, file=sys.stderr, flush=True)


# What is built: the events, the client, the core's program.

def newer(target, *sources):
    return not os.path.exists(target) or any(
        os.path.getmtime(s) > os.path.getmtime(target) for s in sources)


def build():
    here = TOP + "/t/bench"
    core = TOP + "/src/core"
    cc = [os.environ.get("CC") or "gcc", "-std=gnu11", "-O2", "-g", "-Wall",
          "-Wextra", "-Werror"]
    os.makedirs(DIR, exist_ok=True)

    if newer(DIR + "/large.bin", here + "/gen.py"):
        subprocess.run([sys.executable, here + "/gen.py", DIR], check=True,
                       stdout=sys.stderr)

    if newer(DIR + "/load", here + "/load.c"):
        subprocess.run(cc + ["-o", DIR + "/load", here + "/load.c"],
                       check=True)

    files = [core + "/" + f for f in sorted(os.listdir(core))]
    if newer(DIR + "/core", here + "/core.c", *files):
        subprocess.run(cc + CORE_CFLAGS + ["-I" + core, "-o", DIR + "/core",
                             here + "/core.c"]
                       + [f for f in files if f.endswith(".c")]
                       + CORE_LIBS, check=True)


def ports(n):
    held = [socket.socket() for _ in range(n)]
    for s in held:
        s.bind(("127.0.0.1", 0))
    found = [s.getsockname()[1] for s in held]
    for s in held:
        s.close()
    return found


def http(url, data=None):
    with urllib.request.urlopen(url, data, timeout=60) as answer:
        return answer.read().decode()


# One NGINX with one worker.

HTTP = """
error_log "%(dir)s/error.log" warn;
pid "%(dir)s/nginx.pid";
worker_processes 1;
events { worker_connections 1024; }
http {
    access_log off;
    client_header_buffer_size 16k;
    keepalive_requests 100000000;
    default_type application/json;
    client_body_temp_path "%(dir)s/body";
    proxy_temp_path "%(dir)s/proxy";
    fastcgi_temp_path "%(dir)s/fastcgi";
    uwsgi_temp_path "%(dir)s/uwsgi";
    scgi_temp_path "%(dir)s/scgi";
%(http)s
}
"""

# the same body as the module's
BARE = """
    server {
        listen 127.0.0.1:%(port)d;
        location / { return 200 '{"id":"00000000000000000000000000000000"}'; }
    }
"""

FULL = """
    errortracking_zone errors %(zone)s;
    upstream clickhouse { server 127.0.0.1:%(clickhouse)d; keepalive 16; }
    server {
        listen 127.0.0.1:%(port)d;
        location / {
            errortracking_ingest zone=errors;
            errortracking_keys "%(dir)s/keys";
            errortracking_storm off;
            errortracking_limit project=1000000r/s;
            errortracking_limit key=1000000r/s;
        }
        location = /metrics { errortracking_status prometheus; }
        location = /clickhouse {
            internal;
            errortracking_flush zone=errors%(flush)s;
            proxy_pass http://clickhouse/;
            include "%(top)s/conf/errortracking_clickhouse.conf";
        }
    }
"""


class Nginx:
    def __init__(self, name, template, port, **parameters):
        self.dir = DIR + "/" + name
        self.port = port
        shutil.rmtree(self.dir, ignore_errors=True)
        os.makedirs(self.dir)
        with open(self.dir + "/keys", "w") as f:
            f.write("1 %s\n" % KEY)
        parameters.update(dir=self.dir, port=port, top=TOP)
        conf = HTTP % {"dir": self.dir, "http": template % parameters}
        if template is not BARE and MODULE:
            conf = 'load_module "%s";\n' % MODULE + conf
        if os.getuid() == 0:
            conf = "user root;\n" + conf
        with open(self.dir + "/nginx.conf", "w") as f:
            f.write(conf)
        self.process = subprocess.Popen([
            "taskset", "-c", str(WORKER), NGINX, "-p", self.dir,
            "-c", self.dir + "/nginx.conf", "-e", self.dir + "/error.log",
            "-g", "daemon off;"])
        self.worker = self.find_worker()

    def find_worker(self):
        end = time.time() + 20
        while time.time() < end:
            if self.process.poll() is not None:
                with open(self.dir + "/error.log") as f:
                    fail("nginx ended:\n" + f.read())
            path = "/proc/%d/task/%d/children" % ((self.process.pid,) * 2)
            with open(path) as f:
                children = f.read().split()
            if children:
                try:
                    socket.create_connection(("127.0.0.1", self.port)).close()
                    return int(children[0])
                except OSError:
                    pass
            time.sleep(0.05)
        fail("nginx does not start; see %s/error.log" % self.dir)

    def cpu(self):
        """Microseconds of the worker so far."""
        try:
            with open("/proc/%d/schedstat" % self.worker) as f:
                return int(f.read().split()[0]) / 1e3
        except OSError:
            return cpu_ticks(self.worker)

    def memory(self):
        with open("/proc/%d/status" % self.worker) as f:
            return int(re.search(r"RssAnon:\s*(\d+)", f.read()).group(1))

    def metric(self, name):
        text = http("http://127.0.0.1:%d/metrics" % self.port)
        return sum(float(v) for v in re.findall(
            r"^%s(?:\{.*\})? (\S+)$" % name, text, re.M))

    def unsent(self):
        return (self.metric("errortracking_events_accepted_total")
                - self.metric("errortracking_rows_sent_total"))

    def drain(self, seconds=120):
        end = time.time() + seconds
        while self.unsent() != 0:
            if time.time() > end:
                fail("events are left in the zone; see %s/error.log"
                     % self.dir)
            time.sleep(0.02)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(60)


def cpu_ticks(pid):
    """Microseconds, of all threads."""
    with open("/proc/%d/stat" % pid) as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1e6 / TICK


# A ClickHouse with the schema, which can be away for a while.

class ClickHouse:
    SCRIPT = TOP + "/src/tools/clickhouse.sh"

    def __init__(self):
        self.data = DIR + "/clickhouse"
        self.port, tcp_port = ports(2)
        self.url = "http://127.0.0.1:%d" % self.port
        self.environ = dict(os.environ, DATA_DIR=self.data, BUILD=BUILD,
                            CLICKHOUSE_URL="",
                            CLICKHOUSE_HTTP_PORT=str(self.port),
                            CLICKHOUSE_TCP_PORT=str(tcp_port))
        self.stop()
        shutil.rmtree(self.data, ignore_errors=True)

    def __enter__(self):
        self.start()
        subprocess.run([TOP + "/src/tools/schema.sh"], check=True,
                       env=dict(self.environ, CLICKHOUSE_URL=self.url),
                       stdout=subprocess.DEVNULL)
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.data, ignore_errors=True)

    def start(self):
        subprocess.run([self.SCRIPT, "start"], env=self.environ, check=True,
                       stdout=sys.stderr)
        with open(self.data + "/clickhouse.pid") as f:
            self.pid = int(f.read())

    def stop(self):
        subprocess.run([self.SCRIPT, "stop"], env=self.environ, check=False)

    def ask(self, query):
        return http(self.url + "/", query.encode())


# One round of load.

class Load:
    """The client at work.  With a ledger (a list), what is answered 200 is
    added up in it by event."""

    def __init__(self, nginx, kind, count, rate=0, spin=False, ledger=None,
                 clickhouse=None):
        self.nginx = nginx
        self.ledger = ledger
        self.clickhouse = clickhouse
        self.before = nginx.cpu()
        self.total, self.busy, self.own = self.processors()
        self.process = subprocess.Popen(
            ["taskset", "-c", str(LOAD), DIR + "/load", str(nginx.port),
             "%s/%s.bin" % (DIR, kind), str(count), str(rate),
             str(CONNECTIONS)] + ["spin"] * spin
            + ["ledger=%s/ledger" % nginx.dir] * (ledger is not None),
            stdout=subprocess.PIPE, universal_newlines=True)

    def end(self, stop=False):
        """Waits for the end, which stop brings about.  Then: requests/s, CPU
        of the worker, latencies, the client's CPU, answers by status, and the
        part of the processors that went to others than these servers."""
        if stop:
            self.process.terminate()
        out = self.process.communicate()[0]
        cpu = self.nginx.cpu() - self.before
        if self.process.returncode != 0:
            fail("the client failed; see %s/error.log" % self.nginx.dir)
        fields = out.split()
        (self.seconds, self.rate, self.p50, self.p99, self.longest,
         self.client) = map(float, fields[:6])
        self.statuses = {int(s): int(n) for s, n in
                         (f.split(":") for f in fields[6:])}
        self.count = sum(self.statuses.values())
        self.kept = self.statuses.get(200, 0)
        self.cpu = cpu / self.count
        total, busy, own = self.processors()
        self.others = max(0, (busy - self.busy - own + self.own)
                          / (total - self.total))
        if self.ledger is not None:
            with open(self.nginx.dir + "/ledger") as f:
                for i, line in enumerate(f):
                    self.ledger[i] += int(line)
        return self

    def processors(self):
        """Seconds so far: of all processors, of them busy, and busy with
        what is measured here."""
        with open("/proc/stat") as f:
            fields = [int(x) / TICK for x in f.readline().split()[1:9]]
        own = sum(os.times()[:4]) + cpu_ticks(self.nginx.worker) / 1e6
        if self.clickhouse is not None:
            own += cpu_ticks(self.clickhouse.pid) / 1e6
        return sum(fields), sum(fields) - fields[3] - fields[4], own

    def all_kept(self):
        if self.kept != self.count:
            fail("answers were not all 200: %s; see %s/error.log"
                 % (self.statuses, self.nginx.dir))
        return self


def run_load(*args, **kwargs):
    """One round, in which everything is accepted."""
    return Load(*args, **kwargs).end().all_kept()


def median(results, field):
    return statistics.median(getattr(r, field) for r in results)


# The table.

rows = []
goals = []


def row(kind, what, rate=None, cpu=None, p50=None, p99=None, memory=None,
        more=""):
    def cell(value, form):
        return "-" if value is None else form % value

    rows.append((kind, what, cell(rate, "%.0f"), cell(cpu, "%.1f"),
                 cell(p50, "%.2f"), cell(p99, "%.2f"),
                 cell(memory, "%.1f"), more))


def goal(text, value, form, met):
    goals.append("%-58s %12s   %s" % (text, form % value,
                                      "met" if met else "NOT MET"))


def print_table():
    head = ("", "", "requests/s", "CPU us/event", "p50 ms", "p99 ms",
            "memory MiB", "")
    table = [head] + rows
    widths = [max(len(r[i]) for r in table) for i in range(len(head))]
    for r in table:
        print("  ".join(cell.ljust(widths[i]) if i in (0, 1, 7)
                        else cell.rjust(widths[i])
                        for i, cell in enumerate(r)).rstrip())
    print()
    for line in goals:
        print(line)


def alarms(nginx):
    with open(nginx.dir + "/error.log", errors="replace") as f:
        bad = re.findall(r"^.*\[(?:alert|crit|emerg)\].*$", f.read(), re.M)
    if bad:
        fail("nginx's log has:\n" + "\n".join(bad[:5]))
