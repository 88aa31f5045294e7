//! Events as they are landed, and what is not.

use super::*;
use crate::changes::Payload;
use crate::changes::value::testing;
use arrow::array::AsArray;
use serde_json::json;

const COLUMNS: [(&str, &str, LandedAs); 7] = [
    ("id", "bigint", LandedAs::Kept),
    ("email", "text", LandedAs::Made),
    ("born", "date", LandedAs::Made),
    ("name", "text", LandedAs::LeftOut),
    ("note", "text", LandedAs::Nulled),
    ("doc", "jsonb", LandedAs::Kept),
    ("code", "text", LandedAs::Kept),
];

fn columns() -> Vec<Column> {
    COLUMNS.iter().map(|(name, word, _)| testing::column(name, word)).collect()
}

/// Key and value as they are landed, where every text that is made is `<email>` and every date its first of January.
fn landed(key: Option<&str>, value: Option<&str>, leaves_new_out: bool) -> Result<[Option<String>; 2], NotLanded> {
    let (columns, reading) = (columns(), Reading::default());
    let landed = COLUMNS.map(|column| column.2);
    let terms = ImageTerms {
        columns: &columns,
        landed: &landed,
        needed: &[false; COLUMNS.len()],
        leaves_new_out,
        reading: &reading,
    };
    let bytes = |text: Option<&str>| BinaryViewArray::from(vec![text.map(str::as_bytes)]);
    let (keys, values) = (bytes(key), bytes(value));
    let images = Images::read(&keys, &values, &terms).expect("images");
    if let Some(because) = images.not_landed(0) {
        return Err(because);
    }
    let cells = images.cells();
    let email = cells.column(0).as_string_view().iter().map(|cell| cell.map(|_| "<email>"));
    let made: Vec<ArrayRef> = vec![Arc::new(email.collect::<StringViewArray>()), cells.column(1).clone()];
    let made = RecordBatch::try_new(cells.schema(), made).expect("cells");
    Ok(written(&images, 0, &made, &terms))
}

fn written(images: &Images<'_>, record: usize, made: &RecordBatch, terms: &ImageTerms<'_>) -> [Option<String>; 2] {
    // Something of another record is in them, as there is when one follows another.
    let mut out = ["x".to_owned(), "y".to_owned()];
    let [has_key, has_value] = images.write(record, &images.made(made, terms), terms, &mut out).expect("written");
    let [key, value] = out;
    [has_key.then_some(key), has_value.then_some(value)]
}

fn value(value: &str) -> Result<String, NotLanded> {
    landed(None, Some(value), false).map(|[_, value]| value.expect("a value"))
}

#[test]
fn lands_both_images_and_the_key_with_other_cells_and_nothing_that_nobody_named() {
    let event = r#" {"before": {"id": 7, "email": "a\u0040b.c", "born": 1, "name": "Wren", "note": null}, "op":"u",
        "after":{"id":7.0,"email":null,"born":null,"name":"Wren","note":"Wren","doc":"{\"a\": 1}"}, "who":"Wren",
        "source":{"txId":5,"query":"Wren","table":"t","more":{"a":"Wren"},"sequence":"[\"1\",\"2\"]"},
        "transaction":{"id":"Wren"},"ts_ms":9} "#;
    let expected = concat!(
        r#"{"before":{"id":7,"email":"<email>","born":"1970-01-02","note":null},"#,
        r#""after":{"id":7.0,"email":null,"born":null,"note":null,"doc":"{\"a\": 1}"},"#,
        r#""op":"u","source":{"txId":5,"table":"t","sequence":"[\"1\",\"2\"]"},"ts_ms":9}"#
    );
    let [key, value] = landed(Some(r#"{"id":7,"email":"a@b.c"}"#), Some(event), false).expect("landed");
    assert_eq!(value.as_deref(), Some(expected));
    assert_eq!(key.as_deref(), Some(r#"{"id":7,"email":"<email>"}"#));
    // A tombstone keeps its key.
    let [key, value] = landed(Some(r#"{"id":7}"#), None, false).expect("landed");
    assert_eq!((key.as_deref(), value), (Some(r#"{"id":7}"#), None));
}

#[test]
fn keeps_what_stands_for_an_untouched_value_and_of_a_field_twice_the_last() {
    let event = r#"{"after":{"id":1,"email":"__debezium_unavailable_value","born":3,"email":"x","email":"__debezium_unavailable_value"},"op":"u"}"#;
    let expected = r#"{"after":{"id":1,"born":"1970-01-04","email":"__debezium_unavailable_value"},"op":"u"}"#;
    assert_eq!(value(event).as_deref(), Ok(expected));
    assert_eq!(
        value(r#"{"before":null,"after":null,"op":"d"}"#).as_deref(),
        Ok(r#"{"before":null,"after":null,"op":"d"}"#)
    );
}

#[test]
fn takes_out_of_a_schema_block_what_a_column_is_by_itself() {
    let event = r#"{"schema":{"type":"struct","fields":[{"field":"email","type":"string","default":"wren@example.org"}]},
        "payload":{"after":{"id":1,"email":"x"},"op":"c"}}"#;
    let landed: serde_json::Value = serde_json::from_str(&value(event).expect("landed")).expect("JSON");
    let schema = json!({"type": "struct", "fields": [{"field": "email", "type": "string"}]});
    assert_eq!(landed, json!({"schema": schema, "payload": {"after": {"id": 1, "email": "<email>"}, "op": "c"}}));
}

#[test]
fn does_not_land_what_it_cannot_read_or_nobody_declared() {
    for event in
        ["", "1", "{", "[]", "null1", "Wren", r#"{"after":{"id":1}}"#, r#"{"after":[1],"op":"c"}"#, r#"{"op":"c"} x"#]
    {
        assert_eq!(value(event), Err(NotLanded::NoEvent), "{event}");
    }
    let new = r#"{"after":{"id":1,"mail":"wren@example.org"},"op":"c"}"#;
    assert_eq!(value(new), Err(NotLanded::NewField));
    let withheld = landed(None, Some(new), true).expect("landed");
    assert_eq!(withheld[1].as_deref(), Some(r#"{"after":{"id":1},"op":"c"}"#));
    for cell in [r#""soon""#, "true", "[1]", "9999999999999"] {
        let event = format!(r#"{{"before":{{"born":{cell}}},"after":{{"id":1}},"op":"u"}}"#);
        assert_eq!(value(&event), Err(NotLanded::Cell), "{cell}");
    }
    for key in ["wren@example.org", "7", r#"{"id":1"#] {
        assert_eq!(landed(Some(key), None, false), Err(NotLanded::NoKey), "{key}");
    }
    let bad = BinaryViewArray::from(vec![Some(b"\xff{}".as_slice())]);
    let reading = Reading::default();
    let terms = ImageTerms { columns: &[], landed: &[], needed: &[], leaves_new_out: true, reading: &reading };
    let images = Images::read(&bad, &bad, &terms).expect("images");
    assert_eq!(images.not_landed(0), Some(NotLanded::NoKey));
}

#[test]
fn lands_of_a_heartbeat_its_time_and_where_it_stands() {
    let reading = Reading::default();
    let terms = ImageTerms { columns: &[], landed: &[], needed: &[], leaves_new_out: true, reading: &reading };
    let keys = BinaryViewArray::from(vec![Some(br#"{"serverName":"Wren"}"#.as_slice()); 2]);
    let beats = [r#"{"ts_ms":5,"who":"Wren"}"#, r#"{"after":{"id":"Wren"},"source":{"txId":3},"op":"u"}"#];
    let values = BinaryViewArray::from_iter_values(beats.iter().map(|beat| beat.as_bytes()));
    let images = Images::read(&keys, &values, &terms).expect("images");
    let landed = |at| written(&images, at, images.cells(), &terms);
    assert_eq!(landed(0), [Some("{}".into()), Some(r#"{"ts_ms":5}"#.into())]);
    assert_eq!(landed(1)[1].as_deref(), Some(r#"{"after":{},"source":{"txId":3},"op":"u"}"#));
}

#[test]
fn does_not_land_json_in_a_column_of_text_whose_escapes_nobody_looks_at() {
    for (code, expected) in [
        (r#""A-1""#, Ok(())),
        ("null", Ok(())),
        (r#"{"m":"wren\u0040example.org"}"#, Err(NotLanded::Cell)),
        (r#"["\u0030\u0037700 900123"]"#, Err(NotLanded::Cell)),
        ("{}", Err(NotLanded::Cell)),
    ] {
        let event = format!(r#"{{"before":null,"after":{{"id":1,"code":{code}}},"op":"c","source":{{}},"ts_ms":1}}"#);
        assert_eq!(value(&event).map(|_| ()), expected, "{code}");
    }
}

#[test]
fn does_not_land_letters_that_are_base64_in_a_column_of_numbers_unless_somebody_said_that_it_stands_there() {
    let columns = [testing::column("amount", "numeric(20,2)")];
    let block = r#"{"type":"struct","fields":[{"field":"after","type":"struct","fields":[{"field":"amount","type":"bytes",
        "name":"org.apache.kafka.connect.data.Decimal","parameters":{"scale":"2"}}]}]}"#;
    let event = |cell: &str| format!(r#"{{"after":{{"amount":{cell}}},"op":"c"}}"#);
    let because = |value: &str, decimals| {
        let reading = Reading { decimals, ..Reading::default() };
        let terms = ImageTerms {
            columns: &columns,
            landed: &[LandedAs::Kept],
            needed: &[true],
            leaves_new_out: false,
            reading: &reading,
        };
        let (keys, values) = (BinaryViewArray::from(vec![None]), BinaryViewArray::from(vec![Some(value.as_bytes())]));
        Images::read(&keys, &values, &terms).expect("images").not_landed(0)
    };
    for cell in ["\"12.50\"", "12.5", "\"1234\"", "\"-1e3\"", "\"NaN\"", "null", "\"__debezium_unavailable_value\""] {
        assert_eq!(because(&event(cell), None), None, "{cell}");
    }
    for cell in ["\"Wren\"", "\"WrenAldr\"", "\"Wr\\u0065n\"", "\"AQ==\"", "\"Wren Alder\"", "\"\"", "\"eE+-\""] {
        assert_eq!(because(&event(cell), None), Some(NotLanded::Cell), "{cell}");
    }
    // Said by the source, or by the block.
    assert_eq!(because(&event("\"AQ==\""), Some(crate::changes::Decimals::Precise)), None);
    let framed = format!(r#"{{"schema":{block},"payload":{}}}"#, event("\"AQ==\""));
    assert_eq!(because(&framed, None), None);
}

#[test]
fn lands_beside_a_flat_row_what_a_log_says_of_it_and_no_letter_that_an_escape_hides() {
    let reading = Reading { payload: Payload::DebeziumFlat, ..Reading::default() };
    let beside = |name: &str, told: &str| {
        let columns = [testing::column("id", "bigint")];
        let terms = ImageTerms {
            columns: &columns,
            landed: &[LandedAs::Kept],
            needed: &[false],
            leaves_new_out: false,
            reading: &reading,
        };
        let row = format!("{{\"id\":1,\"{name}\":{told}}}");
        let (keys, values) =
            (BinaryViewArray::from(vec![None::<&[u8]>]), BinaryViewArray::from(vec![Some(row.as_bytes())]));
        let images = Images::read(&keys, &values, &terms).expect("images");
        let [_, value] = written(&images, 0, images.cells(), &terms);
        value.expect("a value") == row
    };
    for word in ["true", "first", "first_in_data_collection", "last_in_data_collection", "last", "incremental", "false"]
    {
        assert!(beside("__snapshot", &format!("\"{word}\"")), "{word}");
    }
    for sequence in [r#""[\"24023128\",\"24023176\"]""#, r#""[null, \"7\"]""#, r#""[null,null]""#, r#""\u005b\"7\"]""#]
    {
        assert!(beside("__sequence", sequence), "{sequence}");
    }
    for hidden in [
        r#""[\"\u0041lder\"]""#,
        r#""\u0041\u006c""#,
        r#""[\"\\u0041\"]""#,
        r#""[\"Wren\"]""#,
        r#""07700 900123""#,
        r#""Wren""#,
        r#""[null,null""#,
        r#""lunnull""#,
        r#"["7","7"]"#,
    ] {
        assert!(!beside("__source_sequence", hidden), "{hidden}");
    }
}
