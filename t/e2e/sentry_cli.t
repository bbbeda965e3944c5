#!/usr/bin/env python3
"""
The real sentry-cli, of two majors, with its own configuration by environment:
it asks, lists, decides, makes releases and sends, and each command is checked
by its effect in ClickHouse, or by what a further command shows.
"""

import json
import os
import platform
import re
import shutil
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))

import et
from et import ok, same

VERSIONS = ["3.8.0", "2.58.6"]
TOKEN = "a-token-of-sentry-cli-%d"
KEY = "0123456789abcdef0123456789abcdef"
ORGANIZATION = "acme"

SERVER = """
        location /api/0/ {
            errortracking_api sentry;
            errortracking_tokens "@DIR@/errortracking.tokens";
            errortracking_query /query;
            errortracking_api_timeout 30s;
        }

        location = /query {
            internal;
            proxy_pass http://clickhouse/;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            @CLICKHOUSE_USER@
        }
"""

PLATFORMS = {"x86_64": "linux-x64", "aarch64": "linux-arm64"}


def install(version):
    """
    The program, kept in build/.  Its package comes with one for this machine,
    where it lies; the script that would fetch it from elsewhere is not run.
    """
    path = os.path.join(et.BUILD, "e2e", "sentry-cli-" + version)
    done = os.path.join(path, "installed")

    with et.locked(path + ".lock"):
        if not os.path.exists(done):
            os.makedirs(path, exist_ok=True)
            output, status = et.run(
                ["npm", "install", "--no-save", "--no-package-lock",
                 "--no-audit", "--no-fund", "--ignore-scripts",
                 "--loglevel=error", "--prefix", path,
                 "@sentry/cli@" + version])
            if status != 0:
                et.bail_out("@sentry/cli %s was not installed\n%s"
                            % (version, output))
            open(done, "w").close()
    return os.path.join(path, "node_modules", "@sentry", "cli-"
                        + PLATFORMS[platform.machine()], "bin", "sentry-cli")


class Cli:
    """One version, in projects of its own."""

    def __init__(self, nginx, version, program, project):
        self.version = version
        self.program = program
        self.project = project
        self.dir = os.path.join(et.DIR, version)
        os.makedirs(self.dir)
        self.env = {name: value for name, value in os.environ.items()
                    if not name.upper().startswith(("SENTRY_", "HTTP"))}
        self.env.update(
            SENTRY_URL=nginx.url, SENTRY_AUTH_TOKEN=TOKEN % project,
            SENTRY_ORG=ORGANIZATION, SENTRY_PROJECT=str(project),
            SENTRY_DSN=nginx.dsn(project, KEY), SENTRY_NO_PROGRESS_BAR="1",
            SENTRY_DISABLE_UPDATE_CHECK="1", NO_COLOR="1", HOME=self.dir,
            TZ="UTC", RUST_BACKTRACE="0")

    def run(self, *command, fails=False, **env):
        """What it prints; its status is a test."""
        output, status = et.run([self.program] + list(command), cwd=self.dir,
                                env=dict(self.env, **env), timeout=et.TIMEOUT)
        ok((status != 0) == fails, "%s %s %s" % (
            self.version, " ".join(command), "fails" if fails else "does well"),
            "status %d\n%s" % (status, output))
        self.output = output
        return output

    def table(self, *command):
        """
        Rows of the table that it prints, without the head; the further lines
        of a cell are left out.
        """
        rows = [[cell.strip() for cell in line.strip().strip("|").split("|")]
                for line in self.run(*command).splitlines()
                if line.startswith("|")]
        return [row for row in rows[1:] if row[0]]

    def shows(self, text, name):
        ok(text in self.output, "%s: %s" % (self.version, name), self.output)

    def file(self, name, content):
        path = os.path.join(self.dir, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(content)
        return path

    def value(self, query):
        return et.value(query, project=self.project)

    def wait(self, query, wanted, name):
        """Until ClickHouse answers with that."""
        et.until(lambda: self.value(query) == wanted)
        same(self.value(query), wanted, "%s: %s" % (self.version, name))


def event(kind, text, **fields):
    return json.dumps(dict(
        platform="python", environment="production", release="shop@1.0",
        user={"id": "7", "email": "ann@example.com"},
        exception={"values": [{"type": kind, "value": text}]}, **fields))


# the commands

def asks(cli):
    cli.run("info")
    cli.shows("project:releases", "the token's scopes are shown")
    cli.shows("robot", "and its name")
    cli.run("info", fails=True, SENTRY_AUTH_TOKEN="a-token-of-nobody-at-all")
    cli.shows("401", "another token is refused")

    same(len(cli.table("organizations", "list")), 1,
         "the organization is listed")
    ok([str(cli.project)] == [row[1] for row in
                              cli.table("projects", "list")
                              if row[0] == str(cli.project)],
       "the project is listed with its number and slug")


def sends(cli):
    cli.run("send-event", "-m", "hello from %s", "-a", "the shop",
            "-t", "color:red", "-r", "shop@0.9", "-E", "staging",
            "-u", "id:42", "-l", "warning", "--no-environ")
    cli.wait("SELECT count() FROM errortracking.errors_list "
             "WHERE project_id = {project:UInt64}", 1, "an event is stored")
    same(et.rows("SELECT message, level, release, environment, user_id, "
                 "tags['color'] AS color FROM errortracking.events "
                 "WHERE project_id = {project:UInt64}", project=cli.project),
         [{"message": "hello from the shop", "level": "warning",
           "release": "shop@0.9", "environment": "staging", "user_id": "42",
           "color": "red"}], "with all that was said")

    for kind in ("First", "Second"):
        cli.run("send-event", cli.file(kind + ".json",
                                       event(kind, "it broke")))
    body = event("Third", "in an envelope")
    cli.run("send-envelope", "--raw", cli.file("envelope", "\n".join(
        ['{"event_id":"%s"}' % ("c" * 32),
         '{"type":"event","length":%d}' % len(body.encode()), body, ""])))
    cli.wait("SELECT sum(n) FROM errortracking.errors "
             "WHERE project_id = {project:UInt64}", 4,
             "events of files and an envelope are stored")
    cli.wait("SELECT sum(n) FROM errortracking.error_tags WHERE "
             "project_id = {project:UInt64} AND key = 'level'", 4,
             "and found by their tags")


def issues(cli, *args):
    """{title: [id, short id, title, last seen, status, level]}"""
    return {row[2]: row for row in cli.table("issues", "list", *args)}


def decides(cli):
    found = issues(cli)
    same(sorted(found), ["First: it broke", "Second: it broke",
                         "Third: in an envelope", "hello from the shop"],
         "issues are listed")
    first = found["First: it broke"]
    ok(re.match(r"\d+$", first[0]) and first[1].startswith(
        str(cli.project) + "-") and first[4] == "unresolved"
       and first[5] == "error", "with ids, state and level", first)
    same(len(cli.table("issues", "list", "--max-rows", "2")), 2,
         "as many as are asked for")
    same(list(issues(cli, "--query", "First level:error")),
         ["First: it broke"], "of a search")

    def states():
        return {title: row[4] for title, row in issues(cli).items()}

    cli.run("issues", "resolve", "-i", first[0])
    same({title for title, state in states().items()
          if state == "resolved"}, {"First: it broke"},
         "one that is resolved is")
    same(cli.value("SELECT status FROM errortracking.error_status FINAL "
                   "WHERE project_id = {project:UInt64}"), "resolved",
         "in ClickHouse, too")
    same(list(issues(cli, "--query", "is:resolved")), ["First: it broke"],
         "and found as such")
    same(len(issues(cli, "--query", "is:unresolved")), 3, "and not otherwise")

    cli.run("issues", "mute", "-i", found["Second: it broke"][0],
            "-i", found["Third: in an envelope"][0])
    same(sorted(issues(cli, "--query", "is:ignored")),
         ["Second: it broke", "Third: in an envelope"], "two are muted")

    cli.run("issues", "unresolve", "-s", "resolved")
    same(states()["First: it broke"], "unresolved",
         "those of a state are unresolved")
    same(len(issues(cli, "--query", "is:ignored")), 2, "and no others")

    cli.run("issues", "resolve", "--all")
    same(set(states().values()), {"resolved"}, "all are resolved")


def lists_events(cli):
    rows = cli.table("events", "list", "--show-user", "--show-tags")
    same(sorted(row[2] for row in rows),
         ["First: it broke", "Second: it broke", "Third: in an envelope",
          "hello from the shop"], "events are listed")
    message = [row for row in rows if row[2] == "hello from the shop"][0]
    cli.shows("color: red", "with their tags")
    ok("42" in message[3], "and users", message)
    same({row[0].replace("-", "") for row in rows},
         {row["id"] for row in et.rows(
             "SELECT lower(replaceAll(toString(event_id), '-', '')) AS id "
             "FROM errortracking.events WHERE project_id = {project:UInt64}",
             project=cli.project)}, "by their ids")
    same(len(cli.table("events", "list", "--max-rows", "1")), 1,
         "as many as are asked for")


def releases(cli):
    def versions():
        return [row[1] for row in cli.table("releases", "list")]

    # by environment, as the older one's list asks for the organization's
    same(sorted(versions()), ["shop@0.9", "shop@1.0"], "releases that were seen are listed")

    cli.run("releases", "new", "shop@2.0", "--url", "https://ci/2")
    ok("shop@2.0" in versions(), "a new one is listed")
    same(cli.value("SELECT concat(version, ' ', url) FROM "
                   "errortracking.releases FINAL "
                   "WHERE project_id = {project:UInt64}"),
         "shop@2.0 https://ci/2", "and in ClickHouse")

    same(cli.value("SELECT toUnixTimestamp(released) FROM "
                   "errortracking.releases FINAL "
                   "WHERE project_id = {project:UInt64}"), 0,
         "it has not gone out")
    cli.run("releases", "finalize", "shop@2.0", "--released", "1700000000")
    same(cli.value("SELECT toUnixTimestamp(released) FROM "
                   "errortracking.releases FINAL "
                   "WHERE project_id = {project:UInt64}"), 1700000000,
         "until it is finalized")

    cli.run("releases", "info", "shop@2.0", "--show-projects")
    cli.shows(str(cli.project), "its projects are shown")
    cli.run("releases", "info", "shop@9.9", fails=True)

    def status():
        return cli.value("SELECT status FROM errortracking.releases FINAL "
                         "WHERE project_id = {project:UInt64}")

    cli.run("releases", "archive", "shop@2.0")
    same(status(), "archived", "it is archived")
    cli.run("releases", "restore", "shop@2.0")
    same(status(), "open", "and restored")

    deploys(cli)
    commits(cli)

    cli.run("releases", "new", "shop@3.0", "--finalize")
    cli.run("releases", "delete", "shop@3.0")
    ok("shop@3.0" not in versions(), "one that is deleted is gone")
    cli.run("releases", "delete", "shop@1.0", fails=True)
    cli.shows("can not be removed", "one with events stays, and it says why")


def deploys(cli):
    command = ["deploys"] if cli.version.startswith("3.") \
        else ["releases", "deploys"]
    new = command + (["new", "--release", "shop@2.0"]
                     if cli.version.startswith("3.")
                     else ["shop@2.0", "new"])
    cli.run(*new, "-e", "production", "-n", "first", "-t", "10")
    same(et.rows("SELECT environment, name, toUnixTimestamp(finished) - "
                 "toUnixTimestamp(started) AS took FROM errortracking.deploys "
                 "WHERE project_id = {project:UInt64}", project=cli.project),
         [{"environment": "production", "name": "first", "took": 10}],
         "a deploy is in ClickHouse")
    listed = command + (["list", "--release", "shop@2.0"]
                        if cli.version.startswith("3.")
                        else ["shop@2.0", "list"])
    same([row[:2] for row in cli.table(*listed)], [["production", "first"]],
         "and listed")


def commits(cli):
    git = shutil.which("git")
    if git is None:
        et.bail_out("git is missing (package git)")

    tree = os.path.join(cli.dir, "tree")
    os.makedirs(tree)

    def commit(n):
        cli.file("tree/file-%d" % n, str(n))
        for command in (["add", "."],
                        ["-c", "user.name=Ann", "-c",
                         "user.email=ann@example.com", "commit", "-qm",
                         "change %d" % n]):
            output, status = et.run([git] + command, cwd=tree, env=cli.env)
            if status != 0:
                et.bail_out(output)
        return et.run([git, "rev-parse", "HEAD"], cwd=tree,
                      env=cli.env)[0].strip()

    et.run([git, "init", "-q"], cwd=tree, env=cli.env)
    et.run([git, "remote", "add", "origin",
            "https://git.example.com/acme/shop.git"], cwd=tree, env=cli.env)

    shas = [commit(n) for n in range(3)]
    inside = Cli.__new__(Cli)
    inside.__dict__.update(cli.__dict__, dir=tree)

    inside.run("releases", "set-commits", "shop@2.0", "--local")
    same([(c["id"], c["message"].strip(), c["author_email"])
          for c in json.loads(cli.value(
              "SELECT commits FROM errortracking.releases FINAL WHERE "
              "project_id = {project:UInt64} AND version = 'shop@2.0'"))],
         [(shas[n], "change %d" % n, "ann@example.com") for n in (2, 1, 0)],
         "commits are in ClickHouse")
    cli.run("releases", "info", "shop@2.0", "--show-commits")
    cli.shows(shas[2], "and shown")

    newest = commit(3)
    inside.run("releases", "set-commits", "shop@2.1", "--auto")
    same([c["id"] for c in json.loads(cli.value(
        "SELECT commits FROM errortracking.releases FINAL WHERE "
        "project_id = {project:UInt64} AND version = 'shop@2.1'"))],
        [newest], "the next release has those since the one before")


def monitors(cli):
    cli.run("monitors", "run", "-e", "staging", "--schedule", "0 3 * * *",
            "--check-in-margin", "5", "nightly", "--", "true")
    cli.wait("SELECT count() FROM errortracking.check_ins_list WHERE "
             "project_id = {project:UInt64} AND status = 'ok'", 1,
             "a job that ends well is checked in")
    same(et.rows("SELECT monitor_slug, environment, schedule, margin "
                 "FROM errortracking.check_ins_list "
                 "WHERE project_id = {project:UInt64}", project=cli.project),
         [{"monitor_slug": "nightly", "environment": "staging",
           "schedule": "0 3 * * *", "margin": 5}], "with its schedule")
    cli.run("monitors", "run", "nightly", "--", "sh", "-c", "exit 3",
            fails=True)
    cli.wait("SELECT count() FROM errortracking.check_ins_list WHERE "
             "project_id = {project:UInt64} AND status = 'error'", 1,
             "and one that fails is an error")
    same([row[0] for row in cli.table("monitors", "list")][:1], ["nightly"],
         "monitors are listed")


def logs(cli):
    if not cli.version.startswith("3."):
        return

    body = json.dumps({"items": [
        {"timestamp": time.time() - n, "level": level, "body": text,
         "trace_id": "a" * 32, "severity_number": 9,
         "attributes": {"shelf": {"value": "b-%d" % n, "type": "string"}}}
        for n, (level, text) in enumerate([("error", "stock is low"),
                                           ("info", "order is late")])]})
    cli.run("send-envelope", "--raw", cli.file("log-envelope", "\n".join(
        ["{}", '{"type":"log","item_count":2,"length":%d,"content_type":'
         '"application/vnd.sentry.items.log+json"}' % len(body), body, ""])))
    cli.wait("SELECT count() FROM errortracking.logs "
             "WHERE project_id = {project:UInt64}", 2, "log entries are stored")

    cli.run("logs", "list")
    cli.shows("stock is low", "and listed")
    cli.shows("order is late", "all of them")
    cli.run("logs", "list", "--query", "severity:error shelf:b-0")
    cli.shows("stock is low", "a search finds one")
    ok("order is late" not in cli.output, "and no other", cli.output)


def uploads(cli):
    cli.file("maps/a.js", "x()\n//# sourceMappingURL=a.js.map\n")
    cli.file("maps/a.js.map", json.dumps(
        {"version": 3, "sources": ["a.ts"], "names": [],
         "mappings": "AAAA", "sourcesContent": ["x()"]}))
    cli.run("sourcemaps", "upload", "--release", "shop@2.0", "maps",
            fails=True)
    cli.shows("are not kept here",
              "an upload of source maps ends with what is the matter")


if platform.machine() not in PLATFORMS or platform.system() != "Linux":
    et.skip_all("there is no sentry-cli for this machine")
if et.run(["npm", "--version"])[1] != 0:
    et.skip_all("npm is missing (package npm)")

programs = [(version, install(version)) for version in VERSIONS]
projects = [et.project() for version in VERSIONS]

server = et.Nginx([(project, KEY) for project in projects], server=SERVER)
with open(os.path.join(server.dir, "errortracking.tokens"), "w") as file:
    file.writelines("%s * %d name=robot\n" % (TOKEN % project, project)
                    for project in projects)

with server:
    for (version, program), project in zip(programs, projects):
        cli = Cli(server, version, program, project)
        for part in (asks, sends, decides, lists_events, releases, monitors,
                     logs, uploads):
            part(cli)

et.finish()
