//! What is done to a topic's records for the audience of the place that they land in: by the schemas of the job, on both images and
//! the key, by the one maker of treated rows.
//!
//! Fails closed: what cannot be read as the schema says, or has a field that it does not declare, is put aside as it came, in the
//! store of audience `restricted`. A declared column that no image of a whole run has ends the run: it was renamed, and what it
//! is called now is treated by nobody.
//!
//! Never in here: what a treatment does (`privacy`), and how an event is written (`changes`).

use super::buffer::{HeadersBuilder, headers_builder, push_header};
use super::fault::RelayFault;
use crate::changes::{ImageTerms, Images, LandedAs, NotLanded, Reading, treatment_text};
use crate::data::{Audience, Column, ColumnType, Name, Treatment};
use crate::privacy::{ColumnTreatment, FieldTold, Keys, Recognisers, Told, redact};
use arrow::array::{ArrayRef, AsArray, BinaryViewBuilder, BooleanArray, RecordBatch, StringArray};
use arrow::compute::{concat_batches, filter_record_batch};
use arrow::datatypes::{DataType, SchemaRef};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The header of a row's event under its new key, of which nothing is landed but that it was there.
const OLD_KEY: &str = "__debezium.oldkey";

/// Records whose images are in memory at once: as many as a night reads together, so that forms are as certain here as there.
const ROWS_AT_ONCE: usize = 16_384;

/// What is done to the records of one topic.
pub struct TopicTreatment {
    dataset: Name,
    audience: Audience,
    columns: Vec<Column>,
    treatments: Vec<Treatment>,
    landed: Vec<LandedAs>,
    needed: Vec<bool>,
    leaves_new_out: bool,
    reading: Reading,
    keys: Arc<Keys>,
    /// None where values may be kept.
    recognisers: Option<Recognisers>,
    hits: Mutex<Hits>,
}

/// What the rows of a run had.
#[derive(Debug, Default)]
struct Hits {
    rows: u64,
    columns: Vec<u64>,
    fields: BTreeMap<String, Vec<FieldTold>>,
}

/// Records as they are landed, and those that are not.
pub struct Treated {
    /// To be landed.
    pub records: RecordBatch,
    /// As they came, each with its reason.
    pub dead: Option<RecordBatch>,
}

impl TopicTreatment {
    /// Of the rows of `dataset`, its columns each with its treatment for `audience`; of a heartbeat no columns.
    pub fn new(
        dataset: &Name,
        shown: Vec<ColumnTreatment>,
        audience: Audience,
        leaves_new_out: bool,
        reading: &Reading,
        keys: Arc<Keys>,
    ) -> Result<Self, RelayFault> {
        let recognisers = match audience {
            Audience::Restricted => None,
            _ => Some(Recognisers::new().map_err(|_| RelayFault::Ours)?),
        };
        let landed = shown.iter().map(|shown| landed_as(&shown.treatment)).collect();
        let is_subject = |column: &Column| {
            shown.iter().filter_map(|shown| shown.treatment.subject()).any(|subject| *subject == column.name)
        };
        // A number that is landed as it came has to be one: a text in its place would be looked at by nobody.
        let is_checked = |shown: &ColumnTreatment| {
            audience != Audience::Restricted && shown.treatment == Treatment::Keep && !is_written(&shown.column)
        };
        let needed = shown.iter().map(|shown| is_subject(&shown.column) || is_checked(shown)).collect();
        let hits = Mutex::new(Hits { columns: vec![0; shown.len()], ..Hits::default() });
        let (columns, treatments) = shown.into_iter().map(|shown| (shown.column, shown.treatment)).unzip();
        let (dataset, reading) = (dataset.clone(), reading.clone());
        Ok(TopicTreatment {
            dataset,
            audience,
            columns,
            treatments,
            landed,
            needed,
            leaves_new_out,
            reading,
            keys,
            recognisers,
            hits,
        })
    }

    /// What a manifest says of it: field -> treatment, and what tells its key from others.
    pub fn text(&self) -> String {
        let mut told = Map::new();
        for (column, treatment) in self.columns.iter().zip(&self.treatments) {
            if *treatment == Treatment::Keep {
                continue;
            }
            let mut said = json!({ "treatment": treatment_text(treatment) });
            if let Some(check) = treatment.domains().first().and_then(|domain| self.keys.check(domain)) {
                said["key"] = json!(check);
            }
            let field = column.source.first().cloned().unwrap_or_else(|| column.name.to_string());
            told.insert(field, said);
        }
        Value::Object(told).to_string()
    }

    /// Treats records as they came.
    pub fn treat(&self, records: &RecordBatch) -> Result<Treated, RelayFault> {
        let (mut landed, mut dead) = (Vec::new(), Vec::new());
        for first in (0..records.num_rows()).step_by(ROWS_AT_ONCE) {
            let rows = ROWS_AT_ONCE.min(records.num_rows() - first);
            let treated = self.treat_some(&records.slice(first, rows))?;
            landed.push(treated.records);
            dead.extend(treated.dead);
        }
        let all = |schema: &SchemaRef, some: &[RecordBatch]| concat_batches(schema, some).map_err(|_| RelayFault::Ours);
        let dead = dead.first().map(|first| all(&first.schema(), &dead)).transpose()?;
        Ok(Treated { records: all(&records.schema(), &landed)?, dead })
    }

    fn treat_some(&self, records: &RecordBatch) -> Result<Treated, RelayFault> {
        let terms = ImageTerms {
            columns: &self.columns,
            landed: &self.landed,
            needed: &self.needed,
            leaves_new_out: self.leaves_new_out,
            reading: &self.reading,
        };
        let (keys, values) = (records.column(2).as_binary_view(), records.column(3).as_binary_view());
        let images = Images::read(keys, values, &terms).ok_or(RelayFault::Ours)?;
        self.look(&images)?;
        let made: Vec<ColumnTreatment> = (0..self.columns.len())
            .filter(|place| self.landed[*place] == LandedAs::Made || self.needed[*place])
            .map(|place| ColumnTreatment {
                column: self.columns[place].clone(),
                // What is needed beside is no part of what is made.
                treatment: match self.landed[place] {
                    LandedAs::Made => self.treatments[place].clone(),
                    _ => Treatment::Drop,
                },
            })
            .collect();
        let redacted = redact(images.cells(), &made, self.audience, &self.dataset, &self.keys)
            .map_err(|fault| RelayFault::Treatment { dataset: self.dataset.clone(), fault: fault.to_string() })?;
        self.count(&images, redacted.told());
        let (mut new_keys, mut new_values) = (BinaryViewBuilder::new(), BinaryViewBuilder::new());
        let mut headers = headers_builder();
        let (mut is_landed, mut reasons) = (Vec::new(), Vec::new());
        for record in 0..records.num_rows() {
            let dead = images.not_landed(record);
            let written = match dead {
                Some(_) => None,
                // A cell that no event can hold is not landed otherwise.
                None => Some(images.write(record, redacted.rows(), &terms).ok_or(RelayFault::Ours)?),
            };
            is_landed.push(written.is_some());
            reasons.extend(dead.map(NotLanded::phrase));
            if let Some((key, value)) = written {
                new_keys.append_option(key);
                new_values.append_option(value);
                mark(records, record, &mut headers);
            }
        }
        let is_landed = BooleanArray::from(is_landed);
        let kept = filter_record_batch(records, &is_landed).map_err(|_| RelayFault::Ours)?;
        let mut columns: Vec<ArrayRef> = kept.columns().to_vec();
        columns[2] = Arc::new(new_keys.finish());
        columns[3] = Arc::new(new_values.finish());
        columns[4] = Arc::new(headers.finish());
        let landed = RecordBatch::try_new(records.schema(), columns).map_err(|_| RelayFault::Ours)?;
        let dead = if reasons.is_empty() { None } else { Some(dead(records, &is_landed, &reasons)?) };
        Ok(Treated { records: landed, dead })
    }

    /// The last look at what is landed as it came: what hardly anything but personal data looks like ends the run.
    fn look(&self, images: &Images<'_>) -> Result<(), RelayFault> {
        let Some(recognisers) = &self.recognisers else { return Ok(()) };
        for (place, column) in self.columns.iter().enumerate() {
            // JSON that is kept whole is not judged so, as in a night.
            let is_json = matches!(column.column_type, ColumnType::Json | ColumnType::Jsonb);
            if self.landed[place] != LandedAs::Kept || !is_written(column) || is_json {
                continue;
            }
            let found = recognisers.findings(&images.texts(place));
            let known = |kind: &&'static str| column.not_personal.contains_key(*kind);
            if let Some((kind, cells)) = found.into_iter().find(|(kind, _)| !known(kind)) {
                let column = column.name.to_string();
                return Err(RelayFault::Personal { dataset: self.dataset.clone(), column, kind, cells });
            }
        }
        Ok(())
    }

    fn count(&self, images: &Images<'_>, told: &BTreeMap<String, Told>) {
        let mut hits = self.hits.lock().unwrap_or_else(PoisonError::into_inner);
        hits.rows += images.rows();
        hits.columns.iter_mut().zip(images.hits()).for_each(|(sum, hits)| *sum += hits);
        for (column, told) in told {
            let fields = hits.fields.entry(column.clone()).or_default();
            fields.resize(fields.len().max(told.fields.len()), FieldTold::default());
            for (sum, told) in fields.iter_mut().zip(&told.fields) {
                sum.hits += told.hits;
                sum.lacking += told.lacking;
            }
        }
    }

    /// The path of a declared treatment that nothing of the whole run had, though there were rows.
    pub fn path_lacking(&self) -> Option<String> {
        let hits = self.hits.lock().unwrap_or_else(PoisonError::into_inner);
        if hits.rows == 0 {
            return None;
        }
        for (place, column) in self.columns.iter().enumerate() {
            if self.treatments[place] != Treatment::Keep && hits.columns[place] == 0 {
                return Some(column.name.to_string());
            }
            let (Treatment::Fields(fields), Some(told)) =
                (&self.treatments[place], hits.fields.get(column.name.as_str()))
            else {
                continue;
            };
            let lacks = |(field, told): &(&crate::data::FieldTreatment, &FieldTold)| {
                !field.optional && told.hits == 0 && told.lacking > 0
            };
            if let Some((field, _)) = fields.iter().zip(told).find(lacks) {
                return Some(format!("{}.{}", column.name, field.path.join(".")));
            }
        }
        None
    }

    /// How often each treated column was there, for a manifest.
    pub fn hits(&self) -> BTreeMap<String, u64> {
        let hits = self.hits.lock().unwrap_or_else(PoisonError::into_inner);
        let treated = |place: &usize| self.treatments[*place] != Treatment::Keep;
        let all = (0..self.columns.len()).filter(treated);
        all.map(|place| (self.columns[place].name.to_string(), hits.columns[place])).collect()
    }
}

/// Whether a column's values are texts, of whatever meaning.
fn is_written(column: &Column) -> bool {
    column.column_type.arrow() == DataType::Utf8View
}

fn landed_as(treatment: &Treatment) -> LandedAs {
    match treatment {
        Treatment::Keep => LandedAs::Kept,
        Treatment::Drop => LandedAs::LeftOut,
        Treatment::Null => LandedAs::Nulled,
        _ => LandedAs::Made,
    }
}

/// Lands of a record's headers that its row had another key before, and nothing else.
fn mark(records: &RecordBatch, record: usize, headers: &mut HeadersBuilder) {
    let all = records.column(4).as_list::<i32>().value(record);
    let names = all.as_struct().column(0).as_string::<i32>();
    if names.iter().any(|name| name == Some(OLD_KEY)) {
        push_header(headers, OLD_KEY, Some(&[]));
    }
    headers.append(true);
}

fn dead(records: &RecordBatch, is_landed: &BooleanArray, reasons: &[&'static str]) -> Result<RecordBatch, RelayFault> {
    let is_dead = arrow::compute::not(is_landed).map_err(|_| RelayFault::Ours)?;
    let dead = filter_record_batch(records, &is_dead).map_err(|_| RelayFault::Ours)?;
    let columns = ["offset", "timestamp", "key", "value", "headers"].into_iter().zip(dead.columns().to_vec());
    let reasons: ArrayRef = Arc::new(StringArray::from(reasons.to_vec()));
    RecordBatch::try_from_iter(columns.chain([("reason", reasons)])).map_err(|_| RelayFault::Ours)
}
