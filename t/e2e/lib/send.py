"""
Errors of a Python program, sent with sentry-sdk 1 or 2 as its users do:

    send.py report|hello|traffic DSN

What sdk.py says in ET_SCOPE is set; the last line is "SENT" and what was
sent.
"""

import base64
import errno
import json
import os
import sys

import sentry_sdk

try:
    from sentry_sdk import logger
except ImportError:
    logger = None

SCOPE = json.loads(os.environ["ET_SCOPE"])

sent = {"version": sentry_sdk.VERSION}


class PaymentDeclined(Exception):
    pass


def connect(host):
    raise ConnectionRefusedError(errno.ECONNREFUSED,
                                 "connection refused by " + host)


def charge(order):
    try:
        connect("payments.example.com")
    except OSError as error:
        raise PaymentDeclined("order %d not charged" % order) from error


def find_order(number, customer):
    raise LookupError("order %d of %s not found" % (number, customer))


def weigh(parcel):
    return parcel["weight"]


def captured(function, *arguments):
    try:
        function(*arguments)
    except Exception as error:
        return sentry_sdk.capture_exception(error)


def scope():
    """A scope for the block: 2's way, else 1's."""
    if hasattr(sentry_sdk, "new_scope"):
        return sentry_sdk.new_scope()
    return sentry_sdk.push_scope()


def before_send(event, hint):
    return None if event.get("tags", {}).get("drop") else event


def start(**more):
    sentry_sdk.init(dsn=sys.argv[2], release=SCOPE["release"],
                    dist=SCOPE["dist"], environment=SCOPE["environment"],
                    server_name=SCOPE["server_name"], debug=True,
                    send_default_pii=True, before_send=before_send, **more)


def report():
    start()

    with scope() as s:
        s.set_user(SCOPE["user"])
        for name, text in SCOPE["tags"].items():
            s.set_tag(name, text)
        s.set_extra("cart", SCOPE["extra"])
        s.set_context("order", SCOPE["context"])
        s.set_transaction_name(SCOPE["transaction"])
        sentry_sdk.add_breadcrumb(category="cart",
                                  message=SCOPE["breadcrumb"])

        s.set_level("fatal")
        sent["chain"] = captured(charge, SCOPE["order"])
        s.set_level("warning")
        sent["message"] = sentry_sdk.capture_message(SCOPE["message"])

    sent["again"] = []
    for number, customer in SCOPE["again"]:
        with scope() as s:
            s.set_user({"id": customer})
            sent["again"].append(captured(find_order, number, customer))

    sent["other"] = captured(weigh, {})

    with scope() as s:
        for text in SCOPE["many"]:
            sentry_sdk.add_breadcrumb(category="many", message=text)
        sent["large"] = sentry_sdk.capture_message("a large event")


def hello():
    start()
    sent["hello"] = captured(weigh, {})


def traffic():
    from sentry_sdk.crons import capture_checkin

    start(traces_sample_rate=1.0, auto_session_tracking=True,
          **({"enable_logs": True} if logger else {}))
    items = sent["items"] = {"transaction": {}, "client_report": {}}

    sessions = getattr(sentry_sdk, "get_isolation_scope",
                       lambda: sentry_sdk.Hub.current)()
    sentry_sdk.set_user({"id": SCOPE["user"]["id"]})
    sessions.start_session(session_mode="application")

    with sentry_sdk.start_transaction(op="task", name="nightly") as span:
        with sentry_sdk.start_span(op="db", description="SELECT 1"):
            sent["traced"] = captured(weigh, {})
        sent["trace_id"] = span.trace_id

    with scope() as s:
        s.add_attachment(
            bytes=base64.b64decode(SCOPE["attachment"]["base64"]),
            filename=SCOPE["attachment"]["filename"])
        sent["attached"] = captured(find_order, 1, "c")
    items["attachment"] = {"event_id": sent["attached"]}

    with scope() as s:
        s.set_tag("drop", "yes")
        captured(weigh, {})

    monitor = SCOPE["monitor"]
    config = {"schedule": {"type": "crontab", "value": monitor["crontab"]},
              "checkin_margin": monitor["margin"],
              "max_runtime": monitor["max_runtime"],
              "timezone": monitor["timezone"]}
    id = capture_checkin(monitor_slug=monitor["slug"], status="in_progress",
                         monitor_config=config)
    capture_checkin(monitor_slug=monitor["slug"], check_in_id=id, status="ok",
                    duration=monitor["duration"])
    items["check_in"] = {"id": id, "configured": True}

    if logger:
        name, text = SCOPE["log"]["attribute"]
        logger.warning(SCOPE["log"]["warn"])
        logger.error(SCOPE["log"]["error"], attributes={name: text})
        items["log"] = {}

    sessions.end_session()
    items["session"] = {}


globals()[sys.argv[1]]()

if hasattr(sentry_sdk, "get_client"):
    sentry_sdk.get_client().close(timeout=20)
else:
    sentry_sdk.Hub.current.client.close(timeout=20)

print("SENT " + json.dumps(sent))
