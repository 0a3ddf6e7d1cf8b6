//! The bundle: what a revoked phone had not sent, sealed to the township before the phone is wiped.
//!
//! `SUISEAL1 ‖ township ‖ sealed box`. In the box stand a manifest that the phone signed, the runs as a push would
//! have carried them (each a signed request), and the attachments. So whoever opens it checks it by what checks a
//! push, and stores it as from that phone.

use std::{
    fmt,
    io::{Read, Write},
};

use minicbor::{Decode, Encode};

use crate::{
    error::{Error, Problem, Result},
    id::{BlobHash, DeviceId, DraftId, LogId, PublicKey, Signature, TownshipId},
    log::{Key, Signable, verify},
    model::{blob::BlobKind, decode, encode},
    seal::{Opener, Sealer},
    time::{Random, Timestamp},
};

/// Version of what is in the box; 2 if there are drafts, which a reader of the first does not know.
pub const VERSION: u8 = 2;
/// The beginning of every bundle's file.
const MAGIC: &[u8; 8] = b"SUISEAL1";
/// What the box is for; the township's id follows.
const INFO: &[u8] = b"suishou/bundle/1";

/// What a bundle holds; signed by the phone.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Manifest {
    /// Up to [`VERSION`].
    #[n(0)]
    pub version: u8,
    /// In which township.
    #[n(1)]
    pub township: TownshipId,
    /// Whose.
    #[n(2)]
    pub device: DeviceId,
    /// The log in which its entries stand, from the beginning.
    #[n(3)]
    pub log: LogId,
    /// How many entries.
    #[n(4)]
    pub entries: u64,
    /// The attachments, in order.
    #[n(5)]
    pub blobs: Vec<BundledBlob>,
    /// How many drafts; none before version 2.
    #[n(6)]
    pub drafts: Option<u64>,
}

impl Signable for Manifest {
    const STATEMENT: &'static str = "suishou/bundle-manifest/1";
}

/// An attachment in a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct BundledBlob {
    /// Which.
    #[n(0)]
    pub hash: BlobHash,
    /// What it is.
    #[n(1)]
    pub kind: BlobKind,
    /// A preview's photo.
    #[n(2)]
    pub preview_of: Option<BlobHash>,
    /// Its size.
    #[n(3)]
    pub size_bytes: u64,
}

/// A manifest with its phone's signature.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct SignedManifest {
    /// What is in the bundle.
    #[n(0)]
    pub manifest: Manifest,
    /// By the phone's key.
    #[n(1)]
    pub signature: Signature,
}

impl SignedManifest {
    /// Whether `key` signed it.
    pub fn verify(&self, key: &PublicKey) -> Result<()> {
        verify(key, &self.manifest, &self.signature)
    }
}

/// One thing in a bundle, behind its manifest.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Item {
    /// A signed request with a run, as a push would have carried it.
    #[n(0)]
    Run {
        /// CBOR of a `SignedRequest`.
        #[cbor(n(0), with = "minicbor::bytes")]
        request: Vec<u8>,
    },
    /// The next of the manifest's attachments.
    #[n(1)]
    Blob {
        /// Its bytes.
        #[cbor(n(0), with = "minicbor::bytes")]
        bytes: Vec<u8>,
    },
    /// What the person had begun to write. It is no entry: nobody ever sent it.
    #[n(2)]
    Draft {
        /// As it was kept on the phone.
        #[n(0)]
        draft: BundledDraft,
    },
}

/// A draft in a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct BundledDraft {
    /// Which.
    #[n(0)]
    pub id: DraftId,
    /// The number of the kind that it was to become.
    #[n(1)]
    pub kind: u8,
    /// When it was begun, by the phone's clock.
    #[n(2)]
    pub started_at: Timestamp,
    /// When it was last changed.
    #[n(3)]
    pub changed_at: Timestamp,
    /// The stored form of what was entered: `DraftBody::from_bytes` reads it.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub body: Vec<u8>,
}

/// Writes a bundle.
pub struct BundleWriter<W>(Sealer<W>);

impl<W: Write> BundleWriter<W> {
    /// Begins with what the bundle will hold.
    pub fn begin(
        mut out: W,
        manifest: Manifest,
        key: &Key,
        relay_key: &PublicKey,
        random: &mut Random,
    ) -> Result<Self> {
        let township = manifest.township;
        let written = out.write_all(MAGIC).and_then(|()| out.write_all(township.as_ref()));
        written.map_err(Error::file("writing a bundle"))?;
        let mut sealer = Sealer::begin(out, relay_key, &info(township), random)?;
        let signature = key.sign(&manifest);
        sealer.frame(&encode(&SignedManifest { manifest, signature }))?;
        Ok(Self(sealer))
    }

    /// Puts one thing in.
    pub fn put(&mut self, item: &Item) -> Result<()> {
        self.0.frame(&encode(item))
    }

    /// Ends the bundle.
    pub fn finish(self) -> Result<W> {
        self.0.finish()
    }
}

impl<W> fmt::Debug for BundleWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BundleWriter")
    }
}

/// Reads a bundle.
pub struct BundleReader<R> {
    opener: Opener<R>,
    manifest: SignedManifest,
}

impl<R: Read> BundleReader<R> {
    /// Opens what was sealed to `key`; its manifest's signature is the caller's to verify.
    pub fn open(input: R, township: TownshipId, key: &Key) -> Result<Self> {
        let mut opener = Opener::begin(input, key, &info(township))?;
        let first = opener.frame()?.ok_or_else(damaged)?;
        let manifest: SignedManifest = decode(&first, "a bundle's manifest")?;
        let version = manifest.manifest.version;
        if !(1..=VERSION).contains(&version) {
            let known = VERSION.into();
            return Err(Error::invalid(Problem::UnknownVersion {
                what: "the sealed bundle",
                found: version.into(),
                known,
            }));
        }
        if manifest.manifest.township != township {
            return Err(damaged());
        }
        Ok(Self { opener, manifest })
    }

    /// What the bundle holds.
    pub fn manifest(&self) -> &SignedManifest {
        &self.manifest
    }

    /// The next thing; none at the end.
    pub fn item(&mut self) -> Result<Option<Item>> {
        self.opener.frame()?.map(|frame| decode(&frame, "a thing in a bundle")).transpose()
    }
}

impl<R> fmt::Debug for BundleReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BundleReader").field(&self.manifest.manifest.device).finish()
    }
}

/// Reads whose township's a bundle is, up to where [`BundleReader::open`] goes on.
pub fn read_township(input: &mut impl Read) -> Result<TownshipId> {
    let mut head = [0; 24];
    input.read_exact(&mut head).map_err(|_| Error::malformed("a sealed bundle"))?;
    let (magic, township) = head.split_at(MAGIC.len());
    if magic != MAGIC {
        return Err(Error::malformed("a sealed bundle"));
    }
    TownshipId::from_slice(township)
}

fn info(township: TownshipId) -> Vec<u8> {
    [INFO, township.as_ref()].concat()
}

fn damaged() -> Error {
    Error::malformed("an undamaged sealed box")
}
