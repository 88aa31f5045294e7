//! State of a table -> its checkpoint: one row an action, so that a reader begins there and not at version 0. Pure.
//!
//! Classic and in one piece, as readers of protocol 1 know it. Of the files it says what their `add` said, statistics too, and
//! those are of columns that may be told of (`part`). Files that went within [`GONE_MS`] are in it as removed, since whoever
//! else cleans up the folder spares those alone. What we need beside the actions is said in its footer (`resume`).
//!
//! Source: Delta transaction log protocol, "Checkpoints" and "Last Checkpoint File". Never in here: when one is written.

use super::action::{Add, MetaData, Remove};
use super::log::TableState;
use arrow::array::{
    Array, ArrayRef, BooleanArray, Int32Array, Int64Array, ListBuilder, MapBuilder, MapFieldNames, RecordBatch,
    StringArray, StringBuilder, StructArray, new_null_array,
};
use arrow::compute::concat;
use arrow::datatypes::{DataType, Field, Schema};
use arrow::error::ArrowError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How long a checkpoint says of a file that it is gone: as long as `table gc` keeps it, where nobody says otherwise.
const GONE_MS: i64 = 30 * 86_400_000;

/// Where readers look for the newest checkpoint. It may be behind, and is never ahead.
pub const HINT: &str = "_delta_log/_last_checkpoint";

/// What [`HINT`] says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hint {
    /// The version whose state the checkpoint has.
    pub version: u64,
    /// Its actions.
    pub size: u64,
    /// Its bytes.
    #[serde(default)]
    pub size_in_bytes: u64,
    /// Its files.
    #[serde(default)]
    pub num_of_add_files: u64,
}

/// Path of the checkpoint of a version under the table's folder.
pub fn checkpoint_path(version: u64) -> String {
    format!("_delta_log/{version:020}.checkpoint.parquet")
}

/// The version whose checkpoint lies at `path` under the table's folder.
pub fn checkpoint_of(path: &str) -> Option<u64> {
    let version = path.strip_prefix("_delta_log/")?.strip_suffix(".checkpoint.parquet")?;
    (version.len() == 20 && version.bytes().all(|byte| byte.is_ascii_digit())).then(|| version.parse().ok())?
}

/// The actions that `state` comes to: protocol, metadata, transactions, what is gone, and the files, each in its column.
pub fn checkpoint(state: &TableState) -> Result<RecordBatch, ArrowError> {
    let gone: Vec<&Remove> = gone(state).collect();
    let columns = [
        ("protocol", protocol()?),
        ("metaData", metadata(state.metadata.as_ref())?),
        ("txn", transactions(&state.transactions)?),
        ("remove", removed(&gone)?),
        ("add", added(&state.files.values().collect::<Vec<_>>())?),
    ];
    let rows: usize = columns.iter().map(|(_, of)| of.len()).sum();
    let (mut before, mut fields, mut arrays) = (0, Vec::new(), Vec::new());
    for (name, of) in columns {
        let (above, below) = (new_null_array(of.data_type(), before), rows - before - of.len());
        let below = new_null_array(of.data_type(), below);
        fields.push(Field::new(name, of.data_type().clone(), true));
        arrays.push(concat(&[&above, &of, &below])?);
        before += of.len();
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
}

/// The files that went so lately that a checkpoint says so. By the latest of all commits' times, so that it is the same whichever
/// checkpoint a replay began at.
pub fn gone(state: &TableState) -> impl Iterator<Item = &Remove> {
    let since = state.latest_ms.saturating_sub(GONE_MS);
    state.removed.values().filter(move |gone| gone.deletion_timestamp.is_some_and(|at| at > since))
}

fn protocol() -> Result<StructArray, ArrowError> {
    structure(vec![
        ("minReaderVersion", Arc::new(Int32Array::from(vec![1]))),
        ("minWriterVersion", Arc::new(Int32Array::from(vec![2]))),
    ])
}

fn metadata(of: Option<&MetaData>) -> Result<StructArray, ArrowError> {
    let of: Vec<&MetaData> = of.into_iter().collect();
    let text = |get: fn(&MetaData) -> Option<&str>| -> ArrayRef {
        Arc::new(of.iter().map(|of| get(of)).collect::<StringArray>())
    };
    let options = of.iter().map(|of| Some(of.format.options.iter().map(|(key, value)| (key, Some(value)))));
    let format = structure(vec![("provider", text(|of| Some(&of.format.provider))), ("options", map(options)?)])?;
    let properties = of.iter().map(|of| Some(of.configuration.iter().map(|(key, value)| (key, Some(value)))));
    let item = Field::new("element", DataType::Utf8, true);
    let mut partition_columns = ListBuilder::new(StringBuilder::new()).with_field(item);
    for of in &of {
        partition_columns.append_value(of.partition_columns.iter().map(Some));
    }
    structure(vec![
        ("id", text(|of| Some(&of.id))),
        ("name", text(|of| of.name.as_deref())),
        ("description", text(|of| of.description.as_deref())),
        ("format", Arc::new(format)),
        ("schemaString", text(|of| Some(&of.schema_string))),
        ("partitionColumns", Arc::new(partition_columns.finish())),
        ("configuration", map(properties)?),
        ("createdTime", Arc::new(of.iter().map(|of| of.created_time).collect::<Int64Array>())),
    ])
}

fn transactions(of: &BTreeMap<String, i64>) -> Result<StructArray, ArrowError> {
    structure(vec![
        ("appId", Arc::new(of.keys().map(Some).collect::<StringArray>())),
        ("version", Arc::new(of.values().copied().map(Some).collect::<Int64Array>())),
    ])
}

fn removed(of: &[&Remove]) -> Result<StructArray, ArrowError> {
    let values = of.iter().map(|of| of.partition_values.as_ref().map(|values| values.iter().map(optional)));
    structure(vec![
        ("path", Arc::new(of.iter().map(|of| Some(&of.path)).collect::<StringArray>())),
        ("deletionTimestamp", Arc::new(of.iter().map(|of| of.deletion_timestamp).collect::<Int64Array>())),
        // Nothing of what a checkpoint says is news.
        ("dataChange", Arc::new(of.iter().map(|_| Some(false)).collect::<BooleanArray>())),
        ("extendedFileMetadata", Arc::new(of.iter().map(|of| of.extended_file_metadata).collect::<BooleanArray>())),
        ("partitionValues", map(values)?),
        ("size", Arc::new(of.iter().map(|of| of.size.map(bytes)).collect::<Int64Array>())),
    ])
}

fn added(of: &[&Add]) -> Result<StructArray, ArrowError> {
    let values = of.iter().map(|of| Some(of.partition_values.iter().map(optional)));
    let tags = of.iter().map(|of| Some(of.tags.as_ref()?.iter().map(|(key, value)| (key, Some(value)))));
    structure(vec![
        ("path", Arc::new(of.iter().map(|of| Some(&of.path)).collect::<StringArray>())),
        ("partitionValues", map(values)?),
        ("size", Arc::new(of.iter().map(|of| Some(bytes(of.size))).collect::<Int64Array>())),
        ("modificationTime", Arc::new(of.iter().map(|of| Some(of.modification_time)).collect::<Int64Array>())),
        ("dataChange", Arc::new(of.iter().map(|_| Some(false)).collect::<BooleanArray>())),
        ("stats", Arc::new(of.iter().map(|of| of.stats.as_deref()).collect::<StringArray>())),
        ("tags", map(tags)?),
    ])
}

fn bytes(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

fn optional<'a>((key, value): (&'a String, &'a Option<String>)) -> (&'a String, Option<&'a String>) {
    (key, value.as_ref())
}

fn structure(columns: Vec<(&str, ArrayRef)>) -> Result<StructArray, ArrowError> {
    let fields = columns.iter().map(|(name, of)| Field::new(*name, of.data_type().clone(), true)).collect::<Vec<_>>();
    StructArray::try_new(fields.into(), columns.into_iter().map(|(_, of)| of).collect(), None)
}

/// Maps of text, with the names that Parquet's own rules give their parts.
fn map<'a, M>(maps: impl Iterator<Item = Option<M>>) -> Result<ArrayRef, ArrowError>
where
    M: Iterator<Item = (&'a String, Option<&'a String>)>,
{
    let names = MapFieldNames { entry: "key_value".into(), key: "key".into(), value: "value".into() };
    let mut built = MapBuilder::new(Some(names), StringBuilder::new(), StringBuilder::new());
    for map in maps {
        let is_there = map.is_some();
        for (key, value) in map.into_iter().flatten() {
            built.keys().append_value(key);
            built.values().append_option(value);
        }
        built.append(is_there)?;
    }
    Ok(Arc::new(built.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::parquet_back::read_back;
    use crate::format::parquet_plain::encode;
    use crate::store::delta::action::Format;
    use arrow::array::AsArray;

    fn state() -> TableState {
        let add = Add {
            path: "run=a/part-0".into(),
            partition_values: BTreeMap::new(),
            size: 7,
            modification_time: 5,
            data_change: true,
            stats: Some(r#"{"numRecords":2}"#.into()),
            tags: Some(BTreeMap::from([("nightferry.period".into(), "2026-03-29".into())])),
        };
        let remove = |path: &str, at: i64| Remove {
            path: path.into(),
            deletion_timestamp: Some(at),
            data_change: true,
            extended_file_metadata: Some(true),
            partition_values: Some(BTreeMap::new()),
            size: Some(3),
        };
        let metadata = MetaData {
            id: "0199".into(),
            name: Some("invoice".into()),
            description: None,
            format: Format { provider: "parquet".into(), options: BTreeMap::new() },
            schema_string: "{}".into(),
            partition_columns: Vec::new(),
            configuration: BTreeMap::from([("nightferry.job".into(), "settlements".into())]),
            created_time: Some(5),
        };
        let removed = [remove("run=0/part-0", 1), remove("run=1/part-0", GONE_MS + 1)];
        TableState {
            version: Some(4),
            metadata: Some(metadata),
            files: BTreeMap::from([(add.path.clone(), add)]),
            transactions: BTreeMap::from([("nightferry:settlements".into(), 4)]),
            removed: removed.into_iter().map(|gone| (gone.path.clone(), gone)).collect(),
            latest_ms: GONE_MS + 1,
            ..TableState::default()
        }
    }

    #[test]
    fn has_an_action_a_row_and_nothing_that_went_long_ago() {
        let batch = checkpoint(&state()).expect("a batch");
        assert_eq!(batch.num_rows(), 5);
        for (row, column) in ["protocol", "metaData", "txn", "remove", "add"].into_iter().enumerate() {
            let of = batch.column_by_name(column).expect("a column");
            assert_eq!((0..5).filter(|row| of.is_valid(*row)).collect::<Vec<_>>(), [row], "{column}");
        }
        let gone = batch.column_by_name("remove").expect("a column").as_struct().column(0).as_string::<i32>().value(3);
        assert_eq!(gone, "run=1/part-0");
    }

    #[test]
    fn comes_back_from_its_bytes_as_it_was_and_says_nothing_in_its_footer() {
        let batch = checkpoint(&state()).expect("a batch");
        let bytes = encode(&batch, &[]).expect("bytes");
        assert_eq!(bytes, encode(&checkpoint(&state()).expect("a batch"), &[]).expect("bytes"), "the same bytes again");
        let back: Vec<_> =
            read_back(bytes.into(), batch.schema()).expect("readable").map(|batch| batch.expect("rows")).collect();
        assert_eq!(back, [batch]);
    }

    #[test]
    fn knows_its_own_names_alone() {
        assert_eq!(checkpoint_of(&checkpoint_path(100)), Some(100));
        for path in [HINT, "_delta_log/00000000000000000100.json", "_delta_log/100.checkpoint.parquet", "x"] {
            assert_eq!(checkpoint_of(path), None, "{path}");
        }
    }
}
