//! Users as they are sent.

use evaluation_core::{JsonError, User, UserDiagnostic};

/// Why there is no user.
#[derive(Debug)]
pub(crate) enum UserError {
    Json(JsonError),
    NoObject,
}

/// Reads a user, and what of it could not be read.
pub(crate) fn read(json: &[u8]) -> Result<(User, Vec<UserDiagnostic>), UserError> {
    let read = User::from_json(json).map_err(UserError::Json)?;
    let start = json.strip_prefix("\u{feff}".as_bytes()).unwrap_or(json).trim_ascii_start();
    if start.starts_with(b"{") { Ok(read) } else { Err(UserError::NoObject) }
}
