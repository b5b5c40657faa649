//! `members.csv`: 会員基本情報.

use domain::{
    calendar::{EARLIEST_OF_A_PERSON, not_happened},
    member::{
        Certification, Contact, MedicalRegistration, MemberCommand, MemberRecord, Place, Workplace,
    },
    text::{is_blank, undressed},
};

use jiff::civil::Date;

use super::{
    net_effect::{Fact, GoodRow, Key},
    table::Reader,
};

/// The columns of the export.
pub(super) const COLUMNS: &[&str] = &[
    "会員番号",
    "氏名",
    "フリガナ",
    "性別",
    "生年月日",
    "連絡先",
    "自宅郵便番号",
    "自宅住所",
    "自宅電話",
    "自宅FAX",
    "施設名",
    "部署名",
    "施設郵便番号",
    "施設住所",
    "施設電話",
    "施設FAX",
    "メールアドレス",
    "医籍登録日",
    "医籍登録番号",
    "専門分野",
    "入会日",
    "会費納入年度",
    "専門医認定番号",
    "初回認定日",
    "直近認定日",
    "有効期限",
    "筆記試験合格年度",
];

/// Reads one member. The name and all free text stay code point for code point.
pub(super) fn read(mut row: Reader<'_>, today: Date) -> Result<GoodRow, String> {
    let number = row.member("会員番号");
    let name = row.required("氏名");
    if name.contains(['\n', '\t']) {
        row.refuse("氏名 に改行またはタブが含まれています。1行に直してから取り込んでください。");
    }
    let birth_date = row.optional_date("生年月日");
    let contact = row.word("連絡先", "「自宅」「所属」", |word| match word {
        "自宅" => Some(Contact::Home),
        // The export of a member who never chose has it empty, and 所属 is the society's default.
        "所属" | "" => Some(Contact::Workplace),
        _ => None,
    });
    let medical_registration = medical_registration(&mut row);
    let registered_on = medical_registration.as_ref().and_then(|one| one.date);
    for (column, day) in [("生年月日", birth_date), ("医籍登録日", registered_on)] {
        let wrong = day.and_then(|day| not_happened(column, day, EARLIEST_OF_A_PERSON, today));
        if let Some(sentence) = wrong {
            row.refuse(sentence);
        }
    }
    let certification = certification(&mut row);
    let joined_on = row.optional_date("入会日");
    let dues_paid_year = row.optional_year("会費納入年度");
    let exam_passed_year = row.optional_year("筆記試験合格年度");
    let mut place = |[postal_code, address, phone, fax]: [&str; 4]| Place {
        postal_code: row.code(postal_code),
        address: row.text(address).to_owned(),
        phone: row.code(phone),
        fax: row.code(fax),
    };
    let home = place(["自宅郵便番号", "自宅住所", "自宅電話", "自宅FAX"]);
    let workplace = place(["施設郵便番号", "施設住所", "施設電話", "施設FAX"]);
    let text = |column| row.text(column).to_owned();
    let record = number.zip(contact).map(|(number, contact)| MemberRecord {
        number,
        name,
        furigana: row.kana("フリガナ"),
        gender: text("性別"),
        birth_date,
        contact,
        home,
        workplace: Workplace {
            name: text("施設名"),
            department: text("部署名"),
            place: workplace,
        },
        email: undressed(row.text("メールアドレス")),
        medical_registration,
        speciality: text("専門分野"),
        joined_on,
        dues_paid_year,
        certification,
        exam_passed_year,
    });
    row.finish(record).map(|record| GoodRow {
        key: Key::Record(record.number.clone()),
        member: record.number.clone(),
        fact: Fact::Member(MemberCommand::ImportRecord(Box::new(record))),
    })
}

/// 医籍 that is not registered, or only by half, is no mistake of the file: it is why the member may not apply yet. The half is kept: a
/// number without its day may still be another member's.
fn medical_registration(row: &mut Reader<'_>) -> Option<MedicalRegistration> {
    let date = row.optional_date("医籍登録日");
    let number = row.code("医籍登録番号");
    (date.is_some() || !number.is_empty()).then_some(MedicalRegistration { date, number })
}

/// All four fields, or none of them for a member who is no specialist.
fn certification(row: &mut Reader<'_>) -> Option<Certification> {
    let dates = ["初回認定日", "直近認定日", "有効期限"];
    let is_empty = |column: &str| is_blank(row.text(column));
    if is_empty("専門医認定番号") && dates.into_iter().all(is_empty) {
        return None;
    }
    let number = row.required_code("専門医認定番号");
    let [first, last, valid_until] = dates.map(|column| row.date(column));
    let certification = Certification {
        number,
        first_certified_on: first?,
        last_certified_on: last?,
        valid_until: valid_until?,
    };
    if certification.first_certified_on > certification.last_certified_on {
        row.refuse("直近認定日 が初回認定日より前になっています。日付をご確認ください。");
    }
    if certification.last_certified_on > certification.valid_until {
        row.refuse("有効期限 が直近認定日より前になっています。日付をご確認ください。");
    }
    Some(certification)
}
