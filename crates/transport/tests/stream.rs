//! The stream of flags, over a client that answers from memory.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "test code")]
#![cfg(feature = "streaming")]

mod common;

use std::time::Instant;

use bytes::Bytes;
use common::{Canned, DEADLINE, response, service, within};
use futures_util::{FutureExt, StreamExt, stream};
use transport::updater::StreamItem;
use transport::{BodyStream, EventStream, HttpError, LIBRARY, TransportError};

const LIMIT: usize = 64 << 20;

/// What comes of a body in these chunks, with flags as text and keep-alives as `None`.
async fn events(chunks: &[&'static str]) -> Vec<Option<String>> {
    let body = BodyStream::new(stream::iter(chunks.to_vec()).map(|chunk| Ok(Bytes::from(chunk))));
    let items = EventStream::new(body, LIMIT).map(|item| match item.unwrap() {
        StreamItem::Flags(body) => Some(String::from_utf8(body.to_vec()).unwrap()),
        _ => None,
    });
    items.collect().await
}

fn flags(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[tokio::test]
async fn every_event_with_data_is_a_set_of_flags() {
    let text = "data: [1]\n\nevent: odd\nid: 7\nretry: 1\ndata:[2]\n\ndata: [\ndata: 3]\r\n\r\n";
    assert_eq!(events(&[text]).await, [flags("[1]"), flags("[2]"), flags("[\n3]")]);
}

#[tokio::test]
async fn a_space_and_nothing_are_keep_alives() {
    assert_eq!(events(&["data:  \n\n"]).await, [None]);
    assert_eq!(events(&["data:\n\n"]).await, [None]);
    assert_eq!(events(&["data\n\n"]).await, [None]);
}

#[tokio::test]
async fn whatever_comes_is_a_sign_of_life() {
    let (send, mut receive) = tokio::sync::mpsc::unbounded_channel();
    let body = BodyStream::new(stream::poll_fn(move |cx| receive.poll_recv(cx)));
    let mut events = EventStream::new(body, LIMIT);
    for (chunk, item) in [
        (":", StreamItem::Alive),
        (" comment\n", StreamItem::Alive),
        ("da", StreamItem::Alive),
        ("ta: [1", StreamItem::Alive),
        ("]\n", StreamItem::Alive),
        ("\n", StreamItem::Flags("[1]".into())),
        ("\n", StreamItem::Alive),
        ("event: x\n\n", StreamItem::Alive),
        ("data: [2]\n\ndata: [3", StreamItem::Flags("[2]".into())),
    ] {
        send.send(Ok(Bytes::from(chunk))).unwrap();
        assert_eq!(within(events.next()).await.unwrap().unwrap(), item, "{chunk:?}");
        // Nothing more comes of it, and nothing is told when nothing comes.
        assert!(events.next().now_or_never().is_none(), "{chunk:?}");
    }
    drop(send);
    assert!(within(events.next()).await.is_none());
}

#[tokio::test]
async fn what_has_no_end_is_no_event() {
    assert_eq!(events(&["data: [1]\n\ndata: [2]\n"]).await, [flags("[1]")]);
}

#[tokio::test]
async fn a_byte_order_mark_at_the_beginning_does_no_harm() {
    assert_eq!(events(&["\u{feff}data: [1]\n\n\u{feff}data: [2]\n\n"]).await, [flags("[1]")]);
}

#[tokio::test]
async fn a_line_of_many_megabytes_takes_time_in_proportion() {
    async fn time(megabytes: usize) -> f64 {
        let body = format!("data: [{}]\n\n", "7".repeat((megabytes << 20) - 2));
        let chunks: Vec<_> = body.as_bytes().chunks(4096).map(Bytes::copy_from_slice).map(Ok).collect();
        let start = Instant::now();
        let mut events = EventStream::new(BodyStream::new(stream::iter(chunks)), LIMIT);
        let mut largest = 0;
        while let Some(item) = events.next().await {
            if let StreamItem::Flags(body) = item.unwrap() {
                largest = body.len();
            }
        }
        assert_eq!(largest, megabytes << 20);
        start.elapsed().as_secs_f64()
    }
    // Sixteen times the size would take 256 times as long if every chunk were looked through again with the next. The
    // fastest of a few: other programs run beside this one.
    let mut ratio = f64::INFINITY;
    for _ in 0..5 {
        ratio = ratio.min(time(16).await / time(1).await);
        if ratio < 64.0 {
            return;
        }
    }
    panic!("{ratio} times as long for 16 times the size");
}

#[tokio::test]
async fn an_event_over_the_limit_is_an_error_after_those_before_it() {
    for chunks in [vec!["data: [1]\n\ndata: [23456]\n\n"], vec!["data: [1]\n\n", "data: [2", "3456]\n\n"]] {
        let chunks: Vec<_> = chunks.into_iter().map(|chunk| Ok(Bytes::from(chunk))).collect();
        let events = EventStream::new(BodyStream::new(stream::iter(chunks)), 12);
        let items: Vec<_> =
            events.filter(|item| std::future::ready(!matches!(item, Ok(StreamItem::Alive)))).collect().await;
        assert!(matches!(&items[0], Ok(StreamItem::Flags(body)) if *body == "[1]"), "{items:?}");
        assert!(matches!(&items[1..], [Err(TransportError::TooLarge { limit: 12, .. })]), "{items:?}");
    }
}

#[tokio::test]
async fn errors_end_it() {
    let chunks =
        [Ok(Bytes::from("data: [1]\n\n")), Err(HttpError::body(std::io::Error::other("reset"))), Ok("x".into())];
    let items: Vec<_> = EventStream::new(BodyStream::new(stream::iter(chunks)), LIMIT).collect().await;
    assert!(
        matches!(&items[..], [Ok(_), Err(TransportError::Http { source: HttpError::Body { .. }, .. })]),
        "{items:?}"
    );

    let chunks = [Ok(Bytes::from_static(b"data: \xff\n\n")), Ok("data: [1]\n\n".into())];
    let items: Vec<_> = EventStream::new(BodyStream::new(stream::iter(chunks)), LIMIT).collect().await;
    assert!(matches!(&items[..], [Err(TransportError::NotEvents { .. })]), "{items:?}");
}

#[tokio::test]
async fn a_byte_that_is_no_text_ends_it_though_the_body_stays_open() {
    let chunks = [Bytes::from("data: [1]\n\nda"), Bytes::from_static(b"ta: \xff\n"), "data: [2]\n\n".into()];
    let body = BodyStream::new(stream::iter(chunks).map(Ok).chain(stream::pending()));
    let events =
        EventStream::new(body, LIMIT).filter(|item| std::future::ready(!matches!(item, Ok(StreamItem::Alive))));
    let items: Vec<_> = within(events.collect()).await;
    let [Ok(StreamItem::Flags(first)), Err(TransportError::NotEvents { .. })] = &items[..] else { panic!("{items:?}") };
    assert_eq!(first, "[1]");
    // What no event is made of may be anything, and a letter may come in two parts.
    let chunks = [Bytes::from_static(b": \xff\nid: \xff\ndata: \xc3"), Bytes::from_static(b"\xa9\n\n")];
    let mut events = EventStream::new(BodyStream::new(stream::iter(chunks).map(Ok).chain(stream::pending())), LIMIT);
    assert_eq!(within(events.next()).await.unwrap().unwrap(), StreamItem::Alive);
    assert_eq!(within(events.next()).await.unwrap().unwrap(), StreamItem::Flags("é".into()));
}

#[tokio::test]
async fn it_is_asked_for_with_the_key_and_the_library() {
    let client = Canned::new([response(200, &[], "data: [1]\n\n")]);
    let mut events = service(client.clone()).flag_stream(DEADLINE).await.unwrap();
    assert_eq!(events.next().await.unwrap().unwrap(), StreamItem::Flags("[1]".into()));
    assert!(events.next().await.is_none());

    let request = client.request();
    assert_eq!(request.uri(), "https://stream.lab.amplitude.com/sdk/stream/v1/flags");
    for (name, value) in [
        ("authorization", "Api-Key server-hush"),
        ("accept", "text/event-stream"),
        ("cache-control", "no-cache"),
        ("x-amp-exp-library", LIBRARY),
    ] {
        assert_eq!(request.headers()[name], value);
    }
    assert_eq!(request.headers().len(), 4);
}

#[tokio::test]
async fn refusals_are_told_by_status() {
    for (status, auth) in [(401, true), (403, true), (404, false), (501, false), (204, false)] {
        let error = service(Canned::new([response(status, &[], "")])).flag_stream(DEADLINE).await.unwrap_err();
        assert_eq!((error.status(), error.is_auth()), (Some(status), auth));
    }
}

#[tokio::test(start_paused = true)]
async fn opening_has_a_deadline() {
    let error = service(Canned::new([])).flag_stream(DEADLINE).await.unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
}
