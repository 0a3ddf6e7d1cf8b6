//! Erasure: the text is in no file and on no phone of others, everything else is as before.

use std::fs;

use suishou_core::{
    document::ERASED,
    error::HeldCode,
    id::{BlobHash, DocumentId, MemberId},
    rows::IncidentRow,
    store::tables::load_document,
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
        subject::{SignedCertificate, Subject},
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
    let certificate = world.engine().erase(&subject, "asked for it", Some(4)).unwrap();
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
    let again = world.engine().erase(&subject, "twice", None).unwrap().certificate;
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
    assert_eq!(world.engine().erase(&subject, "why", None).unwrap().certificate.blobs, 0);
    assert!(files_have(&world, PHOTO));
    let subject = Subject::Member(member_id("lea"));
    assert_eq!(world.engine().erase(&subject, "why", None).unwrap().certificate.blobs, 1);
    assert!(!files_have(&world, PHOTO));
    let unknown = Subject::Member(MemberId::new("nobody").unwrap());
    assert!(world.engine().erase(&unknown, "why", None).is_err());
}

#[test]
fn a_certificate_is_good_as_it_was_signed_and_not_otherwise() {
    let mut world = World::new(83);
    let mut ann = world.phone("ann");
    ann.report("a");
    ann.sync(&mut world);
    let signed = world.engine().erase(&Subject::Member(member_id("ann")), "why", None).unwrap();
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
    let other = Contact { name: "another caller".to_owned(), phone: "13900009999".to_owned() };
    let tickets = [ticket("A-1", 1), ticket("A-2", 2), Ticket { contact: Some(other), ..ticket("A-3", 3) }];
    let taken = world.engine().take_in(&hotline(), &tickets, None).unwrap();
    let subject = Subject::Caller(taken[0].incident);
    let certificate = world.engine().erase(&subject, "asked for it", None).unwrap();
    let said = &certificate.certificate;
    assert_eq!((said.records, said.documents, said.contacts), (2, 2, 2));
    let signed = SignedCertificate::read(certificate.to_json().unwrap().as_bytes()).unwrap();
    assert_eq!(signed, certificate);
    for gone in ["CANARYNAME", "13900001234", "CANARYTEXT 1", "CANARYTEXT 2"] {
        assert!(!files_have(&world, gone.as_bytes()), "{gone}");
    }
    assert!(files_have(&world, b"CANARYTEXT 3") && files_have(&world, b"another caller"));
    assert!(matches!(world.engine().erase(&subject, "again", None), Err(RelayError::NotFound)));
    let nobody = Subject::Caller(DocumentId::new([9; 16]));
    assert!(matches!(world.engine().erase(&nobody, "x", None), Err(RelayError::NotFound)));
}
