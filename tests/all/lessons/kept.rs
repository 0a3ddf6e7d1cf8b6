//! Lessons 1 to 6 and 9: what "stored" means, and that nothing is let go before it is.

use suishou_core::{
    error::{Error, Problem, Unreachable},
    field::{Need, ReportDraft, VisitDraft},
    id::{BlobHash, DocumentId},
    model::{incident::StepKind, visit::VisitOutcome},
    store::{Mine, blobs::BlobFolder},
    sync::session::{Session, Step},
};
use suishou_server::relay::WorkFilter;
use suishou_tests::harness::{Fault, Phone, Township};

use super::{exchange_until, insist, report_with, step};
use crate::scenarios::{photo, report};

async fn incidents_there(township: &Township) -> Vec<DocumentId> {
    let filter = WorkFilter { limit: 500, ..WorkFilter::default() };
    let listed = township.settled().await.incidents(filter).await.unwrap();
    listed.into_iter().map(|incident| incident.row.document).collect()
}

/// What the phone calls stored, of everything on it: entries and photos.
fn called_stored(phone: &Phone) -> (u64, u64) {
    let listed = phone.field().incidents(Mine::Only, 100, 0).unwrap();
    listed.iter().fold((0, 0), |(entries, blobs), incident| {
        let stored = incident.stored;
        (entries + u64::from(stored.entries_stored), blobs + u64::from(stored.blobs_stored))
    })
}

#[tokio::test]
async fn lesson_01_at_no_moment_more_is_called_stored_than_the_relay_holds() {
    let township = Township::new(1_001).await;
    let mut phone = township.phone("i1", 1).await;
    for number in 0..4 {
        report_with(&township, &phone, &format!("第{number}件"), &[number + 1]);
    }
    let faults = [Fault::Portal, Fault::None, Fault::AnswerLost, Fault::BadGateway, Fault::AnswerCut];
    phone.network.break_next(faults.into_iter().cycle().take(60));
    let mut session = Session::default();
    let mut last_good = None;
    while let Step::Send(request) = phone.field().ask(&mut session).unwrap() {
        let is_sync = request.path == "/v1/sync";
        match phone.network.carry(request).await {
            Ok(response) => {
                if phone.field().answer(&mut session, &response).is_ok() && is_sync {
                    last_good = Some(response);
                }
            }
            Err(_) => session.lost(),
        }
        let there = township.settled().await.status().await.unwrap();
        let photos = there.blobs.get("photo").map_or(0, |photos| photos.count);
        let (entries, blobs) = called_stored(&phone);
        assert!(entries <= there.entries && blobs <= photos, "{entries}, {blobs}: {there:?}");
    }
    phone.network.heal();
    insist(&mut phone).await;
    assert_eq!(called_stored(&phone), (4, 4), "and in the end all of it");
    // Something in between has kept an honest answer to an earlier request and says it again.
    report_with(&township, &phone, "第五件", &[5]);
    let mut session = Session::default();
    assert!(matches!(phone.field().ask(&mut session).unwrap(), Step::Send(_)));
    let refused = phone.field().answer(&mut session, &last_good.unwrap());
    assert!(matches!(refused, Err(Error::Offline(Unreachable::BadSignature))), "{refused:?}");
    assert_eq!(called_stored(&phone), (4, 4));
}

#[tokio::test]
async fn lesson_02_whichever_answer_is_lost_record_and_photo_stay_until_the_receipt() {
    let township = Township::new(1_002).await;
    let mut phone = township.phone("i1", 2).await;
    let mut met = 0;
    for lost in 0..8 {
        let (incident, photos) = report_with(&township, &phone, "只有这一张", &[lost + 1]);
        let faults = (0..lost).map(|_| Fault::None).chain([Fault::AnswerLost]);
        phone.network.break_next(faults);
        let is_cut = phone.sync().await.is_err();
        let whole = phone.field().incident(incident).unwrap().about.stored.is_whole();
        assert_eq!(is_cut, !whole, "whatever was not receipted still waits");
        met += u64::from(is_cut);
        phone.kill();
        phone.start();
        let view = phone.field().incident(incident).unwrap();
        assert_eq!(view.text, "只有这一张");
        if !whole {
            assert!(view.photos[0].is_here, "answer {lost} was lost and the photo with it");
            let file = std::fs::read(file_of(&phone, &photos[0]));
            assert_eq!(BlobHash::of(&file.unwrap()), photos[0], "byte for byte");
        }
        phone.network.heal();
        insist(&mut phone).await;
        assert!(phone.field().incident(incident).unwrap().about.stored.is_whole());
    }
    assert!(met >= 3, "{met}: the answer to the report, the preview and the photo were lost once each");
    assert_eq!(incidents_there(&township).await.len(), 8);
}

/// Where the phone keeps a blob.
fn file_of(phone: &Phone, blob: &BlobHash) -> std::path::PathBuf {
    BlobFolder::open(phone.folder().join("blobs")).unwrap().path(blob)
}

#[tokio::test]
async fn lesson_03_text_stored_and_three_of_five_photos_is_said_as_such_on_both_sides() {
    let township = Township::new(1_003).await;
    let mut phone = township.phone("i1", 3).await;
    let (incident, _) = report_with(&township, &phone, "五张照片", &[1, 2, 3, 4, 5]);
    let stored = |phone: &Phone| phone.field().incident(incident).unwrap().about.stored;
    let mut session = Session::default();
    assert!(exchange_until(&mut phone, &mut session, |phone| stored(phone).blobs_stored == 3).await);
    // The network is gone and so is the app; what it says stays true.
    drop(session);
    phone.kill();
    phone.start();
    let said = stored(&phone);
    assert_eq!((said.entries, said.entries_stored, said.blobs, said.blobs_stored), (1, 1, 5, 3));
    assert!(!said.is_whole());
    assert_eq!(phone.field().incidents(Mine::Only, 1, 0).unwrap()[0].stored, said, "the list says the same");
    let shown = township.settled().await.incident(incident).await.unwrap();
    assert_eq!(shown.work.photo_blobs.iter().filter(|photo| photo.is_stored).count(), 3);
    assert_eq!(
        shown.work.photo_blobs.iter().filter(|photo| photo.has_preview).count(),
        5,
        "previews went first"
    );
    phone.sync().await.unwrap();
    assert!(stored(&phone).is_whole());
}

#[tokio::test]
async fn lesson_04_a_retry_of_what_is_known_is_not_taken_for_the_whole() {
    let township = Township::new(1_004).await;
    let mut phone = township.phone("i1", 4).await;
    let (incident, _) = report_with(&township, &phone, "重发的一件", &[1, 2]);
    // The record arrives, its answer does not: to the relay the retry is a duplicate.
    phone.network.break_next([Fault::AnswerLost]);
    assert!(phone.sync().await.is_err());
    assert_eq!(incidents_there(&township).await, [incident]);
    let mut session = Session::default();
    let is_known = |phone: &Phone| phone.field().counts().unwrap().entries_pending == 0;
    assert!(exchange_until(&mut phone, &mut session, is_known).await);
    let stored = phone.field().incident(incident).unwrap().about.stored;
    assert_eq!((stored.entries_stored, stored.blobs_stored), (1, 0), "the photos are still owed");
    assert!(!stored.is_whole() && phone.field().counts().unwrap().blobs_pending == 4);
    let shown = township.settled().await.incident(incident).await.unwrap();
    assert!(shown.work.photo_blobs.iter().all(|photo| !photo.is_stored));
    // And again at every later exchange, until both are there.
    phone.network.break_next([Fault::Twice, Fault::AnswerLost]);
    insist(&mut phone).await;
    let shown = township.settled().await.incident(incident).await.unwrap();
    assert!(shown.work.photo_blobs.iter().all(|photo| photo.is_stored));
    assert!(phone.field().incident(incident).unwrap().about.stored.is_whole());
    assert_eq!(incidents_there(&township).await, [incident], "and there is one report");
}

/// A photo of some hundreds of kilobytes: nothing in it repeats.
fn large_photo(seed: u64) -> Vec<u8> {
    let mut state = seed;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u8::try_from(state >> 56).unwrap()
    };
    let picture = image::RgbImage::from_fn(1_200, 900, |_, _| image::Rgb([noise(), noise(), noise()]));
    let mut bytes = Vec::new();
    let encoder = jpeg_encoder::Encoder::new(&mut bytes, 90);
    encoder.encode(picture.as_raw(), 1_200, 900, jpeg_encoder::ColorType::Rgb).unwrap();
    bytes
}

#[tokio::test]
async fn lesson_05_an_upload_that_is_cut_again_and_again_goes_on_where_it_stands() {
    let mut township = Township::new(1_005).await;
    let mut phone = township.phone("i1", 5).await;
    let photo = phone.field().add_photo(&large_photo(5), &[]).unwrap();
    let size = std::fs::metadata(file_of(&phone, &photo)).unwrap().len();
    let draft = ReportDraft { photos: vec![photo], ..report("大照片", &township, 119.605) };
    let incident = phone.field().report(draft).unwrap();
    let is_whole = |phone: &Phone| phone.field().incident(incident).unwrap().about.stored.is_whole();
    let (mut sent, mut pieces, mut lives, mut largest) = (0_u64, 0, 0, 0);
    // Two pieces to a life; then the app dies, and once the relay starts anew.
    while !is_whole(&phone) {
        let mut session = Session::default();
        let mut left = 2;
        while left > 0 {
            let Step::Send(request) = phone.field().ask(&mut session).unwrap() else { break };
            if request.method.as_str() == "PATCH" {
                let bytes = request.body.len() as u64;
                (sent, pieces, left, largest) = (sent + bytes, pieces + 1, left - 1, bytes.max(largest));
            }
            let response = phone.network.carry(request).await.unwrap();
            phone.field().answer(&mut session, &response).unwrap();
        }
        phone.kill();
        phone.start();
        lives += 1;
        if lives == 2 {
            township.restart().await;
            township.reconnect(&mut phone);
        }
        assert!(lives < 100, "it makes headway");
    }
    assert!(lives > 2 && pieces > 4, "{lives} lives, {pieces} pieces");
    assert_eq!(sent, size, "every byte went once");
    assert!(largest < size);
}

#[tokio::test]
async fn lesson_06_an_error_undoes_the_whole_step_and_keeps_what_it_was_made_of() {
    let township = Township::new(1_006).await;
    let mut phone = township.phone("m1", 6).await;
    let good = phone.field().add_photo(&photo(6), &[]).unwrap();
    let bad = phone.field().add_photo(&photo(2), &[]).unwrap();
    phone.lose_blob(&bad);
    let need = |photos| {
        Need::Incident(ReportDraft { photos, ..report("走访发现的困难", &township, 119.605) })
    };
    let visit = |found| VisitDraft {
        household: None,
        purpose: None,
        form: None,
        answers: Vec::new(),
        text: "看望".to_owned(),
        fix: None,
        grid: None,
        photos: vec![good],
        voice: None,
        outcome: VisitOutcome::Met,
        found,
    };
    let before = phone.field().counts().unwrap();
    // The second need can't be kept: then neither the first nor the visit is.
    let refused = phone.field().keep_visit(visit(vec![need(vec![good]), need(vec![bad])]));
    assert!(matches!(refused, Err(Error::BlobMissing)), "{refused:?}");
    let oversized = ReportDraft { text: "长".repeat(9_000), ..report("", &township, 119.605) };
    let refused = phone.field().report(oversized);
    let Err(Error::Invalid { problems }) = refused else { panic!("{refused:?}") };
    assert!(matches!(problems[..], [Problem::TooLarge { .. }]));
    assert_eq!(phone.field().counts().unwrap(), before, "nothing of it was kept");
    assert!(phone.field().incidents(Mine::OrOthers, 10, 0).unwrap().is_empty());
    // The source is as it was, and goes without the part that was wrong.
    let kept = phone.field().keep_visit(visit(vec![need(vec![good])])).unwrap();
    // On its way one bit flips: that upload alone begins again, from the phone's own bytes.
    let mut session = Session::default();
    let mut is_flipped = false;
    while let Step::Send(request) = phone.field().ask(&mut session).unwrap() {
        if request.method.as_str() == "PATCH" && !is_flipped {
            phone.network.break_next([Fault::RequestFlipped]);
            is_flipped = true;
        }
        let response = phone.network.carry(request).await.unwrap();
        drop(phone.field().answer(&mut session, &response));
    }
    assert!(is_flipped);
    insist(&mut phone).await;
    let shown = township.settled().await.incident(kept.led_to[0]).await.unwrap();
    assert!(shown.work.photo_blobs[0].is_stored);
    assert!(township.relay.blob(good).await.is_ok(), "and it is the photo that was taken");
    assert_eq!(phone.field().counts().unwrap().blobs_lost, 0);
}

#[tokio::test]
async fn lesson_09_neither_another_person_nor_a_resync_nor_a_new_enrolment_erases_pending_work() {
    let mut township = Township::new(1_009).await;
    let mut phone = township.phone("m1", 9).await;
    let old = phone.field().report(report("早先发出的", &township, 119.605)).unwrap();
    phone.sync().await.unwrap();
    let backup = township.backup().await;
    township.reconnect(&mut phone);
    let (pending, _) = report_with(&township, &phone, "还没发出的", &[7]);
    phone.field().step(pending, step(StepKind::Handling)).unwrap();
    let as_it_was = |phone: &Phone| {
        let counts = phone.field().counts().unwrap();
        assert_eq!((counts.entries, counts.entries_pending, counts.blobs_pending), (3, 2, 2));
        assert_eq!(phone.field().incident(pending).unwrap().text, "还没发出的");
    };
    // Somebody else would like to have the phone.
    let other = township.invitation("i2").await;
    assert!(matches!(phone.enrol(&other).await, Err(Error::Invalid { .. })));
    as_it_was(&phone);
    // The same person enrols again, twice; the app is updated (opened anew) in between.
    for _ in 0..2 {
        let again = township.invitation("m1").await;
        phone.enrol(&again).await.unwrap();
        phone.kill();
        phone.start();
        as_it_was(&phone);
    }
    // The township begins a new life: everything is read and offered anew.
    township.lose_blobs_and_marker(&backup).await;
    township.reconnect(&mut phone);
    phone.network.break_next([Fault::AnswerLost, Fault::None, Fault::Portal]);
    insist(&mut phone).await;
    let mut there = incidents_there(&township).await;
    there.sort();
    let mut expected = [old, pending];
    expected.sort();
    assert_eq!(there, expected);
    for incident in expected {
        assert!(phone.field().incident(incident).unwrap().about.stored.is_whole());
    }
    assert_eq!(township.settled().await.incident(pending).await.unwrap().work.steps.len(), 1);
}
