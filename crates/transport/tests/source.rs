//! The service as the source of flags that an updater asks, over a client that answers from memory.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "test code")]

mod common;

use std::time::Duration;

use common::{Canned, DEADLINE, response, service};
use transport::ServiceSource;
use transport::updater::{ErrorClass, FlagSource, Polled};

#[tokio::test]
async fn polls_give_flags_and_later_that_they_still_stand() {
    let client = Canned::new([response(200, &[("etag", "\"v1\"")], "[1]"), response(304, &[], "")]);
    let source = ServiceSource::new(service(client.clone()));
    let Polled::Flags { body, etag, .. } = source.poll(None).await.unwrap() else { panic!("there are flags") };
    assert_eq!((body.as_ref(), etag.as_deref()), (&b"[1]"[..], Some("\"v1\"")));
    assert_eq!(source.poll(etag).await.unwrap(), Polled::Unchanged);
    assert_eq!(client.requests()[1].headers()["if-none-match"], "\"v1\"");
}

#[tokio::test(start_paused = true)]
async fn polls_and_streams_that_nobody_answers_are_given_up() {
    let source = ServiceSource::new(service(Canned::new([]))).with_poll_timeout(DEADLINE / 2);
    #[cfg(feature = "streaming")]
    let source = source.with_stream_timeout(DEADLINE / 2);
    let start = tokio::time::Instant::now();
    assert_eq!(source.poll(None).await.unwrap_err().class, ErrorClass::Timeout);
    assert_eq!(start.elapsed(), DEADLINE / 2);
    #[cfg(feature = "streaming")]
    assert_eq!(source.stream().await.err().unwrap().class, ErrorClass::Timeout);
}

#[tokio::test]
async fn refusals_keep_their_class() {
    for (status, class) in
        [(401, ErrorClass::Unauthorized), (501, ErrorClass::Unsupported), (503, ErrorClass::Status(503))]
    {
        let refused = || response(status, &[("retry-after", "7")], "");
        let source = ServiceSource::new(service(Canned::new([refused(), refused()])));
        let error = source.poll(None).await.unwrap_err();
        assert_eq!(error.class, class);
        assert_eq!(error.retry_after, Some(Duration::from_secs(7)));
        #[cfg(feature = "streaming")]
        assert_eq!(source.stream().await.err().unwrap().class, class);
    }
}

#[cfg(feature = "streaming")]
#[tokio::test]
async fn streams_bring_flags_and_signs_of_life() {
    use futures_util::StreamExt;
    use transport::updater::StreamItem;

    let source = ServiceSource::new(service(Canned::new([response(200, &[], "data: [1]\n\ndata:  \n\n")])));
    let items: Vec<_> = source.stream().await.unwrap().map(Result::unwrap).collect().await;
    assert_eq!(items, [StreamItem::Flags("[1]".into()), StreamItem::Alive]);
}

#[cfg(not(feature = "streaming"))]
#[tokio::test]
async fn without_the_feature_streams_are_not_to_be_had() {
    let error = ServiceSource::new(service(Canned::new([]))).stream().await.err().unwrap();
    assert_eq!(error.class, ErrorClass::Unsupported);
}
