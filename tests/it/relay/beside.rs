//! Topics that a job names beside its datasets: landed with a schema of their own, and read by no night.

use super::kafka::{Pair, topic, write};
use super::{JOB, chain, refused};
use crate::ferry::Ferry;
use serde_json::{Value, json};

/// A project with one dataset and its topic, and a table `audit` for `other`, landed for `audience`.
fn ferry(compared: &str, other: &str, beats: &str, audience: &str) -> Ferry {
    let ferry = super::ferry(compared, &format!(", audience = \"{audience}\""));
    let job = ferry.read(JOB)
        + &format!(
            "\n[topic.audit]\nfrom = \"topics\"\ntopic = \"{other}\"\nschema = \"audit\"\nheartbeat = \"{beats}\"\n"
        );
    ferry.write(JOB, job.as_bytes());
    let schema = "description = \"Who looked at what.\"\nkey = [\"id\"]\n\n[columns]\n\
        id = { type = \"bigint\", class = \"internal\" }\n\
        what = { type = \"text\", class = \"internal\", nullable = true }\n\
        who = { type = \"text\", class = \"personal\", kind = \"email\", nullable = true, treat = { analytics = { hmac = \"people\" } } }\n";
    ferry.write("schemas/audit.toml", schema.as_bytes());
    ferry
}

fn looked(id: u64, more: Value) -> Pair {
    let mut after = json!({"id": id, "what": "invoice", "who": format!("wren{id}@example.org")});
    if let (Some(after), Some(more)) = (after.as_object_mut(), more.as_object()) {
        after.extend(more.clone());
    }
    let value = json!({"before": null, "after": after, "source": {"txId": 4000, "ts_ms": 5}, "op": "c"});
    (Some(json!({"id": id}).to_string()), Some(value.to_string()))
}

fn beat() -> Pair {
    (Some("{\"serverName\":\"s\"}".to_owned()), Some("{\"ts_ms\":1795000000000}".to_owned()))
}

/// What a run tells of a topic.
fn told(ferry: &Ferry, topic: &str) -> Value {
    let came = ferry.run(&["relay", JOB, "--json"]);
    assert_eq!(came.code, 0, "{}", came.err);
    let told: Value = serde_json::from_str(&came.out).expect("JSON");
    let topics = told["topics"].as_array().expect("topics").clone();
    topics.into_iter().find(|of| of["topic"] == topic).expect("it is landed")
}

#[tokio::test]
async fn a_topic_that_nothing_is_compared_with_is_landed_with_its_heartbeat_and_no_night_looks_at_it() {
    let (compared, other, beats) = (topic(1, &[]).await, topic(2, &[]).await, topic(1, &[]).await);
    let ferry = ferry(&compared, &other, &beats, "restricted");
    write(&compared, 0, &super::kafka::things(0..2, 6000));
    write(&other, 1, &[looked(1, json!({})), looked(2, json!({"nobody": "declared this"}))]);
    write(&beats, 0, &[beat()]);
    let (plan, shown) = (ferry.run(&["relay", JOB, "--plan"]), ferry.run(&["plan", JOB]));
    assert!([&compared, &other, &beats].iter().all(|topic| plan.out.contains(*topic)), "{}", plan.out);
    assert!(shown.out.contains(&format!("topic     {other} of topics")), "{}", shown.out);
    assert!(shown.out.contains("by `nightferry relay`, for restricted; no night reads it"), "{}", shown.out);
    let of = told(&ferry, &other);
    // Inside, values are landed as they are: what is in them is nobody's business yet.
    assert_eq!((&of["records"], &of["dead_letters"], &of["partitions"]), (&json!(2), &json!(0), &json!(2)), "{of}");
    assert_eq!(chain(&ferry, &beats)["0"]["records"], 1);
    // It is gone on with like any other.
    write(&other, 0, &[looked(3, json!({}))]);
    assert_eq!(told(&ferry, &other)["records"], 1);
    assert_eq!(chain(&ferry, &other)["1"]["whole"], true);
    // A night lists nothing of it.
    std::fs::remove_dir_all(ferry.path(&format!("landed/{other}"))).expect("removed");
    let came = ferry.run(&["run", JOB, "--dry-run", "--json"]);
    assert!(!came.err.contains(&other) && !came.out.contains(&other), "{}{}", came.out, came.err);
}

#[tokio::test]
async fn it_is_treated_by_its_own_schema_with_dead_letters_of_its_own() {
    let (compared, other, beats) = (topic(1, &[]).await, topic(1, &[]).await, topic(1, &[]).await);
    let ferry = ferry(&compared, &other, &beats, "analytics");
    write(&compared, 0, &super::kafka::things(0..2, 6000));
    write(&other, 0, &[looked(1, json!({})), looked(2, json!({"mail": "finch@example.org"}))]);
    write(&beats, 0, &[beat()]);
    let shown = ferry.run(&["plan", JOB]);
    assert!(shown.out.contains("for analytics; no night reads it"), "{}", shown.out);
    assert!(shown.out.contains("keys\n  version 1 of the keys of people"), "{}", shown.out);
    let json: Value = serde_json::from_str(&ferry.run(&["plan", JOB, "--json"]).out).expect("JSON");
    let of = &json["topics"][0];
    assert_eq!((&of["topic"], &of["audience"], &of["heartbeat"]), (&json!(other), &json!("analytics"), &json!(beats)));
    let of = told(&ferry, &other);
    assert_eq!((&of["records"], &of["dead_letters"]), (&json!(1), &json!(1)), "{of}");
    super::treated::shows_none(&ferry, &of.to_string());
    let landed = super::treated::records(&ferry, &format!("landed/{other}"));
    assert!(!landed.contains("example.org") && landed.contains("invoice"), "{landed}");
    let aside = super::treated::records(&ferry, &format!("out/restricted/dead_letters/{other}"));
    assert!(aside.contains("it has a field that no schema declares") && aside.contains("finch@"), "{aside}");
    // A declared path that no row has ends the run, there too.
    ferry.edit("schemas/audit.toml", "key = [\"id\"]", "key = [\"id\"]\non_new_column = \"withhold\"");
    let renamed = json!({"after": {"id": 4, "what": "invoice", "mail": "finch@example.org"}, "source": {}, "op": "c"});
    write(&other, 0, &[(Some("{\"id\":4}".to_owned()), Some(renamed.to_string()))]);
    let came = refused(&ferry, 23, "E-PATH-23");
    assert!(came.err.contains(&format!("is in no row of topic `{other}`")), "{}", came.err);
}
