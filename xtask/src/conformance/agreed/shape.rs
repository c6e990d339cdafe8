//! The shape of a flag list that every engine can read.

use super::super::json::Json;
use super::select::is_plain_name;

/// Whether every flag has what is needed, in the right types.
pub(super) fn holds(flags: &Json) -> bool {
    matches!(flags, Json::List(_)) && flags.items().iter().all(flag_holds)
}

fn flag_holds(flag: &Json) -> bool {
    let key = flag.get("key").and_then(Json::as_text);
    // An index-like key would come first in a JavaScript object, and with it in the order of
    // evaluation.
    let key_holds = key.is_some_and(|key| is_plain_name(key) && !key.bytes().all(|byte| byte.is_ascii_digit()));
    let variants = flag.get("variants").is_some_and(|variants| {
        matches!(variants, Json::Object(_))
            && variants
                .members()
                .iter()
                .all(|(name, variant)| is_plain_name(name) && is_text(variant, "key") && metadata_holds(variant))
    });
    key_holds
        && variants
        && is_list(flag, "segments", segment_holds)
        && optional(flag, "dependencies", |keys| keys.as_texts().is_some())
        && metadata_holds(flag)
}

fn segment_holds(segment: &Json) -> bool {
    matches!(segment, Json::Object(_))
        && optional(segment, "conditions", conditions_hold)
        && optional(segment, "bucket", bucket_holds)
        && optional(segment, "variant", |name| name.as_text().is_some_and(is_plain_name))
        && metadata_holds(segment)
}

/// Row 17: no inner lists at all.
fn conditions_hold(conditions: &Json) -> bool {
    let inner_holds = |inner: &Json| matches!(inner, Json::List(_)) && inner.items().iter().all(condition_holds);
    !conditions.items().is_empty() && conditions.items().iter().all(inner_holds)
}

fn condition_holds(condition: &Json) -> bool {
    is_text(condition, "op")
        && ["selector", "values"].iter().all(|name| condition.get(name).and_then(Json::as_texts).is_some())
}

fn bucket_holds(bucket: &Json) -> bool {
    let distribution =
        |item: &Json| item.get("variant").and_then(Json::as_text).is_some_and(is_plain_name) && range_holds(item);
    is_text(bucket, "salt")
        && bucket.get("selector").and_then(Json::as_texts).is_some()
        && is_list(bucket, "allocations", |item| range_holds(item) && is_list(item, "distributions", distribution))
}

fn range_holds(object: &Json) -> bool {
    let is_whole = |number: &Json| matches!(number, Json::Number(text) if text.parse::<u32>().is_ok());
    object.get("range").is_some_and(|range| range.items().len() == 2 && range.items().iter().all(is_whole))
}

fn metadata_holds(object: &Json) -> bool {
    optional(object, "metadata", |metadata| matches!(metadata, Json::Object(_)))
}

fn is_text(object: &Json, name: &str) -> bool {
    object.get(name).is_some_and(|value| value.as_text().is_some())
}

fn is_list(object: &Json, name: &str, holds: impl Fn(&Json) -> bool) -> bool {
    object.get(name).is_some_and(|list| matches!(list, Json::List(_)) && list.items().iter().all(holds))
}

fn optional(object: &Json, name: &str, holds: impl Fn(&Json) -> bool) -> bool {
    object.field(name).is_none_or(holds)
}
