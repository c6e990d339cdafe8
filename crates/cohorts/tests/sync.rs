//! Cohort sync over a client that answers from memory, in virtual time.
#![cfg(feature = "sync")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cohorts::sync::{CohortSync, CohortSyncBuilder, ProjectKeys, SyncConfig};
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};
use transport::http::{Request, Response};
use transport::{BodyStream, BoxFuture, Bytes, HttpClient, HttpError, ServerZone, Urls};

const SECOND: Duration = Duration::from_secs(1);

/// What a request for a cohort meets.
#[derive(Clone)]
enum Meets {
    /// The cohort, after so long.
    Cohort(Duration),
    /// A status, with how long to be left alone in seconds.
    Status(u16, Option<&'static str>),
    /// Nobody answers.
    Nothing,
    Panic,
}

/// The service: every cohort has the member `u1`, unless something is set for its id.
#[derive(Default)]
struct Service {
    meets: Mutex<HashMap<String, Meets>>,
    /// When each request came, and what it asked for.
    asked: Mutex<Vec<(Instant, String)>>,
    open: AtomicUsize,
    most_open: AtomicUsize,
}

impl Service {
    fn set(&self, id: &str, meets: Meets) {
        self.meets.lock().unwrap().insert(id.to_owned(), meets);
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().iter().map(|(_, asked)| asked.clone()).collect()
    }

    fn times(&self) -> Vec<Instant> {
        self.asked.lock().unwrap().iter().map(|(at, _)| *at).collect()
    }
}

/// Counts a request as open for as long as it lives.
struct Open<'a>(&'a Service);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

impl HttpClient for Service {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<BodyStream>, HttpError>> {
        let path = request.uri().path_and_query().unwrap().to_string();
        let id = request.uri().path().rsplit('/').next().unwrap().to_owned();
        let meets = self.meets.lock().unwrap().get(&id).cloned().unwrap_or(Meets::Cohort(Duration::ZERO));
        self.asked.lock().unwrap().push((Instant::now(), path));
        Box::pin(async move {
            let open = self.open.fetch_add(1, Ordering::SeqCst) + 1;
            let _open = Open(self);
            self.most_open.fetch_max(open, Ordering::SeqCst);
            match meets {
                Meets::Cohort(after) => {
                    sleep(after).await;
                    let json = format!(r#"{{"cohortId": "{id}", "lastModified": 7, "memberIds": ["u1"]}}"#);
                    Ok(Response::new(BodyStream::from_bytes(json)))
                }
                Meets::Status(status, retry_after) => {
                    let mut response = Response::builder().status(status);
                    if let Some(seconds) = retry_after {
                        response = response.header("Retry-After", seconds);
                    }
                    Ok(response.body(BodyStream::empty()).unwrap())
                }
                Meets::Nothing => std::future::pending().await,
                Meets::Panic => panic!("as asked"),
            }
        })
    }
}

fn builder(service: &Arc<Service>) -> CohortSyncBuilder {
    let keys = ProjectKeys::new("api", "secret").unwrap();
    CohortSync::builder(Arc::clone(service) as Arc<dyn HttpClient>, keys, Urls::of(ServerZone::Us).cohorts)
}

fn sync() -> (Arc<Service>, CohortSync) {
    let service = Arc::new(Service::default());
    let sync = builder(&service).build();
    (service, sync)
}

fn there(sync: &CohortSync) -> Vec<String> {
    sync.cohorts().iter().map(|cohort| cohort.id().to_owned()).collect()
}

/// Lets everything happen that happens within a time.
async fn pass(time: Duration) {
    sleep(time).await;
}

#[tokio::test(start_paused = true)]
async fn cohorts_are_there_once_they_were_waited_for() {
    let (service, sync) = sync();
    let cohorts = sync.load(["a", "b"]).await;
    assert!(cohorts.contains("a", "User", "u1") && cohorts.contains("b", "User", "u1"));
    assert_eq!(service.asked().len(), 2);
    // Nothing is asked for twice.
    sync.load(["a", "b"]).await;
    assert_eq!(service.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn four_are_downloaded_at_once() {
    let (service, sync) = sync();
    let ids: Vec<String> = (0..40).map(|index| format!("c{index:02}")).collect();
    ids.iter().for_each(|id| service.set(id, Meets::Cohort(SECOND)));
    let began = Instant::now();
    sync.load(ids.iter().map(String::as_str)).await;
    assert_eq!(there(&sync), ids);
    assert_eq!((service.most_open.load(Ordering::SeqCst), began.elapsed().as_secs()), (4, 10));
}

#[tokio::test(start_paused = true)]
async fn a_download_is_tried_three_times_with_pauses() {
    let (service, sync) = sync();
    service.set("a", Meets::Status(500, None));
    sync.load(["a"]).await;
    let times = service.times();
    assert_eq!(times.len(), 3);
    // Then ever later while it is missing, up to the interval.
    pass(Duration::from_secs(75)).await;
    let times = service.times();
    let pauses: Vec<Duration> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    for (row, then) in pauses.chunks(3).zip([5, 10, 20]) {
        for (pause, millis) in row.iter().zip([100, 200, then * 1000]) {
            // Each is drawn within a quarter.
            let (set, pause) = (Duration::from_millis(millis), *pause);
            assert!(set * 3 / 4 <= pause && pause <= set * 5 / 4 + Duration::from_millis(2), "{pauses:?}");
        }
    }
    assert!(pauses.len() >= 9, "{pauses:?}");
}

#[tokio::test(start_paused = true)]
async fn retry_after_counts_up_to_its_limit() {
    for (asked, waited) in [("3", 3), ("3600", 10)] {
        let (service, sync) = sync();
        service.set("a", Meets::Status(429, Some(asked)));
        sync.load(["a"]).await;
        let times = service.times();
        assert_eq!((times[1] - times[0]).as_secs(), waited, "{asked}");
        sync.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_does_not_wait_for_ever_nor_twice() {
    let (service, sync) = sync();
    service.set("b", Meets::Nothing);
    let began = Instant::now();
    let cohorts = sync.load(["a", "b"]).await;
    assert_eq!((began.elapsed().as_secs(), cohorts.len()), (25, 1));
    pass(Duration::from_secs(60)).await;
    // It was tried to its end meanwhile, and is tried again, but not waited for.
    assert_eq!(sync.status()[1].failures, 1);
    let began = Instant::now();
    sync.load(["a", "b", "c"]).await;
    assert!(began.elapsed() < SECOND);
    assert_eq!(there(&sync), ["a", "c"]);
}

#[tokio::test(start_paused = true)]
async fn cohorts_that_hang_keep_no_healthy_one_from_its_flags() {
    let (service, sync) = sync();
    let hanging = ["h1", "h2", "h3", "h4", "h5"];
    hanging.iter().for_each(|id| service.set(id, Meets::Nothing));
    let cohorts = sync.load(hanging.into_iter().chain(["n"])).await;
    assert_eq!(cohorts.len(), 1);
    sync.retain(hanging.into_iter().chain(["n"]));
    // Nor the flags of the next set.
    let began = Instant::now();
    let cohorts = sync.load(hanging.into_iter().chain(["n", "m"])).await;
    assert!(began.elapsed() <= Duration::from_secs(20), "{:?}", began.elapsed());
    assert_eq!(cohorts.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_changes_waits_for_five_seconds_in_all_and_its_cohorts_come_later() {
    let (service, sync) = sync();
    sync.load(["n"]).await;
    sync.retain(["n"]);
    // Some come in time, one at a time, and each of the others would have been worth waiting for.
    for (index, id) in ["a", "b", "c", "d", "e", "f", "g", "h"].into_iter().enumerate() {
        service.set(id, Meets::Cohort(Duration::from_secs(2 + index as u64)));
    }
    let ids = ["a", "b", "c", "d", "e", "f", "g", "h", "n"];
    let began = Instant::now();
    assert_eq!(sync.load_for_change(ids).await.len(), 4);
    assert_eq!(began.elapsed().as_secs(), 5);
    sync.retain(ids);
    // Nobody waits for the rest again, and it comes by the requests that are under way.
    assert_eq!(sync.load_for_change(ids).await.len(), 4);
    assert_eq!(began.elapsed().as_secs(), 5);
    pass(Duration::from_secs(20)).await;
    assert_eq!((there(&sync).len(), service.asked().len()), (9, 9));
}

#[tokio::test(start_paused = true)]
async fn patience_begins_anew_with_each_cohort_that_comes() {
    let (service, sync) = sync();
    let ids: Vec<String> = (0..12).map(|index| format!("c{index:02}")).collect();
    ids.iter().for_each(|id| service.set(id, Meets::Cohort(Duration::from_secs(12))));
    let began = Instant::now();
    assert_eq!(sync.load(ids.iter().map(String::as_str)).await.len(), 12);
    assert_eq!(began.elapsed().as_secs(), 36);
    // In all it has an end too.
    let more: Vec<String> = (0..40).map(|index| format!("d{index:02}")).collect();
    more.iter().for_each(|id| service.set(id, Meets::Cohort(Duration::from_secs(12))));
    let began = Instant::now();
    sync.load(more.iter().map(String::as_str)).await;
    assert_eq!(began.elapsed().as_secs(), 45);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_longer_asked_for_is_taken_back() {
    let (service, sync) = sync();
    service.set("a", Meets::Nothing);
    tokio::time::timeout(SECOND, sync.load(["a", "b"])).await.unwrap_err();
    assert!(sync.status().is_empty());
    pass(Duration::from_secs(30)).await;
    let asked = service.asked().len();
    pass(Duration::from_secs(300)).await;
    assert_eq!(service.asked().len(), asked);
}

#[tokio::test(start_paused = true)]
async fn what_another_waits_for_too_is_not_taken_back() {
    let (service, sync) = sync();
    service.set("a", Meets::Cohort(SECOND));
    let first = tokio::spawn({
        let sync = sync.clone();
        async move { sync.load(["a"]).await.len() }
    });
    tokio::task::yield_now().await;
    let second = tokio::spawn({
        let sync = sync.clone();
        async move { sync.load(["a"]).await.len() }
    });
    pass(SECOND / 2).await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    assert_eq!((second.await.unwrap(), service.asked().len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn patience_may_be_without_end() {
    let service = Arc::new(Service::default());
    service.set("a", Meets::Cohort(Duration::from_secs(3600)));
    let mut config = SyncConfig::default();
    config.request_timeout = Duration::MAX;
    config.patience = Some(Duration::MAX);
    config.patience_max = Duration::MAX;
    let sync = builder(&service).config(config).build();
    assert_eq!(sync.load(["a"]).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_late_cohort_is_told_of() {
    let service = Arc::new(Service::default());
    let told = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&told);
    let sync = builder(&service)
        .on_change(move || {
            count.fetch_add(1, Ordering::SeqCst);
        })
        .build();
    service.set("a", Meets::Status(404, None));
    sync.load(["a"]).await;
    sync.retain(["a"]);
    assert_eq!((told.load(Ordering::SeqCst), there(&sync).len()), (0, 0));
    service.set("a", Meets::Cohort(SECOND));
    pass(Duration::from_secs(62)).await;
    assert_eq!((told.load(Ordering::SeqCst), there(&sync).len()), (1, 1));
    sync.stop().await;
}

#[tokio::test(start_paused = true)]
async fn all_are_refreshed_at_the_interval_and_say_what_they_have() {
    let (service, sync) = sync();
    sync.load(["a", "b"]).await;
    sync.retain(["a", "b"]);
    service.set("b", Meets::Status(500, None));
    service.asked.lock().unwrap().clear();
    pass(Duration::from_secs(59)).await;
    assert!(service.asked().is_empty());
    assert_eq!(sync.status()[0].copy.as_ref().unwrap().age, Duration::from_secs(59));
    pass(Duration::from_secs(2)).await;
    let asked = service.asked();
    assert_eq!(asked.len(), 4);
    assert_eq!(asked[0], "/sdk/v1/cohort/a?maxCohortSize=2147483647&lastModified=7");
    let status = sync.status();
    let told: Vec<_> = status.iter().map(|it| (it.failures, it.is_there(), it.last_error.is_some())).collect();
    assert_eq!(told, [(0, true, false), (1, true, true)]);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_hangs_keeps_no_new_cohort_waiting() {
    let (service, sync) = sync();
    let ids: Vec<String> = (0..20).map(|index| format!("old{index}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    sync.load(ids.iter().copied()).await;
    sync.retain(ids.iter().copied());
    ids.iter().for_each(|id| service.set(id, Meets::Nothing));
    pass(Duration::from_secs(61)).await;
    let began = Instant::now();
    sync.load(["new"]).await;
    assert!(began.elapsed() < SECOND, "{:?}", began.elapsed());
    // Nor do new ones that hang keep refreshing from going on.
    let (service, sync) = self::sync();
    sync.load(["old"]).await;
    sync.retain(["old"]);
    let hanging: Vec<String> = (0..20).map(|index| format!("new{index}")).collect();
    hanging.iter().for_each(|id| service.set(id, Meets::Nothing));
    sync.load(hanging.iter().map(String::as_str)).await;
    service.asked.lock().unwrap().clear();
    pass(Duration::from_secs(120)).await;
    let refreshed = service.asked().iter().filter(|path| path.starts_with("/sdk/v1/cohort/old?")).count();
    assert!(refreshed >= 1, "{:?}", service.asked());
}

#[tokio::test(start_paused = true)]
async fn what_is_not_retained_is_dropped_and_its_download_comes_to_nothing() {
    let service = Arc::new(Service::default());
    service.set("b", Meets::Cohort(Duration::from_secs(50)));
    let mut config = SyncConfig::default();
    config.request_timeout = Duration::from_secs(60);
    let sync = builder(&service).config(config).build();
    sync.load(["a", "b", "c"]).await;
    assert_eq!(there(&sync), ["a", "c"]);
    sync.retain(["c"]);
    assert_eq!(there(&sync), ["c"]);
    pass(Duration::from_secs(10)).await;
    assert_eq!(there(&sync), ["c"]);
    assert_eq!(sync.status().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn panics_end_one_download_and_nothing_else() {
    let service = Arc::new(Service::default());
    let sync = builder(&service).on_change(|| panic!("as asked")).build();
    service.set("a", Meets::Panic);
    let cohorts = sync.load(["a", "b"]).await;
    assert_eq!(cohorts.len(), 1);
    assert!(sync.status()[0].last_error.as_ref().unwrap().to_string().contains("panicked"));
    sync.retain(["a", "b"]);
    service.set("a", Meets::Cohort(Duration::ZERO));
    pass(Duration::from_secs(61)).await;
    assert_eq!(there(&sync), ["a", "b"]);
}

#[tokio::test(start_paused = true)]
async fn stopping_gives_downloads_up_and_asking_begins_again() {
    let (service, sync) = sync();
    service.set("a", Meets::Nothing);
    let waiting = tokio::spawn({
        let sync = sync.clone();
        async move { sync.load(["a"]).await.len() }
    });
    pass(SECOND).await;
    assert_eq!(service.open.load(Ordering::SeqCst), 1);
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    sync.stop().await;
    assert_eq!(service.open.load(Ordering::SeqCst), 0);
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
    service.set("a", Meets::Cohort(Duration::ZERO));
    assert_eq!(sync.load(["a"]).await.len(), 1);
    // Nothing is left of it with the last handle.
    drop(sync);
    pass(SECOND).await;
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_stopped_sync_goes_on_where_it_is_resumed() {
    let (service, sync) = sync();
    sync.load(["a"]).await;
    sync.retain(["a"]);
    sync.stop().await;
    sync.stop().await;
    service.asked.lock().unwrap().clear();
    pass(Duration::from_secs(300)).await;
    assert!(service.asked().is_empty());
    sync.resume();
    pass(Duration::from_secs(61)).await;
    assert!(!service.asked().is_empty());
}

#[tokio::test(start_paused = true)]
async fn who_waits_gets_its_cohorts_though_another_stops() {
    let (service, sync) = sync();
    service.set("a", Meets::Cohort(SECOND));
    let waiting = tokio::spawn({
        let sync = sync.clone();
        async move { sync.load(["a"]).await.len() }
    });
    tokio::task::yield_now().await;
    let began = Instant::now();
    tokio::join!(sync.stop(), sync.stop());
    assert_eq!(waiting.await.unwrap(), 1);
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    assert_eq!(service.most_open.load(Ordering::SeqCst), 1);
}

#[test]
fn without_a_runtime_nothing_is_asked_for() {
    let (service, sync) = sync();
    let waiting = std::pin::pin!(sync.load(["a"]));
    let polled = waiting.poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
    assert!(polled.is_ready() && service.asked().is_empty());
}
