//! Push: chains, forks, repeats, held entries, revoked devices.

use suishou_core::{
    entry::BodyType,
    error::HeldCode,
    id::{DeviceId, LogHash, TownshipId},
    log::Head,
    model::{
        encode,
        incident::{IncidentState, IncidentStep, StepKind},
        step::Author,
    },
    store::tables::load_document,
    sync::wire::{PushOutcome, code},
};

use super::phone::{World, incident};
use crate::{db, relay::operator};

fn refused(world: &mut World, body: &[u8]) -> &'static str {
    world.engine().sync(body).unwrap_err().code()
}

fn entries(world: &mut World) -> u64 {
    let engine = world.engine();
    operator::status(engine.connection(), engine.shared()).unwrap().entries
}

#[test]
fn a_report_is_stored_receipted_and_projected() {
    let mut world = World::new(1);
    let mut ann = world.phone("ann");
    let document = ann.report("a");
    ann.note(document, "still raining");
    let response = ann.sync(&mut world);
    assert_eq!(response.outcome, PushOutcome::Stored);
    assert_eq!(response.receipt.log_head.head, ann.head());
    assert_eq!(response.receipt.seq, 2);
    let shown = incident(world.engine().connection(), ann_time(), document).unwrap();
    assert_eq!(shown.listed.row.state, IncidentState::Reported);
    assert_eq!(shown.notes.len(), 1);
    assert_eq!(shown.work.reporter.unwrap().member.unwrap().as_str(), "ann");
    assert_eq!(ann.received, 0, "the own entries are not sent back");
}

fn ann_time() -> suishou_core::time::Timestamp {
    suishou_core::time::Timestamp::from_millis(1_763_900_000_000)
}

#[test]
fn the_same_request_twice_stores_once_and_gets_the_same_receipt() {
    let mut world = World::new(2);
    let mut ann = world.phone("ann");
    ann.report("a");
    let request = ann.request();
    let body = ann.sign(&request);
    let first = world.engine().sync(&body).unwrap();
    let second = world.engine().sync(&body).unwrap();
    assert_eq!(first.receipt.log_head, second.receipt.log_head);
    assert_eq!(first.receipt.seq, second.receipt.seq);
    assert_eq!(second.outcome, PushOutcome::Stored);
    assert_eq!(entries(&mut world), 1);
}

#[test]
fn a_run_that_overlaps_is_appended_from_where_the_relay_is() {
    let mut world = World::new(3);
    let mut ann = world.phone("ann");
    let document = ann.report("a");
    ann.note(document, "one");
    ann.sync(&mut world);
    ann.note(document, "two");
    ann.note(document, "three");
    let request = ann.request_from(Head::START);
    let response = world.engine().sync(&ann.sign(&request)).unwrap();
    assert_eq!(response.outcome, PushOutcome::Stored);
    assert_eq!(response.receipt.log_head.head, ann.head());
    assert_eq!(entries(&mut world), 4);
}

#[test]
fn an_older_part_of_the_same_log_is_no_fork() {
    let mut world = World::new(4);
    let mut ann = world.phone("ann");
    let document = ann.report("a");
    ann.page_entries = 2;
    for text in ["1", "2", "3", "4"] {
        ann.note(document, text);
    }
    let early = ann.request();
    ann.page_entries = usize::MAX;
    ann.sync(&mut world);
    let response = world.engine().sync(&ann.sign(&early)).unwrap();
    assert_eq!(response.outcome, PushOutcome::Stored);
    assert_eq!(response.receipt.log_head.head, ann.head(), "what the relay holds");
    assert_eq!(entries(&mut world), 5);
}

#[test]
fn a_gap_is_behind_and_nothing_is_stored() {
    let mut world = World::new(5);
    let mut ann = world.phone("ann");
    let document = ann.report("a");
    ann.note(document, "one");
    let middle = Head::START.then(&ann.entries[0].header);
    let request = ann.request_from(middle);
    let response = world.engine().sync(&ann.sign(&request)).unwrap();
    assert_eq!(response.outcome, PushOutcome::Behind);
    assert_eq!(response.receipt.log_head.head, Head::START);
    assert_eq!(entries(&mut world), 0);
}

#[test]
fn a_cloned_phone_forks_and_both_lose_nothing() {
    let mut world = World::new(6);
    let mut ann = world.phone("ann");
    let document = ann.report("a");
    ann.sync(&mut world);
    let mut copy = ann.clone_apart();
    let first = ann.note(document, "from the first");
    let second = copy.note(document, "from the copy");
    ann.sync(&mut world);
    let response = copy.exchange(world.engine()).unwrap();
    assert_eq!(response.outcome, PushOutcome::Forked);
    assert_eq!(response.receipt.log_head.head, ann.head());
    copy.new_log();
    assert_eq!(copy.exchange(world.engine()).unwrap().outcome, PushOutcome::Stored);
    assert_eq!(entries(&mut world), 3);
    ann.sync(&mut world);
    copy.sync(&mut world);
    for phone in [&ann, &copy] {
        assert!(phone.seen[&document].contains_key(&first) && phone.seen[&document].contains_key(&second));
        assert_eq!(phone.authors(document), [Author::You; 3]);
    }
}

#[test]
fn a_phone_set_back_gets_again_what_it_had_sent() {
    let mut world = World::new(17);
    let mut ann = world.phone("ann");
    let document = ann.report("a");
    ann.sync(&mut world);
    let mut old = ann.clone_apart();
    let lost = ann.note(document, "lost with the snapshot");
    ann.sync(&mut world);
    let response = old.exchange(world.engine()).unwrap();
    assert_eq!(response.outcome, PushOutcome::Stored);
    assert_eq!(response.receipt.log_head.head, ann.head(), "the relay holds more than the phone has");
    assert!(old.seen[&document].contains_key(&lost));
    old.note(document, "goes on");
    assert_eq!(old.exchange(world.engine()).unwrap().outcome, PushOutcome::Forked);
}

#[test]
fn a_fork_is_seen_even_when_the_relay_is_far_ahead() {
    let mut world = World::new(7);
    let mut ann = world.phone("ann");
    let document = ann.report("a");
    ann.sync(&mut world);
    let mut old = ann.clone_apart();
    for text in ["1", "2", "3"] {
        ann.note(document, text);
    }
    ann.sync(&mut world);
    old.note(document, "another");
    assert_eq!(old.exchange(world.engine()).unwrap().outcome, PushOutcome::Forked);
    let idle = Head { counter: 1, hash: LogHash::new([9; 32]) };
    let mut request = ann.request_from(Head::START);
    (request.page, request.head_signature, request.from, request.head) = (None, None, idle, idle);
    let response = world.engine().sync(&ann.sign(&request)).unwrap();
    assert_eq!(response.outcome, PushOutcome::Forked, "also without a run");
}

#[test]
fn what_is_appended_again_after_a_fork_takes_effect_once() {
    let mut world = World::new(8);
    let mut ann = world.phone("ann");
    let document = ann.report("a");
    ann.note(document, "one");
    ann.sync(&mut world);
    ann.receipted = Head::START;
    ann.new_log();
    let response = ann.sync(&mut world);
    assert_eq!(response.receipt.seq, 4, "both logs are held whole");
    assert_eq!(entries(&mut world), 2, "each entry counts once");
    let shown = incident(world.engine().connection(), ann_time(), document).unwrap();
    assert_eq!(shown.notes.len(), 1);
    assert_eq!(shown.held, 0);
    // The chain of the second log can be told again although its bodies stand in the first.
    let early = {
        ann.page_entries = 1;
        ann.request_from(Head::START)
    };
    assert_eq!(world.engine().sync(&ann.sign(&early)).unwrap().outcome, PushOutcome::Stored);
    ann.page_entries = usize::MAX;
    let mut ben = world.phone("lea");
    ben.sync(&mut world);
    assert_eq!(ben.received, 2);
}

#[test]
fn another_devices_log_is_a_fork_and_tells_nothing() {
    let mut world = World::new(9);
    let (mut ann, mut ben) = (world.phone("ann"), world.phone("ben"));
    ann.report("a");
    ann.sync(&mut world);
    ben.log = ann.log;
    ben.report("b");
    let response = ben.exchange(world.engine()).unwrap();
    assert_eq!(response.outcome, PushOutcome::Forked);
    assert_eq!(response.receipt.log_head.head, Head::START);
    ben.new_log();
    ben.sync(&mut world);
    assert_eq!(entries(&mut world), 2);
}

#[test]
fn what_is_wrong_with_a_request_is_said_by_its_code() {
    let mut world = World::new(10);
    let (mut ann, ben) = (world.phone("ann"), world.phone("ben"));
    ann.report("a");
    let good = ann.request();
    assert_eq!(refused(&mut world, b"<html>"), code::MALFORMED);
    let mut request = good.clone();
    request.version = 9;
    assert_eq!(refused(&mut world, &ann.sign(&request)), code::UNKNOWN_VERSION);
    let mut request = good.clone();
    request.township = TownshipId::ZERO;
    assert_eq!(refused(&mut world, &ann.sign(&request)), code::WRONG_TOWNSHIP);
    assert_eq!(refused(&mut world, &ben.sign(&good)), code::UNKNOWN_DEVICE, "another's signature");
    let mut request = good.clone();
    request.device = DeviceId::ZERO;
    assert_eq!(refused(&mut world, &ann.sign(&request)), code::UNKNOWN_DEVICE);
    let mut request = good.clone();
    request.device = world.identity.device;
    assert_eq!(refused(&mut world, &ann.sign(&request)), code::UNKNOWN_DEVICE, "nobody is the relay");
    let mut request = good.clone();
    request.head.hash = LogHash::ZERO;
    assert_eq!(refused(&mut world, &ann.sign(&request)), code::BROKEN_CHAIN);
    let mut request = good.clone();
    request.head_signature = None;
    assert_eq!(refused(&mut world, &ann.sign(&request)), code::BROKEN_CHAIN);
    let mut request = good.clone();
    request.page = Some(b"nonsense".to_vec());
    assert_eq!(refused(&mut world, &ann.sign(&request)), code::UNKNOWN_VERSION);
    let mut request = good.clone();
    request.from.counter = u64::MAX;
    assert_eq!(refused(&mut world, &ann.sign(&request)), code::TOO_LARGE);
    for len in 0..ann.sign(&good).len() {
        let body = ann.sign(&good);
        assert_eq!(refused(&mut world, &body[..len]), code::MALFORMED);
    }
    assert_eq!(entries(&mut world), 0);
    ann.sync(&mut world);
    assert_eq!(entries(&mut world), 1);
}

#[test]
fn what_is_held_blocks_nothing_and_its_author_is_told() {
    let mut world = World::new(11);
    let mut ann = world.phone("ann");
    let document = ann.report("a");
    let (_, nonsense) = ann.entry(document, BodyType::Record, b"nonsense".to_vec());
    let second = ann.append(nonsense);
    let (_, nonsense) = ann.entry(document, BodyType::Change, b"nonsense".to_vec());
    let change = ann.append(nonsense);
    let closed = ann.change(document, &[IncidentStep::plain(StepKind::Closed)], &[]);
    ann.note(document, "goes on");
    let other = ann.report("a");
    ann.sync(&mut world);
    assert_eq!(ann.held[&second], HeldCode::SecondRecord);
    assert_eq!(ann.held[&change], HeldCode::Guard);
    assert_eq!(ann.held[&closed], HeldCode::NotAllowed);
    let connection = world.engine().connection();
    assert_eq!(db::held::list(connection, true, 500).unwrap().len(), 3);
    assert_eq!(incident(connection, ann_time(), document).unwrap().notes.len(), 1);
    assert!(load_document(connection, other).unwrap().is_some());
    let mut lea = world.phone("lea");
    lea.sync(&mut world);
    assert_eq!(lea.seen[&document].len(), 2, "others never see what is held");
}

#[test]
fn what_waited_for_its_record_takes_effect_when_that_arrives() {
    let mut world = World::new(12);
    let (mut ann, mut lea) = (world.phone("ann"), world.phone("lea"));
    let document = ann.report("a");
    let mut early = ann.clone();
    lea.seen.clone_from(&ann.seen);
    let note = lea.note(document, "seen on the spot");
    let change = lea.change(document, &[IncidentStep::plain(StepKind::Accepted)], &[]);
    lea.sync(&mut world);
    assert_eq!(lea.held[&note], HeldCode::NoRecord);
    early.sync(&mut world);
    lea.sync(&mut world);
    assert!(lea.held.is_empty());
    assert!(lea.released.contains(&note) && lea.released.contains(&change));
    let shown = incident(world.engine().connection(), ann_time(), document).unwrap();
    assert_eq!(shown.listed.row.state, IncidentState::Accepted);
    early.sync(&mut world);
    assert_eq!(early.received, 2);
}

#[test]
fn a_revoked_phone_is_receipted_held_and_told_nothing_more() {
    let mut world = World::new(13);
    let (mut ann, mut lea) = (world.phone("ann"), world.phone("lea"));
    ann.report("a");
    ann.sync(&mut world);
    world.engine().revoke(ann.device).unwrap();
    let late = ann.report("a");
    lea.report("a");
    lea.sync(&mut world);
    let response = ann.exchange(world.engine()).unwrap();
    assert!(response.is_revoked);
    assert_eq!(response.receipt.log_head.head, ann.head());
    assert!(response.page.is_none() && response.cursor.is_none() && response.token.is_none());
    assert!(response.notices.is_empty() && response.membership.is_none());
    let held = db::held::list(world.engine().connection(), true, 500).unwrap();
    assert_eq!((held.len(), held[0].document, held[0].code), (1, late, HeldCode::Revoked.number()));
    lea.sync(&mut world);
    assert!(!lea.sees(late));
    assert!(world.engine().revoke(DeviceId::ZERO).is_err());
}

#[test]
fn a_late_report_takes_effect_when_the_persons_new_phone_sends_it() {
    let mut world = World::new(14);
    let mut ann = world.phone("ann");
    let document = ann.report("a");
    world.engine().revoke(ann.device).unwrap();
    ann.exchange(world.engine()).unwrap();
    let mut again = world.phone("ann");
    let entry = ann.entries[0].clone();
    again.append(entry);
    again.sync(&mut world);
    let shown = incident(world.engine().connection(), ann_time(), document).unwrap();
    assert_eq!(shown.work.reporter.unwrap().member.unwrap().as_str(), "ann");
    assert_eq!(db::held::list(world.engine().connection(), true, 500).unwrap().len(), 0);
}

#[test]
fn documents_are_the_same_whether_entries_come_alone_or_together() {
    let run = |page_entries: usize| {
        let mut world = World::new(15);
        let mut ann = world.phone("ann");
        let document = ann.report("a");
        ann.change(document, &[IncidentStep::plain(StepKind::Handling)], &[("category", "fire")]);
        ann.note(document, "half done");
        ann.change(document, &[IncidentStep::plain(StepKind::Resolved)], &[("severity", "high")]);
        ann.page_entries = page_entries;
        ann.sync(&mut world);
        let incident = load_document(world.engine().connection(), document).unwrap().unwrap();
        let incident = incident.incident().unwrap();
        (incident.state, incident.category, incident.severity, incident.steps.len())
    };
    assert_eq!(run(1), run(usize::MAX));
    assert_eq!(run(2).0, IncidentState::Resolved);
}

#[test]
fn a_code_enrols_one_phone_and_answers_it_again() {
    use suishou_core::{
        id::Nonce,
        log::Key,
        sync::wire::{EnrolProof, EnrolRequest, VERSION},
        time::Random,
    };
    let mut world = World::new(16);
    let hour = std::time::Duration::from_hours(1);
    let invited = world.engine().invite(&super::phone::member_id("ann"), hour).unwrap();
    let mut random = Random::seeded(5);
    let (key, thief) = (Key::generate(&mut random), Key::generate(&mut random));
    let request = |key: &Key, nonce: u8| {
        let nonce = Nonce::new([nonce; 16]);
        let proof = EnrolProof { code: invited.code, public_key: key.public(), nonce };
        let proof = key.sign(&proof);
        encode(&EnrolRequest {
            version: VERSION,
            code: invited.code,
            public_key: key.public(),
            proof,
            nonce,
            opening: None,
        })
    };
    let first = world.engine().enrol(&request(&key, 1)).unwrap();
    let again = world.engine().enrol(&request(&key, 2)).unwrap();
    assert_eq!(first.enrolment.device, again.enrolment.device);
    assert_eq!(again.enrolment.nonce, Nonce::new([2; 16]));
    assert_eq!(world.engine().enrol(&request(&thief, 3)).unwrap_err().code(), code::ENROL_CODE_USED);
    let late = world.engine().invite(&super::phone::member_id("ann"), hour).unwrap();
    world.clock.pass(hour);
    let proof = EnrolProof { code: late.code, public_key: thief.public(), nonce: Nonce::ZERO };
    let expired = EnrolRequest {
        version: VERSION,
        code: late.code,
        public_key: thief.public(),
        proof: thief.sign(&proof),
        nonce: Nonce::ZERO,
        opening: None,
    };
    assert_eq!(world.engine().enrol(&encode(&expired)).unwrap_err().code(), code::ENROL_CODE_EXPIRED);
    assert_eq!(db::phone::all(world.engine().connection()).unwrap().len(), 1);
}

#[test]
fn a_damaged_document_does_not_keep_others_from_following() {
    let mut world = World::new(18);
    let mut ann = world.phone("ann");
    let document = ann.report("a");
    ann.sync(&mut world);
    world.engine().connection().execute("UPDATE document SET facts = x'00'", []).unwrap();
    let note = ann.note(document, "to the damaged one");
    let other = ann.report("a");
    ann.sync(&mut world);
    assert_eq!(ann.held[&note], HeldCode::Trial);
    assert!(load_document(world.engine().connection(), other).unwrap().is_some());
}
