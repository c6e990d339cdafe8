//! A client with a logger beside one without, in a process where nobody else wants logs: a program of its own, with one
//! test, since what `tracing` remembers of its lines is that of the whole process.
#![allow(clippy::unwrap_used, reason = "test code")]

use std::sync::{Arc, Mutex};

use experiment::logging::{LogLevel, LogRecord};
use experiment::{LocalEvaluationClient, User};

#[test]
fn a_client_without_a_logger_takes_nothing_from_one_that_has_one() {
    let build = || {
        let flags = r#"[{"key": "broken", "variants": 5}]"#;
        LocalEvaluationClient::builder("key").bootstrap_json(flags)
    };
    let lines = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&lines);
    let logger = move |record: &LogRecord<'_>| kept.lock().unwrap().push(record.message.clone());
    let loud = build().logger(Arc::new(logger)).log_level(LogLevel::Verbose);
    // It lives, and says nothing yet.
    let first = loud.clone().bootstrap_json("[]").build().unwrap();
    // Comes first to each line.
    let quiet = build().build().unwrap();
    let _ = quiet.evaluate(&User::with_user_id("u1"));
    assert!(lines.lock().unwrap().is_empty());
    let _ = first.evaluate(&User::with_user_id("u1"));
    let second = loud.build().unwrap();
    let _ = second.evaluate(&User::with_user_id("u1"));
    assert_eq!(*lines.lock().unwrap(), ["evaluated", "a flag cannot be used and is left out", "evaluated"]);
}
