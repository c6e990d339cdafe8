//! What can be asked of files without serving them.

use std::path::Path;

use evaluation_core::{Explanation, JsonError};

use crate::events::EventLog;
use crate::flags::{Invalid, Problem};
use crate::keys::Keys;
use crate::reload::Files;
use crate::requests::RequestLog;
use crate::source::{read_cohorts, read_flags};
use crate::state::State;
use crate::user;

/// Checks a file or folder of flags: how many flags it holds, and what is wrong. No flags are counted if some file
/// cannot be used.
#[must_use]
pub fn check_flags(path: &Path) -> (usize, Vec<Problem>) {
    match read_flags(path) {
        Ok((flags, warnings)) => (flags.len(), warnings),
        Err(invalid) => (0, invalid.problems),
    }
}

/// Checks a folder of cohorts, likewise.
#[must_use]
pub fn check_cohorts(path: &Path) -> (usize, Vec<Problem>) {
    match read_cohorts(path) {
        Ok((cohorts, warnings)) => (cohorts.len(), warnings),
        Err(invalid) => (0, invalid.problems),
    }
}

/// Explains which variant of one flag of a file, or of all of them, a user gets. Each explanation lists what of the user
/// could not be read.
///
/// # Errors
/// When the files cannot be used, the user is no JSON object, or there is no such flag.
pub fn explain(
    flags: &Path,
    cohorts: Option<&Path>,
    user: &str,
    flag: Option<&str>,
) -> Result<Vec<Explanation>, ExplainError> {
    let (user, unread) = user::read(user.as_bytes()).map_err(ExplainError::User)?;
    let state = State::new(Keys::default(), EventLog::new(0), RequestLog::new(0), std::time::Duration::from_secs(1))?;
    Files { flags: Some(flags.to_owned()), cohorts: cohorts.map(Path::to_owned) }.load_quietly(&state)?;
    let snapshot = state.snapshot();
    if let Some(key) = flag.filter(|key| !snapshot.flags.set.contains(key)) {
        return Err(ExplainError::NoFlag(key.to_owned()));
    }
    Ok(snapshot.explain(&user, &unread, flag))
}

/// Why nothing is explained.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExplainError {
    /// The files cannot be used.
    #[error("{0}")]
    Invalid(#[from] Invalid),
    /// The user is no JSON object. `source` says what it is.
    #[error("the user cannot be read")]
    User(#[source] JsonError),
    /// There is no such flag.
    #[error("there is no flag `{0}`")]
    NoFlag(String),
}
