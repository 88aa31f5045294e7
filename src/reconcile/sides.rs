//! Both sides of a comparison, in buckets by key, put aside until both are whole.
//!
//! Rows of one key meet in one bucket, so a bucket is compared by itself and no more than one is in memory at a time.

use super::compare::{CompareFault, Counts, Terms, compare};
use super::diff::Tolerance;
use super::latest::{Whole, latest};
use super::outputs::{Gathering, Outputs, Seal};
use crate::changes::{Changes, StreamFacts};
use crate::data::{Batch, Column, Within};
use crate::format::spill::{Aside, Spill, compact};
use arrow::array::{Array, ArrayRef, RecordBatch, UInt32Array, new_null_array};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::SchemaRef;
use arrow::row::RowConverter;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

/// Buckets. With 64, a table of 50 million narrow rows has under a million rows in each.
pub(super) const BUCKETS: usize = 64;

/// Events that are put into their buckets together: fewer would make many small batches.
const SPREAD_ROWS: usize = 131_072;

/// A comparison under way.
pub struct Comparison {
    terms: Terms,
    extract_schema: SchemaRef,
    topic_schema: SchemaRef,
    extract: Vec<Spill>,
    topic: Vec<Spill>,
    /// Events that are not in their buckets yet.
    waiting: Vec<RecordBatch>,
    left_out: HashSet<Vec<u8>>,
    facts: StreamFacts,
    seal: Seal,
    aside: Aside,
}

/// What a comparison came to.
pub struct Outcome {
    /// In numbers.
    pub counts: Counts,
    /// What the stream showed.
    pub facts: StreamFacts,
    /// What it leaves behind.
    pub outputs: Outputs,
}

impl Comparison {
    /// A comparison of `columns` (those of the extract, in its order) by the columns named in `key`. `tolerate`: column ->
    /// what it may differ by. `seal` is the key of the fingerprints that are shown.
    pub fn new(
        columns: Vec<Column>,
        key: &[crate::data::Name],
        tolerate: &BTreeMap<crate::data::Name, Tolerance>,
        seal: &Seal,
        aside: &Aside,
    ) -> Self {
        let tolerance = columns.iter().map(|column| tolerate.get(&column.name).cloned().unwrap_or_default()).collect();
        let wanted: Vec<&Column> = columns.iter().collect();
        let topic_schema = crate::changes::schema(&wanted);
        let extract_fields: Vec<_> = topic_schema.fields().iter().take(columns.len()).cloned().collect();
        let places = key.iter().filter_map(|name| columns.iter().position(|column| column.name == *name)).collect();
        let told = columns.iter().map(|column| crate::changes::untold(column.column_type).is_none()).collect();
        let spills = || (0..BUCKETS).map(|_| Spill::new(aside)).collect();
        Comparison {
            terms: Terms { columns, key: places, told, tolerance, within: None },
            extract_schema: Arc::new(arrow::datatypes::Schema::new(extract_fields)),
            topic_schema,
            extract: spills(),
            topic: spills(),
            waiting: Vec::new(),
            left_out: HashSet::new(),
            facts: StreamFacts::default(),
            seal: seal.clone(),
            aside: aside.clone(),
        }
    }

    /// The same, of an extract that has the rows of one period and no others.
    #[must_use]
    pub fn within(mut self, within: Within) -> Self {
        let place = self.terms.columns.iter().position(|column| column.name == within.by);
        self.terms.within = place.map(|place| (place, within));
        self
    }

    /// The same, and these columns are not compared: the topic need not have them.
    #[must_use]
    pub fn without(mut self, columns: &BTreeSet<crate::data::Name>) -> Self {
        let told = self.terms.told.iter_mut().zip(&self.terms.columns);
        told.for_each(|(is_told, column)| *is_told &= !columns.contains(&column.name));
        self
    }

    /// The same against a topic whose rows were treated, as far as its extract goes: `columns` are those of this comparison, as they
    /// are then; `treat` makes the cells of the column at a place so, of all cells of the rows (of a key that is left out, those
    /// beside it are NULL). Those whose place `told` denies are not compared.
    ///
    /// Before any change is added.
    pub fn treated(
        self,
        columns: Vec<Column>,
        told: Vec<bool>,
        treat: &dyn Fn(usize, &[ArrayRef]) -> Option<ArrayRef>,
        aside: &Aside,
    ) -> Result<Self, CompareFault> {
        let before = self.terms.converter()?;
        let within = self.terms.within;
        let key: Vec<crate::data::Name> = self.terms.key.iter().map(|place| columns[*place].name.clone()).collect();
        let mut treated = Comparison::new(columns, &key, &BTreeMap::new(), &self.seal, aside);
        treated.terms.tolerance = self.terms.tolerance;
        treated.terms.within = within;
        let told = told.into_iter().zip(self.terms.told).map(|(told, was_told)| told && was_told);
        treated.terms.told.iter_mut().zip(told).for_each(|(is_told, told)| *is_told &= told);
        let after = treated.terms.converter()?;
        let all = |cells: &[ArrayRef], places: &[usize]| {
            let cells = places.iter().map(|place| treat(*place, cells));
            cells.collect::<Option<Vec<_>>>().ok_or(CompareFault::Shape)
        };
        for spill in self.extract {
            for batch in spill.iter() {
                let places: Vec<usize> = (0..treated.terms.columns.len()).collect();
                let rows = all(batch?.columns(), &places)?;
                let rows = RecordBatch::try_new(treated.extract_schema.clone(), rows)?;
                spread(&mut treated.extract, &rows, &treated.terms.key, &after)?;
            }
        }
        let parser = before.parser();
        for left_out in &self.left_out {
            let keys = before.convert_rows([parser.parse(left_out)])?;
            let none = |field: &Arc<arrow::datatypes::Field>| new_null_array(field.data_type(), 1);
            let mut cells: Vec<ArrayRef> = self.extract_schema.fields().iter().map(none).collect();
            self.terms.key.iter().zip(keys).for_each(|(place, key)| cells[*place] = key);
            let cells = all(&cells, &treated.terms.key)?;
            treated.left_out.insert(after.convert_columns(&cells)?.row(0).data().to_vec());
        }
        Ok(treated)
    }

    /// The columns that are compared.
    pub fn columns(&self) -> Vec<&Column> {
        self.terms.columns.iter().collect()
    }

    /// The places of the key's columns among them.
    pub fn key(&self) -> &[usize] {
        &self.terms.key
    }

    /// Adds rows of the extract, before treatment; the keys of its bad rows are left out on both sides.
    pub fn add_extract(&mut self, batch: &Batch) -> Result<(), CompareFault> {
        let converter = self.terms.converter()?;
        self.leave_out(batch, &converter)?;
        let rows = RecordBatch::try_new(self.extract_schema.clone(), batch.rows.columns().to_vec())?;
        spread(&mut self.extract, &rows, &self.terms.key, &converter)
    }

    /// Adds events of the topic.
    pub fn add_changes(&mut self, changes: &Changes) -> Result<(), CompareFault> {
        self.facts.add(&changes.facts);
        self.waiting.extend(changes.batches.iter().cloned());
        if self.waiting.iter().map(RecordBatch::num_rows).sum::<usize>() < SPREAD_ROWS {
            return Ok(());
        }
        self.settle()
    }

    /// Puts what waits into its buckets.
    fn settle(&mut self) -> Result<(), CompareFault> {
        let rows = concat_batches(&self.topic_schema, &std::mem::take(&mut self.waiting))?;
        spread(&mut self.topic, &rows, &self.terms.key, &self.terms.converter()?)
    }

    /// The keys of bad rows that can be read as keys.
    fn leave_out(&mut self, batch: &Batch, converter: &RowConverter) -> Result<(), CompareFault> {
        for row in 0..batch.bad_rows.num_rows() {
            let cells = self.terms.key.iter().map(|place| {
                let column = &self.terms.columns[*place];
                let mut cell = crate::data::cell::CellBuilder::new(column.column_type, 1);
                let text = arrow::array::AsArray::as_string_view(batch.bad_rows.column(*place));
                text.is_valid(row).then(|| cell.push_text(text.value(row)).ok()).flatten()?;
                Some(cell.finish())
            });
            if let Some(cells) = cells.collect::<Option<Vec<ArrayRef>>>() {
                self.left_out.insert(converter.convert_columns(&cells)?.row(0).data().to_vec());
            }
        }
        Ok(())
    }

    /// Compares, a bucket at a time.
    pub fn finish(mut self) -> Result<Outcome, CompareFault> {
        self.settle()?;
        let mut comparing = Comparing::new(&self);
        for (extract, topic) in self.extract.iter().zip(&self.topic) {
            comparing.bucket(extract, topic)?;
        }
        comparing.finish()
    }

    /// Compares what there is so far, and keeps it: more of the topic may come.
    pub fn so_far(&mut self) -> Result<Outcome, CompareFault> {
        self.settle()?;
        let mut comparing = Comparing::new(self);
        for (extract, topic) in self.extract.iter().zip(&self.topic) {
            comparing.bucket(extract, topic)?;
        }
        comparing.finish()
    }
}

/// A comparison, bucket by bucket.
struct Comparing<'a> {
    of: &'a Comparison,
    counts: Counts,
    gathering: Gathering,
}

impl<'a> Comparing<'a> {
    fn new(of: &'a Comparison) -> Self {
        Comparing { of, counts: Counts::default(), gathering: Gathering::new(&of.terms, &of.seal, &of.aside) }
    }

    fn bucket(&mut self, extract: &Spill, topic: &Spill) -> Result<(), CompareFault> {
        if extract.rows() == 0 && topic.rows() == 0 {
            return Ok(());
        }
        let Comparison { terms, facts, left_out, .. } = self.of;
        let rows = concat_batches(&self.of.extract_schema, &extract.batches()?)?;
        let whole = Whole { log: &facts.log, emptied_at: facts.emptied_across() };
        let states = latest(&self.of.topic_schema, &topic.batches()?, &terms.key, &terms.converter()?, whole)?;
        let found = compare(terms, &rows, &states, left_out, &mut self.counts)?;
        self.gathering.add(terms, &rows, &states, &found)
    }

    fn finish(self) -> Result<Outcome, CompareFault> {
        let facts = self.of.facts.clone();
        let outputs = self.gathering.finish(&self.of.terms, &facts)?;
        Ok(Outcome { counts: self.counts, facts, outputs })
    }
}

/// Puts every row into the bucket of its key. A truncation has no key and goes into every bucket.
fn spread(
    buckets: &mut [Spill],
    rows: &RecordBatch,
    key: &[usize],
    converter: &RowConverter,
) -> Result<(), CompareFault> {
    let keys = converter.convert_columns(&key.iter().map(|place| rows.column(*place).clone()).collect::<Vec<_>>())?;
    let ops =
        rows.column_by_name(crate::changes::OP).map(arrow::array::AsArray::as_primitive::<arrow::datatypes::UInt8Type>);
    let mut places: Vec<Vec<u32>> = vec![Vec::new(); buckets.len()];
    for row in 0..rows.num_rows() {
        if ops.is_some_and(|ops| ops.value(row) == crate::changes::Op::Truncate as u8) {
            places.iter_mut().for_each(|bucket| bucket.push(row as u32));
        } else {
            places[bucket(keys.row(row).data(), buckets.len())].push(row as u32);
        }
    }
    for (bucket, places) in buckets.iter_mut().zip(places) {
        if !places.is_empty() {
            bucket.push(compact(&take_record_batch(rows, &UInt32Array::from(places))?)?)?;
        }
    }
    Ok(())
}

/// FNV-1a: the same in every run, so that the same input gives the same report.
pub(super) fn bucket(key: &[u8], buckets: usize) -> usize {
    let hash = key
        .iter()
        .fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    (hash % buckets as u64) as usize
}
