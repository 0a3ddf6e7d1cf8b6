//! Sync: what to ask the relay next, what its answer means, and a thin shell that talks HTTP.
pub mod wire;
