// What a browser can add to the member's pages, which are whole without it. No rule of the society is here: units,
// requirements and errors are the server's answers, and only the forms themselves store anything.

// Characters as a person counts them, like `domain::text::count`: grapheme clusters, a line end is one (in a field's value
// it is LF alone). Without the segmenter the browser would count otherwise than the server, so the server's text stays.
const graphemes = Intl.Segmenter && new Intl.Segmenter("ja", { granularity: "grapheme" });
const figure = (value) => value.toLocaleString("ja-JP");

for (const counter of graphemes ? document.querySelectorAll("[data-counter]") : []) {
  const field = document.getElementById(counter.dataset.counter);
  const limit = Number(counter.dataset.limit);
  if (!field || !limit) continue;

  // Heard only near the limit and at most once a second: a count after every key drowns what was typed.
  const heard = document.createElement("p");
  heard.className = "visually-hidden";
  heard.setAttribute("role", "status");
  counter.after(heard);
  let composing = false;
  let pause;

  const show = () => {
    const now = [...graphemes.segment(field.value)].length;
    const left = limit - now;
    const state = `現在 ${figure(now)}字・${left < 0 ? `${figure(-left)}字超過` : `残り ${figure(left)}字`}`;
    counter.textContent = `${figure(limit)}字まで（${state}）`;
    counter.classList.toggle("over", left < 0);
    return left <= Math.max(20, limit / 10) ? state : "";
  };
  const typed = () => {
    if (composing) return;
    show();
    pause ??= setTimeout(() => {
      pause = undefined;
      if (!composing) heard.textContent = show();
    }, 1000);
  };
  field.addEventListener("compositionstart", () => (composing = true));
  field.addEventListener("compositionend", () => {
    composing = false;
    typed();
  });
  field.addEventListener("input", typed);
  // The browser may have put back what was typed before.
  addEventListener("pageshow", show);
}

// Before typed text is lost, the browser asks. What stands in a form is compared with what the server drew, so that text
// put back by the browser counts and a change taken back does not. `data-unsaved="typed"`: what the server drew is itself
// not saved yet (the page about a stale revision).
const guarded = [...document.querySelectorAll("form[data-unsaved]")];
const drawn = (field) =>
  field.type === "checkbox" || field.type === "radio"
    ? field.checked === field.defaultChecked
    : field.options
      ? field.selectedIndex === Math.max(0, [...field.options].findIndex((option) => option.defaultSelected))
      : field.defaultValue === undefined || field.value === field.defaultValue;
const changed = (form) => form.dataset.unsaved === "typed" || ![...form.elements].every(drawn);

// After its submission a form is on its way for a moment: a second press is the same press, and leaving is the purpose.
// Only for a moment, because the answer may be lost, or be a file, and then the person presses again.
const onItsWay = new Set();
addEventListener("submit", (event) => {
  const form = event.target;
  if (onItsWay.has(form)) return event.preventDefault();
  onItsWay.add(form);
  setTimeout(() => onItsWay.delete(form), 3000);
});

const warn = (event) => {
  if (!guarded.some((form) => !onItsWay.has(form) && changed(form))) return;
  event.preventDefault();
  event.returnValue = true;
};
// Listened for only when needed: not every browser keeps a page that listens for Back.
const guard = () => (guarded.some(changed) ? addEventListener : removeEventListener)("beforeunload", warn);
addEventListener("input", guard);

// Back may show the page as it was left, with the revision and the panel of then. It is fetched anew when no typed text is
// lost by that: every form is as it was drawn, or as the server has it by now.
const contents = (form) => {
  const data = new FormData(form);
  data.delete("key");
  data.delete("revision");
  return `${form.getAttribute("action")}?${new URLSearchParams(data)}`;
};
addEventListener("pageshow", async (event) => {
  guard();
  if (!event.persisted) return;
  onItsWay.clear();
  const address = location.pathname + location.search;
  try {
    const answer = await fetch(address);
    if (!answer.ok) return;
    const stored = new DOMParser().parseFromString(await answer.text(), "text/html");
    const known = new Set([...stored.forms].map(contents));
    if (!guarded.every((form) => !changed(form) || known.has(contents(form)))) return;
    removeEventListener("beforeunload", warn);
    location.replace(address);
  } catch {
    // Not reachable: what is on the screen stays there.
  }
});

// The panel 申請完了要件 as it would be with what is in the form: the server's answer, which stores nothing.
const panel = document.getElementById("requirements");
let newest;

const draw = (answer) => {
  const inside = new DOMParser().parseFromString(answer, "text/html").body;
  // Something between here and the server may answer with a page of its own.
  if (!inside.querySelector("#requirements-title")) return;
  const focused = panel.contains(document.activeElement) && document.activeElement;
  panel.replaceChildren(...inside.childNodes);
  if (!focused || focused === panel) return;
  const href = focused.getAttribute("href");
  const again = [...panel.querySelectorAll("a")].find((link) => link.getAttribute("href") === href);
  if (!again) panel.tabIndex = -1;
  (again ?? panel).focus({ preventScroll: true });
};

const preview = async (form) => {
  newest?.abort();
  const { signal } = (newest = new AbortController());
  try {
    const answer = await fetch(form.dataset.preview, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams(new FormData(form)).toString(),
      redirect: "error",
      signal,
    });
    const text = await answer.text();
    if (answer.status === 200 && answer.headers.get("content-type")?.startsWith("text/html") && !signal.aborted) draw(text);
  } catch {
    // The panel stays as it was last drawn. Saving tells what is wrong.
  }
};

for (const form of panel ? document.querySelectorAll("form[data-preview]") : []) {
  let pause;
  const after = (milliseconds) => {
    clearTimeout(pause);
    pause = setTimeout(preview, milliseconds, form);
  };
  form.addEventListener("compositionstart", () => clearTimeout(pause));
  form.addEventListener("compositionend", () => after(1000));
  form.addEventListener("input", (event) => {
    if (!event.isComposing) after(event.target.matches("select, [type=radio], [type=checkbox]") ? 0 : 1000);
  });
}

document.getElementById("error-summary")?.focus();

// 申請一覧 by keyboard: / to the search, j and k from line to line, x ticks, Enter follows the link that has the focus. Only where
// nothing is typed, and never together with a key that means something to the browser.
const lines = [...document.querySelectorAll("table.worklist tbody tr")];
if (lines.length > 0) {
  const links = lines.map((line) => line.querySelector("th a"));
  const here = () => lines.findIndex((line) => line.contains(document.activeElement));
  const keys = {
    "/": () => document.getElementById("q")?.focus(),
    j: () => links[Math.min(here() + 1, links.length - 1)]?.focus(),
    k: () => links[Math.max(here() - 1, 0)]?.focus(),
    x: () => lines[here()]?.querySelector("input[type=checkbox]")?.click(),
  };
  addEventListener("keydown", (event) => {
    const typing = event.target.closest("input:not([type=checkbox]), select, textarea");
    if (typing || event.ctrlKey || event.altKey || event.metaKey || event.isComposing || !Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    keys[event.key]();
  });
}
