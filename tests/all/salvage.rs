//! Damaged databases of a phone: whatever byte is hit, the app opens, and unsent reports are there or are missed.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use suishou_core::{
    field::{Field, ReportDraft, StepDraft},
    id::DocumentId,
    model::incident::StepKind,
    store::Mine,
    time::{Random, SharedClock},
};
use suishou_server::relay::WorkFilter;
use suishou_tests::harness::{Phone, Township};
use tempfile::TempDir;

use crate::scenarios::{photo, report};

/// A page of SQLite.
const PAGE: usize = 4096;

/// A phone with sent and unsent reports, as its files are in the middle of a day: nothing was closed.
struct Running {
    township: Township,
    phone: Phone,
    files: TempDir,
    unsent: BTreeSet<DocumentId>,
    all: BTreeSet<DocumentId>,
}

/// Whether the app was closed in order once more before its last report.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Closed {
    Before,
    After,
}

/// What was not sent stands in the log alone, or in the database's pages too.
async fn running(seed: u64, closed: Closed) -> Running {
    let township = Township::new(seed).await;
    let mut phone = township.phone("m1", seed + 1).await;
    let mut vendor = township.phone("i1", seed + 2).await;
    let of_others = vendor.field().report(report("别人报的", &township, 119.605)).unwrap();
    vendor.sync().await.unwrap();
    township.settled().await;
    let mut all = BTreeSet::new();
    for number in 0..20 {
        all.insert(phone.field().report(report(&format!("已发的第{number}件"), &township, 119.605)).unwrap());
    }
    phone.sync().await.unwrap();
    // Closed once: a part of it stands in the database's pages, the rest in the log.
    phone.kill();
    phone.start();
    let mut unsent = BTreeSet::new();
    for number in 0..20 {
        let mut draft = report(&format!("没发的第{number}件{}", "细节".repeat(number)), &township, 119.605);
        if number == 3 {
            draft =
                ReportDraft { photos: vec![phone.field().add_photo(&photo(seed), &[]).unwrap()], ..draft };
        }
        if number == 10 {
            draft.text = "长".repeat(2_500);
        }
        let incident = phone.field().report(draft).unwrap();
        unsent.insert(incident);
        if number % 5 == 0 {
            phone.field().step(incident, StepDraft::plain(StepKind::Handling)).unwrap();
        }
    }
    if closed == Closed::After {
        phone.kill();
        phone.start();
    }
    phone.field().step(of_others, StepDraft::plain(StepKind::Handling)).unwrap();
    all.extend(&unsent);
    let files = tempfile::tempdir().unwrap();
    copy(phone.folder(), files.path());
    Running { township, phone, files, unsent, all }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for item in fs::read_dir(from).unwrap().flatten() {
        let target = to.join(item.file_name());
        if item.path().is_dir() {
            copy(&item.path(), &target);
        } else if item.file_name() != "lock" {
            fs::copy(item.path(), target).unwrap();
        }
    }
}

impl Running {
    /// The files with one byte changed.
    fn damaged(&self, file: &str, place: usize, mask: u8) -> TempDir {
        let kept = tempfile::tempdir().unwrap();
        copy(self.files.path(), kept.path());
        let path = kept.path().join(file);
        let mut bytes = fs::read(&path).unwrap();
        bytes[place] ^= mask;
        fs::write(&path, bytes).unwrap();
        kept
    }

    fn open(&self, folder: &Path) -> Field {
        let clock: SharedClock = Arc::<suishou_tests::harness::TestClock>::clone(&self.township.time);
        Field::open(folder, clock, Random::seeded(99)).unwrap()
    }

    fn len(&self, file: &str) -> usize {
        usize::try_from(fs::metadata(self.files.path().join(file)).unwrap().len()).unwrap()
    }

    /// Opens a copy with one byte changed.
    fn check(&self, what: &str, file: &str, place: usize, mask: u8, most: usize) -> bool {
        let kept = self.damaged(file, place, mask);
        let page = place / PAGE + 1;
        self.check_folder(kept.path(), most, &format!("{what}: {file} at {place} (page {page}), mask {mask}"))
    }

    /// Opens a damaged copy: what was not sent is there, or the loss is told; `most` may be hit. Tells whether
    /// the damage was noticed.
    fn check_folder(&self, folder: &Path, most: usize, context: &str) -> bool {
        let field = self.open(folder);
        let listed = field.incidents(Mine::Only, 1_000, 0).unwrap();
        let there: BTreeSet<DocumentId> = listed.into_iter().map(|incident| incident.row.document).collect();
        let missing: Vec<_> = self.unsent.difference(&there).collect();
        let report = field.salvage();
        let lost = report.as_ref().map_or(0, |report| report.entries_lost);
        let is_unenrolled = report.as_ref().is_some_and(|report| report.is_enrolment_lost);
        if is_unenrolled {
            let to = tempfile::tempdir().unwrap();
            let exported = field.export_held(to.path()).unwrap().entries;
            assert!(
                exported + most as u64 >= self.unsent.len() as u64,
                "{context}: {exported} can be handed over"
            );
            return true;
        }
        assert!(missing.len() <= most, "{context}: {} unsent reports are gone", missing.len());
        assert!(lost >= missing.len() as u64, "{context}: {} gone, {lost} told", missing.len());
        // A byte of a listed row's own id is not noticed yet: such a row leads nowhere.
        let strangers = there.difference(&self.all).count();
        assert!(strangers <= most, "{context}: {strangers} are made up");
        if let Some(report) = &report {
            assert!(report.set_aside.exists(), "{context}: the damaged database is kept");
            assert!(report.entries >= there.len() as u64, "{context}");
        }
        let pending = field.counts().unwrap().entries_pending;
        assert!(pending + lost >= self.unsent.len() as u64, "{context}: {pending} are to be sent");
        // And it works on.
        field.report(report_now(&self.township)).unwrap();
        report.is_some()
    }
}

fn report_now(township: &Township) -> ReportDraft {
    report("救回之后", township, 119.605)
}

#[tokio::test]
async fn a_flipped_byte_anywhere_never_keeps_the_app_from_opening_and_loss_is_told() {
    let before = flip_everywhere(&running(601, Closed::Before).await, 601);
    let after = flip_everywhere(&running(611, Closed::After).await, 611);
    let noticed: Vec<u32> = before.iter().zip(after).map(|(before, after)| before + after).collect();
    assert!(noticed.iter().all(|count| *count > 0), "each kind of damage is met: {noticed:?}");
}

/// How often damage of each kind was noticed. Where the log has a page anew, nobody reads the old one.
fn flip_everywhere(running: &Running, seed: u64) -> [u32; 4] {
    let mut random = Random::seeded(seed);
    let mut below = |bound: usize| usize::try_from(random.below(bound as u64)).unwrap();
    let (pages, log) = (running.len("field.db") / PAGE, running.len("field.db-wal"));
    assert!(pages > 10 && log > 4 * PAGE, "{pages} pages, {log} bytes of log");
    let mut salvaged = [0; 4];
    // More for a soak: each is one opening of a damaged store.
    let rounds = std::env::var("SUISHOU_FLIPS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(40);
    for _ in 0..rounds {
        let mask = 1 << below(8);
        // The file's own head.
        salvaged[0] += u32::from(running.check("head", "field.db", below(100), mask, 0));
        // The head of a tree's page.
        let page = 1 + below(pages - 1);
        // The beginning of a long row's further page is the row itself.
        salvaged[1] += u32::from(running.check("tree", "field.db", page * PAGE + below(12), mask, 1));
        // Anything in a page.
        let place = PAGE + below((pages - 1) * PAGE);
        salvaged[2] += u32::from(running.check("payload", "field.db", place, mask, 1));
        // The log: what was done last is only there.
        salvaged[3] += u32::from(running.check("log", "field.db-wal", below(log), mask, 1));
    }
    assert!(salvaged[3] > rounds * 3 / 4, "a damaged log is noticed: {salvaged:?}");
    salvaged
}

#[tokio::test]
async fn torn_and_missing_pages_cost_no_more_than_what_stood_on_them() {
    let running = running(602, Closed::Before).await;
    let mut random = Random::seeded(602);
    for _ in 0..12 {
        let pages = running.len("field.db") / PAGE;
        let page = 1 + usize::try_from(random.below(pages as u64 - 1)).unwrap();
        let kept = tempfile::tempdir().unwrap();
        copy(running.files.path(), kept.path());
        let path = kept.path().join("field.db");
        let mut bytes = fs::read(&path).unwrap();
        bytes[page * PAGE + 512..(page + 1) * PAGE].fill(0);
        fs::write(&path, &bytes).unwrap();
        // A page holds no more than six whole entries.
        running.check_folder(kept.path(), 6, &format!("torn page {}", page + 1));
    }
    // Not a database at all any more, and no log: nobody is known, and that is told.
    let kept = tempfile::tempdir().unwrap();
    copy(running.files.path(), kept.path());
    fs::write(kept.path().join("field.db"), vec![7; 10 * PAGE]).unwrap();
    fs::remove_file(kept.path().join("field.db-wal")).unwrap();
    let field = running.open(kept.path());
    assert!(field.enrolment().is_err());
    let report = field.salvage().unwrap();
    assert_eq!((report.entries, fs::read(&report.set_aside).unwrap().len()), (0, 10 * PAGE));
    // The database is gone and the log is left.
    let kept = tempfile::tempdir().unwrap();
    copy(running.files.path(), kept.path());
    fs::remove_file(kept.path().join("field.db")).unwrap();
    let field = running.open(kept.path());
    let report = field.salvage().unwrap();
    let in_hand = if report.is_enrolment_lost {
        field.export_held(&kept.path().join("out")).unwrap().entries
    } else {
        field.counts().unwrap().entries_pending
    };
    assert!(in_hand >= running.unsent.len() as u64, "{in_hand}");
}

#[tokio::test]
async fn a_salvaged_phone_syncs_on_and_nothing_doubles() {
    let Running { township, mut phone, files, unsent, all } = running(603, Closed::After).await;
    phone.kill();
    let folder: PathBuf = phone.folder().to_owned();
    fs::remove_dir_all(&folder).unwrap();
    copy(files.path(), &folder);
    // Both at once: a tree's page and a photo's file.
    let path = folder.join("field.db");
    let mut bytes = fs::read(&path).unwrap();
    bytes[16] ^= 0x20;
    for page in 4..8 {
        bytes[page * PAGE] = 0x77;
    }
    fs::write(&path, bytes).unwrap();
    phone.start();
    let report = phone.field().salvage().unwrap();
    assert_eq!((report.entries_lost, report.is_enrolment_lost), (0, false));
    assert_eq!(report.blobs, 2);
    phone.sync().await.unwrap();
    let filter = WorkFilter { limit: 500, ..WorkFilter::default() };
    let there = township.settled().await.incidents(filter).await.unwrap();
    assert_eq!(there.len(), all.len() + 1, "each once, and the other person's");
    let status = township.relay.status().await.unwrap();
    assert_eq!(status.entries, 1 + 20 + 20 + 4 + 1, "records and steps, each once");
    let counts = phone.field().counts().unwrap();
    assert_eq!((counts.entries_pending, counts.blobs_pending, counts.blobs_lost), (0, 0, 0));
    for incident in &unsent {
        assert!(phone.field().incident(*incident).unwrap().about.stored.is_whole());
    }
    assert_eq!(phone.field().incidents(Mine::OrOthers, 1_000, 0).unwrap().len(), all.len() + 1);
    // Told until it is seen.
    phone.kill();
    phone.start();
    assert!(phone.field().salvage().is_some());
    phone.field().salvage_seen().unwrap();
    phone.kill();
    phone.start();
    assert!(phone.field().salvage().is_none());
}

#[tokio::test]
async fn a_salvage_that_was_cut_off_is_finished_at_the_next_start() {
    let running = running(604, Closed::After).await;
    let kept = running.damaged("field.db", 0, 1);
    drop(running.open(kept.path()));
    // As it stood before the last names were given.
    let again = tempfile::tempdir().unwrap();
    copy(running.files.path(), again.path());
    fs::copy(kept.path().join("field.db"), again.path().join("field.db.salvaged")).unwrap();
    fs::rename(again.path().join("field.db-wal"), again.path().join("field.db.damaged-1-wal")).unwrap();
    let field = running.open(again.path());
    let there: BTreeSet<DocumentId> =
        field.incidents(Mine::Only, 1_000, 0).unwrap().iter().map(|one| one.row.document).collect();
    assert_eq!(there, running.all);
    assert!(again.path().join("field.db.damaged-1").exists());
    assert!(again.path().join("field.db.damaged-1-wal").exists());
    drop(running.phone);
}

#[tokio::test]
async fn whose_phone_it_was_can_be_lost_and_then_reports_are_handed_over_and_never_sent_as_anothers() {
    let running = running(605, Closed::After).await;
    let folder = running.files.path();
    // Every copy of the enrolment is hit: its township's name stands nowhere else.
    let name = "桥头镇".as_bytes();
    for file in ["field.db", "field.db-wal"] {
        let mut bytes = fs::read(folder.join(file)).unwrap();
        let places: Vec<usize> =
            (0..bytes.len() - name.len()).filter(|at| &bytes[*at..*at + name.len()] == name).collect();
        for place in places {
            bytes[place - 40..place].fill(0xee);
        }
        fs::write(folder.join(file), bytes).unwrap();
    }
    let field = running.open(folder);
    let report = field.salvage().unwrap();
    assert!(report.is_enrolment_lost && report.entries >= running.unsent.len() as u64);
    assert_eq!(field.counts().unwrap().entries_pending, 0, "nothing of it would be sent");
    let to = folder.join("out");
    let exported = field.export_held(&to).unwrap();
    assert!(exported.entries >= running.unsent.len() as u64 && exported.files > exported.entries);
    let texts: Vec<String> = fs::read_dir(&to)
        .unwrap()
        .flatten()
        .filter(|item| item.path().extension().is_some_and(|extension| extension == "json"))
        .map(|item| fs::read_to_string(item.path()).unwrap())
        .collect();
    assert!(texts.iter().any(|text| text.contains("没发的第7件") && text.contains("no_enrolment")));
}
