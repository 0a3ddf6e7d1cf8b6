//! Places: positions, boundaries, and the grid a position lies in, found offline.
//!
//! A GeoJSON file becomes [`GridFeature`]s, their boundaries travel as compact CBOR, and a
//! [`GridFinder`] made of them tells every device the same grid for the same position. Home of
//! `geo`, `geojson` and `rstar`. Everything is WGS-84; shifted coordinates never leave [`shift`].

mod boundary;
mod finder;
mod geojson;
mod kind;
mod position;
mod ring;
pub mod shift;
mod tree;

pub use self::{
    boundary::{Boundary, Bounds},
    finder::GridFinder,
    geojson::{GridFeature, read as read_geojson},
    kind::GridKind,
    position::{Position, path_length_m},
    tree::depths,
};
