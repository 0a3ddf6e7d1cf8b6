//! A draft: a report or another document that is being filled in, with all that the person entered so far.
//!
//! It never leaves the phone. Nothing in it has to be whole: what is missing is told when it is reported.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};

use crate::{
    error::{Error, Problem, Result},
    id::{BlobHash, CategoryId, DraftId, GridId},
    model::{DocumentKind, Severity, decode, encode, incident::Matter, place::Fix},
    time::Timestamp,
};

/// Version of a draft's bytes.
const VERSION: u64 = 1;
/// Largest draft in bytes: much more than any report may have, so that nothing is lost while it is written.
pub const MAX_DRAFT_BYTES: usize = 256 * 1024;

/// A document that is being filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Which; the document that is made of it has the same bytes as its id.
    pub id: DraftId,
    /// What it is to become.
    pub kind: DocumentKind,
    /// When it was begun.
    pub started_at: Timestamp,
    /// When it was last saved with another content; set when it is saved.
    pub changed_at: Timestamp,
    /// What was entered.
    pub body: DraftBody,
}

/// What was entered. Numbers are those of the stored form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct DraftBody {
    /// In the person's words, as they stand in the form: not trimmed.
    #[n(0)]
    pub text: String,
    /// What it is about, once it is chosen.
    #[n(1)]
    pub category: Option<CategoryId>,
    /// How much it matters.
    #[n(2)]
    pub severity: Severity,
    /// The last known fix.
    #[n(3)]
    pub fix: Option<Fix>,
    /// The grid, if the person chose one.
    #[n(4)]
    pub grid: Option<GridId>,
    /// Photos that are kept on this phone.
    #[n(5)]
    pub photos: Vec<BlobHash>,
    /// A voice recording that is kept on this phone.
    #[n(6)]
    pub voice: Option<BlobHash>,
    /// The person does not want to be named.
    #[n(7)]
    pub is_anonymous: bool,
    /// Fields of other kinds' forms, by their names.
    #[n(8)]
    pub extra: BTreeMap<String, String>,
    /// A complaint or suggestion; none for an incident.
    #[n(9)]
    pub matter: Option<Matter>,
}

/// A body with its version, as it is stored.
#[derive(Encode, Decode)]
#[cbor(map)]
struct Kept {
    #[n(0)]
    version: u64,
    #[n(1)]
    body: DraftBody,
}

/// The version alone, whatever else there is.
#[derive(Decode)]
#[cbor(map)]
struct KeptVersion {
    #[n(0)]
    version: u64,
}

impl DraftBody {
    /// The stored form.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let bytes = encode(&Kept { version: VERSION, body: self.clone() });
        if bytes.len() > MAX_DRAFT_BYTES {
            return Err(Error::invalid(Problem::TooLarge {
                what: "the draft in bytes",
                found: bytes.len() as u64,
                limit: MAX_DRAFT_BYTES as u64,
            }));
        }
        Ok(bytes)
    }

    /// Reads the stored form.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let found = decode::<KeptVersion>(bytes, "a draft")?.version;
        if found != VERSION {
            return Err(Error::invalid(Problem::UnknownVersion { what: "a draft", found, known: VERSION }));
        }
        Ok(decode::<Kept>(bytes, "a draft")?.body)
    }

    /// Every blob that it names.
    pub fn blobs(&self) -> impl Iterator<Item = BlobHash> {
        self.photos.iter().copied().chain(self.voice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_is_read_as_it_was_written_and_a_newer_one_is_told() {
        let body = DraftBody {
            text: " half a sen".to_owned(),
            photos: vec![BlobHash::of(b"1"), BlobHash::of(b"2")],
            voice: Some(BlobHash::of(b"3")),
            extra: BTreeMap::from([("who".to_owned(), "x".to_owned())]),
            ..DraftBody::default()
        };
        let mut bytes = body.to_bytes().unwrap();
        assert_eq!(DraftBody::from_bytes(&bytes).unwrap(), body);
        assert_eq!(body.blobs().count(), 3);
        // The map's first key is 0, its value the version.
        assert_eq!(bytes[..3], [0xa2, 0, 1]);
        bytes[2] = 2;
        let newer = DraftBody::from_bytes(&bytes);
        assert!(
            matches!(&newer, Err(Error::Invalid { problems }) if matches!(problems[..], [Problem::UnknownVersion { found: 2, .. }])),
            "{newer:?}"
        );
        let long = DraftBody { text: "x".repeat(MAX_DRAFT_BYTES), ..DraftBody::default() };
        assert!(long.to_bytes().is_err());
    }
}
