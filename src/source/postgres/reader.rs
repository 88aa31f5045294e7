//! One part of a table over one session: COPY, decoded where it arrives, handed on by whole batches.
//!
//! A reader that is ahead of its turn pauses once so many decoded bytes of its batches wait. That bound is each session's
//! own: a session reads its parts in their order, so what waits of it never stands in the way of an earlier part that it
//! has yet to read.
//!
//! Never in here: which part comes next, and what a lost session means for the others.

use super::fault::fault;
use super::pulse::{Pulse, answered};
use super::table::{Table, changed};
use crate::data::Name;
use crate::data::select::Part;
use crate::failpoint;
use crate::source::pgcopy::{CopyFault, CopyLimits, CopyReader};
use crate::source::{RawBatch, SourceError};
use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{FutureExt, StreamExt};
use sqlx::PgConnection;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What a reader hands on.
pub enum Handed {
    /// Rows; the room they took is free again when the permit goes.
    Batch(RawBatch, OwnedSemaphorePermit),
    /// The part is whole, and these were its rows.
    Whole(u64),
    /// It could not be read.
    Fault(SourceError),
}

/// The decoded bytes of one session that may wait for their turn.
#[derive(Clone)]
pub struct Ahead {
    room: Arc<Semaphore>,
    bytes_max: u32,
}

impl Ahead {
    /// Room for so many bytes; a batch that is larger waits alone.
    pub fn new(bytes_max: u32) -> Self {
        Ahead { room: Arc::new(Semaphore::new(bytes_max as usize)), bytes_max }
    }

    /// Waits until `batch` has room. `None` only when the room is closed, which nobody does.
    async fn take(&self, batch: &RawBatch) -> Option<OwnedSemaphorePermit> {
        let bytes = u32::try_from(batch.rows.get_array_memory_size()).unwrap_or(u32::MAX).min(self.bytes_max);
        Arc::clone(&self.room).acquire_many_owned(bytes).await.ok()
    }
}

/// How a session reads.
pub struct Reader<'a> {
    /// The source.
    pub from: &'a Name,
    /// Tells a server that is silent from a line that is cut.
    pub pulse: &'a Pulse,
    /// Bytes of a cell, at most.
    pub cell_bytes_max: usize,
    /// Bytes of COPY in a batch.
    pub batch_bytes_max: usize,
    /// What may wait.
    pub ahead: &'a Ahead,
}

impl Reader<'_> {
    /// Reads `part` to its end. Whether the session can read another.
    pub async fn read(
        &self,
        connection: &mut PgConnection,
        table: &Table,
        part: &Part,
        hand: &UnboundedSender<Handed>,
    ) -> bool {
        let last = match self.copied(connection, table, part, hand).await {
            Ok(Some(rows)) => Handed::Whole(rows),
            // Nobody waits for it any more.
            Ok(None) => return false,
            Err(error) => Handed::Fault(error),
        };
        let is_whole = matches!(last, Handed::Whole(_));
        hand.send(last).is_ok() && is_whole
    }

    /// The rows that were handed on; `None` when nobody takes them.
    async fn copied(
        &self,
        connection: &mut PgConnection,
        table: &Table,
        part: &Part,
        hand: &UnboundedSender<Handed>,
    ) -> Result<Option<u64>, SourceError> {
        let limits = CopyLimits {
            batch_rows_max: table.extract.batch_rows_max,
            batch_bytes_max: self.batch_bytes_max,
            cell_bytes_max: self.cell_bytes_max,
        };
        let reader = CopyReader::new(&table.columns, limits).ok_or_else(|| changed(&table.what))?;
        answered(self.from, &format!("looking at {}", table.what), table.still(self.from, connection, part)).await?;
        let copy = format!("COPY (\n{}\n) TO STDOUT (FORMAT binary)", table.select(part));
        let messages = failpoint::around("database.copy", self.begun(connection, table, &copy)).await?;
        let mut reading = Reading { messages, reader, from: self.from, pulse: self.pulse, table, has_ended: false };
        let mut rows = 0;
        while let Some(batch) = reading.batch().await? {
            rows += batch.rows.num_rows() as u64;
            failpoint::holding("rows.read", || format!("{:?}", batch.rows));
            let Some(room) = self.ahead.take(&batch).await else { return Ok(None) };
            if hand.send(Handed::Batch(batch, room)).is_err() {
                return Ok(None);
            }
        }
        Ok(Some(rows))
    }

    /// A COPY, once the server has begun it: which it says with the first rows that fill its buffer, and they may take it long.
    async fn begun<'a>(
        &self,
        connection: &'a mut PgConnection,
        table: &Table,
        copy: &str,
    ) -> Result<BoxStream<'a, Result<Bytes, sqlx::Error>>, SourceError> {
        let mut answer = Box::pin(stream::once(connection.copy_out_raw(copy)));
        let begun = self.pulse.next(&mut answer).await.map_err(|silent| fell_silent(self.from, table, silent))?;
        let begun = begun.unwrap_or_else(|| Err(sqlx::Error::WorkerCrashed));
        begun.map_err(|error| fault(self.from, &error, table.during()))
    }
}

/// The line to a server that does not work on what it was asked for.
fn fell_silent(from: &Name, table: &Table, silent: Duration) -> SourceError {
    let during = format!("reading {}: nothing came for {} s", table.what, silent.as_secs());
    SourceError::Away { from: from.clone(), during, answer: None }
}

/// A COPY under way.
struct Reading<'a> {
    messages: BoxStream<'a, Result<Bytes, sqlx::Error>>,
    reader: CopyReader,
    from: &'a Name,
    pulse: &'a Pulse,
    table: &'a Table,
    has_ended: bool,
}

impl Reading<'_> {
    /// The next batch; `None` once the server has ended the COPY and every row of it was given.
    async fn batch(&mut self) -> Result<Option<RawBatch>, SourceError> {
        if self.has_ended {
            return Ok(None);
        }
        while let Some(message) = self.message().await? {
            self.reader.feed(&message).map_err(|fault| self.damaged(&fault))?;
            if let Some(batch) = self.reader.batch().map_err(|fault| self.damaged(&fault))? {
                return Ok(Some(batch));
            }
        }
        self.has_ended = true;
        self.reader.finish().map_err(|fault| self.damaged(&fault))
    }

    async fn message(&mut self) -> Result<Option<Bytes>, SourceError> {
        // Most messages are here already; a timer for each of millions would cost as much as reading it.
        failpoint::before("database.message");
        let message = match self.messages.next().now_or_never() {
            Some(message) => message,
            None => {
                let next = self.pulse.next(&mut self.messages).await;
                next.map_err(|silent| fell_silent(self.from, self.table, silent))?
            }
        };
        failpoint::after("database.message");
        message.transpose().map_err(|error| fault(self.from, &error, self.table.during()))
    }

    fn damaged(&self, fault: &CopyFault) -> SourceError {
        SourceError::Corrupt { object: self.table.what.clone(), fault: fault.fault.into(), row: Some(fault.row) }
    }
}
