//! Lists whose entries stand in JSON as an object, by their names and in their own order.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

/// The name under which a list's entry stands in JSON.
pub(crate) trait Named {
    fn name(&self) -> &str;
}

/// For `serialize_with`.
pub(crate) fn by_name<T: Named + Serialize, S: Serializer>(entries: &[T], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(entries.len()))?;
    for entry in entries {
        map.serialize_entry(entry.name(), entry)?;
    }
    map.end()
}
