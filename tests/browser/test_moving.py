"""Moving about: the skip link, Back, and what stands in a form after it."""

import pytest
from playwright.sync_api import expect

import forms


@pytest.mark.parametrize("where", ["", "/documents", "/documents/resume", "/documents/papers", "/completion", "/history"])
def test_the_first_tab_is_the_skip_link_and_it_leads_to_the_main_part(service, window, where):
    member = service.member().apply()
    page = window(member).page
    page.goto(member.page(where))
    page.keyboard.press("Tab")
    focused = page.locator(":focus")
    expect(focused).to_have_text("本文へ移動")
    expect(focused).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


@pytest.mark.parametrize("script", [True, False], ids=["with the script", "without the script"])
def test_after_back_a_saved_form_shows_what_the_server_has(service, window, script):
    member = service.member().apply()
    member.save("resume", forms.RESUME | {"school": "初めの大学"})
    page = window(member, script=script).page
    page.goto(member.page("/documents/resume"))
    page.locator("#school").fill("次の大学")
    page.get_by_role("button", name="入力内容保存").click()
    page.wait_for_url("**/resume?notice=saved")
    page.go_back()
    expect(page.locator("#school")).to_have_value("次の大学")
    # And it goes on from there: its revision is the one of now.
    page.locator("#school").fill("最後の大学")
    page.get_by_role("button", name="入力内容保存").click()
    expect(page.locator(".notice.success")).to_be_visible()
    assert member.value("resume")["school"] == "最後の大学"


@pytest.mark.parametrize("script", [True, False], ids=["with the script", "without the script"])
def test_after_back_from_an_added_row_the_empty_form_adds_another(service, window, script):
    member = service.member().apply()
    page = window(member, script=script).page
    page.goto(member.page("/documents/papers?new"))
    page.locator("#content").fill("一つ目")
    page.get_by_role("button", name="入力内容保存").click()
    page.wait_for_url("**/papers?notice=added**")
    page.go_back()
    page.locator("#content").fill("二つ目")
    page.get_by_role("button", name="入力内容保存").click()
    expect(page.locator(".notice.success")).to_be_visible()
    assert [row["value"]["content"] for row in member.rows("papers")] == ["一つ目", "二つ目"]


def test_back_after_signing_out_shows_nothing_of_the_person(service, window):
    member = service.member().apply()
    page = window(member).page
    page.goto(member.page("/documents/resume"))
    page.get_by_role("button", name="サインアウト").click()
    page.wait_for_url("**/")
    page.go_back()
    expect(page.locator("#school")).to_have_count(0)
    assert member.number not in page.locator("body").inner_text()


def test_who_is_not_signed_in_signs_in_and_is_where_the_link_led(service, window, new_service):
    own = new_service().start()
    member = own.demonstrated("9000001").apply()
    page = window(at=own).page
    page.goto(member.page("/documents/papers"))
    assert page.title().startswith("サインイン")
    page.locator("#member-9000001").check()
    page.get_by_role("button", name="会員としてサインイン").click()
    expect(page.locator("h1")).to_have_text("研究業績 論文")
