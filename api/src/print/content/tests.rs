use domain::application::DocumentTrack;

use super::{super::sample, *};

fn provisional(state: &ApplicationState) -> Content {
    Content::new(state, &sample::program(), &sample::provisional())
}

fn section(content: &Content, document: DocumentKind) -> &[Block] {
    let found = content.sections.iter().find(|one| one.document == document);
    &found.unwrap().blocks
}

fn table_of(blocks: &[Block]) -> &Table {
    blocks
        .iter()
        .find_map(|block| match block {
            Block::Table(table) => Some(table),
            _ => None,
        })
        .unwrap()
}

fn value<'a>(content: &'a Content, group: &str, label: &str) -> &'a str {
    let Block::Particulars(groups) = &section(content, DocumentKind::Resume)[0] else {
        panic!("履歴書 is labels and values");
    };
    let group = groups.iter().find(|one| one.label == group).unwrap();
    &group
        .values
        .iter()
        .find(|one| one.label == label)
        .unwrap()
        .value
}

#[test]
fn conferences_have_the_columns_of_the_manual_and_the_total_that_is_applied_for() {
    let content = provisional(&sample::small());
    let blocks = section(&content, DocumentKind::Conferences);
    let table = table_of(blocks);
    let headings: Vec<_> = table.columns.iter().map(|column| column.heading).collect();
    assert_eq!(headings, ["No", "実施日", "開催場所", "単位", "事務局欄"]);
    assert_eq!(table.rows[0], ["1", "2012/07/26", "大阪", "5", ""]);
    assert_eq!(table.rows[1], ["2", "2026/03/26", "横浜", "5", ""]);
    assert_eq!(table.total, Some(Labelled::new("申請単位合計", "10")));
    assert_eq!(
        blocks[1],
        Block::Remark(
            "※ 申請単位合計 10 単位のうち、規則により算入される単位は 5 単位です。".to_owned()
        )
    );
}

#[test]
fn a_row_with_mistakes_is_printed_as_typed_and_not_summed() {
    let state = sample::with(vec![
        sample::conference(1, "京都", "昨年の春", "十"),
        sample::conference(2, "横浜", "2026/3/26", "5単位"),
    ]);
    let content = provisional(&state);
    let table = table_of(section(&content, DocumentKind::Conferences));
    assert_eq!(table.rows[0], ["1", "昨年の春", "京都", "十", ""]);
    assert_eq!(table.rows[1], ["2", "2026/03/26", "横浜", "5", ""]);
    assert_eq!(table.total, Some(Labelled::new("申請単位合計", "5")));
}

#[test]
fn seminars_are_printed_in_the_final_form_only_with_the_units_that_count() {
    let mut state = sample::small();
    let kinds =
        |content: &Content| -> Vec<_> { content.sections.iter().map(|one| one.document).collect() };
    assert!(!kinds(&provisional(&state)).contains(&DocumentKind::Seminars));
    let program = sample::program();
    let sheet = sample::submitted(&mut state, &program);
    let content = Content::new(&state, &program, &sheet);
    assert_eq!(kinds(&content), DocumentKind::ALL);
    let blocks = section(&content, DocumentKind::Seminars);
    let table = table_of(blocks);
    assert_eq!(
        table.rows[0],
        [
            "1",
            "Best of ASCO 2019 in Japan",
            "2019/07/06 ～ 2019/07/07",
            "0"
        ]
    );
    assert_eq!(
        table.rows[3],
        ["4", "Best of ASCO 2025 in Japan", "2025/07/05", "10"]
    );
    assert_eq!(table.total, Some(Labelled::new("単位合計", "30")));
    assert!(
        matches!(&blocks[1], Block::Remark(words) if words.contains("2021/09/01 ～ 2026/08/31"))
    );
}

#[test]
fn what_becomes_known_after_the_submission_does_not_reach_its_paper() {
    let (mut state, program) = (sample::small(), sample::program());
    let sheet = sample::submitted(&mut state, &program);
    let first = Content::new(&state, &program, &sheet);
    let one = state.attendance.values().next().unwrap().clone();
    state.attendance.insert(
        "LATE@2026-07-01".to_owned(),
        domain::member::SeminarAttendance {
            name: "後から届いたセミナー".to_owned(),
            ..one
        },
    );
    let mut changed = program.clone();
    changed.version = "another".to_owned();
    assert_eq!(Content::new(&state, &changed, &sheet), first);
    // Reopened and submitted again it is another paper.
    state.documents_track = DocumentTrack::Drafting;
    let second = sample::submitted(&mut state, &program);
    let second = Content::new(&state, &program, &second);
    assert_eq!(second.cover.record[1], Labelled::new("本紙の番号", "第2号"));
}

#[test]
fn the_resume_is_the_record_it_was_saved_with() {
    let mut state = sample::small();
    state.record.workplace.name = "申込時の施設".to_owned();
    let content = provisional(&state);
    assert_eq!(value(&content, "所属施設", "施設名"), "JSMO がんセンター");
    assert_eq!(
        value(&content, "所属施設", "現住所"),
        "〒105-0013 東京都港区浜松町 2-1-15"
    );
    assert_eq!(value(&content, "学歴", "卒業年月"), "1999年3月（平成11年）");
    assert_eq!(value(&content, "会員歴", ""), "18年");
    assert_eq!(content.cover.applicant[3].value, "JSMO がんセンター");
}

#[test]
fn before_the_resume_is_saved_the_cover_names_what_was_known_when_applying() {
    let content = provisional(&sample::blank());
    assert_eq!(content.cover.applicant[2].value, "臨床 瘍子");
    assert_eq!(
        section(&content, DocumentKind::Resume),
        [Block::Remark("履歴書はまだ登録されていません。".to_owned())]
    );
}

#[test]
fn a_home_that_is_withheld_is_not_printed() {
    let mut state = sample::small();
    let saved = state.documents.resume.value.as_mut().unwrap();
    saved.resume.withhold_home = true;
    let content = provisional(&state);
    assert_eq!(value(&content, "自宅", ""), "個人情報の公開を希望しません");
    assert!(
        !content
            .texts()
            .iter()
            .any(|(_, text)| text.contains("世田谷"))
    );
}

#[test]
fn periods_and_years_are_shown_in_one_form_or_as_typed() {
    let mut state = sample::small();
    let content = provisional(&state);
    let blocks = section(&content, DocumentKind::ResearchActivities);
    assert_eq!(
        blocks[0],
        Block::Particulars(vec![Group::single(RESEARCH_YEARS, "25年")])
    );
    assert_eq!(table_of(blocks).rows[0][1], "2021年7月 ～ 2026年10月");
    state.documents.research_activities.value.total_years = "長年".to_owned();
    let content = provisional(&state);
    assert_eq!(
        section(&content, DocumentKind::ResearchActivities)[0],
        Block::Particulars(vec![Group::single(RESEARCH_YEARS, "長年")])
    );
}

#[test]
fn clinical_experience_shows_all_organs_with_their_ticks() {
    let content = provisional(&sample::small());
    let blocks = section(&content, DocumentKind::ClinicalExperience);
    let Block::Choices { choices, columns } = &blocks[1] else {
        panic!("the question is followed by its boxes");
    };
    assert_eq!((choices.len(), *columns), (15, 5));
    assert_eq!(choices[0], ("造血器".to_owned(), true));
    assert_eq!(choices[1], ("肝胆膵".to_owned(), false));
    assert_eq!(table_of(blocks).rows[0][2], "3件");
}

#[test]
fn titles_and_feet_name_no_person() {
    let content = provisional(&sample::small());
    assert_eq!(content.title, "専門医更新申請書（仮）");
    assert_eq!(content.author, "臨床 瘍子");
    assert!(!content.foot.concat().contains("臨床"));
    assert!(content.foot[0].contains(NOT_ACCEPTED));
    assert!(content.foot[1].starts_with("出力日時 2026/06/03 18:00　規則の版 "));
}

#[test]
fn what_cannot_be_printed_is_told_by_document_with_what_to_do() {
    let state = sample::with(vec![
        sample::profile("感謝🎉です。🎉"),
        sample::paper(1, "渡邉\u{E01EF}先生と共著"),
    ]);
    let messages: Vec<_> = provisional(&state)
        .unprintable()
        .iter()
        .map(Unprintable::message)
        .collect();
    assert_eq!(
        messages,
        [
            "プロフィール の「🎉」（U+1F389）は印刷できない文字のため、申請書では「〓」になります。別の文字に置き換えてください。",
            "研究業績 論文 の「邉\u{E01EF}」（U+9089 U+E01EF）は、申請書では標準の字形で印刷されます。字形の違いが必要な場合は事務局にお知らせください。",
        ]
    );
    assert!(provisional(&sample::full()).unprintable().is_empty());
}

#[test]
fn what_the_secretariat_adjusts_stands_in_its_column_and_later_on_the_cover_of_the_final_form() {
    use domain::application::{Adjustment, Signature};

    let (mut state, program) = (sample::small(), sample::program());
    let sheet = sample::submitted(&mut state, &program);
    let Sheet::Final { submission, .. } = &sheet else {
        panic!("submitted");
    };
    let content = Content::new(&state, &program, &sheet);
    let named = |today: &ApplicationState| {
        let content = content.clone();
        content.naming_adjustments(submission, today, &program.rules)
    };
    assert_eq!(named(&state), content, "nothing is adjusted");

    let mut today = state.clone();
    let row = today.documents.conferences.value.iter().nth(1).unwrap().id;
    let adjust = |today: &mut ApplicationState, document, row: &str, units| {
        let key = CheckTarget::row(document, row).key();
        let signed = Signature {
            by: "secretariat:demo".to_owned(),
            at: submission.submitted_at,
        };
        let adjustment = Adjustment { units, signed };
        today.review.adjustments.insert(key, adjustment);
    };
    adjust(&mut today, DocumentKind::Conferences, &row.to_string(), 0);
    let cover = named(&today);
    let total = submission.assessment.total;
    let told = format!(
        "認められた単位 {} 単位（規則による算入 {total} 単位）",
        total - 5
    );
    assert_eq!(
        cover.cover.record.last(),
        Some(&Labelled::new("事務局欄", told))
    );
    // Nothing has to be printed again for it.
    assert_eq!(cover.fingerprints(), content.fingerprints());

    // 当会セミナー has no column of that name: it is told below.
    let seminar = today.attendance.keys().last().unwrap().clone();
    adjust(&mut today, DocumentKind::Seminars, &seminar, 0);
    let documents = Content::documents(&today, &program, submission.submitted_at);
    let blocks = |document: DocumentKind| {
        let found = documents.iter().find(|one| one.document == document);
        found.unwrap().blocks.clone()
    };
    let conferences = blocks(DocumentKind::Conferences);
    assert_eq!(table_of(&conferences).rows[1][4], "0");
    let seminars = blocks(DocumentKind::Seminars);
    assert!(
        seminars.iter().any(
            |block| matches!(block, Block::Remark(words) if words.starts_with("※ 事務局欄: No"))
        ),
        "{seminars:?}"
    );
}
