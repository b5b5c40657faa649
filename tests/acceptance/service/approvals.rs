//! The second person: what one proposes, another one of the secretariat approves.

use serde_json::{Value, json};

use super::{Answer, Person, TestService, eventually};

impl TestService {
    /// The one who approves: 閲覧 and 判定, another account than [`TestService::secretariat`].
    pub fn decider(&self) -> Person {
        Person::staff(&self.running.url(), "decider")
    }

    /// What was answered as waiting is approved by the second person and done; gives the run as it is then.
    #[track_caller]
    pub fn approved(&self, waiting: &Answer) -> Value {
        let run = waiting.waits();
        assert_eq!(run["state"], "proposed", "{run}");
        let decider = self.decider();
        approve(&decider, &run);
        done(&decider, &run)
    }

    /// Everything that waits is approved by the second person and done; gives the runs, newest first.
    #[track_caller]
    pub fn approve_all(&self) -> Vec<Value> {
        let decider = self.decider();
        let runs = waiting(&decider);
        for run in &runs {
            approve(&decider, run);
        }
        runs.iter().map(|run| done(&decider, run)).collect()
    }
}

/// The runs that wait for a second person, newest first.
#[track_caller]
pub fn waiting(person: &Person) -> Vec<Value> {
    let all = person.get("/api/v1/bulk-runs").ok();
    let mut runs = all["runs"].as_array().cloned().unwrap_or_default();
    runs.retain(|run| run["state"] == "proposed");
    runs
}

/// Where a run is, or something below it.
pub fn of(run: &Value, rest: &str) -> String {
    format!("/api/v1/bulk-runs/{}{rest}", run["id"].as_str().unwrap())
}

/// Approves it.
#[track_caller]
pub fn approve(person: &Person, run: &Value) {
    person.post(&of(run, "/approval")).send().ok();
}

/// The run when it has come to its end.
#[track_caller]
pub fn done(person: &Person, run: &Value) -> Value {
    let now = || person.get(&of(run, "")).ok();
    eventually(&json!("done"), || now()["state"].clone());
    now()
}
