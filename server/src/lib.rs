//! The relay of a township on one machine: it keeps what the phones send, and shows it to operators.
//!
//! The modules stand in the order of the pipeline; each uses only what stands before it:
//!
//! ```text
//! words ─▶ times ─▶ error ─▶ folder ─▶ config ─▶ identity ─▶ secret ─▶ db ─▶ blobs ─▶ relay (/v1) ─▶ console (/api) ─▶ serve ─▶ cli
//! ```

pub mod words;
pub mod times;
pub mod error;
pub mod folder;
pub mod config;
pub mod identity;
pub mod secret;
pub mod db;
pub mod blobs;
pub mod relay;
pub mod console;
pub mod serve;
pub mod cli;
