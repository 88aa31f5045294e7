//! Floats summed without error, in any order and grouping.
//!
//! Every finite float is a whole number of units of 2^-1074. A sum of them is kept as such a number, in 32-bit digits with
//! room for carries (Kulisch's long accumulator); rounding happens once, when it is read.

/// Bits below the point of the smallest float.
const BITS_BELOW: i32 = 1074;
/// Digits of 32 bits: 1074 below, 1024 above, and 62 more for as many as 2^62 summands.
const DIGITS: usize = 68;
/// Additions after which carries are brought in order: each leaves less than 2^33 in a digit.
const CARRY_EVERY: u32 = 1 << 28;

/// An exact sum.
#[derive(Clone, Debug)]
pub struct ExactSum {
    digits: [i64; DIGITS],
    since_carry: u32,
    nan: bool,
    infinite: (bool, bool),
}

impl Default for ExactSum {
    fn default() -> Self {
        ExactSum { digits: [0; DIGITS], since_carry: 0, nan: false, infinite: (false, false) }
    }
}

impl ExactSum {
    /// Adds a float.
    pub fn add(&mut self, value: f64) {
        if !value.is_finite() {
            self.nan |= value.is_nan();
            self.infinite.0 |= value == f64::INFINITY;
            self.infinite.1 |= value == f64::NEG_INFINITY;
            return;
        }
        let bits = value.to_bits();
        let exponent = ((bits >> 52) & 0x7ff) as i32;
        let fraction = bits & ((1 << 52) - 1);
        let (mantissa, shift) = if exponent == 0 { (fraction, 0) } else { (fraction | (1 << 52), exponent - 1) };
        let (digit, within) = ((shift / 32) as usize, shift % 32);
        // 53 bits shifted by less than 32 fill at most three digits.
        let wide = u128::from(mantissa) << within;
        for place in 0..3 {
            let part = ((wide >> (32 * place)) & 0xffff_ffff) as i64;
            self.digits[digit + place] += if value < 0.0 { -part } else { part };
        }
        self.since_carry += 1;
        if self.since_carry == CARRY_EVERY {
            self.carry();
        }
    }

    /// Adds another sum.
    pub fn merge(&mut self, other: &ExactSum) {
        let mut other = other.clone();
        other.carry();
        self.carry();
        for (digit, more) in self.digits.iter_mut().zip(other.digits) {
            *digit += more;
        }
        self.nan |= other.nan;
        self.infinite = (self.infinite.0 | other.infinite.0, self.infinite.1 | other.infinite.1);
        self.carry();
    }

    /// Brings every digit but the last into 0..2^32.
    fn carry(&mut self) {
        let mut carry = 0;
        for digit in &mut self.digits[..DIGITS - 1] {
            let sum = *digit + carry;
            carry = sum >> 32;
            *digit = sum & 0xffff_ffff;
        }
        self.digits[DIGITS - 1] += carry;
        self.since_carry = 0;
    }

    /// The nearest float (ties to even), or NaN and infinities as IEEE 754 adds them.
    pub fn value(&self) -> f64 {
        if self.nan || self.infinite == (true, true) {
            return f64::NAN;
        }
        match self.infinite {
            (true, false) => return f64::INFINITY,
            (false, true) => return f64::NEG_INFINITY,
            _ => {}
        }
        let mut exact = self.clone();
        exact.carry();
        let negative = exact.digits[DIGITS - 1] < 0;
        if negative {
            exact.digits.iter_mut().for_each(|digit| *digit = -*digit);
            exact.carry();
        }
        let Some(top) = exact.digits.iter().rposition(|digit| *digit != 0) else { return 0.0 };
        // The leading 96 bits, and whether anything stands below them.
        let at = |place: usize| exact.digits[place] as u128;
        let low = top.saturating_sub(2);
        let leading = (low..=top).rev().fold(0u128, |bits, place| (bits << 32) | at(place));
        let below = exact.digits[..low].iter().any(|digit| *digit != 0);
        let magnitude = scaled(leading, below, 32 * low as i32 - BITS_BELOW);
        if negative { -magnitude } else { magnitude }
    }
}

/// `leading` x 2^`exponent`, rounded once; `below` says that a little more is there.
fn scaled(leading: u128, below: bool, exponent: i32) -> f64 {
    let bits = 128 - leading.leading_zeros() as i32;
    // Digits that the float can keep: 53, fewer near the smallest float.
    let kept = 53.min(bits + exponent + BITS_BELOW);
    let drop = bits - kept;
    if drop <= 0 {
        return leading as f64 * power(exponent);
    }
    let whole = leading >> drop;
    let rest = leading & ((1 << drop) - 1);
    let half = 1u128 << (drop - 1);
    let up = rest > half || (rest == half && (below || whole & 1 == 1));
    (whole + u128::from(up)) as f64 * power(exponent + drop)
}

/// 2^`exponent`, in two steps where one would leave the range.
fn power(exponent: i32) -> f64 {
    if exponent < -1022 { f64::powi(2.0, exponent + 200) * f64::powi(2.0, -200) } else { f64::powi(2.0, exponent) }
}

impl PartialEq for ExactSum {
    fn eq(&self, other: &Self) -> bool {
        let (mut one, mut two) = (self.clone(), other.clone());
        one.carry();
        two.carry();
        one.digits == two.digits && one.nan == two.nan && one.infinite == two.infinite
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sum(values: &[f64]) -> ExactSum {
        let mut sum = ExactSum::default();
        values.iter().for_each(|value| sum.add(*value));
        sum
    }

    #[test]
    fn loses_nothing_that_a_float_loses() {
        assert_eq!(sum(&[1e300, 1.0, -1e300]).value(), 1.0);
        assert_eq!(sum(&[0.1; 10]).value(), 1.0);
        assert_eq!(sum(&[f64::MAX, f64::MAX, -f64::MAX]).value(), f64::MAX);
        assert_eq!(sum(&[5e-324, 5e-324]).value(), 1e-323);
        assert_eq!(sum(&[-0.0, 0.0]).value(), 0.0);
        assert_eq!(sum(&[9_007_199_254_740_992.0, 1.0, -9_007_199_254_740_992.0]).value(), 1.0);
        assert!(sum(&[f64::INFINITY, f64::NEG_INFINITY]).value().is_nan());
        assert_eq!(sum(&[f64::INFINITY, 1.0]).value(), f64::INFINITY);
    }

    proptest! {
        #[test]
        fn a_single_float_is_its_own_sum(value in any::<f64>().prop_filter("finite", |value| value.is_finite())) {
            prop_assert_eq!(sum(&[value]).value(), value);
        }

        #[test]
        fn order_and_grouping_do_not_matter(values in proptest::collection::vec(any::<f64>(), 0..40), cut in 0usize..40) {
            let cut = cut.min(values.len());
            let whole = sum(&values);
            let mut parts = sum(&values[cut..]);
            parts.merge(&sum(&values[..cut]));
            prop_assert!(parts == whole);
            let backwards: Vec<f64> = values.iter().rev().copied().collect();
            prop_assert!(sum(&backwards) == whole);
            prop_assert_eq!(sum(&backwards).value().to_bits(), whole.value().to_bits());
        }
    }
}
