//! A job over two tables between which money is moved all the time: what is published has the right sum, or nothing is
//! published. For the tests that take a source away in the middle of a run.

use super::bench::Bench;
use crate::ferry::{Came, Ferry};
use crate::five::{Befallen, PERSON, rows};
use crate::readers::python;
use serde_json::Value;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const JOB: &str = "jobs/things.toml";
const ENVIRONMENT: &str = "jobs/environments/dev.toml";
/// Rows of each table, at 1,000 a row: three parts of each.
pub const ROWS: u32 = 18_000;

/// What DuckDB finds in published tables: rows and distinct numbers of each, and the sum of all amounts.
const FOUND: &str = "import sys, duckdb; from deltalake import DeltaTable; total = 0
for root in sys.argv[1:]:
    d = DeltaTable(root).to_pyarrow_dataset()
    rows, ids, amounts = duckdb.sql('select count(*), count(distinct id), sum(amount)::bigint from d').fetchall()[0]
    print(rows, ids, end=' '); total += amounts
print(total)";

/// The tables, in a schema of their own.
pub fn lay(schema: &str) -> String {
    let table = |name: &str| {
        format!(
            "CREATE TABLE {schema}.{name} (id bigint PRIMARY KEY, amount integer, note text, name text NOT NULL DEFAULT '{PERSON}');
             INSERT INTO {schema}.{name} (id, amount, note) SELECT n, 1000, repeat(chr(65 + n % 26), 1900) FROM generate_series(1, {ROWS}) n;"
        )
    };
    format!("{} {}", table("here"), table("there"))
}

/// Moves 1 from one table to the other, in one transaction.
pub fn moves(schema: &str, id: u32) -> String {
    format!(
        "BEGIN; UPDATE {schema}.here SET amount = amount - 1 WHERE id = {id};
         UPDATE {schema}.there SET amount = amount + 1 WHERE id = {id}; COMMIT"
    )
}

/// The job, over the tests' server with `keys` of its source changed or added.
pub fn ferry(schema: &str, keys: &[(&str, &str)]) -> Ferry {
    let columns = "amount = { type = \"integer\", class = \"open\" }\nnote = { type = \"text\", class = \"open\" }\n\
        name = { type = \"text\", class = \"personal\", kind = \"person_name\", treat = { analytics = \"drop\" } }";
    let ferry = Ferry::of_one_file("app.thing.csv", b"", columns, "");
    let mut source: Vec<(&str, String)> = ["host", "port", "user", "password", "ca"]
        .map(|key| (key, format!("{{ env = \"NIGHTFERRY_PG_{}\" }}", key.to_uppercase())))
        .into();
    source.push(("database", "\"postgres\"".into()));
    for (key, value) in keys {
        source.retain(|(known, _)| known != key);
        source.push((key, (*value).to_owned()));
    }
    let source: Vec<String> = source.iter().map(|(key, value)| format!("{key} = {value}")).collect();
    let postgres = format!("postgres = {{ {} }}", source.join(", "));
    ferry.edit(ENVIRONMENT, "files = { url = \"in\" }", &postgres);
    let dataset = |name: &str| {
        format!(
            "[dataset.{name}]\nfrom = \"app\"\ntable = \"{schema}.{name}\"\nschema = \"thing\"\nto = [\"warehouse\"]\nwrite = \"replace\"\n\n"
        )
    };
    let job = format!(
        "name = \"things\"\ndescription = \"Things.\"\nowner = \"Tests\"\n\n{}{}",
        dataset("here"),
        dataset("there")
    );
    ferry.write(JOB, job.as_bytes());
    // Little may wait anywhere, so that the sessions are in the middle of a part for as long as the run goes on.
    let limits = "memory_max = \"32MiB\"\nbatch_rows_max = 500\nrow_group_rows_max = 1000";
    let environment = format!("{}\n[limits]\n{limits}\n", ferry.read(ENVIRONMENT));
    ferry.write(ENVIRONMENT, environment.as_bytes());
    ferry
}

/// A run under way.
pub struct Running(Child);

impl Running {
    pub fn of(ferry: &Ferry) -> Self {
        let mut command = ferry.command(&["run", JOB, "--json"]);
        Running(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts"))
    }

    /// Waits until `sql` gives `true`, while the run goes on.
    pub async fn until(&mut self, bench: &mut Bench, sql: &str) {
        while bench.printed(sql).await != [Some("true".into())] {
            if self.is_over() {
                let output = self.0.stderr.take().map(std::io::read_to_string);
                panic!("the run was over before: {sql}\n{output:?}");
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until `sql` gives `true`, and stops the process there: it is in the middle until [`Running::go_on`], however slow the
    /// machine is.
    pub async fn hold_when(&mut self, bench: &mut Bench, sql: &str) {
        loop {
            self.until(bench, sql).await;
            self.signal("-STOP");
            if bench.printed(sql).await == [Some("true".into())] {
                return;
            }
            self.go_on();
        }
    }

    pub fn go_on(&self) {
        self.signal("-CONT");
    }

    /// Ends it without a word.
    pub fn kill(&self) {
        self.signal("-KILL");
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.0.id().to_string()]).status().expect("sent");
        assert!(sent.success(), "{signal}");
    }

    pub fn is_over(&mut self) -> bool {
        self.0.try_wait().expect("asked").is_some()
    }

    pub fn came(self) -> Came {
        Came::of(&self.0.wait_with_output().expect("it ends"))
    }
}

/// Whether `nightferry` reads a table of `schema` by COPY just now.
pub fn reads(schema: &str) -> String {
    format!("SELECT (count(*) > 0)::text FROM pg_stat_activity WHERE {}", reading(schema))
}

/// The sessions that do.
pub fn reading(schema: &str) -> String {
    format!("application_name = 'nightferry' AND state = 'active' AND query LIKE '%COPY%\"{schema}\"%'")
}

/// All of one snapshot was published, once: every row of both tables, their sum, and no part of another attempt; and the five things
/// of `five`.
pub fn assert_published(ferry: &Ferry, came: &Came) {
    assert_eq!(came.code, 0, "{}{}", came.out, came.err);
    let report: Value = serde_json::from_str(&came.out).expect("a report");
    assert_eq!(report["outcome"], "published", "{report}");
    assert_eq!(shown(ferry), whole(ROWS), "the two tables are of two moments, or not whole");
    let run = format!("run={}/", report["run"].as_str().expect("a run"));
    for table in ["here", "there"] {
        for file in ferry.files(&format!("out/warehouse/{table}")) {
            assert!(file.starts_with("_delta_log/") || file.starts_with(&run), "{file} is of another run than {run}");
        }
    }
    let snapshots: Vec<&Value> =
        ["here", "there"].iter().zip(0..).map(|(_, at)| &report["datasets"][at]["source"]["snapshot"]).collect();
    assert_eq!(snapshots[0], snapshots[1]);
    five(ferry, came, "", ROWS);
}

/// Nothing was published, and it ended with this message; the next run publishes all `rows` of both tables.
pub fn assert_nothing(ferry: &Ferry, came: &Came, ending: &str, rows: u32) {
    assert_eq!(shown(ferry), NOTHING, "{ending}: {}", came.err);
    five(ferry, came, ending, rows);
}

/// The five things of a job's first night, which something befell.
pub fn five(ferry: &Ferry, came: &Came, ending: &str, rows_of_each: u32) {
    let befallen = Befallen {
        ferry,
        before: NOTHING.to_owned(),
        after: whole(rows_of_each),
        rows_of_runs: 2,
        shown: &|| vec![shown(ferry)],
        runs: &|| vec![rows(&ferry.path("out/warehouse").to_string_lossy(), None, "nightferry_runs")],
        run: &|arguments| ferry.run(arguments),
        again: &["run", JOB, "--json"],
        tables: &["here", "there"],
    };
    befallen.five(came, &[ending], || {});
}

/// What readers see before the first night.
pub const NOTHING: &str = "nothing";

/// What they see after it: the same sum, wherever the money is.
fn whole(rows: u32) -> String {
    format!("{rows} {rows} {rows} {rows} {}", u64::from(rows) * 2000)
}

/// What readers see.
pub fn shown(ferry: &Ferry) -> String {
    let tables = ["here", "there"].map(|table| format!("out/warehouse/{table}"));
    let published = tables.iter().filter(|table| ferry.is_published(table)).count();
    match published {
        0 => NOTHING.to_owned(),
        2 => {
            let roots = tables.map(|table| ferry.path(&table).to_string_lossy().into_owned());
            python(&["-c", FOUND, &roots[0], &roots[1]]).trim().to_owned()
        }
        _ => "half".to_owned(),
    }
}
