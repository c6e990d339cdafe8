//! A byte order mark before JSON: the server skips one wherever it reads JSON, and no more than one.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

mod common;

use std::path::Path;

use common::{FLAGS, ask, base64, get, post};
use experiment_server::{DEFAULT_API_KEY, Server, check_cohorts, check_flags, explain};
use http::Method;
use serde_json::json;

const USER: &str = r#"{"user_id": "user-1"}"#;

/// What stands before a document, and whether the document is still read.
const CASES: [(&str, bool); 4] = [("", true), ("\u{feff}", true), ("\u{feff}\u{feff}", false), (" \u{feff}", false)];

#[tokio::test]
async fn before_what_requests_hold() {
    let server = Server::builder().flags_json(FLAGS).admin_listen(([127, 0, 0, 1], 0).into()).start().await.unwrap();
    let admin = format!("http://{}", server.admin_address().unwrap());
    let event = json!({"event_type": "e", "user_id": "user-1"});
    let upload = json!({"api_key": DEFAULT_API_KEY, "events": [event]}).to_string();
    let escaped = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    for (mark, is_read) in CASES {
        let user = format!("{mark}{USER}");
        let (header, keys) = (base64(&user), base64(&format!("{mark}[\"nav\"]")));
        let plain = base64(USER);
        let vardata = "/sdk/v2/vardata?v=0";
        let answers = [
            ("a user in a body", post(&server, vardata, &[], user.clone()).await),
            ("a user in a header", get(&server, vardata, &[("x-amp-exp-user", &header)]).await),
            (
                "flag keys in a header",
                get(&server, vardata, &[("x-amp-exp-user", &plain), ("x-amp-exp-flag-keys", &keys)]).await,
            ),
            ("a user in the body of the API", post(&server, "/v1/vardata", &[], user.clone()).await),
            (
                "a user in the query of the API",
                get(&server, &format!("/v1/vardata?context={}", escaped(&user)), &[]).await,
            ),
            ("an upload", post(&server, "/2/httpapi", &[], format!("{mark}{upload}")).await),
            ("a batch", post(&server, "/batch", &[], format!("{mark}{upload}")).await),
            (
                "an override",
                ask(&admin, Method::PUT, "/admin/flags/nav/override", &[], format!("{mark}{{\"variant\": \"on\"}}"))
                    .await,
            ),
            (
                "a question",
                ask(&admin, Method::POST, "/admin/explain", &[], format!("{mark}{{\"user\": {USER}}}")).await,
            ),
            (
                "a question by query",
                ask(&admin, Method::GET, &format!("/admin/explain?user={}", escaped(&user)), &[], "").await,
            ),
        ];
        for (what, answer) in answers {
            let expected = if is_read { 200 } else { 400 };
            assert_eq!(answer.status, expected, "{what} behind {mark:?}: {}", answer.text());
        }
    }
}

#[tokio::test]
async fn before_flags_and_users() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flags.json");
    let path: &Path = &path;
    for (mark, is_read) in CASES {
        let flags = format!("{mark}{FLAGS}");
        std::fs::write(path, &flags).unwrap();
        let (count, problems) = check_flags(path);
        assert_eq!((count == 3, problems.is_empty()), (is_read, is_read), "{mark:?}: {problems:?}");
        assert_eq!(explain(path, None, USER, None).is_ok(), is_read, "{mark:?}");
        let server = Server::builder().flags_json(flags.clone()).start().await;
        assert_eq!(server.is_ok(), is_read, "{mark:?}");
        if let Ok(server) = server {
            server.set_flags(&flags).unwrap();
            assert!(get(&server, "/sdk/v2/flags", &[]).await.body.starts_with(b"["), "{mark:?}");
        }

        std::fs::write(path, FLAGS).unwrap();
        assert_eq!(explain(path, None, &format!("{mark}{USER}"), None).is_ok(), is_read, "{mark:?}");

        let cohorts = tempfile::tempdir().unwrap();
        std::fs::write(cohorts.path().join("c1.json"), format!("{mark}{{\"memberIds\": []}}")).unwrap();
        assert_eq!(check_cohorts(cohorts.path()).1.is_empty(), is_read, "{mark:?}");
    }
}
