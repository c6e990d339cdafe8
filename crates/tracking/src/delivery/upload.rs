//! One upload: its body, and the call.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, StatusCode};
use serde::Serialize;
use transport::call::{is_page, read, refusal, send, unusable, within};
use transport::{Endpoint, HttpClient, SendOptions};

use super::machine::Entry;
use super::reply::{Reply, Verdict};
use crate::config::{ApiKey, Settings};
use crate::outcome::DeliveryError;

const ENDPOINT: Endpoint = Endpoint::Events;

/// How large an answer may be. The largest there should be names each event of an upload a few times.
const MAX_REPLY: usize = 1 << 20;

/// The body of an upload, as far as the events fit.
#[derive(Debug)]
pub(super) struct Upload {
    pub(super) body: Bytes,
    /// How many events are in it. None if already the first is too large.
    pub(super) events: usize,
}

impl Upload {
    /// Puts events together, up to the limit in bytes. `event_ids` numbers them.
    pub(super) fn new(entries: &[Entry], settings: &Settings, key: &ApiKey, sent: &str) -> Self {
        #[derive(Serialize)]
        struct Options {
            min_id_length: u32,
        }
        #[derive(Serialize)]
        struct Head<'a> {
            api_key: &'a str,
            options: Options,
            client_upload_time: &'a str,
        }
        let options = Options { min_id_length: settings.min_id_length };
        let head = Head { api_key: key.reveal(), options, client_upload_time: sent };
        // A vector takes all that is written, and none of this can fail to be JSON.
        let mut body = serde_json::to_vec(&head).unwrap_or_default();
        body.pop();
        body.extend_from_slice(b",\"events\":[");
        let mut events = 0_usize;
        for entry in entries {
            let end = body.len();
            if events > 0 {
                body.push(b',');
            }
            write_event(&mut body, entry, &settings.common);
            if body.len().saturating_add(b"]}".len()) > settings.chunk_bytes {
                body.truncate(end);
                break;
            }
            events = events.saturating_add(1);
        }
        body.extend_from_slice(b"]}");
        Self { body: body.into(), events }
    }
}

/// An event with what all have: the end of its object is left open for that.
fn write_event(body: &mut Vec<u8>, entry: &Entry, common: &str) {
    let start = body.len();
    if serde_json::to_writer(&mut *body, &*entry.event).is_ok() {
        body.pop();
        body.push(b',');
    } else {
        // The service refuses one without a type, and takes the others.
        body.truncate(start);
        body.push(b'{');
    }
    body.extend_from_slice(format!("\"event_id\":{},", entry.seq).as_bytes());
    body.extend_from_slice(common.as_bytes());
}

/// Sends an upload and reads what comes of it.
pub(super) async fn upload(
    client: Arc<dyn HttpClient>,
    url: http::Uri,
    timeout: Duration,
    body: Bytes,
) -> (Reply, Option<DeliveryError>) {
    let mut head = None;
    let answer = within(ENDPOINT, timeout, async {
        let request = Request::post(url)
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .body(body)
            .map_err(unusable(ENDPOINT))?;
        // Every event has an insert id, by which the service drops what comes twice.
        let options = SendOptions::new().with_timeout(timeout).with_idempotent(true);
        let response = send(&*client, ENDPOINT, options, request).await?;
        let retry_after = transport::Retryable::retry_after(&refusal(ENDPOINT, &response));
        head = Some(Head { status: response.status(), is_page: is_page(&response), retry_after });
        read(ENDPOINT, response, MAX_REPLY).await
    });
    let answer = answer.await;
    let Some(Head { status, is_page, retry_after }) = head else {
        return (Reply::none(None), answer.err().map(|error| DeliveryError::Transport(Arc::new(error))));
    };
    let body = match answer {
        // Only the whole of it says whether the service took the events.
        Err(error) if status.is_success() => {
            return (Reply::none(retry_after), Some(DeliveryError::Transport(Arc::new(error))));
        }
        // A refusal is one by its status.
        body => body.ok(),
    };
    match Reply::read(status.as_u16(), is_page, body.as_deref(), retry_after) {
        Ok((code, reply)) => {
            let error = match reply.verdict {
                Verdict::Taken => None,
                Verdict::RefusedKey => Some(DeliveryError::RefusedKey),
                _ => Some(DeliveryError::Refused { code }),
            };
            (reply, error)
        }
        Err(problem) => {
            (Reply::none(retry_after), Some(DeliveryError::Unexpected { status: status.as_u16(), problem }))
        }
    }
}

/// What the head of a response says.
struct Head {
    status: StatusCode,
    is_page: bool,
    retry_after: Option<Duration>,
}
