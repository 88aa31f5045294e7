//! `init --source`: from a database that nobody made for us to a job that runs.

use super::town::{Town, run};
use crate::ferry::{Came, Ferry};
use crate::readers::python;
use sqlx::{AssertSqlSafe, Row};
use std::collections::BTreeMap;

/// Every oddity of a catalogue that has grown for years.
const TOWN: &str = r#"
    CREATE SCHEMA app; CREATE SCHEMA other; CREATE DOMAIN app.pounds AS numeric(10,2) NOT NULL;
    CREATE TABLE app.party (id bigint PRIMARY KEY, "Full_Name" varchar(80) NOT NULL, "E-Mail" text, born_on date, "isActive" boolean NOT NULL, notes text);
    COMMENT ON TABLE app.party IS E'Who pays, and "who"\n is paid.'; COMMENT ON COLUMN app.party."isActive" IS 'Whether C:\ still knows them.';
    INSERT INTO app.party SELECT n, 'Gwen Mercer', 'gwen@example.org', '1970-01-01', true, NULL FROM generate_series(1, 7) n;
    CREATE TABLE app."Meter Reading" ("CfD_ID" text, "Settlement Date" date, period smallint, "Zählerstand (kWh)" numeric(14,3) NOT NULL, "order" int,
        "sel""ect" timestamptz, party_id bigint NOT NULL REFERENCES app.party, PRIMARY KEY ("CfD_ID", "Settlement Date", period));
    INSERT INTO app."Meter Reading" SELECT 'AAA-001', '2026-11-22', n, n / 3.0, n, now(), 1 + n % 7 FROM generate_series(1, 48) n;
    CREATE TABLE app."Order" (order_no int NOT NULL, line int NOT NULL, "a" int, "A" int, price app.pounds, cfd text, day date, half_hour smallint,
        code text NOT NULL, UNIQUE (order_no, line), CONSTRAINT by_code UNIQUE (code, order_no, line),
        FOREIGN KEY (cfd, day, half_hour) REFERENCES app."Meter Reading");
    INSERT INTO app."Order" SELECT n, 1, n, -n, 9.99, 'AAA-001', '2026-11-22', n, 'c' || n FROM generate_series(1, 5) n;
    CREATE TABLE app."we""ird.table" (id int PRIMARY KEY, "x""y" text); INSERT INTO app."we""ird.table" VALUES (1, 'a'), (2, 'b');
    CREATE TABLE app.keyless (at date NOT NULL, what text NOT NULL, amount real NOT NULL, remark text); INSERT INTO app.keyless VALUES ('2026-11-22', 'a', 1, 'x'), ('2026-11-23', 'a', 2, NULL);
    CREATE TABLE app.nothing_firm (a int, b int); INSERT INTO app.nothing_firm VALUES (1, 2);
    CREATE TYPE app.mood AS ENUM ('well', 'so so');
    CREATE TABLE app.searched (id uuid PRIMARY KEY, words tsvector, mood app.mood, tree pg_node_tree, whole numeric NOT NULL, big numeric(1000,2), stamp time(0) NOT NULL, flag char(2),
        tags varchar(9)[], amounts numeric(12,2)[], seen timestamp(3) with time zone[], bits varbit(5));
    INSERT INTO app.searched SELECT gen_random_uuid(), 'x', 'so so', NULL, 12.5, 1, '10:00', 'ab' FROM generate_series(1, 3);
    CREATE TABLE app.measure (day date, id int, mwh double precision, PRIMARY KEY (day, id)) PARTITION BY RANGE (day);
    CREATE TABLE app.measure_1 PARTITION OF app.measure FOR VALUES FROM ('2026-01-01') TO ('2026-06-01');
    CREATE TABLE app.measure_2 PARTITION OF app.measure FOR VALUES FROM ('2026-06-01') TO ('2027-01-01');
    INSERT INTO app.measure SELECT date '2026-05-25' + n, n, n FROM generate_series(1, 20) n;
    CREATE TABLE app.quarantine (id int PRIMARY KEY); INSERT INTO app.quarantine VALUES (1);
    CREATE TABLE app.mailing ("E-Mail" text PRIMARY KEY, since date); INSERT INTO app.mailing VALUES ('gwen@example.org', '2026-01-01');
    CREATE TABLE app.people_only (id int PRIMARY KEY, shown jsonb); INSERT INTO app.people_only VALUES (1, '{"a": 1}');
    CREATE TABLE app.hidden (id int PRIMARY KEY); CREATE VIEW app.seen AS SELECT id FROM app.party;
    CREATE TABLE other.party (id int PRIMARY KEY); INSERT INTO other.party VALUES (1), (2);
    GRANT USAGE ON SCHEMA app, other TO READER; GRANT SELECT ON ALL TABLES IN SCHEMA app, other TO READER; REVOKE ALL ON app.hidden FROM READER"#;

/// Dataset -> the table at the source, as its owner would write it.
const CARRIED: &[(&str, &str)] = &[
    ("party", "app.party"),
    ("meter_reading", "app.\"Meter Reading\""),
    ("order", "app.\"Order\""),
    ("we_ird_table", "app.\"we\"\"ird.table\""),
    ("keyless", "app.keyless"),
    ("searched", "app.searched"),
    ("measure", "app.measure"),
    ("app_quarantine", "app.quarantine"),
    ("mailing", "app.mailing"),
    ("people_only", "app.people_only"),
    ("other_party", "other.party"),
];

const PARTY: &str = r#"description = "Who pays, and \"who\" is paid."
key = ["id"]
on_new_column = "stop"

[columns]
id        = { type = "bigint", class = "internal", confirmed = false }
full_name = { type = "varchar(80)", class = "personal", source = "Full_Name", kind = "person_name", confirmed = false }
e_mail    = { type = "text", class = "personal", nullable = true, source = "E-Mail", kind = "email", confirmed = false }
born_on   = { type = "date", class = "sensitive", nullable = true, kind = "date_of_birth", confirmed = false }
is_active = { type = "boolean", class = "internal", source = "isActive", description = "Whether C:\\ still knows them.", confirmed = false }
notes     = { type = "text", class = "personal", nullable = true, kind = "free_text", confirmed = false }
"#;

const ORDER: &str = r#"key = ["order_no", "line"]
on_new_column = "stop"
references = [
    { columns = ["cfd", "day", "half_hour"], schema = "meter_reading", key = ["cfd_id", "settlement_date", "period"] },
]

[columns]
order_no  = { type = "integer", class = "internal", confirmed = false }
line      = { type = "integer", class = "internal", confirmed = false }
a         = { type = "integer", class = "internal", nullable = true, confirmed = false }
a_2       = { type = "integer", class = "internal", nullable = true, source = "A", confirmed = false }
price     = { type = "numeric(10,2)", class = "internal", confirmed = false }
cfd       = { type = "text", class = "internal", nullable = true, confirmed = false }
day       = { type = "date", class = "internal", nullable = true, confirmed = false }
half_hour = { type = "smallint", class = "internal", nullable = true, confirmed = false }
code      = { type = "text", class = "internal", confirmed = false }
"#;

/// The checks of the two foreign keys, in the job.
const CHECKS: [&str; 2] = [
    r#"
[[dataset.meter_reading.check]]
name = "every party_id is in party"
references = { columns = ["party_id"], dataset = "party" }
"#,
    r#"
[[dataset.order.check]]
name = "every cfd, day, half_hour is in meter_reading"
references = { columns = ["cfd", "day", "half_hour"], dataset = "meter_reading" }
"#,
];

/// A project with nothing in it but an environment whose source `town` is the database.
pub fn project(database: &str) -> Ferry {
    let ferry = Ferry::of_one_file("x.csv", b"", "", "");
    for file in ["jobs/things.toml", "schemas/thing.toml"] {
        std::fs::remove_file(ferry.path(file)).expect("removed");
    }
    let postgres = format!(
        "[source.town.postgres]\nhost = {{ env = \"NIGHTFERRY_PG_HOST\" }}\nport = {{ env = \"NIGHTFERRY_PG_PORT\" }}\ndatabase = \"{database}\"\nuser = \"{database}_reader\"\npassword = {{ file = \"password\" }}\nca = {{ env = \"NIGHTFERRY_PG_CA\" }}\n\n[source.app]"
    );
    ferry.edit("jobs/environments/dev.toml", "[source.app]", &postgres);
    ferry.write("password", b"kestrel");
    let ours_alone = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(ferry.path("password"), ours_alone).expect("permissions");
    ferry
}

async fn town(database: &str) -> Town {
    let mut town = Town::lay(database).await;
    let reader = format!("{database}_reader");
    town.unrole(&reader).await;
    run(&mut town.admin, &format!("CREATE ROLE {reader} LOGIN PASSWORD 'kestrel'")).await;
    run(&mut town.admin, &TOWN.replace("READER", &reader)).await;
    town
}

fn init(ferry: &Ferry, more: &[&str]) -> Came {
    ferry.run(&[&["init", "--source", "town"], more].concat())
}

fn schemas(ferry: &Ferry) -> BTreeMap<String, String> {
    let files = ferry.files("schemas").into_iter().map(|file| (file.clone(), ferry.read(&format!("schemas/{file}"))));
    files.collect()
}

#[tokio::test]
async fn a_catalogue_becomes_a_job_that_runs_once_a_person_looked_at_it() {
    let mut town = town("it_drafted").await;
    let ferry = project("it_drafted");
    let came = init(&ferry, &[]);
    assert_eq!(came.code, 0, "{}", came.err);
    assert!(came.out.starts_with("jobs/town.toml\nschemas/"), "{}", came.out);
    for told in [
        "left out: app.nothing_firm: it has no key, and no column that is never NULL",
        "left out: 1 tables that the role may not read",
    ] {
        assert!(came.out.contains(told) && ferry.read("jobs/town.toml").contains(told), "{}", came.out);
    }
    // The source may be another environment's.
    let elsewhere = project("it_drafted");
    std::fs::rename(elsewhere.path("jobs/environments/dev.toml"), elsewhere.path("jobs/environments/night.toml"))
        .expect("renamed");
    assert_eq!(init(&elsewhere, &[]).code, 11, "there is no other");
    let came = init(&elsewhere, &["--env", "night"]);
    assert_eq!(came.code, 0, "{}", came.err);
    assert_eq!(schemas(&elsewhere), schemas(&ferry));
    let schemas = schemas(&ferry);
    let mut names: Vec<_> = CARRIED.iter().map(|(dataset, _)| format!("{dataset}.toml")).collect();
    names.sort();
    assert_eq!(schemas.keys().cloned().collect::<Vec<_>>(), names);
    let ends = |file: &str, text: &str| assert!(schemas[file].ends_with(text), "{}", schemas[file]);
    ends("party.toml", PARTY);
    ends("order.toml", ORDER);
    for (file, part) in [
        ("meter_reading.toml", "key = [\"cfd_id\", \"settlement_date\", \"period\"]"),
        ("meter_reading.toml", "source = \"Zählerstand (kWh)\""),
        (
            "meter_reading.toml",
            "sel_ect         = { type = \"timestamptz\", class = \"internal\", nullable = true, source = \"sel\\\"ect\"",
        ),
        ("meter_reading.toml", "references = { schema = \"party\", column = \"id\" }"),
        ("keyless.toml", "# The source has no key"),
        ("keyless.toml", "key = [\"at\", \"what\"]"),
        ("searched.toml", "# not read: tree: its type is pg_node_tree"),
        ("searched.toml", "mood    = { type = \"enum\", class = \"internal\""),
        ("searched.toml", "words   = { type = \"tsvector\", class = \"personal\""),
        ("searched.toml", "on_new_column = \"withhold\""),
        ("searched.toml", "stamp   = { type = \"time\""),
        ("searched.toml", "tags    = { type = \"varchar[]\""),
        ("searched.toml", "amounts = { type = \"numeric[]\""),
        ("searched.toml", "seen    = { type = \"timestamptz[]\""),
        ("searched.toml", "bits    = { type = \"varbit(5)\""),
        ("measure.toml", "key = [\"day\", \"id\"]"),
        ("mailing.toml", "treat = { analytics = { hmac = \"email\" } }, confirmed = false }"),
    ] {
        assert!(schemas[file].contains(part), "{part} in {}", schemas[file]);
    }
    let job = ferry.read("jobs/town.toml");
    assert!(CHECKS.iter().all(|check| job.contains(check)) && job.matches(".check]]").count() == 2, "{job}");
    // Nothing is wrong with it but that nobody looked.
    let guesses: usize = schemas.values().map(|schema| schema.matches("confirmed = false }").count()).sum();
    for verb in [&["validate"][..], &["plan", "jobs/town.toml"], &["run", "jobs/town.toml"]] {
        let came = ferry.run(verb);
        assert_eq!(
            (came.code, came.err.matches("[E-SCHEMA-UNCONFIRMED]").count()),
            (10, guesses),
            "{verb:?}: {}",
            came.err
        );
        assert!(came.err.contains(&format!("{guesses} faults in the files")), "{}", came.err);
    }
    assert!(!ferry.path("out").exists(), "something was written");
    for (file, text) in &schemas {
        ferry.write(&format!("schemas/{file}"), text.replace(", confirmed = false", "").as_bytes());
    }
    let came = ferry.run(&["validate", "--online"]);
    assert_eq!(came.code, 0, "{}{}", came.out, came.err);
    let came = ferry.run(&["run", "jobs/town.toml"]);
    assert_eq!(came.code, 0, "{}{}", came.out, came.err);
    for (dataset, table) in CARRIED {
        let count = format!("SELECT count(*) FROM {table}");
        let there: i64 = sqlx::query(AssertSqlSafe(count)).fetch_one(&mut town.admin).await.expect("a row").get(0);
        let read = format!(
            "from deltalake import DeltaTable; print(DeltaTable({:?}).to_pyarrow_table().num_rows)",
            ferry.path(&format!("out/warehouse/{dataset}"))
        );
        assert_eq!(python(&["-c", &read]).trim(), there.to_string(), "{dataset}");
    }
    // A foreign key of which a part is NULL points nowhere; one that points at nothing is an orphan.
    let row = |no: u32, cfd: &str| {
        format!("INSERT INTO app.\"Order\" VALUES ({no}, 1, {no}, 0, 9.99, {cfd}, '2026-11-22', 1, 'c{no}')")
    };
    run(&mut town.admin, &row(50, "NULL")).await;
    let came = ferry.run(&["run", "jobs/town.toml", "--again", "a part is NULL"]);
    assert_eq!(came.code, 0, "{}{}", came.out, came.err);
    run(&mut town.admin, "ALTER TABLE app.\"Order\" DROP CONSTRAINT \"Order_cfd_day_half_hour_fkey\"").await;
    run(&mut town.admin, &row(51, "'AAA-002'")).await;
    let came = ferry.run(&["run", "jobs/town.toml", "--again", "an orphan"]);
    let told = "the check `every cfd, day, half_hour is in meter_reading` does not hold: 1 row at fault";
    assert!(came.code == 25 && came.err.contains(told), "{}{}", came.out, came.err);
    town.go(&["it_drafted_reader"]).await;
}

#[tokio::test]
async fn only_what_is_asked_for_is_drafted_and_nothing_is_written_over() {
    let mut town = town("it_drafted_part").await;
    let ferry = project("it_drafted_part");
    let came =
        init(&ferry, &["--schema", "app", "--table", "party", "--table", "app.Order", "--job", "part", "--json"]);
    assert_eq!(came.code, 0, "{}", came.err);
    let told: serde_json::Value = serde_json::from_str(&came.out).expect("JSON");
    let written = ["jobs/part.toml", "schemas/order.toml", "schemas/party.toml"];
    let told: Vec<_> = told["written"].as_array().expect("a list").iter().filter_map(|path| path.as_str()).collect();
    assert_eq!(told.iter().collect::<std::collections::BTreeSet<_>>(), written.iter().collect());
    // What is not drafted cannot be pointed at.
    assert!(!ferry.read("schemas/order.toml").contains("references"));
    ferry.write("schemas/order.toml", b"mine\n");
    for (more, told) in [
        (&["--schema", "app", "--job", "part"][..], "jobs/part.toml, "),
        (&["--table", "Order"], "schemas/order.toml would be written over"),
    ] {
        let came = init(&ferry, more);
        assert_eq!(came.code, 2, "{}", came.err);
        assert!(came.endings()[0].starts_with("E-INIT-2") && came.err.contains(told), "{}", came.err);
    }
    assert_eq!(ferry.read("schemas/order.toml"), "mine\n");
    assert_eq!(ferry.files("schemas").len(), 2, "half a draft was left");
    for nothing in [&["--table", "Party"][..], &["--schema", "nowhere"], &["--table", "hidden"], &["--table", "seen"]] {
        let came = init(&ferry, nothing);
        assert!(came.code == 14 && came.endings()[0].starts_with("E-THERE-14"), "{nothing:?}: {}", came.err);
    }
    // The one who drafts is the one who will read.
    run(&mut town.admin, "GRANT INSERT ON app.party TO it_drafted_part_reader").await;
    let came = init(&ferry, &["--table", "party", "--job", "wide"]);
    assert!(came.code == 12 && came.endings()[0].starts_with("E-ROLE-12"), "{}", came.err);
    assert_eq!(ferry.files("schemas").len(), 2);
    town.go(&["it_drafted_part_reader"]).await;
}
