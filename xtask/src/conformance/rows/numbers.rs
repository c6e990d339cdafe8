//! Numbers: their texts, and texts as numbers.

use std::cmp::Ordering;

use super::super::json::Json;
use super::super::rng::Rng;
use super::Row;
use super::example::{Example, word};
use super::texts::compare;

pub(super) const ROWS: &[Row] = &[
    Row::new("11", "a whole float keeps its point: `1.0`", whole_float),
    Row::advisory("11e", "a whole number with an exponent is a float: `1e3` is `1000.0`", whole_exponent),
    Row::advisory("12", "large and small floats have an exponent past 1e16 and below 1e-4", extreme_float),
    Row::advisory("12b", "the float `-0.0` keeps its sign", negative_zero),
    Row::new("13", "an object's text is compact JSON in the order given", object_text),
    Row::new("14", "integers are exact in 64 bits", big_integer),
    Row::new("22", "blanks around a number do not count", blanks),
    Row::advisory("22b", "`10d`, `10f`, `0x10` and `0x1p3` are no numbers", other_notations),
    Row::advisory("22c", "`1_000`, `inf`, `nan` and digits past ASCII are no numbers", other_digits),
    Row::new("22d", "the empty text is no number", empty_text),
    Row::new("22e", "a number too large is infinite", infinite),
    Row::new("22f", "`NaN` compares false with everything", nan),
    Row::new("22g", "fractions are 64-bit floats", fractions),
];

/// A property's text seen by `is`, in a list, or by a bucket.
fn has_text(rng: &mut Rng, property: Json, text: &str) -> Example {
    match rng.below(3) {
        0 => Example::condition(Some(property), "is", &[text], true),
        1 => Example::condition(Some(Json::List(vec![property])), "set is", &[text], true),
        _ => Example::bucket(rng, property, text),
    }
}

fn whole_float(rng: &mut Rng) -> Example {
    let number = rng.between(1, 1_000_000).to_string();
    let text = format!("{number}.0");
    match rng.below(3) {
        0 => Example::condition(Some(Json::number(text)), "is", &[&number], false),
        1 => has_text(rng, Json::number(&text), &text),
        _ => has_text(rng, Json::number(format!("{text}0")), &text),
    }
}

fn whole_exponent(rng: &mut Rng) -> Example {
    let (digit, zeros) = (rng.between(1, 9), rng.between(1, 6));
    let property = Json::number(format!("{digit}e{zeros}"));
    has_text(rng, property, &format!("{digit}{}.0", "0".repeat(zeros)))
}

fn extreme_float(rng: &mut Rng) -> Example {
    let (digit, fraction) = (rng.between(1, 9), rng.between(1, 9));
    match rng.below(3) {
        0 => {
            let exponent = rng.between(5, 20);
            has_text(
                rng,
                Json::number(format!("{digit}.{fraction}e-{exponent}")),
                &format!("{digit}.{fraction}e-{exponent:02}"),
            )
        }
        1 => {
            let exponent = rng.between(16, 30);
            has_text(
                rng,
                Json::number(format!("{digit}.{fraction}e{exponent}")),
                &format!("{digit}.{fraction}e+{exponent}"),
            )
        }
        _ => {
            let zeros = rng.between(6, 14);
            let text = format!("{digit}{fraction}{}.0", "0".repeat(zeros - 1));
            has_text(rng, Json::number(&text), &text)
        }
    }
}

fn negative_zero(rng: &mut Rng) -> Example {
    has_text(rng, Json::number("-0.0"), "-0.0")
}

fn object_text(rng: &mut Rng) -> Example {
    let value = |rng: &mut Rng| match rng.below(6) {
        0 => Json::int(rng.between(1, 99) as i64),
        1 => Json::text("é<&>/\"\\\n"),
        2 => Json::List(vec![Json::Null, Json::Bool(true), Json::number("2.5")]),
        3 => Json::object([("z", Json::int(1)), ("a", Json::int(2))]),
        4 => Json::Object(Vec::new()),
        _ => Json::text(word(rng)),
    };
    let members = (0..rng.between(1, 4)).map(|at| (format!("{}{at}", word(rng)), value(rng)));
    let property = Json::object(members.collect::<Vec<_>>());
    let text = property.to_string();
    has_text(rng, property, &text)
}

fn big_integer(rng: &mut Rng) -> Example {
    let number = match rng.below(3) {
        0 => (i64::MIN + rng.below(1_000) as i64).to_string(),
        1 => (u64::MAX - rng.below(1_000) as u64).to_string(),
        _ => ((1_u64 << 53) + 1 + 2 * rng.below(1_000) as u64).to_string(),
    };
    has_text(rng, Json::number(&number), &number)
}

fn blanks(rng: &mut Rng) -> Example {
    // Two digits against one: numbers and texts stand in opposite order.
    let (large, small) = (rng.between(10, 89), 9);
    let blank = |rng: &mut Rng| rng.pick(&[" ", "  ", "\t", "\n"]);
    let (before, after) = (blank(rng), blank(rng));
    compare(rng, "", &format!("{before}{large}{after}"), &small.to_string(), Some(Ordering::Greater))
}

/// The property is no number, so both are compared as text.
fn as_text(rng: &mut Rng, property: &str) -> Example {
    let value = rng.between(1, 99).to_string();
    let order = property.cmp(&value);
    compare(rng, "", property, &value, Some(order))
}

fn other_notations(rng: &mut Rng) -> Example {
    let number = rng.between(1, 99);
    let property = match rng.below(4) {
        0 => format!("{number}d"),
        1 => format!("{number}f"),
        2 => format!("0x{number}"),
        _ => format!("0x{number}p3"),
    };
    as_text(rng, &property)
}

fn other_digits(rng: &mut Rng) -> Example {
    let property = match rng.below(4) {
        0 => format!("{}_000", rng.between(1, 9)),
        1 => rng.pick(&["inf", "-inf", "Inf", "infinity", "INFINITY"]).to_owned(),
        2 => rng.pick(&["nan", "NAN", "Nan"]).to_owned(),
        _ => rng.pick(&["\u{661}\u{662}", "\u{967}", "１２"]).to_owned(),
    };
    as_text(rng, &property)
}

fn empty_text(rng: &mut Rng) -> Example {
    let value = rng.pick(&["-5", "0", "5", "word"]);
    compare(rng, "", "", value, Some(Ordering::Less))
}

fn infinite(rng: &mut Rng) -> Example {
    let huge = format!("{}e{}", rng.between(1, 9), rng.between(309, 999));
    let (property, value, order) = match rng.below(4) {
        0 => (huge, "1e308".to_owned(), Ordering::Greater),
        1 => (huge, "Infinity".to_owned(), Ordering::Equal),
        2 => (format!("-{huge}"), "-1e308".to_owned(), Ordering::Less),
        _ => ("7".to_owned(), huge, Ordering::Less),
    };
    compare(rng, "", &property, &value, Some(order))
}

fn nan(rng: &mut Rng) -> Example {
    let number = rng.pick(&["1", "-1", "NaN", "Infinity", "1e400"]);
    if rng.percent(50) { compare(rng, "", "NaN", number, None) } else { compare(rng, "", number, "NaN", None) }
}

fn fractions(rng: &mut Rng) -> Example {
    let (whole, tenths) = (rng.between(1, 99), rng.between(1, 8));
    let smaller = format!("{whole}.{tenths}");
    // Longer, yet larger only as a fraction; or with more digits before the point.
    let larger = if rng.percent(50) { format!("{whole}.{tenths}5") } else { format!("{}.05", whole + 1) };
    if rng.percent(50) {
        compare(rng, "", &smaller, &larger, Some(Ordering::Less))
    } else {
        compare(rng, "", &larger, &smaller, Some(Ordering::Greater))
    }
}
