//! Simulated phones on real core code, a real relay in this process, and a network with faults between
//! them. No sleeps: the clock is the test's, and every random choice comes from a seed.

mod clock;
mod folder;
mod held;
mod network;
mod orders;
mod phone;
mod plan;
mod raw;
mod township;

pub use clock::TestClock;
pub use folder::{copy_folder, memory};
pub use network::{Fault, Network};
pub use orders::Desk;
pub use phone::Phone;
pub use plan::{Plan, cell};
pub use raw::{Answer, RawDevice, post, send};
pub use township::Township;
