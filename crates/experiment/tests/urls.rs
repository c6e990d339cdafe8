//! URLs that cannot be right: both clients refuse each, with the reason, whichever option it was given for.
#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

use experiment::tracking::{AssignmentConfig, DeliveryOptions, ExposureConfig};
use experiment::{
    CohortSyncConfig, ConfigError, LocalEvaluationClient, LocalEvaluationConfig, ProxyConfig, RemoteEvaluationClient,
};

const NO_PORT: &str = "a port that is not a number from 1 to 65535";

/// URLs, each with the reason that the message has to contain. None of the messages may contain `hush`.
const URLS: [(&str, &str); 19] = [
    ("http://hush:808O", NO_PORT),
    ("https://hush:808O/sdk", NO_PORT),
    ("http://hush:65536", NO_PORT),
    ("http://hush:99999", NO_PORT),
    ("http://hush:0", NO_PORT),
    ("http://hush:-1", NO_PORT),
    ("http://hush:", NO_PORT),
    ("http://[::1]:x", NO_PORT),
    ("http://hush hush", "a space"),
    ("http://hush/a b", "a space"),
    ("http://hush\n.example", "a space or a control character"),
    ("http://", "no host"),
    ("https://:443", "no host"),
    ("http:///hush", "no host"),
    ("http://[::1", "a host that cannot be one"),
    ("http://hush..example", "a host that cannot be one"),
    ("http://${HUSH}", "a host that cannot be one"),
    ("http://256.0.0.1", "a host that cannot be one"),
    ("ftp://hush", "neither http nor https"),
];

fn refused<T>(built: Result<T, ConfigError>, option: &str, url: &str, reason: &str) {
    let Err(error) = built else { panic!("{option}: {url} was taken") };
    let text = error.to_string();
    assert!(text.contains(reason), "{option}: {url}: {text}");
    assert!(text.contains(option), "{option}: {url}: {text}");
    let shown = format!("{text} {error:?}");
    assert!(!shown.contains("hush"), "{option}: {url}: {shown}");
}

fn local(set: impl FnOnce(&mut LocalEvaluationConfig)) -> Result<LocalEvaluationClient, ConfigError> {
    let mut config = LocalEvaluationConfig::default();
    set(&mut config);
    LocalEvaluationClient::builder("server-key").config(config).build()
}

#[test]
fn every_url_that_cannot_be_right_is_refused_with_the_reason() {
    for (url, reason) in URLS {
        refused(RemoteEvaluationClient::builder("server-key").server_url(url).build(), "`serverUrl`", url, reason);
        let url = url.to_owned();
        refused(local(|config| config.server_url = url.clone()), "`serverUrl`", &url, reason);
        refused(local(|config| config.stream_server_url = url.clone()), "`streamServerUrl`", &url, reason);
        let cohorts = CohortSyncConfig::new("api", "secret").with_cohort_server_url(&url);
        refused(local(|config| config.cohort_sync_config = Some(cohorts)), "`cohortServerUrl`", &url, reason);
        let events = DeliveryOptions::default().with_server_url(&url);
        let exposures = ExposureConfig::new("api").with_delivery(events.clone());
        let exposed = local(|config| config.exposure_config = Some(exposures));
        refused(exposed, "`exposureConfig`: the URL for `serverUrl`", &url, reason);
        let assignments = AssignmentConfig::new("api").with_delivery(events);
        let assigned = local(|config| config.assignment_config = Some(assignments));
        refused(assigned, "`assignmentConfig`: the URL for `serverUrl`", &url, reason);
        let proxied = RemoteEvaluationClient::builder("server-key").proxy(ProxyConfig::Url(url.clone()));
        refused(proxied.build(), "the proxy's address", &url, reason);
        refused(local(|config| config.proxy = ProxyConfig::Url(url.clone())), "the proxy's address", &url, reason);
    }
}

#[test]
fn urls_that_can_be_right_are_taken() {
    for url in ["http://localhost:8000/", "https://my_host.example.:443/a%20b", "http://[::1]:1", "HTTPS://HOST", " "] {
        local(|config| {
            config.server_url = url.to_owned();
            config.stream_server_url = url.to_owned();
        })
        .unwrap();
    }
}
