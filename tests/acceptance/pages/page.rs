//! A page that was answered.

use std::fmt;

use scraper::{ElementRef, Html, Selector};

use super::form::Form;
use super::visitor::Visitor;
use super::words::{self, squeezed};

/// A page in a window. Another page leaves it as it is: it is still there in its own window.
pub struct Page {
    pub visitor: Visitor,
    /// Path and query.
    pub address: String,
    pub status: u16,
    pub html: Html,
}

#[track_caller]
pub fn selector(text: &str) -> Selector {
    Selector::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

impl Page {
    pub fn read(visitor: &Visitor, address: &str, status: u16, text: &str) -> Self {
        Self {
            visitor: visitor.clone(),
            address: address.to_owned(),
            status,
            html: Html::parse_document(text),
        }
    }

    /// Path and query of a link on it.
    pub fn resolve(&self, link: &str) -> String {
        let link = link.split('#').next().unwrap_or_default();
        let path = self.address.split('?').next().unwrap_or_default();
        match link {
            "" => self.address.clone(),
            query if query.starts_with('?') => format!("{path}{query}"),
            absolute => absolute.to_owned(),
        }
    }

    pub fn all<'a>(&'a self, what: &Selector) -> Vec<ElementRef<'a>> {
        self.html.select(what).collect()
    }

    #[track_caller]
    pub fn one(&self, what: &str) -> ElementRef<'_> {
        let found = self.all(&selector(what));
        let [one] = found[..] else {
            panic!("{} times {what} on {self:?}", found.len());
        };
        one
    }

    pub fn by_id(&self, id: &str) -> Option<ElementRef<'_>> {
        let anything = selector("[id]");
        self.html
            .select(&anything)
            .find(|element| element.attr("id") == Some(id))
    }

    /// The id of the field with this label.
    #[track_caller]
    pub fn id_of_field(&self, label: &str) -> &str {
        let labels = self.all(&selector("label[for]"));
        let mut labels = labels
            .into_iter()
            .filter(|one| words::name(&words::text(*one)) == squeezed(label));
        let label = labels
            .next()
            .unwrap_or_else(|| panic!("no field {label} on {self:?}"));
        label.attr("for").unwrap()
    }

    /// The labels of a control: those that name it, then those around it.
    pub fn labels_of<'a>(&'a self, control: ElementRef<'a>) -> Vec<ElementRef<'a>> {
        let label = selector("label");
        let id = control.attr("id");
        let named = self
            .html
            .select(&label)
            .filter(|label| id.is_some() && label.attr("for") == id);
        let around = control.ancestors().filter_map(ElementRef::wrap);
        let around = around.filter(|element| element.value().name() == "label");
        named.chain(around).collect()
    }

    /// The form that a control or button belongs to: the one that it names, or the one around it.
    pub fn form_of<'a>(&'a self, control: ElementRef<'a>) -> Option<ElementRef<'a>> {
        let form = match control.attr("form") {
            Some(id) => self.by_id(id),
            None => control
                .ancestors()
                .filter_map(ElementRef::wrap)
                .find(|e| e.value().name() == "form"),
        };
        form.filter(|form| form.value().name() == "form")
    }

    /// All of it.
    #[track_caller]
    pub fn whole(&self) -> Part<'_> {
        Part {
            page: self,
            element: self.one("body"),
        }
    }

    /// A part by its selector: for what a person sees as one thing.
    #[track_caller]
    pub fn part(&self, what: &str) -> Part<'_> {
        Part {
            page: self,
            element: self.one(what),
        }
    }

    /// The row of a table in which this stands; without one, the entry of a list with a button.
    #[track_caller]
    pub fn row(&self, text: &str) -> Part<'_> {
        let text = squeezed(text);
        let mut found = self.all(&selector("tbody tr"));
        found.retain(|row| words::text(*row).contains(&text));
        if found.is_empty() {
            // An entry with something to press.
            found = self.all(&selector("li"));
            found.retain(|row| row.select(&selector("form")).next().is_some());
            found.retain(|row| words::text(*row).contains(&text));
        }
        let [row] = found[..] else {
            panic!("{text:?} stands in {} rows of {self:?}", found.len());
        };
        Part {
            page: self,
            element: row,
        }
    }

    pub fn title(&self) -> String {
        self.one("title")
            .text()
            .collect::<String>()
            .trim()
            .to_owned()
    }

    /// The words of its one `h1`.
    pub fn heading(&self) -> String {
        self.one("h1").text().collect::<String>().trim().to_owned()
    }

    pub fn says(&self, sentence: &str) -> bool {
        self.whole().says(sentence)
    }

    #[track_caller]
    pub fn assert_says(&self, sentences: &[&str]) -> &Self {
        self.whole().assert_says(sentences);
        self
    }

    #[track_caller]
    pub fn assert_silent(&self, sentences: &[&str]) -> &Self {
        for sentence in sentences {
            assert!(!self.says(sentence), "{sentence:?} stands on {self:?}");
        }
        self
    }

    #[track_caller]
    pub fn follow(&self, words: &str) -> Self {
        self.whole().follow(words)
    }

    #[track_caller]
    pub fn form(&self, button: &str) -> Form {
        self.whole().form(button)
    }

    /// The first link or button whose words begin like this.
    pub fn first_control_that_begins(&self, words: &str) -> Option<ElementRef<'_>> {
        let controls = selector("a[href], button");
        let mut controls = self.all(&controls).into_iter();
        controls.find(|control| words::text(*control).starts_with(&squeezed(words)))
    }

    /// Where the links lead whose addresses have this in them.
    pub fn links_to(&self, part: &str) -> Vec<String> {
        let links = self.all(&selector("main a[href]"));
        let links = links.into_iter().filter_map(|link| link.attr("href"));
        links
            .filter(|link| link.contains(part))
            .map(|link| self.resolve(link))
            .collect()
    }

    /// What the start page says of a program, by the name that its menu has.
    #[track_caller]
    pub fn program_row(&self, program: &str) -> Part<'_> {
        let wanted = squeezed(&format!("[{}]", super::member::menu_title(program)));
        let rows = selector("tbody tr, li, dl > div, article");
        let mut rows = self.all(&rows);
        rows.retain(|row| words::sentences(*row).contains(&wanted));
        let [row] = rows[..] else {
            panic!("{} rows of {program} on {self:?}", rows.len());
        };
        Part {
            page: self,
            element: row,
        }
    }

    pub fn has_control(&self, words: &str) -> bool {
        !self.whole().controls(words).is_empty()
    }

    /// Sentences of the error summary with the ids that they lead to; empty without one.
    pub fn errors(&self) -> Vec<(String, String)> {
        let lines = selector("#error-summary li a[href^='#']");
        let lines = self.all(&lines).into_iter().map(|line| {
            let id = line
                .attr("href")
                .unwrap_or_default()
                .trim_start_matches('#');
            (words::text(line), id.to_owned())
        });
        lines.collect()
    }
}

impl fmt::Debug for Page {
    /// What a person would read aloud of it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}", self.status, self.address)?;
        let body = selector("body");
        let sentences = self.html.select(&body).flat_map(words::sentences);
        sentences
            .into_iter()
            .try_for_each(|sentence| writeln!(f, "    {sentence}"))
    }
}

/// Part of a page.
#[derive(Clone, Copy)]
pub struct Part<'a> {
    page: &'a Page,
    pub element: ElementRef<'a>,
}

impl Part<'_> {
    pub fn text(&self) -> String {
        words::text(self.element)
    }

    pub fn says(&self, sentence: &str) -> bool {
        let sentence = squeezed(sentence);
        words::sentences(self.element)
            .iter()
            .any(|said| said.contains(&sentence))
    }

    #[track_caller]
    pub fn assert_says(&self, sentences: &[&str]) -> &Self {
        for sentence in sentences {
            assert!(
                self.says(sentence),
                "{sentence:?} is missing in {:#?} of {:?}",
                self.text(),
                self.page
            );
        }
        self
    }

    /// Links and buttons with exactly these words, or whose own title they are.
    fn controls(&self, words: &str) -> Vec<ElementRef<'_>> {
        let wanted = squeezed(words);
        let controls = selector("a[href], button");
        let title = selector(".title");
        self.element
            .select(&controls)
            .filter(|control| {
                words::text(*control) == wanted
                    || words::spoken(*control) == wanted
                    || control
                        .select(&title)
                        .any(|title| words::text(title) == wanted)
            })
            .collect()
    }

    /// Follows the link with these words. Several of them may lead to the same place.
    #[track_caller]
    pub fn follow(&self, words: &str) -> Page {
        let mut places: Vec<String> = self
            .controls(words)
            .iter()
            .filter_map(|link| link.attr("href"))
            .map(|href| self.page.resolve(href))
            .collect();
        places.sort();
        places.dedup();
        let [place] = &places[..] else {
            panic!("{words:?} leads to {places:?} on {:?}", self.page);
        };
        self.page.visitor.follow(&self.page.address, place)
    }

    /// The form whose button has these words.
    #[track_caller]
    pub fn form(&self, button: &str) -> Form {
        let buttons = self.controls(button);
        let buttons: Vec<_> = buttons
            .into_iter()
            .filter(|control| control.value().name() == "button")
            .collect();
        let [button] = buttons[..] else {
            panic!("{} buttons {button:?} on {:?}", buttons.len(), self.page);
        };
        Form::of(self.page, button)
    }
}
