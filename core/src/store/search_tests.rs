//! The text index finds what a plain scan finds, and forgets without a trace.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use tempfile::TempDir;

use super::{Asker, MAX_LISTED, Mine, Query, Store, search, words::tests::naive};
use crate::{
    entry::{BodyType, Entry, page::Beside},
    id::{
        CategoryId, DeviceId, DocumentId, EnrolCode, EntryId, Epoch, MemberId, Nonce, PublicKey, Salt,
        TownshipId,
    },
    log::Key,
    model::{
        DocumentKind, Role, Severity, encode,
        household::{FIELD_CARD, HouseholdCard},
        incident::IncidentRecord,
        note::Note,
        place::Place,
        step::Author,
        task::{TaskForm, TaskItem, TaskRecord},
        visit::{Answer, AnswerValue, VisitOutcome, VisitRecord},
    },
    sync::wire::{Cursor, Enrolment, FeedNotice, Invitation, Membership, VERSION},
    time::{Random, Timestamp},
};

/// An enrolled phone whose feed is a test.
#[derive(Debug)]
pub(super) struct Fed {
    pub(super) store: Store,
    pub(super) folder: TempDir,
    seq: u64,
}

impl Fed {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut random = Random::seeded(1);
        let key = Key::generate(&mut random);
        let mut store = Store::open(folder.path(), random).unwrap();
        let township = TownshipId::ZERO;
        let invitation = Invitation {
            version: VERSION,
            addresses: Vec::new(),
            pin: None,
            relay_key: PublicKey::ZERO,
            township,
            code: EnrolCode::ZERO,
        };
        let membership = Membership {
            member: MemberId::new("m1").unwrap(),
            role: Role::Member,
            grids: Vec::new(),
            department: None,
        };
        let enrolment = Enrolment {
            version: VERSION,
            township,
            township_name: String::new(),
            device: DeviceId::ZERO,
            membership,
            nonce: Nonce::ZERO,
        };
        store.enrol(&invitation, &enrolment, &key, at(0)).unwrap();
        Self { store, folder, seq: 0 }
    }

    /// Somebody else's entries come.
    pub(super) fn feed(&mut self, entries: Vec<Entry>) {
        let beside =
            |entry: &Entry| Beside { author: Author::Alias(1), received_at: entry.header.claimed_at };
        self.take(entries.into_iter().map(|entry| (beside(&entry), entry)).collect(), &[]);
    }

    pub(super) fn notice(&mut self, notice: FeedNotice) {
        self.take(Vec::new(), &[notice]);
    }

    fn take(&mut self, entries: Vec<(Beside, Entry)>, notices: &[FeedNotice]) {
        self.seq += 1;
        let page = entries.into_iter().map(|(beside, entry)| (entry, Some(beside))).collect();
        let cursor = Cursor { epoch: Epoch::ZERO, seq: self.seq, inside: 0 };
        self.store.take_feed(page, notices, &[], cursor).unwrap();
    }

    pub(super) fn found(&self, text: &str) -> BTreeSet<DocumentId> {
        let query = Query { text: text.to_owned(), limit: MAX_LISTED, ..Query::default() };
        let asker = Asker { grids: Vec::new(), rights: None, now: at(0) };
        let page = self.store.page(&query, &asker).unwrap();
        assert_eq!(page.total, page.items.len() as u64);
        page.items.iter().map(|listed| listed.row.columns().document).collect()
    }

    /// Every token of the index with where it stands.
    fn index(&self) -> Vec<(String, i64, i64)> {
        let connection = &self.store.connection;
        connection.execute("INSERT INTO search (search) VALUES ('integrity-check')", []).unwrap();
        connection
            .execute_batch(
                "CREATE VIRTUAL TABLE IF NOT EXISTS temp.tokens USING fts5vocab(main, search, instance)",
            )
            .unwrap();
        let mut statement =
            connection.prepare("SELECT term, doc, offset FROM tokens ORDER BY doc, offset").unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
        rows.map(Result::unwrap).collect()
    }

    /// The index as it would be if it were made today.
    fn index_anew(&mut self) -> Vec<(String, i64, i64)> {
        let transaction = self.store.transaction().unwrap();
        transaction.execute("UPDATE search_version SET version = 0", []).unwrap();
        search::renew(&transaction).unwrap();
        transaction.commit().unwrap();
        self.index()
    }
}

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_763_800_000_000 + seconds * 1_000)
}

pub(super) fn id(number: u8) -> DocumentId {
    DocumentId::new([number; 16])
}

pub(super) fn entry(document: DocumentId, kind: DocumentKind, body_type: BodyType, body: Vec<u8>) -> Entry {
    Entry::new(document, kind, at(0), body_type, body).unwrap()
}

fn incident(text: &str) -> Vec<u8> {
    encode(&IncidentRecord {
        salt: Salt::ZERO,
        text: text.to_owned(),
        category: CategoryId::new("order").unwrap(),
        severity: Severity::Normal,
        place: Place::default(),
        photos: vec![crate::id::BlobHash::of(b"photo")],
        voice: None,
        patrol: None,
        is_anonymous: None,
        matter: None,
        source: None,
    })
}

fn note(salt: u8, text: &str) -> Vec<u8> {
    encode(&Note {
        voice: Some(crate::id::BlobHash::of(b"voice")),
        ..Note::plain(Salt::new([salt; 8]), text.to_owned())
    })
}

pub(super) fn card(name: &str) -> HouseholdCard {
    HouseholdCard {
        salt: Salt::ZERO,
        name: name.to_owned(),
        address: "桥头村3幢".to_owned(),
        phone: "13800001111".to_owned(),
        people: 2,
        purposes: Vec::new(),
        needs: "买药".to_owned(),
        every_days: 7,
        place: Place::default(),
    }
}

fn report(document: DocumentId, text: &str) -> Entry {
    entry(document, DocumentKind::Incident, BodyType::Record, incident(text))
}

fn remark(document: DocumentId, salt: u8, text: &str) -> Entry {
    entry(document, DocumentKind::Incident, BodyType::Note, note(salt, text))
}

const ALPHABET: [char; 30] = [
    '水', '火', '消', '防', '通', '道', '々', 'か', '한', '𠮷', 'a', 'b', 'A', '1', '2', 'Ａ', '３', ' ',
    '　', '，', '。', '\n', '"', '*', ':', '(', '-', '\0', '^', '水',
];

fn text(longest: usize) -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::sample::select(&ALPHABET[..]), 0..=longest)
        .prop_map(|letters| letters.into_iter().collect())
}

#[derive(Clone, Debug)]
enum Doing {
    Report(u8, String),
    Remark(u8, String),
    Forget(u8),
}

fn doing() -> impl Strategy<Value = Doing> {
    prop_oneof![
        4 => (0..12_u8, text(24)).prop_map(|(document, text)| Doing::Report(document, text)),
        3 => (0..12_u8, text(12)).prop_map(|(document, text)| Doing::Remark(document, text)),
        1 => (0..12_u8).prop_map(Doing::Forget),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_index_finds_what_a_plain_scan_finds(
        doings in proptest::collection::vec(doing(), 1..30),
        queries in proptest::collection::vec(text(4), 20),
    ) {
        let mut phone = Fed::new();
        let mut texts: BTreeMap<DocumentId, Vec<String>> = BTreeMap::new();
        for (salt, doing) in (0_u8..).zip(doings) {
            match doing {
                Doing::Report(document, text) => {
                    let texts = texts.entry(id(document)).or_default();
                    if texts.is_empty() {
                        phone.feed(vec![report(id(document), &text)]);
                        texts.push(text);
                    }
                }
                Doing::Remark(document, text) => {
                    if let Some(texts) = texts.get_mut(&id(document)) {
                        phone.feed(vec![remark(id(document), salt, &text)]);
                        texts.push(text);
                    }
                }
                Doing::Forget(document) => {
                    phone.notice(FeedNotice::Forget { document: id(document) });
                    texts.remove(&id(document));
                }
            }
        }
        let has_words = |query: &String| query.chars().any(char::is_alphanumeric);
        for query in queries.iter().filter(|query| has_words(query)) {
            let expected: BTreeSet<DocumentId> = texts
                .iter()
                .filter(|(_, texts)| naive(texts, query))
                .map(|(document, _)| *document)
                .collect();
            prop_assert_eq!(phone.found(query), expected, "{:?}", query);
        }
        let kept = phone.index();
        prop_assert_eq!(kept, phone.index_anew());
    }

    #[test]
    fn nothing_that_is_typed_is_an_error(query in any::<String>()) {
        let mut phone = Fed::new();
        phone.feed(vec![report(id(1), "水管")]);
        phone.found(&query);
    }
}

#[test]
fn one_and_two_characters_are_found_and_words_by_their_beginning() {
    let mut phone = Fed::new();
    phone.feed(vec![
        report(id(1), "西关街道12号门口，消防通道被占 Café"),
        report(id(2), "桥头村水管破裂ABC-123"),
    ]);
    let first = BTreeSet::from([id(1)]);
    let second = BTreeSet::from([id(2)]);
    for text in ["关", "消防", "防通道", "街道 被占", "12号", "caf", "ＣＡＦＥ\u{301}", "café"]
    {
        assert_eq!(phone.found(text), first, "{text}");
    }
    for text in ["水", "水管", "ab", "abc 12", "破裂a"] {
        assert_eq!(phone.found(text), second, "{text}");
    }
    for text in ["口消", "2号", "afe", "水火", "23 村"] {
        assert_eq!(phone.found(text), BTreeSet::new(), "{text}");
    }
    assert_eq!(phone.found("，。").len(), 2, "punctuation alone is no condition");
}

#[test]
fn every_sign_is_one_token_to_the_index() {
    let phone = Fed::new();
    let is_sign = |c: &char| super::words::indexed(&format!("{c}{c}")).contains(' ');
    let signs: String = ('\u{3005}'..='\u{3ffff}').filter(is_sign).collect();
    let count = signs.chars().count();
    assert!(count > 90_000, "{count}");
    let connection = &phone.store.connection;
    let words = super::words::indexed(&signs);
    connection.execute("INSERT INTO search (rowid, words) VALUES (1, ?1)", [words]).unwrap();
    assert_eq!(phone.index().len(), count);
}

#[test]
fn the_texts_of_every_kind_are_found() {
    let mut phone = Fed::new();
    let task = TaskRecord {
        items: vec![TaskItem {
            id: 1, text: "查灭火器".to_owned(), address: "老街".to_owned(), people: 0
        }],
        text: "逐项看".to_owned(),
        ..TaskRecord::plain(TaskForm::Inspection, "仓库检查")
    };
    let visit = VisitRecord {
        salt: Salt::ZERO,
        household: None,
        purpose: None,
        form: None,
        answers: vec![Answer {
            question: crate::id::QuestionId::new("q").unwrap(),
            value: AnswerValue::Text("腿疼".to_owned()),
        }],
        text: "精神好".to_owned(),
        place: Place::default(),
        photos: Vec::new(),
        voice: None,
        outcome: VisitOutcome::Met,
        led_to: Vec::new(),
    };
    phone.feed(vec![
        entry(id(1), DocumentKind::Task, BodyType::Record, encode(&task)),
        entry(id(2), DocumentKind::Visit, BodyType::Record, encode(&visit)),
        entry(id(3), DocumentKind::Household, BodyType::Record, encode(&card("张三"))),
    ]);
    for (text, document) in [
        ("仓库", 1),
        ("逐项", 1),
        ("灭火器", 1),
        ("老街", 1),
        ("精神", 2),
        ("腿疼", 2),
        ("张三", 3),
        ("3幢", 3),
        ("138", 3),
        ("药", 3),
    ] {
        assert_eq!(phone.found(text), BTreeSet::from([id(document)]), "{text}");
    }
}

#[test]
fn only_the_card_in_use_is_found() {
    let mut phone = Fed::new();
    let household = id(3);
    let body = encode(&card("张三"));
    phone.feed(vec![entry(household, DocumentKind::Household, BodyType::Record, body)]);
    let changed = Note { card: Some(card("李四")), ..Note::plain(Salt::ZERO, "改名".to_owned()) };
    let changed = entry(household, DocumentKind::Household, BodyType::Note, encode(&changed));
    let note: EntryId = changed.id();
    phone.feed(vec![changed]);
    assert_eq!(phone.found("张三").len() + phone.found("改名").len(), 2);
    assert!(phone.found("李四").is_empty());
    let change = phone.store.edit(household, &[], &[(FIELD_CARD, note.to_string())]).unwrap();
    phone.feed(vec![entry(household, DocumentKind::Household, BodyType::Change, change)]);
    assert_eq!(phone.found("李四").len() + phone.found("改名").len(), 2);
    assert!(phone.found("张三").is_empty());
    let kept = phone.index();
    assert_eq!(kept, phone.index_anew());
}

#[test]
fn a_held_remark_is_not_found_until_it_is_released() {
    let mut phone = Fed::new();
    phone.feed(vec![report(id(1), "水管")]);
    let own = remark(id(1), 1, "修好了");
    let note = own.id();
    let rights = crate::policy::Rights::centre();
    phone.store.append(vec![own], &rights).unwrap();
    assert_eq!(phone.found("修好").len(), 1);
    phone.notice(FeedNotice::Held { entry: note, code: crate::error::HeldCode::NotAllowed, reply: None });
    assert!(phone.found("修好").is_empty());
    phone.notice(FeedNotice::Released { entry: note });
    assert_eq!(phone.found("修好").len(), 1);
    let query = Query { whose: Mine::OrOthers, ..Query::default() };
    let asker = Asker { grids: Vec::new(), rights: None, now: at(0) };
    assert_eq!(phone.store.count_rows(&query, &asker).unwrap(), 1);
}

#[test]
fn a_forgotten_document_leaves_no_text_in_the_file() {
    const CANARY: &str = "zqxcanaryzqx";
    let mut phone = Fed::new();
    for page in 0..20_u8 {
        let reports =
            (0..10).map(|n| report(id(page * 10 + n), &format!("水管{page}破裂{n} word{page}x{n}")));
        phone.feed(reports.collect());
    }
    let canary = id(250);
    phone.feed(vec![report(canary, &format!("{CANARY} 龘靐")), remark(canary, 1, &format!("{CANARY}two"))]);
    for page in 20..24_u8 {
        phone.feed((0..10).map(|n| report(id(page * 10 + n), &format!("火警{page}第{n}号"))).collect());
    }
    let stands = |phone: &Fed| {
        phone.store.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
        let blocks: i64 = phone
            .store
            .connection
            .query_row(
                "SELECT count(*) FROM search_data WHERE instr(block, CAST(?1 AS BLOB))",
                [CANARY],
                |row| row.get(0),
            )
            .unwrap();
        let files = ["field.db", "field.db-wal"].map(|name| {
            let bytes = std::fs::read(phone.folder.path().join(name)).unwrap_or_default();
            bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes())
        });
        (blocks > 0, files.contains(&true))
    };
    assert_eq!(stands(&phone), (true, true));
    phone.notice(FeedNotice::Forget { document: canary });
    assert_eq!(stands(&phone), (false, false));
    assert!(phone.index().iter().all(|(token, _, _)| !token.contains("zqx") && token != "龘"));
    let kept = phone.index();
    assert_eq!(kept, phone.index_anew());
}
