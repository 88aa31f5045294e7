//! Whether a store's create-only write is exclusive also when several write at once: a server that looks first and writes then passes
//! one after the other and lets two runs commit one version at night.
//!
//! Never in here: the plain look that comes before every run (`preflight`).

use super::fault::{StoreError, fault};
use crate::access::Folder;
use crate::failpoint;
use bytes::Bytes;
use futures::future::join_all;
use object_store::{ObjectStoreExt, PutMode, PutOptions, PutPayload};
use uuid::Uuid;

/// Writers at once.
const WRITERS: usize = 6;
/// Keys that they race for, one after the other.
const ROUNDS: usize = 4;

/// Races for probe objects under `_nightferry/` and deletes them. Gives whether each had one winner, whose bytes were there.
pub async fn is_exclusive_in_a_race(folder: &Folder) -> Result<bool, StoreError> {
    let mut is_exclusive = true;
    for _ in 0..ROUNDS {
        let key = folder.at(&format!("_nightferry/probe-{}", Uuid::now_v7()));
        let texts: Vec<Bytes> = (0..WRITERS).map(|writer| Bytes::from(format!("writer {writer}"))).collect();
        let create = |text: &Bytes| {
            let (text, key) = (text.clone(), key.clone());
            async move {
                let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
                folder.store().put_opts(&key, PutPayload::from_bytes(text), options).await
            }
        };
        let answers = failpoint::around("store.put.probe", join_all(texts.iter().map(create))).await;
        let found = async { folder.store().get(&key).await?.bytes().await };
        let found = failpoint::around("store.get", found).await;
        let deleted = failpoint::around("store.delete", folder.store().delete(&key)).await;
        let found = found.map_err(|error| fault(folder, "reading a probe", "the probe", error))?;
        deleted.map_err(|error| fault(folder, "deleting a probe", "the probe", error))?;
        let won: Vec<&Bytes> =
            texts.iter().zip(&answers).filter(|(_, answer)| answer.is_ok()).map(|(text, _)| text).collect();
        // A lost answer leaves no winner who knows of it: somebody's bytes are there all the same, and nobody else's.
        is_exclusive &= won.len() <= 1 && won.iter().all(|text| **text == found) && texts.contains(&found);
    }
    Ok(is_exclusive)
}
