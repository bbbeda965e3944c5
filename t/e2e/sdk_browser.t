#!/usr/bin/env python3
"""
The browser's @sentry/browser in Chromium, the newest and an old major: what a
page of another origin reports with it is in ClickHouse, field by field; with
a preflight, through a tunnel, by the dialog that asks the user, and by
Chromium itself where the page's policy is violated.
"""

import json
import os
import shutil
import sys
import uuid

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

        location = /seen {
            alias "@DIR@/access.log";
        }

        location = /policy.html {
            root "@DIR@/page";
            add_header Content-Security-Policy "img-src data:; report-uri %s";
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
os.environ.setdefault("ET_PORT", str(et.free_port()))
port = int(os.environ["ET_PORT"]) + 1
tunnelled, policed = et.project(), et.project()
keys = {number: uuid.uuid4().hex for number in (tunnelled, policed)}
report_uri = ("http://127.0.0.1:%s/api/%d/security/?sentry_key=%s"
              "&sentry_environment=staging"
              % (os.environ.get("ET_PORT"), policed, keys[policed]))

with suite.running(len(scripts) + 1, more=keys,
                   http=SERVER % (port, tunnelled, report_uri)):
    folder = os.path.join(suite.nginx.dir, "page")
    os.makedirs(folder, exist_ok=True)

    def language(version, page=None, **options):
        script = "browser-" + version
        name = page or script
        with open(os.path.join(folder, name + ".html"), "w") as file:
            file.write(PAGE % script)
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
    key = keys[tunnelled]
    sent = suite.send(language(version, tunnel="/tunnel"), "hello",
                      suite.nginx.dsn(tunnelled, key))
    if sent is not None:
        et.same(list(sdk.stored(tunnelled, 1)), [sent["hello"]],
                "what is sent through a tunnel is stored")
    lines = suite.nginx.requests()[before:]
    et.ok(lines and all(status == "200" for status, line in lines),
          "a tunnel's requests are answered 200", lines)

    # the dialog: a script of ours, a form that a person fills in

    project, key = suite.new_project()
    sent = suite.send(language(version), "dialog",
                      suite.nginx.dsn(project, key))
    if sent is not None:
        wanted = sdk.SCOPE["feedback"]
        found = et.until(lambda: et.rows(
            "SELECT message, email, name, lower(replaceAll(toString("
            "associated_event_id), '-', '')) AS id FROM errortracking.feedback"
            " WHERE project_id = {project:UInt64}", project=project))
        et.same(found, [dict(wanted, id=sent["hello"])],
                "what is written into showReportDialog()'s form is stored "
                "with its event")

    # a policy's violation, of which Chromium tells by itself

    before = len(suite.nginx.requests())
    sent = suite.send(language(version, page="policy"), "policy",
                      suite.nginx.dsn(policed, keys[policed]))
    if sent is not None:
        event = next(iter(sdk.stored(policed, 1).values()), {})
        et.ok("img" in event.get("message", "")
              and event.get("environment") == "staging",
              "a Content-Security-Policy's violation is an event", event)
        et.ok("http://localhost:%d/forbidden.png" % port
              in event.get("payload", ""), "which names what was blocked",
              event)
    lines = [line for line in suite.nginx.requests()[before:]
             if "/security/" in line[1]]
    et.ok(lines and all(status == "200" for status, line in lines),
          "the report is answered 200", lines)

et.finish()
