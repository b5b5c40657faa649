//! A member with an application.

use serde_json::{Value, json};

use super::forms;
use super::person::{Answer, Person};

/// A member who is signed in, and the application that is talked about.
pub struct Applicant {
    pub person: Person,
    /// `<program>.<会員番号>`
    pub id: String,
    program: String,
}

impl Applicant {
    pub fn new(person: Person, program: &str, number: &str) -> Self {
        Self {
            person,
            id: format!("{program}.{number}"),
            program: program.to_owned(),
        }
    }

    /// 申込
    pub fn apply(&self, scope: &str) -> Answer {
        self.person
            .post("/api/v1/applications")
            .json(&json!({ "program": self.program, "scope": scope }))
            .send()
    }

    /// The address of something of the application.
    pub fn path(&self, rest: &str) -> String {
        format!("/api/v1/applications/{}{rest}", self.id)
    }

    pub fn get(&self, rest: &str) -> Answer {
        self.person.get(&self.path(rest))
    }

    /// A document, or a list of rows.
    pub fn document(&self, slug: &str) -> Answer {
        let rows = if forms::ROW_DOCUMENTS.contains(&slug) {
            "/rows"
        } else {
            ""
        };
        self.get(&format!("/documents/{slug}{rows}"))
    }

    /// 入力内容保存 of a document that is saved whole, from the revision that is there.
    pub fn save(&self, slug: &str, value: &Value) -> Answer {
        self.save_at(slug, value, self.document(slug).revision())
    }

    /// The same from a revision that is named.
    pub fn save_at(&self, slug: &str, value: &Value, revision: u32) -> Answer {
        self.person
            .put(&self.path(&format!("/documents/{slug}")))
            .json(value)
            .revision(revision)
            .send()
    }

    /// 新規作成 and 入力内容保存 of a row.
    pub fn add(&self, slug: &str, row: &Value) -> Answer {
        self.person
            .post(&self.path(&format!("/documents/{slug}/rows")))
            .json(row)
            .send()
    }

    /// 登録 of 総年数.
    pub fn total_years(&self, typed: &str) -> Answer {
        let revision = self.document("research-activities").revision();
        self.person
            .put(&self.path("/documents/research-activities/total-years"))
            .json(&json!({ "total_years": typed }))
            .revision(revision)
            .send()
    }

    /// 申請を完了する
    pub fn submit(&self) -> Answer {
        self.person.post(&self.path("/submission")).send()
    }

    /// The lines of 状態.
    #[track_caller]
    pub fn status(&self) -> Vec<String> {
        texts(&self.get("").ok()["status"]["lines"])
    }

    /// The sentences of 申請完了要件.
    #[track_caller]
    pub fn missing(&self) -> Vec<String> {
        missing(&self.get("/requirements").ok())
    }

    /// Every change, newest first, of those that a query asks for.
    #[track_caller]
    pub fn history(&self, query: &str) -> Vec<Value> {
        let answer = self.get(&format!("/history?limit=200&{query}")).ok();
        assert_eq!(answer["next"], Value::Null, "more than a page");
        answer["entries"].as_array().unwrap().clone()
    }

    /// The four documents that must be registered, as people type them, each without a mistake.
    #[track_caller]
    pub fn fill_in_required_documents(&self) {
        for (slug, value) in [
            ("resume", forms::resume()),
            ("profile", forms::profile()),
            ("clinical-experience", forms::clinical_experience()),
        ] {
            let saved = self.save(slug, &value);
            saved.ok();
            assert_eq!(saved.pointers(), Vec::<String>::new(), "{slug}");
        }
        let activity = self.add("research-activities", &forms::research_activity());
        activity.created();
        assert_eq!(activity.pointers(), Vec::<String>::new());
        let years = self.total_years("２５年");
        years.ok();
        assert_eq!(years.pointers(), Vec::<String>::new());
    }
}

/// The sentences of `missing`, in an answer or a problem.
#[track_caller]
pub fn missing(body: &Value) -> Vec<String> {
    let missing = body["missing"].as_array().unwrap();
    missing
        .iter()
        .map(|one| one["message"].as_str().unwrap().to_owned())
        .collect()
}

fn texts(list: &Value) -> Vec<String> {
    let list = list.as_array().unwrap();
    list.iter()
        .map(|text| text.as_str().unwrap().to_owned())
        .collect()
}
