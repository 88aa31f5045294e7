//! Envelopes written by hand after the specification's own examples.

use super::*;
use crate::changes::value::testing::column;
use proptest::prelude::*;

pub(super) const ENVELOPE: &str = r#"{"type":"record","name":"Envelope","namespace":"app.thing","fields":[
 {"name":"before","type":["null",{"type":"record","name":"Value","fields":[
   {"name":"id","type":"long"},
   {"name":"amount","type":["null",{"type":"bytes","scale":2,"precision":10,"connect.name":"org.apache.kafka.connect.data.Decimal","logicalType":"decimal"}]},
   {"name":"at","type":{"type":"long","connect.name":"io.debezium.time.MicroTimestamp"}},
   {"name":"wide","type":{"type":"record","name":"VariableScaleDecimal","namespace":"io.debezium.data","fields":[{"name":"scale","type":"int"},{"name":"value","type":"bytes"}]}},
   {"name":"tags","type":{"type":"array","items":"string"}}]}]},
 {"name":"after","type":["null","Value"]},
 {"name":"source","type":{"type":"record","name":"Source","fields":[{"name":"ts_ms","type":"long"},{"name":"txId","type":["null","long"]},{"name":"snapshot","type":["string","null"]}]}},
 {"name":"op","type":"string"},
 {"name":"ts_ms","type":["null","long"]}]}"#;

/// Schema 7; before: null; after: id 1, amount 1.25, at 3, wide 1.56, tags ["a"]; source 100, 571, "false"; op u; no ts_ms.
pub(super) const UPDATE: &[u8] = b"\x00\x00\x00\x00\x07\x00\x02\x02\x02\x02\x7d\x06\x04\x04\x00\x9c\x02\x02a\x00\xc8\x01\x02\xf6\x08\x00\x0afalse\x02u\x00";

fn schemas() -> Schemas {
    Schemas([(SchemaId::Number(7), Schema::parse(ENVELOPE.as_bytes()).expect("a schema"))].into())
}

fn said(value: &[u8]) -> Result<Option<(Operation, Source, Vec<String>)>, Unread> {
    let columns = [
        ("id", "bigint"),
        ("amount", "numeric(10,2)"),
        ("at", "timestamp"),
        ("wide", "numeric(10,2)"),
        ("tags", "text"),
    ]
    .map(|(name, column_type)| column(name, column_type));
    let mut names = Names::new(&columns.each_ref());
    let mut row = names.row();
    let event = read(Framed { bytes: value, header: None }, &schemas(), &mut names, &mut row)?;
    let cells = (0..5).map(|place| format!("{:?}", row.cell(place))).collect();
    Ok(event.map(|(event, _)| (event.operation, event.source, cells)))
}

#[test]
fn reads_an_envelope_by_its_writers_schema() {
    let (operation, source, cells) = said(UPDATE).expect("an event").expect("an event");
    assert_eq!(operation, Operation::Upsert);
    assert_eq!((source.committed_ms, source.txid), (Some(100), Some(571)));
    assert_eq!(cells, ["Whole(1)", "Bytes([125])", "Whole(3)", "Decimal([0, 156], 2)", "Other"]);
    let hints = schemas().hints(SchemaId::Number(7));
    assert_eq!(hints["amount"].scale, Some(2));
    assert_eq!(hints["at"].name.as_deref(), Some("io.debezium.time.MicroTimestamp"));
}

#[test]
fn refuses_other_bytes_and_names_a_schema_that_is_not_there() {
    let mut unknown = UPDATE.to_vec();
    unknown[4] = 8;
    assert_eq!(said(&unknown), Err(Unread::NoSchema(SchemaId::Number(8))));
    // A text of 2^31 - 1 bytes, an array of 2^62 items, a number of eleven bytes, more behind the end.
    let long = [&UPDATE[..8], b"\x02\xfe\xff\xff\xff\x0f"].concat();
    let many = [&UPDATE[..16], b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"].concat();
    let endless = [&UPDATE[..7], &[0xff; 11][..]].concat();
    let more = [UPDATE, b"\x00"].concat();
    for value in [&long, &many, &endless, &more, &b"\x01\x00\x00\x00\x07".to_vec(), &Vec::new()] {
        assert_eq!(said(value), Err(Unread::NoEvent));
    }
}

#[test]
fn refuses_what_is_no_schema() {
    let deep = format!("{}\"long\"{}", r#"{"type":"array","items":"#.repeat(100), "}".repeat(100));
    for text in
        ["", "1", "\"other\"", r#"{"type":"record","name":"a"}"#, r#"{"type":"enum","name":"a"}"#, deep.as_str()]
    {
        assert!(Schema::parse(text.as_bytes()).is_err(), "{text}");
    }
    // A record within itself has no end that bytes could reach.
    let endless =
        Schema::parse(br#"{"type":"record","name":"a","fields":[{"name":"a","type":"a"}]}"#).expect("a schema");
    assert_eq!(Bytes::new(b"").skip(&endless, endless.root()), Err(Damaged));
}

proptest! {
    #[test]
    fn reads_or_refuses_any_bytes(at in any::<prop::sample::Index>(), to in any::<u8>(), cut in any::<prop::sample::Index>()) {
        let mut value = UPDATE.to_vec();
        value[5 + at.index(UPDATE.len() - 5)] = to;
        let _ = said(&value);
        prop_assert!(said(&UPDATE[..cut.index(UPDATE.len())]).is_err());
    }
}

#[test]
fn finds_the_schema_by_a_guid_before_the_body_or_in_the_header() {
    let guid = SchemaId::Guid(7);
    let schemas = Schemas([(guid, Schema::parse(ENVELOPE.as_bytes()).expect("a schema"))].into());
    let frame = [&[1][..], &7u128.to_be_bytes()].concat();
    let body = &UPDATE[5..];
    let framed = [&frame, body].concat();
    let id = column("id", "bigint");
    let operation = |value: Framed<'_>| {
        let mut names = Names::new(&[&id]);
        let mut row = names.row();
        read(value, &schemas, &mut names, &mut row).map(|event| event.map(|(event, id)| (event.operation, id)))
    };
    let expected = Ok(Some((Operation::Upsert, guid)));
    assert_eq!(operation(Framed { bytes: &framed, header: None }), expected);
    assert_eq!(operation(Framed { bytes: body, header: Some(&frame) }), expected);
    // A header that says more than an id, and one of another schema.
    assert_eq!(operation(Framed { bytes: body, header: Some(&framed) }), Err(Unread::NoEvent));
    let other = [&[1][..], &8u128.to_be_bytes()].concat();
    assert_eq!(operation(Framed { bytes: body, header: Some(&other) }), Err(Unread::NoSchema(SchemaId::Guid(8))));
}

#[test]
fn reads_a_row_without_an_envelope_by_what_stands_beside_it() {
    let schema = r#"{"type":"record","name":"Value","fields":[{"name":"id","type":"long"},
        {"name":"__deleted","type":["null","string"]},{"name":"__op","type":["null","string"]},
        {"name":"__source_txId","type":["null","long"]},{"name":"note","type":["null","string"]}]}"#;
    let schemas = Schemas([(SchemaId::Number(7), Schema::parse(schema.as_bytes()).expect("a schema"))].into());
    let columns = [column("id", "bigint"), column("note", "text")];
    let said = |body: &[u8]| {
        let mut names = Names::new(&columns.each_ref());
        let value = [&[0, 0, 0, 0, 7][..], body].concat();
        let mut cells = names.row();
        let event = row(Framed { bytes: &value, header: None }, &schemas, &mut names, &mut cells)?;
        let told = format!("{:?} {:?}", cells.cell(0), cells.cell(1));
        Ok(event.map(|(event, _)| (event.operation, event.is_untouched_possible, event.source.txid, told)))
    };
    let update = b"\x02\x02\x0afalse\x02\x02u\x02\xf6\x08\x02\x02x";
    let expected = (Operation::Upsert, true, Some(571), "Whole(1) Text(\"x\")".to_owned());
    assert_eq!(said(update), Ok(Some(expected)));
    let deleted = b"\x02\x02\x08true\x00\x00\x00";
    assert_eq!(said(deleted), Ok(Some((Operation::Delete, true, None, "Whole(1) Null".to_owned()))));
    for body in [&update[..5], &b"\x02\x00\x02\x02z\x00\x00"[..]] {
        assert_eq!(said(body), Err(Unread::NoEvent));
    }
}
