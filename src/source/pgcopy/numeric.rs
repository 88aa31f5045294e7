//! PostgreSQL's binary `numeric` (groups of four decimal digits) -> a whole number of units of the last place.
//!
//! Never in here: floats, and rounding.

use super::cells::CellFault;
use crate::data::RowFault;

/// Bytes before the digits: count, weight, sign, scale for display.
const HEAD_BYTES: usize = 8;

/// More groups than this hold more than 38 digits between the first and the last that is not zero.
const GROUPS_MAX: usize = 11;

/// The number in units of 10^-`scale`, if nothing is lost and it is smaller than `limit` (10^precision) both ways.
///
/// Source of the layout: PostgreSQL, `numeric_send` in `src/backend/utils/adt/numeric.c`.
pub fn unscaled(cell: &[u8], scale: u8, limit: i128) -> Result<i128, CellFault> {
    let Some((head, digits)) = cell.split_at_checked(HEAD_BYTES) else { return Err(CellFault::Torn) };
    let word = |at: usize| u16::from_be_bytes([head[at], head[at + 1]]);
    if digits.len() != usize::from(word(0)) * 2 {
        return Err(CellFault::Torn);
    }
    let negative = match word(4) {
        0x0000 => false,
        0x4000 => true,
        // NaN and the two infinities.
        0xc000 | 0xd000 | 0xf000 => return Err(CellFault::Row(RowFault::Range)),
        _ => return Err(CellFault::Torn),
    };
    let mut groups = digits;
    let mut weight = i32::from(word(2) as i16);
    while let [0, 0, rest @ ..] = groups {
        groups = rest;
        weight -= 1;
    }
    while let [rest @ .., 0, 0] = groups {
        groups = rest;
    }
    let Some((head, last)) = groups.split_last_chunk::<2>() else { return Ok(0) };
    // The last group counts units of 10000^(its place), which is 10^`shift` units of the last place.
    let shift = 4 * (weight - (head.len() / 2) as i32) + i32::from(scale);
    let last = group(*last)?;
    let number = match groups.len() / 2 {
        1..=4 => i128::from(whole::<u64>(head, 10_000, u64::checked_mul, u64::checked_add, u64::from)?),
        5..=GROUPS_MAX => whole::<i128>(head, 10_000, i128::checked_mul, i128::checked_add, i128::from)?,
        _ => return Err(CellFault::Row(RowFault::Range)),
    };
    let number = joined(number, last, shift).filter(|number| *number < limit);
    let number = number.ok_or(CellFault::Row(RowFault::Range))?;
    Ok(if negative { -number } else { number })
}

/// All groups but the last, as one number.
fn whole<T: Copy + Default>(
    groups: &[u8],
    base: T,
    times: fn(T, T) -> Option<T>,
    plus: fn(T, T) -> Option<T>,
    from: fn(u16) -> T,
) -> Result<T, CellFault> {
    let mut number = T::default();
    for pair in groups.chunks_exact(2) {
        let digits = from(group([pair[0], pair[1]])?);
        let sum = times(number, base).and_then(|number| plus(number, digits));
        number = sum.ok_or(CellFault::Row(RowFault::Range))?;
    }
    Ok(number)
}

fn group(bytes: [u8; 2]) -> Result<u16, CellFault> {
    let digits = u16::from_be_bytes(bytes);
    if digits < 10_000 { Ok(digits) } else { Err(CellFault::Torn) }
}

/// (`head` x 10000 + `last`) x 10^`shift`; `None` when digits would be lost or it is too large.
fn joined(head: i128, last: u16, shift: i32) -> Option<i128> {
    // A last group that reaches below the last place is cut before it is joined: 38 digits and a group of four zeros
    // would not fit.
    let cut = match shift {
        0.. => 1,
        -1 => 10,
        -2 => 100,
        -3 => 1000,
        _ => return None,
    };
    if !last.is_multiple_of(cut) {
        return None;
    }
    let number = head.checked_mul(i128::from(10_000 / cut))?.checked_add(i128::from(last / cut))?;
    match u32::try_from(shift.max(0)).ok()? {
        0 => Some(number),
        shift => number.checked_mul(10i128.checked_pow(shift)?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::text;
    use proptest::prelude::*;

    /// A numeric as PostgreSQL sends it, made from its decimal text by another road than the one that reads it.
    pub fn sent(number: &str) -> Vec<u8> {
        let (sign, digits) = match number.strip_prefix('-') {
            Some(digits) => (0x4000u16, digits),
            None => (0, number),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let whole = format!("{:0>width$}", whole, width = whole.len().div_ceil(4) * 4);
        let fraction = format!("{:0<width$}", fraction, width = fraction.len().div_ceil(4) * 4);
        let mut groups: Vec<u16> = Vec::new();
        for part in [&whole, &fraction] {
            groups.extend(
                part.as_bytes()
                    .chunks(4)
                    .map(|chunk| std::str::from_utf8(chunk).expect("digits").parse::<u16>().expect("four digits")),
            );
        }
        let weight = (whole.len() / 4) as i16 - 1;
        let mut bytes = Vec::new();
        for word in [groups.len() as u16, weight as u16, sign, 0] {
            bytes.extend(word.to_be_bytes());
        }
        groups.iter().for_each(|group| bytes.extend(group.to_be_bytes()));
        bytes
    }

    const WIDEST: i128 = 10i128.pow(38);

    #[test]
    fn reads_what_the_widest_decimal_holds() {
        let nines = "9".repeat(38);
        for scale in 0..=38u8 {
            let text = match scale {
                0 => nines.clone(),
                _ => format!("{}.{}", &nines[..38 - usize::from(scale)], &nines[38 - usize::from(scale)..]),
            };
            assert_eq!(unscaled(&sent(&text), scale, WIDEST), Ok(WIDEST - 1), "{text}");
        }
    }

    #[test]
    fn refuses_what_would_lose_a_digit() {
        let range = Err(CellFault::Row(RowFault::Range));
        assert_eq!(unscaled(&sent("1.505"), 2, 10_000), range);
        assert_eq!(unscaled(&sent("0.00001"), 2, 10_000), range);
        assert_eq!(unscaled(&sent("100"), 2, 10_000), range);
        assert_eq!(unscaled(&sent("99.99"), 2, 10_000), Ok(9_999));
        assert_eq!(unscaled(&sent("-1.500000000000"), 2, 10_000), Ok(-150));
        assert_eq!(unscaled(&[0, 0, 0, 0, 0xc0, 0, 0, 0], 2, 10_000), range);
        assert_eq!(unscaled(&[0, 1, 0, 0, 0, 0, 0, 0], 2, 10_000), Err(CellFault::Torn));
        assert_eq!(unscaled(&[0, 1, 0, 0, 0, 0, 0, 0, 0x27, 0x10], 2, WIDEST), Err(CellFault::Torn));
    }

    proptest! {
        #[test]
        fn agrees_with_the_reading_of_the_text(
            whole in "(0|[1-9][0-9]{0,39})", fraction in "[0-9]{0,20}", negative: bool, precision in 1u8..=38, scale in 0u8..=38,
        ) {
            let scale = scale.min(precision);
            let sign = if negative { "-" } else { "" };
            let dot = if fraction.is_empty() { "" } else { "." };
            let text = format!("{sign}{whole}{dot}{fraction}");
            let read = unscaled(&sent(&text), scale, 10i128.pow(u32::from(precision)));
            prop_assert_eq!(read, text::decimal(&text, precision, scale).map_err(CellFault::Row));
        }

        #[test]
        fn takes_any_bytes_without_panic(cell in proptest::collection::vec(any::<u8>(), 0..40), scale in 0u8..=38) {
            let _ = unscaled(&cell, scale, WIDEST);
        }
    }
}
