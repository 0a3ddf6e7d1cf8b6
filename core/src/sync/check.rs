//! Six digits that a person and an operator compare by word, and what makes them worth comparing.
//!
//! A QR carries the relay's key and the pin of its certificate, so that nobody can stand between phone and relay;
//! there the digits say only that it was this phone that used the code. A *typed* code carries neither: the phone
//! trusts whatever answers at the typed address, until the digits are compared. Somebody in the middle (M) then has
//! two conversations, one as the relay with the phone and one as a phone with the relay, and both must come to the same
//! six digits. A million tries would do, so M must never be able to try:
//!
//! ```text
//! phone ── hello: hash of the code, commitment to (secret, phone's key) ──▶ relay
//! phone ◀── relay's key, relay's nonce, signed ────────────────────────── relay      (certificate: seen, pinned)
//! phone ── enrol: code, phone's key, secret ───────────────────────────▶ relay
//!                digits = f(relay's key, pin, phone's key, code, secret, nonce)
//! ```
//!
//! * Towards the phone M must choose key, certificate and nonce before it learns the secret: the commitment hides it.
//!   After that the phone's digits are fixed.
//! * Towards the relay M must commit to a key and a secret before it learns the relay's nonce, and the relay gives each
//!   commitment one nonce and takes only [`MAX_COMMITMENTS`] of them for one code. So M has that many guesses at one in
//!   a million, and each is seen: a code that was tried too often is spent.
//! * A relay never takes a typed code without an opened commitment: a code that M learnt can't be used in another way.
//!
//! Whose digits differ says so, and the operator revokes the device.

use std::{fmt, str::FromStr};

use minicbor::{Decode, Encode};
use serde::{Serialize, Serializer};

use crate::{
    error::{Error, Problem, Result},
    id::{CodeHash, Commitment, EnrolCode, Nonce, Pin, PublicKey, TownshipId},
    log::Signable,
};

/// How many commitments a relay takes for one typed code: one, and some for a person who begins again.
pub const MAX_COMMITMENTS: u64 = 5;
/// Below this are the numbers of six digits.
const DIGITS: u32 = 1_000_000;

/// How a code is named without being told: the relay keeps nothing else of it.
pub fn code_hash(code: &EnrolCode) -> CodeHash {
    CodeHash::new(blake3::derive_key("suishou 2026 enrolment code", code.as_ref()))
}

/// What a phone is bound to from its hello on.
pub fn commitment(secret: &Nonce, device_key: &PublicKey) -> Commitment {
    let mut hasher = blake3::Hasher::new_derive_key("suishou 2026 enrolment commitment");
    hasher.update(secret.as_ref()).update(device_key.as_ref());
    Commitment::new(*hasher.finalize().as_bytes())
}

/// What goes before an enrolment by a typed code.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Hello {
    /// The wire's version.
    #[n(0)]
    pub version: u8,
    /// Which code is about to be used.
    #[n(1)]
    pub code: CodeHash,
    /// To the phone's secret and key.
    #[n(2)]
    pub commitment: Commitment,
}

/// Who answers, and with what it goes on.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Welcome {
    /// The wire's version.
    #[n(0)]
    pub version: u8,
    /// Which township.
    #[n(1)]
    pub township: TownshipId,
    /// The key that signs receipts, settings and enrolments.
    #[n(2)]
    pub relay_key: PublicKey,
    /// The commitment that is answered.
    #[n(3)]
    pub commitment: Commitment,
    /// The relay's part of the digits: the same for the same commitment.
    #[n(4)]
    pub nonce: Nonce,
}

impl Signable for Welcome {
    const STATEMENT: &'static str = "suishou/welcome/1";
}

/// A welcome with the signature of the key in it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct SignedWelcome {
    /// The answer.
    #[n(0)]
    pub welcome: Welcome,
    /// By its own key: whoever answers holds it.
    #[n(1)]
    pub signature: crate::id::Signature,
}

/// What both sides know of an enrolment.
#[derive(Clone, Copy, Debug)]
pub struct Compared {
    /// The relay's key, as this side knows it.
    pub relay_key: PublicKey,
    /// Of the certificate, as this side knows it.
    pub pin: Option<Pin>,
    /// The phone's key, as this side knows it.
    pub device_key: PublicKey,
    /// The one-time code.
    pub code: EnrolCode,
    /// With a typed code: the phone's secret and the relay's nonce.
    pub opened: Option<(Nonce, Nonce)>,
}

impl Compared {
    /// The digits.
    pub fn check(&self) -> CheckCode {
        let (secret, nonce) = self.opened.unwrap_or((Nonce::ZERO, Nonce::ZERO));
        let mut hasher = blake3::Hasher::new_derive_key("suishou 2026 enrolment check");
        hasher
            .update(self.relay_key.as_ref())
            .update(self.pin.unwrap_or(Pin::ZERO).as_ref())
            .update(self.device_key.as_ref())
            .update(self.code.as_ref())
            .update(&[u8::from(self.opened.is_some())])
            .update(secret.as_ref())
            .update(nonce.as_ref());
        let mut wide = [0; 8];
        hasher.finalize_xof().fill(&mut wide);
        let number = u64::from_le_bytes(wide) % u64::from(DIGITS);
        CheckCode(u32::try_from(number).unwrap_or(0))
    }
}

/// Six digits, written `123 456`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckCode(u32);

impl CheckCode {
    /// As it is kept.
    pub const fn number(self) -> u32 {
        self.0
    }

    /// From a kept number.
    pub fn from_number(number: u32) -> Option<Self> {
        (number < DIGITS).then_some(Self(number))
    }
}

impl fmt::Display for CheckCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03} {:03}", self.0 / 1_000, self.0 % 1_000)
    }
}

impl FromStr for CheckCode {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let number = (digits.len() == 6).then(|| digits.parse().ok()).flatten();
        number.and_then(Self::from_number).ok_or_else(|| Error::invalid(Problem::Malformed("six digits")))
    }
}

impl Serialize for CheckCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn compared() -> Compared {
        Compared {
            relay_key: PublicKey::new([1; 32]),
            pin: Some(Pin::new([2; 32])),
            device_key: PublicKey::new([3; 32]),
            code: EnrolCode::new([4; 16]),
            opened: Some((Nonce::new([5; 16]), Nonce::new([6; 16]))),
        }
    }

    #[test]
    fn every_part_that_somebody_in_between_could_change_changes_the_digits() {
        let same = compared();
        let others = [
            Compared { relay_key: PublicKey::new([9; 32]), ..same },
            Compared { pin: Some(Pin::new([9; 32])), ..same },
            Compared { pin: None, ..same },
            Compared { device_key: PublicKey::new([9; 32]), ..same },
            Compared { code: EnrolCode::new([9; 16]), ..same },
            Compared { opened: Some((Nonce::new([9; 16]), Nonce::new([6; 16]))), ..same },
            Compared { opened: Some((Nonce::new([5; 16]), Nonce::new([9; 16]))), ..same },
            Compared { opened: None, ..same },
            Compared { opened: Some((Nonce::ZERO, Nonce::ZERO)), ..same },
        ];
        let all: BTreeSet<u32> =
            others.iter().chain([&same]).map(|compared| compared.check().number()).collect();
        assert_eq!(all.len(), others.len() + 1);
        assert_eq!(compared().check(), same.check());
    }

    #[test]
    fn digits_are_said_and_read_in_two_groups() {
        let check = CheckCode::from_number(7_042).unwrap();
        assert_eq!(check.to_string(), "007 042");
        assert_eq!("007042".parse::<CheckCode>().unwrap(), check);
        assert_eq!(" 007 042 ".parse::<CheckCode>().unwrap(), check);
        for bad in ["", "7042", "0070421", "00704x", "+07042x"] {
            assert!(bad.parse::<CheckCode>().is_err(), "{bad}");
        }
        assert_eq!(CheckCode::from_number(1_000_000), None);
    }

    #[test]
    fn a_commitment_binds_both_parts() {
        let (secret, key) = (Nonce::new([1; 16]), PublicKey::new([2; 32]));
        let own = commitment(&secret, &key);
        assert_ne!(own, commitment(&Nonce::new([9; 16]), &key));
        assert_ne!(own, commitment(&secret, &PublicKey::new([9; 32])));
    }
}
