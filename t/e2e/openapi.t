#!/usr/bin/env python3
"""
docs/openapi.yaml describes both read APIs as they are: it is valid OpenAPI,
has each operation of the source's tables and no other, and every operation of
it, with each of its parameters, is asked of a running server with data, whose
answers are as its schemas say.
"""

import glob
import json
import os
import re
import subprocess
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))

import et  # noqa: E402
import readapi  # noqa: E402

# with what they need; they check what is described, and what is answered
PACKAGES = ["openapi-spec-validator==0.9.0", "jsonschema==4.26.0",
            "PyYAML==6.0.3"]
DOCUMENT = os.path.join(et.TOP, "docs", "openapi.yaml")

METHODS = ("get", "put", "post", "delete")
# what changes something comes in this order, around what reads
ORDER = {"post": 0, "put": 1, "get": 2, "delete": 3}


def installed():
    """A venv with the packages, kept in build/; its python."""
    path = os.path.join(et.BUILD, "e2e", "openapi-0.9.0")
    python = os.path.join(path, "bin", "python")
    done = os.path.join(path, "installed")

    with et.locked(path + ".lock"):
        if not os.path.exists(done):
            for command in (
                    [sys.executable, "-m", "venv", "--clear", path],
                    [python, "-m", "pip", "install", "--quiet",
                     "--disable-pip-version-check"] + PACKAGES):
                output, status = et.run(command)
                if status != 0:
                    et.bail_out("%s were not installed\n%s"
                                % (", ".join(PACKAGES), output))
            open(done, "w").close()
    return python


try:
    import ensurepip  # noqa: F401
    import venv  # noqa: F401
except ImportError:
    et.skip_all("python3-venv is missing")

if os.environ.get("ET_OPENAPI") != "1":
    # this program again, where the packages are
    os.environ["ET_OPENAPI"] = "1"
    sys.stdout.flush()
    sys.exit(subprocess.call([installed(), os.path.abspath(__file__)]))

import jsonschema  # noqa: E402
import openapi_spec_validator  # noqa: E402
import yaml  # noqa: E402


def operations(document):
    """(path, method, operation), in the order in which they are asked."""
    found = [(path, method, item[method])
             for path, item in document["paths"].items()
             for method in METHODS if method in item]
    return sorted(found, key=lambda one: ORDER[one[1]])


def resolve(document, thing):
    while "$ref" in thing:
        ref = thing["$ref"].split("/")[1:]
        thing = document
        for name in ref:
            thing = thing[name]
    return thing


def scopes(text, macros):
    """Those that an operation's line of a table names, one of which it needs."""
    for name, meaning in macros.items():
        text = text.replace(name, meaning)
    return tuple(sorted(
        {name.lower() + ":read" for name in
         re.findall(r"ET_READS\((\w+)\)", text)}
        | {"%s:%s" % pair for pair in
           re.findall(r"et_scope_([a-z]+)_([a-z]+)", text.lower())}))


def tables():
    """(API, name, method, path, scopes) of the operations in src/read/."""
    found = set()
    for name in glob.glob(os.path.join(et.TOP, "src", "read", "*.c")):
        with open(name) as file:
            text = file.read()
        for table in re.finditer(
                r"^const et_operation_t\s+et_(\w+)_operations\[\] = \{(.*?)^};",
                text, re.S | re.M):
            macros = dict(re.findall(
                r"^#define (ET_\w+)\s+\((ET_SCOPE_[^)]*)\)", text, re.M))
            for line in re.finditer(
                    r'\{\s*"(\w+)",\s*ET_VERB_(\w+),\s*"([^"]+)",\s*\w+,'
                    r'\s*([^}]*)\}', table.group(2)):
                found.add((table.group(1), line.group(1),
                           line.group(2).lower(), line.group(3),
                           scopes(line.group(4), macros)))
    return found


def described(document):
    """The same of the document."""
    found = set()
    for path, method, operation in operations(document):
        api, name = operation["operationId"].split(".")
        path = re.sub(r"\{\w+\}", "*", path).strip("/")
        if api == "gitlab":
            path = path[len(readapi.GITLAB):]
        found.add((api, name, method, path, tuple(sorted(
            scope for one in operation["security"]
            for scope in one[api]))))
    return found


def parameters():
    """The names of the parameters that src/read/ asks a query for."""
    found = set()
    for name in glob.glob(os.path.join(et.TOP, "src", "read", "*.c")):
        with open(name) as file:
            found.update(re.findall(
                r'\bet_(?:call_(?:number|choice|period|texts)\(call,'
                r'|params_(?:get|next)\(&call->params,)\s*"(\w+)"',
                file.read()))
    return found


class Asked:
    """One operation, asked once for each of its parameters; each value of an
    enumeration is asked for once, by whichever operation has it first."""

    enumerated = set()

    def __init__(self, document, server, path, method, operation):
        self.document, self.server = document, server
        self.path, self.method, self.operation = path, method, operation
        self.name = operation["operationId"]
        self.parameters = [resolve(document, p)
                           for p in operation.get("parameters", [])]
        self.known = dict(server.known)
        self.known["spare"] = server.known["spare"][-1]
        self.wrong = []
        self.prepare()

    def prepare(self):
        """What changes something does it to what nothing else is read of."""
        if "{version}" in self.path:
            self.known["version"] = self.server.made[
                self.path.split("/")[3]]
        if self.method == "get":
            return
        if self.name == "gitlab.delete_project":
            self.known["project_id"] = self.server.expendable
        if self.method == "delete" and "issue" in self.path:
            self.known["spare"] = self.server.known["spare"].pop(0)
        if self.name != "gitlab.update_error":
            self.known["issue"] = self.known["spare"]

    def filled(self, example):
        """An example with what is known in place of {name}."""
        if isinstance(example, list):
            return [self.filled(item) for item in example]
        if isinstance(example, dict):
            return {name: self.filled(item) for name, item in example.items()}
        if isinstance(example, str):
            return re.sub(r"^\{(\w+)\}$",
                          lambda m: str(self.known[m.group(1)]), example)
        return example

    def url(self, parameters):
        path = re.sub(r"\{(\w+)\}", lambda m: urllib.parse.quote(
            str(self.known[m.group(1)]), safe=""), self.path)
        pairs = []
        for parameter in parameters:
            example = self.filled(parameter["example"])
            for item in example if isinstance(example, list) else [example]:
                pairs.append((parameter["name"], item))
        return path + ("?" + urllib.parse.urlencode(pairs) if pairs else "")

    def body(self):
        body = self.operation.get("requestBody")
        return None if body is None else self.filled(
            body["content"]["application/json"]["example"])

    def ask(self, parameters, token=True):
        """One call, whose answer has to be one that is described."""
        url = self.url(parameters)
        status, headers, content = self.server.call(
            self.method.upper(), url, self.body(), token)
        kind = headers.get("Content-Type")
        responses = self.operation["responses"]
        answer = resolve(self.document, responses.get(
            str(status), responses["default"]))
        said = "%s %s: %d" % (self.method.upper(), url, status)

        if token and str(status) not in responses:
            self.wrong.append("%s, which is not described: %s"
                              % (said, content))
            return headers
        if not token and status != 401:
            self.wrong.append(said + " without a token")

        for name in answer.get("headers", {}):
            if name not in headers:
                self.wrong.append("%s without %s" % (said, name))

        if "content" not in answer:
            if content not in (b"", ""):
                self.wrong.append("%s with a body: %r" % (said, content))
        elif kind not in answer["content"]:
            self.wrong.append("%s of type %s" % (said, kind))
        elif kind == "application/json":
            self.check(said, answer["content"][kind]["schema"], content)
        return headers

    def check(self, said, schema, content):
        validator = jsonschema.Draft202012Validator(
            dict(schema, components=self.document["components"]))
        for error in validator.iter_errors(content):
            self.wrong.append("%s\n  %s: %s" % (
                said, error.json_path, error.message[:500]))

    def choices(self, parameter):
        named = json.dumps(parameter, sort_keys=True)
        if parameter["in"] != "query" or named in self.enumerated:
            return []
        self.enumerated.add(named)
        return parameter["schema"].get("enum", [])

    def all(self):
        required = [p for p in self.parameters
                    if p["in"] == "query" and p.get("required")]
        for parameter in required:
            parameter.setdefault("example", ["{project}"])

        self.ask(required, token=False)
        changed = [p for p in self.parameters if p["in"] == "query"
                   and self.method != "get"]
        self.ask(required + [p for p in changed if p not in required])
        if self.method != "get":
            return

        cursor = None
        for parameter in self.parameters:
            if parameter["in"] == "query" and "example" in parameter \
               and parameter not in required:
                link = self.ask(required + [parameter]).get("Link") or ""
                cursor = cursor or re.search(
                    r'rel="next"; results="true"; cursor="(.+?)"', link)
            for choice in self.choices(parameter):
                self.ask(required + [dict(parameter, example=choice)])

        optional = [p for p in self.parameters if p["in"] == "query"
                    and "example" in p and p not in required
                    and p["name"] not in ("statsPeriod", "download")]
        self.ask(required + optional)

        for parameter in self.parameters:
            if parameter["name"] == "cursor" and cursor is not None:
                self.ask(required + [dict(parameter,
                                          example=cursor.group(1))])


with open(DOCUMENT) as file:
    document = yaml.safe_load(file)

try:
    openapi_spec_validator.validate(document)
    et.ok(True, "the document is valid OpenAPI")
except Exception as error:
    et.ok(False, "the document is valid OpenAPI", error)

wanted, there = tables(), described(document)
et.ok(len(wanted) > 50, "the source's tables are read")
et.same(sorted(wanted - there), [],
        "each operation of the source is described")
et.same(sorted(there - wanted), [],
        "each operation that is described is one of the source")

wanted = parameters()
et.ok(len(wanted) > 20, "the source's parameters are read")
et.same(sorted(wanted - {parameter["name"] for parameter in
                         document["components"]["parameters"].values()}), [],
        "each parameter of the source is described")

with readapi.Server() as server:
    for path, method, operation in operations(document):
        asked = Asked(document, server, path, method, operation)
        try:
            asked.all()
        except Exception as error:
            asked.wrong.append(repr(error))
        et.ok(not asked.wrong, "%s answers as it is described" % asked.name,
              "\n".join(asked.wrong[:10]))

et.finish()
