//! Webhooks: other systems are told what happens here, at least once and in the order of each document.
//!
//! ```text
//! projection ─▶ announce (same transaction) ─▶ queue ─▶ courier ─▶ send
//! ```
//!
//! An event has ids, states, category, grid and times; what people wrote only if the hook was made for it, and
//! never a name, a telephone number or a place.

pub mod address;
mod announce;
mod courier;
mod send;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use suishou_core::{
    error::Problem,
    id::{DocumentId, SourceId},
    time::Timestamp,
};

pub use courier::Courier;
pub use send::{Failed, Packet};

use super::{
    Relay,
    engine::{Engine, Work},
    error::{RelayError, Result},
    intake::Secret,
    signature,
};
use crate::db;

/// Longest name in bytes.
const MAX_NAME_BYTES: usize = 200;
/// Longest short name in bytes.
const MAX_ID_BYTES: usize = 64;
/// Most hooks: each is looked at with every event.
const MAX_HOOKS: usize = 100;
/// Most dead items in one answer.
const MAX_DEAD: usize = 500;

/// What can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
pub enum EventKind {
    /// Somebody reported something, or it was taken over.
    #[serde(rename = "incident.reported")]
    Reported,
    /// Any step of an incident's life.
    #[serde(rename = "incident.step")]
    Step,
    /// The township takes it on.
    #[serde(rename = "incident.accepted")]
    Accepted,
    /// The township does not, with the reason.
    #[serde(rename = "incident.rejected")]
    Rejected,
    /// It is the same as another.
    #[serde(rename = "incident.duplicate")]
    Duplicate,
    /// The reporter is answered.
    #[serde(rename = "incident.closed")]
    Closed,
    /// It is taken up again.
    #[serde(rename = "incident.reopened")]
    Reopened,
    /// A warning is issued.
    #[serde(rename = "warning.issued")]
    WarningIssued,
    /// Its level or time changed.
    #[serde(rename = "warning.changed")]
    WarningChanged,
    /// It was ended before its time.
    #[serde(rename = "warning.ended")]
    WarningEnded,
}

impl EventKind {
    /// All.
    pub const ALL: [Self; 10] = [
        Self::Reported,
        Self::Step,
        Self::Accepted,
        Self::Rejected,
        Self::Duplicate,
        Self::Closed,
        Self::Reopened,
        Self::WarningIssued,
        Self::WarningChanged,
        Self::WarningEnded,
    ];
    /// What a source wants to know of what it handed over.
    const OF_CALLBACKS: [Self; 5] =
        [Self::Accepted, Self::Rejected, Self::Duplicate, Self::Closed, Self::Reopened];

    /// As in JSON and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reported => "incident.reported",
            Self::Step => "incident.step",
            Self::Accepted => "incident.accepted",
            Self::Rejected => "incident.rejected",
            Self::Duplicate => "incident.duplicate",
            Self::Closed => "incident.closed",
            Self::Reopened => "incident.reopened",
            Self::WarningIssued => "warning.issued",
            Self::WarningChanged => "warning.changed",
            Self::WarningEnded => "warning.ended",
        }
    }
}

/// A new hook.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HookForm {
    /// Its short name.
    pub id: String,
    /// Where events go.
    pub url: String,
    /// Which; all if none is named.
    #[serde(default)]
    pub events: Vec<EventKind>,
    /// What people wrote is sent along.
    #[serde(default)]
    pub with_text: bool,
    /// The authority that vouches for the receiver, as PEM; the public ones if there is none.
    #[serde(default)]
    pub authority: Option<String>,
}

impl HookForm {
    /// That of a source.
    pub(super) fn callback(
        source: &SourceId,
        url: String,
        authority: Option<String>,
        with_text: bool,
    ) -> Self {
        Self { id: source.to_string(), url, events: EventKind::OF_CALLBACKS.to_vec(), with_text, authority }
    }
}

/// A hook, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct HookShown {
    /// Its short name.
    pub id: String,
    /// Only of what was taken over from this system.
    pub source: Option<SourceId>,
    /// Where events go.
    pub url: String,
    /// Which.
    #[schema(value_type = Vec<EventKind>)]
    pub events: Vec<String>,
    /// What people wrote is sent along.
    pub with_text: bool,
    /// It has an authority of its own.
    pub has_authority: bool,
    /// It is told.
    pub is_enabled: bool,
    /// How many events wait.
    pub pending: u64,
    /// How many were given up.
    pub dead: u64,
    /// Since when.
    pub made_at: Timestamp,
}

/// An event that was given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct DeadShown {
    /// Its number, to try it again.
    pub item: i64,
    /// For whom.
    pub webhook: String,
    /// The event's id.
    pub event: String,
    /// Its kind.
    pub kind: String,
    /// About which document.
    pub document: DocumentId,
    /// How often it was tried.
    pub attempts: u64,
    /// What went wrong last.
    pub error: Option<String>,
    /// When it happened.
    pub made_at: Timestamp,
}

/// How a hook was reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Tested {
    /// The receiver took it.
    pub is_delivered: bool,
    /// What went wrong.
    pub error: Option<String>,
}

/// A name that can be shown.
pub(super) fn checked_name(name: &str) -> Result<String> {
    match name.trim() {
        "" => Err(RelayError::invalid(Problem::Missing("name"))),
        name if name.len() > MAX_NAME_BYTES || name.chars().any(char::is_control) => {
            Err(RelayError::invalid(Problem::BadName))
        }
        name => Ok(name.to_owned()),
    }
}

fn checked_id(id: &str) -> Result<String> {
    let is_allowed = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let id = id.trim();
    if id.is_empty() || id.len() > MAX_ID_BYTES || !id.chars().all(is_allowed) {
        return Err(RelayError::invalid(Problem::BadCode));
    }
    Ok(id.to_owned())
}

impl Engine {
    /// Adds a hook.
    pub fn add_hook(&mut self, form: HookForm) -> Result<Secret> {
        self.write(|work| {
            let secret = signature::new_secret(work.random);
            work.add_hook(form, None, secret)
        })
    }

    /// Tells a hook, or not; what waits for it waits on.
    pub fn enable_hook(&mut self, hook: &str, is_enabled: bool) -> Result<()> {
        self.write(|work| {
            work.state.is_announced = true;
            if db::webhook::set_enabled(work.transaction, hook, is_enabled)? {
                Ok(())
            } else {
                Err(RelayError::NotFound)
            }
        })
    }

    /// Has dead items of a hook tried again, or one of them; how many.
    pub fn retry_hook(&mut self, hook: &str, item: Option<i64>) -> Result<usize> {
        self.write(|work| {
            db::webhook::hook(work.transaction, hook)?.ok_or(RelayError::NotFound)?;
            work.state.is_announced = true;
            Ok(db::webhook::retry(work.transaction, hook, item, work.now)?)
        })
    }
}

impl Work<'_> {
    pub(super) fn add_hook(
        &mut self,
        form: HookForm,
        source: Option<SourceId>,
        secret: String,
    ) -> Result<Secret> {
        let id = checked_id(&form.id)?;
        let target = address::Target::read(&form.url)?;
        if form.authority.is_some() {
            send::check_authority(&target, form.authority.as_deref())?;
        }
        let known = db::webhook::hooks(self.transaction)?;
        if known.iter().any(|hook| hook.id == id) {
            return Err(RelayError::invalid(Problem::Twice { what: "the webhook", code: id }));
        }
        if known.len() >= MAX_HOOKS {
            return Err(RelayError::invalid(Problem::TooLarge {
                what: "the number of webhooks",
                found: known.len() as u64 + 1,
                limit: MAX_HOOKS as u64,
            }));
        }
        let mut events = if form.events.is_empty() { EventKind::ALL.to_vec() } else { form.events };
        events.sort_unstable();
        events.dedup();
        let hook = db::webhook::Hook {
            id: id.clone(),
            source,
            url: target.url().to_owned(),
            secret: secret.clone(),
            events: events.into_iter().map(EventKind::as_str).collect::<Vec<_>>().join(" "),
            has_text: form.with_text,
            authority: form.authority,
            is_enabled: true,
            made_at: self.now,
        };
        db::webhook::add(self.transaction, &hook)?;
        Ok(Secret { id, secret })
    }
}

impl Relay {
    /// Adds a hook; its secret is told this once.
    pub async fn add_hook(&self, form: HookForm) -> Result<Secret> {
        self.call(move |engine| engine.add_hook(form)).await
    }

    /// Tells a hook, or not.
    pub async fn enable_hook(&self, hook: String, is_enabled: bool) -> Result<()> {
        self.call(move |engine| engine.enable_hook(&hook, is_enabled)).await
    }

    /// Has dead items tried again.
    pub async fn retry_hook(&self, hook: String, item: Option<i64>) -> Result<usize> {
        self.call(move |engine| engine.retry_hook(&hook, item)).await
    }

    /// All hooks.
    pub async fn hooks(&self) -> Result<Vec<HookShown>> {
        self.with(|connection, _| {
            let shown = |hook: db::webhook::Hook| {
                let (pending, dead) = db::webhook::counts(connection, Some(&hook.id))?;
                Ok(HookShown {
                    pending,
                    dead,
                    id: hook.id,
                    source: hook.source,
                    url: hook.url,
                    events: hook.events.split_whitespace().map(str::to_owned).collect(),
                    with_text: hook.has_text,
                    has_authority: hook.authority.is_some(),
                    is_enabled: hook.is_enabled,
                    made_at: hook.made_at,
                })
            };
            db::webhook::hooks(connection)?.into_iter().map(shown).collect()
        })
        .await
    }

    /// What was given up, newest first.
    pub async fn dead_events(&self, hook: Option<String>) -> Result<Vec<DeadShown>> {
        self.with(move |connection, _| {
            let shown = |item: db::webhook::Item| DeadShown {
                item: item.row,
                webhook: item.hook,
                event: item.event,
                kind: item.kind,
                document: item.document,
                attempts: item.attempts,
                error: item.error,
                made_at: item.made_at,
            };
            let items = db::webhook::dead(connection, hook.as_deref(), MAX_DEAD)?;
            Ok(items.into_iter().map(shown).collect())
        })
        .await
    }
}
