"""What the script adds to pages that are whole without it."""

import re

import pytest
from playwright.sync_api import expect

import forms
from window import until

# A family of three, a character with a variation selector, and the line break between them: one each.
THREE_CHARACTERS = "👨‍👩‍👧\n葛\U000e0100"
PAPER = {"date_year": "2024", "date_month": "5", "date_day": "1", "units": "10", "content": "入力中の論文"}
CONFERENCE = {"place": "神戸", "held_on_year": "2025", "held_on_month": "3", "held_on_day": "7", "units": "5"}


def test_the_counter_counts_characters_as_a_person_does(service, window):
    member = service.member().apply()
    page = window(member).page
    page.goto(member.page("/documents/profile"))
    counter = page.locator("[data-counter=text]")
    expect(counter).to_contain_text("現在 0字")
    page.locator("#text").press_sequentially(THREE_CHARACTERS)
    expect(counter).to_contain_text("現在 3字")
    expect(counter).to_contain_text("1,037字")
    # The server counts the same, and so it stands without the script.
    page.get_by_role("button", name="入力内容保存").click()
    expect(page.locator(".notice.success")).to_be_visible()
    still = window(member, script=False).page
    still.goto(member.page("/documents/profile"))
    assert "現在 3字" in still.locator("[data-counter=text]").inner_text()


def test_a_text_that_is_too_long_is_counted_over_and_not_cut(service, window):
    member = service.member().apply()
    page = window(member).page
    page.goto(member.page("/documents/profile"))
    page.locator("#text").fill("字" * 1045)
    expect(page.locator("[data-counter=text]")).to_contain_text("5字超過")
    page.get_by_role("button", name="入力内容保存").click()
    expect(page.locator("#error-summary")).to_contain_text("1,040字以内")
    assert page.locator("#text").input_value() == "字" * 1045


class Dialogs:
    """Answers every question of the browser, and remembers it."""

    def __init__(self, page, stay):
        self.kinds = []
        self.stay = stay
        page.on("dialog", self._answer)

    def _answer(self, dialog):
        self.kinds.append(dialog.type)
        dialog.dismiss() if self.stay else dialog.accept()


@pytest.mark.parametrize("slug, field", [("profile", "text"), ("resume", "school"), ("papers?new", "content")])
def test_leaving_with_unsaved_typing_asks_first(service, window, slug, field):
    member = service.member().apply()
    page = window(member).page
    dialogs = Dialogs(page, stay=True)
    page.goto(member.page(f"/documents/{slug}"))
    page.locator(f"#{field}").press_sequentially("入力中")
    page.locator("nav.tabs a").nth(4).click()
    until(page, lambda: dialogs.kinds)
    assert dialogs.kinds == ["beforeunload"]
    assert page.locator(f"#{field}").input_value() == "入力中"
    # Who insists is let go.
    dialogs.stay = False
    with page.expect_navigation():
        page.locator("nav.tabs a").nth(4).click()
    assert dialogs.kinds == ["beforeunload"] * 2
    assert "/documents/seminars" in page.url


def test_leaving_asks_nothing_after_saving_nor_when_nothing_was_typed(service, window):
    member = service.member().apply()
    page = window(member).page
    dialogs = Dialogs(page, stay=True)
    page.goto(member.page("/documents/profile"))
    with page.expect_navigation():
        page.locator("nav.tabs a").first.click()
    page.goto(member.page("/documents/profile"))
    page.locator("#text").press_sequentially("保存する文")
    page.get_by_role("button", name="入力内容保存").click()
    expect(page.locator(".notice.success")).to_be_visible()
    with page.expect_navigation():
        page.locator("nav.tabs a").first.click()
    # Typed and taken back.
    page.locator("#school").press_sequentially("大")
    page.locator("#school").press("Backspace")
    with page.expect_navigation():
        page.locator("nav.tabs a").nth(1).click()
    assert dialogs.kinds == []
    assert member.value("profile") == {"text": "保存する文"}


@pytest.mark.parametrize(
    "slug, choices, typed, before, after",
    [
        ("papers", {"division": "筆頭", "kind": "原著（英文）"}, PAPER, 45, 55),
        ("conferences", {"first_author": ""}, CONFERENCE, 45, 50),
    ],
)
def test_the_requirements_follow_the_typing_and_nothing_is_stored(service, window, slug, choices, typed, before, after):
    member = service.member().apply()
    page = window(member).page
    page.goto(member.page(f"/documents/{slug}?new"))
    total = page.locator("#requirements .units strong")
    assert total.inner_text() == str(before)
    for field, option in choices.items():
        page.locator(f"#{field}").select_option(option)
    for field, text in typed.items():
        page.locator(f"#{field}").press_sequentially(text)
    expect(total).to_have_text(str(after))
    enough = page.locator("#requirements")
    expect(enough).not_to_contain_text("業績単位が不足しています")
    assert member.rows(slug) == []
    assert member.document(slug)["revision"] == 0
    assert [entry["event"] for entry in member.history()] == ["Applied"] * len(member.history())
    # What is taken back is taken back in the panel, too.
    page.locator("#units").fill("")
    expect(total).to_have_text(str(before))


def test_the_requirements_follow_the_typing_in_a_document_that_is_saved_whole(service, window):
    member = service.member().apply()
    page = window(member).page
    page.goto(member.page("/documents/profile"))
    line = page.locator("#requirements .requirements li", has_text="プロフィール")
    expect(line).to_have_class(re.compile("unmet"))
    page.locator("#text").press_sequentially("入力中の文")
    expect(line).not_to_have_class(re.compile("unmet"))
    assert member.document("profile")["revision"] == 0


@pytest.mark.parametrize("script", [True, False], ids=["with the script", "without the script"])
def test_a_double_click_adds_one_row(service, window, script):
    member = service.member().apply()
    page = window(member, script=script).page
    page.goto(member.page("/documents/papers?new"))
    page.locator("#content").fill("一度だけの論文")
    page.get_by_role("button", name="入力内容保存").dblclick()
    page.wait_for_url("**/documents/papers?notice=added**")
    assert [row["value"]["content"] for row in member.rows("papers")] == ["一度だけの論文"]


def test_the_focus_goes_to_the_error_summary_and_its_lines_lead_to_the_fields(service, window):
    member = service.member().apply()
    member.save("resume", forms.WRONG_RESUME)
    page = window(member).page
    page.goto(member.page("/documents/resume"))
    expect(page.locator("#error-summary")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#school")).to_be_focused()


def test_the_list_is_gone_through_by_keyboard(service, window):
    for _ in range(2):
        service.member().apply()
    secretariat = service.sign_in("secretariat")
    page = window(secretariat).page
    page.goto("/desk/applications")
    links = page.locator("table.worklist th a")
    expect(links.nth(1)).to_be_visible()
    page.keyboard.press("j")
    expect(links.nth(0)).to_be_focused()
    page.keyboard.press("j")
    expect(links.nth(1)).to_be_focused()
    page.keyboard.press("x")
    expect(page.locator("table.worklist input[type=checkbox]").nth(1)).to_be_checked()
    page.keyboard.press("k")
    expect(links.nth(0)).to_be_focused()
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("jkx/")
    expect(page.locator("#q")).to_have_value("jkx/")
