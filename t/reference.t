#!/usr/bin/env python3
"""The README names what the source has: every directive with its contexts,
every metric with its type and labels, every table; and nothing that the
source has not."""

import glob
import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

count = 0


def read(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as f:
        return f.read()


def same(what, source, readme):
    global count
    count += 1
    missing = sorted(source - readme)
    extra = sorted(readme - source)
    print("%s %d - %s" % ("not ok" if missing or extra else "ok", count, what))
    for item in missing:
        print("# not in the README:", item)
    for item in extra:
        print("# only in the README:", item)


def section(readme, title):
    return re.search(r"^## %s\n(.*?)(?=^## |\Z)" % title, readme,
                     re.M | re.S).group(1)


def rows(text):
    for line in text.splitlines():
        cells = [c.strip() for c in
                 re.split(r"(?<!\\)\|", line.strip().strip("|"))]
        if line.startswith("|") and "`" in cells[0]:
            yield cells


CONTEXTS = (("NGX_HTTP_MAIN_CONF", "http"), ("NGX_HTTP_SRV_CONF", "server"),
            ("NGX_HTTP_LOC_CONF", "location"))

readme = read("README.md")
module = read("ngx_http_errortracking_module.c")
status = read("src/http/ngx_http_errortracking_status.c")
sql = "".join(read(os.path.relpath(f, ROOT))
              for f in sorted(glob.glob(ROOT + "/conf/clickhouse/*.sql")))

directives = re.findall(r'ngx_string\("(errortracking_\w+)"\),\s+([A-Z0-9_|]+)',
                        module)
same("the README lists every directive with its contexts",
     {"%s: %s" % (name, ", ".join(c for flag, c in CONTEXTS
                                  if flag in flags.split("|")))
      for name, flags in directives},
     {"%s: %s" % (re.match(r"`(\w+)`", cells[0]).group(1), cells[1])
      for cells in rows(section(readme, "Directives"))})

header = read("src/http/ngx_http_errortracking.h")
defaults = dict(re.findall(r"X\((max_\w+), +([0-9 *]+)\)",
                           read("src/core/et_limits.h")))
DEFAULTS = {name: defaults[field] for name, field in re.findall(
    r'ngx_string\("(errortracking_max_\w+)"\)[^}]*limit_offset\((\w+)\)',
    module)}
DEFAULTS["errortracking_max_body_size"] = re.search(
    r"#define NGX_HTTP_ERRORTRACKING_MAX_BODY\s+\(([0-9 *]+)\)",
    header).group(1)


def size(value):
    product = 1
    for factor in value.split("*"):
        product *= int(factor)
    for unit, shift in (("m", 20), ("k", 10)):
        if product >> shift and product % (1 << shift) == 0:
            return "`%d%s`" % (product >> shift, unit)
    return "`%d`" % product


same("the README gives the limits' defaults as they are",
     {"%s %s" % (name, size(value)) for name, value in DEFAULTS.items()},
     {"%s %s" % (re.match(r"`(\w+)`", cells[0]).group(1), cells[2])
      for cells in rows(section(readme, "Directives"))
      if re.match(r"`(\w+)`", cells[0]).group(1) in DEFAULTS})

flush = read("src/http/ngx_http_errortracking_flush_conf.c")
same("the README describes every parameter of errortracking_flush",
     set(re.findall(r'ngx_string\("(\w+=)"\)', flush)),
     set(re.findall(r"`(\w+=)[^*`]",
                    re.search(r"\*\*`errortracking_flush`\*\*.*?(?=\n- \*\*)",
                              readme, re.S).group(0))))

metrics = set(re.findall(r'\{ "(errortracking_\w+)", "(\w+)"', status))
metrics |= set(re.findall(r'_head\(&?page, "(\w+)",\s+"(\w+)"', status))
labels = dict(re.findall(r'\{ "(errortracking_\w+)", "\w+",\s+"[^;{}]*?", '
                         r'"(\w+)",\s+ngx_http_errortracking_(?:counter|gauge)',
                         status))
listed = set()
for cells in rows(section(readme, "Metrics")):
    kind = re.match(r"\w+", cells[1]).group(0)
    for name in re.findall(r"`(\w+)`", cells[0]):
        listed.add((name, kind))
        if name in labels:
            same("the README gives the label of " + name, {labels[name]},
                 set(re.findall(r"`(\w+)`", cells[1])))
same("the README lists every metric with its type",
     {"%s %s" % m for m in metrics}, {"%s %s" % m for m in listed})

same("the module needs the schema's version as it is",
     set(re.findall(r"#define ET_ROW_SCHEMA\s+(\d+)",
                    read("src/core/et_row.h"))),
     set(re.findall(r"SELECT (\d+) AS version", sql)))

tables = set(re.findall(r"CREATE (?:(?:TABLE|VIEW) IF NOT EXISTS|OR REPLACE "
                        r"VIEW) errortracking\.(\w+)", sql))
same("the README lists every table", tables,
     {re.match(r"`(\w+)`", cells[0]).group(1)
      for cells in rows(section(readme, "Tables"))})

reasons = set(re.findall(r"X\(ET_\w+,\s+\"\w+\",\s+(\d+)",
                         read("src/core/et_reason.h")))
same("the README lists every status of a refusal", reasons,
     set(re.findall(r"\b\d{3}\b", " ".join(
         cells[0] for cells in
         ([c.strip() for c in line.strip("|").split("|")]
          for line in section(readme, "Answers").splitlines()
          if line.startswith("| ") and line[2].isdigit())))))

# docs/normalisation.md: notes and limits

doc = read("docs/normalisation.md")
core = [read(os.path.relpath(f, ROOT))
        for f in sorted(glob.glob(ROOT + "/src/core/*.[ch]"))]


def note(literals):
    text = "".join(re.findall(r'"((?:[^"\\\\]|\\\\.)*)"', literals))
    return re.sub("…+", "…", re.sub(r"%[-+.*]*(?:zu|lld|d|s)", "…", text))


same("the notes are described as they read",
     {note(literals) for text in core for literals in re.findall(
         r'et_(?:event|payload)_note\([\w>&.-]+, [\w>.-]+,\s+((?:"[^"]*"\s*)+)',
         text)},
     {re.match("`(.*)`", cells[0]).group(1)
      for cells in rows(section(doc, "Notes"))})

constants = {name: eval(value) for text in core for name, value in re.findall(
    r"#define (ET_MAX_\w+)\s+\(?(\d+(?: \* \d+)*)\)?\s", text)}
fields = {name: constants[limit] for text in core for name, limit in re.findall(
    r'et_event_read_(?:text|scalar|cut)\([^;"]*"([^"]+)",\s+(ET_MAX_\w+)\)',
    text)}
fields.update({"a tag's value": constants["ET_MAX_TAG_VALUE"],
               "logentry": constants["ET_MAX_MESSAGE"],
               "request.data": constants["ET_MAX_BODY"],
               "extra": constants["ET_MAX_EXTRA"]})
same("fields are cut where it says", {"%s %d" % f for f in fields.items()},
     {"%s %s" % (re.match("`(.*)`", cells[0]).group(1), cells[1])
      for cells in rows(section(doc, "What is cut"))})

print("1..%d" % count)
