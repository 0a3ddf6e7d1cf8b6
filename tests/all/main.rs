//! Every test that needs more than one part of the project, in one binary: a story each.

mod architecture;
mod faults;
mod golden;
mod hostile;
mod killed;
mod scenarios;
