//! The relay's rules, driven in one thread with small phones made by hand.

mod concurrency;
mod feeding;
mod http;
mod kinds;
mod lives;
mod operating;
pub(super) mod phone;
mod pushing;
mod seeing;
mod uploading;
