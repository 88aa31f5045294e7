//! Changed rows merged into a table: what the source has, in both clouds, whatever was changed, added, removed or late; and no
//! file touched that has no row of it.

use super::*;
use chrono::{Days, NaiveDate};
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::process::ExitStatusExt;

const UNITS: &str = "\
    create table grid.unit (
        unit_id int primary key, met_by text not null, capacity numeric(12,3) not null, changed_at timestamptz not null);
    insert into grid.unit
    select id, 'Reader ' || id % 7, id::numeric / 8, '2026-01-01 00:00Z' from generate_series(1, 200) id;";

const SCHEMA: &str = "\
description = \"A unit and who reads its meter.\"
key = [\"unit_id\"]

[columns]
unit_id    = { type = \"integer\", class = \"open\" }
met_by     = { type = \"text\", class = \"personal\", kind = \"person_name\", treat = { analytics = { hmac = \"people\" } } }
capacity   = { type = \"numeric(12,3)\", class = \"open\" }
changed_at = { type = \"timestamptz\", class = \"open\" }
";

/// A job over the units, its nights one a day, its parts of fifty rows.
struct Units {
    grid: Grid,
    day: NaiveDate,
}

impl Units {
    async fn new(merge: &str) -> (Self, PgConnection) {
        let grid = Grid::new(&[]).await;
        let mut database = grid.database().await;
        run(&mut database, UNITS).await;
        let user = variable("NIGHTFERRY_PG_USER");
        run(&mut database, &format!("grant select on grid.unit to \"{user}\"")).await;
        let job = format!(
            "name = \"grid\"\ndescription = \"The units.\"\n\n[dataset.unit]\nfrom = \"grid_db\"\ntable = \"grid.unit\"\n\
             schema = \"unit\"\nto = [\"warehouse\"]\nwrite = \"merge\"\nmerge = {{ {merge} }}\n"
        );
        grid.ferry.write(JOB, job.as_bytes());
        grid.ferry.write("schemas/unit.toml", SCHEMA.as_bytes());
        let limits = "[secrets]\ntokens = { test_key = true }\n\n[limits]\nrow_group_rows_max = 25\npart_rows_max = 50\nbatch_rows_max = 25\n";
        let environment = grid.ferry.read("jobs/environments/dev.toml");
        grid.ferry.write("jobs/environments/dev.toml", format!("{environment}\n{limits}").as_bytes());
        (Units { grid, day: NaiveDate::from_ymd_opt(2026, 6, 1).expect("a day") }, database)
    }

    /// The next night, and what its report says of the dataset.
    fn night(&mut self, more: &[&str]) -> Value {
        let date = self.day.to_string();
        self.day = self.day + Days::new(1);
        let report = self.grid.night(&[&["--date", date.as_str()], more].concat());
        assert_eq!(report["outcome"], "published");
        report["datasets"][0].clone()
    }

    /// The table in both clouds: its version, its rows without the pseudonym, its paths, and each reader's pseudonym.
    async fn agrees(
        &self,
        database: &mut PgConnection,
        kept: &[(i32, &str)],
    ) -> (u64, BTreeSet<String>, BTreeMap<String, String>) {
        let mut both = seen("changed_at", &self.grid.urls("unit"));
        let (second, first) = (both.remove(1), both.remove(0));
        assert_eq!((first.version, &first.rows, &first.files), (second.version, &second.rows, &second.files));
        let sql = "select unit_id::text, met_by, capacity::text,
                          to_char(changed_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') from grid.unit";
        let rows = sqlx::query(AssertSqlSafe(sql.to_owned())).fetch_all(database).await.expect("rows");
        let mut expected: BTreeMap<String, [String; 3]> =
            rows.iter().map(|row| (row.get(0), [row.get(1), row.get(2), row.get(3)])).collect();
        for (id, reader) in kept {
            let capacity = format!("{:.3}", f64::from(*id) / 8.0);
            expected.insert(id.to_string(), [(*reader).to_owned(), capacity, "2026-01-01 00:00:00.000000".into()]);
        }
        assert_eq!(first.rows.len(), expected.len());
        let mut tokens: BTreeMap<String, String> = BTreeMap::new();
        for row in &first.rows {
            let [reader, capacity, changed_at] = &expected[&row[0]];
            let moment = row[3].trim_end_matches("+00");
            let moment = if moment.contains('.') { format!("{moment:0<26}") } else { format!("{moment}.000000") };
            assert_eq!((&row[2], &moment), (capacity, changed_at), "unit {}", row[0]);
            // One person, one pseudonym, in rows of whichever night.
            assert_eq!(tokens.entry(reader.clone()).or_insert_with(|| row[1].clone()), &row[1], "unit {}", row[0]);
            assert!(!row[1].contains("Reader"), "{}", row[1]);
        }
        (first.version, first.files.iter().map(|(path, ..)| path.clone()).collect(), tokens)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_into_which_changes_are_merged_has_what_the_source_has() {
    let (mut units, mut database) = Units::new("watermark = \"changed_at\", lag = \"1m\", deleted = \"remove\"").await;
    let all = units.night(&[]);
    assert_eq!((&all["rows_read"], &all["since"]), (&200.into(), &Value::Null));
    let (version, first, tokens) = units.agrees(&mut database, &[]).await;
    assert_eq!((version, first.len(), tokens.len()), (0, 4, 7));

    // Three changed, two new, one gone.
    run(
        &mut database,
        "update grid.unit set capacity = capacity + 1, changed_at = now() where unit_id in (10, 11, 190);
         insert into grid.unit values (201, 'Reader 3', 1, now()), (202, 'Reader 4', 1, now());
         delete from grid.unit where unit_id = 60",
    )
    .await;
    let night = units.night(&[]);
    assert_eq!((&night["rows_read"], &night["stores"][0]["files"]), (&5.into(), &4.into()));
    let merge =
        serde_json::json!({"replaced": 3, "deleted": 1, "deleted_rows": "removed", "rewritten": 146, "rows": 201});
    assert_eq!(night["stores"][0]["merge"], merge);
    let (version, second, again) = units.agrees(&mut database, &[]).await;
    assert_eq!((version, &again), (1, &tokens));
    assert_eq!(second.intersection(&first).count(), 1, "the file of the units 101 to 150 is not touched");

    // A night in which nothing changed: a version, and no file (what is a minute old comes along, and is the same).
    run(&mut database, "update grid.unit set changed_at = '2026-01-02' where changed_at > '2026-01-02'").await;
    let night = units.night(&["--again", "the watermarks were set back"]);
    assert_eq!((&night["rows_read"], &night["since"]), (&201.into(), &Value::Null));
    let (_, before, _) = units.agrees(&mut database, &[]).await;
    let night = units.night(&[]);
    assert_eq!((&night["rows_read"], &night["stores"][0]["files"]), (&0.into(), &0.into()));
    let (version, after, _) = units.agrees(&mut database, &[]).await;
    assert_eq!((version, after), (3, before));

    // A transaction that began before an extract and ended after it: its row is older than the extract, and comes all the same.
    let mut slow = units.grid.database().await;
    run(&mut slow, "begin; insert into grid.unit values (203, 'Reader 5', 2, now())").await;
    run(&mut database, "insert into grid.unit values (204, 'Reader 6', 2, clock_timestamp())").await;
    let night = units.night(&[]);
    assert_eq!(night["stores"][0]["merge"]["rows"], 202);
    run(&mut slow, "commit").await;
    let night = units.night(&[]);
    assert_eq!(night["stores"][0]["merge"]["rows"], 203);
    units.agrees(&mut database, &[]).await;

    // What took longer than the lag is found missing, or as it was, and nothing is published; all rows are, once a person says so.
    run(
        &mut database,
        "insert into grid.unit values (205, 'Reader 0', 2, now() - interval '2 hours');
         update grid.unit set capacity = 9, changed_at = now() - interval '2 hours' where unit_id = 150",
    )
    .await;
    let date = units.day.to_string();
    let (came, _) = units.grid.ferry.report(&[JOB, "--date", &date]);
    assert_eq!(came.code, 22, "{}", came.err);
    assert!(
        came.err.contains("would lack rows that the source has") && came.err.contains("(lacks: 1, as they were: 1)"),
        "{}",
        came.err
    );
    let night = units.night(&["--again", "a transaction that took two hours"]);
    assert_eq!(night["rows_read"], 204);
    let (version, _, again) = units.agrees(&mut database, &[]).await;
    assert_eq!((version, again), (6, tokens));

    // The same night, and an older one.
    for (date, outcome) in [(date.as_str(), "already_published"), ("2026-06-02", "superseded")] {
        assert_eq!(units.grid.night(&["--date", date])["outcome"], outcome);
    }

    // A column of another type: every row is made anew, without a person asking.
    units.grid.ferry.edit("schemas/unit.toml", "numeric(12,3)", "numeric(14,3)");
    let night = units.night(&[]);
    assert_eq!((&night["rows_read"], &night["since"]), (&204.into(), &Value::Null));
    units.agrees(&mut database, &[]).await;

    // The same of what a pseudonym is made by, and of which rows are asked for.
    for (file, from, to) in [
        ("schemas/unit.toml", "kind = \"person_name\"", "kind = \"job_title\""),
        (
            JOB,
            "table = \"grid.unit\"",
            "table = \"grid.unit\"\nwhere = \"unit_id > $least and $from <= $to\"\nparameters = { least = { bigint = \"0\" } }",
        ),
        (JOB, "bigint = \"0\"", "bigint = \"-1\""),
    ] {
        units.grid.ferry.edit(file, from, to);
        let night = units.night(&[]);
        assert_eq!((&night["rows_read"], &night["since"]), (&204.into(), &Value::Null), "{to}");
        units.agrees(&mut database, &[]).await;
        // Another night asks for another day, which is no change.
        let night = units.night(&[]);
        assert!(
            night["since"].is_string() && night["rows_read"].as_u64().is_some_and(|rows| rows < 10),
            "{to}: {night}"
        );
    }
    units.grid.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_the_source_has_deleted_are_kept_where_that_is_said_and_told() {
    let (mut units, mut database) = Units::new("watermark = \"changed_at\", lag = \"1m\", deleted = \"keep\"").await;
    units.night(&[]);
    run(
        &mut database,
        "delete from grid.unit where unit_id in (60, 61);
         update grid.unit set capacity = capacity + 1, changed_at = now() where unit_id = 62",
    )
    .await;
    let kept = [(60, "Reader 4"), (61, "Reader 5")];
    let night = units.night(&[]);
    assert_eq!(night["stores"][0]["merge"]["deleted"], 2);
    assert_eq!(night["stores"][0]["merge"]["deleted_rows"], "kept");
    units.agrees(&mut database, &kept).await;
    // All rows again: those that only the table has stay.
    units.night(&["--again", "to see that they stay"]);
    units.agrees(&mut database, &kept).await;
    let date = (units.day - Days::new(1)).to_string();
    let told = units.grid.ferry.run(&["run", JOB, "--date", &date, "--again", "to read what is told"]);
    assert!(told.out.contains("2 rows gone at the source kept"), "{}", told.out);
    // They are in columns that are no more, or were treated otherwise: nobody can make them anew.
    for (from, to) in [("numeric(12,3)", "numeric(14,3)"), ("{ hmac = \"people\" }", "\"label\"")] {
        units.grid.ferry.edit("schemas/unit.toml", from, to);
        let (came, _) = units.grid.ferry.report(&[JOB, "--date", &units.day.to_string()]);
        assert_eq!(came.code, 10, "{}", came.err);
        assert!(came.err.contains("E-PERIOD-10") && came.err.contains("rows: 2)"), "{}", came.err);
        units.grid.ferry.edit("schemas/unit.toml", to, from);
    }
    units.grid.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_that_is_killed_leaves_the_table_before_or_after_it_and_nothing_between() {
    let (mut units, mut database) = Units::new("watermark = \"changed_at\", lag = \"1m\", deleted = \"remove\"").await;
    units.night(&[]);
    let mut nights = 1;
    for call in ["store.put.part", "store.put.record", "store.put.log", "store.second.log"] {
        for side in ["before", "after"] {
            let id = 10 * nights;
            let sql = format!(
                "update grid.unit set capacity = capacity + 1, changed_at = now() where unit_id % 50 = {nights};
                 delete from grid.unit where unit_id = {id}"
            );
            run(&mut database, &sql).await;
            let date = units.day.to_string();
            let kill = format!("{call}:{side}:1");
            let killed =
                units.grid.ferry.command(&["run", JOB, "--date", &date]).env("NIGHTFERRY_KILL", &kill).output();
            let killed = killed.expect("the binary starts");
            let told = String::from_utf8_lossy(&killed.stderr);
            assert_eq!(killed.status.signal(), Some(9), "{kill} kills (is the feature `failpoints` on?): {told}");
            units.grid.night(&["--date", &date]);
            let (version, files, _) = units.agrees(&mut database, &[]).await;
            assert_eq!(version, nights, "{kill}: one version a night");
            assert!(files.len() <= 20, "{kill}: {} small files are never written together", files.len());
            (units.day, nights) = (units.day + Days::new(1), nights + 1);
        }
    }
    units.grid.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_runs_at_once_none_merges_into_a_table_that_it_has_not_seen() {
    let (mut units, mut database) = Units::new("watermark = \"changed_at\", lag = \"1m\", deleted = \"remove\"").await;
    units.night(&[]);
    for round in 1..=3 {
        run(
            &mut database,
            &format!(
                "update grid.unit set capacity = capacity + 1, changed_at = now() where unit_id % 40 = {round};
                 delete from grid.unit where unit_id = {}",
                100 + round
            ),
        )
        .await;
        let children = [0, 1].map(|days| {
            let date = (units.day + Days::new(days)).to_string();
            let mut run = units.grid.ferry.command(&["run", JOB, "--date", &date]);
            run.stderr(std::process::Stdio::null())
                .stdout(std::process::Stdio::null())
                .spawn()
                .expect("the binary starts")
        });
        for mut child in children {
            let code = child.wait().expect("ended").code();
            assert!(matches!(code, Some(0 | 71)), "{code:?}");
        }
        units.day = units.day + Days::new(2);
        units.night(&[]);
        units.agrees(&mut database, &[]).await;
    }
    units.grid.drop().await;
}
