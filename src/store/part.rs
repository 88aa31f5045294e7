//! Redacted rows -> parts: the files of a table, in memory, with what is known of them.
//!
//! ```text
//! Encoder::encode(&[Redacted]) -> Encoded   a row group; any thread
//! Parts::append(Encoded) -> Option<Part>    in the order of the rows; a part when one is full
//! Parts::finish() -> Option<Part>           the last one
//! ```
//!
//! Never in here: rows that are not `Redacted`. There is no other way into a part, and only parts are staged.

use super::fault::StoreError;
use crate::data::{Audience, Name};
use crate::format::bounds::ColumnBounds;
use crate::format::parquet_back::{NotReadable, ReadBack, read_back_in};
use crate::format::parquet_write::{File, FinishedFile, Recipe, RowGroup, WriteFault};
use crate::privacy::{ColumnTreatment, Redacted};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use ring::digest;
use std::sync::OnceLock;

/// When a part is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartLimits {
    /// Rows, at most (a row group is never divided).
    pub rows_max: u64,
    /// Encoded bytes, after which the next part starts.
    pub bytes_max: u64,
}

/// How the parts of one table for one audience are encoded. Shared by all threads that encode it.
#[derive(Clone, Debug)]
pub struct Encoder {
    recipe: Recipe,
    dataset: Name,
    audience: Audience,
}

/// A row group, encoded.
#[derive(Debug)]
pub struct Encoded {
    group: RowGroup,
    audience: Audience,
}

/// The parts of one table, one after the other.
pub struct Parts {
    encoder: Encoder,
    limits: PartLimits,
    file: Option<File>,
}

/// One file of a table: finished, checked, not yet anywhere.
#[derive(Clone, Debug)]
pub struct Part {
    bytes: Bytes,
    rows: u64,
    row_groups: usize,
    /// Once somebody has asked.
    sha256: OnceLock<String>,
    columns: Vec<PartColumn>,
    schema: SchemaRef,
    dataset: Name,
    audience: Audience,
}

/// Bytes for which address space is kept when a part begins.
const BYTES_EXPECTED_MAX: usize = 1 << 28;

/// What is known of one column of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartColumn {
    /// The column.
    pub name: String,
    /// NULLs and, where they may be told, smallest and largest value.
    pub bounds: ColumnBounds,
}

impl PartLimits {
    /// Of a part that its bytes end: the row group that fills it goes beyond them.
    fn bytes_expected(&self) -> usize {
        usize::try_from(self.bytes_max.saturating_add(self.bytes_max / 4)).unwrap_or(usize::MAX).min(BYTES_EXPECTED_MAX)
    }
}

impl Encoder {
    /// For rows like `first` (its first rows decide the encodings; it may have none), as `columns` treated them, of
    /// run `run`, showing `snapshot`.
    ///
    /// Smallest and largest values go to the file's footer and the table's log, and from there into the job's record in the
    /// store of audience `security`: so they are told only of columns that are about no person.
    pub fn new(
        first: &Redacted,
        columns: &[ColumnTreatment],
        run: &str,
        snapshot: Option<&str>,
    ) -> Result<Self, StoreError> {
        let (dataset, audience) = (first.dataset().clone(), first.audience());
        let mut metadata = vec![
            ("nightferry.dataset", dataset.as_str()),
            ("nightferry.run", run),
            ("nightferry.audience", audience.as_str()),
        ];
        metadata.extend(snapshot.map(|snapshot| ("nightferry.snapshot", snapshot)));
        let impersonal = |name: &str| {
            columns.iter().any(|shown| shown.column.name.as_str() == name && !shown.column.class.is_personal())
        };
        let recipe = Recipe::choose(first.rows(), &metadata, impersonal).map_err(|fault| encode(&dataset, fault))?;
        Ok(Encoder { recipe, dataset, audience })
    }

    /// Encodes `rows`, in order, as one row group. Pure; its columns are encoded in parallel.
    ///
    /// Takes what was redacted for its own audience, and nothing else:
    ///
    /// ```
    /// use nightferry::privacy::Redacted;
    /// use nightferry::store::{Encoded, Encoder, StoreError};
    ///
    /// fn encodes(encoder: &Encoder, rows: &[Redacted]) -> Result<Encoded, StoreError> {
    ///     encoder.encode(rows)
    /// }
    /// ```
    ///
    /// The same with rows as they were extracted does not compile:
    ///
    /// ```compile_fail,E0308
    /// use arrow::array::RecordBatch;
    /// use nightferry::store::{Encoded, Encoder, StoreError};
    ///
    /// fn encodes(encoder: &Encoder, rows: &[RecordBatch]) -> Result<Encoded, StoreError> {
    ///     encoder.encode(rows)
    /// }
    /// ```
    pub fn encode(&self, rows: &[Redacted]) -> Result<Encoded, StoreError> {
        for redacted in rows {
            if redacted.audience() != self.audience || redacted.dataset() != &self.dataset {
                let (wants, got) = (self.audience, redacted.audience());
                return Err(StoreError::Audience { store: self.dataset.to_string(), wants, got });
            }
        }
        let batches: Vec<&RecordBatch> = rows.iter().map(Redacted::rows).collect();
        let group = self.recipe.encode(&batches).map_err(|fault| encode(&self.dataset, fault))?;
        Ok(Encoded { group, audience: self.audience })
    }

    /// The columns of the table.
    pub fn schema(&self) -> &SchemaRef {
        self.recipe.schema()
    }
}

impl Encoded {
    /// Rows in it.
    pub fn rows(&self) -> u64 {
        self.group.rows()
    }
}

impl Parts {
    /// No part yet.
    pub fn new(encoder: &Encoder, limits: PartLimits) -> Self {
        Parts { encoder: encoder.clone(), limits, file: None }
    }

    /// Puts `encoded` behind what is there. Gives back the part before it when that is full; row groups without rows
    /// leave no trace.
    pub fn append(&mut self, encoded: Encoded) -> Result<Option<Part>, StoreError> {
        if encoded.audience != self.encoder.audience {
            let (wants, got) = (self.encoder.audience, encoded.audience);
            return Err(StoreError::Audience { store: self.encoder.dataset.to_string(), wants, got });
        }
        if encoded.rows() == 0 {
            return Ok(None);
        }
        let full = self.file.as_ref().is_some_and(|file| {
            file.rows() + encoded.rows() > self.limits.rows_max || file.bytes() >= self.limits.bytes_max
        });
        let part = if full { self.close()? } else { None };
        let dataset = self.encoder.dataset.clone();
        let file = match self.file.take() {
            Some(file) => Ok(file),
            None => File::new(&self.encoder.recipe, self.limits.bytes_expected()),
        };
        let appended = file.and_then(|mut file| file.append(encoded.group).map(|()| file));
        self.file = Some(appended.map_err(|fault| encode(&dataset, fault))?);
        Ok(part)
    }

    /// The part so far, if there is one: what comes next goes into another.
    pub fn cut(&mut self) -> Result<Option<Part>, StoreError> {
        self.close()
    }

    /// The last part, if there is one.
    pub fn finish(mut self) -> Result<Option<Part>, StoreError> {
        self.close()
    }

    fn close(&mut self) -> Result<Option<Part>, StoreError> {
        let Some(file) = self.file.take() else { return Ok(None) };
        let finished = file.finish().map_err(|fault| encode(&self.encoder.dataset, fault))?;
        Ok(Some(Part::new(finished, &self.encoder)))
    }
}

impl Part {
    fn new(file: FinishedFile, encoder: &Encoder) -> Self {
        let names = encoder.schema().fields().iter().map(|field| field.name().clone());
        Part {
            sha256: OnceLock::new(),
            rows: file.rows,
            row_groups: file.row_groups,
            columns: names.zip(file.columns).map(|(name, bounds)| PartColumn { name, bounds }).collect(),
            bytes: file.bytes,
            schema: encoder.schema().clone(),
            dataset: encoder.dataset.clone(),
            audience: encoder.audience,
        }
    }

    /// The file.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Rows in it.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Row groups in it.
    pub fn row_groups(&self) -> usize {
        self.row_groups
    }

    /// SHA-256 of the file, hex. Made when it is first asked for: of 30 MB that takes a tenth of a second where the processor has no
    /// instructions for it.
    pub fn sha256(&self) -> &str {
        self.sha256.get_or_init(|| sha256(&self.bytes))
    }

    /// Its columns, in order.
    pub fn columns(&self) -> &[PartColumn] {
        &self.columns
    }

    /// The columns of the table.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The dataset.
    pub fn dataset(&self) -> &Name {
        &self.dataset
    }

    /// Who may see it.
    pub fn audience(&self) -> Audience {
        self.audience
    }

    /// Its rows, decoded again from the very bytes that will be uploaded: in at most so many pieces, one behind the other. Columns of texts
    /// that `may_be_packed` come as the texts that differ and which of them each row has, where a dictionary packs them.
    pub fn read_back_in(
        &self,
        pieces: usize,
        may_be_packed: &dyn Fn(&str) -> bool,
    ) -> Result<Vec<impl Iterator<Item = Result<RecordBatch, StoreError>> + Send + use<>>, StoreError> {
        let dataset = self.dataset.to_string();
        let unread = move |_: NotReadable| StoreError::ReadBack { dataset: dataset.clone() };
        let pieces = read_back_in(pieces, self.bytes.clone(), self.schema.clone(), may_be_packed).map_err(&unread)?;
        let told = |rows: ReadBack| {
            let unread = unread.clone();
            rows.map(move |batch| batch.map_err(&unread))
        };
        Ok(pieces.into_iter().map(told).collect())
    }
}

/// SHA-256, hex.
pub fn sha256(bytes: &[u8]) -> String {
    digest::digest(&digest::SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn encode(dataset: &Name, fault: WriteFault) -> StoreError {
    StoreError::Encode { dataset: dataset.to_string(), fault }
}
