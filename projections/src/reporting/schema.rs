//! The views of the schema `reporting`, as data: what is made in the database, what is written into its comments, and what stands in
//! docs/reporting.md come from here, and the words of the codes from the enums that have them.

use std::fmt::Write as _;

use domain::catalogue::EVENTS;
use domain::documents::DocumentKind;
use domain::eligibility::Scope;
use domain::member::PaymentItem;
use domain::reporting::{FEWEST, Stage, UnitBand};

use crate::application_status::{DocumentTrack, ExamTrack};
use crate::reports::{OPEN, item_word, scope_word};
use crate::worklist::{CertificationTrack, Missing};

/// A view.
pub(crate) struct ReportingView {
    /// Its name in the schema.
    pub name: &'static str,
    /// What a row is.
    pub about: &'static str,
    /// Its columns.
    pub columns: Vec<ReportingColumn>,
    /// What follows the columns: `FROM …`.
    from: String,
}

/// A column of a view.
pub(crate) struct ReportingColumn {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: &'static str,
    /// What it says, with its Japanese term and its unit.
    pub meaning: String,
    sql: String,
}

impl ReportingView {
    /// The query of the view.
    pub(crate) fn query(&self) -> String {
        let columns: Vec<String> = self
            .columns
            .iter()
            .map(|column| format!("CAST({} AS {}) AS {}", column.sql, column.kind, column.name))
            .collect();
        format!("SELECT {} {}", columns.join(", "), self.from)
    }
}

fn column(
    name: &'static str,
    kind: &'static str,
    sql: impl Into<String>,
    meaning: impl Into<String>,
) -> ReportingColumn {
    ReportingColumn {
        name,
        kind,
        meaning: meaning.into(),
        sql: sql.into(),
    }
}

/// A code, and the column with its words.
fn coded(
    (name, label_name): (&'static str, &'static str),
    sql: &str,
    labels: &[(String, String)],
    term: &str,
) -> [ReportingColumn; 2] {
    let mut words = format!("CASE {sql}");
    for (code, label) in labels {
        // Writing into a String does not fail.
        let _infallible = write!(words, " WHEN {} THEN {}", quoted(code), quoted(label));
    }
    words.push_str(" END");
    let codes: Vec<String> = labels
        .iter()
        .map(|(code, label)| format!("`{code}` {label}"))
        .collect();
    let meaning = if labels.len() > 12 {
        format!("{term}: a code of `reporting.labels`")
    } else {
        format!("{term}: {}", codes.join(", "))
    };
    [
        column(name, "text", sql, meaning),
        column(label_name, "text", words, format!("{term}, in words")),
    ]
}

/// A text as SQL has it.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

type Labels = Vec<(String, String)>;

fn labels<T: Copy>(
    all: &[T],
    code: impl Fn(T) -> &'static str,
    label: impl Fn(T) -> &'static str,
) -> Labels {
    let both = |one: &T| (code(*one).to_owned(), label(*one).to_owned());
    all.iter().map(both).collect()
}

fn scopes() -> Labels {
    labels(&Scope::ALL, scope_word, Scope::label)
}

/// 対象者 has no application, so no row is of that stage.
fn stages() -> Labels {
    labels(&Stage::ALL[1..], Stage::as_str, Stage::label)
}

fn documents_tracks() -> Labels {
    labels(
        &DocumentTrack::ALL,
        DocumentTrack::as_str,
        DocumentTrack::label,
    )
}

fn exam_tracks() -> Labels {
    labels(&ExamTrack::ALL, ExamTrack::as_str, ExamTrack::label)
}

fn certifications() -> Labels {
    labels(
        &CertificationTrack::ALL,
        CertificationTrack::as_str,
        CertificationTrack::label,
    )
}

fn tracks() -> Labels {
    [
        ("documents", "申請"),
        ("exam", "筆記試験"),
        ("certification", "認定"),
    ]
    .map(|(code, label)| (code.to_owned(), label.to_owned()))
    .into()
}

fn items() -> Labels {
    labels(&PaymentItem::ALL, item_word, PaymentItem::label)
}

fn documents() -> Labels {
    labels(&DocumentKind::ALL, DocumentKind::slug, DocumentKind::title)
}

fn acts() -> Labels {
    EVENTS
        .iter()
        .filter(|event| event.stream == "application")
        .map(|event| (event.name.to_owned(), event.label.to_owned()))
        .collect()
}

fn missing() -> Labels {
    Missing::codes()
        .iter()
        .map(|missing| (missing.code.clone(), missing.label.clone()))
        .collect()
}

fn renewal_groups() -> Labels {
    [
        ("first_to_third", "更新1〜3回目"),
        ("fourth_on", "更新4回目以降"),
    ]
    .map(|(code, label)| (code.to_owned(), label.to_owned()))
    .into()
}

/// Every list of codes, by the column that has them.
fn all_labels() -> [(&'static str, Labels); 11] {
    [
        ("scope", scopes()),
        ("stage", stages()),
        ("documents", documents_tracks()),
        ("exam", exam_tracks()),
        ("certification", certifications()),
        ("track", tracks()),
        ("item", items()),
        ("document", documents()),
        ("act", acts()),
        ("missing", missing()),
        ("renewal_group", renewal_groups()),
    ]
}

/// A keyed hash (see `migrations/postgres/0070_reporting_key.sql`), 96 bits of it: of a million people two share one with a probability of
/// 10⁻¹⁷. It begins with a letter, as a spreadsheet would take `12345678e9` for a number.
///
/// Written out in each view and no function: functions run as whoever asks, so one that the readers' role may call, were it to read the
/// key, would let them try all numbers.
fn pseudonym(letter: char, what: &str, of: &str) -> String {
    format!(
        "'{letter}' || encode(substr(sha256(k.outer_key || sha256(k.inner_key || convert_to('{what}:' || {of}, 'UTF8'))), 1, 12), 'hex')"
    )
}

fn application(of: &str) -> ReportingColumn {
    column(
        "application",
        "text",
        pseudonym('a', "application", of),
        "pseudonym of the application (申請), the same in all views and after every rebuild",
    )
}

fn member(of: &str) -> ReportingColumn {
    column(
        "member",
        "text",
        pseudonym('m', "member", of),
        "pseudonym of the member (会員), the same in all views and after every rebuild",
    )
}

fn program(of: &str) -> ReportingColumn {
    column("program", "text", of, "key of the program (申請の種類)")
}

/// Microseconds as an instant, exactly.
fn instant(us: &str) -> String {
    format!("timestamptz 'epoch' + {us} * interval '1 microsecond'")
}

/// Microseconds as a day in Japan.
fn day(us: &str) -> String {
    format!("({}) AT TIME ZONE 'Asia/Tokyo'", instant(us))
}

fn band(units: &str) -> String {
    let mut words = "CASE".to_owned();
    for band in UnitBand::all() {
        let label = quoted(&band.label());
        let _infallible = match band.bounds() {
            (_, Some(after)) => write!(words, " WHEN {units} < {after} THEN {label}"),
            (_, None) => write!(words, " ELSE {label}"),
        };
    }
    words + " END"
}

/// When a row held.
fn held(alias: &str) -> [ReportingColumn; 5] {
    let until = format!("NULLIF({alias}.until, {OPEN})");
    [
        column(
            "since",
            "bigint",
            format!("{alias}.since"),
            "ledger number from which it held",
        ),
        column(
            "until",
            "bigint",
            until,
            "ledger number from which it held no more; null: it holds. What held after the event N: `since <= N AND (until > N OR until IS NULL)`",
        ),
        column(
            "since_at",
            "timestamptz",
            instant(&format!("{alias}.since_at")),
            "time of the event `since`",
        ),
        column(
            "until_at",
            "timestamptz",
            instant(&format!("{alias}.until_at")),
            "time of the event `until`",
        ),
        column(
            "current",
            "boolean",
            format!("{alias}.until = {OPEN}"),
            "whether it holds now",
        ),
    ]
}

fn of_applications() -> Vec<ReportingColumn> {
    let mut columns = vec![
        application("a.application"),
        member("a.member"),
        program("a.program"),
    ];
    columns.extend(coded(
        ("scope", "scope_label"),
        "a.scope",
        &scopes(),
        "申込の内容",
    ));
    let mut stage = "CASE a.stage".to_owned();
    for of in &Stage::ALL[1..] {
        let _infallible = write!(stage, " WHEN {} THEN '{}'", of.place(), of.as_str());
    }
    columns.extend(coded(
        ("stage", "stage_label"),
        &format!("({stage} END)"),
        &stages(),
        "段階 of 進捗, how far it has come",
    ));
    columns.push(column(
        "stage_place",
        "bigint",
        "a.stage",
        "place of the stage in the funnel: 進捗 counts those of this place or a later one",
    ));
    for (names, sql, of, term) in [
        (
            ("documents", "documents_label"),
            "a.document_track",
            documents_tracks(),
            "申請の状態",
        ),
        (
            ("exam", "exam_label"),
            "a.exam_track",
            exam_tracks(),
            "筆記試験",
        ),
        (
            ("certification", "certification_label"),
            "a.certification",
            certifications(),
            "認定",
        ),
    ] {
        columns.extend(coded(names, sql, &of, term));
    }
    columns.extend(counted_of_applications());
    columns
}

/// A figure that only an application with documents has: 筆記試験のみ has neither too few units nor enough.
fn of_documents(sql: &str) -> String {
    format!("CASE WHEN a.document_track <> 'not_applied' THEN {sql} END")
}

/// Of an application, what is counted, and days.
fn counted_of_applications() -> Vec<ReportingColumn> {
    vec![
        column(
            "withdrawn",
            "boolean",
            "a.withdrawn <> 0",
            "取下げ: the reports leave these out unless they say otherwise",
        ),
        column(
            "units",
            "bigint",
            of_documents("a.units"),
            "認められた単位: what the rules count, with 事務局欄 in its place, in 単位; null for 筆記試験のみ",
        ),
        column(
            "units_band",
            "text",
            of_documents(&band("a.units")),
            "the band of 単位分布 that they fall into",
        ),
        column(
            "required",
            "bigint",
            of_documents("a.required"),
            "必要な単位, in 単位; null for 筆記試験のみ",
        ),
        column(
            "missing_count",
            "bigint",
            "bit_count(a.missing::bit(64))",
            "how many things are missing (不足); which: `reporting.missing`",
        ),
        column(
            "returned",
            "bigint",
            "a.returned",
            "how often it was sent back (差し戻し), in 回",
        ),
        column(
            "completed_days",
            "bigint",
            "a.completed_days",
            "days (日) that were left when it was completed (申請を完了する) first; -1: after 締め切り日時; null: not yet",
        ),
        column(
            "submitted_on",
            "date",
            day("a.submitted_at"),
            "day (Japan) of 完了日時, the last one",
        ),
        column(
            "closes_at",
            "timestamptz",
            instant("a.closes_at"),
            "期限: the first instant at which it is too late for the member; null when nothing waits for the member",
        ),
        column(
            "certified_on",
            "date",
            "NULLIF(a.certified_on, '')",
            "認定日",
        ),
        column("expires_on", "date", "NULLIF(a.expires_on, '')", "有効期限"),
    ]
}

fn money(owner: Option<&'static str>, route: bool, amount: &str) -> Vec<ReportingColumn> {
    let mut columns: Vec<ReportingColumn> = owner.map(application).into_iter().collect();
    columns.push(member("c.member"));
    if owner.is_some() {
        columns.push(program("c.program"));
    }
    columns.extend(coded(("item", "item_label"), "c.item", &items(), "費目"));
    columns.push(column(
        "month",
        "text",
        "c.month",
        "月 of 収支 (`2026-06`): of the charge, or of 入金日",
    ));
    if route {
        columns.push(column("route", "text", "c.route", "支払方法"));
    }
    columns.push(column("amount_yen", "bigint", "c.amount_yen", amount));
    columns
}

/// Of what holds now.
fn now(table: &str, alias: &str) -> String {
    format!("FROM {table} {alias} CROSS JOIN reporting_key k WHERE {alias}.until = {OPEN}")
}

/// All of them.
pub(crate) fn views() -> Vec<ReportingView> {
    let mut views = of_all();
    views.extend(of_progress());
    views.extend(of_review());
    views.extend(of_money());
    views.extend(of_people());
    views
}

/// Rows that are written out.
fn values(rows: impl Iterator<Item = String>) -> String {
    let rows: Vec<String> = rows.collect();
    format!("(VALUES {})", rows.join(", "))
}

fn of_all() -> Vec<ReportingView> {
    let codes = all_labels().into_iter().flat_map(|(kind, labels)| {
        labels
            .into_iter()
            .enumerate()
            .map(move |(place, (code, label))| {
                format!(
                    "({}, {place}, {}, {})",
                    quoted(kind),
                    quoted(&code),
                    quoted(&label)
                )
            })
    });
    vec![
        ReportingView {
            name: "as_of",
            about: "集計時点: one row, which says how far all the other views are",
            columns: vec![
                column(
                    "number",
                    "bigint",
                    "p.checkpoint",
                    "ledger number of the last event that counts",
                ),
                column(
                    "at",
                    "timestamptz",
                    "timestamptz 'epoch' + (SELECT MAX(minute) FROM report_minutes) * interval '1 minute'",
                    "the minute of the last event of a member or an application",
                ),
            ],
            from: "FROM projections p WHERE p.name = 'reports' AND p.status = 'live'".to_owned(),
        },
        ReportingView {
            name: "labels",
            about: "the words of all codes, in the order in which the screens have them",
            columns: vec![
                column(
                    "kind",
                    "text",
                    "v.kind",
                    "the column whose codes they are (`scope`, `stage`, `documents` …)",
                ),
                column("place", "bigint", "v.place", "place in the order, from 0"),
                column("code", "text", "v.code", "the code"),
                column("label", "text", "v.label", "its words, in Japanese"),
            ],
            from: format!("FROM {} AS v (kind, place, code, label)", values(codes)),
        },
    ]
}

fn of_progress() -> Vec<ReportingView> {
    let bits = missing().into_iter().map(|(code, label)| {
        let bit = Missing::bits([code.as_str()]);
        let document = code
            .split_once(':')
            .filter(|(kind, _)| *kind != "proof")
            .map_or("NULL".to_owned(), |(_, slug)| quoted(slug));
        format!("({bit}, {}, {}, {document})", quoted(&code), quoted(&label))
    });
    let mut history = of_applications();
    history.extend(held("a"));
    vec![
        ReportingView {
            name: "applications",
            about: "申請: one row for each application, as it is now (進捗, 単位分布, 未完了者)",
            columns: of_applications(),
            from: now("report_applications", "a"),
        },
        ReportingView {
            name: "application_history",
            about: "申請: one row for each state that an application has been in, so that every earlier 集計時点 can be asked for",
            columns: history,
            from: "FROM report_applications a CROSS JOIN reporting_key k".to_owned(),
        },
        ReportingView {
            name: "missing",
            about: "不足: one row for each thing that an application still lacks now (未完了者)",
            columns: vec![
                application("a.application"),
                program("a.program"),
                column(
                    "missing",
                    "text",
                    "v.code",
                    "不足: a code of `reporting.labels`",
                ),
                column("missing_label", "text", "v.label", "不足, in words"),
                column(
                    "document",
                    "text",
                    "v.document",
                    "the document (書類) that it is about, if it is about one",
                ),
            ],
            from: format!(
                "FROM report_applications a CROSS JOIN reporting_key k JOIN {} AS v (bit, code, label, document) \
                 ON (a.missing & v.bit) <> 0 WHERE a.until = {OPEN}",
                values(bits)
            ),
        },
    ]
}

fn of_review() -> Vec<ReportingView> {
    vec![
        of_stays(),
        ReportingView {
            name: "returns",
            about: "差し戻しの理由: one row for each item (修正のお願い) of each 差し戻し (審査処理)",
            columns: {
                let mut columns = vec![
                    column(
                        "number",
                        "bigint",
                        "r.number",
                        "ledger number of the 差し戻し",
                    ),
                    column("item", "bigint", "r.item", "number of the item in it"),
                    application("r.application"),
                    program("r.program"),
                ];
                columns.extend(coded(
                    ("document", "document_label"),
                    "r.document",
                    &documents(),
                    "書類",
                ));
                columns
            },
            from: "FROM report_return_items r CROSS JOIN reporting_key k".to_owned(),
        },
        ReportingView {
            name: "acts",
            about: "事務局の操作: one row for each event that the secretariat made in an application, without who it was (審査処理)",
            columns: {
                let mut columns = vec![
                    column("number", "bigint", "t.number", "ledger number of the event"),
                    column("day", "date", day("t.at"), "its day (Japan)"),
                    application("t.application"),
                    program("t.program"),
                ];
                columns.extend(coded(("act", "act_label"), "t.act", &acts(), "操作"));
                columns
            },
            from: "FROM report_acts t CROSS JOIN reporting_key k".to_owned(),
        },
    ]
}

fn of_stays() -> ReportingView {
    let mut stays = vec![application("s.application"), program("s.program")];
    stays.extend(coded(
        ("track", "track_label"),
        "s.track",
        &tracks(),
        "which of the three ways",
    ));
    let mut state_label = "CASE s.track".to_owned();
    for (track, of) in [
        ("documents", documents_tracks()),
        ("exam", exam_tracks()),
        ("certification", certifications()),
    ] {
        let _infallible = write!(state_label, " WHEN '{track}' THEN CASE s.state");
        for (code, label) in of {
            let _infallible = write!(
                state_label,
                " WHEN {} THEN {}",
                quoted(&code),
                quoted(&label)
            );
        }
        state_label.push_str(" END");
    }
    state_label.push_str(" END");
    stays.extend([
        column(
            "state",
            "text",
            "s.state",
            "状態: a code of the column `documents`, `exam` or `certification`, as `track` says",
        ),
        column("state_label", "text", state_label, "状態, in words"),
        column(
            "days",
            "bigint",
            "floor((s.until_at - s.since_at)::numeric / 86400000000)",
            "whole days (日, of 24 hours) that it lasted, as 審査処理 counts them; null: it lasts",
        ),
    ]);
    stays.extend(held("s"));
    ReportingView {
        name: "stays",
        about: "滞留: one row for each time that an application was, or is, in a state (審査処理)",
        columns: stays,
        from: "FROM report_stays s CROSS JOIN reporting_key k".to_owned(),
    }
}

fn of_money() -> Vec<ReportingView> {
    vec![
        ReportingView {
            name: "charges",
            about: "請求: one row for each fee that an application is charged now (収支)",
            columns: money(
                Some("c.application"),
                true,
                "金額 in 円; null: not fixed (金額未定)",
            ),
            from: now("report_charges", "c"),
        },
        ReportingView {
            name: "payments",
            about: "入金（確認済）: one row for each payment that is confirmed for an application now (収支)",
            columns: money(Some("c.application"), true, "金額 in 円"),
            from: now("report_confirmations", "c"),
        },
        ReportingView {
            name: "unmatched",
            about: "入金（未照合）: one row for each payment that came in and is confirmed for no application now (収支)",
            columns: money(None, false, "金額 in 円"),
            from: format!(
                "{} AND NOT EXISTS (SELECT 1 FROM report_confirmations d WHERE d.transaction_number = c.transaction_number \
                 AND d.until = {OPEN})",
                now("report_receipts", "c")
            ),
        },
    ]
}

fn of_people() -> Vec<ReportingView> {
    let group =
        "CASE WHEN m.renewal <= 3 THEN 'first_to_third' WHEN m.renewal >= 4 THEN 'fourth_on' END";
    let mut members = vec![column(
        "regular_year",
        "bigint",
        "m.regular_year",
        "正規更新年度; null: no specialist (専門医)",
    )];
    members.extend(coded(
        ("renewal_group", "renewal_group_label"),
        &format!("({group})"),
        &renewal_groups(),
        "更新回数 in two groups, as 更新見込み has them",
    ));
    members.push(column(
        "seminar_units_band",
        "text",
        format!(
            "CASE WHEN COUNT(*) OVER (PARTITION BY m.regular_year, {group}) >= {FEWEST} THEN {} END",
            band("m.seminar_units")
        ),
        format!(
            "当会セミナーの単位 since the last 認定, as the band of 単位分布; null (秘匿) where fewer than {FEWEST} members share the other columns"
        ),
    ));
    vec![
        ReportingView {
            name: "members",
            about: "会員: one row for each member now, without a pseudonym, so that nothing can be joined to it (更新見込み)",
            columns: members,
            from: format!("FROM report_members m WHERE m.until = {OPEN}"),
        },
        ReportingView {
            name: "attendance",
            about: "当会セミナー: one row for each seminar",
            columns: vec![
                column(
                    "seminar",
                    "text",
                    "left(d.seminar, -11)",
                    "code of the seminar",
                ),
                column("first_day", "date", "d.first_day", "its first day (Japan)"),
                column(
                    "attendants",
                    "bigint",
                    format!("CASE WHEN COUNT(*) >= {FEWEST} THEN COUNT(*) END"),
                    format!(
                        "members whose 出席 is recorded now, in 人; null (秘匿): fewer than {FEWEST}"
                    ),
                ),
            ],
            from: format!(
                "FROM report_attendance d WHERE d.until = {OPEN} GROUP BY d.seminar, d.first_day"
            ),
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The part of docs/reporting.md that follows from the views.
    fn documented() -> String {
        let mut text = String::new();
        for view in views() {
            let _infallible = write!(
                text,
                "### `reporting.{}`\n\n{}.\n\n| column | type | |\n|---|---|---|\n",
                view.name, view.about
            );
            for column in view.columns {
                let _infallible = writeln!(
                    text,
                    "| `{}` | {} | {} |",
                    column.name,
                    column.kind,
                    column.meaning.replace('|', "\\|")
                );
            }
            text.push('\n');
        }
        text
    }

    #[test]
    fn the_columns_in_the_documentation_are_up_to_date() {
        const BEGIN: &str =
            "<!-- columns: written by the test of projections/src/reporting/schema.rs -->\n\n";
        const END: &str = "<!-- end of columns -->";
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reporting.md");
        let text = std::fs::read_to_string(path).unwrap();
        let (before, rest) = text.split_once(BEGIN).unwrap();
        let (_, after) = rest.split_once(END).unwrap();
        let expected = format!("{before}{BEGIN}{}{END}{after}", documented());
        if std::env::var_os("SHINSEI_WRITE_DOCS").is_some() {
            std::fs::write(path, &expected).unwrap();
        }
        assert!(
            std::fs::read_to_string(path).unwrap() == expected,
            "docs/reporting.md is stale: SHINSEI_WRITE_DOCS=1 cargo test -p projections documentation"
        );
    }

    #[test]
    fn no_view_shows_what_is_personal() {
        for view in views() {
            let query = view.query();
            for column in [
                "name",
                "furigana",
                "email",
                "workplace",
                "birth_date",
                "prefecture",
                "hospital",
                "speciality",
                "certification_number",
                "actor",
            ] {
                for alias in ["a", "c", "d", "m", "r", "s", "t"] {
                    assert!(
                        !query.contains(&format!("{alias}.{column}")),
                        "{}: {column}",
                        view.name
                    );
                }
            }
            for (place, column) in view.columns.iter().enumerate() {
                let twice = view.columns[place + 1..]
                    .iter()
                    .any(|other| other.name == column.name);
                assert!(!twice, "{}.{}", view.name, column.name);
            }
        }
    }
}
