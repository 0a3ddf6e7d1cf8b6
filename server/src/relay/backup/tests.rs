//! Backups of a small folder made by hand: what is copied, what is kept, what is refused.

use std::{fs, path::Path, sync::Arc};

use suishou_core::time::{Random, SystemClock, Timestamp};
use tempfile::TempDir;

use super::*;
use crate::{blobs::Blobs, db, folder::Folder, identity, identity::Identity, relay::Engine};

struct Town {
    folder: TempDir,
    identity: Identity,
    engine: Engine,
}

impl Town {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let identity = Identity::new("桥头镇", &mut Random::seeded(1)).unwrap();
        let place = Folder::new(folder.path());
        identity.create(&place).unwrap();
        identity::create_api_token(&place, &mut Random::seeded(2)).unwrap();
        let engine =
            Engine::open(folder.path(), identity.clone(), Arc::new(SystemClock), Random::seeded(3)).unwrap();
        Self { folder, identity, engine }
    }

    fn put(&self, bytes: &[u8]) -> BlobHash {
        let hash = BlobHash::of(bytes);
        let name = hash.to_string();
        let folder = self.folder.path().join("blobs").join(name.get(..2).unwrap());
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(&name), bytes).unwrap();
        let blob = db::blob::Blob {
            hash,
            kind: suishou_core::sync::wire::BlobKind::Photo,
            preview_of: None,
            size_bytes: bytes.len() as u64,
            device: 1,
        };
        let mut connection = db::writer(self.folder.path()).unwrap();
        let transaction = db::begin(&mut connection).unwrap();
        db::blob::add(&transaction, &blob, Timestamp::default()).unwrap();
        db::commit(transaction).unwrap();
        hash
    }

    fn blob_file(&self, hash: &BlobHash) -> std::path::PathBuf {
        let name = hash.to_string();
        self.folder.path().join("blobs").join(name.get(..2).unwrap()).join(&name)
    }

    fn take(&self, order: &Order, second: i64) -> Result<Taken> {
        let blobs = Blobs::open(self.folder.path()).unwrap();
        let source = Source {
            folder: self.folder.path(),
            township: self.identity.township,
            connection: self.engine.connection(),
            blobs: &blobs,
            at: Timestamp::from_millis(1_763_800_000_000 + second * 1_000),
        };
        take(&source, order, &Progress::default())
    }
}

type Result<T> = error::Result<T>;

fn order(to: &Path) -> Order {
    Order { to: to.to_owned(), ..Order::default() }
}

fn means() -> (suishou_core::time::SharedClock, Random) {
    (Arc::new(SystemClock), Random::seeded(9))
}

#[test]
fn the_second_backup_copies_only_what_is_new_and_old_ones_go_with_what_only_they_named() {
    let (town, disk) = (Town::new(), tempfile::tempdir().unwrap());
    let to = disk.path().join("backup");
    let first = town.put(b"one");
    let taken = town.take(&order(&to), 0).unwrap();
    assert_eq!((taken.blobs, taken.blobs_copied), (1, 1));
    let second = town.put(b"two");
    let taken = town.take(&order(&to), 1).unwrap();
    assert_eq!((taken.blobs, taken.blobs_copied), (2, 1));
    // A damaged and a lost attachment are told, and what the folder has of them is not touched.
    fs::write(town.blob_file(&second), b"owt").unwrap();
    let third = town.put(b"three");
    fs::write(town.blob_file(&third), b"thre!").unwrap();
    let fourth = town.put(b"four");
    fs::remove_file(town.blob_file(&fourth)).unwrap();
    let taken = town.take(&Order { keep: Some(1), ..order(&to) }, 2).unwrap();
    assert_eq!((taken.blobs, taken.blobs_copied, taken.dropped), (2, 0, 2));
    assert_eq!((taken.blobs_damaged, taken.blobs_missing), (1, 1));
    let shelf = Shelf::open(&to).unwrap();
    assert_eq!(shelf.snapshots().unwrap().len(), 1);
    assert!(shelf.blob(&first).exists() && shelf.blob(&second).exists());
    let verified =
        verify(&shelf, &shelf.snapshot(None).unwrap(), &Opener::None, &Progress::default()).unwrap();
    assert!(verified.damaged.is_empty() && verified.is_opened, "{verified:?}");
    assert!(!town.folder.path().join("township.db.copy").exists());
}

#[test]
fn what_no_snapshot_names_any_more_is_removed() {
    let (town, disk) = (Town::new(), tempfile::tempdir().unwrap());
    let to = disk.path().join("backup");
    let hash = town.put(b"one");
    town.take(&order(&to), 0).unwrap();
    let connection = db::writer(town.folder.path()).unwrap();
    connection.execute("DELETE FROM blob", []).unwrap();
    town.take(&Order { keep: Some(2), ..order(&to) }, 1).unwrap();
    let shelf = Shelf::open(&to).unwrap();
    assert!(shelf.blob(&hash).exists(), "the older snapshot names it");
    town.take(&Order { keep: Some(1), ..order(&to) }, 2).unwrap();
    assert!(!shelf.blob(&hash).exists());
}

#[test]
fn a_backup_that_was_cut_off_is_none_and_goes_with_the_next() {
    let (town, disk) = (Town::new(), tempfile::tempdir().unwrap());
    let to = disk.path().join("backup");
    town.put(b"one");
    town.take(&order(&to), 0).unwrap();
    let shelf = Shelf::open(&to).unwrap();
    let whole = shelf.snapshots().unwrap();
    // As a kill leaves it: everything there but the name.
    let cut = to.join("snapshots/.part-20990101T000000Z");
    fs::create_dir(&cut).unwrap();
    fs::copy(to.join("snapshots").join(&whole[0].name).join("manifest.json"), cut.join("manifest.json"))
        .unwrap();
    assert_eq!(shelf.snapshots().unwrap(), whole);
    town.take(&order(&to), 1).unwrap();
    assert!(!cut.exists());
    assert_eq!(shelf.snapshots().unwrap().len(), 2);
}

#[test]
fn every_flipped_byte_is_found_and_nothing_is_restored_from_it() {
    let (town, disk) = (Town::new(), tempfile::tempdir().unwrap());
    let to = disk.path().join("backup");
    let blob = town.put(b"a photo");
    let name = town.take(&order(&to), 0).unwrap().name;
    let shelf = Shelf::open(&to).unwrap();
    let snapshot = shelf.snapshot(None).unwrap();
    let folder = to.join("snapshots").join(&name);
    let mut files: Vec<_> =
        snapshot.manifest.files.iter().map(|file| folder.join(&file.stored_name)).collect();
    files.extend([folder.join("blobs.list"), shelf.blob(&blob)]);
    for file in files {
        let sound = fs::read(&file).unwrap();
        let mut flipped = sound.clone();
        let middle = flipped.len() / 2;
        flipped[middle] ^= 0x40;
        fs::write(&file, &flipped).unwrap();
        let verified = verify(&shelf, &snapshot, &Opener::None, &Progress::default()).unwrap();
        assert_eq!(verified.damaged.len(), 1, "{}", file.display());
        let target = disk.path().join("new");
        let restored = restore(&shelf, &snapshot, &target, &Opener::None, means(), &Progress::default());
        assert!(matches!(restored, Err(KeepingError::Damaged { .. })), "{}", file.display());
        assert!(!target.exists());
        fs::write(&file, &sound).unwrap();
    }
}

#[test]
fn the_journal_is_read_back_too_and_a_gap_in_it_is_found() {
    use suishou_core::{
        document::Record,
        id::{CategoryId, Salt},
        model::{Severity, incident::IncidentRecord, place::Place},
    };
    let (mut town, disk) = (Town::new(), tempfile::tempdir().unwrap());
    let to = disk.path().join("backup");
    town.take(&order(&to), 0).unwrap();
    let shelf = Shelf::open(&to).unwrap();
    let mut shipped = Shipped::default();
    let record = |text: &str| {
        Record::Incident(IncidentRecord {
            salt: Salt::ZERO,
            text: text.to_owned(),
            category: CategoryId::new("fire").unwrap(),
            severity: Severity::High,
            place: Place::default(),
            photos: Vec::new(),
            voice: None,
            patrol: None,
            is_anonymous: None,
            matter: None,
            source: None,
        })
    };
    for second in 1..=3 {
        town.engine.issue(&record("x")).unwrap();
        town.engine.issue(&record("y")).unwrap();
        let at = Timestamp::from_millis(1_763_800_000_000 + second * 1_000);
        assert_eq!(ship(town.engine.connection(), &shelf, &mut shipped, at).unwrap(), 2);
    }
    let snapshot = shelf.snapshot(None).unwrap();
    let read = || verify(&shelf, &snapshot, &Opener::None, &Progress::default()).unwrap();
    let whole = read();
    assert_eq!((whole.journal_files, whole.journal_entries, whole.damaged.len()), (3, 6, 0));
    assert_eq!(whole.sound, snapshot.manifest.files.len() as u64 + 1 + 3);
    let mut files = walk(&to.join("journal"));
    files.sort();
    for file in &files {
        let sound = fs::read(file).unwrap();
        for place in [0, sound.len() / 2, sound.len() - 1] {
            let mut flipped = sound.clone();
            flipped[place] ^= 0x40;
            fs::write(file, &flipped).unwrap();
            assert_eq!(read().damaged.len(), 1, "{} at {place}", file.display());
        }
        fs::write(file, &sound).unwrap();
    }
    // The one in the middle is gone: the last does not follow the first.
    fs::remove_file(&files[1]).unwrap();
    let gap = read();
    assert_eq!((gap.journal_files, gap.damaged.len()), (1, 1), "{gap:?}");
}

#[test]
fn a_restored_folder_begins_a_new_life_and_is_never_written_over() {
    let (town, disk) = (Town::new(), tempfile::tempdir().unwrap());
    let to = disk.path().join("backup");
    town.put(b"a photo");
    let (public, locked) = new_locked_key("口令").unwrap();
    let sealed = Order { seal: Some(Seal::to(&public).unwrap()), key: Some(locked), ..order(&to) };
    town.take(&sealed, 0).unwrap();
    assert!(matches!(town.take(&sealed, 1), Err(KeepingError::OtherKey)), "the folder has its own key");
    town.take(&order(&to), 1).unwrap();
    let shelf = Shelf::open(&to).unwrap();
    let snapshot = shelf.snapshot(None).unwrap();
    let target = disk.path().join("new");
    let closed = restore(&shelf, &snapshot, &target, &Opener::None, means(), &Progress::default());
    assert!(matches!(closed, Err(KeepingError::NoKey)));
    let opener = shelf.unlock("口令").unwrap();
    let restored = restore(&shelf, &snapshot, &target, &opener, means(), &Progress::default()).unwrap();
    assert_eq!(restored.township, "桥头镇");
    assert_ne!(restored.epoch, town.engine.epoch());
    let again = restore(&shelf, &snapshot, &target, &opener, means(), &Progress::default());
    assert!(matches!(again, Err(KeepingError::NotEmpty(_))));
    for secret in ["relay.key", "api.token", "identity.json"] {
        assert_eq!(
            fs::read(target.join(secret)).unwrap(),
            fs::read(town.folder.path().join(secret)).unwrap()
        );
    }
    for item in walk(&to) {
        let bytes = fs::read(&item).unwrap();
        let secret = fs::read(town.folder.path().join("relay.key")).unwrap();
        let has = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
        assert!(!has(&secret) && !has(b"a photo"), "{} is not encrypted", item.display());
    }
}

fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let items = fs::read_dir(folder).unwrap().flatten();
    items.flat_map(|item| if item.path().is_dir() { walk(&item.path()) } else { vec![item.path()] }).collect()
}

#[test]
fn wrong_places_are_refused() {
    let (town, disk) = (Town::new(), tempfile::tempdir().unwrap());
    let inside = town.folder.path().join("backup");
    assert!(matches!(town.take(&order(&inside), 0), Err(KeepingError::Inside)));
    let unplugged = disk.path().join("not/mounted");
    assert!(matches!(town.take(&order(&unplugged), 0), Err(KeepingError::File { .. })));
    let other = disk.path().join("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("letter"), b"x").unwrap();
    assert!(matches!(town.take(&order(&other), 0), Err(KeepingError::NotEmpty(_))));
    let to = disk.path().join("backup");
    town.take(&order(&to), 0).unwrap();
    let mut stranger = Town::new();
    stranger.identity = Identity::new("别的镇", &mut Random::seeded(77)).unwrap();
    assert!(matches!(stranger.take(&order(&to), 0), Err(KeepingError::OtherTownship)));
    let busy = Shelf::open(&to).unwrap();
    let _held = busy.lock().unwrap();
    assert!(matches!(town.take(&order(&to), 1), Err(KeepingError::Running)));
}

#[test]
fn a_backup_whose_beginning_was_cut_off_begins_again() {
    let (town, disk) = (Town::new(), tempfile::tempdir().unwrap());
    let to = disk.path().join("backup");
    for folder in ["blobs", "snapshots"] {
        fs::create_dir_all(to.join(folder)).unwrap();
    }
    fs::write(to.join("backup.new"), b"{").unwrap();
    town.take(&order(&to), 0).unwrap();
    // Somebody's own folder of that name is left alone.
    let other = disk.path().join("other");
    fs::create_dir_all(other.join("blobs")).unwrap();
    fs::write(other.join("blobs/letter"), b"x").unwrap();
    assert!(matches!(town.take(&order(&other), 0), Err(KeepingError::NotEmpty(_))));
}
