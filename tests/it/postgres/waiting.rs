//! What a terminal shows of a table that is being read: how much of it is left, about.

use super::bench::Bench;
use super::large::of_table;
use std::process::{Command, Stdio};

#[tokio::test]
async fn the_line_of_a_table_says_how_many_rows_are_left() {
    let lay =
        "CREATE TABLE many AS SELECT id, 'n' || id AS note FROM generate_series(1, 300000::bigint) id; ANALYZE many";
    let _bench = Bench::lay("it_waiting", lay).await;
    let ferry = of_table("it_waiting.many", "");
    let line = format!("{} run jobs/things.toml --progress bar >out.txt", env!("CARGO_BIN_EXE_nightferry"));
    let mut command = Command::new("script");
    command.args(["--quiet", "--return", "--command", &line, "/dev/null"]).current_dir(ferry.root());
    let came = command.env("TERM", "xterm").stdin(Stdio::null()).output().expect("script starts");
    let shown = String::from_utf8_lossy(&came.stdout);
    assert!(came.status.success(), "{shown}");
    let left =
        shown.split("about ").skip(1).filter_map(|rest| rest.split(" left").next()?.replace(',', "").parse().ok());
    let left: Vec<u64> = left.collect();
    assert!(!left.is_empty() && left.iter().all(|left| (1..300_000).contains(left)), "{left:?} in {shown}");
    assert!(left.is_sorted_by(|one, other| one >= other), "{left:?}");
}
