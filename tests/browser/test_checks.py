"""The checks themselves: each finds what it is there to find, on a page made to be wrong."""

import pytest

import gallery
import look
from focus import focus_faults
from service import wrong_lines
from window import until

WRONG = """<!doctype html><html lang="ja"><title>試し</title><main id="main"><h1>試し</h1>
<p style="color:#bbb">薄い文字</p><input id="unnamed"><img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">
<p><a href="#a" style="font-size:8px;line-height:1">小</a></p>
<p><a href="#b" style="font-size:8px;line-height:1">小</a></p>
<p>文の中の<a href="#c" style="font-size:8px;line-height:1">リンク</a>は行の高さ。</p>
<button style="height:30px" id="low">低い</button> <button style="height:44px" id="high">高い</button>
<input type="checkbox" id="tick"><label for="tick" style="display:inline-block;height:20px">印</label>
<div style="width:500px">幅</div></main></html>"""


@pytest.fixture
def wrong(window):
    page = window(viewport={"width": 375, "height": 667}).page
    page.set_content(WRONG)
    return page


def test_axe_finds_contrast_names_and_small_targets(wrong):
    wrong.evaluate(gallery.AXE.axe_script)
    found = {violation.split(":")[0] for violation in gallery.violations(wrong)}
    assert found >= {"color-contrast", "label", "image-alt"}
    rules = wrong.evaluate("tags => axe.getRules(tags).map((rule) => rule.ruleId)", gallery.CRITERIA)
    ran = wrong.evaluate(
        "async (tags) => (await axe.run({ runOnly: { type: 'tag', values: tags } })).passes.map((rule) => rule.id)", gallery.CRITERIA
    )
    assert "target-size" in rules and "target-size" in [*ran, *found]


def test_what_scrolls_sideways_is_found(wrong):
    assert len(wrong.evaluate(look.SIDEWAYS)) == 2
    wrong.set_viewport_size({"width": 1280, "height": 900})
    assert wrong.evaluate(look.SIDEWAYS) == []


def test_small_targets_are_found(wrong):
    found = wrong.evaluate(look.SMALL_TARGETS)
    assert [fault.split(" is ")[0] for fault in found if "not 44" in fault] == [
        "input#unnamed 「」", "button#low 「低い」", "label 「印」",
    ]
    assert len([fault for fault in found if "not 24" in fault]) == 2


@pytest.mark.parametrize(
    "style, fault",
    [
        ("", None),
        ("#high:focus { outline: none }", "does not show it"),
        ("#high { position: fixed; left: -500px }", "outside the view"),
        ("main::after { content: ''; position: fixed; inset: 0; background: white }", "is covered"),
        ("#tick { position: fixed; inset: 0; width: 375px; height: 667px }", "is covered"),
    ],
    ids=["seen", "unmarked", "outside", "covered from around", "covered by another"],
)
def test_a_focus_that_nobody_sees_is_found(wrong, style, fault):
    wrong.locator("main").evaluate("(main, style) => main.insertAdjacentHTML('beforeend', `<style>${style}</style>`)", style)
    wrong.locator("#low").focus()
    wrong.keyboard.press("Tab")
    faults = focus_faults(wrong)
    assert len(faults) == (1 if fault else 0)
    assert fault is None or fault in faults[0]


def test_what_a_page_must_not_do_is_noticed(window, service):
    opened = window()
    opened.page.goto("/")
    opened.page.evaluate("console.error('by hand')")
    opened.page.evaluate("document.body.append(Object.assign(document.createElement('script'), { textContent: '1' }))")
    opened.page.evaluate("document.body.append(Object.assign(document.createElement('img'), { src: 'http://localhost:9/x.png' }))")
    opened.page.evaluate("setTimeout(() => { throw new Error('thrown') })")
    told = ["by hand", "Content Security Policy", "thrown"]
    until(opened.page, lambda: all(any(one in fault for fault in opened.faults) for one in told))
    opened.forget()


def test_a_panic_and_an_error_in_the_log_are_found():
    time = "2026-06-03T09:00:00Z "
    good = time + "\x1b[32m INFO\x1b[0m api: POST /applications 422 after an error of the member's\n"
    panic = "thread 'tokio-runtime-worker' panicked at api/src/x.rs:1:2:\n"
    error = time + "\x1b[31mERROR\x1b[0m api::write: the log cannot be read\n"
    assert wrong_lines(good) == []
    assert [line.split(" ")[-1] for line in wrong_lines(good + panic + error)] == ["api/src/x.rs:1:2:", "read"]
