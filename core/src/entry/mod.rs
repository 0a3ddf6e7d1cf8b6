//! An entry: one thing one person did, the unit of work, of storage and of the wire. Immutable.
//!
//! The header is hashed and chained; the body stands beside it, so that it can be erased without
//! breaking a chain. An entry names no person, device or log: who wrote it is known from the log it
//! came in, and only to the relay.

pub mod chunk;
pub mod page;
mod split;
pub(crate) mod varint;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, Problem, Result},
    id::{BodyHash, DocumentId, EntryId},
    model::DocumentKind,
    time::Timestamp,
};

/// Largest body in bytes.
pub const MAX_BODY_BYTES: usize = 256 * 1024;
/// Version of the canonical header.
pub const HEADER_VERSION: u8 = 1;
/// Length of the canonical header in bytes.
pub const HEADER_LEN: usize = 59;

/// What a body holds. Numbers are wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum BodyType {
    /// What was captured, as CBOR.
    #[n(1)]
    Record,
    /// A remark on a document, as CBOR.
    #[n(2)]
    Note,
    /// One Automerge change of the working document.
    #[n(3)]
    Change,
}

impl BodyType {
    /// The number on the wire and in SQL.
    pub const fn number(self) -> u8 {
        match self {
            Self::Record => 1,
            Self::Note => 2,
            Self::Change => 3,
        }
    }

    /// The body type with this number.
    pub fn from_number(number: u8) -> Option<Self> {
        [Self::Record, Self::Note, Self::Change].into_iter().find(|known| known.number() == number)
    }
}

/// What is hashed and chained of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The document it belongs to.
    pub document: DocumentId,
    /// What that document is.
    pub kind: DocumentKind,
    /// When, by the author's clock: a claim.
    pub claimed_at: Timestamp,
    /// What the body holds.
    pub body_type: BodyType,
    /// BLAKE3 of the body.
    pub body_hash: BodyHash,
}

impl Header {
    /// The one byte form of a header: version, document, kind, claimed time (big endian), body type,
    /// body hash.
    pub fn canonical(&self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        let parts: [&[u8]; 6] = [
            &[HEADER_VERSION],
            self.document.as_ref(),
            &[self.kind.number()],
            &self.claimed_at.millis().to_be_bytes(),
            &[self.body_type.number()],
            self.body_hash.as_ref(),
        ];
        for (to, from) in bytes.iter_mut().zip(parts.into_iter().flatten()) {
            *to = *from;
        }
        bytes
    }

    /// The entry's id: BLAKE3 of the canonical header. It is the same in whichever log the entry
    /// stands, so that an entry appended again after a fork is known for what it is, and it can be
    /// computed by everyone who is sent the entry, so that it never travels.
    pub fn id(&self) -> EntryId {
        EntryId::of(&self.canonical())
    }
}

/// A header with its body; the body may have been erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What is hashed and chained.
    pub header: Header,
    /// The bytes whose hash the header has, unless they were erased.
    pub body: Option<Vec<u8>>,
}

impl Entry {
    /// A new entry around a body.
    pub fn new(
        document: DocumentId,
        kind: DocumentKind,
        claimed_at: Timestamp,
        body_type: BodyType,
        body: Vec<u8>,
    ) -> Result<Self> {
        if body.len() > MAX_BODY_BYTES {
            return Err(Error::invalid(Problem::TooLarge {
                what: "the entry's body in bytes",
                found: body.len() as u64,
                limit: MAX_BODY_BYTES as u64,
            }));
        }
        let header = Header { document, kind, claimed_at, body_type, body_hash: BodyHash::of(&body) };
        Ok(Self { header, body: Some(body) })
    }

    /// The entry's id.
    pub fn id(&self) -> EntryId {
        self.header.id()
    }
}
