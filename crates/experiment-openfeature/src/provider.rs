//! The provider.

use std::fmt;
use std::sync::Arc;

use experiment::{CloseReport, Evaluate, EvaluateOptions, LocalEvaluationClient, User, Variant, VariantRef};
use open_feature::provider::{FeatureProvider, ProviderMetadata, ProviderStatus, ResolutionDetails};
use open_feature::{
    EvaluationContext, EvaluationError, EvaluationErrorCode as Code, EvaluationResult, StructValue, async_trait,
};

use crate::context;
use crate::details::{metadata, name, reason};
use crate::events::ProviderEvents;
use crate::lifecycle::{Lifecycle, Readiness};
use crate::read::{Read, Unread};

/// What the error says, as `EvaluationErrorCode::General`, when a user gets a flag's default variant and that holds
/// nothing of the type asked for: nothing is wrong, and a default of the caller's own is to be used.
pub const NO_VALUE: &str = "NO_VALUE";

/// An OpenFeature provider that decides flags by local evaluation.
///
/// A cheap handle: clones share the client and its life, so that one can be given to OpenFeature, and another kept to
/// follow [events](ExperimentProvider::events) and to [close](ExperimentProvider::close). Options are each clone's own:
/// set them before cloning.
///
/// ```no_run
/// use experiment::LocalEvaluationClient;
/// use experiment_openfeature::ExperimentProvider;
/// use experiment_openfeature::open_feature::OpenFeature;
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let provider = ExperimentProvider::new(LocalEvaluationClient::builder("server-…").build()?);
/// // Starts the client, and waits until there are flags.
/// OpenFeature::singleton_mut().await.set_provider(provider.clone()).await;
///
/// // When the program ends:
/// let report = provider.close().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ExperimentProvider {
    metadata: ProviderMetadata,
    evaluator: Arc<dyn Evaluate>,
    lifecycle: Lifecycle,
    tracks_exposure: bool,
}

impl ExperimentProvider {
    /// A provider over a client, which it starts when OpenFeature initializes it, unless that was done before.
    #[must_use]
    pub fn new(client: LocalEvaluationClient) -> Self {
        Self::over(Arc::new(client.clone()), Lifecycle::of(client))
    }

    /// A provider over anything that decides, such as what stands in for a client in tests: itself, or an [`Arc`] of it.
    /// It is ready as soon as it is initialized. Exposures go to its `track_exposure`, which does nothing unless it is
    /// implemented.
    #[must_use]
    pub fn from_evaluator(evaluator: impl Evaluate + 'static) -> Self {
        Self::over(Arc::new(evaluator), Lifecycle::without_client())
    }

    fn over(evaluator: Arc<dyn Evaluate>, lifecycle: Lifecycle) -> Self {
        Self { metadata: ProviderMetadata::new("experiment"), evaluator, lifecycle, tracks_exposure: true }
    }

    /// Says whether to resolve a flag is to expose the user to it. Default: yes. Nothing is tracked where the client has
    /// no options of tracking exposures; it warns of that once. Clones that were made before stay as they are: set it
    /// before cloning.
    #[must_use]
    pub fn with_tracks_exposure(mut self, tracks: bool) -> Self {
        self.tracks_exposure = tracks;
        self
    }

    /// Says whether initializing only begins to fetch flags, and does not wait for them. Default: no. Clones that were
    /// made before stay as they are: set it before cloning.
    #[must_use]
    pub fn with_start_in_background(mut self, background: bool) -> Self {
        self.lifecycle.background = background;
        self
    }

    /// Listens for events, from now on. If the provider is ready, stale or failing already, that is the first.
    #[must_use]
    pub fn events(&self) -> ProviderEvents {
        ProviderEvents::new(&self.lifecycle)
    }

    /// Closes the client, which sends the exposures that wait, and resolves no more until it is initialized again. The
    /// same for all clones.
    pub async fn close(&self) -> CloseReport {
        self.lifecycle.close().await
    }

    fn resolve<T: Read>(&self, flag: &str, context: &EvaluationContext) -> EvaluationResult<ResolutionDetails<T>> {
        let stale = match self.lifecycle.readiness() {
            Readiness::Ready => false,
            Readiness::Stale => true,
            Readiness::NotReady | Readiness::Error { .. } => {
                return Err(error(Code::ProviderNotReady, self.lifecycle.why_not_ready()));
            }
        };
        let user = context::user(context)?;
        let variants = self.evaluator.evaluate_with(&user, &EvaluateOptions::default().with_flag_keys([flag]));
        let Some(variant) = variants.get(flag) else {
            return Err(error(Code::FlagNotFound, "there is no such flag, or it gives this user nothing"));
        };
        let value = T::read(&variant).map_err(|unread| unreadable::<T>(&user, &variant, unread))?;
        self.expose(&user, flag, variant);
        Ok(ResolutionDetails {
            value,
            variant: name(&variant),
            reason: Some(reason(&variant, stale)),
            flag_metadata: Some(metadata(&variant)),
        })
    }

    /// Tracks the flag alone, for those that it depends on are not shown. Defaults are no exposures, and the service takes
    /// no events of nobody.
    fn expose(&self, user: &User, flag: &str, variant: VariantRef<'_>) {
        if self.tracks_exposure && !variant.is_default() && context::has_id(user) {
            let shown = [(flag, shown(variant))].into_iter().collect();
            self.evaluator.track_exposure(user, &shown);
        }
    }
}

/// The variant as an exposure names it. Repeats are known by the key, so the value stands in where there is none.
fn shown(variant: VariantRef<'_>) -> Variant {
    match variant.value() {
        Some(value) if variant.key().is_none_or(str::is_empty) => variant
            .metadata()
            .iter()
            .fold(Variant::new(value), |shown, (key, value)| shown.with_metadata(key, value.clone())),
        _ => Variant::from(variant),
    }
}

pub(crate) fn error(code: Code, message: impl Into<String>) -> EvaluationError {
    EvaluationError::builder().code(code).message(message).build()
}

fn unreadable<T: Read>(user: &User, variant: &VariantRef<'_>, unread: Unread) -> EvaluationError {
    match unread {
        Unread::Malformed(message) => error(Code::ParseError, message),
        Unread::Mismatch if variant.is_default() && !context::identifies(user) => {
            let message = format!(
                "the flag gave its default variant, which holds no {}, and there is neither a targeting key nor a device \
                 id nor a group that it could decide by",
                T::NAME
            );
            error(Code::TargetingKeyMissing, message)
        }
        Unread::Mismatch if variant.is_default() => {
            let message = format!("the user gets the flag's default variant, which holds no {}: use your own", T::NAME);
            error(Code::General(NO_VALUE.to_owned()), message)
        }
        Unread::Mismatch => {
            error(Code::TypeMismatch, format!("neither value nor payload of the variant is of type {}", T::NAME))
        }
    }
}

impl fmt::Debug for ExperimentProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExperimentProvider")
            .field("lifecycle", &self.lifecycle)
            .field("tracks_exposure", &self.tracks_exposure)
            .finish_non_exhaustive()
    }
}

/// Nothing here waits but `initialize`: flags are decided at once.
#[async_trait]
impl FeatureProvider for ExperimentProvider {
    /// Starts the client and waits until there are flags. If there are none in time, the client keeps trying, and the
    /// provider is ready once it has some.
    async fn initialize(&mut self, _context: &EvaluationContext) {
        self.lifecycle.initialize().await;
    }

    fn status(&self) -> ProviderStatus {
        self.lifecycle.readiness().into()
    }

    fn metadata(&self) -> &ProviderMetadata {
        &self.metadata
    }

    async fn resolve_bool_value(
        &self,
        flag_key: &str,
        context: &EvaluationContext,
    ) -> EvaluationResult<ResolutionDetails<bool>> {
        self.resolve(flag_key, context)
    }

    async fn resolve_int_value(
        &self,
        flag_key: &str,
        context: &EvaluationContext,
    ) -> EvaluationResult<ResolutionDetails<i64>> {
        self.resolve(flag_key, context)
    }

    async fn resolve_float_value(
        &self,
        flag_key: &str,
        context: &EvaluationContext,
    ) -> EvaluationResult<ResolutionDetails<f64>> {
        self.resolve(flag_key, context)
    }

    async fn resolve_string_value(
        &self,
        flag_key: &str,
        context: &EvaluationContext,
    ) -> EvaluationResult<ResolutionDetails<String>> {
        self.resolve(flag_key, context)
    }

    async fn resolve_struct_value(
        &self,
        flag_key: &str,
        context: &EvaluationContext,
    ) -> EvaluationResult<ResolutionDetails<StructValue>> {
        self.resolve(flag_key, context)
    }
}
