//! Values as they stand on the wire. Amounts are decimal strings, times RFC 3339.

pub(crate) mod account;
pub(crate) mod call;
pub(crate) mod key;
pub(crate) mod limits;
pub(crate) mod model;
pub(crate) mod model_import;
pub(crate) mod model_table;
pub(crate) mod model_write;
pub(crate) mod person;
pub(crate) mod usage;
pub(crate) mod wallet;

use core::time::Duration;

use serde_json::value::RawValue;

/// JSON text that was kept as text; what is none is left out.
pub(crate) fn raw(json: Option<&str>) -> Option<Box<RawValue>> {
    RawValue::from_string(json?.to_owned()).ok()
}

/// Whole milliseconds.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
