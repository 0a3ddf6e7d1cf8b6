//! Sync: what to ask the relay next, what its answer means, and a thin shell that talks HTTP.

mod beside;
pub mod bundle;
pub mod check;
pub mod client;
pub mod enrol;
pub mod exchange;
mod invitation;
pub mod session;
pub mod typed;
pub mod wire;
