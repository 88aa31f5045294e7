//! The checkpoints of a log, held against its entries: readers believe them.

use super::verify::{Fault, Finding};
use crate::access::Folder;
use crate::store::absent::get;
use crate::store::delta::checkpoint::{HINT, Hint, checkpoint_path};
use crate::store::delta::listing::list_from;
use crate::store::delta::log::{TableState, apply};
use crate::store::delta::resume::{is_of, resumed};
use crate::store::delta::shortened::Shortened;
use crate::store::fault::StoreError;
use crate::store::part::sha256;
use bytes::Bytes;

/// What is wrong with the checkpoints below `table`, and with the hint that names the newest. `log` is every entry, in order; it
/// is replayed once, by no checkpoint but that at which a shortened log begins, and as far as it can be.
pub(super) async fn look<'a>(
    table: &Folder,
    begins: Option<&Shortened>,
    log: impl Iterator<Item = (u64, &'a Bytes)>,
) -> Result<Vec<Finding>, StoreError> {
    let mut there = list_from(table, begins.map(|begins| begins.version)).await?.checkpoints;
    let (mut found, mut state, mut log, mut is_whole) = (Vec::new(), TableState::default(), log.peekable(), true);
    if let Some(begins) = begins {
        match begun(table, begins).await? {
            Ok(begun) => {
                (state, there) = (begun, there.into_iter().filter(|version| *version > begins.version).collect());
                log.next_if(|(version, _)| *version == begins.version);
            }
            Err(fault) => {
                let (version, object) = (begins.version, checkpoint_path(begins.version));
                found.push(Finding { version, object, fault });
                is_whole = false;
            }
        }
    }
    for version in there.iter().copied() {
        while is_whole && let Some((next, text)) = log.next_if(|(next, _)| *next <= version) {
            is_whole = next == state.next_version() && apply(&mut state, next, text).is_ok();
        }
        if !is_whole {
            // What a later one should say nobody knows; the entries are told of elsewhere.
            break;
        }
        let object = checkpoint_path(version);
        let Some(bytes) = get(table, &table.at(&object)).await? else { continue };
        if state.version != Some(version) || !is_of(bytes, &state) {
            found.push(Finding { version, object, fault: Fault::Checkpoint });
        }
    }
    let hint = get(table, &table.at(HINT)).await?;
    match hint.map(|text| serde_json::from_slice::<Hint>(&text)) {
        Some(Err(_)) => found.push(Finding { version: 0, object: HINT.to_owned(), fault: Fault::Unreadable }),
        Some(Ok(hint)) if !there.contains(&hint.version) && begins.is_none_or(|of| of.version != hint.version) => {
            let (version, object) = (hint.version, checkpoint_path(hint.version));
            found.push(Finding { version, object, fault: Fault::Missing });
        }
        _ => {}
    }
    Ok(found)
}

/// What the table is at the version where a shortened log begins: what its checkpoint says, when that is the one which was held
/// against the entries that are gone.
async fn begun(table: &Folder, begins: &Shortened) -> Result<Result<TableState, Fault>, StoreError> {
    let Some(bytes) = get(table, &table.at(&checkpoint_path(begins.version))).await? else {
        return Ok(Err(Fault::Missing));
    };
    if sha256(&bytes) != begins.checkpoint_sha256 {
        return Ok(Err(Fault::Checkpoint));
    }
    let state = resumed(bytes).map(|(state, _)| state).filter(|state| state.version == Some(begins.version));
    Ok(state.ok_or(Fault::Checkpoint))
}
