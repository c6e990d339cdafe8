//! Local evaluation: the server SDKs poll or stream the flags, sync the cohorts and decide themselves.

use experiment_server::{EventSource, Fault, Route};

use super::events::{self, Kind};
use super::host::Host;
use super::report::{Report, change, holds};
use super::server::Ours;

/// By polling, with assignments and exposures sent to our server.
pub(super) fn poll(host: &mut Host, ours: &mut Ours, report: &mut Report) -> Result<(), String> {
    host.start_client("poll")?;
    report.compare("poll", host, &ours.world);
    let arrived = events::arrive(ours, EventSource::HttpApi, &[Kind::Assignment, Kind::Exposure]);
    report.prove(host, "poll", "assignments and exposures arrive", arrived);
    let changed = change("poll", host, &mut ours.world);
    report.prove(host, "poll", "sees a change of the file", changed);
    host.stop_client("poll")
}

/// By streaming, and by polling once the stream is gone.
pub(super) fn stream(host: &mut Host, ours: &mut Ours, report: &mut Report) -> Result<(), String> {
    ours.server.clear_requests();
    host.start_client("stream")?;
    report.compare("stream", host, &ours.world);
    let cohorts = ours.requests(Route::Cohort).len();
    report.prove(host, "stream", "fetches its cohorts", holds(cohorts > 0, format!("{cohorts} requests")));
    let changed = change("stream", host, &mut ours.world).and_then(|more| {
        // What was asked for in another way did not come by the stream.
        let (polls, streams) = (ours.requests(Route::Flags).len(), ours.server.open_streams());
        holds(polls == 0 && streams == 1, format!("{more}; polls: {polls}, open streams: {streams}"))
    });
    report.prove(host, "stream", "sees a change of the file", changed);

    ours.server.faults().always(Route::Stream, Fault::status(500));
    ours.server.cut_streams();
    // The second change comes by the interval: the first may be in what polling begins with.
    let polled =
        change("stream", host, &mut ours.world).and_then(|_| change("stream", host, &mut ours.world)).and_then(|_| {
            let (polls, streams) = (ours.requests(Route::Flags).len(), ours.server.open_streams());
            holds(polls > 1 && streams == 0, format!("polls: {polls}, open streams: {streams}"))
        });
    report.prove(host, "stream", "polls when its stream is gone, and sees two more", polled);
    ours.server.faults().clear();
    host.stop_client("stream")
}
