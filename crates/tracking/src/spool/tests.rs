use evaluation_core::{User, Variant, Variants};

use super::*;

const LARGE: u64 = 1 << 20;

fn event(index: usize) -> Event {
    let variants: Variants = [("flag", Variant::new("on"))].into_iter().collect();
    Event::assignment(&User::with_user_id(format!("user-{index}")), &variants, 0)
}

fn events(indexes: Range<usize>) -> Vec<(u64, Arc<Event>)> {
    indexes.map(|index| (index as u64, Arc::new(event(index)))).collect()
}

fn open(folder: &Path) -> (Spool, Vec<Event>) {
    Spool::open(folder, LARGE).unwrap()
}

fn segment(folder: &Path) -> PathBuf {
    let mut segments = files::segments(folder).unwrap();
    assert_eq!(segments.len(), 1);
    segments.remove(0).1
}

#[test]
fn what_is_pending_is_there_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let (mut spool, none) = open(folder.path());
    assert!(none.is_empty());
    assert_eq!(spool.write(&events(0..5), &[]), [0, 1, 2, 3, 4]);
    assert_eq!(spool.write(&events(5..7), &[1, 2]), [5, 6]);
    drop(spool);
    let (mut spool, left) = open(folder.path());
    assert_eq!(left, [0, 3, 4, 5, 6].map(event));
    assert_eq!(spool.report(), SpoolReport { recovered: 5, ..SpoolReport::default() });
    // They are called differently now.
    spool.adopt(100..105);
    spool.write(&[], &[100, 102]);
    drop(spool);
    assert_eq!(open(folder.path()).1, [3, 5, 6].map(event));
}

#[test]
fn what_was_written_and_nobody_heard_of_is_told_again() {
    let folder = tempfile::tempdir().unwrap();
    let (mut spool, _) = open(folder.path());
    spool.write(&events(0..3), &[]);
    assert_eq!(spool.write(&events(1..5), &[]), [1, 2, 3, 4]);
    assert_eq!(spool.write(&events(1..3), &[]), [1, 2]);
    assert_eq!(spool.write(&[], &[0, 1, 2, 3]), [] as [u64; 0]);
    drop(spool);
    assert_eq!(open(folder.path()).1, [event(4)]);
}

#[test]
fn an_append_that_fails_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let (mut spool, _) = open(folder.path());
    assert_eq!(spool.write(&events(0..1), &[]), [0]);
    let path = segment(folder.path());
    let whole = std::fs::read(&path).unwrap();
    // As if half of a record had been written when the disk was full; this handle cannot write.
    std::fs::write(&path, [&whole[..], &whole[..20]].concat()).unwrap();
    spool.file = Some(File::open(&path).unwrap());
    assert!(spool.write(&events(1..2), &[]).is_empty());
    assert_eq!(std::fs::read(&path).unwrap(), whole);
    assert_eq!(spool.report().not_kept, 1);
    // The next one begins a file, and if that is all that there is of it, it goes.
    assert_eq!(spool.write(&events(2..3), &[]), [2]);
    assert_eq!(files::segments(folder.path()).unwrap().len(), 2);
    spool.segments[1].bytes = 0;
    spool.take_back();
    assert_eq!(segment(folder.path()), path);
    drop(spool);
    let (spool, left) = open(folder.path());
    assert_eq!((left, spool.report().damaged), (vec![event(0)], 0));
}

#[test]
fn what_is_all_settled_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (mut spool, _) = open(folder.path());
    spool.write(&events(0..3), &[]);
    spool.write(&[], &[0, 1, 2]);
    assert!(files::segments(folder.path()).unwrap().is_empty());
    assert_eq!(spool.write(&events(3..4), &[]), [3]);
    drop(spool);
    assert_eq!(open(folder.path()).1, [event(3)]);
}

#[test]
fn one_folder_is_for_one_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, _) = open(folder.path());
    assert!(matches!(Spool::open(folder.path(), LARGE), Err(SpoolError::InUse(_))));
    drop(spool);
    open(folder.path());
}

#[test]
fn an_insert_id_is_recovered_once() {
    let folder = tempfile::tempdir().unwrap();
    let (mut spool, _) = open(folder.path());
    let same = [(0, Arc::new(event(1))), (1, Arc::new(event(1))), (2, Arc::new(event(2)))];
    spool.write(&same, &[]);
    drop(spool);
    let (mut spool, left) = open(folder.path());
    assert_eq!(left, [1, 2].map(event));
    spool.adopt(0..2);
    spool.write(&[], &[0]);
    drop(spool);
    assert_eq!(open(folder.path()).1, [event(2)]);
}

#[test]
fn the_files_stay_within_their_limit_and_are_deleted_as_their_events_are_settled() {
    let folder = tempfile::tempdir().unwrap();
    let limit = 8 << 10;
    let mut spool = Spool::open(folder.path(), limit).unwrap().0;
    let size = || -> u64 {
        files::segments(folder.path()).unwrap().iter().map(|(_, path)| path.metadata().unwrap().len()).sum()
    };
    let mut kept = Vec::new();
    for index in 0..100 {
        kept.extend(spool.write(&events(index..index + 1), &[]));
        assert!(size() <= limit);
    }
    assert!(kept.len() > 10 && kept.len() < 100, "{}", kept.len());
    assert_eq!(spool.report().not_kept, 100 - kept.len() as u64);
    let full = files::segments(folder.path()).unwrap().len();
    assert!(full > 2);
    let half = kept.len() / 2;
    spool.write(&[], &kept[..half]);
    assert!(files::segments(folder.path()).unwrap().len() < full);
    assert_eq!(spool.write(&events(100..101), &[]), [100]);
    drop(spool);
    assert_eq!(open(folder.path()).1.len(), kept.len() - half + 1);
}

/// How long the record of an event is.
fn record(index: usize) -> usize {
    let mut bytes = Vec::new();
    assert!(record::event(&mut bytes, 0, &event(index)));
    bytes.len()
}

/// Where the records of three events end.
fn ends() -> [usize; 3] {
    [record(0), record(0) + record(1), record(0) + record(1) + record(2)]
}

#[test]
fn a_file_cut_off_anywhere_gives_what_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (mut spool, _) = open(folder.path());
    spool.write(&events(0..3), &[]);
    drop(spool);
    let path = segment(folder.path());
    let whole = std::fs::read(&path).unwrap();
    for length in 0..whole.len() {
        std::fs::write(&path, &whole[..length]).unwrap();
        let (spool, left) = open(folder.path());
        let good = ends().iter().filter(|end| **end <= length).count();
        assert_eq!(left, (0..good).map(event).collect::<Vec<_>>(), "{length}");
        let report = spool.report();
        let rest = length - good.checked_sub(1).map_or(0, |last| ends()[last]);
        assert_eq!((report.damaged, report.skipped_bytes), (u64::from(rest > 0), rest as u64), "{length}");
    }
}

#[test]
fn a_byte_changed_anywhere_costs_one_event() {
    let folder = tempfile::tempdir().unwrap();
    let (mut spool, _) = open(folder.path());
    spool.write(&events(0..3), &[]);
    drop(spool);
    let path = segment(folder.path());
    let whole = std::fs::read(&path).unwrap();
    for place in 0..whole.len() {
        let hit = ends().iter().filter(|end| **end <= place).count();
        for change in [0x01, 0xff] {
            let mut damaged = whole.clone();
            damaged[place] ^= change;
            std::fs::write(&path, &damaged).unwrap();
            let (spool, left) = open(folder.path());
            let expected: Vec<_> = (0..3).filter(|index| *index != hit).map(event).collect();
            assert_eq!(left, expected, "{place}");
            let report = spool.report();
            assert_eq!((report.damaged, report.skipped_bytes), (1, record(hit) as u64), "{place}");
        }
    }
}

#[test]
fn foreign_files_are_left_alone_and_rubbish_is_skipped() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("notes.txt"), "x").unwrap();
    std::fs::write(folder.path().join("events-0000000003.log"), vec![0xE5; 1000]).unwrap();
    let (mut spool, left) = open(folder.path());
    assert!(left.is_empty());
    assert_eq!((spool.report().damaged, spool.report().skipped_bytes), (1, 1000));
    spool.write(&events(0..1), &[]);
    assert!(folder.path().join("notes.txt").exists());
    assert!(folder.path().join("events-0000000004.log").exists());
}

#[test]
fn a_folder_that_cannot_be_is_said_to_be_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let error = Spool::open(&file, LARGE).map(drop).unwrap_err();
    let problem = SpoolReport::unusable(&error).problem.unwrap();
    assert!(problem.contains("file") && problem.contains("check that"), "{problem}");
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_events() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (mut spool, _) = open(folder.path());
    spool.write(&events(0..1), &[]);
    assert_eq!(segment(folder.path()).metadata().unwrap().permissions().mode() & 0o777, 0o600);
}
