//! Suishou's field core.
pub mod entry;
pub mod error;
pub mod geo;
pub mod id;
pub mod log;
pub mod model;
pub mod time;
