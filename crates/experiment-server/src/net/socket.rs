//! A connection's socket. It can be reset, it stops reading at a malformed request, and it makes sure that refusals
//! arrive.

use std::future::pending;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Sleep, sleep};

use super::framing::Framing;
use crate::reply::error_text;

/// How long, and how much, is still read of a request that was refused before its end. Closing at once would reset the
/// connection, and the refusal might never be seen.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 64 << 20;

/// A NUL may stand nowhere in a head. The HTTP implementation reads a head only once it has an end.
const BAD_HEAD: &[u8] = b"\0\r\n\r\n";

/// A body that ends here is incomplete.
const BAD_BODY: &[u8] = b"\0";

/// What a request may ask of its connection.
#[derive(Debug, Default)]
pub(crate) struct Control {
    reset: AtomicBool,
    linger: AtomicBool,
    begun: AtomicBool,
    bare: AtomicBool,
    malformed: watch::Sender<bool>,
}

impl Control {
    /// Lets the connection end with a reset. It has to end by other means.
    pub(crate) fn reset(&self) {
        self.reset.store(true, Ordering::Relaxed);
    }

    /// Says that a request is here, with its whole head.
    pub(super) fn begin(&self) {
        self.begun.store(true, Ordering::Relaxed);
    }

    pub(super) fn has_begun(&self) -> bool {
        self.begun.load(Ordering::Relaxed)
    }

    /// Says that the next refusal has no body because it was made so.
    pub(super) fn bare_on_purpose(&self) {
        self.bare.store(true, Ordering::Relaxed);
    }

    /// Waits until a later request on the connection is found malformed, so that a response which has no end of its own
    /// can end before the refusal.
    pub(crate) fn malformed(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut malformed = self.malformed.subscribe();
        async move {
            if malformed.wait_for(|malformed| *malformed).await.is_err() {
                // The connection is gone, and the response with it.
                pending().await
            }
        }
    }

    /// Says that a request was refused before it was read to its end.
    pub(crate) fn linger(&self) {
        self.linger.store(true, Ordering::Relaxed);
    }
}

pub(super) struct Socket {
    stream: TcpStream,
    control: Arc<Control>,
    /// What still has to be written in the place of something else.
    instead: Vec<u8>,
    lingering: Option<Lingering>,
    framing: Framing,
    /// Why the connection is not read any further: a request on it is malformed.
    malformed: Option<&'static str>,
    /// What is read in the place of the rest of that request.
    poison: &'static [u8],
}

struct Lingering {
    limit: Pin<Box<Sleep>>,
    left: usize,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, control: Arc<Control>) -> Self {
        let framing = Framing::default();
        Self { stream, control, instead: Vec::new(), lingering: None, framing, malformed: None, poison: b"" }
    }

    fn poll_instead(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.instead.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(context, &self.instead))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.instead.drain(..written);
        }
        Poll::Ready(Ok(()))
    }

    /// The HTTP implementation refuses heads that it cannot read by itself and without a word; what is written then is
    /// replaced by a refusal that says why.
    fn takes(&mut self, head: &[u8]) -> bool {
        let Some(refusal) = refusal(head, self.malformed) else { return false };
        if self.control.bare.swap(false, Ordering::Relaxed) {
            return false;
        }
        self.instead = refusal;
        self.control.linger();
        true
    }

    /// Passes to the HTTP implementation what it cannot read. It responds with a refusal, after the responses to the requests
    /// that came before, and closes the connection. It never sees the rest of the malformed request.
    fn poison(&mut self, buffer: &mut ReadBuf<'_>) {
        let (now, later) = self.poison.split_at(self.poison.len().min(buffer.remaining()));
        buffer.put_slice(now);
        self.poison = later;
    }

    fn poll_linger(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let lingering =
            self.lingering.get_or_insert_with(|| Lingering { limit: Box::pin(sleep(LINGER)), left: LINGER_BYTES });
        let mut scratch = [0; 16 << 10];
        while lingering.left > 0 {
            let mut buffer = ReadBuf::new(&mut scratch);
            match Pin::new(&mut self.stream).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    lingering.left = lingering.left.saturating_sub(buffer.filled().len());
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return lingering.limit.as_mut().poll(context),
            }
        }
        Poll::Ready(())
    }
}

/// The refusal in the place of one without a body.
fn refusal(head: &[u8], malformed: Option<&str>) -> Option<Vec<u8>> {
    let rest = head.strip_prefix(b"HTTP/1.1 ").or_else(|| head.strip_prefix(b"HTTP/1.0 "))?;
    let status = StatusCode::from_bytes(rest.get(..3)?).ok().filter(StatusCode::is_client_error)?;
    let text = std::str::from_utf8(head).ok()?;
    if !text.ends_with("\r\n\r\n") || !text.to_ascii_lowercase().contains("\r\ncontent-length: 0\r\n") {
        return None;
    }
    let why = match status {
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
            "the request's headers are too large: send the user as the body of a POST"
        }
        StatusCode::URI_TOO_LONG => "the request's address is too long",
        _ => malformed.unwrap_or("this is no HTTP request that can be read"),
    };
    let body = error_text(status, why);
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    Some(head.into_bytes())
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.malformed.is_some() {
            self.poison(buffer);
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let read = self.framing.read(buffer.filled().get(before..).unwrap_or_default());
        if let Err(malformed) = read {
            buffer.set_filled(before + malformed.before);
            self.poison = if malformed.in_head { BAD_HEAD } else { BAD_BODY };
            self.malformed = Some(malformed.why);
            self.control.malformed.send_replace(true);
            self.poison(buffer);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_instead(context))?;
        if self.takes(data) {
            return Poll::Ready(Ok(data.len()));
        }
        Pin::new(&mut self.stream).poll_write(context, data)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_instead(context))?;
        let mut filled = slices.iter().filter(|slice| !slice.is_empty());
        if let (Some(head), None) = (filled.next(), filled.next())
            && self.takes(head)
        {
            return Poll::Ready(Ok(head.len()));
        }
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_instead(context))?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.control.reset.load(Ordering::Relaxed) {
            // Dropping it does the rest.
            return Poll::Ready(Ok(()));
        }
        ready!(self.poll_instead(context))?;
        ready!(Pin::new(&mut self.stream).poll_shutdown(context))?;
        if self.control.linger.load(Ordering::Relaxed) {
            ready!(self.poll_linger(context));
        }
        Poll::Ready(Ok(()))
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.control.reset.load(Ordering::Relaxed) {
            // Where it cannot be set, the connection ends all the same.
            let _ = self.stream.set_zero_linger();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bare_refusals_are_replaced() {
        let bare = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        let text = String::from_utf8(refusal(bare, None).unwrap()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 431 "), "{head}");
        assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");
        assert!(body.contains("\"code\":431"), "{body}");
        for other in [
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 404 Not Found\r\ncontent-length: 9\r\n\r\nnot found",
            "HTTP/1.1 404 Not Found\r\ncontent-length: 9\r\n\r\n",
            "data: {}\n\n",
            "",
        ] {
            assert_eq!(refusal(other.as_bytes(), None), None, "{other:?}");
        }
    }
}
