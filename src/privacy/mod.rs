//! Personal data: what may be seen by whom, and the one way to make rows that may be written.
//!
//! ```text
//! policy.rs   class x audience x declared treatment -> treatment, or a refusal
//! keys.rs     one secret -> a key for each domain (HKDF-SHA-256)
//! redact.rs   rows + treatments -> Redacted, the only thing a store takes
//! detect.rs   what looks like personal data in a text that nobody declared as such
//! ```
//!
//! Pure and parallel: keys and treatments come in as parameters, nothing is read or written.

mod policy;
mod redact;

pub use policy::{PolicyFault, treatment};
pub use redact::Redacted;
