"""Loaded by schemathesis: leads generated requests to things that exist, and counts what was answered.

The generator cannot know an application's id, a row's id or the revision that a save must name, and would collect 404s and
412s. Most requests are given real ones; every tenth keeps what was generated, so that those answers are tested too. Requests
that are malformed on purpose keep their headers: a missing Idempotency-Key is one of the things to be tried.
"""

import atexit
import json
import os
import random
import threading
import uuid
from pathlib import Path

import schemathesis
from schemathesis import GenerationMode

from application import UNDESCRIBED, Application

AS_GENERATED = 0.1
CHANCE = random.Random(20260603)
# What the description says in words.
NAMES = {
    "notice": ["applied", "submitted", "reminder"],
    "report": ["progress", "incomplete", "units", "review", "money", "members", "forecast"],
    "list": ["applications", "members", "charges", "received", "unmatched", "committee", "certified", "reminders"],
}

_application = Application(os.environ["FUZZ_URL"], os.environ["FUZZ_APPLICATION"])
_outcomes = {}
_lock = threading.Lock()


def document_of(path):
    """The document's name in a path template like /api/v1/applications/{id}/documents/papers/rows/{row}."""
    parts = path.split("/documents/", 1)
    return parts[1].split("/")[0] if len(parts) == 2 else None


@schemathesis.hook
def before_call(context, case, kwargs):
    if CHANCE.random() < AS_GENERATED:
        return
    document = document_of(case.path)
    if document is not None and "{" in document:
        document = case.path_parameters.get(document.strip("{}"))
    if "id" in case.path_parameters:
        case.path_parameters["id"] = _application.id
    if "member" in case.path_parameters:
        case.path_parameters["member"] = _application.id.rsplit(".", 1)[-1]
    if "import" in case.path_parameters:
        run = _application.any_import()
        if run is not None:
            case.path_parameters["import"] = run
    if "token" in case.path_parameters:
        # Each is revoked by the request, so the tokens that are good stay few.
        token = _application.any_token()
        if token is not None:
            case.path_parameters["token"] = token
    if "mail" in case.path_parameters:
        mail = _application.any_mail()
        if mail is not None:
            case.path_parameters["mail"] = mail
    if "export" in case.path_parameters:
        export = _application.any_export()
        if export is not None:
            case.path_parameters["export"] = export
    for name, known in NAMES.items():
        if name in case.path_parameters:
            case.path_parameters[name] = CHANCE.choice(known)
    if "row" in case.path_parameters:
        row = _application.any_row(document)
        if row is not None:
            case.path_parameters["row"] = row
    malformed_on_purpose = case.meta is not None and case.meta.generation.mode == GenerationMode.NEGATIVE
    if case.path == "/api/v1/audit/export" and not malformed_on_purpose:
        case.query["application"] = _application.id
    if case.path.startswith(("/api/v1/reports/", "/api/v1/report-lists/")) and not malformed_on_purpose:
        # A condition of a list is a word that it knows; twenty of them made up at once are never all good.
        case.query = {name: text for name, text in case.query.items() if name in ("limit", "after")}
        if case.path.endswith("/file"):
            case.query["format"] = CHANCE.choice(["xlsx", "csv", "csv_cp932"])
    if malformed_on_purpose or case.method.upper() == "GET":
        return
    case.headers["Idempotency-Key"] = str(uuid.uuid4())
    if document is not None:
        revision = _application.revision(document)
        if revision is not None:
            case.headers["If-Match"] = f'"{revision}"'
    if case.method.upper() == "PUT" and "notice" in case.path_parameters:
        version = _application.template_version(case.path_parameters["notice"])
        if version is not None:
            case.headers["If-Match"] = f'"{version}"'


@schemathesis.hook
def after_call(context, case, response):
    described = case.method.upper() == case.operation.method.upper()
    # Methods that the description does not have are tried too; they are no operations of ours, but may not break anything.
    operation = case.operation.label if described else UNDESCRIBED
    with _lock:
        statuses = _outcomes.setdefault(operation, {})
        status = str(response.status_code)
        statuses[status] = statuses.get(status, 0) + 1


@atexit.register
def write_outcomes():
    Path(os.environ["FUZZ_OUTCOMES"]).write_text(json.dumps(_outcomes))
