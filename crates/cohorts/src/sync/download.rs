//! One cohort from the service.

use std::fmt::Write;
use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use transport::call::{LimitedBody, refusal, send, unusable, within};
use transport::http::header::AUTHORIZATION;
use transport::http::{Request, StatusCode};
use transport::{BaseUrl, Bytes, Endpoint, HttpClient, LIBRARY, SendOptions, TransportError};

use super::body::stored;
use super::{DownloadError, ProjectKeys, SyncConfig};
use crate::store::StoredCohort;

const ENDPOINT: Endpoint = Endpoint::Cohort;

/// What may stand in a path as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Where cohorts are downloaded from, and how.
pub(super) struct Downloader {
    pub(super) client: Arc<dyn HttpClient>,
    pub(super) keys: ProjectKeys,
    pub(super) url: BaseUrl,
    pub(super) config: SyncConfig,
}

impl Downloader {
    /// Downloads a cohort. With what a copy says of its last change: nothing if it is as it was then.
    pub(super) async fn download(
        &self,
        id: &str,
        modified: Option<i64>,
    ) -> Result<Option<StoredCohort>, DownloadError> {
        let timeout = self.config.request_timeout;
        within(ENDPOINT, timeout, async {
            let request = self.request(id, modified.unwrap_or_default())?;
            let options = SendOptions::new().with_timeout(timeout);
            let response = send(&*self.client, ENDPOINT, options, request).await?;
            match response.status() {
                StatusCode::OK => {}
                StatusCode::NO_CONTENT if modified.is_some() => return Ok(None),
                StatusCode::NO_CONTENT => return Err(DownloadError::NoCopy),
                StatusCode::ACCEPTED => return Err(DownloadError::Computing),
                StatusCode::PAYLOAD_TOO_LARGE => return Err(self.too_large()),
                _ => return Err(refusal(ENDPOINT, &response).into()),
            }
            let cohort = stored(LimitedBody::new(ENDPOINT, response, self.config.max_bytes())?).await?;
            // A server that does not know the limit.
            if cohort.len() as u64 > self.config.max_cohort_size {
                return Err(self.too_large());
            }
            if cohort.id() != id {
                return Err(DownloadError::Other { sent: cohort.id().chars().take(64).collect() });
            }
            Ok(Some(cohort))
        })
        .await
    }

    fn request(&self, id: &str, modified: i64) -> Result<Request<Bytes>, TransportError> {
        let mut path = format!("/sdk/v1/cohort/{}", utf8_percent_encode(id, PLAIN));
        // Writing to a text does not fail.
        let _ = write!(path, "?maxCohortSize={}", self.config.max_cohort_size);
        if modified > 0 {
            let _ = write!(path, "&lastModified={modified}");
        }
        Request::get(self.url.join(&path).map_err(unusable(ENDPOINT))?)
            .header(AUTHORIZATION, self.keys.header())
            .header("X-Amp-Exp-Library", LIBRARY)
            .body(Bytes::new())
            .map_err(unusable(ENDPOINT))
    }

    fn too_large(&self) -> DownloadError {
        DownloadError::TooLarge { max: self.config.max_cohort_size }
    }
}
