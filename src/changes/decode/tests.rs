//! Keys that events have to tell.

use super::*;
use crate::changes::Layout;
use crate::changes::Object;
use crate::changes::value::testing::column;

fn decoded(lines: &str) -> Result<u64, String> {
    let (id, amount) = (column("id", "bigint"), column("amount", "bigint"));
    let object = Object { partition: 0, first_offset: 0, path: "t/partition=0/t+0+0.json".into() };
    let as_of = AsOf { snapshot: None, position: None, extracted_ms: 1_000, window_ms: 0 };
    let changes = decode(
        &Block::whole(&object, Layout::Confluent, lines.to_owned().into()),
        &[&id, &amount],
        &[0],
        &as_of,
        &Reading::default(),
    );
    changes.map(|changes| changes.facts.events).map_err(|fault| fault.to_string())
}

#[test]
fn refuses_an_event_whose_key_it_does_not_know() {
    let whole = r#"{"after":{"id":1,"amount":null},"op":"c"}"#;
    assert_eq!(decoded(whole), Ok(1));
    for after in [r#"{"ID":1}"#, r#"{"id":null}"#, r#"{"id":"x"}"#, "{}"] {
        let fault = decoded(&format!("{whole}\n{{\"after\":{after},\"op\":\"u\"}}"));
        let expected = "line 2 does not tell the key of its row in a way that can be read";
        assert_eq!(fault, Err(expected.into()), "{after}");
    }
    for before in [r#"{"ID":1}"#, r#"{"id":null}"#, "{}", "null"] {
        let fault = decoded(&format!("{whole}\n{{\"before\":{before},\"op\":\"d\"}}"));
        let expected =
            "line 2 deletes a row and does not tell its key; hint: the table's REPLICA IDENTITY has to hold the key";
        assert_eq!(fault, Err(expected.into()), "{before}");
    }
}

#[test]
fn asks_no_key_of_a_truncation_and_of_what_came_later() {
    assert_eq!(decoded(r#"{"op":"t"}"#), Ok(1));
    assert_eq!(decoded(r#"{"after":{"ID":1},"source":{"ts_ms":2000},"op":"c"}"#), Ok(1));
}
