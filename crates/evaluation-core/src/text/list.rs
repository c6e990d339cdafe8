//! Lists written as JSON text.

use crate::value::{Value, read_lenient};

/// The elements of a text that is, as a whole, strict JSON for an array and begins with `[`.
pub(crate) fn parse_list(text: &str) -> Option<Vec<Value>> {
    if !text.starts_with('[') {
        return None;
    }
    read_lenient(text.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_strict_array_is_a_list() {
        for text in ["[]", "[1,\"a\",null,[2]]", "[ 1 ]", "[1] "] {
            assert!(parse_list(text).is_some(), "{text}");
        }
        for text in ["", "a", " [1]", "[a,b]", "[1", "[1]x", "{\"a\":1}", "[1,]"] {
            assert!(parse_list(text).is_none(), "{text}");
        }
    }
}
