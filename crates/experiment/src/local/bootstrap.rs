//! Flags to begin with.

use std::collections::BTreeMap;

use evaluation_core::JsonError;
use serde_json::value::RawValue;

use super::FlagOrigin;
use super::snapshot::Snapshot;

/// Reads flags as the service delivers them, a list, or as the Node SDK takes them, an object by key.
pub(super) fn read(json: &[u8], origin: FlagOrigin) -> Result<Snapshot, JsonError> {
    let by_key: Result<BTreeMap<String, &RawValue>, _> = serde_json::from_slice(json);
    match by_key {
        Ok(flags) => {
            let list: Vec<&str> = flags.values().map(|flag| flag.get()).collect();
            Snapshot::read(format!("[{}]", list.join(",")).as_bytes(), origin)
        }
        Err(_) => Snapshot::read(json, origin),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_objects_are_read() {
        let flag = r#"{"key": "a", "variants": {}, "segments": []}"#;
        for json in [format!("[{flag}]"), format!("{{\"a\": {flag}}}")] {
            assert!(read(json.as_bytes(), FlagOrigin::Bootstrap).unwrap().flags.contains("a"), "{json}");
        }
        assert!(read(b"{\"a\": ", FlagOrigin::Bootstrap).is_err());
        assert!(read(b"7", FlagOrigin::Bootstrap).is_err());
    }
}
