use evaluation_core::{User, Variant, Variants};

use super::*;
use crate::delivery::reply::{Throttled, Verdict};

pub(super) const SECOND: Duration = Duration::from_secs(1);

pub(super) fn policy() -> Policy {
    Policy {
        capacity: 20,
        flush_size: 10,
        flush_interval: SECOND * 10,
        chunk_events: 10,
        attempts: 12,
        opt_out: false,
        spool: false,
    }
}

fn event(user_id: &str) -> Event {
    let variants: Variants = [("flag", Variant::new("on"))].into_iter().collect();
    Event::assignment(&User::with_user_id(user_id), &variants, 0)
}

fn events(count: usize) -> Vec<Event> {
    (0..count).map(|index| event(&format!("u{index}"))).collect()
}

fn seqs(entries: &[Entry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.seq).collect()
}

/// A machine, and how it is spoken to.
pub(super) struct Bench {
    pub(super) machine: Machine,
    pub(super) now: Duration,
}

impl Bench {
    pub(super) fn new(policy: Policy) -> Self {
        Self { machine: Machine::new(policy), now: Duration::ZERO }
    }

    pub(super) fn push(&mut self, count: usize) -> bool {
        self.machine.push(self.now, events(count))
    }

    /// What is sent now.
    pub(super) fn upload(&mut self) -> Option<Vec<u64>> {
        self.machine.next_upload(self.now).map(|entries| seqs(&entries))
    }

    /// Waits until something is sent.
    pub(super) fn next(&mut self) -> Vec<u64> {
        loop {
            if let Some(entries) = self.upload() {
                return entries;
            }
            let deadline = self.machine.next_deadline().expect("something is to be sent");
            assert!(deadline > self.now, "due and not done");
            self.now = deadline;
        }
    }

    pub(super) fn reply(&mut self, verdict: Verdict) {
        self.reply_after(verdict, None);
    }

    fn reply_after(&mut self, verdict: Verdict, retry_after: Option<Duration>) {
        let error = (verdict != Verdict::Taken).then_some(DeliveryError::Refused { code: 500 });
        self.machine.reply(self.now, Reply { verdict, retry_after }, error, &mut || u64::MAX / 2 + 1);
    }

    pub(super) fn dropped(&self, cause: DropCause) -> u64 {
        self.machine.stats.dropped.by(cause)
    }
}

#[test]
fn the_first_event_waits_for_others_at_most_for_the_interval() {
    let mut bench = Bench::new(policy());
    assert!(bench.push(1));
    assert!(!bench.push(1));
    assert_eq!(bench.upload(), None);
    assert_eq!(bench.next(), [0, 1]);
    assert_eq!(bench.now, SECOND * 10);
    bench.reply(Verdict::Taken);
    assert!(bench.machine.is_idle());
    assert_eq!(bench.machine.stats().sent, 2);
}

#[test]
fn a_full_batch_waits_for_nothing() {
    let mut bench = Bench::new(policy());
    bench.push(9);
    assert_eq!(bench.upload(), None);
    assert!(bench.push(4));
    assert_eq!(bench.upload(), Some((0..10).collect()));
    // One at a time.
    assert_eq!(bench.upload(), None);
    bench.reply(Verdict::Taken);
    assert_eq!(bench.upload(), Some((10..13).collect()));
}

#[test]
fn failures_are_sent_again_after_growing_pauses_until_they_are_used_up() {
    let mut bench = Bench::new(policy());
    bench.push(10);
    let mut sent = Vec::new();
    while bench.machine.pending() > 0 {
        assert_eq!(bench.next(), (0..10).collect::<Vec<_>>());
        sent.push(bench.now.as_secs());
        bench.reply(Verdict::Failed);
    }
    assert_eq!(sent, [0, 1, 3, 7, 15, 31, 61, 91, 121, 151, 181, 211]);
    assert_eq!(bench.dropped(DropCause::RetriesUsedUp), 10);
}

#[test]
fn with_the_shortest_pauses_twelve_attempts_still_outlast_two_minutes() {
    let mut bench = Bench::new(policy());
    bench.push(10);
    while bench.machine.pending() > 0 {
        bench.next();
        bench.machine.reply(bench.now, Reply::none(None), None, &mut || 0);
    }
    assert!(bench.now > SECOND * 120, "{:?}", bench.now);
}

#[test]
fn while_the_service_fails_all_batches_share_the_attempts() {
    let mut bench = Bench::new(policy());
    bench.push(20);
    let mut first = Vec::new();
    for _ in 0..4 {
        first.push(bench.next()[0]);
        bench.reply(Verdict::Failed);
    }
    assert_eq!(first, [0, 10, 0, 10]);
    // After that all goes, one upload behind the other.
    bench.next();
    bench.reply(Verdict::Taken);
    bench.next();
    bench.reply(Verdict::Taken);
    assert_eq!(bench.machine.stats().sent, 20);
}

#[test]
fn one_batch_that_always_fails_does_not_hold_up_the_others() {
    let mut bench = Bench::new(Policy { capacity: 1000, ..policy() });
    bench.push(100);
    let mut sent = 0;
    while sent < 9 {
        if bench.next().contains(&0) {
            bench.reply(Verdict::Failed);
        } else {
            bench.reply(Verdict::Taken);
            sent += 1;
        }
    }
    assert!(bench.now < SECOND * 5, "{:?}", bench.now);
    assert_eq!(bench.machine.pending(), 10);
}

#[test]
fn the_service_may_ask_for_longer_pauses_up_to_a_minute() {
    for (asked, pause) in [(20, 20), (600, 60)] {
        let mut bench = Bench::new(policy());
        bench.push(10);
        bench.next();
        bench.reply_after(Verdict::Failed, Some(SECOND * asked));
        // Nobody's hurry changes that.
        bench.machine.begin_flush(bench.now);
        bench.next();
        assert_eq!(bench.now, SECOND * pause);
    }
}

#[test]
fn refused_events_go_and_the_others_are_sent_again() {
    let mut bench = Bench::new(policy());
    bench.push(10);
    bench.next();
    bench.reply(Verdict::Invalid(vec![1, 3, 3, 99]));
    assert_eq!(bench.upload(), Some(vec![0, 2, 4, 5, 6, 7, 8, 9]));
    bench.reply(Verdict::Taken);
    assert_eq!((bench.dropped(DropCause::Invalid), bench.machine.stats().sent), (2, 8));
}

#[test]
fn without_any_place_all_are_sent_again_until_their_attempts_are_used_up() {
    for places in [vec![], vec![99]] {
        let mut bench = Bench::new(policy());
        bench.push(10);
        for _ in 0..12 {
            assert_eq!(bench.next().len(), 10);
            bench.reply(Verdict::Invalid(places.clone()));
        }
        assert!(bench.now > SECOND * 120);
        assert_eq!(bench.dropped(DropCause::RetriesUsedUp), 10);
    }
}

#[test]
fn a_refused_upload_is_dropped() {
    let mut bench = Bench::new(policy());
    bench.push(10);
    bench.next();
    bench.reply(Verdict::InvalidUpload);
    assert_eq!(bench.dropped(DropCause::Invalid), 10);
}

#[test]
fn a_refused_key_drops_the_upload() {
    let mut bench = Bench::new(policy());
    bench.push(10);
    bench.next();
    bench.reply(Verdict::RefusedKey);
    assert_eq!(bench.dropped(DropCause::RefusedKey), 10);
}

#[test]
fn what_is_too_large_is_halved_until_it_fits_for_good() {
    let mut bench = Bench::new(policy());
    bench.push(10);
    assert_eq!(bench.next().len(), 10);
    bench.reply(Verdict::TooLarge);
    assert_eq!(bench.next(), [0, 1, 2, 3, 4]);
    bench.reply(Verdict::TooLarge);
    for pair in [[0, 1], [2, 3]] {
        assert_eq!(bench.next(), pair);
        bench.reply(Verdict::Taken);
    }
    assert_eq!(bench.next(), [4]);
    bench.reply(Verdict::TooLarge);
    assert_eq!(bench.dropped(DropCause::TooLarge), 1);
    assert_eq!(bench.next(), [5, 6]);
}

#[test]
fn what_does_not_fit_comes_next() {
    let mut bench = Bench::new(policy());
    bench.push(10);
    bench.next();
    bench.machine.fitted(bench.now, 3);
    bench.reply(Verdict::Taken);
    assert_eq!(bench.upload(), Some((3..10).collect()));
    bench.machine.too_large(bench.now);
    assert_eq!(bench.dropped(DropCause::TooLarge), 1);
    assert_eq!(bench.upload(), Some((4..10).collect()));
}

#[test]
fn throttled_events_wait_and_those_over_quota_go() {
    let mut bench = Bench::new(policy());
    bench.push(10);
    bench.next();
    let throttled = Throttled { events: vec![0, 1, 2], users: vec!["u2".into(), "u3".into()], devices: vec![] };
    bench.reply(Verdict::Throttled(throttled));
    assert_eq!(bench.dropped(DropCause::OverQuota), 2);
    assert_eq!(bench.upload(), Some((4..10).collect()));
    bench.reply(Verdict::Taken);
    bench.machine.begin_flush(bench.now);
    assert_eq!(bench.next(), [0, 1]);
    assert_eq!(bench.now, SECOND * 30);
}

#[test]
fn when_nobody_is_named_the_whole_project_is_throttled() {
    let mut bench = Bench::new(policy());
    bench.push(10);
    bench.next();
    bench.reply_after(Verdict::Throttled(Throttled::default()), Some(SECOND * 5));
    assert_eq!(bench.next().len(), 10);
    assert_eq!(bench.now, SECOND * 5);
}

#[test]
fn when_full_the_oldest_go() {
    let mut bench = Bench::new(policy());
    bench.push(10);
    bench.next();
    bench.push(10);
    // Those under way stay.
    bench.push(3);
    assert_eq!(bench.dropped(DropCause::QueueFull), 3);
    bench.reply(Verdict::Failed);
    bench.push(2);
    assert_eq!(bench.dropped(DropCause::QueueFull), 5);
    let mut left = Vec::new();
    bench.machine.begin_flush(bench.now);
    while bench.machine.pending() > 0 {
        left.extend(bench.next());
        bench.reply(Verdict::Taken);
    }
    left.sort_unstable();
    assert_eq!(left, [(2..10).collect::<Vec<_>>(), (13..25).collect()].concat());
}

#[test]
fn when_all_that_is_there_is_under_way_newcomers_go() {
    let mut bench = Bench::new(Policy { capacity: 10, ..policy() });
    bench.push(10);
    bench.next();
    bench.push(2);
    assert_eq!(bench.dropped(DropCause::QueueFull), 2);
    bench.reply(Verdict::Taken);
    assert_eq!(bench.machine.stats().sent, 10);
}

#[test]
fn who_opted_out_sends_nothing() {
    let mut bench = Bench::new(Policy { opt_out: true, ..policy() });
    bench.push(30);
    assert_eq!((bench.dropped(DropCause::OptedOut), bench.machine.next_deadline()), (30, None));
    assert!(bench.machine.is_idle());
}

#[test]
fn the_first_of_a_series_is_told_louder() {
    let mut bench = Bench::new(policy());
    bench.push(10);
    for _ in 0..2 {
        bench.next();
        bench.reply(Verdict::Failed);
    }
    bench.next();
    bench.reply(Verdict::Taken);
    let notices = bench.machine.take_news().1;
    assert!(matches!(
        notices[..],
        [
            Notice::Failed { repeated: false, .. },
            Notice::Failed { repeated: true, .. },
            Notice::Recovered { failures: 2 },
        ]
    ));
    bench.push(25);
    bench.push(1);
    let notices = bench.machine.take_news().1;
    assert!(matches!(
        notices[..],
        [Notice::Dropped { events: 5, repeated: false, .. }, Notice::Dropped { events: 1, repeated: true, .. }]
    ));
}

#[test]
fn under_overload_uploads_that_arrive_do_not_make_it_a_new_series() {
    let mut bench = Bench::new(policy());
    let mut warnings = 0;
    let mut count = |bench: &mut Bench| {
        let notices = bench.machine.take_news().1;
        warnings += notices.iter().filter(|it| matches!(it, Notice::Dropped { repeated: false, .. })).count();
        warnings
    };
    for _ in 0..5 {
        bench.push(25);
        bench.next();
        bench.reply(Verdict::Taken);
    }
    assert_eq!(count(&mut bench), 1);
    // It is over when uploads arrive and nothing is dropped in between.
    for _ in 0..2 {
        bench.machine.begin_flush(bench.now);
        bench.next();
        bench.reply(Verdict::Taken);
        bench.push(10);
    }
    bench.push(25);
    assert_eq!(count(&mut bench), 2);
}

#[test]
fn recovery_is_told_when_events_are_taken_not_when_they_are_refused() {
    let mut bench = Bench::new(policy());
    bench.push(10);
    for verdict in [Verdict::Failed, Verdict::TooLarge, Verdict::Failed, Verdict::Invalid(vec![0])] {
        bench.next();
        bench.reply(verdict);
    }
    let notices = bench.machine.take_news().1;
    assert!(!notices.iter().any(|notice| matches!(notice, Notice::Recovered { .. })), "{notices:?}");
    assert!(matches!(notices[1], Notice::Failed { repeated: true, .. }), "{notices:?}");
    bench.next();
    bench.reply(Verdict::Taken);
    assert!(matches!(bench.machine.take_news().1[..], [Notice::Recovered { failures: 2 }]));
}
