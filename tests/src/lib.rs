//! What the tests of Suishou stand on: a made-up township and, around it, simulated phones.
//!
//! Nothing here is part of the product; the product never depends on it.

pub mod world;
