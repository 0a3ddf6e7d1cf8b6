//! The messages between phone and relay: CBOR maps with numbered keys and a version in each.
//!
//! A number is never used twice. A newer field is skipped by an older reader; a newer version is
//! refused with what to do. Golden files in `tests/golden` keep this true.

pub use super::{
    beside::{
        ANSWER_HEADER, AnswerSeal, BaseMap, HeldAnswer, HeldQuestion, MAX_HELD_ASKED, SignedBaseMap,
        SignedHeldAnswer,
    },
    invitation::Invitation,
};
pub use crate::model::blob::BlobKind;
use minicbor::{Decode, Encode};
use serde::Serialize;

use crate::{
    error::{Error, HeldCode, Problem, Result},
    id::{
        BlobHash, DepartmentId, DeviceId, DocumentId, EnrolCode, EntryId, Epoch, GridId, LogId, MemberId,
        Nonce, PublicKey, Signature, TownshipId,
    },
    log::{BlobReceipt, Head, Key, Receipt, Signable, verify},
    model::{Role, decode, encode},
    time::Timestamp,
};

/// Version of every message here.
pub const VERSION: u8 = 1;
/// Largest sync request or response in bytes.
pub const MAX_SYNC_BYTES: usize = 1024 * 1024;
/// Largest piece of a blob in one request, in bytes.
pub const MAX_CHUNK_BYTES: usize = 512 * 1024;
/// Largest blob in bytes.
pub const MAX_BLOB_BYTES: u64 = 32 * 1024 * 1024;
/// Content type of every message here.
pub const CONTENT_TYPE: &str = "application/cbor";
/// The header in which a finished upload is receipted.
pub const RECEIPT_HEADER: &str = "suishou-receipt";
/// How long `GET /v1/sync/wait` hangs at most, in seconds.
pub const WAIT_S: u64 = 50;

/// Paths of the relay.
pub mod path {
    /// POST: enrolment.
    pub const ENROL: &str = "/v1/enrol";
    /// POST: what goes before an enrolment by a typed code.
    pub const HELLO: &str = "/v1/enrol/hello";
    /// POST: push and pull.
    pub const SYNC: &str = "/v1/sync";
    /// GET: hangs until the feed has something.
    pub const WAIT: &str = "/v1/sync/wait";
    /// GET: the settings bundle.
    pub const SETTINGS: &str = "/v1/settings";
    /// POST: which of many attachments the relay holds.
    pub const HELD: &str = "/v1/blobs/held";
    /// GET: which base map the township has; GET `/v1/basemap/{hash}?from=N`: a piece of it.
    pub const BASE_MAP: &str = "/v1/basemap";
    /// tus 1.0 creation; GET `/v1/blobs/{hash}` and `/v1/blobs/{hash}/preview`.
    pub const BLOBS: &str = "/v1/blobs";
}

/// Codes of the relay's typed errors, `{ "error": { "code", "reason" } }`.
pub mod code {
    /// The request is not readable; `reason` says where.
    pub const MALFORMED: &str = "malformed";
    /// The request is larger than allowed.
    pub const TOO_LARGE: &str = "too_large";
    /// Written by a newer version than the relay knows.
    pub const UNKNOWN_VERSION: &str = "unknown_version";
    /// No such device, or the signature is not its own.
    pub const UNKNOWN_DEVICE: &str = "unknown_device";
    /// Another township's relay.
    pub const WRONG_TOWNSHIP: &str = "wrong_township";
    /// The chain in the request does not lead to the signed head.
    pub const BROKEN_CHAIN: &str = "broken_chain";
    /// The token is missing, wrong or expired: sync and take the new one.
    pub const BAD_TOKEN: &str = "bad_token";
    /// An operator revoked the device.
    pub const REVOKED: &str = "revoked";
    /// There is no such enrolment code.
    pub const BAD_ENROL_CODE: &str = "bad_enrol_code";
    /// Another phone used the enrolment code.
    pub const ENROL_CODE_USED: &str = "enrol_code_used";
    /// The enrolment code is out of date, or was withdrawn.
    pub const ENROL_CODE_EXPIRED: &str = "enrol_code_expired";
    /// This device sent as much as it may for now: keep it and try later.
    pub const QUOTA: &str = "quota_used_up";
    /// Not here, or not for this device.
    pub const NOT_FOUND: &str = "not_found";
    /// The upload is at another offset: ask with HEAD.
    pub const OFFSET: &str = "offset_conflict";
    /// The finished bytes are not those of the hash: begin again.
    pub const WRONG_HASH: &str = "wrong_hash";
    /// The relay's disk is full: keep it and try later.
    pub const STORAGE_FULL: &str = "storage_full";
    /// Too much at once: try later.
    pub const OVERLOADED: &str = "overloaded";
    /// A fault of the relay.
    pub const INTERNAL: &str = "internal";

    /// All of them: an error with another code was not written by a relay.
    pub const ALL: [&str; 18] = [
        MALFORMED,
        TOO_LARGE,
        UNKNOWN_VERSION,
        UNKNOWN_DEVICE,
        WRONG_TOWNSHIP,
        BROKEN_CHAIN,
        BAD_TOKEN,
        REVOKED,
        BAD_ENROL_CODE,
        ENROL_CODE_USED,
        ENROL_CODE_EXPIRED,
        QUOTA,
        NOT_FOUND,
        OFFSET,
        WRONG_HASH,
        STORAGE_FULL,
        OVERLOADED,
        INTERNAL,
    ];
}

/// A position in the relay's ordered output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(array)]
pub struct Cursor {
    /// In which life of the relay.
    #[n(0)]
    pub epoch: Epoch,
    /// Everything up to here was taken.
    #[n(1)]
    pub seq: u64,
    /// How far into the history that became visible at `seq + 1`: the last feed position of it that
    /// was taken, 0 if none.
    #[n(2)]
    pub inside: u64,
}

/// What a phone says in one exchange.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SyncRequest {
    /// [`VERSION`].
    #[n(0)]
    pub version: u8,
    /// In which township.
    #[n(1)]
    pub township: TownshipId,
    /// Who.
    #[n(2)]
    pub device: DeviceId,
    /// Random; the answer must carry it.
    #[n(3)]
    pub nonce: Nonce,
    /// Up to where the feed is known; none at first.
    #[n(4)]
    pub cursor: Option<Cursor>,
    /// The device's current log.
    #[n(5)]
    pub log: LogId,
    /// Where the run begins; the log's head if nothing is pushed.
    #[n(6)]
    pub from: Head,
    /// The run, as a page.
    #[cbor(n(7), with = "minicbor::bytes")]
    pub page: Option<Vec<u8>>,
    /// The log's head after the run.
    #[n(8)]
    pub head: Head,
    /// The device's signature of that head, with a page.
    #[n(9)]
    pub head_signature: Option<Signature>,
    /// Version of the settings bundle that the phone has; 0 for none.
    #[n(10)]
    pub settings_version: u64,
}

/// A request with the device's signature over its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct SignedRequest {
    /// CBOR of the [`SyncRequest`].
    #[cbor(n(0), with = "minicbor::bytes")]
    pub request: Vec<u8>,
    /// Over [`RequestDigest`].
    #[n(1)]
    pub signature: Signature,
}

/// What is signed of a request: its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Encode)]
#[cbor(transparent)]
pub struct RequestDigest(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 32]);

impl Signable for RequestDigest {
    const STATEMENT: &'static str = "suishou/sync-request/1";
}

impl SignedRequest {
    /// Signs a request.
    pub fn sign(request: &SyncRequest, key: &Key) -> Self {
        let request = encode(request);
        let signature = key.sign(&RequestDigest(*blake3::hash(&request).as_bytes()));
        Self { request, signature }
    }

    /// Whether `key` signed exactly these bytes.
    pub fn verify(&self, key: &PublicKey) -> Result<()> {
        verify(key, &RequestDigest(*blake3::hash(&self.request).as_bytes()), &self.signature)
    }

    /// The request, not yet trusted.
    pub fn open(&self) -> Result<SyncRequest> {
        let request: SyncRequest = decode(&self.request, "a sync request")?;
        known_version("the sync request", request.version)?;
        Ok(request)
    }
}

/// What became of the pushed run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum PushOutcome {
    /// The receipt's head is the request's head.
    #[n(1)]
    Stored,
    /// The relay holds less of the log than the run begins at: push from the receipt's head.
    #[n(2)]
    Behind,
    /// The relay holds another entry at a counter of the run: open a new log.
    #[n(3)]
    Forked,
}

/// Something in the feed that is not an entry.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum FeedNotice {
    /// Drop what is not your own of this document: you may no longer see it.
    #[n(0)]
    Forget {
        /// Which.
        #[n(0)]
        document: DocumentId,
    },
    /// One of your entries is kept apart and takes no effect.
    #[n(1)]
    Held {
        /// Which.
        #[n(0)]
        entry: EntryId,
        /// Why.
        #[n(1)]
        code: HeldCode,
        /// What an operator who looked at it says to its author.
        #[n(2)]
        reply: Option<String>,
    },
    /// An entry of yours that was kept apart takes effect after all.
    #[n(2)]
    Released {
        /// Which.
        #[n(0)]
        entry: EntryId,
    },
}

/// What the relay answers.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SyncResponse {
    /// [`VERSION`].
    #[n(0)]
    pub version: u8,
    /// What the relay holds of the device's log.
    #[n(1)]
    pub receipt: Receipt,
    /// The relay's signature of the receipt: nothing else is an acknowledgement.
    #[n(2)]
    pub signature: Signature,
    /// What became of the run.
    #[n(3)]
    pub outcome: PushOutcome,
    /// Entries of the feed, as a page.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub page: Option<Vec<u8>>,
    /// What else the feed says, to be taken after the page.
    #[n(5)]
    pub notices: Vec<FeedNotice>,
    /// Where the feed goes on; none for a revoked device.
    #[n(6)]
    pub cursor: Option<Cursor>,
    /// The feed has more right now.
    #[n(7)]
    pub has_more: bool,
    /// Version of the township's settings bundle.
    #[n(8)]
    pub settings_version: u64,
    /// For blobs, wait and settings: as `Authorization: Bearer`; none for a revoked device.
    #[n(9)]
    pub token: Option<String>,
    /// The device is revoked: it gets nothing more, and what it sends is held.
    #[n(10)]
    pub is_revoked: bool,
    /// What the member may do; sent when the request's settings version is not the township's.
    #[n(11)]
    pub membership: Option<Membership>,
    /// The relay's signature of the `Revocation`, for a revoked device: it wipes itself on nothing less.
    #[n(12)]
    pub revocation: Option<Signature>,
    /// What the command centre has seen of the member's own work, to be taken after the page; none if nothing is
    /// new. No notice of the feed, because an older phone reads no notice that it does not know.
    #[n(13)]
    pub seen: Option<Vec<Seen>>,
}

/// Somebody of the command centre has looked at a document in which the member has work; never who.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Seen {
    /// Which.
    #[n(0)]
    pub document: DocumentId,
    /// When first, by the relay's clock.
    #[n(1)]
    pub at: Timestamp,
    /// How many of the member's entries took effect before the last look.
    #[n(2)]
    pub entries: u32,
}

/// What a member is in the township, as the phone needs it to know which buttons to show.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Membership {
    /// Which member.
    #[n(0)]
    pub member: MemberId,
    /// What they do.
    #[n(1)]
    pub role: Role,
    /// The grids in their care.
    #[n(2)]
    pub grids: Vec<GridId>,
    /// A handler's department.
    #[n(3)]
    pub department: Option<DepartmentId>,
}

/// A phone asks to be enrolled.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct EnrolRequest {
    /// [`VERSION`].
    #[n(0)]
    pub version: u8,
    /// From the QR.
    #[n(1)]
    pub code: EnrolCode,
    /// The public half of the key that the phone just made.
    #[n(2)]
    pub public_key: PublicKey,
    /// The new key's signature of [`EnrolProof`]: the phone holds the secret half.
    #[n(3)]
    pub proof: Signature,
    /// Random; the answer must carry it.
    #[n(4)]
    pub nonce: Nonce,
    /// With a typed code: the secret that the phone's commitment hid.
    #[n(5)]
    pub opening: Option<Nonce>,
}

/// What the new key signs.
#[derive(Clone, Debug, PartialEq, Eq, Encode)]
#[cbor(array)]
pub struct EnrolProof {
    /// The code.
    #[n(0)]
    pub code: EnrolCode,
    /// The key itself.
    #[n(1)]
    pub public_key: PublicKey,
    /// The request's nonce.
    #[n(2)]
    pub nonce: Nonce,
}

impl Signable for EnrolProof {
    const STATEMENT: &'static str = "suishou/enrol-proof/1";
}

/// The relay's answer to an enrolment; the same code and key get the same answer again.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Enrolment {
    /// [`VERSION`].
    #[n(0)]
    pub version: u8,
    /// In which township.
    #[n(1)]
    pub township: TownshipId,
    /// What it is called.
    #[n(2)]
    pub township_name: String,
    /// The id that the phone has from now on.
    #[n(3)]
    pub device: DeviceId,
    /// Whose phone it is, and what they may do.
    #[n(4)]
    pub membership: Membership,
    /// The request's nonce.
    #[n(5)]
    pub nonce: Nonce,
}

impl Signable for Enrolment {
    const STATEMENT: &'static str = "suishou/enrolment/1";
}

/// An enrolment with the relay's signature.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct SignedEnrolment {
    /// The answer.
    #[n(0)]
    pub enrolment: Enrolment,
    /// By the relay's key, which the QR carried.
    #[n(1)]
    pub signature: Signature,
}

/// The settings bundle as it travels.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct SignedSettings {
    /// zstd of the bundle's CBOR.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub bundle: Vec<u8>,
    /// By the relay's key, over [`SettingsDigest`].
    #[n(1)]
    pub signature: Signature,
}

/// What is signed of a bundle: the bytes as they travel.
#[derive(Clone, Debug, PartialEq, Eq, Encode)]
#[cbor(transparent)]
pub struct SettingsDigest(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 32]);

impl Signable for SettingsDigest {
    const STATEMENT: &'static str = "suishou/settings/1";
}

/// A finished upload's receipt with the relay's signature, as base64url in [`RECEIPT_HEADER`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct SignedBlobReceipt {
    /// What is held.
    #[n(0)]
    pub receipt: BlobReceipt,
    /// By the relay's key.
    #[n(1)]
    pub signature: Signature,
}

/// The body of the relay's typed errors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct ErrorBody {
    /// What.
    pub error: ErrorDetail,
}

/// A typed error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct ErrorDetail {
    /// One of [`code`].
    pub code: String,
    /// For people, with what to do.
    pub reason: String,
}

/// Refuses a message of a version this program does not know.
pub fn known_version(what: &'static str, version: u8) -> Result<()> {
    if version == VERSION {
        return Ok(());
    }
    Err(Error::invalid(Problem::UnknownVersion { what, found: version.into(), known: VERSION.into() }))
}

/// A blob's path for reading.
pub fn blob_path(hash: &BlobHash) -> String {
    format!("{}/{hash}", path::BLOBS)
}
