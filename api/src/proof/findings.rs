//! What a check of an export proves and what not, in words for people.

use std::fmt;

use domain::calendar::show_jst_minutes;
use eventstore::{AnchorFlaw, AnchorProblem, Compared, ProofProblem, ProofReport, StreamProof};
use jiff::Timestamp;

/// The findings about an export; written out they are the answer of `shinsei verify-export`.
#[derive(Debug)]
pub struct Findings<'a> {
    /// The export.
    pub proof: &'a StreamProof,
    /// What was found.
    pub report: &'a ProofReport,
}

impl fmt::Display for Findings<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { proof, report } = self;
        // The id comes from the file: nothing in it may move the cursor of a terminal.
        let id = proof.stream.aggregate_id.escape_debug();
        write!(f, "対象: {id}（イベント {} 件", report.events)?;
        match Timestamp::from_microsecond(proof.exported_at_us) {
            Ok(at) => writeln!(f, "、{} に書き出し）", show_jst_minutes(at))?,
            Err(_) => writeln!(f, "）")?,
        }
        if report.problems.is_empty() {
            self.proved(f)?;
        } else {
            writeln!(f, "問題が見つかりました（{} 件）。", report.problems.len())?;
            for problem in &report.problems {
                writeln!(f, "・{}", sentence(problem))?;
            }
        }
        self.not_proved(f)
    }
}

impl Findings<'_> {
    fn proved(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ProofReport {
            events, anchored, ..
        } = self.report;
        writeln!(f, "証明できたこと:")?;
        writeln!(
            f,
            "・{events} 件のイベントの内容、操作した人、日時は、書き出しに記された台帳のハッシュと一致します。"
        )?;
        writeln!(
            f,
            "・イベントは 1 番から欠けることなく並び、書き出しに記された件数と一致します。"
        )?;
        if let (true, Some(last)) = (*anchored > 0, self.proof.anchors.last()) {
            writeln!(
                f,
                "・{anchored} 件は、{} までのアンカーに含まれています。",
                last.day
            )?;
        }
        if let Some(Compared {
            same,
            through: Some(day),
            events,
        }) = self.report.compared
        {
            writeln!(
                f,
                "・別に保管されたアンカー {same} 日分（{day} まで）と一致し、{events} 件はその日より後に書き換えられていません。"
            )?;
        }
        Ok(())
    }

    fn not_proved(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ProofReport {
            events,
            anchored,
            compared,
            ..
        } = self.report;
        writeln!(f, "証明できないこと:")?;
        if anchored < events {
            writeln!(
                f,
                "・{} 件はまだアンカーに含まれていないため、このファイルだけでは書き換えの有無を確認できません。翌日以降に書き出し直してご確認ください。",
                events - anchored
            )?;
        }
        if compared.is_none() {
            writeln!(
                f,
                "・別に保管されたアンカーと照合していないため、全体が作り直されていないことは確認できません。--anchors で控えのファイルを指定してください。"
            )?;
        }
        writeln!(
            f,
            "・末尾のイベントが件数の記載とともに取り除かれた場合は、このファイルだけでは確認できません。台帳の検証（shinsei verify）でご確認ください。"
        )
    }
}

/// What is wrong, as a sentence.
fn sentence(problem: &ProofProblem) -> String {
    match problem {
        ProofProblem::Format => {
            "この版の書き出しの形式ではありません。書き出したファイルをご確認ください。".to_owned()
        }
        ProofProblem::Empty => "イベントが 1 件もありません。".to_owned(),
        ProofProblem::Sequence { expected, found } => format!(
            "{expected} 番のイベントがあるべきところに {found} 番のイベントがあります。取り除かれたか、順序が入れ替わっています。"
        ),
        ProofProblem::Count { stated, found } => format!(
            "書き出しの時点の件数は {stated} 件と記されていますが、イベントは {found} 件です。"
        ),
        ProofProblem::Content(sequence) => format!(
            "{sequence} 番のイベントの内容、操作した人、日時などが、記録されたときから変わっています。"
        ),
        ProofProblem::LedgerHash(sequence) => {
            format!("{sequence} 番のイベントの台帳のハッシュが、内容から計算した値と一致しません。")
        }
        ProofProblem::LedgerOrder(sequence) => {
            format!("{sequence} 番のイベントの台帳の番号が、順序どおりではありません。")
        }
        ProofProblem::LedgerLink(sequence) => {
            format!("{sequence} 番のイベントの台帳のハッシュが、前後の行やアンカーと一致しません。")
        }
        ProofProblem::Head => "記されている台帳の末尾が、アンカーと一致しません。".to_owned(),
        ProofProblem::AuditPath { sequence, day } => {
            format!(
                "{sequence} 番のイベントは、{day} のアンカーに含まれていることを確認できません。"
            )
        }
        ProofProblem::PathMissing(sequence) => format!(
            "{sequence} 番のイベントはアンカーの範囲にありますが、証明のための経路がありません。"
        ),
        ProofProblem::Anchor(problem) => format!("書き出しの中のアンカー: {}", flaw(*problem)),
        ProofProblem::Elsewhere(problem) => {
            format!("別に保管されたアンカー: {}", flaw(*problem))
        }
        ProofProblem::Differs(day) => {
            format!("{day} のアンカーが、別に保管されたものと一致しません。")
        }
        ProofProblem::NothingCompared => {
            "別に保管されたアンカーと同じ日のアンカーがないため、照合できません。".to_owned()
        }
        ProofProblem::NotCovered(sequence) => format!(
            "{sequence} 番のイベントは、別に保管されたアンカーの範囲にありますが、証明されていません。書き出しが古い場合は、書き出し直してご確認ください。"
        ),
    }
}

fn flaw(problem: AnchorProblem) -> String {
    let which = match problem.day {
        Some(day) => format!("{day} のアンカー"),
        None => format!("{} 行目", problem.line),
    };
    let what = match problem.flaw {
        AnchorFlaw::Unreadable => "を読み取れません。",
        AnchorFlaw::Hash => "が書き換えられています。",
        AnchorFlaw::Chain => "が前のアンカーに続いていません。",
        AnchorFlaw::Day => "の日付が前の日に続いていません。",
        AnchorFlaw::Range => "の台帳の番号が前のアンカーに続いていません。",
        AnchorFlaw::Short | AnchorFlaw::Root | AnchorFlaw::LedgerHash => "が台帳と一致しません。",
    };
    which + what
}
