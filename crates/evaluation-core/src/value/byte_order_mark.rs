//! The byte order mark that some editors and shells write at the beginning of a file.

/// The text without a UTF-8 byte order mark at its beginning, if it has one.
///
/// Every reader of a JSON document in these crates skips one mark, as RFC 8259 allows. A second mark is not skipped, and
/// then the document is not JSON. Call this before you give bytes from outside to a JSON reader of your own:
///
/// ```
/// use evaluation_core::{User, skip_byte_order_mark};
///
/// let file = "\u{feff}{\"user_id\": \"user-1\"}".as_bytes();
/// let user: User = serde_json::from_slice(skip_byte_order_mark(file))?;
/// assert_eq!(user.user_id(), Some("user-1"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[must_use]
pub fn skip_byte_order_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}
