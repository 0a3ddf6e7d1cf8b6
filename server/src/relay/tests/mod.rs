//! The relay's rules, driven in one thread with small phones made by hand.

mod concurrency;
mod exporting;
mod feeding;
mod figures;
mod http;
mod kinds;
mod lives;
mod operating;
mod phone;
mod pushing;
mod retention;
mod seeing;
mod uploading;
