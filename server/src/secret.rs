//! What a passphrase guards: a key derived from it by Argon2id, and bytes wrapped with that key.
//!
//! Home of `argon2` and `chacha20poly1305`. Deriving takes a good part of a second on purpose: never do it on
//! the writer's thread.

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::{
    ChaCha20Poly1305, Key, KeyInit, Nonce,
    aead::{Aead, Payload},
};
use suishou_core::error::{Error, Result};

/// Memory for one derivation: what makes guessing with a graphics card dear.
const MEMORY_KIB: u32 = 64 * 1024;
/// Passes over that memory.
const PASSES: u32 = 3;

/// What is kept of a wrapped secret: all but the passphrase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrapped {
    /// Random; the same passphrase gives another key elsewhere.
    pub salt: [u8; 16],
    /// Random; for the cipher.
    pub nonce: [u8; 12],
    /// The secret, encrypted and authenticated.
    pub cipher: Vec<u8>,
}

/// A key from a passphrase.
pub fn derive(passphrase: &str, salt: [u8; 16]) -> Result<[u8; 32]> {
    let failed = |_| Error::Corrupt("a key could not be derived");
    let parameters = Params::new(MEMORY_KIB, PASSES, 1, Some(32)).map_err(failed)?;
    let mut key = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters)
        .hash_password_into(passphrase.as_bytes(), &salt, &mut key)
        .map_err(failed)?;
    Ok(key)
}

/// Wraps a secret with a passphrase; `purpose` keeps one use from passing for another.
pub fn wrap(
    secret: &[u8],
    passphrase: &str,
    (salt, nonce): ([u8; 16], [u8; 12]),
    purpose: &[u8],
) -> Result<Wrapped> {
    let key = derive(passphrase, salt)?;
    let cipher = ChaCha20Poly1305::new(&Key::from(key))
        .encrypt(&Nonce::from(nonce), Payload { msg: secret, aad: purpose })
        .map_err(|_| Error::Corrupt("a secret could not be wrapped"))?;
    Ok(Wrapped { salt, nonce, cipher })
}

/// Takes the secret out again; none if the passphrase is another one or something was changed.
pub fn unwrap(wrapped: &Wrapped, passphrase: &str, purpose: &[u8]) -> Result<Option<Vec<u8>>> {
    let key = derive(passphrase, wrapped.salt)?;
    let payload = Payload { msg: &wrapped.cipher, aad: purpose };
    Ok(ChaCha20Poly1305::new(&Key::from(key)).decrypt(&Nonce::from(wrapped.nonce), payload).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_to_its_passphrase_and_purpose_alone() {
        let wrapped = wrap(b"secret", "correct horse battery", ([1; 16], [2; 12]), b"keeper").unwrap();
        assert!(!wrapped.cipher.windows(6).any(|part| part == b"secret"));
        assert_eq!(unwrap(&wrapped, "correct horse battery", b"keeper").unwrap().unwrap(), b"secret");
        assert_eq!(unwrap(&wrapped, "correct horse batterz", b"keeper").unwrap(), None);
        assert_eq!(unwrap(&wrapped, "correct horse battery", b"other").unwrap(), None);
        let mut changed = wrapped.clone();
        changed.cipher[0] ^= 1;
        assert_eq!(unwrap(&changed, "correct horse battery", b"keeper").unwrap(), None);
        let other_salt = Wrapped { salt: [3; 16], ..wrapped };
        assert_eq!(unwrap(&other_salt, "correct horse battery", b"keeper").unwrap(), None);
    }
}
