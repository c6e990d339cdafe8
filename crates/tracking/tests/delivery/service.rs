//! A service in memory, which says what it is told to.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use evaluation_core::{User, Variant, Variants};
use serde_json::{Value, json};
use tracking::{AssignmentConfig, Clock, Event, Outcome, OutcomeCallback, Tracking, TrackingBuilder};
use transport::http::{Request, Response};
use transport::{BodyStream, BoxFuture, Bytes, HttpClient, HttpError};

pub(crate) const KEY: &str = "key-hush";
pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// What is done with an upload.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// Taken.
    Take,
    /// Not taken, with a status and a body.
    Refuse(u16, Value),
    /// Not taken, with a body that is no JSON, and so many seconds to wait.
    Busy(u16, u64),
    /// The connection breaks before there is an answer.
    Reset,
    /// Not taken: something else responds, with a status, a content type and a body.
    Other(u16, &'static str, &'static str),
    /// Not taken, and the connection breaks within the response.
    Cut(u16),
    /// Not taken, and the response never ends.
    Hang(u16),
    /// Never answered.
    Stall,
    /// Taken, after a while.
    Slow(Duration),
    /// The client panics.
    Panic,
}

#[derive(Default)]
pub(crate) struct Service {
    script: Mutex<VecDeque<Answer>>,
    /// What is done when the script is at its end.
    always: Mutex<Option<Answer>>,
    uploads: Mutex<Vec<Value>>,
    taken: Mutex<HashMap<String, usize>>,
}

impl Service {
    pub(crate) fn new(script: impl IntoIterator<Item = Answer>) -> Arc<Self> {
        Arc::new(Self { script: Mutex::new(script.into_iter().collect()), ..Self::default() })
    }

    pub(crate) fn always(answer: Answer) -> Arc<Self> {
        let service = Self::new([]);
        service.then_always(answer);
        service
    }

    pub(crate) fn then_always(&self, answer: Answer) {
        *self.always.lock().unwrap() = Some(answer);
    }

    /// All uploads that came, taken or not.
    pub(crate) fn uploads(&self) -> Vec<Value> {
        self.uploads.lock().unwrap().clone()
    }

    /// How often each insert id was taken.
    pub(crate) fn taken(&self) -> HashMap<String, usize> {
        self.taken.lock().unwrap().clone()
    }

    /// How many insert ids were taken, after checking that each was once.
    pub(crate) fn taken_once(&self) -> usize {
        let taken = self.taken();
        assert!(taken.values().all(|times| *times == 1), "{taken:?}");
        taken.len()
    }

    fn take(&self, upload: &Value) {
        let mut taken = self.taken.lock().unwrap();
        for event in upload["events"].as_array().unwrap() {
            *taken.entry(event["insert_id"].as_str().unwrap().to_owned()).or_default() += 1;
        }
    }
}

impl HttpClient for Service {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<BodyStream>, HttpError>> {
        let answer = self.script.lock().unwrap().pop_front();
        let answer = answer.or_else(|| self.always.lock().unwrap().clone()).unwrap_or(Answer::Take);
        let upload: Value = serde_json::from_slice(request.body()).unwrap();
        self.uploads.lock().unwrap().push(upload.clone());
        Box::pin(async move {
            let respond = |status: u16, body: String| {
                Ok(Response::builder().status(status).body(BodyStream::from_bytes(body)).unwrap())
            };
            match answer {
                Answer::Take => self.take(&upload),
                Answer::Slow(time) => {
                    tokio::time::sleep(time).await;
                    self.take(&upload);
                }
                Answer::Refuse(status, body) => return respond(status, body.to_string()),
                Answer::Busy(status, seconds) => {
                    let mut response = Response::new(BodyStream::from_bytes("<html>"));
                    *response.status_mut() = status.try_into().unwrap();
                    response.headers_mut().insert("retry-after", seconds.into());
                    return Ok(response);
                }
                Answer::Other(status, kind, body) => {
                    let response = Response::builder().status(status).header("content-type", kind);
                    return Ok(response.body(BodyStream::from_bytes(body)).unwrap());
                }
                Answer::Reset => return Err(HttpError::broken("reset")),
                Answer::Cut(status) | Answer::Hang(status) => {
                    let cut = matches!(answer, Answer::Cut(_)).then(|| HttpError::body("reset"));
                    return Ok(Response::builder().status(status).body(BodyStream::new(Cut(cut))).unwrap());
                }
                Answer::Stall => std::future::pending().await,
                Answer::Panic => panic!("the client panics and says {KEY} and user-hush"),
            }
            respond(
                200,
                json!({"code": 200, "events_ingested": upload["events"].as_array().unwrap().len()}).to_string(),
            )
        })
    }
}

/// A body that breaks, or never comes.
struct Cut(Option<HttpError>);

impl transport::Stream for Cut {
    type Item = Result<Bytes, HttpError>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        self.0.take().map_or(std::task::Poll::Pending, |error| std::task::Poll::Ready(Some(Err(error))))
    }
}

/// What a callback was told, and the callback.
pub(crate) fn outcomes() -> (Arc<Mutex<Vec<Outcome>>>, OutcomeCallback) {
    let outcomes = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&outcomes);
    (outcomes, Arc::new(move |_: &Event, outcome: &Outcome| told.lock().unwrap().push(*outcome)))
}

/// A clock that stands still until it is set.
#[derive(Default)]
pub(crate) struct Still(pub(crate) Mutex<u64>);

impl Clock for Still {
    fn now_ms(&self) -> u64 {
        *self.0.lock().unwrap()
    }
}

pub(crate) fn config() -> AssignmentConfig {
    AssignmentConfig::new(KEY)
}

pub(crate) fn builder(service: &Arc<Service>, config: AssignmentConfig) -> TrackingBuilder {
    Tracking::assignments(config).http_client(Arc::clone(service) as Arc<dyn HttpClient>)
}

pub(crate) fn tracking(service: &Arc<Service>) -> Tracking {
    builder(service, config()).build().unwrap()
}

pub(crate) fn user(index: usize) -> User {
    User::builder().user_id(format!("user-{index}")).device_id(format!("device-{}", index % 10)).build()
}

pub(crate) fn variants() -> Variants {
    [("flag", Variant::new("on")), ("other", Variant::new("off").with_metadata("default", true))].into_iter().collect()
}

/// Tracks so many users.
pub(crate) fn track(tracking: &Tracking, users: std::ops::Range<usize>) {
    let variants = variants();
    users.for_each(|index| tracking.track(&user(index), &variants));
}

/// Lets time pass until nothing is pending.
pub(crate) async fn settled(tracking: &Tracking) {
    let settled = async {
        while tracking.stats().events.pending > 0 {
            tokio::time::sleep(SECOND).await;
        }
    };
    tokio::time::timeout(SECOND * 3600, settled).await.expect("all is settled within an hour");
}

/// Lets time pass until the task of a tracker has ended, and with it all else that held its client.
pub(crate) async fn ended(service: &Arc<Service>) {
    let ended = async {
        while Arc::strong_count(service) > 1 {
            tokio::time::sleep(SECOND).await;
        }
    };
    tokio::time::timeout(SECOND * 60, ended).await.expect("the task ends within a minute");
}

/// Checks that the accounts add up.
pub(crate) fn adds_up(tracking: &Tracking) {
    let events = tracking.stats().events;
    let settled = events.sent + events.dropped.total() + events.spooled + events.pending;
    assert_eq!(events.handed_over + events.recovered, settled, "{events:?}");
}
