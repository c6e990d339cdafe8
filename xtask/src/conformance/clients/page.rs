//! The JavaScript client under Node: variants from remote evaluation, then flags alone.

use experiment_server::{EventSource, Route};

use super::super::outcome::Outcome;
use super::events::{self, Kind};
use super::host::{Ask, Host};
use super::remote::keys;
use super::report::{Report, change, holds};
use super::server::Ours;

pub(super) fn page(host: &mut Host, ours: &mut Ours, report: &mut Report) -> Result<(), String> {
    host.start_client("remote")?;
    report.compare("remote", host, &ours.world);
    prove_events("remote", host, ours, report);
    let keyed = keys(host, ours);
    report.prove(host, "remote", "some flags alone", keyed);
    let changed = change("remote", host, &mut ours.world);
    report.prove(host, "remote", "sees a change of the file", changed);
    host.stop_client("remote")?;

    // The change is a flag that pages decide themselves.
    ours.server.clear_requests();
    host.start_client("flags")?;
    let theirs: Vec<Outcome> =
        ours.world.people.iter().map(|person| host.evaluate("flags", &person.user, Ask::default())).collect();
    let added: Vec<&str> = ours.world.added().iter().map(String::as_str).collect();
    report.row("flags", host, &ours.world, &added, &theirs);
    let (flags, variants) = (ours.requests(Route::Flags).len(), ours.requests(Route::Variants).len());
    let alone = holds(flags > 0 && variants == 0, format!("{flags} requests for flags, {variants} for variants"));
    report.prove(host, "flags", "asks for flags and nothing else", alone);
    host.stop_client("flags")
}

/// Pages have their assignments tracked by the server, and send exposures themselves.
pub(super) fn prove_events(mode: &str, host: &Host, ours: &Ours, report: &mut Report) {
    let exposed = events::arrive(ours, EventSource::HttpApi, &[Kind::PageExposure]);
    report.prove(host, mode, "exposures arrive", exposed);
    let assigned = events::arrive(ours, EventSource::RemoteEvaluation, &[Kind::Assignment]);
    report.prove(host, mode, "assignments are tracked", assigned);
}
