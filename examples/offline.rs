//! Decides every flag of `flags.json` for every user of `users.json`, and tells why. Needs no network and no account.
//!
//! Run it from the workspace root: `cargo run --example offline`.

#[macro_use]
mod output;

use std::error::Error;
use std::fs;
use std::path::Path;

use evaluation_core::{Explanation, FlagSet, User, Value};
use serde::Deserialize;

fn main() -> Result<(), Box<dyn Error>> {
    // Compile once, evaluate as often as you like: a `FlagSet` never changes, and its clones share everything.
    let flags = FlagSet::from_json(&read("flags.json")?).map_err(|error| format!("flags.json: {error}"))?;
    let users = read_users("users.json")?;

    // A flag that cannot be used is left out and told here; the others work all the same.
    for diagnostic in flags.diagnostics() {
        println!("{diagnostic}");
    }
    println!("{} flags, {} problems found.\n", flags.len(), flags.diagnostics().len());

    print_table(&flags, &users);
    print_upload_limits(&flags, &users)?;

    // The whole story of one decision: every condition asked, every hash, the flags that it depends on.
    if let Some(user) = users.first()
        && let Some(explanation) = flags.explain(user, "checkout-survey")
    {
        println!("Why {} gets `checkout-survey`, in full:\n\n{explanation}", name(user));
    }
    println!("Next: edit examples/flags.json (a percentage, a country, a cohort) and run this again.");
    Ok(())
}

/// Who gets which variant of which flag, and why.
fn print_table(flags: &FlagSet, users: &[User]) {
    let user_width = users.iter().map(|user| name(user).chars().count()).max().unwrap_or_default();
    let flag_width = flags.keys().map(|flag| flag.chars().count()).max().unwrap_or_default();
    let row = |user: &str, flag: &str, variant: &str, why: &str| {
        println!("{user:user_width$}  {flag:flag_width$}  {variant:8}  {why}");
    };
    row("USER", "FLAG", "VARIANT", "WHY");
    for user in users {
        // No keys means all flags.
        let variants = flags.evaluate(user, &[]);
        for flag in flags.keys() {
            let variant = variants.get(flag).and_then(|variant| variant.key()).unwrap_or("none");
            // Ask for reasons only where somebody reads them: an explanation costs more than the decision.
            let why = flags.explain(user, flag).map(|explanation| why(&explanation)).unwrap_or_default();
            row(name(user), flag, variant, &why);
        }
        println!();
    }
}

/// The segment that decided, and where the user landed in it if it splits users by a hash.
fn why(explanation: &Explanation) -> String {
    let Some(segment) = explanation.segment.and_then(|place| explanation.segments.get(place)) else {
        return "no segment yields a variant".to_owned();
    };
    let mut why = segment.name.clone().unwrap_or_else(|| format!("segment {}", segment.index));
    if let Some(bucket) = &segment.bucket {
        let by = bucket.selector.last().map(String::as_str).unwrap_or_default();
        why += &match (bucket.percentage, &bucket.allocation) {
            (None, _) => format!(": has no {by}"),
            (Some(_), Some(range)) if (range.start, range.end) == (0, 100) => format!(": split by {by}"),
            (Some(percentage), None) => format!(": {by} is at {percentage} %, outside"),
            (Some(percentage), Some(range)) => {
                format!(": {by} is at {percentage} %, within {} to {}", range.start, range.end)
            }
        };
    }
    why
}

/// What the payloads of `upload-limits` look like. Texts are borrowed from the payload.
#[derive(Deserialize)]
struct UploadLimits<'a> {
    max_megabytes: u32,
    #[serde(borrow)]
    formats: Vec<&'a str>,
}

/// A variant's payload can carry settings: here it is read into a type of our own.
fn print_upload_limits(flags: &FlagSet, users: &[User]) -> Result<(), Box<dyn Error>> {
    println!("The payload of `upload-limits`, as a struct:");
    for user in users {
        // Decides this one flag, without the others.
        let Some(variant) = flags.variant(user, "upload-limits") else { continue };
        let Some(limits) = variant.payload::<UploadLimits<'_>>()? else { continue };
        println!("  {} may upload {} up to {} MB", name(user), limits.formats.join(", "), limits.max_megabytes);
    }
    println!();
    Ok(())
}

/// Reads a list of users. Fields of an unexpected form are left out and told; they never fail the user.
fn read_users(file: &str) -> Result<Vec<User>, Box<dyn Error>> {
    let json = Value::from_json(&read(file)?).map_err(|error| format!("{file}: {error}"))?;
    let Value::Array(users) = json else {
        return Err(format!("{file}: expected a list of users").into());
    };
    let read = users.into_iter().map(|user| {
        let (user, diagnostics) = User::from_value(user);
        for diagnostic in diagnostics {
            println!("warning: user `{}`: {diagnostic}", name(&user));
        }
        user
    });
    Ok(read.collect())
}

/// Reads a file that stands beside this program's source.
fn read(file: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    Ok(fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?)
}

fn name(user: &User) -> &str {
    user.user_id().unwrap_or("(no user id)")
}
