//! Well-formed flags, put together from pieces, and any JSON as the context: every way in decides alike, variants are
//! of the flag, and neither the order of the list nor reading it a second time makes a difference.

#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use evaluation_core::{FlagSet, Operator, Value};
use evaluation_core_fuzz::{assert_ways_agree, declares_what_it_reads, reads_all_results};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value as Json, json};

const MAX_FLAGS: usize = 6;
const VARIANTS: [&str; 4] = ["a", "b", "c", "missing"];

/// Texts on which operators have something to decide.
const TELLING: [&str; 24] = [
    "", "a", "A", "true", "TRUE", "False", "1", "1.0", "10", " 9 ", "1e3", "NaN", "-Infinity", "1.2", "1.10.0",
    "1.2.3-rc", "(none)", "[\"a\",\"TRUE\"]", "[]", "[1,null]", "ΑΣ", "😀", "^a", "(?=a)a",
];

#[derive(Debug, Arbitrary)]
struct Input<'a> {
    #[arbitrary(with = few::<Flag<'a>, MAX_FLAGS>)]
    flags: Vec<Flag<'a>>,
    /// The context as JSON; where it is none, a text that every selector of the first kind finds.
    context: &'a str,
}

#[derive(Debug, Arbitrary)]
struct Flag<'a> {
    /// Bit by bit the flags that it depends on, of those before it.
    dependencies: u8,
    /// Depends on any flag at all, so that there may be cycles.
    unordered: bool,
    #[arbitrary(with = few::<Segment<'a>, 4>)]
    segments: Vec<Segment<'a>>,
}

#[derive(Debug, Arbitrary)]
struct Segment<'a> {
    bucket: Option<Bucket<'a>>,
    #[arbitrary(with = groups)]
    groups: Option<Vec<Vec<Condition<'a>>>>,
    variant: Option<u8>,
}

#[derive(Debug, Arbitrary)]
struct Bucket<'a> {
    selector: Selector<'a>,
    salt: Text<'a>,
    #[arbitrary(with = few::<Allocation, 3>)]
    allocations: Vec<Allocation>,
}

#[derive(Debug, Arbitrary)]
struct Allocation {
    range: (u8, u8),
    #[arbitrary(with = few::<Distribution, 3>)]
    distributions: Vec<Distribution>,
}

#[derive(Debug, Arbitrary)]
struct Distribution {
    variant: u8,
    /// In parts of 256 of the whole.
    range: (u8, u8),
}

#[derive(Debug, Arbitrary)]
struct Condition<'a> {
    selector: Selector<'a>,
    operator: u8,
    #[arbitrary(with = few::<Text<'a>, 4>)]
    values: Vec<Text<'a>>,
}

#[derive(Debug, Arbitrary)]
enum Selector<'a> {
    Known(u8),
    Property(Text<'a>),
    Result(u8, u8),
}

#[derive(Debug, Arbitrary)]
enum Text<'a> {
    Telling(u8),
    Any(&'a str),
}

/// At most so many elements, so that most inputs have some of everything.
fn few<'a, T: Arbitrary<'a>, const MOST: usize>(u: &mut Unstructured<'a>) -> arbitrary::Result<Vec<T>> {
    (0..u.int_in_range(0..=MOST)?).map(|_| u.arbitrary()).collect()
}

fn groups<'a>(u: &mut Unstructured<'a>) -> arbitrary::Result<Option<Vec<Vec<Condition<'a>>>>> {
    if u.ratio(1, 4)? {
        return Ok(None);
    }
    (0..u.int_in_range(0..=3)?).map(|_| few::<_, 3>(u)).collect::<arbitrary::Result<_>>().map(Some)
}

fn pick<'a>(list: &[&'a str], index: u8) -> &'a str {
    list[usize::from(index) % list.len()]
}

impl<'a> Text<'a> {
    fn text(&self) -> &'a str {
        match self {
            Self::Telling(index) => pick(&TELLING, *index),
            Self::Any(text) => text,
        }
    }
}

impl Selector<'_> {
    fn json(&self) -> Json {
        match self {
            Self::Known(index) => match index % 10 {
                0 => json!(["context", "user", "user_id"]),
                1 => json!(["context", "user", "user_properties", "p"]),
                2 => json!(["context", "user", "user_properties", "p", "q"]),
                3 => json!(["context", "user", "cohort_ids"]),
                4 => json!(["context", "groups", "org", "group_name"]),
                5 => json!(["context", "groups", "org", "cohort_ids"]),
                6 => json!(["context", "user"]),
                7 => json!(["context"]),
                8 => json!([]),
                _ => json!(["result"]),
            },
            Self::Property(key) => json!(["context", "user", "user_properties", key.text()]),
            Self::Result(flag, member) => {
                let flag = format!("f{}", usize::from(*flag) % (MAX_FLAGS + 1));
                match member % 5 {
                    0 => json!(["result", flag]),
                    1 => json!(["result", flag, "key"]),
                    2 => json!(["result", flag, "value"]),
                    3 => json!(["result", flag, "payload", "x"]),
                    _ => json!(["result", flag, "metadata", "m"]),
                }
            }
        }
    }
}

impl Condition<'_> {
    fn json(&self) -> Json {
        let operator = Operator::ALL.get(usize::from(self.operator) % (Operator::ALL.len() + 1));
        let operator = operator.map_or("no operator", |it| it.as_str());
        let values: Vec<&str> = self.values.iter().map(Text::text).collect();
        json!({"selector": self.selector.json(), "op": operator, "values": values})
    }
}

impl Bucket<'_> {
    fn json(&self) -> Json {
        let distribution = |it: &Distribution| {
            let range = [u32::from(it.range.0) * 167_772, u32::from(it.range.1) * 168_431];
            json!({"variant": pick(&VARIANTS, it.variant), "range": range})
        };
        let allocation = |it: &Allocation| {
            let distributions: Vec<Json> = it.distributions.iter().map(distribution).collect();
            json!({"range": [it.range.0 % 101, it.range.1 % 101], "distributions": distributions})
        };
        let allocations: Vec<Json> = self.allocations.iter().map(allocation).collect();
        json!({"selector": self.selector.json(), "salt": self.salt.text(), "allocations": allocations})
    }
}

impl Segment<'_> {
    fn json(&self, place: usize) -> Json {
        let group = |group: &Vec<Condition<'_>>| group.iter().map(Condition::json).collect::<Vec<_>>();
        json!({
            "bucket": self.bucket.as_ref().map(Bucket::json),
            "conditions": self.groups.as_ref().map(|groups| groups.iter().map(group).collect::<Vec<_>>()),
            "variant": self.variant.map(|variant| pick(&VARIANTS, variant)),
            "metadata": {"segmentName": format!("s{place}"), "m": place},
        })
    }
}

impl Flag<'_> {
    fn json(&self, index: usize, flags: usize) -> Json {
        let others = 0..if self.unordered { flags } else { index };
        let dependencies: Vec<String> =
            others.filter(|other| self.dependencies >> other & 1 == 1).map(|other| format!("f{other}")).collect();
        let segments: Vec<Json> = self.segments.iter().enumerate().map(|(place, it)| it.json(place)).collect();
        json!({
            "key": format!("f{index}"),
            "dependencies": dependencies,
            "variants": {
                "a": {"key": "a", "value": "on", "payload": {"x": ["a", 1]}},
                "b": {"key": "b", "value": 1.5, "metadata": {"m": "TRUE"}},
                "c": {"key": "c", "metadata": {"m": null}},
            },
            "segments": segments,
        })
    }
}

fuzz_target!(|input: Input<'_>| {
    let list: Vec<Json> = input.flags.iter().enumerate().map(|(i, it)| it.json(i, input.flags.len())).collect();
    let read = |list: &[Json]| FlagSet::from_json(json!(list).to_string().as_bytes()).expect("a list of flags");
    let set = read(&list);
    assert_eq!(set.len() + set.errors().count(), list.len(), "only flags in cycles are left out");

    let context = Value::from_json(input.context.as_bytes()).unwrap_or_else(|_| {
        let user = json!({"user_id": input.context, "user_properties": {"p": input.context}});
        Value::from(json!({"user": user}))
    });
    let variants = assert_ways_agree(&set, &context);
    assert_eq!(read(&list).evaluate(&context, &[]), variants, "read again");

    let mut ordered = declares_what_it_reads(&set);
    for key in set.keys() {
        let explanation = set.explain(&context, key).expect("the set has the flag");
        ordered &= !reads_all_results(&explanation);
        let single = set.variant(&context, key);
        assert_eq!(single.and_then(|it| it.key()), explanation.variant.as_deref(), "explain of {key}");
        if let Some(variant) = single {
            assert!(["a", "b", "c"].map(Some).contains(&variant.key()));
            let place = explanation.segment.expect("a variant is of a segment");
            let name = variant.metadata().get("segmentName").and_then(Value::as_str).map(str::to_owned);
            assert_eq!(name, Some(format!("s{place}")), "segment of {key}");
        }
    }
    if ordered {
        let reversed: Vec<Json> = list.into_iter().rev().collect();
        assert_eq!(read(&reversed).evaluate(&context, &[]), variants, "the list from its end");
    }
});
