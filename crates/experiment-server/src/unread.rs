//! What is said of bodies that cannot be read.

use evaluation_core::JsonError;

/// Why a text was not read as a JSON object of known members: what it is instead, or what is wrong with its members.
pub(crate) fn unread(text: &[u8], error: &serde_json::Error) -> String {
    let is_object =
        text.trim_ascii_start().starts_with(b"{") && serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok();
    if !is_object {
        return JsonError::unexpected("a JSON object", text).to_string();
    }
    // Members are named, and say more than a place.
    let message = error.to_string();
    message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    struct Known {
        #[allow(dead_code, reason = "only read")]
        variant: String,
    }

    #[test]
    fn what_came_or_which_member_is_wrong_is_said() {
        for (text, expected) in [
            ("", "not a JSON object, but an empty text"),
            ("\n", "not a JSON object, but an empty text"),
            ("<html>", "not a JSON object, but an HTML page"),
            ("[]", "not a JSON object, but an empty JSON list"),
            ("{\"variant\":\n", "not a JSON object: it ends too early, at line 2 column 1"),
            ("{\n}", "missing field `variant`"),
            ("{\"variant\": \n1}", "invalid type: integer `1`, expected a string"),
        ] {
            let error = serde_json::from_str::<Known>(text).unwrap_err();
            assert_eq!(unread(text.as_bytes(), &error), expected, "{text:?}");
        }
    }
}
