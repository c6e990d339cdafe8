//! What the tests share: a client that answers from memory, and servers that say word for word what they are told.

#![allow(dead_code, reason = "each test file uses a part of it")]

pub(crate) mod tls;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use transport::{
    BodyStream, BoxFuture, DefaultClient, DefaultClientBuilder, DeploymentKey, HttpClient, HttpError, Proxy,
    ServerZone, Service, Urls,
};

/// The longest that anything in a test may take.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) const KEY: &str = "server-hush";

/// Answers each request with the next response it was given, and keeps the requests.
#[derive(Default)]
pub(crate) struct Canned {
    responses: Mutex<VecDeque<Result<Response<BodyStream>, HttpError>>>,
    requests: Mutex<Vec<Request<Bytes>>>,
}

impl Canned {
    pub(crate) fn new(responses: impl IntoIterator<Item = Response<BodyStream>>) -> Arc<Self> {
        let responses = responses.into_iter().map(Ok).collect();
        Arc::new(Self { responses: Mutex::new(responses), ..Self::default() })
    }

    pub(crate) fn failing(error: HttpError) -> Arc<Self> {
        Arc::new(Self { responses: Mutex::new([Err(error)].into()), ..Self::default() })
    }

    pub(crate) fn requests(&self) -> Vec<Request<Bytes>> {
        std::mem::take(&mut self.requests.lock().unwrap())
    }

    pub(crate) fn request(&self) -> Request<Bytes> {
        let mut requests = self.requests();
        assert_eq!(requests.len(), 1);
        requests.remove(0)
    }
}

impl HttpClient for Canned {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<BodyStream>, HttpError>> {
        self.requests.lock().unwrap().push(request);
        let response = self.responses.lock().unwrap().pop_front();
        Box::pin(async {
            match response {
                Some(response) => response,
                // Nobody answers.
                None => std::future::pending().await,
            }
        })
    }
}

/// A response of these lines of headers.
pub(crate) fn response(status: u16, headers: &[(&str, &str)], body: &'static str) -> Response<BodyStream> {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(BodyStream::from_bytes(body)).unwrap()
}

pub(crate) fn service(client: Arc<dyn HttpClient>) -> Service {
    Service::builder(client, DeploymentKey::new(KEY).unwrap()).build()
}

/// The service at one address, over the client that comes with the crate.
pub(crate) fn service_at(url: &str, client: DefaultClientBuilder) -> Service {
    let urls = Urls::builder(ServerZone::Us).variants(url).flags(url).stream(url).build().unwrap();
    let client = Arc::new(client.build().unwrap());
    Service::builder(client, DeploymentKey::new(KEY).unwrap()).urls(urls).build()
}

/// A client that no proxy of the environment gets in the way of.
pub(crate) fn client() -> DefaultClientBuilder {
    DefaultClient::builder().proxy(Proxy::Off)
}

/// A listener, and its address as a URL.
pub(crate) async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

/// Answers the first request with these bytes, closes the connection, and gives what was asked.
pub(crate) async fn answer(reply: impl Into<Vec<u8>>) -> (String, JoinHandle<String>) {
    let (listener, url) = listen().await;
    let reply = reply.into();
    let task = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let head = read_head(&mut socket).await;
        socket.write_all(&reply).await.unwrap();
        finish(socket).await;
        head
    });
    (url, task)
}

/// Closes the way out, and waits until the other side does the same.
pub(crate) async fn finish(mut socket: TcpStream) {
    let _ = socket.shutdown().await;
    let _ = within(socket.read_to_end(&mut Vec::new())).await;
}

/// The head of a request, up to the empty line.
pub(crate) async fn read_head(socket: &mut (impl AsyncRead + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(within(socket.read_u8()).await.unwrap());
    }
    String::from_utf8(head).unwrap().to_ascii_lowercase()
}

pub(crate) async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, work).await.expect("it takes too long")
}
