//! A period that is killed on its way: the next run leaves the table with exactly one new version, whose files of that day are
//! what the source has, and every other day as it was. Every night is of an older day than the one before.

use super::*;
use chrono::{Days, NaiveDate};
use std::os::unix::process::ExitStatusExt;

/// The calls that make a commit: what a night is decided by, what readers go by, and the second cloud.
const CALLS: [&str; 6] =
    ["store.put.part", "store.put.manifest", "store.put.record", "store.put.log", "store.put.runs", "store.second.log"];

#[tokio::test(flavor = "multi_thread")]
async fn kills_at_every_step_of_a_commit_leave_one_new_version_with_that_day_and_every_other() {
    let grid = Grid::new(&[("2026-03-20", "2026-03-31")]).await;
    grid.job("starts_at", "day", "table = \"grid.output\"", "");
    let mut database = grid.database().await;
    let mut day = NaiveDate::from_ymd_opt(2026, 3, 31).expect("a day");
    let mut nights = 0;
    for call in CALLS {
        for side in ["before", "after"] {
            let date = day.to_string();
            let kill = format!("{call}:{side}:1");
            let killed = grid.ferry.command(&["run", JOB, "--date", &date]).env("NIGHTFERRY_KILL", &kill).output();
            let killed = killed.expect("the binary starts");
            let told = String::from_utf8_lossy(&killed.stderr);
            assert_eq!(killed.status.signal(), Some(9), "{kill} kills (is the feature `failpoints` on?): {told}");
            // What the day before says at the source now is none of this night's business.
            run(&mut database, &format!("update grid.output set note = note || '!' where day = '{date}'::date + 1"))
                .await;
            let completed = grid.night(&["--date", &date]);
            let is_decided = ["store.put.record:after", "store.put.log", "store.put.runs", "store.second"];
            let is_decided = is_decided.iter().any(|decided| kill.starts_with(decided));
            let outcome = if is_decided { "already_published" } else { "published" };
            assert_eq!(completed["outcome"], outcome, "{kill}");
            (day, nights) = (day - Days::new(1), nights + 1);
        }
    }
    let seen = grid.seen("starts_at");
    assert_eq!(seen.version + 1, nights, "one version a night");
    assert_eq!(seen.files.len() as u64, nights, "one file a day");
    let mut expected = at_source(&mut database, "true").await;
    expected.iter_mut().for_each(|row| row[4] = "as metered".to_owned());
    assert_eq!(seen.rows, expected);
    assert_eq!(expected.len(), 2 * (12 * 48 - 2));
    grid.drop().await;
}
