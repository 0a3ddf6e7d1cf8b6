//! What the relay signs after an erasure: what kinds, how many, when, why, and the hashes of what is gone.

use minicbor::Encode;
use serde::{Deserialize, Serialize};
use suishou_core::{
    error::Error,
    id::{BlobHash, BodyHash, DocumentId, MemberId, PublicKey, Signature, TownshipId},
    log::{Key, Signable, verify},
    time::Timestamp,
};

use crate::relay::error::Result;

/// Version of the certificate.
pub(super) const FORMAT: u8 = 1;

/// About whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// Somebody who reports or works, by number.
    Member(MemberId),
    /// A household that is looked after, by document.
    Household(DocumentId),
    /// Who called another system about this incident.
    Caller(DocumentId),
}

/// What was erased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ErasureCertificate)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// [`FORMAT`].
    pub format: u8,
    /// In which township.
    pub township: TownshipId,
    /// Whose signature this is.
    pub relay_key: PublicKey,
    /// About whom; numbers are no names.
    pub subject: Subject,
    /// Why.
    pub reason: String,
    /// The operator; none for this machine.
    pub by: Option<i64>,
    /// When.
    pub erased_at: Timestamp,
    /// Records whose text is gone.
    pub records: u64,
    /// Remarks whose text is gone.
    pub notes: u64,
    /// Attachments that are gone.
    pub blobs: u64,
    /// Documents that these belong to.
    pub documents: u64,
    /// Names and phones of a caller that are gone.
    #[serde(default, skip_serializing_if = "is_none")]
    pub contacts: u64,
    /// Phones that were revoked.
    pub devices_revoked: u64,
    /// A sealed identity is gone.
    pub had_identity: bool,
    /// The hashes of the bodies that are gone, as they stand in the logs.
    pub bodies: Vec<BodyHash>,
    /// The hashes of the attachments that are gone.
    pub blob_hashes: Vec<BlobHash>,
}

/// A certificate with its signature, as it stands in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = SignedErasureCertificate)]
#[serde(deny_unknown_fields)]
pub struct SignedCertificate {
    /// What is signed.
    pub certificate: Certificate,
    /// The relay's signature.
    pub signature: Signature,
}

/// Certificates of before contacts were counted are signed without them.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_none(count: &u64) -> bool {
    *count == 0
}

#[derive(Encode)]
#[cbor(array)]
struct Digest(#[cbor(n(0), with = "minicbor::bytes")] [u8; 32]);

impl Signable for Digest {
    const STATEMENT: &'static str = "suishou/erasure/1";
}

impl Certificate {
    fn digest(&self) -> Result<Digest> {
        let bytes = serde_json::to_vec(self).map_err(|_| Error::Corrupt("a certificate"))?;
        Ok(Digest(*blake3::hash(&bytes).as_bytes()))
    }

    pub(super) fn sign(self, key: &Key) -> Result<SignedCertificate> {
        let signature = key.sign(&self.digest()?);
        Ok(SignedCertificate { certificate: self, signature })
    }
}

impl SignedCertificate {
    /// As in a file.
    pub fn to_json(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(self).map_err(|_| Error::Corrupt("a certificate"))?)
    }

    /// Reads a file; the signature must be that of the key in it.
    pub fn read(json: &[u8]) -> Result<Self> {
        let signed: Self = serde_json::from_slice(json).map_err(|_| Error::malformed("a certificate"))?;
        verify(&signed.certificate.relay_key, &signed.certificate.digest()?, &signed.signature)
            .map_err(|_| Error::malformed("a certificate with the relay's signature"))?;
        Ok(signed)
    }
}
