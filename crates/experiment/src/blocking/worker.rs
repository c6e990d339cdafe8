//! The thread that does a client's work.

use std::cell::Cell;
use std::fmt;
use std::io;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::block_in_place;
use tokio::time::{sleep, timeout};
use transport::task::{Panicked, caught};

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
        let task = self.handle.spawn(async move {
            // Somebody waits for it.
            let _ = told.send(caught(future).await);
        });
        let result = if OWNER.get() == self.id {
            // A callback of the client, on its thread: another takes over meanwhile.
            block_in_place(|| result.recv())
        } else {
            result.recv()
        };
        drop(task);
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
        if Handle::try_current().is_ok() {
            // Waiting is not allowed here.
            return runtime.shutdown_background();
        }
        let tasks = runtime.metrics();
        runtime.block_on(async {
            // They know that the client is gone. What they have to write is written.
            let ended = async {
                while tasks.num_alive_tasks() > 0 {
                    sleep(Duration::from_millis(1)).await;
                }
            };
            // Those that do not end are dropped.
            let _ = timeout(END, ended).await;
        });
        runtime.shutdown_timeout(END);
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").finish_non_exhaustive()
    }
}
