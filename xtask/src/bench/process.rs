//! What the process can tell about itself. The counting allocator is the program's global one.

use std::fs;

use stats_alloc::INSTRUMENTED_SYSTEM;

/// Bytes on the heap that are allocated and not freed.
pub(super) fn live_heap() -> i64 {
    let stats = INSTRUMENTED_SYSTEM.stats();
    // A reallocation is already in both sums.
    signed(stats.bytes_allocated) - signed(stats.bytes_deallocated)
}

/// How often memory has been asked for since the start, growing what there is included.
pub(super) fn allocations() -> usize {
    let stats = INSTRUMENTED_SYSTEM.stats();
    stats.allocations + stats.reallocations
}

/// The resident set in bytes; none where the system does not tell.
pub(super) fn resident_bytes() -> Option<i64> {
    kilobytes("/proc/self/smaps_rollup", "Rss:")
}

/// The most that it was since the start; none where the system does not tell.
pub(super) fn peak_resident_bytes() -> Option<i64> {
    kilobytes("/proc/self/status", "VmHWM:")
}

fn kilobytes(path: &str, name: &str) -> Option<i64> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kilobytes: i64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// Nanoseconds this thread has run; none where the system does not tell.
pub(super) fn thread_cpu_ns() -> Option<u64> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_ascii_whitespace().next()?.parse().ok()
}

fn signed(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
