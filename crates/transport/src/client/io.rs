//! Connections, whatever they are made of.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::{Connected, Connection};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A socket, or layers of TLS and tunnels over one.
pub(super) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

pub(super) type BoxIo = Box<dyn Io>;

/// A connection that requests can be sent over, and what the client has to know of it.
pub(super) struct Link {
    io: BoxIo,
    /// Requests go to a proxy, so they have to say the whole URL.
    proxied: bool,
    usage: LinkUse,
}

impl Link {
    pub(super) fn new(io: BoxIo, proxied: bool, http2: bool) -> Self {
        let counts = Counts {
            http2,
            requests: AtomicU64::new(0),
            received: AtomicU64::new(0),
            answered: AtomicBool::new(false),
        };
        Self { io, proxied, usage: LinkUse(Arc::new(counts)) }
    }
}

/// How a connection was used so far. Clones tell of the same connection.
#[derive(Clone)]
pub(super) struct LinkUse(Arc<Counts>);

struct Counts {
    http2: bool,
    requests: AtomicU64,
    received: AtomicU64,
    /// Something came since something was last written.
    answered: AtomicBool,
}

impl LinkUse {
    /// Counts a request. Returns how many there were before it.
    pub(super) fn begin_request(&self) -> u64 {
        self.0.requests.fetch_add(1, Ordering::Relaxed)
    }

    /// How many bytes came by the connection.
    pub(super) fn received(&self) -> u64 {
        self.0.received.load(Ordering::Relaxed)
    }

    /// True once something came after what was last written.
    pub(super) fn is_answered(&self) -> bool {
        self.0.answered.load(Ordering::Relaxed)
    }

    pub(super) fn is_http2(&self) -> bool {
        self.0.http2
    }

    /// True when both are of the same connection.
    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Connection for Link {
    fn connected(&self) -> Connected {
        let connected = Connected::new().proxy(self.proxied).extra(self.usage.clone());
        if self.usage.is_http2() { connected.negotiated_h2() } else { connected }
    }
}

impl AsyncRead for Link {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.io).poll_read(cx, buf);
        let received = buf.filled().len().saturating_sub(before);
        if received > 0 {
            self.usage.0.received.fetch_add(received as u64, Ordering::Relaxed);
            self.usage.0.answered.store(true, Ordering::Relaxed);
        }
        read
    }
}

impl AsyncWrite for Link {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.usage.0.answered.store(false, Ordering::Relaxed);
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.usage.0.answered.store(false, Ordering::Relaxed);
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }
}
