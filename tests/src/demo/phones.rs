//! The simulated phones: the real facade, each with its own clock, folder and day.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use suishou_core::{
    error::Error,
    field::{Field, ReportDraft, StepDraft},
    geo::{Boundary, Position},
    id::{BlobHash, CategoryId, DocumentId, GridId},
    model::{
        Severity,
        incident::{IncidentState, StepKind},
        place::{Fix, FixSource},
        step::Author,
        track::TrackFix,
    },
    store::Mine,
    sync::session::Session,
    time::{Clock as _, Random, SharedClock, Timestamp},
};
use suishou_tests::{
    harness::TestClock,
    world::{
        camera::Camera,
        dice::Dice,
        texts::{self, CATEGORIES, Step},
        walk::{Interruptions, WalkItem, walk},
    },
};

use super::{Failed, photos::Photos};

/// A phone and the person who holds it.
#[derive(Debug)]
pub(crate) struct Phone {
    /// The member's number.
    pub(crate) member: String,
    /// `member`, `informant` or `handler`.
    pub(crate) role: String,
    /// What was reported, as the app said it was saved.
    pub(crate) reported: Vec<DocumentId>,
    /// Patrols, as the app said they were saved.
    pub(crate) patrols: Vec<DocumentId>,
    /// Exchanges that had an answer.
    pub(crate) requests: u64,
    /// Tries that a cut ended.
    pub(crate) retries: u64,
    grids: Vec<GridId>,
    field: Option<Field>,
    clock: Arc<TestClock>,
    morning: Timestamp,
    folder: PathBuf,
    dice: Dice,
    starts: u64,
}

impl Phone {
    pub(crate) fn new(
        member: String,
        role: String,
        grids: Vec<GridId>,
        folder: &Path,
        started_at: Timestamp,
        dice: Dice,
    ) -> Result<Self, Failed> {
        let mut phone = Self {
            folder: folder.join(&member),
            member,
            role,
            reported: Vec::new(),
            patrols: Vec::new(),
            requests: 0,
            retries: 0,
            grids,
            field: None,
            clock: Arc::new(TestClock::at(started_at)),
            morning: started_at,
            dice,
            starts: 0,
        };
        phone.start()?;
        Ok(phone)
    }

    /// Ends the app, if it runs, and starts it again on the same files.
    fn start(&mut self) -> Result<(), Failed> {
        self.field = None;
        self.starts += 1;
        let seed = u64::from_be_bytes(self.dice.bytes()) ^ self.starts;
        let clock: SharedClock = Arc::<TestClock>::clone(&self.clock);
        let field = Field::open(&self.folder, clock, Random::seeded(seed));
        self.field = Some(field.map_err(|error| Failed::new("opening a phone's store", &error))?);
        Ok(())
    }

    pub(crate) fn field(&self) -> &Field {
        self.field.as_ref().expect("the app runs but for the moment of its restart")
    }

    /// Syncs until it holds; every try that a cut ends is counted.
    pub(crate) async fn sync(&mut self, now: Timestamp) -> Result<(), Failed> {
        self.clock.set(now);
        let mut session = Session::default();
        for _ in 0..500 {
            let before = session.figures().requests;
            let tried = self.field().run(&mut session).await;
            self.requests += session.figures().requests - before;
            match tried {
                Ok(()) => return Ok(()),
                Err(Error::Offline(_)) => {
                    self.retries += 1;
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Err(error) => return Err(Failed::new(&format!("{} syncs", self.member), &error)),
            }
        }
        Err(Failed::new(&format!("{} syncs", self.member), &"500 tries were not enough"))
    }

    /// The clock stands at the morning again: enrolment set it to now.
    pub(crate) fn start_day(&mut self) {
        self.clock.set(self.morning);
    }

    /// A vendor's round: snap and report, here and there.
    pub(crate) fn vendors_day(&mut self, photos: &Photos, camera: &mut Camera) -> Result<(), Failed> {
        let grids = self.settings_grids()?;
        for _ in 0..3 {
            self.clock.advance(Duration::from_secs(u64::from(self.dice.within(600, 2_400))));
            let Some((_, boundary)) = self.dice.choose(&grids) else { continue };
            let boundary = boundary.clone();
            let position = self.point_in(&boundary);
            // The informants' own five stand last.
            let category = CATEGORIES.iter().rev().nth(self.dice.below(5)).copied().unwrap_or("sanitation");
            self.report(category, position, 1, photos, camera)?;
        }
        Ok(())
    }

    /// A member's patrol through the own grid, with what is found on the way.
    pub(crate) fn members_day(&mut self, photos: &Photos, camera: &mut Camera) -> Result<(), Failed> {
        let grids = self.settings_grids()?;
        let own = grids.iter().find(|(grid, _)| self.grids.contains(grid)).or_else(|| grids.first());
        let Some((grid, boundary)) = own.cloned() else { return Ok(()) };
        let waypoints: Vec<Position> = (0..4).map(|_| self.point_in(&boundary)).collect();
        let patrol = self.field().start_patrol("", Some(grid), Vec::new()).map_err(said(&self.member))?;
        self.patrols.push(patrol);
        let items = walk(&waypoints, self.clock.now(), Interruptions::Usual, &mut self.dice);
        let findings = [items.len() / 3, items.len() * 2 / 3];
        let mut last = None;
        for (index, item) in items.iter().enumerate().take(2_000) {
            self.live(*item, &mut last)?;
            if findings.contains(&index)
                && let Some(position) = last
            {
                let category = CATEGORIES.get(self.dice.below(10)).copied().unwrap_or("order");
                let photo_count = self.dice.below(3);
                let incident = self.report(category, position, photo_count, photos, camera)?;
                if self.dice.chance(0.3) {
                    self.settle_on_the_spot(incident)?;
                }
            }
        }
        self.field().finish_patrol().map_err(said(&self.member))
    }

    /// One thing that happens on a walk.
    fn live(&mut self, item: WalkItem, last: &mut Option<Position>) -> Result<(), Failed> {
        match item {
            WalkItem::Fix { at, position, accuracy_m } => {
                self.clock.set(at);
                *last = Some(position);
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "4 to 30 metres")]
                let accuracy_m = accuracy_m.round() as u32;
                let fix = TrackFix { at, position, accuracy_m };
                self.field().patrol_fix(fix).map_err(said(&self.member))
            }
            WalkItem::NoFix { to, .. } => {
                self.clock.set(to);
                Ok(())
            }
            WalkItem::Killed { to, .. } => {
                self.start()?;
                self.clock.set(to);
                Ok(())
            }
            WalkItem::Pause { at } => {
                self.clock.set(at);
                self.field().pause_patrol().map_err(said(&self.member))
            }
            WalkItem::Resume { at } => {
                self.clock.set(at);
                self.field().resume_patrol().map_err(said(&self.member))
            }
        }
    }

    fn settle_on_the_spot(&mut self, incident: DocumentId) -> Result<(), Failed> {
        for (kind, step) in [(StepKind::Handling, Step::Handle), (StepKind::Resolved, Step::Finish)] {
            let remark = Some(texts::remark(&mut self.dice, step));
            self.field()
                .step(incident, StepDraft { remark, ..StepDraft::plain(kind) })
                .map_err(said(&self.member))?;
        }
        Ok(())
    }

    fn report(
        &mut self,
        category: &str,
        position: Position,
        photo_count: usize,
        photos: &Photos,
        camera: &mut Camera,
    ) -> Result<DocumentId, Failed> {
        let now = self.clock.now();
        let mut kept: Vec<BlobHash> = Vec::new();
        for _ in 0..photo_count {
            let original = photos.take(camera, now, position, &mut self.dice)?;
            kept.push(self.field().add_photo(&original, &[]).map_err(said(&self.member))?);
        }
        let fix = Fix {
            position,
            accuracy_m: self.dice.within(4, 30),
            taken_at: now,
            source: FixSource::Satellite,
            is_mock: false,
        };
        let severities = [Severity::Low, Severity::Normal, Severity::Normal, Severity::High];
        let draft = ReportDraft {
            text: texts::report_text(&mut self.dice, category, 40, 160),
            category: CategoryId::new(category).map_err(said(&self.member))?,
            severity: self.dice.choose(&severities).copied().unwrap_or_default(),
            fix: Some(fix),
            grid: None,
            photos: kept,
            voice: None,
            is_anonymous: false,
            matter: None,
        };
        let document = self.field().report(draft).map_err(said(&self.member))?;
        self.reported.push(document);
        Ok(document)
    }

    /// A handler does what was dispatched to the department and hands it back.
    pub(crate) fn handlers_day(&mut self, photos: &Photos, camera: &mut Camera) -> Result<(), Failed> {
        let listed = self.field().incidents(Mine::OrOthers, 500, 0).map_err(said(&self.member))?;
        for incident in listed {
            let view = self.field().incident(incident.row.document).map_err(said(&self.member))?;
            if !view.possible.contains(&StepKind::Handling) {
                continue;
            }
            let photo = if self.dice.chance(0.2) {
                let at = view.place.position.unwrap_or(Position::new(29.0, 119.6).map_err(said("a place"))?);
                let original = photos.take(camera, self.clock.now(), at, &mut self.dice)?;
                vec![self.field().add_photo(&original, &[]).map_err(said(&self.member))?]
            } else {
                Vec::new()
            };
            for (kind, step, photos) in
                [(StepKind::Handling, Step::Handle, Vec::new()), (StepKind::Resolved, Step::Finish, photo)]
            {
                let remark = Some(texts::remark(&mut self.dice, step));
                let draft =
                    StepDraft { dispatch: view.my_dispatch, remark, photos, ..StepDraft::plain(kind) };
                self.field().step(view.document, draft).map_err(said(&self.member))?;
            }
        }
        Ok(())
    }

    /// The reporter reads the answers and says how it was.
    pub(crate) fn rate(&mut self) -> Result<(), Failed> {
        for incident in self.reported.clone() {
            let view = self.field().incident(incident).map_err(said(&self.member))?;
            if view.incident.state == IncidentState::Closed && self.dice.chance(0.7) {
                let rating = Some(u8::try_from(self.dice.within(3, 5)).unwrap_or(5));
                let draft = StepDraft { rating, ..StepDraft::plain(StepKind::Rated) };
                self.field().step(incident, draft).map_err(said(&self.member))?;
            }
        }
        Ok(())
    }

    /// How many of the own reports have the township's answer, as this phone sees it: settled, with words
    /// or a reason.
    pub(crate) fn answered(&self) -> Result<u64, Failed> {
        let mut answered = 0;
        for incident in &self.reported {
            let view = self.field().incident(*incident).map_err(said(&self.member))?;
            let has_words = view.incident.reason.is_some()
                || view.about.notes.iter().any(|note| note.author == Author::Centre && !note.text.is_empty());
            answered += u64::from(view.incident.state.is_settled() && has_words);
        }
        Ok(answered)
    }

    fn settings_grids(&self) -> Result<Vec<(GridId, Boundary)>, Failed> {
        let settings = self.field().settings().map_err(said(&self.member))?;
        let settings = settings.ok_or_else(|| Failed::new(&self.member, &"the settings have not arrived"))?;
        Ok(settings.grids.into_iter().map(|grid| (grid.id, grid.boundary)).collect())
    }

    fn point_in(&mut self, boundary: &Boundary) -> Position {
        let bounds = boundary.bounds();
        let (low, high) = (bounds.south_west, bounds.north_east);
        for _ in 0..200 {
            let latitude = self.dice.between(low.latitude(), high.latitude());
            let longitude = self.dice.between(low.longitude(), high.longitude());
            if let Ok(position) = Position::new(latitude, longitude)
                && boundary.contains(position)
            {
                return position;
            }
        }
        boundary.centre()
    }
}

fn said(who: &str) -> impl Fn(Error) -> Failed {
    let who = who.to_owned();
    move |error| Failed::new(&who, &error)
}
