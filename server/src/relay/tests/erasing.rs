//! Erasure: the text is in no file and on no phone of others, everything else is as before.

use std::fs;

use suishou_core::{
    document::ERASED,
    error::HeldCode,
    id::{BlobHash, DocumentId, MemberId},
    rows::IncidentRow,
    store::tables::load_document,
    sync::wire::BlobKind,
    time::Timestamp,
};

use super::{
    phone::{World, incident, member_id},
    uploading::{device, photo, send},
};
use crate::{
    db,
    relay::{
        Act, RelayError,
        subject::{Erasure, SignedCertificate, Subject, plan},
        upload::Promise,
    },
};

const CANARY: &str = "CanaryRemarkAboutTheNeighbour";
const PHOTO: &[u8] = b"\xff\xd8\xff canary of a photo";

fn now() -> Timestamp {
    Timestamp::from_millis(1_863_900_000_000)
}

fn files_have(world: &World, text: &[u8]) -> bool {
    let mut folders = vec![world.folder.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for file in fs::read_dir(folder).unwrap().flatten() {
            if file.path().is_dir() {
                folders.push(file.path());
            } else if fs::read(file.path()).unwrap().windows(text.len()).any(|part| part == text) {
                return true;
            }
        }
    }
    false
}

fn row(world: &mut World, document: DocumentId) -> IncidentRow {
    let found = incident(world.engine().connection(), now(), document).unwrap();
    found.listed.row
}

/// Erases what a dry run names.
fn erase(
    world: &mut World,
    subject: &Subject,
    reason: &str,
    by: Option<i64>,
) -> Result<SignedCertificate, RelayError> {
    let incidents = plan(world.engine().connection(), subject)?.incidents;
    let erasure = Erasure { subject: subject.clone(), incidents, reason: reason.to_owned(), by };
    world.engine().erase(&erasure)
}

#[test]
fn an_erased_text_is_nowhere_and_the_rest_is_as_before() {
    let mut world = World::new(81);
    let (mut ann, mut lea, mut ben) = (world.phone("ann"), world.phone("lea"), world.phone("ben"));
    let mine = ann.report_with(Some("a"), vec![BlobHash::of(PHOTO)]);
    ann.note(mine, CANARY);
    let others = lea.report("a");
    lea.note(others, "of another");
    lea.sync(&mut world);
    ann.sync(&mut world);
    ann.note(others, CANARY);
    // Held: Ann does not see Ben's grid, and the document has no record.
    let nowhere = DocumentId::at(now(), [7; 10]);
    ann.note(nowhere, CANARY);
    ann.sync(&mut world);
    assert_eq!(ann.held.values().copied().collect::<Vec<_>>(), [HeldCode::NoRecord]);
    let sender = device(&mut world, &ann);
    send(&mut world, &sender, &photo(PHOTO), PHOTO, 8);
    let act = Act { remark: Some("the centre's own".to_owned()), ..Act::default() };
    world.engine().act(mine, &act).unwrap();
    lea.sync(&mut world);
    ben.sync(&mut world);
    assert!(files_have(&world, CANARY.as_bytes()) && files_have(&world, PHOTO));
    let before = row(&mut world, mine);
    let facts = load_document(world.engine().connection(), mine).unwrap().unwrap().to_stored();
    let log = db::log::find(world.engine().connection(), ann.log).unwrap().unwrap();
    let heads: Vec<_> = (1..=log.head.counter)
        .map(|counter| db::log::head_at(world.engine().connection(), log.row, counter).unwrap())
        .collect();
    fs::write(world.folder.path().join("township.before-2.db"), CANARY).unwrap();

    let subject = Subject::Member(member_id("ann"));
    let certificate = erase(&mut world, &subject, "asked for it", Some(4)).unwrap();
    let said = &certificate.certificate;
    assert_eq!((said.records, said.notes, said.blobs, said.devices_revoked), (1, 3, 1, 1));
    assert_eq!((said.documents, said.bodies.len(), said.by), (3, 4, Some(4)));
    assert!(!files_have(&world, CANARY.as_bytes()), "in no file of the folder");
    assert!(!files_have(&world, PHOTO));
    assert_eq!(row(&mut world, others).excerpt, "water on the bridge", "another's record stays");

    let after = row(&mut world, mine);
    assert_eq!(after, IncidentRow { excerpt: ERASED.to_owned(), photos: 0, ..before });
    assert_eq!(load_document(world.engine().connection(), mine).unwrap().unwrap().to_stored(), facts);
    let shown = incident(world.engine().connection(), now(), mine).unwrap();
    let texts: Vec<_> = shown.notes.iter().map(|note| note.text.as_str()).collect();
    assert_eq!(texts, [ERASED, "the centre's own"], "what others said stays");
    for (counter, head) in (1..).zip(&heads) {
        let again = db::log::head_at(world.engine().connection(), log.row, counter).unwrap();
        assert_eq!(again, *head, "the log still leads to the signed head");
    }

    // Phones that had it drop it and get what is left; one that comes later never sees it.
    lea.sync(&mut world);
    assert!(lea.forgotten.contains(&mine) && lea.sees(mine) && lea.sees(others));
    let mut late = world.phone("lea");
    late.sync(&mut world);
    for phone in [&lea, &late] {
        let bodies = phone.seen.values().flat_map(|entries| entries.values());
        let bodies: Vec<_> = bodies.filter_map(|(entry, _)| entry.body.as_deref()).collect();
        assert!(!bodies.is_empty());
        assert!(!bodies.iter().any(|body| body.windows(CANARY.len()).any(|part| part == CANARY.as_bytes())));
    }
    assert_eq!(lea.document(mine).incident().unwrap().state, after.state);

    // A restart works rows out of what is stored, and finds the same.
    world.stop();
    world.start();
    assert_eq!(row(&mut world, mine), after);
    let again = erase(&mut world, &subject, "twice", None).unwrap().certificate;
    assert_eq!((again.records, again.notes, again.blobs, again.devices_revoked), (0, 0, 0, 0));
}

#[test]
fn a_photo_that_somebody_else_names_stays() {
    let mut world = World::new(82);
    let (mut ann, mut lea) = (world.phone("ann"), world.phone("lea"));
    ann.report_with(Some("a"), vec![BlobHash::of(PHOTO)]);
    lea.report_with(Some("a"), vec![BlobHash::of(PHOTO)]);
    ann.sync(&mut world);
    lea.sync(&mut world);
    let sender = device(&mut world, &ann);
    send(&mut world, &sender, &photo(PHOTO), PHOTO, 64);
    let subject = Subject::Member(member_id("ann"));
    assert_eq!(erase(&mut world, &subject, "why", None).unwrap().certificate.blobs, 0);
    assert!(files_have(&world, PHOTO));
    let subject = Subject::Member(member_id("lea"));
    assert_eq!(erase(&mut world, &subject, "why", None).unwrap().certificate.blobs, 1);
    assert!(!files_have(&world, PHOTO));
    let unknown = Subject::Member(MemberId::new("nobody").unwrap());
    assert!(erase(&mut world, &unknown, "why", None).is_err());
}

#[test]
fn a_certificate_is_good_as_it_was_signed_and_not_otherwise() {
    let mut world = World::new(83);
    let mut ann = world.phone("ann");
    ann.report("a");
    ann.sync(&mut world);
    let signed = erase(&mut world, &Subject::Member(member_id("ann")), "why", None).unwrap();
    let json = signed.to_json().unwrap();
    assert_eq!(SignedCertificate::read(json.as_bytes()).unwrap(), signed);
    assert_eq!(signed.certificate.relay_key, world.identity.key.public());
    for (from, to) in [("\"records\": 1", "\"records\": 2"), ("why", "because"), ("\"ann\"", "\"ben\"")] {
        assert!(json.contains(from), "{json}");
        assert!(SignedCertificate::read(json.replace(from, to).as_bytes()).is_err(), "{from}");
    }
}

#[test]
fn a_caller_is_handed_what_is_held_and_erased_with_every_matter_of_theirs() {
    use crate::relay::intake::{
        Contact, Ticket,
        tests::{hotline, source_form, ticket},
    };
    let mut world = World::new(89);
    world.engine().add_source(source_form(None)).unwrap();
    let contact = |name: &str, phone: &str| Some(Contact { name: name.to_owned(), phone: phone.to_owned() });
    let taken_with = |contact, id, content| Ticket { contact, ..ticket(id, content) };
    let tickets = [
        ticket("A-1", 1),
        taken_with(contact("", "139 0000-1234"), "A-2", 2),
        taken_with(contact("another caller", "13900009999"), "A-3", 3),
        // One telephone of a shop, and two people.
        taken_with(contact("a colleague", "13900001234"), "A-4", 4),
        taken_with(contact("CANARYNAME", "12345"), "A-5", 5),
        taken_with(contact("CANARYNAME", "12345"), "A-6", 6),
    ];
    let taken = world.engine().take_in(&hotline(), &tickets, None).unwrap();
    let subject = Subject::Caller(taken[0].incident);
    let planned = plan(world.engine().connection(), &subject).unwrap();
    let mut expected = vec![taken[0].incident, taken[1].incident];
    let sorted = |mut ids: Vec<DocumentId>| {
        ids.sort();
        ids
    };
    expected.sort();
    assert_eq!((sorted(planned.incidents.clone()), planned.contacts), (expected, 2));
    // Numbers that are nobody's own take nobody else along.
    let short = Subject::Caller(taken[4].incident);
    assert_eq!(plan(world.engine().connection(), &short).unwrap().incidents, [taken[4].incident]);

    // Only what somebody looked at: not what was not named, not a stranger's.
    let mut erasure =
        Erasure { subject: subject.clone(), incidents: Vec::new(), reason: "why".to_owned(), by: None };
    assert!(world.engine().erase(&erasure).is_err());
    erasure.incidents = vec![taken[0].incident, taken[2].incident];
    assert!(world.engine().erase(&erasure).is_err());
    assert!(files_have(&world, b"CANARYTEXT 1"), "nothing of it happened");
    erasure.incidents = vec![taken[0].incident];
    let certificate = world.engine().erase(&erasure).unwrap();
    let said = &certificate.certificate;
    assert_eq!((said.records, said.documents, said.contacts), (1, 1, 1));
    let signed = SignedCertificate::read(certificate.to_json().unwrap().as_bytes()).unwrap();
    assert_eq!(signed, certificate);
    for gone in ["13900001234 ", "CANARYTEXT 1"] {
        assert!(!files_have(&world, gone.as_bytes()), "{gone}");
    }
    for kept in [2, 3, 4, 5, 6] {
        assert!(files_have(&world, format!("CANARYTEXT {kept}").as_bytes()), "{kept}");
    }
    assert!(files_have(&world, b"139 0000-1234") && files_have(&world, b"another caller"));
    let again = erase(&mut world, &subject, "again", None).unwrap().certificate;
    assert_eq!((again.records, again.contacts), (0, 0));
    let nobody = Subject::Caller(DocumentId::new([9; 16]));
    assert!(matches!(erase(&mut world, &nobody, "x", None), Err(RelayError::NotFound)));
}

#[test]
fn a_caller_whose_number_is_gone_can_still_be_erased() {
    use crate::relay::intake::tests::{hotline, source_form, ticket};
    let mut world = World::new(90);
    world.engine().add_source(source_form(None)).unwrap();
    let mut ann = world.phone("ann");
    let own = ann.report("a");
    ann.sync(&mut world);
    let taken = world.engine().take_in(&hotline(), &[ticket("A-1", 1)], None).unwrap();
    let called = taken[0].incident;
    world.engine().write(|work| Ok(db::intake::forget_contact(work.transaction, called)?)).unwrap();
    let said = erase(&mut world, &Subject::Caller(called), "why", None).unwrap().certificate;
    assert_eq!((said.records, said.contacts), (1, 0));
    assert!(!files_have(&world, b"CANARYTEXT 1"));
    // What no other system handed over has no caller.
    assert!(matches!(erase(&mut world, &Subject::Caller(own), "x", None), Err(RelayError::NotFound)));
}

#[test]
fn photos_of_drafts_go_with_their_member() {
    const PREVIEW: &[u8] = b"canary of its preview";
    const WAITING: &[u8] = b"canary of a photo that a held report of another names";
    let mut world = World::new(91);
    let (ann, mut lea) = (world.phone("ann"), world.phone("lea"));
    let sender = device(&mut world, &ann);
    send(&mut world, &sender, &photo(PHOTO), PHOTO, 64);
    let preview =
        Promise { kind: BlobKind::Preview, preview_of: Some(BlobHash::of(PHOTO)), ..photo(PREVIEW) };
    send(&mut world, &sender, &preview, PREVIEW, 64);
    send(&mut world, &sender, &photo(WAITING), WAITING, 64);
    lea.report_with(Some("a"), vec![BlobHash::of(WAITING)]);
    world.engine().revoke(lea.device).unwrap();
    lea.exchange(world.engine()).unwrap();
    let held = db::entry::held(world.engine().connection()).unwrap();
    assert_eq!(held.len(), 1, "it waits for somebody to let it through");
    let subject = Subject::Member(member_id("ann"));
    let said = erase(&mut world, &subject, "why", None).unwrap().certificate;
    assert_eq!(said.blob_hashes, [BlobHash::of(PHOTO)]);
    assert!(!files_have(&world, PHOTO) && !files_have(&world, PREVIEW));
    assert!(files_have(&world, WAITING), "another's, though this phone sent it first");
}
