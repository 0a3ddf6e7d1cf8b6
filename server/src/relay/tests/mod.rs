//! The relay's rules, driven in one thread with small phones made by hand.

mod concurrency;
mod erasing;
mod exporting;
mod feeding;
mod figures;
mod http;
mod kinds;
mod lives;
mod operating;
pub(crate) mod phone;
mod pushing;
mod queue;
mod retention;
mod seeing;
mod uploading;
