//! A device's own append-only chain of entries, the head it signs and the receipt it gets.
//!
//! Nothing is signed at capture. At push the device signs one head for the whole run; the receiver
//! recomputes the chain. Two hashes at one counter mean a fork: a phone cloned or rolled back.

use ed25519_dalek::{Signer, SigningKey, Verifier, VerifyingKey};
use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::{
    entry::Header,
    error::{Error, Result, Unreachable},
    id::{BlobHash, DeviceId, Epoch, LogHash, LogId, Nonce, PublicKey, Signature, TownshipId},
    model::encode,
    time::{Random, Timestamp},
};

/// A point in a log: how many entries, and the chain's hash over them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cbor(array)]
pub struct Head {
    /// Number of entries so far.
    #[n(0)]
    pub counter: u64,
    /// The chain's hash over all of them.
    #[n(1)]
    pub hash: LogHash,
}

impl Head {
    /// Before the first entry.
    pub const START: Self = Self { counter: 0, hash: LogHash::ZERO };

    /// After one more entry: `BLAKE3(hash ‖ canonical header)`.
    #[must_use]
    pub fn then(self, header: &Header) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.hash.as_ref());
        hasher.update(&header.canonical());
        Self { counter: self.counter + 1, hash: LogHash::new(*hasher.finalize().as_bytes()) }
    }
}

/// What a device signs at push: all of my log up to here is mine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct LogHead {
    /// In which township.
    #[n(0)]
    pub township: TownshipId,
    /// Whose.
    #[n(1)]
    pub device: DeviceId,
    /// Which log.
    #[n(2)]
    pub log: LogId,
    /// Up to where.
    #[n(3)]
    pub head: Head,
}

/// What a relay signs: I hold, fsynced, all of this log up to here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Receipt {
    /// Which log, of whom, up to where.
    #[n(0)]
    pub log_head: LogHead,
    /// The relay's life in which this is true.
    #[n(1)]
    pub epoch: Epoch,
    /// The relay's count of stored entries when it was true.
    #[n(2)]
    pub seq: u64,
    /// When, by the relay's clock.
    #[n(3)]
    pub at: Timestamp,
    /// The request's nonce: an old receipt is no answer to a new request.
    #[n(4)]
    pub nonce: Nonce,
}

/// What a relay signs for a blob: I hold it, file and directory fsynced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct BlobReceipt {
    /// In which township.
    #[n(0)]
    pub township: TownshipId,
    /// Which blob.
    #[n(1)]
    pub blob: BlobHash,
    /// How many bytes.
    #[n(2)]
    pub size_bytes: u64,
    /// The relay's life in which this is true.
    #[n(3)]
    pub epoch: Epoch,
}

/// What a relay signs for a phone that the township revoked: this is so now, as an answer to this request. A phone
/// wipes itself on nothing less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Revocation {
    /// In which township.
    #[n(0)]
    pub township: TownshipId,
    /// Whose.
    #[n(1)]
    pub device: DeviceId,
    /// The relay's life in which this is true.
    #[n(2)]
    pub epoch: Epoch,
    /// The request's nonce.
    #[n(3)]
    pub nonce: Nonce,
}

/// Something that is signed: its CBOR behind words that keep one use from passing for another.
pub trait Signable: Encode<()> {
    /// What kind of statement this is.
    const STATEMENT: &'static str;

    /// The bytes that are signed.
    fn statement(&self) -> Vec<u8>
    where
        Self: Sized,
    {
        let mut bytes = Self::STATEMENT.as_bytes().to_vec();
        bytes.push(0);
        bytes.extend(encode(self));
        bytes
    }
}

impl Signable for LogHead {
    const STATEMENT: &'static str = "suishou/log-head/1";
}

impl Signable for Receipt {
    const STATEMENT: &'static str = "suishou/receipt/1";
}

impl Signable for BlobReceipt {
    const STATEMENT: &'static str = "suishou/blob-receipt/1";
}

impl Signable for Revocation {
    const STATEMENT: &'static str = "suishou/revocation/1";
}

/// A device's or relay's secret key.
#[derive(Clone)]
pub struct Key(SigningKey);

impl Key {
    /// A new key.
    pub fn generate(random: &mut Random) -> Self {
        Self(SigningKey::from_bytes(&random.bytes()))
    }

    /// A key from its 32 secret bytes.
    pub fn from_secret(secret: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(secret))
    }

    /// The 32 secret bytes, to be kept where only the owner reads.
    pub fn secret(&self) -> zeroize::Zeroizing<[u8; 32]> {
        zeroize::Zeroizing::new(self.0.to_bytes())
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey::new(self.0.verifying_key().to_bytes())
    }

    /// The secret half for key agreement: what was sealed to this key is opened with it.
    ///
    /// One key for signatures and for a KEM is safe for this pair of schemes (eprint 2021/509), and a township
    /// has one key to keep.
    pub(crate) fn agreement_secret(&self) -> zeroize::Zeroizing<[u8; 32]> {
        zeroize::Zeroizing::new(self.0.to_scalar_bytes())
    }

    /// Signs a statement.
    pub fn sign<T: Signable>(&self, statement: &T) -> Signature {
        Signature::new(self.0.sign(&statement.statement()).to_bytes())
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({})", self.public())
    }
}

/// The public half for key agreement (X25519) of a key that signs; a weak key is none.
pub(crate) fn agreement_key(key: &PublicKey) -> Result<[u8; 32]> {
    match VerifyingKey::from_bytes(key.as_bytes()) {
        Ok(key) if !key.is_weak() => Ok(key.to_montgomery().to_bytes()),
        _ => Err(Error::malformed("a key to seal to")),
    }
}

/// Checks a signature; a wrong one is as good as none.
pub fn verify<T: Signable>(key: &PublicKey, statement: &T, signature: &Signature) -> Result<()> {
    VerifyingKey::from_bytes(key.as_bytes())
        .and_then(|key| {
            let signature = ed25519_dalek::Signature::from_bytes(signature.as_bytes());
            key.verify(&statement.statement(), &signature)
        })
        .map_err(|_| Error::Offline(Unreachable::BadSignature))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        entry::{BodyType, Entry},
        id::DocumentId,
        model::DocumentKind,
    };

    fn header(body: &[u8]) -> Header {
        let document = DocumentId::new([1; 16]);
        let at = Timestamp::from_millis(5);
        Entry::new(document, DocumentKind::Incident, at, BodyType::Note, body.to_vec()).unwrap().header
    }

    #[test]
    fn the_chain_depends_on_every_entry_and_their_order() {
        let (a, b) = (header(b"a"), header(b"b"));
        let ab = Head::START.then(&a).then(&b);
        assert_eq!(ab.counter, 2);
        assert_ne!(ab.hash, Head::START.then(&b).then(&a).hash);
        assert_ne!(ab.hash, Head::START.then(&b).hash);
    }

    #[test]
    fn a_signature_holds_for_its_statement_and_key_only() {
        let mut random = Random::seeded(1);
        let (key, other) = (Key::generate(&mut random), Key::generate(&mut random));
        let log_head = LogHead {
            township: TownshipId::new(random.bytes()),
            device: DeviceId::new(random.bytes()),
            log: LogId::new(random.bytes()),
            head: Head::START.then(&header(b"a")),
        };
        let signature = key.sign(&log_head);
        assert!(verify(&key.public(), &log_head, &signature).is_ok());
        assert!(verify(&other.public(), &log_head, &signature).is_err());
        for changed in [
            LogHead { township: TownshipId::ZERO, ..log_head },
            LogHead { device: DeviceId::ZERO, ..log_head },
            LogHead { log: LogId::ZERO, ..log_head },
            LogHead { head: Head { counter: 2, ..log_head.head }, ..log_head },
            LogHead { head: Head { hash: LogHash::ZERO, ..log_head.head }, ..log_head },
        ] {
            assert!(verify(&key.public(), &changed, &signature).is_err());
        }
    }
}
