//! 確認待ち: facts of a file that a person looks at before they are recorded, because they are more likely a slip than news.
//!
//! A spreadsheet drops the zeros at the front of a code, so 0500026 comes back as 500026 and would be a correction; and a 医籍登録番号 or
//! a mail address that is another member's is two persons under one number, or one under two.

use std::collections::BTreeSet;

use super::{Member, MemberCommand, MemberNumber, MemberRecord};
use crate::text::MailAddress;

/// Why a fact waits for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doubt {
    /// There is another 会員番号 that differs by zeros at the front alone.
    NumberAlike,
    /// A code of the member, by its column, differs from the recorded one by zeros at the front alone.
    ZerosDiffer(&'static str),
    /// 医籍登録番号 is that of another member.
    RegistrationOfAnother,
    /// メールアドレス is that of another member.
    MailOfAnother,
    /// The row ends before the last column, and what it leaves out is known of the member.
    CutShort,
}

impl Doubt {
    /// The sentence for whoever imports. It names columns, never what stands there.
    pub fn sentence(self) -> String {
        match self {
            Self::NumberAlike => {
                "会員番号 が、先頭の0の有無だけが異なる別の会員番号と重なります。".to_owned()
            }
            Self::ZerosDiffer(column) => {
                format!("{column} が、登録されているものと先頭の0の有無だけ異なります。")
            }
            Self::RegistrationOfAnother => "医籍登録番号 が、別の会員のものと同じです。".to_owned(),
            Self::MailOfAnother => "メールアドレス が、別の会員のものと同じです。".to_owned(),
            Self::CutShort => {
                "行が見出しより短く、足りない列を空欄とすると、登録されている内容が消えます。"
                    .to_owned()
            }
        }
    }
}

/// Other members who have what a fact says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Neighbours {
    /// With a 会員番号 that differs by zeros at the front alone.
    pub by_number: BTreeSet<MemberNumber>,
    /// With the same 医籍登録番号.
    pub by_registration: BTreeSet<MemberNumber>,
    /// With the same mail address.
    pub by_mail: BTreeSet<MemberNumber>,
}

/// A code without the zeros at its front.
pub fn without_leading_zeros(code: &str) -> &str {
    code.trim_start_matches('0')
}

/// Whether two codes differ by zeros at the front and by nothing else.
fn alike(one: &str, other: &str) -> bool {
    one != other
        && !without_leading_zeros(one).is_empty()
        && without_leading_zeros(one) == without_leading_zeros(other)
}

/// What a person must look at before a file's word about a member is recorded; nothing when it would change nothing, and nothing about
/// what the member has already: somebody has let it through.
pub fn doubts(member: &Member, command: &MemberCommand, neighbours: &Neighbours) -> Vec<Doubt> {
    match command {
        MemberCommand::ImportRecord(record) => {
            of_record(member.record.as_ref(), record, neighbours)
        }
        MemberCommand::RecordAttendance(attendance) => {
            let mut known = member.attendance.keys();
            let is_alike = known.any(|known| {
                known.first_day == attendance.key.first_day
                    && alike(&known.code, &attendance.key.code)
            });
            let is_known = member.attendance.contains_key(&attendance.key);
            (is_alike && !is_known)
                .then_some(Doubt::ZerosDiffer("セミナーコード"))
                .into_iter()
                .collect()
        }
        MemberCommand::ReceivePayment(payment) => {
            let mut known = member.payments.keys();
            let is_alike = known.any(|known| alike(known, &payment.transaction));
            let is_known = member.payments.contains_key(&payment.transaction);
            (is_alike && !is_known)
                .then_some(Doubt::ZerosDiffer("取引番号"))
                .into_iter()
                .collect()
        }
        MemberCommand::RetractAttendance(_)
        | MemberCommand::EnterAttendance(_)
        | MemberCommand::RemoveAttendance(_)
        | MemberCommand::TakeBack(_) => Vec::new(),
    }
}

/// The codes of a record, by the columns of the export.
fn codes(record: &MemberRecord) -> Vec<(&'static str, &str)> {
    let certification = record.certification.as_ref();
    vec![
        (
            "専門医認定番号",
            certification.map_or("", |certification| certification.number.as_str()),
        ),
        ("医籍登録番号", registration(record)),
        ("自宅郵便番号", &record.home.postal_code),
        ("自宅電話", &record.home.phone),
        ("自宅FAX", &record.home.fax),
        ("施設郵便番号", &record.workplace.place.postal_code),
        ("施設電話", &record.workplace.place.phone),
        ("施設FAX", &record.workplace.place.fax),
    ]
}

fn registration(record: &MemberRecord) -> &str {
    let registration = record.medical_registration.as_ref();
    registration.map_or("", |registration| registration.number.as_str())
}

fn of_record(
    known: Option<&MemberRecord>,
    record: &MemberRecord,
    neighbours: &Neighbours,
) -> Vec<Doubt> {
    let mut doubts = Vec::new();
    if known.is_none() && !neighbours.by_number.is_empty() {
        doubts.push(Doubt::NumberAlike);
    }
    if let Some(known) = known {
        let pairs = codes(known).into_iter().zip(codes(record));
        doubts.extend(
            pairs
                .filter(|((_, before), (_, after))| alike(before, after))
                .map(|((column, _), _)| Doubt::ZerosDiffer(column)),
        );
    }
    let registered = known.map_or("", registration);
    let same_registration =
        without_leading_zeros(registered) == without_leading_zeros(registration(record));
    if !same_registration && !neighbours.by_registration.is_empty() {
        doubts.push(Doubt::RegistrationOfAnother);
    }
    let mail = |record: &MemberRecord| MailAddress::parse(&record.email).ok().map(|it| it.key());
    if known.and_then(mail) != mail(record) && !neighbours.by_mail.is_empty() {
        doubts.push(Doubt::MailOfAnother);
    }
    doubts
}

/// Whether a command says something of which nothing was known: 新規 and not 変更.
pub fn is_new(member: &Member, command: &MemberCommand) -> bool {
    match command {
        MemberCommand::ImportRecord(_) => member.record.is_none(),
        MemberCommand::RecordAttendance(one) | MemberCommand::EnterAttendance(one) => {
            !member.attendance.contains_key(&one.key)
        }
        MemberCommand::ReceivePayment(payment) => {
            !member.payments.contains_key(&payment.transaction)
        }
        MemberCommand::RetractAttendance(_)
        | MemberCommand::RemoveAttendance(_)
        | MemberCommand::TakeBack(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::member::{record_examples::yoko, seminar::examples::attendance};

    fn known(record: MemberRecord) -> Member {
        Member {
            record: Some(record),
            ..Member::default()
        }
    }

    fn of(member: &Member, record: MemberRecord, neighbours: &Neighbours) -> Vec<Doubt> {
        doubts(
            member,
            &MemberCommand::ImportRecord(Box::new(record)),
            neighbours,
        )
    }

    fn somebody() -> BTreeSet<MemberNumber> {
        BTreeSet::from([MemberNumber::parse("7777777").unwrap()])
    }

    #[test]
    fn a_code_that_lost_its_zeros_waits_and_another_code_does_not() {
        let mut record = yoko();
        let mut certification = record.certification.clone().unwrap();
        certification.number = "0500026".to_owned();
        record.certification = Some(certification.clone());
        let member = known(record.clone());
        for (number, expected) in [
            ("500026", vec![Doubt::ZerosDiffer("専門医認定番号")]),
            ("00500026", vec![Doubt::ZerosDiffer("専門医認定番号")]),
            ("0500026", vec![]),
            ("0500027", vec![]),
        ] {
            let mut next = record.clone();
            certification.number = number.to_owned();
            next.certification = Some(certification.clone());
            assert_eq!(
                of(&member, next, &Neighbours::default()),
                expected,
                "{number}"
            );
        }
        let mut postal = record.clone();
        postal.workplace.place.postal_code = "0600001".to_owned();
        let mut lost = postal.clone();
        lost.workplace.place.postal_code = "600001".to_owned();
        assert_eq!(
            of(&known(postal), lost, &Neighbours::default()),
            [Doubt::ZerosDiffer("施設郵便番号")]
        );
    }

    #[test]
    fn what_is_another_members_waits_unless_the_member_has_it_already() {
        let neighbours = Neighbours {
            by_number: somebody(),
            by_registration: somebody(),
            by_mail: somebody(),
        };
        assert_eq!(
            of(&Member::default(), yoko(), &neighbours),
            [
                Doubt::NumberAlike,
                Doubt::RegistrationOfAnother,
                Doubt::MailOfAnother
            ]
        );
        let mut moved = yoko();
        moved.workplace.name = "中央総合病院".to_owned();
        assert_eq!(of(&known(yoko()), moved, &neighbours), []);
        let mut other = yoko();
        other.email = "another@example.jp".to_owned();
        assert_eq!(
            of(&known(yoko()), other, &neighbours),
            [Doubt::MailOfAnother]
        );
    }

    #[test]
    fn a_seminar_code_that_lost_its_zeros_waits() {
        let mut member = known(yoko());
        let mut one = attendance(10);
        one.key.code = "0038".to_owned();
        member.attendance.insert(one.key.clone(), one.clone());
        let neighbours = Neighbours::default();
        assert_eq!(
            doubts(
                &member,
                &MemberCommand::RecordAttendance(one.clone()),
                &neighbours
            ),
            []
        );
        one.key.code = "38".to_owned();
        assert_eq!(
            doubts(&member, &MemberCommand::RecordAttendance(one), &neighbours),
            [Doubt::ZerosDiffer("セミナーコード")]
        );
    }
}
