//! A copy whose object comes in pieces, by the real binary: wherever it is killed, from when a store is asked to begin it until it is put
//! together or aborted, nobody sees any of it, and the next run makes it.

use super::{ENVIRONMENT, JOB, PLAIN, bucket, into_s3, published, said};
use crate::faulty::server::{Fault, Script, Server};
use crate::ferry::Ferry;
use crate::killed::killed;
use crate::readers::python;
use bytes::Bytes;
use object_store::ObjectStoreExt;
use serde_json::{Value, json};
use std::path::Path;

/// The night of which the copy is.
const NIGHT: [&str; 4] = ["run", JOB, "--progress", "none"];
/// What lies in the folder of a copy that is whole.
const OBJECTS: [&str; 2] = ["_version.json", "all.parquet"];

/// Rows of the table whose object comes in two pieces, which nothing makes small: 16 MiB are the most of one.
const LARGE_ROWS: u64 = 4_000;
const LARGE_NOTE: usize = 6_000;

/// A table of such rows.
fn large() -> Ferry {
    let columns = "amount = { type = \"integer\", class = \"open\" }\nnote = { type = \"text\", class = \"open\" }";
    let ferry = Ferry::of_one_file("app.thing.csv", noise().as_bytes(), columns, PLAIN);
    ferry.edit(ENVIRONMENT, "[secrets]", "[limits]\nrow_group_rows_max = 500\npart_rows_max = 2500\n\n[secrets]");
    ferry
}

fn noise() -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut drawn, mut text) = (7_u64, "id,amount,note\n".to_owned());
    for id in 0..LARGE_ROWS {
        text += &format!("{id},{id},");
        for _ in 0..LARGE_NOTE / 10 {
            // Marsaglia's xorshift.
            drawn ^= drawn << 13;
            drawn ^= drawn >> 7;
            drawn ^= drawn << 17;
            text.extend((0..10).map(|letter| char::from(LETTERS[((drawn >> (6 * letter)) & 63) as usize])));
        }
        text.push('\n');
    }
    text
}

/// The object has the rows of the source, by DuckDB.
fn is_as_the_source(object: &Path, armed: &str) {
    let facts = "import sys, duckdb; print(*duckdb.sql(\"select count(*), sum(amount)::bigint, sum(length(note))::bigint \
                 from read_parquet('\" + sys.argv[1] + \"')\").fetchall()[0])";
    let expected = [LARGE_ROWS, (0..LARGE_ROWS).sum::<u64>(), LARGE_ROWS * LARGE_NOTE as u64];
    let seen = python(&["-c", facts, &object.to_string_lossy()]);
    assert_eq!(seen.trim(), expected.map(|fact| fact.to_string()).join(" "), "{armed}");
}

#[test]
fn a_copy_that_is_killed_between_the_pieces_of_an_object_is_made_by_the_next_run() {
    let ferry = large();
    let (folder, object) = ("out/warehouse/plain/thing", "out/warehouse/plain/thing/all.parquet");
    // It is begun, two pieces come, and then they are put together.
    for (armed, is_there) in [
        ("store.put.begin:before:1", false),
        ("store.put.begin:after:1", false),
        ("store.put.plain:after:1", false),
        ("store.put.plain:before:2", false),
        ("store.put.plain:before:3", false),
        ("store.put.plain:after:3", true),
    ] {
        killed(ferry.command(&NIGHT), armed);
        assert_eq!((ferry.path(object).exists(), &said(&ferry)["whole"]), (is_there, &json!(false)), "{armed}");
        assert!(ferry.is_published("out/warehouse/thing"), "{armed}: the table does not wait for it");
        published(&ferry, &[]);
        is_as_the_source(&ferry.path(object), armed);
        // A bucket forgets by its own rule what was begun and not ended; in a folder it stays.
        for file in ferry.files(folder).iter().filter(|file| file.contains('#')) {
            std::fs::remove_file(ferry.path(&format!("{folder}/{file}"))).expect("removed");
        }
        assert_eq!(ferry.files(folder), OBJECTS, "{armed}");
        assert_eq!(ferry.run(&["table", "verify", "warehouse/thing"]).code, 0, "{armed}");
        // Lost, it is made anew, by who is killed next.
        std::fs::remove_dir_all(ferry.path(folder)).expect("removed");
    }
}

/// Where it is killed in a bucket, and how many objects in pieces the store was asked to begin by then, and to abort.
const AROUND: [(&str, usize, usize); 4] = [
    ("store.put.begin:before:1", 0, 0),
    ("store.put.begin:after:1", 1, 0),
    ("store.put.abort:before:1", 1, 0),
    ("store.put.abort:after:1", 1, 1),
];

#[test]
fn a_copy_in_a_bucket_that_is_killed_where_its_pieces_are_begun_or_aborted_is_made_by_the_next_run() {
    let ferry = large();
    let endpoint = into_s3(&ferry);
    for (armed, begun, aborted) in AROUND {
        // Its pieces are refused, so that what was begun is aborted.
        let (faults, path) = (vec![Fault::Expired], "partNumber=");
        let script = Script { faults, methods: &["PUT"], path, one_in: 1, most: 1_000, seed: 3 };
        let server = Server::before(&endpoint, script);
        ferry.edit(ENVIRONMENT, &endpoint, &server.endpoint(&endpoint));
        killed(ferry.command(&NIGHT), armed);
        ferry.edit(ENVIRONMENT, &server.endpoint(&endpoint), &endpoint);
        let asked = server.asked();
        let times = |method: &str, word: &str| {
            asked.iter().filter(|asked| asked.method == method && asked.target.contains(word)).count()
        };
        assert_eq!((times("POST", "?uploads"), times("DELETE", "uploadId=")), (begun, aborted), "{armed}");
        let (whole, object) = there(&ferry);
        assert_eq!((whole, object.is_some()), (json!(false), false), "{armed}: nobody sees what was begun");
        let versions = ferry.run(&["table", "versions", "warehouse/thing", "--json"]);
        let versions: Value = serde_json::from_str(&versions.out).expect("JSON");
        let versions = versions["versions"].as_array().map(Vec::len);
        assert_eq!(versions, Some(1), "{armed}: the table does not wait for it");
        published(&ferry, &[]);
        let (whole, object) = there(&ferry);
        assert_eq!(whole, true, "{armed}");
        ferry.write("all.parquet", &object.expect("the object"));
        is_as_the_source(&ferry.path("all.parquet"), armed);
        let looked = ferry.run(&["table", "verify", "warehouse/thing"]);
        let is_whole = looked.out.contains("its plain copy is whole: 1 object");
        assert!(looked.code == 0 && is_whole, "{armed}: {}{}", looked.out, looked.err);
        // Lost, it is made anew, by who is killed next.
        let (folder, runtime) = bucket(&ferry);
        for name in OBJECTS {
            runtime.block_on(folder.store().delete(&folder.at(name))).expect("deleted");
        }
    }
}

/// Whether the copy in a bucket says that it is whole, and its object as far as it is there.
fn there(ferry: &Ferry) -> (Value, Option<Bytes>) {
    let (folder, runtime) = bucket(ferry);
    let [said, object] = OBJECTS.map(|name| {
        runtime.block_on(async {
            match folder.store().get(&folder.at(name)).await {
                Err(object_store::Error::NotFound { .. }) => None,
                found => Some(found.expect("an answer").bytes().await.expect("all of it")),
            }
        })
    });
    let said: Value = serde_json::from_slice(&said.expect("what it says")).expect("JSON");
    (said["whole"].clone(), object)
}
