//! How whatever makes a plain copy ends: within what may leave AWS, with which code, over whom, and how it is told.

use super::{ENVIRONMENT, JOB, PLAIN, ROWS, bucket, days, in_both, in_s3, published, run, whole};
use crate::faulty::server::{Fault, Script, Server};
use crate::ferry::Ferry;
use object_store::ObjectStoreExt;
use serde_json::{Value, json};

#[test]
fn copies_that_have_to_be_made_anew_count_before_they_are_sent() {
    let rows: String = (0..30).map(|id| format!("{id},2026-11-{},{id}\n", 20 + id % 3)).collect();
    let ferry = days(&format!("id,day,amount\n{rows}"));
    published(&ferry, &["--from", "2026-11-20", "--to", "2026-11-22"]);
    let copies = || ferry.files("out/second/plain").iter().filter(|path| path.ends_with(".parquet")).count();
    assert_eq!(copies(), 3);
    let size = |path: &str| std::fs::metadata(ferry.path(path)).expect("it").len();
    let day = size("out/second/plain/thing/period=2026-11-20.parquet");
    let limited = |days: u64| {
        let text = ferry.read(ENVIRONMENT);
        let text: String =
            text.lines().filter(|line| !line.starts_with("bytes_out_max")).map(|line| format!("{line}\n")).collect();
        let limit = format!("[limits]\nbytes_out_max = \"{}KiB\"", (days * day).div_ceil(1024));
        ferry.write(ENVIRONMENT, text.replace("[limits]", &limit).as_bytes());
    };
    // Of one day the parts and the copy are within it.
    limited(30);
    published(&ferry, &["--date", "2026-11-21", "--again", "a wrong day"]);
    // The second cloud's folder is lost, and the copies of all days would be made anew: more than a limit for two.
    std::fs::remove_dir_all(ferry.path("out/second/plain")).expect("removed");
    limited(2);
    let versions = ferry.files("out/warehouse/thing/_delta_log").len();
    let came = run(&ferry, &["--date", "2026-11-21", "--again", "a wrong day"]);
    assert_eq!(came.code, 52, "{}", came.err);
    assert!(came.endings().iter().any(|line| line.starts_with("E-BYTES-52")), "{}", came.err);
    assert_eq!((ferry.files("out/warehouse/thing/_delta_log").len(), copies()), (versions, 0), "nothing was sent");
    // A night that needs no rows makes none either, and says so.
    let came = run(&ferry, &["--date", "2026-11-21"]);
    assert_eq!(came.code, 52, "{}", came.err);
    let line = came.endings()[0].to_owned();
    assert!(line.starts_with("E-BYTES-52") && line.contains("safe=\"the tables are published"), "{line}");
    assert_eq!(copies(), 0);
    // Whoever raises it has them.
    limited(30);
    published(&ferry, &["--date", "2026-11-21"]);
    assert_eq!((copies(), in_both(&ferry)["sum"].clone()), (3, json!((0..30).sum::<u64>())));
}

#[test]
fn the_way_back_ends_by_what_became_of_the_copy() {
    let (ferry, endpoint) = in_s3();
    published(&ferry, &["--date", "2026-11-20"]);
    ferry.write("in/app.thing.csv", b"id,amount,mail\n7,70,\n");
    published(&ferry, &["--date", "2026-11-21"]);
    let back = |ferry: &Ferry, to: &str| {
        ferry.run(&["table", "rollback", "warehouse/thing", "--to", to, "--reason", "a wrong list", "--json"])
    };
    let mut to = ["0", "1"].into_iter();
    for (fault, code, id, retryable) in
        [(Fault::SlowDown, 72, "E-PLAIN-72", "retryable=true"), (Fault::Expired, 12, "E-ACCESS-12", "retryable=false")]
    {
        let script =
            Script { faults: vec![fault], methods: &["PUT"], path: "/plain/", one_in: 1, most: 1_000, seed: 3 };
        let server = Server::before(&endpoint, script);
        ferry.edit(ENVIRONMENT, &endpoint, &server.endpoint(&endpoint));
        let came = back(&ferry, to.next().expect("a version"));
        ferry.edit(ENVIRONMENT, &server.endpoint(&endpoint), &endpoint);
        assert_eq!(came.code, code, "{fault:?}: {}", came.err);
        let line = came.endings()[0].to_owned();
        assert!(line.starts_with(id) && line.contains(retryable), "{line}");
        assert!(line.contains("safe=\"the tables are published"), "{line}");
        let told: Value = serde_json::from_str(&came.out).expect("JSON");
        assert_eq!(told["outcome"], "second_pending", "the table went back, and its copy did not");
    }
    let versions = ferry.run(&["table", "versions", "warehouse/thing", "--json"]);
    let versions: Value = serde_json::from_str(&versions.out).expect("JSON");
    assert_eq!(versions["versions"].as_array().map(Vec::len), Some(4));
    // The next one makes it.
    let came = back(&ferry, "0");
    assert_eq!(came.code, 0, "{}", came.err);
    let came = ferry.run(&["table", "verify", "warehouse/thing"]);
    assert!(came.code == 0 && came.out.contains("its plain copy is whole: 1 object, 3 rows"), "{}", came.out);
}

#[test]
fn rights_that_do_not_reach_a_copy_that_nobody_asks_for_end_nothing() {
    let (ferry, endpoint) = in_s3();
    ferry.edit(JOB, PLAIN, "");
    let methods = &["GET", "HEAD", "PUT", "POST", "DELETE"];
    let script = Script { faults: vec![Fault::Expired], methods, path: "plain", one_in: 1, most: 10_000, seed: 3 };
    let server = Server::before(&endpoint, script);
    ferry.edit(ENVIRONMENT, &endpoint, &server.endpoint(&endpoint));
    published(&ferry, &["--date", "2026-11-20"]);
    ferry.write("in/app.thing.csv", b"id,amount,mail\n7,70,\n");
    published(&ferry, &["--date", "2026-11-21"]);
    let back = ferry.run(&["table", "rollback", "warehouse/thing", "--to", "0", "--reason", "a wrong list"]);
    assert_eq!(back.code, 0, "{}", back.err);
    assert!(server.befallen().contains_key(&Fault::Expired), "it was asked");
    // Where the job asks for one it is refused, and what is published stays so.
    ferry.edit(JOB, "write = \"replace\"", "write = \"replace\"\nplain_copy = true");
    let came = run(&ferry, &["--date", "2026-11-22"]);
    assert_eq!(came.code, 12, "{}", came.err);
    let line = came.endings()[0].to_owned();
    assert!(line.starts_with("E-ACCESS-12") && line.contains("plain copy of `thing`"), "{line}");
    assert!(line.contains("safe=\"the tables are published"), "{line}");
}

#[test]
fn a_writer_that_stood_still_over_a_real_store_gives_way_to_a_newer_copy() {
    let (ferry, _) = in_s3();
    published(&ferry, &["--date", "2026-11-20"]);
    let held = ferry.path("held");
    let arguments = ["run", JOB, "--progress", "none", "--date", "2026-11-21"];
    ferry.write("in/app.thing.csv", b"id,amount,mail\n4,40,\n5,50,\n");
    // It looked at the log already, and would send its object now.
    let pause = format!("store.put.plain:before:{}", held.display());
    let slow = ferry.command(&arguments).env("NIGHTFERRY_PAUSE", pause).spawn().expect("it starts");
    while !held.exists() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    ferry.write("in/app.thing.csv", b"id,amount,mail\n7,70,\n");
    published(&ferry, &["--date", "2026-11-22"]);
    let made = made_at(&ferry);
    std::fs::remove_file(held).expect("let go");
    let ended = slow.wait_with_output().expect("it ends");
    assert_eq!(ended.status.code(), Some(0), "{}", String::from_utf8_lossy(&ended.stderr));
    assert_eq!(made_at(&ferry), made, "nothing was written over");
    let came = ferry.run(&["table", "verify", "warehouse/thing"]);
    assert!(came.code == 0 && came.out.contains("its plain copy is whole: 1 object, 1 rows"), "{}", came.out);
}

/// The store's tags and times of both objects of the copy in a bucket.
fn made_at(ferry: &Ferry) -> Vec<String> {
    let (folder, runtime) = bucket(ferry);
    let one = |name: &str| {
        let meta = runtime.block_on(folder.store().head(&folder.at(name))).expect("an object");
        format!("{} {:?} {}", meta.location, meta.e_tag, meta.last_modified)
    };
    ["all.parquet", "_version.json"].map(one).to_vec()
}

#[test]
fn a_report_tells_of_the_copy_in_text_json_and_its_page() {
    let ferry = whole(ROWS);
    let (came, report) = ferry.report(&[JOB]);
    assert_eq!(came.code, 0, "{}", came.err);
    let plain = &report["datasets"][0]["stores"][0]["plain"];
    let told = ["at", "follows", "version", "objects", "rows"].map(|key| plain[key].clone());
    assert_eq!(told, [json!("warehouse/plain/thing"), json!(true), json!(0), json!(1), json!(3)], "{plain}");
    assert!(plain["bytes"].as_u64().is_some_and(|bytes| bytes > 0), "{plain}");
    let page = |report: &Value| {
        let at = report["page_at"].as_str().expect("a page").replace("security/", "out/security/");
        ferry.read(&at)
    };
    let words = "follows the table: version 0, 1 object, 3 rows";
    assert!(page(&report).contains("Plain copy") && page(&report).contains(words), "{}", page(&report));
    assert!(page(&report).contains("out/warehouse/plain/thing"));
    ferry.write("in/app.thing.csv", b"id,amount,mail\n7,70,\n");
    let came = run(&ferry, &["--again", "another extract"]);
    let line = came.out.lines().find(|line| line.trim_start().starts_with("copy")).expect("a line").to_owned();
    assert!(line.contains("thing: out/warehouse/plain/thing follows the table: version 1, 1 object, 1 row"), "{line}");
    // Where it cannot be made, that is told.
    std::fs::remove_dir_all(ferry.path("out/warehouse/plain")).expect("removed");
    ferry.write("out/warehouse/plain", b"in the way");
    let (came, report) = ferry.report(&[JOB, "--again", "once more"]);
    assert_ne!(came.code, 0);
    let plain = &report["datasets"][0]["stores"][0]["plain"];
    assert_eq!((&plain["follows"], &plain["version"]), (&json!(false), &Value::Null), "{report}");
    assert!(page(&report).contains("does not follow the table yet"));
}
