//! Canaries: words and a place that stand in names, texts and photos, and may be found nowhere else.
//!
//! Logs and errors of every thread are collected while a township works and is mistreated; then every file
//! beside the databases and attachments is searched, and every byte that reached a third member.

mod console;

use std::{
    io::{Read as _, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock},
};

use suishou_core::{
    entry::page::unpack,
    error::Error,
    field::{Need, Remark, ReportDraft, StepDraft, VisitDraft},
    geo::Position,
    id::{CategoryId, DepartmentId, DocumentId, FormId, GridId, MemberId, QuestionId},
    model::{
        Role, encode,
        household::HouseholdCard,
        incident::StepKind,
        place::{Fix, FixSource, Place},
        task::{TaskAnswer, TaskForm, TaskRecord},
        visit::{Answer, AnswerValue, VisitOutcome},
    },
    time::Clock as _,
};
use suishou_server::relay::{Act, Member};
use suishou_tests::{
    harness::{Fault, Phone, RawDevice, Township, post, send},
    world::camera::Camera,
};

use crate::{
    lessons::{insist, member},
    scenarios::{act, photo, report},
};

const NAME: &str = "金丝雀姓名";
const PHONE: &str = "19900990099";
const TEXT: &str = "金丝雀举报正文";
const HOUSEHOLD: &str = "金丝雀户主";
const ADDRESS: &str = "金丝雀巷七号";
const NOTE: &str = "金丝雀备注";
const LATITUDE: f64 = 29.004_321_7;
const LONGITUDE: f64 = 119.604_987_6;

/// The words, and the place as anybody might write it.
fn canaries() -> Vec<String> {
    let words = [NAME, PHONE, TEXT, HOUSEHOLD, ADDRESS, NOTE].map(str::to_owned);
    let place = ["29.00432", "119.60498", "290043217", "1196049876"].map(str::to_owned);
    words.into_iter().chain(place).collect()
}

fn found_in(bytes: &[u8]) -> Option<String> {
    let has = |canary: &String| bytes.windows(canary.len()).any(|window| window == canary.as_bytes());
    canaries().into_iter().find(has)
}

/// What is logged: lines with a canary, and how many there were in all.
#[derive(Debug, Default)]
struct Logged {
    lines: usize,
    sung: Vec<String>,
}

#[derive(Clone, Debug)]
struct Collector(Arc<Mutex<Logged>>);

impl Write for Collector {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        let mut logged = self.0.lock().unwrap();
        logged.lines += 1;
        if found_in(line).is_some() {
            logged.sung.push(String::from_utf8_lossy(line).into_owned());
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Listens to every thread, at the finest level, from the first call on.
fn listen() -> &'static Collector {
    static COLLECTOR: OnceLock<Collector> = OnceLock::new();
    COLLECTOR.get_or_init(|| {
        let collector = Collector(Arc::default());
        let writer = collector.clone();
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(move || writer.clone())
            .try_init()
            .expect("nobody else listens in this program");
        collector
    })
}

/// What errors say, in both of their voices.
#[derive(Debug, Default)]
struct Errors(Vec<String>);

impl Errors {
    fn hear<T: std::fmt::Debug, E: std::fmt::Display + std::fmt::Debug>(&mut self, outcome: Result<T, E>) {
        let error = outcome.expect_err("this should be refused");
        self.0.push(format!("{error} {error:?}"));
    }
}

fn canary_fix(township: &Township) -> Fix {
    Fix {
        position: Position::new(LATITUDE, LONGITUDE).unwrap(),
        accuracy_m: 6,
        taken_at: township.time.now(),
        source: FixSource::Satellite,
        is_mock: false,
    }
}

fn canary_report(township: &Township) -> ReportDraft {
    ReportDraft { fix: Some(canary_fix(township)), ..report(TEXT, township, LONGITUDE) }
}

fn card() -> HouseholdCard {
    HouseholdCard {
        salt: suishou_core::id::Salt::ZERO,
        name: HOUSEHOLD.to_owned(),
        address: ADDRESS.to_owned(),
        phone: PHONE.to_owned(),
        people: 1,
        purposes: Vec::new(),
        needs: NOTE.to_owned(),
        every_days: 7,
        place: Place::default(),
    }
}

fn visit(household: Option<DocumentId>, township: &Township) -> VisitDraft {
    VisitDraft {
        household,
        purpose: None,
        form: None,
        answers: Vec::new(),
        text: NOTE.to_owned(),
        fix: Some(canary_fix(township)),
        grid: None,
        photos: Vec::new(),
        voice: None,
        outcome: VisitOutcome::Met,
        found: vec![Need::Incident(canary_report(township))],
    }
}

fn person(code: &str, role: Role, grids: &[&str]) -> Member {
    Member {
        id: member(code),
        name: NAME.to_owned(),
        role,
        grids: grids.iter().map(|grid| GridId::new(grid).unwrap()).collect(),
        department: None,
        phone: PHONE.to_owned(),
    }
}

/// Everything below a folder but databases and attachments.
fn other_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for item in std::fs::read_dir(folder).unwrap().flatten() {
        let name = item.file_name().to_string_lossy().into_owned();
        if item.path().is_dir() {
            if name != "blobs" {
                found.extend(other_files(&item.path()));
            }
        } else if !name.starts_with("field.db") && !name.starts_with("township.db") {
            found.push(item.path());
        }
    }
    found
}

fn files_of_blobs(folder: &Path) -> Vec<PathBuf> {
    let items = std::fs::read_dir(folder).unwrap().flatten();
    items
        .flat_map(|item| if item.path().is_dir() { files_of_blobs(&item.path()) } else { vec![item.path()] })
        .collect()
}

/// An ordinary day: reports with photos, a household, a visit, remarks, a task, a dispatch, an answer.
async fn work(township: &Township, vendor: &mut Phone, walker: &mut Phone, leader: &mut Phone) -> DocumentId {
    let at = township.time.now();
    let here = Position::new(LATITUDE, LONGITUDE).unwrap();
    let snapped = vendor.field().add_photo(&Camera::new(7).small_photo(at, here, 6), &[]).unwrap();
    let incident =
        vendor.field().report(ReportDraft { photos: vec![snapped], ..canary_report(township) }).unwrap();
    vendor.field().add_note(incident, &suishou_core::field::Remark::text(NOTE)).unwrap();
    vendor.sync().await.unwrap();
    township.settled().await;
    walker.sync().await.unwrap();
    let household = walker.field().add_household(card(), Some(&canary_fix(township))).unwrap();
    walker.field().keep_visit(visit(Some(household), township)).unwrap();
    walker.field().start_patrol(NOTE, GridId::new("g1").ok(), Vec::new()).unwrap();
    vendor.field().correct_text(incident, TEXT).unwrap();
    vendor.sync().await.unwrap();
    walker.sync().await.unwrap();
    let task = TaskRecord {
        text: TEXT.to_owned(),
        audience: suishou_core::model::audience::Audience::of([member("c2")]),
        ..TaskRecord::plain(TaskForm::Errand, HOUSEHOLD)
    };
    let task = leader.field().give_task(task, Some(&canary_fix(township))).unwrap();
    leader.sync().await.unwrap();
    township.settled().await;
    walker.sync().await.unwrap();
    walker.field().answer_task(task, TaskAnswer::Accepted, None, &Remark::text(NOTE)).unwrap();
    walker.sync().await.unwrap();
    township.settled().await;
    township.relay.act(incident, act(StepKind::Accepted, NOTE)).await.unwrap();
    incident
}

/// Bad input on both sides.
async fn mistreat(
    township: &Township,
    vendor: &mut Phone,
    walker: &Phone,
    incident: DocumentId,
    errors: &mut Errors,
) {
    let field = vendor.field();
    errors.hear(field.report(ReportDraft { text: TEXT.repeat(1_000), ..canary_report(township) }));
    errors.hear(field.report(ReportDraft { text: String::new(), ..canary_report(township) }));
    errors.hear(field.add_note(incident, &suishou_core::field::Remark::text(&NOTE.repeat(1_000))));
    errors.hear(field.add_photo(TEXT.as_bytes(), &[]));
    errors.hear(field.add_household(card(), None));
    errors.hear(
        field.step(
            incident,
            StepDraft { remark: Some(NOTE.to_owned()), ..StepDraft::plain(StepKind::Closed) },
        ),
    );
    let nameless = HouseholdCard { name: String::new(), ..card() };
    errors.hear(walker.field().add_household(nameless, Some(&canary_fix(township))));
    let long = HouseholdCard { needs: NOTE.repeat(1_000), ..card() };
    errors.hear(walker.field().add_household(long, None));
    let answers = vec![Answer {
        question: QuestionId::new("none").unwrap(),
        value: AnswerValue::Text(NOTE.to_owned()),
    }];
    let unknown = VisitDraft { form: FormId::new("care").ok(), answers, ..visit(None, township) };
    errors.hear(walker.field().keep_visit(unknown));
    errors.hear(vendor.field().begin_enrolment(NOTE).map(|_| ()));
    errors.hear(Position::new(LATITUDE * 100.0, LONGITUDE));
    // With a space in it nobody takes it for a code; a code is told, because whoever wrote it must find it.
    let spaced = format!("{NAME} {PHONE}");
    errors.hear(MemberId::new(&spaced));
    errors.hear(CategoryId::new(&spaced));
    errors.hear(DepartmentId::new(&spaced));
    let nobody = Member { name: NAME.repeat(50), ..person("c9", Role::Member, &["g1"]) };
    errors.hear(township.relay.import_members(vec![nobody]).await);
    let lost = Member { grids: vec![GridId::new("nowhere").unwrap()], ..person("c9", Role::Member, &[]) };
    errors.hear(township.relay.import_members(vec![lost]).await);
    errors
        .hear(township.relay.act(incident, Act { remark: Some(NOTE.repeat(1_000)), ..Act::default() }).await);
    errors.hear(township.relay.act(incident, act(StepKind::Rated, NOTE)).await);
    let unknown = Act { fields: vec![("category".to_owned(), spaced.clone())], ..Act::default() };
    errors.hear(township.relay.act(incident, unknown).await);
    let map =
        format!("{{\"type\":\"FeatureCollection\",\"features\":[{{\"{NAME}\":[{LATITUDE},{LONGITUDE}]}}]}}");
    errors.hear(suishou_core::geo::read_geojson(map.as_bytes()));
    errors.hear(suishou_core::geo::read_geojson(NAME.as_bytes()));
}

/// Cut, flipped, lost, refused and held.
async fn disturb(township: &Township, vendor: &mut Phone, errors: &mut Errors) {
    for fault in [
        Fault::RequestLost,
        Fault::AnswerLost,
        Fault::Portal,
        Fault::BadGateway,
        Fault::AnswerCut,
        Fault::AnswerFlipped,
        Fault::RequestFlipped,
    ] {
        let photos = vec![vendor.field().add_photo(&photo(3), &[]).unwrap()];
        vendor.field().report(ReportDraft { photos, ..canary_report(township) }).unwrap();
        vendor.network.break_next([fault]);
        errors.hear(vendor.sync().await);
        vendor.network.break_next([Fault::None, fault]);
        if let Err(error) = vendor.sync().await {
            errors.0.push(format!("{error} {error:?}"));
        }
        vendor.network.heal();
        insist(vendor).await;
    }
    // The relay's own words to what is no request.
    let mut device = RawDevice::enrol(township, "c1", 77).await;
    let (document, entry) = device.record();
    let honest = encode(&device.request(&[entry]));
    for body in [NAME.as_bytes().to_vec(), TEXT.repeat(500).into_bytes(), honest] {
        let answer = send(&device.router, post("/v1/sync", body)).await;
        errors.0.push(String::from_utf8_lossy(&answer.body).into_owned());
    }
    // Held: a step that a vendor may not take, and a body that is none.
    let nonsense =
        RawDevice::entry(document, suishou_core::entry::BodyType::Record, NOTE.as_bytes().to_vec());
    device.push(&[nonsense]).await;
    assert_eq!(township.settled().await.held().await.unwrap().len(), 1);
    let devices = township.relay.devices().await.unwrap();
    township.relay.revoke(devices.iter().find(|known| known.id == device.device).unwrap().id).await.unwrap();
    let (_, late) = device.record();
    device.push(&[late]).await;
}

#[tokio::test]
async fn no_name_number_text_or_place_is_in_any_log_error_or_file_beside_the_databases() {
    let collector = listen();
    let mut township = Township::new(3_001).await;
    let people = vec![
        person("c1", Role::Informant, &[]),
        person("c2", Role::Member, &["g1"]),
        person("c3", Role::Leader, &["v1"]),
    ];
    township.relay.import_members(people).await.unwrap();
    let mut vendor = township.phone("c1", 1).await;
    let mut walker = township.phone("c2", 2).await;
    let mut leader = township.phone("c3", 3).await;
    let mut errors = Errors::default();
    let incident = work(&township, &mut vendor, &mut walker, &mut leader).await;
    mistreat(&township, &mut vendor, &walker, incident, &mut errors).await;
    disturb(&township, &mut vendor, &mut errors).await;
    // A new life of the relay, a forked and a rolled back phone, a lost photo: what they log is searched too.
    let backup = township.backup().await;
    township.reconnect(&mut vendor);
    let mut clone = vendor.cloned(&township);
    for phone in [&mut vendor, &mut clone] {
        phone.field().report(canary_report(&township)).unwrap();
        insist(phone).await;
    }
    let gone = vendor.field().add_photo(&photo(8), &[]).unwrap();
    vendor.field().report(ReportDraft { photos: vec![gone], ..canary_report(&township) }).unwrap();
    vendor.lose_blob(&gone);
    insist(&mut vendor).await;
    console::ask(&township, incident, &mut errors).await;
    township.copy_back(&backup).await;
    township.reconnect(&mut vendor);
    insist(&mut vendor).await;
    township.settled().await;

    assert!(errors.0.len() > 30, "{}: the faults were met", errors.0.len());
    for error in &errors.0 {
        assert_eq!(found_in(error.as_bytes()), None, "{error}");
    }
    let logged = collector.0.lock().unwrap();
    assert!(logged.lines > 10, "{}: there is a log to search", logged.lines);
    assert!(logged.sung.is_empty(), "{:?}", logged.sung);
    drop(logged);
    let mut searched = 0;
    for folder in [township.folder(), vendor.folder(), walker.folder(), leader.folder(), clone.folder()] {
        let around = folder.parent().unwrap();
        for file in other_files(around) {
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            assert_eq!(found_in(&std::fs::read(&file).unwrap()), None, "{name}");
            assert_eq!(found_in(name.as_bytes()), None);
            searched += 1;
        }
        for file in files_of_blobs(&folder.join("blobs")) {
            assert_eq!(
                found_in(&std::fs::read(&file).unwrap()),
                None,
                "an attachment tells where it was made"
            );
        }
    }
    assert!(searched >= 6, "{searched} files: locks and the relay's marker");
}

/// Every zstd frame of a page, inflated.
fn inflated(page: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (at, window) in page.windows(4).enumerate() {
        if window == [0x28, 0xb5, 0x2f, 0xfd] {
            let mut frame = zstd::stream::Decoder::new(&page[at..]).unwrap().single_frame();
            frame.read_to_end(&mut bytes).unwrap();
        }
    }
    bytes
}

#[tokio::test]
async fn what_reaches_a_third_member_holds_no_trace_of_who_reported() {
    let township = Township::new(3_002).await;
    let people =
        vec![person("canary-reporter", Role::Informant, &[]), person("canary-walker", Role::Member, &["g1"])];
    township.relay.import_members(people).await.unwrap();
    let mut reporter = RawDevice::enrol(&township, "canary-reporter", 1).await;
    let mut walker = township.phone("canary-walker", 2).await;
    let g1 = GridId::new("g1").ok();
    let mut run = Vec::new();
    let mut documents = Vec::new();
    for _ in 0..20 {
        let (document, record) = reporter.record_in(g1.clone());
        let note = reporter.note(document);
        documents.push(document);
        run.extend([record, note]);
    }
    reporter.push(&run).await;
    township.settled().await;
    // Another member remarks, steps and visits; the centre answers.
    walker.sync().await.unwrap();
    for document in &documents {
        walker.field().add_note(*document, &suishou_core::field::Remark::text("看过了")).unwrap();
        walker.field().step(*document, StepDraft::plain(StepKind::Handling)).unwrap();
    }
    let household = walker.field().add_household(card(), Some(&canary_fix(&township))).unwrap();
    walker.field().keep_visit(visit(Some(household), &township)).unwrap();
    walker.sync().await.unwrap();
    township.settled().await;
    township.relay.act(documents[0], act(StepKind::Resolved, "已办")).await.unwrap();
    let devices = township.relay.devices().await.unwrap();
    let key = reporter.key.public();
    let walkers = devices.iter().find(|device| device.member.as_str() == "canary-walker").unwrap().id;

    for whose in ["m1", "l1"] {
        let mut third = RawDevice::enrol(&township, whose, 9).await;
        let mut pages = Vec::new();
        let mut cursor = None;
        loop {
            let request = third.request(&[]);
            let answer = third.send(&suishou_core::sync::wire::SyncRequest { cursor, ..request }).await;
            let synced = answer.synced();
            assert!(!holds(&answer.body, walkers.as_ref()) && !holds(&answer.body, reporter.log.as_ref()));
            pages.extend(synced.page.clone());
            cursor = synced.cursor;
            if !synced.has_more {
                break;
            }
        }
        let entries: usize = pages.iter().map(|page| unpack(page).unwrap().len()).sum();
        assert!(entries >= 84, "{whose} sees {entries} entries");
        let traces: [&[u8]; 7] = [
            b"canary-reporter",
            b"canary-walker",
            NAME.as_bytes(),
            reporter.device.as_ref(),
            reporter.log.as_ref(),
            key.as_ref(),
            walkers.as_ref(),
        ];
        for page in &pages {
            let bytes = inflated(page);
            assert!(bytes.len() > page.len() / 2);
            for trace in &traces {
                assert!(!holds(&bytes, trace) && !holds(page, trace), "{whose}: {trace:02x?}");
            }
            for (entry, beside) in unpack(page).unwrap() {
                let body = entry.body.unwrap_or_default();
                assert!(traces.iter().all(|trace| !holds(&body, trace)));
                let received = beside.unwrap().received_at.millis();
                let is_centre = beside.unwrap().author == suishou_core::model::step::Author::Centre;
                assert!(is_centre || received % 60_000 == 0, "a time so fine links one person's reports");
            }
        }
    }
    assert!(matches!(walker.field().incident(DocumentId::ZERO), Err(Error::NotFound { .. })));
}

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}
