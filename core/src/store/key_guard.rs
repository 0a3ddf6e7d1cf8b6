//! Keeps the phone's key from lying readable in a file: it is masked with what the system's key store guards.

use std::fmt;

use zeroize::Zeroizing;

use crate::{
    error::{Error, Problem, Result},
    id::DeviceId,
};

/// 32 bytes from the phone's key store, or none for a store that lies where nobody else reads.
#[derive(Default)]
pub struct KeyGuard(Option<Zeroizing<[u8; 32]>>);

impl KeyGuard {
    /// From the key store's bytes.
    pub fn new(secret: &[u8]) -> Result<Self> {
        let found = secret.len();
        let secret = secret.try_into();
        let secret = secret.map_err(|_| Error::invalid(Problem::WrongLength { expected: 32, found }))?;
        Ok(Self(Some(Zeroizing::new(secret))))
    }

    /// A key as it is kept, or a kept one as it is. Each device of a phone has a mask of its own.
    pub(super) fn mask(&self, device: DeviceId, key: &[u8; 32]) -> Zeroizing<[u8; 32]> {
        let mut masked = Zeroizing::new(*key);
        if let Some(secret) = &self.0 {
            let mask = blake3::keyed_hash(secret, device.as_bytes());
            masked.iter_mut().zip(mask.as_bytes()).for_each(|(byte, mask)| *byte ^= mask);
        }
        masked
    }
}

impl fmt::Debug for KeyGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyGuard")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guarded_key_is_read_with_the_same_secret_alone() {
        let device = DeviceId::new([1; 16]);
        let key = [7; 32];
        let kept = KeyGuard::new(&[2; 32]).unwrap().mask(device, &key);
        assert_ne!(*kept, key);
        assert_eq!(*KeyGuard::new(&[2; 32]).unwrap().mask(device, &kept), key);
        assert_ne!(*KeyGuard::new(&[3; 32]).unwrap().mask(device, &kept), key);
        assert_ne!(*KeyGuard::new(&[2; 32]).unwrap().mask(DeviceId::new([9; 16]), &key), *kept);
        assert_eq!(*KeyGuard::default().mask(device, &key), key);
        assert!(KeyGuard::new(&[2; 31]).is_err());
    }
}
