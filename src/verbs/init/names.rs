//! A name at the source -> a name of ours: snake_case ASCII, short enough, and nobody else's.
//!
//! Pure.

use crate::data::Name;
use std::collections::BTreeSet;
use unicode_normalization::UnicodeNormalization;

/// `text` in snake_case ASCII, at most `bytes_max` long. `CfD_ID` is `cfd_id`, `unitPrice` is `unit_price`, `Straße` is
/// `strasse`; what has no letter at the front gets one.
pub fn snake(text: &str, bytes_max: usize) -> String {
    let signs: Vec<char> = text.nfkd().flat_map(latin).collect();
    let mut out = String::new();
    for (at, sign) in signs.iter().enumerate() {
        if !sign.is_ascii_alphanumeric() {
            out.push('_');
            continue;
        }
        // A new word begins at a capital with two small letters before it and one behind: `CfD` and `kWh` are one word.
        let is_small = |at: Option<usize>| at.and_then(|at| signs.get(at)).is_some_and(char::is_ascii_lowercase);
        let is_inside = is_small(at.checked_sub(2)) && is_small(at.checked_sub(1)) && is_small(Some(at + 1));
        if sign.is_ascii_uppercase() && is_inside {
            out.push('_');
        }
        out.push(sign.to_ascii_lowercase());
    }
    let words: Vec<&str> = out.split('_').filter(|word| !word.is_empty()).collect();
    let mut name = words.join("_");
    if !name.starts_with(|front: char| front.is_ascii_lowercase()) {
        name = format!("c_{name}");
    }
    name.truncate(bytes_max);
    name.trim_end_matches('_').to_owned()
}

/// Letters that no decomposition makes ASCII, and marks, which fall away.
fn latin(sign: char) -> Vec<char> {
    let letters = match sign {
        'ß' => "ss",
        'æ' => "ae",
        'Æ' => "AE",
        'œ' => "oe",
        'Œ' => "OE",
        'ø' => "o",
        'Ø' => "O",
        'ł' => "l",
        'Ł' => "L",
        'đ' | 'ð' => "d",
        'þ' => "th",
        '\u{300}'..='\u{36f}' | '\'' | '’' => "",
        _ => return vec![sign],
    };
    letters.chars().collect()
}

/// `wanted`, or with a number behind it, so that it is none of `taken`; taken from then on.
pub fn unique(wanted: &str, bytes_max: usize, taken: &mut BTreeSet<String>) -> Option<Name> {
    let numbers = (2..10_000).map(|number| numbered(wanted, number, bytes_max));
    let name = std::iter::once(wanted.to_owned()).chain(numbers).find(|name| !taken.contains(name))?;
    taken.insert(name.clone());
    Name::new(&name).ok()
}

/// A name with a number behind it, cut so that both have room.
pub fn numbered(name: &str, number: usize, bytes_max: usize) -> String {
    let ending = format!("_{number}");
    let front = name.get(..name.len().min(bytes_max - ending.len())).unwrap_or(name);
    format!("{}{ending}", front.trim_end_matches('_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_names_of_ours_out_of_any() {
        for (theirs, ours) in [
            ("CfD_ID", "cfd_id"),
            ("unitPrice", "unit_price"),
            ("MeterPoint", "meter_point"),
            ("BMU ID", "bmu_id"),
            ("Zählerstand (kWh)", "zahlerstand_kwh"),
            ("isActive", "is_active"),
            ("Straße", "strasse"),
            ("order", "order"),
            ("O'Brien \"q\"", "obrien_q"),
            ("2024 total", "c_2024_total"),
            ("__x__", "x"),
            ("価格", "c"),
            ("", "c"),
        ] {
            assert_eq!(snake(theirs, 32), ours, "{theirs}");
            assert!(Name::new(&snake(theirs, 32)).is_ok(), "{theirs}");
        }
        assert_eq!(snake(&"abcde_".repeat(10), 30), "abcde_abcde_abcde_abcde_abcde");
    }

    #[test]
    fn gives_no_name_twice() {
        let mut taken = BTreeSet::from(["a".to_owned()]);
        let names: Vec<_> = (0..3).filter_map(|_| unique("a", 32, &mut taken)).map(|name| name.to_string()).collect();
        assert_eq!(names, ["a_2", "a_3", "a_4"]);
        let long = "a".repeat(32);
        taken.insert(long.clone());
        assert_eq!(unique(&long, 32, &mut taken).map(|name| name.as_str().len()), Some(32));
    }
}
