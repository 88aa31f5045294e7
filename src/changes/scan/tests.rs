//! What is JSON and what is none.

use super::*;
use proptest::prelude::*;

fn whole(text: &str) -> Result<Json<'_>, NotJson> {
    let mut scanner = Scanner::new(text);
    let value = scanner.value()?;
    scanner.end().map(|()| value)
}

#[test]
fn gives_values_as_they_are_written() {
    assert_eq!(whole(" null "), Ok(Json::Null));
    assert_eq!(whole("-1.50e+3"), Ok(Json::Number("-1.50e+3")));
    assert_eq!(whole(r#"[{"a":"]}"},[]]"#), Ok(Json::Nested(r#"[{"a":"]}"},[]]"#)));
    let Ok(Json::Text(text)) = whole(r#""long enough \"for\" eight""#) else { panic!("no text") };
    assert_eq!(text.read(&mut String::new()), Ok(r#"long enough "for" eight"#));
}

#[test]
fn refuses_what_is_no_json() {
    for text in ["", "nul", "+1", "01", "1.", ".5", "\"a", "\"a\\", "\"\n\"", "[}", "{", "1 2", "NaN", "-"] {
        assert_eq!(whole(text), Err(NotJson), "{text}");
    }
    assert_eq!(whole(&"[".repeat(100_000)), Err(NotJson));
    assert!(whole(&format!("{}{}", "[".repeat(127), "]".repeat(127))).is_ok());
}

#[test]
fn counts_digits_up_to_any_byte_at_any_place() {
    for place in 0..20 {
        for byte in (0..=255u8).filter(|byte| !byte.is_ascii_digit()) {
            let mut bytes = *b"01234567890123456789";
            bytes[place] = byte;
            assert_eq!(digit_bytes(&bytes), place, "{byte}");
        }
        assert_eq!(digit_bytes(&b"98765432109876543210"[place..]), 20 - place);
    }
}

#[test]
fn passes_a_text_up_to_any_byte_that_ends_it() {
    for length in 0..100 {
        for byte in [b'"', b'\\', 0, 0x1f] {
            let mut bytes = vec![b'x'; 100];
            bytes[length] = byte;
            assert_eq!(plain_bytes(&bytes), length, "{byte}");
        }
        assert_eq!(plain_bytes("é".repeat(length).as_bytes()), 2 * length);
    }
}

#[test]
fn steps_over_what_is_known_and_over_nothing_that_is_nearly_so() {
    let long: String = (b'!'..b'~').map(char::from).collect();
    for length in 1..long.len() {
        let known = &long[..length];
        for before in ["", " ", "\t\n "] {
            let text = format!("{before}{long}");
            let mut scanner = Scanner::new(&text);
            assert!(scanner.skips(known));
            assert_eq!(scanner.at, before.len() + length);
        }
        for place in 0..length {
            let mut other = known.to_owned();
            other.replace_range(place..=place, " ");
            assert!(!Scanner::new(&other).skips(known), "{other}");
        }
        assert!(!Scanner::new(&known[1..]).skips(known) && !Scanner::new(&known[..length - 1]).skips(known));
    }
    assert!(!Scanner::new("a").skips(""));
}

proptest! {
    #[test]
    fn passes_what_it_would_give(text in "[\\[\\]{}\",:0-9eE.\\\\a-fu \\-]{0,20}|-?[0-9]{0,12}(\\.[0-9]{0,3})?([eE][+-]?[0-9]{0,2})?[ ,]?") {
        let (mut passing, mut giving) = (Scanner::new(&text), Scanner::new(&text));
        let (passed, given) = (passing.pass(), giving.value());
        prop_assert_eq!(passed.is_ok(), given.is_ok());
        prop_assert!(passed.is_err() || passing.at == giving.at);
    }

    #[test]
    fn reads_what_serde_reads(text in any::<String>(), number in any::<f64>(), whole_number in any::<i64>()) {
        let written = serde_json::json!([text, number, whole_number, null, true]);
        let written = written.to_string();
        prop_assert_eq!(whole(&written), Ok(Json::Nested(&written)));
        let quoted = serde_json::to_string(&text).expect("JSON");
        let Ok(Json::Text(read)) = whole(&quoted) else { panic!("no text") };
        let mut room = String::new();
        prop_assert_eq!(read.read(&mut room), Ok(text.as_str()));
    }

    #[test]
    fn never_panics(text in "[\\[\\]{}\",:0-9eE.\\\\a-fu \\-]{0,40}") {
        let mut scanner = Scanner::new(&text);
        while scanner.value().is_ok() && scanner.peek().is_some() {
            let _ = (scanner.enter(), scanner.name(), scanner.more());
        }
    }
}
