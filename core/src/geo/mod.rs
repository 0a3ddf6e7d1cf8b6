//! Places: positions, boundaries, and the grid a position lies in, found offline.
//!

mod boundary;
mod position;
mod ring;

pub use self::{
    boundary::{Boundary, Bounds},
    position::{Position, path_length_m},
};
