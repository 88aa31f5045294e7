//! Days of 46, 48 and 50 half-hours, and years that begin in April or October.

use super::*;
use serde_json::json;

const TABLE: &str = "table = \"grid.output\"";

#[tokio::test(flavor = "multi_thread")]
async fn a_day_by_the_clock_has_46_48_or_50_half_hours_and_each_is_in_the_table_once() {
    let grid = Grid::new(&[("2026-03-27", "2026-03-31"), ("2026-10-24", "2026-10-26")]).await;
    grid.job("starts_at", "day", TABLE, "");
    let spring = grid.night(&["--from", "2026-03-28", "--to", "2026-03-30"]);
    let days = |days: &[(&str, u64)]| days.iter().map(|(day, rows)| ((*day).to_owned(), *rows)).collect::<Vec<_>>();
    assert_eq!(periods(&spring), days(&[("2026-03-28", 96), ("2026-03-29", 92), ("2026-03-30", 96)]));
    let autumn = grid.night(&["--date", "2026-10-25"]);
    assert_eq!(periods(&autumn), days(&[("2026-10-25", 100)]));

    let mut database = grid.database().await;
    let seen = grid.seen("starts_at");
    let expected = at_source(&mut database, "day between '2026-03-28' and '2026-03-30' or day = '2026-10-25'").await;
    assert_eq!((seen.version, seen.rows.len()), (1, 384));
    assert_eq!(seen.rows, expected);
    // A file holds one day: the first and the last half-hour of each, in UTC.
    let mut ends: Vec<(u64, &str, &str)> =
        seen.files.iter().map(|(_, rows, first, last)| (*rows, first.as_str(), last.as_str())).collect();
    ends.sort_by_key(|(_, first, _)| *first);
    assert_eq!(
        ends,
        [
            (96, "2026-03-28 00:00:00+00", "2026-03-28 23:30:00+00"),
            (92, "2026-03-29 00:00:00+00", "2026-03-29 22:30:00+00"),
            (96, "2026-03-29 23:00:00+00", "2026-03-30 22:30:00+00"),
            (100, "2026-10-24 23:00:00+00", "2026-10-25 23:30:00+00"),
        ]
    );
    // One row a period in the table beside it.
    let runs = python(&[
        "-c",
        "import os, sys, json; from deltalake import DeltaTable; \
         o = {'AWS_ENDPOINT_URL': os.environ['NIGHTFERRY_S3_ENDPOINT'], 'AWS_REGION': 'eu-west-2', 'AWS_ALLOW_HTTP': 'true'}; \
         t = DeltaTable(sys.argv[1], storage_options=o).to_pyarrow_table().to_pylist(); \
         print(json.dumps(sorted([str(r['period_from']), str(r['period_to']), r['rows']] for r in t)))",
        &grid.urls("nightferry_runs")[0],
    ]);
    let expected = json!([
        ["2026-03-28", "2026-03-28", 96],
        ["2026-03-29", "2026-03-29", 92],
        ["2026-03-30", "2026-03-30", 96],
        ["2026-10-25", "2026-10-25", 100]
    ]);
    assert_eq!(serde_json::from_str::<Value>(&runs).expect("JSON"), expected);
    grid.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_year_of_accounts_begins_at_londons_midnight_on_the_first_of_april_and_a_leap_february_has_29_days() {
    let grid =
        Grid::new(&[("2024-02-28", "2024-03-01"), ("2024-03-31", "2024-04-01"), ("2024-09-30", "2024-10-01")]).await;
    let mut database = grid.database().await;
    // (by, every, days asked for, what SQL says of the same stretch, the periods)
    for (by, every, asked, condition, told) in [
        (
            "starts_at",
            "financial_year",
            ["2024-03-31", "2024-03-31"],
            "day < '2024-04-01'",
            vec!["2023-04-01..2024-03-31"],
        ),
        (
            "day",
            "financial_year",
            ["2024-03-31", "2024-04-01"],
            "true",
            vec!["2023-04-01..2024-03-31", "2024-04-01..2025-03-31"],
        ),
        (
            "starts_at",
            "delivery_year",
            ["2024-09-30", "2024-09-30"],
            "day < '2024-10-01'",
            vec!["2023-10-01..2024-09-30"],
        ),
        (
            "starts_at",
            "quarter",
            ["2024-03-31", "2024-04-01"],
            "day < '2024-10-01'",
            vec!["2024-01-01..2024-03-31", "2024-04-01..2024-06-30"],
        ),
        (
            "day",
            "month",
            ["2024-02-29", "2024-02-29"],
            "day between '2024-02-01' and '2024-02-29'",
            vec!["2024-02-01..2024-02-29"],
        ),
        (
            "day",
            "day",
            ["2024-02-28", "2024-02-29"],
            "day in ('2024-02-28', '2024-02-29')",
            vec!["2024-02-28", "2024-02-29"],
        ),
    ] {
        // Each in a table of its own.
        let own = format!("{every}_{by}");
        grid.job(by, every, TABLE, "");
        grid.ferry.edit(JOB, "[dataset.output]", &format!("[dataset.{own}]"));
        grid.ferry.edit(JOB, "name = \"grid\"", &format!("name = \"{own}\""));
        let condition = if every == "quarter" { "day between '2024-01-01' and '2024-06-30'" } else { condition };
        let report = grid.night(&["--from", asked[0], "--to", asked[1]]);
        let named: Vec<String> = periods(&report).into_iter().map(|(period, _)| period).collect();
        assert_eq!(named, told, "{own}");
        let seen = seen(by, &[grid.urls(&own)[0].clone()]).remove(0);
        assert_eq!(seen.rows, at_source(&mut database, condition).await, "{own}");
        assert_eq!(seen.files.len(), told.len(), "{own}: a file a period");
    }
    grid.drop().await;
}
