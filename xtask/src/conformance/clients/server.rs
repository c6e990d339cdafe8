//! Our server, in this process, serving a world.

use std::path::Path;
use std::time::Duration;

use experiment_server::{DEFAULT_DEPLOYMENT_KEY, Request, Route, Server};
use tokio::runtime::Handle;

use super::world::World;

/// How long events and requests may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running server. It stops when this is dropped.
#[derive(Debug)]
pub(super) struct Ours {
    pub(super) server: Server,
    pub(super) world: World,
    runtime: Handle,
}

impl Ours {
    /// Starts it with the examples. The page is one that browsers let ask it.
    pub(super) fn start(runtime: &Handle, examples: &Path, page: Option<&str>) -> Result<Self, String> {
        let world = World::new(examples)?;
        let mut builder = Server::builder()
            .path(world.flags_path())
            .cohorts_path(world.cohorts_path())
            .deployment_key(DEFAULT_DEPLOYMENT_KEY);
        if let Some(origin) = page {
            builder = builder.cors_origin(origin);
        }
        let server =
            runtime.block_on(builder.start()).map_err(|error| format!("our server does not start: {error}"))?;
        Ok(Self { server, world, runtime: runtime.clone() })
    }

    /// Waits until something holds; false if it does not come to it.
    pub(super) fn until(&self, holds: impl FnMut(&Server) -> bool) -> bool {
        self.runtime.block_on(self.server.until(PATIENCE, holds))
    }

    /// The answered requests of a route since they were last forgotten.
    pub(super) fn requests(&self, route: Route) -> Vec<Request> {
        let requests = self.server.requests().into_iter();
        let ok = |request: &Request| request.status.is_some_and(|status| status.is_success());
        requests.filter(|request| request.route == route && ok(request)).collect()
    }
}

impl Drop for Ours {
    fn drop(&mut self) {
        self.runtime.block_on(self.server.shutdown());
    }
}
