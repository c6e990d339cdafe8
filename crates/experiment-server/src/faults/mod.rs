//! Faults by script: what goes wrong for the next requests.

mod body;
mod fault;
mod layer;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(crate) use body::FaultyBody;
pub use fault::Fault;
pub(crate) use fault::{Action, End};
pub(crate) use layer::{limit, meet};

use crate::Route;

/// The script of faults: for each route a queue, of which each request takes one, and what holds when it is empty.
///
/// A cheap handle; clones share the script.
///
/// ```
/// use std::time::Duration;
///
/// use experiment_server::{Fault, Route, Server};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = Server::builder().start().await?;
/// // The next two polls fail, the third is slow, and all that follow are as usual.
/// server.faults().script(
///     Route::Flags,
///     [Fault::status(503), Fault::too_many_requests(Duration::from_secs(1)), Fault::none().after(Duration::from_millis(50))],
/// );
/// // Streams fail until this is cleared.
/// server.faults().always(Route::Stream, Fault::status(501));
/// server.faults().clear();
/// # server.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Faults {
    scripts: Arc<Mutex<HashMap<Route, Script>>>,
}

#[derive(Debug, Default)]
struct Script {
    next: VecDeque<Fault>,
    always: Option<Fault>,
}

impl Faults {
    /// Adds one fault for the next request that has none yet.
    pub fn once(&self, route: Route, fault: Fault) {
        self.script(route, [fault]);
    }

    /// Adds faults for the next requests, in order.
    pub fn script(&self, route: Route, faults: impl IntoIterator<Item = Fault>) {
        self.lock().entry(route).or_default().next.extend(faults);
    }

    /// What every request meets for which nothing is scripted.
    pub fn always(&self, route: Route, fault: Fault) {
        self.lock().entry(route).or_default().always = Some(fault);
    }

    /// How many scripted faults wait for their request.
    #[must_use]
    pub fn pending(&self, route: Route) -> usize {
        self.lock().get(&route).map_or(0, |script| script.next.len())
    }

    /// Takes the faults of one route away.
    pub fn clear_route(&self, route: Route) {
        self.lock().remove(&route);
    }

    /// Takes all faults away.
    pub fn clear(&self) {
        self.lock().clear();
    }

    pub(crate) fn take(&self, route: Route) -> Option<Fault> {
        let mut scripts = self.lock();
        let script = scripts.get_mut(&route)?;
        script.next.pop_front().or_else(|| script.always.clone())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Route, Script>> {
        self.scripts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_taken_in_order_and_then_what_holds_always() {
        let faults = Faults::default();
        faults.script(Route::Flags, [Fault::status(500), Fault::none()]);
        faults.always(Route::Flags, Fault::status(501));
        let taken: Vec<Option<Fault>> = (0..4).map(|_| faults.take(Route::Flags)).collect();
        let expected = [Fault::status(500), Fault::none(), Fault::status(501), Fault::status(501)];
        assert_eq!(taken, expected.map(Some));
        assert_eq!(faults.take(Route::Stream), None);
        faults.clear_route(Route::Flags);
        assert_eq!((faults.take(Route::Flags), faults.pending(Route::Flags)), (None, 0));
    }
}
