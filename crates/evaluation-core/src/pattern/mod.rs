//! Regular expressions of the conditions `regex match` and `regex does not match`.
//!
//! A pattern is looked for anywhere in the subject. Most patterns are served by an engine that
//! takes time linear in the subject; those with look-around, back-references, atomic groups or
//! possessive quantifiers go to one that backtracks, within a bound.
//!
//! The dialect is what most engines agree on: `\d`, `\w`, `\s` and `\b` are ASCII, `.` is any code
//! point but `\n`, `$` is the very end, and brackets know no set operators.

mod budget;
mod class;
mod cursor;
mod error;
mod escape;
mod search;
mod translate;

#[cfg(test)]
mod tests;

pub(crate) use budget::Budget;
pub(crate) use error::PatternError;
pub(crate) use search::Search;

use translate::{Translation, flatten, translate};

/// The longest pattern that is read, in bytes.
const MAX_PATTERN_BYTES: usize = 128 * 1024;
/// The longest pattern that is given to the backtracking engine, in bytes.
const MAX_BACKTRACKING_PATTERN_BYTES: usize = 16 * 1024;
/// The longest subject that is given to the backtracking engine, in bytes. Each of its steps may
/// read the whole subject, so that a bound on steps alone would not bound the time.
const MAX_BACKTRACKING_SUBJECT_BYTES: usize = 16 * 1024;
/// How often the backtracking engine may go back before it gives up.
const MAX_BACKTRACKS: usize = 200_000;

/// The largest compiled program, in bytes.
const MAX_PROGRAM_BYTES: usize = 4 * 1024 * 1024;
/// What all linear parts of a pattern for the backtracking engine may take together, in bytes.
const MAX_PARTS_BYTES: usize = 64 * 1024 * 1024;
/// What such a part takes at least, in bytes.
const LEAST_PART_BYTES: usize = 4 * 1024;
/// What a program takes at least for each byte of its pattern, in bytes. A list of many literals
/// has no program that a limit on its size would meet.
const LEAST_BYTES_PER_BYTE: usize = 8;
/// What all patterns of a set may take together, in bytes.
const MAX_SET_BYTES: usize = 512 * 1024 * 1024;
/// The largest cache of the linear-time engine per pattern and thread, in bytes.
const MAX_CACHE_BYTES: usize = 1024 * 1024;
/// The largest program of the backtracking engine, in instructions.
const MAX_PROGRAM_STEPS: usize = 50_000;
/// The linear-time engine counts alternatives, repetitions and classes as nesting too.
const MAX_ENGINE_NESTING: u32 = 4 * translate::MAX_NESTING as u32 + 10;

/// A compiled pattern, as conditions `regex match` and `regex does not match` use it. Clones
/// share the compiled program.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    engine: Engine,
}

/// What serves a pattern.
#[derive(Debug, Clone)]
enum Engine {
    Linear(regex::Regex),
    Backtracking(fancy_regex::Regex),
}

impl Pattern {
    /// Compiles `text`, within what is left for the set.
    ///
    /// # Errors
    ///
    /// [`PatternError::Invalid`] when `text` is not a pattern, and [`PatternError::TooLarge`] when
    /// it goes past a limit on length, nesting, repetition or the size of the program, or past
    /// what is left.
    pub(crate) fn compile(text: &str, budget: &mut Budget) -> Result<Self, PatternError> {
        check_length(text, MAX_PATTERN_BYTES)?;
        let Translation { text: translated, needs_backtracking } = translate(text)?;
        let engine = if needs_backtracking {
            check_length(text, MAX_BACKTRACKING_PATTERN_BYTES)?;
            let parts = flatten(text)?;
            budget.build(least_of_parts(&parts), MAX_PARTS_BYTES, |size| linear(&parts, size))?;
            Engine::Backtracking(backtracking(&translated)?)
        } else {
            let least = translated.len().saturating_mul(LEAST_BYTES_PER_BYTE);
            Engine::Linear(budget.build(least, MAX_PROGRAM_BYTES, |size| linear(&translated, size))?)
        };
        Ok(Self { engine })
    }
}

#[cfg(test)]
impl Pattern {
    /// Compiles `text` as the only pattern of a set.
    fn alone(text: &str) -> Result<Self, PatternError> {
        Self::compile(text, &mut Budget::default())
    }

    /// Whether one search finds the pattern.
    fn is_found_in(&self, subject: &str) -> bool {
        Search::default().finds(self, subject)
    }

    /// Whether the linear-time engine serves the pattern.
    fn is_linear(&self) -> bool {
        matches!(self.engine, Engine::Linear(_))
    }
}

fn check_length(text: &str, limit: usize) -> Result<(), PatternError> {
    if text.len() > limit {
        return Err(PatternError::too_large(format_args!("more than {limit} bytes")));
    }
    Ok(())
}

/// What the parts take at least that the backtracking engine gives to linear ones: classes, and the
/// beginnings and ends of alternatives and groups.
fn least_of_parts(parts: &str) -> usize {
    let count = |byte| match byte {
        b'[' => 1,
        b'(' | b'|' => 2,
        _ => 0,
    };
    LEAST_PART_BYTES * (2 + parts.bytes().map(count).sum::<usize>())
}

/// Compiles a translated pattern for the linear-time engine.
fn linear(text: &str, size: usize) -> Result<regex::Regex, PatternError> {
    regex::RegexBuilder::new(text)
        .size_limit(size)
        .dfa_size_limit(MAX_CACHE_BYTES)
        .nest_limit(MAX_ENGINE_NESTING)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(limit) => too_big(limit),
            other => PatternError::invalid(other),
        })
}

/// Compiles a translated pattern for the backtracking engine.
fn backtracking(text: &str) -> Result<fancy_regex::Regex, PatternError> {
    use fancy_regex::{CompileError, Error, ParseError};
    fancy_regex::RegexBuilder::new(text)
        .backtrack_limit(MAX_BACKTRACKS)
        .delegate_size_limit(MAX_PROGRAM_BYTES)
        .delegate_dfa_size_limit(MAX_CACHE_BYTES)
        .max_prog_size(MAX_PROGRAM_STEPS)
        .build()
        .map_err(|error| match error {
            Error::ParseError(_, ParseError::RecursionExceeded) => {
                PatternError::too_large("groups nested too deep for the backtracking engine")
            }
            Error::ParseError(_, error) => PatternError::invalid(error),
            Error::CompileError(error) => match *error {
                CompileError::PatternTooComplex => {
                    PatternError::too_large(format_args!("a program of more than {MAX_PROGRAM_STEPS} steps"))
                }
                CompileError::InnerError(error) => match (error.size_limit(), error.syntax_error()) {
                    (Some(limit), _) => too_big(limit),
                    (None, Some(error)) => PatternError::invalid(error),
                    (None, None) => PatternError::invalid(error),
                },
                error => PatternError::invalid(error),
            },
            other => PatternError::invalid(other),
        })
}

fn too_big(limit: usize) -> PatternError {
    PatternError::too_large(format_args!("a program of more than {limit} bytes"))
}
