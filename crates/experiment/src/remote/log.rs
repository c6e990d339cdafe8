//! What remote evaluation logs.

use evaluation_core::{User, Variants};
use transport::{Chain, TransportError};

use crate::logs::Json;

pub(super) fn fetched(user: &User, fetched: &Result<Variants, TransportError>) {
    match fetched {
        Ok(variants) => {
            tracing::debug!(target: "experiment", variants = variants.len(), "variants were fetched");
            tracing::trace!(target: "experiment", user = %Json(user), variants = %Json(variants), "fetched");
        }
        Err(error) => tracing::warn!(target: "experiment", error = %Chain(error), "variants were not fetched"),
    }
}
