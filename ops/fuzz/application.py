"""The demonstration member's application as the fuzzer needs it: applied for, and always with a row left to change."""

import random
import uuid

import requests

TIMEOUT_SECONDS = 60
APPLICATIONS = "/api/v1/applications"
PROGRAMS = "/api/v1/programs"
TOKENS = "/api/v1/tokens"
MAILS = "/api/v1/mails"
IMPORTS = "/api/v1/imports"
EXPORTS = "/api/v1/report-exports"
LISTS = {"research-activities", "conferences", "papers"}
# Under this name the outcomes count what is no operation of the API's.
UNDESCRIBED = "methods not in the description"


def sign_in(url, role):
    """A session of one of the demonstration's identities, with its cookie."""
    session = requests.Session()
    answer = session.post(
        f"{url}/demo/sign-in", data={"identity": role}, timeout=TIMEOUT_SECONDS, allow_redirects=False
    )
    if "shinsei_session" not in session.cookies:
        raise SystemExit(f"signing in as {role} gave no session (status {answer.status_code})")
    return session


class Application:
    """One application, seen and edited by its member."""

    def __init__(self, url, identifier=None):
        self.url = url
        self.id = identifier
        self.session = sign_in(url, "member")
        self.staff = sign_in(url, "secretariat")

    def apply(self):
        """Applies for the first program that takes the member, documents and exam together."""
        refusals = []
        for program in self.get(PROGRAMS)["programs"]:
            answer = self.post(APPLICATIONS, {"program": program["id"], "scope": "documents_and_exam"})
            if answer.ok:
                self.id = answer.json()["id"]
                return
            refusals.append(f"{program['id']}: {answer.status_code} {answer.text}")
        raise SystemExit("no program takes the demonstration's member: " + "; ".join(refusals))

    def any_token(self):
        """The id of a new token of a machine client, to be revoked."""
        answer = self.staff.post(
            f"{self.url}{TOKENS}",
            json={"name": "fuzzed", "role": "reporter", "scopes": ["read-programs"], "days": 1},
            headers={"Idempotency-Key": str(uuid.uuid4())},
            timeout=TIMEOUT_SECONDS,
        )
        return answer.json()["id"] if answer.ok else None

    def any_mail(self):
        """The id of one of the application's mails, once there is one that has gone."""
        mails = self.staff.get(f"{self.url}{MAILS}?state=sent&limit=200", timeout=TIMEOUT_SECONDS)
        found = mails.json()["mails"] if mails.ok else []
        return random.choice(found)["id"] if found else None

    def template_version(self, notice):
        """The version that the next save of a mail's template must name."""
        answer = self.staff.get(f"{self.url}/api/v1/mail-templates/{notice}", timeout=TIMEOUT_SECONDS)
        return answer.json()["version"] if answer.ok else None

    def any_import(self):
        """The id of a run of an import: the demonstration begins with some."""
        answer = self.staff.get(f"{self.url}{IMPORTS}", timeout=TIMEOUT_SECONDS)
        runs = answer.json()["imports"] if answer.ok else []
        return random.choice(runs)["id"] if runs else None

    def any_export(self):
        """The id of a file that was just asked for."""
        answer = self.staff.post(
            f"{self.url}{EXPORTS}",
            json={"list": "members", "format": "csv"},
            headers={"Idempotency-Key": str(uuid.uuid4())},
            timeout=TIMEOUT_SECONDS,
        )
        return answer.json()["id"] if answer.ok else None

    def documents(self):
        return f"{APPLICATIONS}/{self.id}/documents"

    def get(self, path):
        answer = self.session.get(self.url + path, timeout=TIMEOUT_SECONDS)
        return answer.json() if answer.ok else None

    def post(self, path, body, **headers):
        headers["Idempotency-Key"] = str(uuid.uuid4())
        return self.session.post(self.url + path, json=body, headers=headers, timeout=TIMEOUT_SECONDS)

    def path_of(self, document):
        """Where a document is read: one that is a list is read as its rows."""
        path = f"{self.documents()}/{document}"
        return f"{path}/rows" if document in LISTS else path

    def revision(self, document):
        """The revision that the next save of the document must name, or nothing when it cannot be had."""
        found = self.get(self.path_of(document))
        return None if found is None else found["revision"]

    def any_row(self, document):
        """The id of one of the document's rows; adds one when the fuzzer has deleted them all."""
        path = self.path_of(document)
        found = self.get(path)
        if found is None:
            return None
        if not found["rows"]:
            self.post(path, {}, **{"If-Match": f'"{found["revision"]}"'})
            found = self.get(path)
        return random.choice(found["rows"])["id"] if found["rows"] else None
