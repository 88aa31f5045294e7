//! Places that refuse what is to be landed: a disk that is full, credentials that are no longer valid.

use super::kafka::{Pair, topic, write};
use super::{ENVIRONMENT, JOB, chain, ferry, landed, refused};
use crate::faulty::server::{Fault, Script, Server};
use crate::ferry::Ferry;
use crate::hostile::Mount;
use crate::services::variable;
use nightferry::access::{Purpose, open};
use nightferry::job::Location;
use nightferry::store::dump;
use serde_json::{Value, json};

/// Rows with a text that no encoding makes small.
fn large(ids: std::ops::Range<u64>) -> Vec<Pair> {
    let mut draws = crate::live::Draws(5);
    ids.map(|id| {
        let note: String = (0..40).map(|_| format!("{:x}", draws.below(u64::MAX))).collect();
        let value = json!({"after": {"id": id, "amount": "1.00", "note": note}, "source": {"txId": 4000}, "op": "c"});
        (Some(json!({"id": id}).to_string()), Some(value.to_string()))
    })
    .collect()
}

#[tokio::test]
async fn a_disk_that_is_full_ends_the_run_and_the_next_one_goes_on() {
    let topic = topic(1, &[]).await;
    let ferry = ferry(&topic, "");
    ferry.edit(ENVIRONMENT, "[secrets]", "[limits]\npart_max = \"64KiB\"\n\n[secrets]");
    write(&topic, 0, &large(0..600));
    std::fs::create_dir_all(ferry.path("landed")).expect("made");
    let mounted = Mount::of_kilobytes(&ferry.path("landed"), 160);
    let came = refused(&ferry, 51, "E-DISK-51");
    assert!(came.endings()[0].contains("safe=\"what is landed is whole"), "{}", came.err);
    assert!(!ferry.path(&format!("landed/{topic}/_runs")).exists(), "no manifest names what is not there");
    let told = chain(&ferry, &topic)["0"].clone();
    assert_eq!((&told["whole"], &told["first"], &told["records"]), (&json!(true), &json!(0), &told["next"]), "{told}");
    mounted.grow_to_kilobytes(8_000);
    let next = landed(&ferry);
    assert_eq!((&next["records"], &next["complete"]), (&json!(600), &json!(true)), "{next}");
    let told = chain(&ferry, &topic)["0"].clone();
    assert_eq!((&told["whole"], &told["once"], &told["records"]), (&json!(true), &json!(600), &json!(600)), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_expired_credentials_refuse_is_never_counted_as_delivered() {
    let topic = topic(1, &[]).await;
    let ferry = ferry(&topic, "");
    let endpoint = variable("NIGHTFERRY_S3_ENDPOINT");
    let url = format!("s3://nightferry-topics/{topic}");
    let place = |endpoint: &str| format!("url = \"{url}\", region = \"eu-west-2\", endpoint = \"{endpoint}\"");
    ferry.edit(ENVIRONMENT, "url = \"landed\"", &place(&endpoint));
    ferry.edit(ENVIRONMENT, "[secrets]", "[limits]\npart_max = \"64KiB\"\n\n[secrets]");
    write(&topic, 0, &large(0..600));
    // After some objects the store refuses all that come, as one does whose token has run out.
    let script = Script {
        faults: vec![Fault::Expired],
        methods: &["PUT"],
        path: "/00000000000000",
        one_in: 3,
        most: 100,
        seed: 7,
    };
    let server = Server::before(&endpoint, script);
    ferry.edit(ENVIRONMENT, &place(&endpoint), &place(&server.endpoint(&endpoint)));
    let came = refused(&ferry, 12, "E-ACCESS-12");
    assert!(!came.err.contains("canary"), "{}", came.err);
    assert!(server.befallen()[&Fault::Expired] > 0);
    ferry.edit(ENVIRONMENT, &place(&server.endpoint(&endpoint)), &place(&endpoint));
    let location = Location {
        url: url.clone(),
        region: Some("eu-west-2".into()),
        endpoint: Some(endpoint),
        ..Location::default()
    };
    let folder = open(&location, ferry.root(), "topics", Purpose::Read).expect("a place");
    let there = dump::list(&folder, &topic).await.expect("listed");
    assert!(there.iter().all(|(path, _)| !path.contains("_runs")), "no manifest: {there:?}");
    let next = landed(&ferry);
    let objects = there.iter().filter(|(path, _)| path.ends_with(".parquet")).count();
    assert_eq!((&next["records"], &next["complete"]), (&json!(600), &json!(true)), "{next}");
    assert_eq!(next["found"], json!(objects), "what is there is what the store said that it has: {next}");
    for (path, _) in dump::list(&folder, &topic).await.expect("listed") {
        ferry.write(&format!("landed/{path}"), &dump::fetch(&folder, &path).await.expect("fetched"));
    }
    let told: Value = chain(&ferry, &topic)["0"].clone();
    assert_eq!((&told["whole"], &told["once"], &told["records"]), (&json!(true), &json!(600), &json!(600)), "{told}");
    is_quiet(&ferry);
}

/// A run that has nothing to do says so.
fn is_quiet(ferry: &Ferry) {
    let told = ferry.run(&["relay", JOB, "--json"]);
    assert_eq!(told.code, 0, "{}", told.err);
    assert!(told.out.contains("\"records\":0"), "{}", told.out);
}
