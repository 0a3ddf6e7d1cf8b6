//! The restore drill, files copied back by hand, damaged attachments, a full disk and one that fails: a township
//! loses nothing that a phone or a backup still has.

use std::{fs, path::Path, sync::Arc};

use suishou_core::{
    field::ReportDraft,
    id::{BlobHash, DepartmentId, DocumentId},
    model::incident::{IncidentStep, StepKind},
    time::{Random, SharedClock, SystemClock, Timestamp},
};
use suishou_server::{
    folder::Folder,
    identity,
    relay::{
        Act, Relay, RelayError, WorkFilter,
        backup::{self, Opener, Order, Progress, Seal, Shelf, new_locked_key},
    },
};
use suishou_tests::harness::{Phone, Township};
use tempfile::TempDir;

use crate::{
    lessons::insist,
    scenarios::{act, photo, report},
};

/// A township whose folder has its keys, as `township init` makes it.
async fn town(seed: u64) -> Township {
    let township = Township::new(seed).await;
    let folder = Folder::new(township.folder());
    township.identity().create(&folder).unwrap();
    identity::create_api_token(&folder, &mut Random::seeded(seed)).unwrap();
    township
}

fn with_photo(phone: &Phone, township: &Township, text: &str, seed: u64) -> (DocumentId, BlobHash) {
    let hash = phone.field().add_photo(&photo(seed), &[]).unwrap();
    let draft = ReportDraft { photos: vec![hash], ..report(text, township, 119.605) };
    (phone.field().report(draft).unwrap(), hash)
}

async fn texts(township: &Township) -> Vec<String> {
    let filter = WorkFilter { limit: 500, ..WorkFilter::default() };
    let listed = township.settled().await.incidents(filter).await.unwrap();
    let mut texts = Vec::new();
    for incident in listed {
        texts.push(township.relay.incident(incident.row.document).await.unwrap().work.text);
    }
    texts.sort();
    texts
}

/// Destroys the relay and restores it in its place.
async fn restore(township: &mut Township, disk: &Path, opener: &Opener) {
    township.relay.stop().await;
    fs::remove_dir_all(township.folder()).unwrap();
    let shelf = Shelf::open(disk).unwrap();
    let snapshot = shelf.snapshot(None).unwrap();
    let means: (SharedClock, Random) = (Arc::new(SystemClock), Random::seeded(4242));
    let restored =
        backup::restore(&shelf, &snapshot, township.folder(), opener, means, &Progress::default()).unwrap();
    assert_ne!(restored.epoch, restored.epoch_before);
    township.restart().await;
}

fn dispatch() -> Act {
    let step = IncidentStep {
        department: Some(DepartmentId::new("police").unwrap()),
        due_at: Some(Timestamp::from_millis(1_763_900_000_000)),
        ..IncidentStep::plain(StepKind::Dispatched)
    };
    Act { remark: Some("备份之后派遣".to_owned()), ..Act::step(step) }
}

async fn drill(seed: u64, passphrase: Option<&str>) {
    let mut township = town(seed).await;
    let (mut vendor, mut walker) =
        (township.phone("i1", seed + 1).await, township.phone("m1", seed + 2).await);
    let (before, first_photo) = with_photo(&vendor, &township, "备份之前，有照片", 1);
    walker.field().report(report("备份之前，无照片", &township, 119.606)).unwrap();
    for phone in [&mut vendor, &mut walker] {
        phone.sync().await.unwrap();
    }
    township.settled().await.act(before, act(StepKind::Accepted, "已受理")).await.unwrap();
    vendor.sync().await.unwrap();

    let disk = tempfile::tempdir().unwrap();
    let to = disk.path().join("backup");
    let mut order = Order { to: to.clone(), ..Order::default() };
    if let Some(passphrase) = passphrase {
        let (public, locked) = new_locked_key(passphrase).unwrap();
        (order.seal, order.key) = (Some(Seal::to(&public).unwrap()), Some(locked));
    }
    let taken = township.relay.back_up(order).await.unwrap();
    assert!(taken.blobs >= 2 && taken.blobs_missing + taken.blobs_damaged == 0, "{taken:?}");

    let (after, second_photo) = with_photo(&vendor, &township, "备份之后，有照片", 2);
    walker.field().report(report("备份之后，无照片", &township, 119.606)).unwrap();
    for phone in [&mut vendor, &mut walker] {
        phone.sync().await.unwrap();
        assert_eq!(phone.field().counts().unwrap().entries_pending, 0);
    }
    // The command centre goes on too: a report from before the backup, and one from after it that only a phone has.
    township.settled().await.act(before, dispatch()).await.unwrap();
    township.relay.act(after, act(StepKind::Accepted, "备份之后受理")).await.unwrap();
    // The step from before the backup too: the folder has no run of this log yet, and a restore passes over it.
    assert_eq!(township.relay.ship_journal().await.unwrap(), 3);
    assert_eq!(township.relay.ship_journal().await.unwrap(), 0, "once");
    vendor.sync().await.unwrap();
    let unsent = walker.field().report(report("毁坏之时还没发出", &township, 119.606)).unwrap();
    let entries = township.settled().await.status().await.unwrap().entries;

    let opener = passphrase.map_or(Opener::None, |phrase| Shelf::open(&to).unwrap().unlock(phrase).unwrap());
    restore(&mut township, &to, &opener).await;
    assert_eq!(texts(&township).await.len(), 2, "the backup has no more");
    for phone in [&mut vendor, &mut walker] {
        township.reconnect(phone);
        insist(phone).await;
    }
    assert_eq!(
        texts(&township).await,
        ["备份之前，无照片", "备份之前，有照片", "备份之后，无照片", "备份之后，有照片", "毁坏之时还没发出"]
    );
    let relay = township.settled().await;
    assert_eq!(relay.status().await.unwrap().entries, entries + 1, "each entry is there exactly once");
    for (document, state, steps) in [(before, "dispatched", 2), (after, "accepted", 1)] {
        let shown = relay.incident(document).await.unwrap();
        assert_eq!(shown.listed.row.state.as_str(), state);
        let notes =
            shown.notes.iter().filter(|note| note.text.starts_with("备份之后") || note.text == "已受理");
        assert_eq!(notes.count(), steps, "each remark once");
    }
    for hash in [first_photo, second_photo] {
        assert_eq!(BlobHash::of(&relay.blob(hash).await.unwrap().bytes), hash);
        relay.preview(hash).await.unwrap();
    }
    let report = relay.check_all(true, false).await.unwrap();
    assert_eq!(report.damage(), 0, "{report:?}");
    for (phone, document) in [(&vendor, after), (&walker, unsent)] {
        let counts = phone.field().counts().unwrap();
        assert_eq!((counts.entries_pending, counts.blobs_pending, counts.blobs_lost), (0, 0, 0));
        assert!(phone.field().incident(document).unwrap().about.stored.is_whole());
    }
}

#[tokio::test]
async fn the_restore_drill_brings_every_report_and_photo_back_exactly_once() {
    drill(9_100, None).await;
}

#[tokio::test]
async fn the_restore_drill_with_a_passphrase() {
    drill(9_200, Some("海棠溪畔九号桥")).await;
}

#[tokio::test]
async fn a_folder_copied_back_by_hand_with_its_marker_is_found_out_by_the_first_phone() {
    let mut township = town(9_300).await;
    let mut phone = township.phone("m1", 9_301).await;
    phone.field().report(report("拷贝之前", &township, 119.605)).unwrap();
    phone.sync().await.unwrap();
    let copy = township.backup().await;
    township.reconnect(&mut phone);
    phone.field().report(report("拷贝之后", &township, 119.605)).unwrap();
    phone.sync().await.unwrap();
    township.settled().await;
    // What came of it is read too: the phone knows more of the feed than the copy has.
    phone.sync().await.unwrap();
    let epoch = township.settled().await.status().await.unwrap().epoch;
    township.relay.stop().await;
    for name in ["township.db", "marker"] {
        // Not into the old file: this very process may still have it open.
        fs::remove_file(township.folder().join(name)).unwrap();
        fs::copy(copy.path().join(name), township.folder().join(name)).unwrap();
    }
    for end in ["-wal", "-shm"] {
        drop(fs::remove_file(township.folder().join(format!("township.db{end}"))));
    }
    township.restart().await;
    township.reconnect(&mut phone);
    assert_eq!(township.settled().await.status().await.unwrap().epoch, epoch, "nothing tells it yet");
    insist(&mut phone).await;
    assert_ne!(township.settled().await.status().await.unwrap().epoch, epoch);
    assert_eq!(texts(&township).await, ["拷贝之前", "拷贝之后"]);
}

fn file_of(township: &Township, hash: &BlobHash) -> std::path::PathBuf {
    let name = hash.to_string();
    township.folder().join("blobs").join(&name[..2]).join(name)
}

#[tokio::test]
async fn a_damaged_and_a_lost_photo_are_found_and_come_again_from_the_phone() {
    let mut township = town(9_400).await;
    let mut phone = township.phone("i1", 9_401).await;
    let (_, rotten) = with_photo(&phone, &township, "一张要坏的", 1);
    let (_, lost) = with_photo(&phone, &township, "一张要丢的", 2);
    phone.sync().await.unwrap();
    let relay = township.settled().await.clone();
    assert_eq!(relay.check_all(false, false).await.unwrap().damage(), 0);
    let mut bytes = fs::read(file_of(&township, &rotten)).unwrap();
    bytes[100] ^= 1;
    fs::write(file_of(&township, &rotten), &bytes).unwrap();
    fs::remove_file(file_of(&township, &lost)).unwrap();
    fs::write(file_of(&township, &lost).with_file_name(BlobHash::of(b"nobody's").to_string()), b"nobody's")
        .unwrap();

    let report = relay.check_all(true, false).await.unwrap();
    assert_eq!((&report.damaged_blobs[..], &report.missing_blobs[..]), (&[rotten][..], &[lost][..]));
    assert_eq!((report.damage(), report.orphans), (2, 1));
    phone.sync().await.unwrap();
    assert!(relay.blob(lost).await.is_err(), "a look changes nothing");

    let report = relay.check_all(false, true).await.unwrap();
    assert!(report.is_repaired);
    insist(&mut phone).await;
    for hash in [rotten, lost] {
        assert_eq!(BlobHash::of(&relay.blob(hash).await.unwrap().bytes), hash);
    }
    assert_eq!(relay.check_all(true, false).await.unwrap().damage(), 0);
    assert_eq!(texts(&township).await.len(), 2);
    assert!(
        township.folder().join("damaged").join(rotten.to_string()).exists(),
        "it is kept to be looked at"
    );
    township.restart().await;
}

#[tokio::test]
async fn on_a_disk_that_fills_photos_are_refused_first_then_entries_and_reading_goes_on() {
    const MB: u64 = 1024 * 1024;
    let township = town(9_500).await;
    let mut phone = township.phone("i1", 9_501).await;
    let mut other = township.phone("m1", 9_502).await;
    township.relay.blobs().set_reserves(1_000 * MB, 10 * MB);
    township.relay.blobs().pretend_free(Some(20 * MB));
    let room = township.relay.blobs().room().unwrap();
    assert!(room.is_low && !room.is_full);
    with_photo(&phone, &township, "有照片的", 1);
    assert!(phone.sync().await.is_err(), "the photo is not taken");
    let counts = phone.field().counts().unwrap();
    assert_eq!(counts.entries_pending, 0, "the report is");
    assert!(counts.blobs_pending > 0);

    township.relay.blobs().pretend_free(Some(5 * MB));
    assert!(township.relay.blobs().room().unwrap().is_full);
    phone.field().report(report("满盘之后", &township, 119.605)).unwrap();
    assert!(phone.sync().await.is_err());
    assert_eq!(phone.field().counts().unwrap().entries_pending, 1, "it stays on the phone");
    township.settled().await;
    other.sync().await.unwrap();
    assert_eq!(texts(&township).await, ["有照片的"]);

    township.relay.blobs().pretend_free(None);
    insist(&mut phone).await;
    let counts = phone.field().counts().unwrap();
    assert_eq!((counts.entries_pending, counts.blobs_pending), (0, 0));
    assert_eq!(texts(&township).await, ["有照片的", "满盘之后"]);
}

#[tokio::test]
async fn after_a_failed_sync_nothing_more_is_taken_and_the_next_start_makes_the_database_anew() {
    let mut township = town(9_600).await;
    let mut phone = township.phone("i1", 9_601).await;
    phone.field().report(report("之前", &township, 119.605)).unwrap();
    phone.sync().await.unwrap();
    township.settled().await;
    phone.field().report(report("之时", &township, 119.605)).unwrap();
    township.relay.blobs().refuse_syncs(true);
    assert!(phone.sync().await.is_err());
    assert_eq!(phone.field().counts().unwrap().entries_pending, 1, "nothing was receipted");
    assert!(township.relay.blobs().has_disk_failed());
    // The disk says that it is well again: it is not believed.
    township.relay.blobs().refuse_syncs(false);
    assert!(phone.sync().await.is_err());
    let refused = township.relay.revoke(suishou_core::id::DeviceId::ZERO).await;
    assert!(matches!(refused, Err(RelayError::Stopped | RelayError::NotFound)), "{refused:?}");
    assert!(township.folder().join("disk-failed").exists());

    township.restart().await;
    assert!(!township.folder().join("disk-failed").exists());
    township.reconnect(&mut phone);
    insist(&mut phone).await;
    assert_eq!(texts(&township).await, ["之前", "之时"]);
    assert_eq!(township.relay.check_all(true, false).await.unwrap().damage(), 0);
}

#[tokio::test]
async fn a_backup_is_taken_when_it_is_due_and_never_into_a_folder_that_is_not_plugged_in() {
    let township = town(9_700).await;
    let disk = tempfile::tempdir().unwrap();
    let to = disk.path().join("backup");
    assert!(!township.relay.keep_house().await, "nothing is configured");
    let config = suishou_server::config::BackupConfig {
        to: Some(to.clone()),
        every_hours: 24,
        keep: 2,
        encrypt_to: None,
    };
    township.relay.keeper().configure(config);
    assert!(township.relay.keeping().is_overdue);
    assert!(township.relay.keep_house().await);
    assert!(!township.relay.keep_house().await, "it is not due again");
    assert!(!township.relay.keeping().is_overdue);
    for _ in 0..3 {
        township.time.advance(std::time::Duration::from_hours(25));
        assert!(township.relay.keep_house().await);
    }
    assert_eq!(Shelf::open(&to).unwrap().snapshots().unwrap().len(), 2);
    fs::rename(&to, disk.path().join("unplugged")).unwrap();
    township.time.advance(std::time::Duration::from_hours(25));
    assert!(township.relay.keep_house().await);
    assert_eq!(township.relay.keeping().kept.failed.as_deref(), Some("gone"));
    assert!(!to.exists());
    assert!(!township.relay.keep_house().await, "it is tried again after an hour, not at once");
    township.time.advance(std::time::Duration::from_hours(1));
    fs::rename(disk.path().join("unplugged"), &to).unwrap();
    assert!(township.relay.keep_house().await);
    assert_eq!(township.relay.keeping().kept.failed, None);
}

#[tokio::test]
async fn a_relay_that_was_cut_off_looks_at_its_database_and_does_not_start_on_a_damaged_one() {
    let township = town(9_800).await;
    township.relay.stop().await;
    let (kept, file): (TempDir, _) = (tempfile::tempdir().unwrap(), township.folder().join("township.db"));
    let sound = fs::read(&file).unwrap();
    let start = |bytes: &[u8], is_cut: bool| {
        let folder = kept.path().join("relay");
        drop(fs::remove_dir_all(&folder));
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("township.db"), bytes).unwrap();
        if is_cut {
            fs::write(folder.join("running"), b"").unwrap();
        }
        Relay::start(&folder, township.identity().clone(), township.clock(), Random::seeded(1))
    };
    let relay = start(&sound, true).unwrap();
    assert!(kept.path().join("relay/running").exists());
    relay.stop().await;
    let mut damaged = sound.clone();
    let page = 4_096 * 20;
    damaged[page..page + 2_000].fill(0xee);
    assert!(start(&damaged, true).is_err());
}
