//! Differences that somebody declared to be none, for one column: the words, and what they let pass.
//!
//! ```text
//! abs:0.01        numbers and floats: no further apart than this
//! rel:1e-9        numbers and floats: than this part of the larger
//! ulp:4           floats: than so many floats
//! precision:ms    times and moments: the same to the millisecond, cut off and not rounded; or `s`
//! trim case nfc   text: blanks at its ends, upper and lower case, Unicode's writings of one letter (NFC)
//! null_equals:N/A text: such a text is NULL; nothing behind the colon stands for the empty text
//! json            text: the same JSON, whatever the order of its fields and the writing of its numbers
//! ```
//!
//! Several rules of one column let pass what any of `abs`, `rel` and `ulp` does; those of text are followed one after the other.
//! Never in here: a default. A difference that passes is counted by whoever asks.

use super::align::Kind;
use super::json_equal::same_json;
use crate::data::text::decimal;
use arrow::datatypes::i256;
use std::borrow::Cow;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// Digits behind the point that an exact tolerance may have.
const SCALE: u32 = 18;

/// What one column may differ by.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tolerance {
    abs: Option<Amount>,
    rel: Option<Amount>,
    ulp: Option<u64>,
    precision: Option<Precision>,
    trim: bool,
    case: bool,
    nfc: bool,
    null_equals: Vec<String>,
    json: bool,
    /// The rules in words, for people.
    told: Vec<String>,
}

/// A tolerance as a number.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Amount {
    /// In units of 10^-18, where it has so many digits and no more.
    exact: Option<i128>,
    float: f64,
}

/// To what a moment is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Precision {
    Second,
    Millisecond,
}

/// Why a rule is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ToleranceFault {
    /// Not a word of ours.
    #[error(
        "is none of `abs:`, `rel:`, `ulp:`, `precision:ms`, `precision:s`, `trim`, `case`, `nfc`, `null_equals:` and `json`"
    )]
    Unknown,
    /// Not a number, or below zero.
    #[error("has no number of 0 or more behind its colon")]
    Number,
}

impl Tolerance {
    /// Adds a rule.
    pub fn add(&mut self, rule: &str) -> Result<(), ToleranceFault> {
        let (word, value) = rule.split_once(':').map_or((rule, None), |(word, value)| (word, Some(value)));
        match (word, value) {
            ("abs", Some(value)) => self.abs = Some(amount(value)?),
            ("rel", Some(value)) => self.rel = Some(amount(value)?),
            ("ulp", Some(value)) => self.ulp = Some(value.parse().map_err(|_| ToleranceFault::Number)?),
            ("precision", Some("s")) => self.precision = Some(Precision::Second),
            ("precision", Some("ms")) => self.precision = Some(Precision::Millisecond),
            ("trim", None) => self.trim = true,
            ("case", None) => self.case = true,
            ("nfc", None) => self.nfc = true,
            ("null_equals", Some(value)) => self.null_equals.push(value.to_owned()),
            ("json", None) => self.json = true,
            _ => return Err(ToleranceFault::Unknown),
        }
        // What stands for NULL may be a value of the data: it is not repeated.
        self.told.push(if word == "null_equals" { word.to_owned() } else { rule.replacen(':', " ", 1) });
        Ok(())
    }

    /// The rules in words.
    pub fn told(&self) -> String {
        self.told.join(", ")
    }

    /// Whether every rule is one for such values.
    pub fn fits(&self, kind: Kind) -> bool {
        let of_numbers = self.rel.is_some() || self.abs.is_some();
        let of_text = self.trim || self.case || self.nfc || self.json || !self.null_equals.is_empty();
        match kind {
            Kind::Number => {
                let is_exact = |amount: Option<Amount>| amount.is_none_or(|amount| amount.exact.is_some());
                !of_text && self.ulp.is_none() && self.precision.is_none() && is_exact(self.abs) && is_exact(self.rel)
            }
            Kind::Float => !of_text && self.precision.is_none(),
            Kind::Time | Kind::Instant | Kind::Local => !of_text && !of_numbers && self.ulp.is_none(),
            Kind::Text => !of_numbers && self.ulp.is_none() && self.precision.is_none(),
            Kind::Null => true,
            Kind::Boolean | Kind::Bytes | Kind::Date => self.told.is_empty(),
        }
    }

    /// Whether two exact numbers, in units of 10^-`scale`, are as good as the same; and how far apart they are.
    pub fn numbers(&self, one: i256, two: i256, scale: u32) -> Option<i256> {
        let apart = one.checked_sub(two)?.checked_abs()?;
        let unit = i256::from_i128(10i128.pow(SCALE));
        let fine = apart.checked_mul(unit)?;
        let within = |amount: Option<Amount>, of: i256| {
            let most = amount.and_then(|amount| i256::from_i128(amount.exact?).checked_mul(of));
            most.is_some_and(|most| fine <= most)
        };
        let larger = one.checked_abs()?.max(two.checked_abs()?);
        let one_whole = i256::from_i128(10).checked_pow(scale)?;
        (within(self.abs, one_whole) || within(self.rel, larger)).then_some(apart)
    }

    /// Whether two floats are as good as the same, and how far apart they are; `ulps` is how many floats that is.
    pub fn floats(&self, one: f64, two: f64, ulps: u64) -> Option<f64> {
        let apart = (one - two).abs();
        let abs = self.abs.is_some_and(|amount| apart <= amount.float);
        let rel = self.rel.is_some_and(|amount| apart <= amount.float * one.abs().max(two.abs()));
        // Nothing is near to infinity or to NaN.
        let is_near = one.is_finite() && two.is_finite() && (abs || rel || self.ulp.is_some_and(|most| ulps <= most));
        is_near.then_some(apart)
    }

    /// Whether two moments, in units of 10^-`digits` seconds, are the same once cut off; and how far apart they are.
    pub fn moments(&self, one: i128, two: i128, digits: u32) -> Option<i128> {
        let kept = match self.precision? {
            Precision::Second => 0,
            Precision::Millisecond => 3,
        };
        let unit = 10i128.pow(digits.saturating_sub(kept));
        let is_same = one.div_euclid(unit) == two.div_euclid(unit);
        is_same.then(|| (one - two).abs())
    }

    /// Whether two texts, or NULL, are as good as the same.
    pub fn texts(&self, one: Option<&str>, two: Option<&str>) -> bool {
        match (self.plain(one), self.plain(two)) {
            (Some(one), Some(two)) => one == two || (self.json && same_json(&one, &two)),
            (one, two) => one.is_none() && two.is_none(),
        }
    }

    fn plain<'a>(&self, text: Option<&'a str>) -> Option<Cow<'a, str>> {
        let text = self.written(text?);
        let is_null = self.null_equals.iter().any(|null| self.written(null) == text);
        (!is_null).then_some(text)
    }

    fn written<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(if self.trim { text.trim() } else { text });
        if self.nfc && !is_nfc(&text) {
            text = Cow::Owned(text.nfc().collect());
        }
        if self.case { Cow::Owned(text.to_lowercase()) } else { text }
    }
}

fn amount(text: &str) -> Result<Amount, ToleranceFault> {
    let float: f64 = text.parse().map_err(|_| ToleranceFault::Number)?;
    if !float.is_finite() || float.is_sign_negative() {
        return Err(ToleranceFault::Number);
    }
    Ok(Amount { exact: decimal(text, 38, SCALE as u8).ok(), float })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rules: &[&str]) -> Tolerance {
        let mut tolerance = Tolerance::default();
        rules.iter().for_each(|rule| tolerance.add(rule).expect("a rule"));
        tolerance
    }

    fn whole(number: i128) -> i256 {
        i256::from_i128(number)
    }

    #[test]
    fn refuses_what_is_no_rule_and_no_number() {
        for rule in
            ["", "abs", "abs:", "abs:-1", "abs:nan", "abs:inf", "ulp:1.5", "ulp:-1", "precision:us", "trim:1", "Trim"]
        {
            assert!(Tolerance::default().add(rule).is_err(), "{rule}");
        }
    }

    #[test]
    fn knows_which_values_a_rule_is_for() {
        for (rule, kinds) in [
            ("abs:1", vec![Kind::Number, Kind::Float]),
            ("abs:1e-30", vec![Kind::Float]),
            ("rel:1", vec![Kind::Number, Kind::Float]),
            ("ulp:1", vec![Kind::Float]),
            ("precision:ms", vec![Kind::Time, Kind::Instant, Kind::Local]),
            ("trim", vec![Kind::Text]),
            ("json", vec![Kind::Text]),
            ("null_equals:", vec![Kind::Text]),
        ] {
            let all = [
                Kind::Number,
                Kind::Float,
                Kind::Boolean,
                Kind::Text,
                Kind::Bytes,
                Kind::Date,
                Kind::Time,
                Kind::Instant,
                Kind::Local,
            ];
            let fitting: Vec<Kind> = all.into_iter().filter(|kind| of(&[rule]).fits(*kind)).collect();
            assert_eq!(fitting, kinds, "{rule}");
        }
    }

    #[test]
    fn lets_pass_what_is_as_near_as_declared_and_no_more() {
        let cent = of(&["abs:0.01"]);
        assert_eq!(cent.numbers(whole(100_000_000_000_000_001), whole(100_000_000_000_000_002), 2), Some(whole(1)));
        assert_eq!(cent.numbers(whole(100), whole(102), 2), None);
        assert_eq!(cent.numbers(whole(100_000), whole(100_001), 5), Some(whole(1)));
        assert_eq!(of(&["rel:0.01"]).numbers(whole(-100), whole(-99), 0), Some(whole(1)));
        assert_eq!(of(&["rel:0.01"]).numbers(whole(-99), whole(-98), 0), None);
        assert_eq!(of(&["abs:1"]).numbers(i256::MAX, i256::MIN, 0), None);
        assert_eq!(of(&["abs:0.5"]).floats(1.0, 1.5, 9), Some(0.5));
        assert_eq!(of(&["abs:0.5", "ulp:9"]).floats(1.0, 1.6, 9), Some(1.6 - 1.0));
        assert_eq!(of(&["abs:1e300", "ulp:9"]).floats(f64::INFINITY, f64::MAX, 1), None);
        assert_eq!(of(&["abs:1e300"]).floats(f64::NAN, 1.0, 1), None);
    }

    #[test]
    fn cuts_moments_off_and_rounds_none() {
        let milli = of(&["precision:ms"]);
        assert_eq!(milli.moments(1_999, 1_001, 6), Some(998));
        assert_eq!(milli.moments(1_999, 2_000, 6), None);
        assert_eq!(milli.moments(-1, 1, 6), None);
        assert_eq!(of(&["precision:s"]).moments(-1, -999_999, 6), Some(999_998));
    }

    #[test]
    fn follows_the_rules_of_text_one_after_the_other() {
        assert!(of(&["trim", "case"]).texts(Some(" AB "), Some("ab")));
        assert!(!of(&["trim"]).texts(Some("AB"), Some("ab")));
        assert!(of(&["nfc"]).texts(Some("e\u{301}"), Some("é")));
        assert!(of(&["null_equals:", "null_equals:n/a", "case", "trim"]).texts(Some(" N/A"), None));
        assert!(of(&["null_equals:", "null_equals:n/a"]).texts(Some(""), Some("n/a")));
        assert!(!of(&["null_equals:n/a"]).texts(Some(""), None));
        assert!(of(&["json"]).texts(Some("{\"a\":1.0,\"b\":[2]}"), Some("{\"b\": [2e0], \"a\": 1}")));
        assert!(!of(&["json"]).texts(Some("{\"a\":1}"), None));
    }
}
