#!/usr/bin/env python3
"""
Rust's crate sentry: what a program reports with it is in ClickHouse, field by
field.
"""

import os
import re
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))

import et
import sdk

# and the oldest Rust that builds it
VERSION, RUST = "0.49.5", (1, 89)

# as little as what is used needs: no TLS, no debug information
MANIFEST = """
[package]
name = "send"
version = "0.1.0"
edition = "2021"

[[bin]]
name = "send"
path = "main.rs"

[dependencies]
serde_json = "1"
uuid = { version = "1", features = ["v4"] }
sentry = { version = "=%s", default-features = false, features = ["backtrace",
           "contexts", "logs", "panic", "release-health", "ureq"] }

[profile.dev]
debug = "line-tables-only"
incremental = false
""" % VERSION


def build():
    """The program, kept in build/ with cargo's."""
    path = os.path.join(et.BUILD, "e2e", "rust-" + VERSION)
    source = os.path.join(et.LIB, "rust", "main.rs")
    program = os.path.join(path, "target", "debug", "send")

    with et.locked(path + ".lock"):
        if os.path.exists(program) \
           and os.path.getmtime(program) > os.path.getmtime(source):
            return program
        os.makedirs(path, exist_ok=True)
        shutil.copy(source, path)
        with open(os.path.join(path, "Cargo.toml"), "w") as file:
            file.write(MANIFEST)
        output, status = et.run(["cargo", "build", "--quiet"], cwd=path,
                                env=dict(os.environ, SENTRY_VERSION=VERSION))
        if status != 0:
            et.bail_out("sentry %s was not built\n%s" % (VERSION, output))
    return program


output, status = et.run(["rustc", "--version"])
match = re.match(r"rustc (\d+)\.(\d+)", output)
if status != 0 or match is None or et.run(["cargo", "--version"])[1] != 0:
    et.skip_all("cargo is missing (package cargo)")
if (int(match.group(1)), int(match.group(2))) < RUST:
    et.skip_all("%s is too old, %d.%d is needed" % ((output.strip(),) + RUST))

program = build()
suite = sdk.Suite()

with suite.running(1):
    suite.check(sdk.Language(
        name="rust " + VERSION,
        command=[program],
        platform="native",
        sdk_name="sentry.rust",
        chain=(("PaymentDeclined", "order 1207 not charged"),
               "ConnectionRefused"),
        again="NotFound",
        other="NoWeight",
        # an error has no stack by default
        frame="PaymentDeclined",
        culprit=r"^$",
        traced=True,
        without=["dist"],
        # it logs an answer, but not its status
        logs_refusal=False,
        items=["attachment", "check_in", "client_report", "log", "session",
               "transaction"],
        encodings=["-"]))

et.finish()
