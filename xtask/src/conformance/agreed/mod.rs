//! The area in which the official JavaScript and Python engines and ours must agree.
//!
//! This is the one place that says what the differential run may emit. A case is inside when
//! nothing in it is a thing on which the engines are known to differ; the generator emits only what
//! is inside and the shrinker never leaves it, so every difference found is a failure. It errs on
//! the side of leaving out: where a condition selects a result, every value that the result could
//! have is looked at. Row numbers in comments are those of the known differences (`rows`), which
//! stage three runs one at a time.

mod condition;
mod number;
mod pattern;
mod select;
mod shape;
mod value;

use super::case::Case;
use super::json::Json;

pub(crate) use pattern::is_common as pattern_is_common;
pub(crate) use value::text as text_of;

/// Whether the engines must agree on a case.
pub(crate) fn holds(case: &Case) -> bool {
    shape::holds(&case.flags) && keys_hold(case) && case.flags.items().iter().all(|flag| flag_holds(flag, case))
}

/// Whether a condition may be asked of this context beside these flags.
pub(crate) fn condition_holds(condition: &Json, flags: &[Json], context: &Json) -> bool {
    let selector = condition.get("selector").and_then(Json::as_texts);
    let values = condition.get("values").and_then(Json::as_texts);
    let op = condition.get("op").and_then(Json::as_text);
    let (Some(selector), Some(values), Some(op)) = (selector, values, op) else {
        return false;
    };
    match select::possible(&selector, flags, context) {
        Some(selected) => selected.into_iter().all(|value| condition::applies(value, op, &values)),
        None => false,
    }
}

/// Whether a bucket may hash what it selects from this context.
pub(crate) fn bucket_holds(bucket: &Json, flags: &[Json], context: &Json) -> bool {
    let Some(selector) = bucket.get("selector").and_then(Json::as_texts) else {
        return false;
    };
    match select::possible(&selector, flags, context) {
        Some(selected) => selected.into_iter().all(value::hashes_alike),
        None => false,
    }
}

fn flag_holds(flag: &Json, case: &Case) -> bool {
    let flags = case.flags.items();
    let segments = flag.get("segments").map_or(&[][..], Json::items);
    segments.iter().all(|segment| {
        let conditions = segment.get("conditions").map_or(&[][..], Json::items);
        let buckets = segment.field("bucket").into_iter();
        conditions.iter().flat_map(Json::items).all(|condition| condition_holds(condition, flags, &case.context))
            && buckets.into_iter().all(|bucket| bucket_holds(bucket, flags, &case.context))
    })
}

/// Row 34: an empty list of keys means nothing to one engine and everything to the others.
fn keys_hold(case: &Case) -> bool {
    case.flag_keys.as_ref().is_none_or(|keys| keys.as_texts().is_some_and(|keys| !keys.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inside(property: Json, op: &str, values: &[&str]) -> bool {
        let selector = Json::texts(["context", "user", "p"]);
        let condition =
            Json::object([("selector", selector), ("op", Json::text(op)), ("values", Json::texts(values.to_vec()))]);
        condition_holds(&condition, &[], &Json::object([("user", Json::object([("p", property)]))]))
    }

    #[test]
    fn comparisons_need_numbers_on_both_sides() {
        assert!(inside(Json::text(" 1e3 "), "less", &["10", "word"]));
        assert!(!inside(Json::text("word"), "less", &["10"]));
        assert!(!inside(Json::int(5), "less", &["word"]));
        assert!(!inside(Json::int(5), "less", &["0x10"]));
        assert!(inside(Json::text("word"), "less", &[]));
    }

    #[test]
    fn values_that_count_as_nothing_somewhere_are_outside() {
        for nothing in [
            Json::int(0),
            Json::number("0.0"),
            Json::Bool(false),
            Json::text(""),
            Json::List(Vec::new()),
            Json::Object(Vec::new()),
        ] {
            assert!(!inside(nothing, "is", &["a"]));
        }
        assert!(inside(Json::Null, "is", &["(none)"]));
        assert!(!inside(Json::Null, "set is not", &["a"]));
        assert!(!inside(Json::List(vec![Json::Null]), "set is", &["a"]));
    }

    #[test]
    fn booleans_are_words_only_where_case_does_not_count() {
        assert!(inside(Json::Bool(true), "is", &["TRUE"]));
        assert!(inside(Json::Bool(true), "contains", &["rU"]));
        assert!(!inside(Json::Bool(true), "regex match", &["t"]));
        assert!(!inside(Json::List(vec![Json::Bool(true)]), "set is", &["true"]));
    }

    #[test]
    fn versions_with_a_build_are_outside() {
        assert!(inside(Json::text("1.2.3-a_1"), "version less", &["1.10", "word"]));
        assert!(!inside(Json::text("1.2.3+5"), "version less", &["1.10"]));
        assert!(!inside(Json::text("1.2.3"), "version less", &["1.2.3-é"]));
    }
}
