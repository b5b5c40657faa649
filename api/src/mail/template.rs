//! The text of a mail with placeholders: checked when it is saved, rendered when it is written.

use std::collections::BTreeSet;

use domain::{
    documents::FieldError,
    notice::{NoticeKind, Words},
    text::{is_blank, show_directional, too_long, undecodable},
};
use minijinja::{Environment, ErrorKind, UndefinedBehavior, Value, syntax::SyntaxConfig};

/// Most characters of a subject and of a body, as templates and as mail.
const SUBJECT_LIMIT: usize = 200;
const BODY_LIMIT: usize = 10_000;

/// Steps after which a text is taken for one that never ends.
const FUEL: u64 = 20_000;

/// Subject and body, as a template or as they are sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Text {
    /// 件名
    pub subject: String,
    /// 本文
    pub body: String,
}

/// Never prints what it says: as a mail it is about a person.
impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Text(…)")
    }
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment.set_fuel(Some(FUEL));
    // A line with nothing but `{% if … %}` leaves no blank line behind.
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build();
    // It refuses delimiters that contradict each other, and these are the usual ones.
    if let Ok(syntax) = syntax {
        environment.set_syntax(syntax);
    }
    environment
}

fn values(words: &Words) -> Value {
    let pairs = words.iter();
    Value::from_pairs(pairs.map(|(name, value)| (*name, value.as_str())))
}

/// Puts the words in.
///
/// # Errors
/// A template that [`check`] would refuse.
pub fn render(template: &Text, words: &Words) -> Result<Text, minijinja::Error> {
    let environment = environment();
    // What turns the text of a member's name or of a comment would turn the whole line in a mail program.
    let part = |source: &str| {
        let rendered = environment.render_str(source, values(words))?;
        Ok::<_, minijinja::Error>(show_directional(&rendered).into_owned())
    };
    let subject = part(&template.subject)?;
    Ok(Text {
        // What is put in may have lines; a subject is one.
        subject: subject.split_whitespace().collect::<Vec<_>>().join(" "),
        body: format!("{}\n", part(&template.body)?.trim_end()),
    })
}

/// Whether mails of a kind can be written from a template.
///
/// # Errors
/// What is wrong, with its line or placeholder, in words for those who write templates.
pub fn check(kind: NoticeKind, template: &Text) -> Result<(), Vec<FieldError>> {
    let mut errors = Vec::new();
    for (pointer, label, text, limit) in [
        ("/subject", "件名", &template.subject, SUBJECT_LIMIT),
        ("/body", "本文", &template.body, BODY_LIMIT),
    ] {
        let wrong = if is_blank(text) {
            Some(format!("{label} を入力してください。"))
        } else if let Some(sentence) = too_long(label, text, limit) {
            Some(sentence)
        } else if pointer == "/subject" && text.chars().any(char::is_control) {
            Some("件名 は改行のない1行で入力してください。".to_owned())
        } else if let Some(found) = undecodable(text) {
            Some(found.message(label))
        } else {
            wrong_in(kind, text)
        };
        errors.extend(wrong.map(|message| FieldError {
            pointer: pointer.to_owned(),
            message,
        }));
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(errors)
    }
}

fn wrong_in(kind: NoticeKind, source: &str) -> Option<String> {
    let environment = environment();
    let template = match environment.template_from_str(source) {
        Ok(template) => template,
        Err(error) => return Some(told(&error)),
    };
    let names: Vec<_> = kind.placeholders().iter().map(|one| one.name()).collect();
    // In the order of the text, so that the first is named first.
    let unknown: BTreeSet<(usize, String)> = template
        .undeclared_variables(false)
        .into_iter()
        .filter(|name| !names.contains(&name.as_str()))
        .map(|name| (line_of(source, &name), name))
        .collect();
    if let Some((line, name)) = unknown.into_iter().next() {
        return Some(format!(
            "{line}行目: 「{{{{ {name} }}}}」という差し込み項目はありません。お使いいただける項目は {} です。",
            names.join("、")
        ));
    }
    // Filters and the like are looked up while a text is written. Once with every value there, once with every value empty.
    for value in ["値", ""] {
        let words: Words = names.iter().map(|name| (*name, value.to_owned())).collect();
        if let Err(error) = template.render(values(&words)) {
            return Some(told(&error));
        }
    }
    None
}

/// The first line that has a name in braces; lines count from 1.
fn line_of(source: &str, name: &str) -> usize {
    source
        .lines()
        .position(|line| line.contains('{') && line.contains(name))
        .or_else(|| source.lines().position(|line| line.contains(name)))
        .map_or(1, |line| line + 1)
}

fn told(error: &minijinja::Error) -> String {
    let line = error.line().unwrap_or(1);
    match error.kind() {
        ErrorKind::SyntaxError => format!(
            "{line}行目: 書き方に誤りがあります。差し込み項目は {{{{ 氏名 }}}} のように、二重の波かっこで囲んでください。"
        ),
        ErrorKind::OutOfFuel => {
            format!("{line}行目: 繰り返しが多すぎます。簡単な書き方に直してください。")
        }
        _ => format!(
            "{line}行目: この書き方はお使いいただけません。{{{{ 氏名 }}}} のような差し込み項目と {{% if … %}} をお使いください。"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(body: &str) -> String {
        let text = Text {
            subject: "お知らせ".to_owned(),
            body: body.to_owned(),
        };
        let errors = check(NoticeKind::Applied, &text).unwrap_err();
        assert_eq!(errors[0].pointer, "/body");
        errors[0].message.clone()
    }

    #[test]
    fn an_unknown_placeholder_is_named_with_its_line_and_what_there_is() {
        let told = refused("こんにちは\n{{ 氏 }} 様");
        assert!(
            told.starts_with("2行目: 「{{ 氏 }}」という差し込み項目はありません。"),
            "{told}"
        );
        assert!(told.contains("氏名、会員番号"), "{told}");
        assert!(
            refused("{% if 氏名 %}{% else %}{{ 不足項目 }}{% endif %}").contains("不足項目"),
            "also where it would not be reached, and though another kind has it"
        );
    }

    #[test]
    fn what_cannot_be_read_is_refused_with_its_line() {
        for (body, line) in [
            ("a\n{{ 氏名 様", "2行目: 書き方に誤りがあります。"),
            ("{% if 氏名 %}", "1行目: 書き方に誤りがあります。"),
            ("a\nb\n{{ 氏名|shout }}", "3行目: この書き方は"),
            ("{{ 氏名.first }}", "1行目: この書き方は"),
            ("{% include 'x' %}", "1行目: 書き方に誤りがあります。"),
            ("{{ range(9) }}", "1行目: 「{{ range }}」"),
        ] {
            assert!(refused(body).starts_with(line), "{body}: {}", refused(body));
        }
        assert!(refused(" \n").contains("入力してください"));
        assert!(refused("a\u{1B}b").contains("U+001B"));
        assert!(refused(&"あ".repeat(10_001)).contains("10,000字以内"));
    }

    #[test]
    fn a_text_that_would_never_end_runs_out_of_fuel() {
        let list = vec!["1"; 40].join(",");
        let body = format!(
            "{{% for a in [{list}] %}}{{% for b in [{list}] %}}{{% for c in [{list}] %}}x{{% endfor %}}{{% endfor %}}{{% endfor %}}"
        );
        assert!(refused(&body).contains("繰り返し"), "{}", refused(&body));
    }

    #[test]
    fn a_subject_is_one_line_whatever_is_put_in() {
        let text = Text {
            subject: "件名\n2行目".to_owned(),
            body: "本文".to_owned(),
        };
        assert_eq!(
            check(NoticeKind::Applied, &text).unwrap_err()[0].pointer,
            "/subject"
        );
        let words = Words::from([("氏名", "臨床\r\nBcc: everybody@example.jp".to_owned())]);
        let template = Text {
            subject: "{{ 氏名 }} 様".to_owned(),
            body: "{{氏名}}".to_owned(),
        };
        let written = render(&template, &words).unwrap();
        assert_eq!(written.subject, "臨床 Bcc: everybody@example.jp 様");
    }

    #[test]
    fn values_are_put_in_as_they_are() {
        let words = Words::from([("氏名", "{{ 会員番号 }} <b>&".to_owned())]);
        let template = Text {
            subject: "a".to_owned(),
            body: "{% if 氏名 %}\n{{ 氏名 }}\n{% endif %}\n終わり".to_owned(),
        };
        let written = render(&template, &words).unwrap();
        assert_eq!(written.body, "{{ 会員番号 }} <b>&\n終わり\n");
    }
}
