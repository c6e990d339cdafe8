//! The one door to the network, and the client that comes with the crate.

mod body;
mod builder;
mod connect;
mod connections;
mod default;
mod error;
mod gzip;
mod io;
mod latency;
mod options;
mod proxy;
#[cfg(feature = "_tls")]
mod tls;

use std::error::Error;
use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;

pub use body::BodyStream;
pub use builder::{ClientError, DefaultClientBuilder};
pub use default::DefaultClient;
pub use error::HttpError;
pub use options::SendOptions;
pub use proxy::Proxy;

/// A boxed future that may go from thread to thread.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Any error, as the source of one of ours.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// Sends requests: all that the SDK needs of an HTTP client.
///
/// Implement it to bring your own client, or to answer from memory in tests. What is asked of it:
///
/// - a response is given as soon as its head is there, whatever its status; its body comes as it arrives;
/// - bodies are given decoded: who asks for gzip, undoes it;
/// - redirects are not followed: the SDK does that, by one rule for all calls;
/// - dropping the future or the body gives the request up. Deadlines are the SDK's.
///
/// [`SendOptions`] in the request's extensions tell how it may be sent; a client may ignore them.
///
/// ```
/// use transport::{BodyStream, BoxFuture, Bytes, HttpClient, HttpError, http};
///
/// struct Canned;
///
/// impl HttpClient for Canned {
///     fn send(&self, _: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<BodyStream>, HttpError>> {
///         Box::pin(async { Ok(http::Response::new(BodyStream::from_bytes("{}"))) })
///     }
/// }
/// ```
pub trait HttpClient: Send + Sync + 'static {
    /// Sends a request and gives the response once its head is there.
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<BodyStream>, HttpError>>;
}
