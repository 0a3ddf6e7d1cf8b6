//! A township with a few people, and phones that speak the wire by hand.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use suishou_core::{
    document::Document,
    entry::{
        BodyType, Entry,
        page::{self, Packer},
    },
    error::HeldCode,
    geo::{Boundary, GridFeature, GridKind, Position},
    id::{
        CategoryId, DepartmentId, DeviceId, DocumentId, EntryId, GridId, LogId, MemberId, Nonce, Salt,
        TownshipId,
    },
    log::{Head, Key, LogHead, verify},
    model::{
        DocumentKind, Role, Severity, encode,
        incident::{IncidentRecord, IncidentStep},
        note::Note,
        place::Place,
        settings::{Department, Settings},
        step::{Author, Origin},
    },
    project::{Incoming, project},
    rows::IncidentRow,
    sync::wire::{
        Cursor, EnrolProof, EnrolRequest, FeedNotice, Membership, SignedRequest, SyncRequest, SyncResponse,
        VERSION,
    },
    time::{Clock, Random, SharedClock, Timestamp},
};
use tempfile::TempDir;

use crate::{
    db::Connection,
    identity::Identity,
    relay::{Engine, Member, Result, Shown, grids::Import, identity::Viewer, reading},
};

#[derive(Debug)]
pub(crate) struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

impl Hand {
    pub(crate) fn pass(&self, duration: Duration) {
        self.0.fetch_add(i64::try_from(duration.as_millis()).unwrap(), Ordering::Relaxed);
    }
}

pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) identity: Identity,
    pub(crate) clock: Arc<Hand>,
    pub(crate) engine: Option<Engine>,
    pub(crate) random: Random,
}

pub(crate) fn grid(code: &str) -> GridId {
    GridId::new(code).unwrap()
}

pub(crate) fn member_id(code: &str) -> MemberId {
    MemberId::new(code).unwrap()
}

pub(crate) fn feature(code: &str, parent: Option<&str>) -> GridFeature {
    let at = |latitude, longitude| Position::new(latitude, longitude).unwrap();
    GridFeature {
        id: grid(code),
        name: code.to_owned(),
        kind: GridKind::Village,
        parent: parent.map(grid),
        boundary: Boundary::from_ring(vec![at(29.0, 119.0), at(29.1, 119.0), at(29.1, 119.1)]).unwrap(),
    }
}

pub(crate) fn member(code: &str, role: Role, grids: &[&str]) -> Member {
    Member {
        id: member_id(code),
        name: format!("name of {code}"),
        role,
        grids: grids.iter().map(|code| grid(code)).collect(),
        department: (role == Role::Handler).then(|| DepartmentId::new("police").unwrap()),
        phone: String::new(),
    }
}

impl World {
    /// Grids `town` with `a` and `b`, and one or two people of each role.
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Random::seeded(seed);
        let identity = Identity {
            township: TownshipId::new(random.bytes()),
            name: "township".to_owned(),
            device: DeviceId::new(random.bytes()),
            key: Key::generate(&mut random),
        };
        let mut world = Self {
            folder: tempfile::tempdir().unwrap(),
            identity,
            clock: Arc::new(Hand(AtomicI64::new(1_763_800_000_000))),
            engine: None,
            random,
        };
        world.start();
        let engine = world.engine();
        engine
            .import_grids(
                vec![feature("town", None), feature("a", Some("town")), feature("b", Some("town"))],
                Import::Do,
            )
            .unwrap();
        let department = Department {
            id: DepartmentId::new("police").unwrap(),
            name: "police".to_owned(),
            categories: Vec::new(),
        };
        engine.import_departments(vec![department]).unwrap();
        engine
            .import_members(vec![
                member("ann", Role::Member, &["a"]),
                member("ben", Role::Member, &["b"]),
                member("lea", Role::Leader, &["town"]),
                member("ina", Role::Informant, &[]),
                member("han", Role::Handler, &[]),
            ])
            .unwrap();
        world
    }

    pub(crate) fn start(&mut self) {
        let clock: SharedClock = self.clock.clone();
        let random = Random::seeded(self.random.below(u64::MAX));
        self.engine = None;
        self.engine = Some(Engine::open(self.folder.path(), self.identity.clone(), clock, random).unwrap());
    }

    pub(crate) fn stop(&mut self) {
        self.engine().rest().unwrap();
        self.engine = None;
    }

    pub(crate) fn engine(&mut self) -> &mut Engine {
        self.engine.as_mut().unwrap()
    }

    pub(crate) fn phone(&mut self, whose: &str) -> Phone {
        let invited = self.engine().invite(&member_id(whose), Duration::from_hours(1)).unwrap();
        let key = Key::generate(&mut self.random);
        let nonce = Nonce::new(self.random.bytes());
        let proof = EnrolProof { code: invited.code, public_key: key.public(), nonce };
        let request = EnrolRequest {
            version: VERSION,
            code: invited.code,
            public_key: key.public(),
            proof: key.sign(&proof),
            nonce,
            opening: None,
        };
        let signed = self.engine().enrol(&encode(&request)).unwrap();
        verify(&self.identity.key.public(), &signed.enrolment, &signed.signature).unwrap();
        assert_eq!(signed.enrolment.nonce, nonce);
        let random = Random::seeded(self.random.below(u64::MAX));
        Phone::new(self.identity.clone(), signed.enrolment.device, key, random)
    }
}

/// An incident as operators read it.
pub(crate) fn incident(
    connection: &Connection,
    now: Timestamp,
    document: DocumentId,
) -> Result<Shown<IncidentRow>> {
    let settings = Settings::new(TownshipId::ZERO, "township".to_owned());
    reading::show(connection, &settings, now, document, Viewer::Other)
}

/// What a phone holds: only what the tests look at.
#[derive(Clone, Debug)]
pub(crate) struct Phone {
    relay: Identity,
    pub(crate) device: DeviceId,
    pub(crate) key: Key,
    seed: u64,
    pub(crate) log: LogId,
    pub(crate) entries: Vec<Entry>,
    heads: Vec<Head>,
    pub(crate) receipted: Head,
    pub(crate) cursor: Option<Cursor>,
    pub(crate) seen: BTreeMap<DocumentId, BTreeMap<EntryId, (Entry, Author)>>,
    pub(crate) received: usize,
    pub(crate) held: BTreeMap<EntryId, HeldCode>,
    pub(crate) released: BTreeSet<EntryId>,
    pub(crate) forgotten: Vec<DocumentId>,
    pub(crate) membership: Option<Membership>,
    pub(crate) token: Option<String>,
    pub(crate) page_entries: usize,
}

impl Phone {
    fn new(relay: Identity, device: DeviceId, key: Key, mut random: Random) -> Self {
        Self {
            relay,
            device,
            key,
            log: LogId::new(random.bytes()),
            seed: random.below(u64::MAX),
            entries: Vec::new(),
            heads: vec![Head::START],
            receipted: Head::START,
            cursor: None,
            seen: BTreeMap::new(),
            received: 0,
            held: BTreeMap::new(),
            released: BTreeSet::new(),
            forgotten: Vec::new(),
            membership: None,
            token: None,
            page_entries: usize::MAX,
        }
    }

    fn random(&mut self) -> Random {
        self.seed = self.seed.wrapping_add(1);
        Random::seeded(self.seed)
    }

    /// As a restored backup would be: the same device, going on by itself.
    pub(crate) fn clone_apart(&self) -> Self {
        Self { seed: self.seed.wrapping_add(1 << 32), ..self.clone() }
    }

    pub(crate) fn new_log(&mut self) {
        self.log = LogId::new(self.random().bytes());
        let entries = std::mem::take(&mut self.entries);
        let receipted = usize::try_from(self.receipted.counter).unwrap();
        self.heads = vec![Head::START];
        self.receipted = Head::START;
        for entry in entries.into_iter().skip(receipted) {
            self.append(entry);
        }
    }

    pub(crate) fn head(&self) -> Head {
        *self.heads.last().unwrap()
    }

    pub(crate) fn append(&mut self, entry: Entry) -> EntryId {
        let id = entry.id();
        self.heads.push(self.head().then(&entry.header));
        self.seen.entry(entry.header.document).or_default().insert(id, (entry.clone(), Author::You));
        self.entries.push(entry);
        id
    }

    pub(crate) fn entry(&self, document: DocumentId, body_type: BodyType, body: Vec<u8>) -> (EntryId, Entry) {
        let at = Timestamp::from_millis(1_763_800_000_000 + i64::try_from(self.head().counter).unwrap());
        let entry = Entry::new(document, DocumentKind::Incident, at, body_type, body).unwrap();
        (entry.id(), entry)
    }

    pub(crate) fn report_with(
        &mut self,
        grid: Option<&str>,
        photos: Vec<suishou_core::id::BlobHash>,
    ) -> DocumentId {
        let mut random = self.random();
        let document = DocumentId::at(Timestamp::from_millis(1_763_800_000_000), random.bytes());
        let record = IncidentRecord {
            salt: Salt::new(random.bytes()),
            text: "water on the bridge".to_owned(),
            category: CategoryId::new("disaster").unwrap(),
            severity: Severity::Normal,
            place: Place { grid: grid.map(super::phone::grid), ..Place::default() },
            photos,
            voice: None,
            patrol: None,
            is_anonymous: None,
            matter: None,
            source: None,
        };
        let (_, entry) = self.entry(document, BodyType::Record, encode(&record));
        self.append(entry);
        document
    }

    pub(crate) fn report(&mut self, grid: &str) -> DocumentId {
        self.report_with(Some(grid), Vec::new())
    }

    pub(crate) fn note(&mut self, document: DocumentId, text: &str) -> EntryId {
        let salt = Salt::new(self.random().bytes());
        let note = Note::plain(salt, text.to_owned());
        let (_, entry) = self.entry(document, BodyType::Note, encode(&note));
        self.append(entry)
    }

    /// The document as this phone has it.
    pub(crate) fn document(&self, id: DocumentId) -> Document {
        let mut document = Document::new(id, DocumentKind::Incident);
        let mut entries: Vec<_> = self.seen[&id].values().cloned().collect();
        let mut before = usize::MAX;
        while !entries.is_empty() && entries.len() < before {
            before = entries.len();
            let incoming: Vec<_> = entries
                .iter()
                .map(|(entry, author)| Incoming {
                    entry: entry.clone(),
                    origin: Origin {
                        entry: entry.id(),
                        author: *author,
                        claimed_at: entry.header.claimed_at,
                        received_at: None,
                    },
                    rights: None,
                })
                .collect();
            let verdicts = project(&mut document, &incoming);
            let kept = entries.into_iter().zip(verdicts).filter(|(_, verdict)| verdict.is_err());
            entries = kept.map(|(entry, _)| entry).collect();
        }
        document
    }

    pub(crate) fn change(
        &mut self,
        document: DocumentId,
        steps: &[IncidentStep],
        fields: &[(&str, &str)],
    ) -> EntryId {
        let actor = self.random().bytes();
        let steps: Vec<_> = steps.iter().map(encode).collect();
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let change = self.document(document).edit(actor, &steps, &fields).unwrap();
        let (_, entry) = self.entry(document, BodyType::Change, change);
        self.append(entry)
    }

    /// A signed request that pushes what is not receipted.
    pub(crate) fn request(&mut self) -> SyncRequest {
        self.request_from(self.receipted)
    }

    pub(crate) fn request_from(&mut self, from: Head) -> SyncRequest {
        let first = usize::try_from(from.counter).unwrap();
        let mut packer = Packer::default();
        for entry in self.entries.iter().skip(first).take(self.page_entries) {
            packer.push(entry, None);
        }
        let head = self.heads[first + packer.len()];
        let nonce = Nonce::new(self.random().bytes());
        let (township, device) = (self.relay.township, self.device);
        let log_head = LogHead { township, device, log: self.log, head };
        let has_page = !packer.is_empty();
        SyncRequest {
            version: VERSION,
            township,
            device,
            nonce,
            cursor: self.cursor,
            log: self.log,
            from,
            page: has_page.then(|| packer.finish(3).unwrap()),
            head,
            head_signature: has_page.then(|| self.key.sign(&log_head)),
            settings_version: 0,
        }
    }

    pub(crate) fn sign(&self, request: &SyncRequest) -> Vec<u8> {
        encode(&SignedRequest::sign(request, &self.key))
    }

    /// Takes an answer as a phone does: nothing counts that the relay did not sign for this request.
    pub(crate) fn take(&mut self, request: &SyncRequest, response: &SyncResponse) {
        verify(&self.relay.key.public(), &response.receipt, &response.signature).unwrap();
        assert_eq!(response.receipt.nonce, request.nonce);
        assert_eq!(response.receipt.log_head.log, request.log);
        let held = response.receipt.log_head.head;
        if self.heads.get(usize::try_from(held.counter).unwrap()) == Some(&held) {
            self.receipted = held;
        }
        for (entry, beside) in response.page.iter().flat_map(|page| page::unpack(page).unwrap()) {
            self.received += 1;
            let author = beside.unwrap().author;
            self.seen.entry(entry.header.document).or_default().insert(entry.id(), (entry, author));
        }
        for notice in &response.notices {
            match notice {
                FeedNotice::Forget { document } => {
                    self.forgotten.push(*document);
                    if let Some(entries) = self.seen.get_mut(document) {
                        entries.retain(|_, (_, author)| *author == Author::You);
                    }
                    self.seen.retain(|_, entries| !entries.is_empty());
                }
                FeedNotice::Held { entry, code, .. } => {
                    self.held.insert(*entry, *code);
                }
                FeedNotice::Released { entry } => {
                    self.held.remove(entry);
                    self.released.insert(*entry);
                }
            }
        }
        if response.cursor.is_some() {
            self.cursor = response.cursor;
        }
        if response.membership.is_some() {
            self.membership.clone_from(&response.membership);
        }
        self.token.clone_from(&response.token);
    }

    pub(crate) fn exchange(&mut self, engine: &mut Engine) -> Result<SyncResponse> {
        let request = self.request();
        let response = engine.sync(&self.sign(&request))?;
        self.take(&request, &response);
        Ok(response)
    }

    /// Syncs until nothing is left to push or to take; returns the last answer.
    pub(crate) fn sync(&mut self, world: &mut World) -> SyncResponse {
        for _ in 0..1_000 {
            let response = self.exchange(world.engine()).unwrap();
            if !response.has_more && (self.receipted == self.head() || response.is_revoked) {
                return response;
            }
        }
        panic!("no end of syncing");
    }

    pub(crate) fn sees(&self, document: DocumentId) -> bool {
        self.seen.contains_key(&document)
    }

    pub(crate) fn authors(&self, document: DocumentId) -> Vec<Author> {
        let mut authors: Vec<_> = self.seen[&document].values().map(|(_, author)| *author).collect();
        authors.sort();
        authors
    }
}
