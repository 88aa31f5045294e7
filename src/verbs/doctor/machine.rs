//! This machine, or the container that it is: whether memory and scratch space are enough for what the environment lets a night take.

use super::found::Found;
use crate::job::Environment;
use crate::report::bytes;
use crate::report::doctor::{DISK, MEMORY, NO_SCRATCH};
use crate::world::{ScratchFolder, World};
use uuid::Uuid;

/// What the process takes beside rows (README, "Measured"), rounded up.
const PROCESS_BYTES: u64 = 256 << 20;

const HERE: &str = "this machine";

/// Looks at memory and disk.
pub fn look(environment: &Environment, found: &mut Found) {
    let there = World::memory_bytes().or_else(World::machine_bytes);
    let limits = match World::memory_bytes() {
        Some(container) if !environment.is_memory_declared => environment.limits.within(container),
        _ => environment.limits,
    };
    let taken = limits.memory_bytes_max.saturating_add(PROCESS_BYTES);
    if let Some(there) = there.filter(|there| *there < taken) {
        let of =
            format!("{} for rows (memory_max) and {} besides", bytes(limits.memory_bytes_max), bytes(PROCESS_BYTES));
        found.advice(MEMORY, HERE, format!("a night may take {of}, and there are {}", bytes(there)));
    }
    let scratch = std::env::temp_dir();
    match ScratchFolder::make(&scratch, &format!("doctor-{}", Uuid::now_v7())) {
        Err(_) => found.advice(NO_SCRATCH, HERE, "the folder for scratch space (TMPDIR) cannot be written".into()),
        Ok(_) => {
            let free = World::free_bytes(&scratch).unwrap_or(u64::MAX);
            // What does not fit into memory is put aside there.
            if free < limits.memory_bytes_max {
                let needed = bytes(limits.memory_bytes_max);
                let message =
                    format!("scratch space (TMPDIR) has {} left, less than the {needed} of memory_max", bytes(free));
                found.advice(DISK, HERE, message);
            }
        }
    }
    found.checked(HERE, &["memory", "scratch space"]);
}
