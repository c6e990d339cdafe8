//! `println!` and its like for a program whose reader may leave before the end, as `head` does.
//!
//! The run ends then, without a message. It unwinds instead of exiting, so that what it started ends too: servers, the
//! official engines, folders for a while.

use std::any::Any;
use std::fmt;
use std::io::{ErrorKind, Write};
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

/// Nobody reads the output any more.
struct Closed;

pub(crate) fn write(text: fmt::Arguments<'_>) {
    match std::io::stdout().lock().write_fmt(text) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => closed(),
        Err(error) => panic!("the output cannot be written: {error}"),
        Ok(()) => {}
    }
}

/// Where nobody reads it, there is nobody to tell.
pub(crate) fn complain(text: fmt::Arguments<'_>) {
    let _ = std::io::stderr().lock().write_fmt(text);
}

/// Ends the run.
pub(crate) fn closed() {
    // What ends already must not unwind once more.
    if !panicking() {
        resume_unwind(Box::new(Closed));
    }
}

/// Runs something that prints. None if its reader left before the end.
pub(crate) fn read_to_the_end<T>(run: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(run))
        .map(Some)
        .unwrap_or_else(|why: Box<dyn Any + Send>| if why.is::<Closed>() { None } else { resume_unwind(why) })
}
