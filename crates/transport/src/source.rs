//! The service as the source of flags that the updater asks.

use std::time::Duration;

use crate::client::BoxFuture;
use crate::endpoints::FlagsResponse;
use crate::error::TransportError;
use crate::service::Service;
use crate::updater::{ErrorClass, FlagSource, FlagStream, Polled, SourceError};

/// How long a request may take unless set.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The flags of a [`Service`], for an updater.
#[derive(Debug, Clone)]
pub struct ServiceSource {
    service: Service,
    poll_timeout: Duration,
    #[cfg(feature = "streaming")]
    stream_timeout: Duration,
}

impl ServiceSource {
    /// The flags of a service. A poll may take 10 seconds, and so may opening a stream, unless the
    /// updater gives them up before.
    #[must_use]
    pub fn new(service: Service) -> Self {
        Self {
            service,
            poll_timeout: TIMEOUT,
            #[cfg(feature = "streaming")]
            stream_timeout: TIMEOUT,
        }
    }

    /// Sets how long a poll may take. Default: 10 seconds.
    #[must_use]
    pub fn with_poll_timeout(self, timeout: Duration) -> Self {
        Self { poll_timeout: timeout, ..self }
    }

    /// Sets how long opening a stream may take, until the head of the response. Default: 10 seconds.
    #[cfg(feature = "streaming")]
    #[must_use]
    pub fn with_stream_timeout(self, timeout: Duration) -> Self {
        Self { stream_timeout: timeout, ..self }
    }
}

impl FlagSource for ServiceSource {
    fn poll(&self, etag: Option<String>) -> BoxFuture<'_, Result<Polled, SourceError>> {
        Box::pin(async move {
            match self.service.flags(etag.as_deref(), self.poll_timeout).await? {
                FlagsResponse::NotModified => Ok(Polled::Unchanged),
                FlagsResponse::Flags { body, etag } => Ok(Polled::Flags { body, etag }),
            }
        })
    }

    #[cfg(feature = "streaming")]
    fn stream(&self) -> BoxFuture<'_, Result<FlagStream, SourceError>> {
        Box::pin(async {
            let events = self.service.flag_stream(self.stream_timeout).await?;
            let stream: FlagStream = Box::pin(streaming::Items(events));
            Ok(stream)
        })
    }

    #[cfg(not(feature = "streaming"))]
    fn stream(&self) -> BoxFuture<'_, Result<FlagStream, SourceError>> {
        Box::pin(async {
            Err(SourceError::new(
                ErrorClass::Unsupported,
                "streams were left out: turn on the feature `streaming` of the crate `experiment`",
            ))
        })
    }
}

impl From<TransportError> for SourceError {
    fn from(error: TransportError) -> Self {
        let class = match &error {
            error if error.is_timeout() => ErrorClass::Timeout,
            TransportError::Unauthorized { status, .. } | TransportError::Status { status, .. } => {
                ErrorClass::of_status(*status)
            }
            TransportError::Http { .. }
            | TransportError::Timeout { .. }
            | TransportError::NoRuntime { .. }
            | TransportError::Request { .. } => ErrorClass::Network,
            TransportError::TooLarge { .. }
            | TransportError::Malformed { .. }
            | TransportError::Encoded { .. }
            | TransportError::NotEvents { .. }
            | TransportError::Redirect { .. } => ErrorClass::Malformed,
        };
        let retry_after = error.retry_after();
        Self::new(class, error).with_retry_after(retry_after)
    }
}

#[cfg(feature = "streaming")]
mod streaming {
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use futures_core::Stream;

    use crate::sse::EventStream;
    use crate::updater::{SourceError, StreamItem};

    /// Events, with errors in the words of the updater.
    pub(super) struct Items(pub(super) EventStream);

    impl Stream for Items {
        type Item = Result<StreamItem, SourceError>;

        fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            Pin::new(&mut self.0).poll_next(cx).map_err(SourceError::from)
        }
    }
}

#[cfg(test)]
mod tests {
    use evaluation_core::Received;

    use super::*;
    use crate::client::HttpError;
    use crate::endpoints::Endpoint;
    use crate::error::Chain;
    use crate::updater::Failure;

    #[test]
    fn errors_keep_their_class_their_cause_and_the_wish_to_be_left_alone() {
        let endpoint = Endpoint::Flags;
        let status = |status| TransportError::Status { endpoint, status, retry_after: Some(Duration::from_secs(7)) };
        let http = |source| TransportError::Http { endpoint, source };
        let slow = HttpError::ConnectTimeout { host: String::new(), after: Duration::ZERO };
        for (error, class) in [
            (status(501), ErrorClass::Unsupported),
            (status(503), ErrorClass::Status(503)),
            (
                TransportError::Unauthorized { endpoint, status: 403, retry_after: Some(Duration::from_secs(7)) },
                ErrorClass::Unauthorized,
            ),
            (TransportError::Timeout { endpoint, after: Duration::ZERO }, ErrorClass::Timeout),
            (http(slow), ErrorClass::Timeout),
            (http(HttpError::broken("reset")), ErrorClass::Network),
            (TransportError::TooLarge { endpoint, limit: 1 }, ErrorClass::Malformed),
            (TransportError::Encoded { endpoint, encoding: "br".to_owned() }, ErrorClass::Malformed),
            (TransportError::NotEvents { endpoint, received: Received::Html }, ErrorClass::Malformed),
        ] {
            let (text, retry_after) = (error.to_string(), error.retry_after());
            let error = SourceError::from(error);
            assert_eq!((error.class, error.retry_after), (class, retry_after), "{text}");
            assert_eq!(error.source.to_string(), text);
            // Nothing is said twice.
            let said = Chain(&Failure::Poll(error)).to_string();
            assert!(said.starts_with(&format!("a poll for flags failed: {text}")), "{said}");
            assert_eq!(said.matches(&text).count(), 1, "{said}");
        }
    }
}
