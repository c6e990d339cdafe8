//! What goes wrong when: made from a seed, and made small when it finds something.

use std::time::Duration;

use transport::State;
use transport::updater::machine::Start;
use transport::updater::{Mode, UpdaterConfig};

/// How long the trouble may last.
const TROUBLE: u64 = 8 * 60_000;

#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    pub(crate) seed: u64,
    pub(crate) mode: Mode,
    pub(crate) start: Start,
    /// In order of time.
    pub(crate) steps: Vec<(Duration, Step)>,
    /// What is well again behind the last step.
    pub(crate) heals: Heals,
    /// True if the service has a new set then.
    pub(crate) publishes: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heals {
    All,
    /// The stream stays as it is.
    Polls,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// The service has a new set.
    Publish,
    /// What streams are like that are opened from now on.
    Stream(StreamIs),
    /// What becomes of the stream that is open.
    Break(Break),
    /// What polls are like from now on.
    Polls(PollIs),
    /// What the sink is like from now on.
    Sink(SinkIs),
    Stop,
    Start(Start),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StreamIs {
    Good,
    Unreachable,
    Hanging,
    Silent,
    Unsupported,
    Refused,
    Busy,
    Garbage,
    EndsAtOnce,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Break {
    Error,
    End,
    Stall,
    Garbage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PollIs {
    Good,
    Unreachable,
    Hanging,
    Refused,
    Busy,
    Garbage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SinkIs {
    Good,
    Slow,
    Failing,
    Hanging,
    Panicking,
}

impl Schedule {
    pub(crate) fn of(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mode = if random.below(4) == 0 { Mode::Polling } else { Mode::Streaming };
        let start = if random.below(2) == 0 { Start::Wait } else { Start::Background };
        let count = random.below(14);
        // Troubles come in bursts as often as spread out.
        let span = [2_000, 60_000, TROUBLE][usize::try_from(random.below(3)).unwrap()];
        let mut steps: Vec<_> =
            (0..count).map(|_| (Duration::from_millis(random.below(span)), step(&mut random))).collect();
        steps.sort_by_key(|(at, _)| *at);
        let heals = if random.below(3) == 0 { Heals::Polls } else { Heals::All };
        Self { seed, mode, start, steps, heals, publishes: random.below(2) == 0 }
    }

    pub(crate) fn trouble_ends(&self) -> Duration {
        self.steps.last().map_or(Duration::from_secs(1), |(at, _)| *at + Duration::from_millis(1))
    }

    /// The state that all must end in.
    pub(crate) fn last_state(&self) -> State {
        match (self.mode, self.last_stream()) {
            (Mode::Streaming, StreamIs::Good) => State::Streaming,
            (Mode::Streaming, _) => State::Fallback,
            _ => State::Polling,
        }
    }

    /// How long it may take at most until all is well behind the trouble.
    pub(crate) fn bound(&self, config: &UpdaterConfig) -> Duration {
        // A silent stream is found out and opened again, or a poll times out and the next one is due, a tenth late at
        // most.
        let next_poll = config.poll_interval + config.poll_interval / 10;
        let mut bound = config.keep_alive_timeout + next_poll + config.poll_timeout + Duration::from_secs(10);
        if self.steps.iter().any(|(_, step)| step.leaves_alone()) {
            bound += config.poll_interval * 10;
        }
        if self.steps.iter().any(|(_, step)| *step == Step::Sink(SinkIs::Hanging)) {
            bound += config.apply_timeout;
        }
        bound
    }

    /// The steps behind which all must be well.
    pub(crate) fn healing(&self) -> Vec<Step> {
        let mut steps = vec![Step::Polls(PollIs::Good), Step::Sink(SinkIs::Good)];
        if self.heals == Heals::All {
            steps.push(Step::Stream(StreamIs::Good));
        }
        if self.publishes {
            steps.push(Step::Publish);
        }
        steps.push(Step::Start(Start::Background));
        steps
    }

    /// What streams are like in the end.
    pub(crate) fn last_stream(&self) -> StreamIs {
        let steps = self.steps.iter().map(|(_, step)| *step).chain(self.healing());
        let mut streams = steps.filter_map(|step| if let Step::Stream(is) = step { Some(is) } else { None });
        streams.next_back().unwrap_or(StreamIs::Good)
    }

    /// The same trouble with as few steps as still make it fail.
    pub(crate) fn shrunk(mut self, fails: impl Fn(&Self) -> bool) -> Self {
        let mut index = 0;
        while index < self.steps.len() {
            let mut fewer = self.clone();
            fewer.steps.remove(index);
            if fails(&fewer) {
                self = fewer;
                index = 0;
            } else {
                index += 1;
            }
        }
        self
    }
}

impl Step {
    /// True when the service makes clients leave it alone for long.
    fn leaves_alone(self) -> bool {
        let stream = matches!(self, Self::Stream(StreamIs::Refused | StreamIs::Busy));
        stream || matches!(self, Self::Polls(PollIs::Refused | PollIs::Busy))
    }
}

fn step(random: &mut Random) -> Step {
    use {PollIs as P, SinkIs as K, StreamIs as S};
    match random.below(16) {
        0..3 => Step::Publish,
        3..7 => Step::Stream(random.of(&[
            S::Good,
            S::Good,
            S::Unreachable,
            S::Hanging,
            S::Silent,
            S::Unsupported,
            S::Refused,
            S::Busy,
            S::Garbage,
            S::EndsAtOnce,
        ])),
        7..10 => Step::Break(random.of(&[Break::Error, Break::End, Break::Stall, Break::Garbage])),
        10..12 => {
            Step::Polls(random.of(&[P::Good, P::Good, P::Unreachable, P::Hanging, P::Refused, P::Busy, P::Garbage]))
        }
        12..14 => Step::Sink(random.of(&[K::Good, K::Good, K::Slow, K::Slow, K::Failing, K::Hanging, K::Panicking])),
        14 => Step::Stop,
        _ => Step::Start(random.of(&[Start::Wait, Start::Background])),
    }
}

/// SplitMix64.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.below(all.len() as u64)).unwrap()]
    }
}

/// A number from the environment, or else the default.
pub(crate) fn setting(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")),
        Err(_) => default,
    }
}
