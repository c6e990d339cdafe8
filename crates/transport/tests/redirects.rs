//! Redirects: one rule for polls, fetches and streams. That of uploads and cohorts is the same code; crates/experiment
//! tests it over real sockets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "test code")]

mod common;

use common::{Canned, DEADLINE, KEY, response};
use evaluation_core::User;
use http::{Method, Response};
use transport::{
    BodyStream, DeploymentKey, RedirectProblem, ServerZone, Service, TransportError, Urls, VariantsOptions,
};

const STATUSES: [u16; 5] = [301, 302, 303, 307, 308];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    Poll,
    Fetch,
    /// A fetch of a user that is too large for a header, by POST.
    LargeFetch,
    #[cfg(feature = "streaming")]
    Stream,
}

const CALLS: &[Call] = &[
    Call::Poll,
    Call::Fetch,
    Call::LargeFetch,
    #[cfg(feature = "streaming")]
    Call::Stream,
];

/// A request that was sent: its URL, whether it had the key, and its method.
type Sent = (String, bool, Method);

/// Makes a call to `https://host` that gets these responses in turn.
async fn call(call: Call, responses: Vec<Response<BodyStream>>) -> (Result<(), TransportError>, Vec<Sent>) {
    let client = Canned::new(responses);
    let url = "https://host/base";
    let urls = Urls::builder(ServerZone::Us).stream(url).flags(url).variants(url).build().unwrap();
    let service = Service::builder(client.clone(), DeploymentKey::new(KEY).unwrap()).urls(urls).build();
    let user = |name: &str| User::builder().user_id("secret-user").user_property("name", name).build();
    let options = VariantsOptions::default();
    let result = match call {
        Call::Poll => service.flags(None, DEADLINE).await.map(drop),
        Call::Fetch => service.variants(&user("x"), &options, DEADLINE).await.map(drop),
        Call::LargeFetch => service.variants(&user(&"x".repeat(9000)), &options, DEADLINE).await.map(drop),
        #[cfg(feature = "streaming")]
        Call::Stream => service.flag_stream(DEADLINE).await.map(drop),
    };
    let sent = client.requests().into_iter();
    let sent = sent.map(|it| (it.uri().to_string(), it.headers().contains_key("authorization"), it.method().clone()));
    (result, sent.collect())
}

/// Makes a call that is redirected to these places in turn, with statuses that keep the method.
async fn redirected(to: Call, locations: &[&str]) -> (Result<(), TransportError>, Vec<Sent>) {
    let redirects = locations.iter().enumerate().map(|(index, location)| {
        let status = if to == Call::LargeFetch { [307, 308][index % 2] } else { STATUSES[index % 5] };
        response(status, &[("location", location)], "")
    });
    call(to, redirects.chain([response(200, &[], "{}")]).collect()).await
}

fn problem(result: Result<(), TransportError>) -> RedirectProblem {
    match result.unwrap_err() {
        TransportError::Redirect { problem, .. } => problem,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn within_the_origin_the_request_is_repeated_as_it_is() {
    for of in CALLS {
        let (result, sent) = redirected(*of, &["/a", "b", "https://HOST:443/c"]).await;
        assert!(result.is_ok(), "{of:?}: {result:?}");
        assert!(sent.iter().all(|(_, key, method)| *key && method == sent[0].2), "{of:?}: {sent:?}");
        assert_eq!(sent[1].0, "https://host/a", "{of:?}");
        assert_eq!(sent[2].0, "https://host/b", "{of:?}");
        assert_eq!(sent.len(), 4, "{of:?}");
    }
}

#[tokio::test]
async fn another_origin_gets_no_key_and_no_user() {
    for of in CALLS {
        for location in ["https://other/a", "https://host:444/a", "//other", "https://host.other/a"] {
            let (result, sent) = redirected(*of, &[location]).await;
            match of {
                Call::Fetch | Call::LargeFetch => {
                    assert!(matches!(problem(result), RedirectProblem::OtherOrigin { .. }), "{of:?}");
                    assert_eq!(sent.len(), 1, "{of:?}: {sent:?}");
                }
                _ => {
                    assert!(result.is_ok(), "{of:?}: {result:?}");
                    assert_eq!((sent.len(), sent[1].1), (2, false), "{of:?}: {sent:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn the_key_comes_back_with_the_origin() {
    let (result, sent) = redirected(Call::Poll, &["/a", "https://other/b", "c", "https://host:443/d"]).await;
    assert!(result.is_ok(), "{result:?}");
    let expected = [
        ("https://host/base/sdk/v2/flags?v=0", true),
        ("https://host/a", true),
        ("https://other/b", false),
        ("https://other/c", false),
        ("https://host:443/d", true),
    ];
    assert_eq!(sent, expected.map(|(url, key)| (url.to_owned(), key, Method::GET)));
}

#[tokio::test]
async fn a_refusal_by_another_origin_is_not_taken_for_one_of_the_key() {
    for status in [401, 403] {
        let responses =
            vec![response(307, &[("location", "https://login.other/a?token=hush")], ""), response(status, &[], "")];
        let error = call(Call::Poll, responses).await.0.unwrap_err();
        assert!(!error.is_auth() && error.is_retryable(), "{error:?}");
        let text = error.to_string();
        assert!(text.contains("login.other") && !text.contains("hush"), "{text}");
    }
}

#[tokio::test]
async fn redirects_that_lead_astray_are_not_followed() {
    for of in CALLS {
        for (locations, expected) in [
            (vec!["/a"; 6], RedirectProblem::TooMany),
            (vec!["http://host/a"], RedirectProblem::Unsafe),
            (vec![""], RedirectProblem::NoLocation),
            (vec!["ftp://host/"], RedirectProblem::Unreadable),
            (vec!["javascript:x"], RedirectProblem::Unreadable),
            (vec!["https://host:808O/"], RedirectProblem::Unreadable),
        ] {
            let (result, sent) = redirected(*of, &locations).await;
            assert_eq!(problem(result), expected, "{of:?}");
            assert_eq!(sent.len(), locations.len(), "{of:?}");
        }
    }
}

#[tokio::test]
async fn a_post_is_never_turned_into_a_get() {
    for status in [301, 302, 303] {
        let (result, sent) = call(Call::LargeFetch, vec![response(status, &[("location", "/a")], "")]).await;
        assert_eq!((problem(result), sent.len()), (RedirectProblem::Method, 1), "{status}");
    }
}
