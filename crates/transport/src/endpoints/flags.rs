//! The flags of a deployment.

use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, ETAG, IF_NONE_MATCH};
use http::{HeaderValue, Request, StatusCode};

use super::Endpoint;
use crate::call::{read, refusal, send, unusable, within};
use crate::client::SendOptions;
use crate::error::TransportError;
use crate::service::{LIBRARY, Service};

const ENDPOINT: Endpoint = Endpoint::Flags;

/// What came of asking for flags.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FlagsResponse {
    /// The flags are still those of the ETag that was given.
    NotModified,
    /// These are the flags.
    #[non_exhaustive]
    Flags {
        /// A JSON array of flag configs, as it came.
        body: Bytes,
        /// What to give next time, so that the same flags need not be sent again.
        etag: Option<String>,
    },
}

impl Service {
    /// Asks for the flags, all of them. With the ETag of an earlier response, only if they are others than then.
    ///
    /// # Errors
    /// When they could not be had, or not within `timeout`.
    pub async fn flags(&self, etag: Option<&str>, timeout: Duration) -> Result<FlagsResponse, TransportError> {
        within(ENDPOINT, timeout, async {
            let options = SendOptions::new().with_timeout(timeout);
            let response = send(&*self.client, ENDPOINT, options, self.flags_request(etag)?).await?;
            match response.status() {
                StatusCode::OK => {}
                // Who was not asked for a change has no business telling that there was none.
                StatusCode::NOT_MODIFIED if etag.is_some() => return Ok(FlagsResponse::NotModified),
                _ => return Err(refusal(ENDPOINT, &response)),
            }
            let etag = response.headers().get(ETAG).and_then(|etag| Some(etag.to_str().ok()?.to_owned()));
            Ok(FlagsResponse::Flags { body: read(ENDPOINT, response, self.max_body).await?, etag })
        })
        .await
    }

    fn flags_request(&self, etag: Option<&str>) -> Result<Request<Bytes>, TransportError> {
        let mut request = Request::get(self.urls.flags.join("/sdk/v2/flags?v=0").map_err(unusable(ENDPOINT))?)
            .header(AUTHORIZATION, self.key.header())
            .header("X-Amp-Exp-Library", LIBRARY);
        if let Some(etag) = etag.and_then(|etag| HeaderValue::from_str(etag).ok()) {
            request = request.header(IF_NONE_MATCH, etag);
        }
        request.body(Bytes::new()).map_err(unusable(ENDPOINT))
    }
}
