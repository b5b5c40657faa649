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

// What was sent is in this tab until a page arrives: the network may be gone, or the server, and then the page before has to bring
// it back. Pages are stored nowhere, so a browser that fetches them anew would show them as they were drawn. What is put back has
// the revision and the key that it was sent with: overtaken, both versions are shown; received after all, it is the same save.
const SENT = "shinsei-sent";
const KEPT = 30 * 60 * 1000;
const kept = {
  get() {
    try {
      return JSON.parse(sessionStorage.getItem(SENT));
    } catch {
      return null;
    }
  },
  set(sent) {
    try {
      if (sent) sessionStorage.setItem(SENT, JSON.stringify(sent));
      else sessionStorage.removeItem(SENT);
    } catch {
      // A browser that keeps nothing.
    }
  },
};
const here = () => location.pathname + location.search;
const sentTo = (form) => (form.getAttribute("action") ?? "").split("?")[0];
// Of the fields that nobody sees, those that say from what the form was drawn.
const drawnFrom = (field) => ["key", "revision"].includes(field.name) || /(^|[-_])(seen|drawn)$/.test(field.name);
const typeable = "textarea, select, input[type=text], input[type=search], input[type=checkbox], input[type=radio]";

// A page that answers a form has the form's address, where nothing is sent to be seen again: Back to it would only offer to send the
// refused text once more. Here is the page where that form was filled in.
let formsPage;

addEventListener("submit", ({ target: form }) => {
  if (form.method !== "post" || !form.querySelector(typeable)) return kept.set(null);
  // Back from what comes now leads to the form's own page. Not before the press: a reload still sends the refused text again.
  if (formsPage && sentTo(form) === location.pathname) history.replaceState(null, "", formsPage);
  const fields = [...new FormData(form)].filter(([, value]) => typeof value === "string");
  kept.set({ at: Date.now(), page: here(), action: sentTo(form), fields });
});

const putBack = ({ at, page, action, fields }) => {
  if (!fields || Date.now() - at > KEPT) return;
  const all = (name) => fields.filter(([known]) => known === name).map(([, value]) => value);
  const isIt = (form) =>
    sentTo(form) === action &&
    [...form.querySelectorAll("input[type=hidden]")].every((field) => drawnFrom(field) || all(field.name).includes(field.value));
  const form = [...document.forms].find(isIt);
  if (!form) return;
  // A page that was asked for and not come back to: the save may have led here. Then the revision is another.
  const [arrived] = performance.getEntriesByType("navigation");
  const revision = form.elements.namedItem("revision");
  const cameBack = page === here() && arrived?.type !== "navigate";
  if (!cameBack && !(revision && all("revision").includes(revision.value))) return;
  for (const field of form.elements) {
    const values = all(field.name);
    if (field.type === "checkbox" || field.type === "radio") field.checked = values.includes(field.value);
    else if (values.length === 1 && (field.matches(typeable) || drawnFrom(field))) field.value = values[0];
    else continue;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  if (form.dataset.unsaved !== undefined) form.dataset.unsaved = "typed";
  const details = form.closest("details");
  if (details) details.open = true;
  const told = document.createElement("div");
  told.className = "notice info";
  told.setAttribute("role", "status");
  const sentence = document.createElement("p");
  sentence.textContent = "送信できなかった入力内容を、この画面に戻しました。まだ保存されていません。";
  told.append(sentence);
  form.before(told);
};
const unanswered = kept.get();
if (unanswered?.action === location.pathname) formsPage = unanswered.page;
// Answered: what was sent is on this page, and only where it came from is still asked for.
kept.set(formsPage ? { ...unanswered, fields: undefined } : null);

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
  return `${form.getAttribute("action").split("?")[0]}?${new URLSearchParams(data)}`;
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

// Only now, as what is put back counts and is previewed like what is typed.
if (unanswered) putBack(unanswered);

// What was done, or what is wrong, is read first.
const said = location.hash === "#notice" ? "notice" : "";
(document.getElementById("error-summary") ?? document.getElementById(said))?.focus();

// 申請一覧 by keyboard: / to the search, j and k from line to line, x ticks, Enter follows the link that has the focus. Only where
// nothing is typed, and never together with a key that means something to the browser. They can be switched off, as somebody who
// speaks to the machine presses them unawares (WCAG 2.1.4); the browser remembers that.
const lines = [...document.querySelectorAll("table.worklist tbody tr")];
if (lines.length > 0) {
  const links = lines.map((line) => line.querySelector("th a"));
  const place = () => lines.findIndex((line) => line.contains(document.activeElement));
  const keys = {
    "/": () => document.getElementById("q")?.focus(),
    j: () => links[Math.min(place() + 1, links.length - 1)]?.focus(),
    k: () => links[Math.max(place() - 1, 0)]?.focus(),
    x: () => lines[place()]?.querySelector("input[type=checkbox]")?.click(),
  };
  const OFF = "shinsei-single-keys-off";
  const switched = (value) => {
    try {
      if (value === undefined) return localStorage.getItem(OFF) !== "yes";
      if (value) localStorage.removeItem(OFF);
      else localStorage.setItem(OFF, "yes");
    } catch {
      // A browser that remembers nothing: for this page only.
    }
    return value ?? true;
  };
  let on = switched();
  const help = document.getElementById("keys");
  if (help) {
    const label = document.createElement("label");
    const box = document.createElement("input");
    box.type = "checkbox";
    box.checked = on;
    box.id = label.htmlFor = "single-keys";
    box.addEventListener("change", () => (on = switched(box.checked)));
    label.append("1文字のキー操作を使う");
    const choice = document.createElement("div");
    choice.className = "choice";
    choice.append(box, label);
    help.after(choice);
  }
  addEventListener("keydown", (event) => {
    if (!on) return;
    const typing = event.target.closest("input:not([type=checkbox]), select, textarea");
    if (typing || event.ctrlKey || event.altKey || event.metaKey || event.isComposing || !Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    keys[event.key]();
  });
}
