//! Lives of the relay: restarts, copies put back, epochs and markers.

use std::{fs, path::Path};

use suishou_core::sync::wire::{Cursor, PushOutcome};

use super::phone::World;

/// What an operator does with a file manager: database and write-ahead log, not the marker.
fn copy(from: &Path, to: &Path, names: &[&str]) {
    for name in names {
        let (from, to) = (from.join(name), to.join(name));
        if from.exists() {
            fs::copy(from, to).unwrap();
        } else if to.exists() {
            fs::remove_file(to).unwrap();
        }
    }
}

const DATABASE: [&str; 3] = ["township.db", "township.db-wal", "township.db-shm"];

#[test]
fn a_restart_changes_nothing() {
    let mut world = World::new(41);
    let mut ann = world.phone("ann");
    let document = ann.report("a");
    ann.sync(&mut world);
    let epoch = world.engine().epoch();
    world.stop();
    world.start();
    assert_eq!(world.engine().epoch(), epoch);
    let mut lea = world.phone("lea");
    lea.sync(&mut world);
    assert!(lea.sees(document));
    ann.sync(&mut world);
    // Without a tidy end as well.
    ann.report("a");
    ann.sync(&mut world);
    world.engine = None;
    world.start();
    assert_eq!(world.engine().epoch(), epoch);
    assert_eq!(ann.sync(&mut world).outcome, PushOutcome::Stored);
}

#[test]
fn a_database_older_than_its_marker_begins_a_new_life_and_is_refilled() {
    let mut world = World::new(42);
    let (mut ann, mut lea) = (world.phone("ann"), world.phone("lea"));
    let first = ann.report("a");
    ann.sync(&mut world);
    lea.sync(&mut world);
    world.stop();
    let backup = tempfile::tempdir().unwrap();
    copy(world.folder.path(), backup.path(), &DATABASE);
    world.start();
    let epoch = world.engine().epoch();
    let second = ann.report("a");
    ann.sync(&mut world);
    lea.sync(&mut world);
    world.stop();
    copy(backup.path(), world.folder.path(), &DATABASE);
    world.start();
    assert_ne!(world.engine().epoch(), epoch);
    let response = ann.exchange(world.engine()).unwrap();
    assert_eq!(response.outcome, PushOutcome::Behind);
    ann.sync(&mut world);
    lea.sync(&mut world);
    let mut fresh = world.phone("lea");
    fresh.sync(&mut world);
    assert!(fresh.sees(first) && fresh.sees(second));
}

#[test]
fn a_copy_with_its_old_marker_is_found_out_by_the_first_phone() {
    let mut world = World::new(43);
    let (mut ann, mut lea) = (world.phone("ann"), world.phone("lea"));
    ann.report("a");
    ann.sync(&mut world);
    world.stop();
    let backup = tempfile::tempdir().unwrap();
    let all = ["township.db", "township.db-wal", "township.db-shm", "marker"];
    copy(world.folder.path(), backup.path(), &all);
    world.start();
    let epoch = world.engine().epoch();
    ann.report("a");
    ann.sync(&mut world);
    lea.sync(&mut world);
    world.stop();
    copy(backup.path(), world.folder.path(), &all);
    world.start();
    assert_eq!(world.engine().epoch(), epoch, "nothing shows it yet");
    lea.sync(&mut world);
    assert_ne!(world.engine().epoch(), epoch);
    ann.sync(&mut world);
    lea.sync(&mut world);
    assert_eq!(lea.seen.len(), 2);
    // A device that lies about its cursor can't do that again and again.
    let epoch = world.engine().epoch();
    lea.cursor = Some(Cursor { epoch, seq: u64::MAX, inside: 0 });
    lea.sync(&mut world);
    assert_eq!(world.engine().epoch(), epoch);
    assert_eq!(lea.cursor.unwrap().epoch, epoch);
}

#[test]
fn a_lost_marker_begins_a_new_life() {
    let mut world = World::new(44);
    let epoch = world.engine().epoch();
    world.stop();
    fs::remove_file(world.folder.path().join("marker")).unwrap();
    world.start();
    assert_ne!(world.engine().epoch(), epoch);
}

#[test]
fn entries_that_were_stored_before_a_crash_are_projected_after_it() {
    let mut world = World::new(45);
    let (mut ann, mut lea) = (world.phone("ann"), world.phone("lea"));
    let document = ann.report("a");
    let request = ann.request();
    let engine = world.engine();
    let checked =
        crate::relay::push::check(engine.connection(), engine.shared(), &ann.sign(&request)).unwrap();
    engine.store(&[checked]).unwrap();
    assert!(engine.has_unprojected());
    world.engine = None;
    world.start();
    assert!(world.engine().has_unprojected());
    lea.sync(&mut world);
    assert!(lea.sees(document));
}
