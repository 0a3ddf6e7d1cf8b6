//! The work that engines are compared by: 1,000 reports written offline, 3,503 things done.

use serde_json::json;
use suishou_core::{
    field::{ReportDraft, StepDraft},
    geo::Position,
    id::{BlobHash, CategoryId},
    model::{
        Severity,
        blob::BlobKind,
        incident::StepKind,
        place::{Fix, FixSource},
    },
    store::Store,
    time::{Clock as _, Random},
};
use suishou_tests::{
    harness::{Phone, Township},
    world::{
        dice::Dice,
        texts::{self, CATEGORIES, Step},
    },
};

/// The same reports as plain JSON, for the floor.
#[derive(Debug, Default)]
pub(crate) struct Plain {
    pub(crate) json: Vec<u8>,
    pub(crate) things: usize,
}

/// Lets a phone write so many reports offline: 100 to 300 characters, 1 to 4 photo hashes, 1 to 4 later steps,
/// each with a remark.
pub(crate) fn write_reports(phone: &mut Phone, township: &Township, reports: usize, seed: u64) -> Plain {
    let mut dice = Dice::new(seed);
    let mut plain = Plain::default();
    let counts: Vec<usize> = (0..reports).map(|_| dice.within(1, 4) as usize).collect();
    let mut stock = photos(phone, township, counts.iter().sum(), &mut dice).into_iter();
    for (number, count) in counts.into_iter().enumerate() {
        township.time.advance(std::time::Duration::from_secs(u64::from(dice.within(20, 400))));
        let photos: Vec<BlobHash> = stock.by_ref().take(count).collect();
        let category = dice.choose(&CATEGORIES).copied().unwrap_or("order");
        let text = texts::report_text(&mut dice, category, 100, 300);
        let position =
            Position::new(dice.between(29.0, 29.01), dice.between(119.60, 119.61)).expect("on Earth");
        let taken_at = township.time.now();
        let fix = Fix {
            position,
            accuracy_m: dice.within(4, 30),
            taken_at,
            source: FixSource::Satellite,
            is_mock: false,
        };
        let draft = ReportDraft {
            text: text.clone(),
            category: CategoryId::new(category).expect("a code"),
            severity: Severity::Normal,
            fix: Some(fix),
            grid: None,
            photos: photos.clone(),
            voice: None,
            is_anonymous: false,
            matter: None,
        };
        let document = phone.field().report(draft).expect("the report is kept");
        plain.things += 1;
        // Steps in the mean of 2.503, as in the comparison.
        let later = 1 + number % 4 + usize::from(number % 333 == 0 && number > 0);
        let mut steps = Vec::new();
        for step in 0..later.min(4) {
            township.time.advance(std::time::Duration::from_secs(u64::from(dice.within(60, 4_000))));
            let is_last = step + 1 == later && number % 2 == 0 && step > 0;
            let (kind, word) =
                if is_last { (StepKind::Resolved, Step::Finish) } else { (StepKind::Handling, Step::Handle) };
            let remark = texts::remark(&mut dice, word);
            let draft = StepDraft { remark: Some(remark.clone()), ..StepDraft::plain(kind) };
            phone.field().step(document, draft).expect("the step is possible");
            plain.things += 1;
            steps.push(
                json!({ "kind": kind, "at": township.time.now().to_rfc3339(), "by": "m1", "remark": remark }),
            );
        }
        let report = json!({
            "id": document, "kind": "incident", "category": category, "severity": "normal", "text": text,
            "reported_at": taken_at.to_rfc3339(), "reporter": "m1",
            "place": { "latitude": position.latitude(), "longitude": position.longitude(), "accuracy_m": 12, "grid": "g1" },
            "photos": photos, "steps": steps,
        });
        plain.json.extend(serde_json::to_vec(&report).expect("JSON"));
        plain.json.push(b'\n');
    }
    plain
}

/// Photos that are on the phone and are no part of this measurement: 32 random bytes each, never sent because
/// they are marked as lost.
fn photos(phone: &mut Phone, township: &Township, count: usize, dice: &mut Dice) -> Vec<BlobHash> {
    phone.kill();
    let mut store = Store::open(phone.folder(), Random::seeded(1)).expect("the phone has a store");
    let photos = (0..count).map(|_| {
        let bytes: [u8; 32] = dice.bytes();
        let hash =
            store.add_blob(&bytes, BlobKind::Photo, None, township.time.now()).expect("the photo is kept");
        store.set_blob_lost(&hash).expect("the photo is marked");
        hash
    });
    let photos = photos.collect();
    drop(store);
    phone.start();
    photos
}
