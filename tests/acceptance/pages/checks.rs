//! What every page is held to, whatever is on it.

use std::collections::BTreeSet;

use scraper::ElementRef;
use uuid::Uuid;

use super::page::{Page, selector};
use super::words;
use crate::service::Answer;

/// Names of the demonstration's members: in no title and in no address.
const PEOPLE: [&str; 8] = [
    "臨床", "鈴木", "田中", "佐藤", "高橋", "伊藤", "髙﨑", "渡邉",
];

/// What is wrong with the headers of a page.
pub fn of_headers(answer: &Answer) -> Vec<String> {
    let mut faults = Vec::new();
    for (name, wanted) in [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
    ] {
        if answer.header(name) != Some(wanted) {
            faults.push(format!("{name}: {:?}", answer.header(name)));
        }
    }
    let policy = answer.header("content-security-policy").unwrap_or_default();
    for wanted in [
        "default-src 'none'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ] {
        if !policy.contains(wanted) {
            faults.push(format!(
                "content-security-policy without {wanted}: {policy}"
            ));
        }
    }
    for unsafe_source in [
        "unsafe-inline",
        "unsafe-eval",
        "unsafe-hashes",
        "*",
        "http:",
        "https:",
        "data:",
    ] {
        if policy.contains(unsafe_source) {
            faults.push(format!(
                "content-security-policy with {unsafe_source}: {policy}"
            ));
        }
    }
    faults
}

/// What is wrong with the markup of a page.
pub fn of_markup(page: &Page) -> Vec<String> {
    let mut faults = Vec::new();
    frame(page, &mut faults);
    ids(page, &mut faults);
    controls(page, &mut faults);
    forms(page, &mut faults);
    nothing_inline(page, &mut faults);
    errors(page, &mut faults);
    faults
}

fn count(page: &Page, what: &str) -> usize {
    page.all(&selector(what)).len()
}

fn frame(page: &Page, faults: &mut Vec<String>) {
    for what in [
        "html[lang=ja]",
        "title",
        "body",
        "h1",
        "main#main",
        "meta[charset]",
        "meta[name=viewport]",
    ] {
        let found = count(page, what);
        if found != 1 {
            faults.push(format!("{found} times {what}"));
        }
    }
    if count(page, "title") != 1 {
        return;
    }
    let title = page.title();
    if title.is_empty() {
        faults.push("an empty title".to_owned());
    }
    for name in PEOPLE {
        if title.contains(name) {
            faults.push(format!("a name in the title: {title}"));
        }
    }
    let shows_errors = count(page, "#error-summary") > 0;
    let says_errors = title.starts_with("エラー：");
    if shows_errors && !says_errors || says_errors && !shows_errors && page.status < 400 {
        faults.push(format!("errors: {shows_errors}, but the title is {title}"));
    }
    // A heading that is empty for everybody is none.
    for heading in page.all(&selector(
        "h1, h2, h3, h4, legend, caption, button, a[href], th[scope=col]",
    )) {
        if words::spoken(heading).is_empty() && heading.attr("aria-label").is_none() {
            faults.push(format!("nothing to read in {}", heading.html()));
        }
    }
}

fn ids(page: &Page, faults: &mut Vec<String>) {
    let mut ids = BTreeSet::new();
    for element in page.all(&selector("[id]")) {
        let id = element.attr("id").unwrap_or_default();
        if id.is_empty() || id.contains(char::is_whitespace) {
            faults.push(format!("id {id:?}"));
        }
        if !ids.insert(id) {
            faults.push(format!("id {id} twice"));
        }
    }
    for attribute in [
        "aria-describedby",
        "aria-labelledby",
        "aria-controls",
        "aria-details",
        "for",
        "headers",
        "form",
        "list",
    ] {
        for element in page.all(&selector(&format!("[{attribute}]"))) {
            let named = element.attr(attribute).unwrap_or_default();
            if named.trim().is_empty() {
                faults.push(format!("an empty {attribute}"));
            }
            for id in named.split_whitespace().filter(|id| !ids.contains(id)) {
                faults.push(format!("{attribute} names {id}, which is not there"));
            }
        }
    }
}

fn controls(page: &Page, faults: &mut Vec<String>) {
    for control in page.all(&selector("input, textarea, select")) {
        let kind = control.attr("type");
        if kind == Some("hidden") {
            continue;
        }
        let what = || format!("{} {:?}", control.value().name(), control.attr("id"));
        if page.form_of(control).is_none() {
            faults.push(format!("{} belongs to no form", what()));
        }
        let labels = page.labels_of(control);
        if labels.len() != 1 || labels.iter().any(|label| words::spoken(*label).is_empty()) {
            faults.push(format!("{} has {} labels", what(), labels.len()));
        }
        // What is typed may be a date of another form than a browser's calendar writes, and characters as a person counts them.
        if matches!(kind, Some("date" | "month" | "number")) || control.attr("maxlength").is_some()
        {
            faults.push(format!("{} takes less than what people type", what()));
        }
        if matches!(kind, Some("checkbox" | "radio"))
            && !control
                .ancestors()
                .filter_map(ElementRef::wrap)
                .any(|e| e.value().name() == "fieldset")
        {
            faults.push(format!("{} stands in no group", what()));
        }
    }
    let labelled = selector("label[for]");
    for label in page.all(&labelled) {
        let control = label.attr("for").and_then(|id| page.by_id(id));
        let labelable = control.is_some_and(|control| {
            matches!(
                control.value().name(),
                "input" | "textarea" | "select" | "meter" | "output" | "progress"
            )
        });
        if !labelable {
            faults.push(format!(
                "{} labels nothing that takes a label",
                label.html()
            ));
        }
    }
}

fn forms(page: &Page, faults: &mut Vec<String>) {
    let submitting = selector("button:not([type]), button[type=submit], input[type=submit]");
    for form in page.all(&selector("form")) {
        let action = form.attr("action").unwrap_or_default();
        let what = format!("the form for {action:?}");
        let buttons = page
            .all(&submitting)
            .into_iter()
            .filter_map(|button| page.form_of(button));
        if !buttons.into_iter().any(|owner| owner.id() == form.id()) {
            faults.push(format!("{what} has no button"));
        }
        let method = form.attr("method").unwrap_or("get").to_ascii_lowercase();
        if !matches!(method.as_str(), "get" | "post") {
            faults.push(format!("{what} asks for {method}"));
        }
        if form.attr("enctype").is_some() || form.attr("target").is_some() {
            faults.push(format!("{what} is sent in another way"));
        }
        // A mistake is pointed out by the page, in its words and all at once; a browser that holds a form back keeps what was
        // typed from being saved.
        let held_back =
            selector("[required], [pattern], [min], [max], [minlength], [type=email], [type=url]");
        if form.attr("novalidate").is_none() && form.select(&held_back).next().is_some() {
            faults.push(format!("{what} may be held back by a browser"));
        }
        let key = form
            .select(&selector("input[type=hidden][name=key]"))
            .filter_map(|key| key.attr("value"))
            .filter_map(|key| Uuid::parse_str(key).ok())
            .count();
        let entrance = ["/demo/", "/sign-out", "/handover"];
        let writes = method == "post" && !entrance.iter().any(|start| action.starts_with(start));
        if writes && key != 1 {
            faults.push(format!("{what} has {key} keys"));
        }
    }
    for button in page.all(&selector("button")) {
        if page.form_of(button).is_none()
            || matches!(button.attr("type"), Some("button" | "reset"))
            || button.attr("disabled").is_some()
        {
            faults.push(format!("a button that does nothing: {}", button.html()));
        }
    }
    for link in page.all(&selector("a:not([href])")) {
        let here = link.attr("aria-current").is_some() || link.attr("aria-disabled").is_some();
        if !here {
            faults.push(format!("a link that leads nowhere: {}", link.html()));
        }
    }
}

fn nothing_inline(page: &Page, faults: &mut Vec<String>) {
    for script in page.all(&selector("script")) {
        if script.attr("src").is_none() || script.text().any(|text| !text.trim().is_empty()) {
            faults.push(format!("an inline script: {}", script.html()));
        }
    }
    for what in [
        "style",
        "[style]",
        "iframe",
        "object",
        "embed",
        "base",
        "meta[http-equiv]",
    ] {
        if count(page, what) > 0 {
            faults.push(format!("{what} is there"));
        }
    }
    for element in page.all(&selector("*")) {
        for (name, value) in element.value().attrs() {
            let links = matches!(name, "href" | "action" | "src" | "formaction");
            let scheme = links
                && (value.trim().to_ascii_lowercase().starts_with("javascript:")
                    || value.starts_with("data:"));
            if name.starts_with("on") || scheme {
                faults.push(format!("{name}={value:?}"));
            }
        }
    }
}

/// The sentence of each line of the summary stands at the field to which the line leads, and the field says so.
fn errors(page: &Page, faults: &mut Vec<String>) {
    if count(page, "#error-summary") == 0 {
        return;
    }
    if count(page, "#error-summary[role=alert][tabindex='-1'] h2") != 1 {
        faults.push("the error summary is not announced".to_owned());
    }
    let lines = page.errors();
    if lines.is_empty() {
        faults.push("an error summary without a line".to_owned());
    }
    for (sentence, id) in lines {
        let Some(field) = page.by_id(&id) else {
            faults.push(format!("{sentence} leads to {id}, which is not there"));
            continue;
        };
        let marked = std::iter::once(field)
            .chain(field.ancestors().filter_map(ElementRef::wrap))
            .any(|element| element.value().classes().any(|class| class == "has-error"));
        if !marked {
            faults.push(format!("{id} is not marked as wrong"));
        }
        // A single box says it for itself too; ARIA knows no such thing for a group.
        let box_alone = matches!(field.value().name(), "input" | "textarea" | "select")
            && !matches!(field.attr("type"), Some("checkbox" | "radio"));
        if box_alone && field.attr("aria-invalid") != Some("true") {
            faults.push(format!("{id} is not said to be wrong"));
        }
        let above = field.ancestors().filter_map(ElementRef::wrap);
        let group = above.filter(|element| element.value().name() == "fieldset");
        let below = field.descendent_elements();
        let said = std::iter::once(field)
            .chain(group)
            .chain(below)
            .filter_map(|element| element.attr("aria-describedby"))
            .flat_map(str::split_whitespace)
            .filter_map(|id| page.by_id(id))
            .any(|element| {
                words::sentences(element)
                    .iter()
                    .any(|said| said.trim_start_matches('＊') == sentence)
            });
        if !said {
            faults.push(format!("{sentence} is not said at {id}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::super::visitor::Visitor;
    use super::*;
    use crate::service::Person;

    /// A page as it should be, with everything in it that is looked at.
    const GOOD: &str = r##"<!DOCTYPE html><html lang="ja"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>エラー：履歴書 | 申請</title>
<link rel="stylesheet" href="/a.css"><script type="module" src="/a.js"></script></head><body>
<a href="#main">本文へ移動</a><main id="main"><div id="error-summary" tabindex="-1" role="alert"><h2>不備</h2>
<ul><li><a href="#school">出身校は必須です。</a></li></ul></div><h1>履歴書</h1>
<form method="post" action="/save" novalidate id="form"><input type="hidden" name="key" value="6d2b1a54-9c0e-4f8b-8f57-21d053c17e96">
<div class="has-error"><label for="school">出身校</label><p id="school-error">＊出身校は必須です。</p>
<input type="text" id="school" name="school" required aria-describedby="school-error" aria-invalid="true"></div>
<fieldset><legend>公開</legend><input type="checkbox" id="withhold" name="withhold"><label for="withhold">希望しません</label></fieldset>
<button>保存</button></form></main></body></html>"##;

    fn faults(text: &str) -> Vec<String> {
        let nobody = Person::nobody("http://127.0.0.1:9");
        let visitor = Visitor::with(nobody, SocketAddr::from(([127, 0, 0, 1], 9)));
        of_markup(&Page::read(&visitor, "/", 200, text))
    }

    #[test]
    fn a_page_as_it_should_be_has_no_fault() {
        assert_eq!(faults(GOOD), Vec::<String>::new());
    }

    /// What is changed in the good page, into what, and a part of the fault that is found.
    const FAULTS: &[(&str, &str, &str)] = &[
        ("lang=\"ja\"", "lang=\"en\"", "0 times html[lang=ja]"),
        (
            "<h1>履歴書</h1>",
            "<h1>履歴書</h1><h1>二</h1>",
            "2 times h1",
        ),
        ("<h1>履歴書</h1>", "<h2>履歴書</h2>", "0 times h1"),
        ("<h1>履歴書</h1>", "<h1></h1>", "nothing to read in <h1>"),
        ("エラー：", "", "errors: true"),
        ("履歴書 | 申請", "臨床 瘍子 | 申請", "a name in the title"),
        ("id=\"withhold\"", "id=\"school\"", "id school twice"),
        ("for=\"withhold\"", "for=\"nothing\"", "for names nothing"),
        (
            "for=\"withhold\"",
            "for=\"main\"",
            "labels nothing that takes a label",
        ),
        (
            "aria-describedby=\"school-error\"",
            "aria-describedby=\"x\"",
            "aria-describedby names x",
        ),
        (
            "aria-describedby=\"school-error\"",
            "",
            "is not said at school",
        ),
        (
            "aria-invalid=\"true\"",
            "",
            "school is not said to be wrong",
        ),
        ("class=\"has-error\"", "", "school is not marked as wrong"),
        (
            "＊出身校は必須です。",
            "＊別の文です。",
            "is not said at school",
        ),
        ("href=\"#school\"", "href=\"#gone\"", "leads to gone"),
        ("role=\"alert\"", "", "the error summary is not announced"),
        ("<label for=\"school\">出身校</label>", "", "has 0 labels"),
        (
            "<label for=\"school\">出身校</label>",
            "<label for=\"school\"></label>",
            "has 1 labels",
        ),
        (
            "type=\"text\"",
            "type=\"date\"",
            "takes less than what people type",
        ),
        (
            "type=\"text\"",
            "type=\"text\" maxlength=\"9\"",
            "takes less than what people type",
        ),
        (" novalidate", "", "may be held back by a browser"),
        ("<fieldset>", "<div>", "stands in no group"),
        ("<button>保存</button>", "", "has no button"),
        (
            "<button>保存</button>",
            "<button></button>",
            "nothing to read in <button>",
        ),
        (
            "<button>保存</button>",
            "<button>保存</button><button type=\"button\">押す</button>",
            "does nothing",
        ),
        ("</form>", "</form><button>外</button>", "does nothing"),
        (
            "</form>",
            "</form><input id=\"x\" aria-label=\"x\">",
            "belongs to no form",
        ),
        (
            "</form>",
            "</form><a>行き先なし</a>",
            "a link that leads nowhere",
        ),
        (
            "name=\"key\" value=\"6d2b",
            "name=\"key\" value=\"",
            "has 0 keys",
        ),
        ("method=\"post\"", "method=\"put\"", "asks for put"),
        (
            "method=\"post\"",
            "method=\"post\" enctype=\"text/plain\"",
            "is sent in another way",
        ),
        ("src=\"/a.js\">", ">alert(1)", "an inline script"),
        ("</main>", "</main><style>p{}</style>", "style is there"),
        ("<main ", "<main style=\"color:red\" ", "[style] is there"),
        ("<main ", "<main onclick=\"x()\" ", "onclick"),
        ("href=\"#main\"", "href=\"javascript:x()\"", "href="),
    ];

    #[test]
    fn every_fault_is_found() {
        for (good, bad, fault) in FAULTS {
            assert!(GOOD.contains(good), "{good}");
            let found = faults(&GOOD.replace(good, bad));
            assert!(
                found.iter().any(|found| found.contains(fault)),
                "{good} → {bad}: {fault} is not among {found:#?}"
            );
        }
    }
}
