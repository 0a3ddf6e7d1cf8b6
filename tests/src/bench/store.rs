//! A phone's store with 10,000 incidents: its size, and the CPU that opening it, lists, searches and possible
//! duplicates take.

use std::{path::Path, time::Duration};

use suishou_core::{
    entry::{BodyType, Entry},
    field::Field,
    geo::Position,
    id::{CategoryId, DocumentId, GridId, Salt},
    model::{
        DocumentKind, Severity, encode,
        incident::IncidentRecord,
        note::Note,
        place::{FixSource, GridSource, Place},
    },
    store::{Mine, Query, Similar, Sort, TallyBy},
    time::Timestamp,
};
use suishou_tests::{
    harness::{RawDevice, Township},
    world::{
        dice::Dice,
        texts::{self, CATEGORIES, Step},
    },
};

use super::{
    figures::{Figures, tell},
    proc::thread_cpu,
    program::to_f64,
};

const INCIDENTS: usize = 10_000;
/// In one request.
const TOGETHER: usize = 200;
/// So many times each thing is done: the kernel counts in ticks.
const TIMES: u32 = 40;
/// So many seconds from one report to the next: two months in all.
const EVERY_S: u32 = 518;
/// When the first report was made.
const BEGINNING: Timestamp = Timestamp::from_millis(1_763_800_000_000 - 60 * 86_400_000);

pub(crate) async fn measure(figures: &mut Figures) {
    let township = Township::new(903).await;
    let mut writer = RawDevice::enrol(&township, "m1", 7).await;
    let mut phone = township.phone("l1", 8).await;
    let mut dice = Dice::new(10_000);
    let mut remarks = 0;
    let mut at = BEGINNING;
    for _ in 0..INCIDENTS / TOGETHER {
        let mut entries = Vec::new();
        for _ in 0..TOGETHER {
            // One after the other, now and then two at once.
            at = at.after(Duration::from_secs(u64::from(dice.within(0, 2 * EVERY_S))));
            let document = add_incident(&mut entries, at, &mut dice);
            if dice.chance(0.5) {
                add_remark(&mut entries, document, at, &mut dice);
                remarks += 1;
            }
        }
        writer.push(&entries).await;
    }
    for _ in 0..60_000 {
        let status = township.relay.status().await.expect("the relay answers");
        if status.projected_seq == status.stored_seq {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    phone.sync().await.expect("the pull works");
    assert_eq!(phone.field().count(&Query::default()).expect("a count"), INCIDENTS as u64, "all came");
    phone.kill();
    let folder = phone.folder().to_owned();
    let opening = cost(|| {
        phone.start();
        phone.kill();
    });
    figures.at_most("open a store of 10,000 incidents", ms(opening), "ms", 100.0);
    phone.start();
    tell(&format!("{INCIDENTS} incidents, {remarks} remarks"));
    // By now some are overdue.
    township.time.advance(Duration::from_secs(13 * 3_600));
    measure_lists(figures, phone.field());
    measure_search(figures, phone.field());
    measure_similar(figures, phone.field(), &mut dice);
    phone.kill();
    figures.at_most("10,000 incidents on the phone, without photos", to_f64(size(&folder)) / 1e6, "MB", 30.0);
}

fn add_incident(entries: &mut Vec<Entry>, at: Timestamp, dice: &mut Dice) -> DocumentId {
    let document = DocumentId::at(at, dice.bytes());
    let category = dice.choose(&CATEGORIES).copied().unwrap_or("order");
    let text = texts::report_text(dice, category, 100, 300);
    let position = Position::new(dice.between(29.0, 29.01), dice.between(119.60, 119.61)).expect("on Earth");
    let record = IncidentRecord {
        salt: Salt::new(dice.bytes()),
        text,
        category: CategoryId::new(category).expect("a code"),
        severity: *dice.choose(&Severity::ALL).expect("four"),
        place: Place {
            position: Some(position),
            accuracy_m: Some(dice.within(4, 30)),
            age_s: Some(2),
            source: Some(FixSource::Satellite),
            grid: Some(GridId::new("g1").expect("a code")),
            grid_source: Some(GridSource::Found),
            ..Place::default()
        },
        photos: Vec::new(),
        voice: None,
        patrol: None,
        is_anonymous: None,
        matter: None,
        source: None,
    };
    entries.push(entry(document, at, BodyType::Record, encode(&record)));
    document
}

fn add_remark(entries: &mut Vec<Entry>, document: DocumentId, at: Timestamp, dice: &mut Dice) {
    let step = *dice.choose(&Step::ALL).expect("six");
    let note = Note::plain(Salt::new(dice.bytes()), texts::remark(dice, step));
    entries.push(entry(document, at, BodyType::Note, encode(&note)));
}

fn entry(document: DocumentId, at: Timestamp, body_type: BodyType, body: Vec<u8>) -> Entry {
    Entry::new(document, DocumentKind::Incident, at, body_type, body).expect("the body is not too large")
}

fn measure_lists(figures: &mut Figures, field: &Field) {
    let incidents = Query { kinds: vec![DocumentKind::Incident], ..Query::default() };
    let open = Query { is_open: Some(true), ..incidents.clone() };
    let near = Some((Position::new(29.005, 119.605).expect("on Earth"), 500));
    let lists = [
        ("everything", Query::default()),
        ("incidents", incidents.clone()),
        ("open incidents", open.clone()),
        ("open, due first", Query { sort: Sort::DueFirst, ..open.clone() }),
        ("overdue", Query { overdue: true, sort: Sort::DueFirst, ..open.clone() }),
        ("worst first", Query { sort: Sort::WorstFirst, ..open.clone() }),
        ("nearest", Query { near, sort: Sort::Nearest, ..open.clone() }),
        ("of one category and grid", category_and_grid(&open)),
        ("mine", Query { whose: Mine::Only, ..incidents.clone() }),
        ("for me", Query { for_me: true, ..Query::default() }),
        ("unsent", Query { unsent_only: true, ..Query::default() }),
    ];
    let mut worst = (Duration::ZERO, "");
    for (name, query) in lists {
        let spent = cost(|| drop(field.list(&query).expect("a list")));
        let page = field.list(&query).expect("a list");
        tell(&format!("   {name}: {:.2} ms, {} rows in all", ms(spent), page.total));
        worst = worst.max((spent, name));
    }
    figures.at_most(&format!("first page of a list, the slowest ({})", worst.1), ms(worst.0), "ms", 10.0);
    let deep = field.list(&Query { limit: 200, ..incidents.clone() }).expect("a list").next;
    let deep = Query { after: deep, ..incidents.clone() };
    figures.at_most("a later page", ms(cost(|| drop(field.list(&deep).expect("a list")))), "ms", 10.0);
    let tally = cost(|| drop(field.tally(&incidents, TallyBy::Category).expect("a tally")));
    figures.at_most("counts by category", ms(tally), "ms", 10.0);
}

fn category_and_grid(open: &Query) -> Query {
    Query { categories: vec!["fire".to_owned()], grid: GridId::new("v1").ok(), ..open.clone() }
}

fn measure_search(figures: &mut Figures, field: &Field) {
    let queries = [
        "的",
        "水",
        "有",
        "消防",
        "通道",
        "群众",
        "消防通道",
        "占道经营",
        "请尽快处",
        "1",
        "3号",
        "的 有 人",
    ];
    let mut worst = (Duration::ZERO, "");
    for text in queries {
        let query = Query { text: text.to_owned(), ..Query::default() };
        let spent = cost(|| drop(field.list(&query).expect("a list")));
        let found = field.count(&query).expect("a count");
        tell(&format!("   {text}: {:.2} ms, {found} found", ms(spent)));
        worst = worst.max((spent, text));
    }
    figures.at_most(&format!("text search, the slowest ({})", worst.1), ms(worst.0), "ms", 50.0);
}

fn measure_similar(figures: &mut Figures, field: &Field, dice: &mut Dice) {
    let mut worst = Duration::ZERO;
    let mut offered = 0;
    for _ in 0..20 {
        let mut entries = Vec::new();
        let days = u64::from(dice.within(0, 60));
        add_incident(&mut entries, BEGINNING.after(Duration::from_secs(days * 86_400)), dice);
        let Some(record) = entries.first() else { continue };
        let body = record.body.as_deref().unwrap_or_default();
        let read: IncidentRecord = suishou_core::model::decode(body, "a record").expect("readable");
        let to = Similar {
            position: read.place.position,
            grid: read.place.grid,
            category: read.category,
            at: record.header.claimed_at,
            text: read.text,
            except: None,
        };
        worst = worst.max(cost(|| drop(field.similar(&to).expect("an answer"))));
        offered += field.similar(&to).expect("an answer").len();
    }
    tell(&format!("   {offered} offered for 20 reports"));
    figures.at_most("incidents that may be the same, the slowest of 20", ms(worst), "ms", 10.0);
}

/// CPU of something, the mean of many times.
fn cost(mut work: impl FnMut()) -> Duration {
    let start = thread_cpu();
    (0..TIMES).for_each(|_| work());
    thread_cpu().saturating_sub(start) / TIMES
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Bytes of the files in a folder.
fn size(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).expect("the folder can be read").flatten();
    files
        .filter_map(|file| file.metadata().ok())
        .filter(std::fs::Metadata::is_file)
        .map(|file| file.len())
        .sum()
}
