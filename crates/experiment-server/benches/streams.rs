//! How long a change of the flags file takes to reach every open stream, and what streams cost.
//!
//! `cargo bench -p experiment-server --bench streams -- [STREAMS] [CHANGES]`
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench prints, and stops where something is wrong"
)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many flags are served; the bench workload's first ones.
const FLAGS: usize = 50;

fn main() {
    let numbers: Vec<usize> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let streams = numbers.first().copied().unwrap_or(1000);
    let changes = numbers.get(1).copied().unwrap_or(20);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(measure(streams, changes));
}

async fn measure(streams: usize, changes: usize) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flags.json");
    let bytes = write(&path, 0);
    let server = Program::start(&path);
    let idle = server.resident();
    let (arrived, mut arrivals) = mpsc::channel(streams);
    let started = Instant::now();
    for _ in 0..streams {
        let stream = open(&server.address).await;
        tokio::spawn(follow(stream, arrived.clone()));
    }
    wait(&mut arrivals, streams, 0).await;
    println!("{streams} streams open with {FLAGS} flags of {bytes} bytes after {:.0} ms", ms(started.elapsed()));
    println!("server's memory: {:.1} MB idle, {:.1} MB with the streams", mb(idle), mb(server.resident()));
    let mut all = Vec::new();
    let mut last = Vec::new();
    for change in 1..=changes {
        let started = Instant::now();
        write(&path, change);
        let mut times = wait(&mut arrivals, streams, change).await;
        times.sort_unstable();
        last.push(times[streams - 1] - started);
        all.extend(times.iter().map(|time| *time - started));
    }
    all.sort_unstable();
    last.sort_unstable();
    let at = |share: f64| ms(all[((all.len() - 1) as f64 * share) as usize]);
    println!("{changes} changes of the file, from the write to the last byte at each stream:");
    println!("  p50 {:.1} ms, p99 {:.1} ms, slowest {:.1} ms", at(0.5), at(0.99), at(1.0));
    println!(
        "  all streams reached after {:.1} ms at the median, {:.1} ms at worst",
        ms(last[changes / 2]),
        ms(last[changes - 1])
    );
    println!("server's memory after that: {:.1} MB", mb(server.resident()));
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// The last flag is within so many bytes.
const TAIL: usize = 80;

/// Puts a set of flags in the file's place, with the number of the change in it. How large it is.
fn write(path: &Path, change: usize) -> usize {
    let workload = concat!(env!("CARGO_MANIFEST_DIR"), "/../../xtask/workload/flags-medium.json");
    let flags: Vec<serde_json::Value> = serde_json::from_slice(&fs::read(workload).unwrap()).unwrap();
    let mut flags = flags[..FLAGS].to_vec();
    flags.push(serde_json::json!({"key": format!("change-{change}."), "variants": {}, "segments": []}));
    let text = serde_json::to_string(&flags).unwrap();
    let new = path.with_extension("new");
    fs::write(&new, &text).unwrap();
    fs::rename(new, path).unwrap();
    text.len()
}

async fn open(address: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request =
        "GET /sdk/stream/v1/flags HTTP/1.1\r\nhost: bench\r\nauthorization: Api-Key local-deployment-key\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// Tells the number of every change once its message is here as a whole.
async fn follow(mut stream: TcpStream, arrived: mpsc::Sender<(usize, Instant)>) {
    let mut buffer = Vec::new();
    let mut chunk = vec![0; 64 << 10];
    loop {
        let read = stream.read(&mut chunk).await.unwrap();
        if read == 0 {
            return;
        }
        let now = Instant::now();
        buffer.extend_from_slice(&chunk[..read]);
        // A change is written only when the one before has come, so that a message ends what was read; the flag with
        // its number is the last one. Behind it a chunk ends.
        if !buffer.ends_with(b"]\n\n\r\n") {
            continue;
        }
        let tail = String::from_utf8_lossy(&buffer[buffer.len() - TAIL..]);
        let number = tail.split_once("\"change-").unwrap().1.split_once('.').unwrap().0.parse().unwrap();
        buffer.clear();
        if arrived.send((number, now)).await.is_err() {
            return;
        }
    }
}

/// When the change came to each stream.
async fn wait(arrivals: &mut mpsc::Receiver<(usize, Instant)>, streams: usize, change: usize) -> Vec<Instant> {
    let mut times = Vec::with_capacity(streams);
    while times.len() < streams {
        let (number, time) = timeout(PATIENCE, arrivals.recv()).await.unwrap().unwrap();
        if number == change {
            times.push(time);
        }
    }
    times
}

/// The server as a program of its own.
struct Program {
    child: Child,
    address: String,
}

impl Program {
    fn start(path: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_experiment-server"))
            .arg("serve")
            .arg(path)
            .args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
            .env("RUST_LOG", "error")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = lines.by_ref().find_map(|line| Some(line.unwrap().split_once("http://")?.1.to_owned())).unwrap();
        // The pipe stays open behind the lines, so that the server can go on writing.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address: url.split_whitespace().next().unwrap().to_owned() }
    }

    /// What it holds in memory, in bytes; 0 where that cannot be told.
    fn resident(&self) -> u64 {
        let pages = fs::read_to_string(format!("/proc/{}/statm", self.child.id())).unwrap_or_default();
        pages.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or_default() * 4096
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Both fail only when it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
