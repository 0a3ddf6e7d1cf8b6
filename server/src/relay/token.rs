//! Short-lived tokens for blobs, wait and settings: made with a secret that lives as long as the process.
//!
//! A token says which device it is for and until when; no table has to be read to know it is genuine.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use suishou_core::{
    id::DeviceId,
    time::{Random, Timestamp},
};

/// How long a token is good for.
const LIFE: Duration = Duration::from_mins(15);
const MAC_LEN: usize = 16;

/// The secret that tokens are made with.
#[derive(Clone)]
pub struct TokenKey([u8; 32]);

impl std::fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenKey")
    }
}

impl TokenKey {
    /// A new secret.
    pub fn generate(random: &mut Random) -> Self {
        Self(random.bytes())
    }

    /// A token for a device.
    pub fn token(&self, device: DeviceId, now: Timestamp) -> String {
        let mut bytes = device.to_array().to_vec();
        bytes.extend(now.after(LIFE).millis().to_be_bytes());
        let mac = self.mac(&bytes);
        bytes.extend(mac.as_bytes().iter().take(MAC_LEN));
        BASE64URL_NOPAD.encode(&bytes)
    }

    /// Whose token this is, if it is genuine and not expired.
    pub fn check(&self, token: &str, now: Timestamp) -> Option<DeviceId> {
        let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).ok()?;
        let (said, mac) = bytes.split_at_checked(24).filter(|(_, mac)| mac.len() == MAC_LEN)?;
        let expected = self.mac(said);
        let differing =
            expected.as_bytes().iter().zip(mac).fold(0, |sum, (ours, theirs)| sum | (ours ^ theirs));
        let (device, expires_at) = said.split_at_checked(16)?;
        let expires_at = i64::from_be_bytes(expires_at.try_into().ok()?);
        if differing != 0 || expires_at <= now.millis() {
            return None;
        }
        DeviceId::from_slice(device).ok()
    }

    fn mac(&self, bytes: &[u8]) -> blake3::Hash {
        blake3::keyed_hash(&self.0, bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_its_device_and_time_only() {
        let mut random = Random::seeded(1);
        let (key, other) = (TokenKey::generate(&mut random), TokenKey::generate(&mut random));
        let device = DeviceId::new(random.bytes());
        let now = Timestamp::from_millis(1_000_000);
        let token = key.token(device, now);
        assert_eq!(key.check(&token, now), Some(device));
        assert_eq!(other.check(&token, now), None);
        assert_eq!(key.check(&token, now.after(LIFE)), None);
        for index in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
            assert_eq!(key.check(std::str::from_utf8(&changed).unwrap(), now), None);
        }
        assert_eq!(key.check("", now), None);
    }
}
