//! The third state of what a phone captured: seen by the command centre.

use std::time::Duration;

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode, header},
};
use suishou_core::{
    field::{Field, Remark, StepDraft},
    id::DocumentId,
    model::{DocumentKind, incident::StepKind},
    outbox::Stored,
    time::{Clock as _, Timestamp},
};
use suishou_server::console::{Desk, Invitations, router};
use suishou_tests::harness::{Answer, Township, send};

use crate::scenarios::report;

const TOKEN: &str = "0123456789abcdef";

/// The interface of operators, as the command line of this machine reaches it.
pub(crate) struct Office(Router);

impl Office {
    pub(crate) fn of(township: &Township) -> Self {
        let identity = township.identity();
        let invitations = Invitations {
            addresses: Vec::new(),
            pin: None,
            relay_key: identity.key.public(),
            township: identity.township,
        };
        Self(router(Desk::new(township.relay.clone(), TOKEN, invitations, township.clock())))
    }

    async fn ask(&self, method: &str, path: &str, json: serde_json::Value) -> serde_json::Value {
        let body = if json.is_null() { Body::empty() } else { Body::from(json.to_string()) };
        let answer = self.send(method, path, body).await;
        assert_eq!(answer.status, StatusCode::OK.as_u16(), "{}", String::from_utf8_lossy(&answer.body));
        serde_json::from_slice(&answer.body).unwrap()
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: Body) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "localhost:8444")
            .header(header::AUTHORIZATION, format!("Bearer {TOKEN}"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(body)
            .unwrap();
        send(&self.0, request).await
    }

    async fn open(&self, what: &str, document: DocumentId) -> serde_json::Value {
        self.ask("GET", &format!("/api/{what}/{document}"), serde_json::Value::Null).await
    }
}

fn stored(field: &Field, incident: DocumentId) -> Stored {
    field.incident(incident).unwrap().about.stored
}

#[tokio::test]
async fn a_report_is_on_this_phone_then_stored_then_seen() {
    let township = Township::new(951).await;
    let office = Office::of(&township);
    let mut phone = township.phone("i1", 1).await;
    let mut other = township.phone("m1", 2).await;
    let incident = phone.field().report(report("井盖不见了", &township, 119.605)).unwrap();
    let seen = |field: &Field| {
        let stored = stored(field, incident);
        (stored.entries_stored, stored.entries_seen, stored.seen_at)
    };
    assert_eq!(seen(phone.field()), (0, 0, None), "on this phone");
    phone.sync().await.unwrap();
    township.settled().await;
    phone.sync().await.unwrap();
    assert_eq!(seen(phone.field()), (1, 0, None), "stored");

    // A list is no look at it.
    office.ask("GET", "/api/incidents", serde_json::Value::Null).await;
    phone.sync().await.unwrap();
    assert_eq!(seen(phone.field()).2, None);

    township.time.advance(Duration::from_secs(60));
    let looked_at = township.time.now();
    let shown = office.open("incidents", incident).await;
    assert_eq!(shown["seen_at"].as_str().unwrap().parse::<Timestamp>().unwrap(), looked_at);
    phone.sync().await.unwrap();
    assert_eq!(seen(phone.field()), (1, 1, Some(looked_at)));
    assert!(stored(phone.field(), incident).is_seen());
    let listed = phone.field().incidents(suishou_core::store::Mine::Only, 1, 0).unwrap();
    assert_eq!(listed[0].stored.seen_at, Some(looked_at), "in the list too");

    // What is added later was not there to be seen, until somebody looks again; the first look stays the first.
    phone.field().add_note(incident, &Remark::text("旁边有小孩")).unwrap();
    assert_eq!(seen(phone.field()), (1, 1, Some(looked_at)));
    phone.sync().await.unwrap();
    township.settled().await;
    phone.sync().await.unwrap();
    assert_eq!(seen(phone.field()), (2, 1, Some(looked_at)));
    assert!(!stored(phone.field(), incident).is_seen());
    township.time.advance(Duration::from_secs(60));
    office.open("incidents", incident).await;
    phone.sync().await.unwrap();
    assert_eq!(seen(phone.field()), (2, 2, Some(looked_at)));

    // Whose work is not in it hears nothing of it.
    other.sync().await.unwrap();
    assert_eq!(seen(other.field()), (0, 0, None));
}

#[tokio::test]
async fn a_step_of_the_command_centre_is_a_look_and_other_kinds_of_work_are_told_too() {
    let township = Township::new(952).await;
    let office = Office::of(&township);
    let mut phone = township.phone("m1", 1).await;
    let incident = phone.field().report(report("路面塌陷", &township, 119.605)).unwrap();
    let patrol = phone.field().start_patrol("汛前巡查", None, Vec::new()).unwrap();
    phone.field().finish_patrol().unwrap();
    phone.sync().await.unwrap();
    township.settled().await;
    let step = serde_json::json!({ "kind": "accepted" });
    office.ask("POST", &format!("/api/incidents/{incident}/steps"), step).await;
    phone.sync().await.unwrap();
    assert!(stored(phone.field(), incident).is_seen());
    let of_patrol = |field: &Field| field.patrol(patrol).unwrap().stored;
    assert_eq!(of_patrol(phone.field()).seen_at, None);
    office.open("patrols", patrol).await;
    phone.sync().await.unwrap();
    assert!(of_patrol(phone.field()).is_seen());
    assert_eq!(DocumentKind::Patrol.as_str(), "patrol");
}

#[tokio::test]
async fn what_is_merged_unread_stays_unseen() {
    let township = Township::new(957).await;
    let office = Office::of(&township);
    let (mut one, mut two) = (township.phone("i1", 1).await, township.phone("i2", 2).await);
    let first = one.field().report(report("树倒了", &township, 119.605)).unwrap();
    let same = two.field().report(report("树倒在路上", &township, 119.605)).unwrap();
    one.sync().await.unwrap();
    two.sync().await.unwrap();
    township.settled().await;
    office.open("incidents", first).await;
    let merge = serde_json::json!({ "incidents": [same] });
    let merged = office.ask("POST", &format!("/api/incidents/{first}/merge"), merge).await;
    assert_eq!(merged["document"], first.to_string());
    two.sync().await.unwrap();
    assert_eq!(two.field().incident(same).unwrap().incident.duplicate_of, Some(first), "it was merged");
    assert_eq!(stored(two.field(), same).seen_at, None);
}

#[tokio::test]
async fn that_it_was_seen_survives_a_restart_a_restore_and_another_phone() {
    let mut township = Township::new(953).await;
    let mut phone = township.phone("i1", 1).await;
    let incident = phone.field().report(report("占道经营", &township, 119.605)).unwrap();
    phone.sync().await.unwrap();
    township.settled().await;
    let before = township.backup().await;
    township.reconnect(&mut phone);
    let looked_at = township.time.now();
    Office::of(&township).open("incidents", incident).await;
    township.time.advance(Duration::from_secs(60));
    township.restart().await;
    township.reconnect(&mut phone);
    phone.sync().await.unwrap();
    assert_eq!(stored(phone.field(), incident).seen_at, Some(looked_at));

    // A phone of the same person that comes later hears of it with the work.
    let mut replaced = township.phone("i1", 2).await;
    replaced.sync().await.unwrap();
    let there = stored(replaced.field(), incident);
    assert_eq!((there.entries, there.entries_seen, there.seen_at), (1, 1, Some(looked_at)));

    // A backup from before the look: nothing is called seen that is not stored, and a look that was told stays.
    phone.field().add_note(incident, &Remark::text("还在")).unwrap();
    township.copy_back(&before).await;
    township.reconnect(&mut phone);
    phone.sync().await.unwrap();
    township.settled().await;
    phone.sync().await.unwrap();
    let again = stored(phone.field(), incident);
    assert_eq!((again.entries, again.entries_stored, again.entries_seen), (2, 2, 1));
    assert_eq!(again.seen_at, Some(looked_at));
    Office::of(&township).open("incidents", incident).await;
    phone.sync().await.unwrap();
    assert!(stored(phone.field(), incident).is_seen());
}

#[tokio::test]
async fn a_held_step_is_not_called_seen() {
    let township = Township::new(954).await;
    let office = Office::of(&township);
    let mut phone = township.phone("m1", 1).await;
    let incident = phone.field().report(report("噪声扰民", &township, 119.605)).unwrap();
    phone.sync().await.unwrap();
    township.settled().await;
    // While the phone is away the matter is turned down, so that its step takes no effect.
    phone.field().step(incident, StepDraft::plain(StepKind::Handling)).unwrap();
    let settings = township.relay.settings().await;
    let reason = settings.reasons[0].id.to_string();
    let step = serde_json::json!({ "kind": "rejected", "reason": reason });
    office.ask("POST", &format!("/api/incidents/{incident}/steps"), step).await;
    phone.sync().await.unwrap();
    township.settled().await;
    phone.sync().await.unwrap();
    office.open("incidents", incident).await;
    phone.sync().await.unwrap();
    let there = stored(phone.field(), incident);
    assert_eq!((there.entries, there.entries_stored, there.entries_seen), (2, 2, 1));
    assert!(!there.is_seen());
}
