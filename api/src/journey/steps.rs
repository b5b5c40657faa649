//! Steps: asked, looked at, printed, with a halt at the first surprise.

use std::{
    io::Write,
    time::{Duration, Instant},
};

use serde_json::Value;
use uuid::Uuid;

use super::{
    Surprise,
    client::{Answer, Person, Sent},
};

/// How long something that happens by itself (the forwarder) is waited for.
const BY_ITSELF: Duration = Duration::from_mins(1);
/// How often it is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// The journey so far.
pub(super) struct Steps<'a> {
    base: String,
    out: &'a mut dyn Write,
    count: usize,
    /// New for each run, so that no key was used before.
    run: Uuid,
    keys: usize,
}

/// A request.
pub(super) struct Ask<'a> {
    pub person: &'a Person,
    pub method: &'static str,
    pub path: String,
    pub sent: Sent,
    pub status: u16,
}

impl<'a> Steps<'a> {
    pub(super) fn new(base: &str, out: &'a mut dyn Write) -> Self {
        Self {
            base: base.to_owned(),
            out,
            count: 0,
            run: Uuid::new_v4(),
            keys: 0,
        }
    }

    /// Somebody with cookies of their own.
    pub(super) fn person(&self) -> Person {
        Person::new(&self.base)
    }

    /// How many were taken.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// A key for a new intention.
    pub(super) fn new_key(&mut self) -> String {
        self.keys += 1;
        format!("journey-{}-{}", self.run, self.keys)
    }

    /// One step: a request, the status it must have, and what must be in the answer.
    pub(super) fn take(
        &mut self,
        step: &'static str,
        ask: Ask<'_>,
        look: impl FnOnce(&Answer) -> Result<(), String>,
    ) -> Result<Answer, Surprise> {
        let key = self.new_key();
        self.take_with_key(step, &key, ask, look)
    }

    /// The same with a key of the script.
    pub(super) fn take_with_key(
        &mut self,
        step: &'static str,
        key: &str,
        ask: Ask<'_>,
        look: impl FnOnce(&Answer) -> Result<(), String>,
    ) -> Result<Answer, Surprise> {
        let began = Instant::now();
        let answer = self.ask(ask.person, ask.method, &ask.path, ask.sent, key)?;
        self.looked_at(step, began, ask.status, answer, look)
    }

    /// A step that waits until something has happened by itself.
    pub(super) fn wait(
        &mut self,
        step: &'static str,
        person: &Person,
        path: &str,
        look: impl Fn(&Answer) -> Result<(), String>,
    ) -> Result<Answer, Surprise> {
        let began = Instant::now();
        loop {
            let answer = self.ask(person, "GET", path, Sent::Nothing, "")?;
            let seen = answer.status == 200 && look(&answer).is_ok();
            if seen || began.elapsed() > BY_ITSELF {
                return self.looked_at(step, began, 200, answer, look);
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    fn ask(
        &self,
        person: &Person,
        method: &str,
        path: &str,
        sent: Sent,
        key: &str,
    ) -> Result<Answer, Surprise> {
        person
            .ask(method, path, sent, key)
            .map_err(|error| Surprise::Unreachable {
                url: self.base.clone(),
                reason: error.to_string(),
            })
    }

    fn looked_at(
        &mut self,
        step: &'static str,
        began: Instant,
        status: u16,
        answer: Answer,
        look: impl FnOnce(&Answer) -> Result<(), String>,
    ) -> Result<Answer, Surprise> {
        let milliseconds = began.elapsed().as_millis();
        self.count += 1;
        writeln!(
            self.out,
            "{:>3}  {}  {milliseconds:>5} ms  {step}",
            self.count, answer.status
        )?;
        let found = if answer.status == status {
            look(&answer)
        } else {
            Err(format!(
                "{status} のはずが {} でした。{}",
                answer.status,
                answer
                    .body
                    .get("detail")
                    .and_then(Value::as_str)
                    .unwrap_or("（説明なし）")
            ))
        };
        match found {
            Ok(()) => Ok(answer),
            Err(found) => Err(Surprise::Other { step, found }),
        }
    }
}

/// Nothing more is looked at.
#[expect(
    clippy::unnecessary_wraps,
    reason = "one of the ways to look at an answer"
)]
pub(super) fn anything(_: &Answer) -> Result<(), String> {
    Ok(())
}

impl Answer {
    /// What stands at a pointer.
    pub(super) fn at(&self, pointer: &str) -> &Value {
        self.body.pointer(pointer).unwrap_or(&Value::Null)
    }

    /// Whether that is what stands at a pointer.
    pub(super) fn is(&self, pointer: &str, expected: impl Into<Value>) -> Result<(), String> {
        let expected = expected.into();
        let found = self.at(pointer);
        if *found == expected {
            Ok(())
        } else {
            Err(format!("{pointer} は {expected} のはずが {found} でした"))
        }
    }

    /// Whether these texts stand under `name` in the list at a pointer, in this order and no others.
    pub(super) fn lists(&self, pointer: &str, name: &str, expected: &[&str]) -> Result<(), String> {
        let found: Vec<&str> = self
            .at(pointer)
            .as_array()
            .into_iter()
            .flatten()
            .map(|entry| entry.get(name).and_then(Value::as_str).unwrap_or_default())
            .collect();
        if found == expected {
            Ok(())
        } else {
            Err(format!(
                "{pointer} は {expected:?} のはずが {found:?} でした"
            ))
        }
    }
}
