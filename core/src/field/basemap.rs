//! The township's base map: brought once, on a network that costs nothing, and drawn without any.

use serde::Serialize;

use super::{Field, Inner};
use crate::{
    error::{Error, Result, Unreachable},
    log::verify,
    model::decode,
    store::tiles::Tiles,
    sync::{
        exchange::{Method, Request, Response},
        wire::{BaseMap, SignedBaseMap, code, path},
    },
};

/// The map under the grids, as far as this phone has one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BaseMapView {
    /// What it is called.
    pub name: String,
    /// Whose data it is, to be shown beside the map.
    pub attribution: String,
    /// The shallowest zoom.
    pub min_zoom: u8,
    /// The deepest zoom.
    pub max_zoom: u8,
    /// Its places are shifted, as in maps of the mainland: they are shifted back when it is drawn.
    pub is_gcj02: bool,
    /// Bytes of the file.
    pub size_bytes: u64,
}

/// The base map, open.
#[derive(Debug)]
pub(super) struct OpenMap {
    map: BaseMap,
    tiles: Tiles,
}

impl Field {
    /// The base map that is on this phone, if there is one.
    pub fn base_map(&self) -> Result<Option<BaseMapView>> {
        let mut inner = self.inner();
        Ok(inner.base_map()?.map(|open| {
            let info = open.tiles.info();
            BaseMapView {
                name: info.name.clone(),
                attribution: info.attribution.clone(),
                min_zoom: info.min_zoom,
                max_zoom: info.max_zoom,
                is_gcj02: open.map.is_gcj02,
                size_bytes: open.map.size_bytes,
            }
        }))
    }

    /// One tile of it, `x` from the west and `y` from the north: PNG, JPEG or WebP.
    pub fn base_map_tile(&self, z: u8, x: u32, y: u32) -> Result<Option<Vec<u8>>> {
        let mut inner = self.inner();
        inner.base_map()?.map_or(Ok(None), |open| open.tiles.tile(z, x, y))
    }

    /// Brings the township's base map if there is another than the one here, and goes on where it was cut. Tells
    /// whether there is one here now. `token` is that of a [`Session`], which is free for other work meanwhile. Only on
    /// a network that costs the person nothing.
    ///
    /// [`Session`]: crate::sync::session::Session
    pub async fn fetch_base_map(&self, token: &str) -> Result<bool> {
        let answer = self.exchange(&Request::new(Method::Get, path::BASE_MAP).bearer(token)).await?;
        let Some(map) = self.offered(&answer)? else {
            let mut inner = self.inner();
            inner.base_map = None;
            inner.store.drop_base_maps(None)?;
            return Ok(false);
        };
        loop {
            let from = {
                let mut inner = self.inner();
                if inner.base_map()?.is_some_and(|open| open.map == map) {
                    return Ok(true);
                }
                inner.store.base_map_bytes(&map)
            };
            if from >= map.size_bytes {
                let mut inner = self.inner();
                inner.base_map = None;
                inner.store.finish_base_map(&map)?;
                return Ok(inner.base_map()?.is_some());
            }
            let asked = format!("{}/{}?from={from}", path::BASE_MAP, map.hash);
            let answer = self.exchange(&Request::new(Method::Get, &asked).bearer(token)).await?;
            let is_piece = answer.status == 200
                && !answer.body.is_empty()
                && from.saturating_add(answer.body.len() as u64) <= map.size_bytes;
            if !is_piece {
                return Err(Error::Offline(Unreachable::NotTheRelay));
            }
            self.inner().store.add_base_map_piece(&map, from, &answer.body)?;
        }
    }

    /// Which map the township has; none if it says so itself.
    fn offered(&self, answer: &Response) -> Result<Option<BaseMap>> {
        let not_the_relay = || Error::Offline(Unreachable::NotTheRelay);
        if answer.status == 404 && answer.code().as_deref() == Some(code::NOT_FOUND) {
            return Ok(None);
        }
        if answer.status != 200 {
            return Err(not_the_relay());
        }
        let SignedBaseMap { map, signature } =
            decode(&answer.body, "a base map").map_err(|_| not_the_relay())?;
        let identity = self.inner().store.identity()?;
        verify(&identity.relay_key, &map, &signature)?;
        if map.township == identity.township { Ok(Some(map)) } else { Err(not_the_relay()) }
    }
}

impl Inner {
    /// Opened once. One that can't be read is none: nobody waits for a picture of the ground.
    fn base_map(&mut self) -> Result<Option<&OpenMap>> {
        if self.base_map.is_none() {
            self.base_map = match self.store.base_map() {
                Ok(found) => found.map(|(map, tiles)| OpenMap { map, tiles }),
                Err(error @ Error::Revoked) => return Err(error),
                Err(error) => {
                    tracing::warn!(%error, "the base map can't be read");
                    None
                }
            };
        }
        Ok(self.base_map.as_ref())
    }
}
