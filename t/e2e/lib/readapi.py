"""
A server with both read APIs and something of everything to read: errors,
messages, tags, releases, sessions, check-ins, a file, feedback.

    with readapi.Server() as server:
        status, headers, body = server.call("GET", "/api/0/projects/")
        server.known["issue"]     # what paths and parameters are filled with
"""

import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

import et

KEY = "0123456789abcdef0123456789abcdef"
GITLAB_TOKEN = "a token of GitLab's backend"
SENTRY_TOKEN = "sntrys_a-token-that-opens-everything"
GITLAB = "/errortracking/api/v1"

LOCATIONS = """
    server {
        listen 127.0.0.1:%(port)d;

        location %(gitlab)s/ {
            errortracking_api gitlab;
            errortracking_token "%(gitlab_token)s";
            errortracking_query /query;
            errortracking_api_timeout 30s;
        }

        location /api/0/ {
            errortracking_api sentry;
            errortracking_tokens "@DIR@/tokens";
            errortracking_keys "@DIR@/errortracking.keys";
            errortracking_query /query;
            errortracking_api_timeout 30s;
        }

        location = /query {
            internal;
            proxy_pass http://clickhouse/;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            %(user)s
        }
    }
"""


class Server:

    def __init__(self):
        self.project, self.expendable = et.project(), et.project()
        self.organization = "org-%d" % self.project
        self.port = int(os.environ["ET_PORT"]) + 1 \
            if os.environ.get("ET_PORT") else et.free_port()
        user = "".join('proxy_set_header X-ClickHouse-%s "%s";'
                       % (header, os.environ[name])
                       for header, name in (("User", "CLICKHOUSE_USER"),
                                            ("Key", "CLICKHOUSE_PASSWORD"))
                       if os.environ.get(name))
        self.nginx = et.Nginx(
            [(self.project, KEY), (self.expendable, KEY)],
            http=LOCATIONS % {"port": self.port, "gitlab": GITLAB, "user": user,
                              "gitlab_token": GITLAB_TOKEN})
        with open(os.path.join(self.nginx.dir, "tokens"), "w") as file:
            file.write("%s * %d,%d name=robot\n" % (
                SENTRY_TOKEN, self.project, self.expendable))
        self.known = {}
        # releases that the examples of openapi.yaml make
        self.made = {"organizations": "made@1.0.0", "projects": "made@2.0.0"}

    def __enter__(self):
        self.nginx.__enter__()
        try:
            self.fill()
        except BaseException:
            self.nginx.kill()
            raise
        return self

    def __exit__(self, *what):
        self.nginx.__exit__(*what)

    # What SDKs send

    def post(self, project, endpoint, body):
        status, answer = et.http(
            "%s/api/%d/%s/?sentry_key=%s" % (self.nginx.url, project,
                                             endpoint, KEY), body)
        if status != 200:
            et.bail_out("%s: %d %s" % (endpoint, status, answer))

    def event(self, project, error, **more):
        event = uuid.uuid4().hex
        self.post(project, "store", json.dumps(dict({
            "event_id": event, "timestamp": time.time() - 30,
            "platform": "python", "environment": "production",
            "release": "shop@1.0.0", "level": "error", "logger": "shop.cart",
            "server_name": "web1", "transaction": "/cart",
            "tags": {"browser": "Firefox", "plan": "gold"},
            "user": {"id": "u1", "email": "ann@example.com"},
            "contexts": {"os": {"name": "Linux", "version": "6.1"}},
            "extra": {"retries": 3},
            "request": {"url": "https://shop.example/cart", "method": "GET",
                        "headers": {"User-Agent": "Mozilla"}},
            "breadcrumbs": {"values": [{"timestamp": time.time() - 31,
                                        "message": "a click",
                                        "category": "ui.click"}]},
            "sdk": {"name": "sentry.python", "version": "2.0.0"},
            "exception": {"values": [{
                "type": error, "value": "no such thing", "stacktrace": {
                    "frames": [{"filename": "cart.py", "function": "add",
                                "lineno": 17, "in_app": True,
                                "context_line": "    raise"}]}}]},
        }, **more)).encode())
        return event

    def items(self, project, event, *items):
        lines = [json.dumps({"event_id": event})]
        for header, payload in items:
            if not isinstance(payload, str):
                payload = json.dumps(payload)
            lines += [json.dumps(dict(header, length=len(payload))), payload]
        self.post(project, "envelope", ("\n".join(lines) + "\n").encode())

    def fill(self):
        project = self.project
        event = self.event(project, "MainError")
        self.event(project, "MainError", user={"id": "u2"})
        for error in ("SpareError", "OtherSpareError", "ThirdSpareError",
                      "FourthSpareError", "LastSpareError"):
            self.event(project, error)
        self.event(project, "AMessage", exception=None, message="a message",
                   level="info")
        self.event(self.expendable, "Gone")
        self.items(
            project, event,
            ({"type": "attachment", "filename": "log.txt",
              "content_type": "text/plain"}, "a line\n"),
            ({"type": "session"}, {
                "sid": str(uuid.uuid4()), "init": True, "status": "exited",
                "errors": 0, "did": "u1", "duration": 12.5,
                "started": time.strftime("%Y-%m-%dT%H:%M:%SZ",
                                         time.gmtime(time.time() - 60)),
                "attrs": {"release": "shop@1.0.0",
                          "environment": "production"}}),
            ({"type": "check_in"}, {
                "check_in_id": uuid.uuid4().hex, "monitor_slug": "nightly",
                "status": "ok", "duration": 2, "environment": "production",
                "monitor_config": {"schedule": {
                    "type": "crontab", "value": "0 3 * * *"}}}),
            ({"type": "user_report"}, {
                "event_id": event, "name": "Ann", "comments": "It broke",
                "email": "ann@example.com"}))
        et.rows("INSERT INTO errortracking.projects (project_id, organization,"
                " slug, name, platform) SELECT %d, '%s', 'shop-%d', 'Shop', "
                "'python' UNION ALL SELECT %d, '%s', 'gone-%d', 'Gone', ''"
                % (project, self.organization, project, self.expendable,
                   self.organization, self.expendable))
        for table, wanted in (("events", 8), ("sessions", 1),
                              ("check_ins", 1), ("attachments", 1),
                              ("feedback", 1), ("error_tags", 20)):
            if not et.until(lambda: et.value(
                    "SELECT count() FROM errortracking." + table
                    + " WHERE project_id = {p:UInt64}", p=project) >= wanted):
                et.bail_out(table + " is not filled")
        self.know(event)

    def know(self, event):
        """What paths and parameters are filled with, by their names."""
        issues = {issue["metadata"].get("type", ""): issue["id"] for issue in
                  self.json("/api/0/organizations/%s/issues/?query=&project=%d"
                            % (self.organization, self.project))}
        main = self.json("/api/0/issues/%s/" % issues["MainError"])
        errors = {error["name"]: error["fingerprint"] for error in
                  self.json("%s/projects/%d/errors" % (GITLAB, self.project))}
        files = self.json("/api/0/projects/%s/%d/events/%s/attachments/" % (
            self.organization, self.project, event))
        self.known = {
            "project_id": self.project, "project": self.project,
            "group": self.organization, "organization": self.organization,
            "fingerprint": errors["MainError"], "issue": main["id"],
            "short_id": main["shortId"], "event": event,
            "key": "browser", "version": "shop@1.0.0", "monitor": "nightly",
            "day": time.strftime("%Y-%m-%dT%H:%M:%S",
                                 time.gmtime(time.time() - 86400)),
            "tomorrow": time.strftime("%Y-%m-%dT%H:%M:%S",
                                      time.gmtime(time.time() + 60)),
            "attachment": files[0]["id"],
            "spare": [issues[name] for name in sorted(issues)
                      if "Spare" in name],
        }

    # What clients ask

    def call(self, method, path, body=None, token=True):
        """(status, headers, body): JSON is read."""
        headers = {}
        if token and path.startswith(GITLAB):
            headers["Gitlab-Error-Tracking-Token"] = GITLAB_TOKEN
        elif token:
            headers["Authorization"] = "Bearer " + SENTRY_TOKEN
        if body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(body).encode()
        request = urllib.request.Request(
            "http://127.0.0.1:%d%s" % (self.port, path), body, headers,
            method=method)
        try:
            answer = urllib.request.urlopen(request, timeout=et.TIMEOUT)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            content = answer.read()
            if answer.headers.get("Content-Type") == "application/json" \
               and content:
                content = json.loads(content)
            return answer.status, answer.headers, content

    def json(self, path):
        status, _, content = self.call("GET", path)
        if status != 200:
            et.bail_out("%s: %d %s" % (path, status, content))
        return content
