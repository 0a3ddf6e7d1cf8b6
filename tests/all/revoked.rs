//! The end of a revoked phone, what of its work comes to the township in a sealed file, and what to the next phone.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use suishou_core::{
    error::{Error, Unreachable},
    field::{Field, Remark, ReportDraft, StepDraft},
    id::{BlobHash, CategoryId, DeviceId},
    log::{LogHead, Receipt, Revocation},
    model::{
        Severity, decode, encode,
        incident::{IncidentState, StepKind},
        step::Author,
    },
    store::Mine,
    sync::{
        exchange::{Request, Response},
        session::{Session, Step},
        wire::{
            CONTENT_TYPE, HeldQuestion, Invitation, PushOutcome, SignedRequest, SyncResponse, VERSION, path,
        },
    },
    time::{Clock as _, Random, SystemClock},
};
use suishou_server::relay::{BundleImported, RelayError, Spooled, WorkFilter};
use suishou_tests::harness::{Phone, Township};

use crate::{
    killed::Relay,
    life::{blob_file, with_photo},
    scenarios::{photo, report},
};

pub(crate) async fn device_of(township: &Township, member: &str) -> DeviceId {
    let devices = township.relay.devices().await.unwrap();
    devices.iter().find(|device| device.member.as_str() == member && !device.is_revoked).unwrap().id
}

/// Names of the files of a phone that hold these bytes.
pub(crate) fn holding(folder: &Path, needle: &[u8]) -> Vec<PathBuf> {
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

pub(crate) fn bundle(phone: &Phone) -> Vec<u8> {
    let note = phone.field().revoked().unwrap();
    fs::read(phone.folder().join(note.bundle.unwrap())).unwrap()
}

pub(crate) async fn import(township: &Township, bytes: &[u8]) -> Result<BundleImported, RelayError> {
    township.relay.import_bundle(spool(township, bytes).await).await
}

pub(crate) async fn spool(township: &Township, bytes: &[u8]) -> Spooled {
    let spooled = township.relay.spool_bundle().await.unwrap();
    for piece in bytes.chunks(50_000) {
        spooled.write(piece).unwrap();
    }
    spooled
}

/// How many entries and attachments the relay has.
pub(crate) async fn stored(township: &Township) -> (u64, usize) {
    let status = township.settled().await.status().await.unwrap();
    (status.entries, status.blobs.values().map(|kind| usize::try_from(kind.count).unwrap()).sum())
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
    assert!(matches!(field.add_photo(&photo(2), &[]), Err(Error::Revoked)));
    assert!(matches!(field.start_patrol("", None, Vec::new()), Err(Error::Revoked)));
}

#[tokio::test]
async fn a_revoked_phone_pushes_what_is_taken_seals_the_rest_and_is_wiped() {
    let (township, mut phone, incident, hash) = with_photo(510).await;
    phone.field().add_note(incident, &Remark::text("市场东门第三个摊位")).unwrap();
    township.relay.revoke(device_of(&township, "i1").await).await.unwrap();
    assert!(!holding(phone.folder(), "变质猪肉".as_bytes()).is_empty(), "the search finds what is there");
    assert!(matches!(phone.sync().await, Err(Error::Revoked)));
    is_wiped(&township, &phone);
    let note = phone.field().revoked().unwrap();
    assert_eq!((note.entries, note.blobs, note.township_name.as_str()), (0, 2, "桥头镇"));
    let expected = ["blobs", note.bundle.as_deref().unwrap(), "field.db", "lock", "revoked.json"];
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
    let before = stored(&township).await;
    import(&township, &bytes).await.unwrap();
    assert_eq!(stored(&township).await, (before.0, before.1 + 2));
    assert_eq!(BlobHash::of(&township.relay.blob(hash).await.unwrap().bytes), hash);
    import(&township, &bytes).await.unwrap();
    assert_eq!(stored(&township).await, (before.0, before.1 + 2));
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
}

fn bundle_files(folder: &Path) -> usize {
    names(folder).iter().filter(|name| name.ends_with(".sealed")).count()
}

/// A relay that signs "revoked" and takes nothing.
async fn refusal(township: &Township, request: &Request, is_signed: bool) -> Response {
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
    let Receipt { epoch, nonce, .. } = receipt;
    let revocation = Revocation { township: request.township, device: request.device, epoch, nonce };
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
        revocation: is_signed.then(|| township.identity().key.sign(&revocation)),
        seen: None,
    };
    let headers = vec![("content-type".to_owned(), CONTENT_TYPE.to_owned())];
    Response { status: 200, headers, body: encode(&answer) }
}

/// Syncs with that relay, `times` exchanges at most.
async fn sync_refused(township: &Township, phone: &Phone, times: usize) -> Result<(), Error> {
    let mut session = Session::default();
    for _ in 0..times {
        let Step::Send(request) = phone.field().ask(&mut session)? else { return Ok(()) };
        let response = refusal(township, &request, true).await;
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
    import(&township, &bytes).await.unwrap();
    assert_eq!(stored(&township).await, (601, 2));
    let held = township.settled().await.held().await.unwrap();
    assert!(
        held.iter().all(|held| held.code == "revoked" && held.device.is_none()),
        "an informant stays hidden"
    );
    assert!(held.iter().any(|held| held.document == incident) || held.len() == 500, "the list is cut");
    assert_eq!(township.relay.status().await.unwrap().held["revoked"], 601);
    import(&township, &bytes).await.unwrap();
    assert_eq!(stored(&township).await, (601, 2));
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
    import(&township, &bytes).await.unwrap();
    assert_eq!(stored(&township).await.0, 1);
    let filter = WorkFilter { limit: 10, ..WorkFilter::default() };
    assert_eq!(township.settled().await.incidents(filter).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_phone_that_is_wanted_again_before_it_was_told_to_the_end_loses_nothing() {
    let (township, mut phone, incident, _) = with_photo(514).await;
    // Somebody in between, or a flipped bit, says so without the township's signature.
    let mut session = Session::default();
    for _ in 0..10 {
        let Step::Send(request) = phone.field().ask(&mut session).unwrap() else { panic!("it has work") };
        let response = refusal(&township, &request, false).await;
        phone.field().answer(&mut session, &response).unwrap();
    }
    assert_eq!(phone.field().counts().unwrap().entries_pending, 1, "nothing is wiped");
    // Told once, while something was still to be pushed; then the township changes its mind.
    sync_refused(&township, &phone, 1).await.unwrap();
    assert!(phone.field().enrolment().unwrap().is_revoked);
    phone.field().add_note(incident, &Remark::text("照样可以写")).unwrap();
    phone.sync().await.unwrap();
    assert!(!phone.field().enrolment().unwrap().is_revoked);
    assert!(phone.field().incident(incident).unwrap().about.stored.is_whole());
    let shown = township.settled().await.incident(incident).await.unwrap();
    assert_eq!((shown.notes.len(), shown.work.photo_blobs[0].is_stored), (1, true));
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
    import(&township, &bundle(&phone)).await.unwrap();
    assert_eq!(stored(&township).await, (1, 2));

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

/// The real programs: the phone's HTTPS, the command, the file in pieces.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_brings_a_phones_file_with_one_command() {
    let kept = tempfile::tempdir().unwrap();
    let relay = Relay::set_up(&kept.path().join("relay"));
    let members = kept.path().join("members.csv");
    fs::write(&members, "id,name,role,grids,department,phone\ni1,x,informant,,,\n").unwrap();
    relay.json(&["member", "import", members.to_str().unwrap()]);
    let invitation = relay.json(&["enrol", "i1"])["invitation"].as_str().unwrap().to_owned();
    let invitation = Invitation::from_text(&invitation).unwrap();
    let invitation = Invitation { addresses: vec![relay.address()], ..invitation };
    let folder = kept.path().join("phone");
    let field = Field::open(&folder, Arc::new(SystemClock), Random::seeded(1)).unwrap();
    field.enrol(&invitation.to_text()).await.unwrap();
    let photos = vec![field.add_photo(&photo(1), &[]).unwrap(), field.add_photo(&photo(2), &[]).unwrap()];
    let incident = field
        .report(ReportDraft {
            text: "井盖不见了".to_owned(),
            category: CategoryId::new("order").unwrap(),
            severity: Severity::Normal,
            fix: None,
            grid: None,
            photos,
            voice: None,
            is_anonymous: false,
            matter: None,
        })
        .unwrap();
    let device = relay.json(&["device", "list"])["devices"][0]["id"].as_str().unwrap().to_owned();
    relay.json(&["device", "revoke", &device]);
    assert!(matches!(field.sync().await, Err(Error::Revoked)));
    let sealed = folder.join(field.revoked().unwrap().bundle.unwrap());
    let sealed = sealed.to_str().unwrap();
    let imported = relay.json(&["bundle", "import", sealed]);
    // An informant's: nothing ties the report to the phone.
    assert_eq!((&imported["drafts_withheld"], &imported["device"]), (&true.into(), &device.as_str().into()));
    for withheld in ["member", "entries", "entries_new", "blobs", "blobs_new", "drafts", "opened"] {
        assert!(imported[withheld].is_null(), "{withheld}: {imported}");
    }
    let stored = relay.json(&["status"])["blobs"].clone();
    relay.json(&["bundle", "import", sealed]);
    assert_eq!(relay.json(&["status"])["blobs"], stored);
    let drafts = kept.path().join("drafts");
    let to = drafts.to_str().unwrap();
    let words = relay.refused(&["bundle", "import", sealed, "--drafts", to, "--lang", "zh"]).1;
    assert!(words.contains("身份保管人") && !drafts.exists(), "{words}");
    assert_eq!(relay.json(&["held", "list"])["held"][0]["document"], incident.to_string());
    let half = kept.path().join("half.sealed");
    let bytes = fs::read(sealed).unwrap();
    fs::write(&half, &bytes[..bytes.len() / 2]).unwrap();
    let (code, words) = relay.refused(&["bundle", "import", half.to_str().unwrap(), "--lang", "zh"]);
    assert!(code == 1 && words.contains("未传完"), "{code}: {words}");
    let words = relay.refused(&["bundle", "import", "/nowhere", "--lang", "en"]).1;
    assert!(words.contains("/nowhere"), "{words}");
}

#[tokio::test]
async fn a_next_phone_says_which_photos_never_arrived() {
    let township = Township::new(520).await;
    let mut lost = township.phone("m1", 1).await;
    let hashes = [21, 22].map(|seed| lost.field().add_photo(&photo(seed), &[]).unwrap());
    let draft = ReportDraft { photos: hashes.to_vec(), ..report("路灯不亮", &township, 119.605) };
    let incident = lost.field().report(draft).unwrap();
    // The texts and one of the photos get through, then the phone falls into the river.
    let mut session = Session::default();
    while lost.field().incident(incident).unwrap().about.stored.blobs_stored == 0 {
        let Step::Send(request) = lost.field().ask(&mut session).unwrap() else { panic!("not yet") };
        let response = lost.network.carry(request).await.unwrap();
        lost.field().answer(&mut session, &response).unwrap();
    }
    let shown = lost.field().incident(incident).unwrap();
    let sent: Vec<bool> = shown.photos.iter().map(|photo| photo.is_on_relay).collect();
    assert_eq!(sent.iter().filter(|sent| **sent).count(), 1);
    let mut next = township.phone("m1", 2).await;
    next.sync().await.unwrap();
    let view = next.field().incident(incident).unwrap();
    assert_eq!(view.photos.iter().map(|photo| photo.is_on_relay).collect::<Vec<_>>(), sent);
    let stored = view.about.stored;
    assert_eq!((stored.blobs, stored.blobs_stored, stored.is_whole()), (2, 1, false));
    let counts = next.field().counts().unwrap();
    assert_eq!((counts.blobs_pending, counts.blobs_lost), (1, 0), "the other phone may still bring it");
    let requests = next.network.requests;
    next.sync().await.unwrap();
    assert_eq!(next.network.requests - requests, 1, "it is not asked about at every sync");
    township.time.advance(Duration::from_hours(4 * 24));
    next.sync().await.unwrap();
    let counts = next.field().counts().unwrap();
    assert_eq!((counts.blobs_pending, counts.blobs_lost), (0, 1));

    // The phone is found. Nothing tells the next one; a day later it asks again.
    lost.sync().await.unwrap();
    township.settled().await;
    township.time.advance(Duration::from_hours(25));
    next.sync().await.unwrap();
    let view = next.field().incident(incident).unwrap();
    assert!(view.photos.iter().all(|photo| photo.is_on_relay) && view.about.stored.is_whole());
}

#[tokio::test]
async fn what_the_relay_says_of_other_photos_is_not_believed() {
    let township = Township::new(521).await;
    let mut first = township.phone("m1", 1).await;
    let [sent, own] = [23, 24].map(|seed| first.field().add_photo(&photo(seed), &[]).unwrap());
    first.field().report(ReportDraft { photos: vec![sent], ..report("积水", &township, 119.605) }).unwrap();
    first.sync().await.unwrap();
    // This one's photo never arrives.
    let draft = ReportDraft { photos: vec![own], ..report("路灯不亮", &township, 119.605) };
    let incident = first.field().report(draft).unwrap();
    let mut session = Session::default();
    let Step::Send(request) = first.field().ask(&mut session).unwrap() else { panic!("it sends") };
    first.network.carry(request).await.unwrap();
    let mut next = township.phone("m1", 2).await;
    let mut session = Session::default();
    let answered = loop {
        let Step::Send(mut request) = next.field().ask(&mut session).unwrap() else { panic!("it asks") };
        let is_question = request.path == path::HELD;
        if is_question {
            // Somebody in between asks about a photo that is there, as often as the phone asks about its own.
            let question: HeldQuestion = decode(&request.body, "a question").unwrap();
            request.body = encode(&HeldQuestion { blobs: vec![sent; question.blobs.len()], ..question });
        }
        let response = next.network.carry(request).await.unwrap();
        let answered = next.field().answer(&mut session, &response);
        if is_question {
            break answered;
        }
        answered.unwrap();
    };
    assert!(matches!(answered, Err(Error::Offline(Unreachable::BadSignature))), "{answered:?}");
    assert!(!next.field().incident(incident).unwrap().photos[0].is_on_relay);
    next.sync().await.unwrap();
    assert!(!next.field().incident(incident).unwrap().photos[0].is_on_relay);
}

#[tokio::test]
async fn a_revoked_persons_next_phone_gets_their_work_back() {
    let township = Township::new(518).await;
    let mut lost = township.phone("m1", 1).await;
    let hash = lost.field().add_photo(&photo(8), &[]).unwrap();
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
    assert_eq!(view.about.notes[0].text, "在看");
    assert_eq!((view.photos[0].is_here, view.photos[0].is_on_relay), (false, true));
    assert!(view.about.stored.is_whole());
    assert_eq!(next.field().counts().unwrap().blobs_lost, 0);
    // And goes on with it.
    next.field().step(incident, StepDraft::plain(StepKind::Resolved)).unwrap();
    next.sync().await.unwrap();
    let shown = township.settled().await.incident(incident).await.unwrap();
    assert_eq!((shown.listed.row.state, shown.held), (IncidentState::Resolved, 0));
    // The lost one, found and switched on, has nothing unsent: it is wiped without a bundle.
    assert!(matches!(lost.sync().await, Err(Error::Revoked)));
    assert_eq!(lost.field().revoked().unwrap().bundle, None);
    assert!(holding(lost.folder(), "路灯不亮".as_bytes()).is_empty());
}
