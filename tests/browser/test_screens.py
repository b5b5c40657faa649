"""What holds for every screen in every state."""

import pytest

from gallery import WIDTHS
from screens import SCREENS

NAMES = ["臨床", "瘍子", "鈴木", "田中", "美咲", "佐藤", "高橋", "伊藤", "髙﨑", "渡邉"]
FIRST_VIEW_REQUESTS = 6
FIRST_VIEW_BYTES = 100 * 1000
SCRIPT_BYTES = 10 * 1000


def of_each(screens):
    """The tests of one screen go to one worker, which has looked at it."""
    params = [pytest.param(screen, id=screen.id, marks=pytest.mark.xdist_group(screen.id)) for screen in screens]
    return pytest.mark.parametrize("screen", params)


every_screen = of_each(SCREENS)
every_first_view = of_each(screen for screen in SCREENS if not screen.steps)


def none(faults):
    """Fails with all of them, one a line."""
    assert not faults, "\n".join(faults)


def test_no_two_screens_have_one_name():
    names = [screen.id for screen in SCREENS]
    assert sorted(names) == sorted(set(names))


@every_screen
def test_the_screen_is_the_one_that_was_meant(gallery, screen):
    seen = gallery.see(screen)
    assert seen.status == screen.status
    assert seen.heading


@every_screen
@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_nothing(gallery, screen, width):
    none(gallery.see(screen).violations[width])


@every_screen
def test_nothing_scrolls_sideways_on_a_phone(gallery, screen):
    sideways = gallery.see(screen).sideways
    none(sideways[375] + sideways[320])


@every_screen
def test_what_is_pressed_is_large_enough_for_a_finger(gallery, screen):
    none(gallery.see(screen).small_targets)


@every_screen
def test_the_title_tells_the_place_and_never_a_person(gallery, screen):
    seen = gallery.see(screen)
    title = seen.title.removeprefix("エラー：")
    assert title.startswith(screen.place) and title.endswith(" | 申請")
    assert seen.title.startswith("エラー：") is screen.wrong
    assert [name for name in NAMES if name in seen.title or name in seen.address] == []
    assert not any(digits.isdigit() and len(digits) >= 7 for digits in seen.title.split())


@every_first_view
def test_the_first_view_is_light(gallery, screen):
    load = gallery.see(screen).load
    assert load.bytes <= FIRST_VIEW_BYTES
    assert load.script_bytes <= SCRIPT_BYTES
    assert len(load.requests) <= FIRST_VIEW_REQUESTS, load.requests
    # A page without its style sheet and module would be lighter still.
    assert {name.rsplit(".")[-1] for name in load.requests} >= {"css", "js"}


@every_screen
def test_the_console_is_silent_and_no_other_origin_is_asked(gallery, screen):
    none(gallery.see(screen).faults)
