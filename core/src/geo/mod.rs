//! Places: positions, boundaries, and the grid a position lies in, found offline.
//!
//! Home of `geo`, `geojson` and `rstar`. Everything is WGS-84; shifted coordinates never leave
//! [`shift`].

mod position;

pub use position::Position;
