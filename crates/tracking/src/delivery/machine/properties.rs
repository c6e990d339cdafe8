//! What holds for a machine whatever happens to it.

use proptest::prelude::*;

use super::tests::{Bench, SECOND, policy};
use super::*;
use crate::delivery::reply::{Throttled, Verdict};

/// What may happen to a machine.
#[derive(Debug, Clone)]
enum Happening {
    Push(usize),
    Pass(u64),
    Answer(usize, usize),
    Fit(usize),
    Flush,
    Sync,
    GiveUp,
    CutOff,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        (0_usize..30).prop_map(Happening::Push),
        (0_u64..40).prop_map(Happening::Pass),
        (0_usize..6, 0_usize..12).prop_map(|(kind, place)| Happening::Answer(kind, place)),
        (0_usize..12).prop_map(Happening::Fit),
        Just(Happening::Flush),
        Just(Happening::Sync),
        Just(Happening::GiveUp),
        Just(Happening::CutOff),
    ]
}

fn verdict(kind: usize, place: usize) -> Verdict {
    match kind {
        0 => Verdict::Taken,
        1 => Verdict::Failed,
        2 => Verdict::TooLarge,
        3 => Verdict::Invalid(vec![place]),
        4 => Verdict::Throttled(Throttled { events: vec![place], users: vec!["u1".into()], ..Throttled::default() }),
        _ => Verdict::RefusedKey,
    }
}

proptest! {
    /// Whatever happens, the accounts add up, every event is in one place, and memory is bounded.
    #[test]
    fn the_accounts_always_add_up(spool: bool, happenings in proptest::collection::vec(happening(), 1..60)) {
        let mut bench = Bench::new(Policy { spool, attempts: 3, ..policy() });
        let (mut pushed, mut settled) = (0_u64, 0_u64);
        for happening in happenings {
            match happening {
                Happening::Push(count) => {
                    bench.push(count);
                    pushed += count as u64;
                }
                Happening::Pass(seconds) => bench.now += SECOND * u32::try_from(seconds).unwrap(),
                Happening::Answer(kind, place) => bench.reply(verdict(kind, place)),
                Happening::Fit(0) => bench.machine.too_large(bench.now),
                Happening::Fit(count) => bench.machine.fitted(bench.now, count),
                Happening::Flush => drop(bench.machine.begin_flush(bench.now)),
                Happening::Sync => {
                    if let Some(sync) = bench.machine.next_sync(bench.now) {
                        bench.machine.synced(sync.events.iter().map(|(seq, _)| *seq).filter(|seq| seq % 3 > 0), bench.now);
                    }
                }
                Happening::GiveUp => bench.machine.give_up(DropCause::CloseDeadline),
                Happening::CutOff => bench.machine.ground(bench.now),
            }
            bench.upload();
            let machine = &bench.machine;
            let stats = machine.stats();
            prop_assert_eq!(stats.handed_over, pushed);
            prop_assert_eq!(stats.sent + stats.dropped.total() + stats.spooled + stats.pending, pushed);
            let waiting: usize = machine.waiting.values().map(|batch| batch.entries.len()).sum();
            let held = machine.queue.len() + waiting + machine.flight.as_ref().map_or(0, Vec::len);
            prop_assert_eq!(stats.pending, held as u64);
            prop_assert!(held <= 20 && machine.due <= machine.queue.len());
            let (news, _) = bench.machine.take_news();
            settled += news.iter().map(|settled| settled.entries.len() as u64).sum::<u64>();
            prop_assert_eq!(settled, pushed - stats.pending);
        }
    }

    /// Whatever happened before, once all goes well everything arrives: nothing is stuck.
    #[test]
    fn nothing_is_ever_stuck(spool: bool, happenings in proptest::collection::vec(happening(), 1..40)) {
        let mut bench = Bench::new(Policy { spool, ..policy() });
        for happening in happenings {
            match happening {
                Happening::Push(count) => drop(bench.push(count)),
                Happening::Answer(kind, place) => bench.reply(verdict(kind, place)),
                Happening::Pass(seconds) => bench.now += SECOND * u32::try_from(seconds).unwrap(),
                _ => {}
            }
            bench.upload();
        }
        for _ in 0..1000 {
            bench.reply(Verdict::Taken);
            bench.upload();
            if let Some(sync) = bench.machine.next_sync(bench.now) {
                bench.machine.synced(sync.events.iter().map(|(seq, _)| *seq), bench.now);
            }
            if let Some(at) = bench.machine.next_deadline() {
                bench.now = bench.now.max(at);
            }
        }
        prop_assert!(bench.machine.is_idle(), "{:?}", bench.machine);
    }
}
