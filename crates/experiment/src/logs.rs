//! Where a client's logs go: to the subscriber of the process, and to a logger of its own if it was given one.

use std::fmt;
#[cfg(feature = "logging")]
use std::future::poll_fn;
#[cfg(feature = "logging")]
use std::pin::pin;

use serde::Serialize;
#[cfg(feature = "logging")]
use tracing::dispatcher::{Dispatch, with_default};

/// What is called within this logs to where the client's logs go, and so does what it leaves running.
#[derive(Clone, Default)]
pub(crate) struct Logs {
    #[cfg(feature = "logging")]
    own: Option<Dispatch>,
    /// Each evaluation is logged.
    #[cfg(feature = "logging")]
    verbose: bool,
}

impl Logs {
    #[cfg(feature = "logging")]
    pub(crate) fn to(own: Dispatch, verbose: bool) -> Self {
        Self { own: Some(own), verbose }
    }

    /// True when evaluations log more than the process asks for.
    pub(crate) fn is_verbose(&self) -> bool {
        #[cfg(feature = "logging")]
        return self.verbose;
        #[cfg(not(feature = "logging"))]
        false
    }

    pub(crate) fn run<T>(&self, call: impl FnOnce() -> T) -> T {
        #[cfg(feature = "logging")]
        if let Some(own) = &self.own {
            return with_default(own, call);
        }
        call()
    }

    pub(crate) async fn follow<T>(&self, future: impl Future<Output = T>) -> T {
        #[cfg(feature = "logging")]
        if self.own.is_some() {
            let mut future = pin!(future);
            return poll_fn(|cx| self.run(|| future.as_mut().poll(cx))).await;
        }
        future.await
    }
}

/// As JSON, in lines that nobody gets unless they ask for everything.
pub(crate) struct Json<'a, T>(pub(crate) &'a T);

impl<T: Serialize> fmt::Display for Json<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self.0).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Logs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logs").finish_non_exhaustive()
    }
}
