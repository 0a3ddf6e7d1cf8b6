//! Drafts on one phone, without any network.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use super::*;
use crate::{
    field::Remark,
    geo::Position,
    id::{BlobHash, DeviceId, EnrolCode, MemberId, Nonce, TownshipId},
    log::Key,
    model::{Role, incident::StepKind, place::FixSource},
    store::{Mine, Store},
    sync::wire::{Enrolment, Invitation, Membership, VERSION},
    time::{Clock, Random, Timestamp},
};

#[derive(Debug, Default)]
struct Minutes(AtomicI64);

impl Clock for Minutes {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_763_800_000_000 + 60_000 * self.0.load(Ordering::SeqCst))
    }
}

struct Phone {
    folder: tempfile::TempDir,
    clock: Arc<Minutes>,
    field: Field,
}

fn enrol(store: &mut Store, member: &str) -> Result<()> {
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
    store.enrol(&invitation, &enrolment, &Key::generate(&mut random), Timestamp::from_millis(0))
}

impl Phone {
    fn new() -> Self {
        let phone = Self::not_enrolled();
        enrol(&mut phone.field.inner().store, "m1").unwrap();
        phone
    }

    fn not_enrolled() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(Minutes::default());
        let field = Field::open(folder.path(), clock.clone(), Random::seeded(1)).unwrap();
        Self { folder, clock, field }
    }

    /// The app ends without warning and starts again.
    fn restarted(self) -> Self {
        let Self { folder, clock, field } = self;
        drop(field);
        let seed = u64::try_from(clock.now().millis()).unwrap();
        let field = Field::open(folder.path(), clock.clone(), Random::seeded(seed)).unwrap();
        Self { folder, clock, field }
    }

    fn a_minute_passes(&self) {
        self.clock.0.fetch_add(1, Ordering::SeqCst);
    }

    fn add_photo(&self, shade: u8) -> BlobHash {
        self.field.add_photo(&picture(shade), &[]).unwrap()
    }

    /// A saved draft that lacks nothing.
    fn draft(&self, text: &str, photos: Vec<BlobHash>) -> Draft {
        let mut draft = self.field.start_draft(DocumentKind::Incident);
        draft.body.text = text.to_owned();
        draft.body.category = Some(CategoryId::new("order").unwrap());
        draft.body.photos = photos;
        self.field.save_draft(&draft).unwrap();
        draft
    }

    fn reports(&self) -> usize {
        self.field.incidents(Mine::Only, 1_000, 0).unwrap().len()
    }

    fn files(&self) -> usize {
        count(&self.folder.path().join("blobs"))
    }
}

fn count(folder: &Path) -> usize {
    std::fs::read_dir(folder)
        .unwrap()
        .flatten()
        .map(|item| if item.path().is_dir() { count(&item.path()) } else { 1 })
        .sum()
}

fn picture(shade: u8) -> Vec<u8> {
    let pixels: Vec<u8> = (0..64 * 64 * 3_u32).map(|at| (at % 251) as u8 ^ shade).collect();
    let mut jpeg = Vec::new();
    let encoder = jpeg_encoder::Encoder::new(&mut jpeg, 90);
    encoder.encode(&pixels, 64, 64, jpeg_encoder::ColorType::Rgb).unwrap();
    jpeg
}

/// Two ADTS frames.
fn recording() -> Vec<u8> {
    [0xFF, 0xF1, 0x60, 0x40, 0x01, 0x3F, 0xFC, 0x21, 0x21].repeat(2)
}

fn problems<T: std::fmt::Debug>(result: Result<T>) -> Vec<Problem> {
    match result {
        Err(Error::Invalid { problems }) => problems,
        other => panic!("{other:?}"),
    }
}

#[test]
fn drafts_survive_the_app_and_the_last_changed_comes_first() {
    let phone = Phone::new();
    let first = phone.draft("第一件", vec![phone.add_photo(1)]);
    phone.a_minute_passes();
    let second = phone.draft("第二件", Vec::new());
    phone.a_minute_passes();
    let mut first = first;
    first.body.text.push_str("，补充");
    first.body.extra = BTreeMap::from([("floor".to_owned(), "3".to_owned())]);
    phone.field.save_draft(&first).unwrap();
    let phone = phone.restarted();
    let drafts = phone.field.drafts().unwrap();
    assert_eq!(drafts.iter().map(|draft| draft.id).collect::<Vec<_>>(), [first.id, second.id]);
    assert_eq!((&drafts[0].body, drafts[0].kind), (&first.body, DocumentKind::Incident));
    assert_eq!(drafts[0].changed_at.since(drafts[0].started_at).as_secs(), 120);
    assert_eq!(phone.field.draft(second.id).unwrap().draft, second);
    // A report beside them is not kept back, and nothing of a draft is pending.
    phone.field.quick_report(&picture(9), CategoryId::new("order").unwrap(), None).unwrap();
    assert_eq!((phone.reports(), phone.field.drafts().unwrap().len()), (1, 2));
    let counts = phone.field.counts().unwrap();
    assert_eq!((counts.entries, counts.blobs), (1, 2), "the report's photo and preview alone");
    assert_eq!(phone.field.inner().store.waiting_blobs().unwrap().len(), 2);
}

#[test]
fn an_unchanged_draft_is_not_written() {
    let phone = Phone::new();
    let mut draft = phone.draft("一样", Vec::new());
    let written = || std::fs::read(phone.folder.path().join("field.db-wal")).unwrap();
    let before = written();
    phone.a_minute_passes();
    for _ in 0..20 {
        phone.field.save_draft(&draft).unwrap();
    }
    assert!(written() == before);
    assert_eq!(phone.field.drafts().unwrap()[0].changed_at, draft.changed_at);
    draft.body.text.push('。');
    phone.field.save_draft(&draft).unwrap();
    assert!(written() != before);
}

#[test]
fn a_draft_becomes_one_report_and_does_not_come_back() {
    let phone = Phone::new();
    let photo = phone.add_photo(1);
    let voice = phone.field.add_voice(&recording()).unwrap();
    let patrol = phone.field.start_patrol("", None, Vec::new()).unwrap();
    let mut draft = phone.draft("  井盖缺失 ", vec![photo]);
    draft.body.voice = Some(voice.hash);
    draft.body.severity = Severity::High;
    draft.body.fix = Some(Fix {
        position: Position::new(29.0, 119.6).unwrap(),
        accuracy_m: 9,
        taken_at: draft.started_at,
        source: FixSource::Satellite,
        is_mock: false,
    });
    phone.field.save_draft(&draft).unwrap();
    phone.a_minute_passes();
    let document = phone.field.report_draft(draft.id).unwrap();
    assert_eq!(phone.field.patrol(patrol).unwrap().patrol.incidents, [document]);
    assert_eq!(document, draft.id.document());
    assert!(phone.field.drafts().unwrap().is_empty());
    assert!(matches!(phone.field.draft(draft.id), Err(Error::DraftNotFound { .. })));
    let view = phone.field.incident(document).unwrap();
    assert_eq!((view.text.as_str(), view.incident.severity.value), ("井盖缺失", Severity::High));
    assert_eq!((view.photos[0].hash, view.photos[0].is_here), (photo, true));
    assert_eq!(view.voice.map(|voice| (voice.hash, voice.is_here)), Some((voice.hash, true)));
    assert_eq!((view.place.accuracy_m, view.place.age_s), (Some(9), Some(60)));
    assert_eq!(view.about.stored.blobs, 2);

    assert_eq!(phone.field.report_draft(draft.id).unwrap(), document, "asked again");
    let late = phone.field.save_draft(&draft);
    assert!(matches!(late, Err(Error::Refused { code: HeldCode::WrongState })), "{late:?}");
    phone.field.discard_draft(draft.id).unwrap();
    let phone = phone.restarted();
    assert_eq!((phone.reports(), phone.field.drafts().unwrap().len()), (1, 0));
    assert!(phone.field.incident(document).unwrap().photos[0].is_here);
}

#[test]
fn what_a_draft_lacks_is_told_at_once_and_the_draft_stays() {
    let phone = Phone::new();
    let mut draft = phone.field.start_draft(DocumentKind::Incident);
    draft.body.text = "  ".to_owned();
    phone.field.save_draft(&draft).unwrap();
    assert_eq!(
        problems(phone.field.report_draft(draft.id)),
        [Problem::Missing("the category"), Problem::Missing("a text, a photo or a voice recording")]
    );
    draft.body.category = Some(CategoryId::new("order").unwrap());
    draft.body.text = "看得见".to_owned();
    draft.body.is_anonymous = true;
    assert_eq!((phone.reports(), phone.field.drafts().unwrap().len()), (0, 1));
    phone.field.save_draft(&draft).unwrap();
    let document = phone.field.report_draft(draft.id).unwrap();
    assert!(phone.field.incident(document).unwrap().is_anonymous);
    let patrol = phone.field.start_draft(DocumentKind::Patrol);
    phone.field.save_draft(&patrol).unwrap();
    assert!(matches!(phone.field.report_draft(patrol.id), Err(Error::Refused { code: HeldCode::WrongKind })));
    let never_saved = phone.field.start_draft(DocumentKind::Incident).id;
    assert!(matches!(phone.field.report_draft(never_saved), Err(Error::DraftNotFound { .. })));
}

#[test]
fn a_report_that_can_not_take_its_draft_along_is_not_kept() {
    let phone = Phone::new();
    let draft = phone.draft("只能有一个", Vec::new());
    let mut inner = phone.field.inner();
    let report = report(draft.body.clone(), false).unwrap();
    let rights = inner.rights().unwrap();
    let made = inner.report(draft.id.document(), report, draft.started_at).unwrap();
    let another = DraftId::at(draft.started_at, [9; 10]);
    let kept = inner.store.append_draft(another, made, &rights);
    assert!(matches!(kept, Err(Error::DraftNotFound { draft }) if draft == another), "{kept:?}");
    drop(inner);
    assert_eq!((phone.reports(), phone.field.drafts().unwrap().len()), (0, 1));
    assert_eq!(phone.field.counts().unwrap().entries, 0);
}

#[test]
fn discarding_removes_what_nothing_else_names() {
    let phone = Phone::new();
    let (own, shared, reported) = (phone.add_photo(1), phone.add_photo(2), phone.add_photo(3));
    let voice = phone.field.add_voice(&recording()).unwrap().hash;
    let done = phone.draft("报了", vec![reported]);
    phone.field.report_draft(done.id).unwrap();
    let kept = phone.draft("留着", vec![shared]);
    let mut gone = phone.draft("不要了", vec![own, shared, reported]);
    gone.body.voice = Some(voice);
    phone.field.save_draft(&gone).unwrap();
    assert_eq!(phone.files(), 7, "three photos with their previews, a recording");
    phone.field.discard_draft(gone.id).unwrap();
    assert_eq!(phone.files(), 4);
    assert_eq!(phone.field.drafts().unwrap(), std::slice::from_ref(&kept));
    assert!(phone.field.draft(kept.id).unwrap().missing.is_empty());
    let taken = |blob| phone.field.inner().store.blob_kind(blob).unwrap().is_some();
    assert_eq!([own, voice, shared, reported].each_ref().map(taken), [false, false, true, true]);
    // The same picture may be taken anew.
    let again = phone.draft("又要了", vec![phone.add_photo(1)]);
    assert_eq!((again.body.photos[0], phone.files()), (own, 6));
    phone.field.discard_draft(gone.id).unwrap();
    assert_eq!(phone.files(), 6);
}

#[test]
fn a_draft_whose_photo_is_gone_opens_and_says_so() {
    let phone = Phone::new();
    let (lost, kept) = (phone.add_photo(1), phone.add_photo(2));
    let mut draft = phone.draft("照片不见了", vec![lost, kept]);
    std::fs::remove_file(phone.field.inner().store.blobs().path(&lost)).unwrap();
    let phone = phone.restarted();
    let view = phone.field.draft(draft.id).unwrap();
    assert_eq!((&view.draft.body, view.missing), (&draft.body, vec![lost]));
    assert_eq!(
        problems(phone.field.report_draft(draft.id)),
        [Problem::Missing("the file of a photo or voice recording")]
    );
    draft.body.photos.remove(0);
    phone.field.save_draft(&draft).unwrap();
    phone.field.report_draft(draft.id).unwrap();
    assert_eq!(phone.reports(), 1);
}

#[test]
fn one_tap_makes_a_report_or_leaves_nothing() {
    let phone = Phone::new();
    let category = CategoryId::new("order").unwrap();
    assert_eq!(
        problems(phone.field.quick_report(b"no picture", category.clone(), None)),
        [Problem::NotAPhoto]
    );
    let cut = picture(1);
    assert_eq!(
        problems(phone.field.quick_report(&cut[..cut.len() / 2], category.clone(), None)),
        [Problem::Malformed("JPEG")]
    );
    assert_eq!((phone.files(), phone.reports()), (0, 0));
    let patrol = phone.field.start_patrol("", None, Vec::new()).unwrap();
    let fix = Fix {
        position: Position::new(29.0, 119.6).unwrap(),
        accuracy_m: 9,
        taken_at: phone.clock.now(),
        source: FixSource::Fused,
        is_mock: false,
    };
    let document = phone.field.quick_report(&picture(1), category.clone(), Some(fix.clone())).unwrap();
    let phone = phone.restarted();
    let view = phone.field.incident(document).unwrap();
    assert_eq!((view.photos.len(), view.place.position), (1, Some(fix.position)));
    assert_eq!((view.incident.category.value.clone(), phone.files()), (category.clone(), 2));
    assert_eq!(phone.field.patrol(patrol).unwrap().patrol.incidents, [document]);

    let stranger = Phone::not_enrolled();
    let refused = stranger.field.quick_report(&picture(1), category, None);
    assert!(matches!(refused, Err(Error::NotEnrolled)), "{refused:?}");
    assert_eq!(stranger.files(), 0);
}

#[test]
fn an_attachment_is_taken_only_as_what_it_is() {
    let phone = Phone::new();
    let photo = phone.add_photo(1);
    let voice = phone.field.add_voice(&recording()).unwrap();
    assert_eq!(voice.duration_ms, 128);
    let wrong = |expected| vec![Problem::WrongBlobKind { expected }];
    assert_eq!(problems(phone.field.add_voice(b"no recording")), [Problem::NotAVoice]);
    let mut draft = phone.draft("错的", vec![voice.hash]);
    assert_eq!(problems(phone.field.report_draft(draft.id)), wrong("photo"));
    draft.body.photos = Vec::new();
    draft.body.voice = Some(photo);
    phone.field.save_draft(&draft).unwrap();
    assert_eq!(problems(phone.field.report_draft(draft.id)), wrong("voice"));
    draft.body.voice = None;
    phone.field.save_draft(&draft).unwrap();
    let incident = phone.field.report_draft(draft.id).unwrap();

    let note = |photos, voice| phone.field.add_note(incident, &Remark { text: String::new(), photos, voice });
    assert_eq!(problems(note(vec![voice.hash], None)), wrong("photo"));
    assert_eq!(problems(note(Vec::new(), Some(photo))), wrong("voice"));
    assert!(matches!(note(Vec::new(), Some(BlobHash::of(b"?"))), Err(Error::BlobMissing)));
    assert_eq!(problems(note(Vec::new(), None)), [Problem::Missing("the text of the note")]);
    note(vec![photo], Some(voice.hash)).unwrap();
    let shown = phone.field.incident(incident).unwrap();
    assert_eq!(shown.about.notes[0].voice.map(|voice| voice.hash), Some(voice.hash));
    assert_eq!((shown.about.notes[0].photos[0].hash, shown.about.stored.blobs), (photo, 2));
    let step = super::super::StepDraft {
        photos: vec![voice.hash],
        ..super::super::StepDraft::plain(StepKind::Handling)
    };
    assert_eq!(problems(phone.field.step(incident, step)), wrong("photo"));
}

#[test]
fn a_phone_with_one_persons_drafts_is_not_enrolled_for_another() {
    let phone = Phone::new();
    let draft = phone.draft("张三写的", Vec::new());
    let refused = enrol(&mut phone.field.inner().store, "m2");
    assert_eq!(problems(refused), [Problem::FormerWork { entries: 1 }]);
    assert_eq!(phone.field.drafts().unwrap(), std::slice::from_ref(&draft));
    enrol(&mut phone.field.inner().store, "m1").unwrap();
    phone.field.discard_draft(draft.id).unwrap();
    enrol(&mut phone.field.inner().store, "m2").unwrap();
}
