//! What the tests of Suishou stand on: simulated phones on real core code, a relay, a network with faults,
//! and a made-up township.
//!
//! Nothing here is part of the product; the product never depends on it.

#![expect(clippy::missing_panics_doc, reason = "a harness panics when the test has no footing")]

pub mod crash;
pub mod harness;
pub mod mutants;
pub mod sim;
pub mod world;

/// Base64 of a text, as tus metadata has it.
pub fn base64(text: &str) -> String {
    data_encoding::BASE64.encode(text.as_bytes())
}
