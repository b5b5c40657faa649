"""Every screen in every state, each looked at once; the tests judge what was seen."""

import os
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote, urlsplit

from axe_playwright_python.sync_playwright import Axe

import forms
from look import SIDEWAYS, SMALL_TARGETS
from service import FIRST_TO_THIRD, FOURTH
from window import DESKTOP, PHONE, Window, until

# Width of the screenshots and of what axe judges.
WIDTHS = {1280: DESKTOP, 375: PHONE}
NARROWEST = {"width": 320, "height": 640}
CRITERIA = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
AXE = Axe()
# Older ones do not know all of WCAG 2.2.
assert tuple(map(int, re.search(r"axe v(\d+)\.(\d+)", AXE.axe_script).groups())) >= (4, 10)


class People:
    """Whose pages are looked at. They are only read, but for those who meet a second window."""

    def __init__(self, service, new_service):
        self._service, self._new_service = service, new_service

    @cached_property
    def unapplied(self):
        """Has not applied yet; may apply for documents and exam, and for documents alone."""
        return self._service.member()

    @cached_property
    def year_before(self):
        """May take the exam alone."""
        return self._service.member("9000003")

    @cached_property
    def unregistered(self):
        """May not apply: 医籍登録 is missing."""
        return self._service.member("9000005")

    @cached_property
    def fresh(self):
        """Has applied and filled in nothing."""
        return self._service.member().apply()

    @cached_property
    def documents_only(self):
        """Has applied without the exam."""
        return self._service.member("9000004").apply(FIRST_TO_THIRD, "documents_only")

    @cached_property
    def exam_only(self):
        return self._service.member("9000003").apply(FIRST_TO_THIRD, "exam_only")

    @cached_property
    def filled(self):
        """Everything is filled in; a row counts 0 and one was removed."""
        member = self._service.member().apply()
        self._fill_in(member)
        return member

    @cached_property
    def submitted(self):
        member = self._service.member().apply()
        self._fill_in(member)
        return member.order("submission")

    @cached_property
    def checked(self):
        """書類確認中: half of it is checked, a row is adjusted, a note is written."""
        member = self._service.member().apply()
        self._fill_in(member)
        self._complete(member)
        desk = Desk(self.secretariat, member)
        paper = member.rows("papers")[0]["id"]
        desk.put("/review/checks", {"target": {"document": "resume"}, "mark": "checked"})
        desk.put("/review/checks", {"target": {"document": "profile"}, "mark": "needs_correction"})
        desk.put("/review/checks", {"target": {"document": "papers", "row": paper}, "mark": "needs_correction"})
        desk.put("/review/units", {"target": {"document": "papers", "row": paper}, "units": 7, "reason": "写しは共著のため"})
        desk.put("/review/proofs", {"proof": "unit_proofs", "state": "received"})
        desk.put("/review/labels", {"labels": ["要相談"]})
        desk.post("/review/notes", {"note": "電話で掲載誌名を確認中"})
        return member

    @cached_property
    def returned(self):
        """差し戻し中; one of two items is dealt with."""
        member = self._service.member().apply()
        self._fill_in(member)
        self._complete(member)
        Desk(self.secretariat, member).send_back(member)
        member.save("profile", forms.PROFILE | {"text": "がん薬物療法の実施体制を整えてきました。"})
        return member

    @cached_property
    def at_desk(self):
        """The secretariat before the application that is half checked."""
        return Desk(self.secretariat, self.checked)

    @cached_property
    def bulk(self):
        """一括処理 that is previewed: one application is left out."""
        late = self._service.member().apply()
        body = {"act": "extend", "until": "2026-08-31T17:00", "reason": "大規模災害のため", "applications": [late.id, self.checked.id]}
        desk = Desk(self.secretariat, late)
        desk.run = self.secretariat.send("POST", "/api/v1/bulk-runs", body).ok()["id"]
        return desk

    @cached_property
    def approvals(self):
        """失効 that waits for a second person."""
        late = self._service.member().apply()
        desk = Desk(self.secretariat, late)
        seen = self.secretariat.get(f"/api/v1/applications/{late.id}/review").ok()["revision"]
        body = {"explanation": "期限までにお手続きがなかったため、失効といたしました。", "reason": "理事会の決定", "seen": seen}
        path = f"/api/v1/applications/{late.id}/certification/lapse"
        desk.run = self.secretariat.send("POST", path, body).ok()["id"]
        return desk

    @cached_property
    def at_desk_returned(self):
        return Desk(self.secretariat, self.returned)

    @cached_property
    def withdrawn(self):
        return self._service.member().apply().order("withdrawal")

    @cached_property
    def mistaken(self):
        """Every document has mistakes."""
        member = self._service.member().apply()
        member.save("resume", forms.WRONG_RESUME)
        member.save("profile", forms.WRONG_PROFILE)
        member.save("clinical-experience", forms.WRONG_EXPERIENCE)
        member.add("research-activities", forms.WRONG_ACTIVITY)
        member.total_years("長年")
        member.add("conferences", forms.WRONG_CONFERENCE)
        member.add("papers", forms.WRONG_PAPER)
        return member

    @cached_property
    def hurried(self):
        """Has two windows open: what is saved changes while a form is open."""
        member = self._service.member().apply()
        self._fill_in(member)
        return member

    @cached_property
    def moved(self):
        """連絡先 is 自宅."""
        return self._service.member("9000007").apply(FIRST_TO_THIRD)

    @cached_property
    def late(self):
        """On a server on which お申込み期間 is over."""
        service = self._new_service().start()
        member = service.member().apply()
        self._fill_in(member)
        service.stop()
        service.start(programs=closed_programs(service.directory / "closed"))
        return member

    @cached_property
    def too_late(self):
        """Has not applied, on that server."""
        return self.late.person.service.member("9000004")

    @cached_property
    def secretariat(self):
        return self._service.sign_in("secretariat")

    @cached_property
    def reporter(self):
        return self._service.sign_in("reporter")

    @cached_property
    def reporting(self):
        """The reporter of a society with applications at several stages, and a file that is made."""
        desk = Desk(self.reporter, self.checked)
        self.returned  # noqa: B018 - the figures count it
        body = {"list": "applications", "format": "csv_cp932"}
        desk.run = self.reporter.send("POST", "/api/v1/report-exports", body).ok()["id"]
        return desk

    @staticmethod
    def _fill_in(member):
        member.save("profile", forms.EARLIER_PROFILE)
        forms.fill_in_required(member)
        member.add("conferences", forms.CONFERENCE)
        member.add("conferences", forms.OTHER_CONFERENCE)
        member.add("papers", forms.PAPER)
        member.remove("papers", member.add("papers", forms.PAPER | {"content": "取り下げる論文"}))


    @staticmethod
    def _complete(member):
        """Enough papers for 申請を完了する."""
        for number in range(5):
            member.add("papers", forms.PAPER | {"content": f"論文 その{number}"})
        member.order("submission")


class Desk:
    """Somebody of the secretariat before an application."""

    def __init__(self, person, member):
        self.person, self.id = person, member.id

    def cookies(self):
        return self.person.cookies()

    def page(self, rest=""):
        return f"/desk/applications/{self.id}{rest}"

    def put(self, rest, body):
        self.person.send("PUT", f"/api/v1/applications/{self.id}{rest}", body).ok()

    def post(self, rest, body):
        self.person.send("POST", f"/api/v1/applications/{self.id}{rest}", body).ok()

    def send_back(self, member):
        paper = member.rows("papers")[0]["id"]
        self.post("/return", {
            "items": [
                {"document": "profile", "comment": "具体的にお書きください。"},
                {"document": "papers", "row": paper, "field": "content", "comment": "掲載誌名・巻・号・頁を追記してください。"},
            ],
            "message": "お手数ですが、次の2点をご確認ください。",
            "due": "2026-08-31T17:00",
            "reason": "書類の不備",
            "seen": self.person.get(f"/api/v1/applications/{self.id}/review").ok()["revision"],
        })


def closed_programs(directory):
    """The programs of the binary, as if お申込み期間 had ended when the demonstration's clock begins."""
    source = Path(__file__).parents[2] / "domain" / "programs"
    directory.mkdir()
    for file in source.glob("*.toml"):
        text = file.read_text()
        (directory / file.name).write_text(text.replace('closes = "2026-08-01T00:00"', 'closes = "2026-06-01T00:00"'))
    return directory


@dataclass(frozen=True)
class Screen:
    """A screen in a state. `place` is what its title says first."""

    name: str
    state: str
    who: str | None
    place: str
    address: str | None = None
    steps: object = None
    status: int = 200
    # Whether the title says エラー：.
    wrong: bool = False
    program: str = FOURTH

    @property
    def id(self):
        return f"{self.name}-{self.state}"

    def go(self, page, person):
        """Leads to the screen; the answer that it is."""
        if self.steps:
            return self.steps(page, person)
        id_ = getattr(person, "id", None)
        return page.goto(self.address.format(application=f"/applications/{id_}", desk=f"/desk/applications/{id_}", own=f"/{id_}", run=getattr(person, "run", None), program=self.program))


@dataclass
class Seen:
    """What was seen of a screen."""

    screen: Screen
    status: int
    address: str
    title: str
    heading: str
    # Requests, bytes and bytes of script until the page was there; none for a screen that steps lead to.
    load: object = None
    # Of each width: violations that axe found.
    violations: dict = field(default_factory=dict)
    # Of each width: what scrolls sideways, targets that are too small.
    sideways: dict = field(default_factory=dict)
    small_targets: list = field(default_factory=list)
    faults: list = field(default_factory=list)


@dataclass(frozen=True)
class Load:
    requests: list
    bytes: int
    script_bytes: int


class Meter:
    """What comes over the network for a page, as the browser received it: compressed, with headers."""

    def __init__(self, window):
        self._session = session = window.context.new_cdp_session(window.page)
        session.send("Network.enable")
        session.send("Network.clearBrowserCache")
        self._kinds, self._addresses, self._bytes, self._failed = {}, [], {}, set()
        session.on("Network.requestWillBeSent", self._sent)
        session.on("Network.responseReceived", lambda event: self._kinds.update({event["requestId"]: event["type"]}))
        session.on("Network.loadingFinished", self._finished)
        session.on("Network.loadingFailed", lambda event: self._failed.add(event["requestId"]))

    def _sent(self, event):
        # Once more for what a redirect leads to, under the id of what was redirected.
        self._kinds.setdefault(event["requestId"], None)
        self._addresses.append(urlsplit(event["request"]["url"]).path)

    def _finished(self, event):
        self._bytes[event["requestId"]] = event["encodedDataLength"]

    def read(self, page):
        """When nothing is under way any more."""
        until(page, lambda: not set(self._kinds) - set(self._bytes) - self._failed)
        self._session.detach()
        script = sum(size for id_, size in self._bytes.items() if self._kinds.get(id_) == "Script")
        return Load(list(self._addresses), sum(self._bytes.values()), script)


class Gallery:
    def __init__(self, service, new_service, browser):
        self.people = People(service, new_service)
        self._service, self._browser = service, browser
        self._seen = {}
        self._windows = {}

    def see(self, screen):
        """What there is to see of a screen."""
        if screen.id not in self._seen:
            try:
                self._seen[screen.id] = self._look(screen)
            except Exception as error:
                # Told by every test of this screen, and looked for once.
                self._seen[screen.id] = error
        seen = self._seen[screen.id]
        if isinstance(seen, Exception):
            raise AssertionError(f"{screen.id} was not reached: {seen}") from seen
        return seen

    def _window(self, person):
        """A window of the person. One is used for all, as opening one takes longer than looking at most pages; it is as good
        as new: other cookies, nothing remembered of its faults."""
        url = service_of(person).url if person else self._service.url
        window = self._windows.get(url)
        if not window:
            window = self._windows[url] = Window(self._browser, url)
        window.become(person)
        window.page.set_viewport_size(DESKTOP)
        return window

    def _look(self, screen):
        person = getattr(self.people, screen.who) if screen.who else None
        window = self._window(person)
        try:
            page = window.page
            meter = None if screen.steps else Meter(window)
            answer = screen.go(page, person)
            page.wait_for_load_state("load")
            seen = Seen(
                screen, answer.status, unquote(page.url), page.title(), page.locator("h1").first.inner_text(),
                meter and meter.read(page),
            )
            for width, viewport in WIDTHS.items():
                page.set_viewport_size(viewport)
                photograph(page, f"{screen.id}-{width}")
            # What is folded away is judged unfolded.
            page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
            page.evaluate(AXE.axe_script)
            for width, viewport in WIDTHS.items():
                page.set_viewport_size(viewport)
                seen.violations[width] = violations(page)
                seen.sideways[width] = page.evaluate(SIDEWAYS)
            # The last of them is the phone's.
            seen.small_targets = page.evaluate(SMALL_TARGETS)
            page.set_viewport_size(NARROWEST)
            seen.sideways[NARROWEST["width"]] = page.evaluate(SIDEWAYS)
            seen.faults = window.faults
            return seen
        except Exception:
            # What state it is in nobody knows.
            self._windows.pop(window.url).close()
            raise

    def close(self):
        for window in self._windows.values():
            window.close()


def service_of(person):
    return getattr(person, "person", person).service


def photograph(page, name):
    """A picture of the whole page, for people to look at."""
    page.screenshot(path=f"{os.environ['SHINSEI_TEST_SCREENSHOTS']}/{name}.png", full_page=True, animations="disabled")


def violations(page):
    """What axe, which is in the page already, finds: one sentence for each element."""
    options = {"runOnly": {"type": "tag", "values": CRITERIA}, "resultTypes": ["violations"]}
    found = page.evaluate("options => axe.run(options)", options)["violations"]
    return [
        f"{rule['id']}: {' '.join(map(str, node['target']))} {node['html'][:160]}"
        for rule in found
        for node in rule["nodes"]
    ]
