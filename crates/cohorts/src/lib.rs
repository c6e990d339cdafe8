//! Cohorts and who is in them.
//!
//! Flags may ask which cohorts a user or a group is in. This crate reads cohorts ([`Cohort::from_json`],
//! [`read_folder`]), keeps them so that asking is quick ([`CohortStore`]), and lets flags be decided by them
//! ([`EnrichedUser`]):
//!
//! ```
//! use cohorts::{Cohort, CohortStore, EnrichedUser};
//! use evaluation_core::{FlagSet, User};
//!
//! let flags = FlagSet::from_json(br#"[{
//!     "key": "beta-nav",
//!     "variants": {"on": {"key": "on"}},
//!     "segments": [{
//!         "conditions": [[{"selector": ["context", "user", "cohort_ids"], "op": "set contains any", "values": ["beta"]}]],
//!         "variant": "on"
//!     }]
//! }]"#)?;
//! let mut store = CohortStore::new();
//! store.insert(&Cohort::new("beta", ["user-1"]));
//!
//! let user = User::with_user_id("user-1");
//! assert!(flags.variant(&EnrichedUser::new(&user, &store), "beta-nav").is_some());
//! # Ok::<(), evaluation_core::JsonError>(())
//! ```
//!
//! Nothing of this asks a network. With the feature `sync`, the module of that name downloads cohorts and keeps them up to
//! date.

mod cohort;
mod enriched;
mod fingerprint;
mod folder;
mod left_out;
mod members;
mod read;
mod store;
#[cfg(feature = "sync")]
pub mod sync;

pub use cohort::{Cohort, CohortError, CohortJsonError, USER_GROUP_TYPE};
pub use enriched::EnrichedUser;
pub use folder::{Folder, FolderError, read_folder};
pub use left_out::LeftOut;
pub use store::{CohortStore, StoredCohort};

/// The examples of the README file, tested as they stand.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
