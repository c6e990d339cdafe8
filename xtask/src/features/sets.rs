//! Which sets of features are checked.

use std::collections::{BTreeMap, BTreeSet};

type Table = BTreeMap<String, Vec<String>>;

/// None, each, each two, the default ones, all. Of those that switch on the same, the first.
pub(super) fn sets(table: &Table) -> Vec<Vec<&str>> {
    let names: Vec<&str> = names(table).collect();
    let mut sets = vec![Vec::new()];
    sets.extend(names.iter().map(|name| vec![*name]));
    for (at, first) in names.iter().enumerate() {
        sets.extend(names.iter().skip(at + 1).map(|second| vec![*first, *second]));
    }
    if table.contains_key("default") {
        sets.push(vec!["default"]);
    }
    sets.push(names);
    let mut seen = BTreeSet::new();
    sets.retain(|set| seen.insert(switched_on(table, set)));
    sets
}

/// The features that somebody may ask for by name.
pub(super) fn names(table: &Table) -> impl Iterator<Item = &str> {
    table.keys().map(String::as_str).filter(|name| *name != "default" && !name.starts_with('_'))
}

/// All features that a set comes to. `default` by itself is nothing that code may ask for.
fn switched_on<'a>(table: &'a Table, set: &[&'a str]) -> BTreeSet<&'a str> {
    let mut on = BTreeSet::new();
    let mut next = set.to_vec();
    while let Some(name) = next.pop() {
        // `crate/feature` switches the crate on as well, and with it the feature of its name, if it has one.
        let name = name.split_once('/').map_or(name, |(dependency, _)| dependency);
        if let Some(members) = table.get(name)
            && on.insert(name)
        {
            next.extend(members.iter().map(String::as_str));
        }
    }
    on.remove("default");
    on
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(features: &[(&str, &[&str])]) -> Table {
        let owned = |members: &[&str]| members.iter().map(|member| (*member).to_owned()).collect();
        features.iter().map(|(name, members)| ((*name).to_owned(), owned(members))).collect()
    }

    #[test]
    fn a_crate_without_features_is_checked_once() {
        assert_eq!(sets(&Table::new()), [Vec::<&str>::new()]);
    }

    #[test]
    fn none_each_two_default_and_all() {
        let table = table(&[("default", &["a", "b", "c"]), ("a", &["dep:x"]), ("b", &[]), ("c", &[]), ("d", &[])]);
        let expected: [&[&str]; 13] = [
            &[],
            &["a"],
            &["b"],
            &["c"],
            &["d"],
            &["a", "b"],
            &["a", "c"],
            &["a", "d"],
            &["b", "c"],
            &["b", "d"],
            &["c", "d"],
            &["default"],
            &["a", "b", "c", "d"],
        ];
        assert_eq!(sets(&table), expected);
    }

    #[test]
    fn what_comes_to_the_same_is_checked_once() {
        let table = table(&[("default", &["a"]), ("a", &["_both"]), ("b", &["a"]), ("_both", &["dep:x"])]);
        let expected: [&[&str]; 3] = [&[], &["a"], &["b"]];
        assert_eq!(sets(&table), expected);
    }

    #[test]
    fn the_feature_of_an_optional_dependency_is_one_as_any_other() {
        let table = table(&[("x", &["dep:x"]), ("fast", &["x/fast"]), ("maybe", &["x?/fast"])]);
        let expected: [&[&str]; 6] = [&[], &["fast"], &["maybe"], &["x"], &["fast", "maybe"], &["maybe", "x"]];
        assert_eq!(sets(&table), expected);
    }
}
