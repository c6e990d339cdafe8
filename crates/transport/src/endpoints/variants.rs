//! The variants of a user: remote evaluation.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use evaluation_core::{JsonError, User, Variants};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, StatusCode};

use super::Endpoint;
use crate::call::{read, refusal, send, unusable, within};
use crate::client::SendOptions;
use crate::error::TransportError;
use crate::service::{LIBRARY, Service};

const ENDPOINT: Endpoint = Endpoint::Variants;

/// The largest user, in bytes of JSON, that goes into a header, where base64 makes it a third larger. Servers on the way
/// commonly take 8 KB of headers.
const MAX_HEADER: usize = 5000;

/// What to ask for besides the user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct VariantsOptions {
    /// Only these flags. Empty means all.
    pub flag_keys: Vec<String>,
    /// Whether the service tracks an assignment. It does unless told.
    pub tracks_assignment: Option<bool>,
    /// Whether the service tracks exposures. It does not unless told.
    pub tracks_exposure: Option<bool>,
}

impl VariantsOptions {
    /// Asks for these flags only.
    #[must_use]
    pub fn with_flag_keys(mut self, flag_keys: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.flag_keys = flag_keys.into_iter().map(Into::into).collect();
        self
    }

    /// Says whether the service tracks an assignment.
    #[must_use]
    pub fn with_tracks_assignment(mut self, tracks: bool) -> Self {
        self.tracks_assignment = Some(tracks);
        self
    }

    /// Says whether the service tracks exposures.
    #[must_use]
    pub fn with_tracks_exposure(mut self, tracks: bool) -> Self {
        self.tracks_exposure = Some(tracks);
        self
    }
}

impl Service {
    /// Asks for the variants of a user. Once: see [`retrying`](crate::retrying).
    ///
    /// A variant that cannot be read is left out and reported by [`Variants::diagnostics`]; all others are there.
    ///
    /// # Errors
    /// When they could not be had, or not within `timeout`.
    pub async fn variants(
        &self,
        user: &User,
        options: &VariantsOptions,
        timeout: Duration,
    ) -> Result<Variants, TransportError> {
        within(ENDPOINT, timeout, async {
            // A user too large for a header goes by POST, and asking twice for its variants is harmless.
            let how = SendOptions::new().with_timeout(timeout).with_idempotent(true);
            let response = send(&*self.client, ENDPOINT, how, self.variants_request(user, options)?).await?;
            if response.status() != StatusCode::OK {
                return Err(refusal(ENDPOINT, &response));
            }
            let body = read(ENDPOINT, response, self.max_body).await?;
            let malformed = |error| TransportError::Malformed { endpoint: ENDPOINT, problem: JsonError::into(error) };
            Variants::from_json(&body).map_err(malformed)
        })
        .await
    }

    fn variants_request(&self, user: &User, options: &VariantsOptions) -> Result<Request<Bytes>, TransportError> {
        let unusable = unusable(ENDPOINT);
        let user = user_json(user)?;
        let mut request = Request::builder()
            .uri(self.urls.variants.join("/sdk/v2/vardata?v=0").map_err(&unusable)?)
            .header(AUTHORIZATION, self.key.header());
        if !options.flag_keys.is_empty() {
            request = request.header("X-Amp-Exp-Flag-Keys", STANDARD.encode(json(&options.flag_keys)?));
        }
        if let Some(tracks) = options.tracks_assignment {
            request = request.header("X-Amp-Exp-Track", track(tracks));
        }
        if let Some(tracks) = options.tracks_exposure {
            request = request.header("X-Amp-Exp-Exposure-Track", track(tracks));
        }
        if user.len() > MAX_HEADER {
            let request = request.method(Method::POST).header(CONTENT_TYPE, "application/json");
            return request.body(Bytes::from(user)).map_err(&unusable);
        }
        let mut header = HeaderValue::try_from(STANDARD.encode(user)).map_err(|error| unusable(error.into()))?;
        header.set_sensitive(true);
        request.header("X-Amp-Exp-User", header).body(Bytes::new()).map_err(&unusable)
    }
}

/// The user as the service takes it, with the library that asks unless it has one.
fn user_json(user: &User) -> Result<Vec<u8>, TransportError> {
    let has_one = user.library().is_some_and(|library| !library.is_empty());
    if has_one { json(user) } else { json(&user.to_builder().library(LIBRARY).build()) }
}

fn json(value: &(impl serde::Serialize + ?Sized)) -> Result<Vec<u8>, TransportError> {
    // The error itself may quote the user.
    serde_json::to_vec(value).map_err(|_| TransportError::Request {
        endpoint: ENDPOINT,
        source: "the user cannot be written as JSON".into(),
    })
}

fn track(tracks: bool) -> &'static str {
    if tracks { "track" } else { "no-track" }
}
