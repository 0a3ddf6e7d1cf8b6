//! The relay under load, as released, over TLS on loopback: a storm after a power cut, sockets that dawdle,
//! phones that wait, a million documents. Everything is bounded and ends by itself.
//!
//! The phones of the load run on the same cores as the relay.

mod loris;
mod million;
mod phones;
mod storm;
mod wake;

use std::path::Path;

use super::figures::{Figures, tell};

/// Phones of one township.
const PHONES: usize = 1_200;

pub(crate) async fn measure(figures: &mut Figures, program: Option<&Path>) {
    let Some(program) = program else { return tell("no --program: the relay is not measured") };
    let baseline = storm::measure(figures, program).await;
    loris::measure(figures, program, baseline).await;
    wake::measure(figures, program).await;
    million::measure(figures, program).await;
}
