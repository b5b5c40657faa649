//! Forms are sent to addresses of their own.
//!
//! A browser puts the answer to a form that is sent to its page's address in the place of that page, also when the answer is its own
//! page about a network that is gone: what was typed is behind no button then. Sent elsewhere, the page stays in the history, and Back
//! brings it with what was typed. Somebody who asks for such an address without a form is led to the page.

use axum::{
    extract::Request,
    http::{Method, Uri},
    middleware::Next,
    response::Response,
};
use uuid::Uuid;

use super::Gate;

tokio::task_local! {
    /// Where the form was sent that this task answers.
    static SENT_TO: String;
}

/// Pages that no address above their forms' has.
const ELSEWHERE: [(&str, &str); 2] = [
    ("/desk/searches", "/desk/applications"),
    ("/desk/searches/removal", "/desk/applications"),
];

/// Remembers where a form was sent while it is answered.
pub(super) async fn remember(request: Request, next: Next) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    let path = request.uri().path().to_owned();
    SENT_TO.scope(path, next.run(request)).await
}

/// A page that answers a form has the form's address: its forms are sent beside it.
pub(super) fn apart(html: String) -> String {
    let Ok(path) = SENT_TO.try_with(Clone::clone) else {
        return html;
    };
    let again = Uuid::new_v4().simple();
    html.replace(
        &format!("action=\"{path}\""),
        &format!("action=\"{path}?again={again}\""),
    )
    .replace(
        &format!("action=\"{path}#"),
        &format!("action=\"{path}?again={again}#"),
    )
    .replace(
        &format!("action=\"{path}?member="),
        &format!("action=\"{path}?again={again}&amp;member="),
    )
}

/// The same form's address once more, and another than it was sent to.
pub(super) fn anew(uri: &Uri) -> String {
    let told = uri.query().unwrap_or_default().split('&');
    let again = format!("again={}", Uuid::new_v4().simple());
    let query: Vec<&str> = told
        .filter(|part| !part.is_empty() && !part.starts_with("again="))
        .chain([again.as_str()])
        .collect();
    format!("{}?{}", uri.path(), query.join("&"))
}

/// The page of a form's address: the nearest above it.
fn above<'a>(gates: &[Gate], path: &'a str, route: &str) -> Option<&'a str> {
    let mut end = route.len();
    let mut cut = path.len();
    while let (Some(shorter), Some(behind)) = (
        route.get(..end).and_then(|route| route.rfind('/')),
        path.get(..cut).and_then(|path| path.rfind('/')),
    ) {
        (end, cut) = (shorter, behind);
        let page = route.get(..end)?;
        if gates
            .iter()
            .any(|gate| gate.method == Method::GET && gate.path == page)
        {
            return path.get(..cut);
        }
    }
    None
}

/// Whether a route means a path.
fn means(route: &str, path: &str) -> bool {
    let (mut route, mut path) = (route.split('/'), path.split('/'));
    loop {
        match (route.next(), path.next()) {
            (None, None) => return true,
            (Some(known), Some(part)) if known == part || known.starts_with('{') => {}
            _ => return false,
        }
    }
}

/// The page of the form that is sent to an address; the start page for one that is no form's.
pub(super) fn page_of(path: &str) -> String {
    if let Some((_, page)) = ELSEWHERE.iter().find(|(form, _)| *form == path) {
        return (*page).to_owned();
    }
    let gates = super::gates();
    let mut forms = gates.iter().filter(|gate| gate.method == Method::POST);
    let route = forms.find(|gate| means(gate.path, path));
    route
        .and_then(|gate| above(&gates, path, gate.path))
        .filter(|page| !page.is_empty())
        .unwrap_or("/")
        .to_owned()
}

/// A form's address that somebody asks for: from the browser's history, or by reloading a page that could not be reached.
pub(super) async fn lead(uri: Uri) -> Response {
    let page = page_of(uri.path());
    match uri.query() {
        Some(query) => super::see(&format!("{page}?{query}")),
        None => super::see(&page),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_form_is_sent_to_the_address_of_its_page_and_each_leads_to_it() {
        let gates = super::super::gates();
        let pages: Vec<_> = gates
            .iter()
            .filter(|gate| gate.method == Method::GET)
            .map(|gate| gate.path)
            .collect();
        for gate in gates.iter().filter(|gate| gate.method == Method::POST) {
            // Forms of another page: the confirmation, 申請一覧, a list of a report.
            let of_another = ["/apply/{program}", "/desk/bulk", "/report-exports"];
            if of_another.contains(&gate.path) {
                continue;
            }
            assert!(!pages.contains(&gate.path), "{}", gate.path);
            assert_ne!(page_of(gate.path), "/", "{}", gate.path);
        }
    }

    #[test]
    fn the_page_of_a_form_is_the_nearest_above_it() {
        for (form, page) in [
            (
                "/applications/p.1/documents/profile/save",
                "/applications/p.1/documents/profile",
            ),
            (
                "/applications/p.1/documents/papers/rows/5/removal",
                "/applications/p.1/documents/papers",
            ),
            (
                "/applications/p.1/documents/research-activities/total-years",
                "/applications/p.1/documents/research-activities",
            ),
            (
                "/applications/p.1/corrections/answers",
                "/applications/p.1/corrections",
            ),
            ("/desk/applications/p.1/check", "/desk/applications/p.1"),
            ("/desk/searches", "/desk/applications"),
            ("/nothing", "/"),
        ] {
            assert_eq!(page_of(form), page, "{form}");
        }
    }

    #[test]
    fn a_form_that_is_offered_again_has_another_address() {
        let uri: Uri = "/match/send?member=1&again=x".parse().unwrap();
        let once = anew(&uri);
        assert!(once.starts_with("/match/send?member=1&again="), "{once}");
        assert_ne!(once, anew(&uri));
    }
}
