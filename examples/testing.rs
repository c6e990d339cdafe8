//! Testing code that uses flags: it depends on the trait `Evaluate`, and a test gives it a client that does as it is told.
//!
//! Run it from the workspace root: `cargo run --example testing`.

#[macro_use]
mod output;

use std::time::Duration;

use experiment::testing::TestClient;
use experiment::{Evaluate, EvaluateOptions, User, Variant};

/// What is tested: a shop that asks which checkout to show.
struct Shop<'a> {
    flags: &'a dyn Evaluate,
}

impl Shop<'_> {
    fn checkout(&self, customer: &str) -> String {
        let shown = EvaluateOptions::default().with_flag_keys(["checkout"]).with_tracks_exposure(true);
        let variants = self.flags.evaluate_with(&User::with_user_id(customer), &shown);
        let layout = variants.get("checkout").and_then(|variant| variant.value()).unwrap_or("classic");
        format!("{layout} checkout for {customer}")
    }
}

fn main() {
    let client = TestClient::new();
    let shop = Shop { flags: &client };

    // Nothing is said of the flag: the code's own default counts, and nobody is exposed to anything.
    assert_eq!(shop.checkout("ann"), "classic checkout for ann");
    client.assert_not_exposed("ann", "checkout");

    // Everybody gets one variant, and bob another.
    client.set("checkout", Variant::new("express").with_value("express"));
    client.set_for("bob", "checkout", Variant::new("one-page").with_value("one-page"));
    assert_eq!(shop.checkout("ann"), "express checkout for ann");
    assert_eq!(shop.checkout("bob"), "one-page checkout for bob");
    client.assert_exposed("ann", "checkout", "express");
    client.assert_exposed("bob", "checkout", "one-page");

    // As with a real client, an exposure is told once a day.
    let told = client.exposures().len();
    shop.checkout("bob");
    assert_eq!(client.exposures().len(), told);
    client.advance(Duration::from_secs(25 * 60 * 60));
    shop.checkout("bob");
    assert_eq!(client.exposures().len(), told + 1);
    for exposure in client.exposures() {
        println!("{} was shown `{}` of `{}`", exposure.user_id, exposure.variant, exposure.flag);
    }
}
