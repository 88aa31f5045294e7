//! What was gathered -> whether a claim holds, how often it does not, and where. A bucket at a time.

use super::super::compare::CompareFault;
use super::super::sides::BUCKETS;
use super::balance::balance;
use super::gathered::{First, Gathered};
use super::{Claim, End};
use crate::calendar;
use crate::data::{NoRoom, Room};
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{ArrowPrimitiveType, Date32Type, Int64Type, UInt64Type};
use chrono::{Days, NaiveDate};
use std::collections::{HashMap, HashSet};

/// What a claim came to.
#[derive(Debug)]
pub struct Broken {
    /// How often it does not hold; 0 where it does.
    pub count: u64,
    /// What is counted.
    pub of: Of,
    /// Places of rows in the extract, in order, [`super::ROWS_MAX`] at most: one for each key, group or gap at fault.
    pub places: Vec<u64>,
    /// Those rows, where they were known before all rows were.
    pub rows: Vec<RecordBatch>,
    /// More about it, in counts.
    pub reason: Option<String>,
}

/// What is counted of a broken claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// Rows at fault.
    Rows,
    /// Groups at fault.
    Groups,
    /// Days at fault, each of each group.
    Days,
}

/// Why a claim could not be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimFault {
    /// What was put aside cannot be had again.
    #[error(transparent)]
    Aside(#[from] CompareFault),
    /// One bucket does not fit in memory.
    #[error(transparent)]
    Memory(#[from] NoRoom),
}

/// Settles `claim` by what was gathered for its sides, in the order of [`Claim::sides`] (that of a published table last), with
/// records of `bytes_max` bytes in memory at a time.
pub fn settle(claim: &Claim, mut sides: Vec<Gathered>, bytes_max: u64) -> Result<Broken, ClaimFault> {
    if sides.is_empty() {
        return Err(CompareFault::Shape.into());
    }
    let mut tally = Tally { count: sides[0].broken, first: std::mem::take(&mut sides[0].first), more: 0 };
    for bucket in 0..BUCKETS {
        let mut room = Room::new(bytes_max);
        let mut records: Vec<Vec<RecordBatch>> = Vec::new();
        for side in &sides {
            let mut of_side = Vec::new();
            for batch in side.buckets[bucket].iter() {
                let batch = batch.map_err(CompareFault::from)?;
                room.take(&batch)?;
                of_side.push(batch);
            }
            records.push(of_side);
        }
        look(claim, &records, &mut tally);
    }
    let of = match claim {
        Claim::Rows { .. } | Claim::Balance { .. } => Of::Groups,
        Claim::PeriodsADay { .. } | Claim::GapFree { .. } => Of::Days,
        _ => Of::Rows,
    };
    let reason = reason(claim, &mut tally);
    Ok(Broken {
        count: tally.count,
        of,
        places: tally.first.sorted(),
        rows: std::mem::take(&mut sides[0].rows),
        reason,
    })
}

/// Faults so far.
pub(super) struct Tally {
    count: u64,
    first: First,
    /// Of them, or beside them, what `reason` tells.
    pub(super) more: u64,
}

impl Tally {
    pub(super) fn add(&mut self, count: u64, place: Option<u64>) {
        self.count += count;
        place.into_iter().for_each(|place| self.first.add(place));
    }
}

/// What else there is to tell, in counts. That a dataset has too few rows shows when no bucket has one more.
fn reason(claim: &Claim, tally: &mut Tally) -> Option<String> {
    match claim {
        Claim::Rows { min, max, per } if per.is_empty() => {
            let rows = tally.more;
            tally.count = u64::from(min.is_some_and(|min| rows < min) || max.is_some_and(|max| rows > max));
            (tally.count > 0).then(|| format!("it has {rows}"))
        }
        Claim::Balance { .. } if tally.more > 0 => Some(format!("{} of them on one side only", tally.more)),
        Claim::NoOverlap { .. } if tally.more > 0 => Some(format!("{} of them end before they begin", tally.more)),
        _ => None,
    }
}

fn look(claim: &Claim, sides: &[Vec<RecordBatch>], tally: &mut Tally) {
    let ours = sides.first().map(Vec::as_slice).unwrap_or_default();
    match claim {
        Claim::Unique(_) => {
            for counted in counted(ours).into_values().filter(|counted| counted.count > 1) {
                tally.add(counted.count - 1, counted.second);
            }
        }
        Claim::References(..) => {
            let theirs: HashSet<&[u8]> = sides.iter().skip(1).flatten().flat_map(keys).collect();
            for (_, counted) in counted(ours).into_iter().filter(|(key, _)| !theirs.contains(key)) {
                tally.add(counted.count, Some(counted.first));
            }
        }
        Claim::Rows { per, .. } if per.is_empty() => {
            tally.more += counted(ours).into_values().map(|counted| counted.count).sum::<u64>();
        }
        Claim::Rows { min, max, .. } => {
            for Counted { count, first, .. } in counted(ours).into_values() {
                let is_beyond = min.is_some_and(|min| count < min) || max.is_some_and(|max| count > max);
                tally.add(u64::from(is_beyond), is_beyond.then_some(first));
            }
        }
        Claim::Balance { within, .. } => balance(sides, within.as_deref(), tally),
        Claim::PeriodsADay { half_hours, .. } => periods(ours, *half_hours, tally),
        Claim::GapFree { .. } => gaps(ours, tally),
        Claim::NoOverlap { end, .. } => overlaps(ours, *end, tally),
        Claim::NotNull(_) | Claim::Accepted(..) | Claim::Range(..) => {}
    }
}

/// How often a key is there, and the places of its first two rows.
#[derive(Clone, Copy)]
struct Counted {
    count: u64,
    first: u64,
    second: Option<u64>,
}

fn counted(records: &[RecordBatch]) -> HashMap<&[u8], Counted> {
    let mut known: HashMap<&[u8], Counted> = HashMap::new();
    for batch in records {
        let first = numbers::<UInt64Type>(batch, 1);
        let (count, second) = (numbers::<UInt64Type>(batch, 2), numbers::<UInt64Type>(batch, 3));
        for (((key, first), count), second) in keys(batch).zip(first).zip(count).zip(second) {
            let (Some(first), Some(count)) = (first, count) else { continue };
            let next = Counted { count, first, second };
            known.entry(key).and_modify(|known| *known = known.and(next)).or_insert(next);
        }
    }
    known
}

impl Counted {
    fn and(self, other: Counted) -> Counted {
        let mut places: Vec<u64> =
            [Some(self.first), self.second, Some(other.first), other.second].into_iter().flatten().collect();
        places.sort_unstable();
        Counted { count: self.count + other.count, first: places[0], second: places.get(1).copied() }
    }
}

/// Days of a group that have not each of their periods once.
fn periods(records: &[RecordBatch], half_hours: u32, tally: &mut Tally) {
    struct Day {
        first: u64,
        day: Option<i32>,
        seen: u64,
        odd: bool,
    }
    let mut days: HashMap<&[u8], Day> = HashMap::new();
    for batch in records {
        let (first, day) = (numbers::<UInt64Type>(batch, 1), numbers::<Date32Type>(batch, 2));
        let (seen, odd) = (numbers::<UInt64Type>(batch, 3), batch.column(4).as_boolean().iter());
        for ((((key, first), day), seen), odd) in keys(batch).zip(first).zip(day).zip(seen).zip(odd) {
            let (first, seen, odd) = (first.unwrap_or(u64::MAX), seen.unwrap_or(0), odd.unwrap_or(true));
            let known = days.entry(key).or_insert(Day { first, day, seen: 0, odd: false });
            known.first = known.first.min(first);
            known.odd |= odd || known.seen & seen != 0;
            known.seen |= seen;
        }
    }
    for Day { first, day, seen, odd } in days.into_values() {
        let periods = day.and_then(date).and_then(calendar::periods).map(|periods| periods / half_hours);
        let all = periods.and_then(|periods| 1u64.checked_shl(periods)).map(|beyond| beyond - 1);
        let is_broken = odd || all != Some(seen);
        tally.add(u64::from(is_broken), is_broken.then_some(first));
    }
}

/// A day of Arrow's as one of the calendar.
fn date(days: i32) -> Option<NaiveDate> {
    let epoch = NaiveDate::default();
    let by = Days::new(days.unsigned_abs().into());
    if days < 0 { epoch.checked_sub_days(by) } else { epoch.checked_add_days(by) }
}

/// Days that a group lacks between two that it has; the place is that of the first row after the gap.
fn gaps(records: &[RecordBatch], tally: &mut Tally) {
    let mut groups: HashMap<&[u8], Vec<(i32, u64)>> = HashMap::new();
    for batch in records {
        let (first, day) = (numbers::<UInt64Type>(batch, 1), numbers::<Date32Type>(batch, 2));
        for ((key, first), day) in keys(batch).zip(first).zip(day) {
            groups.entry(key).or_default().extend(day.zip(first));
        }
    }
    for mut days in groups.into_values() {
        days.sort_unstable();
        days.dedup_by_key(|(day, _)| *day);
        for pair in days.windows(2) {
            let lacking = i64::from(pair[1].0) - i64::from(pair[0].0) - 1;
            tally.add(lacking.unsigned_abs(), (lacking > 0).then_some(pair[1].1));
        }
    }
}

/// Intervals that end before they begin, and those that begin before an earlier one of their group has ended.
fn overlaps(records: &[RecordBatch], end: End, tally: &mut Tally) {
    let mut intervals: Vec<(&[u8], i64, i64, u64)> = Vec::new();
    for batch in records {
        let (first, from) = (numbers::<UInt64Type>(batch, 1), numbers::<Int64Type>(batch, 2));
        let to = numbers::<Int64Type>(batch, 3);
        for (((key, place), from), to) in keys(batch).zip(first).zip(from).zip(to) {
            let (from, to, place) = (from.unwrap_or(i64::MIN), to.unwrap_or(i64::MAX), place.unwrap_or(u64::MAX));
            let is_backwards = if end == End::Included { to < from } else { to <= from };
            if is_backwards {
                tally.add(1, Some(place));
                tally.more += 1;
            } else {
                intervals.push((key, from, to, place));
            }
        }
    }
    intervals.sort_unstable_by_key(|(key, from, _, place)| (*key, *from, *place));
    let mut before: Option<(&[u8], i64)> = None;
    for (key, from, to, place) in intervals {
        let known = before.filter(|(known, _)| *known == key).map(|(_, to)| to);
        let meets = known.is_some_and(|ended| if end == End::Included { from <= ended } else { from < ended });
        tally.add(u64::from(meets), meets.then_some(place));
        before = Some((key, known.map_or(to, |known| known.max(to))));
    }
}

pub(super) fn keys(batch: &RecordBatch) -> impl Iterator<Item = &[u8]> {
    let keys = batch.column(0).as_binary::<i32>();
    (0..keys.len()).map(|row| keys.value(row))
}

pub(super) fn numbers<T: ArrowPrimitiveType>(
    batch: &RecordBatch,
    column: usize,
) -> impl Iterator<Item = Option<T::Native>> + '_ {
    batch.column(column).as_primitive::<T>().iter()
}
