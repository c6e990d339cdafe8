//! Schedules lived through by an updater with its driver, on Tokio's held clock.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};
use transport::State;
use transport::updater::machine::Start;
use transport::updater::{Updater, UpdaterConfig};

use crate::schedule::{Schedule, Step};
use crate::service::Service;

pub(crate) fn live_through(schedule: &Schedule) -> Result<(), String> {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(run(schedule))
}

async fn run(schedule: &Schedule) -> Result<(), String> {
    let mut config = UpdaterConfig::default();
    config.mode = schedule.mode;
    let service = Arc::new(Service::new(schedule.seed));
    let updater = Updater::builder(service.clone(), service.clone()).config(config.clone()).build();
    let mut starts = JoinSet::new();
    let began = Instant::now();
    step(Step::Start(schedule.start), &service, &updater, &mut starts).await;
    for (at, what) in &schedule.steps {
        sleep_until(began + *at).await;
        step(*what, &service, &updater, &mut starts).await;
    }
    sleep_until(began + schedule.trouble_ends()).await;
    for what in schedule.healing() {
        step(what, &service, &updater, &mut starts).await;
    }
    let mut watch = updater.watch();
    let well = watch.wait_for(|status| {
        let now = service.now();
        now.live == now.version && [State::Streaming, schedule.last_state()].contains(&status.state)
    });
    if timeout(schedule.bound(&config), well).await.is_err() {
        let now = service.now();
        return Err(format!("{} is in place, the service has {}: {:?}", now.live, now.version, updater.status()));
    }
    // Whoever still waits for a start is told by the stop.
    updater.stop().await;
    let told = timeout(Duration::from_secs(1), async { while starts.join_next().await.is_some() {} }).await;
    tokio::time::advance(Duration::from_secs(120)).await;
    let (tasks, work) = (Handle::current().metrics().num_alive_tasks(), service.under_way());
    match &*service.now().wrongs {
        [wrong, ..] => Err(wrong.clone()),
        [] if told.is_err() => Err("a start was not told of the stop".to_owned()),
        [] if (tasks, work) != (0, 0) => Err(format!("{tasks} tasks and {work} works outlive the stop")),
        [] => Ok(()),
    }
}

async fn step(step: Step, service: &Arc<Service>, updater: &Updater, starts: &mut JoinSet<()>) {
    match step {
        Step::Publish => service.publish(),
        Step::Stream(is) => service.now().stream_is = is,
        Step::Break(how) => service.break_stream(how),
        Step::Polls(is) => service.now().poll_is = is,
        Step::Sink(is) => service.now().sink_is = is,
        Step::Stop => updater.stop().await,
        Step::Start(Start::Background) => updater.start_in_background().unwrap(),
        Step::Start(Start::Wait) => {
            let updater = updater.clone();
            // Whether it comes up in such times is not asked; that it ends is.
            starts.spawn(async move { drop(updater.start().await) });
        }
    }
}
