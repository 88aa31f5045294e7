//! What a run costs, by prices that an environment may say itself, and how much of it may leave AWS.

use crate::ferry::Ferry;
use serde_json::{Value, json};

const ENVIRONMENT: &str = "jobs/environments/dev.toml";
const PRICES: &str =
    "\n[prices]\nas_of = \"2026-11\"\nvcpu_hour_usd = \"60\"\ngb_hour_usd = \"0\"\negress_gb_usd = \"1000\"\n";

/// A job whose table has a second cloud, so that what it writes leaves AWS; with a limit to that.
fn ferry(bytes_out_max: &str) -> Ferry {
    let rows: String = (1..=2_000_u64).map(|id| format!("{id},{}\n", id * id * 48_271 % 1_000_003)).collect();
    let amount = "amount = { type = \"integer\", class = \"open\" }";
    let ferry = Ferry::of_one_file("app.thing.csv", format!("id,amount\n{rows}").as_bytes(), amount, "");
    ferry.edit(ENVIRONMENT, "url = \"out/warehouse\"", "url = \"out/warehouse\"\nsecond = \"out/second\"");
    let limits = format!("{PRICES}\n[limits]\nbytes_out_max = \"{bytes_out_max}\"\n");
    ferry.write(ENVIRONMENT, (ferry.read(ENVIRONMENT) + &limits).as_bytes());
    ferry
}

#[test]
fn more_than_may_leave_aws_ends_with_52_before_anything_leaves() {
    let ferry = ferry("1KiB");
    let (came, report) = ferry.report(&["jobs/things.toml"]);
    assert_eq!((came.code, &report["outcome"]), (52, &json!("failed")), "{}", came.err);
    assert!(came.endings()[0].starts_with("E-BYTES-52 phase=publish"), "{}", came.err);
    assert!(!ferry.is_published("out/warehouse/thing"));
    let left: Vec<String> = ferry.files("out/second").into_iter().filter(|file| file.contains("thing")).collect();
    assert_eq!(left, Vec::<String>::new());
    ferry.edit(ENVIRONMENT, "bytes_out_max = \"1KiB\"", "bytes_out_max = \"1MiB\"");
    let (came, report) = ferry.report(&["jobs/things.toml"]);
    assert_eq!(came.code, 0, "{}", came.err);
    assert!(ferry.is_published("out/second/thing"));
    // A minute is billed of a run of seconds: a dollar, and a thousand for each GB.
    let bytes = report["cost"]["bytes_out"]["warehouse"].as_f64().expect("bytes");
    let usd = report["cost"]["usd"].as_f64().expect("USD");
    assert!(bytes > 1024.0 && (usd - (1.0 + bytes / 1e6)).abs() < 0.0001, "{usd} {bytes}");
    let basis = report["cost"]["basis"].as_str().expect("a basis");
    assert!(basis.starts_with("the environment's prices of 2026-11, requests by the fargate"), "{basis}");
}

#[test]
fn the_plan_says_what_an_hour_and_what_leaves_aws_cost() {
    let ferry = ferry("2MiB");
    let told = ferry.run(&["plan", "jobs/things.toml"]);
    for words in [
        "1.0000 USD a run at least, 60.000 an hour (1 vCPU, 2 GB)",
        "1000 USD a GB that leaves AWS, 2097152 bytes and 2.10 USD at most",
        "the environment's prices of 2026-11",
    ] {
        assert!(told.out.contains(words), "{words}: {}", told.out);
    }
    let plan: Value = serde_json::from_str(&ferry.run(&["plan", "jobs/things.toml", "--json"]).out).expect("JSON");
    assert_eq!((&plan["cost"]["usd_an_hour"], &plan["cost"]["bytes_out_max"]), (&json!(60.0), &json!(2_097_152)));
    // The table that is built in says of when it is.
    let told = Ferry::shipped().run(&["plan", "jobs/settlements.toml"]);
    assert!(told.out.contains("price table of 2026-03") && told.out.contains("nothing leaves AWS"), "{}", told.out);
}
