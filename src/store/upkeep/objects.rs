//! An object as it lies there: its bytes, hash, rows and columns.
//!
//! Never in here: what it should be.

use crate::access::Folder;
use crate::format::parquet_footer::{Footer, footer};
use crate::store::absent::get;
use crate::store::fault::StoreError;
use crate::store::part::sha256;

/// Objects read at once: each is in memory as a whole.
pub(super) const READS_AT_ONCE: usize = 4;

/// An object as it lies there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) bytes: u64,
    pub(super) sha256: String,
    /// `None` when it is not whole Parquet.
    pub(super) footer: Option<Footer>,
}

/// Reads the object at `path` under `table`; `None` when it is not there.
pub(super) async fn look(table: &Folder, path: &str) -> Result<Option<Seen>, StoreError> {
    let found = get(table, &table.at(path)).await?;
    Ok(found.map(|bytes| Seen { bytes: bytes.len() as u64, sha256: sha256(&bytes), footer: footer(&bytes) }))
}
