//! The map under the grids: a file of tiles that an operator loaded, or the address of somebody's tile service.
//!
//! Which one stands in `basemap.json` and goes into backups; the file itself, in `maps/`, does not: it is large, and
//! whoever made it has it still. A relay that was restored says that the file is missing.

use std::{
    fs::{self, File},
    io::{self, Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use axum::http::Uri;
use serde::{Deserialize, Serialize};
use suishou_core::{
    error::{Error, Problem},
    id::BlobHash,
    store::tiles::{Tiles, TilesInfo},
    sync::wire::{self, SignedBaseMap},
};
use tokio::task::spawn_blocking;

use super::{
    Relay, Spooled,
    error::{RelayError, Result},
};
use crate::folder::{replace_private, sync_folder};

/// Which map it is.
const CHOICE: &str = "basemap.json";
/// Where files of tiles lie.
const FOLDER: &str = "maps";
/// Version of the file.
const FORMAT: u8 = 1;
/// Longest address or attribution in characters.
const MAX_CHARS: usize = 500;

/// What the operators chose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Choice {
    /// A file of tiles, by its BLAKE3 hash.
    File { hash: String, is_gcj02: bool },
    /// Somebody's service.
    Address(TileAddress),
}

#[derive(Deserialize, Serialize)]
struct Kept {
    format: u8,
    map: Option<Choice>,
}

/// A tile service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TileAddress {
    /// With `{z}`, `{x}` and `{y}`, and with the township's key for it.
    pub address: String,
    /// Whose data it is, to be shown beside the map.
    #[serde(default)]
    pub attribution: String,
    /// Its places are shifted, as in maps of the mainland.
    #[serde(default)]
    pub is_gcj02: bool,
}

/// Which kind of base map there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BaseMapKind {
    /// None: grids on plain ground.
    #[default]
    None,
    /// A file of tiles, at `/tiles/{z}/{x}/{y}`.
    File,
    /// Somebody's service.
    Address,
}

/// The map under the grids.
#[derive(Clone, Debug, Default, PartialEq, Serialize, utoipa::ToSchema)]
pub struct BaseMapShown {
    /// Which kind.
    pub kind: BaseMapKind,
    /// Changes with every other map: to be asked for with a tile, so that browsers keep none of another.
    pub version: String,
    /// The file that was chosen is not here: the relay was restored, or somebody removed it.
    pub is_missing: bool,
    /// Its places are shifted, as in maps of the mainland: to be shifted back when it is drawn.
    pub is_gcj02: bool,
    /// Of a service.
    pub address: Option<String>,
    /// Bytes of the file.
    pub bytes: Option<u64>,
    /// What the map says of itself; of a service only the attribution is known.
    #[serde(flatten)]
    pub info: TilesInfo,
}

#[derive(Debug, Default)]
struct Present {
    choice: Option<Choice>,
    tiles: Option<Arc<Mutex<Tiles>>>,
    shown: BaseMapShown,
}

/// The base map of a township's folder.
#[derive(Debug)]
pub(super) struct BaseMap {
    folder: PathBuf,
    present: RwLock<Present>,
}

impl BaseMap {
    /// What was chosen before. What can't be read is told and is no map: nobody waits for a picture.
    pub(super) fn open(folder: &Path) -> Self {
        let choice = fs::read(folder.join(CHOICE)).ok().and_then(|bytes| {
            let kept: Option<Kept> = serde_json::from_slice(&bytes).ok();
            if kept.as_ref().is_none_or(|kept| kept.format != FORMAT) {
                tracing::warn!("the choice of a base map can't be read: there is none");
            }
            kept.filter(|kept| kept.format == FORMAT).and_then(|kept| kept.map)
        });
        let present = RwLock::new(Present::of(folder, choice));
        Self { folder: folder.to_owned(), present }
    }

    fn shown(&self) -> BaseMapShown {
        self.present.read().unwrap_or_else(PoisonError::into_inner).shown.clone()
    }

    fn tile(&self, z: u8, x: u32, y: u32) -> Result<Option<Vec<u8>>> {
        let tiles = self.present.read().unwrap_or_else(PoisonError::into_inner).tiles.clone();
        let Some(tiles) = tiles else { return Ok(None) };
        let tiles = tiles.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(tiles.tile(z, x, y)?)
    }

    /// The file that is here: its hash, its size and whether it is shifted.
    fn offered(&self) -> Option<(BlobHash, u64, bool)> {
        let present = self.present.read().unwrap_or_else(PoisonError::into_inner);
        match (&present.choice, present.shown.bytes) {
            (Some(Choice::File { hash, is_gcj02 }), Some(bytes)) if present.tiles.is_some() => {
                Some((hash.parse().ok()?, bytes, *is_gcj02))
            }
            _ => None,
        }
    }

    fn piece(&self, hash: BlobHash, from: u64, most: usize) -> Result<Vec<u8>> {
        let (known, ..) = self.offered().filter(|(known, ..)| *known == hash).ok_or(RelayError::NotFound)?;
        let failed = Error::file("reading a base map");
        let mut file = File::open(file_of(&self.folder, &known.to_string())).map_err(&failed)?;
        file.seek(SeekFrom::Start(from)).map_err(&failed)?;
        let mut piece = Vec::new();
        file.take(most as u64).read_to_end(&mut piece).map_err(&failed)?;
        Ok(piece)
    }

    /// Takes a file of tiles as it came in: looked at before anything else is given up for it.
    fn load(&self, spooled: &Spooled, is_gcj02: bool) -> Result<BaseMapShown> {
        let path = spooled.path();
        drop(Tiles::open(path)?);
        let failed = Error::file("keeping a base map");
        let mut hasher = blake3::Hasher::new();
        let mut file = File::open(path).map_err(&failed)?;
        io::copy(&mut file, &mut hasher).map_err(&failed)?;
        file.sync_all().map_err(&failed)?;
        let hash = hasher.finalize().to_hex().to_string();
        let maps = self.folder.join(FOLDER);
        fs::create_dir_all(&maps).map_err(&failed)?;
        fs::rename(path, file_of(&self.folder, &hash)).map_err(&failed)?;
        sync(&maps)?;
        self.choose(Some(Choice::File { hash, is_gcj02 }))
    }

    /// Chooses a map, durably, and removes files of others.
    fn choose(&self, choice: Option<Choice>) -> Result<BaseMapShown> {
        let not_kept = || Error::Store("the choice of a base map could not be kept".to_owned());
        let kept = Kept { format: FORMAT, map: choice.clone() };
        let kept = serde_json::to_vec(&kept).map_err(|_| not_kept())?;
        replace_private(&self.folder.join(CHOICE), &kept).map_err(|_| not_kept())?;
        sync(&self.folder)?;
        let next = Present::of(&self.folder, choice);
        let shown = next.shown.clone();
        let wanted = match &next.choice {
            Some(Choice::File { hash, .. }) => Some(file_of(&self.folder, hash)),
            _ => None,
        };
        *self.present.write().unwrap_or_else(PoisonError::into_inner) = next;
        for other in fs::read_dir(self.folder.join(FOLDER)).into_iter().flatten().flatten() {
            if Some(other.path()) != wanted && fs::remove_file(other.path()).is_err() {
                tracing::warn!("a base map that is not used any more could not be removed");
            }
        }
        Ok(shown)
    }
}

impl Present {
    fn of(folder: &Path, choice: Option<Choice>) -> Self {
        let (shown, tiles) = match &choice {
            None => (BaseMapShown::default(), None),
            Some(Choice::Address(TileAddress { address, attribution, is_gcj02 })) => {
                let version = blake3::hash(address.as_bytes()).to_hex().chars().take(16).collect();
                let info =
                    TilesInfo { attribution: attribution.clone(), max_zoom: 18, ..TilesInfo::default() };
                let address = Some(address.clone());
                let kind = BaseMapKind::Address;
                let is_gcj02 = *is_gcj02;
                (BaseMapShown { kind, version, is_gcj02, address, info, ..BaseMapShown::default() }, None)
            }
            Some(Choice::File { hash, is_gcj02 }) => {
                let path = file_of(folder, hash);
                let tiles = Tiles::open(&path).inspect_err(|error| {
                    tracing::warn!(%error, "the base map's file is missing or damaged: there is none");
                });
                let shown = BaseMapShown {
                    kind: BaseMapKind::File,
                    version: hash.chars().take(16).collect(),
                    is_missing: tiles.is_err(),
                    is_gcj02: *is_gcj02,
                    address: None,
                    bytes: fs::metadata(&path).ok().map(|file| file.len()),
                    info: tiles.as_ref().map(|tiles| tiles.info().clone()).unwrap_or_default(),
                };
                (shown, tiles.ok().map(|tiles| Arc::new(Mutex::new(tiles))))
            }
        };
        Self { choice, tiles, shown }
    }
}

fn file_of(folder: &Path, hash: &str) -> PathBuf {
    folder.join(FOLDER).join(format!("{hash}.mbtiles"))
}

fn sync(folder: &Path) -> Result<()> {
    Ok(sync_folder(folder).map_err(|_| Error::Store("a folder could not be synced".to_owned()))?)
}

impl TileAddress {
    fn check(&self) -> Result<()> {
        let not_an_address =
            || RelayError::invalid(Problem::Malformed("a tile address with {z}, {x} and {y}"));
        let parts = ["{z}", "{x}", "{y}"];
        if parts.iter().any(|part| !self.address.contains(part)) {
            return Err(not_an_address());
        }
        for (what, text) in [("the address", &self.address), ("the attribution", &self.attribution)] {
            let found = text.chars().count();
            if found > MAX_CHARS {
                let (found, limit) = (found as u64, MAX_CHARS as u64);
                return Err(RelayError::invalid(Problem::TooLarge { what, found, limit }));
            }
        }
        let plain = parts.iter().fold(self.address.clone(), |address, part| address.replace(part, "1"));
        let uri: Uri = plain.parse().map_err(|_| not_an_address())?;
        let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
        // The host is a fixed one, without a login: what stands in its place could be anybody's.
        let has_fixed_host = uri.authority().is_some_and(|host| {
            !host.host().is_empty()
                && !host.as_str().contains('@')
                && self.address.contains(&format!("://{host}/"))
        });
        if is_web && has_fixed_host { Ok(()) } else { Err(not_an_address()) }
    }
}

impl Relay {
    /// The map under the grids.
    pub fn base_map(&self) -> BaseMapShown {
        self.inner.base_map.shown()
    }

    /// One tile of the file that was loaded, `y` from the north.
    pub async fn tile(&self, z: u8, x: u32, y: u32) -> Result<Option<Vec<u8>>> {
        let relay = self.clone();
        spawn_blocking(move || relay.inner.base_map.tile(z, x, y)).await.map_err(|_| RelayError::Stopped)?
    }

    /// The file of tiles that phones are offered.
    pub fn signed_base_map(&self) -> Result<SignedBaseMap> {
        let identity = &self.inner.shared.identity;
        let (hash, size_bytes, is_gcj02) = self.inner.base_map.offered().ok_or(RelayError::NotFound)?;
        let map = wire::BaseMap { township: identity.township, hash, size_bytes, is_gcj02 };
        Ok(SignedBaseMap { map, signature: identity.key.sign(&map) })
    }

    /// So many bytes of it.
    pub async fn base_map_piece(&self, hash: BlobHash, from: u64, most: usize) -> Result<Vec<u8>> {
        let relay = self.clone();
        let read = move || relay.inner.base_map.piece(hash, from, most);
        spawn_blocking(read).await.map_err(|_| RelayError::Stopped)?
    }

    /// Takes a file of tiles in place of the present map.
    pub async fn load_base_map(&self, spooled: Spooled, is_gcj02: bool) -> Result<BaseMapShown> {
        let relay = self.clone();
        spawn_blocking(move || relay.inner.base_map.load(&spooled, is_gcj02))
            .await
            .map_err(|_| RelayError::Stopped)?
    }

    /// Takes a service in place of the present map.
    pub async fn set_base_map(&self, address: TileAddress) -> Result<BaseMapShown> {
        address.check()?;
        self.choose_base_map(Some(Choice::Address(address))).await
    }

    /// From now on there is no map under the grids.
    pub async fn remove_base_map(&self) -> Result<BaseMapShown> {
        self.choose_base_map(None).await
    }

    async fn choose_base_map(&self, choice: Option<Choice>) -> Result<BaseMapShown> {
        let relay = self.clone();
        spawn_blocking(move || relay.inner.base_map.choose(choice)).await.map_err(|_| RelayError::Stopped)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_host_of_its_own_and_three_places() {
        let at = |address: &str| TileAddress {
            address: address.to_owned(),
            attribution: String::new(),
            is_gcj02: false,
        };
        for good in
            ["https://t0.example.org/w/{z}/{x}/{y}.png?tk=1", "http://10.0.0.2:8080/t?x={x}&y={y}&z={z}"]
        {
            at(good).check().unwrap();
        }
        for bad in [
            "",
            "https://t0.example.org/w/1/2/3.png",
            "https://{x}.example.org/{z}/{x}/{y}",
            "https://a:b@example.org/{z}/{x}/{y}",
            "javascript:alert({x}{y}{z})",
            "file:///etc/{z}/{x}/{y}",
            "/tiles/{z}/{x}/{y}",
        ] {
            assert!(at(bad).check().is_err(), "{bad}");
        }
        assert!(at(&format!("https://example.org/{}/{{z}}/{{x}}/{{y}}", "a".repeat(500))).check().is_err());
    }

    #[test]
    fn a_choice_lasts_and_a_damaged_one_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let map = BaseMap::open(folder.path());
        assert_eq!(map.shown().kind, BaseMapKind::None);
        let address = TileAddress {
            address: "https://example.org/{z}/{x}/{y}".to_owned(),
            attribution: "天地图".to_owned(),
            is_gcj02: true,
        };
        let shown = map.choose(Some(Choice::Address(address))).unwrap();
        assert_eq!((shown.kind, shown.is_gcj02), (BaseMapKind::Address, true));
        assert_eq!(BaseMap::open(folder.path()).shown(), shown);
        fs::write(folder.path().join(CHOICE), b"{").unwrap();
        assert_eq!(BaseMap::open(folder.path()).shown(), BaseMapShown::default());
        let gone = Choice::File { hash: "00".to_owned(), is_gcj02: false };
        let shown = map.choose(Some(gone)).unwrap();
        assert!(shown.is_missing && shown.kind == BaseMapKind::File);
        assert_eq!(map.tile(1, 0, 0).unwrap(), None);
    }
}
