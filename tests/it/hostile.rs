//! Input that is damaged, hostile or not there: what the run says, and that nothing of it is published.

use crate::ferry::{Came, Ferry};

const CANARY: &str = "Quenby Larkspur-Ott";

/// Runs the job of a project, holds its ending against `ending`, and that nothing can be seen.
fn refused(ferry: &Ferry, ending: &str, code: i32, told: &str) -> Came {
    let came = ferry.run(&["run", "jobs/things.toml"]);
    assert_eq!(came.code, code, "{}{}", came.out, came.err);
    let endings = came.endings();
    assert!(endings.iter().any(|line| line.starts_with(ending) && line.contains(told)), "{ending} {told}: {endings:?}");
    for line in &endings {
        for part in [" phase=", " what=", " safe=", " next="] {
            assert!(line.contains(part), "{part} in {line}");
        }
    }
    assert!(!came.err.contains("panicked"), "{}", came.err);
    assert!(!ferry.is_published("out/warehouse/thing"), "nothing is published");
    assert!(!format!("{}{}", came.out, came.err).contains(CANARY), "no value is told: {}", came.err);
    came
}

fn things(csv: &str) -> Ferry {
    let columns = "name = { type = \"text\", class = \"personal\", kind = \"person_name\", treat = { analytics = \"label\" } }\namount = { type = \"numeric(8,2)\", class = \"open\", nullable = true }";
    Ferry::of_one_file("app.thing.csv", csv.as_bytes(), columns, "")
}

fn no_part_stays(ferry: &Ferry) {
    let files = ferry.files("out/warehouse");
    assert!(!files.iter().any(|file| file.ends_with(".parquet")), "{files:?}");
}

#[test]
fn carries_what_is_well() {
    let ferry = things(&format!("id,name,amount\n1,{CANARY},2.50\n2,{CANARY},\n"));
    let (came, report) = ferry.report(&["jobs/things.toml"]);
    assert_eq!(came.code, 0, "{}", came.err);
    assert_eq!(report["datasets"][0]["reconciliation"]["verdict"], "NOT_COMPARED");
    assert_eq!(report["datasets"][0]["rows_written"], 2);
}

#[test]
fn refuses_a_table_that_does_not_exist() {
    let ferry = things("id,name,amount\n1,a,2.50\n");
    ferry.edit("jobs/things.toml", "app.thing", "app.nothing");
    refused(&ferry, "E-THERE-14", 14, "app.nothing");
}

#[test]
fn refuses_a_column_that_nobody_classified_and_leaves_no_part() {
    let ferry = things(&format!("id,name,amount,nickname\n1,a,2.50,{CANARY}\n"));
    refused(&ferry, "E-DRIFT-20", 20, "nickname");
    no_part_stays(&ferry);
}

#[test]
fn leaves_a_new_column_out_where_the_schema_says_withhold() {
    let ferry = things(&format!("id,name,amount,nickname\n1,a,2.50,{CANARY}\n"));
    ferry.edit("schemas/thing.toml", "key = [\"id\"]", "key = [\"id\"]\non_new_column = \"withhold\"");
    let (came, report) = ferry.report(&["jobs/things.toml"]);
    assert_eq!(came.code, 0, "{}", came.err);
    assert_eq!(report["datasets"][0]["withheld"], serde_json::json!(["nickname"]));
    assert!(!format!("{}{}", came.out, came.err).contains(CANARY));
}

#[test]
fn refuses_a_column_that_is_gone() {
    refused(&things("id,name\n1,a\n"), "E-DRIFT-20", 20, "amount");
}

#[test]
fn refuses_personal_data_in_a_column_that_is_kept_and_leaves_no_part() {
    let text = "note = { type = \"text\", class = \"open\" }";
    let csv = "id,note\n1,fine\n2,write to quenby.larkspur@example.org\n";
    let ferry = Ferry::of_one_file("app.thing.csv", csv.as_bytes(), text, "");
    let came = refused(&ferry, "E-PRIVACY-23", 23, "`note` holds what looks like email (cells: 1)");
    assert!(!came.err.contains("quenby"), "{}", came.err);
    no_part_stays(&ferry);
}

#[test]
fn refuses_personal_data_beside_a_bad_row_and_leaves_no_part() {
    let columns =
        "note = { type = \"text\", class = \"open\" }\namount = { type = \"numeric(8,2)\", class = \"open\" }";
    let csv = "id,note,amount\n1,fine,x\n2,write to quenby.larkspur@example.org,1.00\n";
    let ferry = Ferry::of_one_file("app.thing.csv", csv.as_bytes(), columns, "");
    let came = refused(&ferry, "E-PRIVACY-23", 23, "`note` holds what looks like email (cells: 1)");
    assert!(came.endings().iter().any(|line| line.starts_with("E-ROWS-22")), "{}", came.err);
    no_part_stays(&ferry);
}

#[test]
fn refuses_more_bad_rows_than_are_allowed_and_says_where_the_first_is() {
    let ferry = things(&format!("id,name,amount\n1,a,2.50\n2,b,{CANARY}\n"));
    refused(&ferry, "E-ROWS-22", 22, "1 of 2 rows are bad, 0 are allowed; row 1: `amount`");
    let aside = ferry.files("out/restricted/quarantine/thing");
    assert_eq!(aside.iter().filter(|file| file.ends_with(".parquet")).count(), 1, "{aside:?}");
}

#[test]
fn quarantines_nothing_in_a_dry_run_and_nothing_of_a_night_that_may_hold_what_nobody_may_see() {
    let note = "note = { type = \"text\", class = \"open\" }\namount = { type = \"integer\", class = \"open\" }";
    let csv = "id,note,amount\n1,write to quenby.larkspur@example.org,1\n2,fine,many\n";
    let ferry = Ferry::of_one_file("app.thing.csv", csv.as_bytes(), note, "");
    ferry.edit("jobs/things.toml", "write = \"replace\"", "write = \"replace\"\nbad_rows_max = 1");
    refused(&ferry, "E-PRIVACY-23", 23, "`note`");
    assert_eq!(ferry.files("out/restricted"), Vec::<String>::new());
    let ferry = things(&format!("id,name,amount\n1,a,2.50\n2,b,{CANARY}\n"));
    assert_eq!(ferry.run(&["run", "jobs/things.toml", "--dry-run"]).code, 22);
    assert_eq!(ferry.files("out/restricted"), Vec::<String>::new());
}

#[test]
fn sets_few_bad_rows_aside_in_the_restricted_store() {
    let ferry = things(&format!("id,name,amount\n1,a,2.50\n2,b,{CANARY}\n3,c,1.00\n"));
    ferry.edit("jobs/things.toml", "write = \"replace\"", "write = \"replace\"\nbad_rows_max = 1");
    let (came, report) = ferry.report(&["jobs/things.toml"]);
    assert_eq!(came.code, 0, "{}", came.err);
    let thing = &report["datasets"][0];
    assert_eq!((&thing["rows_read"], &thing["rows_written"], &thing["rows_bad"]), (&3.into(), &2.into(), &1.into()));
    assert_eq!(ferry.files("out/restricted").iter().filter(|file| file.ends_with(".parquet")).count(), 1);
    assert!(!format!("{}{}", came.out, came.err).contains(CANARY));
}

#[test]
fn files_rows_whose_columns_have_the_names_of_its_own() {
    let columns = ["bad_row", "bad_because", "side", "differs"]
        .map(|name| format!("{name} = {{ type = \"integer\", class = \"open\" }}"))
        .join("\n");
    let csv = b"id,bad_row,bad_because,side,differs\n1,1,1,1,1\n2,1,1,x,1\n";
    let ferry = Ferry::of_one_file("app.thing.csv", csv, &columns, "bad_rows_max = 1\n");
    let came = ferry.run(&["run", "jobs/things.toml"]);
    assert_eq!(came.code, 0, "{}", came.err);
    assert_eq!(ferry.files("out/restricted").iter().filter(|file| file.ends_with(".parquet")).count(), 1);
}

#[test]
fn refuses_a_key_that_is_there_twice() {
    let ferry = things("id,name,amount\n1,a,2.50\n2,b,1.00\n1,c,3.00\n");
    refused(&ferry, "E-KEY-22", 22, "1 row with the key of another");
}

#[test]
fn refuses_a_key_that_is_null() {
    let ferry = things("id,name,amount\n,a,2.50\n");
    refused(&ferry, "E-ROWS-22", 22, "`id`");
}

#[test]
fn refuses_no_rows_at_all_unless_they_are_allowed() {
    let ferry = things("id,name,amount\n");
    refused(&ferry, "E-KEY-22", 22, "no rows");
    ferry.edit("jobs/things.toml", "write = \"replace\"", "write = \"replace\"\nallow_empty = true");
    assert_eq!(ferry.run(&["run", "jobs/things.toml"]).code, 0);
}

#[test]
fn refuses_parquet_that_was_cut_short() {
    let shipped = std::fs::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/fixtures/settlements/extract/settlements.difference_payment.parquet"
    ))
    .expect("the fixture");
    let ferry = Ferry::of_one_file("app.thing.parquet", &shipped[..shipped.len() / 2], "", "");
    refused(&ferry, "E-INPUT-22", 22, "app.thing.parquet");
}

#[test]
fn refuses_a_json_line_that_was_cut_short() {
    let text = "name = { type = \"text\", class = \"open\" }";
    let lines = format!("{{\"id\":1,\"name\":\"a\"}}\n{{\"id\":2,\"name\":\"{CANARY}");
    let ferry = Ferry::of_one_file("app.thing.jsonl", lines.as_bytes(), text, "");
    refused(&ferry, "E-INPUT-22", 22, "app.thing.jsonl");
}

#[test]
fn refuses_gzip_that_was_cut_short() {
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/settlements/extract/settlements.invoice.jsonl.gz");
    let shipped = std::fs::read(shipped).expect("the fixture");
    let ferry = Ferry::of_one_file("app.thing.jsonl.gz", &shipped[..shipped.len() / 2], "", "");
    refused(&ferry, "E-INPUT-22", 22, "app.thing.jsonl.gz");
}

#[test]
fn refuses_a_csv_that_ends_inside_quotes() {
    refused(&things(&format!("id,name,amount\n1,\"a\",2.50\n2,b,\"{CANARY}")), "E-INPUT-22", 22, "ends inside quotes");
}

#[test]
fn refuses_an_object_that_may_be_the_tables_and_is_not_read() {
    for file in ["year=2026/b.csv", "c.CSV", "d.csv.bz2", "e.ndjson", "f"] {
        let rows = b"id,name,amount\n2,b,1.00\n";
        let ferry = things("id,name,amount\n1,a,2.50\n");
        std::fs::create_dir(ferry.path("in/app.thing")).expect("made");
        std::fs::rename(ferry.path("in/app.thing.csv"), ferry.path("in/app.thing/a.csv")).expect("moved");
        ferry.write("in/app.thing/_SUCCESS", b"");
        ferry.write("in/app.thing/.a.csv.crc", b"crc");
        ferry.write("in/app.thing_two.csv", rows);
        assert_eq!(ferry.run(&["run", "jobs/things.toml", "--dry-run"]).code, 0, "{file} is not there yet");
        ferry.write(&format!("in/app.thing/{file}"), rows);
        refused(&ferry, "E-INPUT-22", 22, &format!("app.thing/{file}"));
    }
}

#[test]
fn refuses_a_table_that_is_there_as_a_file_and_once_more() {
    for other in ["app.thing/a.csv", "app.thing.jsonl", "app.thing.csv.gz", "app.thing.more.csv"] {
        let ferry = things("id,name,amount\n1,a,2.50\n");
        ferry.write(&format!("in/{other}"), b"id,name,amount\n2,b,1.00\n");
        refused(&ferry, "E-INPUT-22", 22, "app.thing.");
    }
}

#[test]
fn finds_a_wrong_where_over_files_before_the_night_and_reads_no_row() {
    let ferry = things(&format!("id,name,amount\n1,a,{CANARY}\n"));
    let online = |filter: &str| {
        ferry.edit("jobs/things.toml", "write = \"replace\"", &format!("where = \"{filter}\"\nwrite = \"replace\""));
        let came = ferry.run(&["validate", "jobs/things.toml", "--online"]);
        ferry.edit("jobs/things.toml", &format!("where = \"{filter}\"\n"), "");
        came
    };
    for (wrong, code) in [("nosuch = 1", 10), ("amount >", 10), ("amount > 1", 0)] {
        let came = online(wrong);
        assert_eq!(came.code, code, "{wrong}: {}", came.err);
        assert!(code == 0 || came.endings()[0].starts_with("E-JOB-10 dataset=thing"), "{}", came.err);
    }
    ferry.write("in/app.thing.csv", b"id,name\n1,a\n");
    assert_eq!(online("id > 1").code, 20, "columns are looked at");
}

#[test]
fn takes_a_where_over_a_table_without_rows() {
    let ferry = things("id,name,amount\n");
    ferry.edit(
        "jobs/things.toml",
        "write = \"replace\"",
        "where = \"amount > 1\"\nallow_empty = true\nwrite = \"replace\"",
    );
    let came = ferry.run(&["run", "jobs/things.toml"]);
    assert_eq!(came.code, 0, "{}", came.err);
}

#[test]
fn refuses_sql_that_the_engine_gives_up_on_as_any_other() {
    let windows = "select id, sum(id) over (order by name) as s from thing group by id, name having count(*) > 0";
    let ferry = things("id,name,amount\n1,a,2.50\n2,b,1.00\n");
    let job = ferry.read("jobs/things.toml");
    let check = format!(
        "\n[[dataset.thing.check]]\nname = \"sums\"\nsql = \"with a as ({windows}) select cast(s as bigint) > 0 as holds from a limit 1\"\n"
    );
    ferry.write("jobs/things.toml", format!("{job}{check}").as_bytes());
    let came = refused(&ferry, "E-CHECK-25", 25, "its SQL is more than Polars can do");
    assert!(!came.err.contains("E-BUG"), "{}", came.err);
    ferry.write("jobs/things.toml", job.replace("table = \"app.thing\"", "query = \"jobs/sql/thing.sql\"").as_bytes());
    ferry.write("jobs/sql/thing.sql", windows.replace("from thing", "from app.thing").as_bytes());
    let came = refused(&ferry, "E-SQL-10", 10, "the SQL of jobs/sql/thing.sql is more than Polars can do");
    assert!(!came.err.contains("E-BUG"), "{}", came.err);
}

#[test]
fn refuses_a_store_path_that_is_a_file() {
    let ferry = things("id,name,amount\n1,a,2.50\n");
    ferry.write("out/warehouse", b"a file");
    refused(&ferry, "E-THERE-14", 14, "the path of `warehouse` is a file");
    assert_eq!(ferry.read("out/warehouse"), "a file");
}

#[test]
fn refuses_a_store_that_holds_another_environments_data() {
    let ferry = things("id,name,amount\n1,a,2.50\n");
    assert_eq!(ferry.run(&["run", "jobs/things.toml"]).code, 0);
    ferry.edit("jobs/environments/dev.toml", "stamp = \"dev\"", "stamp = \"prod\"");
    ferry.edit("jobs/environments/dev.toml", "{ test_key = true }", "{ env = \"NIGHTFERRY_KEY\" }");
    let came = ferry.run(&["run", "jobs/things.toml", "--again", "a test"]);
    assert_eq!(came.code, 14, "{}", came.err);
    assert!(came.endings()[0].starts_with("E-STAMP-14"), "{}", came.err);
}

#[test]
fn calls_a_night_published_only_when_every_table_of_the_job_is() {
    let ferry = things("id,name,amount\n1,a,2.50\n");
    assert_eq!(ferry.run(&["run", "jobs/things.toml"]).code, 0);
    ferry.edit("jobs/things.toml", "[\"warehouse\"]", "[\"warehouse\", \"restricted\"]");
    let came = ferry.run(&["run", "jobs/things.toml"]);
    assert_eq!(came.code, 10, "{}{}", came.out, came.err);
    assert!(came.endings()[0].contains("without `thing` in `restricted`"), "{}", came.err);
    assert!(came.endings()[0].contains("--again"), "{}", came.err);
    assert_eq!(ferry.run(&["run", "jobs/things.toml", "--again", "one more store"]).code, 0);
    assert!(ferry.is_published("out/restricted/thing"));
    assert_eq!(ferry.run(&["run", "jobs/things.toml"]).code, 0);
}

#[test]
fn says_when_the_disk_is_full_and_publishes_when_it_no_longer_is() {
    // Amounts that no encoding makes small.
    let amount = |id: u64| (id + 7).pow(3).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 45;
    let rows: String = (0..40_000).map(|id| format!("{id},a,{}.25\n", amount(id))).collect();
    let ferry = things(&format!("id,name,amount\n{rows}"));
    let warehouse = ferry.path("out/warehouse");
    std::fs::create_dir_all(&warehouse).expect("made");
    let mounted = Mount::of_kilobytes(&warehouse, 48);
    let came = refused(&ferry, "E-DISK-51", 51, "warehouse");
    assert!(came.out.contains("failed"), "{}", came.out);
    drop(mounted);
    assert_eq!(ferry.run(&["run", "jobs/things.toml"]).code, 0);
}

#[test]
fn says_that_the_night_is_decided_when_the_disk_is_full_after_its_record() {
    let mut decided = 0;
    for kilobytes in (16..=64).step_by(4) {
        let ferry = things("id,name,amount\n1,a,2.50\n");
        std::fs::create_dir_all(ferry.path("out")).expect("made");
        let mounted = Mount::of_kilobytes(&ferry.path("out"), kilobytes);
        let came = ferry.run(&["run", "jobs/things.toml"]);
        if came.code == 0 {
            continue;
        }
        assert_eq!(came.code, 51, "{kilobytes}: {}", came.err);
        let is_decided = ferry.path("out/security/_jobs/things/00000000000000000000.json").exists();
        let safe = if is_decided { "safe=\"the night is decided" } else { "safe=\"nothing was published" };
        assert!(came.endings()[0].contains(safe), "{kilobytes}: {}", came.err);
        decided += u32::from(is_decided);
        mounted.grow_to_kilobytes(400);
        let next = ferry.run(&["run", "jobs/things.toml"]);
        assert_eq!((next.code, ferry.is_published("out/warehouse/thing")), (0, true), "{kilobytes}: {}", next.err);
    }
    assert!(decided > 0, "no disk was full after the record");
}

#[test]
fn refuses_a_restricted_store_in_which_another_environment_set_rows_aside() {
    let ferry = things(&format!("id,name,amount\n1,a,2.50\n2,b,{CANARY}\n"));
    refused(&ferry, "E-ROWS-22", 22, "1 of 2 rows are bad");
    assert_eq!(ferry.read("out/restricted/_nightferry/stamp.json"), "{\"stamp\":\"dev\"}\n");
    // Production with stores of its own, but for this one.
    ferry.edit("jobs/environments/dev.toml", "stamp = \"dev\"", "stamp = \"prod\"");
    ferry.edit("jobs/environments/dev.toml", "{ test_key = true }", "{ env = \"NIGHTFERRY_KEY\" }");
    ferry.edit("jobs/environments/dev.toml", "out/warehouse", "prod/warehouse");
    ferry.edit("jobs/environments/dev.toml", "out/security", "prod/security");
    let came = ferry.run(&["run", "jobs/things.toml"]);
    assert_eq!(came.code, 14, "{}", came.err);
    assert!(came.endings()[0].starts_with("E-STAMP-14") && came.err.contains("restricted"), "{}", came.err);
}

/// A small disk, taken away when dropped.
pub struct Mount(std::path::PathBuf);

impl Mount {
    pub fn of_kilobytes(at: &std::path::Path, kilobytes: u32) -> Self {
        let size = format!("size={kilobytes}k");
        let mounted = std::process::Command::new("mount").args(["-t", "tmpfs", "-o", &size, "none"]).arg(at).status();
        assert!(mounted.expect("mount starts").success(), "a small disk can be mounted (the tests run as root)");
        Mount(at.to_owned())
    }

    pub fn grow_to_kilobytes(&self, kilobytes: u32) {
        let size = format!("remount,size={kilobytes}k");
        let mounted = std::process::Command::new("mount").args(["-o", &size]).arg(&self.0).status();
        assert!(mounted.expect("mount starts").success(), "the disk can be made larger");
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg(&self.0).status();
    }
}
