//! The thread that does a client's work.

use std::cell::Cell;
use std::fmt;
use std::io;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::block_in_place;
use tokio::time::{sleep, timeout};
use tracing::{Instrument, Span};
use transport::task::{Panicked, caught, lock, logged};

/// How long what is left running may take to end when the last handle is dropped.
const END: Duration = Duration::from_secs(1);

thread_local! {
    /// Whose thread this is. 0 for nobody's.
    static OWNER: Cell<u64> = const { Cell::new(0) };
}

/// A runtime with one thread, which ends when this is dropped.
pub(crate) struct Worker {
    /// None while it is being dropped.
    runtime: Option<Runtime>,
    handle: Handle,
    id: u64,
}

impl Worker {
    pub(crate) fn new() -> io::Result<Self> {
        static IDS: AtomicU64 = AtomicU64::new(1);
        let id = IDS.fetch_add(1, Ordering::Relaxed);
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("experiment")
            .on_thread_start(move || OWNER.set(id))
            .enable_all()
            .build()?;
        Ok(Self { handle: runtime.handle().clone(), runtime: Some(runtime), id })
    }

    /// Calls something that may leave work to the thread.
    pub(crate) fn enter<T>(&self, call: impl FnOnce() -> T) -> T {
        let _entered = self.handle.enter();
        call()
    }

    /// Waits for what a future comes to on the thread. A panic there is one here.
    pub(crate) fn wait<T: Send + 'static>(&self, future: impl Future<Output = T> + Send + 'static) -> T {
        let (told, result) = sync_channel(1);
        let future = async move {
            // Somebody waits for it.
            let _ = told.send(caught(future).await);
        };
        // Logs go to where the caller's do.
        self.handle.spawn(logged(future.instrument(Span::current())));
        let result = if OWNER.get() == 0 {
            result.recv()
        } else {
            // A callback of a client, on its thread: another takes over meanwhile.
            block_in_place(|| result.recv())
        };
        match result {
            Ok(Ok(result)) => result,
            Ok(Err(Panicked { message, .. })) => resume_unwind(Box::new(message.to_string())),
            // The runtime outlives all who wait.
            Err(gone) => resume_unwind(Box::new(gone.to_string())),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let Some(runtime) = self.runtime.take() else { return };
        if Handle::try_current().is_err_and(|error| error.is_missing_context()) {
            return end(runtime);
        }
        // Within another runtime, or while a thread ends, a runtime may not be waited for: somebody else does.
        let runtime = Arc::new(Mutex::new(Some(runtime)));
        let ends = Arc::clone(&runtime);
        let end = move || {
            let runtime = lock(&ends).take();
            runtime.into_iter().for_each(end);
        };
        match thread::Builder::new().name("experiment-end".to_owned()).spawn(end) {
            // Not by a callback of the client itself, which is what is to end.
            Ok(ending) if OWNER.get() != self.id => {
                // It does not panic.
                let _ = ending.join();
            }
            Ok(_) => {}
            Err(_) => lock(&runtime).take().into_iter().for_each(Runtime::shutdown_background),
        }
    }
}

/// Lets tasks that know that the client is gone write what they have to write, and ends the others.
fn end(runtime: Runtime) {
    let tasks = runtime.metrics();
    runtime.block_on(async {
        let ended = async {
            while tasks.num_alive_tasks() > 0 {
                sleep(Duration::from_millis(1)).await;
            }
        };
        let _ = timeout(END, ended).await;
    });
    runtime.shutdown_timeout(END);
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").finish_non_exhaustive()
    }
}
