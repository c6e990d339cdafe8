//! Any bytes as flag config: nothing panics, and whatever compiles decides alike by every way in.

#![no_main]

use evaluation_core::{FlagSet, User, Value};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|json: &[u8]| {
    let Ok(flags) = FlagSet::from_json(json) else { return };
    for diagnostic in flags.diagnostics() {
        assert!(!diagnostic.to_string().is_empty());
    }
    let user = User::builder()
        .user_id("user-1")
        .country("Norway")
        .version("1.2.3")
        .user_property("plan", "pro")
        .user_property("p", ["a", "b"])
        .group("org", "acme")
        .cohort_ids(["c1"])
        .build();
    let variants = flags.evaluate(&user, &[]);
    let keys: Vec<&str> = flags.keys().collect();
    let read: Value = serde_json::from_str(&serde_json::to_string(&variants).unwrap()).unwrap();
    assert_eq!(read.as_object().unwrap().len(), variants.len());
    for key in keys {
        let alone = flags.evaluate(&user, &[key]);
        assert_eq!(flags.variant(&user, key), alone.get(key));
        let explanation = flags.explain(&user, key).unwrap();
        assert_eq!(explanation.variant.is_some(), alone.get(key).is_some());
        assert!(explanation.to_string().contains(key));
    }
});
