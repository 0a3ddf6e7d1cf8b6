//! How a file of a backup is written and read: packed, encrypted and hashed on the way, as it needs.
//!
//! Encryption is that of age (age-encryption.org/v1), so that what a township keeps can be opened without this
//! program: `age -d -i key township.db.zst.age | zstd -d`.

use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Read, Write},
    path::Path,
};

use age::{
    Decryptor, Encryptor,
    secrecy::{ExposeSecret as _, SecretString},
    x25519,
};
use suishou_core::id::BlobHash;

use super::error::{KeepingError, Result};

/// Bytes at a time.
const BUFFER_BYTES: usize = 64 * 1024;
/// zstd level of the database.
const LEVEL: i32 = 3;

/// What the files of a backup folder are encrypted to.
#[derive(Clone, Debug, Default)]
pub enum Seal {
    /// Nothing.
    #[default]
    Plain,
    /// A public key.
    To(Box<x25519::Recipient>),
}

impl Seal {
    /// Reads a recipient, `age1…`.
    pub fn to(recipient: &str) -> Result<Self> {
        recipient.trim().parse().map(|key| Self::To(Box::new(key))).map_err(|_| KeepingError::BadKey)
    }

    /// The recipient, if there is one.
    pub fn recipient(&self) -> Option<String> {
        match self {
            Self::Plain => None,
            Self::To(key) => Some(key.to_string()),
        }
    }
}

/// What opens them.
#[derive(Clone, Default)]
pub enum Opener {
    /// Nothing was given.
    #[default]
    None,
    /// A secret key.
    With(x25519::Identity),
}

impl std::fmt::Debug for Opener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Opener")
    }
}

impl Opener {
    /// From the text of a key file of `age-keygen`.
    pub fn from_text(text: &str) -> Result<Self> {
        let line = text.lines().map(str::trim).find(|line| line.starts_with("AGE-SECRET-KEY-1"));
        let key = line.ok_or(KeepingError::BadKey)?.parse().map_err(|_| KeepingError::BadKey)?;
        Ok(Self::With(key))
    }

    /// From the key that a passphrase locks.
    pub fn from_passphrase(locked: &[u8], passphrase: &str) -> Result<Self> {
        let identity = age::scrypt::Identity::new(SecretString::from(passphrase.to_owned()));
        let opened =
            Decryptor::new(locked).and_then(|opened| opened.decrypt(std::iter::once(&identity as _)));
        let mut text = String::new();
        opened
            .map_err(|_| KeepingError::WrongKey)?
            .read_to_string(&mut text)
            .map_err(|_| KeepingError::WrongKey)?;
        Self::from_text(&text)
    }
}

/// A new key under a passphrase: the public half, and the locked secret half.
pub fn new_locked_key(passphrase: &str) -> Result<(String, Vec<u8>)> {
    let key = x25519::Identity::generate();
    let encryptor = Encryptor::with_user_passphrase(SecretString::from(passphrase.to_owned()));
    let mut locked = Vec::new();
    let written = encryptor.wrap_output(&mut locked).and_then(|mut writer| {
        writer.write_all(key.to_string().expose_secret().as_bytes())?;
        writer.finish().map(drop)
    });
    written.map_err(|_| KeepingError::BadKey)?;
    Ok((key.to_public().to_string(), locked))
}

/// What a file came to: as it was, and as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sealed {
    /// Bytes of the content.
    pub(super) size_bytes: u64,
    /// Hash of the content.
    pub(super) hash: BlobHash,
    /// Bytes of the file.
    pub(super) stored_bytes: u64,
    /// Hash of the file.
    pub(super) stored_hash: BlobHash,
}

/// Counts and hashes what passes.
struct Hashing<T> {
    inner: T,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl<T> Hashing<T> {
    fn new(inner: T) -> Self {
        Self { inner, hasher: blake3::Hasher::new(), bytes: 0 }
    }

    fn hash(&self) -> BlobHash {
        BlobHash::new(*self.hasher.finalize().as_bytes())
    }

    fn count(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
    }
}

impl<T: Write> Write for Hashing<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.count(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<T: Read> Read for Hashing<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}

/// Whether a file's name says that it is packed.
#[expect(clippy::case_sensitive_file_extension_comparisons, reason = "we wrote the name")]
fn is_packed(name: &str) -> bool {
    name.trim_end_matches(".age").ends_with(".zst")
}

/// Writes `content` into a new file of its owner's, packed if its name says so; on the disk when this returns, the
/// folder's entry excepted.
pub(super) fn write(content: impl Read, path: &Path, seal: &Seal) -> Result<Sealed> {
    let failed = KeepingError::file("write", path);
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path).map_err(&failed)?;
    let mut content = Hashing::new(content);
    let packed = is_packed(&path.to_string_lossy());
    let out = Hashing::new(BufWriter::with_capacity(BUFFER_BYTES, file));
    let out = match seal {
        Seal::Plain => pack(&mut content, out, packed),
        Seal::To(key) => Encryptor::with_recipients(std::iter::once(key.as_ref() as &dyn age::Recipient))
            .map_err(|_| KeepingError::BadKey)?
            .wrap_output(out)
            .and_then(|sealing| pack(&mut content, sealing, packed)?.finish()),
    };
    let out = out.map_err(&failed)?;
    let stored = (out.bytes, out.hash());
    let file = out.inner.into_inner().map_err(|error| failed(error.into_error()))?;
    file.sync_all().map_err(&failed)?;
    Ok(Sealed {
        size_bytes: content.bytes,
        hash: content.hash(),
        stored_bytes: stored.0,
        stored_hash: stored.1,
    })
}

fn pack<W: Write>(content: &mut impl Read, mut out: W, is_packed: bool) -> io::Result<W> {
    if !is_packed {
        io::copy(content, &mut out)?;
        return Ok(out);
    }
    let mut packer = zstd::stream::write::Encoder::new(out, LEVEL)?;
    packer.include_checksum(true)?;
    io::copy(content, &mut packer)?;
    packer.finish()
}

/// Hash and size of a file as it lies there.
pub(super) fn hash_of(path: &Path) -> Result<(BlobHash, u64)> {
    let failed = KeepingError::file("read", path);
    let mut file = Hashing::new(File::open(path).map_err(&failed)?);
    io::copy(&mut file, &mut io::sink()).map_err(&failed)?;
    Ok((file.hash(), file.bytes))
}

/// Reads the content of a file to `out`; says its hash and size.
pub(super) fn read(
    path: &Path,
    is_sealed: bool,
    opener: &Opener,
    out: &mut impl Write,
) -> Result<(BlobHash, u64)> {
    let failed = KeepingError::file("read", path);
    let file = BufReader::with_capacity(BUFFER_BYTES, File::open(path).map_err(&failed)?);
    let packed = is_packed(&path.to_string_lossy());
    if !is_sealed {
        return unpack(file, packed, out).map_err(&failed);
    }
    let Opener::With(key) = opener else { return Err(KeepingError::NoKey) };
    let opened = Decryptor::new_buffered(file)
        .and_then(|sealed| sealed.decrypt(std::iter::once(key as &dyn age::Identity)));
    unpack(opened.map_err(|_| KeepingError::WrongKey)?, packed, out).map_err(&failed)
}

fn unpack(content: impl Read, is_packed: bool, out: &mut impl Write) -> io::Result<(BlobHash, u64)> {
    let mut out = Hashing::new(out);
    if is_packed {
        io::copy(&mut zstd::stream::read::Decoder::new(content)?, &mut out)?;
    } else {
        let mut content = content;
        io::copy(&mut content, &mut out)?;
    }
    Ok((out.hash(), out.bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_its_key_only() {
        let folder = tempfile::tempdir().unwrap();
        let content = vec![7_u8; 300_000];
        let (recipient, locked) = new_locked_key("十二个字的口令").unwrap();
        let opener = Opener::from_passphrase(&locked, "十二个字的口令").unwrap();
        assert!(matches!(Opener::from_passphrase(&locked, "别的"), Err(KeepingError::WrongKey)));
        for (name, seal) in [("a.zst", Seal::Plain), ("b.zst.age", Seal::to(&recipient).unwrap())] {
            let path = folder.path().join(name);
            let sealed = write(content.as_slice(), &path, &seal).unwrap();
            assert_eq!(hash_of(&path).unwrap(), (sealed.stored_hash, sealed.stored_bytes));
            assert!(sealed.stored_bytes < 2_000, "it is packed: {}", sealed.stored_bytes);
            let is_sealed = seal.recipient().is_some();
            let mut read_back = Vec::new();
            assert_eq!(
                read(&path, is_sealed, &opener, &mut read_back).unwrap(),
                (sealed.hash, sealed.size_bytes)
            );
            assert_eq!(read_back, content);
            if is_sealed {
                let (_, other) = new_locked_key("x").unwrap();
                let other = Opener::from_passphrase(&other, "x").unwrap();
                assert!(matches!(read(&path, true, &other, &mut Vec::new()), Err(KeepingError::WrongKey)));
                assert!(matches!(
                    read(&path, true, &Opener::None, &mut Vec::new()),
                    Err(KeepingError::NoKey)
                ));
            }
        }
    }
}
