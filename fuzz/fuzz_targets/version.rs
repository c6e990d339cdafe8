//! Two texts with a zero character between them, as versions: what is read keeps to the grammar, and the order is
//! total, antisymmetric and transitive.

#![no_main]

use std::cmp::Ordering;

use evaluation_core::Version;
use libfuzzer_sys::fuzz_target;

/// The grammar once more, part by part from the left.
fn is_version(text: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = text.splitn(3, '.').collect();
    let [major, minor, rest @ ..] = parts.as_slice() else {
        return false;
    };
    let last = rest.first().copied().unwrap_or("0");
    let end = last.find(['-', '+']).unwrap_or(last.len());
    let (patch, tail) = last.split_at(end);
    let (pre_release, build) = tail.split_once('+').map_or((tail, None), |(pre, build)| (pre, Some(build)));
    let is_word = |text: &str, others: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || others.contains(c));
    [major, minor, &patch].into_iter().all(|number| is_number(number))
        && is_word(pre_release, "_-.")
        && !pre_release.starts_with("-.")
        && !pre_release.contains("..")
        && build.is_none_or(|build| build.split('.').all(|run| !run.is_empty() && is_word(run, "-")))
}

fuzz_target!(|text: &str| {
    let (a, b) = text.split_once('\0').unwrap_or((text, ""));
    for text in [a, b] {
        assert_eq!(Version::parse(text).is_some(), is_version(text), "{text:?}");
    }
    let (Some(a), Some(b)) = (Version::parse(a), Version::parse(b)) else {
        return;
    };
    let order = a.cmp(&b);
    assert_eq!(b.cmp(&a), order.reverse());
    assert_eq!(a.partial_cmp(&b), Some(order));
    assert_eq!(a == b, order.is_eq());
    assert_eq!(a.cmp(&a), Ordering::Equal);
    let (kept_a, kept_b) = (a.clone().into_owned(), b.clone().into_owned());
    assert_eq!(kept_a.cmp(&kept_b), order);
    assert_eq!(kept_a, a);

    // The order is transitive.
    for c in ["0.0", "1.2.3", "1.2.3-", "1.2.3-a"].map(|text| Version::parse(text).expect("a version")) {
        if order.is_le() && b <= c {
            assert!(a <= c);
        }
        if c <= a && order.is_le() {
            assert!(c <= b);
        }
    }
});
