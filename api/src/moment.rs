//! Moments in addresses and forms: one reader for all of them ([`domain::calendar::parse_moment`]), and what is said when there is none.

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use domain::calendar::{AskedMoment, JST, parse_moment};
use jiff::Timestamp;

use crate::problem::{Kind, Problem};

/// The name of the parameter in which addresses of pages, files and the JSON API name a moment.
pub(crate) const AS_OF: &str = "as_of";

/// Refuses a moment where none can be asked about, so that nobody takes what is said of today for what was said then. It stands in front of
/// every page and every operation that does not say that it knows moments.
pub(crate) async fn of_today_only(request: Request, next: Next) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let named: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
    if named.iter().any(|(name, _)| name == AS_OF) {
        return Problem::saying(
            Kind::MalformedAddress,
            "ここでは時点（as_of）を指定できません。指定を外すと現在の内容が表示されます。過去の内容は、時点を指定できる画面や操作でご確認ください。",
        )
        .into_response();
    }
    next.run(request).await
}

/// What is not a moment: what was meant by it, and how one is written.
pub(crate) fn malformed(what: &str) -> Problem {
    Problem::saying(
        Kind::MalformedAddress,
        format!(
            "{what}の形式が正しくありません。2026/06/03 18:05、2026/06/03、2026-06-03T18:05:00+09:00 のいずれかの形で指定してください。"
        ),
    )
}

/// The same where numbers are moments too.
pub(crate) fn malformed_or_number(what: &str, number: &str) -> Problem {
    Problem::saying(
        Kind::MalformedAddress,
        format!(
            "{what}の形式が正しくありません。2026/06/03 18:05、2026/06/03、2026-06-03T18:05:00+09:00 のいずれかの形か、{number}で指定してください。"
        ),
    )
}

/// A time in a parameter: its first instant and the first one after it, which are the same for an instant. An empty box asks for nothing.
///
/// # Errors
/// [`malformed`], also for a number.
pub(crate) fn time(
    name: &str,
    text: Option<&str>,
) -> Result<Option<(Timestamp, Timestamp)>, Problem> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    match parse_moment(text) {
        Ok(AskedMoment::Time { begins, ends }) => Ok(Some((begins, ends))),
        _ => Err(malformed(&format!("検索条件 {name} の日時"))),
    }
}

/// A time from which on something is asked for: what is named belongs to it.
///
/// # Errors
/// As [`time`].
pub(crate) fn from(name: &str, text: Option<&str>) -> Result<Option<Timestamp>, Problem> {
    Ok(time(name, text)?.map(|(begins, _)| begins))
}

/// A time up to which something is asked for: a day or minute that is named belongs to it.
///
/// # Errors
/// As [`time`].
pub(crate) fn upto(name: &str, text: Option<&str>) -> Result<Option<Timestamp>, Problem> {
    Ok(time(name, text)?.map(|(_, ends)| ends))
}

/// The fields of a form in which a moment is chosen: day, time and, where there are such, a number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Fields {
    /// `2026-06-03`, as browsers want it.
    pub day: String,
    /// `18:05`; empty for a whole day.
    pub time: String,
    /// A number.
    pub number: String,
}

impl Fields {
    /// What is to stand in them for a moment that was asked about in an address.
    pub(crate) fn showing(asked: &str) -> Self {
        match parse_moment(asked) {
            Ok(AskedMoment::Time { begins, ends }) => {
                let local = JST.to_datetime(begins);
                let day = ends.duration_since(begins).as_hours() >= 24;
                Self {
                    day: local.strftime("%Y-%m-%d").to_string(),
                    time: if day {
                        String::new()
                    } else {
                        local.strftime("%H:%M").to_string()
                    },
                    number: String::new(),
                }
            }
            Ok(AskedMoment::Number(number) | AskedMoment::Ledger(number)) => Self {
                number: number.to_string(),
                ..Self::default()
            },
            Err(_) => Self::default(),
        }
    }
}

/// The moment of a day and a time that were chosen; none when neither was.
///
/// # Errors
/// A time without a day.
pub(crate) fn chosen(day: &str, time: &str) -> Result<Option<String>, Problem> {
    let (day, time) = (day.trim(), time.trim());
    match (day.is_empty(), time.is_empty()) {
        (true, true) => Ok(None),
        (true, false) => Err(Problem::saying(
            Kind::MalformedAddress,
            "時刻だけでは時点が決まりません。日付も指定してください。",
        )),
        (false, _) => Ok(Some(format!("{day} {time}").trim().to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_holds_what_is_named_at_both_ends() {
        let text = Some("2026/06/03");
        let at = |text: &str| Some(text.parse::<Timestamp>().unwrap());
        assert_eq!(from("from", text).unwrap(), at("2026-06-02T15:00:00Z"));
        assert_eq!(upto("to", text).unwrap(), at("2026-06-03T15:00:00Z"));
        let instant = Some("2026-06-03T18:05:00 09:00");
        for read in [from, upto] {
            assert_eq!(read("to", instant).unwrap(), at("2026-06-03T09:05:00Z"));
            assert_eq!(read("to", Some(" ")).unwrap(), None);
            for wrong in ["12", "yesterday"] {
                let problem = read("to", Some(wrong)).unwrap_err();
                assert!(
                    problem
                        .body()
                        .detail
                        .starts_with("検索条件 to の日時の形式が正しくありません。")
                );
            }
        }
    }

    #[test]
    fn the_fields_show_what_they_ask_for() {
        for (day, time) in [("2026-06-03", "18:05"), ("2026-06-03", "")] {
            let asked = chosen(day, time).unwrap().unwrap();
            let shown = Fields::showing(&asked);
            assert_eq!((shown.day.as_str(), shown.time.as_str()), (day, time));
        }
        assert_eq!(Fields::showing("12").number, "12");
        assert_eq!(Fields::showing("yesterday"), Fields::default());
        assert_eq!(chosen("", " ").unwrap(), None);
        assert!(chosen("", "18:05").is_err());
    }
}
