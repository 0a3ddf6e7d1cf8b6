//! Room on the phone: what goes, what stays, and a disk without a byte left.

use std::{fs, path::PathBuf, process::Command, time::Duration};

use suishou_core::{
    field::{ReportDraft, StepDraft},
    id::{BlobHash, DocumentId},
    model::incident::StepKind,
    time::{Clock as _, Timestamp},
};
use suishou_tests::harness::{Phone, Township};

use crate::{
    killed::program,
    scenarios::{photo, report},
};

const DAY: Duration = Duration::from_hours(24);

/// A phone of `i1` with a report and its photo; nothing is sent.
pub(crate) async fn with_photo(seed: u64) -> (Township, Phone, DocumentId, BlobHash) {
    let township = Township::new(seed).await;
    let phone = township.phone("i1", seed + 1).await;
    let hash = phone.field().add_photo(&photo(seed), &[]).unwrap();
    let draft = ReportDraft { photos: vec![hash], ..report("摊位卖变质猪肉", &township, 119.605) };
    let incident = phone.field().report(draft).unwrap();
    (township, phone, incident, hash)
}

pub(crate) fn blob_file(phone: &Phone, hash: &BlobHash) -> PathBuf {
    let name = hash.to_string();
    phone.folder().join("blobs").join(&name[..2]).join(name)
}

#[tokio::test]
async fn a_sent_photo_goes_after_fourteen_days_and_the_view_says_where_it_is() {
    let (township, mut phone, incident, hash) = with_photo(501).await;
    township.time.advance(20 * DAY);
    assert_eq!(phone.field().trim().unwrap().blobs, 0, "it is not sent");
    phone.sync().await.unwrap();
    assert_eq!(phone.field().trim().unwrap().blobs, 0, "it is old and was sent only now");
    township.time.advance(13 * DAY);
    phone.sync().await.unwrap();
    assert_eq!(phone.field().storage().unwrap().trimmable_bytes, 0);
    township.time.advance(2 * DAY);
    assert_eq!(phone.field().trim().unwrap().blobs, 0, "the phone's clock alone says that it is old");
    phone.sync().await.unwrap();

    let later = phone.field().add_photo(&photo(9), &[]).unwrap();
    let draft = ReportDraft { photos: vec![later], ..report("还没发的", &township, 119.605) };
    phone.field().report(draft).unwrap();
    let before = phone.field().storage().unwrap();
    assert_eq!((before.photos.count, before.previews.count), (2, 2));
    assert!(before.unsent_bytes > 0 && before.trimmable_bytes > 0 && before.database_bytes > 0);
    let trimmed = phone.field().trim().unwrap();
    assert_eq!((trimmed.blobs, trimmed.bytes), (1, before.trimmable_bytes));
    let after = phone.field().storage().unwrap();
    assert_eq!((after.photos.count, after.previews.count, after.trimmable_bytes), (1, 2, 0));
    assert_eq!(after.photos.bytes, before.photos.bytes - trimmed.bytes);
    assert_eq!(after.unsent_bytes, before.unsent_bytes);

    let view = phone.field().incident(incident).unwrap();
    assert!(!blob_file(&phone, &hash).exists() && !view.photos[0].is_here && view.photos[0].is_on_relay);
    assert!(view.about.stored.is_whole(), "the relay holds all of it");
    assert_eq!(phone.field().counts().unwrap().blobs_lost, 0);
    phone.sync().await.unwrap();
    assert_eq!(phone.field().counts().unwrap().blobs_pending, 0);
    assert_eq!(phone.field().trim().unwrap().blobs, 0, "the other is young");
    // Taken again it is here again.
    assert_eq!(phone.field().add_photo(&photo(501), &[]).unwrap(), hash);
    assert!(phone.field().incident(incident).unwrap().photos[0].is_here);
}

#[tokio::test]
async fn a_photo_that_no_report_came_to_name_goes_after_a_week_and_a_restart() {
    let (township, mut phone, incident, hash) = with_photo(505).await;
    let [forgotten, in_draft] = [8, 9].map(|number| phone.field().add_photo(&photo(number), &[]).unwrap());
    let mut draft = phone.field().start_draft(suishou_core::model::DocumentKind::Incident);
    draft.body.photos.push(in_draft);
    phone.field().save_draft(&draft).unwrap();
    township.time.advance(8 * DAY);
    phone.field().trim().unwrap();
    assert!(blob_file(&phone, &forgotten).exists(), "a screen of this process may still name it");
    phone.kill();
    phone.start();
    phone.field().trim().unwrap();
    assert!(!blob_file(&phone, &forgotten).exists());
    assert!(blob_file(&phone, &in_draft).exists() && blob_file(&phone, &hash).exists());
    assert!(phone.field().incident(incident).unwrap().photos[0].is_here);
    let storage = phone.field().storage().unwrap();
    assert_eq!((storage.photos.count, storage.previews.count), (2, 2));
}

#[tokio::test]
async fn a_relay_whose_clock_ran_ahead_makes_no_photo_old() {
    let (township, mut phone, _, hash) = with_photo(502).await;
    let now = township.time.now();
    phone.sync().await.unwrap();
    township.time.advance(400 * DAY);
    phone.sync().await.unwrap();
    township.time.set(now);
    assert_eq!(phone.field().trim().unwrap().blobs, 0);
    assert!(blob_file(&phone, &hash).exists());
}

#[tokio::test]
async fn a_photo_of_a_held_entry_stays() {
    let township = Township::new(503).await;
    let mut phone = township.phone("m1", 1).await;
    let mut other = township.phone("m1", 2).await;
    let incident = phone.field().report(report("同一件", &township, 119.605)).unwrap();
    phone.sync().await.unwrap();
    township.settled().await;
    other.sync().await.unwrap();
    // Both take the step that can be taken once; the second is held, its remark's photo with it.
    let hash = other.field().add_photo(&photo(3), &[]).unwrap();
    phone.field().step(incident, StepDraft::plain(StepKind::Handling)).unwrap();
    phone.field().step(incident, StepDraft::plain(StepKind::Resolved)).unwrap();
    let late = StepDraft { photos: vec![hash], ..StepDraft::plain(StepKind::Handling) };
    other.field().step(incident, late).unwrap();
    phone.sync().await.unwrap();
    township.settled().await;
    other.sync().await.unwrap();
    township.settled().await;
    township.time.advance(30 * DAY);
    other.sync().await.unwrap();
    let held = other.field().held().unwrap();
    let to = tempfile::tempdir().unwrap();
    let exported = other.field().export_held(to.path()).unwrap();
    assert_eq!(exported.entries, held.len() as u64);
    assert!(!held.is_empty(), "one of the two was held");
    for one in held {
        let file = to.path().join(format!("{}.json", one.entry));
        let json: serde_json::Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
        assert_eq!(json["reason"], one.code.as_str());
        assert_eq!(json["kind"], "incident");
        let body = data_encoding::BASE64.decode(json["body_base64"].as_str().unwrap().as_bytes()).unwrap();
        assert!(!body.is_empty() && !json["content"].as_array().unwrap().is_empty());
    }
    assert_eq!(other.field().export_held(to.path()).unwrap(), exported, "again it is the same");
    assert!(!other.field().held().unwrap().is_empty(), "nothing is removed by it");
}

#[tokio::test]
async fn after_a_restore_a_trimmed_photo_is_asked_about_once_and_never_retried() {
    for is_still_there in [true, false] {
        let (mut township, mut phone, incident, hash) = with_photo(504).await;
        let without = if is_still_there { None } else { Some(township.backup().await) };
        township.reconnect(&mut phone);
        phone.sync().await.unwrap();
        township.time.advance(15 * DAY);
        phone.sync().await.unwrap();
        assert_eq!(phone.field().trim().unwrap().blobs, 1);
        let backup = match without {
            Some(backup) => backup,
            None => township.backup().await,
        };
        township.lose_blobs_and_marker(&backup).await;
        township.reconnect(&mut phone);
        phone.sync().await.unwrap();
        let counts = phone.field().counts().unwrap();
        assert_eq!((counts.blobs_pending, counts.blobs_lost), (0, u64::from(!is_still_there)));
        let view = phone.field().incident(incident).unwrap();
        assert_eq!((view.photos[0].is_here, view.photos[0].is_on_relay), (false, is_still_there));
        assert_eq!(view.about.stored.is_whole(), is_still_there);
        let requests = phone.network.requests;
        phone.sync().await.unwrap();
        assert_eq!(phone.network.requests - requests, 1, "it is not asked about again");
        assert_eq!(township.relay.blob(hash).await.is_ok(), is_still_there);
    }
}

#[tokio::test]
async fn files_that_nothing_names_are_swept_after_a_day_and_others_stay() {
    let (township, phone, _, hash) = with_photo(505).await;
    let now = std::time::UNIX_EPOCH + township.time.now().since(Timestamp::default());
    let shelf = phone.folder().join("blobs").join("aa");
    fs::create_dir_all(&shelf).unwrap();
    let orphan = BlobHash::of(b"orphan").to_string();
    let put = |name: &str, age: Duration| {
        fs::write(shelf.join(name), b"orphan").unwrap();
        fs::File::options().write(true).open(shelf.join(name)).unwrap().set_modified(now - age).unwrap();
    };
    put(&orphan, 2 * DAY);
    put("half.part", 2 * DAY);
    put("young.part", DAY / 2);
    let own = blob_file(&phone, &hash);
    fs::File::options().write(true).open(&own).unwrap().set_modified(now - 3 * DAY).unwrap();
    assert_eq!(phone.field().trim().unwrap().bytes, 12);
    assert!(!shelf.join(orphan).exists() && !shelf.join("half.part").exists());
    assert!(shelf.join("young.part").exists() && own.exists());
}

/// A real file system of 16 MB in a mount namespace of its own, filled to the last byte.
#[tokio::test]
async fn on_a_disk_without_a_byte_left_text_is_saved_and_a_photo_refused_whole() {
    let may_mount =
        Command::new("unshare").args(["-rm", "true"]).status().is_ok_and(|status| status.success());
    if !may_mount {
        eprintln!("no mount namespaces here: the same is tested in core with a database that may not grow");
        return;
    }
    let township = Township::new(506).await;
    let mut phone = township.phone("i1", 1).await;
    phone.sync().await.unwrap();
    phone.kill();
    let folder = tempfile::tempdir().unwrap();
    let script =
        "mount -t tmpfs -o size=16m none \"$1\" && cp -r \"$2\" \"$1/store\" && exec \"$0\" \"$1\" 1 full";
    let output = Command::new("unshare")
        .args(["-rm", "sh", "-c", script])
        .arg(program("victim"))
        .arg(folder.path())
        .arg(phone.folder())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    for fact in ["is_photo_refused", "is_text_refused", "is_ballast_used", "is_ballast_back", "is_low"] {
        assert_eq!(said[fact], true, "{fact}: {said}");
    }
    let number = |name: &str| said[name].as_u64().unwrap();
    assert!(number("photos") > 3 && number("texts") >= 5, "{said}");
    assert_eq!(number("listed"), number("photos") + number("texts"), "{said}");
    assert_eq!((number("after"), number("halves")), (number("listed") + 1, 0), "{said}");
}

#[tokio::test]
async fn before_the_first_page_of_the_feed_every_photo_counts_as_waiting() {
    let township = Township::new(521).await;
    let mut phone = Phone::new(&township, 1);
    phone.enrol(&township.invitation("m1").await).await.unwrap();
    let photos: Vec<_> = (31..34).map(|seed| phone.field().add_photo(&photo(seed), &[]).unwrap()).collect();
    let draft = ReportDraft { photos, ..report("没有网", &township, 119.605) };
    let incident = phone.field().report(draft).unwrap();
    let counts = phone.field().counts().unwrap();
    assert_eq!((counts.blobs, counts.blobs_pending), (6, 6), "three photos and their previews");
    let view = phone.field().incident(incident).unwrap();
    assert_eq!((view.about.stored.blobs, view.about.stored.blobs_stored), (3, 0));
    assert!(view.photos.iter().all(|photo| photo.is_here && !photo.is_on_relay));
    phone.sync().await.unwrap();
    assert_eq!(phone.field().counts().unwrap().blobs_pending, 0);
    assert!(phone.field().incident(incident).unwrap().about.stored.is_whole());
}

/// Again a real file system, with less room than the database has.
#[test]
fn an_old_database_opens_on_a_phone_that_has_no_room_for_a_copy_of_it() {
    let may_mount =
        Command::new("unshare").args(["-rm", "true"]).status().is_ok_and(|status| status.success());
    if !may_mount {
        eprintln!("no mount namespaces here: the disk can't be made small");
        return;
    }
    let old = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden").join("phone-2.sqlite");
    let folder = tempfile::tempdir().unwrap();
    let script = "mount -t tmpfs -o size=1m none \"$1\" && mkdir \"$1/store\" && cp \"$2\" \"$1/store/field.db\" \
        && exec \"$0\" \"$1\" 1 old";
    let output = Command::new("unshare")
        .args(["-rm", "sh", "-c", script])
        .arg(program("victim"))
        .arg(folder.path())
        .arg(&old)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&said["listed"], &said["copies"], &said["copies_bytes"]), (&1.into(), &0.into(), &0.into()));
    assert!(said["database_bytes"].as_u64() > said["left"].as_u64(), "a copy could not have fitted: {said}");
}

#[tokio::test]
async fn the_copy_from_before_a_migration_is_counted_and_goes_after_thirty_days() {
    let (township, mut phone, ..) = with_photo(507).await;
    phone.kill();
    let copy = phone.folder().join("field.before-3.db");
    fs::write(&copy, [7; 4_096]).unwrap();
    let now = std::time::UNIX_EPOCH + township.time.now().since(Timestamp::default());
    fs::File::options().write(true).open(&copy).unwrap().set_modified(now).unwrap();
    phone.start();
    assert_eq!(phone.field().storage().unwrap().copies_bytes, 4_096);
    township.time.advance(29 * DAY);
    phone.field().trim().unwrap();
    assert!(copy.exists());
    township.time.advance(2 * DAY);
    assert!(phone.field().trim().unwrap().bytes >= 4_096);
    assert!(!copy.exists());
    assert_eq!(phone.field().storage().unwrap().copies_bytes, 0);
}
