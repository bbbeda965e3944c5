"""
Shows a page in Chromium, as a program that sends:

    browser.py MODE DSN

ET_BROWSER says where: {"folder": the page's files, "url": its address, "log":
where its server writes who asked for what, "options": of the SDK}.  A request
for /done?JSON is the page's word for what it sent.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse

SECONDS = 90

# nothing but the page; a fresh folder is removed with all that is in it
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
         "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage", "--no-proxy-server",
         "--enable-logging=stderr",
         "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, "
         "EXCLUDE localhost"]


def done(log, offset):
    """What the page said since, or None."""
    with open(log) as file:
        file.seek(offset)
        for line in file.read().splitlines():
            if line.startswith("/done?"):
                return urllib.parse.unquote(line.partition("?")[2])
    return None


def main():
    mode, dsn = sys.argv[1:]
    place = json.loads(os.environ["ET_BROWSER"])
    with open(os.path.join(place["folder"], "et.js"), "w") as file:
        file.write("const ET = %s;\n" % json.dumps(
            {"mode": mode, "dsn": dsn, "options": place["options"],
             "scope": json.loads(os.environ["ET_SCOPE"])}))

    offset = os.path.getsize(place["log"])
    profile = tempfile.mkdtemp(prefix="et-chromium-")
    errors = os.path.join(profile, "errors")
    with open(errors, "w") as file:
        browser = subprocess.Popen(
            [place["chromium"]] + FLAGS
            + ["--user-data-dir=" + os.path.join(profile, "data"),
               place["url"]],
            stdin=subprocess.DEVNULL, stdout=file, stderr=file,
            start_new_session=True)
    try:
        deadline = time.monotonic() + SECONDS
        sent = None
        while sent is None and time.monotonic() < deadline \
                and browser.poll() is None:
            time.sleep(0.05)
            sent = done(place["log"], offset)
    finally:
        browser.terminate()
        browser.wait()
        with open(errors, errors="replace") as file:
            for line in file:
                if "CONSOLE" in line or sent is None:
                    print(line.rstrip())
        shutil.rmtree(profile, ignore_errors=True)

    answer = json.loads(sent or '{"failure": "the page said nothing"}')
    if "failure" in answer:
        sys.exit(answer["failure"])
    print("SENT " + sent)


main()
