//! Somebody at a browser without JavaScript.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::rc::Rc;

use scraper::Html;
use ureq::http::Method;

use super::checks;
use super::page::{Page, selector};
use super::words;
use crate::service::{Answer, Person, TestService};

/// One cookie jar; every page that was opened stays open in a window of its own.
#[derive(Clone)]
pub struct Visitor {
    inner: Rc<Inner>,
}

struct Inner {
    person: Person,
    host: String,
    seen: RefCell<Vec<Seen>>,
    /// Links and actions that were looked at.
    known: RefCell<BTreeSet<String>>,
}

/// What stood on a page, all of it squeezed.
pub struct Seen {
    /// Path and query.
    pub address: String,
    pub title: String,
    pub sentences: Vec<String>,
    pub headings: Vec<String>,
    /// Links and buttons.
    pub controls: Vec<String>,
    /// Heads of columns.
    pub columns: Vec<String>,
    /// What names a field, a fact or a row.
    pub names: Vec<String>,
}

/// What a browser says that it wants.
const ACCEPT: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// Most answers that send on to the next one.
const HOPS: usize = 4;

impl Visitor {
    /// Not signed in.
    pub fn new(service: &TestService) -> Self {
        Self::with(service.nobody(), service.address())
    }

    pub fn with(person: Person, host: SocketAddr) -> Self {
        Self {
            inner: Rc::new(Inner {
                person,
                host: host.to_string(),
                seen: RefCell::default(),
                known: RefCell::default(),
            }),
        }
    }

    /// The same at another node of the service.
    pub fn at(&self, service: &TestService) -> Self {
        let address = service.address();
        Self::with(self.inner.person.at(&format!("http://{address}")), address)
    }

    /// Opens an address and arrives somewhere.
    #[track_caller]
    pub fn open(&self, address: &str) -> Page {
        self.arrive_from(None, address)
    }

    /// Opens an address from a page.
    #[track_caller]
    pub fn follow(&self, page: &str, address: &str) -> Page {
        self.arrive_from(Some(page), address)
    }

    #[track_caller]
    fn arrive_from(&self, page: Option<&str>, address: &str) -> Page {
        let answer = self.ask(&Method::GET, page, address, None);
        let (page, _) = self.arrive(address.to_owned(), answer);
        assert_eq!(page.status, 200, "{page:?}");
        page
    }

    /// Opens an address that is answered by a page with this status.
    #[track_caller]
    pub fn open_expecting(&self, address: &str, status: u16) -> Page {
        let answer = self.request(&Method::GET, address, None);
        let (page, sent_on) = self.arrive(address.to_owned(), answer);
        assert_eq!((page.status, sent_on), (status, false), "{page:?}");
        page
    }

    /// Sends a form from nowhere, and says whether the answer sent on to the page.
    #[track_caller]
    pub fn post(&self, address: &str, form: String) -> (Page, bool) {
        self.post_from(None, address, form)
    }

    /// Sends a form from the page that it is on.
    #[track_caller]
    pub fn post_from(&self, page: Option<&str>, address: &str, form: String) -> (Page, bool) {
        let answer = self.ask(&Method::POST, page, address, Some(form));
        self.arrive(address.to_owned(), answer)
    }

    /// A form as a page of this account sends it.
    pub fn own(&self, form: &str) -> String {
        let page = self.request(&Method::GET, "/sessions", None);
        let (_, rest) = page.text.split_once("name=\"csrf\" value=\"").unwrap();
        format!("{form}&csrf={}", rest.split('"').next().unwrap())
    }

    /// A request whose answer is looked at as it is.
    pub fn request(&self, method: &Method, address: &str, form: Option<String>) -> Answer {
        self.ask(method, None, address, form)
    }

    fn ask(
        &self,
        method: &Method,
        page: Option<&str>,
        address: &str,
        form: Option<String>,
    ) -> Answer {
        let host = &self.inner.host;
        let mut request = self
            .inner
            .person
            .request(method.clone(), address)
            .without_key()
            .header("accept", ACCEPT)
            .header("sec-fetch-site", "same-origin");
        if let Some(page) = page {
            request = request.header("referer", &format!("http://{host}{page}"));
        }
        match form {
            Some(form) => request
                .header("origin", &format!("http://{host}"))
                .bytes("application/x-www-form-urlencoded", form.into_bytes())
                .send(),
            None => request.send(),
        }
    }

    /// A form that a page of another site sends.
    pub fn foreign(&self, address: &str, form: String) -> Answer {
        self.inner
            .person
            .request(Method::POST, address)
            .without_key()
            .header("accept", ACCEPT)
            .header("sec-fetch-site", "cross-site")
            .bytes("application/x-www-form-urlencoded", form.into_bytes())
            .send()
    }

    #[track_caller]
    fn arrive(&self, mut address: String, mut answer: Answer) -> (Page, bool) {
        let mut sent_on = false;
        for _ in 0..HOPS {
            if answer.status != 303 {
                let page = self.look_at(&address, &answer);
                return (page, sent_on);
            }
            let place = answer.header("location").unwrap_or_default().to_owned();
            assert!(is_local(&place), "{address} sends on to {place:?}");
            // A fragment is for the browser itself.
            place
                .split('#')
                .next()
                .unwrap_or_default()
                .clone_into(&mut address);
            answer = self.request(&Method::GET, &address, None);
            sent_on = true;
        }
        panic!("{address} sends on and on");
    }

    #[track_caller]
    fn look_at(&self, address: &str, answer: &Answer) -> Page {
        let page = Page::read(self, address, answer.status, &answer.text);
        let mut faults = checks::of_headers(answer);
        faults.extend(checks::of_markup(&page));
        faults.extend(self.dead_links(&page));
        assert!(
            faults.is_empty(),
            "{address} is not as a page must be: {faults:#?}\n{}",
            answer.text
        );
        self.inner.seen.borrow_mut().push(Seen::of(&page));
        page
    }

    /// Looks, once for each, whether what the page leads to is there.
    fn dead_links(&self, page: &Page) -> Vec<String> {
        let mut faults = Vec::new();
        let leading = selector("a[href], form[action], link[href], script[src], img[src]");
        for element in page.all(&leading) {
            let attribute = ["href", "action", "src"]
                .into_iter()
                .find_map(|name| element.attr(name));
            let link = attribute.unwrap_or_default();
            let is_form = element.value().name() == "form";
            let (address, fragment) = link.split_once('#').unwrap_or((link, ""));
            if address.is_empty() {
                if !fragment.is_empty() && page.by_id(fragment).is_none() {
                    faults.push(format!("{link} leads to no place on the page"));
                }
                continue;
            }
            if address.starts_with("https://") && !is_form {
                continue;
            }
            let address = page.resolve(address);
            if !is_local(&address) {
                faults.push(format!("{link} leads elsewhere"));
                continue;
            }
            let what = format!(
                "{} {address}#{fragment}",
                if is_form { "POST" } else { "GET" }
            );
            if !self.inner.known.borrow_mut().insert(what) {
                continue;
            }
            let answer = self.request(&Method::GET, &address, None);
            let there = match answer.status {
                200 | 303 => true,
                // There, but only for forms.
                405 => is_form,
                // In the trouble that the page tells of.
                503 => page.status == 503,
                _ => false,
            };
            if !there {
                faults.push(format!("{link} is answered with {}", answer.status));
            } else if !fragment.is_empty() {
                let target = Html::parse_document(&answer.text);
                let ids = selector("[id]");
                if !target
                    .select(&ids)
                    .any(|element| element.attr("id") == Some(fragment))
                {
                    faults.push(format!("{link} leads to no place on that page"));
                }
            }
        }
        faults
    }

    /// Everything that was on the screen until now.
    pub fn take_seen(&self) -> Vec<Seen> {
        self.inner.seen.take()
    }
}

/// A path of this service: nothing that a browser would take for another host.
fn is_local(address: &str) -> bool {
    address.starts_with('/') && !address.starts_with("//") && !address.contains('\\')
}

impl Seen {
    fn of(page: &Page) -> Self {
        let texts = |what: &str| {
            let what = selector(what);
            page.all(&what)
                .into_iter()
                .map(words::text)
                .collect::<Vec<_>>()
        };
        let mut controls = texts("a[href], button");
        controls.extend(texts("a[href] .title, button .title"));
        let names = texts("th, dt, label, legend, caption");
        Self {
            address: page.address.clone(),
            title: page.title(),
            sentences: words::sentences(page.one("body")),
            headings: texts("h1, h2, h3, h4, legend, caption"),
            controls,
            columns: texts("thead th"),
            names: names.iter().map(|text| words::name(text)).collect(),
        }
    }
}
