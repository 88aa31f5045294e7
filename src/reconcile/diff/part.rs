//! One share of the keys of both sides: the left side's in a table, the right side's looked up in it.
//!
//! ```text
//! left rows   -> in memory, or, where there is no room, put aside
//! right rows  -> looked up at once, or put aside beside them; those without a left row wait for the end
//! ```
//!
//! What comes out does not depend on the order in which rows come: of rows that share a key the one with the smallest number
//! counts as the first, the others are duplicates, and such a key is compared with nothing.

use super::DiffFault;
use super::marks::{Marks, Told};
use super::records::{Records, WAITING_ROWS, Waiting};
use crate::format::spill::Aside;

/// Bytes that a left row takes in a table, with its slots.
pub const ROW_BYTES: u64 = 52;
/// A slot with nothing in it.
const EMPTY: u32 = u32::MAX;

/// The right side has a row of this key.
const SEEN: u8 = 1;
/// Its fingerprint is another.
const DIFFERS: u8 = 2;
/// The key is there more than once on a side.
const REPEATED: u8 = 4;
/// Not the first row of its key.
const LATER: u8 = 8;

/// What a share came to.
#[derive(Default)]
pub struct Joined {
    /// Keys on both sides, once on each.
    pub compared: u64,
    /// Of them, those whose other columns have another fingerprint.
    pub differing: u64,
    /// Rows to be looked at again, by side.
    pub marks: [Marks; 2],
    /// Rows whose key only their own side has.
    pub alone: [Told; 2],
    /// Rows whose key an earlier row of their side has.
    pub repeated: [Told; 2],
}

/// One share of the keys.
pub struct Part {
    left: Records,
    table: Option<Table>,
    left_aside: Option<Waiting>,
    right_aside: Waiting,
    right_only: Waiting,
    repeated: [Told; 2],
}

impl Part {
    /// Nothing yet, and room for as many left rows as are expected.
    pub fn new(aside: &Aside, rows_expected: usize) -> Self {
        Part {
            left: Records::with_room(rows_expected),
            table: None,
            left_aside: None,
            right_aside: Waiting::new(aside),
            right_only: Waiting::new(aside),
            repeated: Default::default(),
        }
    }

    /// Left rows that are in memory.
    pub fn rows_here(&self) -> u64 {
        self.left.len() as u64
    }

    /// Adds left rows.
    pub fn add_left(&mut self, records: &Records, range: std::ops::Range<usize>) -> Result<(), DiffFault> {
        match &mut self.left_aside {
            Some(aside) => aside.extend(records, range),
            None => {
                self.left.extend(records, range);
                Ok(())
            }
        }
    }

    /// Puts the left rows aside, and all that come.
    pub fn put_aside(&mut self, aside: &Aside) -> Result<(), DiffFault> {
        let mut waiting = Waiting::new(aside);
        let here = std::mem::take(&mut self.left);
        for from in (0..here.len()).step_by(WAITING_ROWS) {
            waiting.extend(&here, from..here.len().min(from + WAITING_ROWS))?;
        }
        self.left_aside = Some(waiting);
        Ok(())
    }

    /// The left side is whole.
    pub fn close_left(&mut self) {
        if self.left_aside.is_none() {
            self.table = Some(Table::new(std::mem::take(&mut self.left), &mut self.repeated[0]));
        }
    }

    /// Adds right rows.
    pub fn add_right(&mut self, records: &Records, range: std::ops::Range<usize>) -> Result<(), DiffFault> {
        let Some(table) = &mut self.table else { return self.right_aside.extend(records, range) };
        table.look_up(records, range, &mut self.repeated[1], &mut self.right_only)
    }

    /// Both sides are whole: adds what they come to. Rows of one side alone are marked only where `marks_alone`.
    pub fn finish(mut self, joined: &mut Joined, marks_alone: bool) -> Result<(), DiffFault> {
        let mut table = match (self.table, self.left_aside) {
            (Some(table), _) => table,
            (None, aside) => {
                let records = aside.map(Waiting::all).transpose()?.unwrap_or_default();
                Table::new(records, &mut self.repeated[0])
            }
        };
        let (repeated, right_only) = (&mut self.repeated[1], &mut self.right_only);
        self.right_aside.each(|records| table.look_up(records, 0..records.len(), repeated, right_only))?;
        table.finish(joined, marks_alone);
        alone(self.right_only.all()?, joined, repeated, marks_alone);
        joined.repeated.iter_mut().zip(self.repeated).for_each(|(all, these)| all.merge(these));
        Ok(())
    }
}

/// Right rows without a left one: by key, each once.
fn alone(records: Records, joined: &mut Joined, repeated: &mut Told, marks_alone: bool) {
    let mut rows: Vec<(u128, u32)> = records.prints.into_iter().map(|print| print.key).zip(records.rows).collect();
    rows.sort_unstable();
    for same in rows.chunk_by(|one, two| one.0 == two.0) {
        match same {
            [(_, row)] => {
                joined.alone[1].add(*row);
                if marks_alone {
                    joined.marks[1].set(*row);
                }
            }
            [_, later @ ..] => later.iter().for_each(|(_, row)| repeated.add(*row)),
            [] => {}
        }
    }
}

/// The left rows of a share, found by their keys.
struct Table {
    left: Records,
    seen: Vec<Seen>,
    slots: Vec<u32>,
}

/// What is known of a left row's key.
#[derive(Clone, Copy, Default)]
struct Seen {
    /// The right row, where there is one.
    right: u32,
    flags: u8,
}

impl Table {
    fn new(left: Records, repeated: &mut Told) -> Self {
        let slots = vec![EMPTY; (left.len() + left.len() / 4 + 1).next_power_of_two()];
        let seen = vec![Seen::default(); left.len()];
        let mut table = Table { left, seen, slots };
        for place in 0..table.left.len() {
            let (slot, found) = table.find(table.left.prints[place].key);
            let Some(first) = found else {
                table.slots[slot] = place as u32;
                continue;
            };
            table.seen[first].flags |= REPEATED;
            table.seen[place].flags = LATER;
            if table.left.rows[place] < table.left.rows[first] {
                table.left.rows.swap(place, first);
            }
            repeated.add(table.left.rows[place]);
        }
        table
    }

    /// The slot of a key, and the place of its row where there is one.
    #[inline]
    fn find(&self, key: u128) -> (usize, Option<usize>) {
        // The upper bits chose the share.
        let mut slot = key as usize & (self.slots.len() - 1);
        loop {
            match self.slots[slot] {
                EMPTY => return (slot, None),
                place if self.left.prints[place as usize].key == key => return (slot, Some(place as usize)),
                _ => slot = (slot + 1) & (self.slots.len() - 1),
            }
        }
    }

    fn look_up(
        &mut self,
        records: &Records,
        range: std::ops::Range<usize>,
        repeated: &mut Told,
        right_only: &mut Waiting,
    ) -> Result<(), DiffFault> {
        for index in range {
            let (print, row) = (records.prints[index], records.rows[index]);
            let Some(place) = self.find(print.key).1 else {
                right_only.extend(records, index..index + 1)?;
                continue;
            };
            let seen = &mut self.seen[place];
            if seen.flags & SEEN != 0 {
                seen.flags |= REPEATED;
                repeated.add(seen.right.max(row));
                seen.right = seen.right.min(row);
            } else {
                let is_same = self.left.prints[place].others == print.others;
                seen.flags |= if is_same { SEEN } else { SEEN | DIFFERS };
                seen.right = row;
            }
        }
        Ok(())
    }

    fn finish(&self, joined: &mut Joined, marks_alone: bool) {
        for (left, Seen { right, flags }) in self.left.rows.iter().zip(&self.seen) {
            let (left, right) = (*left, *right);
            if flags & (LATER | REPEATED) != 0 {
                continue;
            }
            if flags & SEEN == 0 {
                joined.alone[0].add(left);
                if marks_alone {
                    joined.marks[0].set(left);
                }
                continue;
            }
            joined.compared += 1;
            if flags & DIFFERS != 0 {
                joined.differing += 1;
                joined.marks[0].set(left);
                joined.marks[1].set(right);
            }
        }
    }
}
