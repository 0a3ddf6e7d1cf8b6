//! The township's base map on this phone: one file of tiles, brought in pieces and used when it is whole.

use std::{
    fs::{self, File},
    io::{self, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use super::{blobs::sync_folder, phone::Store, tiles::Tiles};
use crate::{
    error::{Error, Result},
    id::BlobHash,
    model::{decode, encode},
    sync::wire::BaseMap,
};

/// Where it lies.
const FOLDER: &str = "basemap";
/// What is known of the file that is here whole.
const KNOWN: &str = "known";
/// Kept free beside it: photos and text go before a picture of the ground.
const RESERVE_BYTES: u64 = 256 * 1024 * 1024;

impl Store {
    /// The base map that is here whole.
    pub fn base_map(&self) -> Result<Option<(BaseMap, Tiles)>> {
        let Ok(known) = fs::read(self.maps().join(KNOWN)) else { return Ok(None) };
        let map: BaseMap = decode(&known, "a base map")?;
        let path = self.map_file(&map);
        if !path.exists() {
            return Ok(None);
        }
        Ok(Some((map, Tiles::open(&path)?)))
    }

    /// How many bytes of a map are here; all of them if it is whole.
    pub fn base_map_bytes(&self, map: &BaseMap) -> u64 {
        let len = |path: &Path| fs::metadata(path).map(|file| file.len()).ok();
        len(&self.map_file(map)).or_else(|| len(&self.map_part(map))).unwrap_or(0).min(map.size_bytes)
    }

    /// Keeps the next piece of a map. It may be given again after a cut: what is here is not written twice.
    pub fn add_base_map_piece(&mut self, map: &BaseMap, from: u64, piece: &[u8]) -> Result<()> {
        self.refuse_if_revoked()?;
        let free = fs4::available_space(self.folder()).map_err(Error::file("asking for the free space"))?;
        let left = map.size_bytes.saturating_sub(from);
        if free < RESERVE_BYTES.saturating_add(left) {
            return Err(Error::StorageFull);
        }
        let failed = Error::file("keeping a base map");
        fs::create_dir_all(self.maps()).map_err(&failed)?;
        let mut options = File::options();
        let mut file =
            options.create(true).truncate(false).write(true).open(self.map_part(map)).map_err(&failed)?;
        file.seek(SeekFrom::Start(from)).map_err(&failed)?;
        file.write_all(piece).map_err(&failed)?;
        file.sync_data().map_err(&failed)
    }

    /// All pieces are here: the file is what was promised, and takes the place of the one before. What is not goes, and
    /// is brought anew.
    pub fn finish_base_map(&mut self, map: &BaseMap) -> Result<()> {
        let failed = Error::file("keeping a base map");
        let part = self.map_part(map);
        let mut hasher = blake3::Hasher::new();
        let mut file = File::open(&part).map_err(&failed)?;
        io::copy(&mut file, &mut hasher).map_err(&failed)?;
        let is_it = BlobHash::new(*hasher.finalize().as_bytes()) == map.hash;
        if !is_it || Tiles::open(&part).is_err() {
            fs::remove_file(&part).map_err(&failed)?;
            return Err(Error::Corrupt("a base map"));
        }
        file.sync_all().map_err(&failed)?;
        fs::rename(&part, self.map_file(map)).map_err(&failed)?;
        let known = self.maps().join("known.new");
        fs::write(&known, encode(map)).map_err(&failed)?;
        File::open(&known).and_then(|known| known.sync_all()).map_err(&failed)?;
        fs::rename(&known, self.maps().join(KNOWN)).map_err(&failed)?;
        sync_folder(&self.maps())?;
        self.drop_base_maps(Some(map))
    }

    /// Removes maps but this one, with what came of others.
    pub fn drop_base_maps(&mut self, but: Option<&BaseMap>) -> Result<()> {
        let failed = Error::file("removing a base map");
        let kept = but.map(|map| [self.map_file(map), self.map_part(map), self.maps().join(KNOWN)]);
        for item in fs::read_dir(self.maps()).into_iter().flatten().flatten() {
            if kept.as_ref().is_none_or(|kept| !kept.contains(&item.path())) {
                fs::remove_file(item.path()).map_err(&failed)?;
            }
        }
        Ok(())
    }

    /// Bytes of all that is here of base maps.
    pub(super) fn base_maps_bytes(&self) -> u64 {
        let items = fs::read_dir(self.maps()).into_iter().flatten().flatten();
        items.filter_map(|item| item.metadata().ok()).map(|file| file.len()).sum()
    }

    fn maps(&self) -> PathBuf {
        self.folder().join(FOLDER)
    }

    fn map_file(&self, map: &BaseMap) -> PathBuf {
        self.maps().join(format!("{}.mbtiles", map.hash))
    }

    fn map_part(&self, map: &BaseMap) -> PathBuf {
        self.maps().join(format!("{}.part", map.hash))
    }
}
