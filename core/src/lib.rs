//! Suishou's field core: what a grid member's and an informant's phone does, and what the relay shares
//! with it.
//!
//! The modules stand in the order of the pipeline; each uses only what stands before it:
//!
//! ```text
//! capture ─▶ entry ─▶ log ─▶ seal ─▶ guard ─▶ document ─▶ policy ─▶ project ─▶ rows ─▶ store ─▶ sync ─▶ view ─▶ field
//! ```
//!
//! Core is synchronous and has no thread, clock or entropy of its own; async is only in the HTTP shell.

pub mod id;
pub mod time;
pub mod error;
pub mod seeded;
pub mod geo;
pub mod model;
pub mod capture;
pub mod entry;
pub mod log;
pub mod seal;
pub mod guard;
pub mod document;
pub mod policy;
pub mod project;
pub mod rows;
pub mod outbox;
pub mod store;
pub mod sync;
pub mod view;
pub mod field;
#[cfg(feature = "schema")]
mod schema;
