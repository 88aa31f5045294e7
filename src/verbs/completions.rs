//! `nightferry completions SHELL`: what the shell completes.

use crate::cli;
use std::io::Write;

/// Prints the completions of a shell.
pub fn completions(shell: cli::Shell, out: &mut dyn Write) -> u8 {
    let _ = out.write_all(&cli::completions(shell));
    0
}
