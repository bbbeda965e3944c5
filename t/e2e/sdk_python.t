#!/usr/bin/env python3
"""
Python's sentry-sdk, the newest and the last of the major before it: what a
program reports with it is in ClickHouse, field by field.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))

import et
import sdk

VERSIONS = ["2.75.0", "1.45.1"]


def install(version):
    """A venv with the SDK, kept in build/; its python."""
    path = os.path.join(et.BUILD, "e2e", "python-" + version)
    python = os.path.join(path, "bin", "python")
    done = os.path.join(path, "installed")

    with et.locked(path + ".lock"):
        if not os.path.exists(done):
            for command in (
                    [sys.executable, "-m", "venv", "--clear", path],
                    [python, "-m", "pip", "install", "--quiet",
                     "--disable-pip-version-check", "sentry-sdk==" + version]):
                output, status = et.run(command)
                if status != 0:
                    et.bail_out("sentry-sdk %s was not installed\n%s"
                                % (version, output))
            open(done, "w").close()
    return python


try:
    import ensurepip
    import venv
except ImportError as error:
    et.skip_all("Python has no venv (package python3-venv): %s" % error)

pythons = [(version, install(version)) for version in VERSIONS]
suite = sdk.Suite()

with suite.running(len(pythons)):
    for version, python in pythons:
        suite.check(sdk.Language(
            name="python " + version,
            command=[python, os.path.join(et.LIB, "send.py")],
            platform="python",
            sdk_name="sentry.python",
            chain=(("PaymentDeclined", "order 1207 not charged"),
                   "ConnectionRefusedError"),
            again="LookupError",
            other="KeyError",
            frame="charge",
            culprit=r"\bweigh\b",
            traced=True,
            items=["attachment", "check_in", "client_report", "session",
                   "transaction"]
            + (["log"] if version.startswith("2.") else []),
            encodings=["gzip"]))

et.finish()
