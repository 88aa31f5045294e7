//! The text of a cell -> its value, exactly, in PostgreSQL's output forms and the other writings seen in extracts.
//!
//! Nothing is rounded, cut or guessed: what a type cannot hold is a [`RowFault::Range`], what is no value of it a
//! [`RowFault::Type`]. Never in here: floats on the way to a decimal, and the text in an error.

use super::RowFault;
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Timelike};

/// Digits after the second that are kept.
const MICRO_DIGITS: usize = 6;

/// Last year that is held, and digits of the last one that PostgreSQL has.
const YEAR_MAX: u32 = 9999;
const YEAR_DIGITS_MAX: usize = 7;

/// Days since 1970-01-01 of 0001-01-01 and of 9999-12-31: the years that Delta, Parquet's readers and SQL servers hold.
const DAYS: std::ops::RangeInclusive<i64> = -719_162..=2_932_896;
const DAY_MICROS: i64 = 86_400_000_000;

/// Whether a date, in days since 1970-01-01, lies in the years 1 to 9999.
pub fn day_fits(day: i64) -> bool {
    DAYS.contains(&day)
}

/// Whether a moment, in microseconds since 1970-01-01, lies in the years 1 to 9999.
pub fn moment_fits(micros: i64) -> bool {
    DAYS.contains(&micros.div_euclid(DAY_MICROS))
}

type Parsed<T> = Result<T, RowFault>;

/// A whole number.
pub fn whole<T: TryFrom<i128>>(text: &str) -> Parsed<T> {
    let number: i128 = text.trim().parse().map_err(|_| RowFault::Type)?;
    T::try_from(number).map_err(|_| RowFault::Range)
}

/// A whole number of eight bytes; `None` where it is none.
pub fn whole_i64(text: &str) -> Option<i64> {
    short_whole(text.as_bytes()).or_else(|| text.parse().ok())
}

/// Up to here a `double precision` holds every whole number.
const WHOLE_MAX: f64 = (1u64 << f64::MANTISSA_DIGITS) as f64;

/// The whole number that a `double precision` is; `None` where it is none, or is beyond those that it holds every one of.
pub fn whole_of(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() <= WHOLE_MAX).then_some(number as i64)
}

/// A decimal number as an integer of units of the last place: `1.5` at scale 2 is `150`.
///
/// Takes an exponent (`1.5e3`), as some writers print one. Digits beyond the scale must be zero.
pub fn decimal(text: &str, precision: u8, scale: u8) -> Parsed<i128> {
    if let Some(number) = short_decimal(text.as_bytes(), scale) {
        return fits(number, precision);
    }
    any_decimal(text, precision, scale)
}

fn any_decimal(text: &str, precision: u8, scale: u8) -> Parsed<i128> {
    let text = text.trim();
    if matches!(text.to_ascii_lowercase().as_str(), "nan" | "infinity" | "-infinity" | "inf" | "-inf") {
        return Err(RowFault::Range);
    }
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| RowFault::Type)?),
        None => (text, 0),
    };
    let (negative, digits) = match mantissa.strip_prefix(['-', '+']) {
        Some(rest) => (mantissa.starts_with('-'), rest),
        None => (false, mantissa),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !all_digits(whole) || !all_digits(fraction) {
        return Err(RowFault::Type);
    }
    // The value is `whole fraction` x 10^(exponent - digits of the fraction); units of the last place are wanted.
    let shift = i64::from(exponent) - fraction.len() as i64 + i64::from(scale);
    let mut signs: Vec<u8> = whole.bytes().chain(fraction.bytes()).map(|byte| byte - b'0').collect();
    if shift < 0 {
        let cut = usize::try_from(-shift).unwrap_or(usize::MAX).min(signs.len());
        let lost = signs.split_off(signs.len() - cut);
        if lost.iter().any(|digit| *digit != 0) {
            return Err(RowFault::Range);
        }
    }
    let mut number = signs.iter().try_fold(0i128, |sum, digit| sum.checked_mul(10)?.checked_add(i128::from(*digit)));
    if shift > 0 && number != Some(0) {
        let power = u32::try_from(shift).ok().and_then(|shift| 10i128.checked_pow(shift));
        number = number.zip(power).and_then(|(number, power)| number.checked_mul(power));
    }
    let number = number.ok_or(RowFault::Range)?;
    fits(if negative { -number } else { number }, precision)
}

/// Digits that fit into eight bytes, whatever they are.
const SHORT_DIGITS: usize = 18;

/// Powers of ten, as far as eight bytes hold them.
const POWERS: [u64; SHORT_DIGITS + 1] = {
    let mut powers = [1; SHORT_DIGITS + 1];
    let mut at = 1;
    while at < powers.len() {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

/// The same of what nearly every whole number is: a few digits. `None` for others.
fn short_whole(text: &[u8]) -> Option<i64> {
    let (is_negative, mut digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || digits.len() > SHORT_DIGITS {
        return None;
    }
    let mut number = 0u64;
    while let Some((eight, rest)) = digits.split_first_chunk() {
        number = number * 100_000_000 + eight_digits(*eight)?;
        digits = rest;
    }
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number * 10 + u64::from(digit);
    }
    let number = i64::try_from(number).ok()?;
    Some(if is_negative { -number } else { number })
}

/// Eight digits at once: pairs of them, pairs of pairs, and both halves.
fn eight_digits(digits: [u8; 8]) -> Option<u64> {
    const HIGHS: u64 = 0xf0f0_f0f0_f0f0_f0f0;
    let word = u64::from_le_bytes(digits) ^ 0x3030_3030_3030_3030;
    // Digits are 0 to 9 now: nothing is in the upper half of a byte, neither before nor after six is added.
    if (word | word.wrapping_add(0x0606_0606_0606_0606)) & HIGHS != 0 {
        return None;
    }
    let pairs = word.wrapping_mul(10).wrapping_add(word >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100).wrapping_add(pairs >> 16) & 0x0000_ffff_0000_ffff;
    Some((fours.wrapping_mul(10_000).wrapping_add(fours >> 32)) & 0xffff_ffff)
}

/// The same of what nearly every decimal is: a few digits, a point among them, no more behind it than are wanted. `None` for others.
fn short_decimal(text: &[u8], scale: u8) -> Option<i128> {
    let (is_negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    let (mut number, mut count, mut point) = (0u64, 0, None);
    for byte in digits {
        match byte {
            b'0'..=b'9' if count < SHORT_DIGITS => {
                number = number * 10 + u64::from(byte - b'0');
                count += 1;
            }
            b'.' if point.is_none() => point = Some(count),
            _ => return None,
        }
    }
    let behind = count - point.unwrap_or(count);
    let shift = usize::from(scale).checked_sub(behind).filter(|_| count > 0)?;
    let number = i128::from(number) * i128::from(*POWERS.get(shift)?);
    Some(if is_negative { -number } else { number })
}

/// The number, if it has no more than `precision` digits.
pub fn fits(number: i128, precision: u8) -> Parsed<i128> {
    if let Some(limit) = POWERS.get(usize::from(precision)) {
        return if number.unsigned_abs() < u128::from(*limit) { Ok(number) } else { Err(RowFault::Range) };
    }
    match 10i128.checked_pow(u32::from(precision)) {
        Some(limit) if number.unsigned_abs() >= limit.unsigned_abs() => Err(RowFault::Range),
        _ => Ok(number),
    }
}

/// A float; NaN and the infinities are values.
pub fn float<T: std::str::FromStr>(text: &str) -> Parsed<T> {
    text.trim().parse().map_err(|_| RowFault::Type)
}

/// A truth value in PostgreSQL's and JSON's writings.
pub fn boolean(text: &str) -> Parsed<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "t" | "true" | "1" | "y" | "yes" => Ok(true),
        "f" | "false" | "0" | "n" | "no" => Ok(false),
        _ => Err(RowFault::Type),
    }
}

/// A date: `2026-11-22`, `22/11/2026`, or a timestamp at midnight. Days since 1970-01-01.
pub fn date(text: &str) -> Parsed<i32> {
    let text = text.trim();
    if is_infinite(text) {
        return Err(RowFault::Range);
    }
    if let Some(text) = before_christ(text) {
        return Err(date(text).err().unwrap_or(RowFault::Range));
    }
    let day = if text.as_bytes().get(2) == Some(&b'/') {
        NaiveDate::parse_from_str(text, "%d/%m/%Y").map_err(|_| RowFault::Type)?
    } else if !text.contains([' ', 'T']) {
        iso_date(text)?
    } else {
        let moment = naive(text)?;
        if moment.time() != NaiveTime::MIN {
            return Err(RowFault::Range);
        }
        moment.date()
    };
    let days = (day - NaiveDate::default()).num_days();
    i32::try_from(days).ok().filter(|_| day_fits(days)).ok_or(RowFault::Range)
}

fn iso_date(text: &str) -> Parsed<NaiveDate> {
    let mut parts = text.split('-');
    let mut part = |digits: std::ops::RangeInclusive<usize>| {
        let part = parts.next().filter(|part| digits.contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()));
        part.and_then(|part| part.parse::<u32>().ok()).ok_or(RowFault::Type)
    };
    let (year, month, day) = (part(4..=YEAR_DIGITS_MAX)?, part(2..=2)?, part(2..=2)?);
    if parts.next().is_some() {
        return Err(RowFault::Type);
    }
    match NaiveDate::from_ymd_opt(year as i32, month, day) {
        Some(day) => Ok(day),
        // Its calendar ends before PostgreSQL's does.
        None if year > YEAR_MAX && (1..=12).contains(&month) && (1..=31).contains(&day) => Err(RowFault::Range),
        None => Err(RowFault::Type),
    }
}

/// A time of day: microseconds since midnight.
pub fn time(text: &str) -> Parsed<i64> {
    let time = naive_time(text.trim())?;
    Ok(i64::from(time.num_seconds_from_midnight()) * 1_000_000 + i64::from(time.nanosecond() / 1_000))
}

fn naive_time(text: &str) -> Parsed<NaiveTime> {
    // A time to PostgreSQL and to nobody else.
    if text.strip_prefix("24:00").is_some_and(|rest| rest.bytes().all(|sign| matches!(sign, b':' | b'0' | b'.'))) {
        return Err(RowFault::Range);
    }
    let whole = exact_micros(text)?;
    NaiveTime::parse_from_str(&whole, "%H:%M:%S%.f")
        .or_else(|_| NaiveTime::parse_from_str(&whole, "%H:%M"))
        .map_err(|_| RowFault::Type)
}

/// A timestamp without zone: microseconds since 1970-01-01 as if it were UTC.
pub fn timestamp(text: &str) -> Parsed<i64> {
    let text = text.trim();
    if let Some(text) = before_christ(text) {
        return Err(timestamp(text).err().unwrap_or(RowFault::Range));
    }
    let micros = naive(text)?.and_utc().timestamp_micros();
    if moment_fits(micros) { Ok(micros) } else { Err(RowFault::Range) }
}

/// A timestamp with zone: microseconds since 1970-01-01 UTC. A text without a zone is no such value.
pub fn timestamptz(text: &str) -> Parsed<i64> {
    let text = text.trim();
    if is_infinite(text) {
        return Err(RowFault::Range);
    }
    if let Some(text) = before_christ(text) {
        return Err(timestamptz(text).err().unwrap_or(RowFault::Range));
    }
    if let Some(utc) = text.strip_suffix(['Z', 'z']) {
        return timestamp(utc.trim_end());
    }
    // The offset stands after the time; the date has `-` too, so look from the clock's first colon on.
    let clock = text.find(':').ok_or(RowFault::Type)?;
    let sign = clock + text[clock..].find(['+', '-']).ok_or(RowFault::Type)?;
    let (moment, offset) = text.split_at(sign);
    let seconds = offset_seconds(offset)?;
    let micros = timestamp(moment.trim_end())? - seconds * 1_000_000;
    if moment_fits(micros) { Ok(micros) } else { Err(RowFault::Range) }
}

fn offset_seconds(offset: &str) -> Parsed<i64> {
    let negative = offset.starts_with('-');
    let digits: String = offset[1..].chars().filter(|c| *c != ':').collect();
    if !matches!(digits.len(), 2 | 4 | 6) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(RowFault::Type);
    }
    let unit = |at: usize| digits.get(at..at + 2).and_then(|part| part.parse::<i64>().ok()).unwrap_or(0);
    let seconds = unit(0) * 3600 + unit(2) * 60 + unit(4);
    Ok(if negative { -seconds } else { seconds })
}

fn naive(text: &str) -> Parsed<NaiveDateTime> {
    if is_infinite(text) {
        return Err(RowFault::Range);
    }
    let (day, clock) = text.split_once([' ', 'T']).unwrap_or((text, "00:00"));
    Ok(iso_date(day)?.and_time(naive_time(clock)?))
}

/// The time with at most six digits after the second; more must be zero.
fn exact_micros(text: &str) -> Parsed<std::borrow::Cow<'_, str>> {
    let Some((clock, fraction)) = text.split_once('.') else { return Ok(text.into()) };
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) || fraction.is_empty() {
        return Err(RowFault::Type);
    }
    if fraction.len() <= MICRO_DIGITS {
        return Ok(text.into());
    }
    let (kept, lost) = fraction.split_at(MICRO_DIGITS);
    if lost.bytes().all(|digit| digit == b'0') { Ok(format!("{clock}.{kept}").into()) } else { Err(RowFault::Range) }
}

/// The text without PostgreSQL's mark of a year before the first: no reader holds one.
fn before_christ(text: &str) -> Option<&str> {
    text.strip_suffix(" BC")
}

fn is_infinite(text: &str) -> bool {
    matches!(text.to_ascii_lowercase().as_str(), "infinity" | "-infinity")
}

/// Microseconds of a moment in RFC 3339, for messages of others that carry one.
pub fn rfc3339(text: &str) -> Option<DateTime<chrono::Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|moment| moment.to_utc())
}

/// A UUID in any of its writings, as lower-case text with hyphens.
pub fn uuid(text: &str) -> Parsed<String> {
    uuid::Uuid::try_parse(text.trim()).map(|uuid| uuid.to_string()).map_err(|_| RowFault::Type)
}

/// Bytes in PostgreSQL's hexadecimal writing, `\x...`.
pub fn bytea(text: &str) -> Parsed<Vec<u8>> {
    let digits = text.trim().strip_prefix("\\x").ok_or(RowFault::Type)?;
    if !digits.len().is_multiple_of(2) || !digits.is_ascii() {
        return Err(RowFault::Type);
    }
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).map_err(|_| RowFault::Type))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use RowFault::{Range, Type};

    proptest::proptest! {
        #[test]
        fn reads_a_short_decimal_as_any(text in "-?[0-9]{0,20}[.,]?[0-9]{0,5}", precision in 1u8..39, scale in 0u8..5) {
            proptest::prop_assert_eq!(decimal(&text, precision, scale), any_decimal(&text, precision, scale));
        }

        #[test]
        fn reads_a_short_whole_number_as_any(text in "[-+]?[0-9]{0,20}[/:. a]?[0-9]{0,3}", number in proptest::prelude::any::<i64>()) {
            proptest::prop_assert_eq!(whole_i64(&text), text.parse().ok());
            proptest::prop_assert_eq!(whole_i64(&number.to_string()), Some(number));
        }
    }

    #[test]
    fn takes_eight_digits_at_once_and_no_other_byte_among_them() {
        assert_eq!(eight_digits(*b"90817263"), Some(90_817_263));
        for (place, byte) in (0..8).flat_map(|place| (0..=255u8).map(move |byte| (place, byte))) {
            let mut digits = *b"12345678";
            digits[place] = byte;
            let text = std::str::from_utf8(&digits).ok();
            assert_eq!(
                eight_digits(digits),
                text.filter(|text| !text.contains('+')).and_then(|text| text.parse().ok()),
                "{byte} at {place}"
            );
        }
    }

    #[test]
    fn reads_decimals_exactly() {
        for (text, expected) in [
            ("1.5", Ok(150)),
            ("-0.01", Ok(-1)),
            ("1.500", Ok(150)),
            ("1.505", Err(Range)),
            ("+12", Ok(1200)),
            (".5", Ok(50)),
            ("5.", Ok(500)),
            ("1.5e1", Ok(1500)),
            ("15e-3", Err(Range)),
            ("150e-4", Err(Range)),
            ("1500e-3", Ok(150)),
            ("-0", Ok(0)),
            ("999999.99", Ok(99_999_999)),
            ("1000000", Err(Range)),
            ("0e999999999", Ok(0)),
            ("1e999999999", Err(Range)),
            ("NaN", Err(Range)),
            ("", Err(Type)),
            (".", Err(Type)),
            ("1,5", Err(Type)),
            ("0x1", Err(Type)),
        ] {
            assert_eq!(decimal(text, 8, 2), expected, "{text}");
        }
        let widest = "9".repeat(38);
        assert_eq!(decimal(&widest, 38, 0), Ok(10i128.pow(38) - 1));
    }

    #[test]
    fn reads_dates_in_the_writings_of_the_portal() {
        let day = Ok(20_779);
        for text in ["2026-11-22", "22/11/2026", "2026-11-22 00:00:00.0000000", "2026-11-22T00:00:00"] {
            assert_eq!(date(text), day, "{text}");
        }
        for (text, fault) in [
            ("2026-11-22 00:30:00", Range),
            ("infinity", Range),
            ("0000-12-31", Range),
            ("0044-03-15 BC", Range),
            ("0044-13-15 BC", Type),
            ("10000-01-01", Range),
            ("5874897-12-31", Range),
            ("5874897-13-31", Type),
            ("58748970-12-31", Type),
            ("2026-02-30", Type),
            ("22-11-2026", Type),
            ("2026-1-2", Type),
        ] {
            assert_eq!(date(text), Err(fault), "{text}");
        }
    }

    #[test]
    fn reads_moments_to_the_microsecond_and_loses_nothing() {
        let micros = 1_795_305_600_000_001;
        for text in [
            "2026-11-22 00:00:00.000001+00",
            "2026-11-22T01:00:00.0000010+01:00",
            "2026-11-21T23:30:00.000001-0030",
            "2026-11-22T00:00:00.000001Z",
        ] {
            assert_eq!(timestamptz(text), Ok(micros), "{text}");
        }
        assert_eq!(timestamp("2026-11-22 00:00:00.000001"), Ok(micros));
        assert_eq!(timestamptz("2026-11-22 00:00:00.0000001Z"), Err(Range));
        assert_eq!(timestamptz("2026-11-22 00:00:00"), Err(Type));
        assert_eq!(time("23:59:59.000001"), Ok(86_399_000_001));
        assert_eq!((time("24:00:00"), time("24:00:01"), time("25:00")), (Err(Range), Err(Type), Err(Type)));
        assert_eq!(timestamp("294276-12-31 23:59:59.999999"), Err(Range));
        assert_eq!(timestamp("4713-01-01 00:00:00 BC"), Err(Range));
        assert_eq!(timestamptz("0044-03-15 00:00:00+00 BC"), Err(Range));
        assert_eq!(timestamptz("294276-12-31 23:59:59.999999+00"), Err(Range));
        assert_eq!(timestamptz("0044-03-15 00:00:00 BC"), Err(Type));
    }

    #[test]
    fn reads_whole_numbers_within_their_type() {
        assert_eq!(whole::<i16>("-32768"), Ok(i16::MIN));
        assert_eq!(whole::<i16>("32768"), Err(Range));
        assert_eq!(whole::<i64>("9007199254740993"), Ok(9_007_199_254_740_993));
        assert_eq!(whole::<i64>("1.0"), Err(Type));
    }

    #[test]
    fn reads_the_other_types() {
        assert_eq!(boolean("T"), Ok(true));
        assert_eq!(boolean("maybe"), Err(Type));
        assert_eq!(bytea("\\x00ff"), Ok(vec![0, 255]));
        assert_eq!(bytea("00ff"), Err(Type));
        assert_eq!(
            uuid("{0199B6C2-7D3A-7C11-A1B2-C3D4E5F60718}").as_deref(),
            Ok("0199b6c2-7d3a-7c11-a1b2-c3d4e5f60718")
        );
        assert!(float::<f64>("NaN").is_ok_and(f64::is_nan));
    }
}
