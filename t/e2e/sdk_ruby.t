#!/usr/bin/env python3
"""
Ruby's sentry-ruby, and sentry-raven, which came before it, both as Debian has
them: what a program reports with it is in ClickHouse, field by field.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))

import et
import sdk


def version(library, constant):
    output, status = et.run(["ruby", "-r", library, "-e",
                             "puts %s" % constant])
    if status != 0:
        et.skip_all("%s is missing (packages ruby-%s)" % (library, library))
    return output.split()[-1]


versions = {"ruby": version("sentry-ruby", "Sentry::VERSION"),
            "raven": version("sentry-raven", "Raven::VERSION")}
suite = sdk.Suite()

with suite.running(len(versions)):
    for name, program, sdk_name, items, without, encodings in (
            ("ruby", "send.rb", "sentry.ruby",
             ["session", "transaction"], ["dist"], ["empty", "gzip"]),
            # its bodies are base64 of a zlib stream
            ("raven", "send_raven.rb", "raven-ruby",
             [], ["dist", "context"], ["-"])):
        suite.check(sdk.Language(
            name=("ruby " if name == "ruby" else "ruby raven ")
            + versions[name],
            command=["ruby", os.path.join(et.LIB, program)],
            platform="ruby",
            sdk_name=sdk_name,
            chain=(("PaymentDeclined", "order 1207 not charged"),
                   "Errno::ECONNREFUSED"),
            again="NotFound",
            other="KeyError",
            frame="charge",
            culprit=r"\bweigh\b",
            traced=False,
            without=without,
            items=items,
            encodings=encodings))

et.finish()
