//! A moment as connectors print it, `2026-11-22T00:31:00.649422Z` -> microseconds.
//!
//! Only this one writing, which most of a topic's moments have; every other is read by [`text`](crate::data::text), whose answer
//! this one never contradicts.

/// Microseconds since 1970 UTC; `None` when it is written otherwise.
pub fn utc(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let (last, moment) = bytes.split_last()?;
    if *last != b'Z' || moment.len() < 19 {
        return None;
    }
    let (clock, fraction) = moment.split_at(19);
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if marks.iter().any(|(at, mark)| clock[*at] != *mark) {
        return None;
    }
    let part = |from: usize, to: usize| number(&clock[from..to]);
    let (year, month, day) = (part(0, 4)?, part(5, 7)?, part(8, 10)?);
    let (hour, minute, second) = (part(11, 13)?, part(14, 16)?, part(17, 19)?);
    if year == 0 || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let date = chrono::NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    let days = (date - chrono::NaiveDate::default()).num_days();
    let seconds = days * 86_400 + i64::from(hour * 3_600 + minute * 60 + second);
    Some(seconds * 1_000_000 + micros(fraction)?)
}

fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0')))
}

/// Of a fraction with its point: one to six digits.
fn micros(fraction: &[u8]) -> Option<i64> {
    match fraction {
        [] => Some(0),
        [b'.', digits @ ..] if (1..=6).contains(&digits.len()) => {
            let missing = 6 - digits.len() as u32;
            Some(i64::from(number(digits)?) * 10i64.pow(missing))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::text::timestamptz;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn agrees_with_what_is_read_of_any_writing(
            text in "[0-2][0-9]{3}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{0,7})?Z?",
        ) {
            if let Some(micros) = utc(&text) {
                prop_assert_eq!(timestamptz(&text), Ok(micros), "{}", text);
            }
        }
    }

    #[test]
    fn reads_the_writing_of_connectors() {
        // 2026-11-22 is 20,779 days after 1970-01-01.
        assert_eq!(utc("2026-11-22T00:31:00.6Z"), Some((20_779 * 86_400 + 31 * 60) * 1_000_000 + 600_000));
        for text in ["2026-11-22T00:31:00", "2026-02-30T00:00:00Z", "2026-11-22 00:31:00Z", "", "Z"] {
            assert_eq!(utc(text), None, "{text}");
        }
    }
}
