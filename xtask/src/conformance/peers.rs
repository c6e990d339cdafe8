//! An official engine as a subprocess that speaks the driver protocol, never waited for longer than
//! a fixed time.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

/// How long one reply may take. Replies to a batch come one after another, each with its own time.
const PATIENCE: Duration = Duration::from_secs(30);

/// The longest reply line that is read.
const LONGEST_REPLY: u64 = 16 << 20;

/// A running peer.
#[derive(Debug)]
pub(crate) struct Peer {
    /// `node` or `python`.
    pub(crate) name: &'static str,
    /// Versions of the package and the runtime, in the peer's own words.
    pub(crate) about: String,
    child: Child,
    lines: Sender<String>,
    replies: Receiver<String>,
    patience: Duration,
}

impl Peer {
    /// Starts a peer and asks for its versions.
    pub(crate) fn start(name: &'static str, mut command: Command) -> Result<Self, String> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{name} does not start: {error}"))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(format!("{name} has no pipes"));
        };
        // Both ends have a thread of their own: a full pipe on one side must not hold up the other,
        // nor the timeout.
        let (lines, to_write) = channel();
        let (to_read, replies) = channel();
        thread::spawn(move || write_lines(input, &to_write));
        thread::spawn(move || read_lines(output, &to_read));
        let mut peer = Self { name, about: String::new(), child, lines, replies, patience: PATIENCE };
        let reply: serde_json::Value =
            serde_json::from_str(&peer.ask("{\"id\":0,\"about\":true}")?).map_err(|error| error.to_string())?;
        peer.about = reply.get("result").and_then(|about| about.as_str()).unwrap_or("version unknown").to_owned();
        Ok(peer)
    }

    /// Sends lines without waiting. Every one must be followed by a [`Peer::receive`].
    pub(crate) fn send(&self, lines: String) -> Result<(), String> {
        self.lines.send(lines).map_err(|_| format!("{} has stopped", self.name))
    }

    /// The next reply line.
    pub(crate) fn receive(&mut self) -> Result<String, String> {
        self.replies.recv_timeout(self.patience).map_err(|_| {
            let state = match self.child.try_wait() {
                Ok(Some(status)) => format!("ended with {status}"),
                _ => format!("gave no reply within {} s and was stopped", self.patience.as_secs()),
            };
            // Its replies could no longer be told apart: it is of no more use. A failure means that
            // it has ended already.
            let _ = self.child.kill();
            format!("{} {state}", self.name)
        })
    }

    /// Sends one line and waits for its reply.
    pub(crate) fn ask(&mut self, line: &str) -> Result<String, String> {
        self.send(format!("{line}\n"))?;
        self.receive()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // Both fail only when the child has ended, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn write_lines(mut input: ChildStdin, lines: &Receiver<String>) {
    for line in lines {
        if input.write_all(line.as_bytes()).and_then(|()| input.flush()).is_err() {
            return;
        }
    }
}

fn read_lines(output: ChildStdout, replies: &Sender<String>) {
    let mut output = BufReader::new(output);
    loop {
        let mut line = String::new();
        match output.by_ref().take(LONGEST_REPLY).read_line(&mut line) {
            Ok(read) if read > 0 && line.ends_with('\n') => {}
            _ => return,
        }
        if replies.send(line).is_err() {
            return;
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn replies_come_in_order_however_many_wait() {
        let mut echo = Peer::start("echo", Command::new("cat")).unwrap();
        let lines: Vec<String> = (0..50_000).map(|at| format!("line {at}\n")).collect();
        echo.send(lines.concat()).unwrap();
        for line in &lines {
            assert_eq!(&echo.receive().unwrap(), line);
        }
    }

    #[test]
    fn a_silent_peer_is_given_up() {
        let mut echo = Peer::start("echo", Command::new("cat")).unwrap();
        echo.patience = Duration::from_millis(50);
        let start = Instant::now();
        assert!(echo.receive().unwrap_err().contains("no reply"));
        assert!(echo.ask("anything").is_err());
        assert!(start.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn a_peer_that_ends_or_is_not_there_is_an_error() {
        assert!(Peer::start("true", Command::new("true")).is_err());
        let missing = Peer::start("none", Command::new("./no-such-program")).unwrap_err();
        assert!(missing.contains("does not start"), "{missing}");
    }
}
