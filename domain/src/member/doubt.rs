//! 確認待ち: facts of a file that a person looks at before they are recorded, because they are more likely a slip than news.
//!
//! A spreadsheet drops the zeros at the front of a code, so 0500026 comes back as 500026 and would be a correction; and a 医籍登録番号 or
//! a mail address that is another member's is two persons under one number, or one under two.

use std::collections::BTreeSet;

use super::{Member, MemberCommand, MemberNumber, MemberRecord};
use crate::text::{CodeForm, MailAddress, code_key};

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
    /// What stands in a column is no code of that column's form.
    NotOfItsForm(&'static str, CodeForm),
    /// Of 医籍登録日 and 医籍登録番号, one is missing, and both are known.
    RegistrationIncomplete,
    /// The same seminar is recorded with another first day, or its code written otherwise.
    SeminarAlike,
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
            Self::NotOfItsForm(column, form) => {
                format!("{column} が、{}になっていません。", form.label())
            }
            Self::RegistrationIncomplete => {
                "医籍登録日 と医籍登録番号 のどちらかが空欄です（両方とも登録済みの会員です）。"
                    .to_owned()
            }
            Self::SeminarAlike => {
                "同じセミナーコードで、開始日の近い出席がすでに登録されています。".to_owned()
            }
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

/// Whether two codes differ by zeros at the front and by nothing else that says anything.
fn alike(one: &str, other: &str) -> bool {
    let key = code_key(one);
    let zeros = |code: &str| {
        let mut signs = code.chars().filter(|c| c.is_alphanumeric());
        signs.position(|c| c != '0')
    };
    !key.is_empty() && key == code_key(other) && zeros(one) != zeros(other)
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
            let key = member.known_key(&attendance.key);
            let is_near = member.attendance.keys().any(|known| known.is_near(&key));
            let doubt = match (member.attendance.contains_key(&key), is_alike, is_near) {
                (false, true, _) => Some(Doubt::ZerosDiffer("セミナーコード")),
                (false, false, true) => Some(Doubt::SeminarAlike),
                _ => None,
            };
            doubt.into_iter().collect()
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
fn codes(record: &MemberRecord) -> Vec<(&'static str, CodeForm, &str)> {
    use CodeForm::{Digits, Letters, Phone, Postal};
    let certification = record.certification.as_ref();
    vec![
        (
            "専門医認定番号",
            Letters,
            certification.map_or("", |certification| certification.number.as_str()),
        ),
        ("医籍登録番号", Digits, registration(record)),
        ("自宅郵便番号", Postal, &record.home.postal_code),
        ("自宅電話", Phone, &record.home.phone),
        ("自宅FAX", Phone, &record.home.fax),
        ("施設郵便番号", Postal, &record.workplace.place.postal_code),
        ("施設電話", Phone, &record.workplace.place.phone),
        ("施設FAX", Phone, &record.workplace.place.fax),
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
    let mut before = known.map(codes).unwrap_or_default().into_iter();
    for (column, form, code) in codes(record) {
        let known = before.next().map_or("", |(_, _, known)| known);
        if alike(known, code) {
            doubts.push(Doubt::ZerosDiffer(column));
        } else if known != code && !form.fits(code) {
            doubts.push(Doubt::NotOfItsForm(column, form));
        }
    }
    let is_half = record.medical_registration.is_some() && !record.is_registered();
    if is_half && known.is_some_and(MemberRecord::is_registered) {
        doubts.push(Doubt::RegistrationIncomplete);
    }
    let registered = known.map_or("", registration);
    let same_registration = code_key(registered) == code_key(registration(record));
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
            !member.attendance.contains_key(&member.known_key(&one.key))
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

    #[test]
    fn the_same_seminar_near_the_day_that_is_known_waits() {
        let mut member = known(yoko());
        let one = attendance(10);
        member.attendance.insert(one.key.clone(), one.clone());
        let of = |code: &str, day: jiff::civil::Date| {
            let mut other = one.clone();
            other.key.code = code.to_owned();
            other.key.first_day = day;
            let command = MemberCommand::RecordAttendance(other);
            doubts(&member, &command, &Neighbours::default())
        };
        let day = one.key.first_day;
        assert_eq!(of("ES38A", day), []);
        assert_eq!(of("es38a", day), []);
        let next = day.tomorrow().unwrap();
        assert_eq!(of("ES38A", next), [Doubt::SeminarAlike]);
        assert_eq!(of("es38a", next), [Doubt::SeminarAlike]);
        assert_eq!(of("ES38B", next), []);
        assert_eq!(of("ES38A", jiff::civil::date(2023, 8, 27)), []);
    }

    #[test]
    fn a_code_that_is_none_of_its_column_waits_unless_it_is_known() {
        let mut odd = yoko();
        odd.workplace.place.phone = "なし".to_owned();
        odd.home.postal_code = "10021-A".to_owned();
        odd.medical_registration.as_mut().unwrap().number = "申請中".to_owned();
        let nobody = Neighbours::default();
        let expected = [
            Doubt::NotOfItsForm("医籍登録番号", CodeForm::Digits),
            Doubt::NotOfItsForm("自宅郵便番号", CodeForm::Postal),
            Doubt::NotOfItsForm("施設電話", CodeForm::Phone),
        ];
        assert_eq!(of(&known(yoko()), odd.clone(), &nobody), expected);
        assert_eq!(of(&Member::default(), odd.clone(), &nobody), expected);
        assert_eq!(of(&known(odd.clone()), odd, &nobody), []);
    }

    #[test]
    fn a_code_is_compared_however_it_is_written() {
        let mut dressed = yoko();
        dressed.medical_registration.as_mut().unwrap().number = "第999999号".to_owned();
        dressed.workplace.place.postal_code = "〒105-0013".to_owned();
        let neighbours = Neighbours {
            by_registration: somebody(),
            ..Neighbours::default()
        };
        // What was recorded before codes were undressed is no other number.
        assert_eq!(of(&known(dressed), yoko(), &neighbours), []);
        let mut postal = yoko();
        postal.workplace.place.postal_code = "060-0001".to_owned();
        let mut lost = postal.clone();
        lost.workplace.place.postal_code = "600001".to_owned();
        assert_eq!(
            of(&known(postal), lost, &Neighbours::default()),
            [Doubt::ZerosDiffer("施設郵便番号")]
        );
    }

    #[test]
    fn a_registration_without_its_other_half_is_compared_and_wipes_nothing_unseen() {
        let mut half = yoko();
        half.medical_registration.as_mut().unwrap().date = None;
        let another = Neighbours {
            by_registration: somebody(),
            ..Neighbours::default()
        };
        assert_eq!(
            of(&known(yoko()), half.clone(), &Neighbours::default()),
            [Doubt::RegistrationIncomplete]
        );
        assert_eq!(
            of(&Member::default(), half, &another),
            [Doubt::RegistrationOfAnother]
        );
        let mut day_alone = yoko();
        day_alone.medical_registration.as_mut().unwrap().number = String::new();
        assert_eq!(
            of(&known(yoko()), day_alone, &Neighbours::default()),
            [Doubt::RegistrationIncomplete]
        );
    }
}
