//! The parts of an extract -> one stream of batches, in the order of the parts, whoever read them and when.
//!
//! It ends only when every part has said that it is whole and how many rows it had, and as many were handed on.
//!
//! Never in here: sessions.

use super::group::Group;
use super::queue::{Begun, Started};
use super::reader::Handed;
use crate::source::{RawBatch, SourceError};
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::mpsc::UnboundedReceiver;

/// An extract being handed on.
pub struct Handing {
    what: String,
    group: Arc<Group>,
    begun: Begun,
    parts_left: usize,
    part: Option<UnboundedReceiver<Handed>>,
    /// Rows of the parts before, and of the part in hand so far.
    rows_before: u64,
    rows: u64,
    /// Set while it is under way: nothing after it can be read before it has ended.
    unfinished: Arc<AtomicBool>,
    /// Nothing comes after it: the sessions, and with them the snapshot, are let go.
    is_last: bool,
}

impl Handing {
    /// Begins to hand on what was started.
    pub fn new(
        what: String,
        group: &Arc<Group>,
        started: Started,
        unfinished: &Arc<AtomicBool>,
        is_last: bool,
    ) -> Option<Self> {
        unfinished.store(true, Ordering::Relaxed);
        Some(Handing {
            what,
            group: Arc::clone(group),
            begun: started.begun?,
            parts_left: started.parts,
            part: None,
            rows_before: 0,
            rows: 0,
            unfinished: Arc::clone(unfinished),
            is_last,
        })
    }

    /// The batches, once the first of them is there: by then its COPY has begun.
    pub async fn stream(mut self) -> Result<BoxStream<'static, Result<RawBatch, SourceError>>, SourceError> {
        let first = self.next().await?;
        let rest =
            stream::try_unfold(
                self,
                |mut handing| async move { Ok(handing.next().await?.map(|batch| (batch, handing))) },
            );
        Ok(stream::iter(first.map(Ok)).chain(rest.into_stream()).boxed())
    }

    async fn next(&mut self) -> Result<Option<RawBatch>, SourceError> {
        loop {
            let part = match &mut self.part {
                Some(part) => part,
                None if self.parts_left == 0 => {
                    self.unfinished.store(false, Ordering::Relaxed);
                    if self.is_last {
                        self.group.end();
                    }
                    return Ok(None);
                }
                None => {
                    let part = self.begun.recv().await.ok_or_else(|| self.group.lost(&self.what))?;
                    self.part.insert(part)
                }
            };
            match part.recv().await {
                Some(Handed::Batch(batch, room)) => {
                    drop(room);
                    self.rows += batch.rows.num_rows() as u64;
                    return Ok(Some(batch));
                }
                Some(Handed::Whole(rows)) if rows == self.rows => {
                    self.part = None;
                    self.parts_left -= 1;
                    self.rows_before += std::mem::take(&mut self.rows);
                }
                Some(Handed::Whole(_)) => {
                    let fault = "was handed on with another number of rows than was read".into();
                    return Err(SourceError::Corrupt { object: self.what.clone(), fault, row: None });
                }
                // Rows are counted from the start of the extract, a reader counts them from that of its part.
                Some(Handed::Fault(SourceError::Corrupt { object, fault, row })) => {
                    let row = row.map(|row| self.rows_before + row);
                    return Err(SourceError::Corrupt { object, fault, row });
                }
                Some(Handed::Fault(error)) => return Err(error),
                None => return Err(self.group.lost(&self.what)),
            }
        }
    }
}
