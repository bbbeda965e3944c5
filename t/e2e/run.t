#!/usr/bin/env python3
"""
make run and make demo, as a person uses them: what they print, what the
printed lines do, what is said when something is in the way, and that Ctrl-C
ends all of it and loses nothing.

ClickHouse is make run's own here, on ports and in a folder of the test.
"""

import os
import pty
import re
import signal
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))

import et

# seconds; a first start installs and builds
READY = 400

DATA = os.path.join(et.DIR, "data")
PORT = int(os.environ.get("ET_PORT") or 0) or et.free_port()


def environment(**changes):
    """That of a person's shell, without what the tests set."""
    env = {name: text for name, text in os.environ.items()
           if not name.startswith(("CLICKHOUSE_", "MAKE", "MFLAGS", "ET_",
                                   "TEST_NGINX"))
           and name not in ("DSN", "PORT", "DATA_DIR", "BUILD")}
    # the one thing that tests on another nginx choose
    if os.environ.get("ET_NGINX"):
        env["ET_NGINX"] = os.environ["ET_NGINX"]
    env.update(PORT=str(PORT), CLICKHOUSE_HTTP_PORT=str(PORT + 1),
               CLICKHOUSE_TCP_PORT=str(PORT + 2), DATA_DIR=DATA)
    env.update({name: str(text) for name, text in changes.items()})
    return env


def make(target, **changes):
    """(output, status) of one that ends by itself."""
    return et.run(["make", target], cwd=et.TOP, env=environment(**changes),
                  timeout=READY)


class Run:
    """make run, in a process group of its own as a terminal gives it."""

    def __init__(self):
        self.output = ""
        self.ended = threading.Event()
        self.process = subprocess.Popen(
            ["make", "run"], cwd=et.TOP, env=environment(),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, universal_newlines=True,
            start_new_session=True,
            # a parent that ignores it would pass that on
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        """Until nobody holds the other end: no process of it is left."""
        for line in self.process.stdout:
            self.output += line
        self.ended.set()

    def ready(self):
        et.until(lambda: "Ctrl-C ends it." in self.output
                 or self.ended.is_set(), READY)
        return "Ctrl-C ends it." in self.output

    def interrupt(self):
        """
        What Ctrl-C does; whether all of it ended.  One that comes in the
        moment in which bash has waited for a command can be lost, whatever
        its trap is (bash 5.2: 9 of 1,353 in a loop of short commands); who
        sees nothing happen presses it again.
        """
        os.killpg(self.process.pid, signal.SIGINT)
        if not self.ended.wait(et.TIMEOUT / 2) \
                and "== ending" not in self.output:
            et.note("Ctrl-C was not seen, and is pressed again")
            os.killpg(self.process.pid, signal.SIGINT)
        return self.ended.wait(et.TIMEOUT) and et.until(
            lambda: self.process.poll() is not None)

    def printed(self, title):
        """The command that stands behind a title, as one would copy it."""
        match = re.search(r"^  %s {2,}(.*?)\n\n" % title, self.output,
                          re.M | re.S)
        return match.group(1) if match else "false  # nothing is printed"


def shell(command):
    """A printed command's output as one would see it, and its status."""
    done = subprocess.run(["bash", "-c", command], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          universal_newlines=True, timeout=et.TIMEOUT)
    return done.stdout or done.stderr, done.returncode


def users_of(folder):
    """The processes that have a file of the folder open, or run in it."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        base = "/proc/" + pid
        try:
            links = [base + "/cwd"] + [base + "/fd/" + fd
                                       for fd in os.listdir(base + "/fd")]
            for link in links:
                if os.readlink(link).startswith(folder + "/"):
                    with open(base + "/comm") as file:
                        found[int(pid)] = file.read().strip()
        except OSError:
            continue
    return found


def end(run, when):
    """Ctrl-C, and what has to be true after it."""
    used = set(users_of(DATA).values())
    et.ok("nginx" in used and len(used) >= 2,
          "%s: NGINX and ClickHouse run on DATA_DIR" % when, used)
    et.ok(run.interrupt(), "%s: Ctrl-C ends it" % when, run.output[-2000:])
    left = users_of(DATA)
    et.ok(not left, "%s: no process is left" % when, left)
    et.ok("== ending NGINX\n== ending ClickHouse\n== the data stays in %s\n"
          % DATA in run.output, "%s: it says what it ends, in order" % when,
          run.output[-1000:])
    for name in ("did not end", "killed"):
        et.ok(name not in run.output, "%s: nothing had to be forced (%s)"
              % (when, name), run.output[-1000:])


def refused(name, pattern, **changes):
    """A make run that cannot be, says why, and has changed nothing."""
    output, status = make("run", **changes)
    et.ok(status != 0 and re.search(pattern, output), name,
          "status %d, wanted %s\n%s" % (status, pattern, output))


def wait_for_query(command, text):
    """The output of a printed query, once it has the text."""
    shown = [("", 1)]

    def try_it():
        shown[0] = shell(command)
        return text in shown[0][0]
    et.until(try_it)
    return shown[0]


def first_run():
    output, status = make("demo")
    et.ok(status != 0 and 'is "make run" running' in output,
          "make demo without make run says what is missing", output)

    run = Run()
    if not et.ok(run.ready(), "make run comes up and says so",
                 run.output[-4000:]):
        run.interrupt()
        et.finish()

    et.ok(re.search(r"^  DSN +http://[0-9a-f]{32}@127\.0\.0\.1:%d/1$" % PORT,
                    run.output, re.M), "it prints a DSN", run.output)

    for title in ("send one", "read them", "sentry-cli"):
        et.ok(re.match(r"[^\n]*\S \\\n(?: +\S[^\n]* \\\n)* +\S[^\n]*$",
                       run.printed(title))
              and not re.search(r"\S {3}", run.printed(title)),
              "\"%s\" is broken into lines, and can be pasted" % title,
              run.printed(title))

    output, status = shell(run.printed("send one"))
    et.ok(status == 0 and re.match(r'\{"id": ?"[0-9a-f]{32}"\}', output),
          "the printed curl line sends an event", "%s\n%s"
          % (run.printed("send one"), output))

    output, status = wait_for_query(run.printed("see them"), "It works")
    et.ok(status == 0 and re.search(r"error.*It works", output),
          "the printed query shows it", "%s\n%s"
          % (run.printed("see them"), output))

    output, status = shell(run.printed("read them"))
    et.ok(status == 0 and '"title":' in output and "It works" in output,
          "the printed call of Sentry's API shows it", "%s\n%s"
          % (run.printed("read them"), output))

    output, status = shell(run.printed("read them").replace(
        "/organizations/o/issues/", "/projects/o/1/keys/"))
    dsn = run.printed("DSN").split("\n")[0]
    et.ok(status == 0 and '"%s"' % dsn in output,
          "and the project's key with the printed DSN", output)

    match = re.search(r"^  GitLab +address (http://\S+), token (\S+)$",
                      run.output, re.M)
    output, status = shell(
        "curl -s -H 'Gitlab-Error-Tracking-Token: %s' %s/projects/1/errors"
        % (match.group(2), match.group(1))) if match else ("", 1)
    et.ok(status == 0 and "It works" in output,
          "GitLab's address and token show it, too", output)

    for page, text in (("status", "Events: accepted 1"),
                       ("metrics", "errortracking_events_accepted_total"
                                   '{zone="errors"} 1\n')):
        match = re.search(r"^  %s +(http://\S+)$" % page, run.output, re.M)
        status, body = et.http(match.group(1)) if match else (0, "")
        et.ok(status == 200 and text in body,
              "the printed address of the %s works" % page, body)

    match = re.search(r"^  logs +(\S+)$", run.output, re.M)
    et.ok(match and os.path.exists(match.group(1)),
          "the printed log is there", run.output)
    return run


def in_the_way():
    taken = "is taken by another program"
    elsewhere = dict(DATA_DIR=os.path.join(et.DIR, "other"),
                     PORT=et.free_port(), CLICKHOUSE_HTTP_PORT=et.free_port(),
                     CLICKHOUSE_TCP_PORT=et.free_port())

    for number, name in enumerate(("PORT", "CLICKHOUSE_HTTP_PORT",
                                   "CLICKHOUSE_TCP_PORT")):
        refused("a taken %s is named, and what moves it" % name,
                r"port %d %s: %s moves it" % (PORT + number, taken, name),
                **dict(elsewhere, **{name: PORT + number}))

    refused("one that is no port is named",
            "port http is not a port: PORT moves it",
            **dict(elsewhere, PORT="http"))
    refused("equal ports are named", "must differ",
            **dict(elsewhere, CLICKHOUSE_TCP_PORT=elsewhere["PORT"]))
    refused("a second one on the same DATA_DIR is refused",
            "another make run uses %s" % re.escape(DATA),
            **dict(elsewhere, DATA_DIR=DATA))
    refused("a DATA_DIR that cannot be written is named",
            r"no right to write in /proc/none: DATA_DIR moves it",
            **dict(elsewhere, DATA_DIR="/proc/none"))
    refused("a CLICKHOUSE_URL that is none is named",
            'CLICKHOUSE_URL "nonsense" is not http://HOST:PORT',
            **dict(elsewhere, CLICKHOUSE_URL="nonsense"))


def demo(run):
    output, status = make("demo")
    et.ok(status == 0, "make demo sends errors", output)
    match = re.search(r"^(\d+) events sent to 127\.0\.0\.1:%d/1 and in "
                      r"ClickHouse after [0-9.]+ s$" % PORT, output, re.M)
    et.ok(match, "it says how many, and how long they took", output)
    sent = int(match.group(1)) if match else 0
    for pattern, name in (
            (r"^ +1 +error +PaymentDeclined +order 1207 not charged ",
             "it shows an error, its text and where it was"),
            (r"^ +5 +error +ValueError ",
             "one that came with other values each time is one error"),
            (r"^ +3 +warning +message +the nightly import took ",
             "and so is a message with other numbers"),
            (r"^ +1 +error +message +It works ", "what curl sent is there"),
            (r"^%d events, 6 errors$" % (sent + 1),
             "and counts them all")):
        et.ok(re.search(pattern, output, re.M), name, output)
    return sent + 1


def again(dsn, events):
    run = Run()
    et.ok(run.ready(), "after that, make run comes up again",
          run.output[-4000:])
    et.ok(dsn in run.output, "the DSN is the one that was given out", dsn)
    output, status = shell(run.printed("see them"))
    et.ok(status == 0 and "ValueError" in output,
          "the printed query shows what was sent before", output)
    output, status = shell("curl -sS 'http://127.0.0.1:%d/' --data-binary "
                           "'SELECT sum(n) FROM errortracking.events'"
                           % (PORT + 1))
    et.same(output.strip(), str(events), "nothing is lost, nothing is double")
    return run


def interrupted(moment):
    """Ctrl-C by someone who does not wait until it is up."""
    run = Run()
    et.until(lambda: moment in run.output or run.ended.is_set(), READY)
    et.ok(run.interrupt(), "Ctrl-C ends it at \"%s\"" % moment,
          run.output[-2000:])
    left = users_of(DATA)
    et.ok(not left, "and no process is left", "%s\n%s" % (left, run.output))


def hung_up():
    """A terminal that is closed: nothing more can be written to it."""
    terminal, end = pty.openpty()
    process = subprocess.Popen(["make", "run"], cwd=et.TOP, env=environment(),
                               stdin=subprocess.DEVNULL, stdout=end,
                               stderr=end, start_new_session=True,
                               # nohup, if that runs the tests, is not for it
                               preexec_fn=lambda: signal.signal(
                                   signal.SIGHUP, signal.SIG_DFL))
    os.close(end)
    output = b""
    try:
        while b"Ctrl-C ends it." not in output:
            output += os.read(terminal, 65536)
    except OSError:
        pass
    et.ok(b"Ctrl-C ends it." in output and users_of(DATA),
          "make run comes up in a terminal", output[-2000:])
    os.close(terminal)
    os.killpg(process.pid, signal.SIGHUP)
    et.ok(et.until(lambda: process.poll() is not None
                   and not users_of(DATA)),
          "a terminal that is closed ends all of it", users_of(DATA))


run = None
try:
    run = first_run()
    in_the_way()
    events = demo(run)
    end(run, "the first run")

    output, status = make("demo")
    et.ok(status != 0 and 'is "make run" running' in output,
          "make demo after Ctrl-C says what is missing", output)

    for moment in ("the module is built", "ClickHouse starts",
                   "NGINX starts"):
        interrupted(moment)

    hung_up()

    run = again(run.printed("DSN").split("\n")[0], events)
    end(run, "the second run")
finally:
    if run is not None and not run.ended.is_set():
        run.interrupt()

with open(os.path.join(DATA, "nginx", "error.log")) as file:
    alarming = [line for line in file if et.ALARMING.search(line)]
et.ok(not alarming, "no alerts in the error log", "".join(alarming))

et.finish()
