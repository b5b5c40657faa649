"""What a page is asked about itself in the browser, as JavaScript."""

# How an element is named in a fault.
NAME = """const name = (element) =>
  `${element.tagName.toLowerCase()}${element.id && "#" + element.id}${[...element.classList].map((c) => "." + c).join("")} 「${
    (element.innerText || element.value || "").trim().replace(/\\s+/g, " ").slice(0, 40)}」`;"""

# What reaches beyond the right edge, when the page can be scrolled sideways.
SIDEWAYS = (
    """() => {"""
    + NAME
    + """
  if (document.scrollingElement.scrollWidth <= innerWidth) return [];
  const wide = [...document.body.querySelectorAll("*")].filter((element) => element.getBoundingClientRect().right > innerWidth + 0.5);
  const deepest = wide.filter((element) => !wide.some((other) => other !== element && element.contains(other)));
  return [`${document.scrollingElement.scrollWidth} px in ${innerWidth} px`, ...deepest.map(name)];
}"""
)

# Controls lower than 44 px; links that stand alone and are lower than 24 px. A link inside a sentence is as high as its line.
SMALL_TARGETS = (
    """() => {"""
    + NAME
    + """
  const seen = (element) => {
    const box = element.getBoundingClientRect();
    return element.checkVisibility({ visibilityProperty: true }) && box.width > 1 && box.height > 1 && box.bottom + scrollY > 0;
  };
  const faults = [];
  // An inline box is as high as the font says, and the fonts that most people here have say one em.
  const height = (element) => {
    const { display, fontSize, paddingTop, paddingBottom } = getComputedStyle(element);
    const high = element.getBoundingClientRect().height;
    return display === "inline" ? Math.min(high, [fontSize, paddingTop, paddingBottom].map(parseFloat).reduce((a, b) => a + b)) : high;
  };
  const atLeast = (pixels, element) => {
    if (height(element) < pixels - 0.5) faults.push(`${name(element)} is ${height(element).toFixed(1)} px high, not ${pixels}`);
  };
  for (const control of document.querySelectorAll("button, a.button, nav.tabs a, select, textarea, summary, input:not([type=hidden])")) {
    if (!seen(control)) continue;
    if (control.matches("[type=checkbox], [type=radio]")) {
      const labels = [...control.labels];
      if (!labels.length) faults.push(`${name(control)} has no label to press`);
      labels.forEach((label) => atLeast(44, label));
    } else atLeast(44, control);
  }
  for (const link of document.querySelectorAll("a[href]:not(.button)")) {
    if (!seen(link) || link.matches("nav.tabs a")) continue;
    // Of a chart: shapes have boxes of their own, and neither line nor padding.
    if (link instanceof SVGElement) {
      const high = link.getBoundingClientRect().height;
      if (high < 23.5) faults.push(`${link.textContent} is ${high.toFixed(1)} px high, not 24`);
      continue;
    }
    const sentence = link.closest("p, li, dd, dt, td, th, h1, h2, h3, caption") || link.parentElement;
    if (sentence.innerText.trim() === link.innerText.trim()) atLeast(24, link);
  }
  return faults;
}"""
)
