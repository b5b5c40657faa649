//! The acts that are done by their names: on an application's page, and on many applications at once.

use domain::{
    application::{Act, ExamOutcome},
    calendar::{jst_date, parse_date, parse_instant},
};
use jiff::{SignedDuration, Timestamp, civil::Date};

use crate::{
    access::Permission,
    problem::{Kind, Problem},
};

/// A value that an act asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asks {
    Nothing,
    /// A day and a minute, in Japan.
    Moment(&'static str),
    /// A day.
    Day(&'static str),
}

/// An act with its name, its permission and what it asks for.
pub(crate) struct NamedAct {
    /// Its name in forms, addresses and tables.
    pub name: &'static str,
    /// Its words.
    pub label: &'static str,
    /// What it needs.
    pub permission: Permission,
    /// What it asks for.
    pub asks: Asks,
    /// Whether it takes something away.
    pub danger: bool,
    /// Whether it may be done on many applications at once.
    pub in_bulk: bool,
    /// The act with what it asks for.
    make: fn(When) -> Act,
}

/// What an act may ask for.
#[derive(Clone, Copy)]
struct When {
    moment: Timestamp,
    day: Date,
}

const fn act(
    name: &'static str,
    label: &'static str,
    permission: Permission,
    make: fn(When) -> Act,
) -> NamedAct {
    NamedAct {
        name,
        label,
        permission,
        asks: Asks::Nothing,
        danger: false,
        in_bulk: false,
        make,
    }
}

impl NamedAct {
    const fn asking(self, asks: Asks) -> Self {
        Self { asks, ..self }
    }

    const fn dangerous(self) -> Self {
        Self {
            danger: true,
            ..self
        }
    }

    const fn in_bulk(self) -> Self {
        Self {
            in_bulk: true,
            ..self
        }
    }

    /// The act of that name.
    pub fn find(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|known| known.name == name)
    }

    /// The act with a time far ahead, for asking the decider whether it is possible at all.
    pub fn example(&self, now: Timestamp) -> Act {
        let far = now
            .saturating_add(SignedDuration::from_hours(24 * 365 * 20))
            .unwrap_or(Timestamp::MAX);
        (self.make)(When {
            moment: far,
            day: jst_date(far),
        })
    }

    /// The act with what was typed.
    ///
    /// # Errors
    /// [`Kind::Invalid`] when it asks for a time and none can be read.
    pub fn read(&self, until: &str) -> Result<Act, Problem> {
        let wrong = |message: String| Problem::new(Kind::Invalid).at("/until", message);
        let mut when = When {
            moment: Timestamp::UNIX_EPOCH,
            day: Date::ZERO,
        };
        match self.asks {
            Asks::Nothing => {}
            Asks::Moment(label) => {
                when.moment = parse_instant(until)
                    .map_err(|_| wrong(format!("{label}の日時を入力してください。")))?;
            }
            Asks::Day(label) => {
                when.day = parse_date(until).map_err(|error| wrong(error.message(label)))?;
            }
        }
        Ok((self.make)(when))
    }

    /// The last part of the addresses under which acts of this permission are done.
    pub fn segment(&self) -> &'static str {
        match self.permission {
            Permission::Decide => "decision",
            Permission::ConfirmPayments => "payments",
            _ => "check",
        }
    }
}

/// All of them, in the order of the way.
pub(crate) const ALL: &[NamedAct] = &[
    act("accept", "書類受理", Permission::CheckDocuments, |_| {
        Act::AcceptDocuments
    })
    .in_bulk(),
    act("reopen", "再開", Permission::CheckDocuments, |when| {
        Act::Reopen { until: when.moment }
    })
    .asking(Asks::Moment("入力の期限")),
    act(
        "extend",
        "期限延長",
        Permission::CheckDocuments,
        |when| Act::ExtendDeadline { until: when.moment },
    )
    .asking(Asks::Moment("新しい期限"))
    .in_bulk(),
    act("withdraw", "取下げ", Permission::CheckDocuments, |_| {
        Act::Withdraw
    })
    .dangerous(),
    act("pass", "審査合格", Permission::Decide, |_| {
        Act::PassReview
    })
    .in_bulk(),
    act("fail", "審査不合格", Permission::Decide, |_| {
        Act::FailReview
    })
    .dangerous()
    .in_bulk(),
    act("revoke", "判定の取消", Permission::Decide, |_| {
        Act::RevokeDecision
    })
    .dangerous(),
    act(
        "exam-passed",
        "筆記試験: 合格",
        Permission::Decide,
        |_| Act::RecordExamResult(ExamOutcome::Passed),
    ),
    act(
        "exam-failed",
        "筆記試験: 不合格",
        Permission::Decide,
        |_| Act::RecordExamResult(ExamOutcome::Failed),
    )
    .dangerous(),
    act(
        "exam-absent",
        "筆記試験: 欠席",
        Permission::Decide,
        |_| Act::RecordExamResult(ExamOutcome::Absent),
    ),
    act("approve", "更新認定可", Permission::Decide, |_| {
        Act::ApproveCertification
    })
    .in_bulk(),
    act(
        "request-fee",
        "認定料の請求",
        Permission::ConfirmPayments,
        |when| Act::RequestCertificationFee { due: when.day },
    )
    .asking(Asks::Day("納入期限"))
    .in_bulk(),
    act("certify", "認定", Permission::Decide, |_| Act::Certify).in_bulk(),
    act("defer", "猶予", Permission::Decide, |when| Act::Defer {
        until: when.day,
    })
    .asking(Asks::Day("猶予の最終日"))
    .in_bulk(),
    act("lapse", "失効", Permission::Decide, |_| Act::Lapse)
        .dangerous()
        .in_bulk(),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_act_has_a_name_of_its_own_and_asks_for_the_time_that_it_carries() {
        let names: BTreeSet<_> = ALL.iter().map(|known| known.name).collect();
        assert_eq!(names.len(), ALL.len());
        for known in ALL {
            let timed = matches!(
                known.example(Timestamp::UNIX_EPOCH),
                Act::Reopen { .. }
                    | Act::ExtendDeadline { .. }
                    | Act::RequestCertificationFee { .. }
                    | Act::Defer { .. }
            );
            assert_eq!(known.asks != Asks::Nothing, timed, "{}", known.name);
            assert_eq!(known.read("").is_err(), timed, "{}", known.name);
        }
    }

    #[test]
    fn a_time_is_read_as_a_browser_writes_it() {
        let extend = NamedAct::find("extend").unwrap().read("2026-08-31T17:00");
        assert!(
            matches!(extend, Ok(Act::ExtendDeadline { until }) if until.to_string() == "2026-08-31T08:00:00Z")
        );
        let fee = NamedAct::find("request-fee").unwrap().read("2027-02-28");
        assert!(
            matches!(fee, Ok(Act::RequestCertificationFee { due }) if due.to_string() == "2027-02-28")
        );
    }
}
