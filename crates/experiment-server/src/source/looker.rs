//! Looking at files, and reading them when they changed and rest.

use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::look::Look;
use super::watch::Watch;
use super::{Reading, Source};

/// How long files have to stay as they are before they are read: writers seldom write at once, and editors move a file
/// away for a moment.
const REST: Duration = Duration::from_millis(30);

/// How often they are looked at meanwhile.
const BETWEEN: Duration = Duration::from_millis(15);

/// Files that never rest are read all the same after this time.
const PATIENCE: Duration = Duration::from_secs(1);

/// Some file systems tell the time in steps of up to 2 s: a file that is written twice within one may look the same.
const STEP: Duration = Duration::from_millis(2_500);

/// What is to be watched seldom changes even once while looking; if it keeps changing, the next look is soon enough.
const RENEWALS: usize = 3;

/// Looks at files, and reads them when they changed and rest.
///
/// Only looking says whether something changed. Being woken makes it soon; without, it is when the caller looks again.
pub(crate) struct Looker {
    source: Source,
    watch: Watch,
    /// What was seen before the last reading.
    seen: Option<Look>,
    /// When to read again although nothing seems to have changed.
    again: Option<Instant>,
}

impl Looker {
    pub(crate) fn new(source: Source) -> Self {
        Self { source, watch: Watch::default(), seen: None, again: None }
    }

    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    /// Notified when it is time to look.
    pub(crate) fn woken(&self) -> Arc<Notify> {
        Arc::clone(&self.watch.woken)
    }

    /// Reads the source if it may have changed since the last time, and always the first time. Blocks until it rests.
    pub(crate) fn read(&mut self) -> Option<Reading> {
        let mut look = self.look();
        let changed = self.seen.as_ref() != Some(&look);
        if !changed && self.again.is_none_or(|at| Instant::now() < at) {
            return None;
        }
        let mut rest = Rest::begin(Instant::now());
        loop {
            let now = Instant::now();
            if rest.is_enough(now) {
                let reading = self.source.read();
                let after = self.look();
                if rest.is_overdue(now) || after == look {
                    self.again = changed.then(|| Instant::now() + STEP);
                    self.seen = Some(look);
                    return Some(reading);
                }
                rest.was_read(now.elapsed());
                rest.broken(Instant::now());
                look = after;
            }
            sleep(BETWEEN);
            let next = self.look();
            if next != look {
                rest.broken(Instant::now());
                look = next;
            }
        }
    }

    /// Looks, and makes sure that what is seen is watched from before the look.
    fn look(&mut self) -> Look {
        let mut look = Look::at(&self.source);
        for _ in 0..RENEWALS {
            if !self.watch.renew(&look) {
                break;
            }
            look = Look::at(&self.source);
        }
        look
    }
}

/// How long files have rested, and since when they are waited for.
struct Rest {
    begun: Instant,
    since: Instant,
}

impl Rest {
    fn begin(now: Instant) -> Self {
        Self { begun: now, since: now }
    }

    /// They changed.
    fn broken(&mut self, now: Instant) {
        self.since = now;
    }

    /// Reading took this long, which does not count: the writer had no part in it.
    fn was_read(&mut self, took: Duration) {
        self.begun += took;
    }

    fn is_enough(&self, now: Instant) -> bool {
        now.duration_since(self.since) >= REST || self.is_overdue(now)
    }

    fn is_overdue(&self, now: Instant) -> bool {
        now.duration_since(self.begun) >= PATIENCE
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::path::Path;

    use super::*;
    use crate::source::{Content, Kind};

    fn looker(path: &Path) -> Looker {
        Looker::new(Source { kind: Kind::Flags, path: path.to_owned() })
    }

    /// How many flags there are if they are read; minus one if they are invalid.
    fn read(looker: &mut Looker) -> Option<isize> {
        match looker.read()?.content {
            Ok(Content::Flags(flags, _)) => Some(flags.len() as isize),
            _ => Some(-1),
        }
    }

    const NONE: &str = "[]";
    const ONE: &str = r#"[{"key": "a", "variants": {}, "segments": []}]"#;

    #[test]
    fn looking_is_enough() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sub/flags.json");
        fs::create_dir(folder.path().join("sub")).unwrap();
        fs::write(&path, NONE).unwrap();
        for watched in [&path, path.parent().unwrap()] {
            let mut looker = looker(watched);
            assert_eq!((read(&mut looker), read(&mut looker)), (Some(0), None));
            fs::write(&path, ONE).unwrap();
            assert_eq!((read(&mut looker), read(&mut looker)), (Some(1), None));
            fs::remove_dir_all(path.parent().unwrap()).unwrap();
            assert_eq!((read(&mut looker), read(&mut looker)), (Some(-1), None));
            fs::create_dir(path.parent().unwrap()).unwrap();
            fs::write(&path, NONE).unwrap();
            assert_eq!(read(&mut looker), Some(0));
            // What is not read does not count.
            fs::write(path.with_extension("log"), ONE).unwrap();
            fs::write(path.with_file_name(".new.json"), ONE).unwrap();
            assert_eq!(read(&mut looker), None);
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_same_length_and_time_do_not_hide_a_change() {
        let folder = tempfile::tempdir().unwrap();
        let (path, new) = (folder.path().join("flags.json"), folder.path().join("new"));
        let time = std::time::UNIX_EPOCH;
        for file in [&path, &new] {
            fs::write(file, ONE).unwrap();
            File::options().write(true).open(file).unwrap().set_modified(time).unwrap();
        }
        let mut looker = looker(&path);
        assert_eq!((read(&mut looker), read(&mut looker)), (Some(1), None));
        fs::rename(&new, &path).unwrap();
        assert_eq!(read(&mut looker), Some(1));
    }

    #[test]
    fn a_slow_writer_is_waited_for_but_not_for_ever() {
        let ms = Duration::from_millis;
        let begun = Instant::now();
        let mut rest = Rest::begin(begun);
        for piece in 1..=49 {
            let now = begun + ms(piece * 20);
            assert!(!rest.is_enough(now), "{piece}");
            rest.broken(now);
        }
        // Done: a change is to be out within 100 ms.
        assert!(rest.is_enough(begun + ms(49 * 20 + 40)) && !rest.is_overdue(begun + ms(990)));
        rest.broken(begun + ms(1_000));
        assert!(rest.is_enough(begun + ms(1_000)) && rest.is_overdue(begun + ms(1_000)));
        rest.was_read(ms(500));
        assert!(!rest.is_enough(begun + ms(1_010)));
    }

    #[test]
    fn what_changed_is_read_once_more_later() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("flags.json");
        fs::write(&path, NONE).unwrap();
        let mut looker = looker(&path);
        assert_eq!(read(&mut looker), Some(0));
        looker.again = looker.again.and_then(|at| at.checked_sub(STEP));
        assert_eq!((read(&mut looker), read(&mut looker)), (Some(0), None));
    }
}
