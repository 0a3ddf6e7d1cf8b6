//! Phones for programs in other languages: the real core behind real HTTPS, told what to do line by line.
//!
//! Each line of the input is a command in JSON, each line of the output what became of it. A command with
//! `"is_offline": true` is done without the relay; all others send what waits and fetch what is new.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use serde::Deserialize;
use serde_json::{Value, json};
use suishou_core::{
    error::Error,
    field::{Field, Need, Remark, ReportDraft, StepDraft, VisitDraft},
    geo::Position,
    id::{BlobHash, CategoryId, DocumentId, GridId, PurposeId},
    model::{
        Severity,
        incident::{Matter, StepKind},
        place::{Fix, FixSource},
        task::{ItemState, TaskAnswer},
        track::TrackFix,
        visit::VisitOutcome,
        warning::PostReport,
    },
    time::{Clock as _, Random, SharedClock, SystemClock, Timestamp},
};
use suishou_tests::{harness::TestClock, world::camera::Camera};

/// One line of the input.
#[derive(Debug, Deserialize)]
struct Command {
    /// Whose phone.
    phone: String,
    #[serde(default)]
    is_offline: bool,
    #[serde(flatten)]
    deed: Deed,
}

/// What the person at the phone does.
#[derive(Debug, Deserialize)]
#[serde(tag = "deed", rename_all = "snake_case")]
enum Deed {
    Enrol {
        invitation: String,
    },
    Sync,
    Report(Report),
    Step {
        document: DocumentId,
        kind: StepKind,
        remark: Option<String>,
        #[serde(default)]
        has_photo: bool,
        rating: Option<u8>,
    },
    AnswerTask {
        document: DocumentId,
        answer: TaskAnswer,
        remark: Option<String>,
    },
    MarkItem {
        document: DocumentId,
        item: u16,
        state: ItemState,
        shelter: Option<u8>,
    },
    FinishTask {
        document: DocumentId,
        remark: Option<String>,
    },
    AcknowledgeWarning {
        document: DocumentId,
    },
    ReportPost {
        document: DocumentId,
        post: Option<u16>,
        report: PostReport,
        people: Option<u16>,
    },
    ReadNotice {
        document: DocumentId,
    },
    Patrol {
        grid: GridId,
        latitude: f64,
        longitude: f64,
        minutes: u32,
    },
    Visit {
        household: Option<DocumentId>,
        purpose: Option<PurposeId>,
        text: String,
        found: Option<Report>,
    },
}

/// What is reported, on its own or on a visit.
#[derive(Debug, Deserialize)]
struct Report {
    text: String,
    category: CategoryId,
    #[serde(default)]
    severity: Severity,
    latitude: Option<f64>,
    longitude: Option<f64>,
    #[serde(default)]
    has_photo: bool,
    #[serde(default)]
    is_anonymous: bool,
    matter: Option<Matter>,
}

/// A phone and the person who holds it.
struct Phone {
    field: Field,
    clock: Arc<TestClock>,
    camera: Camera,
}

impl Phone {
    fn new(folder: &Path, number: u64) -> Result<Self, Error> {
        let clock = Arc::new(TestClock::at(SystemClock.now()));
        let shared: SharedClock = Arc::<TestClock>::clone(&clock);
        let field = Field::open(folder, shared, Random::system())?;
        Ok(Self { field, clock, camera: Camera::new(number) })
    }

    /// Does it; the answer names what was made.
    async fn act(&mut self, deed: Deed) -> Result<Option<DocumentId>, Error> {
        let field = &self.field;
        let said = |remark: Option<String>| Remark::text(&remark.unwrap_or_default());
        match deed {
            Deed::Enrol { invitation } => field.enrol(&invitation).await?,
            Deed::Sync => {}
            Deed::Report(report) => {
                let draft = self.draft(report)?;
                return self.field.report(draft).map(Some);
            }
            Deed::Step { document, kind, remark, has_photo, rating } => {
                let photos = if has_photo { vec![self.photo(None)?] } else { Vec::new() };
                let dispatch = self.field.incident(document)?.my_dispatch;
                self.field.step(
                    document,
                    StepDraft { dispatch, remark, photos, rating, ..StepDraft::plain(kind) },
                )?;
            }
            Deed::AnswerTask { document, answer, remark } => {
                field.answer_task(document, answer, None, &said(remark))?;
            }
            Deed::MarkItem { document, item, state, shelter } => {
                field.mark_item(document, item, state, shelter, &Remark::default())?;
            }
            Deed::FinishTask { document, remark } => field.finish_task(document, &said(remark))?,
            Deed::AcknowledgeWarning { document } => field.acknowledge_warning(document)?,
            Deed::ReportPost { document, post, report, people } => {
                field.report_post(document, post, report, people, &Remark::default())?;
            }
            Deed::ReadNotice { document } => field.read_notice(document)?,
            Deed::Patrol { grid, latitude, longitude, minutes } => {
                return self.patrol(grid, latitude, longitude, minutes).map(Some);
            }
            Deed::Visit { household, purpose, text, found } => {
                let found = found.map(|report| self.draft(report)).transpose()?;
                let visit = VisitDraft {
                    household,
                    purpose,
                    form: None,
                    answers: Vec::new(),
                    text,
                    fix: None,
                    grid: None,
                    photos: Vec::new(),
                    voice: None,
                    outcome: VisitOutcome::Met,
                    found: found.map(Need::Incident).into_iter().collect(),
                };
                return Ok(Some(self.field.keep_visit(visit)?.visit));
            }
        }
        Ok(None)
    }

    fn draft(&mut self, report: Report) -> Result<ReportDraft, Error> {
        let position = match (report.latitude, report.longitude) {
            (Some(latitude), Some(longitude)) => Some(Position::new(latitude, longitude)?),
            _ => None,
        };
        let taken_at = self.clock.now();
        let fix = position.map(|position| Fix {
            position,
            accuracy_m: 8,
            taken_at,
            source: FixSource::Satellite,
            is_mock: false,
        });
        let photos = if report.has_photo { vec![self.photo(position)?] } else { Vec::new() };
        Ok(ReportDraft {
            text: report.text,
            category: report.category,
            severity: report.severity,
            fix,
            grid: None,
            photos,
            voice: None,
            is_anonymous: report.is_anonymous,
            matter: report.matter,
        })
    }

    fn photo(&mut self, position: Option<Position>) -> Result<BlobHash, Error> {
        let position = position.map_or_else(|| Position::new(22.9, 115.6), Ok)?;
        let original = self.camera.small_photo(self.clock.now(), position, 1);
        self.field.add_photo(&original, &[])
    }

    /// To the north-east, a fix every half minute, with a rest in the middle; it ends now.
    fn patrol(
        &mut self,
        grid: GridId,
        latitude: f64,
        longitude: f64,
        minutes: u32,
    ) -> Result<DocumentId, Error> {
        let now = self.clock.now();
        let lasted = i64::from(minutes) * 60_000;
        self.clock.set(Timestamp::from_millis(now.millis() - lasted));
        let patrol = self.field.start_patrol("", Some(grid), Vec::new())?;
        for half in 0..minutes * 2 {
            self.clock.advance(Duration::from_secs(30));
            if half == minutes {
                self.field.pause_patrol()?;
                self.clock.advance(Duration::from_secs(60));
                self.field.resume_patrol()?;
            }
            let step = f64::from(half) * 0.000_3;
            let position = Position::new(latitude + step / 2.0, longitude + step)?;
            self.field.patrol_fix(TrackFix { at: self.clock.now(), position, accuracy_m: 6 })?;
        }
        self.field.finish_patrol()?;
        self.clock.set(SystemClock.now().max(self.clock.now()));
        Ok(patrol)
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let Some(folder) = std::env::args().nth(1).map(PathBuf::from) else { return ExitCode::from(2) };
    let mut phones: BTreeMap<String, Phone> = BTreeMap::new();
    let mut out = std::io::stdout();
    for line in std::io::stdin().lock().lines() {
        let Ok(line) = line else { break };
        let answer = match obey(&mut phones, &folder, &line).await {
            Ok(document) => json!({ "document": document }),
            Err(error) => json!({ "error": error }),
        };
        if writeln!(out, "{answer}").and_then(|()| out.flush()).is_err() {
            break;
        }
    }
    ExitCode::SUCCESS
}

async fn obey(phones: &mut BTreeMap<String, Phone>, folder: &Path, line: &str) -> Result<Value, String> {
    let command: Command = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let number = phones.len() as u64 + 1;
    if !phones.contains_key(&command.phone) {
        let phone = Phone::new(&folder.join(&command.phone), number).map_err(|error| error.to_string())?;
        phones.insert(command.phone.clone(), phone);
    }
    let phone = phones.get_mut(&command.phone).ok_or("no phone")?;
    phone.clock.set(SystemClock.now());
    let is_enrolment = matches!(command.deed, Deed::Enrol { .. });
    // What is answered must have arrived.
    if !command.is_offline && !is_enrolment {
        phone.field.sync().await.map_err(|error| error.to_string())?;
    }
    let document = phone.act(command.deed).await.map_err(|error| error.to_string())?;
    if !command.is_offline {
        phone.field.sync().await.map_err(|error| error.to_string())?;
    }
    Ok(json!(document))
}
