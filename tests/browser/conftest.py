"""One browser and one server for all tests. A test takes members of its own, or a server of its own, so that no test depends
on another. No page of any test may write an error to the console, break the content security policy or ask another origin."""

import os

import pytest
from playwright.sync_api import sync_playwright

from gallery import Gallery
from service import Service
from window import Window

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ["SHINSEI_TEST_CHROMIUM"], args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def new_service(tmp_path_factory):
    """Makes servers of their own; none of them may have panicked or logged an error when all is done."""
    made = []

    def new():
        service = Service(tmp_path_factory.mktemp("service"))
        made.append(service)
        return service

    yield new
    wrong = [line for service in made for line in service.stop()]
    assert not wrong, "the server's log tells of mistakes:\n" + "\n".join(wrong)


@pytest.fixture(scope="session")
def service(new_service):
    return new_service().start()


@pytest.fixture(scope="session")
def gallery(service, new_service, browser):
    """Every screen in every state, looked at once."""
    gallery = Gallery(service, new_service, browser)
    yield gallery
    gallery.close()


@pytest.fixture
def window(browser, service):
    """Opens windows as a person; looks back, when the test is over, at what their pages did."""
    opened = []

    def open_window(person=None, *, at=None, **settings):
        opened.append(Window(browser, (at or service).url, person, **settings))
        return opened[-1]

    yield open_window
    for one in opened:
        one.close()
    faults = [fault for one in opened for fault in one.faults]
    assert not faults, "\n".join(faults)
