//! What Debezium writes for what is not ordinary: none of it is called drift, and what nobody can tell is said to be so.

use super::server::{Server, compared, dataset, run, schema};
use super::stream::{Connector, dump, passed};
use serde_json::json;

/// Long bodies are put aside, so that an update that does not touch them leaves them out of the log.
const TABLES: &str = "create table app.moved (id bigint primary key, note text, body text);
  alter table app.moved alter body set storage external;
  create table app.whole (like app.moved including all); alter table app.whole replica identity full;
  create table app.odd (id bigint primary key, wide numeric, share double precision, ratio real, at timestamptz, day date);
  insert into app.moved select i, 'first', repeat(md5(i::text), 100) from generate_series(1, 8) i;
  insert into app.whole select * from app.moved;
  insert into app.odd values (1, 'NaN', 'NaN', 'NaN', '2026-01-01 00:00Z', '2026-01-01'),
    (2, 'Infinity', 'Infinity', '-Infinity', '1583-01-01 00:00Z', '1583-01-01'),
    (3, '-Infinity', '-0', '-0', '9999-12-31 23:59:59.999999Z', '9999-12-31'),
    (4, null, null, null, null, null),
    (5, 1.500, 5e-324, 1e-45, '1969-12-31 23:59:59.999999Z', '1970-01-01'),
    (6, 123456789012345678901234567890.000000001, 1.7976931348623157e308, 3.4028235e38, '2026-03-29 01:00Z', '2026-03-29');";
/// The same again, while it streams.
const CHANGES: &str = "update app.moved set id = id + 100 where id <= 3; update app.moved set note = 'second' where id = 4;
  update app.moved set id = id + 200, body = 'short' where id = 5;
  update app.whole set id = id + 100 where id <= 3; update app.whole set note = 'second' where id = 4;
  insert into app.odd select id + 10, wide, share, ratio, at, day from app.odd; update app.odd set id = id + 100 where id in (1, 2)";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_debezium_cannot_say_is_not_told_and_never_drift() {
    let mut server = Server::lay(TABLES).await;
    let tables = "app.moved,app.whole,app.odd";
    let modes = ["precise", "string", "double"];
    let mut connectors = Vec::new();
    for mode in modes {
        let name = format!("{mode}_{}", server.database);
        connectors.push(Connector::start(&mut server.admin, &name, tables, &[("decimal.handling.mode", mode)]).await);
    }
    run(&mut server.admin, CHANGES).await;

    let (mut datasets, mut dumps) = (String::new(), String::new());
    for (mode, connector) in modes.iter().zip(&connectors) {
        datasets += &dataset(&format!("odd_{mode}"), "app.odd", "odd", mode, &connector.topic("app.odd"), "refuse");
        dumps +=
            &format!("[source.{mode}]\ndump = {{ url = \"in/{mode}\", layout = \"kcat\", decimals = \"{mode}\" }}\n\n");
    }
    datasets += &dataset("moved", "app.moved", "moved", "precise", &connectors[0].topic("app.moved"), "refuse");
    datasets += &dataset("whole", "app.whole", "moved", "precise", &connectors[0].topic("app.whole"), "refuse");
    let ferry = server.ferry(&datasets.replace("on_drift", "on_inconclusive = \"publish\"\non_drift"), &dumps);
    modes.iter().for_each(|mode| std::fs::create_dir_all(ferry.path("in").join(mode)).expect("made"));
    ferry.write("schemas/moved.toml", &schema(&[("id", "bigint"), ("note", "text"), ("body", "text")]));
    let odd = [
        ("id", "bigint"),
        ("wide", "numeric"),
        ("share", "double precision"),
        ("ratio", "real"),
        ("at", "timestamptz"),
        ("day", "date"),
    ];
    ferry.write("schemas/odd.toml", &schema(&odd));

    let held = server.extract(&ferry).await;
    let beyond = server.snapshot().await.xmax;
    let later = "insert into app.moved select i from generate_series(1000, 1050) i; insert into app.whole select i from generate_series(1000, 1050) i;
        insert into app.odd select i from generate_series(1000, 1050) i";
    run(&mut server.admin, later).await;
    for (mode, connector) in modes.iter().zip(&connectors) {
        for table in ["app.moved", "app.whole", "app.odd"] {
            let topic = connector.topic(table);
            passed(&topic, 3, beyond).await;
            ferry.write(&format!("in/{mode}/{topic}/all.jsonl"), dump(&topic, &["-J"]).as_bytes());
        }
    }
    let (came, report) = server.open(held).await;
    assert_eq!(came.code, 0, "{}", came.err);

    // Three rows went to another key with a long body that stayed: their events do not hold it.
    let moved = compared(&report, "moved");
    assert_eq!(
        (&moved["verdict"], &moved["changed"], &moved["unknown_cells"]),
        (&json!("INCONCLUSIVE"), &json!(0), &json!(3)),
        "{moved:#}"
    );
    assert!(
        moved["phrase"].as_str().is_some_and(|phrase| phrase.contains("body: where a row's key changed")),
        "{moved:#}"
    );
    // With its replica identity full, the table's log has it.
    assert_eq!(compared(&report, "whole")["verdict"], "MATCH", "{:#}", compared(&report, "whole"));

    for mode in modes {
        let odd = compared(&report, &format!("odd_{mode}"));
        let counts = ["changed", "missing", "extra"].map(|count| odd[count].as_u64().expect("a count"));
        assert_eq!(counts, [0, 0, 0], "{mode}: {odd:#}");
        let (verdict, unknown) = match mode {
            // NaN and the infinities, each of them before and after the connector began: NULL in their place.
            "precise" => ("INCONCLUSIVE", 6),
            "string" => ("MATCH", 0),
            // No float has digits that PostgreSQL would print.
            _ => ("INCONCLUSIVE", 4),
        };
        assert_eq!((&odd["verdict"], &odd["unknown_cells"]), (&json!(verdict), &json!(unknown)), "{mode}: {odd:#}");
    }
    for connector in connectors {
        connector.stop(&mut server.admin).await;
    }
    server.go().await;
}
