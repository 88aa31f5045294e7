//! A night that is killed where a second session takes the snapshot over: the next run reads all of it, of one moment.

use super::bench::Bench;
use super::nights::{assert_published, ferry, lay};
use crate::ferry::Came;
use std::os::unix::process::ExitStatusExt;

const JOB: [&str; 3] = ["run", "jobs/things.toml", "--json"];

#[tokio::test]
async fn killed_where_a_session_takes_the_snapshot_over_a_night_is_read_again() {
    let _bench = Bench::lay("it_killed_import", &lay("it_killed_import")).await;
    for place in ["database.import:before:1", "database.import:after:1"] {
        let ferry = ferry("it_killed_import", &[("connections", "2")]);
        let killed = ferry.command(&JOB).env("NIGHTFERRY_KILL", place).output().expect("the binary starts");
        assert_eq!(killed.status.signal(), Some(9), "{place}: {}", String::from_utf8_lossy(&killed.stderr));
        assert!(!ferry.is_published("out/warehouse/here"), "{place}");
        assert_published(&ferry, &Came::of(&ferry.command(&JOB).output().expect("the binary starts")));
    }
}
