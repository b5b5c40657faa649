//! What an event changes in what is known of a member, field by field, for the person who is about to let it happen.

use serde::Serialize;

use super::{
    Member, MemberCommand, MemberEvent, MemberRecord, Payment, SeminarAttendance, SeminarKind,
    decide,
};
use crate::calendar::{FiscalYear, show_date};

/// One field that changes. Empty is: nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FactChange {
    /// Label of the field.
    pub label: String,
    /// As it is.
    pub before: String,
    /// As it would be.
    pub after: String,
}

type Fields = Vec<(&'static str, String)>;

/// The fields that an event changes, in the order of the screen.
pub fn changes(before: &Member, event: &MemberEvent) -> Vec<FactChange> {
    let mut after = before.clone();
    cqrs_es::Aggregate::apply(&mut after, event.clone());
    match event {
        MemberEvent::RecordImported { .. } | MemberEvent::RecordRetracted {} => differing(
            before.record.as_ref().map(record),
            after.record.as_ref().map(record),
        ),
        MemberEvent::AttendanceRecorded {
            attendance: one, ..
        } => differing(
            before.attendance.get(&one.key).map(attendance),
            after.attendance.get(&one.key).map(attendance),
        ),
        MemberEvent::AttendanceRetracted { seminar, .. } => differing(
            before.attendance.get(seminar).map(attendance),
            after.attendance.get(seminar).map(attendance),
        ),
        MemberEvent::PaymentReceived { payment: one } => differing(
            before.payments.get(&one.transaction).map(payment),
            after.payments.get(&one.transaction).map(payment),
        ),
        MemberEvent::PaymentRetracted { transaction } => differing(
            before.payments.get(transaction).map(payment),
            after.payments.get(transaction).map(payment),
        ),
    }
}

/// Whether a command takes away what is known in some field and puts nothing there.
pub fn empties(member: &Member, command: &MemberCommand) -> bool {
    let events = decide(member, command.clone()).unwrap_or_default();
    let mut changes = events.iter().flat_map(|event| changes(member, event));
    changes.any(|change| !change.before.is_empty() && change.after.is_empty())
}

fn differing(before: Option<Fields>, after: Option<Fields>) -> Vec<FactChange> {
    let (before, after) = match (before, after) {
        (None, None) => return Vec::new(),
        (Some(before), Some(after)) => (before, after),
        (None, Some(after)) => (nothing(&after), after),
        (Some(before), None) => {
            let after = nothing(&before);
            (before, after)
        }
    };
    before
        .into_iter()
        .zip(after)
        .filter(|((_, before), (_, after))| before != after)
        .map(|((label, before), (_, after))| FactChange {
            label: label.to_owned(),
            before,
            after,
        })
        .collect()
}

/// The same fields with nothing in them.
fn nothing(fields: &Fields) -> Fields {
    fields
        .iter()
        .map(|(label, _)| (*label, String::new()))
        .collect()
}

fn record(record: &MemberRecord) -> Fields {
    let year = |year: Option<FiscalYear>| year.map(|year| year.to_string()).unwrap_or_default();
    let certification = record.certification.as_ref();
    let mut fields = record.shown_fields();
    fields.extend([
        ("会費納入年度", year(record.dues_paid_year)),
        (
            "初回認定日",
            certification.map_or_else(String::new, |one| show_date(one.first_certified_on)),
        ),
        (
            "直近認定日",
            certification.map_or_else(String::new, |one| show_date(one.last_certified_on)),
        ),
        (
            "有効期限",
            certification.map_or_else(String::new, |one| show_date(one.valid_until)),
        ),
        ("筆記試験合格年度", year(record.exam_passed_year)),
    ]);
    fields
}

fn attendance(attendance: &SeminarAttendance) -> Fields {
    vec![
        ("出欠", "出席".to_owned()),
        ("セミナー", attendance.name.clone()),
        (
            "区分",
            match attendance.kind {
                SeminarKind::A => "A",
                SeminarKind::B => "B",
                SeminarKind::BestOfAsco => "BOA",
            }
            .to_owned(),
        ),
        ("開始日", show_date(attendance.key.first_day)),
        ("終了日", show_date(attendance.last_day)),
        ("単位", attendance.units.to_string()),
    ]
}

fn payment(payment: &Payment) -> Fields {
    vec![
        ("費目", payment.item.label().to_owned()),
        ("金額", format!("{}円", payment.amount_yen)),
        ("入金日", show_date(payment.paid_on)),
        ("振込名義カナ", payment.payer.value.clone()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        member::{record_examples::yoko, seminar::examples::attendance},
        personal::Personal,
    };

    fn attended(units: u32) -> MemberEvent {
        MemberEvent::AttendanceRecorded {
            attendance: attendance(units),
            by_hand: false,
        }
    }

    #[test]
    fn a_record_that_lacks_what_is_known_empties_it_and_one_that_says_something_else_does_not() {
        let known = Member {
            record: Some(yoko()),
            ..Member::default()
        };
        let command = |change: fn(&mut MemberRecord)| {
            let mut record = yoko();
            change(&mut record);
            MemberCommand::ImportRecord(Box::new(record))
        };
        let without_mail = command(|record| record.email = String::new());
        assert!(empties(&known, &without_mail));
        assert!(empties(
            &known,
            &command(|record| record.certification = None)
        ));
        let other_mail = command(|record| record.email = "other@example.jp".to_owned());
        assert!(!empties(&known, &other_mail));
        assert!(!empties(&known, &command(|_| {})));
        assert!(!empties(&Member::default(), &without_mail));
    }

    #[test]
    fn only_what_changes_is_told_from_what_to_what() {
        let mut member = Member::default();
        let told: Vec<_> = changes(&member, &attended(10))
            .into_iter()
            .map(|one| (one.label, one.before, one.after))
            .collect();
        assert_eq!(told.len(), 6);
        assert_eq!(told[5], ("単位".to_owned(), String::new(), "10".to_owned()));
        cqrs_es::Aggregate::apply(&mut member, attended(10));
        assert_eq!(
            changes(&member, &attended(15)),
            [FactChange {
                label: "単位".to_owned(),
                before: "10".to_owned(),
                after: "15".to_owned(),
            }]
        );
        assert_eq!(changes(&member, &attended(10)), []);
    }

    #[test]
    fn what_the_screens_do_not_show_of_a_record_is_told_too() {
        let imported = |record: MemberRecord| MemberEvent::RecordImported {
            record: Personal::new(Box::new(record)),
        };
        let mut member = Member::default();
        cqrs_es::Aggregate::apply(&mut member, imported(yoko()));
        let mut record = yoko();
        record.dues_paid_year = None;
        record.workplace.name = "中央総合病院".to_owned();
        let labels: Vec<_> = changes(&member, &imported(record))
            .into_iter()
            .map(|one| one.label)
            .collect();
        assert_eq!(labels, ["施設名", "会費納入年度"]);
    }
}
