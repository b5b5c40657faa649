"""A demonstration server of its own, and people who speak to it as programs do, to bring about what a page is to show."""

import csv
import http.client
import io
import json
import os
import random
import re
import signal
import socket
import subprocess
import time
import uuid
from itertools import count
from pathlib import Path
from urllib.parse import urlencode

DATA = Path(__file__).parents[2] / "api" / "src" / "demonstration"
FOURTH = "specialist-renewal-4th-2026"
FIRST_TO_THIRD = "specialist-renewal-2026"
SESSION = "shinsei_session"
ANSI = re.compile(r"\x1b\[[0-9;]*m")
TIMEOUT_SECONDS = 300


def free_port():
    """A free port on loopback, below those that the kernel takes for outgoing connections. Each of pytest's workers has
    ports of its own: another's server must not come between the look and the start."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    for _ in range(200):
        port = random.randrange(20_000 + worker, 32_000, workers)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port on 127.0.0.1")


def wrong_lines(log):
    """The lines of a server's log that no run may have: of panics, and of what the server itself calls an error."""
    lines = ANSI.sub("", log).splitlines()
    return [line for line in lines if "panicked at" in line or re.search(r"\bERROR\b", line)]


class Service:
    """`shinsei serve` on a SQLite file in a directory; started again there, it goes on with what it has."""

    def __init__(self, directory):
        self.directory = Path(directory)
        self.log = self.directory / "server.log"
        self.process = None
        self.url = None
        self.port = None
        self._numbers = count(1)

    def start(self, programs=None, port=None):
        """`programs`: a directory of program files in place of those that come with the binary. `port`: where it was before."""
        port = port or free_port()
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        environment = os.environ | {
            "SHINSEI_DATABASE_URL": f"sqlite://{self.directory}/browser.db",
            "SHINSEI_MAIL_FOLDER": f"{self.directory}/mail",
            "SHINSEI_LISTEN": f"127.0.0.1:{port}",
        }
        if programs:
            environment["SHINSEI_PROGRAMS"] = str(programs)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [os.environ["SHINSEI_TEST_BINARY"], "serve"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment,
            )
        self._wait_until_ready()
        return self

    def _wait_until_ready(self):
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"the server ended with {self.process.returncode} at its start"
            try:
                if self.ask("GET", "/readyz").status == 200:
                    return
            except ConnectionError:
                pass
            time.sleep(0.02)
        raise AssertionError("the server did not become ready")

    def stop(self):
        """Stops in an orderly way and tells what was wrong: lines of the log that no run may have, a bad ending."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(timeout=TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = f"{self.process.wait()}, as it did not stop at SIGTERM"
        wrong = [] if code == 0 else [f"the server ended with {code}"]
        return wrong + wrong_lines(self.log.read_text(errors="replace"))

    def ask(self, method, path, body=None, headers=None):
        """One request with an answer that is JSON, where it is."""
        host = self.url.removeprefix("http://")
        connection = http.client.HTTPConnection(host, timeout=TIMEOUT_SECONDS)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            return Answer(f"{method} {path}", answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def sign_in(self, identity="member", number=None):
        """Somebody who is signed in."""
        form = {"identity": identity} | ({"member": number} if number else {})
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = self.ask("POST", "/demo/sign-in", urlencode(form), headers)
        cookie = re.match(rf"{SESSION}=([^;]+)", answer.headers.get("Set-Cookie", ""))
        assert answer.status == 303 and cookie, f"signing in as {identity} answered {answer.status}"
        return Person(self, cookie[1])

    def member(self, like="9000001"):
        """A new member with the record, the seminars and the payments of one of the demonstration's; signed in."""
        number = f"{92_000_000 + next(self._numbers)}"
        secretariat = self.sign_in("secretariat")
        for kind in ["members", "seminar-attendance", "payments"]:
            rows = list(csv.reader(io.StringIO((DATA / f"{kind}.csv").read_text("utf-8-sig"))))
            column = rows[0].index("会員番号")
            wanted = [row for row in rows[1:] if row[column] == like]
            for row in wanted:
                row[column] = number
                if kind == "members":
                    # What is another member's would wait for a person.
                    row[rows[0].index("メールアドレス")] = f"member{number}@example.jp"
                    row[rows[0].index("医籍登録番号")] = number
                if kind == "payments":
                    row[0] += f"-{number}"
            if not wanted:
                continue
            file = io.StringIO()
            csv.writer(file).writerows([rows[0], *wanted])
            report = secretariat.post_csv(f"/api/v1/imports/{kind}", file.getvalue())
            assert report["bad"] == report["unknown_member"] == 0 and not report["reported"], f"{kind} of {number}: {report}"
        return Applicant(self.sign_in("member", number), number)

    def demonstrated(self, number):
        """One of the demonstration's own members."""
        return Applicant(self.sign_in("member", number), number)


class Answer:
    """What the server answered."""

    def __init__(self, asked, status, headers, content):
        self.asked, self.status, self.headers, self.content = asked, status, headers, content

    def ok(self):
        """The JSON of an answer that did what was asked."""
        assert 200 <= self.status < 300, f"{self.asked} answered {self.status}"
        return json.loads(self.content) if self.content else None


class Person:
    """A session."""

    def __init__(self, service, session):
        self.service, self.session = service, session
        self._cookie = {"Cookie": f"{SESSION}={session}"}

    def get(self, path):
        return self.service.ask("GET", path, headers=self._cookie)

    def send(self, method, path, body=None, revision=None):
        """A write."""
        headers = self._cookie | {"Idempotency-Key": str(uuid.uuid4()), "Content-Type": "application/json"}
        if revision is not None:
            headers["If-Match"] = f'"{revision}"'
        return self.service.ask(method, path, None if body is None else json.dumps(body), headers)

    def post_csv(self, path, text):
        headers = self._cookie | {"Idempotency-Key": str(uuid.uuid4()), "Content-Type": "text/csv"}
        return self.service.ask("POST", path, text.encode("utf-8-sig"), headers).ok()

    def cookies(self):
        """For a browser that is to be this person."""
        return [{"name": SESSION, "value": self.session, "url": self.service.url}]


class Applicant:
    """A member, and the application that is talked about."""

    LISTS = ("research-activities", "conferences", "papers")

    def __init__(self, person, number):
        self.person, self.number = person, number
        self.program = self.id = None

    def cookies(self):
        return self.person.cookies()

    def apply(self, program=FOURTH, scope="documents_and_exam"):
        """申込"""
        self.program, self.id = program, f"{program}.{self.number}"
        self.person.send("POST", "/api/v1/applications", {"program": program, "scope": scope}).ok()
        return self

    def page(self, rest=""):
        """The address of a page of the application."""
        return f"/applications/{self.id}{rest}"

    def path(self, rest=""):
        return f"/api/v1/applications/{self.id}{rest}"

    def get(self, rest=""):
        return self.person.get(self.path(rest)).ok()

    def status(self):
        """The lines of 状態."""
        return self.get()["status"]["lines"]

    def document(self, slug):
        return self.get(f"/documents/{slug}{'/rows' if slug in self.LISTS else ''}")

    def value(self, slug):
        """What is saved of a document that is saved whole."""
        return self.document(slug)["value"]

    def rows(self, slug):
        """What is saved of a list."""
        return self.document(slug)["rows"]

    def save(self, slug, value):
        """入力内容保存 of a document that is saved whole."""
        revision = self.document(slug)["revision"]
        return self.person.send("PUT", self.path(f"/documents/{slug}"), value, revision).ok()

    def add(self, slug, row):
        """新規作成; the id of the row."""
        return self.person.send("POST", self.path(f"/documents/{slug}/rows"), row).ok()["row"]

    def revise(self, slug, row, value):
        """入力内容保存 of a row."""
        revision = self.document(slug)["revision"]
        return self.person.send("PUT", self.path(f"/documents/{slug}/rows/{row}"), value, revision).ok()

    def remove(self, slug, row):
        """削除"""
        revision = self.document(slug)["revision"]
        return self.person.send("DELETE", self.path(f"/documents/{slug}/rows/{row}"), revision=revision).ok()

    def total_years(self, typed):
        """登録 of 総年数."""
        revision = self.document("research-activities")["revision"]
        address = self.path("/documents/research-activities/total-years")
        return self.person.send("PUT", address, {"total_years": typed}, revision).ok()

    def missing(self):
        """The sentences of 申請完了要件."""
        return [one["message"] for one in self.get("/requirements")["missing"]]

    def history(self, query=""):
        """Every change, newest first."""
        return self.get(f"/history?limit=200&{query}")["entries"]

    def order(self, what):
        """submission, withdrawal or exam."""
        self.person.send("POST", self.path(f"/{what}")).ok()
        return self
