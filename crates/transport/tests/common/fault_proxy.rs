//! A TCP proxy that misbehaves as networks do: raw sockets, one thread a direction, nothing of our own HTTP in it.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// Stands between clients and one server until it is dropped.
pub(crate) struct FaultProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    server: SocketAddr,
    connections: Mutex<Vec<Arc<Connection>>>,
    /// The first bytes of all requests, with the number of the connection that each came by.
    requests: Mutex<Vec<(usize, String)>>,
    /// How many requests a connection may bring. It is closed, without a word, when the next one arrives.
    requests_per_connection: AtomicUsize,
    /// Raw responses that are sent in the server's place to requests whose path begins so.
    replies: Mutex<Vec<Reply>>,
    /// Set when the proxy is dropped.
    over: AtomicBool,
}

#[derive(Clone)]
struct Reply {
    path: String,
    bytes: Vec<u8>,
    once: bool,
}

struct Connection {
    client: TcpStream,
    server: TcpStream,
    /// Nothing passes any more, in either direction, and nobody is told.
    silent: AtomicBool,
    /// The server has sent something since the client's last request.
    answered: AtomicBool,
    requests: AtomicUsize,
}

impl FaultProxy {
    pub(crate) fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            server,
            connections: Mutex::default(),
            requests: Mutex::default(),
            requests_per_connection: AtomicUsize::new(usize::MAX),
            replies: Mutex::default(),
            over: AtomicBool::new(false),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || accepting.accept(&listener));
        Self { address, shared }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Drops all connections that are open now as a NAT does: no packet passes, and no side learns of it. New
    /// connections work.
    pub(crate) fn silence_open_connections(&self) {
        for connection in &*self.shared.connections.lock().unwrap() {
            connection.silent.store(true, Ordering::SeqCst);
        }
    }

    /// Does the same to one connection, by its number.
    pub(crate) fn silence(&self, connection: usize) {
        self.shared.connections.lock().unwrap()[connection].silent.store(true, Ordering::SeqCst);
    }

    /// Closes all connections that are open now.
    pub(crate) fn close_all(&self) {
        for connection in &*self.shared.connections.lock().unwrap() {
            connection.close();
        }
    }

    /// Closes each connection as soon as a request arrives after so many.
    pub(crate) fn close_after(&self, requests: usize) {
        self.shared.requests_per_connection.store(requests, Ordering::SeqCst);
    }

    /// Responds to requests whose path begins so with these bytes, in the place of the server, and closes.
    pub(crate) fn reply(&self, path: &str, reply: impl Into<Vec<u8>>) {
        self.shared.replies.lock().unwrap().push(Reply { path: path.to_owned(), bytes: reply.into(), once: false });
    }

    /// Does the same to the next such request only.
    pub(crate) fn reply_once(&self, path: &str, reply: impl Into<Vec<u8>>) {
        self.shared.replies.lock().unwrap().push(Reply { path: path.to_owned(), bytes: reply.into(), once: true });
    }

    /// Lets the server respond to everything again.
    pub(crate) fn heal(&self) {
        self.shared.replies.lock().unwrap().clear();
        self.close_after(usize::MAX);
    }

    /// How many connections were accepted so far.
    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.lock().unwrap().len()
    }

    /// The first bytes of all requests so far, head and all that came with it, with the number of the
    /// connection that each came by.
    pub(crate) fn requests(&self) -> Vec<(usize, String)> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// How many requests of a path there were.
    pub(crate) fn requests_of(&self, path: &str) -> usize {
        let is_of = |request: &str| request.lines().next().is_some_and(|line| line.contains(path));
        self.requests().iter().filter(|(_, request)| is_of(request)).count()
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        for connection in &*self.shared.connections.lock().unwrap() {
            connection.close();
        }
        // Wakes the thread that accepts.
        drop(TcpStream::connect(self.address));
    }
}

impl Shared {
    fn accept(self: Arc<Self>, listener: &TcpListener) {
        for client in listener.incoming() {
            if self.over.load(Ordering::SeqCst) {
                return;
            }
            let (Ok(client), Ok(server)) = (client, TcpStream::connect(self.server)) else { continue };
            drop((client.set_nodelay(true), server.set_nodelay(true)));
            let connection = Arc::new(Connection {
                client,
                server,
                silent: AtomicBool::new(false),
                answered: AtomicBool::new(true),
                requests: AtomicUsize::new(0),
            });
            let number = {
                let mut connections = self.connections.lock().unwrap();
                connections.push(Arc::clone(&connection));
                connections.len() - 1
            };
            let (requests, its) = (Arc::clone(&self), Arc::clone(&connection));
            thread::spawn(move || requests.pass_requests(number, &its));
            thread::spawn(move || connection.pass_responses());
        }
    }

    fn pass_requests(&self, number: usize, connection: &Connection) {
        let mut buffer = [0; 16 * 1024];
        while let Ok(length @ 1..) = (&connection.client).read(&mut buffer) {
            let bytes = &buffer[..length];
            if connection.answered.swap(false, Ordering::SeqCst) {
                let request = String::from_utf8_lossy(bytes).into_owned();
                let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
                self.requests.lock().unwrap().push((number, request));
                let requests = connection.requests.fetch_add(1, Ordering::SeqCst);
                if requests >= self.requests_per_connection.load(Ordering::SeqCst) {
                    break;
                }
                if let Some(reply) = self.reply_to(&path) {
                    drop((&connection.client).write_all(&reply));
                    break;
                }
            }
            if !connection.silent.load(Ordering::SeqCst) && (&connection.server).write_all(bytes).is_err() {
                break;
            }
        }
        connection.end();
    }
}

impl Shared {
    fn reply_to(&self, path: &str) -> Option<Vec<u8>> {
        let mut replies = self.replies.lock().unwrap();
        let place = replies.iter().position(|reply| path.starts_with(&reply.path))?;
        let Reply { bytes, once, .. } = replies[place].clone();
        if once {
            replies.remove(place);
        }
        Some(bytes)
    }
}

impl Connection {
    fn pass_responses(&self) {
        let mut buffer = [0; 16 * 1024];
        while let Ok(length @ 1..) = (&self.server).read(&mut buffer) {
            self.answered.store(true, Ordering::SeqCst);
            if !self.silent.load(Ordering::SeqCst) && (&self.client).write_all(&buffer[..length]).is_err() {
                break;
            }
        }
        self.end();
    }

    /// Ends a connection, unless its sides are not to learn of it.
    fn end(&self) {
        if !self.silent.load(Ordering::SeqCst) {
            self.close();
        }
    }

    fn close(&self) {
        drop((self.client.shutdown(Shutdown::Both), self.server.shutdown(Shutdown::Both)));
    }
}
