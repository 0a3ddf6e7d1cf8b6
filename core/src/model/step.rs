//! Steps: the add-only part of every working document.
//!
//! A step's id says which change made it, so that no change can overwrite or forge another's step,
//! and the fold can name the entry (author, times) behind each step.

use std::{fmt, str::FromStr};

use minicbor::{Decode, Encode};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{
    error::Error,
    id::{Bytes, EntryId},
    time::Timestamp,
};

/// Tag of [`StepId`].
#[derive(Debug)]
pub enum StepTag {}

/// First 4 bytes of the change's actor, its sequence number (2 bytes) and the place in the change
/// (1 byte); unique within a document.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct StepId(#[n(0)] Bytes<7, StepTag>);

impl StepId {
    /// The id of the step number `index` of the change `sequence` by `actor`.
    pub fn derive(actor: &[u8; 16], sequence: u16, index: u8) -> Self {
        let [a, b, c, d, ..] = *actor;
        let [high, low] = sequence.to_be_bytes();
        Self(Bytes::new([a, b, c, d, high, low, index]))
    }

    /// The number of the change that brought it, among its actor's.
    pub fn sequence(&self) -> u16 {
        let [.., high, low, _] = self.0.to_array();
        u16::from_be_bytes([high, low])
    }
}

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for StepId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        text.parse().map(Self)
    }
}

impl Serialize for StepId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for StepId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// Who did something, as far as this reader may know. Numbers beyond 0 and 1 count a document's
/// participants in the order in which the relay met them, and link nothing across documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Author {
    /// The reader of this view.
    You,
    /// The township's command centre.
    Centre,
    /// Somebody else; the reporter is usually 1.
    Alias(u16),
}

impl Author {
    /// The number on the wire and in the database.
    pub const fn number(self) -> u16 {
        match self {
            Self::You => 0,
            Self::Centre => 1,
            Self::Alias(alias) => alias.saturating_add(1),
        }
    }

    /// From the number on the wire.
    pub const fn from_number(number: u16) -> Self {
        match number {
            0 => Self::You,
            1 => Self::Centre,
            other => Self::Alias(other - 1),
        }
    }
}

impl Serialize for Author {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::You => serializer.serialize_str("you"),
            Self::Centre => serializer.serialize_str("centre"),
            Self::Alias(alias) => serializer.collect_str(&format_args!("person {alias}")),
        }
    }
}

impl<'de> Deserialize<'de> for Author {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        match (word.as_str(), word.strip_prefix("person ")) {
            ("you", _) => Ok(Self::You),
            ("centre", _) => Ok(Self::Centre),
            (_, Some(alias)) => alias.parse().map(Self::Alias).map_err(de::Error::custom),
            _ => Err(de::Error::custom("who is neither you, the centre nor a person")),
        }
    }
}

/// What stands beside a step because of the entry that brought it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Origin {
    /// The entry.
    pub entry: EntryId,
    /// Who.
    pub author: Author,
    /// When, by the author's clock.
    pub claimed_at: Timestamp,
    /// When it reached the relay, by the relay's clock; unknown before the receipt.
    pub received_at: Option<Timestamp>,
}

impl Origin {
    /// The time to count from: the relay's where it is known.
    pub fn at(&self) -> Timestamp {
        self.received_at.unwrap_or(self.claimed_at)
    }
}

/// A step as it lies in a document: encoded, with its origin; in the document's causal order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawStep {
    /// Which.
    pub id: StepId,
    /// CBOR of an incident's or a patrol's step.
    pub body: Vec<u8>,
    /// Who and when.
    pub origin: Origin,
    /// It decides, and nobody who decided later knew of it. Where several stand so, they were taken at the same time
    /// by people who did not know of each other.
    pub is_latest: bool,
}
