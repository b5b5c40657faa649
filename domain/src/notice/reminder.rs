//! 期限のお知らせ: to whom, when, about what.

use jiff::Timestamp;

use crate::{
    application::{Application, ApplicationState},
    calendar::days_left,
    program::Program,
    requirements::requirements,
};

/// So many days before the deadline of the application itself, counted as the screens count them (0 on the last day).
pub const REMINDED_BEFORE: [i64; 5] = [30, 14, 7, 3, 1];

/// A reminder that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reminder {
    /// Which of [`REMINDED_BEFORE`].
    pub before: i64,
    /// Days that are really left.
    pub days_left: i64,
    /// The deadline: the program's, an extension's or a correction's.
    pub closes: Timestamp,
    /// What is missing, in the sentences of 申請完了要件.
    pub missing: Vec<String>,
}

/// The reminder that is due at a moment, if one is.
///
/// A day on which the job did not run is made up for on the next one, and not later: somebody who applies twenty days before
/// the end is not reminded of the thirtieth. Who has everything but has not pressed 申請を完了する misses just that.
pub fn reminder(application: &Application, program: &Program, at: Timestamp) -> Option<Reminder> {
    let Application::Made(state) = application else {
        return None;
    };
    if !state.is_open() {
        return None;
    }
    let closes = state.closes(program);
    let left = days_left(at, closes)?;
    let before = REMINDED_BEFORE
        .into_iter()
        .find(|before| (before - 1..=*before).contains(&left))?;
    Some(Reminder {
        before,
        days_left: left,
        closes,
        missing: missing(state, program),
    })
}

/// What is missing; never empty while the documents are open.
pub(super) fn missing(state: &ApplicationState, program: &Program) -> Vec<String> {
    let mut missing: Vec<String> = requirements(state, program)
        .missing
        .into_iter()
        .map(|requirement| requirement.message)
        .collect();
    if missing.is_empty() && state.is_open() {
        missing.push("「申請を完了する」の操作がお済みではありません".to_owned());
    }
    missing
}
