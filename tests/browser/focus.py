"""Where the focus is, and whether a person sees it."""

# Sentences about the element that has the focus: none when it is seen. An element that wraps over lines has several boxes;
# a person sees the focus when one of them is in view and not covered.
FAULTS = """() => {
  const element = document.activeElement;
  if (!element || element === document.body || element === document.documentElement) return [];
  const name = `${element.tagName.toLowerCase()}${element.id && "#" + element.id} 「${
    (element.innerText || element.labels?.[0]?.innerText || element.name || "").trim().slice(0, 40)}」`;
  const faults = [];
  const inView = [...element.getClientRects()].map((box) => {
    const left = Math.max(box.left, 0), right = Math.min(box.right, innerWidth);
    const top = Math.max(box.top, 0), bottom = Math.min(box.bottom, innerHeight);
    return { left, right, top, bottom };
  }).filter((box) => box.right - box.left > 1 && box.bottom - box.top > 1);
  if (inView.length === 0) faults.push(`${name} has the focus outside the view`);
  else if (!inView.some((box) => {
    const hit = document.elementFromPoint((box.left + box.right) / 2, (box.top + box.bottom) / 2);
    return hit && (element.contains(hit) || [...(element.labels || [])].some((label) => label.contains(hit)));
  })) faults.push(`${name} has the focus and is covered`);
  const style = getComputedStyle(element);
  const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  if (!outlined && style.boxShadow === "none") faults.push(`${name} has the focus and does not show it`);
  return faults;
}"""


# Whether Tab has arrived, and what is wrong with where it is; one question, as it is asked after every press.
ARRIVED = f"(wanted) => [document.activeElement === wanted, ({FAULTS})()]"
ARRIVED_AT_NAME = f"(name) => [document.activeElement?.name === name, ({FAULTS})()]"


def focus_faults(page):
    """What is wrong with the element that has the focus, with the title of the page."""
    return told(page, page.evaluate(FAULTS))


def told(page, faults):
    return [f"{page.title()}: {fault}" for fault in faults]


def is_focused(handle):
    return handle.evaluate("element => document.activeElement === element")


def lies_before_focus(handle):
    """Whether Shift+Tab is the shorter way: the element stands before the one that has the focus."""
    return handle.evaluate(
        """element => {
          const focused = document.activeElement;
          if (!focused || focused === document.body) return false;
          return Boolean(focused.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_PRECEDING);
        }"""
    )
