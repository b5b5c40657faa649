//! The acts that are done by their names: on an application's page, and on many applications at once.

use domain::{
    application::{Act, ApplicationState, ExamOutcome},
    calendar::{jst_date, parse_date, parse_deadline, show_deadline, show_last_day},
    program::Program,
};
use jiff::{SignedDuration, Timestamp, civil::Date};

use crate::{
    access::Permission,
    problem::{Kind, Problem},
};

/// 会員への説明, as forms call it.
pub(crate) const EXPLANATION: &str = "会員への説明（会員に表示・送信されます）";

/// 内部の理由, as forms call it.
pub(crate) const REASON: &str = "内部の理由（会員には表示されません）";

/// A value that an act asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asks {
    Nothing,
    /// A day and a minute, in Japan.
    Moment(&'static str),
    /// A day.
    Day(&'static str),
    /// The decision that is to be undone, by the number of its event.
    Decision,
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
    make: fn(Asked) -> Act,
}

/// What an act may ask for.
#[derive(Clone, Copy)]
struct Asked {
    moment: Timestamp,
    day: Date,
    event: u64,
}

const fn act(
    name: &'static str,
    label: &'static str,
    permission: Permission,
    make: fn(Asked) -> Act,
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

    /// The name of a decision, with what it asks for as it is typed; none of what is no 判定.
    pub fn of(act: &Act) -> Option<(&'static Self, String)> {
        let (name, until) = match act {
            Act::PassReview => ("pass", String::new()),
            Act::FailReview => ("fail", String::new()),
            Act::RevokeDecision => ("revoke", String::new()),
            Act::RecordExamResult(ExamOutcome::Passed) => ("exam-passed", String::new()),
            Act::RecordExamResult(ExamOutcome::Failed) => ("exam-failed", String::new()),
            Act::RecordExamResult(ExamOutcome::Absent) => ("exam-absent", String::new()),
            Act::ApproveCertification => ("approve", String::new()),
            Act::Certify => ("certify", String::new()),
            Act::Defer { until } => ("defer", until.to_string()),
            Act::Lapse => ("lapse", String::new()),
            Act::Undo { event } => ("undo", event.to_string()),
            _ => return None,
        };
        Some((Self::find(name)?, until))
    }

    /// The act with the latest time there is or with the last decision, for asking the decider whether it is possible at all.
    pub fn example(&self, now: Timestamp, state: &ApplicationState, program: &Program) -> Act {
        let far = now
            .saturating_add(SignedDuration::from_hours(24 * 365 * 20))
            .unwrap_or(Timestamp::MAX);
        (self.make)(Asked {
            moment: program.latest_deadline(now),
            day: jst_date(far),
            event: state.last_decision().map_or(0, |last| last.event),
        })
    }

    /// The act with what was typed.
    ///
    /// # Errors
    /// [`Kind::Invalid`] when it asks for a time or a decision and none can be read.
    pub fn read(&self, until: &str) -> Result<Act, Problem> {
        let wrong = |message: String| Problem::new(Kind::Invalid).at("/until", message);
        let mut asked = Asked {
            moment: Timestamp::UNIX_EPOCH,
            day: Date::ZERO,
            event: 0,
        };
        match self.asks {
            Asks::Nothing => {}
            Asks::Moment(label) => {
                asked.moment =
                    parse_deadline(until).map_err(|error| wrong(error.message(label)))?;
            }
            Asks::Day(label) => {
                asked.day = parse_date(until).map_err(|error| wrong(error.message(label)))?;
            }
            Asks::Decision => {
                asked.event = until.parse().map_err(|_| {
                    wrong(
                        "取り消す処理を選んでください。画面を開き直してご確認ください。".to_owned(),
                    )
                })?;
            }
        }
        Ok((self.make)(asked))
    }

    /// What it asks for as people read it: a deadline as every deadline is spelled. The number of the event that an undoing names says
    /// nothing to them; what cannot be read is shown as it is.
    pub fn shown(&self, until: &str) -> String {
        match self.asks {
            Asks::Nothing | Asks::Decision => String::new(),
            Asks::Moment(_) => match self.read(until) {
                Ok(Act::Reopen { until } | Act::ExtendDeadline { until }) => show_deadline(until),
                _ => until.to_owned(),
            },
            Asks::Day(_) => parse_date(until).map_or_else(|_| until.to_owned(), show_last_day),
        }
    }

    /// What that is called.
    pub const fn asked_for(&self) -> &'static str {
        match self.asks {
            Asks::Nothing => "",
            Asks::Moment(label) | Asks::Day(label) => label,
            Asks::Decision => "取り消す判定",
        }
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
    act("reopen", "再開", Permission::CheckDocuments, |asked| {
        Act::Reopen {
            until: asked.moment,
        }
    })
    .asking(Asks::Moment("入力の期限")),
    act(
        "extend",
        "期限延長",
        Permission::CheckDocuments,
        |asked| Act::ExtendDeadline {
            until: asked.moment,
        },
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
        |asked| Act::RequestCertificationFee { due: asked.day },
    )
    .asking(Asks::Day("納入期限"))
    .in_bulk(),
    act("certify", "認定", Permission::Decide, |_| Act::Certify).in_bulk(),
    act("defer", "猶予", Permission::Decide, |asked| Act::Defer {
        until: asked.day,
    })
    .asking(Asks::Day("猶予の最終日"))
    .in_bulk(),
    act("lapse", "失効", Permission::Decide, |_| Act::Lapse)
        .dangerous()
        .in_bulk(),
    act("undo", "処理の取消", Permission::Decide, |asked| {
        Act::Undo { event: asked.event }
    })
    .asking(Asks::Decision)
    .dangerous(),
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
            let made = (known.make)(Asked {
                moment: Timestamp::UNIX_EPOCH,
                day: Date::ZERO,
                event: 7,
            });
            let asking = matches!(
                made,
                Act::Reopen { .. }
                    | Act::ExtendDeadline { .. }
                    | Act::RequestCertificationFee { .. }
                    | Act::Defer { .. }
                    | Act::Undo { event: 7 }
            );
            assert_eq!(known.asks != Asks::Nothing, asking, "{}", known.name);
            assert_eq!(known.read("").is_err(), asking, "{}", known.name);
        }
    }

    #[test]
    fn every_decision_is_written_down_by_its_name_and_read_as_the_same_one() {
        for known in ALL {
            let act = (known.make)(Asked {
                moment: Timestamp::UNIX_EPOCH,
                day: Date::constant(2027, 3, 31),
                event: 7,
            });
            let judged = known.permission == Permission::Decide;
            assert_eq!(act.decides(), judged, "{}", known.name);
            let written = NamedAct::of(&act);
            assert_eq!(written.is_some(), judged, "{}", known.name);
            if let Some((found, until)) = written {
                assert_eq!(found.name, known.name);
                let read = found.read(&until).unwrap();
                assert_eq!(format!("{read:?}"), format!("{act:?}"));
            }
        }
    }

    #[test]
    fn a_time_is_read_as_a_browser_writes_it() {
        let extend = NamedAct::find("extend").unwrap().read("2026-08-31T17:00");
        assert!(
            matches!(extend, Ok(Act::ExtendDeadline { until }) if until.to_string() == "2026-08-31T08:00:00Z")
        );
        let shown = |name, until| NamedAct::find(name).unwrap().shown(until);
        assert_eq!(
            shown("extend", "2026-09-01T00:00"),
            "2026年8月31日(月) 24:00"
        );
        assert_eq!(
            shown("request-fee", "2027-02-28"),
            "2027年2月28日(日) 24:00"
        );
        assert_eq!(shown("undo", "7"), "");
        let fee = NamedAct::find("request-fee").unwrap().read("2027-02-28");
        assert!(
            matches!(fee, Ok(Act::RequestCertificationFee { due }) if due.to_string() == "2027-02-28")
        );
    }
}
