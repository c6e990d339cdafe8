//! Comparisons as text, versions, letter case and null.

use std::cmp::Ordering;

use super::super::json::Json;
use super::super::rng::Rng;
use super::Row;
use super::example::{Example, word};

pub(super) const ROWS: &[Row] = &[
    Row::new("2", "a comparison with no number on a side is on text", text_comparison),
    Row::new("4", "`set is not` and `regex does not match` hold of null", negative_on_null),
    Row::new("5", "a version comparison with no version on a side is on text", version_as_text),
    Row::new("18", "a version may have a build, which is ignored", build),
    Row::new("19", "a pre-release may have `_`, a leading zero, a last dot, or nothing", loose_pre_release),
    Row::new("20", "version numbers are exact in 64 bits", big_version),
    Row::new("21", "digits and letters past ASCII, or a last newline, make no version", version_past_ascii),
    Row::new("23", "text order is by UTF-16 unit", utf16_order),
    Row::new("24", "lower case is by the full rules", full_lower_case),
    Row::new("35", "a lone surrogate becomes the replacement character", lone_surrogate),
    Row::new("36", "numbers written differently are different texts", number_texts),
];

/// Whether a comparison holds of two texts that stand in this order.
type Holds = fn(Ordering) -> bool;

/// Each comparison's last words, and on which orders it holds.
const COMPARISONS: [(&str, Holds); 4] = [
    ("less", Ordering::is_lt),
    ("less or equal", Ordering::is_le),
    ("greater", Ordering::is_gt),
    ("greater or equal", Ordering::is_ge),
];

/// A comparison of the property with one value; `order` is how they stand.
pub(super) fn compare(rng: &mut Rng, prefix: &str, property: &str, value: &str, order: Option<Ordering>) -> Example {
    let (op, holds) = rng.pick(&COMPARISONS);
    Example::condition(Some(Json::text(property)), &format!("{prefix}{op}"), &[value], order.is_some_and(holds))
}

fn text_comparison(rng: &mut Rng) -> Example {
    let (one, other) = (word(rng), if rng.percent(50) { word(rng) } else { rng.below(100).to_string() });
    let (property, value) = if rng.percent(50) { (one, other) } else { (other, one) };
    let order = property.cmp(&value);
    compare(rng, "", &property, &value, Some(order))
}

fn negative_on_null(rng: &mut Rng) -> Example {
    let value = if rng.percent(30) { "(none)".to_owned() } else { word(rng) };
    let property = rng.percent(50).then_some(Json::Null);
    Example::condition(property, rng.pick(&["set is not", "regex does not match"]), &[&value], true)
}

fn version(rng: &mut Rng) -> [u64; 3] {
    [(); 3].map(|()| rng.below(200) as u64)
}

fn written([major, minor, patch]: [u64; 3]) -> String {
    format!("{major}.{minor}.{patch}")
}

fn version_as_text(rng: &mut Rng) -> Example {
    let (one, other) = (written(version(rng)), if rng.percent(50) { word(rng) } else { rng.below(100).to_string() });
    let (property, value) = if rng.percent(50) { (one, other) } else { (other, one) };
    let order = property.cmp(&value);
    compare(rng, "version ", &property, &value, Some(order))
}

fn build(rng: &mut Rng) -> Example {
    let (property, value) = (version(rng), version(rng));
    let suffix = format!("+{}", rng.pick(&["5", "build.7", "a-b", "001"]));
    compare(rng, "version ", &(written(property) + &suffix), &written(value), Some(property.cmp(&value)))
}

fn loose_pre_release(rng: &mut Rng) -> Example {
    let (property, value) = (version(rng), version(rng));
    let suffix = format!("-{}", rng.pick(&["a_1", "_", "01", "rc.", ""]));
    // A pre-release comes before its release.
    let order = property.cmp(&value).then(Ordering::Less);
    compare(rng, "version ", &(written(property) + &suffix), &written(value), Some(order))
}

fn big_version(rng: &mut Rng) -> Example {
    let at = rng.below(3);
    let mut property = [rng.below(3) as u64, rng.below(3) as u64, rng.below(3) as u64];
    let mut value = property;
    let big = rng.pick(&[(1 << 32) - 1, (1 << 32) + 1, 1 << 53, (1 << 60) + 8, u64::MAX - 1]);
    // Neighbours, so that rounding shows, or a smaller number that is larger as text.
    let other = rng.pick(&[big, big + 1, 9]);
    (property[at], value[at]) = if rng.percent(50) { (big, other) } else { (other, big) };
    compare(rng, "version ", &written(property), &written(value), Some(property.cmp(&value)))
}

fn version_past_ascii(rng: &mut Rng) -> Example {
    let (value, other) = (written(version(rng)), written(version(rng)));
    let property = match rng.below(3) {
        0 => format!("{other}\n"),
        1 => format!("{other}-é"),
        _ => format!("\u{661}{other}"),
    };
    let order = property.cmp(&value);
    compare(rng, "version ", &property, &value, Some(order))
}

fn utf16_order(rng: &mut Rng) -> Example {
    let high = char::from_u32(0xe000 + rng.below(0x1ff0) as u32).filter(|c| !c.is_control()).unwrap_or('\u{ff01}');
    let past = char::from_u32(0x1_f600 + rng.below(64) as u32).unwrap_or('😀');
    let start = word(rng);
    let texts = [format!("{start}{high}"), format!("{start}{past}")];
    // A character past U+FFFF is two units from U+D800 on.
    let (property, value, order) = if rng.percent(50) {
        (&texts[0], &texts[1], Ordering::Greater)
    } else {
        (&texts[1], &texts[0], Ordering::Less)
    };
    let prefix = rng.pick(&["", "version "]);
    compare(rng, prefix, property, value, Some(order))
}

fn full_lower_case(rng: &mut Rng) -> Example {
    let stem = rng.pick(&["ΌΔΟ", "ΛΌΓΟ", "ΝΌΜΟ"]);
    let lower = stem.to_lowercase();
    let (property, value, holds) = match rng.below(4) {
        0 => (format!("{stem}Σ"), format!("{lower}ς"), true),
        1 => (format!("{stem}Σ"), format!("{lower}σ"), false),
        2 => (format!("{stem}Σα"), format!("{lower}σα"), true),
        _ => {
            let end = word(rng);
            (format!("İ{end}"), format!("i\u{307}{end}"), true)
        }
    };
    let op = rng.pick(&["contains", "does not contain"]);
    Example::condition(Some(Json::text(property)), op, &[&value], holds == (op == "contains"))
}

fn lone_surrogate(rng: &mut Rng) -> Example {
    let surrogate = 0xd800 + rng.below(0x800);
    let end = word(rng);
    let property = Json::Raw(format!("\"\\u{surrogate:04x}{end}\""));
    let text = format!("\u{fffd}{end}");
    if rng.percent(50) {
        return Example::bucket(rng, property, &text);
    }
    Example::condition(Some(property), "is", &[&text], true)
}

fn number_texts(rng: &mut Rng) -> Example {
    let number = rng.between(1, 1_000).to_string();
    let value = match rng.below(4) {
        0 => format!("0{number}"),
        1 => format!("{number}.0"),
        2 => format!("{number}e0"),
        _ => format!("+{number}"),
    };
    let property = if rng.percent(50) { Json::number(number) } else { Json::text(number) };
    Example::condition(Some(property), "is", &[&value], false)
}
