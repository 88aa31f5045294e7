//! Named places before and after every class of store call, where a test kills the process.
//!
//! `NIGHTFERRY_KILL=store.put.log:before:3` ends the process with SIGKILL at the third time that place is reached;
//! `NIGHTFERRY_KILL_COUNTS=<file>` gets one line, `store.put.log:before`, each time any place is reached.
//!
//! ```text
//! store.get  store.head  store.list  store.delete
//! store.put.  probe  stamp  part  manifest  record  log  runs_part  runs  report  filed  vault_part  vault  dump  dump_manifest  dead_letters
//! store.second.  part  manifest  log
//! ```
//!
//! Compiled only with the cargo feature `failpoints`; without it both functions are empty and cost nothing.
//! Never in here: anything that a release may do.

/// Reached just before the call `name`.
#[inline(always)]
pub(super) fn before(name: &str) {
    #[cfg(feature = "failpoints")]
    armed::reach(name, "before");
    #[cfg(not(feature = "failpoints"))]
    let _ = name;
}

/// Reached just after the call `name`, whatever it answered.
#[inline(always)]
pub(super) fn after(name: &str) {
    #[cfg(feature = "failpoints")]
    armed::reach(name, "after");
    #[cfg(not(feature = "failpoints"))]
    let _ = name;
}

#[cfg(feature = "failpoints")]
mod armed {
    use std::io::Write;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// Times the armed place was reached.
    static REACHED: AtomicU64 = AtomicU64::new(0);

    pub(super) fn reach(name: &str, side: &str) {
        if let Ok(file) = std::env::var("NIGHTFERRY_KILL_COUNTS") {
            // One short append is one write: lines of several processes do not mix.
            let opened = std::fs::OpenOptions::new().create(true).append(true).open(file);
            let _ = opened.and_then(|mut file| file.write_all(format!("{name}:{side}\n").as_bytes()));
        }
        let Ok(armed) = std::env::var("NIGHTFERRY_KILL") else { return };
        let Some((place, nth)) = armed.rsplit_once(':') else { return };
        if place == format!("{name}:{side}") && nth.parse() == Ok(REACHED.fetch_add(1, Ordering::SeqCst) + 1) {
            // SIGKILL, as the kernel sends it: no destructor, no flush. Nothing of ours runs after it.
            let _ = std::process::Command::new("kill").args(["-9", &std::process::id().to_string()]).status();
            std::process::abort();
        }
    }
}
