//! Where columns come from and what becomes of them: events as OpenLineage has them, and a catalogue as DCAT has it, held against what is published.

use crate::ferry::Ferry;
use crate::messages::Taker;
use crate::readers::python;
use serde_json::{Value, json};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ENVIRONMENT: &str = "jobs/environments/dev.toml";
const JOB: &str = "jobs/settlements.toml";

/// Holds events against OpenLineage's own client, whose classes are made from the specification; gives how many facets there were, and of how many kinds.
fn read_by_others(ferry: &Ferry) -> (usize, usize) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/openlineage_events.py");
    let told = python(&[script, &ferry.path("target/lineage.jsonl").to_string_lossy()]);
    let counts: Vec<usize> = told.split_whitespace().map(|count| count.parse().expect("a count")).collect();
    assert_eq!(counts[0], ferry.read("target/lineage.jsonl").lines().count(), "{told}");
    (counts[1], counts[2])
}

/// What the client's classes do not say of an event.
fn check(event: &Value) {
    let moment = event["eventTime"].as_str().expect("a moment");
    moment.parse::<chrono::DateTime<chrono::Utc>>().expect("RFC 3339");
    assert!(["START", "COMPLETE", "FAIL", "ABORT"].contains(&event["eventType"].as_str().expect("a type")));
    assert_eq!(event["schemaURL"], "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent");
    assert!(event["producer"].as_str().is_some_and(|uri| uri.contains(':')));
    uuid::Uuid::parse_str(event["run"]["runId"].as_str().expect("an id")).expect("a UUID");
    assert!(event["job"]["namespace"].is_string() && event["job"]["name"].is_string());
    let lineage = event["outputs"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|table| table["facets"]["columnLineage"]["fields"].as_object())
        .flatten();
    for (column, told) in lineage {
        for input in told["inputFields"].as_array().expect("inputs") {
            let is_whole = ["namespace", "name", "field"].iter().all(|key| input[key].is_string());
            assert!(is_whole && input["transformations"][0]["type"] == "DIRECT", "{column}: {input}");
        }
    }
}

fn masking(event: &Value, table: &str, column: &str) -> Value {
    let table = event["outputs"].as_array().expect("outputs").iter().find(|of| of["name"] == table).expect("the table");
    table["facets"]["columnLineage"]["fields"][column]["inputFields"][0]["transformations"][0]["masking"].clone()
}

#[test]
fn a_run_tells_where_its_columns_come_from_to_file_store_and_server() {
    // The server is away at first, and is asked again.
    let taker = Taker::start(&["503", "201"]);
    let ferry = Ferry::shipped();
    let lineage = "\n[lineage]\nstore = true\nfile = \"target/lineage.jsonl\"\nhttp = { url = { env = \"URL\" }, api_key = { env = \"KEY\" } }\n";
    ferry.write(ENVIRONMENT, (ferry.read(ENVIRONMENT) + lineage).as_bytes());
    let run = |more: &[&str]| {
        let output = taker.command(&ferry, &[&["run", JOB, "--json"], more].concat()).output().expect("it starts");
        let came = crate::ferry::Came::of(&output);
        let report: Value = serde_json::from_str(&came.out).unwrap_or_else(|_| panic!("{}", came.err));
        (came, report)
    };
    let (came, report) = run(&[]);
    assert_eq!(came.code, 0, "{}", came.err);
    let events = |ferry: &Ferry| -> Vec<Value> {
        ferry.read("target/lineage.jsonl").lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    };
    let told = events(&ferry);
    let kinds: Vec<&Value> = told.iter().map(|event| &event["eventType"]).collect();
    assert_eq!(kinds, ["START", "COMPLETE"]);
    for event in &told {
        check(event);
        assert_eq!(event["run"]["runId"], report["run"]);
    }
    // The same everywhere.
    let folder = "target/security/lineage/settlements";
    for (event, word) in told.iter().zip(["start", "end"]) {
        let path = format!("{folder}/{}.{word}.json", report["run"].as_str().expect("a run"));
        assert_eq!(&serde_json::from_str::<Value>(&ferry.read(&path)).expect("JSON"), event);
    }
    let taken = taker.taken();
    assert_eq!(taken.len(), 3, "{taken:?}");
    assert!(
        taken
            .iter()
            .all(|taken| taken["headers"]["authorization"].as_str().is_some_and(|key| key.starts_with("Bearer ")))
    );
    assert_eq!((&taken[1]["body"], &taken[2]["body"]), (&told[0], &told[1]));
    // What they say is so.
    let end = &told[1];
    let invoice = "target/warehouse/invoice";
    assert_eq!(masking(end, invoice, "contact_email"), true);
    assert_eq!(masking(end, invoice, "invoice_id"), false);
    assert_eq!(masking(end, invoice, "bank_account"), Value::Null);
    for table in end["outputs"].as_array().expect("outputs") {
        let name = table["name"].as_str().expect("a name").rsplit_once('/').expect("a folder");
        let store = if name.0.ends_with("public") { "public" } else { "warehouse" };
        let dataset =
            report["datasets"].as_array().expect("datasets").iter().find(|told| told["name"] == name.1).expect("told");
        let told =
            dataset["stores"].as_array().expect("stores").iter().find(|told| told["name"] == store).expect("told");
        let statistics = &table["outputFacets"]["outputStatistics"];
        assert_eq!((&statistics["rowCount"], &statistics["size"]), (&told["rows_written"], &told["bytes"]), "{name:?}");
    }
    let assertions: Vec<&Value> = end["inputs"]
        .as_array()
        .expect("inputs")
        .iter()
        .filter_map(|input| input["inputFacets"]["dataQualityAssertions"]["assertions"].as_array())
        .flatten()
        .collect();
    assert!(
        assertions.iter().any(|told| told["assertion"] == "agrees with its topic" && told["success"] == false),
        "the drift"
    );
    // A run that fails.
    std::fs::rename(ferry.path("fixtures/settlements/extract"), ferry.path("away")).expect("moved");
    let (came, _) = run(&["--again", "a test"]);
    let told = events(&ferry);
    assert_eq!((came.code, &told[3]["eventType"]), (14, &json!("FAIL")), "{}", came.err);
    check(&told[3]);
    assert!(
        told[3]["run"]["facets"]["errorMessage"]["message"]
            .as_str()
            .is_some_and(|text| text.starts_with("E-THERE-14") && text.contains("RB-01"))
    );
    let (facets, kinds) = read_by_others(&ferry);
    assert!(facets > 100 && kinds == 12, "{facets} facets of {kinds} kinds");
    // Nothing of it changes how a run ends.
    ferry.edit(ENVIRONMENT, "file = \"target/lineage.jsonl\"", "file = \"jobs\"");
    let nowhere = Taker::start(&["500"]);
    let output = nowhere.command(&ferry, &["run", JOB]).output().expect("it starts");
    let came = crate::ferry::Came::of(&output);
    assert_eq!((came.code, came.err.matches("could not be kept").count()), (14, 4), "{}", came.err);
    let all: String = ferry
        .files("target/security/lineage")
        .iter()
        .map(|file| ferry.read(&format!("target/security/lineage/{file}")))
        .collect();
    for value in ["@example", "Kestrel", "a-key-that-signs"] {
        assert!(!(all.clone() + &came.err).contains(value), "{value}");
    }
}

#[test]
fn the_catalogue_has_the_columns_that_are_published_and_the_picture_what_becomes_of_them() {
    let ferry = Ferry::shipped();
    let (came, _) = ferry.report(&[JOB]);
    assert_eq!(came.code, 0, "{}", came.err);
    let came = ferry.run(&["status", "--catalogue", "target/catalogue"]);
    assert_eq!(came.code, 0, "{}", came.err);
    let catalogue: Value = serde_json::from_str(&ferry.read("target/catalogue/catalogue.jsonld")).expect("JSON");
    assert_eq!(
        (&catalogue["@type"], &catalogue["@context"]["dcat"]),
        (&json!("dcat:Catalog"), &json!("http://www.w3.org/ns/dcat#"))
    );
    let mut compared = 0;
    for dataset in catalogue["dcat:dataset"].as_array().expect("datasets") {
        assert!(
            dataset["@type"] == "dcat:Dataset"
                && dataset["dct:title"].is_string()
                && dataset["dct:publisher"]["foaf:name"].is_string(),
            "{dataset}"
        );
        for distribution in dataset["dcat:distribution"].as_array().expect("distributions") {
            assert!(distribution["dct:accessRights"].is_string() && distribution["@type"] == "dcat:Distribution");
            let place = distribution["dcat:accessURL"][0]["@value"].as_str().expect("a place");
            if !ferry.is_published(place) {
                continue;
            }
            let log = ferry.read(&format!("{place}/_delta_log/00000000000000000000.json"));
            let entry = log.lines().find(|line| line.contains("\"metaData\"")).expect("metadata");
            let entry: Value = serde_json::from_str(entry).expect("JSON");
            let schema: Value =
                serde_json::from_str(entry["metaData"]["schemaString"].as_str().expect("a schema")).expect("JSON");
            let theirs: Vec<Value> = schema["fields"]
                .as_array()
                .expect("fields")
                .iter()
                .map(|field| json!([field["name"], field["type"]]))
                .collect();
            let ours: Vec<Value> = distribution["csvw:tableSchema"]["csvw:column"]
                .as_array()
                .expect("columns")
                .iter()
                .map(|column| json!([column["csvw:name"], column["csvw:datatype"]]))
                .collect();
            assert_eq!(ours, theirs, "{place}");
            compared += ours.len();
        }
    }
    assert!(compared > 40, "{compared}");
    let text = ferry.read("target/catalogue/lineage.txt");
    assert_eq!(text, came.out);
    let line = |words: &[&str]| text.lines().any(|line| line.split_whitespace().collect::<Vec<_>>() == words);
    assert!(line(&["Contact_Email", "hmac", "(people)", "warehouse/invoice.contact_email"]), "{text}");
    assert!(line(&["Bank_Account", "drop", "-"]), "{text}");
    let svg = ferry.path("target/catalogue/lineage.svg");
    let counted = python(&[
        "-c",
        "import sys, xml.etree.ElementTree as x; r = x.parse(sys.argv[1]).getroot(); t = r.findall('.//{*}text'); print(r.tag.split('}')[1], len(t), any(e.get('href') or e.tag.endswith('script') or e.tag.endswith('image') for e in r.iter()))",
        &svg.to_string_lossy(),
    ]);
    let words: Vec<&str> = counted.split_whitespace().collect();
    assert!(
        words[0] == "svg"
            && words[2] == "False"
            && words[1].parse::<usize>().expect("a number") >= text.lines().count(),
        "{counted}"
    );
}

#[test]
fn a_run_that_is_told_to_stop_ends_its_events_with_abort() {
    let ferry = Ferry::of_one_file(
        "app.thing.csv",
        b"id,amount\n1,1\n",
        "amount = { type = \"integer\", class = \"open\" }",
        "",
    );
    let rows: String = (0..3_000_000_u32).map(|id| format!("{id},{id}\n")).collect();
    ferry.write("in/app.thing.csv", format!("id,amount\n{rows}").as_bytes());
    let lineage = "\n[lineage]\nfile = \"target/lineage.jsonl\"\n";
    ferry.write(ENVIRONMENT, (ferry.read(ENVIRONMENT) + lineage).as_bytes());
    let mut command = ferry.command(&["run", "jobs/things.toml", "--json"]);
    let run = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let since = Instant::now();
    while !ferry.path("target/lineage.jsonl").exists() {
        assert!(since.elapsed() < Duration::from_secs(60), "it begins");
        std::thread::sleep(Duration::from_millis(5));
    }
    // From here it takes many seconds to read the rows.
    std::thread::sleep(Duration::from_millis(300));
    let status = Command::new("kill").args(["-TERM", &run.id().to_string()]).status().expect("kill");
    assert!(status.success());
    let came = crate::ferry::Came::of(&run.wait_with_output().expect("it ends"));
    assert_eq!(came.code, 73, "{}", came.err);
    let told = ferry.read("target/lineage.jsonl");
    let events: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    events.iter().for_each(check);
    let kinds: Vec<&Value> = events.iter().map(|event| &event["eventType"]).collect();
    assert_eq!(kinds, ["START", "ABORT"]);
    assert_eq!(events[0]["run"]["runId"], events[1]["run"]["runId"]);
    let message = events[1]["run"]["facets"]["errorMessage"]["message"].as_str().expect("a message");
    assert!(message.starts_with("E-STOP-73 ") && message.contains("RB-16"), "{message}");
    assert!(read_by_others(&ferry).0 > 10);
}
