//! The stream of a deployment's flags.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CACHE_CONTROL};
use http::{Request, StatusCode};

use super::Endpoint;
use crate::call::{refusal, send, unusable, within};
use crate::client::SendOptions;
use crate::error::TransportError;
use crate::service::{LIBRARY, Service};
use crate::sse::EventStream;

const ENDPOINT: Endpoint = Endpoint::FlagStream;

impl Service {
    /// Opens the stream of flags. Its first event are the flags as they are; each later one, all flags after a change.
    ///
    /// `timeout` is for opening it, which is done once the head of the response is there. How long to wait for what
    /// follows is for the caller to say.
    ///
    /// # Errors
    /// When it could not be opened, or not within `timeout`. A response that is something else, such as an HTML page, is
    /// an error here if its content type says so, and else of the stream, as soon as its first bytes are there.
    pub async fn flag_stream(&self, timeout: Duration) -> Result<EventStream, TransportError> {
        within(ENDPOINT, timeout, async {
            // A stream lives for minutes: calls that share its HTTP/2 connection would die with it.
            let options = SendOptions::new().with_timeout(timeout).with_own_connection(true);
            let response = send(&*self.client, ENDPOINT, options, self.stream_request()?).await?;
            if response.status() != StatusCode::OK {
                return Err(refusal(ENDPOINT, &response));
            }
            EventStream::of_response(response, self.max_body)
        })
        .await
    }

    fn stream_request(&self) -> Result<Request<Bytes>, TransportError> {
        Request::get(self.urls.stream.join("/sdk/stream/v1/flags").map_err(unusable(ENDPOINT))?)
            .header(AUTHORIZATION, self.key.header())
            .header(ACCEPT, "text/event-stream")
            .header(CACHE_CONTROL, "no-cache")
            .header("X-Amp-Exp-Library", LIBRARY)
            .body(Bytes::new())
            .map_err(unusable(ENDPOINT))
    }
}
