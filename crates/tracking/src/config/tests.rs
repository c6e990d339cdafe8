use std::time::Duration;

use serde_json::json;
use transport::ServerZone;

use super::*;

fn settings(options: serde_json::Value) -> Result<Settings, ConfigError> {
    Settings::new(&serde_json::from_value(options).unwrap(), ServerZone::Us)
}

#[test]
fn every_option_is_read_by_its_name() {
    let json = json!({
        "apiKey": "key", "cacheCapacity": 1, "sendEvaluatedProps": true,
        "serverZone": "EU", "serverUrl": "http://localhost:1/path", "useBatch": true, "flushIntervalMillis": 2,
        "flushQueueSize": 3, "flushMaxRetries": 4, "requestTimeoutMillis": 5, "minIdLength": 6, "optOut": true,
        "plan": {"branch": "b", "source": "s", "version": "v", "versionId": "i"},
        "ingestionMetadata": {"sourceName": "n", "sourceVersion": "w"},
        "queueCapacity": 7, "closeTimeoutMillis": 8, "spoolFolder": "/spool", "spoolMaxBytes": 9
    });
    let config: AssignmentConfig = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(config, set());
    assert_eq!((config.api_key.as_str(), config.cache_capacity, config.send_evaluated_props), ("key", 1, true));
    let settings = Settings::new(&config.delivery, ServerZone::Us).unwrap();
    assert_eq!(settings.url.to_string(), "http://localhost:1/path");
    let times = [settings.flush_interval, settings.request_timeout, settings.close_timeout];
    assert_eq!(times, [2, 5, 8].map(Duration::from_millis));
    assert_eq!((settings.flush_size, settings.chunk_events, settings.capacity), (3, 3, 7));
    assert_eq!((settings.attempts, settings.min_id_length, settings.opt_out), (4, 6, true));
    assert_eq!(settings.spool, Some(("/spool".into(), 9)));
    let common: serde_json::Value = serde_json::from_str(&format!("{{{}", settings.common)).unwrap();
    assert_eq!(common["plan"], json["plan"]);
    assert_eq!(common["ingestion_metadata"], json!({"source_name": "n", "source_version": "w"}));
    assert_eq!(common["library"], format!("amplitude-experiment-rust/{}", env!("CARGO_PKG_VERSION")));
    let written = serde_json::to_value(&config).unwrap();
    assert_eq!(written["serverZone"], "eu");
    assert_eq!(serde_json::from_value::<AssignmentConfig>(written).unwrap(), config);
}

/// The same by setters.
fn set() -> AssignmentConfig {
    let plan = Plan::default().with_branch("b").with_source("s").with_version("v").with_version_id("i");
    let delivery = DeliveryOptions::default()
        .with_server_zone(ServerZone::Eu)
        .with_server_url("http://localhost:1/path")
        .with_use_batch(true)
        .with_flush_interval(Duration::from_millis(2))
        .with_flush_queue_size(3)
        .with_flush_max_retries(4)
        .with_request_timeout(Duration::from_millis(5))
        .with_min_id_length(6)
        .with_opt_out(true)
        .with_plan(plan)
        .with_ingestion_metadata(IngestionMetadata::default().with_source_name("n").with_source_version("w"))
        .with_queue_capacity(7)
        .with_close_timeout(Duration::from_millis(8))
        .with_spool_folder("/spool")
        .with_spool_max_bytes(9);
    AssignmentConfig::new("key").with_cache_capacity(1).with_send_evaluated_props(true).with_delivery(delivery)
}

#[test]
fn an_exposure_config_reads_and_writes_alike() {
    let config = ExposureConfig::new("key");
    let written = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<ExposureConfig>(&written).unwrap(), config);
    assert_eq!(serde_json::from_str::<ExposureConfig>(r#"{"apiKey": "key"}"#).unwrap(), config);
    let (zone, capacity) = (DeliveryOptions::default().with_server_zone(ServerZone::Unrecognized), 3);
    let config = config.with_cache_capacity(capacity).with_delivery(zone);
    let read: ExposureConfig =
        serde_json::from_str(r#"{"apiKey": "key", "serverZone": "europe", "cacheCapacity": 3}"#).unwrap();
    assert_eq!(read, config);
    assert_eq!(serde_json::from_str::<ExposureConfig>(&serde_json::to_string(&read).unwrap()).unwrap(), config);
}

#[test]
fn options_that_nobody_knows_are_refused_by_their_names() {
    for (json, named) in [
        (json!({"apiKey": "hush", "flushInterval": 1}), "flushInterval"),
        (json!({"apiKey": "hush", "sendEvaluatedProps": true}), "sendEvaluatedProps"),
        (json!({"apiKey": ["hush"]}), "apiKey"),
        (json!({"apiKey": 8_675_309}), "`exposureConfig.apiKey` is a number"),
        (json!({"apiKey": "hush", "plan": "hush"}), "`exposureConfig.plan` is a string"),
        (json!({"apiKey": "hush", "serverZone": 8_675_309}), "serverZone"),
        (json!("hush"), "`exposureConfig` is a string"),
    ] {
        let error = serde_json::from_value::<ExposureConfig>(json).unwrap_err().to_string();
        assert!(error.contains(named) && !error.contains("hush") && !error.contains("8675309"), "{error}");
    }
    let error = serde_json::from_str::<AssignmentConfig>(r#""hush""#).unwrap_err().to_string();
    assert!(error.contains("`assignmentConfig` is a string") && !error.contains("hush"), "{error}");
}

#[test]
fn the_url_is_that_of_the_zone_unless_one_is_given() {
    for (options, zone, url) in [
        (json!({}), ServerZone::Us, "https://api2.amplitude.com/2/httpapi"),
        (json!({}), ServerZone::Eu, "https://api.eu.amplitude.com/2/httpapi"),
        (json!({"useBatch": true}), ServerZone::Us, "https://api2.amplitude.com/batch"),
        (json!({"serverZone": "EU", "useBatch": true}), ServerZone::Us, "https://api.eu.amplitude.com/batch"),
        (json!({"serverZone": "us"}), ServerZone::Eu, "https://api2.amplitude.com/2/httpapi"),
        (json!({"serverZone": "europe"}), ServerZone::Eu, "https://api2.amplitude.com/2/httpapi"),
        (json!({"serverZone": null}), ServerZone::Eu, "https://api.eu.amplitude.com/2/httpapi"),
        (json!({"serverZone": ""}), ServerZone::Eu, "https://api.eu.amplitude.com/2/httpapi"),
        (json!({"serverUrl": "http://localhost:8000"}), ServerZone::Us, "http://localhost:8000/"),
        (json!({"serverUrl": "http://localhost/proxy/2/httpapi"}), ServerZone::Eu, "http://localhost/proxy/2/httpapi"),
        (json!({"serverUrl": "http://localhost/proxy/"}), ServerZone::Us, "http://localhost/proxy/"),
    ] {
        let options: DeliveryOptions = serde_json::from_value(options).unwrap();
        assert_eq!(Settings::new(&options, zone).unwrap().url.to_string(), url);
    }
}

#[test]
fn only_the_endpoint_for_batches_is_sent_large_uploads() {
    for (options, large) in [
        (json!({}), false),
        (json!({"useBatch": true}), true),
        (json!({"serverUrl": "http://localhost/batch"}), true),
        (json!({"serverUrl": "http://localhost/2/httpapi", "useBatch": true}), false),
    ] {
        assert_eq!(settings(options.clone()).unwrap().chunk_bytes > 1_000_000, large, "{options}");
    }
}

#[test]
fn what_cannot_be_used_is_refused_by_its_name() {
    for option in
        ["flushIntervalMillis", "flushQueueSize", "requestTimeoutMillis", "queueCapacity", "closeTimeoutMillis"]
    {
        let error = settings(json!({ option: 0 })).unwrap_err().to_string();
        assert!(error.contains(option), "{error}");
    }
    let error = settings(json!({"spoolFolder": "x", "spoolMaxBytes": 0})).unwrap_err().to_string();
    assert!(error.contains("spoolMaxBytes"), "{error}");
    let error = settings(json!({"serverUrl": "ftp://user:hunter2@host"})).unwrap_err().to_string();
    assert!(error.contains("serverUrl") && !error.contains("hunter2"), "{error}");
    assert!(matches!(ApiKey::new(" \n"), Err(ConfigError::NoApiKey)));
}

#[test]
fn an_upload_holds_no_more_than_the_service_takes() {
    let settings = settings(json!({"flushQueueSize": 5000, "flushMaxRetries": 0})).unwrap();
    assert_eq!((settings.flush_size, settings.chunk_events, settings.attempts), (5000, 2000, 1));
}

#[test]
fn no_key_and_no_password_is_shown() {
    let mut config = AssignmentConfig::new("hush");
    config.delivery.server_url = "http://user:hunter2@host".to_owned();
    let shown = format!("{config:?} {:?} {:?}", ExposureConfig::new("hush"), ApiKey::new("hush"));
    assert!(!shown.contains("hush") && !shown.contains("hunter2"), "{shown}");
}
