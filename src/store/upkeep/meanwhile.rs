//! Whether a table changed while it was looked at: what went, or was written over, is no fault then, and is judged anew.
//!
//! ```text
//! what it says -> a look that finds something -> what it says now      the same: what was found holds
//!                                                                      another: look again, twice at most
//! ```
//!
//! A table says what it is by names that are never taken back silently: where its log begins, which entries and checkpoints it has,
//! what may go, and what its plain copy is to be. Whoever deletes or writes over an object changes one of them before: `table gc` its
//! lists and `_shortened`, whoever makes a copy `_version.json`, a night the log.
//!
//! Never in here: what is looked at.

use super::collect::{LISTS, list};
use crate::access::Folder;
use crate::store::absent::get;
use crate::store::delta::checkpoint::HINT;
use crate::store::delta::listing::{Listing, list_from};
use crate::store::delta::shortened::beginnings;
use crate::store::fault::StoreError;
use crate::store::mutant::{self, Mutant};
use crate::store::plain;
use bytes::Bytes;
use std::collections::BTreeSet;

/// Looks after the first one, at most.
const AGAIN_MAX: u32 = 2;

/// What a table says of itself in one cloud.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Says {
    begins: Vec<u64>,
    log: Listing,
    newest_checkpoint: Option<Bytes>,
    lists: BTreeSet<String>,
    copy: Option<Bytes>,
}

/// What becomes of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judged {
    /// Nothing changed: they hold.
    Holds,
    /// Something did: another look decides.
    Again,
    /// It never stood still: only what the look before found too is told.
    Changing,
}

/// A table that is looked at.
pub(super) struct Watched<'a> {
    /// The stores' folders of its clouds.
    clouds: Vec<&'a Folder>,
    dataset: &'a str,
    says: Vec<Says>,
    again: u32,
}

impl<'a> Watched<'a> {
    /// Before the first look.
    pub(super) async fn begin(clouds: Vec<&'a Folder>, dataset: &'a str) -> Result<Self, StoreError> {
        let says = all(&clouds, dataset).await?;
        Ok(Watched { clouds, dataset, says, again: 0 })
    }

    /// After a look that found something.
    pub(super) async fn judge(&mut self) -> Result<Judged, StoreError> {
        let now = all(&self.clouds, self.dataset).await?;
        if now == self.says || mutant::is(Mutant::LooksOnce) {
            return Ok(Judged::Holds);
        }
        self.says = now;
        self.again += 1;
        Ok(if self.again > AGAIN_MAX { Judged::Changing } else { Judged::Again })
    }
}

/// Whether it may be only that something went while it was read.
pub(super) fn may_pass(error: &StoreError) -> bool {
    matches!(error, StoreError::Damaged { .. } | StoreError::NotThere { .. })
}

async fn all(clouds: &[&Folder], dataset: &str) -> Result<Vec<Says>, StoreError> {
    let mut all = Vec::new();
    for cloud in clouds {
        all.push(says(cloud, dataset).await?);
    }
    Ok(all)
}

async fn says(store: &Folder, dataset: &str) -> Result<Says, StoreError> {
    let table = store.child(dataset);
    let begins = beginnings(&table).await?;
    Ok(Says {
        log: list_from(&table, begins.last().copied()).await?,
        begins,
        newest_checkpoint: get(&table, &table.at(HINT)).await?,
        lists: list(&table, LISTS).await?.into_iter().map(|(path, _)| path).collect(),
        copy: plain::text(store, dataset).await?,
    })
}
