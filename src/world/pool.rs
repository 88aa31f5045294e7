//! The one bridge from tokio (waiting) to rayon (computing).

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use tokio::sync::oneshot;

/// Starts `work` on the CPU pool at once; the future waits for it without blocking the reactor. A panic in `work` goes
/// on where the future is awaited.
pub fn compute<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> impl Future<Output = T> + Send {
    let (send, receive) = oneshot::channel();
    rayon::spawn(move || {
        // The receiver is gone only when the run has ended; nobody is left to tell.
        let _ = send.send(catch_unwind(AssertUnwindSafe(work)));
    });
    async move {
        match receive.await {
            Ok(Ok(done)) => done,
            Ok(Err(panic)) => resume_unwind(panic),
            // The sender goes without a word only if rayon dropped the task, which it never does.
            Err(gone) => resume_unwind(Box::new(gone)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn carries_a_result_and_a_panic_back() {
        assert_eq!(compute(|| 6 * 7).await, 42);
        let panicked = tokio::spawn(compute(|| -> u8 { std::panic::panic_any("broken") })).await;
        assert!(panicked.is_err_and(|error| error.is_panic()));
    }
}
