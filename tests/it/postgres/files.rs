//! What is published of one snapshot: the same files to the byte, whatever the number of sessions.

use super::bench::Bench;
use super::nights::{Running, assert_published, ferry, lay};
use serde_json::Value;

/// A Parquet file without its footer, which names the run and its snapshot: all rows, encoded.
fn rows(mut bytes: Vec<u8>) -> Vec<u8> {
    let (rest, end) = bytes.split_last_chunk::<8>().expect("a file");
    let footer = u32::from_le_bytes(end[..4].try_into().expect("four bytes")) as usize;
    assert_eq!(&end[4..], b"PAR1");
    bytes.truncate(rest.len() - footer);
    bytes
}

#[tokio::test]
async fn one_sessions_files_are_those_of_two_and_of_four() {
    let schema = "it_files";
    let mut bench = Bench::lay(schema, &lay(schema)).await;
    // Holes, and rows that have moved to the end.
    bench.run(&format!("UPDATE {schema}.here SET note = note || 'x' WHERE id % 5 = 0")).await;
    bench.run(&format!("VACUUM {schema}.here")).await;
    let mut published: Vec<Vec<Vec<u8>>> = Vec::new();
    for connections in ["1", "2", "4"] {
        let ferry = ferry(schema, &[("connections", connections)]);
        let came = Running::of(&ferry).came();
        assert_published(&ferry, &came);
        let mut parts = Vec::new();
        for table in ["here", "there"] {
            let folder = format!("out/warehouse/{table}");
            let mut files = ferry.files(&folder);
            files.retain(|file| file.ends_with(".parquet"));
            files.sort();
            parts.extend(files.iter().map(|file| rows(std::fs::read(ferry.path(&folder).join(file)).expect("a part"))));
            // The manifest says where they come from.
            let manifest = ferry.files(&folder).into_iter().find(|file| file.ends_with("_manifest.json")).expect("one");
            let manifest: Value = serde_json::from_str(&ferry.read(&format!("{folder}/{manifest}"))).expect("JSON");
            let version =
                bench.printed("SELECT 'PostgreSQL ' || split_part(current_setting('server_version'), ' ', 1)").await;
            assert_eq!(manifest["server"].as_str(), version[0].as_deref());
            let system = bench.printed("SELECT system_identifier::text FROM pg_control_system()").await;
            assert_eq!(manifest["position"]["system"].as_str(), system[0].as_deref());
        }
        published.push(parts);
    }
    assert!(published[0].iter().map(Vec::len).sum::<usize>() > 10_000);
    assert!(published[0] == published[1], "two sessions' files are others than one's");
    assert!(published[0] == published[2], "four sessions' files are others than one's");
}
