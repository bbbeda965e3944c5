#!/usr/bin/env python3
"""
Node's @sentry/node, the newest that runs on the installed Node and two older
majors: what a program reports with it is in ClickHouse, field by field.
"""

import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))

import et
import sdk

# the newest first: a version, and the oldest Node that it runs on
NEWEST = [("11.12.0", (20, 19)), ("10.78.0", (18, 0))]
OLD = ["8.55.0", "7.120.4"]


def node_version():
    output, status = et.run(["node", "--version"])
    match = re.match(r"v(\d+)\.(\d+)", output)
    if status != 0 or match is None:
        et.skip_all("node is missing (package nodejs)")
    return int(match.group(1)), int(match.group(2))


def install(version):
    """The SDK's node_modules, kept in build/."""
    path = os.path.join(et.BUILD, "e2e", "node-" + version)
    done = os.path.join(path, "installed")

    with et.locked(path + ".lock"):
        if not os.path.exists(done):
            os.makedirs(path, exist_ok=True)
            output, status = et.run(
                ["npm", "install", "--no-save", "--no-package-lock",
                 "--no-audit", "--no-fund", "--ignore-scripts",
                 "--loglevel=error", "--prefix", path,
                 "@sentry/node@" + version])
            if status != 0:
                et.bail_out("@sentry/node %s was not installed\n%s"
                            % (version, output))
            open(done, "w").close()
    return os.path.join(path, "node_modules")


node = node_version()
if et.run(["npm", "--version"])[1] != 0:
    et.skip_all("npm is missing (package npm)")

versions = [v for v, oldest in NEWEST if node >= oldest][:1] + OLD
modules = [(version, install(version)) for version in versions]
suite = sdk.Suite()

with suite.running(len(modules)):
    for version, path in modules:
        suite.check(sdk.Language(
            name="node " + version,
            command=["node", os.path.join(et.LIB, "send.js")],
            env={"NODE_PATH": path},
            platform="node",
            sdk_name="sentry.javascript.node",
            chain=(("PaymentDeclined", "order 1207 not charged"),
                   "ConnectionRefusedError"),
            again="RangeError",
            other="TypeError",
            frame="charge",
            culprit=r"\bweigh\b",
            traced=True,
            message_is_exception=version.startswith("11."),
            # feedback came with 8, logs and reports of what is dropped later
            items=["attachment", "check_in", "session", "transaction"]
            + ([] if version.startswith("7.")
               else ["client_report", "feedback"])
            + (["log"] if version.startswith(("10.", "11.")) else []),
            encodings=["-", "gzip"]))

et.finish()
