//! The relay's rules, driven in one thread with small phones made by hand.

mod concurrency;
mod erasing;
mod feeding;
mod http;
mod kinds;
mod lives;
mod operating;
pub(crate) mod phone;
mod pushing;
mod seeing;
mod uploading;
