//! Every test that needs more than one part of the project, in one binary: a story each.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::zombie_processes,
    reason = "all of this is test code"
)]

mod architecture;
mod basemap;
mod bundles;
mod canary;
mod clashes;
mod crash;
mod enrolment;
mod faults;
mod ffi;
mod folds;
mod golden;
mod grids;
mod held;
mod hostile;
mod keeping;
mod killed;
mod lessons;
mod life;
mod lists;
mod next_phone;
mod replicas;
mod revoked;
mod salvage;
mod scenarios;
mod seen;
mod simulated;
mod systems;
