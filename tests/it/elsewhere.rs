//! Urls and endpoints that lead elsewhere: nobody there is asked anything, and nothing of them that may be a secret is told.

use crate::ferry::Ferry;
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
