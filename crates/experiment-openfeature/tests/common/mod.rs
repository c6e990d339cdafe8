//! Providers behind the OpenFeature SDK. Each test has an API of its own, so that none sees another's provider.
#![allow(dead_code, reason = "each test file uses some of it")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use experiment::{
    Evaluate, EvaluateOptions, LocalEvaluationClient, LocalEvaluationClientBuilder, ProxyConfig, User, Variant,
    Variants,
};
use experiment_openfeature::open_feature::provider::FeatureProvider;
use experiment_openfeature::open_feature::{
    Client, EvaluationContext, EvaluationErrorCode, EvaluationResult, OpenFeature,
};
use experiment_openfeature::{ExperimentProvider, ProviderEvent, ProviderEvents};
use experiment_server::{DEFAULT_DEPLOYMENT_KEY, Server};
use tokio::time::timeout;

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A flag that everyone has on.
pub(crate) fn on(key: &str) -> String {
    format!(
        r#"[{{"key": "{key}", "variants": {{"on": {{"key": "on", "value": "on"}}}}, "segments": [{{"variant": "on"}}]}}]"#
    )
}

/// The SDK's client over a provider.
pub(crate) async fn sdk(provider: impl FeatureProvider) -> Client {
    let mut api = OpenFeature::default();
    api.set_provider(provider).await;
    api.create_client()
}

/// The same over flags.
pub(crate) async fn offline(flags: &str) -> Client {
    sdk(ExperimentProvider::new(LocalEvaluationClient::offline(flags).unwrap())).await
}

/// The same over variants that everyone gets.
pub(crate) async fn giving<const N: usize>(variants: [(&str, Variant); N]) -> Client {
    sdk(ExperimentProvider::from_evaluator(Recorder::giving(variants))).await
}

pub(crate) fn someone() -> EvaluationContext {
    EvaluationContext::default().with_targeting_key("u1")
}

/// The default variant of plain flags, which has no value.
pub(crate) fn off() -> Variant {
    Variant::new("off").with_metadata("default", true)
}

pub(crate) fn code<T: std::fmt::Debug>(result: EvaluationResult<T>) -> EvaluationErrorCode {
    let error = result.unwrap_err();
    assert!(error.message.is_some_and(|message| !message.is_empty()), "an error says what is wrong");
    error.code
}

pub(crate) async fn next(events: &mut ProviderEvents) -> ProviderEvent {
    timeout(PATIENCE, events.next()).await.expect("an event in time").expect("the provider is there")
}

/// Gives the same variants to all, and keeps who asked and how.
#[derive(Default)]
pub(crate) struct Recorder {
    variants: Variants,
    seen: Mutex<Vec<(User, EvaluateOptions)>>,
}

impl Recorder {
    pub(crate) fn giving<const N: usize>(variants: [(&str, Variant); N]) -> Arc<Self> {
        Arc::new(Self { variants: variants.into_iter().collect(), seen: Mutex::default() })
    }

    pub(crate) fn seen(&self) -> Vec<(User, EvaluateOptions)> {
        self.seen.lock().unwrap().clone()
    }
}

impl Evaluate for Recorder {
    fn evaluate_with(&self, user: &User, options: &EvaluateOptions) -> Variants {
        self.seen.lock().unwrap().push((user.clone(), options.clone()));
        self.variants.clone()
    }
}

pub(crate) async fn server(flags: &str) -> Server {
    Server::builder().flags_json(flags).start().await.unwrap()
}

/// A client that polls often, and tries again soon. A busy machine does not make its flags stale.
pub(crate) fn polling(server: &Server) -> LocalEvaluationClientBuilder {
    LocalEvaluationClient::builder(DEFAULT_DEPLOYMENT_KEY)
        .server_url(server.url())
        .proxy(ProxyConfig::Off)
        .flag_config_polling_interval(Duration::from_millis(50))
        .updater(|config| {
            config.initial_backoff = Duration::from_millis(5);
            config.stale_after = Some(Duration::from_secs(60));
        })
}
