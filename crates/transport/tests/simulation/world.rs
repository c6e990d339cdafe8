//! A service and a sink without clock or tasks, and what must hold whatever they do.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use transport::updater::machine::{Action, Input, Machine, Start};
use transport::updater::{ErrorClass, Failure, Mode, Polled, SourceError, UpdaterConfig};
use transport::{Applied, ApplyError, State};

use crate::schedule::{Break, PollIs, Random, Schedule, SinkIs, Step, StreamIs};

const KEEP_ALIVE: Duration = Duration::from_secs(15);

pub(crate) struct World {
    machine: Machine,
    config: UpdaterConfig,
    /// What a bad driver would do; see the test of the simulation itself.
    forgets_ticks: bool,
    random: Random,
    now: Duration,
    events: BTreeMap<(Duration, u64), Event>,
    last_event: u64,
    stream_is: StreamIs,
    poll_is: PollIs,
    sink_is: SinkIs,
    /// What the service has.
    version: u64,
    /// What is in place; 0 for nothing.
    live: u64,
    /// The work under way, each with a number, so that what was cancelled reports no more.
    stream: Option<(u64, bool)>,
    poll: Option<u64>,
    apply: Option<(u64, Bytes)>,
    last_work: u64,
    /// When the start that is under way began, until its outcome is told.
    starting: Option<(Duration, Start)>,
}

#[derive(Debug)]
enum Event {
    StreamOpens(u64),
    /// The service sends what it has then.
    StreamSends(u64),
    KeepAlive(u64),
    StreamBreaks(u64, Failure),
    StreamSendsGarbage(u64),
    /// The service looks at what it has.
    PollArrives(u64, Option<String>),
    PollDone(u64, Result<Polled, Failure>),
    Applied(u64, SinkIs),
}

type Checked = Result<(), String>;

impl World {
    pub(crate) fn new(schedule: &Schedule, forgets_ticks: bool) -> Self {
        let mut config = UpdaterConfig::default();
        config.mode = schedule.mode;
        Self {
            machine: Machine::new(config.clone()),
            config,
            forgets_ticks,
            random: Random::new(!schedule.seed),
            now: Duration::ZERO,
            events: BTreeMap::new(),
            last_event: 0,
            stream_is: StreamIs::Good,
            poll_is: PollIs::Good,
            sink_is: SinkIs::Good,
            version: 1,
            live: 0,
            stream: None,
            poll: None,
            apply: None,
            last_work: 0,
            starting: None,
        }
    }

    /// Lives through a schedule, and then through good times until all must be well.
    pub(crate) fn live_through(mut self, schedule: &Schedule) -> Checked {
        self.start(schedule.start)?;
        for (at, step) in &schedule.steps {
            self.run_to(*at)?;
            self.step(*step)?;
        }
        self.run_to(schedule.trouble_ends())?;
        for step in schedule.healing() {
            self.step(step)?;
        }
        self.run_to(self.now + schedule.bound(&self.config))?;
        self.check_converged(schedule)?;
        // And it stays so, over a renewal too.
        self.run_to(self.now + Duration::from_secs(20 * 60))?;
        self.check_converged(schedule)?;
        self.give(Input::Stop)?;
        self.run_to(self.now + Duration::from_secs(60))
    }

    fn check_converged(&self, schedule: &Schedule) -> Checked {
        let (state, wanted) = (self.machine.status().state, schedule.last_state());
        check(self.live == self.version, || format!("{} is in place, the service has {}", self.live, self.version))?;
        // A stream from before they were to fail may live until its renewal, which may be now.
        let renewed = matches!(state, State::Streaming | State::Reconnecting) && wanted == State::Fallback;
        check(state == wanted || renewed, || format!("the state is {state}, not {wanted}"))
    }

    fn step(&mut self, step: Step) -> Checked {
        match step {
            Step::Publish => {
                self.version += 1;
                if let Some((stream, true)) = self.stream {
                    self.after(5, Event::StreamSends(stream));
                }
            }
            Step::Stream(is) => self.stream_is = is,
            Step::Polls(is) => self.poll_is = is,
            Step::Sink(is) => self.sink_is = is,
            Step::Break(how) => self.break_stream(how),
            Step::Stop => self.give(Input::Stop)?,
            Step::Start(start) => self.start(start)?,
        }
        Ok(())
    }

    fn start(&mut self, start: Start) -> Checked {
        if !self.machine.is_active() || (start == Start::Background && self.starting.is_some()) {
            self.starting = Some((self.now, start));
        }
        self.give(Input::Start(start))
    }

    fn break_stream(&mut self, how: Break) {
        let Some((stream, true)) = self.stream else { return };
        match how {
            Break::Error => self.after(0, Event::StreamBreaks(stream, stream_error(ErrorClass::Network))),
            Break::End => self.after(0, Event::StreamBreaks(stream, Failure::Ended)),
            // The service is not heard of again, though the connection stands.
            Break::Stall => self.stream = Some((stream, false)),
            Break::Garbage => self.after(0, Event::StreamSendsGarbage(stream)),
        }
    }

    fn run_to(&mut self, end: Duration) -> Checked {
        let mut idle_ticks = 0;
        loop {
            let event = self.events.first_key_value().map(|((at, _), _)| *at);
            let deadline = self.machine.next_deadline().filter(|_| !self.forgets_ticks);
            let Some(next) = event.into_iter().chain(deadline).min().filter(|at| *at <= end) else { break };
            idle_ticks = if next > self.now { 0 } else { idle_ticks + 1 };
            check(idle_ticks < 50, || "time stands still".to_owned())?;
            self.now = self.now.max(next);
            match self.events.first_entry() {
                Some(entry) if entry.key().0 <= self.now => {
                    let event = entry.remove();
                    self.happen(event)?;
                }
                _ => self.give(Input::Tick)?,
            }
        }
        self.now = self.now.max(end);
        Ok(())
    }

    fn happen(&mut self, event: Event) -> Checked {
        let stream = self.stream.map(|(number, _)| number);
        match event {
            Event::StreamOpens(number) if stream == Some(number) => {
                self.stream = Some((number, true));
                self.after(15_000, Event::KeepAlive(number));
                self.give(Input::StreamOpened)
            }
            Event::StreamSends(number) if self.stream == Some((number, true)) => {
                self.give(Input::StreamFlags(body(self.version)))
            }
            Event::StreamSendsGarbage(number) if self.stream == Some((number, true)) => {
                self.give(Input::StreamFlags(Bytes::from_static(b"garbage")))
            }
            Event::KeepAlive(number) if self.stream == Some((number, true)) => {
                self.after(KEEP_ALIVE.as_millis().try_into().unwrap(), Event::KeepAlive(number));
                self.give(Input::StreamBytes)
            }
            Event::StreamBreaks(number, failure) if stream == Some(number) => {
                self.stream = None;
                self.give(Input::StreamFailed(failure))
            }
            Event::PollArrives(number, etag) if self.poll == Some(number) => {
                let answer = match self.poll_is {
                    PollIs::Good if etag == Some(tag(self.version)) => Ok(Polled::Unchanged),
                    PollIs::Good => Ok(Polled::flags(body(self.version), Some(tag(self.version)))),
                    PollIs::Garbage => Ok(Polled::flags("garbage", None)),
                    PollIs::Unreachable => Err(poll_error(ErrorClass::Network, None)),
                    PollIs::Refused => Err(poll_error(ErrorClass::Unauthorized, None)),
                    PollIs::Busy => Err(poll_error(ErrorClass::Status(429), Some(Duration::from_secs(100)))),
                    PollIs::Hanging => return Ok(()),
                };
                let delay = self.random.below(3000);
                self.after(delay, Event::PollDone(number, answer));
                Ok(())
            }
            Event::PollDone(number, result) if self.poll == Some(number) => {
                self.poll = None;
                self.give(Input::PollDone(result))
            }
            Event::Applied(number, how) if self.apply.as_ref().is_some_and(|(apply, _)| *apply == number) => {
                self.applied(how)
            }
            _ => Ok(()),
        }
    }

    fn applied(&mut self, how: SinkIs) -> Checked {
        let Some((_, body)) = self.apply.take() else { return Ok(()) };
        if how == SinkIs::Panicking {
            (self.stream, self.poll) = (None, None);
            return self.give(Input::Panicked);
        }
        let Some(version) = version(&body) else {
            return self.give(Input::Applied(Err(ApplyError::malformed("garbage"))));
        };
        if how == SinkIs::Failing {
            return self.give(Input::Applied(Err(ApplyError::other("no cohorts"))));
        }
        check(version >= self.live, || format!("{version} was put in the place of {}", self.live))?;
        self.live = version;
        self.give(Input::Applied(Ok(Applied::new(1))))
    }

    fn give(&mut self, input: Input) -> Checked {
        let random = &mut self.random;
        let actions = self.machine.handle(self.now, input, &mut || random.next());
        for action in actions {
            self.carry_out(action)?;
        }
        self.check_always()
    }

    fn carry_out(&mut self, action: Action) -> Checked {
        let number = self.last_work + 1;
        self.last_work = number;
        let delay = self.random.below(600);
        match action {
            Action::OpenStream => {
                check(self.stream.is_none(), || "two streams".to_owned())?;
                check(self.config.mode == Mode::Streaming, || "a stream though polls were asked for".to_owned())?;
                self.stream = Some((number, false));
                self.stream_opening(number, delay);
            }
            Action::CloseStream => self.stream = None,
            Action::Poll { etag } => {
                check(self.poll.is_none(), || "two polls".to_owned())?;
                let named = etag.clone();
                check(named.is_none_or(|etag| etag == tag(self.live)), || {
                    format!("the poll names {etag:?}, but {} is in place", self.live)
                })?;
                self.poll = Some(number);
                self.after(delay, Event::PollArrives(number, etag));
            }
            Action::CancelPoll => {
                check(self.poll.take().is_some() || self.poll_is != PollIs::Good, || "no poll to cancel".to_owned())?;
            }
            Action::Apply(body) => {
                check(self.apply.is_none(), || "two bodies at a time".to_owned())?;
                self.apply = Some((number, body));
                let delay = match self.sink_is {
                    SinkIs::Hanging => return Ok(()),
                    SinkIs::Slow => self.random.below(8000),
                    _ => self.random.below(50),
                };
                self.after(delay, Event::Applied(number, self.sink_is));
            }
            Action::CancelApply => self.apply = None,
            Action::Ready(result) => {
                let (since, start) = self.starting.take().ok_or("an outcome that nobody waits for")?;
                let limit = self.config.start_timeout;
                let in_time = start == Start::Background || self.now <= since + limit;
                check(in_time, || "the start took too long".to_owned())?;
                check(result.is_err() || self.live > 0, || "started without flags".to_owned())?;
            }
            _ => {}
        }
        Ok(())
    }

    fn stream_opening(&mut self, number: u64, delay: u64) {
        let refused = |class| stream_error(class);
        let failure = match self.stream_is {
            StreamIs::Hanging => return,
            StreamIs::Unreachable => refused(ErrorClass::Network),
            StreamIs::Unsupported => refused(ErrorClass::Unsupported),
            StreamIs::Refused => refused(ErrorClass::Unauthorized),
            StreamIs::Busy => {
                let error = SourceError::new(ErrorClass::Status(503), "busy");
                Failure::Stream(error.with_retry_after(Some(Duration::from_secs(200))))
            }
            StreamIs::Good | StreamIs::Silent | StreamIs::Garbage | StreamIs::EndsAtOnce => {
                self.after(delay, Event::StreamOpens(number));
                let first = delay + self.random.below(600);
                match self.stream_is {
                    StreamIs::Good => self.after(first, Event::StreamSends(number)),
                    StreamIs::Garbage => self.after(first, Event::StreamSendsGarbage(number)),
                    StreamIs::EndsAtOnce => self.after(first, Event::StreamBreaks(number, Failure::Ended)),
                    _ => {}
                }
                return;
            }
        };
        self.after(delay, Event::StreamBreaks(number, failure));
    }

    /// What holds at all times.
    fn check_always(&self) -> Checked {
        let status = self.machine.status();
        let works = self.stream.is_some() || self.poll.is_some() || self.apply.is_some();
        if !self.machine.is_active() {
            check(!works, || "work outlives the stop".to_owned())?;
            check(self.machine.next_deadline().is_none(), || "a timer outlives the stop".to_owned())?;
            return check(self.starting.is_none(), || "a start without an outcome".to_owned());
        }
        let next = self.machine.next_deadline();
        check(works || next.is_some(), || "nothing will ever happen again".to_owned())?;
        let source = self.stream.is_some() || self.poll.is_some() || self.apply.is_some();
        check(source || status.next_retry.is_some(), || "no source is active".to_owned())?;
        if status.state == State::Streaming {
            check(self.stream.is_some(), || "streaming without a stream".to_owned())?;
            check(self.poll.is_none() && status.next_retry.is_none(), || {
                "polls beside a stream that works".to_owned()
            })?;
        }
        if matches!(status.state, State::Streaming | State::Polling | State::Fallback | State::Reconnecting) {
            check(self.live > 0, || format!("{} without flags", status.state))?;
            check(status.stale_at.is_some_and(|at| self.forgets_ticks || at >= self.now), || {
                format!("{} until {:?}, and it is {:?}", status.state, status.stale_at, self.now)
            })?;
        }
        Ok(())
    }

    fn after(&mut self, millis: u64, event: Event) {
        self.last_event += 1;
        self.events.insert((self.now + Duration::from_millis(millis), self.last_event), event);
    }
}

fn check(holds: bool, otherwise: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(otherwise()) }
}

fn stream_error(class: ErrorClass) -> Failure {
    Failure::Stream(SourceError::new(class, "trouble"))
}

fn poll_error(class: ErrorClass, retry_after: Option<Duration>) -> Failure {
    Failure::Poll(SourceError::new(class, "trouble").with_retry_after(retry_after))
}

fn body(version: u64) -> Bytes {
    version.to_string().into()
}

fn version(body: &[u8]) -> Option<u64> {
    std::str::from_utf8(body).ok()?.parse().ok()
}

fn tag(version: u64) -> String {
    format!("v{version}")
}
