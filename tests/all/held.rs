//! What operators do with entries that take no effect, with revoked phones, and with one that runs wild.

use std::time::Duration;

use suishou_core::{
    error::{Error, HeldCode, Unreachable},
    field::StepDraft,
    id::{DeviceId, DocumentId, EntryId, ReasonId},
    model::{
        incident::{IncidentState, IncidentStep, StepKind},
        step::Author,
    },
    sync::wire::{Invitation, VERSION, code},
};
use suishou_server::relay::{Act, Quotas, Terms, devices::Replaced};
use suishou_tests::harness::{Phone, RawDevice, Township};

use crate::scenarios::{act, photo, report};

async fn device_of(township: &Township, member: &str) -> DeviceId {
    let devices = township.relay.devices().await.unwrap();
    devices.iter().find(|device| device.member.as_str() == member).unwrap().id
}

fn invitation(township: &Township, replaced: &Replaced) -> String {
    let invitation = Invitation {
        version: VERSION,
        addresses: vec!["http://127.0.0.1:1".to_owned()],
        pin: None,
        relay_key: township.identity().key.public(),
        township: township.identity().township,
        code: replaced.invited.code,
    };
    invitation.to_text()
}

/// A member's step on an incident that the centre turned down meanwhile.
async fn held_step(seed: u64) -> (Township, Phone, DocumentId, EntryId) {
    let township = Township::new(seed).await;
    let mut vendor = township.phone("i1", 1).await;
    let mut member = township.phone("m1", 2).await;
    let incident = vendor.field().report(report("摊位卖变质猪肉", &township, 119.605)).unwrap();
    vendor.sync().await.unwrap();
    member.sync().await.unwrap();
    let handling = StepDraft { remark: Some("在处理".to_owned()), ..StepDraft::plain(StepKind::Handling) };
    member.field().step(incident, handling).unwrap();
    let rejected = IncidentStep {
        reason: Some(ReasonId::new("unclear").unwrap()),
        ..IncidentStep::plain(StepKind::Rejected)
    };
    township.settled().await.act(incident, Act::step(rejected)).await.unwrap();
    member.sync().await.unwrap();
    member.sync().await.unwrap();
    let held = township.settled().await.held_items(false).await.unwrap();
    let held = held.iter().find(|held| held.what == "change").unwrap().entry;
    (township, member, incident, held)
}

#[tokio::test]
async fn what_is_turned_down_reaches_its_author_with_a_word_and_survives_a_restart() {
    let (mut township, mut member, incident, entry) = held_step(620).await;
    let shown = township.relay.held_item(entry).await.unwrap();
    assert_eq!(
        (shown.held.document, shown.held.code, shown.held.kind),
        (incident, "wrong_state", "incident")
    );
    assert!(matches!(shown.held.author, Some(Author::Alias(_))));
    let json = serde_json::to_value(&shown).unwrap().to_string();
    assert!(!json.contains("m1") && !json.contains("秘密姓名"), "nobody is unmasked: {json}");
    assert_eq!(township.relay.held_raw(entry).await.unwrap().len() as u64, shown.held.size_bytes);

    let tried = township.relay.release(entry).await.unwrap();
    assert_eq!((tried.is_released, tried.code), (false, Some(HeldCode::WrongState)), "the answer says why");
    for (bad, expected) in
        [("", code::MALFORMED), ("  ", code::MALFORMED), (&"长".repeat(501), code::TOO_LARGE)]
    {
        assert_eq!(township.relay.reject(entry, bad.to_owned()).await.unwrap_err().code(), expected);
        assert!(township.relay.held_item(entry).await.unwrap().held.reply.is_none());
    }
    township.relay.reject(entry, "该事件已办结，请勿重复处理".to_owned()).await.unwrap();
    township.relay.reject(entry, "该事件已办结，请勿重复处理".to_owned()).await.unwrap();
    member.sync().await.unwrap();
    let held = member.field().held().unwrap();
    let told = held.iter().find(|held| held.entry == entry).unwrap();
    assert_eq!(
        (told.code, told.reply.as_deref()),
        (HeldCode::WrongState, Some("该事件已办结，请勿重复处理"))
    );
    let view = member.field().incident(incident).unwrap();
    assert!(view.about.held.iter().any(|held| held.reply.is_some()), "it stands beside the incident");
    let open = township.relay.held_items(false).await.unwrap();
    assert!(open.iter().all(|held| held.entry != entry), "it is off the list of what is to be done");

    // Another word replaces the first; it is there after a restart and goes to nobody else.
    township.relay.reject(entry, "请联系所里".to_owned()).await.unwrap();
    township.restart().await;
    township.reconnect(&mut member);
    member.sync().await.unwrap();
    member.kill();
    member.start();
    assert_eq!(member.field().held().unwrap()[0].reply.as_deref(), Some("请联系所里"));
    let mut leader = township.phone("l1", 5).await;
    leader.sync().await.unwrap();
    assert!(leader.field().held().unwrap().is_empty());

    // The incident is open again: now the step may be, and nothing of the word is left.
    township.relay.act(incident, act(StepKind::Reopened, "重新办理")).await.unwrap();
    let tried = township.settled().await.release(entry).await.unwrap();
    assert!(tried.is_released, "{tried:?}");
    assert!(township.relay.release(entry).await.unwrap().is_released, "asking twice is harmless");
    let refused = township.relay.reject(entry, "太晚了".to_owned()).await.unwrap_err();
    assert_eq!(refused.code(), HeldCode::WrongState.as_str());
    member.sync().await.unwrap();
    assert!(member.field().held().unwrap().is_empty());
    let shown = township.relay.incident(incident).await.unwrap();
    assert_eq!(shown.held, 0);
    assert!(township.relay.held_raw(entry).await.is_err(), "what takes effect is no held item");
    let nobody = township.relay.release(EntryId::ZERO).await.unwrap_err();
    assert_eq!(nobody.code(), code::NOT_FOUND);
}

#[tokio::test]
async fn what_was_turned_down_is_not_let_in_by_the_persons_next_phone() {
    let (township, _, _, entry) = held_step(621).await;
    township.relay.reject(entry, "不办".to_owned()).await.unwrap();
    let raw = township.relay.held_raw(entry).await.unwrap();
    let shown = township.relay.held_item(entry).await.unwrap().held;
    // The same entry again, from another device of the same person.
    let mut next = RawDevice::enrol(&township, "m1", 9).await;
    let again = suishou_core::entry::Entry::new(
        shown.document,
        suishou_core::model::DocumentKind::Incident,
        shown.claimed_at,
        suishou_core::entry::BodyType::Change,
        raw,
    )
    .unwrap();
    assert_eq!(again.id(), entry);
    next.push(&[again]).await;
    let held = township.settled().await.held_item(entry).await.unwrap().held;
    assert_eq!(held.reply.as_deref(), Some("不办"));
}

#[tokio::test]
async fn a_phone_that_is_wanted_again_before_it_was_in_touch_goes_on_as_before() {
    let township = Township::new(622).await;
    let mut phone = township.phone("m1", 1).await;
    let device = device_of(&township, "m1").await;
    township.time.advance(Duration::from_mins(1));
    township.relay.revoke(device).await.unwrap();
    let incident = phone.field().report(report("路灯不亮", &township, 119.605)).unwrap();
    township.time.advance(Duration::from_mins(1));
    let restored = township.relay.restore_device(device).await.unwrap();
    assert_eq!((restored.is_wiped, restored.released.released), (false, 0));
    phone.sync().await.unwrap();
    assert!(!phone.field().enrolment().unwrap().is_revoked);
    assert!(phone.field().incident(incident).unwrap().about.stored.is_whole());
    let shown = township.relay.device_detail(device).await.unwrap();
    assert!(!shown.device.is_revoked && !shown.device.is_wiped && shown.device.restored_at.is_some());
    assert_eq!((shown.logs.len(), shown.device.entries), (1, Some(1)));
    assert!(!township.relay.restore_device(device).await.unwrap().is_wiped, "asking twice is harmless");
}

#[tokio::test]
async fn a_phone_that_was_told_has_wiped_itself_and_its_late_work_is_released() {
    let township = Township::new(623).await;
    let mut phone = township.phone("m1", 1).await;
    let device = device_of(&township, "m1").await;
    let incident = phone.field().report(report("路灯不亮", &township, 119.605)).unwrap();
    phone.field().step(incident, StepDraft::plain(StepKind::Handling)).unwrap();
    township.time.advance(Duration::from_mins(1));
    township.relay.revoke(device).await.unwrap();
    township.time.advance(Duration::from_mins(1));
    assert!(matches!(phone.sync().await, Err(Error::Revoked)));
    township.settled().await;
    let shown = township.relay.device_detail(device).await.unwrap();
    assert!(shown.device.is_revoked && shown.device.is_wiped, "it was told");
    assert_eq!(shown.held_by_code["revoked"], 2);
    let restored = township.relay.restore_device(device).await.unwrap();
    assert_eq!((restored.is_wiped, restored.released.released), (true, 2));
    assert!(restored.released.still_held.is_empty());
    let row = township.settled().await.incident(incident).await.unwrap();
    assert_eq!((row.listed.row.state, row.held), (IncidentState::Handling, 0));
    assert!(township.relay.device_detail(device).await.unwrap().device.is_wiped, "it must be enrolled anew");
}

#[tokio::test]
async fn a_lost_phone_is_replaced_in_one_step_and_its_late_work_comes_to_the_next() {
    let township = Township::new(624).await;
    let mut lost = township.phone("m1", 1).await;
    let device = device_of(&township, "m1").await;
    let before = lost.field().report(report("路灯不亮", &township, 119.605)).unwrap();
    lost.sync().await.unwrap();
    township.time.advance(Duration::from_mins(1));
    let replaced = township.relay.replace_device(device, Duration::from_hours(1)).await.unwrap();
    assert_eq!((replaced.replaced, replaced.member.as_str()), (device, "m1"));
    let mut next = Phone::new(&township, 2);
    next.enrol(&invitation(&township, &replaced)).await.unwrap();
    next.sync().await.unwrap();
    assert_eq!(next.field().incident(before).unwrap().author, Author::You);

    // The lost one is found with a report on it; an operator lets it through.
    let late = lost.field().report(report("井盖不见了", &township, 119.605)).unwrap();
    assert!(matches!(lost.sync().await, Err(Error::Revoked)));
    assert_eq!(township.settled().await.held_items(false).await.unwrap()[0].code, "revoked");
    let released = township.relay.release_of(device).await.unwrap();
    assert_eq!((released.released, released.still_held.len()), (1, 0));
    assert_eq!(township.relay.release_of(device).await.unwrap().released, 0);
    next.sync().await.unwrap();
    assert_eq!(next.field().incident(late).unwrap().author, Author::You);
    assert!(township.relay.device_detail(device).await.unwrap().device.is_revoked, "it stays revoked");
    assert_eq!(
        township.relay.replace_device(DeviceId::ZERO, Duration::from_hours(1)).await.unwrap_err().code(),
        code::NOT_FOUND
    );
}

#[tokio::test]
async fn a_copied_phone_shows_as_a_fork() {
    let township = Township::new(625).await;
    let mut phone = township.phone("m1", 1).await;
    phone.field().report(report("一", &township, 119.605)).unwrap();
    let mut clone = phone.cloned(&township);
    phone.sync().await.unwrap();
    clone.field().report(report("二", &township, 119.605)).unwrap();
    clone.sync().await.unwrap();
    let device = device_of(&township, "m1").await;
    phone.field().report(report("三", &township, 119.605)).unwrap();
    phone.sync().await.unwrap();
    let shown = township.relay.device_detail(device).await.unwrap();
    assert!(shown.device.forks > 0 && shown.logs.iter().any(|log| log.forked_at.is_some()), "{shown:?}");
}

#[tokio::test]
async fn a_phone_that_runs_wild_waits_and_the_others_do_not() {
    let township = Township::new(626).await;
    let quotas = Quotas { entries_per_hour: 50, ..Quotas::default() };
    township.relay.set_terms(Terms { quotas, pin: None });
    let mut wild = RawDevice::enrol(&township, "i1", 1).await;
    let (document, record) = wild.record();
    wild.push(&[record]).await;
    // A page is always taken before the limit is reached, however large.
    let notes: Vec<_> = (0..200).map(|_| wild.note(document)).collect();
    wild.push(&notes).await;
    let more: Vec<_> = (0..3).map(|_| wild.note(document)).collect();
    let request = wild.request(&more);
    for _ in 0..3 {
        let answer = wild.send(&request).await;
        assert_eq!((answer.status, answer.code().as_str()), (429, code::QUOTA));
        let seconds: u64 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=3_601).contains(&seconds));
    }
    let nothing = wild.request(&[]);
    assert_eq!(wild.send(&nothing).await.status, 200, "it may read");
    let status = township.relay.status().await.unwrap();
    assert_eq!((status.quota.refused, status.quota.waiting), (3, Some(vec![wild.device])));

    let mut other = township.phone("m1", 2).await;
    let incident = other.field().report(report("路灯不亮", &township, 119.605)).unwrap();
    other.sync().await.unwrap();
    assert!(other.field().incident(incident).unwrap().about.stored.is_whole());

    // An hour later it goes on where it was, and nothing is lost.
    township.time.advance(Duration::from_mins(61));
    let request = wild.request(&more);
    assert_eq!(wild.send(&request).await.status, 200);
    assert_eq!(township.relay.status().await.unwrap().quota.waiting, Some(Vec::new()));
}

#[tokio::test]
async fn a_phone_that_is_over_its_limit_keeps_its_work_and_sends_it_later() {
    let township = Township::new(627).await;
    let quotas = Quotas { entries_per_hour: 1, attachment_bytes_per_day: 1, ..Quotas::default() };
    township.relay.set_terms(Terms { quotas, pin: None });
    let mut phone = township.phone("i1", 1).await;
    let hashes = [1, 2].map(|seed| phone.field().add_photo(&photo(seed), &[]).unwrap());
    let draft = suishou_core::field::ReportDraft {
        photos: hashes.to_vec(),
        ..report("两张照片", &township, 119.605)
    };
    let incident = phone.field().report(draft).unwrap();
    assert!(matches!(phone.sync().await, Err(Error::Offline(Unreachable::Overloaded))));
    let counts = phone.field().counts().unwrap();
    assert_eq!((counts.entries_pending, counts.blobs_lost), (0, 0), "the words went first");
    assert!(counts.blobs_pending > 0);
    phone.field().add_note(incident, &suishou_core::field::Remark::text("补充")).unwrap();
    assert!(matches!(phone.sync().await, Err(Error::Offline(Unreachable::Overloaded))));
    assert_eq!(phone.field().counts().unwrap().entries_pending, 1);
    township.relay.set_terms(Terms::default());
    phone.sync().await.unwrap();
    let counts = phone.field().counts().unwrap();
    assert_eq!((counts.entries_pending, counts.blobs_pending, counts.blobs_lost), (0, 0, 0));
    assert!(phone.field().incident(incident).unwrap().about.stored.is_whole());
}
