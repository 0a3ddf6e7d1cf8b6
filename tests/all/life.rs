//! The phone's life: room on it, its end when it is revoked, and what of it comes to the next phone.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use suishou_core::{
    error::Error,
    field::{ReportDraft, StepDraft},
    id::{BlobHash, DeviceId, DocumentId},
    log::{LogHead, Receipt},
    model::{
        decode, encode,
        incident::{IncidentState, StepKind},
        step::Author,
    },
    store::Mine,
    sync::{
        exchange::{Request, Response},
        session::{Session, Step},
        wire::{CONTENT_TYPE, PushOutcome, SignedRequest, SyncResponse, VERSION, path},
    },
    time::{Clock as _, Timestamp},
};
use suishou_server::relay::{BundleImported, IncidentFilter, RelayError};
use suishou_tests::harness::{Phone, Township};

use crate::{
    killed::program,
    scenarios::{photo, report},
};

const DAY: Duration = Duration::from_hours(24);

/// A phone of `i1` with a report and its photo; nothing is sent.
async fn with_photo(seed: u64) -> (Township, Phone, DocumentId, BlobHash) {
    let township = Township::new(seed).await;
    let phone = township.phone("i1", seed + 1).await;
    let hash = phone.field().add_photo(&photo(seed)).unwrap();
    let draft = ReportDraft { photos: vec![hash], ..report("摊位卖变质猪肉", &township, 119.605) };
    let incident = phone.field().report(draft).unwrap();
    (township, phone, incident, hash)
}

fn blob_file(phone: &Phone, hash: &BlobHash) -> PathBuf {
    let name = hash.to_string();
    phone.folder().join("blobs").join(&name[..2]).join(name)
}

async fn device_of(township: &Township, member: &str) -> DeviceId {
    let devices = township.relay.devices().await.unwrap();
    devices.iter().find(|device| device.member.as_str() == member && !device.is_revoked).unwrap().id
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

    let later = phone.field().add_photo(&photo(9)).unwrap();
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
    assert!(view.stored.is_whole(), "the relay holds all of it");
    assert_eq!(phone.field().counts().unwrap().blobs_lost, 0);
    phone.sync().await.unwrap();
    assert_eq!(phone.field().counts().unwrap().blobs_pending, 0);
    assert_eq!(phone.field().trim().unwrap().blobs, 0, "the other is young");
    // Taken again it is here again.
    assert_eq!(phone.field().add_photo(&photo(501)).unwrap(), hash);
    assert!(phone.field().incident(incident).unwrap().photos[0].is_here);
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
    other.sync().await.unwrap();
    // Both take the step that can be taken once; the second is held, its remark's photo with it.
    let hash = other.field().add_photo(&photo(3)).unwrap();
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
        assert_eq!(view.stored.is_whole(), is_still_there);
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
#[test]
fn on_a_disk_without_a_byte_left_text_is_saved_and_a_photo_refused_whole() {
    let may_mount =
        Command::new("unshare").args(["-rm", "true"]).status().is_ok_and(|status| status.success());
    if !may_mount {
        eprintln!("no mount namespaces here: the same is tested in core with a database that may not grow");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let script = "mount -t tmpfs -o size=16m none \"$1\" && exec \"$0\" \"$1\" 1 full";
    let output = Command::new("unshare")
        .args(["-rm", "sh", "-c", script])
        .arg(program("victim"))
        .arg(folder.path())
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

/// Names of the files of a phone that hold these bytes.
fn holding(folder: &Path, needle: &[u8]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for item in fs::read_dir(folder).unwrap().flatten() {
        if item.path().is_dir() {
            found.extend(holding(&item.path(), needle));
        } else if fs::read(item.path()).unwrap().windows(needle.len()).any(|window| window == needle) {
            found.push(item.path());
        }
    }
    found
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .flatten()
        .map(|item| item.file_name().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with("field.db-"))
        .collect();
    names.sort();
    names
}

fn bundle(phone: &Phone) -> Vec<u8> {
    let note = phone.field().revoked().unwrap();
    fs::read(phone.folder().join(note.bundle.unwrap())).unwrap()
}

async fn import(township: &Township, bytes: &[u8]) -> Result<BundleImported, RelayError> {
    let spooled = township.relay.spool_bundle().await.unwrap();
    for piece in bytes.chunks(50_000) {
        spooled.write(piece).unwrap();
    }
    township.relay.import_bundle(spooled).await
}

/// The phone is wiped: no report, no place, no photo, no key, and nothing more is taken in.
fn is_wiped(township: &Township, phone: &Phone) {
    let field = phone.field();
    for needle in ["变质猪肉".as_bytes(), "市场东门".as_bytes(), &[0xff, 0xd8, 0xff]] {
        assert_eq!(holding(phone.folder(), needle), Vec::<PathBuf>::new());
    }
    assert!(field.enrolment().unwrap().is_revoked);
    assert_eq!(field.enrolment().unwrap().member, "i1");
    assert_eq!(field.incidents(Mine::OrOthers, 10, 0).unwrap().len(), 0);
    assert!(field.settings().unwrap().is_none());
    assert!(matches!(field.report(report("还想报", township, 119.605)), Err(Error::Revoked)));
    assert!(matches!(field.add_photo(&photo(2)), Err(Error::Revoked)));
    assert!(matches!(field.start_patrol("", None, Vec::new()), Err(Error::Revoked)));
}

#[tokio::test]
async fn a_revoked_phone_pushes_what_is_taken_seals_the_rest_and_is_wiped() {
    let (mut township, mut phone, incident, hash) = with_photo(510).await;
    phone.field().add_note(incident, "市场东门第三个摊位", Vec::new()).unwrap();
    township.relay.revoke(device_of(&township, "i1").await).await.unwrap();
    assert!(!holding(phone.folder(), "变质猪肉".as_bytes()).is_empty(), "the search finds what is there");
    assert!(matches!(phone.sync().await, Err(Error::Revoked)));
    is_wiped(&township, &phone);
    let note = phone.field().revoked().unwrap();
    assert_eq!((note.entries, note.blobs, note.township_name.as_str()), (0, 2, "桥头镇"));
    let expected = [note.bundle.as_deref().unwrap(), "blobs", "field.db", "lock", "revoked.json"];
    assert_eq!(names(phone.folder()), expected);
    let held = township.settled().await.held().await.unwrap();
    assert_eq!(held.len(), 2, "report and remark were taken, and are held");

    // Started again it is the same; a sync has nothing to say.
    phone.kill();
    phone.start();
    is_wiped(&township, &phone);
    assert!(matches!(phone.sync().await, Err(Error::Revoked)));

    // The township opens the bundle; again it changes nothing.
    let bytes = bundle(&phone);
    let imported = import(&township, &bytes).await.unwrap();
    assert_eq!((imported.entries, imported.blobs, imported.blobs_new), (0, 2, 2));
    assert_eq!(imported.member.unwrap().as_str(), "i1");
    assert_eq!(BlobHash::of(&township.relay.blob(hash).await.unwrap().bytes), hash);
    assert_eq!(import(&township, &bytes).await.unwrap().blobs_new, 0);
    assert_eq!(fs::read_dir(township.folder().join("uploads")).unwrap().count(), 0);

    // The phone can be enrolled anew, for anybody: there is nothing of the former person on it.
    let invitation = township.invitation("i2").await;
    phone.enrol(&invitation).await.unwrap();
    assert!(phone.field().revoked().is_none() && !phone.field().enrolment().unwrap().is_revoked);
    phone.field().report(report("新的一件", &township, 119.605)).unwrap();
    phone.sync().await.unwrap();
    phone.kill();
    phone.start();
    assert_eq!(phone.field().incidents(Mine::Only, 10, 0).unwrap().len(), 1);
    assert_eq!(bundle_files(phone.folder()), 1, "nobody but a person removes a bundle");
    township.restart().await;
}

fn bundle_files(folder: &Path) -> usize {
    names(folder).iter().filter(|name| name.ends_with(".sealed")).count()
}

/// A relay that signs "revoked" and takes nothing.
async fn refusal(township: &Township, request: &Request) -> Response {
    assert_eq!(request.path, path::SYNC);
    let signed: SignedRequest = decode(&request.body, "a request").unwrap();
    let request = signed.open().unwrap();
    let log_head =
        LogHead { township: request.township, device: request.device, log: request.log, head: request.from };
    let receipt = Receipt {
        log_head,
        epoch: township.relay.status().await.unwrap().epoch,
        seq: 0,
        at: township.time.now(),
        nonce: request.nonce,
    };
    let answer = SyncResponse {
        version: VERSION,
        signature: township.identity().key.sign(&receipt),
        receipt,
        outcome: PushOutcome::Stored,
        page: None,
        notices: Vec::new(),
        cursor: None,
        has_more: false,
        settings_version: 0,
        token: None,
        is_revoked: true,
        membership: None,
    };
    let headers = vec![("content-type".to_owned(), CONTENT_TYPE.to_owned())];
    Response { status: 200, headers, body: encode(&answer) }
}

/// Syncs with that relay, `times` exchanges at most.
async fn sync_refused(township: &Township, phone: &Phone, times: usize) -> Result<(), Error> {
    let mut session = Session::default();
    for _ in 0..times {
        let Step::Send(request) = phone.field().ask(&mut session)? else { return Ok(()) };
        let response = refusal(township, &request).await;
        phone.field().answer(&mut session, &response)?;
    }
    Ok(())
}

#[tokio::test]
async fn entries_that_the_relay_does_not_take_are_sealed_and_held_once_they_are_brought() {
    let (township, phone, incident, hash) = with_photo(511).await;
    for number in 0..600 {
        // More than one page of the wire.
        phone
            .field()
            .report(report(&format!("第{number}件{}", "长".repeat(300)), &township, 119.605))
            .unwrap();
    }
    let device = device_of(&township, "i1").await;
    assert!(matches!(sync_refused(&township, &phone, 100).await, Err(Error::Revoked)));
    is_wiped(&township, &phone);
    let note = phone.field().revoked().unwrap();
    assert_eq!((note.entries, note.blobs), (601, 2));
    township.relay.revoke(device).await.unwrap();
    let bytes = bundle(&phone);
    let imported = import(&township, &bytes).await.unwrap();
    assert_eq!((imported.entries, imported.entries_new, imported.blobs_new), (601, 601, 2));
    let held = township.settled().await.held().await.unwrap();
    assert!(held.iter().all(|held| held.code == "revoked" && held.device == device));
    assert!(held.iter().any(|held| held.document == incident) || held.len() == 500, "the list is cut");
    assert_eq!(township.relay.status().await.unwrap().held["revoked"], 601);
    assert_eq!(import(&township, &bytes).await.unwrap().entries_new, 0);
    assert!(township.relay.blob(hash).await.is_ok());
}

#[tokio::test]
async fn a_bundle_that_is_damaged_or_anothers_is_refused_clearly_and_stores_nothing() {
    let (township, phone, _, _) = with_photo(512).await;
    let other = Township::new(513).await;
    assert!(matches!(sync_refused(&township, &phone, 10).await, Err(Error::Revoked)));
    let bytes = bundle(&phone);
    assert!(matches!(import(&other, &bytes).await, Err(RelayError::WrongTownship)));
    for (place, byte) in [(0, b'X'), (30, 1), (100, 1), (bytes.len() / 2, 1), (bytes.len() - 1, 1)] {
        let mut touched = bytes.clone();
        touched[place] ^= byte;
        let refused = import(&township, &touched).await.unwrap_err();
        assert_eq!(refused.code(), "malformed", "{place}: {refused}");
    }
    for cut in [0, 20, 60, bytes.len() - 20] {
        assert_eq!(import(&township, &bytes[..cut]).await.unwrap_err().code(), "malformed");
    }
    let status = township.relay.status().await.unwrap();
    assert_eq!((status.entries, status.blobs.len()), (0, 0));
    // The phone was never revoked here: what it sealed takes effect like a push.
    assert_eq!(import(&township, &bytes).await.unwrap().entries_new, 1);
    let filter = IncidentFilter { limit: 10, ..IncidentFilter::default() };
    assert_eq!(township.settled().await.incidents(filter).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_phone_that_is_wanted_again_before_it_was_told_to_the_end_loses_nothing() {
    let (township, mut phone, incident, _) = with_photo(514).await;
    // Told once, while something was still to be pushed; then the township changes its mind.
    sync_refused(&township, &phone, 1).await.unwrap();
    assert!(phone.field().enrolment().unwrap().is_revoked);
    phone.field().add_note(incident, "照样可以写", Vec::new()).unwrap();
    phone.sync().await.unwrap();
    assert!(!phone.field().enrolment().unwrap().is_revoked);
    assert!(phone.field().incident(incident).unwrap().stored.is_whole());
    let shown = township.settled().await.incident(incident).await.unwrap();
    assert_eq!((shown.notes.len(), shown.photo_blobs[0].is_stored), (1, true));
    assert_eq!(bundle_files(phone.folder()), 0);
}

#[tokio::test]
async fn wherever_the_end_is_cut_off_the_next_start_goes_on_with_it() {
    // The bundle can't be written: unsealed work stays, and nothing new is taken.
    let (township, mut phone, _, _) = with_photo(515).await;
    let device = device_of(&township, "i1").await;
    let blocked = phone.folder().join(format!("bundle-{device}.part"));
    fs::create_dir(&blocked).unwrap();
    let failed = sync_refused(&township, &phone, 10).await.unwrap_err();
    assert!(matches!(failed, Error::File { .. }), "{failed}");
    assert!(matches!(phone.field().report(report("再报", &township, 119.605)), Err(Error::Revoked)));
    phone.kill();
    phone.start();
    assert_eq!(phone.field().counts().unwrap().entries_pending, 1, "it is all still here");
    assert!(!holding(phone.folder(), "变质猪肉".as_bytes()).is_empty());
    phone.kill();
    fs::remove_dir(blocked).unwrap();
    phone.start();
    is_wiped(&township, &phone);
    assert_eq!(phone.field().revoked().unwrap().entries, 1);

    // The bundle is written, the note is not: the same bundle serves.
    let (township, mut phone, _, _) = with_photo(516).await;
    let blocked = phone.folder().join("revoked.json.part");
    fs::create_dir(&blocked).unwrap();
    assert!(sync_refused(&township, &phone, 10).await.is_err());
    assert_eq!(bundle_files(phone.folder()), 1);
    phone.kill();
    fs::remove_dir(blocked).unwrap();
    phone.start();
    is_wiped(&township, &phone);
    let imported = import(&township, &bundle(&phone)).await.unwrap();
    assert_eq!((imported.entries_new, imported.blobs_new), (1, 2));

    // Cut off in the wipe: what is left goes at the next start.
    let note = phone.folder().join("revoked.json");
    phone.kill();
    let said = fs::read_to_string(&note).unwrap();
    fs::write(&note, said.replace("\"is_wiped\": true", "\"is_wiped\": false")).unwrap();
    fs::create_dir_all(phone.folder().join("drafts")).unwrap();
    fs::write(phone.folder().join("drafts").join("1"), "变质猪肉").unwrap();
    fs::write(phone.folder().join("field.db.damaged-1"), "变质猪肉").unwrap();
    phone.start();
    is_wiped(&township, &phone);
    assert!(fs::read_to_string(&note).unwrap().contains("\"is_wiped\": true"));
}

#[tokio::test]
async fn what_an_older_life_of_the_relay_held_is_pushed_or_sealed_too() {
    let (mut township, mut phone, incident, hash) = with_photo(517).await;
    let backup = township.backup().await;
    township.reconnect(&mut phone);
    phone.sync().await.unwrap();
    let again = township.invitation("i1").await;
    phone.enrol(&again).await.unwrap();
    phone.sync().await.unwrap();
    // The relay is set back to before all of it; it knows the first device only.
    township.copy_back(&backup).await;
    township.reconnect(&mut phone);
    assert!(matches!(phone.sync().await, Err(Error::NotEnrolled)), "the restored relay does not know it");
    assert!(phone.field().incident(incident).unwrap().photos[0].is_here, "nothing is wiped by that");
    assert!(matches!(sync_refused(&township, &phone, 10).await, Err(Error::Revoked)));
    let note = phone.field().revoked().unwrap();
    assert_eq!((note.entries, note.blobs), (1, 2), "the restored relay has none of it");
    assert!(matches!(import(&township, &bundle(&phone)).await, Err(RelayError::UnknownDevice)));
    assert!(!blob_file(&phone, &hash).exists());
}

#[tokio::test]
async fn a_revoked_persons_next_phone_gets_their_work_back() {
    let township = Township::new(518).await;
    let mut lost = township.phone("m1", 1).await;
    let hash = lost.field().add_photo(&photo(8)).unwrap();
    let draft = ReportDraft { photos: vec![hash], ..report("路灯不亮", &township, 119.605) };
    let incident = lost.field().report(draft).unwrap();
    let remark = StepDraft { remark: Some("在看".to_owned()), ..StepDraft::plain(StepKind::Handling) };
    lost.field().step(incident, remark).unwrap();
    lost.sync().await.unwrap();
    township.settled().await;
    township.relay.revoke(device_of(&township, "m1").await).await.unwrap();
    let mut next = township.phone("m1", 2).await;
    next.sync().await.unwrap();
    let view = next.field().incident(incident).unwrap();
    assert_eq!((view.text.as_str(), view.author), ("路灯不亮", Author::You));
    assert_eq!(view.incident.state, IncidentState::Handling);
    assert_eq!(view.incident.steps[0].origin.author, Author::You);
    assert_eq!(view.notes[0].text, "在看");
    assert_eq!((view.photos[0].is_here, view.photos[0].is_on_relay), (false, true));
    assert!(view.stored.is_whole());
    assert_eq!(next.field().counts().unwrap().blobs_lost, 0);
    // And goes on with it.
    next.field().step(incident, StepDraft::plain(StepKind::Resolved)).unwrap();
    next.sync().await.unwrap();
    let shown = township.settled().await.incident(incident).await.unwrap();
    assert_eq!((shown.listed.state, shown.held), (IncidentState::Resolved, 0));
    // The lost one, found and switched on, has nothing unsent: it is wiped without a bundle.
    assert!(matches!(lost.sync().await, Err(Error::Revoked)));
    assert_eq!(lost.field().revoked().unwrap().bundle, None);
    assert!(holding(lost.folder(), "路灯不亮".as_bytes()).is_empty());
}
