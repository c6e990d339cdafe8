//! OpenFeature: flags by the vendor-neutral API. Values of every type, why each was given, exposures, and what the
//! provider tells of itself.
//!
//! Run it from the workspace root: `cargo run --example openfeature`.

#[macro_use]
mod output;

use std::error::Error;
use std::fmt::Debug;
use std::time::Duration;

use experiment::LocalEvaluationClient;
use experiment::tracking::{DeliveryOptions, ExposureConfig};
use experiment_openfeature::open_feature::{
    EvaluationContext, EvaluationDetails, EvaluationError, EvaluationResult, OpenFeature, StructValue, Value,
};
use experiment_openfeature::{ExperimentProvider, ProviderEvents};
use experiment_server::{DEFAULT_API_KEY, DEFAULT_DEPLOYMENT_KEY, Server};

/// A flag of each type. The first is on in Norway; all others are for everyone.
const FLAGS: &str = r#"[
    {"key": "new-nav",
     "variants": {"on": {"key": "on", "value": "on"}, "off": {"key": "off", "metadata": {"default": true}}},
     "segments": [
        {"conditions": [[{"selector": ["context", "user", "country"], "op": "is", "values": ["Norway"]}]], "variant": "on"},
        {"variant": "off"}
     ]},
    {"key": "page-size", "variants": {"large": {"key": "large", "value": "50"}}, "segments": [{"variant": "large"}]},
    {"key": "discount", "variants": {"spring": {"key": "spring", "value": "0.15"}}, "segments": [{"variant": "spring"}]},
    {"key": "greeting", "variants": {"short": {"key": "short", "value": "Hi"}}, "segments": [{"variant": "short"}]},
    {"key": "upload-limits",
     "variants": {"large": {"key": "large", "value": "large", "payload": {"max_megabytes": 500, "formats": ["jpeg", "raw"]}}},
     "segments": [{"variant": "large"}]}
]"#;

/// The payload of `upload-limits`, as this program reads it.
#[derive(Debug)]
struct Limits {
    max_megabytes: i64,
}

impl TryFrom<StructValue> for Limits {
    type Error = &'static str;

    fn try_from(value: StructValue) -> Result<Self, Self::Error> {
        match value.fields.get("max_megabytes") {
            Some(Value::Int(max_megabytes)) => Ok(Self { max_megabytes: *max_megabytes }),
            _ => Err("`max_megabytes` is no integer"),
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // In the place of the service. Leave the URLs away to use the service.
    let server = Server::builder().flags_json(FLAGS).start().await?;
    let delivery = DeliveryOptions::default().with_server_url(format!("{}/2/httpapi", server.url()));
    let exposures = ExposureConfig::new(DEFAULT_API_KEY).with_delivery(delivery);
    let client = LocalEvaluationClient::builder(DEFAULT_DEPLOYMENT_KEY)
        .server_url(server.url())
        .stream_server_url(server.url())
        .stream_updates(true)
        .exposure_tracking(exposures)
        .build()?;

    // OpenFeature gets one handle, starts the client, and waits for flags. The other is for events, and to close.
    let provider = ExperimentProvider::new(client);
    let mut events = provider.events();
    let flags = {
        let mut api = OpenFeature::singleton_mut().await;
        api.set_provider(provider.clone()).await;
        api.create_client()
    };
    next(&mut events).await?;

    // The targeting key is the user id; fields that are not of a user are its properties.
    let lars = EvaluationContext::default().with_targeting_key("lars").with_custom_field("country", "Norway");
    show(flags.get_bool_details("new-nav", Some(&lars), None).await)?;
    show(flags.get_int_details("page-size", Some(&lars), None).await)?;
    show(flags.get_float_details("discount", Some(&lars), None).await)?;
    show(flags.get_string_details("greeting", Some(&lars), None).await)?;
    let limits: Limits = show(flags.get_struct_details("upload-limits", Some(&lars), None).await)?;
    println!("uploads of up to {} MB", limits.max_megabytes);

    // Who is not targeted gets the flag's default, and is not exposed.
    let emma = EvaluationContext::default().with_targeting_key("emma").with_custom_field("country", "Canada");
    show(flags.get_bool_details("new-nav", Some(&emma), None).await)?;

    // There is a value or an error. The default of a call is what the caller makes of the error.
    for flag in ["no-such-flag", "greeting"] {
        let size = flags.get_int_value(flag, Some(&lars), None).await.unwrap_or_else(|error| {
            println!("{flag}: {}", said(&error));
            20
        });
        println!("{flag}: {size} by default");
    }

    println!("Now Canada gets the new navigation …");
    server.set_flags(FLAGS.replacen("\"Norway\"", "\"Norway\", \"Canada\"", 1))?;
    next(&mut events).await?;
    show(flags.get_bool_details("new-nav", Some(&emma), None).await)?;

    // To resolve a flag is to expose the user to it. What waits is sent now.
    let report = provider.close().await;
    println!("all exposures are sent: {}", report.events.is_complete());
    for event in server.events() {
        println!("arrived: {}", event.json());
    }
    server.shutdown().await;
    Ok(())
}

/// Prints a value, and why it was given.
fn show<T: Debug>(resolved: EvaluationResult<EvaluationDetails<T>>) -> Result<T, Box<dyn Error>> {
    // OpenFeature's errors are none of the standard library's.
    let details = resolved.map_err(|error| said(&error))?;
    let (variant, reason) = (details.variant.unwrap_or_default(), details.reason.unwrap_or_default());
    println!("{}: {:?}, by variant `{variant}` ({reason})", details.flag_key, details.value);
    Ok(details.value)
}

/// What an error says.
fn said(error: &EvaluationError) -> String {
    format!("{}: {}", error.code, error.message.as_deref().unwrap_or_default())
}

/// Waits for the provider's next event.
async fn next(events: &mut ProviderEvents) -> Result<(), Box<dyn Error>> {
    let event = tokio::time::timeout(Duration::from_secs(5), events.next()).await?.ok_or("the provider is gone")?;
    println!("event: {event:?}");
    Ok(())
}
