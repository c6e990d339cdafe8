//! Tests of flushing, of giving up, and of the spool.

use super::tests::{Bench, SECOND, policy};
use super::*;
use crate::delivery::reply::Verdict;

#[test]
fn a_flush_counts_what_was_pending_when_it_began() {
    let mut bench = Bench::new(policy());
    bench.push(5);
    let id = bench.machine.begin_flush(bench.now);
    bench.push(2);
    assert!(!bench.machine.is_flushed(id));
    assert_eq!(bench.upload(), Some((0..5).collect()));
    bench.reply(Verdict::Invalid(vec![0]));
    bench.next();
    bench.reply(Verdict::Taken);
    assert!(bench.machine.is_flushed(id));
    let report = bench.machine.end_flush(id);
    assert_eq!((report.sent, report.dropped, report.pending), (4, 1, 0));
    assert!(report.last_error.is_none());
    assert_eq!(bench.upload(), None);
}

#[test]
fn a_flush_shortens_pauses_and_says_what_is_left() {
    let mut bench = Bench::new(policy());
    bench.push(10);
    for _ in 0..5 {
        bench.next();
        bench.reply(Verdict::Failed);
    }
    assert_eq!(bench.machine.next_deadline(), Some(bench.now + SECOND * 16));
    let (failed, id) = (bench.now, bench.machine.begin_flush(bench.now));
    assert_eq!(bench.upload(), None);
    assert_eq!(bench.next().len(), 10);
    assert_eq!(bench.now, failed + SECOND);
    bench.reply(Verdict::Failed);
    let report = bench.machine.end_flush(id);
    assert_eq!((report.sent, report.pending), (0, 10));
    assert!(matches!(report.last_error, Some(DeliveryError::Refused { .. })));
}

#[test]
fn however_often_somebody_flushes_an_outage_costs_no_more_attempts_than_without() {
    let mut bench = Bench::new(policy());
    bench.push(10);
    let mut uploads = 0;
    for _ in 0..60 * 20 {
        let id = bench.machine.begin_flush(bench.now);
        if bench.upload().is_some() {
            bench.reply(Verdict::Failed);
            uploads += 1;
        }
        bench.machine.end_flush(id);
        bench.now += SECOND / 20;
    }
    assert!((50..=60).contains(&uploads), "{uploads}");
    let attempts = bench.machine.waiting.values().next().unwrap().entries[0].attempts;
    assert!((5..=7).contains(&attempts), "{attempts}");
    assert_eq!(bench.machine.pending(), 10);
    // It still has an end.
    while bench.machine.pending() > 0 {
        bench.machine.begin_flush(bench.now);
        bench.next();
        bench.reply(Verdict::Failed);
    }
    assert!(bench.now > SECOND * 120 && bench.now < SECOND * 600, "{:?}", bench.now);
}

#[test]
fn giving_up_a_flush_leaves_what_came_later() {
    let mut bench = Bench::new(policy());
    bench.push(7);
    let id = bench.machine.begin_flush(bench.now);
    bench.push(10);
    // What is under way holds some of both.
    assert_eq!(bench.upload(), Some((0..10).collect()));
    bench.machine.give_up_flush(id, bench.now, DropCause::CloseDeadline);
    assert_eq!((bench.dropped(DropCause::CloseDeadline), bench.machine.pending()), (7, 10));
    assert!(bench.machine.is_flushed(id));
    let report = bench.machine.end_flush(id);
    assert_eq!((report.dropped, report.pending), (7, 0));
    assert_eq!(bench.next(), [7, 8, 9]);
    bench.reply(Verdict::Taken);
    assert_eq!(bench.next(), (10..17).collect::<Vec<_>>());
}

#[test]
fn an_answer_to_what_was_given_up_changes_nothing() {
    let mut bench = Bench::new(policy());
    bench.push(10);
    bench.next();
    bench.machine.give_up(DropCause::CloseDeadline);
    bench.reply(Verdict::Taken);
    assert_eq!((bench.dropped(DropCause::CloseDeadline), bench.machine.stats().sent), (10, 0));
    assert!(bench.machine.is_idle());
}

#[test]
fn an_upload_that_is_cut_off_is_sent_again() {
    let mut bench = Bench::new(policy());
    bench.push(10);
    let first = bench.next();
    bench.machine.ground(bench.now);
    assert_eq!(bench.upload(), Some(first));
    bench.machine.panicked(bench.now, DeliveryError::Panicked, &mut || 0);
    assert_eq!(bench.next().len(), 10);
}

#[test]
fn a_flush_waits_for_what_the_disk_is_to_be_told_of_its_own_events_only() {
    let mut bench = Bench::new(Policy { spool: true, ..policy() });
    bench.push(5);
    let id = bench.machine.begin_flush(bench.now);
    let sync = bench.machine.next_sync(bench.now).unwrap();
    bench.machine.synced(sync.events.iter().map(|(seq, _)| *seq), bench.now);
    bench.push(10);
    bench.next();
    bench.reply(Verdict::Taken);
    assert!(!bench.machine.is_flushed(id));
    assert_eq!(bench.machine.next_sync(bench.now).unwrap().settled.len(), 5);
    bench.machine.synced(5..15, bench.now);
    assert!(bench.machine.is_flushed(id));
    bench.next();
    bench.reply(Verdict::Taken);
    assert!(bench.machine.is_flushed(id));
}

#[test]
fn with_a_spool_events_are_written_before_they_are_sent() {
    let mut bench = Bench::new(Policy { spool: true, ..policy() });
    bench.push(10);
    assert_eq!(bench.upload(), None);
    let sync = bench.machine.next_sync(bench.now).unwrap();
    assert_eq!(sync.events.len(), 10);
    assert!(bench.machine.next_sync(bench.now).is_none());
    bench.machine.synced(0..10, bench.now);
    assert_eq!(bench.upload(), Some((0..10).collect()));
    bench.reply(Verdict::Taken);
    assert!(!bench.machine.is_idle());
    bench.machine.next_sync(bench.now);
    bench.now = bench.machine.next_deadline().unwrap();
    assert_eq!(bench.now, SECOND);
    assert_eq!(bench.machine.next_sync(bench.now).unwrap().settled, (0..10).collect::<Vec<_>>());
    bench.machine.synced([], bench.now);
    assert!(bench.machine.is_idle());
}

#[test]
fn a_writing_that_nobody_waits_for_any_more_is_not_begun() {
    let mut bench = Bench::new(Policy { spool: true, ..policy() });
    bench.push(10);
    let lost = bench.machine.next_sync(bench.now).unwrap();
    assert!(bench.machine.is_awaited(&lost));
    bench.machine.ground(bench.now);
    assert!(!bench.machine.is_awaited(&lost));
    let again = bench.machine.next_sync(bench.now).unwrap();
    assert_eq!((again.events.len(), bench.machine.is_awaited(&again)), (10, true));
    assert!(!bench.machine.is_awaited(&lost));
}

#[test]
fn with_a_spool_what_waits_is_written_within_a_second() {
    let mut bench = Bench::new(Policy { spool: true, ..policy() });
    assert!(bench.push(1));
    assert!(bench.machine.next_sync(bench.now).is_none());
    assert_eq!(bench.machine.next_deadline(), Some(SECOND));
    assert_eq!(bench.machine.next_sync(SECOND).unwrap().events.len(), 1);
    bench.now = SECOND;
    bench.push(1);
    bench.machine.synced([0], SECOND);
    assert_eq!(bench.machine.next_deadline(), Some(SECOND * 2));
    // At the end, what is on disk stays there.
    bench.machine.give_up(DropCause::CloseDeadline);
    let stats = bench.machine.stats();
    assert_eq!((stats.spooled, stats.dropped.by(DropCause::CloseDeadline), stats.pending), (1, 1, 0));
}
