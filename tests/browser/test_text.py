"""Text of any kind on the pages, and the keys of those who type little."""

import pytest
from playwright.sync_api import expect


def test_the_single_keys_can_be_switched_off_and_the_browser_remembers_it(service, window):
    service.member().apply()
    page = window(service.sign_in("secretariat")).page
    page.goto("/desk/applications")
    links = page.locator("table.worklist th a")
    page.keyboard.press("j")
    expect(links.nth(0)).to_be_focused()
    page.get_by_label("1文字のキー操作を使う").uncheck()
    page.goto("/desk/applications")
    expect(page.get_by_label("1文字のキー操作を使う")).not_to_be_checked()
    for key in ["j", "x", "/"]:
        page.keyboard.press(key)
        expect(links.nth(0)).not_to_be_focused()
        expect(page.locator("#q")).not_to_be_focused()
    page.get_by_label("1文字のキー操作を使う").check()
    page.locator("h1").click()
    page.keyboard.press("j")
    expect(links.nth(0)).to_be_focused()


def test_enter_in_the_name_of_a_search_saves_it(service, window):
    page = window(service.sign_in("secretariat")).page
    page.goto("/desk/applications")
    page.get_by_text("この条件を保存する").click()
    page.locator("#name").fill("朝の一覧")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="朝の一覧")).to_be_visible()


ADDRESS = "https://example.org/" + "a" * 62


@pytest.mark.parametrize("phone", [False, True], ids=["1280", "375"])
def test_an_address_without_a_place_to_break_pushes_nothing_off_the_screen(service, window, phone):
    member = service.member().apply()
    member.add("papers", {"division": "筆頭", "kind": "原著（英文）", "date": "2024/05/01", "units": "10", "content": ADDRESS})
    member.save("profile", {"text": ADDRESS})
    page = window(member, phone=phone).page
    for where in ["/documents/papers", "/documents/profile", "/history", "/print"]:
        page.goto(member.page(where))
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{where} is {wide} px too wide"
    page.goto(member.page("/documents/papers"))
    edge = page.locator("table.list td.operations").first.bounding_box()
    assert edge["x"] + edge["width"] <= page.viewport_size["width"]


def test_a_character_that_turns_the_text_is_shown_as_what_it_is(service, window):
    member = service.member().apply()
    member.save("profile", {"text": "前\u202e後ろ"})
    page = window(member).page
    page.goto(member.page("/history"))
    expect(page.locator(".unseen").first).to_have_text("［U+202E］")
    page.goto(member.page("/documents/profile"))
    # In the field it stays as it was typed.
    assert page.locator("#text").input_value() == "前\u202e後ろ"
