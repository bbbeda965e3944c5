#!/usr/bin/env python3
"""
The browser's @sentry/browser in Chromium, the newest and an old major: what a
page of another origin reports with it is in ClickHouse, field by field; with
a preflight, and through a tunnel, too.
"""

import json
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))

import et
import sdk

VERSIONS = ["11.12.0", "7.120.4"]
ESBUILD = "0.28.2"

PAGE = """<!doctype html>
<meta charset="utf-8">
<link rel="icon" href="data:,">
<title>shop</title>
<script src="et.js"></script>
<script src="%s.js"></script>
"""

SERVER = """
    log_format page '$request_uri';

    server {
        listen 127.0.0.1:%d;
        access_log "@DIR@/page.log" page;

        location / {
            root "@DIR@/page";
            add_header Cache-Control no-store;
        }

        location /done {
            return 204;
        }

        # as a page's own server forwards to the tracker's
        location = /tunnel {
            errortracking_ingest zone=errors;
            errortracking_keys "@DIR@/errortracking.keys";
            access_log "@DIR@/access.log" sent;
            rewrite ^ /api/%d/envelope/ break;
        }
    }
"""


def bundle(version):
    """The page's script with the SDK in it, kept in build/."""
    path = os.path.join(et.BUILD, "e2e", "browser-" + version)
    source = os.path.join(et.LIB, "browser", "send.js")
    out = os.path.join(path, "out.js")

    with et.locked(path + ".lock"):
        if os.path.exists(out) \
           and os.path.getmtime(out) > os.path.getmtime(source):
            return out
        os.makedirs(path, exist_ok=True)
        shutil.copy(source, path)
        for command in (
                ["npm", "install", "--no-save", "--no-package-lock",
                 "--no-audit", "--no-fund", "--ignore-scripts",
                 "--loglevel=error", "--prefix", path,
                 "@sentry/browser@" + version, "esbuild@" + ESBUILD],
                [os.path.join(path, "node_modules", ".bin", "esbuild"),
                 "--bundle", "--log-level=warning", "--outfile=out.js",
                 "send.js"]):
            output, status = et.run(command, cwd=path)
            if status != 0:
                et.bail_out("@sentry/browser %s was not bundled\n%s"
                            % (version, output))
    return out


chromium = shutil.which("chromium")
if chromium is None:
    et.skip_all("chromium is missing (package chromium)")
if et.run(["npm", "--version"])[1] != 0:
    et.skip_all("npm is missing (package npm)")

scripts = [(version, bundle(version)) for version in VERSIONS]
suite = sdk.Suite()
port = int(os.environ["ET_PORT"]) + 1 if os.environ.get("ET_PORT") \
    else et.free_port()
tunnelled = et.project()

with suite.running(len(scripts) + 1, more=[tunnelled],
                   http=SERVER % (port, tunnelled)):
    folder = os.path.join(suite.nginx.dir, "page")
    os.makedirs(folder, exist_ok=True)

    def language(version, **options):
        name = "browser-" + version
        with open(os.path.join(folder, name + ".html"), "w") as file:
            file.write(PAGE % name)
        return sdk.Language(
            name="browser " + version,
            command=[sys.executable, os.path.join(et.LIB, "browser.py")],
            env={"ET_BROWSER": json.dumps({
                "chromium": chromium, "folder": folder, "options": options,
                # localhost is another origin than the DSN's 127.0.0.1
                "url": "http://localhost:%d/%s.html" % (port, name),
                "log": os.path.join(suite.nginx.dir, "page.log")})},
            platform="javascript",
            sdk_name="sentry.javascript.browser",
            chain=(("PaymentDeclined", "order 1207 not charged"),
                   "ConnectionRefusedError"),
            again="RangeError",
            other="TypeError",
            frame="charge",
            culprit=r"\bweigh\b",
            traced=True,
            without=["server_name"],
            message_is_exception=version.startswith("11."),
            items=["attachment", "client_report", "feedback", "session",
                   "transaction"]
            + ([] if version.startswith("7.") else ["log"]),
            encodings=["-"])

    for version, script in scripts:
        shutil.copy(script, os.path.join(folder,
                                         "browser-%s.js" % version))
        suite.check(language(version))

    # a header that is none of the simple ones is asked for first

    version = VERSIONS[0]
    before = len(suite.nginx.requests())
    project, key = suite.new_project()
    sent = suite.send(language(version, transportOptions={
        "headers": {"X-Requested-With": "shop"}}), "hello",
        suite.nginx.dsn(project, key))
    if sent is not None:
        et.same(list(sdk.stored(project, 1)), [sent["hello"]],
                "what is sent after a preflight is stored")
    lines = suite.nginx.requests()[before:]
    et.ok(any(" OPTIONS " in line for status, line in lines),
          "Chromium asks with OPTIONS first", lines)
    et.ok(all(status in ("200", "204") for status, line in lines),
          "a preflight and what follows are answered 200 or 204", lines)

    # a tunnel: the page's own origin, and the key in the envelope alone

    before = len(suite.nginx.requests())
    key = suite.projects[tunnelled]
    sent = suite.send(language(version, tunnel="/tunnel"), "hello",
                      suite.nginx.dsn(tunnelled, key))
    if sent is not None:
        et.same(list(sdk.stored(tunnelled, 1)), [sent["hello"]],
                "what is sent through a tunnel is stored")
    lines = suite.nginx.requests()[before:]
    et.ok(lines and all(status == "200" for status, line in lines),
          "a tunnel's requests are answered 200", lines)

et.finish()
