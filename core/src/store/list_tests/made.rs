//! A township's worth of everything, by chance.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{
    Asker, Listed, Mine, Query, Sort,
    search_tests::{Fed, at, card, entry},
    words::tests::naive,
};
use crate::{
    entry::{BodyType, Entry},
    geo::Position,
    id::{CategoryId, DepartmentId, DocumentId, GridId, HazardId, MemberId, Salt, TownshipId},
    model::{
        DocumentKind, Role, Severity,
        audience::Audience,
        encode,
        household::HouseholdCard,
        incident::{FIELD_CATEGORY, IncidentRecord, IncidentStep, StepKind},
        note::Note,
        notice::NoticeRecord,
        patrol::PatrolRecord,
        place::Place,
        settings::Settings,
        task::{TaskForm, TaskRecord},
        visit::{VisitOutcome, VisitRecord},
        warning::{WarningLevel, WarningRecord},
    },
    policy::{Rights, is_for},
    rows::Row,
    time::{Random, Timestamp},
};

pub(super) const GRIDS: [&str; 3] = ["g1", "g2", "v1"];
pub(super) const CATEGORIES: [&str; 3] = ["order", "fire", "food_safety"];
pub(super) const SYLLABLES: [&str; 8] = ["水管", "火", "消防", "通道", "ab1", " ", "，", "街"];

/// A township's worth of everything, by chance.
pub(super) struct Made {
    pub(super) phone: Fed,
    pub(super) dice: Random,
    pub(super) texts: BTreeMap<DocumentId, Vec<String>>,
    pub(super) next: u64,
}

impl Made {
    pub(super) fn new(seed: u64) -> Self {
        let mut phone = Fed::new();
        let settings = Settings::new(TownshipId::ZERO, String::new());
        phone.store.set_settings(&settings, &settings.to_bytes().unwrap()).unwrap();
        Self { phone, dice: Random::seeded(seed), texts: BTreeMap::new(), next: 0 }
    }

    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.dice.below(bound)
    }

    pub(super) fn chance(&mut self) -> bool {
        self.below(2) == 0
    }

    pub(super) fn choose<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[usize::try_from(self.below(words.len() as u64)).unwrap()]
    }

    pub(super) fn text(&mut self, longest: u64) -> String {
        (0..=self.below(longest)).map(|_| self.choose(&SYLLABLES)).collect()
    }

    pub(super) fn time(&mut self) -> Timestamp {
        at(i64::try_from(self.below(20)).unwrap() * 3_600)
    }

    pub(super) fn place(&mut self) -> Place {
        let grid = self.chance().then(|| GridId::new(self.choose(&GRIDS)).unwrap());
        let position = (self.below(3) > 0).then(|| self.position());
        Place { position, grid, ..Place::default() }
    }

    pub(super) fn position(&mut self) -> Position {
        let (north, east) = (self.below(20_000), self.below(20_000));
        Position::from_units(
            290_000_000 + i32::try_from(north).unwrap(),
            1_196_000_000 + i32::try_from(east).unwrap(),
        )
        .unwrap()
    }

    pub(super) fn audience(&mut self) -> Audience {
        match self.below(6) {
            0 => Audience::everyone(),
            1 => Audience::of([MemberId::new("m1").unwrap()]),
            2 => Audience { roles: vec![Role::Member], ..Audience::default() },
            3 => Audience { grids: vec![GridId::new(self.choose(&GRIDS)).unwrap()], ..Audience::default() },
            4 => Audience { departments: vec![DepartmentId::new("police").unwrap()], ..Audience::default() },
            _ => Audience::of([MemberId::new("m10").unwrap()]),
        }
    }

    pub(super) fn known(&mut self) -> Option<DocumentId> {
        let known: Vec<DocumentId> = self.texts.keys().copied().collect();
        let chosen = usize::try_from(self.below(known.len() as u64 * 2 + 1)).unwrap();
        known.get(chosen).copied()
    }

    /// One more document, whatever it is.
    pub(super) fn add(&mut self) {
        self.next += 1;
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.dice.bytes::<8>());
        bytes[8..].copy_from_slice(&self.next.to_be_bytes());
        let document = DocumentId::new(bytes);
        let text = self.text(6);
        let title = format!("题{text}");
        let (kind, body) = match self.below(9) {
            0 => (DocumentKind::Patrol, self.patrol(&text)),
            1 => (DocumentKind::Household, self.household(&title)),
            2 => (DocumentKind::Visit, self.visit(&text)),
            3 => (DocumentKind::Task, self.task(&title)),
            4 => (DocumentKind::Warning, self.warning(&title)),
            5 => (DocumentKind::Notice, self.notice(&title)),
            _ => (DocumentKind::Incident, self.incident(&text)),
        };
        let texts = match kind {
            DocumentKind::Patrol | DocumentKind::Visit | DocumentKind::Incident => vec![text],
            DocumentKind::Household => {
                vec![title, "桥头村3幢".to_owned(), "13800001111".to_owned(), "买药".to_owned()]
            }
            DocumentKind::Task | DocumentKind::Warning | DocumentKind::Notice => vec![title],
        };
        let record = Entry::new(document, kind, self.time(), BodyType::Record, body).unwrap();
        let is_order = matches!(kind, DocumentKind::Task | DocumentKind::Warning | DocumentKind::Notice);
        if self.below(4) == 0 && !is_order {
            let grids = GRIDS.map(|grid| GridId::new(grid).unwrap());
            let rights = Rights { role: Role::Leader, grids: BTreeSet::from(grids), ..Rights::centre() };
            self.phone.store.append(vec![record], &rights).unwrap();
        } else {
            self.phone.feed(vec![record]);
        }
        self.texts.insert(document, texts);
        if kind == DocumentKind::Incident {
            self.go_on(document);
        }
        if self.below(4) == 0 {
            let remark = format!("注{}", self.text(4));
            let note = Note::plain(Salt::new(self.dice.bytes()), remark.clone());
            self.phone.feed(vec![entry(document, kind, BodyType::Note, encode(&note))]);
            self.texts.get_mut(&document).unwrap().push(remark);
        }
    }

    /// Some steps, some corrections.
    pub(super) fn go_on(&mut self, document: DocumentId) {
        let named = [
            StepKind::Accepted,
            StepKind::Dispatched,
            StepKind::Handling,
            StepKind::Resolved,
            StepKind::Closed,
        ];
        let many = usize::try_from(self.below(6)).unwrap();
        for kind in named.into_iter().take(many) {
            let to_department = self.chance();
            let member = MemberId::new(self.choose(&["m1", "m11"])).unwrap();
            let step = IncidentStep {
                department: to_department.then(|| DepartmentId::new("police").unwrap()),
                member: (!to_department).then_some(member),
                due_at: self.chance().then(|| self.time()),
                ..IncidentStep::plain(kind)
            };
            let change = self.phone.store.edit(document, &[encode(&step)], &[]).unwrap();
            self.phone.feed(vec![entry(document, DocumentKind::Incident, BodyType::Change, change)]);
        }
        if self.below(5) == 0 {
            // Two corrections that know nothing of each other.
            let was = self.phone.store.document(document).unwrap();
            let changes = [(1, "fire"), (2, "order")].map(|(actor, category)| {
                was.clone().edit([actor; 16], &[], &[(FIELD_CATEGORY, category.to_owned())]).unwrap()
            });
            for change in changes {
                self.phone.feed(vec![entry(document, DocumentKind::Incident, BodyType::Change, change)]);
            }
        }
    }

    pub(super) fn incident(&mut self, text: &str) -> Vec<u8> {
        let severity = Severity::ALL[usize::try_from(self.below(4)).unwrap()];
        encode(&IncidentRecord {
            salt: Salt::ZERO,
            text: text.to_owned(),
            category: CategoryId::new(self.choose(&CATEGORIES)).unwrap(),
            severity,
            place: self.place(),
            photos: vec![crate::id::BlobHash::of(b"photo")],
            voice: None,
            patrol: None,
            is_anonymous: None,
            matter: None,
            source: None,
        })
    }

    pub(super) fn patrol(&mut self, text: &str) -> Vec<u8> {
        encode(&PatrolRecord {
            salt: Salt::ZERO,
            grid: Some(GridId::new(self.choose(&GRIDS)).unwrap()),
            purpose: text.to_owned(),
            route: Vec::new(),
        })
    }

    pub(super) fn household(&mut self, title: &str) -> Vec<u8> {
        let every_days = u16::try_from(self.below(3)).unwrap();
        encode(&HouseholdCard { every_days, place: self.place(), ..card(title) })
    }

    pub(super) fn visit(&mut self, text: &str) -> Vec<u8> {
        encode(&VisitRecord {
            salt: Salt::ZERO,
            household: self.known(),
            purpose: None,
            form: None,
            answers: Vec::new(),
            text: text.to_owned(),
            place: self.place(),
            photos: Vec::new(),
            voice: None,
            outcome: if self.chance() { VisitOutcome::Met } else { VisitOutcome::NotHome },
            led_to: Vec::new(),
        })
    }

    pub(super) fn task(&mut self, title: &str) -> Vec<u8> {
        encode(&TaskRecord {
            audience: self.audience(),
            due_at: self.chance().then(|| self.time()),
            place: self.place(),
            source: self.known(),
            ..TaskRecord::plain(if self.chance() { TaskForm::Errand } else { TaskForm::Plan }, title)
        })
    }

    pub(super) fn warning(&mut self, title: &str) -> Vec<u8> {
        encode(&WarningRecord {
            salt: Salt::ZERO,
            hazard: HazardId::new("rain").unwrap(),
            level: WarningLevel::ALL[usize::try_from(self.below(4)).unwrap()],
            title: title.to_owned(),
            text: String::new(),
            from_at: at(0),
            until_at: self.time().after(std::time::Duration::from_secs(3_600)),
            audience: self.audience(),
            posts: Vec::new(),
            asks_report: false,
            photos: Vec::new(),
        })
    }

    pub(super) fn notice(&mut self, title: &str) -> Vec<u8> {
        encode(&NoticeRecord {
            salt: Salt::ZERO,
            theme: None,
            title: title.to_owned(),
            text: String::new(),
            audience: self.audience(),
            photos: Vec::new(),
            from_at: None,
            until_at: self.chance().then(|| self.time()),
            asks_read: false,
        })
    }

    pub(super) fn query(&mut self) -> Query {
        let mut query = Query { limit: 1 + u32::try_from(self.below(7)).unwrap(), ..Query::default() };
        for _ in 0..=self.below(3) {
            match self.below(16) {
                0 => query.kinds = vec![DocumentKind::Incident],
                1 => query.kinds = vec![DocumentKind::Task, DocumentKind::Visit, DocumentKind::Warning],
                2 => query.states = vec!["reported".to_owned(), "open".to_owned(), "dispatched".to_owned()],
                3 => query.is_open = Some(self.chance()),
                4 => query.grid = Some(GridId::new("v1").unwrap()),
                5 => query.categories = vec![self.choose(&CATEGORIES).to_owned(), "plan".to_owned()],
                6 => query.min_level = Some(u8::try_from(1 + self.below(4)).unwrap()),
                7 => query.whose = Mine::Only,
                8 => query.for_me = true,
                9 => query.from = Some(self.time()),
                10 => query.to = Some(self.time()),
                11 => query.near = Some((self.position(), u32::try_from(self.below(200)).unwrap())),
                12 => query.text = self.text(2),
                13 => query.overdue = true,
                14 => query.has_clash = Some(self.chance()),
                _ if self.chance() => query.unsent_only = true,
                _ => query.about = self.known(),
            }
        }
        let sorts = [Sort::Newest, Sort::Oldest, Sort::DueFirst, Sort::WorstFirst, Sort::Nearest];
        query.sort = sorts[usize::try_from(self.below(5)).unwrap()];
        if query.sort == Sort::Nearest && query.near.is_none() {
            query.near = Some((self.position(), 100_000));
        }
        query
    }

    pub(super) fn asker() -> Asker {
        Asker {
            grids: vec![GridId::new("v1").unwrap(), GridId::new("g1").unwrap()],
            rights: Some(Rights {
                role: Role::Member,
                member: Some(MemberId::new("m1").unwrap()),
                department: Some(DepartmentId::new("police").unwrap()),
                grids: BTreeSet::from([GridId::new("g1").unwrap()]),
                above: BTreeSet::from([GridId::new("v1").unwrap()]),
            }),
            now: at(10 * 3_600),
        }
    }

    /// All rows, one by one.
    pub(super) fn all(&self) -> Vec<Listed> {
        let query = Query { near: None, ..Query::default() };
        let rows =
            self.texts.keys().map(|document| self.phone.store.listed(*document, &query, &Self::asker()));
        rows.map(Result::unwrap).collect()
    }

    /// Goes through all pages.
    pub(super) fn pages(
        &mut self,
        query: &Query,
        mut meanwhile: impl FnMut(&mut Self),
    ) -> (Vec<Listed>, u64) {
        let mut query = query.clone();
        let asker = Self::asker();
        let total = self.phone.store.count_rows(&query, &asker).unwrap();
        let mut found = Vec::new();
        loop {
            let page = self.phone.store.page(&query, &asker).unwrap();
            assert!(page.items.len() <= query.limit as usize);
            assert!(page.next.is_none() || page.items.len() == query.limit as usize);
            found.extend(page.items);
            query.after = page.next;
            if page.next.is_none() {
                return (found, total);
            }
            meanwhile(self);
        }
    }

    pub(super) fn expects(&self, query: &Query, listed: &Listed) -> bool {
        let (row, asker) = (&listed.row, Self::asker());
        let columns = row.columns();
        let among = |codes: &[String], code: Option<&str>| {
            codes.is_empty() || code.is_some_and(|code| codes.iter().any(|one| one == code))
        };
        let rights = asker.rights.as_ref().unwrap();
        let is_for_me = match row {
            Row::Incident(row) => {
                row.members.iter().any(|member| Some(member) == rights.member.as_ref())
                    || row.departments.iter().any(|department| Some(department) == rights.department.as_ref())
            }
            Row::Household(row) => row.grid.as_ref().is_some_and(|grid| rights.grids.contains(grid)),
            Row::Task(row) => {
                is_for(&row.audience, rights) || row.named.contains(rights.member.as_ref().unwrap())
            }
            Row::Warning(row) => is_for(&row.audience, rights),
            Row::Notice(row) => is_for(&row.audience, rights),
            Row::Patrol(_) | Row::Visit(_) => false,
        };
        let has_words = query.text.chars().any(char::is_alphanumeric);
        let near = |(from, radius): (Position, u32)| {
            columns.position.is_some_and(|position| from.distance_m(position) <= f64::from(radius))
        };
        let is_over = matches!(row, Row::Warning(_) | Row::Notice(_))
            && columns.due_at.is_some_and(|until| until <= asker.now);
        let holds = columns.is_open && !is_over;
        (query.kinds.is_empty() || query.kinds.contains(&listed.kind))
            && among(&query.states, Some(columns.state))
            && query.is_open.is_none_or(|is_open| holds == is_open)
            && (query.grid.is_none() || columns.grid.is_some_and(|grid| asker.grids.contains(grid)))
            && among(&query.categories, columns.category)
            && query.min_level.is_none_or(|level| columns.level.is_some_and(|own| own >= level))
            && (query.whose == Mine::OrOthers || columns.author == crate::model::step::Author::You)
            && (!query.for_me || is_for_me)
            && query.from.is_none_or(|from| columns.at >= from)
            && query.to.is_none_or(|to| columns.at < to)
            && query.near.is_none_or(near)
            && (!has_words || naive(&self.texts[&columns.document], &query.text))
            && query.about.is_none_or(|about| columns.about == Some(about))
            && (!query.overdue || listed.is_overdue)
            && query.has_clash.is_none_or(|has_clash| columns.has_clash == has_clash)
            && (!query.unsent_only || !listed.stored.is_whole())
    }

    pub(super) fn is_sorted(query: &Query, found: &[Listed]) -> bool {
        found.is_sorted_by(|one, other| {
            let (first, second) = (one.row.columns(), other.row.columns());
            let due = |listed: &Listed| listed.due_at.map_or(i64::MAX, Timestamp::millis);
            let far = |listed: &Listed| listed.distance_m.unwrap_or(u32::MAX);
            match query.sort {
                Sort::Newest => first.at >= second.at,
                Sort::Oldest => first.at <= second.at,
                Sort::DueFirst => due(one) <= due(other),
                Sort::Nearest => far(one) <= far(other),
                Sort::WorstFirst => (first.level, first.at) >= (second.level, second.at),
            }
        })
    }
}
