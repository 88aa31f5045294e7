//! A checkpoint of ours -> the state that it stands for, so that a replay begins there. Pure.
//!
//! The columns are the protocol's, for everybody; the footer says, under [`SAID`], what a state has beside them, and two hashes:
//!
//! ```text
//! {"format":1,"version":200,"latest_ms":..,"entry_sha256":..,"manifest_sha256":..,"held":..,"merged_to":..,"sha256":..}
//! ```
//!
//! `sha256` is of the whole file with 64 zeros in this place, and is looked at before anything is decoded: a flipped bit can end a
//! decoder of Parquet with a panic. `entry_sha256` is of the entry of that version, so that a checkpoint of a branch which a
//! failover gave up does not pass for one of the branch that stayed. A checkpoint without them is somebody else's.
//!
//! Never in here: where it lies.

use super::action::{Add, Format, MetaData, Remove};
use super::checkpoint::checkpoint;
use super::layout::{held_of, held_text};
use super::log::TableState;
use crate::format::parquet_back::{read_back, said};
use crate::format::parquet_plain::encode;
use crate::store::part::sha256;
use arrow::array::{Array, AsArray, MapArray, RecordBatch, StructArray};
use arrow::datatypes::Int64Type;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Range;

/// The key in the footer.
const SAID: &str = "nightferry.state";
/// What stands in the place of a hash that is not known yet.
const NO_SHA256: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// Bytes of a checkpoint, at most: some millions of files.
const BYTES_MAX: usize = 1 << 30;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Said {
    format: u32,
    version: u64,
    latest_ms: i64,
    entry_sha256: Option<String>,
    manifest_sha256: Option<String>,
    held: Option<String>,
    merged_to: Option<DateTime<Utc>>,
    sha256: String,
}

impl Said {
    fn of(state: &TableState) -> Option<Self> {
        Some(Said {
            format: 1,
            version: state.version?,
            latest_ms: state.latest_ms,
            entry_sha256: state.entry_sha256.clone(),
            manifest_sha256: state.manifest_sha256.clone(),
            held: held_text(&state.periods),
            merged_to: state.merged_to,
            sha256: NO_SHA256.to_owned(),
        })
    }
}

/// The bytes of the checkpoint of `state`, and its actions; `None` where it has no version, or cannot be written as Parquet.
pub fn written(state: &TableState) -> Option<(Bytes, u64)> {
    let said = serde_json::to_string(&Said::of(state)?).ok()?;
    let batch = checkpoint(state).ok()?;
    let mut bytes = encode(&batch, &[(SAID, said)])?;
    let place = place_of_sha256(&bytes)?;
    let sha256 = sha256(&bytes);
    bytes.get_mut(place)?.copy_from_slice(sha256.as_bytes());
    Some((bytes.into(), batch.num_rows() as u64))
}

/// Where the file says its own hash: near its end.
fn place_of_sha256(bytes: &[u8]) -> Option<Range<usize>> {
    let key = br#""sha256":""#;
    let begins = bytes.windows(key.len()).rposition(|window| window == key)? + key.len();
    Some(begins..begins + NO_SHA256.len()).filter(|place| place.end <= bytes.len())
}

/// Whether every byte is as it was written.
fn is_whole(bytes: &[u8]) -> bool {
    let Some(place) = place_of_sha256(bytes) else { return false };
    let mut blank = bytes.to_vec();
    blank[place.clone()].copy_from_slice(NO_SHA256.as_bytes());
    bytes[place] == *sha256(&blank).as_bytes()
}

/// The state that a checkpoint of ours stands for, and its actions; `None` of any other file. Of files that are gone it knows
/// those alone that the checkpoint says.
pub fn resumed(bytes: Bytes) -> Option<(TableState, u64)> {
    if bytes.len() > BYTES_MAX || !is_whole(&bytes) {
        return None;
    }
    let said: Said = serde_json::from_str(&said(bytes.clone(), SAID)?).ok()?;
    let batch = rows(bytes)?;
    let state = TableState {
        version: Some(said.version),
        metadata: of(&batch, "metaData", metadata)?.into_iter().next(),
        files: of(&batch, "add", add)?.into_iter().map(|add| (add.path.clone(), add)).collect(),
        removed: of(&batch, "remove", remove)?.into_iter().map(|gone| (gone.path.clone(), gone)).collect(),
        latest_ms: said.latest_ms,
        entry_sha256: said.entry_sha256.clone(),
        transactions: of(&batch, "txn", transaction)?.into_iter().collect(),
        manifest_sha256: said.manifest_sha256.clone(),
        periods: said.held.as_deref().map_or_else(|| Some(BTreeMap::new()), held_of)?,
        merged_to: said.merged_to,
    };
    (said.format == 1).then_some((state, batch.num_rows() as u64))
}

/// Whether the file is, in every column, what `state` comes to; and says so, where it says anything.
pub fn is_of(bytes: Bytes, state: &TableState) -> bool {
    let Ok(wanted) = checkpoint(state) else { return false };
    let says = said(bytes.clone(), SAID).map(|text| serde_json::from_str::<Said>(&text).ok());
    let is_said = |says: Option<Said>| {
        is_whole(&bytes) && says.map(|says| Said { sha256: NO_SHA256.to_owned(), ..says }) == Said::of(state)
    };
    says.is_none_or(is_said) && rows(bytes.clone()).is_some_and(|found| found == wanted)
}

fn rows(bytes: Bytes) -> Option<RecordBatch> {
    // The types of a checkpoint are the same whatever it holds.
    let schema = checkpoint(&TableState::default()).ok()?.schema();
    let batches = read_back(bytes, schema.clone()).ok()?.collect::<Result<Vec<_>, _>>().ok()?;
    arrow::compute::concat_batches(&schema, &batches).ok()
}

/// The actions of one kind.
fn of<T>(batch: &RecordBatch, kind: &str, read: fn(&StructArray, usize) -> Option<T>) -> Option<Vec<T>> {
    let of = batch.column_by_name(kind)?.as_struct_opt()?;
    (0..of.len()).filter(|row| of.is_valid(*row)).map(|row| read(of, row)).collect()
}

fn metadata(of: &StructArray, row: usize) -> Option<MetaData> {
    let format = of.column_by_name("format")?.as_struct_opt()?;
    let partition_columns = of.column_by_name("partitionColumns")?.as_list_opt::<i32>()?.value(row);
    let partition_columns = partition_columns.as_string_opt::<i32>()?.iter().map(|name| name.map(str::to_owned));
    Some(MetaData {
        id: text(of, "id", row)?,
        name: text(of, "name", row),
        description: text(of, "description", row),
        format: Format { provider: text(format, "provider", row)?, options: values(format, "options", row)? },
        schema_string: text(of, "schemaString", row)?,
        partition_columns: partition_columns.collect::<Option<_>>()?,
        configuration: values(of, "configuration", row)?,
        created_time: number(of, "createdTime", row),
    })
}

fn transaction(of: &StructArray, row: usize) -> Option<(String, i64)> {
    Some((text(of, "appId", row)?, number(of, "version", row)?))
}

fn remove(of: &StructArray, row: usize) -> Option<Remove> {
    let extended = of.column_by_name("extendedFileMetadata")?.as_boolean_opt()?;
    Some(Remove {
        path: text(of, "path", row)?,
        deletion_timestamp: number(of, "deletionTimestamp", row),
        // As its entry says; a checkpoint says otherwise of every one.
        data_change: true,
        extended_file_metadata: extended.is_valid(row).then(|| extended.value(row)),
        partition_values: optional_values(of, "partitionValues", row),
        size: number(of, "size", row).and_then(|size| u64::try_from(size).ok()),
    })
}

fn add(of: &StructArray, row: usize) -> Option<Add> {
    Some(Add {
        path: text(of, "path", row)?,
        partition_values: optional_values(of, "partitionValues", row)?,
        size: u64::try_from(number(of, "size", row)?).ok()?,
        modification_time: number(of, "modificationTime", row)?,
        data_change: true,
        stats: text(of, "stats", row),
        tags: values(of, "tags", row),
    })
}

fn text(of: &StructArray, name: &str, row: usize) -> Option<String> {
    let of = of.column_by_name(name)?.as_string_opt::<i32>()?;
    of.is_valid(row).then(|| of.value(row).to_owned())
}

fn number(of: &StructArray, name: &str, row: usize) -> Option<i64> {
    let of = of.column_by_name(name)?.as_primitive_opt::<Int64Type>()?;
    of.is_valid(row).then(|| of.value(row))
}

fn optional_values(of: &StructArray, name: &str, row: usize) -> Option<BTreeMap<String, Option<String>>> {
    let of: &MapArray = of.column_by_name(name)?.as_map_opt()?;
    if of.is_null(row) {
        return None;
    }
    let pairs = of.value(row);
    let (keys, values) = (pairs.column(0).as_string_opt::<i32>()?, pairs.column(1).as_string_opt::<i32>()?);
    Some(
        keys.iter()
            .zip(values.iter())
            .filter_map(|(key, value)| Some((key?.to_owned(), value.map(str::to_owned))))
            .collect(),
    )
}

fn values(of: &StructArray, name: &str, row: usize) -> Option<BTreeMap<String, String>> {
    optional_values(of, name, row)?.into_iter().map(|(key, value)| Some((key, value?))).collect()
}
