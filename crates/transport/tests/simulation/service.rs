//! The same service and sink as futures, for an updater with its driver.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use tokio::sync::mpsc;
use tokio::time::{Interval, interval, sleep};
use transport::updater::{ErrorClass, FlagSource, FlagStream, Polled, SourceError, StreamItem};
use transport::{Applied, ApplyError, BoxFuture, FlagSink};

use crate::schedule::{Break, PollIs, Random, SinkIs, StreamIs};

type Item = Result<StreamItem, SourceError>;

pub(crate) struct Service {
    now: Mutex<Now>,
    under_way: Arc<AtomicUsize>,
}

pub(crate) struct Now {
    pub(crate) stream_is: StreamIs,
    pub(crate) poll_is: PollIs,
    pub(crate) sink_is: SinkIs,
    /// What the service has, and what is in place.
    pub(crate) version: u64,
    pub(crate) live: u64,
    /// What must not happen, and did.
    pub(crate) wrongs: Vec<String>,
    open: Option<(mpsc::UnboundedSender<Item>, Arc<AtomicBool>)>,
    random: Random,
}

impl Service {
    pub(crate) fn new(seed: u64) -> Self {
        let now = Now {
            stream_is: StreamIs::Good,
            poll_is: PollIs::Good,
            sink_is: SinkIs::Good,
            version: 1,
            live: 0,
            wrongs: Vec::new(),
            open: None,
            random: Random::new(!seed),
        };
        Self { now: Mutex::new(now), under_way: Arc::default() }
    }

    pub(crate) fn now(&self) -> MutexGuard<'_, Now> {
        // Sinks that panic do so while nothing is half done.
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many requests, streams and bodies are under way.
    pub(crate) fn under_way(&self) -> usize {
        self.under_way.load(Ordering::SeqCst)
    }

    pub(crate) fn publish(&self) {
        let mut now = self.now();
        now.version += 1;
        let item = flags(now.version);
        now.send(Ok(item));
    }

    pub(crate) fn break_stream(&self, how: Break) {
        let mut now = self.now();
        match how {
            Break::Error => now.send(Err(error(ErrorClass::Network))),
            Break::Garbage => now.send(Ok(StreamItem::Flags(Bytes::from_static(b"garbage")))),
            Break::End => now.open = None,
            Break::Stall => {
                if let Some((_, stalled)) = &now.open {
                    stalled.store(true, Ordering::SeqCst);
                }
            }
        }
    }

    fn busy(&self) -> Busy {
        self.under_way.fetch_add(1, Ordering::SeqCst);
        Busy(Arc::clone(&self.under_way))
    }

    async fn some_time(&self, most: u64) {
        let millis = self.now().random.below(most);
        sleep(Duration::from_millis(millis)).await;
    }
}

impl Now {
    fn send(&mut self, item: Item) {
        if let Some((open, _)) = &self.open {
            // Nobody listens to a stream that was left.
            let _ = open.send(item);
        }
    }
}

impl FlagSource for Service {
    fn poll(&self, etag: Option<String>) -> BoxFuture<'_, Result<Polled, SourceError>> {
        Box::pin(async move {
            let _busy = self.busy();
            self.some_time(600).await;
            let (is, version) = {
                let now = self.now();
                (now.poll_is, now.version)
            };
            let tag = Some(format!("v{version}"));
            let answer = match is {
                PollIs::Good if etag == tag => Polled::Unchanged,
                PollIs::Good => Polled::flags(version.to_string(), tag),
                PollIs::Garbage => Polled::flags("garbage", None),
                PollIs::Unreachable => return Err(error(ErrorClass::Network)),
                PollIs::Refused => return Err(error(ErrorClass::Unauthorized)),
                PollIs::Busy => {
                    return Err(error(ErrorClass::Status(429)).with_retry_after(Some(Duration::from_secs(100))));
                }
                PollIs::Hanging => std::future::pending().await,
            };
            self.some_time(3000).await;
            Ok(answer)
        })
    }

    fn stream(&self) -> BoxFuture<'_, Result<FlagStream, SourceError>> {
        Box::pin(async {
            let busy = self.busy();
            self.some_time(600).await;
            if self.now().stream_is == StreamIs::Hanging {
                std::future::pending::<()>().await;
            }
            let mut now = self.now();
            let (open, items) = mpsc::unbounded_channel();
            let stalled = Arc::new(AtomicBool::new(false));
            let first = match now.stream_is {
                StreamIs::Good => Some(flags(now.version)),
                StreamIs::Garbage => Some(StreamItem::Flags(Bytes::from_static(b"garbage"))),
                StreamIs::Silent | StreamIs::EndsAtOnce | StreamIs::Hanging => None,
                StreamIs::Unreachable => return Err(error(ErrorClass::Network)),
                StreamIs::Unsupported => return Err(error(ErrorClass::Unsupported)),
                StreamIs::Refused => return Err(error(ErrorClass::Unauthorized)),
                StreamIs::Busy => {
                    return Err(error(ErrorClass::Status(503)).with_retry_after(Some(Duration::from_secs(200))));
                }
            };
            now.open = Some((open, Arc::clone(&stalled)));
            match (now.stream_is, first) {
                (_, Some(first)) => now.send(Ok(first)),
                (StreamIs::EndsAtOnce, None) => now.open = None,
                (_, None) => stalled.store(true, Ordering::SeqCst),
            }
            let beat = interval(Duration::from_secs(15));
            Ok(Box::pin(Items { items, stalled, beat, _busy: busy }) as FlagStream)
        })
    }
}

impl FlagSink for Service {
    fn apply(&self, body: Bytes) -> BoxFuture<'_, Result<Applied, ApplyError>> {
        Box::pin(async move {
            let _busy = self.busy();
            let is = self.now().sink_is;
            match is {
                SinkIs::Hanging => std::future::pending().await,
                SinkIs::Slow => self.some_time(8000).await,
                _ => self.some_time(50).await,
            }
            assert!(is != SinkIs::Panicking, "as scheduled");
            let version: u64 = str::from_utf8(&body).ok().and_then(|text| text.parse().ok()).ok_or_else(malformed)?;
            if is == SinkIs::Failing {
                return Err(ApplyError::other("no cohorts"));
            }
            let mut now = self.now();
            if version < now.live {
                let wrong = format!("{version} was put in the place of {}", now.live);
                now.wrongs.push(wrong);
            }
            now.live = version;
            Ok(Applied::new(1))
        })
    }
}

struct Items {
    items: mpsc::UnboundedReceiver<Item>,
    stalled: Arc<AtomicBool>,
    beat: Interval,
    _busy: Busy,
}

impl Stream for Items {
    type Item = Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.stalled.load(Ordering::SeqCst) {
            return Poll::Pending;
        }
        if let Poll::Ready(item) = self.items.poll_recv(cx) {
            return Poll::Ready(item);
        }
        self.beat.poll_tick(cx).map(|_| Some(Ok(StreamItem::Alive)))
    }
}

struct Busy(Arc<AtomicUsize>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn flags(version: u64) -> StreamItem {
    StreamItem::Flags(version.to_string().into())
}

fn error(class: ErrorClass) -> SourceError {
    SourceError::new(class, "trouble")
}

fn malformed() -> ApplyError {
    ApplyError::malformed("garbage")
}
