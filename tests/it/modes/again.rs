//! A period once more: what stays, what goes, and what is refused.

use super::*;

const TABLE: &str = "table = \"grid.output\"";

fn paths(seen: &Seen, but: &str) -> Vec<String> {
    seen.files.iter().filter(|(_, _, first, _)| !first.starts_with(but)).map(|(path, ..)| path.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_period_again_is_the_same_and_then_what_the_source_has_now() {
    let grid = Grid::new(&[("2026-03-27", "2026-03-31")]).await;
    grid.job("day", "day", TABLE, "");
    let mut database = grid.database().await;
    grid.night(&["--from", "2026-03-27", "--to", "2026-03-30"]);
    let first = grid.seen("day");
    assert_eq!(first.rows, at_source(&mut database, "day <= '2026-03-30'").await);

    // An older day of the range by itself, and the range itself: it is there.
    for days in [["--from", "2026-03-28", "--to", "2026-03-29"], ["--from", "2026-03-27", "--to", "2026-03-30"]] {
        assert_eq!(grid.night(&days)["outcome"], "already_published");
    }
    assert_eq!(grid.seen("day").version, 0);

    // The same rows, though a person wants a version of its own; the files of the other days are left as they are.
    let again = grid.night(&["--date", "2026-03-29", "--again", "to see that nothing changes"]);
    assert_eq!(again["outcome"], "published");
    let second = grid.seen("day");
    assert_eq!((second.version, &second.rows), (1, &first.rows));
    assert_eq!(paths(&second, "2026-03-29"), paths(&first, "2026-03-29"));
    assert_ne!(paths(&second, "none"), paths(&first, "none"));

    // One row is changed, one removed, one moves to the day before, and a day that is not asked for changes too.
    for sql in [
        "update grid.output set mwh = mwh + 1 where day = '2026-03-29' and unit = 'AAA-1' and \"Starts_At\" < '2026-03-29 02:00Z'",
        "delete from grid.output where \"Starts_At\" = '2026-03-29 12:00Z'",
        "update grid.output set day = '2026-03-28' where \"Starts_At\" = '2026-03-29 13:00Z'",
        "update grid.output set note = 'as estimated' where day = '2026-03-27'",
    ] {
        run(&mut database, sql).await;
    }
    let report = grid.night(&["--from", "2026-03-28", "--to", "2026-03-29", "--again", "the second run of settlement"]);
    assert_eq!(periods(&report), [("2026-03-28".to_owned(), 98), ("2026-03-29".to_owned(), 88)]);
    let third = grid.seen("day");
    let mut expected: Vec<Vec<String>> = first.rows.iter().filter(|row| row[2] == "2026-03-27").cloned().collect();
    expected.extend(at_source(&mut database, "day between '2026-03-28' and '2026-03-30'").await);
    expected.sort();
    assert_eq!((third.version, &third.rows), (2, &expected));
    assert_eq!(paths(&third, "2026-03-2").len(), 1, "the 30th's file stands as it did");
    assert!(paths(&first, "none").contains(&paths(&third, "2026-03-2")[0]));
    // The version before is still what it was, for whoever asks for it.
    let before = seen("day", &[format!("{}#1", grid.urls("output")[0])]).remove(0);
    assert_eq!(before.rows, first.rows);

    // Nothing is left of a day: refused unless that is said to be well, and then its files go and none come.
    run(&mut database, "delete from grid.output where day = '2026-03-30'").await;
    let (came, _) = grid.ferry.report(&[JOB, "--from", "2026-03-30", "--to", "2026-03-31", "--again", "gone"]);
    assert_eq!(came.code, 22, "{}", came.err);
    assert!(came.err.contains("the source gave no rows of 2026-03-30"), "{}", came.err);
    grid.job("day", "day", TABLE, "allow_empty = true\n");
    grid.night(&["--date", "2026-03-30", "--again", "gone"]);
    let fourth = grid.seen("day");
    assert_eq!(fourth.rows.iter().filter(|row| row[2] == "2026-03-30").count(), 0);
    assert_eq!(fourth.files.len(), 3);
    assert_eq!(grid.night(&["--date", "2026-03-30"])["outcome"], "already_published");
    grid.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_period_takes_its_rows_from_a_query_or_a_filter_with_parameters() {
    let grid = Grid::new(&[("2026-10-24", "2026-10-26")]).await;
    let mut database = grid.database().await;
    run(&mut database, "update grid.output set note = E'it''s \\\\ 100%; --' where unit = 'AAA-1' and \"Starts_At\" < '2026-10-25 12:00Z'")
        .await;
    let parameters =
        "where = \"note = $note and \\\"Starts_At\\\" < $until_time and mwh > $least and day >= $from -- $to\"\n\
                      parameters = { note = { text = 'it''s \\ 100%; --' }, least = { numeric = \"-0.5\" } }"
            .replace("'it''s \\ 100%; --'", "\"it's \\\\ 100%; --\"");
    grid.job("starts_at", "day", &format!("{TABLE}\n{parameters}"), "");
    grid.night(&["--from", "2026-10-24", "--to", "2026-10-25"]);
    let seen_once = grid.seen("starts_at");
    assert_eq!(seen_once.rows, at_source(&mut database, "note like 'it%'").await);
    assert_eq!(seen_once.rows.len(), 48 + 26, "the long day has two hours more before noon than a half day");

    let sql = "select unit, \"Starts_At\" as starts_at, day, mwh, note from grid.output where unit = 'AAA-22'\n";
    grid.ferry.write("jobs/sql/output.sql", sql.as_bytes());
    grid.job("starts_at", "month", "query = \"jobs/sql/output.sql\"", "");
    grid.ferry.edit(JOB, "[dataset.output]", "[dataset.of_a_query]");
    grid.ferry.edit(JOB, "name = \"grid\"", "name = \"query\"");
    grid.night(&["--date", "2026-10-26"]);
    let seen = seen("starts_at", &[grid.urls("of_a_query")[0].clone()]).remove(0);
    assert_eq!(seen.rows, at_source(&mut database, "unit = 'AAA-22'").await);
    grid.drop().await;
}

/// Files of a source, days in three spellings; a row whose day is no day, and one without.
const THINGS: &str =
    "id,day,amount\n1,2026-03-28,10\n2,2026-03-29,20\n3,2026-03-29 00:00:00.0000000,30\n4,2026-03-30,40\n";
const COLUMNS: &str = "day = { type = \"date\", class = \"open\" }\namount = { type = \"integer\", class = \"open\" }";
const BY_DAY: &str = "period = { by = \"day\", every = \"day\" }\n";

/// Things by their days, out of a file into a folder.
pub fn things(dataset: &str) -> Ferry {
    let ferry = Ferry::of_one_file("app.thing.csv", THINGS.as_bytes(), COLUMNS, &format!("{BY_DAY}{dataset}"));
    ferry.edit("schemas/thing.toml", "key = [\"id\"]", "key = [\"id\", \"day\"]");
    ferry.edit("jobs/things.toml", "write = \"replace\"", "write = \"replace_period\"");
    ferry
}

/// Runs the job, which ends with `code`; the table's ids and days as DuckDB finds them.
pub fn ids(ferry: &Ferry, arguments: &[&str], code: i32) -> Vec<(String, String)> {
    let came = ferry.run(&[&["run", "jobs/things.toml"], arguments].concat());
    assert_eq!(came.code, code, "{}{}", came.out, came.err);
    let seen = seen("day", &[ferry.path("out/warehouse/thing").to_string_lossy().into_owned()]).remove(0);
    seen.rows.into_iter().map(|row| (row[0].clone(), row[1].clone())).collect()
}

fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter().map(|(id, day)| ((*id).to_owned(), (*day).to_owned())).collect()
}

#[test]
fn files_of_a_source_give_the_rows_of_a_period_and_their_bad_rows_are_told() {
    let ferry = things("");
    let both = pairs(&[("2", "2026-03-29"), ("3", "2026-03-29")]);
    assert_eq!(ids(&ferry, &["--date", "2026-03-29"], 0), both);
    let all = ids(&ferry, &["--from", "2026-03-28", "--to", "2026-03-30"], 0);
    assert_eq!(all, pairs(&[("1", "2026-03-28"), ("2", "2026-03-29"), ("3", "2026-03-29"), ("4", "2026-03-30")]));
    // A `where` over files has the same parameters, each of its type.
    let ferry = things(
        "where = \"amount > $least and day <= $to and day < $until\"\nparameters = { least = { bigint = \"20\" } }\n",
    );
    assert_eq!(ids(&ferry, &["--date", "2026-03-29"], 0), pairs(&[("3", "2026-03-29")]));
    // Nobody knows the day of these, so they are of every period.
    for bad in ["5,soon,50\n", "5,,50\n"] {
        let ferry = things("");
        ferry.write("in/app.thing.csv", format!("{THINGS}{bad}").as_bytes());
        let came = ferry.run(&["run", "jobs/things.toml", "--date", "2026-03-29"]);
        assert_eq!(came.code, 22, "{}", came.err);
        assert!(came.err.contains("1 of 3 rows are bad"), "{}", came.err);
    }
}

#[test]
fn a_period_is_done_once_its_source_was_read_after_its_end_whenever_that_was_published() {
    let ferry = things("");
    let day = ["--date", "2026-03-29"];
    let outcome = || ferry.report(&["jobs/things.toml", "--date", "2026-03-29"]).1["outcome"].clone();
    // An export of the evening, an hour before the day's end in London, that is read long after it.
    ferry.write("in/extract.json", br#"{"extracted_at": "2026-03-29T22:00:00Z"}"#);
    assert_eq!(ids(&ferry, &day, 0), pairs(&[("2", "2026-03-29"), ("3", "2026-03-29")]));
    ferry.write("in/app.thing.csv", format!("{THINGS}9,2026-03-29,90\n").as_bytes());
    ferry.write("in/extract.json", br#"{"extracted_at": "2026-03-29T23:00:00Z"}"#);
    assert_eq!(outcome(), "published");
    assert_eq!(ids(&ferry, &day, 0), pairs(&[("2", "2026-03-29"), ("3", "2026-03-29"), ("9", "2026-03-29")]));
    assert_eq!(outcome(), "already_published");
}

/// Ends with 10 and says why; the table stands as it stood.
fn refused(ferry: &Ferry, ending: &str, arguments: &[&str], told: &str) {
    let before = ferry.files("out/warehouse/thing/_delta_log");
    let came = ferry.run(&[&["run", "jobs/things.toml"], arguments].concat());
    assert_eq!(came.code, 10, "{}{}", came.out, came.err);
    let line = came.endings().into_iter().find(|line| line.starts_with(ending));
    assert!(line.is_some_and(|line| line.contains(told)), "{told} in {}", came.err);
    assert_eq!(ferry.files("out/warehouse/thing/_delta_log"), before);
}

#[test]
fn periods_that_could_not_take_the_place_of_what_is_there_end_with_10() {
    const JOB: &str = "jobs/things.toml";
    const SCHEMA: &str = "schemas/thing.toml";
    let day = ["--date", "2026-03-29"];
    // Written as a whole before.
    let ferry = things("");
    let by_period = ferry.read(JOB);
    ferry.write(JOB, by_period.replace(BY_DAY, "").replace("replace_period", "replace").as_bytes());
    assert_eq!(ids(&ferry, &day, 0).len(), 4);
    ferry.write(JOB, by_period.as_bytes());
    refused(&ferry, "E-PERIOD-10", &["--date", "2026-03-30"], "its files say no period");
    // Periods that are longer than the one asked for; a longer one takes the shorter ones in it.
    let ferry = things("");
    assert_eq!(ids(&ferry, &day, 0).len(), 2);
    ferry.edit(JOB, "every = \\\"day\\\"".replace('\\', "").as_str(), "every = \"month\"");
    assert_eq!(ids(&ferry, &day, 0).len(), 4);
    ferry.edit(JOB, "every = \"month\"", "every = \"day\"");
    refused(
        &ferry,
        "E-PERIOD-10",
        &["--date", "2026-03-28", "--again", "x"],
        "it holds 2026-03-01..2026-03-31 in one piece",
    );
    // A treatment that is another than that of the days which stay; not when none stays.
    let ferry = things("");
    assert_eq!(ids(&ferry, &["--from", "2026-03-28", "--to", "2026-03-29"], 0).len(), 3);
    ferry.edit(SCHEMA, "type = \"integer\", class = \"open\"", "type = \"bigint\", class = \"open\"");
    refused(
        &ferry,
        "E-PERIOD-10",
        &["--date", "2026-03-29", "--again", "x"],
        "column `amount` was of another type or treatment",
    );
    assert_eq!(ids(&ferry, &["--from", "2026-03-28", "--to", "2026-03-30"], 0).len(), 4);
    // A new column is NULL in the days that stay.
    ferry.edit("in/app.thing.csv", "id,day,amount\n", "id,day,amount,unit\n");
    ferry.write("in/app.thing.csv", ferry.read("in/app.thing.csv").replace("0\n", "0,A\n").as_bytes());
    ferry.edit(SCHEMA, "[columns]", "[columns]\nunit = { type = \"text\", class = \"open\" }");
    assert_eq!(ids(&ferry, &["--date", "2026-03-29", "--again", "x"], 0).len(), 4);
}

#[test]
fn a_job_with_a_table_that_is_replaced_as_a_whole_takes_no_older_day() {
    let whole = "\n[dataset.whole]\nfrom = \"app\"\ntable = \"app.thing\"\nschema = \"thing\"\nto = [\"warehouse\"]\n";
    let (alone, beside) = (things(""), things(whole));
    for (ferry, outcome) in [(&alone, "published"), (&beside, "superseded")] {
        assert_eq!(ferry.report(&["jobs/things.toml", "--date", "2026-03-30"]).1["outcome"], "published");
        assert_eq!(ferry.report(&["jobs/things.toml", "--date", "2026-03-29"]).1["outcome"], outcome);
    }
}

#[test]
fn rows_of_files_are_merged_as_they_are_and_what_they_lack_is_kept_or_removed() {
    let merge = |deleted: &str| {
        let merge = format!("merge = {{ watermark = \"seen_at\", lag = \"1h\", deleted = \"{deleted}\" }}\n");
        let columns =
            "day = { type = \"date\", class = \"open\" }\nseen_at = { type = \"timestamptz\", class = \"open\" }";
        let rows = "id,day,seen_at\n1,2026-03-28,2026-03-28T01:00:00Z\n2,2026-03-29,2026-03-29T01:00:00Z\n3,2026-03-30,2026-03-30T01:00:00Z\n";
        let ferry = Ferry::of_one_file("app.thing.csv", rows.as_bytes(), columns, &merge);
        ferry.edit("jobs/things.toml", "write = \"replace\"", "write = \"merge\"");
        assert_eq!(ids(&ferry, &["--date", "2026-03-30"], 0).len(), 3);
        let changed = "id,day,seen_at\n1,2026-03-28,2026-03-28T01:00:00Z\n3,2026-03-31,2026-03-28T01:00:00Z\n4,2026-03-31,2020-01-01T00:00:00Z\n";
        ferry.write("in/app.thing.csv", changed.as_bytes());
        ids(&ferry, &["--date", "2026-03-31"], 0)
    };
    let now = pairs(&[("1", "2026-03-28"), ("3", "2026-03-31"), ("4", "2026-03-31")]);
    assert_eq!(merge("remove"), now);
    let mut kept = now;
    kept.insert(1, ("2".to_owned(), "2026-03-29".to_owned()));
    assert_eq!(merge("keep"), kept);
}

#[test]
fn a_plan_says_how_each_table_is_written_and_what_is_asked_for_it() {
    let ferry = things("where = \"amount > $least and day <= $to\"\nparameters = { least = { numeric = \"-0.5\" } }\n");
    let plan = |more: &[&str]| {
        let came = ferry.run(&[&["plan", "jobs/things.toml"], more].concat());
        assert_eq!(came.code, 0, "{}", came.err);
        came.out
    };
    let days = ["--from", "2026-02-28", "--to", "2026-03-02"];
    let text = plan(&days);
    for told in [
        "write     replace_period by day, every day: 3 periods, 2026-02-28 to 2026-03-02; each is asked for by itself",
        "amount > ('-0.5'::pg_catalog.numeric) and day <= ('2026-02-28'::pg_catalog.date)",
        "((\"day\" >= ('2026-02-28'::pg_catalog.date) AND \"day\" < ('2026-03-01'::pg_catalog.date)) OR \"day\" IS NULL)",
    ] {
        assert!(text.contains(told), "{told} in {text}");
    }
    let json: Value = serde_json::from_str(&plan(&[&days[..], &["--json"]].concat())).expect("JSON");
    let dataset = &json["datasets"][0];
    assert_eq!((&dataset["write"], &dataset["period_by"]), (&"replace_period".into(), &"day".into()));
    assert_eq!(dataset["periods"][2]["from"], "2026-03-02");
    ferry.edit("schemas/thing.toml", "[columns]", "[columns]\nseen_at = { type = \"timestamptz\", class = \"open\" }");
    ferry.edit("jobs/things.toml", "write = \"replace_period\"\nperiod = { by = \"day\", every = \"day\" }", MERGE);
    let text = plan(&[]);
    for told in [
        "write     merge: of these the rows whose seen_at is at most 5400 s older than the extract that the table knows",
        "keys      SELECT \"id\", \"day\", \"seen_at\" FROM \"app\".\"thing\"",
        "a row whose key is not among them is kept",
    ] {
        assert!(text.contains(told), "{told} in {text}");
    }
    assert_eq!(ferry.files("out"), Vec::<String>::new());
}

#[test]
fn a_condition_knows_the_period_by_its_days_and_by_its_moments_in_london() {
    let bounds = "where = \"day >= $from and day <= $to and day < $until and $from_time < $until_time\"\n";
    for (every, date, from, to, until, from_time, until_time) in [
        // The nights on which the clocks go forward and back, and a day of winter.
        ("day", "2026-03-29", "2026-03-29", "2026-03-29", "2026-03-30", "2026-03-29T00", "2026-03-29T23"),
        ("day", "2026-10-25", "2026-10-25", "2026-10-25", "2026-10-26", "2026-10-24T23", "2026-10-26T00"),
        ("day", "2026-12-31", "2026-12-31", "2026-12-31", "2027-01-01", "2026-12-31T00", "2027-01-01T00"),
        ("month", "2024-02-29", "2024-02-01", "2024-02-29", "2024-03-01", "2024-02-01T00", "2024-03-01T00"),
        ("quarter", "2026-04-01", "2026-04-01", "2026-06-30", "2026-07-01", "2026-03-31T23", "2026-06-30T23"),
        ("financial_year", "2026-03-31", "2025-04-01", "2026-03-31", "2026-04-01", "2025-03-31T23", "2026-03-31T23"),
        ("delivery_year", "2026-10-01", "2026-10-01", "2027-09-30", "2027-10-01", "2026-09-30T23", "2027-09-30T23"),
    ] {
        let ferry = things(bounds);
        ferry.edit("jobs/things.toml", "every = \"day\"", &format!("every = \"{every}\""));
        let came = ferry.run(&["plan", "jobs/things.toml", "--date", date]);
        let day = |day| format!("('{day}'::pg_catalog.date)");
        let moment = |hour| format!("('{hour}:00:00.000000+00:00'::pg_catalog.timestamptz)");
        let told = format!(
            "day >= {} and day <= {} and day < {} and {} < {}",
            day(from),
            day(to),
            day(until),
            moment(from_time),
            moment(until_time)
        );
        assert!(came.code == 0 && came.out.contains(&told), "{every}: {told} in {}{}", came.out, came.err);
    }
}

#[test]
fn a_where_or_query_that_closes_a_bracket_of_ours_is_a_fault_in_the_files() {
    let told = |ferry: &Ferry, fault: &str| {
        let came = ferry.run(&["validate", "jobs/things.toml"]);
        assert_eq!(came.code, 10, "{}{}", came.out, came.err);
        assert!(format!("{}{}", came.out, came.err).contains(fault), "{}{}", came.out, came.err);
    };
    // The period would go with the second half alone.
    let ferry = things("where = \"amount > 1) or (amount < 0\"\n");
    told(&ferry, "jobs/things.toml:12:9  `where` closes a bracket that it has not opened  [E-JOB-WHERE]");
    let ferry = things("");
    ferry.edit("jobs/things.toml", "table = \"app.thing\"", "query = \"jobs/sql/thing.sql\"");
    ferry.write("jobs/sql/thing.sql", b"select 1 as id) as a cross join (select 2 as id");
    told(&ferry, "jobs/sql/thing.sql:1:1  the query closes a bracket that it has not opened  [E-JOB-ROWS]");
}

const MERGE: &str = "write = \"merge\"\nmerge = { watermark = \"seen_at\", lag = \"90m\", deleted = \"keep\" }";

#[test]
fn a_file_of_the_table_that_is_not_what_was_written_is_not_merged_into() {
    let ferry = things("");
    ferry.edit("schemas/thing.toml", "[columns]", "[columns]\nseen_at = { type = \"timestamptz\", class = \"open\" }");
    ferry.edit("jobs/things.toml", "write = \"replace_period\"\nperiod = { by = \"day\", every = \"day\" }", MERGE);
    let rows = "id,day,amount,seen_at\n1,2026-03-28,10,2026-03-28T01:00:00Z\n";
    ferry.write("in/app.thing.csv", rows.as_bytes());
    assert_eq!(ids(&ferry, &["--date", "2026-03-28"], 0).len(), 1);
    let files = ferry.files("out/warehouse/thing");
    let file = files.iter().find(|file| file.ends_with(".parquet")).expect("a file");
    let path = format!("out/warehouse/thing/{file}");
    let mut bytes = std::fs::read(ferry.path(&path)).expect("its bytes");
    bytes[10] ^= 1;
    ferry.write(&path, &bytes);
    let came = ferry.run(&["run", "jobs/things.toml", "--date", "2026-03-29"]);
    assert_eq!(came.code, 42, "{}", came.err);
    assert!(came.err.contains("its size or SHA-256 is another"), "{}", came.err);
    assert_eq!(ferry.files("out/warehouse/thing/_delta_log").len(), 1);
}
