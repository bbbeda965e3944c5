#!/usr/bin/env python3
"""
The bench's events: what a Python SDK sends, made up from a fixed seed, so
that every run and every machine measures the same bytes.

    gen.py DIR    writes DIR/small.bin and DIR/large.bin

A file is a list of bodies, each a length (32 bits, little-endian) and so many
bytes: an envelope with one event, compressed with gzip as SDKs do.  Every
event is another one (ids, times, values, variables); they come from ERRORS
places of the code, so that many of them are one error.
"""

import gzip
import json
import os
import random
import struct
import sys

SEED = 20260101
ERRORS = 200

# name, events, frames, frames with context, breadcrumbs, packages
SIZES = (
    ("small", 8000, 6, 2, 3, 28),
    ("large", 1600, 25, 25, 40, 24),
)

WORDS = """account address amount archive backend balance basket batch billing
bucket cache calendar cart catalog channel checkout client cluster comment
config contact country coupon credit currency customer dashboard database
delivery device discount document domain download driver email employee entry
error event export failure feature feed field file filter folder format gateway
group handler history image import index ingest inventory invoice item job
journal key label language ledger limit list locale location login lookup
mailer manager member memory message metric model module monitor network note
notice object offer option order owner package page parser partner password
patch payment permission person phone photo plan platform policy portal price
printer process product profile project promo provider query queue quota rate
record refund region release report request resource response result retry
review role route rule sale schedule schema search section segment server
service session setting shipment signal socket source stage state status stock
storage store stream subscription supplier support survey sync system table tag
target task tax team template tenant thread ticket token topic total trace
track transfer trial update upload user validator value vendor version view
visitor voucher wallet warehouse webhook widget worker workflow zone""".split()

TYPES = ("ValueError", "KeyError", "TypeError", "AttributeError",
         "TimeoutError", "ConnectionResetError", "IntegrityError",
         "OperationalError", "DoesNotExist", "PermissionDenied",
         "JSONDecodeError", "ValidationError", "UnicodeDecodeError")

PACKAGES = """aiohttp amqp asgiref attrs babel billiard boto3 botocore celery
certifi cffi charset-normalizer click cryptography defusedxml django
django-cors-headers django-filter django-redis djangorestframework docutils
gunicorn h11 httpx idna importlib-metadata jinja2 jmespath jsonschema kombu lxml
markupsafe numpy oauthlib packaging pillow prometheus-client prompt-toolkit
psycopg2 pycparser pydantic pyjwt python-dateutil pytz pyyaml redis requests
s3transfer sentry-sdk six sqlparse stripe typing-extensions tzdata urllib3 vine
wcwidth werkzeug wrapt zipp""".split()

INTEGRATIONS = ["argv", "atexit", "celery", "dedupe", "django", "excepthook",
                "logging", "modules", "redis", "stdlib", "threading"]

NAMES = """anna bruno carla david elena felix greta hugo irene jonas klara leon
mara nils olga paul rosa simon tara uwe vera walter""".split()


def name(r, n=2, words=WORDS):
    return "_".join(r.choice(words) for _ in range(n))


def hexa(r, n):
    return "%0*x" % (n, r.getrandbits(4 * n))


def when(r):
    return "2026-01-%02dT%02d:%02d:%02d.%06dZ" % (
        r.randint(1, 28), r.randrange(24), r.randrange(60), r.randrange(60),
        r.randrange(10 ** 6))


def code(r, words):
    a, b, c = (name(r, r.randint(1, 2), words) for _ in range(3))
    return " " * r.choice((4, 8, 12)) + r.choice((
        "%s = self.%s(%s)", "if %s is None or not %s.%s:",
        "for %s in %s.%s():", "return %s(%s, %s=None)",
        "raise %s(\"%s of %%s\" %% %s)", "%s.%s[\"%s\"] = value",
        "with %s.%s() as %s:", "logger.info(\"%s %%s\", %s.%s)",
        "%s = [x for x in %s if x.%s]", "# the %s of the %s's %s")) % (a, b, c)


def value(r):
    kind = r.randrange(7)
    if kind == 0:
        return str(r.randrange(10 ** 6))
    if kind == 1:
        return "'%s'" % name(r)
    if kind == 2:
        return "<%s object at 0x7f%s>" % (name(r).title().replace("_", ""),
                                          hexa(r, 10))
    if kind == 3:
        return "'%s-%s-%s'" % (hexa(r, 8), hexa(r, 4), hexa(r, 12))
    if kind == 4:
        return {name(r, 1): "'%s'" % name(r), "id": str(r.randrange(10 ** 7))}
    if kind == 5:
        return [str(r.randrange(1000)) for _ in range(3)]
    return "None"


def place(r, in_app, context):
    """A frame as the code determines it: the same for each event."""
    package = "shop" if in_app else r.choice(PACKAGES).replace("-", "_")
    module = "%s.%s.%s" % (package, name(r, 1), name(r, 1))
    file = module.replace(".", "/") + ".py"
    frame = {
        "filename": file,
        "abs_path": ("/srv/" if in_app else
                     "/usr/lib/python3/dist-packages/") + file,
        "function": name(r),
        "module": module,
        "lineno": r.randrange(10, 900),
    }
    if context:
        # the code of one file has its own few words
        words = r.sample(WORDS, 6)
        frame["pre_context"] = [code(r, words) for _ in range(5)]
        frame["context_line"] = code(r, words)
        frame["post_context"] = [code(r, words) for _ in range(5)]
    frame["in_app"] = in_app
    return frame, [name(r, 1) for _ in range(3 if context else 0)]


def error(r, frames, context):
    """One place of the code that fails."""
    return {
        "type": r.choice(TYPES),
        "text": "%s %%s of %s '%%s' is not a %s" % (name(r, 1), name(r, 1),
                                                    name(r, 1)),
        "transaction": "/%s/{%s}/%s/" % (name(r, 1), name(r, 1), name(r, 1)),
        "frames": [place(r, i % 3 == 2 or i == frames - 1,
                         i >= frames - context)
                   for i in range(frames)],
    }


def breadcrumb(r):
    kind = r.randrange(3)
    if kind == 0:
        return {"type": "http", "category": "httplib", "level": "info",
                "data": {"url": "https://%s.example.com/v1/%s/%d" % (
                    r.choice(WORDS), r.choice(WORDS), r.randrange(10 ** 6)),
                    "method": r.choice(("GET", "POST")),
                    "status_code": r.choice((200, 200, 201, 404)),
                    "reason": "OK"},
                "timestamp": when(r)}
    if kind == 1:
        return {"type": "default", "category": "query", "level": "info",
                "message": 'SELECT "%s"."id", "%s"."%s" FROM "%s" WHERE '
                           '"%s"."id" = %%s' % ((r.choice(WORDS),) * 2 + (
                               name(r, 1),) + (r.choice(WORDS),) * 2),
                "data": {}, "timestamp": when(r)}
    return {"type": "log", "category": "shop.%s" % name(r, 1),
            "level": r.choice(("info", "warning", "debug")),
            "message": "%s %d took %.3f s" % (name(r), r.randrange(10 ** 5),
                                              r.random() * 3),
            "data": {"request_id": hexa(r, 16)}, "timestamp": when(r)}


def event(r, e, crumbs, modules):
    person = r.choice(NAMES)
    number = r.randrange(10 ** 6)
    frames = []
    for frame, variables in e["frames"]:
        frame = dict(frame)
        if variables:
            frame["vars"] = {v: value(r) for v in variables}
        frames.append(frame)
    return {
        "event_id": hexa(r, 32),
        "timestamp": when(r),
        "level": "error",
        "platform": "python",
        "transaction": e["transaction"],
        "transaction_info": {"source": "route"},
        "release": "shop@4.%d.%d" % (r.randrange(3), r.randrange(10)),
        "environment": r.choice(("production", "staging")),
        "server_name": "web-%d-%s" % (r.randrange(12), hexa(r, 5)),
        "exception": {"values": [{
            "type": e["type"], "module": "shop.errors",
            "value": e["text"] % (number, hexa(r, 12)),
            "mechanism": {"type": "django", "handled": False},
            "stacktrace": {"frames": frames}}]},
        "breadcrumbs": {"values": [breadcrumb(r) for _ in range(crumbs)]},
        "user": {"id": str(number), "email": "%s%d@example.com" % (
            person, number), "ip_address": "203.0.113.%d" % r.randrange(256)},
        "tags": {"region": r.choice(("eu-1", "eu-2", "us-1")),
                 "tenant": name(r, 1), "request_id": hexa(r, 16)},
        "request": {
            "url": "https://shop.example.com" + e["transaction"].replace(
                "{", "").replace("}", ""),
            "method": "POST",
            "query_string": "page=%d&token=%s" % (r.randrange(90),
                                                  hexa(r, 20)),
            "headers": {"Host": "shop.example.com", "Accept": "*/*",
                        "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; "
                                      "rv:%d.0) Gecko/20100101 Firefox/%d.0"
                                      % ((r.randrange(100, 140),) * 2),
                        "X-Request-Id": hexa(r, 32)},
            "env": {"SERVER_NAME": "shop", "SERVER_PORT": "443",
                    "REMOTE_ADDR": "203.0.113.%d" % r.randrange(256)}},
        "contexts": {
            "trace": {"trace_id": hexa(r, 32), "span_id": hexa(r, 16),
                      "parent_span_id": None, "op": "http.server"},
            "runtime": {"name": "CPython", "version": "3.11.2",
                        "build": "3.11.2 (main, Nov 30 2024) [GCC 12.2.0]"}},
        "modules": modules,
        "extra": {"sys.argv": ["/usr/bin/gunicorn", "shop.wsgi"],
                  "elapsed": round(r.random() * 9, 6)},
        "sdk": {"name": "sentry.python.django", "version": "2.20.0",
                "packages": [{"name": "pypi:sentry-sdk",
                              "version": "2.20.0"}],
                "integrations": INTEGRATIONS},
    }


def envelope(event):
    payload = json.dumps(event, separators=(",", ":")).encode()

    # without sent_at: a fixed one is a sender's clock that is wrong, which is
    # corrected in the event, and that is not what an event costs

    header = json.dumps({
        "event_id": event["event_id"],
        "trace": {"trace_id": event["contexts"]["trace"]["trace_id"],
                  "environment": event["environment"],
                  "release": event["release"], "public_key": "0" * 32}})
    item = json.dumps({"type": "event", "content_type": "application/json",
                       "length": len(payload)})
    return len(payload), b"%s\n%s\n%s\n" % (header.encode(), item.encode(),
                                            payload)


def write(path, seed, n, frames, context, crumbs, packages):
    r = random.Random(seed)
    modules = {p: "%d.%d.%d" % (r.randrange(9), r.randrange(30),
                                r.randrange(9))
               for p in sorted(r.sample(PACKAGES, packages))}
    errors = [error(r, frames, context) for _ in range(ERRORS)]
    size = packed = 0

    with open(path + ".new", "wb") as f:
        for _ in range(n):
            # a few errors make most of the events, as everywhere
            e = errors[min(int(r.expovariate(4) * ERRORS), ERRORS - 1)]
            length, text = envelope(event(r, e, crumbs, modules))
            body = gzip.compress(text, 6, mtime=0)
            f.write(struct.pack("<I", len(body)) + body)
            size += length
            packed += len(body)

    os.rename(path + ".new", path)
    print("%s: %d events, %d bytes of JSON, %d of gzip each" % (
        os.path.basename(path), n, size // n, packed // n))


if len(sys.argv) != 2:
    sys.exit("usage: gen.py DIR")

for i, (kind, *parameters) in enumerate(SIZES):
    write("%s/%s.bin" % (sys.argv[1], kind), SEED + i, *parameters)
