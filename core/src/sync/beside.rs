//! Messages beside the exchange of entries: which attachments the relay holds, and the township's base map.

use minicbor::{Decode, Encode};

use crate::{
    id::{BlobHash, Epoch, Nonce, Signature, TownshipId},
    log::Signable,
};

/// The township's base map: a file of tiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct BaseMap {
    /// Of which township.
    #[n(0)]
    pub township: TownshipId,
    /// BLAKE3 of the file.
    #[n(1)]
    pub hash: BlobHash,
    /// Its size.
    #[n(2)]
    pub size_bytes: u64,
    /// Its places are shifted, as in maps of the mainland.
    #[n(3)]
    pub is_gcj02: bool,
}

impl Signable for BaseMap {
    const STATEMENT: &'static str = "suishou/base-map/1";
}

/// A base map with the relay's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct SignedBaseMap {
    /// Which.
    #[n(0)]
    pub map: BaseMap,
    /// By the relay's key.
    #[n(1)]
    pub signature: Signature,
}

/// Most attachments of one [`HeldQuestion`].
pub const MAX_HELD_ASKED: usize = 4_000;

/// Which of these attachments does the relay hold? Asked by a phone that has not got them: given up for an earlier
/// life's receipt, or taken with another phone of its member.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct HeldQuestion {
    /// [`VERSION`](super::wire::VERSION).
    #[n(0)]
    pub version: u8,
    /// Never used before.
    #[n(1)]
    pub nonce: Nonce,
    /// Which, at most [`MAX_HELD_ASKED`].
    #[n(2)]
    pub blobs: Vec<BlobHash>,
}

/// What a relay signs as the answer.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct HeldAnswer {
    /// In which township.
    #[n(0)]
    pub township: TownshipId,
    /// The relay's life in which this is true.
    #[n(1)]
    pub epoch: Epoch,
    /// BLAKE3 of the question as it came.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub question: [u8; 32],
    /// The size of each in bytes, in the order of the question; 0 of one that the relay has not got.
    #[n(3)]
    pub sizes: Vec<u64>,
}

impl Signable for HeldAnswer {
    const STATEMENT: &'static str = "suishou/blobs-held/1";
}

/// The answer with the relay's signature.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct SignedHeldAnswer {
    /// What is held.
    #[n(0)]
    pub answer: HeldAnswer,
    /// By the relay's key.
    #[n(1)]
    pub signature: Signature,
}

/// The relay's signature over the [`AnswerSeal`] of an answer to a sync; older relays send none.
pub const ANSWER_HEADER: &str = "suishou-answer";

/// What the relay signs of an answer to a sync, as base64url in [`ANSWER_HEADER`]: the receipt within it is signed by
/// itself, and so that nothing of the rest was lost or changed on the way is this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode)]
#[cbor(array)]
pub struct AnswerSeal {
    /// The request's.
    #[n(0)]
    pub nonce: Nonce,
    /// BLAKE3 of the answer's body as it travels.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub digest: [u8; 32],
}

impl AnswerSeal {
    /// Of the answer to the request with this nonce.
    pub fn of(nonce: Nonce, body: &[u8]) -> Self {
        Self { nonce, digest: *blake3::hash(body).as_bytes() }
    }
}

impl Signable for AnswerSeal {
    const STATEMENT: &'static str = "suishou/answer/1";
}
