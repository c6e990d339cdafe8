//! The official clients against our server: do they work with it by nothing but its URL, and decide as ours does?
//!
//! Each package has a server of its own and runs beside the others.

mod browser;
mod cohorts;
mod cookies;
mod events;
mod host;
mod local;
mod page;
mod remote;
mod report;
mod server;
mod tracking;
mod world;

use std::path::Path;
use std::process::Command;
use std::thread;

use tokio::runtime::{Handle, Runtime};

use super::install;
use super::tally::Tally;
use host::Host;
use report::Report;
use server::Ours;

/// What a package is put through.
#[derive(Clone, Copy, Debug)]
enum Course {
    /// A server SDK: polling, streaming, remote evaluation.
    Server,
    /// The JavaScript client under Node.
    Page,
    /// The JavaScript client in a browser.
    Browser,
}

/// Runs all packages; how many could not be had.
pub(super) fn run(root: &Path, target: &Path, browser: bool) -> Result<(Tally, usize), String> {
    println!("clients of our server:");
    let runtime = Runtime::new().map_err(|error| format!("no runtime: {error}"))?;
    let mut wanted = vec![
        ("node clients", Course::Server, install::node(target, "clients.mjs")),
        ("python clients", Course::Server, install::python(target, "clients.py")),
        ("page client", Course::Page, install::node(target, "page-client.mjs")),
    ];
    if browser {
        wanted.push(("browser", Course::Browser, install::node(target, "browser.mjs")));
    }
    let mut whole = Report::default();
    let mut hosts = Vec::new();
    let mut skipped = 0;
    for (name, course, command) in wanted {
        match command.and_then(|command: Command| Host::start(name, command)) {
            Ok(host) => hosts.push((course, host)),
            // It runs only where it was asked for by name.
            Err(reason) if matches!(course, Course::Browser) => whole.fail(name, reason),
            Err(reason) => {
                println!("  {name} skipped: {reason}");
                skipped += 1;
            }
        }
    }
    let handle = runtime.handle();
    thread::scope(|scope| {
        let runs: Vec<_> =
            hosts.into_iter().map(|(course, host)| scope.spawn(move || course.run(host, handle, root))).collect();
        for run in runs {
            match run.join() {
                Ok(report) => whole.merge(report),
                Err(_) => whole.fail("a package", "its thread panicked".to_owned()),
            }
        }
    });
    whole.print();
    Ok((whole.tally(), skipped))
}

impl Course {
    fn run(self, mut host: Host, runtime: &Handle, root: &Path) -> Report {
        let mut report = Report::default();
        if let Err(reason) = self.steps(&mut host, runtime, root, &mut report) {
            report.fail(host.package().0, reason);
        }
        report
    }

    fn steps(self, host: &mut Host, runtime: &Handle, root: &Path, report: &mut Report) -> Result<(), String> {
        let start = |host: &mut Host, page: Option<&str>| {
            let ours = Ours::start(runtime, &root.join("examples"), page)?;
            host.use_server(&ours.server.url());
            Ok::<_, String>(ours)
        };
        match self {
            Self::Server => {
                let mut ours = start(host, None)?;
                local::poll(host, &mut ours, report)?;
                local::stream(host, &mut ours, report)?;
                remote::remote(host, &mut ours, report)?;
                cohorts::cohorts(host, runtime, root, report)?;
                if host.package().0 == tracking::PATTERN {
                    cookies::cookies(host, report);
                    tracking::tracking(host, runtime, report)?;
                }
                Ok(())
            }
            Self::Page => {
                let mut ours = start(host, None)?;
                page::page(host, &mut ours, report)
            }
            Self::Browser => {
                let page = browser::open(host)?;
                let ours = start(host, Some(&page.origin))?;
                page.show(host, &ours, report)
            }
        }
    }
}
