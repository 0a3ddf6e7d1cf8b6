//! Suishou's field core.
pub mod id;
pub mod time;
pub mod error;
pub mod geo;
