//! Fields of forms: what was typed, what is wrong with it, and what is saved meanwhile, in one shape for every document.

use std::borrow::Cow;

use askama::{Template, filters::HtmlSafe};
use domain::documents::FieldError;

/// Whether something must be typed (DADS: in words beside the label).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// ※必須
    Required,
    /// ※必須 in a case, which is said.
    If(&'static str),
    /// ※任意
    Optional,
}

impl Need {
    /// What stands beside the label.
    fn words(self) -> String {
        match self {
            Self::Required => "※必須".to_owned(),
            Self::If(case) => format!("※必須（{case}）"),
            Self::Optional => "※任意".to_owned(),
        }
    }
}

/// A field with its label, its support text and what is to be said about it.
#[derive(Clone, Debug, Template)]
#[template(path = "pieces/field.html")]
pub(super) struct Field {
    /// The id of the control (of the group, for boxes and choices), and the last part of pointers to it.
    pub id: Cow<'static, str>,
    pub label: String,
    pub need: Need,
    /// Between label and control, never a placeholder.
    pub support: Vec<String>,
    pub control: Control,
    /// What is wrong, once each.
    pub errors: Vec<String>,
    /// How what was typed is understood.
    pub echo: Option<String>,
    /// What is saved instead (two windows), when it differs.
    pub saved: Option<String>,
    /// 編集不可: the names in JSON that it stands for. It is shown and sent nowhere.
    pub closed: Vec<String>,
}

impl HtmlSafe for Field {}

/// What one types into or chooses from.
#[derive(Clone, Debug)]
pub(super) enum Control {
    /// One line.
    Text(Input),
    /// Several lines; `limit` in characters as a person counts.
    Area {
        value: String,
        rows: u8,
        limit: usize,
    },
    /// One of many.
    Select { value: String, options: Vec<Choice> },
    /// 年, 月 and 日 in boxes of their own.
    Boxes(Vec<DateBox>),
    /// One of few.
    Radio(Vec<Choice>),
    /// Any of several.
    Checkboxes(Vec<Choice>),
    /// Yes or no, with its words behind the box.
    Check {
        checked: bool,
        words: String,
        /// Why it cannot be ticked is said beside it.
        forbidden: bool,
    },
}

/// A line to type into.
#[derive(Clone, Debug)]
pub(super) struct Input {
    pub value: String,
    /// Characters that fit: 4, 8, 16 or 0 for the whole width.
    pub width: u8,
    /// Whether phones show digits.
    pub digits: bool,
    /// Behind the box: 年, 単位.
    pub unit: &'static str,
    /// Most characters, where they are counted.
    pub limit: Option<usize>,
}

/// One box of a date.
#[derive(Clone, Debug)]
pub(super) struct DateBox {
    pub id: &'static str,
    /// 年, 月 or 日.
    pub label: &'static str,
    pub value: String,
    pub wrong: bool,
    /// 編集不可
    pub closed: bool,
}

/// Something to choose.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    pub value: String,
    pub words: String,
    pub chosen: bool,
}

impl Choice {
    /// A choice whose value is its words.
    pub fn named(name: &str, chosen: bool) -> Self {
        Self {
            value: name.to_owned(),
            words: name.to_owned(),
            chosen,
        }
    }
}

impl Field {
    /// A field without anything to say about it yet.
    pub fn new(
        id: impl Into<Cow<'static, str>>,
        label: impl Into<String>,
        need: Need,
        control: Control,
    ) -> Self {
        Self {
            id: id.into(),
            label: label.into(),
            need,
            support: Vec::new(),
            control,
            errors: Vec::new(),
            echo: None,
            saved: None,
            closed: Vec::new(),
        }
    }

    /// A line of text.
    pub fn text(id: &'static str, label: impl Into<String>, need: Need, value: &str) -> Self {
        let input = Input {
            value: value.to_owned(),
            width: 0,
            digits: false,
            unit: "",
            limit: None,
        };
        Self::new(id, label, need, Control::Text(input))
    }

    /// A number with its unit.
    pub fn number(
        id: &'static str,
        label: impl Into<String>,
        need: Need,
        value: &str,
        unit: &'static str,
    ) -> Self {
        let input = Input {
            value: value.to_owned(),
            width: 4,
            digits: true,
            unit,
            limit: None,
        };
        Self::new(id, label, need, Control::Text(input))
    }

    /// Several lines.
    pub fn area(
        id: impl Into<Cow<'static, str>>,
        label: impl Into<String>,
        need: Need,
        value: &str,
        (rows, limit): (u8, usize),
    ) -> Self {
        let value = value.to_owned();
        Self::new(id, label, need, Control::Area { value, rows, limit })
    }

    /// One of several names, or nothing yet. What was stored and is no choice any more stays choosable.
    pub fn select<'a>(
        id: &'static str,
        label: impl Into<String>,
        need: Need,
        value: &str,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let mut options: Vec<_> = names
            .into_iter()
            .map(|name| Choice::named(name, name == value))
            .collect();
        if !value.is_empty() && !options.iter().any(|option| option.chosen) {
            options.push(Choice::named(value, true));
        }
        let value = value.to_owned();
        Self::new(id, label, need, Control::Select { value, options })
    }

    /// Boxes of a date: id, label and value of each.
    pub fn boxes(
        id: &'static str,
        label: impl Into<String>,
        need: Need,
        boxes: impl IntoIterator<Item = (&'static str, &'static str, String)>,
    ) -> Self {
        let boxes = boxes
            .into_iter()
            .map(|(id, label, value)| DateBox {
                id,
                label,
                value,
                wrong: false,
                closed: false,
            })
            .collect();
        Self::new(id, label, need, Control::Boxes(boxes))
    }

    /// The same with a sentence between label and control.
    #[must_use]
    pub fn supported(mut self, sentence: impl Into<String>) -> Self {
        self.support.push(sentence.into());
        self
    }

    /// The same, saying how what was typed is understood.
    #[must_use]
    pub fn understood(mut self, echo: Option<String>) -> Self {
        self.echo = echo.map(|echo| format!("{echo} として登録されます。"));
        self
    }

    /// The same in a narrow box.
    #[must_use]
    pub fn wide(mut self, characters: u8) -> Self {
        if let Control::Text(input) = &mut self.control {
            input.width = characters;
        }
        self
    }

    /// The same with its characters counted.
    #[must_use]
    pub fn limited(mut self, limit: usize) -> Self {
        if let Control::Text(input) = &mut self.control {
            input.limit = Some(limit);
        }
        self
    }

    /// What stands in it, for people: the two versions of a document are compared by it.
    pub fn shown(&self) -> String {
        match &self.control {
            Control::Text(input) if input.value.is_empty() => String::new(),
            Control::Text(input) => format!("{}{}", input.value, input.unit),
            Control::Area { value, .. } | Control::Select { value, .. } => value.clone(),
            Control::Boxes(boxes) => boxes
                .iter()
                .filter(|one| !one.value.is_empty())
                // 年 may have been typed behind the year.
                .flat_map(|one| [one.value.trim_end_matches(one.label), one.label])
                .collect(),
            Control::Radio(choices) | Control::Checkboxes(choices) => choices
                .iter()
                .filter(|choice| choice.chosen)
                .map(|choice| choice.words.as_str())
                .collect::<Vec<_>>()
                .join("、"),
            Control::Check { checked: true, .. } => "チェックあり".to_owned(),
            Control::Check { checked: false, .. } => "チェックなし".to_owned(),
        }
    }

    /// Closes what may not be changed. `opens` tells of a name in JSON whether it may; of a name that is none, nothing.
    pub fn close(&mut self, opens: impl Fn(&str) -> Option<bool>, name: impl Fn(&str) -> String) {
        let own = name(&self.id);
        let whole = opens(&own);
        if let (None, Control::Boxes(boxes)) = (whole, &mut self.control) {
            for one in boxes.iter_mut() {
                one.closed = opens(&name(one.id)) == Some(false);
            }
            if boxes.iter().all(|one| one.closed) {
                self.closed = boxes.iter().map(|one| name(one.id)).collect();
            }
        } else if whole == Some(false) {
            self.closed = vec![own];
        }
    }

    /// Where the summary of errors leads: the first box at fault, or what one types into or chooses first.
    pub fn anchor(&self) -> String {
        match &self.control {
            Control::Boxes(boxes) => boxes
                .iter()
                .find(|one| one.wrong)
                .or(boxes.first())
                .map_or_else(|| self.id.to_string(), |one| one.id.to_owned()),
            Control::Radio(_) | Control::Checkboxes(_) => format!("{}-0", self.id),
            _ => self.id.to_string(),
        }
    }

    /// The ids of what describes the control: the error first, so that it is heard first.
    fn described_by(&self) -> Option<String> {
        let mut ids = Vec::new();
        if !self.errors.is_empty() {
            ids.push(format!("{}-error", self.id));
        }
        if !self.support.is_empty() {
            ids.push(format!("{}-support", self.id));
        }
        if self.echo.is_some() {
            ids.push(format!("{}-echo", self.id));
        }
        if self.saved.is_some() {
            ids.push(format!("{}-saved", self.id));
        }
        (!ids.is_empty()).then(|| ids.join(" "))
    }

    /// Whether a pointer leads to it or to one of its boxes.
    fn takes(&mut self, name: &str) -> bool {
        if let Control::Boxes(boxes) = &mut self.control {
            if let Some(one) = boxes.iter_mut().find(|one| one.id == name) {
                one.wrong = true;
                return true;
            }
            if self.id == name {
                for one in boxes {
                    one.wrong = true;
                }
                return true;
            }
            return false;
        }
        self.id == name
    }
}

/// How much of a text field is used, in characters as a person counts (a line break is one).
pub(super) fn counted(text: &str, limit: usize) -> String {
    let used = domain::text::count(text);
    if used <= limit {
        format!("{limit}字まで（現在 {used}字・残り {}字）", limit - used)
    } else {
        format!("{limit}字まで（現在 {used}字・{}字超過）", used - limit)
    }
}

/// A line of the summary of errors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SummaryLine {
    /// Id of what it is about.
    pub anchor: String,
    /// The same words as at the field.
    pub message: String,
}

/// Puts each error at its field and lists them as the summary does. `name` turns a pointer into the id of a field. An error
/// without a field still stands in the summary and leads to the form.
pub(super) fn place_errors(
    fields: &mut [Field],
    errors: &[FieldError],
    name: impl Fn(&str) -> String,
) -> Vec<SummaryLine> {
    let mut lines: Vec<SummaryLine> = Vec::new();
    for error in errors {
        let name = name(&error.pointer);
        let field = fields.iter_mut().find_map(|field| {
            let takes = field.takes(&name);
            takes.then_some(field)
        });
        let anchor = match field {
            Some(field) => {
                if !field.errors.contains(&error.message) {
                    field.errors.push(error.message.clone());
                }
                field.anchor()
            }
            None => "form".to_owned(),
        };
        let line = SummaryLine {
            anchor,
            message: error.message.clone(),
        };
        if !lines.iter().any(|known| known.message == line.message) {
            lines.push(line);
        }
    }
    lines
}

/// One line of two versions laid side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Difference {
    pub label: String,
    pub left: String,
    pub right: String,
}

/// Where two versions of the same fields differ.
pub(super) fn differences(left: &[Field], right: &[Field]) -> Vec<Difference> {
    left.iter()
        .zip(right)
        .map(|(left, right)| Difference {
            label: left.label.clone(),
            left: left.shown(),
            right: right.shown(),
        })
        .filter(|line| line.left != line.right)
        .collect()
}

/// Notes at each field what is saved instead, where it differs.
pub(super) fn note_saved(fields: &mut [Field], saved: &[Field]) {
    for (field, saved) in fields.iter_mut().zip(saved) {
        let shown = saved.shown();
        if field.shown() != shown {
            field.saved = Some(if shown.is_empty() {
                "（未入力）".to_owned()
            } else {
                shown
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graduation(year: &str, month: &str) -> Field {
        Field::boxes(
            "graduation",
            "卒業年月",
            Need::Required,
            [
                ("graduation_year", "年", year.to_owned()),
                ("graduation_month", "月", month.to_owned()),
            ],
        )
    }

    fn error(pointer: &str, message: &str) -> FieldError {
        FieldError {
            pointer: pointer.to_owned(),
            message: message.to_owned(),
        }
    }

    fn plain(pointer: &str) -> String {
        pointer.trim_start_matches('/').to_owned()
    }

    #[test]
    fn an_error_of_one_box_stands_at_the_group_and_leads_to_the_box() {
        let mut fields = [graduation("1998", "13")];
        let errors = [error("/graduation_month", "月は…")];
        let lines = place_errors(&mut fields, &errors, plain);
        assert_eq!(lines[0].anchor, "graduation_month");
        assert_eq!(fields[0].errors, ["月は…"]);
        assert_eq!(
            fields[0].described_by().as_deref(),
            Some("graduation-error")
        );
    }

    #[test]
    fn an_error_without_a_field_is_in_the_summary_all_the_same() {
        let lines = place_errors(&mut [], &[error("/elsewhere", "誤り")], plain);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].anchor, "form");
    }

    #[test]
    fn what_was_stored_and_is_no_choice_any_more_stays_choosable() {
        let field = Field::select("kind", "種別", Need::Required, "廃止", ["原著", "総説"]);
        assert_eq!(field.shown(), "廃止");
        let html = field.render().unwrap();
        assert!(html.contains("廃止"), "{html}");
    }

    #[test]
    fn what_was_typed_is_text_and_never_markup() {
        let html = Field::text("school", "出身校", Need::Required, "\"><script>x</script>")
            .render()
            .unwrap();
        assert!(!html.contains("<script"), "{html}");
    }

    /// Every template below a directory.
    fn templates(directory: &std::path::Path, found: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                templates(&path, found);
            } else {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path.display().to_string(), text));
            }
        }
    }

    #[test]
    fn no_field_cuts_what_is_pasted_and_none_loses_its_first_line() {
        let mut found = Vec::new();
        let all = concat!(env!("CARGO_MANIFEST_DIR"), "/templates");
        templates(std::path::Path::new(all), &mut found);
        assert!(found.len() > 40, "{} templates", found.len());
        for (file, text) in found {
            assert!(!text.contains("maxlength"), "{file}");
            // A line break behind the tag is dropped by the parser: one of the page's own stands before the text's.
            for area in text.split("<textarea").skip(1) {
                let (_, inside) = area.split_once('>').unwrap();
                assert!(
                    inside.starts_with('\n') || inside.starts_with("</textarea>"),
                    "{file}: {area}"
                );
            }
        }
    }

    #[test]
    fn two_versions_differ_where_what_is_shown_differs() {
        let (mine, saved) = ([graduation("1998", "3")], [graduation("1998", "4")]);
        let lines = differences(&mine, &saved);
        assert_eq!(
            (lines[0].left.as_str(), lines[0].right.as_str()),
            ("1998年3月", "1998年4月")
        );
        assert!(differences(&mine, &mine).is_empty());
    }
}
