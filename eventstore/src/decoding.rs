//! From a stored row to the event that today's code knows: upcasters first, then serde.

use cqrs_es::persist::{EventUpcaster, SerializedEvent};
use serde::de::DeserializeOwned;

use crate::error::Error;

/// The upcasters of an aggregate, oldest first. A function and not a list, because upcasters can not be cloned.
pub type Upcasters = fn() -> Vec<Box<dyn EventUpcaster>>;

/// Applies the upcasters in order and decodes the payload.
pub(crate) fn decode<E: DeserializeOwned>(
    event: SerializedEvent,
    upcasters: &[Box<dyn EventUpcaster>],
) -> Result<E, Error> {
    let event = upcasters.iter().fold(event, |event, upcaster| {
        if upcaster.can_upcast(&event.event_type, &event.event_version) {
            upcaster.upcast(event)
        } else {
            event
        }
    });
    serde_json::from_value(event.payload).map_err(|error| Error::Undecodable {
        aggregate_type: event.aggregate_type,
        sequence: i64::try_from(event.sequence).unwrap_or(i64::MAX),
        event_type: event.event_type,
        event_version: event.event_version,
        category: category(&error),
        column: error.column(),
    })
}

/// The kind of a decoder's failure. Its message is left out: it quotes the value.
pub(crate) fn category(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        serde_json::error::Category::Io => "io",
        serde_json::error::Category::Syntax => "syntax",
        serde_json::error::Category::Data => "data",
        serde_json::error::Category::Eof => "eof",
    }
}

#[cfg(test)]
mod tests {
    use cqrs_es::persist::SemanticVersionEventUpcaster;
    use serde_json::json;

    use super::*;

    fn event(version: &str, payload: serde_json::Value) -> SerializedEvent {
        SerializedEvent::new(
            "a".into(),
            7,
            "counter".into(),
            "Added".into(),
            version.into(),
            payload,
            json!({}),
        )
    }

    #[derive(serde::Deserialize, Debug)]
    struct Added {
        by: u32,
    }

    #[test]
    fn an_old_event_is_lifted_through_every_step() {
        let steps: Vec<Box<dyn EventUpcaster>> = vec![
            Box::new(SemanticVersionEventUpcaster::new(
                "Added",
                "2.0",
                Box::new(|payload| json!({"amount": payload["n"]})),
            )),
            Box::new(SemanticVersionEventUpcaster::new(
                "Added",
                "3.0",
                Box::new(|payload| json!({"by": payload["amount"]})),
            )),
        ];
        let added: Added = decode(event("1.0", json!({"n": 5})), &steps).unwrap();
        assert_eq!(added.by, 5);
    }

    #[test]
    fn a_failure_names_the_event_and_never_its_content() {
        let error = decode::<Added>(event("1.0", json!({"by": "秘密"})), &[]).unwrap_err();
        let told = format!("{error} {error:?}");
        assert!(told.contains("counter event 7 (Added 1.0)"), "{told}");
        assert!(!told.contains("秘密"), "{told}");
    }
}
