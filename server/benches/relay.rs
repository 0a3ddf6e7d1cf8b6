//! What the relay costs: CPU time per entry for check, storing and projection, and per page of the feed,
//! over 1,000 reports with 2,500 later steps, each with a remark.
//!
//! `cargo bench -p suishou-server`

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a benchmark prints, and stops at the first surprise"
)]

use std::{collections::BTreeMap, fs, path::Path, sync::Arc, time::Duration};

use suishou_core::{
    document::{Document, Stored},
    entry::{BodyType, Entry, page::Packer},
    geo::{Boundary, GridFeature, GridKind, Position},
    id::{CategoryId, DeviceId, DocumentId, GridId, LogId, MemberId, Nonce, Salt, TownshipId},
    log::{Head, Key, LogHead},
    model::{
        DocumentKind, Role, Severity, encode,
        incident::{IncidentRecord, IncidentStep, StepKind},
        note::Note,
        place::Place,
        step::{Author, Origin},
    },
    project::{Incoming, project},
    sync::wire::{EnrolProof, EnrolRequest, SignedRequest, SyncRequest, VERSION},
    time::{Clock as _, Random, SystemClock, Timestamp},
};
use suishou_server::{
    identity::Identity,
    relay::{Engine, Member, engine::PROJECTED_AT_ONCE, push},
};

const REPORTS: usize = 1_000;

/// CPU time of this thread so far, from the kernel.
fn cpu() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
}

struct Lap {
    cpu: Duration,
    wall: Timestamp,
}

impl Lap {
    fn start() -> Self {
        Self { cpu: cpu(), wall: SystemClock.now() }
    }

    fn end(self, what: &str, entries: usize) {
        let cpu = cpu().saturating_sub(self.cpu).as_secs_f64();
        let wall = SystemClock.now().since(self.wall).as_secs_f64();
        println!(
            "{what:<28} {:>8.1} µs CPU/entry {:>8.3} ms CPU/report   wall {:>7.1} ms",
            cpu * 1e6 / entries as f64,
            cpu * 1e3 / REPORTS as f64,
            wall * 1e3
        );
    }
}

fn main() {
    let mut entries = entries(&mut Random::seeded(3));
    println!("as a busy day has them: all reports, then their steps");
    run(&entries);
    println!("each report with its steps");
    entries.sort_by_key(|entry| entry.header.document);
    run(&entries);
}

fn run(entries: &[Entry]) {
    let parent = tempfile::tempdir().unwrap();
    let mut random = Random::seeded(1);
    let identity = Identity {
        township: TownshipId::new(random.bytes()),
        name: "bench".to_owned(),
        device: DeviceId::new(random.bytes()),
        key: Key::generate(&mut random),
    };
    let mut engine = start(parent.path(), &identity);
    let (device, key) = enrol(&mut engine, "m1", &mut random);
    let bodies = bodies(&identity, device, &key, entries, &mut random);
    let bytes: usize = bodies.iter().map(Vec::len).sum();
    println!("{} entries in {} pages, {} KB", entries.len(), bodies.len(), bytes / 1_024);

    let lap = Lap::start();
    let checked: Vec<_> =
        bodies.iter().map(|body| push::check(engine.connection(), engine.shared(), body).unwrap()).collect();
    lap.end("check", entries.len());
    let lap = Lap::start();
    for push in checked {
        let receipted = engine.store(&[push]).unwrap();
        assert_eq!(receipted.len(), 1);
    }
    lap.end("store and commit", entries.len());
    let lap = Lap::start();
    while engine.project().unwrap() {}
    lap.end("project and feed", entries.len());
    core_alone(entries);

    let (device, key) = enrol(&mut engine, "m2", &mut random);
    let mut cursor = None;
    let mut pages = 0;
    let lap = Lap::start();
    loop {
        let mut request = request(&identity, device, LogId::ZERO, Head::START, &mut random);
        request.cursor = cursor;
        let response = engine.sync(&encode(&SignedRequest::sign(&request, &key))).unwrap();
        (cursor, pages) = (response.cursor, pages + 1);
        if !response.has_more {
            break;
        }
    }
    lap.end("feed to another phone", entries.len());
    println!("{pages} pages of feed");
    let lap = Lap::start();
    for _ in 0..1_000 {
        let mut request = request(&identity, device, LogId::ZERO, Head::START, &mut random);
        request.cursor = cursor;
        engine.sync(&encode(&SignedRequest::sign(&request, &key))).unwrap();
    }
    lap.end("1,000 times nothing new", 1_000);
}

/// What core's projection costs without any database: load, project, save, per document and batch.
fn core_alone(entries: &[Entry]) {
    let mut kept: BTreeMap<DocumentId, (Stored, Vec<u8>, Origin)> = BTreeMap::new();
    let mut documents = 0;
    let lap = Lap::start();
    for batch in entries.chunks(PROJECTED_AT_ONCE) {
        let mut by_document: BTreeMap<DocumentId, Vec<Incoming>> = BTreeMap::new();
        for entry in batch {
            let origin = Origin {
                entry: entry.id(),
                author: Author::Alias(1),
                claimed_at: entry.header.claimed_at,
                received_at: None,
            };
            let incoming = Incoming { entry: entry.clone(), origin, rights: None };
            by_document.entry(entry.header.document).or_default().push(incoming);
        }
        documents += by_document.len();
        for (id, incoming) in by_document {
            let (mut document, record, origin) = if let Some((stored, record, origin)) = kept.remove(&id) {
                let captured = Some((record.as_slice(), origin));
                let document = Document::from_stored(id, DocumentKind::Incident, stored, captured).unwrap();
                (document, record, origin)
            } else {
                let first = &incoming[0];
                let record = first.entry.body.clone().unwrap();
                (Document::new(id, DocumentKind::Incident), record, first.origin)
            };
            assert!(project(&mut document, &incoming).iter().all(Result::is_ok));
            kept.insert(id, (document.to_stored(), record, origin));
        }
    }
    lap.end("of it in core", entries.len());
    println!("{documents} documents loaded and saved");
}

fn start(folder: &Path, identity: &Identity) -> Engine {
    let clock = Arc::new(SystemClock);
    let mut engine = Engine::open(folder, identity.clone(), clock, Random::seeded(2)).unwrap();
    let at = |latitude, longitude| Position::new(latitude, longitude).unwrap();
    let feature = |code: &str, parent: Option<&str>| GridFeature {
        id: GridId::new(code).unwrap(),
        name: code.to_owned(),
        kind: GridKind::Village,
        parent: parent.map(|code| GridId::new(code).unwrap()),
        boundary: Boundary::from_ring(vec![at(29.0, 119.0), at(29.1, 119.0), at(29.1, 119.1)]).unwrap(),
    };
    let grids = [("town", None), ("village", Some("town")), ("g1", Some("village"))];
    engine.import_grids(grids.into_iter().map(|(code, parent)| feature(code, parent)).collect()).unwrap();
    let member = |code: &str| Member {
        id: MemberId::new(code).unwrap(),
        name: code.to_owned(),
        role: Role::Member,
        grids: vec![GridId::new("g1").unwrap()],
        department: None,
        phone: String::new(),
    };
    engine.import_members(vec![member("m1"), member("m2")]).unwrap();
    engine
}

fn enrol(engine: &mut Engine, member: &str, random: &mut Random) -> (DeviceId, Key) {
    let invited = engine.invite(&MemberId::new(member).unwrap(), Duration::from_mins(1)).unwrap();
    let (key, nonce) = (Key::generate(random), Nonce::new(random.bytes()));
    let proof = EnrolProof { code: invited.code, public_key: key.public(), nonce };
    let proof = key.sign(&proof);
    let request =
        EnrolRequest { version: VERSION, code: invited.code, public_key: key.public(), proof, nonce };
    (engine.enrol(&encode(&request)).unwrap().enrolment.device, key)
}

/// Reports first, then steps and remarks, as a busy day has them.
fn entries(random: &mut Random) -> Vec<Entry> {
    let at =
        |minute: usize| Timestamp::from_millis(1_763_800_000_000 + i64::try_from(minute).unwrap() * 60_000);
    let entry = |document, at, body_type, body| {
        Entry::new(document, DocumentKind::Incident, at, body_type, body).unwrap()
    };
    let mut documents = Vec::new();
    let mut entries = Vec::new();
    for number in 0..REPORTS {
        let id = DocumentId::at(at(number), random.bytes());
        let record = encode(&IncidentRecord {
            salt: Salt::new(random.bytes()),
            text: format!("桥头路面有积水，车辆绕行，第{number}号，请尽快派人处理"),
            category: CategoryId::new("disaster").unwrap(),
            severity: Severity::Normal,
            place: Place { grid: GridId::new("g1").ok(), ..Place::default() },
            photos: Vec::new(),
            voice: None,
            patrol: None,
        });
        let entry = entry(id, at(number), BodyType::Record, record);
        let mut document = Document::new(id, DocumentKind::Incident);
        take(&mut document, &entry);
        entries.push(entry);
        documents.push((document, random.bytes::<16>()));
    }
    for round in 0..3 {
        for (number, (document, actor)) in documents.iter_mut().enumerate() {
            if round == 2 && number % 2 == 1 {
                continue;
            }
            let (steps, fields): (Vec<_>, Vec<_>) = match round {
                0 => (vec![encode(&IncidentStep::plain(StepKind::Handling))], Vec::new()),
                1 => (Vec::new(), vec![("severity", "high".to_owned())]),
                _ => (vec![encode(&IncidentStep::plain(StepKind::Resolved))], Vec::new()),
            };
            let at = at(REPORTS * (round + 1) + number);
            let change = document.edit(*actor, &steps, &fields).unwrap();
            let change = entry(document.id(), at, BodyType::Change, change);
            take(document, &change);
            entries.push(change);
            let salt = Salt::new(random.bytes());
            let text = format!("已到现场查看，情况属实，正在处理（{number}-{round}）");
            let note = encode(&Note { salt, text, step: None, voice: None, photos: None });
            entries.push(entry(document.id(), at, BodyType::Note, note));
        }
    }
    entries
}

fn take(document: &mut Document, entry: &Entry) {
    let origin = Origin {
        entry: entry.id(),
        author: Author::You,
        claimed_at: entry.header.claimed_at,
        received_at: None,
    };
    let verdicts = project(document, &[Incoming { entry: entry.clone(), origin, rights: None }]);
    assert!(verdicts[0].is_ok());
}

fn request(
    identity: &Identity,
    device: DeviceId,
    log: LogId,
    from: Head,
    random: &mut Random,
) -> SyncRequest {
    SyncRequest {
        version: VERSION,
        township: identity.township,
        device,
        nonce: Nonce::new(random.bytes()),
        cursor: None,
        log,
        from,
        page: None,
        head: from,
        head_signature: None,
        settings_version: u64::MAX,
    }
}

fn bodies(
    identity: &Identity,
    device: DeviceId,
    key: &Key,
    entries: &[Entry],
    random: &mut Random,
) -> Vec<Vec<u8>> {
    let log = LogId::new(random.bytes());
    let mut bodies = Vec::new();
    let mut head = Head::START;
    let mut rest = entries;
    while !rest.is_empty() {
        let mut request = request(identity, device, log, head, random);
        let mut packer = Packer::default();
        for entry in rest {
            if packer.is_full() {
                break;
            }
            packer.push(entry, None);
            head = head.then(&entry.header);
        }
        rest = &rest[packer.len()..];
        let log_head = LogHead { township: identity.township, device, log, head };
        request.page = Some(packer.finish(3).unwrap());
        (request.head, request.head_signature) = (head, Some(key.sign(&log_head)));
        bodies.push(encode(&SignedRequest::sign(&request, key)));
    }
    bodies
}
