//! `seminar-attendance.csv`: 当会セミナーの出欠.

use domain::member::{MemberCommand, SeminarAttendance, SeminarKey, SeminarKind};

use super::{
    Bounds,
    net_effect::{Fact, GoodRow, Key},
    table::Reader,
};

/// The columns of the export.
pub(super) const COLUMNS: &[&str] = &[
    "会員番号",
    "セミナーコード",
    "セミナー名",
    "区分",
    "開始日",
    "終了日",
    "単位",
    "出欠",
];

/// Reads one attendance (出席) or absence (欠席).
pub(super) fn read(mut row: Reader<'_>, bounds: Bounds) -> Result<GoodRow, String> {
    let member = row.member("会員番号");
    let code = row.required_code("セミナーコード");
    let name = row.required("セミナー名");
    let kind = row.word("区分", "「A」「B」「BOA」", SeminarKind::parse);
    let first_day = row.date("開始日");
    let last_day = row.date("終了日");
    if let (Some(first), Some(last)) = (first_day, last_day)
        && last < first
    {
        row.refuse("終了日 が開始日より前になっています。日付をご確認ください。");
    }
    let units = row.number("単位", &["単位"]);
    let attended = row.word("出欠", "「出席」「欠席」", |word| match word {
        "出席" => Some(true),
        "欠席" => Some(false),
        _ => None,
    });
    let attendance = (|| {
        Some(SeminarAttendance {
            key: SeminarKey {
                code,
                first_day: first_day?,
            },
            name,
            kind: kind?,
            last_day: last_day?,
            units: units?,
        })
    })();
    if let Some(attendance) = &attendance {
        for (_, sentence) in attendance.impossible(bounds.today, bounds.most_units) {
            row.refuse(sentence);
        }
    }
    let read = (|| {
        let (member, attendance) = (member?, attendance?);
        let key = attendance.key.clone();
        Some(GoodRow {
            key: Key::Attendance(member.clone(), key.folded()),
            member,
            fact: Fact::Member(if attended? {
                MemberCommand::RecordAttendance(attendance)
            } else {
                MemberCommand::RetractAttendance(key)
            }),
        })
    })();
    row.finish(read)
}
