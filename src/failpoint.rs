//! Named places before and after every class of call to a store or a database, where a test kills the process; and places where
//! rows are in hand, where a test makes it panic.
//!
//! `NIGHTFERRY_KILL=store.put.log:before:3` ends the process with SIGKILL at the third time that place is reached;
//! `NIGHTFERRY_KILL_COUNTS=<file>` gets one line, `store.put.log:before`, each time any place is reached.
//! `NIGHTFERRY_PAUSE=store.put.part:after:<file>` makes that file at the first time that place is reached, and waits until it is gone.
//! `NIGHTFERRY_DAYS_AHEAD=40` lets `table gc` take today for a day that is so much later.
//! `NIGHTFERRY_PANIC=rows.treated` panics there with the rows themselves as its text: the worst that a bug of ours could quote.
//!
//! ```text
//! store.get  store.head  store.list  store.delete  store.delete_nothing  store.ask
//! store.put.  probe  stamp  epoch  part  manifest  record  log  runs_part  runs  checkpoint  hint  beginning  report  paper  filed  vault_part  vault  gc  shortened  plain  plain_version
//! store.put.  lease  told  dump  dump_begin  dump_manifest  dead_letters  begun  receipt  begin  abort
//! store.second.  part  manifest  list  log
//! source.  list  get
//! database.  open  begin  moment  import  position  powers  alive  pulse  mark  catalog  prepare  plan  parts  locks  copy  message  survey  remedy
//! kafka.send  file.sync
//! rows.read  rows.treated
//! ```
//!
//! Compiled only with the cargo feature `failpoints`; without it all functions are empty and cost nothing.
//! Never in here: anything that a release may do.

/// Reached just before the call `name`.
#[inline(always)]
pub fn before(name: &str) {
    #[cfg(feature = "failpoints")]
    armed::reach(name, "before");
    #[cfg(not(feature = "failpoints"))]
    let _ = name;
}

/// Reached just after the call `name`, whatever it answered.
#[inline(always)]
pub fn after(name: &str) {
    #[cfg(feature = "failpoints")]
    armed::reach(name, "after");
    #[cfg(not(feature = "failpoints"))]
    let _ = name;
}

/// Awaits the call `name` between the two, whatever it answers.
#[inline]
pub async fn around<T>(name: &str, call: impl Future<Output = T>) -> T {
    before(name);
    let answer = call.await;
    after(name);
    answer
}

/// Where rows are in hand, which `told` prints.
#[inline(always)]
pub fn holding(name: &str, told: impl FnOnce() -> String) {
    #[cfg(feature = "failpoints")]
    armed::panic_over(name, told);
    #[cfg(not(feature = "failpoints"))]
    let _ = (name, told);
}

/// Days by which the clock of whoever asks is ahead: none, but in a test.
#[inline(always)]
pub fn days_ahead() -> i64 {
    #[cfg(feature = "failpoints")]
    return std::env::var("NIGHTFERRY_DAYS_AHEAD").ok().and_then(|days| days.parse().ok()).unwrap_or(0);
    #[cfg(not(feature = "failpoints"))]
    0
}

#[cfg(feature = "failpoints")]
mod armed {
    use std::io::Write;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// Times the armed place was reached.
    static REACHED: AtomicU64 = AtomicU64::new(0);

    pub(super) fn panic_over(name: &str, told: impl FnOnce() -> String) {
        if std::env::var("NIGHTFERRY_PANIC").is_ok_and(|armed| armed == name) {
            std::panic::panic_any(told());
        }
    }

    /// Times the place of a pause was reached.
    static PAUSED: AtomicU64 = AtomicU64::new(0);

    fn pause(name: &str, side: &str) {
        let Ok(armed) = std::env::var("NIGHTFERRY_PAUSE") else { return };
        let Some(file) = armed.strip_prefix(&format!("{name}:{side}:")) else { return };
        if PAUSED.fetch_add(1, Ordering::SeqCst) == 0 && std::fs::write(file, "").is_ok() {
            while std::path::Path::new(file).exists() {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
        }
    }

    pub(super) fn reach(name: &str, side: &str) {
        if let Ok(file) = std::env::var("NIGHTFERRY_KILL_COUNTS") {
            // One short append is one write: lines of several processes do not mix.
            let opened = std::fs::OpenOptions::new().create(true).append(true).open(file);
            let _ = opened.and_then(|mut file| file.write_all(format!("{name}:{side}\n").as_bytes()));
        }
        pause(name, side);
        let Ok(armed) = std::env::var("NIGHTFERRY_KILL") else { return };
        let Some((place, nth)) = armed.rsplit_once(':') else { return };
        if place == format!("{name}:{side}") && nth.parse() == Ok(REACHED.fetch_add(1, Ordering::SeqCst) + 1) {
            // SIGKILL, as the kernel sends it: no destructor, no flush. Nothing of ours runs after it.
            let _ = std::process::Command::new("kill").args(["-9", &std::process::id().to_string()]).status();
            std::process::abort();
        }
    }
}
