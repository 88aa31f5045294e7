//! That the process was told to stop: once it was, everybody who asks hears of it, also who asks later.
//!
//! Never in here: what is done about it.

use std::sync::OnceLock;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch::Sender;

/// Whether it was told so. Made by who asks first, and kept: nobody is woken by its end.
static TOLD: OnceLock<Sender<bool>> = OnceLock::new();

/// Ends when the process is asked to stop, or was since this was awaited first. Until then the system's own way of stopping stays.
pub async fn stopped() {
    told(TOLD.get_or_init(listen)).await;
}

/// Whether it was.
pub fn is_stopped() -> bool {
    TOLD.get().is_some_and(|told| *told.borrow())
}

async fn told(by: &Sender<bool>) {
    let mut told = by.subscribe();
    // It is an error only where the sender is gone.
    let _ = told.wait_for(|is_told| *is_told).await;
}

/// Listens from now on, for as long as the runtime goes on.
fn listen() -> Sender<bool> {
    let tell = Sender::new(false);
    // Without handlers the system's own way of stopping stays.
    if let (Ok(terminate), Ok(interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        tokio::spawn(heard(terminate, interrupt, tell.clone()));
    }
    tell
}

async fn heard(mut terminate: Signal, mut interrupt: Signal, tell: Sender<bool>) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tell.send_replace(true);
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[tokio::test]
    async fn who_asks_after_it_was_said_is_told_as_is_who_asked_before_and_who_asks_again() {
        let tell = Sender::new(false);
        let waits = tell.clone();
        let before = tokio::spawn(async move { told(&waits).await });
        tokio::task::yield_now().await;
        assert!(told(&tell).now_or_never().is_none() && !before.is_finished());
        tell.send_replace(true);
        before.await.expect("it ends");
        for _ in 0..3 {
            assert!(told(&tell).now_or_never().is_some());
        }
    }
}
