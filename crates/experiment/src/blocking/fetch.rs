//! Fetching that is waited for, whatever does it.

use std::sync::Arc;

use evaluation_core::{User, Variants};
use transport::TransportError;

use super::RemoteEvaluationClient;
use crate::remote::FetchOptions;

/// Asks which variants a user gets, and waits for the answer. What application code without async may depend on, so that
/// tests can put something else in the place of a client.
pub trait Fetch: Send + Sync {
    /// The variants of all flags for a user.
    ///
    /// # Errors
    /// When they could not be had.
    fn fetch(&self, user: &User) -> Result<Variants, TransportError> {
        self.fetch_with(user, &FetchOptions::default())
    }

    /// The same with options.
    ///
    /// # Errors
    /// When they could not be had.
    fn fetch_with(&self, user: &User, options: &FetchOptions) -> Result<Variants, TransportError>;
}

macro_rules! behind_pointers {
    ($($pointer:ty),*) => {$(
        impl<T: Fetch + ?Sized> Fetch for $pointer {
            fn fetch(&self, user: &User) -> Result<Variants, TransportError> {
                (**self).fetch(user)
            }

            fn fetch_with(&self, user: &User, options: &FetchOptions) -> Result<Variants, TransportError> {
                (**self).fetch_with(user, options)
            }
        }
    )*};
}

behind_pointers!(&T, Box<T>, Arc<T>);

impl Fetch for RemoteEvaluationClient {
    fn fetch_with(&self, user: &User, options: &FetchOptions) -> Result<Variants, TransportError> {
        Self::fetch_with(self, user, options)
    }
}
