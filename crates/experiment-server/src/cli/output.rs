//! Standard output and standard error, whose reader may leave at any time, as `head` does.

use std::fmt;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

/// Standard output. What is written after the reader has left is dropped.
pub(super) struct Output<W: Write> {
    to: BufWriter<W>,
    open: bool,
}

/// The output could not be written although somebody reads it: the disk is full, for example.
#[derive(Debug, thiserror::Error)]
#[error("the output cannot be written")]
pub(super) struct OutputError(#[from] io::Error);

impl Output<io::StdoutLock<'static>> {
    pub(super) fn stdout() -> Self {
        Self::new(io::stdout().lock())
    }
}

impl<W: Write> Output<W> {
    fn new(to: W) -> Self {
        Self { to: BufWriter::new(to), open: true }
    }

    /// Writes a line.
    pub(super) fn line(&mut self, text: impl fmt::Display) -> Result<(), OutputError> {
        if self.open {
            let written = writeln!(self.to, "{text}");
            self.took(written)?;
        }
        Ok(())
    }

    /// Writes what is left. False if the reader has left.
    pub(super) fn finish(mut self) -> Result<bool, OutputError> {
        if self.open {
            let flushed = self.to.flush();
            self.took(flushed)?;
        }
        Ok(self.open)
    }

    fn took(&mut self, result: io::Result<()>) -> Result<(), OutputError> {
        match result {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => self.open = false,
            result => result?,
        }
        Ok(())
    }
}

/// Prints help, a version, or how the arguments are wrong, and returns the exit code.
pub(super) fn usage(text: &clap::Error) -> ExitCode {
    match text.print() {
        Err(error) if !text.use_stderr() && error.kind() != io::ErrorKind::BrokenPipe => {
            let reason = error.to_string();
            complain(format_args!("error: {}: {reason}", OutputError(error)));
            ExitCode::FAILURE
        }
        _ => u8::try_from(text.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from),
    }
}

/// Writes a line to standard error. What nobody reads there is lost.
pub(super) fn complain(text: impl fmt::Display) {
    let _ = writeln!(io::stderr(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Broken(io::ErrorKind);

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(self.0.into())
        }
    }

    #[test]
    fn a_reader_may_leave() {
        let long = "x".repeat(100_000);
        for text in ["short", &long] {
            let mut output = Output::new(Broken(io::ErrorKind::BrokenPipe));
            output.line(text).unwrap();
            output.line(text).unwrap();
            assert!(!output.finish().unwrap());
            let mut output = Output::new(Broken(io::ErrorKind::StorageFull));
            assert!(output.line(text).and_then(|()| output.finish()).is_err());
        }
        let mut written = Vec::new();
        let mut output = Output::new(&mut written);
        output.line("one").unwrap();
        assert!(output.finish().unwrap());
        assert_eq!(written, b"one\n");
    }
}
