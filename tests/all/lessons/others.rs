//! Lessons 7, 8, 10 and 14: rights that change, bad records, two hands at once, leaving and coming back.

use suishou_core::{
    entry::BodyType,
    error::{Error, HeldCode},
    id::{CategoryId, PurposeId, ReasonId},
    model::{
        Role, Severity,
        audience::Audience,
        household::HouseholdCard,
        incident::{IncidentState, StepKind},
        notice::NoticeRecord,
    },
    rows::HouseholdRow,
    store::Mine,
};
use suishou_server::relay::WorkFilter;
use suishou_tests::harness::{RawDevice, Township};

use super::{grid, in_grid, step};
use crate::scenarios::{act, report};

/// Gives somebody another role and other grids.
async fn change(township: &Township, code: &str, role: Role, grids: &[&str]) {
    let mut people = township.relay.members().await.unwrap();
    for person in people.iter_mut().filter(|person| person.id.as_str() == code) {
        person.role = role;
        person.grids = grids.iter().map(|code| grid(code)).collect();
    }
    township.settled().await.import_members(people).await.unwrap();
}

pub(crate) fn notice_for(grids: &[&str]) -> NoticeRecord {
    NoticeRecord {
        salt: suishou_core::id::Salt::ZERO,
        theme: None,
        title: "防火须知".to_owned(),
        text: "不要在林边烧草".to_owned(),
        audience: Audience { grids: grids.iter().map(|code| grid(code)).collect(), ..Audience::default() },
        photos: Vec::new(),
        from_at: None,
        until_at: None,
        asks_read: true,
    }
}

#[tokio::test]
async fn lesson_07_what_a_lost_right_refuses_is_shown_on_both_sides_and_counted_nowhere() {
    let township = Township::new(1_007).await;
    let mut leader = township.phone("l1", 7).await;
    // Offline a leader publishes a notice, starts a patrol and reports; meanwhile they are leader no more.
    let notice = leader.field().publish_notice(notice_for(&["v1"])).unwrap();
    let incident = leader.field().report(report("护栏缺口", &township, 119.605)).unwrap();
    leader.field().step(incident, step(StepKind::Accepted)).unwrap();
    change(&township, "l1", Role::Informant, &[]).await;
    leader.sync().await.unwrap();
    leader.sync().await.unwrap();
    assert_eq!(leader.field().enrolment().unwrap().role, Role::Informant);
    // Refused, and said so with the reason; the report itself, which anybody may make, counts.
    let held = leader.field().held().unwrap();
    let mut refused: Vec<_> = held.iter().map(|held| (held.document, held.body_type, held.code)).collect();
    refused.sort_by_key(|(_, body_type, _)| *body_type);
    assert_eq!(
        refused,
        [
            (notice, BodyType::Record, HeldCode::NotAllowed),
            (incident, BodyType::Change, HeldCode::NotAllowed)
        ]
    );
    let there = township.settled().await.held().await.unwrap();
    assert_eq!(there.len(), 2, "the operator sees the same");
    assert!(there.iter().all(|there| held.iter().any(|here| here.entry == there.entry)));
    let status = township.settled().await.status().await.unwrap();
    assert_eq!((status.documents.get("notice"), status.documents.get("incident")), (None, Some(&1)));
    let counts = leader.field().counts().unwrap();
    assert_eq!((counts.entries, counts.entries_pending, counts.entries_held), (3, 0, 2), "none is gone");
    assert_eq!(leader.field().incident(incident).unwrap().incident.state, IncidentState::Reported);
    // With the right back the step is done again on the state of today.
    change(&township, "l1", Role::Leader, &["v1"]).await;
    leader.sync().await.unwrap();
    leader.sync().await.unwrap();
    let again = held.iter().find(|held| held.document == incident).unwrap().entry;
    leader.field().try_again(again).unwrap();
    leader.sync().await.unwrap();
    let shown = township.settled().await.incident(incident).await.unwrap();
    assert_eq!(shown.listed.row.state, IncidentState::Accepted);
}

#[tokio::test]
async fn lesson_08_neither_a_nul_character_nor_an_unreadable_record_keeps_back_what_comes_behind() {
    let township = Township::new(1_008).await;
    let mut phone = township.phone("i1", 8).await;
    let strange = [
        "零\0字符".to_owned(),
        "'; DROP TABLE entry; --".to_owned(),
        "\u{202e}倒写\u{202c} 👨‍👩‍👧‍👦 \u{feff}".to_owned(),
        "{\"a\":[1,2".to_owned(),
        "\n\r\t,;\"=cmd()".to_owned(),
        "长".repeat(2_700),
    ];
    let mut sent = Vec::new();
    for text in &strange {
        sent.push((phone.field().report(report(text, &township, 119.605)).unwrap(), text.trim().to_owned()));
    }
    phone.sync().await.unwrap();
    for (incident, text) in &sent {
        assert_eq!(township.settled().await.incident(*incident).await.unwrap().work.text, *text);
    }
    // A whole run of one device: every third record is not readable as one.
    let mut device = RawDevice::enrol(&township, "i2", 88).await;
    let mut run = Vec::new();
    for number in 0_u8..30 {
        let (document, entry) = device.record();
        let nonsense = vec![0xff, 0, number];
        run.push(if number % 3 == 1 {
            RawDevice::entry(document, BodyType::Record, nonsense)
        } else {
            entry
        });
    }
    device.push(&run).await;
    let filter = WorkFilter { limit: 500, ..WorkFilter::default() };
    let there = township.settled().await.incidents(filter).await.unwrap().len();
    assert_eq!(there, strange.len() + 20, "all that can be read");
    let held = township.settled().await.held().await.unwrap();
    assert_eq!(held.len(), 10);
    assert!(held.iter().all(|held| held.code == "malformed"));
    // And somebody who sees all of it still gets all of it.
    let mut member = township.phone("m1", 89).await;
    member.sync().await.unwrap();
    let seen = member.field().incidents(Mine::OrOthers, 100, 0).unwrap();
    assert_eq!(seen.len(), strange.len());
}

fn card(name: &str, needs: &str) -> HouseholdCard {
    HouseholdCard {
        salt: suishou_core::id::Salt::ZERO,
        name: name.to_owned(),
        address: "桥头一号".to_owned(),
        phone: String::new(),
        people: 1,
        purposes: vec![PurposeId::new("alone").unwrap()],
        needs: needs.to_owned(),
        every_days: 7,
        place: in_grid("g1"),
    }
}

#[tokio::test]
async fn lesson_10_two_words_said_at_once_both_stand_until_a_person_chooses() {
    let township = Township::new(1_010).await;
    let mut member = township.phone("m1", 10).await;
    let mut leader = township.phone("l1", 11).await;
    let household = member.field().add_household(card("王奶奶", ""), None).unwrap();
    let incident = member.field().report(report("气味刺鼻", &township, 119.605)).unwrap();
    member.sync().await.unwrap();
    township.settled().await;
    leader.sync().await.unwrap();
    // Both offline: each writes what they found.
    member.field().change_household(household, card("王奶奶", "缺药"), None).unwrap();
    leader.field().change_household(household, card("王奶奶", "腿脚不便"), None).unwrap();
    let category = |code: &str| Some(CategoryId::new(code).unwrap());
    member.field().correct(incident, category("ecology"), Some(Severity::High), None, None).unwrap();
    leader.field().correct(incident, category("fire"), None, None, Some("像是燃气")).unwrap();
    for _ in 0..2 {
        for phone in [&mut leader, &mut member] {
            phone.sync().await.unwrap();
            township.settled().await;
        }
    }
    let needs = |phone: &suishou_tests::harness::Phone| {
        let view = phone.field().household(household).unwrap();
        let mut all: Vec<String> = view.cards.iter().map(|card| card.card.needs.clone()).collect();
        all.sort();
        (all, view.household.card.is_clash(), view.card.needs)
    };
    let (all, is_clash, in_use) = needs(&member);
    assert_eq!((all, is_clash), (vec![String::new(), "缺药".to_owned(), "腿脚不便".to_owned()], true));
    assert_eq!(needs(&leader), needs(&member), "and both phones show the same one meanwhile");
    assert!(township.row::<HouseholdRow>(household).await.has_clash);
    for phone in [&member, &leader] {
        let category = phone.field().incident(incident).unwrap().incident.category;
        let mut words: Vec<String> = category.all().map(ToString::to_string).collect();
        words.sort();
        assert_eq!(words, ["ecology", "fire"]);
    }
    let shown = township.settled().await.incident(incident).await.unwrap();
    assert!(
        shown.listed.row.has_clash && shown.listed.row.severity == Severity::High,
        "nobody disputes that"
    );
    // A person chooses, offline too, and not the one that was shown.
    let view = leader.field().household(household).unwrap();
    let other = view.cards.iter().find(|card| !card.card.needs.is_empty() && card.card.needs != in_use);
    let chosen = other.unwrap().clone();
    leader.field().choose_card(household, chosen.entry).unwrap();
    leader.field().correct(incident, category("fire"), None, None, None).unwrap();
    leader.sync().await.unwrap();
    township.settled().await;
    member.sync().await.unwrap();
    assert_eq!(needs(&member), needs(&leader));
    assert_eq!((needs(&member).1, needs(&member).2), (false, chosen.card.needs));
    assert_eq!(member.field().household(household).unwrap().cards.len(), 3, "what was not chosen is kept");
    let category = member.field().incident(incident).unwrap().incident.category;
    assert_eq!((category.value.as_str(), category.others.len()), ("fire", 0));
}

#[tokio::test]
async fn lesson_14_who_leaves_and_joins_again_finds_the_own_work_and_what_was_closed_can_be_reopened() {
    let township = Township::new(1_014).await;
    let mut phone = township.phone("m1", 14).await;
    let mut neighbour = township.phone("i1", 15).await;
    let own = phone.field().report(report("井盖丢失", &township, 119.605)).unwrap();
    phone.field().step(own, step(StepKind::Handling)).unwrap();
    phone.sync().await.unwrap();
    let seen = neighbour.field().report(report("同一网格的事", &township, 119.605)).unwrap();
    neighbour.sync().await.unwrap();
    township.settled().await;
    phone.sync().await.unwrap();
    assert!(phone.field().incident(seen).is_ok());
    // Leaving: the phone is revoked; what is still written on it is taken in and kept apart.
    let devices = township.relay.devices().await.unwrap();
    let device = devices.iter().find(|device| device.member.as_str() == "m1").unwrap().id;
    township.relay.revoke(device).await.unwrap();
    phone.field().report(report("注销之后写的", &township, 119.605)).unwrap();
    assert!(matches!(phone.sync().await, Err(Error::Revoked)));
    let held = township.settled().await.held().await.unwrap();
    assert_eq!(held.iter().map(|held| held.code).collect::<Vec<_>>(), ["revoked"]);
    // Joining again on another phone: the own work comes back as one's own, with what the grid shows.
    let mut anew = township.phone("m1", 16).await;
    anew.sync().await.unwrap();
    let view = anew.field().incident(own).unwrap();
    assert_eq!(view.author, suishou_core::model::step::Author::You);
    assert_eq!(view.incident.state, IncidentState::Handling);
    assert!(view.possible.contains(&StepKind::Resolved), "and can be gone on with");
    assert!(anew.field().incident(seen).is_ok());
    anew.field().step(own, step(StepKind::Resolved)).unwrap();
    anew.sync().await.unwrap();
    // Closing and reopening: by the reporter, with a reason, and the whole way once more.
    township.settled().await;
    township.relay.act(own, act(StepKind::Closed, "已补盖")).await.unwrap();
    anew.sync().await.unwrap();
    assert!(anew.field().incident(own).unwrap().possible.contains(&StepKind::Reopened));
    assert!(anew.field().step(own, step(StepKind::Handling)).is_err(), "closed is closed");
    let reopening = suishou_core::field::StepDraft {
        reason: Some(ReasonId::new("came_back").unwrap()),
        remark: Some("又丢了".to_owned()),
        ..step(StepKind::Reopened)
    };
    anew.field().step(own, reopening).unwrap();
    anew.sync().await.unwrap();
    let shown = township.settled().await.incident(own).await.unwrap();
    assert_eq!(shown.listed.row.state, IncidentState::Reopened);
    assert_eq!(shown.work.reason.unwrap().as_str(), "came_back");
    anew.field().step(own, step(StepKind::Handling)).unwrap();
    anew.field().step(own, step(StepKind::Resolved)).unwrap();
    anew.sync().await.unwrap();
    township.settled().await;
    township.relay.act(own, act(StepKind::Closed, "已焊死")).await.unwrap();
    let shown = township.settled().await.incident(own).await.unwrap();
    assert_eq!(
        (shown.listed.row.state, shown.work.steps.len()),
        (IncidentState::Closed, 7),
        "its whole life is there"
    );
    assert!(shown.work.steps.iter().all(|step| step.took_effect));
    // Nobody else gets in at that door.
    neighbour.sync().await.unwrap();
    assert!(neighbour.field().add_note(own, &suishou_core::field::Remark::text("路过")).is_err());
}
