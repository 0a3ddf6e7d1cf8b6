//! The next phone of somebody whose phone is lost: it says which of their photos are on the relay, and which are not.

use std::time::Duration;

use suishou_core::{
    error::{Error, Unreachable},
    field::ReportDraft,
    model::{decode, encode},
    sync::{
        session::{Session, Step},
        wire::{HeldQuestion, path},
    },
};
use suishou_tests::harness::Township;

use crate::scenarios::{photo, report};

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
    township.settled().await;
    let mut next = township.phone("m1", 2).await;
    // It asked when it joined; a day later it asks again.
    township.time.advance(Duration::from_hours(25));
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
}
