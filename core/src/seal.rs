//! A sealed box: whoever has the recipient's public key can put things in, only the recipient takes them out.
//!
//! Home of `hpke`: RFC 9180 with X25519, HKDF-SHA256 and ChaCha20-Poly1305, a fresh key for every box, to the
//! X25519 half of an Ed25519 key. A box is a row of frames; each is authenticated with its place in the row, and
//! the last one says that it is the last, so that nothing can be cut off, left out or put in another order. It
//! says nothing of who sealed it: what is inside must be signed.

use std::{
    fmt,
    io::{Read, Write},
};

use hpke::{
    Deserializable, OpModeR, OpModeS, Serializable,
    aead::{AeadCtxR, AeadCtxS, ChaCha20Poly1305},
    kdf::HkdfSha256,
    kem::X25519HkdfSha256,
    setup_receiver, setup_sender_with_rng,
};

use crate::{
    error::{Error, Result},
    id::PublicKey,
    log::{Key, agreement_key},
    time::Random,
};

/// Largest frame in bytes: an attachment of the largest size with what stands around it.
pub const MAX_FRAME_BYTES: usize = 33 * 1024 * 1024;
/// What the cipher adds to a frame.
const TAG_BYTES: usize = 16;
/// Said beside each frame: more follow, or this is the end.
const MORE: &[u8] = b"more";
const END: &[u8] = b"end";

type Kem = X25519HkdfSha256;

/// Puts frames into a box.
pub struct Sealer<W> {
    out: W,
    context: AeadCtxS<ChaCha20Poly1305, HkdfSha256, Kem>,
}

/// Takes frames out of a box.
pub struct Opener<R> {
    input: R,
    context: AeadCtxR<ChaCha20Poly1305, HkdfSha256, Kem>,
}

impl<W: Write> Sealer<W> {
    /// Begins a box for `recipient`. `info` says what the box is for; it opens only with the same.
    pub fn begin(mut out: W, recipient: &PublicKey, info: &[u8], random: &mut Random) -> Result<Self> {
        let recipient = <Kem as hpke::Kem>::PublicKey::from_bytes(&agreement_key(recipient)?)
            .map_err(|_| Error::malformed("a key to seal to"))?;
        let (key, context) =
            setup_sender_with_rng::<_, _, Kem>(&OpModeS::Base, &recipient, info, random.generator())
                .map_err(|_| Error::malformed("a key to seal to"))?;
        out.write_all(&key.to_bytes()).map_err(Error::file("writing a sealed box"))?;
        Ok(Self { out, context })
    }

    /// Puts a frame in; an empty one would be taken for the end.
    pub fn frame(&mut self, bytes: &[u8]) -> Result<()> {
        if bytes.is_empty() {
            return Err(Error::malformed("a frame of a sealed box"));
        }
        self.put(bytes, MORE)
    }

    /// Closes the box.
    pub fn finish(mut self) -> Result<W> {
        self.put(&[], END)?;
        Ok(self.out)
    }

    fn put(&mut self, bytes: &[u8], beside: &[u8]) -> Result<()> {
        if bytes.len() > MAX_FRAME_BYTES {
            return Err(Error::malformed("a frame of a sealed box"));
        }
        let sealed =
            self.context.seal(bytes, beside).map_err(|_| Error::malformed("a frame of a sealed box"))?;
        let length = u32::try_from(sealed.len()).unwrap_or(u32::MAX);
        let written = self.out.write_all(&length.to_be_bytes()).and_then(|()| self.out.write_all(&sealed));
        written.map_err(Error::file("writing a sealed box"))
    }
}

impl<R: Read> Opener<R> {
    /// Begins to read a box that was sealed to `key`.
    pub fn begin(mut input: R, key: &Key, info: &[u8]) -> Result<Self> {
        let mut encapped = [0; 32];
        fill(&mut input, &mut encapped)?;
        let encapped = <Kem as hpke::Kem>::EncappedKey::from_bytes(&encapped).map_err(|_| damaged())?;
        let secret =
            <Kem as hpke::Kem>::PrivateKey::from_bytes(&*key.agreement_secret()).map_err(|_| damaged())?;
        let context = setup_receiver(&OpModeR::Base, &secret, &encapped, info).map_err(|_| damaged())?;
        Ok(Self { input, context })
    }

    /// The next frame; none at the end that the sealer made, and only there.
    pub fn frame(&mut self) -> Result<Option<Vec<u8>>> {
        let mut length = [0; 4];
        fill(&mut self.input, &mut length)?;
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if !(TAG_BYTES..=MAX_FRAME_BYTES + TAG_BYTES).contains(&length) {
            return Err(damaged());
        }
        let mut sealed = Vec::new();
        let read = (&mut self.input).take(length as u64).read_to_end(&mut sealed);
        if read.map_err(Error::file("reading a sealed box"))? != length {
            return Err(damaged());
        }
        if length > TAG_BYTES {
            return self.context.open(&sealed, MORE).map(Some).map_err(|_| damaged());
        }
        self.context.open(&sealed, END).map_err(|_| damaged())?;
        let mut after = [0];
        match self.input.read(&mut after).map_err(Error::file("reading a sealed box"))? {
            0 => Ok(None),
            _ => Err(damaged()),
        }
    }
}

impl<W> fmt::Debug for Sealer<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer")
    }
}

impl<R> fmt::Debug for Opener<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opener")
    }
}

/// Cut, changed, or sealed to another key: nothing tells these apart.
fn damaged() -> Error {
    Error::malformed("an undamaged sealed box")
}

fn fill(input: &mut impl Read, bytes: &mut [u8]) -> Result<()> {
    input.read_exact(bytes).map_err(|error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => damaged(),
        _ => Error::file("reading a sealed box")(error),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(key: &Key, frames: &[&[u8]]) -> Vec<u8> {
        let mut random = Random::seeded(5);
        let mut sealer = Sealer::begin(Vec::new(), &key.public(), b"test", &mut random).unwrap();
        for frame in frames {
            sealer.frame(frame).unwrap();
        }
        sealer.finish().unwrap()
    }

    fn open(bytes: &[u8], key: &Key, info: &[u8]) -> Result<Vec<Vec<u8>>> {
        let mut opener = Opener::begin(bytes, key, info)?;
        let mut frames = Vec::new();
        while let Some(frame) = opener.frame()? {
            frames.push(frame);
        }
        Ok(frames)
    }

    #[test]
    fn only_the_recipient_opens_a_box_and_only_for_what_it_is() {
        let mut random = Random::seeded(1);
        let (key, other) = (Key::generate(&mut random), Key::generate(&mut random));
        let bytes = sealed(&key, &[b"one", b"two"]);
        assert_eq!(open(&bytes, &key, b"test").unwrap(), [b"one", b"two"]);
        assert!(open(&bytes, &other, b"test").is_err());
        assert!(open(&bytes, &key, b"something else").is_err());
        assert!(!bytes.windows(3).any(|window| window == b"one"));
    }

    #[test]
    fn a_box_that_was_touched_anywhere_does_not_open_to_its_end() {
        let key = Key::generate(&mut Random::seeded(2));
        let bytes = sealed(&key, &[b"one", b"two"]);
        for place in 0..bytes.len() {
            let mut touched = bytes.clone();
            touched[place] ^= 1;
            assert!(open(&touched, &key, b"test").is_err(), "{place}");
            assert!(open(&bytes[..place], &key, b"test").is_err(), "cut at {place}");
        }
        assert!(open(&[bytes.as_slice(), &[0]].concat(), &key, b"test").is_err());
        // Frames in another order, or one of them left out.
        let frame = 4 + 3 + TAG_BYTES;
        let (head, rest) = bytes.split_at(32);
        let (first, rest) = rest.split_at(frame);
        let (second, end) = rest.split_at(frame);
        assert!(open(&[head, second, first, end].concat(), &key, b"test").is_err());
        assert!(open(&[head, first, end].concat(), &key, b"test").is_err());
    }

    #[test]
    fn a_key_of_small_order_is_refused() {
        let weak = PublicKey::new([0; 32]);
        assert!(Sealer::begin(Vec::new(), &weak, b"test", &mut Random::seeded(3)).is_err());
    }
}
