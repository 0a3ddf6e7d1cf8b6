//! Identities: fixed-width ids and digests, and the codes a township writes itself.
//!
//! An id of one thing can't be passed where another is meant: the tag is part of its type. Ids may
//! stand in logs and errors; nothing personal may be derived from one.

use std::{cmp::Ordering, fmt, hash, marker::PhantomData, str::FromStr};

use data_encoding::HEXLOWER_PERMISSIVE;
use minicbor::{Decode, Decoder, Encode, Encoder, data::Type, decode, encode};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{
    error::{Error, Problem},
    time::Timestamp,
};

/// `N` bytes that name one `Kind` of thing; written as lower-case hex in JSON and text, as a byte
/// string in CBOR.
pub struct Bytes<const N: usize, Kind>([u8; N], PhantomData<fn() -> Kind>);

/// A text code that a township gave (a grid's number, a department's short name): 1 to 64 bytes of
/// letters, digits and `- _ . /`.
pub struct Code<Kind>(String, PhantomData<fn() -> Kind>);

/// Names of the things that ids and codes stand for; never built.
pub mod kind {
    /// A township, the tenant of a relay.
    #[derive(Debug)]
    pub enum Township {}
    /// An enrolled phone, or the relay itself.
    #[derive(Debug)]
    pub enum Device {}
    /// A device's append-only chain.
    #[derive(Debug)]
    pub enum Log {}
    /// A document.
    #[derive(Debug)]
    pub enum Document {}
    /// A report being filled in.
    #[derive(Debug)]
    pub enum Draft {}
    /// A stretch of a relay's life between restores.
    #[derive(Debug)]
    pub enum Epoch {}
    /// One exchange with the relay.
    #[derive(Debug)]
    pub enum Nonce {}
    /// A one-time enrolment secret.
    #[derive(Debug)]
    pub enum EnrolCode {}
    /// What is kept of a one-time enrolment secret.
    #[derive(Debug)]
    pub enum EnrolCodeHash {}
    /// What a phone is bound to before it learns what the relay chose.
    #[derive(Debug)]
    pub enum Committed {}
    /// An entry, by the hash of its header.
    #[derive(Debug)]
    pub enum Entry {}
    /// An entry's body.
    #[derive(Debug)]
    pub enum Body {}
    /// The chain of a log up to one entry.
    #[derive(Debug)]
    pub enum Chain {}
    /// A photo, preview, voice note or track segment.
    #[derive(Debug)]
    pub enum Blob {}
    /// A TLS certificate.
    #[derive(Debug)]
    pub enum Certificate {}
    /// An Ed25519 public key.
    #[derive(Debug)]
    pub enum Verifying {}
    /// An Ed25519 signature.
    #[derive(Debug)]
    pub enum Signed {}
    /// Random bytes that keep an erased body from being guessed.
    #[derive(Debug)]
    pub enum Salt {}
    /// An area with members.
    #[derive(Debug)]
    pub enum Grid {}
    /// A person by role.
    #[derive(Debug)]
    pub enum Member {}
    /// A department that handles.
    #[derive(Debug)]
    pub enum Department {}
    /// What an incident is about.
    #[derive(Debug)]
    pub enum Category {}
    /// A place to visit on patrol.
    #[derive(Debug)]
    pub enum Checkpoint {}
    /// Why something was refused or sent back, as a key into the township's wording.
    #[derive(Debug)]
    pub enum Reason {}
    /// The words with which an incident is closed.
    #[derive(Debug)]
    pub enum Answer {}
    /// Why somebody is visited: alone, poor, ill.
    #[derive(Debug)]
    pub enum Purpose {}
    /// A form that is filled in on a visit or an inspection.
    #[derive(Debug)]
    pub enum Form {}
    /// One question of a form.
    #[derive(Debug)]
    pub enum Question {}
    /// What a warning is about: rain, landslide, forest fire.
    #[derive(Debug)]
    pub enum Hazard {}
    /// A theme of publicity.
    #[derive(Debug)]
    pub enum Theme {}
    /// A system from which matters are taken over: a hotline, petitions.
    #[derive(Debug)]
    pub enum Source {}
}

/// A township.
pub type TownshipId = Bytes<16, kind::Township>;
/// An enrolled phone; the relay has one too.
pub type DeviceId = Bytes<16, kind::Device>;
/// A device's log: random, made anew at enrolment and after a fork.
pub type LogId = Bytes<16, kind::Log>;
/// A document: a `UUIDv7`, so that ids made together sort and compress together.
pub type DocumentId = Bytes<16, kind::Document>;
/// A draft; the document that is made of it has the same 16 bytes.
pub type DraftId = Bytes<16, kind::Draft>;
/// A relay's life: random, new at creation and at every restore.
pub type Epoch = Bytes<16, kind::Epoch>;
/// Ties an answer to the request that asked for it.
pub type Nonce = Bytes<16, kind::Nonce>;
/// A one-time enrolment secret of 128 bits.
pub type EnrolCode = Bytes<16, kind::EnrolCode>;
/// The hash of an enrolment code: how a code is named without being told.
pub type CodeHash = Bytes<32, kind::EnrolCodeHash>;
/// A phone's commitment to its key and its secret.
pub type Commitment = Bytes<32, kind::Committed>;
/// BLAKE3 of an entry's canonical header: the same in every log and on every device.
pub type EntryId = Bytes<32, kind::Entry>;
/// BLAKE3 of an entry's body.
pub type BodyHash = Bytes<32, kind::Body>;
/// `BLAKE3(log_hash[n-1] ‖ canonical header)`; all zero before the first entry.
pub type LogHash = Bytes<32, kind::Chain>;
/// BLAKE3 of a blob's bytes.
pub type BlobHash = Bytes<32, kind::Blob>;
/// SHA-256 of a certificate in DER form, as the enrolment QR carries it.
pub type Pin = Bytes<32, kind::Certificate>;
/// An Ed25519 public key.
pub type PublicKey = Bytes<32, kind::Verifying>;
/// An Ed25519 signature.
pub type Signature = Bytes<64, kind::Signed>;
/// 8 random bytes in every record and note.
pub type Salt = Bytes<8, kind::Salt>;
/// A grid's number as the township writes it.
pub type GridId = Code<kind::Grid>;
/// A member's number in the township's list.
pub type MemberId = Code<kind::Member>;
/// A department's short name.
pub type DepartmentId = Code<kind::Department>;
/// A category of the settings bundle.
pub type CategoryId = Code<kind::Category>;
/// A checkpoint of the settings bundle.
pub type CheckpointId = Code<kind::Checkpoint>;
/// A reason of the settings bundle.
pub type ReasonId = Code<kind::Reason>;
/// A template of an answer's words.
pub type AnswerId = Code<kind::Answer>;
/// A purpose of visits, of the settings bundle.
pub type PurposeId = Code<kind::Purpose>;
/// A form of the settings bundle.
pub type FormId = Code<kind::Form>;
/// A question of a form, and an answer's code.
pub type QuestionId = Code<kind::Question>;
/// A hazard of the settings bundle.
pub type HazardId = Code<kind::Hazard>;
/// A theme of publicity of the settings bundle.
pub type ThemeId = Code<kind::Theme>;
/// A system from which the command centre takes matters over.
pub type SourceId = Code<kind::Source>;

impl<const N: usize, Kind> Bytes<N, Kind> {
    /// All zero: the state before anything happened (the log hash of an empty log).
    pub const ZERO: Self = Self([0; N], PhantomData);

    /// Wraps bytes that are already this kind of id.
    pub const fn new(bytes: [u8; N]) -> Self {
        Self(bytes, PhantomData)
    }

    /// Takes exactly `N` bytes, else tells that the id has the wrong length.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, Error> {
        match bytes.try_into() {
            Ok(array) => Ok(Self::new(array)),
            Err(_) => Err(Error::invalid(Problem::WrongLength { expected: N, found: bytes.len() })),
        }
    }

    /// The bytes by value.
    pub const fn to_array(self) -> [u8; N] {
        self.0
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; N] {
        &self.0
    }
}

impl<Kind> Bytes<32, Kind> {
    /// BLAKE3 of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self::new(*blake3::hash(bytes).as_bytes())
    }
}

impl DocumentId {
    /// A `UUIDv7` from a claimed time and ten random bytes; the time part is a claim like any other.
    pub fn at(time: Timestamp, random: [u8; 10]) -> Self {
        let millis = u64::try_from(time.millis()).unwrap_or(0);
        Self::new(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid().into_bytes())
    }
}

impl DraftId {
    /// A `UUIDv7`, as a document's id.
    pub fn at(time: Timestamp, random: [u8; 10]) -> Self {
        Self::new(DocumentId::at(time, random).to_array())
    }

    /// The document that this draft becomes: told again when the reporting itself was cut short, and so that a
    /// draft can't become two documents.
    pub const fn document(self) -> DocumentId {
        DocumentId::new(self.0)
    }
}

impl<const N: usize, Kind> Clone for Bytes<N, Kind> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<const N: usize, Kind> Copy for Bytes<N, Kind> {}

impl<const N: usize, Kind> PartialEq for Bytes<N, Kind> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<const N: usize, Kind> Eq for Bytes<N, Kind> {}

impl<const N: usize, Kind> PartialOrd for Bytes<N, Kind> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<const N: usize, Kind> Ord for Bytes<N, Kind> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl<const N: usize, Kind> hash::Hash for Bytes<N, Kind> {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<const N: usize, Kind> AsRef<[u8]> for Bytes<N, Kind> {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl<const N: usize, Kind> fmt::Display for Bytes<N, Kind> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER_PERMISSIVE.encode(&self.0))
    }
}

impl<const N: usize, Kind> fmt::Debug for Bytes<N, Kind> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<const N: usize, Kind> FromStr for Bytes<N, Kind> {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let bytes =
            HEXLOWER_PERMISSIVE.decode(text.as_bytes()).map_err(|_| Error::invalid(Problem::NotHex))?;
        Self::from_slice(&bytes)
    }
}

impl<C, const N: usize, Kind> Encode<C> for Bytes<N, Kind> {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.bytes(&self.0)?.ok()
    }
}

impl<'b, C, const N: usize, Kind> Decode<'b, C> for Bytes<N, Kind> {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        let position = d.position();
        Self::from_slice(d.bytes()?)
            .map_err(|_| decode::Error::message("id of the wrong length").at(position))
    }
}

impl<const N: usize, Kind> Serialize for Bytes<N, Kind> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, const N: usize, Kind> Deserialize<'de> for Bytes<N, Kind> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl<Kind> Code<Kind> {
    /// Longest code in bytes.
    pub const MAX_LEN: usize = 64;

    /// Checks and keeps a code; surrounding white space is dropped, as spreadsheets add it.
    pub fn new(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let is_allowed = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
        if text.is_empty() || text.len() > Self::MAX_LEN || !text.chars().all(is_allowed) {
            return Err(Error::invalid(Problem::BadCode));
        }
        Ok(Self(text.to_owned(), PhantomData))
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<Kind> Clone for Code<Kind> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}

impl<Kind> PartialEq for Code<Kind> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<Kind> Eq for Code<Kind> {}

impl<Kind> PartialOrd for Code<Kind> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<Kind> Ord for Code<Kind> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl<Kind> hash::Hash for Code<Kind> {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<Kind> fmt::Display for Code<Kind> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<Kind> fmt::Debug for Code<Kind> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<Kind> FromStr for Code<Kind> {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::new(text)
    }
}

impl<C, Kind> Encode<C> for Code<Kind> {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.str(&self.0)?.ok()
    }
}

impl<'b, C, Kind> Decode<'b, C> for Code<Kind> {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        let position = d.position();
        if d.datatype()? != Type::String {
            return Err(decode::Error::message("a code is a text string").at(position));
        }
        Self::new(d.str()?).map_err(|_| decode::Error::message("not a code").at(position))
    }
}

impl<Kind> Serialize for Code<Kind> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de, Kind> Deserialize<'de> for Code<Kind> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_round_trips_and_rejects_other_lengths() {
        let id = DocumentId::at(Timestamp::from_millis(1_763_800_000_000), [7; 10]);
        assert_eq!(id.to_string().parse::<DocumentId>().unwrap(), id);
        assert!("abcd".parse::<DocumentId>().is_err());
        assert!("zz".repeat(16).parse::<DocumentId>().is_err());
    }

    #[test]
    fn document_ids_sort_by_their_claimed_time() {
        let earlier = DocumentId::at(Timestamp::from_millis(1_000), [255; 10]);
        let later = DocumentId::at(Timestamp::from_millis(2_000), [0; 10]);
        assert!(earlier < later);
    }

    #[test]
    fn codes_refuse_paths_spaces_and_excess() {
        assert!(GridId::new("330702-01/003").is_ok());
        assert_eq!(GridId::new(" 西关-1 ").unwrap().as_str(), "西关-1");
        for bad in ["", "a b", "a\u{0}b", "<b>", &"x".repeat(65)] {
            assert!(GridId::new(bad).is_err(), "{bad:?}");
        }
    }
}
