//! Lists, sets, and values that some engine takes for nothing.

use super::super::json::Json;
use super::super::rng::Rng;
use super::Row;
use super::example::{Example, word};

pub(super) const ROWS: &[Row] = &[
    Row::new("3", "`0`, `0.0`, `false`, the empty text, list and object are values", falsy),
    Row::new("6", "an operator on a list holds when it holds of any element", any_element),
    Row::new("7", "array text may have elements of any type", typed_array_text),
    Row::new("8", "array text that is not strict JSON is no list", loose_array_text),
    Row::new("9", "an empty array is an empty list", empty_array),
    Row::new("9b", "`[]` as text is an empty list", empty_array_text),
    Row::new("10", "a boolean's text is `true` or `false`", boolean_text),
    Row::new("15", "empty texts in a list are kept", empty_elements),
    Row::new("16", "`set contains` counts distinct values", repeated_values),
    Row::new("37", "set operators do not hold of an object", set_of_object),
];

const SET_OPERATORS: [&str; 6] =
    ["set is", "set is not", "set contains", "set does not contain", "set contains any", "set does not contain any"];

fn falsy(rng: &mut Rng) -> Example {
    let scalars = [
        (Json::int(0), "0"),
        (Json::number("0.0"), "0.0"),
        (Json::Bool(false), "false"),
        (Json::text(""), ""),
        (Json::object::<&str>([]), "{}"),
    ];
    let (property, text) = rng.choose(&scalars).clone();
    let other = word(rng);
    match rng.below(5) {
        0 => Example::condition(Some(property), "is", &[text, &other], true),
        1 => Example::condition(Some(property), "is", &["(none)"], false),
        2 => Example::condition(Some(property), "is not", &["(none)", &other], true),
        3 => Example::condition(Some(property), "set does not contain", &[&other], false),
        _ if text.is_empty() => Example::condition(Some(property), "contains", &[""], true),
        _ => Example::bucket(rng, property, text),
    }
}

fn any_element(rng: &mut Rng) -> Example {
    let (one, other) = (word(rng), word(rng) + "-");
    let list = Json::texts([one.clone(), other.clone()]);
    let property = if rng.percent(50) { list } else { Json::text(list.to_string()) };
    let (op, value, holds) = match rng.below(5) {
        0 => ("is", one, true),
        1 => ("is not", one, true),
        2 => ("does not contain", "-".to_owned(), true),
        3 => ("regex match", "-$".to_owned(), true),
        // The elements, not the text of the whole.
        _ => ("contains", ",".to_owned(), false),
    };
    Example::condition(Some(property), op, &[&value], holds)
}

fn typed_array_text(rng: &mut Rng) -> Example {
    let number = rng.between(1, 1_000).to_string();
    let (text, element) = match rng.below(5) {
        0 => (format!("[{number},2]"), number.clone()),
        1 => (format!("[null,{number}]"), number.clone()),
        2 => (format!("[ \"a\" , {number}.5 ]"), format!("{number}.5")),
        3 => ("[true]".to_owned(), "true".to_owned()),
        _ => (format!("[[{number}, 2]]"), format!("[{number},2]")),
    };
    let negative = rng.percent(50);
    let op = if negative { "set does not contain any" } else { "set contains any" };
    Example::condition(Some(Json::text(text)), op, &[&element], !negative)
}

fn loose_array_text(rng: &mut Rng) -> Example {
    let (one, other) = (word(rng), word(rng));
    let text = match rng.below(5) {
        0 => format!("[{one},{other}]"),
        1 => format!("['{one}']"),
        2 => format!("[\"{one}\",]"),
        3 => format!("[\"{one}\" \"{other}\"]"),
        _ => format!("[\"{one}\"] {other}"),
    };
    match rng.below(3) {
        0 => Example::condition(Some(Json::text(&text)), "is", &[&text], true),
        1 => Example::condition(Some(Json::text(&text)), "is not", &[&text, &one], false),
        _ => Example::condition(Some(Json::text(&text)), rng.pick(&SET_OPERATORS), &[&one], false),
    }
}

/// What operators make of an empty list, which is no null.
fn of_empty_list(rng: &mut Rng, property: Json) -> Example {
    let other = word(rng);
    let negative = ["set is not", "set does not contain", "set does not contain any"];
    match rng.below(5) {
        0 => Example::condition(Some(property), rng.pick(&["set is", "set contains"]), &[], true),
        1 => Example::condition(Some(property), rng.pick(&negative), &[&other], true),
        2 => Example::condition(
            Some(property),
            rng.pick(&["set is", "set contains", "set contains any"]),
            &["(none)", &other],
            false,
        ),
        3 => Example::condition(
            Some(property),
            rng.pick(&["is", "is not", "does not contain", "less", "regex match"]),
            &["(none)", &other],
            false,
        ),
        _ => Example::condition(Some(property), rng.pick(&negative), &["(none)"], true),
    }
}

fn empty_array(rng: &mut Rng) -> Example {
    of_empty_list(rng, Json::List(Vec::new()))
}

fn empty_array_text(rng: &mut Rng) -> Example {
    let text = rng.pick(&["[]", "[ ]", "[null]"]);
    of_empty_list(rng, Json::text(text))
}

fn boolean_text(rng: &mut Rng) -> Example {
    let flag = rng.percent(50);
    let (property, text) = (Json::Bool(flag), flag.to_string());
    let other = word(rng);
    match rng.below(4) {
        0 => Example::condition(Some(Json::List(vec![property, Json::text(&other)])), "set is", &[&other, &text], true),
        1 => Example::condition(Some(property), "regex match", &[&format!("^{text}$")], true),
        2 => Example::condition(Some(property), rng.pick(&["greater", "version greater"]), &["a"], true),
        _ => Example::bucket(rng, property, &text),
    }
}

fn empty_elements(rng: &mut Rng) -> Example {
    let other = word(rng);
    let list = Json::texts(["", &other]);
    let property = if rng.percent(50) { list } else { Json::text(list.to_string()) };
    match rng.below(3) {
        0 => Example::condition(Some(property), "set is", &["", &other], true),
        1 => Example::condition(Some(property), "set is", &[&other], false),
        _ => Example::condition(Some(property), "set contains any", &[""], true),
    }
}

fn repeated_values(rng: &mut Rng) -> Example {
    let (one, other) = (word(rng), word(rng) + "-");
    let both = rng.percent(50);
    let property = if both { Json::texts([&one, &other]) } else { Json::texts([&one]) };
    let values: &[&str] = if both { &[&one, &other, &one, &other] } else { &[&one, &one] };
    let negative = rng.percent(50);
    let op = if negative { "set does not contain" } else { "set contains" };
    Example::condition(Some(property), op, values, !negative)
}

fn set_of_object(rng: &mut Rng) -> Example {
    let (name, value) = (word(rng), word(rng));
    let property = Json::object([(name.clone(), Json::text(&value))]);
    let values = [name.as_str(), &value, "(none)"];
    Example::condition(Some(property), rng.pick(&SET_OPERATORS), &values[..rng.below(4)], false)
}
