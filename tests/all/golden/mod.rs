//! Wire types and databases of every version, kept as files: they are read for ever.
//!
//! To add a file after a *new* version: `SUISHOU_WRITE_GOLDEN=1 cargo test -p suishou-tests golden`. A file
//! that exists is never written again.

mod bundles;
mod kinds;

use std::{fs, path::PathBuf};

use suishou_core::{
    entry::{
        BodyType, Entry,
        page::{Beside, Packer, unpack},
    },
    error::HeldCode,
    field::Field,
    geo::{Position, read_geojson},
    id::{
        BlobHash, CategoryId, CheckpointId, DepartmentId, DeviceId, DocumentId, EnrolCode, EntryId, Epoch,
        GridId, LogId, MemberId, Nonce, Pin, PublicKey, ReasonId, Salt, Signature, TownshipId,
    },
    log::{BlobReceipt, Head, Key, LogHead, Receipt, Revocation},
    model::{
        DocumentKind, Role, Severity, decode, encode,
        incident::{IncidentRecord, IncidentStep, StepKind},
        note::Note,
        patrol::{GapReason, PatrolRecord, PatrolStep},
        place::{Fix, FixSource, Place},
        settings::Settings,
        step::{Author, StepId},
        track::{TrackFix, TrackSegment},
    },
    store::Mine,
    sync::check::{Hello, SignedWelcome, Welcome, code_hash, commitment},
    sync::wire::{
        Cursor, EnrolRequest, Enrolment, FeedNotice, HeldAnswer, HeldQuestion, Invitation, Membership,
        PushOutcome, Seen, SignedBlobReceipt, SignedEnrolment, SignedHeldAnswer, SignedRequest, SyncRequest,
        SyncResponse, VERSION,
    },
    time::{Random, Timestamp},
};
use suishou_server::relay::Relay;
use suishou_tests::harness::{Phone, Township};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden")
}

/// Compares with the kept file, or writes it if it is asked for and there is none.
fn golden(name: &str, bytes: &[u8]) -> Vec<u8> {
    let path = folder().join(name);
    if !path.exists() && std::env::var_os("SUISHOU_WRITE_GOLDEN").is_some() {
        fs::create_dir_all(folder()).unwrap();
        fs::write(&path, bytes).unwrap();
    }
    fs::read(&path).unwrap_or_else(|_| panic!("{name} is missing from tests/golden"))
}

/// The type writes the very bytes of the file, and reads them as the same value.
fn holds<T>(name: &str, value: &T)
where
    T: minicbor::Encode<()> + for<'b> minicbor::Decode<'b, ()> + PartialEq + std::fmt::Debug,
{
    let kept = golden(name, &encode(value));
    assert_eq!(encode(value), kept, "{name} is written differently now");
    assert_eq!(&decode::<T>(&kept, "a golden file").unwrap(), value, "{name} is read differently now");
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_millis(1_763_800_000_000 + second * 1_000)
}

fn place() -> Place {
    let fix = Fix {
        position: Position::new(29.0812345, 119.6512345).unwrap(),
        accuracy_m: 12,
        taken_at: at(-30),
        source: FixSource::Satellite,
        is_mock: false,
    };
    Place::captured(Some(&fix), Some(GridId::new("330702-05-017").unwrap()), at(0))
}

fn record() -> IncidentRecord {
    IncidentRecord {
        salt: Salt::new([1, 2, 3, 4, 5, 6, 7, 8]),
        text: "菜市场东门有人摆卖无检疫章猪肉".to_owned(),
        category: CategoryId::new("food_safety").unwrap(),
        severity: Severity::High,
        place: place(),
        photos: vec![BlobHash::of(b"one"), BlobHash::of(b"two")],
        voice: Some(BlobHash::of(b"voice")),
        patrol: Some(DocumentId::at(at(-60), [4; 10])),
        is_anonymous: None,
        matter: None,
        source: None,
    }
}

fn log_head() -> LogHead {
    LogHead {
        township: TownshipId::new([1; 16]),
        device: DeviceId::new([2; 16]),
        log: LogId::new([3; 16]),
        head: Head { counter: 7, hash: suishou_core::id::LogHash::of(b"head") },
    }
}

#[test]
fn bodies_are_read_for_ever() {
    holds("incident-record-1.cbor", &record());
    holds(
        "incident-step-1.cbor",
        &IncidentStep {
            kind: StepKind::Dispatched,
            department: Some(DepartmentId::new("market").unwrap()),
            member: Some(MemberId::new("m-7").unwrap()),
            due_at: Some(at(86_400)),
            reason: Some(ReasonId::new("unclear").unwrap()),
            rating: Some(4),
            of: Some(DocumentId::at(at(1), [9; 10])),
            dispatch: Some(StepId::derive(&[8; 16], 3, 1)),
            answer: None,
        },
    );
    holds(
        "note-1.cbor",
        &Note {
            step: Some(StepId::derive(&[8; 16], 3, 0)),
            photos: Some(vec![BlobHash::of(b"result")]),
            ..Note::plain(Salt::new([8; 8]), "已到现场".to_owned())
        },
    );
    holds(
        "patrol-record-1.cbor",
        &PatrolRecord {
            salt: Salt::new([9; 8]),
            purpose: "汛前巡查".to_owned(),
            grid: Some(GridId::new("330702-05-017").unwrap()),
            route: vec![CheckpointId::new("dam-1").unwrap()],
        },
    );
    let checkpoint = CheckpointId::new("dam-1").unwrap();
    holds(
        "patrol-steps-1.cbor",
        &vec![
            PatrolStep::Paused,
            PatrolStep::Resumed,
            PatrolStep::Visited { checkpoint, distance_m: Some(14) },
            PatrolStep::Segment {
                blob: BlobHash::of(b"track"),
                fixes: 240,
                distance_m: 1_440,
                from: at(0),
                to: at(1_200),
            },
            PatrolStep::Gap { reason: GapReason::Killed, from: at(1_200), to: at(1_900) },
            PatrolStep::Finished,
        ],
    );
    let fix = |second: i64| TrackFix {
        at: at(second),
        position: Position::from_units(290_812_345 + i32::try_from(second).unwrap(), 1_196_512_345).unwrap(),
        accuracy_m: 6,
    };
    let segment = TrackSegment { fixes: vec![fix(0), fix(5), fix(10)] };
    for version in ["track-segment-1.cbor", "track-segment-2.zst"] {
        let kept = golden(version, &segment.to_bytes());
        assert_eq!(TrackSegment::from_bytes(&kept).unwrap(), segment, "{version}");
    }
}

#[test]
fn messages_are_read_for_ever() {
    let receipt = Receipt {
        log_head: log_head(),
        epoch: Epoch::new([5; 16]),
        seq: 99,
        at: at(3),
        nonce: Nonce::new([6; 16]),
    };
    let cursor = Cursor { epoch: Epoch::new([5; 16]), seq: 98, inside: 2 };
    let request = SyncRequest {
        version: VERSION,
        township: TownshipId::new([1; 16]),
        device: DeviceId::new([2; 16]),
        nonce: Nonce::new([6; 16]),
        cursor: Some(cursor),
        log: LogId::new([3; 16]),
        from: Head::START,
        page: Some(vec![1, 2, 3]),
        head: log_head().head,
        head_signature: Some(Signature::new([7; 64])),
        settings_version: 4,
    };
    holds("sync-request-1.cbor", &request);
    let key = Key::generate(&mut Random::seeded(1));
    let signed = SignedRequest::sign(&request, &key);
    holds("signed-request-1.cbor", &signed);
    signed.verify(&key.public()).unwrap();
    let membership = Membership {
        member: MemberId::new("M017").unwrap(),
        role: Role::Handler,
        grids: vec![GridId::new("330702-05-017").unwrap()],
        department: Some(DepartmentId::new("police").unwrap()),
    };
    holds(
        "sync-response-1.cbor",
        &SyncResponse {
            version: VERSION,
            receipt,
            signature: key.sign(&receipt),
            outcome: PushOutcome::Stored,
            page: Some(vec![4, 5]),
            notices: vec![
                FeedNotice::Forget { document: DocumentId::new([1; 16]) },
                FeedNotice::Held { entry: EntryId::new([2; 32]), code: HeldCode::WrongState, reply: None },
                FeedNotice::Released { entry: EntryId::new([3; 32]) },
            ],
            cursor: Some(cursor),
            has_more: true,
            settings_version: 5,
            token: Some("token".to_owned()),
            is_revoked: false,
            membership: Some(membership.clone()),
            revocation: None,
            seen: None,
        },
    );
    let revocation = Revocation {
        township: TownshipId::new([1; 16]),
        device: DeviceId::new([2; 16]),
        epoch: Epoch::new([5; 16]),
        nonce: Nonce::new([6; 16]),
    };
    holds(
        "sync-response-2.cbor",
        &SyncResponse {
            version: VERSION,
            receipt,
            signature: key.sign(&receipt),
            outcome: PushOutcome::Stored,
            page: None,
            notices: Vec::new(),
            cursor: None,
            has_more: false,
            settings_version: 5,
            token: None,
            is_revoked: true,
            membership: None,
            revocation: Some(key.sign(&revocation)),
            seen: None,
        },
    );
    holds(
        "sync-response-3.cbor",
        &SyncResponse {
            version: VERSION,
            receipt,
            signature: key.sign(&receipt),
            outcome: PushOutcome::Stored,
            page: None,
            notices: Vec::new(),
            cursor: Some(cursor),
            has_more: false,
            settings_version: 5,
            token: Some("token".to_owned()),
            is_revoked: false,
            membership: None,
            revocation: None,
            seen: Some(vec![Seen { document: DocumentId::new([1; 16]), at: at(60), entries: 3 }]),
        },
    );
    holds(
        "enrol-request-1.cbor",
        &EnrolRequest {
            version: VERSION,
            code: EnrolCode::new([1; 16]),
            public_key: PublicKey::new([2; 32]),
            proof: Signature::new([3; 64]),
            nonce: Nonce::new([4; 16]),
            opening: None,
        },
    );
    holds(
        "enrol-request-2.cbor",
        &EnrolRequest {
            version: VERSION,
            code: EnrolCode::new([1; 16]),
            public_key: PublicKey::new([2; 32]),
            proof: Signature::new([3; 64]),
            nonce: Nonce::new([4; 16]),
            opening: Some(Nonce::new([5; 16])),
        },
    );
    let commitment = commitment(&Nonce::new([5; 16]), &PublicKey::new([2; 32]));
    let hello = Hello { version: VERSION, code: code_hash(&EnrolCode::new([1; 16])), commitment };
    holds("hello-1.cbor", &hello);
    let welcome = Welcome {
        version: VERSION,
        township: TownshipId::new([1; 16]),
        relay_key: key.public(),
        commitment,
        nonce: Nonce::new([6; 16]),
    };
    holds("welcome-1.cbor", &SignedWelcome { signature: key.sign(&welcome), welcome });
    let held = FeedNotice::Held {
        entry: EntryId::new([2; 32]),
        code: HeldCode::WrongState,
        reply: Some("请联系所里".to_owned()),
    };
    holds("held-notice-2.cbor", &held);
    let enrolment = Enrolment {
        version: VERSION,
        township: TownshipId::new([1; 16]),
        township_name: "金华镇".to_owned(),
        device: DeviceId::new([2; 16]),
        membership,
        nonce: Nonce::new([4; 16]),
    };
    holds("enrolment-1.cbor", &SignedEnrolment { signature: key.sign(&enrolment), enrolment });
    let blob = BlobReceipt {
        township: TownshipId::new([1; 16]),
        blob: BlobHash::of(b"one"),
        size_bytes: 3,
        epoch: Epoch::new([5; 16]),
    };
    holds("blob-receipt-1.cbor", &SignedBlobReceipt { receipt: blob, signature: key.sign(&blob) });
    let question = HeldQuestion {
        version: VERSION,
        nonce: Nonce::new([3; 16]),
        blobs: vec![BlobHash::new([7; 32]), BlobHash::new([8; 32])],
    };
    holds("held-question-1.cbor", &question);
    let answer = HeldAnswer {
        township: TownshipId::new([1; 16]),
        epoch: Epoch::new([4; 16]),
        question: BlobHash::of(&encode(&question)).to_array(),
        sizes: vec![61_440, 0],
    };
    holds("held-answer-1.cbor", &SignedHeldAnswer { signature: key.sign(&answer), answer });
    let invitation = Invitation {
        version: VERSION,
        addresses: vec!["https://192.168.1.20:8443".to_owned()],
        pin: Some(Pin::new([9; 32])),
        relay_key: PublicKey::new([2; 32]),
        township: TownshipId::new([1; 16]),
        code: EnrolCode::new([1; 16]),
    };
    holds("invitation-1.cbor", &invitation);
    assert_eq!(Invitation::from_text(&invitation.to_text()).unwrap(), invitation);
}

#[test]
fn headers_and_pages_are_read_for_ever() {
    let document = DocumentId::at(at(0), [4; 10]);
    let entry =
        Entry::new(document, DocumentKind::Incident, at(0), BodyType::Record, encode(&record())).unwrap();
    assert_eq!(golden("header-1.bin", &entry.header.canonical()), entry.header.canonical());
    let head = Head::START.then(&entry.header);
    assert_eq!(golden("log-hash-1.bin", head.hash.as_ref()), head.hash.as_ref());
    let mut packer = Packer::default();
    packer.push(&entry, Some(Beside { author: Author::Alias(1), received_at: at(9) }));
    // zstd may compress differently one day; what was written must stay readable.
    let kept = golden("page-1.bin", &packer.finish(3).unwrap());
    assert_eq!(
        unpack(&kept).unwrap(),
        [(entry, Some(Beside { author: Author::Alias(1), received_at: at(9) }))]
    );
}

#[test]
fn settings_are_read_for_ever() {
    let map = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"id":"g1","name":"一网格","kind":"micro"},
        "geometry":{"type":"Polygon","coordinates":[[[119.60,29.00],[119.61,29.00],[119.61,29.01],[119.60,29.00]]]}}]}"#;
    let mut settings = Settings::new(TownshipId::new([1; 16]), "金华镇".to_owned());
    settings.set_grids(read_geojson(map.as_bytes()).unwrap());
    let kept = golden("settings-1.bin", &settings.to_bytes().unwrap());
    let read = Settings::from_bytes(&kept).unwrap();
    assert_eq!((read.grids, read.township, read.name), (settings.grids, settings.township, settings.name));
}

/// A township with one report, and its reporter's phone.
async fn one_report() -> (Township, Phone, DocumentId) {
    let township = Township::new(777).await;
    let mut phone = township.phone("i1", 778).await;
    let incident = phone.field().report(crate::scenarios::report("桥面有裂缝", &township, 119.605)).unwrap();
    phone.sync().await.unwrap();
    township.settled().await;
    (township, phone, incident)
}

/// The databases as a version of the schema left them open today.
#[tokio::test]
async fn databases_of_every_version_open_for_ever() {
    let (township, mut phone, _) = one_report().await;
    phone.kill();
    township.relay.stop().await;
    let files =
        [(phone.folder().join("field.db"), "phone"), (township.folder().join("township.db"), "township")];
    for number in [1, 2, 3] {
        let [phone_file, relay_file] = files
            .each_ref()
            .map(|(path, name)| golden(&format!("{name}-{number}.sqlite"), &fs::read(path).unwrap()));
        opens(&township, number, &phone_file, &relay_file).await;
    }
}

async fn opens(township: &Township, number: u8, phone_file: &[u8], relay_file: &[u8]) {
    // Where SQLite keeps `user_version`: the file is what its name says.
    for file in [phone_file, relay_file] {
        assert_eq!(file[60..64], u32::from(number).to_be_bytes());
    }
    let kept = tempfile::tempdir().unwrap();
    fs::write(kept.path().join("field.db"), phone_file).unwrap();
    let field = Field::open(kept.path(), township.clock(), Random::seeded(1)).unwrap();
    let listed = field.incidents(Mine::Only, 10, 0).unwrap();
    assert_eq!(listed.len(), 1);
    let view = field.incident(listed[0].row.document).unwrap();
    assert_eq!(view.text, "桥面有裂缝");
    assert!(view.about.stored.is_whole() && field.settings().unwrap().is_some());

    let kept = tempfile::tempdir().unwrap();
    fs::write(kept.path().join("township.db"), relay_file).unwrap();
    let relay =
        Relay::start(kept.path(), township.identity().clone(), township.clock(), Random::seeded(2)).unwrap();
    let shown = relay.incident(view.document).await.unwrap();
    let reporter = shown.work.reporter.unwrap();
    assert_eq!(
        (shown.work.text.as_str(), reporter.member),
        ("桥面有裂缝", None),
        "an informant stays hidden"
    );
    assert_eq!(relay.members().await.unwrap().len(), 7);
    assert_eq!(relay.check_all(true, false).await.unwrap().damage(), 0, "township-{number}");
    relay.stop().await;
    let before = kept.path().join(format!("township.before-{}.db", number + 1));
    assert_eq!(
        fs::read(before).unwrap()[60..64],
        u32::from(number).to_be_bytes(),
        "a copy from before is kept"
    );
}
