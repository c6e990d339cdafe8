//! Hooks around this provider. The SDK runs them; these tests hold what they are told, and what they change.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

mod common;

use std::sync::{Arc, Mutex};

use common::{Recorder, code, off, sdk, someone};
use experiment::Variant;
use experiment_openfeature::ExperimentProvider;
use experiment_openfeature::open_feature::{
    EvaluationContext, EvaluationDetails, EvaluationError, EvaluationErrorCode as Code, EvaluationOptions, Hook,
    HookContext, HookHints, OpenFeature, Type, Value as Resolved, async_trait,
};

/// Keeps what it was told, under its name.
#[derive(Clone, Default)]
struct Told {
    name: &'static str,
    /// The stage that fails, if one does.
    fails: &'static str,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Told {
    /// Another that writes to the same lines.
    fn named(&self, name: &'static str) -> Self {
        Self { name, ..self.clone() }
    }

    fn failing(&self, stage: &'static str) -> Self {
        Self { fails: stage, ..self.clone() }
    }

    fn lines(&self) -> Vec<String> {
        std::mem::take(&mut *self.lines.lock().unwrap())
    }

    fn tell(&self, stage: &str, what: impl std::fmt::Display) -> Result<(), EvaluationError> {
        let line = format!("{} {stage} {what}", self.name);
        self.lines.lock().unwrap().push(line.trim().to_owned());
        let error = || EvaluationError::builder().code(Code::General("HOOK".to_owned())).build();
        if self.fails == stage { Err(error()) } else { Ok(()) }
    }
}

#[async_trait]
impl Hook for Told {
    async fn before<'a>(
        &self,
        context: &HookContext<'a>,
        _: Option<&'a HookHints>,
    ) -> Result<Option<EvaluationContext>, EvaluationError> {
        assert_eq!((context.flag_type.clone(), context.default_value.clone()), (Type::Int, Some(Resolved::Int(0))));
        let (provider, client) = (&context.provider_metadata.name, &context.client_metadata.name);
        let seen = context.evaluation_context.custom_fields.contains_key("country");
        self.tell("before", format!("{} {provider}/{client}, country: {seen}", context.flag_key))?;
        Ok(Some(EvaluationContext::default().with_custom_field("country", "Norway")))
    }

    async fn after<'a>(
        &self,
        _: &HookContext<'a>,
        details: &EvaluationDetails<Resolved>,
        _: Option<&'a HookHints>,
    ) -> Result<(), EvaluationError> {
        self.tell("after", format!("{:?} {}", details.value, details.reason.clone().unwrap()))
    }

    async fn error<'a>(&self, _: &HookContext<'a>, error: &EvaluationError, _: Option<&'a HookHints>) {
        self.tell("error", &error.code).unwrap();
    }

    async fn finally<'a>(&self, _: &HookContext<'a>, details: &EvaluationDetails<Resolved>, _: Option<&'a HookHints>) {
        self.tell("finally", details.reason.clone().unwrap()).unwrap();
    }
}

fn five() -> Arc<Recorder> {
    Recorder::giving([("five", Variant::new("five").with_value(5)), ("off", off())])
}

#[tokio::test]
async fn hooks_see_values_reasons_and_errors() {
    let (told, recorder) = (Told::default(), five());
    let client = sdk(ExperimentProvider::from_evaluator(recorder.clone())).await.with_hook(told.clone());
    for flag in ["five", "off", "missing"] {
        let _ = client.get_int_value(flag, Some(&someone()), None).await;
    }
    let expected = [
        "before five experiment/, country: false",
        "after Int(5) TARGETING_MATCH",
        "finally TARGETING_MATCH",
        "before off experiment/, country: false",
        "error NO_VALUE",
        "finally ERROR",
        "before missing experiment/, country: false",
        "error FLAG_NOT_FOUND",
        "finally ERROR",
    ];
    assert_eq!(told.lines(), expected);
    // What a hook adds to the context reaches the flags.
    let (user, _) = recorder.seen().remove(0);
    assert_eq!((user.user_id(), user.country()), (Some("u1"), Some("Norway")));
}

/// From the API to the call and back.
#[tokio::test]
async fn hooks_of_api_client_and_call_run_in_order() {
    let told = Told::default();
    let mut api = OpenFeature::default();
    api.set_provider(ExperimentProvider::from_evaluator(five())).await;
    api.add_hook(told.named("api")).await;
    let client = api.create_named_client("ours").with_hook(told.named("client"));
    let call = EvaluationOptions::default().with_hook(told.named("call 1")).with_hook(told.named("call 2"));
    assert_eq!(client.get_int_value("five", Some(&someone()), Some(&call)).await.unwrap(), 5);
    let expected = [
        // What one adds, the next sees.
        "api before five experiment/ours, country: false",
        "client before five experiment/ours, country: true",
        "call 1 before five experiment/ours, country: true",
        "call 2 before five experiment/ours, country: true",
        "call 2 after Int(5) TARGETING_MATCH",
        "call 1 after Int(5) TARGETING_MATCH",
        "client after Int(5) TARGETING_MATCH",
        "api after Int(5) TARGETING_MATCH",
        "call 2 finally TARGETING_MATCH",
        "call 1 finally TARGETING_MATCH",
        "client finally TARGETING_MATCH",
        "api finally TARGETING_MATCH",
    ];
    assert_eq!(told.lines(), expected);
}

#[tokio::test]
async fn a_hook_that_fails_before_keeps_flags_from_being_asked() {
    let (told, recorder) = (Told::default(), five());
    let client = sdk(ExperimentProvider::from_evaluator(recorder.clone())).await;
    let client = client.with_hook(told.named("1").failing("before")).with_hook(told.named("2"));
    let result = client.get_int_value("five", Some(&someone()), None).await;
    assert_eq!(result.unwrap_err().code, Code::General("HOOK".to_owned()));
    assert!(recorder.seen().is_empty());
    let expected = [
        "1 before five experiment/, country: false",
        "2 error HOOK",
        "1 error HOOK",
        "2 finally ERROR",
        "1 finally ERROR",
    ];
    assert_eq!(told.lines(), expected);
}

/// The SDK gives the value all the same.
#[tokio::test]
async fn a_hook_that_fails_after_is_told_to_the_others() {
    let told = Told::default();
    let client = sdk(ExperimentProvider::from_evaluator(five())).await;
    let client = client.with_hook(told.named("1")).with_hook(told.named("2").failing("after"));
    assert_eq!(client.get_int_value("five", Some(&someone()), None).await.unwrap(), 5);
    let lines = told.lines();
    let expected =
        ["2 after Int(5) TARGETING_MATCH", "2 error HOOK", "1 error HOOK", "2 finally ERROR", "1 finally ERROR"];
    assert_eq!(lines[2..], expected);
    assert_eq!(code(client.get_int_value("missing", Some(&someone()), None).await), Code::FlagNotFound);
}
