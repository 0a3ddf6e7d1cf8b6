//! Bad links, dead processes, clones, rollbacks, restored relays: nothing is lost and nothing is said twice.

use std::time::Duration;

use proptest::prelude::*;
use suishou_core::{
    error::{Error, Unreachable},
    field::StepDraft,
    model::incident::{IncidentState, StepKind},
    sync::session::Session,
    time::Timestamp,
};
use suishou_server::relay::WorkFilter;
use suishou_tests::harness::{Fault, Phone, Township};

use crate::scenarios::{act, photo, report};

async fn count(township: &Township) -> usize {
    let filter = WorkFilter { limit: 500, ..WorkFilter::default() };
    township.settled().await.incidents(filter).await.unwrap().len()
}

/// Syncs until it holds, as an app with a retry timer does.
async fn insist(phone: &mut Phone) {
    let mut session = Session::default();
    for _ in 0..50 {
        match phone.sync_with(&mut session).await {
            Ok(()) => return,
            Err(Error::Offline(_)) => {}
            Err(other) => panic!("{other}"),
        }
    }
    panic!("it does not converge in 50 rounds");
}

#[tokio::test]
async fn no_answer_but_the_relays_own_receipt_counts_as_stored() {
    let township = Township::new(101).await;
    let mut phone = township.phone("i1", 1).await;
    phone.field().report(report("烟味很大", &township, 119.605)).unwrap();
    for (fault, expected) in [
        (Fault::Portal, Unreachable::NotTheRelay),
        (Fault::BadGateway, Unreachable::Overloaded),
        (Fault::RequestLost, Unreachable::Cut),
        (Fault::AnswerCut, Unreachable::NotTheRelay),
    ] {
        phone.network.break_next([fault]);
        match phone.sync().await {
            Err(Error::Offline(found)) => assert_eq!(found, expected, "{fault:?}"),
            other => panic!("{fault:?}: {other:?}"),
        }
        assert_eq!(phone.field().counts().unwrap().entries_pending, 1, "{fault:?}");
    }
    phone.network.break_next([Fault::AnswerFlipped]);
    assert!(phone.sync().await.is_err());
    assert_eq!(phone.field().counts().unwrap().entries_pending, 1);
    insist(&mut phone).await;
    assert_eq!(count(&township).await, 1, "what arrived without an answer is there once");
}

#[tokio::test]
async fn a_request_that_arrives_twice_is_stored_once() {
    let township = Township::new(102).await;
    let mut phone = township.phone("i1", 2).await;
    for number in 0..20 {
        phone.field().report(report(&format!("第{number}件"), &township, 119.605)).unwrap();
    }
    phone.network.break_next([Fault::Twice, Fault::Twice, Fault::Twice]);
    phone.sync().await.unwrap();
    assert_eq!(count(&township).await, 20);
    assert_eq!(township.settled().await.status().await.unwrap().entries, 20);
}

#[tokio::test]
async fn a_cloned_phone_and_its_original_both_keep_everything() {
    let township = Township::new(103).await;
    let mut original = township.phone("m1", 3).await;
    original.field().report(report("共同的过去", &township, 119.605)).unwrap();
    original.sync().await.unwrap();
    original.field().report(report("还没发出", &township, 119.605)).unwrap();
    let mut clone = original.cloned(&township);
    original.field().report(report("原机的一件", &township, 119.605)).unwrap();
    clone.field().report(report("克隆机的一件", &township, 119.605)).unwrap();
    original.sync().await.unwrap();
    clone.sync().await.unwrap();
    original.field().report(report("原机又一件", &township, 119.605)).unwrap();
    clone.field().report(report("克隆机又一件", &township, 119.605)).unwrap();
    original.sync().await.unwrap();
    clone.sync().await.unwrap();
    original.sync().await.unwrap();
    assert_eq!(count(&township).await, 6);
    for phone in [&original, &clone] {
        let counts = phone.field().counts().unwrap();
        assert_eq!((counts.entries_pending, counts.entries_held), (0, 0));
        let seen = phone.field().incidents(suishou_core::store::Mine::OrOthers, 100, 0).unwrap();
        assert_eq!(seen.len(), 6, "each sees what the other did for the same member");
    }
}

#[tokio::test]
async fn a_phone_rolled_back_to_its_backup_gets_its_own_work_back() {
    let township = Township::new(104).await;
    let mut phone = township.phone("m1", 4).await;
    phone.field().report(report("备份之前", &township, 119.605)).unwrap();
    phone.sync().await.unwrap();
    let backup = phone.snapshot();
    let after = phone.field().report(report("备份之后", &township, 119.605)).unwrap();
    phone.sync().await.unwrap();
    phone.roll_back(&backup);
    assert!(phone.field().incident(after).is_err());
    phone.field().report(report("恢复之后", &township, 119.605)).unwrap();
    phone.sync().await.unwrap();
    assert_eq!(count(&township).await, 3);
    assert_eq!(phone.field().incident(after).unwrap().text, "备份之后");
    assert_eq!(phone.field().counts().unwrap().entries_pending, 0);
}

#[tokio::test]
async fn a_relay_copied_back_from_an_older_backup_is_refilled_by_the_phones() {
    let mut township = Township::new(105).await;
    let mut phone = township.phone("m1", 5).await;
    let before = phone.field().report(report("备份之前", &township, 119.605)).unwrap();
    phone.sync().await.unwrap();
    let backup = township.backup().await;
    township.reconnect(&mut phone);
    let photo = phone.field().add_photo(&photo(9), &[]).unwrap();
    let lost = phone
        .field()
        .report(suishou_core::field::ReportDraft {
            photos: vec![photo],
            ..report("备份之后", &township, 119.605)
        })
        .unwrap();
    phone.sync().await.unwrap();
    assert!(phone.field().incident(lost).unwrap().about.stored.is_whole());
    let epoch = township.settled().await.status().await.unwrap().epoch;

    township.copy_back(&backup).await;
    township.reconnect(&mut phone);
    insist(&mut phone).await;
    let status = township.settled().await.status().await.unwrap();
    assert_ne!(status.epoch, epoch, "a restored relay lives anew");
    for incident in [before, lost] {
        township.settled().await.incident(incident).await.unwrap();
    }
    let shown = township.settled().await.incident(lost).await.unwrap();
    assert!(shown.work.photo_blobs[0].is_stored && shown.work.photo_blobs[0].has_preview, "with its photo");
    assert!(phone.field().incident(lost).unwrap().about.stored.is_whole());
    assert_eq!(count(&township).await, 2);
}

#[tokio::test]
async fn a_revoked_phone_gets_nothing_and_what_it_sends_is_held() {
    let township = Township::new(106).await;
    let mut phone = township.phone("m1", 6).await;
    let mut other = township.phone("i1", 7).await;
    let device = township.relay.devices().await.unwrap()[0].id;
    phone.field().report(report("注销之前写的", &township, 119.605)).unwrap();
    township.relay.revoke(device).await.unwrap();
    other.field().report(report("别人的", &township, 119.605)).unwrap();
    other.sync().await.unwrap();
    assert!(matches!(phone.sync().await, Err(Error::Revoked)));
    assert!(phone.field().enrolment().unwrap().is_revoked);
    assert_eq!(phone.field().counts().unwrap().entries_pending, 0, "it was taken in");
    let held = township.settled().await.held().await.unwrap();
    assert_eq!(held.iter().map(|held| held.code).collect::<Vec<_>>(), ["revoked"]);
    assert_eq!(phone.field().incidents(suishou_core::store::Mine::OrOthers, 10, 0).unwrap().len(), 0);
    assert_eq!(phone.field().revoked().unwrap().bundle, None, "nothing was left to be sealed");
    assert_eq!(count(&township).await, 1, "the held report is no incident yet");
}

#[tokio::test]
async fn clocks_ten_years_off_change_no_order_and_lose_nothing() {
    let township = Township::new(107).await;
    let mut phone = township.phone("m1", 8).await;
    let now = suishou_core::time::Clock::now(&*township.time);
    let years = 10 * 365 * 86_400_000;
    let mut incidents = Vec::new();
    for offset in [0, years, -years] {
        township.time.set(Timestamp::from_millis(now.millis() + offset));
        incidents.push(phone.field().report(report("时钟乱了", &township, 119.605)).unwrap());
    }
    phone.field().step(incidents[1], StepDraft::plain(StepKind::Handling)).unwrap();
    township.time.set(now);
    phone.sync().await.unwrap();
    assert_eq!(count(&township).await, 3);
    township.relay.act(incidents[1], act(StepKind::Resolved, "已处置")).await.unwrap();
    phone.sync().await.unwrap();
    assert_eq!(phone.field().incident(incidents[1]).unwrap().incident.state, IncidentState::Resolved);
}

#[tokio::test]
async fn a_member_who_changes_grids_sees_the_new_one_and_forgets_the_old_but_not_the_own_work() {
    let township = Township::new(108).await;
    let mut vendor = township.phone("i1", 9).await;
    let mut member = township.phone("m1", 10).await;
    let west = vendor.field().report(report("西边的事", &township, 119.605)).unwrap();
    let east = vendor.field().report(report("东边的事", &township, 119.615)).unwrap();
    vendor.sync().await.unwrap();
    let own = member.field().report(report("自己报的", &township, 119.605)).unwrap();
    member.sync().await.unwrap();
    assert!(member.field().incident(west).is_ok() && member.field().incident(east).is_err());
    let mut moved = township.relay.members().await.unwrap();
    for person in moved.iter_mut().filter(|person| person.id.as_str() == "m1") {
        person.grids = vec![suishou_core::id::GridId::new("g2").unwrap()];
    }
    township.relay.import_members(moved).await.unwrap();
    let unsent = member.field().report(report("还没发的", &township, 119.605)).unwrap();
    member.sync().await.unwrap();
    member.sync().await.unwrap();
    assert!(member.field().incident(west).is_err(), "the old grid's is forgotten");
    assert_eq!(member.field().incident(east).unwrap().text, "东边的事", "the new grid's history came");
    for incident in [own, unsent] {
        assert!(member.field().incident(incident).unwrap().about.stored.is_whole());
    }
}

#[tokio::test]
async fn a_photo_that_is_gone_from_the_phone_keeps_nothing_back() {
    let township = Township::new(109).await;
    let mut phone = township.phone("i1", 11).await;
    let gone = phone.field().add_photo(&photo(4), &[]).unwrap();
    let kept = phone.field().add_photo(&photo(5), &[]).unwrap();
    let draft = suishou_core::field::ReportDraft {
        photos: vec![gone, kept],
        ..report("两张照片", &township, 119.605)
    };
    let incident = phone.field().report(draft).unwrap();
    phone.lose_blob(&gone);
    phone.sync().await.unwrap();
    let stored = phone.field().incident(incident).unwrap().about.stored;
    assert_eq!((stored.blobs, stored.blobs_stored), (2, 1), "and it says so");
    assert_eq!(phone.field().counts().unwrap().blobs_lost, 1);
    assert_eq!(phone.field().counts().unwrap().blobs_pending, 0);
}

#[tokio::test]
async fn a_new_report_goes_between_two_pieces_of_a_photo() {
    let township = Township::new(110).await;
    let mut phone = township.phone("i1", 12).await;
    let photo = phone.field().add_photo(&photo(6), &[]).unwrap();
    let draft =
        suishou_core::field::ReportDraft { photos: vec![photo], ..report("先报的", &township, 119.605) };
    phone.field().report(draft).unwrap();
    let mut session = Session::default();
    let mut reported = false;
    let mut paths = Vec::new();
    while let suishou_core::sync::session::Step::Send(request) = phone.field().ask(&mut session).unwrap() {
        paths.push((request.method.as_str(), request.path.clone()));
        let is_piece = request.method.as_str() == "PATCH";
        let response = phone.network.carry(request).await.unwrap();
        phone.field().answer(&mut session, &response).unwrap();
        if is_piece && !reported {
            reported = true;
            phone.field().report(report("突然起火", &township, 119.605)).unwrap();
        }
    }
    let first_piece = paths.iter().position(|(method, _)| *method == "PATCH").unwrap();
    assert_eq!(paths[first_piece + 1], ("POST", "/v1/sync".to_owned()));
    assert_eq!(count(&township).await, 2);
}

#[tokio::test]
async fn nothing_new_is_one_small_request_whatever_there_is() {
    let township = Township::new(111).await;
    let mut phone = township.phone("m1", 13).await;
    for number in 0..300 {
        phone.field().report(report(&format!("第{number}件"), &township, 119.605)).unwrap();
    }
    phone.sync().await.unwrap();
    let (requests, up, down) = (phone.network.requests, phone.network.bytes_up, phone.network.bytes_down);
    phone.sync().await.unwrap();
    assert_eq!(phone.network.requests - requests, 1);
    let bytes = phone.network.bytes_up - up + phone.network.bytes_down - down;
    assert!(bytes < 1_024, "{bytes} bytes");
}

#[tokio::test]
async fn a_phone_with_one_persons_work_is_never_enrolled_for_another() {
    let township = Township::new(112).await;
    let mut phone = township.phone("i1", 14).await;
    phone.field().report(report("前任报的", &township, 119.605)).unwrap();
    phone.sync().await.unwrap();
    let other = township.invitation("i2").await;
    assert!(matches!(phone.enrol(&other).await, Err(Error::Invalid { .. })));
    assert_eq!(phone.field().enrolment().unwrap().member, "i1");
    let again = township.invitation("i1").await;
    phone.enrol(&again).await.unwrap();
    phone.field().report(report("换机之后", &township, 119.605)).unwrap();
    phone.sync().await.unwrap();
    assert_eq!(count(&township).await, 2);
}

#[tokio::test]
async fn a_step_survives_that_its_document_goes_out_of_sight_and_comes_back() {
    let township = Township::new(113).await;
    let mut vendor = township.phone("i1", 15).await;
    let mut member = township.phone("m1", 16).await;
    let incident = vendor.field().report(report("窨井盖缺失", &township, 119.605)).unwrap();
    vendor.sync().await.unwrap();
    township.settled().await;
    member.sync().await.unwrap();
    member.field().step(incident, StepDraft::plain(StepKind::Handling)).unwrap();
    member.sync().await.unwrap();
    for grid in ["g2", "g1"] {
        let mut people = township.relay.members().await.unwrap();
        for person in people.iter_mut().filter(|person| person.id.as_str() == "m1") {
            person.grids = vec![suishou_core::id::GridId::new(grid).unwrap()];
        }
        township.settled().await.import_members(people).await.unwrap();
        member.sync().await.unwrap();
        assert_eq!(member.field().incident(incident).is_ok(), grid == "g1");
    }
    assert_eq!(member.field().incident(incident).unwrap().incident.state, IncidentState::Handling);
    member.field().step(incident, StepDraft::plain(StepKind::Resolved)).unwrap();
    member.sync().await.unwrap();
    let shown = township.settled().await.incident(incident).await.unwrap();
    assert_eq!((shown.listed.row.state, shown.held), (IncidentState::Resolved, 0));
}

#[tokio::test]
async fn a_photo_whose_file_the_relay_lost_is_asked_for_again() {
    let mut township = Township::new(114).await;
    let mut phone = township.phone("i1", 17).await;
    phone.sync().await.unwrap();
    let backup = township.backup().await;
    township.reconnect(&mut phone);
    let photo = phone.field().add_photo(&photo(7), &[]).unwrap();
    let draft =
        suishou_core::field::ReportDraft { photos: vec![photo], ..report("有照片", &township, 119.605) };
    let incident = phone.field().report(draft).unwrap();
    phone.sync().await.unwrap();
    // Somebody restores the database of today with the blobs of yesterday, and the marker is gone.
    township.lose_blobs_and_marker(&backup).await;
    township.reconnect(&mut phone);
    insist(&mut phone).await;
    assert!(phone.field().incident(incident).unwrap().about.stored.is_whole());
    let shown = township.settled().await.incident(incident).await.unwrap();
    assert!(township.relay.blob(shown.work.photo_blobs[0].hash).await.is_ok(), "its bytes are there");
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        Just(Fault::None),
        Just(Fault::None),
        Just(Fault::None),
        Just(Fault::RequestLost),
        Just(Fault::AnswerLost),
        Just(Fault::Twice),
        Just(Fault::Portal),
        Just(Fault::BadGateway),
        Just(Fault::AnswerCut),
        Just(Fault::AnswerFlipped),
        Just(Fault::RequestFlipped),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_network_does_every_report_arrives_once_with_its_photo(
        seed in 0_u64..1_000_000,
        faults in proptest::collection::vec(fault(), 0..40),
        deaths in proptest::collection::vec(any::<bool>(), 12),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let township = Township::new(seed).await;
            let mut phone = township.phone("m1", seed + 1).await;
            phone.network.break_next(faults);
            let mut expected = std::collections::BTreeSet::new();
            for (number, dies) in deaths.into_iter().enumerate() {
                let mut draft = report(&format!("第{number}件"), &township, 119.605);
                if number % 4 == 0 {
                    draft.photos = vec![phone.field().add_photo(&photo(seed + number as u64), &[]).unwrap()];
                }
                let incident = phone.field().report(draft).unwrap();
                phone.field().step(incident, StepDraft { remark: Some("在看".to_owned()), ..StepDraft::plain(StepKind::Handling) }).unwrap();
                expected.insert(incident);
                if dies {
                    phone.kill();
                    phone.start();
                }
                township.time.advance(Duration::from_secs(60));
                match phone.sync().await {
                    Ok(_) | Err(Error::Offline(_) | Error::RelayRefused { .. } | Error::NotEnrolled) => {}
                    Err(other) => panic!("{other}"),
                }
            }
            phone.network.heal();
            insist(&mut phone).await;
            let counts = phone.field().counts().unwrap();
            assert_eq!((counts.entries_pending, counts.blobs_pending, counts.entries_held), (0, 0, 0));
            let filter = WorkFilter { limit: 500, ..WorkFilter::default() };
            let there: Vec<_> = township.settled().await.incidents(filter).await.unwrap();
            assert_eq!(there.len(), expected.len());
            for listed in there {
                assert!(expected.remove(&listed.row.document));
                assert_eq!(listed.row.state, IncidentState::Handling);
                let shown = township.settled().await.incident(listed.row.document).await.unwrap();
                assert!(shown.work.photo_blobs.iter().all(|blob| blob.is_stored && blob.has_preview));
                assert_eq!(shown.notes.len(), 1);
            }
        });
    }
}
