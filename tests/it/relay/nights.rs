//! The whole road with real servers: PostgreSQL -> Debezium -> Kafka -> the relay -> the night.

use super::kafka;
use crate::live::{
    Connector, FIRST_STILL, JOB, LEDGER, Load, Server, TABLES, compared, dataset, execute, lines, passed, plant, schema,
};
use serde_json::{Value, json};
use sqlx::{ConnectOptions, Connection};

/// Partitions of the ledger's topic.
const PARTITIONS: u64 = 3;
/// Differences of a night.
const PLANTED: usize = 9;

/// Nights under load.
fn nights() -> usize {
    if std::env::var_os("NIGHTFERRY_SOAK").is_some() { 30 } else { 5 }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nights_under_load_agree_with_what_the_relay_landed_but_for_what_was_planted_in_a_topic() {
    let mut server = Server::lay(TABLES).await;
    let name = format!("relayed_{}", server.database);
    let connector = Connector::start(&mut server.admin, &name, "app.ledger,app.queue", &[]).await;
    let topic = connector.topic("app.ledger");
    let load = Load::start(&server.options, 11).await;
    let reading = "decimals = \"precise\", times = \"adaptive\", cleanup = \"delete\", ";
    let source = super::source("").replace("cleanup = \"delete\", ", reading);
    // One project for all nights: each lands behind the one before.
    let differing = |night: usize| format!("{name}.planted-{night}");
    let datasets = dataset("ledger", "app.ledger", "ledger", "topics", &topic, "refuse")
        + &dataset("planted", "app.ledger", "ledger", "topics", &differing(0), "publish");
    let ferry = server.ferry(&datasets, &source);
    std::fs::create_dir_all(ferry.path("landed")).expect("made");
    ferry.write("schemas/ledger.toml", &schema(&LEDGER));
    let (mut records, mut objects) = (0, 0);
    for night in 0..nights() {
        load.go_on();
        // The same changes but for some, in a topic of this night's own: its name is in the job before the extract begins.
        let (of_this_night, before) = (differing(night), server.snapshot().await);
        ferry.edit(JOB, &differing(night.saturating_sub(1)), &of_this_night);
        tokio::time::sleep(std::time::Duration::from_millis(400)).await;
        let mut open = server.options.connect().await.expect("a connection");
        execute(&mut open, &format!("begin; update app.ledger set amount = amount + 1 where id = {FIRST_STILL}")).await;
        let held = server.extract(&ferry).await;
        execute(&mut open, "commit").await;
        open.close().await.expect("closed");
        let after = server.snapshot().await;
        passed(&topic, PARTITIONS, after.xmax).await;
        let planted = plant(&lines(&topic), &before, PLANTED);
        kafka::make(&of_this_night, i32::try_from(PARTITIONS).expect("few"), &[]).await;
        kafka::write_printed(&of_this_night, &planted.lines);
        let came = ferry.run(&["relay", JOB, "--json"]);
        assert_eq!(came.code, 0, "{}", came.err);
        let told: Value = serde_json::from_str(&came.out).expect("JSON");
        let of = |topic: &str| told["topics"].as_array().into_iter().flatten().find(|told| told["topic"] == topic);
        let copied = of(&of_this_night).expect("told")["records"].as_u64();
        assert_eq!(copied, Some(planted.lines.len() as u64), "{told}");
        let told = of(&topic).expect("told");
        assert_eq!((&told["complete"], &told["found"]), (&json!(true), &json!(0)), "{told}");
        records += told["records"].as_u64().expect("a count");
        objects += told["objects"].as_u64().expect("a count");
        let (came, report) = server.open(held).await;
        assert_eq!(came.code, 0, "night {night}: {}{report:#}", came.err);
        let found = compared(&report, "ledger");
        assert_eq!((&found["verdict"], &found["proof"]), (&json!("MATCH"), &json!("txid")), "{found:#}");
        assert!(found["stream"]["later"].as_u64().is_some_and(|later| later > 0), "{found:#}");
        let stream = ["lacking_offsets", "again", "by_window"].map(|count| &found["stream"][count]);
        assert_eq!(stream, [&json!(0); 3], "{found:#}");
        planted.assert_found(compared(&report, "planted"));
        // The same night again would be already published.
        std::fs::remove_dir_all(ferry.path("out")).expect("removed");
    }
    let chain = super::chain(&ferry, &topic);
    let partitions = chain.as_object().expect("partitions");
    let sum = |count: &str| partitions.values().filter_map(|told| told[count].as_u64()).sum::<u64>();
    assert_eq!((sum("records"), sum("once"), sum("objects")), (records, records, objects), "{chain}");
    assert!(partitions.values().all(|told| told["whole"] == true), "{chain}");
    load.stop().await;
    connector.stop(&mut server.admin).await;
    server.go().await;
}
