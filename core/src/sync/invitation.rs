//! What an operator's QR carries.

use minicbor::{Decode, Encode};

use super::wire::known_version;
use crate::{
    error::{Error, Problem, Result},
    id::{EnrolCode, Pin, PublicKey, TownshipId},
    model::{decode, encode},
};

/// What an operator's QR carries: where the relay is, how to know it, and the one-time code.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Invitation {
    /// The version of every message.
    #[n(0)]
    pub version: u8,
    /// Base addresses (`https://192.168.1.20:8443`), the most likely first.
    #[n(1)]
    pub addresses: Vec<String>,
    /// SHA-256 of the relay's certificate; none only for plain HTTP on loopback.
    #[n(2)]
    pub pin: Option<Pin>,
    /// The key that signs receipts, settings and enrolments.
    #[n(3)]
    pub relay_key: PublicKey,
    /// Which township.
    #[n(4)]
    pub township: TownshipId,
    /// The one-time code.
    #[n(5)]
    pub code: EnrolCode,
}

impl Invitation {
    const PREFIX: &'static str = "SUISHOU:1:";

    /// As text for a QR: upper-case letters and digits only, so that the QR stays small.
    pub fn to_text(&self) -> String {
        format!("{}{}", Self::PREFIX, data_encoding::BASE32_NOPAD.encode(&encode(self)))
    }

    /// From the text of a QR.
    pub fn from_text(text: &str) -> Result<Self> {
        let text = text.trim();
        let malformed = || Error::malformed("an enrolment QR");
        let coded = text.strip_prefix(Self::PREFIX).ok_or_else(malformed)?;
        let bytes = data_encoding::BASE32_NOPAD.decode(coded.as_bytes()).map_err(|_| malformed())?;
        let invitation: Self = decode(&bytes, "an enrolment QR")?;
        known_version("the enrolment QR", invitation.version)?;
        if invitation.addresses.is_empty() {
            return Err(Error::invalid(Problem::Missing("the relay's address")));
        }
        Ok(invitation)
    }
}
