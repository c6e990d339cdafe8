//! Flags to begin with.

use std::collections::BTreeMap;

use evaluation_core::skip_byte_order_mark;
use serde_json::value::RawValue;

use super::FlagOrigin;
use super::snapshot::Snapshot;

/// Reads flags as the service delivers them, a list, or as the Node SDK takes them, an object by key.
pub(super) fn read(json: &[u8], origin: FlagOrigin) -> Result<Snapshot, Box<dyn std::error::Error + Send + Sync>> {
    let text = skip_byte_order_mark(json);
    if text.trim_ascii_start().first() != Some(&b'{') {
        return Ok(Snapshot::read(json, origin)?);
    }
    let by_key: BTreeMap<String, &RawValue> = serde_json::from_slice(text)?;
    if let Some((key, _)) = by_key.iter().find(|(_, flag)| !flag.get().starts_with('{')) {
        return Err(format!("`{key}` is no flag: expected flags by their keys").into());
    }
    let list: Vec<&str> = by_key.values().map(|flag| flag.get()).collect();
    Ok(Snapshot::read(format!("[{}]", list.join(",")).as_bytes(), origin)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_objects_are_read() {
        let flag = r#"{"key": "a", "variants": {}, "segments": []}"#;
        let by_key = format!("{{\"a\": {flag}}}");
        for json in [
            format!(" [{flag}]"),
            format!(" {by_key}"),
            format!("\u{feff}[{flag}]"),
            format!("\u{feff}{by_key}"),
            format!("\u{feff} {by_key}"),
        ] {
            assert!(read(json.as_bytes(), FlagOrigin::Bootstrap).unwrap().flags.contains("a"), "{json}");
        }
        for (json, said) in [
            ("\u{feff}\u{feff}[]", "expected value"),
            ("\u{feff}\u{feff}{}", "expected value"),
            (" \u{feff}{}", "expected value"),
            ("{\"a\": ", "EOF while parsing"),
            ("{\"error\": \"unauthorized\"}", "`error` is no flag"),
            ("7", "expected"),
        ] {
            let error = read(json.as_bytes(), FlagOrigin::Bootstrap).err().unwrap().to_string();
            assert!(error.contains(said), "{json}: {error}");
        }
    }
}
