//! Extracts while four writers write: the same rows from every topic that carries them, and every difference that was planted.

use super::load::{FIRST_STILL, LEDGER, Load, TABLES};
use super::planted::{Planted, plant};
use super::server::{Server, compared, dataset, run, schema};
use super::stream::{Connector, Line, Wal2json, dump, lines, passed};
use crate::ferry::Ferry;
use crate::readers::python;
use nightferry::data::PgSnapshot;
use serde_json::{Value, json};
use sqlx::{ConnectOptions, Connection};

/// Differences of a round.
const PLANTED: usize = 9;
/// Partitions of the ledger's topics.
const PARTITIONS: u64 = 3;
/// What `double` does not tell: a float has no digits of its own that PostgreSQL would print.
const NOT_IN_FLOATS: &str = "wide";
/// What wal2json does not tell: money is a text with the signs of the server's `lc_monetary`.
const NOT_IN_WAL2JSON: &str = "fee";

/// Extracts under load.
fn rounds() -> u64 {
    if std::env::var_os("NIGHTFERRY_SOAK").is_some() { 30 } else { 5 }
}

struct Streams {
    precise: Connector,
    text: Connector,
    float: Connector,
    wal2json: Wal2json,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn extracts_under_load_drift_only_where_a_difference_was_planted() {
    let mut server = Server::lay(TABLES).await;
    let tables = "app.ledger,app.queue";
    let name = |of: &str| format!("{of}_{}", server.database);
    let names = ["precise", "text", "float", "wal2json"].map(name);
    let wal2json = Wal2json::start(&server.database, &names[3], "app.ledger");
    let with_schema = [
        ("decimal.handling.mode", "string"),
        ("value.converter", "org.apache.kafka.connect.json.JsonConverter"),
        ("value.converter.schemas.enable", "true"),
    ];
    let admin = &mut server.admin;
    let streams = Streams {
        precise: Connector::start(admin, &names[0], tables, &[]).await,
        text: Connector::start(admin, &names[1], "app.ledger", &with_schema).await,
        float: Connector::start(admin, &names[2], "app.ledger", &[("decimal.handling.mode", "double")]).await,
        wal2json,
    };
    let load = Load::start(&server.options, 7).await;
    let mut columns = LEDGER.to_vec();
    let mut by_lsn = Vec::new();
    for round in 0..rounds() {
        load.go_on();
        run(&mut server.admin, "truncate app.queue").await;
        if round == rounds() / 2 {
            // A column that comes in the middle of the topics, with a value for every row.
            let added = "begin; alter table app.ledger add column risk numeric(6,3) not null default 0.5;
                update app.ledger set risk = id % 1000 / 1000.0; commit";
            run(&mut server.admin, added).await;
            columns.push(("risk", "numeric(6,3)"));
        }
        tokio::time::sleep(std::time::Duration::from_millis(600)).await;
        by_lsn.push(one(&mut server, &streams, &columns).await);
        say(&format!("extract {}: rows that other rules would call drift: {}", round + 1, by_lsn[round as usize]));
    }
    let committed = load.stop().await;
    assert!(committed.iter().all(|transactions| *transactions > rounds()), "{committed:?}");
    // The same changes of wal2json, placed by their place in the log: transactions that were open are taken for what the
    // extract shows. By transaction nothing is wrong in any of the extracts. What a commit's place misleads: `moments.rs`.
    assert!(by_lsn.iter().all(|drift| drift["transaction"] == 0), "{by_lsn:?}");
    assert!(by_lsn.iter().all(|drift| drift["change_lsn"] != 0), "{by_lsn:?}");
    say(&seen(&committed, &by_lsn, &streams));

    let Streams { precise, text, float, wal2json } = streams;
    wal2json.stop(&mut server.admin).await;
    for connector in [precise, text, float] {
        connector.stop(&mut server.admin).await;
    }
    server.go().await;
}

/// One extract, and what each topic comes to beside it. Gives the rows that would drift by other rules.
async fn one(server: &mut Server, streams: &Streams, columns: &[(&str, &str)]) -> Value {
    let ferry = ferry(server, streams, columns);
    let before = server.snapshot().await;
    // Its change lies in front of the extract in the log, and it commits behind.
    let mut open = server.options.connect().await.expect("a connection");
    run(&mut open, &format!("begin; update app.ledger set amount = amount + 1 where id = {FIRST_STILL}")).await;
    let held = server.extract(&ferry).await;
    run(&mut open, "commit").await;
    open.close().await.expect("closed");
    let after = server.snapshot().await;
    let planted = write_dumps(&ferry, streams, &before, after.xmax).await;
    let (came, report) = server.open(held).await;
    assert_eq!(came.code, 0, "{}{:#?}", came.err, outcomes(&report));

    let source = &report["datasets"][0]["source"];
    let snapshot = PgSnapshot::parse(source["snapshot"].as_str().expect("a snapshot")).expect("a snapshot");
    assert!(before.xmax <= snapshot.xmax && snapshot.xmax <= after.xmax, "{before:?} {snapshot:?} {after:?}");
    for name in ["precise", "text", "float", "wal2json", "queue"] {
        let found = compared(&report, name);
        assert_eq!((&found["verdict"], &found["proof"]), (&json!("MATCH"), &json!("txid")), "{name}: {found:#}");
        assert!(found["compared"].as_u64().is_some_and(|rows| rows > 0 || name == "queue"), "{name}: {found:#}");
        assert!(found["stream"]["later"].as_u64().is_some_and(|later| later > 0), "{name}: {found:#}");
        assert_eq!(
            (&found["stream"]["lacking_offsets"], &found["stream"]["by_window"]),
            (&json!(0), &json!(0)),
            "{name}"
        );
    }
    planted.assert_found(compared(&report, "planted"));

    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/rules.py");
    let table = ferry.path("out/restricted/wal2json");
    let dump = ferry.path("in/wal2json").join(&streams.wal2json.topic).join("all.jsonl");
    let position = source["position"]["lsn"].as_str().expect("a position");
    let arguments =
        [table.to_str(), dump.to_str(), Some(position), source["snapshot"].as_str()].map(|text| text.expect("text"));
    serde_json::from_str(&python(&[&[script][..], &arguments].concat())).expect("JSON")
}

/// Of every dataset, for whoever looks at a failure.
fn outcomes(report: &Value) -> Vec<&Value> {
    report["datasets"].as_array().expect("datasets").iter().map(|dataset| &dataset["reconciliation"]).collect()
}

/// The ledger beside each of its topics, and once more beside a dump with differences; the queue, which is emptied now and then.
fn ferry(server: &Server, streams: &Streams, columns: &[(&str, &str)]) -> Ferry {
    let (precise, ledger) = (streams.precise.topic("app.ledger"), "app.ledger");
    let datasets = [
        dataset("precise", ledger, "ledger", "precise", &precise, "refuse"),
        dataset("text", ledger, "ledger", "text", &streams.text.topic(ledger), "refuse"),
        dataset("float", ledger, "ledger_in_floats", "float", &streams.float.topic(ledger), "refuse"),
        dataset("wal2json", ledger, "ledger_in_wal2json", "wal2json", &streams.wal2json.topic, "refuse"),
        dataset("planted", ledger, "ledger", "planted", &precise, "publish"),
        dataset("queue", "app.queue", "queue", "precise", &streams.precise.topic("app.queue"), "refuse"),
    ];
    let source = |name: &str, said: &str| format!("[source.{name}]\ndump = {{ url = \"in/{name}\", {said} }}\n\n");
    let dumps = [
        source("precise", "layout = \"kcat\", decimals = \"precise\", times = \"adaptive\", cleanup = \"delete\""),
        source("text", "layout = \"kcat\", cleanup = \"delete\""),
        source("float", "layout = \"key_value\", decimals = \"double\", times = \"adaptive\""),
        source("wal2json", "layout = \"kcat\", payload = \"wal2json\", cleanup = \"delete\""),
        source("planted", "layout = \"kcat\", decimals = \"precise\", times = \"adaptive\""),
    ];
    let ferry = server.ferry(&datasets.concat(), &dumps.concat());
    ferry.write("schemas/ledger.toml", &schema(columns));
    for (name, but) in [("ledger_in_floats", NOT_IN_FLOATS), ("ledger_in_wal2json", NOT_IN_WAL2JSON)] {
        let told: Vec<_> = columns.iter().copied().filter(|(name, _)| *name != but).collect();
        ferry.write(&format!("schemas/{name}.toml"), &schema(&told));
    }
    for name in ["precise", "text", "float", "wal2json", "planted"] {
        std::fs::create_dir_all(ferry.path("in").join(name)).expect("made");
    }
    ferry.write("schemas/queue.toml", &schema(&[("id", "bigint"), ("note", "text")]));
    let job = ferry.read(super::server::JOB).replace("schema = \"queue\"", "schema = \"queue\"\nallow_empty = true");
    ferry.write(super::server::JOB, job.as_bytes());
    ferry
}

/// Dumps every topic, once it has come past `beyond`.
async fn write_dumps(ferry: &Ferry, streams: &Streams, shown: &PgSnapshot, beyond: u64) -> Planted {
    let write = |folder: &str, topic: &str, text: &str| {
        ferry.write(&format!("in/{folder}/{topic}/all.jsonl"), text.as_bytes());
    };
    let precise = streams.precise.topic("app.ledger");
    let topics = [
        ("precise", precise.clone(), PARTITIONS),
        ("precise", streams.precise.topic("app.queue"), 1),
        ("text", streams.text.topic("app.ledger"), PARTITIONS),
        ("wal2json", streams.wal2json.topic.clone(), 1),
    ];
    for (folder, topic, partitions) in topics {
        passed(&topic, partitions, beyond).await;
        write(folder, &topic, &dump(&topic, &["-J"]));
    }
    let float = streams.float.topic("app.ledger");
    passed(&float, PARTITIONS, beyond).await;
    for partition in 0..PARTITIONS {
        let lines = dump(&float, &["-p", &partition.to_string(), "-K^", "-Z"]);
        ferry.write(&format!("in/float/{float}/partition={partition}/all.txt"), lines.as_bytes());
    }
    let read = ferry.read(&format!("in/precise/{precise}/all.jsonl"));
    let planted = plant(&read.lines().map(Line::of).collect::<Vec<_>>(), shown, PLANTED);
    write("planted", &precise, &(planted.lines.join("\n") + "\n"));
    planted
}

/// For whoever looks at a soak.
#[expect(clippy::print_stdout, reason = "a soak is long")]
fn say(what: &str) {
    println!("live: {what}");
}

/// What there was; all of it has to be among the events.
fn seen(committed: &[u64], by_lsn: &[Value], streams: &Streams) -> String {
    let events = lines(&streams.precise.topic("app.ledger"));
    let of = |op: &str| events.iter().filter(|line| line.event["op"] == op).count();
    let carried = events.iter().filter(|line| line.event["after"]["body"] == "__debezium_unavailable_value").count();
    let moved = events.iter().filter(|line| line.text.contains("__debezium.oldkey")).count();
    assert!(of("c") > 0 && of("u") > 0 && of("d") > 0 && carried > 0 && moved > 0);
    let failed = |rule: &str| by_lsn.iter().filter(|drift| drift[rule] != 0).count();
    format!(
        "{} extracts, {} transactions, {} inserts, {} updates ({carried} leave a long value out), {} deletes, {moved} changes of key; \
         false drift by change LSN in {} extracts, by commit LSN in {}, by transaction in {}",
        by_lsn.len(),
        committed.iter().sum::<u64>(),
        of("c"),
        of("u"),
        of("d"),
        failed("change_lsn"),
        failed("commit_lsn"),
        failed("transaction"),
    )
}
