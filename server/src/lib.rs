//! The relay of a township on one machine: it keeps what the phones send, and shows it to operators.
//!
//! ```text
//! identity ─▶ db ─▶ blobs ─▶ relay (/v1)
//! ```

pub mod blobs;
pub mod db;
pub mod identity;
pub mod relay;
