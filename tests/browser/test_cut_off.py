"""The network is cut at the press, or the server is down: what was typed is behind Back."""

import pytest
from playwright.sync_api import expect

TYPED = "駅の手前で入力した内容"
SAVE = "入力内容保存"


def press_in_vain(page, button):
    """The press, and the browser's own page about it. What fails is the form's own request: the page may move its entry in the
    history to another address before."""
    with page.expect_event("requestfailed", lambda request: request.is_navigation_request() and request.method == "POST"):
        button.click()
    expect(page.locator("main#main")).to_have_count(0)


def cut(opened, button):
    opened.context.set_offline(True)
    press_in_vain(opened.page, button)
    opened.context.set_offline(False)
    opened.forget()


@pytest.mark.parametrize("where, field", [("profile", "text"), ("resume", "school"), ("papers?new", "content")])
def test_back_brings_what_was_typed_when_the_network_was_cut_at_the_press(service, window, where, field):
    member = service.member().apply()
    opened = window(member)
    page = opened.page
    page.goto(member.page(f"/documents/{where}"))
    page.locator(f"#{field}").fill(TYPED)
    cut(opened, page.get_by_role("button", name=SAVE))
    page.go_back()
    expect(page.locator(f"#{field}")).to_have_value(TYPED)
    page.get_by_role("button", name=SAVE).click()
    expect(page.get_by_text("入力内容を保存しました。").or_(page.get_by_text("明細を登録しました。"))).to_be_visible()
    # It is saved: nothing is put back any more.
    page.goto(member.page("/documents/profile"))
    expect(page.get_by_text("送信できなかった入力内容")).to_have_count(0)


def test_back_brings_what_was_typed_when_the_server_was_down(new_service, window):
    own = new_service().start()
    member = own.demonstrated("9000001").apply()
    opened = window(member, at=own)
    page = opened.page
    page.goto(member.page("/documents/profile"))
    page.locator("#text").fill(TYPED)
    own.stop()
    press_in_vain(page, page.get_by_role("button", name=SAVE))
    opened.forget()
    own.start(port=own.port)
    page.go_back()
    expect(page.locator("#text")).to_have_value(TYPED)
    page.get_by_role("button", name=SAVE).click()
    expect(page.locator(".notice.success")).to_be_visible()
    assert member.value("profile")["text"] == TYPED


def test_what_another_window_saved_meanwhile_is_not_overwritten_by_what_is_put_back(service, window):
    member = service.member().apply()
    opened = window(member)
    page = opened.page
    page.goto(member.page("/documents/profile"))
    page.locator("#text").fill(TYPED)
    cut(opened, page.get_by_role("button", name=SAVE))
    member.save("profile", {"text": "別の画面の内容"})
    page.go_back()
    expect(page.locator("#text")).to_have_value(TYPED)
    page.get_by_role("button", name=SAVE).click()
    expect(page.get_by_role("heading", name="別の画面で更新されています")).to_be_visible()
    assert member.value("profile")["text"] == "別の画面の内容"


def test_a_refused_save_is_sent_again_by_reload_and_its_form_survives_the_network_too(service, window):
    member = service.member().apply()
    opened = window(member)
    page = opened.page
    page.goto(member.page("/documents/profile"))
    page.locator("#text").fill("字" * 2_081)
    page.get_by_role("button", name=SAVE).click()
    expect(page.locator(".notice.error").first).to_be_visible()
    page.reload()
    expect(page.locator("#text")).to_have_value("字" * 2_081)
    page.locator("#text").fill(TYPED)
    before = page.url
    cut(opened, page.get_by_role("button", name=SAVE))
    assert page.locator("form#form").count() == 0
    # The refused page is an entry of its own in the history, and the form's page lies before it.
    page.goto(before.split("?")[0])
    assert page.url.endswith("/documents/profile")
    expect(page.locator("#text")).to_have_value(TYPED)


@pytest.mark.parametrize("reloaded", [False, True])
@pytest.mark.parametrize(
    "where, field, over", [("profile", "text", 2_081), ("resume", "school", 300), ("papers?new", "content", 1_100)]
)
def test_back_brings_what_was_typed_after_a_refused_save_too(service, window, where, field, over, reloaded):
    member = service.member().apply()
    opened = window(member)
    page = opened.page
    page.goto(member.page(f"/documents/{where}"))
    page.locator(f"#{field}").fill("字" * over)
    page.get_by_role("button", name=SAVE).click()
    expect(page.locator(".error-summary, .notice.error").first).to_be_visible()
    if reloaded:
        page.reload()
        expect(page.locator(f"#{field}")).to_have_value("字" * over)
    page.locator(f"#{field}").fill(TYPED)
    cut(opened, page.get_by_role("button", name=SAVE))
    page.go_back()
    expect(page.locator(f"#{field}")).to_have_value(TYPED)
    assert page.url.endswith(f"/documents/{where}")
    page.get_by_role("button", name=SAVE).click()
    expect(page.get_by_text("入力内容を保存しました。").or_(page.get_by_text("明細を登録しました。"))).to_be_visible()


def test_back_brings_the_memo_of_the_secretariat_after_a_refused_one_too(service, window):
    member = service.member().apply()
    opened = window(service.sign_in("secretariat"))
    page = opened.page
    page.goto(f"/desk/applications/{member.id}")
    page.locator("#note").fill("字" * 1_200)
    page.get_by_role("button", name="メモを追加する").click()
    expect(page.locator(".notice.error").first).to_be_visible()
    page.locator("#note").fill(TYPED)
    cut(opened, page.get_by_role("button", name="メモを追加する"))
    page.go_back()
    expect(page.locator("#note")).to_have_value(TYPED)
    page.get_by_role("button", name="メモを追加する").click()
    expect(page.get_by_text(TYPED)).to_be_visible()
