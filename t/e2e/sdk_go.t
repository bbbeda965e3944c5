#!/usr/bin/env python3
"""
Go's sentry-go, the newest that the installed Go builds and an older one: what
a program reports with it is in ClickHouse, field by field.
"""

import os
import re
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))

import et
import sdk

# the newest first: a version, and the oldest Go that builds it
VERSIONS = [("v0.50.0", (1, 25)), ("v0.35.3", (1, 22)), ("v0.27.0", (1, 19))]


def go_version():
    output, status = et.run(["go", "env", "GOVERSION"])
    match = re.match(r"go(\d+)\.(\d+)", output)
    if status != 0 or match is None:
        et.skip_all("go is missing (package golang-go)")
    return int(match.group(1)), int(match.group(2))


def build(version):
    """The program with that SDK, kept in build/ with Go's caches."""
    base = os.path.join(et.BUILD, "e2e")
    path = os.path.join(base, "go-" + version)
    sources = [os.path.join(et.LIB, "go", name)
               for name in os.listdir(os.path.join(et.LIB, "go"))]
    program = os.path.join(path, "send")
    env = dict(os.environ, GOMODCACHE=os.path.join(base, "go-mod"),
               GOCACHE=os.path.join(base, "go-build"), GOTOOLCHAIN="local",
               # else "make clean" could not remove them
               GOFLAGS="-modcacherw -buildvcs=false", GO111MODULE="on")

    with et.locked(path + ".lock"):
        if os.path.exists(program) \
           and os.path.getmtime(program) > max(map(os.path.getmtime,
                                                   sources)):
            return program

        shutil.rmtree(path, ignore_errors=True)
        os.makedirs(path)
        for source in sources:
            shutil.copy(source, path)
        for command in (
                ["go", "mod", "init", "send"],
                ["go", "mod", "edit",
                 "-require=github.com/getsentry/sentry-go@" + version],
                ["go", "mod", "tidy"],
                ["go", "build", "-tags",
                 "logs" if version == "v0.50.0" else "", "-o", program + ".new"]):
            output, status = et.run(command, cwd=path, env=env)
            if status != 0:
                et.bail_out("sentry-go %s was not built: %s\n%s"
                            % (version, " ".join(command), output))
        os.rename(program + ".new", program)
    return program


go = go_version()
fit = [version for version, oldest in VERSIONS if go >= oldest]
if not fit:
    et.skip_all("go %d.%d is too old" % go)

# the newest, and the oldest of them
programs = [(version, build(version))
            for version in sorted({fit[0], fit[-1]}, reverse=True)]
suite = sdk.Suite()

with suite.running(len(programs)):
    for version, program in programs:
        suite.check(sdk.Language(
            name="go " + version,
            command=[program],
            platform="go",
            sdk_name="sentry.go",
            chain=(("*main.PaymentDeclined", "order 1207 not charged"),
                   "*main.ConnectionRefused"),
            again="*main.NotFound",
            other="*errors.joinError" if go >= (1, 20) else "main.joined",
            frame="charge",
            culprit=r"\bweigh\b",
            # the old one has a trace only when tracing is on, and does not
            # log how it was answered
            traced=version != "v0.27.0",
            logs_refusal=version != "v0.27.0",
            # what was dropped is reported by newer ones, which have logs
            items=["attachment", "check_in", "transaction"]
            + (["client_report", "log"] if version == "v0.50.0" else []),
            encodings=["-"]))

et.finish()
