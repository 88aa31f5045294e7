//! In which form a topic writes a column: as its schema block says, as the environment declares, or as what stands in a block
//! can only be meant.
//!
//! A form that is not certain is no form: `1795000000000` without a unit is two moments, `1234` is digits or base64. A block's
//! values are looked at together, since a connector writes a column in one way; what they leave open stays open.

use super::debezium::FieldHint;
use crate::data::{ColumnType, RowFault, text};

/// How a column's values are written, as far as a schema block says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// Nobody says.
    #[default]
    Open,
    /// As the value stands.
    Plain,
    /// A decimal of unscaled bytes, with the digits after its point where they are told.
    Unscaled(Option<i32>),
    /// A decimal as a float.
    Float,
    /// Days since 1970.
    Days,
    /// A number of these since 1970 or midnight.
    Count(Unit),
    /// Bytes in base64.
    Base64,
}

/// What a time is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// 10^-3 s
    Millis,
    /// 10^-6 s
    Micros,
    /// 10^-9 s
    Nanos,
}

/// How decimals are written where no schema block says so: the connector's `decimal.handling.mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decimals {
    /// Base64 of the unscaled bytes.
    Precise,
    /// Digits.
    String,
    /// A float.
    Double,
}

/// How times are written where no schema block says so: the connector's `time.precision.mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// Millis up to three digits after the second, else micros.
    Adaptive,
    /// The same, times of day always in micros.
    AdaptiveTimeMicroseconds,
    /// Millis.
    Connect,
    /// Text.
    Isostring,
    /// Micros.
    Microseconds,
    /// Nanos.
    Nanoseconds,
}

impl Decimals {
    /// The words of `decimals`.
    pub const WORDS: &'static [&'static str] = &["precise", "string", "double"];

    /// By its word.
    pub fn parse(word: &str) -> Option<Self> {
        let all = [Decimals::Precise, Decimals::String, Decimals::Double];
        Self::WORDS.iter().zip(all).find(|(known, _)| **known == word).map(|(_, mode)| mode)
    }
}

impl Times {
    /// The words of `times`.
    pub const WORDS: &'static [&'static str] =
        &["adaptive", "adaptive_time_microseconds", "connect", "isostring", "microseconds", "nanoseconds"];

    /// By its word.
    pub fn parse(word: &str) -> Option<Self> {
        use Times::{Adaptive, AdaptiveTimeMicroseconds, Connect, Isostring, Microseconds, Nanoseconds};
        let all = [Adaptive, AdaptiveTimeMicroseconds, Connect, Isostring, Microseconds, Nanoseconds];
        Self::WORDS.iter().zip(all).find(|(known, _)| **known == word).map(|(_, mode)| mode)
    }
}

/// The form of a field that a schema block describes. Source: Debezium documentation, PostgreSQL connector, "Data type mappings".
pub fn described(hint: &FieldHint, column_type: ColumnType) -> Form {
    let physical = hint.physical.as_deref().unwrap_or_default();
    match hint.name.as_deref().unwrap_or_default() {
        "io.debezium.time.Date" | "org.apache.kafka.connect.data.Date" => Form::Days,
        "io.debezium.time.Timestamp"
        | "io.debezium.time.Time"
        | "org.apache.kafka.connect.data.Timestamp"
        | "org.apache.kafka.connect.data.Time" => Form::Count(Unit::Millis),
        "io.debezium.time.MicroTimestamp" | "io.debezium.time.MicroTime" => Form::Count(Unit::Micros),
        "io.debezium.time.NanoTimestamp" | "io.debezium.time.NanoTime" => Form::Count(Unit::Nanos),
        _ => match (column_type, physical) {
            (ColumnType::Numeric { .. }, "bytes") => Form::Unscaled(hint.scale),
            (ColumnType::Numeric { .. }, "double" | "float" | "float32" | "float64") => Form::Float,
            (ColumnType::Bytea, "bytes") => Form::Base64,
            // Base64, its url-safe writing or hexadecimal: `binary.handling.mode`.
            (ColumnType::Bytea, _) => Form::Open,
            _ => Form::Plain,
        },
    }
}

const UNITS: [Unit; 3] = [Unit::Millis, Unit::Micros, Unit::Nanos];

/// A set of [`UNITS`], a bit each.
type Units = u8;

/// What a block has shown of one column.
#[derive(Clone, Copy, Debug)]
struct Seen {
    /// Units that fit every value.
    units: Units,
    /// Values that are certainly base64, and certainly something else.
    base64: bool,
    other: bool,
    /// Something was read by what is only assumed of the column.
    leaned: bool,
}

/// What is taken of one column where its own value leaves it open; `None`: nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Taken {
    unit: Option<Unit>,
    is_base64: Option<bool>,
}

/// The open forms of a block's columns.
#[derive(Clone, Debug)]
pub struct Open {
    times: Option<Times>,
    taken: Vec<Taken>,
    seen: Vec<Seen>,
}

impl Open {
    /// For so many columns: what a connector most often writes is taken until the block has shown what it is.
    pub fn new(columns: usize, times: Option<Times>) -> Self {
        let taken = Taken { unit: Some(Unit::Micros), is_base64: Some(true) };
        Open { times, taken: vec![taken; columns], seen: vec![SEEN; columns] }
    }

    /// What is certain after the whole block; `None` when all that was taken is.
    pub fn settled(&self) -> Option<Self> {
        let settle = |seen: &Seen| Taken {
            unit: UNITS.into_iter().find(|unit| seen.units == bit(*unit)),
            is_base64: if seen.base64 == seen.other { None } else { Some(seen.base64) },
        };
        let taken: Vec<Taken> = self.seen.iter().map(settle).collect();
        let stands = |place: usize| {
            let (was, is) = (self.taken[place], taken[place]);
            // A column that leaned on one of the two never leans on the other: it is a time or a text.
            !self.seen[place].leaned || was.unit == is.unit && was.unit.is_some() || was.is_base64 == is.is_base64
        };
        if (0..taken.len()).all(stands) {
            return None;
        }
        Some(Open { times: self.times, taken, seen: vec![SEEN; self.seen.len()] })
    }

    /// Microseconds of a time in the column at `place`; `None` where they are not certain.
    pub fn micros(&mut self, place: usize, column_type: ColumnType, number: i64) -> Option<i64> {
        if number == 0 {
            return Some(0);
        }
        let allowed = allowed(column_type, self.times);
        let fits = |unit: &Unit| {
            allowed & bit(*unit) != 0 && micros(number, *unit).is_ok_and(|micros| holds(column_type, micros))
        };
        let fit: Units = UNITS.iter().filter(|unit| fits(unit)).map(|unit| bit(*unit)).sum();
        let seen = &mut self.seen[place];
        seen.units &= fit;
        let certain = UNITS.into_iter().find(|unit| fit == bit(*unit));
        seen.leaned |= certain.is_none();
        let unit = certain.or(self.taken[place].unit)?;
        micros(number, unit).ok()
    }

    /// Whether a text in the column at `place` is base64. `is_either`: its own letters leave that open; else `is_base64` holds.
    pub fn is_base64(&mut self, place: usize, is_base64: bool, is_either: bool) -> Option<bool> {
        let seen = &mut self.seen[place];
        if is_either {
            seen.leaned = true;
            return self.taken[place].is_base64;
        }
        seen.base64 |= is_base64;
        seen.other |= !is_base64;
        Some(is_base64)
    }
}

const SEEN: Seen = Seen { units: 0b111, base64: false, other: false, leaned: false };

fn bit(unit: Unit) -> Units {
    1 << unit as u8
}

fn holds(column_type: ColumnType, micros: i64) -> bool {
    match column_type {
        ColumnType::Time => (0..86_400_000_000).contains(&micros),
        _ => text::moment_fits(micros),
    }
}

/// The units that the declared mode may write.
fn allowed(column_type: ColumnType, times: Option<Times>) -> Units {
    let of_day = column_type == ColumnType::Time;
    match times {
        None => 0b111,
        Some(Times::AdaptiveTimeMicroseconds) if of_day => bit(Unit::Micros),
        Some(Times::Adaptive | Times::AdaptiveTimeMicroseconds) => bit(Unit::Millis) | bit(Unit::Micros),
        Some(Times::Connect) => bit(Unit::Millis),
        Some(Times::Microseconds) => bit(Unit::Micros),
        Some(Times::Nanoseconds) => bit(Unit::Nanos),
        Some(Times::Isostring) => 0,
    }
}

/// Microseconds of `number` units, if they are whole.
pub fn micros(number: i64, unit: Unit) -> Result<i64, RowFault> {
    match unit {
        Unit::Millis => number.checked_mul(1_000).ok_or(RowFault::Range),
        Unit::Micros => Ok(number),
        Unit::Nanos if number % 1_000 == 0 => Ok(number / 1_000),
        Unit::Nanos => Err(RowFault::Range),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a block of these numbers comes to, read as the block would be.
    fn read(column_type: ColumnType, times: Option<Times>, numbers: &[i64]) -> Vec<Option<i64>> {
        let all = |open: &mut Open| numbers.iter().map(|number| open.micros(0, column_type, *number)).collect();
        let mut open = Open::new(1, times);
        let first: Vec<Option<i64>> = all(&mut open);
        open.settled().map_or(first, |mut settled| all(&mut settled))
    }

    #[test]
    fn tells_a_unit_only_where_no_other_can_be_meant() {
        let (moment, adaptive) = (ColumnType::Timestamp, Some(Times::Adaptive));
        // A digit that nanos of a PostgreSQL column never have, and a year that millis never reach.
        assert_eq!(read(moment, None, &[1_795_000_000_000_001]), [Some(1_795_000_000_000_001)]);
        // Micros of 2026, or nanos of January 1970.
        assert_eq!(read(moment, None, &[1_795_000_000_000_000]), [None]);
        assert_eq!(read(moment, adaptive, &[1_795_000_000_000_000]), [Some(1_795_000_000_000_000)]);
        // Millis of 2026, or micros of January 1970.
        assert_eq!(read(moment, adaptive, &[1_795_000_000_000]), [None]);
        assert_eq!(read(moment, Some(Times::Connect), &[1_795_000_000_000]), [Some(1_795_000_000_000_000)]);
        assert_eq!(read(moment, Some(Times::Nanoseconds), &[1_795_000_000_000_001_000]), [Some(1_795_000_000_000_001)]);
        assert_eq!(read(moment, Some(Times::Isostring), &[1]), [None]);
        assert_eq!(read(moment, None, &[0]), [Some(0)]);
        // Infinity, as adaptive writes it.
        assert_eq!(read(moment, adaptive, &[9_223_372_036_825_200_000]), [None]);
    }

    #[test]
    fn takes_from_the_other_values_of_a_block_what_one_leaves_open() {
        let of_day = ColumnType::Time;
        assert_eq!(read(of_day, Some(Times::Adaptive), &[1_000, 59_400_000_000]), [Some(1_000), Some(59_400_000_000)]);
        assert_eq!(read(of_day, Some(Times::AdaptiveTimeMicroseconds), &[1_000]), [Some(1_000)]);
        // One column in two units: what only fits one is read, the rest is not.
        let mixed =
            read(ColumnType::Timestamp, Some(Times::Adaptive), &[1_795_000_000_000_000, 99, 253_000_000_000_000]);
        assert_eq!(mixed, [Some(1_795_000_000_000_000), Some(99), Some(253_000_000_000_000)]);
    }

    #[test]
    fn reads_base64_only_where_the_block_shows_that_it_is() {
        let mut open = Open::new(1, None);
        assert_eq!(open.is_base64(0, true, true), Some(true));
        let mut settled = open.settled().expect("nothing was shown");
        assert_eq!(settled.is_base64(0, true, true), None);
        assert_eq!(open.is_base64(0, true, false), Some(true));
        assert!(open.settled().is_none());
        assert_eq!(open.is_base64(0, false, false), Some(false));
        assert!(open.settled().is_some());
    }
}
