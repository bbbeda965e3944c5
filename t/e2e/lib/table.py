"""
docs/sdks.md: a row for each SDK and version, with what became of what it
sent.  A test compares the row of what it ran with what it saw; "make sdks"
writes it.
"""

import os

import et

DOCS = os.path.join(et.TOP, "docs", "sdks.md")
WRITE = os.environ.get("ET_SDKS") == "write"

STORED = "stored"
COUNTED = "counted"
NOTHING = "–"

# of an item's type, and what the table calls it
COLUMNS = [("error", "error"), ("message", "message"),
           ("attachment", "attachment"), ("session", "session"),
           ("check_in", "check-in"), ("feedback", "feedback"),
           ("log", "log"), ("client_report", "client report"),
           ("transaction", "transaction, span")]


def line(cells):
    return "| %s |" % " | ".join(cells)


def read():
    """The lines before the table, its rows by name, the lines after it."""
    with open(DOCS, encoding="utf-8") as file:
        lines = file.read().splitlines()
    start = next(i for i, text in enumerate(lines)
                 if text.startswith("| SDK |"))
    end = start
    while end < len(lines) and lines[end].startswith("|"):
        end += 1
    rows = {row.split("|")[1].strip(): row for row in lines[start + 2:end]}
    return lines[:start], rows, lines[end:]


def write(name, row):
    with et.locked(os.path.join(et.BUILD, "e2e", "sdks.md.lock")):
        before, rows, after = read()
        rows[name] = row
        head = ["SDK"] + [title for kind, title in COLUMNS] + ["sent as"]
        text = "\n".join(before + [line(head), "|---" * len(head) + "|"]
                         + [rows[name] for name in sorted(rows)] + after)
        with open(DOCS + ".new", "w", encoding="utf-8") as file:
            file.write(text + "\n")
        os.rename(DOCS + ".new", DOCS)


def check(name, seen, transport):
    """seen: STORED or COUNTED by an item's type."""
    row = line([name] + [seen.get(kind, NOTHING) for kind, title in COLUMNS]
               + [", ".join(transport)])
    if WRITE:
        write(name, row)
    et.same(read()[1].get(name), row,
            "%s: docs/sdks.md says what was seen (\"make sdks\" writes it)"
            % name)
