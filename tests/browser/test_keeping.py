"""What was typed stays, whatever happens meanwhile: another window, the end of the session, a removed row."""

import pytest
from playwright.sync_api import expect

import forms

TYPED = "この画面で入力した内容"
ELSEWHERE = "別の画面で保存した内容"
MINE = "この画面の内容を使う"
SAVED = "保存済みの内容を使う"
BESIDE = "並べて見る"


class Profile:
    """プロフィール, which is saved as a whole."""

    slug, field = "profile", "text"

    def __init__(self, member):
        self.member = member
        member.save("profile", forms.PROFILE)
        self.address = member.page("/documents/profile")

    def save(self, text):
        self.member.save("profile", {"text": text})

    def saved(self):
        return self.member.value("profile")["text"]


class Paper:
    """A row of 論文."""

    slug, field = "papers", "content"

    def __init__(self, member):
        self.member = member
        self.row = member.add("papers", forms.PAPER)
        self.address = member.page(f"/documents/papers?row={self.row}")

    def save(self, text):
        self.member.revise("papers", self.row, forms.PAPER | {"content": text})

    def saved(self):
        [row] = self.member.rows("papers")
        return row["value"]["content"]


@pytest.fixture(params=[Profile, Paper], ids=lambda kind: kind.slug)
def document(request, service):
    return request.param(service.member().apply())


@pytest.fixture(params=[True, False], ids=["with the script", "without the script"])
def overtaken(request, document, window):
    """The page that answers a save from a form that another window has overtaken."""
    page = window(document.member, script=request.param).page
    page.goto(document.address)
    page.locator(f"#{document.field}").fill(TYPED)
    document.save(ELSEWHERE)
    with page.expect_response(lambda answer: answer.status == 409):
        page.get_by_role("button", name="入力内容保存").click()
    page.wait_for_load_state()
    return page


def told(document):
    """Every text that the history tells of the field, oldest first."""
    entries = document.member.history(f"document={document.slug}")
    label = {"text": "プロフィール", "content": "内容"}[document.field]
    return [entry["after"] for entry in reversed(entries) if entry["field"] == label]


def test_a_stale_form_shows_both_versions_and_overwrites_nothing(document, overtaken):
    [line] = overtaken.locator("table.versions tbody tr").all()
    assert [cell.inner_text().strip() for cell in line.locator("td").all()] == [TYPED, ELSEWHERE]
    assert overtaken.locator(f"#{document.field}").input_value() == TYPED
    for name in [MINE, SAVED, BESIDE]:
        expect(overtaken.get_by_text(name, exact=True).first).to_be_visible()
    assert document.saved() == ELSEWHERE


def test_the_screens_version_is_saved_when_it_is_chosen(document, overtaken):
    overtaken.get_by_role("button", name=MINE).click()
    expect(overtaken.locator(".notice.success")).to_be_visible()
    assert document.saved() == TYPED
    # The other window's is not lost.
    assert told(document)[-2:] == [ELSEWHERE, TYPED]


def test_the_saved_version_stays_when_it_is_chosen(document, overtaken):
    before = document.member.document(document.slug)["revision"]
    overtaken.get_by_role("link", name=SAVED).click()
    overtaken.wait_for_url(lambda url: "revision" not in url and f"/documents/{document.slug}" in url)
    expect(overtaken.locator("table.versions")).to_have_count(0)
    expect(overtaken.locator("main")).to_contain_text(ELSEWHERE)
    assert TYPED not in overtaken.locator("main").inner_text()
    assert document.saved() == ELSEWHERE
    assert document.member.document(document.slug)["revision"] == before


def test_side_by_side_the_two_can_be_made_one(document, overtaken):
    overtaken.get_by_role("link", name=BESIDE).click()
    field = overtaken.locator(f"#{document.field}")
    expect(field).to_be_in_viewport()
    beside = overtaken.locator(".saved", has_text="保存済みの内容")
    assert beside.count() == 1 and ELSEWHERE in beside.inner_text()
    both = f"{TYPED}。{ELSEWHERE}"
    field.fill(both)
    overtaken.get_by_role("button", name="入力内容保存").click()
    expect(overtaken.locator(".notice.success")).to_be_visible()
    assert document.saved() == both


def test_a_stale_form_that_is_overtaken_again_is_stale_again(document, overtaken):
    document.save("三つ目の内容")
    with overtaken.expect_response(lambda answer: answer.status == 409):
        overtaken.get_by_role("button", name=MINE).click()
    overtaken.wait_for_load_state()
    assert overtaken.locator(f"#{document.field}").input_value() == TYPED
    assert document.saved() == "三つ目の内容"


@pytest.fixture(params=[True, False], ids=["with the script", "without the script"])
def signed_out(request, document, window):
    """The page that answers a save after somebody has signed out in another tab."""
    # A session of its own, as the test still has to look at what is saved.
    opened = window(document.member.person.service.sign_in("member", document.member.number), script=request.param)
    # The panel was asked for, too.
    opened.expected_refusals = {401}
    page = opened.page
    page.goto(document.address)
    page.locator(f"#{document.field}").fill(TYPED)
    other = opened.another_tab()
    other.goto("/")
    other.get_by_role("button", name="サインアウト").click()
    other.wait_for_url("**/")
    with page.expect_response(lambda answer: answer.status == 401):
        page.get_by_role("button", name="入力内容保存").click()
    page.wait_for_load_state()
    return page


def test_a_session_that_ended_meanwhile_is_said_and_the_way_back_leads_over_the_sign_in(document, signed_out):
    assert signed_out.title().startswith("エラー：サインインが必要です")
    assert "サインイン" in signed_out.locator("main").inner_text()
    signed_out.locator("main .actions a.primary").click()
    signed_out.locator("input[name=member]").first.check()
    signed_out.locator("input[name=member]").first.evaluate("(radio, number) => { radio.value = number }", document.member.number)
    signed_out.get_by_role("button", name="会員としてサインイン").click()
    expect(signed_out.locator(f"#{document.field}")).to_be_visible()
    assert document.saved() != TYPED


def test_what_was_typed_before_the_session_ended_is_still_there(signed_out):
    assert TYPED in signed_out.locator("main").inner_text()


def test_a_removed_row_is_brought_back(service, window):
    member = service.member().apply()
    member.add("papers", forms.PAPER)
    page = window(member, script=False).page
    page.goto(member.page("/documents/papers"))
    page.get_by_role("button", name="削除").click()
    expect(page.locator(".notice")).to_be_visible()
    assert member.rows("papers") == []
    page.get_by_role("button", name="元に戻す").first.click()
    page.wait_for_url("**notice=returned**")
    assert [row["value"]["content"] for row in member.rows("papers")] == [forms.PAPER["content"]]


def test_an_earlier_version_is_restored_as_a_new_change(service, window):
    member = service.member().apply()
    member.save("profile", forms.EARLIER_PROFILE)
    member.save("profile", forms.PROFILE)
    page = window(member, script=False).page
    page.goto(member.page("/history?document=profile"))
    page.get_by_role("link", name="この時点の内容を見る").last.click()
    page.get_by_role("button", name="この版の内容に戻す").click()
    page.wait_for_url("**notice=restored**")
    assert page.locator("#text").input_value() == forms.EARLIER_PROFILE["text"]
    assert member.value("profile") == forms.EARLIER_PROFILE
    assert len(member.history("document=profile")) == 3
