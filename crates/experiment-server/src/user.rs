//! Users as they are sent.

use evaluation_core::{JsonError, User, UserDiagnostic, skip_byte_order_mark};

/// Reads a user, and what of it could not be read. Only an object is a user.
pub(crate) fn read(json: &[u8]) -> Result<(User, Vec<UserDiagnostic>), JsonError> {
    let read = User::from_json(json)?;
    let text = skip_byte_order_mark(json);
    let is_object = text.trim_ascii_start().starts_with(b"{");
    if is_object { Ok(read) } else { Err(JsonError::unexpected("a JSON object", text)) }
}
