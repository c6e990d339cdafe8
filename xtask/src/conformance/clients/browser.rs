//! The JavaScript client in a browser, on a page of another origin than the server's.

use std::path::Path;

use serde_json::{Value, json};

use super::super::outcome::Outcome;
use super::host::Host;
use super::page::prove_events;
use super::report::Report;
use super::server::Ours;
use super::world::World;

/// Where Debian's package puts the browser.
const BROWSER: &str = "/usr/bin/chromium";

/// A page that can be opened.
#[derive(Debug)]
pub(super) struct Page {
    /// The origin that the server is to let ask.
    pub(super) origin: String,
    /// The same page by another name of its host, which the server knows nothing of.
    other: String,
}

/// Makes the page ready. The browser must be there: it is only asked for by name.
pub(super) fn open(host: &mut Host) -> Result<Page, String> {
    if !Path::new(BROWSER).exists() {
        return Err(format!("there is no {BROWSER}: install Debian's package `chromium`"));
    }
    let page = host.ask(&json!({"id": 1, "do": "start", "browser": BROWSER}))?;
    let origin = |name: &str| page[name].as_str().map(str::to_owned).ok_or_else(|| format!("the page has no {name}"));
    Ok(Page { origin: origin("origin")?, other: origin("other_origin")? })
}

impl Page {
    /// Opens it from both origins.
    pub(super) fn show(&self, host: &mut Host, ours: &Ours, report: &mut Report) -> Result<(), String> {
        let shown = show(host, &ours.world, &self.origin)?;
        let theirs: Vec<Outcome> = shown.as_array().into_iter().flatten().cloned().map(Host::variants).collect();
        report.row("browser", host, &ours.world, &[], &theirs);
        prove_events("browser", host, ours, report);
        let refused = match show(host, &ours.world, &self.other) {
            Err(error) => Ok(error),
            Ok(shown) => Err(format!("it shows {shown}")),
        };
        report.prove(host, "browser", "a page whose origin is not allowed gets nothing", refused);
        host.ask(&json!({"id": 1, "do": "stop"})).map(drop)
    }
}

/// What the page shows for every user.
fn show(host: &mut Host, world: &World, origin: &str) -> Result<Value, String> {
    let users: Vec<&Value> = world.people.iter().map(|person| &person.user).collect();
    let server = host.server().clone();
    host.ask(&json!({"id": 1, "do": "evaluate", "origin": origin, "server": server, "users": users}))
}
