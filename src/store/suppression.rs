//! The people who are to be forgotten: `_suppress/<20 digits>.json` in the store of audience `security`, each version created once.
//!
//! ```text
//! a run    reads the newest version before it asks its sources, leaves the rows of its people out, writes the version's number
//!          into every manifest, and looks once more before its record: a newer one, and nothing of the run is published
//! an erasure writes the next version; then it takes the next number of every job's ledger, as whoever goes back does; then it
//!          looks at what is published. A run that looked before the version was there either had its record by then, so that the
//!          erasure sees its night, or finds its number taken, and looks again. A vault keeps values before the record: an
//!          erasure looks at every vault, and at what lies aside in `restricted`, after it has the numbers
//! ```
//!
//! A version is the whole list. It holds no value: of each person the kind of a value (`email`) and its HMAC under a key that is
//! derived from the environment's secret; and a check of that key, so that a list of another secret is never taken for
//! one that names nobody. A field that this version does not know makes the list damaged: what it asks for must not be passed over.
//!
//! Never in here: looking for these people in rows (`privacy::forgotten`).

use super::Store;
use super::absent::{get, name};
use super::delta::log::TableState;
use super::fault::{StoreError, damaged};
use super::listed::listed;
use crate::access::Folder;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

const LISTS: &str = "_suppress";
/// Bytes of a version, at most: about a quarter of a million people.
const LIST_BYTES_MAX: usize = 64 << 20;

/// A version of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuppressionList {
    /// Version of this format: 1.
    pub format: u32,
    /// Its number, from 0.
    pub number: u64,
    /// The environment's stamp.
    pub stamp: String,
    /// 16 hex digits that tell the key of the HMACs from another.
    pub key: String,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// Everybody who is to be forgotten.
    pub people: Vec<Suppressed>,
}

/// A value by which rows of a person are known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suppressed {
    /// The kind of the columns that may hold it, such as `email`.
    pub kind: String,
    /// HMAC-SHA-256 of the kind, a NUL and the value in its one writing, hex.
    pub hmac: String,
    /// The case that it is of.
    pub case: String,
    /// The ground by letter, UK GDPR article 17(1): `a` to `g`.
    pub ground: String,
    /// When it was decided.
    pub decided_on: NaiveDate,
    /// The first day on which it no longer holds; `None` is never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<NaiveDate>,
}

/// The table's property that says by which version its rows went.
pub(super) const PROPERTY: &str = "nightferry.suppressionList";

/// Refuses to write rows that went by an older version than those of the table before: a list that vanished, or came back out of a
/// copy, would bring back whom it no longer names.
pub(super) fn check(table: &Folder, before: &TableState, list: Option<u64>) -> Result<(), StoreError> {
    let property = before.property(PROPERTY);
    match property.and_then(|number| number.parse::<u64>().ok()) {
        Some(went_by) if list.is_none_or(|list| list < went_by) => Err(damaged(
            table,
            "the suppression list",
            "it is older than the one that a table went by before: bring the newer one back",
        )),
        _ => Ok(()),
    }
}

/// Whether there is another version than the one that somebody read.
pub async fn is_another(security: &Store, list: Option<u64>) -> Result<bool, StoreError> {
    Ok(newest(security, list).await? != list)
}

/// The newest version, of the environment `stamp`; `None` where there is none.
pub async fn suppression_list(security: &Store, stamp: &str) -> Result<Option<SuppressionList>, StoreError> {
    let Some(number) = newest(security, None).await? else { return Ok(None) };
    let folder = security.primary();
    let key = folder.at(&list_path(number));
    let damaged = |fault| damaged(folder, name(folder, &key), fault);
    let text = get(folder, &key).await?.ok_or_else(|| damaged("it vanished"))?;
    if text.len() > LIST_BYTES_MAX {
        return Err(damaged("it is larger than 64 MiB"));
    }
    let list: SuppressionList = serde_json::from_slice(&text).map_err(|_| damaged("it is no suppression list"))?;
    if list.format != 1 || list.number != number {
        return Err(damaged("it is of another format, or another version"));
    }
    if list.stamp != stamp {
        let (store, what) = (folder.label().to_owned(), "the suppression list".to_owned());
        return Err(StoreError::Stamp { store, what, theirs: list.stamp, ours: stamp.to_owned() });
    }
    Ok(Some(list))
}

/// The number of the newest version, looked for from version `from` on where one is known.
pub(super) async fn newest(security: &Store, from: Option<u64>) -> Result<Option<u64>, StoreError> {
    let folder = security.primary();
    let prefix = folder.at(LISTS);
    let before = from.and_then(|from| from.checked_sub(1)).map(|before| folder.at(&list_path(before)));
    let listed = listed(folder, &prefix, before.as_ref(), "listing suppression lists").await?;
    Ok(listed.iter().filter_map(|meta| super::ledger::number_of(meta.location.filename()?)).max())
}

fn list_path(number: u64) -> String {
    format!("{LISTS}/{number:020}.json")
}
