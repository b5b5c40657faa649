//! 集計条件 in words.

use domain::program::Program;
use projections::{
    CertificationTrack, DocumentTrack, ExamTrack,
    reports::{ListFilter, item_label},
};

use domain::calendar::show_deadline;

/// Which program, by its title and year.
pub(crate) fn program(programs: &[&Program], id: Option<&str>) -> String {
    let Some(id) = id else {
        return "すべて".to_owned();
    };
    let known = programs.iter().find(|program| program.id.0 == id);
    known.map_or_else(
        || id.to_owned(),
        |program| format!("{} {}", program.menu_title, program.year),
    )
}

/// Where something stands: `documents.under_review`.
fn stay(word: &str) -> String {
    let label = match word.split_once('.') {
        Some(("documents", state)) => DocumentTrack::parse(state).map(DocumentTrack::label),
        Some(("exam", state)) => ExamTrack::parse(state).map(ExamTrack::label),
        Some(("certification", state)) => {
            CertificationTrack::parse(state).map(CertificationTrack::label)
        }
        _ => None,
    };
    format!("「{}」の状態", label.unwrap_or(word))
}

/// What a filter asks for, one condition each.
pub(crate) fn filter(programs: &[&Program], filter: &ListFilter) -> Vec<String> {
    let known = |value: &str| {
        if value.is_empty() {
            "不明".to_owned()
        } else {
            value.to_owned()
        }
    };
    let yes = |is: bool, words: &str| is.then(|| words.to_owned());
    let either =
        |is: Option<bool>, words: [&str; 2]| is.map(|is| words[usize::from(!is)].to_owned());
    [
        filter
            .program
            .as_deref()
            .map(|id| format!("申請の種類: {}", program(programs, Some(id)))),
        filter
            .stage
            .map(|stage| format!("「{}」以降", stage.label())),
        filter.state.map(|state| format!("申請: {}", state.label())),
        either(filter.withdrawn, ["取下げのみ", "取下げを除く"]),
        yes(filter.open, "入力できる状態"),
        yes(filter.documents, "筆記試験のみを除く"),
        filter
            .missing
            .as_deref()
            .and_then(projections::Missing::read)
            .map(|missing| missing.label),
        either(filter.short, ["単位の不足あり", "単位の不足なし"]),
        filter.units_from.map(|units| format!("{units}単位以上")),
        filter.units_below.map(|units| format!("{units}単位未満")),
        filter
            .closes_after
            .map(|at| format!("期限が {} より後", show_deadline(at))),
        filter
            .closes_upto
            .map(|at| format!("期限が {} まで", show_deadline(at))),
        yes(filter.returned, "差し戻しあり"),
        filter
            .returned_for
            .map(|document| format!("差し戻しの理由: {}", document.title())),
        filter.completed_days.map(|days| match days {
            ..=-1 => "完了したことのある申請".to_owned(),
            0 => "締め切り当日までに完了".to_owned(),
            days => format!("締め切りの{days}日前までに完了"),
        }),
        filter.stay.as_deref().map(stay),
        filter
            .actor
            .as_deref()
            .map(|actor| format!("担当者: {actor}")),
        filter
            .regular_year
            .map(|year| format!("正規更新年度: {year}年度")),
        filter
            .renewal_from
            .map(|first| format!("更新{first}回目以降")),
        filter
            .renewal_upto
            .map(|last| format!("更新{last}回目まで")),
        filter
            .prefecture
            .as_deref()
            .map(|value| format!("都道府県: {}", known(value))),
        filter
            .hospital
            .map(|kind| format!("施設区分: {}", kind.label())),
        filter
            .speciality
            .as_deref()
            .map(|value| format!("専門分野: {}", known(value))),
        filter.age.map(|age| format!("年齢階級: {}", age.label())),
        either(filter.applied, ["手続き中", "手続きなし"]),
        filter.month.as_deref().map(|month| format!("月: {month}")),
        filter
            .item
            .as_deref()
            .map(|item| format!("費目: {}", item_label(item))),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_spells_a_deadline_as_every_page_does() {
        let asked = ListFilter {
            closes_after: "2026-06-17T15:00:00Z".parse().ok(),
            closes_upto: "2026-07-31T15:00:00Z".parse().ok(),
            ..ListFilter::default()
        };
        assert_eq!(
            filter(&[], &asked),
            [
                "期限が 2026年6月17日(水) 24:00 より後",
                "期限が 2026年7月31日(金) 24:00 まで"
            ]
        );
    }
}
