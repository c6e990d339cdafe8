//! Users as they are sent.

use evaluation_core::{JsonError, User, UserDiagnostic, skip_byte_order_mark};

/// Why there is no user.
#[derive(Debug)]
pub(crate) enum UserError {
    Json(JsonError),
    NoObject,
}

/// Reads a user, and what of it could not be read.
pub(crate) fn read(json: &[u8]) -> Result<(User, Vec<UserDiagnostic>), UserError> {
    let read = User::from_json(json).map_err(UserError::Json)?;
    let is_object = skip_byte_order_mark(json).trim_ascii_start().starts_with(b"{");
    if is_object { Ok(read) } else { Err(UserError::NoObject) }
}
