//! A source and a sink in memory.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use tokio::sync::mpsc;
use transport::updater::{ErrorClass, FlagSource, FlagStream, Polled, SourceError, StreamItem};
use transport::{Applied, ApplyError, BoxFuture, FlagSink};

/// What a request meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meets {
    Flags,
    /// Flags, and then something at every moment.
    Flood,
    /// Word that the flags still stand.
    Unchanged,
    Error(ErrorClass),
    Nothing,
    Panic,
}

/// What a body meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    Well,
    After(Duration),
    Never,
    Panic,
    Malformed,
    Badly,
}

pub(crate) struct Fakes {
    stream: Mutex<Meets>,
    poll: Mutex<Meets>,
    sink: Mutex<Taken>,
    body: Mutex<String>,
    /// The way into the stream that was opened last.
    open: Mutex<Option<mpsc::UnboundedSender<Result<StreamItem, SourceError>>>>,
    /// What was taken in.
    taken: Mutex<Vec<String>>,
    pub(crate) streams: AtomicUsize,
    pub(crate) polls: AtomicUsize,
    /// Requests, streams and bodies under way.
    pub(crate) under_way: Arc<AtomicUsize>,
}

impl Fakes {
    pub(crate) fn new(stream: Meets, poll: Meets) -> Arc<Self> {
        Arc::new(Self {
            stream: Mutex::new(stream),
            poll: Mutex::new(poll),
            sink: Mutex::new(Taken::Well),
            body: Mutex::new("v1".to_owned()),
            open: Mutex::new(None),
            taken: Mutex::new(Vec::new()),
            streams: AtomicUsize::new(0),
            polls: AtomicUsize::new(0),
            under_way: Arc::default(),
        })
    }

    pub(crate) fn stream_meets(&self, what: Meets) {
        *self.stream.lock().unwrap() = what;
    }

    pub(crate) fn polls_meet(&self, what: Meets) {
        *self.poll.lock().unwrap() = what;
    }

    pub(crate) fn bodies_are_taken(&self, how: Taken) {
        *self.sink.lock().unwrap() = how;
    }

    /// Gives the service a new set, which goes to the stream that is open.
    pub(crate) fn publish(&self, body: &str) {
        *self.body.lock().unwrap() = body.to_owned();
        self.send(Ok(StreamItem::Flags(Bytes::copy_from_slice(body.as_bytes()))));
    }

    pub(crate) fn send(&self, item: Result<StreamItem, SourceError>) {
        if let Some(open) = &*self.open.lock().unwrap() {
            // Nobody listens to a stream that was left.
            let _ = open.send(item);
        }
    }

    pub(crate) fn end_stream(&self) {
        *self.open.lock().unwrap() = None;
    }

    pub(crate) fn taken(&self) -> Vec<String> {
        self.taken.lock().unwrap().clone()
    }

    pub(crate) fn under_way(&self) -> usize {
        self.under_way.load(Ordering::SeqCst)
    }

    fn busy(&self) -> Busy {
        self.under_way.fetch_add(1, Ordering::SeqCst);
        Busy(Arc::clone(&self.under_way))
    }

    async fn meet(&self, what: Meets) -> Result<(), SourceError> {
        match what {
            Meets::Flags | Meets::Flood | Meets::Unchanged => Ok(()),
            Meets::Error(class) => Err(SourceError::new(class, "as set")),
            Meets::Nothing => std::future::pending().await,
            Meets::Panic => panic!("as set"),
        }
    }
}

impl FlagSource for Fakes {
    fn poll(&self, _etag: Option<String>) -> BoxFuture<'_, Result<Polled, SourceError>> {
        Box::pin(async {
            let _busy = self.busy();
            self.polls.fetch_add(1, Ordering::SeqCst);
            let what = *self.poll.lock().unwrap();
            self.meet(what).await?;
            let body = self.body.lock().unwrap().clone();
            Ok(if what == Meets::Unchanged { Polled::Unchanged } else { Polled::flags(body.clone(), Some(body)) })
        })
    }

    fn stream(&self) -> BoxFuture<'_, Result<FlagStream, SourceError>> {
        Box::pin(async {
            let busy = self.busy();
            self.streams.fetch_add(1, Ordering::SeqCst);
            let what = *self.stream.lock().unwrap();
            self.meet(what).await?;
            let (sender, items) = mpsc::unbounded_channel();
            *self.open.lock().unwrap() = Some(sender);
            let body = self.body.lock().unwrap().clone();
            self.send(Ok(StreamItem::Flags(body.into())));
            Ok(Box::pin(Items { items, flood: what == Meets::Flood, _busy: busy }) as FlagStream)
        })
    }
}

impl FlagSink for Fakes {
    fn apply(&self, body: Bytes) -> BoxFuture<'_, Result<Applied, ApplyError>> {
        Box::pin(async move {
            let _busy = self.busy();
            let how = *self.sink.lock().unwrap();
            match how {
                Taken::Well => {}
                Taken::After(delay) => tokio::time::sleep(delay).await,
                Taken::Never => std::future::pending().await,
                Taken::Panic => panic!("as set"),
                Taken::Malformed => return Err(ApplyError::malformed("as set")),
                Taken::Badly => return Err(ApplyError::other("as set")),
            }
            self.taken.lock().unwrap().push(String::from_utf8(body.to_vec()).unwrap());
            Ok(Applied::new(1))
        })
    }
}

struct Items {
    items: mpsc::UnboundedReceiver<Result<StreamItem, SourceError>>,
    flood: bool,
    _busy: Busy,
}

impl Stream for Items {
    type Item = Result<StreamItem, SourceError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.items.poll_recv(cx) {
            Poll::Pending if self.flood => Poll::Ready(Some(Ok(StreamItem::Alive))),
            polled => polled,
        }
    }
}

struct Busy(Arc<AtomicUsize>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
