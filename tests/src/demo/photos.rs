//! Where the phones' photos come from: a made-up camera, or somebody's own folder.

use std::path::{Path, PathBuf};

use suishou_core::{geo::Position, time::Timestamp};
use suishou_tests::world::{camera::Camera, dice::Dice};

use super::Failed;

/// A source of originals.
#[derive(Clone, Debug)]
pub(crate) enum Photos {
    /// Made as they are taken.
    Camera,
    /// Files of a folder, any of them.
    Folder(Vec<PathBuf>),
}

impl Photos {
    /// The camera, or the pictures in a folder.
    pub(crate) fn from(folder: Option<&Path>) -> Result<Self, Failed> {
        let Some(folder) = folder else { return Ok(Self::Camera) };
        let listed =
            std::fs::read_dir(folder).map_err(|error| Failed::new("reading the photo folder", &error))?;
        let is_picture = |path: &PathBuf| {
            let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
            extension.is_some_and(|extension| ["jpg", "jpeg", "png", "webp"].contains(&extension.as_str()))
        };
        let mut files: Vec<PathBuf> = listed.flatten().map(|item| item.path()).filter(is_picture).collect();
        files.sort();
        if files.is_empty() {
            return Err(Failed::new(
                "reading the photo folder",
                &"there is no JPEG, PNG or WebP picture in it",
            ));
        }
        Ok(Self::Folder(files))
    }

    /// One original.
    pub(crate) fn take(
        &self,
        camera: &mut Camera,
        at: Timestamp,
        position: Position,
        dice: &mut Dice,
    ) -> Result<Vec<u8>, Failed> {
        match self {
            Self::Camera => {
                let orientation = camera.any_orientation();
                Ok(camera.shoot(at, position, orientation))
            }
            Self::Folder(files) => {
                let file = dice.choose(files).ok_or_else(|| Failed::new("taking a photo", &"no file"))?;
                std::fs::read(file).map_err(|error| Failed::new("reading a photo", &error))
            }
        }
    }
}
