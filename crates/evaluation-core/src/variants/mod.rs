//! What evaluation gives: variants by flag key.

mod metadata;
mod owned;
mod read;
mod variant;

use std::fmt;
use std::slice;
use std::sync::Arc;

use serde::ser::{Serialize, Serializer};

pub use metadata::Metadata;
pub use owned::Variant;
pub use variant::{ReadError, VariantRef};

use crate::compiled::{Compiled, OutcomeId};
use crate::diagnostic::Diagnostic;
use crate::text::compare_utf16;

/// Variants by flag key: the result of an evaluation.
///
/// From local evaluation these are indices beside a handle of the flags, so that nothing of the flags is copied; from
/// elsewhere, an owned map. Both read alike. Flags that yield nothing are not in it; those that were evaluated only
/// because another depends on them are.
///
/// ```
/// use evaluation_core::{Variant, Variants};
///
/// let variants: Variants = [("new-nav", Variant::new("on").with_value("on"))].into_iter().collect();
/// assert!(variants.is_on("new-nav"));
/// assert!(!variants.is_on("missing"));
/// ```
#[derive(Clone)]
pub struct Variants {
    repr: Repr,
}

#[derive(Clone)]
enum Repr {
    /// The outcome of each flag of a set.
    Compiled { set: Arc<Compiled>, outcomes: Vec<OutcomeId> },
    Owned {
        /// In UTF-16 order of the keys.
        variants: Vec<(Box<str>, Variant)>,
        diagnostics: Box<[Diagnostic]>,
    },
}

impl Variants {
    pub(crate) fn compiled(set: Arc<Compiled>, outcomes: Vec<OutcomeId>) -> Self {
        Self { repr: Repr::Compiled { set, outcomes } }
    }

    fn owned(variants: Vec<(Box<str>, Variant)>) -> Self {
        Self { repr: Repr::Owned { variants, diagnostics: Box::default() } }
    }

    /// What was found wrong with the variants when they were read: [`Variants::from_json`]. An error names a flag whose
    /// variant was left out; a warning, one whose variant is there although something about it is odd.
    ///
    /// Variants that were decided locally have none: [`FlagSet::diagnostics`](crate::FlagSet::diagnostics) has those of
    /// their flags.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        match &self.repr {
            Repr::Compiled { .. } => &[],
            Repr::Owned { diagnostics, .. } => diagnostics,
        }
    }

    /// The variant of a flag.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<VariantRef<'_>> {
        match &self.repr {
            Repr::Compiled { set, outcomes } => {
                let flag = set.find(key)?;
                VariantRef::compiled(set, flag, *outcomes.get(flag as usize)?)
            }
            Repr::Owned { variants, .. } => {
                let place = variants.binary_search_by(|(known, _)| compare_utf16(known, key)).ok()?;
                variants.get(place).map(|(_, variant)| VariantRef::owned(variant))
            }
        }
    }

    /// True when a flag's value is `on`: what plain feature flags give.
    #[must_use]
    pub fn is_on(&self, key: &str) -> bool {
        self.get(key).is_some_and(|variant| variant.is_on())
    }

    /// True when a flag yielded a variant.
    #[must_use]
    pub fn contains(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// The keys of the flags that yielded a variant, in UTF-16 order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|(key, _)| key)
    }

    /// The variants in UTF-16 order of their flags' keys.
    #[must_use]
    pub fn iter(&self) -> VariantsIter<'_> {
        VariantsIter(match &self.repr {
            Repr::Compiled { set, outcomes } => Left::Compiled { set, outcomes, flags: set.by_key.iter() },
            Repr::Owned { variants, .. } => Left::Owned(variants.iter()),
        })
    }

    /// The variants without those of metadata `default`, and without those of flags that are not deployed (metadata
    /// `deployed`): what the older calls `evaluate` and `fetch` of other SDKs give.
    ///
    /// ```
    /// use evaluation_core::{Variant, Variants};
    ///
    /// let off = Variant::new("off").with_metadata("default", true);
    /// let variants: Variants = [("a", Variant::new("on")), ("b", off)].into_iter().collect();
    /// assert_eq!(variants.assigned().map(|(flag, _)| flag).collect::<Vec<_>>(), ["a"]);
    /// ```
    pub fn assigned(&self) -> impl Iterator<Item = (&str, VariantRef<'_>)> {
        self.iter().filter(|(_, variant)| !variant.is_default() && variant.is_deployed())
    }

    /// How many flags yielded a variant. Counts them.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.repr {
            Repr::Compiled { outcomes, .. } => outcomes.iter().filter(|outcome| outcome.is_some()).count(),
            Repr::Owned { variants, .. } => variants.len(),
        }
    }

    /// True when no flag yielded a variant.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }
}

impl<'a> IntoIterator for &'a Variants {
    type Item = (&'a str, VariantRef<'a>);
    type IntoIter = VariantsIter<'a>;

    fn into_iter(self) -> VariantsIter<'a> {
        self.iter()
    }
}

/// The variants of a result, in UTF-16 order of their flags' keys.
#[derive(Clone)]
pub struct VariantsIter<'a>(Left<'a>);

/// What has not been given yet.
#[derive(Clone)]
enum Left<'a> {
    Compiled { set: &'a Compiled, outcomes: &'a [OutcomeId], flags: slice::Iter<'a, u32> },
    Owned(slice::Iter<'a, (Box<str>, Variant)>),
}

impl<'a> Iterator for VariantsIter<'a> {
    type Item = (&'a str, VariantRef<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Left::Compiled { set, outcomes, flags } => flags.find_map(|index| {
                let flag = set.flags.get(*index as usize)?;
                Some((&*flag.key, VariantRef::compiled(set, *index, *outcomes.get(*index as usize)?)?))
            }),
            Left::Owned(variants) => variants.next().map(|(key, variant)| (&**key, VariantRef::owned(variant))),
        }
    }
}

impl fmt::Debug for VariantsIter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.clone()).finish()
    }
}

impl Default for Variants {
    fn default() -> Self {
        Self::owned(Vec::new())
    }
}

impl fmt::Debug for Variants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// Equal when the same flags have the same variants, wherever they come from and whatever was wrong there.
impl PartialEq for Variants {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

/// Of several variants of one key, the last counts.
impl<K: Into<Box<str>>> FromIterator<(K, Variant)> for Variants {
    fn from_iter<I: IntoIterator<Item = (K, Variant)>>(variants: I) -> Self {
        let mut variants: Vec<_> = variants.into_iter().map(|(key, variant)| (key.into(), variant)).collect();
        // The sort is stable and `dedup_by` keeps the first, so the last of each key is brought to the front.
        variants.reverse();
        variants.sort_by(|(a, _): &(Box<str>, Variant), (b, _)| compare_utf16(a, b));
        variants.dedup_by(|(a, _), (b, _)| a == b);
        Self::owned(variants)
    }
}

impl Serialize for Variants {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}
