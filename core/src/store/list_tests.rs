//! Lists, held against a plain filter of all rows.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Asker, Listed, Mine, Query, Similar, Sort, TallyBy,
    conditions::Conditions,
    search_tests::{Fed, at, card, entry, id},
    words::tests::naive,
};
use crate::{
    entry::{BodyType, Entry},
    error::Error,
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

const GRIDS: [&str; 3] = ["g1", "g2", "v1"];
const CATEGORIES: [&str; 3] = ["order", "fire", "food_safety"];
const SYLLABLES: [&str; 8] = ["水管", "火", "消防", "通道", "ab1", " ", "，", "街"];

/// A township's worth of everything, by chance.
struct Made {
    phone: Fed,
    dice: Random,
    texts: BTreeMap<DocumentId, Vec<String>>,
    next: u64,
}

impl Made {
    fn new(seed: u64) -> Self {
        let mut phone = Fed::new();
        let settings = Settings::new(TownshipId::ZERO, String::new());
        phone.store.set_settings(&settings, &settings.to_bytes().unwrap()).unwrap();
        Self { phone, dice: Random::seeded(seed), texts: BTreeMap::new(), next: 0 }
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.dice.below(bound)
    }

    fn chance(&mut self) -> bool {
        self.below(2) == 0
    }

    fn choose<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[usize::try_from(self.below(words.len() as u64)).unwrap()]
    }

    fn text(&mut self, longest: u64) -> String {
        (0..=self.below(longest)).map(|_| self.choose(&SYLLABLES)).collect()
    }

    fn time(&mut self) -> Timestamp {
        at(i64::try_from(self.below(20)).unwrap() * 3_600)
    }

    fn place(&mut self) -> Place {
        let grid = self.chance().then(|| GridId::new(self.choose(&GRIDS)).unwrap());
        let position = (self.below(3) > 0).then(|| self.position());
        Place { position, grid, ..Place::default() }
    }

    fn position(&mut self) -> Position {
        let (north, east) = (self.below(20_000), self.below(20_000));
        Position::from_units(
            290_000_000 + i32::try_from(north).unwrap(),
            1_196_000_000 + i32::try_from(east).unwrap(),
        )
        .unwrap()
    }

    fn audience(&mut self) -> Audience {
        match self.below(6) {
            0 => Audience::everyone(),
            1 => Audience::of([MemberId::new("m1").unwrap()]),
            2 => Audience { roles: vec![Role::Member], ..Audience::default() },
            3 => Audience { grids: vec![GridId::new(self.choose(&GRIDS)).unwrap()], ..Audience::default() },
            4 => Audience { departments: vec![DepartmentId::new("police").unwrap()], ..Audience::default() },
            _ => Audience::of([MemberId::new("m10").unwrap()]),
        }
    }

    fn known(&mut self) -> Option<DocumentId> {
        let known: Vec<DocumentId> = self.texts.keys().copied().collect();
        let chosen = usize::try_from(self.below(known.len() as u64 * 2 + 1)).unwrap();
        known.get(chosen).copied()
    }

    /// One more document, whatever it is.
    fn add(&mut self) {
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
    fn go_on(&mut self, document: DocumentId) {
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

    fn incident(&mut self, text: &str) -> Vec<u8> {
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

    fn patrol(&mut self, text: &str) -> Vec<u8> {
        encode(&PatrolRecord {
            salt: Salt::ZERO,
            grid: Some(GridId::new(self.choose(&GRIDS)).unwrap()),
            purpose: text.to_owned(),
            route: Vec::new(),
        })
    }

    fn household(&mut self, title: &str) -> Vec<u8> {
        let every_days = u16::try_from(self.below(3)).unwrap();
        encode(&HouseholdCard { every_days, place: self.place(), ..card(title) })
    }

    fn visit(&mut self, text: &str) -> Vec<u8> {
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

    fn task(&mut self, title: &str) -> Vec<u8> {
        encode(&TaskRecord {
            audience: self.audience(),
            due_at: self.chance().then(|| self.time()),
            place: self.place(),
            source: self.known(),
            ..TaskRecord::plain(if self.chance() { TaskForm::Errand } else { TaskForm::Plan }, title)
        })
    }

    fn warning(&mut self, title: &str) -> Vec<u8> {
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

    fn notice(&mut self, title: &str) -> Vec<u8> {
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

    fn query(&mut self) -> Query {
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

    fn asker() -> Asker {
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
    fn all(&self) -> Vec<Listed> {
        let query = Query { near: None, ..Query::default() };
        let rows =
            self.texts.keys().map(|document| self.phone.store.listed(*document, &query, &Self::asker()));
        rows.map(Result::unwrap).collect()
    }

    /// Goes through all pages.
    fn pages(&mut self, query: &Query, mut meanwhile: impl FnMut(&mut Self)) -> (Vec<Listed>, u64) {
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

    fn expects(&self, query: &Query, listed: &Listed) -> bool {
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
        (query.kinds.is_empty() || query.kinds.contains(&listed.kind))
            && among(&query.states, Some(columns.state))
            && query.is_open.is_none_or(|is_open| columns.is_open == is_open)
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

    fn is_sorted(query: &Query, found: &[Listed]) -> bool {
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

fn documents(found: &[Listed]) -> Vec<DocumentId> {
    found.iter().map(|listed| listed.row.columns().document).collect()
}

#[test]
fn a_list_is_what_a_plain_filter_keeps_and_its_count_is_its_rows() {
    let mut hits = 0;
    for seed in 0..3 {
        let mut made = Made::new(seed);
        (0..90).for_each(|_| made.add());
        let all = made.all();
        assert_eq!(all.len(), 90);
        for number in 0..160 {
            let query = made.query();
            let (found, total) = made.pages(&query, |_| ());
            let mut expected: Vec<DocumentId> = documents(
                &all.iter().filter(|listed| made.expects(&query, listed)).cloned().collect::<Vec<_>>(),
            );
            let mut listed = documents(&found);
            listed.sort_unstable();
            expected.sort_unstable();
            assert_eq!(listed, expected, "seed {seed}, query {number}: {query:?}");
            assert_eq!(total, found.len() as u64, "seed {seed}, query {number}: {query:?}");
            assert!(Made::is_sorted(&query, &found), "seed {seed}, query {number}: {query:?}");
            let asker = Made::asker();
            for by in [TallyBy::Kind, TallyBy::State, TallyBy::Category, TallyBy::Grid, TallyBy::Level] {
                let tally = made.phone.store.tally(&query, &asker, by).unwrap();
                assert_eq!(tally.iter().map(|(_, count)| count).sum::<u64>(), total);
                for (code, count) in tally.into_iter().filter(|(code, _)| !code.is_empty()) {
                    let has = |listed: &&Listed| {
                        let columns = listed.row.columns();
                        match by {
                            TallyBy::Kind => listed.kind.as_str() == code,
                            TallyBy::State => columns.state == code,
                            TallyBy::Category => columns.category == Some(code.as_str()),
                            TallyBy::Grid => columns.grid.is_some_and(|grid| grid.as_str() == code),
                            TallyBy::Level => columns.level.is_some_and(|level| level.to_string() == code),
                        }
                    };
                    assert_eq!(found.iter().filter(has).count() as u64, count, "{by:?} {code}");
                }
            }
            hits += found.len();
        }
    }
    assert!(hits > 2_000, "the queries find something: {hits}");
}

#[test]
fn pages_skip_and_repeat_nothing_while_rows_come() {
    for seed in 10..14 {
        let mut made = Made::new(seed);
        (0..60).for_each(|_| made.add());
        for _ in 0..12 {
            let query = Query { limit: 3, ..made.query() };
            let before: BTreeSet<DocumentId> = made
                .all()
                .iter()
                .filter(|listed| made.expects(&query, listed))
                .map(|listed| listed.row.columns().document)
                .collect();
            // A visit that comes would move its household's due time: that row may change its place.
            let moves = query.sort == Sort::DueFirst || query.overdue;
            let (found, _) = made.pages(&query, |made| {
                if !moves {
                    made.add();
                }
            });
            let shown = documents(&found);
            let unique: BTreeSet<DocumentId> = shown.iter().copied().collect();
            assert_eq!(unique.len(), shown.len(), "seed {seed}: no row twice: {query:?}");
            assert!(unique.is_superset(&before), "seed {seed}: no row skipped: {query:?}");
        }
    }
}

#[test]
fn a_page_key_of_another_order_and_nearness_without_a_place_are_refused() {
    let mut made = Made::new(20);
    (0..5).for_each(|_| made.add());
    let asker = Made::asker();
    let newest = Query { limit: 1, ..Query::default() };
    let after = made.phone.store.page(&newest, &asker).unwrap().next;
    assert!(after.is_some());
    let other = Query { sort: Sort::WorstFirst, after, ..Query::default() };
    assert!(matches!(made.phone.store.page(&other, &asker), Err(Error::Invalid { .. })));
    let near = Query { sort: Sort::Nearest, ..Query::default() };
    assert!(matches!(made.phone.store.page(&near, &asker), Err(Error::Invalid { .. })));
}

#[test]
fn the_box_around_a_place_holds_all_that_is_near() {
    let mut dice = Random::seeded(3);
    for _ in 0..20_000 {
        let units = |dice: &mut Random, reach: u64| {
            i64::try_from(dice.below(reach * 2 + 1)).unwrap() - i64::try_from(reach).unwrap()
        };
        let from = Position::from_units(
            i32::try_from(units(&mut dice, 900_000_000)).unwrap(),
            i32::try_from(units(&mut dice, 1_800_000_000)).unwrap(),
        )
        .unwrap();
        let spread = 10_u64.pow(u32::try_from(3 + dice.below(6)).unwrap());
        let (north, east) = (units(&mut dice, spread), units(&mut dice, spread));
        let (latitude, longitude) = from.units();
        let moved = (i64::from(latitude) + north, i64::from(longitude) + east);
        let wrapped = (moved.1 + 1_800_000_000).rem_euclid(3_600_000_000) - 1_800_000_000;
        let (Ok(latitude), Ok(longitude)) = (i32::try_from(moved.0), i32::try_from(wrapped)) else {
            continue;
        };
        let Ok(to) = Position::from_units(latitude, longitude) else { continue };
        let radius = super::list::whole(from.distance_m(to).ceil());
        let (latitudes, longitudes) = super::conditions::around(from, radius);
        assert!((latitudes.0..=latitudes.1).contains(&i64::from(latitude)), "{from:?} {to:?}");
        let fits = longitudes.is_none_or(|(west, east)| (west..=east).contains(&i64::from(longitude)));
        assert!(fits, "{from:?} {to:?}");
    }
}

fn report(number: u8, text: &str, hours: i64, metres: i32, category: &str) -> Entry {
    // Nine units of 1e-7 degree are a decimetre.
    let position = Position::from_units(290_000_000 + metres * 90, 1_196_000_000).ok();
    let record = IncidentRecord {
        salt: Salt::ZERO,
        text: text.to_owned(),
        category: CategoryId::new(category).unwrap(),
        severity: Severity::Normal,
        place: Place { position, grid: GridId::new("g1").ok(), ..Place::default() },
        photos: Vec::new(),
        voice: None,
        patrol: None,
        is_anonymous: None,
        matter: None,
        source: None,
    };
    Entry::new(id(number), DocumentKind::Incident, at(hours * 3_600), BodyType::Record, encode(&record))
        .unwrap()
}

#[test]
fn what_is_near_in_place_time_and_words_is_offered_first() {
    let mut phone = Fed::new();
    phone.feed(vec![
        report(1, "南门口水管破裂，路面积水", 0, 20, "order"),
        report(2, "南门口有人占道经营", 0, 20, "order"),
        report(3, "南门口水管破裂，路面积水", 0, 400, "order"),
        report(4, "南门口水管破裂，路面积水", -80, 20, "order"),
        report(5, "南门口水管破裂，路面积水", 0, 20, "fire"),
        report(6, "南门口水管破裂，路面积水", 0, 20, "drugs"),
        report(7, "南门口水管破裂，路面积水", 0, 20, "order"),
    ]);
    let reject = IncidentStep {
        reason: Some(crate::id::ReasonId::new("none").unwrap()),
        ..IncidentStep::plain(StepKind::Rejected)
    };
    let change = phone.store.edit(id(7), &[encode(&reject)], &[]).unwrap();
    let settled_at = at(-60 * 3_600);
    phone
        .feed(vec![Entry::new(id(7), DocumentKind::Incident, settled_at, BodyType::Change, change).unwrap()]);
    let related = ["order", "fire"].map(|code| CategoryId::new(code).unwrap());
    let mut to = Similar {
        position: Position::from_units(290_000_000, 1_196_000_000).ok(),
        grid: GridId::new("g1").ok(),
        category: CategoryId::new("order").unwrap(),
        at: at(3_600),
        text: "水管破裂，南门口都是水".to_owned(),
        except: None,
    };
    let numbers = |phone: &Fed, to: &Similar| -> Vec<DocumentId> {
        phone.store.similar(to, &related).unwrap().iter().map(|found| found.row.document).collect()
    };
    assert_eq!(numbers(&phone, &to), [id(1), id(5), id(2)]);
    let best = phone.store.similar(&to, &related).unwrap().remove(0);
    assert_eq!((best.distance_m, best.apart_s), (Some(20), 3_600));
    assert!(best.score > 75 && best.score <= 100, "{}", best.score);
    to.except = Some(id(1));
    assert_eq!(numbers(&phone, &to), [id(5), id(2)]);
    // Without a position the grid decides, and the 400 metres are not known.
    to.position = None;
    assert_eq!(numbers(&phone, &to), [id(3), id(5), id(2)]);
    to.grid = None;
    assert!(numbers(&phone, &to).is_empty());
}

#[test]
fn usual_lists_read_an_index() {
    let mut made = Made::new(30);
    (0..10).for_each(|_| made.add());
    let plan = |statement: &str| -> String {
        let connection = &made.phone.store.connection;
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {statement}")).unwrap();
        let unbound = vec![rusqlite::types::Null; statement.parameter_count()];
        let lines =
            statement.query_map(rusqlite::params_from_iter(unbound), |row| row.get::<_, String>(3)).unwrap();
        lines.map(Result::unwrap).collect::<Vec<_>>().join("; ")
    };
    let newest = "ORDER BY w.at DESC, w.document DESC LIMIT 51";
    for listed in [
        format!("SELECT w.document FROM work w WHERE w.kind = 1 {newest}"),
        format!(
            "SELECT w.document FROM work w WHERE w.kind = 1 AND w.is_open = 1 AND w.grid = 'g1' {newest}"
        ),
        format!(
            "SELECT w.document FROM work w WHERE w.kind = 1 AND (w.at, w.document) < (5, x'00') {newest}"
        ),
    ] {
        let plan = plan(&listed);
        assert!(plan.contains("COVERING INDEX") && !plan.contains("TEMP B-TREE"), "{listed}: {plan}");
    }
    for counted in [
        "work w WHERE w.kind = 1 AND w.is_open = 1",
        "work w WHERE w.kind = 1 AND w.grid = 'g1'",
        "work_due w WHERE w.due < 5",
        "work w WHERE w.author = 0",
        "work w WHERE w.latitude_e7 BETWEEN 1 AND 5",
        "work w WHERE instr(w.members || ' ' || w.departments, 'm1')",
    ] {
        let plan = plan(&format!("SELECT count(*) FROM {counted}"));
        assert!(plan.contains("COVERING INDEX"), "{counted}: {plan}");
    }
    for query in [
        Query { for_me: true, ..Query::default() },
        Query { overdue: true, is_open: Some(true), ..Query::default() },
        Query { grid: GridId::new("v1").ok(), categories: vec!["fire".to_owned()], ..Query::default() },
        Query { near: Position::new(29.0, 119.6).ok().map(|from| (from, 500)), ..Query::default() },
    ] {
        let conditions = Conditions::of(&query, &Made::asker(), None);
        let plan = plan(&format!("SELECT count(*) FROM {} w WHERE {}", conditions.table(), conditions.sql));
        assert!(plan.contains("w USING COVERING INDEX work_list"), "{query:?}: {plan}");
    }
    let unsent = plan("SELECT document FROM entry WHERE state IN (1, 3) AND state = 1");
    assert!(unsent.contains("INDEX entry_unsettled"), "{unsent}");
}
