//! Accepting connections, and letting them end.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::service::Service;
use super::socket::{Control, Socket};
use crate::stop::Stop;

/// How many connections may be open at once; more have to wait.
const CONNECTIONS: usize = 20_000;

/// How long a request's head may take, and a connection may be idle.
const IDLE: Duration = Duration::from_secs(75);

/// How large a request's head may be. Users come in headers.
const HEAD: usize = 128 << 10;

/// How long answers under way may take once the server stops.
const GRACE: Duration = Duration::from_secs(5);

/// How long to wait when the system gives no connection, as when there are too many open files.
const PAUSE: Duration = Duration::from_millis(100);

/// A bound port.
pub(crate) struct Listener {
    listener: TcpListener,
    pub(crate) address: SocketAddr,
}

pub(crate) async fn bind(address: SocketAddr) -> io::Result<Listener> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    Ok(Listener { listener, address })
}

impl Listener {
    /// Answers until it is told to stop, and until the connections have ended then.
    pub(crate) async fn serve(self, service: Service, mut stop: Stop) {
        let room = Arc::new(Semaphore::new(CONNECTIONS));
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                accepted = accept(&self.listener, &room) => accepted,
                Some(_) = connections.join_next() => continue,
                () = stop.told() => break,
            };
            match accepted {
                Ok((stream, place)) => {
                    let connection = connection(stream, service.clone(), stop.clone());
                    connections.spawn(async move {
                        connection.await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(target: "experiment_server", %error, "no connection can be accepted just now");
                    sleep(PAUSE).await;
                }
            }
        }
        drop(self.listener);
        let ended = timeout(GRACE, async { while connections.join_next().await.is_some() {} }).await;
        if ended.is_err() {
            tracing::debug!(target: "experiment_server", open = connections.len(), "connections that do not end are cut");
            connections.shutdown().await;
        }
    }
}

async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> io::Result<(TcpStream, Option<tokio::sync::OwnedSemaphorePermit>)> {
    // The semaphore is never closed.
    let place = Arc::clone(room).acquire_owned().await.ok();
    let (stream, _) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, place))
}

async fn connection(stream: TcpStream, service: Service, mut stop: Stop) {
    let control = Arc::new(Control::default());
    let begun = Arc::clone(&control);
    let _counted = service.count_connection();
    let socket = TokioIo::new(Socket::new(stream, Arc::clone(&control)));
    let answer = service_fn(move |request| service.clone().answer(Arc::clone(&control), request));
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(IDLE).max_buf_size(HEAD);
    let mut connection = std::pin::pin!(builder.serve_connection(socket, answer));
    let mut stopping = false;
    let ended = loop {
        tokio::select! {
            ended = connection.as_mut() => break ended,
            () = stop.told(), if !stopping => {
                stopping = true;
                if !begun.has_begun() {
                    // Idle, or in the middle of its first head.
                    return;
                }
                connection.as_mut().graceful_shutdown();
            }
        }
    };
    if let Err(error) = ended {
        tracing::trace!(target: "experiment_server", %error, "a connection ended early");
    }
}
