//! The first look: every row of both sides as two fingerprints, matched key by key.
//!
//! Keys are spread over [`PARTS`] shares by their fingerprint. Lanes read at the same time, up to [`ROUND_ROWS`] rows each;
//! then every share takes what is its own. Memory: the left rows of the shares that are here, and one round.

use super::marks::Told;
use super::part::{Joined, Part, ROW_BYTES};
use super::print::Printer;
use super::records::{Records, RowPrint};
use super::side::{Lane, Reading};
use super::{DiffFault, Means};
use arrow::array::{Array, RecordBatch};
use rayon::prelude::*;

/// Shares of the keys. At 50 million rows a side one has 200,000.
const PARTS: usize = 256;
/// Rows that a lane reads in a round.
const ROUND_ROWS: usize = 1 << 16;

/// Which of the aligned columns are the key's, and how cells become fingerprints.
pub struct Prints<'a> {
    /// Keys of this run.
    pub printer: &'a Printer,
    /// Places of the key's columns.
    pub key: &'a [usize],
    /// Places of the others.
    pub others: &'a [usize],
}

impl Prints<'_> {
    /// The fingerprints of the keys of some rows.
    pub fn keys(&self, batch: &RecordBatch) -> Result<Vec<u128>, DiffFault> {
        self.of(self.key, batch)
    }

    fn of(&self, places: &[usize], batch: &RecordBatch) -> Result<Vec<u128>, DiffFault> {
        self.printer.prints(places.iter().map(|place| (*place, batch.column(*place))), batch.num_rows())
    }
}

/// What the first look at a side shows.
#[derive(Default)]
pub struct SideSeen {
    /// Its rows.
    pub rows: u64,
    /// Rows with a NULL in the key.
    pub null_keys: Told,
    /// Pieces and their rows.
    pub counted: Vec<(usize, u64)>,
}

/// Rows of a round, in the order of their shares.
#[derive(Default)]
struct Round {
    records: Records,
    /// Where the rows of each share end.
    ends: Vec<usize>,
    rows: u64,
    null_keys: Told,
}

/// Looks at both sides, the left one first.
pub fn first_look(
    sides: [&Reading<'_>; 2],
    pieces: [usize; 2],
    prints: &Prints<'_>,
    means: &Means<'_>,
    marks_alone: bool,
) -> Result<(Joined, [SideSeen; 2]), DiffFault> {
    let rows_expected = expected(sides[0].rows(), means.bytes_max);
    let mut parts: Vec<Part> = (0..PARTS).map(|_| Part::new(means.aside, rows_expected)).collect();
    let mut here = PARTS;
    let left = look(sides[0], pieces[0], prints, means.cores, |rounds| {
        spread(&mut parts, rounds, Part::add_left)?;
        // The shares at the end go first, each as a whole: the others need no second way.
        while here > 0 && parts.iter().map(Part::rows_here).sum::<u64>() * ROW_BYTES > means.bytes_max {
            here -= 1;
            parts[here].put_aside(means.aside)?;
        }
        Ok(())
    })?;
    parts.par_iter_mut().for_each(Part::close_left);
    let right = look(sides[1], pieces[1], prints, means.cores, |rounds| spread(&mut parts, rounds, Part::add_right))?;
    let mut joined = Joined::default();
    for part in parts {
        part.finish(&mut joined, marks_alone)?;
    }
    Ok((joined, [left, right]))
}

/// Left rows that a share will have, where all are known: the mean and what chance adds, within memory. Room that is taken at
/// once is not taken twice while it grows.
fn expected(rows: Option<u64>, bytes_max: u64) -> usize {
    let mean = rows.unwrap_or(0).min(bytes_max / ROW_BYTES) / PARTS as u64;
    (mean + 6 * mean.isqrt()) as usize
}

fn look(
    reading: &Reading<'_>,
    pieces: usize,
    prints: &Prints<'_>,
    cores: usize,
    mut take: impl FnMut(&[Round]) -> Result<(), DiffFault>,
) -> Result<SideSeen, DiffFault> {
    let mut lanes = reading.lanes((0..pieces).map(|piece| (piece, None)).collect(), cores);
    let mut seen = SideSeen::default();
    loop {
        let rounds = lanes.par_iter_mut().map(|lane| round(lane, prints)).collect::<Result<Vec<_>, _>>()?;
        if rounds.iter().all(|round| round.rows == 0) {
            break;
        }
        take(&rounds)?;
        for round in rounds {
            seen.rows += round.rows;
            seen.null_keys.merge(round.null_keys);
        }
    }
    seen.counted = lanes.into_iter().flat_map(|lane| lane.counted).collect();
    Ok(seen)
}

fn round(lane: &mut Lane<'_>, prints: &Prints<'_>) -> Result<Round, DiffFault> {
    let (mut records, mut round) = (Records::default(), Round::default());
    while records.len() < ROUND_ROWS {
        let Some((rows, batch)) = lane.next()? else { break };
        round.rows += rows.len() as u64;
        let (keys, others) = (prints.keys(&batch)?, prints.of(prints.others, &batch)?);
        let both = keys.into_iter().zip(others).map(|(key, others)| RowPrint { key, others });
        let nulls: Vec<_> = prints.key.iter().filter_map(|place| batch.column(*place).logical_nulls()).collect();
        if nulls.iter().all(|nulls| nulls.null_count() == 0) {
            records.prints.extend(both);
            records.rows.extend(rows);
            continue;
        }
        for (index, (row, print)) in rows.into_iter().zip(both).enumerate() {
            if nulls.iter().any(|nulls| nulls.is_null(index)) {
                round.null_keys.add(row);
            } else {
                records.prints.push(print);
                records.rows.push(row);
            }
        }
    }
    sort(&records, &mut round);
    Ok(round)
}

/// Puts the rows in the order of their shares; within one they stay in theirs.
fn sort(records: &Records, round: &mut Round) {
    let share = |print: &RowPrint| (print.key >> 120) as usize;
    let mut next = vec![0; PARTS];
    records.prints.iter().for_each(|print| next[share(print)] += 1);
    let mut from = 0;
    for count in &mut next {
        from += std::mem::replace(count, from);
    }
    let length = records.len();
    let mut sorted = Records { prints: vec![RowPrint::default(); length], rows: vec![0; length] };
    for (print, row) in records.prints.iter().zip(&records.rows) {
        let to = &mut next[share(print)];
        sorted.prints[*to] = *print;
        sorted.rows[*to] = *row;
        *to += 1;
    }
    round.records = sorted;
    round.ends = next;
}

fn spread(
    parts: &mut [Part],
    rounds: &[Round],
    add: fn(&mut Part, &Records, std::ops::Range<usize>) -> Result<(), DiffFault>,
) -> Result<(), DiffFault> {
    parts.par_iter_mut().enumerate().with_min_len(PARTS / 8).try_for_each(|(share, part)| {
        for round in rounds.iter().filter(|round| round.records.len() > 0) {
            let from = if share == 0 { 0 } else { round.ends[share - 1] };
            add(part, &round.records, from..round.ends[share])?;
        }
        Ok(())
    })
}
