//! What clients take from the environment: proxies and certificates. Each test runs a child process with variables of
//! its own.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "test code")]

mod common;

use std::fs;
use std::process::Command;
use std::sync::{Arc, Mutex};

use common::{keys, server};
use experiment::logging::{LogLevel, LogRecord};
use experiment::{ConfigError, RemoteEvaluationClient, User};
use experiment_server::DEFAULT_DEPLOYMENT_KEY;
use rcgen::{CertificateParams, KeyPair};

/// Where the child's client sends its requests.
const URL: &str = "EXPERIMENT_TEST_URL";

/// The variables that a test's own environment must not bring in.
const VARIABLES: [&str; 10] = [
    "ALL_PROXY",
    "all_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "NO_PROXY",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];

/// Runs the test of the name `child` with these variables, and returns what it printed.
fn run(child: &str, variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", child, "--nocapture"]);
    for variable in VARIABLES {
        command.env_remove(variable);
    }
    let output = command.envs(variables.iter().copied()).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{printed} {}", String::from_utf8_lossy(&output.stderr));
    printed
}

/// A client of the child, with the lines that it logs from warnings on.
fn client(url: &str) -> (Result<RemoteEvaluationClient, ConfigError>, Vec<String>) {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let logged = lines.clone();
    let logger = Arc::new(move |record: &LogRecord<'_>| logged.lock().unwrap().push(record.to_string()));
    let built = RemoteEvaluationClient::builder(DEFAULT_DEPLOYMENT_KEY)
        .server_url(url)
        .fetch_retries(0)
        .log_level(LogLevel::Warn)
        .logger(logger)
        .build();
    let lines = lines.lock().unwrap().clone();
    (built, lines)
}

/// Prints the lines that building a client logs, and the flags that it fetches over plain HTTP.
#[tokio::test]
async fn child() {
    let Ok(url) = std::env::var(URL) else { return };
    let (built, lines) = client(&url);
    for line in lines {
        println!("logged {line}");
    }
    match built {
        Ok(client) if url.starts_with("http:") => match client.fetch(&User::with_user_id("u")).await {
            Ok(variants) => println!("fetched {}", keys(&variants).join(",")),
            Err(error) => println!("failed {error}"),
        },
        Ok(_) => println!("built"),
        Err(error) => println!("refused {error}"),
    }
}

fn logged(printed: &str) -> Vec<&str> {
    printed.lines().filter_map(|line| Some(line.split_once("logged ")?.1)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_proxy_of_a_star_covers_addresses() {
    let server = server(&["a"]).await;
    let url = server.url();
    // Nothing listens at port 1.
    for (no_proxy, fetched) in [("*", true), ("example.com,*", true), ("127.0.0.0/8", true), ("example.com", false)] {
        let printed = run("child", &[(URL, &url), ("HTTP_PROXY", "http://127.0.0.1:1"), ("NO_PROXY", no_proxy)]);
        assert_eq!(printed.contains("fetched a"), fetched, "{no_proxy}: {printed}");
        assert_eq!(logged(&printed), Vec::<&str>::new(), "{no_proxy}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_warning_names_a_proxy_variable_that_cannot_be_read() {
    let server = server(&["a"]).await;
    let url = server.url();
    for (variable, value) in [
        ("HTTP_PROXY", "http://me:hush@127.0.0.1:808O"),
        ("http_proxy", "http://"),
        ("HTTPS_PROXY", "http://hush hush"),
        ("ALL_PROXY", "hush://hush"),
        ("NO_PROXY", "10.0.0.0/99"),
    ] {
        let printed = run("child", &[(URL, &url), (variable, value)]);
        let lines = logged(&printed);
        assert_eq!(lines.len(), 1, "{variable}: {printed}");
        assert!(lines[0].contains(variable) && !printed.contains("hush"), "{variable}: {printed}");
        assert!(printed.contains("fetched a"), "{variable}: {printed}");
    }
}

#[test]
fn a_named_certificate_file_that_cannot_be_read_is_warned_of_even_beside_others() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let pem = certificate.self_signed(&KeyPair::generate().unwrap()).unwrap().pem();
    fs::create_dir(at("good")).unwrap();
    fs::write(at("good/root.pem"), &pem).unwrap();
    fs::write(at("empty.pem"), "").unwrap();
    fs::write(at("notes.pem"), "no certificate").unwrap();
    fs::write(at("cut.pem"), pem.split_at(pem.len() / 2).0).unwrap();
    let child = |file: &str, dir: &str| {
        run("child", &[(URL, "https://localhost:1"), ("SSL_CERT_FILE", file), ("SSL_CERT_DIR", dir)])
    };
    for name in ["missing.pem", "empty.pem", "notes.pem", "cut.pem", "good"] {
        let printed = child(&at(name), &at("good"));
        let lines = logged(&printed);
        assert_eq!(lines.len(), 1, "{name}: {printed}");
        assert!(lines[0].contains("SSL_CERT_FILE") && lines[0].contains(&at(name)), "{name}: {printed}");
        assert!(printed.contains("built"), "{name}: {printed}");
    }
    let printed = child(&at("good/root.pem"), &at("missing"));
    let lines = logged(&printed);
    assert!(lines.len() == 1 && lines[0].contains("SSL_CERT_DIR"), "{printed}");
    assert_eq!(logged(&child(&at("good/root.pem"), &at("good"))), Vec::<&str>::new());
    // Without any other roots there is no client, and the error names a feature of this crate.
    let printed = child(&at("missing.pem"), "");
    let webpki = cfg!(feature = "rustls-webpki-roots");
    assert_eq!(printed.contains("refused"), !webpki, "{printed}");
    assert!(webpki || printed.contains("`rustls-webpki-roots` of the crate `experiment`"), "{printed}");
}
