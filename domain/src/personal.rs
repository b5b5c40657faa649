//! Personal data, marked from the first event on (architecture, decision 13).

use serde::{Deserialize, Serialize};

/// A value that names or describes a person. It serializes as `{"$p": value}`, so that exactly these nodes of a
/// payload can be encrypted under a key of the member before the payload is hashed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
pub struct Personal<T> {
    /// The value itself.
    #[serde(rename = "$p")]
    pub value: T,
}

impl<T> Personal<T> {
    /// Marks a value as personal.
    pub fn new(value: T) -> Self {
        Self { value }
    }
}

/// Never prints the value: a debug line of an event must not carry it into a log.
impl<T> std::fmt::Debug for Personal<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Personal(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::Personal;

    #[test]
    fn a_personal_value_is_marked_in_json_and_hidden_in_debug_output() {
        let name = Personal::new("臨床 瘍子".to_owned());
        assert_eq!(
            serde_json::to_string(&name).unwrap(),
            r#"{"$p":"臨床 瘍子"}"#
        );
        assert_eq!(format!("{name:?}"), "Personal(…)");
    }
}
