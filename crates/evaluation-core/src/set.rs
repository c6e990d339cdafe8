//! Compiled flag sets: the way into the engine.

use std::fmt;
use std::sync::Arc;

use crate::compile::{compile, compile_json};
use crate::compiled::Compiled;
use crate::context::EvaluationContext;
use crate::decide::{Explanation, evaluate_all, evaluate_keys, evaluate_one, explain};
use crate::diagnostic::{Diagnostic, Severity};
use crate::value::JsonError;
use crate::variants::{VariantRef, Variants};
use crate::wire;

/// Flags made ready for evaluation.
///
/// Immutable, and a cheap handle: clones share everything. Deciding cannot fail; what is wrong with flags is found when
/// they are compiled and told by [`FlagSet::diagnostics`].
///
/// ```
/// use evaluation_core::{FlagSet, User};
///
/// let flags = FlagSet::from_json(br#"[{
///     "key": "new-nav",
///     "variants": {"on": {"key": "on", "value": "on"}, "off": {"key": "off", "metadata": {"default": true}}},
///     "segments": [
///         {
///             "conditions": [[{"selector": ["context", "user", "country"], "op": "is", "values": ["Norway"]}]],
///             "variant": "on"
///         },
///         {"variant": "off"}
///     ]
/// }]"#)?;
/// let user = User::builder().user_id("user-1").country("Norway").build();
/// assert!(flags.evaluate(&user, &[]).is_on("new-nav"));
/// # Ok::<(), evaluation_core::JsonError>(())
/// ```
#[derive(Clone, Default)]
pub struct FlagSet {
    compiled: Arc<Compiled>,
}

impl FlagSet {
    /// Reads and compiles a JSON list of flags, as the service delivers them and as files hold them.
    ///
    /// A flag that cannot be read is left out and reported; all others work. So is only a variant that cannot be read, if
    /// no segment names it, and a dependency that is no string. One byte order mark at the beginning is skipped.
    ///
    /// # Errors
    /// When the text as a whole is not a JSON list, or all flags in it are in the format used before 2023 or in that
    /// of the Management API.
    pub fn from_json(json: impl AsRef<[u8]>) -> Result<Self, JsonError> {
        compile_json(json.as_ref()).map(Self::new)
    }

    /// Compiles flags. Those that cannot be used are left out and reported.
    #[must_use]
    pub fn compile(flags: &[wire::Flag<'_>]) -> Self {
        Self::new(compile(flags))
    }

    fn new(compiled: Compiled) -> Self {
        Self { compiled: Arc::new(compiled) }
    }

    /// Decides flags for a user or another context.
    ///
    /// With keys, only those flags and what they depend on; without, all. Keys that no flag has are passed over.
    /// Evaluating all flags allocates the result, and for nearly all flags nothing else. What may take more is what
    /// [`FlagSet::variant`] lists, but for dependencies, and more than some 8,000 distinct conditions: those on cohorts
    /// and costly ones, such as `contains`, `set contains` and regular expressions, count twice. Evaluating some flags by
    /// their keys also allocates what puts them in order.
    pub fn evaluate<C: EvaluationContext + ?Sized>(&self, context: &C, keys: &[&str]) -> Variants {
        let outcomes = match keys {
            [] => evaluate_all(&self.compiled, context),
            keys => evaluate_keys(&self.compiled, context, keys),
        };
        Variants::compiled(Arc::clone(&self.compiled), outcomes)
    }

    /// Decides one flag, and what it depends on. For nearly all flags that allocates nothing. What may:
    ///
    /// - `contains` and its opposite of a text that is longer than 128 bytes or not ASCII
    /// - regular expressions, above all the first time, and those that backtrack
    /// - texts that begin with `[`, since they may be lists
    /// - values that have to be put together or turned into text: objects, lists inside of lists, lists that are bucketed
    ///   by; the user, its groups or the results as a whole
    /// - `set is`, `set contains` and their opposites with more than 64 values; `set contains` also with a boolean that
    ///   is spelled in several ways
    /// - looked-up cohorts ([`EvaluationContext::membership`]) that are asked about in other ways than by
    ///   `set contains any` and its opposite, or with `(none)`
    /// - more than 64 flags that this one depends on
    #[inline]
    pub fn variant<C: EvaluationContext + ?Sized>(&self, context: &C, key: &str) -> Option<VariantRef<'_>> {
        let flag = self.compiled.find(key)?;
        VariantRef::compiled(&self.compiled, flag, evaluate_one(&self.compiled, context, flag))
    }

    /// Decides one flag, and explains why. None if the set has no such flag.
    ///
    /// ```
    /// use evaluation_core::{FlagSet, User};
    ///
    /// let flags = FlagSet::from_json(br#"[{
    ///     "key": "new-nav",
    ///     "variants": {"on": {"key": "on"}},
    ///     "segments": [{"variant": "on", "metadata": {"segmentName": "Everyone"}}]
    /// }]"#)?;
    /// let explanation = flags.explain(&User::with_user_id("user-1"), "new-nav").unwrap();
    /// assert_eq!(explanation.to_string(), "\
    /// new-nav: on, by segment 0 \"Everyone\"
    ///   segment 0 \"Everyone\" matches everyone
    /// ");
    /// # Ok::<(), evaluation_core::JsonError>(())
    /// ```
    pub fn explain<C: EvaluationContext + ?Sized>(&self, context: &C, key: &str) -> Option<Explanation> {
        explain(&self.compiled, context, self.compiled.find(key)?)
    }

    /// What was found wrong with the flags.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.compiled.diagnostics
    }

    /// The diagnostics of flags that were left out.
    pub fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics().iter().filter(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// The path of a dependency cycle that some flags reach; with no keys, that any flag reaches.
    ///
    /// Such flags are left out of the set. Other engines refuse a request that reaches one.
    #[must_use]
    pub fn reaches_cycle(&self, keys: &[&str]) -> Option<&str> {
        let mut cyclic = self.compiled.cyclic.iter();
        let found = cyclic.find(|(flag, _)| keys.is_empty() || keys.contains(&&**flag));
        found.map(|(_, cycle)| &**cycle)
    }

    /// The keys of the flags, in UTF-16 order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &str> {
        let flags = &self.compiled.flags;
        self.compiled.by_key.iter().map(|index| flags.get(*index as usize).map(|flag| &*flag.key).unwrap_or_default())
    }

    /// True when the set has a flag of this key.
    #[must_use]
    pub fn contains(&self, key: &str) -> bool {
        self.compiled.find(key).is_some()
    }

    /// How many flags there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.compiled.flags.len()
    }

    /// True when there are no flags.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.compiled.flags.is_empty()
    }

    /// The cohorts that flags ask about: group types in order, each with the ids of its cohorts in order. The group
    /// type of users is `User`.
    pub fn cohort_ids(&self) -> impl ExactSizeIterator<Item = (&str, impl ExactSizeIterator<Item = &str>)> {
        self.compiled.cohorts.iter().map(|cohorts| (&*cohorts.group_type, cohorts.ids.iter().map(|id| &**id)))
    }
}

impl fmt::Debug for FlagSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let diagnostics = self.diagnostics().len();
        f.debug_struct("FlagSet").field("flags", &self.len()).field("diagnostics", &diagnostics).finish()
    }
}
