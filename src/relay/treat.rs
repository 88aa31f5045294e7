//! What is done to a topic's records for the audience of the place that they land in: by the schemas of the job, on both images and
//! the key, by the one maker of treated rows.
//!
//! Fails closed: what cannot be read as the schema says, or has a field that it does not declare, is put aside as it came, in the
//! store of audience `restricted`. How often each declared column and path was there is said of each object: one that nothing of a
//! whole run has ends the run (`walk`): it was renamed, and what it is called now is treated by nobody.
//!
//! Never in here: what a treatment does (`privacy`), and how an event is written (`changes`).

use super::buffer::{headers_builder, push_header};
use super::fault::RelayFault;
use super::hits::Hits;
use crate::changes::{ImageTerms, Images, LandedAs, Reading, Schemas, printed, treatment_text};
use crate::data::{Audience, Column, ColumnType, FieldTreatment, Name, Treatment};
use crate::privacy::{ColumnTreatment, Keys, Recognisers, Told, redact};
use arrow::array::{Array, ArrayRef, AsArray, BinaryViewBuilder, BooleanArray, RecordBatch, StringArray};
use arrow::compute::filter_record_batch;
use arrow::datatypes::DataType;
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
    /// Of what it reads, which is JSON.
    reading: Reading,
    /// By which what comes in Avro is printed as JSON first: those that lie beside the dump, as far as they are known.
    avro: Option<Mutex<Arc<Schemas>>>,
    keys: Arc<Keys>,
    /// None where values may be kept.
    recognisers: Option<Recognisers>,
}

/// Records as they are landed, and those that are not.
pub struct Treated {
    /// To be landed.
    pub records: RecordBatch,
    /// As they came, each with its reason.
    pub dead: Option<RecordBatch>,
    /// How often what is treated was there in those that are landed.
    pub hits: Hits,
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
        let (columns, treatments) = shown.into_iter().map(|shown| (shown.column, shown.treatment)).unzip();
        let avro = reading.payload.is_avro().then(|| Mutex::new(Arc::clone(&reading.schemas)));
        let (dataset, payload) = (dataset.clone(), reading.payload.in_json());
        let reading = Reading { payload, ..reading.clone() };
        Ok(TopicTreatment {
            dataset,
            audience,
            columns,
            treatments,
            landed,
            needed,
            leaves_new_out,
            reading,
            avro,
            keys,
            recognisers,
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

    /// By which schemas what comes in Avro is read; none where it comes in JSON.
    pub fn schemas(&self) -> Option<Arc<Schemas>> {
        self.avro.as_ref().map(|known| Arc::clone(&known.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Others lie beside the dump now.
    pub fn learn(&self, schemas: Schemas) {
        if let Some(known) = &self.avro {
            *known.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(schemas);
        }
    }

    /// Treats records as they came, and hands them out piece by piece.
    pub fn each(
        &self,
        records: &RecordBatch,
        mut takes: impl FnMut(Treated) -> Result<(), RelayFault>,
    ) -> Result<(), RelayFault> {
        for first in (0..records.num_rows()).step_by(ROWS_AT_ONCE) {
            let rows = ROWS_AT_ONCE.min(records.num_rows() - first);
            takes(self.treat_some(&records.slice(first, rows))?)?;
        }
        Ok(())
    }

    fn treat_some(&self, records: &RecordBatch) -> Result<Treated, RelayFault> {
        let terms = ImageTerms {
            columns: &self.columns,
            landed: &self.landed,
            needed: &self.needed,
            leaves_new_out: self.leaves_new_out,
            reading: &self.reading,
        };
        let as_json = self.schemas().map(|schemas| printed(records, &schemas).ok_or(RelayFault::Ours)).transpose()?;
        let (keys, values) = match &as_json {
            Some(printed) => (&printed.keys, &printed.values),
            None => (records.column(2).as_binary_view(), records.column(3).as_binary_view()),
        };
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
        let hits = self.count(&images, redacted.told());
        let (mut new_keys, mut new_values) = (BinaryViewBuilder::new(), BinaryViewBuilder::new());
        let mut headers = headers_builder();
        let (mut is_landed, mut reasons) = (Vec::new(), Vec::new());
        let (made, mut out) = (images.made(redacted.rows(), &terms), [String::new(), String::new()]);
        for (record, is_marked) in marks(records).into_iter().enumerate() {
            let dead = images.not_landed(record);
            let written = match dead {
                Some(_) => None,
                // A cell that no event can hold is not landed otherwise.
                None => Some(images.write(record, &made, &terms, &mut out).ok_or(RelayFault::Ours)?),
            };
            is_landed.push(written.is_some());
            // Why it could not be printed says more than that it cannot be read.
            let unprinted = as_json.as_ref().and_then(|printed| printed.faults[record]);
            reasons.extend(dead.map(|dead| unprinted.unwrap_or(dead.phrase())));
            if let Some([has_key, has_value]) = written {
                new_keys.append_option(has_key.then_some(&out[0]));
                new_values.append_option(has_value.then_some(&out[1]));
                if is_marked {
                    push_header(&mut headers, OLD_KEY, Some(&[]));
                }
                headers.append(true);
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
        Ok(Treated { records: landed, dead, hits })
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

    /// How often each treated column was there, and each declared field of JSON.
    fn count(&self, images: &Images<'_>, told: &BTreeMap<String, Told>) -> Hits {
        let mut hits = Hits::default();
        for (place, column) in self.columns.iter().enumerate() {
            if self.treatments[place] == Treatment::Keep {
                continue;
            }
            let there = images.hits()[place];
            hits.count(column.name.to_string(), there, images.rows().saturating_sub(there));
            let (Treatment::Fields(fields), Some(told)) = (&self.treatments[place], told.get(column.name.as_str()))
            else {
                continue;
            };
            for (field, told) in fields.iter().zip(&told.fields) {
                hits.count(path_of(column, field), told.hits, told.lacking);
            }
        }
        hits
    }

    /// The paths that a run must have, if it has rows: treated columns, and fields of JSON that not every row may lack.
    pub fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        for (column, treatment) in self.columns.iter().zip(&self.treatments) {
            if *treatment != Treatment::Keep {
                paths.push(column.name.to_string());
            }
            if let Treatment::Fields(fields) = treatment {
                paths.extend(fields.iter().filter(|field| !field.optional).map(|field| path_of(column, field)));
            }
        }
        paths
    }
}

fn path_of(column: &Column, field: &FieldTreatment) -> String {
    format!("{}.{}", column.name, field.path.join("."))
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

/// Of each record whether its headers say that its row had another key before; nothing else of them is landed.
fn marks(records: &RecordBatch) -> Vec<bool> {
    let all = records.column(4).as_list::<i32>();
    let names = all.values().as_struct().column(0).as_string::<i32>();
    let is_old_key = |at: i32| names.is_valid(at as usize) && names.value(at as usize) == OLD_KEY;
    all.value_offsets().windows(2).map(|ends| (ends[0]..ends[1]).any(is_old_key)).collect()
}

fn dead(records: &RecordBatch, is_landed: &BooleanArray, reasons: &[&'static str]) -> Result<RecordBatch, RelayFault> {
    let is_dead = arrow::compute::not(is_landed).map_err(|_| RelayFault::Ours)?;
    let dead = filter_record_batch(records, &is_dead).map_err(|_| RelayFault::Ours)?;
    let schema = dead.schema();
    let columns = schema.fields().iter().map(|field| field.name().as_str()).zip(dead.columns().to_vec());
    let reasons: ArrayRef = Arc::new(StringArray::from(reasons.to_vec()));
    RecordBatch::try_from_iter(columns.chain([("reason", reasons)])).map_err(|_| RelayFault::Ours)
}
