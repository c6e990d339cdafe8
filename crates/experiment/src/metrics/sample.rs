//! Which evaluations are told.

use std::cell::Cell;

use transport::task::Random;

/// True once in so many times, by chance: what comes in turn would be told of always or never.
pub(super) fn drawn(every: u32) -> bool {
    thread_local! {
        static STATE: Cell<u32> = Cell::new(seed());
    }
    match every {
        0 => false,
        1 => true,
        _ => STATE.with(|state| {
            // Xorshift, by George Marsaglia.
            let mut next = state.get();
            next ^= next << 13;
            next ^= next >> 17;
            next ^= next << 5;
            state.set(next);
            next <= u32::MAX / every
        }),
    }
}

/// Of the thread: anything but 0.
fn seed() -> u32 {
    u32::try_from(Random::new().next() >> 32).unwrap_or_default() | 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_in_so_many_is_drawn() {
        let count = |every| (0..100_000).filter(|_| drawn(every)).count();
        assert_eq!((count(0), count(1)), (0, 100_000));
        // Some 12 standard deviations to either side.
        assert!((700..1300).contains(&count(100)), "{}", count(100));
    }
}
