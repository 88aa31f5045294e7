//! What becomes of a row: its state at each of a world's moments.
//!
//! ```text
//! moment   0 loaded   1, 2, 3 transactions   | the extract |   4 after
//! changed      1          1      0      0                         0      version 0 is what the extract shows
//! reborn       0          -      0      0                         0
//! gone         1          1      -      -                         -      a ghost: no row of the extract
//! ```
//!
//! Pure: a life depends on the seed, the table and the index.

use super::random::Draw;

/// How many moments a world has.
pub const MOMENTS: usize = 5;
/// The moment of the first load.
pub const LOADED: usize = 0;
/// The last moment that the extract shows.
pub const SHOWN: usize = 3;
/// The moment after the extract.
pub const AFTER: usize = 4;

/// At each moment the version that stands in the table, or none.
pub type Life = [Option<u8>; MOMENTS];

/// The life of a row that nothing happens to.
pub const STEADY: Life = [Some(0); MOMENTS];

/// One row in so many has a life of its own.
const STEADY_ROWS: u64 = 16;

/// Lives of rows that the extract shows.
const SHOWN_LIVES: [Life; 12] = [
    [Some(1), Some(0), Some(0), Some(0), Some(0)],
    [Some(2), Some(1), Some(0), Some(0), Some(0)],
    [Some(1), Some(1), Some(1), Some(0), Some(0)],
    [Some(3), Some(2), Some(1), Some(0), Some(0)],
    [None, Some(0), Some(0), Some(0), Some(0)],
    [None, None, Some(1), Some(0), Some(0)],
    [None, None, None, Some(0), Some(0)],
    [Some(0), None, Some(0), Some(0), Some(0)],
    [Some(1), None, None, Some(0), Some(0)],
    [Some(0), Some(0), Some(0), Some(0), Some(1)],
    [Some(1), Some(1), Some(0), Some(0), Some(2)],
    [Some(0), Some(0), Some(0), Some(0), None],
];

/// Lives of rows that came and went, or come after the extract.
const GHOST_LIVES: [Life; 5] = [
    [Some(1), Some(1), None, None, None],
    [None, None, None, None, Some(1)],
    [None, Some(1), None, None, None],
    [Some(2), Some(1), Some(1), None, None],
    [Some(1), None, None, None, Some(1)],
];

/// How many ghosts go with `rows` rows.
pub fn ghosts(rows: u64) -> u64 {
    (rows / 64).max(GHOST_LIVES.len() as u64)
}

/// The life of row `index` of a table of `rows` rows; beyond them come the ghosts.
pub fn life(seed: u64, table: &str, rows: u64, index: u64) -> Life {
    match index.checked_sub(rows) {
        Some(ghost) => GHOST_LIVES[(ghost % GHOST_LIVES.len() as u64) as usize],
        None => {
            let mut draw = Draw::of(seed, table, index ^ (1 << 63));
            if draw.once_in(STEADY_ROWS) { draw.pick(&SHOWN_LIVES) } else { STEADY }
        }
    }
}
