"""The ways in which a person works a page. What is done is said once, in steps; a hand does each step in its own way."""

from focus import ARRIVED, ARRIVED_AT_NAME, is_focused, lies_before_focus, told

# Presses of Tab after which a person has been everywhere on the page and gives up.
PATIENCE = 250


class Mouse:
    """Clicks and types; needs no script in the page."""

    def __init__(self, page):
        self.page = page

    def open(self, address):
        self.page.goto(address)

    def _touch(self, control):
        control.click()

    def follow(self, control):
        """Presses a link or button that leads to another page, and waits for it."""
        with self.page.expect_navigation():
            self._touch(control)

    def press(self, control):
        """Presses what stays on the page."""
        self._touch(control)

    def write(self, control, text):
        control.fill(text)

    def choose(self, select, option):
        select.select_option(option)

    def tick(self, control):
        control.check()


class Finger(Mouse):
    """Taps, on a phone."""

    def _touch(self, control):
        control.tap()

    def tick(self, control):
        if not control.is_checked():
            control.tap()


class Keyboard(Mouse):
    """Tab, Shift+Tab, Space, Enter, arrows and letters; nothing is ever clicked or filled in. What has the focus is looked at
    after every press of Tab."""

    def __init__(self, page):
        super().__init__(page)
        self.faults = []

    def _tab_until(self, arrived, wanted, backwards, what):
        """`arrived`: asks whether the focus is where it is `wanted`, and what is wrong with it."""
        for _ in range(PATIENCE):
            self.page.keyboard.press("Shift+Tab" if backwards else "Tab")
            here, faults = self.page.evaluate(arrived, wanted)
            self.faults += told(self.page, faults)
            if here:
                return
        raise AssertionError(f"{what} cannot be reached with Tab on {self.page.title()}")

    def _reach(self, control):
        control.wait_for(state="attached")
        handle = control.element_handle()
        if not is_focused(handle):
            self._tab_until(ARRIVED, handle, lies_before_focus(handle), control)

    def follow(self, control):
        self._reach(control)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def press(self, control):
        self._reach(control)
        self.page.keyboard.press("Enter")

    def write(self, control, text):
        self._reach(control)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.press("Delete")
        self.page.keyboard.type(text)

    def choose(self, select, option):
        self._reach(select)
        # From the first option down, as somebody does who hears one after the other.
        self.page.keyboard.press("Home")
        for _ in range(select.locator("option").count()):
            if select.input_value() == option:
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"{select} has no {option}")

    def tick(self, control):
        if control.is_checked():
            return
        name = control.get_attribute("name")
        if control.get_attribute("type") == "radio":
            self._reach_group(name)
            if is_focused(control.element_handle()):
                self.page.keyboard.press("Space")
            for _ in range(self.page.locator(f"input[name={name}]").count()):
                if control.is_checked():
                    return
                self.page.keyboard.press("ArrowDown")
        else:
            self._reach(control)
            self.page.keyboard.press("Space")
        assert control.is_checked(), f"{name} cannot be chosen with the keyboard"

    def _reach_group(self, name):
        """Tab stops once at a group of radio buttons, wherever in it."""
        last = self.page.locator(f"input[name={name}]").last.element_handle()
        self._tab_until(ARRIVED_AT_NAME, name, lies_before_focus(last), name)
