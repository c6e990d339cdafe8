//! Any texts as versions: what is read has the characters of one, and the order is total.

#![no_main]

use evaluation_core::Version;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let versions: Vec<(&str, Version<'_>)> =
        text.split('\n').filter_map(|line| Some((line, Version::parse(line)?))).take(12).collect();
    for (text, a) in &versions {
        assert!(text.starts_with(|c: char| c.is_ascii_digit()) && text.contains('.'));
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-+_".contains(&byte)));
        assert_eq!(a, &a.clone().into_owned());
        for (_, b) in &versions {
            assert_eq!(a.cmp(b), b.cmp(a).reverse());
            for (_, c) in &versions {
                assert!(!(a <= b && b <= c) || a <= c);
            }
        }
    }
});
