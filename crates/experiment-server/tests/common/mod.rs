//! A small HTTP client, and flags to serve.
#![allow(dead_code, reason = "each test file uses some of it")]

use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use experiment_server::{DEFAULT_API_KEY, DEFAULT_DEPLOYMENT_KEY, DEFAULT_SECRET_KEY, Server};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// `nav` is on in Norway and for members of `c1`; `depends` says what `nav` is; `plain` is not deployed.
pub(crate) const FLAGS: &str = r#"[
    {"key": "nav", "metadata": {"deployed": true, "experimentKey": "exp-1"},
     "variants": {"on": {"key": "on", "value": "on", "payload": {"z": 1.0, "a": [1, 2]}},
                  "off": {"key": "off", "metadata": {"default": true}}},
     "segments": [
        {"conditions": [[{"selector": ["context", "user", "country"], "op": "is", "values": ["Norway"]}],
                        [{"selector": ["context", "user", "cohort_ids"], "op": "set contains any", "values": ["c1"]}]],
         "variant": "on"},
        {"variant": "off"}]},
    {"key": "depends", "dependencies": ["nav"], "metadata": {"deployed": true},
     "variants": {"yes": {"key": "yes", "value": "yes"}, "no": {"key": "no", "metadata": {"default": true}}},
     "segments": [{"conditions": [[{"selector": ["result", "nav", "key"], "op": "is", "values": ["on"]}]], "variant": "yes"},
                  {"variant": "no"}]},
    {"key": "plain", "metadata": {"deployed": false}, "variants": {"on": {"key": "on"}}, "segments": [{"variant": "on"}]}
]"#;

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", self.body))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).unwrap()
    }

    /// The refusal's words, once its form is checked.
    pub(crate) fn refusal(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{:?}", self.body);
        let json = self.json();
        assert_eq!(json["code"], status, "{json}");
        json["error"].as_str().unwrap().to_owned()
    }
}

pub(crate) fn client() -> Client<HttpConnector, Full<Bytes>> {
    Client::builder(TokioExecutor::new()).build_http()
}

/// One request, with the deployment key unless another `authorization` is given.
pub(crate) async fn open(
    base: &str,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Result<http::Response<Incoming>, String> {
    let mut request = Request::builder().method(method).uri(format!("{base}{path}"));
    if !headers.iter().any(|(name, _)| *name == "authorization") {
        request = request.header("authorization", api_key(DEFAULT_DEPLOYMENT_KEY));
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(body.into())).unwrap();
    let answered = timeout(PATIENCE, client().request(request)).await.map_err(|_| "no answer in time".to_owned())?;
    answered.map_err(|error| format!("{error:?}"))
}

pub(crate) async fn ask(
    base: &str,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Answer {
    let response = open(base, method, path, headers, body).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = timeout(PATIENCE, body.collect()).await.unwrap().unwrap().to_bytes();
    Answer { status: parts.status, headers: parts.headers, body }
}

pub(crate) async fn get(server: &Server, path: &str, headers: &[(&str, &str)]) -> Answer {
    ask(&server.url(), Method::GET, path, headers, "").await
}

pub(crate) async fn post(server: &Server, path: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Answer {
    ask(&server.url(), Method::POST, path, headers, body).await
}

pub(crate) fn api_key(key: &str) -> String {
    format!("Api-Key {key}")
}

pub(crate) fn basic() -> String {
    format!("Basic {}", STANDARD.encode(format!("{DEFAULT_API_KEY}:{DEFAULT_SECRET_KEY}")))
}

pub(crate) fn base64(text: &str) -> String {
    STANDARD.encode(text)
}

pub(crate) fn base64_url(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

pub(crate) async fn server() -> Server {
    Server::builder().flags_json(FLAGS).start().await.unwrap()
}

/// Sends bytes as they are, and reads the answer to its end.
pub(crate) async fn raw(server: &Server, request: Vec<u8>) -> String {
    raw_at(server.address(), request).await
}

/// The same, at an address.
pub(crate) async fn raw_at(address: SocketAddr, request: Vec<u8>) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    let (mut from, mut to) = socket.split();
    let mut answer = Vec::new();
    // The server may stop reading before everything is sent.
    let sent = async { drop(to.write_all(&request).await) };
    let read = timeout(PATIENCE, from.read_to_end(&mut answer));
    let ((), read) = tokio::join!(sent, read);
    read.unwrap().unwrap();
    String::from_utf8(answer).unwrap()
}

/// An open stream, read message by message.
pub(crate) struct Stream {
    body: Incoming,
    buffer: Vec<u8>,
}

impl Stream {
    pub(crate) async fn open(server: &Server) -> Self {
        let response = open(&server.url(), Method::GET, "/sdk/stream/v1/flags", &[], "").await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { body: response.into_body(), buffer: Vec::new() }
    }

    /// The next message as it is on the wire, without its empty line; none at the end, an error when it is cut.
    pub(crate) async fn next(&mut self) -> Result<Option<String>, String> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\n\n") {
                let rest = self.buffer.split_off(end + 2);
                let message = std::mem::replace(&mut self.buffer, rest);
                return Ok(Some(String::from_utf8(message[..end].to_vec()).unwrap()));
            }
            match timeout(PATIENCE, self.body.frame()).await.map_err(|_| "nothing in time".to_owned())? {
                Some(Ok(frame)) => self.buffer.extend_from_slice(frame.data_ref().unwrap()),
                Some(Err(error)) => return Err(error.to_string()),
                None => return Ok(None),
            }
        }
    }

    /// The keys of the flags in the next message, keep-alives passed over.
    pub(crate) async fn keys(&mut self) -> Vec<String> {
        loop {
            let message = self.next().await.unwrap().unwrap();
            if message == "data:  " {
                continue;
            }
            let flags: Value = serde_json::from_str(message.strip_prefix("data: ").unwrap()).unwrap();
            return flags.as_array().unwrap().iter().map(|flag| flag["key"].as_str().unwrap().to_owned()).collect();
        }
    }
}

/// A list of flags that everyone has on, by their keys.
pub(crate) fn flags_named(keys: &[&str]) -> String {
    let flag = |key: &&str| {
        format!(r#"{{"key": "{key}", "variants": {{"on": {{"key": "on"}}}}, "segments": [{{"variant": "on"}}]}}"#)
    };
    format!("[{}]", keys.iter().map(flag).collect::<Vec<_>>().join(","))
}
