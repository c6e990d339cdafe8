//! `println!` for programs whose reader may leave before the end, as `head` does: they end then, without a panic.
//!
//! It is no example. Programs of your own can use the `println!` of the standard library.

use std::fmt;
use std::io::{ErrorKind, Write};
use std::process::exit;

macro_rules! println {
    () => { $crate::output::line(format_args!("")) };
    ($($text:tt)*) => { $crate::output::line(format_args!($($text)*)) };
}

pub(crate) fn line(text: fmt::Arguments<'_>) {
    if let Err(error) = writeln!(std::io::stdout().lock(), "{text}") {
        if error.kind() == ErrorKind::BrokenPipe {
            exit(0);
        }
        let _ = writeln!(std::io::stderr(), "error: the output cannot be written: {error}");
        exit(1);
    }
}
