//! The signature that stands on what other systems send and are sent: `v1=` and the HMAC-SHA256 of
//! `timestamp "." body` in hexadecimal, with the time in seconds so that an old one is worth nothing.

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use suishou_core::time::{Random, Timestamp};

/// The header with the time, in seconds since 1970.
pub const TIMESTAMP: &str = "x-suishou-timestamp";
/// The header with the signature.
pub const SIGNATURE: &str = "x-suishou-signature";
/// Which way of signing.
const VERSION: &str = "v1=";
/// How far the other system's clock may be off, in seconds.
pub const SKEW_S: i64 = 5 * 60;

/// Why a signature is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadSignature {
    /// A header is missing or not readable, or it is not that of this body and secret.
    Wrong,
    /// It is right and its time is not.
    Stale,
}

/// A new secret: 64 letters and digits, used as they are written.
pub fn new_secret(random: &mut Random) -> String {
    HEXLOWER.encode(&random.bytes::<32>())
}

/// The seconds that stand in the header.
pub fn seconds(now: Timestamp) -> i64 {
    now.millis().div_euclid(1_000)
}

/// The header's value for a body.
pub fn sign(secret: &str, seconds: i64, body: &[u8]) -> String {
    let signature = mac(secret, &seconds.to_string(), body).finalize().into_bytes();
    format!("{VERSION}{}", HEXLOWER.encode(&signature))
}

/// Checks the two headers against a body; answers with the signature's bytes. The comparison takes the same
/// time wherever they differ, and comes before that of the time.
pub fn verify(
    secret: &str,
    timestamp: &str,
    signature: &str,
    body: &[u8],
    now: Timestamp,
) -> Result<Vec<u8>, BadSignature> {
    let hex = signature.trim().strip_prefix(VERSION).ok_or(BadSignature::Wrong)?;
    let claimed = HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).map_err(|_| BadSignature::Wrong)?;
    let timestamp = timestamp.trim();
    let at: i64 = timestamp.parse().map_err(|_| BadSignature::Wrong)?;
    mac(secret, timestamp, body).verify_slice(&claimed).map_err(|_| BadSignature::Wrong)?;
    if seconds(now).abs_diff(at) > SKEW_S.unsigned_abs() {
        return Err(BadSignature::Stale);
    }
    Ok(claimed)
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
fn mac(secret: &str, timestamp: &str, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of any length");
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(body);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    const BODY: &[u8] = br#"{"external_id":"A-1","text":"x"}"#;
    // printf '%s' '1763800000.{"external_id":"A-1","text":"x"}' | openssl dgst -sha256 -hmac "$SECRET"
    const SIGNED: &str = "v1=4b24275ac16622a58a84869a3744937e16e63298e240a5cbca7836b16121c926";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    #[test]
    fn a_signature_is_what_openssl_makes_of_the_same() {
        assert_eq!(sign(SECRET, 1_763_800_000, BODY), SIGNED);
        assert!(verify(SECRET, "1763800000", SIGNED, BODY, at(1_763_800_000)).is_ok());
        // RFC 4231, test case 2, by way of the same function.
        let mut plain = Hmac::<Sha256>::new_from_slice(b"Jefe").unwrap();
        plain.update(b"what do ya want for nothing?");
        assert_eq!(
            HEXLOWER.encode(&plain.finalize().into_bytes()),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn anything_else_is_wrong_and_an_old_one_is_stale() {
        let now = at(1_763_800_000);
        let wrong = Err(BadSignature::Wrong);
        assert_eq!(verify("other", "1763800000", SIGNED, BODY, now), wrong);
        assert_eq!(verify(SECRET, "1763800001", SIGNED, BODY, now), wrong);
        assert_eq!(verify(SECRET, "1763800000", SIGNED, b"{}", now), wrong);
        for signature in ["", "v1=", "v1=zz", "v2=00", SIGNED.get(3..).unwrap(), SIGNED.get(..66).unwrap()] {
            assert_eq!(verify(SECRET, "1763800000", signature, BODY, now), wrong, "{signature}");
        }
        for timestamp in ["", "x", "1.5", "99999999999999999999"] {
            assert_eq!(verify(SECRET, timestamp, SIGNED, BODY, now), wrong, "{timestamp}");
        }
        for seconds in [1_763_800_300, 1_763_799_700] {
            assert!(verify(SECRET, "1763800000", SIGNED, BODY, at(seconds)).is_ok());
        }
        for seconds in [1_763_800_301, 1_763_799_699] {
            assert_eq!(verify(SECRET, "1763800000", SIGNED, BODY, at(seconds)), Err(BadSignature::Stale));
        }
    }
}
