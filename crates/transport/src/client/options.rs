//! What a call tells the client that sends its request.

use std::time::Duration;

use http::Request;

/// How a request may be sent. An extension of the request, for an [`HttpClient`](super::HttpClient) that can make use
/// of it; [`DefaultClient`](super::DefaultClient) does. Without it, a request is sent as any other.
///
/// ```
/// use std::time::Duration;
///
/// use transport::{Bytes, SendOptions, http};
///
/// let options = SendOptions::new().with_timeout(Duration::from_secs(1)).with_idempotent(true);
/// let mut request = http::Request::post("https://host/path").body(Bytes::new())?;
/// request.extensions_mut().insert(options);
/// assert_eq!(SendOptions::of(&request), options);
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SendOptions {
    /// How long the caller waits for the whole response. The client gives up nothing by it: it decides how much of
    /// this time a silent connection may use up. Default: none.
    pub timeout: Option<Duration>,
    /// The request may reach the service twice without harm, though its method does not say so. `GET` and `HEAD`
    /// always may. Default: no.
    pub idempotent: bool,
    /// The request needs a connection that it shares with no other request, before, beside or after it. Default: no.
    pub own_connection: bool,
}

impl SendOptions {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The options of a request: its extension, or the defaults.
    #[must_use]
    pub fn of<B>(request: &Request<B>) -> Self {
        request.extensions().get().copied().unwrap_or_default()
    }

    /// Sets how long the caller waits for the whole response.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout: Some(timeout), ..self }
    }

    /// Sets whether the request may reach the service twice without harm.
    #[must_use]
    pub fn with_idempotent(self, idempotent: bool) -> Self {
        Self { idempotent, ..self }
    }

    /// Sets whether the request needs a connection of its own.
    #[must_use]
    pub fn with_own_connection(self, own: bool) -> Self {
        Self { own_connection: own, ..self }
    }
}
