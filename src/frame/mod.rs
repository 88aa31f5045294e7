//! SQL over frames, and the bridge between Arrow and Polars: the only polars, and the only `unsafe` but for one call of the
//! relay's and one of the pseudonyms'.
//!
//! Never in here: what the SQL is for, and an error text of the engine (it may quote a value).

mod bridge;
mod join;
mod sql;

pub use bridge::CannotCross;
pub use join::{KeyMatch, match_keys};
pub use sql::{SqlFault, Table, is_asked, sql};
