//! A key of KMS that the environment names: every request that makes an object asks S3 to put it under that key, and without one none does.
//! The buckets are the tests' S3, behind somebody who writes down what it is asked.

use crate::assumed::in_buckets;
use crate::doctor::between::between;
use crate::ferry::{Came, Ferry};
use crate::services::variable;
use nightferry::access::{Purpose, open};
use nightferry::job::{KmsSpec, Location};
use object_store::{MultipartUpload, ObjectStoreExt, PutPayload};
use std::path::Path;
use std::sync::{Arc, Mutex};

const JOB: &str = "jobs/things.toml";
const KEY: &str = "arn:aws:kms:eu-west-2:111122223333:key/1f0c2d3e-4b5a-6978-8796-a5b4c3d2e1f0";
const HEADERS: [&str; 3] = [
    "x-amz-server-side-encryption: aws:kms",
    "x-amz-server-side-encryption-aws-kms-key-id: ",
    "x-amz-server-side-encryption-bucket-key-enabled: ",
];

/// The heads of requests, in small letters.
type Heads = Arc<Mutex<Vec<String>>>;

/// Somebody in front of the tests' S3, and what it is asked.
fn written_down() -> (String, Heads) {
    let heads = Heads::default();
    let all = Arc::clone(&heads);
    let endpoint = between(&variable("NIGHTFERRY_S3_ENDPOINT"), move |asked, ask| {
        all.lock().expect("heads").push(asked.head.clone());
        ask()
    });
    (endpoint, heads)
}

/// Whether a request makes an object, or begins to: a part of one is under the key that its beginning named.
fn makes(head: &str) -> bool {
    let line = head.lines().next().unwrap_or_default();
    let (method, target) = (line.split(' ').next().unwrap_or_default(), line.split(' ').nth(1).unwrap_or_default());
    match method {
        "put" => !target.contains("partnumber="),
        "post" => target.ends_with("?uploads") || target.contains("?uploads="),
        _ => false,
    }
}

/// The paths of the objects that were made; each request asked for `key` as `bucket_key` says, or none of them for any.
fn made(heads: &Heads, key: Option<(&str, bool)>) -> Vec<String> {
    let heads = std::mem::take(&mut *heads.lock().expect("heads"));
    let all = heads.iter().filter(|head| makes(head));
    let all = all.inspect(|head| match key {
        Some((key, bucket_key)) => {
            let wanted = [HEADERS[0].to_owned(), HEADERS[1].to_owned() + key, format!("{}{bucket_key}", HEADERS[2])];
            let has = |line: &String| head.contains(&format!("\r\n{line}\r\n"));
            assert!(wanted.iter().all(has), "{head}");
        }
        None => assert!(!head.contains("server-side-encryption"), "{head}"),
    });
    all.map(|head| head.split(' ').nth(1).expect("a path").replace("%3d", "=")).collect()
}

/// A project whose rows also have a vault and a plain copy.
fn project(endpoint: &str, words: &str) -> Ferry {
    let ferry = in_buckets(endpoint, words);
    let email = "email = { type = \"text\", class = \"personal\", kind = \"email\", treat = { analytics = { token = \"people\" } } }";
    ferry.write("schemas/thing.toml", (ferry.read("schemas/thing.toml") + email + "\n").as_bytes());
    ferry.write(JOB, (ferry.read(JOB) + "plain_copy = true\n").as_bytes());
    ferry.write("in/app.thing.csv", b"id,amount,email\n1,10,wren@example.org\n");
    ferry
}

fn went(ferry: &Ferry, arguments: &[&str]) -> Came {
    let came = ferry.run(arguments);
    assert_eq!(came.code, 0, "{arguments:?}: {}{}", came.out, came.err);
    came
}

/// Two nights and a way back.
fn nights(ferry: &Ferry) {
    went(ferry, &["run", JOB, "--progress", "none"]);
    ferry.write("in/app.thing.csv", b"id,amount,email\n1,11,wren@example.org\n2,12,tobias@example.org\n");
    went(ferry, &["run", JOB, "--again", "more", "--progress", "none"]);
    went(ferry, &["table", "rollback", "warehouse/thing", "--to", "0", "--reason", "wrong"]);
}

#[test]
fn every_request_of_a_night_that_makes_an_object_names_the_key() {
    let (endpoint, heads) = written_down();
    let key = KEY.to_lowercase();
    for (words, bucket_key) in [("", true), ("\nbucket_key = false", false)] {
        let ferry = project(&endpoint, &format!("kms_key = \"{KEY}\"{words}"));
        assert!(went(&ferry, &["plan", JOB]).out.contains(&format!("/thing, under {KEY}")));
        nights(&ferry);
        let paths = made(&heads, Some((&key, bucket_key)));
        for part in [
            "/_delta_log/",
            "/run=",
            "_manifest.json",
            "/_jobs/",
            "/reports/",
            "token_vault_people/",
            "/plain/",
            "/probe-",
            "stamp.json",
        ] {
            assert!(paths.iter().any(|path| path.contains(part)), "no {part} was made: {paths:?}");
        }
    }
    nights(&project(&endpoint, ""));
    assert!(made(&heads, None).len() > 20);
}

#[cfg(feature = "relay")]
#[tokio::test]
async fn what_is_landed_of_a_topic_is_under_the_key_of_its_dump() {
    use crate::relay::{ENVIRONMENT, ferry, kafka, landed};
    let topic = kafka::topic(1, &[]).await;
    kafka::write(&topic, 0, &kafka::things(0..5, 4000));
    let (endpoint, heads) = written_down();
    for (words, key) in [(format!(", kms_key = \"{KEY}\""), Some(KEY.to_lowercase())), (String::new(), None)] {
        let ferry = ferry(&topic, "");
        let url = format!("s3://nightferry-topics/{}", uuid::Uuid::now_v7());
        let place = format!("url = \"{url}\", region = \"eu-west-2\", endpoint = \"{endpoint}\"{words}");
        ferry.edit(ENVIRONMENT, "url = \"landed\"", &place);
        assert_eq!(landed(&ferry)["records"], 5);
        let paths = made(&heads, key.as_deref().map(|key| (key, true)));
        assert!(paths.iter().any(|path| path.contains(&topic)), "{paths:?}");
    }
}

#[tokio::test]
async fn an_object_in_pieces_and_a_copy_name_the_key_too() {
    let (endpoint, heads) = written_down();
    for kms in [None, Some(KmsSpec { key: KEY.into(), bucket_key: true })] {
        let key = kms.as_ref().map(|kms| kms.key.to_lowercase());
        let url = format!("s3://nightferry-topics/{}", uuid::Uuid::now_v7());
        let (region, endpoint) = (Some("eu-west-2".into()), Some(endpoint.clone()));
        let location = Location { url, region, endpoint, kms, ..Location::default() };
        let folder = open(&location, Path::new("."), "pieces", Purpose::Write).expect("a place");
        let mut upload = folder.store().put_multipart(&folder.at("whole")).await.expect("begun");
        upload.put_part(PutPayload::from(vec![7; 5 << 20])).await.expect("a piece");
        upload.put_part(PutPayload::from_static(b"the last")).await.expect("a piece");
        upload.complete().await.expect("whole");
        folder.store().copy(&folder.at("whole"), &folder.at("copied")).await.expect("copied");
        let paths = made(&heads, key.as_deref().map(|key| (key, true)));
        assert_eq!(paths.len(), 2, "{paths:?}");
    }
}
