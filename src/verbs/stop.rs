//! When a verb that takes long is told to stop.

use tokio::signal::unix::{SignalKind, signal};

/// Ends when the process is asked to stop.
pub(super) async fn stopped() {
    let (terminate, interrupt) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    match (terminate, interrupt) {
        (Ok(mut terminate), Ok(mut interrupt)) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        }
        // Without handlers the system's own way of stopping stays.
        _ => std::future::pending().await,
    }
}
