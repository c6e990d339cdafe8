//! What remote evaluation logs.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use evaluation_core::{Severity, User, Variants};
use transport::task::is_ending;
use transport::{Chain, TransportError};

use crate::logs::Json;

/// Whoever fetches may do so thousands of times a second: the first failure of a series is told, and its end.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// How many fetches failed in a row.
    failures: AtomicU64,
    /// True once somebody was told of a user without ids.
    warned: AtomicBool,
}

impl Log {
    pub(super) fn asked(&self, user: &User) {
        let given = |id: Option<&str>| id.is_some_and(|id| !id.is_empty());
        if !given(user.user_id()) && !given(user.device_id()) && !self.warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                target: "experiment",
                "a user has neither a user id nor a device id: the service refuses such users; this is told once"
            );
        }
    }

    pub(super) fn fetched(&self, user: &User, fetched: &Result<Variants, TransportError>) {
        match fetched {
            Ok(variants) => {
                let failures = self.failures.swap(0, Ordering::Relaxed);
                if failures > 0 {
                    tracing::info!(target: "experiment", failures, "variants are fetched again");
                }
                tell_odd(variants);
                tracing::debug!(target: "experiment", variants = variants.len(), "variants were fetched");
                tracing::trace!(target: "experiment", user = %Json(user), variants = %Json(variants), "fetched");
            }
            // It failed because the runtime goes, which nobody is to mend.
            Err(_) if is_ending() => {}
            Err(error) if self.failures.fetch_add(1, Ordering::Relaxed) == 0 => {
                tracing::warn!(target: "experiment", error = %Chain(error), "variants were not fetched");
            }
            Err(error) => {
                tracing::debug!(target: "experiment", error = %Chain(error), "variants still are not fetched");
            }
        }
    }
}

/// How many diagnostics of one fetch are logged in full.
const TOLD: usize = 5;

/// Logs what is wrong with the variants of one fetch: one line, however many they are.
fn tell_odd(variants: &Variants) {
    let found = variants.diagnostics();
    if found.is_empty() {
        return;
    }
    let told: Vec<String> = found.iter().take(TOLD).map(ToString::to_string).collect();
    let left_out = found.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count();
    let more = found.len() - told.len();
    tracing::warn!(
        target: "experiment",
        left_out,
        diagnostics = told.join("; "),
        more,
        "some fetched variants are odd: those that cannot be read are left out"
    );
}
