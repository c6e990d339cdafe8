//! Zones as files hold them, a name: for `#[serde(with = …)]`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::read;
use crate::zone::ServerZone;

/// Says that a zone has a name that nobody knows. To be called once for each client.
pub fn tell(zone: ServerZone) {
    if zone == ServerZone::Unrecognized {
        tracing::warn!(target: "experiment::transport", "`serverZone` is neither `us` nor `eu`, and counts as `us`");
    }
}

/// Writes a zone.
///
/// # Errors
/// Only those of what it is written to.
pub fn serialize<S: Serializer>(zone: &ServerZone, serializer: S) -> Result<S::Ok, S::Error> {
    zone.name().serialize(serializer)
}

/// Reads a zone, as [`ServerZone::from_name`] does.
///
/// # Errors
/// When it is no text.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ServerZone, D::Error> {
    let name: String = text(Value::deserialize(deserializer)?)?;
    Ok(ServerZone::from_name(&name))
}

/// Zones that may be left to others: no text, and an empty one, is none.
pub mod optional {
    use super::{Deserialize, Deserializer, Serialize, Serializer, ServerZone, Value, text};

    /// Writes a zone.
    ///
    /// # Errors
    /// Only those of what it is written to.
    pub fn serialize<S: Serializer>(zone: &Option<ServerZone>, serializer: S) -> Result<S::Ok, S::Error> {
        zone.map(ServerZone::name).serialize(serializer)
    }

    /// Reads a zone.
    ///
    /// # Errors
    /// When it is there and no text.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<ServerZone>, D::Error> {
        let name: Option<String> = text(Value::deserialize(deserializer)?)?;
        Ok(name.filter(|name| !name.is_empty()).map(|name| ServerZone::from_name(&name)))
    }
}

fn text<T: serde::de::DeserializeOwned, E: serde::de::Error>(given: Value) -> Result<T, E> {
    read("serverZone", given).map_err(E::custom)
}
