//! Simulated phones on real core code, a real relay in this process, and a network with faults between
//! them. No sleeps: the clock is the test's, and every random choice comes from a seed.

mod clock;
mod folder;
mod network;
mod phone;
mod raw;
mod township;

pub use clock::TestClock;
pub use network::{Fault, Network};
pub use phone::Phone;
pub use raw::{Answer, RawDevice, post, send};
pub use township::Township;
