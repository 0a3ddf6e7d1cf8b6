//! The relay's rules, driven in one thread with small phones made by hand.

mod concurrency;
mod feeding;
mod http;
mod kinds;
mod lives;
mod operating;
mod phone;
mod pushing;
mod queue;
mod seeing;
mod uploading;
