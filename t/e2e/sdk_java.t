#!/usr/bin/env python3
"""
Java's io.sentry:sentry: what a program reports with it is in ClickHouse, field
by field.
"""

import glob
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))

import et
import sdk

VERSION = "8.62.0"


def build():
    """The folder of the program and the SDK, kept in build/."""
    path = os.path.join(et.BUILD, "e2e", "java-" + VERSION)
    source = os.path.join(et.LIB, "java", "Send.java")
    program = os.path.join(path, "Send.class")

    with et.locked(path + ".lock"):
        if os.path.exists(program) \
           and os.path.getmtime(program) > os.path.getmtime(source):
            return path
        os.makedirs(path, exist_ok=True)
        jar = os.path.join(path, "sentry-%s.jar" % VERSION)
        for command in (
                [] if os.path.exists(jar) else
                ["mvn", "-q", "-B",
                 "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy",
                 "-Dartifact=io.sentry:sentry:" + VERSION,
                 "-DoutputDirectory=" + path],
                ["javac", "-encoding", "UTF-8", "-d", path, "-cp", jar,
                 source]):
            output, status = et.run(command) if command else ("", 0)
            if status != 0:
                et.bail_out("io.sentry:sentry %s was not built: %s\n%s"
                            % (VERSION, " ".join(command), output))
    return path


for command, package in (("javac", "default-jdk-headless"),
                         ("mvn", "maven")):
    if et.run([command, "--version"])[1] != 0:
        et.skip_all("%s is missing (package %s)" % (command, package))

path = build()
suite = sdk.Suite()

with suite.running(1):
    suite.check(sdk.Language(
        name="java " + VERSION,
        command=["java", "-cp", ":".join([path] + glob.glob(path + "/*.jar")),
                 "Send"],
        platform="java",
        sdk_name="sentry.java",
        chain=(("Send$PaymentDeclined", "order 1207 not charged"),
               "ConnectException"),
        again="Send$NotFound",
        other="NullPointerException",
        frame="charge",
        culprit=r"\bweigh\b",
        traced=True,
        items=["attachment", "check_in", "client_report", "feedback", "log",
               "session", "transaction"],
        encodings=["gzip"]))

et.finish()
