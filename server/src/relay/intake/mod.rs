//! Matters of other systems: a ticket becomes an incident of the relay's own log, once.
//!
//! ```text
//! signed request, CSV line ─▶ ticket ─▶ known id? ─ no ─▶ record in the relay's own log
//!                                          └─ yes ─▶ same content: nothing; other content: a remark
//! ```
//!
//! A contact never becomes part of an entry: it stands in a table of its own, for dispatchers alone.

mod take;
#[cfg(test)]
pub(super) mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use suishou_core::{
    error::{Error, Problem},
    id::{CategoryId, DocumentId, GridId, SourceId},
    model::{Severity, incident::IncidentRecord, settings::Settings},
    time::Timestamp,
};

pub use take::Signed;

use super::{
    Relay,
    engine::Engine,
    error::{RelayError, Result},
    signature::{self, BadSignature},
    webhooks::{self, HookForm},
};
use crate::db;

/// Longest id of another system in bytes.
pub const MAX_EXTERNAL_ID_BYTES: usize = 128;
/// Most words of another system that a source may explain.
const MAX_WORDS: usize = 500;

/// What a system is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// 12345
    Hotline,
    /// Letters and visits.
    Petition,
    /// Cases of administrative enforcement.
    Enforcement,
    /// Land found changed from above.
    Satellite,
    /// A chat group of households.
    Chat,
    /// Anything else.
    Other,
}

impl SourceKind {
    /// All.
    pub const ALL: [Self; 6] =
        [Self::Hotline, Self::Petition, Self::Enforcement, Self::Satellite, Self::Chat, Self::Other];

    /// As in JSON and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hotline => "hotline",
            Self::Petition => "petition",
            Self::Enforcement => "enforcement",
            Self::Satellite => "satellite",
            Self::Chat => "chat",
            Self::Other => "other",
        }
    }
}

/// How a system's words become the township's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = SourceRules)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// For what names no category, or one that nobody knows.
    pub category: Option<CategoryId>,
    /// For what names no severity.
    pub severity: Severity,
    /// For what names no grid and has no position in one.
    pub grid: Option<GridId>,
    /// Its words for categories.
    pub categories: BTreeMap<String, CategoryId>,
    /// Its words for severities.
    pub severities: BTreeMap<String, Severity>,
    /// Its words for grids.
    pub grids: BTreeMap<String, GridId>,
}

impl Rules {
    /// Refuses codes that the township does not have.
    fn check(&self, settings: &Settings) -> Result<()> {
        for category in self.category.iter().chain(self.categories.values()) {
            settings.check_category(category)?;
        }
        for grid in self.grid.iter().chain(self.grids.values()) {
            settings.check_grid(grid)?;
        }
        let words = self.categories.len() + self.severities.len() + self.grids.len();
        if words > MAX_WORDS {
            return Err(RelayError::invalid(Problem::TooLarge {
                what: "the number of words",
                found: words as u64,
                limit: MAX_WORDS as u64,
            }));
        }
        Ok(())
    }
}

/// A new source.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceForm {
    /// Its short name.
    pub id: SourceId,
    /// What it is.
    pub kind: SourceKind,
    /// What people call it.
    pub name: String,
    /// How its words become the township's.
    #[serde(default)]
    pub rules: Rules,
    /// Where it is told what became of its matters.
    #[serde(default)]
    pub callback: Option<String>,
    /// The authority that vouches for that address, as PEM.
    #[serde(default)]
    pub authority: Option<String>,
    /// It is told the words of the answer too.
    #[serde(default)]
    pub with_text: bool,
}

/// A source, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct SourceShown {
    /// Its short name.
    pub id: SourceId,
    /// What it is.
    #[schema(value_type = SourceKind)]
    pub kind: String,
    /// What people call it.
    pub name: String,
    /// How its words become the township's.
    pub rules: Rules,
    /// It may send.
    pub is_enabled: bool,
    /// Where it is told what became of its matters.
    pub callback: Option<String>,
    /// Since when it is known.
    pub made_at: Timestamp,
}

/// A secret, shown once.
#[derive(Clone, Serialize, utoipa::ToSchema)]
pub struct Secret {
    /// Whose.
    pub id: String,
    /// What signs.
    pub secret: String,
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secret").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Whom to call about a matter.
#[derive(Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Contact {
    /// What they are called.
    pub name: String,
    /// How to reach them.
    pub phone: String,
}

impl std::fmt::Debug for Contact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Contact")
    }
}

/// One matter of another system, checked and in the township's words.
#[derive(Clone, Debug)]
pub struct Ticket {
    /// Its id there.
    pub external_id: String,
    /// Of everything that was sent.
    pub hash: [u8; 32],
    /// What is made of it.
    pub record: IncidentRecord,
    /// What is remarked if it is known already and says something else now.
    pub update: String,
    /// When it was reported there.
    pub reported_at: Option<Timestamp>,
    /// Whom to call.
    pub contact: Option<Contact>,
}

/// What became of a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = TicketOutcome)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is an incident now.
    Added,
    /// It was one, and its new content is a remark there.
    Updated,
    /// It was one with this content.
    Unchanged,
}

/// A ticket that is taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = TicketTaken)]
pub struct Taken {
    /// Its id there.
    pub external_id: String,
    /// The incident.
    pub incident: DocumentId,
    /// What became of it.
    pub outcome: Outcome,
}

/// What came from a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = IntakeItemShown)]
pub struct ItemShown {
    /// Its place in the order in which they first came.
    pub row: u64,
    /// From where.
    pub source: SourceId,
    /// Its id there.
    pub external_id: String,
    /// What was made of it.
    pub incident: DocumentId,
    /// `taken`, or `updated` if other content came later.
    #[schema(schema_with = crate::relay::schema::item_state)]
    pub state: String,
    /// How often other content came.
    pub updates: u64,
    /// When it came first.
    pub received_at: Timestamp,
    /// When its content came last.
    pub updated_at: Timestamp,
    /// In which state the incident is.
    #[schema(value_type = Option<suishou_core::model::incident::IncidentState>)]
    pub incident_state: Option<String>,
}

impl Engine {
    /// Adds a source, and its callback.
    pub fn add_source(&mut self, form: SourceForm) -> Result<Secret> {
        let SourceForm { id, kind, name, rules, callback, authority, with_text } = form;
        let name = webhooks::checked_name(&name)?;
        rules.check(&self.shared().settings())?;
        let rules = serde_json::to_string(&rules).map_err(|_| RelayError::malformed("the rules"))?;
        self.write(|work| {
            let secret = signature::new_secret(work.random);
            if db::intake::source(work.transaction, &id)?.is_some() {
                let code = id.to_string();
                return Err(RelayError::invalid(Problem::Twice { what: "the source", code }));
            }
            let source = db::intake::Source {
                id: id.clone(),
                kind: kind.as_str().to_owned(),
                name,
                secret: secret.clone(),
                rules,
                is_enabled: true,
                made_at: work.now,
            };
            db::intake::add_source(work.transaction, &source)?;
            if let Some(url) = callback {
                let form = HookForm::callback(&id, url, authority, with_text);
                work.add_hook(form, Some(id.clone()), secret.clone())?;
            }
            Ok(Secret { id: id.to_string(), secret })
        })
    }

    /// Lets a source send, or not.
    pub fn enable_source(&mut self, source: &SourceId, is_enabled: bool) -> Result<()> {
        self.write(|work| found(db::intake::set_enabled(work.transaction, source, is_enabled)?))
    }

    /// Gives a source and its callback a new secret; the old one is worth nothing from now on.
    pub fn rotate_source(&mut self, source: &SourceId) -> Result<Secret> {
        self.write(|work| {
            let secret = signature::new_secret(work.random);
            found(db::intake::set_secret(work.transaction, source, &secret)?)?;
            db::webhook::set_secret(work.transaction, source, &secret)?;
            Ok(Secret { id: source.to_string(), secret })
        })
    }
}

fn found(is_there: bool) -> Result<()> {
    if is_there { Ok(()) } else { Err(RelayError::NotFound) }
}

fn rules_of(source: &db::intake::Source) -> Result<Rules> {
    Ok(serde_json::from_str(&source.rules).map_err(|_| Error::Corrupt("a source's rules"))?)
}

impl Relay {
    /// Adds a source; its secret is told this once.
    pub async fn add_source(&self, form: SourceForm) -> Result<Secret> {
        self.call(move |engine| engine.add_source(form)).await
    }

    /// Lets a source send, or not.
    pub async fn enable_source(&self, source: SourceId, is_enabled: bool) -> Result<()> {
        self.call(move |engine| engine.enable_source(&source, is_enabled)).await
    }

    /// A new secret, told this once.
    pub async fn rotate_source(&self, source: SourceId) -> Result<Secret> {
        self.call(move |engine| engine.rotate_source(&source)).await
    }

    /// All sources.
    pub async fn sources(&self) -> Result<Vec<SourceShown>> {
        self.with(|connection, _| {
            let hooks = db::webhook::hooks(connection)?;
            let shown = |source: db::intake::Source| {
                let mut hooks = hooks.iter().filter(|hook| hook.source.as_ref() == Some(&source.id));
                Ok(SourceShown {
                    callback: hooks.next().map(|hook| hook.url.clone()),
                    rules: rules_of(&source)?,
                    id: source.id,
                    kind: source.kind,
                    name: source.name,
                    is_enabled: source.is_enabled,
                    made_at: source.made_at,
                })
            };
            db::intake::sources(connection)?.into_iter().map(shown).collect()
        })
        .await
    }

    /// The rules of a source that may send, for an operator's file.
    pub async fn source_rules(&self, source: SourceId) -> Result<Rules> {
        self.with(move |connection, _| {
            let source = db::intake::source(connection, &source)?.filter(|source| source.is_enabled);
            rules_of(&source.ok_or(RelayError::NotFound)?)
        })
        .await
    }

    /// The rules of the source that signed a body. Who is not known, may not send or did not sign it is told
    /// the same.
    pub async fn signed_by(
        &self,
        source: SourceId,
        timestamp: String,
        signature: String,
        body: axum::body::Bytes,
    ) -> Result<Result<(Rules, Signed), BadSignature>> {
        self.with(move |connection, shared| {
            let source = db::intake::source(connection, &source)?.filter(|source| source.is_enabled);
            let Some(source) = source else { return Ok(Err(BadSignature::Wrong)) };
            let now = shared.clock.now();
            Ok(match signature::verify(&source.secret, &timestamp, &signature, &body, now) {
                Ok(bytes) => Ok((rules_of(&source)?, Signed(bytes))),
                Err(bad) => Err(bad),
            })
        })
        .await
    }

    /// What came, newest first.
    pub async fn intake_items(
        &self,
        source: Option<SourceId>,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<ItemShown>> {
        self.with(move |connection, _| {
            let before = before.unwrap_or(u64::MAX);
            let items = db::intake::items(connection, source.as_ref(), before, limit)?;
            let shown = |item: db::intake::Item| ItemShown {
                row: item.row,
                source: item.source,
                external_id: item.external_id,
                incident: item.document,
                state: item.state,
                updates: item.updates,
                received_at: item.received_at,
                updated_at: item.updated_at,
                incident_state: item.incident,
            };
            Ok(items.into_iter().map(shown).collect())
        })
        .await
    }

    /// Whom to call about an incident that was taken over.
    pub async fn contact(&self, document: DocumentId) -> Result<Contact> {
        self.with(move |connection, _| {
            let (name, phone) = db::intake::contact(connection, document)?.ok_or(RelayError::NotFound)?;
            Ok(Contact { name, phone })
        })
        .await
    }
}
