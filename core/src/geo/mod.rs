//! Places: positions, boundaries, and the grid a position lies in, found offline.
//!

mod boundary;
mod finder;
mod kind;
mod position;
mod ring;
mod tree;

pub use self::{
    boundary::{Boundary, Bounds},
    kind::GridKind,
    position::{Position, path_length_m},
    tree::depths,
};
