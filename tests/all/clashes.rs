//! Two people decide about one incident at the same time, each without knowing of the other.

use suishou_core::{
    error::{Error, HeldCode},
    field::{Field, StepDraft},
    id::DocumentId,
    model::{
        incident::{IncidentState, StepKind},
        step::StepId,
    },
};
use suishou_tests::harness::{Phone, Township};

use crate::scenarios::report;

fn lost(field: &Field, incident: DocumentId) -> (IncidentState, Vec<StepId>) {
    let view = field.incident(incident).unwrap();
    (view.incident.state, view.incident.lost)
}

fn has_badge(field: &Field, incident: DocumentId) -> bool {
    let listed = field.incidents(suishou_core::store::Mine::OrOthers, 100, 0).unwrap();
    listed.iter().find(|listed| listed.row.document == incident).unwrap().row.has_clash
}

/// The leader accepts while the member is already on it; whoever comes first is stored first.
async fn at_the_same_time(seed: u64) -> (Township, Phone, Phone, DocumentId) {
    let township = Township::new(seed).await;
    let mut member = township.phone("m1", seed + 1).await;
    let mut leader = township.phone("l1", seed + 2).await;
    let incident = member.field().report(report("路灯不亮", &township, 119.605)).unwrap();
    member.sync().await.unwrap();
    township.settled().await;
    leader.sync().await.unwrap();
    leader.field().step(incident, StepDraft::plain(StepKind::Accepted)).unwrap();
    member.field().step(incident, StepDraft::plain(StepKind::Handling)).unwrap();
    for phone in [&mut leader, &mut member] {
        assert!(!has_badge(phone.field(), incident), "each knows only of the own step");
        phone.sync().await.unwrap();
        township.settled().await;
    }
    for phone in [&mut leader, &mut member] {
        phone.sync().await.unwrap();
        assert!(phone.field().held().unwrap().is_empty());
    }
    (township, member, leader, incident)
}

#[tokio::test]
async fn a_state_that_is_lost_to_another_at_the_same_time_is_shown_and_chosen_by_a_person() {
    // Which of the two stands is decided by chance, alike everywhere.
    for seed in [961, 971, 981, 991] {
        let (township, mut member, mut leader, incident) = at_the_same_time(seed).await;
        let shown = township.relay.incident(incident).await.unwrap();
        assert_eq!(shown.work.lost_steps.len(), 1, "seed {seed}");
        assert!(shown.listed.row.has_clash);
        let there = (shown.listed.row.state, shown.work.lost_steps.clone());
        for phone in [&member, &leader] {
            assert_eq!(lost(phone.field(), incident), there, "seed {seed}");
            assert!(has_badge(phone.field(), incident));
        }

        assert!(matches!(
            member.field().keep_state(incident, None),
            Err(Error::Refused { code: HeldCode::NotAllowed })
        ));
        leader.field().keep_state(incident, Some("照现在的办")).unwrap();
        leader.sync().await.unwrap();
        township.settled().await;
        member.sync().await.unwrap();
        for phone in [&member, &leader] {
            assert_eq!(lost(phone.field(), incident), (there.0, Vec::new()));
            assert!(!has_badge(phone.field(), incident));
            assert!(phone.field().held().unwrap().is_empty(), "the choice is an entry like any other");
        }
        let shown = township.relay.incident(incident).await.unwrap();
        assert!(!shown.listed.row.has_clash && shown.work.lost_steps.is_empty());
        assert!(matches!(
            leader.field().keep_state(incident, None),
            Err(Error::Refused { code: HeldCode::WrongState })
        ));
    }
}

#[tokio::test]
async fn who_knows_of_both_and_goes_on_has_chosen() {
    let (township, mut member, mut leader, incident) = at_the_same_time(962).await;
    let next = if lost(member.field(), incident).0 == IncidentState::Accepted {
        StepKind::Handling
    } else {
        StepKind::Resolved
    };
    member.field().step(incident, StepDraft::plain(next)).unwrap();
    assert!(!has_badge(member.field(), incident));
    member.sync().await.unwrap();
    township.settled().await;
    leader.sync().await.unwrap();
    assert!(!has_badge(leader.field(), incident));
    assert!(lost(leader.field(), incident).1.is_empty());
}

#[tokio::test]
async fn one_after_the_other_is_no_clash() {
    let township = Township::new(963).await;
    let mut member = township.phone("m1", 1).await;
    let mut leader = township.phone("l1", 2).await;
    let incident = member.field().report(report("路灯不亮", &township, 119.605)).unwrap();
    member.sync().await.unwrap();
    township.settled().await;
    leader.sync().await.unwrap();
    leader.field().step(incident, StepDraft::plain(StepKind::Accepted)).unwrap();
    leader.sync().await.unwrap();
    township.settled().await;
    member.sync().await.unwrap();
    member.field().step(incident, StepDraft::plain(StepKind::Handling)).unwrap();
    member.sync().await.unwrap();
    township.settled().await;
    leader.sync().await.unwrap();
    assert_eq!(lost(leader.field(), incident), (IncidentState::Handling, Vec::new()));
    assert!(!has_badge(leader.field(), incident));
}
