//! The people and payments behind the figures, line by line.

use domain::calendar::days_left;
use domain::program::Program;
use domain::reporting::Stage;
use eventstore::Database;
use jiff::Timestamp;
use jiff::civil::Date;
use sqlx::FromRow;

use super::question::{AsOf, ListFilter, ListName};
use super::sql::{Sql, all, one};
use super::table::{Cell, Column, Kind};
use super::versions::Value;
use crate::application_status::{DocumentTrack, ExamTrack};
use crate::error::{Error, Result};
use crate::views::instant;
use crate::worklist::{CertificationTrack, Missing};

/// A list that is asked for.
#[derive(Clone, Debug)]
pub struct List<'a> {
    /// Which.
    pub name: ListName,
    /// Which of its lines.
    pub filter: ListFilter,
    /// When.
    pub as_of: AsOf,
    /// Every program that is known: by them somebody is 対象者.
    pub programs: Vec<&'a Program>,
}

/// A line of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// One for each column.
    pub cells: Vec<Cell>,
    /// 会員番号 of whom it shows.
    pub member: String,
    /// The application that it is about.
    pub application: Option<String>,
}

/// Where the next part of a list begins: after the line of this key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct After(pub String, pub String);

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its lines, in the order of the ids.
    pub lines: Vec<Line>,
    /// Where the next one begins; none after the last.
    pub next: Option<After>,
}

/// 費目 in words, by the word of the tables.
pub fn item_label(word: &str) -> &str {
    match word {
        "review_fee" => "審査料",
        "exam_fee" => "受験料",
        "certification_fee" => "認定料",
        other => other,
    }
}

#[derive(FromRow)]
struct ApplicationRow {
    application: String,
    program: String,
    member: String,
    name: String,
    furigana: String,
    workplace: String,
    certification_number: String,
    document_track: String,
    exam_track: String,
    certification: String,
    withdrawn: i64,
    units: i64,
    required: i64,
    missing: i64,
    returned: i64,
    submitted_at: Option<i64>,
    closes_at: Option<i64>,
    certified_on: String,
    expires_on: String,
    email: Option<String>,
}

const APPLICATION: &str = "a.application, a.program, a.member, a.name, a.furigana, a.workplace, a.certification_number, \
                           a.document_track, a.exam_track, a.certification, a.withdrawn, a.units, a.required, a.missing, a.returned, \
                           a.submitted_at, a.closes_at, a.certified_on, a.expires_on, m.email";

#[derive(FromRow)]
struct MemberRow {
    member: String,
    name: String,
    furigana: String,
    email: String,
    workplace: String,
    prefecture: String,
    speciality: String,
    certification_number: String,
    valid_until: String,
    seminar_units: i64,
    regular_year: Option<i64>,
    renewal: Option<i64>,
}

const MEMBER: &str = "m.member, m.name, m.furigana, m.email, m.workplace, m.prefecture, m.speciality, m.certification_number, \
                      m.valid_until, m.seminar_units, m.regular_year, m.renewal";

#[derive(FromRow)]
struct MoneyRow {
    owner: String,
    entry: String,
    program: String,
    member: String,
    name: Option<String>,
    item: String,
    month: String,
    route: String,
    amount_yen: Option<i64>,
}

impl List<'_> {
    /// Its columns.
    pub fn columns(&self) -> Vec<Column> {
        use Kind::{Code, Count, Date, Days, Deadline, Instant, Text, Units, Yen};
        let column = Column::new;
        let person = || {
            vec![
                column("member", "会員番号", Code),
                column("name", "氏名", Text),
                column("furigana", "フリガナ", Text),
                column("workplace", "所属施設", Text),
            ]
        };
        let mut columns = Vec::new();
        match self.name {
            ListName::Applications => {
                columns.push(column("application", "申請", Code));
                columns.extend(person());
                columns.extend([
                    column("documents", "申請の状態", Text),
                    column("exam", "筆記試験", Text),
                    column("certification", "認定", Text),
                    column("units", "認められた単位", Units),
                    column("required", "必要な単位", Units),
                    column("missing", "不足", Text),
                    column("returned", "差し戻し", Count),
                    column("submitted_at", "完了日時", Instant),
                    column("days_left", "残り日数", Days),
                ]);
            }
            ListName::Reminders => {
                columns.extend(person());
                columns.extend([
                    column("email", "メールアドレス", Text),
                    column("missing", "不足", Text),
                    column("closes_at", "期限", Deadline),
                    column("days_left", "残り日数", Days),
                    column("program", "申請の種類", Text),
                ]);
            }
            ListName::Committee => {
                columns.extend(person());
                columns.extend([
                    column("certification_number", "専門医認定番号", Code),
                    column("documents", "申請の状態", Text),
                    column("units", "認められた単位", Units),
                    column("required", "必要な単位", Units),
                    column("missing", "不足", Text),
                    column("exam", "筆記試験", Text),
                    column("returned", "差し戻し", Count),
                    column("submitted_at", "完了日時", Instant),
                    column("program", "申請の種類", Text),
                ]);
            }
            ListName::Certified => {
                columns.push(column("certification_number", "専門医認定番号", Code));
                columns.extend(person());
                columns.extend([
                    column("certified_on", "認定日", Date),
                    column("expires_on", "有効期限", Date),
                    column("program", "申請の種類", Text),
                ]);
            }
            ListName::Members | ListName::NonApplicants => {
                columns.extend(person());
                columns.extend([
                    column("email", "メールアドレス", Text),
                    column("prefecture", "都道府県", Text),
                    column("speciality", "専門分野", Text),
                    column("certification_number", "専門医認定番号", Code),
                    column("valid_until", "有効期限", Date),
                    column("regular_year", "正規更新年度", Code),
                    column("renewal", "更新回数", Count),
                    column("seminar_units", "当会セミナーの単位", Units),
                ]);
            }
            ListName::Charges | ListName::Received | ListName::Unmatched => {
                columns.extend([
                    column("member", "会員番号", Code),
                    column("name", "氏名", Text),
                    column("item", "費目", Text),
                    column("month", "月", Text),
                    column("amount", "金額", Yen),
                ]);
                if self.name != ListName::Charges {
                    columns.push(column("transaction", "取引番号", Code));
                }
                if self.name != ListName::Unmatched {
                    columns.push(column("route", "支払方法", Text));
                    columns.push(column("program", "申請の種類", Text));
                }
            }
        }
        columns
    }

    /// How many lines it has.
    ///
    /// # Errors
    /// [`Error::Database`]
    pub(crate) async fn count(&self, database: &Database) -> Result<i64> {
        let mut sql = Sql::new("SELECT COUNT(*)");
        self.from(&mut sql, false);
        Ok(one::<(i64,)>(database, &sql).await?.0)
    }

    /// Its lines after a place, at most so many.
    ///
    /// # Errors
    /// [`Error::Database`], [`Error::ForeignRow`]
    pub(crate) async fn part(
        &self,
        database: &Database,
        after: Option<&After>,
        limit: i64,
    ) -> Result<Part> {
        if self.name.of_applications() {
            let sql = self.statement(APPLICATION, ["a.application"], after, limit);
            let rows: Vec<ApplicationRow> = all(database, &sql).await?;
            let next = next(&rows, limit, |row| {
                After(row.application.clone(), String::new())
            });
            let columns = self.columns();
            let lines = rows.into_iter().map(|row| self.application(row, &columns));
            return Ok(Part {
                lines: lines.collect::<Result<_>>()?,
                next,
            });
        }
        if matches!(self.name, ListName::Members | ListName::NonApplicants) {
            let sql = self.statement(MEMBER, ["m.member"], after, limit);
            let rows: Vec<MemberRow> = all(database, &sql).await?;
            let next = next(&rows, limit, |row| After(row.member.clone(), String::new()));
            let lines = rows.into_iter().map(member).collect();
            return Ok(Part { lines, next });
        }
        let (columns, key) = match self.name {
            ListName::Charges => (
                "c.application AS owner, c.item AS entry, c.program, c.member, m.name, c.item, c.month, c.route, c.amount_yen",
                ["c.application", "c.item"],
            ),
            ListName::Received => (
                "c.application AS owner, c.transaction_number AS entry, c.program, c.member, m.name, c.item, c.month, c.route, \
                 c.amount_yen",
                ["c.application", "c.transaction_number"],
            ),
            _ => (
                "c.member AS owner, c.transaction_number AS entry, '' AS program, c.member, m.name, c.item, c.month, '' AS route, \
                 c.amount_yen",
                ["c.member", "c.transaction_number"],
            ),
        };
        let sql = self.statement(columns, key, after, limit);
        let rows: Vec<MoneyRow> = all(database, &sql).await?;
        let next = next(&rows, limit, |row| {
            After(row.owner.clone(), row.entry.clone())
        });
        let columns = self.columns();
        let lines = rows.into_iter();
        let lines = lines.map(|row| self.money(row, &columns)).collect();
        Ok(Part { lines, next })
    }

    fn statement<const N: usize>(
        &self,
        columns: &str,
        key: [&str; N],
        after: Option<&After>,
        limit: i64,
    ) -> Sql {
        let mut sql = Sql::new(format!("SELECT {columns}"));
        self.from(&mut sql, true);
        let order = key.join(", ");
        if let Some(After(first, second)) = after {
            sql.push(format!(" AND ({order}) > ("));
            sql.bind(first.as_str());
            if N > 1 {
                sql.push(", ").bind(second.as_str());
            }
            sql.push(")");
        }
        sql.push(format!(" ORDER BY {order} LIMIT ")).bind(limit);
        sql
    }

    /// From where, and which: the same for counting and for reading.
    fn from(&self, sql: &mut Sql, with_people: bool) {
        let people = |sql: &mut Sql, of: &str| {
            if with_people {
                sql.push(format!(
                    " LEFT JOIN report_members m ON m.member = {of}.member AND"
                ));
                sql.at("m", self.as_of);
            }
        };
        if self.name.of_applications() {
            sql.push(" FROM report_applications a");
            people(sql, "a");
            sql.push(" WHERE").at("a", self.as_of);
            self.of_applications(sql);
            return;
        }
        let table = match self.name {
            ListName::Charges => "report_charges",
            ListName::Received => "report_confirmations",
            ListName::Unmatched => "report_receipts",
            _ => {
                sql.push(" FROM report_members m WHERE").at("m", self.as_of);
                self.of_members(sql);
                return;
            }
        };
        sql.push(format!(" FROM {table} c"));
        people(sql, "c");
        sql.push(" WHERE").at("c", self.as_of);
        if self.name == ListName::Unmatched {
            unmatched(sql, "c", self.as_of);
        } else {
            sql.at_program("c", self.filter.program.as_deref());
        }
        if let Some(month) = &self.filter.month {
            sql.and("c.month =", month.as_str());
        }
        if let Some(item) = &self.filter.item {
            sql.and("c.item =", item.as_str());
        }
    }

    fn of_applications(&self, sql: &mut Sql) {
        let filter = &self.filter;
        match self.name {
            ListName::Committee => {
                sql.push(" AND a.withdrawn = 0 AND a.document_track IN ('accepted', 'review_passed', 'review_failed')");
            }
            ListName::Certified => {
                sql.push(" AND a.withdrawn = 0 AND a.certification = 'certified'");
            }
            ListName::Reminders => {
                sql.push(" AND a.withdrawn = 0 AND a.missing <> 0")
                    .push(OPEN_FOR_MEMBER);
            }
            _ => {}
        }
        sql.at_program("a", filter.program.as_deref());
        if let Some(stage) = filter.stage {
            sql.and("a.stage >=", i64::from(stage.place()));
        }
        if let Some(state) = filter.state {
            sql.and("a.document_track =", state.as_str());
        }
        if let Some(withdrawn) = filter.withdrawn {
            sql.and("a.withdrawn =", i64::from(withdrawn));
        }
        if filter.open {
            sql.push(OPEN_FOR_MEMBER);
        }
        if filter.documents {
            sql.push(" AND a.document_track <> 'not_applied'");
        }
        if let Some(code) = &filter.missing {
            sql.push(" AND (a.missing & ");
            sql.bind(Missing::bits([code.as_str()])).push(") <> 0");
        }
        match filter.short {
            Some(true) => sql.push(" AND a.units < a.required"),
            // 筆記試験のみ has no units, neither too few nor enough.
            Some(false) => {
                sql.push(" AND a.units >= a.required AND a.document_track <> 'not_applied'")
            }
            None => sql,
        };
        if let Some(units) = filter.units_from {
            sql.and("a.units >=", units);
        }
        if let Some(units) = filter.units_below {
            sql.and("a.units <", units);
        }
        if let Some(at) = filter.closes_after {
            sql.and("a.closes_at >", at.as_microsecond());
        }
        if let Some(at) = filter.closes_upto {
            sql.and("a.closes_at <=", at.as_microsecond());
        }
        if filter.returned {
            sql.push(" AND a.returned > 0");
        }
        if let Some(document) = filter.returned_for {
            sql.push(" AND EXISTS (SELECT 1 FROM report_return_items r WHERE r.application = a.application AND r.number <= ");
            sql.bind(self.as_of.number);
            sql.and("r.document =", document.slug()).push(")");
        }
        if let Some(days) = filter.completed_days {
            sql.and("a.completed_days >=", days);
        }
        if let Some((track, state)) = filter.stay.as_deref().and_then(|stay| stay.split_once('.')) {
            sql.push(
                " AND EXISTS (SELECT 1 FROM report_stays s WHERE s.application = a.application AND",
            );
            sql.at("s", self.as_of)
                .and("s.track =", track)
                .and("s.state =", state)
                .push(")");
        }
        if let Some(actor) = &filter.actor {
            sql.push(" AND EXISTS (SELECT 1 FROM report_acts t WHERE t.application = a.application AND t.number <= ");
            sql.bind(self.as_of.number);
            sql.and("t.actor =", actor.as_str()).push(")");
        }
    }

    fn of_members(&self, sql: &mut Sql) {
        let filter = &self.filter;
        let without = self.name == ListName::NonApplicants;
        if without || filter.program.is_some() {
            let programs = self.programs.iter().filter(|program| {
                filter
                    .program
                    .as_ref()
                    .is_none_or(|wanted| *wanted == program.id.0)
            });
            sql.push(" AND (1 = 0");
            for program in programs {
                sql.push(" OR (");
                due(sql, program);
                if without {
                    sql.push(" AND NOT");
                    let program = program.id.0.as_str();
                    with_application(sql, self.as_of, "b.program =", program);
                }
                sql.push(")");
            }
            sql.push(")");
        }
        if let Some(year) = filter.regular_year {
            sql.and("m.regular_year =", year);
        }
        if let Some(first) = filter.renewal_from {
            sql.and("m.renewal >=", first);
        }
        if let Some(last) = filter.renewal_upto {
            sql.and("m.renewal <=", last);
        }
        if let Some(prefecture) = &filter.prefecture {
            sql.and("m.prefecture =", prefecture.as_str());
        }
        if let Some(hospital) = filter.hospital {
            sql.and("m.hospital =", hospital.as_str());
        }
        if let Some(speciality) = &filter.speciality {
            sql.and("m.speciality =", speciality.as_str());
        }
        if let Some(age) = filter.age {
            let on = domain::calendar::jst_date(self.as_of.at);
            match age.births(on) {
                None => {
                    sql.push(" AND (m.birth_date = ''");
                    sql.push(" OR m.birth_date > ")
                        .bind(on.to_string())
                        .push(")");
                }
                Some((first, last)) => {
                    if let Some(first) = first {
                        sql.and("m.birth_date >=", first.to_string());
                    }
                    if let Some(last) = last {
                        sql.and("m.birth_date <=", last.to_string());
                    }
                    sql.push(" AND m.birth_date <> ''");
                }
            }
        }
        if let Some(applied) = filter.applied {
            sql.push(if applied { " AND" } else { " AND NOT" });
            let certified = i64::from(Stage::Certified.place());
            with_application(sql, self.as_of, "b.stage <", certified);
        }
    }

    fn application(&self, row: ApplicationRow, columns: &[Column]) -> Result<Line> {
        let foreign = || Error::ForeignRow("reports");
        let documents = DocumentTrack::parse(&row.document_track).ok_or_else(foreign)?;
        let exam = ExamTrack::parse(&row.exam_track).ok_or_else(foreign)?;
        let certification = CertificationTrack::parse(&row.certification).ok_or_else(foreign)?;
        let closes_at = row.closes_at.map(instant).transpose()?;
        let missing: Vec<String> = Missing::of_bits(row.missing)
            .into_iter()
            .map(|missing| missing.label)
            .collect();
        let mut cells = Vec::new();
        for column in columns {
            cells.push(match column.key {
                "application" => Cell::text(&row.application),
                "member" => Cell::text(&row.member),
                "name" => Cell::text(&row.name),
                "furigana" => Cell::text(&row.furigana),
                "workplace" => Cell::text(&row.workplace),
                "email" => Cell::text(row.email.clone().unwrap_or_default()),
                "certification_number" => Cell::text(&row.certification_number),
                "documents" if row.withdrawn != 0 => Cell::text("取下げ"),
                "documents" => Cell::text(documents.label()),
                "exam" => Cell::text(exam.label()),
                "certification" => Cell::text(certification.label()),
                "units" | "required" if documents == DocumentTrack::NotApplied => Cell::Empty,
                "units" => Cell::Number(row.units),
                "required" => Cell::Number(row.required),
                "missing" => Cell::Text(missing.join("、")),
                "returned" => Cell::Number(row.returned),
                "submitted_at" => row
                    .submitted_at
                    .map(instant)
                    .transpose()?
                    .map_or(Cell::Empty, Cell::Instant),
                "closes_at" => closes_at.map_or(Cell::Empty, Cell::Instant),
                "days_left" => closes_at
                    .and_then(|closes_at| days_left(self.as_of.at, closes_at))
                    .map_or(Cell::Empty, Cell::Number),
                "certified_on" => date(&row.certified_on),
                "expires_on" => date(&row.expires_on),
                _ => Cell::text(self.program_title(&row.program)),
            });
        }
        Ok(Line {
            cells,
            member: row.member,
            application: Some(row.application),
        })
    }

    fn money(&self, row: MoneyRow, columns: &[Column]) -> Line {
        let mut cells = Vec::new();
        for column in columns {
            cells.push(match column.key {
                "member" => Cell::text(&row.member),
                "name" => Cell::text(row.name.clone().unwrap_or_default()),
                "item" => Cell::text(item_label(&row.item)),
                "month" => Cell::text(&row.month),
                "amount" => row.amount_yen.map_or(Cell::Empty, Cell::Number),
                "transaction" => Cell::text(&row.entry),
                "route" => Cell::text(&row.route),
                _ => Cell::text(self.program_title(&row.program)),
            });
        }
        let application = (self.name != ListName::Unmatched).then_some(row.owner);
        Line {
            cells,
            member: row.member,
            application,
        }
    }

    fn program_title<'a>(&'a self, id: &'a str) -> &'a str {
        title(&self.programs, id)
    }
}

/// Of the applications `a`: those in which the member still has something to do, as the domain's `DocumentTrack::is_open` has it.
pub(super) const OPEN_FOR_MEMBER: &str =
    " AND a.document_track IN ('drafting', 'returned') AND a.certification <> 'lapsed'";

/// The title of a program, or its id where it is not known any more.
pub(super) fn title<'a>(programs: &[&'a Program], id: &'a str) -> &'a str {
    programs
        .iter()
        .find(|program| program.id.0 == id)
        .map_or(id, |program| program.menu_title.as_str())
}

fn next<T>(rows: &[T], limit: i64, key: impl Fn(&T) -> After) -> Option<After> {
    let full = i64::try_from(rows.len()).is_ok_and(|count| count >= limit);
    rows.last().filter(|_| full).map(key)
}

fn date(text: &str) -> Cell {
    text.parse::<Date>().map_or(Cell::Empty, Cell::Date)
}

fn member(row: MemberRow) -> Line {
    let number = |number: Option<i64>| number.map_or(Cell::Empty, Cell::Number);
    Line {
        member: row.member.clone(),
        cells: vec![
            Cell::Text(row.member),
            Cell::Text(row.name),
            Cell::Text(row.furigana),
            Cell::Text(row.workplace),
            Cell::Text(row.email),
            Cell::Text(row.prefecture),
            Cell::Text(row.speciality),
            Cell::Text(row.certification_number),
            date(&row.valid_until),
            row.regular_year
                .map_or(Cell::Empty, |year| Cell::Text(year.to_string())),
            number(row.renewal),
            Cell::Number(row.seminar_units),
        ],
        application: None,
    }
}

/// 対象者 of a program among the members `m`: [`domain::reporting::is_due`], by the two numbers that the domain gave each of them.
fn due(sql: &mut Sql, program: &Program) {
    let year = i64::from(program.year.0);
    let grace = i64::from(program.rules.eligibility.grace_years);
    sql.push("m.regular_year >= ").bind(year - grace);
    sql.and("m.regular_year <=", year);
    sql.and("m.renewal >=", i64::from(program.renewals.first));
    if let Some(last) = program.renewals.last {
        sql.and("m.renewal <=", i64::from(last));
    }
}

/// Of the members `m`: those with an application that is not withdrawn, and of which this holds too.
fn with_application(sql: &mut Sql, as_of: AsOf, condition: &str, value: impl Into<Value>) {
    sql.push(" EXISTS (SELECT 1 FROM report_applications b WHERE b.member = m.member AND");
    sql.at("b", as_of)
        .push(" AND b.withdrawn = 0")
        .and(condition, value)
        .push(")");
}

/// Of the receipts with this alias: those that no application has confirmed.
pub(super) fn unmatched(sql: &mut Sql, alias: &str, as_of: AsOf) {
    sql.push(format!(
        " AND NOT EXISTS (SELECT 1 FROM report_confirmations d WHERE d.transaction_number = {alias}.transaction_number AND"
    ));
    sql.at("d", as_of).push(")");
}

/// The bounds between which `closes_at` lies when so many days are left (both included), at a time.
pub(super) fn closing_bounds(
    at: Timestamp,
    (first, last): (i64, i64),
) -> Option<(Timestamp, Timestamp)> {
    let today = domain::calendar::jst_date(at);
    let midnight = |days: i64| {
        let day = today.checked_add(jiff::Span::new().days(days)).ok()?;
        domain::calendar::jst_instant(day, 0, 0).ok()
    };
    // What ends at midnight belongs to the day before it.
    Some((midnight(first)?.max(at), midnight(last.checked_add(1)?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_closes_between_the_bounds_has_so_many_days_left() {
        let at: Timestamp = "2026-06-03T09:30:00Z".parse().unwrap();
        for end in [
            "2026-06-03T09:30:01Z",
            "2026-06-03T15:00:00Z",
            "2026-06-03T15:00:01Z",
            "2026-06-06T15:00:00Z",
            "2026-06-06T15:00:01Z",
        ] {
            let end: Timestamp = end.parse().unwrap();
            let days = days_left(at, end).unwrap();
            let (after, upto) = closing_bounds(at, (days, days)).unwrap();
            assert!(after < end && end <= upto, "{end}: {days} {after} {upto}");
        }
    }
}
