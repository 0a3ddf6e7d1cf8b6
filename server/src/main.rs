//! `suishou`: the relay and the operator's commands; all of it is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    suishou_server::cli::run(std::env::args_os())
}
