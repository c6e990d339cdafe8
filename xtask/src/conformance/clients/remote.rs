//! Remote evaluation: our server decides, and records what the service would track.

use experiment_server::{EventSource, Request, Route};

use super::events::{self, Kind};
use super::host::{Ask, Host};
use super::report::{Report, change, holds, same_for};
use super::server::Ours;

/// The headers that say what is tracked, and which flags are asked for.
const TRACK: &str = "x-amp-exp-track";
const TRACK_EXPOSURE: &str = "x-amp-exp-exposure-track";
const FLAG_KEYS: &str = "x-amp-exp-flag-keys";

/// What the server SDKs ask.
pub(super) fn remote(host: &mut Host, ours: &mut Ours, report: &mut Report) -> Result<(), String> {
    ours.server.clear_requests();
    ours.server.clear_events();
    host.start_client("remote")?;
    report.compare("remote", host, &ours.world);
    let recorded = events::arrive(ours, EventSource::RemoteEvaluation, &[Kind::Assignment, Kind::Exposure])
        .and_then(|more| headers(ours, &[(TRACK, "track"), (TRACK_EXPOSURE, "track")]).map(|()| more));
    report.prove(host, "remote", "assignments and exposures are tracked as asked", recorded);
    ours.server.clear_events();
    let keyed = keys(host, ours).and_then(|more| {
        headers(ours, &[(TRACK, "no-track"), (TRACK_EXPOSURE, "no-track")])?;
        let recorded = ours.server.events().len();
        holds(recorded == 0, format!("{more}, {recorded} events"))
    });
    report.prove(host, "remote", "some flags alone, nothing tracked as asked", keyed);
    let changed = change("remote", host, &mut ours.world);
    report.prove(host, "remote", "sees a change of the file", changed);
    host.stop_client("remote")
}

/// Asks for one flag that depends on another.
pub(super) fn keys(host: &mut Host, ours: &Ours) -> Result<String, String> {
    let keys = [ours.world.dependent()?];
    for person in &ours.world.people {
        let theirs = host.evaluate("remote", &person.user, Ask { keys: &keys, tracked: false });
        same_for(person.id(), &ours.world.ours(person, &keys), &theirs)?;
    }
    last(ours)?.header(FLAG_KEYS).ok_or_else(|| format!("there is no {FLAG_KEYS}"))?;
    Ok(keys.join(", "))
}

fn headers(ours: &Ours, wanted: &[(&str, &str)]) -> Result<(), String> {
    let request = last(ours)?;
    match wanted.iter().find(|(name, value)| request.header(name) != Some(value)) {
        None => Ok(()),
        Some((name, value)) => Err(format!("{name} is {:?}, not {value}", request.header(name))),
    }
}

fn last(ours: &Ours) -> Result<Request, String> {
    ours.requests(Route::Variants).pop().ok_or_else(|| "no variants were asked for".to_owned())
}
