//! One writing for each value, so that a pseudonym joins what a person would call the same.
//!
//! By the column's `kind`: an e-mail address in any case and with stray blanks is one address; a phone number, a
//! postcode or an account number is its letters and digits; a name is its words. Other kinds: the text as it is,
//! in Unicode form NFKC. Never in here: keys.
//!
//! The law: a canonical writing is its own canonical writing. So a value that was written canonically at its source, or by
//! somebody before, joins the same value as a person wrote it.

use super::engine::digit_of;
use unicode_normalization::UnicodeNormalization;

/// How values of a kind are written before they are hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Canonical {
    /// Trimmed, lower case.
    Address,
    /// Trimmed, runs of blanks as one, lower case.
    Words,
    /// Letters and digits only, upper case.
    Identifier,
    /// Digits only; a UK number in its national form (`+44 7700 ...`, `0044 7700 ...`, `447700...` and `07700 ...` are one),
    /// any other international one behind `00`.
    Phone,
    /// NFKC and nothing else.
    Exact,
}

/// Fewest digits of a phone number: shorter ones are an extension's, or no number at all.
const PHONE_DIGITS_MIN: usize = 3;

/// Digits of a UK number behind its country's, which is all that tells it from others where neither `+` nor `00` is before it.
const UK_DIGITS: usize = 12;

/// How often a text beyond ASCII is written again, at most, until it stays as it is: nothing is known to take more than three.
const ROUNDS_MAX: usize = 8;

/// How a value came to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writing {
    /// Canonically.
    Canonical,
    /// As it is: its canonical writing would have lost all that tells it from others (`n/a`, `?`, `-`).
    AsItIs,
}

impl Canonical {
    /// The writing for a column of that `kind`.
    pub fn of(kind: Option<&str>) -> Self {
        match kind {
            Some("email" | "login" | "user_name" | "ip_address") => Canonical::Address,
            Some("person_name" | "address" | "job_title") => Canonical::Words,
            Some("phone") => Canonical::Phone,
            Some(
                "postcode"
                | "nino"
                | "utr"
                | "vat_number"
                | "nhs_number"
                | "upn"
                | "electoral_roll"
                | "sort_code"
                | "bank_account"
                | "iban"
                | "card"
                | "passport"
                | "driving_licence"
                | "mpan"
                | "mprn"
                | "vehicle_registration"
                | "mac_address"
                | "imei",
            ) => Canonical::Identifier,
            _ => Canonical::Exact,
        }
    }

    /// Writes `text` into `out`, which is cleared first: canonically where that leaves something of it.
    pub fn write(self, text: &str, out: &mut String) -> Writing {
        out.clear();
        match text.is_ascii() {
            // ASCII is NFKC already, and is seen to be ASCII eight bytes at a time.
            true => self.write_plain(text, out),
            false => self.write_any(text, out),
        }
        let has_lost_all = match self {
            Canonical::Phone => out.len() < PHONE_DIGITS_MIN && !text.is_empty(),
            _ => out.is_empty() && !text.is_empty(),
        };
        if has_lost_all {
            out.clear();
            out.push_str(text);
            return Writing::AsItIs;
        }
        Writing::Canonical
    }

    /// Text beyond ASCII: until it stays as it is, since a letter in its other case may join the mark behind it, and what is left out
    /// may have stood between two that join.
    fn write_any(self, text: &str, out: &mut String) {
        let mut before: String = text.nfkc().collect();
        if self == Canonical::Exact {
            return out.push_str(&before);
        }
        for _ in 0..ROUNDS_MAX {
            // Capitals first: `STRASSE` is what a form makes of `Stra\u{df}e`.
            let plain = before.chars().filter_map(plain).flat_map(char::to_uppercase).flat_map(char::to_lowercase);
            let plain: String = plain.collect();
            out.clear();
            self.write_plain(&plain, out);
            let after: String = out.nfkc().collect();
            if after == before {
                break;
            }
            before = after;
        }
        *out = before;
    }

    fn write_plain(self, text: &str, out: &mut String) {
        match self {
            Canonical::Exact => out.push_str(text),
            Canonical::Address if text.is_ascii() => {
                out.push_str(trim_of_ascii(text));
                out.make_ascii_lowercase();
            }
            Canonical::Address => out.extend(text.trim().chars().flat_map(char::to_lowercase)),
            Canonical::Words => {
                for (index, word) in text.split_whitespace().enumerate() {
                    if index > 0 {
                        out.push(' ');
                    }
                    out.extend(word.chars().flat_map(char::to_lowercase));
                }
            }
            Canonical::Identifier => {
                out.extend(text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase));
            }
            Canonical::Phone => {
                let has_plus = text.chars().take_while(|sign| !sign.is_ascii_digit()).any(|sign| sign == '+');
                out.extend(text.chars().filter(char::is_ascii_digit));
                let international = match out.strip_prefix("00") {
                    Some(rest) => Some(rest),
                    None if has_plus => Some(out.as_str()),
                    None => Some(out.as_str()).filter(|digits| digits.len() == UK_DIGITS && digits.starts_with("44")),
                };
                let international = international.map(|digits| digits.trim_start_matches('0'));
                if let Some(digits) = international.filter(|digits| !digits.is_empty()) {
                    *out = match digits.strip_prefix("44") {
                        // `+44 (0)7700 ...` carries the national zero as well.
                        Some(national) => format!("0{}", national.trim_start_matches('0')),
                        None => format!("00{digits}"),
                    };
                }
            }
        }
    }
}

/// A sign as its plain self: hyphens, apostrophes and digits of all sorts; what has no width is left out.
fn plain(sign: char) -> Option<char> {
    match sign {
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' => None,
        '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' => None,
        '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}' => None,
        '\u{2010}'..='\u{2015}' | '\u{2043}' | '\u{2212}' => Some('-'),
        '\u{2018}' | '\u{2019}' | '\u{201b}' | '\u{2bb}' | '\u{2bc}' => Some('\''),
        sign => Some(digit_of(sign).unwrap_or(sign)),
    }
}

/// `trim`, which is asked of every cell and mostly has nothing to do.
fn trim_of_ascii(text: &str) -> &str {
    let is_sign = |byte: Option<&u8>| byte.is_some_and(|byte| *byte > b' ');
    if is_sign(text.as_bytes().first()) && is_sign(text.as_bytes().last()) { text } else { text.trim() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(kind: &str, text: &str) -> String {
        let mut out = String::from("left over");
        assert_eq!(Canonical::of(Some(kind)).write(text, &mut out), Writing::Canonical);
        out
    }

    #[test]
    fn leaves_as_it_is_what_would_lose_all_that_tells_it_apart() {
        let mut out = String::new();
        for (kind, text) in [("phone", "n/a"), ("phone", "ask Wren Alder, 2nd floor"), ("iban", "-"), ("email", " ")] {
            assert_eq!(Canonical::of(Some(kind)).write(text, &mut out), Writing::AsItIs, "{text}");
            assert_eq!(out, text);
        }
        for (kind, text) in [("phone", ""), ("phone", "999"), ("iban", ""), ("reference", "-")] {
            assert_eq!(Canonical::of(Some(kind)).write(text, &mut out), Writing::Canonical, "{text}");
        }
    }

    #[test]
    fn writes_one_person_one_way() {
        assert_eq!(written("email", " Wren.Alder@Example.ORG "), "wren.alder@example.org");
        assert_eq!(written("person_name", "  Wren   ALDER"), "wren alder");
        for phone in ["07700 900123", "+44 7700 900123", "+44 (0)7700-900123", "0044 7700 900 123"] {
            assert_eq!(written("phone", phone), "07700900123", "{phone}");
        }
        assert_eq!(written("postcode", "zz1 4zz"), "ZZ14ZZ");
        assert_eq!(written("nino", "qq 12 34 56 c"), "QQ123456C");
    }

    #[test]
    fn writes_a_number_one_way_however_its_country_is_written() {
        for phone in
            ["(+44) 7700 900123", "447700900123", "+0044 7700 900123", "tel: +44 7700 900123", "00 44 (0) 7700 900123"]
        {
            assert_eq!(written("phone", phone), "07700900123", "{phone}");
        }
        for phone in ["+33 1 23 45 67 89", "0033 123456789", "00 33 (1) 23456789"] {
            assert_eq!(written("phone", phone), "0033123456789", "{phone}");
        }
        // No country is in these, and none is made up.
        for (phone, digits) in [("000000", "000000"), ("4477009001", "4477009001"), ("7700 900123", "7700900123")] {
            assert_eq!(written("phone", phone), digits);
        }
    }

    #[test]
    fn brings_together_what_only_a_keyboard_tells_apart() {
        for (kind, one, other) in [
            ("person_name", "Sean O\u{2019}Brien\u{2011}Smith", "SEAN O'BRIEN-SMITH"),
            ("person_name", "J\u{30c}ana", "\u{1f0}ana"),
            ("person_name", "Stra\u{df}er", "STRASSER"),
            ("person_name", "\u{3a3}\u{3bf}\u{3c6}\u{3cc}\u{3c2}", "\u{3a3}\u{39f}\u{3a6}\u{38c}\u{3a3}"),
            ("email", "\u{feff}wren@example.org\u{200b}", "wren@example.org"),
            ("nino", "QQ\u{a0}12\u{2011}34\u{2009}56 C", "qq123456c"),
            ("phone", "\u{660}\u{667}\u{667}\u{660}\u{660} 900123", "07700 900123"),
            ("phone", "\u{ff0b}44 7700 900123", "07700 900123"),
            ("vat_number", "GB 980 7806 84", "gb980780684"),
            ("mac_address", "00:1A:2b:3c:4d:5e", "00-1a-2b-3c-4d-5e"),
        ] {
            assert_eq!(written(kind, one), written(kind, other), "{kind} {one}");
        }
    }

    const KINDS: [Option<&str>; 5] = [Some("email"), Some("person_name"), Some("nino"), Some("phone"), None];

    /// The canonical writing of `text`, which must be its own.
    fn settled(kind: Option<&str>, text: &str) -> Option<String> {
        let (mut once, mut twice) = (String::new(), String::new());
        let first = Canonical::of(kind).write(text, &mut once);
        let second = Canonical::of(kind).write(&once, &mut twice);
        ((first, &once) == (second, &twice)).then_some(once)
    }

    #[test]
    fn every_letter_with_every_sort_of_mark_is_written_once_and_for_all() {
        let has_cases = |sign: char| sign.to_lowercase().ne([sign]) || sign.to_uppercase().ne([sign]);
        let marks = ["", "\u{30c}", "\u{307}", "\u{345}", "\u{200d}\u{308}", "\u{2bc}"];
        let mut count = 0;
        for sign in (' '..=char::MAX).filter(|sign| has_cases(*sign) || std::iter::once(*sign).nfkc().ne([*sign])) {
            let marks = if has_cases(sign) { &marks[..] } else { &marks[..1] };
            for (mark, kind) in marks.iter().flat_map(|mark| KINDS.map(|kind| (mark, kind))) {
                let text = format!("{sign}{mark}");
                assert!(settled(kind, &text).is_some(), "{kind:?} {text:?}");
                count += 1;
            }
        }
        assert!(count > 100_000, "{count}");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(4_000) })]

        #[test]
        fn a_canonical_writing_is_its_own(text in any::<String>(), kind in 0..KINDS.len()) {
            prop_assert!(settled(KINDS[kind], &text).is_some(), "{:?}", text);
        }

        #[test]
        fn a_phone_number_that_is_written_canonically_is_its_own(text in "[+(]{0,2}0{0,4}(44)?\\)?(00)?(44)?[- ]?[0-9\u{660}-\u{669}]{0,12}") {
            prop_assert!(settled(Some("phone"), &text).is_some(), "{:?}", text);
        }

        #[test]
        fn blanks_dashes_and_case_tell_no_two_values_apart(name in "[a-z\u{df}\u{e9}\u{149}\u{1f0}]{1,8}( [a-z]{1,8})?", digits in "[0-9]{6,12}", dash in "[-\u{2010}-\u{2015} \u{a0}]") {
            let spread: String = digits.chars().flat_map(|digit| [digit.to_string(), dash.clone()]).collect();
            prop_assert_eq!(settled(Some("bank_account"), &spread), settled(Some("bank_account"), &digits));
            prop_assert_eq!(settled(Some("person_name"), &format!(" {} ", name.to_uppercase())), settled(Some("person_name"), &name));
            prop_assert_eq!(settled(Some("person_name"), &name.nfd().collect::<String>()), settled(Some("person_name"), &name));
        }
    }

    #[test]
    fn brings_full_width_digits_and_composed_letters_together() {
        assert_eq!(written("phone", "０７７００ ９００１２３"), "07700900123");
        assert_eq!(written("person_name", "Zoe\u{308}"), written("person_name", "zoë"));
    }

    #[test]
    fn leaves_other_kinds_as_they_are() {
        assert_eq!(written("reference", " A b "), " A b ");
    }
}
