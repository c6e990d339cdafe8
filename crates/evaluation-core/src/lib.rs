//! Decides feature flag and experiment variants from flag configs, exactly as Amplitude Experiment's engines do.
//!
//! This crate is the engine alone: it does no I/O, has no clock and starts no threads. Give it flag configs from a file
//! or from memory, and a user:
//!
//! ```
//! use evaluation_core::{FlagSet, User};
//!
//! let flags = FlagSet::from_json(br#"[{
//!     "key": "checkout",
//!     "variants": {
//!         "control": {"key": "control", "value": "control"},
//!         "treatment": {"key": "treatment", "value": "treatment", "payload": {"color": "blue"}}
//!     },
//!     "segments": [{
//!         "bucket": {
//!             "selector": ["context", "user", "user_id"],
//!             "salt": "Qx1",
//!             "allocations": [{"range": [0, 100], "distributions": [
//!                 {"variant": "control", "range": [0, 21474836]},
//!                 {"variant": "treatment", "range": [21474836, 42949673]}
//!             ]}]
//!         }
//!     }]
//! }]"#)?;
//! let user = User::with_user_id("user-1");
//! let variants = flags.evaluate(&user, &[]);
//! let checkout = variants.get("checkout").unwrap();
//! println!("{:?} because\n{}", checkout.value(), flags.explain(&user, "checkout").unwrap());
//! # Ok::<(), evaluation_core::JsonError>(())
//! ```
//!
//! # How it works
//!
//! [`FlagSet::compile`] does once what can be done once: dependency order, selectors, operators, numbers, versions,
//! patterns, sets of values, the state of each bucket's hash behind its salt. What is wrong with a flag is reported
//! ([`FlagSet::diagnostics`]) and never takes other flags down. Evaluation of a compiled set cannot fail.
//!
//! Users are read in place through [`EvaluationContext`], and results share the compiled variants.
//!
//! # Untrusted input
//!
//! No flag config and no user makes the crate panic. Patterns run in linear time where they can and within a bound on
//! backtracking where they cannot; a bound on size holds for all patterns of a set together. JSON nests at most 128
//! levels. Diagnostics are short, and no more than a few of one kind for each flag.
//!
//! Flag configs and users have no limit of their own: time and memory grow with them. Conditions on a flag's result take
//! room for one bit, and one test, for each variant and segment that it can give; searches that backtrack take their time
//! for each element of a list.

mod compile;
mod compiled;
mod context;
mod decide;
mod diagnostic;
mod murmur3;
mod operator;
mod pattern;
mod set;
mod text;
mod user;
mod value;
mod variants;
pub mod wire;

pub use context::{EvaluationContext, Membership, Selected, Selector};
pub use decide::{AllocationTrace, BucketTrace, ConditionTrace, DistributionTrace, Explanation, SegmentTrace};
pub use diagnostic::{Diagnostic, DiagnosticKind, Severity};
pub use murmur3::murmur3_32;
pub use operator::{Operator, UnknownOperator};
pub use set::FlagSet;
pub use text::Version;
pub use user::{User, UserBuilder, UserDiagnostic};
pub use value::{JsonError, Object, ObjectIntoIter, ObjectIter, Received, Value, skip_byte_order_mark};
pub use variants::{Metadata, ReadError, Variant, VariantRef, Variants, VariantsIter};

/// The examples of the README files, tested as they stand.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
