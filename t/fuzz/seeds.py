#!/usr/bin/env python3
"""
What the fuzz targets start from:

    seeds.py DIR

writes DIR/TARGET/*, small inputs of every form that a target reads, and
DIR/TARGET.dict, the words it looks for.  The same bytes each time.
"""

import base64
import gzip
import json
import os
import re
import struct
import sys
import zlib

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))

KEY = "a" * 32
ID = "0123456789abcdef0123456789abcdef"
DSN = "https://%s@sentry.example.com/1" % KEY


def symbols(header, prefix):
    """The names of a list of the core: X(PREFIX_NAME, "name" ...)."""
    with open(os.path.join(TOP, "src", "core", header)) as file:
        return re.findall(r'X\(%s\w+,\s*"([^"]+)"' % prefix, file.read())


ITEMS = symbols("et_envelope.h", "ET_ITEM_")
ENDPOINTS = symbols("et_route.h", "ET_ENDPOINT_")
LEGACY = ["Message", "User", "Http", "Contexts", "Breadcrumbs", "Exception",
          "Stacktrace", "Template", "Csp"]
PLATFORMS = ["python", "javascript", "node", "java", "go", "ruby", "php",
             "csharp", "native", "cocoa", "rust", "other"]


def frames(platform, n=2):
    return [{"filename": "src/app%d.py" % i, "abs_path": "/srv/src/app%d" % i,
             "function": f, "module": "shop.cart%d" % i, "lineno": 7 + i,
             "colno": 3, "in_app": i % 2 == 0, "context_line": "  f( x )",
             "pre_context": ["a"], "post_context": ["b"],
             "vars": {"x": "1", "password": "p"}, "platform": platform,
             "instruction_addr": "0x7f00", "package": "/lib/x.so"}
            for i, f in zip(range(n), ["a.b$lambda$7.call", "block in f",
                                       "f{{closure}}", "<anonymous>",
                                       "Object.<anonymous>"] * n)]


def exception(platform="python"):
    return {"type": "ValueError", "value": "order 17 of ann@example.com",
            "module": "shop", "mechanism": {"type": "x", "handled": False,
                                            "synthetic": True},
            "stacktrace": {"frames": frames(platform)}}


def events():
    """Every field in every form that SDKs are known to send."""
    for platform in PLATFORMS:
        yield {"platform": platform,
               "exception": {"values": [exception(platform)] * 2}}

    full = {
        "event_id": ID, "timestamp": "2023-11-14T22:13:20.123456+01:00",
        "level": "fatal", "logger": "app", "release": "shop@1.2.3+b.7",
        "environment": "staging", "dist": 45, "server_name": "web-7",
        "transaction": "checkout /cart", "culprit": "f in g",
        "platform": "python", "message": "disk 91% full",
        "tags": {"a": "b", "n": 7, "t": True, "z": None, "release": "x"},
        "extra": {"cart": [17, 4], "deep": {"a": {"b": [{}]}}},
        "user": {"id": 42, "email": "ann@example.com", "username": "änn",
                 "ip_address": "{{auto}}", "plan": "x"},
        "request": {"url": "http://x/?a=b", "method": "POST",
                    "headers": [["Cookie", "session=1"], ["X", ["a", "b"]]],
                    "query_string": [["a", "b"]], "cookies": {"a": "b"},
                    "data": {"password": "hunter2"}, "env": {"A": "b"}},
        "contexts": {"trace": {"trace_id": ID, "span_id": "a" * 16},
                     "os": {"name": "Linux"}, "x": None},
        "breadcrumbs": {"values": [{"message": "m", "category": "c",
                                    "timestamp": 1700000000.5, "data": {}}]},
        "sdk": {"name": "sentry.python", "version": "2.0", "packages": []},
        "fingerprint": ["{{ default }}", 7, True, "{{ tags.a }}"],
        "exception": [exception()], "modules": {"a": "1"},
    }
    yield full
    for name in full:
        yield {name: full[name]}

    for timestamp in (1700000000, 1.7e9, "1700000000.25", "2023-11-14",
                      "2023-11-14 22:13:20Z", "2023-11-14T22:13Z", None, -1,
                      1e99, "x"):
        yield {"timestamp": timestamp}
    for value in (None, True, 7, 1.5, "x", [], {}, [[]], [None], [["a"]],
                  [["a", "b"], ["a", None]], {"a": ["b"]}):
        for name in ("tags", "user", "release", "fingerprint", "exception",
                     "threads", "breadcrumbs", "logentry", "contexts",
                     "request", "sdk", "extra", "level", "event_id"):
            yield {name: value}
    for fingerprint in ("default", "transaction", "message", "type", "value",
                        "function", "module", "package", "level", "logger",
                        "tags.a", ""):
        yield dict(full, fingerprint=["{{ %s }}" % fingerprint])
        yield {"fingerprint": ["{{%s}}" % fingerprint, "x"], "message": "m"}
    for name in LEGACY:
        yield {"sentry.interfaces." + name: {"values": [exception()],
                                             "message": "m %s",
                                             "params": ["p"], "id": "1",
                                             "frames": frames("python"),
                                             "url": "http://x"}}
    for logentry in ("text", {"message": "a %s %(b)s {c}", "params": [1, "x"]},
                     {"message": "%(b)s", "params": {"b": 2}},
                     {"message": "{} {1} {@a:x} {{}} {", "params": [1, "x"]},
                     {"message": "{b!r} 100%", "params": {"b": 2}},
                     {"formatted": "done"}, {"message": {"message": "m"}}):
        yield {"logentry": logentry}
        yield {"message": logentry}
    yield {"threads": {"values": [
        {"id": 1, "crashed": True, "current": True,
         "stacktrace": {"frames": frames("native")}},
        {"id": 2, "stacktrace": None}]}}
    yield {"stacktrace": {"frames": frames("php", 60)}}
    yield {"exception": {"values": [None, {}, {"type": None},
                                    {"stacktrace": {"frames": [None, {}]}}]}}
    yield {"checksum": "a" * 32}
    for text in ("ann@example.com failed", "http://a/b?c#d", "10.0.0.1:80",
                 "[2001:db8::1]", ID, "7f6a2c1e-3b58-4c7e-9d6f-0a1b2c3d4e5f",
                 "2023-11-14T22:13:20Z", "took 15ms", "0xdeadbeef", "1.5e7",
                 "a 'quoted' \"text\"", "\n\na\r\nb\nc", "\u0000\ud83d\ude00",
                 "card 4111 1111 1111 1111", "Bearer abcdef", "a\u202eb"):
        yield {"message": text}


def long_events():
    """Every text longer than its limit, the limit inside a character."""
    def longer(value, text):
        if isinstance(value, str):
            return text
        if isinstance(value, list):
            return [longer(v, text) for v in value]
        if isinstance(value, dict):
            return {k: longer(v, text) for k, v in value.items()}
        return value

    full = next(e for e in events() if "logger" in e)
    for name, value in full.items():
        for first in ("", "x", "xy"):
            yield {name: longer(value, first + "\u20ac\U0001f600" * 90)}
    for first in ("", "x", "xy"):
        text = first + "\u20ac\U0001f600" * 1300
        yield {"message": text, "exception": [{"type": "E", "value": text}]}
    yield {"tags": {"\u20ac%d" % i + "\u20ac" * 70: "\u20ac" * 70
                    for i in range(210)}}


def event_texts():
    for event in events():
        yield json.dumps(event)
    for event in long_events():
        yield json.dumps(event, ensure_ascii=False)
    yield ' {"a": NaN, "b": [Infinity, -Infinity], "c": "NaN"}\n'
    yield r'{"message": "\ud800 \udc00 \u0000 \ud83d\ude00 \\u0000"}'
    yield "[" * 210 + "]" * 210
    yield '{"a":' * 198 + "1" + "}" * 198
    yield "null"
    yield '{"a":1} x'
    yield '{"a":"' + "x" * 9000 + '"}'


def item(kind, payload, length=True, **header):
    header["type"] = kind
    if isinstance(payload, str):
        payload = payload.encode()
    if length:
        header["length"] = len(payload)
    return json.dumps(header).encode() + b"\n" + payload + b"\n"


def envelope(*items, **header):
    return json.dumps(header).encode() + b"\n" + b"".join(items)


PAYLOADS = {
    "session": {"sid": ID, "did": "42", "seq": 1, "init": True,
                "started": "2023-11-14T22:13:20Z", "status": "exited",
                "timestamp": "2023-11-14T22:14:20Z", "duration": 60.5,
                "errors": 1, "attrs": {"release": "r", "environment": "e"}},
    "sessions": {"aggregates": [{"started": "2023-11-14T22:13:00Z",
                                 "did": "x", "exited": 7, "errored": 1,
                                 "abnormal": 1, "crashed": 1}],
                 "attrs": {"release": "r"}},
    "check_in": {"check_in_id": ID, "monitor_slug": "nightly",
                 "status": "in_progress", "duration": 1.5, "release": "r",
                 "environment": "e", "monitor_config": {
                     "schedule": {"type": "crontab", "value": "0 * * * *"},
                     "checkin_margin": 5, "max_runtime": 30,
                     "timezone": "Europe/Berlin"}},
    "client_report": {"timestamp": "2023-11-14T22:13:20Z",
                      "discarded_events": [{"reason": "sample_rate",
                                            "category": "error",
                                            "quantity": 7}]},
    "user_report": {"event_id": ID, "email": "a@example.com", "name": "A",
                    "comments": "it does not work"},
    "feedback": {"contexts": {"feedback": {
        "message": "m", "contact_email": "a@example.com", "name": "A",
        "url": "http://x", "associated_event_id": ID}}},
    "log": {"items": [{"timestamp": 1700000000.5, "trace_id": ID,
                       "level": "info", "severity_number": 9, "body": "b",
                       "attributes": {"a": {"value": 1, "type": "integer"},
                                      "b": {"value": "x",
                                            "type": "string"}}}]},
    "nel": [{"age": 7, "type": "network-error", "url": "http://x",
             "body": {"type": "tcp.timed_out", "phase": "connection"}}],
    "raw_security": {"csp-report": {"document-uri": "http://x",
                                    "violated-directive": "img-src",
                                    "blocked-uri": "http://y"}},
}
PAYLOADS["security"] = PAYLOADS["raw_security"]


def envelopes():
    error = json.dumps({"exception": {"values": [exception()]}})
    header = {"event_id": ID, "dsn": DSN, "sent_at": "2023-11-14T22:13:21Z",
              "sdk": {"name": "sentry.go", "version": "0.1"},
              "trace": {"trace_id": ID}}
    yield envelope(item("event", error), **header)
    yield envelope(item("event", error, length=False))
    yield envelope(item("event", error), item("event", "{}"), **header)
    yield envelope(item("attachment", b"\x00\n{}\n\xff" * 9, filename="a.bin",
                        content_type="application/octet-stream",
                        attachment_type="event.attachment"),
                   item("event", error), **header)
    form = b"".join(struct.pack("<I", len(text)) + text for text in
                    (b"sentry[release]", b"r", b"sentry", b"{}", b"a", b"b"))
    yield envelope(item("attachment", minidump(), filename="a.dmp",
                        attachment_type="event.minidump"),
                   item("form_data", form), **header)
    for kind in ITEMS:
        payload = json.dumps(PAYLOADS.get(kind, {"event_id": ID}))
        more = {"item_count": 1, "content_type":
                "application/vnd.sentry.items.log+json"} \
            if kind == "log" else {}
        yield envelope(item(kind, payload, **more), **header)
        yield envelope(item(kind, payload, length=False), item(kind, ""))
    yield envelope(**header)
    yield b"{}"
    yield b"{}\n\n\n{\"type\":\"event\"}"
    yield b"{}\n{\"type\":\"event\",\"length\":99}\n{}"
    yield b"{}\n{\"type\":\"event\",\"length\":2}\n{}x"
    yield b"{\"event_id\":null,\"sent_at\":null,\"dsn\":null}\n"
    yield b"{}\n{\"type\":\"event\",\"length\":-1}\n{}"


def deflated(data, bits):
    z = zlib.compressobj(6, zlib.DEFLATED, bits)
    return z.compress(data) + z.flush()


def zipped(data):
    return gzip.compress(data, mtime=0)


def brotli(data):
    """One block that is not compressed (RFC 7932), of up to 64 KiB."""
    if not data:
        return b"\x06"
    bits = (len(data) - 1) << 4 | 1 << 20
    return bits.to_bytes(3, "little") + data + b"\x03"


def zstd(data):
    """A frame of one raw block (RFC 8878)."""
    return (b"\x28\xb5\x2f\xfd\xa0" + struct.pack("<I", len(data))
            + (len(data) << 3 | 1).to_bytes(3, "little") + data)


# what has Content-Encoding's number in et_encoding.h, and the target's byte
# for it alone
ENCODINGS = [bytes, zipped, zlib.compress, brotli, zstd]


def alone(number):
    return 1 + 3 * number if number else 0


# per target: (bytes of choice, bytes) pairs

def fuzz_envelope():
    for i, data in enumerate(envelopes()):
        number = i % len(ENCODINGS) if i % 3 else 0
        yield bytes([0, alone(number)]), ENCODINGS[number](data)
        if b'"dsn"' in data:
            yield bytes([0x80, 0]), data
    for i, text in enumerate(event_texts()):
        if i % 5 == 0:
            data = text.encode()
            yield bytes([1, 0]), data
            yield bytes([1, alone(1)]), zipped(data)
            yield bytes([1, 0]), base64.b64encode(data)
            yield bytes([1, 0]), base64.b64encode(zlib.compress(data))


def fuzz_event():
    for i, text in enumerate(event_texts()):
        yield bytes([i % 8]), text.encode()


def releases():
    yield {"version": "shop@1", "projects": ["shop"], "ref": "main",
           "url": "https://ci/1", "status": "open",
           "dateReleased": "2023-11-14T22:13:20.123456789+01:00",
           "commits": [{"id": ID, "message": "a\n", "author_name": "Ann",
                        "author_email": "ann@example.com",
                        "timestamp": "2023-11-14T22:13:20Z",
                        "repository": "shop"}] * 2}
    yield {"refs": [{"repository": "shop", "commit": ID}]}
    yield {"environment": "production", "name": "first",
           "dateStarted": "2023-11-14T22:13:20Z", "dateFinished": None}
    yield {"request": {"query_string": "?a=1&b=%20+", "cookies": "a=1; b=2",
                       "headers": [["a", "b"], ["c"]]},
           "user": {"id": 1, "data": {"a": 1}, "geo": {"city": "B"}},
           "threads": {"values": [{"id": 1, "held_locks": {},
                                   "stacktrace": {"frames": frames("go")}}]},
           "template": {"filename": "t", "lineno": 2, "context_line": "x"},
           "csp": {"effective_directive": "img-src"},
           "debug_meta": {"images": [{"type": "elf"}]},
           "contexts": {"os": {}}, "modules": {"a": "1"}}


def fuzz_read():
    for text in event_texts():
        yield b"", text.encode()
    for value in releases():
        yield b"", json.dumps(value).encode()


QUESTIONS = [
    "project=7&field=title&field=tags[q7z]&query=level:q7z+!a:*q7z*+has:q7z"
    "+issue.id:5+timestamp:-1h+id:0123456789abcdef0123456789abcdef+q7z"
    "&sort=-timestamp&environment=q7z&per_page=2&cursor=0:2:0",
    "field=issue&field=project&field=count()&field=count_if(q7z,equals,q7z)"
    "&field=count_unique(q7z)&field=any(q7z)&field=last_seen()&sort=-count"
    "&query=project:q7z+release:[a,q7z]+user:q7z+x:>3&statsPeriod=14d",
    "yAxis=count()&yAxis=epm()&field=q7z&groupBy=q7z&topEvents=3&interval=1h",
    "field=sum(session)&field=p95(session.duration)&groupBy=release"
    "&orderBy=-sum(session)&query=release:q7z*+!environment:q7z",
    "field=sum(quantity)&groupBy=outcome&category=q7z&outcome=q7z&reason=q7z",
    "query=is:unresolved+assigned:q7z+firstSeen:-24h+timesSeen:>2+q7z:%22q7z"
    "%22&sort=freq&limit=5&statsPeriod=14d&environment=q7z&id=5&full=1",
    "status=resolved&sort=frequency_desc&query=q7z&queryPeriod=1d&download",
]


def fuzz_question():
    body = (b'{"status":"resolved","statusDetails":{"inRelease":"q7z"},'
            b'"version":"q7z","projects":["7"],"environment":"q7z",'
            b'"commits":[{"id":"q7z"}],"assignedTo":"q7z"}')
    for i in range(100):
        query = QUESTIONS[i % len(QUESTIONS)].encode()
        yield bytes([i, i]) + struct.pack(">H", len(query)), query + body


def fuzz_encoding():
    text = b"{\"message\":\"" + b"0123456789" * 50 + b"\"}"
    for name in ("gzip", "x-gzip", " GZIP ", "deflate", "br", "zstd",
                 "identity", "", "gzip, gzip", "br,zstd ,deflate", "gzip;q=1", ",,"):
        yield b"\x00", name.encode()
    for data in (b"", b"x", text, b"\x00" * 70000, bytes(range(256)) * 3):
        yield b"\x01", zipped(data)
        yield b"\x02", zipped(data) * 2
        yield b"\x02", zipped(data) + b"\x00" * 9
        yield b"\x03", zlib.compress(data)
        yield b"\x04", deflated(data, -15)
        for mode in (5, 6, 7, 5 + 36, 6 + 72, 7 + 108):
            yield bytes([mode]), data
        if len(data) < 65536:
            yield b"\x08", brotli(data)
            yield b"\x09", zstd(data)
            yield b"\x0a\x01\x03", zstd(data)
            yield b"\x0a\x12\x00", zipped(zipped(data))
            yield b"\x0b\x02\x04", zlib.compress(brotli(data))
            yield b"\x0b\x00\x00", zlib.compress(data)
    for flags in range(32):
        yield b"\x01", (b"\x1f\x8b\x08" + bytes([flags]) + b"\x00" * 6
                        + b"\x02\x00xxname\x00comment\x00")


def fuzz_request():
    for text in ("Sentry sentry_version=7, sentry_key=%s, "
                 "sentry_client=sentry.python/2.0, sentry_timestamp=1.5, "
                 "sentry_secret=s" % KEY,
                 "sentry sentry_key=glet_%s,sentry_version=7" % KEY,
                 "Sentry sentry_key=%s, sentry_key=b" % KEY,
                 "Sentry sentry_key=%s" % ("a" * 255),
                 "Sentry sentry_key=%s" % ("a" * 256),
                 "Sentry sentry_version=8", "Bearer x", "Sentry", ""):
        yield b"\x00", text.encode()
    for user in (KEY + ":", KEY, "a@b:c", ""):
        yield b"\x04", b"Basic " + base64.b64encode(user.encode())
        yield b"\x05", base64.b64encode(user.encode())
    for text in ("sentry_key=%s&sentry_version=7&sentry_client=a%%2F1" % KEY,
                 "?sentry_key=a%20b", "a&b=&sentry_key=", "sentry_version=99"):
        yield b"\x01", text.encode()
        yield b"\x05", text.encode()
    for text in (DSN, "http://a:b@[::1]:9000/errortracking/api/v1/projects/5",
                 "//a@b/1", "https://a@b", "https://a@b/x/18446744073709551616"):
        yield b"\x02", text.encode()
    for endpoint in ENDPOINTS + ["x"]:
        for form in ("/api/5/%s/", "//x//api//7/%s", "/api/%s/",
                     "/errortracking/api/v1/projects/api/5/%s/",
                     "/api/18446744073709551615/%s/a", "/api/x/%s/"):
            yield b"\x03", (form % endpoint).encode()
    for text in (ID, ID.upper(), "01234567-89ab-cdef-0123-456789abcdef",
                 "18446744073709551615", "18446744073709551616", "007", ""):
        yield b"\x06", text.encode()


def minidump():
    """What et_minidump.c reads of one: system, exception, module."""
    name = "/usr/lib/libgame.so".encode("utf-16-le")
    system = bytes(20) + struct.pack("<I", 0x8201) + bytes(12)
    raised = struct.pack("<IIIIQQII", 7, 0, 11, 0, 0, 0x7f0000001234, 0, 0)
    module = struct.pack("<QIIII", 0x7f0000000000, 0x10000, 0, 0, 0)
    directory, blobs = b"", b""
    at = 32 + 3 * 12
    for kind, blob in ((7, system), (6, raised),
                       (4, struct.pack("<I", 1) + module + bytes(84))):
        if kind == 4:
            blob = blob[:24] + struct.pack("<I", at + len(blob)) + blob[28:]
        directory += struct.pack("<III", kind, len(blob), at)
        blobs += blob
        at += len(blob)
    blobs += struct.pack("<I", len(name)) + name
    return (b"MDMP" + struct.pack("<IIIIIQ", 0xa793, 3, 32, 0, 1700000000, 0)
            + directory + blobs)


def unreal(newer=True):
    def text(data):
        return struct.pack("<I", len(data)) + data

    files = b"".join(struct.pack("<I", i) + text(name + bytes(8)) + text(data)
                     for i, (name, data) in enumerate((
                         (b"CrashContext.runtime-xml", b"<a>b</a>"),
                         (b"UE4Minidump.dmp", minidump()))))
    head = text(b"dir") + text(b"file") + struct.pack("<II", 9, 2)
    return (b"CR1" + head + files) if newer else (head + files + head)


def zone():
    """A version 2 file with two rules, and a rule for what comes after."""
    head = b"TZif2" + bytes(15)
    counts = struct.pack(">IIIIII", 0, 0, 0, 2, 2, 8)
    types = struct.pack(">iBBiBB", 3600, 0, 0, 7200, 1, 4) + b"CET\0CES\0"
    old = struct.pack(">ii", 10 ** 9, 1700000000) + b"\1\0" + types
    new = struct.pack(">qq", 10 ** 9, 1700000000) + b"\1\0" + types
    return (head + counts + old + head + counts + new
            + b"\nCET-1CEST,M3.5.0,M10.5.0/3\n")


def multipart(*parts, end=b"--"):
    body = b"".join(b"--xYz\r\n" + head + b"\r\n\r\n" + data + b"\r\n"
                    for head, data in parts)
    return body + b"--xYz" + end + b"\r\n"


def forms():
    yield multipart((b'Content-Disposition: form-data; name="a"', b"b"))
    yield multipart(
        (b'content-disposition:form-data;name=sentry', b'{"release":"r"}'),
        (b'Content-Disposition: form-data; name="upload_file_minidump"; '
         b'filename="a\\"b.dmp"\r\nContent-Type: application/x-dmp',
         minidump()))
    yield multipart((b"X: y", b""), (b"", b"--xY"), end=b"")
    yield b"preamble\r\n" + multipart((b"A", b"\r\n--xYw"))


def fuzz_format():
    for form in forms():
        yield b"\x00", b"multipart/form-data; boundary=xYz\n" + form
        yield b"\x00", b'Multipart/Form-Data;a=b; BOUNDARY="xYz"\n' + form
    yield b"\x01", minidump()
    for newer in (True, False):
        yield b"\x02", unreal(newer)
    yield b"\x03", zone()
    for text in ("* * * * *", "*/5 0-6/2 1,15 jan-mar MON-FRI", "@daily",
                 "0 3 29 2 *", "0 0 30 2 *", "30 2 * * 7", "@hourly",
                 "59 23 31 12 0", "60 * * * *", "5-1 * * * *", "*/0 * * * *",
                 "Europe/Berlin", "../../etc/passwd"):
        yield b"\x04", text.encode()
    for text in ("2023-11-14T22:13:20.123456789+01:00", "2023-11-14 22:13",
                 "1700000000.5", "2023-02-29", "1970-01-01t00:00:00z",
                 "9999-12-31T23:59:60Z", "1e9", "-1", "0x10"):
        yield b"\x05", text.encode()
    for glob, text in (("*timeout*", "a Timeout b"), ("a?c*e", "abcde"),
                       ("*a*b*c*d*e*", "aabbccddee"), ("", ""), ("?", "\u20ac"),
                       ("****", ""), ("\u20ac*", "\u20acx"), ("1.2.*", "1.2.3")):
        yield b"\x06", ("%s\n%s" % (glob, text)).encode()
    for text in ("10.0.0.0/8", "::1", "2001:db8::/32", "1.2.3.4", "::ffff:1.2.3.4",
                 "1.2.3.4/33", "::/129", "1.2.3", "::1%eth0", "0.0.0.0/0"):
        yield b"\x07", text.encode()


def reports():
    """(endpoint, type, query, body) of what browsers and people send."""
    csp = {"csp-report": {
        "document-uri": "http://x/a", "referrer": "", "status-code": 200,
        "violated-directive": "img-src 'self'", "blocked-uri": "http://y/b.png",
        "effective-directive": "img-src", "original-policy": "default-src",
        "source-file": "http://x/a.js", "line-number": 7,
        "script-sample": "eval(", "disposition": "enforce"}}
    yield 0, "application/csp-report", "sentry_environment=e", csp
    yield 0, "application/json", "sentry_release=r%20s", csp
    yield 0, "application/reports+json", "", [
        {"age": 7, "type": "csp-violation", "url": "http://x",
         "user_agent": "M", "body": {
             "blockedURL": "inline", "documentURL": "http://x",
             "effectiveDirective": "script-src-elem", "statusCode": 200,
             "lineNumber": 7, "columnNumber": 1, "sourceFile": "a.js",
             "disposition": "report", "sample": "x"}}]
    yield 0, "application/expect-ct-report+json", "", {"expect-ct-report": {
        "date-time": "2023-11-14T22:13:20Z", "hostname": "x", "port": 443,
        "effective-expiration-date": "2023-11-14T22:13:20Z",
        "served-certificate-chain": ["-----BEGIN"], "scts": [
            {"version": 1, "status": "invalid", "source": "embedded"}]}}
    yield 0, "application/expect-staple-report", "", {
        "expect-staple-report": {"date-time": "2023-11-14T22:13:20Z",
                                 "hostname": "x", "port": 443,
                                 "response-status": "ERROR_RESPONSE",
                                 "cert-status": "REVOKED"}}
    yield 0, "application/hpkp-report", "", {
        "date-time": "2023-11-14T22:13:20Z", "hostname": "x", "port": 443,
        "include-subdomains": True, "noted-hostname": "x",
        "served-certificate-chain": [], "known-pins": ["pin-sha256"]}
    yield 1, "application/reports+json", "", [
        {"age": 7, "type": "network-error", "url": "http://x", "body": {
            "elapsed_time": 18, "method": "POST", "phase": "dns",
            "protocol": "http/1.1", "referrer": "http://y", "server_ip": "",
            "sampling_fraction": 1.0, "status_code": 0,
            "type": "dns.name_not_resolved"}}]
    yield 2, "", "status=in_progress&check_in_id=" + ID, ""
    yield 2, "", "status=ok&duration=1.5&environment=e", ""
    yield 2, "application/json", "", dict(PAYLOADS["check_in"], status="error")
    yield (3, "application/x-www-form-urlencoded", "eventId=" + ID,
           "name=Bob&email=b%40x.de&comments=it+does+not%0Awork")
    form = "multipart/form-data; boundary=xYz"
    for body in forms():
        yield 4, form, "", body
        yield 6, form, "", body
    yield 4, "application/octet-stream", "", minidump()
    yield 4, form, "", multipart(
        (b'Content-Disposition: form-data; name="upload_file_minidump"; '
         b'filename="a.dmp"', minidump()),
        (b'Content-Disposition: form-data; name="sentry[release]"', b"r"),
        (b'Content-Disposition: form-data; name="sentry__1"', b'{"dist":'),
        (b'Content-Disposition: form-data; name="sentry__2"', b'"d"}'),
        (b'Content-Disposition: form-data; name="extra"', b"x"),
        (b'Content-Disposition: form-data; name="log"; filename="l.txt"',
         b"a line\n"))
    for newer in (True, False):
        yield 5, "", "UserID=u&AppVersion=1", zlib.compress(unreal(newer))
    yield 6, form, "", multipart(
        (b'Content-Disposition: form-data; name="f"; filename="a.bin"\r\n'
         b"Content-Type: text/plain", bytes(range(256))))


def fuzz_endpoint():
    for endpoint, kind, args, body in reports():
        if not isinstance(body, (str, bytes)):
            body = json.dumps(body)
        if isinstance(body, str):
            body = body.encode()
        head = ("%s\n%s\n" % (kind, args)).encode()
        yield bytes([endpoint, 0]), head + body
        yield bytes([endpoint, alone(1)]), head + zipped(body)


def secrets():
    """What is scrubbed, in each place and form."""
    texts = ["4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00",
             "219-09-9999", "Bearer abcdef.ghi", "https://a:b@x/c?token=d",
             "-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE "
             "KEY-----", "password=hunter2&a=b", '{"password": "x", "a": 1}',
             "Cookie: sessionid=a; b=c", "ann@example.com", "10.0.0.1",
             "a=1; PHPSESSID=2", "passwd: x", "token = 'y'",
             "\u0070assword=\\u0078", "[Filtered]"]
    names = ["password", "Secret", "API-KEY", "api_key", "auth",
             "authorization", "credentials", "mysql_pwd", "privateKey",
             "token", "otp", "two_factor", "cookie", "csrftoken", "shoe_size",
             "author", "footprint", "tokens", "note"]
    for text in texts:
        yield {"message": text, "extra": {"a": text, "l": [text, [text]]},
               "exception": {"values": [{"value": text, "stacktrace": {
                   "frames": [{"vars": {"a": text}, "context_line": text,
                               "filename": text}]}}]},
               "request": {"url": text, "query_string": text, "data": text,
                           "cookies": text, "headers": [["Cookie", text],
                                                        ["User-Agent", text]]},
               "breadcrumbs": [{"message": text, "data": {"url": text}}]}
    for name in names:
        for value in ("x", 7, True, None, {"a": {"b": "c"}}, ["a", [1]], ""):
            yield {"extra": {name: value, "more": {name: value}},
                   "request": {"headers": [[name, value]],
                               "query_string": [[name, value]]},
                   "tags": [[name, value]], name: value}
    yield {"items": [{"body": text, "attributes": {
        name: {"value": text, "type": "string"} for name in names}}
        for text in texts]}
    yield {"user": {"ip_address": "10.0.0.1", "id": 1},
           "request": {"env": {"REMOTE_ADDR": "::1"}},
           "sdk": {"settings": {"infer_ip": "auto"}},
           "debug_meta": {"images": [{"password": "x"}]}}


def fuzz_scrub():
    for i, event in enumerate(secrets()):
        text = json.dumps(event).encode()
        for choice in (0, 0x20, 0xc0):
            yield bytes([choice | i % 3]), text
        yield b"\x02", text
    for text in ("password=x&y=z", "a\npassword: b", "\u0070assword"):
        yield b"\x03", text.encode()
    for i, text in enumerate(event_texts()):
        if i % 4 == 0:
            yield bytes([i % 3]), text.encode()


WORDS = {
    "json": ['{"', '":', '",', '"}', "[[", "]]", "null", "true", "false",
             "NaN", "-Infinity", "\\u0000", "\\ud800", "\\ud83d\\ude00",
             "1e400", "\xef\xbb\xbf", "\xed\xa0\x80", "\xf4\x90\x80\x80"],
    "framing": ["\n", "\r\n", '{"type":"', '"length":', '"item_count":',
                '"content_type":', '"filename":', '"attachment_type":',
                '"event_id":', '"dsn":', '"sent_at":', '"sdk":'],
    "request": ["Sentry ", "sentry_key=", "sentry_version=", "sentry_client=",
                "sentry_secret=", "Basic ", "/api/", "//", "https://", "@",
                "?", "&", "%2F", ", ", "glet_" + KEY, KEY,
                "18446744073709551616"],
    "gzip": ["\x1f\x8b\x08\x00", "\x78\x9c", "\x78\x01", "\x03\x00",
             "\x01\x00\x00\xff\xff", "\x00\x00\xff\xff",
             "\x28\xb5\x2f\xfd", "\x06", "\x03"],
    "format": ["--xYz", "\r\n", "\r\n\r\n", "Content-Disposition: ",
               "Content-Type: ", "form-data; ", 'name="', 'filename="',
               "multipart/form-data", "boundary=", "MDMP", "*", "?", "/32", "::", "CR1", "TZif2",
               "\xff\xff\xff\xff", "\x00\x00\x00\x00", "*/", "@yearly",
               "jan", "sun", "T", "Z", "+01:00", "1700000000"],
}


def dictionary(name):
    """Entries of libFuzzer's dictionaries, one a line."""
    words = []
    if name in ("fuzz_envelope", "fuzz_event", "fuzz_read"):
        names = set()
        for event in events():
            names.update(re.findall(r'"([A-Za-z_.]+)": ', json.dumps(event)))
        words += WORDS["json"] + ['"%s":' % n for n in sorted(names)]
        words += ["{{ default }}", "{{ tags.a }}", "{{auto}}"]
    if name == "fuzz_envelope":
        words += WORDS["framing"] + ['"%s"' % kind for kind in ITEMS]
    if name in ("fuzz_envelope", "fuzz_encoding"):
        words += WORDS["gzip"]
    if name == "fuzz_scrub":
        words += WORDS["json"] + sorted(
            {'"%s":' % n for event in secrets()
             for n in re.findall(r'"([A-Za-z_-]+)": ', json.dumps(event))})
        words += ["\\u0070assword", "password=", "sessionid=", "Bearer ",
                  "://a:b@", "4111111111111111", "4111 1111 1111 1111",
                  "DE89370400440532013000", "219-09-9999", "[Filtered]",
                  "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----",
                  "a@example.com", '\\"', "%3D", "; "]
    if name in ("fuzz_format", "fuzz_endpoint"):
        words += WORDS["format"]
    if name == "fuzz_endpoint":
        words += WORDS["json"] + WORDS["gzip"]
        words += sorted({'"%s":' % n for report in reports() for n in
                         re.findall(r'"([A-Za-z_-]+)": ',
                                    json.dumps(report[3], default=str))})
        words += ["sentry_environment=", "status=", "eventId=", "check_in_id=",
                  "name=", "email=", "comments=", "sentry[", "sentry__1",
                  "upload_file_minidump", "application/csp-report",
                  "application/reports+json"]
    if name == "fuzz_question":
        words += sorted({word for question in QUESTIONS for word in
                         re.findall(r"[a-zA-Z_.]+[(=:]?", question)})
    if name == "fuzz_request":
        words += WORDS["request"] + ENDPOINTS
    return "".join('"%s"\n' % "".join(
        c if " " <= c <= "~" and c not in '"\\' else "\\x%02x" % ord(c)
        for c in word) for word in words)


def main():
    for make in (fuzz_encoding, fuzz_endpoint, fuzz_envelope, fuzz_event,
                 fuzz_format, fuzz_question, fuzz_read, fuzz_request,
                 fuzz_scrub):
        directory = os.path.join(sys.argv[1], make.__name__)
        os.makedirs(directory, exist_ok=True)
        for i, (choice, data) in enumerate(make()):
            with open(os.path.join(directory, "%04d" % i), "wb") as file:
                file.write(choice + data)
        with open(directory + ".dict", "w") as file:
            file.write(dictionary(make.__name__))


if __name__ == "__main__":
    main()
