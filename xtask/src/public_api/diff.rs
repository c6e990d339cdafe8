//! How two listings differ.

use std::collections::BTreeMap;

/// The lines that went, with `-`, and those that came, with `+`; what begins alike stands together.
pub(super) fn between(kept: &str, now: &str) -> Vec<String> {
    // How much oftener a line stands in the new listing. Order counts for nothing: it is not the crate's.
    let mut counts: BTreeMap<&str, i32> = BTreeMap::new();
    for line in kept.lines() {
        *counts.entry(line).or_default() -= 1;
    }
    for line in now.lines() {
        *counts.entry(line).or_default() += 1;
    }
    let differing = counts.into_iter().filter(|(_, count)| *count != 0);
    differing.map(|(line, count)| format!("{} {line}", if count < 0 { '-' } else { '+' })).collect()
}

#[cfg(test)]
mod tests {
    use super::between;

    #[test]
    fn listings_of_the_same_lines_do_not_differ() {
        assert!(between("a\nb\n", "a\nb\n").is_empty());
        assert!(between("a\nb\n", "b\r\na").is_empty());
    }

    #[test]
    fn what_went_and_what_came_stand_together() {
        let kept = "pub fn a::f(u8)\npub fn a::z()\n";
        let now = "pub fn a::f(u16)\npub fn a::b()\npub fn a::z()\n";
        assert_eq!(between(kept, now), ["+ pub fn a::b()", "+ pub fn a::f(u16)", "- pub fn a::f(u8)"]);
    }

    #[test]
    fn lines_that_repeat_are_counted() {
        assert_eq!(between("impl A\nimpl A\n", "impl A\n"), ["- impl A"]);
    }
}
