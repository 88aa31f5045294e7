//! Dates and numbers as JSON writes them: a leaf of JSON has no type, so its text says what it is, or that it is neither.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime};
use std::cmp::Ordering;

/// Signs of `1961-07-09`.
const DATE_SIGNS: usize = 10;
/// Digits of a fraction of a second, at most.
const FRACTION_DIGITS_MAX: usize = 9;

/// A date of ISO 8601, alone or with a time of day behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrittenDate<'a> {
    /// The day that is written, in whatever zone.
    pub day: NaiveDate,
    /// What stands behind it: nothing, or a time such as `T10:30:00+01:00`.
    pub time: &'a str,
}

impl<'a> WrittenDate<'a> {
    /// `None` of what is no date, or holds anything else.
    pub fn parse(text: &'a str) -> Option<Self> {
        let (date, time) = text.split_at_checked(DATE_SIGNS)?;
        let day: NaiveDate = date.parse().ok().filter(|day: &NaiveDate| day.year() > 0)?;
        let is_time = match time.as_bytes().first() {
            None => true,
            Some(b'T' | b't' | b' ') => {
                let time = &time[1..];
                is_written_as_a_time(time)
                    && (["%H:%M:%S%.f", "%H:%M"].iter().any(|form| NaiveTime::parse_from_str(time, form).is_ok())
                        || DateTime::parse_from_rfc3339(&format!("{date}T{time}")).is_ok())
            }
            Some(_) => false,
        };
        // What a parser forgives is not written back.
        (is_time && day.to_string() == date).then_some(WrittenDate { day, time })
    }

    /// A date with no time.
    pub fn day(text: &'a str) -> Option<NaiveDate> {
        Self::parse(text).filter(|date| date.time.is_empty()).map(|date| date.day)
    }
}

/// Whether there is nothing but what times are written with, and a fraction that ends at a billionth: what a parser skips may be anything.
fn is_written_as_a_time(time: &str) -> bool {
    let fraction = time.split_once('.').map_or("", |(_, rest)| rest);
    let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
    digits <= FRACTION_DIGITS_MAX && time.bytes().all(|sign| sign.is_ascii_digit() || b":.+-Zz".contains(&sign))
}

/// A decimal number without an exponent, compared exactly.
#[derive(Clone, Copy, Debug)]
pub struct Number<'a> {
    is_negative: bool,
    /// Without leading zeros.
    whole: &'a str,
    /// Without trailing zeros.
    fraction: &'a str,
}

impl<'a> Number<'a> {
    /// `None` of what is no number, or has an exponent.
    pub fn parse(text: &'a str) -> Option<Self> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = match digits.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (digits, ""),
        };
        let are_digits = |digits: &str| digits.bytes().all(|sign| sign.is_ascii_digit());
        if whole.is_empty() || !are_digits(whole) || !are_digits(fraction) {
            return None;
        }
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        let is_zero = whole.is_empty() && fraction.is_empty();
        Some(Number { is_negative: digits.len() < text.len() && !is_zero, whole, fraction })
    }

    /// The largest multiple of `width` that is not above it; `None` of a number that is too long, or of no width.
    pub fn band(&self, width: u64) -> Option<i128> {
        let whole: i128 = if self.whole.is_empty() { 0 } else { self.whole.parse().ok()? };
        let floor = match self.is_negative {
            true => whole.checked_neg()?.checked_sub(i128::from(!self.fraction.is_empty()))?,
            false => whole,
        };
        floor.checked_sub(floor.checked_rem_euclid(width.into())?)
    }

    fn size(&self) -> (usize, &str, &str) {
        (self.whole.len(), self.whole, self.fraction)
    }
}

impl PartialEq for Number<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.is_negative == other.is_negative && self.size() == other.size()
    }
}

impl PartialOrd for Number<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(match (self.is_negative, other.is_negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.size().cmp(&other.size()),
            (true, true) => other.size().cmp(&self.size()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn knows_a_date_and_nothing_that_holds_more() {
        let time = |text: &str| WrittenDate::parse(text).map(|date| date.time.to_owned());
        for rest in ["", "T10:30:00Z", "T10:30:00.123456+01:00", " 10:30:00", "t10:30", "T10:30:00"] {
            assert_eq!(time(&format!("1961-07-09{rest}")), Some(rest.to_owned()), "{rest}");
        }
        for text in [
            "",
            "1961",
            "09/07/1961",
            "1961-02-30",
            "1961-7-009",
            " 961-07-09",
            "1961-07-09 Wren",
            "1961-07-09T07700900123",
            "1961-07-09T10:30:00Z Wren",
            "1961-07-09-10",
            "+961-07-09",
            "1961-07-09  10:30",
            "1961-07-0\u{e9}",
            "1961-07-09T10:30:00.07700900123461Z",
            "1961-07-09T\t10:\u{a0}30:00",
            "0000-01-01",
        ] {
            assert_eq!(time(text), None, "{text}");
        }
        assert_eq!(WrittenDate::day("1961-07-09T10:30:00Z"), None);
    }

    #[test]
    fn compares_numbers_by_all_their_digits() {
        let number = |text| Number::parse(text).expect("a number");
        let ascending =
            ["-18.5", "-18", "-1.01", "-1", "0", "0.5", "1", "1.05", "9", "17.999999999999999999999", "18", "180"];
        for (one, next) in ascending.iter().zip(&ascending[1..]) {
            assert!(number(one) < number(next), "{one} {next}");
        }
        assert!(number("-0") == number("0.00") && number("018.50") == number("18.5"));
        for text in ["", "-", ".", "1.", ".5", "1e3", "+1", "NaN", "1 000", "Wren", "--1", "1.2.3"] {
            assert!(Number::parse(text).is_none(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn puts_a_number_in_the_band_of_its_cents(cents in -1_000_000_000i64..1_000_000_000, width in 1u64..100_000) {
            let sign = if cents < 0 { "-" } else { "" };
            let text = format!("{sign}{}.{:02}", cents.unsigned_abs() / 100, cents.unsigned_abs() % 100);
            let band = Number::parse(&text).expect("a number").band(width).expect("a band");
            let (band, width) = (i64::try_from(band).expect("small"), i64::try_from(width).expect("small"));
            prop_assert!(band.rem_euclid(width) == 0 && band * 100 <= cents && cents < (band + width) * 100);
        }
    }
}
