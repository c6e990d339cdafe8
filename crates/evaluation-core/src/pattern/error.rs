//! Why a pattern was refused.

use std::fmt;

/// Why [`Pattern::compile`](super::Pattern::compile) refused a pattern. Each message is one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PatternError {
    /// The text is not a regular expression this engine reads.
    #[error("invalid pattern: {reason}")]
    Invalid {
        /// What is wrong with it, in one line.
        reason: String,
    },
    /// The text may be well formed, but goes past a limit that keeps time and memory bounded.
    #[error("pattern too large: {limit}")]
    TooLarge {
        /// The limit it goes past, in one line.
        limit: String,
    },
}

impl PatternError {
    /// An [`PatternError::Invalid`]; of a reason of several lines, only the last is kept, since
    /// that is where the engines put the explanation.
    pub(super) fn invalid(reason: impl fmt::Display) -> Self {
        let reason = reason.to_string();
        let line = reason.lines().map(str::trim).rfind(|line| !line.is_empty());
        let line = line.unwrap_or("not understood");
        let line = line.strip_prefix("error: ").unwrap_or(line);
        // A quoted part of the pattern may hold line ends that `lines` does not split at.
        let shown = line.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c });
        let mut short: String = shown.take(MAX_REASON_CHARS).collect();
        if line.chars().nth(MAX_REASON_CHARS).is_some() {
            short.push('…');
        }
        Self::Invalid { reason: short }
    }

    /// A [`PatternError::TooLarge`].
    pub(super) fn too_large(limit: impl fmt::Display) -> Self {
        Self::TooLarge { limit: limit.to_string() }
    }
}

/// Messages may quote the pattern, which may be long.
const MAX_REASON_CHARS: usize = 160;

#[cfg(test)]
mod tests {
    use crate::pattern::Pattern;

    #[test]
    fn messages_hold_no_control_characters() {
        for pattern in ["\\k<\r>", "(?P=\r)", "(?=a)\\k<\r>"] {
            let message = Pattern::alone(pattern).unwrap_err().to_string();
            assert!(!message.contains(char::is_control), "{message:?}");
        }
    }
}
