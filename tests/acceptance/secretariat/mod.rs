//! 事務局: checking, sending back, deciding, and finding applications again.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod approvals;
mod as_member;
mod bulk;
mod journey;
mod refusals;
mod typed;
mod units;
mod worklist;

use serde_json::{Value, json};

use crate::service::{Answer, Applicant, FOURTH, Person, TestService, eventually, files, forms};

/// Somebody of the secretariat at one application.
pub struct Desk<'a> {
    pub person: &'a Person,
    pub id: String,
}

impl<'a> Desk<'a> {
    pub fn new(person: &'a Person, id: &str) -> Self {
        Self {
            person,
            id: id.to_owned(),
        }
    }

    pub fn get(&self, rest: &str) -> Answer {
        self.person
            .get(&format!("/api/v1/applications/{}{rest}", self.id))
    }

    pub fn post(&self, rest: &str, body: &Value) -> Answer {
        let path = format!("/api/v1/applications/{}{rest}", self.id);
        self.person.post(&path).json(body).send()
    }

    pub fn put(&self, rest: &str, body: &Value) -> Answer {
        let path = format!("/api/v1/applications/{}{rest}", self.id);
        self.person.put(&path).json(body).send()
    }

    #[track_caller]
    pub fn review(&self) -> Value {
        self.get("/review").ok()
    }

    /// An act that rests on what is there now.
    #[track_caller]
    pub fn judge(&self, rest: &str, more: &Value) -> Answer {
        let mut body = json!({ "reason": "委員会の決定による", "seen": self.review()["revision"] });
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        self.post(rest, &body)
    }

    #[track_caller]
    pub fn mark(&self, document: &str, mark: &str) -> Value {
        let body = json!({ "target": { "document": document }, "mark": mark });
        self.put("/review/checks", &body).ok()
    }

    /// 書類受理, with everything that it asks for.
    #[track_caller]
    pub fn accept(&self) {
        self.check_everything();
        self.judge("/acceptance", &json!({})).ok();
    }

    /// Everything that 書類受理 asks for.
    #[track_caller]
    pub fn check_everything(&self) {
        for document in [
            "resume",
            "profile",
            "research_activities",
            "conferences",
            "seminars",
            "papers",
            "clinical_experience",
        ] {
            self.mark(document, "checked");
        }
        for proof in ["final_form", "unit_proofs", "certificates"] {
            let body = json!({ "proof": proof, "state": "checked" });
            self.put("/review/proofs", &body).ok();
        }
    }
}

/// 臨床 瘍子, completed: 書類確認中, 受験料 paid.
pub fn completed(service: &TestService) -> Applicant {
    completed_by(service, "9000001")
}

pub fn completed_by(service: &TestService, number: &str) -> Applicant {
    let applicant = service.applicant(number, FOURTH, "documents_and_exam");
    files::payment(&service.secretariat(), &format!("T-{number}"), number);
    applicant.fill_in_required_documents();
    applicant.add("conferences", &forms::conference()).created();
    for paper in ["一", "二"] {
        applicant.add("papers", &forms::paper(paper)).created();
    }
    applicant.submit().ok();
    // The payment reaches the application in the background: what is seen after it is not out of date by it.
    eventually(&true, || {
        let lines = applicant.status();
        lines.iter().any(|line| line.contains("入金確認済み"))
    });
    applicant
}
