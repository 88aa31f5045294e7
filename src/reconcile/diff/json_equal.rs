//! Whether two texts are the same JSON: fields in any order, numbers in any writing, every digit of them counted.

use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// Whether both are JSON, and the same. A field that is there twice counts as its last value.
pub fn same_json(one: &str, two: &str) -> bool {
    match (serde_json::from_str::<&RawValue>(one), serde_json::from_str::<&RawValue>(two)) {
        (Ok(one), Ok(two)) => same(one, two),
        _ => false,
    }
}

/// `RawValue` was read through with a bound on its depth, which bounds this one's too.
fn same(one: &RawValue, two: &RawValue) -> bool {
    let (one, two) = (one.get(), two.get());
    match (one.as_bytes().first(), two.as_bytes().first()) {
        (Some(b'{'), Some(b'{')) => {
            let fields = |text| serde_json::from_str::<BTreeMap<String, &RawValue>>(text);
            fields(one).ok().zip(fields(two).ok()).is_some_and(|(one, two)| {
                one.len() == two.len() && one.iter().zip(&two).all(|(one, two)| one.0 == two.0 && same(one.1, two.1))
            })
        }
        (Some(b'['), Some(b'[')) => {
            let items = |text| serde_json::from_str::<Vec<&RawValue>>(text);
            items(one).ok().zip(items(two).ok()).is_some_and(|(one, two)| {
                one.len() == two.len() && one.iter().zip(&two).all(|(one, two)| same(one, two))
            })
        }
        (Some(b'"'), Some(b'"')) => {
            let text = |text| serde_json::from_str::<String>(text);
            text(one).ok().zip(text(two).ok()).is_some_and(|(one, two)| one == two)
        }
        (Some(b'-' | b'0'..=b'9'), Some(b'-' | b'0'..=b'9')) => number(one) == number(two),
        _ => one == two,
    }
}

/// Sign, digits from the first to the last that is not zero, and the power of ten of the last.
fn number(text: &str) -> (bool, String, i128) {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    // An exponent beyond all reason is told from others by its own digits.
    let exponent: i128 = exponent.parse().unwrap_or(i128::MAX / 2);
    let (whole, fraction) =
        mantissa.trim_start_matches('-').split_once('.').unwrap_or((mantissa.trim_start_matches('-'), ""));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_end_matches('0');
    let power = exponent - fraction.len() as i128 + (digits.len() - significant.len()) as i128;
    match significant.trim_start_matches('0') {
        "" => (false, String::new(), 0),
        significant => (mantissa.starts_with('-'), significant.to_owned(), power),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_through_order_and_writing_and_at_every_digit() {
        for (one, two, is_same) in [
            ("{\"a\":1,\"b\":null}", " {\"b\":null , \"a\":1.00}", true),
            ("{\"a\":1}", "{\"a\":1,\"b\":null}", false),
            ("[1,2]", "[2,1]", false),
            ("9007199254740993", "9007199254740992", false),
            ("1e2", "100", true),
            ("-0.0", "0", true),
            ("0.10", "1E-1", true),
            ("-1", "1", false),
            ("\"\\u00e9\"", "\"é\"", true),
            ("\"1\"", "1", false),
            ("true", "false", false),
            ("{}", "[]", false),
            ("{\"a\":1,\"a\":2}", "{\"a\":2}", true),
            ("{", "{", false),
        ] {
            assert_eq!(same_json(one, two), is_same, "{one} {two}");
        }
    }
}
