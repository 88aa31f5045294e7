//! The topic of a table in the layout of Confluent's S3 sink: `<topic>/partition=<n>/<topic>+<n>+<first offset>.json`, some
//! objects packed.
//!
//! Events stand in the order of the moments. Every partition ends with one that the extract does not show: only what lies
//! behind the extract proves that the topic was read past it.

use super::Fault;
use super::cell::Row;
use super::difference::{Planted, Sort};
use super::event::{Encoder, Stamp};
use super::life::{AFTER, LOADED, MOMENTS, SHOWN};
use super::moment::Moments;
use super::partition::{Packing, Partition};
use super::random::Draw;
use super::table::{Change, Table, Writing};
use std::path::Path;

/// Events of an object, at least and at most.
const OBJECT_EVENTS: (u64, u64) = (20, 25_000);
/// Objects of a partition of a small table, about.
const OBJECTS: u64 = 3;

/// What became of a topic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct TopicMade {
    /// Rows of the extract that the publication lets into the topic.
    pub carried: u64,
    /// Events, with those that were delivered again and those after the extract.
    pub events: u64,
    /// Events after the extract.
    pub later: u64,
    /// Partitions that hold any.
    pub partitions: u64,
    /// Objects.
    pub objects: u64,
}

struct Writer<'a> {
    table: &'a Table,
    planted: &'a Planted,
    moments: &'a Moments,
    encoder: Encoder,
    partitions: Vec<Partition>,
    /// For each partition the last row that the extract shows.
    touched: Vec<Option<u64>>,
    made: TopicMade,
    line: String,
}

/// Writes the topic of a table below `folder`.
pub fn write(
    table: &Table,
    planted: &Planted,
    moments: &Moments,
    folder: &Path,
    packing: Packing,
) -> Result<TopicMade, Fault> {
    let (schema, name) = (&table.definition.schema, &table.definition.table);
    let topic = format!("{schema}.{schema}.{name}");
    let count = table.sketch.partitions;
    let expected = table.indexes() / u64::from(count) / OBJECTS;
    let bound = expected.clamp(OBJECT_EVENTS.0, OBJECT_EVENTS.1);
    let mut writer = Writer {
        table,
        planted,
        moments,
        encoder: Encoder::new(&table.definition, table.sketch.writing == Writing::WithSchema),
        partitions: (0..count).map(|number| Partition::new(folder, &topic, number, bound, packing)).collect(),
        touched: vec![None; count as usize],
        made: TopicMade::default(),
        line: String::new(),
    };
    for moment in LOADED..MOMENTS {
        writer.moment(moment)?;
    }
    writer.finish()
}

impl Writer<'_> {
    fn moment(&mut self, moment: usize) -> Result<(), Fault> {
        for index in 0..self.table.indexes() + self.planted.only_in_topic() {
            let change = if index < self.table.indexes() {
                self.table.change(index, moment)
            } else {
                // Only the topic ever has it.
                (moment == LOADED).then(|| Change { before: None, after: Some(self.table.row(index, 0)) })
            };
            if let Some(change) = change {
                self.change(index, moment, change)?;
            }
        }
        if moment == SHOWN && self.table.sketch.writing == Writing::Redelivered {
            for partition in &mut self.partitions {
                self.made.events += partition.deliver_again()?;
            }
        }
        Ok(())
    }

    fn change(&mut self, index: u64, moment: usize, change: Change) -> Result<(), Fault> {
        let carried = |row: Option<Row>| row.filter(|row| self.table.carries(row));
        let (mut before, mut after) = (carried(change.before), carried(change.after));
        if moment < AFTER && index < self.table.indexes() {
            self.made.carried += u64::from(after.is_some());
            self.made.carried -= u64::from(before.is_some());
        }
        match self.planted.sort(index) {
            Some(Sort::MissingFromTopic) => return Ok(()),
            Some(Sort::Changed) => {
                let place = self.table.differing();
                for row in [&mut before, &mut after].into_iter().flatten() {
                    row[place] = row[place].clone().moved(1);
                }
            }
            _ => {}
        }
        if before.is_some() || after.is_some() {
            self.event(index, moment, before.as_ref(), after.as_ref())?;
        }
        Ok(())
    }

    fn event(&mut self, index: u64, moment: usize, before: Option<&Row>, after: Option<&Row>) -> Result<(), Fault> {
        let Some(row) = after.or(before) else { return Ok(()) };
        let at = self.partition(row)?;
        let stamp = Stamp {
            txid: self.moments.txid(moment, index),
            lsn: self.moments.lsn(moment, self.made.events),
            committed_ms: self.moments.committed_ms(moment),
            snapshot: match (moment, self.made.events) {
                (LOADED, 0) => "first",
                (LOADED, _) => "true",
                _ => "false",
            },
        };
        self.line.clear();
        self.encoder.line(&mut self.line, before, after, &stamp).map_err(|_| Fault::Unwritable)?;
        self.partitions[at].push(&self.line)?;
        self.made.events += 1;
        self.made.later += u64::from(moment == AFTER);
        match moment {
            AFTER => self.touched[at] = None,
            _ if after.is_some() && index < self.table.sketch.rows => self.touched[at] = Some(index),
            _ => {}
        }
        Ok(())
    }

    /// The partition of a row: by its key, as Kafka's producer does.
    fn partition(&mut self, row: &Row) -> Result<usize, Fault> {
        self.line.clear();
        for place in &self.table.definition.key {
            row[*place].write(&mut self.line).map_err(|_| Fault::Unwritable)?;
            self.line.push('\n');
        }
        Ok(Draw::of(0, &self.line, 0).below(self.partitions.len() as u64) as usize)
    }

    fn finish(mut self) -> Result<TopicMade, Fault> {
        // A partition whose last event the extract still shows gets one that it does not.
        for index in self.touched.clone().into_iter().flatten() {
            let before = Some(self.table.row(index, 0)).filter(|row| self.table.carries(row));
            let after = Some(self.table.row(index, 1)).filter(|row| self.table.carries(row));
            if before.is_some() || after.is_some() {
                self.event(index, AFTER, before.as_ref(), after.as_ref())?;
            }
        }
        for partition in self.partitions {
            let objects = partition.finish()?;
            self.made.objects += objects;
            self.made.partitions += u64::from(objects > 0);
        }
        Ok(self.made)
    }
}
