//! Patrols, visits and consents on one phone, without any network: what must not stand in a report's way, what must
//! not be told, and what is kept together.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use super::*;
use crate::{
    document::MAX_CHANGES,
    error::{Error, HeldCode, Problem},
    id::{CategoryId, DeviceId, DocumentId, EnrolCode, EntryId, Epoch, MemberId, Nonce, TownshipId},
    log::Key,
    model::{
        Role, Severity,
        consent::ConsentKind,
        incident::{Matter, StepKind},
        patrol::{GapReason, PatrolState},
        track::TrackFix,
        visit::VisitOutcome,
    },
    sync::wire::{Cursor, Enrolment, FeedNotice, Invitation, Membership, VERSION},
    time::Clock,
};

/// Some minutes past an hour.
const START: i64 = 1_763_800_234_567;
const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

#[derive(Debug)]
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

struct Phone {
    folder: tempfile::TempDir,
    clock: Arc<Hand>,
    field: Field,
}

fn open(folder: &Path, clock: &Arc<Hand>) -> Field {
    let seed = u64::try_from(clock.now().millis()).unwrap();
    Field::open(folder, clock.clone(), Random::seeded(seed)).unwrap()
}

fn enrol(field: &Field, member: &str) {
    let mut random = Random::seeded(5);
    let township = TownshipId::new([1; 16]);
    let invitation = Invitation {
        version: VERSION,
        addresses: Vec::new(),
        pin: None,
        relay_key: Key::generate(&mut random).public(),
        township,
        code: EnrolCode::new([2; 16]),
    };
    let membership = Membership {
        member: MemberId::new(member).unwrap(),
        role: Role::Member,
        grids: Vec::new(),
        department: None,
    };
    let enrolment = Enrolment {
        version: VERSION,
        township,
        township_name: "x".to_owned(),
        device: DeviceId::new([3; 16]),
        membership,
        nonce: Nonce::new([4; 16]),
    };
    let key = Key::generate(&mut random);
    field.inner().store.enrol(&invitation, &enrolment, &key, Timestamp::from_millis(0)).unwrap();
}

impl Phone {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(Hand(AtomicI64::new(START)));
        let field = open(folder.path(), &clock);
        enrol(&field, "m1");
        Self { folder, clock, field }
    }

    /// The app ends without warning and starts again.
    fn restarted(self) -> Self {
        let Self { folder, clock, field } = self;
        drop(field);
        let field = open(folder.path(), &clock);
        Self { folder, clock, field }
    }

    fn pass(&self, millis: i64) {
        self.clock.0.fetch_add(millis, Ordering::SeqCst);
    }

    fn patrol(&self) -> DocumentId {
        self.field.start_patrol("", None, Vec::new()).unwrap()
    }

    /// A fix after so many seconds, some seven metres further.
    fn walk(&self, seconds: i64) -> Result<()> {
        self.pass(seconds * 1_000);
        let at = self.clock.now();
        let north = f64::from(i32::try_from((at.millis() - START) / 1_000).unwrap()) * 0.000_01;
        let position = Position::new(29.0 + north, 119.6).unwrap();
        self.field.patrol_fix(TrackFix { at, position, accuracy_m: 1 })
    }

    fn sql(&self, statement: &str) {
        self.field.inner().store.connection().execute_batch(statement).unwrap();
    }

    fn count(&self, question: &str) -> i64 {
        self.field.inner().store.connection().query_row(question, [], |row| row.get(0)).unwrap()
    }

    fn changes(&self) -> i64 {
        self.count("SELECT count(*) FROM entry WHERE body_type = 3")
    }
}

fn report(text: &str) -> ReportDraft {
    ReportDraft {
        text: text.to_owned(),
        category: CategoryId::new("order").unwrap(),
        severity: Severity::Normal,
        fix: None,
        grid: None,
        photos: Vec::new(),
        voice: None,
        is_anonymous: false,
        matter: None,
    }
}

fn visit(found: Vec<Need>) -> VisitDraft {
    VisitDraft {
        household: None,
        purpose: None,
        form: None,
        answers: Vec::new(),
        text: "at home".to_owned(),
        fix: None,
        grid: None,
        photos: Vec::new(),
        voice: None,
        outcome: VisitOutcome::Met,
        found,
    }
}

fn picture() -> Vec<u8> {
    let mut jpeg = Vec::new();
    let encoder = jpeg_encoder::Encoder::new(&mut jpeg, 90);
    encoder.encode(&[7; 64 * 64 * 3], 64, 64, jpeg_encoder::ColorType::Rgb).unwrap();
    jpeg
}

#[expect(clippy::needless_pass_by_value, reason = "an outcome is looked at once")]
fn is_refused<T: std::fmt::Debug>(outcome: Result<T>, expected: HeldCode) -> bool {
    matches!(outcome, Err(Error::Refused { code }) if code == expected)
}

fn lacks_consent<T: std::fmt::Debug>(outcome: Result<T>) -> bool {
    let Err(Error::Invalid { problems }) = outcome else { return false };
    problems == [Problem::Missing("the consent")]
}

#[test]
fn a_patrol_that_is_full_keeps_no_report_back_and_no_patrol_from_ending() {
    let phone = Phone::new();
    let patrol = phone.patrol();
    phone.walk(5).unwrap();
    let used = u16::try_from(MAX_CHANGES).unwrap() - 200;
    phone.field.inner().store.use_up(patrol, used);
    assert!(is_refused(phone.walk(5), HeldCode::Quota), "no more of the track");
    phone.field.report(report("a lamp")).unwrap();
    phone.field.quick_report(&picture(), CategoryId::new("order").unwrap(), None).unwrap();
    phone.field.keep_visit(visit(vec![Need::Incident(report("a roof"))])).unwrap();
    assert_eq!(phone.field.patrol(patrol).unwrap().patrol.incidents, []);
    phone.field.pause_patrol().unwrap();
    assert!(is_refused(phone.field.resume_patrol(), HeldCode::Quota));
    phone.field.finish_patrol().unwrap();
    let ended = phone.field.patrol(patrol).unwrap().patrol;
    assert_eq!((ended.state, ended.segments.len()), (PatrolState::Finished, 1), "with what was walked");
    let next = phone.patrol();
    let found = phone.field.report(report("a bench")).unwrap();
    assert_eq!(phone.field.patrol(next).unwrap().patrol.incidents, [found]);
}

#[test]
fn a_patrol_that_can_take_nothing_any_more_is_left_when_it_is_forgotten() {
    let phone = Phone::new();
    let patrol = phone.patrol();
    phone.field.inner().store.use_up(patrol, u16::try_from(MAX_CHANGES).unwrap());
    phone.field.report(report("a lamp")).unwrap();
    assert!(is_refused(phone.field.finish_patrol(), HeldCode::Quota));
    phone.pass(DAY + MINUTE);
    let next = phone.patrol();
    assert_eq!(phone.field.open_patrol().unwrap(), Some(next));
    phone.walk(5).unwrap();
}

#[test]
fn a_damaged_patrol_keeps_no_report_back_and_can_be_ended() {
    let phone = Phone::new();
    let patrol = phone.patrol();
    phone.walk(5).unwrap();
    phone.walk(5).unwrap();
    phone.field.pause_patrol().unwrap();
    phone.field.resume_patrol().unwrap();
    phone.sql("UPDATE document SET snapshot = x'00' WHERE kind = 2");
    phone.field.report(report("a lamp")).unwrap();
    phone.field.finish_patrol().unwrap();
    let ended = phone.field.patrol(patrol).unwrap().patrol;
    assert_eq!((ended.state, ended.segments.len(), ended.legs.len()), (PatrolState::Finished, 1, 2));
}

#[test]
fn a_forgotten_patrol_asks_to_be_ended_and_gives_way_to_the_next() {
    let phone = Phone::new();
    let patrol = phone.patrol();
    phone.walk(5).unwrap();
    phone.pass(DAY - MINUTE);
    assert!(!phone.field.patrol(patrol).unwrap().is_forgotten);
    assert!(is_refused(phone.field.start_patrol("", None, Vec::new()), HeldCode::WrongState));
    phone.pass(2 * MINUTE);
    assert!(phone.field.patrol(patrol).unwrap().is_forgotten);
    let next = phone.patrol();
    let ended = phone.field.patrol(patrol).unwrap();
    assert_eq!((ended.patrol.state, ended.is_forgotten), (PatrolState::Finished, false));
    assert_eq!((ended.patrol.gaps.len(), ended.patrol.segments.len()), (1, 1), "the silence is declared");
    assert_eq!(phone.field.open_patrol().unwrap(), Some(next));
}

#[test]
fn a_silence_costs_one_change_with_the_stretch_before_it() {
    let phone = Phone::new();
    let patrol = phone.patrol();
    for _ in 0..10 {
        phone.walk(120).unwrap();
    }
    assert_eq!(phone.changes(), 10);
    phone.pass(5 * MINUTE);
    phone.field.pause_patrol().unwrap();
    assert_eq!(phone.changes(), 11);
    let kept = phone.field.patrol(patrol).unwrap().patrol;
    assert_eq!((kept.segments.len(), kept.gaps.len()), (10, 11), "also the one before the pause");
}

#[test]
fn two_needs_of_a_visit_are_named_by_the_patrol_under_way() {
    let phone = Phone::new();
    let patrol = phone.patrol();
    let needs = vec![Need::Incident(report("a roof")), Need::Incident(report("a stair"))];
    let kept = phone.field.keep_visit(visit(needs)).unwrap();
    assert_eq!(phone.field.patrol(patrol).unwrap().patrol.incidents, kept.led_to);
    assert_eq!(phone.field.visit(kept.visit).unwrap().visit.led_to, kept.led_to);
    let later = phone.field.follow_up(kept.visit, Need::Incident(report("a wall"))).unwrap();
    assert_eq!(phone.field.patrol(patrol).unwrap().patrol.incidents.last(), Some(&later));
    assert_eq!(phone.field.visit(kept.visit).unwrap().visit.led_to.last(), Some(&later));
}

#[test]
fn what_is_said_in_confidence_on_a_visit_is_told_to_the_caller_alone() {
    let phone = Phone::new();
    let patrol = phone.patrol();
    let anonymous = ReportDraft { is_anonymous: true, ..report("somebody is beaten") };
    let complaint = ReportDraft { matter: Some(Matter::Complaint), ..report("the leader takes money") };
    let needs = [report("a roof"), anonymous.clone(), complaint].map(Need::Incident);
    let kept = phone.field.keep_visit(visit(needs.into())).unwrap();
    let [roof, secret, other] = kept.led_to[..] else { panic!("{kept:?}") };
    let follow = phone.field.follow_up(kept.visit, Need::Incident(anonymous)).unwrap();
    let shown = phone.field.visit(kept.visit).unwrap();
    assert_eq!((shown.visit.led_to, shown.record.led_to), (vec![roof], vec![roof]));
    assert_eq!(phone.changes(), 1, "and no step tells of it, only the patrol of the roof");
    assert_eq!(phone.field.patrol(patrol).unwrap().patrol.incidents, [roof]);
    let millis = |document: DocumentId| document.to_array()[..6].to_vec();
    for secret in [secret, other, follow] {
        let at = phone.field.incident(secret).unwrap().reported_at;
        assert_ne!(at, shown.row.at);
        assert_eq!(at.millis() % (60 * MINUTE), 0, "the hour and no more");
        assert!((0..60 * MINUTE).contains(&(START - at.millis())));
        assert_ne!(millis(secret), millis(kept.visit));
    }
    assert_eq!(phone.field.incident(roof).unwrap().reported_at, shown.row.at);
}

#[test]
fn no_place_is_kept_without_consent_also_after_a_crash() {
    let phone = Phone::new();
    let patrol = phone.patrol();
    phone.walk(5).unwrap();
    phone.walk(5).unwrap();
    phone.pass(1_000);
    // The app ends between the withdrawal and the pause.
    let at = phone.clock.now();
    phone.field.inner().store.withdraw_consent(ConsentKind::Position, at).unwrap();
    assert!(lacks_consent(phone.walk(5)));
    let phone = phone.restarted();
    let paused = phone.field.patrol(patrol).unwrap().patrol;
    assert_eq!((paused.state, paused.legs[0].to), (PatrolState::Paused, Some(at)));
    assert_eq!(paused.tracked_s, 5);
    assert!(lacks_consent(phone.field.resume_patrol()));
    phone.pass(10 * MINUTE);
    phone.field.give_consent(ConsentKind::Position, 1).unwrap();
    phone.field.resume_patrol().unwrap();
    let resumed = phone.field.patrol(patrol).unwrap().patrol;
    let reasons: Vec<_> = resumed.gaps.iter().map(|gap| (gap.reason, gap.from)).collect();
    assert_eq!(reasons, [(GapReason::ConsentWithdrawn, at)]);
}

#[test]
fn a_photo_is_refused_only_after_its_consent_was_taken_back() {
    let phone = Phone::new();
    let category = || CategoryId::new("order").unwrap();
    phone.field.add_photo(&picture(), &[]).unwrap();
    phone.field.quick_report(&picture(), category(), None).unwrap();
    phone.field.withdraw_consent(ConsentKind::Photos).unwrap();
    assert!(lacks_consent(phone.field.add_photo(&picture(), &[])));
    assert!(lacks_consent(phone.field.quick_report(&picture(), category(), None)));
    phone.field.report(report("in words")).unwrap();
    phone.field.give_consent(ConsentKind::Photos, 1).unwrap();
    phone.field.add_photo(&picture(), &[]).unwrap();
}

#[test]
fn what_one_person_agreed_to_does_not_bind_the_next() {
    let phone = Phone::new();
    phone.field.withdraw_consent(ConsentKind::Position).unwrap();
    phone.field.give_consent(ConsentKind::Photos, 1).unwrap();
    enrol(&phone.field, "m1");
    assert_eq!(phone.field.consents().unwrap().len(), 2, "the same person's stay");
    enrol(&phone.field, "m2");
    assert_eq!(phone.field.consents().unwrap(), []);
}

#[test]
fn a_segment_and_its_fixes_change_places_together() {
    let phone = Phone::new();
    let patrol = phone.patrol();
    for _ in 0..4 {
        phone.walk(5).unwrap();
    }
    phone.sql("CREATE TRIGGER cut BEFORE DELETE ON patrol_fix BEGIN SELECT RAISE(ABORT, 'cut'); END");
    assert!(phone.field.pause_patrol().is_err());
    assert_eq!(phone.changes(), 0, "no segment while its fixes wait for one");
    phone.sql("DROP TRIGGER cut");
    let phone = phone.restarted();
    phone.walk(5).unwrap();
    phone.field.finish_patrol().unwrap();
    let ended = phone.field.patrol(patrol).unwrap().patrol;
    assert_eq!((ended.segments.len(), ended.tracked_s), (1, 20));
}

#[test]
fn a_held_step_is_done_again_and_marked_so_together() {
    let phone = Phone::new();
    let incident = phone.field.report(report("a lamp")).unwrap();
    phone.field.step(incident, StepDraft::plain(StepKind::Handling)).unwrap();
    let held = {
        let mut inner = phone.field.inner();
        let find = "SELECT entry_id FROM entry WHERE body_type = 3";
        let entry = EntryId::new(inner.store.connection().query_row(find, [], |row| row.get(0)).unwrap());
        let notice = FeedNotice::Held { entry, code: HeldCode::WrongState, reply: None };
        let next = Cursor { epoch: Epoch::new([1; 16]), seq: 1, inside: 0 };
        inner.store.take_feed(Vec::new(), &[notice], &[], next).unwrap();
        entry
    };
    phone.sql(
        "CREATE TRIGGER cut BEFORE UPDATE ON entry WHEN NEW.state = 4 BEGIN SELECT RAISE(ABORT, 'cut'); END",
    );
    assert!(phone.field.try_again(held).is_err());
    assert_eq!((phone.changes(), phone.field.held().unwrap().len()), (1, 1));
    phone.sql("DROP TRIGGER cut");
    phone.field.try_again(held).unwrap();
    assert_eq!((phone.changes(), phone.field.held().unwrap().len()), (2, 0));
}
