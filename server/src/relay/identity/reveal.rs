//! A reveal: one person asks who a reporter is and says why, another one opens or refuses it within a day.
//!
//! The identity is in the answer to the opening, once. What is kept is who asked, why, who opened, and when.

use std::time::Duration;

use serde::Serialize;
use suishou_core::{
    error::Problem,
    id::{DocumentId, MemberId},
    log::Key,
    model::step::Author,
    store::tables::load_document,
    time::Timestamp,
};

use super::{KeeperError, Passphrase, Person, open_box};
use crate::{
    db::{
        self, Connection,
        identity::{Reveal, RevealState},
    },
    relay::{
        Relay,
        engine::Engine,
        error::{RelayError, Result},
    },
};

/// A reveal that nobody opened within this time is void.
const OPEN_FOR: Duration = Duration::from_hours(24);
/// Longest reason in bytes.
const MAX_REASON_BYTES: usize = 2_000;
/// Most reveals of one list.
const MAX_LISTED: i64 = 500;

/// Of whom somebody asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RevealAsk {
    /// Who took part in a document under this alias; the one whose record it is if there is none.
    Document(DocumentId, Option<u16>),
    /// The member with this number.
    Member(MemberId),
}

/// A reveal as everybody who may see it sees it: without the identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct RevealShown {
    /// Its number.
    pub id: i64,
    /// In which document; none if a member was named by number.
    pub document: Option<DocumentId>,
    /// The member's number, only if that is how they were named.
    pub member: Option<MemberId>,
    /// Why.
    pub reason: String,
    /// The operator who asked; none for this machine.
    pub asked_by: Option<i64>,
    /// When.
    pub asked_at: Timestamp,
    /// Void from then on.
    pub expires_at: Timestamp,
    /// `pending`, `opened`, `refused` or `expired`.
    #[schema(schema_with = crate::relay::schema::reveal_state)]
    pub state: &'static str,
    /// The operator who opened or refused it; none for this machine.
    pub settled_by: Option<i64>,
    /// When.
    pub settled_at: Option<Timestamp>,
}

/// Who it is: told once.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Revealed {
    /// Which reveal.
    pub id: i64,
    /// The member's number.
    pub member: MemberId,
    /// Name and phone.
    #[serde(flatten)]
    pub person: Person,
}

impl Relay {
    /// Asks who somebody is.
    pub async fn ask_reveal(&self, ask: RevealAsk, reason: String, by: Option<i64>) -> Result<RevealShown> {
        let reason = reason.trim().to_owned();
        if reason.is_empty() {
            return Err(RelayError::invalid(Problem::Missing("reason")));
        }
        if reason.len() > MAX_REASON_BYTES {
            return Err(RelayError::invalid(Problem::TooLarge {
                what: "the reason in bytes",
                found: reason.len() as u64,
                limit: MAX_REASON_BYTES as u64,
            }));
        }
        self.call(move |engine| engine.ask_reveal(&ask, &reason, by)).await
    }

    /// Every reveal, the newest first, without identities.
    pub async fn reveals(&self) -> Result<Vec<RevealShown>> {
        self.with(|connection, shared| {
            let now = shared.clock.now();
            let found = db::identity::reveals(connection, MAX_LISTED)?;
            found.into_iter().map(|reveal| shown(connection, reveal, now)).collect()
        })
        .await
    }

    /// Opens one with the keeper's passphrase.
    pub async fn open_reveal(&self, id: i64, by: Option<i64>, passphrase: Passphrase) -> Result<Revealed> {
        self.with(move |connection, shared| {
            may_settle(connection, id, by, shared.clock.now(), RevealState::Opened).map(drop)
        })
        .await?;
        let key = self.unlock(passphrase).await?;
        self.call(move |engine| engine.open_reveal(id, by, &key)).await
    }

    /// Refuses one.
    pub async fn refuse_reveal(&self, id: i64, by: Option<i64>) -> Result<RevealShown> {
        self.call(move |engine| engine.refuse_reveal(id, by)).await
    }
}

impl Engine {
    fn ask_reveal(&mut self, ask: &RevealAsk, reason: &str, by: Option<i64>) -> Result<RevealShown> {
        self.write(|work| {
            let (member, document) = match ask {
                RevealAsk::Document(document, author) => {
                    (author_row(work.transaction, *document, *author)?, Some(*document))
                }
                RevealAsk::Member(member) => {
                    let known = db::member::find(work.transaction, member)?.ok_or(RelayError::NotFound)?;
                    (known.row, None)
                }
            };
            if db::identity::get(work.transaction, member)?.is_none() {
                return Err(KeeperError::NotSealed.into());
            }
            let row = db::identity::add_reveal(work.transaction, member, document, reason, by, work.now)?;
            tracing::info!(reveal = row, "a reveal was asked for");
            found(work.transaction, row, work.now)
        })
    }

    fn open_reveal(&mut self, id: i64, by: Option<i64>, key: &Key) -> Result<Revealed> {
        self.write(|work| {
            let reveal = may_settle(work.transaction, id, by, work.now, RevealState::Opened)?;
            let sealed = db::identity::get(work.transaction, reveal.member)?.ok_or(KeeperError::NotSealed)?;
            let member = db::member::get(work.transaction, reveal.member)?.id;
            let person = open_box(&sealed, &member, key)?;
            db::identity::settle_reveal(work.transaction, id, RevealState::Opened, by, work.now)?;
            tracing::info!(reveal = id, "a reveal was opened");
            Ok(Revealed { id, member, person })
        })
    }

    fn refuse_reveal(&mut self, id: i64, by: Option<i64>) -> Result<RevealShown> {
        self.write(|work| {
            may_settle(work.transaction, id, by, work.now, RevealState::Refused)?;
            db::identity::settle_reveal(work.transaction, id, RevealState::Refused, by, work.now)?;
            found(work.transaction, id, work.now)
        })
    }
}

/// The reveal, if it is pending, not void, and not opened by whoever asked.
fn may_settle(
    connection: &Connection,
    id: i64,
    by: Option<i64>,
    now: Timestamp,
    state: RevealState,
) -> Result<Reveal> {
    let reveal = db::identity::find_reveal(connection, id)?.ok_or(RelayError::NotFound)?;
    if reveal.state != RevealState::Pending || now >= reveal.asked_at.after(OPEN_FOR) {
        return Err(KeeperError::Settled.into());
    }
    if state == RevealState::Opened && reveal.asked_by == by {
        return Err(KeeperError::SamePerson.into());
    }
    Ok(reveal)
}

/// The row of who took part in a document under an alias, or whose record it is.
fn author_row(connection: &Connection, document: DocumentId, alias: Option<u16>) -> Result<i64> {
    let alias = if let Some(alias) = alias {
        Author::Alias(alias)
    } else {
        let found = load_document(connection, document)?.ok_or(RelayError::NotFound)?;
        found.captured().ok_or(RelayError::NotFound)?.origin.author
    };
    let aliases = db::member::aliases(connection, document)?;
    let row = aliases.into_iter().find(|(_, known)| Author::Alias(*known) == alias).map(|(row, _)| row);
    row.ok_or_else(|| KeeperError::NotSealed.into())
}

fn found(connection: &Connection, id: i64, now: Timestamp) -> Result<RevealShown> {
    shown(connection, db::identity::find_reveal(connection, id)?.ok_or(RelayError::NotFound)?, now)
}

fn shown(connection: &Connection, reveal: Reveal, now: Timestamp) -> Result<RevealShown> {
    let expires_at = reveal.asked_at.after(OPEN_FOR);
    let is_void = reveal.state == RevealState::Pending && now >= expires_at;
    let member = match reveal.document {
        Some(_) => None,
        None => Some(db::member::get(connection, reveal.member)?.id),
    };
    Ok(RevealShown {
        id: reveal.row,
        document: reveal.document,
        member,
        reason: reveal.reason,
        asked_by: reveal.asked_by,
        asked_at: reveal.asked_at,
        expires_at,
        state: if is_void { "expired" } else { reveal.state.as_str() },
        settled_by: reveal.settled_by,
        settled_at: reveal.settled_at,
    })
}
