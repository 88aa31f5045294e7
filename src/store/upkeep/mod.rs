//! What a published table needs besides its nights: looking at it, going back, and letting go of what nobody names.
//!
//! ```text
//! history.rs   the log, entry by entry, and what each version is
//! objects.rs   an object as it lies there: bytes, hash, rows, columns
//! verify.rs    every object against its manifest, every manifest against the one before
//! finding.rs   what can be wrong with an object
//! checkpoints.rs  the log's checkpoints against its entries
//! copies.rs    the plain copy of a table
//! meanwhile.rs whether a table changed while it was looked at
//! decided.rs   what the jobs' records decided of a table
//! compare.rs   the two clouds, object by object
//! today.rs     whether a version shows what today's job shows
//! rollback.rs  an earlier version as the next one
//! columns.rs   columns as they are published, and how long their texts are
//! collect.rs   objects that no version in retention names
//! shorten.rs   entries of the log that no version in retention needs
//! earlier.rs   what stays of versions that a shortened log no longer has
//! ```
//!
//! Never in here: a write of anything but a commit, a list of what may go, and the deletion of what is on such a list.

mod checkpoints;
pub mod collect;
pub mod columns;
pub mod compare;
pub mod copies;
mod decided;
mod earlier;
mod finding;
pub mod history;
mod meanwhile;
mod objects;
pub mod rollback;
mod shorten;
mod today;
pub mod verify;
