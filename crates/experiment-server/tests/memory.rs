//! Bad requests do not make the server grow. In a program of its own, where nothing else takes memory.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]
#![cfg(target_os = "linux")]

mod common;

use common::{ask, post, raw, server};
use http::Method;

const VARIANTS: &str = "/sdk/v2/vardata?v=0";

/// What the process holds in memory, in bytes.
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

#[tokio::test]
async fn bad_requests_do_not_make_the_server_grow() {
    let server = server().await;
    let large = bytes::Bytes::from("x".repeat(10 << 20));
    let bad = async || {
        post(&server, VARIANTS, &[], large.clone()).await.refusal(413);
        ask(&server.url(), Method::POST, "/batch", &[], large.clone()).await.refusal(400);
        let head = [b"GET / HTTP/1.1\r\nx: ".as_slice(), &large, b"\r\n\r\n"].concat();
        assert!(raw(&server, head).await.starts_with("HTTP/1.1 431 "));
    };
    for _ in 0..5 {
        bad().await;
    }
    let before = resident();
    for _ in 0..40 {
        bad().await;
    }
    // 1.2 GB went through.
    let grown = resident().saturating_sub(before);
    assert!(grown < 64 << 20, "grew by {grown} bytes");
}
