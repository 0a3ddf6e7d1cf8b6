//! What Kotlin and Swift see of the field core: one object [`Field`], mirrors of core's values, one error whose
//! variants are what a person can do next.
//!
//! Nothing is decided here. Each method is one expression on [`suishou_core::field::Field`]; a panic in it becomes an
//! error and a store that is opened anew.

mod error;
mod field;
#[rustfmt::skip]
mod mirror;
mod picture;
mod platform;
mod township;
mod values;
#[rustfmt::skip]
mod work;

pub use error::FieldError;
pub use field::Field;
pub use platform::{KeyProvider, PhoneClock, Watcher};

uniffi::setup_scaffolding!("suishou");
