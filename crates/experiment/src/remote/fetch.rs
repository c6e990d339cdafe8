//! Fetching, whatever does it.

use std::sync::Arc;

use evaluation_core::{User, Variants};
use transport::{BoxFuture, TransportError};

use super::{FetchOptions, RemoteEvaluationClient};

/// Asks which variants a user gets. What application code may depend on, so that tests can put something else in the
/// place of a client.
pub trait Fetch: Send + Sync {
    /// The variants of all flags for a user.
    ///
    /// # Errors
    /// When they could not be had.
    fn fetch<'a>(&'a self, user: &'a User) -> BoxFuture<'a, Result<Variants, TransportError>> {
        Box::pin(async move { self.fetch_with(user, &FetchOptions::default()).await })
    }

    /// The same with options.
    ///
    /// # Errors
    /// When they could not be had.
    fn fetch_with<'a>(
        &'a self,
        user: &'a User,
        options: &'a FetchOptions,
    ) -> BoxFuture<'a, Result<Variants, TransportError>>;
}

macro_rules! behind_pointers {
    ($($pointer:ty),*) => {$(
        impl<T: Fetch + ?Sized> Fetch for $pointer {
            fn fetch<'a>(&'a self, user: &'a User) -> BoxFuture<'a, Result<Variants, TransportError>> {
                (**self).fetch(user)
            }

            fn fetch_with<'a>(
                &'a self,
                user: &'a User,
                options: &'a FetchOptions,
            ) -> BoxFuture<'a, Result<Variants, TransportError>> {
                (**self).fetch_with(user, options)
            }
        }
    )*};
}

behind_pointers!(&T, Box<T>, Arc<T>);

impl Fetch for RemoteEvaluationClient {
    fn fetch_with<'a>(
        &'a self,
        user: &'a User,
        options: &'a FetchOptions,
    ) -> BoxFuture<'a, Result<Variants, TransportError>> {
        Box::pin(self.fetch_with(user, options))
    }
}
