//! The vault of a domain of tokens: `token_vault_<domain>/` in the store `restricted`, a Delta table of a row a value. It is
//! appended to, before the night's record: whatever token a reader may see, the vault has.
//!
//! Jobs of an environment share it. Who finds that another run came first reads what that one brought, and appends behind it, unless the
//! same value got two tokens: then one of the two runs must not be published. Rows may be taken out (a person is forgotten): the token
//! then stands for nobody. Never in here: what a token is (`privacy`).

use super::absent::{Absent, put_if_absent};
use super::delta::entry::{Commit, Mode, entry};
use super::delta::log::entry_path;
use super::delta::schema::schema_text;
use super::fault::StoreError;
use super::owner::{Owner, table_id};
use super::part::{Encoder, Part, PartLimits, Parts};
use super::staging::{StagedPart, put_alone};
use super::{Store, Table};
use crate::data::{Audience, Class, Column, ColumnType, Name, Treatment};
use crate::format::parquet_write::WriteFault;
use crate::privacy::{ColumnTreatment, Keys, Minted, published_schema, redact};
use arrow::array::{ArrayRef, BooleanArray, RecordBatch, StringViewArray, TimestampMicrosecondArray};
use arrow::datatypes::SchemaRef;
use chrono::{DateTime, Utc};
use std::sync::Arc;

/// Who a vault belongs to: all jobs of the environment.
pub const VAULT_OWNER: &str = "nightferry";

const DESCRIPTION: &str = "The values of a domain and the random tokens that stand for them elsewhere. A row that is deleted leaves a token that stands for nobody.";

/// Column, type and what is told of it.
const COLUMNS: [(&str, ColumnType, &str); 5] = [
    ("value", ColumnType::Text, "The value, in the one writing by which it is known again."),
    ("is_exact", ColumnType::Boolean, "Whether it is as it was, since it is not of its column's kind."),
    ("token", ColumnType::Text, "What stands for it."),
    ("given_at", ColumnType::Timestamptz, "When it got its token, UTC."),
    ("run", ColumnType::Text, "The run that gave it."),
];

/// New rows of a vault, uploaded, and named by no table yet.
#[derive(Debug)]
pub struct NewTokens {
    part: StagedPart,
    schema_text: String,
}

/// Who appends, and when.
#[derive(Clone, Copy, Debug)]
pub struct Appender<'a> {
    /// The environment's stamp.
    pub stamp: &'a str,
    /// The job.
    pub job: &'a str,
    /// The run.
    pub run: &'a str,
    /// The time of the commit.
    pub at: DateTime<Utc>,
}

/// The columns of a vault as they are published.
pub fn vault_schema() -> SchemaRef {
    published_schema(&columns())
}

/// Uploads `minted` to where the vault `name` keeps its files. Nothing names them yet.
pub async fn upload_tokens(
    restricted: &Store,
    name: &Name,
    minted: &[Minted],
    by: Appender<'_>,
) -> Result<NewTokens, StoreError> {
    let part = encode(name, minted, by)?;
    let comment = |column: &str| COLUMNS.iter().find(|told| told.0 == column).map(|told| told.2.to_owned());
    let schema_text = schema_text(part.schema(), comment).map_err(|_| fault(name, "writing a schema"))?;
    let folder = restricted.primary().child(name.as_str());
    let part = put_alone(&folder, by.run, &part, "store.put.vault_part").await?;
    Ok(NewTokens { part, schema_text })
}

/// Makes `new` part of the vault, as the version that follows `vault`; false when another run came first.
pub async fn append_tokens(
    restricted: &Store,
    vault: &Table,
    new: &NewTokens,
    by: Appender<'_>,
) -> Result<bool, StoreError> {
    let (state, name) = (vault.state(), vault.dataset());
    let folder = restricted.primary().child(name.as_str());
    let commit = Commit {
        mode: Mode::Append,
        name: name.as_str(),
        description: DESCRIPTION,
        schema_text: new.schema_text.clone(),
        configuration: Owner { stamp: by.stamp, job: VAULT_OWNER }.properties(),
        table_id: table_id(&[restricted.name().as_str(), name.as_str(), by.run]),
        parts: std::slice::from_ref(&new.part),
        transaction: (by.run.to_owned(), 0),
        info: vec![
            ("nightferry.run", Some(by.run.to_owned())),
            ("nightferry.job", Some(by.job.to_owned())),
            ("nightferry.stamp", Some(by.stamp.to_owned())),
            ("nightferry.sha256", Some(new.part.sha256.clone())),
        ],
        at_ms: by.at.timestamp_millis(),
    };
    let text = entry(state, &commit).map_err(|_| fault(name, "writing a log entry"))?;
    let key = folder.at(&entry_path(state.next_version()));
    match put_if_absent(&folder, &key, text.into(), "store.put.vault").await? {
        Absent::Created | Absent::Mine => Ok(true),
        Absent::Other(_) => Ok(false),
    }
}

fn encode(name: &Name, minted: &[Minted], by: Appender<'_>) -> Result<Part, StoreError> {
    let columns = columns();
    let text = |of: &dyn Fn(&Minted) -> String| -> ArrayRef {
        Arc::new(StringViewArray::from_iter_values(minted.iter().map(of)))
    };
    let at = TimestampMicrosecondArray::from_iter_values(minted.iter().map(|_| by.at.timestamp_micros()));
    let values: [ArrayRef; 5] = [
        text(&|minted| minted.value.clone()),
        Arc::new(minted.iter().map(|minted| Some(minted.is_exact)).collect::<BooleanArray>()),
        text(&|minted| minted.token.clone()),
        Arc::new(at.with_timezone("UTC")),
        text(&|_| by.run.to_owned()),
    ];
    let rows = RecordBatch::try_from_iter(COLUMNS.iter().map(|column| column.0).zip(values));
    let rows = rows.map_err(|_| fault(name, "making the rows"))?;
    let redacted = redact(&rows, &columns, Audience::Restricted, name, &Keys::none());
    let redacted = redacted.map_err(|_| fault(name, "treating the rows"))?;
    let encoder = Encoder::new(&redacted, &columns, by.run, None)?;
    let mut parts = Parts::new(&encoder, PartLimits { rows_max: u64::MAX, bytes_max: u64::MAX });
    parts.append(encoder.encode(&[redacted])?)?;
    parts.finish()?.ok_or_else(|| fault(name, "closing the file"))
}

/// Value and token are about people: nothing of them goes into a log.
fn columns() -> Vec<ColumnTreatment> {
    let column = |(name, column_type, _): &(&str, ColumnType, &str)| {
        let column = Column::plain(Name::new(name).ok()?, *column_type);
        Some(ColumnTreatment { column: Column { class: Class::Sensitive, ..column }, treatment: Treatment::Keep })
    };
    COLUMNS.iter().filter_map(column).collect()
}

fn fault(name: &Name, during: &'static str) -> StoreError {
    StoreError::Encode { dataset: name.to_string(), fault: WriteFault::Encoder(during) }
}
