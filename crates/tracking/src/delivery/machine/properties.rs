//! What holds for a machine whatever happens to it.

use std::collections::BTreeSet;

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
    /// A writing begins; it is done even if nobody hears of it any more.
    Write,
    Written,
    GiveUp,
    GiveUpFlush(u64),
    CutOff,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        (0_usize..30).prop_map(Happening::Push),
        (0_u64..40).prop_map(Happening::Pass),
        (0_usize..6, 0_usize..12).prop_map(|(kind, place)| Happening::Answer(kind, place)),
        (0_usize..12).prop_map(Happening::Fit),
        Just(Happening::Flush),
        Just(Happening::Write),
        Just(Happening::Written),
        Just(Happening::GiveUp),
        (0_u64..3).prop_map(Happening::GiveUpFlush),
        Just(Happening::CutOff),
    ]
}

/// What is on disk as pending, and what is told of a writing that is under way.
#[derive(Default)]
struct Disk {
    pending: BTreeSet<u64>,
    writing: Option<Vec<u64>>,
}

impl Disk {
    fn write(&mut self, bench: &mut Bench) {
        let Some(sync) = bench.machine.next_sync(bench.now) else { return };
        let events: Vec<u64> = sync.events.iter().map(|(seq, _)| *seq).collect();
        // Not all find room.
        self.pending.extend(events.iter().filter(|seq| *seq % 3 > 0));
        self.writing = Some(events.into_iter().filter(|seq| self.pending.contains(seq)).collect());
        self.pending.retain(|seq| !sync.settled.contains(seq));
    }

    fn written(&mut self, bench: &mut Bench) {
        if let Some(kept) = self.writing.take() {
            bench.machine.synced(kept, bench.now);
        }
    }
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
        let (mut pushed, mut settled, mut disk) = (0_u64, 0_u64, Disk::default());
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
                Happening::Write => disk.write(&mut bench),
                Happening::Written => disk.written(&mut bench),
                Happening::GiveUp => bench.machine.give_up(DropCause::CloseDeadline),
                Happening::GiveUpFlush(id) => bench.machine.give_up_flush(id, bench.now, DropCause::CloseDeadline),
                Happening::CutOff => {
                    disk.writing = None;
                    bench.machine.ground(bench.now);
                }
            }
            bench.upload();
            let machine = &bench.machine;
            let stats = machine.stats();
            prop_assert_eq!(stats.handed_over, pushed);
            prop_assert_eq!(stats.sent + stats.dropped.total() + stats.spooled + stats.pending, pushed);
            let waiting: usize = machine.waiting.values().map(|batch| batch.entries.len()).sum();
            let held = machine.queue.len() + waiting + machine.flight.as_ref().map_or(0, |it| it.entries.len());
            prop_assert_eq!(stats.pending, held as u64);
            prop_assert!(held <= 20 && machine.due <= machine.queue.len());
            let (news, _) = bench.machine.take_news();
            settled += news.iter().map(|settled| settled.entries.len() as u64).sum::<u64>();
            prop_assert_eq!(settled, pushed - stats.pending);
        }
    }

    /// Whatever happened before, once all goes well everything arrives: nothing is stuck, and nothing stays on disk.
    #[test]
    fn nothing_is_ever_stuck(spool: bool, happenings in proptest::collection::vec(happening(), 1..40)) {
        let (mut bench, mut disk) = (Bench::new(Policy { spool, ..policy() }), Disk::default());
        for happening in happenings {
            match happening {
                Happening::Push(count) => drop(bench.push(count)),
                Happening::Answer(kind, place) => bench.reply(verdict(kind, place)),
                Happening::Pass(seconds) => bench.now += SECOND * u32::try_from(seconds).unwrap(),
                Happening::Write => disk.write(&mut bench),
                Happening::Written => disk.written(&mut bench),
                Happening::CutOff => {
                    disk.writing = None;
                    bench.machine.ground(bench.now);
                }
                _ => {}
            }
            bench.upload();
        }
        for _ in 0..1000 {
            bench.reply(Verdict::Taken);
            bench.upload();
            disk.write(&mut bench);
            disk.written(&mut bench);
            if let Some(at) = bench.machine.next_deadline() {
                bench.now = bench.now.max(at);
            }
        }
        prop_assert!(bench.machine.is_idle(), "{:?}", bench.machine);
        prop_assert!(disk.pending.is_empty(), "{:?}", disk.pending);
    }
}
