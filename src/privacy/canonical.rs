//! One writing for each value, so that a pseudonym joins what a person would call the same.
//!
//! By the column's `kind`: an e-mail address in any case and with stray blanks is one address; a phone number, a
//! postcode or an account number is its letters and digits; a name is its words. Other kinds: the text as it is,
//! in Unicode form NFKC. Never in here: keys.

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

/// How values of a kind are written before they are hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Canonical {
    /// Trimmed, lower case.
    Address,
    /// Trimmed, runs of blanks as one, lower case.
    Words,
    /// Letters and digits only, upper case.
    Identifier,
    /// Digits only; a UK number in its national form (`+44 7700 ...`, `0044 7700 ...` and `07700 ...` are one).
    Phone,
    /// NFKC and nothing else.
    Exact,
}

/// Fewest digits of a phone number: shorter ones are an extension's, or no number at all.
const PHONE_DIGITS_MIN: usize = 3;

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
            Some("email" | "login" | "user_name") => Canonical::Address,
            Some("person_name" | "address" | "job_title") => Canonical::Words,
            Some("phone") => Canonical::Phone,
            Some(
                "postcode"
                | "nino"
                | "utr"
                | "nhs_number"
                | "sort_code"
                | "bank_account"
                | "iban"
                | "card"
                | "passport"
                | "driving_licence"
                | "mpan"
                | "mprn"
                | "vehicle_registration",
            ) => Canonical::Identifier,
            _ => Canonical::Exact,
        }
    }

    /// Writes `text` into `out`, which is cleared first: canonically where that leaves something of it.
    pub fn write(self, text: &str, out: &mut String) -> Writing {
        out.clear();
        // ASCII is NFKC already, and is seen to be ASCII eight bytes at a time.
        if text.is_ascii() || is_nfkc_quick(text.chars()) == IsNormalized::Yes {
            self.write_normal(text, out);
        } else {
            let normal: String = text.nfkc().collect();
            self.write_normal(&normal, out);
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

    fn write_normal(self, text: &str, out: &mut String) {
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
                let international = text.trim_start().starts_with('+');
                out.extend(text.chars().filter(char::is_ascii_digit));
                let national = match (international, out.as_str()) {
                    (true, digits) => digits.strip_prefix("44"),
                    (false, digits) => digits.strip_prefix("0044"),
                };
                // `+44 (0)7700 ...` carries the national zero as well.
                if let Some(rest) = national {
                    *out = format!("0{}", rest.trim_start_matches('0'));
                }
            }
        }
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
    fn brings_full_width_digits_and_composed_letters_together() {
        assert_eq!(written("phone", "０７７００ ９００１２３"), "07700900123");
        assert_eq!(written("person_name", "Zoe\u{308}"), written("person_name", "zoë"));
    }

    #[test]
    fn leaves_other_kinds_as_they_are() {
        assert_eq!(written("reference", " A b "), " A b ");
    }
}
