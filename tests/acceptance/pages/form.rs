//! A form with what stands in it.

use scraper::ElementRef;

use super::page::{Page, selector};
use super::visitor::Visitor;
use super::words;
use crate::service::TestService;

/// How a field is filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Hidden,
    /// One line, or more.
    Text {
        lines: bool,
    },
    /// Checkbox or radio button with the value that it sends.
    Tick {
        radio: bool,
    },
    /// Value and words of each option.
    Select(Vec<(String, String)>),
}

#[derive(Clone, Debug)]
struct Field {
    name: String,
    kind: Kind,
    /// Legends from the outermost, then the label.
    path: Vec<String>,
    value: String,
    ticked: bool,
}

/// What somebody has in front of them. A copy is the same form in the same window a moment ago, which is what a second press
/// sends.
#[derive(Clone)]
pub struct Form {
    visitor: Visitor,
    post: bool,
    /// Path and query of the page that it is on.
    page: String,
    /// Path and query.
    pub action: String,
    fields: Vec<Field>,
    button: Option<(String, String)>,
}

impl Form {
    /// The form of a button.
    #[track_caller]
    pub fn of(page: &Page, button: ElementRef) -> Self {
        let form = page
            .form_of(button)
            .unwrap_or_else(|| panic!("a button without a form on {page:?}"));
        let post = form
            .attr("method")
            .is_some_and(|m| m.eq_ignore_ascii_case("post"));
        let action = form.attr("action").unwrap_or_default();
        Self {
            visitor: page.visitor.clone(),
            post,
            page: page.address.clone(),
            action: page.resolve(action),
            fields: fields(page, form),
            button: button.attr("name").map(|name| {
                (
                    name.to_owned(),
                    button.attr("value").unwrap_or_default().to_owned(),
                )
            }),
        }
    }

    /// The same form, to be sent to another node of the service.
    pub fn at(mut self, service: &TestService) -> Self {
        self.visitor = self.visitor.at(service);
        self
    }

    /// The field that a path of labels leads to: `legend / label`, where a legend may be left out or cut short.
    #[track_caller]
    fn find(&self, path: &str) -> usize {
        let wanted: Vec<String> = path.split(" / ").map(words::name).collect();
        let (own, groups) = wanted.split_last().unwrap();
        let found: Vec<usize> = (0..self.fields.len())
            .filter(|&place| {
                let field = &self.fields[place];
                field.path.split_last().is_some_and(|(label, legends)| {
                    label == own
                        && groups.iter().all(|group| {
                            legends.iter().any(|legend| legend.contains(group.as_str()))
                        })
                })
            })
            .collect();
        let [place] = found[..] else {
            let labels: Vec<_> = self
                .fields
                .iter()
                .map(|field| field.path.join(" / "))
                .collect();
            panic!(
                "{} fields are labelled {path:?} among {labels:#?}",
                found.len()
            );
        };
        place
    }

    /// Where it is sent.
    pub fn action(&self) -> &str {
        &self.action
    }

    /// Types into a field in place of what is there, or chooses the option with these words.
    #[track_caller]
    pub fn set(mut self, path: &str, value: &str) -> Self {
        let place = self.find(path);
        let field = &mut self.fields[place];
        field.value = match &field.kind {
            Kind::Text { lines: true } => value.to_owned(),
            // A line break cannot be typed into one line.
            Kind::Text { lines: false } => value.replace(['\r', '\n'], ""),
            Kind::Select(options) => {
                let chosen = options.iter().find(|(_, words)| words == value);
                let (value, _) =
                    chosen.unwrap_or_else(|| panic!("{path} offers no {value}: {options:?}"));
                value.clone()
            }
            Kind::Hidden | Kind::Tick { .. } => panic!("{path} is nothing to type into"),
        };
        self
    }

    /// Ticks a checkbox, or takes a radio button and lets the others of its group go.
    #[track_caller]
    pub fn tick(mut self, path: &str) -> Self {
        let place = self.find(path);
        let Kind::Tick { radio } = self.fields[place].kind else {
            panic!("{path} is nothing to tick");
        };
        if radio {
            let name = self.fields[place].name.clone();
            let group = self.fields.iter_mut().filter(|field| field.name == name);
            group.for_each(|field| field.ticked = false);
        }
        self.fields[place].ticked = true;
        self
    }

    /// Takes the one radio button whose label begins like this.
    #[track_caller]
    pub fn tick_that_begins(self, words: &str) -> Self {
        let wanted = words::squeezed(words);
        let labels = self.fields.iter().filter_map(|field| field.path.last());
        let label = labels
            .filter(|label| label.starts_with(&wanted))
            .cloned()
            .collect::<Vec<_>>();
        let [label] = &label[..] else {
            panic!("{label:?} begin with {words}");
        };
        self.tick(label)
    }

    /// Takes the tick from a checkbox.
    #[track_caller]
    pub fn untick(mut self, path: &str) -> Self {
        let place = self.find(path);
        assert_eq!(
            self.fields[place].kind,
            Kind::Tick { radio: false },
            "{path}"
        );
        self.fields[place].ticked = false;
        self
    }

    /// What stands in a field: of a list the words that are chosen.
    #[track_caller]
    pub fn value(&self, path: &str) -> &str {
        let field = &self.fields[self.find(path)];
        match &field.kind {
            Kind::Select(options) => options
                .iter()
                .find(|(value, _)| *value == field.value)
                .map_or("", |(_, words)| words),
            _ => &field.value,
        }
    }

    #[track_caller]
    pub fn is_ticked(&self, path: &str) -> bool {
        self.fields[self.find(path)].ticked
    }

    /// Everything that a person can see or change, for comparing: path, value, tick.
    pub fn contents(&self) -> Vec<(String, String, bool)> {
        let shown = self
            .fields
            .iter()
            .filter(|field| field.kind != Kind::Hidden);
        shown
            .map(|field| {
                let tickable = matches!(field.kind, Kind::Tick { .. });
                let value = if tickable {
                    String::new()
                } else {
                    field.value.clone()
                };
                (field.path.join(" / "), value, field.ticked)
            })
            .collect()
    }

    /// As a browser encodes it.
    pub fn encoded(&self) -> String {
        let mut encoded = form_urlencoded::Serializer::new(String::new());
        for field in &self.fields {
            match field.kind {
                Kind::Tick { .. } if !field.ticked => {}
                Kind::Text { lines: true } => {
                    let lines = field.value.replace("\r\n", "\n").replace('\n', "\r\n");
                    encoded.append_pair(&field.name, &lines);
                }
                _ => {
                    encoded.append_pair(&field.name, &field.value);
                }
            }
        }
        if let Some((name, value)) = &self.button {
            encoded.append_pair(name, value);
        }
        encoded.finish()
    }

    /// Presses the button; what was done is shown at an address of its own.
    #[track_caller]
    pub fn press(&self) -> Page {
        if self.post {
            let (page, sent_on) =
                self.visitor
                    .post_from(Some(&self.page), &self.action, self.encoded());
            assert_eq!(page.status, 200, "{page:?}");
            assert!(sent_on, "{}: a page in answer to a POST", self.action);
            page
        } else {
            let (path, _) = self.action.split_once('?').unwrap_or((&self.action, ""));
            self.visitor
                .follow(&self.page, &format!("{path}?{}", self.encoded()))
        }
    }

    /// Presses the button and is answered by a page with this status.
    #[track_caller]
    pub fn press_expecting(&self, status: u16) -> Page {
        assert!(self.post);
        let (page, sent_on) =
            self.visitor
                .post_from(Some(&self.page), &self.action, self.encoded());
        assert_eq!((page.status, sent_on), (status, false), "{page:?}");
        page
    }
}

/// What the form would send, in its order.
fn fields(page: &Page, form: ElementRef) -> Vec<Field> {
    let controls = page.all(&selector("input, textarea, select"));
    let controls = controls.into_iter().filter(|control| {
        if page
            .form_of(*control)
            .is_none_or(|owner| owner.id() != form.id())
        {
            return false;
        }
        let button = matches!(
            control.attr("type"),
            Some("submit" | "button" | "reset" | "image")
        );
        !button && control.attr("disabled").is_none() && control.attr("name").is_some()
    });
    controls
        .map(|control| {
            let name = control.attr("name").unwrap_or_default().to_owned();
            let plain: String = control.text().collect();
            let (kind, value) = match (control.value().name(), control.attr("type")) {
                ("textarea", _) => (Kind::Text { lines: true }, plain),
                ("select", _) => select(control),
                (_, Some("hidden")) => (Kind::Hidden, value_of(control).unwrap_or_default()),
                (_, Some(tick @ ("checkbox" | "radio"))) => (
                    Kind::Tick {
                        radio: tick == "radio",
                    },
                    value_of(control).unwrap_or_else(|| "on".to_owned()),
                ),
                _ => (
                    Kind::Text { lines: false },
                    value_of(control).unwrap_or_default(),
                ),
            };
            Field {
                path: path(page, control),
                ticked: control.attr("checked").is_some(),
                name,
                kind,
                value,
            }
        })
        .collect()
}

fn value_of(control: ElementRef) -> Option<String> {
    control.attr("value").map(ToOwned::to_owned)
}

/// Options and the value of the chosen one; without any chosen one a browser takes the first.
fn select(control: ElementRef) -> (Kind, String) {
    let options = selector("option");
    let options: Vec<_> = control
        .select(&options)
        .map(|option| {
            let words: String = option.text().collect();
            let words = words.trim().to_owned();
            let value = value_of(option).unwrap_or_else(|| words.clone());
            (value, words, option.attr("selected").is_some())
        })
        .collect();
    let chosen = options
        .iter()
        .find(|(_, _, chosen)| *chosen)
        .or(options.first());
    let value = chosen
        .map(|(value, _, _)| value.clone())
        .unwrap_or_default();
    let options = options.into_iter().map(|(value, words, _)| (value, words));
    (Kind::Select(options.collect()), value)
}

/// Legends around a control from the outermost, then its label.
fn path(page: &Page, control: ElementRef) -> Vec<String> {
    let legend = selector("legend");
    let mut path: Vec<String> = control
        .ancestors()
        .filter_map(ElementRef::wrap)
        .filter(|element| element.value().name() == "fieldset")
        .filter_map(|fieldset| fieldset.select(&legend).next())
        .map(|legend| words::name(&words::spoken(legend)))
        .collect();
    path.reverse();
    path.extend(
        page.labels_of(control)
            .first()
            .map(|label| words::name(&words::spoken(*label))),
    );
    path
}
