//! JSON bodies: what can be read is a value, what cannot is a problem with a pointer, and nothing is stored
//! (architecture, decision 12).

use axum::{Json, extract::rejection::JsonRejection};
use domain::text::{normalise_newlines, undecodable};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::problem::{Kind, Problem};

/// Reads a body. Line ends become LF before anything is looked at.
///
/// # Errors
/// [`Kind::MalformedJson`] for what is no JSON; [`Kind::Undecodable`] with a pointer for a character that cannot be kept, a
/// wrong type, an unknown or a missing field.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut value: Value = serde_json::from_slice(bytes).map_err(|error| malformed(&error))?;
    let mut problem = None;
    if !value.is_object() {
        refuse(&mut problem, "", WRONG_TYPE);
    }
    clean(&mut value, &mut String::new(), &mut problem);
    if let Some(problem) = problem {
        return Err(problem);
    }
    // Through text again, because only this way the framework tells where it stumbled.
    let clean = value.to_string();
    match Json::<T>::from_bytes(clean.as_bytes()) {
        Ok(Json(decoded)) => Ok(decoded),
        Err(rejection) => Err(undecoded(&rejection)),
    }
}

fn malformed(error: &serde_json::Error) -> Problem {
    let sentence = Kind::MalformedJson.sentence();
    let place = if error.line() == 0 {
        sentence.to_owned()
    } else {
        format!(
            "{sentence}（{}行 {}文字目付近）",
            error.line(),
            error.column()
        )
    };
    Problem::saying(Kind::MalformedJson, place)
}

/// Normalises line ends everywhere, and notes the first text or key with a character that cannot be kept, or a list that would
/// be taken for an object.
fn clean(value: &mut Value, pointer: &mut String, problem: &mut Option<Problem>) {
    let above = pointer.len();
    match value {
        Value::String(text) => {
            if let std::borrow::Cow::Owned(normalised) = normalise_newlines(text) {
                *text = normalised;
            }
            if let Some(found) = undecodable(text) {
                refuse(problem, pointer, &found.message("入力内容"));
            }
        }
        Value::Array(items) => {
            for (place, item) in items.iter_mut().enumerate() {
                pointer.push('/');
                pointer.push_str(&place.to_string());
                // serde takes a list for an object with its fields in order. None of our values has a list in a list.
                if item.is_array() {
                    refuse(problem, pointer, WRONG_TYPE);
                }
                clean(item, pointer, problem);
                pointer.truncate(above);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                if let Some(found) = undecodable(name) {
                    refuse(problem, pointer, &found.message("項目名"));
                }
                pointer.push('/');
                pointer.push_str(&escaped(name));
                clean(field, pointer, problem);
                pointer.truncate(above);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn refuse(problem: &mut Option<Problem>, pointer: &str, message: &str) {
    if problem.is_none() {
        *problem = Some(Problem::new(Kind::Undecodable).at(pointer, message));
    }
}

/// A name in a JSON pointer (RFC 6901).
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

const WRONG_TYPE: &str =
    "この項目の値の型が正しくありません。API の説明（/api/v1/reference）をご確認ください。";
const UNKNOWN_FIELD: &str = "この名前の項目はありません。項目名をご確認ください。";
const MISSING_FIELD: &str = "この項目は必須です。";

/// The framework's error text is `<what failed>: <path>: <why>`; the value that it quotes is not repeated.
fn undecoded(rejection: &JsonRejection) -> Problem {
    let text = rejection.body_text();
    let told = text
        .split_once(": ")
        .map_or(text.as_str(), |(_, told)| told);
    let (path, why) = match told.split_once(": ") {
        Some((path, why)) if !path.contains([' ', '`']) => (path, why),
        _ => ("", told),
    };
    let mut pointer = pointer(path);
    let named = || why.split('`').nth(1).unwrap_or_default();
    let message = if why.starts_with("unknown field") {
        let name = format!("/{}", escaped(named()));
        if !pointer.ends_with(&name) {
            pointer.push_str(&name);
        }
        UNKNOWN_FIELD
    } else if why.starts_with("missing field") {
        pointer.push('/');
        pointer.push_str(&escaped(named()));
        MISSING_FIELD
    } else {
        WRONG_TYPE
    };
    Problem::new(Kind::Undecodable).at(pointer, message)
}

/// `trials[0].cases` → `/trials/0/cases`
fn pointer(path: &str) -> String {
    path.split(['.', '['])
        .map(|segment| segment.trim_end_matches(']'))
        .filter(|segment| !segment.is_empty() && *segment != "?")
        .fold(String::new(), |pointer, segment| {
            pointer + "/" + &escaped(segment)
        })
}

#[cfg(test)]
mod tests {
    use domain::documents::{ClinicalExperience, Profile};
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Request {
        #[expect(dead_code, reason = "only its absence matters")]
        program: String,
    }

    fn refused<T: DeserializeOwned + std::fmt::Debug>(body: &str) -> (Kind, Option<String>) {
        let problem = decode::<T>(body.as_bytes()).unwrap_err();
        let pointer = problem
            .body()
            .errors
            .first()
            .map(|error| error.pointer.clone());
        (problem.kind(), pointer)
    }

    #[test]
    fn line_ends_become_lf_before_anything_is_looked_at() {
        let profile: Profile = decode(br#"{"text":"a\r\nb\rc\td"}"#).unwrap();
        assert_eq!(profile.text, "a\nb\nc\td");
    }

    #[test]
    fn names_are_kept_code_point_for_code_point() {
        let profile: Profile =
            decode("{\"text\":\"葛\u{e0100} 𠮷 髙﨑 か\u{3099}\"}".as_bytes()).unwrap();
        assert_eq!(profile.text, "葛\u{e0100} 𠮷 髙﨑 か\u{3099}");
    }

    #[test]
    fn what_is_no_json_is_malformed() {
        for body in [
            "",
            "{",
            "{\"text\":\"\\ud800\"}",
            "nonsense",
            &"[".repeat(100_000),
        ] {
            assert_eq!(refused::<Profile>(body).0, Kind::MalformedJson);
        }
        assert_eq!(
            decode::<Profile>(b"\"\xff\"").unwrap_err().kind(),
            Kind::MalformedJson
        );
    }

    #[test]
    fn a_control_character_is_pointed_at() {
        let (kind, pointer) = refused::<ClinicalExperience>(r#"{"trials":[{"name":"a\u0000b"}]}"#);
        assert_eq!(
            (kind, pointer.as_deref()),
            (Kind::Undecodable, Some("/trials/0/name"))
        );
    }

    #[test]
    fn a_wrong_type_is_pointed_at() {
        let at = |body| refused::<ClinicalExperience>(body).1.unwrap();
        assert_eq!(
            at(r#"{"trials":[{"name":"x"},{"cases":3}]}"#),
            "/trials/1/cases"
        );
        assert_eq!(at(r#"{"examined":"胃"}"#), "/examined");
        assert_eq!(
            at(r#"{"special_procedures":"あり"}"#),
            "/special_procedures"
        );
        assert_eq!(at(r#"{"trials":[["name","3"]]}"#), "/trials/0");
        assert_eq!(at("[]"), "");
        assert_eq!(at("5"), "");
    }

    #[test]
    fn an_unknown_or_missing_field_is_pointed_at() {
        assert_eq!(refused::<Profile>(r#"{"txt":"x"}"#).1.unwrap(), "/txt");
        assert_eq!(refused::<Request>("{}").1.unwrap(), "/program");
        assert_eq!(
            refused::<ClinicalExperience>(r#"{"trials":[{"nam":"x"}]}"#)
                .1
                .unwrap(),
            "/trials/0/nam"
        );
    }

    #[test]
    fn the_value_that_was_refused_is_not_repeated() {
        let problem =
            decode::<ClinicalExperience>(r#"{"examined":"秘密"}"#.as_bytes()).unwrap_err();
        assert!(!format!("{:?}", problem.body()).contains("秘密"));
    }
}
