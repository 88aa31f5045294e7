//! A relay that is killed before and after each of its writes: what is landed is one chain without a gap and with nothing twice, every
//! object is named by one manifest, and no object goes on without a record that nobody put aside.

use super::kafka::{Pair, things, topic, write};
use super::treated::{self, records};
use super::{ENVIRONMENT, JOB, chain, ferry, landed};
use crate::ferry::Ferry;
use crate::killed::killed;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const RECORDS: u64 = 4_000;
const SIDES: [&str; 2] = ["before", "after"];

/// Paths of objects that the manifests of a topic name, each as often as it is named.
fn named(ferry: &Ferry, topic: &str) -> Vec<String> {
    let folder = format!("landed/{topic}/_runs");
    let mut named = Vec::new();
    for file in ferry.files(&folder) {
        let manifest: Value = serde_json::from_str(&ferry.read(&format!("{folder}/{file}"))).expect("JSON");
        let objects = manifest["objects"].as_array().expect("objects").iter();
        named.extend(objects.map(|object| object["path"].as_str().expect("a path").to_owned()));
    }
    named.sort();
    named
}

fn objects(ferry: &Ferry, topic: &str) -> Vec<String> {
    let files = ferry.files(&format!("landed/{topic}")).into_iter();
    files.filter(|file| file.ends_with(".parquet")).collect()
}

#[tokio::test]
async fn killed_before_and_after_each_write_it_leaves_one_chain_that_the_next_run_ends() {
    let topic = topic(1, &[]).await;
    let ferry = ferry(&topic, "");
    ferry.edit(ENVIRONMENT, "[secrets]", "[limits]\npart_max = \"64KiB\"\n\n[secrets]");
    write(&topic, 0, &things(0..RECORDS, 4000));
    for (place, nth) in [
        ("store.put.dump_begin", 1),
        ("store.put.dump", 1),
        ("store.put.dump", 2),
        ("store.put.dump", 5),
        ("store.put.dump_manifest", 1),
    ] {
        for side in SIDES {
            let armed = format!("{place}:{side}:{nth}");
            killed(ferry.command(&["relay", JOB]), &armed);
            for told in chain(&ferry, &topic).as_object().expect("partitions").values() {
                assert_eq!((&told["whole"], &told["ascending"]), (&json!(true), &json!(true)), "{armed}: {told}");
                assert_eq!((&told["first"], &told["records"]), (&json!(0), &told["next"]), "{armed}: {told}");
            }
            assert_eq!(landed(&ferry)["complete"], true, "{armed}");
            let told = &chain(&ferry, &topic)["0"];
            let counts = ["records", "once", "next"].map(|count| &told[count]);
            assert_eq!(counts, [&json!(RECORDS); 3], "{armed}: {told}");
            assert_eq!((&told["whole"], &told["ascending"]), (&json!(true), &json!(true)), "{armed}: {told}");
            let objects = objects(&ferry, &topic);
            assert!(objects.len() > 5, "{armed}: {objects:?}");
            assert_eq!(named(&ferry, &topic), objects, "{armed}: each by one manifest");
            std::fs::remove_dir_all(ferry.path("landed")).expect("removed");
        }
    }
}

#[tokio::test]
async fn killed_around_a_record_that_cannot_be_treated_it_puts_that_aside_before_it_goes_on_without_it() {
    let topic = topic(1, &[]).await;
    let ferry = treated::ferry(&topic, ", dead_letters_max = 4");
    let gone = |id: u32| -> Pair { (Some(json!({ "id": id }).to_string()), None) };
    write(&topic, 0, &[gone(1), (Some("secret-key".to_owned()), Some("Wren Alder".to_owned())), gone(2)]);
    // The records that were put aside; the same one once more, by another run, is the same.
    let aside = || {
        let shown = records(&ferry, &format!("out/restricted/dead_letters/{topic}"));
        let lines = shown.lines().filter(|line| !line.contains("\"said\""));
        lines.map(str::to_owned).collect::<BTreeSet<String>>()
    };
    for place in ["store.put.dead_letters", "store.put.dump", "store.put.dump_manifest"] {
        for side in SIDES {
            let armed = format!("{place}:{side}:1");
            killed(ferry.command(&["relay", JOB]), &armed);
            assert!(objects(&ferry, &topic).is_empty() || aside().len() == 1, "{armed}: gone on without it");
            assert_eq!(landed(&ferry)["complete"], true, "{armed}");
            let told = &chain(&ferry, &topic)["0"];
            assert_eq!((&told["records"], &told["next"]), (&json!(2), &json!(3)), "{armed}: {told}");
            assert_eq!((&told["whole"], &told["ascending"]), (&json!(true), &json!(true)), "{armed}: {told}");
            let is_it = |line: &String| line.contains("secret-key") && line.contains("its key is no row");
            let left = aside();
            assert!(left.len() == 1 && left.iter().all(is_it), "{armed}: {left:?}");
            assert_eq!(named(&ferry, &topic), objects(&ferry, &topic), "{armed}");
            for folder in ["landed", "out"] {
                std::fs::remove_dir_all(ferry.path(folder)).expect("removed");
            }
        }
    }
}
