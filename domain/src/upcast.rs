//! Events of earlier versions, brought to today's form when they are read. The log itself is never rewritten.

use cqrs_es::persist::EventUpcaster;

/// Every upcaster in the order in which they apply. Version 1.0 is the first of every event, so there is none yet; the
/// corpus test reads every released version through this list.
pub fn upcasters() -> Vec<Box<dyn EventUpcaster>> {
    Vec::new()
}
