//! What the documents say: plain data and pure folds, one file for each kind of work.
//!
//! Nothing here reads a store, a clock or the network. Records and notes are CBOR maps with numbered
//! keys, so that a newer field is skipped by an older reader; numbers are never used twice.

pub mod audience;
pub mod blob;
pub mod choice;
pub mod consent;
pub mod draft;
pub mod due;
pub mod household;
pub mod incident;
pub mod note;
pub mod notice;
pub mod patrol;
pub mod place;
pub mod settings;
pub mod step;
pub mod task;
pub mod track;
pub mod visit;
pub mod warning;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// What a document is. Numbers are wire format.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// Something reported at a place.
    #[n(1)]
    Incident,
    /// A tour of an area.
    #[n(2)]
    Patrol,
    /// A person or home to look after.
    #[n(3)]
    Household,
    /// Somebody was seen at home.
    #[n(4)]
    Visit,
    /// An order, for one or for many.
    #[n(5)]
    Task,
    /// A hazard with its level.
    #[n(6)]
    Warning,
    /// Policy and publicity.
    #[n(7)]
    Notice,
}

impl DocumentKind {
    /// All, in the order of their numbers.
    pub const ALL: [Self; 7] =
        [Self::Incident, Self::Patrol, Self::Household, Self::Visit, Self::Task, Self::Warning, Self::Notice];

    /// The number on the wire, in SQL and in the canonical header.
    pub const fn number(self) -> u8 {
        match self {
            Self::Incident => 1,
            Self::Patrol => 2,
            Self::Household => 3,
            Self::Visit => 4,
            Self::Task => 5,
            Self::Warning => 6,
            Self::Notice => 7,
        }
    }

    /// The word in JSON and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Incident => "incident",
            Self::Patrol => "patrol",
            Self::Household => "household",
            Self::Visit => "visit",
            Self::Task => "task",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }

    /// The kind with this number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }
}

/// A person's role in the township.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A grid member.
    #[n(1)]
    Member,
    /// A grid leader, or one of a squad or brigade.
    #[n(2)]
    Leader,
    /// A roaming informant.
    #[n(3)]
    Informant,
    /// Someone in a department.
    #[n(4)]
    Handler,
    /// The township's command centre.
    #[n(5)]
    Dispatcher,
}

impl Role {
    /// The role as it stands in CSV, SQL and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Leader => "leader",
            Self::Informant => "informant",
            Self::Handler => "handler",
            Self::Dispatcher => "dispatcher",
        }
    }

    /// The role with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Member, Self::Leader, Self::Informant, Self::Handler, Self::Dispatcher]
            .into_iter()
            .find(|role| role.as_str() == word)
    }
}

/// How much it matters.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Can wait.
    #[n(1)]
    Low,
    /// The usual.
    #[n(2)]
    #[default]
    Normal,
    /// Today.
    #[n(3)]
    High,
    /// Now: danger to people.
    #[n(4)]
    Urgent,
}

impl Severity {
    /// All, mildest first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Normal, Self::High, Self::Urgent];

    /// The word in the working document, SQL and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
            Self::Urgent => "urgent",
        }
    }

    /// The number in SQL.
    pub const fn number(self) -> u8 {
        match self {
            Self::Low => 1,
            Self::Normal => 2,
            Self::High => 3,
            Self::Urgent => 4,
        }
    }

    /// The severity with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.as_str() == word)
    }
}

/// Longest text of a record or note in bytes: some 2,700 Chinese characters.
pub const MAX_TEXT_BYTES: usize = 8 * 1024;

/// CBOR of a record, note, step or settings value.
pub fn encode<T: Encode<()>>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    let written: std::result::Result<(), minicbor::encode::Error<std::convert::Infallible>> =
        minicbor::encode(value, &mut bytes);
    debug_assert!(written.is_ok(), "writing to memory does not fail");
    bytes
}

/// Reads exactly one CBOR value; trailing bytes are malformed.
pub fn decode<'b, T: Decode<'b, ()>>(bytes: &'b [u8], what: &'static str) -> Result<T> {
    let mut decoder = minicbor::Decoder::new(bytes);
    let value = decoder.decode().map_err(|_| Error::malformed(what))?;
    if decoder.position() == bytes.len() { Ok(value) } else { Err(Error::malformed(what)) }
}
