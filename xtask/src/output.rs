//! `println!` and its like for a program whose reader may leave before the end, as `head` does.
//!
//! The run ends then, without a message; where the output cannot be written, with an error. It unwinds instead of exiting, so that what it started ends too: servers, the
//! official engines, folders for a while.

use std::any::Any;
use std::fmt;
use std::io::{Error, ErrorKind, Write};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread::panicking;

macro_rules! print {
    ($($text:tt)*) => { $crate::output::write(format_args!($($text)*)) };
}

macro_rules! println {
    () => { $crate::output::write(format_args!("\n")) };
    ($($text:tt)*) => { $crate::output::write(format_args!("{}\n", format_args!($($text)*))) };
}

macro_rules! eprintln {
    ($($text:tt)*) => { $crate::output::complain(format_args!("{}\n", format_args!($($text)*))) };
}

/// Why a run ended before it was done.
pub(crate) enum Ended {
    /// Nobody reads the output any more.
    Closed,
    /// The output cannot be written although somebody reads it: the disk is full, for example.
    Unwritable(Error),
}

pub(crate) fn write(text: fmt::Arguments<'_>) {
    if let Err(error) = std::io::stdout().lock().write_fmt(text) {
        end(error);
    }
}

/// Writes to standard error. What nobody reads there is lost.
pub(crate) fn complain(text: fmt::Arguments<'_>) {
    let _ = std::io::stderr().lock().write_fmt(text);
}

/// Ends the run for an error of writing the output.
pub(crate) fn end(error: Error) {
    // What ends already must not unwind once more.
    if !panicking() {
        let ended = if error.kind() == ErrorKind::BrokenPipe { Ended::Closed } else { Ended::Unwritable(error) };
        resume_unwind(Box::new(ended));
    }
}

/// Runs something that prints. An error if its output could not be written to the end.
pub(crate) fn run<T>(run: impl FnOnce() -> T) -> Result<T, Ended> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|why: Box<dyn Any + Send>| {
        why.downcast::<Ended>().map_or_else(|why| resume_unwind(why), |ended| *ended)
    })
}
