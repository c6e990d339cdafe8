//! Evaluation, whatever does it.

use std::sync::Arc;

use evaluation_core::{User, Variants};

/// Decides which variants a user gets, at once and without failing. What application code may depend on, so that tests
/// can put something else in the place of a client.
pub trait Evaluate: Send + Sync {
    /// The variants of all flags for a user.
    fn evaluate(&self, user: &User) -> Variants {
        self.evaluate_with(user, &EvaluateOptions::default())
    }

    /// The same with options.
    fn evaluate_with(&self, user: &User, options: &EvaluateOptions) -> Variants;

    /// Tracks that a user is shown what was decided before. Does nothing unless it is implemented.
    #[cfg(feature = "tracking")]
    fn track_exposure(&self, user: &User, variants: &Variants) {
        let _ = (user, variants);
    }
}

macro_rules! behind_pointers {
    ($($pointer:ty),*) => {$(
        impl<T: Evaluate + ?Sized> Evaluate for $pointer {
            fn evaluate(&self, user: &User) -> Variants {
                (**self).evaluate(user)
            }

            fn evaluate_with(&self, user: &User, options: &EvaluateOptions) -> Variants {
                (**self).evaluate_with(user, options)
            }

            #[cfg(feature = "tracking")]
            fn track_exposure(&self, user: &User, variants: &Variants) {
                (**self).track_exposure(user, variants);
            }
        }
    )*};
}

behind_pointers!(&T, Box<T>, Arc<T>);

/// What to decide besides for whom.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EvaluateOptions {
    /// Only these flags, and those that they depend on. Empty means all.
    pub flag_keys: Vec<String>,
    /// Whether exposures are tracked: that the user is shown what was decided. Default: no. Says nothing to a client
    /// that was given no options of tracking exposures, which then warns once.
    #[cfg(feature = "tracking")]
    pub tracks_exposure: bool,
}

impl EvaluateOptions {
    /// Only these flags, and those that they depend on.
    #[must_use]
    pub fn with_flag_keys(mut self, flag_keys: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.flag_keys = flag_keys.into_iter().map(Into::into).collect();
        self
    }

    /// Says whether exposures are tracked.
    #[cfg(feature = "tracking")]
    #[must_use]
    pub fn with_tracks_exposure(mut self, tracks: bool) -> Self {
        self.tracks_exposure = tracks;
        self
    }
}
