"""A browser window of one person, and what its pages did that no page may do."""

from urllib.parse import urlsplit

# Long enough for a machine on which other things run: nothing is measured here, and what never comes fails all the same.
PATIENCE_MILLISECONDS = 300_000
# What a page is looked at for again and again, until it is so.
LOOK_AGAIN_MILLISECONDS = 20
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 375, "height": 667}


def until(page, is_so):
    """Waits for what happens in its own time."""
    for _ in range(PATIENCE_MILLISECONDS // LOOK_AGAIN_MILLISECONDS):
        if is_so():
            return
        page.wait_for_timeout(LOOK_AGAIN_MILLISECONDS)
    raise AssertionError("what was waited for did not happen")


class Window:
    """A context with one page."""

    def __init__(self, browser, url, person=None, *, viewport=None, script=True, phone=False, **settings):
        if phone:
            settings |= {"is_mobile": True, "has_touch": True, "device_scale_factor": 2}
        self.context = browser.new_context(
            base_url=url,
            viewport=viewport or (PHONE if phone else DESKTOP),
            java_script_enabled=script,
            locale="ja-JP",
            timezone_id="Asia/Tokyo",
            **settings,
        )
        self.context.set_default_timeout(PATIENCE_MILLISECONDS)
        self.url = url
        # Answers to a script that are refusals on purpose; the browser says so on the console.
        self.expected_refusals = set()
        self._mistakes, self._complaints, self._refusals = [], [], []
        self.context.on("request", self._requested)
        self.context.on("response", self._answered)
        self.context.on("console", self._said)
        self.context.on("weberror", lambda error: self._mistakes.append(f"script: {error.error}"))
        if person:
            self.context.add_cookies(person.cookies())
        self.page = self.context.new_page()

    def become(self, person):
        """Another person's window, or nobody's, with an empty page."""
        self.page.goto("about:blank")
        self.context.clear_cookies()
        if person:
            self.context.add_cookies(person.cookies())
        self.forget()

    @property
    def faults(self):
        """Errors of scripts and on the console (a breach of the content security policy is one), requests to another
        origin. A page that answers what was asked for with 4xx makes the browser say so, and that is no mistake."""
        expected = {
            url for url, status, is_page in self._refusals if is_page and status < 500 or status in self.expected_refusals
        }
        return self._mistakes + [
            f"console: {text} ({urlsplit(url).path})"
            for text, url in self._complaints
            if not (text.startswith("Failed to load resource") and url in expected)
        ]

    def forget(self):
        """What happened until now is no fault."""
        self._mistakes, self._complaints = [], []

    def another_tab(self):
        return self.context.new_page()

    def close(self):
        self.context.close()

    def _requested(self, request):
        address = urlsplit(request.url)
        if f"{address.scheme}://{address.netloc}" != self.url:
            self._mistakes.append(f"another origin was asked: {request.url}")

    def _answered(self, response):
        if response.status >= 400:
            self._refusals.append((response.url, response.status, response.request.is_navigation_request()))

    def _said(self, message):
        if message.type == "error":
            self._complaints.append((message.text, message.location["url"]))
