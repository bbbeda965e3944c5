#!/usr/bin/env python3
"""
At the end, when there is no proxy module any more, batches go the way that
the workers' went: to ClickHouse behind another NGINX with TLS, which wants a
certificate and a user, under a path of its own.
"""

import base64
import os
import re
import signal
import subprocess
import sys
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import et  # noqa: E402
import ledger  # noqa: E402

USER, PASSWORD = "writer", "it's a \"secret\""

# libcurl's word for it
REFUSED = "SSL peer certificate or SSH remote key was not OK"

FRONT = """
%(user)s
daemon off;
pid "%(dir)s/front.pid";
events { }
http {
    access_log off;
    client_body_temp_path "%(dir)s/front.body";
    proxy_temp_path "%(dir)s/front.proxy";
    fastcgi_temp_path "%(dir)s/front.fastcgi";
    uwsgi_temp_path "%(dir)s/front.uwsgi";
    scgi_temp_path "%(dir)s/front.scgi";
    client_max_body_size 0;
    server {
        listen 127.0.0.1:%(port)d ssl;
        ssl_certificate "%(dir)s/%(name)s.pem";
        ssl_certificate_key "%(dir)s/%(name)s.key";
        ssl_client_certificate "%(dir)s/ca.pem";
        ssl_verify_client on;
        location /inner/ {
            set $known "$http_x_clickhouse_user $http_authorization";
            if ($known !~ "^(%(header)s)$") { return 403; }
            proxy_set_header X-ClickHouse-User "";
            proxy_set_header X-ClickHouse-Key "";
            proxy_set_header Authorization "";
            proxy_pass %(clickhouse)s/;
        }
    }
}
"""

LOCATION = """
proxy_set_header X-ClickHouse-User %s;
proxy_set_header X-ClickHouse-Key '%s';
proxy_ssl_verify on;
proxy_ssl_name %%s;
proxy_ssl_trusted_certificate "%%s/ca.pem";
proxy_ssl_certificate "%%s/client.pem";
proxy_ssl_certificate_key "%%s/client.key";
""" % (USER, PASSWORD.replace("'", "\\'"))


def openssl(*arguments):
    out, status = et.run(["openssl"] + list(arguments))
    if status != 0:
        et.bail_out(out)


def certificates(dir):
    """ca; of it server and client; and other, which signs for itself."""
    for name in "ca", "other":
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                "-keyout", "%s/%s.key" % (dir, name),
                "-out", "%s/%s.pem" % (dir, name),
                "-subj", "/CN=%s" % name,
                "-addext", "subjectAltName=DNS:clickhouse.test")
    for name in "server", "client":
        openssl("req", "-new", "-newkey", "rsa:2048", "-nodes",
                "-keyout", "%s/%s.key" % (dir, name),
                "-out", "%s/%s.csr" % (dir, name), "-subj", "/CN=" + name)
        with open("%s/%s.ext" % (dir, name), "w") as file:
            file.write("subjectAltName=DNS:clickhouse.test,IP:127.0.0.1\n")
        openssl("x509", "-req", "-days", "2", "-in", "%s/%s.csr" % (dir, name),
                "-CA", dir + "/ca.pem", "-CAkey", dir + "/ca.key",
                "-CAcreateserial", "-extfile", "%s/%s.ext" % (dir, name),
                "-out", "%s/%s.pem" % (dir, name))


class Front:
    """An NGINX with TLS before ClickHouse."""

    def __init__(self, binary):
        self.binary, self.dir, self.port = binary, et.DIR, et.free_port()
        self.process = None

    def start(self, name):
        basic = base64.b64encode(("%s:%s" % (USER, PASSWORD)).encode())
        with open(self.dir + "/front.conf", "w") as file:
            file.write(FRONT % {
                "user": "user root;" if os.getuid() == 0 else "",
                "dir": self.dir, "port": self.port, "name": name,
                "clickhouse": et.CLICKHOUSE,
                "header": "%s | Basic %s" % (USER, basic.decode())})
        self.process = subprocess.Popen(
            [self.binary, "-p", self.dir, "-c", self.dir + "/front.conf",
             "-e", self.dir + "/front.log"])
        et.until(lambda: et.run(
            ["openssl", "s_client", "-connect", "127.0.0.1:%d" % self.port,
             "-brief"])[1] == 0)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def run(front, name="clickhouse.test", http="", impostor=False, seen=True):
    """
    Runs NGINX and stops it with rows in the zone; what its log then says.
    seen: after a batch was sent.
    """
    project, key = et.project(), uuid.uuid4().hex
    nginx = et.Nginx([(project, key)], flush="interval=2s",
                     clickhouse="127.0.0.1:%d" % front.port,
                     proxy_pass="https://clickhouse/inner/", http=
                     'errortracking_spool "@DIR@/spool" 1g; ' + http)
    nginx.values["CLICKHOUSE_USER"] = LOCATION % (name, et.DIR, et.DIR, et.DIR)
    nginx.configure([(project, key)])
    nginx.__enter__()

    load = ledger.Load(nginx.port, project, key)
    if seen:
        et.until(lambda: nginx.metrics()
                 ['errortracking_rows_sent_total{zone="errors"}'] > 0)
    et.until(lambda: nginx.metrics()
             ['errortracking_zone_rows{zone="errors"}'] > 100)
    load.stop()

    if impostor:
        front.stop()
        front.start("other")

    nginx.process.send_signal(signal.SIGTERM)
    nginx.process.wait()
    log = nginx.read("error.log")
    found = re.findall(r"at exit: (\d+) rows posted, (\d+) spooled, (\d+) "
                       r"lost", log)
    et.same(len(found), 1, "the end is in the log")
    return load, [int(n) for n in found[0]] if found else None, log


def main():
    certificates(et.DIR)
    nginx = et.Nginx([])
    front = Front(nginx.binary)
    front.start("server")

    load, (posted, spooled, lost), log = run(front)
    et.ok(posted > 0 and spooled == 0 and lost == 0,
          "what is left goes by TLS, with the location's certificates, "
          "headers and path", log[-2000:])
    load.audit("TLS")

    et.run(["rm", "-rf", nginx.dir + "/spool", nginx.dir + "/error.log"])
    url = "https://%s:%s@127.0.0.1:%d/inner/" % (
        USER, PASSWORD.replace(" ", "%20").replace('"', "%22"), front.port)
    load, (posted, spooled, lost), log = run(
        front, http="errortracking_exit_url \"%s\";" % url)
    et.ok(posted > 0 and spooled == 0 and lost == 0,
          "errortracking_exit_url has its own user, and is believed by the "
          "location's certificates", log[-2000:])
    load.audit("errortracking_exit_url")

    et.run(["rm", "-rf", nginx.dir + "/spool", nginx.dir + "/error.log"])
    load, (posted, spooled, lost), log = run(front, name="other.test",
                                             seen=False)
    et.ok(posted == 0 and spooled > 0 and lost == 0 and REFUSED in log,
          "a server of another name gets nothing", log[-2000:])

    et.run(["rm", "-rf", nginx.dir + "/spool", nginx.dir + "/error.log"])
    load, (posted, spooled, lost), log = run(front, impostor=True)
    et.ok(posted == 0 and spooled > 0 and lost == 0 and REFUSED in log,
          "nor does one whose certificate is not of the location's CA",
          log[-2000:])
    front.stop()

    # and none of it is lost: ClickHouse gets it from the spool

    nginx = et.Nginx([], http='errortracking_spool "@DIR@/spool" 1g;')
    with nginx:
        load.audit("from the spool")
    et.finish()


main()
