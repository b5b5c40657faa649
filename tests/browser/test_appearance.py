"""Forced colours and paper."""

import pytest

from gallery import photograph

PLACES = {"top": "", "resume": "/documents/resume", "papers": "/documents/papers"}
# What leads on or belongs to the screen alone.
NOT_ON_PAPER = ["nav.tabs", "#requirements", "button", "a.button", ".demonstration", ".skip", "nav.breadcrumb"]

# Buttons whose edge cannot be told from what surrounds it.
EDGELESS = """() => [...document.querySelectorAll("button, a.button")].filter((button) => {
  const style = getComputedStyle(button);
  const edge = style.borderTopStyle !== "none" && parseFloat(style.borderTopWidth) >= 1;
  return !edge || style.borderTopColor === getComputedStyle(document.body).backgroundColor;
}).map((button) => button.innerText)"""


@pytest.fixture(scope="session")
def filled(gallery):
    return gallery.people.filled


@pytest.mark.parametrize("place", PLACES)
def test_forced_colours_leave_every_button_and_the_present_tab_recognisable(window, filled, place):
    page = window(filled, forced_colors="active").page
    page.goto(filled.page(PLACES[place]))
    assert page.evaluate("matchMedia('(forced-colors: active)').matches")
    photograph(page, f"{place}-forced-colors-1280")
    assert page.locator("button, a.button").count() > 0
    assert page.evaluate(EDGELESS) == []
    if place != "top":
        edge = "tab => getComputedStyle(tab).borderTopColor"
        present = page.locator("nav.tabs [aria-current=page]").evaluate(edge)
        others = page.locator("nav.tabs a:not([aria-current])").evaluate_all(f"tabs => tabs.map({edge})")
        assert len(others) == 6 and present not in others


@pytest.mark.parametrize("place", PLACES)
def test_forced_colours_show_the_focus(window, filled, place):
    page = window(filled, forced_colors="active").page
    page.goto(filled.page(PLACES[place]))
    page.locator("main a, main button").first.focus()
    page.keyboard.press("Tab")
    style = page.evaluate("(({ outlineStyle, outlineWidth }) => [outlineStyle, parseFloat(outlineWidth)])(getComputedStyle(document.activeElement))")
    assert style[0] != "none" and style[1] >= 2


@pytest.mark.parametrize("place", PLACES)
def test_paper_shows_the_contents_alone(window, filled, place):
    page = window(filled).page
    page.goto(filled.page(PLACES[place]))
    # All of them are there, or their absence from paper says nothing.
    there = [selector for selector in NOT_ON_PAPER if page.locator(selector).count()]
    assert set(NOT_ON_PAPER) - set(there) <= {"nav.tabs"} and ("nav.tabs" in there or place == "top")
    page.emulate_media(media="print")
    photograph(page, f"{place}-print-1280")
    shown = {selector: page.locator(selector).filter(visible=True).count() for selector in there}
    assert shown == dict.fromkeys(there, 0)
    for kept in ["h1", "main"]:
        assert page.locator(kept).is_visible()
