//! 取込 and 入金 over HTTP: what a file would do, what it did, the way back, and the payments that a person places.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod attendance;
mod exam_results;
pub mod pages;
mod payments;
mod retraction;
mod runs;
pub mod slips;

use serde_json::{Value, json};

use crate::service::{Answer, Person, TestService};

pub const PAYMENTS: &str = "取引番号,会員番号,費目,金額,入金日,振込名義カナ\r\n";
pub const ATTENDANCE: &str = "会員番号,セミナーコード,セミナー名,区分,開始日,終了日,単位,出欠\r\n";

/// 事務局 with files in hand.
pub struct Desk {
    pub person: Person,
}

impl Desk {
    pub fn of(service: &TestService) -> Self {
        Self {
            person: service.secretariat(),
        }
    }

    pub fn send(&self, kind: &str, file: &str) -> Answer {
        let path = format!("/api/v1/imports/{kind}");
        let file = file.as_bytes().to_vec();
        self.person.post(&path).bytes("text/csv", file).send()
    }

    #[track_caller]
    pub fn import(&self, kind: &str, file: &str) -> Value {
        self.send(kind, file).ok()
    }

    /// The same without doing it.
    #[track_caller]
    pub fn look(&self, kind: &str, file: &str) -> Value {
        self.send(&format!("{kind}?dry_run=true"), file).ok()
    }

    #[track_caller]
    pub fn run(&self, import: &Value) -> Value {
        let path = format!("/api/v1/imports/runs/{}", text(import));
        self.person.get(&path).ok()
    }

    /// Line, outcome and sentence of every row.
    #[track_caller]
    pub fn rows(&self, import: &Value) -> Vec<(i64, String, String)> {
        let path = format!("/api/v1/imports/runs/{}/rows?limit=200", text(import));
        let answer = self.person.get(&path).ok();
        let rows = answer["rows"].as_array().unwrap();
        rows.iter()
            .map(|row| {
                (
                    row["line"].as_i64().unwrap(),
                    text(&row["outcome"]),
                    text(&row["message"]),
                )
            })
            .collect()
    }

    pub fn take_back(&self, import: &Value) -> Answer {
        let path = format!("/api/v1/imports/runs/{}/retraction", text(import));
        let body = json!({ "reason": "別のファイルを取り込んだため" });
        self.person.post(&path).json(&body).send()
    }

    /// Taken back, line by line.
    #[track_caller]
    pub fn taken_back(&self, import: &Value) -> Vec<(i64, String, String)> {
        let retraction = self.take_back(import).ok();
        assert_eq!(retraction["retracts"], *import);
        assert_eq!(retraction["state"], "done");
        self.rows(&retraction["id"])
    }

    #[track_caller]
    pub fn application(&self, id: &str) -> Value {
        self.person.get(&format!("/api/v1/applications/{id}")).ok()
    }

    /// The lines of 状態.
    #[track_caller]
    pub fn status(&self, id: &str) -> String {
        let application = self.application(id);
        let lines = application["status"]["lines"].as_array().unwrap();
        lines.iter().map(text).collect::<Vec<_>>().join("\n")
    }

    /// 取引番号 and where each stands, of the payments that no application has.
    #[track_caller]
    pub fn unmatched(&self) -> Vec<(String, String)> {
        let answer = self.person.get("/api/v1/payments/unmatched?limit=200").ok();
        let mut all: Vec<_> = answer["payments"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (text(&one["transaction"]), text(&one["placement"])))
            // The demonstration's own.
            .filter(|(transaction, _)| !transaction.starts_with("T2026"))
            .collect();
        all.sort();
        all
    }
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// 受験料 of a member, in the kana of banks.
pub fn exam_fee(transaction: &str, member: &str, payer: &str) -> String {
    format!("{transaction},{member},受験料,22000,2026/06/03,{payer}\r\n")
}

/// Events in the log, those of 閲覧記録 apart, when the forwarder has written what follows from them.
pub async fn events(service: &TestService) -> i64 {
    service.settled().await;
    eventstore::on_database!(service.inside.log.database(), pool => {
        sqlx::query_scalar("SELECT count(*) FROM events WHERE aggregate_type <> 'access'")
            .fetch_one(pool)
            .await
    })
    .unwrap()
}
